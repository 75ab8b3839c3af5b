# SPDX-License-Identifier: Apache-2.0

"""What the benchmarks share: programs to start, a table of figures, medians."""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TACIT = ROOT / "build/tacit"
PROGRAMS = ROOT / "build/release/bench"
LLAMA = ROOT / "build/deps/llama/bin/llama-server"
WORK = ROOT / "build/bench"
THREADS = os.cpu_count()
SLOTS = 8
CONTEXT = 1024  # tokens of one slot

median = statistics.median


class CannotMeasure(Exception):
    pass


def need(done, what):
    if not done:
        raise CannotMeasure(what)


def program(name):
    path = PROGRAMS / name
    need(path.exists(), f"{path} is not built: make benches")
    return str(path)


def output(*command):
    """What a program that must succeed prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    need(done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr.strip()[-300:]}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def model(kind):
    """The path of a model to measure with, made when it is not there yet."""
    path = WORK / f"{kind}.gguf"
    demo = ROOT / "models/demo.gguf"
    maker = ROOT / "bench/model.py"
    if not path.exists() or path.stat().st_mtime < max(
        demo.stat().st_mtime, maker.stat().st_mtime
    ):
        WORK.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        output(sys.executable, str(maker), kind, str(demo), str(part))
        part.rename(path)
    return str(path)


class Process:
    """A server that is stopped at the end of its `with`."""

    def __init__(self, name, command, ready, keep_input=False):
        self.name, self.command, self.ready = name, [str(c) for c in command], ready
        self.input = subprocess.PIPE if keep_input else subprocess.DEVNULL
        self.log = WORK / f"{name}.log"

    def __enter__(self):
        WORK.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                self.command, stdin=self.input, stdout=log, stderr=log
            )
        until = time.monotonic() + 120
        while not self.ready(self):
            alive = self.child.poll() is None and time.monotonic() < until
            if not alive:
                self.__exit__()
            need(alive, f"{self.name} does not start: {self.text()[-300:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def text(self):
        return self.log.read_text(errors="replace")

    def status(self, *fields):
        """Kilobytes from /proc/PID/status, added up."""
        lines = pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return sum(int(found[f].split()[0]) for f in fields)

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def answers(port):
    def check(_):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    return check


def serve(path, *options):
    """tacit serve under the stub; `.address` is where it listens."""

    def ready(process):
        for line in process.text().splitlines():
            if line.startswith("{"):
                process.address = json.loads(line)["listen"]
                return True
        return False

    return Process(
        "serve",
        [TACIT, "serve", "--json", "--tee", "stub", "--listen", "tcp:127.0.0.1:0", "--model", path]
        + ["--ctx", CONTEXT, "--parallel", SLOTS, "--threads", THREADS, *options],
        ready,
    )


def policy(server):
    """The path of a policy that accepts this server."""
    path = WORK / "policy.json"
    output(
        str(TACIT), "policy", "init", "--server", server.address, "--insecure-accept-stub",
        "-o", str(path),
    )
    return str(path)


def connect(server):
    """tacit connect in front of a server, under the policy that fits it."""
    port = free_port()
    process = Process(
        "connect",
        [TACIT, "connect", "--server", server.address, "--policy", policy(server)]
        + ["--insecure-accept-stub", "--listen", f"127.0.0.1:{port}"],
        answers(port),
    )
    process.url = f"http://127.0.0.1:{port}"
    return process


def llama_server(path):
    """Upstream's own server, with the settings that tacit serve has."""
    need(LLAMA.exists(), f"{LLAMA} is not built: tools/deps/llama.sh --server")
    port = free_port()

    def ready(process):
        return "listening on" in process.text() and answers(port)(process)

    process = Process(
        "llama-server",
        [LLAMA, "--model", path, "--host", "127.0.0.1", "--port", port, "--no-ui"]
        + ["--threads", THREADS, "--threads-batch", THREADS, "--parallel", SLOTS]
        + ["--ctx-size", CONTEXT * SLOTS, "--no-cache-prompt", "--cache-ram", 0],
        ready,
    )
    process.url = f"http://127.0.0.1:{port}"
    return process


class Table:
    """Figures with their targets; `missed` counts those that do not reach them."""

    def __init__(self):
        self.missed = 0

    def head(self, title):
        print(f"\n{title}", flush=True)

    def row(self, name, figure, unit, most=None, least=None, note=""):
        met = (most is None or figure <= most) and (least is None or figure >= least)
        target = f"at most {most:g}" if most is not None else ""
        target = f"at least {least:g}" if least is not None else target
        word = "" if most is None and least is None else "met" if met else "MISSED"
        self.missed += not met
        digits = 3 if abs(figure) < 10 else 1
        print(
            f"  {name:<46} {figure:>10.{digits}f} {unit:<10} {target:<14} {word:<7} {note}".rstrip(),
            flush=True,
        )
