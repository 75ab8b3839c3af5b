/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"
#include "codec/der.h"
#include "codec/pem.h"
#include "crypto/key.h"
#include "crypto/p521.h"
#include "tee/nitro/eif.h"

#define WHERE     "eif.signature"
#define COSE_MAX  4096
#define ALG_ES512 (-36) /* [RFC 9053 2.1] */

/* SubjectPublicKeyInfo of a P-521 key, up to its point [RFC 5480 2]. */
static const uint8_t P521_SPKI[] = { 0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
				     0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
				     0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00 };

/* ---- the certificate ------------------------------------------------------------------------ */

/*
 * Key and dates alone: nobody vouches for a signing certificate, it is trusted by its hash, and so
 * it may hold any name, extension and signature.
 */
static enum tacit_status read_certificate(struct tacit_slice der, struct tacit_eif_signature *ret,
					  struct tacit_error *err)
{
	struct tacit_der top = tacit_der_of(der);
	struct tacit_der cert = tacit_der_enter(&top, TACIT_DER_SEQUENCE);
	struct tacit_der tbs = tacit_der_enter(&cert, TACIT_DER_SEQUENCE);

	if (tacit_der_peek(&tbs) == TACIT_DER_CONTEXT(0))
		(void)tacit_der_element(&tbs);          /* version [RFC 5280 4.1] */
	(void)tacit_der_integer(&tbs);                  /* serial number */
	(void)tacit_der_take(&tbs, TACIT_DER_SEQUENCE); /* signature algorithm */
	(void)tacit_der_take(&tbs, TACIT_DER_SEQUENCE); /* issuer */
	struct tacit_der dates = tacit_der_enter(&tbs, TACIT_DER_SEQUENCE);
	ret->not_before = tacit_der_time(&dates);
	ret->not_after = tacit_der_time(&dates);
	tacit_der_leave(&tbs, &dates);
	(void)tacit_der_take(&tbs, TACIT_DER_SEQUENCE); /* subject */
	ret->spki = tacit_der_element(&tbs);
	while (tacit_der_more(&tbs))
		(void)tacit_der_element(&tbs); /* extensions */
	tacit_der_leave(&cert, &tbs);
	(void)tacit_der_take(&cert, TACIT_DER_SEQUENCE);
	(void)tacit_der_take(&cert, TACIT_DER_BITS);
	tacit_der_leave(&top, &cert);
	return tacit_der_finish(&top, WHERE ".certificate", err);
}

enum tacit_status tacit_eif_signature_certificate(struct tacit_slice pem, struct tacit_arena *arena,
						  struct tacit_eif_signature *ret,
						  struct tacit_error *err)
{
	struct tacit_pem_block block;
	struct tacit_error why = { 0 };
	size_t at = 0;

	if (!tacit_pem_next(pem, &at, arena, &block, &why)) {
		if (why.status == TACIT_LIMIT)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0,
					  "no room for the certificate");
		return tacit_fail(err, TACIT_FORMAT, WHERE, at, "no certificate in PEM%s%s",
				  why.detail[0] ? ": " : "", why.detail);
	}
	if (!tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the first block of the PEM text is no certificate");
	struct tacit_eif_signature found = *ret;
	found.certificate_der = block.der;
	enum tacit_status st = read_certificate(block.der, &found, err);
	if (st == TACIT_OK)
		*ret = found;
	return st;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* An array of small numbers where a byte string was meant. */
static struct tacit_slice take_numbers(struct tacit_cbor *c, struct tacit_arena *arena, size_t max)
{
	struct tacit_slice none = { NULL, 0 };
	uint64_t count = tacit_cbor_array(c);

	if (c->r.bad)
		return none;
	if (count > max) { /* an array without a length too */
		tacit_cbor_reject(c, "too long");
		return none;
	}
	uint8_t *bytes = tacit_arena_alloc(arena, count ? (size_t)count : 1);
	if (!bytes) {
		tacit_cbor_reject(c, "no room");
		return none;
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t value = tacit_cbor_uint(c);

		if (value > 255)
			tacit_cbor_reject(c, "a number is no byte");
		bytes[i] = (uint8_t)value;
	}
	return c->r.bad ? none : tacit_slice_of(bytes, (size_t)count);
}

struct names {
	const char *first, *second;
};

/* Which of the two names comes next: 0 or 1, each once, and nothing else. */
static unsigned take_name(struct tacit_cbor *c, const struct names *names, unsigned *seen)
{
	struct tacit_slice name = tacit_cbor_text(c);
	unsigned which = tacit_slice_eq(name, tacit_slice_str(names->second));

	if (!which && !tacit_slice_eq(name, tacit_slice_str(names->first)))
		tacit_cbor_reject(c, "unknown name");
	if (*seen & 1u << which)
		tacit_cbor_reject(c, "the same name twice");
	*seen |= 1u << which;
	return which;
}

static enum tacit_status read_section(struct tacit_slice section, struct tacit_arena *arena,
				      struct tacit_slice *ret_pem, struct tacit_slice *ret_cose,
				      struct tacit_error *err)
{
	static const struct names NAMES = { "signing_certificate", "signature" };
	struct tacit_cbor c = tacit_cbor_of(section, TACIT_CBOR_LAX);
	unsigned seen = 0;

	if (tacit_cbor_array(&c) != 1)
		tacit_cbor_reject(&c, "not one signature");
	if (tacit_cbor_map(&c) != 2)
		tacit_cbor_reject(&c, "not a map of two");
	for (unsigned i = 0; i < 2 && !c.r.bad; i++) {
		if (take_name(&c, &NAMES, &seen) == 0)
			*ret_pem = take_numbers(&c, arena, section.len);
		else
			*ret_cose = take_numbers(&c, arena, COSE_MAX);
	}
	return tacit_cbor_finish(&c, WHERE, err);
}

static enum tacit_status read_payload(struct tacit_slice payload, struct tacit_arena *arena,
				      struct tacit_eif_signature *ret, struct tacit_error *err)
{
	static const struct names NAMES = { "register_index", "register_value" };
	struct tacit_cbor c = tacit_cbor_of(payload, TACIT_CBOR_LAX);
	unsigned seen = 0;

	if (tacit_cbor_map(&c) != 2)
		tacit_cbor_reject(&c, "not a map of two");
	for (unsigned i = 0; i < 2 && !c.r.bad; i++) {
		if (take_name(&c, &NAMES, &seen) == 0)
			ret->register_index = tacit_cbor_uint(&c);
		else
			ret->register_value = take_numbers(&c, arena, TACIT_EIF_PCR_LEN);
	}
	return tacit_cbor_finish(&c, WHERE ".payload", err);
}

enum tacit_status tacit_eif_signature_parse(struct tacit_slice section, struct tacit_arena *arena,
					    struct tacit_eif_signature *ret,
					    struct tacit_error *err)
{
	struct tacit_eif_signature found = { 0 };
	struct tacit_cose_sign1 message;
	struct tacit_slice pem = { NULL, 0 };
	enum tacit_status st = read_section(section, arena, &pem, &found.cose, err);

	if (st == TACIT_OK)
		st = tacit_eif_signature_certificate(pem, arena, &found, err);
	if (st == TACIT_OK)
		st = tacit_cose_sign1_parse(found.cose, TACIT_CBOR_LAX, &message, err);
	if (st != TACIT_OK)
		return st;
	found.alg = message.alg;
	found.protected_bytes = message.protected_bytes;
	found.payload = message.payload;
	found.signature = message.signature;
	st = read_payload(message.payload, arena, &found, err);
	if (st == TACIT_OK)
		*ret = found;
	return st;
}

/* ---- checking ------------------------------------------------------------------------------- */

static enum tacit_status check_es512(const struct tacit_eif_signature *s,
				     struct tacit_slice message, struct tacit_error *err)
{
	size_t prefix = sizeof(P521_SPKI);

	if (s->spki.len != prefix + TACIT_P521_POINT || memcmp(s->spki.ptr, P521_SPKI, prefix) != 0)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "ES512 needs a certificate with a P-521 key");
	return tacit_p521_check(tacit_slice_of(s->spki.ptr + prefix, TACIT_P521_POINT), message,
				s->signature, err);
}

static enum tacit_status check_other(const struct tacit_eif_signature *s,
				     struct tacit_slice message, struct tacit_error *err)
{
	enum tacit_key_alg want = s->alg == TACIT_COSE_ES384   ? TACIT_P384
				  : s->alg == TACIT_COSE_ES256 ? TACIT_P256
							       : TACIT_KEY_NONE;
	struct tacit_key *key = NULL;
	enum tacit_status st;

	if (want == TACIT_KEY_NONE)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "algorithm %lld",
				  (long long)s->alg);
	st = tacit_key_spki(s->spki, &key, err);
	if (st != TACIT_OK)
		return st;
	if (tacit_key_alg_of(key) != want)
		st = tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				"algorithm and key of the certificate do not belong together");
	else
		st = tacit_key_verify(key, message, s->signature, err);
	tacit_key_free(key);
	return st;
}

enum tacit_status tacit_eif_signature_check(const struct tacit_eif_signature *s,
					    struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, message;
	size_t max = tacit_cose_sig_structure_max(s->protected_bytes, none, s->payload);
	uint8_t *room = tacit_arena_alloc(arena, max);

	if (!room)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the signed bytes");
	enum tacit_status st = tacit_cose_sig_structure(s->protected_bytes, none, s->payload,
							tacit_mut_of(room, max), &message, err);
	if (st != TACIT_OK)
		return st;
	return s->alg == ALG_ES512 ? check_es512(s, message, err) : check_other(s, message, err);
}

/* ---- making --------------------------------------------------------------------------------- */

static void put_numbers(struct writer *w, struct tacit_slice bytes)
{
	tacit_cbor_put_array(w, bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		tacit_cbor_put_uint(w, bytes.ptr[i]);
}

static void put_payload(struct writer *w, const uint8_t pcr0[static TACIT_EIF_PCR_LEN])
{
	tacit_cbor_put_map(w, 2);
	tacit_cbor_put_text(w, tacit_slice_str("register_index"));
	tacit_cbor_put_uint(w, 0);
	tacit_cbor_put_text(w, tacit_slice_str("register_value"));
	put_numbers(w, tacit_slice_of(pcr0, TACIT_EIF_PCR_LEN));
}

static enum tacit_status check_pair(const struct tacit_key *key, struct tacit_slice pem,
				    struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_eif_signature certificate = { 0 };
	uint8_t ours[TACIT_PUBLIC_MAX];
	size_t len = 0;
	enum tacit_status st = tacit_eif_signature_certificate(pem, arena, &certificate, err);

	if (st == TACIT_OK)
		st = tacit_key_export_public(key, ours, &len, err);
	if (st != TACIT_OK)
		return st;
	if (tacit_key_alg_of(key) != TACIT_P384 && tacit_key_alg_of(key) != TACIT_P256)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "images are signed with P-384 or P-256 keys");
	if (certificate.spki.len < len ||
	    memcmp(certificate.spki.ptr + certificate.spki.len - len, ours, len) != 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "the certificate is not that of the key");
	return TACIT_OK;
}

/* The untagged COSE_Sign1, in `room`. */
static enum tacit_status make_cose(const struct tacit_key *key, struct tacit_slice payload,
				   struct tacit_mut room, struct tacit_slice *ret,
				   struct tacit_error *err)
{
	static const uint8_t ES384[] = { 0xa1, 0x01, 0x38, 0x22 }, ES256[] = { 0xa1, 0x01, 0x26 };
	uint8_t bytes[COSE_MAX], signature[TACIT_SIGNATURE_MAX];
	struct tacit_slice none = { NULL, 0 }, message;
	bool p384 = tacit_key_alg_of(key) == TACIT_P384;
	struct tacit_slice head = p384 ? TACIT_SLICE_ARRAY(ES384) : TACIT_SLICE_ARRAY(ES256);
	struct writer w = wr_of(room);
	enum tacit_status st = tacit_cose_sig_structure(
		head, none, payload, tacit_mut_of(bytes, sizeof(bytes)), &message, err);

	if (st == TACIT_OK)
		st = tacit_key_sign(key, message, signature, err);
	if (st != TACIT_OK)
		return st;
	tacit_cbor_put_array(&w, 4);
	tacit_cbor_put_bytes(&w, head);
	tacit_cbor_put_map(&w, 0);
	tacit_cbor_put_bytes(&w, payload);
	tacit_cbor_put_bytes(
		&w, tacit_slice_of(signature, tacit_key_signature_len(tacit_key_alg_of(key))));
	return wr_finish(&w, WHERE, ret, err);
}

enum tacit_status tacit_eif_signature_make(const struct tacit_key *key, struct tacit_slice pem,
					   const uint8_t pcr0[static TACIT_EIF_PCR_LEN],
					   struct tacit_arena *arena, struct tacit_slice *ret,
					   struct tacit_error *err)
{
	uint8_t payload_room[256], cose_room[1024];
	struct tacit_slice payload, cose = { NULL, 0 };
	struct writer p = wr_of(tacit_mut_of(payload_room, sizeof(payload_room)));
	size_t max;
	enum tacit_status st = check_pair(key, pem, arena, err);

	if (st != TACIT_OK)
		return st;
	put_payload(&p, pcr0);
	st = wr_finish(&p, WHERE, &payload, err);
	if (st == TACIT_OK)
		st = make_cose(key, payload, tacit_mut_of(cose_room, sizeof(cose_room)), &cose,
			       err);
	if (st != TACIT_OK)
		return st;
	/* At most two bytes for each number, and heads and names. */
	if (pem.len > TACIT_EIF_SIGNATURE_MAX / 2 - cose.len - 64)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the certificate is too long");
	max = 2 * (pem.len + cose.len + 64);
	uint8_t *room = tacit_arena_alloc(arena, max);
	struct writer w = wr_of(tacit_mut_of(room, room ? max : 0));

	tacit_cbor_put_array(&w, 1);
	tacit_cbor_put_map(&w, 2);
	tacit_cbor_put_text(&w, tacit_slice_str("signing_certificate"));
	put_numbers(&w, pem);
	tacit_cbor_put_text(&w, tacit_slice_str("signature"));
	put_numbers(&w, cose);
	return wr_finish(&w, WHERE, ret, err);
}
