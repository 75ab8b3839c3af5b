/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/collateral.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/reader.h"
#include "codec/pem.h"
#include "trust/collateral_parts.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

#define WHERE      "collateral"
#define ITEMS_MAX  64 /* of one kind */
#define EVENTS_MAX 8  /* EV_NO_ACTION records before the one that names the format */

struct tacit_slice tacit_collateral_trim(struct tacit_slice text)
{
	static const char SPACE[] = " \t\r\n"; /* and the NUL that ends it */

	while (text.len > 0 && memchr(SPACE, text.ptr[0], sizeof(SPACE)))
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	while (text.len > 0 && memchr(SPACE, text.ptr[text.len - 1], sizeof(SPACE)))
		text.len--;
	return text;
}

enum tacit_status tacit_collateral_push(struct tacit_collateral_build *b,
					struct tacit_collateral_list *list, struct tacit_slice item,
					struct tacit_error *err)
{
	if (list->count == ITEMS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d of one kind",
				  ITEMS_MAX);
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 4;
		uint8_t *items = tacit_arena_alloc(b->arena, room * item.len);

		if (!items)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
		if (list->count > 0)
			memcpy(items, list->items, list->count * item.len);
		list->items = items;
		list->room = room;
	}
	memcpy((uint8_t *)list->items + list->count++ * item.len, item.ptr, item.len);
	return TACIT_OK;
}

/* --- certificates and lists ----------------------------------------------------------------- */

/* The first bytes of what a DER signature covers: SEQUENCE { SEQUENCE { ...; absent when other. */
static struct tacit_slice der_signed(struct tacit_slice in)
{
	struct tacit_slice none = { NULL, 0 };

	for (unsigned level = 0; level < 2; level++) {
		if (in.len < 2 || in.ptr[0] != 0x30)
			return none;
		size_t head = in.ptr[1] < 0x80 ? 2 : 2 + (size_t)(in.ptr[1] & 0x7f);
		if (head > 6 || head >= in.len)
			return none;
		in = tacit_slice_of(in.ptr + head, in.len - head);
	}
	return in;
}

/* TBSCertificate begins with [0] for its version, TBSCertList with an INTEGER or an algorithm. */
static bool is_cert(struct tacit_slice piece)
{
	struct tacit_slice tbs = der_signed(piece);

	return tbs.len > 0 && tbs.ptr[0] == 0xa0;
}

static bool is_crl(struct tacit_slice piece)
{
	struct tacit_slice tbs = der_signed(piece);

	return tbs.len > 0 && (tbs.ptr[0] == 0x02 || tbs.ptr[0] == 0x30);
}

static enum tacit_status add_cert(struct tacit_collateral_build *b, struct tacit_slice der,
				  struct tacit_error *err)
{
	const struct tacit_cert *have = b->certs.items;
	struct tacit_cert cert;

	for (size_t i = 0; i < b->certs.count; i++)
		if (tacit_slice_eq(have[i].der, der))
			return TACIT_OK; /* every chain brings the root again */
	enum tacit_status st = tacit_cert_parse(der, WHERE, &cert, err);
	if (st != TACIT_OK)
		return st;
	return tacit_collateral_push(b, &b->certs, tacit_slice_of(&cert, sizeof(cert)), err);
}

static enum tacit_status add_crl(struct tacit_collateral_build *b, struct tacit_slice der,
				 struct tacit_error *err)
{
	const struct tacit_crl *have = b->crls.items;
	struct tacit_crl crl;

	for (size_t i = 0; i < b->crls.count; i++)
		if (tacit_slice_eq(have[i].der, der))
			return TACIT_OK;
	enum tacit_status st = tacit_crl_parse(der, WHERE, &crl, err);
	if (st != TACIT_OK)
		return st;
	return tacit_collateral_push(b, &b->crls, tacit_slice_of(&crl, sizeof(crl)), err);
}

static enum tacit_status add_block(struct tacit_collateral_build *b,
				   const struct tacit_pem_block *block, struct tacit_error *err)
{
	char label[64];

	if (tacit_slice_eq(block->label, tacit_slice_str("CERTIFICATE")))
		return add_cert(b, block->der, err);
	if (tacit_slice_eq(block->label, tacit_slice_str("X509 CRL")))
		return add_crl(b, block->der, err);
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a PEM block of '%s'",
			  tacit_escape(label, sizeof(label), block->label));
}

static enum tacit_status add_pem(struct tacit_collateral_build *b, struct tacit_slice piece,
				 struct tacit_error *err)
{
	struct tacit_error broken = { 0 };
	struct tacit_pem_block block;
	size_t at = 0;

	while (tacit_pem_next(piece, &at, b->arena, &block, &broken)) {
		enum tacit_status st = add_block(b, &block, err);

		if (st != TACIT_OK)
			return st;
	}
	if (broken.status != TACIT_OK)
		return tacit_fail(err, broken.status, WHERE, 0, "%s", broken.detail);
	return TACIT_OK;
}

/* --- text forms ------------------------------------------------------------------------------ */

/* Chains in the headers of PCS and PCCS are percent-encoded. */
static bool is_percent(struct tacit_slice piece)
{
	static const char HEAD[] = "-----BEGIN%20";
	struct tacit_slice text = tacit_collateral_trim(piece);

	return text.len > sizeof(HEAD) - 1 && memcmp(text.ptr, HEAD, sizeof(HEAD) - 1) == 0;
}

static enum tacit_status add_percent(struct tacit_collateral_build *b, struct tacit_slice piece,
				     struct tacit_error *err)
{
	struct tacit_slice text = tacit_collateral_trim(piece);
	uint8_t *out = tacit_arena_alloc(b->arena, text.len);
	size_t len = 0, got;

	if (!out)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '%') {
			out[len++] = text.ptr[i];
			continue;
		}
		if (text.len - i < 3 || !tacit_hex_decode(tacit_slice_of(text.ptr + i + 1, 2),
							  tacit_mut_of(out + len, 1), &got))
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a broken %%-escape");
		len++;
		i += 2;
	}
	return tacit_collateral_add(b, tacit_slice_of(out, len), err);
}

static struct tacit_slice hex_digits(struct tacit_slice piece)
{
	struct tacit_slice text = tacit_collateral_trim(piece);

	if (text.len > 2 && text.ptr[0] == '0' && (text.ptr[1] | 0x20) == 'x')
		text = tacit_slice_of(text.ptr + 2, text.len - 2);
	return text;
}

static bool is_hex(struct tacit_slice piece)
{
	struct tacit_slice text = hex_digits(piece);

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i], lower = c | 0x20;

		if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'f'))
			return false;
	}
	return text.len >= 16 && text.len % 2 == 0;
}

static enum tacit_status add_hex(struct tacit_collateral_build *b, struct tacit_slice piece,
				 struct tacit_error *err)
{
	struct tacit_slice text = hex_digits(piece);
	size_t len;
	uint8_t *out = tacit_arena_alloc(b->arena, text.len / 2);

	if (!out || !tacit_hex_decode(text, tacit_mut_of(out, text.len / 2), &len))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	return tacit_collateral_add(b, tacit_slice_of(out, len), err);
}

static bool is_base64(struct tacit_slice piece)
{
	struct tacit_slice text = tacit_collateral_trim(piece);

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i], lower = c | 0x20;

		if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z') && c != '+' &&
		    c != '/' && c != '=')
			return false;
	}
	return text.len >= 16 && text.len % 4 == 0;
}

static enum tacit_status add_base64(struct tacit_collateral_build *b, struct tacit_slice piece,
				    struct tacit_error *err)
{
	struct tacit_slice text = tacit_collateral_trim(piece);
	size_t room = text.len / 4 * 3, len;
	uint8_t *out = tacit_arena_alloc(b->arena, room);

	if (!out)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	if (!tacit_base64_decode(TACIT_BASE64, text, tacit_mut_of(out, room), &len))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "broken base64");
	return tacit_collateral_add(b, tacit_slice_of(out, len), err);
}

/* --- event logs ------------------------------------------------------------------------------ */

/*
 * A log of measured boot: TCG_PCR_EVENT records of EV_NO_ACTION, one of which names the format
 * [TCG-PFP 10.2].
 */
static bool is_event_log(struct tacit_slice piece)
{
	static const char MARK[] = "Spec ID Event03"; /* with its NUL */
	struct reader r = rd_of(piece);

	for (unsigned i = 0; i < EVENTS_MAX; i++) {
		rd_skip(&r, 4); /* register */
		bool no_action = rd_le32(&r) == 3;

		rd_skip(&r, 20); /* digest */
		struct tacit_slice data = rd_take(&r, rd_le32(&r));
		if (r.bad || !no_action)
			return false;
		if (data.len >= sizeof(MARK) && memcmp(data.ptr, MARK, sizeof(MARK)) == 0)
			return true;
	}
	return false;
}

static enum tacit_status add_event_log(struct tacit_collateral_build *b, struct tacit_slice piece,
				       struct tacit_error *err)
{
	return tacit_collateral_push(b, &b->event_logs, tacit_slice_of(&piece, sizeof(piece)), err);
}

/* --- recognition ----------------------------------------------------------------------------- */

/* Tried from the first on. Text that carries other pieces comes last. */
static const struct kind {
	const char *name;
	bool (*is)(struct tacit_slice piece);
	enum tacit_status (*add)(struct tacit_collateral_build *b, struct tacit_slice piece,
				 struct tacit_error *err);
} KINDS[] = {
	{ "event log", is_event_log, add_event_log },
	{ "quote of a TPM", tacit_collateral_is_tpm_quote, tacit_collateral_tpm_quote },
	{ "quote of a TD", tacit_collateral_is_quote, tacit_collateral_quote },
	{ "certificate table", tacit_collateral_is_snp_table, tacit_collateral_snp_table },
	{ "certificate", is_cert, add_cert },
	{ "revocation list", is_crl, add_crl },
	{ "PEM", tacit_pem_looks, add_pem },
	{ "quote of a TPM in JSON", tacit_collateral_is_tpm_json, tacit_collateral_tpm_json },
	{ "JSON", tacit_collateral_is_json, tacit_collateral_json },
	{ "percent-encoded PEM", is_percent, add_percent },
	{ "hex", is_hex, add_hex },
	{ "base64", is_base64, add_base64 },
	{ "part of a TPM's quote", tacit_collateral_is_tpm_part, tacit_collateral_tpm_part },
};

/* Says what an unknown piece looks like. */
static enum tacit_status refuse(struct tacit_slice piece, struct tacit_error *err)
{
	struct tacit_slice text = tacit_collateral_trim(piece);
	char start[48];

	if (text.len == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "empty");
	if (text.ptr[0] == '<')
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "looks like HTML or XML");
	if (text.ptr[0] == '[')
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "looks like a JSON array");
	struct tacit_slice first = tacit_slice_of(text.ptr, text.len < 16 ? text.len : 16);
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%zu bytes of no known kind, beginning '%s'",
			  piece.len, tacit_escape(start, sizeof(start), first));
}

enum tacit_status tacit_collateral_add(struct tacit_collateral_build *b, struct tacit_slice piece,
				       struct tacit_error *err)
{
	if (b->depth == TACIT_COLLATERAL_DEPTH)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "wrapped too often");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++) {
		if (!KINDS[i].is(piece))
			continue;
		struct tacit_error inner = { 0 };
		b->depth++;
		enum tacit_status st = KINDS[i].add(b, piece, &inner);
		b->depth--;
		if (st == TACIT_OK)
			return st;
		return tacit_fail(err, st, WHERE, inner.offset, "%s: %s", KINDS[i].name,
				  inner.detail);
	}
	return refuse(piece, err);
}

static enum tacit_status add_pieces(struct tacit_collateral_build *b,
				    const struct tacit_slice *pieces, size_t count,
				    struct tacit_error *err)
{
	if (count > TACIT_COLLATERAL_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, count, "%zu pieces, at most %d", count,
				  TACIT_COLLATERAL_MAX);
	for (size_t i = 0; i < count; i++) {
		struct tacit_error inner = { 0 };

		if (pieces[i].len > TACIT_COLLATERAL_LENGTH)
			return tacit_fail(err, TACIT_LIMIT, WHERE, i, "%zu bytes, at most %d",
					  pieces[i].len, TACIT_COLLATERAL_LENGTH);
		enum tacit_status st = tacit_collateral_add(b, pieces[i], &inner);
		if (st != TACIT_OK)
			return tacit_fail(err, st, WHERE, i, "%s", inner.detail);
	}
	return TACIT_OK;
}

enum tacit_status tacit_collateral_parse(const struct tacit_slice *pieces, size_t count,
					 struct tacit_arena *arena,
					 const struct tacit_collateral **ret,
					 struct tacit_error *err)
{
	struct tacit_collateral_build b = { .arena = arena };
	struct tacit_collateral *all = tacit_arena_alloc(arena, sizeof(*all));

	if (!all)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	enum tacit_status st = add_pieces(&b, pieces, count, err);
	if (st != TACIT_OK)
		return st;
	all->cert_count = b.certs.count;
	all->certs = b.certs.items;
	all->crl_count = b.crls.count;
	all->crls = b.crls.items;
	all->tcb_info_count = b.tcb_infos.count;
	all->tcb_infos = b.tcb_infos.items;
	all->qe_identity_count = b.qe_identities.count;
	all->qe_identities = b.qe_identities.items;
	all->event_log_count = b.event_logs.count;
	all->event_logs = b.event_logs.items;
	all->quote_count = b.quotes.count;
	all->quotes = b.quotes.items;
	all->tpm = b.tpm;
	*ret = all;
	return TACIT_OK;
}
