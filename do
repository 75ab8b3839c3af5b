#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything a person does with this tree: ./do demo, ./do check, ./do help.
# Installs what is missing with apt (Debian 12+, Ubuntu 24.04+), builds, and runs.
set -euo pipefail
cd "$(dirname "$0")"

# One package a line, and why it is needed.
BUILD_PACKAGES='
gcc                    compiler
g++                    the inference engine is C++
make                   build
pkg-config             finds libraries
binutils               links the library
libssl-dev             TLS 1.3, signatures, hashes
libevent-dev           event loop and HTTP server
libcurl4-openssl-dev   HTTPS client
libjansson-dev         JSON
libsqlite3-dev         receipt store
libseccomp-dev         sandbox
cmake                  builds the engine
git                    unpacks the source of the engine
npm                    fetches the source of the engine
ca-certificates        fetches the source of the engine
curl                   fetches the source of the engine, demo
python3                demo
openssl                demo
'
CHECK_PACKAGES='
clang                  second compiler, fuzzing
libclang-rt-dev        fuzzing
llvm                   readable sanitizer reports
valgrind               memory checks
mandoc                 checks the manual
universal-ctags        measures functions
perl                   runs the tests (prove)
python3-venv           client libraries in tests
procps                 process checks in tests
strace                 ends a program at a chosen system call, in tests
age                    opens and makes sealed files beside ours
swtpm                  an emulated TPM, for the attester of Azure
tpm2-tools             its keys and indices, and a second opinion on its quotes
python3-boto3          the AWS client library, against our broker
'
# For emulated enclaves, in ./do demo --sealed and in the tests.
GUEST_PACKAGES='
debian-archive-keyring emulated machines: checks what comes from the archive of Debian
'
# Installed where the release has it: Debian 12 has no cbmc, Ubuntu 24.04 no awscli.
CHECK_OPTIONAL='
cbmc                   proofs of memory safety
awscli                 the AWS command line, against our broker
'

# For ./do emulation-full alone: a kernel for enclaves, and a QEMU with Nitro's machine.
MACHINE_PACKAGES='
flex                   builds the kernel
bison                  builds the kernel
bc                     builds the kernel
xz-utils               unpacks the kernel
lz4                    packs the kernel
libelf-dev             builds the kernel
ninja-build            builds QEMU
python3-venv           builds QEMU
libglib2.0-dev         QEMU
libgnutls28-dev        QEMU
libcbor-dev            QEMU: the documents of its security module
libfdt-dev             QEMU
zlib1g-dev             QEMU
'

say() {
	printf '==> %s\n' "$*" >&2
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

installed() {
	dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

# Installs the packages of a list that are missing, saying which and why.
install_missing() {
	local name why missing=()
	while read -r name why; do
		[ -n "$name" ] || continue
		# Node.js from elsewhere than the distribution brings its own npm.
		if [ "$name" = npm ] && command -v npm >/dev/null; then continue; fi
		if ! installed "$name"; then
			missing+=("$name")
			say "missing: $name ($why)"
		fi
	done <<<"$1"
	[ ${#missing[@]} -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "tacit: error: no apt-get here; install by hand: ${missing[*]}" >&2
		exit 6
	fi
	say "installing with apt-get"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends "${missing[@]}" >/dev/null
}

# The same for packages that not every release has; the tests that want them say when they skip.
install_optional() {
	local name why
	while read -r name why; do
		if [ -n "$name" ] && apt-cache show "$name" >/dev/null 2>&1; then
			install_missing "$name $why" </dev/null
		fi
	done <<<"$1"
}

deps() {
	install_missing "$BUILD_PACKAGES"
	tools/deps/llama.sh
}

build() {
	deps
	say "building build/tacit"
	make -s -j"$(nproc)" all
}

check() {
	install_missing "$CHECK_PACKAGES$GUEST_PACKAGES"
	install_optional "$CHECK_OPTIONAL"
	build
	tools/check-all
}

usage() {
	cat <<'TEXT'
./do demo     build, then show an attested answer, its receipt, and what is refused
./do demo --sealed
              the same with a key broker and a sealed model, which an emulated enclave alone can open
./do check    build with gcc and clang, run every test, the sanitizers and the gates
./do emulation-full
              build QEMU's machine for Nitro enclaves and our kernel, and compare what both measure
./do bench    measure, with ratios against baselines in the same run
./do fuzz     run every fuzz target for FUZZ_SECONDS (default 10) each
./do lint     the gates alone: layers, purity, text, man pages, function sizes
./do deps     install packages and build the inference engine
./do build    build build/tacit
TEXT
}

case "${1:-help}" in
demo)
	case "${2:-}" in
	'') build && exec tools/demo ;;
	--sealed) install_missing "$GUEST_PACKAGES" && build && exec tools/demo-sealed ;;
	*) usage >&2 && exit 2 ;;
	esac
	;;
check) check ;;
emulation-full)
	install_missing "$CHECK_PACKAGES$GUEST_PACKAGES$MACHINE_PACKAGES"
	build
	make -s check-emulation-full
	;;
bench) build && exec bench/run "${@:2}" ;;
fuzz) install_missing "$CHECK_PACKAGES" && build && make -s fuzz ;;
lint) build && make -s lint ;;
deps) deps ;;
build) build ;;
help | -h | --help) usage ;;
*)
	usage >&2
	exit 2
	;;
esac
