/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keywrap.h"

#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/openssl.h"

#define WHERE "crypto.keywrap"

/* Runs the cipher over one message; `ret` has room for whatever it gives. */
static bool run(const uint8_t *kek, struct tacit_slice in, int seal, uint8_t *ret, size_t want)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0, rest = 0;
	bool done = cipher && ctx;

	if (ctx)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	done = done && EVP_CipherInit_ex2(ctx, cipher, kek, NULL, seal, NULL) == 1 &&
	       EVP_CipherUpdate(ctx, ret, &len, in.ptr, (int)in.len) == 1 &&
	       EVP_CipherFinal_ex(ctx, ret + len, &rest) == 1 && (size_t)(len + rest) == want;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return done;
}

enum tacit_status tacit_keywrap_seal(const uint8_t kek[static TACIT_KEYWRAP_KEY],
				     const uint8_t key[static TACIT_KEYWRAP_KEY],
				     uint8_t ret[static TACIT_KEYWRAP_LEN], struct tacit_error *err)
{
	uint8_t room[TACIT_KEYWRAP_LEN + 16];

	if (!run(kek, tacit_slice_of(key, TACIT_KEYWRAP_KEY), 1, room, TACIT_KEYWRAP_LEN))
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "cannot wrap a key");
	memcpy(ret, room, TACIT_KEYWRAP_LEN);
	return TACIT_OK;
}

enum tacit_status tacit_keywrap_open(const uint8_t kek[static TACIT_KEYWRAP_KEY],
				     struct tacit_slice wrapped,
				     uint8_t ret[static TACIT_KEYWRAP_KEY], struct tacit_error *err)
{
	uint8_t room[TACIT_KEYWRAP_LEN + 16];
	bool opened =
		wrapped.len == TACIT_KEYWRAP_LEN && run(kek, wrapped, 0, room, TACIT_KEYWRAP_KEY);

	if (opened)
		memcpy(ret, room, TACIT_KEYWRAP_KEY);
	else
		tacit_wipe(ret, TACIT_KEYWRAP_KEY);
	tacit_wipe(room, sizeof(room));
	if (!opened)
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "the key does not unwrap");
	return TACIT_OK;
}
