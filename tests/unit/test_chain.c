/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/chain.h"

#include "base/compiler.h"
#include "tests/pki/pki.h"
#include "tests/tap.h"

#define FROM  1700000000
#define UNTIL 1900000000
#define NOW   1800000000
#define DEPTH 4

/* A root, two intermediates and a leaf, of which each test changes one thing. */
static EVP_PKEY *keys[DEPTH];
static const char *const NAMES[DEPTH] = { "CN=Root/C=US", "CN=One", "CN=Two", "CN=Leaf" };

struct plan {
	struct pki_spec specs[DEPTH];
	size_t depth;
};

static struct plan usual_plan(void)
{
	struct plan plan = { .depth = DEPTH };

	for (size_t i = 0; i < DEPTH; i++)
		plan.specs[i] = (struct pki_spec){
			.key = keys[i],
			.subject = NAMES[i],
			.not_before = FROM,
			.not_after = UNTIL,
			.basic = true,
			.ca = i + 1 < DEPTH,
			.key_usage = i + 1 < DEPTH ? TACIT_KU_CERT_SIGN : TACIT_KU_DIGITAL_SIGNATURE
		};
	return plan;
}

static void build(const struct plan *plan, struct tacit_cert certs[DEPTH])
{
	const struct pki_cert *above = NULL;

	for (size_t i = 0; i < plan->depth; i++) {
		struct pki_spec spec = plan->specs[i];
		struct tacit_error err = { 0 };

		if (!spec.issuer)
			spec.issuer = above;
		struct pki_cert *cert = pki_cert(&spec);
		above = cert;
		if (tacit_cert_parse(cert->der, "t", &certs[i], &err) != TACIT_OK)
			ok(false, "certificate %zu: %s", i, err.detail);
	}
}

static const struct tacit_chain_rules RULES = { .now = NOW, .skew = 60 };

/* The one step that must fail; TACIT_CHAIN_STEPS: none. */
static void expect(const struct plan *plan, const struct tacit_chain_rules *rules,
		   enum tacit_chain_step step, const char *name)
{
	static const enum tacit_status STATUSES[] = { TACIT_CHAIN, TACIT_CHAIN, TACIT_SIGNATURE,
						      TACIT_EXPIRED };
	struct tacit_cert certs[DEPTH];
	struct tacit_chain_result result;

	build(plan, certs);
	bool good = tacit_chain_check(certs, plan->depth, rules, &result);

	ok(good == (step == TACIT_CHAIN_STEPS), "%s: %s",
	   step == TACIT_CHAIN_STEPS ? "holds" : "fails", name);
	for (size_t i = 0; i < TACIT_CHAIN_STEPS; i++) {
		enum tacit_status want = i == step ? STATUSES[i] : TACIT_OK;

		if (result.errors[i].status != want)
			ok(false, "%s: step %zu: %s", name, i, result.errors[i].detail);
	}
	bool skipped = step < TACIT_CHAIN_SIGNATURES;
	if (result.judged[TACIT_CHAIN_SIGNATURES] == skipped)
		ok(false, "%s: signatures are checked only when the rest holds", name);
}

static void test_good(void)
{
	struct plan plan = usual_plan();
	struct tacit_cert certs[DEPTH];
	struct tacit_chain_result result;

	expect(&plan, &RULES, TACIT_CHAIN_STEPS, "the usual chain");
	plan.specs[1].not_before = FROM + 5;
	plan.specs[2].not_after = UNTIL - 7;
	build(&plan, certs);
	ok(tacit_chain_check(certs, DEPTH, &RULES, &result) && result.valid_from == FROM + 5 &&
		   result.valid_until == UNTIL - 7,
	   "valid from the latest to the earliest date");

	plan = usual_plan();
	for (size_t i = 0; i < DEPTH; i++)
		plan.specs[i].no_ski = plan.specs[i].no_aki = true;
	expect(&plan, &RULES, TACIT_CHAIN_STEPS, "no key ids");
	plan = usual_plan();
	for (size_t i = 0; i < 3; i++) {
		plan.specs[i].limited = true;
		plan.specs[i].path_len = 2u - (unsigned)i;
	}
	expect(&plan, &RULES, TACIT_CHAIN_STEPS, "path lengths just long enough");
}

static void test_counts(void)
{
	struct plan plan = usual_plan();
	struct tacit_cert certs[DEPTH], many[TACIT_CHAIN_MAX + 1];
	struct tacit_chain_result result;

	build(&plan, certs);
	for (size_t i = 0; i <= TACIT_CHAIN_MAX; i++)
		many[i] = certs[0];
	ok(!tacit_chain_check(certs, 0, &RULES, &result), "no certificate");
	is_status(result.errors[TACIT_CHAIN_NAMES].status, TACIT_CHAIN, "has a reason");
	ok(!tacit_chain_check(certs, 1, &RULES, &result), "one certificate");
	is_status(result.errors[TACIT_CHAIN_NAMES].status, TACIT_CHAIN, "is no chain");
	ok(!tacit_chain_check(many, TACIT_CHAIN_MAX + 1, &RULES, &result), "nine certificates");
	is_status(result.errors[TACIT_CHAIN_NAMES].status, TACIT_CHAIN, "have a reason");
}

/* Nothing is wrong with a chain but its length. */
static void test_longest(void)
{
	struct tacit_cert certs[TACIT_CHAIN_MAX + 1];
	struct tacit_chain_result result;
	const struct pki_cert *above = NULL;
	char names[TACIT_CHAIN_MAX + 1][8];

	for (size_t i = 0; i < TACIT_CHAIN_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "CN=%zu", i);
		struct pki_spec spec = { .key = keys[i % DEPTH],
					 .subject = names[i],
					 .issuer = above,
					 .not_before = FROM,
					 .not_after = UNTIL,
					 .basic = true,
					 .ca = true,
					 .key_usage = TACIT_KU_CERT_SIGN };
		struct pki_spec leaf = spec;

		leaf.ca = false;
		leaf.key_usage = TACIT_KU_DIGITAL_SIGNATURE;
		if (tacit_cert_parse(pki_cert(&leaf)->der, "t", &certs[i], NULL) != TACIT_OK)
			ok(false, "a leaf at %zu", i);
		if (i + 1 == TACIT_CHAIN_MAX)
			ok(tacit_chain_check(certs, i + 1, &RULES, &result), "the longest chain");
		above = pki_cert(&spec);
		if (tacit_cert_parse(above->der, "t", &certs[i], NULL) != TACIT_OK)
			ok(false, "an authority at %zu", i);
	}
	struct pki_spec last = { .key = keys[0],
				 .subject = "CN=last",
				 .issuer = above,
				 .not_before = FROM,
				 .not_after = UNTIL,
				 .basic = true,
				 .key_usage = TACIT_KU_DIGITAL_SIGNATURE };
	is_status(tacit_cert_parse(pki_cert(&last)->der, "t", &certs[TACIT_CHAIN_MAX], NULL),
		  TACIT_OK, "one more");
	ok(!tacit_chain_check(certs, TACIT_CHAIN_MAX + 1, &RULES, &result),
	   "is too many, though each is signed by the one above it");
}

static void test_names(void)
{
	struct plan plan = usual_plan();

	plan.specs[0].issuer_name = "CN=Other";
	expect(&plan, &RULES, TACIT_CHAIN_NAMES, "a root of another issuer");
	plan = usual_plan();
	plan.specs[0].aki = TACIT_SLICE_ARRAY("x");
	expect(&plan, &RULES, TACIT_CHAIN_NAMES, "a root with another issuer's key id");
	for (size_t i = 1; i < DEPTH; i++) {
		plan = usual_plan();
		plan.specs[i].issuer_name = "CN=Other";
		expect(&plan, &RULES, TACIT_CHAIN_NAMES, "another issuer's name");
		plan = usual_plan();
		plan.specs[i].aki = TACIT_SLICE_ARRAY("x");
		expect(&plan, &RULES, TACIT_CHAIN_NAMES, "another issuer's key id");
		plan = usual_plan();
		plan.specs[i].subject = NAMES[i - 1];
		expect(&plan, &RULES, TACIT_CHAIN_NAMES, "self-issued below the root");
	}
	plan = usual_plan();
	plan.specs[1].issuer_name = "CN=root/C=US";
	expect(&plan, &RULES, TACIT_CHAIN_NAMES, "a name in other case is another name");

	struct tacit_chain_rules strict = RULES;
	strict.require_ski = true;
	plan = usual_plan();
	expect(&plan, &strict, TACIT_CHAIN_STEPS, "key ids where they are required");
	plan.specs[2].no_aki = true;
	expect(&plan, &strict, TACIT_CHAIN_NAMES, "no issuer's key id");
	plan = usual_plan();
	plan.specs[1].no_ski = true;
	expect(&plan, &strict, TACIT_CHAIN_NAMES, "no key id");
}

static void test_order(void)
{
	struct plan plan = usual_plan();
	struct tacit_cert certs[DEPTH], swapped[DEPTH];
	struct tacit_chain_result result;

	build(&plan, certs);
	for (size_t a = 0; a < DEPTH; a++) {
		for (size_t b = 0; b < DEPTH; b++) {
			memcpy(swapped, certs, sizeof(certs));
			swapped[a] = certs[b];
			if (a == b)
				continue;
			ok(!tacit_chain_check(swapped, DEPTH, &RULES, &result),
			   "%zu in the place of %zu", b, a);
			swapped[b] = certs[a];
			ok(!tacit_chain_check(swapped, DEPTH, &RULES, &result),
			   "%zu and %zu swapped", a, b);
		}
	}
	memcpy(swapped, certs, sizeof(certs));
	swapped[1] = certs[2];
	swapped[2] = certs[3];
	ok(!tacit_chain_check(swapped, DEPTH - 1, &RULES, &result), "one left out");
}

static void test_ca(void)
{
	struct plan plan;

	for (size_t i = 0; i + 1 < DEPTH; i++) {
		plan = usual_plan();
		plan.specs[i].ca = false;
		expect(&plan, &RULES, TACIT_CHAIN_CA, "a signer that is no CA");
		plan.specs[i].basic = false;
		expect(&plan, &RULES, TACIT_CHAIN_CA, "a signer without basicConstraints");
		plan = usual_plan();
		plan.specs[i].key_usage = 0;
		expect(&plan, &RULES, TACIT_CHAIN_CA, "a signer without key usage");
		plan.specs[i].key_usage = TACIT_KU_CRL_SIGN | TACIT_KU_DIGITAL_SIGNATURE;
		expect(&plan, &RULES, TACIT_CHAIN_CA, "a signer that may not sign certificates");
	}
	for (size_t i = 0; i < 2; i++) {
		plan = usual_plan();
		plan.specs[i].limited = true;
		plan.specs[i].path_len = 1u - (unsigned)i;
		expect(&plan, &RULES, TACIT_CHAIN_CA, "path length one too short");
	}
	plan = usual_plan();
	plan.specs[3].ca = true;
	expect(&plan, &RULES, TACIT_CHAIN_CA, "a leaf that is a CA");
	plan = usual_plan();
	plan.specs[3].key_usage = TACIT_KU_CERT_SIGN | TACIT_KU_DIGITAL_SIGNATURE;
	expect(&plan, &RULES, TACIT_CHAIN_CA, "a leaf that may sign certificates");
	plan.specs[3].key_usage = TACIT_KU_CRL_SIGN;
	expect(&plan, &RULES, TACIT_CHAIN_CA, "a leaf that may not sign");
	plan.specs[3].key_usage = 0;
	expect(&plan, &RULES, TACIT_CHAIN_CA, "a leaf without key usage");
	plan = usual_plan();
	plan.specs[3].basic = false;
	expect(&plan, &RULES, TACIT_CHAIN_CA, "a leaf without basicConstraints");
}

/* AMD's leaves say nothing about themselves; its CAs do. */
static void test_any_extensions(void)
{
	struct tacit_chain_rules rules = RULES;
	struct plan plan = usual_plan();

	rules.any_extensions = true;
	expect(&plan, &rules, TACIT_CHAIN_STEPS, "a leaf that says all the same");
	plan.specs[3].basic = false;
	plan.specs[3].key_usage = 0;
	expect(&plan, &rules, TACIT_CHAIN_STEPS, "a leaf that says nothing");
	plan.specs[3].ca = true;
	expect(&plan, &rules, TACIT_CHAIN_CA, "a leaf that is a CA all the same");
	plan = usual_plan();
	plan.specs[3].key_usage = TACIT_KU_CERT_SIGN;
	expect(&plan, &rules, TACIT_CHAIN_CA, "a leaf that may sign certificates all the same");
	plan = usual_plan();
	plan.specs[2].ca = plan.specs[2].basic = false;
	plan.specs[2].key_usage = 0;
	expect(&plan, &rules, TACIT_CHAIN_CA, "a CA that says nothing");
}

static void test_signatures(void)
{
	struct plan plan;

	for (size_t i = 0; i < DEPTH; i++) {
		plan = usual_plan();
		/* Of the kind that the signer's certificate promises. */
		plan.specs[i].signer = pki_key(i < 2 ? PKI_P384 : PKI_P256);
		expect(&plan, &RULES, TACIT_CHAIN_SIGNATURES, "signed with another key");
	}
	struct tacit_chain_rules pinned = RULES;
	pinned.pinned_root = true;
	plan = usual_plan();
	plan.specs[0].signer = pki_key(PKI_P384);
	expect(&plan, &pinned, TACIT_CHAIN_STEPS, "a pinned root's own signature");
	plan = usual_plan();
	plan.specs[1].signer = pki_key(PKI_P384);
	expect(&plan, &pinned, TACIT_CHAIN_SIGNATURES, "the first below a pinned root");

	/* All that is written is the real root's; the key is not. */
	struct pki_cert *real = pki_ca(keys[0], NAMES[0], NULL, FROM, UNTIL);
	struct pki_cert *clone = pki_ca(pki_key(PKI_P384), NAMES[0], NULL, FROM, UNTIL);
	struct tacit_cert certs[DEPTH], other[1];
	struct tacit_chain_result result;

	plan = usual_plan();
	plan.specs[1].issuer = clone;
	plan.specs[1].aki = real->ski;
	build(&plan, certs);
	if (tacit_cert_parse(real->der, "t", other, NULL) != TACIT_OK)
		ok(false, "the real root");
	certs[0] = other[0];
	ok(!tacit_chain_check(certs, DEPTH, &RULES, &result) &&
		   result.errors[TACIT_CHAIN_SIGNATURES].status == TACIT_SIGNATURE,
	   "a chain under a root's name clone");
}

static void test_validity(void)
{
	struct tacit_chain_rules rules = RULES;
	struct plan plan = usual_plan();

	for (size_t i = 0; i < DEPTH; i++) {
		plan = usual_plan();
		plan.specs[i].not_after = NOW;
		expect(&plan, &RULES, TACIT_CHAIN_STEPS, "the last second");
		plan.specs[i].not_after = NOW - 1;
		expect(&plan, &RULES, TACIT_CHAIN_VALIDITY, "a second after it");
		plan = usual_plan();
		plan.specs[i].not_before = NOW + 60;
		expect(&plan, &RULES, TACIT_CHAIN_STEPS, "a minute early");
		plan.specs[i].not_before = NOW + 61;
		expect(&plan, &RULES, TACIT_CHAIN_VALIDITY, "a second earlier");
	}
	rules.skew = 0;
	plan = usual_plan();
	plan.specs[3].not_before = NOW;
	expect(&plan, &rules, TACIT_CHAIN_STEPS, "the first second");
	plan.specs[3].not_before = NOW + 1;
	expect(&plan, &rules, TACIT_CHAIN_VALIDITY, "a second before it");

	plan = usual_plan();
	rules.now = INT64_MAX;
	rules.skew = 60;
	expect(&plan, &rules, TACIT_CHAIN_VALIDITY, "the end of time");

	struct tacit_cert certs[DEPTH];
	struct tacit_chain_result result;
	build(&plan, certs);
	ok(!tacit_chain_check(certs, DEPTH, &rules, &result) &&
		   strstr(result.errors[TACIT_CHAIN_VALIDITY].detail, "expired"),
	   "is late, not early");
	rules.now = INT64_MIN;
	expect(&plan, &rules, TACIT_CHAIN_VALIDITY, "the beginning of time");
}

int main(void)
{
	static const enum pki_kind KINDS[DEPTH] = { PKI_P384, PKI_P384, PKI_P256, PKI_P256 };

	for (size_t i = 0; i < DEPTH; i++)
		keys[i] = pki_key(KINDS[i]);
	test_good();
	test_counts();
	test_longest();
	test_names();
	test_order();
	test_ca();
	test_any_extensions();
	test_signatures();
	test_validity();
	pki_done();
	return done();
}
