#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Code that takes over verify while it judges can open no file and no socket, in no thread.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/mkevidence" ] || skip_all "$tools/mkevidence is not built"
[ -f "$tools/compromised.so" ] || skip_all "$tools/compromised.so is not built"
now=1795248000
cd "$work" || exit 1
"$tools/mkevidence" nitro . || exit 1
root=(--insecure-test-root root.der)
judged=(--now $now --insecure-no-policy "${root[@]}")
"$tacit" verify -v "${judged[@]}" document.cose >out 2>err
grep -q 'this kernel offers nothing' err && skip_all "this kernel offers no sandbox"
grep -q 'only a part' err && skip_all "this kernel offers only a part of the sandbox"
LD_PRELOAD=$tools/compromised.so "$tacit" policy check nowhere >out 2>err
grep -q compromised out err && skip_all "the hook is reached too early"

# tried NAME TIMES: every call of the hook was refused, and it was called that often.
calls="open openat2 create unlink rename socket unix vsock execve ptrace kill read_parent io_uring"
tried() {
	local call n
	for call in $calls; do
		n=$(grep -c "^compromised: $call [0-9]" err)
		[ "$n" -ge "$2" ]
		ok $? "$1: $call is tried ($n)"
		lacks err "^compromised: $call ([02-9]|1[0-24-9])" "$1: $call is refused"
	done
	[ -f document.cose ] && [ ! -e compromised ] && [ ! -e x ]
	ok $? "$1: all files are as they were"
}
attacked() { # CODE NAME COMMAND...
	local code=$1 name=$2
	shift 2
	run "$code" "$name" env LD_PRELOAD="$tools/compromised.so" "$@"
}
attacked 0 "verify" "$tacit" verify "${judged[@]}" document.cose
tried verify 1
attacked 0 "with collateral" "$tacit" verify "${judged[@]}" --collateral root.der document.cose
tried "with collateral" 1
attacked 0 "--save" "$tacit" verify "${judged[@]}" --save bundle document.cose
tried "--save" 1
[ -s bundle ]
ok $? "--save: the bundle is written all the same"
attacked 0 "a bundle" "$tacit" verify "${root[@]}" --insecure-no-policy bundle
tried "a bundle" 1
attacked 0 "explain" "$tacit" explain "${judged[@]}" document.cose
tried explain 1
line='{"evidence":"'$(base64 -w 0 document.cose)'"}'
for i in $(seq 1 200); do echo "$line"; done >lines
attacked 0 "--batch" "$tacit" verify --batch -j 2 "${judged[@]}" lines
tried --batch 1
ok "$(($(grep -c '"verified"' out) != 200))" "--batch: every line is judged all the same"
done_testing
