#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# inspect: everything that a file says and nothing about whether it is true.
. "$(dirname "$0")/lib.sh"
vectors=$(realpath -m "${TACIT_VECTORS:-../shared/vectors}")
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/receipts" ] || skip_all "$tools/receipts is not built"
key=$("$tools/receipts" "$work" 1)
cd "$work" || exit 1

# --- evidence ------------------------------------------------------------------------------------
run 0 "evidence" "$tacit" inspect evidence.bin
has out '^evidence of stub \(NOT a TEE\), [0-9]+ bytes, nothing of it verified$' \
	"says first that nothing is verified"
has out '^notice +stub \(NOT a TEE\)$' "and that it is no TEE"
has out '^  pcr0 +1{96}$' "shows measurements"
has out "^  receipt_key +$key$" "and the binding inside"
lacks out ' $' "no line ends in a blank"
run 0 "as JSON" "$tacit" inspect --json evidence.bin
cat >contract.py <<'PY'
import json, os, sys
d = json.load(open("out"))
assert sorted(d) == ["fields", "judged", "kind", "platform", "schema", "size"], sorted(d)
assert (d["schema"], d["kind"], d["platform"]) == ("tacit.inspect/1", "evidence", "stub")
assert d["judged"] is False and d["size"] == os.path.getsize("evidence.bin")
f = d["fields"]
assert sorted(f) == ["binding", "debug", "measurements", "nonce", "notice", "public_key",
                     "timestamp", "user_data"], sorted(f)
assert f["timestamp"] == "2026-09-21T14:13:20Z" and f["debug"] is False
assert f["measurements"] == {f"pcr{i}": f"{i + 1}{i + 1}" * 48 for i in range(3)}
assert f["public_key"] is None and f["nonce"] == "0a" * 32
b = f["binding"]
assert sorted(b) == ["config_sha256", "hpke_config", "model_id", "model_sha256", "nonce", "purpose",
                     "receipt_key", "tls_spki_sha256"], sorted(b)
assert (b["purpose"], b["model_id"], b["receipt_key"]) == ("tacit/1", "demo", sys.argv[1])
open("binding.bin", "wb").write(bytes.fromhex(f["user_data"]))
PY
python3 contract.py "$key"
ok $? "every member is there"
python3 - <<'PY'
good = bytearray(open("evidence.bin", "rb").read())
good[-1] ^= 1
open("unsigned", "wb").write(good)
open("half", "wb").write(good[:300])
PY
run 0 "a signature that is wrong" "$tacit" inspect unsigned
has out 'nothing of it verified' "is not looked at"
"$tacit" attest --tee stub -q --user-data "$(printf '1b5b33316d%.0s' {1..3})" -o plain
run 0 "user data that is no binding" "$tacit" inspect --json plain
json out '"binding" not in d["fields"] and d["fields"]["user_data"] == "1b5b33316d" * 3' \
	"is shown in hex alone"

# --- other kinds -------------------------------------------------------------------------------
run 0 "a binding" "$tacit" inspect --json binding.bin
json out 'd["kind"] == "binding" and "platform" not in d and d["fields"]["model_id"] == "demo"' \
	"is one"
run 0 "a receipt" "$tacit" inspect --json receipt.bin
cp out inspected
"$tacit" receipt show --json receipt.bin >out
json inspected 'd["kind"] == "receipt" and
	d["fields"] == __import__("json").load(open("out"))["claims"]' "as receipt show has it"
bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }
diagnostic() { # HEX TEXT: RFC 8949, appendix A
	bytes "$1" >cbor
	run 0 "CBOR $1" "$tacit" inspect --json cbor
	python3 - "$2" <<'PY'
import json, sys
d = json.load(open("out"))
sys.exit(0 if d["kind"] == "cbor" and d["fields"]["diagnostic"] == sys.argv[1] else 1)
PY
	ok $? "CBOR $1 is $2"
}
diagnostic 1bffffffffffffffff 18446744073709551615
diagnostic 3863 -100
diagnostic a201020304 '{1: 2, 3: 4}'
diagnostic 8301820203820405 '[1, [2, 3], [4, 5]]'
diagnostic c074323031332d30332d32315432303a30343a30305a '0("2013-03-21T20:04:00Z")'
diagnostic f6 null

# --- what somebody else wrote does not reach the terminal as it is ------------------------------
python3 - <<'PY'
import os
receipt = open("receipt.bin", "rb").read()
evidence = open("evidence.bin", "rb").read()
os.mkdir("sly")
for name, text in (("escape", b"\x1b[3m"), ("line", b"\nx: "), ("c1", b"\xc2\x9b1m"),
                   ("override", b"\xe2\x80\xaex")):
    open(f"sly/receipt-{name}", "wb").write(receipt.replace(b"demo", text))
    open(f"sly/evidence-{name}", "wb").write(evidence.replace(b"demo", text))
    open(f"sly/cbor-{name}", "wb").write(b"\x64" + text)
PY
sly=0
"$tacit" inspect receipt.bin | wc -l >lines
for file in sly/*; do
	"$tacit" inspect "$file" >out 2>err || continue
	if LC_ALL=C grep -q '[^ -~]' out; then sly=1; fi
	case $file in sly/receipt*) [ "$(wc -l <out)" -eq "$(cat lines)" ] || sly=1 ;; esac
	[ $sly -eq 0 ] || sed "s|^|# $file: |" out | cat -v
done
ok $sly "inspect shows printable ASCII alone, and no line that it did not make"
sly=0
for file in sly/receipt-*; do
	"$tacit" receipt show "$file" >out 2>err || sly=1
	if LC_ALL=C grep -q '[^ -~]' out; then sly=1; fi
	"$tacit" receipt show --json "$file" >out 2>err || sly=1
	if LC_ALL=C grep -q '[[:cntrl:]]' out; then sly=1; fi
done
ok $sly "so does receipt show"
for kind in "two items:0101" "cut:a201" "reserved:1c" "half a string:6261"; do
	bytes "${kind##*:}" >bad
	run 3 "no CBOR: ${kind%%:*}" "$tacit" inspect bad
done
head -c 40 /dev/zero | tr '\0' '\201' >deep
run 3 "nested too deep" "$tacit" inspect deep
run 3 "half of a piece of evidence" "$tacit" inspect half
has err 'cannot inspect' "says that it cannot"
run 3 "text" "$tacit" inspect contract.py
run 3 "nothing" "$tacit" inspect /dev/null
head -c 1048577 /dev/zero >large
run 3 "over 1 MiB" "$tacit" inspect large
run 5 "no such file" "$tacit" inspect nowhere
run 5 "a folder" "$tacit" inspect --json .
json out 'd["schema"] == "tacit.error/1" and d["exit"] == 5' "is an error in JSON"
# shellcheck disable=SC2016
run 0 "standard input" sh -c 'exec "$@" <evidence.bin' - "$tacit" inspect
run 2 "two files" "$tacit" inspect evidence.bin receipt.bin

# Nothing that is cut or flipped is a crash: exit 0 when it still can be read, 3 or 6 when not.
python3 - <<'PY'
for name in ("evidence.bin", "receipt.bin", "binding.bin"):
    good = open(name, "rb").read()
    for i in range(12):
        flipped = bytearray(good)
        at = i * len(good) * 8 // 12 + i
        flipped[at // 8] ^= 1 << at % 8
        open(f"flip-{i}-{name}", "wb").write(flipped)
        open(f"cut-{i}-{name}", "wb").write(good[:i * len(good) // 12])
PY
wrong=0
for file in flip-* cut-*; do
	code=0
	"$tacit" inspect "$file" >out 2>err || code=$?
	case $code in
	0 | 3 | 6) ;;
	*)
		echo "# $file: exit $code"
		wrong=1
		;;
	esac
done
ok $wrong "damaged files are shown or refused"

foreign() { # PLATFORM FILE FIELD VALUE
	if [ ! -f "$vectors/$2" ]; then
		skip "evidence of $1" "$vectors/$2 is not there"
		return
	fi
	run 0 "evidence of $1" "$tacit" inspect "$vectors/$2"
	has out "^evidence of $1, .*nothing of it verified" "evidence of $1: says what it is"
	run 0 "evidence of $1, as JSON" "$tacit" inspect --json "$vectors/$2"
	json out "d['platform'] == '$1' and d['judged'] is False and
		(d['fields'].get('$3') or d['fields']['measurements']['$3']).startswith('$4')" \
		"evidence of $1: shows $3"
}
foreign nitro nitro/doc_2022_11_nonce_userdata.cose pcr0 22f9e1c949208d
foreign tdx tdx/tdx-v4-gcp-00806f05-2025-07/quote.bin version 4
foreign sgx tdx/sgx-v3-DEBUG-swhardening-2023-06/quote.bin mrenclave 637b6b67510741860702e347
foreign snp snp/reports/genoa-v5-siena.report.bin version 5
foreign azure-snp snp/azure/azure-a.hcl.bin version ""
if [ -f "$vectors/nitro/doc_2022_11_nonce_userdata.cose" ]; then
	base64 "$vectors/nitro/doc_2022_11_nonce_userdata.cose" >text
	run 0 "evidence as text" "$tacit" inspect text
	has out '^evidence of nitro' "is taken out of it"
else
	skip "evidence as text" "$vectors/nitro is not there"
fi
done_testing
