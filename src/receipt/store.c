/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "crypto/hash.h"
#include "receipt/sqlite.h"

#define WHERE "store"

static const char SCHEMA[] = "CREATE TABLE IF NOT EXISTS evidence ("
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
			     " evidence_id INTEGER REFERENCES evidence(id));";

static const struct tacit_sqlite_form FORM = {
	.where = WHERE,
	.application_id = 1413563220, /* "TACT" */
	.version = 1,
	.schema = SCHEMA,
};

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

static enum tacit_status prepare(struct tacit_store *store, enum query query, sqlite3_stmt **ret,
				 struct tacit_error *err)
{
	if (!store->ready[query] &&
	    sqlite3_prepare_v3(store->db, SQL[query], -1, SQLITE_PREPARE_PERSISTENT,
			       &store->ready[query], NULL) != SQLITE_OK)
		return tacit_sqlite_fail(store->db, WHERE, "prepare a query", err);
	/* A row that the caller may still look at ends here, and with it its read transaction. */
	for (size_t i = 0; i < QUERIES; i++)
		tacit_sqlite_reset(&store->ready[i]);
	*ret = store->ready[query];
	return TACIT_OK;
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
	struct tacit_store *store = calloc(1, sizeof(*store));

	if (!store)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	enum tacit_status status =
		tacit_sqlite_open(path, mode == TACIT_STORE_WRITE, &FORM, &store->db, err);
	if (status != TACIT_OK) {
		tacit_store_close(store);
		return status;
	}
	*ret = store;
	return TACIT_OK;
}

/* --- writing --- */

static enum tacit_status finish_write(struct tacit_store *store, sqlite3_stmt *stmt,
				      const char *what, struct tacit_error *err)
{
	enum tacit_status status = TACIT_OK;
	int code = sqlite3_step(stmt);

	if (code == SQLITE_CONSTRAINT_UNIQUE)
		status = tacit_fail(err, TACIT_POLICY, WHERE, 0,
				    "a receipt of this cti is stored already");
	else if (code != SQLITE_DONE)
		status = tacit_sqlite_fail(store->db, WHERE, what, err);
	tacit_sqlite_reset(&stmt);
	return status;
}

enum tacit_status tacit_store_put(struct tacit_store *store, const struct tacit_store_receipt *row,
				  struct tacit_error *err)
{
	sqlite3_stmt *stmt = NULL;

	if (row->receipt.len == 0 || row->receipt.len > TACIT_STORE_RECEIPT_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a receipt of %zu bytes",
				  row->receipt.len);
	enum tacit_status status = prepare(store, QUERY_PUT, &stmt, err);

	if (status != TACIT_OK)
		return status;
	tacit_sqlite_bind_blob(stmt, 1, TACIT_SLICE_ARRAY(row->cti));
	sqlite3_bind_int64(stmt, 2, row->received_at);
	tacit_sqlite_bind_text(stmt, 3, row->server);
	tacit_sqlite_bind_text(stmt, 4, row->model_id);
	tacit_sqlite_bind_blob(stmt, 5, TACIT_SLICE_ARRAY(row->request_hash));
	tacit_sqlite_bind_blob(stmt, 6, TACIT_SLICE_ARRAY(row->response_hash));
	tacit_sqlite_bind_blob(stmt, 7, TACIT_SLICE_ARRAY(row->doc_hash));
	tacit_sqlite_bind_blob(stmt, 8, row->receipt);
	tacit_sqlite_bind_text(stmt, 9, row->verdict);
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
	tacit_sqlite_bind_blob(stmt, 1, TACIT_SLICE_ARRAY(doc_hash));
	tacit_sqlite_bind_text(stmt, 2, row->platform);
	tacit_sqlite_bind_blob(stmt, 3, row->policy_digest);
	sqlite3_bind_int64(stmt, 4, row->received_at);
	tacit_sqlite_bind_blob(stmt, 5, row->bytes);
	return finish_write(store, stmt, "store the evidence", err);
}

/* --- reading --- */

/* A blob of exactly that size; false for a row that we did not write. */
static bool take(sqlite3_stmt *stmt, int at, uint8_t *ret, size_t size)
{
	struct tacit_slice blob = tacit_sqlite_column(stmt, at);

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
	row.server = tacit_sqlite_column(stmt, 3);
	row.model_id = tacit_sqlite_column(stmt, 4);
	row.receipt = tacit_sqlite_column(stmt, 8);
	row.verdict = tacit_sqlite_column(stmt, 9);
	row.evidence_id = sqlite3_column_int64(stmt, 10);
	if (!take(stmt, 1, row.cti, 16) || !take(stmt, 5, row.request_hash, 32) ||
	    !take(stmt, 6, row.response_hash, 32) || !take(stmt, 7, row.doc_hash, 32))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
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
		status = tacit_sqlite_fail(store->db, WHERE, "look it up", err);
	*ret_row = code == SQLITE_ROW ? stmt : NULL;
	if (code != SQLITE_ROW)
		tacit_sqlite_reset(&stmt);
	return status;
}

enum tacit_status tacit_store_has(struct tacit_store *store, const uint8_t cti[static 16],
				  bool *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *row = NULL;
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
	ret->platform = tacit_sqlite_column(row, 2);
	ret->policy_digest = tacit_sqlite_column(row, 3);
	ret->received_at = sqlite3_column_int64(row, 4);
	ret->bytes = tacit_sqlite_column(row, 5);
	return TACIT_OK;
}

enum tacit_status tacit_store_list(struct tacit_store *store, const struct tacit_store_query *query,
				   tacit_store_visit visit, void *user, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
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
			return tacit_sqlite_fail(store->db, WHERE, "list receipts", err);
		status = read_row(stmt, &row, err);
		if (status != TACIT_OK || !visit(user, &row))
			return status;
	}
}

enum tacit_status tacit_store_count(struct tacit_store *store, uint64_t *ret,
				    struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_reset) sqlite3_stmt *stmt = NULL;
	enum tacit_status status = prepare(store, QUERY_COUNT, &stmt, err);

	if (status != TACIT_OK)
		return status;
	if (sqlite3_step(stmt) != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "count receipts", err);
	*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	return TACIT_OK;
}

enum tacit_status tacit_store_check(struct tacit_store *store, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_sqlite_finalize) sqlite3_stmt *stmt = NULL;
	TACIT_CLEANUP(tacit_sqlite_finalize) sqlite3_stmt *links = NULL;
	static const char GOOD[] = "ok";

	if (sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return tacit_sqlite_fail(store->db, WHERE, "check the file", err);
	struct tacit_slice said = tacit_sqlite_column(stmt, 0);
	if (!tacit_slice_eq(said, tacit_slice_str(GOOD)))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "damaged: %.*s",
				  said.len > 100 ? 100 : (int)said.len, (const char *)said.ptr);
	if (sqlite3_prepare_v2(store->db, "PRAGMA foreign_key_check", -1, &links, NULL) !=
	    SQLITE_OK)
		return tacit_sqlite_fail(store->db, WHERE, "check the links", err);
	int code = sqlite3_step(links);
	if (code == SQLITE_ROW)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "a receipt names evidence that is not there");
	return code == SQLITE_DONE ? TACIT_OK
				   : tacit_sqlite_fail(store->db, WHERE, "check the links", err);
}
