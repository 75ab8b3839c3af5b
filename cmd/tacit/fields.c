/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/time.h"
#include "codec/json.h"
#include "receipt/report.h"

#define NAME_WIDTH 24

/* Nobody vouches for these texts: what is not printable ASCII stays off the terminal. */
static void print_text(const char *text)
{
	size_t room = 4 * strlen(text) + 8;
	char *shown = malloc(room);

	if (shown)
		puts(tacit_escape(shown, room, tacit_slice_str(text)));
	free(shown);
}

static void print_at(const json_t *object, int depth)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if (json_is_object(value)) {
			printf("%*s%s\n", depth * 2, "", name);
			print_at(value, depth + 1);
			continue;
		}
		printf("%*s%-*s ", depth * 2, "", NAME_WIDTH - depth * 2, name);
		if (json_is_string(value)) {
			print_text(json_string_value(value));
		} else if (json_is_integer(value)) {
			printf("%lld\n", (long long)json_integer_value(value));
		} else {
			puts(json_is_null(value) ? "-" : json_is_true(value) ? "yes" : "no");
		}
	}
}

void cli_fields_print(const json_t *object)
{
	print_at(object, 0);
}

void cli_put_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, json_string(text));
}

void cli_put_time(json_t *object, const char *name, int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	tacit_time_format(seconds, text);
	cli_put_text(object, name, text);
}

void cli_put_shown(json_t *object, const char *name, struct tacit_slice text)
{
	char shown[512];

	if (text.ptr)
		cli_put_text(object, name, tacit_escape(shown, sizeof(shown), text));
	else
		json_object_set_new(object, name, json_null());
}

void cli_put_hex(json_t *object, const char *name, struct tacit_slice bytes)
{
	char *hex = bytes.ptr ? malloc(2 * bytes.len + 1) : NULL;

	if (hex) {
		tacit_hex_encode(bytes, hex);
		cli_put_text(object, name, hex);
	} else {
		json_object_set_new(object, name, json_null());
	}
	free(hex);
}

json_t *cli_fields_claims(const struct tacit_receipt_claims *claims)
{
	uint8_t room[TACIT_REPORT_ROOM];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &w, -1, true };
	json_t *object = NULL;

	tacit_report_claims(&j, NULL, claims);
	if (w.bad || tacit_json_parse(tacit_slice_of(room, w.at), &object, NULL) != TACIT_OK)
		return NULL;
	return object;
}
