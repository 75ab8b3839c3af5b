/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cpio.h"

#include "base/compiler.h"
#include "tests/tap.h"

static uint8_t archive[8192];

/* What the reader told, as one line of text an entry. */
static char told[4096];
static size_t told_len;

static void tell(const char *text, size_t len)
{
	if (told_len + len < sizeof(told)) {
		memcpy(told + told_len, text, len);
		told_len += len;
	}
	told[told_len] = '\0';
}

static void on_begin(void *user, const struct tacit_cpio_entry *entry)
{
	char text[64];
	int n = snprintf(text, sizeof(text), " %o %llu %u:%u [", entry->mode,
			 (unsigned long long)entry->size, entry->major, entry->minor);

	(void)user;
	tell((const char *)entry->name.ptr, entry->name.len);
	tell(text, (size_t)n);
}

static void on_content(void *user, struct tacit_slice bytes)
{
	(void)user;
	tell((const char *)bytes.ptr, bytes.len);
}

static void on_end(void *user)
{
	(void)user;
	tell("]\n", 2);
}

static const struct tacit_cpio_calls CALLS = { on_begin, on_content, on_end };

static enum tacit_status list(struct tacit_slice in, size_t piece)
{
	struct tacit_cpio_scan scan;
	enum tacit_status st = TACIT_OK;

	told_len = 0;
	told[0] = '\0';
	tacit_cpio_scan_init(&scan, &CALLS, NULL);
	for (size_t at = 0; st == TACIT_OK && at < in.len; at += piece)
		st = tacit_cpio_scan_update(
			&scan,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			NULL);
	return st == TACIT_OK ? tacit_cpio_scan_final(&scan, NULL) : st;
}

static void put(struct writer *w, const char *name, uint32_t mode, const char *content,
		uint32_t inode)
{
	const struct tacit_cpio_entry entry = { .name = tacit_slice_str(name),
						.mode = mode,
						.size = strlen(content),
						.major = mode == 020600 ? 5 : 0,
						.minor = mode == 020600 ? 1 : 0 };
	size_t before = w->at;

	tacit_cpio_put_head(w, &entry, inode);
	wr_text(w, content);
	for (size_t i = tacit_cpio_padding(entry.size); i > 0; i--)
		wr_u8(w, 0);
	ok(w->at - before == tacit_cpio_entry_size(&entry), "%s takes what was said", name);
}

static struct tacit_slice make(void)
{
	struct writer w = wr_of(tacit_mut_of(archive, sizeof(archive)));

	put(&w, "dev", 040755, "", 1);
	put(&w, "dev/console", 020600, "", 2);
	put(&w, "init", 0100755, "hello", 3);
	put(&w, "four", 0100644, "four", 4);
	put(&w, "link", 0120777, "init", 5);
	size_t at = w.at;
	tacit_cpio_put_end(&w, at);
	ok(!w.bad && w.at == at + tacit_cpio_end_size(at) && w.at % TACIT_CPIO_BLOCK == 0,
	   "the archive ends with a block");
	return tacit_slice_of(archive, w.at);
}

#define LISTING                                                                       \
	"dev 40755 0 0:0 []\ndev/console 20600 0 5:1 []\ninit 100755 5 0:0 [hello]\n" \
	"four 100644 4 0:0 [four]\nlink 120777 4 0:0 [init]\n"

static void test_round(void)
{
	struct tacit_slice in = make();

	is_status(list(in, in.len), TACIT_OK, "an archive of ours");
	ok(strcmp(told, LISTING) == 0, "is read as it was written");
	size_t wrong = 0;
	for (size_t piece = 1; piece < 200; piece++)
		wrong += list(in, piece) != TACIT_OK || strcmp(told, LISTING) != 0;
	ok(wrong == 0, "in pieces of any size");
	memcpy(archive + in.len + 8, archive, in.len);
	memset(archive + in.len, 0, 8);
	is_status(list(tacit_slice_of(archive, 2 * in.len + 8), 100), TACIT_OK, "two archives");
	ok(strcmp(told, LISTING LISTING) == 0, "are read one after the other");
	memmove(archive + in.len + 6, archive + in.len + 8, in.len);
	is_status(list(tacit_slice_of(archive, 2 * in.len + 6), 100), TACIT_FORMAT,
		  "not when the second stands askew");
	is_status(list(tacit_slice_of(archive, 0), 1), TACIT_OK, "nothing at all");
}

/* cpio of GNU writes these bytes [cpio(5)]: the head's fields, in capital hex. */
static void test_form(void)
{
	static const char WANT[] = "070701"
				   "00000007"
				   "000081A4"
				   "00000000"
				   "00000000"
				   "00000001"
				   "00000000"
				   "00000002"
				   "00000000"
				   "00000000"
				   "00000000"
				   "00000000"
				   "00000002"
				   "00000000"
				   "a\0";
	const struct tacit_cpio_entry entry = { .name = tacit_slice_str("a"),
						.mode = 0100644,
						.size = 2 };
	uint8_t room[128];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	tacit_cpio_put_head(&w, &entry, 7);
	is_slice(tacit_slice_of(room, w.at), tacit_slice_of(WANT, 112), "the head of a file");
}

static void test_refused(void)
{
	struct tacit_slice in = make();
	size_t accepted = 0;
	static const struct {
		const char *name;
		enum tacit_status want;
		size_t at;
		char byte;
	} ROWS[] = {
		{ "gzip", TACIT_UNSUPPORTED, 0, 0x1f },
		{ "text", TACIT_UNSUPPORTED, 0, 'x' },
		{ "the old form", TACIT_FORMAT, 5, '7' },
		{ "a checksum form", TACIT_FORMAT, 5, '2' },
		{ "no hex", TACIT_FORMAT, 20, 'g' },
		{ "no name", TACIT_LIMIT, 101, '0' },
		{ "a name that is too long", TACIT_LIMIT, 96, '1' },
		{ "a name without an end", TACIT_FORMAT, 113, 'x' },
		{ "a NUL in a name", TACIT_FORMAT, 111, 0 },
	};

	for (size_t cut = 1; cut < in.len; cut++) {
		enum tacit_status st = list(tacit_slice_of(archive, cut), 64);

		/* All behind the last entry's name is zeros. */
		accepted += st == TACIT_OK && cut < in.len - TACIT_CPIO_BLOCK;
	}
	ok(accepted == 0, "truncations are refused");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		uint8_t old = archive[ROWS[i].at];

		if (ROWS[i].at == 101)
			archive[ROWS[i].at] = '0';
		archive[ROWS[i].at] = (uint8_t)ROWS[i].byte;
		is_status(list(in, 64), ROWS[i].want, ROWS[i].name);
		archive[ROWS[i].at] = old;
	}
}

static void test_writer(void)
{
	static char name[TACIT_CPIO_NAME_MAX + 2];
	struct tacit_cpio_entry entry = { .mode = 0100644 };
	uint8_t room[2048];

	memset(name, 'n', sizeof(name));
	static const struct {
		const char *name;
		size_t len;
		uint64_t size;
		bool bad;
	} ROWS[] = {
		{ "no name", 0, 0, true },
		{ "the longest name", TACIT_CPIO_NAME_MAX, 0, false },
		{ "a longer one", TACIT_CPIO_NAME_MAX + 1, 0, true },
		{ "the longest file", 1, UINT32_MAX, false },
		{ "a longer one", 1, UINT64_C(1) << 32, true },
	};
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

		entry.name = tacit_slice_of(name, ROWS[i].len);
		entry.size = ROWS[i].size;
		tacit_cpio_put_head(&w, &entry, 1);
		ok(w.bad == ROWS[i].bad, "%s", ROWS[i].name);
	}
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	entry.name = tacit_slice_of("a\0b", 3);
	entry.size = 0;
	tacit_cpio_put_head(&w, &entry, 1);
	ok(w.bad, "a name with a NUL");
}

int main(void)
{
	test_round();
	test_form();
	test_refused();
	test_writer();
	return done();
}
