/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_INSIDE_H
#define TACIT_RELEASE_KEYD_INSIDE_H

/* What the files of the broker's store share. */

#include "receipt/sqlite.h"
#include "release/keyd_store.h"

#define TACIT_KEYD_WHERE "keyd.store"

enum tacit_keyd_query {
	TACIT_KEYD_META_GET,
	TACIT_KEYD_META_PUT,
	TACIT_KEYD_KEY_PUT,
	TACIT_KEYD_KEY_GET,
	TACIT_KEYD_KEY_LIST,
	TACIT_KEYD_KEY_SET,
	TACIT_KEYD_MATERIAL_PUT,
	TACIT_KEYD_MATERIAL_GET,
	TACIT_KEYD_MATERIAL_LIST,
	TACIT_KEYD_MATERIAL_SET,
	TACIT_KEYD_CREDENTIAL_PUT,
	TACIT_KEYD_CREDENTIAL_GET,
	TACIT_KEYD_CREDENTIAL_NAMED,
	TACIT_KEYD_CREDENTIAL_LIST,
	TACIT_KEYD_CREDENTIAL_SET,
	TACIT_KEYD_LOG_PUT,
	TACIT_KEYD_LOG_LAST,
	TACIT_KEYD_LOG_WALK,
	TACIT_KEYD_USED_PUT,
	TACIT_KEYD_USED_FORGET,
	TACIT_KEYD_QUERIES,
};

struct tacit_keyd_store {
	sqlite3 *db;
	bool has_master;
	struct tacit_keyd_master master;
	sqlite3_stmt *ready[TACIT_KEYD_QUERIES];
};

/* The statement, reset; every other is reset too, so that no lock stays behind. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_prepare(struct tacit_keyd_store *store,
						      enum tacit_keyd_query query,
						      sqlite3_stmt **ret, struct tacit_error *err);

/* Runs what gives no rows. Errors: TACIT_POLICY for what is there already. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_step(struct tacit_keyd_store *store,
						   sqlite3_stmt *stmt, const char *what,
						   struct tacit_error *err);

/* A transaction that writes. _end commits when `status` is TACIT_OK, and rolls back otherwise. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_begin(struct tacit_keyd_store *store,
						    struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_end(struct tacit_keyd_store *store, enum tacit_status status, struct tacit_error *err);

/*
 * Logs, within a transaction, that the operator or an administrator did something: `what` has the
 * rest of the row.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_note(struct tacit_keyd_store *store,
						   const struct tacit_keyd_actor *actor,
						   const struct tacit_keyd_entry *what,
						   struct tacit_error *err);

/* ---- keyd_seal.c: HMAC-SHA-256 over a row's kind and columns -------------------------------- */

#define TACIT_KEYD_SEAL_LEN 32

TACIT_MUST_CHECK enum tacit_status tacit_keyd_seal_key(const struct tacit_keyd_store *store,
						       const struct tacit_keyd_key *key,
						       uint8_t ret[static TACIT_KEYD_SEAL_LEN],
						       struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_seal_credential(const struct tacit_keyd_store *store,
			   const struct tacit_keyd_credential *c,
			   uint8_t ret[static TACIT_KEYD_SEAL_LEN], struct tacit_error *err);

/* That a row is not as this broker left it, naming it: TACIT_SIGNATURE. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_changed(const char *kind, struct tacit_slice name,
						      struct tacit_error *err);

/* Whether the seal is the one that the row of `name` says. Errors: TACIT_SIGNATURE, naming it. */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_seal_check(const char *kind, struct tacit_slice name,
		      const uint8_t seal[static TACIT_KEYD_SEAL_LEN], struct tacit_slice said,
		      struct tacit_error *err);

/* ---- keyd_rekey.c: everything from one master key to another -------------------------------- */

/* Notes which master key the file is under, in place of the one before. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_put_check(struct tacit_keyd_store *store,
							struct tacit_error *err);

/*
 * Each walks its rows as `store` reads them and writes them as `next` does, which is the same file
 * under another master key with statements of its own. A row that was changed ends it, named.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_rekey_keys(struct tacit_keyd_store *store,
							 struct tacit_keyd_store *next,
							 struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_keyd_rekey_credentials(struct tacit_keyd_store *store,
								struct tacit_keyd_store *next,
								struct tacit_error *err);

/* One secret from the one to the other. Errors: TACIT_SIGNATURE, naming it. */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_rewrap(const struct tacit_keyd_store *store, const struct tacit_keyd_store *next,
		  const struct tacit_keyd_label *label, struct tacit_slice wrapped,
		  struct tacit_keyd_bytes *ret, struct tacit_error *err);

/*
 * Whether the last write changed the one row that it was of: a column that SQLite holds as another
 * type reads alike and is not found. Errors: TACIT_SIGNATURE, naming it.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_wrote_one(const struct tacit_keyd_store *store,
							const char *kind, struct tacit_slice name,
							struct tacit_error *err);

/* ---- secrets -------------------------------------------------------------------------------- */

/* Wraps on the heap. Owns: tacit_keyd_bytes_done. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_wrap_new(const struct tacit_keyd_store *store,
						       const struct tacit_keyd_label *label,
						       struct tacit_slice secret,
						       struct tacit_keyd_bytes *ret,
						       struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_keyd_unwrap_new(const struct tacit_keyd_store *store,
							 const struct tacit_keyd_label *label,
							 struct tacit_slice wrapped,
							 struct tacit_keyd_bytes *ret,
							 struct tacit_error *err);

#endif
