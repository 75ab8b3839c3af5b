/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "sys/curl.h"
#include "sys/imds_read.h"

#define WHERE       "imds"
#define BODY_MAX    65536
#define HEADERS_MAX 32768
#define URL_MAX     256
#define CONNECT_MS  2000L
#define REQUEST_MS  10000L
#define TRIES       3 /* while it is busy: it answers five requests a second */
#define PAUSE_S     1
#define OK          200

struct question {
	const char *url;
	const char *body; /* NULL: GET */
};

/* One answer; what libcurl calls fills it. */
struct answer {
	uint8_t *bytes; /* room for BODY_MAX */
	size_t len, header_bytes;
	long status;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct answer *a = user;
	size_t len = size * count;

	if (len > BODY_MAX - a->len)
		return 0;
	memcpy(a->bytes + a->len, bytes, len);
	a->len += len;
	return len;
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
	struct answer *a = user;
	size_t len = size * count;

	(void)line;
	if (len > HEADERS_MAX - a->header_bytes)
		return 0;
	a->header_bytes += len;
	return len;
}

/* ---- one request --------------------------------------------------------------------------- */

static void end_easy(CURL **easy)
{
	if (*easy)
		tacit_curl()->easy_cleanup(*easy);
}

static void free_list(struct curl_slist **list)
{
	tacit_curl()->slist_free_all(*list);
}

static struct curl_slist *make_headers(const struct question *q)
{
	const struct tacit_curl *curl = tacit_curl();
	struct curl_slist *list = curl->slist_append(NULL, "Metadata: true");
	struct curl_slist *more =
		list && q->body ? curl->slist_append(list, "Content-Type: application/json") : list;

	if (!more)
		curl->slist_free_all(list);
	return more;
}

/* Every setting takes effect or no request leaves. */
static bool set_up(CURL *e, const struct question *q, struct curl_slist *headers,
		   struct answer *answer)
{
	const struct tacit_curl *curl = tacit_curl();
	unsigned c = CURLE_OK;

	c |= curl->easy_setopt(e, CURLOPT_URL, q->url);
	c |= curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http");
	c |= curl->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	c |= curl->easy_setopt(e, CURLOPT_PROXY, "");
	c |= curl->easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	c |= curl->easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	c |= curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	c |= curl->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	c |= curl->easy_setopt(e, CURLOPT_TIMEOUT_MS, REQUEST_MS);
	c |= curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	c |= curl->easy_setopt(e, CURLOPT_WRITEDATA, answer);
	c |= curl->easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	c |= curl->easy_setopt(e, CURLOPT_HEADERDATA, answer);
	if (q->body)
		c |= curl->easy_setopt(e, CURLOPT_POSTFIELDS, q->body);
	return c == CURLE_OK;
}

static enum tacit_status ask_once(const struct question *q, struct answer *answer,
				  struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	TACIT_CLEANUP(end_easy) CURL *easy = curl->easy_init();
	TACIT_CLEANUP(free_list) struct curl_slist *headers = make_headers(q);

	answer->len = answer->header_bytes = 0;
	if (!easy || !headers || !set_up(easy, q, headers, answer))
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot set up the request");
	CURLcode code = curl->easy_perform(easy);
	if (code == CURLE_WRITE_ERROR)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0,
				  "the metadata service's answer is too long");
	if (code != CURLE_OK)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the metadata service does not answer: %s",
				  curl->easy_strerror(code));
	(void)curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
	return TACIT_OK;
}

static enum tacit_status ask(const struct question *q, struct answer *answer,
			     struct tacit_error *err)
{
	const struct timespec pause = { PAUSE_S, 0 };
	enum tacit_status st = tacit_curl_load(err);

	for (int i = 0; st == TACIT_OK && i < TRIES; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		st = ask_once(q, answer, err);
		if (answer->status != 429 && answer->status < 500)
			break;
	}
	if (st == TACIT_OK && answer->status != OK)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the metadata service answers %ld",
				  answer->status);
	return st;
}

static void free_block(uint8_t **block)
{
	free(*block);
}

static enum tacit_status make_url(const char *base, const char *path, char ret[static URL_MAX],
				  struct tacit_error *err)
{
	int n = snprintf(ret, URL_MAX, "%s%s", base, path);

	return n > 0 && n < URL_MAX ? TACIT_OK
				    : tacit_fail(err, TACIT_USAGE, WHERE, 0,
						 "the metadata service's address is too long");
}

/* ---- what is asked ------------------------------------------------------------------------- */

enum tacit_status tacit_imds_certs(const char *base, struct tacit_mut room, struct tacit_slice *ret,
				   struct tacit_error *err)
{
	TACIT_CLEANUP(free_block) uint8_t *block = malloc((size_t)3 * BODY_MAX);
	struct answer answer = { .bytes = block };
	struct tacit_arena arena;
	char url[URL_MAX];

	if (!block)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	tacit_arena_init(&arena, block + BODY_MAX, (size_t)2 * BODY_MAX);
	enum tacit_status st = make_url(base, "/metadata/THIM/amd/certification", url, err);
	if (st == TACIT_OK)
		st = ask(&(struct question){ .url = url }, &answer, err);
	return st == TACIT_OK ? tacit_imds_read_certs(tacit_slice_of(block, answer.len), &arena,
						      room, ret, err)
			      : st;
}

enum tacit_status tacit_imds_quote(const char *base, const uint8_t *tdreport, struct tacit_mut room,
				   struct tacit_slice *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(free_block) uint8_t *block = malloc((size_t)3 * BODY_MAX);
	struct answer answer = { .bytes = block };
	struct tacit_arena arena;
	char url[URL_MAX], text[TACIT_IMDS_TDREPORT * 4 / 3 + 4], body[sizeof(text) + 32];

	if (!block)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	tacit_arena_init(&arena, block + BODY_MAX, (size_t)2 * BODY_MAX);
	tacit_base64_encode(TACIT_BASE64URL, tacit_slice_of(tdreport, TACIT_IMDS_TDREPORT), text);
	snprintf(body, sizeof(body), "{\"report\":\"%s\"}", text);
	enum tacit_status st = make_url(base, "/acc/tdquote", url, err);
	if (st == TACIT_OK)
		st = ask(&(struct question){ .url = url, .body = body }, &answer, err);
	return st == TACIT_OK ? tacit_imds_read_quote(tacit_slice_of(block, answer.len), &arena,
						      room, ret, err)
			      : st;
}
