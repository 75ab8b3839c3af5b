/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cbc.h"

#include <limits.h>

#include "base/secret.h"
#include "crypto/openssl.h"

#define WHERE "crypto.cbc"

static CRYPTO_ONCE fetched = CRYPTO_ONCE_STATIC_INIT;
static EVP_CIPHER *aes; /* written once, under `fetched` */

static void fetch(void)
{
	aes = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
}

struct job {
	struct tacit_slice key, iv, text;
	struct tacit_mut out;
	bool seals;
};

static enum tacit_status check(const struct job *job, size_t room, struct tacit_error *err)
{
	if (!CRYPTO_THREAD_run_once(&fetched, fetch) || !aes)
		return tacit_openssl_fail(err, TACIT_UNSUPPORTED, WHERE, "no AES-256-CBC");
	if (job->key.len != TACIT_CBC_KEY_LEN || job->iv.len != TACIT_CBC_BLOCK)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "key of %zu bytes and iv of %zu, not 32 and 16", job->key.len,
				  job->iv.len);
	if (job->text.len > INT_MAX - TACIT_CBC_BLOCK)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "message too long");
	if (job->out.len != room)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "room for %zu bytes, not %zu",
				  job->out.len, room);
	return TACIT_OK;
}

/* The library pads when it encrypts; padding that is taken off is judged here. */
static bool crypt(const struct job *job)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int first = 0, last = 0;
	bool done =
		ctx &&
		EVP_CipherInit_ex2(ctx, aes, job->key.ptr, job->iv.ptr, job->seals, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, job->seals) == 1 &&
		(job->text.len == 0 || EVP_CipherUpdate(ctx, job->out.ptr, &first, job->text.ptr,
							(int)job->text.len) == 1) &&
		EVP_CipherFinal_ex(ctx, job->out.ptr + first, &last) == 1 &&
		(size_t)first + (size_t)last == job->out.len;

	EVP_CIPHER_CTX_free(ctx);
	return done;
}

enum tacit_status tacit_cbc_seal(struct tacit_slice key, struct tacit_slice iv,
				 struct tacit_slice plain, struct tacit_mut out,
				 struct tacit_error *err)
{
	struct job job = { key, iv, plain, out, true };
	enum tacit_status st = check(&job, tacit_cbc_len(plain.len), err);

	if (st != TACIT_OK)
		return st;
	if (crypt(&job))
		return TACIT_OK;
	tacit_wipe(out.ptr, out.len);
	return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "sealing failed");
}

/* All ones when a < b, else zeros; both below 2^31. */
static uint32_t mask_less(uint32_t a, uint32_t b)
{
	return 0u - ((a - b) >> 31);
}

/*
 * The length of the padding of the last block, or 0 when it is none; which bytes are looked at does
 * not depend on what they are.
 */
static size_t padding_len(const uint8_t block[static TACIT_CBC_BLOCK])
{
	uint32_t pad = block[TACIT_CBC_BLOCK - 1];
	uint32_t bad = mask_less(TACIT_CBC_BLOCK, pad); /* 0 is no padding by itself */

	for (uint32_t i = 0; i < TACIT_CBC_BLOCK; i++) {
		uint32_t in_padding = mask_less(i, pad);

		bad |= in_padding & (block[TACIT_CBC_BLOCK - 1 - i] ^ pad);
	}
	return pad & (mask_less(0, bad & UINT8_MAX) ^ UINT32_MAX);
}

enum tacit_status tacit_cbc_open(struct tacit_slice key, struct tacit_slice iv,
				 struct tacit_slice sealed, struct tacit_mut out, size_t *ret_len,
				 struct tacit_error *err)
{
	struct job job = { key, iv, sealed, { out.ptr, sealed.len }, false };
	enum tacit_status st;

	if (sealed.len == 0 || sealed.len % TACIT_CBC_BLOCK != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%zu bytes are not whole blocks",
				  sealed.len);
	if (out.len < sealed.len)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "room for %zu bytes, not %zu",
				  out.len, sealed.len);
	st = check(&job, sealed.len, err);
	if (st != TACIT_OK)
		return st;
	size_t pad = crypt(&job) ? padding_len(out.ptr + sealed.len - TACIT_CBC_BLOCK) : 0;

	if (pad == 0) {
		tacit_wipe(out.ptr, out.len);
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE,
					  "the content does not open under its key");
	}
	tacit_wipe(out.ptr + sealed.len - pad, pad);
	*ret_len = sealed.len - pad;
	return TACIT_OK;
}
