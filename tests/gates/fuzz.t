#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The committed corpus replays cleanly, and a short run of every fuzz target finds nothing.
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-3}
n=0
for replay in build/release/replay/* build/asan/replay/*; do
	[ -x "$replay" ] && [ -f "$replay" ] && [[ $replay != *.d ]] || continue
	n=$((n + 1))
	name=$(basename "$replay")
	seeds=(fuzz/corpus/"$name"/*)
	if [ -e "${seeds[0]}" ] && out=$("$replay" "${seeds[@]}" 2>&1); then
		echo "ok $n - $replay replays ${#seeds[@]} seeds"
	else
		echo "not ok $n - $replay replays ${#seeds[@]} seeds"
		tail -n 20 <<<"$out" | sed 's/^/# /'
	fi
done
n=$((n + 1))
if ! command -v clang >/dev/null; then
	echo "ok $n - fuzz # SKIP clang is not installed"
elif out=$(make -s fuzz FUZZ_SECONDS="$seconds" 2>&1); then
	echo "ok $n - every target ran $seconds s"
else
	echo "not ok $n - every target ran $seconds s"
	tail -n 60 <<<"$out" | sed 's/^/# /'
fi
echo "1..$n"
