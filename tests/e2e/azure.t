#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The attester of Azure's confidential VMs against an emulated TPM (swtpm) whose key and indices the
tools of tpm2-tools made, with a paravisor's report for that key under a root of our own, and a metadata
service of ours: attest, verify, serve, infer, receipts; and what each of the three may do wrong."""

import base64
import http.server
import json
import os
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import serving
import vtpm
from serving import MODEL, TACIT, done, equal, ok
from vtpm import KEY, REPORT, pem, processes, read

if vtpm.lacks():
    print(f"1..0 # SKIP {vtpm.lacks()}")
    sys.exit(0)

NONCE = "a1" * 32
FOLDER = tempfile.TemporaryDirectory()
# Nothing of the environment may come between the attester and the metadata service.
os.environ["http_proxy"] = os.environ["all_proxy"] = "http://127.0.0.1:9"


def path(*names):
    return os.path.join(FOLDER.name, *names)


def Machine(name, kind):
    return vtpm.Machine(path(name), kind)


class Imds:
    """The metadata service. `mode` says how it misbehaves."""

    def __init__(self, machine):
        self.machine, self.mode, self.asked = machine, "good", []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                service.asked.append((self.path, self.headers.get("Metadata"), None))
                self.reply(service.certs())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.asked.append((self.path, self.headers.get("Metadata"), body))
                self.reply(service.quote())

            def reply(self, answer):
                try:
                    service.reply(self, answer)
                except OSError:
                    pass  # the attester had enough

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def der(self, name):
        return read(self.machine.at(name))

    def certs(self):
        answer = {"vcekCert": pem(self.der("azure-vek.der")), "tcbm": "00",
                  "certificateChain": pem(self.der("azure-ask.der")) + pem(self.der("azure-root.der"))}
        if self.mode == "no key":
            del answer["vcekCert"]
        if self.mode == "two keys":
            answer["vcekCert"] *= 2
        if self.mode == "broken":
            answer["certificateChain"] = answer["certificateChain"].replace("MI", "M*", 1)
        if self.mode == "no certificate":
            answer["certificateChain"] = pem(b"hello")
        if self.mode == "nine":
            answer["certificateChain"] = read(self.machine.at("small")).decode() * 8
        return answer

    def quote(self):
        quote = self.der("azure-td.quote")
        if self.mode == "other":
            quote = quote[:600] + bytes([quote[600] ^ 1]) + quote[601:]
        if self.mode == "padded":
            quote += bytes(70)
        if self.mode == "short":
            quote = quote[:400]
        if self.mode == "empty":
            quote = b""
        return {"quote": base64.urlsafe_b64encode(quote).decode().rstrip("=")}

    def reply(self, handler, answer):
        body = json.dumps(answer).encode()
        status = {"404": 404, "busy": 429, "redirect": 302}.get(self.mode, 200)
        if self.mode == "busy once" and len(self.asked) == 1:
            status = 503
        if self.mode == "garbage":
            body = b"<html>"
        if self.mode == "twice":
            body = body.replace(b"{", b'{"quote": "AA", "vcekCert": "", ', 1)
        if self.mode == "silent":
            time.sleep(13)
        handler.send_response(status)
        if self.mode == "redirect":
            handler.send_header("Location", self.url + "/elsewhere")
        if self.mode == "headers":
            for i in range(2000):
                handler.send_header(f"X-{i}", "x" * 60)
        if self.mode == "endless":
            body += b" " * 10_000_000
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


class Between:
    """Between the attester and its TPM: sees each command, and may answer in the TPM's stead."""

    def __init__(self, machine, hook):
        self.machine, self.hook, self.commands = machine, hook, []
        self.socket = machine.socket + f".between-{id(self)}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.socket)
        listener.listen(4)
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            client, _ = listener.accept()
            tpm = socket.socket(socket.AF_UNIX)
            tpm.connect(self.machine.socket)
            try:
                self.relay(client, tpm)
            except OSError:
                pass
            client.close()
            tpm.close()

    @staticmethod
    def message(sock):
        data = b""
        while len(data) < 10 or len(data) < int.from_bytes(data[2:6], "big"):
            piece = sock.recv(4096)
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def exchange(self, tpm, command):
        tpm.sendall(command)
        return self.message(tpm)

    def relay(self, client, tpm):
        while True:
            command = self.message(client)
            self.commands.append(int.from_bytes(command[6:10], "big"))
            answer = self.hook(self, tpm, command)
            if answer is not None:
                client.sendall(answer)


def tacit(*arguments, timeout=120):
    return subprocess.run([TACIT, *arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)


def attest(machine, *arguments, imds=None, tpm=None, out="evidence"):
    out = machine.at(out)
    if os.path.exists(out):
        os.unlink(out)
    return tacit("attest", "--tpm", "unix:" + (tpm or machine.socket), "--azure-imds",
                 imds.url if imds else "http://127.0.0.1:9", "-o", out, *arguments)


def refused(run, code, text, name):
    ok(run.returncode == code and text in run.stderr, name,
       f"exit {run.returncode}, want {code}: {run.stderr}")


def verify(machine, *arguments, evidence="evidence", policy=("--insecure-no-policy",)):
    run = tacit("verify", "--json", *policy, *machine.root(), *arguments, machine.at(evidence))
    try:
        return run.returncode, json.loads(run.stdout)
    except ValueError:
        return run.returncode, {"checks": [], "stderr": run.stderr}


def failed(verdict):
    return [check["name"] for check in verdict["checks"] if check["result"] == "fail"]


def write_policy(name, alternative):
    with open(path(name), "w") as f:
        json.dump({"schema": "tacit.policy/1", "alternatives": [alternative]}, f)
    return "--policy", path(name)


silence = socket.socket(socket.AF_UNIX)
silence.bind(path("silence"))
silence.listen(1)
hanging = subprocess.Popen([TACIT, "attest", "--tpm", "unix:" + path("silence")],
                           stderr=subprocess.PIPE, text=True)
processes.append(hanging)

snp = Machine("snp", "snp")
imds = Imds(snp)

# --- SEV-SNP -------------------------------------------------------------------------------------
run = attest(snp, "--nonce", NONCE, imds=imds)
ok(run.returncode == 0 and "evidence of azure-snp" in run.stderr, "auto finds it", run.stderr)
equal(imds.asked, [("/metadata/THIM/amd/certification", "true", None)],
      "the metadata service is asked once, as it wants to be")
code, verdict = verify(snp, "--nonce", NONCE)
equal((code, failed(verdict)), (0, []), "and it verifies, with what came with it")
claims = verdict["claims"]
equal(claims["azure"]["tpm_quote"]["nonce"], NONCE, "the quote carries the nonce")
equal(claims["azure"]["guest_state"], "quoted", "and the PCRs")
names = {m["name"]: m["value"] for m in claims["measurements"]} \
    if isinstance(claims["measurements"], list) else claims["measurements"]
printed = snp.tpm("pcrread", "sha256:0,7,16,23")
for line in printed.splitlines():
    if ":" in line and "0x" in line:
        number, value = (word.strip() for word in line.split(":"))
        equal(names["pcr" + number], value[2:].lower(), f"PCR {number} is what the TPM's tool reads")
evidence = json.loads(read(snp.at("evidence")))
equal(list(evidence), ["tee", "hcl_report", "vcek", "tpm_quote"], "the object has four members")
with open(snp.at("msg"), "wb") as f:
    f.write(bytes.fromhex(evidence["tpm_quote"]["message"]))
with open(snp.at("sig"), "wb") as f:
    f.write(bytes.fromhex(evidence["tpm_quote"]["signature"]))
run = subprocess.run(["tpm2_checkquote", "-u", snp.at("ak.pem"), "-m", snp.at("msg"), "-s",
                      snp.at("sig"), "-q", NONCE], capture_output=True, text=True)
equal(run.returncode, 0, "the tools of others take the quote, too")

equal(failed(verify(snp, "--nonce", "b2" * 32)[1]), ["evidence.nonce"], "another nonce is refused")
equal(attest(snp, imds=imds).returncode, 0, "without any nonce")
ok("evidence.nonce" in failed(verify(snp, "--nonce", NONCE)[1]), "there is none to be found")
equal(attest(snp, "--nonce", "c3" * 50, imds=imds).returncode, 0, "a nonce of 50 bytes")
equal(verify(snp, "--nonce", "c3" * 50)[0], 0, "is carried")
refused(attest(snp, "--nonce", "c3" * 51, imds=imds), 6, "50 bytes at most", "one of 51 is not")
refused(attest(snp, "--public-key", "aabb", imds=imds), 6, "no room for a public key",
        "a public key has no place")
refused(attest(snp, "--user-data", "aabb", imds=imds), 3, "",
        "nor have user data that are no binding")
equal(attest(snp, "--tee", "azure-snp", imds=imds).returncode, 0, "by its name")
refused(attest(snp, "--tee", "azure-tdx", imds=imds), 6, "of azure-snp, not of azure-tdx",
        "not by the other's")

# What was changed on the way.
attest(snp, "--nonce", NONCE, imds=imds)
original = read(snp.at("evidence"))


def change(change_object, name, want):
    changed = json.loads(original)
    change_object(changed)
    with open(snp.at("changed"), "w") as f:
        json.dump(changed, f)
    code, verdict = verify(snp, "--nonce", NONCE, evidence="changed")
    ok(code == 1 and want in failed(verdict), name, (code, failed(verdict)))


def swap_pcr(d):
    d["tpm_quote"]["pcrs"][8] = "ff" * 32


def flip_message(d):
    text = d["tpm_quote"]["message"]
    d["tpm_quote"]["message"] = text[:-2] + f"{int(text[-2:], 16) ^ 1:02x}"


def flip_nonce(d):
    d["tpm_quote"]["message"] = d["tpm_quote"]["message"].replace("a1" * 32, "a1" * 31 + "a2")


def drop_quote(d):
    del d["tpm_quote"]


change(swap_pcr, "a PCR that was changed is refused", "azure.quote.pcrs")
change(flip_message, "a quote that was changed is refused", "azure.quote.pcrs")
change(flip_nonce, "a nonce that was changed is refused", "azure.quote.signature")
change(drop_quote, "a nonce without a quote is refused", "evidence.nonce")

# Policies see the guest through the PCRs alone.
good = {"platform": "azure-snp",
        "measurements": {"measurement": names["measurement"], "pcr8": "00" * 32}}
policy = write_policy("policy", good)
equal(verify(snp, "--nonce", NONCE, policy=policy)[0], 0, "a policy that names a PCR takes it")
WEAK = "names no PCR: it accepts whatever guest runs above that paravisor"
ok(WEAK not in tacit("verify", *policy, *snp.root(), snp.at("evidence")).stderr, "without a word")
weak = write_policy("weak", {"platform": "azure-snp",
                             "measurements": {"measurement": names["measurement"]}})
ok(WEAK in tacit("verify", *weak, *snp.root(), snp.at("evidence")).stderr and
   WEAK in tacit("policy", "check", path("weak")).stderr, "one that names none is warned of")
snp.tpm("pcrextend", "8:sha256=" + "11" * 32)
attest(snp, "--nonce", NONCE, imds=imds)
code, verdict = verify(snp, "--nonce", NONCE, policy=policy)
ok(code == 1 and failed(verdict) == ["policy.measurements"],
   "and refuses a guest that measured something else there", failed(verdict))

# --- a server -------------------------------------------------------------------------------------
server = subprocess.Popen(
    [TACIT, "serve", "--tpm", "unix:" + snp.socket, "--azure-imds", imds.url, "--model", MODEL, "--listen",
     "tcp:127.0.0.1:0", "--threads", "1", "--json", *snp.root()], stdout=subprocess.PIPE,
    stderr=open(snp.at("log"), "w"), text=True)
processes.append(server)
line = server.stdout.readline()
if not line:
    raise SystemExit("Bail out! tacit serve did not start: " + read(snp.at("log")).decode())
ready = json.loads(line)
equal(ready["tee"], "azure-snp", "a server finds its TEE by itself")
ok(f'event=tee tee=azure-snp reason="the paravisor\'s report in unix:{snp.socket}"' in
   read(snp.at("log")).decode(), "and says why")
asked = len(imds.asked)


def infer(*arguments, policy=("--insecure-no-policy",)):
    return tacit("infer", "--server", ready["listen"], "--max-tokens", "2", *policy, *snp.root(),
                 "--receipt", snp.at("receipt"), "--evidence", snp.at("session"), "--binding",
                 snp.at("binding"), *arguments, "hello")


run = infer()
ok(run.returncode == 0 and "verified: azure-snp" in run.stderr, "a client gets an answer", run.stderr)
JUDGE = ["receipt", "verify", "--insecure-no-policy", *snp.root()]
run = tacit(*JUDGE, "--evidence", snp.at("session"), "--binding", snp.at("binding"),
            snp.at("receipt"))
ok(run.returncode == 0 and "end to end" in run.stdout, "and a receipt that holds", run.stderr)
run = tacit(*JUDGE, "--evidence", snp.at("session"), snp.at("receipt"))
ok(run.returncode == 1, "not without its binding", run.stdout)
first = {name: read(snp.at(name)) for name in ("receipt", "session", "binding")}
equal(infer().returncode, 0, "another session")
for name in ("session", "binding"):
    with open(snp.at("other"), "wb") as f:
        f.write(first[name])
    which = {"session": snp.at("session"), "binding": snp.at("binding"), name: snp.at("other")}
    run = tacit(*JUDGE, "--evidence", which["session"], "--binding", which["binding"],
                snp.at("receipt"))
    ok(run.returncode == 1, f"not with the {name} of another session", run.stdout)
show = json.loads(tacit("receipt", "show", "--json", snp.at("receipt")).stdout)
text = json.dumps(show)
ok("urn:x-tacit:air-snp/v1" in text and "snp-launch-digest" in text, "its profile is that of SNP")
equal(len(imds.asked), asked, "clients do not make it ask the metadata service")
run = infer(policy=policy)
ok(run.returncode == 1 and "policy.measurements" in run.stdout + run.stderr,
   "a client whose policy names another PCR refuses", run.stderr)
policy = write_policy("policy2", {"platform": "azure-snp", "measurements": {
    "measurement": names["measurement"], "pcr8": json.loads(read(snp.at("evidence")))
    ["tpm_quote"]["pcrs"][8]}})
run = infer(policy=policy)
equal(run.returncode, 0, "one that names this PCR does not")
run = tacit("policy", "init", "--evidence", snp.at("session"), *snp.root(), "--any-model",
            "--any-config", "-o", path("policy3"))
ok(run.returncode == 0, "a policy from what the server showed", run.stderr)
pinned = json.loads(read(path("policy3")))["alternatives"][0]
ok(pinned["platform"] == "azure-snp" and "pcr8" in pinned["measurements"] and
   "measurement" in pinned["measurements"], "pins the paravisor and the guest", pinned)
equal(infer(policy=("--policy", path("policy3"))).returncode, 0, "and takes it")
# Many at a time share quotes.
many = [subprocess.Popen([TACIT, "infer", "--server", ready["listen"], "--max-tokens", "1",
                          "--insecure-no-policy", *snp.root(), "hi"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL) for _ in range(8)]
equal([p.wait(120) for p in many], [0] * 8, "eight clients at a time are all served")
server.terminate()
equal(server.wait(60), 0, "the server ends")

# --- what the TPM may do ---------------------------------------------------------------------------
refused(attest(snp, tpm=snp.at("nothing")), 5, "", "nobody at the TPM's socket")
refused(tacit("attest", "--tpm", "/dev/tacit-no-such-tpm"), 6, "/dev/tacit-no-such-tpm",
        "no such device")
refused(tacit("attest", "--tpm", "/dev/null"), 5, "ended its answer too early",
        "a device that is no TPM")
report = read(snp.at("nv"))
snp.put_report(report[:1300])
refused(attest(snp), 3, "holds no report of a paravisor: ", "a report that is cut short")
snp.put_report(b"HCLB" + report[4:])
refused(attest(snp), 3, "holds no report of a paravisor: ", "an index with something else in it")
snp.put_report(report[:1250] + bytes([report[1250] ^ 1]) + report[1251:])
refused(attest(snp), 1, "other runtime data", "runtime data that were changed")
snp.tpm("nvundefine", REPORT, "-C", "o")
refused(attest(snp), 6, "no report of a paravisor", "a TPM without a report: any other machine")
snp.put_report(report)
snp.tpm("evictcontrol", "-C", "o", "-c", KEY)
refused(attest(snp), 6, "TPM_RC_", "a TPM without the key, which is named")
snp.make_key("other", KEY)
refused(attest(snp), 5, "is not the one that the paravisor reports", "a TPM with another key there")


def passes(between, tpm, command):
    return between.exchange(tpm, command)


def with_code(number, code):
    def hook(between, tpm, command):
        if int.from_bytes(command[6:10], "big") == number:
            return b"\x80\x01\0\0\0\x0a" + code.to_bytes(4, "big")
        return between.exchange(tpm, command)
    return hook


machine = Machine("second", "snp")
equal(attest(machine, tpm=Between(machine, passes).socket).returncode, 0,
      "through another process between")
for number, code, text in (
        (0x14e, 0x149, "TPM_RC_NV_AUTHORIZATION"), (0x14e, 0x98e, "TPM_RC_AUTH_FAIL (session 1)"),
        (0x17e, 0x101, "TPM_RC_FAILURE"), (0x158, 0x921, "TPM_RC_LOCKOUT"),
        (0x158, 0x9a2, "TPM_RC_BAD_AUTH (session 1)"), (0x158, 0x922, "TPM_RC_RETRY")):
    run = attest(machine, tpm=Between(machine, with_code(number, code)).socket)
    ok(run.returncode == 5 and text in run.stderr, f"{text} in answer to 0x{number:x}",
       (run.returncode, run.stderr))


def old_quote():
    kept = []

    def hook(between, tpm, command):
        answer = between.exchange(tpm, command)
        if int.from_bytes(command[6:10], "big") != 0x158:
            return answer
        kept.append(answer)
        return kept[0]
    return hook


between = Between(machine, old_quote())
equal(attest(machine, "--nonce", "01", tpm=between.socket).returncode, 0, "a quote")
refused(attest(machine, "--nonce", "02", tpm=between.socket), 5, "other data than were asked for",
        "and the same one again for another nonce")


def moving(times):
    count = [0]

    def hook(between, tpm, command):
        if int.from_bytes(command[6:10], "big") == 0x158 and count[0] < times:
            count[0] += 1
            extend = bytes.fromhex("8002000000410000018200000010" "00000009" "40000009" "0000000000"
                                   "00000001" "000b") + bytes(32)
            between.exchange(tpm, extend)
        return between.exchange(tpm, command)
    return hook


run = attest(machine, "--nonce", NONCE, tpm=Between(machine, moving(2)).socket)
equal(run.returncode, 0, "PCRs that are extended between reading and quoting are read again")
equal(verify(machine, "--nonce", NONCE, "--collateral", machine.at("azure-vek.der"), "--collateral",
             machine.at("azure-ask.der"), "--collateral", machine.at("azure-root.der"))[0], 0,
      "until they fit, which a verifier sees")
refused(attest(machine, tpm=Between(machine, moving(99)).socket), 5, "never those",
        "and not for ever")
_, words = hanging.communicate(timeout=serving.WAIT)
ok(hanging.returncode == 5 and "has not answered in 20000 ms" in words,
   "a TPM that hangs has a limit", (hanging.returncode, words))

# --- report data -----------------------------------------------------------------------------------
DATA = "d4" * 64


def paravisor(patience):
    """Has a new report some commands after the user data were written, as the real one does."""
    left = [None]

    def nv_write(between, tpm, report):
        password = bytes.fromhex("00000009400000090000000000")
        for at in range(0, len(report), 512):
            piece = report[at:at + 512]
            body = (bytes.fromhex("00000137" "40000001" "01400001") + password +
                    len(piece).to_bytes(2, "big") + piece + at.to_bytes(2, "big"))
            between.exchange(tpm, b"\x80\x02" + (len(body) + 6).to_bytes(4, "big") + body)

    def hook(between, tpm, command):
        code = int.from_bytes(command[6:10], "big")
        if code == 0x137:
            between.user_data = command[33:97]
            left[0] = patience
        elif left[0] is not None and code == 0x169:
            left[0] -= 1
            if left[0] == 0:
                nv_write(between, tpm, machine.make_report(between.user_data.hex()))
        return between.exchange(tpm, command)
    return hook


between = Between(machine, paravisor(3))
service = Imds(machine)
run = attest(machine, "--report-data", DATA, imds=service, tpm=between.socket)
equal(run.returncode, 0, "report data become the paravisor's user data")
ok(0x12a in between.commands, "whose index is made where there is none")
code, verdict = verify(machine, "--user-data", DATA)
equal((code, failed(verdict)), (0, []), "and are found there")
equal(failed(verify(machine, "--user-data", "e5" * 64)[1]), ["expect.user_data"], "others are not")
between = Between(machine, paravisor(2))
equal(attest(machine, "--report-data", DATA, tpm=between.socket).returncode, 0, "a second time")
ok(0x12a not in between.commands, "the index is there")
refused(attest(machine, "--report-data", "f6" * 64), 5, "has not put the report data",
        "a paravisor that takes none has a limit")
snp.stop()
machine.stop()

# --- TDX -------------------------------------------------------------------------------------------
tdx = Machine("tdx", "tdx")
imds = Imds(tdx)
run = attest(tdx, "--nonce", NONCE, imds=imds)
ok(run.returncode == 0 and "evidence of azure-tdx" in run.stderr, "a TD", run.stderr)
where, header, body = imds.asked[0]
equal((where, header), ("/acc/tdquote", "true"), "its quote comes from the metadata service")
sent = json.loads(body)["report"]
equal(base64.urlsafe_b64decode(sent + "=" * (-len(sent) % 4)), read(tdx.at("nv"))[32:32 + 1024],
      "for the TDREPORT in the paravisor's report")
code, verdict = verify(tdx, "--nonce", NONCE)
equal((code, failed(verdict)), (4, ["policy.tdx.collateral"]),
      "undecided without Intel's collateral, and nothing else against it")
values = verdict["claims"]["measurements"]
mrtd = values["mrtd"] if isinstance(values, dict) else next(
    m["value"] for m in values if m["name"] == "mrtd")
policy = write_policy("tdx-policy", {"platform": "azure-tdx", "measurements": {"mrtd": mrtd},
                                     "tdx": {"collateral": "signature-only"}})
code, verdict = verify(tdx, "--nonce", NONCE, policy=policy)
equal((code, failed(verdict)), (0, []), "verified where the policy does not ask for it")
imds.mode = "padded"
equal(attest(tdx, imds=imds).returncode, 0, "a quote with zeros behind it")
equal(json.loads(read(tdx.at("evidence")))["td_quote"],
      base64.urlsafe_b64encode(read(tdx.at("azure-td.quote"))).decode().rstrip("="),
      "is cut to its length")
imds.mode = "good"
server = subprocess.Popen(
    [TACIT, "serve", "--tee", "auto", "--tpm", "unix:" + tdx.socket, "--azure-imds", imds.url, "--model",
     MODEL, "--listen", "tcp:127.0.0.1:0", "--threads", "1", "--json", *tdx.root()],
    stdout=subprocess.PIPE, stderr=open(tdx.at("log"), "w"), text=True)
processes.append(server)
line = server.stdout.readline()
ok(bool(line), "a TD serves", read(tdx.at("log")).decode())
if line:
    listen = json.loads(line)["listen"]
    run = tacit("infer", "--server", listen, "--max-tokens", "2", *policy, *tdx.root(), "--receipt",
                tdx.at("receipt"), "--evidence", tdx.at("session"), "--binding", tdx.at("binding"),
                "hello")
    equal(run.returncode, 0, "a client gets an answer")
    run = tacit("receipt", "verify", *policy, *tdx.root(), "--evidence", tdx.at("session"),
                "--binding", tdx.at("binding"), tdx.at("receipt"))
    ok(run.returncode == 0 and "end to end" in run.stdout, "and a receipt that holds",
       run.stdout + run.stderr)
    ok("tdx-mrtd-rtmr" in tacit("receipt", "show", tdx.at("receipt")).stdout,
       "with the registers of a TD")
server.terminate()
server.wait(60)

# --- what the metadata service may do ---------------------------------------------------------------
for mode, text in (("404", "answers 404"), ("busy", "answers 429"), ("redirect", "answers 302"),
                   ("garbage", "not what it should be"), ("twice", "not what it should be"),
                   ("other", "none of this TD"), ("short", "none of this TD"),
                   ("empty", "quote of 0 bytes"), ("endless", "too long"), ("headers", "too long")):
    imds.mode, imds.asked = mode, []
    run = attest(tdx, imds=imds)
    ok(run.returncode == (3 if text == "too long" else 5) and text in run.stderr and not os.path.exists(tdx.at("evidence")),
       f"no quote: {mode}", (run.returncode, run.stderr))
    ok(not any(asked[0] == "/elsewhere" for asked in imds.asked), "  and nowhere else is asked")
imds.mode, imds.asked = "busy once", []
equal(attest(tdx, imds=imds).returncode, 0, "one that is busy is asked again")
equal(len(imds.asked), 2, "once")
refused(attest(tdx), 5, "does not answer", "none at all")
imds.mode = "silent"
since = time.monotonic()
run = attest(tdx, imds=imds)
took = time.monotonic() - since
ok(run.returncode == 5 and 9 < took < 30, "one that hangs has a limit", (took, run.stderr))
refused(attest(tdx, "--azure-imds", "http://127.0.0.1/" + "x" * 300), 2, "too long", "an address too long")
refused(attest(tdx, "--azure-imds", "file:///etc/passwd?"), 5, "does not answer", "a file is no service")
tdx.stop()

third = Machine("third", "snp")
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", third.at("small.key"), "-out", third.at("small"), "-subj", "/CN=small"],
               check=True, capture_output=True)
imds = Imds(third)
for mode in ("404", "garbage", "no key", "two keys", "broken", "no certificate", "nine", "endless"):
    imds.mode = mode
    run = attest(third, "--nonce", NONCE, imds=imds)
    ok(run.returncode == 0 and "vcek" not in json.loads(read(third.at("evidence"))),
       f"no certificates, and evidence without them: {mode}", run.stderr)
equal(verify(third, "--nonce", NONCE)[0], 4, "which alone decides nothing")
equal(verify(third, "--nonce", NONCE, "--collateral", third.at("azure-vek.der"), "--collateral",
             third.at("azure-ask.der"), "--collateral", third.at("azure-root.der"))[0], 0,
      "and does with certificates from elsewhere")
run = tacit("serve", "--tpm", "unix:" + third.socket, "--azure-imds", "http://127.0.0.1:9", "--model", MODEL,
            "--listen", "tcp:127.0.0.1:0", *third.root())
ok(run.returncode != 0 and 'event=certificates state=none reason="the metadata service does not answer'
   in run.stderr, "a server without them says why it cannot serve", (run.returncode, run.stderr))
third.stop()
done()
