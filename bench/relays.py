# SPDX-License-Identifier: Apache-2.0

"""tacit relay on loopback TCP, beside socat, a bare splice loop and vsock-proxy's way of copying.

Rounds alternate; a ratio is the median of the rounds' ratios. The CPU of a byte is what the relay's
process spent on a flood, user and system, as /proc counts it.
"""

import os
import shutil
import time

import common

ROUNDS = 5
SECONDS = 2
TRIPS = 20000


def relay(kind):
    """A running relay; `.front` and `.back` are the ports of clients and of the server."""
    front, back = common.free_port(), common.free_port()
    here, there = f"tcp:127.0.0.1:{front}", f"tcp:127.0.0.1:{back}"
    if kind == "tacit":
        command = [common.TACIT, "relay", "--listen", here, "--to", there]
    elif kind == "socat":
        command = ["socat", "-b", "262144",
                   f"TCP-LISTEN:{front},reuseaddr,fork,nodelay,backlog=4096",
                   f"TCP:127.0.0.1:{back},nodelay"]
    else:
        command = [common.program("relay"), "pass", kind, str(front), str(back)]
    # Nothing is asked of it before the load comes: the listening socket shows that it is there.
    process = common.Process("relay-" + kind, command, lambda _: listens(front))
    process.front, process.back = front, back
    return process


def listens(port):
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(f":{port:04X} 00000000:0000 0A" in line for line in table)


def load(what, process, *options):
    command = [common.program("relay"), what, process.front, process.back, *options]
    return float(common.output(*map(str, command)))


def cpu_seconds(process):
    """Of the relay and, for socat, of its children that have ended."""
    with open(f"/proc/{process.child.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def flood(kind, streams):
    """Bytes a second, and nanoseconds of the relay's CPU for one."""
    with relay(kind) as process:
        before, begin = cpu_seconds(process), time.monotonic()
        rate = load("flood", process, streams, SECONDS)
        took = time.monotonic() - begin
        time.sleep(0.2)  # children end
        spent = (cpu_seconds(process) - before) * 1e9
    # The CPU covers the start of the flood too, which the rate leaves out.
    return rate, spent / (rate * took)


def visits(kind):
    with relay(kind) as process:
        return load("visit", process, 8, SECONDS)


def trips(kind):
    if kind == "direct":
        port = common.free_port()
        return float(common.output(common.program("relay"), "round", str(port), str(port), str(TRIPS)))
    with relay(kind) as process:
        return load("round", process, TRIPS)


def alternate(kinds, measure):
    """For each kind the figures of all rounds."""
    seen = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind in kinds:
            seen[kind].append(measure(kind))
    return seen


def ratio(ours, theirs):
    return common.median([a / b for a, b in zip(ours, theirs)])


def run(table):
    peers = ["splice", "copy"] + (["socat"] if shutil.which("socat") else [])
    for streams in (1, 4):
        table.head(f"tacit relay, {streams} stream{'s' * (streams > 1)} one way over loopback TCP")
        seen = alternate(["tacit", *peers], lambda kind: flood(kind, streams))
        rates = {kind: [rate for rate, _ in found] for kind, found in seen.items()}
        costs = {kind: [cost for _, cost in found] for kind, found in seen.items()}
        table.row("MB a second", common.median(rates["tacit"]) / 1e6, "MB/s")
        for kind in peers:
            note = f"{common.median(rates[kind]) / 1e6:.0f} MB/s"
            least = None if kind == "copy" else 0.9
            table.row(f"    against {kind}", ratio(rates["tacit"], rates[kind]), "", least=least, note=note)
        note = f"{common.median(costs['tacit']):.3f} and {common.median(costs['copy']):.3f} ns a byte"
        table.row("CPU of a byte, against copy", ratio(costs["tacit"], costs["copy"]), "", most=1, note=note)
        for kind in peers:
            if kind != "copy":
                note = f"{common.median(costs[kind]):.3f} ns a byte"
                table.row(f"    against {kind}", ratio(costs["tacit"], costs[kind]), "", note=note)
    table.head("tacit relay, connections: open, a byte and its echo, close; 8 at a time")
    seen = alternate(["tacit", *peers], visits)
    table.row("connections a second", common.median(seen["tacit"]), "")
    for kind in peers:
        note = f"{common.median(seen[kind]):.0f}"
        table.row(f"    against {kind}", ratio(seen["tacit"], seen[kind]), "", note=note)
    table.head("tacit relay, 64 bytes there and back")
    seen = alternate(["tacit", "direct", *peers], trips)
    # The best round: the others tell where the scheduler put the threads, for every relay alike.
    best = {kind: min(found) for kind, found in seen.items()}
    note = f"{best['tacit']:.1f} us, direct {best['direct']:.1f} us"
    table.row("added to a round trip", best["tacit"] - best["direct"], "us", most=30, note=note)
    for kind in peers:
        table.row(f"    by {kind}", best[kind] - best["direct"], "us")
