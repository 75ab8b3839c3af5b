/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor in a Nitro enclave, and on the machine that starts enclaves. */
#include "doctor_util.h"
#include "sys/doctor_inside.h"
#include "tests/pki/nitro.h"

static void test_enclave(void)
{
	start_machine("hypervisor");
	put("/dev/nsm", "");
	put("/dev/vsock", "");
	a = (struct answers){ .tee = TACIT_TEE_NITRO, .cid = 16 };
	put("/proc/config.gz", "not text");
	a.config = "CONFIG_NSM=y\nCONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\nCONFIG_VIRTIO_VSOCKETS=y\n"
		   "CONFIG_VSOCKETS_LOOPBACK=y\n";
	examine("nitro-enclave");
	attests(TACIT_TEE_NITRO);
	finds("nitro.device", "ok", "/dev/nsm can be opened", NULL);
	finds("evidence.nitro", "ok", "0 bytes", NULL);
	finds("kernel.nitro", "ok", "6.12.1-test", NULL);
	finds("vsock.device", "ok", "CID is 16", NULL);
	finds("vsock.loopback", "ok", "CID 1", NULL);
	finds("clock.synchronised", "note", "drift", "/dev/ptp0");
	ok(!find("evidence.none") && !find("clock.offset"), "and what was not found is not said");

	a.config = "CONFIG_NSM=m\n# CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES is not set\n"
		   "CONFIG_VIRTIO_VSOCKETS=y\nXCONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n";
	examine("nitro-enclave");
	finds("kernel.nitro", "missing", "without CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES", "kernel");
	a.config = "CONFIG_NSM=m\nCONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\nCONFIG_VIRTIO_VSOCKETS=y\n";
	examine("nitro-enclave");
	finds("kernel.nitro", "missing", "not loaded: nsm", "modprobe -a nsm");
	put("/proc/modules", "virtio 1 0 - Live 0x0\nnsm 16384 0 - Live 0x0\n");
	examine("nitro-enclave");
	finds("kernel.nitro", "ok", "has what", NULL);
	a.config = NULL;
	examine("nitro-enclave");
	finds("kernel.nitro", "note", "cannot be read", "configs");
	put("/boot/config-6.12.1-test", "CONFIG_NSM=y\n");
	examine("nitro-enclave");
	finds("kernel.nitro", "missing", "CONFIG_VIRTIO_VSOCKETS", "kernel");
}

static void test_enclave_faults(void)
{
	start_machine("hypervisor");
	put("/sys/bus/virtio/devices/virtio0/device", "0x0001\n");
	put("/sys/bus/virtio/devices/virtio1/device", "0x0021\n");
	a = (struct answers){ 0 };
	examine("nitro-enclave");
	attests(TACIT_TEE_NONE);
	finds("nitro.device", "missing", "Nitro Secure Module", "modprobe nsm");
	finds("vsock.device", "missing", "no /dev/vsock", "modprobe vsock");
	finds("evidence.none", "note", "gave evidence", "stub");
	put("/dev/nsm", "");
	put("/dev/vsock", "");
	a.open_code = EACCES;
	a.refusal = TACIT_DENIED;
	a.cid_code = EACCES;
	examine("nitro-enclave");
	attests(TACIT_TEE_NONE);
	finds("nitro.device", "broken", "Permission denied", "chmod");
	finds("evidence.nitro", "broken", "fake refusal of nitro", "sudo tacit doctor");
	finds("vsock.device", "broken", "no CID", "chmod");
	a.open_code = ENXIO;
	a.refusal = TACIT_IO;
	a.cid_code = 0;
	a.cid = UINT32_MAX;
	examine("nitro-enclave");
	finds("nitro.device", "broken", "No such device", "modprobe nsm");
	finds("evidence.nitro", "broken", "fake refusal", "dmesg");
	finds("vsock.device", "broken", "no transport", "vsock_loopback");
	a.refusal = TACIT_UNSUPPORTED;
	examine("nitro-enclave");
	finds("evidence.nitro", "missing", "fake refusal", "dmesg");
}

static void test_document_clock(void)
{
	static struct nitro_pki pki;
	const struct nitro_spec spec = { .now = NOW };
	int64_t then = 0;

	nitro_pki_init(&pki);
	struct tacit_slice document = nitro_document(&pki, &spec);
	start_machine("hypervisor");
	put("/dev/nsm", "");
	a = (struct answers){ .tee = TACIT_TEE_NITRO, .evidence = document };
	ok(tacit_doctor_document_time(document, &then), "a document says when it was made");
	const struct {
		int64_t off;
		const char *level, *text, *mend;
	} CASES[] = {
		{ 0, "ok", "0 s from", NULL },
		{ 60, "ok", "60 s from", NULL },
		{ -60, "ok", "60 s from", NULL },
		{ 61, "broken", "61 s ahead of", "ptp0" },
		{ -61, "broken", "61 s behind", "ptp0" },
	};
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		a.now = then + CASES[i].off;
		examine("nitro-enclave");
		finds("clock.offset", CASES[i].level, CASES[i].text, CASES[i].mend);
	}
	document.len--;
	ok(!tacit_doctor_document_time(document, &then), "a cut one does not");
	a.evidence = document;
	examine("nitro-enclave");
	ok(!find("clock.offset"), "and is no clock");
	pki_done();
}

static void test_parent(void)
{
	start_machine("hypervisor");
	put("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
	a = (struct answers){ 0 };
	examine("ec2-instance");
	attests(TACIT_TEE_NONE);
	finds("nitro.host", "missing", "no /dev/nitro_enclaves", "modprobe nitro_enclaves");
	finds("kernel.parent", "note", "cannot be read", "configs");
	put("/proc/modules", "nitro_enclaves 1 0\n");
	examine("ec2-instance");
	finds("nitro.host", "missing", "no /dev/nitro_enclaves", "Enabled=true");
	put("/dev/nitro_enclaves", "");
	examine("ec2-instance");
	finds("nitro.host", "ok", "enclaves can run", NULL);
	finds("nitro.allocator", "missing", "allocator.yaml", "dnf install");
	ok(!find("nitro.hugepages"), "without a file there is nothing to compare");
	finds("vsock.device", "missing", "no /dev/vsock", "modprobe");
	put("/etc/nitro_enclaves/allocator.yaml",
	    "---\n# memory_mib: 9\nmemory_mib: 512\n\ncpu_count: 2\n");
	examine("ec2-instance");
	finds("nitro.allocator", "ok", "512 MiB and 2 processors", NULL);
	finds("nitro.hugepages", "missing", "0 MiB in huge pages", "restart");
	finds("nitro.cpus", "missing", "none", "restart");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "255\n");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "3\n");
	examine("ec2-instance");
	finds("nitro.hugepages", "missing", "510 MiB in huge pages, 6 MiB free", "restart");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "256\n");
	put("/sys/module/nitro_enclaves/parameters/ne_cpus", "1,3\n");
	examine("ec2-instance");
	finds("nitro.hugepages", "ok", "512 MiB", NULL);
	finds("nitro.cpus", "ok", "1,3", NULL);
	put("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "2\n");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "99999999999999999999\n");
	examine("ec2-instance");
	finds("nitro.hugepages", "ok", "2048 MiB", NULL);
	a.open_code = EACCES;
	examine("ec2-instance");
	finds("nitro.host", "broken", "Permission denied", "usermod -aG ne");
	attests(TACIT_TEE_NONE);
}

static void test_allocator(void)
{
	static const struct {
		const char *yaml, *level;
	} CASES[] = {
		{ "memory_mib: 64\ncpu_count: 1\n", "ok" },
		{ "memory_mib: 63\ncpu_count: 1\n", "broken" },
		{ "memory_mib: 64\ncpu_count: 0\n", "broken" },
		{ "memory_mib: 64\n", "broken" },
		{ "memory_mib: 64\ncpu_pool: 2,3\n", "ok" },
		{ "memory_mib: 64\n# cpu_pool: 2,3\n", "broken" },
		{ "cpu_count: 2\n", "broken" },
		{ "xmemory_mib: 512\ncpu_count: 2\n", "broken" },
		{ "memory_mib 512\ncpu_count: 2\n", "broken" },
		{ "memory_mib: lots\ncpu_count: 2\n", "broken" },
		{ "\xff\xfe\n\n:::", "broken" },
	};

	start_machine("hypervisor");
	put("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
	put("/dev/nitro_enclaves", "");
	a = (struct answers){ 0 };
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		put("/etc/nitro_enclaves/allocator.yaml", CASES[i].yaml);
		examine("ec2-instance");
		bool good = CASES[i].level[0] == 'o';
		finds("nitro.allocator", CASES[i].level, "allocator.yaml",
		      good ? NULL : "sudoedit");
	}
}

int main(void)
{
	atexit(remove_machine);
	test_enclave();
	test_enclave_faults();
	test_document_clock();
	test_parent();
	test_allocator();
	return done();
}
