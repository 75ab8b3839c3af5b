# SPDX-License-Identifier: Apache-2.0
"""A running `tacit serve` for the tests in this folder, and what checks its answers by other
means than the program's own: TLS and HTTP of Python's library, a CBOR reader of a few lines."""

import base64
import hashlib
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TACIT = os.environ.get("TACIT", os.path.join(ROOT, "build", "tacit"))
MODEL = os.path.join(ROOT, "models", "demo.gguf")
WAIT = 60  # generous: nothing here is a measurement
# A server shields itself from ptrace, which the leak sanitizer needs; the unit tests have it.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")

_count = 0
_failed = 0


def ok(passed, name, note=""):
    global _count, _failed
    _count += 1
    print(f"{'ok' if passed else 'not ok'} {_count} - {name}", flush=True)
    if not passed:
        _failed += 1
        if note != "":
            print("# " + str(note)[:600].replace("\n", "\n# "), flush=True)
    return passed


def equal(got, want, name):
    return ok(got == want, name, f"got {got!r}, want {want!r}")


def skip(name, why):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}", flush=True)


def done():
    print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed else 0)


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(data):
    return hashlib.sha256(data).digest()


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def cbor(data, at=0):
    """One item and the offset behind it; what evidence bindings and receipts use."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info >= 24:
        size = 1 << (info - 24)
        info = int.from_bytes(data[at:at + size], "big")
        at += size
    if major == 0:
        return info, at
    if major == 1:
        return -1 - info, at
    if major in (2, 3):
        raw = data[at:at + info]
        return (raw if major == 2 else raw.decode()), at + info
    if major == 4:
        items = []
        for _ in range(info):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(info):
            key, at = cbor(data, at)
            pairs[key], at = cbor(data, at)
        return pairs, at
    if major == 6:
        return cbor(data, at)
    return {20: False, 21: True, 22: None}[info], at


CLAIMS = {"iss": 1, "iat": 6, "cti": 7, "nonce": 10, "model_id": -65537, "model_hash": -65539,
          "request_hash": -65540, "response_hash": -65541, "doc_hash": -65542,
          "sequence": -65545, "ms": -65546, "memory_mb": -65547, "mode": -65548,
          "scheme": -65549}


class Receipt:
    def __init__(self, text):
        self.raw = unb64(text)
        self.parts, end = cbor(self.raw)
        claims, _ = cbor(self.parts[2])
        for name, key in CLAIMS.items():
            setattr(self, name, claims.get(key))

    def signed_by(self, key):
        """True or False by the openssl program; None without it."""
        if not shutil.which("openssl"):
            return None
        tbs = (b"\x84\x6aSignature1" + b"\x46" + self.parts[0] + b"\x40" + b"\x59" +
               len(self.parts[2]).to_bytes(2, "big") + self.parts[2])
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("key", "tbs", "sig")]
            contents = [bytes.fromhex("302a300506032b6570032100") + key, tbs, self.parts[3]]
            for path, content in zip(paths, contents):
                with open(path, "wb") as f:
                    f.write(content)
            run = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER",
                                  "-inkey", paths[0], "-rawin", "-in", paths[1], "-sigfile",
                                  paths[2]], capture_output=True)
            return run.returncode == 0


class Serve:
    """One server process. Arguments follow the ones every test needs."""

    def __init__(self, *args, listen="tcp:127.0.0.1:0", model=MODEL, files=None, ready=True,
                 env=None):
        self.log = tempfile.TemporaryFile()
        limit = None
        if files:
            def limit():
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.process = subprocess.Popen(
            [TACIT, "serve", "--tee", "stub", "--model", model, "--listen", listen, "--threads",
             "1", "--json", *args], stdout=subprocess.PIPE, stderr=self.log, preexec_fn=limit,
            env=dict(os.environ, **(env or {})))
        self.ready = None
        if ready:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("Bail out! tacit serve did not start: " + self.words())
            self.ready = json.loads(line)
            kind, rest = self.ready["listen"].split(":", 1)
            self.path = rest if kind == "unix" else None
            if kind == "tcp":
                host, port = rest.rsplit(":", 1)
                self.address = (host.strip("[]"), int(port))

    def words(self):
        self.log.seek(0)
        return self.log.read().decode()

    def raw(self):
        if self.path:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(WAIT)
            sock.connect(self.path)
            return sock
        return socket.create_connection(self.address, timeout=WAIT)

    def tls(self, context=None):
        return (context or tls_context()).wrap_socket(self.raw())

    def http(self):
        """An http.client connection over our TLS."""
        connection = http.client.HTTPConnection("tacit", timeout=WAIT)
        connection.sock = self.tls()
        return connection

    def ask(self, method, path, body=None, headers=None, connection=None):
        """One request: status, headers, body."""
        c = connection or self.http()
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        c.request(method, path, body, headers or {})
        answer = c.getresponse()
        data = answer.read()
        if not connection:
            c.close()
        return answer.status, answer.headers, data

    def chat(self, **members):
        body = {"messages": [{"role": "user", "content": "Tell me a long story."}]}
        body.update(members)
        return json.dumps(body).encode()

    def say(self, data, wait=True):
        """Raw bytes in, everything until the server closes out."""
        sock = self.tls()
        sock.sendall(data)
        answer = b""
        try:
            while wait:
                piece = sock.recv(65536)
                if not piece:
                    break
                answer += piece
        except (ssl.SSLError, ConnectionError, socket.timeout) as error:
            answer += b"!" + type(error).__name__.encode()
        sock.close()
        return answer

    def metric(self, name):
        _, _, text = self.ask("GET", "/metrics")
        for line in text.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None

    def cpu_seconds(self):
        """Processor time of all its threads; other work on the machine hardly changes it."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status_kb(self, field):
        with open(f"/proc/{self.process.pid}/status") as f:
            for line in f:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return 0

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(WAIT)

    def alive(self):
        return self.process.poll() is None


def until(condition, seconds=WAIT):
    """Waits for a condition; True when it came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
