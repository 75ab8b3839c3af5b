#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# measure snp and tdx: against a second computation in another language.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# Firmware of one page with sections, a reset block and a place for hashes; then what it measures.
cat >model.py <<'PY'
import hashlib, struct, sys
def guid(text):
    a, b, c, d, e = text.split("-")
    return struct.pack("<IHH", int(a, 16), int(b, 16), int(c, 16)) + bytes.fromhex(d + e)
SECTIONS = [(0x800000, 0x3000, 1), (0x803000, 0x1000, 2), (0x804000, 0x1000, 3), (0x805000, 0x1000, 16)]
def firmware():
    meta = b"ASEV" + struct.pack("<III", 16 + 12 * len(SECTIONS), 1, len(SECTIONS))
    meta += b"".join(struct.pack("<III", *s) for s in SECTIONS)
    def entry(data, name):
        return data + struct.pack("<H", len(data) + 18) + guid(name)
    table = entry(struct.pack("<II", 0x805400, 0x400), "7255371f-3a3b-4b04-927b-1da6efa8d454")
    table += entry(struct.pack("<I", 0x80b004), "00f771de-1a7e-4fcb-890e-68c77e2fb44e")
    table += entry(struct.pack("<I", 4096 - 256), "dc886566-984a-4798-a75e-5585a7bf67cc")
    table += struct.pack("<H", len(table) + 18) + guid("96b582de-1fb2-45f7-baea-a366c55a082d")
    image = bytearray(b"\x55" * 4096)
    image[256:256 + len(meta)] = meta
    image[4096 - 32 - len(table):4096 - 32] = table
    return bytes(image)
class Digest:
    def __init__(self): self.ld = bytes(48)
    def info(self, kind, gpa, contents=bytes(48)):
        self.ld = hashlib.sha384(self.ld + contents + struct.pack("<HBBIQ", 0x70, kind, 0, 0, gpa)).digest()
    def page(self, kind, gpa, page): self.info(kind, gpa, hashlib.sha384(page).digest())
def vmsa(eip, sig, features):
    p = bytearray(4096)
    def seg(at, sel, attr, base=0): struct.pack_into("<HHIQ", p, at, sel, attr, 0xffff, base)
    for at, attr in ((0, 0x93), (0x20, 0x93), (0x30, 0x93), (0x40, 0x93), (0x50, 0x93), (0x60, 0),
                     (0x70, 0x82), (0x80, 0), (0x90, 0x8b)):
        seg(at, 0, attr)
    seg(0x10, 0xf000, 0x9b, eip & 0xffff0000)
    for at, value in ((0xd0, 0x1000), (0x148, 0x40), (0x158, 0x10), (0x160, 0x400),
                      (0x168, 0xffff0ff0), (0x170, 2), (0x178, eip & 0xffff),
                      (0x268, 0x7040600070406), (0x310, sig), (0x3b0, features), (0x3e8, 1),
                      (0x408, 0x1f80), (0x410, 0x37f)):
        struct.pack_into("<Q", p, at, value)
    return bytes(p)
def measure(vcpus, sig, features, gpa, boot):
    d = Digest()
    d.page(1, (1 << 32) - 4096, firmware())
    for base, size, kind in SECTIONS:
        if kind == 16 and boot:
            table = guid("9438d606-4f22-4cc9-b479-a793d411fd21") + struct.pack("<H", 168)
            for name, data in zip(("97d02dd8-bd20-4c94-aa78-e7714d36ab2a",
                                   "44baf731-3a2f-4bd7-9af1-41e29169781d",
                                   "4de79437-abd2-427f-b835-d5b172d2045b"), boot):
                table += guid(name) + struct.pack("<H", 50) + hashlib.sha256(data).digest()
            d.page(1, base, bytes(0x400) + table + bytes(4096 - 0x400 - len(table)))
        else:
            for at in range(0, size, 4096):
                d.info({1: 3, 2: 5, 3: 6, 16: 3}[kind], base + at)
    for i in range(vcpus):
        d.page(2, gpa, vmsa(0xfffffff0 if i == 0 else 0x80b004, sig, features))
    return d.ld.hex()
open("ovmf.fd", "wb").write(firmware())
open("kernel", "wb").write(b"kernel\n")
open("initrd", "wb").write(b"initrd\n")
open("plain", "w").write(measure(3, 0xa00f11, 1, 0xfffffffff000, None))
open("wide", "w").write(measure(1, 0xa10f10, 0x21, 0xffffffffff000, None))
open("boot", "w").write(measure(1, 0x800f12, 1, 0xfffffffff000, (b"quiet\0", b"initrd\n", b"kernel\n")))
open("bare", "w").write(measure(1, 0x800f12, 1, 0xfffffffff000, (b"\0", b"", b"kernel\n")))
PY
python3 model.py || skip_all "python3 is missing"

snp() { "$tacit" measure snp --ovmf ovmf.fd "$@"; }
same() { # FILE NAME: what was printed is that digest, and nothing else
	[ "$(cat out)" = "$(cat "$1")" ]
	ok $? "$2"
}

run 0 "three vCPUs" snp --vcpus 3 --vcpu-type EPYC-Milan-v2
same plain "as computed elsewhere"
run 0 "by signature" snp --vcpus 3 --vcpu-sig 00a00f11
same plain "the same"
run 0 "52 bits, DebugSwap" snp --vcpus 1 --vcpu-type EPYC-Genoa --guest-features 21 --address-bits 52
same wide "as computed elsewhere"
run 0 "direct boot" snp --vcpus 1 --vcpu-type EPYC --kernel kernel --initrd initrd --append quiet
same boot "as computed elsewhere"
run 0 "a kernel alone" snp --vcpus 1 --vcpu-type EPYC --kernel kernel
same bare "as computed elsewhere"
run 0 "as JSON" snp --json --vcpus 3 --vcpu-type EPYC-Milan
grep -q "\"measurement\":\"$(cat plain)\".*\"vmsa_convention\":\"48-bit\"" out
ok $? "with the digest and the convention"
run 0 "with words" snp -v --vcpus 1 --vcpu-type EPYC-Genoa --guest-features 21 --address-bits 52
has err '0xffffffffff000.*52 bits' "says where VMSAs are"
for vmm in ec2 gce; do
	run 0 "$vmm needs no model" snp --vcpus 2 --vmm-type $vmm
done

run 2 "no firmware" "$tacit" measure snp --vcpus 1 --vcpu-type EPYC
run 2 "no number of vCPUs" snp --vcpu-type EPYC
run 2 "no vCPU model" snp --vcpus 1
run 2 "an unknown model" snp --vcpus 1 --vcpu-type Skylake
run 2 "two models" snp --vcpus 1 --vcpu-type EPYC --vcpu-sig 00800f12
run 2 "a ramdisk without a kernel" snp --vcpus 1 --vcpu-type EPYC --initrd initrd
run 2 "an unknown hypervisor" snp --vcpus 1 --vmm-type xen
run 2 "49 bits" snp --vcpus 1 --vcpu-type EPYC --address-bits 49
run 2 "4097 vCPUs" snp --vcpus 4097 --vcpu-type EPYC
run 5 "firmware that is not there" "$tacit" measure snp --ovmf none --vcpus 1 --vcpu-type EPYC
run 5 "a kernel that is not there" snp --vcpus 1 --vcpu-type EPYC --kernel none
run 3 "no firmware at all" "$tacit" measure snp --ovmf kernel --vcpus 1 --vcpu-type EPYC
has err 'cannot measure' "says so"

# --- measure tdx: a log of our own ---------------------------------------------------------------
python3 - <<'PY' >registers
import hashlib, struct
head = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, 1) + struct.pack("<HH", 0xc, 48) + b"\0"
log = struct.pack("<II20sI", 0, 3, bytes(20), len(head)) + head
rtmr = [bytes(48)] * 4
for index, text in ((1, b"a"), (2, b"b"), (2, b"c"), (3, b"d"), (4, b"e"), (1, b"f")):
    digest = hashlib.sha384(text).digest()
    log += struct.pack("<IIIH", index, 0xd, 1, 0xc) + digest + struct.pack("<I", len(text)) + text
    rtmr[index - 1] = hashlib.sha384(rtmr[index - 1] + digest).digest()
open("log", "wb").write(log + b"\xff" * 100)
open("cut", "wb").write(log[:-1])
for i in range(3):
    print(f"rtmr{i}", rtmr[i].hex())
PY
run 0 "an event log" "$tacit" measure tdx --ccel log
cmp -s out registers
ok $? "its registers"
has err 'RTMR3' "and a word on the one that it does not decide"
run 0 "as JSON" "$tacit" measure tdx --json --ccel log
json out "d['measurements']['rtmr2'] == '$(sed -n 's/rtmr2 //p' registers)'" "the same registers"
run 3 "a log that is cut" "$tacit" measure tdx --ccel cut
run 3 "no log" "$tacit" measure tdx --ccel registers
run 5 "a log that is not there" "$tacit" measure tdx --ccel none
run 2 "no log named" "$tacit" measure tdx
done_testing
