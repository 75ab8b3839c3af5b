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
# What systemd starts is what was installed, and nothing of an administrator's is replaced.
units=$root/opt/tacit/lib/systemd/system
check "systemd's units are there" bash -c \
	"cd deploy/systemd && ls *.service *.socket | diff - <(ls $units | LC_ALL=C sort)"
check "and start the program that is installed" bash -c "! grep -H ^Exec $units/* |
	grep -v 'ExecReload=/bin/kill ' | grep -vE ':ExecStart(Pre=-|=)/opt/tacit/bin/tacit '"
check "with every line else as it is here" bash -c "for unit in deploy/systemd/tacit-*; do
	diff <(grep -v ^ExecStart \$unit) <(grep -v ^ExecStart $units/\${unit##*/}) || exit 1; done"
check "their examples of a configuration are beside the program" bash -c \
	"for name in enclave relay serve; do test -f $root/opt/tacit/share/tacit/\$name.conf || exit 1
	done; test ! -e $root/etc"
check "the relay takes its own" "$root/opt/tacit/bin/tacit" relay --check --config \
	"$root/opt/tacit/share/tacit/relay.conf"
if command -v systemd-analyze >/dev/null; then
	# There is no program at /opt here: they are looked at with the one of this root.
	mkdir "$root/units"
	for unit in "$units"/*; do
		sed "s|/opt/tacit/bin/tacit|$root/opt/tacit/bin/tacit|" "$unit" \
			>"$root/units/${unit##*/}"
	done
	check "systemd finds no fault in them" bash -c "systemd-analyze verify --man=no \
		$root/units/*.service $root/units/*.socket 2>&1 | grep tacit- && exit 1 || exit 0"
else
	n=$((n + 1))
	echo "ok $n - systemd finds no fault in them # SKIP systemd-analyze is not installed"
fi
check "no internal name of the library is visible" sh -c \
	"! nm -g --defined-only $root/opt/tacit/lib/libtacit.a | awk '\$2 ~ /[TDBR]/ {print \$3}' | grep -v '^tacit_'"
echo "1..$n"
