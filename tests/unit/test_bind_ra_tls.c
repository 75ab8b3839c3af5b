/* SPDX-License-Identifier: Apache-2.0 */

/* Interoperable RA-TLS: a certificate that carries evidence, and claims that name its key. */

#include "tests/pki/pki.h"
#include "vectors.h"

#include <stdlib.h>

#include "appraise/bind.h"
#include "base/arena.h"
#include "codec/cbor.h"
#include "codec/pem.h"
#include "crypto/hash.h"

#define OID "2.23.133.5.4.9"

struct form {
	uint64_t tag;
	uint64_t hash_id;
	enum tacit_hash_alg alg;
	struct tacit_slice named; /* instead of the key's own SPKI */
	struct tacit_slice nonce;
	bool no_hash, twice, three, named_alg;
	const char *oid;
};

static const struct form GOOD = { .tag = 60000, .hash_id = 1, .alg = TACIT_SHA256, .oid = OID };

static void put_key(struct writer *w, const char *key)
{
	tacit_cbor_put_text(w, tacit_slice_str(key));
}

static void put_pubkey_hash(struct writer *w, const struct form *form, struct tacit_slice spki)
{
	uint8_t digest[TACIT_HASH_MAX], room[128];
	struct writer inner = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice pair = { NULL, 0 };

	if (tacit_hash(form->alg, form->named.ptr ? form->named : spki, digest, NULL) != TACIT_OK)
		abort();
	tacit_cbor_put_array(&inner, 2);
	if (form->named_alg)
		tacit_cbor_put_text(&inner, tacit_slice_str("sha-256"));
	else
		tacit_cbor_put_uint(&inner, form->hash_id);
	tacit_cbor_put_bytes(&inner, tacit_slice_of(digest, tacit_hash_len(form->alg)));
	if (wr_finish(&inner, "test", &pair, NULL) != TACIT_OK)
		abort();
	put_key(w, "pubkey-hash");
	tacit_cbor_put_bytes(w, pair);
}

/* The extension's value; the claims' bytes go to `ret_claims`. */
static struct tacit_slice extension(const struct form *form, struct tacit_slice spki,
				    struct tacit_slice *ret_claims)
{
	static uint8_t claims_room[512], room[1024];
	struct writer c = wr_of(tacit_mut_of(claims_room, sizeof(claims_room)));
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice value = { NULL, 0 };

	tacit_cbor_put_map(&c, (uint64_t)!form->no_hash + form->twice + (form->nonce.ptr != NULL));
	if (!form->no_hash)
		put_pubkey_hash(&c, form, spki);
	if (form->twice)
		put_pubkey_hash(&c, form, spki);
	if (form->nonce.ptr) {
		put_key(&c, "nonce");
		tacit_cbor_put_bytes(&c, form->nonce);
	}
	if (wr_finish(&c, "test", ret_claims, NULL) != TACIT_OK)
		abort();
	tacit_cbor_put_tag(&w, form->tag);
	tacit_cbor_put_array(&w, form->three ? 3 : 2);
	tacit_cbor_put_bytes(&w, tacit_slice_str("a quote"));
	tacit_cbor_put_bytes(&w, *ret_claims);
	if (form->three)
		tacit_cbor_put_null(&w);
	if (wr_finish(&w, "test", &value, NULL) != TACIT_OK)
		abort();
	return value;
}

static struct tacit_slice make(const struct form *form, uint8_t report_data[static 64])
{
	EVP_PKEY *key = pki_key(PKI_P256);
	struct tacit_slice claims;
	struct pki_ext ext = { .oid = form->oid };

	ext.value = extension(form, pki_spki(key), &claims);
	memset(report_data, 0, 64);
	if (tacit_hash(TACIT_SHA256, claims, report_data, NULL) != TACIT_OK)
		abort();
	const struct pki_spec spec = { .key = key,
				       .subject = "CN=server",
				       .not_after = 2000000000,
				       .exts = &ext,
				       .ext_count = 1 };
	return pki_cert(&spec)->der;
}

static void test_good(void)
{
	struct form form = GOOD;
	struct tacit_bind_ra_tls out = { 0 };
	uint8_t want[64];

	struct tacit_slice cert = make(&form, want);
	is_status(tacit_bind_ra_tls(cert, &out, NULL), TACIT_OK, "a certificate");
	is_slice(TACIT_SLICE_ARRAY(out.report_data), TACIT_SLICE_ARRAY(want),
		 "the report data are the hash of its claims");
	is_slice(out.evidence, tacit_slice_str("a quote"), "its evidence");
	ok(!out.nonce.ptr, "without a nonce");
	form.nonce = tacit_slice_str("noncense");
	form.alg = TACIT_SHA384;
	form.hash_id = 7;
	is_status(tacit_bind_ra_tls(make(&form, want), &out, NULL), TACIT_OK, "with SHA-384");
	is_slice(out.nonce, form.nonce, "and a nonce");
	form.alg = TACIT_SHA512;
	form.hash_id = 8;
	is_status(tacit_bind_ra_tls(make(&form, want), &out, NULL), TACIT_OK, "with SHA-512");
}

static void refused(const struct form *form, enum tacit_status status, const char *what)
{
	struct tacit_bind_ra_tls out = { 0 };
	uint8_t want[64];

	is_status(tacit_bind_ra_tls(make(form, want), &out, NULL), status, what);
	ok(!out.evidence.ptr, "%s: nothing comes back", what);
}

static void test_refused(void)
{
	struct form form = GOOD;

	form.named = tacit_slice_str("another key");
	refused(&form, TACIT_BINDING, "claims that name another key");
	form = GOOD;
	form.no_hash = true;
	refused(&form, TACIT_FORMAT, "claims that name none");
	form = GOOD;
	form.twice = true;
	refused(&form, TACIT_FORMAT, "claims that name two");
	form = GOOD;
	form.three = true;
	refused(&form, TACIT_FORMAT, "three elements");
	form = GOOD;
	form.tag = 60002;
	refused(&form, TACIT_UNSUPPORTED, "a report that is no quote");
	form = GOOD;
	form.hash_id = 2;
	refused(&form, TACIT_UNSUPPORTED, "a hash that is not known");
	form = GOOD;
	form.named_alg = true;
	refused(&form, TACIT_FORMAT, "a hash by its name");
	form = GOOD;
	form.hash_id = 7; /* but 32 bytes */
	refused(&form, TACIT_BINDING, "a hash of another length");
	form = GOOD;
	form.oid = "2.23.133.5.4.8";
	refused(&form, TACIT_FORMAT, "no evidence in it");
}

/* A certificate's outline around a key, whose bytes the claims name, of any type. */
static enum tacit_status with_key(uint8_t tag)
{
	static const uint8_t NUMBER[] = { 0x02, 0x01, 0x01 }, EMPTY[] = { 0x30, 0x00 };
	struct tacit_bind_ra_tls out;
	struct pki_buf key = { 0 }, b = { 0 };
	struct tacit_slice claims, none = { NULL, 0 };

	pki_put(&key, tag, TACIT_SLICE_ARRAY(EMPTY));
	struct tacit_slice spki = pki_take(&key);
	pki_put(&b, 0xa0, TACIT_SLICE_ARRAY(NUMBER));
	pki_raw(&b, TACIT_SLICE_ARRAY(NUMBER));
	for (int i = 0; i < 4; i++) /* algorithm, issuer, dates, subject */
		pki_raw(&b, TACIT_SLICE_ARRAY(EMPTY));
	pki_raw(&b, spki);
	size_t exts = b.len;
	pki_put_oid(&b, OID);
	pki_put(&b, 0x04, extension(&GOOD, spki, &claims));
	pki_wrap(&b, exts, 0x30);
	pki_wrap(&b, exts, 0x30);
	pki_wrap(&b, exts, 0xa3);
	pki_wrap(&b, 0, 0x30);
	pki_raw(&b, TACIT_SLICE_ARRAY(EMPTY));
	pki_put(&b, 0x03, none);
	pki_wrap(&b, 0, 0x30);
	return tacit_bind_ra_tls(pki_take(&b), &out, NULL);
}

static void test_outline(void)
{
	is_status(with_key(0x30), TACIT_OK, "an outline with a key");
	is_status(with_key(0x04), TACIT_FORMAT, "and with something else in its place");
	is_status(with_key(0xa0), TACIT_FORMAT, "or an optional part before it");
}

static void test_damaged(void)
{
	struct tacit_bind_ra_tls out = { 0 };
	uint8_t want[64];
	struct tacit_slice cert = make(&GOOD, want);
	uint8_t *copy = pki_alloc(cert.len + 1);
	size_t whole = 0, moved = 0;

	for (size_t len = 0; len < cert.len; len++)
		whole += tacit_bind_ra_tls(tacit_slice_of(cert.ptr, len), &out, NULL) == TACIT_OK;
	ok(whole == 0, "no certificate that is cut short passes");
	memcpy(copy, cert.ptr, cert.len);
	copy[cert.len] = 0;
	is_status(tacit_bind_ra_tls(tacit_slice_of(copy, cert.len + 1), &out, NULL), TACIT_FORMAT,
		  "a byte behind it");
	/* A flipped bit is refused, or changes nothing that counts: names, dates, its signature. */
	for (size_t bit = 0; bit < cert.len * 8; bit++) {
		memcpy(copy, cert.ptr, cert.len);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		memset(&out, 0, sizeof(out));
		if (tacit_bind_ra_tls(tacit_slice_of(copy, cert.len), &out, NULL) == TACIT_OK)
			moved += memcmp(out.report_data, want, 64) != 0;
	}
	ok(moved == 0, "nor does one with a bit flipped and other report data (%zu)", moved);
}

/* Certificates that others made; their quotes carry what is computed. */
static void test_vectors(void)
{
	static const char *const NAMES[] = { "gramine-cert.pem", "intel-sgxsdk-cert.pem" };
	const char *dir = tap_vectors();

	for (size_t i = 0; i < 2; i++) {
		static uint8_t room[65536];
		struct tacit_arena arena;
		struct tacit_pem_block block;
		struct tacit_bind_ra_tls out = { 0 };
		char path[512];
		size_t at = 0;

		snprintf(path, sizeof(path), "%s/kbs/ra-tls/%s", dir, NAMES[i]);
		struct tacit_slice pem = vector_file(path);
		if (!pem.ptr) {
			skip("certificates of RA-TLS", "no shared vectors (TACIT_VECTORS)");
			continue;
		}
		tacit_arena_init(&arena, room, sizeof(room));
		ok(tacit_pem_next(pem, &at, &arena, &block, NULL), "%s is PEM", NAMES[i]);
		is_status(tacit_bind_ra_tls(block.der, &out, NULL), TACIT_OK, NAMES[i]);
		/* REPORTDATA of an SGX quote of version 3. */
		is_slice(tacit_slice_of(out.evidence.ptr + 48 + 320, 64),
			 TACIT_SLICE_ARRAY(out.report_data), "its quote stands for its claims");
		vector_done(pem);
	}
}

int main(void)
{
	test_good();
	test_refused();
	test_outline();
	test_damaged();
	test_vectors();
	pki_done();
	return done();
}
