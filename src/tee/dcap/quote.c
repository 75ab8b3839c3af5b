/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/quote.h"

#include "base/compiler.h"
#include "base/reader.h"

#define WHERE      "quote"

#define HEADER_LEN 48
#define TEE_SGX    0x00000000u
#define TEE_TDX    0x00000081u
#define KEY_P256   2 /* ECDSA-256-with-P-256 [TDX-QUOTE 3.1] */
#define KEY_P384   3

struct header {
	uint16_t version;
	uint16_t key_type;
	uint32_t tee_type;
	struct tacit_slice vendor, user_data;
};

struct body_row {
	enum tacit_dcap_body type;
	enum tacit_tee tee;
	size_t len;
};

/* [TDX-QUOTE 3.3] body types and their exact sizes. */
static const struct body_row BODIES[] = {
	{ TACIT_DCAP_BODY_SGX, TACIT_TEE_SGX, TACIT_DCAP_SGX_LEN },
	{ TACIT_DCAP_BODY_TD10, TACIT_TEE_TDX, TACIT_DCAP_TD10_LEN },
	{ TACIT_DCAP_BODY_TD15, TACIT_TEE_TDX, TACIT_DCAP_TD15_LEN },
	{ TACIT_DCAP_BODY_TD15EXT, TACIT_TEE_TDX, TACIT_DCAP_TD15EXT_LEN },
};

/* [TDX-QUOTE 3.1]; versions 3 and 4 differ in bytes 4 to 11 alone, which are signed anyway. */
static struct header read_header(struct reader *r)
{
	struct header head = { 0 };

	head.version = rd_le16(r);
	head.key_type = rd_le16(r);
	head.tee_type = rd_le32(r);
	rd_skip(r, 4); /* QE and PCE SVN in version 3, reserved later */
	head.vendor = rd_take(r, 16);
	head.user_data = rd_take(r, 20);
	return head;
}

/*
 * A CWT, tagged [RFC 8392 6] or as a bare COSE_Sign1: what newer modules give instead of a quote
 * in Intel's own format.
 */
static bool is_cwt(struct tacit_slice in)
{
	return in.len >= 2 && ((in.ptr[0] == 0xd8 && in.ptr[1] == 0x3d) ||
			       (in.ptr[0] == 0xd2 && in.ptr[1] == 0x84));
}

static bool is_tagged_cwt(struct tacit_slice in)
{
	return in.len >= 4 && in.ptr[0] == 0xd8 && in.ptr[1] == 0x3d && in.ptr[2] == 0xd2 &&
	       in.ptr[3] == 0x84;
}

bool tacit_dcap_quote_detect(struct tacit_slice in, enum tacit_tee tee)
{
	static const uint8_t VENDOR[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
					    0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
	struct reader r = rd_of(in);
	struct header head = read_header(&r);

	if (tee == TACIT_TEE_TDX && is_tagged_cwt(in))
		return true;
	if (r.bad || !tacit_slice_eq(head.vendor, TACIT_SLICE_ARRAY(VENDOR)))
		return false;
	if (head.key_type != KEY_P256 && head.key_type != KEY_P384)
		return false;
	if (tee == TACIT_TEE_TDX)
		return (head.version == 4 || head.version == 5) && head.tee_type == TEE_TDX;
	return tee == TACIT_TEE_SGX && head.version >= 3 && head.version <= 5 &&
	       head.tee_type == TEE_SGX;
}

static enum tacit_status check_header(const struct header *head, struct tacit_error *err)
{
	if (head->version < 3 || head->version > 5)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "version %u, want 3, 4 or 5",
				  head->version);
	if (head->key_type == KEY_P384)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 2,
				  "attestation key type 3 (P-384), which no quoting enclave uses");
	if (head->key_type != KEY_P256)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 2, "attestation key type %u, want 2",
				  head->key_type);
	if (head->tee_type != TEE_SGX && (head->tee_type != TEE_TDX || head->version == 3))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 4, "TEE type 0x%x in version %u",
				  (unsigned)head->tee_type, head->version);
	return TACIT_OK;
}

/* The body's row: said by the TEE type, and by the descriptor in version 5. */
static const struct body_row *read_descriptor(const struct header *head, struct reader *r)
{
	enum tacit_tee tee = head->tee_type == TEE_TDX ? TACIT_TEE_TDX : TACIT_TEE_SGX;
	unsigned type = tee == TACIT_TEE_TDX ? TACIT_DCAP_BODY_TD10 : TACIT_DCAP_BODY_SGX;
	uint32_t size = 0;

	if (head->version == 5) {
		type = rd_le16(r);
		size = rd_le32(r);
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(BODIES) && !r->bad; i++)
		if ((unsigned)BODIES[i].type == type && BODIES[i].tee == tee &&
		    (head->version != 5 || BODIES[i].len == size))
			return &BODIES[i];
	return NULL;
}

static enum tacit_status read_certification(struct reader *r, struct tacit_dcap_quote *quote,
					    struct tacit_error *err)
{
	quote->cert_type = rd_le16(r);
	uint32_t len = rd_le32(r);
	if (!r->bad && len > TACIT_DCAP_CERT_MAX)
		return tacit_fail(err, len > rd_left(r) ? TACIT_FORMAT : TACIT_LIMIT, WHERE, r->at,
				  "%u bytes of certification data, at most %d", (unsigned)len,
				  TACIT_DCAP_CERT_MAX);
	if (!r->bad && len == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "empty certification data");
	quote->cert_data = rd_take(r, len);
	return rd_finish(r, WHERE ".signature_data", err);
}

/* [TDX-QUOTE 3.9] QE report certification data, to the last byte. */
static enum tacit_status read_qe(struct reader *r, struct tacit_dcap_quote *quote,
				 struct tacit_error *err)
{
	quote->qe_report = rd_take(r, TACIT_DCAP_SGX_LEN);
	quote->qe_signature = rd_take(r, 64);
	uint16_t len = rd_le16(r);
	if (!r->bad && len > TACIT_DCAP_AUTH_MAX)
		return tacit_fail(err, len > rd_left(r) ? TACIT_FORMAT : TACIT_LIMIT, WHERE, r->at,
				  "%u bytes of QE authentication data, at most %d", len,
				  TACIT_DCAP_AUTH_MAX);
	quote->qe_auth = rd_take(r, len);
	return read_certification(r, quote, err);
}

/* [TDX-QUOTE 3.8]: version 3 has the QE's part in place, later ones wrap it as type 6. */
static enum tacit_status read_signature_data(struct reader *r, struct tacit_dcap_quote *quote,
					     struct tacit_error *err)
{
	quote->signature = rd_take(r, 64);
	quote->key = rd_take(r, 64);
	if (quote->version == 3)
		return read_qe(r, quote, err);
	uint16_t type = rd_le16(r);
	uint32_t len = rd_le32(r);
	if (!r->bad && type != TACIT_DCAP_CERT_QE_REPORT)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at,
				  "outer certification data type %u, want 6", type);
	struct reader inner = rd_sub(r, len);
	enum tacit_status st = rd_finish(r, WHERE ".signature_data", err);
	return st == TACIT_OK ? read_qe(&inner, quote, err) : st;
}

enum tacit_status tacit_dcap_quote_parse(struct tacit_slice in, struct tacit_dcap_quote *ret,
					 struct tacit_error *err)
{
	struct tacit_dcap_quote quote = { 0 };
	struct reader r = rd_of(in);

	if (is_cwt(in))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "a CWT as DICE-based TDX modules make it, which this build "
				  "cannot judge; ask the platform for a quote of version 4 or 5");
	struct header head = read_header(&r);
	enum tacit_status st = r.bad ? rd_finish(&r, WHERE, err) : check_header(&head, err);
	if (st != TACIT_OK)
		return st;
	const struct body_row *row = read_descriptor(&head, &r);
	if (!row)
		return tacit_fail(err, TACIT_FORMAT, WHERE, HEADER_LEN,
				  "body type and size do not fit the TEE type");
	quote.version = head.version;
	quote.tee = row->tee;
	quote.body_type = row->type;
	quote.vendor = head.vendor;
	quote.user_data = head.user_data;
	quote.body = rd_take(&r, row->len);
	quote.covered = tacit_slice_of(in.ptr, r.at);
	uint32_t len = rd_le32(&r);
	struct reader data = rd_sub(&r, len);
	if (r.bad)
		return rd_finish(&r, WHERE, err);
	quote.trailing = rd_left(&r);
	st = read_signature_data(&data, &quote, err);
	if (st == TACIT_OK)
		*ret = quote;
	return st;
}
