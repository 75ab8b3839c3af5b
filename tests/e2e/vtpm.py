# SPDX-License-Identifier: Apache-2.0
"""An emulated TPM (swtpm) as Azure's paravisor leaves it: a key and an index that tpm2-tools made, and
in the index a report for that key under a root of our own."""

import atexit
import base64
import os
import shutil
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TACIT = os.environ.get("TACIT", os.path.join(ROOT, "build", "tacit"))
MAKE = os.path.join(os.path.dirname(os.path.realpath(TACIT)), "tools", "mkevidence")
KEY, REPORT = "0x81000003", "0x01400001"
os.environ["TSS2_LOG"] = "all+NONE"


def lacks():
    """What is missing for such a TPM; None when it is all there."""
    for program in ("swtpm", "tpm2_createprimary", "tpm2_checkquote"):
        if not shutil.which(program):
            return program + " is not installed"
    return None if os.access(MAKE, os.X_OK) else MAKE + " is not built"


def read(name):
    with open(name, "rb") as f:
        return f.read()


def pem(der):
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


processes = []


@atexit.register
def end_all():
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


class Machine:
    """An emulated TPM with a paravisor's report in it."""

    def __init__(self, folder, kind):
        self.folder, self.kind = folder, kind
        os.makedirs(os.path.join(self.folder, "state"))
        self.socket = self.at("tpm")
        self.start()
        self.tpm("createprimary", "-C", "o", "-g", "sha256", "-G", "rsa2048", "-c", self.at("top"))
        self.make_key("ak", KEY)
        self.put_report()

    def at(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        self.run(self.socket, "--server", "type=unixio,path=" + self.socket,
                 "--ctrl", f"type=unixio,path={self.socket}.ctrl",
                 "--flags", "not-need-init,startup-clear")

    def run(self, there, *options):
        self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate",
                                         "dir=" + self.at("state"), *options],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.append(self.process)
        for _ in range(600):
            if os.path.exists(there):
                return
            time.sleep(0.1)
        raise SystemExit("Bail out! swtpm does not start")

    def start_for_qemu(self):
        """The same TPM for a machine of QEMU, which powers it on; the socket to give to QEMU."""
        self.stop()
        control = self.at("control")
        self.run(control, "--ctrl", "type=unixio,path=" + control)
        return control

    def tpm(self, tool, *arguments, good=True):
        """A tool of tpm2-tools. Without a resource manager objects have to be flushed by hand."""
        run = None
        for words in (["flushcontext", "-t"], [tool, *arguments]):
            for _ in range(50):  # the emulator takes one client at a time
                run = subprocess.run(["tpm2_" + words[0], *words[1:]], capture_output=True,
                                     text=True, cwd=self.folder,
                                     env=dict(os.environ, TPM2TOOLS_TCTI="swtpm:path=" + self.socket))
                if run.returncode == 0 or "tcti" not in run.stderr:
                    break
                time.sleep(0.1)
        if good and run.returncode != 0:
            raise SystemExit(f"Bail out! tpm2_{tool}: {run.stderr}")
        return run.stdout

    def make_key(self, name, handle):
        self.tpm("create", "-C", self.at("top"), "-G", "rsa2048:rsassa-sha256:null", "-g", "sha256",
                 "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda",
                 "-u", self.at(name + ".pub"), "-r", self.at(name + ".priv"))
        self.tpm("load", "-C", self.at("top"), "-u", self.at(name + ".pub"), "-r",
                 self.at(name + ".priv"), "-c", self.at(name + ".ctx"))
        # Loaded, and so not to be flushed before it is made to stay.
        run = subprocess.run(["tpm2_evictcontrol", "-C", "o", "-c", self.at(name + ".ctx"), handle],
                             capture_output=True, text=True,
                             env=dict(os.environ, TPM2TOOLS_TCTI="swtpm:path=" + self.socket))
        if run.returncode != 0:
            raise SystemExit("Bail out! tpm2_evictcontrol: " + run.stderr)
        self.tpm("readpublic", "-c", handle, "-f", "pem", "-o", self.at(name + ".pem"))

    def make_report(self, *user_data):
        subprocess.run([MAKE, "azure", self.folder, self.kind, self.at("ak.pem"), *user_data],
                       check=True)
        return read(self.at("azure.hcl"))[:2048]  # all that this emulator's indices hold

    def put_report(self, content=None):
        report = content if content is not None else self.make_report()
        with open(self.at("nv"), "wb") as f:
            f.write(report)
        self.tpm("nvundefine", REPORT, "-C", "o", good=False)
        self.tpm("nvdefine", REPORT, "-C", "o", "-s", str(len(report)), "-a",
                 "ownerread|ownerwrite|authread|authwrite")
        self.tpm("nvwrite", REPORT, "-C", "o", "-i", self.at("nv"))

    def root(self):
        return ["--insecure-test-root", self.at("azure-root.der")]

    def stop(self):
        self.process.terminate()
        self.process.wait()
