# SPDX-License-Identifier: Apache-2.0
#
# What the demos share: a folder that goes when they end, with all that they started; and how
# commands, and refusals, are shown.
tacit=$PWD/build/tacit
work=$(mktemp -d "${TMPDIR:-/tmp}/tacit-demo.XXXXXX")
pids=()
failed=0

cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold= plain=; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '$ %s\n' "$*"; }

# Runs a command that must be refused with exit code 1, and shows what it said.
refused() {
	local code=0
	"$@" 2>&1 | sed "s|$work/||g" || code=${PIPESTATUS[0]}
	if [ "$code" -eq 1 ]; then
		echo "-> refused (exit 1), as it must be"
	else
		echo "-> NOT REFUSED (exit $code): this is a fault"
		failed=1
	fi
}

# Waits until a file holds a text, as long as the process lives.
wait_for() {
	local file=$1 text=$2 pid=$3 errors=$4
	until grep -q "$text" "$file" 2>/dev/null; do
		if ! kill -0 "$pid" 2>/dev/null; then
			cat "$errors" >&2
			exit 5
		fi
		sleep 0.05
	done
}

# Ends the demo, with what it has to say when all went as it must.
finish() {
	if [ "$failed" -ne 0 ]; then
		step "The demo found a fault."
		exit 70
	fi
	step "Done. $*"
}
