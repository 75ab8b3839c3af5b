/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/compiler.h"
#include "release/reach.h"
#include "sys/clock.h"

#define WHERE       "fetch"
#define PAUSE_MAX_S 86400u /* what a server may ask for and still be understood */

struct tacit_fetch {
	struct tacit_fetch_options options;
	struct tacit_reach reach;
	CURL *easy;
	char message[CURL_ERROR_SIZE];
	/* Of the request in hand: */
	const struct tacit_fetch_request *request;
	struct tacit_fetch_answer got;
	size_t header_bytes;
	struct tacit_error refused; /* why a callback ended it */
};

void tacit_fetch_answer_free(struct tacit_fetch_answer *answer)
{
	const struct tacit_fetch_answer none = { 0 };

	free(answer->body);
	free(answer->chain);
	*answer = none;
}

/* ---- what libcurl calls --------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct tacit_fetch *f = user;
	size_t len = size * count;

	if (len > f->request->max - f->got.len) {
		(void)tacit_fail(&f->refused, TACIT_LIMIT, WHERE, f->got.len,
				 "the answer is longer than %zu bytes", f->request->max);
		return 0;
	}
	uint8_t *bigger = realloc(f->got.body, f->got.len + len + 1);
	if (!bigger) {
		(void)tacit_fail(&f->refused, TACIT_NOMEM, WHERE, 0, "out of memory");
		return 0;
	}
	f->got.body = bigger;
	memcpy(bigger + f->got.len, bytes, len);
	f->got.len += len;
	return len;
}

static bool is_wanted(const struct tacit_fetch *f, const char *name, size_t len)
{
	for (const char *const *want = f->request->chain; want && *want; want++)
		if (strlen(*want) == len && strncasecmp(name, *want, len) == 0)
			return true;
	return false;
}

/* The value of "Name: value\r\n", behind the colon. */
static bool keep_chain(struct tacit_fetch *f, const char *value, size_t len)
{
	while (len && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	while (len && strchr(" \t\r\n", value[len - 1]))
		len--;
	if (f->got.chain)
		return tacit_fail(&f->refused, TACIT_PEER, WHERE, 0,
				  "the header with the issuers came twice") == TACIT_OK;
	if (len > TACIT_FETCH_CHAIN_MAX)
		return tacit_fail(&f->refused, TACIT_LIMIT, WHERE, 0,
				  "the header with the issuers is longer than %d bytes",
				  TACIT_FETCH_CHAIN_MAX) == TACIT_OK;
	f->got.chain = strndup(value, len);
	return f->got.chain != NULL;
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
	struct tacit_fetch *f = user;
	size_t len = size * count;
	const char *colon = memchr(line, ':', len);

	f->header_bytes += len;
	if (f->header_bytes > TACIT_FETCH_HEADERS_MAX) {
		(void)tacit_fail(&f->refused, TACIT_LIMIT, WHERE, 0,
				 "more than %d bytes of headers", TACIT_FETCH_HEADERS_MAX);
		return 0;
	}
	if (!colon || !is_wanted(f, line, (size_t)(colon - line)))
		return len;
	return keep_chain(f, colon + 1, len - (size_t)(colon + 1 - line)) ? len : 0;
}

/* ---- one request ---------------------------------------------------------------------------- */

/* Every setting takes effect or no request leaves. */
static bool set_always(struct tacit_fetch *f)
{
	const struct tacit_curl *curl = tacit_curl();
	CURL *e = f->easy;
	unsigned c = CURLE_OK;

	f->reach.ca_file = f->options.ca_file;
	f->reach.connect_ms = f->options.connect_ms;
	if (!tacit_reach_apply(e, &f->reach))
		return false;
	/* What comes is public and signed: by way of the environment's proxy it may. */
	c |= curl->easy_setopt(e, CURLOPT_PROXY, NULL);
	c |= curl->easy_setopt(e, CURLOPT_NOPROXY, NULL);
	c |= curl->easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	c |= curl->easy_setopt(e, CURLOPT_ERRORBUFFER, f->message);
	c |= curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	c |= curl->easy_setopt(e, CURLOPT_WRITEDATA, f);
	c |= curl->easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	c |= curl->easy_setopt(e, CURLOPT_HEADERDATA, f);
	return c == CURLE_OK;
}

static void free_list(struct curl_slist **list)
{
	tacit_curl()->slist_free_all(*list);
}

/* What is left until everything is over; 0 when it is. */
static uint64_t left_ms(const struct tacit_fetch *f)
{
	uint64_t now = tacit_clock_ms();

	return now < f->options.deadline_ms ? f->options.deadline_ms - now : 0;
}

static enum tacit_status say_failure(const struct tacit_fetch *f, CURLcode code,
				     struct tacit_error *err)
{
	char shown[128];
	const char *why = f->message[0] ? f->message : tacit_curl()->easy_strerror(code);

	if (f->refused.status != TACIT_OK)
		return tacit_fail(err, f->refused.status, WHERE, f->refused.offset, "%s",
				  f->refused.detail);
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "%s",
			  tacit_escape(shown, sizeof(shown), tacit_slice_str(why)));
}

/* One try. `ret_status` is what the server answered. */
static enum tacit_status ask(struct tacit_fetch *f, long *ret_status, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	const struct tacit_fetch_request *r = f->request;
	uint64_t left = left_ms(f),
		 most = left < f->options.request_ms ? left : f->options.request_ms;
	TACIT_CLEANUP(free_list) struct curl_slist *list = NULL;
	char header[512];
	unsigned c = CURLE_OK;

	if (left == 0)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "no time is left");
	tacit_fetch_answer_free(&f->got);
	tacit_error_clear(&f->refused);
	f->header_bytes = 0;
	f->message[0] = 0;
	if (r->key) {
		int n = snprintf(header, sizeof(header), "%s: %s", r->key_name, r->key);

		if (n < 0 || (size_t)n >= sizeof(header))
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the key is too long");
		list = curl->slist_append(NULL, header);
		if (!list)
			return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	}
	c |= curl->easy_setopt(f->easy, CURLOPT_HTTPHEADER, list);
	c |= curl->easy_setopt(f->easy, CURLOPT_URL, r->url);
	c |= curl->easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, (long)most);
	if (c != CURLE_OK)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot set up the request");
	CURLcode code = curl->easy_perform(f->easy);
	(void)curl->easy_setopt(f->easy, CURLOPT_HTTPHEADER, NULL);
	if (code != CURLE_OK)
		return say_failure(f, code, err);
	(void)curl->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, ret_status);
	if (!f->got.body) /* empty is an answer, too */
		f->got.body = malloc(1);
	return f->got.body ? TACIT_OK : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
}

/* ---- trying again --------------------------------------------------------------------------- */

static void sleep_ms(uint64_t ms)
{
	struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0)
		;
}

/* How long the server wants to be left alone; the n-th time. */
static uint64_t pause_s(struct tacit_fetch *f, unsigned n)
{
	curl_off_t asked = 0;

	(void)tacit_curl()->easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &asked);
	if (asked > 0)
		return asked < PAUSE_MAX_S ? (uint64_t)asked : PAUSE_MAX_S;
	return f->request->pause_s << n;
}

static enum tacit_status wait_for(struct tacit_fetch *f, long status, unsigned tries,
				  struct tacit_error *err)
{
	uint64_t seconds = pause_s(f, tries);

	if (tries + 1 >= TACIT_FETCH_TRIES)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "it answers %ld, %u times over",
				  status, tries + 1);
	if (seconds * 1000 >= left_ms(f))
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "it answers %ld and asks for %llu s, for which no time is left",
				  status, (unsigned long long)seconds);
	if (f->options.waits)
		f->options.waits(f->options.user, f->request->url, (unsigned)status, seconds);
	sleep_ms(seconds * 1000);
	return TACIT_OK;
}

static enum tacit_status check_status(long status, struct tacit_error *err)
{
	const char *hint = status == 404   ? ": it does not know what was asked for"
			   : status == 410 ? ": it has retired what was asked for"
			   : status == 401 || status == 403 ? ": it wants a key"
			   : status >= 300 && status < 400  ? ": redirects are not followed"
							    : "";

	if (status == 200)
		return TACIT_OK;
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "it answers %ld%s", status, hint);
}

static enum tacit_status get(struct tacit_fetch *f, struct tacit_error *err)
{
	for (unsigned tries = 0;; tries++) {
		long status = 0;
		enum tacit_status st = ask(f, &status, err);

		if (st != TACIT_OK)
			return st;
		if (status != 429 && status != 503)
			return check_status(status, err);
		st = wait_for(f, status, tries, err);
		if (st != TACIT_OK)
			return st;
	}
}

enum tacit_status tacit_fetch_get(struct tacit_fetch *fetch,
				  const struct tacit_fetch_request *request,
				  struct tacit_fetch_answer *ret, struct tacit_error *err)
{
	const struct tacit_fetch_answer none = { 0 };

	if (strncmp(request->url, "https://", 8) != 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "not an https URL");
	fetch->request = request;
	enum tacit_status st = get(fetch, err);
	if (st == TACIT_OK)
		*ret = fetch->got;
	else
		tacit_fetch_answer_free(&fetch->got);
	fetch->got = none;
	fetch->request = NULL;
	return st;
}

enum tacit_status tacit_fetch_new(const struct tacit_fetch_options *options,
				  struct tacit_fetch **ret, struct tacit_error *err)
{
	enum tacit_status st = tacit_curl_load(err);

	if (st != TACIT_OK)
		return st;
	struct tacit_fetch *fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	fetch->options = *options;
	fetch->easy = tacit_curl()->easy_init();
	if (!fetch->easy || !set_always(fetch)) {
		tacit_fetch_free(fetch);
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "this libcurl lacks what is needed");
	}
	*ret = fetch;
	return TACIT_OK;
}

void tacit_fetch_free(struct tacit_fetch *fetch)
{
	if (!fetch)
		return;
	if (fetch->easy)
		tacit_curl()->easy_cleanup(fetch->easy);
	tacit_fetch_answer_free(&fetch->got);
	free(fetch);
}
