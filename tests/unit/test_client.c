/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client.h"

#include <string.h>

#include "tests/tap.h"

static struct {
	unsigned calls;
	struct tacit_answer_end end;
	struct tacit_error error;
} last;

static void on_end(void *user, const struct tacit_answer_end *end)
{
	(void)user;
	last.calls++;
	last.end = *end;
	last.error = *end->error;
}

static const struct tacit_answer_calls CALLS = { .end = on_end };

/* A client of an address where nobody listens. */
static struct tacit_client *client_of(const char *text)
{
	struct tacit_address address;
	struct tacit_client *client = NULL;
	struct tacit_error err = { 0 };

	if (tacit_address_parse(text, &address, &err) != TACIT_OK)
		return NULL;
	const struct tacit_client_options options = { .server = &address,
						      .insecure_no_policy = true };
	return tacit_client_new(&options, &client, &err) == TACIT_OK ? client : NULL;
}

static void test_options(void)
{
	struct tacit_address address;
	struct tacit_client_options o = { .server = &address };
	struct tacit_client *client = NULL;

	ok(tacit_address_parse("tcp:127.0.0.1:9", &address, NULL) == TACIT_OK, "an address");
	is_status(tacit_client_new(&o, &client, NULL), TACIT_USAGE, "no policy, no client");
	o.insecure_no_policy = true;
	address.port = 0;
	is_status(tacit_client_new(&o, &client, NULL), TACIT_USAGE, "no port to dial");
	ok(tacit_address_parse("vsock:3:9", &address, NULL) == TACIT_OK, "a vsock address");
	address.transport = TACIT_TRANSPORT_VSOCK;
	is_status(tacit_client_new(&o, &client, NULL), TACIT_OK, "a client for vsock");
	tacit_client_free(client);
	tacit_client_free(NULL);
}

static void refuse(struct tacit_client *client, struct tacit_request request, const char *name)
{
	struct tacit_exchange *exchange = NULL;
	struct tacit_error err = { 0 };
	enum tacit_status st = tacit_client_start(client, &request, &CALLS, NULL, &exchange, &err);

	ok(st == TACIT_USAGE && !exchange && err.status == st, "%s", name);
}

static void test_requests(void)
{
	struct tacit_client *client = client_of("tcp:127.0.0.1:1");
	struct tacit_request r = { .method = "POST", .path = "/v1/x" };
	char path[5000];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	last.calls = 0;
	r.method = "PUT";
	refuse(client, r, "another method");
	r.method = "GET\r\nX: y";
	refuse(client, r, "a method with more in it");
	r.method = "GET";
	r.path = "v1";
	refuse(client, r, "a path without its slash");
	r.path = "/v1 HTTP/1.1\r\nHost: x";
	refuse(client, r, "a path that splits the request");
	r.path = "/v1\n";
	refuse(client, r, "a path with a line break");
	r.path = "/v1/\xc3\xa9";
	refuse(client, r, "a path that is not ASCII");
	r.path = "/v1#x";
	refuse(client, r, "a path with a fragment");
	r.path = path;
	refuse(client, r, "a path without end");
	r.path = "/v1/x";
	r.nonce = tacit_slice_of("1234567", 7);
	refuse(client, r, "a nonce of 7 bytes");
	r.nonce = tacit_slice_of(path, 65);
	refuse(client, r, "a nonce of 65 bytes");
	ok(last.calls == 0, "none of them made a call");
	tacit_client_free(client);
}

static void test_nobody(const char *address, const char *name)
{
	struct tacit_client *client = client_of(address);
	struct tacit_exchange *exchange = NULL;
	struct tacit_error err = { 0 };
	const struct tacit_request r = { .method = "POST", .path = "/v1/x" };

	ok(client != NULL, "%s", name);
	ok(!tacit_client_last(client) && !tacit_client_current(client),
	   "nothing is known at first");
	is_status(tacit_client_attest(client, &err), TACIT_PEER, "nobody to attest");
	ok(strcmp(err.where, "channel.connect") == 0, "the failure is named");
	ok(tacit_client_last(client) && !tacit_client_last(client)->verified &&
		   !tacit_client_last(client)->claims,
	   "the look is remembered as what it is");
	ok(!tacit_client_current(client), "nothing is current");

	last.calls = 0;
	is_status(tacit_client_start(client, &r, &CALLS, NULL, &exchange, &err), TACIT_OK,
		  "a request may be started");
	tacit_error_clear(&err);
	is_status(tacit_client_wait(client, &err), TACIT_OK, "and waited for");
	ok(last.calls == 1 && last.end.status == TACIT_PEER && !last.end.sent &&
		   last.end.http_status == 0 && last.end.proof == TACIT_PROOF_NONE,
	   "it ends once, and nothing was sent");

	const struct tacit_request only_now = { .method = "GET",
						.path = "/v1/x",
						.only_now = true };
	is_status(tacit_client_start(client, &only_now, &CALLS, NULL, &exchange, &err),
		  TACIT_BINDING, "one that wants what is verified now fails at once");
	tacit_client_free(client);
}

static void test_cancel(void)
{
	struct tacit_client *client = client_of("tcp:127.0.0.1:1");
	struct tacit_exchange *exchange = NULL, *other = NULL;
	const struct tacit_request r = { .method = "POST", .path = "/v1/x" };
	struct tacit_error err = { 0 };

	last.calls = 0;
	ok(tacit_client_start(client, &r, &CALLS, NULL, &exchange, &err) == TACIT_OK &&
		   tacit_client_start(client, &r, &CALLS, NULL, &other, &err) == TACIT_OK,
	   "two requests");
	tacit_exchange_cancel(exchange);
	is_status(tacit_client_wait(client, &err), TACIT_OK, "one is cancelled");
	ok(last.calls == 1, "the other ends");
	ok(tacit_client_start(client, &r, &CALLS, NULL, &exchange, &err) == TACIT_OK, "a third");
	tacit_client_free(client);
	ok(last.calls == 1, "goes away with its client, silently");
}

int main(void)
{
	test_options();
	test_requests();
	test_nobody("tcp:127.0.0.1:1", "a port where nobody listens");
	test_nobody("tcp:[::1]:1", "an IPv6 literal");
	test_nobody("unix:/nonexistent/socket", "a socket that is not there");
	test_cancel();
	return done();
}
