#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models from buckets: requests signed for S3, recomputed here by other means; credentials from
environment, file, and the metadata service through a relay; tokens for Google's storage. No request
of this test goes to a cloud: names of theirs are answered by stores on this machine."""

import datetime
import hmac
import socketserver
import sys
import urllib.parse

sys.dont_write_bytecode = True
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from storing import *
from relaying import Relay, rest

if not os.path.exists(TACIT):
    print("1..0 # SKIP build/tacit is not there")
    sys.exit(0)

KEYS = {"AKIDEXAMPLE": ("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)}
ENV = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
       "AWS_SECRET_ACCESS_KEY": KEYS["AKIDEXAMPLE"][0]}


def error(code, message="in words"):
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(request, fields, region):
    """AWS Signature Version 4 for S3, from its documentation: the path is encoded once."""
    path, _, query = request.path.partition("?")
    names = fields["SignedHeaders"]
    canonical = "\n".join(["GET", path, query] +
                          [f"{n}:{' '.join(request.headers.get(n, '').split())}"
                           for n in names.split(";")] +
                          ["", names, request.headers.get("x-amz-content-sha256", "")])
    date = request.headers["x-amz-date"]
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key_id = fields["Credential"].split("/")[0]
    key = ("AWS4" + KEYS[key_id][0]).encode()
    for part in (date[:8], region, "s3", "aws4_request"):
        key = mac(key, part)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def judge(request, region="us-east-1"):
    """What S3 would say of a request's signature; None when it is fine."""
    kind, _, rest_of_it = request.headers.get("Authorization", "").partition(" ")
    if kind != "AWS4-HMAC-SHA256":
        return 403, error("AccessDenied", "Access Denied")
    fields = dict(part.strip().split("=", 1) for part in rest_of_it.split(","))
    key_id, day, at, service, end = fields["Credential"].split("/")
    if key_id not in KEYS:
        return 403, error("InvalidAccessKeyId")
    if KEYS[key_id][1] == "expired":
        return 400, error("ExpiredToken", "The provided token has expired.")
    if KEYS[key_id][1] != request.headers.get("x-amz-security-token"):
        return 400, error("InvalidToken")
    names = fields["SignedHeaders"].split(";")
    for name in ["host", "x-amz-content-sha256", "x-amz-date"] + (
            ["x-amz-security-token"] if KEYS[key_id][1] else []):
        if name not in names or names != sorted(names):
            return 403, error("AccessDenied", f"not signed: {name}")
    now = datetime.datetime.now(datetime.timezone.utc)
    sent = datetime.datetime.strptime(request.headers["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    if abs((now - sent).total_seconds()) > 900:
        return 403, error("RequestTimeTooSkewed")
    if at != region or service != "s3" or fields["Signature"] != signature(request, fields, at):
        return 403, error("SignatureDoesNotMatch", f"region {at}")
    return None


def s3_script(region="us-east-1"):
    def script(request):
        wrong = judge(request, region)
        if wrong:
            request.answer(*wrong)
        return False if wrong is None else None
    return script


NAMES = ["models.s3.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com",
         "models.s3.cn-north-1.amazonaws.com.cn", "storage.googleapis.com", "localhost"]
root, leaf, key = make_certificates("cloud", ",".join("DNS:" + name for name in NAMES))
ODD = "a b/ü+%&='()*!~.bin"
store = Store({"/models/demo.gguf": BIG, "/models/" + urllib.parse.quote(ODD, safe="/~"): b"odd",
               "/models/.../x//y": b"dots", "/demo.gguf": BIG, "/with.dots/demo.gguf": b"dotted"},
              (leaf, key), s3_script())
here = ["--s3-endpoint", store.url]


def s3(name, data, where, *args, **more):
    return fetched(name, data, where, *here, *args, ca=root, **more)


def s3_refused(name, status, pattern, where, *args, **more):
    return refused(name, status, pattern, where, *here, *args, ca=root, **more)


# --- signatures ------------------------------------------------------------------------------
env = ["--aws-credentials", "env"]
s3("with keys of the environment", BIG, "s3://models/demo.gguf", *env, env=ENV)
ok(len(store.seen) == 4, "every range is signed")
s3("a key with everything in it", b"odd", "s3://models/" + ODD, *env, env=ENV)
s3("a key that looks like a path", b"dots", "s3://models/.../x//y", *env, env=ENV)
store.script = s3_script("eu-central-1")
s3("another region", BIG, "s3://models/demo.gguf", *env, "--s3-region", "eu-central-1", env=ENV)
s3("of the environment", BIG, "s3://models/demo.gguf", *env,
   env={**ENV, "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "us-west-2"})
s3("or its other name", BIG, "s3://models/demo.gguf", *env,
   env={**ENV, "AWS_DEFAULT_REGION": "eu-central-1"})
s3_refused("the wrong region", 5, "403: SignatureDoesNotMatch: region us-east-1",
           "s3://models/demo.gguf", *env, env=ENV)
store.script = s3_script()
s3_refused("another secret", 5, "SignatureDoesNotMatch", "s3://models/demo.gguf", *env,
           env={**ENV, "AWS_SECRET_ACCESS_KEY": "another"})
s3_refused("another key", 5, "InvalidAccessKeyId", "s3://models/demo.gguf", *env,
           env={**ENV, "AWS_ACCESS_KEY_ID": "AKIDOTHER"})
s3_refused("not signed", 5, "403: AccessDenied: Access Denied", "s3://models/demo.gguf", env=ENV)
s3_refused("not signed, as asked", 5, "403: AccessDenied", "s3://models/demo.gguf",
           "--aws-credentials", "none", env=ENV)
store.script = None
s3("a bucket for everybody", BIG, "s3://models/demo.gguf")
ok("Authorization" not in store.seen[-1].headers, "gets no name")
store.script = s3_script()
KEYS["ASIASESSION"] = ("sessionsecret", "IQoJb3JpZ2luX2VjE+/=" * 50)
session = {"AWS_ACCESS_KEY_ID": "ASIASESSION", "AWS_SECRET_ACCESS_KEY": "sessionsecret",
           "AWS_SESSION_TOKEN": KEYS["ASIASESSION"][1]}
s3("with a session", BIG, "s3://models/demo.gguf", *env, env=session)
s3_refused("without its token", 5, "InvalidToken", "s3://models/demo.gguf", *env,
           env={**session, "AWS_SESSION_TOKEN": ""})
for name, change in (("no key", {"AWS_ACCESS_KEY_ID": None}), ("no secret", {
        "AWS_SECRET_ACCESS_KEY": None}), ("an empty key", {"AWS_ACCESS_KEY_ID": ""}),
        ("a key with a line end", {"AWS_ACCESS_KEY_ID": "AKID\nX-Evil: 1"}),
        ("a key with a slash", {"AWS_ACCESS_KEY_ID": "AKID/x"}),
        ("a token with a line end", {"AWS_SESSION_TOKEN": "x\r\nX-Evil: 1"}),
        ("a long secret", {"AWS_SECRET_ACCESS_KEY": "x" * 200}),
        ("a long token", {"AWS_SESSION_TOKEN": "x" * 9000}),
        ("a region that is none", {"AWS_REGION": "evil.example/"})):
    count = len(store.seen)
    merged = {k: v for k, v in {**ENV, **change}.items() if v is not None}
    code, out, words = fetch("s3://models/demo.gguf", *here, *env, ca=root,
                             env=merged, before=["env", *(f"--unset={k}" for k, v in change.items()
                                                          if v is None)])
    ok(code in (2, 3) and len(store.seen) == count and "wJalr" not in words + str(out),
       f"environment: {name}", f"{code} {out} {words}")

# --- files -------------------------------------------------------------------------------------
shared = write("credentials", f"""# as AWS's tools write it
[other]
aws_access_key_id = AKIDOTHER
aws_secret_access_key = nothing
[default]
aws_access_key_id={ENV['AWS_ACCESS_KEY_ID']}
aws_secret_access_key   =   {ENV['AWS_SECRET_ACCESS_KEY']}
s3 =
    max_concurrent_requests = 20

[with session]
aws_access_key_id = ASIASESSION
aws_secret_access_key = sessionsecret
aws_session_token = {KEYS['ASIASESSION'][1]}
""")
s3("keys of a file", BIG, "s3://models/demo.gguf", "--aws-credentials", shared)
s3("another profile of it", BIG, "s3://models/demo.gguf", "--aws-credentials", shared,
   "--aws-profile", "with session")
s3_refused("a profile that it lacks", 2, "no profile 'none'", "s3://models/demo.gguf",
           "--aws-credentials", shared, "--aws-profile", "none")
s3_refused("no such file", 5, "cannot read", "s3://models/demo.gguf", "--aws-credentials",
           path("nowhere"))
s3_refused("no credentials in it", 3, "no name = value", "s3://models/demo.gguf",
           "--aws-credentials", write("empty", "nothing here\n"))

KEYS["ASIAOLD"] = ("old", "expired")
old = write("rotated", "[default]\naws_access_key_id=ASIAOLD\naws_secret_access_key=old\n"
                       "aws_session_token=expired\n")


def rotate(request):
    """Keys that end in the middle: others lie in the file by then."""
    if len(store.seen) == 3:
        KEYS["AKIDLAST"] = KEYS["AKIDNOW"]
        KEYS["AKIDNOW"] = (KEYS["AKIDNOW"][0], "expired")
        write("rotated", "[default]\naws_access_key_id=AKIDLAST\naws_secret_access_key=now\n")
    return s3_script()(request)


KEYS["AKIDNOW"] = ("now", None)
s3_refused("keys that have ended, and no others", 5, "ExpiredToken", "s3://models/demo.gguf",
           "--aws-credentials", old)
write("rotated", "[default]\naws_access_key_id=AKIDNOW\naws_secret_access_key=now\n")
store.seen.clear()
store.script = rotate
s3("keys that end while a model is fetched", BIG, "s3://models/demo.gguf", "--aws-credentials",
   old, "--fetch-connections", "1")
equal([r.headers["Authorization"][28:36] for r in store.seen],
      ["AKIDNOW/"] * 3 + ["AKIDLAST"] * 2, "the next ones are taken")
store.script = s3_script()

# --- endpoints ---------------------------------------------------------------------------------
for text in ("http://localhost:1", "https://localhost/path", "localhost", "https://u@localhost",
             ""):
    refused(f"an endpoint '{text}'", 2, "endpoint|https", "s3://models/x", "--s3-endpoint", text)
refused("a region that is none", 2, "region", "s3://models/x", "--s3-region", "Not_One")


class Clouds(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Takes CONNECT as the relay does, and leads every name to one store."""
    daemon_threads = True


ASKED = []


class Cloud(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.request.recv(1)
        ASKED.append(head.split()[1].decode())
        out = socket.create_connection(("127.0.0.1", store.port))
        self.request.sendall(b"HTTP/1.1 200 x\r\n\r\n")

        def pump(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
            except OSError:
                pass
            b.close()
        threading.Thread(target=pump, args=(out, self.request), daemon=True).start()
        pump(self.request, out)


clouds = Clouds(path("clouds.sock"), Cloud)
threading.Thread(target=clouds.serve_forever, daemon=True).start()
via = ["--via", "unix:" + path("clouds.sock"), "--fetch-connections", "1"]
for name, where, region, host, data in (
        ("a bucket's own name", "s3://models/demo.gguf", "eu-central-1", NAMES[0], BIG),
        ("a bucket with dots", "s3://with.dots/demo.gguf", "eu-central-1", NAMES[1], b"dotted"),
        ("a bucket in China", "s3://models/demo.gguf", "cn-north-1", NAMES[2], BIG)):
    store.script = s3_script(region)
    ASKED.clear()
    fetched(f"as AWS has it: {name}", data, where, "--s3-region", region, *env, *via, ca=root,
            env=ENV)
    equal(set(ASKED), {host + ":443"}, f"as AWS has it: {name}: is asked there")
refused("a store that shows another name", 1, "CHAIN", "s3://elsewhere/demo.gguf", "--s3-region",
        "eu-central-1", *env, *via, ca=root, env=ENV)

# --- Google's ------------------------------------------------------------------------------------
TOKEN = "ya29.c.b0Aaekm1K"


def bearer(request):
    if request.headers.get("Authorization") == "Bearer " + TOKEN:
        return False
    request.answer(401, b"<Error><Code>AuthenticationRequired</Code></Error>")
    return None


store.script = bearer
token = write("token", TOKEN + "\n")
ASKED.clear()
fetched("as Google has it", BIG, "gs://models/demo.gguf", "--gs-token", token, *via, ca=root)
equal(set(ASKED), {"storage.googleapis.com:443"}, "is asked there")
fetched("another place", BIG, "gs://models/demo.gguf", "--gs-token", token, "--gs-endpoint",
        store.url, ca=root)
refused("no token", 5, "401: AuthenticationRequired", "gs://models/demo.gguf", "--gs-endpoint",
        store.url, ca=root)
for name, text in (("an empty token", ""), ("two lines", "a\nb\n"), ("a blank", "a b"),
                   ("a long one", "a" * 9000), ("bytes", "\x00\x01")):
    refused(f"{name}", 3, "bearer", "gs://models/demo.gguf", "--gs-endpoint", store.url,
            "--gs-token", write("bad-token", text), ca=root)
refused("no such file", 5, "token", "gs://models/demo.gguf", "--gs-endpoint", store.url,
        "--gs-token", path("nowhere"), ca=root)



class Google:
    """The metadata service of an instance of Google's; `answer` is what it says."""

    def __init__(self):
        service = self
        self.asked, self.status = 0, 200
        self.say(TOKEN)

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                service.asked += 1
                good = (self.headers.get("Metadata-Flavor") == "Google" and self.path ==
                        "/computeMetadata/v1/instance/service-accounts/default/token")
                self.send_response(service.status if good else 403)
                self.send_header("Content-Length", str(len(service.answer)))
                self.end_headers()
                self.wfile.write(service.answer)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def say(self, token, seconds=3599, kind="Bearer"):
        self.answer = json.dumps({"access_token": token, "expires_in": seconds, "scope": "x",
                                  "token_type": kind}).encode()


google = Google()
gs = ["gs://models/demo.gguf", "--gs-endpoint", store.url, "--gs-token", "metadata",
      "--gs-metadata", google.url]
fetched("a token of the metadata service", BIG, *gs, ca=root)
equal(google.asked, 1, "is asked for once")
google.say(TOKEN, seconds=60)
google.asked = 0
fetched("one that ends soon", BIG, *gs, ca=root)
ok(google.asked > 1, "is asked for anew")
google.say("ya29.old")
refused("one that Google does not take", 5, "401", *gs, ca=root)


def rotates(request):
    google.say(TOKEN)
    return bearer(request)


store.script = rotates
google.say("ya29.old")
google.asked = 0
fetched("one that is refused, and another", BIG, *gs, ca=root)
equal(google.asked, 2, "is asked for once more")
store.script = bearer
for name, answer in (("nothing", b""), ("no object", b"[]"), ("no token", b"{}"),
                     ("a long answer", b" " * 20000),
                     ("a token with a line end", json.dumps({
                         "access_token": "a\r\nX: y", "expires_in": 9,
                         "token_type": "Bearer"}).encode())):
    google.answer = answer
    code, out, _ = fetch(*gs, ca=root)
    ok(code in (3, 5), f"metadata: {name} is no token", out)
for name, change in (("of another kind", {"kind": "MAC"}), ("for no time", {"seconds": 0}),
                     ("for ever", {"seconds": 1 << 40}), ("in words", {"seconds": "9"})):
    google.say(TOKEN, **change)
    refused(f"metadata: a token {name}", 3, "FORMAT", *gs, ca=root)
google.say(TOKEN)
google.status = 500
refused("metadata: an error", 5, "metadata service answers 500", *gs, ca=root)
google.status = 200
refused("metadata: https", 2, "USAGE", "gs://models/demo.gguf", "--gs-token", "metadata",
        "--gs-metadata", "https://127.0.0.1")
relay = Relay("--egress", "unix:" + path("gs.sock"), "--allow-private", f"localhost:{store.port}",
              "--allow", f"127.0.0.1:{google.port}")
fetched("metadata: through the relay, which allows the address", BIG, *gs, "--via",
        "unix:" + path("gs.sock"), ca=root)
relay.stop()
relay = Relay("--egress", "unix:" + path("gs.sock"), "--allow-private", f"localhost:{store.port}")
refused("metadata: and if it does not", 1, "POLICY.*--allow", *gs, "--via",
        "unix:" + path("gs.sock"), ca=root)
relay.stop()

# --- the metadata service, through a relay -----------------------------------------------------


class Metadata:
    """An EC2 instance's metadata service, version 2 alone."""

    def __init__(self):
        service = self
        self.asked, self.role, self.region = [], "enclave-role", "us-east-1"
        self.wrong = {}
        self.rotate("ASIAFIRST", 3600)

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def say(self, status, text=b""):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_PUT(self):
                service.asked.append(("PUT", self.path))
                ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
                if self.path != "/latest/api/token" or not ttl or not 1 <= int(ttl) <= 21600:
                    return self.say(400)
                return self.say(200, b"AQAEAtoken+/==")

            def do_GET(self):
                service.asked.append(("GET", self.path))
                if self.path in service.wrong:
                    return self.say(*service.wrong[self.path])
                if self.headers.get("X-aws-ec2-metadata-token") != "AQAEAtoken+/==":
                    return self.say(401)
                roles = "/latest/meta-data/iam/security-credentials/"
                if self.path == roles:
                    return self.say(200, service.role.encode())
                if self.path == roles + service.role:
                    return self.say(200, json.dumps(service.document).encode())
                if self.path == "/latest/meta-data/placement/region":
                    return self.say(200, service.region.encode())
                return self.say(404)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rotate(self, key_id, seconds, token="session+/=token"):
        KEYS[key_id] = ("secretof" + key_id, token)
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        self.document = {"Code": "Success", "LastUpdated": "2026-11-21T07:39:00Z",
                         "Type": "AWS-HMAC", "AccessKeyId": key_id,
                         "SecretAccessKey": "secretof" + key_id, "Token": token,
                         "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}


imds = Metadata()
store.script = s3_script()
EGRESS = "unix:" + path("egress.sock")


def relay_of(*args):
    return Relay("--egress", EGRESS, "--allow-private", f"localhost:{store.port}",
                 "--metrics", "unix:" + path("metrics.sock"), "-v", *args)


def given(relay):
    """What an enclave is handed: status and body."""
    sock = relay.connect(0)
    sock.sendall(b"GET /aws/credentials HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = rest(sock).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


relay = relay_of("--aws-credentials", "--aws-metadata", imds.url, "--spy", path("spied"))
ok(relay.wait_event("aws-credentials"), "the relay has credentials of the metadata service")
status, body = given(relay)
equal(status, 200, "and hands them over")
handed = json.loads(body)
equal({k: handed[k] for k in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration", "Region")},
      {**{k: imds.document[k] for k in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")},
       "Region": "us-east-1"}, "as they are, with the region")
equal(imds.asked, [("PUT", "/latest/api/token"),
                   ("GET", "/latest/meta-data/iam/security-credentials/"),
                   ("GET", "/latest/meta-data/iam/security-credentials/enclave-role"),
                   ("GET", "/latest/meta-data/placement/region")], "by version 2 of the service")
through = ["--via", EGRESS]
s3("all of it: store, relay, credentials", BIG, "s3://models/demo.gguf", *through)
s3("said in full", BIG, "s3://models/demo.gguf", *through, "--aws-credentials", "relay")
s3_refused("none, as asked", 5, "AccessDenied", "s3://models/demo.gguf", *through,
           "--aws-credentials", "none")
equal(given(relay)[0], 200, "others are served")
text = json.dumps(relay.events) + relay.words()
ok("secretof" not in text and "session+" not in text, "the relay's log has none of it")
ok(relay.metric("tacit_relay_aws_credentials_total") >= 3, "but how often")
with open(path("spied"), "rb") as f:
    spied = f.read()
ok(b"CONNECT localhost" in spied and b"Authorization" not in spied and b"ASIAFIRST" not in spied and
   b"x-amz" not in spied.lower(), "what is for the store is not told to the relay")
for request, want in ((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
                      (b"GET /aws/credentials/x HTTP/1.1\r\nHost: x\r\n\r\n", 404),
                      (b"GET /aws/credentials HTTP/1.1\r\n\r\n", 400),
                      (b"GET /aws/credentials HTTP/9\r\nHost: x\r\n\r\n", 505),
                      (b"PUT /aws/credentials HTTP/1.1\r\nHost: x\r\n\r\n", 405)):
    sock = relay.connect(0)
    sock.sendall(request)
    got = int(rest(sock).split()[1])
    ok(got == want or (want == 505 and got == 400), f"{request[:30]!r} is answered {got}")
relay.stop()

imds.rotate("ASIASOON", 600)
relay = relay_of("--aws-credentials", "--aws-metadata", imds.url)
relay.wait_event("aws-credentials")
KEYS["ASIASOON"] = (KEYS["ASIASOON"][0], "expired")
imds.rotate("ASIANEXT", 3600)
s3_refused("keys that AWS calls expired, and no others yet", 5, "ExpiredToken",
           "s3://models/demo.gguf", *through)
relay.stop()
write("relay.conf", f"egress {EGRESS}\nallow-private localhost:{store.port}\n"
                    f"aws-credentials {imds.url}\n")
relay = Relay("--config", path("relay.conf"), "-v")
relay.wait_event("aws-credentials")
s3("by the configuration file", BIG, "s3://models/demo.gguf", *through)
write("relay.conf", f"egress {EGRESS}\nallow-private localhost:{store.port}\n")
relay.kill(1)
relay.wait_event("reloaded")
equal(given(relay)[0], 405, "and no more once it is gone from there")
s3_refused("a relay without credentials", 5, "without --aws-credentials", "s3://models/demo.gguf",
           *through)
relay.stop()

for name, change, pattern in (
        ("no role", {"/latest/meta-data/iam/security-credentials/": (404,)}, "404.*role"),
        ("a role that is none", {"/latest/meta-data/iam/security-credentials/":
                                 (200, b"../../x")}, "something else"),
        ("no role's name", {"/latest/meta-data/iam/security-credentials/": (200, b"")},
         "something else"),
        ("nonsense", {"/latest/meta-data/iam/security-credentials/enclave-role":
                      (200, b"{}")}, "missing"),
        ("a failure in words", {"/latest/meta-data/iam/security-credentials/enclave-role":
                                (200, b'{"Code":"Failed"}')}, "not Success"),
        ("an endless answer", {"/latest/meta-data/iam/security-credentials/enclave-role":
                               (200, b" " * 100000)}, "does not answer"),
        ("an error", {"/latest/meta-data/iam/security-credentials/enclave-role": (500,)}, "500")):
    imds.wrong = change
    relay = relay_of("--aws-credentials", "--aws-metadata", imds.url)
    found = relay.wait_event("aws-credentials-failed")
    ok(found and re.search(pattern, found[0]["why"]), f"metadata: {name} is told", found)
    equal(given(relay)[0], 503, f"metadata: {name}: nothing to hand over")
    if name == "no role":
        s3_refused("and the enclave says so", 5, "none yet", "s3://models/demo.gguf", *through)
    relay.stop()
imds.wrong = {"/latest/meta-data/placement/region": (404,)}
imds.rotate("ASIAFAR", 7200)
relay = relay_of("--aws-credentials", "--aws-metadata", imds.url)
relay.wait_event("aws-credentials")
ok(b"Region" not in given(relay)[1], "no region is no failure")
relay.stop()
imds.wrong = {}
imds.rotate("ASIAPAST", -10)
relay = relay_of("--aws-credentials", "--aws-metadata", imds.url)
relay.wait_event("aws-credentials")
s3_refused("credentials of the past", 1, "EXPIRED", "s3://models/demo.gguf", *through)
relay.stop()
# A socket of the service manager may be one of TCP, which is known once it is there.
sock = socket.create_server(("127.0.0.1", 0))
launcher = ("import os, sys; os.dup2(int(sys.argv[1]), 3, inheritable=True);"
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='way');"
            "os.execv(sys.argv[2], sys.argv[2:])")
imds.rotate("ASIATCP", 3600)
relay = Relay("--egress", "fd:way", "--aws-credentials", "--aws-metadata", imds.url,
              before=[sys.executable, "-c", launcher, str(sock.fileno())], fds=(sock.fileno(),))
relay.wait_event("aws-credentials")
equal(given(relay)[0], 403, "an inherited socket of TCP gives none away")
relay.stop()
for name, args in (("at tcp:", ["--egress", "tcp:127.0.0.1:0", "--aws-credentials"]),
                   ("without an egress", ["--metrics", "tcp:127.0.0.1:0", "--aws-credentials"]),
                   ("of https", ["--egress", EGRESS, "--aws-credentials", "--aws-metadata",
                                 "https://127.0.0.1"]),
                   ("with a path", ["--egress", EGRESS, "--aws-credentials", "--aws-metadata",
                                    "http://127.0.0.1/x"])):
    run = subprocess.run([TACIT, "relay", *args], capture_output=True, timeout=WAIT)
    equal(run.returncode, 2, f"credentials {name} are refused")
run = subprocess.run([TACIT, "model", "fetch", "s3://models/x", "--aws-credentials", "relay"],
                     capture_output=True, timeout=WAIT)
equal(run.returncode, 2, "credentials of a relay want one")
done()
