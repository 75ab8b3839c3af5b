/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/nitro.h"

#include "base/compiler.h"
#include "codec/cose.h"

/*
 * Every number and length that AWS wrote so far is in its shortest form, so the strict reader of
 * codec/cbor.h reads them; the one liberty is the indefinite length of the payload's own map,
 * which AWS uses since August 2025.
 */

enum tacit_status tacit_nitro_envelope(struct tacit_slice raw, struct tacit_nitro_envelope *ret,
				       struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(raw, TACIT_CBOR_STRICT);
	struct tacit_nitro_envelope e;

	if (raw.len > TACIT_NITRO_MAX)
		return tacit_fail(err, TACIT_LIMIT, "nitro", 0, "%zu bytes, at most %d", raw.len,
				  TACIT_NITRO_MAX);
	/* [RFC 9052 4.2] tagged or not, both are COSE_Sign1. */
	if (tacit_cbor_peek(&c) == TACIT_CBOR_TAG && tacit_cbor_tag(&c) != TACIT_COSE_SIGN1_TAG)
		tacit_cbor_reject(&c, "tag is not that of a COSE_Sign1");
	if (tacit_cbor_array(&c) != 4)
		tacit_cbor_reject(&c, "not an array of four");
	e.protected_bytes = tacit_cbor_bytes(&c);
	if (tacit_cbor_peek(&c) != TACIT_CBOR_MAP)
		tacit_cbor_reject(&c, "the unprotected header is not a map");
	e.unprotected = tacit_cbor_item(&c);
	e.payload = tacit_cbor_bytes(&c);
	if (!c.r.bad && (e.payload.len == 0 || e.payload.len > TACIT_NITRO_PAYLOAD_MAX))
		tacit_cbor_reject(&c, "payload is not of 1 to 16384 bytes");
	e.signature = tacit_cbor_bytes(&c);
	if (!c.r.bad && e.signature.len != TACIT_NITRO_SIGNATURE_LEN)
		tacit_cbor_reject(&c, "signature is not of 96 bytes");
	enum tacit_status st = tacit_cbor_finish(&c, "nitro", err);
	if (st == TACIT_OK)
		*ret = e;
	return st;
}

/* ---- the payload --------------------------------------------------------------------------- */

static struct tacit_slice read_bounded(struct tacit_cbor *c, size_t least, size_t most)
{
	struct tacit_slice bytes = tacit_cbor_bytes(c);

	if (!c->r.bad && (bytes.len < least || bytes.len > most))
		tacit_cbor_reject(c, "byte string of a length that is not allowed here");
	return bytes;
}

static void read_module_id(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->module_id = tacit_cbor_text(c);
	if (!c->r.bad && (doc->module_id.len == 0 || doc->module_id.len > TACIT_NITRO_MODULE_MAX))
		tacit_cbor_reject(c, "module_id is not of 1 to 256 bytes");
}

static void read_digest(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->digest = tacit_cbor_text(c);
	if (!tacit_slice_eq(doc->digest, tacit_slice_str("SHA384")))
		tacit_cbor_reject(c, "digest is not SHA384");
}

static void read_timestamp(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->timestamp_ms = tacit_cbor_uint(c);
	if (doc->timestamp_ms == 0 || doc->timestamp_ms > TACIT_NITRO_TIME_MAX)
		tacit_cbor_reject(c, "timestamp is not a moment between 1970 and the year 10000");
}

/* Any of the 32 in any order; which ones a document carries depends on what was locked. */
static void read_registers(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	uint64_t count = tacit_cbor_map(c);

	/* At most 32 follow from there being no others, and none twice. */
	if (!c->r.bad && count == 0)
		tacit_cbor_reject(c, "no registers");
	for (uint64_t i = 0; i < count && !c->r.bad; i++) {
		uint64_t index = tacit_cbor_uint(c);
		if (c->r.bad)
			return;
		if (index >= TACIT_NITRO_PCRS || doc->pcr[index].ptr) {
			tacit_cbor_reject(c, "register out of range, or twice");
			return;
		}
		doc->pcr[index] = read_bounded(c, TACIT_NITRO_PCR_LEN, TACIT_NITRO_PCR_LEN);
	}
}

static void read_pcrs(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	read_registers(c, doc);
}

static void read_nitrotpm_pcrs(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->tpm = true;
	read_registers(c, doc);
}

static void read_certificate(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->certificate = read_bounded(c, 1, TACIT_NITRO_CERT_MAX);
}

static void read_cabundle(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	uint64_t count = tacit_cbor_array(c);

	if (!c->r.bad && (count == 0 || count > TACIT_NITRO_CABUNDLE_MAX))
		tacit_cbor_reject(c, "not 1 to 8 certificates in the cabundle");
	for (uint64_t i = 0; i < count && !c->r.bad; i++)
		doc->cabundle[doc->cabundle_count++] = read_bounded(c, 1, TACIT_NITRO_CERT_MAX);
}

static struct tacit_slice read_optional(struct tacit_cbor *c)
{
	struct tacit_slice none = { NULL, 0 };

	return tacit_cbor_null(c) ? none : read_bounded(c, 0, TACIT_NITRO_DATA_MAX);
}

static void read_public_key(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->public_key = read_optional(c);
}

static void read_user_data(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->user_data = read_optional(c);
}

static void read_nonce(struct tacit_cbor *c, struct tacit_nitro_doc *doc)
{
	doc->nonce = read_optional(c);
}

/* [NITRO-DOC] the last three may be left out as well as null. */
struct member {
	const char *key;
	size_t len;
	void (*read)(struct tacit_cbor *c, struct tacit_nitro_doc *doc);
};

/* clang-format off */
#define MEMBER(name) { #name, sizeof(#name) - 1, read_##name }
/* clang-format on */

static const struct member MEMBERS[] = {
	MEMBER(module_id),     MEMBER(digest),      MEMBER(timestamp), MEMBER(pcrs),
	MEMBER(nitrotpm_pcrs), MEMBER(certificate), MEMBER(cabundle),  MEMBER(public_key),
	MEMBER(user_data),     MEMBER(nonce),
};

#define SEEN_PCRS     (1u << 3)
#define SEEN_TPM      (1u << 4)
#define SEEN_REQUIRED ((1u << 0) | (1u << 1) | (1u << 2) | (1u << 5) | (1u << 6))

/* One key and its value; a key may come once, wherever it stands. */
static void read_member(struct tacit_cbor *c, struct tacit_nitro_doc *doc, unsigned *seen)
{
	struct tacit_slice key = tacit_cbor_text(c);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(MEMBERS); i++) {
		if (key.len != MEMBERS[i].len || memcmp(key.ptr, MEMBERS[i].key, key.len) != 0)
			continue;
		if (*seen & 1u << i)
			tacit_cbor_reject(c, "a key comes twice");
		*seen |= 1u << i;
		MEMBERS[i].read(c, doc);
		return;
	}
	tacit_cbor_reject(c, "a key that is not known");
}

/* `pairs` members, or as many as there are when the map is indefinite. */
static void read_members(struct tacit_cbor *c, uint64_t pairs, struct tacit_nitro_doc *doc)
{
	bool open = pairs == TACIT_CBOR_INDEFINITE;
	unsigned seen = 0;

	for (uint64_t i = 0; !c->r.bad && (open ? rd_left(&c->r) != 0 : i < pairs); i++)
		read_member(c, doc, &seen);
	if ((seen & SEEN_REQUIRED) != SEEN_REQUIRED)
		tacit_cbor_reject(c, "a required key is missing");
	/* One tells an enclave's document, the other an instance's: never both, never neither. */
	if (!(seen & SEEN_PCRS) == !(seen & SEEN_TPM))
		tacit_cbor_reject(c, "not exactly one of pcrs and nitrotpm_pcrs");
}

enum tacit_status tacit_nitro_payload(struct tacit_slice payload, struct tacit_nitro_doc *ret,
				      struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(payload, TACIT_CBOR_STRICT);
	struct tacit_nitro_doc doc = { 0 };
	uint64_t pairs = TACIT_CBOR_INDEFINITE;

	if (payload.len >= 2 && payload.ptr[0] == 0xbf) {
		/* What stands between the head and the break is read as the strict map would be. */
		if (payload.ptr[payload.len - 1] != 0xff)
			tacit_cbor_reject(&c, "indefinite map without its break");
		rd_skip(&c.r, 1);
		c.r.in.len--;
	} else {
		pairs = tacit_cbor_map(&c);
	}
	read_members(&c, pairs, &doc);
	enum tacit_status st = tacit_cbor_finish(&c, "nitro.payload", err);
	if (st == TACIT_OK)
		*ret = doc;
	return st;
}

bool tacit_nitro_is_zero(struct tacit_slice pcr)
{
	static const uint8_t ZEROS[TACIT_NITRO_PCR_LEN];

	return !pcr.ptr || tacit_slice_eq(pcr, TACIT_SLICE_ARRAY(ZEROS));
}
