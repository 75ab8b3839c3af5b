# SPDX-License-Identifier: Apache-2.0

"""Other verifiers of the same evidence, beside ours in the same run.

Each has a driver in bench/peers/NAME that judges the evidence of a folder for some time and prints
microseconds; bench/verify.c is ours. Go and Cargo fetch the libraries, at the versions and sums
that are committed with the drivers, and nothing of them is kept in the tree.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import textwrap

import common

DRIVERS = common.ROOT / "bench/peers"
BUILT = common.WORK / "peers"
NOW = 1795248000  # the moment for which tests/pki makes evidence
ROUNDS, SECONDS = 7, "0.25"
REAL = "tdx-v4-azure-90c06f-2026-03"
REAL_NAMES = {
    "evidence": "quote.bin",
    "tcb_info.json": "tcbinfo.json",
    "qe_identity.json": "qeidentity.json",
    "root_crl.der": "root_ca_crl.der",
    "pck_crl.der": "pck_crl.der",
}


def build(name):
    """The path of a driver's program, or None when its language is not there."""
    source, program = DRIVERS / name, BUILT / "bin" / name
    go = (source / "go.mod").exists()
    tool = "go" if go else "cargo"
    if not shutil.which(tool):
        print(f"  {name} is not measured: {tool} is not installed", flush=True)
        return None
    target = BUILT / "cargo"
    command = (
        ["go", "build", "-mod=readonly", "-o", program, "."]
        if go
        else ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", target]
    )
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode:
        why = done.stderr.strip().splitlines() or ["?"]
        print(f"  {name} is not measured: {tool} cannot build it: {why[-1]}", flush=True)
        return None
    return program if go else target / "release" / name


# ---- evidence ------------------------------------------------------------------------------------


def pem(der):
    text = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n".encode()


def pems(data):
    found = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", data, re.S)
    return [block + b"\n" for block in found]


def folder(name):
    path = BUILT / "evidence" / name
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


CASES = (
    ("Nitro document", nitro, ("nitrite",)),
    ("SEV-SNP report, VCEK, Genoa", snp, ("go-sev-guest",)),
    ("TDX quote v4 with collateral", tdx, ("dcap-qvl", "go-tdx-guest")),
    ("real TDX quote v4 with collateral", tdx_real, ("dcap-qvl", "go-tdx-guest")),
)


# ---- figures -------------------------------------------------------------------------------------


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


def side_by_side(table, path, now, programs):
    ours = common.program("verify")
    refusals = {name: judge(program, path, now) for name, program in programs.items()}
    for name, why in refusals.items():
        if isinstance(why, str):
            print(f"  {name} refuses it: {why}", flush=True)
    rest = {n: p for n, p in programs.items() if not isinstance(refusals[n], str)}
    rounds = []
    for _ in range(ROUNDS if rest else 0):
        rounds.append({name: judge(program, path, now) for name, program in rest.items()})
        rounds[-1][None] = judge(ours, path, now)
        common.need(not isinstance(rounds[-1][None], str), f"we refuse it: {rounds[-1][None]}")
    for name in rest:
        for kind in ("cold", "warm"):
            mine = common.median([r[None][kind] for r in rounds])
            other = common.median([r[name][kind] for r in rounds])
            ratio = common.median([r[None][kind] / r[name][kind] for r in rounds])
            table.row(f"against {name}, {kind}", ratio, "", most=1,
                      note=f"{mine:.0f} us, {name} {other:.0f} us")


def run(table):
    built = {}
    table.head("Other verifiers: what we take of their time")
    for title, make, names in CASES:
        case = make()
        print(f"  {title}{'' if case else ': skipped, no shared vectors'}", flush=True)
        for name in names:
            if case and name not in built:
                built[name] = build(name)
        programs = {name: built[name] for name in names if case and built[name]}
        if programs:
            side_by_side(table, *case, programs)
