#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# nginx with gzip, asked by curl --compressed, over a socket in the test's folder; the
# server, then the client, then both with the front end.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"
PATH=$PATH:/usr/sbin
need nginx curl
curl --version | grep -q libz || skip "this curl has no zlib"

make_tree files
chmod 755 "$work"
mkdir logs
# server NAME: configuration with a socket of its own
server() {
	cat >"$1.conf" <<-CONF
		daemon off; master_process on; worker_processes 2; pid $work/$1.pid;
		# It clears the environment of its workers.
		env WEFT_REPORT; env WEFT_ZLIB_MIN; env LD_LIBRARY_PATH;
		error_log $work/logs/$1; $([ "$(id -u)" != 0 ] || echo "user root;")
		events { worker_connections 64; }
		http {
			access_log off; default_type text/plain;
			client_body_temp_path $work/t1; proxy_temp_path $work/t2;
			fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
			gzip on; gzip_types *; gzip_min_length 1; gzip_comp_level 6; gunzip on;
			server { listen unix:$work/$1.sock; root $work/files; }
		}
	CONF
}

fetch() { curl -sS --max-time 60 --compressed --unix-socket "$1.sock" "http://localhost/$2"; }

# start NAME PREFIX...: the server, until it answers
start() {
	local name=$1
	shift
	server "$name"
	"$@" nginx -p "$work" -c "$name.conf" >"logs/$name.out" 2>&1 &
	background=$!
	curl -sS -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors --max-time 60 \
		--unix-socket "$name.sock" http://localhost/one 2>"$log" ||
		{ bad "$name does not answer: $(cat "logs/$name.out" "logs/$name")"; finish; }
}

stop() {
	kill -QUIT "$(cat "$1.pid")"
	wait $background
	background=
}

start plain env
for file in text deep/records noise zeros one; do
	min=0
	under curl -sS --max-time 60 --compressed --unix-socket plain.sock \
		"http://localhost/$file" >got
	same got "files/$file"
done
served curl
stop plain

for min in $ways; do
	start "made$min" under
	for file in text deep/small deep/records noise zeros empty one; do
		fetch "made$min" "$file" >got
		same got "files/$file"
	done
	curl -sS --max-time 60 -H 'Accept-Encoding: gzip' -D head --unix-socket "made$min.sock" \
		http://localhost/text >got.gz
	check "it is not compressed" grep -qi 'content-encoding: gzip' head
	check "curl and gzip" test "$(gzip -dc got.gz | cksum)" = "$(cksum <files/text)"
	stop "made$min"
	served nginx
done
finish
