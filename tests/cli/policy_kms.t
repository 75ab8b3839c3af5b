#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# policy kms and kms-lint: what is written has none of the mistakes, and each mistake is found.
. "$(dirname "$0")/lib.sh"

pcr() { printf "%.0s$1" {1..48}; } # PAIR: a register of 48 such bytes
role=arn:aws:iam::111122223333:role
measure() { # FILE PCR0 PCR1 PCR2 [PCR8]
	printf '{"Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":"%s","PCR1":"%s","PCR2":"%s"%s}}' \
		"$2" "$3" "$4" "${5:+,\"PCR8\":\"$5\"}" >"$1"
}
measure "$work/one" "$(pcr a1)" "$(pcr b1)" "$(pcr c1)" "$(pcr d1)"
measure "$work/two" "$(pcr a2)" "$(pcr b2)" "$(pcr c2)"
measure "$work/debug" "$(pcr 00)" "$(pcr 00)" "$(pcr 00)"
kms() { "$tacit" policy kms "$@"; }

# --- writing -------------------------------------------------------------------------------------
run 0 "a statement from measurements" kms --from "$work/one" --principal "$role/parent" \
	--context app=demo --context b=c=d
json "$work/out" 'd["Effect"] == "Allow" and d["Action"] == "kms:Decrypt" and
	d["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/parent"} and
	d["Condition"]["StringEqualsIgnoreCase"] == {
	"kms:RecipientAttestation:PCR0": "a1" * 48, "kms:RecipientAttestation:PCR1": "b1" * 48,
	"kms:RecipientAttestation:PCR2": "c1" * 48, "kms:RecipientAttestation:PCR8": "d1" * 48} and
	d["Condition"]["StringEquals"] == {"kms:EncryptionContext:app": "demo",
	"kms:EncryptionContext:b": "c=d"}' "names all registers and the context"
lacks "$work/err" 'hint' "and nothing is left to say"
run 0 "one of two images" kms --from "$work/one" --from "$work/two" --principal "$role/parent"
json "$work/out" 'd["Condition"] == {"StringEqualsIgnoreCase": {
	"kms:RecipientAttestation:PCR0": ["a1" * 48, "a2" * 48]}}' "is told by PCR0 alone"
has "$work/err" 'hint: without --context' "a missing context is mentioned"
run 0 "registers by hand" kms --pcr0 "$(pcr 12)" --pcr3 "$(pcr 34)" --pcr4 "$(pcr 56)" \
	--pcr8 "$(pcr 78)" --principal "$role/a" --principal "$role/b" --action Decrypt \
	--action kms:GenerateDataKey --sid Mine
json "$work/out" 'd["Sid"] == "Mine" and d["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"] and
	len(d["Principal"]["AWS"]) == 2 and
	sorted(k[-4:] for k in d["Condition"]["StringEqualsIgnoreCase"]) ==
	["PCR0", "PCR3", "PCR4", "PCR8"]' "are all there"
run 0 "PCR1 and PCR2 are the image, too" kms --pcr1 "$(pcr 12)" --pcr2 "$(pcr 34)" \
	--principal "$role/a"
run 0 "a whole policy" kms --from "$work/one" --principal "$role/parent" --context app=demo \
	--admin "$role/admin" -o "$work/policy"
json "$work/policy" 'd["Version"] == "2012-10-17" and
	[s["Effect"] for s in d["Statement"]] == ["Allow", "Allow", "Deny"] and
	not any(a.startswith("kms:Decrypt") for a in d["Statement"][0]["Action"]) and
	d["Statement"][2]["Condition"] == {"StringNotEqualsIgnoreCase":
	{"kms:RecipientAttestation:PCR0": "a1" * 48}}' "has administrators, and a Deny for all others"
run 0 "without any of the known mistakes" "$tacit" policy kms-lint "$work/policy"
run 0 "a file of any length" kms --from "$work/two" --principal "$role/x" --context a=b --admin \
	"$role/y" -o "$work/file" --json
json "$work/out" 'd["schema"] == "tacit.policy-kms/1"' "JSON says that it was written"

run 2 "zeros" kms --from "$work/debug" --principal "$role/parent"
has "$work/err" 'PCR0 is zeros' "says why"
run 2 "zeros by hand" kms --pcr0 "$(pcr 00)" --principal "$role/parent"
run 2 "nobody" kms --from "$work/one"
run 2 "no image" kms --pcr8 "$(pcr 11)" --principal "$role/parent"
has "$work/err" 'which image' "says so"
run 2 "half an image" kms --pcr1 "$(pcr 11)" --principal "$role/parent"
run 2 "a short register" kms --pcr0 1234 --principal "$role/parent"
run 2 "a pair without a value" kms --from "$work/one" --principal "$role/p" --context app
echo '{}' >"$work/empty"
run 3 "no measurements" kms --from "$work/empty" --principal "$role/parent"
echo '{"Measurements":{"PCR1":"x"}}' >"$work/no0"
run 2 "measurements without PCR0" kms --from "$work/no0" --principal "$role/parent"
measure "$work/upper" "$(pcr A1)" "$(pcr b1)" "$(pcr c1)"
run 2 "measurements in upper case" kms --from "$work/upper" --principal "$role/parent"
run 5 "a file that is not there" kms --from "$work/nothing" --principal "$role/parent"

# --- finding -------------------------------------------------------------------------------------
# lint NAME FINDINGS STATEMENTS: what is found in these statements, in order, is FINDINGS.
lint() {
	local code=1 got
	[ -n "$2" ] || code=0
	printf '{"Version":"2012-10-17","Statement":[%s]}' "$3" >"$work/p"
	run $code "$1" "$tacit" policy kms-lint --json "$work/p" || return
	got=$(python3 -c 'import json, sys
print(*[f["name"] for f in json.load(open(sys.argv[1]))["findings"]])' "$work/out")
	[ "$got" = "$2" ] || echo "# got: $got, want: $2"
	[ "$got" = "$2" ]
	ok $? "has: ${2:-nothing}"
}
who="\"Principal\":{\"AWS\":\"$role/parent\"},\"Resource\":\"*\""
context='"StringEquals":{"kms:EncryptionContext:app":"x"}'
image="\"kms:RecipientAttestation:PCR0\":\"$(pcr ab)\""
decrypt() { # CONDITION
	printf '{"Effect":"Allow","Action":"kms:Decrypt",%s,"Condition":{%s}}' "$who" "$1"
}
allow() { # ACTION [PRINCIPAL]
	printf '{"Effect":"Allow","Action":%s,"Principal":%s,"Resource":"*"}' "$1" \
		"${2:-{\"AWS\":\"$role/other\"\}}"
}
guard() { # OPERATOR PAIRS [ACTION [PRINCIPAL]]
	printf '{"Effect":"Deny","Action":%s,"Principal":%s,"Resource":"*","Condition":{"%s":{%s}}}' \
		"${3:-\"kms:*\"}" "${4:-\"*\"}" "$1" "$2"
}
lint "PCR0 and a context" "" "$(decrypt "\"StringEquals\":{$image,\"kms:EncryptionContext:a\":\"x\"}")"
lint "ImageSha384" "" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:ImageSha384\":\"$(pcr AB)\"},$context")"
lint "PCR1 and PCR2" "" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR1\":\"$(pcr ab)\",\"kms:RecipientAttestation:PCR2\":\"$(pcr ab)\"},$context")"
lint "registers of a TPM" "" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:NitroTPMPCR4\":\"$(pcr ab)\"},$context")"
lint "zeros" "debug-zeros" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR0\":\"$(pcr 00)\"},$context")"
lint "zeros among others" "debug-zeros" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR0\":[\"$(pcr ab)\",\"$(pcr 00)\"]},$context")"
lint "too short" "bad-register" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR0\":\"abcd\"},$context")"
lint "upper case where case counts" "bad-register" \
	"$(decrypt "\"StringEquals\":{\"kms:RecipientAttestation:PCR0\":\"$(pcr AB)\",\"kms:EncryptionContext:a\":\"x\"}")"
lint "a wildcard" "bad-register" \
	"$(decrypt "\"StringLike\":{\"kms:RecipientAttestation:PCR0\":\"*\"},$context")"
lint "PCR8 alone" "only-signer" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR8\":\"$(pcr ab)\"},$context")"
lint "the parent alone" "no-image" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR3\":\"$(pcr ab)\"},$context")"
lint "PCR1 alone" "no-image" \
	"$(decrypt "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR1\":\"$(pcr ab)\"},$context")"
lint "no context" "no-context" "$(decrypt "\"StringEquals\":{$image}")"
lint "a context that must not be" "no-context" \
	"$(decrypt "\"StringEquals\":{$image},\"StringNotEquals\":{\"kms:EncryptionContext:a\":\"x\"}")"
lint "no condition at all" "no-document" "$(decrypt "$context")"
lint "a condition that holds without a document" "optional no-document" \
	"$(decrypt "\"StringEqualsIfExists\":{$image},$context")"
for action in '"kms:Decrypt"' '["kms:Encrypt","kms:Decrypt"]' '"kms:De*"' '"KMS:DECRYPT"' \
	'"kms:ReEncryptFrom"' '"kms:ReEncrypt*"' '"kms:DeriveSharedSecret"' '"kms:D?crypt"'; do
	lint "$action elsewhere" "no-document" "$(decrypt "\"StringEquals\":{$image,\"kms:EncryptionContext:a\":\"x\"}"),$(allow "$action")"
done
for action in '"kms:Encrypt"' '"kms:GenerateDataKey"' '"kms:Describe*"' '"kms:DecryptX"'; do
	lint "$action elsewhere opens nothing" "" "$(allow "$action")"
done
lint "elsewhere, and denied to everybody" "" "$(allow '"kms:Decrypt"'),$(guard StringNotEquals "$image")"
lint "denied without case" "" "$(allow '"kms:Decrypt"'),$(guard StringNotEqualsIgnoreCase "$image")"
lint "denied another action" "no-document" \
	"$(allow '"kms:Decrypt"'),$(guard StringNotEquals "$image" '"kms:Encrypt"')"
lint "denied to somebody" "no-document" \
	"$(allow '"kms:Decrypt"'),$(guard StringNotEquals "$image" '"kms:*"' "{\"AWS\":\"$role/a\"}")"
lint "denied when two registers differ" "no-document" \
	"$(allow '"kms:Decrypt"'),$(guard StringNotEquals "$image,\"kms:RecipientAttestation:PCR1\":\"$(pcr ab)\"")"
lint "denied when there is a wrong document" "no-document" \
	"$(allow '"kms:Decrypt"'),$(guard StringNotEqualsIfExists "$image")"
lint "denied when something else differs" "no-document" \
	"$(allow '"kms:Decrypt"'),$(guard StringNotEquals '"aws:PrincipalAccount":"1"')"
lint "AWS's own default" "no-document open-policy grants" \
	"$(allow '"kms:*"' '{"AWS":"arn:aws:iam::111122223333:root"}')"
lint "an account by its number" "open-policy" \
	"$(allow '"kms:PutKeyPolicy"' '{"AWS":"111122223333"}')"
lint "everybody" "open-policy" "$(allow '"kms:Put*"' '"*"')"
lint "a role that administers" "" "$(allow '"kms:PutKeyPolicy"')"
lint "a role that administers and decrypts" "own-policy" \
	"$(decrypt "\"StringEquals\":{$image,\"kms:EncryptionContext:a\":\"x\"}"),$(allow '"kms:PutKeyPolicy"' "{\"AWS\":[\"$role/z\",\"$role/parent\"]}")"
lint "grants" "grants" "$(allow '"kms:CreateGrant"')"
lint "grants that are denied" "" "$(allow '"kms:CreateGrant"'),$(guard StringNotEquals "$image")"
lint "everybody with the image" "anybody" \
	"{\"Effect\":\"Allow\",\"Action\":\"kms:Decrypt\",\"Principal\":{\"AWS\":\"*\"},\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{$image,\"kms:EncryptionContext:a\":\"x\"}}}"
lint "NotAction" "negated no-document grants" \
	"{\"Effect\":\"Allow\",\"NotAction\":\"kms:PutKeyPolicy\",$who}"
lint "NotAction that names what would open" "negated own-policy grants" \
	"{\"Effect\":\"Allow\",\"NotAction\":[\"kms:Decrypt\",\"kms:Re*\",\"kms:Derive*\"],$who},$(decrypt "\"StringEquals\":{$image,\"kms:EncryptionContext:a\":\"x\"}")"
lint "NotPrincipal" "negated no-document anybody" \
	"{\"Effect\":\"Allow\",\"Action\":\"kms:Decrypt\",\"NotPrincipal\":{\"AWS\":\"$role/x\"},\"Resource\":\"*\"}"
printf '{"Statement":%s}' "$(decrypt "\"StringEquals\":{$image}")" >"$work/single"
run 1 "a single statement" "$tacit" policy kms-lint "$work/single"
has "$work/out" '^no-context: statement 1 \(no Sid\): ' "is told for people"
python3 -c 'import json, sys
print(json.dumps({"Policy": open(sys.argv[1]).read()}))' "$work/single" >"$work/wrapped"
run 1 "as aws kms get-key-policy prints it" "$tacit" policy kms-lint "$work/wrapped"
has "$work/out" '^no-context' "it is read all the same"
sed 's/@PCR[0-9]*@/'"$(pcr ab)"'/' examples/nitro-decrypt/key-policy.json >"$work/example"
run 0 "the example's policy" "$tacit" policy kms-lint "$work/example"

for text in '' '[]' '{}' '{"Statement":[]}' '{"Statement":[{}]}' '{"Statement":[{"Effect":"x"}]}' \
	'{"Statement":[1]}' '{"Policy":"{"}' '{"Statement":[{"Effect":"Allow"}]'; do
	echo "$text" >"$work/bad"
	run 3 "no policy: $text" "$tacit" policy kms-lint "$work/bad"
done
run 2 "no file" "$tacit" policy kms-lint
run 5 "a file that is not there" "$tacit" policy kms-lint "$work/nothing"

done_testing
