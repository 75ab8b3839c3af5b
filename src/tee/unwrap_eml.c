/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "base/reader.h"
#include "codec/cbor.h"
#include "codec/der.h"
#include "codec/json_read.h"
#include "codec/pem.h"
#include "tee/unwrap_parts.h"

/* EphemeralML's own forms: marked documents of its transport, and its CBOR envelope. */

#define MARKER_LEN   12
#define KEY_LEN      32
#define PLATFORM_MAX 32
#define VERSION      1

static enum tacit_status broken(struct tacit_unwrap *u, const char *why)
{
	return tacit_fail(u->err, TACIT_FORMAT, TACIT_WRAPPER_WHERE, 0, "%s", why);
}

/* ---- certificates -------------------------------------------------------------------------- */

static enum tacit_status add_cert(struct tacit_unwrap *u, struct tacit_slice der)
{
	struct tacit_wrapper *w = u->wrapper;

	if (w->cert_count == TACIT_WRAPPER_CERTS)
		return tacit_fail(u->err, TACIT_LIMIT, TACIT_WRAPPER_WHERE, 0,
				  "more than %d certificates", TACIT_WRAPPER_CERTS);
	w->certs[w->cert_count++] = der;
	return TACIT_OK;
}

static enum tacit_status add_pem(struct tacit_unwrap *u, struct tacit_slice text)
{
	struct tacit_error err = { 0 };
	struct tacit_pem_block block;
	enum tacit_status st = TACIT_OK;
	size_t at = 0;

	while (st == TACIT_OK && tacit_pem_next(text, &at, u->arena, &block, &err)) {
		if (!tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
			return broken(u, "a PEM block in it is no certificate");
		st = add_cert(u, block.der);
	}
	if (st == TACIT_OK && err.status != TACIT_OK)
		return tacit_fail(u->err, err.status, TACIT_WRAPPER_WHERE, err.offset, "%s",
				  err.detail);
	return st;
}

enum tacit_status tacit_unwrap_certs(struct tacit_unwrap *u, struct tacit_slice certs)
{
	struct tacit_der d = tacit_der_of(certs);
	enum tacit_status st = TACIT_OK;

	if (tacit_pem_looks(certs))
		return add_pem(u, certs);
	while (st == TACIT_OK && tacit_der_more(&d)) {
		struct tacit_slice der = tacit_der_element(&d);
		if (!der.ptr)
			break;
		st = add_cert(u, der);
	}
	if (st == TACIT_OK && tacit_der_finish(&d, TACIT_WRAPPER_WHERE, NULL) != TACIT_OK)
		return broken(u, "the certificates are neither PEM nor DER");
	return st;
}

/* ---- marked documents ---------------------------------------------------------------------- */

struct marker_row {
	char mark[MARKER_LEN + 1];
	enum tacit_tee tee; /* TACIT_TEE_NONE: no TEE at all */
	bool certs;         /* a second part with certificates follows */
};

static const struct marker_row MARKERS[] = {
	{ "TDX_V1\0\0\0\0\0\0", TACIT_TEE_TDX, false },
	{ "SEV_SNP_V1\0\0", TACIT_TEE_SNP, true },
	{ "AZ_SNP_V1\0\0\0", TACIT_TEE_AZURE_SNP, true },
	{ "MOCK_ATT_V1\0", TACIT_TEE_NONE, false },
};

static const struct marker_row *find_marker(struct tacit_slice in)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MARKERS); i++)
		if (in.len >= MARKER_LEN && memcmp(in.ptr, MARKERS[i].mark, MARKER_LEN) == 0)
			return &MARKERS[i];
	return NULL;
}

static enum tacit_status read_marked(struct tacit_unwrap *u, const struct marker_row *row)
{
	struct reader r = rd_of(u->in);
	struct tacit_slice certs = { NULL, 0 };

	rd_skip(&r, MARKER_LEN);
	struct tacit_slice document = rd_take(&r, rd_le32(&r));
	if (row->certs)
		certs = rd_take(&r, rd_le32(&r));
	if (rd_finish(&r, TACIT_WRAPPER_WHERE, u->err) != TACIT_OK)
		return TACIT_FORMAT;
	u->in = document;
	return certs.len ? tacit_unwrap_certs(u, certs) : TACIT_OK;
}

bool tacit_unwrap_marker(struct tacit_unwrap *u, enum tacit_status *ret_st)
{
	const struct marker_row *row = find_marker(u->in);

	if (!row)
		return false;
	if (row->tee == TACIT_TEE_NONE) {
		*ret_st = tacit_fail(u->err, TACIT_UNSUPPORTED, TACIT_WRAPPER_WHERE, 0,
				     "a mock document of EphemeralML: no TEE made it");
		return true;
	}
	*ret_st = tacit_unwrap_layer(u, TACIT_WRAPPER_MARKER);
	if (*ret_st == TACIT_OK)
		*ret_st = tacit_unwrap_name(u, row->tee);
	if (*ret_st == TACIT_OK)
		*ret_st = read_marked(u, row);
	return true;
}

/* ---- the user data of an envelope ---------------------------------------------------------- */

static struct tacit_slice copy_key(struct tacit_unwrap *u, const uint8_t *key)
{
	struct tacit_slice kept = {
		tacit_arena_copy(u->arena, tacit_slice_of(key, KEY_LEN)),
		KEY_LEN,
	};

	return kept;
}

/* [b0, b1, ...], as serde writes a byte array into JSON. */
static struct tacit_slice json_key(struct tacit_unwrap *u, struct tacit_json_read *j)
{
	struct tacit_slice none = { NULL, 0 };
	uint8_t key[KEY_LEN];
	size_t n = 0;

	if (tacit_json_read_peek(j) == TACIT_JSON_NULL) {
		tacit_json_read_skip(j);
		return none;
	}
	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		uint8_t byte = (uint8_t)tacit_json_read_uint(j, 255);
		if (n == KEY_LEN)
			tacit_json_read_reject(j, "a key of more than 32 bytes");
		else
			key[n++] = byte;
	}
	if (n == KEY_LEN && !j->why)
		return copy_key(u, key);
	tacit_json_read_reject(j, "a key is not 32 bytes");
	return none;
}

static enum tacit_status read_json_user(struct tacit_unwrap *u, struct tacit_slice in)
{
	struct tacit_wrapper_eml *eml = &u->wrapper->eml;
	struct tacit_json_read j = tacit_json_read_of(in);
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("receipt_signing_key")))
			eml->receipt_key = json_key(u, &j);
		else if (tacit_slice_eq(name, tacit_slice_str("platform_evidence_hash")))
			eml->evidence_hash = json_key(u, &j);
		else
			tacit_json_read_skip(&j);
	}
	return tacit_json_read_finish(&j, TACIT_WRAPPER_WHERE, u->err);
}

/* A byte string, or an array of numbers, as serde writes either. */
static struct tacit_slice cbor_key(struct tacit_unwrap *u, struct tacit_cbor *c)
{
	struct tacit_slice none = { NULL, 0 };
	uint8_t key[KEY_LEN];

	if (tacit_cbor_null(c))
		return none;
	if (tacit_cbor_peek(c) == TACIT_CBOR_BYTES) {
		struct tacit_slice bytes = tacit_cbor_bytes(c);
		if (bytes.len != KEY_LEN)
			tacit_cbor_reject(c, "a key is not 32 bytes");
		return bytes;
	}
	if (tacit_cbor_array(c) != KEY_LEN) {
		tacit_cbor_reject(c, "a key is not 32 bytes");
		return none;
	}
	for (size_t i = 0; i < KEY_LEN; i++) {
		uint64_t byte = tacit_cbor_uint(c);
		if (byte > 255)
			tacit_cbor_reject(c, "a key is not of bytes");
		key[i] = (uint8_t)byte;
	}
	return copy_key(u, key);
}

static enum tacit_status read_cbor_user(struct tacit_unwrap *u, struct tacit_slice in)
{
	struct tacit_wrapper_eml *eml = &u->wrapper->eml;
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);
	uint64_t pairs = tacit_cbor_map(&c);

	for (uint64_t i = 0; i < pairs && !c.r.bad; i++) {
		struct tacit_slice name = tacit_cbor_text(&c);
		bool receipt = tacit_slice_eq(name, tacit_slice_str("receipt_signing_key"));
		bool hash = tacit_slice_eq(name, tacit_slice_str("platform_evidence_hash"));
		if ((receipt && eml->receipt_key.ptr) || (hash && eml->evidence_hash.ptr))
			tacit_cbor_reject(&c, "a member is there twice");
		else if (receipt)
			eml->receipt_key = cbor_key(u, &c);
		else if (hash)
			eml->evidence_hash = cbor_key(u, &c);
		else
			(void)tacit_cbor_item(&c);
	}
	return tacit_cbor_finish(&c, TACIT_WRAPPER_WHERE, u->err);
}

static enum tacit_status read_user(struct tacit_unwrap *u, struct tacit_slice in)
{
	enum tacit_status st =
		in.len && in.ptr[0] == '{' ? read_json_user(u, in) : read_cbor_user(u, in);

	if (st == TACIT_OK && !u->wrapper->eml.receipt_key.ptr)
		return broken(u, "the envelope's user data name no receipt key");
	return st;
}

/* ---- the envelope -------------------------------------------------------------------------- */

enum { PLATFORM, WIRE, USER, PROTOCOL, HANDSHAKE, NONCE, MEMBERS };

static const char *const NAMES[MEMBERS] = {
	"platform", "tdx_wire", "user_data", "protocol_version", "handshake_public_key", "nonce",
};

/* The items' bytes by member, whatever they are; false when it is not such a map at all. */
static bool read_members(struct tacit_slice in, struct tacit_slice items[static MEMBERS])
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);
	uint64_t pairs = tacit_cbor_map(&c);
	size_t seen = 0;

	if (pairs != MEMBERS)
		return false;
	for (size_t i = 0; i < MEMBERS && !c.r.bad; i++) {
		if (tacit_cbor_peek(&c) != TACIT_CBOR_TEXT)
			return false;
		struct tacit_slice name = tacit_cbor_text(&c);
		struct tacit_slice item = tacit_cbor_item(&c);
		for (size_t m = 0; m < MEMBERS; m++) {
			if (items[m].ptr || !tacit_slice_eq(name, tacit_slice_str(NAMES[m])))
				continue;
			items[m] = item;
			seen++;
		}
	}
	return seen == MEMBERS && tacit_cbor_finish(&c, TACIT_WRAPPER_WHERE, NULL) == TACIT_OK;
}

static struct tacit_slice item_bytes(struct tacit_slice item)
{
	struct tacit_cbor c = tacit_cbor_of(item, TACIT_CBOR_LAX);

	return tacit_cbor_bytes(&c);
}

static struct tacit_slice item_text(struct tacit_slice item)
{
	struct tacit_cbor c = tacit_cbor_of(item, TACIT_CBOR_LAX);

	return tacit_cbor_text(&c);
}

static uint64_t item_uint(struct tacit_slice item)
{
	struct tacit_cbor c = tacit_cbor_of(item, TACIT_CBOR_LAX);

	return tacit_cbor_uint(&c);
}

static enum tacit_status read_envelope(struct tacit_unwrap *u, const struct tacit_slice *items)
{
	struct tacit_wrapper_eml *eml = &u->wrapper->eml;

	if (eml->present)
		return broken(u, "an envelope within an envelope");
	eml->present = true;
	eml->platform = item_text(items[PLATFORM]);
	eml->handshake_key = item_bytes(items[HANDSHAKE]);
	eml->nonce = item_bytes(items[NONCE]);
	if (item_uint(items[PROTOCOL]) != VERSION)
		return broken(u, "the envelope is not of protocol version 1");
	if (eml->handshake_key.len != KEY_LEN || eml->nonce.len != KEY_LEN)
		return broken(u, "handshake key or nonce of the envelope is not 32 bytes");
	if (eml->platform.len == 0 || eml->platform.len > PLATFORM_MAX)
		return broken(u, "the envelope names no platform");
	struct tacit_slice wire = item_bytes(items[WIRE]);
	const struct marker_row *row = find_marker(wire);
	if (!row || row->tee != TACIT_TEE_TDX)
		return broken(u, "the envelope holds no TDX_V1 document");
	u->in = wire;
	return read_user(u, item_bytes(items[USER]));
}

bool tacit_unwrap_eml(struct tacit_unwrap *u, enum tacit_status *ret_st)
{
	struct tacit_slice items[MEMBERS] = { 0 };

	if (!read_members(u->in, items))
		return false;
	*ret_st = tacit_unwrap_layer(u, TACIT_WRAPPER_EML);
	if (*ret_st == TACIT_OK)
		*ret_st = read_envelope(u, items);
	return true;
}
