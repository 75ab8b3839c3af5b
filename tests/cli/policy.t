#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# policy init from evidence, and policy check: what is written accepts what was seen, no more.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/receipts" ] || skip_all "$tools/receipts is not built"
"$tools/receipts" "$work" 1 >/dev/null
cd "$work" || exit 1
stub=--insecure-accept-stub
init=("$tacit" policy init $stub)
judge() { # CODE NAME POLICY EVIDENCE [CHECK]
	run "$1" "$2" "$tacit" verify --json $stub --policy "$3" --now 1790000000 "$4"
	[ -z "${5:-}" ] ||
		json out "[c['name'] for c in d['checks'] if c['result'] == 'fail'] == ['$5']" "$2: by $5"
}

# --- init ----------------------------------------------------------------------------------------
run 0 "from evidence, however old" "${init[@]}" --evidence evidence.bin -o policy.json
has err 'warning: trust on first use' "says that it is trust on first use"
has err 'warning: --insecure-accept-stub' "and that this is no TEE"
json policy.json 'd["schema"] == "tacit.policy/1" and len(d["alternatives"]) == 1 and
	d["alternatives"][0]["platform"] == "stub" and "trust on first use" in d["comment"]' \
	"the policy says so too"
json policy.json 'd["alternatives"][0]["measurements"] ==
	{"pcr%d" % i: "%d%d" % (i + 1, i + 1) * 48 for i in range(3)}' "it holds every measurement"
judge 0 "accepts what it was made from" policy.json evidence.bin
judge 0 "and another boot of the same" policy.json other-evidence.bin
run 1 "but no stub by itself" "$tacit" verify --policy policy.json --now 1790000000 evidence.bin
"$tacit" attest --tee stub -q -o plain.bin
run 1 "nor another build" "$tacit" verify --json $stub --policy policy.json plain.bin
json out '"policy.measurements" in [c["name"] for c in d["checks"] if c["result"] == "fail"]' \
	"by its measurements"
for what in "a1a1a1:a2a1a1:policy.model" "0c0c0c:0d0c0c:policy.config" \
	"222222:232222:policy.measurements"; do
	IFS=: read -r from to check <<<"$what"
	sed "0,/$from/s//$to/" policy.json >other.json
	judge 1 "one digit of it changed ($from)" other.json evidence.bin "$check"
done
run 0 "--any-model" "${init[@]}" --evidence evidence.bin --any-model -o any-model.json
lacks any-model.json 'a1a1a1' "does not name the model"
has any-model.json '0c0c0c' "names the configuration"
run 0 "--any-config" "${init[@]}" --evidence evidence.bin --any-config -o any-config.json
lacks any-config.json '0c0c0c' "does not name the configuration"
has any-config.json 'a1a1a1' "names the model"
run 0 "--name, to standard output" "${init[@]}" --evidence evidence.bin --name 'a "name"'
json out 'd["name"] == "a \"name\""' "is the name"
run 1 "without --insecure-accept-stub" "$tacit" policy init --evidence evidence.bin -o none.json
run 3 "from a receipt" "${init[@]}" --evidence receipt.bin -o none.json
head -c 500 evidence.bin >cut.bin
run 3 "from half of it" "${init[@]}" --evidence cut.bin -o none.json
python3 -c 'd = bytearray(open("evidence.bin", "rb").read()); d[-1] ^= 1
open("unsigned.bin", "wb").write(d)'
run 1 "from what is not genuine" "${init[@]}" --evidence unsigned.bin -o none.json
[ ! -e none.json ]
ok $? "nothing was written"
run 5 "from nothing" "${init[@]}" --evidence nowhere -o none.json
run 5 "to nowhere" "${init[@]}" --evidence evidence.bin -o nowhere/policy.json
run 2 "from a server and from a file" "${init[@]}" --evidence evidence.bin --server tcp:127.0.0.1:1
run 2 "from neither" "${init[@]}"
run 2 "a name that is too long" "${init[@]}" --evidence evidence.bin \
	--name "$(printf 'a%.0s' {1..129})"
run 3 "a name with a line break" "${init[@]}" --evidence evidence.bin --name $'a\nb' -o none.json
cp evidence.bin $'evid"\n\xff.bin'
run 0 "a file of any name" "${init[@]}" --evidence $'evid"\n\xff.bin' -o odd.json
run 0 "gives a policy" "$tacit" policy check odd.json
[ ! -e none.json ]
ok $? "what is no policy is not written"

# --- check ---------------------------------------------------------------------------------------
run 0 "check" "$tacit" policy check policy.json
has out "^ok: policy 'policy.json'" "says ok"
has out "sha256 $(sha256sum <policy.json | cut -d' ' -f1)" "names the hash of its text"
has out 'alternative 0: stub \(NOT a TEE\)' "and what it accepts"
run 0 "check --json" "$tacit" policy check --json policy.json
json out 'd["schema"] == "tacit.policy-check/1" and d["result"] == "ok" and
	d["alternatives"] == ["stub"]' "in JSON too"
# shellcheck disable=SC2016
run 0 "check of standard input" sh -c 'exec "$@" <policy.json' - "$tacit" policy check
sed 's/"alternatives"/"alternativs"/' policy.json >typo.json
run 3 "a member that is misspelt" "$tacit" policy check typo.json
has err "cannot use policy 'typo.json': .*alternativs" "is named"
run 3 "half a policy" sh -c "head -c 200 policy.json | '$tacit' policy check"
run 3 "evidence" "$tacit" policy check evidence.bin
run 5 "nothing" "$tacit" policy check nowhere
run 2 "two" "$tacit" policy check policy.json policy.json
# --- hardware ------------------------------------------------------------------------------------
if [ -x "$tools/mkevidence" ]; then
	mkdir nitro
	"$tools/mkevidence" nitro nitro
	root=(--insecure-test-root nitro/root.der)
	run 1 "a root that is not trusted" "$tacit" policy init --evidence nitro/document.cose \
		--now 1795248000
	run 0 "evidence of Nitro" "$tacit" policy init --evidence nitro/document.cose \
		--now 1795249000 "${root[@]}" --collateral nitro/root.der -o nitro/policy.json
	json nitro/policy.json 'set(d["alternatives"][0]["measurements"]) <= {"pcr0", "pcr1", "pcr2", "pcr8"}
		and "pcr0" in d["alternatives"][0]["measurements"]' "pins what names the code"
	run 0 "accepts it" "$tacit" verify --policy nitro/policy.json --now 1795248000 "${root[@]}" \
		nitro/document.cose
	run 2 "--now with a server" "$tacit" policy init --server tcp:127.0.0.1:1 --now 0
else
	skip "evidence of Nitro" "$tools/mkevidence is not built"
fi
done_testing
