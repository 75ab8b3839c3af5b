/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/stub/stub.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "codec/cose.h"
#include "crypto/key.h"

const struct tacit_check_row tacit_stub_checks[TACIT_STUB_CHECKS] = {
	{ "stub.format", "the document is one tagged COSE_Sign1 of at most 4,096 bytes" },
	{ "stub.cose.alg", "the protected header says EdDSA and nothing else" },
	{ "stub.cose.signature", "the stub's published root key signed it" },
	{ "stub.payload", "the payload is the closed map of tacit-stub/1" },
	{ "stub.time", "its timestamp is a moment before the year 10000" },
};

/* The public half of tacit_stub_seed. */
static const uint8_t ROOT[32] = {
	0x4b, 0x78, 0xca, 0x33, 0x11, 0x1a, 0xa5, 0xf5, 0x45, 0x27, 0x81,
	0x8a, 0x57, 0x0c, 0x82, 0x56, 0xdc, 0x79, 0x19, 0x0d, 0x27, 0x1b,
	0x1a, 0x1b, 0x8c, 0x41, 0x1f, 0x27, 0xbd, 0xf1, 0xf9, 0xba,
};

static const uint8_t PROTECTED[] = { 0xa1, 0x01, 0x27 };

static void read_key(struct tacit_cbor *c, const char *key)
{
	if (!tacit_slice_eq(tacit_cbor_text(c), tacit_slice_str(key)))
		tacit_cbor_reject(c, "member missing, unknown or out of order");
}

static void read_text(struct tacit_cbor *c, const char *key, const char *value)
{
	read_key(c, key);
	if (!tacit_slice_eq(tacit_cbor_text(c), tacit_slice_str(value)))
		tacit_cbor_reject(c, "text differs from the format's constant");
}

static struct tacit_slice read_optional(struct tacit_cbor *c, const char *key, size_t max)
{
	struct tacit_slice none = { NULL, 0 };

	read_key(c, key);
	if (tacit_cbor_null(c))
		return none;
	struct tacit_slice bytes = tacit_cbor_bytes(c);
	if (bytes.len == 0 || bytes.len > max)
		tacit_cbor_reject(c, "empty or too long");
	return bytes;
}

static void read_measurements(struct tacit_cbor *c, struct tacit_stub_doc *doc)
{
	static const char *const NAMES[TACIT_STUB_PCRS] = { "pcr0", "pcr1", "pcr2" };

	read_key(c, "measurements");
	if (tacit_cbor_map(c) != TACIT_STUB_PCRS)
		tacit_cbor_reject(c, "not three measurements");
	for (size_t i = 0; i < TACIT_STUB_PCRS; i++) {
		read_key(c, NAMES[i]);
		struct tacit_slice value = tacit_cbor_bytes(c);
		if (value.len == TACIT_STUB_PCR_LEN)
			memcpy(doc->pcr[i], value.ptr, TACIT_STUB_PCR_LEN);
		else
			tacit_cbor_reject(c, "measurement is not 48 bytes");
	}
}

enum tacit_status tacit_stub_payload(struct tacit_slice payload, struct tacit_stub_doc *ret,
				     struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(payload, TACIT_CBOR_STRICT);
	struct tacit_stub_doc doc = { 0 };

	if (tacit_cbor_map(&c) != 8)
		tacit_cbor_reject(&c, "not a map of 8");
	read_text(&c, "tee", TACIT_STUB_FORMAT);
	read_key(&c, "debug");
	doc.debug = tacit_cbor_bool(&c);
	doc.nonce = read_optional(&c, "nonce", TACIT_STUB_NONCE_MAX);
	read_text(&c, "warning", TACIT_STUB_WARNING);
	read_key(&c, "timestamp");
	doc.timestamp_ms = tacit_cbor_uint(&c);
	doc.user_data = read_optional(&c, "user_data", TACIT_STUB_DATA_MAX);
	doc.public_key = read_optional(&c, "public_key", TACIT_STUB_DATA_MAX);
	read_measurements(&c, &doc);
	enum tacit_status st = tacit_cbor_finish(&c, "stub.payload", err);
	if (st == TACIT_OK)
		*ret = doc;
	return st;
}

/* Looks for the format's name where the encoder puts it, after a COSE_Sign1 head. */
bool tacit_stub_detect(struct tacit_slice in)
{
	static const char MARK[] = "\x63tee\x6ctacit-stub/";
	static const size_t MARK_LEN = sizeof(MARK) - 1;

	if (in.len < 2 || in.ptr[0] != 0xd2 || in.ptr[1] != 0x84)
		return false;
	for (size_t at = 2; at < 32 && at + MARK_LEN <= in.len; at++)
		if (memcmp(in.ptr + at, MARK, MARK_LEN) == 0)
			return true;
	return false;
}

static bool check_format(struct tacit_slice raw, struct tacit_check_list *list,
			 struct tacit_cose_sign1 *ret)
{
	struct tacit_error err = { 0 };

	if (raw.len > TACIT_STUB_MAX)
		(void)tacit_fail(&err, TACIT_LIMIT, "stub", 0, "%zu bytes, at most %d", raw.len,
				 TACIT_STUB_MAX);
	else if (tacit_cose_sign1_parse(raw, TACIT_CBOR_STRICT, ret, &err) != TACIT_OK)
		;
	else if (!ret->tagged || ret->unprotected_count != 0 || !ret->payload.ptr)
		(void)tacit_fail(&err, TACIT_FORMAT, "stub", 0,
				 "not tagged, or with unprotected headers, or without a payload");
	if (err.status == TACIT_OK)
		tacit_check_pass(list, "stub.format", NULL);
	else
		tacit_check_fail_error(list, "stub.format", &err);
	return err.status == TACIT_OK;
}

static bool check_alg(const struct tacit_cose_sign1 *cose, struct tacit_check_list *list)
{
	if (tacit_slice_eq(cose->protected_bytes, TACIT_SLICE_ARRAY(PROTECTED))) {
		tacit_check_pass(list, "stub.cose.alg", NULL);
		return true;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = "a10127",
		.got = tacit_check_hex(list, cose->protected_bytes),
		.why = "the protected header is not exactly {1: -8}",
	};
	tacit_check_fail(list, "stub.cose.alg", &failure);
	return false;
}

static enum tacit_status verify_signature(const struct tacit_cose_sign1 *cose,
					  struct tacit_error *err)
{
	uint8_t room[TACIT_STUB_MAX + 64];
	struct tacit_slice none = { NULL, 0 }, message;
	struct tacit_key *key = NULL;

	enum tacit_status st =
		tacit_cose_sig_structure(cose->protected_bytes, none, cose->payload,
					 tacit_mut_of(room, sizeof(room)), &message, err);
	if (st == TACIT_OK)
		st = tacit_key_public(TACIT_ED25519, TACIT_SLICE_ARRAY(ROOT), &key, err);
	if (st == TACIT_OK)
		st = tacit_key_verify(key, message, cose->signature, err);
	tacit_key_free(key);
	return st;
}

static bool check_signature(const struct tacit_cose_sign1 *cose, struct tacit_check_list *list)
{
	struct tacit_error err = { 0 };

	if (verify_signature(cose, &err) == TACIT_OK) {
		tacit_check_pass(list, "stub.cose.signature", NULL);
		return true;
	}
	tacit_check_fail_error(list, "stub.cose.signature", &err);
	return false;
}

static bool check_payload(const struct tacit_cose_sign1 *cose, struct tacit_check_list *list,
			  struct tacit_stub_doc *ret)
{
	struct tacit_error err = { 0 };

	if (tacit_stub_payload(cose->payload, ret, &err) == TACIT_OK) {
		tacit_check_pass(list, "stub.payload", NULL);
		return true;
	}
	tacit_check_fail_error(list, "stub.payload", &err);
	return false;
}

static bool check_time(const struct tacit_stub_doc *doc, struct tacit_check_list *list)
{
	if (doc->timestamp_ms > 0 && doc->timestamp_ms <= TACIT_STUB_TIME_MAX) {
		tacit_check_pass(list, "stub.time", NULL);
		return true;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = "1..253402300799999",
		.got = tacit_check_printf(list, "%llu", (unsigned long long)doc->timestamp_ms),
		.why = "the timestamp is not a number of milliseconds before the year 10000",
	};
	tacit_check_fail(list, "stub.time", &failure);
	return false;
}

static bool fill_claims(const struct tacit_stub_doc *doc, struct tacit_check_list *list,
			struct tacit_claims *ret)
{
	static const char *const NAMES[TACIT_STUB_PCRS] = { "pcr0", "pcr1", "pcr2" };
	struct tacit_measurement *m = tacit_arena_alloc(list->arena, TACIT_STUB_PCRS * sizeof(*m));

	if (!m) {
		list->full = true;
		return false;
	}
	for (size_t i = 0; i < TACIT_STUB_PCRS; i++) {
		m[i].name = NAMES[i];
		m[i].value = tacit_slice_of(
			tacit_arena_copy(list->arena, TACIT_SLICE_ARRAY(doc->pcr[i])),
			TACIT_STUB_PCR_LEN);
		list->full |= !m[i].value.ptr;
	}
	struct tacit_claims claims = {
		.tee = TACIT_TEE_STUB,
		.debug = doc->debug,
		.measurement_count = TACIT_STUB_PCRS,
		.measurements = m,
		.user_data = doc->user_data,
		.nonce = doc->nonce,
		.public_key = doc->public_key,
		.timestamp = (int64_t)(doc->timestamp_ms / 1000),
		.valid_from = (int64_t)(doc->timestamp_ms / 1000),
		.valid_until = INT64_MAX,
	};
	*ret = claims;
	return !list->full;
}

bool tacit_stub_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		       struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_cose_sign1 cose;
	struct tacit_stub_doc doc;

	(void)cx; /* no roots, no collateral: the key is in the source */
	return check_format(ev->raw, list, &cose) && check_alg(&cose, list) &&
	       check_signature(&cose, list) && check_payload(&cose, list, &doc) &&
	       check_time(&doc, list) && fill_claims(&doc, list, ret_claims);
}
