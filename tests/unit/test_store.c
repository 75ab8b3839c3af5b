/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "tests/tap.h"
#include "tests/unit/kill_util.h"

static char folder[128];
static uint8_t receipt[600];

static const char *place(const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static struct tacit_store_receipt row_of(uint32_t number)
{
	struct tacit_store_receipt row = { .received_at = 1790000000 + number,
					   .server = tacit_slice_str("tcp:127.0.0.1:1"),
					   .model_id = tacit_slice_str("demo"),
					   .receipt = TACIT_SLICE_ARRAY(receipt),
					   .verdict = tacit_slice_str("verified") };

	memcpy(row.cti, &number, sizeof(number));
	row.cti[15] = 1;
	memset(row.request_hash, 2, 32);
	memset(row.response_hash, 3, 32);
	memset(row.doc_hash, 4, 32);
	return row;
}

static struct tacit_store *must_open(const char *path, enum tacit_store_mode mode)
{
	struct tacit_store *store = NULL;
	struct tacit_error err = { 0 };

	if (tacit_store_open(path, mode, &store, &err) != TACIT_OK)
		printf("# open %s: %s\n", path, err.detail);
	return store;
}

static enum tacit_status put(struct tacit_store *store, uint32_t number, struct tacit_error *err)
{
	struct tacit_store_receipt row = row_of(number);

	return tacit_store_put(store, &row, err);
}

static bool has(struct tacit_store *store, uint32_t number)
{
	struct tacit_store_receipt row = row_of(number);
	bool found = false;

	return tacit_store_has(store, row.cti, &found, NULL) == TACIT_OK && found;
}

static uint64_t count(struct tacit_store *store)
{
	uint64_t n = UINT64_MAX;

	return tacit_store_count(store, &n, NULL) == TACIT_OK ? n : UINT64_MAX;
}

/* --- rows --- */

static void same_row(const struct tacit_store_receipt *got, const struct tacit_store_receipt *want)
{
	ok(memcmp(got->cti, want->cti, 16) == 0 && got->received_at == want->received_at &&
		   tacit_slice_eq(got->server, want->server) &&
		   tacit_slice_eq(got->model_id, want->model_id) &&
		   memcmp(got->request_hash, want->request_hash, 32) == 0 &&
		   memcmp(got->response_hash, want->response_hash, 32) == 0 &&
		   memcmp(got->doc_hash, want->doc_hash, 32) == 0 &&
		   tacit_slice_eq(got->receipt, want->receipt) &&
		   tacit_slice_eq(got->verdict, want->verdict),
	   "the row comes back");
}

static void try_rows(void)
{
	const char *path = place("rows.db");
	struct tacit_store *store = must_open(path, TACIT_STORE_WRITE);
	struct tacit_store_receipt want = row_of(1), got = { 0 };
	struct tacit_error err = { 0 };
	struct stat st;
	bool found = true;

	if (!ok(store, "a new store"))
		return;
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "nobody else may read it");
	ok(count(store) == 0 && !has(store, 1), "it is empty");
	ok(tacit_store_get(store, want.cti, &got, &found, NULL) == TACIT_OK && !found &&
		   got.id == 0,
	   "a row that is not there");
	is_status(put(store, 1, NULL), TACIT_OK, "a put");
	ok(has(store, 1) && !has(store, 2) && count(store) == 1, "is there");
	ok(tacit_store_get(store, want.cti, &got, &found, NULL) == TACIT_OK && found, "a get");
	same_row(&got, &want);
	ok(got.id == 1 && got.evidence_id == 0, "with its id and without evidence");

	want.verdict = tacit_slice_str("SIG_FAILED");
	is_status(tacit_store_put(store, &want, &err), TACIT_POLICY, "the same cti again");
	ok(strstr(err.detail, "stored already"), "says why: %s", err.detail);
	ok(tacit_store_get(store, want.cti, &got, &found, NULL) == TACIT_OK &&
		   tacit_slice_eq(got.verdict, tacit_slice_str("verified")),
	   "and changes nothing");
	ok(tacit_store_seen(store, want.cti), "the replay callback says seen");
	want.cti[15] = 9;
	ok(!tacit_store_seen(store, want.cti), "and not seen");

	want.receipt.len = 0;
	is_status(tacit_store_put(store, &want, NULL), TACIT_LIMIT, "no receipt");
	static const uint8_t LONG[TACIT_STORE_RECEIPT_MAX + 1];
	want.receipt = TACIT_SLICE_ARRAY(LONG);
	is_status(tacit_store_put(store, &want, NULL), TACIT_LIMIT, "a receipt too long");
	want.receipt.len--;
	is_status(tacit_store_put(store, &want, NULL), TACIT_OK, "the longest receipt");
	tacit_store_close(store);

	store = must_open(path, TACIT_STORE_READ);
	ok(store && count(store) == 2 && has(store, 1), "all of it is there after opening again");
	is_status(store ? put(store, 7, &err) : TACIT_OK, TACIT_DENIED, "a reader cannot write");
	is_status(store ? tacit_store_check(store, NULL) : TACIT_IO, TACIT_OK, "it is whole");
	tacit_store_close(store);
	tacit_store_close(NULL);
}

static void try_evidence(void)
{
	struct tacit_store *store = must_open(place("evidence.db"), TACIT_STORE_WRITE);
	static const uint8_t BYTES[] = "evidence bytes", DIGEST[32] = { 5 };
	struct tacit_store_evidence want = { .platform = tacit_slice_str("stub"),
					     .policy_digest = TACIT_SLICE_ARRAY(DIGEST),
					     .received_at = 1790000001,
					     .bytes = TACIT_SLICE_ARRAY(BYTES) },
				    got = { 0 };
	struct tacit_store_receipt row = row_of(1), back = { 0 };
	uint8_t hash[TACIT_HASH_MAX];
	bool found = false;

	if (!ok(store && tacit_hash(TACIT_SHA256, want.bytes, hash, NULL) == TACIT_OK, "a store"))
		return;
	ok(tacit_store_get_evidence(store, hash, &got, &found, NULL) == TACIT_OK && !found,
	   "evidence that is not there");
	is_status(tacit_store_put_evidence(store, &want, NULL), TACIT_OK, "evidence");
	is_status(tacit_store_put_evidence(store, &want, NULL), TACIT_OK, "the same once more");
	ok(tacit_store_get_evidence(store, hash, &got, &found, NULL) == TACIT_OK && found &&
		   got.id == 1 && tacit_slice_eq(got.bytes, want.bytes) &&
		   tacit_slice_eq(got.platform, want.platform) &&
		   tacit_slice_eq(got.policy_digest, want.policy_digest) &&
		   got.received_at == want.received_at && memcmp(got.doc_hash, hash, 32) == 0,
	   "is found by the hash of its bytes");
	memcpy(row.doc_hash, hash, 32);
	ok(tacit_store_put(store, &row, NULL) == TACIT_OK &&
		   tacit_store_get(store, row.cti, &back, &found, NULL) == TACIT_OK &&
		   back.evidence_id == 1,
	   "a receipt is linked to it");
	want.policy_digest = tacit_slice_of(NULL, 0);
	want.bytes.len--;
	ok(tacit_store_put_evidence(store, &want, NULL) == TACIT_OK &&
		   tacit_hash(TACIT_SHA256, want.bytes, hash, NULL) == TACIT_OK &&
		   tacit_store_get_evidence(store, hash, &got, &found, NULL) == TACIT_OK && found &&
		   !got.policy_digest.ptr && got.id == 2,
	   "other evidence, without a policy");
	tacit_store_close(store);
}

struct walk {
	uint32_t seen[16];
	size_t count, stop_after;
};

static bool visit(void *user, const struct tacit_store_receipt *row)
{
	struct walk *walk = user;

	if (walk->count < 16)
		memcpy(&walk->seen[walk->count], row->cti, sizeof(walk->seen[0]));
	walk->count++;
	return walk->count != walk->stop_after;
}

static void list(struct tacit_store *store, struct tacit_store_query query, size_t stop_after,
		 const char *want, const char *name)
{
	struct walk walk = { .stop_after = stop_after };
	char got[64] = "";
	enum tacit_status status = tacit_store_list(store, &query, visit, &walk, NULL);

	for (size_t i = 0; i < walk.count && i < 9; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u", walk.seen[i]);
	ok(status == TACIT_OK && strcmp(got, want) == 0, "%s: %s (%s)", name, want, got);
}

static void try_list(void)
{
	struct tacit_store *store = must_open(place("list.db"), TACIT_STORE_WRITE);
	struct tacit_store_query all = { 0 }, back = { .newest_first = true },
				 page = { .from = 2, .limit = 2 },
				 back_page = { .newest_first = true, .from = 3, .limit = 1 },
				 past = { .from = 99 };

	if (!ok(store, "a store"))
		return;
	list(store, all, 0, "", "an empty list");
	for (uint32_t i = 1; i <= 5; i++)
		(void)!put(store, i, NULL);
	list(store, all, 0, "12345", "in order of arrival");
	list(store, back, 0, "54321", "newest first");
	list(store, page, 0, "34", "a page");
	list(store, back_page, 0, "2", "a page from the end");
	list(store, past, 0, "", "past the end");
	list(store, all, 2, "12", "stopped by the visitor");
	is_status(put(store, 6, NULL), TACIT_OK, "a put right after a stopped list");
	tacit_store_close(store);
}

static void try_json(void)
{
	struct tacit_store_receipt row = row_of(1);
	static char room[8192];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	json_t *doc = NULL;
	static const uint8_t BYTES[] = { 0, 1, 2, 3 };

	row.receipt = TACIT_SLICE_ARRAY(BYTES);
	row.model_id = tacit_slice_str("a \"b\"\n\xff");
	tacit_store_put_json(&w, &row);
	ok(!w.bad && room[w.at - 1] == '\n' && !memchr(room, '\n', w.at - 1), "one line");
	ok(tacit_json_parse(tacit_slice_of(room, w.at - 1), &doc, NULL) == TACIT_OK, "of JSON");
	ok(strcmp(json_string_value(json_object_get(doc, "receipt")), "AAECAw") == 0 &&
		   strcmp(json_string_value(json_object_get(doc, "id")),
			  "01000000000000000000000000000001") == 0 &&
		   strcmp(json_string_value(json_object_get(doc, "model_id")),
			  "a \"b\"\n\xef\xbf\xbd") == 0 &&
		   strcmp(json_string_value(json_object_get(doc, "received_at")),
			  "2026-09-21T14:13:21Z") == 0,
	   "with its values");
	json_decref(doc);
	static const uint8_t BIG[TACIT_STORE_RECEIPT_MAX];
	row.receipt = TACIT_SLICE_ARRAY(BIG);
	w = wr_of(tacit_mut_of(room, sizeof(room)));
	tacit_store_put_json(&w, &row);
	ok(!w.bad, "the longest receipt fits");
}

/* --- files that are not ours --- */

static void sql(const char *path, const char *text)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		printf("# %s: %s\n", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static size_t read_file(const char *path, uint8_t *room, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(room, 1, size, f) : 0;

	if (f)
		fclose(f);
	return len;
}

static void refuse(const char *path, enum tacit_store_mode mode, enum tacit_status status,
		   const char *detail, const char *name)
{
	static uint8_t before[65536], after[65536];
	struct tacit_store *store = NULL;
	struct tacit_error err = { 0 };
	size_t len = read_file(path, before, sizeof(before));
	enum tacit_status got = tacit_store_open(path, mode, &store, &err);
	bool same = read_file(path, after, sizeof(after)) == len && memcmp(before, after, len) == 0;

	if (!ok(got == status && !store && strstr(err.detail, detail) && same, "%s: %s", name,
		detail))
		printf("# %s: %s%s\n", tacit_status_name(got), err.detail, same ? "" : ", changed");
	tacit_store_close(store);
}

static void try_foreign(void)
{
	static char noise[5000];

	sql(place("other.db"), "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	refuse(place("other.db"), TACIT_STORE_WRITE, TACIT_FORMAT, "another program",
	       "a database without an application id");
	sql(place("app.db"), "PRAGMA application_id = 5; PRAGMA user_version = 1");
	refuse(place("app.db"), TACIT_STORE_WRITE, TACIT_FORMAT, "application id 5",
	       "a database of another application");
	sql(place("version0.db"), "PRAGMA application_id = 1413563220; CREATE TABLE receipts (x)");
	refuse(place("version0.db"), TACIT_STORE_WRITE, TACIT_UNSUPPORTED, "schema version 0",
	       "no schema version");

	tacit_store_close(must_open(place("later.db"), TACIT_STORE_WRITE));
	sql(place("later.db"), "PRAGMA user_version = 2");
	refuse(place("later.db"), TACIT_STORE_WRITE, TACIT_UNSUPPORTED,
	       "schema version 2, this build knows 1", "a later schema");
	refuse(place("later.db"), TACIT_STORE_READ, TACIT_UNSUPPORTED, "schema version 2",
	       "a later schema, to read");
	tacit_store_close(must_open(place("trigger.db"), TACIT_STORE_WRITE));
	sql(place("trigger.db"), "CREATE TRIGGER t AFTER INSERT ON receipts BEGIN"
				 " DELETE FROM receipts; END");
	refuse(place("trigger.db"), TACIT_STORE_WRITE, TACIT_FORMAT, "triggers or views",
	       "a trigger");
	tacit_store_close(must_open(place("view.db"), TACIT_STORE_WRITE));
	sql(place("view.db"), "CREATE VIEW v AS SELECT 1");
	refuse(place("view.db"), TACIT_STORE_READ, TACIT_FORMAT, "triggers or views", "a view");

	memset(noise, 'n', sizeof(noise));
	write_file(place("noise"), noise, sizeof(noise));
	refuse(place("noise"), TACIT_STORE_WRITE, TACIT_FORMAT, "not a database", "a text file");
	write_file(place("empty"), noise, 0);
	refuse(place("empty"), TACIT_STORE_READ, TACIT_FORMAT, "empty", "an empty file, to read");
	refuse(place("absent"), TACIT_STORE_READ, TACIT_IO, "unable to open", "no file, to read");
	refuse(place("no/such/folder"), TACIT_STORE_WRITE, TACIT_IO, "No such file", "no folder");
	refuse(folder, TACIT_STORE_WRITE, TACIT_IO, "unable to open", "a folder");
	ok(access(place("absent"), F_OK) != 0, "a reader makes no file");
}

static void try_damage(void)
{
	const char *path = place("damage.db");
	struct tacit_store *store = must_open(path, TACIT_STORE_WRITE);
	struct tacit_error err = { 0 };
	struct tacit_store_receipt row = row_of(3), got;
	bool found = false;

	for (uint32_t i = 1; store && i <= 20; i++)
		(void)!put(store, i, NULL);
	tacit_store_close(store);
	sql(path, "UPDATE receipts SET request_hash = x'00' WHERE id = 3");
	store = must_open(path, TACIT_STORE_WRITE);
	is_status(tacit_store_get(store, row.cti, &got, &found, &err), TACIT_FORMAT,
		  "a hash of one byte");
	struct walk walk = { 0 };
	struct tacit_store_query all = { 0 };
	is_status(tacit_store_list(store, &all, visit, &walk, NULL), TACIT_FORMAT,
		  "ends a list too");
	is_status(put(store, 21, NULL), TACIT_OK, "and nothing is locked after that");
	tacit_store_close(store);

	sql(path, "PRAGMA foreign_keys = OFF; UPDATE receipts SET evidence_id = 77 WHERE id = 4");
	store = must_open(path, TACIT_STORE_WRITE);
	tacit_error_clear(&err);
	is_status(tacit_store_check(store, &err), TACIT_FORMAT, "a link to nowhere");
	ok(strstr(err.detail, "evidence"), "is named: %s", err.detail);
	sql(path, "DROP TABLE receipts");
	ok(tacit_store_seen(store, row.cti), "a store that cannot answer says seen");
	tacit_store_close(store);

	FILE *f = fopen(place("damage.db"), "r+b");
	static const uint8_t JUNK[2000] = { 1, 2, 3 };
	fseek(f, 4096, SEEK_SET);
	fwrite(JUNK, 1, sizeof(JUNK), f);
	fclose(f);
	store = must_open(path, TACIT_STORE_WRITE);
	is_status(store ? tacit_store_check(store, NULL) : TACIT_FORMAT, TACIT_FORMAT,
		  "overwritten pages are noticed");
	tacit_store_close(store);
}

/* --- crashes, crowds and full disks --- */

/* Stores rows from `first` on and reports each that was acknowledged. */
static void write_until_killed(const char *path, uint32_t first, int report)
{
	struct tacit_store *store = NULL;

	if (tacit_store_open(path, TACIT_STORE_WRITE, &store, NULL) != TACIT_OK)
		_exit(1);
	for (uint32_t i = first;; i++) {
		if (put(store, i, NULL) != TACIT_OK || write(report, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void try_kill(void)
{
	const char *path = place("kill.db");
	uint32_t first = 0, total = 0;
	unsigned lost = 0, broken = 0, silent = 0;

	srandom(20261121);
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		uint32_t reported = kill_round(write_until_killed, path, first);
		struct tacit_store *store = must_open(path, TACIT_STORE_WRITE);

		/* One more than was reported may have been stored. */
		first += reported + 1;
		total += reported;
		silent += reported == 0;
		if (!store || tacit_store_check(store, NULL) != TACIT_OK)
			broken++;
		for (uint32_t i = first > 40 ? first - 40 : 0; store && i < first; i++)
			lost += acknowledged[i] && !has(store, i);
		tacit_store_close(store);
	}
	struct tacit_store *store = must_open(path, TACIT_STORE_READ);
	for (uint32_t i = 0; store && i < first; i++)
		lost += acknowledged[i] && !has(store, i);
	tacit_store_close(store);
	ok(broken == 0, "%u writers killed: the file is whole every time", KILL_ROUNDS);
	ok(lost == 0 && store, "nothing acknowledged is lost");
	ok(total >= KILL_ROUNDS, "%u rows were acknowledged, %u writers died before their first",
	   total, silent);
}

static void try_crowd(void)
{
	const char *path = place("crowd.db");
	pid_t children[4];
	int bad = 0;

	for (unsigned c = 0; c < 4; c++) {
		children[c] = fork();
		if (children[c] != 0)
			continue;
		struct tacit_store *store = NULL;
		struct tacit_error err = { 0 };
		enum tacit_status status = tacit_store_open(path, TACIT_STORE_WRITE, &store, &err);
		for (uint32_t i = 0; i < 50 && status == TACIT_OK; i++)
			status = put(store, 1000 * c + i, &err);
		if (status != TACIT_OK)
			fprintf(stderr, "# writer %u: %s\n", c, err.detail);
		_exit(status != TACIT_OK);
	}
	for (unsigned c = 0; c < 4; c++) {
		int state = 0;

		waitpid(children[c], &state, 0);
		bad += state != 0;
	}
	struct tacit_store *store = must_open(path, TACIT_STORE_READ);
	ok(bad == 0 && store && count(store) == 200, "four writers of a new file at once");
	tacit_store_close(store);
}

/* Fills the store until a put fails; then what is there must be whole, and go on working once
 * there is room. Runs in a child; the exit status says what went wrong. */
static int fill(const char *path, void (*make_room)(void))
{
	struct tacit_store *store = must_open(path, TACIT_STORE_WRITE);
	struct tacit_error err = { 0 };
	uint32_t stored = 0, failures = 0;

	if (!store)
		return 2;
	while (stored < 20000 && failures < 3) {
		tacit_error_clear(&err);
		enum tacit_status status = put(store, stored, &err);
		if (status == TACIT_OK)
			stored++;
		else if (status == TACIT_IO && strstr(err.detail, "cannot store the receipt: "))
			failures++;
		else
			return 3;
	}
	fprintf(stderr, "# %u rows, then: %s\n", stored, err.detail);
	if (!failures || !stored || count(store) != stored)
		return 4;
	for (uint32_t i = 0; i < stored; i++) {
		if (!has(store, i))
			return 5;
	}
	if (tacit_store_check(store, &err) != TACIT_OK)
		return 6;
	make_room();
	if (put(store, stored, &err) != TACIT_OK)
		return 7;
	tacit_store_close(store);
	store = must_open(path, TACIT_STORE_WRITE);
	if (!store || count(store) != stored + 1 || tacit_store_check(store, NULL) != TACIT_OK)
		return 8;
	tacit_store_close(store);
	return 0;
}

static void lift_limit(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	getrlimit(RLIMIT_FSIZE, &none);
	none.rlim_cur = none.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
}

static int wait_for(pid_t child)
{
	int state = 0;

	waitpid(child, &state, 0);
	return WIFEXITED(state) ? WEXITSTATUS(state) : 99;
}

static void try_file_limit(void)
{
	pid_t child = fork();

	if (child == 0) {
		struct rlimit limit;

		signal(SIGXFSZ, SIG_IGN);
		getrlimit(RLIMIT_FSIZE, &limit);
		limit.rlim_cur = 400000;
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(fill(place("limit.db"), lift_limit));
	}
	int state = wait_for(child);
	ok(state == 0, "a file that may not grow: TACIT_IO, whole, and goes on later (%d)", state);
}

static char disk[160];

static void remove_ballast(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/ballast", disk);
	unlink(path);
}

#define NO_MOUNT 77

static int fill_disk(void)
{
	static const char BALLAST[500000];
	char path[256];

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tacit", disk, "tmpfs", 0, "size=1m") != 0)
		return NO_MOUNT;
	snprintf(path, sizeof(path), "%s/ballast", disk);
	write_file(path, BALLAST, sizeof(BALLAST));
	snprintf(path, sizeof(path), "%s/full.db", disk);
	return fill(path, remove_ballast);
}

static void try_full_disk(void)
{
	snprintf(disk, sizeof(disk), "%s/disk", folder);
	mkdir(disk, 0700);
	pid_t child = fork();
	if (child == 0)
		_exit(fill_disk());
	int state = wait_for(child);
	if (state == NO_MOUNT)
		skip("a full disk", "cannot mount a small tmpfs here (needs root)");
	else
		ok(state == 0, "a full disk: TACIT_IO, whole, and goes on later (%d)", state);
}

int main(void)
{
	/* What is tested is kill -9, which memory survives as a disk does. */
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char command[256];

	snprintf(folder, sizeof(folder), "%s/tacit-store-XXXXXX", tmp);
	if (!mkdtemp(folder))
		return 1;
	memset(receipt, 0xab, sizeof(receipt));
	setvbuf(stdout, NULL, _IONBF, 0);
	try_rows();
	try_evidence();
	try_list();
	try_json();
	try_foreign();
	try_damage();
	try_kill();
	try_crowd();
	try_file_limit();
	try_full_disk();
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command) != 0)
		printf("# cannot remove %s\n", folder);
	return done();
}
