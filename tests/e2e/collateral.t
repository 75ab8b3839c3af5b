#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit collateral fetch against an HTTPS server of our own: what is kept, what is refused, and
that a verdict takes what was kept."""

import base64
import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import TACIT, WAIT, done, equal, ok, skip

REAL = os.path.realpath(TACIT)
MAKE = os.path.join(os.path.dirname(REAL), "tools", "mkevidence")
NOW = 1795248000  # of our own PKI
DAY = 86400
if not os.path.exists(MAKE) or not shutil.which("openssl"):
    print(f"1..0 # SKIP {MAKE} is not built, or there is no openssl")
    sys.exit(0)

home = tempfile.TemporaryDirectory()


def path(*names):
    return os.path.join(home.name, *names)


def read(*names):
    with open(path(*names), "rb") as f:
        return f.read()


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def make(folder, *args):
    os.mkdir(path(folder))
    subprocess.run([MAKE, args[0], path(folder), *args[1:]], check=True)


def certificate(name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path(name + ".key"),
                    "-out", path(name + ".pem")], check=True, capture_output=True)


def pem(*ders):
    out = ""
    for der in ders:
        text = base64.b64encode(der).decode()
        lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
        out += f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    return out


# --- the server ---------------------------------------------------------------------------------
class Answer:
    """What the server says to one path; `busy` many times 429 or 503 before that."""

    def __init__(self, body, headers=(), status=200, busy=(), before=None, raw=None):
        self.body, self.headers, self.status = body, list(headers), status
        self.busy, self.before, self.raw = list(busy), before, raw


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = WAIT

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        answer = self.server.find(self.path)
        if answer is None:
            answer = Answer(b"", status=404)
        if answer.busy:
            answer = answer.busy.pop(0)
        if answer.before:
            answer.before(self)
        if answer.raw is not None:
            self.wfile.write(answer.raw)
            self.close_connection = True
            return
        self.send_response(answer.status)
        names = [name.lower() for name, _ in answer.headers]
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        if "content-length" in names:
            self.close_connection = True

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name="ca", version=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path(name + ".pem"), path(name + ".key"))
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        self.answers, self.seen = {}, []
        self.url = f"https://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        sock, address = super().get_request()
        sock.settimeout(WAIT)
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), \
            address

    def handle_error(self, request, address):
        pass  # clients that go away are what is tested

    def find(self, where):
        best = [start for start in self.answers if where.startswith(start)]
        return self.answers[max(best, key=len)] if best else None


certificate("ca")
certificate("other")
server = Server()

# --- commands -----------------------------------------------------------------------------------
ENVIRONMENT = {**os.environ, "XDG_CACHE_HOME": path("cache"), "no_proxy": "*"}


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.json = json.loads(out) if out.startswith("{") else {}
        self.pieces = {p["kind"]: p for p in self.json.get("pieces", [])}


def fetch(name, code, evidence, *args, out="out", places=True, root=True):
    command = [REAL, "collateral", "fetch", "--json", path(evidence), "-o", path(out), "--now",
               str(NOW)]
    if places:
        command += ["--pcs", server.url, "--root-crl", server.url + "/root.crl", "--kds",
                    server.url, "--ca", path("ca.pem")]
    if root:
        command += ["--insecure-test-root", path(os.path.dirname(evidence), ROOTS[evidence])]
    run = subprocess.run([*command, *args], capture_output=True, text=True, timeout=WAIT,
                         env=ENVIRONMENT)
    result = Result(run.returncode, run.stdout, run.stderr)
    ok(result.code == code, f"{name}: exit {code}", f"exit {result.code}\n{run.stderr}{run.stdout}")
    return result


def verify(name, outcome, evidence, *collateral, now=NOW):
    command = [REAL, "verify", "--json", path(evidence), "--now", str(now),
               "--insecure-no-policy", "--insecure-test-root",
               path(os.path.dirname(evidence), ROOTS[evidence])]
    for folder in collateral:
        command += ["--collateral", path(folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    verdict = json.loads(run.stdout)
    equal(verdict["verdict"], outcome, name)
    return verdict


def files(folder):
    return sorted(os.listdir(path(folder))) if os.path.isdir(path(folder)) else []


def fresh():
    shutil.rmtree(path("out"), ignore_errors=True)
    server.seen.clear()
    return "out"


ROOTS = {}


def intel(folder):
    """What Intel's service says about the quote in `folder`."""
    chain = urllib.parse.quote(pem(read(folder, "tcb_signer.pem"), read(folder, "root.der")))
    tee = "sgx" if folder.startswith("sgx") else "tdx"
    ROOTS[f"{folder}/quote.bin"] = "root.der"
    server.answers = {
        f"/{tee}/certification/v4/tcb?": Answer(read(folder, "tcb_info.json"),
                                                [("TCB-Info-Issuer-Chain", chain)]),
        f"/{tee}/certification/v4/qe/identity": Answer(
            read(folder, "qe_identity.json"), [("SGX-Enclave-Identity-Issuer-Chain", chain)]),
        "/sgx/certification/v4/pckcrl?ca=platform&encoding=der": Answer(
            read(folder, "pck_crl.der"), [("SGX-PCK-CRL-Issuer-Chain", chain)]),
        "/root.crl": Answer(read(folder, "root_crl.der")),
    }
    return server.answers



def amd(folder, product, vek="snp-vek.der", crl="snp-crl.der", key="vcek"):
    """What AMD's service says about the report in `folder`."""
    ROOTS[f"{folder}/snp-report.bin"] = ROOTS[f"{folder}/snp.bin"] = "snp-ark.der"
    server.answers = {
        f"/{key}/v1/{product}/cert_chain": Answer(
            pem(read(folder, "snp-ask.der"), read(folder, "snp-ark.der")).encode()),
        f"/{key}/v1/{product}/crl": Answer(read(folder, crl)),
        f"/{key}/v1/{product}/": Answer(read(folder, vek)),
    }
    return server.answers


def results(got):
    return {kind: piece["result"] for kind, piece in got.pieces.items()}


# --- TDX and SGX --------------------------------------------------------------------------------
ALL = ("tcb-info", "qe-identity", "pck-crl", "root-crl")
for tee in ("tdx", "sgx"):
    make(tee, tee, "answers")
    intel(tee)
    fresh()
    quote = f"{tee}/quote.bin"
    got = fetch(f"{tee}", 0, quote)
    equal(results(got), dict.fromkeys(ALL, "new"), f"{tee}: every piece is new")
    equal(len(files("out")), 5, f"{tee}: and their signer")
    equal({os.stat(path("out", f)).st_mode & 0o777 for f in files("out")}, {0o644},
          f"{tee}: for all to read")
    verify(f"{tee}: a verdict takes it", "verified", quote, "out")
    before = {f: os.stat(path("out", f)).st_mtime_ns for f in files("out")}
    got = fetch(f"{tee}, again", 0, quote)
    equal(results(got), dict.fromkeys(ALL, "unchanged"), f"{tee}: nothing new")
    equal({f: os.stat(path("out", f)).st_mtime_ns for f in files("out")}, before,
          f"{tee}: so that nothing is written")
equal({head["User-Agent"].split("/")[0] for _, head in server.seen}, {"tacit"}, "who asks is said")

# --- SNP ----------------------------------------------------------------------------------------
for product, kds, vlek in (("milan", "Milan", False), ("genoa", "Genoa", False),
                           ("turin", "Turin", False), ("genoa", "Genoa", True)):
    folder = f"{product}-{'vlek' if vlek else 'vcek'}"
    make(folder, "snp", product, "vlek" if vlek else "vcek")
    amd(folder, kds, key="vlek" if vlek else "vcek")
    report = f"{folder}/snp-report.bin"
    fresh()
    shutil.rmtree(path("cache"), ignore_errors=True)
    if vlek:
        got = fetch("a VLEK that is not there", 4, report)
        equal(server.seen, [], "AMD is not asked for it")
        ok("cloud provider alone" in got.err, "and it is said why", got.err)
        got = fetch("a VLEK in the host's table", 0, f"{folder}/snp.bin")
        equal(results(got), {"amd-crl": "new"}, "needs the list alone")
        verdict = verify("and a verdict takes it", "verified", f"{folder}/snp.bin", "out")
        equal([c["result"] for c in verdict["checks"] if c["name"] == "snp.chain.revocation"],
              ["pass"], "with the list")
        continue
    got = fetch(product, 0, report)
    equal(results(got), {"amd-chain": "new", "vcek": "new", "amd-crl": "new"},
          f"{product}: every piece is new")
    verdict = verify(f"{product}: a verdict takes it", "verified", report, "out")
    equal([c["result"] for c in verdict["checks"] if c["name"] == "snp.chain.revocation"],
          ["pass"], f"{product}: with the list")
    fresh()
    got = fetch(f"{product} again", 0, report)
    equal((server.seen, [p["cached"] for p in got.pieces.values()]), ([], [True] * 3),
          f"{product}: the cache has it")
    verify(f"{product}: a verdict takes that, too", "verified", report, "out")
    fetch(f"{product} without the cache", 0, report, "--no-cache")
    equal(len(server.seen), 3, f"{product}: AMD is asked again")
done()
