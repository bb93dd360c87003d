#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The openssl command with the provider: what it lists, and every algorithm through enc,
# dgst and mac, with the same result as without; a configuration that is wrong says so.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"

list=$(with weft openssl list -providers -verbose)
for word in "name: Weft provider" "version: " "status: active" "build info: with"; do
	case $list in
	*"$word"*) ;;
	*) complain "list -providers -verbose does not say '$word'" ;;
	esac
done

head -c 70001 /dev/urandom >"$work/data"
head -c 69984 "$work/data" >"$work/blocks"
key64=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
iv=f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff

# name:bytes of key:bytes of IV
ciphers="aes-128-ecb:16:0 aes-192-ecb:24:0 aes-256-ecb:32:0 aes-128-cbc:16:16 aes-192-cbc:24:16
	aes-256-cbc:32:16 aes-128-ctr:16:16 aes-192-ctr:24:16 aes-256-ctr:32:16 aes-128-ofb:16:16
	aes-192-ofb:24:16 aes-256-ofb:32:16 aes-128-cfb:16:16 aes-192-cfb:24:16 aes-192-cfb:24:16 aes-256-cfb:32:16 sm4-ecb:16:0
	sm4-cbc:16:16 sm4-ctr:16:16 sm4-ofb:16:16 sm4-cfb:16:16 des-ede3:24:0 des-ede3-cbc:24:8
	des-ede-cbc:16:8"
for row in $ciphers; do
	IFS=: read -r name klen ilen <<<"$row"
	args=(openssl enc "-$name" -K "${key64:0:$((2 * klen))}")
	[ "$ilen" = 0 ] || args+=(-iv "${iv:0:$((2 * ilen))}")
	with plain "${args[@]}" -in "$work/data" -out "$work/plain.out"
	for conf in weft forced; do
		with $conf "${args[@]}" -in "$work/data" -out "$work/$conf.out"
		cmp -s "$work/plain.out" "$work/$conf.out" || complain "enc -$name, $conf"
		with $conf "${args[@]}" -d -in "$work/plain.out" -out "$work/back"
		cmp -s "$work/back" "$work/data" || complain "enc -d -$name, $conf"
	done
done

for name in md5 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256 sm3; do
	want=$(with plain openssl dgst -r "-$name" "$work/data" | cut -d' ' -f1)
	for conf in weft forced; do
		got=$(with $conf openssl dgst -r "-$name" "$work/data" | cut -d' ' -f1)
		[ "$got" = "$want" ] || complain "dgst -$name, $conf: $got, not $want"
	done
done

for args in "-digest MD5 HMAC" "-digest SHA1 HMAC" "-digest SHA256 HMAC" "-digest SHA384 HMAC" \
	"-digest SHA512 HMAC" "-digest SM3 HMAC" "-cipher AES-128-CBC CMAC" \
	"-cipher AES-128-GCM -macopt hexiv:000102030405060708090a0b GMAC"; do
	# shellcheck disable=SC2086
	want=$(with plain openssl mac -macopt "hexkey:${key64:0:32}" -in "$work/data" $args)
	for conf in weft forced; do
		# shellcheck disable=SC2086
		got=$(with $conf openssl mac -macopt "hexkey:${key64:0:32}" -in "$work/data" $args)
		[ "$got" = "$want" ] || complain "mac $args, $conf: $got, not $want"
	done
done

# Keys, certificates and messages, where our digests and ciphers meet OpenSSL's other code.
certificates
with plain openssl cms -encrypt -binary -aes256 -in "$work/data" -out "$work/cms2" "$work/rsa.pem"
for conf in weft forced; do
	with $conf openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/k" -out "$work/c" \
		-subj /CN=x -days 2 2>/dev/null || complain "req -x509, $conf"
	with plain openssl x509 -in "$work/c" -noout -subject >/dev/null || complain "x509, $conf"
	with $conf openssl cms -encrypt -binary -aes256 -in "$work/data" -out "$work/cms" \
		"$work/rsa.pem" || complain "cms -encrypt, $conf"
	with plain openssl cms -decrypt -binary -in "$work/cms" -inkey "$work/rsa.key" \
		-out "$work/back" || complain "cms -decrypt of $conf"
	cmp -s "$work/back" "$work/data" || complain "cms -encrypt, $conf"
	with $conf openssl cms -sign -binary -nodetach -signer "$work/ec.pem" \
		-inkey "$work/ec.key" -in "$work/data" -out "$work/cms" || complain "cms -sign, $conf"
	with plain openssl cms -verify -binary -CAfile "$work/ca.pem" -in "$work/cms" \
		-purpose any -out "$work/back" 2>/dev/null || complain "cms -verify of $conf"
	cmp -s "$work/back" "$work/data" || complain "cms -sign, $conf"
	with $conf openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 \
		-aes-256-cbc -pass pass:x -out "$work/k" || complain "genpkey, $conf"
	with plain openssl pkey -in "$work/k" -passin pass:x -noout || complain "pkey of $conf"
	with $conf openssl pkeyutl -sign -inkey "$work/ec.key" -rawin -digest sha256 \
		-in "$work/data" -out "$work/sig" || complain "pkeyutl -sign, $conf"
	with plain openssl pkeyutl -verify -certin -inkey "$work/ec.pem" -rawin -digest sha256 \
		-in "$work/data" -sigfile "$work/sig" >/dev/null || complain "pkeyutl of $conf"
done

# Certificates of other kinds of keys, and signatures by dgst.
for conf in weft forced; do
	for kind in "ec -pkeyopt ec_paramgen_curve:P-384" "rsa-pss -pkeyopt rsa_keygen_bits:2048" "sm2 -sm3"; do
		# shellcheck disable=SC2086
		with $conf openssl req -x509 -newkey $kind -nodes -keyout "$work/k" -out "$work/c" \
			-subj /CN=x -days 2 2>/dev/null || complain "req -x509 $kind, $conf"
		with plain openssl verify -CAfile "$work/c" "$work/c" >/dev/null 2>&1 ||
			complain "verify of req -x509 $kind, $conf"
	done
	for kind in rsa ec; do
		with $conf openssl dgst -sha384 -sign "$work/$kind.key" -out "$work/sig" "$work/data" ||
			complain "dgst -sign $kind, $conf"
		with plain openssl x509 -in "$work/$kind.pem" -pubkey -noout >"$work/p"
		for side in plain $conf; do
			with $side openssl dgst -sha384 -verify "$work/p" -signature "$work/sig" "$work/data" \
				>/dev/null || complain "dgst -verify $kind, $side of $conf"
		done
	done
	with $conf openssl dgst -sha256 -hmac key -r "$work/data" >"$work/text"
	with plain openssl dgst -sha256 -hmac key -r "$work/data" | cmp -s - "$work/text" ||
		complain "dgst -hmac, $conf"
done

# Keys made, shown, used and used against the other side, each by pkeyutl and pkey.
head -c 32 "$work/data" >"$work/digest"
# type:options of genpkey
kinds="RSA:rsa_keygen_bits:1024 RSA-PSS:rsa_keygen_bits:1024 EC:ec_paramgen_curve:P-256
	EC:ec_paramgen_curve:P-521 EC:ec_paramgen_curve:brainpoolP384r1"
for kind in $kinds; do
	for conf in weft forced; do
		with $conf openssl genpkey -algorithm "${kind%%:*}" -pkeyopt "${kind#*:}" \
			-out "$work/k" 2>/dev/null || complain "genpkey $kind, $conf"
		with plain openssl pkey -in "$work/k" -text >"$work/plain.text"
		with $conf openssl pkey -in "$work/k" -text >"$work/text"
		cmp -s "$work/text" "$work/plain.text" || complain "pkey -text $kind, $conf"
		with plain openssl pkey -in "$work/k" -pubout -out "$work/p"
		with $conf openssl pkey -in "$work/k" -check -noout >/dev/null ||
			complain "pkey -check $kind, $conf"
		with $conf openssl pkeyutl -sign -inkey "$work/k" -in "$work/digest" \
			-pkeyopt digest:sha256 -out "$work/sig" || complain "pkeyutl -sign $kind, $conf"
		for side in plain $conf; do
			with $side openssl pkeyutl -verify -pubin -inkey "$work/p" -in "$work/digest" \
				-pkeyopt digest:sha256 -sigfile "$work/sig" >/dev/null ||
				complain "pkeyutl -verify $kind, $side of $conf"
		done
	done
done
derive with weft "weft forced" "-algorithm X25519" "-algorithm X448" \
	"-algorithm EC -pkeyopt ec_paramgen_curve:P-384" "-algorithm DH -pkeyopt group:ffdhe2048"
with weft openssl genpkey -algorithm SM2 -out "$work/k" || complain "genpkey SM2"
with plain openssl pkey -in "$work/k" -pubout -out "$work/p"
for sides in plain:weft forced:plain; do
	with "${sides%:*}" openssl pkeyutl -sign -rawin -digest sm3 -inkey "$work/k" -in "$work/data" \
		-out "$work/sig" && with "${sides#*:}" openssl pkeyutl -verify -pubin -rawin -digest sm3 \
		-inkey "$work/p" -in "$work/data" -sigfile "$work/sig" >/dev/null || complain "SM2 $sides"
	with "${sides%:*}" openssl pkeyutl -encrypt -pubin -inkey "$work/p" -in "$work/digest" \
		-out "$work/e" && with "${sides#*:}" openssl pkeyutl -decrypt -inkey "$work/k" -in "$work/e" \
		-out "$work/back" && cmp -s "$work/back" "$work/digest" || complain "SM2 encryption $sides"
done
for padding in pkcs1 oaep; do
	for sides in plain:weft plain:forced weft:plain; do
		with "${sides%:*}" openssl pkeyutl -encrypt -certin -inkey "$work/rsa.pem" \
			-pkeyopt rsa_padding_mode:$padding -in "$work/digest" -out "$work/e"
		with "${sides#*:}" openssl pkeyutl -decrypt -inkey "$work/rsa.key" \
			-pkeyopt rsa_padding_mode:$padding -in "$work/e" -out "$work/back" &&
			cmp -s "$work/back" "$work/digest" || complain "pkeyutl, $padding, $sides"
	done
done
for conf in weft forced; do
	with $conf openssl cms -decrypt -binary -in "$work/cms2" -inkey "$work/rsa.key" \
		-out "$work/back" && cmp -s "$work/back" "$work/data" || complain "cms -decrypt, $conf"
	with $conf openssl smime -sign -binary -nodetach -signer "$work/rsa.pem" \
		-inkey "$work/rsa.key" -in "$work/data" -out "$work/cms" || complain "smime -sign, $conf"
	with plain openssl smime -verify -binary -CAfile "$work/ca.pem" -in "$work/cms" \
		-purpose any -out "$work/back" 2>/dev/null || complain "smime -verify of $conf"
	cmp -s "$work/back" "$work/data" || complain "smime -sign, $conf"
done

# The report: which algorithm, which way.
: >"$work/report"
WEFT_REPORT=$work/report with forced openssl enc -aes-128-cbc -K "${key64:0:32}" -iv $iv \
	-in "$work/data" -out /dev/null
line=$(grep "algorithm=AES-128-CBC" "$work/report") || complain "no record in the report"
n=$(sed 's/.*sync_bytes=\([0-9]*\).*/\1/' <<<"${line%async=*}")
[ "$n" -ge 60000 ] || complain "the device did $n bytes of 70001: $line"

# Nonsense in the configuration is refused, by name. OpenSSL 3.0 goes on without the
# provider, so the word is in the log.
for option in "async = perhaps" "sync = 7" "async-min = many" "async-min = 0" "sync-min = -1" \
	"sync-min = 99999999999999999999" "operations = ciphers,cakes" "operations = ,"; do
	config "$work/wrong.cnf" "$option"
	text=$(WEFT_LOG=error with wrong openssl list -providers 2>&1 || :)
	case $text in
	*"Weft provider"*) complain "'$option' was accepted" ;;
	*"wrong value in the configuration: $option"*) ;;
	*) complain "'$option' gives no clear message: $text" ;;
	esac
done
config "$work/some.cnf" "operations = digests"
got=$(with some openssl list -cipher-algorithms | grep -c "@ weft" || :)
[ "$got" = 0 ] || complain "operations = digests still offers $got ciphers"
got=$(with some openssl list -key-managers | grep -c "@ weft" || :)
[ "$got" = 0 ] || complain "operations = digests still offers $got kinds of keys"
got=$(with some openssl list -digest-algorithms | grep -c "@ weft" || :)
[ "$got" -ge 9 ] || complain "operations = digests offers $got digests"
exit $bad
