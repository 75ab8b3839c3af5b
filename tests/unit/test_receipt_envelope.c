/* SPDX-License-Identifier: Apache-2.0 */

/* Layers 1 and 2, and the measurements: everything around and beside the claims. */

#include <openssl/bn.h>
#include <openssl/sha.h>

#include "base/compiler.h"
#include "tests/unit/test_receipt_kit.h"

static struct kit k;
static struct kit_payload p;
static uint8_t payload_room[KIT_MAX];
static struct tacit_slice payload;
static struct tacit_receipt_expect expect;

static void fresh(void)
{
	kit_cut(&k.claims, &p);
	payload = kit_join(&p, payload_room, sizeof(payload_room));
}

static struct tacit_slice unhex(const char *hex)
{
	static uint8_t rooms[4][256];
	static size_t turn;
	uint8_t *room = rooms[turn++ % 4];
	size_t len = 0;

	if (!tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(room, 256), &len))
		abort();
	return tacit_slice_of(room, len);
}

/* --- layer 1 --- */

#define NOT_COSE "L1 COSE_DECODE COSE_DECODE_FAILED"

static void try_protected(void)
{
	static const struct {
		const char *hex;
		const char *want;
	} CASES[] = {
		{ "", "L1 ALG BAD_ALG" },
		{ "a0", NOT_COSE },
		{ "a10127", "L1 CONTENT_TYPE BAD_CONTENT_TYPE" },
		{ "a103183d", "L1 ALG BAD_ALG" },
		{ "a2012603183d", "L1 ALG BAD_ALG" },
		{ "a201382203183d", "L1 ALG BAD_ALG" },
		{ "a20132"
		  "03183d",
		  "L1 ALG BAD_ALG" }, /* -19, Ed25519 of RFC 9864 */
		{ "a2010803183d", "L1 ALG BAD_ALG" },
		{ "a201654564445341"
		  "03183d",
		  NOT_COSE }, /* "EdDSA" as text */
		{ "a201270310", "L1 CONTENT_TYPE BAD_CONTENT_TYPE" },
		{ "a2012703183c", "L1 CONTENT_TYPE BAD_CONTENT_TYPE" },
		{ "a20127036f6170706c69636174696f6e2f637774", "L1 CONTENT_TYPE BAD_CONTENT_TYPE" },
		{ "a2012704"
		  "4101",
		  "L1 CONTENT_TYPE BAD_CONTENT_TYPE" },
		{ "a3012703183d044101", NOT_COSE },
		{ "a3012702810103183d", NOT_COSE }, /* crit */
		{ "a3012703183d6178f6", NOT_COSE },
		{ "a203183d0127", NOT_COSE }, /* out of order */
		{ "a3012601270318"
		  "3d",
		  NOT_COSE }, /* alg twice */
		{ "a3012703183d03183d", NOT_COSE },
		{ "b802012703183d", NOT_COSE },
		{ "bf012703183dff", NOT_COSE },
		{ "a201380703183d", NOT_COSE },
		{ "a2012703183d00", NOT_COSE },
		{ "a2012703183d"
		  "a0",
		  NOT_COSE },
		{ "a2012703", NOT_COSE },
		{ "a201270319003d", NOT_COSE },
		{ "82012703183d", NOT_COSE },
		{ "f6", NOT_COSE },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		struct kit_envelope e = { .protected_bytes = unhex(CASES[i].hex) };
		char name[100];

		snprintf(name, sizeof(name), "protected header %s", CASES[i].hex);
		kit_refused(&k, kit_seal(&k, &e, payload), &expect, CASES[i].want, name);
	}
}

static void try_frames(void)
{
	static const struct {
		struct {
			const char *before, *protected_head, *unprotected, *payload_head;
			const char *signature, *after;
		} hex;
		const char *want;
		const char *name;
	} CASES[] = {
		{ { .before = "84" }, NOT_COSE, "no tag" },
		{ { .before = "d184" }, NOT_COSE, "tag 17" },
		{ { .before = "d81284" }, NOT_COSE, "tag 18 in two bytes" },
		{ { .before = "d2d284" }, NOT_COSE, "tag 18 twice" },
		{ { .before = "d83dd284" }, NOT_COSE, "tag 61 around" },
		{ { .before = "d29804" }, NOT_COSE, "array head in two bytes" },
		{ { .before = "d283" }, NOT_COSE, "array of three" },
		{ { .before = "d285", .after = "f6" }, NOT_COSE, "array of five" },
		{ { .before = "d29f", .after = "ff" }, NOT_COSE, "array of indefinite length" },
		{ { .before = "d2a2" }, NOT_COSE, "a map" },
		{ { .protected_head = "5806" }, NOT_COSE, "protected head in two bytes" },
		{ { .protected_head = "66" }, NOT_COSE, "protected as text" },
		{ { .protected_head = "5f46", .unprotected = "ffa0" },
		  NOT_COSE,
		  "protected in pieces" },
		{ { .protected_head = "" }, NOT_COSE, "protected as a bare map" },
		{ { .unprotected = "a10443616263" },
		  "L1 UNPROTECTED NON_EMPTY_UNPROTECTED",
		  "kid" },
		{ { .unprotected = "a1187b01" },
		  "L1 UNPROTECTED NON_EMPTY_UNPROTECTED",
		  "an unknown unprotected label" },
		{ { .unprotected = "a10127" }, NOT_COSE, "alg unprotected too" },
		{ { .unprotected = "bfff" }, NOT_COSE, "unprotected of indefinite length" },
		{ { .unprotected = "b800" }, NOT_COSE, "unprotected head in two bytes" },
		{ { .unprotected = "80" }, NOT_COSE, "unprotected an array" },
		{ { .unprotected = "f6" }, NOT_COSE, "unprotected null" },
		{ { .unprotected = "40" }, NOT_COSE, "unprotected a byte string" },
		{ { .payload_head = "7a00000001" }, NOT_COSE, "payload as text" },
		{ { .payload_head = "" }, NOT_COSE, "payload as a bare map" },
		{ { .signature = "40" }, "L2 SIG BAD_SIG_LENGTH", "empty signature" },
		{ { .signature = "f6" }, NOT_COSE, "signature null" },
		{ { .signature = "60" }, NOT_COSE, "signature as text" },
		{ { .after = "00" }, NOT_COSE, "a byte after" },
		{ { .after = "f6" }, NOT_COSE, "an item after" },
		{ { .after = "d2" }, NOT_COSE, "a tag after" },
		{ { .after = "ff" }, NOT_COSE, "a break after" },
	};
#define PART(name) .name = CASES[i].hex.name ? unhex(CASES[i].hex.name) : tacit_slice_of(NULL, 0)

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		struct kit_envelope e = { PART(before),      PART(protected_head),
					  PART(unprotected), PART(payload_head),
					  PART(signature),   PART(after) };

		kit_refused(&k, kit_seal(&k, &e, payload), &expect, CASES[i].want, CASES[i].name);
	}
}

static void try_lengths(void)
{
	static uint8_t big[TACIT_RECEIPT_MAX_LEN + 2];
	struct kit_envelope usual = { 0 };
	uint8_t signature[68] = { 0x58, 63 };

	kit_refused(&k, tacit_slice_of(NULL, 0), &expect, NOT_COSE, "no bytes at all");
	kit_refused(&k, kit_seal(&k, &usual, tacit_slice_of(big, 0)), &expect,
		    "L1 PAYLOAD MISSING_PAYLOAD", "an empty payload");
	struct kit_envelope null_payload = { .payload_head = unhex("f6") };
	kit_refused(&k, kit_seal(&k, &null_payload, tacit_slice_of(big, 0)), &expect,
		    "L1 PAYLOAD MISSING_PAYLOAD", "a null payload");

	for (unsigned len = 63; len <= 65; len += 2) {
		signature[1] = (uint8_t)len;
		struct kit_envelope e = { .signature = tacit_slice_of(signature, len + 2u) };
		kit_refused(&k, kit_seal(&k, &e, payload), &expect, "L2 SIG BAD_SIG_LENGTH",
			    "a signature one off in length");
	}
	big[0] = 0xd2;
	kit_refused(&k, tacit_slice_of(big, TACIT_RECEIPT_MAX_LEN + 1), &expect,
		    "L1 SIZE RECEIPT_TOO_LARGE", "one byte too many");
	is_status(k.err.status, TACIT_LIMIT, "which is over a limit");
	kit_refused(&k, tacit_slice_of(big, TACIT_RECEIPT_MAX_LEN), &expect, NOT_COSE,
		    "the longest allowed is looked at");
}

/* The order of draft-02: a payload that is no map is told only to one who checked the signature. */
static void try_large_payload(void)
{
	static uint8_t junk[TACIT_RECEIPT_MAX_LEN];
	static const size_t LENGTHS[] = {
		1983, 1984, 1985, 2048, 60000, TACIT_RECEIPT_MAX_LEN - 79
	};
	struct kit_envelope usual = { 0 };
	struct tacit_receipt_expect other = expect;
	static const uint8_t OTHER[] = { 0x19, 0x7f, 0x6b, 0x23, 0xe1, 0x6c, 0x85, 0x32,
					 0xc6, 0xab, 0xc8, 0x38, 0xfa, 0xcd, 0x5e, 0xa7,
					 0x89, 0xbe, 0x0c, 0x76, 0xb2, 0x92, 0x03, 0x34,
					 0x03, 0x9b, 0xfa, 0x8b, 0x3d, 0x36, 0x8d, 0x61 };

	other.key = TACIT_SLICE_ARRAY(OTHER);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(LENGTHS); i++) {
		struct tacit_slice sealed = kit_seal(&k, &usual, tacit_slice_of(junk, LENGTHS[i]));

		ok(sealed.len <= TACIT_RECEIPT_MAX_LEN, "%zu bytes of zeros as payload",
		   LENGTHS[i]);
		kit_refused(&k, sealed, &expect, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP",
			    "a large payload, signed");
		kit_refused(&k, sealed, &other, "L2 SIG SIG_FAILED",
			    "a large payload, another key");
	}
}

/* --- layer 2 --- */

static void try_keys(void)
{
	static const char *const UNUSABLE[] = {
		"", /* no key at all */
		"00",
		/* small order: 1, 2, 4 and 8, canonical and not */
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct kit_envelope usual = { 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(UNUSABLE); i++) {
		struct tacit_receipt_expect e = { .key = unhex(UNUSABLE[i]) };
		struct tacit_receipt_verifier *verifier = NULL;

		kit_refused(&k, kit_seal(&k, &usual, payload), &e, "L2 SIG SIG_FAILED",
			    "a key that is none");
		ok(tacit_receipt_verifier_new(e.key, &verifier, NULL) != TACIT_OK && !verifier,
		   "and no verifier");
	}
	struct tacit_receipt_expect none = { 0 };
	kit_refused(&k, kit_seal(&k, &usual, payload), &none, "L2 SIG SIG_FAILED", "no key given");

	struct tacit_receipt_verifier *verifier = NULL;
	is_status(tacit_receipt_verifier_new(TACIT_SLICE_ARRAY(k.public_key), &verifier, NULL),
		  TACIT_OK, "a verifier");
	struct tacit_receipt_expect prepared = { .verifier = verifier, .key = unhex("00") };
	is_status(kit_verify(&k, kit_seal(&k, &usual, payload), &prepared), TACIT_OK,
		  "a prepared verifier comes before a raw key");
	tacit_receipt_verifier_free(verifier);
	tacit_receipt_verifier_free(NULL);
}

/* [S]B = R + [k]A holds for A the identity, S = 1, R = B, whatever the message. */
static void try_small_order_key(void)
{
	uint8_t item[66] = { 0x58, 0x40 };

	memset(item + 2, 0x66, 32);
	item[2] = 0x58;
	item[34] = 1;
	struct kit_envelope e = { .signature = TACIT_SLICE_ARRAY(item) };
	struct tacit_receipt_expect identity = {
		.key = unhex("0100000000000000000000000000000000000000000000000000000000000000")
	};
	kit_refused(&k, kit_seal(&k, &e, payload), &identity, "L2 SIG SIG_FAILED",
		    "key of order 1 for which the cofactorless equation holds");
}

/* R the identity and S = k * a: the cofactorless equation holds, and the signer made it. */
static void make_small_order_r(struct tacit_slice tbs, uint8_t ret[64])
{
	static const char ORDER[] =
		"1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
	uint8_t a[64], digest[64], message[4096] = { 1 };
	BN_CTX *cx = BN_CTX_new();
	BIGNUM *order = NULL;

	SHA512(KIT_SEED, 32, a);
	a[0] &= 248;
	a[31] &= 63;
	a[31] |= 64;
	memcpy(message + 32, k.public_key, 32);
	memcpy(message + 64, tbs.ptr, tbs.len);
	SHA512(message, 64 + tbs.len, digest);
	BN_hex2bn(&order, ORDER);
	BIGNUM *x = BN_lebin2bn(a, 32, NULL), *y = BN_lebin2bn(digest, 64, NULL), *s = BN_new();
	BN_mod_mul(s, x, y, order, cx);
	memset(ret, 0, 64);
	ret[0] = 1;
	BN_bn2lebinpad(s, ret + 32, 32);
	BN_free(x);
	BN_free(y);
	BN_free(s);
	BN_free(order);
	BN_CTX_free(cx);
}

static void try_small_order_r(void)
{
	uint8_t room[4096], item[66] = { 0x58, 0x40 };
	struct tacit_slice tbs = { NULL, 0 };

	ok(tacit_cose_sig_structure(TACIT_SLICE_ARRAY(tacit_envelope_protected),
				    tacit_slice_of(NULL, 0), payload,
				    tacit_mut_of(room, sizeof(room)), &tbs, NULL) == TACIT_OK,
	   "the signed bytes");
	make_small_order_r(tbs, item + 2);
	struct kit_envelope e = { .signature = TACIT_SLICE_ARRAY(item) };
	kit_refused(&k, kit_seal(&k, &e, payload), &expect, "L2 SIG SIG_FAILED",
		    "R of order 1 for which the cofactorless equation holds");
}

/* --- measurements --- */

#define R47                                                                                        \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b" \
	"2c2d2e"
#define REG "5830" R47 "2f"
#define PCR(n)    \
	"6470637" \
	"2"       \
	"3" n
#define MTYPE "706d6561737572656d656e745f74797065"
#define NITRO MTYPE "696e6974726f2d706372"
#define TDX   MTYPE "6d7464782d6d7274642d72746d72"
#define FIRST PCR("0") REG PCR("1") REG PCR("2") REG

static void try_measurements(void)
{
	static const struct {
		const char *map;
		const char *want; /* NULL: accepted */
		const char *name;
	} CASES[] = {
		{ "a4" FIRST NITRO, NULL, "nitro" },
		{ "a7" FIRST PCR("3") REG PCR("4") REG PCR("8") REG NITRO, NULL, "nitro, all" },
		{ "a6" FIRST PCR("3") REG PCR("4") REG TDX, NULL, "tdx, all five" },
		{ "a5" FIRST PCR("8") REG TDX, "L3 MEAS WRONG_TYPE:pcr8", "pcr8 on tdx" },
		{ "a3" FIRST, "L3 CLAIMS_DECODE MISSING_CLAIM:measurement_type", "no type" },
		{ "a3" PCR("1") REG PCR("2") REG NITRO, "L3 CLAIMS_DECODE MISSING_CLAIM:pcr0",
		  "no pcr0" },
		{ "a3" PCR("0") REG PCR("2") REG NITRO, "L3 CLAIMS_DECODE MISSING_CLAIM:pcr1",
		  "no pcr1" },
		{ "a3" PCR("0") REG PCR("1") REG NITRO, "L3 CLAIMS_DECODE MISSING_CLAIM:pcr2",
		  "no pcr2" },
		{ "a0", "L3 CLAIMS_DECODE MISSING_CLAIM:pcr0", "nothing" },
		{ "a5" FIRST PCR("5") REG NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "pcr5" },
		{ "a5" FIRST "656e6f6e6365" REG NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP",
		  "another key" },
		{ "a4" FIRST "656e6f6e6365"
		  "696e6974726f2d706372",
		  "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "another key for the type" },
		{ "a5" FIRST "03" REG NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP",
		  "a number as key" },
		{ "a5" PCR("0") REG FIRST NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "pcr0 twice" },
		{ "a5" FIRST NITRO NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "type twice" },
		{ "a5" FIRST NITRO PCR("0") REG, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP",
		  "pcr0 again after the type" },
		{ "a4" PCR("1") REG PCR("0") REG PCR("2") REG NITRO, "L3 CANONICAL PAYLOAD_NOT_MAP",
		  "registers out of order" },
		{ "a4" NITRO FIRST, "L3 CANONICAL PAYLOAD_NOT_MAP", "type first" },
		{ "b804" FIRST NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "head in two bytes" },
		{ "bf" FIRST NITRO "ff", "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "indefinite" },
		{ "a5" FIRST NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "count too high" },
		{ "a3" FIRST NITRO, "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP", "count too low" },
		{ "a4" PCR("0") "582f" R47 PCR("1") REG PCR("2") REG NITRO,
		  "L3 MEAS BAD_MEASUREMENT_LENGTH", "pcr0 of 47 bytes" },
		{ "a4" PCR("0") REG PCR("1") "5831" R47 "2f30" PCR("2") REG NITRO,
		  "L3 MEAS BAD_MEASUREMENT_LENGTH", "pcr1 of 49 bytes" },
		{ "a5" FIRST PCR("3") "40" NITRO, "L3 MEAS BAD_MEASUREMENT_LENGTH", "empty pcr3" },
		{ "a5" FIRST PCR("8") "582f" R47 NITRO, "L3 MEAS BAD_MEASUREMENT_LENGTH",
		  "pcr8 of 47 bytes" },
		{ "a4" PCR("0") REG PCR("1") "6130" PCR("2") REG NITRO,
		  "L3 CLAIMS_DECODE WRONG_TYPE:pcr1", "pcr1 as text" },
		{ "a4" FIRST MTYPE "01", "L3 CLAIMS_DECODE WRONG_TYPE:measurement_type",
		  "type a number" },
		{ "a4" FIRST MTYPE "60", "L3 MTYPE UNKNOWN_MTYPE:", "type empty" },
		{ "a4" FIRST MTYPE "637a7a7a", "L3 MTYPE UNKNOWN_MTYPE:zzz", "unknown type" },
		{ "a4" FIRST MTYPE "6a6e6974726f2d70637273", "L3 MTYPE UNKNOWN_MTYPE:nitro-pcrs",
		  "nearly known" },
		{ "a4" FIRST MTYPE "646e697400", "L3 MTYPE UNKNOWN_MTYPE:nit\\x00",
		  "a NUL in the type" },
	};
	char hex[2048];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		fresh();
		snprintf(hex, sizeof(hex), "3a00010006%s", CASES[i].map);
		kit_set_hex(&p, TACIT_AIR_MEASUREMENTS, hex);
		struct tacit_slice sealed = kit_seal_payload(&k, &p);
		if (CASES[i].want)
			kit_refused(&k, sealed, &expect, CASES[i].want, CASES[i].name);
		else
			is_status(kit_verify(&k, sealed, &expect), TACIT_OK, CASES[i].name);
	}
	fresh();
}

/* The profile for SNP (docs/receipts.md), and what of either is not the other's. */

#define LD      "6b6d6561737572656d656e74"
#define SNP     MTYPE "71736e702d6c61756e63682d646967657374"
#define NOT_MAP "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP"

static void set_profile(const char *uri)
{
	struct kit_piece *piece = &p.pieces[TACIT_AIR_EAT_PROFILE];
	struct writer w = wr_of(tacit_mut_of(piece->bytes, sizeof(piece->bytes)));

	tacit_cbor_put_int(&w, 265);
	tacit_cbor_put_text(&w, tacit_slice_str(uri));
	piece->len = w.at;
}

static void try_profiles(void)
{
	static const char AIR[] = TACIT_RECEIPT_PROFILE, OURS[] = TACIT_RECEIPT_PROFILE_SNP;
	static const struct {
		const char *profile, *map;
		const char *want; /* NULL: accepted */
		const char *name;
	} CASES[] = {
		{ OURS, "a2" LD REG SNP, NULL, "snp" },
		{ AIR, "a4" FIRST SNP, "L3 MTYPE UNKNOWN_MTYPE:snp-launch-digest",
		  "snp's type under AIR v1" },
		{ AIR, "a2" LD REG SNP, NOT_MAP, "snp's map under AIR v1" },
		{ AIR, "a5" FIRST LD REG NITRO, NOT_MAP, "nitro with a launch digest too" },
		{ OURS, "a4" FIRST NITRO, NOT_MAP, "nitro's map under snp" },
		{ OURS, "a6" FIRST PCR("3") REG PCR("4") REG TDX, NOT_MAP, "tdx's map under snp" },
		{ OURS, "a3" PCR("0") REG LD REG SNP, NOT_MAP, "snp with pcr0 too" },
		{ OURS, "a2" PCR("0") REG SNP, NOT_MAP, "snp with the digest as pcr0" },
		{ OURS, "a2" LD REG NITRO, "L3 MTYPE UNKNOWN_MTYPE:nitro-pcr",
		  "nitro's type under snp" },
		{ OURS, "a2" LD REG TDX, "L3 MTYPE UNKNOWN_MTYPE:tdx-mrtd-rtmr",
		  "tdx's type under snp" },
		{ OURS, "a2" LD REG MTYPE "60", "L3 MTYPE UNKNOWN_MTYPE:", "snp, type empty" },
		{ OURS, "a1" SNP, "L3 CLAIMS_DECODE MISSING_CLAIM:measurement", "no digest" },
		{ OURS, "a1" LD REG, "L3 CLAIMS_DECODE MISSING_CLAIM:measurement_type",
		  "snp, no type" },
		{ OURS, "a0", "L3 CLAIMS_DECODE MISSING_CLAIM:measurement", "snp, nothing" },
		{ OURS, "80", "L3 CLAIMS_DECODE WRONG_TYPE:enclave_measurements", "snp, an array" },
		{ OURS, "a2" LD "582f" R47 SNP, "L3 MEAS BAD_MEASUREMENT_LENGTH", "47 bytes" },
		{ OURS, "a2" LD "5831" R47 "2f30" SNP, "L3 MEAS BAD_MEASUREMENT_LENGTH",
		  "49 bytes" },
		{ OURS, "a2" LD "40" SNP, "L3 MEAS BAD_MEASUREMENT_LENGTH", "no bytes" },
		{ OURS, "a2" LD "6130" SNP, "L3 CLAIMS_DECODE WRONG_TYPE:measurement",
		  "the digest as text" },
		{ OURS, "a2" LD REG MTYPE "01", "L3 CLAIMS_DECODE WRONG_TYPE:measurement_type",
		  "snp, type a number" },
		{ OURS, "a3" LD REG LD REG SNP, NOT_MAP, "the digest twice" },
		{ OURS, "a3" LD REG SNP SNP, NOT_MAP, "snp, type twice" },
		{ OURS, "a3" LD REG "656e6f6e6365" REG SNP, NOT_MAP, "snp, another key" },
		{ OURS, "a2" SNP LD REG, "L3 CANONICAL PAYLOAD_NOT_MAP", "snp, type first" },
		{ OURS, "b802" LD REG SNP, NOT_MAP, "snp, head in two bytes" },
		{ OURS, "bf" LD REG SNP "ff", NOT_MAP, "snp, indefinite" },
		{ OURS, "a3" LD REG SNP, NOT_MAP, "snp, count too high" },
		{ OURS, "a1" LD REG SNP, NOT_MAP, "snp, count too low" },
		{ "urn:x-tacit:air-snp/v2", "a4" FIRST NITRO, "L3 EAT_PROFILE WRONG_PROFILE",
		  "a version that is none" },
		{ "urn:x-tacit:air-snp/v2", "a2" LD REG SNP, NOT_MAP, "the same with snp's map" },
		{ "urn:x-tacit:air-snp/v", "a4" FIRST NITRO, "L3 EAT_PROFILE WRONG_PROFILE",
		  "a profile cut short" },
		{ "URN:x-tacit:air-snp/v1", "a4" FIRST NITRO, "L3 EAT_PROFILE WRONG_PROFILE",
		  "a profile in capitals" },
	};
	char hex[2048];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		fresh();
		set_profile(CASES[i].profile);
		snprintf(hex, sizeof(hex), "3a00010006%s", CASES[i].map);
		kit_set_hex(&p, TACIT_AIR_MEASUREMENTS, hex);
		struct tacit_slice sealed = kit_seal_payload(&k, &p);
		if (CASES[i].want)
			kit_refused(&k, sealed, &expect, CASES[i].want, CASES[i].name);
		else
			is_status(kit_verify(&k, sealed, &expect), TACIT_OK, CASES[i].name);
	}
	fresh();
}

/* The profile counts wherever it stands, and twice it is no map. */
static void try_profile_places(void)
{
	set_profile(TACIT_RECEIPT_PROFILE_SNP);
	kit_set_hex(&p, TACIT_AIR_MEASUREMENTS, "3a00010006a2" LD REG SNP);
	struct kit_piece last = p.pieces[p.count - 1];
	p.pieces[p.count - 1] = p.pieces[TACIT_AIR_EAT_PROFILE];
	p.pieces[TACIT_AIR_EAT_PROFILE] = last;
	kit_refused(&k, kit_seal_payload(&k, &p), &expect, "L3 CANONICAL PAYLOAD_NOT_MAP",
		    "snp, its profile last");
	p.pieces[TACIT_AIR_EAT_PROFILE] = p.pieces[p.count - 1];
	kit_refused(&k, kit_seal_payload(&k, &p), &expect, NOT_MAP, "its profile twice");
	fresh();
	kit_drop(&p, TACIT_AIR_EAT_PROFILE);
	kit_refused(&k, kit_seal_payload(&k, &p), &expect,
		    "L3 CLAIMS_DECODE MISSING_CLAIM:eat_profile", "no profile");
	kit_set_hex(&p, TACIT_AIR_MEASUREMENTS - 1, "3a00010006a2" LD REG SNP);
	kit_refused(&k, kit_seal_payload(&k, &p), &expect, NOT_MAP, "snp's map, no profile");
	fresh();
	kit_set_hex(&p, TACIT_AIR_EAT_PROFILE,
		    "1901095675726e3a782d74616369743a6169722d736e702f7631");
	kit_set_hex(&p, TACIT_AIR_MEASUREMENTS, "3a00010006a2" LD REG SNP);
	kit_refused(&k, kit_seal_payload(&k, &p), &expect, NOT_MAP, "snp's profile as bytes");
	fresh();
}

int main(void)
{
	kit_init(&k);
	expect = kit_expect(&k);
	fresh();
	try_protected();
	try_frames();
	try_lengths();
	try_large_payload();
	try_keys();
	try_small_order_key();
	try_small_order_r();
	try_measurements();
	try_profiles();
	try_profile_places();
	tacit_receipt_key_free(k.key);
	return done();
}
