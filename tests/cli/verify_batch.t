#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify --batch: a line in is a verdict out, in order and with its id, whatever the lines and the
# threads; the lines of docs/verify.md as stages of a pipe.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/mkevidence" ] || skip_all "$tools/mkevidence is not built"
now=1795248000
cd "$work" || exit 1
mkdir one two
"$tools/mkevidence" nitro one --nonce 00112233 && "$tools/mkevidence" nitro two --user-data c0ffee &&
	"$tacit" attest -q --tee stub -o stub.bin || exit 1
roots=(--insecure-test-root one/root.der --insecure-test-root two/root.der)
batch=("$tacit" verify --batch --insecure-no-policy --now $now)

# lines FILE EXPRESSION NAME: Python's view of a file of JSON lines; `d` is the list.
lines() {
	printf '[%s]' "$(paste -sd, "$1")" >listed
	json listed "$2" "$3"
}

cat >make.py <<'PY'
import base64, json, sys
one, two, stub = (open(f, "rb").read() for f in ("one/document.cose", "two/document.cose", "stub.bin"))
root = base64.b64encode(open("one/root.der", "rb").read()).decode()
b64 = lambda b: base64.b64encode(b).decode()
url = lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")
lines, want = [], []

def add(line, verdict, id=None, failed=None):
    lines.append(line if isinstance(line, str) else json.dumps(line))
    want.append([verdict, id, failed])

NOW = 1795248000
for i in range(int(sys.argv[1])):
    flipped = bytearray(one)
    flipped[200 + i * 7 % 4000] ^= 1 << i % 8
    kind = i % 24
    if kind == 0: add({"id": i, "evidence": b64(one)}, "verified", i)
    elif kind == 1: add({"id": f"line {i}", "evidence": url(two)}, "verified", f"line {i}")
    elif kind == 2: add({"evidence": b64(one)}, "verified")
    elif kind == 3: add({"id": 'q"\\\u00fc\n', "evidence": b64(one)}, "verified", 'q"\\\u00fc\n')
    elif kind == 4: add({"id": i, "evidence": b64(one), "collateral": [root, root]}, "verified", i)
    elif kind == 5: add({"id": i, "evidence": b64(one), "collateral": []}, "verified", i)
    elif kind == 6: add({"id": i, "evidence": b64(one), "nonce": "00112233"}, "verified", i)
    elif kind == 7: add({"id": i, "evidence": b64(one), "nonce": "00112234"}, "refused", i, "evidence.nonce")
    elif kind == 8: add({"id": i, "evidence": b64(two), "user_data": "c0ffee"}, "verified", i)
    elif kind == 9: add({"id": i, "evidence": b64(stub)}, "refused", i, "policy.hardware")
    elif kind == 10: add({"id": i, "evidence": b64(bytes(flipped))}, None, i)
    elif kind == 11: add({"id": i, "evidence": b64(one[:-1])}, "malformed", i)
    elif kind == 12: add({"id": i, "evidence": ""}, "malformed", i)
    elif kind == 13: add({"id": i, "evidence": "*"}, "malformed", i, "line")
    elif kind == 14: add({"id": i}, "malformed", i, "line")
    elif kind == 15: add({"id": i, "evidence": b64(one), "nonse": "00"}, "malformed", i, "line")
    elif kind == 16: add({"id": i, "evidence": b64(one), "now": NOW}, "verified", i)
    elif kind == 17: add({"id": i, "evidence": b64(one), "now": NOW + 1}, "malformed", i, "line")
    elif kind == 18: add({"id": i, "evidence": b64(one), "collateral": [b64(b"words")]}, "malformed", i)
    elif kind == 19: add("", "malformed", None, "line.json")
    elif kind == 20: add("[]", "malformed", None, "line")
    elif kind == 21: add('{"id":5,"id":6}', "malformed")
    elif kind == 22: add({"id": [], "evidence": b64(one)}, "malformed", None, "line")
    elif kind == 23: add({"id": i, "evidence": b64(b64(one).encode())}, "verified", i)
open("mixed", "w").write("\n".join(lines))  # no line break after the last
json.dump(want, open("want", "w"))
PY
python3 make.py 240
cat >compare.py <<'PY'
import json
got, want = [json.loads(line) for line in open("mixed-1")], json.load(open("want"))
assert len(got) == len(want), len(got)
for i, (g, (verdict, id, failed)) in enumerate(zip(got, want)):
    assert g["schema"] == "tacit.verdict/1" and isinstance(g["checks"], list), (i, g)
    assert g["id"] == id, (i, g)
    assert g["insecure"] == ["insecure-no-policy", "insecure-test-root"], (i, g)
    if verdict is None:
        assert g["verdict"] in ("refused", "malformed", "undecided"), (i, g)
        continue
    assert g["verdict"] == verdict, (i, g)
    assert ("claims" in g) == (verdict == "verified" or failed in ("evidence.nonce", "policy.hardware")), (i, g)
    if failed:
        assert [c["name"] for c in g["checks"] if c["result"] == "fail"][0] == failed, (i, g)
PY
for jobs in 1 2 5; do
	run 1 "mixed lines, -j $jobs" "${batch[@]}" "${roots[@]}" -j $jobs mixed
	cp out mixed-$jobs
done
python3 compare.py
ok $? "every line has its verdict and its id"
cmp -s mixed-1 mixed-2 && cmp -s mixed-1 mixed-5
ok $? "any number of threads gives the same"
sed 's/$/\r/' mixed >dos
run 1 "standard input, lines that end in CR LF" sh -c 'exec "$@" <dos' - "${batch[@]}" "${roots[@]}" -
cmp -s out mixed-1
ok $? "gives the same"
sed -n 1p mixed >first
"$tacit" verify --json --insecure-no-policy --now $now "${roots[@]}" one/document.cose >single 2>err
run 0 "one line" "${batch[@]}" "${roots[@]}" first
json out 'd.pop("id") == 0 and d == json.load(open("single"))' "is the verdict that one file gives"

# --- what all lines share ------------------------------------------------------------------------
run 1 "without the roots none is genuine" "${batch[@]}" first
run 0 "common collateral" "${batch[@]}" "${roots[@]}" --collateral one/root.der first
run 3 "common collateral that is none" "${batch[@]}" "${roots[@]}" --collateral want first
pcr0=$(sed 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/' single)
run 0 "pins" "$tacit" verify --batch --now $((now + 3600)) --pcr0 "$pcr0" "${roots[@]}" first
run 1 "other pins" "$tacit" verify --batch --now $now --pcr0 "$(printf '11%.0s' {1..48})" \
	"${roots[@]}" first
lines out 'd[0]["verdict"] == "refused" and d[0]["id"] == 0' "refuse"
printf '{"schema":"tacit.policy/1","alternatives":[{"platform":"nitro","measurements":{"pcr0":"%s"}}]}' \
	"$pcr0" >policy.json
run 0 "a policy" "$tacit" verify --batch --now $now --policy policy.json "${roots[@]}" first
run 1 "which has an age" "$tacit" verify --batch --now $((now + 3600)) --policy policy.json \
	"${roots[@]}" first
run 0 "--any-age" "$tacit" verify --batch --any-age --now $((now + 3600)) --policy policy.json \
	"${roots[@]}" first
run 1 "no policy" "$tacit" verify --batch --now $now "${roots[@]}" first
lines out '[c["name"] for c in d[0]["checks"] if c["result"] == "fail"] == ["policy.present"]' \
	"is no reason to accept"
run 0 "--platform" "${batch[@]}" "${roots[@]}" --platform nitro first
run 1 "another --platform" "${batch[@]}" "${roots[@]}" --platform tdx first
lines out 'd[0]["checks"][0]["name"] == "evidence.platform" and d[0]["id"] == 0' "is refused"
run 1 "a nonce for all" "${batch[@]}" "${roots[@]}" --nonce 00112234 first
run 0 "the right one" "${batch[@]}" "${roots[@]}" --nonce 00112233 first
sed 's/"id"/"nonce": "00", "id"/' first >other-nonce
run 1 "a line that wants another" "${batch[@]}" "${roots[@]}" --nonce 00112233 other-nonce
lines out 'd[0]["verdict"] == "malformed" and "differs" in d[0]["checks"][0]["why"]' "is told so"

# --- usage ---------------------------------------------------------------------------------------
run 2 "--save" "${batch[@]}" --save x first
run 2 "--jobs without --batch" "$tacit" verify -j 2 one/document.cose
run 2 "no threads" "${batch[@]}" -j 0 first
run 5 "no such file" "${batch[@]}" nowhere
run 0 "no line" "${batch[@]}" /dev/null

# --- long lines, and what never ends -------------------------------------------------------------
for length in 70000 8388608 8388609 8500000 20000000; do
	{
		cat first
		head -c $length /dev/zero | tr '\0' a
		echo
		cat first
	} >long
	run 1 "a line of $length bytes" "${batch[@]}" "${roots[@]}" long
	lines out '[x["verdict"][0] for x in d] == list("vmv")' "is one line"
done
python3 - <<'PY'
import base64, json
one = base64.b64encode(open("one/document.cose", "rb").read()).decode()
root = base64.b64encode(open("one/root.der", "rb").read() ).decode()
many = {"evidence": one, "collateral": [root] * 64}
print(json.dumps(many), file=open("many", "w"))
many["collateral"].append(root)
print(json.dumps(many), file=open("toomany", "w"))
PY
run 0 "64 pieces of collateral" "${batch[@]}" "${roots[@]}" many
run 1 "65 of them" "${batch[@]}" "${roots[@]}" toomany
mkfifo feed results
"${batch[@]}" "${roots[@]}" <feed >results 2>err &
started+=("$!")
exec 8>feed 9<results
answered=0
for i in 0 1 2; do
	sed "s/\"id\": 0/\"id\": $i/" first >&8
	if read -r -t 60 answer <&9 && [[ $answer == '{"id":'$i,* ]]; then
		answered=$((answered + 1))
	fi
done
ok $((answered != 3)) "each line is answered before the next one comes"
exec 8>&- 9<&-

# --- as docs/verify.md has it ----------------------------------------------------------------------
export PATH="$(dirname "$tacit"):$PATH"
judge="tacit verify --batch --now $now --policy policy.json ${roots[*]}"
# shellcheck disable=SC2016
stage="$judge"' || [ $? -eq 1 ]'
run 0 "a stage that only transforms" sh -c "exec <mixed; $stage"
lines out 'len(d) == 240' "gives every line"
run 5 "and still fails when it cannot read" sh -c "$judge nowhere || [ \$? -eq 1 ] || exit 5"
if parallel --version 2>/dev/null | grep -q GNU; then
	cp out before
	run 0 "GNU parallel" sh -c "parallel --pipe --keep-order --block 100k '$stage' <mixed"
	lines out 'len(d) == 240' "gives every line"
else
	skip "GNU parallel" "it is not installed"
fi

# --- progress ------------------------------------------------------------------------------------
if has_terminal; then
	cat >slow.sh <<'EOF'
{ cat first; sleep 0.5; cat first; } | "$@" >answers
EOF
	python3 "$OLDPWD/tests/cli/terminal.py" bash slow.sh "${batch[@]}" "${roots[@]}" -q >quiet
	python3 "$OLDPWD/tests/cli/terminal.py" bash slow.sh "${batch[@]}" "${roots[@]}" >loud
	has loud '2 lines, 0 not verified' "progress on a terminal"
	lacks quiet 'lines' "none with --quiet"
else
	skip "progress on a terminal" "this machine gives out no terminals"
fi
lacks err 'not verified' "none elsewhere"
done_testing
