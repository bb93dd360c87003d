#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Both builds of the zlib front end export what the system's zlib exports, each
# name under the same version node, and beyond that only names of later zlibs;
# they need no library but libc.
set -euo pipefail

builddir=${top_builddir:-.}
readelf=${READELF:-readelf}
skip() { echo "skipped: $*"; exit 77; }

command -v "$readelf" >/dev/null || skip "no readelf"
preload=$builddir/.libs/libweft_z.so.1
placed=$builddir/runtime/zlib/.libs/libz.so.1
[ -e "$preload" ] || skip "the zlib front end was not built as a shared library"

work=$(mktemp -d "$builddir/zlib_exports.XXXXXX")
trap 'rm -rf "$work"' EXIT

exports() {
	"$readelf" --dyn-syms -W "$1" | awk '
		$5 ~ /GLOBAL|WEAK/ && $7 != "UND" && $7 != "ABS" { print $8 }' | sort -u
}

bad=0
complain() { echo "$*"; bad=1; }

exports "$preload" >"$work/preload"
exports "$placed" >"$work/placed"
cmp -s "$work/preload" "$work/placed" || complain "the two builds export different names"

# A list of our own, so that the test does not depend on the zlib found here.
cat >"$work/later" <<'LIST'
compress2_z@@ZLIB_1.3.2
compressBound_z@@ZLIB_1.3.2
compress_z@@ZLIB_1.3.2
deflateBound_z@@ZLIB_1.3.2
deflateUsed@@ZLIB_1.3.1.2
uncompress2_z@@ZLIB_1.3.2
uncompress_z@@ZLIB_1.3.2
LIST
while read -r name; do
	grep -qxF "$name" "$work/preload" || complain "$name is not exported"
done <"$work/later"
[ "$(wc -l <"$work/preload")" -eq 95 ] ||
	complain "$(wc -l <"$work/preload") names are exported, zlib 1.3.2 has 95"

system=$(ldconfig -p 2>/dev/null | awk '$1 == "libz.so.1" && !found++ { print $NF }')
if [ -n "$system" ] && [ -e "$system" ]; then
	exports "$system" >"$work/system"
	comm -13 "$work/preload" "$work/system" | grep . && complain "the system's zlib has more"
	comm -23 "$work/preload" "$work/system" | comm -23 - "$work/later" | grep . &&
		complain "the system's zlib has not got these, and no later zlib has"
fi

for lib in "$preload" "$placed"; do
	"$readelf" -d "$lib" | grep NEEDED | grep -v -e 'libc\.so' -e 'ld-linux' -e 'lib[a-z]*san' \
		-e 'libdl\.' -e 'libpthread\.' && complain "$lib needs more than libc"
done
"$readelf" -d "$placed" | grep 'SONAME.*\[libz\.so\.1\]' >/dev/null || complain "libz.so.1 has another soname"
"$readelf" -d "$preload" | grep 'SONAME.*\[libz\.so' >/dev/null && complain "the preload build is called libz"

exit $bad
