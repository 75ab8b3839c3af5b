#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unit tests of the core under valgrind: no invalid access, no use of unset memory, no leak.
# The longest ones are left to the sanitizers, which run all of them.
cd "$(dirname "$0")/../.." || exit 1
if ! command -v valgrind >/dev/null; then
	echo "1..0 # SKIP valgrind is not installed"
	exit 0
fi
n=0
for test in arena base64 binding cbor cose error hex policy receipt_issue receipt_verify secret stub \
	verify stream hpke der pem json_read json_text x509_names roots tcb_info tcb qe_identity \
	collateral quote sgx event_log bundle; do
	program=build/release/tests/test_$test
	[ -x "$program" ] || continue
	n=$((n + 1))
	if out=$(TACIT_VECTORS=/nonexistent valgrind -q --leak-check=full --errors-for-leak-kinds=definite \
		--error-exitcode=99 "$program" 2>&1); then
		echo "ok $n - test_$test is clean"
	else
		echo "not ok $n - test_$test is clean"
		tail -n 30 <<<"$out" | sed 's/^/# /'
	fi
done
echo "1..$n"
