#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The proofs of memory safety hold, and a proof can fail: tests/proofs, CBMC.
cd "$(dirname "$0")/../.." || exit 1
cbmc=${CBMC:-cbmc}
if ! command -v "$cbmc" >/dev/null; then
	echo "1..0 # SKIP cbmc is not installed (Debian has it but for release 12)"
	exit 0
fi
n=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t proofs < <(grep -l '^/\* prove: ' tests/proofs/*.c)
printf '%s\n' "${proofs[@]}" |
	xargs -P "$(getconf _NPROCESSORS_ONLN)" -I{} sh -c \
		'timeout 300 tools/prove "$1" >"$2/$(basename "$1")" 2>&1 && touch "$2/$(basename "$1").good"' \
		- {} "$work"
for proof in "${proofs[@]}"; do
	n=$((n + 1))
	[ -e "$work/$(basename "$proof").good" ] || printf 'not '
	echo "ok $n - $proof"
	sed 's/^/# /' "$work/$(basename "$proof")"
done
# One byte more than there is must be found.
n=$((n + 1))
sed 's/n > r->in.len - r->at/n > r->in.len - r->at + 1/' src/base/reader.h >"$work/reader.h"
mkdir "$work/base" && mv "$work/reader.h" "$work/base/"
if ! cmp -s "$work/base/reader.h" src/base/reader.h &&
	! C_PATH=$work tools/prove tests/proofs/reader.c >"$work/broken" 2>&1 &&
	grep -q FAILURE "$work/broken"; then
	echo "ok $n - a reader that reads one byte too many is found out"
else
	echo "not ok $n - a reader that reads one byte too many is found out"
fi
echo "1..$n"
