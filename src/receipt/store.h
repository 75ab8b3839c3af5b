/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_STORE_H
#define TACIT_RECEIPT_STORE_H

/*
 * Receipts kept in one SQLite file: the one seam to SQLite, and no part of libtacit.
 *
 * What a put acknowledged survives kill -9 and loss of power: write-ahead log, synchronous
 * EXTRA. A disk that is full or fails gives TACIT_IO; the file stays whole and earlier rows stay
 * readable. A file that is not ours (application_id, user_version, triggers or views) is
 * refused before anything is written to it. New files get mode 0600.
 *
 * A store is for one thread at a time; any number of processes may have the file open.
 * Reading, too, needs a folder that can be written (the log's index lives beside the file), or a
 * copy of the file in one.
 *
 * The schema, user_version 1, application_id 0x54414354 ("TACT"):
 *
 *     CREATE TABLE evidence (
 *         id            INTEGER PRIMARY KEY,
 *         doc_hash      BLOB NOT NULL UNIQUE,  -- SHA-256 of bytes
 *         platform      TEXT NOT NULL,         -- "stub", "tdx", ...
 *         policy_digest BLOB,                  -- SHA-256 of the policy text it passed under
 *         received_at   INTEGER NOT NULL,      -- seconds since 1970
 *         bytes         BLOB NOT NULL)
 *     CREATE TABLE receipts (
 *         id            INTEGER PRIMARY KEY,   -- in order of arrival
 *         cti           BLOB NOT NULL UNIQUE,
 *         received_at   INTEGER NOT NULL,
 *         server        TEXT NOT NULL,         -- address it was had from
 *         model_id      TEXT NOT NULL,
 *         request_hash  BLOB NOT NULL,         -- of the bytes that were sent
 *         response_hash BLOB NOT NULL,         -- of the bytes that came
 *         doc_hash      BLOB NOT NULL,         -- attestation_doc_hash
 *         receipt       BLOB NOT NULL,         -- as received
 *         verdict       TEXT NOT NULL,         -- "verified", or the failure code
 *         evidence_id   INTEGER REFERENCES evidence(id))
 */

#include "base/writer.h"

struct tacit_store;

/* Longest receipt that is kept; a valid one has at most 1,744 bytes. */
#define TACIT_STORE_RECEIPT_MAX 3072

enum tacit_store_mode {
	TACIT_STORE_WRITE, /* opens, and makes the file if it is not there */
	TACIT_STORE_READ,  /* the file must be there; nothing is changed */
};

struct tacit_store_receipt {
	int64_t id; /* given by the store */
	uint8_t cti[16];
	int64_t received_at;
	struct tacit_slice server;
	struct tacit_slice model_id;
	uint8_t request_hash[32];
	uint8_t response_hash[32];
	uint8_t doc_hash[32];
	struct tacit_slice receipt;
	struct tacit_slice verdict;
	int64_t evidence_id; /* 0 when the evidence is not stored */
};

struct tacit_store_evidence {
	int64_t id;           /* given by the store */
	uint8_t doc_hash[32]; /* computed by the store */
	struct tacit_slice platform;
	struct tacit_slice policy_digest; /* 32 bytes, or absent */
	int64_t received_at;
	struct tacit_slice bytes;
};

/*
 * Errors: TACIT_IO, TACIT_DENIED, TACIT_FORMAT (not a receipt store, or a damaged one),
 * TACIT_UNSUPPORTED (a schema version of a later release), TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_store_open(const char *path, enum tacit_store_mode mode,
						    struct tacit_store **ret,
						    struct tacit_error *err);
void tacit_store_close(struct tacit_store *store);

/*
 * Adds a receipt; it is durable when this returns TACIT_OK. Links it to evidence of its doc_hash
 * that is stored already. `id` and `evidence_id` of the row are ignored. Errors: TACIT_POLICY
 * when the cti is stored already, TACIT_LIMIT for a receipt that cannot be one, TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status tacit_store_put(struct tacit_store *store,
						   const struct tacit_store_receipt *row,
						   struct tacit_error *err);

/* Adds evidence unless the same bytes are there. Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status tacit_store_put_evidence(struct tacit_store *store,
							    const struct tacit_store_evidence *row,
							    struct tacit_error *err);

/* Whether a receipt of that cti is stored. */
TACIT_MUST_CHECK enum tacit_status tacit_store_has(struct tacit_store *store,
						   const uint8_t cti[TACIT_AT_LEAST(16)], bool *ret,
						   struct tacit_error *err);

/* The same for struct tacit_receipt_expect.seen: a store that cannot answer says "seen". */
bool tacit_store_seen(void *store, const uint8_t *cti);

/*
 * The receipt of that cti, or evidence of that hash. Slices live until the next call on the
 * store. `ret_found` is false, and the row untouched, when there is none.
 */
TACIT_MUST_CHECK enum tacit_status tacit_store_get(struct tacit_store *store,
						   const uint8_t cti[TACIT_AT_LEAST(16)],
						   struct tacit_store_receipt *ret, bool *ret_found,
						   struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_store_get_evidence(struct tacit_store *store, const uint8_t doc_hash[TACIT_AT_LEAST(32)],
			 struct tacit_store_evidence *ret, bool *ret_found,
			 struct tacit_error *err);

struct tacit_store_query {
	bool newest_first;
	int64_t from;  /* id to start after (before, for newest_first); 0 for the first */
	int64_t limit; /* rows at most; 0 for all */
};

/* Called for each row; false ends the walk. The store must not be used meanwhile. */
typedef bool (*tacit_store_visit)(void *user, const struct tacit_store_receipt *row);

TACIT_MUST_CHECK enum tacit_status tacit_store_list(struct tacit_store *store,
						    const struct tacit_store_query *query,
						    tacit_store_visit visit, void *user,
						    struct tacit_error *err);

/* How many receipts there are. */
TACIT_MUST_CHECK enum tacit_status tacit_store_count(struct tacit_store *store, uint64_t *ret,
						     struct tacit_error *err);

/* SQLite's own integrity check and that of the links. Errors: TACIT_FORMAT says what is wrong. */
TACIT_MUST_CHECK enum tacit_status tacit_store_check(struct tacit_store *store,
						     struct tacit_error *err);

/*
 * Writes the row as one line of JSON with its line break, as `tacit receipt verify --batch`
 * reads it: {"id": cti, "receipt": base64url, "received_at", "server", "model_id",
 * "request_hash", "response_hash", "doc_hash", "verdict"}.
 */
void tacit_store_put_json(struct writer *w, const struct tacit_store_receipt *row);

#endif
