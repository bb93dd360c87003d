#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# PostgreSQL, which forks a process for each connection: TLS with the provider at one end, a
# reload under open sessions, and its end.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
for bin in /usr/lib/postgresql/*/bin; do
	[ ! -x "$bin/initdb" ] || PATH=$bin:$PATH
done
need initdb pg_ctl postgres psql
user=()
if [ "$(id -u)" = 0 ]; then
	need setpriv
	id postgres >/dev/null 2>&1 || skip "it does not run as root, and there is no user postgres"
	user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
	"${user[@]}" test -r "$modules/weft.so" || skip "the user postgres cannot read the provider"
fi
certificates
cd "$work"
chmod 755 "$work"
mkdir pg
[ ${#user[@]} = 0 ] || chown postgres pg
: >report
chmod 666 report
with plain "${user[@]}" initdb -D "$work/pg/db" -U test -A trust --no-sync --no-locale -E UTF8 >init.log 2>&1 ||
	skip "initdb: $(tail -n 3 init.log)"
cp rsa.pem rsa.key pg/
[ ${#user[@]} = 0 ] || chown postgres pg/rsa.key
chmod 600 pg/rsa.key
export PGSSLROOTCERT=$work/ca.pem PGSSLMODE=verify-full PGUSER=test PGDATABASE=template1 PGHOST=localhost
export PGCONNECT_TIMEOUT=60

control() { with "$conf" "${user[@]}" pg_ctl -D "$work/pg/db" -s "$@" >ctl.log 2>&1; }

# up: the server, on a port that turns out to be free
up() {
	local i
	for i in 1 2 3 4 5; do
		PGPORT=$(free_port)
		export PGPORT
		WEFT_REPORT=$work/report control -w -t 60 -l "$work/pg/log" -o "-p $PGPORT \
			-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c ssl=on \
			-c ssl_cert_file=$work/pg/rsa.pem -c ssl_key_file=$work/pg/rsa.key" start && return
	done
	complain "$conf: no server: $(cat ctl.log pg/log)"
	exit 1
}

# same CONF SQL: a result of 400,000 bytes that both ends know
query="select ssl, version, cipher, md5(repeat('weft', 100000)), repeat('weft', 100000)
	from pg_stat_ssl where pid = pg_backend_pid()"
ask() { with "$1" psql -XAtq -c "$query" >got 2>client.log; }

for sides in weft:plain plain:weft forced:plain plain:forced; do
	conf=${sides%:*}
	: >report
	up
	for version in TLSv1.2 TLSv1.3; do
		export PGSSLMINPROTOCOLVERSION=$version PGSSLMAXPROTOCOLVERSION=$version
		ask "${sides#*:}" || complain "$sides: $(cat client.log)"
		case $(head -c 100 got) in
		"t|$version|"*) ;;
		*) complain "$sides: $(head -c 100 got)" ;;
		esac
		[ "$(tail -c 400001 got)" = "$(printf 'weft%.0s' {1..100000})" ] ||
			complain "$sides: another result, $(wc -c <got) bytes"
	done
	unset PGSSLMINPROTOCOLVERSION PGSSLMAXPROTOCOLVERSION
	# A session that was there before the reload goes on, and others come.
	mkfifo sql
	with "${sides#*:}" psql -XAtq <sql >session 2>&1 &
	client=$!
	exec 8>sql
	rm sql
	echo "select 'before';" >&8
	for ((i = 0; i < 3000; i++)); do
		[ ! -s session ] || break
		read -rt 0.02 <> <(:) || :
	done
	control reload || complain "$sides: reload: $(cat ctl.log)"
	ask "${sides#*:}" || complain "$sides, after a reload: $(cat client.log)"
	echo "$query;" >&8
	exec 8>&-
	wait $client || complain "$sides: session: $(head -c 300 session)"
	[ "$(wc -c <session)" -gt 400000 ] || complain "$sides: session: $(head -c 300 session)"
	control -w -t 60 -m smart stop || complain "$sides: stop: $(cat ctl.log)"
	case $conf in
	plain) ;;
	*)
		way=cpu
		[ "$conf" = weft ] || way=sync
		grep -q "comm=postgres.*algorithm=id-aes256-GCM.*\b$way=[1-9]" report ||
			complain "$sides: no AES by way of '$way': $(cut -f3- report)"
		;;
	esac
done
exit $bad
