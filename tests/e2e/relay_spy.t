#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole attested session through tacit relay, and a search of everything that it passed on: for
the prompt, the answer, the receipt, the evidence and the keys of the connection. The same search
finds them where a client speaks in the clear."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relaying import *
from serving import MODEL, Serve, base64, http, ssl, tls_context

if not os.path.exists(MODEL):
    print("1..0 # SKIP models/demo.gguf is not there")
    sys.exit(0)

ANY = "tcp:127.0.0.1:0"
PROMPT = "The heliotrope walrus asks for marmalade"
server = Serve()
clear = Server()
spied = path("spied")
relay = Relay("--listen", ANY, "--to", server.ready["listen"], "--listen", ANY, "--to",
              clear.address, "--metrics", ANY, "--spy", spied)
front = relay.addresses[0]


def tacit(*args):
    return subprocess.run([TACIT, *args], capture_output=True, timeout=WAIT, text=True)


def pieces():
    """What the relay wrote down: (connection, direction, bytes) in order."""
    with open(spied, "rb") as f:
        text = f.read()
    out, at = [], 0
    while at < len(text):
        end = text.index(b"\n", at)
        told = re.fullmatch(rb"relayed connection=(\d+) (up|down) bytes=(\d+)", text[at:end])
        size = int(told[3])
        out.append((int(told[1]), told[2].decode(), text[end + 1:end + 1 + size]))
        at = end + 1 + size
        assert text[at:at + 1] == b"\n"
        at += 1
    return out


def streams():
    """Each direction of each connection in one piece."""
    joined = {}
    for connection, way, part in pieces():
        joined.setdefault((connection, way), bytearray()).extend(part)
    return joined


def forms(secret):
    """A secret as it is, in hex and in base64 of every alignment."""
    secret = secret if isinstance(secret, bytes) else secret.encode()
    shapes = [secret, secret.hex().encode(), secret.hex().upper().encode()]
    for skip_bytes in range(3):
        part = secret[skip_bytes:]
        part = part[:len(part) - len(part) % 3]
        shapes += [base64.b64encode(part), base64.urlsafe_b64encode(part)]
    return [shape for shape in shapes if len(shape) >= 8]


def finds(secret):
    """Which of all streams have it, in any form."""
    return [key for key, text in streams().items() for form in forms(secret) if form in text]


def windows(data, size=24, step=8):
    """Pieces of a long value, since it may be cut on its way."""
    return [data[i:i + size] for i in range(0, max(1, len(data) - size), step)]


# --- the client that a user has ---------------------------------------------------------------
policy = path("policy.json")
run = tacit("policy", "init", "--insecure-accept-stub", "--server", front, "-o", policy)
equal(run.returncode, 0, "a policy from what the server shows")
receipt, evidence = path("receipt"), path("evidence")
# At temperature 0, so that the answer is never one of a few letters, which anything may contain.
run = tacit("infer", "--insecure-accept-stub", "--server", front, "--policy", policy, "--receipt",
            receipt, "--evidence", evidence, "--json", "--max-tokens", "40", "--temperature", "0",
            PROMPT)
answer = json.loads(run.stdout).get("answer", "") if run.stdout else ""
ok(run.returncode == 0 and len(answer) > 20, "a question is asked and answered through the relay",
   run.stderr)

# --- a client that tells us its keys ----------------------------------------------------------
context = tls_context()
context.keylog_filename = path("keys")
host, port = front.removeprefix("tcp:").rsplit(":", 1)
connection = http.client.HTTPConnection("tacit", timeout=WAIT)
connection.sock = context.wrap_socket(socket.create_connection((host, int(port)), WAIT))
body = json.dumps({"prompt": PROMPT, "max_tokens": 40, "temperature": 0}).encode()
connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
response = connection.getresponse()
told = response.getheader("Tacit-Receipt")
text = json.loads(response.read())["choices"][0]["text"]
certificate = connection.sock.getpeercert(binary_form=True)
connection.close()
ok(response.status == 200 and len(text) > 20 and told, "another is asked by Python's TLS")

# --- what the host saw ------------------------------------------------------------------------
equal(relay.wait_metric("tacit_relay_connections", 1), 1, "all sessions have ended")
seen = streams()
total = sum(len(part) for part in seen.values())
ok(len(seen) >= 6 and total > 5000, f"{total} bytes were written down, in {len(seen)} directions")
lost = sum(len(t) for (_, way), t in seen.items() if way == "up") - \
    relay.metric("tacit_relay_up_bytes_total")
ok(0 <= lost < 64, "every byte from clients was; a farewell may have come too late", lost)

with open(receipt, "rb") as f:
    receipt_bytes = f.read()
with open(evidence, "rb") as f:
    evidence_bytes = f.read()
with open(path("keys")) as f:
    secrets = [line.split() for line in f if not line.startswith("#")]
randoms = {bytes.fromhex(words[1]) for words in secrets}
ok(len(secrets) >= 4, f"{len(secrets)} secrets of the connection are known to this test")
for name, values in (
        ("the prompt", [PROMPT, "heliotrope", "marmalade"]),
        ("the answer", [answer[:24], answer[-16:], text[:24], text[-16:]]),
        ("the receipt", [*windows(receipt_bytes), *windows(told.encode())]),
        ("the evidence", windows(evidence_bytes)),
        ("the certificate", windows(certificate)),
        ("a request's line", ["/v1/completions", "Content-Type", "max_tokens", "HTTP/1.1"]),
        ("keys of the connection", [bytes.fromhex(words[2]) for words in secrets])):
    found = [value for value in values if finds(value)]
    ok(values and not found, f"{name}: not to be found in {len(values)} places to look",
       found[:3])
ok(all(finds(value) for value in randoms), "the client's random number is, being public")


def records(stream):
    """The types of a stream's TLS records [RFC 8446 5.1]; None when it is not made of them."""
    types, at = [], 0
    while at < len(stream):
        if at + 5 > len(stream) or stream[at + 1] != 3:
            return None
        size = int.from_bytes(stream[at + 3:at + 5], "big")
        if size > 16640 or at + 5 + size > len(stream):
            return None
        types.append((stream[at], stream[at + 5]))
        at += 5 + size
    return types


HANDSHAKE, HELLO = 22, {"up": 1, "down": 2}
wrong = []
for (number, way), stream in seen.items():
    types = records(stream)
    if not types or types[0] != (HANDSHAKE, HELLO[way]) or \
            any(kind not in (20, 23) for kind, _ in types[1:]):
        wrong.append((number, way, types))
ok(not wrong, "each direction is one hello and encrypted records from its first byte to its last",
   wrong)

# --- the search finds what is there -----------------------------------------------------------
client, peer = clear.pair(relay, 1)
client.sendall(b"POST /v1/completions " + PROMPT.encode())
client.shutdown(socket.SHUT_WR)
rest(peer)
peer.sendall(base64.b64encode(b"xy" + answer.encode()) + secrets[0][2].encode() + receipt_bytes)
peer.close()
rest(client)
client.close()
for name, value in (("the prompt", PROMPT), ("the answer in base64", answer[:24]),
                    ("a key in hex", bytes.fromhex(secrets[0][2])),
                    ("the receipt", windows(receipt_bytes)[3])):
    ok(finds(value), f"in the clear it would have found {name}")

# --- the file ---------------------------------------------------------------------------------
ok("--spy" in relay.words(), "that it spies is said")
equal(os.stat(spied).st_mode & 0o777, 0o600, "the file is its owner's")
equal(relay.stop(), 0, "it ends well")
size = os.path.getsize(spied)
again = Relay("--listen", ANY, "--to", clear.address, "--spy", spied)
client, peer = clear.pair(again)
client.sendall(b"more")
exactly(peer, 4)
again.stop()
ok(os.path.getsize(spied) > size, "a file that is there is gone on with")
full = Relay("--listen", ANY, "--to", clear.address, "--spy", "/dev/full", "--metrics", ANY)
client, peer = clear.pair(full)
client.sendall(b"more")
equal(exactly(peer, 4), b"more", "a file that cannot be written stops nobody")
ok(full.metric("tacit_relay_spy_errors_total") > 0 and full.wait_event("spy-failed"), "and is said")
full.stop()
os.symlink(path("elsewhere"), path("link"))
for name, where in (("a link", path("link")), ("a folder", FOLDER.name),
                    ("nowhere", path("no/where"))):
    run = tacit("relay", "--listen", ANY, "--to", clear.address, "--spy", where)
    equal(run.returncode, 5, f"--spy to {name}: exit 5")
silent = Relay("--listen", ANY, "--to", server.ready["listen"], "--metrics", ANY)
equal(tacit("infer", "--insecure-accept-stub", "--server", silent.addresses[0], "--policy", policy,
            "--max-tokens", "4", PROMPT).returncode, 0, "without --spy")
equal(silent.metric("tacit_relay_copied_bytes_total"), 0, "no byte even goes through its memory")
silent.stop()
equal(server.stop(), 0, "the server ends well")
done()
