#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# attest and verify from the command line: exit codes, the JSON contract, what is refused and why.
. "$(dirname "$0")/lib.sh"
vectors=${TACIT_VECTORS:-../shared/vectors}
stub=--insecure-accept-stub

# judge CODE NAME OPTIONS...: the evidence of this test, with --json.
judge() {
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" verify --json "$@" "$work/evidence"
}

# fails CHECK NAME: of the last verdict, this check failed and no other did.
fails() {
	json "$work/out" "[c['name'] for c in d['checks'] if c['result'] == 'fail'] == ['$1']" "$2"
}

run 0 "attest" "$tacit" attest --tee stub --nonce 00112233 --user-data c0ffee -o "$work/evidence"
"$tacit" inspect --json "$work/evidence" >"$work/inspected"
made=$(python3 - "$work" <<'PY'
# The policies of this test, all from what the evidence says; prints when it was made.
import calendar, copy, json, sys, time
work = sys.argv[1]
fields = json.load(open(work + "/inspected"))["fields"]
real = fields["measurements"]
wrong = {name: "ab" * 48 for name in real}

def alternative(**measurements):
    return {"platform": "stub", "measurements": measurements}

def write(name, *alternatives, text=None, **members):
    policy = {"schema": "tacit.policy/1", "alternatives": list(alternatives), **members}
    with open(f"{work}/{name}.json", "w") as f:
        f.write(json.dumps(policy) if text is None else text)

stamp = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
right = alternative(**real)
write("right", right)
write("one", alternative(pcr0=real["pcr0"]))
for pcr in real:
    write("wrong-" + pcr, alternative(**{**real, pcr: "ab" * 48}))
write("mixture", alternative(pcr0=real["pcr0"], pcr1=wrong["pcr1"]),
      alternative(pcr0=wrong["pcr0"], pcr1=real["pcr1"]))
write("second", alternative(**wrong), right)
write("other-platform", {"platform": "nitro", "measurements": real})
write("expired", right, valid_until="2020-01-01T00:00:00Z")
write("early", right, valid_from="2100-01-01T00:00:00Z")
write("model", right, models=[{"sha256": "cd" * 32}])
write("strict-age", right, max_age_seconds=10, clock_skew_seconds=0)
# What is no policy.
write("unknown", right, pcr0_any=True)
write("unknown-inside", {**right, "debug_ok": True})
write("debug", {**right, "debug": True})
write("none")
write("zero", alternative(pcr0="00" * 48))
write("no-code", alternative(pcr1=real["pcr1"]))
write("short", alternative(pcr0=real["pcr0"][:-2]))
write("schema", right, schema="tacit.policy/2")
text = json.dumps({"schema": "tacit.policy/1", "alternatives": [right]})
write("twice", text=text[:-1] + ', "alternatives": [' + json.dumps(right) + "]}")
write("cut", text=text[:-1])
write("after", text=text + " {}")
write("list", text="[" + text + "]")
write("fraction", text=text[:-1] + ', "max_age_seconds": 300.5}')
write("nul", text=text + "\0")
write("bom", text="\ufeff" + text)
write("nothing", text="")
write("long", text=text + " " * (1 << 20))
print(calendar.timegm(time.strptime(fields["timestamp"], "%Y-%m-%dT%H:%M:%SZ")))
PY
)
pcr0=$(sed -n 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/p' "$work/inspected")
pcr1=$(sed -n 's/.*"pcr1":"\([0-9a-f]*\)".*/\1/p' "$work/inspected")
now=(--now "$made")
policy=("${now[@]}" --policy "$work/right.json")

# --- the contract --------------------------------------------------------------------------------
judge 0 "accepted" "${policy[@]}" $stub --nonce 00112233 --user-data c0ffee
cat >"$work/contract.py" <<'PY'
import json, re, sys
d = json.load(open(sys.argv[1]))
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
hexes = lambda v: re.fullmatch(r"([0-9a-f]{2})+", v) is not None
maybe = lambda v, good: v is None or good(v)
is_time = lambda v: re.fullmatch(TIME, v) is not None
c = d["claims"]
assert list(d) == ["schema", "verdict", "platform", "notice", "checks", "claims",
                   "insecure"], list(d)
assert (d["schema"], d["verdict"], d["platform"]) == ("tacit.verdict/1", "verified", "stub")
assert d["notice"] == "stub (NOT a TEE)"
assert len(d["checks"]) > 10
names = [k["name"] for k in d["checks"]]
assert len(set(names)) == len(names), names
for k in d["checks"]:
    assert list(k) == ["name", "result", "expected", "got", "why"], k
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", k["name"]), k
    assert k["result"] in ("pass", "skip"), k
    assert k["result"] == "pass" or k["why"], k
result = {k["name"]: k["result"] for k in d["checks"]}
for name in ("stub.format", "stub.cose.signature", "stub.payload", "evidence.nonce",
             "expect.user_data", "policy.present", "policy.validity", "policy.debug",
             "policy.freshness", "policy.platform", "policy.measurements"):
    assert result[name] == "pass", name
assert result["policy.hardware"] == "skip"
assert c["debug"] is False
assert sorted(c["measurements"]) == ["pcr0", "pcr1", "pcr2"]
assert all(len(v) == 96 and hexes(v) for v in c["measurements"].values())
assert c["user_data"] == "c0ffee" and c["nonce"] == "00112233"
assert "public_key" in c and c["public_key"] is None
assert "tcb_status" in c and c["tcb_status"] is None
assert c["advisory_ids"] == []
assert is_time(c["timestamp"]) and is_time(c["valid_from"])
assert "valid_until" in c and maybe(c["valid_until"], is_time)
assert d["insecure"] == ["insecure-accept-stub"], d["insecure"]
PY
python3 "$work/contract.py" "$work/out"
ok $? "the JSON has every member of the contract in its form"
ok "$(($(wc -l <"$work/out") != 1))" "on one line"
has "$work/err" 'warning: --insecure-accept-stub: the stub is NOT a TEE' "and a warning beside it"
run 0 "attest with a public key" "$tacit" attest --tee stub --public-key 0badcafe -o "$work/key"
run 0 "accepted" "$tacit" verify --json --insecure-no-policy $stub "$work/key"
json "$work/out" '(d["claims"]["public_key"], d["claims"]["nonce"], d["claims"]["user_data"]) ==
	("0badcafe", None, None)' "a key that is there is shown, what is absent is null"
json "$work/out" 'd["insecure"] == ["insecure-no-policy", "insecure-accept-stub"]' \
	"every waiver is listed"

run 0 "as text" "$tacit" verify "${policy[@]}" $stub "$work/evidence"
has "$work/out" '^verified: stub \(NOT a TEE\)$' "the verdict is the first line"
ok "$(($(grep -vc '^  ' "$work/out") != 3))" "what was not evaluated and the warning follow"
has "$work/out" '^warning: judged with --insecure-accept-stub$' "which names the waiver"
run 0 "--verbose" "$tacit" verify -v "${policy[@]}" $stub "$work/evidence"
has "$work/out" '^  pass  policy.measurements' "shows what passed"
run 0 "--quiet" "$tacit" verify -q "${policy[@]}" $stub "$work/evidence"
ok "$(($(wc -c <"$work/out") != 0))" "says nothing on stdout"
has "$work/err" 'warning: --insecure-accept-stub' "and still warns"

# --- what must be asked for ------------------------------------------------------------------
judge 1 "without a policy: refused" "${now[@]}" $stub
fails policy.present "by policy.present"
has "$work/err" "hint: .*--policy FILE.*tacit policy init" "with a hint what to do"
judge 1 "without --insecure-accept-stub: refused" "${policy[@]}"
fails policy.hardware "by policy.hardware"
json "$work/out" 'd["claims"]["debug"] is False and d["insecure"] == []' "shows genuine claims"
judge 1 "nor does --insecure-no-policy accept the stub" "${now[@]}" --insecure-no-policy
fails policy.hardware "by policy.hardware"
judge 1 "nor does --insecure-allow-debug" "${policy[@]}" --insecure-allow-debug
fails policy.hardware "by policy.hardware"

# --- nonce, data, platform -------------------------------------------------------------------
judge 1 "another nonce" "${policy[@]}" $stub --nonce 00112234
fails evidence.nonce "by evidence.nonce"
json "$work/out" '[(c["expected"], c["got"]) for c in d["checks"] if c["result"] == "fail"] ==
	[("00112234", "00112233")]' "expected and got are there"
judge 1 "a shorter nonce" "${policy[@]}" $stub --nonce 001122
judge 1 "a longer nonce" "${policy[@]}" $stub --nonce 0011223300
judge 1 "other user data" "${policy[@]}" $stub --user-data c0ffef
fails expect.user_data "by expect.user_data"
judge 1 "report data, which it has not" "${policy[@]}" $stub \
	--report-data "$(printf '00%.0s' {1..64})"
fails expect.report_data "by expect.report_data"
judge 0 "--platform stub" "${policy[@]}" $stub --platform stub
judge 1 "--platform nitro" "${policy[@]}" $stub --platform nitro
fails evidence.platform "by evidence.platform"
json "$work/out" 'd["platform"] == "stub" and "claims" not in d' "without claims: nothing is judged"
judge 2 "--platform of no platform" "${policy[@]}" $stub --platform stubb

# --- pins --------------------------------------------------------------------------------------
judge 0 "--pcr0" "${now[@]}" $stub --pcr0 "$pcr0"
judge 0 "--pcr0 and --pcr1" "${now[@]}" $stub --pcr0 "$pcr0" --pcr1 "$pcr1"
judge 1 "another --pcr0" "${now[@]}" $stub --pcr0 "${pcr1}"
fails policy.measurements "by policy.measurements"
judge 1 "another --pcr1" "${now[@]}" $stub --pcr0 "$pcr0" --pcr1 "$pcr0"
judge 1 "--pcr8, which it has not" "${now[@]}" $stub --pcr0 "$pcr0" --pcr8 "$pcr0"
judge 1 "--mrtd of another platform" "${now[@]}" $stub --mrtd "$pcr0"
fails policy.platform "by policy.platform"
judge 1 "--measurement of another platform" "${now[@]}" $stub --measurement "$pcr0"
judge 2 "pins of two platforms" "${now[@]}" $stub --pcr0 "$pcr0" --mrtd "$pcr0"
judge 2 "a pin beside a policy" "${policy[@]}" $stub --pcr0 "$pcr0"
judge 2 "a pin that is cut" "${now[@]}" $stub --pcr0 "${pcr0:2}"
judge 2 "half a byte" "${now[@]}" $stub --nonce 001
judge 2 "no hex" "${now[@]}" $stub --nonce 0011zz

# --- policies ----------------------------------------------------------------------------------
try() { # CODE NAME POLICY [CHECK]
	run "$1" "policy: $2" "$tacit" verify --json "${now[@]}" $stub --policy "$work/$3.json" \
		"$work/evidence"
	[ -z "${4:-}" ] || fails "$4" "policy: $2: by $4"
}
try 0 "one measurement" one
try 0 "the second alternative" second
try 1 "another pcr0" wrong-pcr0 policy.measurements
try 1 "another pcr1" wrong-pcr1 policy.measurements
try 1 "another pcr2" wrong-pcr2 policy.measurements
try 1 "two alternatives never mix" mixture policy.measurements
try 1 "of another platform" other-platform policy.platform
try 1 "expired" expired policy.validity
try 1 "not yet valid" early policy.validity
try 1 "a model that is not bound" model policy.model
broken() { # NAME POLICY WHAT
	run 3 "no policy: $1" "$tacit" verify --json "${now[@]}" $stub --policy "$work/$2.json" \
		"$work/evidence"
	has "$work/err" "cannot use policy '.*$2.json': .*$3" "no policy: $1: says why"
}
broken "an unknown member" unknown "pcr0_any"
broken "an unknown member inside" unknown-inside "debug_ok"
broken "one that would accept debug" debug debug
broken "no alternatives" none alternatives
broken "zeros" zero measurements
broken "nothing that names the code" no-code measurements
broken "a value too short" short pcr0
broken "another schema" schema schema
broken "a member twice" twice "duplicate member"
broken "cut" cut .
broken "something after it" after .
broken "a list" list .
broken "a fraction" fraction max_age_seconds
broken "a NUL" nul .
broken "a byte order mark" bom .
broken "nothing" nothing .
run 3 "no policy: over 1 MiB" "$tacit" verify $stub --policy "$work/long.json" "$work/evidence"
run 5 "no policy: no such file" "$tacit" verify $stub --policy "$work/absent" "$work/evidence"
run 5 "no policy: a folder" "$tacit" verify --json $stub --policy "$work" "$work/evidence"
json "$work/out" 'd["schema"] == "tacit.error/1" and d["status"] == "IO" and d["exit"] == 5' \
	"errors are JSON too"

# --- time ----------------------------------------------------------------------------------------
at() { # CODE NAME SECONDS [POLICY]
	run "$1" "$2" "$tacit" verify --json $stub --policy "$work/${4:-right}.json" --now "$3" \
		"$work/evidence"
	[ "$1" -eq 0 ] || fails policy.freshness "$2: by policy.freshness"
}
at 0 "5 minutes and the skew later" $((made + 360))
at 1 "a second more" $((made + 361))
at 0 "as early as the skew" $((made - 60))
at 1 "a second earlier" $((made - 61))
at 0 "a policy with another age" $((made + 10)) strict-age
at 1 "and a second more" $((made + 11)) strict-age
at 1 "1970" 0
at 1 "1970 in words" 1970-01-01T00:00:00Z
at 1 "the year 9999" 9999-12-31T23:59:59Z
at 1 "the end of time" 9223372036854775807
at 0 "in words, another zone" "$(date -u -d "@$((made + 7200))" +%Y-%m-%dT%H:%M:%S)+02:00"
for bad in yesterday 2026-02-30T00:00:00Z 2026-11-21 -1 12x 1G '' 9223372036854775808; do
	judge 2 "no time: '$bad'" --now "$bad" $stub --policy "$work/right.json"
done

# --- standard input ------------------------------------------------------------------------------
# shellcheck disable=SC2016
from_stdin='exec "$@" <"$FROM"'
FROM=$work/evidence run 0 "- is standard input" env FROM="$work/evidence" \
	sh -c "$from_stdin" - "$tacit" verify "${policy[@]}" $stub -
run 0 "as is no file at all" env FROM="$work/evidence" \
	sh -c "$from_stdin" - "$tacit" verify "${policy[@]}" $stub
run 3 "nothing on standard input" "$tacit" verify "${policy[@]}" $stub -
run 5 "a policy of that name is none" "$tacit" verify $stub --policy ./- "$work/evidence"

# --- damaged evidence --------------------------------------------------------------------------
tools=$(dirname "$(readlink -f "$tacit")")/tools
if [ -x "$tools/verdicts" ]; then
	run 0 "every cut and every bit flip is refused" "$tools/verdicts" "$work/evidence" \
		"$work/right.json" "$made"
	size=$(wc -c <"$work/evidence")
	has "$work/out" "^bytes $size refused [0-9]+ malformed [0-9]+ other 0 accepted 0$" \
		"all $((size * 9)) of them"
	counted=$(awk '/^bytes/ { print $4 + $6 }' "$work/out")
	ok $((counted != size * 9)) "and none was left out"
else
	skip "every cut and every bit flip is refused" "$tools/verdicts is not built"
fi
python3 - "$work" <<'PY'
import sys
work = sys.argv[1]
good = open(work + "/evidence", "rb").read()
for i in range(20):
    flipped = bytearray(good)
    at = i * len(good) * 8 // 20 + i
    flipped[at // 8] ^= 1 << at % 8
    open(f"{work}/flip-{i}", "wb").write(flipped)
    open(f"{work}/cut-{i}", "wb").write(good[:i * len(good) // 20])
open(work + "/trailing", "wb").write(good + b"\0")
open(work + "/twice", "wb").write(good + good)
PY
wrong=0
for file in "$work"/flip-* "$work"/cut-* "$work/trailing" "$work/twice"; do
	"$tacit" verify -q "${policy[@]}" $stub "$file" >"$work/out" 2>"$work/err"
	code=$?
	if [ $code -ne 1 ] && [ $code -ne 3 ] || [ -s "$work/out" ]; then
		echo "# ${file##*/}: exit $code"
		wrong=1
	fi
done
ok $wrong "20 flips, 20 cuts and two things behind it are exit 1 or 3"

# --- other platforms ---------------------------------------------------------------------------
foreign() { # PLATFORM TEXT
	printf '%s' "$2" >"$work/foreign"
	run 6 "evidence of $1" "$tacit" verify --json --insecure-no-policy $stub "$work/foreign"
	has "$work/err" "looks like $1 evidence, which this build cannot judge" "is named"
	json "$work/out" '(d["schema"], d["status"]) == ("tacit.error/1", "UNSUPPORTED")' \
		"in JSON too"
}
foreign gcp-token eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl
foreign nvidia '[{"arch":"HOPPER","nonce":"00","evidence":"AA==","certificate":"AA=="}]'

# --- what surrounds it -------------------------------------------------------------------------
mkdir -p "$work/home/.config/tacit" "$work/home/tacit"
# Nothing is computed any more by who takes this for OpenSSL's configuration.
cat >"$work/openssl.cnf" <<-'END'
	openssl_conf = start
	[start]
	providers = providers
	[providers]
	null = null
	[null]
	activate = 1
END
OPENSSL_CONF="$work/openssl.cnf" openssl dgst -sha256 /dev/null >"$work/out" 2>&1
[ $? -ne 0 ]
ok $? "a configuration of OpenSSL that takes everything away"
cp "$work/right.json" "$work/home/.config/tacit/policy.json"
cp "$work/right.json" "$work/home/tacit/policy.json"
environment=(HOME="$work/home" XDG_CONFIG_HOME="$work/home" TACIT_POLICY="$work/right.json"
	TACIT_INSECURE=1 TACIT_INSECURE_ACCEPT_STUB=1 TACIT_ACCEPT_STUB=1 TACIT_INSECURE_NO_POLICY=1
	TACIT_ALLOW_DEBUG=1 TACIT_INSECURE_ALLOW_DEBUG=1 TACIT_SKIP_VERIFY=1 TACIT_NO_VERIFY=1
	TACIT_NOW="$made" TACIT_TEE=stub TACIT_DEBUG=1 TACIT_TEST=1 TACIT_ROOT="$work" DEBUG=1
	SOURCE_DATE_EPOCH="$made" TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 LANG=de_DE.UTF-8
	SSL_CERT_FILE="$work/evidence" SSL_CERT_DIR="$work" RA_TLS_ALLOW_DEBUG_ENCLAVE_INSECURE=1
	OPENSSL_CONF="$work/openssl.cnf" OPENSSL_MODULES="$work" OPENSSL_ENGINES="$work"
	RA_TLS_ALLOW_OUTDATED_TCB_INSECURE=1 COLUMNS=20 POSIXLY_CORRECT=1)
same() { # NAME OPTIONS...
	local name=$1 before after
	shift
	"$tacit" verify "$@" "$work/evidence" >"$work/before" 2>"$work/before.err"
	before=$?
	env "${environment[@]}" "$tacit" verify "$@" "$work/evidence" >"$work/after" \
		2>"$work/after.err"
	after=$?
	cmp -s "$work/before" "$work/after" && cmp -s "$work/before.err" "$work/after.err" &&
		[ $before -eq $after ]
	ok $? "no environment variable changes it: $name (exit $before)"
}
same "accepted" --json "${policy[@]}" $stub
same "no policy" --json "${now[@]}" $stub
same "the stub" --json "${policy[@]}"
same "no policy, as text" "${now[@]}" $stub
same "too old" --json --now $((made + 4000)) --policy "$work/right.json" $stub
same "accepted, as text" -v "${policy[@]}" $stub
found=$(grep -rhoE 'getenv\("[A-Z_]+"\)' src cmd | LC_ALL=C sort -u | grep -oE '[A-Z_]{2,}' | xargs)
# AWS_* are who somebody who develops is to AWS: they sign requests, and are asked for by name.
[ "$found" = "AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_REGION AWS_SECRET_ACCESS_KEY \
AWS_SESSION_TOKEN CREDENTIALS_DIRECTORY HOME LISTEN_FDNAMES LISTEN_FDS LISTEN_PID NOTIFY_SOCKET \
NO_COLOR PATH TERM TMPDIR XDG_CACHE_HOME XDG_RUNTIME_DIR" ]
ok $? "the source reads no others than those that colour, report, hand over sockets, say where or who"

# --- colour --------------------------------------------------------------------------------------
colours() { # WANTED NAME COMMAND...: on a terminal
	local wanted=$1 name=$2
	shift 2
	run 0 "$name" env -u NO_COLOR TERM=xterm "$@"
	grep -q $'\033' "$work/out"
	ok $(($? == wanted)) "$name: has $([ "$wanted" = 1 ] || echo no) colour"
}
plain=(python3 tests/cli/terminal.py "$tacit" verify "${policy[@]}" $stub "$work/evidence")
if has_terminal; then
	colours 1 "on a terminal" "${plain[@]}"
	colours 0 "NO_COLOR" env NO_COLOR=1 "${plain[@]}"
	colours 0 "TERM=dumb" env TERM=dumb "${plain[@]}"
	colours 0 "--no-color" "${plain[@]}" --no-color
	colours 0 "--json" "${plain[@]}" --json
else
	skip "colours on a terminal" "this machine gives out no terminals"
fi
colours 0 "into a file" "$tacit" verify "${policy[@]}" $stub "$work/evidence"
done_testing
