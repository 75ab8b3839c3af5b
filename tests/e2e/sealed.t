#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# serve with a sealed model: evidence and receipts name its manifest; a byte that differs ends it.
. "$(dirname "$0")/../cli/lib.sh"
command -v openssl >/dev/null || skip_all "there is no openssl"
command -v age-keygen >/dev/null || skip_all "there is no age"
model=$PWD/models/demo.gguf
cd "$work" || exit 1
openssl genpkey -algorithm ed25519 -out publisher.pem 2>err || skip_all "no Ed25519 in openssl"
publisher=$(openssl pkey -in publisher.pem -pubout -outform DER | tail -c 32 | od -An -v -tx1 |
	tr -d ' \n')
age-keygen -o key.txt 2>err
age-keygen -o other.txt 2>err
seal=("$tacit" model seal --sign publisher.pem --to file:key.txt)
printf '{"a":1}' >tokenizer.json
run 0 "seal" "${seal[@]}" --model-id sealed-demo -o demo.sealed "$model" tokenizer.json
id=$(sha256sum <demo.sealed/manifest.json | cut -d' ' -f1)

refused() { # CODE NAME OPTIONS...: a server that ends before it listens
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" serve --tee stub --listen tcp:127.0.0.1:0 --json "$@"
	! grep -q listen out
	ok $? "$name: it never listened"
	lacks err 'event=(ready|engine|model-sealed-memory)' "$name: the engine saw nothing"
}

# --- it runs -------------------------------------------------------------------------------------
open=(--model-key key.txt --publisher "$publisher")
serve_with good --model demo.sealed "${open[@]}"
ok $? "serve --model demo.sealed"
json good.json "d['model'] == 'sealed-demo' and d['model_sha256'] == '$id'" \
	"the model is known by its manifest"
has good.log 'event=model-opening percent=100 ' "progress is told"
has good.log 'event=model-opened file=demo.gguf bytes=[0-9]+ ms=[0-9]+' "and the time it took"
has good.log 'event=model-opened file=tokenizer.json' "of every file"
has good.log 'event=model-sealed-memory ms=[0-9]+ locked=(yes|no)' "and of the memory"
has good.log 'event=model-loaded ms=[0-9]+' "and of the engine"
run 0 "it answers" "$tacit" infer --server "$address" --insecure-accept-stub --insecure-no-policy \
	--receipt receipt.cbor --evidence evidence.bin hello
run 0 "its receipt" "$tacit" receipt show --json receipt.cbor
json out "'sha256-manifest' in json.dumps(d) and '$id' in json.dumps(d)" \
	"names the manifest and how it was hashed"
peak() { grep -oE '"memory_peak_mb": *[0-9]+' out | grep -oE '[0-9]+$'; }
sealed_peak=$(peak)
run 0 "is verified" "$tacit" receipt verify --insecure-accept-stub --insecure-no-policy \
	--evidence evidence.bin --model-hash "$id" receipt.cbor
kill "$server_pid"
wait "$server_pid"
serve_with plain --model "$model"
"$tacit" infer -q --server "$address" --insecure-accept-stub --insecure-no-policy \
	--receipt receipt.cbor hello >out 2>err
run 0 "a plain file" "$tacit" receipt show --json receipt.cbor
json out "'sha256-single' in json.dumps(d)" "keeps its own scheme"
[ "${sealed_peak:-9999}" -le $(($(peak) + 64)) ]
ok $? "a sealed one takes at most 64 MiB more ($sealed_peak, $(peak))"
kill "$server_pid"
wait "$server_pid"

# --- or it does not ------------------------------------------------------------------------------
refused 2 "without a key" --model demo.sealed --publisher "$publisher"
refused 2 "of no publisher" --model demo.sealed --model-key key.txt
refused 1 "of another publisher" --model demo.sealed --model-key key.txt \
	--publisher "$(printf '11%.0s' {1..32})"
refused 5 "with another's key" --model demo.sealed --model-key other.txt --publisher "$publisher"
change() { # PYTHON: a copy in bad.sealed with d, the weights' file, changed
	rm -rf bad.sealed && cp -r demo.sealed bad.sealed
	python3 -c '
import sys
p = "bad.sealed/demo.gguf.age"
d = bytearray(open(p, "rb").read())
exec(sys.argv[1])
open(p, "wb").write(d)' "$1"
}
change 'd[2000000] ^= 1'
refused 1 "one bit of the weights" --model bad.sealed "${open[@]}"
change 'd[-1] ^= 128'
refused 1 "their last bit" --model bad.sealed "${open[@]}"
change 'd.pop()'
refused 1 "a byte less" --model bad.sealed "${open[@]}"
change 'd.append(0)'
refused 1 "a byte more" --model bad.sealed "${open[@]}"
rm -rf bad.sealed && cp -r demo.sealed bad.sealed
python3 -c 'f = open("bad.sealed/tokenizer.json.age", "r+b"); f.seek(-1, 2); f.write(b"x")'
refused 1 "another file of the model" --model bad.sealed "${open[@]}"
rm -rf bad.sealed && cp -r demo.sealed bad.sealed
sed -i 's/"model_id":"sealed/"model_id":"Sealed/' bad.sealed/manifest.json
refused 1 "one letter of the manifest" --model bad.sealed "${open[@]}"
cp "$model" demo2.gguf
printf 'x' | dd of=demo2.gguf bs=1 seek=3000000 conv=notrunc 2>err
mkdir second && mv demo2.gguf second/demo.gguf
"${seal[@]}" --model-id sealed-demo -o second.sealed second/demo.gguf tokenizer.json >out 2>err
rm -rf bad.sealed && cp -r demo.sealed bad.sealed
cp second.sealed/demo.gguf.age bad.sealed/
refused 1 "the weights of another model under the same key" --model bad.sealed "${open[@]}"
rm -rf bad.sealed && cp -r demo.sealed bad.sealed
cp second.sealed/manifest.json bad.sealed/
refused 1 "the manifest of another model" --model bad.sealed "${open[@]}"
"${seal[@]}" -o old.sealed --created 2020-01-01T00:00:00Z --expires 2020-02-01T00:00:00Z "$model" \
	>out 2>err
refused 1 "an expired model" --model old.sealed "${open[@]}"
"${seal[@]}" -o odd.sealed --format safetensors "$model" >out 2>err
refused 6 "a format that the engine does not run" --model odd.sealed "${open[@]}"
printf 'not a model at all' >junk.gguf
"${seal[@]}" -o junk.sealed junk.gguf >out 2>err
run 3 "what is signed and no model" "$tacit" serve --tee stub --listen tcp:127.0.0.1:0 \
	--model junk.sealed "${open[@]}"
done_testing
