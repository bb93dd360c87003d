#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft selftest, on each library that the device may use, with and without engine
# threads, and with each guard.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# passes VARIABLE=VALUE...
passes() {
	local got=0
	env "$@" "$WEFT" selftest >"$seen" 2>"$seen.err" || got=$?
	check "$*: exit status $got: $(grep -v '^ok' "$seen" | head -n 3)" test $got = 0
	check "$*: $(tail -n 1 "$seen")" grep -Eq '^[1-9][0-9]* passed, 0 failed$' "$seen"
	check "$*: a line is neither ok nor the sum" \
		test -z "$(grep -Ev '^(ok {6}|[0-9]+ passed)' "$seen")"
	silent
}

passes WEFT_ENGINE_THREADS=auto
passes WEFT_ENGINE_THREADS=0
passes WEFT_ENGINE_THREADS=1 WEFT_INLINE=off
passes WEFT_GUARD=copy
for codec in zlib isa-l libdeflate; do
	passes WEFT_CODECS=$codec
done
passes WEFT_CRYPTO_ENGINES=openssl

if [ -n "${HAVE_JSON_C-unknown}" ]; then
	run 0 selftest --json
	if have python3; then
		check "not JSON" python3 -c '
import json, sys
checks = json.load(open(sys.argv[1]))["checks"]
assert len(checks) > 50 and all(c["result"] == "ok" for c in checks)
' "$seen"
	fi
fi
finish
