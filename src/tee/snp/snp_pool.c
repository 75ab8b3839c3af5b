/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_vek.h"

#include "trust/chain.h"
#include "trust/collateral.h"

static enum tacit_status add_own(struct tacit_snp_pool *pool, struct tacit_slice content,
				 struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_slice der;

	if (!content.ptr || pool->own_count == TACIT_SNP_OWN)
		return TACIT_OK;
	enum tacit_status st = tacit_snp_table_der(content, arena, &der, err);
	if (st == TACIT_OK)
		st = tacit_cert_parse(der, "snp.table", &pool->own[pool->own_count], err);
	if (st == TACIT_OK)
		pool->own_count++;
	return st;
}

static enum tacit_status add_crl(struct tacit_snp_pool *pool, struct tacit_slice content,
				 struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_slice der;

	if (!content.ptr)
		return TACIT_OK;
	enum tacit_status st = tacit_snp_table_der(content, arena, &der, err);
	if (st == TACIT_OK)
		st = tacit_crl_parse(der, "snp.table", &pool->crl, err);
	pool->has_crl = st == TACIT_OK;
	return st;
}

enum tacit_status tacit_snp_pool_fill(struct tacit_snp_pool *pool,
				      const struct tacit_snp_table *table,
				      const struct tacit_context *cx, struct tacit_error *err)
{
	pool->own_count = 0;
	pool->has_crl = false;
	pool->collateral = cx->collateral;
	enum tacit_status st = add_own(pool, table->vcek, cx->arena, err);
	if (st == TACIT_OK)
		st = add_own(pool, table->vlek, cx->arena, err);
	pool->own_vek = pool->own_count;
	if (st == TACIT_OK)
		st = add_own(pool, table->ask, cx->arena, err);
	if (st == TACIT_OK)
		st = add_own(pool, table->ark, cx->arena, err);
	if (st == TACIT_OK)
		st = add_crl(pool, table->crl, cx->arena, err);
	return st;
}

/* The i-th certificate, or NULL past the end. */
static const struct tacit_cert *pool_at(const struct tacit_snp_pool *pool, size_t i)
{
	if (i < pool->own_count)
		return &pool->own[i];
	i -= pool->own_count;
	return pool->collateral && i < pool->collateral->cert_count ? &pool->collateral->certs[i]
								    : NULL;
}

/* ---- the VEK ------------------------------------------------------------------------------- */

/* How well a certificate fits: what is heavier says more about whether it is meant. */
static unsigned fit(const struct tacit_cert *cert, const struct tacit_snp_report *report,
		    int64_t now)
{
	enum tacit_snp_key kind = TACIT_SNP_NO_KEY;
	struct tacit_snp_tcb of_report, of_cert;
	struct tacit_snp_vek exts;
	unsigned points = 1;

	if (!tacit_snp_vek_kind(cert, &kind) || kind != TACIT_SNP_SIGNING_KEY(report->flags))
		return points;
	points += 16;
	const struct tacit_snp_product_row *row =
		tacit_snp_product_row(tacit_snp_vek_product(cert, kind));
	struct tacit_slice chip = { report->chip_id.ptr, row->chip_len };
	tacit_snp_vek_read(cert, &exts);
	struct tacit_slice hwid = tacit_snp_vek_hwid(&exts, row->chip_len);
	if (kind == TACIT_SNP_VCEK && hwid.ptr && tacit_slice_eq(hwid, chip))
		points += 8;
	if (tacit_snp_tcb_read(report->reported_tcb, row->has_fmc, &of_report) &&
	    tacit_snp_vek_tcb(&exts, row->has_fmc, &of_cert, NULL) == TACIT_OK &&
	    tacit_snp_tcb_equal(&of_report, &of_cert))
		points += 4;
	if (report->version == 2 ||
	    tacit_snp_product_cpuid(report->cpu_family, report->cpu_model) == row->product)
		points += 2;
	if (cert->not_before <= now && now <= cert->not_after)
		points += 1;
	return points;
}

const struct tacit_cert *tacit_snp_pool_vek(const struct tacit_snp_pool *pool,
					    const struct tacit_snp_report *report, int64_t now)
{
	const struct tacit_cert *best = NULL, *cert;
	enum tacit_snp_key kind;
	unsigned most = 0; /* of the best, once there is another to compare it with */

	for (size_t i = 0; (cert = pool_at(pool, i)) != NULL; i++) {
		if (i >= pool->own_vek && !tacit_snp_vek_kind(cert, &kind))
			continue;
		if (!best) {
			best = cert;
			continue;
		}
		if (most == 0)
			most = fit(best, report, now);
		unsigned points = fit(cert, report, now);
		if (points > most) {
			most = points;
			best = cert;
		}
	}
	return best;
}

/* ---- those above it ------------------------------------------------------------------------ */

/* AMD's names are anyone's to copy: of several that have one, only pin and key tell. */
static bool vouches(const struct tacit_cert *candidate, const struct tacit_cert *cert,
		    const struct tacit_context *cx)
{
	if (tacit_slice_eq(candidate->subject, candidate->issuer) &&
	    tacit_root_find(candidate, cx) == TACIT_ROOT_NONE)
		return false;
	return tacit_cert_signed(candidate, cert->sig_alg, cert->tbs, cert->signature, cx->cache,
				 NULL) == TACIT_OK;
}

const struct tacit_cert *tacit_snp_pool_issuer(const struct tacit_snp_pool *pool,
					       const struct tacit_cert *cert,
					       const struct tacit_context *cx)
{
	const struct tacit_cert *first = NULL, *candidate;
	bool tried = false;

	for (size_t i = 0; (candidate = pool_at(pool, i)) != NULL; i++) {
		if (!tacit_slice_eq(candidate->subject, cert->issuer))
			continue;
		if (!first)
			first = candidate;
		if (tacit_slice_eq(candidate->der, first->der))
			continue;
		/* Asked only when there is a choice, as it costs a signature check each. */
		if (!tried && vouches(first, cert, cx))
			return first;
		tried = true;
		if (vouches(candidate, cert, cx))
			return candidate;
	}
	return first;
}
