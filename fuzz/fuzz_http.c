/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HTTP requests: heads and chunked bodies. What is found lies within the input, and how the
 * bytes were cut on their way changes nothing.
 */

#include "fuzz.h"
#include "net/http.c" /* not part of libtacit, so the target brings it along */

static void check_head(struct tacit_slice in)
{
	static struct tacit_http_head head;
	size_t end = tacit_http_head_end(in, 0);

	for (size_t cut = 1; cut < in.len && cut < 64; cut++) {
		size_t early = tacit_http_head_end(tacit_slice_of(in.ptr, cut), 0);

		if (early == 0)
			early = tacit_http_head_end(in, cut);
		FUZZ_ASSERT(early == end);
	}
	if (end == 0 || end == SIZE_MAX)
		return;
	FUZZ_ASSERT(end <= in.len);
	struct tacit_slice whole = tacit_slice_of(in.ptr, end);
	unsigned status = tacit_http_head_parse(whole, &head);
	FUZZ_ASSERT(status == 0 || (status >= 400 && status < 600));
	if (status != 0)
		return;
	FUZZ_ASSERT(head.method.len > 0 && fuzz_inside(head.method, whole));
	FUZZ_ASSERT(head.path.ptr[0] == '/' && fuzz_inside(head.path, whole));
	FUZZ_ASSERT(fuzz_inside(head.query, whole));
	FUZZ_ASSERT(!(head.chunked && head.length));
	FUZZ_ASSERT(head.count <= TACIT_HTTP_FIELDS_MAX);
	for (size_t i = 0; i < head.count; i++) {
		FUZZ_ASSERT(fuzz_inside(head.fields[i].name, whole));
		FUZZ_ASSERT(fuzz_inside(head.fields[i].value, whole));
	}
	FUZZ_ASSERT(fuzz_inside(tacit_http_query_find(head.query, "nonce"), whole));
}

struct outcome {
	enum tacit_http_step step;
	size_t used, body;
	uint32_t sum;
};

static struct outcome feed(struct tacit_slice in, size_t piece)
{
	struct tacit_http_chunks chunks = { 0 };
	struct outcome o = { TACIT_HTTP_MORE, 0, 0, 0 };

	while (o.used < in.len) {
		size_t n = in.len - o.used < piece ? in.len - o.used : piece, used = 0;
		struct tacit_slice part = tacit_slice_of(in.ptr + o.used, n), data = { NULL, 0 };

		o.step = tacit_http_chunks_feed(&chunks, part, &used, &data);
		FUZZ_ASSERT(used <= n && used > 0);
		FUZZ_ASSERT(fuzz_inside(data, part));
		o.used += used;
		for (size_t i = 0; i < data.len; i++)
			o.sum = o.sum * 31 + data.ptr[i];
		o.body += data.len;
		if (o.step == TACIT_HTTP_DONE || o.step == TACIT_HTTP_BAD)
			break;
	}
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);

	check_head(in);
	struct outcome whole = feed(in, SIZE_MAX), bytes = feed(in, 1);
	FUZZ_ASSERT((whole.step == TACIT_HTTP_DONE) == (bytes.step == TACIT_HTTP_DONE));
	FUZZ_ASSERT((whole.step == TACIT_HTTP_BAD) == (bytes.step == TACIT_HTTP_BAD));
	FUZZ_ASSERT(whole.used == bytes.used && whole.body == bytes.body && whole.sum == bytes.sum);
	return 0;
}
