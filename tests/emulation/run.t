#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit run --emulate: an enclave image booted as a user would, from the root that it stands under
to an answer that is verified; what is said of it, its console, and its end. What else can happen to
a process that runs one is in tests/cli/run.t."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

started = time.monotonic()
deps = parts()
work = folder()
if not os.path.exists(os.path.join(BUILD, "tacit-emulator")):
    skip_all("tacit-emulator is not there")
state = os.path.join(work, "run")
os.mkdir(state, 0o700)
tools = os.path.join(work, "bin")
os.mkdir(tools)
os.symlink(os.path.join(deps, "bin", "qemu"), os.path.join(tools, "qemu-system-x86_64"))
os.symlink(os.path.join(deps, "bin", "vhost-device-vsock"),
           os.path.join(tools, "vhost-device-vsock"))
os.environ["XDG_RUNTIME_DIR"] = state
os.environ["PATH"] = tools + ":" + os.environ["PATH"]
NO_TEE = "NO TEE"
root, image = os.path.join(work, "root.der"), os.path.join(work, "a.eif")

made = tacit("run", "--emulate", "--test-root", root)
ok(made.returncode == 0 and NO_TEE in made.stderr, "a root is made, loudly", made.stderr)
built = tacit("image", "build", "--kernel", os.path.join(deps, "kernel", "vmlinuz"), "--cmdline",
              "console=ttyS0 panic=-1 quiet", "--model", MODEL, "--ctx", "256", "--arg",
              "--insecure-test-root", "--arg", "/root.der", "--file", root + ":/root.der",
              *modules(deps, work, "nsm", "vsock", "vmw_vsock_virtio_transport_common",
                       "vmw_vsock_virtio_transport"), "-o", image)
ok(built.returncode == 0, "an image that knows it", built.stderr)

run = tacit("run", "--emulate", "--test-root", root, "--eif", image, "--cpu", "1", "--memory",
            str(MEMORY), "--port", "5005", "--detach", "--json", limit=2 * WAIT)
if not ok(run.returncode == 0, "it runs", run.stderr + run.stdout):
    done()
enclave = json.loads(run.stdout)
ID = enclave["id"]


def stop_enclave():
    subprocess.run([TACIT, "stop", "-q", "--all"], timeout=60)


atexit.register(stop_enclave)
ok(NO_TEE in run.stderr and NO_TEE in enclave["tee"] and enclave["insecure"] == ["emulate"] and
   ID.startswith("emulated-"), "every part of what it says is loud about what it is not", run)
listed = tacit("ps")
ok(ID in listed.stdout and NO_TEE in listed.stdout, "and so is the list", listed.stdout)
record = json.loads(read(os.path.join(state, "tacit", ID + ".json")))
ok(NO_TEE in record["tee"] and record["insecure"] == ["emulate"] and record["emulated"] is True,
   "and the state", record)
measured = json.loads(tacit("eif", "measure", "--json", image).stdout)["Measurements"]
ok(record["Measurements"]["PCR0"] == measured["PCR0"], "which has the image's measurements")

ready = False
for _ in range(WAIT):
    try:
        looked = subprocess.run([TACIT, "console", ID], capture_output=True, timeout=1)
        break
    except subprocess.TimeoutExpired as e:
        if b"event=ready" in (e.stdout or b""):
            ready = True
            break
ok(ready, "its console shows the server's start")
command = [TACIT] + enclave["client"][1:]
at = command.index("--policy")
ok(command[at + 1] == os.path.join(work, "a.policy.json") and
   command[command.index("--insecure-test-root") + 1] == root,
   "the client's command line has the image's policy and the root", command)
asked = subprocess.run(command[:-1] + ["--max-tokens", "2", "--json", "Hello"],
                       capture_output=True, text=True, timeout=WAIT)
answer = json.loads(asked.stdout) if asked.stdout else {}
ok(asked.returncode == 0 and answer.get("result") == "verified" and answer["answer"],
   "as it is printed, it gets an answer, verified", asked.stderr + asked.stdout)
ok(answer and answer["verdict"]["claims"]["measurements"]["pcr0"] == measured["PCR0"],
   "of the image's PCR0")
at = command.index("--insecure-test-root")
asked = subprocess.run(command[:at] + command[at + 2:], capture_output=True, text=True,
                       timeout=WAIT)
ok(asked.returncode == 1 and "nitro.root" in asked.stderr, "without the root it is refused",
   asked.stderr)
ok(enclave["ports"] == [{"port": port, "address": f"unix:{state}/tacit/{ID}/{port}"}
                     for port in (8443, 5005)], "and says where its ports are", enclave["ports"])
ok(os.path.exists(os.path.join(state, "tacit", ID, "5005")), "a port that was asked for is there")

process = os.path.join("/proc", str(record["pid"]), "task", str(record["pid"]), "children")
children = read(process).split()
ok(len(children) == 3, "QEMU, vsock and module run under it", children)
stopped = tacit("stop", ID)
ok(stopped.returncode == 0 and NO_TEE in stopped.stderr, "it is stopped", stopped.stderr)
ok(not any(os.path.exists("/proc/" + child) for child in children), "with all that it stood on")
ok(os.listdir(os.path.join(state, "tacit")) == [], "and nothing is left")
diagnose(f"{time.monotonic() - started:.1f} s")
done()
