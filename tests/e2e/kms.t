#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tacit kms against the broker, and through `tacit kms serve` boto3 and the aws CLI, as they come:
they know of no document, and get their plaintext. The stub vouches: it is the way that is tested,
the judgement of documents is in keyd.t."""

import atexit
import base64
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import MODEL, TACIT, WAIT, done, equal, ok, skip

for name in list(os.environ):
    if name.startswith("AWS_"):
        del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
home = tempfile.TemporaryDirectory()
REGION = "us-east-1"


def path(name):
    return os.path.join(home.name, name)


def tacit(*args, code=0, **how):
    ran = subprocess.run([TACIT, *args], capture_output=True, timeout=WAIT, **how)
    ok(ran.returncode == code, f"tacit {' '.join(args[:3])} ends with {code}",
       ran.stderr.decode(errors="replace"))
    return ran


def write(name, content):
    with open(path(name), "wb") as f:
        f.write(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path(name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


# --- the broker ----------------------------------------------------------------------------------
def allow(*actions, **condition):
    s = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": list(actions), "Resource": "*"}
    if condition:
        s["Condition"] = condition
    return s


def create(name, statements, *options):
    file = write(name + ".json", {"Version": "2012-10-17", "Statement": statements})
    return tacit("keyd", "key", "create", "--dir", path("keys"), "--policy", file,
                 *options).stdout.decode().strip()


tacit("keyd", "init", path("keys"))
tacit("keyd", "credential", "create", "app", "--dir", path("keys"), "-o", path("app.aws"))
keys = {
    "open": create("open", [allow("kms:*")]),
    "image": create("image", [allow("kms:Encrypt"), allow(
        "kms:Decrypt", StringEqualsIgnoreCase={"kms:RecipientAttestation:PCR0": "ab" * 48})]),
    "agree": create("agree", [allow("kms:*")], "--spec", "ECC_NIST_P256"),
}
keyd = subprocess.Popen([TACIT, "keyd", "serve", "--dir", path("keys"), "--listen",
                         "tcp:127.0.0.1:0", "--json", "--insecure-accept-stub"],
                        stdout=subprocess.PIPE, stderr=open(path("keyd.log"), "w"), text=True)
atexit.register(keyd.kill)
url = "https://127.0.0.1:" + json.loads(keyd.stdout.readline())["listen"].rsplit(":", 1)[1]
common = ["--tee", "stub", "--endpoint", url, "--ca", path("keys/tls.pem"), "--aws-credentials",
          path("app.aws")]


def kms(verb, *args, code=0):
    return tacit("kms", verb, *common, *args, code=code)


# --- our own client ------------------------------------------------------------------------------
kms("genkey", "--key-id", keys["open"], "--context", "app=demo", "-w", path("w"), "-o", path("k"))
ok(len(read("k")) == 32, "a data key")
equal(kms("decrypt", "--key-id", keys["open"], "--context", "app=demo", path("w")).stdout,
      read("k"), "and the same again")
err = kms("decrypt", "--key-id", keys["open"], "--context", "app=other", path("w"), code=5).stderr
ok(b"InvalidCiphertextException" in err, "another context", err)
for bits in ("3072", "4096"):
    equal(len(kms("genrandom", "--bytes", "100", "--rsa-bits", bits).stdout), 100,
          f"random bytes for a key of {bits} bits")
kms("genkeypair", "--key-id", keys["open"], "-w", path("pw"), "--public", path("pub"), "-o",
    path("pair"))
made = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", path("pair"), "-pubout",
                       "-outform", "DER"], capture_output=True).stdout
equal(made, read("pub"), "a key pair, whose halves belong together")
secret = kms("derive", "--key-id", keys["agree"], "--peer", path("pub")).stdout
equal(len(secret), 32, "a shared secret")
sealed = json.loads(kms("genkey", "--key-id", keys["open"], "--json").stdout)
ok(sealed["key_id"].endswith(keys["open"].rsplit("/", 1)[-1]), "by the key that was asked for")
err = kms("decrypt", "--key-id", keys["image"], path("w"), code=5).stderr
ok(b"IncorrectKeyException" in err and b"hint: " in err, "a ciphertext of another key", err)
err = kms("genkey", "--key-id", keys["image"], "--json", code=5).stderr
ok(b"AccessDeniedException" in err and b"hint: " in err, "what the key's policy does not allow", err)
kms("genrandom", "--nonce", "00112233")

# --- sealed models -------------------------------------------------------------------------------
endpoint = ["--kms-endpoint", url, "--kms-ca", path("keys/tls.pem"), "--kms-credentials",
            path("app.aws")]
subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "ed25519", "-out", path("publisher")],
               check=True)


def arn(name):
    return "aws-kms:" + keys[name] if keys[name].startswith("arn:") else \
        f"aws-kms:arn:aws:kms:{REGION}:000000000000:key/{keys[name]}"


tacit("model", "seal", "--to", arn("open"), "--sign", path("publisher"), "-o", path("m1"),
      *endpoint, MODEL)
opening = ["--insecure-any-publisher", "--kms-tee", "stub", *endpoint]
tacit("model", "open", "-i", arn("open"), "-o", path("plain"), *opening, path("m1"))
with open(MODEL, "rb") as f:
    equal(read("plain/demo.gguf"), f.read(), "a model sealed for a key of the broker opens by it")
tacit("model", "seal", "--to", arn("image"), "--sign", path("publisher"), "-o", path("m2"),
      *endpoint, MODEL)
err = tacit("model", "verify", "-i", arn("image"), *opening, path("m2"), code=1).stderr
ok(b"AccessDeniedException" in err, "and not where another image runs", err)

# --- SDKs ----------------------------------------------------------------------------------------
serve = subprocess.Popen([TACIT, "kms", "serve", "127.0.0.1:0", "--json", *common],
                         stdout=subprocess.PIPE, stderr=open(path("serve.log"), "w"), text=True)
atexit.register(serve.kill)
local = "http://" + json.loads(serve.stdout.readline())["listen"].removeprefix("tcp:")
os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="thing", AWS_DEFAULT_REGION=REGION)


def test_boto3():
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import ClientError
    except ImportError:
        skip("boto3", "it is not there")
        return
    client = boto3.client("kms", endpoint_url=local, region_name=REGION,
                          config=Config(retries={"max_attempts": 0}))
    made = client.generate_data_key(KeyId=keys["open"], KeySpec="AES_256",
                                    EncryptionContext={"a": "b"})
    equal(len(made["Plaintext"]), 32, "boto3 gets a data key in the clear")
    ok("CiphertextForRecipient" not in made, "and nothing that it does not know")
    opened = client.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
    equal(opened["Plaintext"], made["Plaintext"], "which decrypts to the same")
    pair = client.generate_data_key_pair(KeyId=keys["open"], KeyPairSpec="ECC_NIST_P256")
    ok(pair["PrivateKeyPlaintext"] and pair["PublicKey"], "boto3 gets a key pair")
    equal(len(client.generate_random(NumberOfBytes=24)["Plaintext"]), 24, "and random bytes")
    blob = client.encrypt(KeyId=keys["open"], Plaintext=b"words")["CiphertextBlob"]
    equal(client.decrypt(CiphertextBlob=blob)["Plaintext"], b"words", "what it encrypts, decrypts")
    ok(client.describe_key(KeyId=keys["open"])["KeyMetadata"]["KeyId"], "other operations pass")
    for name, call in (
            ("InvalidCiphertextException",
             lambda: client.decrypt(CiphertextBlob=made["CiphertextBlob"])),
            ("AccessDeniedException",
             lambda: client.decrypt(CiphertextBlob=client.encrypt(
                 KeyId=keys["image"], Plaintext=b"x")["CiphertextBlob"])),
            ("NotFoundException", lambda: client.describe_key(KeyId="nothing"))):
        try:
            ok(False, name, str(call()))
        except ClientError as e:
            equal(e.response["Error"]["Code"], name, f"a refusal comes through: {name}")
    results = []

    def many():
        c = boto3.session.Session().client("kms", endpoint_url=local, region_name=REGION)
        for _ in range(10):
            results.append(len(c.generate_random(NumberOfBytes=8)["Plaintext"]))

    threads = [threading.Thread(target=many) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(WAIT)
    equal(results, [8] * 80, "eight clients at once")


def test_aws():
    if not shutil.which("aws"):
        skip("the aws CLI", "it is not there")
        return

    def aws(*args):
        ran = subprocess.run(["aws", "kms", *args, "--endpoint-url", local], capture_output=True,
                             timeout=WAIT)
        return json.loads(ran.stdout) if ran.returncode == 0 else ran.stderr.decode()

    write("plain.txt", b"words for the enclave")
    made = aws("encrypt", "--key-id", keys["open"], "--plaintext", "fileb://" + path("plain.txt"))
    write("blob", base64.b64decode(made["CiphertextBlob"]))
    opened = aws("decrypt", "--ciphertext-blob", "fileb://" + path("blob"))
    equal(base64.b64decode(opened["Plaintext"]), b"words for the enclave",
          "aws kms decrypt --endpoint-url")
    text = aws("decrypt", "--key-id", "nothing", "--ciphertext-blob", "fileb://" + path("blob"))
    ok("Exception" in text, "and its refusals", text)


def test_strangers():
    import http.client
    host = local.removeprefix("http://")

    def ask(method, where, headers, body=b"{}"):
        c = http.client.HTTPConnection(host, timeout=WAIT)
        c.request(method, where, body, headers)
        answer = c.getresponse()
        return answer.status, answer.read()

    kind = {"Content-Type": "application/x-amz-json-1.1"}
    target = {"X-Amz-Target": "TrentService.GenerateRandom", **kind}
    for name, args in (("no operation", ("POST", "/", kind)),
                       ("another path", ("POST", "/x", target)),
                       ("another method", ("GET", "/", target)),
                       ("another service", ("POST", "/", {"X-Amz-Target": "Other.Decrypt", **kind})),
                       ("no JSON", ("POST", "/", target, b"{")),
                       ("a member twice", ("POST", "/", target, b'{"A":1,"A":2}')),
                       ("a list", ("POST", "/", target, b"[]"))):
        status, body = ask(*args)
        ok(status == 400 and b"SerializationException" in body, f"refused: {name}",
           f"{status} {body}")
    equal(ask("POST", "/", target, b" " * 70000)[0], 413, "refused: a body that is too long")
    equal(ask("POST", "/", target, b'{"NumberOfBytes":8}')[0], 200, "and served after all that")
    for address in ("0.0.0.0:0", "vsock:3:8000"):
        tacit("kms", "serve", address, *common, code=2)


def test_example():
    """examples/nitro-decrypt: what an enclave decrypts for its parent."""
    program = os.path.join(os.path.dirname(os.path.realpath(TACIT)), "examples", "nitro-server")
    if not os.path.exists(program):
        skip("the example's decrypt", f"{program} is not there (make examples)")
        return
    server = subprocess.Popen([program, "unix:" + path("enclave"), "--stub", "--kms",
                               os.path.realpath(TACIT), "--tee", "stub", "--endpoint", url, "--ca",
                               path("keys/tls.pem")], stderr=subprocess.PIPE)
    atexit.register(server.kill)
    while b"ready" not in server.stderr.readline():
        pass

    def ask(**changes):
        request = {"operation": "decrypt", "ciphertext": base64.b64encode(read("w")).decode(),
                   "key_id": keys["open"], "region": REGION, "credentials": {
                       "access_key_id": who[0], "secret_access_key": who[1], "session_token": ""},
                   "encryption_context": {"app": "demo"}, **changes}
        data = json.dumps(request).encode()
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(WAIT)
            s.connect(path("enclave"))
            s.sendall(struct.pack(">Q", len(data)) + data)
            return json.loads(s.makefile("rb").read()[8:])

    who = re.findall(r"= (\S+)", read("app.aws").decode())
    equal(base64.b64decode(ask().get("plaintext", "")), read("k"), "the example decrypts")
    for name, changes, words in (
            ("another context", {"encryption_context": {"app": "x"}}, "InvalidCiphertext"),
            ("no context", {"encryption_context": {}}, "InvalidCiphertext"),
            ("another key", {"key_id": keys["image"]}, "IncorrectKey"),
            ("a key that is an option", {"key_id": "--help"}, "KMS Decrypt failed"),
            ("a key of control characters", {"key_id": "a\nb"}, "characters"),
            ("a context whose name has a sign", {"encryption_context": {"a=b": "c"}}, "characters"),
            ("a secret that is wrong", {"credentials": {
                "access_key_id": who[0], "secret_access_key": "x" * 40, "session_token": ""}},
             "InvalidSignature"),
            ("a secret of two lines", {"credentials": {
                "access_key_id": who[0], "secret_access_key": "x\nA=b", "session_token": ""}},
             "characters")):
        got = ask(**changes)
        ok(list(got) == ["error"] and words in got["error"], f"the example, {name}", got)
    server.kill()


test_boto3()
test_aws()
test_example()
test_strangers()

# --- ends ----------------------------------------------------------------------------------------
keyd.send_signal(signal.SIGTERM)
keyd.wait(WAIT)
if "boto3" in sys.modules or shutil.which("aws"):
    with open(path("serve.log")) as f:
        ok(re.search(r"event=answered target=TrentService.Decrypt status=200", f.read()),
           "what was asked for is told, without what was in it")
else:
    skip("what was asked for is told", "nobody was there to ask")
import http.client
c = http.client.HTTPConnection(local.removeprefix("http://"), timeout=WAIT)
c.request("POST", "/", b'{"NumberOfBytes":8}', {"X-Amz-Target": "TrentService.GenerateRandom",
                                               "Content-Type": "application/x-amz-json-1.1"})
answer = c.getresponse()
ok(answer.status == 500 and b"KMSInternalException" in answer.read(),
   "KMS that has gone is said to fail for now")
serve.send_signal(signal.SIGTERM)
equal(serve.wait(WAIT), 0, "a signal ends it")
sys.exit(done())
