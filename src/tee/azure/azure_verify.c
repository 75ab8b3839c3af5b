/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/azure_parts.h"

#include "base/arena.h"
#include "crypto/rsa.h"

#define FORMAT    "the evidence is one report of the paravisor, with nothing behind it"
#define BOUND     "REPORT_DATA of the hardware report are the hash of the runtime data, and zeros"
#define DATA      "the runtime data name one attestation key, RSA of 2048 bits"
#define QUOTE     "the quote of the virtual TPM is one TPMS_ATTEST over PCRs of SHA-256"
#define PCRS      "the PCR values beside the quote are those it was made over"
#define SIGNATURE "the attestation key in the runtime data signed the quote"

const struct tacit_check_row tacit_azure_snp_checks[TACIT_AZURE_SNP_CHECKS] = {
	{ "azure.hcl.format", FORMAT }, { "azure.hcl.bound", BOUND },
	{ "azure.hcl.data", DATA },     { "azure.quote.format", QUOTE },
	{ "azure.quote.pcrs", PCRS },   { "azure.quote.signature", SIGNATURE },
};

const struct tacit_check_row tacit_azure_tdx_checks[TACIT_AZURE_TDX_CHECKS] = {
	{ "azure.hcl.format", FORMAT },
	{ "azure.hcl.bound", BOUND },
	{ "azure.hcl.data", DATA },
	{ "azure.tdx.quote", "a quote of a TD came with the report" },
	{ "azure.tdx.report", "the quote is of the TD that the paravisor's report is of: the same "
			      "measurements and REPORTDATA" },
	{ "azure.quote.format", QUOTE },
	{ "azure.quote.pcrs", PCRS },
	{ "azure.quote.signature", SIGNATURE },
};

bool tacit_azure_snp_detect(struct tacit_slice in)
{
	return tacit_hcl_looks(in) == TACIT_HCL_SNP;
}

bool tacit_azure_tdx_detect(struct tacit_slice in)
{
	return tacit_hcl_looks(in) == TACIT_HCL_TDX;
}

/* Decides the row as the status says. */
static bool decide(struct tacit_check_list *list, const char *name, enum tacit_status st,
		   const struct tacit_error *err)
{
	if (st == TACIT_OK)
		tacit_check_pass(list, name, NULL);
	else
		tacit_check_fail_error(list, name, err);
	return st == TACIT_OK;
}

/* ---- the paravisor's report ---------------------------------------------------------------- */

static bool check_hcl(struct tacit_azure *az, enum tacit_hcl_kind kind)
{
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_hcl_parse(az->ev->raw, &az->hcl, &err);
	if (st == TACIT_OK && az->hcl.kind != kind)
		st = tacit_fail(&err, TACIT_FORMAT, "azure.hcl", 1224,
				"the report in it is of type %d, not %d", (int)az->hcl.kind,
				(int)kind);
	if (!decide(az->list, "azure.hcl.format", st, &err))
		return false;
	st = tacit_hcl_bound(&az->hcl, &err);
	if (!decide(az->list, "azure.hcl.bound", st, &err))
		return false;
	st = tacit_hcl_data_parse(az->hcl.data, az->cx->arena, &az->data, &err);
	return decide(az->list, "azure.hcl.data", st, &err);
}

/* ---- the virtual TPM ----------------------------------------------------------------------- */

static void skip_quote(struct tacit_check_list *list)
{
	tacit_check_skip(list, "azure.quote.format",
			 "no quote of the virtual TPM came with it: nothing shows what the guest "
			 "booted, nor when");
	tacit_check_skip(list, "azure.quote.pcrs", "no quote");
	tacit_check_skip(list, "azure.quote.signature", "no quote");
}

static bool check_pcrs(struct tacit_azure *az)
{
	struct tacit_error err = { 0 };

	if (az->tpm.pcr_count == 0) {
		tacit_check_skip(az->list, "azure.quote.pcrs",
				 "no PCR values came with the quote, only their digest");
		return true;
	}
	enum tacit_status st = tacit_tpm_pcrs(&az->quote, &az->tpm, az->pcrs, &err);
	return decide(az->list, "azure.quote.pcrs", st, &err);
}

static bool check_quote(struct tacit_azure *az)
{
	struct tacit_error err = { 0 };
	struct tacit_slice signature = { NULL, 0 };

	if (!az->tpm.message.ptr && !az->tpm.signature.ptr && az->tpm.pcr_count == 0) {
		skip_quote(az->list);
		return true;
	}
	enum tacit_status st = tacit_tpm_quote_parse(az->tpm.message, &az->quote, &err);
	if (st == TACIT_OK)
		st = tacit_tpm_signature(az->tpm.signature, &signature, &err);
	if (!decide(az->list, "azure.quote.format", st, &err) || !check_pcrs(az))
		return false;
	st = tacit_rsa_check_pkcs1(az->data.ak_modulus, az->tpm.message, signature, &err);
	az->quoted = decide(az->list, "azure.quote.signature", st, &err);
	return az->quoted;
}

/* ---- the hardware's report ----------------------------------------------------------------- */

/* Has the platform of the hardware report judge it, in its own rows. */
static bool check_hardware(struct tacit_azure *az, enum tacit_tee tee, struct tacit_slice raw,
			   struct tacit_claims *claims)
{
	struct tacit_evidence inner = { .tee = tee, .raw = raw, .wrapper = az->ev->wrapper };
	const struct tacit_tee_row *row = tacit_tee_row(tee);
	struct tacit_check_failure failure = {
		.status = TACIT_UNSUPPORTED,
		.why = "this build cannot judge the hardware report",
	};

	if (row)
		return row->verify(&inner, az->cx, az->list, claims);
	tacit_check_fail(az->list, "azure.hcl.format", &failure);
	return false;
}

/* The measurements of the hardware report, and behind them the PCRs that the quote vouches for. */
static bool add_pcrs(struct tacit_azure *az, struct tacit_claims *claims)
{
	size_t count = claims->measurement_count;
	struct tacit_measurement *all = tacit_arena_alloc(
		az->cx->arena, (count + TACIT_TPM_PCRS) * sizeof(struct tacit_measurement));

	if (!all) {
		az->list->full = true;
		return false;
	}
	if (count)
		memcpy(all, claims->measurements, count * sizeof(*all));
	for (size_t i = 0; az->quoted && i < TACIT_TPM_PCRS; i++) {
		if (!az->pcrs[i].ptr)
			continue;
		all[count].name = tacit_check_printf(az->list, "pcr%zu", i);
		all[count++].value = az->pcrs[i];
	}
	claims->measurements = all;
	claims->measurement_count = count;
	return !az->list->full;
}

static bool add_claims(struct tacit_azure *az, enum tacit_tee tee, struct tacit_claims *claims)
{
	struct tacit_azure_claims *azure = tacit_arena_alloc(az->cx->arena, sizeof(*azure));

	if (!azure || !add_pcrs(az, claims)) {
		az->list->full = true;
		return false;
	}
	azure->hcl_version = az->hcl.version;
	azure->hash = tacit_hcl_hash_name(az->hcl.hash_type);
	azure->runtime_data = az->hcl.data;
	azure->ak_modulus = az->data.ak_modulus;
	azure->user_data = az->data.user_data;
	azure->vm_id = az->data.vm_id;
	azure->secure_boot = az->data.secure_boot;
	azure->tpm_enabled = az->data.tpm_enabled;
	azure->tpm_persisted = az->data.tpm_persisted;
	azure->console_enabled = az->data.console_enabled;
	azure->quoted = az->quoted;
	if (az->quoted) {
		azure->quote_nonce = az->quote.nonce;
		azure->pcr_mask = az->quote.pcr_mask;
		azure->pcr_digest = az->quote.pcr_digest;
		azure->has_pcrs = az->tpm.pcr_count != 0;
		azure->clock_ms = az->quote.clock_ms;
		azure->reset_count = az->quote.reset_count;
		azure->restart_count = az->quote.restart_count;
		azure->clock_safe = az->quote.clock_safe;
		azure->tpm_firmware = az->quote.firmware;
	}
	if (az->quoted && az->quote.nonce.len)
		claims->nonce = az->quote.nonce;
	claims->user_data = az->data.user_data;
	claims->tee = tee;
	claims->azure = azure;
	return true;
}

bool tacit_azure_snp_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			    struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_azure az = { .ev = ev, .cx = cx, .list = list };
	struct tacit_claims claims = { 0 };

	tacit_azure_collect(&az);
	if (!check_hcl(&az, TACIT_HCL_SNP) || !check_quote(&az) ||
	    !check_hardware(&az, TACIT_TEE_SNP, az.hcl.area, &claims) ||
	    !add_claims(&az, TACIT_TEE_AZURE_SNP, &claims))
		return false;
	*ret_claims = claims;
	return true;
}

bool tacit_azure_tdx_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			    struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_azure az = { .ev = ev, .cx = cx, .list = list };
	struct tacit_claims claims = { 0 };

	tacit_azure_collect(&az);
	if (!check_hcl(&az, TACIT_HCL_TDX) || !tacit_azure_check_td(&az) || !check_quote(&az) ||
	    !check_hardware(&az, TACIT_TEE_TDX, az.td_quote, &claims) ||
	    !add_claims(&az, TACIT_TEE_AZURE_TDX, &claims))
		return false;
	*ret_claims = claims;
	return true;
}
