#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The gate over time: keys are remembered for as long as it was said, sessions resume, and nothing
# that was remembered of one peer helps another.
. "$(dirname "$0")/client.bash"

command -v curl >/dev/null || {
	echo "1..0 # SKIP no curl"
	exit 0
}
UP=unix:$DIR/up.sock
MIM_PID=

behind() { # behind MODE [OPTION...]: the server at UP, from now on
	[ -n "$MIM_PID" ] && kill "$MIM_PID" 2>/dev/null && wait "$MIM_PID" 2>/dev/null
	rm -f "$DIR/up.sock"
	start_mim "$1" --listen "$UP" "${@:2}"
	MIM_PID=${PIDS[-1]}
}

endpoint() { # endpoint [OPTION...]
	rm -f "$DIR/ready"
	"$TACIT" connect --server "$UP" --insecure-no-policy --insecure-accept-stub --json \
		--listen tcp:127.0.0.1:0 "$@" >"$DIR/ready" 2>"$DIR/connect.err" &
	CONNECT_PID=$!
	PIDS+=($CONNECT_PID)
	local i
	for i in $(seq 400); do
		[ -s "$DIR/ready" ] && break
		sleep 0.05
	done
	BASE=http://127.0.0.1:$(sed -n 's/.*127.0.0.1:\([0-9]*\)".*/\1/p' "$DIR/ready")
}

ask() { # the status of one request
	curl -s -m 60 -o "$DIR/body" -w '%{http_code}' "$BASE/v1/chat/completions" \
		-H 'Content-Type: application/json' -d '{"model":"m","messages":"closed words"}'
}
evidence() { grep -c 'GET /.well-known' "$LOG"; }

# --- remembered for as long as it was said ---------------------------------------------------------
behind honest
endpoint
is "$(evidence)" 1 "attested before the endpoint is there"
for i in 1 2 3 4 5; do ask >/dev/null; done
is "$(ask)" 200 "six requests"
is "$(evidence)" 1 "rely on one attestation"
is "$(grep -c -e '^NEW' -e '^RESUMED' "$LOG")" 1 "and on one connection"
kill "$CONNECT_PID"
wait "$CONNECT_PID" 2>/dev/null

behind honest
endpoint --attest-max-age 1
sleep 1.1
is "$(ask)" 200 "a request after --attest-max-age"
is "$(evidence)" 2 "has the server attested anew first"
kill "$CONNECT_PID"
wait "$CONNECT_PID" 2>/dev/null

# A look beside the traffic, before the time is up, that finds something wrong ends the trust at
# once: here the same key is suddenly that of a debug TEE.
behind turns
endpoint --attest-max-age 4
is "$(ask)" 200 "a server that is as it should be"
sleep 3.1
ask >/dev/null # looks again, beside this request
sleep 0.2
is "$(ask):$(json "$DIR/body" 'd["error"]["code"]')" 502:tacit_policy.debug \
	"is refused as soon as it no longer is"
kill "$CONNECT_PID"
wait "$CONNECT_PID" 2>/dev/null

# --- connections that end ----------------------------------------------------------------------
behind closes
endpoint
is "$(ask)" 200 "a server that closes after its evidence is dialled again"
is "$(grep -c -e '^NEW' -e '^RESUMED' "$LOG")" 2 "for the prompt"
is "$(evidence)" 1 "under the attestation that it has"
kill "$CONNECT_PID"
wait "$CONNECT_PID" 2>/dev/null

# --- a peer that was refused keeps nothing ------------------------------------------------------
# The impostor shows genuine evidence of the honest server, on a key of its own, and hands out
# session tickets of its own.
behind honest
endpoint
is "$(ask)" 200 "the honest server"
start_mim honest --listen "unix:$DIR/genuine.sock"
behind other-cert --upstream "unix:$DIR/genuine.sock"
for i in 1 2 3; do
	is "$(ask):$(json "$DIR/body" 'd["error"]["code"]')" 502:tacit_binding.tls_key \
		"the impostor is refused ($i)"
done
grep -q '^RESUMED' "$LOG"
ok $? "though its own tickets were taken and used"
grep -q -e POST -e closed "$LOG"
is $? 1 "it reads not one byte of a prompt"
behind honest
is "$(ask)" 200 "the honest server is served again"
kill "$CONNECT_PID"
wait "$CONNECT_PID" 2>/dev/null

# --- the key changes between evidence and prompt ------------------------------------------------
behind swap
endpoint
is "$(ask)" 502 "a key that changes after the evidence"
grep -q -e POST -e closed "$LOG"
is $? 1 "gets nothing"
is "$(json "$DIR/body" 'd["error"]["code"]')" tacit_binding.tls_key \
	"the second look names what is wrong"

done_testing
