#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the libraries export is what the maps say, symbol by symbol and with the
# version node; what the private node exports is used by another library of ours;
# and whatever else an object defines is hidden and carries one of our prefixes.
set -euo pipefail

builddir=${top_builddir:-.}
srcdir=${top_srcdir:-.}
readelf=${READELF:-readelf}

skip() { echo "skipped: $*"; exit 77; }

command -v "$readelf" >/dev/null || skip "no readelf"
[ "${VERSION_SCRIPT:-yes}" = yes ] || skip "this linker has no version scripts"
[ -e "$builddir/.libs/libwd.so" ] || skip "no shared library was built"

work=$(mktemp -d "$builddir/exports.XXXXXX")
trap 'rm -rf "$work"' EXIT

# "NODE symbol-or-pattern" for each global entry of a map.
read_map() {
	sed -e 's,/\*[^*]*\*/,,g' -e 's,#.*,,' "$1" | tr -s '[:space:]' '\n' |
		sed -e 's/;/\n/g' -e 's/{/\n{\n/g' -e 's/}/\n}\n/g' -e 's/:/:\n/g' | awk '
		/^$/ { next }
		$1 == "{" { node = last; global = 1; next }
		$1 == "}" { node = ""; next }
		$1 == "global:" { global = 1; next }
		$1 == "local:" { global = 0; next }
		{ last = $1; if (node != "" && global) print node, $1 }'
}

# "NODE symbol" for each symbol that a library defines and shows.
read_exports() {
	"$readelf" --dyn-syms -W "$1" | awk '
		$5 ~ /GLOBAL|WEAK/ && $7 != "UND" && $7 != "ABS" {
			n = split($8, part, /@+/)
			print (n > 1 ? part[2] : "-"), part[1]
		}'
}

# Symbols that a library wants from others.
read_wants() {
	"$readelf" --dyn-syms -W "$1" | awk '$7 == "UND" && $8 != "" { sub(/@.*/, "", $8); print $8 }'
}

bad=0
complain() { echo "$*"; bad=1; }

for lib in libwd libwd_comp libwd_crypto; do
	read_map "$srcdir/runtime/$lib.map" >"$work/$lib.map"
	read_exports "$builddir/.libs/$lib.so" >"$work/$lib.exports"
	read_wants "$builddir/.libs/$lib.so" >"$work/$lib.wants"
	[ -s "$work/$lib.map" ] || complain "runtime/$lib.map: nothing in it could be read"

	awk -v lib="$lib" '
		function as_regex(glob) {
			gsub(/\./, "\\.", glob)
			gsub(/\*/, ".*", glob)
			return "^" glob "$"
		}
		NR == FNR { entry[$0] = 0; next }
		{
			found = ""
			for (e in entry) {
				split(e, part, " ")
				if (part[1] == $1 && $2 ~ as_regex(part[2])) {
					entry[e]++
					found = e
				}
			}
			if (found == "") {
				print lib ".so exports " $2 "@" $1 ", which is not in the map"
				bad = 1
			}
		}
		END {
			for (e in entry) {
				if (!entry[e]) {
					split(e, part, " ")
					print lib ".map names " part[2] " under " part[1] ", which nothing defines"
					bad = 1
				}
			}
			exit bad
		}' "$work/$lib.map" "$work/$lib.exports" || bad=1
done

# What the zlib front end exports is zlib's (test/front/zlib_exports.sh).
[ ! -e "$builddir/.libs/libweft_z.so.1" ] ||
	read_exports "$builddir/.libs/libweft_z.so.1" >"$work/libweft_z.exports"

# A provider has one function for OpenSSL to find, an engine two.
while read -r module names; do
	module=$builddir/runtime/openssl/$module
	[ -e "$module" ] || continue
	"$readelf" -sW --dyn-syms "$module" | awk '$5 == "GLOBAL" && $7 ~ /^[0-9]+$/ &&
		$6 == "DEFAULT" { print "OpenSSL", $8 }' | sort -u >"$work/module"
	[ "$(cut -d' ' -f2 "$work/module" | xargs)" = "$names" ] ||
		complain "$module exports $(cut -d' ' -f2 "$work/module" | xargs)"
	cat "$work/module" >>"$work/weft.exports"
done <<-MODULES
	.libs/weft.so OSSL_provider_init
	engine/.libs/weft.so bind_engine v_check
MODULES

# The private node is for our own libraries: nothing stands there unused.
while read -r node symbol; do
	case $node in
	WEFT_PRIVATE_*)
		cat "$work"/libwd_*.wants | grep -xF "$symbol" >/dev/null ||
			complain "libwd.so exports $symbol in $node, and no library of ours uses it"
		;;
	esac
done <"$work/libwd.exports"

cut -d' ' -f2 "$work"/*.exports | sort -u >"$work/shown"
find "$builddir" \( -path "$builddir/test" -o -path "$builddir/tools" -o \
	-path "$builddir/fuzz-build" \) -prune -o -path '*/.libs/*.o' -print | while read -r object; do
	"$readelf" -sW "$object" | awk -v object="${object#"$builddir"/}" '
		$5 ~ /GLOBAL|WEAK/ && $7 ~ /^[0-9]+$/ && $8 !~ /^__/ { print object, $6, $8 }'
done >"$work/defined"
[ -s "$work/defined" ] || complain "no object of the libraries found"

# Headers that our libraries share declare with default visibility; which of
# those names leave libwd is the private node's business.
grep -l 'visibility push(default)' "$srcdir"/runtime/*/*.h | xargs -r grep -ohw 'wdi_[a-z0-9_]*' |
	sort -u >"$work/shared" || true

awk '
	FILENAME == ARGV[1] { shown[$1] = 1; next }
	FILENAME == ARGV[2] { shared[$1] = 1; next }
	$3 !~ /^(wd|weft|wdi|sdev|codec|sym)_/ && !($3 in shown) {
		print $1 ": " $3 " has none of our prefixes"
		bad = 1
	}
	$2 == "DEFAULT" && !($3 in shown) && !($3 in shared) {
		print $1 ": " $3 " is not hidden"
		bad = 1
	}
	END { exit bad }' "$work/shown" "$work/shared" "$work/defined" || bad=1

echo "$(wc -l <"$work/shown") exported symbols, $(wc -l <"$work/defined") defined in all"
exit $bad
