# SPDX-License-Identifier: Apache-2.0

"""Other verifiers of the same evidence, beside ours in the same run.

Each has a driver in bench/peers/NAME that judges the evidence of a folder for some time and prints
microseconds; bench/verify.c is ours. Go and Cargo fetch the libraries, at the versions and sums
that are committed with the drivers, and nothing of them is kept in the tree.
"""

import shutil
import subprocess

import common
import evidence

DRIVERS = common.ROOT / "bench/peers"
BUILT = common.WORK / "peers"
ROUNDS = 7


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


CASES = (
    ("Nitro document", evidence.nitro, ("nitrite",)),
    ("SEV-SNP report, VCEK, Genoa", evidence.snp, ("go-sev-guest",)),
    ("TDX quote v4 with collateral", evidence.tdx, ("dcap-qvl", "go-tdx-guest")),
    ("real TDX quote v4 with collateral", evidence.tdx_real, ("dcap-qvl", "go-tdx-guest")),
)


def side_by_side(table, path, now, programs):
    ours = common.program("verify")
    refusals = {name: evidence.judge(program, path, now) for name, program in programs.items()}
    for name, why in refusals.items():
        if isinstance(why, str):
            print(f"  {name} refuses it: {why}", flush=True)
    rest = {n: p for n, p in programs.items() if not isinstance(refusals[n], str)}
    rounds = []
    for _ in range(ROUNDS if rest else 0):
        rounds.append({name: evidence.judge(program, path, now) for name, program in rest.items()})
        rounds[-1][None] = evidence.judge(ours, path, now)
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
    missing = [name for name, program in built.items() if not program]
    common.need(not missing, ", ".join(missing))
