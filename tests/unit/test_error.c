/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "tests/tap.h"

static struct tacit_error fresh(void)
{
	struct tacit_error err = { TACIT_OK, "", 0, "" };

	return err;
}

static void test_first_wins(void)
{
	struct tacit_error err = fresh();

	is_status(tacit_fail(&err, TACIT_LIMIT, "a.b", 7, "length %d over %s", 5, "four"),
		  TACIT_LIMIT, "returns its status");
	ok(err.status == TACIT_LIMIT && err.offset == 7 && strcmp(err.where, "a.b") == 0 &&
		   strcmp(err.detail, "length 5 over four") == 0,
	   "is filled: %s", err.detail);
	is_status(tacit_fail(&err, TACIT_FORMAT, "c", 9, "later"), TACIT_FORMAT,
		  "a second returns its own");
	ok(err.status == TACIT_LIMIT && err.offset == 7 && strcmp(err.where, "a.b") == 0 &&
		   strcmp(err.detail, "length 5 over four") == 0,
	   "but the first stays");
	tacit_error_clear(&err);
	ok(err.status == TACIT_OK && !err.where[0] && !err.detail[0] && !err.offset, "cleared");
	is_status(tacit_fail(&err, TACIT_IO, "c", 0, "next"), TACIT_IO, "takes the next");
	ok(strcmp(err.detail, "next") == 0, "which is there");
	is_status(tacit_fail(NULL, TACIT_PEER, "x", 0, "y"), TACIT_PEER, "without an object");
	is_status(tacit_error_wrap(NULL, TACIT_PEER, "x"), TACIT_PEER, "nor to wrap");
	tacit_error_clear(NULL);
}

/* Whatever the detail is made of, it ends up printable, cut and terminated. */
static void test_detail(void)
{
	struct tacit_error err = fresh();
	char text[400];

	(void)!tacit_fail(&err, TACIT_IO, "w", 0, "a\nb\x1b[2J\x7f\xc3\xbc\t.");
	ok(strcmp(err.detail, "a?b?[2J????.") == 0, "printable: %s", err.detail);
	for (size_t len = TACIT_ERROR_DETAIL - 2; len <= TACIT_ERROR_DETAIL + 1; len++) {
		memset(text, 'x', len);
		text[len] = '\0';
		tacit_error_clear(&err);
		(void)!tacit_fail(&err, TACIT_IO, text, 0, "%s", text);
		size_t want = len < TACIT_ERROR_DETAIL - 1 ? len : TACIT_ERROR_DETAIL - 1;
		ok(strlen(err.detail) == want, "detail of %zu is %zu", len, strlen(err.detail));
		ok(strlen(err.where) == TACIT_ERROR_WHERE - 1, "where is cut");
	}
}

static void test_wrap(void)
{
	struct tacit_error err = fresh();
	char outer[TACIT_ERROR_WHERE + 8];

	is_status(tacit_error_wrap(&err, TACIT_OK, "outer"), TACIT_OK, "nothing to wrap");
	ok(err.where[0] == '\0', "leaves no trace");
	(void)!tacit_fail(&err, TACIT_FORMAT, "inner", 3, "why");
	is_status(tacit_error_wrap(&err, TACIT_FORMAT, "mid"), TACIT_FORMAT, "wrap");
	is_status(tacit_error_wrap(&err, TACIT_FORMAT, "out"), TACIT_FORMAT, "wrap again");
	ok(strcmp(err.where, "out.mid.inner") == 0 && strcmp(err.detail, "why") == 0 &&
		   err.offset == 3,
	   "%s: %s", err.where, err.detail);
	/* Outer names of every length around the room: the inner one is cut, then left out. */
	for (size_t len = TACIT_ERROR_WHERE - 8; len < sizeof(outer); len++) {
		memset(outer, 'o', len);
		outer[len] = '\0';
		tacit_error_clear(&err);
		(void)!tacit_fail(&err, TACIT_FORMAT, "in", 0, "why");
		(void)!tacit_error_wrap(&err, TACIT_FORMAT, outer);
		size_t want = len + 3;
		if (len + 2 >= TACIT_ERROR_WHERE)
			want = len < TACIT_ERROR_WHERE ? len : TACIT_ERROR_WHERE - 1;
		else if (want > TACIT_ERROR_WHERE - 1)
			want = TACIT_ERROR_WHERE - 1;
		ok(strlen(err.where) == want &&
			   memcmp(err.where, outer, len < want ? len : want) == 0,
		   "outer of %zu: %s", len, err.where);
	}
}

static void test_escape(void)
{
	static const struct {
		const char *text;
		size_t len, size;
		const char *want;
	} CASES[] = {
		{ "", 0, 8, "" },
		{ "abc", 3, 8, "abc" },
		{ "abcd", 4, 8, "abcd" },
		{ "abcdefgh", 8, 8, "abcd..." },
		{ "a\nb", 3, 16, "a\\x0ab" },
		{ "\0\x1f\x7f\xff", 4, 32, "\\x00\\x1f\\x7f\\xff" },
		{ "\\", 1, 16, "\\x5c" },
		{ " ~", 2, 8, " ~" },
		{ "\x01", 1, 8, "\\x01" },
		{ "a\x01", 2, 8, "a..." },
		{ "\xc3\xbc", 2, 16, "\\xc3\\xbc" },
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		char room[33];

		memset(room, '#', sizeof(room));
		char *got = tacit_escape(room, CASES[i].size,
					 tacit_slice_of(CASES[i].text, CASES[i].len));
		ok(got == room && strcmp(room, CASES[i].want) == 0, "escapes to %s (%s)", room,
		   CASES[i].want);
		ok(room[CASES[i].size] == '#', "within %zu", CASES[i].size);
	}
	char room[8];
	ok(tacit_escape(room, sizeof(room), tacit_slice_of(NULL, 0))[0] == '\0', "nothing");
}

/* Every size of room and every length of hostile text: terminated, printable, inside. */
static void test_escape_sizes(void)
{
	size_t wrong = 0;

	for (size_t size = 8; size < 40; size++) {
		for (size_t len = 0; len < 40; len++) {
			uint8_t text[40];
			char *room = malloc(size); /* exact, for the sanitizers */

			for (size_t i = 0; i < len; i++)
				text[i] = i * 7 % 5 ? 'a' : 0x80;
			tacit_escape(room, size, tacit_slice_of(text, len));
			wrong += !memchr(room, 0, size);
			for (const char *p = room; *p; p++)
				wrong += *p < 0x20 || *p > 0x7e;
			free(room);
		}
	}
	ok(wrong == 0, "sizes 8 to 39, lengths 0 to 39");
}

static void test_status_table(void)
{
	static const struct {
		enum tacit_status status;
		const char *name;
		int code;
	} ROWS[] = {
		{ TACIT_OK, "OK", 0 },
		{ TACIT_FORMAT, "FORMAT", 3 },
		{ TACIT_LIMIT, "LIMIT", 3 },
		{ TACIT_UNSUPPORTED, "UNSUPPORTED", 6 },
		{ TACIT_SIGNATURE, "SIGNATURE", 1 },
		{ TACIT_CHAIN, "CHAIN", 1 },
		{ TACIT_REVOKED, "REVOKED", 1 },
		{ TACIT_EXPIRED, "EXPIRED", 1 },
		{ TACIT_BINDING, "BINDING", 1 },
		{ TACIT_POLICY, "POLICY", 1 },
		{ TACIT_UNDECIDED, "UNDECIDED", 4 },
		{ TACIT_PEER, "PEER", 5 },
		{ TACIT_DENIED, "DENIED", 5 },
		{ TACIT_IO, "IO", 5 },
		{ TACIT_NOMEM, "NOMEM", 70 },
		{ TACIT_USAGE, "USAGE", 2 },
		{ TACIT_INTERNAL, "INTERNAL", 70 },
	};
	size_t n = sizeof(ROWS) / sizeof(ROWS[0]);

	for (size_t i = 0; i < n; i++)
		ok((size_t)ROWS[i].status == i &&
			   tacit_status_exit(ROWS[i].status) == ROWS[i].code &&
			   strcmp(tacit_status_name(ROWS[i].status), ROWS[i].name) == 0 &&
			   tacit_status_text(ROWS[i].status)[0],
		   "%s exits %d: %s", ROWS[i].name, ROWS[i].code,
		   tacit_status_text(ROWS[i].status));
	const int outside[] = { -1, (int)n, 1000 };
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		enum tacit_status status = (enum tacit_status)outside[i];

		ok(strcmp(tacit_status_name(status), "UNKNOWN") == 0 &&
			   tacit_status_exit(status) == 70 &&
			   strcmp(tacit_status_text(status), "unknown status") == 0,
		   "%d is no status", outside[i]);
	}
}

int main(void)
{
	test_first_wins();
	test_detail();
	test_wrap();
	test_escape();
	test_escape_sizes();
	test_status_table();
	return done();
}
