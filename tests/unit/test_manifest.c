/* SPDX-License-Identifier: Apache-2.0 */

/* Manifests of sealed models, and who signed them. */

#include "release/manifest.h"

#include <string.h>

#include "base/hex.h"
#include "release/manifest_sign.h"
#include "tests/tap.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define E64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD                                                                                      \
	"{\"schema\":\"tacit.model/1\",\"model_id\":\"m\",\"version\":\"1\",\"format\":\"gguf\"," \
	"\"created\":\"2026-11-21T00:00:00Z\","
#define FILES                                                                                    \
	"\"segment_size\":16777216,\"files\":[{\"name\":\"a.gguf\",\"size\":5,\"sha256\":\"" A64 \
	"\",\"segments\":[\"" A64 "\"]}]}\n"
#define GOOD HEAD FILES

static uint8_t room[65536], text_room[16384];

static enum tacit_status parse(struct tacit_slice text, struct tacit_manifest *ret)
{
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_manifest_parse(text, &arena, ret, NULL);
}

static void test_good(void)
{
	static const char FULL[] = HEAD
		"\"expires\":\"2027-01-01T00:00:00Z\",\"tokenizer_sha256\":\"" A64
		"\",\"template_sha256\":\"" B64 "\",\"policy_sha256\":\"" E64
		"\",\"segment_size\":16777216,\"files\":[{\"name\":\"a.gguf\",\"size\":16777217,"
		"\"sha256\":\"" E64 "\",\"segments\":[\"" A64 "\",\"" B64
		"\"]},{\"name\":\"b\",\"size\":0,\"sha256\":\"" E64 "\",\"segments\":[]}]}\n";
	struct tacit_manifest m;
	struct tacit_slice full = TACIT_SLICE_ARRAY(FULL);
	struct writer w = wr_of(tacit_mut_of(text_room, sizeof(text_room)));

	is_status(parse(tacit_slice_str(GOOD), &m), TACIT_OK, "the least");
	ok(m.expires == 0 && m.tokenizer.len == 0 && m.file_count == 1, "says no more");
	full.len--;
	is_status(parse(full, &m), TACIT_OK, "everything");
	ok(m.expires - m.created == 41 * 86400, "when it ends");
	ok(m.tokenizer.len == 32 && m.chat_template.ptr[0] == 0xbb && m.policy.ptr[0] == 0xe3,
	   "what it goes with");
	ok(m.file_count == 2 && m.files[0].segment_count == 2 && m.files[1].size == 0 &&
		   m.files[0].segments[32] == 0xbb,
	   "its files");
	tacit_manifest_write(&m, &w);
	is_slice(tacit_slice_of(text_room, w.at), full, "is written as it was read");
	is_status(tacit_manifest_current(&m, m.expires - 1, NULL), TACIT_OK, "before it expires");
	is_status(tacit_manifest_current(&m, m.expires, NULL), TACIT_EXPIRED, "once it has");
	m.expires = 0;
	is_status(tacit_manifest_current(&m, INT64_MAX, NULL), TACIT_OK, "it never does");
}

/* GOOD with one place of it exchanged: none is a manifest. */
static const struct {
	const char *name, *from, *to;
} TEXTS[] = {
	{ "another schema", "model/1", "model/2" },
	{ "a space", ",\"files", ", \"files" },
	{ "no line end", "]}]}\n", "]}]}" },
	{ "two", "]}]}\n", "]}]}\n\n" },
	{ "something behind it", "]}]}\n", "]}]}\n{}" },
	{ "an unknown member", "\"segment_size\"", "\"x\":1,\"segment_size\"" },
	{ "a member twice", "\"version\":\"1\"", "\"version\":\"1\",\"version\":\"1\"" },
	{ "another order", "\"version\":\"1\",\"format\":\"gguf\"",
	  "\"format\":\"gguf\",\"version\":\"1\"" },
	{ "no id", "\"model_id\":\"m\",", "" },
	{ "an empty id", "\"m\"", "\"\"" },
	{ "an id with an escape that needs none", "\"m\"", "\"\\u006d\"" },
	{ "an id with a line break", "\"m\"", "\"a\\nb\"" },
	{ "an id that turns the line around", "\"m\"", "\"\xe2\x80\xae\"" },
	{ "an id that is not UTF-8", "\"m\"", "\"\xff\"" },
	{ "a number for an id", "\"m\"", "5" },
	{ "a time of another zone", "00:00:00Z", "01:00:00+01:00" },
	{ "a time that is none", "2026-11-21T", "2026-13-21T" },
	{ "a time before all", "2026-11-21T", "1970-01-01T" },
	{ "an end before the beginning", "\"segment_size\"",
	  "\"expires\":\"2026-11-20T00:00:00Z\",\"segment_size\"" },
	{ "segments of another size", "16777216", "16777217" },
	{ "no files",
	  "[{\"name\":\"a.gguf\",\"size\":5,\"sha256\":\"" A64 "\",\"segments\":[\"" A64 "\"]}]",
	  "[]" },
	{ "a path", "a.gguf", "../a.gguf" },
	{ "a hidden file", "a.gguf", ".gguf" },
	{ "an option for a name", "a.gguf", "-rf" },
	{ "the folder itself", "a.gguf", "." },
	{ "a device of some systems", "a.gguf", "a:gguf" },
	{ "a name with a control character", "a.gguf", "a\\u001bgguf" },
	{ "a name with a space", "a.gguf", "a gguf" },
	{ "no name", "a.gguf", "" },
	{ "a size with a zero before it", "\"size\":5", "\"size\":05" },
	{ "a size below zero", "\"size\":5", "\"size\":-5" },
	{ "a size with a fraction", "\"size\":5", "\"size\":5.0" },
	{ "a size beyond a terabyte", "\"size\":5", "\"size\":1099511627777" },
	{ "a size of more segments", "\"size\":5", "\"size\":16777217" },
	{ "a size of none", "\"size\":5", "\"size\":0" },
	{ "no segments", "[\"" A64 "\"]", "[]" },
	{ "a segment more", "[\"" A64 "\"]", "[\"" A64 "\",\"" A64 "\"]" },
	{ "one segment with another hash", "[\"" A64 "\"]", "[\"" B64 "\"]" },
	{ "an empty file with another hash",
	  "\"size\":5,\"sha256\":\"" A64 "\",\"segments\":[\"" A64 "\"]",
	  "\"size\":0,\"sha256\":\"" A64 "\",\"segments\":[]" },
	{ "a short hash", "[\"" A64 "\"]", "[\"aa\"]" },
	{ "a hash in capitals", "\"sha256\":\"a", "\"sha256\":\"A" },
	{ "a member of a file that is unknown", "\"size\":5", "\"size\":5,\"y\":1" },
};

static void test_texts(void)
{
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		static char text[8192];
		const char *at = strstr(GOOD, TEXTS[i].from);
		struct tacit_manifest m;

		if (!at) {
			ok(false, "%s: the place is there", TEXTS[i].name);
			continue;
		}
		int n = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD,
				 TEXTS[i].to, at + strlen(TEXTS[i].from));
		is_status(parse(tacit_slice_of(text, (size_t)n), &m), TACIT_FORMAT, TEXTS[i].name);
	}
}

/* One text for one content: no bit of it is without meaning. */
static void test_flips(void)
{
	static uint8_t text[sizeof(GOOD)];
	size_t same = 0, len = sizeof(GOOD) - 1;
	struct tacit_manifest m;
	struct writer w;

	for (size_t bit = 0; bit < len * 8; bit++) {
		memcpy(text, GOOD, len);
		text[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (parse(tacit_slice_of(text, len), &m) != TACIT_OK)
			continue;
		w = wr_of(tacit_mut_of(text_room, sizeof(text_room)));
		tacit_manifest_write(&m, &w);
		same += w.at != len || memcmp(text_room, text, len) != 0;
	}
	ok(same == 0, "a bit flipped is refused, or says something else");
	size_t passed = 0;
	for (size_t cut = 0; cut < len; cut++)
		passed += parse(tacit_slice_of(GOOD, cut), &m) == TACIT_OK;
	ok(passed == 0, "cut anywhere it is refused");
	struct tacit_arena arena;
	size_t wrong = 0, enough = 0;
	for (size_t size = 0; size <= tacit_manifest_arena(len) && !enough; size += 8) {
		tacit_arena_init(&arena, room, size);
		enum tacit_status st =
			tacit_manifest_parse(tacit_slice_of(GOOD, len), &arena, &m, NULL);
		wrong += st != TACIT_OK && st != TACIT_LIMIT;
		enough = st == TACIT_OK ? size : 0;
	}
	ok(wrong == 0 && enough, "a small arena is a limit; %zu bytes of %zu are enough", enough,
	   tacit_manifest_arena(len));
}

/* Names of two files: on some filesystems the case of letters makes no difference. */
static void test_names(void)
{
	static const struct {
		const char *names[2];
		enum tacit_status want;
	} ROWS[] = {
		{ { "a.gguf", "b.gguf" }, TACIT_OK },     { { "a.gguf", "a.gguf" }, TACIT_FORMAT },
		{ { "a.GGUF", "A.gguf" }, TACIT_FORMAT }, { { "a.gguf", "A.ggu" }, TACIT_OK },
		{ { "z9", "Z9" }, TACIT_FORMAT },         { { "a_", "A-" }, TACIT_OK },
	};
	struct tacit_manifest_file files[2] = { 0 };
	struct tacit_manifest m;

	(void)parse(tacit_slice_str(GOOD), &m);
	m.files = files;
	m.file_count = 2;
	if (tacit_hash(TACIT_SHA256, tacit_slice_of(NULL, 0), files[0].sha256, NULL) != TACIT_OK)
		ok(false, "a hash of nothing");
	memcpy(files[1].sha256, files[0].sha256, sizeof(files[1].sha256));
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		files[0].name = tacit_slice_str(ROWS[i].names[0]);
		files[1].name = tacit_slice_str(ROWS[i].names[1]);
		is_status(tacit_manifest_check(&m, NULL), ROWS[i].want, ROWS[i].names[1]);
	}
}

/* As many files and segments as there may be, in an arena of the size that is promised. */
static void test_many(void)
{
	static struct tacit_manifest_file files[TACIT_MANIFEST_FILES_MAX + 1];
	static char names[TACIT_MANIFEST_FILES_MAX + 1][8];
	size_t segments = 1000;
	uint8_t *digests = calloc(segments, TACIT_SHA256_LEN);
	uint8_t *text = calloc(1, TACIT_MANIFEST_MAX + 1);
	struct tacit_manifest m, got;
	struct tacit_arena arena;

	(void)parse(tacit_slice_str(GOOD), &m);
	for (size_t i = 0; i <= TACIT_MANIFEST_FILES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		files[i] = (struct tacit_manifest_file){ .name = tacit_slice_str(names[i]),
							 .size = (uint64_t)segments << 24,
							 .segment_count = segments,
							 .segments = digests };
	}
	m.files = files;
	m.file_count = TACIT_MANIFEST_FILES_MAX;
	is_status(tacit_manifest_check(&m, NULL), TACIT_OK, "64 files");
	struct writer w = wr_of(tacit_mut_of(text, TACIT_MANIFEST_MAX));
	tacit_manifest_write(&m, &w);
	void *memory = malloc(tacit_manifest_arena(w.at));
	tacit_arena_init(&arena, memory, tacit_manifest_arena(w.at));
	is_status(tacit_manifest_parse(tacit_slice_of(text, w.at), &arena, &got, NULL), TACIT_OK,
		  "with a thousand segments each are read");
	ok(got.file_count == TACIT_MANIFEST_FILES_MAX && got.files[63].segment_count == segments,
	   "as they were");
	m.file_count++;
	is_status(tacit_manifest_check(&m, NULL), TACIT_FORMAT, "65 are too many");
	m.file_count = 1;
	files[0].size = (UINT64_C(1) << 40) + 1;
	files[0].segment_count = (size_t)tacit_manifest_segments(files[0].size);
	is_status(tacit_manifest_check(&m, NULL), TACIT_LIMIT, "a file of more than a terabyte");
	files[0].size = 0;
	files[0].segment_count = 0;
	m.created = INT64_C(400000000000);
	is_status(tacit_manifest_check(&m, NULL), TACIT_FORMAT, "a time that no text has");
	m.created = 1;
	is_status(tacit_manifest_parse(tacit_slice_of(text, TACIT_MANIFEST_MAX + 1), &arena, &got,
				       NULL),
		  TACIT_LIMIT, "a text that is too long");
	free(memory);
	free(text);
	free(digests);
}

/* ---- signatures ---------------------------------------------------------------------------- */

struct person {
	struct tacit_key *key;
	uint8_t public[TACIT_PUBLIC_MAX];
	struct tacit_slice slice;
};

static struct person people[12];
static const uint8_t HASH[32] = { 1, 2, 3 }, OTHER[32] = { 1, 2, 4 };

static void make_people(void)
{
	for (size_t i = 0; i < 12; i++) {
		uint8_t seed[32] = { (uint8_t)(i + 1) };
		size_t len = 0;

		if (tacit_key_private(TACIT_ED25519, TACIT_SLICE_ARRAY(seed), &people[i].key,
				      NULL) ||
		    tacit_key_export_public(people[i].key, people[i].public, &len, NULL))
			ok(false, "a key");
		people[i].slice = tacit_slice_of(people[i].public, 32);
	}
}

static enum tacit_status judge(const struct tacit_model_signatures *all, size_t who, int64_t now)
{
	return tacit_model_signed(HASH, all, &people[who].slice, 1, now, NULL);
}

static void succeed(struct tacit_model_signatures *all, size_t from, size_t to, int64_t until)
{
	if (tacit_model_succeed(people[from].key, people[to].public, until,
				&all->successions[all->succession_count++], NULL))
		ok(false, "a succession");
}

static void test_signed(void)
{
	struct tacit_model_signatures all = { .count = 1 };

	is_status(tacit_model_sign(HASH, people[0].key, &all.items[0], NULL), TACIT_OK, "signed");
	is_status(judge(&all, 0, 0), TACIT_OK, "by the first");
	is_status(judge(&all, 1, 0), TACIT_SIGNATURE, "not by the second");
	is_status(tacit_model_signed(OTHER, &all, &people[0].slice, 1, 0, NULL), TACIT_SIGNATURE,
		  "nor is another manifest");
	is_status(tacit_model_signed(HASH, &all, NULL, 0, 0, NULL), TACIT_SIGNATURE,
		  "nor is it for who names nobody");
	size_t passed = 0;
	for (size_t bit = 0; bit < 512; bit++) {
		all.items[0].signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		passed += judge(&all, 0, 0) == TACIT_OK;
		all.items[0].signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(passed == 0, "no bit of a signature can be flipped");
	/* A key of small order and a signature of zeros is good over anything, if it is let. */
	memset(&all.items[0], 0, sizeof(all.items[0]));
	all.items[0].key[0] = 1;
	all.items[0].signature[0] = 1;
	struct tacit_slice weak = TACIT_SLICE_ARRAY(all.items[0].key);
	is_status(tacit_model_signed(HASH, &all, &weak, 1, 0, NULL), TACIT_SIGNATURE,
		  "a key of small order signs nothing");
	struct tacit_key *agreement = NULL;
	(void)!tacit_key_generate(TACIT_X25519, &agreement, NULL);
	is_status(tacit_model_sign(HASH, agreement, &all.items[0], NULL), TACIT_USAGE,
		  "nor does one that agrees");
	tacit_key_free(agreement);
	struct tacit_key *ecdsa = NULL; /* its signatures are as long */
	(void)!tacit_key_generate(TACIT_P256, &ecdsa, NULL);
	is_status(tacit_model_sign(HASH, ecdsa, &all.items[0], NULL), TACIT_USAGE,
		  "nor does one of P-256");
	tacit_key_free(ecdsa);
}

static void test_successions(void)
{
	struct tacit_model_signatures all = { .count = 1 };

	(void)!tacit_model_sign(HASH, people[9].key, &all.items[0], NULL);
	succeed(&all, 0, 9, 1000);
	is_status(judge(&all, 0, 999), TACIT_OK, "a successor counts");
	is_status(judge(&all, 0, 1000), TACIT_SIGNATURE, "until its time is over");
	is_status(judge(&all, 1, 0), TACIT_SIGNATURE, "for who trusts the first alone");
	all.successions[0].until = 2000;
	is_status(judge(&all, 0, 999), TACIT_SIGNATURE, "its time is signed too");
	all.successions[0].until = 1000;
	all.successions[0].to[0] ^= 1;
	is_status(judge(&all, 0, 999), TACIT_SIGNATURE, "and so is who it is");
	all.succession_count = 0;
	for (size_t i = 0; i < 8; i++)
		succeed(&all, i, i == 7 ? 9 : i + 1, 1000);
	is_status(judge(&all, 0, 0), TACIT_OK, "eight steps");
	all.succession_count = 7;
	succeed(&all, 7, 8, 1000);
	succeed(&all, 8, 9, 1000);
	is_status(judge(&all, 0, 0), TACIT_SIGNATURE, "nine are too many");
	all.succession_count = 0;
	for (size_t i = 0; i < TACIT_MODEL_SUCCESSIONS_MAX; i++)
		succeed(&all, i % 2, 1 - i % 2, 1000);
	is_status(judge(&all, 0, 0), TACIT_SIGNATURE, "a circle ends");
}

static void test_file(void)
{
	static uint8_t text[TACIT_MODEL_SIGNATURES_FILE];
	struct tacit_model_signatures all = { .count = 2 }, got;
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));

	(void)!tacit_model_sign(HASH, people[0].key, &all.items[0], NULL);
	(void)!tacit_model_sign(HASH, people[1].key, &all.items[1], NULL);
	succeed(&all, 1, 2, 1893456000);
	tacit_model_signatures_write(&all, &w);
	is_status(tacit_model_signatures_parse(tacit_slice_of(text, w.at), &got, NULL), TACIT_OK,
		  "the file is read");
	ok(memcmp(&got, &all, sizeof(all)) == 0, "as it was written");
	size_t passed = 0;
	for (size_t cut = 0; cut + 1 < w.at; cut++)
		passed += tacit_model_signatures_parse(tacit_slice_of(text, cut), &got, NULL) ==
			  TACIT_OK;
	ok(passed == 0, "cut anywhere it is refused");
	static const char *const BAD[] = {
		"[]",
		"{}",
		"{\"schema\":\"tacit.model-signatures/2\",\"signatures\":[]}",
		"{\"schema\":\"tacit.model-signatures/1\",\"signatures\":[{}]}",
		"{\"schema\":\"tacit.model-signatures/1\",\"signatures\":[{\"key\":\"00\"}]}",
		"{\"schema\":\"tacit.model-signatures/1\",\"signatures\":[{\"key\":\"" A64 "\"}]}",
		"{\"schema\":\"tacit.model-signatures/1\",\"successions\":[{\"from\":\"" A64
		"\"}]}",
		"{\"schema\":\"tacit.model-signatures/1\",\"x\":[]}",
		"{\"schema\":\"tacit.model-signatures/1\",\"signatures\":{}}",
	};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		is_status(tacit_model_signatures_parse(tacit_slice_str(BAD[i]), &got, NULL),
			  TACIT_FORMAT, BAD[i]);
	static uint8_t large[TACIT_MODEL_SIGNATURES_FILE + 1];
	is_status(tacit_model_signatures_parse(TACIT_SLICE_ARRAY(large), &got, NULL), TACIT_LIMIT,
		  "a file that is too long");
	char many[8192] = "{\"schema\":\"tacit.model-signatures/1\",\"signatures\":[";
	for (size_t i = 0; i < 17; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
			 "%s{\"key\":\"" A64 "\",\"signature\":\"" A64 A64 "\"}", i ? "," : "");
	snprintf(many + strlen(many), sizeof(many) - strlen(many), "]}");
	is_status(tacit_model_signatures_parse(tacit_slice_str(many), &got, NULL), TACIT_FORMAT,
		  "more than sixteen");
}

int main(void)
{
	test_good();
	test_texts();
	test_flips();
	test_names();
	test_many();
	make_people();
	test_signed();
	test_successions();
	test_file();
	for (size_t i = 0; i < 12; i++)
		tacit_key_free(people[i].key);
	return done();
}
