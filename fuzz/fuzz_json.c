/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "fuzz.h"

/* What was parsed, written and parsed again is the same. */
static void check_again(const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	json_t *again = NULL;

	FUZZ_ASSERT(text);
	FUZZ_ASSERT(tacit_json_parse(tacit_slice_str(text), &again, NULL) == TACIT_OK);
	FUZZ_ASSERT(json_equal(value, again));
	json_decref(again);
	free(text);
}

/* Every getter on every member: at most one of the three plain kinds fits. */
static void check_members(json_t *object)
{
	static const char *const NONE[] = { "" };
	const char *name;
	json_t *value, *part = NULL;

	json_object_foreach(object, name, value)
	{
		struct tacit_slice text;
		int64_t number;
		double real;
		bool flag;
		int fits = 0;

		fits += tacit_json_get_string(object, name, TACIT_JSON_REQUIRED, &text, NULL) ==
			TACIT_OK;
		bool is_int = tacit_json_get_int(object, name, TACIT_JSON_OPTIONAL, &number,
						 NULL) == TACIT_OK;
		fits += is_int;
		fits += tacit_json_get_bool(object, name, TACIT_JSON_OPTIONAL, &flag, NULL) ==
			TACIT_OK;
		fits += tacit_json_get_array(object, name, TACIT_JSON_OPTIONAL, &part, NULL) ==
			TACIT_OK;
		fits += tacit_json_get_object(object, name, TACIT_JSON_OPTIONAL, &part, NULL) ==
			TACIT_OK;
		FUZZ_ASSERT(fits <= 1);
		if (tacit_json_get_number(object, name, TACIT_JSON_OPTIONAL, &real, NULL) ==
		    TACIT_OK)
			FUZZ_ASSERT(real - real == 0 && fits == is_int);
		if (json_is_null(value))
			FUZZ_ASSERT(tacit_json_get_bool(object, name, TACIT_JSON_NULLABLE, &flag,
							NULL) == TACIT_OK);
		FUZZ_ASSERT(tacit_json_only(object, &name, 1, NULL) == TACIT_OK ||
			    json_object_size(object) > 1);
	}
	FUZZ_ASSERT(tacit_json_only(object, NONE, 0, NULL) == TACIT_OK ||
		    json_object_size(object) > 0);
}

/* Any bytes can be written as a string that reads back, as they are when they are UTF-8. */
static void check_string(struct tacit_slice in)
{
	size_t room_len = in.len * 6 + 2;
	uint8_t *room = malloc(room_len);
	FUZZ_ASSERT(room);
	struct writer w = wr_of(tacit_mut_of(room, room_len));
	json_t *value = NULL;

	tacit_json_put_string(&w, in);
	FUZZ_ASSERT(!w.bad);
	FUZZ_ASSERT(tacit_json_parse(tacit_slice_of(room, w.at), &value, NULL) == TACIT_OK);
	if (tacit_utf8_valid(in))
		FUZZ_ASSERT(tacit_slice_eq(
			tacit_slice_of(json_string_value(value), json_string_length(value)), in));
	json_decref(value);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	json_t *value = NULL;
	enum tacit_status status = tacit_json_parse(in, &value, &err);

	FUZZ_ASSERT((status == TACIT_OK) == (value != NULL) && status == err.status);
	FUZZ_ASSERT(err.offset <= size);
	if (value) {
		FUZZ_ASSERT(tacit_utf8_valid(in));
		check_again(value);
		if (json_is_object(value))
			check_members(value);
		json_decref(value);
	}
	check_string(in);
	return 0;
}
