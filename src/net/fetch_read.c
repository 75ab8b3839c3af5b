/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_read.h"

#include "base/hex.h"
#include "base/time.h"
#include "codec/pem.h"
#include "trust/collateral.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

#define WHERE "fetch.answer"

/* ---- reading -------------------------------------------------------------------------------- */

/* Percent-decoding; '+' is itself, as base64 has it. */
static enum tacit_status unescape(const char *text, struct tacit_arena *arena,
				  struct tacit_slice *ret, struct tacit_error *err)
{
	size_t len = strlen(text), n = 0;
	uint8_t *out = tacit_arena_alloc(arena, len + 1);

	if (!out)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%') {
			out[n++] = (uint8_t)text[i];
			continue;
		}
		size_t one = 0;
		if (i + 2 >= len || !tacit_hex_decode(tacit_slice_of(text + i + 1, 2),
						      tacit_mut_of(out + n, 1), &one))
			return tacit_fail(err, TACIT_FORMAT, WHERE, i,
					  "the header with the issuers is badly escaped");
		n += one;
		i += 2;
	}
	*ret = tacit_slice_of(out, n);
	return TACIT_OK;
}

static bool is_text(struct tacit_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.ptr[i];

		if ((c < ' ' && c != '\n' && c != '\r' && c != '\t') || c > '~')
			return false;
	}
	return true;
}

/* PEM of two certificates and nothing else. */
static enum tacit_status check_pem(struct tacit_slice text, struct tacit_arena *arena,
				   struct tacit_error *err)
{
	struct tacit_pem_block block;
	struct tacit_error broken = { 0 };
	struct tacit_cert cert;
	size_t at = 0, seen = 0;

	if (!is_text(text))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "a chain of issuers that is no text");
	while (tacit_pem_next(text, &at, arena, &block, &broken)) {
		if (!tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
			return tacit_fail(err, TACIT_FORMAT, WHERE, at,
					  "a chain of issuers with something else in it");
		enum tacit_status st = tacit_cert_parse(block.der, WHERE, &cert, err);
		if (st != TACIT_OK)
			return st;
		seen++;
	}
	if (broken.status == TACIT_LIMIT)
		return tacit_fail(err, TACIT_LIMIT, WHERE, at, "%s", broken.detail);
	if (broken.status != TACIT_OK || seen != 2)
		return tacit_fail(err, TACIT_FORMAT, WHERE, at,
				  "a chain of issuers that is not 2 certificates in PEM");
	return TACIT_OK;
}

static enum tacit_status read_chain(const char *header, bool required, struct tacit_arena *arena,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, text;

	*ret = none;
	if (!header && required)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "no header with the certificates of the signer");
	if (!header)
		return TACIT_OK;
	enum tacit_status st = unescape(header, arena, &text, err);
	if (st == TACIT_OK)
		st = check_pem(text, arena, err);
	if (st == TACIT_OK)
		*ret = text;
	return st;
}

static void take_doc(const struct tacit_intel_signed *doc, struct tacit_fetched *f)
{
	f->issued = doc->issue_date;
	f->until = doc->next_update;
	f->number = doc->evaluation_number;
}

/* One of what was asked for, and nothing beside it. */
static bool take(const struct tacit_collateral *all, enum tacit_fetch_kind kind,
		 struct tacit_fetched *f)
{
	bool docs = all->tcb_info_count + all->qe_identity_count > 0;
	bool others = all->event_log_count + all->quote_count > 0 || all->tpm.message.ptr;

	if (others)
		return false;
	switch (kind) {
	case TACIT_FETCH_TCB_INFO:
		if (all->tcb_info_count != 1 || all->qe_identity_count || all->crl_count)
			return false;
		take_doc(&all->tcb_infos[0].doc, f);
		return true;
	case TACIT_FETCH_QE_IDENTITY:
		if (all->qe_identity_count != 1 || all->tcb_info_count || all->crl_count)
			return false;
		take_doc(&all->qe_identities[0].doc, f);
		return true;
	case TACIT_FETCH_PCK_CRL:
	case TACIT_FETCH_ROOT_CRL:
	case TACIT_FETCH_AMD_CRL:
		if (all->crl_count != 1 || all->cert_count || docs)
			return false;
		f->bytes = all->crls[0].der;
		f->issued = all->crls[0].this_update;
		f->until = all->crls[0].next_update;
		return true;
	case TACIT_FETCH_AMD_CHAIN:
	case TACIT_FETCH_VCEK:
		if (all->cert_count != (kind == TACIT_FETCH_VCEK ? 1 : 2) || all->crl_count || docs)
			return false;
		if (kind == TACIT_FETCH_VCEK)
			f->bytes = all->certs[0].der;
		f->issued = all->certs[0].not_before;
		f->until = all->certs[0].not_after;
		return true;
	case TACIT_FETCH_KINDS:
		break;
	}
	return false;
}

enum tacit_status tacit_fetch_read_kept(const struct tacit_fetch_piece *piece,
					struct tacit_slice bytes, struct tacit_arena *arena,
					struct tacit_fetched *ret, struct tacit_error *err)
{
	struct tacit_fetched f = { .piece = piece, .bytes = bytes };
	const struct tacit_collateral *all;
	enum tacit_status st = tacit_collateral_parse(&bytes, 1, arena, &all, err);

	if (st != TACIT_OK)
		return st;
	if (!take(all, piece->kind, &f))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not one %s, but something else",
				  tacit_fetch_kind_name(piece->kind));
	*ret = f;
	return TACIT_OK;
}

enum tacit_status tacit_fetch_read(const struct tacit_fetch_piece *piece, struct tacit_slice body,
				   const char *chain, struct tacit_arena *arena,
				   struct tacit_fetched *ret, struct tacit_error *err)
{
	bool doc = piece->kind == TACIT_FETCH_TCB_INFO || piece->kind == TACIT_FETCH_QE_IDENTITY;
	struct tacit_fetched f;
	struct tacit_slice signers = { NULL, 0 };
	enum tacit_status st = tacit_fetch_read_kept(piece, body, arena, &f, err);

	if (st == TACIT_OK)
		st = read_chain(chain, doc, arena, &signers, err);
	if (st == TACIT_OK && doc) /* who issued a list is in the quote */
		f.chain = signers;
	if (st == TACIT_OK && piece->kind == TACIT_FETCH_AMD_CHAIN)
		st = check_pem(body, arena, err);
	if (st == TACIT_OK)
		*ret = f;
	return st;
}

/* ---- rollback ------------------------------------------------------------------------------- */

enum tacit_status tacit_fetch_read_age(const struct tacit_fetched *now,
				       const struct tacit_fetched *before, struct tacit_error *err)
{
	char one[TACIT_TIME_TEXT], other[TACIT_TIME_TEXT];

	if (now->number < before->number)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0,
				  "evaluation number %u, older than %u, which is there",
				  now->number, before->number);
	if (now->issued >= before->issued)
		return TACIT_OK;
	tacit_time_format(now->issued, one);
	tacit_time_format(before->issued, other);
	return tacit_fail(err, TACIT_POLICY, WHERE, 0, "issued %s, older than %s, which is there",
			  one, other);
}
