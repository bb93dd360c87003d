#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft run: the program gets the front end, and everything else is as without us:
# exit status, signals, standard output, process. Programs that cannot be served are
# recognised by their file.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${CC:=cc}"
front=$(dirname "$WEFT")/.libs/libweft_z.so.1
if [ -n "${SANITIZE:-}" ] || [ ! -e "$front" ]; then
	# A library with a sanitizer cannot be preloaded into a program without: any other
	# library stands in for it.
	front=$(ldconfig -p 2>/dev/null | sed -n 's/.*libz\.so\.1 .*=> //p' | head -n 1)
	[ -n "$front" ] || skip "no library to preload"
	export WEFT_ZLIB_LIBRARY=$front
	stand_in=1
fi

# ---- the command line ----

run 125 run
says "weft run: no program"
run 125 run --nonsense true
says "unknown option '--nonsense'"
run 125 run --report
# What the provider does is tested in test/front/ossl_run.sh.
if "$WEFT" run --openssl-only true 2>"$seen.err"; then
	run 0 run --openssl-only sh -c 'echo $LD_PRELOAD'
	check "preloaded: $(cat "$seen")" test -z "$(cat "$seen")"
	WEFT_OPENSSL_MODULE=/nonexistent run 125 run true
	says "WEFT_OPENSSL_MODULE=/nonexistent: No such file or directory"
else
	says "weft run: --openssl-only: this build has no OpenSSL front end"
fi
run 0 run --zlib-only sh -c 'echo $OPENSSL_CONF'
check "OPENSSL_CONF is set: $(cat "$seen")" test "$(cat "$seen")" = "${OPENSSL_CONF:-}"
run 125 run --zlib-only --openssl-only true
says "exclude each other"
run 0 run --help
check "help does not explain --report" grep -q -- '--report' "$seen"
run 127 run nosuch
says "weft run: nosuch: No such file or directory"
run 127 run ./nosuch
run 127 run --report ./nosuch
says "weft run: ./nosuch: No such file or directory"
echo text >text
run 126 run ./text
says "weft run: ./text: Permission denied"
WEFT_ZLIB_LIBRARY=/nonexistent run 125 run true
says "WEFT_ZLIB_LIBRARY=/nonexistent: No such file or directory"
mkdir 'a folder'
cp "$front" 'a folder/libweft_z.so.1'
WEFT_ZLIB_LIBRARY='a folder/libweft_z.so.1' run 125 run true
says "blank"

# ---- the program is as without us ----

run 0 run true
silent
run 3 run sh -c 'exit 3'
run 3 run -- sh -c 'exit 3'
run 0 run --zlib-only true
for report in '' --report; do
	# shellcheck disable=SC2086 # none or one
	{
		run 0 run $report -- printf '%s,' -a --report 'b c' ''
		check "arguments$report: $(cat "$seen")" test "$(cat "$seen")" = "-a,--report,b c,,"
		run 77 run $report sh -c 'exit 77'
		run 143 run $report sh -c 'kill -TERM $$'
		run 137 run $report sh -c 'kill -KILL $$'
		echo input | run 0 run $report cat
		check "standard input$report" test "$(cat "$seen")" = input
		run 0 run $report sh -c 'echo $LD_PRELOAD'
		check "LD_PRELOAD$report: $(cat "$seen")" \
			test "$(readlink -f "$(cat "$seen")")" = "$(readlink -f "$front")"
		LD_PRELOAD=$(readlink -f "$front").2 run 0 run -q $report sh -c 'echo $LD_PRELOAD' \
			2>/dev/null
		check "LD_PRELOAD is lost$report: $(cat "$seen")" grep -q "\.2$" "$seen"
	}
done
# Without a report the program takes our place.
"$WEFT" run sh -c 'echo $$' >pid &
wait $!
check "not the same process" test "$(cat pid)" = $!

# With one, what is sent to us arrives there, once, and we end as the program does.
mkfifo ready
for sig in TERM INT HUP USR1 QUIT; do
	env --default-signal="$sig" "$WEFT" run -o report sh -c "trap 'echo $sig >>got; exit 7' $sig; echo >ready
		while :; do sleep 1 & wait \$!; done" &
	read -r _ <ready
	kill -$sig $!
	status=0
	wait $! || status=$?
	check "$sig: exit status $status" test $status = 7
	check "$sig did not arrive once" test "$(cat got)" = $sig
	check "$sig: no report" grep -q 'exit status 7' report
	rm -f got
done

# ---- the report ----

run 0 run --report true
check "no report" grep -q '^weft run: true: exit status 0' "$seen.err"
check "the report is on standard output" test ! -s "$seen"
run 5 run -o out sh -c 'exit 5'
silent
check "no report in the file" grep -q 'exit status 5' out
run 0 run -o /nonexistent/out true
says "/nonexistent/out: No such file or directory"
TMPDIR=/nonexistent run 125 run --report true
says "/nonexistent/weft-run"
TMPDIR=$PWD run 0 run --report true
check "the record's file was left behind" test -z "$(ls | grep weft-run)"
if [ -n "${HAVE_JSON_C-unknown}" ]; then
	run 143 run --json -o out sh -c 'kill -TERM $$'
	if have python3; then
		check "not JSON" python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
assert report["program"] == "sh" and report["ended"].startswith("signal 15")
assert report["processes"] == [] and report["fallbacks"] == [] and len(report["notes"]) <= 1
' out
	fi
fi

# A record may hold anything.
cat >record.sh <<'SCRIPT'
#!/bin/sh
{
	printf 'zlib\tpid=7\tcomm=a\033[31mb\tmode=on\tdeflate_streams=2\tdeflate_in=10\n'
	printf 'zlib\tpid=8\tcomm=c\tfallback_small=3\tpath_zlib=5\tcalls_zlib=12\tgz_files=4\tdeflate_in=x\n'
	printf 'zlib\tpid=9\tcomm=d\tfallback_small=4\tpath_zlib=nan\tinflate_out=-1\n'
	printf 'openssl\tpid=5\tcomm=\001e\talgorithm=AES\tcpu=1\tcpu_bytes=16\tasync=2\tsync=-1\n'
	printf 'openssl\tpid=6\nopenssl\n'
	printf 'nonsense\n\n\tzlib\npid=5\nzlib\nzlib\t=\t==\t\n'
	head -c 20000 /dev/zero | tr '\0' z
} >>"$WEFT_REPORT"
SCRIPT
chmod +x record.sh
LD_PRELOAD='' run 0 run --report ./record.sh
check "row" grep -Eq '^7 +a\?\[31mb +on +deflate +2 +- +10 ' "$seen.err"
check "sum of reasons" grep -Eq '^small +7$' "$seen.err"
check "path" grep -Eq '^zlib +12 +5 +-$' "$seen.err"
check "others" grep -Eq '^gz_files +4$' "$seen.err"
check "other process" grep -Eq '^9 +d +-? +other ' "$seen.err"
check "openssl" grep -Eq '^5 +\?e +AES +1 +16 +- +- +2 +- +- *$' "$seen.err"

if [ -z "${stand_in:-}" ] && [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import zlib' 2>/dev/null; then
	run 0 run --report /usr/bin/python3 -c 'import zlib; zlib.compress(b"a" * 100000)'
	check "no record: $(cat "$seen.err")" grep -Eq '^[0-9]+ +python3' "$seen.err"
fi

# ---- files ----

# notes TEXT FILE: a run of FILE with a report says TEXT
notes() {
	"$WEFT" run --report "$2" >"$seen" 2>"$seen.err" </dev/null
	check "$2: no '$1' in: $(cat "$seen.err")" grep -qF -- "$1" "$seen.err"
}

cat >own.c <<'SOURCE'
#include <stdio.h>
const char copyright[] = " inflate 1.2.11 Copyright 1995-2017 Mark Adler ";
int main(int argc, char **argv) { return argc > 1 ? puts(copyright) : !argv[0]; }
SOURCE
echo 'int main(void) { return 0; }' >plain.c
if $CC -o own own.c 2>/dev/null && $CC -o plain plain.c; then
	notes 'own has a zlib of its own' ./own
	run 0 run ./own
	says "own has a zlib of its own"
	run 0 run -q ./own
	silent
	notes 'is not linked with zlib' ./plain
	run 0 run ./plain
	silent
	printf '#!%s\n' "$PWD/own" >script
	chmod +x script
	notes "its interpreter $PWD/own has a zlib" ./script
	printf '#! /usr/bin/env own\n' >env-script
	chmod +x env-script
	PATH=$PWD:$PATH notes 'own has a zlib of its own' ./env-script
	if [ "$(id -u)" = 0 ]; then
		cp plain setuid
		chown 65534 setuid
		chmod 4755 setuid
		notes 'set-uid, set-gid or has capabilities' ./setuid
	fi
	# Cut off anywhere, and with each word of its header spoilt, a file is only looked at.
	"$CC" -o victim own.c
	for len in 1 4 16 20 52 63 64 100 1000 4096 9000; do
		head -c $len victim >cut
		chmod +x cut
		"$WEFT" run --report ./cut >"$seen" 2>"$seen.err"
		check "cut at $len: $(cat "$seen.err")" grep -q '^weft run: ./cut: ' "$seen.err"
	done
	for at in 4 5 16 18 32 36 40 52 54 56 58 64 72 80 96 120 128 184; do
		cp victim spoilt
		printf '\377\377\377\377' | dd of=spoilt bs=1 seek=$at conv=notrunc 2>/dev/null
		"$WEFT" run --report ./spoilt >"$seen" 2>"$seen.err"
		check "spoilt at $at: $(cat "$seen.err")" grep -q '^weft run: ./spoilt: ' "$seen.err"
	done
fi
if $CC -static -o static own.c 2>/dev/null; then
	notes 'static is linked statically: nothing can be preloaded into it, and it has' ./static
	run 0 run ./static
	says "linked statically"
fi
# The smallest file that says it is for a 32-bit machine of the other byte order.
printf '\177ELF\001\002\001\000\000\000\000\000\000\000\000\000\000\002\000\010' >other
head -c 64 /dev/zero >>other
chmod +x other
"$WEFT" run ./other >"$seen" 2>"$seen.err"
check "other: $(cat "$seen.err")" grep -q 'for another machine' "$seen.err"

rm -rf 'a folder'
finish
