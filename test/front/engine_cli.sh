#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The openssl command with the engine: what it says of itself, and every algorithm through
# enc, dgst, pkeyutl, req and cms, by -engine and by configuration, with the same result as
# without or verified without; commands with nonsense in them say so.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
. "${top_srcdir:-.}/test/front/engine_lib.sh"

# has TEXT WORD...: each word is in it
has() {
	local text=$1 word
	shift
	for word; do
		case $text in
		*"$word"*) ;;
		*) complain "no '$word' in: $text" ;;
		esac
	done
}

list=$(with plain openssl engine -t -c weft)
has "$list" "(weft)" "[ available ]" "[RSA, " AES-128-CBC AES-256-XTS SM4-CBC DES-EDE3-CBC SHA256 \
	SHA512
has "$(with plain openssl engine -t -c -pre dh:yes weft)" "[RSA, DH, "
has "$(with plain openssl engine -t -c -pre aead:yes weft)" id-aes128-GCM id-aes256-CCM
has "$(with plain openssl engine -vvv weft)" aead: async: sync: async-min: sync-min: operations: dh: self-test:
has "$(with plain openssl engine -t -c -post self-test weft)" "[Success]: self-test"

head -c 20011 /dev/urandom >"$work/data"
head -c 32 "$work/data" >"$work/digest"
key64=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
iv=f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff

# modes: how the engine comes into a command; engined MODE COMMAND SUBCOMMAND ARGUMENT...
engined() {
	local mode=$1
	shift
	if [ "$mode" = option ]; then
		with plain "$1" "$2" -engine weft "${@:3}" 2> >(grep -v '^Engine "weft" set.$' >&2)
	else
		with "$mode" "$@"
	fi
}

: >"$work/report"
export WEFT_REPORT=$work/report

# name:bytes of key:bytes of IV
ciphers="aes-128-ecb:16:0 aes-192-ecb:24:0 aes-256-ecb:32:0 aes-128-cbc:16:16 aes-192-cbc:24:16
	aes-256-cbc:32:16 aes-128-ctr:16:16 aes-192-ctr:24:16 aes-256-ctr:32:16
	aes-128-cfb:16:16 aes-192-cfb:24:16 aes-256-cfb:32:16 sm4-ecb:16:0
	sm4-cbc:16:16 sm4-ctr:16:16 sm4-cfb:16:16 des-ede3:24:0 des-ede3-cbc:24:8
	des-ede-cbc:16:8"
for row in $ciphers; do
	IFS=: read -r name klen ilen <<<"$row"
	args=(openssl enc "-$name" -K "${key64:0:$((2 * klen))}")
	[ "$ilen" = 0 ] || args+=(-iv "${iv:0:$((2 * ilen))}")
	with plain "${args[@]}" -in "$work/data" -out "$work/plain.out"
	for mode in option forced; do
		engined $mode "${args[@]}" -in "$work/data" -out "$work/out"
		cmp -s "$work/plain.out" "$work/out" || complain "enc -$name, $mode"
		engined $mode "${args[@]}" -d -in "$work/plain.out" -out "$work/back"
		cmp -s "$work/back" "$work/data" || complain "enc -d -$name, $mode"
	done
done

for name in md5 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256; do
	want=$(with plain openssl dgst -r "-$name" "$work/data" | cut -d' ' -f1)
	for mode in option forced; do
		got=$(engined $mode openssl dgst -r "-$name" "$work/data" | cut -d' ' -f1)
		[ "$got" = "$want" ] || complain "dgst -$name, $mode: $got, not $want"
	done
done

# Keys: what one side signs or encrypts, the other verifies or decrypts.
certificates
kinds="RSA:rsa_keygen_bits:2048 EC:ec_paramgen_curve:P-256 EC:ec_paramgen_curve:P-521"
for kind in $kinds; do
	with forced openssl genpkey -algorithm "${kind%%:*}" -pkeyopt "${kind#*:}" -out "$work/k" \
		2>/dev/null || complain "genpkey $kind"
	with plain openssl pkey -in "$work/k" -pubout -out "$work/p"
	for mode in option forced; do
		engined $mode openssl pkeyutl -sign -inkey "$work/k" -in "$work/digest" \
			-pkeyopt digest:sha256 -out "$work/sig" || complain "pkeyutl -sign $kind, $mode"
		with plain openssl pkeyutl -verify -pubin -inkey "$work/p" -in "$work/digest" \
			-pkeyopt digest:sha256 -sigfile "$work/sig" >/dev/null ||
			complain "pkeyutl -verify $kind of $mode"
		engined $mode openssl pkeyutl -verify -pubin -inkey "$work/p" -in "$work/digest" \
			-pkeyopt digest:sha256 -sigfile "$work/sig" >/dev/null ||
			complain "pkeyutl -verify $kind, $mode"
	done
done
for padding in pkcs1 oaep; do
	with plain openssl pkeyutl -encrypt -certin -inkey "$work/rsa.pem" \
		-pkeyopt rsa_padding_mode:$padding -in "$work/digest" -out "$work/e"
	for mode in option forced; do
		engined $mode openssl pkeyutl -decrypt -inkey "$work/rsa.key" \
			-pkeyopt rsa_padding_mode:$padding -in "$work/e" -out "$work/back" &&
			cmp -s "$work/back" "$work/digest" || complain "pkeyutl -decrypt, $padding, $mode"
	done
done
derive engined forced "option forced" "-algorithm EC -pkeyopt ec_paramgen_curve:P-384" \
	"-algorithm DH -pkeyopt group:ffdhe2048" "-algorithm X25519"

with plain openssl cms -encrypt -binary -aes256 -in "$work/data" -out "$work/cms2" "$work/rsa.pem"
for mode in option forced; do
	engined $mode openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/k" -out "$work/c" \
		-subj /CN=x -days 2 2>/dev/null || complain "req -x509, $mode"
	with plain openssl verify -CAfile "$work/c" "$work/c" >/dev/null || complain "verify of $mode"
	engined $mode openssl cms -sign -binary -nodetach -signer "$work/ec.pem" \
		-inkey "$work/ec.key" -in "$work/data" -out "$work/cms" || complain "cms -sign, $mode"
	with plain openssl cms -verify -binary -CAfile "$work/ca.pem" -in "$work/cms" \
		-purpose any -out "$work/back" 2>/dev/null || complain "cms -verify of $mode"
	cmp -s "$work/back" "$work/data" || complain "cms -sign, $mode"
	# With GCM of whatever engine OpenSSL makes no such message, which it may read.
	side=$mode
	[ $mode = option ] || side=weft
	engined $side openssl cms -encrypt -binary -aes-256-gcm -in "$work/data" -out "$work/cms" \
		"$work/rsa.pem" || complain "cms -encrypt -aes-256-gcm, $side"
	with plain openssl cms -decrypt -binary -in "$work/cms" -inkey "$work/rsa.key" \
		-out "$work/back" && cmp -s "$work/back" "$work/data" ||
		complain "cms -decrypt -aes-256-gcm of $side"
	with plain openssl cms -encrypt -binary -aes-256-gcm -in "$work/data" -out "$work/cms" \
		"$work/rsa.pem"
	engined $mode openssl cms -decrypt -binary -in "$work/cms" -inkey "$work/rsa.key" \
		-out "$work/back" && cmp -s "$work/back" "$work/data" ||
		complain "cms -decrypt -aes-256-gcm, $mode"
	engined $mode openssl cms -decrypt -binary -in "$work/cms2" -inkey "$work/rsa.key" \
		-out "$work/back" && cmp -s "$work/back" "$work/data" || complain "cms -decrypt, $mode"
	engined $mode openssl smime -sign -binary -nodetach -signer "$work/rsa.pem" \
		-inkey "$work/rsa.key" -in "$work/data" -out "$work/cms" || complain "smime -sign, $mode"
	with plain openssl smime -verify -binary -CAfile "$work/ca.pem" -in "$work/cms" \
		-purpose any -out "$work/back" 2>/dev/null || complain "smime -verify of $mode"
done
engined option openssl speed -bytes 64 -seconds 1 -evp sha256 >/dev/null 2>&1 || complain "speed"

# The device did something of each kind.
for algorithm in AES-128-CBC AES-128-CTR SM4-CBC SHA256 SHA512 RSA ECDSA ECDH DH; do
	grep -q "algorithm=$algorithm"$'\t.*\tsync=[1-9]' "$work/report" ||
		complain "nothing of $algorithm went to the device"
done

# A program that has asked for nothing has the engine in nothing.
: >"$work/report"
with plain openssl dgst -sha256 "$work/data" >/dev/null
[ ! -s "$work/report" ] || complain "a program without the engine used it: $(cat "$work/report")"
unset WEFT_REPORT

# Nonsense is refused, by name.
for command in "async = perhaps" "sync = 7" "async-min = many" "async-min = 0" "sync-min = -1" "dh = maybe" \
	"aead = 3" "operations = ciphers,cakes" "operations = ," "operations = macs" "cakes = 1"; do
	name=${command%% = *} value=${command##* = }
	text=$(with plain openssl engine -t -post "$name:$value" weft 2>&1 || :)
	has "$text" "[Failure]: $name:$value" "$name"
	[ "$name" != cakes ] || continue
	# OpenSSL drops the reason and goes on without, so the word is in the log.
	engine_config "$work/wrong.cnf" "$command"
	text=$(WEFT_LOG=error with wrong openssl dgst -sha256 "$work/data" 2>&1 || :)
	has "$text" "wrong value of a control command: $command"
done
engine_config "$work/some.cnf" "operations = digests"
got=$(with some openssl engine -c weft)
case $got in
*AES* | *RSA*) complain "operations = digests still offers: $got" ;;
*SHA256*) ;;
*) complain "operations = digests offers: $got" ;;
esac
exit $bad
