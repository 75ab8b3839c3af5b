/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel, and what this machine has for running TEEs of others: KVM, vsock, enclaves, CoCo. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/doctor_inside.h"

#define ALLOCATOR "/etc/nitro_enclaves/allocator.yaml"

/* ---- kernel -----------------------------------------------------------------------------------
 */

struct kernel_need {
	const char *option;
	const char *module;      /* NULL when it cannot be one */
	const char *alternative; /* an option that will do as well; NULL for none */
};

struct kernel_kind {
	const char *name, *mend;
	struct kernel_need needs[5];
};

static const struct kernel_kind FOR_NITRO = {
	"kernel.nitro",
	"build the enclave's kernel with the project's configuration",
	{ { "CONFIG_NSM", "nsm", NULL },
	  { "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES", NULL, NULL },
	  { "CONFIG_VIRTIO_VSOCKETS", "vmw_vsock_virtio_transport", NULL } },
};
static const struct kernel_kind FOR_TDX = {
	"kernel.tdx",
	"use a kernel of 6.7 or later with these options",
	{ { "CONFIG_INTEL_TDX_GUEST", NULL, NULL },
	  { "CONFIG_TDX_GUEST_DRIVER", "tdx_guest", NULL },
	  { "CONFIG_TSM_REPORTS", "tsm", "CONFIG_TSM_GUEST" } },
};
static const struct kernel_kind FOR_SNP = {
	"kernel.snp",
	"use a kernel of 6.7 or later with these options",
	{ { "CONFIG_AMD_MEM_ENCRYPT", NULL, NULL },
	  { "CONFIG_SEV_GUEST", "sev_guest", NULL },
	  { "CONFIG_TSM_REPORTS", "tsm", "CONFIG_TSM_GUEST" } },
};
static const struct kernel_kind FOR_PARENT = {
	"kernel.parent",
	"use the kernel of Amazon Linux, or one with these options",
	{ { "CONFIG_NITRO_ENCLAVES", "nitro_enclaves", NULL },
	  { "CONFIG_VSOCKETS", "vsock", NULL } },
};

static void append(char *list, size_t size, const char *word)
{
	size_t at = strlen(list);

	snprintf(list + at, size - at, " %s", word);
}

static void judge_kernel(struct tacit_doctor *d, const struct kernel_kind *kind)
{
	char lacking[160] = "", unloaded[160] = "", mend[200] = "sudo modprobe -a";

	for (size_t i = 0; i < TACIT_ARRAY_LEN(kind->needs) && kind->needs[i].option; i++) {
		const struct kernel_need *need = &kind->needs[i];
		char value = tacit_doctor_option(d, need->option);

		if (value == 'n' && need->alternative)
			value = tacit_doctor_option(d, need->alternative);
		if (value == 'n')
			append(lacking, sizeof(lacking), need->option);
		if (value == 'm' && need->module && !tacit_doctor_module(d, need->module))
			append(unloaded, sizeof(unloaded), need->module);
	}
	append(mend, sizeof(mend), unloaded + (unloaded[0] == ' '));
	if (!d->config[0])
		tacit_doctor_add(d, kind->name, TACIT_DOCTOR_NOTE, "sudo modprobe configs",
				 "the configuration of kernel %.60s cannot be read", d->release);
	else if (lacking[0])
		tacit_doctor_add(d, kind->name, TACIT_DOCTOR_MISSING, kind->mend,
				 "kernel %.60s is built without%s", d->release, lacking);
	else if (unloaded[0])
		tacit_doctor_add(d, kind->name, TACIT_DOCTOR_MISSING, mend,
				 "modules are not loaded:%s", unloaded);
	else
		tacit_doctor_add(d, kind->name, TACIT_DOCTOR_OK, NULL,
				 "kernel %.60s has what it needs", d->release);
}

void tacit_doctor_kernel(struct tacit_doctor *d)
{
	const struct {
		bool is;
		const struct kernel_kind *kind;
	} KINDS[] = {
		{ d->signs.enclave, &FOR_NITRO },
		{ d->signs.tdx, &FOR_TDX },
		{ d->signs.snp, &FOR_SNP },
		{ d->signs.ec2, &FOR_PARENT },
	};
	bool any = false;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++) {
		if (!KINDS[i].is)
			continue;
		judge_kernel(d, KINDS[i].kind);
		any = true;
	}
	if (!any)
		tacit_doctor_add(d, "kernel.release", TACIT_DOCTOR_NOTE, NULL,
				 "kernel %.60s; its options do not matter without a TEE",
				 d->release);
}

/* ---- parents of enclaves ----------------------------------------------------------------------
 */

/* The number behind "NAME:" at the start of a line of the allocator's YAML; 0 for none. */
static uint64_t find_setting(const char *yaml, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = yaml; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		p += strspn(p, " \t-");
		if (strncmp(p, name, len) == 0 && p[len] == ':')
			return strtoull(p + len + 1, NULL, 10);
	}
	return 0;
}

/* MiB in huge pages, all and free. */
static void count_pages(const struct tacit_doctor *d, uint64_t *ret_all, uint64_t *ret_free)
{
	static const uint64_t SIZES[] = { 2, 1024 };

	*ret_all = *ret_free = 0;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SIZES); i++) {
		char path[96];
		uint64_t n;

		for (int all = 0; all < 2; all++) {
			snprintf(path, sizeof(path),
				 "/sys/kernel/mm/hugepages/hugepages-%llukB/%s_hugepages",
				 (unsigned long long)SIZES[i] * 1024, all ? "nr" : "free");
			if (tacit_doctor_number(d, path, &n) && n < UINT32_MAX)
				*(all ? ret_all : ret_free) += n * SIZES[i];
		}
	}
}

static void judge_allocator(struct tacit_doctor *d)
{
	static const char RESTART[] = "sudo systemctl restart nitro-enclaves-allocator";
	char yaml[4096], pool[256];
	uint64_t all, unused;

	if (!tacit_doctor_read(d, ALLOCATOR, yaml, sizeof(yaml))) {
		tacit_doctor_add(d, "nitro.allocator", TACIT_DOCTOR_MISSING,
				 "sudo dnf install aws-nitro-enclaves-cli",
				 "there is no " ALLOCATOR);
		return;
	}
	uint64_t memory = find_setting(yaml, "memory_mib"), cpus = find_setting(yaml, "cpu_count");
	bool named = strstr(yaml, "\ncpu_pool:") || strncmp(yaml, "cpu_pool:", 9) == 0;
	if (memory < 64 || (cpus == 0 && !named))
		tacit_doctor_add(d, "nitro.allocator", TACIT_DOCTOR_BROKEN, "sudoedit " ALLOCATOR,
				 ALLOCATOR " sets no memory_mib of 64 or more, or no cpu_count");
	else
		tacit_doctor_add(d, "nitro.allocator", TACIT_DOCTOR_OK, NULL,
				 ALLOCATOR " sets aside %llu MiB and %llu processors",
				 (unsigned long long)memory, (unsigned long long)cpus);
	count_pages(d, &all, &unused);
	bool enough = all > 0 && all >= memory;
	tacit_doctor_add(d, "nitro.hugepages", enough ? TACIT_DOCTOR_OK : TACIT_DOCTOR_MISSING,
			 enough ? NULL : RESTART, "%llu MiB in huge pages, %llu MiB free",
			 (unsigned long long)all, (unsigned long long)unused);
	tacit_doctor_line(d, "/sys/module/nitro_enclaves/parameters/ne_cpus", pool, sizeof(pool));
	tacit_doctor_add(d, "nitro.cpus", pool[0] ? TACIT_DOCTOR_OK : TACIT_DOCTOR_MISSING,
			 pool[0] ? NULL : RESTART, "processors set aside for enclaves: %s",
			 pool[0] ? pool : "none");
}

static void judge_parent(struct tacit_doctor *d)
{
	static const char DEVICE[] = "/dev/nitro_enclaves";
	bool loaded = tacit_doctor_module(d, "nitro_enclaves");
	int code = 0;

	if (!tacit_doctor_has(d, DEVICE)) {
		tacit_doctor_add(
			d, "nitro.host", d->signs.ec2 ? TACIT_DOCTOR_MISSING : TACIT_DOCTOR_NOTE,
			!d->signs.ec2 ? NULL
			: loaded      ? "aws ec2 run-instances --enclave-options Enabled=true ..."
				      : "sudo modprobe nitro_enclaves",
			"no enclaves can run beside this machine: there is no %s", DEVICE);
		return;
	}
	if (d->machine->open_device)
		code = d->machine->open_device(d->machine->user, DEVICE);
	if (code)
		tacit_doctor_add(d, "nitro.host", TACIT_DOCTOR_BROKEN, "sudo usermod -aG ne $USER",
				 "%s cannot be opened: %s", DEVICE, strerror(code));
	else
		tacit_doctor_add(d, "nitro.host", TACIT_DOCTOR_OK, NULL,
				 "enclaves can run beside this machine (%s)", DEVICE);
	judge_allocator(d);
}

/* ---- KVM, vsock, CoCo -------------------------------------------------------------------------
 */

static void judge_kvm(struct tacit_doctor *d)
{
	int code = 0;

	if (!tacit_doctor_has(d, "/dev/kvm")) {
		tacit_doctor_add(d, "kvm.device", TACIT_DOCTOR_NOTE, NULL,
				 "there is no /dev/kvm: guests run in emulation, which is slow");
		return;
	}
	if (d->machine->open_device)
		code = d->machine->open_device(d->machine->user, "/dev/kvm");
	if (code)
		tacit_doctor_add(d, "kvm.device", TACIT_DOCTOR_BROKEN, "sudo usermod -aG kvm $USER",
				 "/dev/kvm cannot be opened: %s", strerror(code));
	else
		tacit_doctor_add(d, "kvm.device", TACIT_DOCTOR_OK, NULL, "/dev/kvm can be opened");
}

static void judge_vsock(struct tacit_doctor *d)
{
	bool wanted = d->signs.enclave || tacit_doctor_has(d, "/dev/nitro_enclaves");
	uint32_t cid = 0;
	int code = ENODEV;

	if (!tacit_doctor_has(d, "/dev/vsock")) {
		tacit_doctor_add(d, "vsock.device",
				 wanted ? TACIT_DOCTOR_MISSING : TACIT_DOCTOR_NOTE,
				 "sudo modprobe vsock", "there is no /dev/vsock");
		return;
	}
	if (d->machine->local_cid)
		code = d->machine->local_cid(d->machine->user, &cid);
	if (code)
		tacit_doctor_add(d, "vsock.device",
				 wanted ? TACIT_DOCTOR_BROKEN : TACIT_DOCTOR_NOTE,
				 "sudo chmod 0666 /dev/vsock", "/dev/vsock gives no CID: %s",
				 strerror(code));
	else if (cid == UINT32_MAX)
		tacit_doctor_add(d, "vsock.device",
				 wanted ? TACIT_DOCTOR_BROKEN : TACIT_DOCTOR_NOTE,
				 "sudo modprobe vsock_loopback",
				 "/dev/vsock is there, and no transport behind it");
	else
		tacit_doctor_add(d, "vsock.device", TACIT_DOCTOR_OK, NULL,
				 "/dev/vsock is there; this machine's CID is %u", cid);
	bool loops = tacit_doctor_module(d, "vsock_loopback") ||
		     tacit_doctor_option(d, "CONFIG_VSOCKETS_LOOPBACK") == 'y';
	tacit_doctor_add(d, "vsock.loopback", loops ? TACIT_DOCTOR_OK : TACIT_DOCTOR_NOTE,
			 loops ? NULL : "sudo modprobe vsock_loopback",
			 loops ? "vsock reaches this machine itself as CID 1"
			       : "vsock does not reach this machine itself (CID 1)");
}

static void judge_coco(struct tacit_doctor *d)
{
	static const char AGENT[] =
		"/run/confidential-containers/attestation-agent/attestation-agent.sock";
	static const char *const CLASSES[] = { "kata-qemu-tdx", "kata-qemu-snp",
					       "kata-qemu-coco-dev" };
	char list[96] = "";

	if (tacit_doctor_has(d, AGENT))
		tacit_doctor_add(d, "coco.guest", TACIT_DOCTOR_OK, NULL,
				 "a guest of Confidential Containers: its agent listens");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CLASSES); i++) {
		char path[128];

		/* "kata-qemu-tdx" is set up by "configuration-qemu-tdx.toml". */
		snprintf(path, sizeof(path),
			 "/opt/kata/share/defaults/kata-containers/configuration-%s.toml",
			 CLASSES[i] + strlen("kata-"));
		if (tacit_doctor_has(d, path))
			append(list, sizeof(list), CLASSES[i]);
	}
	if (list[0])
		tacit_doctor_add(d, "coco.node", TACIT_DOCTOR_OK, NULL,
				 "a node of Confidential Containers, with%s", list);
	else
		tacit_doctor_add(d, "coco.node", TACIT_DOCTOR_NOTE,
				 "helm install coco oci://ghcr.io/confidential-containers/charts/"
				 "confidential-containers",
				 "no runtime of Confidential Containers below /opt/kata");
}

void tacit_doctor_host(struct tacit_doctor *d)
{
	judge_parent(d);
	judge_kvm(d);
	judge_vsock(d);
	judge_coco(d);
}
