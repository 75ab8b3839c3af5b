/* SPDX-License-Identifier: Apache-2.0 */
#include "release/age_stream.h"

#include "base/secret.h"
#include "crypto/aead.h"

#define WHERE     "age.payload"
#define PLAIN_MAX (UINT64_C(1) << 48) /* far beyond any file, far below any overflow */

enum tacit_status tacit_age_stream_init(struct tacit_age_stream *stream,
					const uint8_t file_key[static TACIT_AGE_FILE_KEY],
					const uint8_t nonce[static TACIT_AGE_NONCE],
					struct tacit_error *err)
{
	uint8_t prk[TACIT_SHA256_LEN];
	enum tacit_status st =
		tacit_hkdf_extract(TACIT_SHA256, tacit_slice_of(nonce, TACIT_AGE_NONCE),
				   tacit_slice_of(file_key, TACIT_AGE_FILE_KEY), prk, err);

	if (st == TACIT_OK)
		st = tacit_hkdf_expand(TACIT_SHA256, TACIT_SLICE_ARRAY(prk),
				       tacit_slice_str("payload"),
				       tacit_mut_of(stream->key, sizeof(stream->key)), err);
	tacit_wipe(prk, sizeof(prk));
	if (st != TACIT_OK)
		tacit_age_stream_done(stream);
	return st;
}

void tacit_age_stream_done(struct tacit_age_stream *stream)
{
	tacit_wipe(stream->key, sizeof(stream->key));
}

/* Eleven bytes of the chunk's number, big endian, and one that says whether it is the last. */
static void make_nonce(uint64_t number, bool last, uint8_t nonce[static TACIT_AEAD_NONCE_LEN])
{
	memset(nonce, 0, TACIT_AEAD_NONCE_LEN);
	for (size_t i = 0; i < 8; i++)
		nonce[3 + i] = (uint8_t)(number >> 8 * (7 - i));
	nonce[11] = last ? 1 : 0;
}

static bool length_fits(uint64_t number, bool last, size_t plain)
{
	if (plain > TACIT_AGE_CHUNK || (!last && plain != TACIT_AGE_CHUNK))
		return false;
	return plain > 0 || number == 0;
}

enum tacit_status tacit_age_chunk_open(const struct tacit_age_stream *stream, uint64_t number,
				       bool last, struct tacit_slice sealed, struct tacit_mut out,
				       struct tacit_error *err)
{
	uint8_t nonce[TACIT_AEAD_NONCE_LEN];
	struct tacit_error inner = { 0 };

	if (sealed.len < TACIT_AGE_TAG || !length_fits(number, last, sealed.len - TACIT_AGE_TAG))
		return tacit_fail(err, TACIT_FORMAT, WHERE, number,
				  "chunk %llu has a length that it cannot have",
				  (unsigned long long)number);
	make_nonce(number, last, nonce);
	enum tacit_status st = tacit_aead_open(
		TACIT_CHACHA20_POLY1305, TACIT_SLICE_ARRAY(stream->key), TACIT_SLICE_ARRAY(nonce),
		tacit_slice_of(NULL, 0), sealed, out, &inner);
	if (st == TACIT_SIGNATURE)
		return tacit_fail(err, st, WHERE, number, "chunk %llu does not open",
				  (unsigned long long)number);
	return st == TACIT_OK ? st : tacit_fail(err, st, WHERE, number, "%s", inner.detail);
}

enum tacit_status tacit_age_chunk_seal(const struct tacit_age_stream *stream, uint64_t number,
				       bool last, struct tacit_slice plain, struct tacit_mut out,
				       struct tacit_error *err)
{
	uint8_t nonce[TACIT_AEAD_NONCE_LEN];

	if (!length_fits(number, last, plain.len))
		return tacit_fail(err, TACIT_USAGE, WHERE, number, "chunk of %zu bytes", plain.len);
	make_nonce(number, last, nonce);
	return tacit_aead_seal(TACIT_CHACHA20_POLY1305, TACIT_SLICE_ARRAY(stream->key),
			       TACIT_SLICE_ARRAY(nonce), tacit_slice_of(NULL, 0), plain, out, err);
}

uint64_t tacit_age_chunks(uint64_t plain)
{
	return plain == 0 ? 1 : (plain - 1) / TACIT_AGE_CHUNK + 1;
}

bool tacit_age_payload_len(uint64_t plain, uint64_t *ret_payload)
{
	if (plain > PLAIN_MAX)
		return false;
	*ret_payload = TACIT_AGE_NONCE + plain + tacit_age_chunks(plain) * TACIT_AGE_TAG;
	return true;
}

bool tacit_age_plain_len(uint64_t payload, uint64_t *ret_plain)
{
	if (payload < TACIT_AGE_NONCE + TACIT_AGE_TAG || payload > 2 * PLAIN_MAX)
		return false;
	uint64_t body = payload - TACIT_AGE_NONCE;
	uint64_t whole = body / TACIT_AGE_SEALED, rest = body % TACIT_AGE_SEALED;

	/* A last chunk that holds nothing may only be the first one. */
	if (rest && (rest < TACIT_AGE_TAG || (rest == TACIT_AGE_TAG && whole)))
		return false;
	*ret_plain = whole * TACIT_AGE_CHUNK + (rest ? rest - TACIT_AGE_TAG : 0);
	return true;
}
