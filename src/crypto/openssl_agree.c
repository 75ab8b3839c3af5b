/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include "crypto/openssl_key.h"

#define WHERE "crypto.agree"

/* The peer was checked to be a point when it was imported, and the curves have no cofactor. */
static bool derive(EVP_PKEY *own, EVP_PKEY *peer, struct tacit_secret *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	size_t len = out->len;
	bool derived = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		       EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
		       EVP_PKEY_derive(ctx, out->bytes, &len) == 1 && len == out->len;

	EVP_PKEY_CTX_free(ctx);
	return derived;
}

static bool is_zero(const struct tacit_secret *secret)
{
	static const uint8_t ZEROS[TACIT_SHARED_MAX];

	return tacit_equal_secret(tacit_secret_view(secret), tacit_slice_of(ZEROS, secret->len));
}

enum tacit_status tacit_key_agree(const struct tacit_key *key, struct tacit_slice peer,
				  struct tacit_secret *ret, struct tacit_error *err)
{
	struct tacit_secret shared = { .len = tacit_openssl_key_secret_len(key->alg) };

	if (!key->has_private || key->alg == TACIT_ED25519)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "not a private agreement key");

	EVP_PKEY *other = tacit_openssl_key_import(key->alg, peer);
	if (!other)
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "peer's key is no point");

	bool derived = derive(key->pkey, other, &shared);

	EVP_PKEY_free(other);
	/* The library refuses zero too; a seam must not depend on which library is behind it. */
	if (derived && !is_zero(&shared)) {
		*ret = shared;
		tacit_secret_done(&shared);
		return TACIT_OK;
	}
	tacit_secret_done(&shared);
	return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "peer's key gives no secret");
}
