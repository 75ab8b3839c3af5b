/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binding: known answers from an independent encoding in Python (struct and hashlib only),
 * REPORTDATA known answers of AIR's transport binding, and everything that is not the one form.
 */
#include "tests/tap.h"

#include "base/bounds.h"
#include "base/hex.h"
#include "tee/binding.h"

static const char KNOWN[] =
	"a7016774616369742f3102582033333333333333333333333333333333333333333333333333333333333333"
	"3303582055555555555555555555555555555555555555555555555555555555555555550458202222222222"
	"22222222222222222222222222222222222222222222222222222205582d0700201111111111111111111111"
	"1111111111111111111111111111111111111111110008000100010001000306826464656d6f582066666666"
	"6666666666666666666666666666666666666666666666666666666607582077777777777777777777777777"
	"77777777777777777777777777777777777777";

/* Where things are in KNOWN. */
enum {
	AT_HEAD = 0,
	AT_PURPOSE = 3,
	AT_NONCE_KEY = 10,
	AT_NONCE_HEAD = 11,
	AT_HPKE_KEM = 119,
	AT_SUITES = 153,
	AT_MODEL = 164,
	AT_MODEL_ID = 166,
	AT_CONFIG_KEY = 204,
	KNOWN_LEN = 239,
};

static uint8_t known[KNOWN_LEN];

static struct tacit_slice from_hex(const char *hex, uint8_t *room, size_t size)
{
	size_t n = 0;

	ok(tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(room, size), &n), "hex of a test");
	return tacit_slice_of(room, n);
}

static struct tacit_binding sample(uint8_t hpke[static TACIT_HPKE_CONFIG_LEN])
{
	struct tacit_binding b = { 0 };
	uint8_t x25519[32];

	memset(x25519, 0x11, sizeof(x25519));
	tacit_binding_hpke_write(7, x25519, hpke);
	memset(b.nonce, 0x33, 32);
	memset(b.tls_spki, 0x55, 32);
	memset(b.receipt_key, 0x22, 32);
	memset(b.model_hash, 0x66, 32);
	memset(b.config_hash, 0x77, 32);
	b.hpke_config = tacit_slice_of(hpke, TACIT_HPKE_CONFIG_LEN);
	b.model_id = tacit_slice_str("demo");
	return b;
}

static void test_known(void)
{
	uint8_t hpke[TACIT_HPKE_CONFIG_LEN], room[TACIT_BINDING_MAX];
	struct tacit_binding b = sample(hpke), got = { 0 };
	struct tacit_slice encoded = { 0 };

	is_status(tacit_binding_encode(&b, tacit_mut_of(room, sizeof(room)), &encoded, NULL),
		  TACIT_OK, "encodes");
	is_slice(encoded, TACIT_SLICE_ARRAY(known), "encoding is the known answer");
	is_status(tacit_binding_parse(TACIT_SLICE_ARRAY(known), &got, NULL), TACIT_OK, "parses");
	is_slice(TACIT_SLICE_ARRAY(got.nonce), TACIT_SLICE_ARRAY(b.nonce), "nonce");
	is_slice(TACIT_SLICE_ARRAY(got.tls_spki), TACIT_SLICE_ARRAY(b.tls_spki), "tls key hash");
	is_slice(TACIT_SLICE_ARRAY(got.receipt_key), TACIT_SLICE_ARRAY(b.receipt_key),
		 "receipt key");
	is_slice(got.hpke_config, b.hpke_config, "hpke configuration");
	is_slice(got.model_id, b.model_id, "model id");
	is_slice(TACIT_SLICE_ARRAY(got.model_hash), TACIT_SLICE_ARRAY(b.model_hash), "model hash");
	is_slice(TACIT_SLICE_ARRAY(got.config_hash), TACIT_SLICE_ARRAY(b.config_hash),
		 "config hash");
}

static void test_room(void)
{
	uint8_t hpke[TACIT_HPKE_CONFIG_LEN], room[KNOWN_LEN];
	struct tacit_binding b = sample(hpke);
	struct tacit_slice untouched = { known, 1 }, encoded = untouched;
	bool limit = true;

	for (size_t n = 0; n < KNOWN_LEN; n++)
		limit &= tacit_binding_encode(&b, tacit_mut_of(room, n), &encoded, NULL) ==
			 TACIT_LIMIT;
	ok(limit, "too little room is a limit at every size");
	ok(encoded.ptr == untouched.ptr && encoded.len == 1, "and leaves the output alone");
	is_status(tacit_binding_encode(&b, tacit_mut_of(room, KNOWN_LEN), &encoded, NULL), TACIT_OK,
		  "exact room suffices");
}

static bool refused(struct tacit_slice in)
{
	struct tacit_binding b, before;

	memset(&b, 0xa5, sizeof(b));
	before = b;
	enum tacit_status st = tacit_binding_parse(in, &b, NULL);
	return st == TACIT_FORMAT && memcmp(b.nonce, before.nonce, 32) == 0 &&
	       b.model_id.len == before.model_id.len;
}

static void test_truncations(void)
{
	bool all = true;
	uint8_t longer[KNOWN_LEN + 1];

	for (size_t n = 0; n < KNOWN_LEN; n++)
		all &= refused(tacit_slice_of(known, n));
	ok(all, "every truncation is refused and leaves the output alone");
	ok(refused(tacit_slice_of(NULL, 0)), "nothing at all is refused");
	memcpy(longer, known, KNOWN_LEN);
	longer[KNOWN_LEN] = 0;
	ok(refused(TACIT_SLICE_ARRAY(longer)), "a trailing byte is refused");
}

/* A flip either is refused or lands in a value, where it is read back as it is. */
static void test_flips(void)
{
	uint8_t bytes[KNOWN_LEN], again[TACIT_BINDING_MAX];
	size_t accepted = 0, wrong = 0;

	for (size_t bit = 0; bit < KNOWN_LEN * 8; bit++) {
		struct tacit_binding b;
		struct tacit_slice encoded = { 0 };

		memcpy(bytes, known, KNOWN_LEN);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (tacit_binding_parse(TACIT_SLICE_ARRAY(bytes), &b, NULL) != TACIT_OK)
			continue;
		accepted++;
		if (tacit_binding_encode(&b, tacit_mut_of(again, sizeof(again)), &encoded, NULL) ||
		    !tacit_slice_eq(encoded, TACIT_SLICE_ARRAY(bytes)))
			wrong++;
	}
	ok(wrong == 0, "whatever a bit flip leaves acceptable is encoded back to the same bytes");
	/* Five values of 32 bytes, the X25519 key, the key id; model id flips that stay text. */
	ok(accepted >= 8 * (5 * 32 + 32 + 1) && accepted <= 8 * (5 * 32 + 32 + 1 + 4),
	   "flips are accepted in values alone (%zu)", accepted);
}

static void refuse_edit(size_t at, uint8_t value, const char *name)
{
	uint8_t bytes[KNOWN_LEN];

	memcpy(bytes, known, KNOWN_LEN);
	bytes[at] = value;
	ok(refused(TACIT_SLICE_ARRAY(bytes)), "%s", name);
}

static void test_edits(void)
{
	refuse_edit(AT_HEAD, 0xa6, "a map of six is refused");
	refuse_edit(AT_HEAD, 0xa8, "a map of eight is refused");
	refuse_edit(AT_HEAD, 0xbf, "an indefinite map is refused");
	refuse_edit(AT_HEAD, 0x87, "an array is refused");
	refuse_edit(1, 0x00, "label 0 is refused");
	refuse_edit(AT_NONCE_KEY, 0x03, "a repeated label is refused");
	refuse_edit(AT_CONFIG_KEY, 0x08, "an unknown label is refused");
	refuse_edit(AT_CONFIG_KEY, 0x26, "a negative label is refused");
	refuse_edit(AT_PURPOSE + 6, '2', "purpose tacit/2 is refused");
	refuse_edit(AT_PURPOSE, 'T', "purpose Tacit/1 is refused");
	refuse_edit(AT_PURPOSE - 1, 0x47, "a purpose of bytes is refused");
	refuse_edit(AT_NONCE_HEAD, 0x78, "a nonce of text is refused");
	refuse_edit(AT_NONCE_HEAD + 1, 0x1f, "a short nonce is refused");
	refuse_edit(AT_HPKE_KEM + 1, 0x10, "another KEM is refused");
	refuse_edit(AT_HPKE_KEM, 0x01, "a KEM above 255 is refused");
	refuse_edit(AT_SUITES, 0x09, "a wrong length of suites is refused");
	refuse_edit(AT_SUITES + 2, 0x02, "another KDF is refused");
	refuse_edit(AT_SUITES + 4, 0x02, "another AEAD is refused");
	refuse_edit(AT_SUITES + 8, 0x01, "a second suite like the first is refused");
	refuse_edit(AT_MODEL, 0x83, "a model of three is refused");
	refuse_edit(AT_MODEL_ID, 0xff, "a model id that is not UTF-8 is refused");
	refuse_edit(AT_MODEL_ID, 0x00, "a model id with a NUL is refused");
	refuse_edit(AT_MODEL_ID, 0x1b, "a model id with an escape is refused");
	refuse_edit(AT_MODEL_ID, 0x7f, "a model id with a DEL is refused");
}

/* Replaces `cut` bytes at `at` of the known answer by `with`. */
static struct tacit_slice splice(uint8_t *room, size_t at, size_t cut, struct tacit_slice with)
{
	memcpy(room, known, at);
	memcpy(room + at, with.ptr, with.len);
	memcpy(room + at + with.len, known + at + cut, KNOWN_LEN - at - cut);
	return tacit_slice_of(room, KNOWN_LEN - cut + with.len);
}

static void refuse_splice(size_t at, size_t cut, const char *hex, const char *name)
{
	uint8_t room[TACIT_BINDING_MAX], with[600];
	size_t n = 0;

	if (!tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(with, sizeof(with)), &n))
		n = 0;
	ok(refused(splice(room, at, cut, tacit_slice_of(with, n))), "%s", name);
}

static void test_splices(void)
{
	refuse_splice(0, 1, "b807", "a longer map head is refused");
	refuse_splice(1, 1, "1801", "a longer label is refused");
	refuse_splice(2, 1, "7807", "a longer text head is refused");
	refuse_splice(AT_NONCE_HEAD, 2, "590020", "a longer bytes head is refused");
	refuse_splice(AT_MODEL, 1, "9802", "a longer array head is refused");
	refuse_splice(AT_MODEL, 1, "9f", "an indefinite array is refused");
	refuse_splice(AT_MODEL + 1, 5, "60", "an empty model id is refused");
	refuse_splice(AT_NONCE_KEY, 35, "", "a missing member is refused");
	refuse_splice(0, 0, "d8ff", "a tag in front is refused");
	refuse_splice(KNOWN_LEN - 32, 32, "", "a value without its bytes is refused");
	refuse_splice(KNOWN_LEN, 0, "a0", "a second item is refused");
	refuse_splice(AT_MODEL + 1, 5, "654e41c3a9", "a model id with a wrong length is refused");
	refuse_splice(AT_MODEL + 1, 5, "63eda080", "a surrogate in the model id is refused");
	refuse_splice(AT_MODEL + 1, 5, "62c080", "an overlong NUL in the model id is refused");
}

/* Members in another order, each whole: nonce and TLS key exchanged with their labels. */
static void test_order(void)
{
	uint8_t bytes[KNOWN_LEN];

	memcpy(bytes, known, KNOWN_LEN);
	memcpy(bytes + 10, known + 45, 35);
	memcpy(bytes + 45, known + 10, 35);
	ok(bytes[10] == 3 && bytes[45] == 2, "the members are exchanged");
	ok(refused(TACIT_SLICE_ARRAY(bytes)), "members out of order are refused");
}

static enum tacit_status encode_with_id(struct tacit_slice id, struct tacit_slice *ret)
{
	static uint8_t room[TACIT_BINDING_MAX];
	uint8_t hpke[TACIT_HPKE_CONFIG_LEN];
	struct tacit_binding b = sample(hpke);

	b.model_id = id;
	return tacit_binding_encode(&b, tacit_mut_of(room, sizeof(room)), ret, NULL);
}

static void test_model_id_bounds(void)
{
	char id[TACIT_MODEL_ID_MAX + 2];
	struct tacit_slice out = { 0 };
	struct tacit_binding b;

	memset(id, 'm', sizeof(id));
	is_status(encode_with_id(tacit_slice_of(id, TACIT_MODEL_ID_MAX), &out), TACIT_OK,
		  "the longest model id encodes");
	is_status(tacit_binding_parse(out, &b, NULL), TACIT_OK, "and parses");
	ok(b.model_id.len == TACIT_MODEL_ID_MAX, "whole");
	is_status(encode_with_id(tacit_slice_of(id, TACIT_MODEL_ID_MAX + 1), &out), TACIT_FORMAT,
		  "one byte more is not encoded");
	is_status(encode_with_id(tacit_slice_str(""), &out), TACIT_FORMAT, "nor an empty one");
	is_status(encode_with_id(tacit_slice_of("a\0b", 3), &out), TACIT_FORMAT, "nor a NUL");
	is_status(encode_with_id(tacit_slice_str("\xc3"), &out), TACIT_FORMAT, "nor half a letter");
	is_status(encode_with_id(tacit_slice_str("\xc3\xa9"), &out), TACIT_OK, "a whole one is");
}

/* The longest id, made one longer on the wire. */
static void test_model_id_wire(void)
{
	uint8_t room[TACIT_BINDING_MAX], with[3 + TACIT_MODEL_ID_MAX + 1];
	struct tacit_binding b;

	memset(with, 'm', sizeof(with));
	with[0] = 0x79;
	with[1] = 0x01;
	with[2] = 0x01;
	ok(refused(splice(room, AT_MODEL + 1, 5, TACIT_SLICE_ARRAY(with))),
	   "a model id of 257 bytes is refused");
	with[2] = 0x00;
	is_status(tacit_binding_parse(
			  splice(room, AT_MODEL + 1, 5, tacit_slice_of(with, sizeof(with) - 1)), &b,
			  NULL),
		  TACIT_OK, "one of 256 is read");
}

static void test_size(void)
{
	static uint8_t big[TACIT_BINDING_MAX + 1];
	struct tacit_binding b;
	struct tacit_error err = { 0 };

	memcpy(big, known, KNOWN_LEN);
	is_status(tacit_binding_parse(TACIT_SLICE_ARRAY(big), &b, &err), TACIT_LIMIT,
		  "over the size limit is a limit");
	is_status(tacit_binding_parse(tacit_slice_of(big, TACIT_BINDING_MAX), &b, NULL),
		  TACIT_FORMAT, "at the limit it is judged by its form");
}

static void test_bad_hpke(void)
{
	uint8_t hpke[TACIT_HPKE_CONFIG_LEN + 1] = { 0 }, room[TACIT_BINDING_MAX];
	struct tacit_binding b = sample(hpke);
	struct tacit_slice out;

	b.hpke_config.len--;
	is_status(tacit_binding_encode(&b, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_FORMAT, "a short key configuration is not encoded");
	b.hpke_config.len += 2;
	is_status(tacit_binding_encode(&b, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_FORMAT, "nor a long one");
	b.hpke_config = tacit_slice_of(NULL, 0);
	is_status(tacit_binding_encode(&b, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_FORMAT, "nor none");
}

static void test_purpose(void)
{
	uint8_t bytes[KNOWN_LEN];
	struct tacit_slice purpose = { 0 };

	ok(tacit_binding_purpose(TACIT_SLICE_ARRAY(known), &purpose),
	   "a binding shows its purpose");
	is_slice(purpose, tacit_slice_str("tacit/1"), "tacit/1");
	memcpy(bytes, known, KNOWN_LEN);
	bytes[AT_PURPOSE + 6] = '9';
	ok(tacit_binding_purpose(TACIT_SLICE_ARRAY(bytes), &purpose), "so does a later version");
	is_slice(purpose, tacit_slice_str("tacit/9"), "tacit/9");
	bytes[AT_PURPOSE] = 'x';
	ok(!tacit_binding_purpose(TACIT_SLICE_ARRAY(bytes), &purpose),
	   "other purposes are not ours");
	ok(!tacit_binding_purpose(tacit_slice_of(known, 4), &purpose), "nor a cut one");
	ok(tacit_binding_purpose(tacit_slice_str("\xa1\x01\x66tacit/"), &purpose),
	   "the family's name alone is ours");
	ok(!tacit_binding_purpose(tacit_slice_str("\xa1\x01\x65tacit"), &purpose), "less is not");
	ok(!tacit_binding_purpose(tacit_slice_of("\xa1\x01\x65tacit/", 8), &purpose),
	   "not even when a slash lies behind it");
	ok(!tacit_binding_purpose(tacit_slice_str("\xa1\x02\x67tacit/1"), &purpose),
	   "nor under another label");
	ok(!tacit_binding_purpose(tacit_slice_str("{\"a\":1}"), &purpose), "nor JSON");
	ok(!tacit_binding_purpose(tacit_slice_of(NULL, 0), &purpose), "nor nothing");
}

/* The preimage alone, against answers computed outside this project's code. */
static void test_envelope(void)
{
	uint8_t a[32], b[32], c[32], d[32], got[64], want[64];
	struct tacit_binding_envelope e = {
		.platform = tacit_slice_str("tdx"),
		.handshake_key = tacit_slice_of(memset(a, 0x11, 32), 32),
		.receipt_key = tacit_slice_of(memset(b, 0x22, 32), 32),
		.nonce = tacit_slice_of(memset(c, 0x33, 32), 32),
	};

	is_status(tacit_binding_envelope_hash(&e, got, NULL), TACIT_OK, "envelope without a hash");
	is_slice(
		TACIT_SLICE_ARRAY(got),
		from_hex(
			"ea0a12429aafbb6e1796f919cd793f52961d29a0ccb6536ef5be56f4c8ad940ec4474353c1"
			"53675c366ccb09701d107712bf31ab0edad2a27e4e3552e36022ca",
			want, sizeof(want)),
		"known answer without a hash");
	e.evidence_hash = tacit_slice_of(memset(d, 0x44, 32), 32);
	is_status(tacit_binding_envelope_hash(&e, got, NULL), TACIT_OK, "envelope with a hash");
	is_slice(
		TACIT_SLICE_ARRAY(got),
		from_hex(
			"024373273e91208750d3a265e1477d3a56120f60c88536d4842ae0862f7da30b8ae31ec812"
			"7227c21ffe6328f1d81d1a664b6aa75c59ef9eef10f312e67c9af2",
			want, sizeof(want)),
		"known answer with a hash");
}

static void test_report_data(void)
{
	uint8_t got[64], want[64], before[64];

	is_status(tacit_binding_report_data("tdx", TACIT_SLICE_ARRAY(known), got, NULL), TACIT_OK,
		  "report data for tdx");
	is_slice(
		TACIT_SLICE_ARRAY(got),
		from_hex(
			"3911dd46313ed65459c5479ce0385a1c5a54e3bd33a8367f285921091000dcafdb48a01752"
			"7525c33428489d84443449810a10685ebe2f36c960135970a5829e",
			want, sizeof(want)),
		"known answer for tdx");
	is_status(tacit_binding_report_data("snp", TACIT_SLICE_ARRAY(known), got, NULL), TACIT_OK,
		  "report data for snp");
	is_slice(
		TACIT_SLICE_ARRAY(got),
		from_hex(
			"aaafc9be58747dfbb6e41159e1afdc13df2dd2da2138ca7539cfc905380aea73a76523c52b"
			"7707e5d42cf6f353779c7f073f752e57926a1bf488287e650c8f15",
			want, sizeof(want)),
		"known answer for snp");
	memcpy(before, got, sizeof(got));
	is_status(tacit_binding_report_data("nitro", TACIT_SLICE_ARRAY(known), got, NULL),
		  TACIT_USAGE, "nitro has no report data");
	is_status(tacit_binding_report_data(NULL, TACIT_SLICE_ARRAY(known), got, NULL), TACIT_USAGE,
		  "nor has no platform");
	is_status(tacit_binding_report_data("tdx", tacit_slice_of(known, 200), got, NULL),
		  TACIT_FORMAT, "a broken binding has none");
	is_slice(TACIT_SLICE_ARRAY(got), TACIT_SLICE_ARRAY(before),
		 "failures leave the output alone");
}

/* Every bit of the binding changes the report data. */
static void test_report_data_covers(void)
{
	uint8_t bytes[KNOWN_LEN], base[64], got[64];
	bool differs = tacit_binding_report_data("tdx", TACIT_SLICE_ARRAY(known), base, NULL) == 0;

	for (size_t bit = 0; bit < KNOWN_LEN * 8; bit++) {
		memcpy(bytes, known, KNOWN_LEN);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (tacit_binding_report_data("tdx", TACIT_SLICE_ARRAY(bytes), got, NULL) ==
		    TACIT_OK)
			differs &= memcmp(base, got, 64) != 0;
	}
	ok(differs, "report data covers every bit of the binding");
}

int main(void)
{
	from_hex(KNOWN, known, sizeof(known));
	test_known();
	test_room();
	test_truncations();
	test_flips();
	test_edits();
	test_splices();
	test_order();
	test_model_id_bounds();
	test_model_id_wire();
	test_size();
	test_bad_hpke();
	test_purpose();
	test_envelope();
	test_report_data();
	test_report_data_covers();
	return done();
}
