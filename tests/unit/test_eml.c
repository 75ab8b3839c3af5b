/* SPDX-License-Identifier: Apache-2.0 */

/* EphemeralML's envelope around a TD's quote: what it says, and what REPORTDATA stand for. */

#include "tests/pki/azure.h"
#include "tests/unit/azure_util.h"
#include "tests/unit/nitro_util.h"

#include "base/writer.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "tee/binding.h"

#define DATA_AT 520 /* REPORTDATA in a quote's body */

static struct azure_bench b;
static struct tacit_evidence ev;
static struct dcap_quote_spec spec;
static struct tacit_slice quote;

struct envelope {
	const char *platform;
	struct tacit_slice wire;
	struct tacit_slice user;
	uint64_t version;
	struct tacit_slice handshake, nonce;
	size_t members; /* written; 6 is all */
	const char *twice;
};

static uint8_t HANDSHAKE[32], RECEIPT[32], NONCE[32], HASH[32];
static uint8_t wire_room[16384], user_room[2048], out_room[32768];

static struct tacit_slice wire_of(struct tacit_slice document)
{
	struct writer w = wr_of(tacit_mut_of(wire_room, sizeof(wire_room)));
	uint8_t le[4];

	for (size_t i = 0; i < 4; i++)
		le[i] = (uint8_t)(document.len >> 8 * i);
	wr_bytes(&w, tacit_slice_of("TDX_V1\0\0\0\0\0\0", 12));
	wr_bytes(&w, TACIT_SLICE_ARRAY(le));
	wr_bytes(&w, document);
	return tacit_slice_of(wire_room, w.at);
}

static void put_numbers(struct writer *w, const uint8_t *bytes)
{
	char number[8];

	for (size_t i = 0; i < 32; i++) {
		snprintf(number, sizeof(number), i ? ",%u" : "[%u", bytes[i]);
		wr_bytes(w, tacit_slice_str(number));
	}
	wr_bytes(w, tacit_slice_str("]"));
}

/* The form that the source writes: JSON with keys as lists of numbers. */
static struct tacit_slice user_json(const uint8_t *hash)
{
	struct writer w = wr_of(tacit_mut_of(user_room, sizeof(user_room)));

	wr_bytes(&w, tacit_slice_str("{\"hpke_public_key\":"));
	put_numbers(&w, HANDSHAKE);
	wr_bytes(&w, tacit_slice_str(",\"receipt_signing_key\":"));
	put_numbers(&w, RECEIPT);
	wr_bytes(&w, tacit_slice_str(",\"protocol_version\":1,\"supported_features\":[\"gateway\"],"
				     "\"platform_evidence_hash\":"));
	if (hash)
		put_numbers(&w, hash);
	else
		wr_bytes(&w, tacit_slice_str("null"));
	wr_bytes(&w, tacit_slice_str("}"));
	return tacit_slice_of(user_room, w.at);
}

static struct tacit_slice user_cbor(bool numbers)
{
	struct writer w = wr_of(tacit_mut_of(user_room, sizeof(user_room)));

	tacit_cbor_put_map(&w, 2);
	tacit_cbor_put_text(&w, tacit_slice_str("receipt_signing_key"));
	if (numbers) {
		tacit_cbor_put_array(&w, 32);
		for (size_t i = 0; i < 32; i++)
			tacit_cbor_put_uint(&w, RECEIPT[i]);
	} else {
		tacit_cbor_put_bytes(&w, TACIT_SLICE_ARRAY(RECEIPT));
	}
	tacit_cbor_put_text(&w, tacit_slice_str("platform_evidence_hash"));
	tacit_cbor_put_null(&w);
	return tacit_slice_of(user_room, w.at);
}

static struct tacit_slice encode(const struct envelope *e)
{
	struct writer w = wr_of(tacit_mut_of(out_room, sizeof(out_room)));

	tacit_cbor_put_map(&w, e->members + (e->twice ? 1 : 0));
	tacit_cbor_put_text(&w, tacit_slice_str("platform"));
	tacit_cbor_put_text(&w, tacit_slice_str(e->platform));
	tacit_cbor_put_text(&w, tacit_slice_str("tdx_wire"));
	tacit_cbor_put_bytes(&w, e->wire);
	tacit_cbor_put_text(&w, tacit_slice_str("user_data"));
	tacit_cbor_put_bytes(&w, e->user);
	tacit_cbor_put_text(&w, tacit_slice_str("protocol_version"));
	tacit_cbor_put_uint(&w, e->version);
	tacit_cbor_put_text(&w, tacit_slice_str("handshake_public_key"));
	tacit_cbor_put_bytes(&w, e->handshake);
	if (e->members == 6) {
		tacit_cbor_put_text(&w, tacit_slice_str("nonce"));
		tacit_cbor_put_bytes(&w, e->nonce);
	}
	if (e->twice) {
		tacit_cbor_put_text(&w, tacit_slice_str(e->twice));
		tacit_cbor_put_bytes(&w, e->nonce);
	}
	return tacit_slice_of(out_room, w.at);
}

static void bind_to(const char *platform, const uint8_t *hash)
{
	struct tacit_binding_envelope e = {
		.platform = tacit_slice_str(platform),
		.handshake_key = TACIT_SLICE_ARRAY(HANDSHAKE),
		.receipt_key = TACIT_SLICE_ARRAY(RECEIPT),
		.nonce = TACIT_SLICE_ARRAY(NONCE),
		.evidence_hash = tacit_slice_of(hash, hash ? 32 : 0),
	};

	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	if (tacit_binding_envelope_hash(&e, spec.body + DATA_AT, NULL) != TACIT_OK)
		ok(false, "the binding is hashed");
	quote = dcap_quote(&spec);
}

static struct envelope usual(void)
{
	struct envelope e = {
		.platform = "tdx",
		.wire = wire_of(quote),
		.user = user_json(NULL),
		.version = 1,
		.handshake = TACIT_SLICE_ARRAY(HANDSHAKE),
		.nonce = TACIT_SLICE_ARRAY(NONCE),
		.members = 6,
	};

	return e;
}

/* Without Intel's collateral the last word on a quote is "undecided"; its rows say enough. */
static enum tacit_status judge(struct tacit_slice in)
{
	static struct tacit_slice root;

	azure_start(&b, AZURE_NOW);
	root = dcap_world()->root->der;
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
	b.cx.collateral = NULL;
	enum tacit_status st = tacit_evidence_unwrap(in, &b.arena, &ev, &b.err);
	return st == TACIT_OK ? azure_judge_ev(&b, &ev) : st;
}

static bool bound(struct tacit_slice in)
{
	const struct tacit_check *check;

	(void)judge(in);
	check = tacit_verdict_find(&b.verdict, "wrapper.eml.binding");
	return check && check->result == TACIT_CHECK_PASS;
}

static void test_bound(void)
{
	bind_to("tdx", NULL);
	struct envelope e = usual();
	ok(bound(encode(&e)), "an envelope that REPORTDATA stand for");
	azure_passed(&b, "wrapper.platform");
	azure_passed(&b, "wrapper.eml.receipt_key");
	is_slice(ev.raw, quote, "the quote in it");
	const struct tacit_claims *claims = tacit_verdict_genuine(&b.verdict);
	ok(claims && tacit_slice_eq(claims->nonce, TACIT_SLICE_ARRAY(NONCE)) &&
		   tacit_slice_eq(claims->public_key, TACIT_SLICE_ARRAY(HANDSHAKE)),
	   "its nonce and its key are claims");
	e.user = user_cbor(true);
	ok(bound(encode(&e)), "with user data in CBOR, the key as numbers");
	e.user = user_cbor(false);
	ok(bound(encode(&e)), "and as bytes");
	bind_to("tdx", HASH);
	e = usual();
	ok(!bound(encode(&e)), "a hash of evidence that the envelope leaves out");
	e.user = user_json(HASH);
	ok(bound(encode(&e)), "and one that it names");
	bind_to("gcp-cs-tdx", NULL);
	e = usual();
	ok(!bound(encode(&e)), "the name of the platform is bound");
	e.platform = "gcp-cs-tdx";
	ok(bound(encode(&e)), "whichever it is");
}

static void not_bound(const struct envelope *e, const char *what)
{
	ok(!bound(encode(e)), "%s", what);
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "wrapper.eml.binding");
	ok(check && check->result == TACIT_CHECK_FAIL && check->status == TACIT_BINDING,
	   "  is refused");
	const struct tacit_claims *claims = tacit_verdict_genuine(&b.verdict);
	ok(claims && !claims->nonce.ptr && !claims->public_key.ptr, "  and gives no key or nonce");
}

static void test_changed(void)
{
	bind_to("tdx", NULL);
	struct envelope e = usual();
	uint8_t other[32];
	memcpy(other, HANDSHAKE, 32);
	other[31] ^= 1;
	e.handshake = TACIT_SLICE_ARRAY(other);
	not_bound(&e, "another handshake key");
	e = usual();
	memcpy(other, NONCE, 32);
	other[0] ^= 0x80;
	e.nonce = TACIT_SLICE_ARRAY(other);
	not_bound(&e, "another nonce");
	e = usual();
	RECEIPT[7] ^= 1;
	e.user = user_json(NULL);
	not_bound(&e, "another receipt key");
	RECEIPT[7] ^= 1;
	e = usual();
	e.user = user_json(HASH);
	not_bound(&e, "a hash of evidence that is new");
}

/* At boot REPORTDATA are key and nonce themselves; the receipt key is then nobody's word. */
static void test_plain(void)
{
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	memcpy(spec.body + DATA_AT, HANDSHAKE, 32);
	memcpy(spec.body + DATA_AT + 32, NONCE, 32);
	quote = dcap_quote(&spec);
	struct envelope e = usual();
	ok(bound(encode(&e)), "the form of boot is bound");
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "wrapper.eml.receipt_key");
	ok(check && check->result == TACIT_CHECK_SKIP && check->why, "  but for the receipt key");
	uint8_t other[32];
	memcpy(other, HANDSHAKE, 32);
	other[0] ^= 1;
	e.handshake = TACIT_SLICE_ARRAY(other);
	not_bound(&e, "another handshake key beside the form of boot");
	memset(spec.body + DATA_AT + 32, 0, 32);
	quote = dcap_quote(&spec);
	e = usual();
	not_bound(&e, "the key without the nonce");
}

static void broken(const struct envelope *e, const char *what)
{
	static uint8_t room[65536];
	struct tacit_evidence none = { 0 };
	struct tacit_arena arena;

	ev = none;
	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_evidence_unwrap(encode(e), &arena, &ev, NULL), TACIT_FORMAT, what);
	ok(!ev.raw.ptr, "  and nothing is given");
}

static void test_broken(void)
{
	bind_to("tdx", NULL);
	struct envelope e = usual();
	e.version = 2;
	broken(&e, "another version of the protocol");
	e = usual();
	e.handshake.len = 31;
	broken(&e, "a short key");
	e = usual();
	e.nonce.len = 0;
	broken(&e, "no nonce");
	e = usual();
	e.platform = "a name that is far too long for any platform";
	broken(&e, "a name that is too long");
	e = usual();
	e.platform = "";
	broken(&e, "no name");
	e = usual();
	e.members = 5;
	broken(&e, "a member too few");
	e = usual();
	e.twice = "nonce";
	broken(&e, "a member twice");
	e = usual();
	e.twice = "more";
	broken(&e, "a member too many");
	e = usual();
	e.wire = quote;
	broken(&e, "a quote without its marker");
	e = usual();
	e.wire.len--;
	broken(&e, "a quote that was cut");
	e = usual();
	e.user = tacit_slice_str("{}");
	broken(&e, "user data without a receipt key");
	e.user = tacit_slice_str("{\"receipt_signing_key\":[1,2]}");
	broken(&e, "with a short one");
	e.user = tacit_slice_str("\xa0");
	broken(&e, "with none in CBOR");
	e.user = tacit_slice_of(NULL, 0);
	broken(&e, "with none at all");
}

/* Keys of the wrong size or kind, and members twice, in user data of both forms. */
static void user_is(struct tacit_slice user, const char *what)
{
	struct tacit_slice own = pki_copy(user); /* usual() writes where it may lie */
	struct envelope e = usual();

	e.user = own;
	broken(&e, what);
}

static struct tacit_slice cbor_user(size_t count, uint64_t number, bool bytes, bool twice)
{
	struct writer w = wr_of(tacit_mut_of(user_room, sizeof(user_room)));

	tacit_cbor_put_map(&w, twice ? 2 : 1);
	for (int i = 0; i <= (int)twice; i++) {
		tacit_cbor_put_text(&w, tacit_slice_str("receipt_signing_key"));
		if (bytes) {
			tacit_cbor_put_bytes(&w, tacit_slice_of(user_room + 512, count));
			continue;
		}
		tacit_cbor_put_array(&w, count);
		for (size_t n = 0; n < count; n++)
			tacit_cbor_put_uint(&w, number);
	}
	return tacit_slice_of(user_room, w.at);
}

/* A member of user data in CBOR, written with its value `times` times behind the receipt key. */
static struct tacit_slice with_hash(int times)
{
	struct writer w = wr_of(tacit_mut_of(user_room, sizeof(user_room)));

	tacit_cbor_put_map(&w, 1 + (uint64_t)times);
	tacit_cbor_put_text(&w, tacit_slice_str("receipt_signing_key"));
	tacit_cbor_put_bytes(&w, TACIT_SLICE_ARRAY(RECEIPT));
	for (int i = 0; i < times; i++) {
		tacit_cbor_put_text(&w, tacit_slice_str("platform_evidence_hash"));
		tacit_cbor_put_bytes(&w, TACIT_SLICE_ARRAY(HASH));
	}
	return tacit_slice_of(user_room, w.at);
}

/* The map's own head, and bytes behind it. */
static void test_map(void)
{
	static uint8_t room[65536];
	struct tacit_arena arena;

	bind_to("tdx", NULL);
	struct envelope e = usual();
	struct tacit_slice whole = encode(&e);
	out_room[whole.len] = 0xf6;
	tacit_arena_init(&arena, room, sizeof(room));
	is_status(
		tacit_evidence_unwrap(tacit_slice_of(whole.ptr, whole.len + 1), &arena, &ev, NULL),
		TACIT_FORMAT, "an item behind the envelope");
	out_room[0] = 0xa5;
	is_status(tacit_evidence_unwrap(whole, &arena, &ev, NULL), TACIT_FORMAT,
		  "a map of five with six members behind its head");
	/* Six members, and some of them not an envelope's: somebody else's document. */
	static const char OTHER[] = "\xa6\x68platform\x66"
				    "cs-tdx\x61"
				    "a\x01\x61"
				    "b\x01\x61"
				    "c\x01\x61"
				    "d\x01\x61"
				    "e\x01";
	is_status(tacit_evidence_unwrap(tacit_slice_str(OTHER), &arena, &ev, NULL),
		  TACIT_UNSUPPORTED,
		  "six other members are no broken envelope, but Google's token");
}

/* A document without REPORTDATA behind the marker for a quote. */
static void test_other_tee(void)
{
	static struct nitro_bench n;
	static struct tacit_slice root;
	struct nitro_spec nitro = { 0 };

	bind_to("tdx", NULL);
	nitro_start(&n);
	struct envelope e = usual();
	e.wire = wire_of(nitro_document(&n.pki, &nitro));
	azure_start(&b, NITRO_NOW);
	root = n.pki.root;
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
	is_status(tacit_evidence_unwrap(encode(&e), &b.arena, &ev, NULL), TACIT_OK,
		  "a Nitro document in an envelope");
	is_status(azure_judge_ev(&b, &ev), TACIT_BINDING, "  is genuine, and not the envelope's");
	azure_failed(&b, "wrapper.platform");
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "wrapper.eml.binding");
	ok(check && check->result == TACIT_CHECK_FAIL, "  nothing in it stands for the keys");
}

/* What an envelope holds is a quote of a TD, and no other envelope. */
static void test_nested(void)
{
	static uint8_t inner[32768];

	bind_to("tdx", NULL);
	struct envelope e = usual();
	struct tacit_slice whole = encode(&e);
	memcpy(inner, whole.ptr, whole.len);
	e.wire = wire_of(tacit_slice_of(inner, whole.len));
	broken(&e, "an envelope within an envelope");
	e = usual();
	memcpy(inner, e.wire.ptr, e.wire.len);
	memcpy(inner, "SEV_SNP_V1\0\0", 12);
	e.wire = tacit_slice_of(inner, e.wire.len);
	broken(&e, "a report of SNP in an envelope for TDX");
	memset(inner + e.wire.len, 0, 4); /* no certificates: a whole document of that marker */
	e.wire.len += 4;
	broken(&e, "and one that is whole");
}

static void test_keys(void)
{
	static char text[256];
	size_t len = 0;

	bind_to("tdx", NULL);
	struct envelope good = usual();
	static uint8_t room[65536];
	struct tacit_arena arena;
	tacit_arena_init(&arena, room, sizeof(room));
	good.user = cbor_user(32, 255, false, false);
	is_status(tacit_evidence_unwrap(encode(&good), &arena, &ev, NULL), TACIT_OK,
		  "a key of 32 numbers");
	user_is(cbor_user(31, 255, false, false), "a key of 31 numbers");
	user_is(cbor_user(33, 255, false, false), "a key of 33 numbers");
	struct tacit_slice fewer = cbor_user(31, 1, false, false);
	user_room[fewer.len++] = 0x01;
	user_is(fewer, "a key of 31 numbers with another behind the map");
	user_is(cbor_user(32, 256, false, false), "a key of numbers that are no bytes");
	user_is(cbor_user(31, 0, true, false), "a key of 31 bytes");
	user_is(cbor_user(33, 0, true, false), "a key of 33 bytes");
	user_is(cbor_user(32, 1, false, true), "a key twice");
	user_is(tacit_slice_str("\xa1\x73receipt_signing_key\x07"), "a key that is a number");
	user_is(with_hash(2), "a hash of evidence twice");
	good.user = with_hash(1);
	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_evidence_unwrap(encode(&good), &arena, &ev, NULL), TACIT_OK, "and once");
	is_slice(ev.wrapper->eml.evidence_hash, TACIT_SLICE_ARRAY(HASH), "it is read");
	for (size_t i = 0; i < 33; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s1",
					i ? "," : "{\"receipt_signing_key\":[");
	snprintf(text + len, sizeof(text) - len, "]}");
	user_is(tacit_slice_str(text), "33 numbers in JSON");
}

static void test_truncations(void)
{
	static uint8_t room[65536];
	struct tacit_arena arena;
	size_t taken = 0;

	bind_to("tdx", NULL);
	struct envelope e = usual();
	struct tacit_slice whole = encode(&e);
	for (size_t n = 0; n < whole.len; n++) {
		tacit_arena_init(&arena, room, sizeof(room));
		taken += tacit_evidence_unwrap(tacit_slice_of(whole.ptr, n), &arena, &ev, NULL) ==
			 TACIT_OK;
	}
	ok(taken == 0, "every truncation of %zu bytes is refused", whole.len);
}

/* ---- what was published -------------------------------------------------------------------- */

static struct tacit_slice load(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/eml/%s", dir, name);
	return vector_file(path);
}

/* Quotes of the source's own fallback: a key of their own and no certificate. */
static void test_published(void)
{
	static const char *const FILES[] = {
		"hardening-20260315/gcp-gpu-h100cc/attestation.bin",
		"publication-20260228/gcp-cpu-tdx/attestation.bin",
	};
	const char *dir = tap_vectors();

	if (!dir) {
		skip("EphemeralML's published evidence", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		struct tacit_slice file = load(dir, FILES[i]);
		ok(file.ptr != NULL, "%s is read", FILES[i]);
		enum tacit_status st = judge(file);
		ok(st != TACIT_OK && st != TACIT_UNDECIDED && !tacit_verdict_genuine(&b.verdict),
		   "  and refused: %s (%s)", b.err.where, tacit_status_name(st));
		st = judge(wire_of(file));
		ok(st != TACIT_OK && st != TACIT_UNDECIDED && !tacit_verdict_genuine(&b.verdict),
		   "  behind its marker too");
		vector_done(file);
	}
}

int main(void)
{
	memset(HANDSHAKE, 0x11, 32);
	memset(RECEIPT, 0x22, 32);
	memset(NONCE, 0x33, 32);
	memset(HASH, 0x44, 32);
	test_bound();
	test_changed();
	test_plain();
	test_broken();
	test_keys();
	test_nested();
	test_map();
	test_other_tee();
	test_truncations();
	test_published();
	pki_done();
	return done();
}
