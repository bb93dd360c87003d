#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/sva.md names a test for each rule: every row of its tables names one, and
# every test that it names is there. A name without a program (`:case`) belongs to
# the last program before it.
set -euo pipefail

top=${top_srcdir:-.}
page=$top/docs/sva.md
bad=0
count=0

wrong() { echo "docs/sva.md: $*"; bad=1; }

# has_test PROGRAM [CASE]
has_test() {
	local file
	case $1 in */*) file=$top/$1.c ;; *) file=$(ls "$top"/test/*/"$1".c 2>/dev/null) ;; esac
	[ -e "$file" ] || { wrong "there is no $1"; return; }
	[ -z "${2:-}" ] || grep -q "^START_TEST($2)" "$file" || wrong "$1 has no case $2"
	count=$((count + 1))
}

while IFS= read -r row; do
	tests=${row%|*}
	tests=${tests##*|}
	program=
	found=0
	# shellcheck disable=SC2016 # these are backquotes of the page
	while IFS= read -r name; do
		case $name in
		:*) ;;
		*_test* | test/*) program=${name%%:*} ;;
		*) continue ;;
		esac
		[ -n "$program" ] || { wrong "$name has no program: $row"; continue; }
		case $name in *:*) has_test "$program" "${name#*:}" ;; *) has_test "$program" ;; esac
		found=1
	done < <(grep -o '`[^`]*`' <<<"$tests" | tr -d '`')
	# A test may be said in words too: "every test without a mode".
	[ $found = 1 ] || [[ $tests == *test* ]] || wrong "no test: $row"
done < <(grep '^|' "$page" | grep -vE '^\|( rule |-+)')

echo "$count tests named in the tables are there"
[ $count -gt 0 ] || wrong "no tests found"
exit $bad
