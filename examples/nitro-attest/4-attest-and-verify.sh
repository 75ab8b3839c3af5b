#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 4-attest-and-verify.sh
#
# Gets a document over a fresh nonce, attestation-document.dat, and verifies it: the signature, the
# chain up to AWS's root, the registers of policy.json, its age, the nonce and the user data. What it
# says is then in attestation-document.json.
. "$(dirname "$0")/common.sh"

if [ "$(member enclave.json emulated)" = true ]; then
	loudly_emulated
	root=$(member enclave.json test_root)
	server=unix:$(dirname "$root")/5005
	set -- --insecure-test-root "$root"
else
	server=vsock:$(member enclave.json cid):5005
	set --
fi
nonce=$(head -c 32 /dev/urandom | hex)
said=$(printf 'tacit example nitro-decrypt 1' | hex)

rm -f attestation-document.json
python3 "$client" "$server" attest --wait 60 --nonce "$nonce" -o attestation-document.dat
judge() {
	tacit verify --platform nitro --policy policy.json --nonce "$nonce" --user-data "$said" "$@" \
		attestation-document.dat
}
judge -v "$@"
judge --quiet --json "$@" >attestation-document.json
