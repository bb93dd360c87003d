# SPDX-License-Identifier: MIT
#
# Sourced after ossl_lib.sh by the scripts that speak TLS: certificates, a page, the openssl
# command as server and as client.

certificates
head -c 300000 /dev/urandom | base64 >"$work/index.txt"

# serve CONF ARGUMENT...: sets $port and $server.
serve() {
	local conf=$1
	shift
	port=$(free_port)
	(cd "$work" && exec env OPENSSL_CONF="$work/$conf.cnf" openssl s_server -quiet \
		-accept "$port" -cert rsa.pem -key rsa.key -dcert ec.pem -dkey ec.key \
		-CAfile ca.pem "$@" >server.log 2>&1) &
	server=$!
	pids+=("$server")
	wait_port "$port" "$server" || { cat "$work/server.log"; complain "no server"; exit 1; }
}

stop() {
	kill "$server" 2>/dev/null || :
	wait "$server" 2>/dev/null || :
}

# Standard input of s_client is a pipe that does not end before s_client does: the end of it
# is a SSL_write() to s_client, which libssl takes for the resumption of a SSL_read() that
# waits for its job, and what that has read is lost.
mkfifo "$work/request"

# client CONF ARGUMENT...: s_client, its output in $work/got.
client() {
	local conf=$1
	shift
	with "$conf" openssl s_client -quiet -ign_eof -verify_return_error \
		-CAfile "$work/ca.pem" -connect "127.0.0.1:$port" "$@" \
		<&7 >"$work/got" 2>"$work/client.log" || :
}

# arrived WHAT: the page must be whole.
arrived() {
	sed '1,/^\r*$/d' "$work/got" >"$work/page"
	cmp -s "$work/page" "$work/index.txt" ||
		complain "$1: $(wc -c <"$work/page") bytes arrived: $(head -n 3 "$work/client.log")"
}

# fetch WHAT CONF ARGUMENT...
fetch() {
	local what=$1
	shift
	exec 7<>"$work/request"
	printf 'GET /index.txt HTTP/1.0\r\n\r\n' >&7
	client "$@"
	exec 7>&-
	arrived "$what"
}
