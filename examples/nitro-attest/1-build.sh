#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 1-build.sh [--emulate | --kernel FILE] [options for 'tacit eif build']
#
# Builds the server of ../nitro-decrypt, static, and an image that holds the server, the first
# process and a kernel: enclave.eif, and what it measures in expected-measurements.json. The same
# sources, tools and kernel give the same image, so that others can build it and compare.
. "$(dirname "$0")/common.sh"

blobs=/usr/share/nitro_enclaves/blobs
kernel=$blobs/bzImage
case "${1:-}" in
--emulate)
	# A kernel of Debian's, with the modules and the command line that it needs under QEMU.
	shift
	loudly_emulated
	parts=$("$tree/tools/deps/emulation.sh")/kernel
	kernel=$parts/vmlinuz
	for name in nsm vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport; do
		xz -dc "$(find "$parts/modules" -name "$name.ko.xz")" >"$name.ko"
		set -- "$@" --module "$name.ko"
	done
	set -- "$@" --cmdline "console=ttyS0 panic=-1 quiet"
	;;
--kernel)
	kernel=$2
	shift 2
	;;
*)
	# AWS's kernels have the driver of the security module in a file.
	[ ! -f "$blobs/nsm.ko" ] || set -- "$@" --module "$blobs/nsm.ko"
	;;
esac
[ -f "$kernel" ] || die "no kernel at $kernel: install aws-nitro-enclaves-cli, or make one with" \
	"tools/enclave-kernel/build and name it with --kernel"

# Beside the program where it was built, else as it is installed.
if [ -f "$bin/libtacit-attest.a" ]; then
	init=$bin/tacit-init
	flags="-I$tree/include $bin/libtacit-attest.a -lcrypto -ljansson"
else
	init=$bin/../libexec/tacit/tacit-init
	flags=$(pkg-config --static --cflags --libs libtacit-attest)
fi
# A linker warns of names that static programs look up; this one looks up none.
# shellcheck disable=SC2086
"${CC:-cc}" -std=c11 -O2 -static -s -Wl,--gc-sections,--build-id=none -o server \
	"$here"/../nitro-decrypt/*.c $flags -lpthread 2>server.log || {
	cat server.log >&2
	die "the server does not build"
}

tacit eif build --kernel "$kernel" --init "$init" --file server:/server:0755 --arg /server "$@" \
	-o enclave.eif >expected-measurements.json
cat expected-measurements.json
