/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "sys/clock.h"

#define IDLE_CONNECTIONS 64L
#define WAIT_MS          1000

/* "https://HOST:PORT"; a zone in an IPv6 literal has its percent sign escaped [RFC 6874]. */
static void write_base(struct tacit_client *client)
{
	const struct tacit_address *a = &client->server;
	const char *zone = strchr(a->host, '%');
	bool literal = strchr(a->host, ':') != NULL;
	int host = zone ? (int)(zone - a->host) : (int)strlen(a->host);

	if (a->transport == TACIT_TRANSPORT_UNIX) {
		snprintf(client->base, sizeof(client->base), "https://localhost");
		return;
	}
	if (a->transport == TACIT_TRANSPORT_VSOCK) {
		/* A literal, so that nobody is asked for it; the socket is ours (open_vsock). */
		snprintf(client->base, sizeof(client->base), "https://127.0.0.1");
		return;
	}
	snprintf(client->base, sizeof(client->base), "https://%s%.*s%s%s%s:%u", literal ? "[" : "",
		 host, a->host, zone ? "%25" : "", zone ? zone + 1 : "", literal ? "]" : "",
		 a->port);
}

static enum tacit_status check_options(const struct tacit_client_options *options,
				       struct tacit_error *err)
{
	if (!options->policy && !options->insecure_no_policy)
		return tacit_fail(err, TACIT_USAGE, "channel", 0, "no policy");
	if (options->server->transport == TACIT_TRANSPORT_TCP && options->server->port == 0)
		return tacit_fail(err, TACIT_USAGE, "channel", 0, "the server's port is 0");
	return TACIT_OK;
}

static bool init_curl(struct tacit_client *client)
{
	client->multi = tacit_curl()->multi_init();
	client->share = tacit_curl()->share_init();
	if (!client->multi || !client->share)
		return false;
	tacit_curl()->multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
	return tacit_curl()->share_setopt(client->share, CURLSHOPT_SHARE,
					  CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

enum tacit_status tacit_client_new(const struct tacit_client_options *options,
				   struct tacit_client **ret, struct tacit_error *err)
{
	enum tacit_status st = check_options(options, err);

	if (st == TACIT_OK)
		st = tacit_curl_load(err);
	if (st != TACIT_OK)
		return st;
	struct tacit_client *client = calloc(1, sizeof(*client));
	if (!client)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	TAILQ_INIT(&client->exchanges);
	if (!init_curl(client)) {
		tacit_client_free(client);
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "cannot start libcurl");
	}
	client->options = *options;
	client->server = *options->server;
	client->options.server = &client->server;
	if (!client->options.attest_max_age)
		client->options.attest_max_age = TACIT_CLIENT_ATTEST_MAX_AGE;
	if (!client->options.timeout)
		client->options.timeout = TACIT_CLIENT_TIMEOUT;
	write_base(client);
	*ret = client;
	return TACIT_OK;
}

void tacit_client_free(struct tacit_client *client)
{
	struct tacit_exchange *exchange;

	if (!client)
		return;
	while ((exchange = TAILQ_FIRST(&client->exchanges)))
		tacit_client_exchange_free(exchange);
	tacit_client_attest_free(client->attesting);
	tacit_attested_drop(client->last);
	tacit_attested_drop(client->current);
	tacit_curl()->multi_cleanup(client->multi);
	tacit_curl()->share_cleanup(client->share);
	free(client);
}

bool tacit_client_in_age(const struct tacit_client *client, const struct tacit_attested *attested)
{
	uint64_t age = tacit_clock_ms() - attested->since_ms;

	return age / 1000 < client->options.attest_max_age &&
	       tacit_clock_wall() <= attested->claims->valid_until;
}

bool tacit_client_is_current(const struct tacit_client *client)
{
	return client->current && tacit_client_in_age(client, client->current);
}

const struct tacit_attested *tacit_client_last(const struct tacit_client *client)
{
	return client->last;
}

const struct tacit_attested *tacit_client_current(const struct tacit_client *client)
{
	return tacit_client_is_current(client) ? client->current : NULL;
}

void *tacit_client_multi(struct tacit_client *client)
{
	return client->multi;
}

/*
 * A look that failed for the sake of the network says nothing about a key that is remembered; one
 * that found something wrong ends the trust in it at once.
 */
static bool tells_against(const struct tacit_attested *attested)
{
	return attested->verdict.outcome != TACIT_UNVERIFIED ||
	       tacit_status_exit(attested->error.status) != tacit_status_exit(TACIT_PEER);
}

static struct tacit_exchange *find_state(const struct tacit_client *client,
					 enum exchange_state state)
{
	struct tacit_exchange *e;

	TAILQ_FOREACH(e, &client->exchanges, entry)
	{
		if (e->state == state && !e->cancelled)
			return e;
	}
	return NULL;
}

/* Marks first: what the calls to the user start or end on the way must not confuse the walk. */
static void release_waiting(struct tacit_client *client, const struct tacit_attested *attested)
{
	struct tacit_exchange *e;

	while ((e = find_state(client, EXCHANGE_WAITS)))
		e->state = EXCHANGE_READY;
	while ((e = find_state(client, EXCHANGE_READY))) {
		e->fresh = true;
		if (attested->verified)
			tacit_client_exchange_run(e);
		else
			tacit_client_exchange_fail(e, &attested->error);
	}
}

/* Takes the result of an attestation over, and lets go what waited for it. */
void tacit_client_attested(struct tacit_client *client, struct tacit_attested *attested)
{
	tacit_attested_drop(client->last);
	client->last = attested;
	if (attested->verified || tells_against(attested)) {
		tacit_attested_drop(client->current);
		client->current = attested->verified ? tacit_attested_hold(attested) : NULL;
	}
	release_waiting(client, tacit_attested_hold(attested));
	tacit_attested_drop(attested);
}

static void reap(struct tacit_client *client)
{
	struct tacit_exchange *e = TAILQ_FIRST(&client->exchanges), *next;

	for (; e; e = next) {
		next = TAILQ_NEXT(e, entry);
		if (e->cancelled)
			tacit_client_exchange_free(e);
	}
}

void tacit_client_progress(struct tacit_client *client)
{
	CURLMsg *message;
	int left = 0;

	if (client->progressing || client->depth)
		return;
	client->progressing = true;
	while ((message = tacit_curl()->multi_info_read(client->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode code = message->data.result;

		if (message->msg == CURLMSG_DONE &&
		    tacit_curl()->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t) ==
			    CURLE_OK &&
		    t)
			t->done(t, code);
	}
	client->progressing = false;
	reap(client);
}

static bool is_idle(const struct tacit_client *client)
{
	return !client->attesting && TAILQ_EMPTY(&client->exchanges);
}

enum tacit_status tacit_client_wait(struct tacit_client *client, struct tacit_error *err)
{
	int running = 0;

	while (!is_idle(client)) {
		if (tacit_curl()->multi_perform(client->multi, &running) != CURLM_OK)
			return tacit_fail(err, TACIT_IO, "channel", 0,
					  "the transfer engine failed");
		tacit_client_progress(client);
		if (!is_idle(client) &&
		    tacit_curl()->multi_poll(client->multi, NULL, 0, WAIT_MS, NULL) != CURLM_OK)
			return tacit_fail(err, TACIT_IO, "channel", 0,
					  "cannot wait for the server");
	}
	return TACIT_OK;
}

enum tacit_status tacit_client_attest(struct tacit_client *client, struct tacit_error *err)
{
	enum tacit_status st =
		client->attesting ? TACIT_OK : tacit_client_attest_start(client, err);

	if (st == TACIT_OK)
		st = tacit_client_wait(client, err);
	if (st != TACIT_OK)
		return st;
	const struct tacit_error *error = &client->last->error;
	if (!client->last->verified)
		return tacit_fail(err, error->status, error->where, error->offset, "%s",
				  error->detail);
	return TACIT_OK;
}
