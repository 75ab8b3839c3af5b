#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit collateral fetch against an HTTPS server of our own: what is kept, what is refused, and
that a verdict takes what was kept."""

import base64
import hashlib
import http.server
import json
import os
import resource
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
    for f in files("out"):
        if "signer" in f:
            write(f"out/{f}", b"x" * len(read("out", f)))
    fetch(f"{tee}, the signer spoilt", 0, quote)
    verify(f"{tee}: it is put right", "verified", quote, "out")
equal({head["User-Agent"].split("/")[0] for _, head in server.seen}, {"tacit"}, "who asks is said")
fresh()
ENVIRONMENT["no_proxy"] = ""
ENVIRONMENT["https_proxy"] = "http://127.0.0.1:1"
fetch("by way of a proxy that is not there", 5, "sgx/quote.bin")
equal(server.seen, [], "which is not gone around")
ENVIRONMENT["no_proxy"] = "*"

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

# --- what AMD's service answers instead -----------------------------------------------------------
CARD = "genoa-vcek"
REPORT = f"{CARD}/snp-report.bin"


def card(name, code, kinds, *args, words="", keep=False, **what):
    """Fetches for the report; `kinds` are the results of chain, certificate and list."""
    if what:
        amd(CARD, "Genoa", **what)
    if not keep:
        fresh()
        shutil.rmtree(path("cache"), ignore_errors=True)
    got = fetch(name, code, REPORT, *args)
    equal(tuple(results(got).values()), kinds, f"{name}: what becomes of each")
    ok(words in got.err, f"{name}: and why: {words}", got.err)
    return got


NEW, BAD, NONE = "new", "refused", "missing"
card("a certificate for another TCB", 1, (NEW, BAD, NEW), vek="snp-vek-tcb.der",
     words="snp.vek.tcb")
ok(not [f for d, _, fs in os.walk(home.name) for f in fs if "c7c7c7" in f],
   "is not kept, nor in the cache")
card("a list that has run out", 4, (NEW, NEW, BAD), crl="snp-crl-stale.der",
     words="snp.chain.revocation")
card("a forged list", 1, (NEW, NEW, BAD), crl="snp-crl-forged.der", words="snp.chain.revocation")
card("a list that revokes the ASK", 0, (NEW, NEW, NEW), crl="snp-crl-revokes.der")
verify("which a verdict heeds", "refused", REPORT, "out")
card("a certificate in the place of the list", 3, (NEW, NEW, BAD), crl="snp-ask.der",
     words="not one amd-crl")
card("a list in the place of the certificate", 3, (NEW, BAD, NEW), vek="snp-crl.der",
     words="not one vcek")
amd(CARD, "Genoa")["/vcek/v1/Genoa/cert_chain"].body = pem(read(CARD, "snp-ask.der")).encode()
card("half a chain", 3, (BAD, BAD, BAD), words="not one amd-chain")
amd(CARD, "Genoa")["/vcek/v1/Genoa/cert_chain"].body = pem(
    read("milan-vcek", "snp-ask.der"), read("milan-vcek", "snp-ark.der")).encode()
card("the chain of another product", 1, (BAD, BAD, BAD), words="snp.ca.root")
amd(CARD, "Genoa")["/vcek/v1/Genoa/cert_chain"].body = pem(
    read("genoa-vlek", "snp-ask.der"), read("genoa-vlek", "snp-ark.der")).encode()
card("a chain of another key", 1, (BAD, BAD, BAD), words="snp.ca.root")
amd(CARD, "Genoa")["/vcek/v1/Genoa/cert_chain"].body += b"\x00\xff"
card("a chain with bytes behind it", 3, (BAD, BAD, BAD))
amd(CARD, "Genoa")
ROOTS[REPORT] = "../genoa-vlek/snp-ark.der"
card("under a root that nobody trusts", 1, (BAD, BAD, BAD), words="snp.ca.root")
amd(CARD, "Genoa")
card("all of it", 0, (NEW, NEW, NEW))
for name, start, wait in (("the certificate", "/vcek/v1/Genoa/", "1"),
                          ("the chain", "/vcek/v1/Genoa/cert_chain", "1"),
                          ("the list", "/vcek/v1/Genoa/crl", "2")):
    answers = amd(CARD, "Genoa")
    answers[start].busy = [Answer(b"slow down", [("Retry-After", wait)], 429)] * 2
    began = time.monotonic()
    card(f"{name} after two pauses", 0, (NEW, NEW, NEW), words=f"answers 429: waiting {wait} s")
    ok(time.monotonic() - began >= 2 * int(wait), f"{name}: which were taken")
answers = amd(CARD, "Genoa")
answers["/vcek/v1/Genoa/"].busy = [Answer(b"", [("Retry-After", "10000")], 429)]
card("a pause that is too long", 5, (NEW, NONE, NEW), "--timeout", "30",
     words="asks for 10000 s, for which no time is left")
answers = amd(CARD, "Genoa")
answers["/vcek/v1/Genoa/"].busy = [Answer(b"", [], 429)] * 50
card("busy for ever", 5, (NEW, NONE, NEW), "--timeout", "9", words="asks for 10 s")
answers["/vcek/v1/Genoa/"].busy = [Answer(b"", [("Retry-After", "1")], 503)] * 50
card("busy at each try", 5, (NEW, NONE, NEW), words="it answers 503, 6 times over")

# --- the cache ------------------------------------------------------------------------------------
amd(CARD, "Genoa")
card("all of it, again", 0, (NEW, NEW, NEW))
cached = sorted(os.path.join(d, f) for d, _, fs in os.walk(path("cache")) for f in fs)
equal([os.path.relpath(f, path("cache")).split("-")[0].rsplit("/", 1)[0] for f in cached],
      ["tacit/kds/genoa"] * 3, "the cache is by product")
equal(os.stat(path("cache/tacit")).st_mode & 0o777, 0o700, "and its owner's")
for name, data in (("garbage", b"x" * 50), ("cut", None), ("another's", "milan")):
    for f in cached:
        if data is None:
            os.truncate(f, 700)
        elif data == "milan":
            wrong = "snp-crl.der" if f.endswith("crl.der") else "snp-vek.der"
            with open(f, "wb") as out:
                out.write(pem(read("milan-vcek", "snp-ask.der"), read("milan-vcek", "snp-ark.der"))
                          .encode() if f.endswith("pem") else read("milan-vcek", wrong))
        else:
            with open(f, "wb") as out:
                out.write(data)
    fresh()
    got = card(f"{name} in the cache", 0, (NEW, NEW, NEW), keep=True)
    equal((len(server.seen), {p["cached"] for p in got.pieces.values()}), (3, {False}),
          f"{name} in the cache: is fetched anew")
    fresh()
    card(f"{name} no more", 0, (NEW, NEW, NEW), keep=True)
    equal(len(server.seen), 0, f"{name} in the cache: once")
server.answers = {}
fresh()
got = card("offline, out of the cache", 0, (NEW, NEW, NEW), keep=True)
fresh()
got = fetch("the cached list has run out", 5, REPORT, "--now", str(NOW + DAY + 1))
equal(results(got), {"amd-chain": "new", "vcek": "new", "amd-crl": "missing"},
      "and is asked for anew, alone")
equal([p for p, _ in server.seen], ["/vcek/v1/Genoa/crl"], "once")
with open(path("file"), "w") as f:
    f.write("no folder")
ENVIRONMENT["XDG_CACHE_HOME"] = path("file")
amd(CARD, "Genoa")
card("a cache that cannot be", 0, (NEW, NEW, NEW), words="note: no cache at")
ENVIRONMENT["XDG_CACHE_HOME"] = "relative/cache"
ENVIRONMENT["HOME"] = path("home")
os.mkdir(path("home"))
card("a cache that is no absolute path", 0, (NEW, NEW, NEW))
ok(os.path.isdir(path("home/.cache/tacit/kds/genoa")), "is not used")
ENVIRONMENT["XDG_CACHE_HOME"] = path("cache")

# --- what Intel's service answers instead -----------------------------------------------------------
QUOTE = "tdx/quote.bin"
PATHS = {"tcb-info": "/tdx/certification/v4/tcb?", "qe-identity": "/tdx/certification/v4/qe/identity",
         "pck-crl": "/sgx/certification/v4/pckcrl?ca=platform&encoding=der", "root-crl": "/root.crl"}


def bad(name, code, kind, change, *args, words="", result=BAD):
    """One answer of four is another: it alone is not kept."""
    answers = intel("tdx")
    answer = answers[PATHS[kind]]
    if isinstance(change, str):
        answer.body = read("tdx", change)
    elif change:
        change(answer)
    fresh()
    got = fetch(name, code, QUOTE, *args)
    equal(results(got), {**dict.fromkeys(ALL, NEW), kind: result}, f"{name}: it alone is {result}")
    ok(words in got.err, f"{name}: because of {words}", got.err)
    found = [f for f in files("out") if f == got.pieces[kind]["file"] or f.startswith(".")]
    equal(found, [], f"{name}: is not kept")
    return got


for name, code, kind, file, words in (
        ("TCB info of another FMSPC", 4, "tcb-info", "tcb_info_fmspc.json", "tcb_info.platform"),
        ("TCB info of SGX", 4, "tcb-info", "tcb_info_tee.json", "tcb_info.platform"),
        ("TCB info that has run out", 4, "tcb-info", "tcb_info_stale.json", "tcb_info.validity"),
        ("TCB info of the future", 1, "tcb-info", "tcb_info_future.json", "tcb_info.validity"),
        ("forged TCB info", 1, "tcb-info", "tcb_info_forged.json", "tcb_info.signature"),
        ("a QE identity for TCB info", 3, "tcb-info", "qe_identity.json", "not one tcb-info"),
        ("QE identity of SGX", 4, "qe-identity", "qe_identity_tee.json", "qe_identity.signature"),
        ("QE identity that has run out", 4, "qe-identity", "qe_identity_stale.json",
         "qe_identity.validity"),
        ("forged QE identity", 1, "qe-identity", "qe_identity_forged.json",
         "qe_identity.signature"),
        ("a list that has run out", 4, "pck-crl", "pck_crl_stale.der", "tdx.crl.validity"),
        ("a list of the future", 1, "pck-crl", "pck_crl_future.der", "tdx.crl.validity"),
        ("the other CA's list", 4, "pck-crl", "pck_crl_processor.der", "tdx.crl.pck"),
        ("the root's list", 4, "pck-crl", "root_crl.der", "tdx.crl.pck"),
        ("the root's list, run out", 4, "root-crl", "root_crl_stale.der", "tdx.crl.validity"),
        ("the PCK CA's list for the root's", 4, "root-crl", "pck_crl.der", "tdx.crl.root"),
        ("a certificate for a list", 3, "root-crl", "root.der", "not one root-crl"),
        ("the quote itself", 3, "root-crl", "quote.bin", "")):
    bad(name, code, kind, file, words=words)


def flip(at):
    def change(answer):
        body = bytearray(answer.body)
        body[at] ^= 1
        answer.body = bytes(body)
    return change


def body(data):
    def change(answer):
        answer.body = data
    return change


bad("a flipped bit in the list's signature", 1, "pck-crl", flip(-3), words="tdx.crl.pck")
bad("a flipped bit in the root's list", 1, "root-crl", flip(-3), words="tdx.crl.root")
info = read("tdx", "tcb_info.json")
bad("a level that was changed", 1, "tcb-info", body(info.replace(b'"OutOfDate"', b'"UpToDate" ', 1)),
    words="tcb_info.signature")
bad("TCB info twice", 3, "tcb-info", body(info[:-1] + b"," + info[1:]))
bad("TCB info with a space in it", 1, "tcb-info", body(info.replace(b'":', b'": ', 2)))
bad("an empty body", 3, "tcb-info", body(b""))
bad("HTML", 3, "tcb-info", body(b"<html>welcome</html>"), words="looks like HTML")
bad("half of it", 3, "tcb-info", body(info[:len(info) // 2]))
bad("an oversized body", 3, "root-crl", body(b"0" * 262145), words="longer than 262144 bytes",
    result=NONE)


def status(code):
    def change(answer):
        answer.status = code
        answer.body = b"" if code == 204 else answer.body
    return change


for code, words in ((404, "does not know"), (410, "retired"), (401, "wants a key"),
                    (500, "it answers 500"), (204, "it answers 204"), (206, "it answers 206")):
    bad(f"status {code}", 5, "tcb-info", status(code), words=words, result=NONE)


def to_other(answer):
    answer.status = 302
    answer.headers.append(("Location", server.url + "/elsewhere"))


intel("tdx")["/elsewhere"] = Answer(info)
bad("a redirect", 5, "tcb-info", to_other, words="redirects are not followed", result=NONE)
equal([p for p, _ in server.seen if p == "/elsewhere"], [], "is not followed")


def headers(*fields):
    def change(answer):
        answer.headers = list(fields)
    return change


CHAIN = intel("tdx")[PATHS["tcb-info"]].headers[0][1]
SIGNER = urllib.parse.quote(pem(read("tdx", "tcb_signer.pem")))
for name, value, words in (
        ("no chain", None, "no header with the certificates"),
        ("a chain that is no PEM", "hello", "not 2 certificates"),
        ("an empty chain", "", "not 2 certificates"),
        ("a chain cut in an escape", CHAIN[:CHAIN.rindex("%") + 1], "badly escaped"),
        ("a chain cut behind a digit", CHAIN[:CHAIN.rindex("%") + 2], "badly escaped"),
        ("a chain cut in the middle", CHAIN[:CHAIN.index("%0A", len(CHAIN) // 2)],
         "not 2 certificates"),
        ("half a chain", SIGNER, "not 2 certificates"),
        ("three of them", CHAIN + SIGNER, "not 2 certificates"),
        ("a chain with a NUL", CHAIN.replace("%0A", "%00", 3), "no text"),
        ("a key in the chain", CHAIN.replace("CERTIFICATE", "PRIVATE%20KEY"), "something else"),
        ("no certificate in the PEM", urllib.parse.quote(pem(b"\x30\x03\x02\x01\x00") * 2), "")):
    bad(name, 3, "tcb-info", headers(*([] if value is None else
                                       [("TCB-Info-Issuer-Chain", value)])), words=words)
other = urllib.parse.quote(pem(read("sgx", "tcb_signer.pem"), read("sgx", "root.der")))
bad("the chain of another root", 1, "tcb-info", headers(("TCB-Info-Issuer-Chain", other)),
    words="tcb_info.signature")
bad("a signer who is none", 4, "tcb-info", headers(("TCB-Info-Issuer-Chain", urllib.parse.quote(
    pem(read("tdx", "root.der"), read("tdx", "root.der"))))), words="tcb_info.signature")
bad("the chain twice", 5, "tcb-info", headers(("TCB-Info-Issuer-Chain", CHAIN),
                                              ("SGX-TCB-Info-Issuer-Chain", CHAIN)),
    words="came twice", result=NONE)
bad("a chain that is too long", 3, "tcb-info",
    headers(("TCB-Info-Issuer-Chain", CHAIN + "A" * 32768)), words="longer than 32768",
    result=NONE)
bad("too many headers", 3, "tcb-info", headers(*[(f"X-{i}", "y" * 1000) for i in range(90)]),
    words="65536 bytes of headers", result=NONE)
bad("a chain that is garbage beside a list", 3, "pck-crl",
    headers(("SGX-PCK-CRL-Issuer-Chain", "%")), words="badly escaped")


def good(name, change, *args):
    change(intel("tdx"))
    fresh()
    got = fetch(name, 0, QUOTE, *args)
    equal(results(got), dict.fromkeys(ALL, NEW), f"{name}: is taken")
    verify(f"{name}: and by a verdict", "verified", QUOTE, "out")
    return got


def rename(kind, name):
    def change(answers):
        answer = answers[PATHS[kind]]
        answer.headers = [(name, value) for _, value in answer.headers]
    return change


good("the older name of a header", rename("tcb-info", "SGX-TCB-Info-Issuer-Chain"))
good("a name in lower case", rename("tcb-info", "tcb-info-issuer-chain"))
good("the other older name", rename("qe-identity", "Enclave-Identity-Issuer-Chain"))
good("a list as hex", lambda a: setattr(a["/root.crl"], "body",
                                        read("tdx", "root_crl.der").hex().upper().encode()))
equal(read("out", "intel-root-crl.der"), read("tdx", "root_crl.der"), "is kept as it is signed")
fresh()
intel("tdx")[PATHS["pck-crl"]].body = read("tdx", "pck_crl_revokes.der")
fetch("a list that revokes this very PCK", 0, QUOTE)
verify("which a verdict heeds", "refused", QUOTE, "out")

# --- never back ---------------------------------------------------------------------------------------
for kind, newer, older, code in (("tcb-info", "tcb_info_newer.json", "tcb_info.json", 1),
                                 ("tcb-info", "tcb_info.json", "tcb_info_older.json", 1),
                                 ("tcb-info", "tcb_info.json", "tcb_info_low.json", 1),
                                 ("qe-identity", "qe_identity.json", "qe_identity_older.json", 1),
                                 ("pck-crl", "pck_crl.der", "pck_crl_older.der", 1),
                                 ("pck-crl", "pck_crl_revokes.der", "pck_crl.der", 1),
                                 ("root-crl", "root_crl.der", "root_crl_older.der", 1)):
    answers = intel("tdx")
    answers[PATHS[kind]].body = read("tdx", newer)
    fresh()
    file = fetch(f"{newer}", 0, QUOTE).pieces[kind]["file"]
    answers[PATHS[kind]].body = read("tdx", older)
    got = fetch(f"then {older}", code, QUOTE)
    equal(got.pieces[kind]["result"], BAD, f"{older}: is refused")
    ok("which is there" in got.err, f"{older}: since it is older", got.err)
    equal(read("out", file), read("tdx", newer), f"{newer}: stays")
    os.remove(path("out", file))
    fetch(f"{older} alone", 0, QUOTE)
    answers[PATHS[kind]].body = read("tdx", newer)
    equal(fetch(f"{newer} behind it", 0, QUOTE).pieces[kind]["result"], "newer",
          f"{newer}: takes its place")
    write(f"out/{file}", b"garbage")
    equal(fetch("garbage of that name", 0, QUOTE).pieces[kind]["result"], "newer",
          "garbage gives way")

# --- bad lines and bad servers ------------------------------------------------------------------------
def half(handler):
    """Headers and a part of the body; then the connection ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"{" * 100)
    handler.close_connection = True


def drip(handler):
    """A byte now and then, for ever."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(WAIT):
            handler.wfile.write(b"{")
            time.sleep(1)
    except OSError:
        pass


def silent(handler):
    try:
        handler.connection.recv(1)  # until the client goes away
    except OSError:
        pass


def does(what):
    def change(answer):
        answer.before, answer.raw = what, b""
    return change


bad("a body that is cut", 5, "tcb-info", does(half), result=NONE)
began = time.monotonic()
bad("a body that drips", 5, "tcb-info", does(drip), "--request-timeout", "5", words="timed out",
    result=NONE)
ok(time.monotonic() - began < WAIT / 2, "is given up in time")
bad("silence", 5, "root-crl", does(silent), "--request-timeout", "5", words="timed out",
    result=NONE)
intel("tdx")[PATHS["tcb-info"]].before = silent
fresh()
got = fetch("the time for everything", 5, QUOTE, "--timeout", "2")
equal(results(got), dict.fromkeys(ALL, NONE), "is for everything")
ok("no time is left" in got.err, "and is said", got.err)
bad("no HTTP", 5, "tcb-info", lambda a: setattr(a, "raw", b"220 mail.example.com ESMTP\r\n"),
    result=NONE)
bad("HTTP 0.9", 5, "tcb-info", lambda a: setattr(a, "raw", info), result=NONE)
bad("a length that is none", 5, "tcb-info", headers(("Content-Length", "-1")), result=NONE)
bad("a length beyond the limit", 3, "root-crl", does(
    lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"0" * 300000)),
    words="longer than", result=NONE)

fresh()
intel("tdx")
for name, args, words in (
        ("an authority that the system does not know", [], "certificate"),
        ("another authority", ["--ca", path("other.pem")], "certificate"),
        ("an authority that is not there", ["--ca", path("nothing.pem")], ""),
        ("another host's name", ["--ca", path("ca.pem"), "--pcs",
                                 server.url.replace("127.0.0.1", "localhost")], "localhost")):
    got = fetch(name, 5, QUOTE, "--pcs", server.url, "--root-crl", server.url + "/root.crl", *args,
                places=False)
    ok(got.pieces["tcb-info"]["result"] == NONE and words in got.err, f"{name}: is not asked",
       got.err)
equal([p for p, _ in server.seen if "tcb" in p], [], "nothing was said to any of them")
old = Server(version=ssl.TLSVersion.TLSv1_2)
old.answers = server.answers
got = fetch("TLS 1.2", 0, QUOTE, "--pcs", old.url)
gone = Server()
gone.shutdown()
gone.server_close()
got = fetch("nobody there", 5, QUOTE, "--pcs", gone.url)
ok("onnect" in got.err, "which is said", got.err)

# --- where it goes -----------------------------------------------------------------------------------
intel("tdx")
got = fetch("a folder in a folder that is not there", 5, QUOTE, out="no/out")
ok("No such file" in got.err, "which is said", got.err)
got = fetch("a file in the place of the folder", 5, QUOTE, out="file")
os.mkdir(path("full"))
os.symlink("/dev/full", path("full", "intel-root-crl.der"))
write("elsewhere", b"mine")
os.symlink(path("elsewhere"), path("full", "intel-pck-crl-platform.der"))
got = fetch("links in the folder", 5, QUOTE, out="full")
equal(results(got), {**dict.fromkeys(ALL, NEW), "root-crl": "unwritten", "pck-crl": "newer"},
      "everything else is kept")
ok("No space left" in got.err or "Permission denied" in got.err, "and it is said", got.err)
equal(read("elsewhere"), b"mine", "what links point to stays as it is")
if os.geteuid() != 0:
    os.mkdir(path("closed"), 0o500)
    fetch("a folder that is closed", 5, QUOTE, out="closed")
    equal(files("closed"), [], "stays as it is")
else:
    skip("a folder that is closed", "root may write everywhere")

fresh()
intel("tdx")
fetch("before an interruption", 0, QUOTE)
held = {f: read("out", f) for f in files("out")}
intel("tdx")[PATHS["tcb-info"]].body = read("tdx", "tcb_info_newer.json")
reached = threading.Event()


def hold(handler):
    reached.set()
    silent(handler)


server.answers["/root.crl"].before = hold
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
    reached.clear()
    process = subprocess.Popen([REAL, "collateral", "fetch", path(QUOTE), "-o", path("out"),
                                "--now", str(NOW), "--pcs", server.url, "--root-crl",
                                server.url + "/root.crl", "--ca", path("ca.pem"),
                                "--insecure-test-root", path("tdx/root.der")],
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ok(reached.wait(WAIT), "it waits for the last piece")
    process.send_signal(number)
    process.wait(WAIT)
    equal({f: read("out", f) for f in files("out")}, held, f"{number.name}: nothing has changed")

# --- who is asked for what ------------------------------------------------------------------------------
intel("tdx")
fresh()
for name, args, queries in (
        ("no option", [], ("?fmspc=50806f000000", "")),
        ("the standard", ["--update", "standard"],
         ("?fmspc=50806f000000&update=standard", "?update=standard")),
        ("early", ["--update", "early"], ("?fmspc=50806f000000&update=early", "?update=early")),
        ("a number", ["--tcb-evaluation-number", "20"],
         ("?fmspc=50806f000000&tcbEvaluationDataNumber=20", "?tcbEvaluationDataNumber=20"))):
    fresh()
    fetch(name, 0, QUOTE, *args)
    equal([p for p, _ in server.seen],
          ["/tdx/certification/v4/tcb" + queries[0],
           "/tdx/certification/v4/qe/identity" + queries[1],
           "/sgx/certification/v4/pckcrl?ca=platform&encoding=der", "/root.crl"],
          f"{name}: is asked for")
    ok(not [h for _, h in server.seen if "Ocp-Apim-Subscription-Key" in h], f"{name}: without key")
key = write("key", b"0123456789abcdef\n")
fresh()
fetch("a key", 0, QUOTE, "--pcs-key-file", key)
equal([h.get("Ocp-Apim-Subscription-Key") for _, h in server.seen],
      ["0123456789abcdef"] * 3 + [None], "goes to the service alone")
for name, data in (("two lines", b"one\ntwo\n"), ("nothing", b"\n"), ("a space", b"a b")):
    fetch(f"a key of {name}", 2, QUOTE, "--pcs-key-file", write("key", data))
fetch("a key that is not there", 5, QUOTE, "--pcs-key-file", path("nothing"))
fetch("a key that is none", 3, QUOTE, "--pcs-key-file", write("key", b"a" * 257))
PCCS = ["--ca", path("ca.pem"), "--pccs"]
intel("tdx")["/sgx/certification/v4/rootcacrl"] = Answer(
    read("tdx", "root_crl.der").hex().encode())
for base in (server.url, server.url + "/", server.url + "/sgx/certification/v4",
             server.url + "/sgx/certification/v4/"):
    fresh()
    got = fetch(f"a PCCS at {base[len(server.url):] or 'its root'}", 0, QUOTE, *PCCS, base,
                places=False)
    equal([p.split("?")[0] for p, _ in server.seen],
          ["/tdx/certification/v4/tcb", "/tdx/certification/v4/qe/identity",
           "/sgx/certification/v4/pckcrl", "/sgx/certification/v4/rootcacrl"], "is asked as one")
    verify("and a verdict takes it", "verified", QUOTE, "out")

# --- what cannot be asked -------------------------------------------------------------------------------
fresh()
for name, args in (
        ("http", ["--pcs", "http://127.0.0.1:1"]), ("no scheme", ["--pcs", "127.0.0.1:1"]),
        ("a file", ["--kds", "file:///etc/passwd"]), ("a query", ["--pcs", "https://x/?a="]),
        ("a user", ["--pcs", "https://user:secret@x"]), ("no host", ["--pcs", "https:///a"]),
        ("a line break", ["--pcs", "https://x/\r\nA: b"]), ("a long one", ["--kds", "https://" +
                                                                           "x" * 200]),
        ("http for the root's list", ["--root-crl", "http://x/"]),
        ("both services", ["--pccs", "https://x"]), ("an unknown update", ["--update", "late"]),
        ("both choices", ["--update", "early", "--tcb-evaluation-number", "20"]),
        ("number 0", ["--tcb-evaluation-number", "0"]), ("a product", ["--product", "rome"]),
        ("no time", ["--timeout", "0"])):
    fetch(name, 2, QUOTE, *args)
equal(server.seen, [], "nobody was asked")
run = subprocess.run([REAL, "collateral", "fetch", path(QUOTE)], capture_output=True, text=True)
equal((run.returncode, "-o DIR" in run.stderr), (2, True), "no folder")
quote = read(QUOTE)
for name, code, data in (("no evidence", 3, b"hello"), ("a quote that is cut", 3, quote[:700]),
                         ("a quote that was changed", 1, quote[:200] + bytes([quote[200] ^ 1]) +
                          quote[201:])):
    write("tdx/changed.bin", data)
    ROOTS["tdx/changed.bin"] = "root.der"
    got = fetch(name, code, "tdx/changed.bin")
equal((server.seen, files("out")), ([], []), "for these nobody was asked")
ok("tdx.quote.signature" in got.err, "and it is said why", got.err)
fetch("a quote that no root vouches for", 1, QUOTE, root=False)
fetch("evidence that is not there", 5, "tdx/none.bin", root=False)
fetch("a quote whose certificates have run out", 1, QUOTE, "--now", str(NOW + 400 * DAY))
make("nitro", "nitro")
ROOTS["nitro/document.cose"] = "root.der"
got = fetch("Nitro", 0, "nitro/document.cose")
ok("nothing to fetch" in got.err and got.json["pieces"] == [] and "nothing" in got.json,
   "needs nothing", got.err)
equal((server.seen, files("out")), ([], []), "and gets nothing")
text = write("tdx/quote.txt", base64.b64encode(quote))
ROOTS["tdx/quote.txt"] = "root.der"
fetch("a quote as base64", 0, "tdx/quote.txt")
verify("is the same to a verdict", "verified", QUOTE, "out")
make("azure", "azure")
ROOTS.update({"azure/azure.hcl": "azure-root.der", "azure/azure.json": "azure-root.der"})
product = json.loads(subprocess.run([REAL, "inspect", "--json", path("azure/azure.hcl")],
                                    capture_output=True, text=True).stdout)
name = str(product).split("'product': '")[1].split("'")[0].capitalize()
server.answers = {
    f"/vcek/v1/{name}/cert_chain": Answer(pem(read("azure", "azure-ask.der"),
                                              read("azure", "azure-root.der")).encode()),
    f"/vcek/v1/{name}/": Answer(read("azure", "azure-vek.der")),
    f"/vcek/v1/{name}/crl": Answer(b"", status=404),
}
for evidence in ("azure/azure.hcl", "azure/azure.json"):
    fresh()
    got = fetch(f"{evidence}", 5, evidence)
    equal(results(got), {"amd-chain": NEW, "vcek": NEW, "amd-crl": NONE},
          "what the report within needs, but for a list that AMD does not answer with")
verify("and a verdict takes it", "verified", "azure/azure.json", "out")

# --- without room for a whole piece -----------------------------------------------------------------------
def small():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


intel("tdx")
fresh()
run = subprocess.run([REAL, "collateral", "fetch", "--json", path(QUOTE), "-o", path("out"), "--now",
                      str(NOW), "--pcs", server.url, "--root-crl", server.url + "/root.crl", "--ca",
                      path("ca.pem"), "--insecure-test-root", path("tdx/root.der")],
                     preexec_fn=small, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
equal((run.returncode, files("out")), (5, ["intel-pck-crl-platform.der", "intel-root-crl.der"]),
      "a disk that is full in the middle leaves whole files alone") or print("#", run.stderr)

# --- what a folder holds ----------------------------------------------------------------------------------
def show(name, code, *args):
    run = subprocess.run([REAL, "collateral", "show", "--json", *args, "--now", str(NOW)],
                         capture_output=True, text=True, timeout=WAIT)
    result = Result(run.returncode, run.stdout, run.stderr)
    ok(result.code == code, f"show: {name}", f"exit {result.code}\n{run.stderr}{run.stdout}")
    return result


def missing(got):
    return [m["check"] for m in got.json["missing"]]


intel("tdx")
fresh()
fetch("a folder to show", 0, QUOTE)
TRUST = ("--insecure-test-root", path("tdx/root.der"))
got = show("a folder", 0, path("out"), *TRUST)
pieces = got.json["pieces"]
equal(sorted(p["kind"] for p in pieces),
      ["certificate", "certificate", "qe-identity", "revocation-list", "revocation-list",
       "tcb-info"], "every piece")
equal({p["state"] for p in pieces}, {"current"}, "all of them current")
equal([(p["fmspc"], p["platform"], p["evaluation_number"]) for p in pieces
       if p["kind"] == "tcb-info"], [("50806f000000", "tdx", 20)], "TCB info and what it is for")
equal([p.get("root") for p in pieces if p.get("subject") == "Intel SGX Root CA"], ["test"],
      "the root that is trusted")
equal({p["file"]: p["sha256"] for p in pieces},
      {path("out", f): hashlib.sha256(read("out", f)).hexdigest() for f in files("out")},
      "and the hash of each file")
equal("missing" in got.json, False, "nothing is said about what nobody asked")
got = show("for the quote", 0, path("out"), "--for", path(QUOTE), *TRUST)
equal(missing(got), [], "nothing is missing")
for kind, checks in (("tcb-info", ["tdx.tcb_info.signature"]),
                     ("qe-identity", ["tdx.qe_identity.signature"]),
                     ("pck-crl", ["tdx.crl.pck"]), ("root-crl", ["tdx.crl.root"]),
                     ("tcb-signer", ["tdx.tcb_info.signature", "tdx.qe_identity.signature"])):
    shutil.copytree(path("out"), path("part"))
    for f in files("part"):
        if kind in f:
            os.remove(path("part", f))
    equal(missing(show(f"without {kind}", 4, path("part"), "--for", path(QUOTE), *TRUST)), checks,
          f"{kind} is missing")
    shutil.rmtree(path("part"))
os.mkdir(path("part"))
equal(len(missing(show("an empty folder", 4, path("part"), "--for", path(QUOTE), *TRUST))), 8,
      "everything is missing")
for f, at, state, check in (("pck_crl_stale.der", NOW, "expired", "tdx.crl.validity"),
                            ("tcb_info_future.json", NOW, "not valid yet",
                             "tdx.tcb_info.validity"),
                            ("tcb_info_fmspc.json", NOW, "current", "tdx.tcb_info.platform")):
    shutil.rmtree(path("part"))
    shutil.copytree(path("out"), path("part"))
    for old_file in files("part"):
        if f[:3] in old_file and old_file.split(".")[-1] == f.split(".")[-1]:
            os.remove(path("part", old_file))
    shutil.copy(path("tdx", f), path("part"))
    got = show(f, 4, path("part"), "--for", path(QUOTE), *TRUST)
    equal([p["state"] for p in got.json["pieces"] if p["file"].endswith(f)], [state],
          f"{f}: {state}")
    equal(missing(got), [check], f"{f}: {check}")
write("part/words", b"hello \x1b[31m")
got = show("a stranger among them", 0, path("part"))
equal([p["kind"] for p in got.json["pieces"] if p["file"].endswith("words")], ["unknown"],
      "is told apart")
show("evidence that nobody vouches for", 1, path("out"), "--for", path(QUOTE))
show("no evidence", 3, path("out"), "--for", path("part/words"))
show("nothing there", 5, path("nowhere"))
show("evidence that is not there", 5, path("out"), "--for", path("nowhere"))
equal(missing(show("Nitro", 0, path("out"), "--for", path("nitro/document.cose"))), [],
      "needs nothing")
TRUST = ("--insecure-test-root", path(CARD, "snp-ark.der"))
amd(CARD, "Genoa")
fresh()
fetch("a report's folder", 0, REPORT)
got = show("for the report", 0, path("out"), "--for", path(REPORT), *TRUST)
vcek = [p for p in got.json["pieces"] if p.get("subject") == "SEV-VCEK"][0]
equal((vcek["product"], vcek["chip_id"], vcek["tcb"]),
      ("genoa", "c7" * 64, {"bootloader": 4, "tee": 0, "snp": 24, "microcode": 219}),
      "a VCEK and what it is for")
for f, checks in (("amd-vcek-crl-genoa.der", ["snp.chain.revocation"]),
                  ("amd-vcek-chain-genoa.pem", ["snp.ca.found"]),
                  ([f for f in files("out") if "c7c7" in f][0], ["snp.vek.found"])):
    os.rename(path("out", f), path("aside"))
    equal(missing(show(f"without {f[:14]}", 4, path("out"), "--for", path(REPORT), *TRUST)), checks,
          f"{checks[0]} says so")
    os.rename(path("aside"), path("out", f))
text = subprocess.run([REAL, "collateral", "show", path("out"), "--now", str(NOW), "--for",
                       path(REPORT), *TRUST], capture_output=True, text=True)
ok("SEV-VCEK" in text.stdout and "nothing is missing" in text.stdout, "and in words", text.stdout)
done()
