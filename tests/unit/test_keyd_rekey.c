/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/compiler.h"
#include "release/keyd_inside.h"
#include "tests/tap.h"
#include "tests/unit/keyd_util.h"
#include "tests/unit/kill_util.h"

#define KEYS        20u
#define CREDENTIALS 60u

static struct tacit_keyd_master masters[2];

static struct tacit_keyd_store *open_under(const char *path, size_t master)
{
	struct tacit_keyd_store *store = NULL;

	if (tacit_keyd_store_open(path, TACIT_KEYD_WRITE, &masters[master], &store, NULL) !=
	    TACIT_OK)
		return NULL;
	return store;
}

static enum tacit_status rekey(struct tacit_keyd_store *store, size_t master)
{
	return tacit_keyd_store_rekey(store, &ACTOR, &masters[master], NULL);
}

/* ---- a store in use ------------------------------------------------------------------------- */

/* What the bytes of one version of a key are: of 32 bytes, or much longer. */
static struct tacit_slice bytes_of(unsigned key, uint32_t version)
{
	static uint8_t bytes[40000];

	memset(bytes, (int)(key * 2 + version), sizeof(bytes));
	return tacit_slice_of(bytes, key % 5 ? 32 : sizeof(bytes));
}

static enum tacit_status add_key(struct tacit_keyd_store *store, unsigned n)
{
	char name[16], id[TACIT_KEYD_ID_LEN + 1];
	struct tacit_keyd_key key = { .spec = tacit_slice_str("RESOURCE"),
				      .policy = tacit_slice_str("{}") };

	snprintf(name, sizeof(name), "k%u", n);
	key.name = tacit_slice_str(n == 1 ? "" : name);
	key.name.ptr = n == 1 ? NULL : key.name.ptr;
	enum tacit_status st = tacit_keyd_key_create(store, &ACTOR, &key, bytes_of(n, 1), id, NULL);
	key.id = tacit_slice_str(id);
	key.version = 1;
	if (st == TACIT_OK)
		st = tacit_keyd_key_rotate(store, &ACTOR, &key, bytes_of(n, 2), NULL);
	if (st == TACIT_OK && n % 2)
		st = tacit_keyd_key_enable(store, &ACTOR, key.id, false, NULL);
	return st;
}

static enum tacit_status add_credential(struct tacit_keyd_store *store, unsigned n)
{
	struct tacit_keyd_credential c = { .admin = n % 2 };

	/* In no order, so that pages split in their middle. */
	snprintf(c.access_key, sizeof(c.access_key), "TKD%03u%040u", n * 37 % 101, n);
	snprintf(c.name, sizeof(c.name), "c%u", n);
	return tacit_keyd_credential_create(store, &ACTOR, &c, tacit_slice_str(c.access_key), NULL);
}

static void make_store(const char *name)
{
	struct tacit_keyd_store *store = open_under(place(name), 0);
	enum tacit_status st = store ? TACIT_OK : TACIT_IO;

	/* As SQLite is where a distribution did not choose otherwise. */
	if (store)
		sqlite3_exec(store->db, "PRAGMA secure_delete = 0", NULL, NULL, NULL);
	for (unsigned i = 0; i < KEYS && st == TACIT_OK; i++)
		st = add_key(store, i);
	for (unsigned i = 0; i < CREDENTIALS && st == TACIT_OK; i++)
		st = add_credential(store, i);
	is_status(st, TACIT_OK, "a store in use");
	tacit_keyd_store_close(store);
}

struct found {
	struct tacit_keyd_store *other; /* the same file, for what is asked within a walk */
	unsigned keys, disabled, secrets, admins;
	struct tacit_keyd_chain chain;
	bool rotated, broken;
};

static bool visit_key(void *user, const struct tacit_keyd_key *key)
{
	struct found *f = user;
	unsigned n = key->name.ptr ? (unsigned)atoi((const char *)key->name.ptr + 1) : 1;

	f->keys++;
	f->disabled += !key->enabled;
	for (uint32_t version = 1; version <= 2; version++) {
		struct tacit_keyd_bytes bytes = { 0 };

		f->secrets +=
			tacit_keyd_key_material(f->other, key->id, version, &bytes, NULL) ==
				TACIT_OK &&
			tacit_slice_eq(tacit_slice_of(bytes.ptr, bytes.len), bytes_of(n, version));
		tacit_keyd_bytes_done(&bytes);
	}
	return true;
}

static bool visit_credential(void *user, const struct tacit_keyd_credential *c)
{
	struct found *f = user;
	struct tacit_keyd_credential got;
	struct tacit_keyd_bytes secret = { 0 };
	struct tacit_slice access_key = tacit_slice_str(c->access_key);
	bool found = false;

	f->admins += c->admin;
	f->secrets += tacit_keyd_credential_find(f->other, access_key, &got, &secret, &found,
						 NULL) == TACIT_OK &&
		      tacit_slice_eq(tacit_slice_of(secret.ptr, secret.len), access_key);
	tacit_keyd_bytes_done(&secret);
	return true;
}

static bool visit_line(void *user, struct tacit_slice line, const uint8_t *hash)
{
	char text[TACIT_KEYD_LINE_MAX + 128];
	struct found *f = user;
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text) - 1));

	tacit_keyd_log_put(&w, line, hash);
	f->broken |= tacit_keyd_log_check(tacit_slice_of(text, w.at), &f->chain, NULL) != TACIT_OK;
	text[w.at] = '\0';
	f->rotated = strstr(text, "\"who\":\"operator\",\"op\":\"RotateMasterKey\"") != NULL;
	return true;
}

/* Everything of make_store() is there, and opens. */
static bool is_whole(const char *path, size_t master, struct found *f)
{
	struct tacit_keyd_store *store = open_under(path, master);

	memset(f, 0, sizeof(*f));
	f->other = open_under(path, master);
	bool good = store && f->other &&
		    tacit_keyd_key_list(store, visit_key, f, NULL) == TACIT_OK &&
		    tacit_keyd_credential_list(store, visit_credential, f, NULL) == TACIT_OK &&
		    tacit_keyd_log_walk(store, 0, visit_line, f, NULL) == TACIT_OK &&
		    tacit_keyd_store_check(store, NULL) == TACIT_OK && f->keys == KEYS &&
		    f->disabled == KEYS / 2 && f->secrets == 2 * KEYS + CREDENTIALS &&
		    f->admins == CREDENTIALS / 2 && !f->broken;
	tacit_keyd_store_close(f->other);
	tacit_keyd_store_close(store);
	return good;
}

/* ---- the change ----------------------------------------------------------------------------- */

/* Every wrapped secret, as it lies in the file. */
static size_t read_wrapped(const char *path, uint8_t (*ret)[28], size_t cap)
{
	size_t count = 0;
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;

	sqlite3_open(path, &db);
	sqlite3_prepare_v2(db,
			   "SELECT wrapped FROM material UNION ALL SELECT wrapped FROM"
			   " credentials UNION ALL SELECT value FROM meta",
			   -1, &stmt, NULL);
	while (count < cap && sqlite3_step(stmt) == SQLITE_ROW)
		memcpy(ret[count++], sqlite3_column_blob(stmt, 0), sizeof(ret[0]));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

static size_t count_left(const char *path, uint8_t (*wrapped)[28], size_t count)
{
	static uint8_t file[4 << 20];
	FILE *in = fopen(path, "rb");
	size_t len = in ? fread(file, 1, sizeof(file), in) : 0, left = 0;

	if (in)
		fclose(in);
	ok(len > 100000 && len < sizeof(file), "the file is read");
	for (size_t i = 0; i < count; i++)
		left += memmem(file, len, wrapped[i], sizeof(wrapped[0])) != NULL;
	return left;
}

static void try_change(void)
{
	static uint8_t wrapped[2 * KEYS + CREDENTIALS + 1][28];
	struct found f;
	struct stat st;

	make_store("a.db");
	size_t count = read_wrapped(place("a.db"), wrapped, TACIT_ARRAY_LEN(wrapped));
	ok(count_left(place("a.db"), wrapped, count) == TACIT_ARRAY_LEN(wrapped),
	   "secrets lie in the file as they are wrapped");
	struct tacit_keyd_store *store = open_under(place("a.db"), 0);
	is_status(rekey(store, 0), TACIT_USAGE, "the same master key");
	is_status(rekey(store, 1), TACIT_OK, "another one");
	is_status(add_key(store, KEYS), TACIT_OK, "the store goes on under it");
	tacit_keyd_store_close(store);
	ok(!open_under(place("a.db"), 0), "the old one opens nothing");
	ok(!is_whole(place("a.db"), 1, &f) && f.keys == KEYS + 1 && !f.broken,
	   "and the new one what came later, too");
	ok(stat(place("a.db-wal"), &st) != 0, "no log of SQLite's is left");
	ok(count_left(place("a.db"), wrapped, count) == 0,
	   "nor anything in the file that the old one would open");
	make_store("b.db");
	store = open_under(place("b.db"), 0);
	is_status(rekey(store, 1), TACIT_OK, "once more");
	tacit_keyd_store_close(store);
	ok(is_whole(place("b.db"), 1, &f) && f.rotated, "all of it is there, and the log says so");
	store = open_under(place("b.db"), 1);
	is_status(rekey(store, 0), TACIT_OK, "back again");
	tacit_keyd_store_close(store);
	ok(is_whole(place("b.db"), 0, &f), "and all of it");
	tacit_keyd_store_close(open_under(place("empty.db"), 0));
	if (tacit_keyd_store_open(place("empty.db"), TACIT_KEYD_WRITE, NULL, &store, NULL) !=
	    TACIT_OK)
		ok(false, "opened for the log alone");
	is_status(rekey(store, 1), TACIT_USAGE, "without the old one none is changed");
	tacit_keyd_store_close(store);
}

/* ---- others that have it open --------------------------------------------------------------- */

static void try_open_elsewhere(void)
{
	static const enum tacit_keyd_mode MODES[] = { TACIT_KEYD_WRITE, TACIT_KEYD_READ };
	struct found f;

	make_store("open.db");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MODES); i++) {
		struct tacit_keyd_store *broker = NULL;
		struct tacit_error err = { 0 };

		if (tacit_keyd_store_open(place("open.db"), MODES[i], &masters[0], &broker, NULL) !=
		    TACIT_OK)
			ok(false, "a broker");
		struct tacit_keyd_store *store = open_under(place("open.db"), 0);
		is_status(store ? tacit_keyd_store_rekey(store, &ACTOR, &masters[1], &err)
				: TACIT_SIGNATURE,
			  TACIT_IO, "not while a broker has it open");
		ok(strcmp(err.detail, "a broker, or another verb, has the store open") == 0,
		   "which is said");
		tacit_keyd_store_close(store);
		tacit_keyd_store_close(broker);
		ok(is_whole(place("open.db"), 0, &f) && !f.rotated, "and nothing is changed");
	}
}

/* ---- rows that somebody else changed -------------------------------------------------------- */

static void try_changed(void)
{
	static const struct {
		const char *sql, *says;
	} ROWS[] = {
		{ "UPDATE keys SET enabled = 1 WHERE name = 'k7'",
		  "the row of key 'k7' was changed" },
		{ "UPDATE keys SET policy = NULL WHERE name = 'k0'",
		  "the row of key 'k0' was changed" },
		{ "UPDATE credentials SET admin = 1 WHERE name = 'c58'",
		  "the row of credential 'c58' was changed" },
		{ "UPDATE material SET wrapped = zeroblob(60) WHERE version = 2 AND key_id ="
		  " (SELECT id FROM keys WHERE name = 'k3')",
		  "version 2 of key '" },
		{ "UPDATE material SET wrapped = x'' WHERE version = 1 AND key_id ="
		  " (SELECT id FROM keys WHERE name = 'k3')",
		  "version 1 of key '" },
		{ "UPDATE credentials SET wrapped = (SELECT wrapped FROM credentials WHERE name ="
		  " 'c1') WHERE name = 'c2'",
		  "version 1 of credential 'TKD" },
		/* Reads as the text does, and is not found by it. */
		{ "PRAGMA foreign_keys = 0; UPDATE keys SET id = CAST(id AS BLOB) WHERE name = "
		  "'k9'",
		  "the row of key 'k9' was changed" },
		{ "PRAGMA foreign_keys = 0; UPDATE material SET key_id = CAST(key_id AS BLOB)"
		  " WHERE version = 2 AND key_id = (SELECT id FROM keys WHERE name = 'k9')",
		  "the row of key '" },
		{ "UPDATE credentials SET access_key = CAST(access_key AS BLOB) WHERE name = 'c9'",
		  "the row of credential 'c9' was changed" },
	};

	make_store("whole.db");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		char command[600];
		struct tacit_error err = { 0 };
		struct found f;
		sqlite3 *db = NULL;

		snprintf(command, sizeof(command), "cp %s %s", place("whole.db"),
			 place("changed.db"));
		if (system(command) != 0 || sqlite3_open(place("changed.db"), &db) != SQLITE_OK ||
		    sqlite3_exec(db, ROWS[i].sql, NULL, NULL, NULL) != SQLITE_OK)
			ok(false, "changed by hand: %s", sqlite3_errmsg(db));
		sqlite3_close(db);
		struct tacit_keyd_store *store = open_under(place("changed.db"), 0);
		is_status(tacit_keyd_store_rekey(store, &ACTOR, &masters[1], &err), TACIT_SIGNATURE,
			  ROWS[i].sql);
		ok(strncmp(err.detail, ROWS[i].says, strlen(ROWS[i].says)) == 0, "named: %s",
		   err.detail);
		tacit_keyd_store_close(store);
		store = open_under(place("changed.db"), 0);
		ok(store && tacit_keyd_log_walk(store, 0, visit_line, &f, NULL) == TACIT_OK &&
			   !f.rotated,
		   "and nothing is written");
		tacit_keyd_store_close(store);
	}
}

/* ---- kill -9 -------------------------------------------------------------------------------- */

/* From one key to the other and back, for as long as it lives. */
static void change_until_killed(const char *path, uint32_t first, int report)
{
	size_t at = 0;
	struct tacit_keyd_store *store = open_under(path, at);

	if (!store)
		store = open_under(path, ++at);
	for (uint32_t i = first; store; i++) {
		at = 1 - at;
		if (rekey(store, at) != TACIT_OK || write(report, &i, sizeof(i)) != sizeof(i))
			break;
	}
	_exit(1);
}

static void try_kill(void)
{
	unsigned broken = 0, both = 0, total = 0, under[2] = { 0 };
	uint32_t first = 1;
	char path[256];

	make_store("kill.db");
	snprintf(path, sizeof(path), "%s", place("kill.db"));
	srandom(20261121);
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		uint32_t reported = kill_round(change_until_killed, path, first);
		struct found f;

		first += reported + 1;
		total += reported;
		bool one = is_whole(path, 0, &f), other = is_whole(path, 1, &f);
		under[0] += one;
		under[1] += other;
		broken += !one && !other;
		both += one && other;
	}
	ok(broken == 0, "%u killed: the store is whole under one of the two keys", KILL_ROUNDS);
	ok(both == 0, "and never under both");
	ok(under[0] && under[1] && total > 100, "under either in turn (%u, %u)", under[0],
	   under[1]);
}

int main(void)
{
	static const char *const KEY[] = { "0123456789abcdef0123456789abcdef",
					   "1123456789abcdef0123456789abcdef" };
	char command[160];

	snprintf(folder, sizeof(folder), "%s/tacit-rekey-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		return 1;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KEY); i++)
		if (tacit_keyd_master_read(tacit_slice_str(KEY[i]), &masters[i], NULL) != TACIT_OK)
			return 1;
	try_change();
	try_open_elsewhere();
	try_changed();
	try_kill();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || done();
}
