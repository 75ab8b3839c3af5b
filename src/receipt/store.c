/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/compiler.h"
#include "crypto/hash.h"

#define BUSY_MS 5000
#define JOURNAL_WAIT_MS 10

static const char SCHEMA[] = "BEGIN IMMEDIATE;"
			     "CREATE TABLE IF NOT EXISTS evidence ("
			     " id INTEGER PRIMARY KEY,"
			     " doc_hash BLOB NOT NULL UNIQUE,"
			     " platform TEXT NOT NULL,"
			     " policy_digest BLOB,"
			     " received_at INTEGER NOT NULL,"
			     " bytes BLOB NOT NULL);"
			     "CREATE TABLE IF NOT EXISTS receipts ("
			     " id INTEGER PRIMARY KEY,"
			     " cti BLOB NOT NULL UNIQUE,"
			     " received_at INTEGER NOT NULL,"
			     " server TEXT NOT NULL,"
			     " model_id TEXT NOT NULL,"
			     " request_hash BLOB NOT NULL,"
			     " response_hash BLOB NOT NULL,"
			     " doc_hash BLOB NOT NULL,"
			     " receipt BLOB NOT NULL,"
			     " verdict TEXT NOT NULL,"
			     " evidence_id INTEGER REFERENCES evidence(id));"
			     "PRAGMA application_id = 1413563220;"
			     "PRAGMA user_version = 1;"
			     "COMMIT;";
#define APPLICATION_ID 1413563220 /* "TACT" */
#define SCHEMA_VERSION 1

enum query {
	QUERY_PUT,
	QUERY_PUT_EVIDENCE,
	QUERY_HAS,
	QUERY_GET,
	QUERY_GET_EVIDENCE,
	QUERY_LIST,
	QUERY_LIST_BACK,
	QUERY_COUNT,
	QUERIES,
};

#define ROW                                                                                       \
	"id, cti, received_at, server, model_id, request_hash, response_hash, doc_hash, receipt," \
	" verdict, ifnull(evidence_id, 0)"

static const char *const SQL[QUERIES] = {
	[QUERY_PUT] = "INSERT INTO receipts (cti, received_at, server, model_id, request_hash,"
		      " response_hash, doc_hash, receipt, verdict, evidence_id)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
		      " (SELECT id FROM evidence WHERE doc_hash = ?7))",
	[QUERY_PUT_EVIDENCE] =
		"INSERT INTO evidence (doc_hash, platform, policy_digest, received_at, bytes)"
		" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (doc_hash) DO NOTHING",
	[QUERY_HAS] = "SELECT 1 FROM receipts WHERE cti = ?1",
	[QUERY_GET] = "SELECT " ROW " FROM receipts WHERE cti = ?1",
	[QUERY_GET_EVIDENCE] = "SELECT id, doc_hash, platform, policy_digest, received_at, bytes"
			       " FROM evidence WHERE doc_hash = ?1",
	[QUERY_LIST] = "SELECT " ROW " FROM receipts WHERE id > ?1 ORDER BY id LIMIT ?2",
	[QUERY_LIST_BACK] = "SELECT " ROW " FROM receipts WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	[QUERY_COUNT] = "SELECT count(*) FROM receipts",
};

struct tacit_store {
	sqlite3 *db;
	sqlite3_stmt *ready[QUERIES];
};

/* The statement leaves no lock behind, whatever happened. */
static void reset(sqlite3_stmt **stmt)
{
	if (!*stmt)
		return;
	sqlite3_reset(*stmt);
	sqlite3_clear_bindings(*stmt);
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

static enum tacit_status fail(const struct tacit_store *store, const char *what,
			      struct tacit_error *err)
{
	int code = sqlite3_extended_errcode(store->db);
	int number = sqlite3_system_errno(store->db);

	if ((code & 0xff) == SQLITE_BUSY)
		return tacit_fail(err, TACIT_IO, "store", 0,
				  "cannot %s: another process is writing", what);
	if ((code & 0xff) == SQLITE_IOERR)
		return tacit_fail(err, TACIT_IO, "store", 0, "cannot %s: %s (code %d, %s)", what,
				  sqlite3_errmsg(store->db), code,
				  number ? strerror(number) : "no system error");
	return tacit_fail(err, status_of(code), "store", 0, "cannot %s: %s", what,
			  sqlite3_errmsg(store->db));
}

static enum tacit_status run_sql(struct tacit_store *store, const char *sql, const char *what,
				 struct tacit_error *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return TACIT_OK;
	enum tacit_status status = fail(store, what, err);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

static enum tacit_status prepare(struct tacit_store *store, enum query query, sqlite3_stmt **ret,
				 struct tacit_error *err)
{
	if (!store->ready[query] &&
	    sqlite3_prepare_v3(store->db, SQL[query], -1, SQLITE_PREPARE_PERSISTENT,
			       &store->ready[query], NULL) != SQLITE_OK)
		return fail(store, "prepare a query", err);
	/* A row that the caller may still look at ends here, and with it its read transaction. */
	for (size_t i = 0; i < QUERIES; i++)
		reset(&store->ready[i]);
	*ret = store->ready[query];
	return TACIT_OK;
}

static void finalize(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

/* The first column of the first row, as a number. */
static enum tacit_status ask(struct tacit_store *store, const char *sql, int64_t *ret,
			     struct tacit_error *err)
{
	TACIT_CLEANUP(finalize) sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return fail(store, "read the file", err);
	*ret = sqlite3_column_int64(stmt, 0);
	return TACIT_OK;
}

/* --- opening --- */

/* Locks that this process holds on the file would go with any other close of it: so only a file
 * that this very call makes is opened here. */
static enum tacit_status make_file(const char *path, struct tacit_error *err)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST)
		return tacit_fail(err, errno == EACCES || errno == EPERM ? TACIT_DENIED : TACIT_IO,
				  "store", 0, "cannot make '%s': %s", path, strerror(errno));
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
static enum tacit_status read_identity(struct tacit_store *store, bool *ret_fresh,
				       struct tacit_error *err)
{
	int64_t application = 0, version = 0, objects = 0, code = 0;
	enum tacit_status status = ask(store, "PRAGMA application_id", &application, err);

	if (status == TACIT_OK)
		status = ask(store, "PRAGMA user_version", &version, err);
	if (status == TACIT_OK)
		status = ask(store, "SELECT count(*) FROM sqlite_schema", &objects, err);
	if (status == TACIT_OK)
		status = ask(store,
			     "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')",
			     &code, err);
	if (status != TACIT_OK)
		return status;
	*ret_fresh = application == 0 && version == 0 && objects == 0;
	if (*ret_fresh)
		return TACIT_OK;
	if (application != APPLICATION_ID)
		return tacit_fail(err, TACIT_FORMAT, "store", 0,
				  "a database of another program (application id %lld)",
				  (long long)application);
	if (version != SCHEMA_VERSION)
		return tacit_fail(err, TACIT_UNSUPPORTED, "store", 0,
				  "schema version %lld, this build knows %d", (long long)version,
				  SCHEMA_VERSION);
	if (code)
		return tacit_fail(err, TACIT_FORMAT, "store", 0,
				  "the file holds triggers or views");
	return TACIT_OK;
}

/* In one transaction: another process may be making the schema at this moment. */
static enum tacit_status identify(struct tacit_store *store, bool *ret_fresh,
				  struct tacit_error *err)
{
	enum tacit_status status = run_sql(store, "BEGIN", "read the file", err);

	if (status != TACIT_OK)
		return status;
	status = read_identity(store, ret_fresh, err);
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/*
 * The log is what lets readers and a writer work at once. SQLite does not wait for a lock when it
 * changes the journal, lest two wait for each other; so the waiting is here.
 */
static enum tacit_status set_journal(struct tacit_store *store, struct tacit_error *err)
{
	static const char SQL_JOURNAL[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = EXTRA;";

	for (int waited = 0; waited < BUSY_MS; waited += JOURNAL_WAIT_MS) {
		int code = sqlite3_exec(store->db, SQL_JOURNAL, NULL, NULL, NULL);

		if ((code & 0xff) != SQLITE_BUSY)
			break;
		sqlite3_sleep(JOURNAL_WAIT_MS);
	}
	return run_sql(store, SQL_JOURNAL, "set up the file", err);
}

static enum tacit_status set_up(struct tacit_store *store, enum tacit_store_mode mode,
				struct tacit_error *err)
{
	bool fresh = false;
	enum tacit_status status = identify(store, &fresh, err);

	if (status != TACIT_OK)
		return status;
	if (mode == TACIT_STORE_READ && fresh)
		return tacit_fail(err, TACIT_FORMAT, "store", 0, "the file is empty");
	if (mode == TACIT_STORE_READ)
		return TACIT_OK;
	status = set_journal(store, err);
	/* Somebody else may have made the schema since: it is made only where it is missing. */
	if (status == TACIT_OK && fresh)
		status = run_sql(store, SCHEMA, "make the tables", err);
	return status;
}

void tacit_store_close(struct tacit_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < QUERIES; i++)
		sqlite3_finalize(store->ready[i]);
	sqlite3_close(store->db);
	free(store);
}

enum tacit_status tacit_store_open(const char *path, enum tacit_store_mode mode,
				   struct tacit_store **ret, struct tacit_error *err)
{
	int flags = SQLITE_OPEN_EXRESCODE |
		    (mode == TACIT_STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	enum tacit_status status = TACIT_OK;

	if (mode == TACIT_STORE_WRITE)
		status = make_file(path, err);
	if (status != TACIT_OK)
		return status;
	struct tacit_store *store = calloc(1, sizeof(*store));
	if (!store)
		return tacit_fail(err, TACIT_NOMEM, "store", 0, "no memory");
	if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK) {
		status = store->db ? fail(store, "open the file", err)
				   : tacit_fail(err, TACIT_NOMEM, "store", 0, "no memory");
	} else {
		harden(store->db);
		status = set_up(store, mode, err);
	}
	if (status != TACIT_OK) {
		tacit_store_close(store);
		return status;
	}
	*ret = store;
	return TACIT_OK;
}

/* --- writing --- */

static void bind_blob(sqlite3_stmt *stmt, int at, struct tacit_slice bytes)
{
	if (bytes.ptr)
		sqlite3_bind_blob64(stmt, at, bytes.ptr, bytes.len, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *stmt, int at, struct tacit_slice text)
{
	sqlite3_bind_text64(stmt, at, text.ptr ? (const char *)text.ptr : "", text.len,
			    SQLITE_STATIC, SQLITE_UTF8);
}

static enum tacit_status finish_write(struct tacit_store *store, sqlite3_stmt *stmt,
				      const char *what, struct tacit_error *err)
{
	enum tacit_status status = TACIT_OK;
	int code = sqlite3_step(stmt);

	if (code == SQLITE_CONSTRAINT_UNIQUE)
		status = tacit_fail(err, TACIT_POLICY, "store", 0,
				    "a receipt of this cti is stored already");
	else if (code != SQLITE_DONE)
		status = fail(store, what, err);
	reset(&stmt);
	return status;
}

enum tacit_status tacit_store_put(struct tacit_store *store, const struct tacit_store_receipt *row,
				  struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;

	if (row->receipt.len == 0 || row->receipt.len > TACIT_STORE_RECEIPT_MAX)
		return tacit_fail(err, TACIT_LIMIT, "store", 0, "a receipt of %zu bytes",
				  row->receipt.len);
	enum tacit_status status = prepare(store, QUERY_PUT, &stmt, err);

	if (status != TACIT_OK)
		return status;
	bind_blob(stmt, 1, TACIT_SLICE_ARRAY(row->cti));
	sqlite3_bind_int64(stmt, 2, row->received_at);
	bind_text(stmt, 3, row->server);
	bind_text(stmt, 4, row->model_id);
	bind_blob(stmt, 5, TACIT_SLICE_ARRAY(row->request_hash));
	bind_blob(stmt, 6, TACIT_SLICE_ARRAY(row->response_hash));
	bind_blob(stmt, 7, TACIT_SLICE_ARRAY(row->doc_hash));
	bind_blob(stmt, 8, row->receipt);
	bind_text(stmt, 9, row->verdict);
	return finish_write(store, stmt, "store the receipt", err);
}

enum tacit_status tacit_store_put_evidence(struct tacit_store *store,
					   const struct tacit_store_evidence *row,
					   struct tacit_error *err)
{
	uint8_t doc_hash[TACIT_SHA256_LEN];
	sqlite3_stmt *stmt = NULL;
	enum tacit_status status = tacit_hash(TACIT_SHA256, row->bytes, doc_hash, err);

	if (status == TACIT_OK)
		status = prepare(store, QUERY_PUT_EVIDENCE, &stmt, err);
	if (status != TACIT_OK)
		return status;
	bind_blob(stmt, 1, TACIT_SLICE_ARRAY(doc_hash));
	bind_text(stmt, 2, row->platform);
	bind_blob(stmt, 3, row->policy_digest);
	sqlite3_bind_int64(stmt, 4, row->received_at);
	bind_blob(stmt, 5, row->bytes);
	return finish_write(store, stmt, "store the evidence", err);
}

/* --- reading --- */

static struct tacit_slice column(sqlite3_stmt *stmt, int at)
{
	const void *ptr = sqlite3_column_blob(stmt, at);

	return tacit_slice_of(ptr, ptr ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

/* A blob of exactly that size; false for a row that we did not write. */
static bool take(sqlite3_stmt *stmt, int at, uint8_t *ret, size_t size)
{
	struct tacit_slice blob = column(stmt, at);

	if (blob.len != size)
		return false;
	memcpy(ret, blob.ptr, size);
	return true;
}

static enum tacit_status read_row(sqlite3_stmt *stmt, struct tacit_store_receipt *ret,
				  struct tacit_error *err)
{
	struct tacit_store_receipt row = { 0 };

	row.id = sqlite3_column_int64(stmt, 0);
	row.received_at = sqlite3_column_int64(stmt, 2);
	row.server = column(stmt, 3);
	row.model_id = column(stmt, 4);
	row.receipt = column(stmt, 8);
	row.verdict = column(stmt, 9);
	row.evidence_id = sqlite3_column_int64(stmt, 10);
	if (!take(stmt, 1, row.cti, 16) || !take(stmt, 5, row.request_hash, 32) ||
	    !take(stmt, 6, row.response_hash, 32) || !take(stmt, 7, row.doc_hash, 32))
		return tacit_fail(err, TACIT_FORMAT, "store", 0,
				  "receipt %lld has a value of the wrong length",
				  (long long)row.id);
	*ret = row;
	return TACIT_OK;
}

/* Runs a query for one row by one key. */
static enum tacit_status look_up(struct tacit_store *store, enum query query,
				 struct tacit_slice key, sqlite3_stmt **ret_row,
				 struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;
	enum tacit_status status = prepare(store, query, &stmt, err);

	if (status != TACIT_OK)
		return status;
	sqlite3_bind_blob64(stmt, 1, key.ptr, key.len, SQLITE_TRANSIENT);
	int code = sqlite3_step(stmt);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		status = fail(store, "look it up", err);
	*ret_row = code == SQLITE_ROW ? stmt : NULL;
	if (code != SQLITE_ROW)
		reset(&stmt);
	return status;
}

enum tacit_status tacit_store_has(struct tacit_store *store, const uint8_t cti[static 16],
				  bool *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(reset) sqlite3_stmt *row = NULL;
	enum tacit_status status = look_up(store, QUERY_HAS, tacit_slice_of(cti, 16), &row, err);

	if (status == TACIT_OK)
		*ret = row != NULL;
	return status;
}

bool tacit_store_seen(void *store, const uint8_t *cti)
{
	bool seen = true;

	return tacit_store_has(store, cti, &seen, NULL) != TACIT_OK || seen;
}

enum tacit_status tacit_store_get(struct tacit_store *store, const uint8_t cti[static 16],
				  struct tacit_store_receipt *ret, bool *ret_found,
				  struct tacit_error *err)
{
	sqlite3_stmt *row = NULL;
	enum tacit_status status = look_up(store, QUERY_GET, tacit_slice_of(cti, 16), &row, err);

	if (status == TACIT_OK && row)
		status = read_row(row, ret, err);
	if (status == TACIT_OK)
		*ret_found = row != NULL;
	return status;
}

enum tacit_status tacit_store_get_evidence(struct tacit_store *store,
					   const uint8_t doc_hash[static 32],
					   struct tacit_store_evidence *ret, bool *ret_found,
					   struct tacit_error *err)
{
	sqlite3_stmt *row = NULL;
	enum tacit_status status =
		look_up(store, QUERY_GET_EVIDENCE, tacit_slice_of(doc_hash, 32), &row, err);

	if (status != TACIT_OK)
		return status;
	*ret_found = row != NULL;
	if (!row)
		return TACIT_OK;
	memset(ret, 0, sizeof(*ret));
	ret->id = sqlite3_column_int64(row, 0);
	memcpy(ret->doc_hash, doc_hash, sizeof(ret->doc_hash));
	ret->platform = column(row, 2);
	ret->policy_digest = column(row, 3);
	ret->received_at = sqlite3_column_int64(row, 4);
	ret->bytes = column(row, 5);
	return TACIT_OK;
}

enum tacit_status tacit_store_list(struct tacit_store *store, const struct tacit_store_query *query,
				   tacit_store_visit visit, void *user, struct tacit_error *err)
{
	TACIT_CLEANUP(reset) sqlite3_stmt *stmt = NULL;
	int64_t from = query->newest_first && query->from == 0 ? INT64_MAX : query->from;
	enum tacit_status status =
		prepare(store, query->newest_first ? QUERY_LIST_BACK : QUERY_LIST, &stmt, err);

	if (status != TACIT_OK)
		return status;
	sqlite3_bind_int64(stmt, 1, from);
	sqlite3_bind_int64(stmt, 2, query->limit ? query->limit : -1);
	for (;;) {
		struct tacit_store_receipt row;
		int code = sqlite3_step(stmt);

		if (code == SQLITE_DONE)
			return TACIT_OK;
		if (code != SQLITE_ROW)
			return fail(store, "list receipts", err);
		status = read_row(stmt, &row, err);
		if (status != TACIT_OK || !visit(user, &row))
			return status;
	}
}

enum tacit_status tacit_store_count(struct tacit_store *store, uint64_t *ret,
				    struct tacit_error *err)
{
	TACIT_CLEANUP(reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status status = prepare(store, QUERY_COUNT, &stmt, err);

	if (status != TACIT_OK)
		return status;
	if (sqlite3_step(stmt) != SQLITE_ROW)
		return fail(store, "count receipts", err);
	*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	return TACIT_OK;
}

enum tacit_status tacit_store_check(struct tacit_store *store, struct tacit_error *err)
{
	TACIT_CLEANUP(finalize) sqlite3_stmt *stmt = NULL;
	TACIT_CLEANUP(finalize) sqlite3_stmt *links = NULL;
	static const char GOOD[] = "ok";

	if (sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return fail(store, "check the file", err);
	struct tacit_slice said = column(stmt, 0);
	if (!tacit_slice_eq(said, tacit_slice_str(GOOD)))
		return tacit_fail(err, TACIT_FORMAT, "store", 0, "damaged: %.*s",
				  said.len > 100 ? 100 : (int)said.len, (const char *)said.ptr);
	if (sqlite3_prepare_v2(store->db, "PRAGMA foreign_key_check", -1, &links, NULL) !=
	    SQLITE_OK)
		return fail(store, "check the links", err);
	int code = sqlite3_step(links);
	if (code == SQLITE_ROW)
		return tacit_fail(err, TACIT_FORMAT, "store", 0,
				  "a receipt names evidence that is not there");
	return code == SQLITE_DONE ? TACIT_OK : fail(store, "check the links", err);
}
