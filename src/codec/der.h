/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_DER_H
#define TACIT_CODEC_DER_H

/*
 * DER [X.690 8, 10], read in place without allocation or recursion. Strict: definite and minimal
 * lengths, minimal integers, booleans 00 or FF, tags of one byte. A failed read marks the cursor
 * bad and later reads give zeros; judge once with tacit_der_finish().
 */

#include "base/reader.h"

enum tacit_der_tag {
	TACIT_DER_BOOLEAN = 0x01,
	TACIT_DER_INTEGER = 0x02,
	TACIT_DER_BITS = 0x03,
	TACIT_DER_OCTETS = 0x04,
	TACIT_DER_NULL = 0x05,
	TACIT_DER_OID = 0x06,
	TACIT_DER_ENUM = 0x0a,
	TACIT_DER_UTF8 = 0x0c,
	TACIT_DER_PRINTABLE = 0x13,
	TACIT_DER_IA5 = 0x16,
	TACIT_DER_UTC_TIME = 0x17,
	TACIT_DER_TIME = 0x18,
	TACIT_DER_SEQUENCE = 0x30,
	TACIT_DER_SET = 0x31,
};

/* [n] constructed, and [n] primitive, of the context class. */
#define TACIT_DER_CONTEXT(n)   (0xa0 | (n))
#define TACIT_DER_PRIMITIVE(n) (0x80 | (n))

struct tacit_der {
	struct reader r;
	const char *why; /* first complaint; NULL while good */
};

/* Member by member: a copied reader would be loaded before its parts are stored. */
static inline struct tacit_der tacit_der_of(struct tacit_slice in)
{
	struct tacit_der d = { .r.in = in };

	return d;
}

static inline bool tacit_der_more(const struct tacit_der *d)
{
	return rd_left(&d->r) > 0;
}

/* The next tag, 0 at the end or when bad. */
static inline uint8_t tacit_der_peek(const struct tacit_der *d)
{
	return tacit_der_more(d) ? d->r.in.ptr[d->r.at] : 0;
}

/* The content of the next element, which must have that tag. */
struct tacit_slice tacit_der_take(struct tacit_der *d, uint8_t tag);
/* The whole next element, head included, of any tag. */
struct tacit_slice tacit_der_element(struct tacit_der *d);
/* A cursor over the content of the next element, which must have that tag. */
struct tacit_der tacit_der_enter(struct tacit_der *d, uint8_t tag);
/* Takes the child's complaint over, and complains when it has something left. */
void tacit_der_leave(struct tacit_der *d, const struct tacit_der *child);

/* INTEGER: minimal two's complement content; a non-negative one in range; ENUMERATED alike. */
struct tacit_slice tacit_der_integer(struct tacit_der *d);
uint64_t tacit_der_uint(struct tacit_der *d, uint64_t max);
uint64_t tacit_der_enum(struct tacit_der *d, uint64_t max);
bool tacit_der_bool(struct tacit_der *d);
/* Content of an OID; compare with the encoded bytes. */
struct tacit_slice tacit_der_oid(struct tacit_der *d);
/* A BIT STRING without unused bits. */
struct tacit_slice tacit_der_bits(struct tacit_der *d);
/* UTCTime or GeneralizedTime as DER and RFC 5280 4.1.2.5 have them: seconds since 1970. */
int64_t tacit_der_time(struct tacit_der *d);

void tacit_der_reject(struct tacit_der *d, const char *why);
TACIT_MUST_CHECK enum tacit_status tacit_der_finish(const struct tacit_der *d, const char *where,
						    struct tacit_error *err);

#endif
