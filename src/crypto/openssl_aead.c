/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include <limits.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "crypto/openssl.h"

#define WHERE "crypto.aead"

/* The library counts in int; one message stays well below that. */
#define MESSAGE_MAX ((size_t)INT_MAX - TACIT_AEAD_TAG_LEN)

size_t tacit_aead_key_len(enum tacit_aead_alg alg)
{
	static const size_t LENGTHS[] = {
		[TACIT_AES_128_GCM] = 16,
		[TACIT_AES_256_GCM] = 32,
		[TACIT_CHACHA20_POLY1305] = 32,
	};

	return (size_t)alg < TACIT_ARRAY_LEN(LENGTHS) ? LENGTHS[alg] : 0;
}

struct message {
	const EVP_CIPHER *cipher;
	struct tacit_slice key, nonce, aad, text;
};

static enum tacit_status check(const struct message *message, size_t key_len,
			       struct tacit_error *err)
{
	if (!message->cipher)
		return tacit_openssl_fail(err, TACIT_UNSUPPORTED, WHERE, "no such cipher");
	if (message->key.len != key_len)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "key of %zu bytes, not %zu",
				  message->key.len, key_len);
	if (message->nonce.len != TACIT_AEAD_NONCE_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "nonce of %zu bytes, not 12",
				  message->nonce.len);
	if (message->aad.len > MESSAGE_MAX || message->text.len > MESSAGE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "message too long");
	return TACIT_OK;
}

/* The text of an empty message may be NULL, which to the library would mean more aad. */
static bool crypt(EVP_CIPHER_CTX *ctx, const struct message *message, uint8_t *out)
{
	int len;

	return (message->aad.len == 0 ||
		EVP_CipherUpdate(ctx, NULL, &len, message->aad.ptr, (int)message->aad.len) == 1) &&
	       (message->text.len == 0 ||
		EVP_CipherUpdate(ctx, out, &len, message->text.ptr, (int)message->text.len) == 1);
}

static bool seal(EVP_CIPHER_CTX *ctx, const struct message *message, uint8_t *out)
{
	uint8_t none[EVP_MAX_BLOCK_LENGTH];
	int len;

	return ctx &&
	       EVP_EncryptInit_ex2(ctx, message->cipher, message->key.ptr, message->nonce.ptr,
				   NULL) == 1 &&
	       crypt(ctx, message, out) && EVP_EncryptFinal_ex(ctx, none, &len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TACIT_AEAD_TAG_LEN,
				   out + message->text.len) == 1;
}

static bool unseal(EVP_CIPHER_CTX *ctx, const struct message *message, const uint8_t *tag,
		   uint8_t *out)
{
	uint8_t expected[TACIT_AEAD_TAG_LEN], none[EVP_MAX_BLOCK_LENGTH];
	int len;

	memcpy(expected, tag, sizeof(expected));
	return ctx &&
	       EVP_DecryptInit_ex2(ctx, message->cipher, message->key.ptr, message->nonce.ptr,
				   NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TACIT_AEAD_TAG_LEN, expected) == 1 &&
	       crypt(ctx, message, out) && EVP_DecryptFinal_ex(ctx, none, &len) == 1;
}

enum tacit_status tacit_aead_seal(enum tacit_aead_alg alg, struct tacit_slice key,
				  struct tacit_slice nonce, struct tacit_slice aad,
				  struct tacit_slice plaintext, struct tacit_mut out,
				  struct tacit_error *err)
{
	struct message message = { tacit_openssl_cipher(alg), key, nonce, aad, plaintext };
	enum tacit_status st = check(&message, tacit_aead_key_len(alg), err);

	if (st != TACIT_OK)
		return st;
	if (out.len != plaintext.len + TACIT_AEAD_TAG_LEN)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "room for %zu bytes, not %zu",
				  out.len, plaintext.len + TACIT_AEAD_TAG_LEN);

	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool sealed = seal(ctx, &message, out.ptr);

	EVP_CIPHER_CTX_free(ctx);
	if (sealed)
		return TACIT_OK;
	tacit_wipe(out.ptr, out.len);
	return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "sealing failed");
}

static enum tacit_status open_checked(const struct message *message, const uint8_t *tag,
				      struct tacit_mut out, struct tacit_error *err)
{
	if (out.len != message->text.len)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "room for %zu bytes, not %zu",
				  out.len, message->text.len);

	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool opened = unseal(ctx, message, tag, out.ptr);

	EVP_CIPHER_CTX_free(ctx);
	if (opened)
		return TACIT_OK;
	return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "tag does not verify");
}

enum tacit_status tacit_aead_open(enum tacit_aead_alg alg, struct tacit_slice key,
				  struct tacit_slice nonce, struct tacit_slice aad,
				  struct tacit_slice sealed, struct tacit_mut out,
				  struct tacit_error *err)
{
	struct message message = { tacit_openssl_cipher(alg), key, nonce, aad, sealed };
	enum tacit_status st = check(&message, tacit_aead_key_len(alg), err);

	if (st == TACIT_OK && sealed.len < TACIT_AEAD_TAG_LEN)
		st = tacit_fail(err, TACIT_FORMAT, WHERE, sealed.len, "no room for a tag");
	if (st == TACIT_OK) {
		message.text.len -= TACIT_AEAD_TAG_LEN;
		st = open_checked(&message, sealed.ptr + message.text.len, out, err);
	}
	if (st != TACIT_OK)
		tacit_wipe(out.ptr, out.len);
	return st;
}
