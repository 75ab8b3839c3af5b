/* SPDX-License-Identifier: Apache-2.0 */

/* One request for one range: what is asked, what the answer must be, and why it is not. */

#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "release/source_inside.h"
#include "sys/clock.h"

#define EMPTY_SHA256  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WAIT_MAX_S    3600 /* that a store may ask for */
#define RECEIVE_BYTES (256L * 1024)

#define FAIL(...)     tacit_fail(&ask->refused, __VA_ARGS__)

void tacit_source_http_show(const struct source_url *url, char *room, size_t size)
{
	tacit_escape(room, size, tacit_slice_of(url->url, strcspn(url->url, "?")));
}

/* ---- what an answer must be ----------------------------------------------------------------- */

static enum tacit_status pin(struct source_ask *ask)
{
	struct tacit_source *s = ask->source;
	const struct source_head *h = &ask->head;
	const char *version = h->etag[0] ? h->etag : h->modified;

	if (!version[0])
		return FAIL(TACIT_UNSUPPORTED, SOURCE_WHERE, 0,
			    "the store names no version (ETag, Last-Modified): a file that changes "
			    "while it is read would not be noticed");
	s->pin = !h->etag[0]                 ? SOURCE_PIN_DATE
		 : strncmp(version, "W/", 2) ? SOURCE_PIN_STRONG
					     : SOURCE_PIN_WEAK;
	snprintf(s->version, sizeof(s->version), "%s", version);
	return TACIT_OK;
}

static enum tacit_status check_version(struct source_ask *ask)
{
	const struct tacit_source *s = ask->source;
	const char *version = s->pin == SOURCE_PIN_DATE ? ask->head.modified : ask->head.etag;

	if (strcmp(version, s->version) != 0)
		return FAIL(TACIT_BINDING, SOURCE_WHERE, ask->first,
			    "the file changed while it was read");
	return TACIT_OK;
}

static enum tacit_status take_size(struct source_ask *ask, uint64_t size)
{
	uint64_t most = ask->source->store->options.max_size;

	if (size > (most ? most : SOURCE_MAX_SIZE))
		return FAIL(TACIT_LIMIT, SOURCE_WHERE, 0, "the file has %llu bytes, over %llu",
			    (unsigned long long)size,
			    (unsigned long long)(most ? most : SOURCE_MAX_SIZE));
	ask->source->size = size;
	return TACIT_OK;
}

/* 206: exactly the range that was asked for, of exactly the file that was opened. */
static enum tacit_status judge_range(struct source_ask *ask)
{
	const struct source_head *h = &ask->head;

	if (!h->ranged || h->first > h->last)
		return FAIL(TACIT_PEER, SOURCE_WHERE, ask->first,
			    "the store answers a range without saying which");
	if (!ask->opening && h->total != ask->source->size)
		return FAIL(TACIT_BINDING, SOURCE_WHERE, ask->first,
			    "the file changed while it was read: it had %llu bytes, now %llu",
			    (unsigned long long)ask->source->size, (unsigned long long)h->total);
	uint64_t last = ask->last < h->total - 1 ? ask->last : h->total - 1;
	if (h->first != ask->first || h->last != last)
		return FAIL(TACIT_PEER, SOURCE_WHERE, ask->first,
			    "the store answers bytes %llu to %llu for %llu to %llu",
			    (unsigned long long)h->first, (unsigned long long)h->last,
			    (unsigned long long)ask->first, (unsigned long long)last);
	if (h->sized && h->length != last - ask->first + 1)
		return FAIL(TACIT_PEER, SOURCE_WHERE, ask->first,
			    "the answer is %llu bytes long for a range of %llu",
			    (unsigned long long)h->length,
			    (unsigned long long)(last - ask->first + 1));
	ask->room.len = (size_t)(last - ask->first + 1);
	if (!ask->opening)
		return check_version(ask);
	enum tacit_status st = take_size(ask, h->total);
	return st == TACIT_OK ? pin(ask) : st;
}

/* 200: a store without ranges. Small files come whole. */
static enum tacit_status judge_whole(struct source_ask *ask)
{
	const struct source_head *h = &ask->head;

	if (!ask->opening || !h->sized || h->length > ask->room.len)
		return FAIL(TACIT_UNSUPPORTED, SOURCE_WHERE, ask->first,
			    "the store answers no ranges");
	ask->room.len = (size_t)h->length;
	enum tacit_status st = take_size(ask, h->length);
	return st == TACIT_OK ? pin(ask) : st;
}

static enum tacit_status judge_head(struct source_ask *ask)
{
	const struct source_head *h = &ask->head;

	if (h->bad)
		return FAIL(TACIT_PEER, SOURCE_WHERE, ask->first,
			    "a header of the answer came twice or cannot be read");
	if (h->coded)
		return FAIL(TACIT_PEER, SOURCE_WHERE, ask->first,
			    "the store sends the file compressed, which nobody asked for");
	return h->status == 206 ? judge_range(ask) : judge_whole(ask);
}

/* ---- what libcurl calls --------------------------------------------------------------------- */

static bool is_answer(const struct source_ask *ask)
{
	return ask->head.status == 200 || ask->head.status == 206;
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
	struct source_ask *ask = user;
	const struct source_head none = { .status = 0 };
	size_t len = size * count;

	ask->header_bytes += len;
	if (ask->header_bytes > SOURCE_ANSWER) {
		(void)FAIL(TACIT_LIMIT, SOURCE_WHERE, 0, "more than %d bytes of headers",
			   SOURCE_ANSWER);
		return 0;
	}
	if (len >= 12 && memcmp(line, "HTTP/", 5) == 0) {
		const char *blank = memchr(line, ' ', len);

		ask->head = none; /* one that said 100 came before */
		ask->whole_head = false;
		if (blank && (size_t)(blank - line) + 4 <= len)
			for (int i = 1; i <= 3 && blank[i] >= '0' && blank[i] <= '9'; i++)
				ask->head.status = ask->head.status * 10 + (blank[i] - '0');
	} else {
		ask->whole_head |= line[0] == '\r' || line[0] == '\n';
		tacit_source_head_line(&ask->head, tacit_slice_of(line, len));
	}
	return len;
}

static size_t take_words(struct source_ask *ask, const char *bytes, size_t len)
{
	size_t room = sizeof(ask->words) -
		      (ask->word_bytes < sizeof(ask->words) ? ask->word_bytes : sizeof(ask->words));
	size_t keep = len < room ? len : room;

	if (keep)
		memcpy(ask->words + ask->word_bytes, bytes, keep);
	ask->word_bytes += len;
	return ask->word_bytes > SOURCE_ANSWER ? 0 : len;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct source_ask *ask = user;
	size_t len = size * count;

	if (!is_answer(ask))
		return take_words(ask, bytes, len);
	if (!ask->judged && judge_head(ask) != TACIT_OK)
		return 0;
	ask->judged = true;
	if (len > ask->room.len - ask->got) {
		(void)FAIL(TACIT_PEER, SOURCE_WHERE, ask->first,
			   "the answer is longer than the range");
		return 0;
	}
	memcpy(ask->room.ptr + ask->got, bytes, len);
	ask->got += len;
	return len;
}

static int is_over(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct source_ask *ask = user;

	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(&ask->source->stopped) ? 1 : 0;
}

/* ---- the request ---------------------------------------------------------------------------- */

bool tacit_source_http_lane_init(struct source_lane *lane, struct tacit_store *store)
{
	const struct tacit_curl *curl = tacit_curl();
	const struct tacit_store_options *o = &store->options;
	unsigned c = CURLE_OK;

	lane->easy = curl->easy_init();
	if (!lane->easy || !tacit_reach_apply(lane->easy, &o->reach))
		return false;
	c |= curl->easy_setopt(lane->easy, CURLOPT_ERRORBUFFER, lane->message);
	c |= curl->easy_setopt(lane->easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
	c |= curl->easy_setopt(lane->easy, CURLOPT_LOW_SPEED_LIMIT, (long)o->min_rate);
	c |= curl->easy_setopt(lane->easy, CURLOPT_LOW_SPEED_TIME, (long)(o->stall_ms / 1000));
	c |= curl->easy_setopt(lane->easy, CURLOPT_WRITEFUNCTION, take_body);
	c |= curl->easy_setopt(lane->easy, CURLOPT_HEADERFUNCTION, take_header);
	c |= curl->easy_setopt(lane->easy, CURLOPT_XFERINFOFUNCTION, is_over);
	c |= curl->easy_setopt(lane->easy, CURLOPT_NOPROGRESS, 0L);
	return c == CURLE_OK;
}

struct request {
	struct curl_slist *headers;
	struct tacit_aws_keys *keys;
	char line[TACIT_AWS_TOKEN_MAX + 64]; /* a header as it is made; wiped */
};

static void request_done(struct request *r)
{
	tacit_curl()->slist_free_all(r->headers);
	if (r->keys)
		tacit_aws_keys_wipe(r->keys);
	free(r->keys);
	tacit_wipe(r->line, sizeof(r->line));
}

static bool add_header(struct request *r, const char *name, const char *value)
{
	int n = snprintf(r->line, sizeof(r->line), "%s: %s", name, value);

	if (n < 0 || (size_t)n >= sizeof(r->line))
		return false;
	struct curl_slist *longer = tacit_curl()->slist_append(r->headers, r->line);
	if (longer)
		r->headers = longer;
	return longer != NULL;
}

/* The version in the request as well: a store that changed it says so before it sends bytes. */
static bool add_version(struct request *r, const struct source_ask *ask)
{
	if (ask->opening || ask->source->pin == SOURCE_PIN_WEAK)
		return true;
	return add_header(
		r, ask->source->pin == SOURCE_PIN_STRONG ? "If-Match" : "If-Unmodified-Since",
		ask->source->version);
}

/* Signs for S3 [SIGV4], by libcurl. */
static enum tacit_status sign(CURL *easy, struct request *r, const struct source_ask *ask,
			      bool anew, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	struct tacit_aws_credentials *who = ask->source->store->options.aws;
	char scope[64];
	unsigned c = CURLE_OK;

	if (!who)
		return TACIT_OK;
	r->keys = calloc(1, sizeof(*r->keys));
	if (!r->keys)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	enum tacit_status st = tacit_aws_credentials_get(who, anew, r->keys, err);
	if (st != TACIT_OK)
		return st;
	char secret[TACIT_SECRET_MAX + 1];
	memcpy(secret, r->keys->secret_key.bytes, r->keys->secret_key.len);
	secret[r->keys->secret_key.len] = '\0';
	snprintf(scope, sizeof(scope), "aws:amz:%s:s3", ask->source->url.region);
	c |= curl->easy_setopt(easy, CURLOPT_AWS_SIGV4, scope);
	c |= curl->easy_setopt(easy, CURLOPT_PATH_AS_IS, 0L); /* libcurl 8.13: not both */
	c |= curl->easy_setopt(easy, CURLOPT_USERNAME, r->keys->access_key);
	c |= curl->easy_setopt(easy, CURLOPT_PASSWORD, secret);
	tacit_wipe(secret, sizeof(secret));
	if (c != CURLE_OK || !add_header(r, "x-amz-content-sha256", EMPTY_SHA256) ||
	    (r->keys->token[0] && !add_header(r, "x-amz-security-token", r->keys->token)))
		return tacit_fail(err, TACIT_UNSUPPORTED, SOURCE_WHERE, 0,
				  "this libcurl does not sign for AWS");
	return TACIT_OK;
}

/* A bearer token [RFC 6750 2.1]. */
static enum tacit_status bear(struct request *r, const struct source_ask *ask, bool anew,
			      struct tacit_error *err)
{
	struct tacit_gs_token *who = ask->source->store->options.gs;
	char text[sizeof("Bearer ") + TACIT_GS_TOKEN_MAX] = "Bearer ";
	const size_t start = strlen(text);

	if (!who)
		return TACIT_OK;
	enum tacit_status st = tacit_gs_token_get(who, anew, text + start, err);
	if (st == TACIT_OK && !add_header(r, "Authorization", text))
		st = tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	tacit_wipe(text, sizeof(text));
	return st;
}

static enum tacit_status set_up(CURL *easy, struct request *r, struct source_ask *ask, bool anew,
				struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	const struct tacit_store *store = ask->source->store;
	uint64_t now = tacit_clock_ms();
	char range[64];
	unsigned c = CURLE_OK;
	enum tacit_status st = TACIT_OK;

	if (now >= store->end)
		return tacit_fail(err, TACIT_PEER, SOURCE_WHERE, ask->first, "no time is left");
	snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)ask->first,
		 (unsigned long long)ask->last);
	if (ask->source->url.kind == SOURCE_S3)
		st = sign(easy, r, ask, anew, err);
	else if (ask->source->url.kind == SOURCE_GS)
		st = bear(r, ask, anew, err);
	if (st != TACIT_OK)
		return st;
	if (!add_version(r, ask) || !add_header(r, "Accept-Encoding", "identity"))
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	c |= curl->easy_setopt(easy, CURLOPT_URL, ask->source->url.url);
	c |= curl->easy_setopt(easy, CURLOPT_RANGE, range);
	c |= curl->easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
	c |= curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(store->end - now));
	c |= curl->easy_setopt(easy, CURLOPT_WRITEDATA, ask);
	c |= curl->easy_setopt(easy, CURLOPT_HEADERDATA, ask);
	c |= curl->easy_setopt(easy, CURLOPT_XFERINFODATA, ask);
	if (c != CURLE_OK)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "cannot set up the request");
	return TACIT_OK;
}

/* ---- why there are no bytes ----------------------------------------------------------------- */

static bool is_passing(CURLcode code)
{
	static const CURLcode PASSING[] = {
		CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,   CURLE_PARTIAL_FILE,
		CURLE_OPERATION_TIMEDOUT,   CURLE_SSL_CONNECT_ERROR, CURLE_GOT_NOTHING,
		CURLE_SEND_ERROR,           CURLE_RECV_ERROR,
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(PASSING); i++)
		if (code == PASSING[i])
			return true;
	return false;
}

static enum tacit_status judge_failure(CURL *easy, struct source_ask *ask, CURLcode code,
				       const char *message, struct tacit_error *err)
{
	if (ask->refused.status != TACIT_OK)
		return tacit_fail(err, ask->refused.status, ask->refused.where, ask->refused.offset,
				  "%s", ask->refused.detail);
	if (atomic_load(&ask->source->stopped))
		return tacit_fail(err, TACIT_DENIED, SOURCE_WHERE, ask->first, "called off");
	enum tacit_status st = tacit_reach_failed(easy, code, message, SOURCE_WHERE, err);
	/* Whether the relay answers that it cannot get there, or nobody answers. */
	ask->again = st == TACIT_PEER && (is_passing(code) || code == CURLE_PROXY);
	return st;
}

static bool is_busy(long status)
{
	return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

static enum tacit_status judge_status(CURL *easy, struct source_ask *ask, struct tacit_error *err)
{
	static const char *const STALE[] = { "<Code>ExpiredToken<", "<Code>TokenRefreshRequired<",
					     "<Code>InvalidToken<" };
	size_t len = ask->word_bytes < sizeof(ask->words) ? ask->word_bytes : sizeof(ask->words);
	long status = ask->head.status;
	char words[112];
	curl_off_t wait = 0;

	if (status == 412)
		return tacit_fail(err, TACIT_BINDING, SOURCE_WHERE, ask->first,
				  "the file changed while it was read");
	tacit_source_head_words(tacit_slice_of(ask->words, len), words, sizeof(words));
	for (size_t i = 0; i < TACIT_ARRAY_LEN(STALE); i++)
		ask->expired |= memmem(ask->words, len, STALE[i], strlen(STALE[i])) != NULL;
	ask->expired |= status == 401 && ask->source->url.kind == SOURCE_GS;
	ask->again = is_busy(status);
	(void)tacit_curl()->easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait);
	if (wait > 0)
		ask->wait_ms = (uint64_t)(wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * 1000;
	if (status >= 300 && status < 400)
		return tacit_fail(err, TACIT_PEER, SOURCE_WHERE, ask->first,
				  "it answers %ld: redirects are not followed%s%s", status,
				  words[0] ? ": " : "", words);
	return tacit_fail(err, TACIT_PEER, SOURCE_WHERE, ask->first, "it answers %ld%s%s", status,
			  words[0] ? ": " : "", words);
}

static enum tacit_status judge(CURL *easy, struct source_ask *ask, CURLcode code,
			       const char *message, struct tacit_error *err)
{
	const struct source_head *h = &ask->head;
	bool words = ask->word_bytes > 0 && ask->refused.status == TACIT_OK;

	/* All of the range is here: however the connection ended behind it. */
	if (ask->judged && ask->refused.status == TACIT_OK && ask->got == ask->room.len)
		return TACIT_OK;
	/* A failure may be told at any length: the beginning is enough. */
	if (code != CURLE_OK && !(words && h->status >= 300))
		return judge_failure(easy, ask, code, message, err);
	/* libcurl takes the end of a connection for the end of the headers. */
	if (!ask->whole_head) {
		ask->again = true;
		return tacit_fail(err, TACIT_PEER, SOURCE_WHERE, ask->first,
				  "the connection ended within the headers");
	}
	/* An empty file has no byte to answer with. */
	if (h->status == 416 && ask->opening && !h->bad && h->ranged && h->total == 0) {
		ask->source->size = 0;
		ask->room.len = 0;
		return TACIT_OK;
	}
	if (!is_answer(ask))
		return judge_status(easy, ask, err);
	if (!ask->judged && judge_head(ask) != TACIT_OK)
		return tacit_fail(err, ask->refused.status, ask->refused.where, ask->refused.offset,
				  "%s", ask->refused.detail);
	if (ask->got == ask->room.len)
		return TACIT_OK;
	ask->again = true;
	return tacit_fail(err, TACIT_PEER, SOURCE_WHERE, ask->first + ask->got,
			  "the answer is shorter than the range");
}

static struct source_lane *take_lane(struct tacit_store *store)
{
	struct source_lane *lane = NULL;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		for (unsigned i = 0; i < store->options.connections && !lane; i++)
			if (!store->lanes[i].busy)
				lane = &store->lanes[i];
		if (lane)
			break;
		pthread_cond_wait(&store->freed, &store->lock);
	}
	lane->busy = true;
	pthread_mutex_unlock(&store->lock);
	return lane;
}

static void give_lane(struct tacit_store *store, struct source_lane *lane)
{
	pthread_mutex_lock(&store->lock);
	lane->busy = false;
	pthread_cond_signal(&store->freed);
	pthread_mutex_unlock(&store->lock);
}

enum tacit_status tacit_source_http_ask(struct source_ask *ask, bool fresh_keys,
					struct tacit_error *err)
{
	struct tacit_store *store = ask->source->store;
	const struct tacit_curl *curl = tacit_curl();
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	struct source_lane *lane = take_lane(store);
	lane->message[0] = '\0';
	enum tacit_status st = set_up(lane->easy, r, ask, fresh_keys, err);
	if (st == TACIT_OK) {
		CURLcode code = curl->easy_perform(lane->easy);

		st = judge(lane->easy, ask, code, lane->message, err);
	}
	/* The next request may be to somebody else. */
	(void)curl->easy_setopt(lane->easy, CURLOPT_HTTPHEADER, NULL);
	(void)curl->easy_setopt(lane->easy, CURLOPT_AWS_SIGV4, NULL);
	(void)curl->easy_setopt(lane->easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl->easy_setopt(lane->easy, CURLOPT_USERNAME, NULL);
	(void)curl->easy_setopt(lane->easy, CURLOPT_PASSWORD, NULL);
	request_done(r);
	free(r);
	give_lane(store, lane);
	return st;
}
