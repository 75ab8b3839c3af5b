/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_judge.h"

#include <stdio.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "base/time.h"
#include "codec/pem.h"
#include "tee/dcap/collateral_choose.h"
#include "trust/collateral.h"

#define WHERE "fetch.answer"

/* ---- reading -------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoding; '+' is itself, as base64 has it. */
static enum tacit_status unescape(const char *text, struct tacit_arena *arena,
				  struct tacit_slice *ret, struct tacit_error *err)
{
	size_t len = strlen(text), n = 0;
	uint8_t *out = tacit_arena_alloc(arena, len + 1);

	if (!out)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%') {
			out[n++] = (uint8_t)text[i];
			continue;
		}
		int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (low < 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, i,
					  "the header with the issuers is badly escaped");
		out[n++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	*ret = tacit_slice_of(out, n);
	return TACIT_OK;
}

static bool is_text(struct tacit_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if ((bytes.ptr[i] < ' ' && !strchr("\r\n\t", bytes.ptr[i])) || bytes.ptr[i] > '~')
			return false;
	return true;
}

/* PEM of certificates and nothing else: `count` of them, or any number when that is 0. */
static enum tacit_status check_pem(struct tacit_slice text, size_t count, struct tacit_arena *arena,
				   struct tacit_error *err)
{
	struct tacit_pem_block block;
	struct tacit_error broken = { 0 };
	struct tacit_cert cert;
	size_t at = 0, seen = 0;

	if (!is_text(text))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "a chain of issuers that is no text");
	while (tacit_pem_next(text, &at, arena, &block, &broken)) {
		if (!tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
			return tacit_fail(err, TACIT_FORMAT, WHERE, at,
					  "a chain of issuers with something else in it");
		enum tacit_status st = tacit_cert_parse(block.der, WHERE, &cert, err);
		if (st != TACIT_OK)
			return st;
		seen++;
	}
	if (broken.status != TACIT_OK || seen == 0 || (count && seen != count))
		return tacit_fail(err, TACIT_FORMAT, WHERE, at,
				  "a chain of issuers that is not %zu certificates in PEM",
				  count ? count : 2);
	return TACIT_OK;
}

static enum tacit_status read_chain(const char *header, bool required, struct tacit_arena *arena,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, text;

	*ret = none;
	if (!header && required)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "no header with the certificates of the signer");
	if (!header)
		return TACIT_OK;
	enum tacit_status st = unescape(header, arena, &text, err);
	if (st == TACIT_OK)
		st = check_pem(text, 2, arena, err);
	if (st == TACIT_OK)
		*ret = text;
	return st;
}

static void take_doc(const struct tacit_intel_signed *doc, struct tacit_fetched *f)
{
	f->issued = doc->issue_date;
	f->until = doc->next_update;
	f->number = doc->evaluation_number;
}

/* One of what was asked for, and nothing beside it. */
static bool take(const struct tacit_collateral *all, enum tacit_fetch_kind kind,
		 struct tacit_fetched *f)
{
	bool docs = all->tcb_info_count + all->qe_identity_count > 0;
	bool others = all->event_log_count + all->quote_count > 0 || all->tpm.message.ptr;

	if (others)
		return false;
	switch (kind) {
	case TACIT_FETCH_TCB_INFO:
		if (all->tcb_info_count != 1 || all->qe_identity_count || all->crl_count)
			return false;
		take_doc(&all->tcb_infos[0].doc, f);
		return true;
	case TACIT_FETCH_QE_IDENTITY:
		if (all->qe_identity_count != 1 || all->tcb_info_count || all->crl_count)
			return false;
		take_doc(&all->qe_identities[0].doc, f);
		return true;
	case TACIT_FETCH_PCK_CRL:
	case TACIT_FETCH_ROOT_CRL:
	case TACIT_FETCH_AMD_CRL:
		if (all->crl_count != 1 || all->cert_count || docs)
			return false;
		f->bytes = all->crls[0].der;
		f->issued = all->crls[0].this_update;
		f->until = all->crls[0].next_update;
		return true;
	case TACIT_FETCH_AMD_CHAIN:
	case TACIT_FETCH_VCEK:
		if (all->cert_count != (kind == TACIT_FETCH_VCEK ? 1 : 2) || all->crl_count || docs)
			return false;
		if (kind == TACIT_FETCH_VCEK)
			f->bytes = all->certs[0].der;
		f->issued = all->certs[0].not_before;
		f->until = all->certs[0].not_after;
		return true;
	case TACIT_FETCH_KINDS:
		break;
	}
	return false;
}

enum tacit_status tacit_fetch_dates(const struct tacit_fetch_piece *piece, struct tacit_slice bytes,
				    struct tacit_arena *arena, struct tacit_fetched *ret,
				    struct tacit_error *err)
{
	struct tacit_fetched f = { .piece = piece, .bytes = bytes };
	const struct tacit_collateral *all;
	enum tacit_status st = tacit_collateral_parse(&bytes, 1, arena, &all, err);

	if (st != TACIT_OK)
		return st;
	if (!take(all, piece->kind, &f))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not one %s, but something else",
				  tacit_fetch_kind_name(piece->kind));
	*ret = f;
	return TACIT_OK;
}

enum tacit_status tacit_fetch_read(const struct tacit_fetch_piece *piece, struct tacit_slice body,
				   const char *chain, struct tacit_arena *arena,
				   struct tacit_fetched *ret, struct tacit_error *err)
{
	bool doc = piece->kind == TACIT_FETCH_TCB_INFO || piece->kind == TACIT_FETCH_QE_IDENTITY;
	struct tacit_fetched f;
	enum tacit_status st = tacit_fetch_dates(piece, body, arena, &f, err);

	if (st == TACIT_OK)
		st = read_chain(chain, doc, arena, &f.chain, err);
	if (st == TACIT_OK && piece->kind == TACIT_FETCH_AMD_CHAIN)
		st = check_pem(body, 2, arena, err);
	if (st == TACIT_OK)
		*ret = f;
	return st;
}

/* ---- judging -------------------------------------------------------------------------------- */

/* The checks that speak of a piece; what follows the platform's name. */
static const char *const TCB_INFO[] = { "tcb_info.signature", "tcb_info.validity",
					"tcb_info.platform", NULL };
static const char *const QE_IDENTITY[] = { "qe_identity.signature", "qe_identity.validity", NULL };
static const char *const PCK_CRL[] = { "crl.pck", NULL };
static const char *const ROOT_CRL[] = { "crl.root", NULL };
static const char *const AMD_CERTS[] = { "vek.found",        "vek.kind",         "vek.product",
					 "vek.key",          "report.tcb",       "vek.tcb",
					 "vek.chip",         "ca.found",         "ca.root",
					 "ca.intermediate",  "chain.names",      "chain.validity",
					 "chain.signatures", "report.signature", NULL };
static const char *const AMD_CRL[] = { "chain.revocation", NULL };

static const char *const *rows_of(enum tacit_fetch_kind kind)
{
	static const char *const *const ROWS[] = {
		[TACIT_FETCH_TCB_INFO] = TCB_INFO,   [TACIT_FETCH_QE_IDENTITY] = QE_IDENTITY,
		[TACIT_FETCH_PCK_CRL] = PCK_CRL,     [TACIT_FETCH_ROOT_CRL] = ROOT_CRL,
		[TACIT_FETCH_AMD_CHAIN] = AMD_CERTS, [TACIT_FETCH_VCEK] = AMD_CERTS,
		[TACIT_FETCH_AMD_CRL] = AMD_CRL,
	};

	return ROWS[kind];
}

/* "<platform>.<name>" of the verdict, or NULL. */
static const struct tacit_check *find_row(const struct tacit_verdict *verdict, enum tacit_tee tee,
					  const char *name)
{
	char full[64];

	(void)snprintf(full, sizeof(full), "%s.%s", tacit_tee_name(tee), name);
	return tacit_verdict_find(verdict, full);
}

static enum tacit_status fail_check(const struct tacit_check *check, struct tacit_error *err)
{
	return tacit_fail(err, check->status == TACIT_OK ? TACIT_UNDECIDED : check->status,
			  check->name, 0, "%s%s%s%s%s", check->why ? check->why : "not reached",
			  check->expected ? "; expected " : "",
			  check->expected ? check->expected : "", check->got ? "; got " : "",
			  check->got ? check->got : "");
}

/* The first that failed for good, else the first that failed. */
static enum tacit_status fail_first(const struct tacit_verdict *verdict, struct tacit_error *err)
{
	const struct tacit_check *first = NULL, *check;

	for (size_t i = 0; (check = tacit_verdict_check(verdict, i)) != NULL; i++)
		if (check->result == TACIT_CHECK_FAIL &&
		    (!first ||
		     (first->status == TACIT_UNDECIDED && check->status != TACIT_UNDECIDED)))
			first = check;
	return first ? fail_check(first, err)
		     : tacit_fail(err, TACIT_UNDECIDED, WHERE, 0, "it cannot be judged");
}

/* A verdict on the evidence with these pieces alone. What the guest may do is no matter here. */
static enum tacit_status verify(const struct tacit_fetch_plan *plan, const struct tacit_context *cx,
				const struct tacit_slice *pieces, size_t count,
				struct tacit_verdict *ret, struct tacit_error *err)
{
	struct tacit_context own = *cx;
	struct tacit_error refused = { 0 };

	enum tacit_status st =
		tacit_collateral_parse(pieces, count, cx->arena, &own.collateral, err);
	if (st != TACIT_OK)
		return st;
	own.policy = NULL;
	own.insecure_no_policy = true;
	own.insecure_allow_debug = true;
	st = tacit_verify(&plan->document, &own, ret, &refused);
	if (st == TACIT_LIMIT)
		return tacit_fail(err, st, WHERE, 0, "%s", refused.detail);
	return TACIT_OK;
}

enum tacit_status tacit_fetch_judge_evidence(const struct tacit_fetch_plan *plan,
					     const struct tacit_context *cx,
					     struct tacit_error *err)
{
	struct tacit_verdict verdict = { 0 };
	enum tacit_status st = verify(plan, cx, NULL, 0, &verdict, err);

	if (st != TACIT_OK)
		return st;
	/* Rows that come with the table of checks are judged in order: this one is the last. */
	const char *last =
		plan->document.tee == TACIT_TEE_SNP ? "report.signature_form" : "quote.signature";
	const struct tacit_check *check = find_row(&verdict, plan->document.tee, last);
	return check && check->result == TACIT_CHECK_PASS ? TACIT_OK : fail_first(&verdict, err);
}

/* All of a kind's rows hold, or were waived by name (below test roots); a revocation is news. */
static enum tacit_status judge_rows(const struct tacit_verdict *verdict, enum tacit_tee tee,
				    enum tacit_fetch_kind kind, struct tacit_error *err)
{
	for (const char *const *name = rows_of(kind); *name; name++) {
		const struct tacit_check *check = find_row(verdict, tee, *name);
		bool waived = strcmp(*name, "ca.intermediate") == 0;

		if (!check)
			return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "no check '%s'", *name);
		if (check->result == TACIT_CHECK_PASS || check->status == TACIT_REVOKED ||
		    (waived && check->result == TACIT_CHECK_SKIP))
			continue;
		return check->result == TACIT_CHECK_FAIL ? fail_check(check, err)
							 : fail_first(verdict, err);
	}
	return TACIT_OK;
}

/* Lists have one check for the dates of both; here each stands alone. */
static enum tacit_status judge_dates(const struct tacit_fetched *f, const struct tacit_context *cx,
				     const char *check, struct tacit_error *err)
{
	char text[TACIT_TIME_TEXT];
	enum tacit_dcap_age age = tacit_dcap_age(cx->now, f->issued, f->until);

	tacit_time_format(age == TACIT_DCAP_FUTURE ? f->issued : f->until, text);
	if (age == TACIT_DCAP_FUTURE)
		return tacit_fail(err, TACIT_EXPIRED, check, 0, "not valid before %s", text);
	if (age == TACIT_DCAP_STALE)
		return tacit_fail(err, TACIT_UNDECIDED, check, 0, "it has run out at %s", text);
	return TACIT_OK;
}

static const char *dates_check(enum tacit_tee tee, enum tacit_fetch_kind kind)
{
	if (kind == TACIT_FETCH_AMD_CRL)
		return "snp.chain.revocation";
	if (kind != TACIT_FETCH_PCK_CRL && kind != TACIT_FETCH_ROOT_CRL)
		return NULL; /* their own rows say */
	return tee == TACIT_TEE_TDX ? "tdx.crl.validity" : "sgx.crl.validity";
}

/* Certificates of AMD's are judged together; an Intel document beside its signer alone. */
static size_t gather(const struct tacit_fetched *all, size_t count, size_t which,
		     struct tacit_slice *ret)
{
	size_t n = 0;

	ret[n++] = all[which].bytes;
	if (all[which].chain.len)
		ret[n++] = all[which].chain;
	for (size_t i = 0; i < count; i++)
		if (i != which && (all[i].piece->kind == TACIT_FETCH_AMD_CHAIN ||
				   all[i].piece->kind == TACIT_FETCH_VCEK))
			ret[n++] = all[i].bytes;
	return n;
}

enum tacit_status tacit_fetch_judge(const struct tacit_fetch_plan *plan,
				    const struct tacit_fetched *all, size_t count, size_t which,
				    const struct tacit_context *cx, struct tacit_error *err)
{
	struct tacit_slice pieces[TACIT_FETCH_PIECES + 2];
	struct tacit_verdict verdict = { 0 };
	enum tacit_tee tee = plan->document.tee;
	enum tacit_fetch_kind kind = all[which].piece->kind;
	const char *dates = dates_check(tee, kind);

	if (count > TACIT_FETCH_PIECES || which >= count)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "no such piece");
	enum tacit_status st =
		verify(plan, cx, pieces, gather(all, count, which, pieces), &verdict, err);
	if (st == TACIT_OK)
		st = judge_rows(&verdict, tee, kind, err);
	if (st == TACIT_OK && dates)
		st = judge_dates(&all[which], cx, dates, err);
	return st;
}

/* ---- rollback ------------------------------------------------------------------------------- */

enum tacit_status tacit_fetch_not_older(const struct tacit_fetched *now,
					const struct tacit_fetched *before, struct tacit_error *err)
{
	char one[TACIT_TIME_TEXT], other[TACIT_TIME_TEXT];

	if (now->number < before->number)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0,
				  "evaluation number %u, older than %u, which is there",
				  now->number, before->number);
	if (now->issued >= before->issued)
		return TACIT_OK;
	tacit_time_format(now->issued, one);
	tacit_time_format(before->issued, other);
	return tacit_fail(err, TACIT_POLICY, WHERE, 0, "issued %s, older than %s, which is there",
			  one, other);
}
