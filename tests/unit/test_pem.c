/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pem.h"

#include <time.h>

#include "base/base64.h"
#include "base/compiler.h"
#include "base/error.h"
#include "tests/tap.h"

#define HEAD "-----BEGIN X-----\n"
#define TAIL "-----END X-----\n"

static uint8_t room[65536];
static struct tacit_arena arena;

static const struct {
	const char *name, *text, *want; /* want NULL: broken; "-": no block, no fault */
} ROWS[] = {
	{ "one byte", HEAD "QQ==\n" TAIL, "A" },
	{ "two bytes", HEAD "QUI=\n" TAIL, "AB" },
	{ "three bytes", HEAD "QUJD\n" TAIL, "ABC" },
	{ "several lines", HEAD "QU\nJDR\nA==\n" TAIL, "ABCD" },
	{ "all kinds of digits", HEAD "Kz8+Lw==\n" TAIL, "+?>/" },
	{ "CRLF", "-----BEGIN X-----\r\nQUJD\r\n-----END X-----\r\n", "ABC" },
	{ "no newline at the end", HEAD "QUJD\n-----END X-----", "ABC" },
	{ "nothing inside", HEAD TAIL, "" },
	{ "words before", "Subject: CN\nkey\n" HEAD "QUJD\n" TAIL, "ABC" },
	{ "dashes in the words before", "--\n-----\n" HEAD "QUJD\n" TAIL, "ABC" },
	{ "empty text", "", "-" },
	{ "no block", "hello\n", "-" },
	{ "not at a line's start", " -----BEGIN X-----\nQUJD\n" TAIL, "-" },
	{ "no end", HEAD "QUJD\n", NULL },
	{ "head cut", "-----BEGIN X", NULL },
	{ "digits for the dashes of the head", "-----BEGIN QUJD\n-----END -----\n", NULL },
	{ "dashes of the head cut", "-----BEGIN X----\nQUJD\n" TAIL, NULL },
	{ "words behind the head", "-----BEGIN X----- y\nQUJD\n" TAIL, NULL },
	{ "CR alone", "-----BEGIN X-----\rQUJD\n" TAIL, NULL },
	{ "end of another block", HEAD "QUJD\n-----END Y-----\n", NULL },
	{ "end cut", HEAD "QUJD\n-----END X----", NULL },
	{ "words behind the end", HEAD "QUJD\n-----END X-----z\n", NULL },
	{ "end on a digit line", HEAD "QUJD-----END X-----\n", NULL },
	{ "a block in a block", HEAD HEAD "QUJD\n" TAIL, NULL },
	{ "one digit too few", HEAD "QUJ\n" TAIL, NULL },
	{ "one digit", HEAD "Q\n" TAIL, NULL },
	{ "padding missing", HEAD "QQ\n" TAIL, NULL },
	{ "padding short", HEAD "QQ=\n" TAIL, NULL },
	{ "padding long", HEAD "QQ===\n" TAIL, NULL },
	{ "padding alone", HEAD "==\n" TAIL, NULL },
	{ "padding behind a whole group", HEAD "QUJD=\n" TAIL, NULL },
	{ "digits behind padding", HEAD "QQ==QUJD\n" TAIL, NULL },
	{ "bits left over in two digits", HEAD "QR==\n" TAIL, NULL },
	{ "bits left over in three digits", HEAD "QUJ=\n" TAIL, NULL },
	{ "a space", HEAD "QU JD\n" TAIL, NULL },
	{ "URL alphabet", HEAD "QUJ_\n" TAIL, NULL },
	{ "a byte over ASCII", HEAD "QUJ\xc3\n" TAIL, NULL },
	{ "encryption headers", HEAD "Proc-Type: 4,ENCRYPTED\n\nQUJD\n" TAIL, NULL },
};

static void test_rows(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct tacit_slice text = tacit_slice_str(ROWS[i].text);
		struct tacit_error err = { 0 };
		struct tacit_pem_block block = { { NULL, 0 }, { NULL, 0 } };
		size_t at = 0;

		tacit_arena_init(&arena, room, sizeof(room));
		bool got = tacit_pem_next(text, &at, &arena, &block, &err);

		if (!ROWS[i].want) {
			ok(!got && err.status == TACIT_FORMAT && at == 0, "broken: %s",
			   ROWS[i].name);
			continue;
		}
		if (ROWS[i].want[0] == '-') {
			ok(!got && err.status == TACIT_OK, "no block: %s", ROWS[i].name);
			ok(!tacit_pem_looks(text), "and does not look like one: %s", ROWS[i].name);
			continue;
		}
		ok(tacit_pem_looks(text), "looks like PEM: %s", ROWS[i].name);
		ok(got && err.status == TACIT_OK &&
			   tacit_slice_eq(block.label, tacit_slice_str("X")),
		   "%s", ROWS[i].name);
		is_slice(block.der, tacit_slice_str(ROWS[i].want), ROWS[i].name);
		ok(!tacit_pem_next(text, &at, &arena, &block, &err) && err.status == TACIT_OK,
		   "and then the end: %s", ROWS[i].name);
	}
}

static void test_two_and_nul(void)
{
	static const char TWO[] = HEAD "QUJD\n" TAIL "between\n" HEAD "REVG\n" TAIL;
	static const char CUT[] = HEAD "QUJD\n" TAIL "\0" HEAD "REVG\n" TAIL;
	struct tacit_slice two = tacit_slice_of(TWO, sizeof(TWO) - 1);
	struct tacit_slice cut = tacit_slice_of(CUT, sizeof(CUT) - 1);
	struct tacit_pem_block block;
	size_t at = 0;

	tacit_arena_init(&arena, room, sizeof(room));
	ok(tacit_pem_next(two, &at, &arena, &block, NULL), "the first of two");
	ok(tacit_pem_next(two, &at, &arena, &block, NULL) &&
		   tacit_slice_eq(block.der, tacit_slice_str("DEF")),
	   "the second");
	ok(!tacit_pem_next(two, &at, &arena, &block, NULL), "no third");
	at = 0;
	ok(tacit_pem_next(cut, &at, &arena, &block, NULL), "before the NUL");
	ok(!tacit_pem_next(cut, &at, &arena, &block, NULL), "nothing behind a NUL is read");
	ok(!tacit_pem_looks(tacit_slice_of(CUT + sizeof(HEAD "QUJD\n" TAIL) - 1, 20)),
	   "nor looked at");
}

static bool is_broken(const char *text, size_t len)
{
	struct tacit_pem_block block;
	struct tacit_error err = { 0 };
	size_t at = 0;

	tacit_arena_init(&arena, room, sizeof(room));
	return !tacit_pem_next(tacit_slice_of(text, len), &at, &arena, &block, &err) &&
	       err.status == TACIT_FORMAT;
}

static void test_nul_inside(void)
{
	static const char HEADED[] = "-----BEGIN X-----\0\nQUJD\n" TAIL;
	static const char DIGITS[] = HEAD "QU\0JD\n" TAIL;
	static const char LABEL[] = HEAD "QUJD\n-----END \0X-----\n";
	static const char WORDS[] = "words \0 words\n" HEAD "QUJD\n" TAIL;
	struct tacit_pem_block block;
	size_t at = 0;

	ok(is_broken(HEADED, sizeof(HEADED) - 1), "a NUL behind the first line");
	ok(is_broken(DIGITS, sizeof(DIGITS) - 1), "a NUL among the digits");
	ok(is_broken(LABEL, sizeof(LABEL) - 1), "a NUL in the last line");
	ok(!tacit_pem_looks(tacit_slice_of(WORDS, sizeof(WORDS) - 1)) &&
		   !tacit_pem_next(tacit_slice_of(WORDS, sizeof(WORDS) - 1), &at, &arena, &block,
				   NULL),
	   "a NUL in the words before ends the text");
}

/* Time grows as the text does, and not with its square. */
static void test_many(void)
{
	static const char ONE[] = HEAD "QUJD\n" TAIL;
	static char text[4096 * 16 * (sizeof(ONE) - 1)];
	clock_t spent[2];

	for (size_t i = 0; i < sizeof(text); i += sizeof(ONE) - 1)
		memcpy(text + i, ONE, sizeof(ONE) - 1);
	for (size_t run = 0; run < 2; run++) {
		size_t len = run ? sizeof(text) : sizeof(text) / 16, at = 0, count = 0;
		struct tacit_slice all = tacit_slice_of(text, len);
		struct tacit_pem_block block;
		clock_t start = clock();

		do
			tacit_arena_init(&arena, room, sizeof(room));
		while (tacit_pem_next(all, &at, &arena, &block, NULL) && ++count);
		spent[run] = clock() - start;
		ok(count == len / (sizeof(ONE) - 1), "all of %zu blocks", count);
	}
	printf("# %ld and %ld us of processor time\n", (long)spent[0], (long)spent[1]);
	ok(spent[1] < 100 * (spent[0] + CLOCKS_PER_SEC / 500),
	   "sixteen times the blocks take no hundred times as long");
}

static void test_cut_and_arena(void)
{
	static const char TEXT[] = HEAD "QUJDREVGR0hJSktMTU5PUA==\n-----END X-----";
	struct tacit_pem_block block;

	for (size_t len = 11; len + 1 < sizeof(TEXT); len++) {
		struct tacit_error err = { 0 };
		size_t at = 0;

		tacit_arena_init(&arena, room, sizeof(room));
		bool got = tacit_pem_next(tacit_slice_of(TEXT, len), &at, &arena, &block, &err);
		if (got || err.status != TACIT_FORMAT)
			ok(false, "cut to %zu bytes", len);
	}
	ok(true, "every cut is refused");

	struct tacit_error err = { 0 };
	size_t at = 0;
	tacit_arena_init(&arena, room, 8);
	ok(!tacit_pem_next(tacit_slice_str(TEXT), &at, &arena, &block, &err) &&
		   err.status == TACIT_LIMIT,
	   "a full arena is a limit");
}

/* Against the encoder of base/base64.h, at each length around a group and a line. */
static void test_round_trip(void)
{
	uint8_t bytes[200];
	char base64[300], text[400];
	bool all = true;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 73 + 5);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct tacit_pem_block block;
		size_t at = 0;

		tacit_arena_init(&arena, room, sizeof(room));
		tacit_base64_encode(TACIT_BASE64, tacit_slice_of(bytes, len), base64);
		snprintf(text, sizeof(text), HEAD "%.64s\n%s\n" TAIL, base64,
			 strlen(base64) > 64 ? base64 + 64 : "");
		all &= tacit_pem_next(tacit_slice_str(text), &at, &arena, &block, NULL) &&
		       tacit_slice_eq(block.der, tacit_slice_of(bytes, len));
	}
	ok(all, "what was encoded is decoded");
}

int main(void)
{
	test_rows();
	test_two_and_nul();
	test_nul_inside();
	test_many();
	test_cut_and_arena();
	test_round_trip();
	return done();
}
