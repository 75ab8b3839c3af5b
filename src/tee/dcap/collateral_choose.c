/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/collateral_choose.h"

#include "trust/chain.h"

#define WHERE      "collateral"
#define PIECES_MAX 64 /* bits of a mask; tacit_collateral_parse() gives no more of a kind */

enum tacit_dcap_age tacit_dcap_age(int64_t now, int64_t from, int64_t until)
{
	/* `from` is a date of four digits, `now` any number: only the one can be counted with. */
	if (now < from - TACIT_DCAP_SKEW)
		return TACIT_DCAP_FUTURE;
	return now > until ? TACIT_DCAP_STALE : TACIT_DCAP_CURRENT;
}

struct chooser {
	const struct tacit_dcap_subject *subject;
	const struct tacit_context *cx;
	const struct tacit_collateral *all;
	uint32_t number; /* of the TCB info that was chosen; 0 before */
	/*
	 * Certificates found to be a TCB signer's, or a forgery of one, by index: each costs a
	 * signature check, and there may be as many as there are documents.
	 */
	uint64_t genuine, forged;
	struct tacit_error why_forged; /* of the first */
};

/* How good a piece looks before its signature is checked. More is better, from left to right. */
struct rank {
	int fits; /* 0: not at all */
	int age;
	uint32_t number;
	int64_t from;
};

static bool better(const struct rank *a, const struct rank *b)
{
	if (a->fits != b->fits)
		return a->fits > b->fits;
	if (a->age != b->age)
		return a->age > b->age;
	if (a->number != b->number)
		return a->number > b->number;
	return a->from > b->from;
}

static int rank_age(const struct chooser *c, int64_t from, int64_t until)
{
	switch (tacit_dcap_age(c->cx->now, from, until)) {
	case TACIT_DCAP_CURRENT:
		return 2;
	case TACIT_DCAP_STALE:
		return 1;
	case TACIT_DCAP_FUTURE:
		break;
	}
	return 0;
}

/* The best of those that were not tried yet, or `count`. */
static size_t next_best(const struct rank *ranks, size_t count, uint64_t tried)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++)
		if (ranks[i].fits && !(tried >> i & 1) &&
		    (best == count || better(&ranks[i], &ranks[best])))
			best = i;
	return best;
}

/* --- revocation lists ------------------------------------------------------------------------ */

static struct tacit_dcap_chosen_crl choose_crl(const struct chooser *c,
					       const struct tacit_cert *issuer)
{
	struct tacit_dcap_chosen_crl chosen = { 0 };
	struct rank ranks[PIECES_MAX] = { { 0 } };
	size_t count = c->all->crl_count < PIECES_MAX ? c->all->crl_count : PIECES_MAX;
	uint64_t tried = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tacit_crl *crl = &c->all->crls[i];

		ranks[i].fits = tacit_slice_eq(crl->issuer, issuer->subject);
		ranks[i].age = rank_age(c, crl->this_update, crl->next_update);
		ranks[i].from = crl->this_update;
	}
	for (;;) {
		size_t i = next_best(ranks, count, tried);

		if (i == count)
			return chosen;
		tried |= UINT64_C(1) << i;
		if (tacit_crl_check(&c->all->crls[i], issuer, c->cx->cache, &chosen.err) ==
		    TACIT_OK) {
			tacit_error_clear(&chosen.err);
			chosen.crl = &c->all->crls[i];
			return chosen;
		}
	}
}

/* --- signers --------------------------------------------------------------------------------- */

static bool contains(struct tacit_slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t at = 0; at + len <= text.len; at++)
		if (memcmp(text.ptr + at, word, len) == 0)
			return true;
	return false;
}

/* A chain of exactly two: Intel's root and the signer. Its dates are judged by their own check. */
static enum tacit_status check_signer(const struct chooser *c, const struct tacit_cert *cert,
				      struct tacit_error *err)
{
	const struct tacit_cert chain[2] = { *c->subject->root, *cert };
	const struct tacit_chain_rules rules = { .now = c->cx->now,
						 .skew = TACIT_DCAP_SKEW,
						 .cache = c->cx->cache,
						 .pinned_root = true };
	struct tacit_chain_result result;

	(void)tacit_chain_check(chain, 2, &rules, &result);
	for (unsigned step = TACIT_CHAIN_NAMES; step <= TACIT_CHAIN_SIGNATURES; step++) {
		const struct tacit_error *why = &result.errors[step];

		if (why->status != TACIT_OK)
			return tacit_fail(err, why->status, "tcb_signer", 0, "%s", why->detail);
	}
	return TACIT_OK;
}

static bool is_signer(struct chooser *c, size_t i, struct tacit_error *err)
{
	uint64_t bit = i < PIECES_MAX ? UINT64_C(1) << i : 0;

	if (c->genuine & bit)
		return true;
	if (!(c->forged & bit) && check_signer(c, &c->all->certs[i], &c->why_forged) == TACIT_OK) {
		c->genuine |= bit;
		return true;
	}
	c->forged |= bit;
	if (err->status == TACIT_OK)
		*err = c->why_forged;
	return false;
}

/*
 * Says what is wrong when no certificate of Intel's TCB signer is there: with one of another name
 * that made the signature, the document is a forgery; with none it cannot be judged.
 */
static enum tacit_status check_others(const struct chooser *c, const struct tacit_intel_signed *doc,
				      struct tacit_error *err)
{
	char name[64];

	for (size_t i = 0; i < c->all->cert_count; i++) {
		const struct tacit_cert *cert = &c->all->certs[i];

		if (tacit_intel_check(doc, cert->key, c->cx->cache, NULL) == TACIT_OK)
			return tacit_fail(err, TACIT_CHAIN, "tcb_signer", 0,
					  "signed by '%s', who is not Intel's TCB signer",
					  tacit_escape(name, sizeof(name), cert->subject_cn));
	}
	return tacit_fail(err, TACIT_UNDECIDED, "tcb_signer", 0,
			  "the certificate of Intel's TCB signer is missing");
}

/* Whose key made the signature; NULL, with the reason, when nobody's did. */
static const struct tacit_cert *find_signer(struct chooser *c, const struct tacit_intel_signed *doc,
					    struct tacit_error *err)
{
	const struct tacit_collateral *all = c->all;
	bool seen = false;

	/* Its certificate was issued twice with one key: the current ones are tried first. */
	for (int age = 2; age >= 0; age--) {
		for (size_t i = 0; i < all->cert_count; i++) {
			const struct tacit_cert *cert = &all->certs[i];

			if (!contains(cert->subject_cn, "SGX TCB Signing") ||
			    rank_age(c, cert->not_before, cert->not_after) != age)
				continue;
			seen = true;
			if (is_signer(c, i, err) &&
			    tacit_intel_check(doc, cert->key, c->cx->cache, err) == TACIT_OK) {
				tacit_error_clear(err);
				return cert;
			}
		}
	}
	/* An error that stands is not replaced, so that to look for another is of no use. */
	if (!seen && err->status == TACIT_OK)
		(void)check_others(c, doc, err);
	return NULL;
}

/* --- documents ------------------------------------------------------------------------------- */

bool tacit_dcap_fits(const struct tacit_tcb_info *info, const struct tacit_dcap_subject *subject)
{
	return info->tdx == (subject->tee == TACIT_TEE_TDX) &&
	       tacit_slice_eq(TACIT_SLICE_ARRAY(info->fmspc), subject->pck->fmspc) &&
	       tacit_slice_eq(TACIT_SLICE_ARRAY(info->pceid), subject->pck->pceid);
}

static struct tacit_dcap_chosen_doc choose_tcb_info(struct chooser *c)
{
	struct tacit_dcap_chosen_doc chosen = { 0 };
	struct rank ranks[PIECES_MAX] = { { 0 } };
	size_t count = c->all->tcb_info_count < PIECES_MAX ? c->all->tcb_info_count : PIECES_MAX;
	uint64_t tried = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tacit_tcb_info *info = &c->all->tcb_infos[i];

		ranks[i].fits = tacit_dcap_fits(info, c->subject) ? 2 : 1;
		ranks[i].age = rank_age(c, info->doc.issue_date, info->doc.next_update);
		ranks[i].number = info->doc.evaluation_number;
		ranks[i].from = info->doc.issue_date;
	}
	for (size_t i = next_best(ranks, count, tried); i < count && !chosen.signer;
	     i = next_best(ranks, count, tried)) {
		/* One that is forged is no reason to look at another platform's. */
		if (chosen.info && !tacit_dcap_fits(&c->all->tcb_infos[i], c->subject))
			break;
		tried |= UINT64_C(1) << i;
		chosen.info = &c->all->tcb_infos[i];
		chosen.doc = &chosen.info->doc;
		chosen.signer = find_signer(c, chosen.doc, &chosen.err);
	}
	if (chosen.signer)
		tacit_error_clear(&chosen.err);
	return chosen;
}

static struct tacit_dcap_chosen_doc choose_qe_identity(struct chooser *c)
{
	struct tacit_dcap_chosen_doc chosen = { 0 };
	struct rank ranks[PIECES_MAX] = { { 0 } };
	size_t count =
		c->all->qe_identity_count < PIECES_MAX ? c->all->qe_identity_count : PIECES_MAX;
	enum tacit_qe_id want = c->subject->tee == TACIT_TEE_TDX ? TACIT_QE_TDX : TACIT_QE_SGX;
	uint64_t tried = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tacit_qe_identity *qe = &c->all->qe_identities[i];

		ranks[i].fits = qe->id == want;
		ranks[i].age = rank_age(c, qe->doc.issue_date, qe->doc.next_update);
		/* The one that belongs to the TCB info, else the highest. */
		ranks[i].number = qe->doc.evaluation_number == c->number
					  ? UINT32_MAX
					  : qe->doc.evaluation_number;
		ranks[i].from = qe->doc.issue_date;
	}
	for (size_t i = next_best(ranks, count, tried); i < count && !chosen.signer;
	     i = next_best(ranks, count, tried)) {
		tried |= UINT64_C(1) << i;
		chosen.qe = &c->all->qe_identities[i];
		chosen.doc = &chosen.qe->doc;
		chosen.signer = find_signer(c, chosen.doc, &chosen.err);
	}
	if (chosen.signer)
		tacit_error_clear(&chosen.err);
	return chosen;
}

static bool concerns(const struct chooser *c)
{
	const struct tacit_collateral *all = c->all;
	bool any = all->tcb_info_count > 0 || all->qe_identity_count > 0;

	for (size_t i = 0; i < all->crl_count; i++)
		any |= tacit_slice_eq(all->crls[i].issuer, c->subject->root->subject) ||
		       tacit_slice_eq(all->crls[i].issuer, c->subject->intermediate->subject);
	return any;
}

void tacit_dcap_choose(const struct tacit_dcap_subject *subject, const struct tacit_context *cx,
		       struct tacit_dcap_chosen *ret)
{
	struct chooser c = { .subject = subject, .cx = cx, .all = cx->collateral };
	struct tacit_dcap_chosen chosen = { 0 };

	if (c.all && concerns(&c)) {
		chosen.any = true;
		chosen.root_crl = choose_crl(&c, subject->root);
		chosen.pck_crl = choose_crl(&c, subject->intermediate);
		chosen.tcb_info = choose_tcb_info(&c);
		if (chosen.tcb_info.signer)
			c.number = chosen.tcb_info.doc->evaluation_number;
		chosen.qe_identity = choose_qe_identity(&c);
	}
	*ret = chosen;
}
