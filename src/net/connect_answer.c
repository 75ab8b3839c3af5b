/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connect_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/writer.h"
#include "codec/json.h"
#include "receipt/stream.h"

#define ERROR_ROOM 2048

void tacit_connect_answer_free(struct relay *relay)
{
	tacit_attested_drop(relay->attested);
	free(relay->body);
	free(relay->tail);
	free(relay->row.receipt);
	free(relay);
}

/* ---- errors, in OpenAI's form -------------------------------------------------------------- */

static struct tacit_slice write_error(struct tacit_mut room, const char *code, const char *message)
{
	struct writer w = wr_of(room);

	wr_text(&w, "{\"error\":{\"message\":");
	tacit_json_put_string(&w, tacit_slice_str(message));
	wr_text(&w, ",\"type\":\"tacit_error\",\"param\":null,\"code\":");
	tacit_json_put_string(&w, tacit_slice_str(code));
	wr_text(&w, "}}");
	return tacit_slice_of(room.ptr, w.bad ? 0 : w.at);
}

void tacit_connect_answer_refuse(struct tacit_call *call, unsigned status, const char *code,
				 const char *message)
{
	uint8_t room[ERROR_ROOM];
	const struct tacit_http_answer answer = {
		.status = status,
		.type = "application/json",
		.extra = tacit_slice_str("Tacit-Verdict: refused\r\n"),
	};

	tacit_call_reply(call, &answer,
			 write_error(tacit_mut_of(room, sizeof(room)), code, message));
}

/* "tacit_policy.measurements": the check that failed, for programs to branch on. */
static void error_code(const struct tacit_error *error, char room[static 64])
{
	snprintf(room, 64, "tacit_%s", error->where[0] ? error->where : "channel");
}

static void error_message(const struct relay *relay, const struct tacit_error *error,
			  char room[static 320])
{
	const char *what = relay->proof == TACIT_PROOF_MISSING || relay->proof == TACIT_PROOF_BAD
				   ? "the answer is unproven"
				   : "no answer from a verified server";

	snprintf(room, 320, "tacit: %s: %s: %s", what, error->where, error->detail);
}

/* ---- headers -------------------------------------------------------------------------------- */

/* A value inside quotes: printable ASCII without quotes and backslashes. */
static void put_value(struct writer *w, struct tacit_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		wr_u8(w, c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? (uint8_t)'?' : c);
	}
}

static void put_verdict(struct writer *w, const struct tacit_attested *attested,
			const char *receipt)
{
	const struct tacit_binding *b = &attested->claims->binding;
	char hex[65];

	tacit_hex_encode(TACIT_SLICE_ARRAY(b->model_hash), hex);
	wr_text(w, "Tacit-Verdict: verified; tee=\"");
	put_value(w, tacit_slice_str(tacit_tee_label(attested->claims->tee)));
	wr_text(w, "\"; model=\"");
	put_value(w, b->model_id);
	wr_text(w, "\"; model-sha256=\"");
	wr_text(w, hex);
	wr_text(w, "\"; receipt=\"");
	wr_text(w, receipt);
	wr_text(w, "\"\r\n");
}

static struct tacit_slice written(const struct writer *w)
{
	return tacit_slice_of(w->out.ptr, w->bad ? 0 : w->at);
}

/* ---- the answer as it comes --------------------------------------------------------------- */

static void keep_type(struct relay *relay, const char *type)
{
	struct writer w = wr_of(tacit_mut_of(relay->type, sizeof(relay->type) - 1));

	put_value(&w, tacit_slice_str(type));
	relay->type[w.bad ? 0 : w.at] = '\0';
	if (!relay->type[0])
		snprintf(relay->type, sizeof(relay->type), "application/octet-stream");
}

static void on_head(void *user, const struct tacit_answer_head *head)
{
	struct relay *relay = user;
	uint8_t room[CONNECT_EXTRA_MAX];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	relay->status = head->status;
	relay->sse = head->stream;
	relay->streams = head->stream && !relay->connect->options.hold;
	keep_type(relay, head->content_type);
	if (!relay->streams || !relay->call)
		return;
	put_verdict(&w, head->attested, "follows");
	const struct tacit_http_answer answer = { head->status, relay->type, written(&w) };
	tacit_call_start(relay->call, &answer);
}

static void keep(struct relay *relay, struct tacit_slice bytes)
{
	size_t room = relay->room ? relay->room : 4096;

	if (relay->overflow || bytes.len > TACIT_CLIENT_ANSWER_MAX - relay->len) {
		relay->overflow = true;
		return;
	}
	while (room < relay->len + bytes.len)
		room *= 2;
	uint8_t *longer = room == relay->room ? relay->body : realloc(relay->body, room);
	if (!longer) {
		relay->overflow = true;
		return;
	}
	relay->body = longer;
	relay->room = room;
	memcpy(relay->body + relay->len, bytes.ptr, bytes.len);
	relay->len += bytes.len;
}

static void on_data(void *user, struct tacit_slice bytes)
{
	struct relay *relay = user;

	if (!relay->streams)
		keep(relay, bytes);
	else if (relay->call)
		tacit_call_write(relay->call, bytes);
	relay->mid_line = bytes.ptr[bytes.len - 1] != '\n';
}

/* ---- the end -------------------------------------------------------------------------------- */

static void fail_stream(struct relay *relay)
{
	uint8_t body[ERROR_ROOM], event[ERROR_ROOM + 16];
	char code[64], message[320];
	struct writer w = wr_of(tacit_mut_of(event, sizeof(event)));

	error_code(&relay->error, code);
	error_message(relay, &relay->error, message);
	wr_text(&w, relay->mid_line ? "\n\ndata: " : "data: ");
	wr_bytes(&w, write_error(tacit_mut_of(body, sizeof(body)), code, message));
	wr_text(&w, "\n\n");
	tacit_call_write(relay->call, written(&w));
	tacit_call_cut(relay->call);
}

static void fail_whole(struct relay *relay)
{
	char code[64], message[320];
	bool late = strcmp(relay->error.where, "channel.timeout") == 0;

	error_code(&relay->error, code);
	error_message(relay, &relay->error, message);
	tacit_connect_answer_refuse(relay->call, late ? 504 : 502, code, message);
}

static void send_stream_end(struct relay *relay)
{
	tacit_call_write(relay->call, tacit_slice_of(relay->tail, relay->tail_len));
	tacit_call_finish(relay->call);
}

static void send_whole(struct relay *relay)
{
	uint8_t room[CONNECT_EXTRA_MAX];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	bool proven = relay->proof == TACIT_PROOF_OK;

	put_verdict(&w, relay->attested, proven ? "ok" : "none");
	if (proven && !relay->sse) {
		wr_text(&w, "Tacit-Receipt: ");
		tacit_stream_put_header(&w,
					tacit_slice_of(relay->row.receipt, relay->row.receipt_len));
		wr_text(&w, "\r\n");
	}
	if (relay->unstored)
		wr_text(&w, "Tacit-Stored: no\r\n");
	if (relay->tail_len)
		keep(relay, tacit_slice_of(relay->tail, relay->tail_len));
	const struct tacit_http_answer answer = { relay->status, relay->type, written(&w) };
	tacit_call_reply(relay->call, &answer, tacit_slice_of(relay->body, relay->len));
}

static void say(const struct relay *relay, const char *what, const struct tacit_error *error)
{
	const struct tacit_connect_options *o = &relay->connect->options;
	char line[320];

	if (!o->say)
		return;
	snprintf(line, sizeof(line), "%s: %s: %s", what, error->where, error->detail);
	o->say(o->user, line);
}

/* Answers the local program, if it is still there, and forgets the request. */
static void finish(struct relay *relay)
{
	if (relay->error.status != TACIT_OK)
		say(relay, "an answer was not delivered", &relay->error);
	if (relay->call && relay->error.status == TACIT_OK && relay->overflow)
		tacit_fail(&relay->error, TACIT_LIMIT, "channel.answer", 0,
			   "the answer is too long");
	if (!relay->call) {
		tacit_connect_answer_free(relay);
		return;
	}
	if (relay->error.status != TACIT_OK && relay->streams)
		fail_stream(relay);
	else if (relay->error.status != TACIT_OK)
		fail_whole(relay);
	else if (relay->streams)
		send_stream_end(relay);
	else
		send_whole(relay);
	tacit_connect_answer_free(relay);
}

static void store_failed(struct relay *relay, const struct tacit_error *error)
{
	say(relay, "a receipt was not stored", error);
	relay->unstored = true;
	if (relay->connect->options.deliver_unstored || relay->error.status != TACIT_OK)
		return;
	tacit_fail(&relay->error, TACIT_IO, "store", 0, "the receipt was not stored: %.100s",
		   error->detail);
}

static void on_stored(void *user, enum tacit_status status, const struct tacit_error *error)
{
	struct relay *relay = user;

	if (status != TACIT_OK)
		store_failed(relay, error);
	finish(relay);
}

static bool copy(const void *bytes, size_t len, uint8_t **ret, size_t *ret_len)
{
	if (len == 0)
		return true;
	*ret = malloc(len);
	if (!*ret)
		return false;
	memcpy(*ret, bytes, len);
	*ret_len = len;
	return true;
}

/* Takes out of `end` what is needed once it is gone. */
static bool keep_end(struct relay *relay, const struct tacit_answer_end *end)
{
	struct tacit_connect_row *row = &relay->row;

	relay->proof = end->proof;
	relay->error = *end->error;
	if (end->status != TACIT_OK && relay->error.status == TACIT_OK)
		relay->error.status = end->status;
	if (end->attested)
		relay->attested = tacit_attested_hold(end->attested);
	return copy(end->tail.ptr, end->tail.len, &relay->tail, &relay->tail_len) &&
	       copy(end->receipt.ptr, end->receipt.len, &row->receipt, &row->receipt_len);
}

/* A receipt with a valid signature is kept, also one that does not fit its answer. */
static bool wants_storing(const struct relay *relay, const struct tacit_answer_end *end)
{
	return relay->connect->options.store && end->verdict && end->verdict->signed_claims &&
	       end->request_hash && end->response_hash;
}

static void store(struct relay *relay, const struct tacit_answer_end *end)
{
	struct tacit_connect_row *row = &relay->row;
	struct tacit_error err = { 0 };

	row->server = relay->connect->server;
	row->done = on_stored;
	row->user = relay;
	row->attested = relay->attested;
	memcpy(row->cti, end->verdict->claims.cti, sizeof(row->cti));
	memcpy(row->request_hash, end->request_hash, sizeof(row->request_hash));
	memcpy(row->response_hash, end->response_hash, sizeof(row->response_hash));
	snprintf(row->verdict, sizeof(row->verdict), "%s",
		 end->proof == TACIT_PROOF_OK ? "verified" : end->verdict->code);
	if (tacit_connect_store_put(relay->connect->options.store, row, &err) == TACIT_OK)
		return;
	store_failed(relay, &err);
	finish(relay);
}

static void on_end(void *user, const struct tacit_answer_end *end)
{
	struct relay *relay = user;

	relay->exchange = NULL;
	if (!keep_end(relay, end))
		tacit_fail(&relay->error, TACIT_NOMEM, "channel", 0, "out of memory");
	if (wants_storing(relay, end) && relay->error.status != TACIT_NOMEM)
		store(relay, end);
	else
		finish(relay);
}

const struct tacit_answer_calls tacit_connect_answer_calls = { on_head, on_data, on_end };
