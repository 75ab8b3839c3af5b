#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# eif and image: builds that agree, measurements, signatures, strict verification, differences.
. "$(dirname "$0")/lib.sh"

cd "$work" || exit 1
printf 'a kernel' >kernel
head -c 3000000 /dev/urandom >payload
printf '#!/bin/sh\n' >init
chmod 755 init
quiet() { "$@" >/dev/null 2>&1 </dev/null; }

# --- build -----------------------------------------------------------------------------------------
run 0 "build from files" "$tacit" eif build --kernel kernel --arch x86_64 --init init --file \
	payload:/app/payload --file init:/app/run:0750 --arg /app/run --arg 'two words' --env A=b \
	--name demo --version 1.0 -o one.eif
cp out measured.json
json measured.json 'list(d) == ["Measurements"] and d["Measurements"]["HashAlgorithm"] ==
	"Sha384 { ... }" and len(d["Measurements"]["PCR0"]) == 96' "prints nitro-cli's shape"
sleep 1.1 # another second, in case a time went in
touch payload init
run 0 "again, in another order" "$tacit" eif build --kernel kernel --arch x86_64 --init init --file \
	init:/app/run:0750 --file payload:/app/payload --arg /app/run --arg 'two words' --env A=b \
	--name demo --version 1.0 -o two.eif
cmp -s one.eif two.eif
ok $? "gives the same bytes"
python3 - >"$work/oracle" <<'PY'
# PCRs and CRC worked out anew, from the file alone.
import hashlib, json, struct, zlib
d = open("one.eif", "rb").read()
parts, at = [], 548
while at < len(d):
    kind, _, size = struct.unpack(">HHQ", d[at:at + 12])
    parts.append((kind, d[at + 12:at + 12 + size]))
    at += 12 + size
measured = [b for k, b in parts if k in (1, 2)]
disks = [b for k, b in parts if k == 3]
def pcr(pieces):
    return hashlib.sha384(bytes(48) + hashlib.sha384(b"".join(pieces)).digest()).hexdigest()
good = zlib.crc32(d[548:], zlib.crc32(d[:544])) == struct.unpack(">I", d[544:548])[0]
print(json.dumps({"PCR0": pcr(measured + disks), "PCR1": pcr(measured + disks[:1]),
                  "PCR2": pcr(disks[1:]), "crc": good}))
for i, disk in enumerate(disks):
    open(f"disk{i}", "wb").write(disk)
PY
json oracle "d['crc'] and {k: d[k] for k in ('PCR0', 'PCR1', 'PCR2')} == {k: v for k, v in
	json.load(open('measured.json'))['Measurements'].items() if k != 'HashAlgorithm'}" \
	"whose measurements and CRC another program finds too"
if command -v cpio >/dev/null; then
	cpio -itv <disk1 2>/dev/null | grep -q 'app/payload'
	ok $? "and whose ramdisks cpio reads"
else
	skip "cpio reads the ramdisks" "no cpio here"
fi
build_packed() {
	"$tacit" eif build --kernel kernel --arch x86_64 --init init --file payload:/app/payload \
		--file init:/app/run:0750 --arg /app/run --compress "$@"
}
run 0 "build compressed" build_packed -o packed.eif
run 0 "again" build_packed -o packed2.eif
cmp -s packed.eif packed2.eif
ok $? "gives the same bytes"
"$tacit" eif inspect --json --files one.eif >plain.json
"$tacit" eif inspect --json --files packed.eif >packed.json
json packed.json "[f for f in d['files'] if f['name'] not in ('etc/tacit/argv', 'etc/tacit/env')] ==
	[f for f in json.load(open('plain.json'))['files'] if f['name'] not in ('etc/tacit/argv',
	'etc/tacit/env')] and not d.get('unlisted')" "the same files are listed"
python3 - <<'PY'
import gzip
open("gnu", "wb").write(gzip.compress(open("disk1", "rb").read()) + bytes(3))
open("bomb", "wb").write(gzip.compress(bytes(64 << 20)))
open("short", "wb").write(gzip.compress(open("disk1", "rb").read())[:-9])
PY
for disk in gnu bomb short; do
	"$tacit" eif build --kernel kernel --arch x86_64 --ramdisk disk0 --ramdisk $disk \
		-o $disk.eif >/dev/null 2>&1
	"$tacit" eif inspect --files $disk.eif >$disk.out 2>$disk.err
	ok $? "an image with the ramdisk '$disk' is shown"
done
grep -q 'app/payload' gnu.out
ok $? "what another program compressed is listed"
cat bomb.out bomb.err | grep -q 'grows more than'
ok $? "a bomb is not"
cat short.out short.err | grep -q 'ends inside a compressed'
ok $? "nor is half a ramdisk said to be a whole one"
run 2 "--compress without --init" "$tacit" eif build --kernel kernel --arch x86_64 --ramdisk disk0 \
	--compress -o bad2.eif
run 0 "build from ramdisks" "$tacit" eif build --kernel kernel --arch x86_64 --ramdisk disk0 \
	--ramdisk disk1 -o three.eif
run 0 "has the same measurements" "$tacit" eif verify --expect measured.json three.eif
run 0 "and so have the parts" "$tacit" eif measure --kernel kernel --ramdisk disk0 --ramdisk disk1 \
	--expect measured.json
run 1 "another command line" "$tacit" eif measure --kernel kernel --cmdline x --ramdisk disk0 \
	--ramdisk disk1 --expect measured.json
has err 'PCR0.*not as expected' "is another PCR0"
run 1 "build with --expect of another" "$tacit" eif build --kernel init --arch x86_64 --ramdisk \
	disk0 --ramdisk disk1 --expect measured.json -o none.eif
[ ! -e none.eif ] && [ -z "$(ls none.eif.* 2>/dev/null)" ]
ok $? "writes nothing"
run 5 "a kernel that is not there" "$tacit" eif build --kernel nothing --ramdisk disk0 -o none.eif
[ ! -e none.eif ] && [ -z "$(ls none.eif.* 2>/dev/null)" ]
ok $? "writes nothing"
for bad in relative /a/../b /a//b / /a/. ; do
	run 2 "a file at '$bad'" "$tacit" eif build --kernel kernel --init init --file \
		"payload:$bad" -o none.eif
done
run 2 "a mode that is none" "$tacit" eif build --kernel kernel --init init --file \
	payload:/a:999 -o none.eif
run 2 "a file twice" "$tacit" eif build --kernel kernel --init init --file payload:/a --file \
	init:/a -o none.eif
run 2 "a file that is a folder" "$tacit" eif build --kernel kernel --init init --file payload:/a \
	--file init:/a/b -o none.eif
run 2 "a newline in an argument" "$tacit" eif build --kernel kernel --init init --arg $'a\nb' \
	-o none.eif
run 2 "a command line that is too long" "$tacit" eif build --kernel kernel --ramdisk disk0 \
	--cmdline "$(printf 'x%.0s' $(seq 2048))" -o none.eif
run 2 "neither init nor ramdisk" "$tacit" eif build --kernel kernel -o none.eif
run 2 "an image to standard output" "$tacit" eif build --kernel kernel --ramdisk disk0 -o -
printf '{"who": "me"}' >custom.json
run 0 "metadata of one's own" "$tacit" eif build --kernel kernel --arch x86_64 --ramdisk disk0 \
	--metadata custom.json --build-time 2026-11-21T00:00:00Z -o meta.eif
"$tacit" eif inspect --json meta.eif >out 2>/dev/null
json out 'd["metadata"]["CustomMetadata"] == {"who": "me"} and
	d["metadata"]["BuildMetadata"]["BuildTime"] == "2026-11-21T00:00:00Z"' "goes in, and a time"
printf '{"who": ' >custom.json
run 3 "metadata that are no JSON" "$tacit" eif build --kernel kernel --ramdisk disk0 --metadata \
	custom.json -o none.eif

# --- inspect and diff --------------------------------------------------------------------------------
run 0 "inspect --files" "$tacit" eif inspect --json --files one.eif
json out "[f['name'] for f in d['files'] if f['ramdisk'] == 1] == ['app', 'app/payload', 'app/run',
	'etc', 'etc/tacit', 'etc/tacit/argv', 'etc/tacit/env']" "lists what is in the ramdisk"
digest=$(sha256sum payload | cut -d' ' -f1)
json out "[f['sha256'] for f in d['files'] if f['name'] == 'app/payload'] == ['$digest']" \
	"with its SHA-256"
json out "[f['mode'] for f in d['files'] if f['name'] == 'app/run'] == ['100750']" "and its mode"
run 0 "diff of equal images" "$tacit" eif diff one.eif two.eif
printf 'x' >>init
quiet "$tacit" eif build --kernel kernel --arch x86_64 --init init --file payload:/app/other -o \
	four.eif
run 1 "diff of others" "$tacit" eif diff --json one.eif four.eif
json out '{(f["name"], f["change"]) for f in d["files"]} >= {("init", "changed"),
	("app/payload", "removed"), ("app/other", "added")} and not d["same_measurements"]' \
	"names the files"

# --- signing -----------------------------------------------------------------------------------------
certificate() { # NAME CURVE HASH
	openssl ecparam -name "$2" -genkey -out "$1.key" 2>/dev/null
	openssl req -new -x509 -key "$1.key" "-$3" -days 2 -subj /CN=signer -out "$1.pem" 2>/dev/null
	chmod 600 "$1.key"
}
certificate p384 secp384r1 sha384
certificate p256 prime256v1 sha256
certificate other secp384r1 sha384
for key in p384 p256; do
	run 0 "sign with $key" "$tacit" eif sign --key $key.key --certificate $key.pem -o $key.eif \
		one.eif
	cp out signed.json
	want=$(openssl x509 -in $key.pem -outform DER | python3 -c '
import hashlib, sys
print(hashlib.sha384(bytes(48) + hashlib.sha384(sys.stdin.buffer.read()).digest()).hexdigest())')
	json signed.json "d['Measurements']['PCR8'] == '$want'" "PCR8 is that of the certificate"
	run 0 "verifies" "$tacit" eif verify --expect signed.json --certificate $key.pem $key.eif
done
run 0 "sign again" "$tacit" eif sign --key p384.key --certificate p384.pem -o again.eif p256.eif
run 0 "leaves one signature" "$tacit" eif verify --certificate p384.pem again.eif
run 1 "another certificate" "$tacit" eif verify --certificate other.pem p384.eif
run 1 "an image that is not signed" "$tacit" eif verify --certificate p384.pem one.eif
run 1 "a time after the certificate's" "$tacit" eif verify --now 2099-01-01T00:00:00Z p384.eif
run 2 "another's certificate" "$tacit" eif sign --key other.key --certificate p384.pem -o none.eif \
	one.eif
openssl genrsa -out rsa.key 2048 2>/dev/null
run 6 "an RSA key" "$tacit" eif sign --key rsa.key --certificate p384.pem -o none.eif one.eif
chmod 644 p384.key
run 0 "a key that others may read" "$tacit" eif sign --key p384.key --certificate p384.pem -o \
	again.eif one.eif
has err 'warning.*chmod 600' "is warned of"

# --- verify ------------------------------------------------------------------------------------------
run 0 "nothing expected" "$tacit" eif verify one.eif
has err 'compared with nothing' "is said"
pcr0=$(sed -n 's/.*"PCR0": "\(.*\)",/\1/p' measured.json)
run 0 "--pcr0" "$tacit" eif verify --pcr0 "$pcr0" one.eif
run 1 "another --pcr0" "$tacit" eif verify --pcr0 "$(printf '11%.0s' $(seq 48))" one.eif
printf '{"PCR0": "%s"}' "$(printf '00%.0s' $(seq 48))" >zeros.json
run 3 "expected zeros" "$tacit" eif verify --expect zeros.json one.eif
printf '{"PCR3": "%s"}' "$pcr0" >three.json
run 3 "expectations of nothing we know" "$tacit" eif verify --expect three.json one.eif
patch() { # OFFSET BYTES...: a copy of one.eif, its CRC made right again
	python3 - "$@" <<'PY'
import struct, sys, zlib
d = bytearray(open("one.eif", "rb").read())
at, new = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
d[at:at + len(new)] = new
d[544:548] = struct.pack(">I", zlib.crc32(d[548:], zlib.crc32(d[:544])))
open("bad.eif", "wb").write(d)
PY
}
cp one.eif bad.eif
printf 'X' | dd of=bad.eif bs=1 seek=560 conv=notrunc 2>/dev/null
run 3 "a damaged image" "$tacit" eif verify bad.eif
has out 'eif.crc' "by its CRC"
run 3 "is not measured" "$tacit" eif measure bad.eif
patch 560 58
run 1 "a changed one with its CRC" "$tacit" eif verify --expect measured.json bad.eif
patch 291 ff
run 3 "a size that differs in the header" "$tacit" eif verify bad.eif
run 3 "is not measured" "$tacit" eif measure bad.eif
run 0 "but shown" "$tacit" eif inspect bad.eif
has out '\(header\)' "with both readings"
head -c 1000 one.eif >bad.eif
run 3 "half an image" "$tacit" eif verify bad.eif
run 3 "what is none" "$tacit" eif inspect payload
run 5 "what is not there" "$tacit" eif measure nothing
"$tacit" eif measure <one.eif >out 2>/dev/null
cmp -s out measured.json
ok $? "an image on standard input"

# --- image build -------------------------------------------------------------------------------------
if [ -x "$(dirname "$(readlink -f "$tacit")")/tacit-init" ]; then
	model=$OLDPWD/models/demo.gguf
	image() { "$tacit" image build --kernel kernel --model "$model" --ctx 256 "$@"; }
	run 0 "image build" image -o server.eif
	run 0 "again" image -o server2.eif
	cmp -s server.eif server2.eif
	ok $? "gives the same bytes"
	run 0 "its measurements" "$tacit" eif verify --expect server.measurements.json server.eif
	run 0 "its policy" "$tacit" policy check server.policy.json
	json server.policy.json "set(d['alternatives'][0]['measurements']) == {'pcr0', 'pcr1', 'pcr2',
		'pcr16'} and len(d['alternatives'][0]['configs']) == 1" "pins PCR16 and configuration"
	digest=$(sha256sum "$model" | cut -d' ' -f1)
	json server.policy.json "d['alternatives'][0]['models'] == [{'id': 'demo', 'sha256':
		'$digest'}]" "and the model"
	"$tacit" eif inspect --json --files server.eif >out 2>/dev/null
	json out "{'init', 'usr/bin/tacit', 'model.gguf', 'etc/tacit/argv'} <=
		{f['name'] for f in d['files']}" "and holds program, model and init"
	python3 - >oracle <<'PY'
import gzip, json, struct
d = open("server.eif", "rb").read()
at, disks = 548, []
while at < len(d):
    kind, _, size = struct.unpack(">HHQ", d[at:at + 12])
    if kind == 3:
        disks.append(d[at + 12:at + 12 + size])
    at += 12 + size
open("server.disk", "wb").write(gzip.decompress(disks[1]))
print(json.dumps([d[:2].hex() for d in disks] + [len(d) % 4 for d in disks]))
PY
	json oracle 'd == ["1f8b", "1f8b", "3037", 0, 0, 0]' \
		"what boots and the program are compressed, the model is not"
	json out "[f['ramdisk'] for f in d['files'] if f['name'] in ('init', 'usr/bin/tacit',
		'model.gguf')] == [0, 1, 2]" "each is in its own ramdisk"
	json out "$(stat -c %s server.eif) - $(stat -c %s "$model") - $(stat -c %s kernel) < 13000000" \
		"without kernel and model it is less than 13 MB"

	openssl genpkey -algorithm ed25519 -out publisher.pem 2>/dev/null
	head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >words
	run 0 "a sealed model" "$tacit" model seal --to passphrase:words --sign publisher.pem \
		--model-id sealed-demo -o sealed "$model"
	: >sealed/left-behind
	sealed() { "$tacit" image build --kernel kernel --model sealed --ctx 256 "$@"; }
	run 0 "in an image" sealed -o sealed.eif
	"$tacit" eif inspect --json --files sealed.eif >out 2>/dev/null
	json out "sorted(f['name'] for f in d['files'] if f['name'].startswith('model')) == ['model',
		'model/demo.gguf.age', 'model/manifest.json', 'model/manifest.sig']" \
		"with what the manifest names and nothing else"
	json out "any('libcurl.so.4' in f['name'] for f in d['files'])" "and what gets its key"
	digest=$(sha256sum sealed/manifest.json | cut -d' ' -f1)
	json sealed.policy.json "d['alternatives'][0]['models'] == [{'id': 'sealed-demo', 'sha256':
		'$digest'}]" "whose policy pins the manifest"

	# A model that is not in the image: what it is, how it is reached, and by whom it is vouched for.
	printf 'not a certificate\n' >ca.pem
	image_of() { "$tacit" image build --kernel kernel --ctx 256 "$@"; }
	far=https://models.example.org/llama.gguf?x=1
	hash=$(printf '%064d' 7)
	run 0 "a model that is far away" image_of --model "$far" --model-sha256 "$hash" --ca ca.pem -o far.eif
	json far.policy.json "d['alternatives'][0]['models'] == [{'id': 'llama', 'sha256': '$hash'}] and
		'pcr16' in d['alternatives'][0]['measurements']" "is pinned by the policy"
	"$tacit" eif inspect --json --files far.eif >out 2>/dev/null
	json out "not any(f['name'].startswith('model') for f in d['files']) and
		{'etc/tacit/ca.pem'} <= {f['name'] for f in d['files']} and
		any('libcurl.so.4' in f['name'] for f in d['files'])" "is not in the image, but what fetches it"
	python3 - >arguments <<'PY'
import gzip, struct
d = open("far.eif", "rb").read()
at, disks = 548, []
while at < len(d):
    kind, _, size = struct.unpack(">HHQ", d[at:at + 12])
    if kind == 3:
        disks.append(d[at + 12:at + 12 + size])
    at += 12 + size
text = gzip.decompress(disks[1])
start = text.index(b"/usr/bin/tacit\nserve\n")
print(text[start:text.index(b"\0", start)].decode().replace("\n", " "))
PY
	has arguments "--model ${far%?x*}.x=1 .*--via vsock:3:8001 --ca /etc/tacit/ca.pem --model-sha256 $hash" \
		"and the server is told"
	run 0 "a sealed one" image_of --model s3://models/llama/ --manifest sealed/manifest.json --ca ca.pem \
		--via vsock:3:9001 -o far2.eif
	json far2.policy.json "d['alternatives'][0]['models'] == [{'id': 'sealed-demo', 'sha256':
		'$digest'}]" "is pinned by its manifest"
	run 0 "a model of the image, a key from elsewhere" image --via vsock:3:8001 --ca ca.pem -o far3.eif
	run 2 "far away: which?" image_of --model "$far" --ca ca.pem -o bad3.eif
	run 2 "far away: who vouches?" image_of --model "$far" --model-sha256 "$hash" -o bad3.eif
	run 2 "sealed: which?" image_of --model s3://models/llama/ --ca ca.pem -o bad3.eif
	run 2 "sealed: a hash" image_of --model s3://models/llama/ --ca ca.pem --model-sha256 "$hash" \
		--manifest sealed/manifest.json -o bad3.eif
	run 2 "a hash of what is there" image --model-sha256 "$hash" -o bad3.eif
	run 2 "a manifest of what is there" image --manifest sealed/manifest.json -o bad3.eif
	run 3 "no manifest" image_of --model s3://models/llama/ --ca ca.pem --manifest words -o bad3.eif
	run 5 "no authorities" image_of --model "$far" --model-sha256 "$hash" --ca none.pem -o bad3.eif
	printf ' ' >>sealed/manifest.json
	run 3 "a manifest that is no manifest" sealed -o bad2.eif
	rm sealed/manifest.json
	run 5 "a folder without one" sealed -o bad2.eif
	run 2 "a file in the place of the program" image --file payload:/usr/bin/tacit -o bad2.eif
	run 2 "a file in the place of the model" image --file payload:/model.gguf -o bad2.eif
	if command -v cpio >/dev/null && [ "$(id -u)" = 0 ]; then
		mkdir root && (cd root && cpio -id --quiet <../server.disk 2>/dev/null)
		run 0 "whose program runs with what is in the image alone" chroot root /usr/bin/tacit \
			--version
	else
		skip "the program runs in a root of its own" "no cpio here, or no root"
	fi
else
	skip "image build" "no tacit-init in this build"
fi

# --- shared vectors ------------------------------------------------------------------------------------
vectors=${TACIT_VECTORS:-$OLDPWD/../shared/vectors}/nitro
if [ -r "$vectors/signed_p384.eif" ]; then
	for name in unsigned_2rd unsigned_3rd_arm64 same_pcrs_other_layout signed_p384; do
		run 0 "$name.eif" "$tacit" eif verify --now 2026-11-21T00:00:00Z "$vectors/$name.eif"
	done
	run 3 "resigned_stale_size.eif" "$tacit" eif verify --now 2026-11-21T00:00:00Z \
		"$vectors/resigned_stale_size.eif"
	has out 'eif.sizes' "by its sizes"
	run 0 "which every reader measures alike" "$tacit" eif measure \
		"$vectors/resigned_stale_size.eif"
	has err 'eif.sizes' "with a warning"
else
	skip "images of other tools" "no shared vectors (TACIT_VECTORS)"
fi
done_testing
