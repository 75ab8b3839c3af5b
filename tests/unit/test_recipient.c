/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/writer.h"
#include "crypto/cbc.h"
#include "crypto/hash.h"
#include "crypto/oaep.h"
#include "release/recipient.h"
#include "tests/unit/vectors.h"

#define ROOM 8192

static struct tacit_recipient *recipient(unsigned bits)
{
	struct tacit_recipient *r = NULL;

	if (tacit_recipient_new(bits, &r, NULL) != TACIT_OK)
		exit(70);
	return r;
}

static struct tacit_slice spki_of(struct tacit_recipient *r)
{
	struct tacit_slice spki = { NULL, 0 };

	if (tacit_recipient_spki(r, &spki, NULL) != TACIT_OK)
		exit(70);
	return spki;
}

static void test_sizes(void)
{
	static const unsigned BAD[] = { 0, 1024, 2047, 2049, 8192, UINT32_MAX };
	struct tacit_recipient *r;

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		is_status(tacit_recipient_new(BAD[i], &r, NULL), TACIT_USAGE, "another size");
	tacit_recipient_free(NULL);
	tacit_recipient_free(recipient(2048)); /* while it is being made */
	ok(true, "freed at once");
}

static void test_round(unsigned bits)
{
	struct tacit_recipient *r = recipient(bits);
	static const size_t LENGTHS[] = { 0, 1, 15, 16, 17, 32, 4096 };
	uint8_t plain[4096], sealed[ROOM], room[ROOM];
	struct tacit_slice cms, got;
	struct tacit_cms_enveloped parsed;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < 2 * sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
		struct tacit_slice in = tacit_slice_of(plain, LENGTHS[i / 2]);

		is_status(tacit_recipient_seal(spki_of(r), in, i % 2, tacit_mut_of(sealed, ROOM),
					       &cms, NULL),
			  TACIT_OK, "sealed");
		is_status(tacit_recipient_open(r, cms, tacit_mut_of(room, ROOM), &got, NULL),
			  TACIT_OK, "opened");
		is_slice(got, in, "the same");
		ok(tacit_cms_parse(cms, &parsed, NULL) == TACIT_OK &&
			   parsed.wrapped_key.len == bits / 8 && parsed.in_pieces == (i % 2),
		   "in its form");
	}
	tacit_recipient_free(r);
}

/* What no bit of which may be anything else; the ciphertext itself has no MAC. */
static void test_flips(void)
{
	struct tacit_recipient *r = recipient(2048);
	uint8_t sealed[ROOM], bad[ROOM], room[ROOM];
	struct tacit_slice cms, got;
	struct tacit_cms_enveloped parsed;
	unsigned opened = 0, left = 0;

	ok(tacit_recipient_seal(spki_of(r), tacit_slice_str("a secret of thirty-two bytes ..."),
				true, tacit_mut_of(sealed, ROOM), &cms, NULL) == TACIT_OK &&
		   tacit_cms_parse(cms, &parsed, NULL) == TACIT_OK,
	   "sealed");
	size_t end = (size_t)(parsed.iv.ptr - cms.ptr);

	for (size_t i = 0; i < end; i++) {
		memcpy(bad, cms.ptr, cms.len);
		bad[i] ^= (uint8_t)(1u << i % 8);
		memset(room, 0xa5, sizeof(room));
		if (tacit_recipient_open(r, tacit_slice_of(bad, cms.len), tacit_mut_of(room, ROOM),
					 &got, NULL) == TACIT_OK)
			opened++;
		for (size_t k = 0; k < sizeof(room); k++)
			left += room[k] != 0;
	}
	ok(opened == 0, "no change before the iv passes: %u", opened);
	ok(left == 0, "and nothing is left behind: %u bytes", left);
	tacit_recipient_free(r);
}

static void test_others(void)
{
	struct tacit_recipient *one = recipient(2048), *two = recipient(2048);
	uint8_t sealed[ROOM], room[ROOM];
	struct tacit_slice cms, got;
	struct tacit_cms_enveloped parsed;
	struct tacit_error err = { 0 };
	uint8_t id[TACIT_SHA256_LEN];

	ok(tacit_recipient_seal(spki_of(one), tacit_slice_str("x"), true,
				tacit_mut_of(sealed, ROOM), &cms, NULL) == TACIT_OK,
	   "sealed for one");
	is_status(tacit_recipient_open(two, cms, tacit_mut_of(room, ROOM), &got, &err),
		  TACIT_BINDING, "is not for the other");
	ok(strstr(err.detail, "sealed for the key") != NULL, "says so: %s", err.detail);
	/* With the other's name on it, it is for the other, and does not open. */
	ok(tacit_cms_parse(cms, &parsed, NULL) == TACIT_OK &&
		   tacit_hash(TACIT_SHA256, spki_of(two), id, NULL) == TACIT_OK,
	   "read");
	memcpy(sealed + (parsed.key_id.ptr - sealed), id, sizeof(id));
	tacit_error_clear(&err);
	is_status(tacit_recipient_open(two, cms, tacit_mut_of(room, ROOM), &got, &err),
		  TACIT_SIGNATURE, "under another's name it does not open");
	is_status(tacit_recipient_open(one, cms, tacit_mut_of(room, ROOM), &got, NULL),
		  TACIT_BINDING, "and is not for the one any more");
	tacit_recipient_free(one);
	tacit_recipient_free(two);
}

/* A CMS of ours around any wrapped key and ciphertext. */
static struct tacit_slice around(struct tacit_recipient *r, struct tacit_slice key,
				 struct tacit_slice content, uint8_t *room)
{
	static const uint8_t iv[TACIT_CMS_IV];
	struct tacit_oaep_key *to = NULL;
	uint8_t wrapped[TACIT_OAEP_LEN_MAX], id[TACIT_SHA256_LEN];
	struct tacit_slice out = { NULL, 0 };

	if (tacit_oaep_public(spki_of(r), &to, NULL) != TACIT_OK ||
	    tacit_oaep_seal(to, key, wrapped, NULL) != TACIT_OK ||
	    tacit_hash(TACIT_SHA256, spki_of(r), id, NULL) != TACIT_OK)
		exit(70);
	const struct tacit_cms_enveloped cms = {
		.key_id = TACIT_SLICE_ARRAY(id),
		.wrapped_key = tacit_slice_of(wrapped, tacit_oaep_len(to)),
		.iv = TACIT_SLICE_ARRAY(iv),
		.content = content,
	};

	if (tacit_cms_write(&cms, 0, tacit_mut_of(room, ROOM), &out, NULL) != TACIT_OK)
		exit(70);
	tacit_oaep_free(to);
	return out;
}

/* Bare AES-256-CBC of two blocks whose last bytes are `padding`. */
static void encrypt_bare(const uint8_t *key, const uint8_t *blocks, uint8_t *ret)
{
	static const uint8_t iv[TACIT_CBC_BLOCK];
	uint8_t whole[3 * TACIT_CBC_BLOCK];

	/* With the padding of a block more, which is left out. */
	if (tacit_cbc_seal(tacit_slice_of(key, TACIT_CBC_KEY_LEN), TACIT_SLICE_ARRAY(iv),
			   tacit_slice_of(blocks, 2 * TACIT_CBC_BLOCK),
			   tacit_mut_of(whole, sizeof(whole)), NULL) != TACIT_OK)
		exit(70);
	memcpy(ret, whole, 2 * TACIT_CBC_BLOCK);
}

static void test_padding(void)
{
	struct tacit_recipient *r = recipient(2048);
	uint8_t key[TACIT_CBC_KEY_LEN] = { 1, 2, 3 }, content[2 * TACIT_CBC_BLOCK], room[ROOM];
	uint8_t out[ROOM];
	struct tacit_slice got;
	unsigned good = 0;

	/* Every last byte, in blocks that are that byte alone: 1 to 16 are paddings. */
	for (unsigned last = 0; last < 256; last++) {
		uint8_t blocks[2 * TACIT_CBC_BLOCK];

		memset(blocks, (int)last, sizeof(blocks));
		encrypt_bare(key, blocks, content);
		struct tacit_slice cms =
			around(r, TACIT_SLICE_ARRAY(key), TACIT_SLICE_ARRAY(content), room);
		enum tacit_status st =
			tacit_recipient_open(r, cms, tacit_mut_of(out, ROOM), &got, NULL);
		bool want = last >= 1 && last <= 16;

		if ((st == TACIT_OK) != want || (want && got.len != 32 - last))
			ok(false, "padding of %u", last);
		good += st == TACIT_OK;
	}
	ok(good == 16, "%u of 256 last bytes are a padding", good);
	/* Each byte of a padding counts. */
	for (unsigned at = 0; at < 16; at++) {
		uint8_t blocks[2 * TACIT_CBC_BLOCK];

		memset(blocks, 16, sizeof(blocks));
		blocks[TACIT_CBC_BLOCK + at] ^= 0x40;
		encrypt_bare(key, blocks, content);
		struct tacit_slice cms =
			around(r, TACIT_SLICE_ARRAY(key), TACIT_SLICE_ARRAY(content), room);

		is_status(tacit_recipient_open(r, cms, tacit_mut_of(out, ROOM), &got, NULL),
			  TACIT_SIGNATURE, "one byte of the padding is another");
	}
	tacit_recipient_free(r);
}

static void test_key_lengths(void)
{
	struct tacit_recipient *r = recipient(2048);
	static const size_t LENGTHS[] = { 0, 1, 16, 24, 31, 33, 48, 190 };
	uint8_t key[190] = { 7 }, content[2 * TACIT_CBC_BLOCK], room[ROOM], out[ROOM];
	uint8_t blocks[2 * TACIT_CBC_BLOCK];
	struct tacit_slice got;

	memset(blocks, 16, sizeof(blocks));
	encrypt_bare(key, blocks, content);
	for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
		struct tacit_slice cms = around(r, tacit_slice_of(key, LENGTHS[i]),
						TACIT_SLICE_ARRAY(content), room);

		is_status(tacit_recipient_open(r, cms, tacit_mut_of(out, ROOM), &got, NULL),
			  TACIT_SIGNATURE, "a wrapped key of another length");
	}
	struct tacit_slice cms =
		around(r, tacit_slice_of(key, 32), TACIT_SLICE_ARRAY(content), room);

	is_status(tacit_recipient_open(r, cms, tacit_mut_of(out, ROOM), &got, NULL), TACIT_OK,
		  "one of 32 bytes");
	is_status(tacit_recipient_open(r, cms, tacit_mut_of(out, 31), &got, NULL), TACIT_LIMIT,
		  "too little room");
	tacit_recipient_free(r);
}

static void test_seal_refuses(void)
{
	struct tacit_recipient *r = recipient(2048);
	uint8_t room[ROOM], spki[TACIT_OAEP_SPKI_MAX];
	struct tacit_slice good = spki_of(r), out;
	static uint8_t much[TACIT_CMS_MAX];

	memcpy(spki, good.ptr, good.len);
	for (size_t len = 0; len < good.len; len++)
		if (tacit_recipient_seal(tacit_slice_of(spki, len), tacit_slice_str("x"), true,
					 tacit_mut_of(room, ROOM), &out, NULL) == TACIT_OK)
			ok(false, "a key cut to %zu bytes", len);
	spki[good.len] = 0;
	is_status(tacit_recipient_seal(tacit_slice_of(spki, good.len + 1), tacit_slice_str("x"),
				       true, tacit_mut_of(room, ROOM), &out, NULL),
		  TACIT_FORMAT, "a byte behind the key");
	is_status(tacit_recipient_seal(good, TACIT_SLICE_ARRAY(much), true,
				       tacit_mut_of(room, ROOM), &out, NULL),
		  TACIT_LIMIT, "too much");
	for (size_t size = 0; size < 400; size += 13)
		is_status(tacit_recipient_seal(good, tacit_slice_str("x"), true,
					       tacit_mut_of(room, size), &out, NULL),
			  TACIT_LIMIT, "too little room");
	tacit_recipient_free(r);
}

/* The public half of a fresh key, in `room`. */
static struct tacit_slice other_key(const char *type, int bits, BN_ULONG exponent, uint8_t *spki)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *key = NULL;

	if (!ctx || !e || EVP_PKEY_keygen_init(ctx) != 1)
		exit(70);
	if (bits &&
	    (BN_set_word(e, exponent) != 1 || EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) != 1 ||
	     EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) != 1))
		exit(70);
	if (EVP_PKEY_generate(ctx, &key) != 1)
		exit(70);
	int len = i2d_PUBKEY(key, &spki);

	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	BN_free(e);
	return tacit_slice_of(spki - len, (size_t)len);
}

static void test_keys(void)
{
	uint8_t spki[1024], room[ROOM];
	struct tacit_slice out;
	static const struct {
		const char *name, *type;
		int bits;
		BN_ULONG exponent;
		enum tacit_status status;
	} ROWS[] = {
		{ "a key of 2048 bits", "RSA", 2048, RSA_F4, TACIT_OK },
		{ "a key of 1024 bits", "RSA", 1024, RSA_F4, TACIT_UNSUPPORTED },
		{ "a key of 2560 bits", "RSA", 2560, RSA_F4, TACIT_UNSUPPORTED },
		{ "the exponent 3", "RSA", 2048, 3, TACIT_UNSUPPORTED },
		{ "a key that is not RSA", "ED25519", 0, 0, TACIT_FORMAT },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		is_status(tacit_recipient_seal(
				  other_key(ROWS[i].type, ROWS[i].bits, ROWS[i].exponent, spki),
				  tacit_slice_str("x"), true, tacit_mut_of(room, ROOM), &out, NULL),
			  ROWS[i].status, ROWS[i].name);
}

/* All of a public key but the number itself is as it is, and no other way. */
static void test_spki(void)
{
	struct tacit_recipient *r = recipient(2048);
	uint8_t spki[TACIT_OAEP_SPKI_MAX], room[ROOM];
	struct tacit_slice good = spki_of(r), out;
	size_t taken = 0, modulus = 33; /* its first byte behind the zero */

	for (size_t i = 0; i < 8 * good.len; i++) {
		size_t at = i / 8;

		if (at >= modulus && at < modulus + 256 && !(at == modulus && i % 8 == 7) &&
		    !(at == modulus + 255 && i % 8 == 0))
			continue;
		memcpy(spki, good.ptr, good.len);
		spki[at] ^= (uint8_t)(1u << i % 8);
		taken += tacit_recipient_seal(tacit_slice_of(spki, good.len), tacit_slice_str("x"),
					      true, tacit_mut_of(room, ROOM), &out,
					      NULL) == TACIT_OK;
	}
	ok(taken == 0, "%zu changed bits are taken", taken);
	memcpy(spki, good.ptr, good.len);
	spki[modulus + 255] ^= 1;
	is_status(tacit_recipient_seal(tacit_slice_of(spki, good.len), tacit_slice_str("x"), true,
				       tacit_mut_of(room, ROOM), &out, NULL),
		  TACIT_FORMAT, "an even modulus");
	tacit_recipient_free(r);
}

/* A NULL more at the end of one structure, with all lengths right. */
static void test_spki_more(void)
{
	static const char *const NAMES[] = { "nothing more", "the numbers", "the bit string",
					     "the info", "the whole" };
	struct tacit_recipient *r = recipient(2048);
	struct tacit_slice good = spki_of(r), out, none = tacit_slice_of("\x05", 2);
	uint8_t spki[TACIT_OAEP_SPKI_MAX], room[ROOM];

	for (uint64_t more = 0; more < 5; more++) {
		struct writer w = wr_of(tacit_mut_of(spki, sizeof(spki)));
		uint64_t key = 0x10a + (more == 1 ? 2 : 0);
		uint64_t bits = 5 + key + (more == 2 ? 2 : 0);
		uint64_t info = 15 + 4 + bits + (more == 3 ? 2 : 0);

		wr_be(&w, 0x30820000 + info, 4);
		wr_bytes(&w, tacit_slice_of(good.ptr + 4, 15));
		wr_be(&w, 0x03820000 + bits, 4);
		wr_be(&w, 0x0030820000 + key, 5);
		wr_bytes(&w, tacit_slice_of(good.ptr + 28, 0x10a));
		if (more)
			wr_bytes(&w, none);
		is_status(tacit_recipient_seal(tacit_slice_of(spki, w.at), tacit_slice_str("x"),
					       true, tacit_mut_of(room, ROOM), &out, NULL),
			  more ? TACIT_FORMAT : TACIT_OK, NAMES[more]);
	}
	tacit_recipient_free(r);
}

/* Real: KMS's answer to a key that was published with it. */
static void test_vector(void)
{
	char path[4096];
	struct tacit_slice cms, der, plain, got;
	struct tacit_oaep_key *key = NULL;
	struct tacit_recipient *r = NULL, *other = recipient(2048);
	uint8_t room[ROOM];
	const char *dir = tap_vectors();

	if (!dir) {
		skip("KMS's answer", "no shared vectors (TACIT_VECTORS)");
		tacit_recipient_free(other);
		return;
	}
	snprintf(path, sizeof(path), "%s/nitro/cms_edgebit_rsa2048.ber", dir);
	cms = vector_file(path);
	snprintf(path, sizeof(path), "%s/nitro/cms_edgebit_rsa2048.key.der", dir);
	der = vector_file(path);
	snprintf(path, sizeof(path), "%s/nitro/cms_edgebit_rsa2048.plaintext.bin", dir);
	plain = vector_file(path);
	is_status(tacit_oaep_private(der, &key, NULL), TACIT_OK, "the published key");
	is_status(tacit_recipient_with(key, &r, NULL), TACIT_OK, "a recipient with it");
	is_status(tacit_recipient_open(r, cms, tacit_mut_of(room, ROOM), &got, NULL), TACIT_OK,
		  "opens what KMS sealed");
	is_slice(got, plain, "with its plaintext");
	is_status(tacit_recipient_open(other, cms, tacit_mut_of(room, ROOM), &got, NULL),
		  TACIT_BINDING, "another key does not");
	tacit_recipient_free(r);
	tacit_recipient_free(other);
	vector_done(cms);
	vector_done(der);
	vector_done(plain);
}

int main(void)
{
	test_sizes();
	test_round(2048);
	test_round(3072);
	test_flips();
	test_others();
	test_padding();
	test_key_lengths();
	test_seal_refuses();
	test_keys();
	test_spki();
	test_spki_more();
	test_vector();
	return done();
}
