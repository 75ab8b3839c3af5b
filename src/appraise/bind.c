/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/bind.h"

#include "base/bounds.h"
#include "codec/cbor.h"
#include "codec/der.h"
#include "crypto/hash.h"
#include "trust/x509.h"

#define OBOL_KEY_LEN 65 /* uncompressed point of P-256 */

enum tacit_status tacit_bind_obol(struct tacit_slice public_key, struct tacit_slice model_hash,
				  uint8_t ret[static TACIT_REPORT_DATA_LEN],
				  struct tacit_error *err)
{
	const struct tacit_slice parts[] = { public_key, model_hash };
	uint8_t data[TACIT_REPORT_DATA_LEN] = { 0 };

	if (public_key.len != OBOL_KEY_LEN || public_key.ptr[0] != 0x04)
		return tacit_fail(err, TACIT_USAGE, "bind.obol", 0,
				  "the public key is not an uncompressed point of 65 bytes");
	if (model_hash.len != 0 && model_hash.len != TACIT_SHA256_LEN)
		return tacit_fail(err, TACIT_USAGE, "bind.obol", 0,
				  "the model hash is not 32 bytes");
	enum tacit_status st = tacit_hash_parts(TACIT_SHA256, parts, 2, data, err);
	if (st == TACIT_OK)
		memcpy(ret, data, sizeof(data));
	return st;
}

enum tacit_status tacit_bind_tinfoil(struct tacit_slice tls_spki, struct tacit_slice hpke_key,
				     uint8_t ret[static TACIT_REPORT_DATA_LEN],
				     struct tacit_error *err)
{
	if (tls_spki.len != TACIT_SHA256_LEN || hpke_key.len != 32)
		return tacit_fail(err, TACIT_USAGE, "bind.tinfoil", 0,
				  "the hash of the TLS key and the HPKE key are 32 bytes each");
	memcpy(ret, tls_spki.ptr, tls_spki.len);
	memcpy(ret + tls_spki.len, hpke_key.ptr, hpke_key.len);
	return TACIT_OK;
}

/* ---- RA-TLS -------------------------------------------------------------------------------- */

/* 2.23.133.5.4.9, tcg-dice-TaggedEvidence. */
static const uint8_t EVIDENCE_OID[] = { 0x67, 0x81, 0x05, 0x05, 0x04, 0x09 };

#define TAG_QUOTE 60000 /* an SGX or TDX quote signed with ECDSA */

/* [hash-alg, hash] of the certificate's SubjectPublicKeyInfo; ids of IANA's registry. */
static bool names_key(struct tacit_slice pubkey_hash, const struct tacit_cert *cert,
		      struct tacit_error *err)
{
	static const enum tacit_hash_alg ALGS[] = {
		[1] = TACIT_SHA256, [7] = TACIT_SHA384, [8] = TACIT_SHA512
	};
	struct tacit_cbor c = tacit_cbor_of(pubkey_hash, TACIT_CBOR_LAX);
	uint8_t digest[TACIT_HASH_MAX];

	if (tacit_cbor_array(&c) != 2)
		tacit_cbor_reject(&c, "pubkey-hash is not a pair");
	uint64_t id = tacit_cbor_uint(&c);
	struct tacit_slice hash = tacit_cbor_bytes(&c);
	if (tacit_cbor_finish(&c, "bind.ra_tls.pubkey_hash", err) != TACIT_OK)
		return false;
	if (id != 1 && id != 7 && id != 8) {
		(void)tacit_fail(err, TACIT_UNSUPPORTED, "bind.ra_tls", 0,
				 "pubkey-hash uses hash algorithm %llu, which is not known here",
				 (unsigned long long)id);
		return false;
	}
	if (tacit_hash(ALGS[id], cert->spki, digest, err) != TACIT_OK)
		return false;
	if (!tacit_slice_eq(hash, tacit_slice_of(digest, tacit_hash_len(ALGS[id]))))
		(void)tacit_fail(err, TACIT_BINDING, "bind.ra_tls", 0,
				 "the claims name another key than the certificate's");
	return err->status == TACIT_OK;
}

/* The claims are a map; the hash of the key has to be there, and once. */
static enum tacit_status read_claims(struct tacit_slice claims, const struct tacit_cert *cert,
				     struct tacit_bind_ra_tls *out, struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(claims, TACIT_CBOR_LAX);
	struct tacit_slice pubkey_hash = { NULL, 0 };
	uint64_t pairs = tacit_cbor_map(&c);

	for (uint64_t i = 0; i < pairs && !c.r.bad; i++) {
		struct tacit_slice *value = NULL;
		struct tacit_slice name = tacit_cbor_text(&c);

		if (tacit_slice_eq(name, tacit_slice_str("pubkey-hash")))
			value = &pubkey_hash;
		else if (tacit_slice_eq(name, tacit_slice_str("nonce")))
			value = &out->nonce;
		if (!value)
			(void)tacit_cbor_item(&c);
		else if (value->ptr)
			tacit_cbor_reject(&c, "a claim is there twice");
		else
			*value = tacit_cbor_bytes(&c);
	}
	if (!pubkey_hash.ptr)
		tacit_cbor_reject(&c, "the claims name no key");
	enum tacit_status st = tacit_cbor_finish(&c, "bind.ra_tls.claims", err);
	if (st != TACIT_OK)
		return st;
	return names_key(pubkey_hash, cert, err) ? TACIT_OK : err->status;
}

/* Tag 60000 over [evidence, claims]. */
static enum tacit_status read_evidence(struct tacit_slice extension, struct tacit_bind_ra_tls *out,
				       struct tacit_slice *ret_claims, struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(extension, TACIT_CBOR_LAX);
	uint64_t tag = tacit_cbor_tag(&c);

	if (!c.r.bad && tag != TAG_QUOTE)
		return tacit_fail(err, TACIT_UNSUPPORTED, "bind.ra_tls", 0,
				  "evidence with tag %llu is not a quote", (unsigned long long)tag);
	if (tacit_cbor_array(&c) != 2)
		tacit_cbor_reject(&c, "not a pair of evidence and claims");
	out->evidence = tacit_cbor_bytes(&c);
	*ret_claims = tacit_cbor_bytes(&c);
	return tacit_cbor_finish(&c, "bind.ra_tls.evidence", err);
}

/*
 * Key and extensions of a certificate [RFC 5280 4.1], and nothing else: what RA-TLS servers in use
 * put around them (dates, algorithms) would not pass for a certificate here, and says nothing.
 */
static enum tacit_status read_outline(struct tacit_slice in, struct tacit_cert *ret,
				      struct tacit_error *err)
{
	struct tacit_der d = tacit_der_of(in);
	struct tacit_der cert = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct tacit_der tbs = tacit_der_enter(&cert, TACIT_DER_SEQUENCE);
	struct tacit_cert out = { 0 };

	(void)tacit_der_take(&tbs, TACIT_DER_CONTEXT(0));
	for (int i = 0; i < 5; i++) /* serial, algorithm, issuer, dates, subject */
		(void)tacit_der_element(&tbs);
	if (tacit_der_peek(&tbs) != TACIT_DER_SEQUENCE)
		tacit_der_reject(&tbs, "no key");
	out.spki = tacit_der_element(&tbs);
	struct tacit_der list = tacit_der_enter(&tbs, TACIT_DER_CONTEXT(3));
	out.extensions = tacit_der_take(&list, TACIT_DER_SEQUENCE);
	tacit_der_leave(&tbs, &list);
	tacit_der_leave(&cert, &tbs);
	(void)tacit_der_take(&cert, TACIT_DER_SEQUENCE);
	(void)tacit_der_take(&cert, TACIT_DER_BITS);
	tacit_der_leave(&d, &cert);
	enum tacit_status st = tacit_der_finish(&d, "bind.ra_tls.certificate", err);
	if (st == TACIT_OK)
		*ret = out;
	return st;
}

enum tacit_status tacit_bind_ra_tls(struct tacit_slice cert_der, struct tacit_bind_ra_tls *ret,
				    struct tacit_error *err)
{
	struct tacit_bind_ra_tls out = { 0 };
	struct tacit_error local = { 0 };
	struct tacit_error *e = err ? err : &local;
	struct tacit_slice claims;
	struct tacit_cert cert;

	enum tacit_status st = read_outline(cert_der, &cert, e);
	if (st != TACIT_OK)
		return st;
	struct tacit_slice extension = tacit_cert_extension(&cert, TACIT_SLICE_ARRAY(EVIDENCE_OID));
	if (!extension.ptr)
		return tacit_fail(e, TACIT_FORMAT, "bind.ra_tls", 0,
				  "the certificate carries no evidence (2.23.133.5.4.9)");
	st = read_evidence(extension, &out, &claims, e);
	if (st == TACIT_OK)
		st = read_claims(claims, &cert, &out, e);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, claims, out.report_data, e);
	if (st == TACIT_OK)
		*ret = out;
	return st;
}
