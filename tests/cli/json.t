#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# With --json a command that goes well and one that fails print one object with a schema, on one
# line; a policy is its own object.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/receipts" ] || skip_all "$tools/receipts is not built"
key=$("$tools/receipts" "$work" 1)
serve server || skip_all "there is no server to ask"
nobody=tcp:127.0.0.1:1
stub=--insecure-accept-stub
policy=$work/policy.json

# one CODE SCHEMA COMMAND...
one() {
	local code=$1 schema=$2
	shift 2
	run "$code" "tacit $*: exit $code" timeout 60 "$tacit" "$@" --json
	json "$work/out" "d['schema'] == '$schema'" "tacit $1: is $schema"
	ok "$(($(wc -l <"$work/out") != 1))" "tacit $1: on one line"
}

one 0 tacit.policy-init/1 policy init $stub --server "$address" -o "$policy"
json "$work/out" 'd["sha256"] == __import__("hashlib").sha256(open(d["output"], "rb").read())
	.hexdigest()' "tacit policy init: with the hash of the file"
run 0 "policy init" "$tacit" policy init $stub --server "$address" --json
json "$work/out" 'd["schema"] == "tacit.policy/1"' "to standard output: the policy is the object"
one 1 tacit.verdict/1 policy init --server "$address"
one 5 tacit.error/1 policy init --server "$nobody"
one 0 tacit.policy-check/1 policy check "$policy"
one 3 tacit.error/1 policy check /dev/null
one 0 tacit.infer/1 infer $stub --server "$address" --policy "$policy" --max-tokens 4 Hello
one 1 tacit.infer/1 infer --server "$address" --policy "$policy" Hello
one 5 tacit.infer/1 infer $stub --server "$nobody" --policy "$policy" Hello
one 1 tacit.verdict/1 connect --server "$address" --policy "$policy" --listen tcp:127.0.0.1:0
json "$work/out" '[c["name"] for c in d["checks"] if c["result"] == "fail"] ==
	["policy.hardware"]' "tacit connect: with the check that failed"
one 5 tacit.error/1 connect --server "$nobody" --policy "$policy" --listen tcp:127.0.0.1:0
one 5 tacit.error/1 serve --tee stub --model /nonexistent
one 5 tacit.error/1 serve --tee stub --model models/demo.gguf --listen "$address"
one 0 tacit.attest/1 attest --tee stub
one 5 tacit.error/1 attest --tee stub -o /nonexistent/evidence
one 0 tacit.verdict/1 verify --insecure-no-policy $stub --now 1790000000 "$work/evidence.bin"
one 1 tacit.verdict/1 verify --insecure-no-policy "$work/evidence.bin"
one 3 tacit.verdict/1 verify --insecure-no-policy "$policy"
one 5 tacit.error/1 verify --insecure-no-policy /nonexistent
one 0 tacit.inspect/1 inspect "$work/evidence.bin"
one 3 tacit.error/1 inspect "$policy"
one 0 tacit.receipt-verdict/1 receipt verify --key "$key" "$work/receipt.bin"
one 3 tacit.receipt-verdict/1 receipt verify --key "$key" "$policy"
one 5 tacit.error/1 receipt verify --key "$key" /nonexistent
one 5 tacit.error/1 receipt verify --batch --key "$key" /nonexistent
one 0 tacit.receipt/1 receipt show "$work/receipt.bin"
one 3 tacit.error/1 receipt show "$policy"
done_testing
