#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers as they come, with the provider, or the engine, by configuration.

ossl_servers.py FOLDER SERVER: FOLDER has what ossl_lib.sh makes (configurations and
certificates). The clients are this process and do without the provider. Each server is
started with the provider as it is by default and with everything sent through the device;
it forks its workers after the provider was loaded, and then has to do what it promises
without us: no page is lost or wrong, reloads and the end under load included, no process
stays behind, no descriptor is left open.

Nothing here measures time: a condition that has to come true is looked at again and again,
and only one that never does is a failure.
"""
import itertools
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

LONG = bool(os.environ.get("WEFT_TEST_LONG"))
RELOADS = 30 if LONG else 2
ROUND = 200 if LONG else 12	# connections between two counts of descriptors
HELD = 6			# transfers that a reload and the end come in the middle of
PATIENCE = 60			# seconds until a condition counts as never

work = sys.argv[1]
os.chdir(work)
failures = []


def complain(text):
    print("FAILED: " + text)
    failures.append(text)


def until(condition):
    """True as soon as it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# ---- clients ---------------------------------------------------------------------

WAYS = [
    (ssl.TLSVersion.TLSv1_3, None),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA256"),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES256-GCM-SHA384"),
    (ssl.TLSVersion.TLSv1_2, "DHE-RSA-AES256-CCM"),
]


def context(version, suite):
    c = ssl.create_default_context(cafile="ca.pem")
    c.minimum_version = c.maximum_version = version
    if suite:
        c.set_ciphers(suite + ":@SECLEVEL=0")
    return c


contexts = [context(*way) for way in WAYS]
turn = itertools.cycle(contexts)


class Transfer:
    """A page that is asked for, and read as far as its first bytes."""

    def __init__(self, name):
        self.want = pages[name]
        raw = socket.socket(socket.AF_INET if port else socket.AF_UNIX)
        try:
            raw.connect(("127.0.0.1", port) if port else "sock")
            raw.settimeout(PATIENCE)
            self.sock = next(turn).wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            raw.close()
            raise
        self.sock.sendall(b"GET /%s HTTP/1.0\r\n\r\n" % name.encode())
        self.got = self.sock.recv(100)

    def rest(self):
        with self.sock:
            while True:
                part = self.sock.recv(65536)
                if not part:
                    break
                self.got += part
        body = self.got.partition(b"\r\n\r\n")[2]
        if body != self.want:
            raise OSError("%d bytes of %d arrived" % (len(body), len(self.want)))


def fetch(what, name="small"):
    try:
        Transfer(name).rest()
    except OSError as e:
        complain("%s: %s" % (what, e))


def answers():
    try:
        Transfer("small").rest()
        return True
    except OSError:
        return False


def hold():
    return [Transfer("page") for _ in range(HELD)]


def release(what, held):
    for one in held:
        try:
            one.rest()
        except OSError as e:
            complain("%s: a transfer under way: %s" % (what, e))


class Backend:
    """What the proxies forward to: the pages, without TLS."""

    def __init__(self, family, address):
        self.sock = socket.socket(family)
        self.sock.bind(address)
        self.sock.listen(64)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            threading.Thread(target=self.serve, args=(self.sock.accept()[0],), daemon=True).start()

    @staticmethod
    def serve(sock):
        with sock:
            try:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    part = sock.recv(4096)
                    if not part:
                        return
                    asked += part
                body = pages[asked.split()[1].decode().lstrip("/")]
                sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                             % len(body) + body)
            except OSError:
                pass	# the client is the one who notices


# ---- processes -------------------------------------------------------------------

class Server:
    """A command and all that it starts: a session of its own."""

    def __init__(self, argv, conf):
        env = dict(os.environ, OPENSSL_CONF=os.path.join(work, conf + ".cnf"),
                   WEFT_REPORT=os.path.join(work, "report"))
        open("report", "w").close()
        self.log = open("server.log", "w+")
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)

    def processes(self):
        found = set()
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open("/proc/%s/stat" % name) as f:
                    state, _, _, session = f.read().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(session) == self.process.pid and state not in "ZX":
                found.add(int(name))
        return found

    def descriptors(self):
        total = 0
        for pid in self.processes():
            try:
                total += len(os.listdir("/proc/%d/fd" % pid))
            except OSError:
                pass
        return total

    def has_module(self):
        for pid in self.processes():
            with open("/proc/%d/maps" % pid) as f:
                if "/weft.so" in f.read():
                    return True
        return False

    def end(self, what, how):
        """All of it goes by itself, after a signal."""
        self.process.send_signal(how)
        if not until(lambda: self.process.poll() is not None):
            complain("%s: does not end" % what)
        elif self.process.returncode:
            complain("%s: exit status %d" % (what, self.process.returncode))
        if not until(lambda: not self.processes()):
            complain("%s: left behind: %s" % (what, self.processes()))
        self.kill()

    def kill(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()

    def said(self):
        self.log.seek(0)
        return self.log.read()[-2000:]


# ---- the servers -----------------------------------------------------------------

def nginx():
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join("%s_temp_path %s/t_%s;" % (n, work, n) for n in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return """daemon off; master_process on; worker_processes 2; pid %(work)s/nginx.pid;
error_log %(work)s/server.log; %(user)s
events { worker_connections 64; }
http {
    access_log off; default_type text/plain; %(temporary)s
    ssl_certificate %(work)s/rsa.pem; ssl_certificate_key %(work)s/rsa.key;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;
    ssl_dhparam %(work)s/dh.pem; ssl_session_cache shared:s:1m;
    server { listen unix:%(work)s/sock ssl; root %(work)s/www; }
}
""" % {"work": work, "user": user, "temporary": temporary}


def haproxy(extra=""):
    return """global
    ssl-dh-param-file %(work)s/dh.pem
    %(extra)s
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 60s
frontend test
    bind unix@%(work)s/sock ssl crt %(work)s/both.pem ciphers ALL:@SECLEVEL=0
    default_backend pages
backend pages
    server one unix@%(work)s/plain
""" % {"work": work, "extra": extra}


def stunnel():
    return """foreground = yes
pid =
cert = %(work)s/both.pem
ciphers = ALL:@SECLEVEL=0
[test]
accept = 127.0.0.1:%(port)d
connect = 127.0.0.1:%(backend)d
""" % {"work": work, "port": port, "backend": backend.sock.getsockname()[1]}


# What a server does at a reload and at its end, beside coming to it: nobody is refused during
# a reload, transfers that a reload comes in the middle of are finished, and those at the end.
SERVES, RELOADED, FINISHED = 1, 2, 4

# name, command, configuration, signals for a reload and for the end, what it does, whether it
# is asked by TCP (stunnel itself loses data on local sockets), and for each configuration the
# way that ciphers go (stunnel does not end by exit() and leaves no report)
HAPROXY = ["haproxy", "-W", "-db", "-f", "server.conf"]
ROWS = {
    "nginx": [("nginx", ["nginx", "-p", work, "-c", "server.conf"], nginx, signal.SIGHUP,
               signal.SIGQUIT, SERVES | RELOADED | FINISHED, False,
               {"weft": "cpu", "forced": "sync"})],
    # The engine: by nginx's own word for it, and with everything sent through the device.
    "nginx-engine": [("nginx, ssl_engine", ["nginx", "-p", work, "-c", "server.conf"],
                      lambda: "ssl_engine weft;\n" + nginx(), signal.SIGHUP, signal.SIGQUIT,
                      SERVES | RELOADED | FINISHED, False, {"plain": None, "engine": "sync"})],
    "haproxy": [("haproxy", HAPROXY, haproxy, signal.SIGUSR2, signal.SIGUSR1,
                 SERVES | RELOADED | FINISHED, False, {"weft": "cpu", "forced": "sync"}),
                # libssl runs jobs, and their descriptors are waited for.
                ("haproxy, jobs", HAPROXY, lambda: haproxy("ssl-mode-async"), signal.SIGUSR2,
                 signal.SIGUSR1, SERVES | RELOADED | FINISHED, False, {"forced": "async"})],
    "stunnel": [("stunnel", ["stunnel", "server.conf"], stunnel, signal.SIGHUP, signal.SIGTERM,
                 RELOADED, True, {"weft": None, "forced": None})],
}


def reloads(what, server, how, promises):
    for _ in range(RELOADS):
        before = server.processes() - {server.process.pid}
        held = hold()
        server.process.send_signal(how)
        # While the old workers finish, the new ones serve.
        if before and not until(lambda: server.processes() - before - {server.process.pid}):
            complain("%s: no new worker" % what)
        if promises & SERVES:
            for _ in WAYS:
                fetch("%s: during a reload" % what)
        if promises & RELOADED:
            release(what, held)
        if not until(answers):
            complain("%s: does not answer after a reload" % what)
        if not until(lambda: not server.processes() & before):
            complain("%s: workers of before the reload stay" % what)


def leaks(what, server):
    """What is opened once, at first use, is open after some rounds."""
    counts = []
    for _ in range(8):
        for _ in range(ROUND):
            fetch(what)
        if not counts:
            counts = [server.descriptors()]
            continue
        # They end connections after their clients have.
        if until_few(lambda: server.descriptors() <= counts[-1]):
            return
        counts.append(server.descriptors())
    complain("%s: descriptors grow with the connections: %s" % (what, counts))


def until_few(condition):
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.01)
    return False


def started(what, argv, conf_text, conf, tcp):
    """The server, when it answers. A port may be taken by others before it is used."""
    global port
    for _ in range(5 if tcp else 1):
        if tcp:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        with open("server.conf", "w") as f:
            f.write(conf_text())
        server = Server(argv, conf)
        if until(lambda: server.process.poll() is not None or answers()) and \
                server.process.poll() is None:
            return server
        said = server.said()
        server.kill()
    complain("%s: does not answer: %s" % (what, said))
    return None


def drill(name, argv, conf_text, reload, end, promises, tcp, conf, path):
    what = "%s, %s" % (name, conf)
    server = started(what, argv, conf_text, conf, tcp)
    if not server:
        return
    try:
        for _ in WAYS:
            fetch(what, "page")
        reloads(what, server, reload, promises)
        leaks(what, server)
        if not server.has_module():
            complain("%s: the module is not in it" % what)
        held = hold() if promises & FINISHED else []
        ender = threading.Thread(target=server.end, args=(what, end))
        ender.start()
        release(what + ", end", held)
        ender.join()
    except OSError as e:
        complain("%s: %s: %s" % (what, e, server.said()))
    finally:
        server.kill()
        if os.path.exists("sock"):
            os.unlink("sock")
    if path:
        reported(what, path, "id-aes")


def reported(what, path, cipher):
    """The ciphers went the way that the configuration says."""
    with open("report") as f:
        report = f.read()
    if not any("\talgorithm=" + cipher in line and "\t%s=0\t" % path not in line
               for line in report.splitlines()):
        complain("%s: no %s by way of '%s': %s" % (what, cipher, path, report[:600]))


def main():
    global backend
    os.mkdir("www")
    for name, data in pages.items():
        with open("www/" + name, "wb") as f:
            f.write(data)
    with open("both.pem", "wb") as f:
        for part in ("rsa.pem", "rsa.key"):
            with open(part, "rb") as g:
                f.write(g.read())
    Backend(socket.AF_UNIX, "plain")
    backend = Backend(socket.AF_INET, ("127.0.0.1", 0))
    for row in ROWS[sys.argv[2]]:
        for conf, path in row[-1].items():
            drill(*row[:-1], conf, path)
    return 1 if failures else 0


port = 0
backend = None
# Larger than what sockets hold, so that a transfer that was begun is not over.
pages = {"page": os.urandom(1500000).hex().encode(), "small": os.urandom(1500).hex().encode()}

if __name__ == "__main__":
    sys.exit(main())
