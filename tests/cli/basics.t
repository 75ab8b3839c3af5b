#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command line contract: help, exit codes, suggestions, options in any order.
. "$(dirname "$0")/lib.sh"

run 2 "no arguments is a usage error" "$tacit"
has "$work/err" 'Usage: tacit COMMAND' "and shows the overview on stderr"
run 0 "--help" "$tacit" --help
has "$work/out" '^  verify ' "the overview names verify"
run 0 "--version" "$tacit" --version
has "$work/out" '^tacit [0-9]+\.[0-9]+\.[0-9]+$' "prints name and version"
run 2 "an unknown command" "$tacit" verfy
has "$work/err" "did you mean 'tacit verify'" "gets one suggestion"
run 2 "an unknown option" "$tacit" verify --polcy x
has "$work/err" "did you mean '--policy'" "gets one suggestion"
run 2 "half a command" "$tacit" receipt
has "$work/err" "needs a word after it" "is told what could follow"
run 2 "an option without its value" "$tacit" verify --policy
run 2 "a flag with a value" "$tacit" verify --json=yes x
run 2 "hex of the wrong length" "$tacit" verify --pcr0 00 x
has "$work/err" 'exactly 48 bytes' "says how long it must be"
run 2 "a time that is none" "$tacit" verify --now yesterday x
run 2 "too many arguments" "$tacit" verify a b
run 5 "a file that is not there" "$tacit" verify --insecure-no-policy /nonexistent
has "$work/err" "cannot read .*'/nonexistent': No such file" "says which and why"
run 5 "a folder" "$tacit" verify --insecure-no-policy /
: >"$work/empty"
run 3 "an empty file" "$tacit" verify --insecure-no-policy "$work/empty"
printf 'hello' >"$work/text"
run 3 "text that is no evidence" "$tacit" verify --json --insecure-no-policy "$work/text"
json "$work/out" 'd["verdict"] == "malformed"' "JSON says malformed"
head -c 2000000 /dev/zero >"$work/big"
run 3 "a file over the limit" "$tacit" verify --insecure-no-policy "$work/big"
run 3 "-- ends the options" "$tacit" verify --insecure-no-policy -- "$work/text"

verbs=$("$tacit" --help | awk '/^  [a-z]/ && !/^  tacit /' |
	sed -E 's/^  ([a-z]+( [a-z-]+)?)  .*/\1/')
while read -r verb; do
	# shellcheck disable=SC2086
	run 0 "$verb --help" "$tacit" $verb --help
	has "$work/out" "^Usage: tacit $verb" "$verb --help shows the usage"
	# shellcheck disable=SC2086
	run 2 "$verb with an unknown option" "$tacit" $verb --no-such-option
done <<<"$verbs"

run 0 "completion for bash" "$tacit" completion bash
cp "$work/out" "$work/completion"
run 0 "which bash accepts" bash -n "$work/completion"
# What bash would offer after these words; the last one is being typed.
offered() {
	bash -c '. "$0"; COMP_WORDS=(tacit "$@"); COMP_CWORD=$#; _tacit; echo "${COMPREPLY[*]}"' \
		"$work/completion" "$@"
}
offers() { # WANTED WORDS...
	local wanted=$1 got
	shift
	got=$(offered "$@")
	[ "$got" = "$wanted" ] || echo "# got: $got"
	[ "$got" = "$wanted" ]
	ok $? "'tacit $*' is completed to '$wanted'"
}
offers "verify" ver
offers "receipt" rec
offers "verify show" receipt ''
offers "show" receipt s
offers "init check sign verify kms kms-lint" policy ''
offers "--policy --policy-key --policy-signature --pcr0 --pcr1 --pcr2 --pcr8 --platform" verify --p
offers "--request --response --require-production" receipt verify --re
offers "--listen" serve x --l
offers "bash zsh" completion ''
offers "" verify ev
first=$("$tacit" --help | awk '/^  [a-z]/ && !/^  tacit / { print $1 }' | awk '!seen[$0]++' | xargs)
offers "$first help" ''
run 0 "completion for zsh" "$tacit" completion zsh
has "$work/out" '^#compdef tacit$' "is one for zsh"
run 2 "completion for an unknown shell" "$tacit" completion fish

# --- what runs before main -----------------------------------------------------------------------
readelf -SW "$tacit" >"$work/sections"
has "$work/sections" ' tacit_engine_init ' "the engine's initialisers wait for a model"

# --- output that goes nowhere ----------------------------------------------------------------
if [ -e /dev/full ]; then
	for command in --help --version "verify --help" "completion bash" "help verify"; do
		# shellcheck disable=SC2086
		"$tacit" $command >/dev/full 2>"$work/err"
		ok $(($? != 5)) "output that cannot be written is exit 5: $command"
	done
else
	skip "output that cannot be written" "there is no /dev/full"
fi
"$tacit" completion bash 2>"$work/err" | :
code=${PIPESTATUS[0]}
ok $((code != 5 && code != 0)) "a reader that goes away is no crash (exit $code)"
done_testing
