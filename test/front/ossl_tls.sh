#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# TLS on loopback: the openssl command as server and client, one with the provider and
# one without, in TLS 1.2 and 1.3, with the suites whose ciphers and hashes we offer,
# with and without asynchronous jobs; renegotiation, client certificates and tickets.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
. "${top_srcdir:-.}/test/front/ossl_serve.sh"

# renegotiate WHAT CONF ARGUMENT...: a second handshake before the page.
renegotiate() {
	local what=$1 i pid
	shift
	exec 7<>"$work/request"
	: >"$work/client.log"
	client "$@" -state -no_ign_eof &
	pid=$!
	for ((i = 0; i < 1500; i++)); do
		grep -q 'read finished' "$work/client.log" && break
		kill -0 "$pid" 2>/dev/null || break
		read -rt 0.02 <> <(:) || :
	done
	printf 'R\n' >&7
	for ((i = 0; i < 1500; i++)); do
		grep -q RENEGOTIATING "$work/client.log" && break
		kill -0 "$pid" 2>/dev/null || break
		read -rt 0.02 <> <(:) || :
	done
	printf 'GET /index.txt HTTP/1.0\r\n\r\n' >&7
	wait "$pid"
	exec 7>&-
	arrived "$what"
	i=$(grep -c 'write finished' "$work/client.log")
	[ "$i" -ge 2 ] || complain "$what: $i handshakes: $(head -n 20 "$work/client.log")"
}

suites12="ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256
	ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-CCM ECDHE-ECDSA-AES128-CCM8
	ECDHE-RSA-AES128-SHA256 ECDHE-RSA-AES256-SHA384 ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA
	AES128-SHA256 AES256-SHA DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES256-CCM"
suites13="TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_AES_128_CCM_SHA256
	TLS_AES_128_CCM_8_SHA256"
# All others there are, for the sides where everything goes through the device.
more12=$(with plain openssl ciphers -s -tls1_2 'AES:!PSK:!SRP:!aNULL:!aDSS:@SECLEVEL=0' | tr : ' ')
[ "$(wc -w <<<"$more12")" -ge 30 ] || complain "these are not all suites: $more12"
# ours-theirs: who has the provider
for sides in weft:plain plain:weft forced:plain plain:forced; do
	serve "${sides%:*}" -WWW -cipher ALL:@SECLEVEL=0 \
		-ciphersuites "$(tr -s ' \n\t' : <<<"$suites13" | sed 's/:$//')"
	case $sides in
	*forced*) all12=$more12 ;;
	*) all12=$suites12 ;;
	esac
	for suite in $all12; do
		fetch "$sides TLS 1.2 $suite" "${sides#*:}" -tls1_2 -cipher "$suite:@SECLEVEL=0"
	done
	for suite in $suites13; do
		fetch "$sides TLS 1.3 $suite" "${sides#*:}" -tls1_3 -ciphersuites "$suite"
	done
	stop
done

# Without encrypt-then-MAC the hash is over the plaintext, and OpenSSL uses one cipher for both.
serve weft -WWW -cipher ALL:@SECLEVEL=0 -no_etm
for suite in AES128-SHA AES256-SHA256; do
	fetch "weft:plain TLS 1.2 $suite" plain -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
stop

# Versions whose records begin without an IV of their own, or where it is new.
for sides in forced:plain plain:forced; do
	serve "${sides%:*}" -WWW -cipher ALL:@SECLEVEL=0
	for version in -tls1 -tls1_1; do
		fetch "$sides, $version" "${sides#*:}" $version -cipher "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
	done
	stop
done

# Jobs, at both ends. (s_server waits a second each time that an operation of a handshake
# pauses, so not with everything forced into jobs; ossl_job_test does that.)
: >"$work/report"
export WEFT_REPORT=$work/report
serve weft -WWW -async -cipher ALL:@SECLEVEL=0 -ciphersuites \
	TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256
for suite in ECDHE-ECDSA-AES128-CCM ECDHE-RSA-AES128-SHA256 ECDHE-RSA-AES128-GCM-SHA256; do
	fetch "asynchronous, TLS 1.2 $suite" weft -async -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
for suite in TLS_AES_128_GCM_SHA256 TLS_AES_128_CCM_SHA256; do
	fetch "asynchronous, TLS 1.3 $suite" weft -async -tls1_3 -ciphersuites "$suite"
done
stop
# This one ends by itself, and leaves a report.
serve weft -WWW -async -naccept 1 -cipher ALL:@SECLEVEL=0
fetch "asynchronous, TLS 1.2, one connection" plain -tls1_2 -cipher "ECDHE-RSA-AES128-SHA256:@SECLEVEL=0"
wait "$server" || complain "the server's exit status is $?"
unset WEFT_REPORT
grep -q $'\tasync=[1-9]' "$work/report" ||
	complain "no operation ran in a job: $(cat "$work/report")"
# Records of CBC among them.
grep -q $'algorithm=AES-128-CBC\t.*\tasync=[1-9]' "$work/report" ||
	complain "no record of CBC ran in a job: $(cut -f3- "$work/report")"

# TLS 1.2 can do a second handshake in the first one's connection.
for sides in weft:plain plain:forced forced:plain; do
	serve "${sides%:*}" -WWW -client_renegotiation -cipher ALL:@SECLEVEL=0
	for suite in ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-SHA; do
		renegotiate "$sides renegotiation, $suite" "${sides#*:}" -tls1_2 \
			-cipher "$suite:@SECLEVEL=0"
	done
	stop
done

# Client certificates and tickets.
for conf in weft forced; do
	serve $conf -WWW -Verify 2 -cipher ALL:@SECLEVEL=0
	for version in -tls1_2 -tls1_3; do
		fetch "$conf, client certificate, $version" plain $version \
			-cert "$work/ec.pem" -key "$work/ec.key" -sess_out "$work/session"
		fetch "$conf, the session again, $version" plain $version \
			-cert "$work/ec.pem" -key "$work/ec.key" -sess_in "$work/session"
	done
	# The client's own key, with ours at its end.
	for kind in rsa ec; do
		for version in -tls1_2 -tls1_3; do
			fetch "$conf, $kind client certificate at both ends, $version" $conf $version \
				-cert "$work/$kind.pem" -key "$work/$kind.key"
		done
	done
	stop
done

# Groups, each with our keys at one end.
for sides in weft:plain plain:forced; do
	serve "${sides%:*}" -WWW -groups P-256:P-384:P-521:X25519:X448:ffdhe2048
	for group in P-256 P-384 P-521 X25519 X448 ffdhe2048; do
		fetch "$sides group $group" "${sides#*:}" -tls1_3 -groups "$group"
	done
	stop
done
exit $bad
