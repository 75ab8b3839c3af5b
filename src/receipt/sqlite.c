/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/compiler.h"

#define BUSY_MS         5000
#define JOURNAL_WAIT_MS 10

void tacit_sqlite_reset(sqlite3_stmt **stmt)
{
	if (!*stmt)
		return;
	sqlite3_reset(*stmt);
	sqlite3_clear_bindings(*stmt);
}

void tacit_sqlite_finalize(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

static enum tacit_status status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return TACIT_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return TACIT_FORMAT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return TACIT_DENIED;
	case SQLITE_CONSTRAINT:
		return TACIT_POLICY;
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return TACIT_INTERNAL;
	default:
		return TACIT_IO;
	}
}

enum tacit_status tacit_sqlite_fail(sqlite3 *db, const char *where, const char *what,
				    struct tacit_error *err)
{
	int code = sqlite3_extended_errcode(db);
	int number = sqlite3_system_errno(db);

	if ((code & 0xff) == SQLITE_BUSY)
		return tacit_fail(err, TACIT_IO, where, 0, "cannot %s: another process is writing",
				  what);
	if ((code & 0xff) == SQLITE_IOERR)
		return tacit_fail(err, TACIT_IO, where, 0, "cannot %s: %s (code %d, %s)", what,
				  sqlite3_errmsg(db), code,
				  number ? strerror(number) : "no system error");
	return tacit_fail(err, status_of(code), where, 0, "cannot %s: %s", what,
			  sqlite3_errmsg(db));
}

enum tacit_status tacit_sqlite_run(sqlite3 *db, const char *where, const char *sql,
				   const char *what, struct tacit_error *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return TACIT_OK;
	enum tacit_status status = tacit_sqlite_fail(db, where, what, err);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/* The first column of the first row, as a number. */
static enum tacit_status ask(sqlite3 *db, const struct tacit_sqlite_form *form, const char *sql,
			     int64_t *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_finalize) sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return tacit_sqlite_fail(db, form->where, "read the file", err);
	*ret = sqlite3_column_int64(stmt, 0);
	return TACIT_OK;
}

/* --- opening --- */

/* Locks that this process holds on the file would go with any other close of it: so only a file
 * that this very call makes is opened here. */
static enum tacit_status make_file(const char *path, const struct tacit_sqlite_form *form,
				   struct tacit_error *err)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST)
		return tacit_fail(err, errno == EACCES || errno == EPERM ? TACIT_DENIED : TACIT_IO,
				  form->where, 0, "cannot make '%s': %s", path, strerror(errno));
	return TACIT_OK;
}

/* Nothing in the file, hostile or not, may run code or loosen a check. */
static void harden(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 4 * TACIT_EVIDENCE_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MS);
}

/* Reads what the file says it is; `ret_fresh` when there is nothing in it yet. */
static enum tacit_status read_identity(sqlite3 *db, const struct tacit_sqlite_form *form,
				       bool *ret_fresh, struct tacit_error *err)
{
	int64_t application = 0, version = 0, objects = 0, code = 0;
	enum tacit_status status = ask(db, form, "PRAGMA application_id", &application, err);

	if (status == TACIT_OK)
		status = ask(db, form, "PRAGMA user_version", &version, err);
	if (status == TACIT_OK)
		status = ask(db, form, "SELECT count(*) FROM sqlite_schema", &objects, err);
	if (status == TACIT_OK)
		status = ask(db, form,
			     "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')",
			     &code, err);
	if (status != TACIT_OK)
		return status;
	*ret_fresh = application == 0 && version == 0 && objects == 0;
	if (*ret_fresh)
		return TACIT_OK;
	if (application != form->application_id)
		return tacit_fail(err, TACIT_FORMAT, form->where, 0,
				  "a database of another program (application id %lld)",
				  (long long)application);
	if (version != form->version)
		return tacit_fail(err, TACIT_UNSUPPORTED, form->where, 0,
				  "schema version %lld, this build knows %d", (long long)version,
				  form->version);
	if (code)
		return tacit_fail(err, TACIT_FORMAT, form->where, 0,
				  "the file holds triggers or views");
	return TACIT_OK;
}

/* In one transaction: another process may be making the schema at this moment. */
static enum tacit_status identify(sqlite3 *db, const struct tacit_sqlite_form *form,
				  bool *ret_fresh, struct tacit_error *err)
{
	enum tacit_status status = tacit_sqlite_run(db, form->where, "BEGIN", "read the file", err);

	if (status != TACIT_OK)
		return status;
	status = read_identity(db, form, ret_fresh, err);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/*
 * The log is what lets readers and a writer work at once. SQLite does not wait for a lock when it
 * changes the journal, lest two wait for each other; so the waiting is here.
 */
static enum tacit_status set_journal(sqlite3 *db, const struct tacit_sqlite_form *form,
				     struct tacit_error *err)
{
	static const char SQL_JOURNAL[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = EXTRA;";

	for (int waited = 0; waited < BUSY_MS; waited += JOURNAL_WAIT_MS) {
		int code = sqlite3_exec(db, SQL_JOURNAL, NULL, NULL, NULL);

		if ((code & 0xff) != SQLITE_BUSY)
			break;
		sqlite3_sleep(JOURNAL_WAIT_MS);
	}
	return tacit_sqlite_run(db, form->where, SQL_JOURNAL, "set up the file", err);
}

static enum tacit_status make_tables(sqlite3 *db, const struct tacit_sqlite_form *form,
				     struct tacit_error *err)
{
	char marks[96];
	enum tacit_status status =
		tacit_sqlite_run(db, form->where, "BEGIN IMMEDIATE", "make the tables", err);

	if (status == TACIT_OK)
		status = tacit_sqlite_run(db, form->where, form->schema, "make the tables", err);
	snprintf(marks, sizeof(marks), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 form->application_id, form->version);
	if (status == TACIT_OK)
		status = tacit_sqlite_run(db, form->where, marks, "make the tables", err);
	if (status == TACIT_OK)
		status = tacit_sqlite_run(db, form->where, "COMMIT", "make the tables", err);
	return status;
}

static enum tacit_status set_up(sqlite3 *db, const struct tacit_sqlite_form *form, bool write,
				struct tacit_error *err)
{
	bool fresh = false;
	enum tacit_status status = identify(db, form, &fresh, err);

	if (status != TACIT_OK)
		return status;
	if (!write && fresh)
		return tacit_fail(err, TACIT_FORMAT, form->where, 0, "the file is empty");
	if (!write)
		return TACIT_OK;
	status = set_journal(db, form, err);
	/* Somebody else may have made the schema since: it is made only where it is missing. */
	if (status == TACIT_OK && fresh)
		status = make_tables(db, form, err);
	return status;
}

enum tacit_status tacit_sqlite_open(const char *path, bool write,
				    const struct tacit_sqlite_form *form, sqlite3 **ret,
				    struct tacit_error *err)
{
	int flags = SQLITE_OPEN_EXRESCODE | (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	enum tacit_status status = TACIT_OK;
	sqlite3 *db = NULL;

	if (write)
		status = make_file(path, form, err);
	if (status != TACIT_OK)
		return status;
	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
		status = db ? tacit_sqlite_fail(db, form->where, "open the file", err)
			    : tacit_fail(err, TACIT_NOMEM, form->where, 0, "no memory");
	} else {
		harden(db);
		status = set_up(db, form, write, err);
	}
	if (status != TACIT_OK) {
		sqlite3_close(db);
		return status;
	}
	*ret = db;
	return TACIT_OK;
}

void tacit_sqlite_bind_blob(sqlite3_stmt *stmt, int at, struct tacit_slice bytes)
{
	if (bytes.ptr)
		sqlite3_bind_blob64(stmt, at, bytes.ptr, bytes.len, SQLITE_STATIC);
}

void tacit_sqlite_bind_text(sqlite3_stmt *stmt, int at, struct tacit_slice text)
{
	sqlite3_bind_text64(stmt, at, text.ptr ? (const char *)text.ptr : "", text.len,
			    SQLITE_STATIC, SQLITE_UTF8);
}

struct tacit_slice tacit_sqlite_column(sqlite3_stmt *stmt, int at)
{
	const void *ptr = sqlite3_column_blob(stmt, at);

	return tacit_slice_of(ptr, ptr ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}
