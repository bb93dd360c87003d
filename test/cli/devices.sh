#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft devices and help env: what they show, as text and as JSON.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run 0 devices
silent
check "no software device" grep -q 'weft_sdev-0' "$seen"
check "no headings" grep -q '^DEVICE  *BUS ' "$seen"
for alg in deflate zlib gzip; do
	check "$alg is not among the algorithms" grep -q "algorithms: .*$alg" "$seen"
done
# Columns line up: BUS stands where "embedded" begins.
check "columns do not line up" awk '
	NR == 1 { at = index($0, "BUS") }
	/^weft_sdev-0/ { exit index($0, "embedded") != at }' "$seen"

WEFT_ENGINE_THREADS=3 run 0 devices
check "engine threads" grep -Eq '^weft_sdev-0 .* 3 ' "$seen"

if [ -n "${HAVE_JSON_C-unknown}" ]; then
	run 0 devices --json
	if have python3; then
		check "not JSON" python3 -c '
import json, sys
devices = json.load(open(sys.argv[1]))["devices"]
one = [d for d in devices if d["name"] == "weft_sdev-0"][0]
assert one["bus"] == "embedded" and one["state"] == "running"
assert set(one["algorithms"]) >= {"deflate", "zlib", "gzip"}
assert 0 < one["contexts_free"] <= one["contexts"]
' "$seen"
	fi
else
	run 2 devices --json
	says "weft: built without json-c; --json is not available"
fi

# Every option that the help lists has a default that the library takes.
run 0 help env
check "no options" grep -q '^  WEFT_' "$seen"
finish
