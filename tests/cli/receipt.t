#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# receipt verify and receipt show: what is asked for, under which code it fails, the JSON contract,
# and the published AIR vectors through the command line.
. "$(dirname "$0")/lib.sh"
vectors=${TACIT_VECTORS:-../shared/vectors}
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/receipts" ] || skip_all "$tools/receipts is not built"
key=$("$tools/receipts" "$work" 3)
moment=1790000000
other_key=$(printf '00%.0s' {1..31})01
pin=$(printf '11%.0s' {1..48})
vectors=$(realpath -m "$vectors")
cd "$work" || exit 1
cat >policy.json <<END
{"schema": "tacit.policy/1", "alternatives": [{"platform": "stub", "measurements":
 {"pcr0": "$pin"}}], "models": [{"sha256": "$(printf 'a1%.0s' {1..32})"}]}
END
sed "s/$pin/$(printf '12%.0s' {1..48})/" policy.json >wrong-policy.json
sed 's/a1a1a1/a2a1a1/' policy.json >wrong-model-policy.json
evidence=(--evidence evidence.bin --policy policy.json --insecure-accept-stub)

# judge CODE NAME OPTIONS... FILE
judge() {
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" receipt verify --json "$@"
}

# refused CODE AIR-CODE LAYER CHECK NAME OPTIONS...: that check failed (or those, with commas) and
# no other.
refused() {
	local code=$1 air=$2 layer=$3 check=$4 name=$5
	shift 5
	judge "$code" "$name" "$@"
	json out "(d['code'], d['layer']) == ('$air', $layer) and d['why'] and
		[c['name'] for c in d['checks'] if c['result'] == 'fail'] == '$check'.split(',')" \
		"$name: $air at layer $layer"
}

# --- the contract --------------------------------------------------------------------------------
judge 0 "end to end" "${evidence[@]}" receipt.bin
cat >contract.py <<'PY'
import json, re, sys
d = json.load(open(sys.argv[1]))
assert list(d) == ["schema", "verdict", "code", "layer", "why", "assurance", "warnings", "checks",
                   "claims", "evidence"], list(d)
assert (d["schema"], d["verdict"]) == ("tacit.receipt-verdict/1", "verified")
assert (d["code"], d["layer"], d["why"]) == (None, None, None)
assert d["assurance"] == "end-to-end"
assert d["warnings"] == ["no-replay-check"]
for c in d["checks"]:
    assert list(c) == ["name", "layer", "result", "code"], c
    assert c["result"] in ("pass", "skip") and c["code"] is None and 1 <= c["layer"] <= 5, c
assert [c["layer"] for c in d["checks"]] == sorted(c["layer"] for c in d["checks"])
result = {c["name"]: c["result"] for c in d["checks"]}
for name in ("SIZE", "COSE_DECODE", "ALG", "SIG", "CLAIMS_DECODE", "CANONICAL", "FRESH",
             "E2E_EVIDENCE", "E2E_DOC_HASH", "E2E_KEY", "E2E_MEAS", "E2E_MODEL"):
    assert result[name] == "pass", name
assert result["NONCE"] == result["MHASH"] == result["REPLAY"] == "skip"
c = d["claims"]
assert list(c) == ["iss", "iat", "iat_time", "cti", "eat_nonce", "eat_profile", "model_id",
                   "model_version", "model_hash", "request_hash", "response_hash",
                   "attestation_doc_hash", "enclave_measurements", "policy_version",
                   "sequence_number", "execution_time_ms", "memory_peak_mb", "security_mode",
                   "model_hash_scheme"], list(c)
assert c["iat"] == 1790000000 and c["iat_time"] == "2026-09-21T14:13:20Z"
assert c["eat_profile"] == "https://spec.cyntrisec.com/air/v1"
assert c["security_mode"] == "evaluation" and c["model_hash_scheme"] is None
assert c["enclave_measurements"] == {"measurement_type": "nitro-pcr", "pcr0": "11" * 48,
                                     "pcr1": "22" * 48, "pcr2": "33" * 48}
assert re.fullmatch("[0-9a-f]{32}", c["cti"])
for name in ("model_hash", "request_hash", "response_hash", "attestation_doc_hash"):
    assert re.fullmatch("[0-9a-f]{64}", c[name]), name
e = d["evidence"]
assert (e["schema"], e["verdict"], e["platform"]) == ("tacit.verdict/1", "verified", "stub")
assert e["notice"] == "stub (NOT a TEE)" and e["insecure"] == ["insecure-accept-stub"]
PY
python3 contract.py out
ok $? "the JSON has every member of the contract"
has err 'warning: --insecure-accept-stub' "with a warning beside it"
judge 0 "against a key" --key "$key" receipt.bin
json out 'd["assurance"] == "AIR-local" and "evidence" not in d' "is AIR-local"
judge 0 "with a nonce" --key "$key" --nonce 6e6f6e63656e6f6e receipt.bin
json out 'd["warnings"] == []' "has no warning left"
judge 0 "everything at once" "${evidence[@]}" --key "$key" --nonce 6e6f6e63656e6f6e --model demo \
	--model-hash "$(printf 'a1%.0s' {1..32})" --request request.bin --response response.bin \
	--platform nitro-pcr --max-age 60 --now $((moment + 60)) receipt.bin
json out '[c["name"] for c in d["checks"] if c["result"] == "skip"] ==
	["ADHASH", "SECURITY_MODE_POLICY", "REPLAY"]' "leaves little unasked"

run 0 "as text" "$tacit" receipt verify "${evidence[@]}" receipt.bin
has out '^verified: receipt checks end to end, evidence included, under stub \(NOT a TEE\)$' \
	"says so"
has err 'note: no --nonce was given' "and what was not asked"
run 0 "as text, against a key" "$tacit" receipt verify --key "$key" receipt.bin
has out '^verified: receipt checks against the given key \(AIR-local\)$' "claims no more than that"
run 1 "as text, refused" "$tacit" receipt verify --key "$other_key" receipt.bin
has out '^refused: receipt SIG_FAILED$' "names the code"
run 0 "--quiet" "$tacit" receipt verify -q --key "$key" receipt.bin
[ ! -s out ] && [ ! -s err ]
ok $? "says nothing"

# --- what is asked for ---------------------------------------------------------------------------
refused 1 SIG_FAILED 2 SIG "another key" --key "$other_key" receipt.bin
refused 1 NONCE_MISMATCH 4 NONCE "another nonce" --key "$key" --nonce 6e6f6e63656e6f6f receipt.bin
refused 1 NONCE_MISMATCH 4 NONCE "a longer nonce" --key "$key" \
	--nonce 6e6f6e63656e6f6e00 receipt.bin
refused 1 NONCE_MISSING 4 NONCE "no nonce" --key "$key" --nonce 6e6f6e63656e6f6e no-nonce.bin
refused 1 MODEL_HASH_MISMATCH 4 MHASH "another model" --key "$key" --model-hash "$other_key" \
	receipt.bin
refused 1 MODEL_ID_MISMATCH 4 MODEL "another name" --key "$key" --model demo2 receipt.bin
refused 1 REQUEST_HASH_MISMATCH 4 RHASH "another request" --key "$key" --request response.bin \
	receipt.bin
refused 1 RESPONSE_HASH_MISMATCH 4 OHASH "another answer" --key "$key" --response request.bin \
	receipt.bin
head -c 50 response.bin >cut.bin
refused 1 RESPONSE_HASH_MISMATCH 4 OHASH "a cut answer" --key "$key" --response cut.bin receipt.bin
refused 1 RESPONSE_HASH_MISMATCH 4 OHASH "no answer" --key "$key" --response /dev/null receipt.bin
refused 1 PLATFORM_MISMATCH 4 PLATFORM "another platform" --key "$key" --platform tdx-mrtd-rtmr \
	receipt.bin
refused 1 PLATFORM_MISMATCH 4 PLATFORM "Nitro, where it is SNP" --key "$key" \
	--platform nitro-pcr snp.bin
refused 1 PLATFORM_MISMATCH 4 PLATFORM "SNP, where it is Nitro" --key "$key" \
	--platform snp-launch-digest receipt.bin
refused 1 PLATFORM_MISMATCH 5 E2E_PLATFORM "SNP, with evidence of the stub" "${evidence[@]}" snp.bin
judge 0 "SNP" --key "$key" --platform snp-launch-digest snp.bin
json out 'd["claims"]["eat_profile"] == "urn:x-tacit:air-snp/v1" and
	d["claims"]["enclave_measurements"] ==
	{"measurement_type": "snp-launch-digest", "measurement": "11" * 48}' "has a profile of its own"
refused 1 EVALUATION_MODE_REJECTED 4 SECURITY_MODE_POLICY "an evaluation" --key "$key" \
	--require-production receipt.bin
judge 0 "no evaluation" --key "$key" --require-production production.bin

# --- time ----------------------------------------------------------------------------------------
judge 0 "of any age, when none is asked" --key "$key" --now 2100-01-01T00:00:00Z receipt.bin
judge 0 "as old as it may be" --key "$key" --max-age 60 --now $((moment + 60)) receipt.bin
refused 1 TIMESTAMP_STALE 4 FRESH "a second older" --key "$key" --max-age 60 \
	--now $((moment + 61)) receipt.bin
judge 0 "as early as clocks may differ" --key "$key" --now $((moment - 60)) receipt.bin
refused 1 TIMESTAMP_FUTURE 4 FRESH "a second earlier" --key "$key" \
	--now $((moment - 61)) receipt.bin
refused 1 TIMESTAMP_FUTURE 4 FRESH "1970" --key "$key" --now 0 receipt.bin
refused 1 TIMESTAMP_FUTURE 4 FRESH "1970, with an age" --key "$key" --now 0 --max-age 60 receipt.bin
judge 2 "an age of nothing" --key "$key" --max-age 0 receipt.bin
judge 2 "an age of no number" --key "$key" --max-age 1h receipt.bin
judge 2 "no time" --key "$key" --now soon receipt.bin

# --- evidence ------------------------------------------------------------------------------------
without() { # CODE NAME OPTIONS...: refused for its evidence
	refused "$1" EVIDENCE_REFUSED 5 E2E_EVIDENCE "${@:2}" receipt.bin
}
without 1 "no policy" --evidence evidence.bin --insecure-accept-stub
has err 'hint: say what to accept' "with a hint"
without 1 "no --insecure-accept-stub" --evidence evidence.bin --policy policy.json
without 1 "another build" --evidence evidence.bin --policy wrong-policy.json --insecure-accept-stub
json out '[c["name"] for c in d["evidence"]["checks"] if c["result"] == "fail"] ==
	["policy.measurements"] and d["claims"] is None' "shows why, and no claims"
without 1 "a model that the policy has not" --evidence evidence.bin \
	--policy wrong-model-policy.json --insecure-accept-stub
without 1 "a pin" --evidence evidence.bin --pcr0 "$(printf '12%.0s' {1..48})" --insecure-accept-stub
without 1 "of the future" "${evidence[@]}" --now $((moment - 100))
judge 0 "judged when the receipt was made, not now" "${evidence[@]}" receipt.bin
judge 0 "with a pin" --evidence evidence.bin --pcr0 "$pin" --insecure-accept-stub receipt.bin
"$tacit" attest --tee stub -q -o plain.bin
without 1 "evidence that binds nothing" --evidence plain.bin --insecure-no-policy \
	--insecure-accept-stub --now "$(date +%s)"
json out '[c["name"] for c in d["evidence"]["checks"] if c["result"] == "fail"] ==
	["binding.purpose"]' "by binding.purpose"
refused 1 SIG_FAILED 2 SIG "evidence of another boot" --evidence other-evidence.bin \
	--policy policy.json --insecure-accept-stub receipt.bin
refused 1 ATTESTATION_DOC_HASH_MISMATCH 5 E2E_DOC_HASH,E2E_KEY "the key, other evidence" \
	--key "$key" --evidence other-evidence.bin --policy policy.json --insecure-accept-stub \
	receipt.bin
refused 1 SIG_FAILED 2 SIG "the right evidence, another key" --key "$other_key" "${evidence[@]}" \
	receipt.bin
refused 1 MODEL_HASH_MISMATCH 5 E2E_MODEL "a model that is not bound" "${evidence[@]}" \
	other-model.bin
refused 1 SECURITY_MODE_MISMATCH 5 E2E_SECURITY_MODE "production under the stub" "${evidence[@]}" \
	production.bin
head -c 600 evidence.bin >cut-evidence.bin
judge 3 "cut evidence" --evidence cut-evidence.bin --pcr0 "$pin" --insecure-accept-stub receipt.bin
json out 'd["verdict"] == "malformed" and d["code"] == "EVIDENCE_REFUSED"' "is called malformed"
judge 3 "a receipt for evidence" --evidence receipt.bin --pcr0 "$pin" receipt.bin
judge 5 "evidence that is not there" --evidence nowhere --pcr0 "$pin" receipt.bin
json out 'd["schema"] == "tacit.error/1"' "is an error in JSON"
printf eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl >token
judge 6 "a token" --evidence token --pcr0 "$pin" receipt.bin
json out '(d["schema"], d["status"]) == ("tacit.error/1", "UNSUPPORTED")' "is unsupported"
base64 -w 0 evidence.bin >evidence.b64
judge 0 "evidence as base64" --evidence evidence.b64 --pcr0 "$pin" --insecure-accept-stub receipt.bin

# --- usage ---------------------------------------------------------------------------------------
run 2 "no key and no evidence" "$tacit" receipt verify receipt.bin
has err '--evidence FILE, or --key HEX' "says what to give"
run 2 "a policy without evidence" "$tacit" receipt verify --key "$key" --policy policy.json \
	receipt.bin
has err 'give --evidence' "says that nobody would ask it"
run 2 "a pin without evidence" "$tacit" receipt verify --key "$key" --pcr0 "$pin" receipt.bin
run 2 "a waiver without evidence" "$tacit" receipt verify --key "$key" --insecure-accept-stub \
	receipt.bin
run 2 "a key that is cut" "$tacit" receipt verify --key "${key:2}" receipt.bin
run 2 "a nonce under 8 bytes" "$tacit" receipt verify --key "$key" --nonce 00112233445566 \
	receipt.bin
run 2 "another --platform" "$tacit" receipt verify --key "$key" --platform nitro receipt.bin
run 2 "--jobs without --batch" "$tacit" receipt verify --key "$key" -j 2 receipt.bin
run 2 "two receipts" "$tacit" receipt verify --key "$key" receipt.bin receipt.bin
run 5 "no such receipt" "$tacit" receipt verify --key "$key" nowhere
run 5 "no such request" "$tacit" receipt verify --key "$key" --request nowhere receipt.bin

# --- damaged receipts --------------------------------------------------------------------------
# shellcheck disable=SC2016
from_stdin='exec "$@" <receipt.bin'
run 0 "standard input" sh -c "$from_stdin" - "$tacit" receipt verify --key "$key"
run 0 "standard input by name" sh -c "$from_stdin" - "$tacit" receipt verify --key "$key" -
run 3 "nothing" "$tacit" receipt verify --key "$key" /dev/null
python3 - <<'PY'
good = open("receipt.bin", "rb").read()
for i in range(15):
    at = i * len(good) * 8 // 15 + i
    flipped = bytearray(good)
    flipped[at // 8] ^= 1 << at % 8
    open(f"flip-{i}", "wb").write(flipped)
    open(f"short-{i}", "wb").write(good[:i * len(good) // 15])
open("trailing", "wb").write(good + b"\0")
open("large", "wb").write(good + bytes(70000))
PY
wrong=0
for file in flip-* short-* trailing large evidence.bin; do
	code=0
	"$tacit" receipt verify -q --key "$key" "$file" >out 2>err || code=$?
	if [ $code -ne 1 ] && [ $code -ne 3 ] || [ -s out ]; then
		echo "# $file: exit $code"
		wrong=1
	fi
done
ok $wrong "15 flips, 15 cuts, trailing bytes and other files are exit 1 or 3"

# --- show ----------------------------------------------------------------------------------------
run 0 "show" "$tacit" receipt show receipt.bin
has out '^receipt, [0-9]+ bytes, nothing of it verified$' "says first that nothing is verified"
has out '^model_id +demo$' "shows claims"
has out '^  pcr0 +1{96}$' "and those inside"
run 0 "show --json" "$tacit" receipt show --json receipt.bin
json out 'list(d) == ["schema", "judged", "claims"] and d["schema"] == "tacit.receipt/1" and
	d["judged"] is False and d["claims"]["model_id"] == "demo"' "has its schema"
"$tacit" receipt verify --json --key "$key" receipt.bin >verified
python3 -c 'import json
assert json.load(open("out"))["claims"] == json.load(open("verified"))["claims"]'
ok $? "the claims are those of the verdict"
python3 - <<'PY'
good = bytearray(open("receipt.bin", "rb").read())
good[-1] ^= 1
open("unsigned", "wb").write(good)
PY
run 0 "show of SNP" "$tacit" receipt show snp.bin
has out '^eat_profile +urn:x-tacit:air-snp/v1$' "names the profile"
has out '^  measurement +(11){48}$' "and the launch digest"
run 0 "show does not look at the signature" "$tacit" receipt show unsigned
run 3 "show of evidence" "$tacit" receipt show evidence.bin
run 3 "show of half a receipt" "$tacit" receipt show short-7
run 5 "show of nothing" "$tacit" receipt show nowhere

# --- the published vectors ---------------------------------------------------------------------
if [ ! -d "$vectors/air" ]; then
	skip "the published vectors" "$vectors/air is not there"
	done_testing
fi
python3 - "$vectors/air" >list <<'PY'
"""One line a vector: name, exit code, failure code or "-", options; the receipt in name.bin."""
import glob, json, os, sys
count = 0
for path in sorted(glob.glob(sys.argv[1] + "/*/*/*.json")):
    d = json.load(open(path))
    corpus = path.split("/")[-3]
    failure, policy = d.get("expected_failure") or {}, d.get("verify_policy") or {}
    code, layer = failure.get("code", "-"), failure.get("layer", 0)
    # The older corpus writes security modes that draft-02 no longer has.
    if corpus == "air-v1-repo" and layer in (0, 4):
        code, layer = "UNKNOWN_SECURITY_MODE", 3
    options = ["--key", d.get("public_key_hex") or d["wrong_public_key_hex"]]
    for member, option in (("expected_nonce_hex", "--nonce"), ("max_age_secs", "--max-age"),
                           ("expected_model_hash_hex", "--model-hash"),
                           ("expected_platform", "--platform")):
        if member in policy:
            options += [option, str(policy[member])]
    exit = 0 if code == "-" else 3 if layer == 1 else 1
    name = f"{corpus}-{os.path.basename(path)[:-5]}"
    open(name + ".bin", "wb").write(bytes.fromhex(d["receipt_hex"]))
    print(name, exit, code, *options)
    if code == "-" and "tdx" in name:
        print(name, 0, "-", *options, "--nonce", "deadbeefcafebabe")
    count += 1
assert count == 29, count
PY
ok $? "there are 29 vectors"
while read -r name code air options; do
	# shellcheck disable=SC2086
	judge "$code" "$name: $air" $options "$name.bin"
	case $air in
	-) json out 'd["verdict"] == "verified" and d["code"] is None' "$name: verified" ;;
	UNKNOWN_SECURITY_MODE)
		json out 'd["code"].startswith("UNKNOWN_SECURITY_MODE:")' "$name: says which"
		;;
	*) json out "d['code'] == '$air'" "$name: the code is $air" ;;
	esac
done <list
done_testing
