#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parent's side of server.c: asks an enclave for a document, or to decrypt something.

Exit codes are those of tacit: 0 done, 1 refused, 2 usage, 3 malformed, 5 the enclave does not
answer. What comes from the enclave is as hostile as what goes there: it has a limit in size, and the
whole exchange has one in time."""

import argparse
import base64
import json
import secrets
import socket
import struct
import subprocess
import sys
import tempfile
import time

MESSAGE_MAX = 65536
PATIENCE = 20  # seconds for one question and its answer
USER_DATA = "tacit example nitro-decrypt 1"  # what server.c says of itself


class Refused(Exception):
    """The enclave says no, or is not what it should be."""


def address(words):
    """vsock:CID:PORT or unix:PATH, as Python's sockets take it."""
    kind, _, rest = words.partition(":")
    if kind == "unix" and rest:
        return socket.AF_UNIX, rest
    cid, port = rest.split(":") if kind == "vsock" else (None, None)
    return socket.AF_VSOCK, (int(cid), int(port))


def pair(words):
    name, value = words.split("=", 1)
    return name, value


def connect(server, end):
    family, name = server
    sock = socket.socket(family)
    sock.settimeout(max(end - time.monotonic(), 0.001))
    sock.connect(name)
    return sock


def receive(sock, size, end):
    """Exactly so many bytes, before the end however slowly they come."""
    data = b""
    while len(data) < size:
        sock.settimeout(max(end - time.monotonic(), 0.001))
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionError("the enclave closed the connection")
        data += part
    return data


def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member is there twice")
    return dict(pairs)


def ask(server, request):
    """The answer, an object of JSON without an error in it."""
    end = time.monotonic() + PATIENCE
    message = json.dumps(request).encode()
    with connect(server, end) as sock:
        sock.sendall(struct.pack(">Q", len(message)) + message)
        size, = struct.unpack(">Q", receive(sock, 8, end))
        if size > MESSAGE_MAX:
            raise ValueError(f"an answer of {size} bytes")
        answer = json.loads(receive(sock, size, end), object_pairs_hook=unique)
    if not isinstance(answer, dict):
        raise ValueError("the answer is no object")
    if "error" in answer:
        # Not raw: it may hold what a terminal obeys.
        raise Refused("the enclave says: " + json.dumps(answer["error"]))
    return answer


def text(data):
    return base64.b64encode(data).decode()


def member(answer, name):
    if not isinstance(answer.get(name), str):
        raise ValueError(f"the answer has no {name}")
    return base64.b64decode(answer[name], validate=True)


def attest(server, nonce):
    return member(ask(server, {"operation": "attest", "nonce": text(nonce)}),
                  "attestation_document")


def verify(options, document, nonce):
    """The document is judged by tacit: signature, chain, registers, nonce and user data."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(document)
        file.flush()
        command = [options.tacit, "verify", "--platform", "nitro", "--policy", options.policy,
                   "--nonce", nonce.hex(), "--user-data", USER_DATA.encode().hex()]
        for root in options.insecure_test_root:
            command += ["--insecure-test-root", root]
        judged = subprocess.run(command + [file.name], stdout=sys.stderr)
    if judged.returncode != 0:
        raise Refused("nothing is sent to an enclave that is not verified")


def run_attest(options):
    end = time.monotonic() + options.wait
    while True:
        try:
            document = attest(options.server, options.nonce)
            break
        except OSError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.5)
    with open(options.output, "wb") as file:
        file.write(document)
    print(f"{len(document)} bytes, of which nothing is verified yet", file=sys.stderr)


def run_decrypt(options):
    with open(options.ciphertext, "rb") as file:
        ciphertext = file.read(6145)
    given = json.load(sys.stdin)  # what `aws configure export-credentials` prints
    credentials = {"access_key_id": given["AccessKeyId"],
                   "secret_access_key": given["SecretAccessKey"],
                   "session_token": given["SessionToken"]}
    nonce = secrets.token_bytes(32)
    verify(options, attest(options.server, nonce), nonce)
    answer = ask(options.server, {
        "operation": "decrypt", "ciphertext": text(ciphertext), "key_id": options.key_id,
        "region": options.region, "encryption_context": dict(options.context),
        "credentials": credentials})
    sys.stdout.buffer.write(member(answer, "plaintext"))


def arguments():
    parser = argparse.ArgumentParser(description="Talks to the enclave of this example.")
    parser.add_argument("server", type=address, help="vsock:CID:5005 or unix:PATH")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("attest", help="get a document over a nonce; verifies nothing")
    verb.set_defaults(run=run_attest)
    verb.add_argument("--nonce", required=True, type=bytes.fromhex, metavar="HEX", help="16 to 64 random bytes")
    verb.add_argument("-o", "--output", required=True, metavar="FILE")
    verb.add_argument("--wait", type=int, default=0, metavar="SECONDS",
                      help="try again for so long while nobody answers (0)")
    verb = verbs.add_parser("decrypt", help="verify the enclave, then let it decrypt; the "
                            "credentials are read from standard input")
    verb.set_defaults(run=run_decrypt)
    verb.add_argument("--policy", required=True, help="what the enclave must be")
    verb.add_argument("--ciphertext", required=True, metavar="FILE")
    verb.add_argument("--key-id", required=True)
    verb.add_argument("--region", required=True)
    verb.add_argument("--context", action="append", default=[], type=pair,
                      metavar="NAME=VALUE")
    verb.add_argument("--insecure-test-root", action="append", default=[], metavar="FILE")
    verb.add_argument("--tacit", default="tacit", metavar="PROGRAM")
    return parser.parse_args()


def main():
    options = arguments()
    try:
        options.run(options)
    except Refused as why:
        print(f"client: {why}", file=sys.stderr)
        return 1
    except (ValueError, TypeError, KeyError, RecursionError) as why:
        print(f"client: {type(why).__name__}: {why}", file=sys.stderr)
        return 3
    except OSError as why:
        print(f"client: {why}", file=sys.stderr)
        return 5
    return 0


if __name__ == "__main__":
    sys.exit(main())
