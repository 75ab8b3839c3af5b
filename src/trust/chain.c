/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/chain.h"

#include <stdio.h>

#include "base/time.h"

#define WHERE "chain"

/* Room for a common name in a sentence. */
#define NAME_MAX_TEXT 72

struct judge {
	const struct tacit_cert *certs;
	size_t count;
	const struct tacit_chain_rules *rules;
};

/* Raises `status` about certificate `at`, by its place and name. */
static bool refuse(struct tacit_error *err, enum tacit_status status, const struct judge *j,
		   size_t at, const char *what)
{
	char name[NAME_MAX_TEXT];

	tacit_fail(err, status, WHERE, at, "certificate %zu (%s) %s", at,
		   tacit_escape(name, sizeof(name), j->certs[at].subject_cn), what);
	return false;
}

static bool same_id(struct tacit_slice aki, struct tacit_slice ski, bool required)
{
	if (!aki.ptr || !ski.ptr)
		return !required;
	return tacit_slice_eq(aki, ski);
}

/* [RFC 5280 6.1.3 (a)(4), 4.2.1.1] */
static bool judge_names(const struct judge *j, struct tacit_error *err)
{
	const struct tacit_cert *root = &j->certs[0];

	if (!tacit_slice_eq(root->issuer, root->subject) || !same_id(root->aki, root->ski, false))
		return refuse(err, TACIT_CHAIN, j, 0, "is not its own issuer");
	for (size_t i = 1; i < j->count; i++) {
		const struct tacit_cert *cert = &j->certs[i], *issuer = &j->certs[i - 1];

		if (!tacit_slice_eq(cert->issuer, issuer->subject))
			return refuse(err, TACIT_CHAIN, j, i, "names another issuer");
		if (!same_id(cert->aki, issuer->ski, j->rules->require_ski))
			return refuse(err, TACIT_CHAIN, j, i, "names another key of its issuer");
		/* The path length does not count these, so that a chain of them has no end. */
		if (tacit_slice_eq(cert->issuer, cert->subject))
			return refuse(err, TACIT_CHAIN, j, i, "is self-issued below the root");
	}
	return true;
}

/* [RFC 5280 6.1.4 (k)-(n)]: `below` is the number of CAs under this one. */
static bool judge_authority(const struct judge *j, size_t at, size_t below, struct tacit_error *err)
{
	const struct tacit_cert *cert = &j->certs[at];

	if (!cert->has_basic || !cert->ca)
		return refuse(err, TACIT_CHAIN, j, at, "signs but is no CA");
	if (!cert->has_key_usage || !(cert->key_usage & TACIT_KU_CERT_SIGN))
		return refuse(err, TACIT_CHAIN, j, at, "may not sign certificates");
	if (cert->path_len >= 0 && below > (size_t)cert->path_len)
		return refuse(err, TACIT_CHAIN, j, at, "has more CAs below it than it allows");
	return true;
}

static bool judge_leaf(const struct judge *j, struct tacit_error *err)
{
	const struct tacit_cert *leaf = &j->certs[j->count - 1];

	if (leaf->ca)
		return refuse(err, TACIT_CHAIN, j, j->count - 1, "is a CA, not a leaf");
	if (!leaf->has_basic && !j->rules->any_extensions)
		return refuse(err, TACIT_CHAIN, j, j->count - 1, "does not say that it is no CA");
	if (!leaf->has_key_usage)
		return j->rules->any_extensions ||
		       refuse(err, TACIT_CHAIN, j, j->count - 1, "has no key usage");
	if (!(leaf->key_usage & TACIT_KU_DIGITAL_SIGNATURE) || leaf->key_usage & TACIT_KU_CERT_SIGN)
		return refuse(err, TACIT_CHAIN, j, j->count - 1, "has the key usage of no leaf");
	return true;
}

static bool judge_ca(const struct judge *j, struct tacit_error *err)
{
	for (size_t i = 0; i + 1 < j->count; i++) {
		if (!judge_authority(j, i, j->count - 2 - i, err))
			return false;
	}
	return judge_leaf(j, err);
}

static bool judge_signatures(const struct judge *j, struct tacit_error *err)
{
	for (size_t i = j->rules->pinned_root ? 1 : 0; i < j->count; i++) {
		const struct tacit_cert *cert = &j->certs[i], *signer = &j->certs[i ? i - 1 : 0];

		if (tacit_cert_signed(signer, cert->sig_alg, cert->tbs, cert->signature,
				      j->rules->cache, NULL) != TACIT_OK)
			return refuse(err, TACIT_SIGNATURE, j, i,
				      "is not signed by the one above it");
	}
	return true;
}

static bool judge_validity(const struct judge *j, struct tacit_error *err)
{
	int64_t now = j->rules->now, skew = j->rules->skew;
	int64_t latest = now > INT64_MAX - skew ? INT64_MAX : now + skew;
	char date[TACIT_TIME_TEXT], what[64];

	for (size_t i = 0; i < j->count; i++) {
		const struct tacit_cert *cert = &j->certs[i];
		bool early = cert->not_before > latest;

		if (!early && cert->not_after >= now)
			continue;
		tacit_time_format(early ? cert->not_before : cert->not_after, date);
		(void)snprintf(what, sizeof(what), early ? "is not valid before %s" : "expired %s",
			       date);
		return refuse(err, TACIT_EXPIRED, j, i, what);
	}
	return true;
}

static void intersect_dates(const struct judge *j, struct tacit_chain_result *ret)
{
	for (size_t i = 0; i < j->count; i++) {
		if (i == 0 || j->certs[i].not_before > ret->valid_from)
			ret->valid_from = j->certs[i].not_before;
		if (i == 0 || j->certs[i].not_after < ret->valid_until)
			ret->valid_until = j->certs[i].not_after;
	}
}

static bool run_step(const struct judge *j, enum tacit_chain_step step,
		     struct tacit_chain_result *ret)
{
	static bool (*const STEPS[])(const struct judge *j, struct tacit_error *err) = {
		[TACIT_CHAIN_NAMES] = judge_names,
		[TACIT_CHAIN_CA] = judge_ca,
		[TACIT_CHAIN_SIGNATURES] = judge_signatures,
		[TACIT_CHAIN_VALIDITY] = judge_validity,
	};

	ret->judged[step] = true;
	return STEPS[step](j, &ret->errors[step]);
}

bool tacit_chain_check(const struct tacit_cert *certs, size_t count,
		       const struct tacit_chain_rules *rules, struct tacit_chain_result *ret)
{
	static const struct tacit_chain_result NOTHING;
	struct judge j = { certs, count, rules };

	*ret = NOTHING;
	if (count < 2 || count > TACIT_CHAIN_MAX) {
		ret->judged[TACIT_CHAIN_NAMES] = true;
		tacit_fail(&ret->errors[TACIT_CHAIN_NAMES], TACIT_CHAIN, WHERE, 0,
			   "chain of %zu certificates", count);
		return false;
	}
	intersect_dates(&j, ret);

	bool named = run_step(&j, TACIT_CHAIN_NAMES, ret);
	bool allowed = run_step(&j, TACIT_CHAIN_CA, ret);
	bool signed_well = named && allowed && run_step(&j, TACIT_CHAIN_SIGNATURES, ret);
	bool current = run_step(&j, TACIT_CHAIN_VALIDITY, ret);

	return signed_well && current;
}
