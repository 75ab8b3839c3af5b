/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms.h"

#include "base/writer.h"
#include "codec/der.h"

#define WHERE "cms"

/* Open at one time: ContentInfo, its [0], EnvelopedData, EncryptedContentInfo, its [0]. */
#define LEVELS_MAX 5

#define BLOCK      16 /* of AES */

/* The DER of what never differs. */
static const uint8_t OID_ENVELOPED[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					 0xf7, 0x0d, 0x01, 0x07, 0x03 }; /* [RFC 5652 6.1] */
static const uint8_t OID_DATA[] = {
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01
}; /* [RFC 5652 4] */
static const uint8_t VERSION_2[] = { 0x02, 0x01, 0x02 };
/* RSAES-OAEP, SHA-256, MGF1 with SHA-256, no label [RFC 8017 A.2.1]. */
static const uint8_t OAEP[] = { 0x30, 0x3c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
				0x01, 0x07, 0x30, 0x2f, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60,
				0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa1,
				0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
				0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00 };
static const uint8_t OID_AES256_CBC[] = { 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					  0x65, 0x03, 0x04, 0x01, 0x2a }; /* [RFC 3565 4.1] */

/* ---- reading -------------------------------------------------------------------------------- */

/*
 * The outer levels, which may have indefinite lengths; `d` reads no further than the innermost
 * definite one. What is refused is DER's word, so that the complaints are all kept in `d`.
 */
struct walk {
	struct tacit_der d;
	unsigned depth;
	struct {
		size_t outer_len; /* of d.r.in, while this level is open */
		bool indefinite;
	} levels[LEVELS_MAX];
	const char *unsupported;
};

/* A definite head is DER's: entering gives a cursor over the content, which sets its bounds. */
static void enter_definite(struct walk *w, uint8_t tag)
{
	struct tacit_slice content = tacit_der_take(&w->d, tag);

	if (w->d.why)
		return;
	w->d.r.at -= content.len;
	w->levels[w->depth].indefinite = false;
	w->levels[w->depth].outer_len = w->d.r.in.len;
	w->d.r.in.len = w->d.r.at + content.len;
	w->depth++;
}

/* Opens a constructed element; its bounds hold for all that is read before leave(). */
static void enter(struct walk *w, uint8_t tag)
{
	struct reader head = w->d.r;
	uint8_t first = rd_u8(&head), length = rd_u8(&head);

	if (w->d.why || head.bad || first != tag || length != 0x80) {
		enter_definite(w, tag);
		return;
	}
	w->d.r = head;
	w->levels[w->depth].indefinite = true;
	w->levels[w->depth].outer_len = w->d.r.in.len;
	w->depth++;
}

/* At the end of the innermost level: its end-of-contents octets, or no byte more. */
static bool at_end(const struct walk *w)
{
	if (!w->levels[w->depth - 1].indefinite)
		return rd_left(&w->d.r) == 0;
	return tacit_der_peek(&w->d) == 0; /* no element that we know begins with 0 */
}

static void leave(struct walk *w)
{
	if (w->d.why)
		return;
	w->depth--;
	if (w->levels[w->depth].indefinite) {
		if (rd_be16(&w->d.r) != 0 || w->d.r.bad)
			tacit_der_reject(&w->d, "no end of contents where it is due");
	} else if (rd_left(&w->d.r) != 0) {
		tacit_der_reject(&w->d, "bytes left over");
	}
	w->d.r.in.len = w->levels[w->depth].outer_len;
}

static void expect(struct walk *w, struct tacit_der *d, struct tacit_slice element,
		   const char *otherwise)
{
	struct tacit_slice got = tacit_der_element(d);

	if (!d->why && !tacit_slice_eq(got, element)) {
		tacit_der_reject(d, otherwise);
		w->unsupported = otherwise;
	}
}

/* An element of a length that is known. */
static struct tacit_slice take_sized(struct tacit_der *d, uint8_t tag, size_t len,
				     const char *otherwise)
{
	struct tacit_slice got = tacit_der_take(d, tag);

	if (!d->why && got.len != len)
		tacit_der_reject(d, otherwise);
	return got;
}

static bool is_rsa_len(size_t len)
{
	return len == 256 || len == 384 || len == 512;
}

/* RecipientInfos with one KeyTransRecipientInfo [RFC 5652 6.2.1], both definite. */
static void read_recipient(struct walk *w, struct tacit_cms_enveloped *ret)
{
	struct tacit_der set = tacit_der_enter(&w->d, TACIT_DER_SET);
	struct tacit_der info = tacit_der_enter(&set, TACIT_DER_SEQUENCE);

	expect(w, &info, TACIT_SLICE_ARRAY(VERSION_2), "recipient is not of version 2");
	ret->key_id = take_sized(&info, TACIT_DER_PRIMITIVE(0), TACIT_CMS_KEY_ID,
				 "key identifier is not of 32 bytes");
	expect(w, &info, TACIT_SLICE_ARRAY(OAEP), "key is not wrapped by OAEP with SHA-256");
	ret->wrapped_key = tacit_der_take(&info, TACIT_DER_OCTETS);
	if (!info.why && !is_rsa_len(ret->wrapped_key.len))
		tacit_der_reject(&info, "wrapped key is not of 256, 384 or 512 bytes");
	tacit_der_leave(&set, &info);
	tacit_der_leave(&w->d, &set);
}

static void read_cipher(struct walk *w, struct tacit_cms_enveloped *ret)
{
	struct tacit_der cipher = tacit_der_enter(&w->d, TACIT_DER_SEQUENCE);

	expect(w, &cipher, TACIT_SLICE_ARRAY(OID_AES256_CBC), "content is not under AES-256-CBC");
	ret->iv = take_sized(&cipher, TACIT_DER_OCTETS, TACIT_CMS_IV, "iv is not of 16 bytes");
	tacit_der_leave(&w->d, &cipher);
}

static void read_pieces(struct walk *w, struct tacit_cms_enveloped *ret)
{
	enter(w, TACIT_DER_CONTEXT(0));
	size_t start = w->d.r.at;

	while (!w->d.why && !at_end(w)) {
		struct tacit_slice piece = tacit_der_take(&w->d, TACIT_DER_OCTETS);

		if (!w->d.why && piece.len == 0)
			tacit_der_reject(&w->d, "empty piece of content");
		ret->content_len += piece.len;
	}
	ret->in_pieces = true;
	ret->content = tacit_slice_of(w->d.r.in.ptr + start, w->d.r.at - start);
	leave(w);
}

/* EncryptedContentInfo [RFC 5652 6.1]. */
static void read_content(struct walk *w, struct tacit_cms_enveloped *ret)
{
	enter(w, TACIT_DER_SEQUENCE);
	expect(w, &w->d, TACIT_SLICE_ARRAY(OID_DATA), "content is not data");
	read_cipher(w, ret);
	if (tacit_der_peek(&w->d) == TACIT_DER_CONTEXT(0)) {
		read_pieces(w, ret);
	} else {
		ret->content = tacit_der_take(&w->d, TACIT_DER_PRIMITIVE(0));
		ret->content_len = ret->content.len;
	}
	if (!w->d.why && (ret->content_len == 0 || ret->content_len % BLOCK != 0))
		tacit_der_reject(&w->d, "content is not whole blocks");
	leave(w);
}

enum tacit_status tacit_cms_parse(struct tacit_slice in, struct tacit_cms_enveloped *ret,
				  struct tacit_error *err)
{
	struct walk w = { .d = tacit_der_of(in) };
	struct tacit_cms_enveloped found = { 0 };

	if (in.len > TACIT_CMS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %d", in.len,
				  TACIT_CMS_MAX);
	enter(&w, TACIT_DER_SEQUENCE);
	expect(&w, &w.d, TACIT_SLICE_ARRAY(OID_ENVELOPED), "not enveloped data");
	enter(&w, TACIT_DER_CONTEXT(0));
	enter(&w, TACIT_DER_SEQUENCE);
	expect(&w, &w.d, TACIT_SLICE_ARRAY(VERSION_2), "enveloped data is not of version 2");
	read_recipient(&w, &found);
	read_content(&w, &found);
	leave(&w);
	leave(&w);
	leave(&w);
	if (w.unsupported)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, w.d.r.at, "%s", w.unsupported);
	enum tacit_status st = tacit_der_finish(&w.d, WHERE, err);
	if (st == TACIT_OK)
		*ret = found;
	return st;
}

enum tacit_status tacit_cms_content(const struct tacit_cms_enveloped *cms, struct tacit_mut room,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_der pieces = tacit_der_of(cms->content);
	struct writer w = wr_of(room);

	if (!cms->in_pieces) {
		*ret = cms->content;
		return TACIT_OK;
	}
	while (tacit_der_more(&pieces))
		wr_bytes(&w, tacit_der_take(&pieces, TACIT_DER_OCTETS));
	return wr_finish(&w, WHERE, ret, err);
}

/* ---- writing -------------------------------------------------------------------------------- */

static const uint8_t INDEFINITE = 0x80;
static const uint8_t END_OF_CONTENTS[2];

static size_t head_len(size_t len)
{
	return len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
}

/* No length that is written here needs more than two bytes: TACIT_CMS_MAX. */
static void put_head(struct writer *w, uint8_t tag, size_t len)
{
	wr_u8(w, tag);
	if (len >= 0x80)
		wr_u8(w, len < 0x100 ? 0x81 : 0x82);
	wr_be(w, len, len < 0x100 ? 1 : 2);
}

static void put_element(struct writer *w, uint8_t tag, struct tacit_slice content)
{
	put_head(w, tag, content.len);
	wr_bytes(w, content);
}

static void put_open(struct writer *w, uint8_t tag)
{
	wr_u8(w, tag);
	wr_u8(w, INDEFINITE);
}

static void put_recipient(struct writer *w, const struct tacit_cms_enveloped *cms)
{
	size_t len = sizeof(VERSION_2) + head_len(cms->key_id.len) + cms->key_id.len +
		     sizeof(OAEP) + head_len(cms->wrapped_key.len) + cms->wrapped_key.len;

	put_head(w, TACIT_DER_SET, head_len(len) + len);
	put_head(w, TACIT_DER_SEQUENCE, len);
	wr_bytes(w, TACIT_SLICE_ARRAY(VERSION_2));
	put_element(w, TACIT_DER_PRIMITIVE(0), cms->key_id);
	wr_bytes(w, TACIT_SLICE_ARRAY(OAEP));
	put_element(w, TACIT_DER_OCTETS, cms->wrapped_key);
}

static void put_pieces(struct writer *w, struct tacit_slice content, size_t piece)
{
	put_open(w, TACIT_DER_CONTEXT(0));
	for (size_t at = 0; at < content.len;) {
		size_t take = content.len - at;

		if (piece && take > piece)
			take = piece;
		put_element(w, TACIT_DER_OCTETS, tacit_slice_of(content.ptr + at, take));
		at += take;
	}
	wr_bytes(w, TACIT_SLICE_ARRAY(END_OF_CONTENTS));
}

static void put_content(struct writer *w, const struct tacit_cms_enveloped *cms, size_t piece)
{
	put_open(w, TACIT_DER_SEQUENCE);
	wr_bytes(w, TACIT_SLICE_ARRAY(OID_DATA));
	put_head(w, TACIT_DER_SEQUENCE, sizeof(OID_AES256_CBC) + 2 + TACIT_CMS_IV);
	wr_bytes(w, TACIT_SLICE_ARRAY(OID_AES256_CBC));
	put_element(w, TACIT_DER_OCTETS, cms->iv);
	if (cms->in_pieces)
		put_pieces(w, cms->content, piece);
	else
		put_element(w, TACIT_DER_PRIMITIVE(0), cms->content);
	wr_bytes(w, TACIT_SLICE_ARRAY(END_OF_CONTENTS));
}

enum tacit_status tacit_cms_write(const struct tacit_cms_enveloped *cms, size_t piece,
				  struct tacit_mut room, struct tacit_slice *ret,
				  struct tacit_error *err)
{
	struct writer w = wr_of(room);

	if (cms->key_id.len != TACIT_CMS_KEY_ID || cms->iv.len != TACIT_CMS_IV ||
	    !is_rsa_len(cms->wrapped_key.len) || cms->content.len == 0 ||
	    cms->content.len % BLOCK != 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "a member of a wrong length");
	if (cms->content.len > TACIT_CMS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "content of %zu bytes",
				  cms->content.len);
	put_open(&w, TACIT_DER_SEQUENCE);
	wr_bytes(&w, TACIT_SLICE_ARRAY(OID_ENVELOPED));
	put_open(&w, TACIT_DER_CONTEXT(0));
	put_open(&w, TACIT_DER_SEQUENCE);
	wr_bytes(&w, TACIT_SLICE_ARRAY(VERSION_2));
	put_recipient(&w, cms);
	put_content(&w, cms, piece);
	for (int i = 0; i < 3; i++)
		wr_bytes(&w, TACIT_SLICE_ARRAY(END_OF_CONTENTS));
	return wr_finish(&w, WHERE, ret, err);
}
