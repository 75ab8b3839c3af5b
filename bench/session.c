/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From nothing to the answer of a first verified request: TCP connect, TLS 1.3 handshake,
 * evidence for a fresh nonce, its appraisal, then the request on the same connection. Each round
 * is a new client that remembers nothing. Beside it, in alternating rounds, the same request over
 * TLS without any attestation.
 *
 *     session tcp:HOST:PORT POLICY
 */

#include <curl/curl.h>
#include <string.h>

#include "bench.h"
#include "channel/client.h"

#define CALLS       20
#define POLICY_ROOM (1u << 20)

struct setup {
	struct tacit_address address;
	const struct tacit_policy *policy;
	char url[320];
	size_t answers;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "session: %s: %s\n", what, why);
	exit(70);
}

static void on_end(void *user, const struct tacit_answer_end *end)
{
	struct setup *s = user;

	if (end->status != TACIT_OK || end->http_status != 200)
		die(end->error->where, end->error->detail);
	s->answers++;
}

static void on_head(void *user, const struct tacit_answer_head *head)
{
	(void)user;
	(void)head;
}

static void on_data(void *user, struct tacit_slice bytes)
{
	(void)user;
	(void)bytes;
}

static void verified(void *user)
{
	static const struct tacit_answer_calls CALLS_OF = { on_head, on_data, on_end };
	static const struct tacit_request REQUEST = { .method = "GET", .path = "/v1/models" };
	struct setup *s = user;
	const struct tacit_client_options options = {
		.server = &s->address,
		.policy = s->policy,
		.insecure_accept_stub = true,
	};
	struct tacit_client *client;
	struct tacit_exchange *exchange;
	struct tacit_error err = { 0 };
	size_t before = s->answers;

	if (tacit_client_new(&options, &client, &err) != TACIT_OK ||
	    tacit_client_start(client, &REQUEST, &CALLS_OF, s, &exchange, &err) != TACIT_OK ||
	    tacit_client_wait(client, &err) != TACIT_OK || s->answers != before + 1)
		die(err.where, err.detail);
	tacit_client_free(client);
}

static size_t drop(char *bytes, size_t size, size_t count, void *user)
{
	(void)bytes;
	(void)user;
	return size * count;
}

static void bare(void *user)
{
	struct setup *s = user;
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, s->url);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	CURLcode code = curl_easy_perform(easy);
	if (code != CURLE_OK)
		die("without attestation", curl_easy_strerror(code));
	curl_easy_cleanup(easy);
}

static const struct tacit_policy *read_policy(const char *path)
{
	static uint8_t room[POLICY_ROOM], text[POLICY_ROOM];
	static struct tacit_arena arena;
	const struct tacit_policy *policy = NULL;
	struct tacit_error err = { 0 };
	FILE *file = fopen(path, "rb");

	if (!file)
		die("policy", "cannot be read");
	size_t len = fread(text, 1, sizeof(text), file);
	fclose(file);
	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_policy_parse(tacit_slice_of(text, len), &arena, &policy, &err) != TACIT_OK)
		die(err.where, err.detail);
	return policy;
}

int main(int argc, char **argv)
{
	static struct setup s;
	struct tacit_error err = { 0 };

	if (argc != 3)
		return 2;
	if (tacit_address_parse(argv[1], &s.address, &err) != TACIT_OK)
		die(err.where, err.detail);
	s.policy = read_policy(argv[2]);
	snprintf(s.url, sizeof(s.url), "https://%s:%u/v1/models", s.address.host, s.address.port);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	struct bench_pair p = bench_against(bare, verified, &s, CALLS);
	printf("{\"bare_ms\":%.4f,\"verified_ms\":%.4f}\n", p.base * 1e3, p.ours * 1e3);
	return 0;
}
