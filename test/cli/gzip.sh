#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft gzip on good input: there and back, with gzip itself where there is one,
# names, attributes, filters, several members, large and small.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_data text 3000000
head -c 300000 /dev/urandom >noise
head -c 2097152 text >two-blocks
head -c 2097153 text >two-blocks-and-one
printf x >one
: >nothing
head -c 5000000 /dev/zero >zeros

# ---- there and back, at every level, with and without gzip ----

for file in text noise two-blocks two-blocks-and-one one nothing zeros; do
	for level in 1 6 9; do
		run 0 gzip -k -$level $file
		silent
		present $file
		if have gunzip; then
			check "gunzip -t refuses $file.gz of level $level" gunzip -t $file.gz
			gunzip -c $file.gz >back
			same $file back
		fi
		run 0 gzip -t $file.gz
		mv $file.gz copy.gz
		run 0 gzip -d copy.gz
		same $file copy
		rm -f copy
	done
done
for level in 2 3 4 5 7 8 ; do
	"$WEFT" gzip -$level <text | "$WEFT" gzip -d >back
	same text back
done
"$WEFT" gzip --fast <text >fast.gz
"$WEFT" gzip --best <text >best.gz
check "--best is not smaller than --fast" test "$(wc -c <best.gz)" -lt "$(wc -c <fast.gz)"

# ---- what gzip writes ----

if have gzip; then
	for level in 1 5 9; do
		for file in text noise one nothing; do
			gzip -$level -c $file >g.gz
			run 0 gzip -dc g.gz
			same $file "$seen"
		done
	done
	gzip -c --name text >named.gz
	run 0 gzip -dc named.gz
	same text "$seen"
fi

# ---- several members, padding, garbage ----

"$WEFT" gzip -c one text nothing noise >many.gz
cat one text nothing noise >many
run 0 gzip -dc many.gz
same many "$seen"
if have gzip; then check "gzip refuses many.gz" gzip -t many.gz; fi

cp fast.gz padded.gz
head -c 1000 /dev/zero >>padded.gz
run 0 gzip -t padded.gz
silent
run 0 gzip -tv padded.gz
check "-v does not mention the zeros" grep -q 'trailing zeros' "$seen.err"

cp fast.gz tail.gz
echo garbage >>tail.gz
run 2 gzip -dc tail.gz
says "weft gzip: tail.gz: " "trailing garbage"
same text "$seen"
run 2 gzip -d -q tail.gz
silent
same text tail
(cat fast.gz; head -c 10 /dev/zero; echo x) >tail.gz
run 2 gzip -t tail.gz
rm -f tail

# Members and their headers lie across the reader's buffers.
"$WEFT" gzip -1 <noise >piece.gz
for _ in 1 2 3 4 5 6 7; do cat piece.gz; done >pieces.gz
for _ in 1 2 3 4 5 6 7; do cat noise; done >pieces
run 0 gzip -dc pieces.gz
same pieces "$seen"

# ---- names ----

for pair in a.gz:a b.tgz:b.tar c-gz:c d.z:d; do
	cp fast.gz "${pair%:*}"
	run 0 gzip -d "${pair%:*}"
	absent "${pair%:*}"
	same text "${pair#*:}"
	rm -f "${pair#*:}"
done
cp fast.gz short.gz
run 0 gzip -d short		# finds short.gz, as gzip does
same text short
absent short.gz
mkdir sub
cp text sub/text
run 0 gzip sub/text
present sub/text.gz
absent sub/text
cp text ./-dash
run 0 gzip -- -dash
present ./-dash.gz
cp text 'with space'
run 0 gzip -v 'with space'
says 'with space: ' ' -- replaced with with space.gz'
rm -f -- ./-dash.gz 'with space.gz'

# ---- attributes ----

cp text attr
chmod 640 attr
touch -d '2001-02-03 04:05:06.123456789' attr
was=$(stat -c '%a %u %g %.9Y' attr)
run 0 gzip attr
check "attributes of the compressed file" test "$(stat -c '%a %u %g %.9Y' attr.gz)" = "$was"
run 0 gzip -d attr.gz
check "attributes of the restored file" test "$(stat -c '%a %u %g %.9Y' attr)" = "$was"
if [ "$(id -u)" = 0 ] && chown 12345:54321 attr 2>/dev/null; then
	run 0 gzip attr
	check "owner" test "$(stat -c '%u %g' attr.gz)" = "12345 54321"
	rm -f attr.gz
fi

# ---- filters, -k, -c, -f, -v, -q, -n ----

"$WEFT" gzip - <text | "$WEFT" gzip -d - >back
same text back
cat text text | "$WEFT" gzip | "$WEFT" gzip -dc >back
cat text text >twice
same twice back
# A slow writer: the blocks do not arrive whole.
{ head -c 1500000 text; tail -c +1500001 text; } | "$WEFT" gzip -c >slow.gz
"$WEFT" gzip -dc slow.gz >back
same text back
cp text k
run 0 gzip -k k
present k
run 0 gzip -c k
"$WEFT" gzip -d <"$seen" >back
same text back
run 0 gzip -f k
absent k
cp text k
run 0 gzip -dkf k.gz
present k.gz
same text k
run 0 gzip -v -c k
says 'k: ' '%'
run 0 gzip -tv k.gz
says 'k.gz: OK'
run 0 gzip -n -6 -c k
run 0 gzip -dcf k			# not gzip: goes through as it is
same k "$seen"
run 0 gzip k.gz				# nothing to do
says 'k.gz: already has the suffix .gz'
run 0 gzip -q k.gz
silent
run 0 gzip -f k.gz
present k.gz.gz

# ---- more than fits into 32 bits, in bounded memory: a file that is one hole ----

if [ -n "${WEFT_TEST_LARGE:-}" ]; then
	truncate -s 4300M hole
	"$WEFT" gzip -1 -c hole | "$WEFT" gzip -dc | cmp - hole || bad "4300 MiB"
	rm -f hole
fi

# ---- progress: only on a terminal, and only after a while ----

if have_terminal && have mkfifo; then
	mkfifo pipe
	"$WEFT" gzip -1 -c text text text >in.gz
	# The line is due once half a second has passed, whoever is slow: the writer is.
	cat >job.sh <<-'END'
		{ cat text; sleep 0.7; cat text text; sleep 0.2; cat text text; } >pipe &
		"$WEFT" gzip -c <pipe >progress.gz
		wait
	END
	WEFT=$WEFT script -qec "bash job.sh" typescript >/dev/null 2>&1 </dev/null
	check "no progress on a terminal" grep -q 'MB/s' typescript
	check "progress is in the output" "$WEFT" gzip -t progress.gz
	sed -i 's/gzip -c/gzip -q -c/' job.sh
	WEFT=$WEFT script -qec "bash job.sh" typescript >/dev/null 2>&1 </dev/null
	check "progress in spite of -q" test -z "$(grep 'MB/s' typescript)"
	{ cat text; sleep 0.7; cat text text text text; } | "$WEFT" gzip -c >p.gz 2>err
	check "progress without a terminal" test ! -s err
fi

tidy
finish
