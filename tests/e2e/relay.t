#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit relay: what goes through, how it ends, and what it does about peers that are slow, cut,
greedy or too many."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relaying import *

ANY = "tcp:127.0.0.1:0"
BLOB = os.urandom(3 << 20) + b"end"
server = Server()
unix = Server(unix="up.sock")
relay = Relay("--listen", ANY, "--to", server.address,
              "--listen", "unix:" + path("down.sock"), "--to", server.address,
              "--listen", ANY, "--to", unix.address,
              "--listen", ANY, "--to", f"tcp:localhost:{server.port}",
              "--metrics", ANY)

# --- what goes through -----------------------------------------------------------------------
for which, to, name in ((0, server, "tcp to tcp"), (1, server, "unix to tcp"),
                        (2, unix, "tcp to unix"), (3, server, "a name to connect to")):
    client, peer = to.pair(relay, which)
    got = later(rest, peer)
    client.sendall(BLOB)
    client.shutdown(socket.SHUT_WR)
    ok(got() == BLOB, f"{name}: all bytes arrive, then the end")
    got = later(rest, client)
    peer.sendall(BLOB[::-1])
    peer.close()
    ok(got() == BLOB[::-1], f"{name}: and the answer after a half-close")
    client.close()

client, peer = server.pair(relay)
there, back = later(rest, peer), later(rest, client)
sent = later(lambda: (peer.sendall(BLOB), peer.shutdown(socket.SHUT_WR)))
client.sendall(BLOB)
client.shutdown(socket.SHUT_WR)
ok(there() == BLOB and back() == BLOB, "both directions at once")

client, peer = server.pair(relay)
peer.shutdown(socket.SHUT_WR)
equal(ended(client), "closed", "the server's end reaches the client")
client.sendall(b"more")
equal(exactly(peer, 4), b"more", "which still speaks")
client.close()
equal(ended(peer), "closed", "until it ends too")

client, peer = server.pair(relay)
client.close()
equal(ended(peer), "closed", "an end without a byte")

client, peer = server.pair(relay)
client.sendall(b"x")
exactly(peer, 1)
reset(client)
equal(ended(peer), "reset", "a client's reset is a reset")
client, peer = server.pair(relay)
peer.sendall(b"x")
exactly(client, 1)
reset(peer)
equal(ended(client), "reset", "a server's reset is a reset")

# A server that answers early and takes nothing more must still be heard.
client, peer = server.pair(relay)
client.sendall(BLOB[:1000])
exactly(peer, 1000)
peer.sendall(b"413 too large")
peer.shutdown(socket.SHUT_RDWR)
equal(exactly(client, 13), b"413 too large", "an early answer arrives")
client.close()
peer.close()

equal(relay.metric("tacit_relay_copied_bytes_total"), 0, "nothing went through user space")
ok(relay.metric("tacit_relay_up_bytes_total") > 4 * len(BLOB), "bytes are counted")
equal(relay.wait_metric("tacit_relay_connections", 1), 1, "nothing is left but who looks")

# --- slow and greedy -------------------------------------------------------------------------
client, peer = server.pair(relay)
client.setblocking(False)
held = 0
quiet = 0
while quiet < 20 and held < (64 << 20):  # until nothing is taken for a second
    try:
        held += client.send(BLOB)
        quiet = 0
    except BlockingIOError:
        quiet += 1
        time.sleep(0.05)
ok(0 < held < (64 << 20), "who does not read stops who writes", held)
well(relay, server, "beside a full connection")
client.settimeout(WAIT)
client.shutdown(socket.SHUT_WR)
equal(len(rest(peer)), held, "what was held arrives when it is read")
client.close()
peer.close()

floods = [server.pair(relay) for _ in range(8)]
halt = []


def flood(sock):
    try:
        while not halt:
            sock.sendall(BLOB)
    except OSError:
        pass


def drink(sock):
    try:
        while not halt:
            sock.recv(1 << 16)
    except OSError:
        pass


for client, peer in floods:
    later(flood, client)
    later(drink, peer)
well(relay, server, "beside eight floods")
halt.append(True)
for client, peer in floods:
    reset(client)
    reset(peer)

for _ in range(200):
    server.sock.settimeout(WAIT)
    client = relay.connect()
    client.sendall(b"gone at once")
    reset(client)
while True:  # some were never accepted: what is left must be drained before the next test
    server.sock.settimeout(0.5)
    try:
        server.accept().close()
    except TimeoutError:
        break
server.sock.settimeout(WAIT)
well(relay, server, "two hundred that left at once")

# --- the other side is not there -------------------------------------------------------------
gone = Server()
gone.sock.close()
deaf = Server(unix="deaf.sock", backlog=0)
plug = [socket.socket(socket.AF_UNIX) for _ in range(2)]
for sock in plug:
    sock.setblocking(False)
    try:
        sock.connect(path("deaf.sock"))
    except BlockingIOError:
        pass
other = Relay("--listen", ANY, "--to", gone.address, "--listen", ANY, "--to", deaf.address,
              "--listen", ANY, "--to", "unix:" + path("nothing"),
              "--listen", ANY, "--to", "tcp:no-such-host.invalid:1",
              "--listen", ANY, "--to", server.address,
              "--connect-timeout", "1", "--metrics", ANY)
equal(turned_away(other, 0), "reset", "nobody listens: reset")
equal(turned_away(other, 1), "reset", "nobody accepts: reset after the connect timeout")
equal(turned_away(other, 2), "reset", "no such socket: reset")
equal(turned_away(other, 3), "reset", "no such name: reset")
equal(other.metric('tacit_relay_refused_total{why="connect"}'), 3, "they are counted")
well(other, server, "after all that", which=4)
equal(other.stop(), 0, "it ends well")

patient = Relay("--listen", ANY, "--to", deaf.address, "--connect-timeout", "600")
client = patient.connect()
client.sendall(b"patience")
time.sleep(0.1)  # so that it is tried once in vain; if it was not, the test still holds
deaf.accept().close()
peer = deaf.accept()
equal(exactly(peer, 8), b"patience", "a full backlog is tried again")
patient.stop()

def pour(sock):
    """Sends until the connection ends."""
    try:
        while True:
            sock.sendall(BLOB)
    except ConnectionError:
        return "reset"


# --- limits ----------------------------------------------------------------------------------
few = Relay("--listen", ANY, "--to", server.address, "--max-per-peer", "3", "--idle-timeout", "600",
            "--metrics", "unix:" + path("metrics"))
pairs = [server.pair(few) for _ in range(2)]
third, third_peer = server.pair(few)
equal(turned_away(few), "closed", "one more than a peer may have is closed")
equal(few.wait_event("refused")[0]["why"], "too many connections of one peer", "and said")
third.close()
third_peer.close()
few.wait_metric("tacit_relay_connections", 3)
well(few, server, "after one has gone")
few.stop()

small = Relay("--listen", ANY, "--to", server.address, "--max-connections", "2")
first, second = server.pair(small), server.pair(small)
third = small.connect()
third.sendall(b"my turn")
server.sock.settimeout(1)
try:
    server.accept()
    ok(False, "the third waits")
except TimeoutError:
    ok(True, "the third waits")
server.sock.settimeout(WAIT)
first[0].close()
first[1].close()
equal(exactly(server.accept(), 7), b"my turn", "until the first has gone")
small.stop()

idle = Relay("--listen", ANY, "--to", server.address, "--idle-timeout", "1", "--metrics", ANY)
client, peer = server.pair(idle)
equal(ended(client), "reset", "who is silent too long is reset")
equal(ended(peer), "reset", "at both ends")
client, peer = server.pair(idle)
client.shutdown(socket.SHUT_WR)
equal(ended(peer), "closed", "a half-closed one")
equal(ended(client), "reset", "is no exception")
pipes = idle.metric("tacit_relay_pipes")
full = [server.pair(idle) for _ in range(4)]
ends = [later(pour, client) for client, _ in full]
equal([end() for end in ends], ["reset"] * 4, "nor are those that are full")
left = idle.metric("tacit_relay_pipes")
ok(left <= pipes, "whose pipes are given up, with what they held", f"{left}, {pipes} before")
idle.stop()

hungry = Relay("--listen", ANY, "--to", server.address, files=40)
clients = [hungry.connect() for _ in range(60)]
ok(len(hungry.wait_event("full")) > 0, "it says that descriptors ran out")
before = len(hungry.events)
time.sleep(1)
tries = len(hungry.events) - before
ok(tries <= 15, "and tries again ten times a second, not all the time", tries)
peers = []
server.sock.settimeout(1)
try:
    while True:
        peers.append(server.accept())
except TimeoutError:
    pass
server.sock.settimeout(WAIT)
ok(0 < len(peers) < 40, "some are through", len(peers))
for sock in clients + peers:
    sock.close()
server.sock.settimeout(2)
try:
    while True:
        server.accept().close()
except TimeoutError:
    pass
server.sock.settimeout(WAIT)
well(hungry, server, "after descriptors ran out")
client, peer = server.pair(hungry)
got = later(rest, peer)
client.sendall(BLOB)
client.close()
ok(got() == BLOB, "and bytes go through")
hungry.stop()

COUNT = 5000
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if limit < 2 * COUNT + 200:
    skip("5,000 idle connections", f"this machine allows {limit} descriptors")
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * COUNT + 200, limit))
    many = Relay("--listen", ANY, "--to", server.address, "--max-connections", "6000",
                 "--max-per-peer", "6000", "--metrics", ANY)
    pairs = []
    for i in range(COUNT):
        client, peer = server.pair(many)
        if i % 10 == 0:
            client.sendall(b"hello")
            exactly(peer, 5)
        pairs.append((client, peer))
    equal(many.metric("tacit_relay_connections"), COUNT + 1, "5,000 connections at the same time")
    resident = many.status("VmRSS")
    if "asan" in os.path.realpath(TACIT):
        skip("in less than 64 MB", "a sanitizer has its own memory")
    else:
        ok(resident < 64 * 1024, "in less than 64 MB", f"{resident} kB")
    print(f"# {resident} kB resident")
    ok(many.metric("tacit_relay_pipes") <= 64, "idle ones hold no pipe")
    before = many.ticks()
    time.sleep(1)
    spent = many.ticks() - before
    ok(spent < 5, "and take no time", f"{spent} ticks in a second")
    well(many, server, "beside 5,000")
    for client, peer in pairs:
        client.close()
        peer.close()
    equal(many.wait_metric("tacit_relay_connections", 1), 1, "all of them end")
    many.stop()

equal(relay.stop(), 0, "the first relay ends well")
ok(not os.path.exists(path("down.sock")), "its socket is removed")
done()
