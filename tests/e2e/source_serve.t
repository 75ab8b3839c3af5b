#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit serve with a model from a store: what came runs, what was not meant does not."""

import sys

sys.dont_write_bytecode = True
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from storing import *
from serving import MODEL, Serve
from relaying import Relay

if not os.path.exists(TACIT) or not os.path.exists(MODEL):
    print("1..0 # SKIP build/tacit or models/demo.gguf is not there")
    sys.exit(0)
with open(MODEL, "rb") as f:
    DATA = f.read()
DIGEST = hashlib.sha256(DATA).hexdigest()
store = Store({"/demo.gguf": DATA, "/none.gguf": b"", "/other.gguf": b"GGUF" + DATA[4:5000]})
where = store.url + "/demo.gguf"


def serves(name, *args, model=where):
    server = Serve("--ca", CA_FILE, *args, model=model)
    equal(server.ready["model_sha256"], DIGEST, f"{name}: the hash of what came is told")
    status, _, _ = server.ask("POST", "/v1/chat/completions", server.chat(max_tokens=4))
    ok(status == 200, f"{name}: and it answers")
    words = server.words()
    equal(server.stop(), 0, f"{name}: it stops")
    return words


def does_not(name, code, pattern, *args, model=where):
    server = Serve("--ca", CA_FILE, *args, model=model, ready=False)
    out = server.process.stdout.read().decode()
    got = server.process.wait(WAIT)
    ok(got == code and re.search(pattern, out + server.words()), name, f"{got}: {out}")
    ok('"listen"' not in out, f"{name}: nobody is served")


words = serves("a store")
ok("event=model-measured" in words and "no --model-sha256" in words, "nobody said which: is told")
ok("event=fetch percent=100" in words and re.search(
    r"event=model-fetched bytes=\d+ ms=\d+\n.*event=model-loaded ms=", words),
   "progress and time are told")
words = serves("with its hash", "--model-sha256", DIGEST)
ok("event=model-measured" not in words, "somebody said which: nothing to tell")
serves("a file with its hash", "--model-sha256", DIGEST, model=MODEL)
relay = Relay("--egress", "unix:" + path("egress.sock"), "--allow-private",
              f"localhost:{store.port}")
serves("through a relay", "--via", "unix:" + path("egress.sock"))
relay.stop()
does_not("another hash", 1, f"has SHA-256 {DIGEST}", "--model-sha256", "ab" * 32)
does_not("another hash of a file", 1, f"has SHA-256 {DIGEST}", "--model-sha256", "ab" * 32,
         model=MODEL)
does_not("no such file", 5, "404", model=store.url + "/no.gguf")
does_not("an empty one", 3, "empty", model=store.url + "/none.gguf")
does_not("no model", 3, "FORMAT|LIMIT", model=store.url + "/other.gguf")
does_not("http://", 2, "https", model=where.replace("https", "http"))
does_not("half a hash", 2, "sha256", "--model-sha256", "abcd")
does_not("a store that takes too long", 5, "PEER", "--fetch-timeout", "1",
         model="https://localhost:1/demo.gguf")
secret = where + "?X-Amz-Signature=sesame"
words = serves("a signed URL", model=secret)
ok("sesame" not in words, "is not told")

# --- sealed models ---------------------------------------------------------------------------
def tacit(*args):
    run = subprocess.run([TACIT, *args], capture_output=True, timeout=WAIT)
    return run.returncode == 0 or print("#", run.stderr.decode())


recipient, identity = make_identity()
weights = path("weights.gguf")
with open(weights, "wb") as f:
    f.write(DATA)
extra = path("extra.bin")
with open(extra, "wb") as f:
    f.write(BIG * 5)
sealed = path("sealed")
key = path("publisher.pem")
publisher = make_publisher(key)
ok(tacit("model", "seal", "--sign", key, "--to", recipient, "--model-id", "demo", "-o", sealed,
         weights, extra), "a sealed model")
files = {"/m/" + name: open(os.path.join(sealed, name), "rb").read() for name in os.listdir(sealed)}
store.files.update(files)
IDENTITY = hashlib.sha256(files["/m/manifest.json"]).hexdigest()
OPENS = ["--publisher", publisher, "--model-key", identity]
store.seen.clear()
server = Serve("--ca", CA_FILE, *OPENS, model=store.url + "/m/")
equal(server.ready["model_sha256"], IDENTITY, "a sealed model of a store: its identity")
equal(server.ready["model"], "demo", "and its name")
equal(server.ask("POST", "/v1/chat/completions", server.chat(max_tokens=4))[0], 200, "it answers")
ok(re.search("event=model-opened file=extra.bin bytes=\\d+ ms=", server.words()),
   "the time for each file is told", server.words())
equal(server.stop(), 0, "and stops")
asked = [(r.path, r.headers.get("Range")) for r in store.seen]
equal(len(asked), len(set(asked)), "no range is asked for twice")
size = len(files["/m/extra.bin.age"])
ok(len(asked) <= 2 + 2 + 1 + -(-size // (4 << 20)) + 1, "and each is large", asked)


def hurt(name, code, pattern, change, *args):
    """The folder with one file changed; nobody is served."""
    store.files.update(files)
    store.files.update(change)
    store.seen.clear()
    does_not(f"sealed: {name}", code, pattern, *OPENS, *args, model=store.url + "/m/")


def flipped(name, at):
    data = bytearray(files[name])
    data[at] ^= 1
    return {name: bytes(data)}


WEIGHTS, EXTRA = "/m/weights.gguf.age", "/m/extra.bin.age"
hurt("a bit of the weights", 1, "SIGNATURE", flipped(WEIGHTS, -100000))
hurt("the last bit of the last file", 1, "SIGNATURE", flipped(EXTRA, -1))
hurt("another manifest", 1, "SIGNATURE", {"/m/manifest.json": files["/m/manifest.json"].replace(
    b'"demo"', b'"omed"')})
seal = files["/m/manifest.sig"]
hurt("another digit in a signature", 1, "SIGNATURE", {
    "/m/manifest.sig": seal[:-40] + (b"0" if seal[-40:-39] != b"0" else b"1") + seal[-39:]})
hurt("no digit in a signature", 3, "FORMAT", {"/m/manifest.sig": seal[:-40] + b"g" + seal[-39:]})
hurt("shorter weights", 1, "SIGNATURE|BINDING|FORMAT", {WEIGHTS: files[WEIGHTS][:-1]})
hurt("longer weights", 1, "SIGNATURE|BINDING|FORMAT", {WEIGHTS: files[WEIGHTS] + b"x"})
hurt("two files swapped", 1, "SIGNATURE|BINDING", {WEIGHTS: files[EXTRA], EXTRA: files[WEIGHTS]})
hurt("a file that is not there", 5, "404", {EXTRA: None})
hurt("no manifest", 5, "404", {"/m/manifest.json": None})
hurt("a manifest without end", 3, "LIMIT", {"/m/manifest.json": b" " * (64 << 20)})
store.files.update(files)
broken = [0]


def cut_once(r):
    if r.path != EXTRA or r.first < 4 << 20 or broken[0] == 3:
        return False
    broken[0] += 1
    r.range(files[EXTRA], send=1234567)
    return None


store.script = cut_once
server = Serve("--ca", CA_FILE, *OPENS, model=store.url + "/m/")
ok(broken[0] == 3 and server.words().count("event=fetch-retry") == 3,
   "connections that break are taken up")
equal(server.ready["model_sha256"], IDENTITY, "with the same outcome")
server.stop()


def changes(r):
    if r.path != EXTRA or r.first < 8 << 20:
        return False
    r.range(files[EXTRA], etag='"v2"')
    return None


store.script = changes
does_not("sealed: a file that changes meanwhile", 1, "BINDING.*changed", *OPENS,
         model=store.url + "/m/")
store.script = lambda r: r.answer(403, b"<Code>AccessDenied</Code>") if r.path == EXTRA else False
does_not("sealed: a file that is refused", 5, "403: AccessDenied", *OPENS, model=store.url + "/m/")
store.script = None
does_not("sealed: no slash, no folder", 5, "404", *OPENS, model=store.url + "/m")
does_not("sealed: a hash of a plain model", 2, "plain", *OPENS, "--model-sha256", DIGEST,
         model=store.url + "/m/")
done()
