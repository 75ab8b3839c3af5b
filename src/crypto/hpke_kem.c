/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hpke_kem.h"

#include <string.h>

#define SHARED_LEN 32 /* Nsecret of both KEMs */

enum tacit_key_alg tacit_hpke_kem_key_alg(enum tacit_hpke_kem kem)
{
	switch (kem) {
	case TACIT_HPKE_P256_SHA256:
		return TACIT_P256;
	case TACIT_HPKE_X25519_SHA256:
		return TACIT_X25519;
	}
	return TACIT_KEY_NONE;
}

struct tacit_hpke_labels tacit_hpke_kem_labels(enum tacit_hpke_kem kem)
{
	struct tacit_hpke_labels labels = { TACIT_SHA256, 5, "KEM" };

	tacit_hpke_label_id(labels.suite_id + 3, (int)kem);
	return labels;
}

/* What a KEM agrees on, growing: dh = DH [| DH], context = enc | pkR [| pkS] [RFC 9180 4.1]. */
struct agreement {
	struct tacit_secret dh;
	size_t context_len;
	uint8_t context[3 * TACIT_HPKE_ENC_MAX];
};

static void add_context(struct agreement *kem, struct tacit_slice public)
{
	memcpy(kem->context + kem->context_len, public.ptr, public.len);
	kem->context_len += public.len;
}

static enum tacit_status add_own(struct agreement *kem, const struct tacit_key *key,
				 struct tacit_error *err)
{
	uint8_t public[TACIT_PUBLIC_MAX];
	size_t len;
	enum tacit_status st = tacit_key_export_public(key, public, &len, err);

	if (st == TACIT_OK)
		add_context(kem, tacit_slice_of(public, len));
	return st;
}

static enum tacit_status add_dh(struct agreement *kem, const struct tacit_key *key,
				struct tacit_slice peer, struct tacit_error *err)
{
	struct tacit_secret shared;
	enum tacit_status st = tacit_key_agree(key, peer, &shared, err);

	if (st != TACIT_OK)
		return st;
	memcpy(kem->dh.bytes + kem->dh.len, shared.bytes, shared.len);
	kem->dh.len += shared.len;
	tacit_secret_done(&shared);
	return TACIT_OK;
}

/* ExtractAndExpand [RFC 9180 4.1] */
static enum tacit_status conclude(const struct agreement *kem, enum tacit_hpke_kem id,
				  struct tacit_secret *ret, struct tacit_error *err)
{
	struct tacit_hpke_labels labels = tacit_hpke_kem_labels(id);
	struct tacit_secret prk;
	enum tacit_status st = tacit_hpke_label_extract(&labels, tacit_slice_of(NULL, 0), "eae_prk",
							tacit_secret_view(&kem->dh), &prk, err);

	ret->len = SHARED_LEN;
	if (st == TACIT_OK)
		st = tacit_hpke_label_secret(&labels, &prk, "shared_secret",
					     tacit_slice_of(kem->context, kem->context_len), ret,
					     err);
	tacit_secret_done(&prk);
	return st;
}

static enum tacit_status encapsulate(struct agreement *kem, const struct tacit_key *ephemeral,
				     struct tacit_slice recipient, const struct tacit_key *sender,
				     struct tacit_error *err)
{
	enum tacit_status st = add_dh(kem, ephemeral, recipient, err);

	if (st == TACIT_OK)
		st = add_own(kem, ephemeral, err);
	if (st != TACIT_OK)
		return st;
	add_context(kem, recipient);
	if (!sender)
		return TACIT_OK;
	st = add_dh(kem, sender, recipient, err);
	return st == TACIT_OK ? add_own(kem, sender, err) : st;
}

static enum tacit_status decapsulate(struct agreement *kem, const struct tacit_key *recipient,
				     struct tacit_slice enc, struct tacit_slice sender,
				     struct tacit_error *err)
{
	enum tacit_status st = add_dh(kem, recipient, enc, err);

	if (st != TACIT_OK)
		return st;
	add_context(kem, enc);
	st = add_own(kem, recipient, err);
	if (st != TACIT_OK || sender.len == 0)
		return st;
	st = add_dh(kem, recipient, sender, err);
	if (st == TACIT_OK)
		add_context(kem, sender);
	return st;
}

enum tacit_status
tacit_hpke_kem_encapsulate(enum tacit_hpke_kem id, const struct tacit_key *ephemeral,
			   struct tacit_slice recipient, const struct tacit_key *sender,
			   struct tacit_secret *ret_shared, struct tacit_error *err)
{
	struct agreement kem = { .context_len = 0 };
	enum tacit_status st = encapsulate(&kem, ephemeral, recipient, sender, err);

	if (st == TACIT_OK)
		st = conclude(&kem, id, ret_shared, err);
	tacit_wipe(&kem, sizeof(kem));
	return st;
}

enum tacit_status tacit_hpke_kem_decapsulate(enum tacit_hpke_kem id,
					     const struct tacit_key *recipient,
					     struct tacit_slice enc, struct tacit_slice sender,
					     struct tacit_secret *ret_shared,
					     struct tacit_error *err)
{
	struct agreement kem = { .context_len = 0 };
	enum tacit_status st = decapsulate(&kem, recipient, enc, sender, err);

	if (st == TACIT_OK)
		st = conclude(&kem, id, ret_shared, err);
	tacit_wipe(&kem, sizeof(kem));
	return st;
}
