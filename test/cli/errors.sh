#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What goes wrong: one line on stderr that names the file and the reason, an exit
# status that says so, nothing half-written, the input kept, the other files done.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_data text 3000000
make_data small 5000
"$WEFT" gzip -k text || bad "weft gzip -k text"
mv text.gz good.gz

# as_user COMMAND...: without root's rights, which no permission stops
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# ---- the command line ----

run 2
run 2 nonsense
says "weft: unknown command 'nonsense'"
run 2 --nonsense
says "weft: unknown option '--nonsense'"
run 2 gzip --nonsense
says "weft gzip: unknown option '--nonsense'"
run 2 gzip -kx text
says "weft gzip: unknown option '-x'"
run 2 gzip --force -kZ text
says "unknown option '-Z'"
run 2 gzip --keep=yes text
says "no argument is taken by option '--keep'"
run 2 devices extra
says "weft devices: " "'extra'"
run 2 selftest extra
run 2 help nonsense
run 2 help gzip devices
run 2 bench
run 2 bench nonsense
run 2 bench comp --block 3
run 2 bench comp --block
says "no argument for option '--block'"
run 2 bench comp --level 16
run 2 bench comp --level 1,x
run 2 bench comp --seconds 0
run 2 bench comp --quick
run 1 bench comp --quick nosuch
present text
for command in '' gzip devices bench run selftest help; do
	# shellcheck disable=SC2086 # none or one
	run 0 help $command
	silent
done
run 0 help env
check "help env lists no option" grep -q 'WEFT_ENGINE_THREADS' "$seen"
run 0 gzip --help
run 0 --help
run 0 --version
check "--version" grep -q '^weft [0-9]' "$seen"

# ---- files that are not there, or not files ----

run 1 gzip nosuch
says "weft gzip: nosuch: No such file or directory"
run 1 gzip -d nosuch.gz
says "weft gzip: nosuch.gz: No such file or directory"
run 1 gzip ''
mkdir folder
run 2 gzip folder
says "weft gzip: folder: is a directory"
run 2 gzip -q folder
silent
ln -s small link
run 1 gzip link
says "weft gzip: link: is a symbolic link"
present small
run 0 gzip -c link
run 0 gzip -fk link
rm -f link.gz
mkfifo fifo
run 2 gzip fifo
says "weft gzip: fifo: is not a directory or a regular file"
run 2 gzip /dev/null
ln small other
run 2 gzip small
says "weft gzip: small: has other links"
run 0 gzip -fk small
rm -f other small.gz
cp small setuid
chmod u+s setuid
run 2 gzip setuid
says "setuid: is set-user-ID"
present setuid
cp good.gz good.foo
run 2 gzip -d good.foo
says "good.foo: unknown suffix"
long=$(printf 'n%.0s' $(seq 254))
cp small "$long"
run 1 gzip "$long"
says "File name too long"
present "$long"
rm -f "$long"

# ---- in the way ----

echo precious >small.gz
run 2 gzip small
says "weft gzip: small.gz: already exists"
check "small.gz was overwritten" grep -q precious small.gz
present small
run 0 gzip -fk small
check "small.gz was not overwritten by -f" gzip -t small.gz
rm -f small.gz

# ---- permissions ----

if [ "$(id -u)" != 0 ] || have setpriv; then
	mkdir closed
	cp small closed/small
	cp small secret
	if [ "$(id -u)" = 0 ]; then
		chown 65534:65534 closed closed/small secret 2>/dev/null
		chmod 755 .
	fi
	chmod 555 closed
	chmod 000 secret
	# A root without capabilities, or a folder that nobody may enter: nothing to be learnt.
	if as_user test -x "$WEFT" && ! as_user test -r secret; then
		real=$WEFT
		WEFT=as_user_weft
		as_user_weft() { as_user "$real" "$@"; }
		run 1 gzip secret
		says "weft gzip: secret: Permission denied"
		run 1 gzip closed/small
		says "weft gzip: closed/small.gz: Permission denied"
		present closed/small
		absent closed/small.gz
		WEFT=$real
	fi
	chmod 755 closed
fi

# ---- a full disk, a closed pipe ----

run_to() {
	local to=$1 got=0
	shift
	"$WEFT" "$@" >"$to" 2>"$seen.err" || got=$?
	check "weft $* >$to: exit status $got instead of 1" test $got = 1
}
if [ -c /dev/full ]; then
	run_to /dev/full gzip -c text
	says "weft gzip: standard output: No space left on device"
	run_to /dev/full gzip -dc good.gz
	says "weft gzip: standard output: No space left on device"
	run_to /dev/full devices
	says "weft devices: standard output: No space left on device"
	run_to /dev/full help
	run_to /dev/full --version
	present text
	present good.gz
fi
# The file size limit is a full disk that needs no root. In blocks of 1 KiB.
(ulimit -f 100 && "$WEFT" gzip text 2>"$seen.err")
check "a file size limit: exit status $?" test $? = 1
says "weft gzip: text.gz: File too large"
present text
absent text.gz
tidy
for what in '-c text' '-dc good.gz'; do
	# shellcheck disable=SC2086 # words
	{ "$WEFT" gzip $what 2>"$seen.err"; echo $? >status; } | true
	check "closed pipe, $what: exit status $(cat status)" test "$(cat status)" = 1
	says "weft gzip: standard output: Broken pipe"
done

# ---- bad input ----

# refused FILE REASON: neither restored nor removed, and nothing of it remains
refused() {
	run 1 gzip -t "$1"
	says "weft gzip: $1: " "$2"
	run 1 gzip -d "$1"
	says "weft gzip: $1: " "$2"
	present "$1"
	absent "${1%.gz}"
	tidy
}
: >empty.gz
refused empty.gz "unexpected end of file"
cp small plain.gz
refused plain.gz "not in gzip format"
for n in 1 2 3 9 15 100; do
	head -c $n good.gz >cut.gz
	refused cut.gz "unexpected end of file"
done
head -c -1 good.gz >cut.gz
refused cut.gz "unexpected end of file"
head -c -9 good.gz >cut.gz
refused cut.gz "unexpected end of file"
(cat good.gz && printf '\x1f\x8b') >cut.gz
refused cut.gz "unexpected end of file"
(cat good.gz; printf '\x1f\x8b\x07') >method.gz
refused method.gz "unknown compression method"
# flip FILE OFFSET: one byte becomes another
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %x $((byte ^ 0x55)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
"$WEFT" gzip -c small >one.gz
size=$(wc -c <one.gz)
for at in 3 $((size - 1)) $((size - 5)); do
	cp one.gz flipped.gz
	flip flipped.gz $at
	refused flipped.gz ""
done
cp one.gz flipped.gz
flip flipped.gz $((size - 5))
refused flipped.gz "invalid compressed data"
# Deep inside, where something has already been written by the time it shows.
cp good.gz flipped.gz
for at in 300000 300001 300002 300003; do flip flipped.gz $at; done
refused flipped.gz ""
# The next good file works, in the same run too.
cp good.gz again.gz
run 1 gzip -dk flipped.gz again.gz empty.gz good.gz
same again text
same good text
absent flipped
absent empty
rm -f again good

# ---- terminals ----

if have_terminal; then
	WEFT=$WEFT script -qec '"$WEFT" gzip -c small; echo "status $?"' typescript >/dev/null 2>&1 </dev/null
	check "compressed data to a terminal" grep -q 'not written to a terminal' typescript
	check "exit status of it" grep -q 'status 1' typescript
	WEFT=$WEFT script -qec '"$WEFT" gzip -d; echo "status $?"' typescript >/dev/null 2>&1 </dev/null
	check "compressed data from a terminal" grep -q 'not read from a terminal' typescript
fi

# ---- signals: the file under way goes, the input stays ----

for sig in INT TERM HUP QUIT; do
	mkdir signal
	head -c 60000000 /dev/zero | tr '\0' 'a' >signal/large
	# Job control gives the background process its default signals back.
	set -m
	"$WEFT" gzip -9 signal/large 2>"$seen.err" &
	pid=$!
	set +m
	until [ -n "$(find signal -name '.weft-*')" ] || ! kill -0 $pid 2>/dev/null; do :; done
	kill -s $sig $pid 2>/dev/null
	got=0
	wait $pid 2>/dev/null || got=$?
	if [ $got = 0 ]; then
		# It was faster than the signal; then it is done, and that is good too.
		present signal/large.gz
		absent signal/large
	else
		check "SIG$sig: exit status $got" test $got = $((128 + $(kill -l $sig)))
		present signal/large
		absent signal/large.gz
	fi
	tidy
	rm -rf signal
done

finish
