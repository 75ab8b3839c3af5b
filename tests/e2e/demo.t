#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo, without its build: it ends well, shows every step and every refusal, says nothing that
# is not so, and leaves nothing behind.
. "$(dirname "$0")/../cli/lib.sh"
[ -x build/tacit ] || skip_all "build/tacit is not built"
[ -f models/demo.gguf ] || skip_all "there is no models/demo.gguf"
mkdir "$work/tmp"
# Whatever the demo starts inherits this variable, and can be found by it afterwards.
mark=TACIT_DEMO_MARK=$$-$RANDOM-$RANDOM
marked() { grep -lsz -- "^$mark\$" /proc/[0-9]*/environ; }

run 0 "the demo" env "$mark" TMPDIR="$work/tmp" tools/demo
cp "$work/out" "$work/demo"
for step in 1 2 3 4 5 6 7 8 9; do
	has "$work/demo" "^$step\. " "shows step $step"
done
has "$work/demo" '^Done\.' "says that it is done"
lacks "$work/demo" 'fault' "and finds no fault"
ok "$(($(grep -c '^-> refused (exit 1), as it must be$' "$work/demo") != 3))" "three are refused"
has "$work/demo" '^verified: receipt checks end to end' "the receipt verifies"
has "$work/demo" "refused: receipt SIG_FAILED" "a changed receipt is refused under its code"
has "$work/demo" 'policy.measurements' "a changed server is refused by its measurement"
has "$work/demo" 'policy.hardware' "the stand-in is refused where it was not asked for"
has "$work/demo" 'stub \(NOT a TEE\)' "nobody is told that this is a TEE"
# The answer of the model is on the screen, as the model gave it.
answer=$(sed -n '/^4\. /,/^5\. /p' "$work/demo" | grep -cE '[a-z]{2,} [a-z]{2,} [a-z]{2,}')
ok $((answer < 1)) "there is an answer of several words"
lacks "$work/demo" $'\033' "no colour in a file"

# --- nothing stays -------------------------------------------------------------------------------
until_true sh -c "! grep -lsz -- '^$mark\$' /proc/[0-9]*/environ"
ok $? "no process is left"
left=$(ls -A "$work/tmp")
[ -z "$left" ]
ok $? "no file is left ($left)"

# Interrupted in the middle, it stops what it started all the same.
env "$mark" TMPDIR="$work/tmp" tools/demo >"$work/cut" 2>"$work/err" &
demo_pid=$!
until_true grep -q '^3\. ' "$work/cut"
[ -n "$(marked)" ]
ok $? "while it runs there are processes"
kill -TERM "$demo_pid"
wait "$demo_pid"
ok $(($? != 130)) "interrupted: exit 130"
until_true sh -c "! grep -lsz -- '^$mark\$' /proc/[0-9]*/environ"
ok $? "interrupted: no process is left"
left=$(ls -A "$work/tmp")
[ -z "$left" ]
ok $? "interrupted: no file is left ($left)"
done_testing
