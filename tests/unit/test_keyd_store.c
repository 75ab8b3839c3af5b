/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "tests/tap.h"
#include "tests/unit/keyd_util.h"
#include "tests/unit/kill_util.h"

static struct tacit_keyd_master master, wrong;
static uint8_t room[65536];
static struct tacit_arena arena;
static char model[TACIT_KEYD_ID_LEN + 1]; /* a key of keys.db */
static const char MATERIAL[] = "0123456789abcdef0123456789abcdef";

static struct tacit_keyd_store *must_open(const char *path)
{
	struct tacit_keyd_store *store = NULL;
	struct tacit_error err = { 0 };

	if (tacit_keyd_store_open(path, TACIT_KEYD_WRITE, &master, &store, &err) != TACIT_OK)
		printf("# open %s: %s\n", path, err.detail);
	return store;
}

static enum tacit_status create(struct tacit_keyd_store *store, const char *name, char *id)
{
	const struct tacit_keyd_key key = { .name = tacit_slice_str(name),
					    .spec = tacit_slice_str("SYMMETRIC_DEFAULT"),
					    .policy = tacit_slice_str("{}") };

	return tacit_keyd_key_create(store, &ACTOR, &key, tacit_slice_str(MATERIAL), id, NULL);
}

static bool find(struct tacit_keyd_store *store, const char *name, struct tacit_keyd_key *ret)
{
	bool found = false;

	tacit_arena_wipe(&arena);
	return tacit_keyd_key_find(store, tacit_slice_str(name), &arena, ret, &found, NULL) ==
		       TACIT_OK &&
	       found;
}

static enum tacit_status look_up(struct tacit_keyd_store *store, const char *name)
{
	struct tacit_keyd_key key;
	bool found = false;

	tacit_arena_wipe(&arena);
	enum tacit_status st =
		tacit_keyd_key_find(store, tacit_slice_str(name), &arena, &key, &found, NULL);
	return st == TACIT_OK && !found ? TACIT_POLICY : st;
}

static enum tacit_status material(struct tacit_keyd_store *store, const char *id, uint32_t version,
				  const char *want)
{
	struct tacit_keyd_bytes bytes = { 0 };
	enum tacit_status st =
		tacit_keyd_key_material(store, tacit_slice_str(id), version, &bytes, NULL);

	if (st == TACIT_OK)
		is_slice(tacit_slice_of(bytes.ptr, bytes.len), tacit_slice_str(want),
			 "the bytes that were put there");
	tacit_keyd_bytes_done(&bytes);
	return st;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void try_keys(void)
{
	struct tacit_keyd_store *store = must_open(place("keys.db"));
	char id[TACIT_KEYD_ID_LEN + 1], again[TACIT_KEYD_ID_LEN + 1];
	struct tacit_keyd_key key;
	struct stat st;

	ok(store && stat(place("keys.db"), &st) == 0 && (st.st_mode & 0777) == 0600,
	   "a new store is for its owner alone");
	is_status(create(store, "model", id), TACIT_OK, "a key");
	memcpy(model, id, sizeof(model));
	is_status(create(store, "model", again), TACIT_POLICY, "a name that is taken");
	ok(find(store, "model", &key) && find(store, id, &key), "found by name and by id");
	ok(key.enabled && key.version == 1 && key.created_at == ACTOR.now, "as it was made");
	is_slice(key.policy, tacit_slice_str("{}"), "with its policy");
	ok(!key.appraisal.ptr, "and without the other");
	ok(!find(store, "other", &key), "another name is not found");
	is_status(material(store, id, 1, MATERIAL), TACIT_OK, "its bytes");
	is_status(material(store, id, 2, MATERIAL), TACIT_POLICY, "no second version");
	find(store, id, &key);
	is_status(tacit_keyd_key_rotate(store, &ACTOR, &key, tacit_slice_str("newer"), NULL),
		  TACIT_OK, "rotated");
	is_status(tacit_keyd_key_rotate(store, &ACTOR, &key, tacit_slice_str("lost"), NULL),
		  TACIT_POLICY, "two that rotate the same version: the second is told");
	is_status(material(store, id, 2, "newer"), TACIT_OK, "the second version");
	is_status(material(store, id, 1, MATERIAL), TACIT_OK, "the first is still there");
	is_status(tacit_keyd_key_enable(store, &ACTOR, tacit_slice_str(id), false, NULL), TACIT_OK,
		  "disabled");
	ok(find(store, id, &key) && !key.enabled && key.version == 2, "and so it is found");
	is_status(tacit_keyd_key_enable(store, &ACTOR, tacit_slice_str("none"), true, NULL),
		  TACIT_POLICY, "a key that is not there");
	is_status(tacit_keyd_key_policy(store, &ACTOR, tacit_slice_str(id), true,
					tacit_slice_str("[]"), NULL),
		  TACIT_OK, "a policy for evidence");
	is_status(tacit_keyd_key_policy(store, &ACTOR, tacit_slice_str(id), false,
					tacit_slice_of(NULL, 0), NULL),
		  TACIT_OK, "and the key's own taken away");
	ok(find(store, id, &key) && !key.policy.ptr && key.appraisal.len == 2, "as it is found");
	tacit_keyd_store_close(store);
}

static void try_master(void)
{
	struct tacit_keyd_store *store = NULL;
	struct tacit_keyd_bytes bytes = { 0 };

	is_status(tacit_keyd_store_open(place("keys.db"), TACIT_KEYD_WRITE, &wrong, &store, NULL),
		  TACIT_SIGNATURE, "another master key");
	is_status(tacit_keyd_store_open(place("keys.db"), TACIT_KEYD_READ, &wrong, &store, NULL),
		  TACIT_SIGNATURE, "nor to read");
	is_status(tacit_keyd_store_open(place("keys.db"), TACIT_KEYD_READ, NULL, &store, NULL),
		  TACIT_OK, "without one, for the log alone");
	is_status(look_up(store, "model"), TACIT_USAGE, "keys are not looked up");
	is_status(tacit_keyd_key_material(store, tacit_slice_str(model), 1, &bytes, NULL),
		  TACIT_USAGE, "and not opened");
	tacit_keyd_store_close(store);
}

/* A row that was moved by whoever can write the file does not open. */
static void try_moved(void)
{
	struct tacit_keyd_store *store = must_open(place("moved.db"));
	char a[TACIT_KEYD_ID_LEN + 1], b[TACIT_KEYD_ID_LEN + 1], sql[512];
	struct tacit_keyd_key key;
	sqlite3 *db = NULL;

	create(store, "a", a);
	create(store, "b", b);
	find(store, "a", &key);
	if (tacit_keyd_key_rotate(store, &ACTOR, &key, tacit_slice_str("newer"), NULL) != TACIT_OK)
		ok(false, "rotated");
	tacit_keyd_store_close(store);
	sqlite3_open(place("moved.db"), &db);
	snprintf(sql, sizeof(sql),
		 "CREATE TEMP TABLE w AS SELECT * FROM material;"
		 "UPDATE material SET wrapped = (SELECT wrapped FROM w WHERE key_id = '%s' AND "
		 "version = 2) WHERE key_id = '%s' AND version = 1;"
		 "UPDATE material SET wrapped = (SELECT wrapped FROM w WHERE key_id = '%s' AND "
		 "version = 1) WHERE key_id = '%s';",
		 a, a, a, b);
	ok(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "rows are moved by hand");
	sqlite3_close(db);
	store = must_open(place("moved.db"));
	is_status(material(store, a, 1, ""), TACIT_SIGNATURE, "a version in place of another");
	is_status(material(store, b, 1, ""), TACIT_SIGNATURE, "a key in place of another");
	is_status(material(store, a, 2, "newer"), TACIT_OK, "what was left alone opens");
	tacit_keyd_store_close(store);
}

/* ---- credentials ---------------------------------------------------------------------------- */

static void try_credentials(void)
{
	struct tacit_keyd_store *store = must_open(place("keys.db"));
	struct tacit_keyd_credential c = { .access_key = "TKDA", .name = "app", .admin = true };
	struct tacit_keyd_credential got;
	struct tacit_keyd_bytes secret = { 0 };
	bool found = false;

	is_status(tacit_keyd_credential_create(store, &ACTOR, &c, tacit_slice_str("s3cret"), NULL),
		  TACIT_OK, "a credential");
	is_status(tacit_keyd_credential_create(store, &ACTOR, &c, tacit_slice_str("s3cret"), NULL),
		  TACIT_POLICY, "the same again");
	is_status(tacit_keyd_credential_find(store, tacit_slice_str("TKDA"), &got, &secret, &found,
					     NULL),
		  TACIT_OK, "looked up");
	ok(found && got.admin && got.enabled && strcmp(got.name, "app") == 0, "as it was made");
	is_slice(tacit_slice_of(secret.ptr, secret.len), tacit_slice_str("s3cret"), "its secret");
	tacit_keyd_bytes_done(&secret);
	is_status(tacit_keyd_credential_enable(store, &ACTOR, tacit_slice_str("app"), false, NULL),
		  TACIT_OK, "disabled");
	is_status(tacit_keyd_credential_find(store, tacit_slice_str("TKDA"), &got, &secret, &found,
					     NULL),
		  TACIT_OK, "looked up");
	ok(!got.enabled, "and so it is found");
	tacit_keyd_bytes_done(&secret);
	found = true;
	is_status(tacit_keyd_credential_find(store, tacit_slice_str("TKDB"), &got, &secret, &found,
					     NULL),
		  TACIT_OK, "another access key");
	ok(!found, "is not found");
	tacit_keyd_store_close(store);
}

/* ---- rows that somebody else changed -------------------------------------------------------- */

/* A store with two keys and two credentials, as it is after somebody ran `sql` on the file. */
static struct tacit_keyd_store *open_changed(const char *sql)
{
	static unsigned turn;
	char name[32], command[600];
	sqlite3 *db = NULL;

	snprintf(name, sizeof(name), "sealed%u.db", turn++);
	snprintf(command, sizeof(command), "cp %s %s", place("sealed.db"), place(name));
	if (system(command) != 0 || sqlite3_open(place(name), &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		ok(false, "changed by hand: %s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return must_open(place(name));
}

static bool visit_key(void *user, const struct tacit_keyd_key *key)
{
	(void)key;
	++*(unsigned *)user;
	return true;
}

static bool visit_credential(void *user, const struct tacit_keyd_credential *c)
{
	(void)c;
	++*(unsigned *)user;
	return true;
}

#define KEY_A        "UPDATE keys SET %s WHERE name = 'a'"
#define CREDENTIAL_A "UPDATE credentials SET %s WHERE access_key = 'TKDA'"

static void try_changed_keys(void)
{
	static const char *const CHANGES[] = {
		"enabled = 1",
		"policy = '{\"Statement\":[]}'",
		"policy = NULL",
		"policy = ''",
		"policy = appraisal, appraisal = policy",
		"appraisal = NULL",
		"appraisal = '{}'",
		"spec = 'RESOURCE'",
		"version = 1",
		"created_at = 0",
		"id = '00000000-0000-4000-8000-000000000000'",
		"seal = zeroblob(32)",
		"seal = x''",
		"seal = substr(seal, 1, 31)",
		"policy = policy || char(0)",
		"enabled = 1, seal = (SELECT seal FROM keys WHERE name = 'b')",
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CHANGES); i++) {
		char sql[256];
		unsigned count = 0;

		snprintf(sql, sizeof(sql), KEY_A, CHANGES[i]);
		struct tacit_keyd_store *store = open_changed(sql);
		is_status(look_up(store, "a"), TACIT_SIGNATURE, CHANGES[i]);
		is_status(look_up(store, "b"), TACIT_OK, "the other is as it was");
		is_status(tacit_keyd_key_list(store, visit_key, &count, NULL), TACIT_SIGNATURE,
			  "nor is it listed");
		is_status(tacit_keyd_key_enable(store, &ACTOR, tacit_slice_str("a"), true, NULL),
			  TACIT_SIGNATURE, "nor sealed anew by a change that is asked for");
		tacit_keyd_store_close(store);
	}
}

/* The name is what the row is found by, so that the wrong row comes under the right name. */
static void try_exchanged_names(void)
{
	struct tacit_keyd_store *store =
		open_changed("UPDATE keys SET name = 'x' WHERE name = 'a';"
			     "UPDATE keys SET name = 'a' WHERE name = 'b';"
			     "UPDATE keys SET name = 'b' WHERE name = 'x';");
	struct tacit_error err = { 0 };
	struct tacit_keyd_key key;
	bool found = false;

	is_status(tacit_keyd_key_find(store, tacit_slice_str("a"), &arena, &key, &found, &err),
		  TACIT_SIGNATURE, "names that were exchanged");
	ok(strcmp(err.detail, "the row of key 'a' was changed by something other than this "
			      "broker") == 0,
	   "the error names the key");
	tacit_keyd_store_close(store);
	store = open_changed(
		"CREATE TABLE k (id TEXT PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE,"
		" spec TEXT, enabled, version, created_at, policy TEXT, appraisal TEXT,"
		" seal BLOB); INSERT INTO k SELECT * FROM keys;"
		"PRAGMA legacy_alter_table = 1;"
		"DROP TABLE keys; ALTER TABLE k RENAME TO keys;");
	is_status(look_up(store, "a"), TACIT_OK, "a table that finds names in any case");
	is_status(look_up(store, "A"), TACIT_SIGNATURE, "gives none that was not asked for");
	tacit_keyd_store_close(store);
}

static void try_changed_credentials(void)
{
	static const char *const CHANGES[] = {
		"admin = 1",
		"enabled = 1",
		"name = 'owner'",
		"created_at = 0",
		"seal = zeroblob(32)",
		"admin = 1, seal = (SELECT seal FROM credentials WHERE access_key = 'TKDB')",
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CHANGES); i++) {
		struct tacit_keyd_credential got;
		struct tacit_keyd_bytes secret = { 0 };
		char sql[256];
		unsigned count = 0;
		bool found = false;

		snprintf(sql, sizeof(sql), CREDENTIAL_A, CHANGES[i]);
		struct tacit_keyd_store *store = open_changed(sql);
		is_status(tacit_keyd_credential_find(store, tacit_slice_str("TKDA"), &got, &secret,
						     &found, NULL),
			  TACIT_SIGNATURE, CHANGES[i]);
		is_status(tacit_keyd_credential_list(store, visit_credential, &count, NULL),
			  TACIT_SIGNATURE, "nor is it listed");
		is_status(tacit_keyd_credential_enable(store, &ACTOR,
						       tacit_slice_str(i == 2 ? "owner" : "app"),
						       true, NULL),
			  TACIT_SIGNATURE, "nor sealed anew");
		tacit_keyd_store_close(store);
	}
	/* Two access keys under each other's row: seal and secret are of another. */
	struct tacit_keyd_store *store =
		open_changed("UPDATE credentials SET access_key = 'x' WHERE access_key = 'TKDA';"
			     "UPDATE credentials SET access_key = 'TKDA' WHERE name = 'admin';");
	struct tacit_keyd_credential got;
	struct tacit_keyd_bytes secret = { 0 };
	bool found = false;
	is_status(tacit_keyd_credential_find(store, tacit_slice_str("TKDA"), &got, &secret, &found,
					     NULL),
		  TACIT_SIGNATURE, "another's row under an access key");
	unsigned count = 0;
	is_status(tacit_keyd_credential_list(store, visit_credential, &count, NULL),
		  TACIT_SIGNATURE, "which is not listed, either");
	tacit_keyd_store_close(store);
}

static void try_sealed(void)
{
	const struct tacit_keyd_credential app = { .access_key = "TKDA", .name = "app" };
	const struct tacit_keyd_credential admin = { .access_key = "TKDB",
						     .name = "admin",
						     .admin = true };
	struct tacit_keyd_store *store = must_open(place("sealed.db"));
	char a[TACIT_KEYD_ID_LEN + 1], b[TACIT_KEYD_ID_LEN + 1];
	struct tacit_keyd_key key;
	enum tacit_status st[8];
	unsigned count = 0;

	st[0] = create(store, "a", a);
	st[1] = create(store, "b", b);
	find(store, "a", &key);
	st[2] = tacit_keyd_key_rotate(store, &ACTOR, &key, tacit_slice_str("newer"), NULL);
	st[3] = tacit_keyd_key_policy(store, &ACTOR, tacit_slice_str(a), true,
				      tacit_slice_str("[]"), NULL);
	st[4] = tacit_keyd_key_enable(store, &ACTOR, tacit_slice_str(a), false, NULL);
	st[5] = tacit_keyd_credential_create(store, &ACTOR, &app, tacit_slice_str("s"), NULL);
	st[6] = tacit_keyd_credential_create(store, &ACTOR, &admin, tacit_slice_str("s"), NULL);
	st[7] = tacit_keyd_credential_enable(store, &ACTOR, tacit_slice_str("app"), false, NULL);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(st); i++)
		is_status(st[i], TACIT_OK, "a store in use");
	is_status(tacit_keyd_key_list(store, visit_key, &count, NULL), TACIT_OK, "keys");
	is_status(tacit_keyd_credential_list(store, visit_credential, &count, NULL), TACIT_OK,
		  "and credentials");
	ok(count == 4, "are all listed");
	tacit_keyd_store_close(store);
	try_changed_keys();
	try_exchanged_names();
	try_changed_credentials();
}

/* ---- the log -------------------------------------------------------------------------------- */

struct reading {
	struct tacit_keyd_chain chain;
	enum tacit_status status;
	unsigned numbers[KILL_NUMBERS]; /* how often the number of an operation is in the log */
	unsigned released;
};

static bool read_line(void *user, struct tacit_slice line, const uint8_t *hash)
{
	struct reading *r = user;
	char text[TACIT_KEYD_LINE_MAX + 128];
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text) - 1));

	tacit_keyd_log_put(&w, line, hash);
	r->status = tacit_keyd_log_check(tacit_slice_of(text, w.at), &r->chain, NULL);
	text[w.at] = '\0';
	const char *op = strstr(text, "\"op\":\"n");
	unsigned long n = op ? strtoul(op + 7, NULL, 10) : 0;
	if (op && n < TACIT_ARRAY_LEN(r->numbers))
		r->numbers[n]++;
	r->released += strstr(text, "\"verdict\":\"released\"") != NULL;
	return r->status == TACIT_OK;
}

static struct reading *read_log(struct tacit_keyd_store *store)
{
	static struct reading r;

	memset(&r, 0, sizeof(r));
	if (tacit_keyd_log_walk(store, 0, read_line, &r, NULL) != TACIT_OK)
		r.status = TACIT_IO;
	return &r;
}

static struct tacit_keyd_release release_of(const char *op, const uint8_t *once)
{
	struct tacit_keyd_release release = { .entry = { .at = ACTOR.now,
							 .who = tacit_slice_str("app"),
							 .op = tacit_slice_str(op),
							 .verdict = "released" },
					      .until = ACTOR.now + 100 };

	release.once[0] = tacit_slice_of(once, once ? 32 : 0);
	return release;
}

static void try_once(void)
{
	struct tacit_keyd_store *store = must_open(place("once.db"));
	uint8_t a[32] = { 1 }, b[32] = { 2 }, nonce[32] = { 3 };
	struct tacit_keyd_release many[] = { release_of("n1", a), release_of("n2", b),
					     release_of("n3", a), release_of("n4", NULL),
					     release_of("n5", NULL) };

	is_status(tacit_keyd_store_commit(store, many, 5, NULL), TACIT_OK, "five at once");
	ok(!many[0].replayed && !many[1].replayed && many[2].replayed && !many[3].replayed &&
		   !many[4].replayed,
	   "the one whose evidence is in the same batch is told");
	struct tacit_keyd_release later = release_of("n6", b);
	is_status(tacit_keyd_store_commit(store, &later, 1, NULL), TACIT_OK, "later");
	ok(later.replayed && strcmp(later.entry.verdict, "refused") == 0, "and in a later one");
	later = release_of("n7", (const uint8_t[32]){ 9 });
	later.once[1] = TACIT_SLICE_ARRAY(nonce);
	is_status(tacit_keyd_store_commit(store, &later, 1, NULL), TACIT_OK, "with a nonce");
	ok(!later.replayed, "is new");
	later = release_of("n8", (const uint8_t[32]){ 10 });
	later.once[1] = TACIT_SLICE_ARRAY(nonce);
	is_status(tacit_keyd_store_commit(store, &later, 1, NULL), TACIT_OK, "with it again");
	ok(later.replayed, "is told");
	later = release_of("n9", a);
	later.entry.at = ACTOR.now + 101;
	is_status(tacit_keyd_store_commit(store, &later, 1, NULL), TACIT_OK,
		  "after it may be forgotten");
	ok(later.replayed, "it is forgotten only behind what comes then");
	later.replayed = false;
	is_status(tacit_keyd_store_commit(store, &later, 1, NULL), TACIT_OK, "and then");
	struct reading *r = read_log(store);
	ok(r->status == TACIT_OK && r->chain.seq == 10, "all ten are in the log, chained");
	tacit_keyd_store_close(store);
}

static void try_changed(void)
{
	static const char *const CHANGES[] = {
		"UPDATE log SET line = replace(line, 'app', 'apq') WHERE seq = 3",
		"DELETE FROM log WHERE seq = 4",
		"UPDATE log SET hash = zeroblob(32) WHERE seq = 5",
		"INSERT INTO log SELECT 11, line, hash FROM log WHERE seq = 2",
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CHANGES); i++) {
		char name[32], command[600];
		sqlite3 *db = NULL;

		snprintf(name, sizeof(name), "changed%zu.db", i);
		snprintf(command, sizeof(command), "cp %s %s", place("once.db"), place(name));
		if (system(command) != 0 || sqlite3_open(place(name), &db) != SQLITE_OK ||
		    sqlite3_exec(db, CHANGES[i], NULL, NULL, NULL) != SQLITE_OK)
			ok(false, "changed by hand");
		sqlite3_close(db);
		struct tacit_keyd_store *store = must_open(place(name));
		is_status(read_log(store)->status, TACIT_SIGNATURE, CHANGES[i]);
		tacit_keyd_store_close(store);
	}
}

/* A row that is whole and has the right number, of another chain. */
static void try_spliced(void)
{
	struct tacit_keyd_entry entry = { .at = ACTOR.now,
					  .who = tacit_slice_str("a"),
					  .op = tacit_slice_str("n1"),
					  .verdict = "released" };
	struct tacit_keyd_chain ours = { 0 }, theirs = { 0 }, check = { 0 };
	struct tacit_keyd_chain *const CHAINS[] = { &ours, &ours, &theirs, &theirs };
	size_t lens[4] = { 0 };
	char lines[4][TACIT_KEYD_LINE_MAX + 128];

	for (size_t i = 0; i < 4; i++) {
		struct writer w = wr_of(tacit_mut_of(lines[i], sizeof(lines[i])));
		uint8_t room_of_line[TACIT_KEYD_LINE_MAX];
		struct tacit_slice line;

		entry.who = tacit_slice_str(i < 2 ? "a" : "b");
		if (tacit_keyd_log_append(&entry, CHAINS[i],
					  tacit_mut_of(room_of_line, sizeof(room_of_line)), &line,
					  NULL) == TACIT_OK)
			tacit_keyd_log_put(&w, line, CHAINS[i]->hash);
		lens[i] = w.at;
	}
	is_status(tacit_keyd_log_check(tacit_slice_of(lines[0], lens[0]), &check, NULL), TACIT_OK,
		  "the first row");
	is_status(tacit_keyd_log_check(tacit_slice_of(lines[3], lens[3]), &check, NULL),
		  TACIT_SIGNATURE, "the second of another chain does not follow it");
	is_status(tacit_keyd_log_check(tacit_slice_of(lines[1], lens[1]), &check, NULL), TACIT_OK,
		  "its own does");
	size_t good = 0;
	for (size_t i = 0; i < lens[0]; i++) {
		struct tacit_keyd_chain at = { 0 };

		good += tacit_keyd_log_check(tacit_slice_of(lines[0], i), &at, NULL) == TACIT_OK;
	}
	ok(good == 0, "no row that was cut");
}

/* ---- kill -9 -------------------------------------------------------------------------------- */

static void write_until_killed(const char *path, uint32_t first, int report)
{
	struct tacit_keyd_store *store = must_open(path);

	for (uint32_t i = first; store; i++) {
		char op[16], name[16], id[TACIT_KEYD_ID_LEN + 1];
		uint8_t once[32] = { 0 };

		snprintf(op, sizeof(op), "n%u", (unsigned)i);
		snprintf(name, sizeof(name), "k%u", (unsigned)i);
		memcpy(once, &i, sizeof(i));
		struct tacit_keyd_release release = release_of(op, once);
		if (create(store, name, id) != TACIT_OK ||
		    tacit_keyd_store_commit(store, &release, 1, NULL) != TACIT_OK ||
		    write(report, &i, sizeof(i)) != sizeof(i))
			break;
	}
	_exit(1);
}

static void try_kill(void)
{
	const char *path = place("kill.db");
	unsigned broken = 0, lost = 0, keys = 0, total = 0;
	uint32_t first = 1;

	srandom(20261121);
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		uint32_t reported = kill_round(write_until_killed, path, first);
		struct tacit_keyd_store *store = must_open(path);

		first += reported + 1;
		total += reported;
		broken += !store || tacit_keyd_store_check(store, NULL) != TACIT_OK;
		tacit_keyd_store_close(store);
	}
	struct tacit_keyd_store *store = must_open(path);
	struct reading *r = read_log(store);
	for (uint32_t i = 1; i < first; i++) {
		struct tacit_keyd_key key;
		char name[16];

		snprintf(name, sizeof(name), "k%u", (unsigned)i);
		if (!acknowledged[i])
			continue;
		lost += r->numbers[i] != 1;
		keys += !find(store, name, &key);
	}
	ok(broken == 0, "%u writers killed: the file is whole every time", KILL_ROUNDS);
	ok(r->status == TACIT_OK, "the chain holds over all of them");
	ok(total > 100 && lost == 0, "no release that was acknowledged is lost (%u)", total);
	ok(keys == 0, "and no key");
	tacit_keyd_store_close(store);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void try_files(void)
{
	struct tacit_keyd_store *store = NULL;
	sqlite3 *db = NULL;

	is_status(tacit_keyd_store_open(place("none.db"), TACIT_KEYD_READ, &master, &store, NULL),
		  TACIT_IO, "a file that is not there");
	sqlite3_open(place("other.db"), &db);
	sqlite3_exec(db, "CREATE TABLE x (y); PRAGMA application_id = 1413563220;", NULL, NULL,
		     NULL);
	sqlite3_close(db);
	is_status(tacit_keyd_store_open(place("other.db"), TACIT_KEYD_WRITE, &master, &store, NULL),
		  TACIT_FORMAT, "a receipt store is no broker's");
	tacit_keyd_store_close(must_open(place("before.db")));
	sqlite3_open(place("before.db"), &db);
	sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL);
	sqlite3_close(db);
	is_status(
		tacit_keyd_store_open(place("before.db"), TACIT_KEYD_WRITE, &master, &store, NULL),
		TACIT_UNSUPPORTED, "nor is one that says its rows have no seals yet");
}

static void try_master_texts(void)
{
	static const struct {
		const char *text;
		enum tacit_status want;
	} ROWS[] = {
		{ "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", TACIT_OK },
		{ "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=\n", TACIT_OK },
		{ "0123456789abcdef0123456789abcdef", TACIT_OK },
		{ "00112233445566778899aabbccddeeff00112233445566778899aabbccddee", TACIT_FORMAT },
		{ "", TACIT_FORMAT },
		{ "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		  TACIT_FORMAT },
	};
	struct tacit_keyd_master m[TACIT_ARRAY_LEN(ROWS)];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++)
		is_status(tacit_keyd_master_read(tacit_slice_str(ROWS[i].text), &m[i], NULL),
			  ROWS[i].want, ROWS[i].text[0] ? ROWS[i].text : "(empty)");
	ok(memcmp(&m[0], &m[1], sizeof(m[0])) == 0, "hex and base64 of one key are one key");
	ok(memcmp(&m[0], &m[2], sizeof(m[0])) != 0, "and another is another");
}

int main(void)
{
	char command[160];

	/* What is tested is kill -9, which memory survives as a disk does. */
	snprintf(folder, sizeof(folder), "%s/tacit-keyd-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		return 1;
	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_keyd_master_read(tacit_slice_str("0123456789abcdef0123456789abcdef"), &master,
				   NULL) != TACIT_OK ||
	    tacit_keyd_master_read(tacit_slice_str("1123456789abcdef0123456789abcdef"), &wrong,
				   NULL) != TACIT_OK)
		return 1;
	try_keys();
	try_master();
	try_moved();
	try_credentials();
	try_sealed();
	try_once();
	try_changed();
	try_spliced();
	try_files();
	try_master_texts();
	try_kill();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || done();
}
