#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kms: AWS KMS for an enclave, against a stand-in that answers, and lies, in all ways that matter.
# The stand-in judges and seals by our own code; AWS's own clients are in e2e/kms.t.
. "$(dirname "$0")/lib.sh"

fake=$(dirname "$(readlink -f "$tacit")")/tools/fake_kms
[ -x "$fake" ] || skip_all "no $fake"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/tls.key" \
	-out "$work/tls.pem" -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
	2>/dev/null
"$fake" "$work/tls.pem" "$work/tls.key" >"$work/fake.log" 2>"$work/fake.err" &
started+=($!)
until_true grep -q port "$work/fake.log"
port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$work/fake.log")
export AWS_ACCESS_KEY_ID=AKIDFAKE AWS_SECRET_ACCESS_KEY=fake-secret-key-for-tests
export AWS_SESSION_TOKEN=fake-token
arn=arn:aws:kms:eu-central-1:111122223333:key

# kms OPERATION OPTIONS...: by the stub's document, from the stand-in.
kms() {
	local operation=$1
	shift
	"$tacit" kms "$operation" --tee stub --endpoint "https://127.0.0.1:$port" \
		--ca "$work/tls.pem" "$@"
}
requests() { grep -c '"operation"' "$work/fake.log"; }

# --- what works ----------------------------------------------------------------------------------
run 0 "genkey" kms genkey --key-id good --context app=demo --context b=c -w "$work/wrapped" \
	-o "$work/key"
ok "$(($(wc -c <"$work/key") != 32))" "a key of 32 bytes"
[ "$(stat -c %a "$work/key")" = 600 ]
ok $? "that this user alone can read"
run 0 "decrypt" kms decrypt --key-id good --context app=demo --context b=c "$work/wrapped"
cmp -s "$work/out" "$work/key"
ok $? "gives the same key, on standard output"
run 0 "decrypt, the pairs in another order" kms decrypt --context b=c --context app=demo \
	-o "$work/again" "$work/wrapped"
cmp -s "$work/again" "$work/key"
ok $? "gives the same key, in a file"
base64 -w0 "$work/wrapped" >"$work/wrapped64"
echo >>"$work/wrapped64"
run 0 "decrypt of base64" kms decrypt --base64 --context b=c --context app=demo "$work/wrapped64"
cmp -s "$work/out" "$work/key"
ok $? "gives the same key"
run 0 "a ciphertext in one piece" kms decrypt --key-id primitive --context app=demo \
	--context b=c "$work/wrapped"
cmp -s "$work/out" "$work/key"
ok $? "gives the same key"
run 0 "an empty Plaintext beside what is sealed" kms decrypt --key-id empty --context app=demo \
	--context b=c "$work/wrapped"
for spec in AES_128:16 AES_256:32; do
	run 0 "genkey --spec ${spec%:*}" kms genkey --key-id good --spec "${spec%:*}" --json
	json "$work/out" "len(__import__('base64').b64decode(d['plaintext'])) == ${spec#*:}" \
		"has its length"
done
run 0 "genkey --bytes 100" kms genkey --key-id good --bytes 100 --json
json "$work/out" 'len(__import__("base64").b64decode(d["plaintext"])) == 100 and
	d["schema"] == "tacit.kms/1" and d["operation"] == "GenerateDataKey" and
	d["key_id"].endswith(":key/good") and d["ciphertext"]' "JSON has all of it"
run 0 "genkeypair" kms genkeypair --key-id good --spec RSA_2048 -w "$work/w" --public "$work/pub" \
	-o "$work/pair"
ok "$((!($(wc -c <"$work/pair") > 64 && $(wc -c <"$work/pub") > 64)))" "has both halves"
run 0 "genrandom" kms genrandom --bytes 77
ok "$(($(wc -c <"$work/out") != 77))" "as many bytes as were asked for"
run 0 "derive" kms derive --key-id good --peer "$work/pub"
openssl dgst -sha256 -binary "$work/pub" | cmp -s - "$work/out"
ok $? "gives the stand-in's secret"
for bits in 3072 4096; do
	run 0 "genrandom by a key of $bits bits" kms genrandom --rsa-bits "$bits"
done
run 0 "nonce and user data in the document" kms genrandom --nonce 00112233 --user-data aabb
run 0 "a key by its ARN" kms genkey --key-id "$arn/good" --json
run 0 "a key by its alias" kms genkey --key-id alias/good --json

# --- tries ---------------------------------------------------------------------------------------
before=$(requests)
run 0 "KMS that throttles twice is asked a third time" kms genkey --key-id throttle --json
ok "$(($(requests) - before != 3))" "and no more often"
before=$(requests)
run 5 "KMS that throttles for ever" kms genkey --key-id throttled --json
has "$work/err" 'ThrottlingException: Rate exceeded' "is said to"
ok "$(($(requests) - before != 6))" "after six tries"
before=$(requests)
run 0 "credentials that KMS calls expired are fetched anew" kms genkey --key-id expired --json
ok "$(($(requests) - before != 2))" "once"
before=$(requests)
run 5 "KMS's own failure" kms genkey --key-id internal --json
has "$work/err" 'KMSInternalException: try later' "is told"
ok "$(($(requests) - before != 1))" "and not tried again"

# --- refusals ------------------------------------------------------------------------------------
run 5 "KMS that says no" kms decrypt --key-id denied "$work/wrapped"
has "$work/err" 'AccessDeniedException: User: arn:aws:sts' "in its own words"
has "$work/err" 'because no resource-based policy allows the kms:Decrypt action' "to the last"
has "$work/err" 'hint: .*PCRs' "and with what it usually means"
run 5 "a type with a prefix" kms decrypt --key-id prefixed "$work/wrapped"
has "$work/err" 'NotFoundException: no' "is shown without it"
lacks "$work/err" $'\x1b' "and without what would control a terminal"
run 5 "another encryption context" kms decrypt --key-id good --context app=other "$work/wrapped"
has "$work/err" 'InvalidCiphertextException' "is refused by KMS"
has "$work/err" 'hint: .*context' "with a hint"
run 5 "no encryption context" kms decrypt --key-id good "$work/wrapped"
has "$work/err" 'InvalidCiphertextException' "is refused by KMS"

# Answers that nobody may take: exit 1 where it is not what was asked for, 3 where it is malformed.
refused() { # CODE KEY PATTERN
	rm -f "$work/none"
	run "$1" "an answer: $2" kms decrypt --key-id "$2" --context app=demo --context b=c \
		-o "$work/none" "$work/wrapped"
	has "$work/err" "$3" "is refused for the right reason"
	[ ! -e "$work/none" ]
	ok $? "and nothing is written"
}
refused 1 plaintext 'answers in plaintext'
refused 1 both 'answers in plaintext'
refused 1 neither 'no CiphertextForRecipient'
refused 1 other-recipient 'sealed for the key [0-9a-f]{16}\.\.\., ours is'
refused 1 other-key 'used another key than asked: .*another'
refused 3 no-json 'cannot|failed'
refused 3 huge 'longer than 65536 bytes'
refused 5 html 'it answers 502, and does not say why'
refused 5 redirect 'it answers 307, and does not say why'
run 5 "KMS that says nothing" kms decrypt --key-id silent --timeout 1 "$work/wrapped"
has "$work/err" '[Tt]imed? ?out|timeout' "ends in time"
got=0
kms decrypt --key-id flipped --context app=demo --context b=c -o "$work/none" "$work/wrapped" \
	2>"$work/err" || got=$?
ok "$((!(got == 1 || got == 3 || got == 6)))" "one bit of an answer that changed is refused"

# --- who asks ------------------------------------------------------------------------------------
AWS_SECRET_ACCESS_KEY=another run 5 "a wrong secret" kms genrandom
has "$work/err" 'InvalidSignatureException' "is what KMS says"
has "$work/err" "hint: .*clock" "and that it may be the clock"
AWS_SESSION_TOKEN='' run 5 "no token" kms genrandom
has "$work/err" 'UnrecognizedClientException' "is what KMS says"
run 2 "no credentials" env -u AWS_ACCESS_KEY_ID "$tacit" kms genrandom --tee stub \
	--endpoint "https://127.0.0.1:$port" --ca "$work/tls.pem"
cat >"$work/credentials" <<-END
	[default]
	aws_access_key_id = AKIDFAKE
	aws_secret_access_key = wrong
	[tests]
	aws_access_key_id = AKIDFAKE
	aws_secret_access_key = fake-secret-key-for-tests
	aws_session_token = fake-token
END
AWS_ACCESS_KEY_ID='' run 0 "credentials from a file" kms genrandom \
	--aws-credentials "$work/credentials" --aws-profile tests
run 5 "another profile" kms genrandom --aws-credentials "$work/credentials"
run 1 "a server that nobody vouches for" "$tacit" kms genrandom --tee stub \
	--endpoint "https://127.0.0.1:$port"
run 5 "nobody there" "$tacit" kms genrandom --tee stub --endpoint https://127.0.0.1:1
if [ -e /dev/nsm ] || [ -e /dev/tdx_guest ] || [ -e /dev/sev-guest ]; then
	skip "without a TEE" "this machine has one"
else
	run 6 "without a TEE" "$tacit" kms genrandom --endpoint "https://127.0.0.1:$port"
	has "$work/err" 'no TEE found' "says so"
fi

# --- through a relay, as from an enclave ---------------------------------------------------------
"$tacit" relay --egress "unix:$work/egress" --allow-private "127.0.0.1:$port" >"$work/relay.log" \
	2>&1 &
started+=($!)
until_true grep -q event=ready "$work/relay.log"
via=(--via "unix:$work/egress" --aws-credentials env)
run 0 "by way of a relay" kms decrypt "${via[@]}" --key-id good --context app=demo --context b=c \
	"$work/wrapped"
cmp -s "$work/out" "$work/key"
ok $? "gives the same key"
run 1 "where the relay does not let out to" "$tacit" kms genrandom --tee stub "${via[@]}" \
	--endpoint https://127.0.0.1:9
has "$work/err" 'its --allow lacks it' "says so"
run 5 "credentials of a relay that has none" kms genrandom --via "unix:$work/egress"
has "$work/err" 'without --aws-credentials' "says so"
run 2 "a relay that is no address" kms genrandom --via nowhere
# Whose alias a name is, the host would say.
from_host=(--via "unix:$work/egress")
for key in alias/good good "${arn%:*}:alias/good"; do
	run 2 "genkey with a relay's credentials: $key" kms genkey --key-id "$key" -w "$work/w" \
		"${from_host[@]}"
	has "$work/err" "is the key's ARN" "is refused for that"
	run 2 "decrypt: $key" kms decrypt --key-id "$key" "$work/wrapped" "${from_host[@]}"
done
run 2 "genkeypair" kms genkeypair --key-id alias/good -w "$work/w" "${from_host[@]}" \
	--aws-credentials relay
run 2 "derive" kms derive --key-id alias/good --peer "$work/pub" "${from_host[@]}"
run 2 "decrypt under any key" kms decrypt "$work/wrapped" "${from_host[@]}"
run 5 "a key's ARN" kms decrypt --key-id "$arn/good" "$work/wrapped" "${from_host[@]}"
has "$work/err" 'without --aws-credentials' "gets as far as that relay, which has none"

# --- an SDK's endpoint, and KMS that says nothing ------------------------------------------------
"$tacit" kms serve 127.0.0.1:0 --tee stub --endpoint "https://127.0.0.1:$port" \
	--ca "$work/tls.pem" --timeout 600 --json >"$work/sdk.json" 2>"$work/sdk.log" &
started+=($!)
until_true grep -q listen "$work/sdk.json"
sdk=http://$(sed -n 's/.*"listen":"tcp:\([^"]*\)".*/\1/p' "$work/sdk.json")
ask() { # OPERATION JSON OPTIONS...
	curl -s --max-time 30 "$sdk/" -H "Content-Type: application/x-amz-json-1.1" \
		-H "X-Amz-Target: TrentService.$1" -d "$2" "${@:3}"
}
if command -v curl >/dev/null; then
	silent=$(grep -c silent "$work/fake.log")
	for _ in 1 2 3; do
		ask GenerateDataKey '{"KeyId":"silent","KeySpec":"AES_256"}' >/dev/null &
		started+=($!)
	done
	heard() { [ "$(grep -c silent "$work/fake.log")" -ge $((silent + 3)) ]; }
	until_true heard
	for _ in 1 2 3 4 5 6 7 8; do ask GenerateRandom '{"NumberOfBytes":4}'; done >"$work/out"
	ok "$(($(grep -o '"Plaintext":"[^"]*"' "$work/out" | wc -l) != 8))" \
		"three requests that KMS leaves unanswered hold up nobody"
	ask Decrypt '{"KeyId":"plaintext","CiphertextBlob":"'"$(base64 -w0 "$work/wrapped")"'","EncryptionContext":{"app":"demo","b":"c"}}' >"$work/out"
	has "$work/out" '"TacitRefusedException","message":"it answers in plaintext' \
		"what may not be taken is refused under a name that SDKs do not try again"
	blob=$(base64 -w0 "$work/wrapped")
	for own in null '""' '{}'; do
		ask Decrypt '{"KeyId":"plaintext","CiphertextBlob":"'"$blob"'","EncryptionContext":{"app":"demo","b":"c"},"Recipient":'"$own"'}' >"$work/out"
		has "$work/out" 'TacitRefusedException' "with a Recipient of $own no plaintext is taken"
		lacks "$work/out" '"Plaintext"' "and none is passed on"
	done
	before=$(requests)
	ask ScheduleKeyDeletion '{"KeyId":"good"}' >"$work/out"
	has "$work/out" 'TacitRefused.*no other operation' "what manages keys does not pass"
	ask $'x"\\ why=\e' '{}' >"$work/out"
	lacks "$work/sdk.log" $'\e|x"\\ why' "an operation that is none is told with its marks"
	ok "$(($(requests) != before))" "and KMS hears of neither"
	# A web page in this machine's browser, or one that points its own name here.
	before=$(requests)
	ask GenerateRandom '{"NumberOfBytes":4}' -H 'Host: evil.example' >"$work/out"
	has "$work/out" 'TacitRefused.*local host names alone' "another host's name is refused"
	ask GenerateRandom '{"NumberOfBytes":4}' -H 'Origin: http://evil.example' >"$work/out"
	has "$work/out" 'TacitRefused.*no web pages' "another origin is refused"
	curl -s --max-time 30 "$sdk/" -H 'Content-Type: text/plain' \
		-H 'X-Amz-Target: TrentService.GenerateRandom' -d '{"NumberOfBytes":4}' >"$work/out"
	has "$work/out" 'body of a request is application/x-amz-json-1.1' \
		"a body that browsers send unasked is refused"
	ok "$(($(requests) != before))" "and KMS hears of none of them"
	ask GenerateRandom '{"NumberOfBytes":4}' -H 'Host: localhost' \
		-H 'Origin: http://localhost' >"$work/out"
	has "$work/out" '"Plaintext":"' "one of this machine is answered"

	# Those who leave while all four lanes wait for a KMS that says nothing.
	"$fake" "$work/tls.pem" "$work/tls.key" >"$work/mute.log" 2>&1 &
	mute=$!
	started+=($mute)
	until_true grep -q port "$work/mute.log"
	"$tacit" kms serve "unix:$work/kms.sock" --tee stub --timeout 600 --max-connections 8 \
		--endpoint "https://127.0.0.1:$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$work/mute.log")" \
		--ca "$work/tls.pem" --json >"$work/left.json" 2>"$work/left.log" &
	started+=($!)
	until_true grep -q listen "$work/left.json"
	sdk=http://localhost
	for _ in 1 2 3 4; do
		ask GenerateDataKey '{"KeyId":"silent","KeySpec":"AES_256"}' --max-time 600 \
			--unix-socket "$work/kms.sock" >/dev/null &
		started+=($!)
	done
	unheard() { [ "$(grep -c silent "$work/mute.log")" -eq 4 ]; }
	until_true unheard
	turned_away() {
		ask GenerateRandom '{"NumberOfBytes":4}' --max-time 1 \
			--unix-socket "$work/kms.sock" | grep -q 'KMSInternal.*too many requests wait'
	}
	until_true turned_away
	ok $? "those who have left are counted until their turn comes"
	kill "$mute"
	all_ended() { [ "$(grep -c event=refused "$work/left.log")" -eq 8 ]; }
	until_true all_ended
	ok "$(($(grep -c 'GenerateRandom why="whoever asked has left"' "$work/left.log") != 4))" \
		"and KMS is not asked for them then"
else
	skip "an SDK's endpoint" "no curl"
fi

# --- usage ---------------------------------------------------------------------------------------
run 2 "no key" kms genkey -w "$work/w"
run 2 "nowhere to keep what KMS encrypted" kms genkey --key-id good
has "$work/err" '--wrapped is missing' "says so"
run 2 "spec and bytes" kms genkey --key-id good --spec AES_256 --bytes 32 -w "$work/w"
run 2 "no ciphertext" kms decrypt --key-id good
run 2 "an empty ciphertext" kms decrypt --key-id good /dev/null
run 2 "a pair without a name" kms decrypt --context =x "$work/wrapped"
run 2 "a pair without a value" kms decrypt --context x "$work/wrapped"
run 2 "a pair twice" kms decrypt --key-id good --context app=x --context b=c --context app=demo \
	"$work/wrapped"
has "$work/err" "has 'app' twice" "says which"
run 2 "no peer" kms derive --key-id good
run 3 "a peer's key that is too long" kms derive --key-id good --peer "$tacit"
head -c 6145 /dev/zero >"$work/long"
run 3 "a ciphertext that is too long" kms decrypt "$work/long"
printf 'a b c' >"$work/bad64"
run 3 "what is no base64" kms decrypt --base64 "$work/bad64"
run 2 "1,025 bytes" kms genrandom --bytes 1025
run 2 "2,047 bits" kms genrandom --rsa-bits 2047
run 2 "2,049 bits" kms genrandom --rsa-bits 2049
for url in http://127.0.0.1 https:// https://h/path 'https://u@h' ftp://h; do
	run 2 "the endpoint $url" "$tacit" kms genrandom --tee stub --endpoint "$url"
done
run 2 "no region for AWS" "$tacit" kms genrandom --tee stub
has "$work/err" 'no region' "says so"
# No host's name is made of what is no region: kms.s3.amazonaws.com would be somebody's bucket.
for region in a.b/c s3 us-east-1.evil.example us-east-1-and-more-than-a-region-of-theirs; do
	run 2 "a region that is none: $region" "$tacit" kms genrandom --tee stub --region "$region"
	run 2 "nor in an ARN: $region" "$tacit" kms genkey --tee stub -w "$work/w" \
		--key-id "arn:aws:kms:$region:111122223333:key/good"
done
AWS_REGION=s3 run 2 "nor with credentials" "$tacit" kms genrandom --tee stub

# --- sealed models -------------------------------------------------------------------------------
openssl genpkey -algorithm ed25519 -out "$work/publisher" 2>/dev/null
endpoint=(--kms-endpoint "https://127.0.0.1:$port" --kms-ca "$work/tls.pem")
seal() { "$tacit" model seal --sign "$work/publisher" "${endpoint[@]}" "$@"; }
unseal() { "$tacit" model open --insecure-any-publisher --kms-tee stub "${endpoint[@]}" "$@"; }
run 0 "a model sealed for a key of KMS" seal --to "aws-kms:$arn/good" -o "$work/sealed" \
	models/demo.gguf
has "$work/sealed/demo.gguf.age" "^-> tacit-aws-kms $arn/good" "has the key's ARN in its header"
run 0 "opens by it" unseal -i "aws-kms:$arn/good" -o "$work/opened" "$work/sealed"
cmp -s "$work/opened/demo.gguf" models/demo.gguf
ok $? "and is the same"
"$tacit" serve --tee stub --model "$work/sealed" --model-key "aws-kms:$arn/good" \
	--insecure-any-publisher "${endpoint[@]}" --listen tcp:127.0.0.1:0 --json \
	>"$work/serve.json" 2>"$work/serve.log" &
started+=($!)
until_true grep -q '"listen"' "$work/serve.json"
ok $? "and is served"
run 5 "and not by another" unseal -i "aws-kms:$arn/else" -o "$work/n1" "$work/sealed"
has "$work/err" 'no key here opens it' "which is not even asked"
run 0 "sealed for a key that may not be used" seal --to "aws-kms:$arn/silent2" -o "$work/two" \
	models/demo.gguf
sed -i "s|$arn/silent2|$arn/denied1|" "$work/two/demo.gguf.age"
run 1 "a header that was changed" unseal -i "aws-kms:$arn/denied1" -o "$work/n2" "$work/two"
# The key of one model for the file of another: what KMS encrypted is bound to its own.
cp models/demo.gguf "$work/other.gguf"
run 0 "another model" seal --to "aws-kms:$arn/good" --model-id other -o "$work/three" \
	"$work/other.gguf"
python3 - "$work/sealed/demo.gguf.age" "$work/three/other.gguf.age" <<-'END'
	import sys
	def header(data):
	    return data.split(b"\n--- ")[0]
	one, two = (open(p, "rb").read() for p in sys.argv[1:])
	body = lambda h: h.split(b"\n", 2)[2].split(b"\n->")[0].split(b"\n")[:4]
	stanza = lambda data: header(data)[header(data).index(b"-> tacit-aws-kms"):].split(b"\n->")[0]
	changed = two.replace(stanza(two), stanza(one), 1)
	assert changed != two and len(changed) == len(two)
	open(sys.argv[2], "wb").write(changed)
END
run 5 "a file key of another model" unseal -i "aws-kms:$arn/good" -o "$work/n3" "$work/three"
has "$work/err" 'InvalidCiphertextException' "is refused by KMS, for its context"
run 1 "KMS that says no" seal --to "aws-kms:$arn/denied" -o "$work/four" models/demo.gguf
has "$work/err" 'AccessDeniedException: User' "in its own words"
for text in "$arn" alias/x "arn:aws:kms:eu-central-1:1:alias/x" "arn:aws:s3:::key/x" \
	"arn:aws:kms:eu-central-1:1:key/a b"; do
	run 2 "a recipient that is no key's ARN: $text" seal --to "aws-kms:$text" -o "$work/five" \
		models/demo.gguf
done

done_testing
