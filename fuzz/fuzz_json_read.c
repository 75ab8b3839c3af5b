/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"
#include "codec/json_read.h"
#include "codec/utf8.h"
#include "fuzz.h"

/* Reads everything by its kind, as callers do, rather than by passing over it. */
static void walk(struct tacit_json_read *j, struct tacit_arena *arena)
{
	bool objects[TACIT_JSON_READ_NESTING_MAX + 1] = { false };
	unsigned depth = 0;

	do {
		struct tacit_slice text, name;

		switch (tacit_json_read_peek(j)) {
		case TACIT_JSON_OBJECT:
			tacit_json_read_object(j);
			objects[++depth % (TACIT_JSON_READ_NESTING_MAX + 1)] = true;
			break;
		case TACIT_JSON_ARRAY:
			FUZZ_ASSERT(tacit_json_read_count(j) <= j->in.len);
			tacit_json_read_array(j);
			objects[++depth % (TACIT_JSON_READ_NESTING_MAX + 1)] = false;
			break;
		case TACIT_JSON_STRING:
			text = tacit_json_read_text(j, arena);
			FUZZ_ASSERT(!j->why == (text.ptr != NULL));
			FUZZ_ASSERT(tacit_utf8_valid(text) &&
				    !(text.len && memchr(text.ptr, 0, text.len)));
			break;
		case TACIT_JSON_BOOL:
			(void)tacit_json_read_bool(j);
			break;
		case TACIT_JSON_NUMBER:
		case TACIT_JSON_NULL:
		case TACIT_JSON_END:
			text = tacit_json_read_skip(j);
			FUZZ_ASSERT(fuzz_inside(text, j->in));
			break;
		}
		while (!j->why && depth > 0 &&
		       !(objects[depth] ? tacit_json_read_member(j, &name)
					: tacit_json_read_item(j)))
			depth--;
	} while (!j->why && depth > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[1 << 16];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_json_read a = tacit_json_read_of(in), b = a;
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_arena arena;
	json_t *value = NULL;

	if (size > 4096)
		return 0;
	tacit_arena_init(&arena, room, sizeof(room));
	struct tacit_slice all = tacit_json_read_skip(&a);
	FUZZ_ASSERT(fuzz_inside(all, in));
	enum tacit_status skipped = tacit_json_read_finish(&a, "fuzz", &err);
	FUZZ_ASSERT(skipped == err.status && err.offset <= size);
	walk(&b, &arena);
	enum tacit_status walked = tacit_json_read_finish(&b, "fuzz", NULL);
	FUZZ_ASSERT(skipped == walked || walked == TACIT_LIMIT);
	/* What this reader takes, the other does: but for numbers that it would have to keep. */
	if (skipped == TACIT_OK && tacit_json_parse(in, &value, &err) != TACIT_OK) {
		bool digit = false;

		for (size_t i = 0; i < size; i++)
			digit |= data[i] >= '0' && data[i] <= '9';
		FUZZ_ASSERT(digit);
	}
	json_decref(value);
	return 0;
}
