/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"

#include "base/time.h"

#define TAG_LONG     0x1f /* more tag bytes follow [X.690 8.1.2.4] */
#define LENGTH_LONG  0x80
#define LENGTH_BYTES 4 /* no input of ours is longer */
#define DAY          86400

/* A number's first byte and the next one's top bit, where they make it longer than it need be. */
#define EXTRA_ZERO 0x00
#define EXTRA_ONES 0xff

static void complain(struct tacit_der *d, size_t at, const char *why)
{
	if (d->why)
		return; /* the first complaint stands */
	d->r.bad = true;
	d->r.at = at;
	d->why = why;
}

void tacit_der_reject(struct tacit_der *d, const char *why)
{
	complain(d, d->r.at, why);
}

/* The length after its first byte, in its shortest form [X.690 10.1]. */
static size_t take_long_length(struct tacit_der *d, size_t at, uint8_t first)
{
	size_t count = first & (LENGTH_LONG - 1);

	if (count == 0 || count > LENGTH_BYTES) {
		complain(d, at, count ? "length over four bytes" : "indefinite length");
		return 0;
	}

	uint64_t len = rd_be(&d->r, count);

	if (!d->r.bad && (len < LENGTH_LONG || len >> 8 * (count - 1) == 0))
		complain(d, at, "length not in its shortest form");
	return (size_t)len;
}

/*
 * Zeros when the cursor is or goes bad; otherwise as many bytes follow as it returns. By hand and
 * without a struct to return, as half the time of parsing goes here.
 */
static inline size_t take_head(struct tacit_der *d, uint8_t *ret_tag)
{
	size_t at = d->r.at;

	*ret_tag = 0;
	if (rd_left(&d->r) < 2) {
		complain(d, at, "input ends too early");
		return 0;
	}

	uint8_t tag = d->r.in.ptr[at], first = d->r.in.ptr[at + 1];

	d->r.at += 2;
	if ((tag & TAG_LONG) == TAG_LONG || tag == 0)
		complain(d, at, tag ? "tag of several bytes" : "reserved tag");
	size_t len = first & LENGTH_LONG ? take_long_length(d, at, first) : first;
	if (d->r.bad || len > rd_left(&d->r)) {
		complain(d, at, "input ends too early");
		return 0;
	}
	*ret_tag = tag;
	return len;
}

/* An empty element's content is not absent. */
static struct tacit_slice take_content(struct tacit_der *d, size_t len)
{
	struct tacit_slice content = { d->r.in.ptr + d->r.at, len };

	d->r.at += len;
	return content;
}

struct tacit_slice tacit_der_take(struct tacit_der *d, uint8_t tag)
{
	struct tacit_slice none = { NULL, 0 };
	size_t at = d->r.at;
	uint8_t found;
	size_t len = take_head(d, &found);

	if (!d->r.bad && found != tag)
		complain(d, at, "element of another type");
	return d->r.bad ? none : take_content(d, len);
}

struct tacit_slice tacit_der_element(struct tacit_der *d)
{
	struct tacit_slice none = { NULL, 0 };
	size_t at = d->r.at;
	uint8_t tag;
	size_t len = take_head(d, &tag);

	if (d->r.bad)
		return none;
	d->r.at += len;
	return tacit_slice_of(d->r.in.ptr + at, d->r.at - at);
}

struct tacit_der tacit_der_enter(struct tacit_der *d, uint8_t tag)
{
	struct tacit_slice content = tacit_der_take(d, tag);
	struct tacit_der child = { .r = { .in = content, .bad = d->r.bad } };

	return child;
}

void tacit_der_leave(struct tacit_der *d, const struct tacit_der *child)
{
	if (d->r.bad)
		return;

	size_t base = child->r.in.ptr ? (size_t)(child->r.in.ptr - d->r.in.ptr) : d->r.at;

	if (child->r.bad)
		complain(d, base + child->r.at, child->why ? child->why : "input ends too early");
	else if (rd_left(&child->r) > 0)
		complain(d, base + child->r.at, "more than there should be");
}

/* [X.690 8.3.2]: at least one byte, and the first nine bits are not all alike. */
static bool is_minimal(struct tacit_slice number)
{
	if (number.len < 2)
		return number.len == 1;
	return !(number.ptr[0] == EXTRA_ZERO && number.ptr[1] < 0x80) &&
	       !(number.ptr[0] == EXTRA_ONES && number.ptr[1] >= 0x80);
}

static struct tacit_slice take_number(struct tacit_der *d, uint8_t tag)
{
	size_t at = d->r.at;
	struct tacit_slice number = tacit_der_take(d, tag);

	if (!d->r.bad && !is_minimal(number)) {
		complain(d, at, "number not in its shortest form");
		number = tacit_slice_of(NULL, 0);
	}
	return number;
}

struct tacit_slice tacit_der_integer(struct tacit_der *d)
{
	return take_number(d, TACIT_DER_INTEGER);
}

static uint64_t take_small(struct tacit_der *d, uint8_t tag, uint64_t max)
{
	size_t at = d->r.at;
	struct tacit_slice number = take_number(d, tag);
	struct reader r = rd_of(number);

	if (d->r.bad)
		return 0;

	bool fits = number.ptr[0] < 0x80 && number.len <= sizeof(uint64_t) + 1 &&
		    (number.len <= sizeof(uint64_t) || number.ptr[0] == 0);

	if (number.len > sizeof(uint64_t))
		rd_skip(&r, 1);

	uint64_t value = fits ? rd_be(&r, rd_left(&r)) : 0;

	if (!fits || value > max) {
		complain(d, at, "number out of range");
		return 0;
	}
	return value;
}

uint64_t tacit_der_uint(struct tacit_der *d, uint64_t max)
{
	return take_small(d, TACIT_DER_INTEGER, max);
}

uint64_t tacit_der_enum(struct tacit_der *d, uint64_t max)
{
	return take_small(d, TACIT_DER_ENUM, max);
}

bool tacit_der_bool(struct tacit_der *d)
{
	size_t at = d->r.at;
	struct tacit_slice content = tacit_der_take(d, TACIT_DER_BOOLEAN);

	if (d->r.bad)
		return false;
	/* [X.690 11.1] */
	if (content.len != 1 || (content.ptr[0] != 0x00 && content.ptr[0] != 0xff)) {
		complain(d, at, "boolean that is neither 00 nor FF");
		return false;
	}
	return content.ptr[0] == 0xff;
}

/* Each number in its shortest form, the last one ended [X.690 8.19.2]. */
static bool is_oid(struct tacit_slice content)
{
	bool first = true;

	for (size_t i = 0; i < content.len; i++) {
		if (first && content.ptr[i] == 0x80)
			return false;
		first = content.ptr[i] < 0x80;
	}
	return content.len > 0 && first;
}

struct tacit_slice tacit_der_oid(struct tacit_der *d)
{
	size_t at = d->r.at;
	struct tacit_slice content = tacit_der_take(d, TACIT_DER_OID);

	if (!d->r.bad && !is_oid(content)) {
		complain(d, at, "not an object identifier");
		content = tacit_slice_of(NULL, 0);
	}
	return content;
}

struct tacit_slice tacit_der_bits(struct tacit_der *d)
{
	struct tacit_slice none = { NULL, 0 };
	size_t at = d->r.at;
	struct tacit_slice content = tacit_der_take(d, TACIT_DER_BITS);

	if (d->r.bad)
		return none;
	if (content.len == 0 || content.ptr[0] != 0) {
		complain(d, at, "bit string that is not whole bytes");
		return none;
	}
	return tacit_slice_of(content.ptr + 1, content.len - 1);
}

/* Two digits, or a number no field can have. */
static unsigned two_digits(const uint8_t *at)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return 100;
	return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

static unsigned days_in(int64_t year, unsigned month)
{
	if (month == 12)
		return 31;
	return (unsigned)(tacit_time_days(year, month + 1, 1) - tacit_time_days(year, month, 1));
}

/* MMDDHHMMSSZ [RFC 5280 4.1.2.5]: seconds always, no fraction, no leap second. */
static bool read_time(int64_t year, const uint8_t text[static 11], int64_t *ret)
{
	unsigned month = two_digits(text), day = two_digits(text + 2);
	unsigned hour = two_digits(text + 4), minute = two_digits(text + 6);
	unsigned second = two_digits(text + 8);

	if (month < 1 || month > 12 || day < 1 || hour > 23 ||
	    (day > 28 && day > days_in(year, month)) || minute > 59 || second > 59 ||
	    text[10] != 'Z')
		return false;
	*ret = tacit_time_days(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
	return true;
}

/* Two digits of the year mean 1950 to 2049; later years, and only these, have four. */
static bool read_any_time(uint8_t tag, struct tacit_slice text, int64_t *ret)
{
	bool four = tag == TACIT_DER_TIME;

	if (text.len != (four ? 15u : 13u))
		return false;

	unsigned high = four ? two_digits(text.ptr) : 0;
	unsigned low = two_digits(text.ptr + (four ? 2 : 0));

	if (high > 99 || low > 99)
		return false;

	int64_t year = four ? (int64_t)high * 100 + low : (low < 50 ? 2000 : 1900) + (int64_t)low;

	return (!four || year >= 2050) && read_time(year, text.ptr + (four ? 4 : 2), ret);
}

int64_t tacit_der_time(struct tacit_der *d)
{
	size_t at = d->r.at;
	uint8_t tag = tacit_der_peek(d) == TACIT_DER_TIME ? TACIT_DER_TIME : TACIT_DER_UTC_TIME;
	struct tacit_slice text = tacit_der_take(d, tag);
	int64_t seconds = 0;

	if (!d->r.bad && !read_any_time(tag, text, &seconds))
		complain(d, at, "not a date");
	return seconds;
}

enum tacit_status tacit_der_finish(const struct tacit_der *d, const char *where,
				   struct tacit_error *err)
{
	if (d->r.bad)
		return tacit_fail(err, TACIT_FORMAT, where, d->r.at, "%s",
				  d->why ? d->why : "input ends too early");
	return rd_finish(&d->r, where, err);
}
