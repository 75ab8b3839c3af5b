#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TDX and SNP guests as far as there can be any without the hardware: the kernel's own
configfs-tsm, behind it a provider of ours whose quotes and reports stand under a test root; and,
for kernels without that, devices of ours in user space and a quote generation service on the host.
Evidence that verifies, every error that a provider can give, and a whole server of each."""

import base64
import hashlib
import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import *

DATA = "c5" * 64
PROMPT = "Tell me about the walrus"
PROFILES = {"tdx": "https://spec.cyntrisec.com/air/v1", "snp": "urn:x-tacit:air-snp/v1"}

deps = parts("--headers")
work = folder()
stand_in = built_module(deps, work, os.path.join(ROOT, "tests/emulation/tsm_stand_in"))
options = modules(deps, work, "configfs", "tsm", "cuse", "vsock",
                  "vmw_vsock_virtio_transport_common", "vmw_vsock_virtio_transport")
options += ["--file", f"{stand_in}:/stand-in.ko", "--file", f"{MODEL}:/model.gguf"]
quoting = os.path.join(work, "quoting")
os.mkdir(quoting)
service = start([os.path.join(BUILD, "tools", "tee-stand-in"), "service", quoting],
                os.path.join(work, "service.log"))
if not wait_for("the service", lambda: os.path.exists(os.path.join(quoting, "service")), service):
    raise SystemExit("Bail out! " + read(os.path.join(work, "service.log")))
options += ["--file", os.path.join(quoting, "root.der") + ":/quoting.der"]
options += programs((TACIT, "/usr/bin/tacit"),
                    (os.path.join(BUILD, "tools", "tee-stand-in"), "/usr/bin/tee-stand-in"),
                    ("libcurl.so.4", None))  # which the client loads at first use

ROOTS = "--insecure-test-root /run/{0}/root.der"
QUESTION = (f"tacit infer --server unix:/run/s --max-tokens 2 --insecure-no-policy '{PROMPT}' ")
SERVE = "tacit serve --json --tee {0} --model /model.gguf --listen unix:/run/s "
ATTEST = f"tacit attest --tee {{0}} --report-data {DATA} -o /tmp/{{0}}"
VERIFY = (f"tacit verify --platform {{0}} --report-data {DATA} --collateral /run/{{0}} "
          "--insecure-no-policy " + ROOTS + " /tmp/{0}")


def provide(script, tee, name):
    """The provider for a TEE, and what answers for it."""
    script.do(f"busybox insmod /stand-in.ko name={name}; busybox mkdir -p /run/{tee}")
    script.do(f"tee-stand-in {tee} /run/{tee} >/run/{tee}/log 2>&1 & device=$!")
    script.do(f"for i in $(busybox seq 1 600); do busybox grep -q ready /run/{tee}/log && break;"
              " busybox sleep 0.1; done")


def withdraw(script):
    script.do("busybox kill $device; wait $device; busybox rmmod stand_in || "
              "busybox rmmod tsm_stand_in")


def serve(script, tee, name, root=None, ctx=256):
    """A server, up to the line that says that it is ready, or why it is not."""
    root = root or f"/run/{tee}/root.der"
    script.do(SERVE.format(tee) + f"--ctx {ctx} --insecure-test-root {root} "
              ">/run/server 2>&1 & server=$!")
    script.run("serve " + name, "for i in $(busybox seq 1 600); do busybox grep -q "
               "'event=ready\\|error' /run/server && break; busybox sleep 0.1; done; "
               "busybox cat /run/server; busybox grep -q event=ready /run/server")


def end(script):
    script.do("busybox kill $server; wait $server")


def attest(script, tee, fault, name):
    script.do(f"echo '{fault}' >/run/{tee}/fault")
    script.run(f"{tee} {name}", ATTEST.format(tee))


script = Script()
script.do("busybox ifconfig lo 127.0.0.1 up")
script.run("no provider", ATTEST.format("tdx"))
script.run("no provider, auto", ATTEST.format("auto"))

# ---- without configfs-tsm ----------------------------------------------------------------------


def device(script, name, path):
    script.do(f"busybox mkdir -p /run/{name}; tee-stand-in {name} /run/{name} & device=$!")
    script.do(f"for i in $(busybox seq 1 600); do [ -e {path} ] && break; busybox sleep 0.1; done")


def remove(script, path):
    script.do("busybox kill $device; wait $device")
    script.do(f"for i in $(busybox seq 1 600); do [ -e {path} ] || break; busybox sleep 0.1; done")


device(script, "tdx-guest", "/dev/tdx_guest")
script.run("device tdx", ATTEST.format("tdx") + " && busybox base64 /tmp/tdx")
script.run("device auto", ATTEST.format("auto") + " && busybox base64 /tmp/auto")
script.run("device snp on tdx", ATTEST.format("snp"))
serve(script, "tdx", "device tdx", root="/quoting.der")
script.run("ask device tdx", QUESTION + "--insecure-test-root /quoting.der")
end(script)
script.do("echo plain >/run/tdx-guest/fault")
serve(script, "tdx", "device tdx plain", root="/quoting.der")
end(script)
script.do("echo first >/run/tdx-guest/fault")
serve(script, "tdx", "device tdx first", root="/quoting.der", ctx=128)
end(script)
remove(script, "/dev/tdx_guest")
device(script, "sev-guest", "/dev/sev-guest")


def sev(script, fault, name):
    script.do(f"echo '{fault}' >/run/sev-guest/fault")
    script.run("device snp " + name, ATTEST.format("snp"))


def sev_verify(script, name):
    script.run("device snp verify " + name,
               VERIFY.format("snp").replace("/run/snp", "/run/sev-guest"))


sev(script, "", "report")
sev_verify(script, "report")
sev(script, "bare", "bare")
sev_verify(script, "bare")
sev(script, "errno 16 2", "busy twice")
sev(script, "errno 16 1000", "busy")
sev(script, "errno 5 1000", "failure")
sev(script, "other", "other")


def derive(script, fault, name, options=""):
    script.do(f"echo '{fault}' >/run/sev-guest/fault")
    script.run("key " + name, f"cd /tmp; busybox rm -f key; tacit derive snp --json -o key {options};"
               " code=$?; [ -e key ] && busybox stat -c %a key && busybox sha256sum key;"
               " (exit $code)")


# What the stand-in makes its key of: root, fields, VMPL, SVN, TCB.
DERIVED = {"usual": ("", (0, 9, 0, 0, 0)), "root": ("--root vmrk", (1, 9, 0, 0, 0)),
           "ids": ("--image-id --family-id", (0, 15, 0, 0, 0)),
           "versions": ("--guest-svn 7 --tcb 0300000000001573",
                        (0, 57, 0, 7, 0x7315000000000003)),
           "all": ("--root vmrk --image-id --family-id --guest-svn 4294967295 --vmpl 3 "
                   "--tcb ffffffffffffffff", (1, 63, 3, 2**32 - 1, 2**64 - 1))}
for name, (options_of_it, _) in DERIVED.items():
    derive(script, "", name, options_of_it)
derive(script, "errno 16 2", "busy twice")
derive(script, "errno 16 1000", "busy")
derive(script, "errno 22 1000", "wrong")
derive(script, "errno 5 1000", "failure")
derive(script, "status 22", "status 22")
derive(script, "status 39", "status 39")
derive(script, "status 7", "status 7")
derive(script, "nothing", "nothing")
script.do("echo >/run/sev-guest/fault")
serve(script, "snp", "device snp", root="/run/sev-guest/root.der")
script.run("ask device snp", QUESTION + ROOTS.format("sev-guest"))
end(script)
remove(script, "/dev/sev-guest")

# ---- configfs-tsm ------------------------------------------------------------------------------

provide(script, "tdx", "tdx_guest registers=1")
script.run("provider", "busybox mkdir /sys/kernel/config/tsm/report/a && "
           "busybox cat /sys/kernel/config/tsm/report/a/provider; "
           "busybox rmdir /sys/kernel/config/tsm/report/a")
attest(script, "tdx", "", "quote")
script.run("tdx verify", VERIFY.format("tdx"))
script.run("tdx verify other data", VERIFY.format("tdx").replace("c5", "c6"))
script.run("auto", ATTEST.format("tdx").replace("tee tdx", "tee auto"))
script.run("tdx key", ATTEST.format("tdx") + " --public-key aabb")
script.run("snp on tdx", ATTEST.format("snp"))
script.run("four at once", "(for i in 1 2 3 4; do " + ATTEST.format("tdx") +
           "$i || echo FAILED & done; wait)")
script.run("nothing is left", "busybox ls /sys/kernel/config/tsm/report")
attest(script, "tdx", "errno 16 2", "busy twice")
attest(script, "tdx", "errno 16 1000", "busy")
attest(script, "tdx", "errno 5 1", "failure")
attest(script, "tdx", "errno 110 1", "timeout")
attest(script, "tdx", "errno 13 1", "forbidden")
for fault in ("empty", "short", "other"):
    attest(script, "tdx", fault, fault)
attest(script, "tdx", "padded", "padded")
script.run("padded verify", VERIFY.format("tdx"))


def ask(script, tee):
    """A server, a client that asks it, and somebody who judges the receipt later."""
    script.do(f"echo >/run/{tee}/fault")
    serve(script, tee, tee)
    question = QUESTION + f"{ROOTS.format(tee)} --receipt /tmp/r --evidence /tmp/e --binding /tmp/b"
    script.run("ask " + tee, question + " --collateral /run/" + tee)
    receipt = (f"tacit receipt verify --evidence /tmp/e --insecure-no-policy "
               f"--collateral /run/{tee} {ROOTS.format(tee)}")
    script.run("show " + tee, "tacit receipt show --json /tmp/r")
    script.run("receipt " + tee, receipt + " --binding /tmp/b /tmp/r")
    script.run("judged " + tee, receipt + " --json --binding /tmp/b /tmp/r")
    script.run(f"receipt {tee} without binding", receipt + " /tmp/r")
    script.run(f"receipt {tee} other binding", "busybox sed 's/tacit.1/tacit.2/' /tmp/b >/tmp/b2; " +
               receipt + " --binding /tmp/b2 /tmp/r")
    script.run(f"receipt {tee} other evidence", "tacit attest --tee " + tee + " --report-data " +
               DATA + " -o /tmp/e2; " + receipt.replace("/tmp/e", "/tmp/e2") +
               " --binding /tmp/b /tmp/r")
    script.run("ask without collateral " + tee, question)
    script.do("tacit connect --server unix:/run/s --listen tcp:127.0.0.1:8080 --store /tmp/store "
              f"--insecure-no-policy --collateral /run/{tee} {ROOTS.format(tee)} >/run/connect 2>&1"
              " & connect=$!")
    script.do("for i in $(busybox seq 1 600); do busybox grep -q event=ready /run/connect && break;"
              " busybox sleep 0.1; done")
    body = '{"messages":[{"role":"user","content":"' + PROMPT + '"}],"max_tokens":2}'
    script.run("connect " + tee, "busybox wget -S -O - --header 'Content-Type: application/json' "
               f"--post-data '{body}' http://127.0.0.1:8080/v1/chat/completions")
    script.do("busybox kill $connect; wait $connect")
    script.run("stored " + tee, f"busybox grep -aoh '{PROFILES[tee]}' /tmp/store; "
               "busybox rm -f /tmp/store*")
    end(script)


ask(script, "tdx")
serve(script, "tdx", "tdx again")
end(script)
serve(script, "tdx", "tdx other", ctx=128)
end(script)
serve(script, "tdx", "tdx back")
end(script)
for code in (1, 5, 22):
    script.do(f"echo {code} >/sys/module/tsm_stand_in/parameters/extend_errno")
    serve(script, "tdx", f"tdx errno {code}")
script.do("echo 0 >/sys/module/tsm_stand_in/parameters/extend_errno")
withdraw(script)
provide(script, "snp", "sev_guest")
attest(script, "snp", "", "report")
script.run("snp verify", VERIFY.format("snp"))
script.run("tdx on snp", ATTEST.format("tdx"))
attest(script, "snp", "other", "other")
attest(script, "snp", "short", "short")
attest(script, "snp", "garbage", "garbage")
script.run("garbage verify", VERIFY.format("snp"))
ask(script, "snp")

image = script.image(deps, work, options, "tsm")
machine = Machine(deps, work, "a", image, qemu=["-rtc", "base=2026-11-21T12:00:00,clock=vm"])
os.symlink(os.path.join(quoting, "service"), machine.vsock + "_4050")
if not ok(script.take(machine), "the guest came to its end", machine.console()):
    done()


def judged(script, name):
    """The JSON object among what a command said."""
    lines = [line for line in script.of(name)[1].splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def says(name, code, words):
    got = script.of(name)
    ok(got[0] == code and words in got[1], f"{name}: exit {code}, {words}", got)


says("no provider", 6, "no provider")
says("no provider, auto", 6, "no")
for name in ("device tdx", "device auto"):
    path = os.path.join(work, "quote")
    lines = [line for line in script.of(name)[1].splitlines() if " " not in line]
    with open(path, "wb") as f:
        f.write(base64.b64decode("".join(lines)))
    run = tacit("verify", "--platform", "tdx", "--report-data", DATA, "--collateral", quoting,
                "--insecure-no-policy", "--insecure-test-root",
                os.path.join(quoting, "root.der"), "--now", "2026-11-21T12:00:00Z", path)
    ok(script.of(name)[0] == 0 and run.returncode == 0,
       f"{name}: a quote of the service on the host verifies", (script.of(name), run.stderr))
says("device snp on tdx", 6, "no provider")
says("device snp report", 0, "")
says("device snp verify report", 0, "verified")
says("device snp bare", 0, "")
says("device snp verify bare", 4, "")
says("device snp busy twice", 0, "")
says("device snp busy", 5, "stays busy")
says("device snp failure", 5, "Input/output error")
says("device snp other", 5, "other data than were asked for")
for name in list(DERIVED) + ["busy twice"]:
    asked = DERIVED.get(name, DERIVED["usual"])[1]
    want = hashlib.sha256(struct.pack("<IIQIIQ", asked[0], 0, *asked[1:])).digest()
    says("key " + name, 0, hashlib.sha256(want).hexdigest() + "  key")
    ok(re.search("^600$", script.of("key " + name)[1], re.M) and
       want.hex() not in script.of("key " + name)[1], "the file is its owner's alone",
       script.of("key " + name))
ok(judged(script, "key all")["fields"] == ["policy", "image_id", "family_id", "measurement",
                                           "guest_svn", "tcb"],
   "it says what the key depends on", script.of("key all"))
for name, words in (("busy", "stays busy"), ("wrong", "error 0x16 of the firmware"),
                    ("failure", "no key: Input/output error"),
                    ("status 22", "not this guest's"), ("status 39", "no such root key"),
                    ("status 7", "status 0x7"), ("nothing", "no key in the answer")):
    says("key " + name, 5, words)
    ok("  key" not in script.of("key " + name)[1], "and there is no file",
       script.of("key " + name))
says("provider", 0, "tdx_guest")
for name in ("tdx quote", "auto", "four at once", "tdx busy twice", "tdx padded"):
    got = script.of(name)
    ok(got[0] == 0 and "FAILED" not in got[1], f"{name}: evidence", got)
says("tdx verify", 0, "verified")
says("tdx verify other data", 1, "report_data")
says("tdx key", 2, "nothing else is carried")
says("snp on tdx", 6, "come from 'tdx_guest'")
says("nothing is left", 0, "")
ok(script.of("nothing is left")[1] == "", "no report is left behind", script.of("nothing is left"))
says("tdx busy", 5, "busy")
says("tdx failure", 5, "Input/output error")
says("tdx timeout", 5, "does not answer")
says("tdx forbidden", 5, "Permission denied")
says("tdx empty", 5, "its quoting service has failed")
says("tdx short", 3, "")
says("tdx other", 5, "other data than were asked for")
says("padded verify", 0, "verified")
for tee in ("tdx", "snp"):
    says("serve " + tee, 0, "event=ready")
    ok("event=sandbox" not in script.of("serve " + tee)[1], "all of its sandbox holds")
    says("ask " + tee, 0, "verified: " + tee)
    says("receipt " + tee, 0, "end to end")
    says("connect " + tee, 0, f'Tacit-Verdict: verified; tee="{tee}"')
    ok('receipt="ok"' in script.of("connect " + tee)[1] and
       PROFILES[tee] in script.of("stored " + tee)[1], "its receipt is checked and kept",
       (script.of("connect " + tee), script.of("stored " + tee)))
    says(f"receipt {tee} without binding", 1, "no tacit/1 binding")
    ok(script.of(f"receipt {tee} other binding")[0] in (1, 3),
       "a receipt beside another binding is refused", script.of(f"receipt {tee} other binding"))
    ok(script.of(f"receipt {tee} other evidence")[0] == 1,
       "a receipt beside other evidence is refused", script.of(f"receipt {tee} other evidence"))
says("ask without collateral tdx", 4, "")
says("ask without collateral snp", 0, "")  # the report brings its certificates along

# ---- RTMR3 -------------------------------------------------------------------------------------


def register(name):
    """What a server says of RTMR3: state and value."""
    said = re.search(r"event=rtmr3 state=(\w+)(?: value=(\w+))?", script.of("serve " + name)[1])
    return said.groups() if said else None


def extended(old, server):
    """RTMR3 after that server has extended it: man page tacit-serve(1)."""
    data = hashlib.sha384(b"tacit/pcr16/1\0" + bytes.fromhex(server["model_sha256"]) +
                          server["config"].encode()).digest()
    return hashlib.sha384(bytes.fromhex(old) + data).hexdigest()


ready = {name: judged(script, "serve " + name)
         for name in ("tdx", "tdx again", "tdx other", "tdx back", "device tdx",
                      "device tdx first")}
first = extended("00" * 48, ready["tdx"])
other = extended(first, ready["tdx other"])
ok(register("tdx") == ("extended", first), "RTMR3 stands for model and configuration",
   (register("tdx"), first))
ok(register("tdx again") == ("held", first), "a server that starts again leaves it",
   register("tdx again"))
ok(register("tdx other") == ("chained", other), "another goes on top of it", register("tdx other"))
ok(register("tdx back") == ("chained", extended(other, ready["tdx back"])),
   "and nothing brings it back", register("tdx back"))
quoted = judged(script, "judged tdx")
ok(quoted["evidence"]["claims"]["measurements"]["rtmr3"] == first, "it is in the first quote",
   quoted)
ok(quoted["claims"]["enclave_measurements"]["pcr4"] == first, "and in the receipt", quoted)
says("serve tdx errno 1", 1, "cannot extend RTMR3: Operation not permitted")
says("serve tdx errno 5", 1, "cannot extend RTMR3: Input/output error")
says("serve tdx errno 22", 1, "cannot extend RTMR3: Invalid argument")
says("serve device tdx", 0, "event=ready")
says("ask device tdx", 4, "")  # a quote, without collateral
says("serve device snp", 0, "event=ready")
says("ask device snp", 0, "verified: snp")
alone = extended("00" * 48, ready["device tdx"])
ok(register("device tdx") == ("extended", alone), "vendors' kernels extend by the device",
   register("device tdx"))
says("serve device tdx plain", 0, "event=ready")
ok(register("device tdx first") == ("chained", extended(alone, ready["device tdx first"])),
   "by the older request too", register("device tdx first"))
ok(register("snp") is None, "SNP has no such register")
claims = judged(script, "show snp")["claims"]
report = judged(script, "judged snp")["evidence"]
ok(claims["eat_profile"] == PROFILES["snp"], "a receipt of SNP has a profile of its own",
   claims)
ok(claims["enclave_measurements"] == {"measurement_type": "snp-launch-digest",
                                      "measurement": report["claims"]["measurements"]["measurement"]},
   "and names the launch digest of the report", (claims, report))
says("snp report", 0, "")
says("snp verify", 0, "verified")
says("tdx on snp", 6, "come from 'sev_guest'")
says("snp other", 5, "other data than were asked for")
says("snp short", 5, "a report of 1183 bytes")
says("snp garbage", 0, "")
says("garbage verify", 4, "")
machine.kill()
done()
