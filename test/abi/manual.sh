#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The manual keeps up with the code: every exported function is in the page of
# its library, every sub-command in weft(1), every environment variable in
# weft(7), and the pages have no formatting errors.
set -euo pipefail

man=${top_srcdir:-.}/docs/man
maps=${top_srcdir:-.}/runtime
weft=${WEFT:-${top_builddir:-.}/weft}
bad=0
count=0

# in_page PAGE NAME...: each name is a word of the page
in_page() {
	local page=$1 name
	shift
	[ $# -gt 0 ] || { echo "nothing found that docs/man/$page should say"; bad=1; }
	for name; do
		count=$((count + 1))
		grep -qw -- "$name" "$man/$page" || { echo "docs/man/$page does not say $name"; bad=1; }
	done
}

public_names() {
	sed '/^WEFT_PRIVATE/,/^}/d' "$1" | sed -nE 's/^[ \t]+([a-z0-9_]+);$/\1/p'
}

# shellcheck disable=SC2046 # one word a name
{
	in_page libwd.3 $(public_names "$maps/libwd.map")
	in_page libwd_comp.3 $(public_names "$maps/libwd_comp.map")
	in_page libwd_crypto.3 $(public_names "$maps/libwd_crypto.map")
	in_page weft.1 $("$weft" help | sed -nE 's/^  ([a-z]+) .*/\1/p')
	in_page weft.7 $("$weft" help env | sed -nE 's/^  (W[A-Z_]+) .*/\1/p')
}

if command -v groff >/dev/null; then
	for page in "$man"/*.[1-9]; do
		errors=$(groff -man -ww -z "$page" 2>&1)
		[ -z "$errors" ] || { echo "$errors"; bad=1; }
	done
fi

echo "$count names looked for"
exit $bad
