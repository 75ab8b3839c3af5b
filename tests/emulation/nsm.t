#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program in a guest of its own, first without an NSM and then in front of the kernel's nsm
driver: what it says where there is none, documents that verify, every wrong answer that a module
can give, and a register that holds what another server has put there."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

NONCE = "ab" * 32
# The module's codes, and the exit of the program that each leads to.
CODES = {"InvalidArgument": 2, "InvalidIndex": 2, "InvalidOperation": 2, "ReadOnlyIndex": 5,
         "InvalidResponse": 5, "Success": 5, "InternalError": 5, "BufferTooSmall": 3,
         "InputTooLarge": 3, "NotACode": 5}
GARBAGE = ("empty", "short", "garbage", "other", "long")

deps = parts()
work = folder()
module = Module(work)
module.measure('{"Measurements": {"PCR0": "%s", "PCR1": "%s", "PCR2": "%s"}}' %
               ("01" * 48, "02" * 48, "03" * 48))
fault = compiled(os.path.join(ROOT, "tests/emulation/nsm_fault.c"), work)
options = programs((TACIT, "/usr/bin/tacit"))
options += ["--file", f"{MODEL}:/model.gguf", "--file", f"{fault}:/bin/nsm-fault:0755"]
driver = modules(deps, work, "nsm")[1]
options += ["--file", f"{driver}:/nsm.ko"]

ATTEST = f"tacit attest --tee nitro --nonce {NONCE} -o /tmp/document"
SERVE = ("tacit serve --tee nitro --model /model.gguf --listen unix:/tmp/s --ctx 256 "
         "--insecure-test-root /root.der")
options += ["--file", f"{module.root}:/root.der"]

script = Script()
script.run("serve without", SERVE)
script.run("serve auto without", SERVE.replace("nitro", "auto", 1))
script.run("attest without", ATTEST)
script.do("busybox insmod /nsm.ko || echo no driver")
script.run("attest", ATTEST + " && busybox base64 /tmp/document")
script.run("auto", ATTEST.replace("nitro", "auto") + " && busybox base64 /tmp/document")
script.run("too large", f"{ATTEST} --user-data {'aa' * 513}")
script.run("report data", f"tacit attest --tee nitro --report-data {'aa' * 64} -o /tmp/d")
for name in (*CODES, *GARBAGE):
    script.do(f"nsm-fault Attestation {name}")
    script.run("attestation " + name, ATTEST)
script.do("nsm-fault GetRandom InternalError")
script.run("no randomness", ATTEST)
for operation in ("DescribePCR", "ExtendPCR", "LockPCR"):
    script.do(f"nsm-fault {operation} InternalError")
    script.run("serve " + operation, SERVE)
script.do("nsm-fault")
# The register was extended above, before locking it failed: the same server may go on from there.
script.do(f"{SERVE} >/tmp/log 2>&1 & server=$!")
script.run("serve again", "for i in $(busybox seq 1 600); do busybox grep -q event=ready /tmp/log &&"
           " break; busybox sleep 0.1; done; busybox cat /tmp/log;"
           " busybox grep -q event=ready /tmp/log")
script.do("busybox kill $server; wait $server")
script.run("serve another", SERVE.replace("256", "128"))
script.run("pcr16", ATTEST + " && busybox base64 /tmp/document")
machine = Machine(deps, work, "a", script.image(deps, work, options, "nsm"), module)
if not ok(script.take(machine), "the guest came to its end", machine.console()):
    done()


def says(name, code, words):
    got = script.of(name)
    ok(got[0] == code and words in got[1], f"{name}: exit {code}, {words}", got)


def verify(name, *extra):
    """The document of a run, as the host judges it."""
    path = os.path.join(work, "document")
    text = "".join(line for line in script.of(name)[1].splitlines() if " " not in line)
    try:
        with open(path, "wb") as f:
            f.write(base64.b64decode(text, validate=True))
    except ValueError:
        return None
    run = tacit("verify", "--nonce", NONCE, "--pcr0", "01" * 48, "--insecure-test-root",
                module.root, "--json", *extra, path)
    return json.loads(run.stdout) if run.stdout else {"verdict": run.stderr}


for name in ("serve without", "attest without"):
    says(name, 6, "there is no /dev/nsm")
says("serve auto without", 6, "no TEE found")
for name in ("attest", "auto"):
    ok((verify(name) or {}).get("verdict") == "verified", f"{name}: a document that verifies",
       (script.of(name), verify(name)))
held = (verify("attest") or {}).get("claims", {}).get("measurements", {})
ok(held.get("pcr1") == "02" * 48 and "pcr16" not in held, "PCR16 is not there before a server is",
   held)
says("too large", 3, "InputTooLarge")
says("report data", 6, "not report data")
for name, code in CODES.items():
    says("attestation " + name, code, name)
for name in GARBAGE:
    got = script.of("attestation " + name)
    ok(got[0] in (3, 5) and "error" in got[1], f"attestation {name}: refused", got)
says("no randomness", 5, "InternalError")
for operation in ("DescribePCR", "ExtendPCR", "LockPCR"):
    says("serve " + operation, 5, "InternalError")
says("serve again", 0, "event=ready")
says("serve another", 1, "PCR16 holds another model or configuration")
held = (verify("pcr16") or {}).get("claims", {}).get("measurements", {})
ok(set(held.get("pcr16", "0")) != {"0"}, "PCR16 is locked, and in every document from then on",
   held)
machine.kill()
done()
