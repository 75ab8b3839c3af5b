#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The small program that judges files, and that becomes tacit-full for everything else.
. "$(dirname "$0")/lib.sh"

front=$(readlink -f "$tacit")
full=$front-full
verdict() { "$1" receipt verify --json --key "$(printf '11%.0s' $(seq 32))" "$work/file" 2>/dev/null; }
printf 'not a receipt' >"$work/file"

# --- alone, it judges and nothing else -------------------------------------------------------
mkdir "$work/bin"
cp "$front" "$work/bin/tacit"
run 3 "alone: judges a file" "$work/bin/tacit" receipt verify \
	--key "$(printf '11%.0s' $(seq 32))" "$work/file"
run 0 "alone: help of a verb it has" "$work/bin/tacit" receipt verify --help
for word in serve infer connect attest policy --help --version help nonsense 'receipt nonsense'; do
	# shellcheck disable=SC2086
	run 6 "alone: '$word' is not here" "$work/bin/tacit" $word
	has "$work/err" "cannot start '$work/bin/tacit-full'" "alone: '$word' says what is missing"
done
run 6 "alone: nor is nothing at all" "$work/bin/tacit"

# --- with the rest, both give the same answers ----------------------------------------------
cp "$full" "$work/bin/tacit-full"
run 0 "beside the rest: --help" "$work/bin/tacit" --help
has "$work/out" '^  serve ' "beside the rest: lists serve"
run 2 "beside the rest: an unknown verb" "$work/bin/tacit" nonsense
mkdir -p "$work/libexec/tacit"
mv "$work/bin/tacit-full" "$work/libexec/tacit/tacit-full"
run 0 "installed: --version" "$work/bin/tacit" --version
ln -s "$work/bin/tacit" "$work/link"
run 0 "through a link" "$work/link" --version
[ -n "$(verdict "$front")" ] && [ "$(verdict "$front")" = "$(verdict "$full")" ]
ok $? "the same verdict from both programs"

# --- what it is for ---------------------------------------------------------------------------
if command -v ldd >/dev/null; then
	ldd "$front" >"$work/libraries"
	! grep -E 'curl|ssl|stdc|event|sqlite' "$work/libraries" >"$work/large"
	ok $? "maps none of the large libraries"
else
	skip "maps none of the large libraries" "no ldd"
fi

# The environment cannot choose what the judge computes with: here, a provider without algorithms.
cat >"$work/openssl.cnf" <<END
openssl_conf = main
[main]
providers = providers
[providers]
null = nothing
[nothing]
activate = 1
END
export OPENSSL_CONF=$work/openssl.cnf
! openssl dgst -sha256 "$work/file" >/dev/null 2>&1
ok $? "control: with this configuration openssl has no SHA-256"
run 3 "OPENSSL_CONF changes nothing" "$front" receipt verify \
	--key "$(printf '11%.0s' $(seq 32))" "$work/file"

done_testing
