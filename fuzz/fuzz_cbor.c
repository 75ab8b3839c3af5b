/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"
#include "codec/utf8.h"
#include "fuzz.h"

/* The encoding is a prefix code, so heads in sequence are the item: no nesting to follow. */
static void copy_head(struct tacit_cbor *c, struct writer *w)
{
	struct tacit_cbor back = *c;

	switch (tacit_cbor_peek(c)) {
	case TACIT_CBOR_UINT:
		tacit_cbor_put_uint(w, tacit_cbor_uint(c));
		break;
	case TACIT_CBOR_BYTES:
		tacit_cbor_put_bytes(w, tacit_cbor_bytes(c));
		break;
	case TACIT_CBOR_TEXT:
		tacit_cbor_put_text(w, tacit_cbor_text(c));
		break;
	case TACIT_CBOR_ARRAY:
		tacit_cbor_put_array(w, tacit_cbor_array(c));
		break;
	case TACIT_CBOR_MAP:
		tacit_cbor_put_map(w, tacit_cbor_map(c));
		break;
	case TACIT_CBOR_TAG:
		tacit_cbor_put_tag(w, tacit_cbor_tag(c));
		break;
	case TACIT_CBOR_NINT: {
		int64_t value = tacit_cbor_int(&back);

		if (back.r.bad) { /* below INT64_MIN, which the writer does not offer */
			wr_bytes(w, tacit_cbor_item(c));
			break;
		}
		FUZZ_ASSERT(value < 0);
		tacit_cbor_put_int(w, tacit_cbor_int(c));
		break;
	}
	case TACIT_CBOR_SIMPLE:
		if (tacit_cbor_null(c)) {
			tacit_cbor_put_null(w);
			break;
		}
		bool value = tacit_cbor_bool(&back);
		if (back.r.bad)
			wr_bytes(w, tacit_cbor_item(c));
		else
			tacit_cbor_put_bool(w, tacit_cbor_bool(c) && value);
		break;
	case TACIT_CBOR_FLOAT:
	case TACIT_CBOR_BREAK:
	case TACIT_CBOR_NONE:
		FUZZ_ASSERT(!"accepted by the strict reader");
	}
}

static void check_again(struct tacit_slice in)
{
	uint8_t *room = malloc(in.len);
	FUZZ_ASSERT(room);
	struct writer w = wr_of(tacit_mut_of(room, in.len));
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_STRICT);

	while (c.r.at < in.len && !c.r.bad)
		copy_head(&c, &w);
	FUZZ_ASSERT(!c.r.bad && !w.bad);
	FUZZ_ASSERT(tacit_slice_eq(tacit_slice_of(room, w.at), in));
	free(room);
}

/* No item is the beginning of another. */
static void check_prefixes(struct tacit_slice in)
{
	for (size_t len = 0; len < in.len && len < 64; len++)
		FUZZ_ASSERT(tacit_cbor_check(tacit_slice_of(in.ptr, len), TACIT_CBOR_LAX, NULL) !=
			    TACIT_OK);
}

static void check_diagnose(struct tacit_slice in, bool well_formed)
{
	static uint8_t room[1 << 16];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	enum tacit_status status = tacit_cbor_diagnose(in, &w, NULL);

	FUZZ_ASSERT((status == TACIT_OK || (w.bad && status == TACIT_LIMIT)) == well_formed);
	if (status != TACIT_OK)
		return;
	FUZZ_ASSERT(w.at > 0 && tacit_utf8_valid(tacit_slice_of(room, w.at)));
	for (size_t i = 0; i < w.at; i++)
		FUZZ_ASSERT(room[i] >= 0x20 && room[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_error strict_err = { TACIT_OK, "", 0, "" };
	struct tacit_error lax_err = { TACIT_OK, "", 0, "" };
	enum tacit_status strict = tacit_cbor_check(in, TACIT_CBOR_STRICT, &strict_err);
	enum tacit_status lax = tacit_cbor_check(in, TACIT_CBOR_LAX, &lax_err);

	FUZZ_ASSERT(strict == strict_err.status && lax == lax_err.status);
	FUZZ_ASSERT(strict_err.offset <= size && lax_err.offset <= size);
	FUZZ_ASSERT((strict == TACIT_OK) == (strict_err.detail[0] == '\0'));
	if (strict == TACIT_OK) {
		FUZZ_ASSERT(lax == TACIT_OK);
		check_again(in);
	}
	if (lax == TACIT_OK)
		check_prefixes(in);
	check_diagnose(in, lax == TACIT_OK);
	return 0;
}
