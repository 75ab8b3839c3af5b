/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/key.h"

/*
 * Both handles are the crypto seam's key under a public name. They have no struct of their own:
 * this room allocates nothing.
 */
const struct tacit_key *tacit_receipt_key_signer(const struct tacit_receipt_key *key)
{
	return (const struct tacit_key *)(const void *)key;
}

const struct tacit_key *tacit_receipt_key_checker(const struct tacit_receipt_verifier *verifier)
{
	return (const struct tacit_key *)(const void *)verifier;
}

enum tacit_status tacit_receipt_key_new(struct tacit_slice seed_or_absent,
					struct tacit_receipt_key **ret, struct tacit_error *err)
{
	struct tacit_key *key = NULL;
	enum tacit_status status;

	if (seed_or_absent.ptr)
		status = tacit_key_private(TACIT_ED25519, seed_or_absent, &key, err);
	else
		status = tacit_key_generate(TACIT_ED25519, &key, err);
	if (status != TACIT_OK)
		return tacit_error_wrap(err, status, "receipt");
	*ret = (struct tacit_receipt_key *)(void *)key;
	return TACIT_OK;
}

void tacit_receipt_key_public(const struct tacit_receipt_key *key, uint8_t ret[static 32])
{
	uint8_t raw[TACIT_PUBLIC_MAX] = { 0 };
	size_t len = 0;

	/* An Ed25519 key always has a raw form; all zero, which nothing verifies under, if not. */
	if (tacit_key_export_public(tacit_receipt_key_signer(key), raw, &len, NULL) != TACIT_OK)
		memset(raw, 0, sizeof(raw));
	memcpy(ret, raw, 32);
}

void tacit_receipt_key_free(struct tacit_receipt_key *key)
{
	tacit_key_free((struct tacit_key *)(void *)key);
}

enum tacit_status tacit_receipt_verifier_new(struct tacit_slice public_key,
					     struct tacit_receipt_verifier **ret,
					     struct tacit_error *err)
{
	struct tacit_key *key = NULL;
	enum tacit_status status = tacit_key_public(TACIT_ED25519, public_key, &key, err);

	if (status != TACIT_OK)
		return tacit_error_wrap(err, status, "receipt");
	*ret = (struct tacit_receipt_verifier *)(void *)key;
	return TACIT_OK;
}

void tacit_receipt_verifier_free(struct tacit_receipt_verifier *verifier)
{
	tacit_key_free((struct tacit_key *)(void *)verifier);
}
