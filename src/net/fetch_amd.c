/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_amd.h"

#include "tee/dcap/collateral_choose.h"
#include "trust/collateral.h"

/* Who signed whom, by the names: the root is the one that issued both. */
static enum tacit_status sort(const struct tacit_collateral *all, struct tacit_cert *ret_ica,
			      struct tacit_cert *ret_ark, struct tacit_error *err)
{
	const struct tacit_cert *a = &all->certs[0], *b = &all->certs[1];
	bool swapped = all->cert_count == 2 && tacit_slice_eq(a->subject, a->issuer);

	if (all->cert_count != 2)
		return tacit_fail(err, TACIT_FORMAT, "snp.ca.found", 0, "not two certificates");
	*ret_ica = swapped ? *b : *a;
	*ret_ark = swapped ? *a : *b;
	if (!tacit_slice_eq(ret_ica->issuer, ret_ark->subject) ||
	    !tacit_slice_eq(ret_ark->issuer, ret_ark->subject))
		return tacit_fail(err, TACIT_CHAIN, "snp.chain.names", 0,
				  "the second certificate is not the first one's issuer");
	return TACIT_OK;
}

static enum tacit_status check_pins(const struct tacit_fetch_plan *plan,
				    const struct tacit_cert *ica, const struct tacit_cert *ark,
				    const struct tacit_context *cx, struct tacit_error *err)
{
	enum tacit_root root = tacit_root_find(ark, cx);

	if (root == TACIT_ROOT_TEST)
		return TACIT_OK; /* nothing is pinned below it */
	if (root != plan->root)
		return tacit_fail(err, TACIT_CHAIN, "snp.ca.root", 0, "%s",
				  root == TACIT_ROOT_NONE ? "the root is not AMD's"
							  : "the root is that of another product");
	if (tacit_root_intermediate(ica, root) != plan->intermediate)
		return tacit_fail(err, TACIT_CHAIN, "snp.ca.intermediate", 0,
				  "the certificate below the root is not the one that AMD uses");
	return TACIT_OK;
}

static enum tacit_status check_dates(const struct tacit_cert *cert, const struct tacit_context *cx,
				     struct tacit_error *err)
{
	if (tacit_dcap_age(cx->now, cert->not_before, cert->not_after) == TACIT_DCAP_CURRENT)
		return TACIT_OK;
	return tacit_fail(err, TACIT_EXPIRED, "snp.chain.validity", 0,
			  "a certificate of the chain has run out or is not valid yet");
}

enum tacit_status tacit_fetch_amd_chain(const struct tacit_fetch_plan *plan,
					struct tacit_slice chain, const struct tacit_context *cx,
					struct tacit_cert *ret_ark, struct tacit_error *err)
{
	const struct tacit_collateral *all;
	struct tacit_cert ica, ark;
	struct tacit_error why = { 0 };

	enum tacit_status st = tacit_collateral_parse(&chain, 1, cx->arena, &all, err);
	if (st == TACIT_OK)
		st = sort(all, &ica, &ark, err);
	if (st == TACIT_OK)
		st = check_pins(plan, &ica, &ark, cx, err);
	if (st == TACIT_OK)
		st = check_dates(&ica, cx, err);
	if (st == TACIT_OK)
		st = check_dates(&ark, cx, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_cert_signed(&ark, ica.sig_alg, ica.tbs, ica.signature, cx->cache, &why);
	if (st != TACIT_OK)
		return tacit_fail(err, st, "snp.chain.signatures", 0, "%s", why.detail);
	*ret_ark = ark;
	return TACIT_OK;
}

enum tacit_status tacit_fetch_amd_crl(struct tacit_slice crl, const struct tacit_cert *ark,
				      const struct tacit_context *cx, struct tacit_error *err)
{
	struct tacit_crl list;
	struct tacit_error why = { 0 };
	enum tacit_status st = tacit_crl_parse(crl, "snp.chain.revocation", &list, &why);

	if (st == TACIT_OK)
		st = tacit_crl_check(&list, ark, cx->cache, &why);
	if (st != TACIT_OK)
		return tacit_fail(err, st, "snp.chain.revocation", 0, "%s", why.detail);
	return TACIT_OK;
}
