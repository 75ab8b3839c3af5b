/* SPDX-License-Identifier: Apache-2.0 */

/* The messages of the Nitro Secure Module, and the attester over a module that stands in. */

#include "tests/tap.h"
#include "vectors.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bounds.h"
#include "base/hex.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "sys/attest.h"
#include "sys/nsm.h"
#include "tee/nitro/runtime.h"

static struct tacit_slice text(const char *s)
{
	return tacit_slice_str(s);
}

static const struct tacit_slice NONE = { NULL, 0 };

/* ---- requests ------------------------------------------------------------------------------ */

static void is_request(struct writer *w, const char *hex, const char *what)
{
	uint8_t want[256];
	size_t len = 0;
	struct tacit_slice got = NONE;

	ok(tacit_hex_decode(text(hex), tacit_mut_of(want, sizeof(want)), &len), "%s: hex", what);
	is_status(wr_finish(w, "test", &got, NULL), TACIT_OK, what);
	is_slice(got, tacit_slice_of(want, len), what);
}

static void test_requests(void)
{
	uint8_t room[512];
	const uint8_t data[] = { 1, 2, 3 };
	struct writer w;

#define FRESH() (w = wr_of(tacit_mut_of(room, sizeof(room))))
	FRESH();
	tacit_nsm_put_plain(&w, "DescribeNSM");
	is_request(&w, "6b44657363726962654e534d", "DescribeNSM");
	FRESH();
	tacit_nsm_put_index(&w, "DescribePCR", "index", 31);
	is_request(&w, "a16b4465736372696265504352a165696e646578181f", "DescribePCR");
	FRESH();
	tacit_nsm_put_index(&w, "LockPCRs", "range", 17);
	is_request(&w, "a1684c6f636b50435273a16572616e676511", "LockPCRs");
	FRESH();
	tacit_nsm_put_extend(&w, 16, TACIT_SLICE_ARRAY(data));
	is_request(&w, "a169457874656e64504352a265696e64657810646461746143010203", "ExtendPCR");
	FRESH();
	tacit_nsm_put_attestation(&w, tacit_slice_of(data, 0), NONE, NONE);
	is_request(
		&w,
		"a16b4174746573746174696f6ea369757365725f6461746140656e6f6e6365f66a7075626c69635f"
		"6b6579f6",
		"empty user data are no absent ones");
#undef FRESH
}

/* ---- a module ------------------------------------------------------------------------------ */

struct module {
	uint8_t pcr[TACIT_NSM_PCRS][TACIT_NSM_PCR_LEN];
	uint32_t locked;
	const char *error;      /* answer this instead */
	struct tacit_slice raw; /* or these bytes */
	int code;               /* or fail like the driver */
	size_t cut;             /* bytes missing from the end */
	bool indefinite;        /* as newer firmware writes maps */
	unsigned calls;
	struct tacit_slice user_data, nonce, public_key; /* of the last Attestation, in `seen` */
	uint8_t seen[TACIT_NSM_REQUEST_MAX];
};

static void put_members(struct writer *w, const struct module *m, const char *name, uint64_t count)
{
	tacit_cbor_put_map(w, 1);
	tacit_cbor_put_text(w, text(name));
	if (m->indefinite)
		wr_u8(w, 0xbf);
	else
		tacit_cbor_put_map(w, count);
}

static void put_end(struct writer *w, const struct module *m)
{
	if (m->indefinite)
		wr_u8(w, 0xff);
}

static void put_error(struct writer *w, const char *code)
{
	tacit_cbor_put_map(w, 1);
	tacit_cbor_put_text(w, text("Error"));
	tacit_cbor_put_text(w, text(code));
}

static void do_pcr(struct module *m, const char *name, uint64_t index, struct writer *w)
{
	bool locked = index < 32 && (m->locked & UINT32_C(1) << index) != 0;

	if (index >= TACIT_NSM_PCRS) {
		put_error(w, "InvalidIndex");
	} else if (strcmp(name, "DescribePCR") == 0) {
		put_members(w, m, name, 2);
		tacit_cbor_put_text(w, text("data")); /* the other way round than AWS's */
		tacit_cbor_put_bytes(w, tacit_slice_of(m->pcr[index], TACIT_NSM_PCR_LEN));
		tacit_cbor_put_text(w, text("lock"));
		tacit_cbor_put_bool(w, locked);
		put_end(w, m);
	} else if (locked) {
		put_error(w, "ReadOnlyIndex");
	} else {
		m->locked |= UINT32_C(1) << index;
		tacit_cbor_put_text(w, text(name));
	}
}

static void do_extend(struct module *m, struct tacit_cbor *c, struct writer *w)
{
	(void)tacit_cbor_text(c);
	uint64_t index = tacit_cbor_uint(c);
	(void)tacit_cbor_text(c);
	struct tacit_slice data = tacit_cbor_bytes(c);

	if (index >= TACIT_NSM_PCRS || m->locked & UINT32_C(1) << index) {
		put_error(w, index >= TACIT_NSM_PCRS ? "InvalidIndex" : "ReadOnlyIndex");
		return;
	}
	uint8_t next[TACIT_NSM_PCR_LEN];
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(m->pcr[index]), data };
	if (tacit_hash_parts(TACIT_SHA384, parts, 2, next, NULL) != TACIT_OK)
		abort();
	memcpy(m->pcr[index], next, sizeof(next));
	put_members(w, m, "ExtendPCR", 1);
	tacit_cbor_put_text(w, text("data"));
	tacit_cbor_put_bytes(w, TACIT_SLICE_ARRAY(m->pcr[index]));
	put_end(w, m);
}

static struct tacit_slice optional(struct tacit_cbor *c)
{
	(void)tacit_cbor_text(c);
	return tacit_cbor_null(c) ? NONE : tacit_cbor_bytes(c);
}

static void do_named(struct module *m, struct tacit_slice name, struct tacit_cbor *c,
		     struct writer *w)
{
	(void)tacit_cbor_map(c);
	if (tacit_slice_eq(name, text("ExtendPCR"))) {
		do_extend(m, c, w);
	} else if (tacit_slice_eq(name, text("Attestation"))) {
		m->user_data = optional(c);
		m->nonce = optional(c);
		m->public_key = optional(c);
		put_members(w, m, "Attestation", 1);
		tacit_cbor_put_text(w, text("document"));
		tacit_cbor_put_bytes(w, text("a document"));
		put_end(w, m);
	} else {
		(void)tacit_cbor_text(c);
		uint64_t value = tacit_cbor_uint(c);
		do_pcr(m, tacit_slice_eq(name, text("DescribePCR")) ? "DescribePCR" : "LockPCR",
		       value, w);
	}
}

static void do_plain(const struct module *m, struct tacit_slice name, struct writer *w)
{
	uint8_t random[TACIT_NSM_RANDOM_MAX];

	if (!tacit_slice_eq(name, text("GetRandom"))) {
		put_error(w, "InvalidOperation");
		return;
	}
	memset(random, 0x5a, sizeof(random));
	put_members(w, m, "GetRandom", 1);
	tacit_cbor_put_text(w, text("random"));
	tacit_cbor_put_bytes(w, TACIT_SLICE_ARRAY(random));
	put_end(w, m);
}

static int answer(void *user, struct tacit_slice request, uint8_t *response, size_t *len)
{
	struct module *m = user;
	struct writer w = wr_of(tacit_mut_of(response, TACIT_NSM_RESPONSE_MAX));
	struct tacit_slice out = NONE;

	m->calls++;
	memcpy(m->seen, request.ptr, request.len);
	struct tacit_cbor c =
		tacit_cbor_of(tacit_slice_of(m->seen, request.len), TACIT_CBOR_STRICT);
	if (m->code)
		return m->code;
	if (m->raw.ptr)
		wr_bytes(&w, m->raw);
	else if (m->error)
		put_error(&w, m->error);
	else if (tacit_cbor_peek(&c) == TACIT_CBOR_TEXT)
		do_plain(m, tacit_cbor_text(&c), &w);
	else if (tacit_cbor_map(&c) == 1)
		do_named(m, tacit_cbor_text(&c), &c, &w);
	if (wr_finish(&w, "module", &out, NULL) != TACIT_OK)
		abort();
	*len = out.len - (m->cut < out.len ? m->cut : out.len);
	return 0;
}

static struct tacit_nsm *connect(struct module *m)
{
	struct tacit_nsm *nsm = NULL;

	if (tacit_nsm_open_call(answer, m, &nsm, NULL) != TACIT_OK)
		abort();
	return nsm;
}

static void test_module(bool indefinite)
{
	static struct module m;
	uint8_t pcr[TACIT_NSM_PCR_LEN], random[TACIT_NSM_RANDOM_MAX], room[64];
	size_t len = 0;
	bool locked = true;
	struct tacit_slice doc = NONE;

	memset(&m, 0, sizeof(m));
	m.indefinite = indefinite;
	struct tacit_nsm *nsm = connect(&m);
	is_status(tacit_nsm_random(nsm, random, &len, NULL), TACIT_OK, "random");
	ok(len == sizeof(random) && random[255] == 0x5a, "256 bytes of it");
	is_status(tacit_nsm_pcr(nsm, 16, pcr, &locked, NULL), TACIT_OK, "a register");
	ok(!locked && pcr[0] == 0, "open and zero");
	is_status(tacit_nsm_extend(nsm, 16, text("abc"), pcr, NULL), TACIT_OK, "extended");
	ok(memcmp(pcr, m.pcr[16], sizeof(pcr)) == 0 && pcr[0] != 0, "to the new value");
	is_status(tacit_nsm_lock(nsm, 16, NULL), TACIT_OK, "locked");
	is_status(tacit_nsm_lock(nsm, 16, NULL), TACIT_DENIED, "once");
	is_status(tacit_nsm_extend(nsm, 16, text("abc"), pcr, NULL), TACIT_DENIED, "for good");
	is_status(tacit_nsm_pcr(nsm, 32, pcr, &locked, NULL), TACIT_USAGE, "no register 32");
	is_status(tacit_nsm_attest(nsm, text("u"), text("n"), NONE,
				   tacit_mut_of(room, sizeof(room)), &doc, NULL),
		  TACIT_OK, "a document");
	is_slice(doc, text("a document"), "as it came");
	is_slice(m.user_data, text("u"), "user data arrived");
	is_slice(m.nonce, text("n"), "and the nonce");
	ok(!m.public_key.ptr, "and no key");
	is_status(tacit_nsm_attest(nsm, NONE, NONE, NONE, tacit_mut_of(room, 9), &doc, NULL),
		  TACIT_LIMIT, "a document longer than its room");
	tacit_nsm_close(nsm);
}

/* ---- what may come instead ----------------------------------------------------------------- */

static enum tacit_status attest(struct module *m, struct tacit_error *err)
{
	struct tacit_nsm *nsm = connect(m);
	struct tacit_slice doc = NONE;
	uint8_t room[TACIT_NSM_RESPONSE_MAX];

	enum tacit_status st = tacit_nsm_attest(nsm, NONE, NONE, NONE,
						tacit_mut_of(room, sizeof(room)), &doc, err);
	ok((st == TACIT_OK) == (doc.ptr != NULL), "a document or an error");
	tacit_nsm_close(nsm);
	return st;
}

static void test_errors(void)
{
	static const struct {
		const char *code;
		enum tacit_status status;
	} rows[] = {
		{ "Success", TACIT_PEER },         { "InvalidArgument", TACIT_USAGE },
		{ "InvalidIndex", TACIT_USAGE },   { "InvalidResponse", TACIT_PEER },
		{ "ReadOnlyIndex", TACIT_DENIED }, { "InvalidOperation", TACIT_USAGE },
		{ "BufferTooSmall", TACIT_LIMIT }, { "InputTooLarge", TACIT_LIMIT },
		{ "InternalError", TACIT_IO },     { "SomethingNew", TACIT_PEER },
	};
	static const struct {
		int code;
		enum tacit_status status;
	} codes[] = { { EMSGSIZE, TACIT_LIMIT },
		      { ETIMEDOUT, TACIT_IO },
		      { ENODATA, TACIT_IO },
		      { EINVAL, TACIT_UNSUPPORTED },
		      { EFAULT, TACIT_IO } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct module m;
		struct tacit_error err = { 0 };

		m.error = rows[i].code;
		is_status(attest(&m, &err), rows[i].status, rows[i].code);
		ok(strstr(err.detail, rows[i].code) != NULL, "named: %s", err.detail);
	}
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		static struct module m;

		m.code = codes[i].code;
		is_status(attest(&m, NULL), codes[i].status, strerror(codes[i].code));
	}
}

static void test_garbled(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *what;
	} rows[] = {
		{ "", 0, "nothing" },
		{ "\xf6", 1, "null" },
		{ "\xa0", 1, "an empty map" },
		{ "\x6b"
		  "Attestation",
		  12, "the bare name" },
		{ "\xa1\x69"
		  "GetRandom\xa1\x66"
		  "random\x41x",
		  21, "the answer to another question" },
		{ "\xa1\x6b"
		  "Attestation\xa0",
		  14, "no document" },
		{ "\xa1\x6b"
		  "Attestation\xa1\x68"
		  "document\xf6",
		  24, "a null document" },
		{ "\xa1\x6b"
		  "Attestation\xa1\x68"
		  "document\x40",
		  24, "an empty document" },
		{ "\xa1\x6b"
		  "Attestation\xa1\x68"
		  "document\x61x",
		  25, "a document of text" },
		{ "\xa1\x6b"
		  "Attestation\xa2\x68"
		  "document\x41x\x68"
		  "document\x41x",
		  36, "two" },
		{ "\xa1\x6b"
		  "Attestation\xa1\x68"
		  "document\x41x\x00",
		  26, "and something behind" },
		{ "\xa1\x65"
		  "Error\x01",
		  8, "an error that is a number" },
	};
	static struct module m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&m, 0, sizeof(m));
		m.raw = tacit_slice_of(rows[i].bytes, rows[i].len);
		if (rows[i].len == 0)
			m.cut = SIZE_MAX;
		is_status(attest(&m, NULL), TACIT_PEER, rows[i].what);
	}
	for (size_t cut = 1; cut < 24; cut++) {
		memset(&m, 0, sizeof(m));
		m.cut = cut;
		is_status(attest(&m, NULL), TACIT_PEER, "an answer cut short");
	}
}

static void test_description(void)
{
	static const char GOOD[] = "\xa1\x6b"
				   "DescribeNSM\xa7"
				   "\x6d"
				   "version_major\x01\x6d"
				   "version_minor\x02"
				   "\x6d"
				   "version_patch\x03\x69"
				   "module_id\x63i-1"
				   "\x68"
				   "max_pcrs\x18\x20\x6b"
				   "locked_pcrs\x82\x00\x18\x1f"
				   "\x66"
				   "digest\x66SHA384";
	struct tacit_nsm_description d = { 0 };
	struct tacit_slice good = tacit_slice_of(GOOD, sizeof(GOOD) - 1);
	uint8_t copy[sizeof(GOOD)];

	is_status(tacit_nsm_read_description(good, &d, NULL), TACIT_OK, "a description");
	ok(d.version_major == 1 && d.version_minor == 2 && d.version_patch == 3, "its version");
	ok(d.max_pcrs == 32 && d.locked_pcrs == 0x80000001u, "its registers");
	is_slice(d.module_id, text("i-1"), "its name");
	for (size_t len = 0; len < good.len; len++)
		is_status(tacit_nsm_read_description(tacit_slice_of(GOOD, len), &d, NULL),
			  TACIT_PEER, "a description cut short");
	memcpy(copy, GOOD, sizeof(GOOD));
	copy[13] = 0xa6; /* one member fewer than there are */
	is_status(tacit_nsm_read_description(tacit_slice_of(copy, good.len), &d, NULL), TACIT_PEER,
		  "a wrong count");
	memcpy(copy, GOOD, sizeof(GOOD));
	memcpy(copy + 15 + 15, "version_major", 13);
	is_status(tacit_nsm_read_description(tacit_slice_of(copy, good.len), &d, NULL), TACIT_PEER,
		  "a member twice, another missing");
}

/* ---- the attester -------------------------------------------------------------------------- */

static enum tacit_status start(struct module *m, const struct tacit_attest_options *options,
			       struct tacit_attester **ret)
{
	return tacit_attest_nitro_with(connect(m), options, ret, NULL);
}

static void test_attester(void)
{
	static struct module m;
	uint8_t model[32], data[48], want[48], room[64];
	struct tacit_attest_options options = { .config = text("config"),
						.model = TACIT_SLICE_ARRAY(model),
						.serving = true };
	struct tacit_attest_request request = { .binding = text("b"), .nonce = text("n") };
	struct tacit_attester *attester = NULL;
	struct tacit_slice doc = NONE;

	memset(model, 7, sizeof(model));
	is_status(tacit_nitro_runtime_data(options.model, options.config, data, NULL), TACIT_OK,
		  "what PCR16 gets");
	is_status(tacit_nitro_extended(data, want, NULL), TACIT_OK, "and what it becomes");
	is_status(start(&m, &options, &attester), TACIT_OK, "a server starts");
	ok(memcmp(m.pcr[16], want, 48) == 0, "PCR16 holds model and configuration");
	ok(m.locked == UINT32_C(1) << 16, "and is locked");
	is_status(tacit_attester_attest(attester, &request, tacit_mut_of(room, sizeof(room)), &doc,
					NULL),
		  TACIT_OK, "a document");
	is_slice(m.user_data, text("b"), "carries the binding");
	request.report_data = text("r");
	is_status(tacit_attester_attest(attester, &request, tacit_mut_of(room, sizeof(room)), &doc,
					NULL),
		  TACIT_UNSUPPORTED, "but no report data");
	tacit_attester_close(attester);

	is_status(start(&m, &options, &attester), TACIT_OK, "it starts again");
	tacit_attester_close(attester);
	model[0]++;
	is_status(start(&m, &options, &attester), TACIT_BINDING, "not with another model");
	model[0]--;
	options.config = text("other");
	is_status(start(&m, &options, &attester), TACIT_BINDING, "nor another configuration");
	options.serving = false;
	is_status(start(&m, &options, &attester), TACIT_OK, "who serves nothing does not mind");
	tacit_attester_close(attester);

	memset(&m, 0, sizeof(m));
	is_status(start(&m, &options, &attester), TACIT_OK, "who serves nothing");
	ok(m.locked == 0 && m.pcr[16][0] == 0, "leaves PCR16 alone");
	tacit_attester_close(attester);
	options.serving = true;
	m.pcr[16][0] = 1;
	is_status(start(&m, &options, &attester), TACIT_BINDING, "somebody extended it before");
	memset(&m, 0, sizeof(m));
	m.locked = UINT32_C(1) << 16;
	is_status(start(&m, &options, &attester), TACIT_BINDING, "somebody locked it empty");
	m.error = "InternalError";
	is_status(start(&m, &options, &attester), TACIT_IO, "no randomness, no start");
}

static void test_device(void)
{
	struct tacit_nsm *nsm = NULL;

	is_status(tacit_nsm_open("/nonexistent/nsm", &nsm, NULL), TACIT_UNSUPPORTED, "no device");
	is_status(tacit_nsm_open("/dev/null", &nsm, NULL), TACIT_OK, "some device");
	uint8_t random[TACIT_NSM_RANDOM_MAX];
	size_t len = 0;
	is_status(tacit_nsm_random(nsm, random, &len, NULL), TACIT_UNSUPPORTED, "that is no NSM");
	tacit_nsm_close(nsm);
	tacit_nsm_close(NULL);
}

int main(void)
{
	test_requests();
	test_module(false);
	test_module(true);
	test_errors();
	test_garbled();
	test_description();
	test_attester();
	test_device();
	return done();
}
