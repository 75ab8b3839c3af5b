#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit relay as a process: configuration, reload, drain, service manager; tacit ping."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relaying import *

ANY = "tcp:127.0.0.1:0"
one, two = Server(), Server()
UNIX = "unix:" + path("a.sock")


def tacit(*args):
    return subprocess.run([TACIT, *args], capture_output=True, timeout=WAIT, text=True)


# --- wrong from the start --------------------------------------------------------------------
for name, args, want in (
        ("nothing to do", [], 2),
        ("--listen without --to", ["--listen", ANY], 2),
        ("--to without --listen", ["--to", one.address], 2),
        ("no such address", ["--listen", "tcp:nowhere", "--to", one.address], 2),
        ("no port to connect to", ["--listen", ANY, "--to", "tcp:127.0.0.1:0"], 2),
        ("any CID to connect to", ["--listen", ANY, "--to", "vsock:any:5"], 2),
        ("a bad place", ["--egress", ANY, "--allow", "localhost"], 2),
        ("no configuration", ["--config", path("none")], 5),
        ("a configuration that is none", ["--config", write("bad", "listen here\n")], 3),
        ("YAML that is none", ["--egress", ANY, "--allow-file", write("y", "a: b\n")], 3),
        ("a socket of nobody", ["--listen", "fd:web", "--to", one.address], 5),
        ("an address in use", ["--listen", one.address, "--to", two.address], 5),
        ("the same twice", ["--listen", UNIX, "--to", one.address, "--listen", UNIX, "--to",
                            two.address], 2)):
    run = tacit("relay", *args)
    equal(run.returncode, want, f"{name}: exit {want}")
    ok(run.stderr.startswith("tacit: error: "), f"{name}: says why", run.stderr)
ok("line 2" in tacit("relay", "--config", write("bad", "\nlisten here\n")).stderr,
   "a bad line is named by its number")
run = tacit("relay", "--check", "--listen", one.address, "--to", two.address)
equal(run.returncode, 0, "--check listens for nothing")

# --- reload ----------------------------------------------------------------------------------
config = write("relay.conf", f"listen {UNIX} to {one.address}  # comment\nmetrics {ANY}\n")
relay = Relay("--config", config)
old, old_peer = one.pair(relay)


def reload(text, event):
    count = len([e for e in relay.events if e["event"] == event]) + 1
    write("relay.conf", text)
    relay.kill(signal.SIGHUP)
    return relay.wait_event(event, count)[-1]


for name, text in (("nonsense", "listen to\n"), ("an empty one", ""),
                   ("an address in use", f"listen {UNIX} to {two.address}\n"
                                         f"listen {one.address} to {two.address}\n")):
    event = reload(text, "reload-failed")
    ok(event.get("error"), f"{name} is refused with a reason", event)
    client, peer = one.pair(relay)
    client.sendall(b"?")
    equal(exactly(peer, 1), b"?", f"{name}: what was there holds")
    client.close()
    peer.close()
os.unlink(config)
relay.kill(signal.SIGHUP)
relay.wait_event("reload-failed", 4)
one.pair(relay)[0].close()
ok(relay.alive(), "a configuration that is gone changes nothing")

other = "unix:" + path("b.sock")
reload(f"listen {UNIX} to {two.address}\nlisten {other} to {one.address}\nmetrics {ANY}\n",
       "reloaded")
client, peer = two.pair(relay)
ok(True, "the same address leads elsewhere")
client.sendall(b"new")
equal(exactly(peer, 3), b"new", "for new connections")
old.sendall(b"old")
equal(exactly(old_peer, 3), b"old", "and old ones stay")
connect(other)
one.accept()
ok(True, "a new address is there")
reload(f"listen {other} to {one.address}\n", "reloaded")
ok(not os.path.exists(path("a.sock")), "one that is no longer there is closed")
old_peer.sendall(b"still")
equal(exactly(old, 5), b"still", "and its connections stay")
equal(relay.stop(), 0, "it ends")

# --- as many rules as may be ------------------------------------------------------------------
rules = "".join(f"listen {ANY} to {one.address}\n" for _ in range(63)) + f"metrics {ANY}\n"
relay = Relay("--config", write("many.conf", rules))
equal(len(relay.addresses), 64, "64 rules")
one.pair(relay, 62)
equal(relay.metric('tacit_relay_listener_accepted_total{rule="63"}'), 1, "each has its count")
equal(relay.metric('tacit_relay_listener_connections{rule="64"}'), 1, "and none is cut off")
relay.stop()
write("many.conf", rules + f"echo {ANY}\n")
run = tacit("relay", "--config", path("many.conf"))
ok(run.returncode == 3 and "64 listeners" in run.stderr, "65 are refused", run.stderr)

# --- drain -----------------------------------------------------------------------------------
relay = Relay("--listen", UNIX, "--to", one.address, "--drain-timeout", "600")
client, peer = one.pair(relay)
relay.kill(signal.SIGTERM)
equal(relay.wait_event("draining")[0]["connections"], "1", "SIGTERM drains")
try:
    relay.connect()
    ok(False, "nobody new is taken")
except (FileNotFoundError, ConnectionRefusedError):
    ok(True, "nobody new is taken")
client.sendall(b"last words")
equal(exactly(peer, 10), b"last words", "who is there goes on")
client.close()
peer.close()
equal(relay.process.wait(WAIT), 0, "and it ends with the last one")

relay = Relay("--listen", UNIX, "--to", one.address, "--drain-timeout", "1")
client, peer = one.pair(relay)
relay.kill(signal.SIGTERM)
equal(relay.process.wait(WAIT), 0, "or at the deadline")
equal(ended(peer), "reset", "which is no ordinary end")
ok(ended(client) in ("reset", "closed"), "for nobody")
relay = Relay("--listen", UNIX, "--to", one.address, "--drain-timeout", "600")
client, peer = one.pair(relay)
equal(relay.stop(), 0, "a second signal does not wait")

# --- ping ------------------------------------------------------------------------------------
echo = subprocess.Popen([TACIT, "ping", "--json", "--echo", "unix:" + path("echo")],
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
ready = json.loads(echo.stdout.readline())
relay = Relay("--listen", ANY, "--to", ready["listen"])
run = tacit("ping", "--json", "--count", "7", "--size", "100K", "--throughput", "--total", "5M",
            relay.addresses[0])
found = json.loads(run.stdout)
equal((run.returncode, found["schema"], found["count"], found["size"]),
      (0, "tacit.ping/1", 7, 102400), "ping through the relay")
ok(0 < found["min_ns"] <= found["median_ns"] <= found["p99_ns"] <= found["max_ns"], "times in order")
ok(found["bytes_per_second"] > 0, "and a throughput")
ok("7 round trips of 1 bytes" in tacit("ping", "--count", "7", "--size", "1",
                                       relay.addresses[0]).stdout, "in words")
client = connect(ready["listen"])
client.sendall(b"abc")
client.shutdown(socket.SHUT_WR)
equal(rest(client), b"abc", "the echo ends when its peer does")
echo.send_signal(signal.SIGTERM)
equal(echo.wait(WAIT), 0, "and ends well")
relay.stop()


def wrong(answer):
    peer = one.accept()
    peer.recv(64)
    if answer:
        peer.sendall(answer)
        rest(peer)
    else:
        time.sleep(2)


pinger = later(wrong, b"x" * 64)
run = tacit("ping", "--count", "1", one.address)
ok(run.returncode == 5 and "not what was sent" in run.stderr, "a wrong echo is found out",
   run.stderr)
pinger = later(wrong, b"")
run = tacit("ping", "--count", "1", "--timeout", "1", one.address)
ok(run.returncode == 5 and "no answer in time" in run.stderr, "silence too", run.stderr)
equal(tacit("ping", "unix:" + path("nobody")).returncode, 5, "nobody there: exit 5")
equal(tacit("ping").returncode, 2, "no address: exit 2")
equal(tacit("ping", "nonsense").returncode, 2, "no such address: exit 2")
done()
