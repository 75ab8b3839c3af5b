#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# keyd on the command line: where its master key comes from, what its verbs refuse, their JSON. What
# it answers over the network is in e2e/keyd.t.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

keyd() {
	"$tacit" keyd "$@"
}

# --- a folder --------------------------------------------------------------------------------------
run 2 "init without a folder" keyd init
run 0 "init" keyd init --json keys
json out 'd == {"schema": "tacit.keyd-init/1", "done": True}' "says so in JSON"
[ "$(stat -c %a keys keys/master.key keys/tls.key keys/store.db | xargs)" = "700 600 600 600" ]
ok $? "its folder and secrets are for the owner alone"
run 0 "its certificate is one" openssl x509 -in keys/tls.pem -noout -text
has out 'DNS:localhost, IP Address:127.0.0.1' "for this machine"
cp -r keys before
run 2 "init again" keyd init keys
has err "is there already, and nothing is replaced" "replaces nothing"
diff -r keys before >differences
ok $? "not a byte"
run 0 "init for a name" keyd init --name broker.example named
openssl x509 -in named/tls.pem -noout -text >out
has out 'DNS:broker.example$' "has it in the certificate"
run 3 "a name that is none" keyd init --name 'a,IP:1.2.3.4' bad
run 2 "a verb without a folder" keyd key list
has err "'--dir' is missing" "says what is missing"

# --- the master key --------------------------------------------------------------------------------
head -c 32 /dev/urandom >raw
base64 raw >text
run 0 "a master key of 32 bytes" keyd init --master-key raw elsewhere
[ ! -e elsewhere/master.key ]
ok $? "is not copied"
run 0 "the same in base64" keyd key list --dir elsewhere --master-key text
run 5 "without it" keyd key list --dir elsewhere
head -c 32 /dev/zero >zeros
run 1 "another one" keyd key list --dir elsewhere --master-key zeros
has err "not the one of this store" "is named as that"
head -c 31 /dev/urandom >short
run 3 "one that is too short" keyd key list --dir elsewhere --master-key short
mkdir credentials
cp raw credentials/broker
CREDENTIALS_DIRECTORY=$work/credentials \
	run 0 "a credential of the service manager" keyd key list --dir elsewhere --master-credential broker
CREDENTIALS_DIRECTORY=$work/credentials \
	run 2 "and no path to one" keyd key list --dir elsewhere --master-credential ../raw
run 2 "without a service manager" keyd key list --dir elsewhere --master-credential broker
printf 'correct horse battery staple\n' >phrase
printf 'correct horse battery stable\n' >other
: >empty
run 0 "a passphrase" keyd init --passphrase-file phrase hidden
[ "$(stat -c %s hidden/master.salt)" = 16 ] && [ ! -e hidden/master.key ]
ok $? "leaves its salt and no key"
run 0 "opens again" keyd key list --dir hidden --passphrase-file phrase
run 1 "another passphrase" keyd key list --dir hidden --passphrase-file other
run 2 "an empty one" keyd key list --dir hidden --passphrase-file empty
run 2 "two of them" keyd key list --dir hidden --passphrase-file phrase --master-key raw

# --- keys ------------------------------------------------------------------------------------------
cat >policy.json <<'END'
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*",
 "Resource": "*"}]}
END
cat >appraisal.json <<END
{"schema": "tacit.policy/1", "alternatives": [{"platform": "stub", "measurements":
 {"pcr0": "$(printf '11%.0s' {1..48})"}}]}
END
run 0 "create" keyd key create model --dir keys --policy policy.json
id=$(cat out)
run 0 "create, in JSON" keyd key create --dir keys --json
json out 'd["schema"] == "tacit.keyd-key/1" and len(d["id"]) == 36' "names the id"
has err "closed to everybody" "without a policy it says so"
run 1 "a name that is taken" keyd key create model --dir keys
for name in a/b 'a b' ../x .hidden ''; do
	run 2 "no name: '$name'" keyd key create "$name" --dir keys
done
run 2 "a spec that is none" keyd key create --spec RSA_2048 --dir keys
run 3 "a policy that is none" keyd key create --policy appraisal.json --dir keys
run 3 "an appraisal that is none" keyd key create --appraisal policy.json --dir keys
run 0 "a resource" keyd key create default/key/1 --dir keys --resource raw --appraisal appraisal.json
for name in default/key default/key/1/2 default//1 ../key/1; do
	run 2 "no name of a resource: '$name'" keyd key create "$name" --resource raw --dir keys
done
run 0 "list" keyd key list --dir keys
has out "^$id  SYMMETRIC_DEFAULT  v1   enabled  policy   model$" "as text"
run 0 "list, in JSON" keyd key list --dir keys --json
json out 'd["schema"] == "tacit.keyd-keys/1" and [k["name"] for k in d["keys"]].count("model") == 1
	and all(set(k) == {"id", "spec", "enabled", "version", "policy", "appraisal", "created_at",
	"name"} for k in d["keys"])' "each with the same members"
run 0 "rotate" keyd key rotate model --dir keys
run 0 "disable by id" keyd key disable "$id" --dir keys
run 0 "list" keyd key list --dir keys
has out "^$id .* v2   disabled" "shows both"
run 0 "enable" keyd key enable model --dir keys
run 1 "a key that is not there" keyd key disable nobody --dir keys
run 2 "a resource is rotated with its new bytes" keyd key rotate default/key/1 --dir keys
run 0 "which it then has" keyd key rotate default/key/1 --dir keys --resource zeros
run 0 "a key of agreement" keyd key create --spec ECC_NIST_P256 --dir keys
run 2 "has one version" keyd key rotate "$(cat out)" --dir keys
run 0 "policy set" keyd key policy set model appraisal.json --dir keys
run 0 "policy get" keyd key policy get model --dir keys
has out '"Version": "2012-10-17"' "has the key policy"
has out '"tacit.policy/1"' "and that for evidence"
run 3 "policy set of neither" keyd key policy set model raw --dir keys
run 2 "half an action" keyd key policy --dir keys
run 2 "no action" keyd key --dir keys
run 2 "an action too much" keyd key list model --dir keys

# --- credentials -----------------------------------------------------------------------------------
run 0 "credential create" keyd credential create app --dir keys -o app.aws
[ "$(stat -c %a app.aws)" = 600 ] && grep -qE '^aws_secret_access_key = [A-Za-z0-9+/]{40}$' app.aws
ok $? "is written for AWS's tools, and for the owner alone"
run 1 "a name that is taken" keyd credential create app --dir keys
run 2 "a name that is none" keyd credential create 'a/b' --dir keys
for name in kbs operator; do
	run 2 "a name of the broker's own: '$name'" keyd credential create $name --dir keys
done
run 0 "an administrator" keyd credential create --admin root --dir keys
run 0 "disable" keyd credential disable app --dir keys
run 1 "one that is not there" keyd credential disable nobody --dir keys
run 0 "credential list" keyd credential list --dir keys --json
json out 'd["schema"] == "tacit.keyd-credentials/1" and
	[(c["name"], c["admin"], c["enabled"]) for c in d["credentials"]] ==
	[("app", False, False), ("root", True, True)]' "has both"
grep -qF "$(sed -n 's/.*secret_access_key = //p' app.aws)" out keys/store.db
[ $? -eq 1 ]
ok $? "and no secret; nor has the store, as it is"
run 2 "no action" keyd credential --dir keys

# --- a store that somebody else wrote to -----------------------------------------------------------
cp -r keys meddled
python3 - meddled/store.db <<'END'
import sqlite3
import sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("UPDATE keys SET policy = NULL WHERE name = 'model'")
    db.execute("UPDATE credentials SET enabled = 1 WHERE name = 'app'")
END
run 1 "a key that was changed in the file" keyd key policy get model --dir meddled
has err "the row of key 'model' was changed by something other than this broker" "is named"
run 1 "and no change makes it good" keyd key policy set model policy.json --dir meddled
run 1 "nor is it listed" keyd key list --dir meddled
has err "the row of key 'model'" "which says why"
run 1 "a credential that was" keyd credential list --dir meddled
has err "the row of credential 'app' was changed" "is named"
run 0 "other keys are as they were" keyd key policy get default/key/1 --dir meddled

# --- the log ---------------------------------------------------------------------------------------
run 0 "log" keyd log --dir keys
grep '"op":"PutKeyPolicy"' out | head -n 1 >last
json last "d['policy'] == '$(sha256sum <policy.json | cut -d' ' -f1)' and
	d['appraisal'] == '$(sha256sum <appraisal.json | cut -d' ' -f1)'" \
	"names the policies that a key then has by their hashes"
grep '"op":"CreateKey"' out | head -n 1 >last
json last "d['policy'] == '$(sha256sum <policy.json | cut -d' ' -f1)' and d['appraisal'] is None" \
	"also when it is created"
tail -n 1 out >last
has last "^\{\"seq\":$(wc -l <out),.*\"DisableCredential\"" "has a row for each change"
mv out log
run 0 "log --after" keyd log --dir keys --after 3
has out '^\{"seq":4,' "begins behind it"
run 0 "log --verify" keyd log --dir keys --verify --json
json out 'd["schema"] == "tacit.keyd-log/1" and d["rows"] > 9 and len(d["head"]) == 64' "is whole"
run 0 "of a file" keyd log --verify log
sed 's/"DisableKey"/"EnableKey"/' log >changed
run 1 "a row that was changed" keyd log --verify changed
has err "is not what was hashed" "is found"
run 1 "a head that it does not have" keyd log --verify --head "$(printf '00%.0s' {1..32})" log
run 3 "what is no log" keyd log --verify phrase
run 2 "a file without --verify" keyd log log
run 2 "--head without --verify" keyd log --dir keys --head "$(printf '00%.0s' {1..32})"

# --- another master key ----------------------------------------------------------------------------
cp -r keys moved
openssl rand -hex 32 >new
run 2 "rekey to nothing" keyd rekey --dir moved
has err "comes from one place, such as '--new-master-key'" "says what is missing"
run 2 "to two at once" keyd rekey --dir moved --new-master-key new --new-passphrase-file phrase
run 2 "to the key that it has" keyd rekey --dir moved --new-master-key moved/master.key
has err "the same master key" "says so"
run 1 "from a key that is not its" keyd rekey --dir moved --master-key zeros --new-passphrase-file phrase
run 3 "to what is no key" keyd rekey --dir moved --new-master-key short
run 1 "with a key that was changed in the file" keyd rekey --dir meddled --new-master-key new
has err "the row of key 'model' was changed by something other than this broker" "names it"
keyd key list --dir moved >after.list && keyd log --dir moved | cmp -s - log &&
	[ ! -e moved/master.salt ]
ok $? "nothing of that changed anything"
run 0 "rekey" keyd rekey --json --dir moved --new-master-key new
json out 'd == {"schema": "tacit.keyd-rekey/1", "done": True}' "says so in JSON"
has err 'backups from before' "and what the old key is still for"
run 1 "the old key" keyd key list --dir moved
has err "not the one of this store" "is another one now"
keyd key list --dir keys >before.list
keyd key list --dir moved --master-key new >after.list
cmp -s before.list after.list
ok $? "the new one opens every key"
keyd credential list --dir keys >before.list
keyd credential list --dir moved --master-key new >after.list
cmp -s before.list after.list
ok $? "and every credential"
keyd log --dir moved | tail -n 1 >last
has last '"who":"operator","op":"RotateMasterKey"' "the log has it"
run 0 "and is whole" keyd log --dir moved --verify
run 0 "to a passphrase" keyd rekey --dir moved --master-key new --new-passphrase-file phrase
cp moved/master.salt salt
run 0 "and another one, through pipes" keyd rekey --dir moved --passphrase-file <(cat phrase) \
	--new-passphrase-file <(cat other)
cmp -s moved/master.salt salt
ok $? "by the same salt, so that the store alone says which it is"
run 1 "the first passphrase" keyd key list --dir moved --passphrase-file phrase
CREDENTIALS_DIRECTORY=$work/credentials run 0 "to a credential of the service manager" \
	keyd rekey --dir moved --passphrase-file other --new-master-credential broker
run 0 "is the key in that" keyd key list --dir moved --master-key raw

cut_off() { # CALL N: ends rekey at the Nth call of that name
	(strace -qq -o trace -e trace="$1" -e inject="$1:signal=SIGKILL:when=$2" \
		"$tacit" keyd rekey -q --dir cut --new-master-key new
		exit) 2>err
}
kills() { # CALL: kills rekey at each of them in turn, until it comes through
	local n=0 code=137 bad=0 under
	while [ $code = 137 ]; do
		n=$((n + 1)) code=0
		rm -rf cut && cp -r keys cut
		cut_off "$1" $n || code=$?
		under=$(for key in cut/master.key new; do
			keyd key list --dir cut --master-key $key 2>>err | cmp -s - keys.list && echo $key
		done)
		[ "$under" = cut/master.key ] || [ "$under" = new ] || bad=1
		keyd credential list --dir cut --master-key "$under" >after.list 2>>err
		cmp -s before.list after.list && keyd log -q --dir cut --verify >/dev/null 2>>err || bad=1
	done
	[ $bad = 0 ] && [ $code = 0 ] && [ "$under" = new ] && [ $n -gt 2 ]
	ok $? "killed at $1: all under the old key or all under the new one"
}
keyd key list --dir keys >keys.list
if strace -o trace true 2>err; then
	for call in pwrite64 fdatasync; do
		kills $call
	done
else
	skip "rekey killed" "no strace that may trace"
fi

# --- serve -----------------------------------------------------------------------------------------
run 5 "serve without a broker" keyd serve --dir nowhere
run 2 "serve in the clear to others" keyd serve --dir keys --insecure-plain --listen tcp:0.0.0.0:0
has err "loopback" "is for loopback alone"
run 2 "an account that is none" keyd serve --dir keys --account 12
run 3 "a key for another certificate" keyd serve --dir keys --listen tcp:127.0.0.1:0 \
	--tls-cert named/tls.pem
openssl pkey -in keys/tls.key -aes256 -passout pass:x -out locked.key 2>/dev/null
run 3 "a key under a passphrase" keyd serve --dir keys --listen tcp:127.0.0.1:0 --tls-key locked.key
keyd serve --dir keys --listen tcp:127.0.0.1:0 --insecure-plain --insecure-accept-stub --json \
	>ready 2>said &
started+=($!)
until [ -s ready ]; do sleep 0.05; done
json ready 'd["insecure"] == ["insecure-accept-stub", "insecure-plain"]' "what is insecure is said"
has said 'insecure=insecure-accept-stub,insecure-plain' "in words, too"
has said 'NOT a TEE' "and warned of"
run 5 "rekey while it serves" keyd rekey --dir keys --new-master-key new
has err "a broker, or another verb, has the store open" "is refused"
url=http://$(sed -E 's/.*"tcp:([^"]+)".*/\1/' ready)
code() { # METHOD PATH
	curl -s -o body -w '%{http_code}' -X "$1" "$url$2"
}
[ "$(code GET /healthz)" = 200 ]
ok $? "it is there"
[ "$(code POST /)" = 400 ] && grep -q MissingAuthenticationTokenException body
ok $? "and asks for a signature"
[ "$(code GET /)" = 404 ] && [ "$(code GET /tacit/v1/none)" = 404 ]
ok $? "other places are not there"
[ "$(code GET /tacit/v1/nonce)" = 200 ]
json body 'd["schema"] == "tacit.nonce/1" and len(d["nonce"]) == 64' "a nonce"
done_testing
