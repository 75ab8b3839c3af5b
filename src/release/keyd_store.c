/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "release/keyd_inside.h"

#define WHERE TACIT_KEYD_WHERE

static const char SCHEMA[] =
	"CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, name TEXT UNIQUE,"
	" spec TEXT NOT NULL, enabled INTEGER NOT NULL, version INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL, policy TEXT, appraisal TEXT, seal BLOB NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS material (key_id TEXT NOT NULL REFERENCES keys(id),"
	" version INTEGER NOT NULL, wrapped BLOB NOT NULL, created_at INTEGER NOT NULL,"
	" PRIMARY KEY (key_id, version));"
	"CREATE TABLE IF NOT EXISTS credentials (access_key TEXT PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE, admin INTEGER NOT NULL, enabled INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL, seal BLOB NOT NULL, wrapped BLOB NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, line TEXT NOT NULL,"
	" hash BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS used (hash BLOB PRIMARY KEY, until INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS used_until ON used (until);";

static const struct tacit_sqlite_form FORM = {
	.where = WHERE,
	.application_id = 0x544b4559, /* "TKEY" */
	.version = 2,
	.schema = SCHEMA,
};

#define KEY_ROW        "id, name, spec, enabled, version, created_at, policy, appraisal, seal"
#define CREDENTIAL_ROW "access_key, name, admin, enabled, created_at, seal, wrapped"

static const char *const SQL[TACIT_KEYD_QUERIES] = {
	[TACIT_KEYD_META_GET] = "SELECT value FROM meta WHERE name = ?1",
	[TACIT_KEYD_META_PUT] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
	[TACIT_KEYD_KEY_PUT] =
		"INSERT INTO keys (" KEY_ROW ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[TACIT_KEYD_KEY_GET] = "SELECT " KEY_ROW " FROM keys WHERE id = ?1"
			       " UNION ALL SELECT " KEY_ROW " FROM keys WHERE name = ?1",
	[TACIT_KEYD_KEY_LIST] = "SELECT " KEY_ROW " FROM keys ORDER BY created_at, id",
	[TACIT_KEYD_KEY_SET] = "UPDATE keys SET enabled = ?4, version = ?5, policy = ?7,"
			       " appraisal = ?8, seal = ?9 WHERE id = ?1",
	[TACIT_KEYD_MATERIAL_PUT] = "INSERT INTO material (key_id, version, wrapped, created_at)"
				    " VALUES (?1, ?2, ?3, ?4)",
	[TACIT_KEYD_MATERIAL_GET] =
		"SELECT wrapped FROM material WHERE key_id = ?1 AND version = ?2",
	[TACIT_KEYD_MATERIAL_LIST] = "SELECT key_id, version, wrapped FROM material",
	[TACIT_KEYD_MATERIAL_SET] =
		"UPDATE material SET wrapped = ?3 WHERE key_id = ?1 AND version = ?2",
	[TACIT_KEYD_CREDENTIAL_PUT] =
		"INSERT INTO credentials (" CREDENTIAL_ROW ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[TACIT_KEYD_CREDENTIAL_GET] =
		"SELECT " CREDENTIAL_ROW " FROM credentials WHERE access_key = ?1",
	[TACIT_KEYD_CREDENTIAL_NAMED] =
		"SELECT " CREDENTIAL_ROW " FROM credentials WHERE name = ?1",
	[TACIT_KEYD_CREDENTIAL_LIST] =
		"SELECT " CREDENTIAL_ROW " FROM credentials ORDER BY created_at, name",
	[TACIT_KEYD_CREDENTIAL_SET] =
		"UPDATE credentials SET enabled = ?4, seal = ?6, wrapped = coalesce(?7, wrapped)"
		" WHERE access_key = ?1",
	[TACIT_KEYD_LOG_PUT] = "INSERT INTO log (seq, line, hash) VALUES (?1, ?2, ?3)",
	[TACIT_KEYD_LOG_LAST] = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1",
	[TACIT_KEYD_LOG_WALK] = "SELECT line, hash FROM log WHERE seq > ?1 ORDER BY seq",
	[TACIT_KEYD_USED_PUT] = "INSERT OR IGNORE INTO used (hash, until) VALUES (?1, ?2)",
	[TACIT_KEYD_USED_FORGET] = "DELETE FROM used WHERE until < ?1",
};

enum tacit_status tacit_keyd_prepare(struct tacit_keyd_store *store, enum tacit_keyd_query query,
				     sqlite3_stmt **ret, struct tacit_error *err)
{
	if (!store->ready[query] &&
	    sqlite3_prepare_v3(store->db, SQL[query], -1, SQLITE_PREPARE_PERSISTENT,
			       &store->ready[query], NULL) != SQLITE_OK)
		return tacit_sqlite_fail(store->db, WHERE, "prepare a query", err);
	for (size_t i = 0; i < TACIT_KEYD_QUERIES; i++)
		tacit_sqlite_reset(&store->ready[i]);
	*ret = store->ready[query];
	return TACIT_OK;
}

enum tacit_status tacit_keyd_step(struct tacit_keyd_store *store, sqlite3_stmt *stmt,
				  const char *what, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;
	int code = sqlite3_step(stmt);

	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		st = tacit_fail(err, TACIT_POLICY, WHERE, 0, "cannot %s: it is there already",
				what);
	else if (code != SQLITE_DONE)
		st = tacit_sqlite_fail(store->db, WHERE, what, err);
	tacit_sqlite_reset(&stmt);
	return st;
}

enum tacit_status tacit_keyd_begin(struct tacit_keyd_store *store, struct tacit_error *err)
{
	for (size_t i = 0; i < TACIT_KEYD_QUERIES; i++)
		tacit_sqlite_reset(&store->ready[i]);
	return tacit_sqlite_run(store->db, WHERE, "BEGIN IMMEDIATE", "begin", err);
}

enum tacit_status tacit_keyd_end(struct tacit_keyd_store *store, enum tacit_status status,
				 struct tacit_error *err)
{
	for (size_t i = 0; i < TACIT_KEYD_QUERIES; i++)
		tacit_sqlite_reset(&store->ready[i]);
	if (status == TACIT_OK)
		return tacit_sqlite_run(store->db, WHERE, "COMMIT", "write", err);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/* ---- secrets -------------------------------------------------------------------------------- */

void tacit_keyd_bytes_done(struct tacit_keyd_bytes *bytes)
{
	tacit_wipe(bytes->ptr, bytes->len);
	free(bytes->ptr);
	bytes->ptr = NULL;
	bytes->len = 0;
}

static enum tacit_status take_room(size_t len, struct tacit_keyd_bytes *ret,
				   struct tacit_error *err)
{
	ret->ptr = calloc(1, len ? len : 1);
	if (!ret->ptr)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	ret->len = len;
	return TACIT_OK;
}

static enum tacit_status need_master(const struct tacit_keyd_store *store, struct tacit_error *err)
{
	if (!store->has_master)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "opened without a master key");
	return TACIT_OK;
}

enum tacit_status tacit_keyd_wrap_new(const struct tacit_keyd_store *store,
				      const struct tacit_keyd_label *label,
				      struct tacit_slice secret, struct tacit_keyd_bytes *ret,
				      struct tacit_error *err)
{
	struct tacit_keyd_bytes room = { 0 };
	enum tacit_status st = need_master(store, err);

	if (st == TACIT_OK && secret.len > TACIT_KEYD_MATERIAL_MAX)
		st = tacit_fail(err, TACIT_LIMIT, WHERE, 0, "it has %zu bytes, and at most %d",
				secret.len, TACIT_KEYD_MATERIAL_MAX);
	if (st == TACIT_OK)
		st = take_room(secret.len + TACIT_KEYD_WRAP_EXTRA, &room, err);
	if (st == TACIT_OK)
		st = tacit_keyd_wrap(&store->master, label, secret,
				     tacit_mut_of(room.ptr, room.len), err);
	if (st == TACIT_OK)
		*ret = room;
	else
		tacit_keyd_bytes_done(&room);
	return st;
}

enum tacit_status tacit_keyd_unwrap_new(const struct tacit_keyd_store *store,
					const struct tacit_keyd_label *label,
					struct tacit_slice wrapped, struct tacit_keyd_bytes *ret,
					struct tacit_error *err)
{
	struct tacit_keyd_bytes room = { 0 };
	enum tacit_status st = need_master(store, err);

	if (st == TACIT_OK && wrapped.len < TACIT_KEYD_WRAP_EXTRA)
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a row holds no wrapped secret");
	if (st == TACIT_OK)
		st = take_room(wrapped.len - TACIT_KEYD_WRAP_EXTRA, &room, err);
	if (st == TACIT_OK)
		st = tacit_keyd_unwrap(&store->master, label, wrapped,
				       tacit_mut_of(room.ptr, room.len), err);
	if (st == TACIT_OK)
		*ret = room;
	else
		tacit_keyd_bytes_done(&room);
	return st;
}

/* ---- opening -------------------------------------------------------------------------------- */

static const char CHECK[] = "tacit keyd";

static struct tacit_keyd_label check_label(void)
{
	struct tacit_keyd_label label = { "check", tacit_slice_str(CHECK), 1 };

	return label;
}

enum tacit_status tacit_keyd_put_check(struct tacit_keyd_store *store, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes wrapped = { 0 };
	struct tacit_keyd_label label = check_label();
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st =
		tacit_keyd_wrap_new(store, &label, tacit_slice_str(CHECK), &wrapped, err);

	if (st == TACIT_OK)
		st = tacit_keyd_prepare(store, TACIT_KEYD_META_PUT, &stmt, err);
	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, tacit_slice_str("check"));
	tacit_sqlite_bind_blob(stmt, 2, tacit_slice_of(wrapped.ptr, wrapped.len));
	return tacit_keyd_step(store, stmt, "note the master key", err);
}

/* The master key is the one that the file began with; the first one is noted. */
static enum tacit_status check_master(struct tacit_keyd_store *store, bool write,
				      struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes opened = { 0 };
	struct tacit_keyd_label label = check_label();
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_META_GET, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_text(stmt, 1, tacit_slice_str("check"));
	int code = sqlite3_step(stmt);
	if (code == SQLITE_DONE && write)
		return tacit_keyd_put_check(store, err);
	if (code != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "read the file", err);
	st = tacit_keyd_unwrap_new(store, &label, tacit_sqlite_column(stmt, 0), &opened, NULL);
	tacit_sqlite_reset(&stmt);
	if (st == TACIT_SIGNATURE || st == TACIT_FORMAT)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "the master key is not the one of this store");
	return st == TACIT_OK ? st : tacit_fail(err, st, WHERE, 0, "cannot try the master key");
}

enum tacit_status tacit_keyd_store_open(const char *path, enum tacit_keyd_mode mode,
					const struct tacit_keyd_master *master,
					struct tacit_keyd_store **ret, struct tacit_error *err)
{
	struct tacit_keyd_store *store = calloc(1, sizeof(*store));
	bool write = mode == TACIT_KEYD_WRITE;

	if (!store)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	enum tacit_status st = tacit_sqlite_open(path, write, &FORM, &store->db, err);
	if (st == TACIT_OK && master) {
		store->master = *master;
		store->has_master = true;
		if (write)
			st = tacit_keyd_begin(store, err);
		if (st == TACIT_OK)
			st = check_master(store, write, err);
		if (write && store->db)
			st = tacit_keyd_end(store, st, err);
	}
	if (st != TACIT_OK) {
		tacit_keyd_store_close(store);
		return st;
	}
	*ret = store;
	return TACIT_OK;
}

void tacit_keyd_store_close(struct tacit_keyd_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < TACIT_KEYD_QUERIES; i++)
		sqlite3_finalize(store->ready[i]);
	sqlite3_close(store->db);
	tacit_keyd_master_done(&store->master);
	free(store);
}

/* ---- the log -------------------------------------------------------------------------------- */

static enum tacit_status read_chain(struct tacit_keyd_store *store, struct tacit_keyd_chain *ret,
				    struct tacit_error *err)
{
	struct tacit_keyd_chain chain = { 0 };
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_LOG_LAST, &stmt, err);

	if (st != TACIT_OK)
		return st;
	int code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		struct tacit_slice hash = tacit_sqlite_column(stmt, 1);

		chain.seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		if (hash.len != sizeof(chain.hash))
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "the last row of the log has no hash");
		memcpy(chain.hash, hash.ptr, hash.len);
	} else if (code != SQLITE_DONE) {
		return tacit_sqlite_fail(store->db, WHERE, "read the log", err);
	}
	*ret = chain;
	return TACIT_OK;
}

static enum tacit_status put_line(struct tacit_keyd_store *store,
				  const struct tacit_keyd_entry *entry,
				  struct tacit_keyd_chain *chain, struct tacit_error *err)
{
	uint8_t room[TACIT_KEYD_LINE_MAX];
	sqlite3_stmt *stmt = NULL;
	struct tacit_slice line;
	enum tacit_status st =
		tacit_keyd_log_append(entry, chain, tacit_mut_of(room, sizeof(room)), &line, err);

	if (st == TACIT_OK)
		st = tacit_keyd_prepare(store, TACIT_KEYD_LOG_PUT, &stmt, err);
	if (st != TACIT_OK)
		return st;
	sqlite3_bind_int64(stmt, 1, (int64_t)chain->seq);
	tacit_sqlite_bind_text(stmt, 2, line);
	tacit_sqlite_bind_blob(stmt, 3, TACIT_SLICE_ARRAY(chain->hash));
	return tacit_keyd_step(store, stmt, "write the log", err);
}

enum tacit_status tacit_keyd_note(struct tacit_keyd_store *store,
				  const struct tacit_keyd_actor *actor,
				  const struct tacit_keyd_entry *what, struct tacit_error *err)
{
	struct tacit_keyd_entry entry = *what;
	struct tacit_keyd_chain chain;
	enum tacit_status st = read_chain(store, &chain, err);

	entry.at = actor->now;
	entry.who = actor->who;
	entry.verdict = "done";
	if (st == TACIT_OK)
		st = put_line(store, &entry, &chain, err);
	return st;
}

/* Remembers what may be used once; `ret_new` is false when it was there already. */
static enum tacit_status put_used(struct tacit_keyd_store *store, struct tacit_slice hash,
				  int64_t until, bool *ret_new, struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_USED_PUT, &stmt, err);

	if (st != TACIT_OK)
		return st;
	tacit_sqlite_bind_blob(stmt, 1, hash);
	sqlite3_bind_int64(stmt, 2, until);
	st = tacit_keyd_step(store, stmt, "remember the evidence", err);
	if (st == TACIT_OK)
		*ret_new = sqlite3_changes(store->db) == 1;
	return st;
}

static enum tacit_status use_once(struct tacit_keyd_store *store,
				  struct tacit_keyd_release *release, struct tacit_error *err)
{
	static const char REASON[] = "the evidence, or its nonce, was used already";
	enum tacit_status st = TACIT_OK;

	release->replayed = false;
	for (size_t i = 0; i < 2 && st == TACIT_OK; i++) {
		bool new = true;

		if (release->once[i].ptr)
			st = put_used(store, release->once[i], release->until, &new, err);
		if (st == TACIT_OK && !new)
			release->replayed = true;
	}
	if (st == TACIT_OK && release->replayed) {
		release->entry.verdict = "refused";
		release->entry.reason = tacit_slice_str(REASON);
	}
	return st;
}

static enum tacit_status forget_used(struct tacit_keyd_store *store, int64_t now,
				     struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_USED_FORGET, &stmt, err);

	if (st != TACIT_OK)
		return st;
	sqlite3_bind_int64(stmt, 1, now);
	return tacit_keyd_step(store, stmt, "forget old evidence", err);
}

static enum tacit_status log_all(struct tacit_keyd_store *store,
				 struct tacit_keyd_release *releases, size_t count,
				 struct tacit_error *err)
{
	struct tacit_keyd_chain chain;
	enum tacit_status st = read_chain(store, &chain, err);

	for (size_t i = 0; i < count && st == TACIT_OK; i++) {
		st = use_once(store, &releases[i], err);
		if (st == TACIT_OK)
			st = put_line(store, &releases[i].entry, &chain, err);
	}
	if (st == TACIT_OK && count)
		st = forget_used(store, releases[count - 1].entry.at, err);
	return st;
}

enum tacit_status tacit_keyd_store_commit(struct tacit_keyd_store *store,
					  struct tacit_keyd_release *releases, size_t count,
					  struct tacit_error *err)
{
	enum tacit_status st = tacit_keyd_begin(store, err);

	if (st != TACIT_OK)
		return st;
	return tacit_keyd_end(store, log_all(store, releases, count, err), err);
}

enum tacit_status tacit_keyd_log_walk(struct tacit_keyd_store *store, uint64_t from,
				      tacit_keyd_line_visit visit, void *user,
				      struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status st = tacit_keyd_prepare(store, TACIT_KEYD_LOG_WALK, &stmt, err);

	if (st != TACIT_OK)
		return st;
	sqlite3_bind_int64(stmt, 1, from > INT64_MAX ? INT64_MAX : (int64_t)from);
	for (;;) {
		int code = sqlite3_step(stmt);

		if (code == SQLITE_DONE)
			return TACIT_OK;
		if (code != SQLITE_ROW)
			return tacit_sqlite_fail(store->db, WHERE, "read the log", err);
		struct tacit_slice hash = tacit_sqlite_column(stmt, 1);
		if (hash.len != 32)
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "a row of the log has no hash");
		if (!visit(user, tacit_sqlite_column(stmt, 0), hash.ptr))
			return TACIT_OK;
	}
}

enum tacit_status tacit_keyd_store_check(struct tacit_keyd_store *store, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_finalize) sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "check the file", err);
	if (!tacit_slice_eq(tacit_sqlite_column(stmt, 0), tacit_slice_str("ok")))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the file is damaged");
	return TACIT_OK;
}
