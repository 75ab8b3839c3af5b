/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_POLICY_LOAD_H
#define TACIT_APPRAISE_POLICY_LOAD_H

/*
 * Strict JSON objects into structs, driven by const tables: one row per member. A member that no
 * row names is an error, so is a missing required one; every failure names the path to it.
 */

#include "appraise/policy.h"
#include "codec/json.h"

struct tacit_load {
	struct tacit_arena *arena;
	struct tacit_error *err;
	char path[96]; /* "alternatives[2].measurements.pcr0" */
};

struct tacit_load_member {
	const char *name;
	enum tacit_status (*read)(struct tacit_load *load, json_t *value,
				  const struct tacit_load_member *member, void *field);
	size_t offset; /* of the field in the struct being filled */
	bool required;
	uint64_t min; /* number, or length of a text, or bytes of a hex value */
	uint64_t max;
	const void *extra; /* the reader's: allowed words, member table, ... */
};

struct tacit_load_table {
	const struct tacit_load_member *members;
	size_t count;
};

/* Reads one object into the struct at `into`. */
TACIT_MUST_CHECK enum tacit_status tacit_load_object(struct tacit_load *load, json_t *value,
						     const struct tacit_load_table *table,
						     void *into);

/* Fails with the path of the member being read. */
enum tacit_status tacit_load_fail(struct tacit_load *load, enum tacit_status status,
				  const char *why);

/* Appends to the path, giving the length to cut it back to. */
size_t tacit_load_push_name(struct tacit_load *load, const char *name);
size_t tacit_load_push_index(struct tacit_load *load, size_t index);
void tacit_load_pop(struct tacit_load *load, size_t mark);

/* `count` zeroed elements, or a failure with TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_load_alloc(struct tacit_load *load, size_t count,
						    size_t size, void **ret);

#define TACIT_LOAD_READER(name)                                        \
	enum tacit_status name(struct tacit_load *load, json_t *value, \
			       const struct tacit_load_member *member, void *field)

TACIT_LOAD_READER(tacit_load_text);      /* const char *: min..max bytes, no control characters */
TACIT_LOAD_READER(tacit_load_uint);      /* uint64_t: min..max */
TACIT_LOAD_READER(tacit_load_number);    /* struct tacit_policy_number: min..max */
TACIT_LOAD_READER(tacit_load_time);      /* int64_t: RFC 3339 */
TACIT_LOAD_READER(tacit_load_bool);      /* bool */
TACIT_LOAD_READER(tacit_load_hex);       /* struct tacit_slice: min..max bytes */
TACIT_LOAD_READER(tacit_load_hex_list);  /* struct tacit_policy_list of such */
TACIT_LOAD_READER(tacit_load_text_list); /* struct tacit_policy_list; extra: words allowed */
TACIT_LOAD_READER(tacit_load_section);   /* const T *: extra is a struct tacit_load_section */
TACIT_LOAD_READER(tacit_load_inline);    /* T: extra is a struct tacit_load_table */

/* A NULL-terminated list of the only words allowed. */
struct tacit_load_words {
	const char *const *words;
};

/* A nested object of its own. */
struct tacit_load_section {
	struct tacit_load_table table;
	size_t size;
};

#define TACIT_LOAD_LIST_MAX 256 /* elements in any list */

#endif
