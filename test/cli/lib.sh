# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of the command have in common; they source it. A check that
# fails is said and counted, the test goes on, and finish() makes the exit status
# of it. Each test has a folder of its own to work in.

: "${WEFT:=./weft}"
WEFT=$(cd "$(dirname "$WEFT")" && pwd)/$(basename "$WEFT")
[ -x "$WEFT" ] || { echo "skipped: $WEFT is not there"; exit 77; }

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-cli.XXXXXX")
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1
# The last run's output; outside the folder that the tests look at.
seen=$work.out
trap 'chmod -R u+rwx "$work"; rm -rf "$work" "$seen" "$seen.err" "$work.cache"' EXIT
# What "weft run" keeps.
export XDG_CACHE_HOME=$work.cache
mkdir "$XDG_CACHE_HOME"

checks=0
failures=0

skip() { echo "skipped: $*"; exit 77; }
have() { command -v "$1" >/dev/null; }
# A sandbox may have no pseudo terminals.
have_terminal() { have script && script -qec true /dev/null </dev/null >/dev/null 2>&1; }

good() { checks=$((checks + 1)); }

bad() {
	checks=$((checks + 1))
	failures=$((failures + 1))
	echo "FAILED: $*"
}

# check WHAT COMMAND...: the command must succeed
check() {
	local what=$1
	shift
	if "$@"; then good; else bad "$what"; fi
}

# run STATUS ARGUMENT...: weft with these must exit with this; output in $seen and $seen.err
run() {
	local want=$1 got=0
	shift
	"$WEFT" "$@" >"$seen" 2>"$seen.err" || got=$?
	if [ $got = "$want" ]; then
		good
	else
		bad "weft $*: exit status $got instead of $want: $(head -n 3 "$seen.err")"
	fi
}

# says TEXT...: the last run wrote exactly one line to stderr, and it holds each TEXT
says() {
	local text
	if [ "$(wc -l <"$seen.err")" != 1 ]; then
		bad "not one line on stderr but: $(cat "$seen.err")"
		return
	fi
	for text; do
		if grep -qF -- "$text" "$seen.err"; then
			good
		else
			bad "stderr does not say '$text' but: $(cat "$seen.err")"
		fi
	done
}

silent() { check "stderr is not empty: $(cat "$seen.err")" test ! -s "$seen.err"; }

same() { check "$1 and $2 differ" cmp "$1" "$2"; }
absent() { check "$1 is there" test ! -e "$1"; }
present() { check "$1 is not there" test -e "$1"; }

# No temporary file of the command was left in the folder
tidy() {
	local left
	left=$(find . -name '.weft-*')
	check "left behind: $left" test -z "$left"
}

# make_data FILE BYTES: something that compresses like text, the same every time
make_data() {
	awk -v n="$2" 'BEGIN {
		srand(42)
		split("the queue of a device and its context warp weft shuttle page fault", w, " ")
		for (len = 0; len < n; len += length(s) + 1) {
			s = w[int(rand() * 12) + 1] (rand() < 0.1 ? int(rand() * 100000) : "")
			printf "%s%s", s, rand() < 0.1 ? "\n" : " "
		}
	}' | head -c "$2" >"$1"
}

finish() {
	echo "$checks checks, $failures failed"
	[ "$failures" = 0 ] || exit 1
	exit 0
}
