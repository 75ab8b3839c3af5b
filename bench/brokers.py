# SPDX-License-Identifier: Apache-2.0

"""How many keys a broker releases a second: over TLS, each to a document of its own that is verified
to the root, logged on disk before it is answered. The clients run on the same cores."""

import json
import re
import shutil
import subprocess
import time

import common

COUNT = 4000
CONNECTIONS = 16
MKEVIDENCE = common.ROOT / "build/release/tools/mkevidence"
PCR0 = "51" * 48


def spki(folder):
    key = folder / "recipient.pem"
    common.output("openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt",
                  "rsa_keygen_bits:2048", "-out", str(key))
    done = subprocess.run(["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"],
                          capture_output=True, check=True)
    return done.stdout.hex()


def documents(folder, count):
    """Documents of one enclave, as they come one after another."""
    common.need(MKEVIDENCE.exists(), f"{MKEVIDENCE} is not built: make tools")
    now, key = int(time.time()), spki(folder)
    lines = "".join(f"--now {now} --pcr0 {PCR0} --public-key {key} --nonce {i:032x}\n"
                    for i in range(count))
    done = subprocess.run([str(MKEVIDENCE), "nitro", str(folder), "--lines", "--one-chain"], input=lines,
                          capture_output=True, text=True, check=False)
    common.need(done.returncode == 0, "mkevidence: " + done.stderr[-200:])
    return done.stdout


def make_broker(folder):
    """Its folder, a key that is pinned to an image, and a credential."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keys = ["--dir", str(folder / "keys")]
    keyd = [str(common.TACIT), "keyd"]
    common.output(*keyd, "init", str(folder / "keys"))
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"},
        {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
         "Condition": {"StringEquals": {"kms:RecipientAttestation:PCR0": PCR0}}}]}
    (folder / "policy.json").write_text(json.dumps(policy))
    key = common.output(*keyd, "key", "create", *keys, "--policy",
                        str(folder / "policy.json")).strip()
    said = common.output(*keyd, "credential", "create", "bench", *keys)
    return key, re.findall(r"= (\S+)", said)


def measure(folder, connections, count):
    key, credential = make_broker(folder)
    port = common.free_port()
    text = documents(folder, count)
    command = [common.TACIT, "keyd", "serve", "--dir", folder / "keys", "--listen",
               f"tcp:127.0.0.1:{port}", "--insecure-test-root", folder / "root.der"]
    with common.Process("keyd", command, lambda p: "event=ready" in p.text()) as broker:
        done = subprocess.run([common.program("keyd"), str(port), str(connections)], text=True,
                              input=f"{credential[0]} {credential[1]} {key}\n{text}",
                              capture_output=True, check=False)
        busy = broker.cpu_seconds()
    common.need(done.returncode == 0, "keyd: " + done.stderr[-300:])
    return [float(n) for n in re.findall(r"[\d.]+", done.stdout)] + [busy / count * 1e3]


def run(table):
    folder = common.WORK / "broker"
    table.head("Keys released by the broker, each logged on disk first")
    for connections in (1, CONNECTIONS):
        figures = measure(folder, connections, COUNT if connections > 1 else COUNT // 4)
        table.row(f"{connections} connections" if connections > 1 else "1 connection", figures[2],
                  "/s", least=500 if connections > 1 else None,
                  note=f"median {figures[3]} ms, worst {figures[4]} ms")
    table.row("processor time of the broker for one", figures[5], "ms", most=2 * 1000 / 500)
