#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tacit keyd with the clients that people have: boto3 and the aws CLI, which know nothing of us, and
openssl, which opens what came sealed for a recipient. Documents are of the tests' own root."""

import atexit
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import ROOT, TACIT, WAIT, done, equal, ok, skip

try:
    import boto3
    import botocore.loaders
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.httpsession import URLLib3Session
except ImportError:
    print("1..0 # SKIP boto3 is not there")
    sys.exit(0)
MKEVIDENCE = os.path.join(os.path.dirname(os.path.realpath(TACIT)), "tools", "mkevidence")
if not os.access(MKEVIDENCE, os.X_OK):
    print(f"1..0 # SKIP {MKEVIDENCE} is not built")
    sys.exit(0)
for name in list(os.environ):
    if name.startswith("AWS_"):
        del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

home = tempfile.TemporaryDirectory()
PCR = {n: bytes([0x50 + n]) * 48 for n in (0, 1, 2)}
REGION = "us-east-1"


def path(name):
    return os.path.join(home.name, name)


def tacit(*args, code=0):
    ran = subprocess.run([TACIT, *args], capture_output=True, text=True, timeout=WAIT)
    if ran.returncode != code:
        ok(False, f"tacit {' '.join(args[:3])} ends with {code}", ran.stderr)
    return ran


def write(name, content):
    with open(path(name), "w") as f:
        f.write(content if isinstance(content, str) else json.dumps(content))
    return path(name)


def teach_recipient():
    """SDKs from before May 2023 know no Recipient, and those from before June 2024 no
    DeriveSharedSecret: they are given what later ones have, as a model of the service."""
    loader = botocore.loaders.Loader()
    version = loader.determine_latest_version("kms", "service-2")
    model = loader.load_service_model("kms", "service-2")
    shapes = model["shapes"]
    if "RecipientInfo" not in shapes:
        shapes["RecipientInfo"] = {"type": "structure", "members": {
            "KeyEncryptionAlgorithm": {"shape": "String"},
            "AttestationDocument": {"shape": "PlaintextType"}}}
        shapes["Sealed"] = {"type": "blob"}
        shapes["String"] = {"type": "string"}
        shapes["PlaintextType"] = {"type": "blob"}
        for op in ("Decrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateRandom"):
            shapes[op + "Request"]["members"]["Recipient"] = {"shape": "RecipientInfo"}
            shapes[op + "Response"]["members"]["CiphertextForRecipient"] = {"shape": "Sealed"}
    if "DeriveSharedSecret" not in model["operations"]:
        shapes["DeriveRequest"] = {"type": "structure", "members": {
            "KeyId": {"shape": "String"}, "KeyAgreementAlgorithm": {"shape": "String"},
            "PublicKey": {"shape": "Sealed"}, "Recipient": {"shape": "RecipientInfo"}}}
        shapes["DeriveResponse"] = {"type": "structure", "members": {
            "KeyId": {"shape": "String"}, "CiphertextForRecipient": {"shape": "Sealed"}}}
        model["operations"]["DeriveSharedSecret"] = {
            "name": "DeriveSharedSecret", "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "DeriveRequest"}, "output": {"shape": "DeriveResponse"}}
    folder = path(f"models/kms/{version}")
    os.makedirs(folder)
    write(f"models/kms/{version}/service-2.json", model)
    os.environ["AWS_DATA_PATH"] = path("models")


class Documents:
    """A host that signs whatever it is asked to, all under one root."""

    def __init__(self):
        self.process = subprocess.Popen([MKEVIDENCE, "nitro", home.name, "--lines"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(self.process.kill)

    def __call__(self, public_key=None, pcr=PCR, nonce=None, age=0, debug=False, tpm=False,
                 user_data=None):
        words = ["--now", str(int(time.time()) - age)]
        for n, value in ({} if debug else pcr).items():
            words += [f"--pcr{n}", value.hex()]
        if public_key:
            words += ["--public-key", public_key.hex()]
        if nonce:
            words += ["--nonce", nonce.hex()]
        if user_data:
            words += ["--user-data", user_data.hex()]
        words += ["--debug"] * debug + ["--tpm"] * tpm
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return base64.b64decode(self.process.stdout.readline())


class Reports:
    """An SNP machine, whose guests' reports stand for what they ask for."""

    def __init__(self):
        self.process = subprocess.Popen([MKEVIDENCE, "snp", home.name, "--lines"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(self.process.kill)

    def __call__(self, report_data):
        self.process.stdin.write(report_data.hex() + "\n")
        self.process.stdin.flush()
        return base64.b64decode(self.process.stdout.readline())


class Enclave:
    """Holds an RSA key and opens what is sealed for it, with openssl."""

    def __init__(self, name="enclave", bits=2048):
        self.key = path(name + ".pem")
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt",
                        f"rsa_keygen_bits:{bits}", "-out", self.key], check=True)
        self.spki = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform",
                                    "DER"], check=True, capture_output=True).stdout

    def recipient(self, **how):
        return {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                "AttestationDocument": document(self.spki, **how)}

    def open(self, sealed):
        ran = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", self.key],
                             input=sealed, capture_output=True)
        return ran.stdout if ran.returncode == 0 else ran.stderr


class Keyd:
    def __init__(self, *options):
        self.log = open(path("serve.log"), "a+")
        self.process = subprocess.Popen(
            [TACIT, "keyd", "serve", "--dir", path("keys"), "--listen", "tcp:127.0.0.1:0",
             "--json", *options], stdout=subprocess.PIPE, stderr=self.log, text=True)
        atexit.register(self.process.kill)
        self.ready = json.loads(self.process.stdout.readline())
        self.port = self.ready["listen"].rsplit(":", 1)[1]
        self.url = f"https://localhost:{self.port}"

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(WAIT)

    def client(self, who="app", **config):
        keys = credentials[who]
        return boto3.client("kms", endpoint_url=self.url, region_name=REGION,
                            verify=path("keys/tls.pem"), aws_access_key_id=keys[0],
                            aws_secret_access_key=keys[1],
                            config=Config(retries={"max_attempts": 0}, **config))


def credential(name, *options):
    tacit("keyd", "credential", "create", name, "--dir", path("keys"), "-o", path(name + ".aws"),
          *options)
    with open(path(name + ".aws")) as f:
        return re.findall(r"= (\S+)", f.read())


def refused(name, code, call, why="", **args):
    """The call fails with AWS's error of that name; gives its message."""
    try:
        answer = call(**args)
    except ClientError as e:
        got, message = e.response["Error"]["Code"], e.response["Error"].get("Message", "")
        ok(got == code and why in message, name, f"{got}: {message}")
        return message
    return ok(False, name, f"answered {answer}") and ""


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(action, effect="Allow", **condition):
    s = {"Effect": effect, "Principal": {"AWS": "*"}, "Action": action, "Resource": "*"}
    if condition:
        s["Condition"] = condition
    return s


PINNED = {"StringEqualsIgnoreCase": {
    "kms:RecipientAttestation:ImageSha384": PCR[0].hex().upper(),
    "kms:RecipientAttestation:PCR2": PCR[2].hex()}}
USES = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret"]
OPEN_TO_IMAGE = policy(statement("kms:Encrypt"), statement(USES, **PINNED))


def create(text, *options):
    file = write("policy.json", text)
    return tacit("keyd", "key", "create", "--dir", path("keys"), "--policy", file,
                 *options).stdout.strip()


def rows():
    return [json.loads(line) for line in
            tacit("keyd", "log", "--dir", path("keys")).stdout.splitlines()]


teach_recipient()
tacit("keyd", "init", path("keys"))
credentials = {"app": credential("app"), "root": credential("root", "--admin"),
               "nobody": ["TKDNOBODY", "no secret"]}
credentials["forger"] = [credentials["app"][0], "x" * 40]
document = Documents()
enclave = Enclave()
document(enclave.spki)  # root.der is there once it has answered
reports = Reports()
reports(b"")  # and snp-ark.der
keyd = Keyd("--insecure-test-root", path("root.der"), "--insecure-test-root", path("snp-ark.der"))
equal(keyd.ready["insecure"], ["insecure-test-root"], "the server says what is insecure")
kms, admin = keyd.client(), keyd.client("root")

# --- keys, and boto3 as it is ------------------------------------------------------------------
model = create(OPEN_TO_IMAGE, "model")
secret = b"the model's file key"
context = {"model": "demo", "file": "weights.gguf"}
blob = kms.encrypt(KeyId="alias/model", Plaintext=secret, EncryptionContext=context)
equal(blob["KeyId"], f"arn:aws:kms:{REGION}:000000000000:key/{model}", "encrypt names its key")
answer = kms.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=context,
                     Recipient=enclave.recipient())
ok("Plaintext" not in answer, "with a recipient there is no plaintext")
equal(enclave.open(answer["CiphertextForRecipient"]), secret, "openssl opens it with the key")
answer = kms.generate_data_key(KeyId=model, KeySpec="AES_256", Recipient=enclave.recipient())
data_key = enclave.open(answer["CiphertextForRecipient"])
equal(len(data_key), 32, "a data key of 32 bytes")
answer = kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], Recipient=enclave.recipient())
equal(enclave.open(answer["CiphertextForRecipient"]), data_key, "and the same from its ciphertext")
answer = kms.generate_data_key(KeyId=blob["KeyId"], NumberOfBytes=77,
                               Recipient=enclave.recipient())
equal(len(enclave.open(answer["CiphertextForRecipient"])), 77, "a data key of any length")
answer = kms.generate_random(NumberOfBytes=24, Recipient=enclave.recipient())
equal(len(enclave.open(answer["CiphertextForRecipient"])), 24, "random bytes for a recipient")
equal(len(kms.generate_random(NumberOfBytes=16)["Plaintext"]), 16, "and without one")
for spec in ("ECC_NIST_P256", "RSA_2048"):
    answer = kms.generate_data_key_pair(KeyId=model, KeyPairSpec=spec,
                                        Recipient=enclave.recipient())
    with open(path("pair.der"), "wb") as f:
        f.write(enclave.open(answer["CiphertextForRecipient"]))
    public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", path("pair.der"),
                             "-pubout", "-outform", "DER"], capture_output=True).stdout
    equal(public, answer["PublicKey"], f"a pair of {spec} whose halves belong together")
    again = kms.decrypt(CiphertextBlob=answer["PrivateKeyCiphertextBlob"],
                        Recipient=enclave.recipient())
    with open(path("pair.der"), "rb") as f:
        equal(enclave.open(again["CiphertextForRecipient"]), f.read(), "and its ciphertext")
for bits in (3072, 4096):
    larger = Enclave(f"larger{bits}", bits)
    answer = kms.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=context,
                         Recipient=larger.recipient())
    equal(larger.open(answer["CiphertextForRecipient"]), secret, f"a recipient with {bits} bits")

# --- key agreement -----------------------------------------------------------------------------
agreement = create(policy(statement(["kms:DeriveSharedSecret"], **PINNED),
                          statement("kms:GetPublicKey")), "agreement", "--spec", "ECC_NIST_P384")
theirs = kms.get_public_key(KeyId=agreement)["PublicKey"]
subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:P-384", "-out", path("ec.pem")], check=True)
ours = subprocess.run(["openssl", "pkey", "-in", path("ec.pem"), "-pubout", "-outform", "DER"],
                      capture_output=True, check=True).stdout
with open(path("peer.der"), "wb") as f:
    f.write(theirs)
want = subprocess.run(["openssl", "pkeyutl", "-derive", "-inkey", path("ec.pem"), "-peerkey",
                       path("peer.der"), "-peerform", "DER"], capture_output=True).stdout
answer = kms.derive_shared_secret(KeyId=agreement, KeyAgreementAlgorithm="ECDH", PublicKey=ours,
                                  Recipient=enclave.recipient())
equal(enclave.open(answer["CiphertextForRecipient"]), want, "a shared secret as openssl has it")
refused("a key of agreement decrypts nothing", "AccessDeniedException", kms.encrypt,
        KeyId=agreement, Plaintext=b"x")

# --- administration over the network -------------------------------------------------------------
refused("only an administrator makes keys", "AccessDeniedException", kms.create_key)
made = admin.create_key(Policy=policy(statement(["kms:*"])), Description="by boto3")["KeyMetadata"]
equal((made["KeyState"], made["KeySpec"], made["Enabled"]), ("Enabled", "SYMMETRIC_DEFAULT", True),
      "CreateKey describes the key")
equal(admin.describe_key(KeyId=made["Arn"])["KeyMetadata"]["KeyId"], made["KeyId"], "DescribeKey")
plain = kms.encrypt(KeyId=made["KeyId"], Plaintext=b"hello")
equal(kms.decrypt(CiphertextBlob=plain["CiphertextBlob"])["Plaintext"], b"hello",
      "a policy that asks for no document gives plaintext")
equal({k["KeyId"] for k in admin.list_keys()["Keys"]}, {model, agreement, made["KeyId"]},
      "ListKeys has all of them")
page = admin.list_keys(Limit=2)
equal((page["Truncated"], len(page["Keys"])), (True, 2), "ListKeys in pages")
equal(len(admin.list_keys(Marker=page["NextMarker"])["Keys"]), 1, "and the rest")
refused("ListKeys is for administrators", "AccessDeniedException", kms.list_keys)
refused("a policy that is none", "MalformedPolicyDocumentException", admin.create_key, "Version",
        Policy="{}")
refused("an operator that is not known", "MalformedPolicyDocumentException", admin.create_key,
        "NumericEquals", Policy=policy(statement("kms:*", NumericEquals={"aws:CurrentTime": "1"})))
refused("a condition that is not known", "MalformedPolicyDocumentException", admin.create_key,
        "kms:ViaService", Policy=policy(statement("kms:*", StringEquals={"kms:ViaService": "1"})))

# --- each is refused ---------------------------------------------------------------------------
decrypt = dict(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=context)
other = {**PCR, 0: b"\x01" + PCR[0][1:]}
before = len(rows())
refused("an image that differs by a byte", "AccessDeniedException", kms.decrypt, "ImageSha384 is 01",
        Recipient=enclave.recipient(pcr=other), **decrypt)
refused("another PCR2", "AccessDeniedException", kms.decrypt, "PCR2 is",
        Recipient=enclave.recipient(pcr={**PCR, 2: bytes(47) + b"\1"}), **decrypt)
refused("no document", "AccessDeniedException", kms.decrypt, "is nothing", **decrypt)
refused("a debug enclave", "AccessDeniedException", kms.decrypt, "debug",
        Recipient=enclave.recipient(debug=True), **decrypt)
refused("a document of an instance", "AccessDeniedException", kms.decrypt, "is nothing",
        Recipient=enclave.recipient(tpm=True), **decrypt)
refused("what is no document", "ValidationException", kms.decrypt, "refused",
        Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                   "AttestationDocument": b"no document"}, **decrypt)
refused("a document that was cut", "ValidationException", kms.decrypt,
        Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                   "AttestationDocument": document(enclave.spki)[:-9]}, **decrypt)
whole = document(enclave.spki)
bad = []
for at in range(0, 8 * len(whole), 8 * len(whole) // 40):
    flipped = bytearray(whole)
    flipped[at // 8] ^= 1 << at % 8
    try:
        kms.decrypt(Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                               "AttestationDocument": bytes(flipped)}, **decrypt)
        bad.append(at)
    except ClientError as e:
        if e.response["Error"]["Code"] not in ("ValidationException", "AccessDeniedException"):
            bad.append((at, e.response["Error"]["Code"]))
equal(bad, [], "a document with one bit flipped, at 40 places")
refused("a document without a public key", "ValidationException", kms.decrypt,
        "carries no public key",
        Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                   "AttestationDocument": document()}, **decrypt)
refused("a public key that is none", "ValidationException", kms.decrypt, "public key",
        Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                   "AttestationDocument": document(b"no key at all")}, **decrypt)
refused("another way to encrypt the key", "ValidationException", kms.decrypt,
        Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1",
                   "AttestationDocument": whole}, **decrypt)
refused("a document of ten minutes ago", "AccessDeniedException", kms.decrypt, "seconds old",
        Recipient=enclave.recipient(age=600), **decrypt)
refused("a document from the future", "AccessDeniedException", kms.decrypt, "",
        Recipient=enclave.recipient(age=-600), **decrypt)
once = enclave.recipient()
kms.decrypt(Recipient=once, **decrypt)
refused("a document that was used", "AccessDeniedException", kms.decrypt, "used already",
        Recipient=once, **decrypt)
refused("and not for another operation either", "AccessDeniedException", kms.generate_data_key,
        "used already", KeyId=model, KeySpec="AES_128", Recipient=once)
again = bytearray(once["AttestationDocument"])
half = int.from_bytes(again[-48:], "big")
order = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec19"
            "6accc52973", 16)
again[-48:] = (order - half).to_bytes(48, "big")
refused("nor with its signature in the other form", "AccessDeniedException", kms.decrypt,
        "used already", Recipient={**once, "AttestationDocument": bytes(again)}, **decrypt)
refused("a context that is missing", "InvalidCiphertextException", kms.decrypt,
        CiphertextBlob=blob["CiphertextBlob"], Recipient=enclave.recipient())
refused("another context", "InvalidCiphertextException", kms.decrypt,
        CiphertextBlob=blob["CiphertextBlob"], EncryptionContext={**context, "model": "other"},
        Recipient=enclave.recipient())
torn = bytearray(blob["CiphertextBlob"])
torn[-1] ^= 1
refused("a ciphertext with one bit flipped", "InvalidCiphertextException", kms.decrypt,
        CiphertextBlob=bytes(torn), EncryptionContext=context, Recipient=enclave.recipient())
refused("a ciphertext of somebody else", "InvalidCiphertextException", kms.decrypt,
        CiphertextBlob=b"AQICAHh" * 20, Recipient=enclave.recipient())
refused("a ciphertext of another key than is named", "IncorrectKeyException", kms.decrypt,
        KeyId=made["KeyId"], Recipient=enclave.recipient(), **decrypt)
refused("a key that is not there", "NotFoundException", kms.encrypt, KeyId="alias/none",
        Plaintext=b"x")
refused("a key of another account", "NotFoundException", kms.encrypt, Plaintext=b"x",
        KeyId=f"arn:aws:kms:{REGION}:111111111111:key/{model}")
bound = create(policy(statement("kms:Encrypt"), statement(
    USES, **{**PINNED, "StringEquals": {"kms:EncryptionContext:model": "demo"}})), "bound")
sealed = kms.encrypt(KeyId=bound, Plaintext=secret, EncryptionContext=context)["CiphertextBlob"]
refused("a policy's context that is missing", "AccessDeniedException", kms.decrypt,
        "EncryptionContext:model is nothing", CiphertextBlob=sealed,
        Recipient=enclave.recipient())
equal(enclave.open(kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context,
                               Recipient=enclave.recipient())["CiphertextForRecipient"]), secret,
      "and with it")
soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
expired = create(policy(statement(["kms:*"], DateLessThan={"aws:CurrentTime": soon})), "expired")
refused("a policy that has ended", "AccessDeniedException", kms.encrypt, "CurrentTime is",
        KeyId=expired, Plaintext=b"x")
denied = create(policy(statement(["kms:*"]), statement("kms:Decrypt", effect="Deny")), "denied")
sealed = kms.encrypt(KeyId=denied, Plaintext=b"x")["CiphertextBlob"]
refused("what a statement denies", "AccessDeniedException", kms.decrypt, "denies",
        CiphertextBlob=sealed)
closed = tacit("keyd", "key", "create", "closed", "--dir", path("keys")).stdout.strip()
refused("a key without a policy", "AccessDeniedException", kms.encrypt, "no policy", KeyId=closed,
        Plaintext=b"x")
tacit("keyd", "key", "disable", "model", "--dir", path("keys"))
refused("a key that is disabled", "DisabledException", kms.decrypt, Recipient=enclave.recipient(),
        **decrypt)
tacit("keyd", "key", "enable", "model", "--dir", path("keys"))

# --- who asks ----------------------------------------------------------------------------------
refused("a caller that nobody knows", "UnrecognizedClientException",
        keyd.client("nobody").generate_random, NumberOfBytes=1)
refused("a signature under another secret", "InvalidSignatureException",
        keyd.client("forger").generate_random, NumberOfBytes=1)
tacit("keyd", "credential", "disable", "app", "--dir", path("keys"))
refused("a caller that is disabled", "UnrecognizedClientException", kms.generate_random,
        NumberOfBytes=1)
tacit("keyd", "credential", "enable", "app", "--dir", path("keys"))
elsewhere = boto3.client("kms", endpoint_url=keyd.url, region_name="eu-west-3",
                         verify=path("keys/tls.pem"), aws_access_key_id=credentials["app"][0],
                         aws_secret_access_key=credentials["app"][1],
                         config=Config(retries={"max_attempts": 0}))
refused("a signature for another region", "InvalidSignatureException", elsewhere.generate_random,
        "region", NumberOfBytes=1)
presigned = AWSRequest("POST", keyd.url + "/", {"X-Amz-Target": "TrentService.GenerateRandom"},
                       b'{"NumberOfBytes":1}')
SigV4QueryAuth(Credentials(*credentials["app"]), "kms", REGION, 86400).add_auth(presigned)
answer = URLLib3Session(verify=path("keys/tls.pem")).send(presigned.prepare())
equal((answer.status_code, json.loads(answer.content).get("__type")),
      (400, "MissingAuthenticationTokenException"), "a request presigned for a day")
refused("an operation that is not offered", "UnknownOperationException", kms.list_aliases)

# --- rotation ----------------------------------------------------------------------------------
tacit("keyd", "key", "rotate", "model", "--dir", path("keys"))
newer = kms.encrypt(KeyId=model, Plaintext=b"newer")["CiphertextBlob"]
for what, text in ((dict(CiphertextBlob=newer), b"newer"), (decrypt, secret)):
    sealed = kms.decrypt(Recipient=enclave.recipient(), **what)["CiphertextForRecipient"]
    equal(enclave.open(sealed), text, "a rotated key opens both versions")

# --- nonces of the broker ----------------------------------------------------------------------
import ssl
import urllib.request

trust = ssl.create_default_context(cafile=path("keys/tls.pem"))


def fresh():
    with urllib.request.urlopen(keyd.url + "/tacit/v1/nonce", context=trust) as f:
        return bytes.fromhex(json.load(f)["nonce"])


fresh_only = create(policy(statement("kms:Encrypt"), statement(
    USES, **{**PINNED, "Bool": {"tacit:FreshNonce": "true"}})), "fresh")
sealed = kms.encrypt(KeyId=fresh_only, Plaintext=secret)["CiphertextBlob"]
nonce = fresh()
answer = kms.decrypt(CiphertextBlob=sealed, Recipient=enclave.recipient(nonce=nonce))
equal(enclave.open(answer["CiphertextForRecipient"]), secret, "a document with the broker's nonce")
refused("that nonce in another document", "AccessDeniedException", kms.decrypt, "used already",
        CiphertextBlob=sealed, Recipient=enclave.recipient(nonce=nonce))
refused("a document without one", "AccessDeniedException", kms.decrypt, "FreshNonce is false",
        CiphertextBlob=sealed, Recipient=enclave.recipient())
refused("a nonce that the broker never gave", "AccessDeniedException", kms.decrypt,
        "FreshNonce is false", CiphertextBlob=sealed,
        Recipient=enclave.recipient(nonce=nonce[:31] + bytes([nonce[31] ^ 1])))

# --- Trustee's protocol ------------------------------------------------------------------------
import http.client

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Guest:
    """A guest of Confidential Containers, written from the protocol alone."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cookie = None
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "alg": "ECDH-ES+A256KW",
                    **{n: base64.urlsafe_b64encode(getattr(numbers, n).to_bytes(32, "big"))
                       .decode().rstrip("=") for n in "xy"}}

    def call(self, method, where, body=None, **headers):
        c = http.client.HTTPSConnection("localhost", int(keyd.port), context=trust, timeout=WAIT)
        if self.cookie:
            headers["Cookie"] = self.cookie
        c.request(method, "/kbs/v0/" + where, None if body is None else json.dumps(body),
                  {"Content-Type": "application/json", **headers})
        r = c.getresponse()
        if r.getheader("Set-Cookie"):
            self.cookie = r.getheader("Set-Cookie").split(";")[0]
        return r.status, json.loads(r.read() or b"null")

    def auth(self, **change):
        return self.call("POST", "auth", {"version": "0.4.0", "tee": "nitro", "extra-params": {
            "supported-hash-algorithms": ["sha256", "sha384", "sha512"]}, **change})

    def evidence(self, nonce, additional="", **how):
        runtime = {"nonce": nonce, "tee-pubkey": self.jwk}
        canonical = json.dumps({"additional-evidence": additional, **runtime}, sort_keys=True,
                               separators=(",", ":"), ensure_ascii=False)
        return {"init-data": None, "runtime-data": runtime, "tee-evidence": {
            "primary_evidence": {"evidence": base64.b64encode(document(
                user_data=hashlib.sha384(canonical.encode()).digest(), **how)).decode()},
            "additional_evidence": additional}}

    def attest(self, **how):
        nonce = self.auth()[1]["nonce"]
        return self.call("POST", "attest", self.evidence(nonce, **how))

    def open(self, jwe):
        header = json.loads(unb64(jwe["protected"]))
        # What its clients do: the header is written anew from what was read.
        again = json.dumps(header, separators=(",", ":")).encode()
        aad = base64.urlsafe_b64encode(again).rstrip(b"=")
        numbers = [int.from_bytes(unb64(header["epk"][n]), "big") for n in "xy"]
        peer = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
        info = b"".join([len(header["alg"]).to_bytes(4, "big"), header["alg"].encode(), bytes(8),
                         (256).to_bytes(4, "big")])
        kek = ConcatKDFHash(hashes.SHA256(), 32, info).derive(self.key.exchange(ec.ECDH(), peer))
        cek = keywrap.aes_key_unwrap(kek, unb64(jwe["encrypted_key"]))
        return AESGCM(cek).decrypt(unb64(jwe["iv"]), unb64(jwe["ciphertext"]) +
                                   unb64(jwe["tag"]), aad)


class SnpGuest(Guest):
    """One on SEV-SNP: its attester sends what the crate `sev` makes of the report, by serde."""

    TYPES = {"63da758d": "VCEK", "4ab7b379": "ASK", "c0b406a4": "ARK"}

    def auth(self, **change):
        return super().auth(**{"tee": "snp", **change})

    @staticmethod
    def tcb(b):
        return {"fmc": None, "bootloader": b[0], "tee": b[1], "snp": b[6], "microcode": b[7]}

    @staticmethod
    def firmware(b):
        return {"major": b[2], "minor": b[1], "build": b[0]}

    def members(self, raw):
        def number(at, size):
            return int.from_bytes(raw[at:at + size], "little")

        def array(at, size):
            return list(raw[at:at + size])

        return {
            "version": number(0, 4), "guest_svn": number(4, 4), "policy": number(8, 8),
            "family_id": array(0x10, 16), "image_id": array(0x20, 16), "vmpl": number(0x30, 4),
            "sig_algo": number(0x34, 4), "current_tcb": self.tcb(raw[0x38:]),
            "plat_info": number(0x40, 8), "key_info": number(0x48, 4),
            "report_data": array(0x50, 64), "measurement": array(0x90, 48),
            "host_data": array(0xc0, 32), "id_key_digest": array(0xe0, 48),
            "author_key_digest": array(0x110, 48), "report_id": array(0x140, 32),
            "report_id_ma": array(0x160, 32), "reported_tcb": self.tcb(raw[0x180:]),
            "cpuid_fam_id": raw[0x188], "cpuid_mod_id": raw[0x189], "cpuid_step": raw[0x18a],
            "chip_id": array(0x1a0, 64), "committed_tcb": self.tcb(raw[0x1e0:]),
            "current": self.firmware(raw[0x1e8:]), "committed": self.firmware(raw[0x1ec:]),
            "launch_tcb": self.tcb(raw[0x1f0:]), "launch_mit_vector": number(0x1f8, 8),
            "current_mit_vector": number(0x200, 8),
            "signature": {"r": array(0x2a0, 72), "s": array(0x2e8, 72)}}

    def chain(self, table):
        entries = []
        for at in range(0, len(table), 24):
            kind = self.TYPES.get(table[at:at + 4].hex())
            if kind is None:
                return entries
            start, size = (int.from_bytes(table[at + n:at + n + 4], "little") for n in (16, 20))
            entries.append({"cert_type": kind, "data": list(table[start:start + size])})
        return entries

    def evidence(self, nonce, additional="", change=None):
        runtime = {"nonce": nonce, "tee-pubkey": self.jwk}
        canonical = json.dumps({"additional-evidence": additional, **runtime}, sort_keys=True,
                               separators=(",", ":"), ensure_ascii=False)
        self.raw = reports(hashlib.sha384(canonical.encode()).digest())
        primary = {"attestation_report": self.members(self.raw),
                   "cert_chain": self.chain(self.raw[1184:])}
        if change:
            change(primary)
        return {"init-data": None, "runtime-data": runtime, "tee-evidence": {
            "primary_evidence": primary, "additional_evidence": additional}}


def told(name, answer, status, error, why=""):
    ok(answer[0] == status and answer[1].get("type", "").endswith("/errors/" + error) and
       why in answer[1].get("detail", ""), name, answer)


write("resource", "a resource of the guest")
appraisal = write("appraisal.json", {"schema": "tacit.policy/1", "alternatives": [
    {"platform": "nitro", "measurements": {f"pcr{n}": PCR[n].hex() for n in PCR}}]})
tacit("keyd", "key", "create", "default/key/1", "--dir", path("keys"), "--resource",
      path("resource"), "--appraisal", appraisal)
tacit("keyd", "key", "create", "default/key/closed", "--dir", path("keys"), "--resource",
      path("resource"))
image = policy({**statement("kbs:GetResource", **PINNED)})
tacit("keyd", "key", "create", "default/key/aws", "--dir", path("keys"), "--resource",
      path("resource"), "--policy", write("policy.json", image))
guest = Guest()
status, challenge = guest.auth()
equal((status, challenge["extra-params"]), (200, {"selected-hash-algorithm": "sha384"}),
      "auth chooses SHA-384")
equal(len(base64.b64decode(challenge["nonce"])), 32, "and gives a nonce of 32 bytes")
evidence = guest.evidence(challenge["nonce"], additional='{"nvidia":{}}')
status, answer = guest.call("POST", "attest", evidence)
equal(status, 200, "attest takes evidence over nonce and key")
status, jwe = guest.call("GET", "resource/default/key/1")
equal((status, status == 200 and guest.open(jwe)), (200, b"a resource of the guest"),
      "the guest opens its resource")
status, jwe = guest.call("GET", "resource/default/key/aws")
equal(status == 200 and guest.open(jwe), b"a resource of the guest",
      "and one whose policy is in AWS's form")
payload = json.loads(unb64(answer["token"].split(".")[1]))
cpu = payload["submods"]["cpu0"]
equal((payload["eat_profile"], cpu["ear.status"], payload["exp"] - payload["iat"]),
      ("tag:github.com,2024:confidential-containers/Trustee", "contraindicated", 300),
      "the token is an EAR, which says that a test root is trusted")
equal(cpu["ear.veraison.annotated-evidence"]["runtime_data_claims"]["tee-pubkey"], guest.jwk,
      "and whose key it is about, where Trustee's readers look")
bare = Guest()
status, jwe = bare.call("GET", "resource/default/key/1", Authorization="Bearer " + answer["token"])
equal(status == 200 and guest.open(jwe), b"a resource of the guest", "the token does for the cookie")
told("a token that was changed", bare.call("GET", "resource/default/key/1",
     Authorization="Bearer " + answer["token"][:-6] + "AAAAAA"), 401, "Unauthenticated")
told("a resource without a policy", guest.call("GET", "resource/default/key/closed"), 403,
     "PolicyDeny", "no policy")
told("a resource that is not there", guest.call("GET", "resource/default/key/2"), 404,
     "ResourceNotFound")
told("a key of KMS is no resource", guest.call("GET", "resource/default/key/model"), 404,
     "ResourceNotFound")
for where in ("default/key", "default/key/1/2", "../key/1", "default//1", "default%2fkey/1/1",
              "default/key/.hidden"):
    told(f"resource/{where}", guest.call("GET", "resource/" + where), 404, "InvalidRequestPath")
told("a guest that has not attested", Guest().call("GET", "resource/default/key/1"), 401,
     "Unauthenticated")
told("the same evidence again", guest.call("POST", "attest", evidence), 401, "AttestationError",
     "used already")
told("another version", Guest().auth(version="0.3.0"), 401, "ProtocolVersion")
told("a TEE that nobody judges", Guest().auth(tee="sample"), 401, "ProtocolVersion")
told("no hash that is offered", Guest().auth(**{"extra-params": {
    "supported-hash-algorithms": ["sha256"]}}), 401, "ProtocolVersion")
other_guest = Guest()
told("another image", (other_guest.attest(pcr=other),
                       other_guest.call("GET", "resource/default/key/1"))[1], 403, "PolicyDeny")
told("and by AWS's form", other_guest.call("GET", "resource/default/key/aws"), 403, "PolicyDeny",
     "ImageSha384 is 01")
told("a debug guest", Guest().attest(debug=True), 401, "AttestationError", "debug")
thief = Guest()
nonce = thief.auth()[1]["nonce"]
stolen = guest.evidence(nonce)
stolen["runtime-data"]["tee-pubkey"] = thief.jwk
told("another key than the evidence binds", thief.call("POST", "attest", stolen), 401,
     "AttestationError")
nonce = thief.auth()[1]["nonce"]
changed = thief.evidence(nonce)
changed["tee-evidence"]["additional_evidence"] = "{}"
told("other additional evidence than is bound", thief.call("POST", "attest", changed), 401,
     "AttestationError")
first, second = Guest(), Guest()
mixed = first.evidence(first.auth()[1]["nonce"])
second.auth()
told("a nonce of another session", second.call("POST", "attest", mixed), 401, "AttestationError",
     "another session")
made_up = Guest()
made_up.auth()
told("a nonce that was never given", made_up.call("POST", "attest", made_up.evidence(
    base64.b64encode(bytes(32)).decode())), 401, "AttestationError", "not a nonce")
told("no JSON", guest.call("POST", "attest", "x"), 400, "InvalidRequest")

# --- a guest on SEV-SNP ------------------------------------------------------------------------
measured = {"platform": "snp", "measurements": {"measurement": reports(b"")[0x90:0xc0].hex()}}
for name, value in (("snp", measured["measurements"]["measurement"]), ("snp-other", "07" * 48)):
    tacit("keyd", "key", "create", "default/key/" + name, "--dir", path("keys"), "--resource",
          path("resource"), "--appraisal", write("snp.json", {
              "schema": "tacit.policy/1",
              "alternatives": [{**measured, "measurements": {"measurement": value}}]}))
snp = SnpGuest()
nonce = snp.auth()[1]["nonce"]
status, answer = snp.call("POST", "attest", snp.evidence(nonce))
equal((status, "token" in answer), (200, True), "attest takes what the agent of an SNP guest sends")
status, jwe = snp.call("GET", "resource/default/key/snp")
equal(status == 200 and snp.open(jwe), b"a resource of the guest", "which opens its resource")
told("not one for another measurement", snp.call("GET", "resource/default/key/snp-other"), 403,
     "PolicyDeny")
told("nor one for Nitro", snp.call("GET", "resource/default/key/1"), 403, "PolicyDeny")


def without_chain(primary):
    primary["cert_chain"] = None


def vmpl(primary):
    primary["attestation_report"]["vmpl"] = 1


def other_data(primary):
    primary["attestation_report"]["report_data"][0] ^= 1


def unknown(primary):
    primary["attestation_report"]["new_field"] = 0


def lacking(primary):
    del primary["attestation_report"]["measurement"]


for name, change, why in (("without certificates", without_chain, ""),
                          ("with a changed VMPL", vmpl, "signature"),
                          ("with other report data", other_data, "signature"),
                          ("with a field that nobody knows", unknown, "no known version"),
                          ("without its measurement", lacking, "lacks")):
    told("a report " + name, snp.attest(change=change), 401, "AttestationError", why)
nonce = snp.auth()[1]["nonce"]
stolen = snp.evidence(nonce)
stolen["runtime-data"]["tee-pubkey"] = thief.jwk
told("a report for another key", snp.call("POST", "attest", stolen), 401, "AttestationError")
equal([r["platform"] for r in rows() if r["verdict"] == "released"][-1], "snp",
      "the log says which platform it was")

tacit("keyd", "key", "disable", "default/key/1", "--dir", path("keys"))
told("a resource that is disabled", guest.call("GET", "resource/default/key/1"), 403, "PolicyDeny",
     "disabled")
gone = [r for r in rows() if r["op"] in ("Attest", "GetResource")]
equal({(r["op"], r["verdict"]) for r in gone},
      {("Attest", "verified"), ("GetResource", "released"), ("GetResource", "refused")},
      "sessions and resources are in the log")

# --- the aws CLI -------------------------------------------------------------------------------
if shutil.which("aws"):
    environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": path("app.aws"),
                   "AWS_DEFAULT_REGION": REGION, "AWS_CA_BUNDLE": path("keys/tls.pem")}

    def aws(*args):
        return subprocess.run(["aws", "kms", "--endpoint-url", keyd.url, *args], text=True,
                              capture_output=True, env=environment, timeout=WAIT)

    with open(path("blob"), "wb") as f:
        f.write(blob["CiphertextBlob"])
    with open(path("document"), "wb") as f:
        f.write(document(enclave.spki))
    ran = aws("decrypt", "--ciphertext-blob", "fileb://" + path("blob"), "--encryption-context",
              json.dumps(context), "--recipient",
              "KeyEncryptionAlgorithm=RSAES_OAEP_SHA_256,AttestationDocument=" +
              base64.b64encode(document(enclave.spki)).decode())
    ok(ran.returncode == 0, "aws kms decrypt with a recipient", ran.stderr)
    if ran.returncode == 0:
        sealed = base64.b64decode(json.loads(ran.stdout)["CiphertextForRecipient"])
        equal(enclave.open(sealed), secret, "gives what the enclave opens")
    ran = aws("decrypt", "--ciphertext-blob", "fileb://" + path("blob"), "--encryption-context",
              json.dumps(context))
    ok(ran.returncode != 0 and "AccessDeniedException" in ran.stderr,
       "and without one it is told AccessDeniedException", ran.stderr)
else:
    skip("the aws CLI", "it is not there")

# --- a log that cannot be written --------------------------------------------------------------
holder = sqlite3.connect(path("keys/store.db"), isolation_level=None)
holder.execute("BEGIN IMMEDIATE")
refused("nothing is released that cannot be logged", "KMSInternalException",
        keyd.client(read_timeout=WAIT).decrypt, "audit log", Recipient=enclave.recipient(), **decrypt)
holder.execute("ROLLBACK")
holder.close()
ok("CiphertextForRecipient" in kms.decrypt(Recipient=enclave.recipient(), **decrypt),
   "and it is again once it can")
kms.generate_random(NumberOfBytes=1)

# --- a store that somebody else wrote to ---------------------------------------------------------
def meddle(sql, *args):
    with sqlite3.connect(path("keys/store.db")) as db:
        db.execute(sql, args)


(pinned,) = sqlite3.connect(path("keys/store.db")).execute(
    "SELECT policy FROM keys WHERE id = ?", (model,)).fetchone()
meddle("UPDATE keys SET policy = ? WHERE id = ?", policy(statement("kms:*")), model)
refused("a policy that was widened in the file opens nothing", "KMSInternalException", kms.decrypt,
        "'model' was changed by something other than this broker", **decrypt)
meddle("UPDATE keys SET policy = ? WHERE id = ?", pinned, model)
ok("CiphertextForRecipient" in kms.decrypt(Recipient=enclave.recipient(), **decrypt),
   "put back as it was it counts again")
meddle("UPDATE credentials SET admin = 1 WHERE name = 'app'")
refused("a user who was made an administrator in the file is nobody", "KMSInternalException",
        kms.list_keys, "the store cannot be read")
with open(path("serve.log")) as f:
    ok("the row of credential 'app' was changed" in f.read(), "the server says which row it is")
meddle("UPDATE credentials SET admin = 0 WHERE name = 'app'")
refused("put back, the user is one again", "AccessDeniedException", kms.list_keys)
refused("to end with: a refusal", "AccessDeniedException", kms.decrypt, **decrypt)

# --- the log -----------------------------------------------------------------------------------
log = rows()
equal([r["seq"] for r in log], list(range(1, len(log) + 1)), "the log has every number")
told = [r for r in log if r["verdict"] == "released" and r["op"] == "Decrypt"]
ok(told and all(r["who"] == "app" and r["insecure"] == ["insecure-test-root"] for r in told),
   "released rows say who and what was insecure")
ok(all(re.fullmatch("[0-9a-f]{64}", r["evidence"]) for r in told if r["platform"]),
   "and name the evidence by its hash")
equal(log[-1]["verdict"], "refused", "a refusal is a row, too")
reasons = " ".join(r["reason"] or "" for r in log)
ok("DisabledException" in reasons and "ImageSha384 is 01" in reasons, "with its reason", reasons)
exported = tacit("keyd", "log", "--dir", path("keys")).stdout
with open(path("serve.log")) as f:
    said = f.read()
with open(path("keys/store.db"), "rb") as f:
    stored = f.read()
hunted = {"the secret": secret, "a data key": data_key, "an access key's secret":
          credentials["app"][1].encode()}
for name, value in hunted.items():
    forms = [value, value.hex().encode(), base64.b64encode(value)]
    ok(not any(form in text for form in forms
               for text in (exported.encode(), said.encode(), stored)),
       f"{name} is in no log, and not in the store as it is")
ran = tacit("keyd", "log", "--dir", path("keys"), "--verify", "--json")
whole = json.loads(ran.stdout)
equal(whole["rows"] >= len(log), True, "keyd log --verify finds it whole")
lines = exported.splitlines()
body, tail = lines[4][:-len(',"hash":"' + "0" * 64 + '"}')], lines[4][-66:-2]
equal(hashlib.sha256((body + "}").encode()).hexdigest(), tail,
      "a row's hash is that of the line without it")
write("log", exported)
tacit("keyd", "log", "--verify", path("log"))
for name, change in (("changed", lambda l: [l[0], l[1].replace("operator", "Operator")] + l[2:]),
                     ("left out", lambda l: l[:3] + l[4:]),
                     ("swapped", lambda l: l[:3] + [l[4], l[3]] + l[5:]),
                     ("twice", lambda l: l[:4] + l[3:])):
    write("log", "\n".join(change(lines)) + "\n")
    ok(tacit("keyd", "log", "--verify", path("log"), code=1).returncode == 1,
       f"a log with a row {name} is refused")
write("log", "\n".join(lines[:-1]) + "\n")
ok(tacit("keyd", "log", "--verify", path("log"), "--head",
         json.loads(lines[-1])["hash"], code=1).returncode == 1,
   "a log whose end was cut off lacks the head that was noted")

# --- who may be there without a test root ------------------------------------------------------
equal(keyd.stop(), 0, "SIGTERM ends it")
keyd = Keyd()
kms = keyd.client()
equal(keyd.ready["insecure"], [], "without the test root nothing is insecure")
refused("and documents under it are refused", "ValidationException", kms.decrypt,
        Recipient=enclave.recipient(), **decrypt)
equal(keyd.stop(), 0, "it ends")

# --- sealed models -----------------------------------------------------------------------------
keyd = Keyd("--insecure-accept-stub")
equal(keyd.ready["insecure"], ["insecure-accept-stub"], "the stand-in is taken, and that is said")
own = policy(statement("kms:Encrypt"), statement("kms:Decrypt", StringEquals={
    "tacit:Platform": "stub", "kms:EncryptionContext:tacit-model": "demo"}))
sealing = create(own, "sealing")
with open(path("weights"), "wb") as f:
    f.write(os.urandom(200000))
subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "ED25519", "-out",
                path("publisher.pem")], check=True)
way = ["--kms-ca", path("keys/tls.pem"), "--kms-credentials", path("app.aws")]
broker = f"broker:{keyd.url}/sealing"
tacit("model", "seal", path("weights"), "--to", broker, "--model-id", "demo", "--sign",
      path("publisher.pem"), "-o", path("sealed"), *way)


def open_model(folder, code=0, identity=broker):
    return tacit("model", "open", path("sealed"), "-i", identity, "-o", path(folder),
                 "--insecure-any-publisher", "--kms-tee", "stub", *way, code=code)


open_model("opened")
with open(path("opened/weights"), "rb") as a, open(path("weights"), "rb") as b:
    ok(a.read() == b.read(), "a model that is sealed for the broker opens")
open_model("by_id", code=5, identity=f"broker:{keyd.url}/{sealing}")
ran = open_model("other", code=2, identity=f"broker:{keyd.url}/../keys")
ok("https://HOST:PORT/KEY" in ran.stderr, "what is no key of a broker", ran.stderr)
tacit("keyd", "key", "policy", "set", "sealing", write("policy.json", own.replace('"demo"', '"x"')),
      "--dir", path("keys"))
ran = open_model("wrong", code=1)
ok("AccessDeniedException" in ran.stderr and not os.path.exists(path("wrong/weights")),
   "not under a policy for another model", ran.stderr)
changed = policy(statement("kms:Decrypt", **PINNED))
tacit("keyd", "key", "policy", "set", "sealing", write("policy.json", changed), "--dir",
      path("keys"))
ran = open_model("image", code=1)
ok("AccessDeniedException" in ran.stderr, "nor for another image", ran.stderr)
equal(keyd.stop(), 0, "it ends")

# --- kill -9 -----------------------------------------------------------------------------------
ROUNDS = int(os.environ.get("TACIT_KEYD_ROUNDS", "12"))
released, broken = [], []
for turn in range(ROUNDS):
    keyd = Keyd("--insecure-test-root", path("root.der"))
    workers = []

    def ask(client):
        try:
            while True:
                request = dict(KeyId=model, KeySpec="AES_128", Recipient=enclave.recipient())
                client.generate_data_key(**request)
                released.append(hashlib.sha256(
                    request["Recipient"]["AttestationDocument"]).hexdigest())
        except ClientError as e:
            broken.append(repr(e))
        except BotoCoreError:
            pass  # the connection was cut, wherever it was

    lock = threading.Lock()
    plain_document = document

    def serialised(*a, **k):
        with lock:
            return plain_document(*a, **k)

    document = serialised
    count = len(released)
    for _ in range(2):
        workers.append(threading.Thread(target=ask, args=(keyd.client(),)))
        workers[-1].start()
    until = time.time() + WAIT
    while len(released) < count + 1 + turn % 5 and time.time() < until and not broken:
        time.sleep(0.002)
    keyd.stop(signal.SIGKILL)
    for worker in workers:
        worker.join()
    document = plain_document
logged = {r["evidence"] for r in rows() if r["verdict"] == "released"}
ok(len(released) >= ROUNDS and not broken, f"{ROUNDS} times killed at work", broken[:3])
equal([e for e in released if e not in logged], [], "every release that was answered is logged")
tacit("keyd", "log", "--dir", path("keys"), "--verify")
keyd = Keyd("--insecure-test-root", path("root.der"))
sealed = keyd.client().decrypt(Recipient=enclave.recipient(), **decrypt)["CiphertextForRecipient"]
equal(enclave.open(sealed), secret, "and no key is lost")
keyd.stop()
done()
