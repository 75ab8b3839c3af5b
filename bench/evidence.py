# SPDX-License-Identifier: Apache-2.0

"""Evidence as files, under the names that bench/verify.c and the drivers in bench/peers ask for."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import textwrap

import common

FOLDER = common.WORK / "evidence"
NOW = 1795248000  # the moment for which tests/pki makes evidence
SECONDS = "0.25"
COLLATERAL = (
    "tcb_info.json", "qe_identity.json", "tcb_signer.pem", "pck_crl.der", "root_crl.der", "ask.der",
)
REAL = "tdx-v4-azure-90c06f-2026-03"
REAL_NAMES = {
    "evidence": "quote.bin",
    "tcb_info.json": "tcbinfo.json",
    "qe_identity.json": "qeidentity.json",
    "root_crl.der": "root_ca_crl.der",
    "pck_crl.der": "pck_crl.der",
}


def pem(der):
    text = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n".encode()


def pems(data):
    found = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", data, re.S)
    return [block + b"\n" for block in found]


def folder(name):
    path = FOLDER / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def made(platform, names):
    """Evidence of tests/pki, also under the names that drivers ask for."""
    path = folder(platform)
    maker = common.ROOT / "build/release/tools/mkevidence"
    common.output(str(maker), platform, str(path))
    for name, source in names.items():
        (path / name).symlink_to(source)
    return path, NOW


def nitro():
    return made("nitro", {"evidence": "document.cose"})


def snp():
    names = {"evidence": "snp.bin", "root.der": "snp-ark.der", "ask.der": "snp-ask.der"}
    path, now = made("snp", names)
    (path / "product").write_text("Genoa\n")
    return path, now


def tdx():
    path, now = made("tdx", {"evidence": "quote.bin"})
    signer, root = path / "tcb_signer.pem", (path / "root.der").read_bytes()
    signer.write_bytes(pem(signer.read_bytes()) + pem(root))
    issuers = pems((path / "evidence").read_bytes())[1:]
    (path / "pck_issuers.pem").write_bytes(b"".join(issuers))
    return path, now


def tdx_real():
    """A real quote is pointed at where it lies; None without the shared vectors."""
    vectors = pathlib.Path(os.environ.get("TACIT_VECTORS", common.ROOT.parent / "shared/vectors"))
    source = vectors.resolve() / "tdx" / REAL
    if not source.is_dir():
        return None
    path = folder("tdx-real")
    for name, there in REAL_NAMES.items():
        (path / name).symlink_to(source / there)
    for name, there in (("tcb_signer.pem", "tcb_signing_chain.pem"),
                        ("pck_issuers.pem", "pck_crl_issuer_chain.pem")):
        (path / name).write_bytes(b"".join(pems((source / there).read_bytes())))
    expected = json.loads((source / "expect.json").read_text())["expected"]
    return path, expected["suggested_verification_unix"]


def judge(program, path, now):
    """Microseconds cold and warm, or why the verifier refuses the evidence."""
    command = [str(program), str(path), str(now), SECONDS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    figures = dict(line for line in lines if len(line) == 2)
    if "refused:" in figures:
        return figures["refused:"]
    common.need(done.returncode == 0, f"{command[0]}: {done.stderr.strip()[-200:]}")
    return {name: float(figures[name]) for name in ("cold", "warm")}


def bare(program, path, now):
    """Microseconds of the bare signature checks when a process makes them for the first time."""
    lines = [common.output(str(program), str(path), str(now), "once") for _ in range(31)]
    return common.median([float(line.split()[1]) for line in lines])
