#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 5-clean-up.sh
#
# Stops the enclave, and removes what the other scripts wrote here.
. "$(dirname "$0")/common.sh"

[ ! -f enclave.json ] || tacit stop "$(member enclave.json id)"
rm -f enclave.json enclave.eif expected-measurements.json policy.json server server.log \
	attestation-document.dat attestation-document.json nsm.ko vsock.ko \
	vmw_vsock_virtio_transport_common.ko vmw_vsock_virtio_transport.ko
