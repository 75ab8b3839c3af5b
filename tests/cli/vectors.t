#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real evidence, and forged, through the command line: each with its collateral as a folder, at its
# own time. What the outcomes mean is with the vectors; every one is tested closer in tests/unit.
. "$(dirname "$0")/lib.sh"
vectors=$(realpath -m "${TACIT_VECTORS:-../shared/vectors}")
[ -d "$vectors/tdx" ] && [ -d "$vectors/snp" ] && [ -d "$vectors/nitro" ] ||
	skip_all "$vectors is not there"
cat >"$work/sweep.py" <<'PY'
import glob, json, os, subprocess, sys
tacit, vectors, work = sys.argv[1:]

def judge(*args):
    r = subprocess.run([tacit, "verify", "--json", "--quiet", "--insecure-no-policy", *args],
                       capture_output=True, text=True)
    v = json.loads(r.stdout)
    failed = [c["name"] for c in v.get("checks", []) if c["result"] == "fail"]
    return r.returncode, v, failed

def say(good, name, got):
    print(("good" if good else "bad"), name, "" if good else got)

for path in sorted(glob.glob(vectors + "/tdx/*/expect.json")):
    folder = os.path.dirname(path)
    want = json.load(open(path)).get("expected")
    if not want:
        continue
    code, v, failed = judge("--now", str(want["suggested_verification_unix"]), "--collateral",
                            folder, folder + "/quote.bin")
    status = want["status"] if "status" in want else want[next(k for k in want if "status" in k)]
    if code == 0:
        good = v["claims"]["tcb_status"] == status
    elif code == 4:  # the folder lacks a revocation list
        good = all(".crl." in name for name in failed) and want["pck_revoked"] is None
    else:
        good = failed == ["policy.debug"] if "DEBUG" in folder else (
            status == "TCB_NOT_SUPPORTED" and failed[0].endswith(".tcb.level"))
    say(good, os.path.basename(folder), (code, failed, status))

# Those that depend on options that only a policy has are judged without them here.
OPTIONAL = {"ok-chip-masked": 1, "debug-allowed": 1, "vmpl2": 0, "min-tcb": 0}
folder = vectors + "/snp/synthetic/"
for case in json.load(open(folder + "cases.json"))["cases"]:
    args = ["--now", case["verify_at"]]
    for piece in ("vek", "ica", "ark", "crl"):
        if case.get(piece):
            args += ["--collateral", folder + case[piece]]
    if case.get("trust") != "amd-only":
        args += ["--insecure-test-root", folder + case["ark"]]
    code, v, failed = judge(*args, folder + case["report"])
    if case["id"] in OPTIONAL:
        good = code == OPTIONAL[case["id"]]
    else:
        good = (code == 0) == (case["expect"] == "accept") and code in (0, 1, 3, 4)
    say(good, "snp:" + case["id"], (code, failed, case["expect"]))

for name, doc in json.load(open(vectors + "/nitro/expected.json"))["docs"].items():
    now = next(int(v) for k, v in doc.items() if "timestamp" in k and str(v).isdigit())
    code, v, failed = judge("--now", str(now // 1000), f"{vectors}/nitro/{name}.cose")
    good = (code == 0 or failed == ["policy.debug"]) == (doc["expect"] == "accept")
    say(good, name, (code, failed, doc["expect"]))
PY
python3 "$work/sweep.py" "$tacit" "$vectors" "$work" >"$work/results" 2>"$work/err"
ok $? "every vector gives a verdict"
sed 's/^/# /' "$work/err" | head -n 20
while read -r how name got; do
	[ "$how" = good ]
	ok $? "$name"
	[ "$how" = good ] || echo "# got $got"
done <"$work/results"
ok "$(($(wc -l <"$work/results") < 70))" "there are as many as there were ($(wc -l <"$work/results"))"
done_testing
