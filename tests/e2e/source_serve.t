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
ok("event=fetch percent=100" in words and re.search(r"event=model-fetched bytes=\d+ ms=\d+", words),
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
done()
