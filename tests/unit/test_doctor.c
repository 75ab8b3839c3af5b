/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor, before machines that are made of files: what it finds on each, and what it does not.
 * Those of Nitro are in test_doctor_nitro.c.
 */
#include "doctor_util.h"

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
	test_tdx();
	test_snp();
	test_azure();
	test_clock();
	test_network();
	test_coco();
	test_odd_machines();
	return done();
}
