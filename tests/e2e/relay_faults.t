#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit relay among peers that vanish in every phase of a connection, that speak byte by byte,
that are deaf, and that are very many. After each of them it serves others, and nothing is left."""

import os
import random
import select
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relaying import *
from serving import until

ANY = "tcp:127.0.0.1:0"
BLOB = random.Random(1).randbytes(1 << 20)
server = Server()
HERE = f"localhost:{server.port}"


def deaf_tcp():
    """A listener whose backlog is full, and who fills it: SYNs are dropped from then on."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(0)
    fill = []
    while True:
        one = socket.socket()
        one.setblocking(False)
        fill.append(one)
        one.connect_ex(sock.getsockname())
        if not select.select([], [one], [], 0.3)[1]:
            break
    return sock, fill, sock.getsockname()[1]


deaf, plugs, deaf_port = deaf_tcp()
relay = Relay("--listen", ANY, "--to", server.address, "--egress", ANY, "--allow-private", HERE,
              "--allow", f"127.0.0.1:{deaf_port}", "--listen", ANY, "--to",
              f"tcp:127.0.0.1:{deaf_port}", "--heartbeat", ANY, "--metrics", ANY,
              "--connect-timeout", "2")
FORWARD, DEAF, EGRESS, BEAT, METRICS = range(5)  # in the order of kinds


def vanish(sock, how):
    if how == "reset":
        reset(sock)
    else:
        sock.close()


def ask(target, more=b""):
    sock = relay.connect(EGRESS)
    sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + more)
    return sock


def head(sock):
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        part = sock.recv(1)
        if not part:
            break
        text += part
    return text[9:12]


# --- vanishing --------------------------------------------------------------------------------
# Each gives who vanishes and who must learn of it (None: nobody is there yet).
def before_a_word():
    client, peer = server.pair(relay)
    return client, peer


def within_a_stream():
    client, peer = server.pair(relay)
    client.sendall(BLOB[:100000])
    exactly(peer, 100000)
    return client, peer


def with_bytes_held():
    """What was sent fills every buffer on the way; nobody reads."""
    client, peer = server.pair(relay)
    client.setblocking(False)
    quiet = 0
    while quiet < 3:
        try:
            client.send(BLOB)
            quiet = 0
        except BlockingIOError:
            quiet += not select.select([], [client], [], 0.1)[1]
    client.settimeout(WAIT)
    return client, peer


def after_its_end():
    client, peer = server.pair(relay)
    client.sendall(b"x")
    client.shutdown(socket.SHUT_WR)
    equal(rest(peer), b"x", "what it said and its end have arrived")
    return client, peer


def after_the_others_end():
    client, peer = server.pair(relay)
    peer.shutdown(socket.SHUT_WR)
    ended(client)
    return client, peer


def as_the_server():
    client, peer = server.pair(relay)
    client.sendall(BLOB[:1000])
    exactly(peer, 1000)
    return peer, client


def as_the_server_half_way():
    client, peer = server.pair(relay)
    client.shutdown(socket.SHUT_WR)
    ended(peer)
    peer.sendall(BLOB[:1000])
    exactly(client, 1000)
    return peer, client


def while_it_asks():
    sock = relay.connect(EGRESS)
    sock.sendall(b"CONNECT localh")
    return sock, None


def while_a_name_is_looked_up():
    return ask(HERE), None


def while_it_connects():
    return ask(f"127.0.0.1:{deaf_port}", b"early"), None


def while_the_relay_connects():
    return relay.connect(DEAF), None


def in_a_tunnel():
    sock = ask(HERE, b"early")
    peer = server.accept()
    exactly(peer, 5)
    equal(head(sock), b"200", "there is a tunnel")
    return sock, peer


def while_it_is_refused():
    sock = relay.connect(EGRESS)
    sock.sendall(b"CONNECT nowhere:1 HTTP/1.1\r\nHost: x\r\n\r\n" + BLOB[:100000])
    return sock, None


def as_a_heartbeat():
    sock = relay.connect(BEAT)
    sock.sendall(b"\xb7")
    return sock, None


def before_a_heartbeat():
    return relay.connect(BEAT), None


def while_it_looks_at_metrics():
    sock = relay.connect(METRICS)
    sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    return sock, None


PHASES = (before_a_word, within_a_stream, with_bytes_held, after_its_end, after_the_others_end,
          as_the_server, as_the_server_half_way, while_it_asks, while_a_name_is_looked_up,
          while_it_connects, while_the_relay_connects, in_a_tunnel, while_it_is_refused,
          as_a_heartbeat, before_a_heartbeat, while_it_looks_at_metrics)
strays = []


def sees_reset(sock):
    """Whether it ends with one. Who has read an end already is told by poll(2) alone."""
    try:
        while sock.recv(1 << 20):
            pass
    except ConnectionResetError:
        return True
    poller = select.poll()
    poller.register(sock, 0)
    poller.poll(WAIT * 1000)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


for phase in PHASES:
    for how in ("reset", "close"):
        name = f"{how} {phase.__name__.replace('_', ' ')}"
        leaver, other = phase()
        vanish(leaver, how)
        if other and how == "reset":
            ok(sees_reset(other), f"{name}: the other side sees a reset")
        elif other:
            left = rest(other)
            ok(left is not None or phase is after_the_others_end, f"{name}: an end in order",
               left)
        if other:
            other.close()
        if phase is while_a_name_is_looked_up:  # it may have been connected before it left
            server.sock.settimeout(0.3)
            try:
                strays.append(server.accept())
            except TimeoutError:
                pass
            server.sock.settimeout(WAIT)
        client, peer = server.pair(relay)
        client.sendall(b"?")
        ok(exactly(peer, 1) == b"?" and relay.alive(), f"{name}: others are served")
        client.close()
        peer.close()
for sock in strays:
    sock.close()
equal(relay.wait_metric("tacit_relay_connections", 1), 1, "nothing is left of them")
pipes = relay.metric("tacit_relay_pipes")
for gone in ("the client", "the server") * 4:
    client, peer = with_bytes_held()
    leaver, other = (client, peer) if gone == "the client" else (peer, client)
    reset(leaver)
    ok(rest(other) is None, f"bytes on their way when {gone} is gone: a reset")
    other.close()
# Stopped meanwhile, the relay finds bytes for the server and the server's reset at once.
spied = Relay("--listen", ANY, "--to", server.address, "--spy", path("spied"))
for name, one in (("spliced", relay), ("copied", spied)):
    client, peer = server.pair(one)
    client.sendall(b"x")
    exactly(peer, 1)
    os.kill(one.process.pid, signal.SIGSTOP)
    client.sendall(b"more")
    reset(peer)
    os.kill(one.process.pid, signal.SIGCONT)
    ok(rest(client) is None, f"a write that finds a reset, {name}: a reset")
    client.close()
equal(spied.stop(), 0, "it ends well")
equal(relay.wait_metric("tacit_relay_connections", 1), 1, "and their connections")
left = relay.metric("tacit_relay_pipes")  # whose pipes are empty at its end leaves both to the next
ok(left <= max(pipes, 2), "and their pipes", f"{left}, and {pipes} before")

# --- deaf -------------------------------------------------------------------------------------
equal(head(ask(f"127.0.0.1:{deaf_port}")), b"504", "a place that does not answer: 504")
equal(ended(relay.connect(DEAF)), "reset", "and without a request: reset")

# --- byte by byte -----------------------------------------------------------------------------
client, peer = server.pair(relay)
for sock in (client, peer):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
got, back = later(rest, peer), later(rest, client)


def drip(sock, data):
    for byte in data:
        sock.sendall(bytes([byte]))
    sock.shutdown(socket.SHUT_WR)


sent = later(drip, peer, BLOB[:20000])
drip(client, BLOB[20000:40000])
sent()
ok(got() == BLOB[20000:40000] and back() == BLOB[:20000], "40,000 bytes one by one, both ways")
client.close()
peer.close()
client, peer = server.pair(relay)
peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
sent = later(lambda: (client.sendall(BLOB), client.shutdown(socket.SHUT_WR)))
parts = bytearray()
while part := peer.recv(random.Random(len(parts)).randrange(1, 3000)):
    parts += part
ok(bytes(parts) == BLOB, "a reader of small pieces gets every byte in order")
client.close()
peer.close()

# --- many -------------------------------------------------------------------------------------
COUNT = 2000
SIZE = 20000
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if hard < 2 * COUNT + 300:
    skip("2,000 connections that speak", f"this machine allows {hard} descriptors")
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * COUNT + 300, hard))
    many = Relay("--listen", ANY, "--to", server.address, "--max-per-peer", str(COUNT + 10),
                 "--max-connections", str(COUNT + 10), "--metrics", ANY)
    host, port = many.addresses[0].removeprefix("tcp:").rsplit(":", 1)
    clients, peers = [], []
    for _ in range(COUNT):
        client, peer = server.pair(many)
        client.setblocking(False)
        peer.setblocking(False)
        clients.append(client)
        peers.append(peer)
    # Everyone speaks at once; every tenth client does not read, every seventh vanishes half-way.
    poll = select.epoll()
    state = {}
    for i, client in enumerate(clients):
        state[client.fileno()] = ["client", i, client, 0, 0]
        poll.register(client.fileno(), select.EPOLLOUT)
    for i, peer in enumerate(peers):
        state[peer.fileno()] = ["echo", i, peer, bytearray(), False]
        poll.register(peer.fileno(), select.EPOLLIN)
    offsets = [(i * 37) % (len(BLOB) - SIZE) for i in range(COUNT)]
    good, bad, gone = 0, 0, 0
    deaf_ones = {i for i in range(COUNT) if i % 10 == 3}
    leavers = {i for i in range(COUNT) if i % 7 == 5} - deaf_ones
    want = COUNT - len(deaf_ones) - len(leavers)
    deadline = time.monotonic() + WAIT
    while good + bad < want and time.monotonic() < deadline:
        for fd, _ in poll.poll(1):
            if fd not in state:
                continue
            kind, i, sock, a, b = entry = state[fd]
            if kind == "client":
                expected = BLOB[offsets[i]:offsets[i] + SIZE]
                if a < SIZE:
                    try:
                        entry[3] += sock.send(expected[a:a + 7000])
                    except BlockingIOError:
                        continue
                    if i in leavers and entry[3] > SIZE // 2:
                        del state[fd]
                        poll.unregister(fd)
                        reset(sock)
                        gone += 1
                    elif entry[3] == SIZE:
                        poll.modify(fd, 0 if i in deaf_ones else select.EPOLLIN)
                    continue
                try:
                    part = sock.recv(65536)
                except (BlockingIOError, ConnectionResetError):
                    part = None
                if not part or part != expected[b:b + len(part)]:
                    bad += 1
                    poll.unregister(fd)
                    del state[fd]
                    continue
                entry[4] += len(part)
                if entry[4] == SIZE:
                    good += 1
                    poll.unregister(fd)
                    del state[fd]
            else:
                try:
                    part = sock.recv(65536)
                    a += part
                    if a:
                        del a[:sock.send(a)]
                    if not part and not a:
                        poll.unregister(fd)
                        del state[fd]
                    else:
                        poll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if a else 0))
                except BlockingIOError:
                    if a:
                        try:
                            del a[:sock.send(a)]
                        except OSError:
                            pass
                    poll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if a else 0))
                except OSError:
                    poll.unregister(fd)
                    del state[fd]
    ok(good == want and bad == 0, f"{want} of {COUNT} that speak at once get every byte back",
       f"{good} good, {bad} bad")
    equal(gone, len(leavers), f"beside {gone} that vanish and {len(deaf_ones)} that do not read")
    for sock in clients + peers:
        sock.close()
    equal(many.wait_metric("tacit_relay_connections", 1), 1, "all of them end")
    ok(many.metric("tacit_relay_pipes") <= 64, "and give their pipes back")
    equal(many.metric("tacit_relay_copied_bytes_total"), 0, "not a byte went through user space")
    equal(many.stop(), 0, "it ends well")

# --- one after the other ----------------------------------------------------------------------
relay.stop()
churn = Relay("--listen", ANY, "--to", server.address, "--metrics", ANY)


def serve_all(count):
    for _ in range(count):
        peer = server.accept()
        data = peer.recv(100)
        peer.sendall(data)
        peer.close()
    return True


def fds():
    try:
        return len(os.listdir(f"/proc/{churn.process.pid}/fd"))
    except PermissionError:
        return None


def burst(count):
    serving = later(serve_all, count)
    for i in range(count):
        client = churn.connect()
        client.sendall(b"%d" % i)
        assert rest(client) == b"%d" % i
        client.close()
    serving()
    churn.wait_metric("tacit_relay_connections", 1)


burst(200)
time.sleep(0.2)
files, memory = fds(), churn.status("VmRSS")
burst(3000)
left = until(lambda: fds() == files)  # who looked at the metrics may be closing still
ok(left, "3,000 connections leave no descriptor", f"{fds()} instead of {files}")
grown = churn.status("VmRSS") - memory
ok(grown < 1024 or "asan" in os.path.realpath(TACIT), "and no memory", f"{grown} kB")
equal(churn.stop(), 0, "it ends well")
done()
