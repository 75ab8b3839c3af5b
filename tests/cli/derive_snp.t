#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# derive snp: where a key may go, what may be asked for, and machines that have none. Keys
# themselves are derived in tests/emulation/tsm.t.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

run 2 "without a file" "$tacit" derive snp
has err 'derive snp needs --output FILE' "says what is missing"
mkfifo pipe
touch there
ln -s there link
for target in - /dev/stdout /dev/null pipe link .; do
	run 2 "into $target" "$tacit" derive snp -o "$target"
	has err 'a key goes into a file of its own' "says why not"
done
run 2 "another root" "$tacit" derive snp -o key --root vlek
has err '\-\-root is vcek or vmrk' "says which there are"
run 2 "an empty root" "$tacit" derive snp -o key --root ''
run 2 "VMPL 4" "$tacit" derive snp -o key --vmpl 4
run 2 "SVN 0" "$tacit" derive snp -o key --guest-svn 0
run 2 "an SVN of 33 bits" "$tacit" derive snp -o key --guest-svn 4294967296
run 2 "a TCB of 7 bytes" "$tacit" derive snp -o key --tcb 00112233445566
run 2 "a TCB of 9 bytes" "$tacit" derive snp -o key --tcb 001122334455667788
run 2 "an argument" "$tacit" derive snp -o key more
if [ -e /dev/sev-guest ]; then
	skip "a machine that is no SNP guest" "there is a /dev/sev-guest here"
else
	for options in "" "--root vmrk" "--vmpl 3 --image-id --family-id" \
		"--guest-svn 7 --tcb 0300000000001573"; do
		# shellcheck disable=SC2086
		run 6 "no SNP guest, $options" "$tacit" derive snp -o key $options
		has err 'cannot derive a key: .*/dev/sev-guest' "says what is missing"
	done
	run 6 "with --json" "$tacit" derive snp --json -o key
	json out 'd["schema"] == "tacit.error/1" and d["exit"] == 6' "the error is JSON"
	echo old >key
	run 6 "over a file" "$tacit" derive snp -o key
	[ "$(cat key)" = old ]
	ok $? "leaves it as it was"
fi
[ "$(find . -name 'key*' ! -name key)" = "" ]
ok $? "nothing is left behind"
done_testing
