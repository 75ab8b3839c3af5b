#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit relay's way out for an enclave, its heartbeat, and its metrics: what is let through, and
everything that is not."""

import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relaying import *

ANY = "tcp:127.0.0.1:0"
BLOB = os.urandom(1 << 20)
server = Server()
listed = write("vsock-proxy.yaml", f"""# as AWS writes it
allowlist:
- {{address: kms.us-east-1.amazonaws.com, port: 443}}
- address: 127.0.0.2   # an address is taken at its word
  port: {server.port}
""")
quiet = Server()
relay = Relay("--egress", ANY, "--allow", f"localhost:{quiet.port}",
              "--allow-private", f"LOCALHOST.:{server.port}", "--allow", "no-such-host.invalid:1",
              "--allow", "127.0.0.1:1", "--allow-file", listed,
              "--heartbeat", ANY, "--metrics", ANY)


def ask(target, more=b"", line=None, fields=b""):
    sock = relay.connect()
    head = line or b"CONNECT " + target.encode() + b" HTTP/1.1\r\n"
    sock.sendall(head + b"Host: x\r\n" + fields + b"\r\n" + more)
    return sock


def head(sock):
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        part = sock.recv(1)
        if not part:
            break
        text += part
    return text


def code(text):
    return int(text[9:12]) if text.startswith(b"HTTP/1.1 ") else text


slow = relay.connect()  # says half of a request, and is looked at again at the end
slow.sendall(b"CONNECT localhost")

# --- allowed ---------------------------------------------------------------------------------
HERE = f"localhost:{server.port}"
for name, target in (("a name", HERE), ("another spelling of it", f"LocalHost.:{server.port}"),
                     ("a listed address", f"127.0.0.2:{server.port}")):
    if "address" in name:  # the server listens at 127.0.0.1 alone
        equal(code(head(ask(target))), 502, f"{name} is tried")
        continue
    sock = ask(target)
    peer = server.accept()
    equal(code(head(sock)), 200, f"{name}: 200")
    got = later(rest, peer)
    sock.sendall(BLOB)
    sock.shutdown(socket.SHUT_WR)
    ok(got() == BLOB, f"{name}: and bytes go through")
    peer.sendall(b"bye")
    peer.close()
    equal(rest(sock), b"bye", f"{name}: both ways")

sock = ask(HERE, more=b"early bytes")
peer = server.accept()
equal(exactly(peer, 11), b"early bytes", "what came with the request goes to the other side")
equal(head(sock)[:12], b"HTTP/1.1 200", "and the answer comes")
peer.close()

sock = relay.connect()
for byte in f"CONNECT {HERE} HTTP/1.1\r\nHost: x\r\n\r\n".encode():
    sock.sendall(bytes([byte]))
server.accept()
equal(code(head(sock)), 200, "a request byte by byte")

if shutil.which("curl"):
    host = relay.addresses[0].removeprefix("tcp:")
    curl = subprocess.Popen(["curl", "-s", "-p", "-m", str(WAIT), "-x", f"http://{host}",
                             f"http://{HERE}/"], stdout=subprocess.PIPE)
    peer = server.accept()
    ok(b"GET / HTTP/1.1" in peer.recv(4096), "curl through it as its proxy")
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntea\n")
    equal(curl.communicate()[0], b"tea\n", "gets its answer")
else:
    skip("curl", "no curl")

# --- not allowed -----------------------------------------------------------------------------
for name, target in (
        ("a host that is not listed", f"example.com:{server.port}"),
        ("a port that is not listed", f"localhost:{server.port ^ 1}"),
        ("a listed host with another's port", "kms.us-east-1.amazonaws.com:80"),
        ("an address that a listed name has", f"127.0.0.1:{server.port}"),
        ("the same in IPv6", f"[::1]:{server.port}"),
        ("the same mapped", f"[::ffff:127.0.0.1]:{server.port}"),
        ("the same in octal", f"0177.0.0.1:{server.port}"),
        ("the same as a number", f"2130706433:{server.port}"),
        ("the same cut short", f"127.1:{server.port}"),
        ("a listed name that resolves to this host", f"localhost:{quiet.port}"),
        ("a name with a listed one in it", f"localhost.example.com:{server.port}"),
        ("a name before a listed one", f"x.localhost:{server.port}"),
        ("the metadata service", "169.254.169.254:80")):
    answer = rest(ask(target))
    equal(code(answer), 403, f"{name}: 403")
quiet.sock.settimeout(0.2)
try:
    quiet.accept()
    ok(False, "nobody was connected to what is not allowed")
except TimeoutError:
    ok(True, "nobody was connected to what is not allowed")

# --- not even a request ----------------------------------------------------------------------
for name, line, fields, want in (
        ("GET", b"GET http://localhost/ HTTP/1.1\r\n", b"", 405),
        ("garbage", b"\x00\xff\x16\x03\x01\r\n", b"", 400),
        ("no port", b"CONNECT localhost HTTP/1.1\r\n", b"", 400),
        ("no host", b"CONNECT :443 HTTP/1.1\r\n", b"", 400),
        ("port 0", b"CONNECT localhost:0 HTTP/1.1\r\n", b"", 400),
        ("port 65536", b"CONNECT localhost:65536 HTTP/1.1\r\n", b"", 400),
        ("a long port", b"CONNECT localhost:00000000443 HTTP/1.1\r\n", b"", 400),
        ("a path", b"CONNECT localhost:443/x HTTP/1.1\r\n", b"", 400),
        ("a user", b"CONNECT me@localhost:443 HTTP/1.1\r\n", b"", 400),
        ("NUL in the name", b"CONNECT localhost\x00.x:443 HTTP/1.1\r\n", b"", 400),
        ("two blanks", b"CONNECT  localhost:443 HTTP/1.1\r\n", b"", 400),
        ("HTTP/2", b"CONNECT localhost:443 HTTP/2.0\r\n", b"", 400),
        ("a bare line feed", b"CONNECT localhost:443 HTTP/1.1\n", b"", 400),
        ("a body", None, b"Content-Length: 5\r\n", 400),
        ("a chunked body", None, b"Transfer-Encoding: chunked\r\n", 400),
        ("a field without a name", None, b": x\r\n", 400),
        ("a field without a colon", None, b"x\r\n", 400),
        ("a folded field", None, b"a: b\r\n c: d\r\n", 400)):
    equal(code(rest(ask(HERE, line=line, fields=fields))), want, f"{name}: {want}")
sock = relay.connect()
sock.sendall(b"CONNECT localhost:1 HTTP/1.1\r\n" + b"a: b\r\n" * 677)  # 4,092 bytes
sock.sendall(b"a: b")
equal(code(rest(sock)), 431, "4,096 bytes without an end: 431")
equal(code(rest(ask("no-such-host.invalid:1"))), 502, "a name that nobody has: 502")
equal(code(rest(ask("127.0.0.1:1"))), 502, "nobody listens: 502")
sock = relay.connect()
sock.sendall(b"CONNECT local")
sock.close()
ok(relay.alive(), "an early end")
ok(relay.metric('tacit_relay_refused_total{why="target"}') == 13, "refusals are counted")

# --- heartbeat -------------------------------------------------------------------------------
sock = relay.connect(1)
sock.sendall(b"\xb7")
equal(rest(sock), b"\xb7", "0xB7 is answered with 0xB7")
sock = relay.connect(1)
sock.sendall(b"\xb8")
ok(rest(sock) in (b"", None), "anything else with nothing")
sock = relay.connect(1)
sock.sendall(b"\xb7" * 100000)
equal(exactly(sock, 1), b"\xb7", "a flood of them is one")
sock.close()
ok(relay.wait_event("heartbeat"), "it is said")

# --- metrics ---------------------------------------------------------------------------------
for name, request, want in (("another path", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
                            ("POST", b"POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
                            ("garbage", b"garbage\r\n\r\n", 400)):
    sock = relay.connect(2)
    sock.sendall(request)
    equal(code(rest(sock)), want, f"metrics, {name}: {want}")
sock = relay.connect(2)
sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
text = rest(sock)
ok(int(re.search(rb"Content-Length: (\d+)", text)[1]) == len(text.split(b"\r\n\r\n", 1)[1]),
   "metrics are as long as they say")
ok(b"localhost" not in text, "and name nobody")
families, faults = [], []
for line in text.split(b"\r\n\r\n", 1)[1].decode().splitlines():
    told = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)
    sample = re.fullmatch(r'(\w+)(?:\{(?:why|rule)="\w+"\})? \d+', line)
    if told and told[1] == "HELP":
        families.append(told[2])
    elif told:
        faults += [] if told[2] == families[-1] and told[3] in ("counter", "gauge") else [line]
        faults += [] if (told[3] == "counter") == told[2].endswith("_total") else [line]
    elif not sample or sample[1] != families[-1]:
        faults.append(line)
ok(not faults and len(families) == len(set(families)) > 10,
   "every sample stands below its help and type, each family once", faults)

# --- the list changes ------------------------------------------------------------------------
config = write("relay.conf", f"egress {ANY}\nallow-private localhost:{server.port}\n")
second = Relay("--config", config)
sock = second.connect()
sock.sendall(f"CONNECT {HERE} HTTP/1.1\r\n\r\n".encode())
server.accept()
equal(code(head(sock)), 200, "allowed by the configuration")
write("relay.conf", f"egress {ANY}\nallow-private localhost:1\n")
second.kill(signal.SIGHUP)
second.wait_event("reloaded")
sock = second.connect()
sock.sendall(f"CONNECT {HERE} HTTP/1.1\r\n\r\n".encode())
equal(code(rest(sock)), 403, "and no more after a reload")
second.stop()

equal(ended(slow), "reset", "half a request is not waited for")
well_known = ask(HERE)
server.accept()
equal(code(head(well_known)), 200, "and others are served")
equal(relay.stop(), 0, "it ends well")
done()
