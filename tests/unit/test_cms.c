/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"
#include "codec/cms.h"
#include "tests/unit/vectors.h"

/* ---- one of ours ---------------------------------------------------------------------------- */

static const uint8_t BYTES[1024]; /* values do not matter here */

static struct tacit_cms_enveloped sample(size_t wrapped, size_t content, bool in_pieces)
{
	return (struct tacit_cms_enveloped){
		.key_id = tacit_slice_of(BYTES, TACIT_CMS_KEY_ID),
		.wrapped_key = tacit_slice_of(BYTES, wrapped),
		.iv = tacit_slice_of(BYTES, TACIT_CMS_IV),
		.content = tacit_slice_of(BYTES, content),
		.in_pieces = in_pieces,
	};
}

static struct tacit_slice made(uint8_t *room, size_t size, bool in_pieces, size_t piece)
{
	const struct tacit_cms_enveloped cms = sample(256, 48, in_pieces);
	struct tacit_slice out = { NULL, 0 };

	if (tacit_cms_write(&cms, piece, tacit_mut_of(room, size), &out, NULL) != TACIT_OK)
		ok(false, "a sample is written");
	return out;
}

static void test_round(void)
{
	static const struct {
		size_t wrapped, content, piece;
		bool in_pieces;
	} ROWS[] = {
		{ 256, 16, 0, false }, { 256, 16, 0, true },   { 384, 48, 0, true },
		{ 512, 48, 0, true },  { 256, 128, 0, false }, { 256, 128, 16, true },
		{ 256, 256, 7, true }, { 256, 1024, 1, true }, { 512, 1024, 128, true },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		uint8_t room[8192], content[1024];
		struct tacit_cms_enveloped cms =
			sample(ROWS[i].wrapped, ROWS[i].content, ROWS[i].in_pieces);
		struct tacit_cms_enveloped got;
		struct tacit_slice out, whole;

		is_status(tacit_cms_write(&cms, ROWS[i].piece, tacit_mut_of(room, sizeof(room)),
					  &out, NULL),
			  TACIT_OK, "written");
		is_status(tacit_cms_parse(out, &got, NULL), TACIT_OK, "and read");
		ok(got.content_len == ROWS[i].content && got.in_pieces == ROWS[i].in_pieces,
		   "content of %zu bytes", ROWS[i].content);
		is_status(tacit_cms_content(&got, tacit_mut_of(content, sizeof(content)), &whole,
					    NULL),
			  TACIT_OK, "put together");
		is_slice(whole, cms.content, "is the same");
		is_slice(got.wrapped_key, cms.wrapped_key, "so is the wrapped key");
		if (ROWS[i].in_pieces)
			is_status(tacit_cms_content(&got, tacit_mut_of(content, whole.len - 1),
						    &whole, NULL),
				  TACIT_LIMIT, "not into too little room");
	}
}

static void test_write_refuses(void)
{
	uint8_t room[8192];
	struct tacit_slice out;
	struct tacit_cms_enveloped cms;

	for (size_t size = 0; size < 493; size++) {
		cms = sample(256, 48, true);
		if (tacit_cms_write(&cms, 0, tacit_mut_of(room, size), &out, NULL) != TACIT_LIMIT)
			ok(false, "room for %zu bytes", size);
	}
	ok(true, "no room is enough but enough");
	cms = sample(255, 48, true);
	is_status(tacit_cms_write(&cms, 0, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_USAGE, "a wrapped key of 255 bytes");
	cms = sample(256, 47, true);
	is_status(tacit_cms_write(&cms, 0, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_USAGE, "content of 47 bytes");
	cms = sample(256, 0, true);
	is_status(tacit_cms_write(&cms, 0, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_USAGE, "no content");
	cms = sample(256, 48, true);
	cms.iv.len--;
	is_status(tacit_cms_write(&cms, 0, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_USAGE, "an iv of 15 bytes");
	cms = sample(256, 48, true);
	cms.key_id.len--;
	is_status(tacit_cms_write(&cms, 0, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_USAGE, "a key identifier of 31 bytes");
}

/* ---- what is refused ------------------------------------------------------------------------ */

/* `bytes` in the place of `count` bytes at `at`. */
struct change {
	const char *name;
	size_t at, count;
	const char *bytes; /* hex */
	enum tacit_status status;
	const char *why;
};

/* Offsets in the form in one piece: the head of each element, from the front. */
static const struct change CHANGES[] = {
	{ "another type of content", 12, 1, "02", TACIT_UNSUPPORTED, "not enveloped data" },
	{ "another version", 19, 1, "00", TACIT_UNSUPPORTED, "enveloped data is not of version 2" },
	{ "a sequence of recipients", 20, 1, "30", TACIT_FORMAT, "another type" },
	{ "a recipient of version 0", 30, 1, "00", TACIT_UNSUPPORTED,
	  "recipient is not of version 2" },
	{ "a recipient by its issuer", 31, 1, "30", TACIT_FORMAT, "another type" },
	{ "PKCS #1 v1.5", 79, 1, "01", TACIT_UNSUPPORTED, "not wrapped by OAEP" },
	{ "OAEP with SHA-512", 96, 1, "03", TACIT_UNSUPPORTED, "not wrapped by OAEP" },
	{ "MGF1 with SHA-1 in it", 125, 1, "02", TACIT_UNSUPPORTED, "not wrapped by OAEP" },
	{ "content that is signed", 399, 1, "02", TACIT_UNSUPPORTED, "content is not data" },
	{ "AES-128", 412, 1, "02", TACIT_UNSUPPORTED, "not under AES-256-CBC" },
	{ "an iv of 15 bytes", 414, 1, "0f", TACIT_FORMAT, "" },
	{ "an iv of 17 bytes", 414, 1, "11", TACIT_FORMAT, "too early" },
	{ "an iv of 15 bytes, all lengths right", 401, 15, "1c060960864801650304012a040f",
	  TACIT_FORMAT, "iv is not of 16 bytes" },
	{ "content as [1]", 431, 1, "81", TACIT_FORMAT, "another type" },
	{ "content of 47 bytes", 432, 2, "2f", TACIT_FORMAT, "not whole blocks" },
	{ "no end", 489, 0, "", TACIT_OK, "" },
	{ "one byte more", 489, 0, "00", TACIT_FORMAT, "" },
	{ "another end", 488, 1, "01", TACIT_FORMAT, "" },
	{ "a length that is too long", 1, 1, "8201ff", TACIT_FORMAT, "" },
	{ "a definite length around it", 1, 1, "8201e5", TACIT_FORMAT, "" },
};

static void test_changes(void)
{
	uint8_t room[1024];
	struct tacit_slice whole = made(room, sizeof(room), false, 0);

	for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
		const struct change *c = &CHANGES[i];
		uint8_t bad[1100];
		struct tacit_slice put = vector_hex(c->bytes);
		struct tacit_cms_enveloped cms;
		struct tacit_error err = { 0 };
		size_t rest = whole.len - c->at - c->count;

		memcpy(bad, whole.ptr, c->at);
		memcpy(bad + c->at, put.ptr, put.len);
		memcpy(bad + c->at + put.len, whole.ptr + c->at + c->count, rest);
		is_status(tacit_cms_parse(tacit_slice_of(bad, c->at + put.len + rest), &cms, &err),
			  c->status, c->name);
		if (!ok(strstr(err.detail, c->why) != NULL, "says why: %s", c->why))
			printf("# got: %s at %llu\n", err.detail, (unsigned long long)err.offset);
		vector_done(put);
	}
}

/* Every cut is refused, and every bit counts but those of keys, iv and ciphertext. */
static void test_cuts_and_flips(bool in_pieces, size_t piece)
{
	uint8_t room[1024], bad[1024];
	struct tacit_slice whole = made(room, sizeof(room), in_pieces, piece);
	struct tacit_cms_enveloped cms, got;
	size_t taken = 0, values = TACIT_CMS_KEY_ID + 256 + TACIT_CMS_IV + 48;

	ok(tacit_cms_parse(whole, &cms, NULL) == TACIT_OK, "good as it is");
	for (size_t len = 0; len < whole.len; len++)
		if (tacit_cms_parse(tacit_slice_of(whole.ptr, len), &got, NULL) == TACIT_OK)
			ok(false, "cut to %zu bytes", len);
	ok(true, "no cut passes");
	for (size_t i = 0; i < 8 * whole.len; i++) {
		memcpy(bad, whole.ptr, whole.len);
		bad[i / 8] ^= (uint8_t)(1 << i % 8);
		taken += tacit_cms_parse(tacit_slice_of(bad, whole.len), &got, NULL) == TACIT_OK;
	}
	ok(taken == 8 * values, "%zu bits may be any, of %zu in the values", taken, 8 * values);
}

static void test_deep(void)
{
	/* [0] in [0] in [0]: no recursion to exhaust, and no such content. */
	uint8_t deep[TACIT_CMS_MAX + 1];

	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = i % 2 ? 0x80 : 0x30;
	struct tacit_cms_enveloped cms;

	is_status(tacit_cms_parse(tacit_slice_of(deep, TACIT_CMS_MAX), &cms, NULL), TACIT_FORMAT,
		  "nothing but heads");
	is_status(tacit_cms_parse(tacit_slice_of(deep, sizeof(deep)), &cms, NULL), TACIT_LIMIT,
		  "too long");
	is_status(tacit_cms_parse(tacit_slice_of(NULL, 0), &cms, NULL), TACIT_FORMAT, "nothing");
}

/* An empty piece, and pieces within pieces, are no content of KMS. */
static void test_pieces(void)
{
	uint8_t room[1024], bad[1024];
	struct tacit_slice whole = made(room, sizeof(room), true, 16);
	struct tacit_cms_enveloped cms;
	size_t at = 433; /* the first piece's head */

	memcpy(bad, whole.ptr, at);
	memcpy(bad + at, "\x04\x00", 2);
	memcpy(bad + at + 2, whole.ptr + at, whole.len - at);
	is_status(tacit_cms_parse(tacit_slice_of(bad, whole.len + 2), &cms, NULL), TACIT_FORMAT,
		  "an empty piece");
	memcpy(bad, whole.ptr, whole.len);
	bad[at] = 0x24;
	is_status(tacit_cms_parse(tacit_slice_of(bad, whole.len), &cms, NULL), TACIT_FORMAT,
		  "a piece of pieces");
	/* All pieces taken out. */
	memcpy(bad + at, whole.ptr + at + 3 * 18, whole.len - at - 3 * 18);
	is_status(tacit_cms_parse(tacit_slice_of(bad, whole.len - 3 * 18), &cms, NULL),
		  TACIT_FORMAT, "no piece at all");
}

/* What is around it with definite lengths, as others write it; nothing may be left over there. */
static void test_definite(void)
{
	uint8_t whole[1024], der[1024];
	struct tacit_slice made_one = made(whole, sizeof(whole), false, 0);
	struct tacit_cms_enveloped cms;
	/* EncryptedContentInfo, then all around it: their heads are longer. */
	size_t info = 387, content = 481 - info - 2, inner = info - 17 + 2 + content;
	struct writer w = wr_of(tacit_mut_of(der, sizeof(der)));

	for (size_t extra = 0; extra < 2; extra++) {
		w = wr_of(tacit_mut_of(der, sizeof(der)));
		wr_be(&w, 0x3082, 2);
		wr_be(&w, 11 + 4 + 4 + inner + extra, 2);
		wr_bytes(&w, tacit_slice_of(made_one.ptr + 2, 11));
		wr_be(&w, 0xa082, 2);
		wr_be(&w, 4 + inner + extra, 2);
		wr_be(&w, 0x3082, 2);
		wr_be(&w, inner + extra, 2);
		wr_bytes(&w, tacit_slice_of(made_one.ptr + 17, info - 17));
		wr_u8(&w, 0x30);
		wr_u8(&w, (uint8_t)content);
		wr_bytes(&w, tacit_slice_of(made_one.ptr + info + 2, content));
		wr_bytes(&w, tacit_slice_of("\0", extra));
		is_status(tacit_cms_parse(tacit_slice_of(der, w.at), &cms, NULL),
			  extra ? TACIT_FORMAT : TACIT_OK,
			  extra ? "and one byte more inside" : "definite lengths");
	}
}

/* A wrapped key of 255 bytes, with all lengths right. */
static void test_wrapped_length(void)
{
	uint8_t whole[1024], bad[1024];
	struct tacit_slice one = made(whole, sizeof(whole), false, 0);
	struct writer w = wr_of(tacit_mut_of(bad, sizeof(bad)));
	struct tacit_cms_enveloped cms;
	struct tacit_error err = { 0 };
	size_t key = 131; /* its first byte; its head has four */

	wr_bytes(&w, tacit_slice_of(one.ptr, 20));
	wr_be(&w, 0x31820169, 4);
	wr_be(&w, 0x30820165, 4);
	wr_bytes(&w, tacit_slice_of(one.ptr + 28, key - 4 - 28));
	wr_be(&w, 0x0481ff, 3);
	wr_bytes(&w, tacit_slice_of(one.ptr + key + 1, one.len - key - 1));
	is_status(tacit_cms_parse(tacit_slice_of(bad, w.at), &cms, &err), TACIT_FORMAT,
		  "a wrapped key of 255 bytes");
	ok(strstr(err.detail, "wrapped key is not") != NULL, "says so: %s", err.detail);
}

/* ---- AWS's ---------------------------------------------------------------------------------- */

static void test_vector(const char *name, bool in_pieces, size_t content_len)
{
	char path[4096];
	uint8_t room[8192];
	struct tacit_cms_enveloped cms, bare;
	struct tacit_slice whole, content, again;

	if (!tap_vectors()) {
		skip(name, "no shared vectors (TACIT_VECTORS)");
		return;
	}
	snprintf(path, sizeof(path), "%s/nitro/%s", tap_vectors(), name);
	whole = vector_file(path);
	is_status(tacit_cms_parse(whole, &cms, NULL), TACIT_OK, name);
	ok(cms.in_pieces == in_pieces && cms.content_len == content_len, "has its form and length");
	ok(tacit_cms_content(&cms, tacit_mut_of(room, sizeof(room)), &content, NULL) == TACIT_OK,
	   "its content is put together");
	bare = cms;
	bare.content = content;
	ok(tacit_cms_write(&bare, 0, tacit_mut_of(room + 4096, 4096), &again, NULL) == TACIT_OK,
	   "written anew");
	is_slice(again, whole, "it is the same, byte for byte");
	for (size_t len = 0; len < whole.len; len++)
		if (tacit_cms_parse(tacit_slice_of(whole.ptr, len), &cms, NULL) == TACIT_OK)
			ok(false, "cut to %zu bytes", len);
	vector_done(whole);
}

int main(void)
{
	test_round();
	test_write_refuses();
	test_changes();
	test_cuts_and_flips(false, 0);
	test_cuts_and_flips(true, 0);
	test_cuts_and_flips(true, 16);
	test_deep();
	test_pieces();
	test_definite();
	test_wrapped_length();
	test_vector("cms_awssdk_constructed.ber", true, 48);
	test_vector("cms_awssdk_primitive.ber", false, 16);
	test_vector("cms_edgebit_rsa2048.ber", true, 48);
	return done();
}
