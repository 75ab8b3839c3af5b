#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tacit serve, seen by an ordinary HTTPS client: endpoints, evidence, receipts whose hashes and
signature are computed again here."""

import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import *

server = Serve("--queue", "8")
ready = server.ready

equal(ready["schema"], "tacit.serve/1", "the ready line has its schema")
equal((ready["tee"], ready["notice"]), ("stub", "stub (NOT a TEE)"), "and says what it is not")
with open(MODEL, "rb") as f:
    model_hash = sha256(f.read())
equal(ready["model_sha256"], model_hash.hex(), "the model's hash is that of the file")
equal(ready["config_sha256"], sha256(ready["config"].encode()).hex(), "the configuration's too")
ok("NOT a TEE" in server.words(), "the log says so too")

# --- TLS -------------------------------------------------------------------------------------
sock = server.tls()
equal(sock.version(), "TLSv1.3", "TLS 1.3")
der = sock.getpeercert(binary_form=True)
sock.close()
old = tls_context()
old.minimum_version = ssl.TLSVersion.TLSv1_2
old.maximum_version = ssl.TLSVersion.TLSv1_2
try:
    server.tls(old)
    ok(False, "TLS 1.2 is refused")
except (ssl.SSLError, OSError):
    ok(True, "TLS 1.2 is refused")
h2 = tls_context()
h2.set_alpn_protocols(["h2"])
try:
    server.tls(h2)
    ok(False, "ALPN without http/1.1 is refused")
except (ssl.SSLError, OSError):
    ok(True, "ALPN without http/1.1 is refused")
h11 = tls_context()
h11.set_alpn_protocols(["h2", "http/1.1"])
sock = server.tls(h11)
equal(sock.selected_alpn_protocol(), "http/1.1", "http/1.1 is chosen")
sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
sock.recv(65536)
session = sock.session
sock.close()
again = h11.wrap_socket(server.raw(), session=session)
again.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
ok(again.session_reused and b"200 OK" in again.recv(65536), "a session resumes")
again.close()

# --- the small endpoints ---------------------------------------------------------------------
status, headers, body = server.ask("GET", "/healthz")
equal((status, json.loads(body)), (200, {"status": "ok"}), "/healthz")
equal(headers["Cache-Control"], "no-store", "nothing is to be stored")
ok(headers["Server"] is None, "no server version is told")
status, _, body = server.ask("GET", "/v1/models")
equal(json.loads(body)["data"][0]["id"], ready["model"], "/v1/models names the model")
status, _, body = server.ask("GET", "/nothing")
equal((status, json.loads(body)["error"]["code"]), (404, "not_found"), "404 in OpenAI's shape")
status, headers, body = server.ask("GET", "/v1/chat/completions")
equal((status, headers["Allow"]), (405, "POST"), "405 says what is allowed")
status, _, _ = server.ask("HEAD", "/v1/models")
equal(status, 405, "HEAD is refused")
both = server.say(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                  b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
equal([both.count(b"HTTP/1.1 "), both.count(b"{")], [2, 1], "without a body that would be taken "
      "for the next answer")
status, _, _ = server.ask("GET", "/v1/models/../models")
equal(status, 404, "paths are compared as they are")

# --- evidence --------------------------------------------------------------------------------
nonce = os.urandom(32)
connection = server.http()
status, headers, doc = server.ask("GET", "/.well-known/tacit/evidence?nonce=" + b64(nonce),
                                  connection=connection)
equal((status, headers["Content-Type"]), (200, "application/octet-stream"), "evidence")
equal(headers["Tacit-Platform"], "stub", "the platform is named")
binding, _ = cbor(unb64(headers["Tacit-Binding"]))
equal(binding[1], "tacit/1", "the binding's purpose")
equal(binding[2], nonce, "it carries our nonce")
ok(nonce in doc and unb64(headers["Tacit-Binding"]) in doc, "so does the document")
equal(binding[6], [ready["model"], model_hash], "the model is bound")
equal(binding[7].hex(), ready["config_sha256"], "the configuration is bound")
key = binding[4]
spki = der[der.find(bytes.fromhex("3059301306072a8648ce3d0201")):][:91]
equal(binding[3], sha256(spki), "the key of the TLS certificate is bound")

for name, query in (("no nonce", ""), ("an empty one", "?nonce="), ("31 bytes", b64(bytes(31))),
                    ("33 bytes", b64(bytes(33))), ("padding", b64(bytes(32)) + "="),
                    ("other characters", "%41" + b64(bytes(32))[3:]),
                    ("two of them", b64(nonce) + "&nonce=" + b64(nonce))):
    if query and not query.startswith("?"):
        query = "?nonce=" + query
    status, _, body = server.ask("GET", "/.well-known/tacit/evidence" + query)
    equal((status, json.loads(body)["error"]["code"]), (400, "bad_nonce"), f"{name}: 400")

status, _, boot = server.ask("GET", "/.well-known/tacit/evidence/boot")
equal(status, 200, "the boot document")
_, _, boot2 = server.ask("GET", "/.well-known/tacit/evidence/boot")
equal(boot, boot2, "is always the same")

# --- whole answers and their receipts --------------------------------------------------------
last_sequence = 0


def check(receipt, request, response, document, name):
    global last_sequence
    equal(receipt.request_hash, sha256(request), f"{name}: request_hash")
    equal(receipt.response_hash, sha256(response), f"{name}: response_hash")
    equal(receipt.doc_hash, sha256(document), f"{name}: attestation_doc_hash")
    equal(receipt.model_hash, model_hash, f"{name}: model_hash")
    equal(receipt.mode, "evaluation", f"{name}: security_mode")
    ok(receipt.sequence > last_sequence, f"{name}: sequence goes up", receipt.sequence)
    last_sequence = receipt.sequence
    signed = receipt.signed_by(key)
    if signed is None:
        skip(f"{name}: signature", "the openssl program is not here")
    else:
        ok(signed, f"{name}: signature")


before = time.time()
request = server.chat(max_tokens=8)
status, headers, body = server.ask("POST", "/v1/chat/completions", request,
                                   connection=connection)
equal(status, 200, "a chat")
first = Receipt(headers["Tacit-Receipt"])
check(first, request, body, doc, "chat")
equal(first.sequence, 1, "chat: the first receipt is number 1")
equal(first.nonce, None, "chat: no nonce asked for, none in it")
ok(before - 2 <= first.iat <= time.time() + 2, "chat: iat is now")
ok(first.memory_mb > 1, "chat: peak memory is real", first.memory_mb)
equal((first.iss, first.scheme), ("tacit", "sha256-single"), "chat: issuer and scheme")
ok(json.loads(body)["choices"][0]["message"]["content"] != "", "chat: there is an answer")

status, headers, body2 = server.ask("POST", "/v1/chat/completions", request)
check(Receipt(headers["Tacit-Receipt"]), request, body2, boot, "a connection without evidence")

asked = os.urandom(64)
status, headers, body = server.ask("POST", "/v1/completions", {"prompt": "Once", "max_tokens": 4},
                                   {"Tacit-Nonce": b64(asked), "Tacit-Evidence": b64(sha256(doc))})
receipt = Receipt(headers["Tacit-Receipt"])
check(receipt, json.dumps({"prompt": "Once", "max_tokens": 4}).encode(), body, doc,
      "a named document")
equal(receipt.nonce, asked, "the nonce comes back as eat_nonce")

request = json.dumps({"input": ["one", "two words"]}).encode()
status, headers, body = server.ask("POST", "/v1/embeddings", request)
equal([len(json.loads(body)["data"]), status], [2, 200], "embeddings")
check(Receipt(headers["Tacit-Receipt"]), request, body, boot, "embeddings")

for name, request in (("wrong type", b'{"messages":3}'), ("no JSON", b"hello"), ("nothing", b""),
                      ("NUL", b'{"messages":"\x00"}'), ("deep", b"[" * 100000),
                      ("lone surrogate", b'{"messages":[{"role":"user","content":"\\ud800"}]}'),
                      ("bad UTF-8", b'{"messages":"\xff"}')):
    status, headers, body = server.ask("POST", "/v1/chat/completions", request)
    equal((status, json.loads(body)["error"]["type"]), (400, "invalid_request_error"),
          f"{name}: 400")
    check(Receipt(headers["Tacit-Receipt"]), request, body, boot, name)

# Large bodies are read beside the loop, and their clients may leave meanwhile.
for name, request in (("a large request", server.chat(max_tokens=1, user="x" * 3000000)),
                      ("a large one that is wrong", b'{"messages":[' + b'1,' * 1000000 + b'1]}'),
                      ("one just over the line", server.chat(max_tokens=1, user="x" * 32700))):
    status, headers, body = server.ask("POST", "/v1/chat/completions", request)
    equal(status, 400 if "wrong" in name else 200, name)
    check(Receipt(headers["Tacit-Receipt"]), request, body, boot, name)
large = server.chat(max_tokens=1, user="x" * 7000000)
for _ in range(4):
    sock = server.tls()
    sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                 % len(large) + large)
    sock.close()
equal(server.ask("GET", "/healthz")[0], 200, "clients that leave large bodies behind")

request = server.chat(max_tokens=1)
for name, value in (("7 bytes", b64(bytes(7))), ("65 bytes", b64(bytes(65))), ("no base64", "~~~~"),
                    ("an empty one", "")):
    status, headers, body = server.ask("POST", "/v1/chat/completions", request,
                                       {"Tacit-Nonce": value})
    equal((status, headers["Tacit-Receipt"]), (400, None), f"nonce of {name}: 400, no receipt")
for name, value, want in (("unknown", b64(os.urandom(32)), 409), ("zero", b64(bytes(32)), 409),
                          ("short", b64(bytes(31)), 400), ("long", b64(bytes(33)), 400)):
    status, headers, body = server.ask("POST", "/v1/chat/completions", request,
                                       {"Tacit-Evidence": value})
    code = "evidence_unknown" if want == 409 else "bad_header"
    equal((status, json.loads(body)["error"]["code"]), (want, code), f"{name} evidence: {want}")
_, _, unasked = server.ask("GET", "/healthz")
status, headers, _ = server.ask("POST", "/v1/chat/completions", request,
                                {"Tacit-Evidence": b64(sha256(boot))})
equal(status, 200, "the boot document may be named")

# --- streams ---------------------------------------------------------------------------------


def events(data):
    return [line for line in data.split(b"\n\n") if line]


def stream(connection=None, **members):
    request = server.chat(stream=True, **members)
    status, headers, data = server.ask("POST", "/v1/chat/completions", request,
                                       connection=connection)
    return request, status, headers, data


request, status, headers, data = stream(connection, max_tokens=24,
                                        stream_options={"include_usage": True})
equal((status, headers["Content-Type"]), (200, "text/event-stream"), "a stream")
cut = data.rfind(b": tacit-receipt ")
ok(cut > 0 and data.endswith(b"\n\ndata: [DONE]\n\n"), "ends with receipt and [DONE]")
line = data[cut:].split(b"\n")[0]
check(Receipt(line[16:].decode()), request, data[:cut], doc, "stream")
parsed = [json.loads(event[6:]) for event in events(data[:cut])]
ok(len(parsed) > 4, "an event a token")
text = "".join(e["choices"][0]["delta"].get("content", "") for e in parsed if e["choices"])
ok(text != "", "there is text")
equal([e["choices"] for e in parsed][-1], [], "usage comes last")
ok("Tacit-Receipt" not in headers, "no header: the receipt is in the stream")

# Text goes through whole whatever its bytes: the demo model knows byte tokens.
for seed in range(6):
    _, _, _, data = stream(max_tokens=64, temperature=2.0, seed=seed)
    try:
        for event in events(data[:data.rfind(b": tacit-receipt ")]):
            json.loads(event[6:].decode("utf-8"))
        good = True
    except ValueError as error:
        good = error
    ok(good is True, f"every event is whole UTF-8 (seed {seed})", good)

sock = server.tls()
body = server.chat(stream=True, max_tokens=40)
sock.sendall(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
old_style = b""
while True:
    piece = sock.recv(65536)
    if not piece:
        break
    old_style += piece
sock.close()
ok(b"Transfer-Encoding" not in old_style and old_style.endswith(b"data: [DONE]\n\n"),
   "HTTP/1.0: the close ends the stream")

# True streaming: pieces arrive while the model still works.
sock = server.tls()
body = server.chat(stream=True, max_tokens=400, temperature=1.5)
sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
             b"Content-Length: %d\r\n\r\n" % len(body) + body)
reads = 0
while sock.recv(65536):
    reads += 1
sock.close()
ok(reads > 10, "a stream arrives piece by piece", reads)

# --- clients that go away, a full queue ------------------------------------------------------
cancelled = server.metric("tacit_jobs_cancelled_total")
for _ in range(6):
    sock = server.tls()
    body = server.chat(stream=True, max_tokens=900, temperature=1.5)
    sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                 % len(body) + body)
    sock.recv(100)
    sock.close()
ok(until(lambda: server.metric("tacit_jobs_running") == 0), "jobs of absent clients end")
ok(server.metric("tacit_clients_left_total") >= 1, "and are counted")
ok(server.metric("tacit_jobs_cancelled_total") > cancelled, "they are cancelled, not computed")

codes = []


def flood():
    status, headers, body = server.ask("POST", "/v1/chat/completions",
                                       server.chat(max_tokens=200, temperature=1.5))
    codes.append((status, headers["Retry-After"], "Tacit-Receipt" in headers))


threads = [threading.Thread(target=flood) for _ in range(40)]
for t in threads:
    t.start()
for t in threads:
    t.join()
ok(set(codes) <= {(200, None, True), (429, "1", True)}, "answers or 429 under a flood", set(codes))
ok((429, "1", True) in codes, "a full queue is answered 429 with Retry-After and a receipt")
equal(server.ask("GET", "/healthz")[0], 200, "the server is well after it")

words = server.words()
ok("story" not in words and "Once" not in words, "no request content in the log")
equal(server.stop(), 0, "SIGTERM ends it with 0")
ok("event=stopped" in server.words(), "and it says so")
done()
