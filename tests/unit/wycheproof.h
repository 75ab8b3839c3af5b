/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_WYCHEPROOF_H
#define TESTS_WYCHEPROOF_H

/* Runs a Wycheproof file case by case; hex goes to blocks of the exact size, freed per case. */

#include "vectors.h"

#define POOL_MAX 64

static struct tacit_slice pool[POOL_MAX];
static size_t pool_used;

static inline struct tacit_slice pool_hex(const char *hex)
{
	if (pool_used == POOL_MAX) {
		printf("Bail out! pool is full\n");
		exit(1);
	}
	pool[pool_used] = vector_hex(hex);
	return pool[pool_used++];
}

/* The bytes of a hex member; absent when there is no such member. */
static inline struct tacit_slice pool_member(const json_t *object, const char *name)
{
	const char *hex = json_string_value(json_object_get(object, name));

	return hex ? pool_hex(hex) : tacit_slice_of(NULL, 0);
}

/* `len` bytes of room, filled so that bytes left alone can be told from wiped ones. */
static inline struct tacit_mut pool_room(size_t len)
{
	struct tacit_mut room = { malloc(len ? len : 1), len };

	if (!room.ptr || pool_used == POOL_MAX) {
		printf("Bail out! no room\n");
		exit(1);
	}
	memset(room.ptr, 0xa5, len ? len : 1);
	pool[pool_used++] = tacit_slice_of(room.ptr, len);
	return room;
}

static inline struct tacit_slice pool_view(struct tacit_mut room)
{
	return tacit_slice_of(room.ptr, room.len);
}

static inline void pool_done(void)
{
	while (pool_used > 0)
		vector_done(pool[--pool_used]);
}

static inline bool all_bytes(struct tacit_slice s, uint8_t value)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != value)
			return false;
	}
	return true;
}

/* A number member, however the file was read; 0 when there is none. */
static inline size_t number_member(const json_t *object, const char *name)
{
	return (size_t)json_number_value(json_object_get(object, name));
}

static inline bool result_is(const json_t *test, const char *result)
{
	const char *text = json_string_value(json_object_get(test, "result"));

	return text && strcmp(text, result) == 0;
}

static inline bool has_flag(const json_t *test, const char *flag)
{
	size_t i;
	json_t *value;

	json_array_foreach(json_object_get(test, "flags"), i, value)
	{
		const char *text = json_string_value(value);
		if (text && strcmp(text, flag) == 0)
			return true;
	}
	return false;
}

typedef bool wycheproof_case(const json_t *group, const json_t *test);

/* One line for the file, and one more for each case that does not give the stated result. */
static inline void wycheproof_run(const char *name, wycheproof_case *run)
{
	json_t *file = vector_json(name), *group, *test;
	size_t i, j, ran = 0, agreed = 0;

	if (!file)
		return;
	json_array_foreach(json_object_get(file, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			bool agrees = run(group, test);

			ran++;
			agreed += agrees;
			if (!agrees)
				printf("# %s case %zu: %s\n", name, number_member(test, "tcId"),
				       json_string_value(json_object_get(test, "comment")));
			pool_done();
		}
	}
	ok(ran > 0 && ran == number_member(file, "numberOfTests"), "%s: all %zu cases ran", name,
	   ran);
	ok(agreed == ran, "%s: %zu of them give the stated result", name, agreed);
	json_decref(file);
}

#endif
