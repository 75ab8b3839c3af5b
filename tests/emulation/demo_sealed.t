#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./do demo --sealed, without its build: a key goes to one image and not to the same with a byte more,
# and nothing stays behind.
. "$(dirname "$0")/../cli/lib.sh"
[ -x build/tacit ] || skip_all "build/tacit is not built"
[ -x "$(dirname "$(readlink -f build/tacit)")/tacit-init" ] || skip_all "no tacit-init in this build"
if ! tools/deps/emulation.sh >/dev/null 2>"$work/deps"; then
	skip_all "no emulated machines: $(tail -n 1 "$work/deps")"
fi
mkdir "$work/t"
mark=TACIT_DEMO_MARK=$$-$RANDOM-$RANDOM

run 0 "the demo" env "$mark" TMPDIR="$work/t" tools/demo-sealed
cp "$work/out" "$work/demo"
for step in 0 1 2 3 4 5 6 7 8 9; do
	has "$work/demo" "^$step\. " "shows step $step"
done
has "$work/demo" '^Done\.' "says that it is done"
lacks "$work/demo" 'fault' "and finds no fault"
has "$work/demo" 'event=ready .* tee="nitro" model="tacit-demo"' "the enclave opened its model"
has "$work/demo" '^model_hash_scheme +sha256-manifest$' "the receipt names the manifest"
has "$work/demo" '^[0-9]+ enclave Decrypt released' "the key was released once"
has "$work/demo" '^[0-9]+ enclave Decrypt refused .*AccessDenied' "and refused once"
has "$work/demo" '^whole: ' "by a log that is whole"
has "$work/err" 'insecure-test-root' "and the test root is named"
lacks "$work/demo" "$work" "no folder of the demo is shown"

until_true sh -c "! grep -lsz -- '^$mark\$' /proc/[0-9]*/environ"
ok $? "no process is left"
left=$(ls -A "$work/t")
[ -z "$left" ]
ok $? "no file is left ($left)"
done_testing
