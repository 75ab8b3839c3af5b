/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "crypto/random.h"
#include "release/keyd_inside.h"

#define WHERE TACIT_KEYD_WHERE

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

static enum tacit_status put_key(struct tacit_keyd_store *store, const struct tacit_keyd_key *key,
				 int64_t now, struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_KEY_PUT, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, key->id);
	bind_optional(stmt, 2, key->name);
	tacit_sqlite_bind_text(stmt, 3, key->spec);
	sqlite3_bind_int64(stmt, 4, now);
	bind_optional(stmt, 5, key->policy);
	bind_optional(stmt, 6, key->appraisal);
	return tacit_keyd_step(store, stmt, "create a key of this name", err);
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
	st = put_key(store, &row, actor->now, err);
	if (st == TACIT_OK)
		st = put_material(store, row.id, 1, material, actor->now, err);
	if (st == TACIT_OK)
		st = tacit_keyd_note(store, actor, "CreateKey", row.id, 1, err);
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

static void read_key(sqlite3_stmt *stmt, struct tacit_keyd_key *ret)
{
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

	*ret = key;
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
	read_key(stmt, &key);
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

/* Runs an update of one row, which must be there. */
static enum tacit_status update(struct tacit_keyd_store *store, sqlite3_stmt *stmt,
				struct tacit_error *err)
{
	enum tacit_status st = tacit_keyd_step(store, stmt, "change it", err);

	if (st == TACIT_OK && sqlite3_changes(store->db) != 1)
		st = tacit_fail(err, TACIT_POLICY, WHERE, 0, "there is none of this name");
	return st;
}

static enum tacit_status next_version(struct tacit_keyd_store *store,
				      const struct tacit_keyd_key *key, struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_KEY_VERSION, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, key->id);
	sqlite3_bind_int64(stmt, 2, key->version);
	return update(store, stmt, err);
}

enum tacit_status tacit_keyd_key_rotate(struct tacit_keyd_store *store,
					const struct tacit_keyd_actor *actor,
					const struct tacit_keyd_key *key,
					struct tacit_slice material, struct tacit_error *err)
{
	enum tacit_status st = tacit_keyd_begin(store, err);

	if (st != TACIT_OK)
		return st;
	st = next_version(store, key, err);
	if (st == TACIT_OK)
		st = put_material(store, key->id, key->version + 1, material, actor->now, err);
	if (st == TACIT_OK)
		st = tacit_keyd_note(store, actor, "RotateKey", key->id, key->version + 1, err);
	return tacit_keyd_end(store, st, err);
}

enum tacit_status tacit_keyd_key_enable(struct tacit_keyd_store *store,
					const struct tacit_keyd_actor *actor, struct tacit_slice id,
					bool enabled, struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_begin(store, err);

	if (st != TACIT_OK)
		return st;
	st = tacit_keyd_prepare(store, TACIT_KEYD_KEY_ENABLE, &stmt, err);
	if (st == TACIT_OK) {
		tacit_sqlite_bind_text(stmt, 1, id);
		sqlite3_bind_int64(stmt, 2, enabled);
		st = update(store, stmt, err);
	}
	if (st == TACIT_OK)
		st = tacit_keyd_note(store, actor, enabled ? "EnableKey" : "DisableKey", id, 0,
				     err);
	return tacit_keyd_end(store, st, err);
}

enum tacit_status tacit_keyd_key_policy(struct tacit_keyd_store *store,
					const struct tacit_keyd_actor *actor, struct tacit_slice id,
					bool appraisal, struct tacit_slice text,
					struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;

	if (text.len > TACIT_KEYD_POLICY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a policy of %zu bytes", text.len);
	enum tacit_status st = tacit_keyd_begin(store, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_keyd_prepare(store, appraisal ? TACIT_KEYD_KEY_APPRAISAL : TACIT_KEYD_KEY_POLICY,
				&stmt, err);
	if (st == TACIT_OK) {
		tacit_sqlite_bind_text(stmt, 1, id);
		bind_optional(stmt, 2, text);
		st = update(store, stmt, err);
	}
	if (st == TACIT_OK)
		st = tacit_keyd_note(store, actor, "PutKeyPolicy", id, 0, err);
	return tacit_keyd_end(store, st, err);
}

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
		read_key(stmt, &key);
		if (!visit(user, &key))
			return TACIT_OK;
	}
}

/* ---- credentials ---------------------------------------------------------------------------- */

static struct tacit_keyd_label credential_label(struct tacit_slice access_key)
{
	struct tacit_keyd_label label = { "credential", access_key, 1 };

	return label;
}

enum tacit_status tacit_keyd_credential_create(struct tacit_keyd_store *store,
					       const struct tacit_keyd_actor *actor,
					       const struct tacit_keyd_credential *credential,
					       struct tacit_slice secret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes wrapped = { 0 };
	struct tacit_slice access_key = tacit_slice_str(credential->access_key);
	struct tacit_slice name = tacit_slice_str(credential->name);
	struct tacit_keyd_label label = credential_label(access_key);
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_wrap_new(store, &label, secret, &wrapped, err);

	if (st == TACIT_OK)
		st = tacit_keyd_begin(store, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_keyd_prepare(store, TACIT_KEYD_CREDENTIAL_PUT, &stmt, err);
	if (st == TACIT_OK) {
		tacit_sqlite_bind_text(stmt, 1, access_key);
		tacit_sqlite_bind_text(stmt, 2, name);
		sqlite3_bind_int64(stmt, 3, credential->admin);
		sqlite3_bind_int64(stmt, 4, actor->now);
		tacit_sqlite_bind_blob(stmt, 5, tacit_slice_of(wrapped.ptr, wrapped.len));
		st = tacit_keyd_step(store, stmt, "create the credential", err);
	}
	if (st == TACIT_OK)
		st = tacit_keyd_note(store, actor, "CreateCredential", name, 0, err);
	return tacit_keyd_end(store, st, err);
}

static enum tacit_status read_credential(sqlite3_stmt *stmt, struct tacit_keyd_credential *ret,
					 struct tacit_error *err)
{
	struct tacit_slice access_key = tacit_sqlite_column(stmt, 0);
	struct tacit_slice name = tacit_sqlite_column(stmt, 1);
	struct tacit_keyd_credential c = {
		.admin = sqlite3_column_int64(stmt, 2) == 1,
		.enabled = sqlite3_column_int64(stmt, 3) == 1,
		.created_at = sqlite3_column_int64(stmt, 4),
	};

	if (access_key.len == 0 || access_key.len >= sizeof(c.access_key) || name.len == 0 ||
	    name.len >= sizeof(c.name))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a credential of a wrong length");
	memcpy(c.access_key, access_key.ptr, access_key.len);
	memcpy(c.name, name.ptr, name.len);
	*ret = c;
	return TACIT_OK;
}

enum tacit_status tacit_keyd_credential_find(struct tacit_keyd_store *store,
					     struct tacit_slice access_key,
					     struct tacit_keyd_credential *ret,
					     struct tacit_keyd_bytes *ret_secret, bool *ret_found,
					     struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	struct tacit_keyd_label label = credential_label(access_key);
	struct tacit_keyd_credential c;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_CREDENTIAL_GET, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, access_key);
	int code = sqlite3_step(stmt);
	if (code == SQLITE_DONE) {
		*ret_found = false;
		return TACIT_OK;
	}
	if (code != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "look up a credential", err);
	st = read_credential(stmt, &c, err);
	if (st == TACIT_OK)
		st = tacit_keyd_unwrap_new(store, &label, tacit_sqlite_column(stmt, 5), ret_secret,
					   err);
	if (st == TACIT_OK) {
		*ret = c;
		*ret_found = true;
	}
	return st;
}

enum tacit_status tacit_keyd_credential_enable(struct tacit_keyd_store *store,
					       const struct tacit_keyd_actor *actor,
					       struct tacit_slice name, bool enabled,
					       struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_begin(store, err);

	if (st != TACIT_OK)
		return st;
	st = tacit_keyd_prepare(store, TACIT_KEYD_CREDENTIAL_ENABLE, &stmt, err);
	if (st == TACIT_OK) {
		tacit_sqlite_bind_text(stmt, 1, name);
		sqlite3_bind_int64(stmt, 2, enabled);
		st = update(store, stmt, err);
	}
	if (st == TACIT_OK)
		st = tacit_keyd_note(store, actor,
				     enabled ? "EnableCredential" : "DisableCredential", name, 0,
				     err);
	return tacit_keyd_end(store, st, err);
}

enum tacit_status tacit_keyd_credential_list(struct tacit_keyd_store *store,
					     tacit_keyd_credential_visit visit, void *user,
					     struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_CREDENTIAL_LIST, &stmt, err);

	if (st != TACIT_OK)
		return st;
	for (;;) {
		struct tacit_keyd_credential c;
		int code = sqlite3_step(stmt);

		if (code == SQLITE_DONE)
			return TACIT_OK;
		if (code != SQLITE_ROW)
			return tacit_sqlite_fail(store->db, WHERE, "list credentials", err);
		st = read_credential(stmt, &c, err);
		if (st != TACIT_OK || !visit(user, &c))
			return st;
	}
}
