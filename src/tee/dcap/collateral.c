/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/collateral.h"

#include "base/time.h"
#include "tee/dcap/body.h"
#include "tee/dcap/collateral_choose.h"
#include "tee/dcap/tcb.h"

struct judge {
	const struct tacit_dcap_subject *subject;
	const struct tacit_context *cx;
	struct tacit_check_list *list;
	struct tacit_dcap_chosen chosen;
	struct tacit_dcap_tcb tcb;
	bool failed;
};

static void pass(const struct judge *j, enum tacit_dcap_row row, const char *got)
{
	if (j->subject->names[row])
		tacit_check_pass(j->list, j->subject->names[row], got);
}

static void fail(struct judge *j, enum tacit_dcap_row row,
		 const struct tacit_check_failure *failure)
{
	j->failed = true;
	if (j->subject->names[row])
		tacit_check_fail(j->list, j->subject->names[row], failure);
}

static void fail_why(struct judge *j, enum tacit_dcap_row row, enum tacit_status status,
		     const char *why)
{
	struct tacit_check_failure failure = { .status = status, .why = why };

	fail(j, row, &failure);
}

static void fail_error(struct judge *j, enum tacit_dcap_row row, const struct tacit_error *err)
{
	fail_why(j, row, err->status,
		 tacit_check_printf(j->list, "%s: %s", err->where, err->detail));
}

/* --- dates ----------------------------------------------------------------------------------- */

static const char *time_text(const struct judge *j, int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	tacit_time_format(seconds, text);
	return tacit_check_printf(j->list, "%s", text);
}

/*
 * Whether a piece is good now. What has run out can be fetched anew, so that the verdict is open;
 * what lies in the future was made to deceive, or the clock is wrong.
 */
static bool is_current(struct judge *j, enum tacit_dcap_row row, const char *piece, int64_t from,
		       int64_t until)
{
	enum tacit_dcap_age age = tacit_dcap_age(j->cx->now, from, until);
	struct tacit_check_failure failure = { .status = TACIT_OK };

	if (from > j->tcb.valid_from)
		j->tcb.valid_from = from;
	if (until < j->tcb.valid_until)
		j->tcb.valid_until = until;
	if (age == TACIT_DCAP_CURRENT)
		return true;
	failure.got = time_text(j, j->cx->now);
	if (age == TACIT_DCAP_STALE) {
		failure.status = TACIT_UNDECIDED;
		failure.expected = tacit_check_printf(j->list, "until %s", time_text(j, until));
		failure.why = tacit_check_printf(j->list, "%s has run out: fetch it anew", piece);
	} else {
		failure.status = TACIT_EXPIRED;
		failure.expected = tacit_check_printf(j->list, "from %s", time_text(j, from));
		failure.why = tacit_check_printf(j->list, "%s is not valid yet", piece);
	}
	fail(j, row, &failure);
	return false;
}

static void note_issue(struct judge *j, int64_t issued)
{
	if (issued < j->tcb.earliest_issue)
		j->tcb.earliest_issue = issued;
	if (issued > j->tcb.latest_issue)
		j->tcb.latest_issue = issued;
}

/* --- revocation ------------------------------------------------------------------------------ */

/* The list is there and genuine. */
static bool have_crl(struct judge *j, enum tacit_dcap_row row,
		     const struct tacit_dcap_chosen_crl *chosen, const char *missing)
{
	if (chosen->crl)
		return true;
	if (chosen->err.status != TACIT_OK)
		fail_error(j, row, &chosen->err);
	else
		fail_why(j, row, TACIT_UNDECIDED, missing);
	return false;
}

static bool is_revoked(struct judge *j, enum tacit_dcap_row row, const struct tacit_crl *crl,
		       const struct tacit_cert *cert, const char *what)
{
	struct tacit_check_failure failure = { .status = TACIT_REVOKED };

	if (!cert || !tacit_crl_revokes(crl, cert->serial))
		return false;
	failure.got = tacit_check_hex(j->list, cert->serial);
	failure.why = tacit_check_printf(j->list, "%s is revoked", what);
	fail(j, row, &failure);
	return true;
}

static void check_root_crl(struct judge *j)
{
	const struct tacit_dcap_chosen *c = &j->chosen;

	if (!have_crl(j, TACIT_DCAP_CRL_ROOT, &c->root_crl,
		      "the revocation list of the root is missing"))
		return;
	j->tcb.root_crl_number = c->root_crl.crl->number;
	if (!is_revoked(j, TACIT_DCAP_CRL_ROOT, c->root_crl.crl, j->subject->intermediate,
			"the CA of the PCK certificate") &&
	    !is_revoked(j, TACIT_DCAP_CRL_ROOT, c->root_crl.crl, c->tcb_info.signer,
			"the signer of the TCB info") &&
	    !is_revoked(j, TACIT_DCAP_CRL_ROOT, c->root_crl.crl, c->qe_identity.signer,
			"the signer of the QE identity"))
		pass(j, TACIT_DCAP_CRL_ROOT, NULL);
}

static void check_pck_crl(struct judge *j)
{
	const struct tacit_dcap_chosen_crl *chosen = &j->chosen.pck_crl;

	if (!have_crl(j, TACIT_DCAP_CRL_PCK, chosen,
		      "the revocation list of the PCK certificate's CA is missing"))
		return;
	j->tcb.pck_crl_number = chosen->crl->number;
	if (!is_revoked(j, TACIT_DCAP_CRL_PCK, chosen->crl, j->subject->leaf,
			"the PCK certificate"))
		pass(j, TACIT_DCAP_CRL_PCK, NULL);
}

static bool is_crl_current(struct judge *j, const struct tacit_crl *crl, const char *what)
{
	note_issue(j, crl->this_update);
	return is_current(j, TACIT_DCAP_CRL_VALIDITY, what, crl->this_update, crl->next_update);
}

static void check_crl_validity(struct judge *j)
{
	const struct tacit_crl *root = j->chosen.root_crl.crl, *pck = j->chosen.pck_crl.crl;
	bool root_current = root && is_crl_current(j, root, "the root's revocation list");
	bool pck_current = pck && is_crl_current(j, pck, "the PCK CA's revocation list");

	if (root_current && pck_current)
		pass(j, TACIT_DCAP_CRL_VALIDITY, NULL);
}

/* --- signed documents ------------------------------------------------------------------------ */

static void check_doc(struct judge *j, enum tacit_dcap_row row,
		      const struct tacit_dcap_chosen_doc *chosen, const char *missing)
{
	if (!chosen->doc)
		fail_why(j, row, TACIT_UNDECIDED, missing);
	else if (!chosen->signer)
		fail_error(j, row, &chosen->err);
	else
		pass(j, row, NULL);
}

static void check_doc_validity(struct judge *j, enum tacit_dcap_row row,
			       const struct tacit_dcap_chosen_doc *chosen, const char *what)
{
	if (!chosen->signer)
		return; /* dates that nobody signed say nothing */
	note_issue(j, chosen->doc->issue_date);
	bool current = is_current(j, row, what, chosen->doc->issue_date, chosen->doc->next_update);

	if (is_current(j, row,
		       tacit_check_printf(j->list, "the certificate of the signer of %s", what),
		       chosen->signer->not_before, chosen->signer->not_after) &&
	    current)
		pass(j, row, time_text(j, chosen->doc->next_update));
}

static const char *describe(const struct judge *j, bool tdx, struct tacit_slice fmspc,
			    struct tacit_slice pceid)
{
	return tacit_check_printf(j->list, "%s, FMSPC %s, PCE id %s", tdx ? "TDX" : "SGX",
				  tacit_check_hex(j->list, fmspc), tacit_check_hex(j->list, pceid));
}

static void check_platform(struct judge *j)
{
	const struct tacit_tcb_info *info = j->chosen.tcb_info.info;
	struct tacit_check_failure failure = { .status = TACIT_UNDECIDED };

	if (!info)
		return;
	if (tacit_dcap_fits(info, j->subject)) {
		pass(j, TACIT_DCAP_TCB_INFO_PLATFORM, NULL);
		return;
	}
	failure.expected = describe(j, j->subject->tee == TACIT_TEE_TDX, j->subject->pck->fmspc,
				    j->subject->pck->pceid);
	failure.got = describe(j, info->tdx, TACIT_SLICE_ARRAY(info->fmspc),
			       TACIT_SLICE_ARRAY(info->pceid));
	failure.why = "the TCB info at hand is for another platform";
	fail(j, TACIT_DCAP_TCB_INFO_PLATFORM, &failure);
}

/* --- quoting enclave and module -------------------------------------------------------------- */

/* The first `len` bytes of a report's field under a mask. */
static bool masked_eq(const uint8_t *got, const uint8_t *mask, const uint8_t *want, size_t len)
{
	bool same = true;

	for (size_t i = 0; i < len; i++)
		same &= (got[i] & mask[i]) == want[i];
	return same;
}

static void put_le32(uint8_t out[static 4], uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

static void check_qe(struct judge *j, const struct tacit_dcap_sgx_report *report)
{
	const struct tacit_qe_identity *qe = j->chosen.qe_identity.qe;
	struct tacit_check_failure failure = { .status = TACIT_CHAIN };
	uint8_t misc[4];

	if (!qe)
		return;
	put_le32(misc, report->miscselect);
	if (!tacit_slice_eq(report->mrsigner, TACIT_SLICE_ARRAY(qe->mrsigner))) {
		failure.expected = tacit_check_hex(j->list, TACIT_SLICE_ARRAY(qe->mrsigner));
		failure.got = tacit_check_hex(j->list, report->mrsigner);
		failure.why = "the quoting enclave is not signed by Intel's key";
	} else if (report->prod_id != qe->isvprodid) {
		failure.expected = tacit_check_printf(j->list, "%u", qe->isvprodid);
		failure.got = tacit_check_printf(j->list, "%u", report->prod_id);
		failure.why = "the quoting enclave is another product";
	} else if (!masked_eq(report->attributes.ptr, qe->attributes_mask, qe->attributes, 16)) {
		failure.expected = tacit_check_hex(j->list, TACIT_SLICE_ARRAY(qe->attributes));
		failure.got = tacit_check_hex(j->list, report->attributes);
		failure.why = "the quoting enclave has other attributes, such as debug";
	} else if (!masked_eq(misc, qe->miscselect_mask, qe->miscselect, 4)) {
		failure.expected = tacit_check_hex(j->list, TACIT_SLICE_ARRAY(qe->miscselect));
		failure.got = tacit_check_hex(j->list, TACIT_SLICE_ARRAY(misc));
		failure.why = "the quoting enclave has another miscselect";
	}
	if (failure.why)
		fail(j, TACIT_DCAP_QE_IDENTITY_MATCH, &failure);
	else
		pass(j, TACIT_DCAP_QE_IDENTITY_MATCH, NULL);
}

/* The module of one TEE_TCB_SVN. Why it is not what the TCB info says, or NULL. */
static const char *module_fault(const struct judge *j, struct tacit_slice svn)
{
	static const uint8_t ZERO[8] = { 0 };
	const struct tacit_dcap_subject *s = j->subject;
	const struct tacit_tdx_module_identity *module =
		tacit_dcap_module(j->chosen.tcb_info.info, svn);

	if (!module)
		return "the TCB info knows no TDX module of this major version";
	if (!tacit_slice_eq(s->mrsignerseam, TACIT_SLICE_ARRAY(module->mrsigner)))
		return "MRSIGNERSEAM is not the signer in the module's identity";
	/* The mask is all ones in Intel's identities, and zero is what is asked for: no mask. */
	if (!tacit_slice_eq(s->seam_attributes, TACIT_SLICE_ARRAY(module->attributes)) ||
	    !tacit_slice_eq(s->seam_attributes, TACIT_SLICE_ARRAY(ZERO)))
		return "SEAMATTRIBUTES are not zero, or not those of the module's identity";
	return NULL;
}

static void check_module(struct judge *j)
{
	const struct tacit_tcb_info *info = j->chosen.tcb_info.info;
	struct tacit_slice svn = j->subject->tee_tcb_svn, svn2 = j->subject->tee_tcb_svn2;
	struct tacit_check_failure failure = { .status = TACIT_CHAIN };

	if (j->subject->tee != TACIT_TEE_TDX || !info || !info->tdx)
		return;
	failure.why = module_fault(j, svn);
	if (!failure.why && svn2.ptr) {
		failure.why = module_fault(j, svn2);
		svn = svn2;
	}
	failure.got = tacit_check_printf(j->list, "TDX_%02X", svn.ptr[1]);
	if (failure.why)
		fail(j, TACIT_DCAP_MODULE_IDENTITY, &failure);
	else
		pass(j, TACIT_DCAP_MODULE_IDENTITY, failure.got);
}

/* --- status ---------------------------------------------------------------------------------- */

/* "sgx component 2 (BIOS): has 3, needs 4" of the first gap, which people can act on. */
static const char *first_gap(const struct judge *j, const struct tacit_dcap_tcb *tcb)
{
	if (tcb->gap_count == 0)
		return NULL;
	const struct tacit_dcap_gap *gap = &tcb->gaps[0];
	return tacit_check_printf(j->list, "%s %u%s%s: has %u, the newest level needs %u",
				  gap->part, gap->index, gap->category ? " " : "",
				  gap->category ? gap->category : "", gap->have, gap->need);
}

static void check_status(struct judge *j, uint16_t qe_svn)
{
	const struct tacit_dcap_platform platform = {
		.info = j->chosen.tcb_info.info,
		.qe = j->chosen.qe_identity.qe,
		.pck = j->subject->pck,
		.qe_svn = qe_svn,
		.tee_tcb_svn = j->subject->tee_tcb_svn,
		.tee_tcb_svn2 = j->subject->tee_tcb_svn2,
	};
	struct tacit_check_failure failure = { .status = TACIT_POLICY };
	const char *part;
	bool full;

	enum tacit_tcb_status status =
		tacit_dcap_tcb_evaluate(&platform, j->cx->arena, &j->tcb, &part, &full);
	j->list->full |= full;
	failure.got = tacit_tcb_status_text(status);
	failure.expected = first_gap(j, &j->tcb);
	if (status == TACIT_TCB_NOT_SUPPORTED) {
		failure.why = tacit_check_printf(
			j->list, "the %s reaches none of the levels that Intel lists", part);
		fail(j, TACIT_DCAP_TCB_LEVEL, &failure);
		return;
	}
	pass(j, TACIT_DCAP_TCB_LEVEL, NULL);
	if (status != TACIT_TCB_REVOKED) {
		pass(j, TACIT_DCAP_TCB_STATUS, failure.got);
		return;
	}
	failure.status = TACIT_REVOKED;
	failure.why = "Intel has revoked this TCB: no update since makes it trustworthy";
	fail(j, TACIT_DCAP_TCB_STATUS, &failure);
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool skip_all(const struct tacit_dcap_subject *subject, struct tacit_check_list *list,
		     struct tacit_dcap_tcb *ret)
{
	static const struct tacit_dcap_tcb NONE = { .judged = false };

	for (unsigned row = 0; row < TACIT_DCAP_ROWS; row++)
		if (subject->names[row])
			tacit_check_skip(list, subject->names[row],
					 "no collateral was given for this platform");
	*ret = NONE;
	return true;
}

static void check_documents(struct judge *j, const struct tacit_dcap_sgx_report *report)
{
	const struct tacit_dcap_chosen *c = &j->chosen;

	check_doc(j, TACIT_DCAP_TCB_INFO_SIGNATURE, &c->tcb_info, "the TCB info is missing");
	check_doc_validity(j, TACIT_DCAP_TCB_INFO_VALIDITY, &c->tcb_info, "the TCB info");
	check_platform(j);
	check_doc(j, TACIT_DCAP_QE_IDENTITY_SIGNATURE, &c->qe_identity,
		  "the identity of the quoting enclave is missing");
	check_doc_validity(j, TACIT_DCAP_QE_IDENTITY_VALIDITY, &c->qe_identity, "the QE identity");
	if (c->qe_identity.signer)
		check_qe(j, report);
	if (c->tcb_info.signer)
		check_module(j);
}

bool tacit_dcap_collateral_judge(const struct tacit_dcap_subject *subject,
				 const struct tacit_context *cx, struct tacit_check_list *list,
				 struct tacit_dcap_tcb *ret)
{
	struct judge j = { .subject = subject, .cx = cx, .list = list };
	struct tacit_dcap_sgx_report report;
	struct tacit_error err = { 0 };

	tacit_dcap_choose(subject, cx, &j.chosen);
	if (!j.chosen.any)
		return skip_all(subject, list, ret);
	if (tacit_dcap_sgx_parse(subject->qe_report, &report, &err) != TACIT_OK) {
		fail_error(&j, TACIT_DCAP_QE_IDENTITY_MATCH, &err);
		return false;
	}
	j.tcb.judged = true;
	j.tcb.valid_from = INT64_MIN;
	j.tcb.valid_until = INT64_MAX;
	j.tcb.earliest_issue = INT64_MAX;
	j.tcb.latest_issue = INT64_MIN;
	check_root_crl(&j);
	check_pck_crl(&j);
	check_crl_validity(&j);
	check_documents(&j, &report);
	if (j.failed)
		return false; /* a level by papers that do not hold is none */
	uint32_t info_number = j.chosen.tcb_info.doc->evaluation_number;
	uint32_t qe_number = j.chosen.qe_identity.doc->evaluation_number;
	j.tcb.evaluation_number = info_number < qe_number ? info_number : qe_number;
	check_status(&j, report.svn);
	if (j.failed || list->full)
		return false;
	*ret = j.tcb;
	return true;
}
