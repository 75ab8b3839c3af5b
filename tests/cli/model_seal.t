#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# model seal, open, verify, inspect, reseal, sign: with the public age, and against it.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip_all "there is no openssl"
cd "$work" || exit 1
public() { openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'; }
for name in publisher next stranger; do
	openssl genpkey -algorithm ed25519 -out $name.pem 2>err || skip_all "no Ed25519 in openssl"
done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem 2>err
publisher=$(public publisher.pem) next=$(public next.pem) stranger=$(public stranger.pem)
head -c 40000000 /dev/urandom >weights.gguf
: >empty.json
head -c 16777216 /dev/zero >segment.bin

command -v age-keygen >/dev/null || skip_all "there is no age"
age-keygen -o alice.txt 2>err
age-keygen -o bob.txt 2>err
alice=$(grep -o 'age1.*' alice.txt) bob=$(grep -o 'age1.*' bob.txt)
printf 'correct horse\n' >pass.txt
seal=("$tacit" model seal --sign publisher.pem)
by=(--publisher "$publisher")
# The tail of a sealed file from its payload on.
payload() { python3 -c 'import re,sys; d=open(sys.argv[1],"rb").read(); at=re.search(rb"\n--- [^\n]*\n",d).end(); sys.stdout.buffer.write(d[at:])' "$1"; }

# --- sealing -------------------------------------------------------------------------------------
run 0 "seal" "${seal[@]}" --to "$alice" -o m --created 2026-11-21T00:00:00Z --model-id demo \
	weights.gguf empty.json segment.bin
has out "^publisher: $publisher$" "says who signed"
id=$(sha256sum <m/manifest.json | cut -d' ' -f1)
has out "^model_sha256: $id$" "the identity is the SHA-256 of the manifest's bytes"
json m/manifest.json 'd["schema"] == "tacit.model/1" and d["model_id"] == "demo" and
	[f["name"] for f in d["files"]] == ["weights.gguf", "empty.json", "segment.bin"] and
	[len(f["segments"]) for f in d["files"]] == [3, 0, 1] and d["segment_size"] == 2**24' \
	"the manifest names files in order, with their segments"
[ "$(sha256sum <weights.gguf | cut -d' ' -f1)" = "$(python3 -c '
import json; print(json.load(open("m/manifest.json"))["files"][0]["sha256"])')" ]
ok $? "and the hash of the whole"
run 0 "once more" "${seal[@]}" --to "$alice" -o m2 --created 2026-11-21T00:00:00Z --model-id demo \
	weights.gguf empty.json segment.bin
cmp -s m/manifest.json m2/manifest.json
ok $? "the same files give the same manifest"
[ "$(payload m/weights.gguf.age | head -c 64 | sha256sum)" != \
	"$(payload m2/weights.gguf.age | head -c 64 | sha256sum)" ]
ok $? "and another payload: no key or nonce is used twice"
for f in weights.gguf empty.json segment.bin; do
	age -d -i alice.txt m/$f.age >got && cmp -s got $f
	ok $? "the public age opens $f"
done
run 5 "into a folder that exists" "${seal[@]}" --to "$alice" -o m weights.gguf
run 2 "for nobody" "${seal[@]}" -o x weights.gguf
run 2 "signed by nobody" "$tacit" model seal --to "$alice" -o x weights.gguf
run 2 "signed by a key of another kind" "$tacit" model seal --to "$alice" --sign ec.pem -o x \
	weights.gguf
run 2 "for nobody known" "${seal[@]}" --to bob -o x weights.gguf
run 3 "for a recipient with a slip" "${seal[@]}" --to "${alice}x" -o x weights.gguf
run 2 "for a passphrase and somebody else" "${seal[@]}" --to passphrase:pass.txt --to "$alice" \
	-o x1 weights.gguf
run 3 "two files of one name" "${seal[@]}" --to "$alice" -o x weights.gguf ./weights.gguf
cp empty.json "odd name"
run 3 "a name that no store would like" "${seal[@]}" --to "$alice" -o x "odd name"
run 5 "nothing" "${seal[@]}" --to "$alice" -o x nowhere
run 5 "a folder" "${seal[@]}" --to "$alice" -o x .
run 3 "an expiry before the beginning" "${seal[@]}" --to "$alice" -o x --created 2026-11-21T00:00:00Z \
	--expires 2026-11-20T00:00:00Z weights.gguf
# A key service that is not there is noticed only once sealing has begun.
run 5 "under a key that nobody answers for" "${seal[@]}" -o x --to \
	aws-kms:arn:aws:kms:us-east-1:000000000000:key/x --kms-endpoint https://127.0.0.1:1 \
	--kms-credentials <(printf '[default]\naws_access_key_id = a\naws_secret_access_key = b\n') \
	weights.gguf
[ ! -e x ]
ok $? "what was refused left no folder"

# --- opening -------------------------------------------------------------------------------------
run 0 "verify without a key" "$tacit" model verify "${by[@]}" m
has out "^signed, not opened: model $id$" "says how far it looked"
run 0 "verify with it" "$tacit" model verify -i alice.txt "${by[@]}" m
has out "^verified: model $id$" "says so"
run 0 "open" "$tacit" model open --json -i alice.txt "${by[@]}" -o plain m
json out "d['schema'] == 'tacit.model-open/1' and d['model_sha256'] == '$id' and d['files'] == 3" \
	"in JSON"
for f in weights.gguf empty.json segment.bin; do
	cmp -s plain/$f $f
	ok $? "$f is as it was"
done
[ "$(stat -c '%a %n' plain plain/weights.gguf | tr '\n' ' ')" = "700 plain 600 plain/weights.gguf " ]
ok $? "for nobody else to read"
run 5 "into a folder that exists" "$tacit" model open -i alice.txt "${by[@]}" -o plain/ m
cut_off() {
	rm -f trace
	(strace -f -qq -o trace -e trace=pwrite64 -e inject=pwrite64:signal=SIGKILL:when=9 \
		"$tacit" model open -i alice.txt "${by[@]}" -o cut/ m)
}
if strace -o trace true 2>err; then
	run 137 "killed" cut_off
	[ -s cut~part/weights.gguf ] && [ ! -e cut ]
	ok $? "what it leaves is not called as the model would be"
	run 137 "killed again" cut_off
else
	mkdir -m 700 cut~part && : >cut~part/weights.gguf
	skip "open killed" "no strace that may trace"
fi
mkdir locked~part && echo kept >locked~part/weights.gguf
run 5 "while another one is at it" flock locked~part \
	"$tacit" model open -i alice.txt "${by[@]}" -o locked m
ln -s locked~part linked~part
run 5 "where a link lies" "$tacit" model open -i alice.txt "${by[@]}" -o linked m
[ "$(cat locked~part/weights.gguf)" = kept ]
ok $? "nothing of it is removed"
run 0 "the next run takes its place" "$tacit" model open -i alice.txt "${by[@]}" -o cut/ m
[ ! -e cut~part ] && cmp -s cut/weights.gguf weights.gguf && cmp -s cut/segment.bin segment.bin
ok $? "with all of it"
mkdir other~part && : >other~part/notes
run 5 "where something else lies" "$tacit" model open -i alice.txt "${by[@]}" -o other m
[ -e other~part/notes ]
ok $? "is not cleared"
run 5 "with another's key" "$tacit" model open -i bob.txt "${by[@]}" -o none m
has err 'sealed for others' "is told"
run 0 "with both" "$tacit" model verify -i bob.txt -i alice.txt "${by[@]}" m
run 2 "of no publisher" "$tacit" model verify -i alice.txt m
has err '--insecure-any-publisher' "names the way around"
run 0 "of any publisher" "$tacit" model verify -q -i alice.txt --insecure-any-publisher m
has err 'warning: --insecure-any-publisher' "also when quiet"
run 1 "of another publisher" "$tacit" model verify -i alice.txt --publisher "$stranger" m
has err "no publisher's key that was given signed it" "is told"
run 2 "of what is no key" "$tacit" model verify -i alice.txt --publisher 1234 m
run 3 "with a key file that is none" "$tacit" model verify -i weights.gguf "${by[@]}" m
run 3 "with an empty key file" "$tacit" model verify -i empty.json "${by[@]}" m
run 2 "with a recipient" "$tacit" model verify -i "$alice" "${by[@]}" m
run 5 "a folder without a model" "$tacit" model verify "${by[@]}" plain

# --- inspecting ----------------------------------------------------------------------------------
run 0 "inspect" "$tacit" model inspect m
has out "^model_sha256 +$id$" "shows the identity"
has out "not judged" "and that nothing was judged"
run 0 "inspect --json" "$tacit" model inspect --json m
json out "d['schema'] == 'tacit.model-inspect/1' and d['publishers'] == ['$publisher'] and
	d['files'][0]['recipients'] == ['X25519'] and d['files'][1]['size'] == 0" "in JSON too"
run 3 "inspect of what is no manifest" sh -c "mkdir -p odd && echo '{}' >odd/manifest.json &&
	exec '$tacit' model inspect odd"

# --- what is no regular file ---------------------------------------------------------------------
for name in manifest.json weights.gguf.age manifest.sig; do
	rm -rf odd && cp -r m odd && rm odd/$name && mkfifo odd/$name
	run 5 "a pipe for $name" timeout 10 "$tacit" model verify "${by[@]}" odd
	has err 'not a regular file' "is not waited for"
done
run 5 "nor is that signed" timeout 10 "$tacit" model sign --sign next.pem "${by[@]}" odd
rm -rf odd && cp -r m odd && ln -sf /dev/zero odd/manifest.json
run 5 "a device for a manifest" "$tacit" model verify "${by[@]}" odd
run 0 "a pipe for a key" "$tacit" model verify -i <(cat alice.txt) "${by[@]}" m

# --- other recipients ----------------------------------------------------------------------------
before=$(payload m/weights.gguf.age | sha256sum)
run 0 "reseal" "$tacit" model reseal --json -i alice.txt --to "$bob" "${by[@]}" m
json out "d['model_sha256'] == '$id' and d['in_place'] == 3" "every header in its place"
[ "$(payload m/weights.gguf.age | sha256sum)" = "$before" ]
ok $? "no byte of the payload changed"
run 0 "the new key opens it" "$tacit" model verify -i bob.txt "${by[@]}" m
run 5 "the old one no longer" "$tacit" model verify -i alice.txt "${by[@]}" m
age -d -i bob.txt m/weights.gguf.age | cmp -s - weights.gguf
ok $? "nor is the public age in doubt"
ls m >names
lacks names '\.header' "nothing is left over"
run 5 "reseal without the key" "$tacit" model reseal -i alice.txt --to "$alice" "${by[@]}" m
run 0 "for many" "$tacit" model reseal --json -i bob.txt "${by[@]}" m --to "$bob" \
	$(for i in $(seq 60); do echo "--to $alice"; done)
json out 'd["in_place"] == 0' "takes a longer header, and copies"
[ "$(payload m/weights.gguf.age | sha256sum)" = "$before" ]
ok $? "the payload is still the same"
run 0 "back again" "$tacit" model reseal -i alice.txt --to "$bob" "${by[@]}" m
# Cut off in the middle of writing the new header: the old one is beside it.
torn() {
	python3 -c 'f = open("m/weights.gguf.age", "r+b"); f.seek(100); f.write(b"x" * 300)'
}
cp m/weights.gguf.age whole.age
head -c 8192 m/weights.gguf.age >m/weights.gguf.age.header
torn
run 3 "a torn header" "$tacit" model verify -i bob.txt "${by[@]}" m
run 0 "is made good by the next run" "$tacit" model reseal -i bob.txt --to "$bob" "${by[@]}" m
run 0 "and opens" "$tacit" model verify -i bob.txt "${by[@]}" m
# Cut off behind it: the new one counts, and the old one goes.
age -r "$alice" empty.json | head -c 200 >other.header
for kept in whole.age other.header pass.txt empty.json; do
	head -c 8192 $kept >m/weights.gguf.age.header
	run 0 "a good header counts, not what lies beside it" \
		"$tacit" model reseal -i bob.txt --to "$bob" "${by[@]}" m
	[ ! -e m/weights.gguf.age.header ]
	ok $? "which goes"
done
# A torn one, and what lies beside it is not the old one.
torn
for kept in other.header pass.txt m/segment.bin.age; do
	head -c 8192 $kept >m/weights.gguf.age.header
	sum=$(sha256sum <m/weights.gguf.age)
	run 3 "nothing helps a torn header but its own" \
		"$tacit" model reseal -i bob.txt -i alice.txt --to "$bob" "${by[@]}" m
	[ "$(sha256sum <m/weights.gguf.age)" = "$sum" ]
	ok $? "nothing is written"
done
cp whole.age m/weights.gguf.age
rm m/weights.gguf.age.header
# Links in the folder lead nowhere.
for name in weights.gguf.age.header weights.gguf.age.header~part; do
	cp pass.txt victim && ln -s ../victim m/$name
	run 0 "a link for $name" "$tacit" model reseal -i bob.txt --to "$bob" "${by[@]}" m
	cmp -s victim pass.txt && [ ! -e m/$name ]
	ok $? "is not written through"
done
mv m/weights.gguf.age away.age && cp away.age kept.age && ln -s ../away.age m/weights.gguf.age
run 5 "a link for a file" "$tacit" model reseal -i bob.txt --to "$alice" "${by[@]}" m
cmp -s away.age kept.age
ok $? "neither"
mv away.age m/weights.gguf.age
# Killed before each of the calls that change something: one of the two keys opens every file.
printf 'a model' >small.bin
"${seal[@]}" --to "$alice" -o small small.bin empty.json >out 2>err
ls small >names.before
many=$(for i in $(seq 60); do echo "--to $alice"; done)
kills() { # NAME CALL WHO-OPENS FOR-WHOM...
	local name=$1 call=$2 key=$3 code=137 n=0 bad=0
	shift 3
	while [ $code = 137 ]; do
		n=$((n + 1)) code=0
		rm -rf cut && cp -r small cut
		(strace -qq -o trace -e trace="$call" -e inject="$call:signal=SIGKILL:when=$n" \
			"$tacit" model reseal -q -i "$key" "$@" "${by[@]}" cut
			exit) 2>err || code=$?
		"$tacit" model verify -q -i alice.txt -i bob.txt "${by[@]}" cut 2>>err || bad=1
		"$tacit" model reseal -q -i alice.txt -i bob.txt --to "$bob" "${by[@]}" cut 2>>err || bad=1
		ls cut | cmp -s - names.before || bad=1
	done
	[ $bad = 0 ] && [ $code = 0 ] && [ $n -gt 2 ]
	ok $? "$name killed at $call: old or new, and nothing left by the next run"
}
if strace -o trace true 2>err; then
	for call in pwrite64 fsync renameat unlinkat; do
		kills "a header" $call alice.txt --to "$bob"
		kills "a copy" $call alice.txt $many
	done
else
	skip "reseal killed" "no strace that may trace"
fi
run 0 "for a passphrase" "$tacit" model reseal -i bob.txt --to passphrase:pass.txt "${by[@]}" m
run 0 "which opens it" "$tacit" model verify -i passphrase:pass.txt "${by[@]}" m
printf 'wrong horse\n' >wrong.txt
run 5 "unlike another" "$tacit" model verify -i passphrase:wrong.txt "${by[@]}" m
run 2 "a passphrase beside others" "$tacit" model reseal -i passphrase:pass.txt \
	--to passphrase:pass.txt --to "$bob" "${by[@]}" m
run 0 "back to a key" "$tacit" model reseal -i passphrase:pass.txt --to file:bob.txt "${by[@]}" m
run 0 "that a file names" "$tacit" model verify -i file:bob.txt "${by[@]}" m
age -r "$bob" -o m/weights.gguf.age weights.gguf
run 0 "a file that the public age sealed" "$tacit" model verify -i bob.txt "${by[@]}" m
run 0 "is resealed too" "$tacit" model reseal -i bob.txt --to "$alice" "${by[@]}" m
age -d -i alice.txt m/weights.gguf.age | cmp -s - weights.gguf
ok $? "and opened by it"

# --- publishers ----------------------------------------------------------------------------------
p=("$tacit" model verify --now 2026-12-01T00:00:00Z m2)
sign=("$tacit" model sign --sign next.pem --now 2026-12-01T00:00:00Z)
id=$(sha256sum <m2/manifest.json | cut -d' ' -f1)
cp m2/manifest.sig before.sig
run 2 "no signature on whatever lies there" "${sign[@]}" m2
run 1 "nor on what somebody else signed" "${sign[@]}" --publisher "$stranger" m2
run 1 "nor on another model" "${sign[@]}" --model-sha256 "${id//[0-7]/8}" m2
run 1 "both that are named must hold" "${sign[@]}" --model-sha256 "$id" --publisher "$stranger" m2
cmp -s m2/manifest.sig before.sig
ok $? "and none was made"
run 0 "what is named by its identity" "${sign[@]}" --model-sha256 "$id" m2
has out "^signed: model $id, 2 signatures" "says which model was signed"
cp before.sig m2/manifest.sig
run 0 "one more signature" "${sign[@]}" "${by[@]}" --json m2
json out "d[\"model_sha256\"] == \"$id\" and d[\"signatures\"] == 2" "names it in JSON too"
run 0 "either counts: the old" "${p[@]}" --publisher "$publisher"
run 0 "the new" "${p[@]}" --publisher "$next"
run 1 "and no third" "${p[@]}" --publisher "$stranger"
rm -r m2
"${seal[@]}" --sign stranger.pem --to "$alice" -o m2 empty.json >out 2>err
run 1 "a stranger's model" "${p[@]}" --publisher "$publisher"
succeed=("$tacit" model sign --sign publisher.pem --successor "$stranger"
	--until 2027-01-01T00:00:00Z)
run 2 "a successor that has ended" "${succeed[@]}" --now 2027-01-01T00:00:00Z m2
run 2 "a successor judges no model" "${succeed[@]}" --now 2026-12-01T00:00:00Z "${by[@]}" m2
run 0 "a successor is named" "${succeed[@]}" --now 2026-12-01T00:00:00Z m2
has out "^signed: successor $stranger, 1 signatures, 1 successions" "says which key was signed"
run 0 "and counts" "${p[@]}" --publisher "$publisher"
run 1 "but not for others" "${p[@]}" --publisher "$next"
run 1 "nor afterwards" "$tacit" model verify --now 2027-01-01T00:00:00Z "${by[@]}" m2
sed -i 's/2027-01-01/2028-01-01/' m2/manifest.sig
run 1 "nor for longer than it was signed for" "${p[@]}" --publisher "$publisher"
run 2 "a successor without an end" "$tacit" model sign --sign next.pem --successor "$stranger" m2
"${seal[@]}" --to "$alice" -o m3 --created 2026-11-01T00:00:00Z --expires 2026-11-20T00:00:00Z \
	empty.json >out 2>err
run 0 "before it expires" "$tacit" model verify --now 2026-11-19T00:00:00Z "${by[@]}" m3
run 1 "once it has" "$tacit" model verify --now 2026-11-20T00:00:00Z "${by[@]}" m3
has err 'expired at 2026-11-20T00:00:00Z' "says when"
run 1 "nobody signs it then" "${sign[@]}" "${by[@]}" m3
run 1 "nor by its identity" "${sign[@]}" \
	--model-sha256 "$(sha256sum <m3/manifest.json | cut -d' ' -f1)" m3

# --- a process that holds a key --------------------------------------------------------------------
mkfifo pipe
shielded() { # VERB ARG...: it reads "pipe" once it is out of reach of core files
	if [ "$(ulimit -Hc)" = 0 ]; then
		skip "model $1" "no core files here"
		return
	fi
	(ulimit -Sc "$(ulimit -Hc)" && exec "$tacit" model "$@") >out 2>err </dev/null &
	local pid=$!
	started+=("$pid")
	timeout 10 sh -c 'exec 9>pipe && grep -Eq "^Max core file size +0 +0 " /proc/'$pid/limits
	ok $? "model $1 leaves no core file"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}
shielded open -i pipe "${by[@]}" -o x m
shielded reseal -i pipe "${by[@]}" --to "$alice" m
shielded seal --sign pipe --to "$alice" -o x empty.json
shielded sign --sign pipe "${by[@]}" m
shielded convert --manifest pipe --signer "$publisher" --key alice.txt -o x weights.gguf

# --- what is not as it was signed ----------------------------------------------------------------
"${seal[@]}" --to "$alice" -o good weights.gguf segment.bin >out 2>err
"${seal[@]}" --to "$alice" -o other weights.gguf segment.bin --model-version 2 >out 2>err
refuse() { # CODE NAME [PYTHON-ON-d]: the first file of a copy, changed
	rm -rf bad && cp -r good bad
	[ -z "${3:-}" ] || python3 -c '
import sys
p = "bad/weights.gguf.age"
d = bytearray(open(p, "rb").read())
at = bytes(d).index(b"\n--- ")
at = bytes(d).index(b"\n", at + 1) + 1  # payload
c = at + 16                             # first chunk
n = 65536 + 16
exec(sys.argv[1])
open(p, "wb").write(d)' "$3"
	run "$1" "$2" "$tacit" model verify -i alice.txt "${by[@]}" bad
}
refuse 0 "a copy"
refuse 1 "one bit of a chunk" 'd[c + 5 * n + 7] ^= 1'
refuse 1 "one bit of a tag" 'd[c + n - 1] ^= 1'
refuse 1 "one bit of the nonce" 'd[at] ^= 1'
refuse 1 "one letter of the header's MAC" 'd[at - 4] = ord("B" if d[at - 4:at - 3] == b"A" else "A")'
refuse 1 "two chunks swapped" 'd[c:c+n], d[c+n:c+2*n] = d[c+n:c+2*n], d[c:c+n]'
refuse 1 "a chunk twice, another gone" 'd[c+n:c+2*n] = d[c:c+n]'
refuse 1 "a chunk more" 'd[c+n:c+n] = d[c:c+n]'
refuse 1 "a chunk less" 'del d[c:c+n]'
refuse 1 "the last byte gone" 'del d[-1]'
refuse 1 "a byte more" 'd += b"x"'
refuse 1 "cut after a chunk" 'del d[c + 3 * n:]'
refuse 3 "cut in the header" 'del d[at - 10:]'
refuse 1 "nothing behind the header" 'del d[at:]'
refuse 1 "two segments swapped" 's=256*n; d[c:c+s], d[c+s:c+2*s] = d[c+s:c+2*s], d[c:c+s]'
rm -rf bad && cp -r good bad && cp segment.bin x && cp good/segment.bin.age bad/weights.gguf.age
run 1 "another file of the same model" "$tacit" model verify -i alice.txt "${by[@]}" bad
head -c 40000000 /dev/urandom >weights2.gguf && mkdir third && mv weights2.gguf third/weights.gguf
"${seal[@]}" --to "$alice" -o swapped third/weights.gguf segment.bin >out 2>err
rm -rf bad && cp -r good bad && cp swapped/weights.gguf.age bad/
run 1 "a file of another model for the same key" "$tacit" model verify -i alice.txt "${by[@]}" bad
sum=$(sha256sum <bad/weights.gguf.age)
run 1 "is not resealed: somebody else would get its key" "$tacit" model reseal -i alice.txt --to "$bob" \
	"${by[@]}" bad
[ "$(sha256sum <bad/weights.gguf.age)" = "$sum" ]
ok $? "nor written to"
# Two are opened at a time: which is noticed first is theirs to race for.
has err 'segment [01] of weights.gguf is not what the manifest says' "says which part"
rm -rf bad && cp -r good bad && cp other/manifest.json bad/
run 1 "another manifest of the same publisher" "$tacit" model verify -i alice.txt "${by[@]}" bad
rm -rf bad && cp -r good bad && sed -i 's/"version":"1"/"version":"3"/' bad/manifest.json
run 1 "one digit of the manifest" "$tacit" model verify -i alice.txt "${by[@]}" bad
rm -rf bad && cp -r good bad && sed -i 's/,"files"/, "files"/' bad/manifest.json
run 3 "a space in the manifest" "$tacit" model verify -i alice.txt "${by[@]}" bad
rm -rf bad && cp -r good bad && rm bad/manifest.sig
run 5 "no signatures" "$tacit" model verify -i alice.txt "${by[@]}" bad
rm -rf bad && cp -r good bad && rm bad/segment.bin.age
run 5 "a file gone" "$tacit" model verify -i alice.txt "${by[@]}" bad
rm -rf bad && cp -r good bad
python3 -c 'f = open("bad/weights.gguf.age", "r+b"); f.seek(20000000); f.write(b"x")'
run 1 "open of what is not as it was signed" "$tacit" model open -i alice.txt "${by[@]}" -o half bad
[ ! -e half ] && [ ! -e half~part ]
ok $? "leaves nothing"
done_testing
