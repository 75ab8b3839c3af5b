# SPDX-License-Identifier: Apache-2.0
"""A store over HTTPS for the tests in this folder: ranges as they should be, and every way in which
an answer can be wrong. Its certificates are made by the openssl program."""

import hashlib
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time

from relaying import FOLDER, path, write
from serving import TACIT, WAIT, done, equal, ok, skip

BIG = os.urandom(1 << 20) * 9 + b"and a part of a chunk"


def openssl(*args):
    return subprocess.run(["openssl", *args], capture_output=True, check=True).stdout


def bech32(prefix, data):
    """[BIP 173], as age writes its keys."""
    def mod(values):
        check = 1
        for value in values:
            top = check >> 25
            check = (check & 0x1ffffff) << 5 ^ value
            for i, word in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
                check ^= word if top >> i & 1 else 0
        return check

    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = mod(spread + words + [0] * 6) ^ 1
    words += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[w] for w in words)


def make_identity():
    """A key pair of age: the recipient, and the path of the identity."""
    secret = path("x25519.pem")
    openssl("genpkey", "-algorithm", "x25519", "-out", secret)
    public = openssl("pkey", "-in", secret, "-pubout", "-outform", "DER")[-32:]
    private = openssl("pkey", "-in", secret, "-outform", "DER")[-32:]
    return bech32("age", public), write("identity",
                                        bech32("age-secret-key-", private).upper() + "\n")


def make_publisher(key):
    """A publisher's key into a file: its public half in hex."""
    openssl("genpkey", "-algorithm", "ed25519", "-out", key)
    return openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-32:].hex()


def make_certificates(name, san="DNS:localhost,IP:127.0.0.1"):
    """A root of its own and a server's certificate under it: (root, certificate, key)."""
    root, key, leaf = (path(f"{name}-{part}.pem") for part in ("root", "key", "leaf"))
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"]
    openssl("req", "-x509", *new, "-days", "2", "-subj", f"/CN={name} root", "-keyout",
            path(f"{name}-root.key"), "-out", root, "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *new, "-subj", f"/CN={name}", "-keyout", key, "-out", path(f"{name}.csr"))
    write(f"{name}.ext", f"subjectAltName={san}\n")
    openssl("x509", "-req", "-in", path(f"{name}.csr"), "-CA", root, "-CAkey",
            path(f"{name}-root.key"), "-CAcreateserial", "-days", "2", "-extfile",
            path(f"{name}.ext"), "-out", leaf)
    return root, leaf, key


CA_FILE, LEAF, KEY = make_certificates("store")


class Request:
    """What a handler is asked, and the ways to answer."""

    def __init__(self, handler):
        self.handler = handler
        self.path = handler.path
        self.headers = handler.headers
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        self.first, self.last = (int(found[1]), int(found[2])) if found else (None, None)

    def raw(self, data):
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def head(self, status, fields):
        lines = [f"HTTP/1.1 {status} x"] + [f"{k}: {v}" for k, v in fields]
        self.raw("\r\n".join(lines).encode() + b"\r\n\r\n")

    def answer(self, status, body=b"", *fields):
        self.head(status, [("Content-Length", len(body)), *fields])
        self.raw(body)

    def cut(self):
        """Ends the connection without TLS's goodbye."""
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)

    def range(self, data, etag='"v1"', send=None, more=(), **change):
        """206 as it should be; `change` replaces parts of it, `send` bytes are sent."""
        last = min(self.last, len(data) - 1)
        part = data[self.first:last + 1]
        fields = {"Content-Range": f"bytes {self.first}-{last}/{len(data)}",
                  "Content-Length": len(part), "ETag": etag}
        fields.update({k.replace("_", "-"): v for k, v in change.items()})
        self.head(206, [(k, v) for k, v in fields.items() if v is not None] + list(more))
        self.raw(part if send is None else part[:send])
        if send is not None and send < len(part):
            self.cut()


class Store:
    """Answers on a port of this machine; `files` by path, `script` a function that comes first."""

    def __init__(self, files=None, certificate=(LEAF, KEY), script=None):
        store = self
        self.files, self.script, self.seen = files or {}, script, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                self.request.settimeout(WAIT)
                # As stores have it: a head that waits for its acknowledgement is 40 ms.
                self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.request = self.server.context.wrap_socket(self.request, server_side=True)
                super().setup()

            def log_message(self, *args):
                pass

            def do_GET(self):
                request = Request(self)
                store.seen.append(request)
                if store.script and store.script(request) is not False:
                    return
                store.serve(request)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, address):
                pass  # clients go away in the middle: that is what is tested

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.context.load_cert_chain(*certificate)
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, request):
        data = self.files.get(request.path.split("?")[0])
        if data is None:
            request.answer(404, b"<Error><Code>NoSuchKey</Code><Message>no such thing</Message>")
        elif request.headers.get("If-Match", '"v1"') != '"v1"':
            request.answer(412)
        elif request.first is None:
            request.answer(200, data, ("ETag", '"v1"'))
        elif request.first >= len(data):
            request.answer(416, b"", ("Content-Range", f"bytes */{len(data)}"))
        else:
            request.range(data)


def fetch(where, *args, ca=CA_FILE, code=0, env=None, before=()):
    """tacit model fetch: what it prints, and what it says."""
    command = [*before, TACIT, "model", "fetch", "--json", *args, where]
    if ca:
        command[len(before) + 3:len(before) + 3] = ["--ca", ca]
    run = subprocess.run(command, capture_output=True, timeout=WAIT,
                         env={**os.environ, **(env or {})})
    out = json.loads(run.stdout) if run.stdout.startswith(b"{") else run.stdout.decode()
    return run.returncode, out, run.stderr.decode()


def fetched(name, data, where, *args, **more):
    code, out, words = fetch(where, *args, **more)
    want = hashlib.sha256(data).hexdigest()
    return ok(code == 0 and out["sha256"] == want and out["size"] == len(data), name,
              f"exit {code}: {out} {words}")


def refused(name, status, pattern, where, *args, **more):
    """The exit code and the words; nothing of a file is left."""
    code, out, words = fetch(where, *args, **more)
    text = json.dumps(out) + words
    return ok(code == status and re.search(pattern, text) is not None, name,
              f"exit {code}, want {status}: {text}")
