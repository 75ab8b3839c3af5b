#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run, ps, console, stop: against a stand-in of /dev/nitro_enclaves (tests/preload/enclaves.c) with
# every error that its driver has, and what is kept of enclaves that run. tests/emulation/run.t
# boots one.
. "$(dirname "$0")/lib.sh"
stand_in=$(dirname "$(realpath "$tacit")")/tools/enclaves.so
[ -f "$stand_in" ] || skip_all "$stand_in is not there"
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
state=$XDG_RUNTIME_DIR/tacit
no_tee='NO TEE'

# ---- an image, and what is no image ----------------------------------------------------------
head -c 3000000 /dev/urandom >"$work/kernel"
head -c 100000 /dev/urandom >"$work/app"
image=$work/an\ image.eif
"$tacit" eif build -q --kernel "$work/kernel" --init "$work/app" --file "$work/app:/app" --arg /app -o "$image" \
	>"$work/measured" || exit 1
pcr0=$(sed -n 's/.*"PCR0": "\(.*\)".*/\1/p' "$work/measured")
head -c 1000000 "$image" >"$work/cut.eif"
cp "$image" "$work/damaged.eif"
printf X | dd of="$work/damaged.eif" bs=1 seek=500000 conv=notrunc status=none

# ---- without enclaves --------------------------------------------------------------------------
if [ -e /dev/nitro_enclaves ]; then
	skip "a machine without enclaves" "this one has them"
else
	run 6 "a machine without enclaves" "$tacit" run --eif "$image"
	has "$work/err" "/dev/nitro_enclaves is not there" "names what is missing"
	has "$work/err" "hint: .*tacit doctor.*--emulate .*NO TEE" "and what can be done"
	run 6 "the same as JSON" "$tacit" run --json --eif "$image"
	json "$work/out" 'd["schema"] == "tacit.error/1" and d["status"] == "UNSUPPORTED"' "an error"
fi
[ ! -e "$state" ]
ok $? "and leaves nothing behind"
run 2 "no image" "$tacit" run
run 2 "an argument" "$tacit" run --eif "$image" more
run 2 "a CID that is reserved" "$tacit" run --eif "$image" --cid 3
run 2 "the CID of nobody" "$tacit" run --eif "$image" --cid 4294967295
run 2 "no CPU" "$tacit" run --eif "$image" --cpu 0
run 2 "too little memory" "$tacit" run --eif "$image" --memory 63
run 2 "a port without emulation" "$tacit" run --eif "$image" --port 5005
run 2 "a root without emulation" "$tacit" run --eif "$image" --test-root "$work/root.der"
run 2 "what is no port" "$tacit" run --emulate --eif "$image" --port 5005=/etc/passwd
run 2 "a port of the host without emulation" "$tacit" run --eif "$image" --host-port 8001=/s
for port in '' 8001 8001= 8001=s =/s x8001=/s 1234567890=/s; do
	run 2 "no port of the host: '$port'" "$tacit" run --emulate --eif "$image" --host-port "$port"
done
run 2 "no port at all" "$tacit" run --emulate --eif "$image" --port ''

# ---- it runs -----------------------------------------------------------------------------------
export ENCLAVES=$work/vsock
mkdir "$ENCLAVES"
enclave() { # OPTIONS...: tacit run on the parent instance
	rm -f "$ENCLAVES"/*
	LD_PRELOAD=$stand_in timeout 60 "$tacit" run --eif "$image" --cpu 2 --memory 256 "$@"
}
run 0 "an enclave" enclave --cid 16 --detach
has "$work/out" '^enclave-[0-9a-f]{8} runs: CID 16, 2 CPUs, 256 MiB$' "says what runs"
has "$work/out" "^  PCR0 +$pcr0\$" "what it measures"
has "$work/out" '^  relay +tacit relay --listen tcp:0.0.0.0:8443 --to vsock:16:8443$' "the relay"
has "$work/out" '^  client +tacit infer --server tcp:HOST:8443 --policy POLICY.json Hello$' \
	"and the client's command line"
lacks "$work/out" "console|$no_tee|insecure" "no console, and nothing insecure"
id=$(sed -n 's/ runs: .*//p' "$work/out")
[ "$(cat "$ENCLAVES/given")" = "cpus 2 memory 268435456 regions 1 cid 16 flags 0" ]
ok $? "the driver was given that"
cmp -n "$(stat -c %s "$image")" "$image" "$ENCLAVES/image" >"$work/out" 2>&1
ok $? "with the image at its place"
[ "$(cat "$ENCLAVES/beat")" = "was answered" ]
ok $? "its heartbeat was answered"
[ ! -S "$ENCLAVES/port-9000" ] || ! python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$ENCLAVES/port-9000" 2>/dev/null
ok $? "and nobody listens for more"
[ "$(stat -c %a "$state") $(stat -c %a "$state/$id.json") $(stat -c %a "$state/$id")" = "700 600 700" ]
ok $? "what is kept is for its user alone"
json "$state/$id.json" 'd["schema"] == "tacit.enclave/1" and d["state"] == "running" and
	d["tee"] == "nitro" and d["insecure"] == [] and d["cid"] == 16 and d["memory_mib"] == 256 and
	d["Measurements"]["PCR0"] == "'"$pcr0"'" and not d["emulated"]' "a record of it"
run 0 "ps" "$tacit" ps
has "$work/out" "^$id +running +16 +2 +256 .*/an image.eif\$" "lists it"
run 0 "ps as JSON" "$tacit" ps --json
json "$work/out" 'd["schema"] == "tacit.ps/1" and [e["id"] for e in d["enclaves"]] == ["'"$id"'"]' \
	"the same"
run 6 "an enclave that is no debug one has no console" "$tacit" console "$id"
has "$work/err" "debug mode only" "which is said"
run 0 "stop" "$tacit" stop "$id"
has "$work/err" "$id is stopped" "says so"
[ -z "$(ls -A "$state")" ]
ok $? "nothing is left of it"
run 0 "ps with nothing to list" "$tacit" ps
ok "$(wc -c <"$work/out")" "lists nothing"
run 5 "stopping it again" "$tacit" stop "$id"
has "$work/err" "no such enclave" "there is none"
run 0 "stopping all of none" "$tacit" stop --all

run 0 "as JSON, in debug mode, anywhere" enclave --detach --debug-mode --json
json "$work/out" 'd["schema"] == "tacit.run/1" and d["debug"] and d["cid"] == 42 and
	d["relay"][-1] == "vsock:42:8443" and "--insecure-allow-debug" in d["client"] and
	"--policy" not in d["client"] and d["test_root"] is None' "one object"
[ "$(cat "$ENCLAVES/given")" = "cpus 2 memory 268435456 regions 1 cid 42 flags 1" ]
ok $? "the driver knows that it is a debug one"
id=$(sed 's/.*"id":"\([^"]*\)".*/\1/; s/.*"id": "\([^"]*\)".*/\1/' "$work/out")
echo >"$ENCLAVES/end"
until_true [ ! -e "$state/$id.json" ]
ok $? "an enclave that ends by itself takes its record along"

# The console is at CID 0, whose port is the enclave's CID and 10000.
say_something() { exec python3 -c 'import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + "/soon")
s.listen()
os.rename(sys.argv[1] + "/soon", sys.argv[1] + "/cid-0-10016")
c, _ = s.accept()
c.sendall(b"hello from the console\n")
time.sleep(30)' "$ENCLAVES"; }
foreground() { # NAME: an enclave in the foreground; its output goes to $work/NAME
	rm -f "$ENCLAVES"/* "$work/$1" "$work/$1.err" # what is waited for is this one's
	say_something 2>/dev/null &
	started+=($!)
	until_true [ -S "$ENCLAVES/cid-0-10016" ]
	LD_PRELOAD=$stand_in "$tacit" run --eif "$image" --cpu 2 --memory 256 --cid 16 --debug-mode \
		>"$work/$1" 2>"$work/$1.err" </dev/null &
	process=$!
	started+=($process)
	until_true grep -q 'runs: CID 16' "$work/$1.err"
	until_true grep -q 'hello' "$work/$1"
}
for signal in TERM INT HUP; do
	foreground front
	if [ $signal = TERM ]; then
		has "$work/front" '^hello from the console$' "in the foreground the console is shown"
		id=$(sed -n 's/ runs: .*//p' "$work/front.err")
		shows() {
			timeout 1 "$tacit" console "$id" >"$work/out" 2>/dev/null
			grep -q hello "$work/out"
		}
		until_true shows
		has "$work/out" '^hello from the console$' "and by 'console', from the start"
		has "$work/front.err" "^  console +tacit console $id\$" "whose command line is there"
	fi
	kill -s $signal $process
	wait $process
	ok $? "SIG$signal ends it well"
	has "$work/front.err" 'is stopped$' "and says so"
	[ -z "$(ls -A "$state")" ]
	ok $? "with nothing left"
done

# ---- leftovers ---------------------------------------------------------------------------------
foreground killed
id=$(sed -n 's/ runs: .*//p' "$work/killed.err")
kill -s KILL $process
wait $process 2>/dev/null
run 0 "after a kill" "$tacit" ps
has "$work/out" "^$id +gone " "it is listed as gone"
run 5 "there is no console" "$tacit" console "$id"
has "$work/err" "is gone" "and why"
sed "s/$id/enclave-00000000/; s/\"pid\": [0-9]*/\"pid\": $$/" "$state/$id.json" \
	>"$state/enclave-00000000.json"
run 0 "a record with another's process is stopped" "$tacit" stop enclave-00000000
has "$work/err" "was gone" "as a leftover: the process was not touched"
cp "$state/$id.json" "$state/enclave-11111111.json"
ln -s "$state/$id.json" "$state/enclave-22222222.json"
echo '{}' >"$state/enclave-33333333.json"
mkdir "$state/enclave-44444444.json"
: >"$state/.json"
run 0 "what is no record of ours" "$tacit" ps --json
json "$work/out" '[e["id"] for e in d["enclaves"]] == ["'"$id"'"]' "is not listed"
run 3 "nor stopped" "$tacit" stop enclave-11111111
run 2 "an id with a path in it" "$tacit" stop ../run/tacit/enclave-11111111
rm -rf "$state"/enclave-{11111111,22222222,33333333,44444444}.json "$state/.json"
run 0 "stop --all as JSON" "$tacit" stop --all --json
json "$work/out" 'd == {"schema": "tacit.stop/1", "stopped": ["'"$id"'"]}' "clears it away"
[ -z "$(ls -A "$state")" ]
ok $? "all of it"
run 2 "stop wants an id" "$tacit" stop
run 2 "or --all, not both" "$tacit" stop --all "$id"
run 2 "console wants one too" "$tacit" console
run 5 "of an enclave that is there" "$tacit" console "$id"

# ---- places ------------------------------------------------------------------------------------
chmod 770 "$state"
run 5 "a folder that others write to" enclave --detach
has "$work/err" "no folder that this user alone writes to" "is not used"
run 5 "nor looked at" "$tacit" ps
rmdir "$state"
ln -s /tmp "$state"
run 5 "nor a link" enclave --detach
rm "$state"
XDG_RUNTIME_DIR=$work/none run 5 "a folder that is not there" enclave --detach
long=$work/$(printf 'x%.0s' {1..90})
mkdir -m 700 "$long"
XDG_RUNTIME_DIR=$long run 2 "one that is too long for sockets" enclave --detach --debug-mode
has "$work/err" "too long for the names of sockets" "says so"
[ -z "$(ls -A "$long/tacit")" ]
ok $? "and leaves nothing"

# ---- what an enclave cannot have ---------------------------------------------------------------
run 3 "an image that is cut" enclave --eif "$work/cut.eif" --detach
run 3 "one that is damaged" enclave --eif "$work/damaged.eif" --detach
run 3 "what is none" enclave --eif "$work/app" --detach
run 5 "one that is not there" enclave --eif "$work/none.eif" --detach
run 2 "memory that is not in pages" enclave --memory 255 --detach
has "$work/err" "multiples of 2 MiB" "says so"
head -c 30000000 /dev/zero >"$work/large"
"$tacit" eif build -q --kernel "$work/kernel" --init "$work/app" --file "$work/large:/app" --arg /app \
	-o "$work/large.eif" >/dev/null
run 2 "an image that is too large for its memory" enclave --eif "$work/large.eif" --memory 100 \
	--detach
has "$work/err" "wants 4 times that: --memory 12[68] or more" "says how much is enough"
run 0 "which is enough" enclave --eif "$work/large.eif" --memory 128 --detach
"$tacit" stop -q --all
ENCLAVES_HUGE_MIB=200 run 5 "more memory than there is" enclave --detach
has "$work/err" "56 of 256 MiB are not there in huge pages; see .*allocator.yaml" "says how much"
run 2 "half a core" enclave --cpu 3 --detach
has "$work/err" "CPUs come in whole cores" "says so"
run 5 "more CPUs than there are" enclave --cpu 6 --detach
has "$work/err" "not enough CPUs are reserved; see .*allocator.yaml" "says so"

# ---- every error of the driver -------------------------------------------------------------------
fault() { # CODE STEP ERRNO WORDS
	ENCLAVES_FAULT="$2 $3" run "$1" "$2: error $3" enclave --detach
	has "$work/err" "$4" "is told"
}
fault 6 open 2 "is not there"
fault 6 open 19 "is not there"
fault 5 open 13 "be root, or in the group 'ne'"
fault 5 open 16 "/dev/nitro_enclaves: Device or resource busy"
fault 5 create 12 "cannot make an enclave: not enough memory"
fault 5 create 272 "cannot make an enclave: not enough CPUs are reserved"
fault 5 create 14 "Bad address"
fault 70 info 270 "runs already"
fault 6 info 274 "does not know a flag"
fault 5 memory 5 "cannot give memory: Input/output error"
fault 5 memory 22 "Invalid argument"
fault 2 memory 259 "multiples of 2 MiB"
fault 70 memory 260 "an address that is none"
fault 70 memory 261 "not aligned"
fault 70 memory 262 "given before"
fault 5 memory 263 "not in huge pages"
fault 5 memory 264 "different NUMA nodes"
fault 5 memory 265 "too many pieces"
fault 5 memory 273 "not of 2 MiB or more"
fault 5 cpu 256 "in use by an enclave"
fault 5 cpu 257 "the CPU is not reserved"
fault 5 cpu 258 "the CPU's core is not reserved"
fault 5 cpu 271 "no such CPU"
fault 70 start 266 "no memory was given"
fault 70 start 267 "no CPUs were given"
fault 2 start 268 "64 MiB at least"
fault 2 start 269 "whole cores"
fault 2 start 275 "the CID is reserved"
fault 5 start 110 "cannot start the enclave: Connection timed out"
[ -z "$(ls -A "$state")" ]
ok $? "none of them left anything"

# ---- signs of life -------------------------------------------------------------------------------
ENCLAVES_BEAT=none run 5 "no heartbeat" enclave --detach --timeout 1
has "$work/err" "no sign of life in 1 seconds" "is no start"
ENCLAVES_BEAT=wrong run 5 "the wrong byte" enclave --detach --timeout 1
[ ! -e "$ENCLAVES/wrong" ]
ok $? "is not answered"
ENCLAVES_BEAT=stranger run 0 "another enclave's heartbeat" enclave --detach --timeout 10
[ ! -e "$ENCLAVES/stranger" ] && [ -e "$ENCLAVES/beat" ]
ok $? "is not answered, and its own is"
"$tacit" stop -q --all
silent() { # OPTIONS...: an enclave that ends as soon as it has begun
	rm -f "$ENCLAVES"/*
	(until_true [ -e "$ENCLAVES/given" ] && : >"$ENCLAVES/end") &
	enclave "$@"
}
ENCLAVES_BEAT=none run 5 "an enclave that ends before" silent --detach
has "$work/err" "it ended before it was up" "says so"
[ -z "$(ls -A "$state")" ]
ok $? "nothing is left"

# ---- emulation -----------------------------------------------------------------------------------
if [ -x "$(dirname "$(realpath "$tacit")")/tacit-emulator" ]; then
	mkdir "$work/bin"
	emulate() { PATH=$work/bin /usr/bin/timeout 60 "$tacit" run --emulate --eif "$image" "$@"; }
	run 6 "emulation without QEMU" emulate
	has "$work/err" "qemu-system-x86_64 is not in PATH" "names it"
	has "$work/err" "warning: --emulate: this is $no_tee" "and what it would be"
	printf '#!/bin/sh\necho this QEMU is too old >&2\nexit 1\n' >"$work/bin/qemu-system-x86_64"
	chmod 755 "$work/bin/qemu-system-x86_64"
	run 6 "without vhost-device-vsock" emulate
	has "$work/err" "vhost-device-vsock is not in PATH" "names it"
	printf '#!/bin/sh\necho no such option >&2\nexit 1\n' >"$work/bin/vhost-device-vsock"
	chmod 755 "$work/bin/vhost-device-vsock"
	run 5 "with one that ends" emulate
	has "$work/err" "vhost-device-vsock did not start: no such option" "says why"
	cat >"$work/bin/vhost-device-vsock" <<'SH'
#!/bin/sh
socket=${2#*,socket=}
: >"${socket%%,*}"
exec /bin/sleep 60
SH
	run 5 "with a QEMU that ends" emulate
	has "$work/err" "it ended before it was up: this QEMU is too old" "says why"
	cat >"$work/bin/qemu-system-x86_64" <<'SH'
#!/bin/sh
echo "qemu: -device $*: 'vhost-user-test-device' is not a valid device model name" >&2
exit 1
SH
	run 5 "with a QEMU that is too old" emulate
	has "$work/err" "it ended before it was up: this QEMU is older than 10.2: \
'vhost-user-test-device' is not a valid device model name\$" "says so in short, and in QEMU's words"
	cat >"$work/bin/qemu-system-x86_64" <<'SH'
#!/bin/sh
echo "$@" >"$ENCLAVES/qemu"
exec /bin/sleep 60
SH
	run 5 "with a QEMU that says nothing" emulate --timeout 1 --cpu 3 --memory 77
	has "$work/err" "no sign of life in 1 seconds" "gives up"
	has "$ENCLAVES/qemu" "-M microvm,acpi=off,memory-backend=m .*-smp 3 -m 77 .*-append \
tacit.heartbeat=2:9000 reboot=k .* vhost-user-test-device,chardev" "having asked for it"
	[ -z "$(ls -A "$state")" ]
	ok $? "nothing is left"
	nobody() { ! pgrep -f "$work/(run|bin)" >"$work/out"; }
	nobody
	ok $? "and nobody"

	# One that comes up, as far as anybody here can tell.
	cat >"$work/bin/qemu-system-x86_64" <<'SH'
#!/bin/sh
folder=${*#*id=vsock,path=}
folder=${folder%%/vhost *}
exec /usr/bin/env python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1] + "/vsock_9000")
s.sendall(b"\xb7")
print("the answer is", s.recv(1).hex(), flush=True)
time.sleep(60)' "$folder"
SH
	sed -i 's|^exec /bin/sleep 60|exec /bin/sleep 60.25|' "$work/bin/vhost-device-vsock"
	path=$work/bin:$PATH
	up() { # NAME [OPTIONS...]: a run in the foreground; its output goes to $work/NAME
		local name=$1
		shift
		rm -f "$work/$name" "$work/$name.err"
		PATH=$path "$tacit" run --emulate --eif "$image" "$@" >"$work/$name" \
			2>"$work/$name.err" </dev/null &
		process=$!
		started+=($process)
		until_true grep -q "answer is b7" "$work/$name"
		until_true grep -q "runs: " "$work/$name.err"
	}
	up emulated --host-port 8001="$work/egress"
	[ "$(readlink "$state"/emulated-*/vsock_8001)" = "$work/egress" ]
	ok $? "a port of the host leads to the socket that was named"
	has "$work/emulated.err" "runs: CID 16, .*, $no_tee" "one that comes up is named"
	has "$work/emulated.err" "^  client .* --insecure-test-root $state/.*/root.der Hello" \
		"and so is the root that it was given"
	pkill -f "sleep 60.25" -P $process
	wait $process
	[ $? -eq 5 ]
	ok $? "the end of what it stands on is an error"
	has "$work/emulated.err" "vhost-device-vsock has ended, which it stands on" "and named"
	[ -z "$(ls -A "$state")" ] && nobody
	ok $? "nothing and nobody is left"
	up emulated
	children=$(pgrep -P $process)
	kill -s KILL $process
	wait $process 2>/dev/null
	gone() { for child in $children; do [ ! -e "/proc/$child" ] || return 1; done; }
	[ "$(wc -w <<<"$children")" -eq 3 ] && until_true gone
	ok $? "when it is killed, none of the three is left either"
	run 0 "stop" "$tacit" stop --all
	has "$work/err" "was gone \(it was $no_tee" "clears the rest away"
	up emulated --debug-mode
	has "$work/emulated.err" "client .* --insecure-no-policy --insecure-allow-debug" \
		"a debug one wants more from its client"
	[ ! -e "$(echo "$state"/*/measurements)" ]
	ok $? "and its module is told no measurements"
	kill -s TERM $process
	wait $process
	ok $? "it ends well"
	has "$work/emulated.err" "is stopped \(it was $no_tee" "with what it was"

	# What comes while nobody looks is all there at the next look.
	cat >"$work/bin/qemu-system-x86_64" <<'SH'
#!/bin/sh
folder=${*#*id=vsock,path=}
folder=${folder%%/vhost *}
exec /usr/bin/env python3 -c 'import os, signal, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1] + "/vsock_9000")
time.sleep(0.5)
parent = os.getppid()
os.kill(parent, signal.SIGSTOP)
time.sleep(0.2)
s.sendall(b"\xb7")
if os.fork() == 0:
    time.sleep(0.5)
    os.kill(parent, signal.SIGCONT)
    time.sleep(0.5)' "$folder"
SH
	PATH=$path run 0 "one that ends as it comes up" timeout 20 "$tacit" run --emulate --eif "$image"
	has "$work/err" "emulated-.* has ended .it was $no_tee" "is noticed to have ended"

	run 0 "a root alone" "$tacit" run --emulate --test-root "$work/root.der"
	[ "$(stat -c %a "$work/root.der.key")" = 600 ] &&
		openssl x509 -inform der -in "$work/root.der" -noout
	ok $? "is made, and its key is nobody else's"
	sum=$(cat "$work/root.der" "$work/root.der.key" | sha256sum)
	run 0 "and taken the next time" "$tacit" run --emulate --test-root "$work/root.der" --json
	json "$work/out" 'd["schema"] == "tacit.run/1" and d["test_root"].endswith("/root.der")' \
		"as JSON"
	[ "$sum" = "$(cat "$work/root.der" "$work/root.der.key" | sha256sum)" ]
	ok $? "as it was"
	"$tacit" run -q --emulate --test-root "$work/other.der" 2>/dev/null
	cp "$work/other.der" "$work/root.der"
	run 5 "another's key" "$tacit" run --emulate --test-root "$work/root.der"
	PATH=$path run 5 "for an enclave" "$tacit" run --emulate --test-root "$work/root.der" \
		--eif "$image" --timeout 5
	has "$work/err" "tacit-emulator did not start: .*no certificate of that key" "the same"
	rm "$work/root.der"
	run 5 "a key without its root" "$tacit" run --emulate --test-root "$work/root.der"
	[ ! -e "$work/root.der" ]
	ok $? "is not given a new one"
	echo none >"$work/root.der.key"
	: >"$work/root.der"
	run 5 "what is no key" "$tacit" run --emulate --test-root "$work/root.der"
else
	skip "emulation" "tacit-emulator is not built"
fi
done_testing
