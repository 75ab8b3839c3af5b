/* SPDX-License-Identifier: Apache-2.0 */

/* The doors to TEEs: devices, configfs-tsm, Azure's TPM; and whether evidence comes out. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/attest.h"
#include "sys/doctor_inside.h"
#include "sys/rtmr.h"
#include "sys/tpm_message.h"
#include "sys/tsm.h"
#include "tee/nitro/nitro.h"

#define AZURE_NV_INDEX 0x01400001u /* where the paravisor leaves the hardware's report */

struct door {
	const char *name, *path;
	const char *what;   /* whose device it is */
	const char *sign;   /* by which a machine shows that it should be there */
	const char *load;   /* what makes it appear on such a machine */
	const char *become; /* how to have such a machine */
	const char *grant;  /* the right to open it */
};

static const struct door NITRO = {
	"nitro.device",
	"/dev/nsm",
	"Nitro enclave",
	"virtio offers a Nitro Secure Module",
	"modprobe nsm",
	"on an EC2 instance: tacit run --eif IMAGE --cpu 2 --memory 3072",
	"chmod 0666 /dev/nsm (in the enclave, as root)"
};
static const struct door TDX = {
	"tdx.device",
	"/dev/tdx_guest",
	"TDX guest",
	"the processor says tdx_guest",
	"sudo modprobe tdx_guest",
	"start a TDX virtual machine (Google Cloud: --confidential-compute-type=TDX)",
	"sudo setfacl -m u:$USER:rw /dev/tdx_guest"
};
static const struct door SNP = {
	"snp.device",
	"/dev/sev-guest",
	"SEV-SNP guest",
	"the processor says sev_snp",
	"sudo modprobe sev-guest",
	"start an SEV-SNP virtual machine (EC2: --cpu-options AmdSevSnp=enabled)",
	"sudo setfacl -m u:$USER:rw /dev/sev-guest"
};

static void judge_door(struct tacit_doctor *d, const struct door *door, bool is_sign)
{
	int code = 0;

	if (!tacit_doctor_has(d, door->path)) {
		if (is_sign)
			tacit_doctor_add(d, door->name, TACIT_DOCTOR_MISSING, door->load,
					 "%s, but there is no %s", door->sign, door->path);
		else
			tacit_doctor_add(d, door->name, TACIT_DOCTOR_NOTE, door->become,
					 "this is no %s: there is no %s", door->what, door->path);
		return;
	}
	if (d->machine->open_device)
		code = d->machine->open_device(d->machine->user, door->path);
	if (code == 0)
		tacit_doctor_add(d, door->name, TACIT_DOCTOR_OK, NULL, "%s can be opened",
				 door->path);
	else
		tacit_doctor_add(d, door->name, TACIT_DOCTOR_BROKEN,
				 code == EACCES || code == EPERM ? door->grant : door->load,
				 "%s cannot be opened: %s", door->path, strerror(code));
}

/* Where a server puts model and configuration before its first quote. */
static void judge_rtmr(struct tacit_doctor *d)
{
	int code = 0;

	if (!d->signs.tdx && !tacit_doctor_has(d, TDX.path))
		return;
	if (!tacit_doctor_has(d, TACIT_RTMR_FILE)) {
		tacit_doctor_add(d, "tdx.rtmr3", TACIT_DOCTOR_NOTE, "boot Linux 6.16 or later",
				 "RTMR3 will not say what is served: there is no "
				 "measurements/rtmr3:sha384 below tdx_guest");
		return;
	}
	if (d->machine->open_device)
		code = d->machine->open_device(d->machine->user, TACIT_RTMR_FILE);
	if (code == 0)
		tacit_doctor_add(d, "tdx.rtmr3", TACIT_DOCTOR_OK, NULL, "%s can be extended",
				 TACIT_RTMR_FILE);
	else
		tacit_doctor_add(d, "tdx.rtmr3", TACIT_DOCTOR_BROKEN,
				 "run the server as root, or as its systemd unit does",
				 "%s cannot be extended: %s", TACIT_RTMR_FILE, strerror(code));
}

/* ---- configfs-tsm -----------------------------------------------------------------------------
 */

static void judge_provider(struct tacit_doctor *d)
{
	struct tacit_error err = { 0 };
	char name[32] = "";

	if (!d->machine->provider)
		return;
	switch ((int)d->machine->provider(d->machine->user, name, &err)) {
	case TACIT_OK:
		tacit_doctor_add(d, "tsm.provider", TACIT_DOCTOR_OK, NULL,
				 "reports come from '%.31s'", name);
		return;
	case TACIT_DENIED:
		tacit_doctor_add(d, "tsm.provider", TACIT_DOCTOR_BROKEN, "sudo tacit doctor",
				 "only root may ask " TACIT_TSM_FOLDER " for reports");
		return;
	case TACIT_UNSUPPORTED:
		tacit_doctor_add(d, "tsm.provider", TACIT_DOCTOR_MISSING,
				 d->signs.snp ? SNP.load : TDX.load, "no provider: %s", err.detail);
		return;
	default:
		tacit_doctor_add(d, "tsm.provider", TACIT_DOCTOR_BROKEN, NULL, "%s", err.detail);
	}
}

static void judge_tsm(struct tacit_doctor *d)
{
	bool wanted = d->signs.tdx || d->signs.snp;

	if (tacit_doctor_has(d, TACIT_TSM_FOLDER)) {
		tacit_doctor_add(d, "tsm.folder", TACIT_DOCTOR_OK, NULL, "%s is there",
				 TACIT_TSM_FOLDER);
		judge_provider(d);
		return;
	}
	bool mounted = tacit_doctor_has(d, "/sys/kernel/config");
	tacit_doctor_add(d, "tsm.folder", wanted ? TACIT_DOCTOR_MISSING : TACIT_DOCTOR_NOTE,
			 !wanted   ? NULL
			 : mounted ? "sudo modprobe tsm (Linux 6.7 and later)"
				   : "sudo mount -t configfs none /sys/kernel/config",
			 "there is no %s", TACIT_TSM_FOLDER);
}

/* ---- Azure's TPM ------------------------------------------------------------------------------
 */

static const char *find_tpm(const struct tacit_doctor *d)
{
	if (tacit_doctor_has(d, "/dev/tpmrm0"))
		return "/dev/tpmrm0";
	return tacit_doctor_has(d, "/dev/tpm0") ? "/dev/tpm0" : NULL;
}

/* What the TPM says to a question about the index; an errno value when it says nothing. */
static int ask_index(const struct tacit_doctor *d, const char *device, bool *ret_there)
{
	uint8_t room[64], answer[512];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice command;
	size_t len = sizeof(answer), size = 0;

	tacit_tpm_put_nv_public(&w, AZURE_NV_INDEX);
	if (tacit_tpm_command(&w, &command, NULL) != TACIT_OK)
		return EMSGSIZE;
	int code = d->machine->tpm(d->machine->user, device, command, answer, &len);
	*ret_there = code == 0 && len <= sizeof(answer) &&
		     tacit_tpm_read_nv_public(tacit_slice_of(answer, len), AZURE_NV_INDEX, &size,
					      NULL) == TACIT_OK;
	return code;
}

static void judge_index(struct tacit_doctor *d, const char *device)
{
	bool there = false;

	if (!d->machine->tpm)
		return;
	int code = ask_index(d, device, &there);
	if (code != 0)
		tacit_doctor_add(d, "azure.report", TACIT_DOCTOR_BROKEN,
				 "sudo usermod -aG tss $USER", "%s does not answer: %s", device,
				 strerror(code));
	else if (there)
		tacit_doctor_add(d, "azure.report", TACIT_DOCTOR_OK, NULL,
				 "the TPM holds the hardware's report at 0x%08x", AZURE_NV_INDEX);
	else
		tacit_doctor_add(d, "azure.report", TACIT_DOCTOR_MISSING,
				 "az vm create --security-type ConfidentialVM ...",
				 "the TPM holds nothing at 0x%08x: this is no confidential machine",
				 AZURE_NV_INDEX);
}

static void judge_tpm(struct tacit_doctor *d)
{
	const char *device = find_tpm(d);

	if (!device) {
		tacit_doctor_add(d, "tpm.device",
				 d->signs.azure ? TACIT_DOCTOR_MISSING : TACIT_DOCTOR_NOTE,
				 d->signs.azure ? "sudo modprobe tpm_crb" : NULL,
				 "there is no /dev/tpmrm0 and no /dev/tpm0");
		return;
	}
	int code = d->machine->open_device ? d->machine->open_device(d->machine->user, device) : 0;
	if (code == 0)
		tacit_doctor_add(d, "tpm.device", TACIT_DOCTOR_OK, NULL, "%s can be opened",
				 device);
	else
		tacit_doctor_add(d, "tpm.device",
				 d->signs.azure ? TACIT_DOCTOR_BROKEN : TACIT_DOCTOR_NOTE,
				 "sudo usermod -aG tss $USER", "%s cannot be opened: %s", device,
				 strerror(code));
	if (d->signs.azure && code == 0)
		judge_index(d, device);
}

void tacit_doctor_devices(struct tacit_doctor *d)
{
	judge_door(d, &NITRO, d->signs.enclave);
	judge_door(d, &TDX, d->signs.tdx);
	judge_rtmr(d);
	judge_door(d, &SNP, d->signs.snp);
	judge_tsm(d);
	judge_tpm(d);
}

/* ---- evidence ---------------------------------------------------------------------------------
 */

struct trial {
	enum tacit_tee tee;
	const char *name, *mend;
};

static const struct trial TRIALS[] = {
	{ TACIT_TEE_NITRO, "evidence.nitro", "look at 'dmesg | grep nsm'" },
	{ TACIT_TEE_TDX, "evidence.tdx", "ask the host's operator for its quote service (QGS)" },
	{ TACIT_TEE_SNP, "evidence.snp", "look at 'dmesg | grep -i sev'" },
	{ TACIT_TEE_AZURE_SNP, "evidence.azure-snp", "sudo tacit doctor" },
	{ TACIT_TEE_AZURE_TDX, "evidence.azure-tdx", "sudo tacit doctor" },
};

/* Whether the platform may be here: attempts that cannot succeed are not made. */
static bool may_be(const struct tacit_doctor *d, enum tacit_tee tee)
{
	if (tee == TACIT_TEE_AZURE_SNP || tee == TACIT_TEE_AZURE_TDX)
		return d->signs.azure && find_tpm(d);
	return tacit_attest_probe(tee, d->machine->root) != NULL;
}

static bool is_sign(const struct tacit_doctor *d, enum tacit_tee tee)
{
	return (tee == TACIT_TEE_NITRO && d->signs.enclave) ||
	       (tee == TACIT_TEE_TDX && d->signs.tdx) || (tee == TACIT_TEE_SNP && d->signs.snp);
}

static void try_one(struct tacit_doctor *d, const struct trial *trial)
{
	struct tacit_doctor_report *report = d->report;
	struct tacit_slice evidence = { NULL, 0 };
	struct tacit_error err = { 0 };
	uint8_t room[TACIT_ATTEST_ROOM];
	enum tacit_status st = d->machine->attest(
		d->machine->user, trial->tee, tacit_mut_of(room, sizeof(room)), &evidence, &err);

	if (st == TACIT_OK) {
		tacit_doctor_add(d, trial->name, TACIT_DOCTOR_OK, NULL,
				 "gave evidence of %zu bytes", evidence.len);
		if (report->tee_count < TACIT_ARRAY_LEN(report->tees))
			report->tees[report->tee_count++] = trial->tee;
		if (trial->tee == TACIT_TEE_NITRO)
			tacit_doctor_compare_clock(d, evidence);
		return;
	}
	/* The folder of configfs-tsm is there for either platform, and serves one. */
	if (st == TACIT_UNSUPPORTED && !is_sign(d, trial->tee))
		return;
	tacit_doctor_add(d, trial->name,
			 st == TACIT_UNSUPPORTED ? TACIT_DOCTOR_MISSING : TACIT_DOCTOR_BROKEN,
			 st == TACIT_DENIED ? "sudo tacit doctor" : trial->mend, "%s",
			 err.detail[0] ? err.detail : tacit_status_text(st));
}

void tacit_doctor_evidence(struct tacit_doctor *d)
{
	if (!d->machine->attest)
		return;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(TRIALS); i++)
		if (may_be(d, TRIALS[i].tee))
			try_one(d, &TRIALS[i]);
	if (d->report->tee_count == 0)
		tacit_doctor_add(d, "evidence.none", TACIT_DOCTOR_NOTE,
				 "tacit serve --tee stub ... (a stand-in that proves nothing)",
				 "no TEE of this machine gave evidence");
}

bool tacit_doctor_document_time(struct tacit_slice evidence, int64_t *ret)
{
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;

	if (tacit_nitro_envelope(evidence, &envelope, NULL) != TACIT_OK ||
	    tacit_nitro_payload(envelope.payload, &doc, NULL) != TACIT_OK)
		return false;
	*ret = (int64_t)(doc.timestamp_ms / 1000);
	return true;
}
