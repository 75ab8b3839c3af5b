# SPDX-License-Identifier: Apache-2.0

"""How long a server takes to its first answer, by where its model comes from. The store is a program
on the same cores, so that what it takes to encrypt a connection is in the figures as well."""

import http.client
import json
import pathlib
import re
import shutil
import socket
import ssl
import sys
import time

import common

sys.path.insert(0, str(common.ROOT / "tests/e2e"))
import storing  # noqa: E402  # pylint: disable=wrong-import-position

ROUNDS = 7


def first_answer(*options):
    """Seconds from the start of the process to the first answer, and what it said meanwhile."""
    began = time.monotonic()
    with common.serve(*options) as server:
        host, port = server.address.removeprefix("tcp:").rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        c = http.client.HTTPConnection(host, int(port), timeout=60)
        c.sock = context.wrap_socket(socket.create_connection((host, int(port))))
        c.request("POST", "/v1/completions", json.dumps({"prompt": "a", "max_tokens": 1}))
        common.need(c.getresponse().status == 200, "no answer")
        return time.monotonic() - began, server.text()


def sealed_folder(model):
    """A sealed copy of a model, and what opens it."""
    folder, key = common.WORK / "stored", common.WORK / "publisher.pem"
    shutil.rmtree(folder, ignore_errors=True)
    publisher = storing.make_publisher(str(key))
    recipient, identity = storing.make_identity()
    common.output(str(common.TACIT), "model", "seal", "--sign", str(key), "--to", recipient, "-o",
                  str(folder), model)
    return folder, ["--publisher", publisher, "--model-key", identity]


def run(table):
    model = common.model("random")
    data = pathlib.Path(model).read_bytes()
    folder, opens = sealed_folder(model)
    files = {"/" + p.name: p.read_bytes() for p in folder.iterdir()}
    store = storing.Store({**files, "/model.gguf": data})
    ca = ["--ca", storing.CA_FILE]
    ways = {
        "a file": (model,),
        "a store": (store.url + "/model.gguf", *ca),
        "a sealed folder": (str(folder), *opens),
        "a sealed folder in a store": (store.url + "/", *ca, *opens),
    }
    times, opened = {name: [] for name in ways}, []
    for _ in range(ROUNDS):
        for name, options in ways.items():
            seconds, text = first_answer(*options)
            times[name].append(seconds)
            if name == "a sealed folder":
                opened.append(sum(map(int, re.findall(r"model-opened .* ms=(\d+)", text))) / 1000)
    table.head(f"From the start of a server to its first answer, model of {len(data) / 1e6:.0f} MB")
    middle = {name: common.median(seconds) for name, seconds in times.items()}
    for name, seconds in middle.items():
        table.row(name, seconds * 1000, "ms")
    table.row("    of it opening it, all cores", common.median(opened) * 1000, "ms")
    speed = common.output("openssl", "speed", "-mr", "-evp", "chacha20-poly1305", "-bytes", "65536",
                          "-seconds", "1")
    decrypt = len(data) / common.THREADS / float(speed.split(":")[-1])
    table.row("sealed, in a store / (a file + bare decryption)",
              middle["a sealed folder in a store"] / (middle["a file"] + decrypt), "", most=1.15,
              note=f"bare decryption takes {decrypt * 1000:.0f} ms on all cores")
