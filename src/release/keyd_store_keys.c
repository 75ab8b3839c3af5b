/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "release/keyd_inside.h"

#define WHERE    TACIT_KEYD_WHERE
#define ROW_ROOM (2 * TACIT_KEYD_POLICY_MAX + 4096)

/* A random UUID [RFC 9562 5.4]. */
static enum tacit_status make_id(char ret[static TACIT_KEYD_ID_LEN + 1], struct tacit_error *err)
{
	uint8_t b[16];
	enum tacit_status st = tacit_random(tacit_mut_of(b, sizeof(b)), err);

	if (st != TACIT_OK)
		return st;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(ret, TACIT_KEYD_ID_LEN + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return TACIT_OK;
}

static struct tacit_keyd_label key_label(struct tacit_slice id, uint32_t version)
{
	struct tacit_keyd_label label = { "key", id, version };

	return label;
}

static void bind_optional(sqlite3_stmt *stmt, int at, struct tacit_slice text)
{
	if (text.ptr)
		tacit_sqlite_bind_text(stmt, at, text);
}

/* Writes a row, sealed as it is then. */
static enum tacit_status write_key(struct tacit_keyd_store *store, enum tacit_keyd_query query,
				   const struct tacit_keyd_key *key, struct tacit_error *err)
{
	uint8_t seal[TACIT_KEYD_SEAL_LEN];
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_seal_key(store, key, seal, err);

	if (st == TACIT_OK)
		st = tacit_keyd_prepare(store, query, &stmt, err);
	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, key->id);
	bind_optional(stmt, 2, key->name);
	tacit_sqlite_bind_text(stmt, 3, key->spec);
	sqlite3_bind_int64(stmt, 4, key->enabled);
	sqlite3_bind_int64(stmt, 5, key->version);
	sqlite3_bind_int64(stmt, 6, key->created_at);
	bind_optional(stmt, 7, key->policy);
	bind_optional(stmt, 8, key->appraisal);
	tacit_sqlite_bind_blob(stmt, 9, TACIT_SLICE_ARRAY(seal));
	return tacit_keyd_step(store, stmt, "write a key of this name", err);
}

static enum tacit_status put_material(struct tacit_keyd_store *store, struct tacit_slice id,
				      uint32_t version, struct tacit_slice material, int64_t now,
				      struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes wrapped = { 0 };
	struct tacit_keyd_label label = key_label(id, version);
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_wrap_new(store, &label, material, &wrapped, err);

	if (st == TACIT_OK)
		st = tacit_keyd_prepare(store, TACIT_KEYD_MATERIAL_PUT, &stmt, err);
	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, id);
	sqlite3_bind_int64(stmt, 2, version);
	tacit_sqlite_bind_blob(stmt, 3, tacit_slice_of(wrapped.ptr, wrapped.len));
	sqlite3_bind_int64(stmt, 4, now);
	return tacit_keyd_step(store, stmt, "store the key", err);
}

/* The SHA-256 of a text that may be absent. */
static enum tacit_status hash_of(struct tacit_slice text, uint8_t room[TACIT_SHA256_LEN],
				 struct tacit_slice *ret, struct tacit_error *err)
{
	*ret = tacit_slice_of(text.ptr ? room : NULL, text.ptr ? TACIT_SHA256_LEN : 0);
	return text.ptr ? tacit_hash(TACIT_SHA256, text, room, err) : TACIT_OK;
}

/* What was done, and what the key is like then. */
static enum tacit_status note(struct tacit_keyd_store *store, const struct tacit_keyd_actor *actor,
			      const char *op, const struct tacit_keyd_key *key,
			      struct tacit_error *err)
{
	uint8_t policy[TACIT_SHA256_LEN], appraisal[TACIT_SHA256_LEN];
	struct tacit_keyd_entry what = { .op = tacit_slice_str(op),
					 .key = key->id,
					 .version = key->version };
	enum tacit_status st = hash_of(key->policy, policy, &what.policy, err);

	if (st == TACIT_OK)
		st = hash_of(key->appraisal, appraisal, &what.appraisal, err);
	return st == TACIT_OK ? tacit_keyd_note(store, actor, &what, err) : st;
}

enum tacit_status
tacit_keyd_key_create(struct tacit_keyd_store *store, const struct tacit_keyd_actor *actor,
		      const struct tacit_keyd_key *key, struct tacit_slice material,
		      char ret_id[static TACIT_KEYD_ID_LEN + 1], struct tacit_error *err)
{
	struct tacit_keyd_key row = *key;
	char id[TACIT_KEYD_ID_LEN + 1];
	enum tacit_status st = make_id(id, err);

	if (key->name.len > TACIT_KEYD_NAME_MAX || key->policy.len > TACIT_KEYD_POLICY_MAX ||
	    key->appraisal.len > TACIT_KEYD_POLICY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "name or policy is too long");
	if (st == TACIT_OK)
		st = tacit_keyd_begin(store, err);
	if (st != TACIT_OK)
		return st;
	row.id = tacit_slice_str(id);
	row.enabled = true;
	row.version = 1;
	row.created_at = actor->now;
	st = write_key(store, TACIT_KEYD_KEY_PUT, &row, err);
	if (st == TACIT_OK)
		st = put_material(store, row.id, 1, material, actor->now, err);
	if (st == TACIT_OK)
		st = note(store, actor, "CreateKey", &row, err);
	st = tacit_keyd_end(store, st, err);
	if (st == TACIT_OK)
		memcpy(ret_id, id, sizeof(id));
	return st;
}

/* NULL in the row is an absent slice. */
static struct tacit_slice optional(sqlite3_stmt *stmt, int at)
{
	if (sqlite3_column_type(stmt, at) == SQLITE_NULL)
		return tacit_slice_of(NULL, 0);
	struct tacit_slice text = tacit_sqlite_column(stmt, at);
	return text.ptr ? text : tacit_slice_str("");
}

/* The row that the statement is at; one that was changed from outside is refused. */
static enum tacit_status read_key(const struct tacit_keyd_store *store, sqlite3_stmt *stmt,
				  struct tacit_keyd_key *ret, struct tacit_error *err)
{
	uint8_t seal[TACIT_KEYD_SEAL_LEN];
	struct tacit_keyd_key key = {
		.id = tacit_sqlite_column(stmt, 0),
		.name = optional(stmt, 1),
		.spec = tacit_sqlite_column(stmt, 2),
		.enabled = sqlite3_column_int64(stmt, 3) == 1,
		.version = (uint32_t)sqlite3_column_int64(stmt, 4),
		.created_at = sqlite3_column_int64(stmt, 5),
		.policy = optional(stmt, 6),
		.appraisal = optional(stmt, 7),
	};
	enum tacit_status st = tacit_keyd_seal_key(store, &key, seal, err);

	if (st == TACIT_OK)
		st = tacit_keyd_seal_check("key", key.name.ptr ? key.name : key.id, seal,
					   tacit_sqlite_column(stmt, 8), err);
	if (st == TACIT_OK)
		*ret = key;
	return st;
}

/* Into the arena, absent slices stay absent. */
static bool keep(struct tacit_arena *arena, struct tacit_slice *text)
{
	if (!text->ptr)
		return true;
	text->ptr = tacit_arena_copy(arena, *text);
	return text->ptr != NULL;
}

enum tacit_status tacit_keyd_key_find(struct tacit_keyd_store *store, struct tacit_slice id_or_name,
				      struct tacit_arena *arena, struct tacit_keyd_key *ret,
				      bool *ret_found, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	struct tacit_keyd_key key;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_KEY_GET, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, id_or_name);
	int code = sqlite3_step(stmt);
	if (code == SQLITE_DONE) {
		*ret_found = false;
		return TACIT_OK;
	}
	if (code != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "look up a key", err);
	st = read_key(store, stmt, &key, err);
	if (st != TACIT_OK)
		return st;
	/* An index that leads to another row is none of ours. */
	if (!tacit_slice_eq(key.id, id_or_name) && !tacit_slice_eq(key.name, id_or_name))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "the store gives another key");
	if (!keep(arena, &key.id) || !keep(arena, &key.name) || !keep(arena, &key.spec) ||
	    !keep(arena, &key.policy) || !keep(arena, &key.appraisal))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for a key's texts");
	*ret = key;
	*ret_found = true;
	return TACIT_OK;
}

enum tacit_status tacit_keyd_key_material(struct tacit_keyd_store *store, struct tacit_slice id,
					  uint32_t version, struct tacit_keyd_bytes *ret,
					  struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	struct tacit_keyd_label label = key_label(id, version);
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_MATERIAL_GET, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, id);
	sqlite3_bind_int64(stmt, 2, version);
	int code = sqlite3_step(stmt);
	if (code == SQLITE_DONE)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0, "the key has no version %u",
				  (unsigned)version);
	if (code != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "look up a key", err);
	return tacit_keyd_unwrap_new(store, &label, tacit_sqlite_column(stmt, 0), ret, err);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* A row within the transaction that changes it. */
struct row {
	struct tacit_keyd_key key;
	void *room;
};

static void drop_row(struct row *row)
{
	free(row->room);
}

/* Begins a transaction, unless the row cannot be had. */
static enum tacit_status begin_row(struct tacit_keyd_store *store, struct tacit_slice id,
				   struct row *row, struct tacit_error *err)
{
	struct tacit_arena arena;
	bool found = false;

	row->room = malloc(ROW_ROOM);
	if (!row->room)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	tacit_arena_init(&arena, row->room, ROW_ROOM);
	enum tacit_status st = tacit_keyd_begin(store, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_keyd_key_find(store, id, &arena, &row->key, &found, err);
	if (st == TACIT_OK && !found)
		st = tacit_fail(err, TACIT_POLICY, WHERE, 0, "there is none of this name");
	return st == TACIT_OK ? st : tacit_keyd_end(store, st, err);
}

static enum tacit_status end_row(struct tacit_keyd_store *store,
				 const struct tacit_keyd_actor *actor, const struct row *row,
				 const char *op, struct tacit_error *err)
{
	enum tacit_status st = write_key(store, TACIT_KEYD_KEY_SET, &row->key, err);

	if (st == TACIT_OK)
		st = note(store, actor, op, &row->key, err);
	return tacit_keyd_end(store, st, err);
}

static enum tacit_status next_version(struct tacit_keyd_store *store,
				      const struct tacit_keyd_actor *actor, struct row *row,
				      struct tacit_slice material, struct tacit_error *err)
{
	uint32_t version = ++row->key.version;
	enum tacit_status st = write_key(store, TACIT_KEYD_KEY_SET, &row->key, err);

	if (st == TACIT_OK)
		st = put_material(store, row->key.id, version, material, actor->now, err);
	if (st == TACIT_OK)
		st = note(store, actor, "RotateKey", &row->key, err);
	return st;
}

enum tacit_status tacit_keyd_key_rotate(struct tacit_keyd_store *store,
					const struct tacit_keyd_actor *actor,
					const struct tacit_keyd_key *key,
					struct tacit_slice material, struct tacit_error *err)
{
	TACIT_CLEANUP(drop_row) struct row row = { 0 };
	enum tacit_status st = begin_row(store, key->id, &row, err);

	if (st != TACIT_OK)
		return st;
	if (row.key.version != key->version)
		st = tacit_fail(err, TACIT_POLICY, WHERE, 0, "somebody else rotated it meanwhile");
	if (st == TACIT_OK)
		st = next_version(store, actor, &row, material, err);
	return tacit_keyd_end(store, st, err);
}

enum tacit_status tacit_keyd_key_enable(struct tacit_keyd_store *store,
					const struct tacit_keyd_actor *actor, struct tacit_slice id,
					bool enabled, struct tacit_error *err)
{
	TACIT_CLEANUP(drop_row) struct row row = { 0 };
	enum tacit_status st = begin_row(store, id, &row, err);

	if (st != TACIT_OK)
		return st;
	row.key.enabled = enabled;
	return end_row(store, actor, &row, enabled ? "EnableKey" : "DisableKey", err);
}

enum tacit_status tacit_keyd_key_policy(struct tacit_keyd_store *store,
					const struct tacit_keyd_actor *actor, struct tacit_slice id,
					bool appraisal, struct tacit_slice text,
					struct tacit_error *err)
{
	TACIT_CLEANUP(drop_row) struct row row = { 0 };

	if (text.len > TACIT_KEYD_POLICY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a policy of %zu bytes", text.len);
	enum tacit_status st = begin_row(store, id, &row, err);
	if (st != TACIT_OK)
		return st;
	*(appraisal ? &row.key.appraisal : &row.key.policy) = text;
	return end_row(store, actor, &row, "PutKeyPolicy", err);
}

/* ---- listing -------------------------------------------------------------------------------- */

enum tacit_status tacit_keyd_key_list(struct tacit_keyd_store *store, tacit_keyd_key_visit visit,
				      void *user, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_KEY_LIST, &stmt, err);

	if (st != TACIT_OK)
		return st;
	for (;;) {
		struct tacit_keyd_key key;
		int code = sqlite3_step(stmt);

		if (code == SQLITE_DONE)
			return TACIT_OK;
		if (code != SQLITE_ROW)
			return tacit_sqlite_fail(store->db, WHERE, "list keys", err);
		st = read_key(store, stmt, &key, err);
		if (st != TACIT_OK || !visit(user, &key))
			return st;
	}
}

/* ---- another master key --------------------------------------------------------------------- */

struct sealing {
	struct tacit_keyd_store *next;
	enum tacit_status status;
	struct tacit_error *err;
};

static bool seal_anew(void *user, const struct tacit_keyd_key *key)
{
	struct sealing *s = user;

	s->status = write_key(s->next, TACIT_KEYD_KEY_SET, key, s->err);
	if (s->status == TACIT_OK)
		s->status = tacit_keyd_wrote_one(s->next, "key",
						 key->name.ptr ? key->name : key->id, s->err);
	return s->status == TACIT_OK;
}

/* The row of material that `stmt` is at. */
static enum tacit_status wrap_anew(struct tacit_keyd_store *store, struct tacit_keyd_store *next,
				   sqlite3_stmt *stmt, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes wrapped = { 0 };
	struct tacit_slice id = tacit_sqlite_column(stmt, 0);
	struct tacit_keyd_label label = key_label(id, (uint32_t)sqlite3_column_int64(stmt, 1));
	sqlite3_stmt *set = NULL;
	enum tacit_status st =
		tacit_keyd_rewrap(store, next, &label, tacit_sqlite_column(stmt, 2), &wrapped, err);

	if (st == TACIT_OK)
		st = tacit_keyd_prepare(next, TACIT_KEYD_MATERIAL_SET, &set, err);
	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(set, 1, id);
	sqlite3_bind_int64(set, 2, label.version);
	tacit_sqlite_bind_blob(set, 3, tacit_slice_of(wrapped.ptr, wrapped.len));
	st = tacit_keyd_step(next, set, "store the key", err);
	return st == TACIT_OK ? tacit_keyd_wrote_one(next, "key", id, err) : st;
}

enum tacit_status tacit_keyd_rekey_keys(struct tacit_keyd_store *store,
					struct tacit_keyd_store *next, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	struct sealing sealing = { next, TACIT_OK, err };
	enum tacit_status st = tacit_keyd_key_list(store, seal_anew, &sealing, err);

	if (st == TACIT_OK)
		st = sealing.status;
	if (st == TACIT_OK)
		st = tacit_keyd_prepare(store, TACIT_KEYD_MATERIAL_LIST, &stmt, err);
	while (st == TACIT_OK) {
		int code = sqlite3_step(stmt);

		if (code == SQLITE_DONE)
			break;
		st = code == SQLITE_ROW ? wrap_anew(store, next, stmt, err)
					: tacit_sqlite_fail(store->db, WHERE, "list keys", err);
	}
	return st;
}
