#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# TLS on loopback with the engine at one end: TLS 1.2 and 1.3, with and without jobs, by
# -engine and by configuration, and client certificates with keys of ours.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
. "${top_srcdir:-.}/test/front/engine_lib.sh"
. "${top_srcdir:-.}/test/front/ossl_serve.sh"

suites12="ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-CCM ECDHE-RSA-AES128-SHA256 AES256-SHA
	DHE-RSA-AES256-SHA256"
suites13="TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_AES_128_CCM_SHA256"
all13=$(tr -s ' \n\t' : <<<"$suites13" | sed 's/:$//')

# ours-theirs: who has the engine
# (and not with DH, which OpenSSL's own TLS cannot have from an engine)
engine_config "$work/forced.cnf" "sync-min = 1" "async-min = 1" "aead = yes"
export WEFT_REPORT=$work/report
: >"$work/report"
for sides in weft:plain forced:plain plain:forced; do
	serve "${sides%:*}" -WWW -cipher ALL:@SECLEVEL=0 -ciphersuites "$all13"
	for suite in $suites12; do
		fetch "$sides TLS 1.2 $suite" "${sides#*:}" -tls1_2 -cipher "$suite:@SECLEVEL=0"
	done
	for suite in $suites13; do
		fetch "$sides TLS 1.3 $suite" "${sides#*:}" -tls1_3 -ciphersuites "$suite"
	done
	stop
done
# The client's: a server that is killed writes no report.
for algorithm in id-aes128-GCM id-aes256-GCM id-aes128-CCM; do
	grep -q "algorithm=$algorithm"$'\t.*\tsync=[1-9]' "$work/report" ||
		complain "no record of $algorithm went to the device"
done

# As an option of both, and jobs. The server ends by itself, or it would write no report.
: >"$work/report"
serve plain -engine weft -WWW -async -naccept 6 -cipher ALL:@SECLEVEL=0 -ciphersuites "$all13"
for suite in $suites12; do
	fetch "-engine, asynchronous, TLS 1.2 $suite" plain -engine weft -async -tls1_2 \
		-cipher "$suite:@SECLEVEL=0"
done
fetch "-engine, asynchronous, TLS 1.3" plain -engine weft -async -tls1_3
wait "$server" || :
grep -q $'algorithm=RSA\t.*\tasync=[1-9]' "$work/report" ||
	complain "no RSA signature in a job: $(cat "$work/report")"

# GCM and CCM in jobs.
engine_config "$work/jobs.cnf" "async-min = 1" "aead = yes" "operations = ciphers"
: >"$work/report"
serve jobs -WWW -async -naccept 3 -ciphersuites "$all13"
for suite in $suites13; do
	fetch "asynchronous, TLS 1.3 $suite" jobs -async -tls1_3 -ciphersuites "$suite"
done
wait "$server" || :
for algorithm in id-aes128-GCM id-aes256-GCM id-aes128-CCM; do
	grep -q "algorithm=$algorithm"$'\t.*\tasync=[1-9]' "$work/report" ||
		complain "no record of $algorithm in a job"
done
unset WEFT_REPORT

serve forced -WWW -Verify 2 -cipher ALL:@SECLEVEL=0
for kind in rsa ec; do
	for version in -tls1_2 -tls1_3; do
		fetch "$kind client certificate at both ends, $version" forced $version \
			-cert "$work/$kind.pem" -key "$work/$kind.key"
	done
done
stop
exit $bad
