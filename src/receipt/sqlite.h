/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_SQLITE_H
#define TACIT_RECEIPT_SQLITE_H

/*
 * The one seam to SQLite, which the receipt store and the broker's store stand on; no part of
 * libtacit. Opened as receipt/store.h says: write-ahead log, durable when a commit returns, files
 * of others and files that hold triggers or views refused, mode 0600.
 */

#include <sqlite3.h>

#include "base/error.h"

/* What a file of ours says that it is. */
struct tacit_sqlite_form {
	const char *where; /* for errors */
	int application_id, version;
	const char *schema; /* statements that do nothing where the tables are there already */
};

/* Errors: as tacit_store_open(). Owns: sqlite3_close. */
TACIT_MUST_CHECK enum tacit_status tacit_sqlite_open(const char *path, bool write,
						     const struct tacit_sqlite_form *form,
						     sqlite3 **ret, struct tacit_error *err);

/* The status of the last failure, with its reason. */
enum tacit_status tacit_sqlite_fail(sqlite3 *db, const char *where, const char *what,
				    struct tacit_error *err);

/* Runs statements that give no rows; a transaction that fails is rolled back. */
TACIT_MUST_CHECK enum tacit_status tacit_sqlite_run(sqlite3 *db, const char *where, const char *sql,
						    const char *what, struct tacit_error *err);

/* For TACIT_CLEANUP. A statement that is reset leaves no lock behind. */
void tacit_sqlite_finalize(sqlite3_stmt **stmt);
void tacit_sqlite_reset(sqlite3_stmt **stmt);

/* The bytes must live until the statement is reset. An absent blob is NULL, an absent text "". */
void tacit_sqlite_bind_blob(sqlite3_stmt *stmt, int at, struct tacit_slice bytes);
void tacit_sqlite_bind_text(sqlite3_stmt *stmt, int at, struct tacit_slice text);

/* Lives until the statement's next step. */
struct tacit_slice tacit_sqlite_column(sqlite3_stmt *stmt, int at);

#endif
