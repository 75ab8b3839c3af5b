#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify --ear and ear verify: a verdict as a signed token.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip_all "there is no openssl"
cd "$work" || exit 1
key() { # NAME OPTIONS...
	local name=$1
	shift
	openssl genpkey "$@" -out "$name.pem" 2>err || skip_all "openssl makes no such key"
	openssl pkey -in "$name.pem" -pubout -out "$name.pub"
}
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key ed25519 -algorithm ed25519
key x25519 -algorithm x25519
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
nonce=$(printf '0a%.0s' $(seq 32))
now=$(date +%s)
"$tacit" attest -q --tee stub --nonce "$nonce" -o evidence
verify() { # CODE NAME OPTIONS...
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" verify --json --now "$now" "$@" evidence
}
stub=(--insecure-accept-stub --insecure-no-policy --nonce "$nonce")

# --- every key, form and set of names --------------------------------------------------------------
for name in p256 p384 ed25519; do
	for form in jwt cwt; do
		for names in draft veraison; do
			verify 0 "$name $form $names" "${stub[@]}" --ear token --ear-key $name.pem \
				--ear-format $form --ear-names $names
			json out 'd["verdict"] == "verified"' "the verdict is shown all the same"
			run 1 "ear verify" "$tacit" ear verify --json --now "$now" --key $name.pub token
			json out "(d['schema'], d['status'], d['form']) ==
				('tacit.ear/1', 'contraindicated', '$form') and
				d['submods'] == [{'name': 'stub', 'status': 'contraindicated',
				'vector': {'hardware': 97}, 'policies': []}]" \
				"the stand-in is never good hardware"
			json out "('ietf' in d['profile']) == ('$names' == 'draft')" "the names' profile"
			run 0 "--any-status" "$tacit" ear verify --any-status --now "$now" \
				--key $name.pub token
			has out '^contraindicated$' "says what it says"
			has out '^  hardware +97  contraindicated$' "and why"
		done
	done
done
run 1 "another key of its kind" "$tacit" ear verify --any-status --key p256.pub token
has err 'algorithm is not ES256' "the key says which algorithm"
cp token kept

# --- what it says ----------------------------------------------------------------------------------
verify 0 "a token" "${stub[@]}" --ear token --ear-key p256.pem --ear-lifetime 60
cut -d. -f2 token | tr '_-' '/+' | { cat; echo ===; } | base64 -d 2>/dev/null >claims
json claims "(d['iat'], d['exp']) == ($now, $now + 60)" "its times"
json claims "d['ear_verifier_id']['developer'] == 'Tacit'" "its verifier"
json claims "__import__('base64').urlsafe_b64decode(d['eat_nonce'] + '=') ==
	bytes.fromhex('$nonce')" "the nonce that was checked"
json claims "__import__('base64').urlsafe_b64decode(d['ear_raw_evidence'] + '===') ==
	open('evidence', 'rb').read()" "the evidence"
run 1 "in its last second" "$tacit" ear verify --now $((now + 60)) --key p256.pub token
has out '^contraindicated$' "it still counts"
run 1 "a second later" "$tacit" ear verify --any-status --now $((now + 61)) --key p256.pub token
has err 'has expired' "it does not"
run 1 "before it was issued" "$tacit" ear verify --any-status --now $((now - 61)) --key p256.pub token
has err 'in the future' "nor then"
echo '{"policy":"tacit.policy/1"}' >broken
verify 1 "refused" --insecure-accept-stub --insecure-no-policy --nonce "0b${nonce:2}" \
	--ear token --ear-key p256.pem
run 1 "a token for it" "$tacit" ear verify --json --key p256.pub --now "$now" token
json out 'd["submods"][0]["vector"] == {"hardware": 97, "instance-identity": 97}' "says what failed"
head -c 100 evidence >cut
run 3 "malformed" "$tacit" verify --json "${stub[@]}" --now "$now" --platform stub --ear token2 \
	--ear-key p256.pem cut
"$tacit" policy init -q --insecure-accept-stub --evidence evidence -o policy.json
verify 0 "by a policy" --insecure-accept-stub --policy policy.json --ear token --ear-key p256.pem
run 1 "a token for it" "$tacit" ear verify --json --key p256.pub --now "$now" token
json out "d['submods'][0]['policies'] == ['ni:///sha-256;' + __import__('base64').urlsafe_b64encode(
	__import__('hashlib').sha256(open('policy.json', 'rb').read()).digest()).decode().rstrip('=')]" \
	"names the policy by its hash"
verify 0 "with a bundle" "${stub[@]}" --ear token --ear-key p256.pem --save bundle
run 0 "the bundle, with a token" "$tacit" verify -q --insecure-accept-stub --insecure-no-policy \
	--ear token2 --ear-key ed25519.pem bundle
run 0 "which verifies" "$tacit" ear verify -q --any-status --now "$now" --key ed25519.pub token2

# --- what is refused -------------------------------------------------------------------------------
tampered() { # NAME SED
	sed "$2" token >bad
	run "${3:-1}" "$1" "$tacit" ear verify --any-status --now "$now" --key p256.pub bad
}
tampered "a signature changed" 's/...$/AAA/'
tampered "a signature cut" 's/..$//'
tampered "another header" 's/^[^.]*/eyJhbGciOiJub25lIn0/'
tampered "no signature" 's/\.[^.]*$/./'
tampered "two parts" 's/\.[^.]*$//' 3
tampered "a blank inside" 's/\./. /' 3
printf '%s\n' "$(cat token)" >bad
run 0 "a newline behind it" "$tacit" ear verify --any-status --now "$now" --key p256.pub bad
run 1 "evidence, which is signed too" "$tacit" ear verify --key p256.pub evidence
run 3 "nothing" "$tacit" ear verify --key p256.pub /dev/null
run 5 "no file" "$tacit" ear verify --key p256.pub nowhere
run 2 "no key" "$tacit" ear verify token
run 5 "no such key" "$tacit" ear verify --key nowhere token
run 6 "an RSA key" "$tacit" ear verify --key rsa.pub token
run 2 "a key for agreement" "$tacit" ear verify --key x25519.pub token
run 2 "--ear without a key" "$tacit" verify "${stub[@]}" --ear x evidence
run 2 "a key without --ear" "$tacit" verify "${stub[@]}" --ear-key p256.pem evidence
run 2 "another form" "$tacit" verify "${stub[@]}" --ear x --ear-key p256.pem --ear-format xml evidence
run 2 "other names" "$tacit" verify "${stub[@]}" --ear x --ear-key p256.pem --ear-names x evidence
run 2 "a public key" "$tacit" verify "${stub[@]}" --ear x --ear-key p256.pub evidence
run 2 "a key for agreement" "$tacit" verify "${stub[@]}" --ear x --ear-key x25519.pem evidence
run 6 "an RSA key" "$tacit" verify "${stub[@]}" --ear x --ear-key rsa.pem evidence
run 2 "a batch" "$tacit" verify --batch "${stub[@]}" --ear x --ear-key p256.pem /dev/null
run 5 "a folder that is not there" "$tacit" verify "${stub[@]}" --ear no/x --ear-key p256.pem evidence
[ ! -e x ]
ok $? "nothing was written"

# --- others read it --------------------------------------------------------------------------------
verify 0 "for openssl" "${stub[@]}" --ear token --ear-key ed25519.pem
cut -d. -f1,2 token | tr -d '\n' >message
cut -d. -f3 token | tr '_-' '/+' | { tr -d '\n'; echo ==; } | base64 -d >signature
run 0 "openssl verifies an EdDSA token" openssl pkeyutl -verify -pubin -inkey ed25519.pub -rawin \
	-in message -sigfile signature
if python3 -c 'import jwt, cryptography' 2>/dev/null; then
	for pair in p256:ES256 p384:ES384 ed25519:EdDSA; do
		verify 0 "for PyJWT" "${stub[@]}" --ear token --ear-key "${pair%:*}.pem"
		run 0 "PyJWT verifies ${pair#*:}" python3 -c '
import jwt, sys
claims = jwt.decode(open("token").read(), open(sys.argv[1]).read(), algorithms=[sys.argv[2]],
                    options={"verify_iat": False})
assert claims["submods"]["stub"]["ear_status"] == "contraindicated"
' "${pair%:*}.pub" "${pair#*:}"
	done
else
	skip "PyJWT verifies tokens" "Python has no PyJWT"
fi
done_testing
