# SPDX-License-Identifier: Apache-2.0
"""Emulated machines for the tests in this folder: an enclave image booted under QEMU with nothing
but its own kernel, command line and ramdisks, an NSM of ours behind the kernel's own driver, and
AF_VSOCK to the outside. Every wait has a limit, and every process is ended at the end."""

import atexit
import glob
import json
import lzma
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TACIT = os.path.realpath(os.environ.get("TACIT", os.path.join(ROOT, "build", "tacit")))
BUILD = os.path.dirname(TACIT)
MODEL = os.path.join(ROOT, "models", "demo.gguf")
WAIT = 240  # seconds for any one thing: generous, since a busy machine emulates slowly
KERNEL, CMDLINE, RAMDISK = 1, 2, 3  # types of an image's sections
CMDLINE_USUAL = "console=ttyS0 panic=-1 quiet tacit.heartbeat=2:9000"
MEMORY = 512  # MiB

_count = 0
_failed = 0
_running = []


def ok(passed, name, note=""):
    global _count, _failed
    _count += 1
    print(f"{'ok' if passed else 'not ok'} {_count} - {name}", flush=True)
    if not passed:
        _failed += 1
        if note != "":
            print("# " + str(note)[-3000:].replace("\n", "\n# "), flush=True)
    return passed


def done():
    print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed else 0)


def skip_all(why):
    print(f"1..0 # SKIP {why}", flush=True)
    sys.exit(0)


def diagnose(text):
    print("# " + text, flush=True)


# ---- what is needed ----------------------------------------------------------------------------

def parts(*options):
    """The folder of tools/deps/emulation.sh. Without it nothing here can run: that is said where
    everybody sees it, and is no failure of what would have been tested."""
    for part in (TACIT, MODEL, os.path.join(BUILD, "tacit-init")):
        if not os.path.exists(part):
            skip_all(f"{part} is not there")
    run = subprocess.run([os.path.join(ROOT, "tools", "deps", "emulation.sh"), *options],
                         capture_output=True, text=True, timeout=900)
    if run.returncode == 0:
        return run.stdout.strip()
    words = run.stderr.strip().splitlines()
    why = words[-1] if words else "tools/deps/emulation.sh failed"
    print(f"\nNOT TESTED: no emulated machines, so no kernel driver was tried: {why}",
          file=sys.stderr, flush=True)
    diagnose("\n# ".join(words[-20:]))
    skip_all(why)


def folder():
    path = tempfile.mkdtemp(prefix="tacit-emulation-")
    atexit.register(shutil.rmtree, path, True)
    return path


def modules(deps, into, *names):
    """Options that put these modules of the guest's kernel into an image, in this order."""
    options = []
    for name in names:
        found = glob.glob(os.path.join(deps, "kernel", "modules", "**", name + ".ko*"),
                          recursive=True)
        if not found:
            raise SystemExit(f"Bail out! the kernel has no module {name}")
        path = os.path.join(into, name + ".ko")
        with open(found[0], "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(lzma.decompress(data) if found[0].endswith(".xz") else data)
        options += ["--module", path]
    return options


def library(name):
    """Where the loader finds a library."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
    found = re.search(rf"^\s*{re.escape(name)} \(libc6,x86-64.*=> (\S+)$", cache, re.M)
    return found.group(1) if found else None


def programs(*pairs):
    """Options that put programs, or libraries by their name, and what they name into an image."""
    files = {}
    for host, guest in pairs:
        if guest is None:
            host = guest = library(host)
            if not host:
                raise SystemExit("Bail out! a library is not there")
        files[guest] = host
        listed = subprocess.run(["ldd", host], capture_output=True, text=True, check=True).stdout
        for name, path in re.findall(r"^\s*(\S+)(?: => (\S+))? \(0x", listed, re.M):
            if "/" in (path or name):
                files[path or name] = os.path.realpath(path or name)
    return [word for guest, host in files.items()
            for word in ("--file", f"{host}:{guest}:0755")]


def built_module(deps, into, folder):
    """A kernel module of ours, for the guest's kernel."""
    copy = os.path.join(into, os.path.basename(folder))
    shutil.copytree(folder, copy)
    # The package has a vmlinux, from which the build would make type data with another tool.
    run = subprocess.run(["make", "-s", "-C", os.path.join(deps, "headers", "build"), "M=" + copy,
                          "CC=gcc", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                          "modules"], capture_output=True, text=True)
    module = os.path.join(copy, os.path.basename(folder) + ".ko")
    if run.returncode != 0 or not os.path.exists(module):
        raise SystemExit("Bail out! cannot build a module: " + (run.stderr + run.stdout)[-2000:])
    subprocess.run(["strip", "-g", module], check=True)
    return module


def compiled(source, into, *options):
    """A small program for guests, static."""
    target = os.path.join(into, os.path.basename(source)[:-2])
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall",
                    "-Wextra", "-static", "-o", target, source, *options], check=True)
    return target


# ---- processes ---------------------------------------------------------------------------------

def start(command, log, **options):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=open(log, "wb"),
                               stderr=subprocess.STDOUT, start_new_session=True, **options)
    _running.append(process)
    return process


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def stop_all():
    for process in reversed(_running):
        stop(process)


atexit.register(stop_all)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(1))


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def wait_for(what, test, process=None):
    """Waits until the test gives something true; ends the run when the process ends first."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        got = test()
        if got:
            return got
        if process and process.poll() is not None and not test():
            return None
        time.sleep(0.05)
    diagnose("gave up waiting for " + what)
    return None


def tacit(*args, limit=WAIT, **options):
    return subprocess.run([TACIT, *args], capture_output=True, text=True, timeout=limit,
                          stdin=subprocess.DEVNULL, **options)


# ---- images ------------------------------------------------------------------------------------

def sections(image):
    """Type, offset and bytes of each section, in the order of the file."""
    count, = struct.unpack_from(">H", image, 26)
    for i in range(count):
        at, = struct.unpack_from(">Q", image, 28 + 8 * i)
        kind, _, size = struct.unpack_from(">HHQ", image, at)
        yield kind, at + 12, image[at + 12:at + 12 + size]


def registers(image):
    """What `tacit eif measure` says of it, or of measurements that were worked out from it."""
    run = tacit("eif", "measure", "--json", image)
    return {name: value for name, value in
            json.loads(run.stdout or "{}").get("Measurements", {}).items()
            if name.startswith("PCR")}


# ---- scripts in a guest ------------------------------------------------------------------------

class Script:
    """Commands that a guest's shell runs one after the other, and what became of them: a code
    and words for each name. The console has the guest's time at the end of each."""

    def __init__(self):
        self.lines = ["#!/bin/sh", "export PATH=/bin:/usr/bin"]
        self.results = {}

    def do(self, command):
        self.lines.append(command)

    def run(self, name, command):
        self.lines.append(f"echo '@@ {name}'; {command} 2>&1; code=$?; echo; "
                          "read up rest </proc/uptime; echo @@= $code $up")

    def image(self, deps, work, options, name, kernel=None):
        """An image whose program is a shell with this script."""
        script = os.path.join(work, name + ".sh")
        with open(script, "w") as f:
            f.write("\n".join(self.lines + ["echo @@END", ""]))
        path = os.path.join(work, name + ".eif")
        built = tacit("eif", "build", "--kernel",
                      kernel or os.path.join(deps, "kernel", "vmlinuz"),
                      "--cmdline", CMDLINE_USUAL.replace("tacit.heartbeat=2:9000",
                                                         "tacit.heartbeat=off"),
                      "--init", os.path.join(BUILD, "tacit-init"),
                      "--file", os.path.join(deps, "bin", "busybox") + ":/bin/busybox:0755",
                      "--file", script + ":/test.sh:0755", "--arg", "/bin/busybox",
                      "--arg", "sh", "--arg", "/test.sh", *options, "-o", path)
        if built.returncode != 0:
            raise SystemExit("Bail out! eif build: " + built.stderr)
        return path

    def take(self, machine):
        """Waits for the end of the script, and reads what it said."""
        ended = machine.says("^@@END")
        words = machine.console().replace("\r", "")
        for name, text, code in re.findall(r"^@@ (.*)\n((?:(?!@@).*\n)*)@@= (\d+) \S+$", words, re.M):
            self.results[name] = (int(code), text.strip())
        return ended

    def of(self, name):
        return self.results.get(name, (None, "it did not run"))


# ---- the module --------------------------------------------------------------------------------

class Module:
    """The Nitro Secure Module of machines that run one after the other, with one root."""

    def __init__(self, path):
        self.socket = os.path.join(path, "nsm.sock")
        self.root = os.path.join(path, "root.der")
        self.measurements = os.path.join(path, "measured.json")
        self.log = os.path.join(path, "nsm.log")
        process = start([os.path.join(BUILD, "tools", "nsm-device"), "--socket", self.socket,
                         "--root", self.root, "--measurements", self.measurements], self.log)
        if not wait_for("nsm-device", lambda: os.path.exists(self.root), process):
            raise SystemExit("Bail out! nsm-device: " + read(self.log))

    def measure(self, text):
        """What the next machine's registers hold; None is an enclave in debug mode."""
        if text is None:
            if os.path.exists(self.measurements):
                os.unlink(self.measurements)
            return
        with open(self.measurements, "w") as f:
            f.write(text)


# ---- machines ----------------------------------------------------------------------------------

class Machine:
    """An image that runs. `port()` is a unix socket behind which a vsock port of it is. With
    `bare` there is no firmware, no PCI and no ACPI: devices are named on the kernel's command line,
    as Nitro's hypervisor does it."""

    def __init__(self, deps, path, name, image, module=None, qemu=(), bare=False):
        self.path = os.path.join(path, name)
        self.count = 0
        os.mkdir(self.path)
        self.vsock = os.path.join(self.path, "vsock")
        self.console_log = os.path.join(self.path, "console")
        self.heartbeat()
        bus = "device" if bare else "pci"
        command = [os.path.join(deps, "bin", "qemu"), "-M",
                   ("microvm,acpi=off" if bare else "pc") + ",memory-backend=m", "-accel", "tcg",
                   "-cpu", "max", "-m", str(MEMORY), "-object",
                   f"memory-backend-memfd,id=m,size={MEMORY}M,share=on", "-nodefaults",
                   "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio"]
        command += self.boot(image) + self.wire(deps, bus)
        if module:
            command += ["-chardev", "socket,id=nsm,path=" + module.socket, "-device",
                        "vhost-user-test-device" + ("" if bare else "-pci") +
                        ",chardev=nsm,virtio-id=33,num_vqs=1"]
        self.process = start(["timeout", str(2 * WAIT)] + command + list(qemu), self.console_log)

    def boot(self, image):
        """QEMU's options for the image's own kernel, command line and ramdisks."""
        cmdline, ramdisks = b"", b""
        with open(image, "rb") as f:
            data = f.read()
        for kind, _, content in sections(data):
            if kind == KERNEL:
                with open(os.path.join(self.path, "kernel"), "wb") as f:
                    f.write(content)
            elif kind == CMDLINE:
                cmdline = content
            elif kind == RAMDISK:
                ramdisks += content
        with open(os.path.join(self.path, "ramdisk"), "wb") as f:
            f.write(ramdisks)
        return ["-kernel", os.path.join(self.path, "kernel"), "-initrd",
                os.path.join(self.path, "ramdisk"), "-append", cmdline.decode()]

    def wire(self, deps, bus):
        """AF_VSOCK: the guest is CID 16; a port P of its host, CID 2, is the socket vsock_P."""
        return ["-chardev", "socket,id=vsock,path=" + self.vsock_device(deps), "-device",
                f"vhost-user-vsock-{bus},chardev=vsock"]

    def vsock_device(self, deps):
        device = os.path.join(self.path, "vsock.sock")
        log = os.path.join(self.path, "vsock.log")
        process = start([os.path.join(deps, "bin", "vhost-device-vsock"), "--vm",
                         f"guest-cid=16,socket={device},uds-path={self.vsock}"], log)
        if not wait_for("vhost-device-vsock", lambda: os.path.exists(device), process):
            raise SystemExit("Bail out! vhost-device-vsock: " + read(log))
        return device

    def heartbeat(self):
        """Answers the first sign of life with our own relay."""
        start([TACIT, "relay", "--heartbeat", f"unix:{self.vsock}_9000"],
              os.path.join(self.path, "heartbeat.log"))

    def console(self):
        return read(self.console_log)

    def says(self, pattern):
        """Waits for a line of the console; None when the machine ends or says nothing like it."""
        return wait_for(f"'{pattern}'", lambda: re.search(pattern, self.console(), re.M),
                        self.process)

    def ends(self):
        """Waits until the machine has switched itself off."""
        return wait_for("the end of the machine", lambda: self.process.poll() is not None)

    def port(self, number, toward=None, back=None):
        """A unix socket of ours whose connections go to a port of the guest: what a host's kernel
        does for AF_VSOCK, in the words of vhost-device-vsock. A hostile host's kernel changes
        what passes: `toward` the guest or `back`, a function of the place in the stream and bytes
        gives other bytes, or None to cut the connection."""
        self.count += 1
        path = os.path.join(self.path, f"port-{number}-{self.count}")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener, number, toward, back),
                         daemon=True).start()
        return path

    def _accept(self, listener, *how):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=self._join, args=(client, *how), daemon=True).start()

    def _join(self, client, number, toward, back):
        with client, socket.socket(socket.AF_UNIX) as guest:
            try:
                guest.connect(self.vsock)
                guest.sendall(b"CONNECT %d\n" % number)
                answer = b""
                while not answer.endswith(b"\n"):
                    byte = guest.recv(1)
                    if not byte:
                        return
                    answer += byte
            except OSError:
                return
            other = threading.Thread(target=pump, args=(guest, client, back), daemon=True)
            other.start()
            pump(client, guest, toward)
            other.join()

    def kill(self):
        stop(self.process)


def pump(source, target, change=None):
    at = 0
    try:
        while True:
            data = source.recv(16384)
            if not data:
                break
            passed = change(at, data) if change else data
            if passed is None:
                target.shutdown(socket.SHUT_RDWR)
                source.shutdown(socket.SHUT_RDWR)
                return
            target.sendall(passed)
            at += len(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def flip(place):
    """One bit of the stream."""
    def change(at, data):
        if not at <= place < at + len(data):
            return data
        data = bytearray(data)
        data[place - at] ^= 1
        return bytes(data)
    return change


def cut(place):
    """The end of the connection before that place, unannounced."""
    return lambda at, data: data if at + len(data) <= place else None
