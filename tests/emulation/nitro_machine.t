#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images of ours in QEMU's machine 'nitro-enclave', which reads and measures an image itself and has
a security module of its own: the registers in its documents are those of `tacit eif measure`. Its
documents are signed by nobody, and the program refuses them. `make check-emulation-full` builds
that QEMU and the kernel, which takes minutes, and then runs this; elsewhere it is skipped."""

import base64
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import cbor
from machine import *

OWN = os.path.join(ROOT, "build", "enclave-kernel", "bzImage")
NONCE = "5a" * 32
NAMES = ("PCR0", "PCR1", "PCR2", "PCR8")

deps = parts()
QEMU = os.path.join(deps, "nitro", "qemu-system-x86_64")
for needed in (OWN, QEMU):
    if not os.path.exists(needed):
        skip_all(f"{needed} is not there: make check-emulation-full builds it")
work = folder()


class NitroMachine(Machine):
    """The machine takes the image as it is, and finds kernel, command line and ramdisks itself."""

    def __init__(self, name, image):
        self.path = os.path.join(work, name)
        self.count = 0
        os.mkdir(self.path)
        self.vsock = os.path.join(self.path, "vsock")
        self.console_log = os.path.join(self.path, "console")
        share = os.path.join(deps, "qemu", "usr", "share")
        self.process = start(
            ["timeout", str(2 * WAIT), QEMU, "-L", os.path.join(share, "qemu"), "-L",
             os.path.join(share, "seabios"), "-M", "nitro-enclave,vsock=v,id=tacit-test", "-accel",
             "tcg", "-cpu", "max", "-m", str(MEMORY), "-chardev",
             "socket,id=v,path=" + self.vsock_device(deps), "-kernel", image, "-nodefaults",
             "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio"],
            self.console_log)


def measured(name, image):
    """Boots it and gives the payload of the document that its program got, and the document."""
    machine = NitroMachine(name, image)
    script.results = {}
    ended = script.take(machine)
    code, words = script.of("attest")
    if not ok(ended and code == 0, f"{name} boots, and its program gets a document",
              machine.console()):
        done()
    machine.kill()
    document = base64.b64decode(words)
    return cbor(cbor(document)[0][2])[0], document


def compare(name, image):
    payload, document = measured(name, image)
    want = registers(image)
    got = {f"PCR{i}": value.hex() for i, value in payload["pcrs"].items()}
    for register in NAMES:
        ok(got[register] == want.get(register, "00" * 48),
           f"{name}: the machine measures the same {register}", (got[register], want))
    diagnose(f"{name} PCR0 {got['PCR0']}")
    return payload, document, got


script = Script()
script.run("attest", f"tacit attest --quiet --tee nitro --nonce {NONCE} -o /tmp/document && "
           "busybox base64 /tmp/document")
options = programs((TACIT, "/usr/bin/tacit")) + ["--compress"]
key, certificate = (os.path.join(work, name) for name in ("key.pem", "certificate.pem"))
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
                "-nodes", "-subj", "/CN=test", "-days", "2", "-keyout", key, "-out", certificate],
               check=True, capture_output=True)
os.chmod(key, 0o600)

# Compressed ramdisks and a signature.
signed = script.image(deps, work, options + ["--sign", key, "--certificate", certificate], "signed",
                      OWN)
ok("PCR8" in registers(signed), "the signed image has a PCR8")
payload, document, got = compare("signed", signed)
ok(payload["module_id"] == "tacit-test" and payload["nonce"].hex() == NONCE,
   "the document is this machine's, and has our nonce", payload)
path = os.path.join(work, "document")
with open(path, "wb") as f:
    f.write(document)
run = tacit("verify", "--insecure-no-policy", "--nonce", NONCE, path)
ok(run.returncode in (1, 3), "and is refused, since nobody signed it", run.stdout + run.stderr)

# Three ramdisks, the last of them plain, as `tacit image build` makes them.
parts_of = [content for kind, _, content in sections(open(signed, "rb").read()) if kind == RAMDISK]
plain = script.image(deps, work, [], "plain", OWN)
parts_of.append([content for kind, _, content in sections(open(plain, "rb").read())
                 if kind == RAMDISK][1])
files = []
for i, content in enumerate(parts_of):
    files.append(os.path.join(work, f"ramdisk{i}"))
    with open(files[-1], "wb") as f:
        f.write(content)
three = os.path.join(work, "three.eif")
built = tacit("eif", "build", "--kernel", OWN, "--cmdline",
              CMDLINE_USUAL.replace("tacit.heartbeat=2:9000", "tacit.heartbeat=off"),
              *(word for file in files for word in ("--ramdisk", file)), "-o", three)
ok(built.returncode == 0, "an image of three ramdisks", built.stderr)
other = compare("three", three)[2]
ok(other["PCR0"] != got["PCR0"] and other["PCR1"] == got["PCR1"] and
   other["PCR2"] != got["PCR2"], "what boots is the same there, and what runs is not")
done()
