#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernel that tools/enclave-kernel/build makes, in a machine like Nitro's: no firmware, no PCI,
no ACPI, and devices that are named on its command line. Building it takes minutes, so this runs
where somebody has built it."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

OWN = os.path.join(ROOT, "build", "enclave-kernel", "bzImage")
PROMPT = "Tell me about the walrus"

if not os.path.exists(OWN):
    skip_all("build/enclave-kernel/bzImage is not there: tools/enclave-kernel/build makes it")
deps = parts()
work = folder()
module = Module(work)
image = os.path.join(work, "a.eif")
built = tacit("image", "build", "--kernel", OWN, "--cmdline",
              "reboot=k panic=30 quiet console=ttyS0 random.trust_cpu=on tacit.heartbeat=2:9000",
              "--model", MODEL, "--ctx", "256", "--arg", "--insecure-test-root", "--arg",
              "/root.der", "--file", module.root + ":/root.der", "-o", image)
ok(built.returncode == 0, "image build", built.stderr)
module.measure(tacit("eif", "measure", "--json", image).stdout)
machine = Machine(deps, work, "a", image, module, bare=True)
up = machine.says(r"tacit-init: \[(\d+\.\d+)\] up")
seen = time.monotonic()
ok(machine.says(r"event=ready .*tee=\"nitro\""), "the server is up, without a module to load",
   machine.console())
ready = time.monotonic()
ok("event=sandbox" not in machine.console(), "all of its sandbox holds", machine.console())
run = tacit("infer", "--server", "unix:" + machine.port(8443), "--policy",
            os.path.join(work, "a.policy.json"), "--insecure-test-root", module.root,
            "--max-tokens", "1", "--json", PROMPT)
answered = time.monotonic()
ok(run.returncode == 0 and json.loads(run.stdout)["result"] == "verified",
   "a question is answered, verified", run.stderr + machine.console())
if up:
    first = float(up.group(1))
    diagnose(f"guest time, processor emulated: first process at {first:.1f} s, server at "
             f"{first + ready - seen:.1f} s, first attested answer at "
             f"{first + answered - seen:.1f} s")
diagnose(f"{(os.path.getsize(image) - os.path.getsize(MODEL)) / 1e6:.1f} MB without the model, "
         f"{os.path.getsize(OWN) / 1e6:.1f} MB of it the kernel")
machine.kill()
done()
