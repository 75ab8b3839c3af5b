/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include "codec/cbor_walk.h"

/* The shortest head [RFC 8949 4.2.1]. */
static void put_head(struct writer *w, enum tacit_cbor_major major, uint64_t value)
{
	uint8_t top = (uint8_t)(major << 5);
	int step = (value > 0xff) + (value > 0xffff) + (value > 0xffffffff);

	if (value < 24) {
		wr_u8(w, (uint8_t)(top | value));
		return;
	}
	wr_u8(w, (uint8_t)(top | (24 + step)));
	wr_be(w, value, (size_t)1 << step);
}

void tacit_cbor_put_uint(struct writer *w, uint64_t value)
{
	put_head(w, TACIT_MAJOR_UINT, value);
}

void tacit_cbor_put_int(struct writer *w, int64_t value)
{
	if (value < 0)
		put_head(w, TACIT_MAJOR_NINT, (uint64_t)(-1 - value));
	else
		put_head(w, TACIT_MAJOR_UINT, (uint64_t)value);
}

void tacit_cbor_put_bytes(struct writer *w, struct tacit_slice bytes)
{
	put_head(w, TACIT_MAJOR_BYTES, bytes.len);
	wr_bytes(w, bytes);
}

void tacit_cbor_put_text(struct writer *w, struct tacit_slice text)
{
	put_head(w, TACIT_MAJOR_TEXT, text.len);
	wr_bytes(w, text);
}

void tacit_cbor_put_array(struct writer *w, uint64_t count)
{
	put_head(w, TACIT_MAJOR_ARRAY, count);
}

void tacit_cbor_put_map(struct writer *w, uint64_t pairs)
{
	put_head(w, TACIT_MAJOR_MAP, pairs);
}

void tacit_cbor_put_tag(struct writer *w, uint64_t tag)
{
	put_head(w, TACIT_MAJOR_TAG, tag);
}

void tacit_cbor_put_bool(struct writer *w, bool value)
{
	put_head(w, TACIT_MAJOR_SIMPLE, value ? 21 : 20);
}

void tacit_cbor_put_null(struct writer *w)
{
	put_head(w, TACIT_MAJOR_SIMPLE, 22);
}
