# SPDX-License-Identifier: Apache-2.0

"""From power on to the first attested answer, in time of the guest.

    python3 bench/boot.py [ROUNDS]

An image of the demonstration model with our own kernel (tools/enclave-kernel/build), in an emulated
machine like Nitro's, whose clock is the number of instructions that its processor has executed: one
instruction is one nanosecond (QEMU's -icount shift=0), whatever the machine underneath is and does
at the same time. A real processor of today executes three to eight in that time. While the guest
waits for something outside of it, its clock runs as ours does.

What the guest's clock says is read out of its memory (jiffies_64) when the host sees that something
has happened, so that nothing in the image measures. The part before the kernel's clock begins comes
from another image, whose first process reads the processor's counter.

Prints one JSON object a round, in seconds.
"""

import json
import os
import pathlib
import re
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/emulation"))
import machine

FOLDER = ROOT / "build/enclave-kernel"
# Kernel addresses stay where System.map says; and this emulated processor, unlike Nitro's, has no
# timer of a known rate, which Linux would take 0.2 s of waiting to measure.
CMDLINE = "reboot=k panic=30 quiet nokaslr nolapic_timer console=ttyS0 random.trust_cpu=on"
KERNEL_BASE = 0xFFFFFFFF80000000  # where the first byte of memory is
STARTS_BEFORE = 300  # seconds at which jiffies begin before they are zero


class Clock:
    """The guest's, by QEMU's monitor."""

    def __init__(self, path):
        for line in (FOLDER / "System.map").read_text().splitlines():
            address, _, name = line.split()
            if name == "jiffies_64":
                self.address = int(address, 16) - KERNEL_BASE
        self.rate = int(re.search(r"^CONFIG_HZ=(\d+)", (FOLDER / "config").read_text(), re.M)[1])
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "return" in answer:
                return answer["return"]

    def read(self):
        words = self.ask("human-monitor-command", **{"command-line": f"xp /1gx {self.address:#x}"})
        ticks = (int(words.split(":")[1], 16) + STARTS_BEFORE * self.rate) & 0xFFFFFFFF
        return ticks / self.rate


def options(path):
    return ["-icount", "shift=0", "-qmp", f"unix:{path},server=on,wait=off"]


def start(deps, work, name, image, module=None):
    path = os.path.join(work, name + ".qmp")
    guest = machine.Machine(deps, work, name, image, module, options(path), bare=True)
    machine.wait_for("the monitor", lambda: os.path.exists(path), guest.process)
    return guest, Clock(path)


def before_the_clock(deps, work, name):
    """What is over when the kernel's clock begins: the kernel unpacks itself."""
    program = machine.compiled(str(ROOT / "bench/boot_clock.c"), work)
    image = os.path.join(work, name + ".eif")
    machine.tacit("eif", "build", "-q", "--kernel", str(FOLDER / "bzImage"), "--cmdline", CMDLINE,
                  "--init", program, "-o", image)
    guest, _ = start(deps, work, name, image)
    said = guest.says(r"boot-clock: (\d+) (\d+)")
    guest.kill()
    return (int(said[1]) - int(said[2])) / 1e9


def build(work, module):
    image = os.path.join(work, "server.eif")
    done = machine.tacit("image", "build", "--kernel", str(FOLDER / "bzImage"), "--cmdline",
                         CMDLINE + " tacit.heartbeat=2:9000", "--model", machine.MODEL, "--ctx",
                         "256", "--arg", "--insecure-test-root", "--arg", "/root.der", "--file",
                         module.root + ":/root.der", "-o", image)
    if done.returncode != 0:
        raise SystemExit("image build: " + done.stderr)
    module.measure(machine.tacit("eif", "measure", "--json", image).stdout)
    return image


def boot(deps, work, name, image, module):
    guest, clock = start(deps, work, name, image, module)
    seen = {}

    def mark(what, pattern):
        if not guest.says(pattern):
            raise SystemExit(f"no {what}: " + guest.console()[-2000:])
        seen[what] = clock.read()

    mark("first process", r"tacit-init: \[.*\] up")
    mark("server", "event=ready")
    run = machine.tacit("infer", "--server", "unix:" + guest.port(8443), "--policy",
                        os.path.join(work, "server.policy.json"), "--insecure-test-root",
                        module.root, "--max-tokens", "1", "--json", "Hello")
    seen["attested answer"] = clock.read()
    guest.kill()
    if run.returncode != 0 or json.loads(run.stdout)["result"] != "verified":
        raise SystemExit("no answer that is verified: " + run.stderr)
    return seen


def main():
    if not (FOLDER / "System.map").exists():
        raise SystemExit("needs our kernel: make build/enclave-kernel/bzImage")
    deps, work = machine.parts(), machine.folder()
    module = machine.Module(work)
    image = build(work, module)
    parts = {"size": os.path.getsize(image) - os.path.getsize(machine.MODEL)}
    for i in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        parts["before the clock"] = before_the_clock(deps, work, f"clock{i}")
        seen = boot(deps, work, f"boot{i}", image, module)
        print(json.dumps({**parts, **{name: round(parts["before the clock"] + at, 3)
                                      for name, at in seen.items()}}), flush=True)


if __name__ == "__main__":
    main()
