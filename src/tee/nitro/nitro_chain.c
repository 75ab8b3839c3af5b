/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/nitro.h"

#include "crypto/hash.h"

#define SKEW 60 /* seconds by which a clock may be behind AWS's */

/* The bundle's first certificate is the anchor or nothing is: no search, and no other of them. */
static bool judge_root(const struct tacit_nitro_doc *doc, const struct tacit_context *cx,
		       struct tacit_check_list *list, enum tacit_root *ret)
{
	struct tacit_cert anchor = { .der = doc->cabundle[0] };
	enum tacit_root root = tacit_root_find(&anchor, cx);
	uint8_t digest[TACIT_SHA256_LEN] = { 0 };

	if (root == TACIT_ROOT_AWS_NITRO_G1 || root == TACIT_ROOT_TEST) {
		tacit_check_pass(list, "nitro.root", tacit_root_name(root));
		*ret = root;
		return true;
	}
	enum tacit_status st = tacit_hash(TACIT_SHA256, anchor.der, digest, NULL);
	struct tacit_check_failure failure = {
		.status = st == TACIT_OK ? TACIT_CHAIN : st,
		.expected = tacit_root_name(TACIT_ROOT_AWS_NITRO_G1),
		.got = tacit_check_printf(list, "SHA-256 %s",
					  tacit_check_hex(list, TACIT_SLICE_ARRAY(digest))),
		.why = "the first certificate of the cabundle is not AWS's root",
	};
	tacit_check_fail(list, "nitro.root", &failure);
	return false;
}

static const char *place(const struct tacit_nitro_doc *doc, size_t i)
{
	static const char *const NAMES[TACIT_NITRO_CABUNDLE_MAX] = {
		"cabundle[0]", "cabundle[1]", "cabundle[2]", "cabundle[3]",
		"cabundle[4]", "cabundle[5]", "cabundle[6]", "cabundle[7]",
	};

	return i < doc->cabundle_count ? NAMES[i] : "certificate";
}

/* [NITRO-DOC] every key of the chain is on P-384, every signature ECDSA with SHA-384. */
static bool judge_cert(const struct tacit_nitro_doc *doc, size_t i, struct tacit_check_list *list,
		       struct tacit_cert *ret)
{
	bool leaf = i == doc->cabundle_count;
	struct tacit_error err = { 0 };

	if (tacit_cert_parse(leaf ? doc->certificate : doc->cabundle[i], place(doc, i), ret,
			     &err) != TACIT_OK) {
		tacit_check_fail_error(list, "nitro.certs", &err);
		return false;
	}
	if (ret->key_alg == TACIT_P384 && ret->sig_alg == TACIT_SIG_ECDSA_SHA384)
		return true;
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = "P-384, ecdsa-with-SHA384",
		.why = tacit_check_printf(list,
					  "%s has a key on another curve, or is signed with "
					  "another algorithm",
					  place(doc, i)),
	};
	tacit_check_fail(list, "nitro.certs", &failure);
	return false;
}

static bool judge_certs(const struct tacit_nitro_doc *doc, struct tacit_check_list *list,
			struct tacit_nitro_chain *chain)
{
	chain->count = doc->cabundle_count + 1;
	for (size_t i = 0; i < chain->count; i++)
		if (!judge_cert(doc, i, list, &chain->certs[i]))
			return false;
	tacit_check_pass(list, "nitro.certs", NULL);
	return true;
}

static bool judge_links(const struct tacit_context *cx, struct tacit_check_list *list,
			struct tacit_nitro_chain *chain)
{
	static const char *const ROWS[TACIT_CHAIN_STEPS] = {
		[TACIT_CHAIN_NAMES] = "nitro.chain.names",
		[TACIT_CHAIN_CA] = "nitro.chain.authority",
		[TACIT_CHAIN_SIGNATURES] = "nitro.chain.signatures",
		[TACIT_CHAIN_VALIDITY] = "nitro.chain.validity",
	};
	struct tacit_chain_rules rules = {
		.now = cx->now, .skew = SKEW, .cache = cx->cache, .pinned_root = true
	};
	struct tacit_chain_result result = { 0 };

	bool holds = tacit_chain_check(chain->certs, chain->count, &rules, &result);
	for (size_t i = 0; i < TACIT_CHAIN_STEPS; i++) {
		if (result.judged[i] && result.errors[i].status != TACIT_OK)
			tacit_check_fail_error(list, ROWS[i], &result.errors[i]);
		else if (result.judged[i])
			tacit_check_pass(list, ROWS[i], NULL);
	}
	chain->valid_from = result.valid_from;
	chain->valid_until = result.valid_until;
	return holds;
}

bool tacit_nitro_chain_judge(const struct tacit_nitro_doc *doc, const struct tacit_context *cx,
			     struct tacit_check_list *list, struct tacit_nitro_chain *ret)
{
	return judge_root(doc, cx, list, &ret->root) && judge_certs(doc, list, ret) &&
	       judge_links(cx, list, ret);
}
