#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# examples/attest.c, compiled against libtacit-attest: its evidence is what the program accepts.
. "$(dirname "$0")/lib.sh"
build=$(dirname "$(readlink -f "$tacit")")
example=$build/examples/attest
[ -x "$example" ] || skip_all "$example is not built"
run 0 "the stub" "$example" nonce-of-the-verifier --stub
cp "$work/out" "$work/evidence"
nonce=$(printf nonce-of-the-verifier | od -An -tx1 | tr -d ' \n')
run 0 "its evidence" "$tacit" verify --json --insecure-no-policy --insecure-accept-stub --nonce \
	"$nonce" "$work/evidence"
json "$work/out" 'd["verdict"] == "verified" and d["platform"] == "stub"' "is verified"
json "$work/out" 'd["claims"]["measurements"]["pcr0"] ==
	__import__("hashlib").sha384(open("'"$example"'", "rb").read()).hexdigest()' \
	"as that of the example itself"
run 1 "another nonce" "$tacit" verify --insecure-no-policy --insecure-accept-stub --nonce \
	"${nonce}00" "$work/evidence"
run 1 "without saying that a stub will do" "$tacit" verify --insecure-no-policy "$work/evidence"
run 1 "a nonce over 64 bytes" "$example" "$(printf 'n%.0s' {1..65})" --stub
has "$work/err" '^no evidence: .' "says why"
run 2 "no arguments" "$example"
if [ -e /dev/nsm ] || [ -e /dev/tdx_guest ] || [ -e /dev/sev-guest ] ||
	[ -e /sys/kernel/config/tsm/report ]; then
	skip "without a TEE" "this machine may have one"
else
	run 1 "without a TEE" "$example" nonce
	has "$work/err" 'no TEE found' "never the stub"
	ok "$(wc -c <"$work/out")" "and nothing on stdout"
fi
lines=$(awk '/^\{/ && inside { n = 0; on = 1; next } /static enum tacit_status attest/ { inside = 1 }
	on && /^\}/ { print n; exit } on && NF { n++ }' examples/attest.c)
ok "$((lines > 10))" "the function that attests has ten lines ($lines)"

# Both libraries in one program, and nothing of ours visible but the API.
names=$(nm -g --defined-only "$build/libtacit-attest.a" | awk 'NF == 3 {print $3}' | sort)
[ "$names" = "$(cat abi/symbols-attest.txt)" ]
ok $? "the archive exports four names"
cat >"$work/both.c" <<'C'
#include <tacit/attest.h>
#include <tacit/verify.h>
int main(void)
{
	struct tacit_arena arena;
	tacit_arena_init(&arena, 0, 0);
	tacit_attester_close(0);
	return tacit_tee_is_real(TACIT_TEE_STUB);
}
C
if grep -q -- -fsanitize <<<"$(nm "$build/libtacit.a" 2>/dev/null | grep -o __asan_init | head -n 1)" ||
	[[ $build == *asan* || $build == *tsan* ]]; then
	skip "both libraries in one program" "a build with sanitizers"
else
	run 0 "both libraries in one program" "${CC:-cc}" -std=c11 -Iinclude -o "$work/both" \
		"$work/both.c" "$build/libtacit-attest.a" "$build/libtacit.a" -lcrypto -ljansson
	run 0 "which runs" "$work/both"
fi
done_testing
