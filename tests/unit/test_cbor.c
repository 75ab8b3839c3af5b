/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include "base/bounds.h"
#include "tests/tap.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum tacit_status check_hex(const char *hex, enum tacit_cbor_rules rules,
				   struct tacit_error *err)
{
	struct tacit_slice in = vector_hex(hex);
	enum tacit_status status = tacit_cbor_check(in, rules, err);

	vector_done(in);
	return status;
}

/* Deterministic: each head at both ends of its width, each type, key orders. */
static void test_strict_accepts(void)
{
	static const char *const GOOD[] = {
		"00",
		"17",
		"1818",
		"18ff",
		"190100",
		"19ffff",
		"1a00010000",
		"1affffffff",
		"1b0000000100000000",
		"1bffffffffffffffff",
		"20",
		"37",
		"3818",
		"3bffffffffffffffff",
		"40",
		"4100",
		"60",
		"6161",
		"62c280",
		"63e0a080",
		"63ed9fbf",
		"63ee8080",
		"64f0908080",
		"64f48fbfbf",
		"80",
		"8100",
		"83010203",
		"a0",
		"a10102",
		"a201020304",
		"a3000018ff002000",
		"a2410000420000f5",
		"c100",
		"d81800",
		"d9010000",
		"da0001000000",
		"f4",
		"f5",
		"f6",
		"f7",
		"e0",
		"f3",
		"f820",
		"f8ff",
		"a1a10102a0",
		"c1c2c300",
	};

	for (size_t i = 0; i < COUNT(GOOD); i++) {
		ok(check_hex(GOOD[i], TACIT_CBOR_STRICT, NULL) == TACIT_OK, "strict: %s", GOOD[i]);
		ok(check_hex(GOOD[i], TACIT_CBOR_LAX, NULL) == TACIT_OK, "lax: %s", GOOD[i]);
	}
}

struct refusal {
	const char *hex;
	uint64_t offset;
	const char *why;
};

static void expect_refused(const struct refusal *r, enum tacit_cbor_rules rules)
{
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	enum tacit_status status = check_hex(r->hex, rules, &err);
	bool same = status == TACIT_FORMAT && err.offset == r->offset &&
		    strcmp(err.detail, r->why) == 0 && strcmp(err.where, "cbor") == 0;

	if (!ok(same, "%s refuses %s: %s", rules == TACIT_CBOR_LAX ? "lax" : "strict", r->hex,
		r->why))
		printf("# %s at %llu\n", err.detail, (unsigned long long)err.offset);
}

/* Well-formed, but not in the deterministic encoding [RFC 8949 4.2.1], or a float. */
static void test_strict_refuses(void)
{
	static const char SHORTEST[] = "number not in its shortest form";
	static const char INDEFINITE[] = "indefinite length";
	static const char FLOAT[] = "floating-point number";
	static const char ORDER[] = "map keys out of order";
	static const char TWICE[] = "duplicate map key";
	const struct refusal cases[] = {
		{ "1800", 0, SHORTEST },
		{ "1817", 0, SHORTEST },
		{ "1900ff", 0, SHORTEST },
		{ "1a0000ffff", 0, SHORTEST },
		{ "1b00000000ffffffff", 0, SHORTEST },
		{ "3817", 0, SHORTEST },
		{ "3b0000000000000000", 0, SHORTEST },
		{ "580100", 0, SHORTEST },
		{ "780161", 0, SHORTEST },
		{ "980100", 0, SHORTEST },
		{ "b8010000", 0, SHORTEST },
		{ "d81700", 0, SHORTEST },
		{ "82001817", 2, SHORTEST },
		{ "a1190001f6", 1, SHORTEST },
		{ "5fff", 0, INDEFINITE },
		{ "5f4100ff", 0, INDEFINITE },
		{ "7fff", 0, INDEFINITE },
		{ "9fff", 0, INDEFINITE },
		{ "bfff", 0, INDEFINITE },
		{ "819fff", 1, INDEFINITE },
		{ "f90000", 0, FLOAT },
		{ "fa47c35000", 0, FLOAT },
		{ "fb3ff199999999999a", 0, FLOAT },
		{ "81f97e00", 1, FLOAT },
		{ "a202000100", 4, ORDER },
		{ "a2200018ff00", 5, ORDER },
		{ "a2616200616100", 6, ORDER },
		{ "a2f5000000", 4, ORDER },
		{ "81a202000100", 5, ORDER },
		{ "a2420000004100f5", 7, ORDER },
		{ "a201000100", 4, TWICE },
		{ "a30100616100616100", 8, TWICE },
		{ "a2800080f5", 4, TWICE },
		{ "a1a20100010000", 5, TWICE },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_refused(&cases[i], TACIT_CBOR_STRICT);
		ok(check_hex(cases[i].hex, TACIT_CBOR_LAX, NULL) == TACIT_OK, "lax accepts %s",
		   cases[i].hex);
	}
}

/* Not well-formed [RFC 8949 5.3.1, Appendix F] or not UTF-8: refused whatever the rules. */
static void test_both_refuse(void)
{
	static const char EARLY[] = "input ends too early";
	static const char HOLDS[] = "more elements than the input holds";
	static const char RESERVED[] = "reserved additional information";
	static const char UTF8[] = "text is not UTF-8";
	static const char LENGTHLESS[] = "indefinite length on a type without a length";
	static const char SIMPLE[] = "simple value below 32 in two bytes";
	static const char BREAK[] = "break without an indefinite item";
	const struct refusal cases[] = {
		{ "", 0, EARLY },
		{ "18", 1, EARLY },
		{ "1900", 1, EARLY },
		{ "1a000000", 1, EARLY },
		{ "1b00000000000000", 1, EARLY },
		{ "f8", 1, EARLY },
		{ "41", 0, EARLY },
		{ "42ff", 0, EARLY },
		{ "5bffffffffffffffff00", 0, EARLY },
		{ "6261", 0, EARLY },
		{ "c1", 1, EARLY },
		{ "c141", 1, EARLY },
		{ "81", 0, HOLDS },
		{ "8200", 0, HOLDS },
		{ "9bffffffffffffffff", 0, HOLDS },
		{ "a1", 0, HOLDS },
		{ "a100", 0, HOLDS },
		{ "bb8000000000000000", 0, HOLDS },
		{ "bb800000000000000100", 0, HOLDS },
		{ "bbffffffffffffffff0000", 0, HOLDS },
		{ "8182", 1, HOLDS },
		{ "1c", 0, RESERVED },
		{ "3d", 0, RESERVED },
		{ "5e", 0, RESERVED },
		{ "7c", 0, RESERVED },
		{ "9d", 0, RESERVED },
		{ "be", 0, RESERVED },
		{ "dc", 0, RESERVED },
		{ "fd", 0, RESERVED },
		{ "1f", 0, LENGTHLESS },
		{ "3f", 0, LENGTHLESS },
		{ "df00", 0, LENGTHLESS },
		{ "f800", 0, SIMPLE },
		{ "f818", 0, SIMPLE },
		{ "f81f", 0, SIMPLE },
		{ "ff", 0, BREAK },
		{ "81ff", 1, BREAK },
		{ "c1ff", 1, BREAK },
		{ "a1ff00", 1, BREAK },
		{ "a100ff", 2, BREAK },
		{ "61ff", 0, UTF8 },
		{ "62c080", 0, UTF8 },
		{ "62c1bf", 0, UTF8 },
		{ "63e09fbf", 0, UTF8 },
		{ "63eda080", 0, UTF8 },
		{ "63edbfbf", 0, UTF8 },
		{ "64f08fbfbf", 0, UTF8 },
		{ "64f4908080", 0, UTF8 },
		{ "64f5808080", 0, UTF8 },
		{ "6180", 0, UTF8 },
		{ "61c2", 0, UTF8 },
		{ "62e282", 0, UTF8 },
		{ "62c241", 0, UTF8 },
		{ "0000", 1, "1 bytes too many" },
		{ "80f6f6", 1, "2 bytes too many" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_refused(&cases[i], TACIT_CBOR_STRICT);
		expect_refused(&cases[i], TACIT_CBOR_LAX);
	}
}

/* What can only go wrong inside indefinite items, which the strict reader never enters. */
static void test_indefinite(void)
{
	static const char *const GOOD[] = {
		"5fff",         "5f40ff",   "5f41004100ff", "7fff",         "7f6161ff",
		"9fff",         "9f0001ff", "bfff",         "bf0001ff",     "9f9fffff",
		"bf9fff9fffff", "815fff",   "d8189fff",     "5f590001aaff",
	};
	static const struct refusal BAD[] = {
		{ "5f", 1, "input ends too early" },
		{ "9f00", 2, "input ends too early" },
		{ "bf00", 2, "input ends too early" },
		{ "bf", 1, "input ends too early" },
		{ "5f4100", 3, "input ends too early" },
		{ "5f00ff", 1, "chunk of another kind" },
		{ "5f6100ff", 1, "chunk of another kind" },
		{ "7f4100ff", 1, "chunk of another kind" },
		{ "5f5fffff", 1, "chunk of another kind" },
		{ "7f7fffff", 1, "chunk of another kind" },
		{ "5f8000ff", 1, "chunk of another kind" },
		{ "5fc14100ff", 1, "chunk of another kind" },
		/* A character may not be split across chunks [RFC 8949 3.2.3]. */
		{ "7f61c361bcff", 1, "text is not UTF-8" },
		{ "bf00ff", 2, "map key without a value" },
		{ "bf000000ff", 4, "map key without a value" },
		{ "9f81ff", 2, "break without an indefinite item" },
		{ "9fc1ff", 2, "break without an indefinite item" },
		{ "9fffff", 2, "1 bytes too many" },
	};

	for (size_t i = 0; i < COUNT(GOOD); i++)
		ok(check_hex(GOOD[i], TACIT_CBOR_LAX, NULL) == TACIT_OK, "lax: %s", GOOD[i]);
	for (size_t i = 0; i < COUNT(BAD); i++)
		expect_refused(&BAD[i], TACIT_CBOR_LAX);
}

/* Each kind of level at the limit and one over it. */
static void test_depth(void)
{
	static const struct {
		uint8_t open, leaf, close;
		const char *name;
	} KINDS[] = {
		{ 0x81, 0x00, 0, "arrays" },
		{ 0xc1, 0x00, 0, "tags" },
		{ 0x9f, 0x00, 0xff, "indefinite arrays" },
	};

	for (size_t k = 0; k < COUNT(KINDS); k++) {
		for (size_t depth = TACIT_NESTING_MAX - 1; depth <= TACIT_NESTING_MAX + 1;
		     depth++) {
			uint8_t doc[2 * TACIT_NESTING_MAX + 3];
			size_t len = 2 * depth + 1;
			struct tacit_error err = { TACIT_OK, "", 0, "" };

			memset(doc, KINDS[k].open, depth);
			doc[depth] = KINDS[k].leaf;
			memset(doc + depth + 1, KINDS[k].close, depth);
			if (!KINDS[k].close)
				len = depth + 1;
			enum tacit_status status =
				tacit_cbor_check(tacit_slice_of(doc, len), TACIT_CBOR_LAX, &err);
			bool deep = depth > TACIT_NESTING_MAX;

			ok(status == (deep ? TACIT_LIMIT : TACIT_OK), "%zu %s", depth,
			   KINDS[k].name);
			ok(err.offset == (deep ? TACIT_NESTING_MAX : 0), "%zu %s, offset", depth,
			   KINDS[k].name);
		}
	}
	/* Breadth is no depth. */
	uint8_t wide[1000];
	memset(wide, 0x80, sizeof(wide));
	wide[0] = 0x99;
	wide[1] = 0x03;
	wide[2] = 0xe5;
	ok(tacit_cbor_check(TACIT_SLICE_ARRAY(wide), TACIT_CBOR_STRICT, NULL) == TACIT_OK,
	   "997 empty arrays side by side");
}

/* --- every truncation, every flipped bit ------------------------------------------------ */

/* Holds every type, nested: {1: [h'0102', "hi", -5], 2: 24({"a": true, "bb": null}), "z": 1000}. */
static const uint8_t WHOLE[] = { 0xa3, 0x01, 0x83, 0x42, 1,    2,    0x62, 'h',  'i',
				 0x24, 0x02, 0xd8, 0x18, 0xa2, 0x61, 'a',  0xf5, 0x62,
				 'b',  'b',  0xf6, 0x61, 'z',  0x19, 0x03, 0xe8 };

static void test_truncations(void)
{
	for (size_t len = 0; len < sizeof(WHOLE); len++) {
		uint8_t *copy = malloc(len ? len : 1); /* exact, for the sanitizers */

		memcpy(copy, WHOLE, len);
		struct tacit_slice in = tacit_slice_of(copy, len);
		ok(tacit_cbor_check(in, TACIT_CBOR_STRICT, NULL) == TACIT_FORMAT &&
			   tacit_cbor_check(in, TACIT_CBOR_LAX, NULL) == TACIT_FORMAT,
		   "cut to %zu bytes", len);
		free(copy);
	}
	is_status(tacit_cbor_check(TACIT_SLICE_ARRAY(WHOLE), TACIT_CBOR_STRICT, NULL), TACIT_OK,
		  "whole");
}

/* A flipped bit is refused, or gives another valid item that is not the first one. */
static void test_flips(void)
{
	size_t refused = 0;

	for (size_t bit = 0; bit < 8 * sizeof(WHOLE); bit++) {
		uint8_t doc[sizeof(WHOLE)];

		memcpy(doc, WHOLE, sizeof(doc));
		doc[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		enum tacit_status strict =
			tacit_cbor_check(TACIT_SLICE_ARRAY(doc), TACIT_CBOR_STRICT, &err);
		enum tacit_status lax =
			tacit_cbor_check(TACIT_SLICE_ARRAY(doc), TACIT_CBOR_LAX, NULL);

		refused += strict != TACIT_OK;
		if (lax != TACIT_OK && strict == TACIT_OK)
			ok(false, "bit %zu: strict accepts what lax refuses", bit);
		if (err.offset > sizeof(doc) || err.status != strict)
			ok(false, "bit %zu: error does not fit", bit);
	}
	/* The others change a value and nothing else; a rule that is lost changes the number. */
	ok(refused == 101, "of %zu flipped bits %zu are refused", 8 * sizeof(WHOLE), refused);
}

int main(void)
{
	test_strict_accepts();
	test_strict_refuses();
	test_both_refuse();
	test_indefinite();
	test_depth();
	test_truncations();
	test_flips();
	return done();
}
