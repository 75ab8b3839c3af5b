#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# receipt verify --batch: a line in is a line out, in order, whatever the lines, the threads and
# the speed of what comes before and after it in a pipe.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/receipts" ] || skip_all "$tools/receipts is not built"
key=$("$tools/receipts" "$work" 300)
batch=("$tacit" receipt verify --batch --key "$key")
cd "$work" || exit 1

# lines FILE EXPRESSION NAME: Python's view of a file of JSON lines; `d` is the list.
lines() {
	printf '[%s]' "$(paste -sd, "$1")" >listed
	json listed "$2" "$3"
}

# --- order and identity --------------------------------------------------------------------------
run 0 "300 receipts" "${batch[@]}" receipts.txt
cp out whole
lines whole 'len(d) == 300 and all(x["schema"] == "tacit.receipt-verdict/1" for x in d)' \
	"300 lines, each an object of its own"
lines whole '[x["claims"]["sequence_number"] for x in d] == list(range(1, 301))' "in order"
lines whole 'all(x["verdict"] == "verified" and x["assurance"] == "AIR-local" for x in d)' \
	"all verified"
python3 - "$key" <<'PY'
import base64, json, random, sys
key = sys.argv[1]
good = open("receipts.txt").read().split()
raw = [base64.urlsafe_b64decode(line + "=" * (-len(line) % 4)) for line in good]
random.seed(5)
lines, want = [], []

def add(line, verdict, id=None):
    lines.append(line)
    want.append([verdict, id])

for i, data in enumerate(raw):
    kind = i % 10
    flipped = bytearray(data)
    flipped[20 + i % 500] ^= 1 << i % 8
    if kind == 0:
        add(good[i], "verified")
    elif kind == 1:
        add(data.hex(), "verified")
    elif kind == 2:
        add(base64.b64encode(data).decode(), "verified")
    elif kind == 3:
        add(json.dumps({"id": f"line {i}", "receipt": good[i]}), "verified", f"line {i}")
    elif kind == 4:
        add(json.dumps({"id": i, "receipt": good[i], "key": key}), "verified", i)
    elif kind == 5:
        add(json.dumps({"id": 'q"\\\u00fc\n', "receipt": good[i]}), "verified", 'q"\\\u00fc\n')
    elif kind == 6:
        add(json.dumps({"id": f"line {i}", "receipt": bytes(flipped).hex()}), None, f"line {i}")
    elif kind == 7:
        add("" if i % 20 == 7 else "not a receipt", "malformed")
    elif kind == 8:
        add(json.dumps({"id": 1, "receipt": good[i], "nonse": "00"}), "malformed")
    else:
        add(json.dumps({"id": "n", "receipt": good[i], "nonce": "00" * 8}), "refused", "n")
open("mixed", "w").write("\n".join(lines))  # no line break after the last
json.dump(want, open("want", "w"))
PY
for jobs in 1 2 3 4; do
	run 1 "mixed lines, -j $jobs" "${batch[@]}" -j "$jobs" mixed
	cp out "mixed-$jobs"
done
cat >compare.py <<'PY'
import json
got = [json.loads(line) for line in open("mixed-1")]
want = json.load(open("want"))
assert len(got) == len(want) == 300, len(got)
for i, (g, (verdict, id)) in enumerate(zip(got, want)):
    if verdict is None:  # a flipped bit may break the form or the signature
        assert g["verdict"] in ("refused", "malformed"), (i, g)
    else:
        assert g["verdict"] == verdict, (i, g)
    if verdict != "malformed":
        assert g["id"] == id, (i, g)
    assert (g["code"] is None) == (g["verdict"] == "verified"), (i, g)
    if verdict == "malformed":
        assert (g["code"], g["layer"]) == ("BAD_LINE", 0) and g["why"], (i, g)
    if verdict == "refused":
        assert g["code"] == "NONCE_MISMATCH", (i, g)
PY
python3 compare.py
ok $? "every line has its verdict and its id, the last one without a line break too"
cmp -s mixed-1 mixed-2 && cmp -s mixed-1 mixed-3 && cmp -s mixed-1 mixed-4
ok $? "any number of threads gives the same"
run 1 "standard input" sh -c 'exec "$@" <mixed' - "${batch[@]}"
cmp -s out mixed-1
ok $? "gives the same"
sed 's/$/\r/' receipts.txt >dos
run 0 "lines that end in CR LF" "${batch[@]}" dos
cmp -s out whole
ok $? "are the same lines"

# --- exit codes ----------------------------------------------------------------------------------
run 0 "no line" "${batch[@]}" /dev/null
[ ! -s out ]
ok $? "no output"
printf '\n' >one-empty
run 1 "one empty line" "${batch[@]}" one-empty
lines out 'len(d) == 1 and d[0]["code"] == "BAD_LINE"' "is one that cannot be read"
(cat receipts.txt; echo) >last-empty
run 1 "one bad line among good ones" "${batch[@]}" last-empty
run 5 "a file that is not there" "${batch[@]}" nowhere
has err "cannot read receipts 'nowhere': No such file" "says which"
run 5 "a folder" "${batch[@]}" "$work"
run 2 "no threads" "${batch[@]}" -j 0 receipts.txt
run 2 "too many threads" "${batch[@]}" -j 257 receipts.txt
run 3 "a key that is none" "$tacit" receipt verify --batch --key "$(printf '00%.0s' {1..32})" \
	receipts.txt
run 1 "no key at all" "$tacit" receipt verify --batch receipts.txt
lines out 'len(d) == 300 and all(x["code"] == "BAD_LINE" for x in d)' "is no reason to accept"
run 1 "another key" "$tacit" receipt verify --batch --key "$(printf '01%.0s' {1..32})" receipts.txt
lines out 'all(x["verdict"] == "refused" and x["code"] == "SIG_FAILED" for x in d)' "verifies none"
run 0 "against evidence" "$tacit" receipt verify --batch --evidence evidence.bin \
	--pcr0 "$(printf '11%.0s' {1..48})" --insecure-accept-stub receipts.txt
lines out 'all(x["assurance"] == "end-to-end" for x in d)' "is end to end"
run 1 "against evidence of another boot" "$tacit" receipt verify --batch \
	--evidence other-evidence.bin --pcr0 "$(printf '11%.0s' {1..48})" --insecure-accept-stub \
	receipts.txt
run 1 "against evidence that is refused" "$tacit" receipt verify --batch --evidence evidence.bin \
	--pcr0 "$(printf '12%.0s' {1..48})" --insecure-accept-stub receipts.txt
ok "$(($(grep -c verified out) != 0))" "nothing is judged"

# --- long lines ----------------------------------------------------------------------------------
long() { # LENGTH: a long line between good ones
	head -n 2 receipts.txt
	head -c "$1" /dev/zero | tr '\0' a
	echo
	tail -n 2 receipts.txt
}
for length in 262144 262145 524287 524288 524289 3000000; do
	long $length >long
	run 1 "a line of $length bytes" "${batch[@]}" long
	lines out '[x["verdict"][0] for x in d] == list("vvmvv")' \
		"a line of $length bytes is one line, and the next ones are judged"
done
head -c 3000000 /dev/zero >zeros
run 1 "3 MB without a line break" "${batch[@]}" zeros
lines out 'len(d) == 1 and d[0]["code"] == "BAD_LINE"' "is one line"

# --- in a pipe -----------------------------------------------------------------------------------
mkfifo feed results
"${batch[@]}" <feed >results 2>err &
judge_pid=$!
started+=("$judge_pid")
exec 8>feed 9<results
answered=0
for i in 1 2 3; do
	sed -n "${i}p" receipts.txt >&8
	# The next line is written only when this one has been answered.
	if read -r -t 60 answer <&9 && [[ $answer == *'"sequence_number":'$i,* ]]; then
		answered=$((answered + 1))
	fi
done
ok $((answered != 3)) "each line is answered before the next one comes"
half=$(sed -n 4p receipts.txt)
printf '%s' "${half:0:100}" >&8
sleep 0.1
printf '%s\n' "${half:100}" >&8
read -r -t 60 answer <&9
[[ $answer == *'"sequence_number":4,'* ]]
ok $? "a line that comes in two parts is one line"
printf '%s' "$half" >&8
exec 8>&-
read -r -t 60 answer <&9
[[ $answer == *'"sequence_number":4,'* ]]
ok $? "what is left at the end is a line"
wait "$judge_pid"
ok $? "the end of the input is the end, exit 0"
exec 9<&-

# The clock goes on while the process runs: a receipt of a minute and two seconds from now is of
# the future to a judge that looks at the time only once.
"$tacit" receipt verify --batch --key "$key" <feed >results 2>err &
judge_pid=$!
started+=("$judge_pid")
exec 8>feed 9<results
head -n 1 receipts.txt >&8
read -r -t 60 answer <&9
mkdir later
soon=$(($(date +%s) + 62))
"$tools/receipts" later 1 $soon >/dev/null
until [ "$(date +%s)" -ge $((soon - 59)) ]; do sleep 0.2; done
cat later/receipts.txt >&8
read -r -t 60 answer <&9
[[ $answer == *'"verdict":"verified"'* ]]
ok $? "a line is judged as of when it comes"
exec 8>&- 9<&-
wait "$judge_pid"

# A reader that goes away ends it, though its input would go on for ever.
# shellcheck disable=SC2016
forever='while cat receipts.txt; do :; done 2>/dev/null |
	{ "$@" 2>err; echo $? >code; } | head -n 3'
timeout 60 bash -c "$forever" - "${batch[@]}" >three
lines three '[x["claims"]["sequence_number"] for x in d] == [1, 2, 3]' "head takes three lines"
[ "$(cat code)" = 5 ]
ok $? "then it ends with 5 ($(cat code))"
if [ -e /dev/full ]; then
	"${batch[@]}" receipts.txt >/dev/full 2>err
	ok $(($? != 5)) "output that is full: exit 5"
else
	skip "output that is full" "there is no /dev/full"
fi
done_testing
