/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include "base/bounds.h"

#define WHERE "json"

/* Counts levels and values in a text whose form is not known yet; jansson judges the form. */
struct scan {
	size_t depth;
	size_t values;
	bool in_string;
	bool escaped;
};

static void scan_byte(struct scan *s, uint8_t c)
{
	if (s->in_string) {
		if (!s->escaped && c == '"')
			s->in_string = false;
		s->escaped = !s->escaped && c == '\\';
		return;
	}
	if (c == '"')
		s->in_string = true;
	if (c == '[' || c == '{')
		s->depth++;
	if ((c == ']' || c == '}') && s->depth > 0)
		s->depth--;
	/* Each value but the first follows one of these; an empty container counts once more. */
	if (c == '[' || c == '{' || c == ',')
		s->values++;
}

static enum tacit_status check_bytes(struct tacit_slice text, struct tacit_error *err)
{
	struct scan s = { 0 };

	if (text.len > TACIT_JSON_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, TACIT_JSON_MAX, "longer than %d bytes",
				  TACIT_JSON_MAX);
	for (size_t i = 0; i < text.len; i++) {
		/* Never valid; jansson 2.14 takes one after a value for the end of the input. */
		if (text.ptr[i] == 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, i, "NUL character");
		scan_byte(&s, text.ptr[i]);
		if (s.depth > TACIT_JSON_NESTING_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, i,
					  "nested deeper than %d levels", TACIT_JSON_NESTING_MAX);
		if (s.values >= TACIT_JSON_VALUES_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, i, "more than %d values",
					  TACIT_JSON_VALUES_MAX);
	}
	return TACIT_OK;
}

/* Our own words: jansson's message quotes the text around the fault. */
static const char *fault_text(enum json_error_code code)
{
	static const struct {
		enum json_error_code code;
		const char *text;
	} FAULTS[] = {
		{ json_error_premature_end_of_input, "text ends too early" },
		{ json_error_end_of_input_expected, "something follows the value" },
		{ json_error_invalid_utf8, "not UTF-8" },
		{ json_error_null_character, "NUL character" },
		{ json_error_null_byte_in_key, "NUL character in the name of a member" },
		{ json_error_duplicate_key, "duplicate member" },
		{ json_error_numeric_overflow, "number out of range" },
		{ json_error_stack_overflow, "nested too deep" },
	};

	for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
		if (FAULTS[i].code == code)
			return FAULTS[i].text;
	}
	return "not JSON";
}

enum tacit_status tacit_json_parse(struct tacit_slice text, json_t **ret, struct tacit_error *err)
{
	enum tacit_status status = check_bytes(text, err);
	json_error_t fault;

	if (status != TACIT_OK)
		return status;
	/* JSON_ALLOW_NUL: "\u0000" is valid; tacit_json_text refuses it where it would hurt. */
	json_t *value =
		json_loadb(text.len ? (const char *)text.ptr : "", text.len,
			   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
	if (value) {
		*ret = value;
		return TACIT_OK;
	}
	if (json_error_code(&fault) == json_error_out_of_memory)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	return tacit_fail(err, TACIT_FORMAT, WHERE,
			  fault.position < 0 ? 0 : (uint64_t)fault.position,
			  "%s at line %d column %d", fault_text(json_error_code(&fault)),
			  fault.line, fault.column);
}

static const char *type_name(const json_t *value)
{
	if (!value)
		return "nothing";
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with a fraction or exponent";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	return "unknown";
}

static enum tacit_status fail_type(const char *name, const char *want, const json_t *value,
				   struct tacit_error *err)
{
	return tacit_fail(err, TACIT_FORMAT, name, 0, "member '%s' must be %s, not %s", name, want,
			  type_name(value));
}

/* The member, or NULL where it may be absent and is. */
static enum tacit_status find_member(const json_t *object, const char *name,
				     enum tacit_json_need need, const json_t **ret,
				     struct tacit_error *err)
{
	if (!json_is_object(object))
		return tacit_fail(err, TACIT_FORMAT, name, 0,
				  "member '%s' is looked for in %s, not an object", name,
				  type_name(object));
	const json_t *value = json_object_get(object, name);
	if (!value && need == TACIT_JSON_REQUIRED)
		return tacit_fail(err, TACIT_FORMAT, name, 0, "member '%s' is missing", name);
	*ret = json_is_null(value) && need == TACIT_JSON_NULLABLE ? NULL : value;
	return TACIT_OK;
}

enum tacit_status tacit_json_text(const json_t *value, const char *name, struct tacit_slice *ret,
				  struct tacit_error *err)
{
	if (!json_is_string(value))
		return fail_type(name, "a string", value, err);
	struct tacit_slice text =
		tacit_slice_of(json_string_value(value), json_string_length(value));
	if (text.len && memchr(text.ptr, 0, text.len))
		return tacit_fail(err, TACIT_FORMAT, name, 0, "member '%s' holds a NUL character",
				  name);
	*ret = text;
	return TACIT_OK;
}

enum tacit_status tacit_json_get_string(const json_t *object, const char *name,
					enum tacit_json_need need, struct tacit_slice *ret,
					struct tacit_error *err)
{
	const json_t *value = NULL;
	enum tacit_status status = find_member(object, name, need, &value, err);

	if (status != TACIT_OK || !value)
		return status;
	return tacit_json_text(value, name, ret, err);
}

enum tacit_status tacit_json_get_int_in(const json_t *object, const char *name,
					enum tacit_json_need need, struct tacit_json_range range,
					int64_t *ret, struct tacit_error *err)
{
	const json_t *value = NULL;
	enum tacit_status status = find_member(object, name, need, &value, err);

	if (status != TACIT_OK || !value)
		return status;
	if (!json_is_integer(value))
		return fail_type(name, "an integer", value, err);
	int64_t number = json_integer_value(value);
	if (number < range.min || number > range.max)
		return tacit_fail(err, TACIT_FORMAT, name, 0,
				  "member '%s' must be in %lld..%lld, not %lld", name,
				  (long long)range.min, (long long)range.max, (long long)number);
	*ret = number;
	return TACIT_OK;
}

enum tacit_status tacit_json_get_int(const json_t *object, const char *name,
				     enum tacit_json_need need, int64_t *ret,
				     struct tacit_error *err)
{
	struct tacit_json_range all = { INT64_MIN, INT64_MAX };

	return tacit_json_get_int_in(object, name, need, all, ret, err);
}

enum tacit_status tacit_json_get_number(const json_t *object, const char *name,
					enum tacit_json_need need, double *ret,
					struct tacit_error *err)
{
	const json_t *value = NULL;
	enum tacit_status status = find_member(object, name, need, &value, err);

	if (status != TACIT_OK || !value)
		return status;
	if (!json_is_number(value))
		return fail_type(name, "a number", value, err);
	*ret = json_number_value(value);
	return TACIT_OK;
}

enum tacit_status tacit_json_get_bool(const json_t *object, const char *name,
				      enum tacit_json_need need, bool *ret, struct tacit_error *err)
{
	const json_t *value = NULL;
	enum tacit_status status = find_member(object, name, need, &value, err);

	if (status != TACIT_OK || !value)
		return status;
	if (!json_is_boolean(value))
		return fail_type(name, "true or false", value, err);
	*ret = json_is_true(value);
	return TACIT_OK;
}

static enum tacit_status get_container(const json_t *object, const char *name,
				       enum tacit_json_need need, json_type type, json_t **ret,
				       struct tacit_error *err)
{
	const json_t *value = NULL;
	enum tacit_status status = find_member(object, name, need, &value, err);

	if (status != TACIT_OK || !value)
		return status;
	if (json_typeof(value) != type)
		return fail_type(name, type == JSON_ARRAY ? "an array" : "an object", value, err);
	*ret = json_object_get(object, name); /* again, for a pointer that is not const */
	return TACIT_OK;
}

enum tacit_status tacit_json_get_array(const json_t *object, const char *name,
				       enum tacit_json_need need, json_t **ret,
				       struct tacit_error *err)
{
	return get_container(object, name, need, JSON_ARRAY, ret, err);
}

enum tacit_status tacit_json_get_object(const json_t *object, const char *name,
					enum tacit_json_need need, json_t **ret,
					struct tacit_error *err)
{
	return get_container(object, name, need, JSON_OBJECT, ret, err);
}

static bool is_allowed(const char *name, const char *const *allowed, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, allowed[i]) == 0)
			return true;
	}
	return false;
}

enum tacit_status tacit_json_only(json_t *object, const char *const *allowed, size_t count,
				  struct tacit_error *err)
{
	const char *name;
	json_t *value;
	char escaped[80];

	if (!json_is_object(object))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "must be an object, not %s",
				  type_name(object));
	json_object_foreach(object, name, value)
	{
		if (!is_allowed(name, allowed, count))
			return tacit_fail(
				err, TACIT_FORMAT, WHERE, 0, "unknown member '%s'",
				tacit_escape(escaped, sizeof(escaped), tacit_slice_str(name)));
	}
	return TACIT_OK;
}
