#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# "weft run" and the OpenSSL provider: what the user or the system has configured stays in
# force, the provider comes before it, whatever lives longer than the command keeps it, and
# what is wrong is said.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
cd "$work"
export XDG_CACHE_HOME=$work/cache
mkdir cache
unset OPENSSL_CONF OPENSSL_MODULES

# run ARGUMENT...: standard output in out, standard error in err
run() {
	status=0
	timeout 60 "$WEFT" run "$@" >out 2>err || status=$?
}

# active NAME...: these providers and no others
active() {
	local got
	got=$(sed -n 's/^  \([a-z]*\)$/\1/p' out | sort | tr '\n' ' ')
	[ "$got" = "$* " ] || complain "$what: providers $got, not $*: $(cat err)"
}

# refused TEXT...: weft run itself said so
refused() {
	[ $status = 125 ] || complain "$what: exit status $status"
	for text; do
		grep -qF -- "$text" err || complain "$what: no '$text' in: $(cat err)"
	done
}

what="system's configuration"
run openssl list -providers
active default weft
run --zlib-only openssl list -providers
active default
run --openssl-only sh -c 'echo "$LD_PRELOAD"; exec openssl list -providers'
active default weft
[ -z "$(head -n 1 out)" ] || complain "--openssl-only preloads $(head -n 1 out)"

# The records of all processes of the tree.
what=report
head -c 5000 /dev/urandom >ca
zeros=00000000000000000000000000000000
run --openssl-only --report sh -c \
	"openssl dgst -sha256 ca; openssl enc -aes-128-cbc -K $zeros -iv $zeros -in ca -out x"
for algorithm in SHA256 AES-128-CBC; do
	grep -Eq "^[0-9]+ +openssl +$algorithm +[1-9]" err ||
		complain "$what: no $algorithm in: $(cat err)"
done
if [ -n "${HAVE_JSON_C-unknown}" ]; then
	run --json -o json sh -c 'openssl dgst -sha1 ca; exit 3'
	[ $status = 3 ] || complain "$what: exit status $status: $(cat err)"
fi
if [ -s json ] && command -v python3 >/dev/null; then
	python3 - json <<-'PYTHON' || complain "not the JSON that was expected: $(cat json)"
		import json, sys
		rows = json.load(open(sys.argv[1]))["openssl"]
		sha1 = [r for r in rows if r["algorithm"] == "SHA1"]
		assert sha1 and sha1[0]["program"] == "openssl" and sha1[0]["cpu"] >= 1
		assert sha1[0]["async"] == 0 and sha1[0]["cpu_bytes"] >= 0
	PYTHON
fi

# Programs that give their processes titles write over where their name was.
if command -v python3 >/dev/null && run --openssl-only --report python3 -c '
import ctypes, hashlib
hashlib.sha256(b"x" * 100).digest()
name = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "program_invocation_short_name")
ctypes.memset(name.value, ord("?"), 6)'; then
	grep -Eq "^[0-9]+ +python" err || complain "$what: the name is lost: $(cat err)"
fi

# ---- configurations ----

mkdir 'a folder'
conf() { cat >"$1"; export OPENSSL_CONF=$1; }
marks() {
	run openssl asn1parse -genstr OID:1.2.3.4.5.6.7.8
	grep -q weftTestMark out || complain "$what: its own section is lost: $(cat out err)"
}
oids='oid_section = oids
[oids]
weftTestMark = 1.2.3.4.5.6.7.8'

what="no openssl_conf"
conf "a folder/it's \$HOME, \"q\" #x\\n.cnf" <<<"key = value"
run openssl list -providers
active default weft

what="other modules"
conf user.cnf <<<"openssl_conf = init
[init]
$oids"
run openssl list -providers
active default weft
marks

what="the user's own list"
conf user.cnf <<<"openssl_conf = init
[init]
providers.1 = list
$oids
[list]
weft_x.default = d
legacy = l
[d]
activate = 1
[l]
activate = 1"
run openssl list -providers
active default legacy weft
marks

what="a list that activates nothing"
conf user.cnf <<<"openssl_conf = init
[init]
providers = list
$oids
[list]
default = d
[d]
other = 1"
run openssl list -providers
active default weft
marks

what="the provider is there already"
run sh -c 'echo "$OPENSSL_CONF"'
first=$(cat out)
run "$WEFT" run sh -c 'echo "$OPENSSL_CONF"'
[ "$(cat out)" = "$first" ] || complain "$what: $(cat out) instead of $first"
what="an empty name, no file"
OPENSSL_CONF='' run openssl list -providers
active default weft
OPENSSL_CONF=$work/nosuch run openssl list -providers
active default weft
OPENSSL_CONF=user.cnf run sh -c 'cd / && openssl list -providers'
what="a relative name"
active default weft

# ---- the file ----

what="the file"
[ "$(stat -c %a%F "$first")" = "644regular file" ] || complain "$what: $(stat -c %a%F "$first")"
before=$(ls -A cache/weft)
inode=$(stat -c %i "$first")
run true
[ "$(ls -A cache/weft)" = "$before" ] || complain "$what: another one: $(ls -A cache/weft)"
[ "$(stat -c %i "$first")" = "$inode" ] || complain "$what was written again"
# A link or other words in its place are replaced, not followed.
echo mine >victim
ln -sf "$work/victim" "$first"
run openssl list -providers
active default weft
[ -f "$first" ] && [ ! -L "$first" ] || complain "$what: a link was left"
[ "$(cat victim)" = mine ] || complain "$what: a link was followed"
echo 'openssl_conf = nothing' >"$first"
run openssl list -providers
active default weft
# Many at once.
rm -r cache/weft
for i in 1 2 3 4 5 6; do
	"$WEFT" run sh -c 'cat "$OPENSSL_CONF"' >many.$i 2>&1 &
done
wait
for i in 1 2 3 4 5 6; do
	cmp -s "$first" many.$i || complain "$what: not whole: $(cat many.$i)"
done
[ "$(ls -A cache/weft | wc -l)" = 1 ] || complain "$what: left behind: $(ls -A cache/weft)"

# What the program leaves running starts others when the command is long gone.
what=daemon
mkfifo go done
run sh -c '(trap "" HUP; read -r x <go; openssl list -providers >out2 2>&1; echo >done) >/dev/null 2>&1 &'
[ $status = 0 ] || complain "$what: exit status $status: $(cat err)"
echo >go
read -r _ <done
cp out2 out
active default weft

# ---- nonsense ----

what=nonsense
conf user.cnf <<<'this is no configuration'
run true
refused user.cnf "cannot be read" "missing equal sign" "line 1"
conf user.cnf <<<'a = $b'
run true
refused user.cnf "cannot be read" "variable has no value"
conf user.cnf <<<'openssl_conf = nosuch'
run true
refused user.cnf "openssl_conf = nosuch: there is no such section"
conf user.cnf <<<'openssl_conf = init
[init]
providers = nosuch'
run true
refused user.cnf "providers = nosuch: there is no such section"
OPENSSL_CONF=$work/cache run true
refused cache "cannot be read" directory
for option in "async = perhaps" "async-min = many" "sync-min = -1" "operations = cakes"; do
	what=$option
	config user.cnf "$option"
	run true
	refused "wrong value in the configuration: $option" "user.cnf: the provider weft does not load"
done
what="options that hold"
config user.cnf "sync-min = 1" "async = no"
run --report openssl dgst -sha256 user.cnf
grep -Eq "^[0-9]+ +openssl +SHA256 +[0-9]+ +[0-9]+ +[1-9]" err ||
	complain "$what: the option is not in force: $(cat err)"
config user.cnf
sed -i "s,^module = .*,module = $work/nosuch.so," user.cnf
what="no such module"
run true
refused "user.cnf: the provider weft does not load"

# ---- weft bench openssl: that it runs to the end; never how fast ----

unset OPENSSL_CONF
"$WEFT" bench openssl --quick --seconds 0.01 --algorithm HMAC-SHA256 >out 2>err || complain "bench: $(cat err)"
grep -Eq '^HMAC-SHA256 +4096( +[0-9]+){5}( +[0-9.]+){4}$' out || complain "bench: $(cat out)"
grep -Eq '^HMAC-SHA256, 4096 bytes, 64 jobs: .* 2\.00 +(PASS|MISS)$' out || complain "bench: $(cat out)"
"$WEFT" bench openssl --quick --seconds 0.01 --algorithm pause >out 2>err || complain "bench: $(cat err)"
grep -Eq '^pause and resume +- +[0-9]+' out || complain "bench: $(cat out)"
if "$WEFT" bench openssl --algorithm nosuch 2>err; then complain "bench: no such algorithm is none"; fi
grep -q "'nosuch': there is none" err || complain "bench: $(cat err)"
exit $bad
