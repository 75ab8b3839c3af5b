#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# policy sign and policy verify; --policy-key where evidence is judged.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip_all "there is no openssl"
cd "$work" || exit 1
public() { openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'; }
for name in old new other; do
	openssl genpkey -algorithm ed25519 -out $name.pem 2>err || skip_all "no Ed25519 in openssl"
done
old=$(public old.pem) new=$(public new.pem) other=$(public other.pem)
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem 2>err
"$tacit" attest -q --tee stub -o evidence
"$tacit" policy init --insecure-accept-stub --evidence evidence -o policy.json 2>err
key=(--policy-key "$old")
signed() { # CODE NAME OPTIONS...
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" policy verify "$@" policy.json
}

run 0 "sign" "$tacit" policy sign --key old.pem policy.json
has err "^tacit: signed by $old$" "says by which key"
json policy.json.sig "d['schema'] == 'tacit.policy-signature/1' and
	[s['key'] for s in d['signatures']] == ['$old']" "beside the policy"
signed 0 "the key that signed" "${key[@]}"
signed 1 "another key" --policy-key "$new"
has err 'no key that was given signed it' "is told"
signed 0 "one of several keys" --policy-key "$new" "${key[@]}"
signed 2 "no key"
signed 2 "no hex" --policy-key "${old:1}x"
signed 2 "31 bytes" --policy-key "${old:2}"
signed 5 "no such file" "${key[@]}" --policy-signature nowhere
cp policy.json.sig kept

# --- rotation --------------------------------------------------------------------------------------
run 0 "the next key signs too" "$tacit" policy sign --key new.pem policy.json
json policy.json.sig "sorted(s['key'] for s in d['signatures']) == sorted(['$old', '$new'])" \
	"both signatures are there"
signed 0 "who knows the old key" "${key[@]}"
signed 0 "who knows the new one" --policy-key "$new"
signed 1 "who knows neither" --policy-key "$other"
run 0 "again" "$tacit" policy sign --key new.pem policy.json
json policy.json.sig 'len(d["signatures"]) == 2' "changes nothing"
cp policy.json before
sed -i 's/"policy"/"policy" /;s/}$/}\n/' policy.json
signed 1 "another text" "${key[@]}"
has err 'not one over this policy' "is told"
run 0 "signed anew" "$tacit" policy sign --key new.pem policy.json
json policy.json.sig "[s['key'] for s in d['signatures']] == ['$new']" \
	"signatures over another text are dropped"
has err 'was over another text' "with a note"
cp before policy.json
cp kept policy.json.sig

# --- where evidence is judged ----------------------------------------------------------------------
judge() { # CODE NAME OPTIONS...
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" verify --json --insecure-accept-stub --policy policy.json "$@" evidence
}
judge 0 "a signed policy" "${key[@]}"
judge 0 "no key: signatures are not asked for"
judge 1 "another key" --policy-key "$other"
json out 'd["schema"] == "tacit.error/1" and d["status"] == "SIGNATURE"' "no verdict"
mv policy.json.sig away
judge 5 "no signature" "${key[@]}"
judge 0 "elsewhere" "${key[@]}" --policy-signature away
mv away policy.json.sig
judge 2 "--policy-signature alone" --policy-signature policy.json.sig
run 2 "--policy-key without a policy" "$tacit" verify "${key[@]}" --insecure-no-policy evidence
judge 0 "saved" --save bundle "${key[@]}"
run 0 "judged again" "$tacit" verify --insecure-accept-stub --policy policy.json "${key[@]}" bundle
run 1 "under another key" "$tacit" verify --insecure-accept-stub --policy policy.json \
	--policy-key "$other" bundle
run 2 "a key alone says nothing of the policy inside" "$tacit" verify --insecure-accept-stub \
	"${key[@]}" bundle
run 1 "receipt verify" "$tacit" receipt verify --evidence evidence --policy policy.json \
	--policy-key "$other" --insecure-accept-stub policy.json

# --- what is no signature ----------------------------------------------------------------------------
python3 - "$old" <<'PY'
import json, sys
good = json.load(open("kept"))
def write(name, change):
    d = json.loads(json.dumps(good))
    change(d)
    json.dump(d, open("bad-" + name, "w"))
flip = lambda s, i: s[:i] + ("0" if s[i] != "0" else "1") + s[i + 1:]
one = lambda d: d["signatures"][0]
write("signature-start", lambda d: one(d).update(signature=flip(one(d)["signature"], 0)))
write("signature-end", lambda d: one(d).update(signature=flip(one(d)["signature"], 127)))
write("key", lambda d: one(d).update(key=flip(one(d)["key"], 5)))
write("none", lambda d: d.update(signatures=[]))
write("form-schema", lambda d: d.update(schema="tacit.policy-signature/2"))
write("form-member", lambda d: d.update(more=1))
write("form-inside", lambda d: one(d).update(more=1))
write("form-short", lambda d: one(d).update(signature=one(d)["signature"][2:]))
write("form-list", lambda d: d.update(signatures={}))
write("form-items", lambda d: d.update(signatures=[1]))
write("form-many", lambda d: d.update(signatures=d["signatures"] * 17))
write("sixteen", lambda d: d.update(signatures=d["signatures"] * 16))
open("bad-form-text", "w").write("signed")
PY
for bad in bad-signature-start bad-signature-end bad-key bad-none; do
	signed 1 "$bad" "${key[@]}" --policy-signature $bad
done
for bad in bad-form-*; do signed 3 "$bad" "${key[@]}" --policy-signature "$bad"; done
signed 0 "16 signatures" "${key[@]}" --policy-signature bad-sixteen

# --- keys and policies -----------------------------------------------------------------------------
run 2 "no key" "$tacit" policy sign policy.json
run 2 "a key of P-256" "$tacit" policy sign --key ec.pem policy.json
run 5 "a key that is not there" "$tacit" policy sign --key nowhere policy.json
run 3 "a key that is none" "$tacit" policy sign --key policy.json policy.json
openssl pkey -in old.pem -pubout -out public.pem
run 2 "a public key" "$tacit" policy sign --key public.pem policy.json
echo '{}' >none.json
run 3 "what is no policy is not signed" "$tacit" policy sign --key old.pem none.json
[ ! -e none.json.sig ]
ok $? "nothing is written"
run 2 "standard input wants --output" sh -c 'exec "$@" <policy.json' - "$tacit" policy sign --key old.pem
run 0 "which may be anything" sh -c 'exec "$@" <policy.json' - "$tacit" policy sign --key old.pem -o piped
cmp -s piped kept
ok $? "the same bytes come out"
run 3 "an output that holds something else" "$tacit" policy sign --key old.pem -o before policy.json
done_testing
