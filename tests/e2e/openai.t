#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The official OpenAI client libraries work against the local endpoint unchanged, and they notice
# an answer that does not check.
. "$(dirname "$0")/client.bash"

DEPS=${TACIT_TEST_DEPS:-build/deps}

# Each library is installed once, where a registry can be reached.
python_ready() {
	local dir=$DEPS/openai-python
	"$dir/bin/python" -c 'import openai' 2>/dev/null && return 0
	python3 -m venv "$dir" >/dev/null 2>&1 &&
		timeout 120 "$dir/bin/pip" -q install openai >/dev/null 2>&1
}

node_ready() {
	local dir=$DEPS/openai-js
	command -v node npm >/dev/null || return 1
	[ -d "$dir/node_modules/openai" ] && return 0
	mkdir -p "$dir" && echo '{"private":true}' >"$dir/package.json" &&
		(cd "$dir" && timeout 120 npm install --silent --no-audit --no-fund openai \
			>/dev/null 2>&1)
}

endpoint() { # endpoint NAME SERVER: its base URL in $BASE
	rm -f "$DIR/ready"
	"$TACIT" connect --server "$2" --insecure-no-policy --insecure-accept-stub --json \
		--listen tcp:127.0.0.1:0 >"$DIR/ready" 2>"$DIR/connect.err" &
	PIDS+=($!)
	local i
	for i in $(seq 400); do
		[ -s "$DIR/ready" ] && break
		sleep 0.05
	done
	BASE=http://127.0.0.1:$(sed -n 's/.*127.0.0.1:\([0-9]*\)".*/\1/p' "$DIR/ready")/v1
}

check() { # check LIBRARY COMMAND...
	local name=$1 got=0
	shift
	timeout 120 "$@" >"$DIR/got" 2>"$DIR/err" || got=$?
	is "$got" 0 "$name: works unchanged"
	if [ "$got" -ne 0 ]; then
		sed 's/^/# /' "$DIR/err" | tail -n 5
		return
	fi
	has "$(json "$DIR/got" 'd["verdict"]')" 'verified; tee="stub (NOT a TEE)"' \
		"$name: sees the verdict"
	is "$(json "$DIR/got" 'd["receipt"] > 500')" true "$name: and the receipt"
	is "$(json "$DIR/got" 'd["stream"] == d["whole"] or d["stream"]')" \
		"$(json "$DIR/got" 'True if d["models"] != ["m"] else "Hello \x1b[31mworld"')" \
		"$name: a streamed answer"
	is "$(json "$DIR/got" 'd["events"] > 2')" true "$name: in pieces"
	is "$(json "$DIR/got" 'd["altered"]')" tacit_receipt.OHASH \
		"$name: an altered answer is an error"
}

start_mim tamper-answer
endpoint altered "$ADDR"
ALTERED=$BASE
start_mim honest
endpoint honest "$ADDR"
HONEST=$BASE

if python_ready; then
	check "python" "$DEPS/openai-python/bin/python" tests/e2e/openai_client.py "$HONEST" "$ALTERED"
	is "$(json "$DIR/got" 'd["embedding"]')" 3 "python: embeddings"
else
	skip "python" "the openai package is not there and cannot be installed"
fi
if node_ready; then
	check "javascript" node tests/e2e/openai_client.mjs "$PWD/$DEPS/openai-js" "$HONEST" "$ALTERED"
	is "$(json "$DIR/got" 'd["embedding"]')" 3 "javascript: embeddings"
else
	skip "javascript" "the openai package is not there and cannot be installed"
fi

# The same with a real model behind it.
if [ -e models/demo.gguf ] && "$TACIT" serve --help >/dev/null 2>&1; then
	"$TACIT" serve --model models/demo.gguf --listen "unix:$DIR/serve.sock" --tee stub \
		2>"$DIR/serve.err" &
	PIDS+=($!)
	for i in $(seq 1200); do
		grep -q event=ready "$DIR/serve.err" && break
		sleep 0.05
	done
	endpoint real "unix:$DIR/serve.sock"
	if python_ready; then
		check "python, real model" "$DEPS/openai-python/bin/python" \
			tests/e2e/openai_client.py "$BASE" "$ALTERED"
	fi
	if node_ready; then
		check "javascript, real model" node tests/e2e/openai_client.mjs \
			"$PWD/$DEPS/openai-js" "$BASE" "$ALTERED"
	fi
else
	skip "a real model" "no model, or no server in this build"
fi

done_testing
