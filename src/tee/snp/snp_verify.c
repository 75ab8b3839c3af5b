/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_job.h"

#include "base/compiler.h"

const struct tacit_check_row tacit_snp_checks[TACIT_SNP_CHECKS] = {
	{ "snp.report.format", "an attestation report of 1,184 bytes, with nothing behind it but a "
			       "certificate table [SNP-ABI 7.3]" },
	{ "snp.report.version", "its version is one whose fields are known: 2 to 5" },
	{ "snp.report.algorithm", "it says ECDSA over P-384 with SHA-384" },
	{ "snp.report.signer", "it says that a VCEK or a VLEK signed it: the host did not mask "
			       "the key, and no reserved value stands there" },
	{ "snp.report.reserved", "every byte is zero that its version reserves" },
	{ "snp.report.guest_policy", "the guest's policy has the bit that is always set, and none "
				     "that is unknown [SNP-ABI 4.3]" },
	{ "snp.report.requester", "a guest asked for it at one of its four privilege levels, not "
				  "the host" },
	{ "snp.report.signature_form", "R and S are numbers of 384 bits below the curve's order, "
				       "little-endian, and not zero [SNP-ABI 10]" },
	{ "snp.product", "the processor's family and model are of a known product" },
	{ "snp.table", "the certificate table lies within its bounds, without overlaps or "
		       "duplicates, and what it holds are certificates [GHCB 4.1.8]" },
	{ "snp.vek.found", "the certificate of the signing key is there" },
	{ "snp.vek.kind", "it is for the kind of key that signed, and so is its issuer" },
	{ "snp.vek.product", "its issuer and its version are those of the processor's product" },
	{ "snp.vek.key", "it holds a key of the curve P-384" },
	{ "snp.report.tcb", "the security versions have the layout of the product" },
	{ "snp.vek.tcb", "the key was derived for the reported security versions, part by part: "
			 "no key of older firmware speaks for newer" },
	{ "snp.vek.chip", "a VCEK is that of the chip that the report names; a VLEK is for no "
			  "chip, and names its cloud provider" },
	{ "snp.ca.found", "the certificates above it are there" },
	{ "snp.ca.root", "the root is AMD's for this product, byte for byte" },
	{ "snp.ca.intermediate", "the one between is AMD's for this product, byte for byte" },
	{ "snp.chain.names", "each certificate names the next as its issuer, and may issue" },
	{ "snp.chain.validity", "every certificate is valid at the time of judgement" },
	{ "snp.chain.signatures", "each certificate is signed by the next" },
	{ "snp.chain.revocation", "AMD's revocation list, where one is given, is signed and "
				  "current and names none of them" },
	{ "snp.report.signature", "the signing key signed these very bytes" },
};

bool tacit_snp_job_fail(struct tacit_snp_job *job, const char *name,
			const struct tacit_check_failure *failure)
{
	tacit_check_fail(job->list, name, failure);
	return false;
}

bool tacit_snp_job_decide(struct tacit_snp_job *job, const char *name, enum tacit_status status,
			  const struct tacit_error *error)
{
	if (status == TACIT_OK)
		tacit_check_pass(job->list, name, NULL);
	else
		tacit_check_fail_error(job->list, name, error);
	return status == TACIT_OK;
}

bool tacit_snp_verify_report(struct tacit_slice report, struct tacit_slice table,
			     const struct tacit_context *cx, struct tacit_check_list *list,
			     struct tacit_claims *ret_claims)
{
	static bool (*const STEPS[])(struct tacit_snp_job *) = {
		tacit_snp_step_report,    tacit_snp_step_table, tacit_snp_step_vek,
		tacit_snp_step_ca,        tacit_snp_step_chain, tacit_snp_step_revocation,
		tacit_snp_step_signature,
	};
	struct tacit_snp_job *job = tacit_arena_alloc(cx->arena, sizeof(*job));

	if (!job) {
		list->full = true;
		return false;
	}
	job->cx = cx;
	job->list = list;
	job->raw = report;
	job->table = table;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(STEPS); i++)
		if (!STEPS[i](job))
			return false;
	if (job->undecided)
		return false;
	if (!tacit_snp_job_claims(job, ret_claims)) {
		list->full = true;
		return false;
	}
	return true;
}

bool tacit_snp_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		      struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_slice raw = ev->raw, table = { NULL, 0 };

	if (raw.len > TACIT_SNP_REPORT_LEN) {
		table = tacit_slice_of(raw.ptr + TACIT_SNP_REPORT_LEN,
				       raw.len - TACIT_SNP_REPORT_LEN);
		raw.len = TACIT_SNP_REPORT_LEN;
	}
	if (!tacit_snp_verify_report(raw, table, cx, list, ret_claims))
		return false;
	ret_claims->tee = TACIT_TEE_SNP;
	return true;
}
