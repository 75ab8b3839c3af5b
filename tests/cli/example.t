#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# examples/verify.c, compiled against the library alone, says what the program says.
. "$(dirname "$0")/lib.sh"
build=$(dirname "$(readlink -f "$tacit")")
example=$build/examples/verify
[ -x "$example" ] || skip_all "$example is not built"
vectors=$(realpath -m "${TACIT_VECTORS:-../shared/vectors}")
now=1795248000
cd "$work" || exit 1
"$build/tools/mkevidence" nitro . || exit 1
policy() { # PCR0
	printf '{"schema":"tacit.policy/1","alternatives":[%s"measurements":{"pcr0":"%s"}}]}' \
		'{"platform":"nitro",' "$1"
}
policy "$(printf '11%.0s' {1..48})" >policy.json
run 1 "evidence under a root of our own" "$example" document.cose policy.json $now
has out '^not verified: nitro.root ' "is refused for its root"
head -c 100 document.cose >cut
run 3 "evidence that is cut" "$example" cut policy.json $now
run 3 "no policy" "$example" document.cose document.cose $now
has out '^not verified: policy' "is told"
run 2 "no arguments" "$example"
lines=$(awk '/^\{/ && inside { n = 0; on = 1; next } /static enum tacit_status verify/ { inside = 1 }
	on && /^\}/ { print n; exit } on && NF { n++ }' "$OLDPWD/examples/verify.c")
ok "$((lines > 10))" "the function that verifies has ten lines ($lines)"
real=$vectors/nitro/doc_2022_11_nonce_userdata.cose
if [ -f "$real" ]; then
	"$tacit" verify --json --insecure-no-policy --now 1668034320 "$real" >json 2>err
	policy "$(sed 's/.*"pcr0":"\([0-9a-f]*\)".*/\1/' json)" >right.json
	run 0 "a real document" "$example" "$real" right.json 1668034320
	has out '^verified' "is verified"
	run 1 "today" "$example" "$real" right.json
	has out 'nitro.chain.validity' "its certificates have expired"
	run 1 "another measurement" "$example" "$real" policy.json 1668034320
	has out 'policy.measurements' "is told"
else
	skip "a real document" "$real is not there"
fi
done_testing
