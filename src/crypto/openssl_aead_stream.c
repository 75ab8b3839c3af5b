/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead_stream.h"

#include <limits.h>
#include <openssl/crypto.h>

#include "crypto/openssl.h"

#define WHERE "crypto.aead"

struct tacit_aead_stream {
	EVP_CIPHER_CTX *ctx;
};

struct tacit_aead_stream *tacit_aead_stream_new(enum tacit_aead_alg alg, struct tacit_slice key,
						struct tacit_slice nonce)
{
	const EVP_CIPHER *cipher = tacit_openssl_cipher(alg);
	struct tacit_aead_stream *s = NULL;

	if (cipher && key.len == tacit_aead_key_len(alg) && nonce.len == TACIT_AEAD_NONCE_LEN)
		s = OPENSSL_zalloc(sizeof(*s));
	if (!s)
		return NULL;
	s->ctx = EVP_CIPHER_CTX_new();
	if (s->ctx && EVP_DecryptInit_ex2(s->ctx, cipher, key.ptr, nonce.ptr, NULL) == 1)
		return s;
	tacit_aead_stream_free(s);
	return NULL;
}

void tacit_aead_stream_free(struct tacit_aead_stream *stream)
{
	if (stream)
		EVP_CIPHER_CTX_free(stream->ctx);
	OPENSSL_free(stream);
}

enum tacit_status tacit_aead_stream_update(struct tacit_aead_stream *stream,
					   struct tacit_slice sealed, uint8_t *out,
					   struct tacit_error *err)
{
	int len = 0;

	if (sealed.len == 0)
		return TACIT_OK;
	if (sealed.len > INT_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a piece that is too long");
	if (EVP_DecryptUpdate(stream->ctx, out, &len, sealed.ptr, (int)sealed.len) == 1)
		return TACIT_OK;
	return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "opening failed");
}

enum tacit_status tacit_aead_stream_final(struct tacit_aead_stream *stream,
					  const uint8_t tag[static TACIT_AEAD_TAG_LEN],
					  struct tacit_error *err)
{
	uint8_t expected[TACIT_AEAD_TAG_LEN], none[EVP_MAX_BLOCK_LENGTH];
	int len = 0;

	memcpy(expected, tag, sizeof(expected));
	if (EVP_CIPHER_CTX_ctrl(stream->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(expected), expected) ==
		    1 &&
	    EVP_DecryptFinal_ex(stream->ctx, none, &len) == 1)
		return TACIT_OK;
	return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "tag does not verify");
}
