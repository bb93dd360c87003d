#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# curl with the provider, against a server without: each kind of cipher, several transfers
# by one connection and many connections at a time.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
need curl
case $(curl --version) in
*OpenSSL/*) ;;
*) skip "this curl does not use OpenSSL" ;;
esac
certificates
cd "$work"
head -c 500000 /dev/urandom | base64 >page
port=$(free_port)
OPENSSL_CONF=$work/plain.cnf openssl s_server -quiet -accept "$port" -cert rsa.pem -key rsa.key \
	-WWW -cipher ALL:@SECLEVEL=0 >server.log 2>&1 &
pids+=($!)
wait_port "$port" $! || { complain "no server: $(cat server.log)"; exit 1; }

# get CONF ARGUMENT...
get() {
	local conf=$1
	shift
	rm -f got*
	with "$conf" curl -sS --cacert ca.pem --max-time 50 "$@" 2>client.log ||
		complain "curl, $conf, $*: $(cat client.log)"
	for one in got*; do
		# A server of HTTP/1.0 that says nothing of the length.
		cmp -s "$one" page || complain "curl, $conf, $*: another page"
	done
}

for conf in weft forced; do
	: >report
	export WEFT_REPORT=$work/report
	get $conf "https://localhost:$port/page" -o got --tlsv1.3
	for suite in ECDHE-RSA-AES128-SHA256 ECDHE-RSA-AES256-GCM-SHA384 AES128-SHA DHE-RSA-AES128-CCM; do
		get $conf "https://localhost:$port/page" -o got --tls-max 1.2 --ciphers "$suite:@SECLEVEL=0"
	done
	get $conf -Z "https://127.0.0.1:$port/page" -o got1 "https://127.0.0.1:$port/page" -o got2 \
		"https://127.0.0.1:$port/page" -o got3
	unset WEFT_REPORT
	way=cpu
	[ $conf = weft ] || way=sync
	for algorithm in id-aes256-GCM HMAC; do
		grep -q "comm=curl.*algorithm=$algorithm\s.*\b$way=[1-9]" report ||
			complain "curl, $conf: no $algorithm by way of '$way': $(cut -f3- report)"
	done
done
# Its checks are the same: a certificate of nobody.
if with weft curl -sS --max-time 50 "https://localhost:$port/page" -o got 2>client.log; then
	complain "curl takes a certificate that nobody vouches for"
fi
exit $bad
