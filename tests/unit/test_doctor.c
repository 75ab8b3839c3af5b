/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor, before machines that are made of files: what it finds on each, and what it does not.
 */
#include "tests/pki/nitro.h"
#include "tests/tap.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/doctor.h"
#include "sys/doctor_inside.h"

#define NOW 1795248000 /* 2026-11-21 */

static char root[64];

/* ---- machines ---------------------------------------------------------------------------------
 */

static void put(const char *path, const char *text)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	FILE *f = fopen(full, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(full);
		exit(99);
	}
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_machine(void)
{
	if (root[0])
		nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void start_machine(const char *flags)
{
	char cpuinfo[512];

	remove_machine();
	snprintf(root, sizeof(root), "/tmp/tacit-doctor.XXXXXX");
	if (!mkdtemp(root))
		exit(99);
	snprintf(cpuinfo, sizeof(cpuinfo), "processor\t: 0\nflags\t\t: fpu %s sse\nbugs\t\t:\n",
		 flags);
	put("/proc/cpuinfo", cpuinfo);
	put("/proc/sys/kernel/osrelease", "6.12.1-test\n");
	put("/proc/modules", "");
}

/* What the calls of the machine answer. */
static struct answers {
	int open_code;
	enum tacit_status provider_status;
	const char *provider;
	enum tacit_tee tee; /* the one that gives evidence */
	enum tacit_status refusal;
	struct tacit_slice evidence;
	int tpm_code;
	uint32_t tpm_response;
	size_t tpm_len;
	int cid_code;
	uint32_t cid;
	int sync;
	int64_t now;
	bool network, reachable;
	const char *config; /* that inflates */
	char asked[512];    /* addresses */
} a;

static int open_device(void *user, const char *path)
{
	(void)user;
	(void)path;
	return a.open_code;
}

static enum tacit_status provider(void *user, char ret[static 32], struct tacit_error *err)
{
	(void)user;
	if (a.provider_status != TACIT_OK)
		return tacit_fail(err, a.provider_status, "tsm", 0, "fake refusal");
	snprintf(ret, 32, "%s", a.provider);
	return TACIT_OK;
}

static enum tacit_status attest(void *user, enum tacit_tee tee, struct tacit_mut room,
				struct tacit_slice *ret, struct tacit_error *err)
{
	(void)user;
	if (tee != a.tee)
		return tacit_fail(err, a.refusal ? a.refusal : TACIT_UNSUPPORTED, "attest", 0,
				  "fake refusal of %s", tacit_tee_name(tee));
	if (a.evidence.len > room.len)
		return tacit_fail(err, TACIT_LIMIT, "attest", 0, "room");
	if (a.evidence.len)
		memcpy(room.ptr, a.evidence.ptr, a.evidence.len);
	*ret = tacit_slice_of(room.ptr, a.evidence.len);
	return TACIT_OK;
}

static int tpm(void *user, const char *device, struct tacit_slice command, uint8_t *answer,
	       size_t *len)
{
	static const uint8_t READ_PUBLIC[] = { 0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x69, 1, 0x40, 0, 1 };
	/* TPM2B_NV_PUBLIC of 2,600 bytes, TPM2B_NAME */
	static const uint8_t PUBLIC[] = { 0x80, 1, 0,    0,    0, 32, 0,    0,    0,    0,   0,
					  14,   1, 0x40, 0,    1, 0,  0x0b, 0,    2,    0,   2,
					  0,    0, 0x0a, 0x28, 0, 4,  0,    0x0b, 0xaa, 0xbb };

	(void)user;
	is_slice(command, TACIT_SLICE_ARRAY(READ_PUBLIC), "the TPM is asked for the index");
	ok(strncmp(device, "/dev/tpm", 8) == 0, "at %s", device);
	if (a.tpm_code)
		return a.tpm_code;
	memcpy(answer, PUBLIC, sizeof(PUBLIC));
	for (int i = 0; i < 4; i++)
		answer[6 + i] = (uint8_t)(a.tpm_response >> (24 - 8 * i));
	*len = a.tpm_len;
	return 0;
}

static int local_cid(void *user, uint32_t *ret)
{
	(void)user;
	*ret = a.cid;
	return a.cid_code;
}

static int inflate(void *user, const char *path, char *text, size_t *len)
{
	(void)user;
	ok(strcmp(path, "/proc/config.gz") == 0, "what is inflated is the configuration");
	if (!a.config)
		return ENOENT;
	*len = strlen(a.config);
	memcpy(text, a.config, *len);
	return 0;
}

static int synchronised(void *user)
{
	(void)user;
	return a.sync;
}

static enum tacit_status reach(void *user, const char *address, struct tacit_error *err)
{
	size_t at = strlen(a.asked);

	(void)user;
	snprintf(a.asked + at, sizeof(a.asked) - at, "%s ", address);
	return a.reachable ? TACIT_OK : tacit_fail(err, TACIT_PEER, "address", 0, "refused");
}

static struct tacit_doctor_report report;

static struct tacit_doctor_machine fake(void)
{
	return (struct tacit_doctor_machine){
		.root = root,
		.now = a.now ? a.now : NOW,
		.network = a.network,
		.open_device = open_device,
		.provider = provider,
		.attest = attest,
		.tpm = tpm,
		.local_cid = local_cid,
		.inflate = inflate,
		.synchronised = synchronised,
		.reach = reach,
	};
}

static const struct tacit_doctor_finding *find(const char *name)
{
	for (size_t i = 0; i < report.count; i++)
		if (strcmp(report.items[i].name, name) == 0)
			return &report.items[i];
	return NULL;
}

static void examine(const char *machine)
{
	struct tacit_doctor_machine m = fake();
	struct tacit_error err = { 0 };

	memset(&report, 0, sizeof(report));
	is_status(tacit_doctor_examine(&m, &report, &err), TACIT_OK, machine);
	ok(strcmp(report.machine, machine) == 0, "the machine is '%s' (%s)", machine,
	   report.machine);
	for (size_t i = 0; i < report.count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(report.items[i].name, report.items[j].name) == 0)
				ok(false, "%s stands there once", report.items[i].name);
}

/* The finding has this level, its text has `part`, and what mends it has `mend` (NULL: nothing). */
static void finds(const char *name, const char *level, const char *part, const char *mend)
{
	const struct tacit_doctor_finding *f = find(name);

	if (!ok(f != NULL, "%s is judged", name))
		return;
	ok(strcmp(tacit_doctor_level_name(f->level), level) == 0, "%s is %s (%s)", name, level,
	   tacit_doctor_level_name(f->level));
	ok(strstr(f->text, part) != NULL, "%s says '%s' (%s)", name, part, f->text);
	if (mend)
		ok(strstr(f->mend, mend) != NULL, "%s is mended by '%s' (%s)", name, mend, f->mend);
	else
		ok(!f->mend[0], "%s needs no mending (%s)", name, f->mend);
}

static void attests(enum tacit_tee tee)
{
	if (tee == TACIT_TEE_NONE)
		ok(report.tee_count == 0, "nothing can be attested");
	else
		ok(report.tee_count == 1 && report.tees[0] == tee, "%s can be attested",
		   tacit_tee_name(tee));
}

/* ---- plain machines ---------------------------------------------------------------------------
 */

static void test_laptop(void)
{
	start_machine("vmx ht");
	a = (struct answers){ .sync = 1 };
	examine("plain");
	attests(TACIT_TEE_NONE);
	finds("cpu.flags", "note", "none", NULL);
	finds("nitro.device", "note", "no Nitro enclave", "tacit run");
	finds("tdx.device", "note", "no TDX guest", "TDX");
	finds("snp.device", "note", "no SEV-SNP guest", "SEV-SNP");
	finds("tsm.folder", "note", "no /sys/kernel/config/tsm/report", NULL);
	finds("tpm.device", "note", "no /dev/tpmrm0", NULL);
	finds("evidence.none", "note", "gave evidence", "--tee stub");
	finds("nitro.host", "note", "no enclaves", NULL);
	finds("kvm.device", "note", "no /dev/kvm", NULL);
	finds("vsock.device", "note", "no /dev/vsock", "modprobe vsock");
	finds("coco.node", "note", "no runtime", "helm");
	finds("clock.sane", "ok", "2026-11-21", NULL);
	finds("clock.synchronised", "ok", "kept", NULL);
	ok(!find("network.pccs") && !find("network.kds") && !a.asked[0], "nobody is asked");
	for (size_t i = 0; i < report.count; i++)
		ok(report.items[i].level <= TACIT_DOCTOR_NOTE, "%s is no fault of a plain machine",
		   report.items[i].name);
	ok(!find("nitro.allocator") && !find("coco.guest"), "nor is it judged as a parent");
}

static void test_hosts(void)
{
	/* The flag sev_snp without a hypervisor is the host's. */
	start_machine("sme sev sev_es sev_snp");
	put("/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
	put("/dev/kvm", "");
	a = (struct answers){ .sync = -1 };
	examine("snp-host");
	attests(TACIT_TEE_NONE);
	finds("cpu.flags", "note", "sme sev sev_es sev_snp", NULL);
	finds("snp.device", "note", "no SEV-SNP guest", "SEV-SNP");
	finds("kvm.device", "ok", "can be opened", NULL);
	ok(!find("clock.synchronised"), "what is not known of the clock is not said");
	put("/sys/module/kvm_amd/parameters/sev_snp", "N\n");
	examine("plain");
	start_machine("vmx tdx_host_platform");
	put("/sys/module/kvm_intel/parameters/tdx", "1\n");
	put("/dev/kvm", "");
	a.open_code = EACCES;
	examine("tdx-host");
	finds("kvm.device", "broken", "Permission denied", "usermod -aG kvm");
	start_machine("hypervisor");
	examine("vm");
	attests(TACIT_TEE_NONE);
}

/* ---- Nitro ------------------------------------------------------------------------------------
 */

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

/* ---- TDX, SNP, Azure --------------------------------------------------------------------------
 */

static void test_tdx(void)
{
	start_machine("hypervisor tdx_guest");
	a = (struct answers){ .provider = "tdx_guest" };
	examine("tdx-guest");
	attests(TACIT_TEE_NONE);
	finds("tdx.device", "missing", "there is no /dev/tdx_guest", "modprobe tdx_guest");
	finds("tsm.folder", "missing", "no /sys/kernel", "mount -t configfs");
	finds("tdx.rtmr3", "note", "will not say", "6.16");
	put("/sys/kernel/config/x", "");
	examine("tdx-guest");
	finds("tsm.folder", "missing", "no /sys/kernel", "modprobe tsm");
	put("/dev/tdx_guest", "");
	put("/sys/kernel/config/tsm/report/x", "");
	put("/lib/modules/6.12.1-test/config",
	    "CONFIG_INTEL_TDX_GUEST=y\nCONFIG_TDX_GUEST_DRIVER=y\nCONFIG_TSM_GUEST=y\n");
	a.tee = TACIT_TEE_TDX;
	examine("tdx-guest");
	attests(TACIT_TEE_TDX);
	finds("tsm.folder", "ok", "is there", NULL);
	finds("tsm.provider", "ok", "tdx_guest", NULL);
	finds("evidence.tdx", "ok", "gave", NULL);
	finds("kernel.tdx", "ok", "has what", NULL);
	ok(!find("evidence.snp"), "the folder of both platforms is no sign of the other");
	put("/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384", "");
	examine("tdx-guest");
	finds("tdx.rtmr3", "ok", "can be extended", NULL);
	a.open_code = EACCES;
	examine("tdx-guest");
	finds("tdx.rtmr3", "broken", "cannot be extended: Permission", "as root");
	a.open_code = 0;
	a.tee = TACIT_TEE_NONE;
	a.refusal = TACIT_PEER;
	a.provider_status = TACIT_DENIED;
	examine("tdx-guest");
	attests(TACIT_TEE_NONE);
	finds("evidence.tdx", "broken", "fake refusal of tdx", "QGS");
	finds("tsm.provider", "broken", "only root", "sudo tacit doctor");
	a.provider_status = TACIT_UNSUPPORTED;
	examine("tdx-guest");
	finds("tsm.provider", "missing", "fake refusal", "modprobe tdx_guest");
	a.provider_status = TACIT_IO;
	examine("tdx-guest");
	finds("tsm.provider", "broken", "fake refusal", NULL);
}

static void test_snp(void)
{
	start_machine("hypervisor sev sev_es sev_snp");
	examine("snp-guest");
	ok(!find("tdx.rtmr3"), "no RTMR3 where there are no TDs");
	put("/dev/sev-guest", "");
	put("/sys/kernel/config/tsm/report/x", "");
	put("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
	a = (struct answers){ .provider = "sev_guest", .tee = TACIT_TEE_SNP };
	examine("snp-guest");
	attests(TACIT_TEE_SNP);
	finds("snp.device", "ok", "can be opened", NULL);
	finds("evidence.snp", "ok", "gave", NULL);
	finds("kernel.snp", "note", "cannot be read", "configs");
	finds("nitro.host", "missing", "no enclaves", "modprobe");
	ok(!find("evidence.tdx") && !find("evidence.none"), "and no other");
	a.open_code = EACCES;
	examine("snp-guest");
	finds("snp.device", "broken", "Permission denied", "setfacl");
	a.provider_status = TACIT_UNSUPPORTED;
	examine("snp-guest");
	finds("tsm.provider", "missing", "no provider", "modprobe sev-guest");
	/* No hypervisor's flag, but the device. */
	start_machine("sse2");
	put("/dev/sev-guest", "");
	examine("snp-guest");
}

static void test_azure(void)
{
	start_machine("hypervisor");
	put("/sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n");
	a = (struct answers){ .tpm_len = 32 };
	examine("azure-vm");
	finds("tpm.device", "missing", "no /dev/tpmrm0", "modprobe tpm");
	ok(!find("azure.report"), "without a TPM nothing is asked");
	put("/dev/tpm0", "");
	examine("azure-vm");
	finds("tpm.device", "ok", "/dev/tpm0", NULL);
	put("/dev/tpmrm0", "");
	a.tee = TACIT_TEE_AZURE_SNP;
	examine("azure-vm");
	attests(TACIT_TEE_AZURE_SNP);
	finds("azure.report", "ok", "0x01400001", NULL);
	finds("tpm.device", "ok", "/dev/tpmrm0", NULL);
	a.tpm_response = 0x18b; /* TPM_RC_HANDLE: no such index */
	a.tee = TACIT_TEE_NONE;
	examine("azure-vm");
	attests(TACIT_TEE_NONE);
	finds("azure.report", "missing", "no confidential machine", "ConfidentialVM");
	a.tpm_response = 0;
	a.tpm_len = 9;
	examine("azure-vm");
	finds("azure.report", "missing", "holds nothing", "ConfidentialVM");
	a.tpm_code = ETIMEDOUT;
	examine("azure-vm");
	finds("azure.report", "broken", "timed out", "tss");
	a.open_code = EACCES;
	examine("azure-vm");
	finds("tpm.device", "broken", "Permission denied", "tss");
	ok(!find("azure.report"), "a TPM that cannot be opened is not asked");
	put("/sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-7\n");
	examine("vm");
	finds("tpm.device", "note", "Permission denied", "tss");
	ok(!find("azure.report"), "and elsewhere that index means nothing");
}

/* ---- clock, network, CoCo ---------------------------------------------------------------------
 */

static void test_clock(void)
{
	const struct {
		int64_t now;
		const char *level, *text;
	} CASES[] = {
		{ 1684180991, "broken", "before" },
		{ 1684180992, "ok", "2023-05-15T20:03:12Z" },
		{ 2392305785, "ok", "2045-10-22T17:23:05Z" },
		{ 2392305786, "broken", "after" },
		{ 1, "broken", "1970" },
		{ INT64_MAX, "broken", "after" },
	};

	start_machine("");
	a = (struct answers){ 0 };
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		a.now = CASES[i].now;
		examine("plain");
		finds("clock.sane", CASES[i].level, CASES[i].text,
		      CASES[i].level[0] == 'o' ? NULL : "timedatectl");
	}
	finds("clock.synchronised", "note", "drift", "timedatectl");
}

static void test_network(void)
{
	static const struct {
		const char *conf, *want;
	} PCCS[] = {
		{ "{ \"pccs_url\": \"https://localhost:8081/sgx/certification/v4/\" }",
		  "tcp:localhost:8081 " },
		{ "{ \"pccs_url\":\"https://pccs.example\" }", "tcp:pccs.example:443 " },
		{ "{ \"pccs_url\": \"https://[::1]:8081/sgx\" }", "tcp:[::1]:8081 " },
		{ "{ \"pccs_url\": \"https://[::1]/sgx\" }", "tcp:[::1]:443 " },
		{ "{ \"use_secure_cert\": false }", "tcp:api.trustedservices.intel.com:443 " },
	};

	start_machine("hypervisor tdx_guest");
	a = (struct answers){ .network = true, .reachable = true };
	examine("tdx-guest");
	ok(strcmp(a.asked, "tcp:api.trustedservices.intel.com:443 tcp:kdsintf.amd.com:443 ") == 0,
	   "asks those who give collateral (%s)", a.asked);
	finds("network.pccs", "ok", "answers", NULL);
	finds("network.kds", "ok", "answers", NULL);
	ok(!find("network.qgs"), "no quote service over vsock without its file");
	put("/etc/tdx-attest.conf", "# host\nport=4050\n");
	a.reachable = false;
	examine("tdx-guest");
	finds("network.qgs", "broken", "vsock:2:4050 does not answer: refused", "qgsd");
	finds("network.kds", "broken", "refused", "--collateral");
	put("/etc/tdx-attest.conf", "port = none\n");
	examine("tdx-guest");
	finds("network.qgs", "broken", "names no port", "4050");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PCCS); i++) {
		put("/etc/sgx_default_qcnl.conf", PCCS[i].conf);
		a.asked[0] = '\0';
		examine("tdx-guest");
		ok(strncmp(a.asked, PCCS[i].want, strlen(PCCS[i].want)) == 0, "asks %s(%s)",
		   PCCS[i].want, a.asked);
	}
	put("/etc/sgx_default_qcnl.conf", "{ \"pccs_url\": \"\x1b[31mno address\" }");
	a.asked[0] = '\0';
	examine("tdx-guest");
	finds("network.pccs", "broken", "?[31mno address", "sudoedit");
	ok(strcmp(a.asked, "tcp:kdsintf.amd.com:443 ") == 0, "and nobody is asked there");
}

static void test_coco(void)
{
	start_machine("");
	put("/opt/kata/share/defaults/kata-containers/configuration-qemu-coco-dev.toml", "");
	put("/opt/kata/share/defaults/kata-containers/configuration-qemu-snp.toml", "");
	a = (struct answers){ 0 };
	examine("plain");
	finds("coco.node", "ok", "with kata-qemu-snp kata-qemu-coco-dev", NULL);
	ok(!find("coco.guest"), "a node is no guest");
	put("/run/confidential-containers/attestation-agent/attestation-agent.sock", "");
	examine("plain");
	finds("coco.guest", "ok", "agent", NULL);
}

/* ---- limits -----------------------------------------------------------------------------------
 */

static void test_odd_machines(void)
{
	static char huge[200000];
	struct tacit_doctor_machine m;

	/* An empty root, and no calls at all. */
	remove_machine();
	snprintf(root, sizeof(root), "/tmp/tacit-doctor.XXXXXX");
	if (!mkdtemp(root))
		exit(99);
	m = (struct tacit_doctor_machine){ .root = root, .now = NOW, .network = true };
	memset(&report, 0, sizeof(report));
	is_status(tacit_doctor_examine(&m, &report, NULL), TACIT_OK, "an empty folder");
	finds("cpu.flags", "note", "names no flags", NULL);
	ok(!find("evidence.none"), "what was not tried did not fail");
	attests(TACIT_TEE_NONE);

	/* Lines without end, a flag that is part of another, bytes that are no text. */
	memset(huge, 'f', sizeof(huge) - 1);
	memcpy(huge, "flags : xtdx_guest tdx_guestx ", 30);
	start_machine("");
	put("/proc/cpuinfo", huge);
	put("/proc/sys/kernel/osrelease", huge);
	put("/sys/class/dmi/id/sys_vendor", "Amazon EC2 \x1b[2J\n");
	a = (struct answers){ 0 };
	examine("plain");
	put("/proc/sys/kernel/osrelease", "6.12\x1b[2J\x9b\n");
	examine("plain");
	finds("kernel.release", "note", "kernel 6.12?[2J?", NULL);

	/* A pipe that nobody writes to, and a folder, in place of files. */
	char full[PATH_MAX];
	snprintf(full, sizeof(full), "%s/proc/cpuinfo", root);
	remove(full);
	ok(mkfifo(full, 0600) == 0, "a pipe");
	snprintf(full, sizeof(full), "%s/proc/modules", root);
	remove(full);
	put("/proc/modules/x/y", "");
	examine("plain");
	finds("cpu.flags", "note", "names no flags", NULL);
	ok(strcmp(tacit_doctor_level_name((enum tacit_doctor_level)9), "?") == 0, "no such level");
}

int main(void)
{
	atexit(remove_machine);
	test_laptop();
	test_hosts();
	test_enclave();
	test_enclave_faults();
	test_document_clock();
	test_parent();
	test_allocator();
	test_tdx();
	test_snp();
	test_azure();
	test_clock();
	test_network();
	test_coco();
	test_odd_machines();
	return done();
}
