#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A real man in the middle, one trick a time: each is refused under the name of its own check, and
# before that check has passed nobody reads one byte of a prompt.
. "$(dirname "$0")/client.bash"

SECRET=the-prompt-nobody-may-read
MODEL_SHA=$(printf mim-model | sha256sum | cut -d' ' -f1)
PCR=$(printf '11%.0s' $(seq 48))

cat >"$DIR/policy.json" <<END
{"schema": "tacit.policy/1",
 "models": [{"id": "mim-model", "sha256": "$MODEL_SHA"}],
 "alternatives": [{"platform": "stub",
   "measurements": {"pcr0": "$PCR", "pcr1": "$PCR", "pcr2": "$PCR"}}]}
END

ask() { # ask [OPTION...]: the exit code in $code, the object in $DIR/out, words in $DIR/err
	code=0
	timeout 60 "$TACIT" infer --server "$ADDR" --policy "$DIR/policy.json" \
		--insecure-accept-stub --json "$@" "$SECRET" >"$DIR/out" 2>"$DIR/err" || code=$?
}

failure() { json "$DIR/out" 'd["failure"] and d["failure"]["check"]'; }

nothing_read() { # the log holds evidence requests and nothing else
	! grep -q -e "$SECRET" -e POST -e chat "$LOG"
}

# --- the control: the same peer without a trick ------------------------------------------------
start_mim honest
ask
is "$code" 0 "honest: accepted"
is "$(json "$DIR/out" 'd["result"]')" verified "honest: verified"
is "$(json "$DIR/out" 'd["answer"]')" $'Hello \e[31mworld' "honest: the answer is whole"
grep -q "$SECRET" "$LOG"
ok $? "honest: the log does see what is sent"
is "$(grep -c '^NEW' "$LOG")" 1 "honest: the connection that was verified carries the prompt"
has "$(cat "$DIR/err")" "stub (NOT a TEE)" "honest: and it is no TEE"
stop_all

# --- before the prompt ----------------------------------------------------------------------------
before() { # before MODE CHECK CODE [MIM OPTION...]
	local mode=$1 check=$2 want=$3
	shift 3
	start_mim "$mode" "$@"
	ask
	is "$code" "$want" "$mode $*: exit $want"
	is "$(failure)" "$check" "$mode $*: $check"
	is "$(json "$DIR/out" 'd["answer"]')" null "$mode $*: no answer"
	has "$(cat "$DIR/err")" "nothing was sent" "$mode $*: says that nothing was sent"
	nothing_read
	ok $? "$mode $*: not one byte of the prompt was read"
	stop_all
}

before wrong-root stub.cose.signature 1
before replay binding.nonce 1
before expired policy.freshness 1
before future policy.freshness 1
before honest policy.measurements 1 --pcr 18
before honest policy.model 1 --model other-model
before tls12 channel.tls 1
before swap channel.key 1
before garbage wrapper 3
before no-evidence channel.evidence 5
before debug policy.debug 1
before other-binding binding.report_data 1
before bad-binding channel.evidence 5
before two-bindings channel.evidence 5
before other-path binding.nonce 1
before bad-path channel.evidence 5
before short-path binding.nonce_path 1

# Genuine evidence of an honest server, shown by somebody else.
start_mim honest
UPSTREAM=$ADDR
UPSTREAM_PID=${PIDS[-1]}
mv "$DIR/log" "$DIR/upstream.log"
start_mim other-cert --upstream "$UPSTREAM"
ask
is "$code" 1 "other certificate: exit 1"
is "$(failure)" binding.tls_key "other certificate: binding.tls_key"
nothing_read
ok $? "other certificate: not one byte of the prompt was read"
grep -q evidence "$LOG"
ok $? "other certificate: it was asked for evidence"
stop_all

# --- after the prompt: the answer is called unproven ------------------------------------------
after() { # after MODE CHECK
	start_mim "$1"
	ask
	is "$code" 1 "$1: exit 1"
	is "$(failure)" "$2" "$1: $2"
	is "$(json "$DIR/out" 'd["result"]')" unproven "$1: unproven"
	has "$(cat "$DIR/err")" "unproven" "$1: the last line says so"
	ask --hold
	is "$code:$(json "$DIR/out" 'd["answer"]')" 1:null "$1: --hold withholds the answer"
	stop_all
}

after tamper-request receipt.RHASH
after tamper-answer receipt.OHASH
after cut receipt.missing
after cut-clean receipt.missing
after drop-receipt receipt.missing
after receipt-garbage receipt.COSE_DECODE
after receipt-key receipt.SIG
after receipt-nonce receipt.NONCE
after receipt-doc receipt.ADHASH
after receipt-model receipt.MHASH
after receipt-measurement receipt.E2E_MEAS
after receipt-old receipt.FRESH
after late-bytes receipt.stream

# --- a peer that does not answer as agreed ------------------------------------------------------
start_mim unknown-evidence
ask
is "$code" 5 "evidence_unknown for fresh evidence: the peer's fault"
is "$(grep -c 'BYTES POST' "$LOG")" 1 "evidence_unknown for fresh evidence: asked once"
stop_all
start_mim flood
ask
is "$code:$(failure)" 5:channel.headers "200 KB of headers are not read to the end"
stop_all
start_mim silent
ask --timeout 2
is "$code:$(failure)" 5:channel.timeout "a server that says nothing is given up"
stop_all
start_mim slow
ask --timeout 2
is "$code:$(failure)" 1:receipt.missing "one that stops in the middle leaves an unproven answer"
has "$(cat "$DIR/err")" "did not answer in time" "and the reason is told"
stop_all
start_mim bad-request
ask
is "$code" 5 "an error of the server is the peer's"
has "$(cat "$DIR/err")" "no such thing" "and its message is shown"
stop_all
ADDR=tcp:127.0.0.1:1
ask
is "$code:$(failure)" 5:channel.connect "nobody there"

# --- what the stub is not ------------------------------------------------------------------------
start_mim honest
code=0
"$TACIT" infer --server "$ADDR" --policy "$DIR/policy.json" "$SECRET" >"$DIR/out" 2>"$DIR/err" ||
	code=$?
is "$code" 1 "without --insecure-accept-stub the stub is refused"
nothing_read
ok $? "and reads nothing"
code=0
"$TACIT" infer --server "$ADDR" --insecure-accept-stub "$SECRET" >"$DIR/out" 2>"$DIR/err" || code=$?
is "$code" 2 "without a policy nothing is done"
stop_all

done_testing
