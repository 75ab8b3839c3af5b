# SPDX-License-Identifier: Apache-2.0
# Helpers of the client's end to end tests: TAP, a folder that goes away, servers that are stopped.

# A command that is not there is a mistake in the test, not a result.
command_not_found_handle() {
	echo "Bail out! no command '$1'"
	return 127
}

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
TACIT=${TACIT:-build/tacit}
TOOLS=${TOOLS:-$(dirname "$(readlink -f "$TACIT")")/tools}
MIM=$TOOLS/mim
DIR=$(mktemp -d)
PIDS=()
tests=0
failed=0

# Ends what this test started, and waits for it.
stop_all() {
	[ ${#PIDS[@]} -eq 0 ] && return
	kill "${PIDS[@]}" 2>/dev/null
	wait "${PIDS[@]}" 2>/dev/null
	PIDS=()
}

at_exit() {
	stop_all
	rm -rf "$DIR"
}
trap at_exit EXIT

ok() { # ok STATUS NAME
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		failed=$((failed + 1))
	fi
}

is() { # is GOT WANT NAME
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '# got  %s\n# want %s\n' "$1" "$2" | head -c 2000
		echo
	fi
}

has() { # has TEXT PART NAME
	case $1 in
	*"$2"*) ok 0 "$3" ;;
	*)
		ok 1 "$3"
		printf '# got  %s\n# want %s\n' "$1" "$2" | head -c 2000
		echo
		;;
	esac
}

skip() { # skip NAME WHY
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

done_testing() {
	echo "1..$tests"
	[ "$failed" -eq 0 ]
	exit
}

wait_for() { # wait_for FILE: until it exists, 20 seconds at most
	local i
	for i in $(seq 400); do
		[ -e "$1" ] && return 0
		sleep 0.05
	done
	return 1
}

# Starts a man in the middle; its address is in $ADDR, what it read in $LOG.
start_mim() { # start_mim MODE [OPTION...]
	local mode=$1
	shift
	rm -f "$DIR/port" "$DIR/log"
	: >"$DIR/log"
	LOG=$DIR/log
	"$MIM" --mode "$mode" --port-file "$DIR/port" --log "$LOG" "$@" &
	PIDS+=($!)
	wait_for "$DIR/port" || return 1
	ADDR=$(cat "$DIR/port")
}

json() { # json FILE EXPRESSION: a value of a JSON document, d
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
v = eval(sys.argv[2])
print(v if isinstance(v, str) else json.dumps(v))' "$1" "$2"
}

# First look whether there is anything to test.
if [ ! -x "$TACIT" ] || [ ! -x "$MIM" ]; then
	echo "1..0 # SKIP build/tacit or tools/mim is not built"
	exit 0
fi
