/* SPDX-License-Identifier: Apache-2.0 */

/* Replay of boot event logs: what is counted, what is left out, what is refused. */

#include "tests/tap.h"

#include "base/compiler.h"
#include "crypto/hash.h"
#include "tacit/event_log.h"
#include "tests/pki/dcap.h"

static struct pki_buf log_buf;

static void le(uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	pki_raw(&log_buf, tacit_slice_of(bytes, size));
}

static void old_record(uint32_t type, struct tacit_slice data)
{
	static const uint8_t ZERO[20] = { 0 };

	le(1, 4);
	le(type, 4);
	pki_raw(&log_buf, TACIT_SLICE_ARRAY(ZERO));
	le(data.len, 4);
	pki_raw(&log_buf, data);
}

/* Head with SHA-256 (0x0b) and SHA-384 (0x0c). */
static const uint8_t SPEC_ID[] =
	"Spec ID Event03\0\0\0\0\0\0\2\0\2\2\0\0\0\x0b\0\x20\0\x0c\0\x30\0";

static void head(void)
{
	old_record(3, TACIT_SLICE_ARRAY(SPEC_ID));
}

static void event(uint32_t index, uint32_t type, uint8_t fill)
{
	uint8_t digest[48];

	memset(digest, fill, sizeof(digest));
	le(index, 4);
	le(type, 4);
	le(2, 4);
	le(0x0b, 2);
	pki_raw(&log_buf, tacit_slice_of(digest, 32));
	le(0x0c, 2);
	pki_raw(&log_buf, TACIT_SLICE_ARRAY(digest));
	le(3, 4);
	pki_raw(&log_buf, tacit_slice_str("abc"));
}

static enum tacit_status replay(struct tacit_event_log *ret)
{
	struct tacit_slice bytes = pki_take(&log_buf);
	uint8_t *exact = malloc(bytes.len ? bytes.len : 1);

	if (bytes.len)
		memcpy(exact, bytes.ptr, bytes.len);
	enum tacit_status st = tacit_event_log_replay(tacit_slice_of(exact, bytes.len), ret, NULL);
	free(exact);
	return st;
}

/* SHA-384 over 48 zeros and the fills, one after the other. */
static bool is_register(const uint8_t *got, const uint8_t *fills, size_t count)
{
	uint8_t want[48] = { 0 }, digest[48];

	for (size_t i = 0; i < count; i++) {
		struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(want), TACIT_SLICE_ARRAY(digest) };

		memset(digest, fills[i], sizeof(digest));
		if (tacit_hash_parts(TACIT_SHA384, parts, 2, want, NULL) != TACIT_OK)
			return false;
	}
	return memcmp(got, want, 48) == 0;
}

static void test_replay(void)
{
	struct tacit_event_log log;

	head();
	event(0, 13, 1); /* MRTD's: not extended */
	event(1, 13, 2);
	event(2, 13, 3);
	event(1, 13, 4);
	event(1, 3, 5); /* EV_NO_ACTION */
	event(0xffffffff, 3, 6);
	event(4, 13, 7);
	is_status(replay(&log), TACIT_OK, "seven events");
	ok(is_register(log.rtmr[0], (const uint8_t[]){ 2, 4 }, 2), "RTMR0 from two");
	ok(is_register(log.rtmr[1], (const uint8_t[]){ 3 }, 1), "RTMR1 from one");
	ok(is_register(log.rtmr[2], NULL, 0), "RTMR2 from none");
	ok(is_register(log.rtmr[3], (const uint8_t[]){ 7 }, 1), "RTMR3 from one");
	ok(log.events == 7 && log.extends[0] == 2 && log.extends[1] == 1 && log.extends[2] == 0 &&
		   log.extends[3] == 1,
	   "and how many");
}

static void test_end(void)
{
	static const struct {
		uint64_t mark;
		size_t bytes;
		enum tacit_status want;
	} ENDS[] = {
		{ 0, 8, TACIT_OK },
		{ UINT64_MAX, 8, TACIT_OK },
		{ 0, 5, TACIT_OK },
		{ UINT64_MAX, 3, TACIT_OK },
		{ 1, 5, TACIT_FORMAT },
		{ 0xff00, 2, TACIT_FORMAT },
		{ 0xffffffff, 8, TACIT_FORMAT }, /* index of ones, type 0, and then nothing */
	};
	struct tacit_event_log log;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ENDS); i++) {
		head();
		event(1, 13, 1);
		size_t length = log_buf.len;
		le(ENDS[i].mark, ENDS[i].bytes);
		is_status(replay(&log), ENDS[i].want, "what ends a log");
		if (ENDS[i].want == TACIT_OK)
			ok(log.length == length && log.events == 1, "is not counted");
	}
	head();
	event(1, 13, 1);
	le(0, 8);
	event(1, 13, 2);
	is_status(replay(&log), TACIT_OK, "what stands behind the end mark");
	ok(is_register(log.rtmr[0], (const uint8_t[]){ 1 }, 1), "is not read");
}

static void test_head(void)
{
	struct tacit_event_log log;

	is_status(replay(&log), TACIT_FORMAT, "nothing");
	event(1, 13, 1);
	is_status(replay(&log), TACIT_FORMAT, "no head");
	old_record(3, tacit_slice_str("SP800-155 Event"));
	head();
	event(1, 13, 1);
	ok(tacit_event_log_looks(tacit_slice_of(log_buf.bytes, log_buf.len)), "looks like a log");
	is_status(replay(&log), TACIT_OK, "a record that measures nothing before the head");
	old_record(4, TACIT_SLICE_ARRAY(SPEC_ID));
	is_status(replay(&log), TACIT_FORMAT, "a head of another type");
	for (unsigned i = 0; i < 16; i++)
		old_record(3, tacit_slice_str("x"));
	head();
	ok(!tacit_event_log_looks(tacit_slice_of(log_buf.bytes, log_buf.len)), "does not look so");
	is_status(replay(&log), TACIT_FORMAT, "sixteen records before the head");
	ok(!tacit_event_log_looks(tacit_slice_str("Spec ID Event03")), "a name alone is no log");
}

/* The table of the head, changed at one byte. */
static void test_table(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *name;
	} EDITS[] = {
		{ 24, 0, "no algorithms" },        { 24, 3, "more than are there" },
		{ 24, 9, "nine algorithms" },      { 27, 1, "16 million algorithms" },
		{ 34, 47, "SHA-384 of 47 bytes" }, { 36, 1, "vendor data that are not there" },
		{ 0, 's', "another signature" },
	};
	struct tacit_event_log log;
	uint8_t spec[sizeof(SPEC_ID)];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(EDITS); i++) {
		memcpy(spec, SPEC_ID, sizeof(spec));
		spec[EDITS[i].at] = EDITS[i].value;
		old_record(3, TACIT_SLICE_ARRAY(spec));
		is_status(replay(&log), TACIT_FORMAT, EDITS[i].name);
	}
}

static void test_events(void)
{
	struct tacit_event_log log;

	memset(&log, 0x5a, sizeof(log));
	struct tacit_event_log before = log;
	head();
	event(5, 13, 1);
	is_status(replay(&log), TACIT_FORMAT, "register 5");
	ok(memcmp(&before, &log, sizeof(log)) == 0, "and nothing is returned");
	head();
	event(0xffffffff, 13, 1);
	is_status(replay(&log), TACIT_FORMAT, "register of ones, measured");
	head();
	le(1, 4);
	le(13, 4);
	le(3, 4);
	is_status(replay(&log), TACIT_FORMAT, "three digests of two algorithms");
	head();
	le(1, 4);
	le(13, 4);
	le(1, 4);
	le(0x0b, 2);
	for (unsigned i = 0; i < 32; i++)
		le(7, 1);
	le(0, 4);
	is_status(replay(&log), TACIT_FORMAT, "SHA-256 alone");
	head();
	le(1, 4);
	le(13, 4);
	le(1, 4);
	le(4, 2);
	for (unsigned i = 0; i < 20; i++)
		le(7, 1);
	le(0, 4);
	is_status(replay(&log), TACIT_FORMAT, "an algorithm that the table lacks");
	head();
	le(1, 4);
	le(13, 4);
	le(3, 4);
	for (unsigned n = 0; n < 3; n++) {
		le(0x0c, 2);
		for (unsigned i = 0; i < 48; i++)
			le(7, 1);
	}
	le(0, 4);
	is_status(replay(&log), TACIT_FORMAT, "three whole ones of two algorithms");
	head();
	le(1, 4);
	le(13, 4);
	le(2, 4);
	le(4, 2); /* no bytes: the table has no length for it */
	le(0x0c, 2);
	for (unsigned i = 0; i < 48; i++)
		le(7, 1);
	le(0, 4);
	is_status(replay(&log), TACIT_FORMAT, "an algorithm of no length");
	head();
	le(1, 4);
	le(13, 4);
	le(0, 4);
	le(0xffffffff, 4);
	is_status(replay(&log), TACIT_FORMAT, "4 GiB of data");
}

static void test_truncations(void)
{
	uint8_t rtmr[3][48];
	struct tacit_slice log = dcap_event_log(3, rtmr);
	struct tacit_event_log got, whole;
	size_t end, wrong = 0;

	is_status(tacit_event_log_replay(log, &whole, NULL), TACIT_OK, "a whole log");
	ok(memcmp(whole.rtmr, rtmr, sizeof(rtmr)) == 0, "its registers");
	end = whole.length;
	for (size_t len = 0; len < end; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		memcpy(exact, log.ptr, len);
		enum tacit_status st =
			tacit_event_log_replay(tacit_slice_of(exact, len), &got, NULL);
		/* Cut between two records it is a shorter log. */
		if (st == TACIT_OK)
			wrong += got.events >= whole.events || got.length != len;
		free(exact);
	}
	ok(wrong == 0, "a truncation is malformed, or a shorter log");
}

static void test_limit(void)
{
	struct tacit_event_log log;
	size_t len = TACIT_EVENT_LOG_MAX;
	uint8_t rtmr[3][48];
	struct tacit_slice small = dcap_event_log(1, rtmr);
	uint8_t *room = calloc(1, len + 1);

	memcpy(room, small.ptr, small.len - 64);
	is_status(tacit_event_log_replay(tacit_slice_of(room, len), &log, NULL), TACIT_OK,
		  "1 MiB, most of it padding");
	is_status(tacit_event_log_replay(tacit_slice_of(room, len + 1), &log, NULL), TACIT_LIMIT,
		  "and a byte more");
	free(room);
}

static void test_looks(void)
{
	head();
	ok(tacit_event_log_looks(pki_take(&log_buf)), "a head looks like a log");
	old_record(4, TACIT_SLICE_ARRAY(SPEC_ID));
	ok(!tacit_event_log_looks(pki_take(&log_buf)), "a head that measures does not");
	old_record(3, tacit_slice_str("Spec ID Event03"));
	ok(!tacit_event_log_looks(pki_take(&log_buf)), "nor a name alone");
}

/* A table of no algorithms. */
static void test_no_algorithms(void)
{
	static const uint8_t NONE[] = "Spec ID Event03\0\0\0\0\0\0\2\0\2\0\0\0\0";
	struct tacit_event_log log;

	old_record(3, TACIT_SLICE_ARRAY(NONE));
	is_status(replay(&log), TACIT_FORMAT, "no algorithm");
}

int main(void)
{
	test_replay();
	test_end();
	test_head();
	test_table();
	test_events();
	test_truncations();
	test_limit();
	test_looks();
	test_no_algorithms();
	pki_done();
	return done();
}
