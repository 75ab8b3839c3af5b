#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two tutorials of examples/, as a newcomer goes through them, with --emulate: build, run,
measure, attest and verify, clean up; what is refused on the way; and the server of
examples/nitro-decrypt in its enclave, among callers that are hostile to it."""

import json
import os
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

SCRIPTS = os.path.join(ROOT, "examples", "nitro-attest")
DECRYPT = os.path.join(ROOT, "examples", "nitro-decrypt")
USER_DATA = b"tacit example nitro-decrypt 1"

started = time.monotonic()
if not os.path.exists(os.path.join(BUILD, "libtacit-attest.a")):
    skip_all("libtacit-attest.a is not there")
deps = parts()
work = folder()
desk, runtime = os.path.join(work, "desk"), os.path.join(work, "run")
os.mkdir(desk)
os.mkdir(runtime, 0o700)
environment = dict(os.environ, PATH=BUILD + ":" + os.environ["PATH"], XDG_RUNTIME_DIR=runtime)


def do(*command, stdin=""):
    return subprocess.run(command, cwd=desk, env=environment, capture_output=True, text=True,
                          timeout=WAIT, input=stdin)


def step(script, *options):
    return do(os.path.join(SCRIPTS, script), *options)


def desk_file(name, mode="r"):
    with open(os.path.join(desk, name), mode) as f:
        return f.read()


def write(name, text):
    with open(os.path.join(desk, name), "w") as f:
        f.write(text)


atexit.register(do, "tacit", "stop", "--all")

with open(os.path.join(SCRIPTS, "README.md")) as f:
    told = re.findall(r"^\$S/(.*)$", f.read(), re.M)
ok(told == ["1-build.sh --emulate", "2-run.sh --emulate", "3-measurements.sh",
            "4-attest-and-verify.sh", "5-clean-up.sh"], "the README tells what is done here", told)

# ---- build -------------------------------------------------------------------------------------

run = step("1-build.sh", "--kernel", "nowhere")
ok(run.returncode == 1 and "no kernel at nowhere" in run.stderr, "1: without a kernel it says so",
   run.stderr)
run = step("1-build.sh", "--emulate")
ok(run.returncode == 0, "1: it builds", run.stderr)
ok("NO TEE" in run.stderr, "1: and says that what follows is no TEE", run.stderr)
first = desk_file("enclave.eif", "rb") if run.returncode == 0 else b""
run = step("1-build.sh", "--emulate")
ok(run.returncode == 0 and desk_file("enclave.eif", "rb") == first,
   "1: again, the same bytes", run.stderr)
plain = json.loads(desk_file("expected-measurements.json"))["Measurements"]
made = do("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
          "-nodes", "-subj", "/CN=signer", "-days", "30", "-keyout", "signer.key", "-out",
          "signer.pem")
run = step("1-build.sh", "--emulate", "--sign", "signer.key", "--certificate", "signer.pem")
expected = json.loads(desk_file("expected-measurements.json"))["Measurements"]
ok(run.returncode == 0 and made.returncode == 0 and expected["PCR0"] == plain["PCR0"] and
   len(expected["PCR8"]) == 96 and "PCR8" not in plain, "1: signed, it has PCR8 too", run.stderr)
policy = do(os.path.join(DECRYPT, "key-policy.py"), "expected-measurements.json")
ok(policy.returncode == 0 and all(expected[n] in policy.stdout for n in
                                  ("PCR0", "PCR1", "PCR2", "PCR8")),
   "a policy for a key names its registers", policy.stderr)

# ---- run and measure ---------------------------------------------------------------------------

run = step("2-run.sh", "--emulate")
ok(run.returncode == 0 and "NO TEE" in run.stderr, "2: it runs, as no TEE",
   run.stderr + run.stdout)
if run.returncode != 0:
    done()
enclave = json.loads(desk_file("enclave.json"))
run = step("2-run.sh", "--emulate")
ok(run.returncode == 1 and "5-clean-up.sh" in run.stderr, "2: not twice", run.stderr)

held = desk_file("expected-measurements.json")
write("expected-measurements.json", held.replace(expected["PCR2"], "ab" * 48))
run = step("3-measurements.sh")
ok(run.returncode == 1 and not os.path.exists(os.path.join(desk, "policy.json")),
   "3: an image that is not the expected one gets no policy", run.stdout + run.stderr)
write("expected-measurements.json", held)
run = step("3-measurements.sh")
ok(run.returncode == 0, "3: the image is the expected one", run.stdout + run.stderr)
pinned = json.loads(desk_file("policy.json"))["alternatives"][0]["measurements"]
ok(pinned == {n.lower(): expected[n] for n in ("PCR0", "PCR1", "PCR2", "PCR8")},
   "3: and the policy pins its registers", pinned)

# ---- attest and verify -------------------------------------------------------------------------

run = step("4-attest-and-verify.sh")
ok(run.returncode == 0 and "verified: nitro" in run.stdout, "4: verified",
   run.stdout + run.stderr)
ok("NO TEE" in run.stderr and "--insecure-test-root" in run.stderr,
   "4: and the test root is named", run.stderr)
document = desk_file("attestation-document.dat", "rb")
verdict = json.loads(desk_file("attestation-document.json"))
claims = verdict.get("claims") or {}
ok(verdict["verdict"] == "verified" and verdict["insecure"] == ["insecure-test-root"] and
   claims["nitro"]["root"] == "test", "4: the file says the same", verdict["insecure"])
ok(claims["user_data"] == USER_DATA.hex() and claims["public_key"] is None,
   "4: user data are the server's, and callers have no key in it", claims)
ok(all(claims["measurements"][n.lower()] == expected[n] for n in ("PCR0", "PCR1", "PCR2", "PCR8")),
   "4: registers are those of the image", claims["measurements"])
passed = {c["name"] for c in verdict["checks"] if c["result"] == "pass"}
wanted = {"nitro.cose.signature", "nitro.chain.signatures", "nitro.chain.validity", "nitro.root",
          "evidence.nonce", "expect.user_data", "policy.measurements", "policy.debug",
          "policy.freshness"}
ok(wanted <= passed, "4: signature, chain, root, registers, nonce and user data were checked",
   wanted - passed)

root, nonce = enclave["test_root"], claims["nonce"]
for name, check, options in (
        ("another nonce", "evidence.nonce", ("--nonce", "ab" * 32)),
        ("other user data", "expect.user_data", ("--user-data", "00")),
        ("another image", "policy.measurements", ("--pcr0", "ab" * 48))):
    pin = () if name == "another image" else ("--policy", "policy.json")
    run = do("tacit", "verify", "--json", "--insecure-test-root", root, *pin, *options,
             "attestation-document.dat")
    failed = [c["name"] for c in json.loads(run.stdout)["checks"] if c["result"] == "fail"]
    ok(run.returncode == 1 and failed == [check], f"{name} is refused: {check}", run.stdout)
run = do("tacit", "verify", "--policy", "policy.json", "--nonce", nonce,
         "attestation-document.dat")
ok(run.returncode == 1 and "nitro.root" in run.stdout + run.stderr,
   "and without the test root nothing is: nitro.root", run.stdout + run.stderr)
run = step("4-attest-and-verify.sh")
ok(run.returncode == 0 and
   json.loads(desk_file("attestation-document.json"))["claims"]["nonce"] != nonce,
   "4: again, over another nonce", run.stderr)
kept = desk_file("policy.json")
write("policy.json", kept.replace(expected["PCR1"], "ab" * 48))
run = step("4-attest-and-verify.sh")
ok(run.returncode == 1 and "policy.measurements" in run.stdout + run.stderr and
   not os.path.exists(os.path.join(desk, "attestation-document.json")),
   "4: a policy for another image: refused, and no claims are left", run.stdout + run.stderr)
write("policy.json", kept)

# ---- later -------------------------------------------------------------------------------------

run = do("tacit", "explain", "--policy", "policy.json", "--insecure-test-root", root,
         "attestation-document.dat")
ok(run.returncode == 0 and "nitro.root" in run.stdout, "explained in words",
   run.stdout + run.stderr)
run = step("4-attest-and-verify.sh")
made = json.loads(desk_file("attestation-document.json"))["claims"]["timestamp"]
for name, when, code in (("as of its time it is good", made, 0),
                         ("ten years later it is expired", "2036-11-21T00:00:00Z", 1)):
    run = do("tacit", "verify", "--policy", "policy.json", "--insecure-test-root", root, "--now",
             when, "attestation-document.dat")
    ok(run.returncode == code, name, run.stdout + run.stderr)

# ---- decrypt -----------------------------------------------------------------------------------

port = os.path.join(os.path.dirname(root), "5005")
write("ciphertext", "not for this build")
SECRET = json.dumps({"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"})
asks = (os.path.join(DECRYPT, "client.py"), "unix:" + port, "decrypt", "--policy", "policy.json",
        "--ciphertext", "ciphertext", "--key-id", "k", "--region", "eu-central-1", "--context",
        "purpose=nitro-decrypt")
run = do(*asks, "--insecure-test-root", root, stdin=SECRET)
ok(run.returncode == 1 and "verified: nitro" in run.stderr and
   "no key release is set up here" in run.stderr, "decrypt: verified, and no key release here",
   run.stderr)
run = do(*asks, stdin=SECRET)
ok(run.returncode == 1 and "not verified" in run.stderr and "key release" not in run.stderr,
   "decrypt: without the test root nothing is sent", run.stderr)

# ---- hostile callers ---------------------------------------------------------------------------


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(WAIT)
    sock.connect(port)
    return sock


def answer(sock):
    data = b""
    while len(data) < 8 or len(data) < 8 + struct.unpack(">Q", data[:8])[0]:
        part = sock.recv(65536)
        if not part:
            break
        data += part
    sock.close()
    return data[8:].decode()


def framed(data, size=None):
    return struct.pack(">Q", len(data) if size is None else size) + data


crowd = [connect() for _ in range(20)]
for name, data, words in (("a huge length", framed(b"{}", 1 << 63), "length is not"),
                          ("65537 bytes", framed(b"{}", 65537), "length is not"),
                          ("garbage", framed(b"\xff" * 100), "no object of JSON"),
                          ("an unknown operation", framed(b'{"operation":"x"}'), "no such")):
    sock = connect()
    sock.sendall(data)
    got = answer(sock)
    ok("error" in got and words in got, f"in the enclave, {name} is told", got)
for sock in crowd[:10]:
    sock.sendall(b"\0\0\0")
for sock in crowd:
    sock.close()
run = step("4-attest-and-verify.sh")
ok(run.returncode == 0, "and behind 20 who say nothing it attests", run.stderr)

# ---- debug mode --------------------------------------------------------------------------------

step("5-clean-up.sh")
write("expected-measurements.json", held)
write("policy.json", kept)
run = step("1-build.sh", "--emulate", "--sign", "signer.key", "--certificate", "signer.pem")
environment["PATH"] = os.path.join(deps, "bin") + ":" + environment["PATH"]
run = do("tacit", "run", "--eif", "enclave.eif", "--memory", "512", "--detach", "--json",
         "--emulate", "--cpu", "1", "--port", "5005", "--debug-mode")
write("enclave.json", run.stdout)
ok(run.returncode == 0 and json.loads(run.stdout)["debug"], "an enclave in debug mode runs",
   run.stderr)
run = step("4-attest-and-verify.sh")
ok(run.returncode == 1 and "policy.debug" in run.stdout + run.stderr, "4: and is refused as such",
   run.stdout + run.stderr)

# ---- clean up ----------------------------------------------------------------------------------

run = step("5-clean-up.sh")
ok(run.returncode == 0, "5: it cleans up", run.stderr)
left = set(os.listdir(desk)) - {"signer.key", "signer.pem", "ciphertext"}
ok(not left, "5: and leaves nothing", left)
listed = do("tacit", "ps", "--json")
ok(json.loads(listed.stdout)["enclaves"] == [], "5: the enclave has ended", listed.stdout)
run = step("5-clean-up.sh")
ok(run.returncode == 0, "5: twice does no harm", run.stderr)
diagnose(f"{time.monotonic() - started:.1f} s")
done()
