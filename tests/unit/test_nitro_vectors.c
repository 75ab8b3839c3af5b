/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared documents: real ones at their own time and one second outside their certificates'
 * dates, forged and derived ones, each with the outcome that its folder states.
 */
#include "tests/tap.h"

#include <string.h>

#include "base/time.h"
#include "codec/pem.h"
#include "tacit/nitro.h"
#include "tacit/verify.h"
#include "tee/nitro/nitro.h"
#include "tests/unit/vectors.h"

static uint8_t room[TACIT_ARENA_TYPICAL];
static struct tacit_arena arena;
static struct tacit_verdict verdict;
static struct tacit_error err;
static struct tacit_slice test_root;

/* As enclave evidence, without a policy. */
static enum tacit_status judge(struct tacit_slice raw, enum tacit_tee tee, int64_t now,
			       struct tacit_context *cx)
{
	struct tacit_evidence ev = { .tee = tee, .raw = raw };

	tacit_arena_init(&arena, room, sizeof(room));
	memset(&err, 0, sizeof(err));
	cx->now = now;
	cx->arena = &arena;
	cx->insecure_no_policy = true;
	return tacit_verify(&ev, cx, &verdict, &err);
}

static struct tacit_slice load(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/nitro/%s", tap_vectors(), name);
	return vector_file(path);
}

static const char *text_of(const json_t *doc, const char *key)
{
	return json_string_value(json_object_get(doc, key));
}

static int64_t time_of(const json_t *doc, const char *key)
{
	int64_t seconds = 0;

	tacit_time_parse(tacit_slice_str(text_of(doc, key)), &seconds);
	return seconds;
}

/* A value of expected.json: null, or hex. */
static bool is_bytes(const json_t *doc, const char *key, struct tacit_slice got)
{
	const json_t *value = json_object_get(doc, key);

	if (json_is_null(value))
		return !got.ptr;
	struct tacit_slice want = vector_hex(json_string_value(value));
	bool same = got.ptr && tacit_slice_eq(got, want);
	vector_done(want);
	return same;
}

static bool is_registers(const json_t *doc, const struct tacit_claims *claims)
{
	json_t *pcrs = json_object_get(doc, "pcrs"), *value;
	const char *key;
	size_t found = 0;

	json_object_foreach(pcrs, key, value)
	{
		for (size_t i = 0; i < claims->measurement_count; i++) {
			if (strcmp(claims->measurements[i].name + 3, key) != 0)
				continue;
			found += is_bytes(pcrs, key, claims->measurements[i].value);
		}
	}
	return found == json_object_size(pcrs) && found == claims->measurement_count;
}

static void check_claims(const char *name, const json_t *doc)
{
	const struct tacit_claims *claims = tacit_verdict_claims(&verdict);

	if (!ok(claims && claims->nitro, "%s: claims", name))
		return;
	ok(is_registers(doc, claims), "%s: its registers", name);
	ok(is_bytes(doc, "public_key", claims->public_key), "%s: public_key", name);
	ok(is_bytes(doc, "user_data", claims->user_data), "%s: user_data", name);
	ok(is_bytes(doc, "nonce", claims->nonce), "%s: nonce", name);
	is_slice(claims->nitro->module_id, tacit_slice_str(text_of(doc, "module_id")), name);
	ok(claims->debug == json_is_true(json_object_get(doc, "debug_mode")), "%s: debug", name);
	ok(claims->valid_from == time_of(doc, "chain_valid_from") &&
		   claims->valid_until == time_of(doc, "chain_valid_until"),
	   "%s: dates", name);
	ok(claims->nitro->timestamp_ms ==
		   (uint64_t)json_number_value(json_object_get(doc, "timestamp_ms")),
	   "%s: timestamp", name);
	ok(claims->nitro->region.ptr && claims->nitro->launched_at_ms &&
		   claims->nitro->chain_count == 5,
	   "%s: region, launch and chain are known", name);
}

static void test_outside(const char *name, struct tacit_slice raw, const json_t *doc)
{
	struct tacit_context cx = { .insecure_allow_debug = true };
	int64_t from = time_of(doc, "chain_valid_from"), until = time_of(doc, "chain_valid_until");

	ok(judge(raw, TACIT_TEE_NITRO, until, &cx) == TACIT_OK, "%s: the last second", name);
	is_status(judge(raw, TACIT_TEE_NITRO, until + 1, &cx), TACIT_EXPIRED, name);
	is_status(judge(raw, TACIT_TEE_NITRO, from - 61, &cx), TACIT_EXPIRED, name);
	ok(strcmp(err.where, "nitro.chain.validity") == 0, "%s: by its chain", name);
}

static void test_document(const json_t *doc)
{
	const char *name = text_of(doc, "file");
	struct tacit_slice raw = load(name);
	struct tacit_evidence seen = { 0 };
	struct tacit_context cx = { 0 };
	bool debug = json_is_true(json_object_get(doc, "debug_mode"));
	int64_t now = (int64_t)json_number_value(json_object_get(doc, "timestamp_ms")) / 1000;

	ok(tacit_evidence_detect(raw, &seen, NULL) == TACIT_OK && seen.tee == TACIT_TEE_NITRO,
	   "%s is detected", name);
	enum tacit_status st = judge(raw, TACIT_TEE_NITRO, now, &cx);
	if (strcmp(text_of(doc, "expect"), "accept") != 0) {
		ok(st != TACIT_OK && !tacit_verdict_genuine(&verdict), "%s is refused", name);
		printf("# %s: %s\n", err.where, err.detail);
		vector_done(raw);
		return;
	}
	if (debug) {
		is_status(st, TACIT_POLICY, name);
		ok(strcmp(err.where, "policy.debug") == 0, "%s: for being in debug mode", name);
		cx.insecure_allow_debug = true;
		st = judge(raw, TACIT_TEE_NITRO, now, &cx);
	}
	if (!is_status(st, TACIT_OK, name))
		printf("# %s: %s\n", err.where, err.detail);
	check_claims(name, doc);
	test_outside(name, raw, doc);
	is_status(judge(raw, TACIT_TEE_NITROTPM, now, &cx), TACIT_POLICY, name);
	ok(strcmp(err.where, "nitro.kind") == 0, "%s: not as an instance's", name);
	vector_done(raw);
}

static void test_documents(void)
{
	json_t *all = vector_json("nitro/expected.json");
	json_t *value;
	const char *key;

	json_object_foreach(json_object_get(all, "docs"), key, value) test_document(value);
	json_decref(all);
}

struct derived {
	const char *file;
	int64_t now;
	enum tacit_status want;
	const char *where; /* the check that refuses it */
	bool test_root;
};

static const struct derived DERIVED[] = {
	{ "derived_malleated_s.cose", 1732983768, TACIT_OK, NULL, false },
	{ "derived_tag18.cose", 1732983768, TACIT_OK, NULL, false },
	{ "derived_pcr0_bitflip.cose", 1732983768, TACIT_SIGNATURE, "nitro.cose.signature", false },
	{ "derived_tag17.cose", 1732983768, TACIT_FORMAT, "nitro.format", false },
	{ "derived_trailing_byte.cose", 1732983768, TACIT_FORMAT, "nitro.format", false },
	{ "derived_truncated.cose", 1732983768, TACIT_FORMAT, "nitro.format", false },
	{ "derived_unprotected_entry.cose", 1732983768, TACIT_POLICY, "nitro.cose.unprotected",
	  false },
	{ "forged_leaf_p521.cose", 1735732800, TACIT_FORMAT, "nitro.format", false },
	{ "forged_root_after_real_root.cose", 1735732800, TACIT_CHAIN, "nitro.chain.names", false },
	{ "synthetic_ok_testroot.cose", 1735732800, TACIT_CHAIN, "nitro.root", false },
	{ "synthetic_ok_testroot.cose", 1735732800, TACIT_OK, NULL, true },
	{ "synthetic_nitrotpm_key.cose", 1735732800, TACIT_POLICY, "nitro.kind", true },
	{ "synthetic_nitrotpm_key.cose", 1735732800, TACIT_POLICY, "nitro.kind", false },
};

static void test_derived(const struct derived *d)
{
	struct tacit_slice raw = load(d->file);
	struct tacit_context cx = { .insecure_test_roots = &test_root,
				    .insecure_test_root_count = d->test_root };

	is_status(judge(raw, TACIT_TEE_NITRO, d->now, &cx), d->want, d->file);
	if (d->where && !ok(strcmp(err.where, d->where) == 0, "%s: by %s", d->file, d->where))
		printf("# %s: %s\n", err.where, err.detail);
	ok(!d->where == !!tacit_verdict_genuine(&verdict), "%s: claims", d->file);
	vector_done(raw);
}

/* Judged as what it is, the instance's document is genuine under the test root. */
static void test_instance(void)
{
	struct tacit_slice raw = load("synthetic_nitrotpm_key.cose");
	struct tacit_context cx = { .insecure_test_roots = &test_root,
				    .insecure_test_root_count = 1 };
	struct tacit_evidence seen = { 0 };

	ok(tacit_evidence_detect(raw, &seen, NULL) == TACIT_OK && seen.tee == TACIT_TEE_NITROTPM,
	   "NitroTPM is told apart");
	is_status(judge(raw, TACIT_TEE_NITROTPM, 1735732800, &cx), TACIT_OK, "and judged as such");
	ok(verdict.claims && verdict.claims->tee == TACIT_TEE_NITROTPM, "claims say so");
	vector_done(raw);
}

/* The pinned root of another platform is none of Nitro's, though no document has room for it. */
static void test_foreign_root(void)
{
	struct tacit_check_list list = { 0 };
	struct tacit_nitro_doc doc = { .cabundle_count = 1 };
	struct tacit_context cx = { .arena = &arena };
	struct tacit_nitro_chain chain;
	struct tacit_pem_block block;
	char path[4096];
	size_t at = 0;

	snprintf(path, sizeof(path), "%s/eml/amd-sev-snp/Milan/ark.pem", tap_vectors());
	struct tacit_slice pem = vector_file(path);
	tacit_arena_init(&arena, room, sizeof(room));
	if (!pem.ptr || !tacit_pem_next(pem, &at, &arena, &block, NULL)) {
		skip("AMD's root", "not among the vectors here");
		return;
	}
	doc.cabundle[0] = block.der;
	struct tacit_cert ark = { .der = block.der };
	ok(tacit_root_find(&ark, &cx) == TACIT_ROOT_AMD_MILAN, "AMD's root is pinned");
	tacit_check_init(&list, &arena, TACIT_NITRO_CHECKS);
	tacit_check_add(&list, tacit_nitro_checks, TACIT_NITRO_CHECKS);
	ok(!tacit_nitro_chain_judge(&doc, &cx, &list, &chain) &&
		   list.checks[5].result == TACIT_CHECK_FAIL &&
		   strcmp(list.checks[5].name, "nitro.root") == 0,
	   "but not for Nitro");
	vector_done(pem);
}

int main(void)
{
	if (!tap_vectors()) {
		skip("real Nitro documents", "no shared vectors (TACIT_VECTORS)");
		return done();
	}
	test_root = load("synthetic_root.der");
	test_documents();
	for (size_t i = 0; i < sizeof(DERIVED) / sizeof(DERIVED[0]); i++)
		test_derived(&DERIVED[i]);
	test_instance();
	test_foreign_root();
	vector_done(test_root);
	return done();
}
