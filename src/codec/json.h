/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_JSON_H
#define TACIT_CODEC_JSON_H

/*
 * The one seam to jansson, for policies, requests and reports (never for evidence). Strict:
 * refuses duplicate members, invalid UTF-8, lone surrogates, numbers out of range, trailing
 * bytes, a NUL in a member's name, and nesting over TACIT_JSON_NESTING_MAX or more than
 * TACIT_JSON_VALUES_MAX values, which are counted before jansson recurses or allocates.
 *
 * Programs that sandbox themselves call json_object_seed(0) first: jansson reads its hash seed
 * from the system when it makes its first object.
 */

#include <jansson.h>

#include "base/error.h"

/*
 * Parses any JSON text up to TACIT_JSON_MAX bytes; the caller owns the value (json_decref).
 * A failure says what and where, and never quotes the text: it may be a prompt.
 */
TACIT_MUST_CHECK enum tacit_status tacit_json_parse(struct tacit_slice text, json_t **ret,
						    struct tacit_error *err);

/*
 * Members of an object. Each getter names the member in its complaint, both as `where` and in
 * the detail, and leaves `ret` as it is when an optional member is absent, so that the caller
 * sets the default first. What they give lives as long as `object`. All fail with TACIT_FORMAT,
 * and so does an `object` that is not one.
 */
enum tacit_json_need {
	TACIT_JSON_OPTIONAL, /* may be absent; null is a wrong type */
	TACIT_JSON_REQUIRED,
	TACIT_JSON_NULLABLE, /* may be absent or null, as clients of OpenAI's API send */
};

/* Text without NUL characters; for others use json_string_value and _length. */
TACIT_MUST_CHECK enum tacit_status tacit_json_get_string(const json_t *object, const char *name,
							 enum tacit_json_need need,
							 struct tacit_slice *ret,
							 struct tacit_error *err);

/* An integer. 1.0 and 1e3 are not: our formats hold no doubles. */
TACIT_MUST_CHECK enum tacit_status tacit_json_get_int(const json_t *object, const char *name,
						      enum tacit_json_need need, int64_t *ret,
						      struct tacit_error *err);

struct tacit_json_range {
	int64_t min, max; /* both allowed */
};

TACIT_MUST_CHECK enum tacit_status tacit_json_get_int_in(const json_t *object, const char *name,
							 enum tacit_json_need need,
							 struct tacit_json_range range,
							 int64_t *ret, struct tacit_error *err);

/* An integer or a real, always finite; for the requests of others alone. */
TACIT_MUST_CHECK enum tacit_status tacit_json_get_number(const json_t *object, const char *name,
							 enum tacit_json_need need, double *ret,
							 struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status tacit_json_get_bool(const json_t *object, const char *name,
						       enum tacit_json_need need, bool *ret,
						       struct tacit_error *err);

/* Borrowed, as json_object_get. */
TACIT_MUST_CHECK enum tacit_status tacit_json_get_array(const json_t *object, const char *name,
							enum tacit_json_need need, json_t **ret,
							struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_json_get_object(const json_t *object, const char *name,
							 enum tacit_json_need need, json_t **ret,
							 struct tacit_error *err);

/* The text of a string value without NUL characters; `name` is for the complaint. */
TACIT_MUST_CHECK enum tacit_status tacit_json_text(const json_t *value, const char *name,
						   struct tacit_slice *ret,
						   struct tacit_error *err);

/* Refuses an object with a member whose name is none of `count` in `allowed`. */
TACIT_MUST_CHECK enum tacit_status tacit_json_only(json_t *object, const char *const *allowed,
						   size_t count, struct tacit_error *err);

/*
 * Writes `text` as a JSON string with its quotes. Text that is not UTF-8 has its bad bytes
 * replaced by U+FFFD, so that the output is always valid JSON; characters that control a
 * terminal or the direction of text are escaped, so that it is safe to show.
 */
struct writer;
void tacit_json_put_string(struct writer *w, struct tacit_slice text);

#endif
