/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/writer.h"
#include "codec/json_read.h"
#include "crypto/hash.h"
#include "release/keyd_kbs.h"

#define WHERE       "kbs.runtime"
#define MEMBERS_MAX 16
#define EXTRA       256

/* A text in canonical JSON [RFC 8785 3.2.2.2]: nothing is escaped that need not be. */
static void put_text(struct writer *w, struct tacit_slice text)
{
	static const char SHORT[] = "\b\t\n\f\r\"\\", AFTER[] = "btnfr\"\\";

	wr_u8(w, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		const char *found = c ? memchr(SHORT, c, sizeof(SHORT) - 1) : NULL;
		char escape[8];

		if (found) {
			wr_u8(w, '\\');
			wr_u8(w, (uint8_t)AFTER[found - SHORT]);
		} else if (c < 0x20) {
			snprintf(escape, sizeof(escape), "\\u%04x", c);
			wr_text(w, escape);
		} else {
			wr_u8(w, c);
		}
	}
	wr_u8(w, '"');
}

struct member {
	struct tacit_slice name, value;
};

static bool comes_before(struct tacit_slice a, struct tacit_slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order < 0 || (order == 0 && a.len < b.len);
}

/* Names are ASCII, in which the order of bytes is that of UTF-16 units. */
static bool is_ascii(struct tacit_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 0x80)
			return false;
	return true;
}

static enum tacit_status read_members(struct tacit_slice json, struct tacit_arena *arena,
				      struct member members[MEMBERS_MAX], size_t *ret_count,
				      struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_slice name;
	size_t count = 0;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		struct tacit_slice value = tacit_json_read_text(&j, arena);
		size_t at = count;

		if (count == MEMBERS_MAX || !is_ascii(name)) {
			tacit_json_read_reject(&j, "too many members, or one that is not ASCII");
			break;
		}
		for (; at > 0 && comes_before(name, members[at - 1].name); at--)
			members[at] = members[at - 1];
		members[at].name = name;
		members[at].value = value;
		count++;
	}
	*ret_count = count;
	return tacit_json_read_finish(&j, WHERE, err);
}

enum tacit_status tacit_kbs_bound(const struct tacit_kbs_runtime *runtime, enum tacit_hash_alg alg,
				  struct tacit_arena *arena, uint8_t *ret, struct tacit_error *err)
{
	struct member members[MEMBERS_MAX] = { 0 };
	struct tacit_slice whole;
	size_t count = 0, size;
	enum tacit_status st = read_members(runtime->pubkey, arena, members, &count, err);

	if (st != TACIT_OK)
		return st;
	/* No byte becomes more than six. */
	size = 6 * (runtime->additional.len + runtime->nonce.len + runtime->pubkey.len) + EXTRA;
	uint8_t *room = tacit_arena_alloc(arena, size);
	if (!room)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the runtime data");
	struct writer w = wr_of(tacit_mut_of(room, size));
	wr_text(&w, "{");
	if (!runtime->device) {
		wr_text(&w, "\"additional-evidence\":");
		put_text(&w, runtime->additional);
		wr_text(&w, ",");
	}
	wr_text(&w, "\"nonce\":");
	put_text(&w, runtime->nonce);
	wr_text(&w, ",\"tee-pubkey\":{");
	for (size_t i = 0; i < count; i++) {
		wr_text(&w, i ? "," : "");
		put_text(&w, members[i].name);
		wr_text(&w, ":");
		put_text(&w, members[i].value);
	}
	wr_text(&w, "}}");
	st = wr_finish(&w, WHERE, &whole, err);
	if (st == TACIT_OK)
		st = tacit_hash(alg, whole, ret, err);
	return st;
}
