#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""AF_VSOCK as the kernel has it: server, relay and client in one guest, over its loopback. The
client reaches the server straight and through a relay, and says so when nobody is there."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

PROMPT = "Tell me about the walrus"
ASK = (f"tacit infer --insecure-accept-stub --insecure-no-policy --max-tokens 2 '{PROMPT}' "
       "--server ")

deps = parts()
work = folder()
options = modules(deps, work, "vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback")
options += ["--file", f"{MODEL}:/model.gguf"]
options += programs((TACIT, "/usr/bin/tacit"), ("libcurl.so.4", None))


def background(script, command, log, ready):
    script.do(f"{command} >{log} 2>&1 &")
    script.run(command.split()[1] + " " + log, "for i in $(busybox seq 1 1200); do "
               f"busybox grep -q '{ready}\\|error' {log} && break; busybox sleep 0.1; done; "
               f"busybox cat {log}; busybox grep -q '{ready}' {log}")


script = Script()
script.do("busybox ifconfig lo 127.0.0.1 up")
background(script, "tacit serve --tee stub --model /model.gguf --ctx 256 --listen vsock:any:8443",
           "/run/server", "event=ready")
background(script, "tacit relay --listen vsock:any:9443 --to vsock:1:8443 --listen unix:/run/r "
           "--to vsock:1:8443 --spy /run/spied", "/run/relay", "event=ready")
for where in ("vsock:1:8443", "vsock:1:9443", "unix:/run/r"):
    script.run(where, ASK + where)
script.run("spied", f"busybox wc -c </run/spied; busybox grep -c '{PROMPT}' /run/spied")
script.run("ping", "tacit relay --listen vsock:any:7000 --to vsock:1:7001 & "
           "tacit ping --echo vsock:any:7001 & "
           "for i in $(busybox seq 1 100); do tacit ping --count 3 vsock:1:7000 && break; "
           "busybox sleep 0.1; done")
script.run("nobody", ASK + "vsock:1:7")
script.run("no such machine", ASK + "vsock:99:8443")

machine = Machine(deps, work, "guest", script.image(deps, work, options, "vsock"))
if not ok(script.take(machine), "the guest's script ends", machine.console()):
    done()


def says(name, code, text):
    got = script.of(name)
    ok(got[0] == code and text in got[1], name, got)


says("serve /run/server", 0, "listen=vsock:any:8443")
says("relay /run/relay", 0, "event=ready")
for where in ("vsock:1:8443", "vsock:1:9443", "unix:/run/r"):
    says(where, 0, "verified: stub (NOT a TEE)")
size, found = (script.of("spied")[1].split() + ["0", "1"])[:2]
ok(int(size) > 4000 and found == "0", "the relay saw ciphertext", script.of("spied"))
says("ping", 0, "round trip")
says("nobody", 5, "channel.connect")
says("no such machine", 5, "channel.connect")
done()
