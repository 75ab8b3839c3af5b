/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_job.h"

#include "base/compiler.h"

/* The certificate of the signing key: whether it is the one, before any signature is checked. */

bool tacit_snp_step_table(struct tacit_snp_job *job)
{
	struct tacit_error err = { 0 };
	struct tacit_snp_table table;

	enum tacit_status st = tacit_snp_table_parse(job->table, &table, &err);
	if (st == TACIT_OK)
		st = tacit_snp_pool_fill(&job->pool, &table, job->cx, &err);
	if (st != TACIT_OK)
		return tacit_snp_job_decide(job, "snp.table", st, &err);
	if (job->table.len)
		tacit_check_pass(job->list, "snp.table", NULL);
	else
		tacit_check_skip(job->list, "snp.table", "no certificate table came with it");
	return true;
}

static bool find_vek(struct tacit_snp_job *job)
{
	char url[TACIT_SNP_URL_MAX];
	struct tacit_check_failure failure = { .status = TACIT_UNDECIDED };

	job->vek = tacit_snp_pool_vek(&job->pool, &job->report, job->cx->now);
	if (job->vek) {
		tacit_snp_vek_read(job->vek, &job->exts);
		tacit_check_pass(job->list, "snp.vek.found", NULL);
		return true;
	}
	if (job->kind == TACIT_SNP_VLEK) {
		failure.why = "the certificate of the VLEK is missing: only the cloud provider has "
			      "it, and hands it to the guest in the report's certificate table";
		return tacit_snp_job_fail(job, "snp.vek.found", &failure);
	}
	tacit_snp_url_vek(&job->report, tacit_snp_product_guess(&job->report), url);
	failure.why = tacit_check_printf(job->list,
					 "the certificate of the chip's key is missing: AMD has it "
					 "at %s%s",
					 url,
					 job->report.version == 2
						 ? " (this report does not say its product; it may "
						   "be another)"
						 : "");
	return tacit_snp_job_fail(job, "snp.vek.found", &failure);
}

static const char *kind_name(enum tacit_snp_key kind)
{
	return kind == TACIT_SNP_VLEK ? "vlek" : "vcek";
}

static bool check_kind(struct tacit_snp_job *job)
{
	enum tacit_snp_key kind = TACIT_SNP_NO_KEY;
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = kind_name(job->kind),
		.why = "the certificate is for another kind of key than the report says signed it",
	};

	if (tacit_snp_vek_kind(job->vek, &kind) && kind == job->kind) {
		tacit_check_pass(job->list, "snp.vek.kind", kind_name(kind));
		return true;
	}
	failure.got = tacit_check_text(job->list, job->vek->subject_cn);
	return tacit_snp_job_fail(job, "snp.vek.kind", &failure);
}

static bool check_product(struct tacit_snp_job *job)
{
	const struct tacit_snp_product_row *row =
		tacit_snp_product_row(tacit_snp_vek_product(job->vek, job->kind));
	struct tacit_error err = { 0 };
	unsigned version = 0;
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = job->product ? job->product->name : NULL,
		.why = "the certificate's issuer is not that of this processor's product",
	};

	if (row->product == TACIT_SNP_UNKNOWN || (job->product && row != job->product)) {
		failure.got = tacit_check_text(job->list, job->vek->issuer_cn);
		return tacit_snp_job_fail(job, "snp.vek.product", &failure);
	}
	job->product = row;
	enum tacit_status st = tacit_snp_vek_version(&job->exts, &version, &err);
	if (st != TACIT_OK)
		return tacit_snp_job_decide(job, "snp.vek.product", st, &err);
	if (version != row->struct_version) {
		failure.expected =
			tacit_check_printf(job->list, "structVersion %u", row->struct_version);
		failure.got = tacit_check_printf(job->list, "structVersion %u", version);
		failure.why = "the certificate has the form of another product";
		return tacit_snp_job_fail(job, "snp.vek.product", &failure);
	}
	tacit_check_pass(job->list, "snp.vek.product", row->name);
	return true;
}

static bool check_key(struct tacit_snp_job *job)
{
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = "P-384",
		.why = "the certified key cannot have made this kind of signature",
	};

	if (job->vek->key_alg == TACIT_P384) {
		tacit_check_pass(job->list, "snp.vek.key", NULL);
		return true;
	}
	return tacit_snp_job_fail(job, "snp.vek.key", &failure);
}

static bool check_layout(struct tacit_snp_job *job)
{
	const struct tacit_snp_report *report = &job->report;
	bool has_fmc = job->product->has_fmc;
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.why = "a byte of a security version is not zero that the product reserves",
	};

	if (tacit_snp_tcb_read(report->current_tcb, has_fmc, &job->current) &&
	    tacit_snp_tcb_read(report->reported_tcb, has_fmc, &job->reported) &&
	    tacit_snp_tcb_read(report->committed_tcb, has_fmc, &job->committed) &&
	    tacit_snp_tcb_read(report->launch_tcb, has_fmc, &job->launch)) {
		tacit_check_pass(job->list, "snp.report.tcb", NULL);
		return true;
	}
	return tacit_snp_job_fail(job, "snp.report.tcb", &failure);
}

static const char *tcb_text(struct tacit_snp_job *job, const struct tacit_snp_tcb *tcb)
{
	return tacit_check_printf(job->list, "fmc %u bootloader %u tee %u snp %u microcode %u",
				  tcb->fmc, tcb->bootloader, tcb->tee, tcb->snp, tcb->microcode);
}

static bool check_tcb(struct tacit_snp_job *job)
{
	struct tacit_error err = { 0 };
	struct tacit_snp_tcb tcb;

	enum tacit_status st = tacit_snp_vek_tcb(&job->exts, job->product->has_fmc, &tcb, &err);
	if (st != TACIT_OK)
		return tacit_snp_job_decide(job, "snp.vek.tcb", st, &err);
	if (tacit_snp_tcb_equal(&tcb, &job->reported)) {
		tacit_check_pass(job->list, "snp.vek.tcb", NULL);
		return true;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.expected = tcb_text(job, &job->reported),
		.got = tcb_text(job, &tcb),
		.why = "the key belongs to other security versions than the report claims",
	};
	return tacit_snp_job_fail(job, "snp.vek.tcb", &failure);
}

static bool all_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

static bool fail_chip(struct tacit_snp_job *job, enum tacit_status status, const char *why)
{
	struct tacit_check_failure failure = {
		.status = status,
		.expected = tacit_check_hex(job->list, job->report.chip_id),
		.got = job->hwid.ptr ? tacit_check_hex(job->list, job->hwid) : NULL,
		.why = why,
	};

	return tacit_snp_job_fail(job, "snp.vek.chip", &failure);
}

/* A host may mask CHIP_ID; the key is the chip's all the same, and a policy decides. */
static bool check_vcek_chip(struct tacit_snp_job *job)
{
	size_t len = job->product->chip_len;
	struct tacit_slice chip = { job->report.chip_id.ptr, len };
	struct tacit_slice tail = { job->report.chip_id.ptr + len, TACIT_SNP_CHIP_LEN - len };

	job->hwid = tacit_snp_vek_hwid(&job->exts, len);
	if (job->csp_id.ptr)
		return fail_chip(job, TACIT_CHAIN, "the VCEK's certificate names a cloud provider");
	if (!job->hwid.ptr)
		return fail_chip(job, TACIT_CHAIN, "the VCEK's certificate names no chip");
	if (!all_zero(tail))
		return fail_chip(job, TACIT_BINDING, "the chip's name is too long for the product");
	job->chip_id_masked = all_zero(chip);
	if (!job->chip_id_masked && !tacit_slice_eq(chip, job->hwid))
		return fail_chip(job, TACIT_BINDING, "the key is that of another chip");
	return true;
}

static bool check_vlek_chip(struct tacit_snp_job *job)
{
	if (job->exts.hwid.ptr)
		return fail_chip(job, TACIT_CHAIN, "the VLEK's certificate names a chip");
	if (!job->csp_id.ptr)
		return fail_chip(job, TACIT_CHAIN,
				 "the VLEK's certificate names no cloud provider");
	if (!all_zero(job->report.chip_id))
		return fail_chip(job, TACIT_BINDING, "a VLEK signed, and the report names a chip");
	return true;
}

static bool check_chip(struct tacit_snp_job *job)
{
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_snp_vek_csp(&job->exts, &job->csp_id, &err);
	if (st != TACIT_OK)
		return tacit_snp_job_decide(job, "snp.vek.chip", st, &err);
	if (job->kind == TACIT_SNP_VLEK ? !check_vlek_chip(job) : !check_vcek_chip(job))
		return false;
	tacit_check_pass(job->list, "snp.vek.chip",
			 job->chip_id_masked ? "masked by the host" : NULL);
	return true;
}

bool tacit_snp_step_vek(struct tacit_snp_job *job)
{
	static bool (*const CHECKS[])(struct tacit_snp_job *) = {
		find_vek, check_kind, check_product, check_key, check_layout, check_tcb, check_chip,
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CHECKS); i++)
		if (!CHECKS[i](job))
			return false;
	return true;
}
