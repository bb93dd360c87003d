#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft sum: the lines of sha256sum and its like, byte by byte where they are installed,
# in both directions, over many files and odd names; what goes wrong.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir many
for i in $(seq 300); do
	head -c $((i * i)) /dev/urandom >many/$i
done
make_data many/text 3000000
head -c 262144 many/text >many/one-piece
head -c 262145 many/text >many/one-piece-and-one
head -c 524288 many/text >many/two-pieces
: >many/nothing
printf abc >abc
printf x >'back\slash'
printf x >$'new\nline'
printf x >' leading blank'

# ---- as the others write it ----

known=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
run 0 sum abc
check "SHA-256 of abc is not what FIPS 180 says" grep -qx "$known  abc" "$seen"
silent
run 0 sum -a sm3 abc
check "SM3 of abc is not what GB/T 32905 says" grep -qx \
	"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0  abc" "$seen"
run 0 sum <abc
check "standard input" grep -qx "$known  -" "$seen"
run 0 sum - <abc
check "-" grep -qx "$known  -" "$seen"
for alg in md5 sha1 sha224 sha256 sha384 sha512; do
	have ${alg}sum || continue
	for options in "" -b --tag -z; do
		# BSD lines of b2sum apart, each tool knows one algorithm.
		# shellcheck disable=SC2086 # no option is no word
		${alg}sum $options many/* abc 'back\slash' $'new\nline' ' leading blank' >theirs
		# shellcheck disable=SC2086
		run 0 sum -a $alg $options many/* abc 'back\slash' $'new\nline' ' leading blank'
		same "$seen" theirs
		silent
		[ "$options" = -z ] && continue
		run 0 sum -a $alg -c theirs
		check "not every file is OK" test "$(grep -c ': OK$' "$seen")" = 309
		"$WEFT" sum -a $alg $options many/* 'back\slash' $'new\nline' >ours
		check "${alg}sum -c refuses what weft sum $options wrote" ${alg}sum --quiet -c ours
	done
done
# However the work is done.
"$WEFT" sum many/* >want
for threads in 0 1 3; do
	WEFT_ENGINE_THREADS=$threads run 0 sum many/*
	same "$seen" want
done
WEFT_ENGINE_THREADS=0 WEFT_CRYPTO_ENGINES=openssl run 0 sum many/*
same "$seen" want
WEFT_ENGINE_THREADS=0 WEFT_QUEUE_DEPTH=4 run 0 sum many/*
same "$seen" want
mkdir many/below
cp abc many/below
run 0 sum -r many
sort "$seen" >got
sort want - <<<"$known  many/below/abc" | cmp - got || bad "-r does not find every file"
rm -r many/below
# shellcheck disable=SC2002 # a pipe gives less than it is asked for
cat many/text | "$WEFT" sum >got
check "a pipe" grep -qxF "$("$WEFT" sum <many/text)" got

# ---- checking ----

run 0 sum -c --quiet want
check "--quiet said something" test ! -s "$seen"
run 0 sum --status -c want
run 0 sum -c <want
cp want other
printf more >>many/17
run 1 sum -c want
check "many/17 is not told" grep -qx "many/17: FAILED" "$seen"
says "WARNING: 1 computed digest did NOT match"
run 1 sum --status -c want
check "--status said something" test ! -s "$seen"
silent
rm many/17
run 1 sum -c want
check "many/17 is not told" grep -qx "many/17: FAILED open or read" "$seen"
run 0 sum --ignore-missing -c want
silent
sed 's/^[0-9a-f]*/\U&/' want >upper
run 1 sum -c upper
check "capital digits" grep -qx "many/18: OK" "$seen"
{ echo "# a comment"; echo nonsense; grep many/18 want; } >partly
run 0 sum -c partly
says "1 line is no digest"
run 1 sum --strict -c partly
run 0 sum -w -c partly
check "-w names no line" grep -q "partly: 2: " "$seen.err"
echo nonsense >none
run 1 sum -c none
says "none: " "no digests found"
run 1 sum -c absent
says "absent: No such file"
grep 'many/17$' want >gone
run 1 sum --ignore-missing -c gone
says "no file was checked"

# ---- what goes wrong ----

run 1 sum abc absent
says "weft sum: absent: No such file"
check "the others are not done" grep -qx "$known  abc" "$seen"
run 1 sum many abc
says "weft sum: many: Is a directory"
run 2 sum -a nothing abc
says "no algorithm 'nothing'"
run 2 sum -c --tag want
run 2 sum --quiet abc
says "need -c"
run 2 sum --nonsense
if [ -w /dev/full ]; then
	status=0
	"$WEFT" sum abc >/dev/full 2>"$seen.err" || status=$?
	check "a full disk is no error" test $status = 1
fi

# ---- JSON ----

if [ -n "${HAVE_JSON_C:-}" ]; then
	run 0 sum --json abc
	check "no digest in JSON" grep -q "\"digest\": *\"$known\"" "$seen"
	run 1 sum --json abc absent
	run 1 sum -c --json want
	check "no failure in JSON" grep -q '"result": *"FAILED open or read"' "$seen"
	if have python3; then
		check "not JSON" python3 -c 'import json, sys; json.load(sys.stdin)' <"$seen"
	fi
fi

finish
