/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_JSON_OUT_H
#define TACIT_APPRAISE_JSON_OUT_H

/*
 * JSON into a struct writer, member by member. Commas are the writer's business: `first` starts
 * true in each object or list and is cleared by what is put. `indent` below zero writes one
 * line; otherwise each member goes on its own line.
 */

#include "base/writer.h"

struct tacit_json_out {
	struct writer *w;
	int indent; /* current depth, or -1 for one line */
	bool first;
};

void tacit_json_out_open(struct tacit_json_out *j, const char *name, char bracket);
void tacit_json_out_close(struct tacit_json_out *j, char bracket);

/* `name` is NULL for elements of a list. NULL texts and absent slices become null. */
void tacit_json_out_text(struct tacit_json_out *j, const char *name, const char *text);
void tacit_json_out_slice(struct tacit_json_out *j, const char *name, struct tacit_slice text);
void tacit_json_out_hex(struct tacit_json_out *j, const char *name, struct tacit_slice bytes);
void tacit_json_out_bool(struct tacit_json_out *j, const char *name, bool value);
void tacit_json_out_uint(struct tacit_json_out *j, const char *name, uint64_t value);
void tacit_json_out_int(struct tacit_json_out *j, const char *name, int64_t value);
void tacit_json_out_null(struct tacit_json_out *j, const char *name);
void tacit_json_out_time(struct tacit_json_out *j, const char *name, int64_t seconds);

/* Lower-case hex without quotes, of any length. */
void tacit_json_out_digits(struct writer *w, struct tacit_slice bytes);

#endif
