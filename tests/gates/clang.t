#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tree builds without a warning under clang too, and headers stand alone in C and C++.
cd "$(dirname "$0")/../.." || exit 1
if ! command -v clang >/dev/null; then
	echo "1..0 # SKIP clang is not installed"
	exit 0
fi
if out=$(make -s FLAVOUR=clang CC=clang CXX=clang++ CI=1 build/clang/libcore.a build/clang/libapp.a build/clang/libinfer.a 2>&1); then
	echo "ok 1 - clang builds every room without a warning"
else
	echo "not ok 1 - clang builds every room without a warning"
	sed 's/^/# /' <<<"$out"
fi
n=1
for header in include/tacit/*.h; do
	for language in c c++; do
		n=$((n + 1))
		compiler=cc
		[ "$language" = c++ ] && compiler=c++
		if out=$(printf '#include "%s"\nint stands_alone;\n' "$header" | $compiler -x "$language" -Wall -Wextra -Wpedantic \
			-Werror -Iinclude -I. -fsyntax-only - 2>&1); then
			echo "ok $n - $header stands alone in $language"
		else
			echo "not ok $n - $header stands alone in $language"
			sed 's/^/# /' <<<"$out"
		fi
	done
done
echo "1..$n"
