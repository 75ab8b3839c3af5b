#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/: units of systemd, what an image holds, the chart and the manifests made from it. What a
tool is wanted for that is not there is skipped, and said."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from serving import *

os.chdir(ROOT)
PROGRAM = os.path.realpath(TACIT)
DEPS = os.environ.get("TACIT_TEST_DEPS", "build/deps")
CLASSES = {"kata-qemu-tdx": "tdx", "kata-qemu-snp": "snp", "kata-qemu-coco-dev": "stub"}
if not os.path.exists(PROGRAM):
    print("1..0 # SKIP build/tacit is not there")
    sys.exit(0)
home = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(home.name, name)


def call(*command, limit=120, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=limit,
                          stdin=subprocess.DEVNULL, **options)


# ---- systemd -------------------------------------------------------------------------------------
def read(file):
    with open(file) as f:
        return f.read()


UNITS = {name: read(f"deploy/systemd/tacit-{name}.service") for name in ("serve", "enclave", "relay", "keyd")}


def verify(name, text):
    """What the service manager thinks of a unit whose program is here, and its manual not."""
    shutil.rmtree(path("units"), True)
    shutil.copytree("deploy/systemd", path("units"))
    file = os.path.join(path("units"), f"tacit-{name}.service")
    text = re.sub(r"^Documentation=.*\n", "", text, flags=re.M)
    with open(file, "w") as f:
        f.write(text.replace("/usr/local/bin/tacit", PROGRAM))
    check = call("systemd-analyze", "verify", file)
    return file, "\n".join(line for line in check.stderr.splitlines() if "'man " not in line)


if shutil.which("systemd-analyze"):
    for name, unit in UNITS.items():
        file, complaints = verify(name, unit)
        equal(complaints, "", f"{name}: the unit is one")
        exposure = call("systemd-analyze", "security", "--offline=true", "--threshold=30", file)
        ok(exposure.returncode == 0, f"{name}: it leaves the program little",
           exposure.stdout[-200:])
    _, complaints = verify("serve", UNITS["serve"].replace("ProtectSystem=", "ProtectSistem=", 1))
    ok("ProtectSistem" in complaints, "a mistake would have been noticed", complaints)
    file, _ = verify("serve", re.sub(r"^(Protect|Restrict|Capability).*\n", "", UNITS["serve"],
                                     flags=re.M))
    exposure = call("systemd-analyze", "security", "--offline=true", "--threshold=30", file)
    ok(exposure.returncode != 0, "and so would a unit that leaves more")
else:
    skip("the units are units", "systemd-analyze is not installed")


def words_of(name, values):
    """A unit's command line as it is written, with the values of the configuration beside it."""
    settings = dict(re.findall(r'^(TACIT_\w+)="?(.*?)"?$', read(f"deploy/systemd/{name}.conf"),
                               re.M))
    settings.update(values)
    words = []
    for word in re.search(r"^ExecStart=(.*)$", UNITS[name], re.M).group(1).split()[1:]:
        variable = re.fullmatch(r"\$(\{?)(\w+)\}?", word)
        value = settings[variable.group(2)] if variable else word
        words += [value] if not variable or variable.group(1) else value.split()
    return words


def runs_as_unit(words, **environment):
    """Says that it is ready, and ends well when it is asked to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        if os.path.exists(path("notify")):
            os.unlink(path("notify"))
        notify.bind(path("notify"))
        notify.settimeout(WAIT)
        process = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   env=dict(os.environ, NOTIFY_SOCKET=path("notify"),
                                            **environment))
        try:
            said = notify.recv(100)
        except TimeoutError:
            said = None
        process.terminate()
        return said, process.wait(WAIT)


words = words_of("serve", {"TACIT_MODEL": MODEL, "TACIT_LISTEN": "unix:" + path("serve.sock"),
                           "TACIT_OPTIONS": "--ctx 256 --parallel 4"})
ok(words[:3] == ["serve", "--tee", "auto"] and not any("insecure" in w for w in words),
   "serve: the unit insists on a TEE", words)
if not any(os.path.exists(d) for d in ("/dev/nsm", "/dev/tdx_guest", "/dev/sev-guest",
                                       "/dev/tpmrm0", "/sys/kernel/config/tsm")):
    equal(call(PROGRAM, *words).returncode, 6, "serve: it does not start where there is none")
equal(runs_as_unit(["stub" if w == "auto" else w for w in words]), (b"READY=1", 0),
      "serve: where there is one, it says when it is ready, and stops when asked")

stand_in = os.path.join(os.path.dirname(PROGRAM), "tools", "enclaves.so")
if os.path.exists(stand_in):
    os.mkdir(path("vsock"))
    os.mkdir(path("state"), 0o700)
    made = call(PROGRAM, "eif", "build", "--kernel", MODEL, "--init", MODEL, "--arg", "/init",
                "-o", path("server.eif"))
    words = words_of("enclave", {"TACIT_EIF": path("server.eif"), "TACIT_MEMORY": "512"})
    equal(runs_as_unit(words, LD_PRELOAD=stand_in, ENCLAVES=path("vsock"),
                       XDG_RUNTIME_DIR=path("state")), (b"READY=1", 0),
          "enclave: the unit runs one, says when it is up, and stops when asked")
    ok("cid 16 " in read(os.path.join(path("vsock"), "given")) and not
       os.listdir(os.path.join(path("state"), "tacit")), "enclave: as its configuration says")
else:
    skip("enclave: the unit runs one", f"{stand_in} is not there")

# ---- what an image holds ---------------------------------------------------------------------------
image = path("image")
made = call("deploy/container-root", PROGRAM, image)
equal(made.returncode, 0, "the root of an image is made")
files = sorted(os.path.relpath(os.path.join(folder, name), image)
               for folder, _, names in os.walk(image) for name in names)
libraries = [f for f in files if re.search(r"/(lib[\w+.-]+\.so[.\d]*|ld-[\w.-]+\.so\.\d)$", f)]
ok(sorted(libraries + ["etc/group", "etc/passwd", "usr/bin/tacit"]) == files and libraries,
   "it holds the program, libraries, and nothing else", files)
# With a /proc, as whoever runs containers gives it.
BESIDE = 'mount -t proc proc "$1/proc" && shift && exec "$@"'
os.mkdir(os.path.join(image, "proc"))
if os.geteuid() == 0 and call("unshare", "--mount", "sh", "-c", BESIDE, "sh", image,
                              "true").returncode == 0:
    shutil.copy(MODEL, os.path.join(image, "models/model.gguf"))
    os.chmod(os.path.join(image, "models/model.gguf"), 0o644)
    os.chmod(home.name, 0o755)
    container = read("deploy/Containerfile")
    arguments = json.loads(re.search(r"^CMD (.*)$", container, re.M).group(1))
    ok(arguments[:3] == ["serve", "--tee", "auto"] and
       json.loads(re.search(r"^ENTRYPOINT (.*)$", container, re.M).group(1)) ==
       ["/usr/bin/tacit"], "the image starts the server, and insists on a TEE")
    arguments[2] = "stub"
    arguments[arguments.index("--listen") + 1] = "tcp:127.0.0.1:0"
    user = re.search(r"^USER (\d+:\d+)$", container, re.M).group(1)
    server = subprocess.Popen(["unshare", "--mount", "sh", "-c", BESIDE, "sh", image, "env", "-i",
                               shutil.which("chroot"), "--userspec", user, image,
                               "/usr/bin/tacit", *arguments, "--json", "--ctx", "256"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    ready = json.loads(server.stdout.readline() or b"{}")
    asked = call(PROGRAM, "infer", "--server", ready.get("listen", "tcp:127.0.0.1:1"),
                 "--insecure-no-policy", "--insecure-accept-stub", "--max-tokens", "2", "Hello")
    server.terminate()
    ok(asked.returncode == 0 and asked.stdout.strip(), "alone in there, as nobody, it answers",
       asked.stderr)
    equal(server.wait(WAIT), 0, "and stops when asked")
else:
    for name in ("the image starts the server", "alone in there it answers", "and stops"):
        skip(name, "only root can try, where it may mount")

# ---- the manifests ---------------------------------------------------------------------------------
chart_sum = call("deploy/kubernetes/chart-sum").stdout.strip()
for name in CLASSES:
    ok(f"deploy/helm/tacit ({chart_sum})" in read(f"deploy/kubernetes/{name}.yaml"),
       f"{name}: made from the chart as it is (deploy/kubernetes/render)")

# Run where there is a parser of YAML: each manifest against what is meant by it.
JUDGE = r"""
import json, sys, yaml
help_text, classes = json.load(sys.stdin)
problems = []
def want(true, what):
    if not true:
        problems.append(f"{name}: {what}")
for name, tee in classes.items():
    with open(f"deploy/kubernetes/{name}.yaml") as f:
        kinds = {d["kind"]: d for d in yaml.safe_load_all(f)}
    want(sorted(kinds) == ["Deployment", "NetworkPolicy", "Service", "ServiceAccount"], "kinds")
    template = kinds["Deployment"]["spec"]["template"]
    pod, labels = template["spec"], template["metadata"]["labels"]
    c = pod["containers"][0]
    words, context = c["args"], c["securityContext"]
    want(pod["runtimeClassName"] == name, "the class")
    want(words[:3] == ["serve", "--tee", tee], "insists on its TEE")
    want((template["metadata"]["annotations"]["tacit/tee"] == "NO TEE") == (tee == "stub"), "loud")
    want(not any(w.startswith("--insecure") for w in words), "nothing insecure")
    want(all(w + " " in help_text for w in words if w.startswith("--")), "options that exist")
    want(pod["automountServiceAccountToken"] is False and
         kinds["ServiceAccount"]["automountServiceAccountToken"] is False, "no token")
    want(context["readOnlyRootFilesystem"] is True, "a root that is read only")
    want(bool(context.get("privileged")) == (tee != "stub"), "devices of a TEE alone")
    want(tee != "stub" or (context["runAsNonRoot"] and context["capabilities"]["drop"] == ["ALL"]
         and not context["allowPrivilegeEscalation"]), "no rights without a TEE")
    want({"cpu", "memory"} <= set(c["resources"]["limits"]), "the machine's size")
    want(kinds["NetworkPolicy"]["spec"]["egress"] == [] and
         "Egress" in kinds["NetworkPolicy"]["spec"]["policyTypes"], "no way out")
    for selector in (kinds["Service"]["spec"]["selector"],
                     kinds["Deployment"]["spec"]["selector"]["matchLabels"],
                     kinds["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
        want(selector.items() <= labels.items(), "selectors")
    port = kinds["Service"]["spec"]["ports"][0]
    want(port["targetPort"] == c["ports"][0]["name"] and
         words[words.index("--listen") + 1].endswith(":%d" % c["ports"][0]["containerPort"]), "port")
    want(pod["volumes"][0]["name"] == c["volumeMounts"][0]["name"] and
         c["volumeMounts"][0]["readOnly"] and
         words[words.index("--model") + 1].startswith(c["volumeMounts"][0]["mountPath"] + "/"),
         "the model")
print("\n".join(problems))
"""


def schemas():
    """A Python with the schemas of Kubernetes, installed once where a registry can be reached."""
    folder = os.path.join(DEPS, "kubernetes")
    python = os.path.join(folder, "bin", "python")
    if os.path.exists(python) and call(python, "-c", "import kubernetes_validate").returncode == 0:
        return python
    try:
        if call(sys.executable, "-m", "venv", folder).returncode == 0 and \
           call(python, "-m", "pip", "-q", "install", "kubernetes-validate==1.37.0").returncode == 0:
            return python
    except (OSError, subprocess.TimeoutExpired):
        pass
    return None


python = schemas()
if python:
    def validate(*manifests):
        return call(python, "-m", "kubernetes_validate", "--strict", "--quiet", *manifests)

    manifests = [f"deploy/kubernetes/{name}.yaml" for name in CLASSES]
    check = validate(*manifests)
    ok(check.returncode == 0, "the manifests are as Kubernetes wants them",
       check.stdout + check.stderr)
    text = read(manifests[0])
    for what, wrong in (("a member that is none", text.replace("replicas:", "replikas:")),
                        ("a number that is text", text.replace("replicas: 1", "replicas: one")),
                        ("a container without a name", text.replace("- name: tacit\n          image",
                                                                    "- image"))):
        with open(path("wrong.yaml"), "w") as f:
            f.write(wrong)
        ok(wrong != text and validate(path("wrong.yaml")).returncode != 0,
           f"{what} would have been noticed")
    meant = subprocess.run([python, "-c", JUDGE], capture_output=True, text=True, timeout=WAIT,
                           input=json.dumps([call(PROGRAM, "serve", "--help").stdout, CLASSES]))
    ok(meant.returncode == 0 and meant.stdout.strip() == "", "and say what is meant",
       meant.stdout + meant.stderr)
else:
    skip("the manifests", "the package kubernetes-validate is not there and cannot be installed")

# ---- the chart -------------------------------------------------------------------------------------
helm = os.environ.get("HELM") or shutil.which("helm")
if helm:
    os.mkdir(path("rendered"))
    made = call("deploy/kubernetes/render", path("rendered"), env=dict(os.environ, HELM=helm))
    equal(made.returncode, 0, "the chart is rendered")
    for name in CLASSES:
        ok(read(os.path.join(path("rendered"), name + ".yaml")) ==
           read(f"deploy/kubernetes/{name}.yaml"), f"{name}: as the manifest that is here")

    def render(*settings):
        words = [word for s in settings for word in ("--set", s)]
        return call(helm, "template", "x", "deploy/helm/tacit", "--kube-version", "1.30.0", *words)

    named = "image.repository=r.example/t"
    for what, *settings in (("no image",), ("a class that is not known", named, "runtimeClass=runc"),
                            ("another TEE than the class has", named, "extraArgs={--tee,stub}"),
                            ("what is insecure", named, "extraArgs={--insecure-test-root,/r}"),
                            ("a model outside of its volume", named, "model.file=../etc/passwd"),
                            ("a value that is none", named, "modle.file=m.gguf"),
                            ("a digest that is none", named, "image.digest=sha256:12")):
        ok(render(*settings).returncode != 0, f"{what} is refused")
    digest = "sha256:" + "ab" * 32
    made = render(named, "image.digest=" + digest, "networkPolicy.enabled=false",
                  "extraArgs={--prompt-cache}")
    ok(made.returncode == 0 and f'"r.example/t@{digest}"' in made.stdout and
       "NetworkPolicy" not in made.stdout and '- "--prompt-cache"' in made.stdout,
       "what may be chosen is", made.stderr)
else:
    skip("the chart is rendered", "helm is not installed; the manifests are what it gave")
done()
