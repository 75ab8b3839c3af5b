#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what the documents say: every command in README.md, docs/*.md, the manual pages and the
examples of --help, in a folder that has what a reader would have by then; every policy they show;
and every command and option that prose names exists."""

import atexit
import glob
import re
import shlex
import sys

sys.dont_write_bytecode = True
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import *

TACIT = os.path.abspath(TACIT)
if not os.path.exists(TACIT) or not os.path.exists(MODEL):
    print("1..0 # SKIP build/tacit or models/demo.gguf is not there")
    sys.exit(0)

# Commands that do not run here, and what runs them instead. Each must be a file of this tree.
ELSEWHERE = {
    "./do demo": "tests/e2e/demo.t",
    "./do check": "tools/check-all",
    "./do bench": "bench/run",
    "./do fuzz": "tests/gates/fuzz.t",
    "./do lint": "tests/gates/lint.t",
    "./do deps": "tools/deps/llama.sh",
    "./do build": "tools/check-all",
    "bench/": "bench/run",
    "build/release/bench/": "bench/run",
    "make": "tests/gates/install.t",
    "cc examples/": "tests/gates/install.t",
    "tacit model import": "tests/e2e/minilm.t",
    "tacit model fetch": "tests/e2e/source.t",
    "tacit image build --kernel bzImage --ctx 4096 --model s3://": "tests/cli/eif.t",
    "tacit serve --model https://": "tests/e2e/source_serve.t",
    "tacit serve --model s3://": "tests/e2e/source_s3.t",
    "tacit relay --egress vsock:any:8001 --aws-credentials": "tests/e2e/source_s3.t",
    "age-keygen": "tests/cli/model_seal.t",
    "tacit model seal": "tests/cli/model_seal.t",
    "tacit model open": "tests/cli/model_seal.t",
    "tacit model verify": "tests/cli/model_seal.t",
    "tacit model inspect": "tests/cli/model_seal.t",
    "tacit model reseal": "tests/cli/model_seal.t",
    "tacit model convert": "tests/cli/model_convert.t",
    "tacit model sign": "tests/cli/model_seal.t",
    "tacit serve --model demo.sealed": "tests/e2e/sealed.t",
    "openssl genpkey": "tests/cli/policy_sign.t",
    "tacit policy sign": "tests/cli/policy_sign.t",
    "tacit policy verify": "tests/cli/policy_sign.t",
    "tacit verify --policy policy.json --policy-key": "tests/cli/policy_sign.t",
    "tacit ping vsock:": "tests/e2e/relay_process.t",
    "systemctl": "tests/e2e/relay_systemd.t",
    "tacit doctor": "tests/cli/doctor.t",
    "tacit derive snp": "tests/cli/derive_snp.t",
    "tacit run --eif": "tests/cli/run.t",
    "tacit run --emulate --test-root root.der --eif": "tests/emulation/run.t",
    "tacit ps": "tests/cli/run.t",
    "tacit console": "tests/emulation/run.t",
    "tacit stop": "tests/cli/run.t",
    "tacit image build --kernel vmlinuz": "tests/emulation/enclave.t",
    "tacit infer --server tcp:203.0.113.7:8443": "tests/emulation/enclave.t",
    "tacit infer --server unix:relay.sock": "tests/emulation/enclave.t",
    "tacit receipt verify --evidence evidence.bin --policy server.policy": "tests/emulation/enclave.t",
    "tacit measure": "tests/cli/measure.t",
    "tacit collateral ": "tests/e2e/collateral.t",
    "tacit keyd rekey": "tests/cli/keyd.t",
    "tacit keyd ": "tests/e2e/keyd.t",
    "tacit kms ": "tests/e2e/kms.t",
    "tacit policy kms": "tests/cli/policy_kms.t",
    "tacit serve --model llama.sealed --model-key aws-kms:": "tests/cli/kms.t",
}
# First words by which a line of an unmarked block is known to be a command.
WORDS = ("tacit", "./do", "make", "cc", "curl", "sqlite3", "openssl", "export", "eval", "bench/",
         "build/", "tools/", "python3", "pip", "npm", "cat", "cp")
JUDGES = ("verify", "explain", "receipt verify", "infer", "connect", "policy init")


def is_command(line):
    words = line.split()
    return bool(words) and any(words[0] == w or (w.endswith("/") and words[0].startswith(w))
                               for w in WORDS)


def joined(lines):
    """Lines that end in a backslash go on in the next one."""
    out, held = [], ""
    for line in lines:
        held += line.strip()
        if held.endswith("\\"):
            held = held[:-1]
            continue
        out.append(held)
        held = ""
    return out


def from_markdown(text):
    commands, policies = [], []
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M)
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    blocks += [("", b) for b in re.findall(r"(?:^ {4}\S.*\n)+", rest, re.M)]
    for kind, block in blocks:
        if kind == "json" and "tacit.policy/1" in block:
            policies.append(block)
        if kind not in ("", "sh", "bash", "console"):
            continue
        for line in joined(block.splitlines()):
            line = re.sub(r"^\$ ", "", line)
            if is_command(line):
                commands.append(line)
            elif kind in ("sh", "bash") and line and not line.startswith("#"):
                commands.append(line)
    return commands, policies


def from_manual(text):
    commands = [line.replace(r"\(dq", '"').replace(r"\-", "-").replace(r"\(aq", "'")
                for line in re.findall(r"^\.Dl \$ (.*)$", text, re.M)]
    policies = [b for b in re.findall(r"^\.Bd .*?\n(.*?)^\.Ed$", text, re.S | re.M)
                if "tacit.policy/1" in b]
    return commands, policies


def tacit(*args):
    return subprocess.run([TACIT, *args], capture_output=True, text=True, timeout=WAIT)


OVERVIEW = tacit("--help").stdout
VERBS = {}
for name in re.findall(r"^  ([a-z]+(?: [a-z-]+)?)  +\S", OVERVIEW, re.M):
    if name.startswith("tacit "):
        continue
    text = tacit(*name.split(), "--help").stdout
    VERBS[name] = (text, set(re.findall(r"--[a-z0-9-]+|(?<=\s)-[a-z](?=,)", text)))
ok(len(VERBS) >= 10, f"there are {len(VERBS)} commands")

# --- what a reader has ------------------------------------------------------------------------
home = tempfile.TemporaryDirectory()
bin_folder = os.path.join(home.name, "bin")
os.mkdir(bin_folder)
os.symlink(TACIT, os.path.join(bin_folder, "tacit"))
kit = os.path.join(home.name, "kit")
os.mkdir(kit)
fixture = Serve()
atexit.register(fixture.process.kill)
SERVER = fixture.ready["listen"]
PORT = SERVER.rsplit(":", 1)[1]


def made(name, *args):
    run = tacit(*args)
    ok(run.returncode == 0, f"to begin with: {name}", run.stderr)


def path(name):
    return os.path.join(kit, name)


def openssl(*args):
    subprocess.run(["openssl", *args], cwd=kit, check=True, capture_output=True, timeout=WAIT)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


made("a policy", "policy", "init", "--insecure-accept-stub", "--server", SERVER, "-o",
     path("policy.json"))
made("an answer", "infer", "--insecure-accept-stub", "--server", SERVER, "--policy",
     path("policy.json"), "--receipt", path("receipt.bin"), "--evidence", path("evidence.bin"),
     "--max-tokens", "8", "Hello")
openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-subj",
        "/CN=signer", "-keyout", "key.pem", "-out", "cert.pem")
openssl("pkey", "-in", "key.pem", "-pubout", "-out", "verifier.pem")
made("a token", "verify", "--insecure-accept-stub", "--policy", path("policy.json"), "--ear",
     path("result.jwt"), "--ear-key", path("key.pem"), path("evidence.bin"))
shutil.copy(TACIT, path("app"))
shutil.copy(os.path.join(os.path.dirname(os.path.realpath(TACIT)), "tacit-init"), kit)
os.symlink(os.path.join(ROOT, "models/demo.gguf"), path("model.gguf"))
with open(path("bzImage"), "wb") as f:
    f.write(b"a kernel that nothing boots here")
for name in ("app.eif", "old.eif", "new.eif"):
    made("an image", "eif", "build", "--kernel", path("bzImage"), "--init", path("tacit-init"),
         "--file", path("app") + ":/app", "--arg", "/app", "-o", path(name))
with open(path("measurements.json"), "w") as f:
    f.write(tacit("eif", "measure", path("app.eif")).stdout)


class Running:
    """A command that goes on until it is stopped, once it has said that it is ready."""

    def __init__(self, command, where, environment):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["bash", "-c", "exec " + command], cwd=where,
                                        env=environment, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        until(lambda: self.process.poll() is not None or "event=ready" in self.words())
        self.up = self.process.poll() is None

    def words(self):
        return os.pread(self.log.fileno(), 65536, 0).decode(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT)


ENVIRONMENT = dict(os.environ, PATH=bin_folder + ":" + os.environ["PATH"])
LOCAL = free_port()
store = Running(f"tacit connect --insecure-accept-stub --server {SERVER} --policy policy.json "
                f"--listen tcp:127.0.0.1:{LOCAL} --store receipts.sqlite", kit, ENVIRONMENT)
ok(store.up, "to begin with: a local endpoint", store.words())
c = http.client.HTTPConnection("127.0.0.1", LOCAL, timeout=WAIT)
c.request("POST", "/v1/completions", json.dumps({"prompt": "The", "max_tokens": 2}),
          {"Content-Type": "application/json"})
ok(c.getresponse().status == 200, "to begin with: an answer in the store")
c.close()
store.stop()


# --- running ----------------------------------------------------------------------------------
def verb_of(command):
    words = command.split()
    for count in (2, 1):
        name = " ".join(words[1:1 + count])
        if words and words[0] == "tacit" and name in VERBS:
            return name
    return None


def covered(name, command):
    for start, by in ELSEWHERE.items():
        if command.startswith(start):
            ok(os.path.exists(os.path.join(ROOT, by)), f"{name}: '{command}' is run by {by}")
            return True
    program = shlex.split(command)[0]
    if not shutil.which(program, path=ENVIRONMENT["PATH"]) and program not in ("export", "eval"):
        skip(f"{name}: {command}", f"{program} is not installed")
        return True
    return False


def run(command, where):
    return subprocess.run(["bash", "-c", command], cwd=where, env=ENVIRONMENT, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=2 * WAIT)


def lasting(name, command, where, running):
    process = Running(command, where, ENVIRONMENT)
    ok(process.up, f"{name}: {command}", process.words())
    running.append((command, process))


def one(name, command, ports, where, running):
    if covered(name, command):
        return
    verb = verb_of(command)
    real = re.sub(r"(127\.0\.0\.1|0\.0\.0\.0):8443", f"127.0.0.1:{ports[0]}", command)
    real = real.replace("127.0.0.1:8080", f"127.0.0.1:{ports[1]}").replace("HOST:PORT",
                                                                        f"127.0.0.1:{ports[0]}")
    if verb == "connect" and "--listen" not in real:
        real += f" --listen tcp:127.0.0.1:{ports[1]}"
    # Written for a TEE: here it must be refused for that reason alone, and go well without it.
    if verb in JUDGES and "--insecure-accept-stub" not in command:
        result = run(real, where)
        words = result.stdout + result.stderr
        ok(result.returncode == 1 and "--insecure-accept-stub" in words,
           f"{name}: {command} (refuses the stub)", words)
        real += " --insecure-accept-stub"
    # The token of a stand-in is genuine and contraindicated.
    if verb == "ear verify":
        result = run(real, where)
        ok(result.returncode == 1 and "contraindicated" in result.stdout,
           f"{name}: {command} (of the stub)", result.stdout + result.stderr)
        real += " --any-status"
    if verb in ("serve", "connect", "relay") and "--check" not in command or "--echo" in command:
        lasting(name, real, where, running)
        return
    result = run(real, where)
    ok(result.returncode == 0, f"{name}: {command}", result.stdout + result.stderr)


def run_all(name, commands):
    """The commands of one document, in order; servers that they start stay up to its end."""
    where = tempfile.mkdtemp(dir=home.name)
    for file in os.listdir(kit):
        shutil.copy(path(file), where, follow_symlinks=False)
    for folder in ("models", "examples", "docs", "tools", "deploy"):
        os.symlink(os.path.join(ROOT, folder), os.path.join(where, folder))
    own = any(verb_of(command) in ("serve", "relay") for command in commands)
    ports = (free_port() if own else int(PORT), free_port())
    running = []
    for command in commands:
        one(name, command, ports, where, running)
    for command, process in reversed(running):
        code = process.stop()
        ok(code == 0, f"{name}: {command.split()[1]} stops when asked", f"exit {code}")


# --- policies ---------------------------------------------------------------------------------
def filled(text):
    """Values that were shortened for the reader, in their full length."""
    def pad(match):
        digits, length = match.group(1), match.group(2)
        start = text.rfind('"', 0, match.start())
        named = text[text.rfind('"', 0, start) + 1:start] if start >= 0 else ""
        wide = "pcr" in named or "mrtd" in named or "rtmr" in named or named == "measurement"
        size = int(length) if length else 96 if wide else 64
        return '"' + (digits or "ab").ljust(size, "0") + '"'
    return re.sub(r'"([0-9a-f]*)\.\.\.(?:(\d+) hex digits)?"', pad, text)


def check_policy(name, text):
    result = subprocess.run([TACIT, "policy", "check"], input=filled(text), text=True,
                            capture_output=True, timeout=WAIT)
    ok(result.returncode == 0, f"{name}: the policy is one", result.stderr + filled(text))


# --- prose ------------------------------------------------------------------------------------
def check_mentions(name, text):
    """`tacit verb --option` in prose: the verb and its options exist."""
    bad = []
    for mention in re.findall(r"`(tacit [a-z][^`]*)`", text):
        verb = verb_of(mention)
        if not verb and mention.split()[1] not in [v.split()[0] for v in VERBS]:
            if not any(mention.startswith(start) for start in ELSEWHERE):
                bad.append(mention)
            continue
        for option in re.findall(r"(?<=\s)--[a-z0-9-]+", mention):
            if verb and option not in VERBS[verb][1]:
                bad.append(mention)
    ok(not bad, f"{name}: what it calls commands are commands", "; ".join(bad))


def check_paths(name, text):
    """`src/...` in prose: the file or folder is there."""
    folders = "abi|bench|cmd|deploy|docs|examples|fuzz|include|man|models|src|tests|tools"
    paths = re.findall(rf"`((?:(?:{folders})/[\w./-]*|[A-Z]+\.md))`", text)
    bad = sorted({p for p in paths if "/x/" not in p and
                  not os.path.exists(os.path.join(ROOT, p))})
    ok(not bad, f"{name}: the {len(paths)} files that it names are there", " ".join(bad))


documents = [os.path.join(ROOT, "README.md")] + sorted(glob.glob(os.path.join(ROOT, "docs/*.md")))
for document in sorted(glob.glob(os.path.join(ROOT, "docs/adr/*.md")) +
                       glob.glob(os.path.join(ROOT, "examples/*/README.md")) +
                       [os.path.join(ROOT, n) for n in ("CONTRIBUTING.md", "SECURITY.md")]):
    with open(document) as f:
        text = f.read()
    check_mentions(os.path.relpath(document, ROOT), text)
    check_paths(os.path.relpath(document, ROOT), text)
total = 0
for document in documents:
    name = os.path.relpath(document, ROOT)
    with open(document) as f:
        text = f.read()
    commands, policies = from_markdown(text)
    total += len(commands)
    run_all(name, commands)
    for policy in policies:
        check_policy(name, policy)
    check_mentions(name, text)
    check_paths(name, text)
for page in sorted(glob.glob(os.path.join(ROOT, "man", "*.[1357]"))):
    name = os.path.relpath(page, ROOT)
    with open(page) as f:
        commands, policies = from_manual(f.read())
    total += len(commands)
    if page.endswith(".1"):
        ok(commands, f"{name}: has an example")
    run_all(name, commands)
    for policy in policies:
        check_policy(name, policy)
run_all("tacit --help", re.findall(r"^  (tacit .*)$", OVERVIEW, re.M))
for verb, (text, _) in VERBS.items():
    example = text.rsplit("Example:\n", 1)[1].strip()
    total += 1
    ok(verb_of(example) == verb or "completion" in example, f"{verb} --help: the example is of it")
    run_all(f"{verb} --help", [example])
ok(total >= 30, f"{total} commands were found")
equal(fixture.stop(), 0, "the server of this test stops")
done()
