#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An enclave image of ours, booted: its own kernel, ramdisks and init; the kernel's nsm driver in
front of an NSM of ours that signs; AF_VSOCK; the host's relay. A client verifies it, asks it and
checks the receipt; and refuses a changed image, a debug enclave and another server."""

import gzip
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

PROMPT = "Tell me about the walrus"
TOKENS = "4"  # an emulated processor computes slowly

started = time.monotonic()
deps = parts()
work = folder()
module = Module(work)
guest = modules(deps, work, "nsm", "vsock", "vmw_vsock_virtio_transport_common",
                "vmw_vsock_virtio_transport")
image, policy = os.path.join(work, "a.eif"), os.path.join(work, "a.policy.json")
measured = os.path.join(work, "a.measurements.json")

# ---- the image ---------------------------------------------------------------------------------

built = tacit("image", "build", "--kernel", os.path.join(deps, "kernel", "vmlinuz"), "--cmdline",
              CMDLINE_USUAL, "--model", MODEL, "--ctx", "256", "--arg", "--insecure-test-root",
              "--arg", "/root.der", "--file", module.root + ":/root.der", *guest, "-o", image)
ok(built.returncode == 0, "image build", built.stderr)
measure = tacit("eif", "measure", "--json", image)
pcrs = json.loads(measure.stdout)["Measurements"]
ok(pcrs["PCR0"] == json.loads(read(measured))["Measurements"]["PCR0"],
   "eif measure agrees with image build", measure.stdout)
check = tacit("eif", "verify", image)
ok(check.returncode == 0, "eif verify finds nothing wrong", check.stdout + check.stderr)
check = tacit("eif", "inspect", "--files", image)
ok(check.returncode == 0 and "usr/bin/tacit" in check.stdout and "model.gguf" in check.stdout,
   "eif inspect lists what is in it", check.stdout + check.stderr)
size = os.path.getsize(image) - os.path.getsize(MODEL)
diagnose(f"{size / 1e6:.1f} MB without the model, "
         f"{os.path.getsize(os.path.join(deps, 'kernel', 'vmlinuz')) / 1e6:.1f} MB of it the kernel")
module.measure(measure.stdout)


def ask(server, *options, policy=policy):
    return tacit("infer", "--server", server, "--policy", policy, "--insecure-test-root",
                 module.root, "--max-tokens", TOKENS, "--json", *options, PROMPT)


def answer(run):
    return json.loads(run.stdout) if run.stdout else {}


def failed_check(run):
    checks = (answer(run).get("verdict") or {}).get("checks", [])
    return next((c["name"] for c in checks if c["result"] == "fail"), None)


def relay(machine_port, name, *options):
    """Our relay on the host's TCP, in front of a socket; its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp:127.0.0.1:{port}"
    process = start([TACIT, "relay", "--listen", address, "--to", machine_port, *options],
                    os.path.join(work, name + ".log"))

    def up():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    wait_for("the relay", up, process)
    return address, process


# ---- it boots ----------------------------------------------------------------------------------

machine = Machine(deps, work, "a", image, module)
up = machine.says(r"tacit-init: \[(\d+\.\d+)\] up")
seen = time.monotonic()
ready = machine.says(r"event=ready .*tee=\"nitro\"")
if not ok(ready, "the server of the image is up", machine.console() + read(module.log)):
    done()
ok(machine.says(r"\d+ bytes of entropy from the NSM"), "init took entropy from the module")
ok(machine.says(r"heartbeat answered by 2:9000"), "our relay answered the heartbeat",
   machine.console())
ok("event=sandbox" not in machine.console(), "all of its sandbox holds", machine.console())
ok("--insecure-test-root" in machine.console(), "the server is loud about its test root")
spied = os.path.join(work, "spied")
address, passing = relay("unix:" + machine.port(8443), "relay", "--spy", spied)

receipt, evidence = os.path.join(work, "receipt"), os.path.join(work, "evidence")
run = ask(address, "--receipt", receipt, "--evidence", evidence)
got = answer(run)
if up:
    diagnose(f"guest time: first process at {up.group(1)} s, first attested answer at "
             f"{float(up.group(1)) + time.monotonic() - seen:.1f} s, processor emulated")
ok(run.returncode == 0 and got.get("result") == "verified", "a question is answered, verified",
   run.stderr + run.stdout + machine.console())
if run.returncode == 0:
    claims = got["verdict"]["claims"]
    held = claims["measurements"]
    ok(all(held[n.lower()] == pcrs[n] for n in ("PCR0", "PCR1", "PCR2")),
       "PCR0, 1 and 2 are those of eif measure", held)
    ok(set(held.get("pcr16", "0")) != {"0"}, "PCR16 holds model and configuration", held)
    ok(claims["nitro"]["root"] == "test" and "insecure-test-root" in got["verdict"]["insecure"],
       "the test root is named in the verdict", got["verdict"]["insecure"])
    ok(got["answer"] != "", "the answer has words")
    ok("--insecure-test-root" in run.stderr, "and in words on standard error", run.stderr)
    check = tacit("receipt", "verify", "--evidence", evidence, "--policy", policy,
                  "--insecure-test-root", module.root, receipt)
    ok(check.returncode == 0 and "--insecure-test-root" in check.stderr,
       "the receipt checks offline, with the evidence that binds its key, and the root is named",
       check.stderr)
    check = tacit("receipt", "verify", "--evidence", evidence, "--policy", policy, receipt)
    ok(check.returncode == 1, "and not without the test root", check.stderr)
    shown = json.loads(tacit("receipt", "show", "--json", receipt).stdout)
    ok(shown["claims"]["security_mode"] == "evaluation",
       "what a test root vouches for is not called production", shown)
    with open(spied, "rb") as f:
        passed = f.read()
    ok(len(passed) > 1000 and PROMPT.encode() not in passed and b"walrus" not in passed and
       got["answer"].encode() not in passed, "the relay passed ciphertext on and nothing else")

run = ask(address, policy="/dev/null")
ok(run.returncode == 3, "an empty policy is no policy", run.stderr)
run = tacit("infer", "--server", address, "--policy", policy, PROMPT)
ok(run.returncode == 1 and "nitro.root" in run.stderr, "without the test root it is refused",
   run.stderr)
run = tacit("infer", "--server", address, "--pcr0", "ab" * 48, "--insecure-test-root",
            module.root, PROMPT)
ok(run.returncode == 1 and "policy.measurements" in run.stderr, "and so is another PCR0",
   run.stderr)

stop(passing)

# ---- a hostile host ----------------------------------------------------------------------------

counted = [0]


def count(at, data):
    counted[0] = max(counted[0], at + len(data))
    return data


run = ask("unix:" + machine.port(8443, toward=count))
ok(run.returncode == 0 and counted[0] > 600, "a host that only looks on changes nothing", counted)
# Places in the stream: the handshake, the evidence, and the middle of the question, which ends what
# is sent: there it is in a second connection too, which a client tries and which is shorter.
for what, how in (("a bit of the client's hello", {"toward": flip(60)}),
                  ("a bit of the question", {"toward": flip(counted[0] - 300)}),
                  ("a bit of the server's hello", {"back": flip(60)}),
                  ("a bit of the evidence", {"back": flip(3000)}),
                  ("the end of the evidence", {"back": cut(3000)}),
                  ("the end of the handshake", {"toward": cut(60)})):
    run = ask("unix:" + machine.port(8443, **how))
    ok(run.returncode in (1, 5) and answer(run).get("answer") in (None, ""),
       f"a host that changes {what} gets no answer shown", (run.returncode, run.stdout))
flood = socket.socket(socket.AF_UNIX)
flood.connect(machine.port(8443))
try:
    for _ in range(64):
        flood.sendall(os.urandom(16384))
except OSError:
    pass
flood.close()
run = ask("unix:" + machine.port(8443))
ok(run.returncode == 0, "after all that and a flood of garbage it answers", run.stderr)

# ---- another server ----------------------------------------------------------------------------

stub = os.path.join(work, "stub.sock")
other = start([TACIT, "serve", "--tee", "stub", "--model", MODEL, "--listen", "unix:" + stub],
              os.path.join(work, "stub.log"))
wait_for("the other server", lambda: "event=ready" in read(os.path.join(work, "stub.log")), other)
address, passing = relay("unix:" + stub, "elsewhere")
run = ask(address)
ok(run.returncode == 1 and answer(run).get("answer") in (None, ""),
   "another server behind the relay is refused, and hears no question", run.stderr)
stop(passing)
stop(other)
machine.kill()

# ---- one byte of the configuration -------------------------------------------------------------

# The host unpacks the image, changes a byte of what is in it, and packs it again.
with open(image, "rb") as f:
    data = f.read()
options, count = [], 0
for kind, _, content in sections(data):
    if kind == CMDLINE:
        options += ["--cmdline", content.decode()]
    if kind not in (KERNEL, RAMDISK):
        continue
    unpacked = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    at = unpacked.find(b"\n--ctx\n256\n")  # in /etc/tacit/argv
    if kind == RAMDISK and at >= 0:
        content = gzip.compress(unpacked.replace(b"\n--ctx\n256\n", b"\n--ctx\n255\n"))
        content += bytes(-len(content) % 4)
        count += 1
    options += ["--kernel" if kind == KERNEL else "--ramdisk",
                os.path.join(work, f"part{len(options)}")]
    with open(options[-1], "wb") as f:
        f.write(content)
changed = os.path.join(work, "changed.eif")
built = tacit("eif", "build", *options, "-o", changed)
ok(built.returncode == 0 and count == 1, "an image is packed again", built.stderr)
measure = tacit("eif", "measure", "--json", changed)
ok(measure.returncode == 0 and json.loads(measure.stdout)["Measurements"] != pcrs,
   "one byte of the configuration changes what is measured", measure.stderr)
module.measure(measure.stdout)
machine = Machine(deps, work, "b", changed, module)
ok(machine.says(r"event=ready .*tee=\"nitro\""), "the changed image runs", machine.console())
address, passing = relay("unix:" + machine.port(8443), "changed")
run = ask(address)
ok(run.returncode == 1 and failed_check(run) == "policy.measurements",
   "one byte of the configuration changed: refused", run.stderr)
stop(passing)
machine.kill()

# ---- a debug enclave ---------------------------------------------------------------------------

module.measure(None)
machine = Machine(deps, work, "c", image, module)
ok(machine.says(r"event=ready .*tee=\"nitro\""), "the image runs in debug mode",
   machine.console())
address, passing = relay("unix:" + machine.port(8443), "debug")
run = ask(address)
ok(run.returncode == 1 and failed_check(run) == "policy.debug", "a debug enclave is refused",
   run.stderr)
run = tacit("infer", "--server", address, "--insecure-no-policy", "--insecure-allow-debug",
            "--insecure-test-root", module.root, "--max-tokens", "1", PROMPT)
ok(run.returncode == 0 and "--insecure-allow-debug" in run.stderr,
   "and answers who insists, who is warned", run.stderr)
machine.kill()
diagnose(f"{time.monotonic() - started:.1f} s")
done()
