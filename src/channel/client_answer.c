/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base64.h"
#include "channel/client_proof.h"
#include "codec/json.h"

#define HTTP_CONFLICT 409
#define PEEK_MAX      65536 /* of an answer that may be "evidence_unknown" */
#define TYPE_MAX      128

/* An answer as it comes: head, body, and what has been found out about it. */
struct answer {
	struct tacit_exchange *exchange;
	struct tacit_proof_state *proof;
	unsigned status;
	bool head_over;
	bool peeks; /* the body is kept back until it is clear that the request need not go again */
	uint8_t *kept;
	size_t kept_len;
	uint64_t total;
	char content_type[TYPE_MAX];
	struct tacit_error error; /* why it was broken off */
};

struct answer *tacit_client_answer_new(struct tacit_exchange *exchange)
{
	struct answer *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->exchange = exchange;
	a->proof = tacit_client_proof_new(exchange->attested, exchange->began_ms);
	if (!a->proof) {
		free(a);
		return NULL;
	}
	return a;
}

void tacit_client_answer_free(struct answer *a)
{
	if (!a)
		return;
	tacit_client_proof_free(a->proof);
	free(a->kept);
	free(a);
}

static bool is_stream(const struct answer *a)
{
	static const char TYPE[] = "text/event-stream";

	return strncasecmp(a->content_type, TYPE, sizeof(TYPE) - 1) == 0;
}

static void call_head(struct answer *a)
{
	struct tacit_exchange *e = a->exchange;
	const struct tacit_answer_head head = {
		.status = a->status,
		.content_type = a->content_type,
		.stream = is_stream(a),
		.attested = e->attested,
	};

	e->transfer.client->depth++;
	if (!e->cancelled && e->calls->head)
		e->calls->head(e->user, &head);
	e->transfer.client->depth--;
}

static void call_data(struct answer *a, struct tacit_slice bytes)
{
	struct tacit_exchange *e = a->exchange;

	e->transfer.client->depth++;
	if (bytes.len && !e->cancelled && e->calls->data)
		e->calls->data(e->user, bytes);
	e->transfer.client->depth--;
}

/* The value of a header line when it has that name, without the white space around it. */
static bool header_value(struct tacit_slice line, const char *name, struct tacit_slice *ret)
{
	size_t len = strlen(name);

	if (line.len <= len || line.ptr[len] != ':' ||
	    strncasecmp((const char *)line.ptr, name, len) != 0)
		return false;
	struct tacit_slice v = tacit_slice_of(line.ptr + len + 1, line.len - len - 1);
	while (v.len && strchr(" \t", v.ptr[0]))
		v = tacit_slice_of(v.ptr + 1, v.len - 1);
	while (v.len && strchr(" \t\r\n", v.ptr[v.len - 1]))
		v.len--;
	*ret = v;
	return true;
}

static void head_over(struct answer *a)
{
	long status = 0;

	tacit_curl()->easy_getinfo(a->exchange->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) /* an interim answer: the real head is still to come */
		return;
	a->head_over = true;
	a->status = (unsigned)status;
	a->peeks = status == HTTP_CONFLICT && !a->exchange->retried && !a->exchange->fresh;
	tacit_client_proof_head(a->proof, is_stream(a));
	if (!a->peeks)
		call_head(a);
}

static void take_line(struct answer *a, struct tacit_slice line)
{
	struct tacit_slice value;

	if (header_value(line, "Tacit-Receipt", &value))
		tacit_client_proof_receipt(a->proof, value);
	if (header_value(line, "Content-Type", &value) && value.len < sizeof(a->content_type)) {
		memcpy(a->content_type, value.ptr, value.len);
		a->content_type[value.len] = '\0';
	}
	if (line.len == 2 && memcmp(line.ptr, "\r\n", 2) == 0)
		head_over(a);
}

size_t tacit_client_answer_header(char *line, size_t size, size_t count, void *user)
{
	struct answer *a = user;
	struct transfer *t = &a->exchange->transfer;
	size_t len = size * count; /* size is always 1 */

	if (len > TACIT_CLIENT_HEADERS_MAX - t->header_bytes) {
		tacit_fail(&a->error, TACIT_PEER, "channel.headers", 0,
			   "the server sent more than %d bytes of headers",
			   TACIT_CLIENT_HEADERS_MAX);
		return 0;
	}
	t->header_bytes += len;
	if (!a->head_over) /* trailers after the body say nothing that we would believe */
		take_line(a, tacit_slice_of(line, len));
	return a->exchange->cancelled ? 0 : len;
}

static bool keep(struct answer *a, struct tacit_slice bytes)
{
	if (bytes.len > PEEK_MAX - a->kept_len)
		return false;
	uint8_t *longer = realloc(a->kept, a->kept_len + bytes.len + 1);
	if (!longer)
		return false;
	memcpy(longer + a->kept_len, bytes.ptr, bytes.len);
	a->kept = longer;
	a->kept_len += bytes.len;
	return true;
}

static bool take_body(struct answer *a, struct tacit_slice bytes)
{
	struct tacit_slice given;

	a->total += bytes.len;
	if (a->total > (is_stream(a) ? TACIT_CLIENT_STREAM_MAX : TACIT_CLIENT_ANSWER_MAX)) {
		tacit_fail(&a->error, TACIT_PEER, "channel.answer", 0, "the answer is too long");
		return false;
	}
	if (tacit_client_proof_body(a->proof, bytes, &given, &a->error) != TACIT_OK)
		return false;
	if (a->peeks)
		return keep(a, given);
	call_data(a, given);
	return true;
}

size_t tacit_client_answer_body(char *bytes, size_t size, size_t count, void *user)
{
	struct answer *a = user;
	size_t len = size * count;

	if (!take_body(a, tacit_slice_of(bytes, len)) || a->exchange->cancelled)
		return len ? 0 : 1;
	return len;
}

/* {"error": {"code": "evidence_unknown"}}: the server was started anew behind the same key. */
static bool says_evidence_unknown(const struct answer *a)
{
	static const char CODE[] = "evidence_unknown";
	json_t *body = NULL, *error = NULL;
	struct tacit_slice code = { NULL, 0 };

	if (!a->peeks || tacit_json_parse(tacit_slice_of(a->kept, a->kept_len), &body, NULL))
		return false;
	bool found = tacit_json_get_object(body, "error", TACIT_JSON_REQUIRED, &error, NULL) ==
			     TACIT_OK &&
		     tacit_json_get_string(error, "code", TACIT_JSON_REQUIRED, &code, NULL) ==
			     TACIT_OK &&
		     tacit_slice_eq(code, tacit_slice_str(CODE));
	json_decref(body);
	return found;
}

/* The answer was only looked at so far: now it goes on its way. */
static void release_kept(struct answer *a)
{
	if (!a->peeks)
		return;
	a->peeks = false;
	call_head(a);
	call_data(a, tacit_slice_of(a->kept, a->kept_len));
}

static bool needs_receipt(const struct answer *a)
{
	return strcmp(a->exchange->method, "POST") == 0 && a->status >= 200 && a->status < 300;
}

/* What stopped the transfer, our own reason first. */
static enum tacit_status transfer_result(struct answer *a, CURLcode code, struct tacit_error *err)
{
	if (a->error.status != TACIT_OK) {
		*err = a->error;
		return err->status;
	}
	if (code != CURLE_OK)
		return tacit_client_transfer_error(&a->exchange->transfer, code, err);
	if (!a->head_over)
		return tacit_fail(err, TACIT_PEER, "channel.cut", 0, "the server sent no answer");
	return TACIT_OK;
}

static void add_reason(struct tacit_error *why, const struct tacit_error *cause)
{
	size_t len = strlen(why->detail);

	if (cause->status != TACIT_OK && len < sizeof(why->detail))
		snprintf(why->detail + len, sizeof(why->detail) - len, " (%.60s)", cause->detail);
}

static void call_end(struct answer *a, struct tacit_answer_end *end)
{
	struct tacit_exchange *e = a->exchange;

	e->state = EXCHANGE_ENDED;
	e->transfer.client->depth++;
	if (!e->cancelled)
		e->calls->end(e->user, end);
	e->transfer.client->depth--;
}

void tacit_client_answer_end(struct answer *a, CURLcode code)
{
	struct tacit_exchange *e = a->exchange;
	struct tacit_error err = { 0 };
	struct tacit_answer_end end = { .error = &err, .attested = e->attested };
	enum tacit_status st = transfer_result(a, code, &err);

	if (st == TACIT_OK && says_evidence_unknown(a) && tacit_client_exchange_again(e))
		return;
	release_kept(a);
	end.http_status = a->status;
	end.sent = e->transfer.passed;
	end.request_hash = e->request_hash;
	const struct tacit_proof_want want = {
		.request_hash = e->request_hash,
		.nonce = tacit_slice_of(e->nonce, e->nonce_len),
		.needed = needs_receipt(a),
	};
	if (a->head_over) {
		struct tacit_error why = { 0 };
		enum tacit_status proven = tacit_client_proof_judge(a->proof, &want, &end, &why);

		/* An answer that broke off is above all one that nothing proves. */
		if (st == TACIT_OK || (a->error.status == TACIT_OK && want.needed && proven)) {
			add_reason(&why, &err);
			st = proven;
			err = why;
		}
	}
	end.status = st;
	call_end(a, &end);
	tacit_client_exchange_free(e);
}
