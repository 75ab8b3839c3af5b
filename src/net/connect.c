/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connect_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/bounds.h"

#define PATH_ROOM  4096
#define STALL_MS   120000
#define OUTPUT_MAX (16u << 20) /* of a stream that the local program does not read */
#define GRACE_MS   5000

static bool is(struct tacit_slice text, const char *word)
{
	return tacit_slice_eq(text, tacit_slice_str(word));
}

/*
 * What a web page could make a browser send is refused: another host's name, another origin, and
 * bodies of a type that needs no asking first.
 */
static const char *guard(const struct tacit_connect *connect, struct tacit_call *call,
			 unsigned *ret_status)
{
	const struct tacit_connect_options *o = &connect->options;
	const struct tacit_http_head *head = tacit_call_head(call);
	const char *why = tacit_connect_page(head, o->host, o->any_host);

	*ret_status = 403;
	if (why)
		return why;
	*ret_status = 404;
	if (head->path.len < 4 || memcmp(head->path.ptr, "/v1/", 4) != 0)
		return "there is nothing outside /v1/";
	*ret_status = 405;
	if (!is(head->method, "GET") && !is(head->method, "POST"))
		return "only GET and POST go through";
	*ret_status = 415;
	if (is(head->method, "POST") && !tacit_connect_type_ok(head, "application/json"))
		return "the body of a request is application/json";
	return NULL;
}

static bool write_path(const struct tacit_http_head *head, char room[static PATH_ROOM])
{
	int n = snprintf(room, PATH_ROOM, "%.*s%s%.*s", (int)head->path.len,
			 (const char *)head->path.ptr, head->query.ptr ? "?" : "",
			 (int)head->query.len,
			 head->query.ptr ? (const char *)head->query.ptr : "");

	return n > 0 && n < PATH_ROOM;
}

/* The program's own nonce for the receipt, if it brings one. */
static bool read_nonce(const struct tacit_http_head *head, uint8_t *room, struct tacit_slice *ret)
{
	struct tacit_slice text = tacit_http_head_find(head, "Tacit-Nonce");
	size_t len = 0;

	if (!text.ptr)
		return true;
	if (!tacit_base64_decode(TACIT_BASE64URL, text, tacit_mut_of(room, TACIT_AIR_NONCE_MAX),
				 &len) ||
	    len < TACIT_AIR_NONCE_MIN)
		return false;
	*ret = tacit_slice_of(room, len);
	return true;
}

static void on_gone(void *user)
{
	struct relay *relay = user;

	relay->call = NULL;
	if (relay->exchange) {
		tacit_exchange_cancel(relay->exchange);
		tacit_connect_answer_free(relay);
	}
}

static void start(struct tacit_connect *connect, struct tacit_call *call,
		  const struct tacit_request *request)
{
	struct tacit_error err = { 0 };
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay) {
		tacit_connect_answer_refuse(call, 500, "tacit_memory", "out of memory");
		return;
	}
	relay->connect = connect;
	relay->call = call;
	if (tacit_client_start(connect->options.client, request, &tacit_connect_answer_calls, relay,
			       &relay->exchange, &err) != TACIT_OK) {
		tacit_connect_answer_free(relay);
		tacit_connect_answer_refuse(call, 502, "tacit_channel", err.detail);
		return;
	}
	tacit_call_drop_body(call);
	tacit_call_watch(call, on_gone, relay);
}

static void on_request(void *user, struct tacit_call *call)
{
	struct tacit_connect *connect = user;
	const struct tacit_http_head *head = tacit_call_head(call);
	uint8_t nonce[TACIT_AIR_NONCE_MAX];
	char path[PATH_ROOM];
	unsigned status;
	struct tacit_request request = { .path = path, .body = tacit_call_body(call) };
	const char *wrong = guard(connect, call, &status);

	if (wrong) {
		tacit_connect_answer_refuse(call, status, "tacit_endpoint", wrong);
		return;
	}
	if (!write_path(head, path)) {
		tacit_connect_answer_refuse(call, 414, "tacit_endpoint", "the path is too long");
		return;
	}
	if (!read_nonce(head, nonce, &request.nonce)) {
		tacit_connect_answer_refuse(call, 400, "tacit_nonce",
					    "Tacit-Nonce is not base64url of 8 to 64 bytes");
		return;
	}
	request.method = is(head->method, "GET") ? "GET" : "POST";
	start(connect, call, &request);
}

static struct tacit_slice on_refusal(void *user, unsigned status)
{
	static const char BODY[] = "{\"error\":{\"message\":\"the request cannot be read\","
				   "\"type\":\"invalid_request_error\",\"param\":null,"
				   "\"code\":\"tacit_endpoint\"}}";

	(void)user;
	(void)status;
	return tacit_slice_of(BODY, sizeof(BODY) - 1);
}

enum tacit_status tacit_connect_new(const struct tacit_connect_options *options,
				    struct tacit_connect **ret, struct tacit_error *err)
{
	struct tacit_connect *connect = calloc(1, sizeof(*connect));

	if (!connect)
		return tacit_fail(err, TACIT_NOMEM, "connect", 0, "out of memory");
	connect->options = *options;
	const struct tacit_server_options server = {
		.max_body = TACIT_CLIENT_REQUEST_MAX,
		.max_output = OUTPUT_MAX,
		.stall_ms = STALL_MS,
		.grace_ms = GRACE_MS,
		.on_request = on_request,
		.on_refusal = on_refusal,
		.user = connect,
	};
	enum tacit_status st = tacit_server_new(&server, &connect->server, err);
	if (st == TACIT_OK)
		st = tacit_client_loop_new(options->client, tacit_server_base(connect->server),
					   &connect->loop, err);
	if (st != TACIT_OK) {
		connect->options.store = NULL;
		tacit_connect_free(connect);
		return st;
	}
	*ret = connect;
	return TACIT_OK;
}

enum tacit_status tacit_connect_listen(struct tacit_connect *connect, int fd,
				       struct tacit_error *err)
{
	return tacit_server_listen(connect->server, fd, err);
}

enum tacit_status tacit_connect_run(struct tacit_connect *connect, struct tacit_error *err)
{
	return tacit_server_run(connect->server, err);
}

void tacit_connect_free(struct tacit_connect *connect)
{
	if (!connect)
		return;
	/* The store's thread posts to the server, and the loop's events live in the server's. */
	tacit_connect_store_free(connect->options.store);
	tacit_client_loop_free(connect->loop);
	tacit_server_free(connect->server);
	free(connect);
}
