/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/binding.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "codec/cbor.h"
#include "crypto/hash.h"

/* Labels of the map; the encoding has them in this order, which is also the bytewise one. */
enum {
	KEY_PURPOSE = 1,
	KEY_NONCE,
	KEY_TLS_SPKI,
	KEY_RECEIPT_KEY,
	KEY_HPKE_CONFIG,
	KEY_MODEL,
	KEY_CONFIG,
	KEY_COUNT = KEY_CONFIG,
};

/* [RFC 9458 3.1] KEM id, public key, then length and list of (KDF, AEAD) pairs. */
static const uint8_t HPKE_KEM[2] = { 0x00, 0x20 }; /* DHKEM(X25519, HKDF-SHA256) */
static const uint8_t HPKE_SUITES[10] = {
	0x00, 0x08,             /* bytes that follow */
	0x00, 0x01, 0x00, 0x01, /* HKDF-SHA256, AES-128-GCM */
	0x00, 0x01, 0x00, 0x03, /* HKDF-SHA256, ChaCha20-Poly1305 */
};

#define HPKE_KEY_AT    3
#define HPKE_SUITES_AT 35
#define X25519_LEN     32

_Static_assert(HPKE_SUITES_AT + sizeof(HPKE_SUITES) == TACIT_HPKE_CONFIG_LEN, "layout");

bool tacit_binding_hpke_ok(struct tacit_slice config)
{
	return config.len == TACIT_HPKE_CONFIG_LEN &&
	       memcmp(config.ptr + 1, HPKE_KEM, sizeof(HPKE_KEM)) == 0 &&
	       memcmp(config.ptr + HPKE_SUITES_AT, HPKE_SUITES, sizeof(HPKE_SUITES)) == 0;
}

void tacit_binding_hpke_write(uint8_t key_id, const uint8_t x25519[static 32],
			      uint8_t ret[static TACIT_HPKE_CONFIG_LEN])
{
	ret[0] = key_id;
	memcpy(ret + 1, HPKE_KEM, sizeof(HPKE_KEM));
	memcpy(ret + HPKE_KEY_AT, x25519, X25519_LEN);
	memcpy(ret + HPKE_SUITES_AT, HPKE_SUITES, sizeof(HPKE_SUITES));
}

/* Names reach terminals and logs: control characters have no place in them. */
static bool is_model_id(struct tacit_slice id)
{
	if (id.len == 0 || id.len > TACIT_MODEL_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] < 0x20 || id.ptr[i] == 0x7f)
			return false;
	return true;
}

static void put_hash(struct writer *w, uint64_t key, const uint8_t *hash)
{
	tacit_cbor_put_uint(w, key);
	tacit_cbor_put_bytes(w, tacit_slice_of(hash, 32));
}

static void put_binding(struct writer *w, const struct tacit_binding *b)
{
	tacit_cbor_put_map(w, KEY_COUNT);
	tacit_cbor_put_uint(w, KEY_PURPOSE);
	tacit_cbor_put_text(w, tacit_slice_str(TACIT_BINDING_PURPOSE));
	put_hash(w, KEY_NONCE, b->nonce);
	put_hash(w, KEY_TLS_SPKI, b->tls_spki);
	put_hash(w, KEY_RECEIPT_KEY, b->receipt_key);
	tacit_cbor_put_uint(w, KEY_HPKE_CONFIG);
	tacit_cbor_put_bytes(w, b->hpke_config);
	tacit_cbor_put_uint(w, KEY_MODEL);
	tacit_cbor_put_array(w, 2);
	tacit_cbor_put_text(w, b->model_id);
	tacit_cbor_put_bytes(w, TACIT_SLICE_ARRAY(b->model_hash));
	put_hash(w, KEY_CONFIG, b->config_hash);
}

enum tacit_status tacit_binding_encode(const struct tacit_binding *binding, struct tacit_mut room,
				       struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_binding again;
	struct tacit_slice encoded;

	put_binding(&w, binding);
	enum tacit_status st = wr_finish(&w, "binding", &encoded, err);
	if (st != TACIT_OK)
		return st;
	/* The reader holds every other rule, so that nothing it refuses is ever emitted. */
	st = tacit_binding_parse(encoded, &again, err);
	if (st == TACIT_OK)
		*ret = encoded;
	return st;
}

static void read_key(struct tacit_cbor *c, uint64_t key)
{
	if (tacit_cbor_uint(c) != key)
		tacit_cbor_reject(c, "label missing, unknown or out of order");
}

static void read_bytes32(struct tacit_cbor *c, uint8_t *ret)
{
	struct tacit_slice bytes = tacit_cbor_bytes(c);

	if (bytes.len == 32)
		memcpy(ret, bytes.ptr, 32);
	else
		tacit_cbor_reject(c, "not 32 bytes");
}

static void read_hash(struct tacit_cbor *c, uint64_t key, uint8_t *ret)
{
	read_key(c, key);
	read_bytes32(c, ret);
}

static void read_purpose(struct tacit_cbor *c)
{
	read_key(c, KEY_PURPOSE);
	if (!tacit_slice_eq(tacit_cbor_text(c), tacit_slice_str(TACIT_BINDING_PURPOSE)))
		tacit_cbor_reject(c, "purpose is not " TACIT_BINDING_PURPOSE);
}

static struct tacit_slice read_hpke_config(struct tacit_cbor *c)
{
	read_key(c, KEY_HPKE_CONFIG);
	struct tacit_slice config = tacit_cbor_bytes(c);
	if (!tacit_binding_hpke_ok(config))
		tacit_cbor_reject(c, "not an X25519 key configuration with the two suites");
	return config;
}

static void read_model(struct tacit_cbor *c, struct tacit_binding *b)
{
	read_key(c, KEY_MODEL);
	if (tacit_cbor_array(c) != 2)
		tacit_cbor_reject(c, "model is not a pair");
	b->model_id = tacit_cbor_text(c);
	if (!is_model_id(b->model_id))
		tacit_cbor_reject(c, "model id is empty, too long or has control characters");
	read_bytes32(c, b->model_hash);
}

enum tacit_status tacit_binding_parse(struct tacit_slice in, struct tacit_binding *ret,
				      struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_STRICT);
	struct tacit_binding b = { 0 };

	if (in.len > TACIT_BINDING_MAX)
		return tacit_fail(err, TACIT_LIMIT, "binding", 0, "%zu bytes, at most %d", in.len,
				  TACIT_BINDING_MAX);
	if (tacit_cbor_map(&c) != KEY_COUNT)
		tacit_cbor_reject(&c, "not a map of 7");
	read_purpose(&c);
	read_hash(&c, KEY_NONCE, b.nonce);
	read_hash(&c, KEY_TLS_SPKI, b.tls_spki);
	read_hash(&c, KEY_RECEIPT_KEY, b.receipt_key);
	b.hpke_config = read_hpke_config(&c);
	read_model(&c, &b);
	read_hash(&c, KEY_CONFIG, b.config_hash);
	enum tacit_status st = tacit_cbor_finish(&c, "binding", err);
	if (st == TACIT_OK)
		*ret = b;
	return st;
}

bool tacit_binding_purpose(struct tacit_slice user_data, struct tacit_slice *ret_purpose)
{
	static const char FAMILY[] = "tacit/";
	struct tacit_cbor c = tacit_cbor_of(user_data, TACIT_CBOR_LAX);

	(void)tacit_cbor_map(&c);
	uint64_t key = tacit_cbor_uint(&c);
	struct tacit_slice purpose = tacit_cbor_text(&c);
	if (key != KEY_PURPOSE || purpose.len < sizeof(FAMILY) - 1 ||
	    memcmp(purpose.ptr, FAMILY, sizeof(FAMILY) - 1) != 0)
		return false;
	*ret_purpose = purpose;
	return true;
}

/* u32 big-endian length, then the bytes [AIR-02 transport binding]. */
static void put_prefixed(struct writer *w, struct tacit_slice bytes)
{
	wr_be32(w, (uint32_t)bytes.len);
	wr_bytes(w, bytes);
}

enum tacit_status tacit_binding_envelope_hash(const struct tacit_binding_envelope *e,
					      uint8_t ret[static 64], struct tacit_error *err)
{
	uint8_t room[256];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice preimage;

	put_prefixed(&w, tacit_slice_str("cyntrisec-tdx-envelope-v2"));
	put_prefixed(&w, e->platform);
	wr_be32(&w, 1); /* protocol version, without a length */
	put_prefixed(&w, e->handshake_key);
	put_prefixed(&w, e->receipt_key);
	put_prefixed(&w, e->nonce);
	wr_u8(&w, e->evidence_hash.ptr ? 1 : 0);
	wr_bytes(&w, e->evidence_hash);
	enum tacit_status st = wr_finish(&w, "binding.envelope", &preimage, err);
	return st == TACIT_OK ? tacit_hash(TACIT_SHA512, preimage, ret, err) : st;
}

static bool is_report_platform(struct tacit_slice platform)
{
	return tacit_slice_eq(platform, tacit_slice_str("tdx")) ||
	       tacit_slice_eq(platform, tacit_slice_str("snp"));
}

/* Lets the platform speak for the binding, whatever its name is. */
static enum tacit_status stand_for(const char *platform, struct tacit_slice encoded,
				   uint8_t ret[static 64], struct tacit_error *err)
{
	struct tacit_binding b;
	uint8_t digest[TACIT_SHA256_LEN];

	enum tacit_status st = tacit_binding_parse(encoded, &b, err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, encoded, digest, err);
	if (st != TACIT_OK)
		return st;
	struct tacit_binding_envelope envelope = {
		.platform = tacit_slice_str(platform),
		.handshake_key = tacit_slice_of(b.hpke_config.ptr + HPKE_KEY_AT, X25519_LEN),
		.receipt_key = TACIT_SLICE_ARRAY(b.receipt_key),
		.nonce = TACIT_SLICE_ARRAY(b.nonce),
		.evidence_hash = TACIT_SLICE_ARRAY(digest),
	};
	return tacit_binding_envelope_hash(&envelope, ret, err);
}

enum tacit_status tacit_binding_report_data(const char *platform, struct tacit_slice encoded,
					    uint8_t ret[static 64], struct tacit_error *err)
{
	if (!is_report_platform(tacit_slice_str(platform)))
		return tacit_fail(err, TACIT_USAGE, "binding.platform", 0,
				  "only tdx and snp carry report data");
	return stand_for(platform, encoded, ret, err);
}

enum tacit_status tacit_binding_quote_data(const char *platform, struct tacit_slice encoded,
					   uint8_t ret[static 32], struct tacit_error *err)
{
	uint8_t data[64];
	enum tacit_status st = stand_for(platform, encoded, data, err);

	return st == TACIT_OK ? tacit_hash(TACIT_SHA256, TACIT_SLICE_ARRAY(data), ret, err) : st;
}
