#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify --save, and bundles judged again.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/mkevidence" ] || skip_all "$tools/mkevidence is not built"
now=1795248000
cd "$work" || exit 1
mkdir evidence other elsewhere
"$tools/mkevidence" nitro evidence --nonce 00112233 --user-data c0ffee &&
	"$tools/mkevidence" nitro other || exit 1
cp evidence/* .
root=(--insecure-test-root root.der)
pcr0=$("$tacit" verify --json --insecure-no-policy --now $now "${root[@]}" document.cose 2>err |
	sed -n 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/p')
printf '{"schema":"tacit.policy/1","alternatives":[{"platform":"nitro","measurements":{"pcr0":"%s"}}]}' \
	"$pcr0" >policy.json
fails() { # CHECK NAME
	json out "[c['name'] for c in d['checks'] if c['result'] == 'fail'] == ['$1']" "$2"
}

# --- the same verdict, anywhere ------------------------------------------------------------------
same() { # CODE NAME OPTIONS...: saved, and judged again where nothing else is
	local code=$1 name=$2
	shift 2
	run "$code" "$name: saved" "$tacit" verify --json --now $((now + 5)) "${root[@]}" "$@" \
		--save elsewhere/bundle document.cose
	cp out before
	run "$code" "$name: again" sh -c 'cd elsewhere && exec "$@"' - "$tacit" verify --json \
		"${waivers[@]}" bundle
	cmp -s before out
	ok $? "$name: the verdict is the same"
}
cp root.der elsewhere/
waivers=("${root[@]}")
same 0 "a pin" --pcr0 "$pcr0"
has err 'note: judged by the policy and the options that the bundle holds, as of 2026-11-21T08:00:05Z' \
	"a note says what it was judged by"
same 1 "a pin that differs" --pcr0 "$(printf '11%.0s' {1..48})"
same 0 "a policy" --policy policy.json
same 1 "no policy"
same 0 "a nonce, user data and a platform" --policy policy.json --nonce 00112233 \
	--user-data c0ffee --platform nitro
same 1 "another nonce" --policy policy.json --nonce 00112234
same 1 "another platform" --policy policy.json --platform tdx
same 0 "collateral" --policy policy.json --collateral other --collateral root.der
has err "note: judged" "without the folder that it came from"
waivers+=(--insecure-no-policy)
same 0 "without a policy" --insecure-no-policy
waivers=("${root[@]}")
"$tacit" verify -q --now $((now + 3600)) "${root[@]}" --policy policy.json --any-age --save aged \
	document.cose 2>err
ok $? "any age"
run 0 "any age: again" "$tacit" verify "${root[@]}" aged
"$tacit" verify -q --now $((now + 3600)) "${root[@]}" --pcr0 "$pcr0" --save pinned document.cose 2>err
ok $? "a pin, an hour later"
run 0 "a pin, an hour later: again" "$tacit" verify "${root[@]}" pinned
base64 document.cose >text
run 0 "as text" "$tacit" verify -q --now $now "${root[@]}" --pcr0 "$pcr0" --save wrapped text
run 0 "as text: again" "$tacit" verify "${root[@]}" wrapped
head -c 400 document.cose >cut.cose
run 3 "what is malformed" "$tacit" verify -q --now $now "${root[@]}" --pcr0 "$pcr0" --save broken \
	cut.cose
run 3 "what is malformed: again" "$tacit" verify "${root[@]}" broken

# --- what the one who replays must say -----------------------------------------------------------
bundle=elsewhere/bundle
"$tacit" verify -q --now $now "${root[@]}" --policy policy.json --nonce 00112233 --save $bundle \
	document.cose 2>err
again() { # CODE NAME OPTIONS...
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" verify --json "$@" $bundle
}
again 1 "a waiver never applies silently"
fails bundle.insecure "it is refused"
json out '"--insecure-test-root" in d["checks"][0]["expected"] and d["insecure"] == []' \
	"and the waiver is named"
json out '"claims" not in d' "nothing was judged"
again 2 "a waiver that it was not made with" "${root[@]}" --insecure-no-policy
has err '--insecure-no-policy is not what the bundle was made with' "is named"
again 2 "nor --insecure-allow-debug" "${root[@]}" --insecure-allow-debug
again 2 "nor another root" "${root[@]}" --insecure-test-root other/root.der
again 2 "nor another root alone" --insecure-test-root other/root.der
again 0 "the same policy" "${root[@]}" --policy policy.json
sed 's/nitro/nitro /;s/"nitro /"nitro/' policy.json | tr -d '\n' >same.json
echo >>same.json
again 2 "another policy" "${root[@]}" --policy same.json
has err 'policy or a pin is not what' "is named"
again 2 "a pin beside it" "${root[@]}" --pcr0 "$pcr0"
again 2 "as of today, its own nonce" "${root[@]}" --policy policy.json --now $now
again 0 "as of today, with that nonce" "${root[@]}" --policy policy.json --now $now --nonce 00112233
run 2 "any age under a policy of one's own" "$tacit" verify "${root[@]}" --policy policy.json aged
has err 'what tells how old evidence may be' "is named"
run 0 "any age, said again" "$tacit" verify "${root[@]}" --policy policy.json --any-age aged
run 0 "a pin, said again" "$tacit" verify "${root[@]}" --pcr0 "$pcr0" pinned
python3 - <<'PY'
data = open("aged", "rb").read()
assert data.count(b"\x05\xf5") == 1
open("as-pins", "wb").write(data.replace(b"\x05\xf5", b"\x04\xf5"))
PY
run 2 "a policy that calls itself pins" "$tacit" verify "${root[@]}" --policy policy.json as-pins
again 0 "the same nonce" "${root[@]}" --nonce 00112233
again 2 "another nonce" "${root[@]}" --nonce 00112234
again 2 "user data" "${root[@]}" --user-data c0ffee
again 2 "a platform" "${root[@]}" --platform nitro
again 2 "any age" "${root[@]}" --any-age
again 2 "collateral" "${root[@]}" --collateral root.der
again 2 "saving it again" "${root[@]}" --save x
[ ! -e x ]
ok $? "nothing is written"
again 1 "another time" "${root[@]}" --now $((now + 100000))
fails nitro.chain.validity "is what it is judged by"
"$tacit" attest -q --tee stub -o stub.bin
run 0 "the stub" "$tacit" verify -q --insecure-no-policy --insecure-accept-stub --save stub.bundle \
	stub.bin
run 1 "the stub: no waiver" "$tacit" verify --json stub.bundle
json out 'd["checks"][0]["expected"] == "--insecure-no-policy --insecure-accept-stub"' \
	"all missing waivers are named"
run 1 "the stub: one waiver" "$tacit" verify --json --insecure-accept-stub stub.bundle
run 0 "the stub: both" "$tacit" verify --json --insecure-accept-stub --insecure-no-policy stub.bundle

# --- files -----------------------------------------------------------------------------------------
"$tacit" verify -q --now $now "${root[@]}" --policy policy.json --nonce 00112233 --save twice \
	document.cose 2>err
cmp -s twice $bundle
ok $? "the same inputs give the same bytes"
run 5 "a folder that is not there" "$tacit" verify --json --now $now "${root[@]}" --pcr0 "$pcr0" \
	--save nowhere/x document.cose
has err "cannot save 'nowhere/x'" "is told"
json out 'd["verdict"] == "verified"' "the verdict was given"
run 5 "evidence that is not there" "$tacit" verify --save never nowhere
[ ! -e never ]
ok $? "leaves no file"
head -c 1000 $bundle >cut
run 3 "a bundle that is cut" "$tacit" verify "${root[@]}" cut
(cat $bundle; echo) >longer
run 3 "something behind it" "$tacit" verify "${root[@]}" longer
sed '1s/bundle\/1/bundle\/2/' $bundle >next
run 6 "a bundle of another version" "$tacit" verify "${root[@]}" next
python3 - <<'PY'
# The evidence inside is the evidence that was given, bit for bit.
data, doc = open("elsewhere/bundle", "rb").read(), open("document.cose", "rb").read()
assert data.count(doc) == 1 and data.count(open("policy.json", "rb").read()) == 1
flipped = bytearray(data)
flipped[data.index(doc) + 300] ^= 1
open("flipped", "wb").write(flipped)
PY
ok $? "evidence and policy are in it as they came"
"$tacit" verify -q "${root[@]}" flipped 2>err
code=$?
ok $((code != 1 && code != 3)) "a bundle is judged like any evidence: a flipped bit is refused"
run 0 "from standard input" sh -c 'exec "$@" <elsewhere/bundle' - "$tacit" verify "${root[@]}" -
done_testing
