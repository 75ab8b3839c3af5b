/* SPDX-License-Identifier: Apache-2.0 */

/* Bech32: the valid and the invalid texts of BIP 173 that have no limit of 90, and age's keys. */

#include "codec/bech32.h"

#include <string.h>

#include "tests/tap.h"

static enum tacit_status decode(const char *text, const char *name, size_t *ret_len)
{
	uint8_t out[TACIT_BECH32_BYTES];

	return tacit_bech32_decode(tacit_slice_str(text), name, out, ret_len, NULL);
}

static void test_known(void)
{
	static const struct {
		const char *text, *name;
		size_t len;
		enum tacit_status want;
	} ROWS[] = {
		{ "A12UEL5L", "a", 0, TACIT_OK },
		{ "a12uel5l", "a", 0, TACIT_OK },
		{ "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef", 20, TACIT_OK },
		{ "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split", 30,
		  TACIT_OK },
		{ "A12UeL5L", "a", 0, TACIT_FORMAT },
		{ "a12uel5m", "a", 0, TACIT_FORMAT },
		{ "a12uel5", "a", 0, TACIT_FORMAT },
		{ "b12uel5l", "a", 0, TACIT_FORMAT },
		{ "a1b2uel5l", "a", 0, TACIT_FORMAT },
		{ "1nwldj5", "", 0, TACIT_FORMAT },
		{ "a1lqfn3a", "a", 0, TACIT_FORMAT }, /* of bech32m */
		{ "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxv", "abcdef", 0, TACIT_FORMAT },
		{ "split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "split", 0,
		  TACIT_FORMAT },
		{ "", "a", 0, TACIT_FORMAT },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		size_t len = 99;

		is_status(decode(ROWS[i].text, ROWS[i].name, &len), ROWS[i].want, ROWS[i].text);
		if (ROWS[i].want == TACIT_OK)
			ok(len == ROWS[i].len, "of %zu bytes", ROWS[i].len);
		else
			ok(len == 99, "and no length of it");
	}
}

/* Any bytes there and back; any character changed is found. */
static void test_round(void)
{
	uint8_t in[64], out[TACIT_BECH32_BYTES];
	char text[TACIT_BECH32_MAX];
	size_t len, wrong = 0, unnoticed = 0;

	for (size_t n = 0; n <= sizeof(in); n++) {
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 37 + n);
		if (tacit_bech32_encode(tacit_slice_of(in, n), "age", text, sizeof(text), NULL) !=
			    TACIT_OK ||
		    tacit_bech32_decode(tacit_slice_str(text), "age", out, &len, NULL) !=
			    TACIT_OK ||
		    !tacit_slice_eq(tacit_slice_of(out, len), tacit_slice_of(in, n)))
			wrong++;
		for (size_t i = 0; i < strlen(text); i++) {
			char old = text[i];

			text[i] = old == 'q' ? 'p' : 'q';
			unnoticed += decode(text, "age", &len) == TACIT_OK;
			text[i] = old;
		}
	}
	ok(wrong == 0, "up to 64 bytes there and back");
	ok(unnoticed == 0, "a wrong character is found wherever it is");
	is_status(tacit_bech32_encode(tacit_slice_of(in, 32), "age", text, 20, NULL), TACIT_LIMIT,
		  "no room");
	char long_text[TACIT_BECH32_MAX + 2];
	memset(long_text, 'q', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	memcpy(long_text, "age1", 4);
	is_status(decode(long_text, "age", &len), TACIT_FORMAT, "longer than any key");
}

int main(void)
{
	test_known();
	test_round();
	return done();
}
