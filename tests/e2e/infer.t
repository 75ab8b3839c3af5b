#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tacit infer and tacit policy on the command line: what they ask, print, save and refuse.
. "$(dirname "$0")/client.bash"

PROMPT='the quick brown prompt'
start_mim honest --listen "unix:$DIR/up.sock"

run() { # run CODE NAME ARGUMENT...
	local want=$1 name=$2 got=0
	shift 2
	timeout 60 "$TACIT" "$@" >"$DIR/out" 2>"$DIR/err" </dev/null || got=$?
	is "$got" "$want" "$name"
	[ "$got" = "$want" ] || sed 's/^/# /' "$DIR/err" | head -n 5
}
sent() { sed -n '/^BYTES POST/,$p' "$LOG" | grep -a '^{' | tail -n 1; }

# --- policies ------------------------------------------------------------------------------------
run 0 "policy init writes what the server shows" \
	policy init --server "$ADDR" --insecure-accept-stub -o "$DIR/policy.json"
has "$(cat "$DIR/err")" "trust on first use" "and says what that is worth"
run 1 "policy init refuses the stub unless told" policy init --server "$ADDR" -o "$DIR/no.json"
[ ! -e "$DIR/no.json" ]
ok $? "and writes nothing"
run 0 "policy check accepts it" policy check "$DIR/policy.json"
run 0 "as JSON" policy check --json "$DIR/policy.json"
is "$(json "$DIR/out" 'd["alternatives"]')" '["stub"]' "with its alternatives"
echo '{"schema": "tacit.policy/1", "alternatives": [], "extra": 1}' >"$DIR/bad.json"
run 3 "an unknown member is an error" policy check "$DIR/bad.json"
run 5 "a policy that is not there" policy check "$DIR/nothing.json"
run 2 "policy init wants one source" policy init
run 2 "and no more than one" policy init --server "$ADDR" --evidence x
run 5 "policy init: nobody there" policy init --server tcp:127.0.0.1:1

POLICY=(--server "$ADDR" --policy "$DIR/policy.json" --insecure-accept-stub)

# --- asking ----------------------------------------------------------------------------------------
run 0 "a question" infer "${POLICY[@]}" --receipt "$DIR/r.bin" --evidence "$DIR/e.bin" "$PROMPT"
is "$(cat "$DIR/out")" $'Hello \e[31mworld' "the answer on stdout"
has "$(tail -n 1 "$DIR/err")" "verified: stub (NOT a TEE)" "the verdict on stderr"
has "$(tail -n 1 "$DIR/err")" "receipt ok" "with the receipt"
run 0 "the saved receipt checks offline" receipt verify --evidence "$DIR/e.bin" \
	--policy "$DIR/policy.json" --insecure-accept-stub "$DIR/r.bin"
run 0 "policy init from saved evidence" policy init --evidence "$DIR/e.bin" \
	--insecure-accept-stub -o "$DIR/again.json"
is "$(json "$DIR/again.json" 'd["alternatives"]')" "$(json "$DIR/policy.json" 'd["alternatives"]')" \
	"gives the same values"

run 0 "options" infer "${POLICY[@]}" --system 'be "brief"' --max-tokens 7 --temperature 0.25 \
	--seed 42 --model other $'two\nlines \\ and "quotes" é'
sent >"$DIR/sent"
is "$(json "$DIR/sent" '[d["model"], d["max_tokens"], d["temperature"], d["seed"], d["stream"]]')" \
	'["other", 7, 0.25, 42, true]' "go into the request"
is "$(json "$DIR/sent" 'd["messages"][0]["content"]')" 'be "brief"' "the system message, too"
is "$(json "$DIR/sent" 'd["messages"][1]["content"]')" $'two\nlines \\ and "quotes" é' \
	"and the prompt as it is"
grep -q '"temperature":0.25' "$DIR/sent"
ok $? "decimal text stays as it was written"
run 0 "--raw" infer "${POLICY[@]}" --raw "$PROMPT"
sent >"$DIR/sent"
is "$(json "$DIR/sent" 'd["prompt"]')" "$PROMPT" "--raw: a plain completion"
grep -q 'POST /v1/completions' "$LOG"
ok $? "--raw: at its own path"
is "$(printf 'from a pipe' | "$TACIT" infer "${POLICY[@]}" -q - 2>/dev/null)" \
	$'Hello \e[31mworld' "the prompt from stdin"
sent >"$DIR/sent"
is "$(json "$DIR/sent" 'd["messages"][0]["content"]')" "from a pipe" "all of it"
run 0 "--hold" infer "${POLICY[@]}" --hold "$PROMPT"
is "$(cat "$DIR/out")" $'Hello \e[31mworld' "--hold: prints once the receipt has checked"
run 0 "--quiet" infer "${POLICY[@]}" --quiet "$PROMPT"
is "$(grep -vc warning "$DIR/err")" 0 "--quiet: nothing but warnings"
run 0 "--json" infer "${POLICY[@]}" --json "$PROMPT"
is "$(json "$DIR/out" '[d["schema"], d["result"], d["verdict"]["verdict"], d["failure"]]')" \
	'["tacit.infer/1", "verified", "verified", null]' "--json: one object"
python3 - "$DIR/out" "$LOG" <<'END'
import base64, hashlib, json, sys
d = json.load(open(sys.argv[1]))
body = [l for l in open(sys.argv[2], "rb").read().split(b"\n") if l.startswith(b"{")][-1]
assert hashlib.sha256(body).hexdigest() == d["request_sha256"]
receipt = base64.urlsafe_b64decode(d["receipt"] + "==")
assert receipt[0] == 0xd2 and bytes.fromhex(d["request_sha256"]) in receipt
assert bytes.fromhex(d["response_sha256"]) in receipt
END
ok $? "--json: hashes and receipt are those of this answer"

# --- a terminal is not driven by what a model says --------------------------------------------------
python3 - "$TACIT" "${POLICY[@]}" "$PROMPT" >"$DIR/tty" <<'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "infer"] + sys.argv[2:])
out = b""
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    out += piece
os.waitpid(pid, 0)
answer = [line for line in out.split(b"\n") if b"Hello" in line]
sys.stdout.buffer.write(answer[0].strip() if answer else b"nothing: " + out)
END
if python3 -c 'import pty; pty.openpty()' 2>/dev/null; then
	is "$(cat "$DIR/tty")" 'Hello \u{1b}[31mworld' "control characters are shown, not obeyed"
else
	skip "control characters are shown, not obeyed" "this machine gives out no terminals"
fi

# --- usage --------------------------------------------------------------------------------------
for bad in "--temperature 1e3" "--temperature -1" "--temperature NaN" "--seed x" "--seed -1" \
	"--max-tokens 0" "--attest-max-age 0" "--raw --system x"; do
	# shellcheck disable=SC2086
	run 2 "usage: $bad" infer "${POLICY[@]}" $bad "$PROMPT"
done
run 2 "usage: no server" infer --policy "$DIR/policy.json" "$PROMPT"
run 2 "usage: no policy" infer --server "$ADDR" "$PROMPT"
run 2 "usage: an empty prompt" infer "${POLICY[@]}" ""
run 2 "usage: a prompt that is not UTF-8" infer "${POLICY[@]}" $'\xff'
run 2 "usage: no such address" infer --server nonsense --policy "$DIR/policy.json" "$PROMPT"
# Port 0 of the local CID: nobody there, or no vsock at all.
code=0
timeout 60 "$TACIT" infer --server vsock:1:0 --policy "$DIR/policy.json" "$PROMPT" \
	>"$DIR/out" 2>"$DIR/err" || code=$?
has " 5 6 " " $code " "vsock: nobody answers, or this machine has none"
has "$(cat "$DIR/err")" channel.connect "vsock: and that is said"
run 5 "a policy that cannot be read" infer --server "$ADDR" --policy "$DIR/none.json" "$PROMPT"
run 3 "a policy that is none" infer --server "$ADDR" --policy "$DIR/bad.json" "$PROMPT"
run 5 "a receipt that cannot be saved" infer "${POLICY[@]}" --receipt /nonexistent/r "$PROMPT"

# --- the environment has no say ------------------------------------------------------------------
start_mim honest
POLICY[1]=$ADDR
https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1 ALL_PROXY=socks5://127.0.0.1:1 \
	run 0 "proxies of the environment are not asked" infer "${POLICY[@]}" "$PROMPT"
SSLKEYLOGFILE=$DIR/keys run 0 "a key log is asked for" infer "${POLICY[@]}" "$PROMPT"
[ ! -s "$DIR/keys" ]
ok $? "and no session key is written"

done_testing
