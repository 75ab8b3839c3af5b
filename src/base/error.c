/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct status_row {
	const char *name;
	int exit_code;
	const char *text;
};

static const struct status_row STATUS_ROWS[] = {
#define STATUS_ROW(name, code, text) { #name, code, text },
	TACIT_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
};

#define STATUS_COUNT (sizeof(STATUS_ROWS) / sizeof(STATUS_ROWS[0]))

const char *tacit_status_name(enum tacit_status status)
{
	return (size_t)status < STATUS_COUNT ? STATUS_ROWS[status].name : "UNKNOWN";
}

const char *tacit_status_text(enum tacit_status status)
{
	return (size_t)status < STATUS_COUNT ? STATUS_ROWS[status].text : "unknown status";
}

int tacit_status_exit(enum tacit_status status)
{
	return (size_t)status < STATUS_COUNT ? STATUS_ROWS[status].exit_code : 70;
}

static void copy_text(char *room, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len > size - 1)
		len = size - 1;
	memcpy(room, text, len);
	room[len] = '\0';
}

enum tacit_status tacit_fail(struct tacit_error *err, enum tacit_status status, const char *where,
			     uint64_t offset, const char *fmt, ...)
{
	if (!err || err->status != TACIT_OK)
		return status;
	err->status = status;
	err->offset = offset;
	copy_text(err->where, sizeof(err->where), where);

	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
	if (n < 0)
		err->detail[0] = '\0';
	for (char *p = err->detail; *p; p++) {
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	}
	return status;
}

enum tacit_status tacit_error_wrap(struct tacit_error *err, enum tacit_status status,
				   const char *outer)
{
	if (!err || err->status == TACIT_OK)
		return status;

	char inner[TACIT_ERROR_WHERE];
	size_t outer_len = strlen(outer);

	copy_text(inner, sizeof(inner), err->where);
	copy_text(err->where, sizeof(err->where), outer);
	if (outer_len + 2 < sizeof(err->where)) {
		err->where[outer_len] = '.';
		copy_text(err->where + outer_len + 1, sizeof(err->where) - outer_len - 1, inner);
	}
	return status;
}

void tacit_error_clear(struct tacit_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

char *tacit_escape(char *room, size_t size, struct tacit_slice text)
{
	static const char DIGITS[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool plain = c >= 0x20 && c <= 0x7e && c != '\\';
		size_t need = plain ? 1 : 4;

		if (at + need + 4 > size) { /* room for "..." and the NUL */
			memcpy(room + at, "...", 3);
			at += 3;
			break;
		}
		if (plain) {
			room[at++] = (char)c;
			continue;
		}
		room[at++] = '\\';
		room[at++] = 'x';
		room[at++] = DIGITS[c >> 4];
		room[at++] = DIGITS[c & 15];
	}
	room[at] = '\0';
	return room;
}
