#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Address space that runs out while a verb works: it succeeds, or ends with 70 and says so. What
# happens before main() (the loader, the engine's own tables) is not ours to judge.
. "$(dirname "$0")/lib.sh"
stub=(--insecure-no-policy --insecure-accept-stub)

within() { # within KB COMMAND...
	(
		ulimit -c 0
		ulimit -v "$1" || exit 99
		shift
		"$@" >"$work/out" 2>"$work/err" </dev/null
	)
}

"$tacit" attest -q --tee stub --nonce "$(printf '11%.0s' {1..32})" -o "$work/evidence" || exit 1
within 4000000 "$tacit" --version || skip_all "this build does not run within a limit"
low=4000
high=4000000
while [ $((high - low)) -gt 40 ]; do # the least space that it starts in
	middle=$(((low + high) / 2))
	if 2>/dev/null within $middle "$tacit" --version; then high=$middle; else low=$middle; fi
done

sweep() { # sweep NAME COMMAND...
	local name=$1 code kb silent=0 other=0 failed=0 passed=0
	shift
	for kb in $(seq $((high + 80)) 80 $((high + 4000))); do
		within "$kb" "$@"
		code=$?
		case $code in
		0) passed=$((passed + 1)) ;;
		70)
			failed=$((failed + 1))
			grep -q '^tacit: error: ' "$work/err" || silent=$((silent + 1))
			;;
		*)
			other=$((other + 1))
			echo "# exit $code within $kb KB: $(head -n 1 "$work/err")"
			;;
		esac
	done
	echo "# $name: $passed passed, $failed failed"
	ok $((other > 0)) "$name: passes or ends with 70"
	ok $((silent > 0)) "$name: never without a word"
	ok $((passed == 0)) "$name: passes in the end"
}

sweep verify "$tacit" verify "${stub[@]}" "$work/evidence"
sweep "verify --json" "$tacit" verify --json "${stub[@]}" "$work/evidence"
sweep inspect "$tacit" inspect "$work/evidence"
done_testing
