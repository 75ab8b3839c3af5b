#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tacit explain: a paragraph for each check, and what differs when a measurement does.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/mkevidence" ] || skip_all "$tools/mkevidence is not built"
now=1795248000
cd "$work" || exit 1
mkdir debug
"$tools/mkevidence" nitro . && "$tools/mkevidence" nitro debug --debug || exit 1
root=(--insecure-test-root root.der)
"$tacit" verify --json --insecure-no-policy --now $now "${root[@]}" document.cose >json 2>err
pcr0=$(sed 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/' json)
pcr1=$(sed 's/.*"pcr1":"\([0-9a-f]*\)".*/\1/' json)

run 0 "accepted" "$tacit" explain --now $now --pcr0 "$pcr0" "${root[@]}" document.cose
[ "$(head -n 1 out)" = "verified: nitro" ]
ok $? "the verdict comes first"
has out '^warning: judged with --insecure-test-root$' "waivers are told"
python3 - <<'PY'
import json
checks = json.load(open("json"))["checks"]
text = open("out").read()
for c in checks:
    if c["name"] == "nitro.root": continue
    assert f': {c["name"]}\n' in text, c["name"]
    paragraph = text.split(f': {c["name"]}\n')[1].split("\n\n")[0]
    assert "It passes when " in paragraph, (c["name"], paragraph)
    if c["name"].startswith("nitro."):
        assert "Specified in" in paragraph, c["name"]
assert max(len(line) for line in text.split("\n") if " got " not in line) <= 100
PY
ok $? "every check has its paragraph, those of the platform with their specification"

run 1 "another measurement" "$tacit" explain --now $now "${root[@]}" --pcr0 "$pcr1" --pcr1 "$pcr1" \
	document.cose
has out '^fail: policy.measurements$' "the check that failed"
ok "$(($(grep -n '^fail:' out | cut -d: -f1) > $(grep -n '^pass:' out | head -n 1 | cut -d: -f1)))" \
	"comes before those that passed"
has out '^    pcr0: differs$' "what differs is named"
has out "policy   $pcr1" "with the policy's value"
has out "evidence $pcr0" "and the evidence's"
has out 'It measures the whole image: it was rebuilt' "and the usual cause"
has out '^    pcr1: equal$' "what is equal too"
run 1 "a debug enclave" "$tacit" explain --now $now --insecure-test-root debug/root.der \
	--insecure-allow-debug --pcr0 "$pcr0" debug/document.cose
has out 'all zeros are what an enclave in debug mode' "is the usual cause of zeros"
run 1 "not genuine" "$tacit" explain --now $now --pcr0 "$pcr0" document.cose
has out '^It is not shown that this evidence is genuine' "is said"
has out 'Not evaluated: not reached' "with what was not reached"
run 3 "no evidence" "$tacit" explain --pcr0 "$pcr0" root.der
run 1 "--json is that of verify" "$tacit" explain --json --now $now --pcr0 "$pcr1" "${root[@]}" document.cose
cp out explained
run 1 "as verify gives it" "$tacit" verify --json --now $now --pcr0 "$pcr1" "${root[@]}" document.cose
cmp -s out explained
ok $? "the same bytes"
run 0 "a bundle" "$tacit" verify -q --save bundle --now $now --pcr0 "$pcr0" "${root[@]}" document.cose
run 0 "is explained too" "$tacit" explain "${root[@]}" bundle
run 2 "no --save" "$tacit" explain --save x document.cose
run 2 "no --batch" "$tacit" explain --batch x
done_testing
