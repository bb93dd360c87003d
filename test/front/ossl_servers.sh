# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Sourced by the scripts of one server each: ossl_servers.py does the work.
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
PATH=$PATH:/usr/sbin

# drill SERVER: does not return
drill() {
	need python3 "${1%-engine}"
	certificates
	with plain openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out "$work/dh.pem"
	chmod 755 "$work"
	OPENSSL_CONF=$work/plain.cnf timeout -k 5 900 python3 "${top_srcdir:-.}/test/front/ossl_servers.py" "$work" "$1" ||
		bad=1
	exit $bad
}
