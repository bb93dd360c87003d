#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft bench: that it runs to the end and shows what it should; never how fast.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_data text 3000000
head -c 1000 /dev/urandom >noise
: >nothing

run 0 bench comp --quick text noise
silent
for file in text noise all; do
	for level in 1 6; do
		check "no good row for $file, level $level" \
			grep -Eq "^$file .* $level .* verified$" "$seen"
	done
done
run 1 bench comp --quick nothing text
says "weft bench: nothing: is empty"
check "one bad file spoils the others" grep -q '^text .* verified$' "$seen"

# As short as it gets; PASS or MISS says nothing here.
run 0 bench comp --budgets --quick --level 1 --seconds 0.01 text
silent
check "budgets" grep -Eq '^sync 64 KiB, level 1: .* >= +0\.95 +(PASS|MISS) ' "$seen"
check "idle" grep -Eq '^idle device: .* (PASS|MISS) ' "$seen"

if [ -n "${HAVE_JSON_C-unknown}" ]; then
	run 0 bench comp --quick --json text
	if have python3; then
		check "not JSON" python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))["quick"]
assert len(rows) == 2 and all(r["result"] == "verified" and r["ratio"] > 1 for r in rows)
' "$seen"
	fi
fi

run 0 bench fault --quick --seconds 0.01
silent
check "cold memory" grep -Eq '^cold, stall: .* <= +1\.20 +(PASS|MISS) ' "$seen"
check "guard" grep -Eq '^guard signal, warm, .* <= +1\.02 +(PASS|MISS) ' "$seen"
check "one page" grep -Eq '^a page, cold, ' "$seen"
run 2 bench fault text
says "weft bench: fault takes no files"
run 0 bench crypto --quick --seconds 0.02 --algorithm public
silent
for row in 'RSA-2048 sign' 'ECDSA P-256 verify' 'ECDH P-256' X25519; do
	check "no row for $row" grep -Eq "^$row +[0-9].* (PASS|MISS)$" "$seen"
done
# The libraries have to make the same of every job, or it would not end well.
run 0 bench crypto --quick --seconds 0.01 --algorithm 'cbc(aes),sha256,gcm(aes)' \
	--block 64,1K --depth 1,64
silent
for row in 'cbc\(aes\) +encrypt' 'cbc\(aes\) +decrypt' 'sha256 ' 'gcm\(aes\) +decrypt'; do
	for size in '64 +1 ' '64 +64 ' '1024 +1 ' '1024 +64 '; do
		check "no row for $row $size" grep -Eq "^$row +$size +[0-9]+ +[0-9]+ +[0-9]+ " "$seen"
	done
done
check "a row for depth 16" test "$(grep -Ec '^cbc.* 64 +16 ' "$seen")" = 0
check "budget" grep -Eq '^sync, 1 KiB and up: of EVP .* >= +0\.90 +(PASS|MISS) ' "$seen"
if [ -n "${HAVE_JSON_C-unknown}" ] && have python3; then
	run 0 bench crypto --quick --seconds 0.01 --algorithm 'sm3,authenc' --block 256 --depth 2 \
		--json
	check "not JSON" python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))["symmetric"]
assert {r["algorithm"] for r in rows} >= {"sm3", "authenc(hmac(sha256),cbc(aes))"}
assert all(r["bytes"] == 256 and r["depth"] == 2 and r["async_ns"] > 0 for r in rows)
' "$seen"
fi
run 2 bench crypto --algorithm rot13
says "weft bench: --algorithm 'rot13': there is none"
run 2 bench crypto --depth 65
run 2 bench crypto --block 100
says "weft bench: --block: crypto takes multiples of 16"
run 2 bench crypto text
says "weft bench: crypto takes no files"
# The front end beside zlib. A library with a sanitizer serves no less here.
if [ -e "$(dirname "$WEFT")/.libs/libweft_z.so.1" ]; then
	head -c 200000 text >short
	run 0 bench zlib --quick --seconds 0.01 --level 1 short
	silent
	for what in 'compress, one call' 'deflate, 16 KiB'; do
		check "no row: $what" grep -Eq "^short +1 +$what +[0-9]" "$seen"
		check "no mean: $what" grep -Eq "^geometric mean +1 +$what " "$seen"
	done
	check "budget" grep -Eq '^one call, level 1: .* >= +3\.000 +(PASS|MISS) ' "$seen"
	check "messages" grep -Eq '^100-byte messages, compress: .* (PASS|MISS) ' "$seen"
	check "memory" grep -Eq '^1000 idle deflate streams: .* <= .* (PASS|MISS) ' "$seen"
	run 1 bench zlib --quick --against /nonexistent short
	WEFT_ZLIB_LIBRARY=/nonexistent run 1 bench zlib --quick short
	says "weft bench: WEFT_ZLIB_LIBRARY=/nonexistent"
fi
tidy
finish
