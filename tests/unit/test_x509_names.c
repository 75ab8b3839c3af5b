/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the plain form that is read without cursors, and every other one that is not plain. */
#include "tests/tap.h"

#include "trust/x509_parts.h"

struct row {
	const char *name;
	const char *content; /* of the Name */
	size_t len;
	const char *cn; /* NULL: none */
	bool refused;
};

#define CONTENT(text) text, sizeof(text) - 1
#define AT_CN         "\x06\x03\x55\x04\x03"
#define AT_O          "\x06\x03\x55\x04\x0a"
#define HUNDRED                                             \
	"0123456789012345678901234567890123456789012345678" \
	"012345678901234567890123456789012345678901234567890"

static const struct row ROWS[] = {
	{ "a common name",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  "a", false },
	{ "a printable one",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x13\x01"
		  "a"),
	  "a", false },
	{ "one of IA5",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x16\x01"
		  "a"),
	  "a", false },
	{ "an empty one", CONTENT("\x31\x09\x30\x07" AT_CN "\x0c\x00"), "", false },
	{ "behind another attribute",
	  CONTENT("\x31\x0a\x30\x08" AT_O "\x0c\x01"
		  "o\x31\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  "a", false },
	{ "none at all",
	  CONTENT("\x31\x0a\x30\x08" AT_O "\x0c\x01"
		  "o"),
	  NULL, false },
	{ "two attributes in one set",
	  CONTENT("\x31\x14\x30\x08" AT_O "\x0c\x01"
		  "o\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  "a", false },
	{ "a plain name before such a set",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a\x31\x14\x30\x08" AT_O "\x0c\x01"
		  "o\x30\x08" AT_O "\x0c\x01"
		  "p"),
	  "a", false },
	{ "a long one", CONTENT("\x31\x6d\x30\x6b" AT_CN "\x0c\x64" HUNDRED), HUNDRED, false },
	{ "another attribute of an odd type",
	  CONTENT("\x31\x0a\x30\x08" AT_O "\x1e\x01"
		  "o"),
	  NULL, false },
	{ "an attribute of another arc",
	  CONTENT("\x31\x0b\x30\x09\x06\x04\x2a\x86\x48\x03\x0c\x01"
		  "o"),
	  NULL, false },
	{ "a common name of an odd type",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x1e\x01"
		  "a"),
	  NULL, true },
	{ "two plain common names",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a\x31\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  NULL, true },
	{ "two in one set",
	  CONTENT("\x31\x14\x30\x08" AT_CN "\x0c\x01"
		  "a\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  NULL, true },
	{ "nothing", CONTENT(""), NULL, true },
	{ "an empty set", CONTENT("\x31\x00"), NULL, true },
	{ "a cut type",
	  CONTENT("\x31\x0a\x30\x08\x06\x03\x55\x04\x83\x0c\x01"
		  "a"),
	  NULL, true },
	{ "a byte in the sequence",
	  CONTENT("\x31\x0b\x30\x09" AT_CN "\x0c\x01"
		  "a\x00"),
	  NULL, true },
	{ "a byte in the set",
	  CONTENT("\x31\x0b\x30\x08" AT_CN "\x0c\x01"
		  "a\x00"),
	  NULL, true },
	{ "a byte behind the set",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a\x00"),
	  NULL, true },
	{ "a value that is too long",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x0c\x02"
		  "a"),
	  NULL, true },
	{ "a value that is too short",
	  CONTENT("\x31\x0a\x30\x08" AT_CN "\x0c\x00"
		  "a"),
	  NULL, true },
	{ "a sequence that is too long",
	  CONTENT("\x31\x0a\x30\x09" AT_CN "\x0c\x01"
		  "a"),
	  NULL, true },
	{ "a length not in its shortest form",
	  CONTENT("\x31\x81\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  NULL, true },
	{ "an indefinite length",
	  CONTENT("\x31\x80\x30\x08" AT_CN "\x0c\x01"
		  "a\x00\x00"),
	  NULL, true },
	{ "a sequence for a set",
	  CONTENT("\x30\x0a\x30\x08" AT_CN "\x0c\x01"
		  "a"),
	  NULL, true },
	{ "a set for a sequence",
	  CONTENT("\x31\x0a\x31\x08" AT_CN "\x0c\x01"
		  "a"),
	  NULL, true },
};

/* Reads a Name of that content, which need not be right, with a byte behind it. */
static bool reads(struct tacit_slice content, struct tacit_slice *ret_cn)
{
	uint8_t room[256] = { 0x30, (uint8_t)content.len };
	size_t head = content.len < 0x80 ? 2 : 3;

	if (head == 3) {
		room[1] = 0x81;
		room[2] = (uint8_t)content.len;
	}
	if (content.len)
		memcpy(room + head, content.ptr, content.len);
	static uint8_t kept[256];
	memcpy(kept, room, sizeof(kept));
	struct tacit_der d = tacit_der_of(tacit_slice_of(kept, head + content.len + 1));
	struct tacit_slice whole = tacit_name_take(&d, ret_cn);

	return !d.r.bad && whole.len == head + content.len && d.r.at == whole.len;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct tacit_slice content = tacit_slice_of(ROWS[i].content, ROWS[i].len), cn;
		bool read = reads(content, &cn);

		ok(read == !ROWS[i].refused, "%s is %s", ROWS[i].name,
		   ROWS[i].refused ? "refused" : "read");
		if (read)
			ok(!cn.ptr == !ROWS[i].cn &&
				   tacit_slice_eq(cn, tacit_slice_str(ROWS[i].cn)),
			   "%s: its common name", ROWS[i].name);
		size_t wrong = 0;
		for (size_t n = 1; n < content.len && !ROWS[i].refused; n++) {
			/* Cut between two sets, it is a name of its own. */
			bool whole = (size_t)(content.ptr[1] & 0x7f) + 2 == n;

			wrong += reads(tacit_slice_of(content.ptr, n), &cn) != whole;
		}
		ok(wrong == 0, "%s: cut", ROWS[i].name);
	}
	return done();
}
