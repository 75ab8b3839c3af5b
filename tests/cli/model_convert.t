#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# model convert: a model as EphemeralML packs it, made here by other means than the program's own.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip_all "there is no openssl"
cd "$work" || exit 1
openssl genpkey -algorithm ed25519 -out signer.pem 2>err || skip_all "no Ed25519 in openssl"
openssl genpkey -algorithm ed25519 -out other.pem 2>err
public() { openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'; }
signer=$(public signer.pem) other=$(public other.pem)
head -c 150001 /dev/urandom >model.gguf
head -c 32 /dev/urandom >dek.bin
cat >pack.py <<'END'
"""ChaCha20-Poly1305 [RFC 8439] over a whole file, and a manifest without its signature."""
import hashlib, json, struct, sys

def block(key, counter, nonce):
    s = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    w = s[:]
    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            w[x] = (w[x] + w[y]) & 0xffffffff
            v = w[z] ^ w[x]
            w[z] = ((v << n) | (v >> (32 - n))) & 0xffffffff
    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
    return struct.pack("<16I", *((x + y) & 0xffffffff for x, y in zip(w, s)))

def seal(key, nonce, text):
    out = bytearray()
    for i in range(0, len(text), 64):
        out += bytes(a ^ b for a, b in zip(text[i:i + 64], block(key, i // 64 + 1, nonce)))
    one = block(key, 0, nonce)
    r = int.from_bytes(one[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    s = int.from_bytes(one[16:32], "little")
    data = bytes(out) + b"\0" * (-len(out) % 16) + struct.pack("<QQ", 0, len(out))
    acc = 0
    for i in range(0, len(data), 16):
        acc = (acc + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return bytes(out) + ((acc + s) & ((1 << 128) - 1)).to_bytes(16, "little")

plain, key = open("model.gguf", "rb").read(), open("dek.bin", "rb").read()
nonce = hashlib.sha256(plain).digest()[:12]
open("model.gguf.enc", "wb").write(nonce + seal(key, nonce, plain))
manifest = {
    "model_id": "stage-0", "version": "1.0.0", "hash_algorithm": "sha256", "key_id": "k",
    "model_hash": list(hashlib.sha256(plain).digest()), "config_hash": [1] * 32,
    "gcs_uris": {"weights": "gs://b/model.gguf.enc", "config": "gs://b/c/ü"},
    "created_at": "2026-01-01T00:00:00Z",
}
manifest.update(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
open("signed", "w").write(text)
manifest["tokenizer_hash"] = None
json.dump(manifest, open("unsigned.json", "w"), indent=1)
END
pack() { # [MEMBERS]: model.gguf.enc and manifest.json
	python3 pack.py "$@" &&
		openssl pkeyutl -sign -rawin -in signed -inkey signer.pem -out signature 2>err &&
		python3 -c 'import json
m = json.load(open("unsigned.json"))
m["signature"] = list(open("signature", "rb").read())
json.dump(m, open("manifest.json", "w"), indent=1)'
}
pack || skip_all "openssl cannot sign with Ed25519 here"
convert() { # CODE NAME [OPTIONS...]
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" model convert --manifest manifest.json --signer "$signer" \
		--key dek.bin -o plain.gguf "$@" model.gguf.enc
}
echo left >plain.gguf~part # by a run that was killed
convert 0 "convert"
cmp -s plain.gguf model.gguf
ok $? "the weights are as they were"
[ ! -e plain.gguf~part ]
ok $? "nothing is beside them"
has out '^converted: model stage-0 version 1.0.0$' "says which"
[ "$(stat -c %a plain.gguf)" = 600 ]
ok $? "for nobody else to read"
convert 5 "onto a file that exists"
cmp -s plain.gguf model.gguf
ok $? "which stays"
rm plain.gguf
convert 1 "signed by somebody else" --signer "$other"
convert 2 "by no key" --signer 00
cp manifest.json good.json
sed -i 's/stage-0/stage-1/' manifest.json
convert 1 "a manifest that was changed"
sed 's/"created_at"/"more": 1, "created_at"/' good.json >manifest.json
convert 1 "a manifest with more in it"
python3 -c 'import json
m = json.load(open("good.json")); m["signature"][0] ^= 1; json.dump(m, open("manifest.json", "w"))'
convert 1 "one bit of its signature"
python3 -c 'import json
m = json.load(open("good.json")); del m["signature"]; json.dump(m, open("manifest.json", "w"))'
convert 3 "no signature"
python3 -c 'import json
m = json.load(open("good.json")); m["model_hash"][3] = 256; json.dump(m, open("manifest.json", "w"))'
convert 3 "a byte of 256"
echo '[]' >manifest.json
convert 3 "no manifest"
pack '{"hash_algorithm": "blake3"}'
convert 6 "another hash"
pack '{"model_hash": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
	23, 24, 25, 26, 27, 28, 29, 30, 31]}'
convert 1 "weights of another hash"
has err 'not those of the manifest' "are told"
pack
cp model.gguf.enc good.enc
for at in 0 12 75000 150012 150028; do
	cp good.enc model.gguf.enc
	python3 -c "f = open('model.gguf.enc', 'r+b'); f.seek($at); b = f.read(1)[0] ^ 4
f.seek($at); f.write(bytes([b]))"
	convert 1 "one bit of byte $at"
done
head -c 150000 good.enc >model.gguf.enc
convert 1 "cut"
head -c 27 good.enc >model.gguf.enc
convert 3 "hardly anything"
cp good.enc model.gguf.enc
head -c 31 dek.bin >short && convert 3 "a short key" --key short
convert 5 "no key" --key nowhere
head -c 32 /dev/zero >zeros && convert 1 "another key" --key zeros
[ ! -e plain.gguf ] && [ ! -e plain.gguf~part ]
ok $? "what was refused left nothing"
done_testing
