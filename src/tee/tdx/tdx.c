/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tdx/tdx.h"

#include "base/compiler.h"
#include "tee/dcap/claims.h"

#define SEAM_ROW       "tdx.body.seam_attributes"
#define ATTRIBUTES_ROW "tdx.body.td_attributes"

#define MEASUREMENTS   11

/* clang-format off */
const struct tacit_check_row tacit_tdx_checks[TACIT_TDX_CHECKS] = {
#define ROW(row, name, about) { "tdx." name, about },
	TACIT_DCAP_QUOTE_MAP(ROW)
	{ SEAM_ROW, "SEAMATTRIBUTES of the TDX module are zero: no debug module" },
	{ ATTRIBUTES_ROW, "no bit of TDATTRIBUTES is set whose meaning this build does not know" },
	TACIT_DCAP_COLLATERAL_MAP(ROW, ROW)
#undef ROW
	{ "tdx.event_log.replay", "the event log leads to RTMR0, RTMR1 and RTMR2 of the quote" },
};

#define NAME(row, name, about) "tdx." name,
static const char *const QUOTE_NAMES[TACIT_DCAP_QUOTE_ROWS] = { TACIT_DCAP_QUOTE_MAP(NAME) };
static const char *const COLLATERAL_NAMES[TACIT_DCAP_ROWS] = {
	TACIT_DCAP_COLLATERAL_MAP(NAME, NAME)
};
#undef NAME
/* clang-format on */

/*
 * TDATTRIBUTES [TDX-MODULE ATTRIBUTES]. Intel defines reserved bits over time: a new one is a
 * line here, once it is known what it lets a host do.
 */
static const struct {
	unsigned bit;
	const char *name;
} ATTRIBUTES[] = {
	{ 0, "DEBUG" },
	{ 4, "HGS_PLUS_PROF" },
	{ 5, "PERF_PROF" },
	{ 6, "PMT_PROF" },
	{ 16, "ICSSD" },
	{ 27, "LASS" },
	{ 28, "SEPT_VE_DISABLE" },
	{ 29, "MIGRATABLE" },
	{ 30, "PKS" },
	{ 31, "KL" },
	{ 62, "TPA" },
	{ 63, "PERFMON" },
};

const char *tacit_tdx_attribute(unsigned bit)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ATTRIBUTES); i++)
		if (ATTRIBUTES[i].bit == bit)
			return ATTRIBUTES[i].name;
	return NULL;
}

bool tacit_tdx_detect(struct tacit_slice in)
{
	return tacit_dcap_quote_detect(in, TACIT_TEE_TDX);
}

static bool check_seam(const struct tacit_dcap_td_report *td, struct tacit_check_list *list)
{
	static const uint8_t ZERO[8] = { 0 };
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = "0000000000000000",
		.why = "the TDX module has attributes, as no production module does",
	};

	if (tacit_slice_eq(td->seam_attributes, TACIT_SLICE_ARRAY(ZERO))) {
		tacit_check_pass(list, SEAM_ROW, NULL);
		return true;
	}
	failure.got = tacit_check_hex(list, td->seam_attributes);
	tacit_check_fail(list, SEAM_ROW, &failure);
	return false;
}

static bool check_attributes(const struct tacit_dcap_td_report *td, struct tacit_check_list *list)
{
	struct tacit_check_failure failure = { .status = TACIT_POLICY };
	uint64_t known = 0;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ATTRIBUTES); i++)
		known |= UINT64_C(1) << ATTRIBUTES[i].bit;
	failure.got = tacit_check_hex(list, td->td_attributes_bytes);
	if ((td->td_attributes & ~known) == 0) {
		tacit_check_pass(list, ATTRIBUTES_ROW, failure.got);
		return true;
	}
	failure.why = "a reserved bit is set: what it lets the host do is not known";
	tacit_check_fail(list, ATTRIBUTES_ROW, &failure);
	return false;
}

static bool check_body(const struct tacit_dcap_signed *s, struct tacit_check_list *list,
		       struct tacit_dcap_td_report *ret)
{
	struct tacit_error err = { 0 };

	if (tacit_dcap_td_parse(s->quote.body, s->quote.body_type, ret, &err) != TACIT_OK) {
		tacit_check_fail_error(list, SEAM_ROW, &err);
		return false;
	}
	return check_seam(ret, list) && check_attributes(ret, list);
}

static bool check_platform(const struct tacit_dcap_signed *s, const struct tacit_dcap_td_report *td,
			   const struct tacit_context *cx, struct tacit_check_list *list,
			   struct tacit_dcap_tcb *ret)
{
	struct tacit_dcap_subject subject = {
		.tee = TACIT_TEE_TDX,
		.names = COLLATERAL_NAMES,
		.leaf = &s->leaf,
		.intermediate = &s->intermediate,
		.root = &s->root,
		.pck = &s->pck,
		.qe_report = s->quote.qe_report,
		.tee_tcb_svn = td->tee_tcb_svn,
		.tee_tcb_svn2 = td->tee_tcb_svn2,
		.mrsignerseam = td->mrsignerseam,
		.seam_attributes = td->seam_attributes,
	};

	return tacit_dcap_collateral_judge(&subject, cx, list, ret);
}

/* ---- claims -------------------------------------------------------------------------------- */

/* Their number; `ret` has room for all. */
static size_t put_measurements(const struct tacit_dcap_td_report *td,
			       struct tacit_measurement ret[static MEASUREMENTS])
{
	const struct tacit_measurement all[MEASUREMENTS] = {
		{ "mrtd", td->mrtd },
		{ "rtmr0", td->rtmr[0] },
		{ "rtmr1", td->rtmr[1] },
		{ "rtmr2", td->rtmr[2] },
		{ "rtmr3", td->rtmr[3] },
		{ "mrseam", td->mrseam },
		{ "mrsignerseam", td->mrsignerseam },
		{ "mrconfigid", td->mrconfigid },
		{ "mrowner", td->mrowner },
		{ "mrownerconfig", td->mrownerconfig },
		{ "mrservicetd", td->mrservicetd }, /* the last: not in every body */
	};

	memcpy(ret, all, sizeof(all));
	return td->mrservicetd.ptr ? MEASUREMENTS : MEASUREMENTS - 1;
}

static struct tacit_tdx_claims tdx_claims(const struct tacit_dcap_signed *s,
					  const struct tacit_dcap_td_report *td,
					  const struct tacit_dcap_tcb *tcb)
{
	struct tacit_tdx_claims tdx = {
		.body = (enum tacit_tdx_body)s->quote.body_type,
		.tee_tcb_svn = td->tee_tcb_svn,
		.tee_tcb_svn2 = td->tee_tcb_svn2,
		.attributes = td->td_attributes,
		.attributes_bytes = td->td_attributes_bytes,
		.xfam = td->xfam,
		.seam_attributes = td->seam_attributes,
		.extended = td->extended,
		.vm_id = td->vm_id,
		.td_id = td->td_id,
		.device_info = td->device_info,
		.init_servtd_hash = td->init_servtd_hash,
		.init_servtd_attributes = td->init_servtd_attributes,
		.init_cpusvn = td->init_cpusvn,
		.init_tee_tcb_svn = td->init_tee_tcb_svn,
		.init_fmspc = td->init_fmspc,
		.cur_servtd_hash = td->cur_servtd_hash,
		.cur_servtd_attributes = td->cur_servtd_attributes,
		.dcap = tacit_dcap_claims_of(s, tcb),
	};

	return tdx;
}

bool tacit_tdx_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		      struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_dcap_td_report td = { 0 };
	struct tacit_dcap_tcb tcb = { 0 };

	const struct tacit_dcap_signed *s =
		tacit_dcap_signature_verify(ev->raw, TACIT_TEE_TDX, QUOTE_NAMES, cx, list);
	if (!s || !check_body(s, list, &td) || !check_platform(s, &td, cx, list, &tcb))
		return false;
	struct tacit_tdx_claims *tdx = tacit_arena_alloc(cx->arena, sizeof(*tdx));
	struct tacit_measurement *m = tacit_arena_alloc(cx->arena, MEASUREMENTS * sizeof(*m));
	if (!tdx || !m) {
		list->full = true;
		return false;
	}
	*tdx = tdx_claims(s, &td, &tcb);
	tacit_tdx_events_judge(ev, cx, &td, list, &tdx->events);
	struct tacit_claims claims = {
		.tee = TACIT_TEE_TDX,
		.debug = (td.td_attributes & TACIT_TDX_UNDER_DEBUG) != 0,
		.measurement_count = put_measurements(&td, m),
		.measurements = m,
		.report_data = td.report_data,
		.tdx = tdx,
	};
	tacit_dcap_claims_put(&tdx->dcap, &claims);
	*ret_claims = claims;
	return !list->full;
}
