/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_STORE_H
#define TACIT_RELEASE_KEYD_STORE_H

/*
 * The broker's store: keys, credentials and the audit log in one SQLite file, opened under the
 * rules of receipt/sqlite.h. Key bytes are in it only wrapped (release/keyd_master.h); a master
 * key that is not the file's is found out when it is opened.
 *
 * What changes a key or a credential writes its row of the log in the same transaction; releases
 * are logged by tacit_keyd_store_commit(), many at once. Nothing of the log is ever changed.
 *
 * A store is for one thread; any number of threads and processes may have the file open, each with
 * a store of its own.
 *
 * Who can write the file changes no key and no credential: each of their rows has a seal under the
 * master key, and one that does not verify is refused with TACIT_SIGNATURE by whatever reads it. A
 * row, or the file, that is put back to what it was before is not noticed.
 *
 * The schema, user_version 2, application_id 0x544b4559 ("TKEY"):
 *
 *     meta(name, value)                   "check": a known text wrapped under the master key
 *     keys(id, name, spec, enabled, version, created_at, policy, appraisal, seal)
 *     material(key_id, version, wrapped, created_at)         every version of every key
 *     credentials(access_key, name, admin, enabled, created_at, seal, wrapped)
 *     log(seq, line, hash)                                    release/keyd_log.h
 *     used(hash, until)                                       evidence that was used once
 */

#include "release/keyd_log.h"
#include "release/keyd_master.h"
#include "tacit/arena.h"

#define TACIT_KEYD_ID_LEN       36 /* a UUID */
#define TACIT_KEYD_NAME_MAX     200
#define TACIT_KEYD_MATERIAL_MAX (1024 * 1024)
#define TACIT_KEYD_POLICY_MAX   65536

struct tacit_keyd_store;

enum tacit_keyd_mode {
	TACIT_KEYD_WRITE, /* makes the file if it is not there */
	TACIT_KEYD_READ,
};

/*
 * `master` (copied) may be NULL for the log alone. Errors: as tacit_sqlite_open(); TACIT_SIGNATURE
 * when the master key is not the one that the file was made with.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_store_open(const char *path,
							 enum tacit_keyd_mode mode,
							 const struct tacit_keyd_master *master,
							 struct tacit_keyd_store **ret,
							 struct tacit_error *err);
void tacit_keyd_store_close(struct tacit_keyd_store *store);

/* Who changes something, and when: for the log. */
struct tacit_keyd_actor {
	struct tacit_slice who;
	int64_t now;
};

/*
 * Puts everything under another master key (copied), which the store then has: all of it, or
 * nothing. The file must be open nowhere else, and can be opened nowhere else until this store is
 * closed. Errors: TACIT_IO when it is open elsewhere; TACIT_USAGE when it is the same key;
 * TACIT_SIGNATURE when a row was changed, naming it. When the file cannot be cleared of what was
 * under the old key, the error says that the new one is in force all the same.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_store_rekey(struct tacit_keyd_store *store,
							  const struct tacit_keyd_actor *actor,
							  const struct tacit_keyd_master *master,
							  struct tacit_error *err);

/* ---- keys ----------------------------------------------------------------------------------- */

/* Texts live in the arena that they were asked for with; of a visit, until it returns. */
struct tacit_keyd_key {
	struct tacit_slice id;        /* a UUID */
	struct tacit_slice name;      /* its alias; absent for none */
	struct tacit_slice spec;      /* "SYMMETRIC_DEFAULT", "ECC_NIST_P256", "RESOURCE", ... */
	struct tacit_slice policy;    /* key policy in AWS's form (keyd_policy.h); absent: none */
	struct tacit_slice appraisal; /* policy for evidence (tacit/policy.h); absent: none */
	bool enabled;
	uint32_t version; /* the current one, from 1 */
	int64_t created_at;
};

/* Secret bytes on the heap. */
struct tacit_keyd_bytes {
	uint8_t *ptr;
	size_t len;
};

/* Wipes and frees; safe on zeros. */
void tacit_keyd_bytes_done(struct tacit_keyd_bytes *bytes);

/*
 * Adds a key under a fresh id, which is written to `ret_id`; `id`, `enabled`, `version` and
 * `created_at` of `key` are ignored. Errors: TACIT_POLICY when the name is taken, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_key_create(struct tacit_keyd_store *store, const struct tacit_keyd_actor *actor,
		      const struct tacit_keyd_key *key, struct tacit_slice material,
		      char ret_id[static TACIT_KEYD_ID_LEN + 1], struct tacit_error *err);

/* By id or name. `ret` is untouched when there is none. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_key_find(struct tacit_keyd_store *store,
						       struct tacit_slice id_or_name,
						       struct tacit_arena *arena,
						       struct tacit_keyd_key *ret, bool *ret_found,
						       struct tacit_error *err);

/* The bytes of one version. Errors: TACIT_POLICY when there is no such version. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_key_material(struct tacit_keyd_store *store,
							   struct tacit_slice id, uint32_t version,
							   struct tacit_keyd_bytes *ret,
							   struct tacit_error *err);

/* Errors of these: TACIT_POLICY when there is no such key. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_key_rotate(struct tacit_keyd_store *store,
							 const struct tacit_keyd_actor *actor,
							 const struct tacit_keyd_key *key,
							 struct tacit_slice material,
							 struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_keyd_key_enable(struct tacit_keyd_store *store,
							 const struct tacit_keyd_actor *actor,
							 struct tacit_slice id, bool enabled,
							 struct tacit_error *err);
/* Sets the one policy or, with `appraisal`, the other; an absent text takes it away. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_key_policy(struct tacit_keyd_store *store,
							 const struct tacit_keyd_actor *actor,
							 struct tacit_slice id, bool appraisal,
							 struct tacit_slice text,
							 struct tacit_error *err);

/* False ends the walk. The store must not be used meanwhile. */
typedef bool (*tacit_keyd_key_visit)(void *user, const struct tacit_keyd_key *key);
TACIT_MUST_CHECK enum tacit_status tacit_keyd_key_list(struct tacit_keyd_store *store,
						       tacit_keyd_key_visit visit, void *user,
						       struct tacit_error *err);

/* ---- credentials ---------------------------------------------------------------------------- */

#define TACIT_KEYD_ACCESS_KEY_MAX 64
#define TACIT_KEYD_SECRET_MAX     128

struct tacit_keyd_credential {
	char access_key[TACIT_KEYD_ACCESS_KEY_MAX + 1];
	char name[TACIT_KEYD_NAME_MAX + 1];
	bool admin; /* may create and list keys over the network */
	bool enabled;
	int64_t created_at;
};

/* Names that the log has for those without a credential: at this machine, or a guest. */
#define TACIT_KEYD_OPERATOR "operator"
#define TACIT_KEYD_KBS      "kbs"

/* Errors: TACIT_POLICY when the access key or the name is taken; TACIT_USAGE for one of those. */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_credential_create(struct tacit_keyd_store *store, const struct tacit_keyd_actor *actor,
			     const struct tacit_keyd_credential *credential,
			     struct tacit_slice secret, struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_credential_find(struct tacit_keyd_store *store, struct tacit_slice access_key,
			   struct tacit_keyd_credential *ret, struct tacit_keyd_bytes *ret_secret,
			   bool *ret_found, struct tacit_error *err);
/* By name. Errors: TACIT_POLICY when there is none. */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_credential_enable(struct tacit_keyd_store *store, const struct tacit_keyd_actor *actor,
			     struct tacit_slice name, bool enabled, struct tacit_error *err);
typedef bool (*tacit_keyd_credential_visit)(void *user, const struct tacit_keyd_credential *c);
TACIT_MUST_CHECK enum tacit_status tacit_keyd_credential_list(struct tacit_keyd_store *store,
							      tacit_keyd_credential_visit visit,
							      void *user, struct tacit_error *err);

/* ---- the log -------------------------------------------------------------------------------- */

struct tacit_keyd_release {
	struct tacit_keyd_entry entry;
	struct tacit_slice once[2]; /* 32 bytes each, that may be used once; absent for none */
	int64_t until;              /* until when they are remembered */
	bool replayed;              /* given back: one was used before; it is logged as refused */
};

/*
 * Logs them in order, in one transaction that is on disk when this returns TACIT_OK. Otherwise
 * none is logged and none may be answered.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_store_commit(struct tacit_keyd_store *store,
							   struct tacit_keyd_release *releases,
							   size_t count, struct tacit_error *err);

typedef bool (*tacit_keyd_line_visit)(void *user, struct tacit_slice line, const uint8_t *hash);
/* Rows after `from`, in order. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_log_walk(struct tacit_keyd_store *store,
						       uint64_t from, tacit_keyd_line_visit visit,
						       void *user, struct tacit_error *err);

/* SQLite's own integrity check. Errors: TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_store_check(struct tacit_keyd_store *store,
							  struct tacit_error *err);

#endif
