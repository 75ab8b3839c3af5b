#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An enclave without a network and without a model: it fetches what its image names from a store,
over AF_VSOCK and the relay, with TLS that ends inside; another model, another authority and a store
that is not allowed leave it without one."""

import hashlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import storing
from machine import *

deps = parts()
work = folder()
module = Module(work)
guest = modules(deps, work, "nsm", "vsock", "vmw_vsock_virtio_transport_common",
                "vmw_vsock_virtio_transport")
with open(MODEL, "rb") as f:
    data = f.read()
digest = hashlib.sha256(data).hexdigest()
broken = [0]


def breaks_once(request):
    if request.first == 0 and request.last > 1 << 20 and not broken[0]:
        broken[0] = 1
        request.range(data, send=1234567)
        return None
    return False


store = storing.Store({"/demo.gguf": data}, script=breaks_once)
stranger = storing.make_certificates("stranger")


def build(name, ca=storing.CA_FILE, model_sha256=digest):
    image = os.path.join(work, name + ".eif")
    run = tacit("image", "build", "--kernel", os.path.join(deps, "kernel", "vmlinuz"), "--cmdline",
                CMDLINE_USUAL, "--model", store.url + "/demo.gguf", "--model-sha256", model_sha256,
                "--ca", ca, "--via", "vsock:2:8001", "--ctx", "256", "--arg",
                "--insecure-test-root", "--arg", "/root.der", "--arg", "--fetch-timeout", "--arg",
                "120", "--file", module.root + ":/root.der", *guest, "-o", image)
    ok(run.returncode == 0, f"{name}: an image without a model", run.stderr)
    return image


def boot(name, image, allowed):
    machine = Machine(deps, work, name, image, module)
    spied = os.path.join(work, name + ".spied")
    start([TACIT, "relay", "--egress", f"unix:{machine.vsock}_8001", "--allow-private", allowed,
           "--spy", spied], os.path.join(work, name + ".relay.log"))
    return machine, spied


here = f"localhost:{store.port}"
image = build("good")
module.measure(tacit("eif", "measure", "--json", image).stdout)
machine, spied = boot("good", image, here)
ready = machine.says(r"event=ready .*model_sha256=(\w+)")
ok(ready and ready.group(1) == digest, "the server runs the model that its image names",
   machine.console())
ok("event=fetch-retry" in machine.console() and broken[0],
   "though the connection broke in the middle", machine.console())
run = tacit("infer", "--server", "unix:" + machine.port(8443), "--policy",
            os.path.join(work, "good.policy.json"), "--insecure-test-root", module.root,
            "--max-tokens", "2", "Hello")
ok(run.returncode == 0, "a client verifies it by the policy that was built with the image",
   run.stderr + run.stdout)
with open(spied, "rb") as f:
    passed = f.read()
# Long enough that megabytes of ciphertext do not have them by chance, as they would four letters.
needles = [b"demo.gguf", data[:8], *(data[at:at + 16] for at in range(0, len(data), 1 << 16))]
found = [part for part in needles if part in passed]
ok(len(passed) > len(data) and not found, "the host carried ciphertext",
   f"{len(passed)} bytes, with {found}")
stop(machine.process)

for name, words, options, allowed in (
        ("another-model", r"what came has SHA-256 " + digest, {"model_sha256": "ab" * 32}, here),
        ("another-authority", r"certificate", {"ca": stranger[0]}, here),
        ("not-allowed", r"the relay does not let us out", {}, "elsewhere.example:443")):
    machine, _ = boot(name, build(name, **options), allowed)
    ok(machine.says(r"cannot load model .*" + words), f"{name}: is refused, with the reason",
       machine.console())
    ok("event=ready" not in machine.console(), f"{name}: and nobody is served")
    stop(machine.process)
done()
