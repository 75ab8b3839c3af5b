#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit serve as a process: where it listens, what it refuses to start with, how it stops."""

import os
import stat
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import *

folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


def fails(want, name, *args, hint=None, model=MODEL, listen="tcp:127.0.0.1:0"):
    run = subprocess.run([TACIT, "serve", "--tee", "stub", "--model", model, "--listen", listen,
                          *args], capture_output=True, timeout=WAIT)
    words = run.stderr.decode()
    equal(run.returncode, want, f"{name}: exit {want}")
    if hint:
        ok(hint in words, f"{name}: says why", words)
    return run


# --- what it does not start with -------------------------------------------------------------
with open(MODEL, "rb") as f:
    good = f.read()
fails(5, "no such model", model=path("none.gguf"), hint="No such file")
with open(path("cut.gguf"), "wb") as f:
    f.write(good[:len(good) // 2])
fails(3, "a cut model", model=path("cut.gguf"))
with open(path("text.gguf"), "wb") as f:
    f.write(b"hello, I am no model\n" * 100)
fails(3, "no model at all", model=path("text.gguf"))
with open(path("empty.gguf"), "wb"):
    pass
fails(3, "an empty file", model=path("empty.gguf"))
fails(5, "a folder", model=folder.name)
if os.getuid() != 0:
    with open(path("shut.gguf"), "wb") as f:
        f.write(good)
    os.chmod(path("shut.gguf"), 0)
    fails(5, "an unreadable model", model=path("shut.gguf"), hint="Permission denied")
else:
    skip("an unreadable model", "root may read everything")
fails(2, "no port", listen="tcp:127.0.0.1", hint="HOST:PORT")
fails(2, "a port that is none", listen="127.0.0.1:65536", hint="65535")
# Nobody has this context id; without the address family, nobody has any.
fails(5, "the vsock address of somebody else", listen="vsock:77777:5000", hint="vsock:77777:5000")
fails(5, "an address of somebody else", listen="tcp:192.0.2.1:0", hint="cannot")
for tee in ("nitro", "tdx", "snp", "auto"):
    run = subprocess.run([TACIT, "serve", "--tee", tee, "--model", MODEL], capture_output=True,
                         timeout=WAIT)
    equal(run.returncode, 6, f"--tee {tee} without one: exit 6, never the stub")
run = subprocess.run([TACIT, "serve", "--model", MODEL], capture_output=True, timeout=WAIT)
equal(run.returncode, 6, "no --tee: never the stub")
equal(subprocess.run([TACIT, "serve"], capture_output=True).returncode, 2, "no model: exit 2")
run = fails(5, "as JSON", "--json", model=path("none.gguf"))
equal(json.loads(run.stdout)["schema"], "tacit.error/1", "errors are JSON with --json")

# --- two servers on one address --------------------------------------------------------------
server = Serve()
address = server.ready["listen"]
fails(5, "two servers on one port", listen=address, hint="in use")
equal(server.ask("GET", "/healthz")[0], 200, "the first one goes on")
equal(server.stop(), 0, "and stops")
server = Serve(listen=address)
equal(server.ready["listen"], address, "a third one takes the port over at once")
server.stop()

name = "unix:" + path("sock")
server = Serve(listen=name)
equal(server.ready["listen"], name, "a unix socket")
equal(stat.S_IMODE(os.stat(path("sock")).st_mode), 0o600, "for its owner alone")
request = server.chat(max_tokens=4)
status, headers, body = server.ask("POST", "/v1/chat/completions", request)
equal(Receipt(headers["Tacit-Receipt"]).response_hash, sha256(body), "answers over it")
fails(5, "two servers on one socket", listen=name, hint="in use")
equal(server.ask("GET", "/healthz")[0], 200, "the first one goes on")
server.stop()
ok(not os.path.exists(path("sock")), "the socket is removed")
server = Serve(listen=name)
server.process.kill()
server.process.wait()
ok(os.path.exists(path("sock")), "a killed server leaves its socket")
server = Serve(listen=name)
equal(server.ask("GET", "/healthz")[0], 200, "which the next one replaces")
server.stop()
with open(path("file"), "w") as f:
    f.write("mine")
fails(5, "a file where the socket would be", listen="unix:" + path("file"), hint="no socket")
ok(open(path("file")).read() == "mine", "is left alone")
fails(2, "a path that is too long", listen="unix:/" + "a" * 200, hint="107")

# --- configuration ---------------------------------------------------------------------------
one = Serve()
two = Serve("--queue", "9")
three = Serve("--ctx", "256", "--prompt-cache")
equal(one.ready["config_sha256"], two.ready["config_sha256"],
      "what clients cannot see leaves the configuration hash alone")
ok(one.ready["config_sha256"] != three.ready["config_sha256"], "what they can changes it")
documents = [s.ask("GET", "/.well-known/tacit/evidence/boot")[1]["Tacit-Binding"]
             for s in (one, two)]
keys = [cbor(unb64(d))[0] for d in documents]
ok(all(keys[0][i] != keys[1][i] for i in (2, 3, 4, 5)), "every boot has other keys and nonces")
named = Serve("--model-id", "my model", "--max-body", "1K")
status, _, body = named.ask("POST", "/v1/completions", {"prompt": "a" * 2000})
equal(status, 413, "--max-body")
equal(json.loads(named.ask("GET", "/v1/models")[2])["data"][0]["id"], "my model", "--model-id")
for server in (one, two, three, named):
    server.stop()

# --- readiness for a service manager ---------------------------------------------------------
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path("notify"))
notify.settimeout(WAIT)
server = Serve(env={"NOTIFY_SOCKET": path("notify")})
equal(notify.recv(100), b"READY=1", "READY=1 when it listens")
server.stop()

# --- stopping --------------------------------------------------------------------------------
LONG = dict(max_tokens=700, temperature=1.5, stream=True)


def open_stream(server):
    body = server.chat(**LONG)
    sock = server.tls()
    sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                 % len(body) + body)
    return sock, sock.recv(1000)


def read_all(sock):
    data = b""
    while True:
        try:
            piece = sock.recv(65536)
        except OSError:
            return data
        if not piece:
            return data
        data += piece


server = Serve("--grace", "60")
sock, data = open_stream(server)
idle = server.tls()
server.process.send_signal(signal.SIGTERM)
data += read_all(sock)
ok(b"data: [DONE]" in data and b": tacit-receipt " in data, "SIGTERM: a running stream is finished")
equal(server.process.wait(WAIT), 0, "then it ends with 0")
equal(idle.recv(10), b"", "idle connections are closed")

server = Serve("--grace", "1", "--ctx", "1024")
streams = [open_stream(server) for _ in range(24)]
server.process.send_signal(signal.SIGTERM)
equal(server.process.wait(WAIT), 0, "when the grace is over it ends with 0 too")
for sock, _ in streams:
    sock.close()

server = Serve("--grace", "600")
streams = [open_stream(server) for _ in range(24)]
server.process.send_signal(signal.SIGTERM)


def refused():
    try:
        server.raw().close()
        return False
    except ConnectionError:
        return True


ok(until(refused), "a stopping server accepts nobody")
server.process.send_signal(signal.SIGTERM)
code = server.process.wait(WAIT)
ok(code in (-signal.SIGTERM, 0), "a second signal ends it at once", code)
for sock, _ in streams:
    sock.close()

server = Serve()
equal(server.stop(signal.SIGINT), 0, "SIGINT stops it as well")
done()
