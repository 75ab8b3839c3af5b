#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# attest: which attester, what the evidence carries, and files that are whole or not there.
. "$(dirname "$0")/lib.sh"

# --- which attester ------------------------------------------------------------------------------
run 0 "--tee stub" "$tacit" attest --tee stub -o "$work/evidence"
has "$work/err" 'evidence of stub \(NOT a TEE\), [0-9]+ bytes' "says that it is no TEE"
ok "$(($(wc -c <"$work/out") != 0))" "and nothing on stdout"
missing() { # TEE DEVICE
	if [ -e "$2" ]; then
		skip "--tee $1 on a machine without it" "there is a $2 here"
		return
	fi
	run 6 "--tee $1 on a machine without it" "$tacit" attest --tee "$1" -o "$work/none"
	has "$work/err" "cannot attest: .*$2" "says what is missing"
	[ ! -e "$work/none" ]
	ok $? "and writes nothing"
}
missing nitro /dev/nsm
missing tdx /dev/tdx_guest
missing snp /dev/sev-guest
if [ -e /dev/nsm ] || [ -e /dev/tdx_guest ] || [ -e /dev/sev-guest ]; then
	skip "auto without a TEE is not the stub" "this machine has a TEE"
else
	for options in "" "--tee auto"; do
		# shellcheck disable=SC2086
		run 6 "attest $options: never the stub" "$tacit" attest $options -o "$work/none"
		has "$work/err" 'no TEE found.*--tee stub' "says how to have the stub"
		TACIT_TEE=stub run 6 "nor by the environment" "$tacit" attest -o "$work/none"
	done
	[ ! -e "$work/none" ]
	ok $? "and writes nothing"
	run 6 "with --json" "$tacit" attest --json
	json "$work/out" 'd["schema"] == "tacit.error/1" and d["exit"] == 6' "the error is JSON"
fi
for tee in none sgx STUB 'stub ' ''; do
	run 2 "--tee '$tee'" "$tacit" attest --tee "$tee"
done
has "$work/err" 'auto, stub, nitro, tdx, snp, azure-snp or azure-tdx' "says which there are"

# --- what it carries ---------------------------------------------------------------------------
inspected() { "$tacit" inspect --json "$work/evidence" >"$work/out"; }
bytes() { printf "$1%.0s" $(seq "$2"); }
run 0 "everything" "$tacit" attest --tee stub --nonce "$(bytes 0a 64)" --user-data \
	"$(bytes 0b 1024)" --public-key "$(bytes 0c 1024)" -o "$work/evidence"
inspected
json "$work/out" '(d["fields"]["nonce"], d["fields"]["user_data"], d["fields"]["public_key"]) ==
	("0a" * 64, "0b" * 1024, "0c" * 1024)' "is in the evidence"
run 0 "nothing" "$tacit" attest --tee stub -o "$work/evidence"
inspected
json "$work/out" '[d["fields"][k] for k in ("nonce", "user_data", "public_key")] == [None] * 3' \
	"is null"
run 2 "a nonce over 64 bytes" "$tacit" attest --tee stub --nonce "$(bytes 0a 65)"
run 2 "user data over 1024 bytes" "$tacit" attest --tee stub --user-data "$(bytes 0a 1025)"
run 2 "a key over 1024 bytes" "$tacit" attest --tee stub --public-key "$(bytes 0a 1025)"
run 2 "report data of 63 bytes" "$tacit" attest --tee stub --report-data "$(bytes 0a 63)"
run 2 "an empty nonce" "$tacit" attest --tee stub --nonce ''
run 6 "report data in the stub" "$tacit" attest --tee stub --report-data "$(bytes 0a 64)"
run 2 "an argument" "$tacit" attest --tee stub file
# Data from files.
head -c 1024 /dev/urandom >"$work/data"
printf '\000key' >"$work/key"
run 0 "data from files" "$tacit" attest --tee stub --user-data "$work/data" --public-key \
	"$work/key" -o "$work/evidence"
inspected
json "$work/out" 'd["fields"]["user_data"] == open("'"$work/data"'", "rb").read().hex() and
	d["fields"]["public_key"] == "006b6579"' "byte for byte"
(cd "$work" && cp key abcd && "$tacit" attest --tee stub -q --user-data abcd --public-key ./abcd \
	-o evidence)
inspected
json "$work/out" '(d["fields"]["user_data"], d["fields"]["public_key"]) == ("abcd", "006b6579")' \
	"hex is hex, and a path is a file"
echo >>"$work/data"
run 3 "a file over 1024 bytes" "$tacit" attest --tee stub --user-data "$work/data"
: >"$work/empty"
run 2 "an empty file" "$tacit" attest --tee stub --user-data "$work/empty"
has "$work/err" "'--user-data' has no bytes" "is told"
run 2 "empty data" "$tacit" attest --tee stub --public-key ''
run 5 "neither hex nor a file" "$tacit" attest --tee stub --public-key 0a0
has "$work/err" "'--public-key' is no hex" "is told"
for other in --nonce --user-data --public-key; do
	run 2 "report data with $other" "$tacit" attest --report-data "$(bytes 0a 64)" $other 0a
done
has "$work/err" 'nothing else is carried' "says why"

# --- what it measures --------------------------------------------------------------------------

cp "$tacit" "$work/changed"
printf x >>"$work/changed"
pcr() { # PROGRAM NAME
	"$1" attest --tee stub -q | "$tacit" inspect --json |
		sed -n "s/.*\"$2\":\"\([0-9a-f]*\)\".*/\1/p"
}
same=$(pcr "$tacit" pcr0)
cp "$tacit" "$work/copy"
[ -n "$same" ] && [ "$(pcr "$work/copy" pcr0)" = "$same" ]
ok $? "the same program elsewhere measures the same"
[ "$(pcr "$work/changed" pcr0)" != "$same" ]
ok $? "one byte more measures otherwise"
[ "$(sha384sum <"$work/changed" | cut -d' ' -f1)" = "$(pcr "$work/changed" pcr0)" ]
ok $? "pcr0 is the SHA-384 of the program"

# --- where it goes -------------------------------------------------------------------------------
"$tacit" attest --tee stub -q >"$work/stdout" 2>"$work/err"
run 0 "to standard output" "$tacit" verify -q --insecure-no-policy --insecure-accept-stub \
	"$work/stdout"
run 0 "--json" "$tacit" attest --tee stub --json -o "$work/evidence"
cat >"$work/check.py" <<'PY'
import base64, hashlib, json, sys
d = json.load(open(sys.argv[1]))
raw = open(sys.argv[2], "rb").read()
assert list(d) == ["schema", "platform", "notice", "sha256", "evidence"], list(d)
assert (d["schema"], d["platform"]) == ("tacit.attest/1", "stub")
assert d["notice"] == "stub (NOT a TEE)"
assert base64.b64decode(d["evidence"], validate=True) == raw
assert hashlib.sha256(raw).hexdigest() == d["sha256"]
PY
python3 "$work/check.py" "$work/out" "$work/evidence"
ok $? "the object holds what the file holds"
ok "$(($(stat -c %a "$work/evidence") != 644))" "the file is for all to read"
if has_terminal; then
	run 2 "binary to a terminal" python3 tests/cli/terminal.py "$tacit" attest --tee stub
	has "$work/out" 'will not write binary to a terminal' "is refused"
	lacks "$work/out" 'tacit-stub' "and not written"
else
	skip "binary to a terminal" "this machine gives out no terminals"
fi

# --- whole or not there ------------------------------------------------------------------------
# Nothing but the file of that name, with what it held before.
untouched() { # NAME
	local left
	left=$(cd "$work/box" && echo *)
	[ "$left" = evidence ] && [ "$(cat "$work/box/evidence")" = before ]
	ok $? "$1: what was there is untouched, and nothing lies beside it ($left)"
}
mkdir "$work/box"
echo before >"$work/box/evidence"
# shellcheck disable=SC2016
limited='trap "" XFSZ; ulimit -f 0; exec "$@" 2>/dev/null'
bash -c "$limited" - "$tacit" attest --tee stub -o "$work/box/evidence"
ok $(($? != 5)) "no room for the file: exit 5"
untouched "no room"
# A file system of one page, filled: needs a mount namespace.
# shellcheck disable=SC2016
full='mount -t tmpfs -o size=64k none "$BOX" && cd "$BOX" && echo before >evidence && {
	cat /dev/zero >filler 2>/dev/null; "$@" -o evidence; code=$?; rm filler
	echo "$code $(echo *) $(cat evidence)"; }'
if got=$(BOX=$work/box unshare -rm sh -c "$full" - "$tacit" attest --tee stub 2>"$work/err"); then
	[ "$got" = "5 evidence before" ]
	ok $? "a full disk: exit 5, what was there is untouched ($got)"
	has "$work/err" "No space left" "a full disk: says so"
else
	skip "a full disk" "this machine gives no mount namespace"
	skip "a full disk: says so" "this machine gives no mount namespace"
fi
run 5 "/dev/full" "$tacit" attest --tee stub -o /dev/full
run 0 "/dev/null" "$tacit" attest --tee stub -o /dev/null
[ -c /dev/null ]
ok $? "is still a device"
run 5 "a folder" "$tacit" attest --tee stub -o "$work/box"
run 5 "a folder that is not there" "$tacit" attest --tee stub -o "$work/nowhere/evidence"
run 5 "a folder that is a file" "$tacit" attest --tee stub -o "$work/stdout/evidence"
has "$work/err" "cannot write '.*/stdout/evidence': Not a directory" "says which and why"
run 2 "a name that is too long" "$tacit" attest --tee stub -o "$(bytes a 4095)"
shut=("$tacit")
if [ "$(id -u)" -eq 0 ]; then
	shut=(setpriv --reuid=65534 --clear-groups "$tacit")
fi
chmod 755 "$work"
chmod 555 "$work/box"
if "${shut[@]}" --version >/dev/null 2>&1; then
	run 5 "a folder without permission" "${shut[@]}" attest --tee stub -o "$work/box/evidence"
	has "$work/err" "Permission denied" "says so"
	untouched "no permission"
else
	skip "a folder without permission" "nobody else can run $tacit here"
fi
chmod 755 "$work/box"
ln -s evidence "$work/box/link"
run 0 "over a file" "$tacit" attest --tee stub -o "$work/box/evidence"
run 0 "it is replaced" "$tacit" inspect "$work/box/evidence"
# A name of standard output, which must not become a file of that name.
echo before >"$work/named"
"$tacit" attest --tee stub -q -o /proc/self/fd/1 >>"$work/named"
[ "$(head -n 1 "$work/named")" = before ] &&
	[ "$(wc -c <"$work/named")" -gt 100 ]
ok $? "-o /proc/self/fd/1 goes where standard output does"
"$tacit" attest --tee stub -q -o /dev/fd/1 >"$work/named"
[ "$(wc -c <"$work/named")" -gt 100 ]
ok $? "and so does -o /dev/fd/1"
"$tacit" attest --tee stub >/dev/full 2>"$work/err"
ok $(($? != 5)) "standard output that is full: exit 5"
"$tacit" attest --tee stub --json >/dev/full 2>"$work/err"
ok $(($? != 5)) "as JSON too"
done_testing
