#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# OpenSSH, with the provider at one end. The server is sshd -i, which speaks by its standard
# input and output. With everything forced through the device only the client is tried: before
# the login sshd works under a seccomp filter that lets nobody open the device
# (docs/openssl.md, Limits).
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
PATH=$PATH:/usr/sbin
need ssh sshd ssh-keygen
[ "$(id -u)" = 0 ] || skip "sshd lets its user in only if it is root"
# Where it puts the half that has no rights.
[ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || skip "there is no /run/sshd"
cd "$work"
head -c 300000 /dev/urandom | base64 >page
ssh-keygen -q -t rsa -b 2048 -N '' -f host
ssh-keygen -q -t ecdsa -N '' -f host2
ssh-keygen -q -t ecdsa -N '' -f user
ssh-keygen -q -t rsa -b 2048 -N '' -f user2
cat user.pub user2.pub >keys
cat >sshd.conf <<-CONF
	HostKey $work/host
	HostKey $work/host2
	AuthorizedKeysFile $work/keys
	PermitRootLogin prohibit-password
	StrictModes no
	UsePAM no
	Ciphers aes128-ctr,aes256-gcm@openssh.com,aes128-cbc
	MACs hmac-sha2-256,hmac-sha1
CONF

# login SERVER CLIENT ARGUMENT...: what goes through both directions comes to got
login() {
	local server=$1 client=$2
	shift 2
	with "$client" ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ProxyCommand="env \
		OPENSSL_CONF=$work/$server.cnf $(command -v sshd) -i -e -f $work/sshd.conf 2>$work/sshd.log" \
		"$@" "$(id -un)@localhost" "cat; cat $work/page" <page >got 2>client.log || :
	cat page page | cmp -s got -
}
login plain plain -i user || skip "no login without the provider: $(tail -n 1 client.log sshd.log)"
for sides in weft:plain plain:weft plain:forced; do
	for way in "-c aes128-ctr -m hmac-sha2-256 -i user" "-c aes256-gcm@openssh.com -i user2" \
		"-c aes128-cbc -m hmac-sha1 -o KexAlgorithms=ecdh-sha2-nistp256 -i user" \
		"-c aes128-ctr -o KexAlgorithms=diffie-hellman-group14-sha256 -o HostKeyAlgorithms=rsa-sha2-256 -i user2"; do
		# shellcheck disable=SC2086
		login "${sides%:*}" "${sides#*:}" $way ||
			complain "ssh, $sides, $way: $(tail -n 3 client.log sshd.log)"
	done
done
exit $bad
