# SPDX-License-Identifier: Apache-2.0
# For the shell tests: TAP, a scratch folder that goes away, servers that are stopped. Source it.
# shellcheck shell=bash

# A command that is not there is a mistake in the test, not a result.
command_not_found_handle() {
	echo "Bail out! no command '$1'"
	return 127
}

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
tacit=${TACIT:-$PWD/build/tacit}
work=$(mktemp -d "${TMPDIR:-/tmp}/tacit-test.XXXXXX")
tap_n=0
tap_failed=0
started=()

finish() {
	for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${started[@]}"; do wait "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT

# ok STATUS NAME: passes when STATUS is 0.
ok() {
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
	else
		echo "not ok $tap_n - $2"
		tap_failed=1
	fi
}

skip() { # NAME WHY
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tap_n"
	exit "$tap_failed"
}

# run CODE NAME COMMAND...: the exit code must be CODE; output goes to $work/out and $work/err.
run() {
	local want=$1 name=$2 got=0
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	if [ "$got" -ne "$want" ]; then
		echo "# exit $got, want $want: $*"
		sed 's/^/# out: /' "$work/out" | head -n 20
		sed 's/^/# err: /' "$work/err" | head -n 20
		ok 1 "$name"
		return 1
	fi
	ok 0 "$name"
}

# has FILE PATTERN NAME: the file has a line that matches.
has() {
	grep -qE -- "$2" "$1"
	local found=$?
	[ $found -eq 0 ] || sed 's/^/# got: /' "$1" | head -n 20
	ok $found "$3"
}

# lacks FILE PATTERN NAME
lacks() {
	! grep -qE -- "$2" "$1"
	ok $? "$3"
}

# json FILE EXPRESSION NAME: Python's view of the JSON in FILE; `d` is the value. One process of
# Python answers all questions of a test: starting it takes longer than most of what is tested.
json_oracle='
import json, sys
for question in iter(lambda: sys.stdin.readline(), ""):
    path, expression = json.loads(question)
    try:
        with open(path) as f:
            d = json.load(f)
        good = bool(eval("(" + expression + "\n)"))
    except Exception as error:
        print("#", repr(error), file=sys.stderr)
        good = False
    print(0 if good else 1, flush=True)
'
json() {
	local answer=1 question=${2//\\/\\\\}
	[ -n "${ORACLE_PID:-}" ] || coproc ORACLE { exec python3 -c "$json_oracle" 2>&2; }
	question=${question//\"/\\\"}
	question=${question//$'\n'/\\n}
	question=${question//$'\t'/\\t}
	printf '["%s", "%s"]\n' "$1" "$question" >&"${ORACLE[1]}"
	read -r answer <&"${ORACLE[0]}"
	[ "$answer" = 0 ] || sed 's/^/# got: /' "$1" | head -n 20
	ok "$answer" "$3"
}

# until_true COMMAND...: waits for it to succeed; gives up after a minute.
until_true() {
	local tries=0
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || return 1
		sleep 0.05
	done
}

# serve_with NAME --model MODEL [OPTIONS...]: starts a stub server on a free port; sets $address and
# $server_pid, or fails. $serve_binary may name another program.
serve_with() {
	local name=$1
	shift
	rm -f "$work/$name.json" # of a server before this one
	"${serve_binary:-$tacit}" serve --tee stub --listen tcp:127.0.0.1:0 --json "$@" \
		>"$work/$name.json" 2>"$work/$name.log" &
	server_pid=$!
	started+=("$server_pid")
	until_true grep -q '"listen"' "$work/$name.json" || {
		sed 's/^/# /' "$work/$name.log"
		return 1
	}
	address=$(sed -n 's/.*"listen":"\([^"]*\)".*/\1/p' "$work/$name.json")
}

# serve NAME [OPTIONS...]: the same of the demo model.
serve() {
	serve_with "$1" --model models/demo.gguf "${@:2}"
}

# Whether this machine gives out terminals; a bare container may not.
has_terminal() {
	python3 -c 'import pty; pty.openpty()' 2>/dev/null
}
