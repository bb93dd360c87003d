#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Python's hashlib, hmac and ssl, with threads at both ends of connections, and a child that
# goes on with what its parent has loaded. The same output with the provider and without.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_lib.sh"
need python3
python3 -c 'import ssl' 2>/dev/null || skip "this Python has no ssl"
certificates
cd "$work"
head -c 200000 /dev/urandom >page
cat >test.py <<'PYTHON'
import hashlib, hmac, os, socket, ssl, sys, threading

data = open("page", "rb").read()
names = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512_256", "sm3", "blake2b512"]
for name in names:
    if name not in hashlib.algorithms_available:
        continue
    for n in (0, 1, 63, 64, 65, 4096, len(data)):
        h = hashlib.new(name, data[:n])
        c = h.copy()
        c.update(b"more")
        print(name, n, h.hexdigest(), c.hexdigest())
for name in ("md5", "sha1", "sha256", "sha512"):
    h = hmac.new(b"key", data, name)
    c = h.copy()
    c.update(b"more")
    print(h.hexdigest(), c.hexdigest(), hmac.digest(b"key", data[:99], name).hex())
print(hashlib.pbkdf2_hmac("sha1", b"p", b"s", 7).hex(),
      hashlib.scrypt(b"p", salt=b"s", n=16, r=8, p=1).hex())
try:
    hashlib.new("nosuch")
except ValueError as e:
    print(e)
sys.stdout.flush()

server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("rsa.pem", "rsa.key")
server.load_verify_locations("ca.pem")
server.verify_mode = ssl.CERT_OPTIONAL
CLIENTS = [(v, cert) for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
           for cert in ("ec", "rsa", None)]

def serve(sock):
    for _ in CLIENTS:
        try:
            with server.wrap_socket(sock.accept()[0], server_side=True) as s:
                s.recv(1)
                s.sendall(data)
                s.unwrap()
        except OSError as e:
            print("server", e)

def fetch(address, version, cert):
    c = ssl.create_default_context(cafile="ca.pem")
    c.minimum_version = c.maximum_version = version
    if cert:
        c.load_cert_chain(cert + ".pem", cert + ".key")
    with c.wrap_socket(socket.create_connection(address), server_hostname="localhost") as s:
        s.sendall(b"x")
        got = b""
        while True:
            part = s.recv(65536)
            if not part:
                break
            got += part
        return got == data

def session():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        t = threading.Thread(target=serve, args=(sock,))
        t.start()
        good = []
        clients = [threading.Thread(target=lambda way=way: good.append(fetch(sock.getsockname(), *way)))
                   for way in CLIENTS]
        for c in clients:
            c.start()
        for c in clients + [t]:
            c.join()
        return good == [True] * len(CLIENTS)

print(session())
sys.stdout.flush()
child = os.fork()
if not child:
    good = session() and hashlib.new("sha256", data).digest() == hashlib.sha256(data).digest()
    sys.stdout.flush()
    os._exit(0 if good else 1)
print("child", os.waitpid(child, 0)[1], session())
PYTHON
with plain python3 test.py >want 2>&1 || complain "python: $(tail -n 5 want)"
[ "$(tail -n 1 want)" = "child 0 True" ] || complain "python: $(tail -n 3 want)"
for conf in weft forced; do
	: >report
	WEFT_REPORT=$work/report with $conf python3 test.py >got 2>&1 ||
		complain "python, $conf: exit status $?: $(tail -n 5 got)"
	cmp -s got want || complain "python, $conf: $(diff got want | head -n 5)"
	way=cpu
	[ $conf = weft ] || way=sync
	for algorithm in SM3 id-aes256-GCM RSA; do
		grep -q "algorithm=$algorithm\s.*\b$way=[1-9]" report ||
			complain "python, $conf: no $algorithm by way of '$way': $(cut -f3- report)"
	done
done
exit $bad
