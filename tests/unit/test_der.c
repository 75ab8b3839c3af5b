/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"

#include "base/compiler.h"
#include "tests/tap.h"

/* What a row is read as; the value that comes out, or that it must be refused. */
enum as {
	AS_ELEMENT,
	AS_UINT,
	AS_INTEGER,
	AS_BOOL,
	AS_OID,
	AS_BITS,
	AS_TIME,
	AS_NULL,
};

#define REFUSED INT64_MIN

struct row {
	enum as as;
	const char *name;
	size_t len;
	const char *bytes;
	int64_t want; /* value, or length of what comes out; REFUSED */
};

#define B(s) sizeof(s) - 1, s

static const struct row ROWS[] = {
	{ AS_ELEMENT, "short length", B("\x04\x02\x01\x02"), 4 },
	{ AS_ELEMENT, "empty", B("\x30\x00"), 2 },
	{ AS_ELEMENT, "nothing", B(""), REFUSED },
	{ AS_ELEMENT, "tag alone", B("\x04"), REFUSED },
	{ AS_ELEMENT, "content cut", B("\x04\x02\x01"), REFUSED },
	{ AS_ELEMENT, "indefinite length", B("\x30\x80\x00\x00"), REFUSED },
	{ AS_ELEMENT, "reserved length", B("\x04\xff\x01\x02"), REFUSED },
	{ AS_ELEMENT, "long form for 1", B("\x04\x81\x01\x00"), REFUSED },
	{ AS_ELEMENT, "long form for 127", B("\x04\x81\x7f"), REFUSED },
	{ AS_ELEMENT, "leading zero of a length", B("\x04\x82\x00\x80"), REFUSED },
	{ AS_ELEMENT, "length cut", B("\x04\x82\x01"), REFUSED },
	{ AS_ELEMENT, "four bytes of length, nothing behind", B("\x04\x84\xff\xff\xff\xff"),
	  REFUSED },
	{ AS_ELEMENT, "five bytes of length", B("\x04\x85\x01\x00\x00\x00\x00"), REFUSED },
	{ AS_ELEMENT, "eight bytes of length", B("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
	  REFUSED },
	{ AS_ELEMENT, "tag of two bytes", B("\x1f\x01\x00"), REFUSED },
	{ AS_ELEMENT, "constructed tag of two bytes", B("\xbf\x20\x00"), REFUSED },
	{ AS_ELEMENT, "reserved tag", B("\x00\x00"), REFUSED },
	{ AS_ELEMENT, "trailing byte", B("\x04\x01\x00\x00"), REFUSED },

	{ AS_UINT, "0", B("\x02\x01\x00"), 0 },
	{ AS_UINT, "127", B("\x02\x01\x7f"), 127 },
	{ AS_UINT, "128", B("\x02\x02\x00\x80"), 128 },
	{ AS_UINT, "255", B("\x02\x02\x00\xff"), 255 },
	{ AS_UINT, "65535", B("\x02\x03\x00\xff\xff"), 65535 },
	{ AS_UINT, "over the maximum", B("\x02\x03\x01\x00\x00"), REFUSED },
	{ AS_UINT, "far over", B("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"), REFUSED },
	{ AS_UINT, "nine bytes that are not 64 bits", B("\x02\x09\x01\0\0\0\0\0\0\0\0"), REFUSED },
	{ AS_UINT, "ten bytes", B("\x02\x0a\x01\0\0\0\0\0\0\0\0\0"), REFUSED },
	{ AS_UINT, "negative", B("\x02\x01\x80"), REFUSED },
	{ AS_UINT, "minus one", B("\x02\x01\xff"), REFUSED },
	{ AS_UINT, "leading zero", B("\x02\x02\x00\x7f"), REFUSED },
	{ AS_UINT, "leading ones", B("\x02\x02\xff\x80"), REFUSED },
	{ AS_UINT, "no content", B("\x02\x00"), REFUSED },
	{ AS_UINT, "another tag", B("\x04\x01\x00"), REFUSED },
	{ AS_INTEGER, "20 bytes",
	  B("\x02\x14\x01"
	    "0123456789012345678"),
	  20 },
	{ AS_INTEGER, "negative", B("\x02\x02\xff\x7f"), 2 },
	{ AS_INTEGER, "not minimal", B("\x02\x03\x00\x00\x80"), REFUSED },
	{ AS_INTEGER, "ones, not minimal", B("\x02\x02\xff\x80"), REFUSED },

	{ AS_BOOL, "true", B("\x01\x01\xff"), 1 },
	{ AS_BOOL, "false", B("\x01\x01\x00"), 0 },
	{ AS_BOOL, "01", B("\x01\x01\x01"), REFUSED },
	{ AS_BOOL, "7f", B("\x01\x01\x7f"), REFUSED },
	{ AS_BOOL, "two bytes", B("\x01\x02\xff\xff"), REFUSED },
	{ AS_BOOL, "no byte", B("\x01\x00"), REFUSED },

	{ AS_OID, "2.5.29.19", B("\x06\x03\x55\x1d\x13"), 3 },
	{ AS_OID, "an arc of two bytes", B("\x06\x04\x2a\x86\x48\x01"), 4 },
	{ AS_OID, "no content", B("\x06\x00"), REFUSED },
	{ AS_OID, "last arc not ended", B("\x06\x03\x55\x1d\x93"), REFUSED },
	{ AS_OID, "arc with a leading zero", B("\x06\x04\x55\x1d\x80\x13"), REFUSED },

	{ AS_BITS, "two bytes", B("\x03\x03\x00\x01\x02"), 2 },
	{ AS_BITS, "empty", B("\x03\x01\x00"), 0 },
	{ AS_BITS, "unused bits", B("\x03\x02\x01\x02"), REFUSED },
	{ AS_BITS, "no count of unused bits", B("\x03\x00"), REFUSED },

	{ AS_NULL, "null", B("\x05\x00"), 0 },
	{ AS_NULL, "null with content", B("\x05\x01\x00"), REFUSED },

	{ AS_TIME, "1970",
	  B("\x17\x0d"
	    "700101000000Z"),
	  0 },
	{ AS_TIME, "1950: the first of two digits",
	  B("\x17\x0d"
	    "500101000000Z"),
	  -631152000 },
	{ AS_TIME, "2049: the last of two digits",
	  B("\x17\x0d"
	    "491231235959Z"),
	  2524607999 },
	{ AS_TIME, "2050: the first of four",
	  B("\x18\x0f"
	    "20500101000000Z"),
	  2524608000 },
	{ AS_TIME, "9999: the last",
	  B("\x18\x0f"
	    "99991231235959Z"),
	  253402300799 },
	{ AS_TIME, "leap day of 2024",
	  B("\x17\x0d"
	    "240229120000Z"),
	  1709208000 },
	{ AS_TIME, "leap day of 2400",
	  B("\x18\x0f"
	    "24000229000000Z"),
	  13574563200 },
	{ AS_TIME, "2049 in four digits",
	  B("\x18\x0f"
	    "20491231235959Z"),
	  REFUSED },
	{ AS_TIME, "1949 in four digits",
	  B("\x18\x0f"
	    "19491231235959Z"),
	  REFUSED },
	{ AS_TIME, "leap day of 2023",
	  B("\x17\x0d"
	    "230229000000Z"),
	  REFUSED },
	{ AS_TIME, "leap day of 2100",
	  B("\x18\x0f"
	    "21000229000000Z"),
	  REFUSED },
	{ AS_TIME, "31 April",
	  B("\x17\x0d"
	    "230431000000Z"),
	  REFUSED },
	{ AS_TIME, "day 0",
	  B("\x17\x0d"
	    "230400000000Z"),
	  REFUSED },
	{ AS_TIME, "day 32",
	  B("\x17\x0d"
	    "231232000000Z"),
	  REFUSED },
	{ AS_TIME, "month 0",
	  B("\x17\x0d"
	    "230001000000Z"),
	  REFUSED },
	{ AS_TIME, "month 13",
	  B("\x17\x0d"
	    "231301000000Z"),
	  REFUSED },
	{ AS_TIME, "hour 24",
	  B("\x17\x0d"
	    "230101240000Z"),
	  REFUSED },
	{ AS_TIME, "minute 60",
	  B("\x17\x0d"
	    "230101006000Z"),
	  REFUSED },
	{ AS_TIME, "second 60",
	  B("\x17\x0d"
	    "230101000060Z"),
	  REFUSED },
	{ AS_TIME, "no seconds",
	  B("\x17\x0b"
	    "2301010000Z"),
	  REFUSED },
	{ AS_TIME, "an offset",
	  B("\x17\x11"
	    "230101000000+0100"),
	  REFUSED },
	{ AS_TIME, "no Z",
	  B("\x17\x0d"
	    "230101000000z"),
	  REFUSED },
	{ AS_TIME, "a fraction",
	  B("\x18\x11"
	    "20500101000000.5Z"),
	  REFUSED },
	{ AS_TIME, "no digit",
	  B("\x17\x0d"
	    "23010100000:Z"),
	  REFUSED },
	{ AS_TIME, "no digit in the century",
	  B("\x18\x0f"
	    "2/500101000000Z"),
	  REFUSED },
	{ AS_TIME, "no digit in the year",
	  B("\x17\x0d"
	    " 30101000000Z"),
	  REFUSED },
	{ AS_TIME, "empty", B("\x17\x00"), REFUSED },
	{ AS_TIME, "a byte behind two digits' date",
	  B("\x17\x0e"
	    "230101000000ZZ"),
	  REFUSED },
	{ AS_TIME, "a byte behind four digits' date",
	  B("\x18\x10"
	    "20500101000000ZZ"),
	  REFUSED },
	{ AS_TIME, "text of another type",
	  B("\x13\x0d"
	    "230101000000Z"),
	  REFUSED },
};

static int64_t read_row(struct tacit_der *d, enum as as)
{
	switch (as) {
	case AS_ELEMENT:
		return (int64_t)tacit_der_element(d).len;
	case AS_UINT:
		return (int64_t)tacit_der_uint(d, 65535);
	case AS_INTEGER:
		return (int64_t)tacit_der_integer(d).len;
	case AS_BOOL:
		return tacit_der_bool(d);
	case AS_OID:
		return (int64_t)tacit_der_oid(d).len;
	case AS_BITS:
		return (int64_t)tacit_der_bits(d).len;
	case AS_TIME:
		return tacit_der_time(d);
	case AS_NULL: {
		struct tacit_der child = tacit_der_enter(d, TACIT_DER_NULL);

		tacit_der_leave(d, &child);
		return 0;
	}
	}
	return 0;
}

static void test_rows(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		const struct row *row = &ROWS[i];
		struct tacit_error err = { 0 };
		struct tacit_der d = tacit_der_of(tacit_slice_of(row->bytes, row->len));
		int64_t got = read_row(&d, row->as);
		bool read = tacit_der_finish(&d, "test", &err) == TACIT_OK;

		if (row->want == REFUSED)
			ok(!read && err.status == TACIT_FORMAT && err.detail[0], "refused: %s",
			   row->name);
		else
			ok(read && got == row->want, "%s", row->name);
		if (!read || row->as == AS_ELEMENT)
			continue;
		/* The same, one byte short and one byte long. */
		d = tacit_der_of(tacit_slice_of(row->bytes, row->len - 1));
		(void)read_row(&d, row->as);
		ok(tacit_der_finish(&d, "test", NULL) == TACIT_FORMAT, "cut: %s", row->name);
	}
}

/* Content of 128 to 65536 bytes needs one to three bytes of length. */
static void test_long_lengths(void)
{
	static const struct {
		size_t len, head_len;
		uint8_t head[5];
	} LONG[] = {
		{ 128, 3, { 0x04, 0x81, 0x80 } },
		{ 255, 3, { 0x04, 0x81, 0xff } },
		{ 256, 4, { 0x04, 0x82, 0x01, 0x00 } },
		{ 65535, 4, { 0x04, 0x82, 0xff, 0xff } },
		{ 65536, 5, { 0x04, 0x83, 0x01, 0x00, 0x00 } },
	};
	static uint8_t room[65536 + 5];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(LONG); i++) {
		size_t whole = LONG[i].head_len + LONG[i].len;

		memcpy(room, LONG[i].head, LONG[i].head_len);
		struct tacit_der d = tacit_der_of(tacit_slice_of(room, whole));
		ok(tacit_der_take(&d, TACIT_DER_OCTETS).len == LONG[i].len &&
			   tacit_der_finish(&d, "t", NULL) == TACIT_OK,
		   "%zu bytes of content", LONG[i].len);
		d = tacit_der_of(tacit_slice_of(room, whole - 1));
		(void)tacit_der_take(&d, TACIT_DER_OCTETS);
		ok(tacit_der_finish(&d, "t", NULL) == TACIT_FORMAT, "%zu bytes, one missing",
		   LONG[i].len);
	}
}

static void test_nesting(void)
{
	static const uint8_t IN[] = { 0x30, 0x06, 0x30, 0x01, 0x05, 0x02, 0x01, 0x07 };
	static const uint8_t LEFT[] = { 0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x07 };
	struct tacit_error err = { 0 };
	struct tacit_der d = tacit_der_of(TACIT_SLICE_ARRAY(IN));
	struct tacit_der outer = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct tacit_der inner = tacit_der_enter(&outer, TACIT_DER_SEQUENCE);

	(void)tacit_der_element(&inner);
	tacit_der_leave(&outer, &inner);
	ok(tacit_der_peek(&outer) == 0 && !tacit_der_more(&outer), "a bad cursor has no more");
	ok(tacit_der_uint(&outer, 100) == 0, "and gives zeros");
	tacit_der_leave(&d, &outer);
	is_status(tacit_der_finish(&d, "t", &err), TACIT_FORMAT, "a child's fault is its parent's");
	ok(err.offset == 4, "at its place in the whole");

	tacit_error_clear(&err);
	d = tacit_der_of(TACIT_SLICE_ARRAY(LEFT));
	outer = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	ok(tacit_der_uint(&outer, 100) == 5, "one of two elements is read");
	tacit_der_leave(&d, &outer);
	is_status(tacit_der_finish(&d, "t", &err), TACIT_FORMAT, "the other is one too many");
	ok(err.offset == 5, "said at its place");

	tacit_error_clear(&err);
	d = tacit_der_of(TACIT_SLICE_ARRAY(LEFT));
	tacit_der_reject(&d, "first");
	tacit_der_reject(&d, "second");
	is_status(tacit_der_finish(&d, "t", &err), TACIT_FORMAT, "rejected twice");
	ok(strcmp(err.detail, "first") == 0, "the first complaint stands");
}

int main(void)
{
	test_rows();
	test_long_lengths();
	test_nesting();
	return done();
}
