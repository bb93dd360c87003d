# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of real programs have in common; they source it. Each program does
# its work without us and under "weft run", with everything sent through the device
# and with what the front end decides for itself, and must come to the same results.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

[ -z "${SANITIZE:-}" ] || skip "a library with a sanitizer cannot be preloaded"
[ -n "${WEFT_ZLIB_LIBRARY:-}" ] || [ -e "$(dirname "$WEFT")/.libs/libweft_z.so.1" ] ||
	skip "no zlib front end in this build"

report=$work.report
log=$work.log
background=
trap '[ -z "$background" ] || kill $background 2>/dev/null; chmod -R u+rwx "$work"
	rm -rf "$work" "$seen" "$seen.err" "$report" "$log" "$work.cache"' EXIT

# need COMMAND...: the test makes no sense without
need() {
	local one
	for one; do
		have "$one" || skip "$one is not installed"
	done
}

# The values of WEFT_ZLIB_MIN that a program is run with: all to the device, and the default.
ways='0 131072'

# under COMMAND...: it, with the front end; the report goes to $report
under() {
	WEFT_ZLIB_MIN=${min-0} "$WEFT" run --zlib-only -q -o "$report" -- "$@"
}

# plainly COMMAND...: whatever it prints only matters when it fails
plainly() {
	"$@" >"$log" 2>&1 || { bad "$*: $(tail -n 20 "$log")"; return 1; }
	good
}

# served PROGRAM: the last run under us has a record of it
served() {
	check "$1 has not called the front end: $(head -n 20 "$report")" \
		grep -Eq "^[0-9]+ +$1" "$report"
}

# make_tree FOLDER: text, records, noise, nothing, one byte
make_tree() {
	mkdir -p "$1/deep/er"
	make_data "$1/text" 400000
	make_data "$1/deep/small" 700
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%c%c%c%c", i % 251, 7, i % 3, i / 256 }' \
		>"$1/deep/records"
	head -c 150000 "$1/text" | sed 's/the/The/g' >"$1/deep/er/like"
	openssl rand 60000 >"$1/noise" 2>/dev/null || head -c 60000 /dev/urandom >"$1/noise"
	head -c 300000 /dev/zero >"$1/zeros"
	: >"$1/empty"
	printf x >"$1/one"
}
