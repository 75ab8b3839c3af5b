#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit relay under a service manager: the units of deploy/systemd, and sockets that come from
outside, from a launcher of this test and from systemd's own."""

import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relaying import *
from serving import ROOT, until

UNITS = os.path.join(ROOT, "deploy", "systemd")
PROGRAM = os.path.realpath(TACIT)
server = Server()

# Sockets from descriptor 3 on, as sd_listen_fds(3) wants them: argv is the names, the PID to claim
# ("self"), the descriptors, and the command.
LAUNCHER = """
import fcntl, os, sys
names, pid, fds, command = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
kept = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 200) for fd in fds.split(",") if fd]
for i, fd in enumerate(kept):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ["LISTEN_FDS"] = str(len(kept))
os.environ["LISTEN_PID"] = str(os.getpid()) if pid == "self" else pid
if names != "-":
    os.environ["LISTEN_FDNAMES"] = names
os.execv(command[0], command)
"""


def launched(names, socks, pid="self"):
    """The words before a command that is given these sockets."""
    return [sys.executable, "-c", LAUNCHER, names, pid, ",".join(str(s.fileno()) for s in socks)]


def read_unit(name):
    """Sections as lists of (key, value): keys repeat."""
    sections, current = {}, None
    with open(os.path.join(UNITS, name)) as f:
        for line in f:
            line = line.strip()
            if line.startswith("["):
                current = sections.setdefault(line.strip("[]"), [])
            elif line and not line.startswith("#"):
                current.append(tuple(line.split("=", 1)))
    return sections


def value(unit, section, key):
    return dict(unit[section])[key]


# --- the units, run as they are written -------------------------------------------------------
service, sock_unit = read_unit("tacit-relay.service"), read_unit("tacit-relay.socket")
name = value(sock_unit, "Socket", "FileDescriptorName")
words = value(service, "Service", "ExecStart").split()
equal(words[:2], ["/usr/local/bin/tacit", "relay"], "the service starts the relay")
equal(value(sock_unit, "Socket", "ListenStream"), "8443", "the socket is where clients come")
with open(os.path.join(UNITS, "relay.conf")) as f:
    shown = f.read()
check = subprocess.run([TACIT, "relay", "--check", "--config", os.path.join(UNITS, "relay.conf")],
                       capture_output=True, text=True, timeout=WAIT)
equal(check.returncode, 0, "the configuration that goes with it is one")
uncommented = re.sub(r"^#(?=\w)", "", shown, flags=re.M)
check = subprocess.run([TACIT, "relay", "--check", "--config", write("all.conf", uncommented)],
                       capture_output=True, text=True, timeout=WAIT)
ok(check.returncode == 0 and "1 places" in check.stderr, "with what is commented out too",
   check.stderr)

given = socket.create_server(("127.0.0.1", 0))
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path("notify"))
notify.settimeout(WAIT)
here = re.sub(r"vsock:16:8443", server.address, shown)
here = re.sub(r"^heartbeat .*", "heartbeat tcp:127.0.0.1:0", here, flags=re.M)
here = re.sub(r"^metrics .*", "metrics tcp:127.0.0.1:0", here, flags=re.M)
conf = write("relay.conf", here)
options = [conf if word == "/etc/tacit/relay.conf" else word for word in words[2:]]
relay = Relay(*options, before=launched(name, [given]), fds=[given.fileno()],
              env={"NOTIFY_SOCKET": path("notify")})
equal(relay.addresses[0], f"tcp:127.0.0.1:{given.getsockname()[1]}",
      f"fd:{name} is the socket of the unit")
equal(notify.recv(100), b"READY=1", "it says that it is ready")
client, peer = server.pair(relay)
client.sendall(b"hi")
equal(exactly(peer, 2), b"hi", "and passes on")
ok("$MAINPID" in value(service, "Service", "ExecReload") and
   "-HUP" in value(service, "Service", "ExecReload"), "a reload is SIGHUP")
relay.kill(signal.SIGHUP)
equal([notify.recv(100), notify.recv(100)], [b"RELOADING=1", b"READY=1"], "which is told, too")
client.sendall(b"ho")
equal(exactly(peer, 2), b"ho", "connections stay")
write("relay.conf", "metrics tcp:127.0.0.1:0\n")
relay.kill(signal.SIGHUP)
relay.wait_event("reloaded", 2)
late = connect(f"tcp:127.0.0.1:{given.getsockname()[1]}")
late.sendall(b"late")
write("relay.conf", here)
relay.kill(signal.SIGHUP)
relay.wait_event("reloaded", 3)
equal(exactly(server.accept(), 4), b"late", "a socket that was out of use comes back with who waits")
[notify.recv(100) for _ in range(4)]
relay.kill(signal.SIGTERM)
equal(notify.recv(100), b"STOPPING=1", "it is stopping")
equal(relay.stop(), 0, "and ends")
waiting = connect(f"tcp:127.0.0.1:{given.getsockname()[1]}")
waiting.sendall(b"between")
relay = Relay(*options, before=launched(name, [given]), fds=[given.fileno()])
equal(exactly(server.accept(), 7), b"between", "who came between two relays is served by the next")
relay.stop()

# --- sockets that are none --------------------------------------------------------------------
dgram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dgram.bind(("127.0.0.1", 0))
closed = socket.socket()
closed.bind(("127.0.0.1", 0))
with open(conf) as plain:
    for what, names, socks, pid in (
            ("no sockets", "-", [], "self"),
            ("sockets for another process", name, [given], "1"),
            ("a PID that is none", name, [given], "x"),
            ("an empty PID", name, [given], ""),
            ("another name", "web", [given], "self"),
            ("no names", "-", [given], "self"),
            ("a name without a socket", f"web:{name}", [given], "self"),
            ("the beginning of the name", name[:-1], [given], "self"),
            ("more than the name", name + "s", [given], "self"),
            ("a datagram socket", name, [dgram], "self"),
            ("a socket that does not listen", name, [closed], "self"),
            ("a file", name, [plain], "self")):
        run = subprocess.run([*launched(names, socks, pid), PROGRAM, "relay", "--listen",
                              "fd:" + name, "--to", server.address], capture_output=True,
                             text=True, timeout=WAIT, pass_fds=[s.fileno() for s in socks])
        ok(run.returncode == 5 and run.stderr.startswith("tacit: error: "), f"{what}: exit 5",
           f"{run.returncode} {run.stderr}")
second = socket.create_server(("127.0.0.1", 0))
relay = Relay("--listen", "fd:b", "--to", server.address, before=launched("a:b", [given, second]),
              fds=[given.fileno(), second.fileno()])
equal(relay.addresses, [f"tcp:127.0.0.1:{second.getsockname()[1]}"], "the second of two names")
relay.stop()
local = socket.socket(socket.AF_UNIX)
local.bind(path("given.sock"))
local.listen()
relay = Relay("--listen", "fd:u", "--to", server.address, before=launched("u", [local]),
              fds=[local.fileno()])
equal(relay.addresses, ["unix:" + path("given.sock")], "a unix socket")
server.pair(relay)
relay.stop()
ok(os.path.exists(path("given.sock")), "which is not ours to remove")

# --- systemd's own ----------------------------------------------------------------------------
activate = shutil.which("systemd-socket-activate")
if activate:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen([activate, "-l", f"127.0.0.1:{port}", f"--fdname={name}", PROGRAM,
                                "relay", "--listen", "fd:" + name, "--to", server.address],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def reach():
        try:
            return connect(f"tcp:127.0.0.1:{port}")
        except ConnectionRefusedError:
            return None
    found = []
    until(lambda: found.append(reach()) or found[-1])
    found[-1].sendall(b"first")
    equal(exactly(server.accept(), 5), b"first", "systemd-socket-activate: the first client")
    found[-1].close()
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    equal(process.wait(WAIT), 0, "systemd-socket-activate: it ends")
else:
    skip("systemd-socket-activate", "not installed")

analyze = shutil.which("systemd-analyze")
if analyze:
    os.mkdir(path("units"))
    for unit in ("tacit-relay.service", "tacit-relay.socket"):
        with open(os.path.join(UNITS, unit)) as f:
            write("units/" + unit, f.read().replace("/usr/local/bin/tacit", PROGRAM))
    run = subprocess.run([analyze, "verify", "--man=no", path("units/tacit-relay.service"),
                          path("units/tacit-relay.socket")], capture_output=True, text=True,
                         timeout=WAIT)
    ok(run.returncode == 0 and "tacit-relay" not in run.stderr, "systemd-analyze finds no fault",
       run.stderr)
    run = subprocess.run([analyze, "security", "--offline=yes", "--threshold=20", "--no-pager",
                          path("units/tacit-relay.service")], capture_output=True, text=True,
                         timeout=WAIT)
    if "unrecognized option" in run.stderr:
        skip("systemd-analyze security", "too old to look at files")
    else:
        ok(run.returncode == 0, "the service is exposed at most 2.0 of 10",
           run.stdout[-200:] + run.stderr)
else:
    skip("systemd-analyze", "not installed")
done()
