/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_job.h"

#include "base/compiler.h"

/* What the report alone can be asked. */

static bool check_version(struct tacit_snp_job *job)
{
	uint32_t version = job->report.version;
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = "2 to 5",
		.why = "a report of this version may mean something else by the same bytes",
	};

	if (version >= 2 && version <= 5) {
		tacit_check_pass(job->list, "snp.report.version", NULL);
		return true;
	}
	failure.got = tacit_check_printf(job->list, "%lu", (unsigned long)version);
	return tacit_snp_job_fail(job, "snp.report.version", &failure);
}

static bool check_algorithm(struct tacit_snp_job *job)
{
	uint32_t algo = job->report.signature_algo;
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = "1",
		.why = "the report does not say ECDSA over P-384 with SHA-384",
	};

	if (algo == 1) {
		tacit_check_pass(job->list, "snp.report.algorithm", NULL);
		return true;
	}
	failure.got = tacit_check_printf(job->list, "%lu", (unsigned long)algo);
	return tacit_snp_job_fail(job, "snp.report.algorithm", &failure);
}

static bool check_signer(struct tacit_snp_job *job)
{
	unsigned key = TACIT_SNP_SIGNING_KEY(job->report.flags);
	struct tacit_check_failure failure = {
		.status = TACIT_SIGNATURE,
		.expected = "vcek or vlek",
	};

	if (TACIT_SNP_MASK_CHIP_KEY(job->report.flags))
		failure.why = "the host masks the chip's key, so the firmware signed nothing";
	else if (key == TACIT_SNP_NO_KEY)
		failure.why = "the report says that nothing signed it";
	else if (key != TACIT_SNP_VCEK && key != TACIT_SNP_VLEK)
		failure.why = "the report names a kind of signing key that is reserved";
	if (failure.why) {
		failure.got = tacit_check_printf(job->list, "FLAGS 0x%02lx",
						 (unsigned long)job->report.flags);
		return tacit_snp_job_fail(job, "snp.report.signer", &failure);
	}
	job->kind = key == TACIT_SNP_VLEK ? TACIT_SNP_VLEK : TACIT_SNP_VCEK;
	tacit_check_pass(job->list, "snp.report.signer", key == TACIT_SNP_VLEK ? "vlek" : "vcek");
	return true;
}

static bool check_reserved(struct tacit_snp_job *job)
{
	size_t at = 0;
	struct tacit_check_failure failure = { .status = TACIT_FORMAT, .expected = "00" };

	if (tacit_snp_report_reserved(&job->report, &at)) {
		tacit_check_pass(job->list, "snp.report.reserved", NULL);
		return true;
	}
	failure.why = tacit_check_printf(job->list,
					 "a byte that version %lu reserves is not zero, at 0x%zx",
					 (unsigned long)job->report.version, at);
	return tacit_snp_job_fail(job, "snp.report.reserved", &failure);
}

static bool check_guest_policy(struct tacit_snp_job *job)
{
	uint64_t policy = job->report.policy;
	bool one = (policy & TACIT_SNP_POLICY_RESERVED_ONE) != 0;
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.why = one ? "the guest's policy has a bit that is not known: what it permits is "
			     "not known either"
			   : "bit 17 of the guest's policy is always set, and is not",
	};

	if (one && (policy & ~TACIT_SNP_POLICY_KNOWN) == 0) {
		tacit_check_pass(job->list, "snp.report.guest_policy", NULL);
		return true;
	}
	failure.got = tacit_check_printf(job->list, "0x%llx", (unsigned long long)policy);
	return tacit_snp_job_fail(job, "snp.report.guest_policy", &failure);
}

static bool check_requester(struct tacit_snp_job *job)
{
	uint32_t vmpl = job->report.vmpl;
	bool host = vmpl == UINT32_MAX;
	struct tacit_check_failure failure = {
		.status = host ? TACIT_POLICY : TACIT_FORMAT,
		.expected = "0 to 3",
		.why = host ? "the host asked for this report: its report data say nothing about "
			      "the guest"
			    : "there is no such privilege level",
	};

	if (vmpl <= 3) {
		tacit_check_pass(job->list, "snp.report.requester", NULL);
		return true;
	}
	failure.got = tacit_check_printf(job->list, "0x%lx", (unsigned long)vmpl);
	return tacit_snp_job_fail(job, "snp.report.requester", &failure);
}

/* The order of P-384 [SP 800-186 3.2.1.4], little-endian. */
static const uint8_t ORDER[TACIT_SNP_SCALAR_LEN] = {
	0x73, 0x29, 0xc5, 0xcc, 0x6a, 0x19, 0xec, 0xec, 0x7a, 0xa7, 0xb0, 0x48,
	0xb2, 0x0d, 0x1a, 0x58, 0xdf, 0x2d, 0x37, 0xf4, 0x81, 0x4d, 0x63, 0xc7,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static bool below_order(const uint8_t *scalar)
{
	for (size_t i = TACIT_SNP_SCALAR_LEN; i > 0; i--)
		if (scalar[i - 1] != ORDER[i - 1])
			return scalar[i - 1] < ORDER[i - 1];
	return false;
}

/* Why R or S is no scalar; NULL when it is one. */
static const char *scalar_fault(struct tacit_slice number, enum tacit_status *ret_status)
{
	uint8_t low = 0, high = 0;

	for (size_t i = 0; i < number.len; i++) {
		if (i < TACIT_SNP_SCALAR_LEN)
			low |= number.ptr[i];
		else
			high |= number.ptr[i];
	}
	*ret_status = TACIT_FORMAT;
	if (high)
		return "is longer than 384 bits";
	*ret_status = TACIT_SIGNATURE;
	if (!low)
		return "is zero, as where nothing was signed";
	return below_order(number.ptr) ? NULL : "is not below the curve's order";
}

static bool check_signature_form(struct tacit_snp_job *job)
{
	struct tacit_check_failure failure = { 0 };
	const char *r = scalar_fault(job->report.r, &failure.status);
	const char *fault = r ? r : scalar_fault(job->report.s, &failure.status);

	if (!fault) {
		tacit_check_pass(job->list, "snp.report.signature_form", NULL);
		return true;
	}
	failure.why = tacit_check_printf(job->list, "%s of the signature %s", r ? "R" : "S", fault);
	return tacit_snp_job_fail(job, "snp.report.signature_form", &failure);
}

/* Version 2 does not say which processor: its product is that of the certificate. */
static bool check_product(struct tacit_snp_job *job)
{
	const struct tacit_snp_report *report = &job->report;
	enum tacit_snp_product product =
		tacit_snp_product_cpuid(report->cpu_family, report->cpu_model);
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.why = "no product with SEV-SNP is known that has this family and model, so no "
		       "root is known that could vouch for it",
	};

	if (report->version == 2) {
		tacit_check_skip(job->list, "snp.product",
				 "reports of version 2 do not say: the certificate does");
		return true;
	}
	if (product != TACIT_SNP_UNKNOWN) {
		job->product = tacit_snp_product_row(product);
		tacit_check_pass(job->list, "snp.product", job->product->name);
		return true;
	}
	failure.got = tacit_check_printf(job->list, "family %02xh model %02xh", report->cpu_family,
					 report->cpu_model);
	return tacit_snp_job_fail(job, "snp.product", &failure);
}

bool tacit_snp_step_report(struct tacit_snp_job *job)
{
	static bool (*const CHECKS[])(struct tacit_snp_job *) = {
		check_version,      check_algorithm, check_signer,         check_reserved,
		check_guest_policy, check_requester, check_signature_form, check_product,
	};
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_snp_report_parse(job->raw, &job->report, &err);
	if (!tacit_snp_job_decide(job, "snp.report.format", st, &err))
		return false;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CHECKS); i++)
		if (!CHECKS[i](job))
			return false;
	return true;
}
