#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --collateral, --insecure-test-root, pins and ages, on evidence of our own PKI.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/mkevidence" ] || skip_all "$tools/mkevidence is not built"
now=1795248000
"$tools/mkevidence" nitro "$work" --nonce 00112233 || exit 1
cd "$work" || exit 1
mkdir other
"$tools/mkevidence" nitro other || exit 1
pcr0=$("$tacit" inspect --json document.cose | sed -n 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/p')
[ ${#pcr0} -eq 96 ] || pcr0=$("$tacit" verify --json --insecure-no-policy --now $now \
	--insecure-test-root root.der document.cose 2>/dev/null |
	sed -n 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/p')
judge() { # CODE NAME OPTIONS...: the document, with --json
	local code=$1 name=$2
	shift 2
	run "$code" "$name" "$tacit" verify --json --now $now "$@" document.cose
}
fails() { # CHECK NAME
	json out "[c['name'] for c in d['checks'] if c['result'] == 'fail'] == ['$1']" "$2"
}
root=(--insecure-test-root root.der)
pin=(--pcr0 "$pcr0")

# --- names that strangers gave ---------------------------------------------------------------------
mkdir strange
printf 'no collateral at all' >"strange/$(printf 'a\033]0;title\007\xc2\x9b31m\xe2\x80\xaeb\xc3\xbc')"
judge 0 "a name of a file that talks to terminals" "${pin[@]}" "${root[@]}" --collateral strange
has err "skipping 'strange/a\\\\x1b\]0;title\\\\x07\\\\xc2\\\\x9b31m\\\\xe2\\\\x80\\\\xaebü'" "is shown and not obeyed"
judge 5 "also in a complaint" "${pin[@]}" --collateral "$(printf 'a\033[31m')"
lacks err "$(printf '\033')" "is not obeyed"

# --- roots of tests --------------------------------------------------------------------------------
judge 1 "a root of our own is not trusted" "${pin[@]}"
fails nitro.root "by nitro.root"
judge 0 "but for --insecure-test-root" "${pin[@]}" "${root[@]}"
json out 'd["insecure"] == ["insecure-test-root"]' "which the JSON says"
has err "warning: --insecure-test-root: .*'root.der' can forge" "and a warning"
run 0 "as text" "$tacit" verify -q --now $now "${pin[@]}" "${root[@]}" document.cose
has err 'warning: --insecure-test-root' "also when quiet"
run 0 "as text" "$tacit" verify --now $now "${pin[@]}" "${root[@]}" document.cose
has out '^warning: judged with --insecure-test-root$' "and in words"
{
	echo "a root"
	echo "-----BEGIN CERTIFICATE-----"
	base64 -w 64 root.der
	echo "-----END CERTIFICATE-----"
} >root.pem
judge 0 "in PEM" "${pin[@]}" --insecure-test-root root.pem
cat root.pem >two.pem
sed 's/a root/another/' root.pem >>two.pem
judge 0 "two in one file" "${pin[@]}" --insecure-test-root two.pem
judge 1 "another root" "${pin[@]}" --insecure-test-root other/root.der
judge 0 "several" "${pin[@]}" --insecure-test-root other/root.der "${root[@]}"
judge 3 "no certificate" "${pin[@]}" --insecure-test-root document.cose
has err "cannot use test root 'document.cose'" "is named"
head -c 100 root.der >cut.der
judge 3 "half a certificate" "${pin[@]}" --insecure-test-root cut.der
echo words >words
judge 3 "words" "${pin[@]}" --insecure-test-root words
: >nothing
judge 3 "nothing" "${pin[@]}" --insecure-test-root nothing
judge 5 "no such file" "${pin[@]}" --insecure-test-root nowhere.der
judge 5 "a folder of them" "${pin[@]}" --insecure-test-root other
judge 1 "a test root is no policy" "${root[@]}"
fails policy.present "by policy.present"
run 2 "it judges evidence, not receipts" "$tacit" receipt verify --key "${pcr0:0:64}" "${root[@]}" x

# --- pins and ages -------------------------------------------------------------------------------
at() { # CODE NAME SECONDS OPTIONS...
	local code=$1 name=$2 seconds=$3
	shift 3
	run "$code" "$name" "$tacit" verify --json --now $((now + seconds)) "${root[@]}" "$@" \
		document.cose
}
at 0 "a pin says what runs, not when" 3600 "${pin[@]}"
at 1 "not from the future though" -61 "${pin[@]}"
at 1 "nor past its certificates" 86400 "${pin[@]}"
fails nitro.chain.validity "by nitro.chain.validity"
cat >policy.json <<EOF
{"schema":"tacit.policy/1","alternatives":[{"platform":"nitro","measurements":{"pcr0":"$pcr0"}}]}
EOF
at 0 "under a policy: 6 minutes old" 360 --policy policy.json
at 1 "a second more" 361 --policy policy.json
fails policy.freshness "by policy.freshness"
at 0 "unless any age is asked for" 3600 --policy policy.json --any-age
json out '[c["why"] for c in d["checks"] if c["name"] == "policy.freshness"] ==
	["older, and any age was asked for"]' "and said"
at 1 "any age is not the future" -61 --policy policy.json --any-age
at 1 "nor past the certificates" 86400 --policy policy.json --any-age
judge 2 "--mrsigner alone" --mrsigner "$(printf '11%.0s' {1..32})"
has err 'any enclave of that signer' "says why"
judge 1 "--mrenclave of another platform" "${root[@]}" --mrenclave "$(printf '11%.0s' {1..32})"
fails policy.platform "by policy.platform"
judge 2 "pins of two platforms" "${pin[@]}" --mrenclave "$(printf '11%.0s' {1..32})"
judge 2 "31 bytes" --mrenclave "$(printf '11%.0s' {1..31})"

# --- text around it ----------------------------------------------------------------------------------
for form in "base64 -w 0" base64 "xxd -p" "xxd -p -c 100000"; do
	command -v ${form%% *} >/dev/null || continue
	$form document.cose >text
	run 0 "$form" "$tacit" verify --json --now $now "${pin[@]}" "${root[@]}" text
done

# --- --bind -----------------------------------------------------------------------------------------
key=04$(printf '22%.0s' {1..64})
model=$(printf '33%.0s' {1..32})
hash=$(python3 -c "import hashlib;print(hashlib.sha256(bytes.fromhex('$key$model')).hexdigest())")
mkdir obol
"$tools/mkevidence" nitro obol --user-data "$hash"
bind() { # CODE NAME WHAT [OPTIONS...]
	local code=$1 name=$2 what=$3
	shift 3
	run "$code" "$name" "$tacit" verify --json --now $now "${pin[@]}" --insecure-test-root \
		obol/root.der --bind "$what" "$@" obol/document.cose
}
bind 0 "Obol's convention" "obol:$key:$model"
bind 0 "in a bundle" "obol:$key:$model" --save obol/bundle
run 0 "judged again" "$tacit" verify --insecure-test-root obol/root.der obol/bundle
bind 1 "another model" "obol:$key:$(printf '34%.0s' {1..32})"
fails expect.user_data "by expect.user_data"
bind 1 "no model" "obol:$key:"
bind 0 "and the same user data" "obol:$key:$model" --user-data "$hash"
bind 2 "and other user data" "obol:$key:$model" --user-data 00
bind 1 "Tinfoil's, which needs report data" "tinfoil:$model:$model"
fails expect.report_data "by expect.report_data"
bind 1 "ours" air
fails binding.purpose "by binding.purpose"
bind 2 "a key that is cut" "obol:${key:2}:$model"
bind 2 "no hex" "obol:x:$model"
bind 2 "three parts" "obol:$key:$model:00"
bind 2 "another convention" "other:$key"
bind 5 "a certificate that is not there" ra-tls:none.pem
bind 3 "a certificate without evidence" ra-tls:obol/root.der

# --- collateral ----------------------------------------------------------------------------------
with() { # CODE NAME PATH...
	local code=$1 name=$2 options=()
	shift 2
	for path in "$@"; do options+=(--collateral "$path"); done
	run "$code" "$name" "$tacit" verify --json --now $now "${pin[@]}" "${root[@]}" \
		"${options[@]}" document.cose
}
with 0 "a certificate" root.der
with 0 "in PEM" root.pem
with 0 "several, and one twice" root.der root.pem other/root.der root.der
with 3 "what is none" words
has err "cannot use collateral 'words'" "is named"
with 3 "nothing" nothing
with 3 "evidence" document.cose
with 5 "a file that is not there" nowhere
has err "cannot read 'nowhere'" "is named"
with 2 "standard input" -
mkdir -p folder/below/deeper
cp root.der folder/a
cp other/root.der folder/below/deeper/b
with 0 "a folder" folder
lacks err skipping "of nothing else"
cp words folder/words
cp document.cose folder/below/evidence
mkfifo folder/pipe
ln -s . folder/round
ln -s ../root.pem folder/link
with 0 "what is none in a folder" folder
for name in words below/evidence pipe round; do
	has err "note: skipping 'folder/$name'" "is skipped with a note: $name"
done
lacks err "folder/link" "a link to a file is a file"
run 0 "--quiet" "$tacit" verify -q --now $now "${pin[@]}" "${root[@]}" --collateral folder \
	document.cose
lacks err skipping "without notes"
mkdir empty
with 0 "an empty folder" empty
mkdir -p deep/1/2/3/4/5
cp root.der deep/1/2/3/4/5
with 0 "folders below folders" deep
has err "skipping 'deep/1/2/3/4/5': more than 4" "to a bound"
head -c 4194305 /dev/zero >large
with 3 "a file over 4 MiB" large
mkdir heap
head -c 4194305 /dev/zero >heap/large
with 0 "in a folder" heap
has err "skipping 'heap/large'" "is skipped"
rm -r heap
mkdir heap
for i in $(seq 1 257); do echo $i >"heap/$i"; done
with 2 "a folder of 257 files" heap
rm heap/257
with 0 "of 256" heap
rm heap/*
for i in $(seq 1 65); do cp root.der "heap/$i"; done
with 3 "65 pieces" heap
rm heap/65
with 0 "64 pieces" heap
run 2 "65 options" "$tacit" verify $(printf -- '--collateral root.der %.0s' {1..65}) document.cose
done_testing
