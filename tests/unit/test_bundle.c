/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"

#include <stdlib.h>

#include "appraise/bundle.h"
#include "base/bounds.h"

static uint8_t out[16384], room[65536];
static struct tacit_arena arena;

static const struct tacit_slice PIECES[] = { { (const uint8_t *)"piece", 5 },
					     { (const uint8_t *)"another", 7 } };

static struct tacit_bundle small(void)
{
	const struct tacit_bundle b = { .evidence = tacit_slice_str("evidence"),
					.now = 1795248000 };

	return b;
}

static struct tacit_bundle full(void)
{
	struct tacit_bundle b = small();

	b.policy = tacit_slice_str("{}");
	b.pins = true;
	b.any_age = true;
	b.platform = TACIT_TEE_TDX;
	b.expect.nonce = tacit_slice_str("nonce");
	b.expect.report_data = tacit_slice_str("report");
	b.expect.user_data = tacit_slice_str("user");
	b.expect.tls_spki = tacit_slice_str("spki");
	b.expect.require_binding = true;
	b.expect.binding = tacit_slice_str("binding");
	b.insecure_no_policy = b.insecure_allow_debug = b.insecure_accept_stub = true;
	b.root_count = 1;
	b.roots = PIECES;
	b.collateral_count = 2;
	b.collateral = PIECES;
	return b;
}

static struct tacit_slice encode(const struct tacit_bundle *b)
{
	struct writer w = wr_of(tacit_mut_of(out, sizeof(out)));

	tacit_bundle_encode(b, &w);
	ok(!w.bad, "it fits");
	return tacit_slice_of(out, w.at);
}

static enum tacit_status parse(struct tacit_slice in, struct tacit_bundle *ret,
			       struct tacit_error *err)
{
	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_bundle_parse(in, &arena, ret, err);
}

static bool same(const struct tacit_bundle *b, struct tacit_slice in)
{
	static uint8_t again[sizeof(out)];
	struct writer w = wr_of(tacit_mut_of(again, sizeof(again)));

	tacit_bundle_encode(b, &w);
	return !w.bad && tacit_slice_eq(in, tacit_slice_of(again, w.at));
}

static void test_small(void)
{
	struct tacit_bundle b = small(), got;
	struct tacit_slice in = encode(&b);

	is_status(parse(in, &got, NULL), TACIT_OK, "the smallest");
	ok(tacit_slice_eq(got.evidence, b.evidence) && got.now == b.now, "evidence and time");
	ok(!got.policy.ptr && !got.pins && !got.any_age && got.platform == TACIT_TEE_NONE,
	   "what is not there is absent");
	ok(!got.expect.nonce.ptr && !got.expect.require_binding && !got.root_count &&
		   !got.collateral_count && !got.insecure_no_policy && !got.insecure_accept_stub &&
		   !got.insecure_allow_debug,
	   "expectations and waivers too");
	ok(in.ptr[0] == 0xa3 && in.len == 33, "in %zu bytes", in.len);
	b.now = INT64_MIN;
	in = encode(&b);
	is_status(parse(in, &got, NULL), TACIT_OK, "a time before 1970");
	ok(got.now == INT64_MIN, "is kept");
}

static void test_full(void)
{
	struct tacit_bundle b = full(), got;
	struct tacit_slice in = encode(&b);

	is_status(parse(in, &got, NULL), TACIT_OK, "with all members");
	ok(same(&got, in), "it is read as it was written");
	ok(got.pins && got.any_age && got.platform == TACIT_TEE_TDX, "flags and platform");
	ok(got.insecure_no_policy && got.insecure_allow_debug && got.insecure_accept_stub,
	   "waivers");
	is_slice(got.expect.binding, b.expect.binding, "the binding");
	is_slice(got.expect.tls_spki, b.expect.tls_spki, "the TLS key");
	ok(got.collateral_count == 2 && tacit_slice_eq(got.collateral[1], PIECES[1]), "collateral");
	for (unsigned i = 0; i < 3; i++) {
		b = small();
		b.insecure_no_policy = i == 0;
		b.insecure_allow_debug = i == 1;
		b.insecure_accept_stub = i == 2;
		in = encode(&b);
		is_status(parse(in, &got, NULL), TACIT_OK, "one waiver");
		ok(got.insecure_no_policy == (i == 0) && got.insecure_allow_debug == (i == 1) &&
			   got.insecure_accept_stub == (i == 2),
		   "is that one");
	}
}

static void test_cuts_and_flips(void)
{
	struct tacit_bundle b = full(), got;
	struct tacit_slice in = encode(&b);
	size_t accepted = 0, changed = 0;

	for (size_t len = 0; len < in.len; len++) {
		uint8_t *cut = malloc(len + 1);
		memcpy(cut, in.ptr, len);
		accepted += parse(tacit_slice_of(cut, len), &got, NULL) == TACIT_OK;
		free(cut);
	}
	ok(accepted == 0, "no cut is a bundle");
	for (size_t bit = 0; bit < in.len * 8; bit++) {
		out[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (parse(in, &got, NULL) == TACIT_OK && !same(&got, in))
			changed++;
		out[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(changed == 0, "whatever is accepted has one form");
	out[in.len] = 0;
	is_status(parse(tacit_slice_of(out, in.len + 1), &got, NULL), TACIT_FORMAT,
		  "something behind it");
}

static void bad(const char *hex_after_now, uint8_t pairs, const char *name)
{
	static const uint8_t HEAD[] = {
		0xa3, 0x00, 0x6e, 't', 'a', 'c', 'i',  't',  '.', 'b',  'u',
		'n',  'd',  'l',  'e', '/', '1', 0x01, 0x41, 'e', 0x02, 0x00
	};
	struct tacit_bundle got;
	size_t len = sizeof(HEAD);

	memcpy(out, HEAD, len);
	out[0] = (uint8_t)(0xa0 + pairs);
	for (const char *p = hex_after_now; *p; p += 2) {
		unsigned byte;
		sscanf(p, "%2x", &byte);
		out[len++] = (uint8_t)byte;
	}
	is_status(parse(tacit_slice_of(out, len), &got, NULL),
		  hex_after_now[0] || pairs != 3 ? TACIT_FORMAT : TACIT_OK, name);
}

static void test_one_form(void)
{
	bad("", 3, "the form that these depart from");
	bad("", 2, "fewer pairs than there are");
	bad("", 4, "more pairs than there are");
	bad("04f5", 4, "pins without a policy");
	bad("05f4", 4, "false instead of nothing");
	bad("05f505f5", 5, "a label twice");
	bad("05f503427b7d", 5, "labels out of order");
	bad("0bf5", 4, "an unknown label");
	bad("2000", 4, "a negative label");
	bad("066178", 4, "a platform that is none");
	bad("06646e6f6e65", 4, "the platform \"none\"");
	bad("07a0", 4, "no expectation");
	bad("07a10140", 4, "an expectation that is empty");
	bad("07a10041aa", 4, "an expectation of label 0");
	bad("07a10741aa", 4, "an expectation that is unknown");
	bad("07a105f4", 4, "an expectation that is false");
	bad("07a20241aa0141aa", 4, "expectations out of order");
	bad("0880", 4, "no waiver");
	bad("088178", 4, "a waiver that is cut");
	bad("08816178", 4, "an unknown waiver");
	bad("0882"
	    "74696e7365637572652d6163636570742d73747562"
	    "72696e7365637572652d6e6f2d706f6c696379",
	    4, "waivers out of order");
	bad("0882"
	    "72696e7365637572652d6e6f2d706f6c696379"
	    "72696e7365637572652d6e6f2d706f6c696379",
	    4, "a waiver twice");
	bad("0980", 4, "no root");
	bad("0a80", 4, "no collateral");
	bad("0a8101", 4, "collateral that is no bytes");
	bad("0a5f41aaff", 4, "an indefinite string");
	bad("0a9f41aaff", 4, "an indefinite list");
	bad("1805f5", 4, "a label in a long form");
}

static void test_versions(void)
{
	struct tacit_bundle b = small(), got;
	struct tacit_slice in = encode(&b);
	struct tacit_error err = { 0 };

	ok(tacit_bundle_looks(in), "it looks like a bundle");
	static const struct {
		size_t at;
		uint8_t value;
	} WRONG[] = { { 0, 0x9f }, { 0, 0xb8 }, { 1, 0x01 }, { 2, 0x5f }, { 2, 0x78 } };
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		uint8_t was = out[WRONG[i].at];

		out[WRONG[i].at] = WRONG[i].value;
		ok(!tacit_bundle_looks(in), "byte %zu as %02x does not", WRONG[i].at,
		   WRONG[i].value);
		out[WRONG[i].at] = was;
	}
	out[16] = '2';
	ok(tacit_bundle_looks(in), "so does another version");
	is_status(parse(in, &got, &err), TACIT_UNSUPPORTED, "which is told apart");
	out[15] = 'x';
	ok(!tacit_bundle_looks(in), "another family does not");
	is_status(parse(in, &got, NULL), TACIT_FORMAT, "and is none");
	ok(!tacit_bundle_looks(tacit_slice_of(NULL, 0)), "nothing is none");
}

static void test_limits(void)
{
	struct tacit_slice many[TACIT_COLLATERAL_MAX + 1];
	struct tacit_bundle b = small(), got;
	static uint8_t large[2 * TACIT_EVIDENCE_MAX];
	uint8_t *big = malloc(sizeof(large) + 4096);

	for (size_t i = 0; i < TACIT_COLLATERAL_MAX + 1; i++)
		many[i] = PIECES[0];
	b.collateral = many;
	b.collateral_count = TACIT_COLLATERAL_MAX;
	struct tacit_slice in = encode(&b);
	is_status(parse(in, &got, NULL), TACIT_OK, "as many pieces as may be");
	for (size_t size = 0; size < TACIT_COLLATERAL_MAX * sizeof(many[0]); size += 100) {
		tacit_arena_init(&arena, room, size);
		if (tacit_bundle_parse(in, &arena, &got, NULL) == TACIT_OK)
			ok(0, "an arena of %zu bytes", size);
	}
	b.collateral_count++;
	is_status(parse(encode(&b), &got, NULL), TACIT_FORMAT, "one more");
	uint8_t *whole = calloc(1, TACIT_BUNDLE_MAX + 1); /* of which the first bytes are touched */
	is_status(parse(tacit_slice_of(whole, TACIT_BUNDLE_MAX), &got, NULL), TACIT_FORMAT,
		  "zeros of the longest bundle's length");
	is_status(parse(tacit_slice_of(whole, TACIT_BUNDLE_MAX + 1), &got, NULL), TACIT_LIMIT,
		  "a byte more");
	free(whole);
	b = small();
	for (size_t more = 0; more < 2; more++) {
		struct writer w = wr_of(tacit_mut_of(big, sizeof(large) + 4096));

		b.evidence = tacit_slice_of(large, TACIT_EVIDENCE_MAX + more);
		tacit_bundle_encode(&b, &w);
		is_status(parse(tacit_slice_of(big, w.at), &got, NULL),
			  more ? TACIT_FORMAT : TACIT_OK,
			  more ? "evidence over its limit" : "evidence at its limit");
		w = wr_of(tacit_mut_of(big, sizeof(large) + 4096));
		b.evidence = PIECES[0];
		b.policy = tacit_slice_of(large, TACIT_POLICY_MAX + more);
		tacit_bundle_encode(&b, &w);
		is_status(parse(tacit_slice_of(big, w.at), &got, NULL),
			  more ? TACIT_FORMAT : TACIT_OK,
			  more ? "a policy over its limit" : "a policy at its limit");
		b.policy = tacit_slice_of(NULL, 0);
	}
	free(big);
}

int main(void)
{
	test_small();
	test_full();
	test_cuts_and_flips();
	test_one_form();
	test_versions();
	test_limits();
	return done();
}
