#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 2-run.sh [--emulate]
#
# Starts enclave.eif and writes what is known of it to enclave.json. Not in debug mode: a debug
# enclave has zeros for registers, and whoever verifies refuses it.
. "$(dirname "$0")/common.sh"

[ ! -f enclave.json ] || die "enclave.json is there: run 5-clean-up.sh first"
if [ "${1:-}" = --emulate ]; then
	loudly_emulated
	PATH=$("$tree/tools/deps/emulation.sh")/bin:$PATH
	set -- --emulate --cpu 1 --port 5005
else
	set -- --cpu 2
fi
tacit run --eif enclave.eif --memory 512 --detach --json "$@" >enclave.json || {
	rm -f enclave.json
	die "it does not run"
}
echo "$(member enclave.json id) runs"
