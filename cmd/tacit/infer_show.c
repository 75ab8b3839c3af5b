/* SPDX-License-Identifier: Apache-2.0 */
#include "infer_show.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/hex.h"
#include "codec/utf8.h"
#include "receipt/stream.h"

void infer_show_init(struct infer_show *show, const struct cli_common *common, bool hold)
{
	memset(show, 0, sizeof(*show));
	show->common = common;
	show->hold = hold;
	show->terminal = isatty(STDOUT_FILENO) == 1;
}

void infer_show_done(struct infer_show *show)
{
	free(show->text);
	show->text = NULL;
}

/* Controls, and what turns the direction of text around: all that lets text drive a terminal. */
static bool is_unsafe(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return false;
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 ||
	       c == 0x2029;
}

static void print_safe(struct tacit_slice text)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t point = 0;
		size_t n = tacit_utf8_step(text, at, &point);

		if (n == 0)
			printf("\\x%02x", text.ptr[at++]);
		else if (is_unsafe(point))
			printf("\\u{%x}", (unsigned)point);
		else
			fwrite(text.ptr + at, 1, n, stdout);
		at += n;
	}
}

static void print_text(struct infer_show *show, struct tacit_slice text)
{
	if (text.len == 0)
		return;
	if (show->terminal)
		print_safe(text);
	else
		fwrite(text.ptr, 1, text.len, stdout);
	show->line_open = text.ptr[text.len - 1] != '\n';
	show->wrote = true;
	fflush(stdout);
}

static void keep_text(struct infer_show *show, struct tacit_slice text)
{
	size_t room = show->room ? show->room : 4096;

	if (show->cut || text.len > INFER_TEXT_MAX - show->len) {
		show->cut = true;
		return;
	}
	while (room < show->len + text.len)
		room *= 2;
	char *longer = room == show->room ? show->text : realloc(show->text, room);
	if (!longer) {
		show->cut = true;
		return;
	}
	show->text = longer;
	show->room = room;
	memcpy(show->text + show->len, text.ptr, text.len);
	show->len += text.len;
}

void infer_show_text(struct infer_show *show, struct tacit_slice text)
{
	if (text.len == 0)
		return;
	if (show->hold || show->common->json)
		keep_text(show, text);
	else
		print_text(show, text);
}

static const char *outcome_of(const struct infer_result *r)
{
	if (r->end && r->end->proof == TACIT_PROOF_OK)
		return "verified";
	if (r->end && r->end->http_status)
		return "unproven";
	return cli_client_outcome(r->error.status);
}

static void print_model(const struct infer_result *r)
{
	const struct tacit_binding *b = &r->attested->claims->binding;
	char name[80], hash[17];

	tacit_escape(name, sizeof(name), b->model_id);
	tacit_hex_encode(tacit_slice_of(b->model_hash, 8), hash);
	fprintf(stderr, " · model %s sha256 %s…", name, hash);
}

static void print_receipt(const struct infer_show *show, const struct infer_result *r)
{
	const struct tacit_answer_end *end = r->end;

	switch (end->proof) {
	case TACIT_PROOF_OK:
		fprintf(stderr, " · receipt ok (no. %llu, %llu ms%s)",
			(unsigned long long)end->verdict->claims.sequence_number,
			(unsigned long long)end->verdict->claims.execution_time_ms,
			end->verdict->end_to_end ? ", end to end" : "");
		return;
	case TACIT_PROOF_NONE:
		fprintf(stderr, " · no receipt");
		return;
	case TACIT_PROOF_MISSING:
	case TACIT_PROOF_BAD:
		fprintf(stderr, " · %sreceipt FAILED%s: %s: %s",
			cli_color(show->common, stderr, CLI_RED),
			cli_color(show->common, stderr, CLI_PLAIN), end->error->where,
			end->error->detail);
		return;
	}
}

/* One line: is this answer proven, by what, of which model. Shown even when quiet if it is not. */
static void print_line(struct infer_show *show, const struct infer_result *r)
{
	bool proven = r->end->proof == TACIT_PROOF_OK;
	enum cli_color color = proven ? CLI_GREEN : CLI_RED;

	if (proven && show->common->quiet)
		return;
	fprintf(stderr, "%s%s%s: %s", cli_color(show->common, stderr, color), outcome_of(r),
		cli_color(show->common, stderr, CLI_PLAIN),
		tacit_tee_label(r->attested->claims->tee));
	print_model(r);
	print_receipt(show, r);
	fputc('\n', stderr);
}

void infer_show_end(struct infer_show *show, const struct infer_result *r)
{
	bool proven = r->end->proof == TACIT_PROOF_OK;

	if (show->hold && !show->common->json) {
		if (proven)
			print_text(show, tacit_slice_of(show->text, show->len));
		else if (show->len)
			cli_say(show->common, "the answer is withheld: nothing proves it");
	}
	if (show->line_open && !show->common->json)
		putchar('\n');
	fflush(stdout);
	print_line(show, r);
	if (r->error.status != TACIT_OK && (proven || r->end->proof == TACIT_PROOF_NONE))
		fprintf(stderr, "tacit: error: %s\n", r->error.detail);
	infer_show_json_end(show, r);
}

static json_t *hex_or_null(const uint8_t *hash)
{
	char hex[65];

	if (!hash)
		return json_null();
	tacit_hex_encode(tacit_slice_of(hash, 32), hex);
	return json_string(hex);
}

static json_t *receipt_json(const struct tacit_answer_end *end)
{
	char text[TACIT_STREAM_TEXT_MAX + 1];

	if (!end || !end->receipt.ptr || end->receipt.len > TACIT_STREAM_RECEIPT_MAX)
		return json_null();
	tacit_base64_encode(TACIT_BASE64URL, end->receipt, text);
	return json_string(text);
}

static json_t *insecure_json(const struct tacit_attested *attested)
{
	json_t *list = json_array();

	if (attested && attested->claims && !tacit_tee_is_real(attested->claims->tee))
		json_array_append_new(list, json_string("stub"));
	return list;
}

static json_t *model_json(const struct tacit_attested *attested)
{
	if (!attested || !attested->claims)
		return json_null();
	const struct tacit_binding *b = &attested->claims->binding;
	return json_pack("{s:o, s:o}", "id",
			 json_stringn((const char *)b->model_id.ptr, b->model_id.len), "sha256",
			 hex_or_null(b->model_hash));
}

static json_t *answer_json(const struct infer_show *show, const struct infer_result *r)
{
	bool withheld = show->hold && (!r->end || r->end->proof != TACIT_PROOF_OK);

	if (!r->end || !r->end->http_status || withheld)
		return json_null();
	return json_stringn(show->len ? show->text : "", show->len);
}

static json_t *failure_json(const struct infer_result *r)
{
	if (r->error.status == TACIT_OK)
		return json_null();
	bool judged = !r->end;
	return json_pack("{s:s, s:s, s:s, s:i}", "check",
			 judged ? cli_client_check(r->attested, &r->error) : r->error.where,
			 "status", tacit_status_name(r->error.status), "detail", r->error.detail,
			 "exit", tacit_status_exit(r->error.status));
}

void infer_show_json_end(struct infer_show *show, const struct infer_result *r)
{
	if (!show->common->json)
		return;
	const struct tacit_answer_end *end = r->end;
	json_t *object = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "tacit.infer/1",
		"result", outcome_of(r), "answer", answer_json(show, r), "model",
		model_json(r->attested), "verdict", cli_client_verdict(r->attested), "receipt",
		receipt_json(end), "request_sha256", hex_or_null(end ? end->request_hash : NULL),
		"response_sha256", hex_or_null(end ? end->response_hash : NULL), "failure",
		failure_json(r), "insecure", insecure_json(r->attested));
	if (!object)
		return;
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}
