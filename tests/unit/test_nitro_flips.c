/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No single bit of a document can be changed: what is not signed is compared or bounded. One bit
 * in each byte, bit number (offset mod 8), so that it takes seconds; TACIT_FLIPS=all tries every
 * bit. Known malleability, which is no flip of one bit: s and n - s both verify.
 */
#include "tests/pki/nitro.h"
#include "tests/unit/nitro_util.h"

#include <stdlib.h>

#include "tests/unit/vectors.h"

static struct nitro_bench b;
static uint8_t flipped[32768];

static bool is_accepted(struct tacit_slice doc, size_t bit)
{
	flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
	enum tacit_status st = nitro_judge(&b, TACIT_TEE_NITRO, tacit_slice_of(flipped, doc.len));
	flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (st == TACIT_OK || tacit_verdict_genuine(&b.verdict)) {
		printf("# bit %zu of byte %zu\n", bit % 8, bit / 8);
		return true;
	}
	return false;
}

static void flip(struct tacit_slice doc, size_t step, const char *name)
{
	bool all = getenv("TACIT_FLIPS") && strcmp(getenv("TACIT_FLIPS"), "all") == 0;
	size_t accepted = 0;

	if (doc.len > sizeof(flipped)) {
		ok(false, "%s fits", name);
		return;
	}
	memcpy(flipped, doc.ptr, doc.len);
	if (!ok(nitro_judge(&b, TACIT_TEE_NITRO, doc) == TACIT_OK, "%s is accepted", name))
		printf("# %s: %s\n", b.err.where, b.err.detail);
	for (size_t bit = 0; all && bit < doc.len * 8; bit++)
		accepted += is_accepted(doc, bit);
	for (size_t at = 0; !all && at < doc.len; at += step)
		accepted += is_accepted(doc, at * 8 + at % 8);
	ok(accepted == 0, "no flip of %s is genuine", name);
}

static void test_ours(void)
{
	struct nitro_spec spec = { .nonce = tacit_slice_str("nonce"),
				   .user_data = tacit_slice_str("data"),
				   .tagged = true };

	flip(nitro_document(&b.pki, &spec), 1, "our own document");
}

/* Every eleventh byte, unless all are asked for. */
static void test_real(const char *name, int64_t now)
{
	char path[4096];

	if (!tap_vectors()) {
		skip(name, "no shared vectors (TACIT_VECTORS)");
		return;
	}
	snprintf(path, sizeof(path), "%s/nitro/%s", tap_vectors(), name);
	struct tacit_slice doc = vector_file(path);
	if (!doc.ptr) {
		skip(name, "not among the vectors here");
		return;
	}
	b.cx.now = now;
	b.cx.insecure_allow_debug = true;
	flip(doc, 11, name);
	vector_done(doc);
}

int main(void)
{
	static const struct {
		const char *name;
		int64_t now;
	} REAL[] = {
		{ "doc_2021_03_debug.cose", 1614963709 },
		{ "doc_2021_03_rsa_pubkey.cose", 1616602241 },
		{ "doc_2022_11_nonce_userdata.cose", 1668034320 },
		{ "doc_2023_01_pcr8_signed_eif.cose", 1674047239 },
		{ "doc_2023_09_short_scalar.cose", 1694102161 },
		{ "doc_2023_09_apse1.cose", 1695899307 },
		{ "doc_2024_01_debug_all_fields.cose", 1706120065 },
		{ "doc_2024_11_p256_pubkey.cose", 1732983768 },
		{ "doc_2025_08_indef.cose", 1755506509 },
		{ "doc_2025_09_indef_pcr8.cose", 1758628609 },
		{ "doc_2025_11_indef_pcr16.cose", 1762795210 },
		{ "doc_2026_01_indef.cose", 1767472867 },
	};
	static _Alignas(max_align_t) uint8_t room[65536];

	nitro_start(&b);
	/* Certificates that are whole cost nothing the second time. */
	b.cx.cache = tacit_cache_init(room, sizeof(room));
	test_ours();
	for (size_t i = 0; i < sizeof(REAL) / sizeof(REAL[0]); i++)
		test_real(REAL[i].name, REAL[i].now);
	pki_done();
	return done();
}
