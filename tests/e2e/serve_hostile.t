#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit serve under clients that mean it harm, or are merely broken. After each of them the
server must still answer others."""

import os
import select
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import *

server = Serve("--max-connections", "2200", files=4096)


def well(name):
    status, _, _ = server.ask("GET", "/healthz")
    ok(status == 200 and server.alive(), f"{name}: others are served")


def post(head, body=b"", path=b"/v1/chat/completions"):
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n" + body


def code(answer):
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else answer[:40]


# --- what is not HTTP ------------------------------------------------------------------------
GET = b"GET /healthz HTTP/1.1\r\n"
for name, request, want in (
        ("garbage", b"\x00\xff\x00\xff\r\n\r\n", 400),
        ("bare line feeds", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
        ("no host", GET + b"\r\n", 400),
        ("two hosts", GET + b"Host: x\r\nHost: x\r\n\r\n", 400),
        ("a folded line", GET + b"Host: x\r\nA: b\r\n c\r\n\r\n", 400),
        ("space before the colon", GET + b"Host : x\r\n\r\n", 400),
        ("NUL in a field", GET + b"Host: x\x00y\r\n\r\n", 400),
        ("an absolute target", b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        ("HTTP/0.9", b"GET /\r\n\r\n", 400),
        ("length and chunked", post(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                                    b"2\r\n{}\r\n0\r\n\r\n"), 400),
        ("two lengths", post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"), 400),
        ("a list of lengths", post(b"Content-Length: 2, 2\r\n", b"{}"), 400),
        ("a negative length", post(b"Content-Length: -2\r\n"), 400),
        ("a length with a sign", post(b"Content-Length: +2\r\n", b"{}"), 400),
        ("a huge length", post(b"Content-Length: 18446744073709551618\r\n", b"{}"), 400),
        ("gzip coding", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
        ("an odd expectation", post(b"Expect: cake\r\nContent-Length: 2\r\n", b"{}"), 417),
        ("no chunk size", post(b"Transfer-Encoding: chunked\r\n", b"\r\n{}\r\n0\r\n\r\n"), 400),
        ("a chunk size that is none", post(b"Transfer-Encoding: chunked\r\n", b"xyz\r\n"), 400),
        ("an endless chunk size", post(b"Transfer-Encoding: chunked\r\n", b"0" * 100), 400),
        ("a chunk longer than it says", post(b"Transfer-Encoding: chunked\r\n",
                                             b"2\r\n{}}\r\n0\r\n\r\n"), 400),
        ("a huge chunk", post(b"Transfer-Encoding: chunked\r\n",
                              b"fffffffffff\r\n" + b"a" * 65536), None),
        ("endless chunk extensions", post(b"Transfer-Encoding: chunked\r\n",
                                          b"2;" + b"a" * 9000 + b"\r\n{}"), 400),
        ("endless trailers", post(b"Transfer-Encoding: chunked\r\n",
                                  b"0\r\n" + b"a: b\r\n" * 2000), 400),
        ("64 fields and one", GET + b"Host: x\r\n" + b"A: b\r\n" * 64 + b"\r\n", 431),
        ("a field of 20 KB", GET + b"Host: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n", 431),
        ("a line of 20 KB", b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431)):
    if want is None:
        sock = server.tls()
        sock.sendall(request)
        sock.close()
        ok(server.alive(), f"{name}: early close")
        continue
    answer = server.say(request)
    equal(code(answer), want, f"{name}: {want}")
    ok(b'"error"' in answer, f"{name}: in OpenAI's shape", answer[-200:])
well("malformed requests")

# Two requests in one write, the second hidden in what looks like the first one's body.
two = server.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3 +
                 b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
equal(two.count(b"HTTP/1.1 200 OK"), 4, "requests in a row are answered in a row")
mixed = server.say(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\n\r\n" +
                   b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
equal([mixed.count(b"HTTP/1.1 400"), mixed.count(b"HTTP/1.1 200")], [1, 1],
      "a chunked body ends where it says")

# --- plain HTTP and garbage where TLS is expected ---------------------------------------------
for name, first in (("plain HTTP", b"GET / HTTP/1.1\r\n\r\n"), ("garbage", os.urandom(600)),
                    ("nothing", b"")):
    sock = server.raw()
    sock.sendall(first)
    if first:
        sock.settimeout(WAIT)
        try:
            data = sock.recv(4096)
        except ConnectionError:
            data = b""
        ok(b"HTTP" not in data, f"{name} to the TLS port gets no HTTP answer", data)
    sock.close()
well("no TLS")

# --- bodies ----------------------------------------------------------------------------------
sock = server.tls()
sock.sendall(post(b"Content-Length: 100000000\r\n"))
equal(code(sock.recv(4096)), 413, "100 MB announced: refused before a byte of it is sent")
sock.close()

sock = server.tls()
sock.sendall(post(b"Content-Length: 100000000\r\n"))
sent = 0
sock.settimeout(WAIT)
try:
    while sent < 100000000:
        sent += sock.send(b"a" * 65536)
except OSError:
    pass
ok(sent < 100000000, "100 MB sent regardless: cut off", sent)
sock.close()

sock = server.tls()
sock.sendall(post(b"Transfer-Encoding: chunked\r\n"))
sent = 0
try:
    while sent < 100000000:
        sock.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
        sent += 65536
except OSError:
    pass
ok(8000000 < sent < 100000000, "100 MB in chunks: cut off after the limit", sent)
sock.close()
well("large bodies")
ok(server.status_kb("VmHWM") < 300 * 1024, "and they cost little memory", server.status_kb("VmHWM"))

body = server.chat(max_tokens=1)
sock = server.tls()
sock.sendall(post(b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(body)))
equal(sock.recv(4096), b"HTTP/1.1 100 Continue\r\n\r\n", "Expect: 100-continue is answered")
sock.sendall(body)
equal(code(sock.recv(4096)), 200, "and then the request")
sock.close()

for cut in (1, 20, 60, 90):
    sock = server.tls()
    sock.sendall(post(b"Content-Length: 1000\r\n", b"a" * 500)[:cut * 6])
    sock.close()
well("requests cut short")

# --- a reader that does not read --------------------------------------------------------------
slow = server.tls()
body = server.chat(max_tokens=1000, stream=True, temperature=1.5)
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.sendall(post(b"Content-Length: %d\r\n" % len(body), body))
well("a slow reader")
slow.close()
ok(until(lambda: server.metric("tacit_jobs_running") == 0), "its job ends with it")

# --- schemas that cost -----------------------------------------------------------------------
def schema(value, **more):
    body = server.chat(max_tokens=300, response_format={
        "type": "json_schema", "json_schema": {"name": "n", "schema": value}}, **more)
    began = server.cpu_seconds()
    status, _, data = server.ask("POST", "/v1/chat/completions", body)
    return status, data, server.cpu_seconds() - began


def computes(name):
    """The threads that all share are free again, not only the loop."""
    status, _, _ = server.ask("POST", "/v1/chat/completions", server.chat(max_tokens=2))
    ok(status == 200 and server.alive(), f"{name}: others are answered")


doubling = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(28)}
doubling["a28"] = {"type": "string"}
for name, value in [
        ("a range without end", {"type": "integer", "minimum": 2 ** 62}),
        ("nested repetition", {"type": "string", "pattern": "^" + "(a*)*" * 400 + "$"}),
        ("2^28 alternatives", {"$ref": "#/$defs/a0", "$defs": doubling}),
        ("3,000 optional members", {"properties": {f"p{i}": {} for i in range(3000)}})]:
    status, data, _ = schema(value)
    equal(status, 400, f"{name}: 400")
    computes(name)
# Within every limit on its own: what is left is charged while it runs.
status, data, seconds = schema({"anyOf": [{"type": "string",
                                           "pattern": "^" + "(.*)*" * 20 + "$"}] * 24})
print(f"# {seconds:.1f} s of processor time", flush=True)
ok(seconds < 15, "24 costly patterns at one place are ended soon", (status, data, seconds))
computes("costly patterns")

# --- 2,000 idle connections ------------------------------------------------------------------
idle_kb = server.status_kb("VmRSS")
many = []
for _ in range(2000):
    many.append(server.tls())
equal(server.metric("tacit_connections_open"), 2001, "2,000 idle connections are held")
grown = server.status_kb("VmRSS") - idle_kb
print(f"# {grown} KB for 2,000 connections", flush=True)
if "asan" in os.path.realpath(TACIT):
    skip("each costs less than 100 KB", "the sanitizer takes more")
else:
    ok(grown < 2000 * 100, "each costs less than 100 KB", grown)
sock = many[1234]
sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
equal(code(sock.recv(4096)), 200, "one of them is answered")
well("2,000 idle connections")

# Over the limit the one idle longest makes room.
more = [server.tls() for _ in range(300)]
well("more connections than the limit")
ok(server.metric("tacit_evicted_total") > 0, "the oldest idle ones made room")
for sock in many + more:
    sock.close()
ok(until(lambda: server.metric("tacit_connections_open") == 1), "closed ones are forgotten")
equal(server.stop(), 0, "stops with 0")

# --- out of descriptors ----------------------------------------------------------------------
tight = Serve(files=96)
held = []
for _ in range(150):
    held.append(tight.raw())
ok(tight.alive(), "more connections than descriptors")
before = sum(os.times()[:2])
cpu = open(f"/proc/{tight.process.pid}/stat").read().split()[13:15]
select.select([], [], [], 1.0)
cpu2 = open(f"/proc/{tight.process.pid}/stat").read().split()[13:15]
ok(sum(map(int, cpu2)) - sum(map(int, cpu)) < 50, "no busy loop while there are none", (cpu, cpu2))
for sock in held:
    sock.close()
status, _, _ = tight.ask("GET", "/healthz")
equal(status, 200, "served again when they are back")
equal(tight.stop(), 0, "stops with 0")
done()
