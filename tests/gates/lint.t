#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The gates of the tree, one test each.
cd "$(dirname "$0")/../.." || exit 1
n=0
gate() {
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
	fi
	sed 's/^/# /' <<<"$out"
}
gate "includes point down the list of rooms" tools/check-layers
gate "the core takes nothing from outside but its seams" make -s purity
gate "no banned idioms or words" tools/check-text
gate "every verb has a page that names its options" tools/check-man
gate "functions and files keep their size" tools/fnstat
gate "the exported symbols are the golden ones" tools/check-abi
# Each check was taken out once, and a test noticed [tests/mutation/README.md].
proved_alive() {
	local left
	left=$(comm -23 \
		<(grep -hoE '^\.It Cm [a-z_0-9]+(\.[a-z_0-9]+)+$' man/tacit-verdict.5 | cut -d' ' -f3 | sort -u) \
		<(awk -F'\t' '$3 ~ /^(test_|equivalent: )/ { print $2 }' tests/mutation/rows.tsv | sort -u))
	[ -z "$left" ] || { printf '%s: not in tests/mutation/rows.tsv\n' $left; return 1; }
}
gate "every check is known to be noticed when it is taken out" proved_alive
echo "1..$n"
