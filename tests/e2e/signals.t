#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every call that waits is interrupted, a thousand times a second: nothing may take EINTR for an
error, for an end, or for an answer. Each case holds the program in the call in question until
enough interruptions were counted, whatever the speed of the machine."""

import fcntl
import sqlite3
import struct
import sys
import termios
import threading

sys.dont_write_bytecode = True
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import *

TOOLS = os.environ.get("TOOLS", os.path.join(os.path.dirname(os.path.realpath(TACIT)), "tools"))
SHIM = os.path.join(TOOLS, "interrupt.so")
ENOUGH = 40
if not os.path.exists(TACIT) or not os.path.exists(SHIM) or not os.path.exists(MODEL):
    print("1..0 # SKIP build/tacit, tools/interrupt.so or models/demo.gguf is not there")
    sys.exit(0)

folder = tempfile.TemporaryDirectory()
storms = 0


def path(name):
    return os.path.join(folder.name, name)


class Storm:
    """The environment that brings it, and its counters (tests/preload/interrupt.c)."""

    def __init__(self):
        global storms
        storms += 1
        self.counts = path(f"counts-{storms}")
        self.env = {"LD_PRELOAD": SHIM, "INTERRUPT_COUNTS": self.counts,
                    "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ["ASAN_OPTIONS"]}

    def read(self, which):
        try:
            with open(self.counts, "rb") as f:
                data = f.read(24)
        except FileNotFoundError:
            return 0
        return struct.unpack("=3Q", data)[which] if len(data) == 24 else 0

    def wait(self, alive=lambda: True, which=1):
        """Until the first thread's calls were interrupted often enough; False when it ended."""
        goal = self.read(which) + ENOUGH
        until(lambda: self.read(which) >= goal or not alive())
        return self.read(which) >= goal


class Run:
    """A command in a storm. Its output is a file, which is never waited for: standard output goes
    through the C library, which knows no EINTR, and commands that use it have no handlers."""

    def __init__(self, *args, stdin=subprocess.PIPE, stdout=None):
        self.storm = Storm()
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen([TACIT, *args], stdin=stdin, stdout=stdout or self.out,
                                        stderr=self.err, env=dict(os.environ, **self.storm.env))

    def alive(self):
        return self.process.poll() is None

    def waits(self):
        return self.storm.wait(self.alive)

    def text(self, file):
        file.seek(0)
        return file.read()

    def end(self, name, want=0):
        try:
            if self.process.stdin:
                self.process.stdin.close()
        except BrokenPipeError:
            pass
        code = self.process.wait(WAIT)
        ok(code == want, f"{name}: exit {want}", f"exit {code}: {self.text(self.err).decode()}")
        return self.text(self.out)


def fed(name, data, *args, want=0):
    """The input comes in four pieces, each when the read was interrupted often enough."""
    run = Run(*args)
    step = len(data) // 4 + 1
    waited = True
    for at in range(0, len(data), step):
        waited = waited and run.waits()
        try:
            run.process.stdin.write(data[at:at + step])
            run.process.stdin.flush()
        except BrokenPipeError:
            break
    waited = waited and run.waits()
    ok(waited, f"{name}: its reads are interrupted")
    return run.end(name, want)


def plain(*args):
    return subprocess.run([TACIT, *args], capture_output=True, check=True, timeout=WAIT).stdout


# --- the server ------------------------------------------------------------------------------
storm = Storm()
server = Serve("--parallel", "4", env=storm.env)
ok(storm.read(1) > 0, "serve: starts, and was interrupted")
ok(storm.wait(server.alive), "serve: its wait for events is interrupted")
equal(server.ask("GET", "/healthz")[0], 200, "serve: is there all the same")


def stream(results, at):
    request = server.chat(max_tokens=60, stream=True, temperature=0)
    status, _, body = server.ask("POST", "/v1/chat/completions", request)
    head, mark, tail = body.partition(b": tacit-receipt ")
    good = status == 200 and mark and tail.endswith(b"data: [DONE]\n\n")
    receipt = Receipt(tail.split(b"\n")[0].decode()) if good else None
    results[at] = (good and receipt.request_hash == sha256(request) and
                   receipt.response_hash == sha256(head))


before = storm.read(2)
results = [False] * 8
threads = [threading.Thread(target=stream, args=(results, i)) for i in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(WAIT)
equal(results, [True] * 8, "serve: eight streams on four sequences, each with its receipt")
ok(storm.read(2) > before, "serve: the other threads were interrupted meanwhile")
equal(server.ask("POST", "/v1/embeddings", {"input": "x"})[0], 200, "serve: embeddings")

# --- the client ------------------------------------------------------------------------------
where = server.ready["listen"]
with open(path("policy.json"), "wb") as f:
    f.write(plain("policy", "init", "--server", where, "--insecure-accept-stub", "-o", "-"))
TRUST = ("--policy", path("policy.json"), "--insecure-accept-stub")
run = Run("infer", "--server", where, *TRUST, "--max-tokens", "40", "--receipt", path("r.bin"),
          "--evidence", path("e.bin"), "Tell me a long story.", stdin=subprocess.DEVNULL)
answer = run.end("infer")
ok(len(answer) > 20, "infer: an answer", answer)
ok(run.storm.read(1) > 0, "infer: was interrupted")
out = fed("infer -", b"A prompt that comes bit by bit.", "infer", "--server", where, *TRUST,
          "--max-tokens", "8", "--json", "-")
equal(json.loads(out or b"{}").get("result"), "verified", "infer -: verified")


def full_pipe():
    """A pipe with no room: what writes to it waits."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"#" * 4096):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    return reader, writer


def taken(name, *args):
    """Nobody reads what it writes until the write was interrupted often enough."""
    reader, writer = full_pipe()
    run = Run(*args, stdin=subprocess.DEVNULL, stdout=writer)
    os.close(writer)
    ok(run.waits(), f"{name}: its write is interrupted")
    with open(reader, "rb") as f:
        out = f.read()
    run.end(name)
    return out.lstrip(b"#")


# --- judging ---------------------------------------------------------------------------------
with open(path("e.bin"), "rb") as f:
    evidence = f.read()
with open(path("r.bin"), "rb") as f:
    receipt = f.read()
BACKED = ("--evidence", path("e.bin"), *TRUST)
out = fed("verify", evidence, "verify", *TRUST, "--json", "-")
equal(json.loads(out or b"{}").get("verdict"), "verified", "verify: verified")
out = fed("inspect", evidence, "inspect", "--json", "-")
ok(json.loads(out), "inspect: all of it")
out = fed("receipt verify", receipt, "receipt", "verify", *BACKED, "--json", "-")
equal(json.loads(out or b"{}").get("verdict"), "verified", "receipt verify: verified")
line = b64(receipt).encode() + b"\n"
out = fed("receipt verify --batch", line * 400, "receipt", "verify", *BACKED, "--batch", "-")
equal([json.loads(l)["verdict"] for l in out.splitlines()], ["verified"] * 400,
      "receipt verify --batch: every receipt")
fed("receipt verify, of another answer", receipt[:-1] + bytes([receipt[-1] ^ 1]), "receipt",
    "verify", *BACKED, "-", want=1)

# A named pipe is opened only when somebody holds its other end.
os.mkfifo(path("fifo"))
run = Run("verify", *TRUST, "--json", path("fifo"))
ok(run.waits(), "a named pipe: its opening is interrupted")
if run.process.poll() is None:
    with open(path("fifo"), "wb") as f:
        f.write(evidence)
equal(json.loads(run.end("a named pipe") or b"{}").get("verdict"), "verified",
      "a named pipe: verified")

# --- writing ---------------------------------------------------------------------------------
out = taken("attest", "attest", "--tee", "stub", "--nonce", "00" * 32, "-o", "-")
with open(path("a.bin"), "wb") as f:
    f.write(out)
ok(json.loads(plain("inspect", "--json", path("a.bin"))), "attest: all of it")

# --- the local endpoint and its store --------------------------------------------------------
run = Run("connect", "--server", where, *TRUST, "--listen", "tcp:127.0.0.1:0", "--json",
          "--store", path("r.sqlite"), stdin=subprocess.DEVNULL)
until(lambda: run.text(run.out).endswith(b"\n") or not run.alive())
ok(run.alive(), "connect: starts", run.text(run.err))
ready = json.loads(run.text(run.out))
ok(run.waits(), "connect: its wait for events is interrupted")
port = int(ready["listen"].rsplit(":", 1)[1])


def through(results, at):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    connection.request("POST", "/v1/chat/completions",
                       server.chat(max_tokens=30, stream=bool(at % 2)),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    good = b"data: [DONE]" in body if at % 2 else 'receipt="ok"' in answer.headers["Tacit-Verdict"]
    results[at] = answer.status == 200 and good and answer.headers["Tacit-Stored"] != "no"


def rows():
    db = sqlite3.connect(path("r.sqlite"))
    return db.execute("select count(*) from receipts where verdict = 'verified'").fetchone()[0]


results = [False] * 8
threads = [threading.Thread(target=through, args=(results, i)) for i in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(WAIT)
equal(results, [True] * 8, "connect: eight answers, whole and streamed")
equal(rows(), 8, "connect: eight receipts are stored")

# The store waits for a lock by sleeping, which a signal cuts short.
lock = sqlite3.connect(path("r.sqlite"), isolation_level=None)
lock.execute("BEGIN IMMEDIATE")
results = [None]
thread = threading.Thread(target=through, args=(results, 0))
jobs = server.metric("tacit_jobs_total")
thread.start()
until(lambda: server.metric("tacit_jobs_total") > jobs and
      server.metric("tacit_jobs_running") == 0)
for _ in range(10):
    run.storm.wait(run.alive, which=0)
equal(results, [None], "connect: an answer waits while the store is locked")
lock.execute("ROLLBACK")
thread.join(WAIT)
equal(results, [True], "connect: and comes when it is not")
equal(rows(), 9, "connect: with its receipt stored")
lock.close()
run.process.send_signal(signal.SIGTERM)
run.end("connect, SIGTERM")
db = sqlite3.connect(path("r.sqlite"))
equal(db.execute("pragma integrity_check").fetchone()[0], "ok", "the store is whole")

equal(server.stop(), 0, "serve, SIGTERM: exit 0")
done()
