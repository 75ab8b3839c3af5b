/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/compiler.h"
#include "release/keyd_inside.h"

#define WHERE TACIT_KEYD_WHERE

static struct tacit_keyd_label credential_label(struct tacit_slice access_key)
{
	struct tacit_keyd_label label = { "credential", access_key, 1 };

	return label;
}

/* `wrapped` may be absent where the row is there already, and then stays as it is. */
static enum tacit_status write_credential(struct tacit_keyd_store *store,
					  enum tacit_keyd_query query,
					  const struct tacit_keyd_credential *c,
					  struct tacit_slice wrapped, struct tacit_error *err)
{
	uint8_t seal[TACIT_KEYD_SEAL_LEN];
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_seal_credential(store, c, seal, err);

	if (st == TACIT_OK)
		st = tacit_keyd_prepare(store, query, &stmt, err);
	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, tacit_slice_str(c->access_key));
	tacit_sqlite_bind_text(stmt, 2, tacit_slice_str(c->name));
	sqlite3_bind_int64(stmt, 3, c->admin);
	sqlite3_bind_int64(stmt, 4, c->enabled);
	sqlite3_bind_int64(stmt, 5, c->created_at);
	tacit_sqlite_bind_blob(stmt, 6, TACIT_SLICE_ARRAY(seal));
	if (wrapped.ptr)
		tacit_sqlite_bind_blob(stmt, 7, wrapped);
	return tacit_keyd_step(store, stmt, "write the credential", err);
}

static enum tacit_status note(struct tacit_keyd_store *store, const struct tacit_keyd_actor *actor,
			      const char *op, const char *name, struct tacit_error *err)
{
	const struct tacit_keyd_entry what = { .op = tacit_slice_str(op),
					       .key = tacit_slice_str(name) };

	return tacit_keyd_note(store, actor, &what, err);
}

/* Who acts in the log, and in policies, without a credential. */
static bool is_reserved(const char *name)
{
	return strcmp(name, TACIT_KEYD_OPERATOR) == 0 || strcmp(name, TACIT_KEYD_KBS) == 0;
}

enum tacit_status tacit_keyd_credential_create(struct tacit_keyd_store *store,
					       const struct tacit_keyd_actor *actor,
					       const struct tacit_keyd_credential *credential,
					       struct tacit_slice secret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes wrapped = { 0 };
	struct tacit_keyd_label label = credential_label(tacit_slice_str(credential->access_key));
	struct tacit_keyd_credential row = *credential;

	if (is_reserved(row.name))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "the broker itself goes by that name in its log");
	enum tacit_status st = tacit_keyd_wrap_new(store, &label, secret, &wrapped, err);
	if (st == TACIT_OK)
		st = tacit_keyd_begin(store, err);
	if (st != TACIT_OK)
		return st;
	row.enabled = true;
	row.created_at = actor->now;
	st = write_credential(store, TACIT_KEYD_CREDENTIAL_PUT, &row,
			      tacit_slice_of(wrapped.ptr, wrapped.len), err);
	if (st == TACIT_OK)
		st = note(store, actor, "CreateCredential", row.name, err);
	return tacit_keyd_end(store, st, err);
}

/* The row that the statement is at; one that was changed from outside is refused. */
static enum tacit_status read_credential(const struct tacit_keyd_store *store, sqlite3_stmt *stmt,
					 struct tacit_keyd_credential *ret, struct tacit_error *err)
{
	uint8_t seal[TACIT_KEYD_SEAL_LEN];
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
	enum tacit_status st = tacit_keyd_seal_credential(store, &c, seal, err);
	if (st == TACIT_OK)
		st = tacit_keyd_seal_check("credential", name, seal, tacit_sqlite_column(stmt, 5),
					   err);
	if (st == TACIT_OK)
		*ret = c;
	return st;
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
	st = read_credential(store, stmt, &c, err);
	if (st == TACIT_OK)
		st = tacit_keyd_unwrap_new(store, &label, tacit_sqlite_column(stmt, 6), ret_secret,
					   err);
	if (st == TACIT_OK) {
		*ret = c;
		*ret_found = true;
	}
	return st;
}

static enum tacit_status find_named(struct tacit_keyd_store *store, struct tacit_slice name,
				    struct tacit_keyd_credential *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_CREDENTIAL_NAMED, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, name);
	int code = sqlite3_step(stmt);
	if (code == SQLITE_DONE)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0, "there is none of this name");
	if (code != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "look up a credential", err);
	return read_credential(store, stmt, ret, err);
}

enum tacit_status tacit_keyd_credential_enable(struct tacit_keyd_store *store,
					       const struct tacit_keyd_actor *actor,
					       struct tacit_slice name, bool enabled,
					       struct tacit_error *err)
{
	struct tacit_keyd_credential c;
	enum tacit_status st = tacit_keyd_begin(store, err);

	if (st != TACIT_OK)
		return st;
	st = find_named(store, name, &c, err);
	if (st == TACIT_OK) {
		c.enabled = enabled;
		st = write_credential(store, TACIT_KEYD_CREDENTIAL_SET, &c, tacit_slice_of(NULL, 0),
				      err);
	}
	if (st == TACIT_OK)
		st = note(store, actor, enabled ? "EnableCredential" : "DisableCredential", c.name,
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
		st = read_credential(store, stmt, &c, err);
		if (st != TACIT_OK || !visit(user, &c))
			return st;
	}
}

/* The row that `stmt` is at, under another master key. */
static enum tacit_status wrap_anew(struct tacit_keyd_store *store, struct tacit_keyd_store *next,
				   sqlite3_stmt *stmt, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes wrapped = { 0 };
	struct tacit_keyd_credential c;
	enum tacit_status st = read_credential(store, stmt, &c, err);

	if (st != TACIT_OK)
		return st;
	const struct tacit_keyd_label label = credential_label(tacit_slice_str(c.access_key));
	st = tacit_keyd_rewrap(store, next, &label, tacit_sqlite_column(stmt, 6), &wrapped, err);
	if (st == TACIT_OK)
		st = write_credential(next, TACIT_KEYD_CREDENTIAL_SET, &c,
				      tacit_slice_of(wrapped.ptr, wrapped.len), err);
	return st == TACIT_OK
		       ? tacit_keyd_wrote_one(next, "credential", tacit_slice_str(c.name), err)
		       : st;
}

enum tacit_status tacit_keyd_rekey_credentials(struct tacit_keyd_store *store,
					       struct tacit_keyd_store *next,
					       struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_CREDENTIAL_LIST, &stmt, err);

	while (st == TACIT_OK) {
		int code = sqlite3_step(stmt);

		if (code == SQLITE_DONE)
			break;
		st = code == SQLITE_ROW
			     ? wrap_anew(store, next, stmt, err)
			     : tacit_sqlite_fail(store->db, WHERE, "list credentials", err);
	}
	return st;
}
