#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server and the client of examples/nitro-decrypt, without an enclave: each among peers that
are hostile to it, and the policy for a key. In an enclave: tests/emulation/tutorials.t."""

import sys

sys.dont_write_bytecode = True
import base64
import glob
import os
import struct
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import *

TACIT = os.path.realpath(TACIT)
PROGRAM = os.path.join(os.path.dirname(TACIT), "examples", "nitro-server")
HERE = os.path.join(ROOT, "examples", "nitro-decrypt")
if not os.path.exists(PROGRAM):
    print(f"1..0 # SKIP {PROGRAM} is not there (make examples)")
    sys.exit(0)
folder = tempfile.TemporaryDirectory()
PATH = os.path.join(folder.name, "server")
USER_DATA = b"tacit example nitro-decrypt 1"
PATIENCE, PATIENCE_CLIENT, CLIENTS = 10, 20, 16  # as in the sources
CREDENTIALS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "walrus-secret",
               "session_token": "walrus-token"}
DECRYPT = {"operation": "decrypt", "ciphertext": base64.b64encode(b"cipher").decode(),
           "key_id": "k", "region": "eu-central-1", "credentials": CREDENTIALS}


def text(data):
    return base64.b64encode(data).decode()


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(WAIT)
    sock.connect(PATH)
    return sock


def exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            break
        data += part
    return data


def answer(sock):
    size, = struct.unpack(">Q", exactly(sock, 8))
    got = json.loads(exactly(sock, size))
    ended = sock.recv(1) == b""
    sock.close()
    return got if ended else {"error": "the connection goes on"}


def framed(data, size=None):
    return struct.pack(">Q", len(data) if size is None else size) + data


def raw(data, close=True):
    sock = connect()
    try:
        sock.sendall(data)
        if close:
            sock.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return answer(sock)


def ask(request):
    data = request if isinstance(request, bytes) else json.dumps(request).encode()
    return raw(framed(data), close=False)


def refused(name, got, words):
    ok(list(got) == ["error"] and words in got["error"], name, got)


log = open(os.path.join(folder.name, "log"), "w+b")
server = subprocess.Popen([PROGRAM, "unix:" + PATH, "--stub"], stderr=log)


def alive():
    return server.poll() is None


def said():
    return os.pread(log.fileno(), 65536, 0).decode()


def counted(what):
    return len(os.listdir(f"/proc/{server.pid}/{what}"))


def settled(threads, files):
    end = time.monotonic() + WAIT
    while time.monotonic() < end and (counted("task"), counted("fd")) != (threads, files):
        time.sleep(0.05)
    return (counted("task"), counted("fd")) == (threads, files)


end = time.monotonic() + WAIT
while "ready" not in said() and alive() and time.monotonic() < end:
    time.sleep(0.05)
ok("NOT a TEE" in said(), "the stand-in is named", said())
idle = counted("task"), counted("fd")

# --- attest -----------------------------------------------------------------------------------
nonce = os.urandom(32)
got = ask({"operation": "attest", "nonce": text(nonce)})
document = base64.b64decode(got.get("attestation_document", ""))
evidence = os.path.join(folder.name, "evidence")
with open(evidence, "wb") as f:
    f.write(document)


def verify(*options):
    return subprocess.run([TACIT, "verify", "--insecure-no-policy", *options, evidence],
                          capture_output=True, text=True, timeout=WAIT)


GOOD = ("--insecure-accept-stub", "--nonce", nonce.hex(), "--user-data", USER_DATA.hex())
run = verify(*GOOD)
equal(run.returncode, 0, "a document over the nonce, with the server's user data")
equal(verify(*GOOD[1:]).returncode, 1, "of a stand-in, which is refused as such")
run = verify(*GOOD[:2], nonce.hex()[:-2] + "ff" if nonce[-1] != 255 else "00" * 32, *GOOD[3:])
equal(run.returncode, 1, "another nonce is refused")
for size, good in ((0, False), (15, False), (16, True), (64, True), (65, False), (66, False),
                   (4096, False)):
    got = ask({"operation": "attest", "nonce": text(bytes(size))})
    if good:
        ok("attestation_document" in got, f"a nonce of {size} bytes is taken", got)
    else:
        refused(f"a nonce of {size} bytes is refused", got, "base64 of 16 to 64 bytes")
plain = text(nonce)
for name, value in (("a nonce without padding", plain.rstrip("=")),
                    ("a nonce with a blank in front", "    " + plain),
                    ("a nonce with a line's end", plain[:-4] + "\n" + plain[-4:]),
                    ("a nonce with bits behind its end", plain[:-2] + "B="
                     if plain[-2] != "B" else plain[:-2] + "C="),
                    ("a nonce in hex of odd length", nonce.hex()[:-1]),
                    ("padding in the middle", "AAA=" + plain[4:]),
                    ("a nonce of padding", "=" * 44)):
    refused(name, ask({"operation": "attest", "nonce": value}), "nonce is not base64")
for value in (None, 7, [], {}, True):
    refused(f"a nonce that is {value!r}", ask({"operation": "attest", "nonce": value}), "string")
refused("no nonce", ask({"operation": "attest"}), "nonce")
for name in ("public_key", "user_data", "other"):
    refused(f"callers have no {name} in a document",
            ask({"operation": "attest", "nonce": plain, name: plain}), name)

# --- decrypt ----------------------------------------------------------------------------------
NONE = "no key release is set up here"
refused("decrypt says what is missing here", ask(DECRYPT), NONE)
refused("also with a context", ask({**DECRYPT, "encryption_context": {"a": "b"}}), NONE)
for size, words in ((1, NONE), (6144, NONE), (0, "ciphertext"), (6145, "ciphertext")):
    refused(f"a ciphertext of {size} bytes", ask({**DECRYPT, "ciphertext": text(bytes(size))}),
            words)
for name in DECRYPT:
    if name != "operation":
        refused(f"decrypt without {name}", ask({k: v for k, v in DECRYPT.items() if k != name}),
                name)
        got = ask({**DECRYPT, name: 1})
        ok("error" in got and NONE not in got["error"], f"decrypt with a number for {name}", got)
for name in CREDENTIALS:
    less = {k: v for k, v in CREDENTIALS.items() if k != name}
    refused(f"credentials without {name}", ask({**DECRYPT, "credentials": less}), name)
refused("another member of credentials", ask({**DECRYPT, "credentials": {**CREDENTIALS, "x": "y"}}),
        "x")
refused("a context that is no object", ask({**DECRYPT, "encryption_context": ["a"]}), "context")

# --- requests that are none -------------------------------------------------------------------
for name, data in (("garbage", b"\x00\xff walrus"), ("no UTF-8", b'{"operation":"\xff"}'),
                   ("half an object", b'{"operation":"attest"'), ("two objects", b"{}{}"),
                   ("a member twice", b'{"operation":"x","operation":"attest"}'),
                   ("a NUL in text", b'{"operation":"a\\u0000"}'), ("blanks", b" " * 64),
                   ("a text", b'"attest"'), ("null", b"null"),
                   ("nesting", b"[" * 65536), ("nested objects", b'{"a":' * 13000)):
    refused(name, ask(data), "no object of JSON")
for name, data in (("an array", b"[]"), ("no operation", b"{}"),
                   ("an operation that is no text", b'{"operation":1}')):
    refused(name, ask(data), "names no operation")
refused("an unknown operation", ask({"operation": "exec"}), "no such operation")
refused("an operation in capitals", ask({"operation": "Attest", "nonce": plain}), "no such")
refused("the longest message", ask(json.dumps({"operation": "x"}).encode().ljust(65536)), "no such")

# --- lengths ----------------------------------------------------------------------------------
for size in (0, 65537, 1 << 31, 1 << 32, (1 << 32) + 2, 1 << 63, (1 << 64) - 1):
    refused(f"a length of {size}", raw(framed(b"{}", size), close=False), "length is not")
for size in range(8):
    refused(f"{size} bytes of a length", raw(framed(b"{}")[:size]), "length did not come")
refused("a message that is cut", raw(framed(b"{}", 3)), "message did not come")
got = raw(framed(json.dumps({"operation": "attest", "nonce": plain}).encode()) + b"more" * 9999)
ok("attestation_document" in got, "bytes behind the message change nothing", got)
refused("a flood behind a bad length", raw(framed(b"x" * 4000000, 1 << 60)), "length is not")
for count in range(200):
    sock = connect()
    sock.sendall(framed(b"{}", 100)[:count % 10])
    sock.close()
ok(settled(*idle), "of 200 that vanish nothing is left", (idle, counted("task"), counted("fd")))


# --- time -------------------------------------------------------------------------------------
def timed(name, work):
    def body():
        began = time.monotonic()
        took[name] = work(), time.monotonic() - began
    thread = threading.Thread(target=body)
    thread.start()
    return thread


def drip():
    sock = connect()
    for byte in framed(json.dumps({"operation": "attest", "nonce": plain}).encode()):
        try:
            sock.send(bytes([byte]))
        except OSError:
            break
        time.sleep(0.4)
    return answer(sock)


def client(address, *args, stdin=""):
    return subprocess.run([sys.executable, os.path.join(HERE, "client.py"), address, *args],
                          capture_output=True, text=True, timeout=WAIT, input=stdin)


class Answers:
    """A server that sends these bytes to whoever comes, and perhaps nothing more for long."""

    def __init__(self, name, data, wait=0):
        self.path = os.path.join(folder.name, name)
        self.heard = b""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self._serve, args=(data, wait), daemon=True).start()

    def _serve(self, data, wait):
        while True:
            sock, _ = self.listener.accept()
            self.heard += sock.recv(65536)
            try:
                for byte in range(len(data)) if wait else ():
                    sock.send(data[byte:byte + 1])
                    time.sleep(wait)
                sock.sendall(b"" if wait else data)
            except OSError:
                pass
            sock.close()


ATTEST = ("attest", "--nonce", nonce.hex(), "-o", os.path.join(folder.name, "out"))
slow = Answers("slow", framed(json.dumps({"attestation_document": plain}).encode()), 0.5)
took = {}
threads = [timed("silent", lambda: raw(b"", close=False)),
           timed("half", lambda: raw(framed(b"{}", 9), close=False)),
           timed("slow", drip),
           timed("client", lambda: client("unix:" + slow.path, *ATTEST))]
crowd = [connect() for _ in range(2 * CLIENTS)]
waiting = timed("crowded", lambda: ask({"operation": "attest", "nonce": plain}))
for thread in threads + [waiting]:
    thread.join()
refused("who says nothing is told", took["silent"][0], "length did not come")
refused("who stops is told", took["half"][0], "message did not come")
refused("who is slow is told", took["slow"][0], "message did not come")
for name in ("silent", "half", "slow"):
    ok(PATIENCE - 1 < took[name][1] < WAIT, f"and {name}: after {took[name][1]:.1f} s")
ok("attestation_document" in took["crowded"][0], f"behind {2 * CLIENTS} who say nothing it is "
   f"answered after {took['crowded'][1]:.1f} s", took["crowded"][0])
run, seconds = took["client"]
ok(run.returncode == 5 and PATIENCE_CLIENT - 1 < seconds < WAIT,
   f"a client gives a slow server up after {seconds:.1f} s", run.stderr)
for sock in crowd:
    sock.close()
ok(settled(*idle), "and nothing is left", (idle, counted("task"), counted("fd")))

# --- the client -------------------------------------------------------------------------------
run = client("unix:" + PATH, *ATTEST)
ok(run.returncode == 0 and open(ATTEST[-1], "rb").read().find(nonce) > 0, "client: attest",
   run.stderr)
ok("nothing is verified" in run.stderr, "and it says that nothing is verified", run.stderr)
for name, data, code in (("an error", framed(b'{"error":"\\u001b[2J"}'), 1),
                         ("a length alone", framed(b"", 9), 5), ("nothing", b"", 5),
                         ("half a length", b"\0\0\0", 5), ("a length of 0", framed(b""), 3),
                         ("a huge length", framed(b"{}", 1 << 63), 3),
                         ("65537 bytes", framed(b" " * 65537), 3),
                         ("garbage", framed(b"\xff\xfe"), 3), ("an array", framed(b"[]"), 3),
                         ("no document", framed(b"{}"), 3),
                         ("a number", framed(b'{"attestation_document":1}'), 3),
                         ("no base64", framed(b'{"attestation_document":"A AAA"}'), 3),
                         ("a member twice", framed(b'{"attestation_document":"AAAA",'
                                                   b'"attestation_document":"AAAA"}'), 3),
                         ("nesting", framed(b"[" * 60000), 3)):
    run = client("unix:" + Answers(name.replace(" ", "-"), data).path, *ATTEST)
    ok(run.returncode == code and "Traceback" not in run.stderr and "\x1b" not in run.stderr,
       f"client: {name} is exit {code}", (run.returncode, run.stderr))
for address in ("tcp:localhost:1", "vsock:16", "vsock:a:b", "unix:", ""):
    equal(client(address, *ATTEST).returncode, 2, f"client: '{address}' is no address")
equal(client("unix:" + folder.name + "/none", *ATTEST).returncode, 5, "client: nobody there")
measured = {"Measurements": {f"PCR{n}": f"{n + 1:02x}" * 48 for n in (0, 1, 2, 8)}}
policy = os.path.join(folder.name, "policy.json")
with open(policy, "w") as f:
    json.dump({"schema": "tacit.policy/1", "alternatives": [{"platform": "nitro", "measurements":
               {k.lower(): v for k, v in measured["Measurements"].items()}}]}, f)
exported = json.dumps({"AccessKeyId": "A", "SecretAccessKey": "walrus-secret",
                       "SessionToken": "walrus-token"})
for name, data in (("a stand-in", json.dumps({"attestation_document": text(document)}).encode()),
                   ("garbage", json.dumps({"attestation_document": plain}).encode())):
    fake = Answers("fake-" + name.replace(" ", "-"), framed(data))
    run = client("unix:" + fake.path, "decrypt", "--policy", policy, "--ciphertext", evidence,
                 "--key-id", "k", "--region", "r", "--tacit", TACIT, stdin=exported)
    ok(run.returncode == 1 and "not verified" in run.stderr, f"client: {name} is refused",
       run.stderr)
    ok(b'"attest"' in fake.heard and b"walrus" not in fake.heard and b"decrypt" not in fake.heard,
       "and is sent no credentials", fake.heard)

real = ("unix:" + PATH, "decrypt", "--policy", policy, "--ciphertext", evidence, "--key-id", "k",
        "--region", "r", "--tacit", TACIT)
equal(client(*real, "--context", "walrus", stdin=exported).returncode, 2,
      "client: a context without a value is wrong usage")
for name, given in (("credentials that lack a member", exported.replace("SessionToken", "Other")),
                    ("credentials that are no object", '["walrus-secret"]'),
                    ("credentials that are no JSON", "walrus-secret")):
    run = client(*real, stdin=given)
    equal(run.returncode, 3, f"client: {name}")
    ok("walrus-secret" not in run.stderr, "and they are not repeated", run.stderr)

# --- the policy for a key ---------------------------------------------------------------------


def key_policy(held):
    path = os.path.join(folder.name, "measured.json")
    with open(path, "w") as f:
        json.dump(held, f)
    return subprocess.run([sys.executable, os.path.join(HERE, "key-policy.py"), path],
                          capture_output=True, text=True, timeout=WAIT)


run = key_policy(measured)
statements = {s["Sid"]: s for s in json.loads(run.stdout)["Statement"]} if run.stdout else {}
ok(run.returncode == 0 and "@" not in run.stdout, "a key policy", run.stderr)
decrypts = [s for s in statements.values() if s["Effect"] == "Allow"
            and {"kms:Decrypt", "kms:*"} & set([s["Action"]] if isinstance(s["Action"], str)
                                               else s["Action"])]
ok(len(decrypts) == 1 and decrypts[0]["Condition"]["StringEqualsIgnoreCase"] ==
   {f"kms:RecipientAttestation:{k}": v for k, v in measured["Measurements"].items()},
   "one statement lets decrypt, and asks for every register", decrypts)
ok(decrypts and "kms:EncryptionContext:purpose" in decrypts[0]["Condition"]["StringEquals"],
   "and for the encryption context")
denies = [s for s in statements.values() if s["Effect"] == "Deny"]
ok(len(denies) == 1 and "kms:Decrypt" in denies[0]["Action"] and
   denies[0]["Condition"]["StringNotEqualsIgnoreCase"] ==
   {"kms:RecipientAttestation:PCR0": measured["Measurements"]["PCR0"]},
   "all else is denied, whatever IAM or a grant says", denies)
for name in measured["Measurements"]:
    for what, value in (("zero", "0" * 96), ("short", "ab" * 47), ("long", "ab" * 49),
                        ("injected", 'x"' * 48)):
        bad = {"Measurements": {**measured["Measurements"], name: value}}
        run = key_policy(bad)
        ok(run.returncode == 3 and not run.stdout and name in run.stderr,
           f"{name} that is {what} gives none", run.stderr)
run = key_policy({"Measurements": {k: v for k, v in measured["Measurements"].items()
                                   if k != "PCR8"}})
ok(run.returncode == 3 and "not signed" in run.stderr, "nor does an image without signature",
   run.stderr)

# --- starting, and the end --------------------------------------------------------------------
for name, args, code in (("an address that is none", ("walrus",), 5),
                         ("a port that is none", ("vsock:0x",), 5),
                         ("a path that is too long", ("unix:" + "x" * 200,), 5),
                         ("a socket in use", ("unix:" + PATH, "--stub"), 5)):
    run = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=WAIT)
    ok(run.returncode == code and run.stderr, f"server: {name} is exit {code}", run.stderr)
if os.path.exists("/dev/nsm"):
    skip("server: without a security module", "there is one")
else:
    run = subprocess.run([PROGRAM, "unix:" + folder.name + "/b"], capture_output=True, text=True,
                         timeout=WAIT)
    ok(run.returncode == 6 and "/dev/nsm" in run.stderr, "server: without a security module it "
       "says so, exit 6, and takes no other", run.stderr)
ok(alive() and "walrus" not in said(), "after all that it runs, and has logged no secret", said())
got = ask({"operation": "attest", "nonce": plain})
ok("attestation_document" in got, "and attests", got)
server.terminate()
equal(server.wait(WAIT), -signal.SIGTERM, "it ends when asked")
done()
