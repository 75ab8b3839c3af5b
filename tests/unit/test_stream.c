/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/stream.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "crypto/hash.h"
#include "tests/tap.h"

#define EVENT "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n"
#define TEXT  "AAECAwQFBgc"
#define LINE  ": tacit-receipt " TEXT "\n\n"
#define END   "data: [DONE]\n\n"

static const uint8_t RECEIPT[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

struct outcome {
	enum tacit_status status;
	struct tacit_error err;
	uint8_t hash[32];
	uint8_t receipt[TACIT_STREAM_RECEIPT_MAX];
	size_t receipt_len;
};

/* Feeds the stream cut at `a` and `b`. */
static struct outcome run(struct tacit_slice in, size_t a, size_t b)
{
	static struct tacit_stream s;
	static struct outcome o;
	const size_t cuts[] = { 0, a, b, in.len };
	struct tacit_slice receipt = { NULL, 0 };

	memset(&o, 0, sizeof(o));
	if (tacit_stream_init(&s, &o.err) != TACIT_OK)
		abort();
	for (size_t i = 0; i < 3 && o.status == TACIT_OK; i++)
		o.status = tacit_stream_feed(
			&s, tacit_slice_of(in.ptr + cuts[i], cuts[i + 1] - cuts[i]), &o.err);
	if (o.status == TACIT_OK)
		o.status = tacit_stream_finish(&s, &receipt, o.hash, &o.err);
	if (receipt.len)
		memcpy(o.receipt, receipt.ptr, receipt.len);
	o.receipt_len = receipt.len;
	tacit_stream_done(&s);
	return o;
}

static struct outcome run_text(const char *text)
{
	return run(tacit_slice_str(text), 0, 0);
}

static bool covers(const struct outcome *o, const char *body)
{
	uint8_t want[TACIT_HASH_MAX];

	return tacit_hash(TACIT_SHA256, tacit_slice_str(body), want, NULL) == TACIT_OK &&
	       memcmp(o->hash, want, 32) == 0;
}

static void accept(const char *body, const char *end, const char *name)
{
	static char text[70000];

	snprintf(text, sizeof(text), "%s%s%s", body, LINE, end);
	struct outcome o = run_text(text);
	if (!ok(o.status == TACIT_OK && covers(&o, body) && o.receipt_len == sizeof(RECEIPT) &&
			memcmp(o.receipt, RECEIPT, sizeof(RECEIPT)) == 0,
		"%s", name))
		printf("# %s at %llu: %s\n", tacit_status_name(o.status),
		       (unsigned long long)o.err.offset, o.err.detail);
}

static void refuse(const char *text, enum tacit_status status, const char *detail, const char *name)
{
	struct outcome o = run_text(text);

	if (!ok(o.status == status && o.err.status == status && strstr(o.err.detail, detail) &&
			!o.receipt_len,
		"%s: %s", name, detail))
		printf("# %s: %s\n", tacit_status_name(o.status), o.err.detail);
}

static void try_good(void)
{
	static char long_line[66000];

	accept(EVENT, END, "one event");
	accept(EVENT EVENT EVENT, END, "three events");
	accept("", END, "no event at all");
	accept("\n\n", END, "blank lines alone");
	accept(EVENT, "data: [DONE]\n", "one line break at the end");
	accept(EVENT, "\n\n\ndata: [DONE]\n\n\n\n", "more blank lines");
	accept("data: : tacit-receipt AAAA\n\n", END, "the words inside a line");
	accept("data: x: tacit-receipt AAAA\n", END, "the words at the end of a line");
	accept(" : tacit-receipt AAAA\n", END, "the words after a space");
	accept(": tacit-receip\n", END, "a comment that is nearly the prefix");
	accept(": tacit-receipt\n", END, "the prefix without its space");
	accept(": tacit-receipx AAAA\n", END, "one letter off");
	accept(": tacit-Receipt AAAA\n", END, "another case");
	accept(":tacit-receipt AAAA\n", END, "no space after the colon");
	accept(": tacit-: tacit-receipt AAAA\n", END, "the prefix in the middle of itself");
	accept(":\n", END, "a keep-alive comment");
	accept(": tacit-receipt\n: tacit-receipt\n", END, "near misses in a row");
	accept("data: [DONE]\n\n", END, "an early [DONE] is covered like anything else");
	accept("x\r: tacit-receipt AAAA\n", END, "a carriage return begins no line");
	memset(long_line, 'a', sizeof(long_line) - 2);
	long_line[sizeof(long_line) - 2] = '\n';
	accept(long_line, END, "a line of 65,999 bytes");
}

static void try_cut(void)
{
	static const char WHOLE[] = EVENT LINE END;
	size_t line = strlen(EVENT), prefix = line + TACIT_STREAM_PREFIX_LEN;
	size_t after = line + strlen(": tacit-receipt " TEXT "\n"), wrong = 0;
	size_t finished = strlen(WHOLE) - 1; /* the last blank line may be missing */

	for (size_t len = 0; len < finished; len++) {
		struct outcome o = run(tacit_slice_of(WHOLE, len), 0, 0);
		const char *want = len < prefix  ? "ended without a receipt"
				   : len < after ? "cut inside the receipt line"
						 : "before [DONE]";

		wrong += o.status != TACIT_BINDING || !strstr(o.err.detail, want) || o.receipt_len;
	}
	ok(wrong == 0, "every cut stream is noticed, and where");
}

static void try_bad(void)
{
	refuse("", TACIT_BINDING, "ended without a receipt", "an empty stream");
	refuse(EVENT END, TACIT_BINDING, "ended without a receipt", "[DONE] without a receipt");
	refuse("data: x" LINE END, TACIT_BINDING, "ended without a receipt",
	       "a receipt in the middle of a line");
	refuse(EVENT LINE LINE END, TACIT_BINDING, "a second receipt", "two receipts");
	refuse(EVENT LINE END LINE, TACIT_BINDING, "a second receipt", "a receipt after [DONE]");
	refuse(EVENT LINE EVENT END, TACIT_BINDING, "does not cover", "an event after the receipt");
	refuse(EVENT LINE END EVENT, TACIT_BINDING, "after [DONE]", "an event after [DONE]");
	refuse(EVENT LINE END END, TACIT_BINDING, "after [DONE]", "[DONE] twice");
	refuse(EVENT LINE END "x", TACIT_BINDING, "after [DONE]", "a byte after [DONE]");
	refuse(EVENT LINE " " END, TACIT_BINDING, "does not cover", "a space before [DONE]");
	refuse(EVENT LINE "data: [DONE] \n", TACIT_BINDING, "does not cover", "a space after it");
	refuse(EVENT LINE "data: [DONE]\r\n", TACIT_BINDING, "does not cover", "CR LF");
	refuse(EVENT LINE "data:[DONE]\n", TACIT_BINDING, "does not cover", "no space in [DONE]");
	refuse(EVENT LINE "data: [DONE\n", TACIT_BINDING, "other than [DONE]", "half of [DONE]");
	refuse(EVENT LINE ":\n" END, TACIT_BINDING, "other than [DONE]", "a comment before [DONE]");
	refuse(EVENT LINE END ":", TACIT_BINDING, "cut after [DONE]",
	       "a comment begun after [DONE]");
	refuse(EVENT LINE "\xef\xbb\xbf" END, TACIT_BINDING, "does not cover", "a byte order mark");
	refuse("\xef\xbb\xbf" LINE END, TACIT_BINDING, "ended without", "a byte order mark before");
	refuse(EVENT ": tacit-receipt \n\n" END, TACIT_FORMAT, "base64url", "no receipt text");
	refuse(EVENT ": tacit-receipt  " TEXT "\n\n" END, TACIT_FORMAT, "base64url", "two spaces");
	refuse(EVENT ": tacit-receipt " TEXT " \n\n" END, TACIT_FORMAT, "base64url",
	       "a space after");
	refuse(EVENT ": tacit-receipt " TEXT "=\n\n" END, TACIT_FORMAT, "base64url", "padding");
	refuse(EVENT ": tacit-receipt " TEXT "\r\n\r\n" END, TACIT_FORMAT, "base64url", "CR");
	refuse(EVENT ": tacit-receipt AAAA+AAA\n\n" END, TACIT_FORMAT, "base64url", "plain base64");
	refuse(EVENT ": tacit-receipt AAAAA\n\n" END, TACIT_FORMAT, "base64url", "an odd length");
	refuse(EVENT ": tacit-receipt AAF\n\n" END, TACIT_FORMAT, "base64url", "stray bits");
	refuse(EVENT LINE
	       "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
	       "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
	       TACIT_LIMIT, "too many blank lines", "66 line breaks after it");
}

static void try_long(void)
{
	static char text[TACIT_STREAM_TEXT_MAX + 100];
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));
	static uint8_t big[TACIT_STREAM_RECEIPT_MAX + 1];

	memset(big, 0x5a, sizeof(big));
	tacit_stream_put_receipt(&w, tacit_slice_of(big, TACIT_STREAM_RECEIPT_MAX));
	wr_text(&w, END);
	struct outcome o = run(tacit_slice_of(text, w.at), 0, 0);
	ok(!w.bad && o.status == TACIT_OK && o.receipt_len == TACIT_STREAM_RECEIPT_MAX &&
		   memcmp(o.receipt, big, o.receipt_len) == 0,
	   "the longest receipt");

	w = wr_of(tacit_mut_of(text, sizeof(text)));
	tacit_stream_put_receipt(&w, tacit_slice_of(big, TACIT_STREAM_RECEIPT_MAX + 1));
	ok(w.bad, "a longer one is not written");
	memset(text, 'A', sizeof(text));
	memcpy(text, TACIT_STREAM_PREFIX, TACIT_STREAM_PREFIX_LEN);
	o = run(tacit_slice_of(text, TACIT_STREAM_PREFIX_LEN + TACIT_STREAM_TEXT_MAX + 1), 0, 0);
	ok(o.status == TACIT_LIMIT && strstr(o.err.detail, "too long") &&
		   o.err.offset == TACIT_STREAM_PREFIX_LEN + TACIT_STREAM_TEXT_MAX,
	   "a line one character longer fails without waiting for its end");
}

/* The result does not depend on how the bytes arrive. */
static void try_splits(void)
{
	static const char *const STREAMS[] = {
		"data: {}\n\n" LINE END,
		": tacit-receipt\n: tacit-: \n" LINE END,
		": ta" LINE END,
		"d\n" LINE LINE END,
		"d\n" LINE "data: [DONE]\nd",
		"d\n: tacit-receipt !\n\ndata: [DONE]\n\n",
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(STREAMS); i++) {
		struct tacit_slice in = tacit_slice_str(STREAMS[i]);
		struct outcome whole = run(in, 0, 0);
		size_t wrong = 0;

		for (size_t a = 0; a <= in.len; a++) {
			for (size_t b = a; b <= in.len; b++) {
				struct outcome o = run(in, a, b);

				wrong += memcmp(&o, &whole, sizeof(o)) != 0;
			}
		}
		ok(wrong == 0, "stream %zu: every split in three gives the same", i);
	}
}

static void try_bytewise(void)
{
	static struct tacit_stream s;
	static const char WHOLE[] = EVENT LINE END;
	struct tacit_slice receipt = { NULL, 0 };
	uint8_t hash[32];
	size_t wrong = 0;

	if (tacit_stream_init(&s, NULL) != TACIT_OK)
		abort();
	for (size_t i = 0; WHOLE[i]; i++) {
		wrong += tacit_stream_feed(&s, tacit_slice_of(WHOLE + i, 1), NULL) != TACIT_OK;
		wrong += tacit_stream_feed(&s, tacit_slice_of(NULL, 0), NULL) != TACIT_OK;
	}
	ok(wrong == 0 && tacit_stream_finish(&s, &receipt, hash, NULL) == TACIT_OK,
	   "byte by byte, with empty pieces between");
	ok(s.hashed == strlen(EVENT) && s.total == strlen(WHOLE), "the counts are right");
	is_slice(receipt, TACIT_SLICE_ARRAY(RECEIPT), "the receipt");
	tacit_stream_done(&s);
	tacit_stream_done(&s);

	struct tacit_error err = { 0 };
	if (tacit_stream_init(&s, NULL) != TACIT_OK)
		abort();
	is_status(tacit_stream_feed(&s, tacit_slice_str(LINE "x"), NULL), TACIT_BINDING,
		  "a failure");
	is_status(tacit_stream_feed(&s, tacit_slice_str(END), &err), TACIT_BINDING, "stays");
	is_status(tacit_stream_finish(&s, &receipt, hash, &err), TACIT_BINDING, "to the end");
	tacit_stream_done(&s);
}

/* After a failure no later byte makes it good again, though the state by itself would allow it. */
static void try_sticky(void)
{
	static struct tacit_stream s;
	static char line[TACIT_STREAM_PREFIX_LEN + TACIT_STREAM_TEXT_MAX + 1];
	char breaks[TACIT_STREAM_AFTER_MAX];
	struct tacit_slice receipt = { NULL, 0 };
	uint8_t hash[32];

	memset(line, 'A', sizeof(line));
	memcpy(line, TACIT_STREAM_PREFIX, TACIT_STREAM_PREFIX_LEN);
	if (tacit_stream_init(&s, NULL) != TACIT_OK)
		abort();
	is_status(tacit_stream_feed(&s, tacit_slice_of(line, sizeof(line)), NULL), TACIT_LIMIT,
		  "a receipt line too long");
	is_status(tacit_stream_feed(&s, tacit_slice_str("\n\n" END), NULL), TACIT_LIMIT,
		  "is not forgiven when it ends");
	is_status(tacit_stream_finish(&s, &receipt, hash, NULL), TACIT_LIMIT, "nor at the end");
	tacit_stream_done(&s);

	memset(breaks, '\n', sizeof(breaks));
	if (tacit_stream_init(&s, NULL) != TACIT_OK)
		abort();
	is_status(tacit_stream_feed(&s, tacit_slice_str(LINE END), NULL), TACIT_OK,
		  "a whole stream");
	is_status(tacit_stream_feed(&s, tacit_slice_of(breaks, sizeof(breaks)), NULL), TACIT_LIMIT,
		  "and too many line breaks");
	is_status(tacit_stream_finish(&s, &receipt, hash, NULL), TACIT_LIMIT, "is not whole");
	ok(!receipt.ptr, "and gives no receipt");
	tacit_stream_done(&s);
}

static void try_header(void)
{
	uint8_t room[TACIT_STREAM_RECEIPT_MAX];
	char text[64];
	struct tacit_slice got = { NULL, 0 };
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));

	tacit_stream_put_header(&w, TACIT_SLICE_ARRAY(RECEIPT));
	is_slice(tacit_slice_of(text, w.at), tacit_slice_str(TEXT), "header form");
	is_status(
		tacit_stream_read_header(tacit_slice_str(TEXT), tacit_mut_of(room, 10), &got, NULL),
		TACIT_OK, "reads back");
	is_slice(got, TACIT_SLICE_ARRAY(RECEIPT), "the same");
	got = tacit_slice_of(NULL, 0);
	is_status(
		tacit_stream_read_header(tacit_slice_str(TEXT), tacit_mut_of(room, 7), &got, NULL),
		TACIT_LIMIT, "too little room");
	is_status(tacit_stream_read_header(tacit_slice_str(""), tacit_mut_of(room, 7), &got, NULL),
		  TACIT_FORMAT, "an empty header");
	is_status(tacit_stream_read_header(tacit_slice_str(" " TEXT),
					   tacit_mut_of(room, sizeof(room)), &got, NULL),
		  TACIT_FORMAT, "a space");
	is_status(tacit_stream_read_header(tacit_slice_of(room, TACIT_STREAM_TEXT_MAX + 1),
					   tacit_mut_of(room, sizeof(room)), &got, NULL),
		  TACIT_LIMIT, "too long a header");
	ok(!got.ptr, "outputs untouched");
}

int main(void)
{
	try_good();
	try_cut();
	try_bad();
	try_long();
	try_splits();
	try_bytewise();
	try_sticky();
	try_header();
	return done();
}
