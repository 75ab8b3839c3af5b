#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A confidential VM of Azure as far as there can be one without the hardware: the kernel's own TPM driver
and its resource manager, /dev/tpmrm0, over an emulated TPM that holds a paravisor's report under a test
root; the asset tag by which Azure's machines are known; a metadata service on its usual address."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import vtpm
from machine import *

NONCE = "a1" * 32
ASSET = "7783-7084-3265-9085-8269-3286-77"
if vtpm.lacks():
    skip_all(vtpm.lacks())

deps = parts()
work = folder()
tpm = vtpm.Machine(os.path.join(work, "tpm"), "snp")
service = os.path.join(work, "certification")
with open(service, "w") as f:
    der = {name: vtpm.read(tpm.at(f"azure-{name}.der")) for name in ("vek", "ask", "root")}
    json.dump({"vcekCert": vtpm.pem(der["vek"]), "tcbm": "00",
               "certificateChain": vtpm.pem(der["ask"]) + vtpm.pem(der["root"])}, f)
options = ["--file", service + ":/www/metadata/THIM/amd/certification",
           "--file", tpm.at("azure-root.der") + ":/root.der", "--file", f"{MODEL}:/model.gguf"]
options += programs((TACIT, "/usr/bin/tacit"), ("libcurl.so.4", None))

ROOT_OPTION = "--insecure-no-policy --insecure-test-root /root.der"
ATTEST = f"tacit attest --nonce {NONCE} -o /tmp/e"

script = Script()
script.do("busybox ifconfig lo 127.0.0.1 up; busybox ip addr add 169.254.169.254/32 dev lo")
script.run("without certificates", ATTEST)
script.do("busybox httpd -p 169.254.169.254:80 -h /www")
script.run("asset", "busybox cat /sys/class/dmi/id/chassis_asset_tag")
script.run("auto", ATTEST)
script.run("verify", f"tacit verify --json --nonce {NONCE} {ROOT_OPTION} /tmp/e")
script.run("other nonce", f"tacit verify --nonce {'b2' * 32} {ROOT_OPTION} /tmp/e")
for number in (0, 4, 7, 23):
    script.run(f"pcr {number}", f"busybox cat /sys/class/tpm/tpm0/pcr-sha256/{number}")
script.run("by name", ATTEST + " --tee azure-snp")
script.run("by the other name", ATTEST + " --tee azure-tdx")
script.run("six at once", "(for i in 1 2 3 4 5 6; do " + ATTEST +
           "$i || echo FAILED & done; wait); for i in 1 2 3 4 5 6; do tacit verify -q --nonce " +
           NONCE + f" {ROOT_OPTION} /tmp/e$i || echo REFUSED; done")
script.run("doctor", "tacit doctor --json")
script.do("tacit serve --json --model /model.gguf --ctx 256 --listen unix:/run/s --insecure-test-root "
          "/root.der >/run/server 2>&1 & server=$!")
script.run("serve", "for i in $(busybox seq 1 600); do busybox grep -q 'event=ready\\|error' "
           "/run/server && break; busybox sleep 0.1; done; busybox cat /run/server")
ASK = f"tacit infer --server unix:/run/s --max-tokens 2 {ROOT_OPTION} "
script.run("ask", ASK + "--receipt /tmp/r --evidence /tmp/s --binding /tmp/b hello")
script.run("receipt", f"tacit receipt verify {ROOT_OPTION} --evidence /tmp/s --binding /tmp/b /tmp/r")
script.run("four ask", "(for i in 1 2 3 4; do " + ASK + "hello || echo FAILED & done; wait)")
script.do("busybox kill $server; wait $server")
script.do("for d in /sys/bus/acpi/drivers/tpm_crb /sys/bus/platform/drivers/tpm_crb_ffa "
          "/sys/bus/platform/drivers/tpm_tis; do for n in $d/*:* $d/*.*; do [ -e $n ] && "
          "echo ${n##*/} >$d/unbind; done; done; busybox sleep 1")
script.run("gone", "busybox ls /dev/tpmrm0; " + ATTEST)

image = script.image(deps, work, options, "tpm")
control = tpm.start_for_qemu()
machine = Machine(deps, work, "a", image,
                  qemu=["-rtc", "base=2026-11-21T12:00:00,clock=vm", "-smbios", f"type=3,asset={ASSET}",
                        "-chardev", "socket,id=tpm,path=" + control, "-tpmdev",
                        "emulator,id=tpm,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm"])
if not ok(script.take(machine), "the guest came to its end", machine.console()):
    done()


def says(name, code, *words):
    got = script.of(name)
    ok(got[0] == code and all(word in got[1] for word in words), f"{name}: exit {code}, {words}", got)


says("without certificates", 0, "evidence of azure-snp")
says("asset", 0, ASSET)
says("auto", 0, "evidence of azure-snp")
code, words = script.of("verify")
lines = [line for line in words.splitlines() if line.startswith("{")]
verdict = json.loads(lines[-1]) if lines else {}
ok(code == 0 and verdict.get("verdict", verdict.get("outcome")) == "verified",
   "the kernel's device gives evidence that verifies", words)
says("other nonce", 1, "evidence.nonce")
values = verdict.get("claims", {}).get("measurements", {})
values = values if isinstance(values, dict) else {m["name"]: m["value"] for m in values}
for number in (0, 4, 7, 23):
    ok(script.of(f"pcr {number}")[1].lower() == values.get(f"pcr{number}"),
       f"PCR {number} is what the kernel reads", (script.of(f"pcr {number}"), values))
ok(values.get("pcr0", "00" * 32) != "00" * 32, "and the firmware did measure something")
says("by name", 0, "evidence of azure-snp")
says("by the other name", 6, "not of azure-tdx")
says("six at once", 0)
ok("FAILED" not in script.of("six at once")[1] and "REFUSED" not in script.of("six at once")[1],
   "six processes at a time each get evidence of their own", script.of("six at once"))
words = script.of("doctor")[1]
for part in ('"azure.report"', '"evidence.azure-snp"', '"tpm.device"'):
    ok(part in words, f"doctor has {part}", words)
ok("azure-snp" in words and "gave evidence" in words, "and finds that it can attest", words)
says("serve", 0, 'event=tee tee=azure-snp reason="the paravisor\'s report in /dev/tpmrm0"', "event=ready")
says("ask", 0, "verified: azure-snp")
says("receipt", 0, "end to end")
ok(script.of("four ask")[0] == 0 and "FAILED" not in script.of("four ask")[1],
   "four clients at a time are served by it", script.of("four ask"))
says("gone", 6)
done()
