/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/openssl.h"

struct tacit_hasher {
	EVP_MD_CTX *ctx;
	EVP_MD_CTX *spare; /* finished in the place of ctx, so that ctx can go on */
	const EVP_MD *md;
	bool failed;
};

size_t tacit_hash_len(enum tacit_hash_alg alg)
{
	static const size_t LENGTHS[] = {
		[TACIT_SHA256] = TACIT_SHA256_LEN,
		[TACIT_SHA384] = TACIT_SHA384_LEN,
		[TACIT_SHA512] = TACIT_SHA512_LEN,
	};

	return (size_t)alg < sizeof(LENGTHS) / sizeof(LENGTHS[0]) ? LENGTHS[alg] : 0;
}

static enum tacit_status refuse_unknown(struct tacit_error *err)
{
	return tacit_openssl_fail(err, TACIT_UNSUPPORTED, "crypto.hash", "no such hash");
}

static bool digest_parts(EVP_MD_CTX *ctx, const EVP_MD *md, const struct tacit_slice *parts,
			 size_t count, uint8_t *ret)
{
	if (!ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
}

enum tacit_status tacit_hash_parts(enum tacit_hash_alg alg, const struct tacit_slice *parts,
				   size_t count, uint8_t *ret, struct tacit_error *err)
{
	const EVP_MD *md = tacit_openssl_md(alg);
	if (!md)
		return refuse_unknown(err);

	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool hashed = digest_parts(ctx, md, parts, count, ret);

	EVP_MD_CTX_free(ctx);
	if (!hashed)
		return tacit_openssl_fail(err, TACIT_INTERNAL, "crypto.hash", "hashing failed");
	return TACIT_OK;
}

enum tacit_status tacit_hash(enum tacit_hash_alg alg, struct tacit_slice in, uint8_t *ret,
			     struct tacit_error *err)
{
	return tacit_hash_parts(alg, &in, 1, ret, err);
}

struct tacit_hasher *tacit_hasher_new(enum tacit_hash_alg alg)
{
	struct tacit_hasher *hasher = OPENSSL_zalloc(sizeof(*hasher));
	if (!hasher)
		return NULL;

	hasher->md = tacit_openssl_md(alg);
	hasher->ctx = EVP_MD_CTX_new();
	hasher->spare = EVP_MD_CTX_new();
	if (hasher->md && hasher->ctx && hasher->spare &&
	    EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL) == 1)
		return hasher;
	tacit_hasher_free(hasher);
	return NULL;
}

void tacit_hasher_update(struct tacit_hasher *hasher, struct tacit_slice in)
{
	if (EVP_DigestUpdate(hasher->ctx, in.ptr, in.len) != 1)
		hasher->failed = true;
}

enum tacit_status tacit_hasher_peek(const struct tacit_hasher *hasher, uint8_t *ret,
				    struct tacit_error *err)
{
	if (hasher->failed || EVP_MD_CTX_copy_ex(hasher->spare, hasher->ctx) != 1 ||
	    EVP_DigestFinal_ex(hasher->spare, ret, NULL) != 1)
		return tacit_openssl_fail(err, TACIT_INTERNAL, "crypto.hash", "hashing failed");
	return TACIT_OK;
}

enum tacit_status tacit_hasher_final(struct tacit_hasher *hasher, uint8_t *ret,
				     struct tacit_error *err)
{
	bool hashed = !hasher->failed && EVP_DigestFinal_ex(hasher->ctx, ret, NULL) == 1;

	hasher->failed = EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL) != 1;
	if (!hashed)
		return tacit_openssl_fail(err, TACIT_INTERNAL, "crypto.hash", "hashing failed");
	return TACIT_OK;
}

void tacit_hasher_free(struct tacit_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_CTX_free(hasher->spare);
	OPENSSL_free(hasher);
}

static bool mac_begin(EVP_MAC_CTX *ctx, enum tacit_hash_alg alg, struct tacit_slice key)
{
	char name[TACIT_MD_NAME_MAX];
	OSSL_PARAM params[] = { tacit_openssl_md_param(alg, name), OSSL_PARAM_construct_end() };
	/* An empty key is a key; a NULL one would mean "the key of last time". */
	const uint8_t *bytes = key.len ? key.ptr : (const uint8_t *)"";

	return ctx && EVP_MAC_init(ctx, bytes, key.len, params) == 1;
}

static bool mac_add(EVP_MAC_CTX *ctx, const struct tacit_slice *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len && EVP_MAC_update(ctx, parts[i].ptr, parts[i].len) != 1)
			return false;
	}
	return true;
}

static bool mac_end(EVP_MAC_CTX *ctx, enum tacit_hash_alg alg, uint8_t *ret)
{
	size_t len;

	return EVP_MAC_final(ctx, ret, &len, tacit_hash_len(alg)) == 1;
}

static enum tacit_status refuse_mac(struct tacit_error *err)
{
	return tacit_openssl_fail(err, TACIT_INTERNAL, "crypto.hmac", "hmac failed");
}

enum tacit_status tacit_hmac_parts(enum tacit_hash_alg alg, struct tacit_slice key,
				   const struct tacit_slice *parts, size_t count, uint8_t *ret,
				   struct tacit_error *err)
{
	if (!tacit_openssl_md(alg))
		return refuse_unknown(err);

	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(tacit_openssl_hmac());
	bool made =
		mac_begin(ctx, alg, key) && mac_add(ctx, parts, count) && mac_end(ctx, alg, ret);

	EVP_MAC_CTX_free(ctx);
	return made ? TACIT_OK : refuse_mac(err);
}

enum tacit_status tacit_hmac(enum tacit_hash_alg alg, struct tacit_slice key, struct tacit_slice in,
			     uint8_t *ret, struct tacit_error *err)
{
	return tacit_hmac_parts(alg, key, &in, 1, ret, err);
}

enum tacit_status tacit_hkdf_extract(enum tacit_hash_alg alg, struct tacit_slice salt,
				     struct tacit_slice ikm, uint8_t *ret_prk,
				     struct tacit_error *err)
{
	/* A missing salt is a row of zeros [RFC 5869 2.2], which is what HMAC pads it to. */
	return tacit_hmac(alg, salt, ikm, ret_prk, err);
}

struct expansion {
	enum tacit_hash_alg alg;
	struct tacit_slice prk;
	const struct tacit_slice *info;
	size_t info_count;
};

/* T(n) = HMAC(prk, T(n - 1) | info | n) [RFC 5869 2.3]; `block` holds T(n - 1), then T(n). */
static bool expand_block(EVP_MAC_CTX *ctx, const struct expansion *job, uint8_t number,
			 uint8_t block[static TACIT_HASH_MAX])
{
	struct tacit_slice previous =
		tacit_slice_of(block, number > 1 ? tacit_hash_len(job->alg) : 0);
	struct tacit_slice last = tacit_slice_of(&number, 1);

	return mac_begin(ctx, job->alg, job->prk) && mac_add(ctx, &previous, 1) &&
	       mac_add(ctx, job->info, job->info_count) && mac_add(ctx, &last, 1) &&
	       mac_end(ctx, job->alg, block);
}

static bool expand_blocks(EVP_MAC_CTX *ctx, const struct expansion *job, struct tacit_mut out)
{
	uint8_t block[TACIT_HASH_MAX];
	size_t block_len = tacit_hash_len(job->alg);
	bool made = true;
	uint8_t number = 1;

	for (size_t at = 0; made && at < out.len; at += block_len, number++) {
		size_t take = out.len - at < block_len ? out.len - at : block_len;

		made = expand_block(ctx, job, number, block);
		if (made)
			memcpy(out.ptr + at, block, take);
	}
	tacit_wipe(block, sizeof(block));
	return made;
}

enum tacit_status tacit_hkdf_expand_parts(enum tacit_hash_alg alg, struct tacit_slice prk,
					  const struct tacit_slice *info, size_t info_count,
					  struct tacit_mut out, struct tacit_error *err)
{
	struct expansion job = { alg, prk, info, info_count };

	if (!tacit_openssl_md(alg))
		return refuse_unknown(err);
	if (out.len > 255 * tacit_hash_len(alg))
		return tacit_fail(err, TACIT_LIMIT, "crypto.hkdf", 0,
				  "%zu bytes asked for, at most 255 digests", out.len);

	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(tacit_openssl_hmac());
	bool made = expand_blocks(ctx, &job, out);

	EVP_MAC_CTX_free(ctx);
	if (made)
		return TACIT_OK;
	tacit_wipe(out.ptr, out.len);
	return refuse_mac(err);
}

enum tacit_status tacit_hkdf_expand(enum tacit_hash_alg alg, struct tacit_slice prk,
				    struct tacit_slice info, struct tacit_mut out,
				    struct tacit_error *err)
{
	return tacit_hkdf_expand_parts(alg, prk, &info, 1, out, err);
}
