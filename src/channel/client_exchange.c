/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "crypto/random.h"
#include "sys/clock.h"

#define NONCE_LEN    32
#define PATH_MAX_LEN 4096

void tacit_client_exchange_free(struct tacit_exchange *e)
{
	if (!e)
		return;
	TAILQ_REMOVE(&e->transfer.client->exchanges, e, entry);
	tacit_client_transfer_done(&e->transfer);
	tacit_client_answer_free(e->answer);
	tacit_attested_drop(e->attested);
	free(e->url);
	free(e->method);
	free(e->content_type);
	free(e->body);
	free(e);
}

/* Ends an exchange of which nothing was sent. */
void tacit_client_exchange_fail(struct tacit_exchange *e, const struct tacit_error *error)
{
	const struct tacit_answer_end end = {
		.status = error->status,
		.error = error,
		.attested = e->attested,
		.request_hash = e->request_hash,
	};

	e->state = EXCHANGE_ENDED;
	e->transfer.client->depth++;
	if (!e->cancelled)
		e->calls->end(e->user, &end);
	e->transfer.client->depth--;
	tacit_client_exchange_free(e);
}

bool tacit_client_exchange_again(struct tacit_exchange *e)
{
	struct tacit_client *client = e->transfer.client;
	struct tacit_error err = { 0 };

	if (e->retried || e->fresh || e->cancelled)
		return false;
	e->retried = true;
	if (client->current == e->attested) {
		tacit_attested_drop(client->current);
		client->current = NULL;
	}
	tacit_client_transfer_done(&e->transfer);
	tacit_client_answer_free(e->answer);
	tacit_attested_drop(e->attested);
	e->answer = NULL;
	e->attested = NULL;
	if (client->current) { /* another exchange has attested in the meantime */
		e->state = EXCHANGE_READY;
		tacit_client_exchange_run(e);
		return true;
	}
	e->state = EXCHANGE_WAITS;
	if (!client->attesting && tacit_client_attest_start(client, &err) != TACIT_OK)
		tacit_client_exchange_fail(e, &err);
	return true;
}

static void transfer_ended(struct transfer *transfer, CURLcode code)
{
	struct tacit_exchange *e = (struct tacit_exchange *)(void *)transfer;

	if (e->cancelled) {
		tacit_client_exchange_free(e);
		return;
	}
	/* Refused by the gate: the server may have been started anew, with another key. */
	if (e->transfer.refused.status != TACIT_OK && tacit_client_exchange_again(e))
		return;
	tacit_client_answer_end(e->answer, code);
}

static bool set_headers(struct tacit_exchange *e)
{
	struct transfer *t = &e->transfer;
	char doc[48], nonce[96];

	tacit_base64_encode(TACIT_BASE64URL, TACIT_SLICE_ARRAY(e->attested->doc_hash), doc);
	tacit_base64_encode(TACIT_BASE64URL, tacit_slice_of(e->nonce, e->nonce_len), nonce);
	bool set = tacit_client_transfer_header(t, "Tacit-Evidence: %s", doc) &&
		   tacit_client_transfer_header(t, "Tacit-Nonce: %s", nonce) &&
		   tacit_client_transfer_header(t, "User-Agent: tacit/%s", TACIT_VERSION) &&
		   tacit_client_transfer_header(t, "Expect:");
	if (strcmp(e->method, "GET") == 0)
		return set;
	return set && tacit_client_transfer_header(t, "Content-Type: %s", e->content_type);
}

static bool set_request(struct tacit_exchange *e)
{
	CURL *easy = e->transfer.easy;
	unsigned c = CURLE_OK;

	if (strcmp(e->method, "GET") == 0) {
		c |= tacit_curl()->easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	} else {
		c |= tacit_curl()->easy_setopt(easy, CURLOPT_POST, 1L);
		c |= tacit_curl()->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
					       (curl_off_t)e->body_len);
		c |= tacit_curl()->easy_setopt(easy, CURLOPT_POSTFIELDS, e->body);
	}
	c |= tacit_curl()->easy_setopt(easy, CURLOPT_HEADERFUNCTION, tacit_client_answer_header);
	c |= tacit_curl()->easy_setopt(easy, CURLOPT_HEADERDATA, e->answer);
	c |= tacit_curl()->easy_setopt(easy, CURLOPT_WRITEFUNCTION, tacit_client_answer_body);
	c |= tacit_curl()->easy_setopt(easy, CURLOPT_WRITEDATA, e->answer);
	return c == CURLE_OK;
}

static enum tacit_status run(struct tacit_exchange *e, struct tacit_error *err)
{
	struct transfer *t = &e->transfer;

	e->state = EXCHANGE_RUNS;
	e->attested = tacit_attested_hold(t->client->current);
	e->answer = tacit_client_answer_new(e);
	if (!e->answer)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	t->under = e->attested;
	t->done = transfer_ended;
	t->passed = false;
	t->header_bytes = 0;
	tacit_error_clear(&t->refused);
	enum tacit_status st = tacit_client_transfer_init(t, t->client, e->url, err);
	if (st != TACIT_OK)
		return st;
	if (!set_headers(e) || !set_request(e))
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "cannot set up the request");
	return tacit_client_transfer_start(t, err);
}

/* Sends it under what is current; the caller has made sure that there is something. */
void tacit_client_exchange_run(struct tacit_exchange *e)
{
	struct tacit_error err = { 0 };

	if (run(e, &err) != TACIT_OK)
		tacit_client_exchange_fail(e, &err);
}

static enum tacit_status check_request(const struct tacit_request *request, struct tacit_error *err)
{
	size_t len = strlen(request->path);

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "POST") != 0)
		return tacit_fail(err, TACIT_USAGE, "channel", 0, "the method is not GET or POST");
	if (request->path[0] != '/' || len > PATH_MAX_LEN)
		return tacit_fail(err, TACIT_USAGE, "channel", 0, "the path is no path");
	for (size_t i = 0; i < len; i++) {
		if (request->path[i] <= ' ' || request->path[i] > '~' || request->path[i] == '#')
			return tacit_fail(err, TACIT_USAGE, "channel", i,
					  "the path holds a character that no path may");
	}
	if (request->body.len > TACIT_CLIENT_REQUEST_MAX)
		return tacit_fail(err, TACIT_LIMIT, "channel", 0, "the request is over %u bytes",
				  TACIT_CLIENT_REQUEST_MAX);
	if (request->nonce.ptr &&
	    (request->nonce.len < TACIT_AIR_NONCE_MIN || request->nonce.len > TACIT_AIR_NONCE_MAX))
		return tacit_fail(err, TACIT_USAGE, "channel", 0, "the nonce is not %d to %d bytes",
				  TACIT_AIR_NONCE_MIN, TACIT_AIR_NONCE_MAX);
	return TACIT_OK;
}

static enum tacit_status choose_nonce(struct tacit_exchange *e, struct tacit_slice given,
				      struct tacit_error *err)
{
	if (given.ptr) {
		memcpy(e->nonce, given.ptr, given.len);
		e->nonce_len = given.len;
		return TACIT_OK;
	}
	e->nonce_len = NONCE_LEN;
	return tacit_random(tacit_mut_of(e->nonce, NONCE_LEN), err);
}

static bool copy_request(struct tacit_exchange *e, const struct tacit_request *request)
{
	const char *type = request->content_type ? request->content_type : "application/json";

	if (asprintf(&e->url, "%s%s", e->transfer.client->base, request->path) < 0)
		e->url = NULL;
	e->method = strdup(request->method);
	e->content_type = strdup(type);
	e->body = malloc(request->body.len + 1);
	if (!e->url || !e->method || !e->content_type || !e->body)
		return false;
	if (request->body.len)
		memcpy(e->body, request->body.ptr, request->body.len);
	e->body_len = request->body.len;
	return true;
}

/* Looks again before the time is up, beside the traffic, so that no request has to wait for it. */
static bool is_aging(const struct tacit_client *client)
{
	uint64_t age = tacit_clock_ms() - client->current->since_ms;

	return age > client->options.attest_max_age * 750;
}

static enum tacit_status begin(struct tacit_exchange *e, struct tacit_error *err)
{
	struct tacit_client *client = e->transfer.client;

	if (!tacit_client_is_current(client) && e->retried)
		return tacit_fail(err, TACIT_BINDING, "channel.key", 0, "nothing is verified now");
	if (!tacit_client_is_current(client))
		return client->attesting ? TACIT_OK : tacit_client_attest_start(client, err);
	/* Not vital yet: a later request tries again. */
	if (is_aging(client) && !client->attesting &&
	    tacit_client_attest_start(client, NULL) != TACIT_OK)
		client->attesting = NULL;
	return run(e, err);
}

enum tacit_status tacit_client_start(struct tacit_client *client,
				     const struct tacit_request *request,
				     const struct tacit_answer_calls *calls, void *user,
				     struct tacit_exchange **ret, struct tacit_error *err)
{
	enum tacit_status st = check_request(request, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_exchange *e = calloc(1, sizeof(*e));
	if (!e)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	e->transfer.client = client;
	e->state = EXCHANGE_WAITS;
	e->calls = calls;
	e->user = user;
	e->began_ms = tacit_clock_ms();
	e->retried = request->only_now;
	TAILQ_INSERT_TAIL(&client->exchanges, e, entry);
	st = copy_request(e, request) ? TACIT_OK
				      : tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	if (st == TACIT_OK)
		st = choose_nonce(e, request->nonce, err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, tacit_slice_of(e->body, e->body_len), e->request_hash,
				err);
	if (st == TACIT_OK)
		st = begin(e, err);
	if (st != TACIT_OK) {
		tacit_client_exchange_free(e);
		return st;
	}
	*ret = e;
	return TACIT_OK;
}

void tacit_exchange_cancel(struct tacit_exchange *e)
{
	struct tacit_client *client = e->transfer.client;

	if (e->state == EXCHANGE_ENDED)
		return;
	if (client->depth || client->progressing)
		e->cancelled = true; /* libcurl may be inside it: freed once it is not */
	else
		tacit_client_exchange_free(e);
}
