/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/stub/stub.h"

#include "codec/cose.h"
#include "crypto/key.h"

/*
 * The private key of the stub's root, published here so that nobody can mistake a stub document
 * for evidence: whoever reads this line can sign one.
 */
const uint8_t tacit_stub_seed[32] = { 't', 'a', 'c', 'i', 't', ' ', 's', 't', 'u', 'b', ':',
				      ' ', 'a', 'n', 'y', 'o', 'n', 'e', ' ', 'c', 'a', 'n',
				      ' ', 's', 'i', 'g', 'n', ' ', 't', 'h', 'i', 's' };

static const uint8_t PROTECTED[] = { 0xa1, 0x01, 0x27 }; /* {1: -8}, EdDSA [RFC 9053 2.2] */

static void put_key(struct writer *w, const char *key)
{
	tacit_cbor_put_text(w, tacit_slice_str(key));
}

static void put_text(struct writer *w, const char *key, const char *value)
{
	put_key(w, key);
	tacit_cbor_put_text(w, tacit_slice_str(value));
}

static void put_optional(struct writer *w, const char *key, struct tacit_slice value)
{
	put_key(w, key);
	if (value.ptr)
		tacit_cbor_put_bytes(w, value);
	else
		tacit_cbor_put_null(w);
}

static void put_measurements(struct writer *w, const struct tacit_stub_doc *doc)
{
	static const char *const NAMES[TACIT_STUB_PCRS] = { "pcr0", "pcr1", "pcr2" };

	put_key(w, "measurements");
	tacit_cbor_put_map(w, TACIT_STUB_PCRS);
	for (size_t i = 0; i < TACIT_STUB_PCRS; i++) {
		put_key(w, NAMES[i]);
		tacit_cbor_put_bytes(w, tacit_slice_of(doc->pcr[i], TACIT_STUB_PCR_LEN));
	}
}

/* Keys in bytewise order of their encoding [RFC 8949 4.2.1]: short ones first. */
static void put_payload(struct writer *w, const struct tacit_stub_doc *doc)
{
	tacit_cbor_put_map(w, 8);
	put_text(w, "tee", TACIT_STUB_FORMAT);
	put_key(w, "debug");
	tacit_cbor_put_bool(w, doc->debug);
	put_optional(w, "nonce", doc->nonce);
	put_text(w, "warning", TACIT_STUB_WARNING);
	put_key(w, "timestamp");
	tacit_cbor_put_uint(w, doc->timestamp_ms);
	put_optional(w, "user_data", doc->user_data);
	put_optional(w, "public_key", doc->public_key);
	put_measurements(w, doc);
}

static enum tacit_status sign(struct tacit_slice message, uint8_t *ret, struct tacit_error *err)
{
	struct tacit_key *key = NULL;

	enum tacit_status st =
		tacit_key_private(TACIT_ED25519, TACIT_SLICE_ARRAY(tacit_stub_seed), &key, err);
	if (st == TACIT_OK)
		st = tacit_key_sign(key, message, ret, err);
	tacit_key_free(key);
	return st;
}

/* Encodes the payload and has the reader approve it: what it refuses is never signed. */
static enum tacit_status make_payload(const struct tacit_stub_doc *doc, struct tacit_mut room,
				      struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_stub_doc again;
	struct tacit_slice payload;

	put_payload(&w, doc);
	enum tacit_status st = wr_finish(&w, "stub.payload", &payload, err);
	if (st == TACIT_OK)
		st = tacit_stub_payload(payload, &again, err);
	if (st == TACIT_OK)
		*ret = payload;
	return st;
}

enum tacit_status tacit_stub_encode(const struct tacit_stub_doc *doc, struct tacit_mut room,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	uint8_t payload_room[TACIT_STUB_MAX], signed_room[TACIT_STUB_MAX + 64];
	uint8_t signature[TACIT_SIGNATURE_MAX];
	struct tacit_slice protected_bytes = TACIT_SLICE_ARRAY(PROTECTED);
	struct tacit_slice none = { NULL, 0 }, payload, message;
	struct writer w = wr_of(room);

	enum tacit_status st =
		make_payload(doc, tacit_mut_of(payload_room, sizeof(payload_room)), &payload, err);
	if (st == TACIT_OK)
		st = tacit_cose_sig_structure(protected_bytes, none, payload,
					      tacit_mut_of(signed_room, sizeof(signed_room)),
					      &message, err);
	if (st == TACIT_OK)
		st = sign(message, signature, err);
	if (st != TACIT_OK)
		return st;
	tacit_cose_sign1_write(&w, protected_bytes, payload,
			       tacit_slice_of(signature, tacit_key_signature_len(TACIT_ED25519)));
	return wr_finish(&w, "stub", ret, err);
}
