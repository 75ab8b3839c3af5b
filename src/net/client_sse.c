/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client_sse.h"

#include <stdlib.h>

#include "codec/json.h"

#define FIRST_ROOM 4096

void tacit_sse_init(struct tacit_sse *sse)
{
	memset(sse, 0, sizeof(*sse));
}

void tacit_sse_done(struct tacit_sse *sse)
{
	free(sse->line);
	tacit_sse_init(sse);
}

static enum tacit_status grow(struct tacit_sse *sse, size_t need, struct tacit_error *err)
{
	size_t room = sse->room ? sse->room : FIRST_ROOM;

	if (need > TACIT_SSE_LINE_MAX)
		return tacit_fail(err, TACIT_LIMIT, "sse", 0,
				  "a line of the answer is over %u bytes", TACIT_SSE_LINE_MAX);
	while (room < need)
		room *= 2;
	if (room == sse->room)
		return TACIT_OK;
	uint8_t *line = realloc(sse->line, room);
	if (!line)
		return tacit_fail(err, TACIT_NOMEM, "sse", 0, "out of memory");
	sse->line = line;
	sse->room = room;
	return TACIT_OK;
}

/* The value of a data line, without the one space that may follow the colon. */
static bool data_of(struct tacit_slice line, struct tacit_slice *ret)
{
	static const char FIELD[] = "data:";

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (line.len < sizeof(FIELD) - 1 || memcmp(line.ptr, FIELD, sizeof(FIELD) - 1) != 0)
		return false;
	line = tacit_slice_of(line.ptr + sizeof(FIELD) - 1, line.len - (sizeof(FIELD) - 1));
	if (line.len && line.ptr[0] == ' ')
		line = tacit_slice_of(line.ptr + 1, line.len - 1);
	*ret = line;
	return true;
}

enum tacit_status tacit_sse_feed(struct tacit_sse *sse, struct tacit_slice bytes,
				 void (*event)(void *user, struct tacit_slice data), void *user,
				 struct tacit_error *err)
{
	size_t at = 0;

	while (at < bytes.len) {
		const uint8_t *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
		size_t len = end ? (size_t)(end - bytes.ptr) - at : bytes.len - at;
		struct tacit_slice data;
		enum tacit_status st = grow(sse, sse->len + len, err);

		if (st != TACIT_OK)
			return st;
		if (len)
			memcpy(sse->line + sse->len, bytes.ptr + at, len);
		sse->len += len;
		at += len;
		if (!end)
			break;
		at++;
		if (data_of(tacit_slice_of(sse->line, sse->len), &data))
			event(user, data);
		sse->len = 0;
	}
	return TACIT_OK;
}

static struct tacit_slice text_of(const json_t *value)
{
	if (!json_is_string(value))
		return tacit_slice_of(NULL, 0);
	return tacit_slice_of(json_string_value(value), json_string_length(value));
}

bool tacit_sse_chunk_parse(struct tacit_slice data, struct tacit_sse_chunk *ret)
{
	json_t *json = NULL;

	if (tacit_json_parse(data, &json, NULL) != TACIT_OK)
		return false;
	const json_t *choice = json_array_get(json_object_get(json, "choices"), 0);
	const json_t *delta = json_object_get(choice, "delta");
	const json_t *error = json_object_get(json, "error");

	ret->json = json;
	ret->text = text_of(delta ? json_object_get(delta, "content")
				  : json_object_get(choice, "text"));
	ret->finish = text_of(json_object_get(choice, "finish_reason"));
	ret->error = text_of(json_object_get(error, "message"));
	return true;
}

void tacit_sse_chunk_done(struct tacit_sse_chunk *chunk)
{
	json_decref(chunk->json);
	memset(chunk, 0, sizeof(*chunk));
}
