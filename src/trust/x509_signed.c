/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "trust/cache.h"
#include "trust/x509_parts.h"

#define WHERE "x509.signature"

/* AlgorithmIdentifiers, whole. */
static const uint8_t ECDSA_SHA256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const uint8_t ECDSA_SHA384[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 };
/*
 * RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 [RFC 4055 3.1]. AMD's CA
 * certificates also write the trailer field out, though it has its default value.
 */
static const uint8_t PSS_SHA384[] = {
	0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,
	0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	0x02, 0x02, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30,
};
static const uint8_t PSS_SHA384_TRAILER[] = {
	0x30, 0x46, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x39,
	0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01,
};

static const struct {
	enum tacit_sig_alg alg;
	struct tacit_slice bytes;
} ALGS[] = {
	{ TACIT_SIG_ECDSA_SHA256, { ECDSA_SHA256, sizeof(ECDSA_SHA256) } },
	{ TACIT_SIG_ECDSA_SHA384, { ECDSA_SHA384, sizeof(ECDSA_SHA384) } },
	{ TACIT_SIG_PSS_SHA384, { PSS_SHA384, sizeof(PSS_SHA384) } },
	{ TACIT_SIG_PSS_SHA384, { PSS_SHA384_TRAILER, sizeof(PSS_SHA384_TRAILER) } },
};

enum tacit_sig_alg tacit_signed_tail(struct tacit_der *d, struct tacit_slice inner,
				     struct tacit_slice *ret_signature)
{
	struct tacit_slice outer = tacit_der_element(d);

	*ret_signature = tacit_der_bits(d);
	if (d->r.bad)
		return TACIT_SIG_NONE;
	if (!tacit_slice_eq(inner, outer)) {
		tacit_der_reject(d, "signed and stated algorithm differ");
		return TACIT_SIG_NONE;
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++) {
		if (tacit_slice_eq(outer, ALGS[i].bytes))
			return ALGS[i].alg;
	}
	tacit_der_reject(d, "a signature algorithm that is not used");
	return TACIT_SIG_NONE;
}

static bool take_half(struct tacit_der *d, uint8_t *out, size_t half)
{
	struct tacit_slice number = tacit_der_integer(d);

	if (d->r.bad || number.ptr[0] >= 0x80)
		return false;
	if (number.ptr[0] == 0)
		number = tacit_slice_of(number.ptr + 1, number.len - 1);
	if (number.len > half)
		return false;
	memcpy(out + half - number.len, number.ptr, number.len);
	return true;
}

/* ECDSA-Sig-Value [RFC 3279 2.2.3] to r | s, each of `half` bytes. */
static bool read_ecdsa(struct tacit_slice signature, uint8_t out[static TACIT_SIGNATURE_MAX],
		       size_t half)
{
	struct tacit_der d = tacit_der_of(signature);
	struct tacit_der pair = tacit_der_enter(&d, TACIT_DER_SEQUENCE);

	if (!take_half(&pair, out, half) || !take_half(&pair, out + half, half))
		return false;
	tacit_der_leave(&d, &pair);
	return !d.r.bad && !tacit_der_more(&d);
}

struct job {
	enum tacit_sig_alg alg;
	enum tacit_key_alg key_alg;
	struct tacit_slice key, message, signature;
};

/* Asks the cache first and tells it of a success; `cache` may be NULL. */
static enum tacit_status check_job(const struct job *job, struct tacit_cache *cache,
				   struct tacit_error *err)
{
	struct tacit_cache_entry entry;
	bool keyed = cache && tacit_cache_key((unsigned)job->alg, job->key, job->message,
					      job->signature, &entry);

	if (keyed && tacit_cache_has(cache, &entry))
		return TACIT_OK;

	enum tacit_status st =
		job->alg == TACIT_SIG_PSS_SHA384
			? tacit_signature_check_pss(job->key, job->message, job->signature, err)
			: tacit_signature_check(job->key_alg, job->key, job->message,
						job->signature, err);

	if (st == TACIT_OK && keyed)
		tacit_cache_add(cache, &entry);
	return st;
}

static enum tacit_status check_ecdsa(const struct tacit_cert *signer, struct job *job,
				     struct tacit_cache *cache, struct tacit_error *err)
{
	uint8_t raw[TACIT_SIGNATURE_MAX] = { 0 };
	enum tacit_key_alg alg = job->alg == TACIT_SIG_ECDSA_SHA256 ? TACIT_P256 : TACIT_P384;
	size_t len = tacit_key_signature_len(alg);

	if (signer->key_alg != alg)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "the signer's key is of another kind than the signature");
	if (!read_ecdsa(job->signature, raw, len / 2))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "not an ecdsa signature");
	return tacit_trust_signed(alg, signer->key, job->message, tacit_slice_of(raw, len), cache,
				  err);
}

static enum tacit_status check_pss(const struct tacit_cert *signer, struct job *job,
				   struct tacit_cache *cache, struct tacit_error *err)
{
	job->key = tacit_rsa_modulus(signer->key);
	if (signer->key_alg != TACIT_KEY_NONE || !job->key.ptr)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "the signer's key is of another kind than the signature");
	return check_job(job, cache, err);
}

enum tacit_status tacit_cert_signed(const struct tacit_cert *signer, enum tacit_sig_alg alg,
				    struct tacit_slice message, struct tacit_slice signature,
				    struct tacit_cache *cache, struct tacit_error *err)
{
	struct job job = { .alg = alg, .message = message, .signature = signature };

	switch (alg) {
	case TACIT_SIG_ECDSA_SHA256:
	case TACIT_SIG_ECDSA_SHA384:
		return check_ecdsa(signer, &job, cache, err);
	case TACIT_SIG_PSS_SHA384:
		return check_pss(signer, &job, cache, err);
	case TACIT_SIG_NONE:
		break;
	}
	return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "no signature algorithm");
}

enum tacit_status tacit_trust_signed(enum tacit_key_alg alg, struct tacit_slice key,
				     struct tacit_slice message, struct tacit_slice signature,
				     struct tacit_cache *cache, struct tacit_error *err)
{
	struct job job = { .alg = alg == TACIT_P384 ? TACIT_SIG_ECDSA_SHA384
						    : TACIT_SIG_ECDSA_SHA256,
			   .key_alg = alg,
			   .key = key,
			   .message = message,
			   .signature = signature };

	if (alg != TACIT_P256 && alg != TACIT_P384)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "no ecdsa key");
	return check_job(&job, cache, err);
}
