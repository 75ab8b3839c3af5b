#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` leaves can be used: the program runs, and a program of somebody else's
# builds against the library by pkg-config alone, shared and static.
cd "$(dirname "$0")/../.." || exit 1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
n=0
check() {
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		tail -n 20 <<<"$out" | sed 's/^/# /'
	fi
}
make -s install DESTDIR="$root" PREFIX=/opt/tacit >/dev/null 2>"$root/log" || sed 's/^/# /' "$root/log"
export PKG_CONFIG_PATH=$root/opt/tacit/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
check "the program runs" "$root/opt/tacit/bin/tacit" --version
check "the manual is there" test -f "$root/opt/tacit/share/man/man1/tacit.1"
# shellcheck disable=SC2046
check "builds against libtacit.so" cc -std=c11 examples/verify.c -o "$root/verify" \
	$(pkg-config --cflags --libs libtacit)
check "says what it wants without arguments" sh -c \
	"LD_LIBRARY_PATH=$root/opt/tacit/lib $root/verify; test \$? -eq 2"
# shellcheck disable=SC2046
check "builds against libtacit.a" cc -std=c11 examples/verify.c -o "$root/verify-static" \
	$(pkg-config --cflags libtacit) "$root/opt/tacit/lib/libtacit.a" -lcrypto -ljansson
# shellcheck disable=SC2046
check "the attester builds against libtacit-attest.so" cc -std=c11 examples/attest.c \
	-o "$root/attest" $(pkg-config --cflags --libs libtacit-attest)
check "and attests" sh -c \
	"LD_LIBRARY_PATH=$root/opt/tacit/lib $root/attest nonce --stub | grep -q nonce"
# The kernel is any file: nothing boots here.
mkdir "$root/desk"
check "the tutorial builds its image with what is installed" env -C "$root/desk" \
	PATH="$root/opt/tacit/bin:$PATH" "$PWD/examples/nitro-attest/1-build.sh" --kernel "$PWD/LICENSE"
check "and its server says that there is no security module" sh -c \
	"test -e /dev/nsm || { $root/desk/server unix:$root/s; test \$? -eq 6; }"
check "and exports what its page names" sh -c "nm -D --defined-only \
	$root/opt/tacit/lib/libtacit-attest.so | awk '\$2 == \"T\" {print \$3}' | sed 's/@.*//' |
	sort | diff - abi/symbols-attest.txt && grep -oE '^\.It Fn [a-z_]+' \
	$root/opt/tacit/share/man/man3/libtacit-attest.3 | sed 's/.* //' | sort |
	diff - abi/symbols-attest.txt"
check "no internal name of the library is visible" sh -c \
	"! nm -g --defined-only $root/opt/tacit/lib/libtacit.a | awk '\$2 ~ /[TDBR]/ {print \$3}' | grep -v '^tacit_'"
echo "1..$n"
