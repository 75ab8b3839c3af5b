/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/sgx/sgx.h"

#include "base/compiler.h"
#include "tee/dcap/claims.h"

#define ATTRIBUTES_ROW "sgx.body.attributes"

#define MEASUREMENTS   2

#define NOT_SGX(row, name, about)

/* clang-format off */
const struct tacit_check_row tacit_sgx_checks[TACIT_SGX_CHECKS] = {
#define ROW(row, name, about) { "sgx." name, about },
	TACIT_DCAP_QUOTE_MAP(ROW)
	{ ATTRIBUTES_ROW, "the enclave was initialised (ATTRIBUTES.INIT)" },
	TACIT_DCAP_COLLATERAL_MAP(ROW, NOT_SGX)
#undef ROW
};

#define NAME(row, name, about) [TACIT_DCAP_QUOTE_##row] = "sgx." name,
static const char *const QUOTE_NAMES[TACIT_DCAP_QUOTE_ROWS] = { TACIT_DCAP_QUOTE_MAP(NAME) };
#undef NAME
#define NAME(row, name, about) [TACIT_DCAP_##row] = "sgx." name,
static const char *const COLLATERAL_NAMES[TACIT_DCAP_ROWS] = {
	TACIT_DCAP_COLLATERAL_MAP(NAME, NOT_SGX)
};
#undef NAME
/* clang-format on */

bool tacit_sgx_detect(struct tacit_slice in)
{
	return tacit_dcap_quote_detect(in, TACIT_TEE_SGX);
}

static bool check_attributes(const struct tacit_dcap_sgx_report *report,
			     struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.got = tacit_check_hex(list, report->attributes),
		.why = "the report is of an enclave that was never initialised",
	};

	if (report->flags & TACIT_SGX_INIT) {
		tacit_check_pass(list, ATTRIBUTES_ROW, failure.got);
		return true;
	}
	tacit_check_fail(list, ATTRIBUTES_ROW, &failure);
	return false;
}

static bool check_body(const struct tacit_dcap_signed *s, struct tacit_check_list *list,
		       struct tacit_dcap_sgx_report *ret)
{
	struct tacit_error err = { 0 };

	if (tacit_dcap_sgx_parse(s->quote.body, ret, &err) != TACIT_OK) {
		tacit_check_fail_error(list, ATTRIBUTES_ROW, &err);
		return false;
	}
	return check_attributes(ret, list);
}

static bool check_platform(const struct tacit_dcap_signed *s, const struct tacit_context *cx,
			   struct tacit_check_list *list, struct tacit_dcap_tcb *ret)
{
	struct tacit_dcap_subject subject = {
		.tee = TACIT_TEE_SGX,
		.names = COLLATERAL_NAMES,
		.leaf = &s->leaf,
		.intermediate = &s->intermediate,
		.root = &s->root,
		.pck = &s->pck,
		.qe_report = s->quote.qe_report,
	};

	return tacit_dcap_collateral_judge(&subject, cx, list, ret);
}

static struct tacit_sgx_claims sgx_claims(const struct tacit_dcap_signed *s,
					  const struct tacit_dcap_sgx_report *report,
					  const struct tacit_dcap_tcb *tcb)
{
	struct tacit_sgx_claims sgx = {
		.cpusvn = report->cpusvn,
		.miscselect = report->miscselect,
		.attributes = report->attributes,
		.config_id = report->config_id,
		.isv_prod_id = report->prod_id,
		.isv_svn = report->svn,
		.config_svn = report->config_svn,
		.isv_ext_prod_id = report->ext_prod_id,
		.isv_family_id = report->family_id,
		.dcap = tacit_dcap_claims_of(s, tcb),
	};

	return sgx;
}

bool tacit_sgx_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		      struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_dcap_sgx_report report = { 0 };
	struct tacit_dcap_tcb tcb = { 0 };

	const struct tacit_dcap_signed *s =
		tacit_dcap_signature_verify(ev->raw, TACIT_TEE_SGX, QUOTE_NAMES, cx, list);
	if (!s || !check_body(s, list, &report) || !check_platform(s, cx, list, &tcb))
		return false;
	struct tacit_sgx_claims *sgx = tacit_arena_alloc(cx->arena, sizeof(*sgx));
	struct tacit_measurement *m = tacit_arena_alloc(cx->arena, MEASUREMENTS * sizeof(*m));
	if (!sgx || !m) {
		list->full = true;
		return false;
	}
	*sgx = sgx_claims(s, &report, &tcb);
	m[0].name = "mrenclave";
	m[0].value = report.mrenclave;
	m[1].name = "mrsigner";
	m[1].value = report.mrsigner;
	struct tacit_claims claims = {
		.tee = TACIT_TEE_SGX,
		.debug = (report.flags & TACIT_SGX_DEBUG) != 0,
		.measurement_count = MEASUREMENTS,
		.measurements = m,
		.report_data = report.report_data,
		.sgx = sgx,
	};
	tacit_dcap_claims_put(&sgx->dcap, &claims);
	*ret_claims = claims;
	return !list->full;
}
