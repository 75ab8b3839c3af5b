# SPDX-License-Identifier: Apache-2.0
"""A running `tacit relay` for the tests in this folder, and peers at both of its ends."""

import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from serving import TACIT, WAIT, done, equal, ok, skip

FOLDER = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(FOLDER.name, name)


def write(name, text):
    with open(path(name) + ".new", "w") as f:
        f.write(text)
    os.rename(path(name) + ".new", path(name))
    return path(name)


class Relay:
    """One relay process; `events` are its lines, read by a thread."""

    def __init__(self, *args, files=None, env=None, before=(), fds=()):
        def limit():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        command = [*before, os.path.realpath(TACIT), "relay", "--json", *args]
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.stderr,
                                        preexec_fn=limit, env={**os.environ, **(env or {})},
                                        pass_fds=fds)
        self.events = []
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_event("ready")
        self.addresses = [e["address"] for e in self.events if e["event"] == "listening"]

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()
        with self.changed:
            self.events.append({"event": "END"})
            self.changed.notify_all()

    def wait_event(self, name, count=1, **fields):
        def seen():
            found = [e for e in self.events if e["event"] == name
                     and all(fields[k] == e.get(k) for k in fields)]
            return len(found) >= count or self.events[-1:] == [{"event": "END"}]
        with self.changed:
            self.changed.wait_for(seen, WAIT)
            return [e for e in self.events if e["event"] == name]

    def connect(self, which=0):
        return connect(self.addresses[which])

    def kill(self, number):
        self.process.send_signal(number)

    def alive(self):
        return self.process.poll() is None

    def status(self, name):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(rf"^{name}:\s+(\d+)", f.read(), re.M)[1])

    def ticks(self):
        """Of the processor's time."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))

    def stop(self):
        """As asked twice; two signals of a kind that come together are one."""
        if self.alive():
            self.kill(signal.SIGTERM)
            self.wait_event("draining")
            self.kill(signal.SIGTERM)
        code = self.process.wait(WAIT)
        self.stderr.seek(0)
        return code

    def words(self):
        self.stderr.seek(0)
        return self.stderr.read().decode()

    def metric(self, name, which=-1):
        sock = self.connect(which)
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        text = rest(sock).decode()
        found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)
        return int(found[1]) if found else text

    def wait_metric(self, name, want):
        value = None
        for _ in range(WAIT * 20):
            value = self.metric(name)
            if value == want:
                break
            time.sleep(0.05)
        return value


def connect(address):
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(WAIT)
        sock.connect(address[5:])
        return sock
    host, port = address.removeprefix("tcp:").rsplit(":", 1)
    return socket.create_connection((host, int(port)), WAIT)


class Server:
    """What the relay connects to: a listening socket."""

    def __init__(self, unix=None, backlog=1024):
        if unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(path(unix))
            self.sock.listen(backlog)
            self.address = "unix:" + path(unix)
        else:
            self.sock = socket.create_server(("127.0.0.1", 0), backlog=backlog)
            self.port = self.sock.getsockname()[1]
            self.address = f"tcp:127.0.0.1:{self.port}"
        self.sock.settimeout(WAIT)

    def accept(self):
        sock, _ = self.sock.accept()
        sock.settimeout(WAIT)
        return sock

    def pair(self, relay, which=0):
        client = relay.connect(which)
        return client, self.accept()


def rest(sock):
    """Everything up to the end; what a reset cut short ends with None."""
    parts = []
    while True:
        try:
            part = sock.recv(1 << 20)
        except ConnectionResetError:
            return None
        if not part:
            return b"".join(parts)
        parts.append(part)


def exactly(sock, size):
    parts = b""
    while len(parts) < size:
        part = sock.recv(size - len(parts))
        if not part:
            break
        parts += part
    return parts


def ended(sock):
    """How a connection ended: "closed", "reset", or what came instead."""
    try:
        part = sock.recv(1)
    except ConnectionResetError:
        return "reset"
    return part if part else "closed"


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def turned_away(relay, which=0):
    """How a connection ended that the relay has no use for: perhaps before connect(2) is back."""
    try:
        return ended(relay.connect(which))
    except ConnectionResetError:
        return "reset"


def later(work, *args):
    """Runs it on a thread; call the result to wait for what it gave."""
    out = []
    thread = threading.Thread(target=lambda: out.append(work(*args)), daemon=True)
    thread.start()

    def wait():
        thread.join(WAIT)
        return out[0] if out else "nothing in time"
    return wait


def well(relay, server, name, which=0):
    client, peer = server.pair(relay, which)
    client.sendall(b"still there?")
    peer.sendall(exactly(peer, 12).upper())
    ok(exactly(client, 12) == b"STILL THERE?" and relay.alive(), f"{name}: others are served")
    client.close()
    peer.close()
