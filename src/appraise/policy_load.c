/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy_load.h"

#include "base/arena.h"
#include "base/hex.h"
#include "base/time.h"
#include "codec/utf8.h"

/* Appends what fits; a path that is cut is still a help. */
static size_t append(struct tacit_load *load, struct tacit_slice text)
{
	size_t mark = strlen(load->path), room = sizeof(load->path) - 1 - mark;
	size_t n = text.len < room ? text.len : room;

	memcpy(load->path + mark, text.ptr, n);
	load->path[mark + n] = '\0';
	return mark;
}

size_t tacit_load_push_name(struct tacit_load *load, const char *name)
{
	char shown[44];

	size_t mark = append(load, tacit_slice_str(load->path[0] ? "." : ""));
	append(load, tacit_slice_str(tacit_escape(shown, sizeof(shown), tacit_slice_str(name))));
	return mark;
}

size_t tacit_load_push_index(struct tacit_load *load, size_t index)
{
	uint8_t digits[24];
	size_t at = sizeof(digits);

	digits[--at] = ']';
	do
		digits[--at] = (uint8_t)('0' + index % 10);
	while ((index /= 10) != 0);
	digits[--at] = '[';
	return append(load, tacit_slice_of(digits + at, sizeof(digits) - at));
}

void tacit_load_pop(struct tacit_load *load, size_t mark)
{
	load->path[mark] = '\0';
}

enum tacit_status tacit_load_fail(struct tacit_load *load, enum tacit_status status,
				  const char *why)
{
	return tacit_fail(load->err, status, "policy", 0, "%s%s%s", load->path,
			  load->path[0] ? ": " : "", why);
}

enum tacit_status tacit_load_alloc(struct tacit_load *load, size_t count, size_t size, void **ret)
{
	void *room = NULL;

	if (size == 0 || count <= SIZE_MAX / size)
		room = tacit_arena_alloc(load->arena, count * size);
	if (!room)
		return tacit_load_fail(load, TACIT_LIMIT, "the arena is full");
	*ret = room;
	return TACIT_OK;
}

static const struct tacit_load_member *find_member(const struct tacit_load_table *table,
						   const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (tacit_slice_eq(tacit_slice_str(table->members[i].name), tacit_slice_str(name)))
			return &table->members[i];
	return NULL;
}

static enum tacit_status refuse_unknown(struct tacit_load *load, json_t *object,
					const struct tacit_load_table *table)
{
	void *at = json_object_iter(object);

	for (; at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);

		if (find_member(table, name))
			continue;
		size_t mark = tacit_load_push_name(load, name);
		enum tacit_status st = tacit_load_fail(load, TACIT_FORMAT, "unknown member");
		tacit_load_pop(load, mark);
		return st;
	}
	return TACIT_OK;
}

static enum tacit_status read_member(struct tacit_load *load, json_t *object,
				     const struct tacit_load_member *member, void *into)
{
	json_t *value = json_object_get(object, member->name);
	enum tacit_status st = TACIT_OK;

	size_t mark = tacit_load_push_name(load, member->name);
	if (value)
		st = member->read(load, value, member, (uint8_t *)into + member->offset);
	else if (member->required)
		st = tacit_load_fail(load, TACIT_FORMAT, "required, and missing");
	tacit_load_pop(load, mark);
	return st;
}

enum tacit_status tacit_load_object(struct tacit_load *load, json_t *value,
				    const struct tacit_load_table *table, void *into)
{
	if (!json_is_object(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not an object");
	enum tacit_status st = refuse_unknown(load, value, table);
	for (size_t i = 0; i < table->count && st == TACIT_OK; i++)
		st = read_member(load, value, &table->members[i], into);
	return st;
}

/* The text of a JSON string within bounds, still jansson's. */
static enum tacit_status take_text(struct tacit_load *load, json_t *value,
				   const struct tacit_load_member *member, struct tacit_slice *ret)
{
	if (!json_is_string(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not a string");
	struct tacit_slice text =
		tacit_slice_of(json_string_value(value), json_string_length(value));
	if (text.len < member->min)
		return tacit_load_fail(load, TACIT_FORMAT, "too short");
	if (text.len > member->max)
		return tacit_load_fail(load, TACIT_FORMAT, "too long");
	/* Shown as it is, also when a stranger's bundle brought the policy. */
	for (size_t i = 0, step = 0; i < text.len; i += step) {
		uint32_t point = 0;

		step = tacit_utf8_step(text, i, &point);
		if (step == 0 || tacit_utf8_is_control(point))
			return tacit_load_fail(load, TACIT_FORMAT, "has a control character");
	}
	*ret = text;
	return TACIT_OK;
}

TACIT_LOAD_READER(tacit_load_text)
{
	const char **ret = field;
	struct tacit_slice text;

	enum tacit_status st = take_text(load, value, member, &text);
	if (st != TACIT_OK)
		return st;
	*ret = tacit_arena_text(load->arena, text);
	return *ret ? TACIT_OK : tacit_load_fail(load, TACIT_LIMIT, "the arena is full");
}

TACIT_LOAD_READER(tacit_load_uint)
{
	uint64_t *ret = field;

	if (!json_is_integer(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not a whole number");
	json_int_t number = json_integer_value(value);
	if (number < 0 || (uint64_t)number < member->min || (uint64_t)number > member->max)
		return tacit_load_fail(load, TACIT_FORMAT, "number out of range");
	*ret = (uint64_t)number;
	return TACIT_OK;
}

TACIT_LOAD_READER(tacit_load_number)
{
	struct tacit_policy_number *ret = field;

	enum tacit_status st = tacit_load_uint(load, value, member, &ret->value);
	ret->set = st == TACIT_OK;
	return st;
}

TACIT_LOAD_READER(tacit_load_time)
{
	int64_t *ret = field;

	(void)member;
	if (!json_is_string(value) ||
	    !tacit_time_parse(tacit_slice_of(json_string_value(value), json_string_length(value)),
			      ret))
		return tacit_load_fail(load, TACIT_FORMAT, "not an RFC 3339 time");
	return TACIT_OK;
}

TACIT_LOAD_READER(tacit_load_bool)
{
	bool *ret = field;

	(void)member;
	if (!json_is_boolean(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not true or false");
	*ret = json_is_true(value);
	return TACIT_OK;
}

TACIT_LOAD_READER(tacit_load_hex)
{
	struct tacit_slice *ret = field;
	void *room = NULL;
	size_t n = 0;

	if (!json_is_string(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not a string");
	struct tacit_slice text =
		tacit_slice_of(json_string_value(value), json_string_length(value));
	if (text.len / 2 < member->min || text.len / 2 > member->max)
		return tacit_load_fail(load, TACIT_FORMAT, "hex of the wrong length");
	enum tacit_status st = tacit_load_alloc(load, text.len / 2 + 1, 1, &room);
	if (st != TACIT_OK)
		return st;
	if (!tacit_hex_decode(text, tacit_mut_of(room, text.len / 2), &n))
		return tacit_load_fail(load, TACIT_FORMAT, "not hex");
	*ret = tacit_slice_of(room, n);
	return TACIT_OK;
}

/* One element of a list into its slot. */
typedef enum tacit_status (*read_item_fn)(struct tacit_load *load, json_t *value,
					  const struct tacit_load_member *member, void *field);

static enum tacit_status read_list(struct tacit_load *load, json_t *value,
				   const struct tacit_load_member *member, void *field,
				   read_item_fn read)
{
	struct tacit_policy_list *ret = field;
	size_t count = json_array_size(value);
	void *room = NULL;

	if (!json_is_array(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not a list");
	if (count == 0 || count > TACIT_LOAD_LIST_MAX)
		return tacit_load_fail(load, TACIT_FORMAT, "a list of 1 to 256 is wanted");
	enum tacit_status st = tacit_load_alloc(load, count, sizeof(struct tacit_slice), &room);
	struct tacit_slice *items = room;
	for (size_t i = 0; i < count && st == TACIT_OK; i++) {
		size_t mark = tacit_load_push_index(load, i);

		st = read(load, json_array_get(value, i), member, &items[i]);
		for (size_t j = 0; j < i && st == TACIT_OK; j++)
			if (tacit_slice_eq(items[i], items[j]))
				st = tacit_load_fail(load, TACIT_FORMAT, "is there twice");
		tacit_load_pop(load, mark);
	}
	if (st == TACIT_OK) {
		ret->items = items;
		ret->count = count;
	}
	return st;
}

TACIT_LOAD_READER(tacit_load_hex_list)
{
	return read_list(load, value, member, field, tacit_load_hex);
}

static bool is_word(struct tacit_slice text, const struct tacit_load_words *allowed)
{
	for (size_t i = 0; allowed->words[i]; i++)
		if (tacit_slice_eq(text, tacit_slice_str(allowed->words[i])))
			return true;
	return false;
}

static TACIT_LOAD_READER(read_word)
{
	struct tacit_slice *ret = field, text;

	enum tacit_status st = take_text(load, value, member, &text);
	if (st != TACIT_OK)
		return st;
	if (member->extra && !is_word(text, member->extra))
		return tacit_load_fail(load, TACIT_FORMAT, "not a word that is known here");
	const char *copy = tacit_arena_text(load->arena, text);
	if (!copy)
		return tacit_load_fail(load, TACIT_LIMIT, "the arena is full");
	*ret = tacit_slice_of(copy, text.len);
	return TACIT_OK;
}

TACIT_LOAD_READER(tacit_load_text_list)
{
	return read_list(load, value, member, field, read_word);
}

TACIT_LOAD_READER(tacit_load_inline)
{
	const struct tacit_load_table *table = member->extra;

	return tacit_load_object(load, value, table, field);
}

TACIT_LOAD_READER(tacit_load_section)
{
	const struct tacit_load_section *section = member->extra;
	const void **ret = field;
	void *room = NULL;

	enum tacit_status st = tacit_load_alloc(load, 1, section->size, &room);
	if (st == TACIT_OK)
		st = tacit_load_object(load, value, &section->table, room);
	if (st == TACIT_OK)
		*ret = room;
	return st;
}
