/* SPDX-License-Identifier: Apache-2.0 */

/* One message opened piece by piece, against the same sealed at once. */

#include "crypto/aead_stream.h"

#include <string.h>

#include "tests/tap.h"

static const uint8_t KEY[32] = { 1 }, NONCE[12] = { 2 };
static uint8_t plain[5000], sealed[5000 + TACIT_AEAD_TAG_LEN], out[5000];

static enum tacit_status open_in(size_t step)
{
	struct tacit_aead_stream *s = tacit_aead_stream_new(
		TACIT_CHACHA20_POLY1305, TACIT_SLICE_ARRAY(KEY), TACIT_SLICE_ARRAY(NONCE));
	enum tacit_status st = TACIT_OK;

	for (size_t at = 0; at < sizeof(plain) && st == TACIT_OK; at += step) {
		size_t len = sizeof(plain) - at < step ? sizeof(plain) - at : step;

		st = tacit_aead_stream_update(s, tacit_slice_of(sealed + at, len), out + at, NULL);
	}
	if (st == TACIT_OK)
		st = tacit_aead_stream_final(s, sealed + sizeof(plain), NULL);
	tacit_aead_stream_free(s);
	return st;
}

int main(void)
{
	struct tacit_slice none = { NULL, 0 };
	size_t wrong = 0, passed = 0;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	is_status(tacit_aead_seal(TACIT_CHACHA20_POLY1305, TACIT_SLICE_ARRAY(KEY),
				  TACIT_SLICE_ARRAY(NONCE), none, TACIT_SLICE_ARRAY(plain),
				  tacit_mut_of(sealed, sizeof(sealed)), NULL),
		  TACIT_OK, "sealed at once");
	for (size_t step = 1; step <= sizeof(plain); step = step * 3 + 1) {
		memset(out, 0, sizeof(out));
		wrong += open_in(step) != TACIT_OK || memcmp(out, plain, sizeof(plain)) != 0;
	}
	ok(wrong == 0, "opened in pieces of any size");
	for (size_t i = 0; i < sizeof(sealed); i += 13) {
		sealed[i] ^= 0x10;
		passed += open_in(1000) != TACIT_SIGNATURE;
		sealed[i] ^= 0x10;
	}
	ok(passed == 0, "one bit anywhere is told at the end");
	sealed[sizeof(sealed) - 1] ^= 1;
	is_status(open_in(1000), TACIT_SIGNATURE, "the last one too");
	ok(!tacit_aead_stream_new(TACIT_CHACHA20_POLY1305, tacit_slice_of(KEY, 31),
				  TACIT_SLICE_ARRAY(NONCE)),
	   "a short key is none");
	ok(!tacit_aead_stream_new(TACIT_CHACHA20_POLY1305, TACIT_SLICE_ARRAY(KEY),
				  tacit_slice_of(NONCE, 11)),
	   "nor a short nonce");
	tacit_aead_stream_free(NULL);
	return done();
}
