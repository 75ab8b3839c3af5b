#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The local endpoint: what goes through, what does not, and what happens when the server behind it
# changes or goes away.
. "$(dirname "$0")/client.bash"

command -v curl >/dev/null || {
	echo "1..0 # SKIP no curl"
	exit 0
}
MODEL_SHA=$(printf mim-model | sha256sum | cut -d' ' -f1)
PCR=$(printf '11%.0s' $(seq 48))
cat >"$DIR/policy.json" <<END
{"schema": "tacit.policy/1",
 "models": [{"id": "mim-model", "sha256": "$MODEL_SHA"}],
 "alternatives": [{"platform": "stub", "measurements": {"pcr0": "$PCR"}}]}
END

UP=unix:$DIR/up.sock
MIM_PID=
CONNECT_PID=

# The server behind the endpoint, always at the same address.
behind() { # behind MODE [OPTION...]
	[ -n "$MIM_PID" ] && kill "$MIM_PID" 2>/dev/null && wait "$MIM_PID" 2>/dev/null
	rm -f "$DIR/up.sock"
	start_mim "$1" --listen "$UP" "${@:2}"
	MIM_PID=${PIDS[-1]}
}

endpoint() { # endpoint [OPTION...]
	[ -n "$CONNECT_PID" ] && kill "$CONNECT_PID" 2>/dev/null && wait "$CONNECT_PID" 2>/dev/null
	rm -f "$DIR/ready"
	"$TACIT" connect --server "$UP" --policy "$DIR/policy.json" --insecure-accept-stub --json \
		--listen tcp:127.0.0.1:0 "$@" >"$DIR/ready" 2>"$DIR/connect.err" &
	CONNECT_PID=$!
	PIDS+=($CONNECT_PID)
	local i
	for i in $(seq 400); do
		[ -s "$DIR/ready" ] && break
		kill -0 "$CONNECT_PID" 2>/dev/null || break
		sleep 0.05
	done
	BASE=http://127.0.0.1:$(sed -n 's/.*"listen":"tcp:127.0.0.1:\([0-9]*\)".*/\1/p' "$DIR/ready")
}

# One request: status in $status, headers in $DIR/head, body in $DIR/body, curl's code in $code.
call() { # call PATH [CURL OPTION...]
	code=0
	status=$(curl -sN -m 60 -o "$DIR/body" -D "$DIR/head" -w '%{http_code}' "$BASE$1" "${@:2}") ||
		code=$?
}
WHOLE='{"model":"m",  "messages":[{"role":"user","content":"quiet whole words"}] }'
STREAM='{"model":"m","stream":true,"messages":[{"role":"user","content":"quiet stream words"}]}'
JSON='Content-Type: application/json'
whole() { call /v1/chat/completions -H "$JSON" -d "$WHOLE"; }
stream() { call /v1/chat/completions -H "$JSON" -d "$STREAM"; }
error_code() { json "$DIR/body" 'd["error"]["code"]'; }
rows() {
	python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' "$DIR/r.sqlite" "$1"
}

# --- what goes through ---------------------------------------------------------------------------
behind honest
endpoint --store "$DIR/r.sqlite"
call /v1/models
is "$status" 200 "models"
has "$(cat "$DIR/head")" 'Tacit-Verdict: verified; tee="stub (NOT a TEE)"; model="mim-model"' \
	"the verdict is in a header"
whole
is "$status" 200 "a whole answer"
is "$(json "$DIR/body" 'd["choices"][0]["message"]["content"]')" "Hello world" "as it was made"
has "$(cat "$DIR/head")" 'receipt="ok"' "its receipt has checked"
grep -qi '^Tacit-Receipt: [A-Za-z0-9_-]*.$' "$DIR/head"
ok $? "and is in a header"
grep -qF "$WHOLE" "$LOG"
ok $? "the request went out byte for byte"
stream
is "$status" 200 "a streamed answer"
is "$(grep -c '^data: ' "$DIR/body")" 5 "with all its events"
is "$(tail -n 2 "$DIR/body" | head -n 1)" "data: [DONE]" "and its end"
is "$(grep -c '^: tacit-receipt ' "$DIR/body")" 1 "after the receipt"
is "$(rows 'select count(*) from receipts where verdict = "verified"')" 2 "two receipts are stored"
is "$(rows 'select count(*) from evidence')" 1 "and the one evidence that they name"
call /v1/embeddings -H "$JSON" -d '{"model":"m","input":"x"}'
is "$status" 200 "embeddings"
call /v1/chat/completions -H "$JSON" -H 'Tacit-Nonce: MTIzNDU2Nzg' -d "$WHOLE"
is "$status" 200 "a nonce of the program's own goes into the receipt"
grep -q '^Tacit-Nonce: MTIzNDU2Nzg' "$LOG"
ok $? "and to the server"
call /v1/chat/completions -H "$JSON" -H 'Tacit-Nonce: bad!' -d "$WHOLE"
is "$status" 400 "a nonce that is none is refused"
call /v1/chat/completions -H "$JSON" -H 'Authorization: Bearer sk-local-secret' -d "$WHOLE"
grep -q sk-local-secret "$LOG"
is $? 1 "a local API key stays local"

many=$(seq 40 | xargs -P 20 -I{} curl -s -m 60 -o /dev/null -w '%{http_code}\n' \
	"$BASE/v1/chat/completions" -H "$JSON" -d "$STREAM" | sort | uniq -c | tr -s ' ')
is "$many" " 40 200" "forty streams, twenty at a time"
is "$(rows 'select count(distinct cti) from receipts')" 45 "each left its receipt"
grep -q '^RESUMED' "$LOG"
ok $? "further connections resume the TLS session"
is "$(grep -c 'GET /.well-known' "$LOG")" 1 "under one attestation"

# --- what does not ------------------------------------------------------------------------------
before=$(wc -c <"$LOG")
call /v1/models -H 'Host: evil.example'
is "$status:$(error_code)" 403:tacit_endpoint "another host's name"
call /v1/models -H 'Host: 127.0.0.1.evil.example'
is "$status" 403 "a name that only looks local"
call /v1/models -H 'Origin: https://evil.example'
is "$status" 403 "a page of another origin"
call /v1/chat/completions -H "Content-Type: text/plain" -d "$WHOLE"
is "$status" 415 "a body that a page could send unasked"
call /healthz
is "$status" 404 "a path outside /v1/"
call /.well-known/tacit/evidence
is "$status" 404 "evidence is not for passing on"
call /v1/models -X DELETE
is "$status" 405 "another method"
call /v1/models -X OPTIONS -H 'Origin: http://localhost:3000'
is "$status:$(grep -ci access-control "$DIR/head")" 405:0 "no permission for browsers"
is "$(wc -c <"$LOG")" "$before" "none of it reached the server"
call /v1/models -H 'Host: localhost:9999' -H 'Origin: http://localhost:3000'
is "$status" 200 "local names do"

# --- the server changes -----------------------------------------------------------------------------
behind honest
stream
is "$status" 200 "a server started anew, with new keys, is attested and used"
is "$(grep -n -m1 BYTES "$LOG" | grep -c 'GET /.well-known')" 1 "attested first"
behind honest --model other-model
whole
is "$status:$(error_code)" 502:tacit_policy.model "another model is refused"
behind honest --pcr 18
stream
is "$status:$(error_code)" 502:tacit_policy.measurements "another build is refused"
grep -q -e quiet -e POST "$LOG"
is $? 1 "and neither was told a word"
behind wrong-root
whole
is "$status:$(error_code)" 502:tacit_stub.cose.signature "another root is refused"
behind tls12
whole
is "$status:$(error_code)" 502:tacit_channel.tls "an older TLS is refused"
kill "$MIM_PID"
wait "$MIM_PID" 2>/dev/null
whole
is "$status:$(error_code)" 502:tacit_channel.connect "nobody there"
behind honest
whole
is "$status" 200 "and back again"

# --- answers that do not check --------------------------------------------------------------------
behind tamper-answer
whole
is "$status:$(error_code)" 502:tacit_receipt.OHASH "a whole answer that was altered is withheld"
grep -q Hello "$DIR/body"
is $? 1 "all of it"
stream
is "$code" 18 "a stream that was altered is cut"
is "$(grep -c 'DONE' "$DIR/body")" 0 "it has no [DONE]"
has "$(tail -n 2 "$DIR/body")" '"code":"tacit_receipt.OHASH"' "its last event is an error"
is "$(rows 'select count(*) from receipts where verdict like "%MISMATCH%"')" 2 \
	"both receipts are kept with what was wrong"
behind drop-receipt
whole
is "$status:$(error_code)" 502:tacit_receipt.missing "no receipt, no answer"
stream
is "$code:$(grep -c DONE "$DIR/body")" 18:0 "nor a stream's end"
behind cut
stream
is "$code:$(grep -c DONE "$DIR/body")" 18:0 "a stream that breaks off does not end well"
behind unknown-evidence
whole
is "$status" 409 "a server that knows no evidence: its own answer"
is "$(grep -c 'BYTES POST' "$LOG")" 1 "fresh evidence is not taken anew"
behind bad-request
whole
is "$status" 400 "an error of the server passes through"
has "$(cat "$DIR/head")" 'receipt="none"' "without a receipt, and says so"
behind flood
whole
is "$status:$(error_code)" 502:tacit_channel.headers "headers without end"

# --- a reader that does not keep up -----------------------------------------------------------
behind big
call /v1/chat/completions -H "$JSON" --limit-rate 8M -d "$STREAM"
python3 - "$DIR/body" <<'END'
import sys
events = open(sys.argv[1]).read().split("\n\n")
assert len(events) == 43 and events[41] == "data: [DONE]", len(events)
for i, event in enumerate(events[:40]):
    assert event == 'data: "' + chr(97 + i % 26) * (200000 - 10) + '"', i
END
ok $? "8 MB in large events arrive whole and in order at a slow reader"

# --- the program goes away ----------------------------------------------------------------------
behind slow
curl -sN -m 1 -o /dev/null "$BASE/v1/chat/completions" -H "$JSON" -d "$STREAM"
for i in $(seq 200); do
	grep -q -e GONE -e STAYED "$LOG" && break
	sleep 0.05
done
has "$(grep -e GONE -e STAYED "$LOG")" GONE "the request behind it ends, too"

# --- holding back --------------------------------------------------------------------------------
behind tamper-answer
endpoint --hold
stream
is "$status:$(error_code)" 502:tacit_receipt.OHASH "--hold: nothing of an altered stream comes out"
behind honest
stream
is "$status:$(grep -c '^data: ' "$DIR/body")" 200:5 "--hold: a good one does, whole"

# --- a store that cannot store -----------------------------------------------------------------
small() { # small WHAT: an endpoint whose files may have 64 KiB
	rm -f "$DIR/small.ready"
	(
		trap '' XFSZ
		ulimit -f 64
		exec "$TACIT" connect --server "$UP" --policy "$DIR/policy.json" \
			--insecure-accept-stub --json --listen "unix:$DIR/small.sock" \
			--store "$DIR/small-$1.sqlite" --on-store-error "$1"
	) >"$DIR/small.ready" 2>"$DIR/small.err" &
	PIDS+=($!)
	SMALL=$!
	local i
	for i in $(seq 400); do
		[ -s "$DIR/small.ready" ] && break
		sleep 0.05
	done
}
until_full() { # until_full: requests until one is not like the others
	local i
	for i in $(seq 200); do
		call / --unix-socket "$DIR/small.sock" -x '' --request-target /v1/chat/completions \
			-H "$JSON" -d "$WHOLE"
		[ "$status" = 200 ] && ! grep -q 'Tacit-Stored: no' "$DIR/head" || return 0
	done
	return 1
}
BASE=http://localhost
behind honest
small withhold
until_full
ok $? "a disk that is full shows"
is "$status:$(error_code)" 502:tacit_store "the answer is withheld"
kill "$SMALL"
wait "$SMALL" 2>/dev/null
small flag
until_full
is "$status" 200 "or delivered, as configured"
has "$(cat "$DIR/head")" "Tacit-Stored: no" "and flagged"
has "$(cat "$DIR/small.err")" "a receipt was not stored" "and said"
kill "$SMALL"
wait "$SMALL" 2>/dev/null
python3 - "$DIR/small-withhold.sqlite" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
assert db.execute("select count(*) from receipts").fetchone()[0] > 0
END
ok $? "the file stays whole"

# --- what does not even start -----------------------------------------------------------------
refused() { # refused CODE NAME OPTION...
	local got=0
	timeout 20 "$TACIT" connect --server "$UP" --policy "$DIR/policy.json" \
		--insecure-accept-stub "${@:3}" >"$DIR/out" 2>"$DIR/err" || got=$?
	is "$got" "$1" "$2"
}
refused 2 "an address that others reach" --listen tcp:0.0.0.0:0
refused 2 "no such way to treat store errors" --listen tcp:127.0.0.1:0 --store x --on-store-error x
refused 5 "a store that cannot be opened" --listen tcp:127.0.0.1:0 --store /nonexistent/x.sqlite
behind honest --pcr 19
refused 1 "a server that the policy refuses" --listen tcp:127.0.0.1:0
has "$(cat "$DIR/err")" policy.measurements "by the name of the check"

done_testing
