/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hpke.h"

#include <string.h>

#include "crypto/hpke_kem.h"
#include "crypto/hpke_label.h"

#define WHERE   "crypto.hpke"

#define PSK_MIN 32 /* [RFC 9180 9.5] */
#define IKM_MIN 32 /* Nsk of both KEMs */

enum mode {
	MODE_BASE,
	MODE_PSK,
	MODE_AUTH,
	MODE_AUTH_PSK,
};

static const struct tacit_hpke_options NO_OPTIONS;

static const struct tacit_slice EMPTY;

static bool find_hash(enum tacit_hpke_kdf kdf, enum tacit_hash_alg *ret)
{
	switch (kdf) {
	case TACIT_HPKE_HKDF_SHA256:
		*ret = TACIT_SHA256;
		return true;
	case TACIT_HPKE_HKDF_SHA384:
		*ret = TACIT_SHA384;
		return true;
	case TACIT_HPKE_HKDF_SHA512:
		*ret = TACIT_SHA512;
		return true;
	}
	return false;
}

/* False for a suite that only exports. */
static bool find_aead(enum tacit_hpke_aead aead, enum tacit_aead_alg *ret)
{
	switch (aead) {
	case TACIT_HPKE_AES_128_GCM:
		*ret = TACIT_AES_128_GCM;
		return true;
	case TACIT_HPKE_AES_256_GCM:
		*ret = TACIT_AES_256_GCM;
		return true;
	case TACIT_HPKE_CHACHA20_POLY1305:
		*ret = TACIT_CHACHA20_POLY1305;
		return true;
	case TACIT_HPKE_EXPORT_ONLY:
		break;
	}
	return false;
}

static enum tacit_status suite_labels(struct tacit_hpke_suite suite, struct tacit_hpke_labels *ret,
				      struct tacit_error *err)
{
	struct tacit_hpke_labels labels = { TACIT_SHA256, 10, "HPKE" };
	enum tacit_aead_alg aead;

	if (tacit_hpke_kem_key_alg(suite.kem) == TACIT_KEY_NONE ||
	    !find_hash(suite.kdf, &labels.hash) ||
	    (!find_aead(suite.aead, &aead) && suite.aead != TACIT_HPKE_EXPORT_ONLY))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "suite %04x %04x %04x",
				  (unsigned int)suite.kem, (unsigned int)suite.kdf,
				  (unsigned int)suite.aead);
	tacit_hpke_label_id(labels.suite_id + 4, (int)suite.kem);
	tacit_hpke_label_id(labels.suite_id + 6, (int)suite.kdf);
	tacit_hpke_label_id(labels.suite_id + 8, (int)suite.aead);
	*ret = labels;
	return TACIT_OK;
}

size_t tacit_hpke_enc_len(enum tacit_hpke_kem kem)
{
	return tacit_key_public_len(tacit_hpke_kem_key_alg(kem));
}

/* Tries candidates until one is a scalar of the curve [RFC 9180 7.1.3]. */
static enum tacit_status derive_p256(const struct tacit_hpke_labels *labels,
				     const struct tacit_secret *prk, struct tacit_key **ret_key,
				     struct tacit_error *err)
{
	struct tacit_secret candidate = { .len = 32 };
	enum tacit_status st = TACIT_FORMAT;

	for (unsigned int i = 0; i < 256 && st == TACIT_FORMAT; i++) {
		uint8_t counter = (uint8_t)i;

		st = tacit_hpke_label_secret(labels, prk, "candidate", tacit_slice_of(&counter, 1),
					     &candidate, err);
		if (st == TACIT_OK)
			st = tacit_key_private(TACIT_P256, tacit_secret_view(&candidate), ret_key,
					       NULL);
	}
	tacit_secret_done(&candidate);
	return st == TACIT_OK ? st : tacit_fail(err, st, WHERE, 0, "no key can be derived");
}

static enum tacit_status derive_x25519(const struct tacit_hpke_labels *labels,
				       const struct tacit_secret *prk, struct tacit_key **ret_key,
				       struct tacit_error *err)
{
	struct tacit_secret scalar = { .len = 32 };
	enum tacit_status st = tacit_hpke_label_secret(labels, prk, "sk", EMPTY, &scalar, err);

	if (st == TACIT_OK)
		st = tacit_key_private(TACIT_X25519, tacit_secret_view(&scalar), ret_key, err);
	tacit_secret_done(&scalar);
	return st;
}

enum tacit_status tacit_hpke_derive(enum tacit_hpke_kem kem, struct tacit_slice ikm,
				    struct tacit_key **ret_key, struct tacit_error *err)
{
	struct tacit_hpke_labels labels = tacit_hpke_kem_labels(kem);
	struct tacit_secret prk;

	if (tacit_hpke_kem_key_alg(kem) == TACIT_KEY_NONE)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "kem %04x", (unsigned int)kem);
	if (ikm.len < IKM_MIN)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "keying material of %zu bytes",
				  ikm.len);

	enum tacit_status st = tacit_hpke_label_extract(&labels, EMPTY, "dkp_prk", ikm, &prk, err);
	if (st == TACIT_OK && kem == TACIT_HPKE_P256_SHA256)
		st = derive_p256(&labels, &prk, ret_key, err);
	else if (st == TACIT_OK)
		st = derive_x25519(&labels, &prk, ret_key, err);
	tacit_secret_done(&prk);
	return st;
}

static bool fits_kem(const struct tacit_key *key, enum tacit_hpke_kem kem)
{
	return !key || tacit_key_alg_of(key) == tacit_hpke_kem_key_alg(kem);
}

/* VerifyPSKInputs [RFC 9180 5.1], and the least length of a psk. */
static enum tacit_status check_psk(const struct tacit_hpke_options *options,
				   struct tacit_error *err)
{
	if ((options->psk.len == 0) != (options->psk_id.len == 0))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "psk and psk_id go together");
	if (options->psk.len > 0 && options->psk.len < PSK_MIN)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "psk of %zu bytes, at least 32",
				  options->psk.len);
	return TACIT_OK;
}

static enum mode mode_of(const struct tacit_hpke_options *options, bool authenticated)
{
	if (options->psk.len)
		return authenticated ? MODE_AUTH_PSK : MODE_PSK;
	return authenticated ? MODE_AUTH : MODE_BASE;
}

struct schedule {
	struct tacit_hpke_labels labels;
	size_t context_len;
	uint8_t context[1 + 2 * TACIT_HASH_MAX];
};

/* key_schedule_context = mode | psk_id_hash | info_hash [RFC 9180 5.1] */
static enum tacit_status schedule_context(struct schedule *schedule, enum mode mode,
					  const struct tacit_hpke_options *options,
					  struct tacit_error *err)
{
	struct tacit_secret psk_id_hash, info_hash;
	size_t len = tacit_hash_len(schedule->labels.hash);
	enum tacit_status st = tacit_hpke_label_extract(&schedule->labels, EMPTY, "psk_id_hash",
							options->psk_id, &psk_id_hash, err);

	if (st == TACIT_OK)
		st = tacit_hpke_label_extract(&schedule->labels, EMPTY, "info_hash", options->info,
					      &info_hash, err);
	if (st != TACIT_OK)
		return st;
	schedule->context[0] = (uint8_t)mode;
	memcpy(schedule->context + 1, psk_id_hash.bytes, len);
	memcpy(schedule->context + 1 + len, info_hash.bytes, len);
	schedule->context_len = 1 + 2 * len;
	return TACIT_OK;
}

/* key, base_nonce and exporter_secret of an already set suite [RFC 9180 5.1] */
static enum tacit_status schedule_keys(const struct schedule *schedule,
				       const struct tacit_secret *secret,
				       struct tacit_hpke *context, struct tacit_error *err)
{
	struct tacit_slice info = tacit_slice_of(schedule->context, schedule->context_len);
	enum tacit_status st = TACIT_OK;
	enum tacit_aead_alg aead;

	if (find_aead(context->suite.aead, &aead)) {
		context->key.len = tacit_aead_key_len(aead);
		context->base_nonce.len = TACIT_AEAD_NONCE_LEN;
		st = tacit_hpke_label_secret(&schedule->labels, secret, "key", info, &context->key,
					     err);
		if (st == TACIT_OK)
			st = tacit_hpke_label_secret(&schedule->labels, secret, "base_nonce", info,
						     &context->base_nonce, err);
	}
	context->exporter.len = tacit_hash_len(schedule->labels.hash);
	if (st == TACIT_OK)
		st = tacit_hpke_label_secret(&schedule->labels, secret, "exp", info,
					     &context->exporter, err);
	return st;
}

/* KeySchedule [RFC 9180 5.1]; the suite of `context` was checked. */
static enum tacit_status run_schedule(struct tacit_hpke *context, enum mode mode,
				      const struct tacit_secret *shared,
				      const struct tacit_hpke_options *options,
				      struct tacit_error *err)
{
	struct schedule schedule;
	struct tacit_secret secret = { .len = 0 };
	enum tacit_status st = suite_labels(context->suite, &schedule.labels, err);

	if (st == TACIT_OK)
		st = schedule_context(&schedule, mode, options, err);
	if (st == TACIT_OK)
		st = tacit_hpke_label_extract(&schedule.labels, tacit_secret_view(shared), "secret",
					      options->psk, &secret, err);
	if (st == TACIT_OK)
		st = schedule_keys(&schedule, &secret, context, err);
	tacit_secret_done(&secret);
	return st;
}

static enum tacit_status send_with(struct tacit_hpke *fresh, const struct tacit_key *ephemeral,
				   struct tacit_slice recipient,
				   const struct tacit_hpke_options *options, uint8_t *ret_enc,
				   struct tacit_error *err)
{
	struct tacit_secret shared = { .len = 0 };
	enum mode mode = mode_of(options, options->sender_private != NULL);
	enum tacit_status st = tacit_hpke_kem_encapsulate(fresh->suite.kem, ephemeral, recipient,
							  options->sender_private, &shared, err);
	size_t len;

	if (st == TACIT_OK)
		st = run_schedule(fresh, mode, &shared, options, err);
	if (st == TACIT_OK)
		st = tacit_key_export_public(ephemeral, ret_enc, &len, err);
	tacit_secret_done(&shared);
	return st;
}

enum tacit_status tacit_hpke_send(struct tacit_hpke *context, struct tacit_hpke_suite suite,
				  struct tacit_slice recipient_public,
				  const struct tacit_hpke_options *options, uint8_t *ret_enc,
				  struct tacit_error *err)
{
	struct tacit_hpke fresh = { .role = TACIT_HPKE_SENDER, .suite = suite };
	const struct tacit_hpke_options *chosen = options ? options : &NO_OPTIONS;
	struct tacit_key *made = NULL;
	struct tacit_hpke_labels labels;
	enum tacit_status st = suite_labels(suite, &labels, err);

	if (st == TACIT_OK)
		st = check_psk(chosen, err);
	if (st == TACIT_OK && (!fits_kem(chosen->sender_private, suite.kem) ||
			       !fits_kem(chosen->ephemeral, suite.kem)))
		st = tacit_fail(err, TACIT_USAGE, WHERE, 0, "key of another kem");
	if (st == TACIT_OK && !chosen->ephemeral)
		st = tacit_key_generate(tacit_hpke_kem_key_alg(suite.kem), &made, err);
	if (st == TACIT_OK)
		st = send_with(&fresh, made ? made : chosen->ephemeral, recipient_public, chosen,
			       ret_enc, err);
	if (st == TACIT_OK)
		*context = fresh;
	tacit_key_free(made);
	tacit_hpke_done(&fresh);
	return st;
}

static enum tacit_status receive_with(struct tacit_hpke *fresh, const struct tacit_key *recipient,
				      struct tacit_slice enc,
				      const struct tacit_hpke_options *options,
				      struct tacit_error *err)
{
	struct tacit_secret shared = { .len = 0 };
	enum mode mode = mode_of(options, options->sender_public.len > 0);
	enum tacit_status st = tacit_hpke_kem_decapsulate(fresh->suite.kem, recipient, enc,
							  options->sender_public, &shared, err);

	if (st == TACIT_OK)
		st = run_schedule(fresh, mode, &shared, options, err);
	tacit_secret_done(&shared);
	return st;
}

enum tacit_status tacit_hpke_receive(struct tacit_hpke *context, struct tacit_hpke_suite suite,
				     const struct tacit_key *recipient, struct tacit_slice enc,
				     const struct tacit_hpke_options *options,
				     struct tacit_error *err)
{
	struct tacit_hpke fresh = { .role = TACIT_HPKE_RECEIVER, .suite = suite };
	const struct tacit_hpke_options *chosen = options ? options : &NO_OPTIONS;
	struct tacit_hpke_labels labels;
	enum tacit_status st = suite_labels(suite, &labels, err);

	if (st == TACIT_OK)
		st = check_psk(chosen, err);
	if (st == TACIT_OK && !fits_kem(recipient, suite.kem))
		st = tacit_fail(err, TACIT_USAGE, WHERE, 0, "key of another kem");
	if (st == TACIT_OK)
		st = receive_with(&fresh, recipient, enc, chosen, err);
	if (st == TACIT_OK)
		*context = fresh;
	tacit_hpke_done(&fresh);
	return st;
}

/* ComputeNonce [RFC 9180 5.2]: the base nonce, its last 8 bytes xored with the sequence number. */
static void compute_nonce(const struct tacit_hpke *context, uint8_t ret[static 12])
{
	memcpy(ret, context->base_nonce.bytes, TACIT_AEAD_NONCE_LEN);
	for (unsigned int i = 0; i < 8; i++)
		ret[11 - i] = (uint8_t)(ret[11 - i] ^ (uint8_t)(context->sequence >> (8 * i)));
}

static enum tacit_status check_turn(const struct tacit_hpke *context, enum tacit_hpke_role role,
				    enum tacit_aead_alg *ret_aead, struct tacit_error *err)
{
	if (context->role != role || !find_aead(context->suite.aead, ret_aead))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "context is not for this direction, or exports only");
	if (context->sequence == UINT64_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "sequence numbers are used up");
	return TACIT_OK;
}

enum tacit_status tacit_hpke_seal(struct tacit_hpke *context, struct tacit_slice aad,
				  struct tacit_slice plaintext, struct tacit_mut out,
				  struct tacit_error *err)
{
	uint8_t nonce[TACIT_AEAD_NONCE_LEN];
	enum tacit_aead_alg aead;
	enum tacit_status st = check_turn(context, TACIT_HPKE_SENDER, &aead, err);

	if (st != TACIT_OK)
		return st;
	compute_nonce(context, nonce);
	st = tacit_aead_seal(aead, tacit_secret_view(&context->key), TACIT_SLICE_ARRAY(nonce), aad,
			     plaintext, out, err);
	if (st == TACIT_OK)
		context->sequence++;
	return st;
}

enum tacit_status tacit_hpke_open(struct tacit_hpke *context, struct tacit_slice aad,
				  struct tacit_slice sealed, struct tacit_mut out,
				  struct tacit_error *err)
{
	uint8_t nonce[TACIT_AEAD_NONCE_LEN];
	enum tacit_aead_alg aead;
	enum tacit_status st = check_turn(context, TACIT_HPKE_RECEIVER, &aead, err);

	if (st != TACIT_OK) {
		tacit_wipe(out.ptr, out.len);
		return st;
	}
	compute_nonce(context, nonce);
	st = tacit_aead_open(aead, tacit_secret_view(&context->key), TACIT_SLICE_ARRAY(nonce), aad,
			     sealed, out, err);
	if (st == TACIT_OK)
		context->sequence++;
	return st;
}

enum tacit_status tacit_hpke_export(const struct tacit_hpke *context, struct tacit_slice label,
				    struct tacit_mut out, struct tacit_error *err)
{
	struct tacit_hpke_labels labels;

	if (context->role == TACIT_HPKE_NOBODY)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "context was not started");

	enum tacit_status st = suite_labels(context->suite, &labels, err);
	return st == TACIT_OK ? tacit_hpke_label_expand(&labels, &context->exporter, "sec", label,
							out, err)
			      : st;
}

void tacit_hpke_done(struct tacit_hpke *context)
{
	tacit_wipe(context, sizeof(*context));
}
