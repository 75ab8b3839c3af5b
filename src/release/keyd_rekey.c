/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "base/secret.h"
#include "release/keyd_inside.h"

#define WHERE TACIT_KEYD_WHERE

enum tacit_status tacit_keyd_rewrap(const struct tacit_keyd_store *store,
				    const struct tacit_keyd_store *next,
				    const struct tacit_keyd_label *label,
				    struct tacit_slice wrapped, struct tacit_keyd_bytes *ret,
				    struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes secret = { 0 };
	char shown[80];
	enum tacit_status st = tacit_keyd_unwrap_new(store, label, wrapped, &secret, NULL);

	if (st == TACIT_SIGNATURE || st == TACIT_FORMAT)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "version %u of %s '%s' was changed by something other than this "
				  "broker",
				  (unsigned)label->version, label->kind,
				  tacit_escape(shown, sizeof(shown), label->id));
	if (st != TACIT_OK)
		return tacit_fail(err, st, WHERE, 0, "cannot unwrap a secret");
	return tacit_keyd_wrap_new(next, label, tacit_slice_of(secret.ptr, secret.len), ret, err);
}

enum tacit_status tacit_keyd_wrote_one(const struct tacit_keyd_store *store, const char *kind,
				       struct tacit_slice name, struct tacit_error *err)
{
	return sqlite3_changes(store->db) == 1 ? TACIT_OK : tacit_keyd_changed(kind, name, err);
}

/*
 * Whoever has the file open holds a lock on it all the time, as SQLite has it for the write-ahead
 * log. It is asked for alone, and stays so until the file is closed: nobody that knows only the
 * old key goes on to write. Without waiting, as a broker does not end by itself.
 */
static enum tacit_status begin_alone(struct tacit_keyd_store *store, struct tacit_error *err)
{
	enum tacit_status st = tacit_sqlite_run(store->db, WHERE, "PRAGMA locking_mode = EXCLUSIVE",
						"lock the file", err);

	if (st != TACIT_OK)
		return st;
	sqlite3_busy_timeout(store->db, 0);
	if (tacit_keyd_begin(store, NULL) == TACIT_OK)
		return TACIT_OK;
	if ((sqlite3_errcode(store->db) & 0xff) == SQLITE_BUSY)
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "a broker, or another verb, has the store open");
	return tacit_sqlite_fail(store->db, WHERE, "begin", err);
}

static enum tacit_status move_all(struct tacit_keyd_store *store, struct tacit_keyd_store *next,
				  const struct tacit_keyd_actor *actor, struct tacit_error *err)
{
	const struct tacit_keyd_entry what = { .op = tacit_slice_str("RotateMasterKey") };
	enum tacit_status st = tacit_keyd_rekey_keys(store, next, err);

	if (st == TACIT_OK)
		st = tacit_keyd_rekey_credentials(store, next, err);
	if (st == TACIT_OK)
		st = tacit_keyd_put_check(next, err);
	if (st == TACIT_OK)
		st = tacit_keyd_note(next, actor, &what, err);
	return st;
}

/* What SQLite no longer uses of its pages may hold secrets under the old key: it is left behind. */
static enum tacit_status rewrite_file(struct tacit_keyd_store *store, struct tacit_error *err)
{
	/* VACUUM writes into a database that it attaches. */
	int attached = sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 1);
	enum tacit_status st = tacit_sqlite_run(
		store->db, WHERE, "VACUUM",
		"clear the file of what was under the old key, though the new one is in force",
		err);

	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, attached);
	return st;
}

enum tacit_status tacit_keyd_store_rekey(struct tacit_keyd_store *store,
					 const struct tacit_keyd_actor *actor,
					 const struct tacit_keyd_master *master,
					 struct tacit_error *err)
{
	struct tacit_keyd_store next = { .db = store->db, .has_master = true };

	if (!store->has_master)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "opened without a master key");
	if (tacit_equal_secret(TACIT_SLICE_ARRAY(master->wrap),
			       TACIT_SLICE_ARRAY(store->master.wrap)))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "it is the same master key");
	enum tacit_status st = begin_alone(store, err);
	if (st != TACIT_OK)
		return st;
	next.master = *master;
	st = move_all(store, &next, actor, err);
	for (size_t i = 0; i < TACIT_KEYD_QUERIES; i++)
		sqlite3_finalize(next.ready[i]);
	tacit_keyd_master_done(&next.master);
	st = tacit_keyd_end(store, st, err);
	if (st != TACIT_OK)
		return st;
	store->master = *master;
	return rewrite_file(store, err);
}
