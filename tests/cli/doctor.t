#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# doctor: what it prints about the machine that the tests run on. Other machines, made of files,
# are in tests/unit/test_doctor.c.
. "$(dirname "$0")/lib.sh"
real=6
for device in /dev/nsm /dev/tdx_guest /dev/sev-guest /sys/kernel/config/tsm/report; do
	[ ! -e "$device" ] || real=unknown
done
if [ $real = unknown ] || grep -qs 7783-7084-3265-9085-8269-3286-77 \
	/sys/class/dmi/id/chassis_asset_tag; then
	"$tacit" doctor >/dev/null 2>&1
	real=$?
	[ $real -eq 0 ] || [ $real -eq 6 ]
	ok $? "a machine that may have a TEE gets 0 or 6"
fi

run $real "doctor" "$tacit" doctor
if [ "$real" -eq 6 ]; then
	[ "$(head -n 1 "$work/out")" = "this machine can attest nothing" ]
	ok $? "the verdict stands first"
	has "$work/out" '^  note +evidence.none' "and why"
	TACIT_TEE=stub run 6 "the environment changes nothing" "$tacit" doctor
else
	has "$work/out" '^this machine can attest: [a-z]' "the verdict stands first"
fi
ok "$(wc -c <"$work/err")" "nothing on stderr"
has "$work/out" '^  (note|ok|missing|broken) +machine.kind +this is a' "says what the machine is"
has "$work/out" '^  ok +clock.sane' "and that its clock is sane"
lacks "$work/out" 'network\.' "and asks nobody"
lacks "$work/out" '  -> .*--tee stub' "what mends a note is not said"
run $real "verbose" "$tacit" doctor -v
if [ "$real" -eq 6 ]; then
	has "$work/out" '^ +-> .*--tee stub' "says it"
fi
run $real "quiet" "$tacit" doctor -q
ok "$(wc -c <"$work/out")" "says nothing"
run $real "as JSON" "$tacit" doctor --json
json "$work/out" 'd["schema"] == "tacit.doctor/1" and set(d) == {"schema", "machine", "can_attest",
	"findings"} and bool(d["can_attest"]) == ('"$real"' == 0) and "stub" not in d["can_attest"]' \
	"one object"
json "$work/out" 'all(set(f) in ({"name", "level", "text"}, {"name", "level", "text", "mend"})
	and f["level"] in ("ok", "note", "missing", "broken") and f["text"] for f in d["findings"])' \
	"of findings"
json "$work/out" 'len({f["name"] for f in d["findings"]}) == len(d["findings"]) > 10' \
	"with names of their own"

# --network: where files name hosts is the unit test's; here everything has to end.
run $real "with --network" timeout 60 "$tacit" doctor --network --json
json "$work/out" '{"network.pccs", "network.kds"} <= {f["name"] for f in d["findings"]}' \
	"says who answered"
run 2 "an argument" "$tacit" doctor now
run 2 "an option it does not have" "$tacit" doctor --fix
before=$(find "$work" | sort)
(cd "$work" && "$tacit" doctor >/dev/null 2>&1)
[ "$before" = "$(find "$work" | sort)" ]
ok $? "leaves nothing behind"
done_testing
