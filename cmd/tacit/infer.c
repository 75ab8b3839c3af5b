/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "client_common.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "infer_show.h"
#include "net/client_sse.h"
#include "verbs.h"

#define PROMPT_MAX     (4u << 20)
#define BODY_ROOM(len) (6 * (len) + 2048) /* JSON escapes make of one byte six at most */

struct infer_options {
	struct cli_common common;
	struct cli_client_options client;
	struct cli_judge judge;
	const char *model;
	const char *system;
	const char *temperature;
	const char *receipt;
	const char *evidence;
	const char *binding;
	uint64_t max_tokens;
	const char *seed;
	bool raw;
	bool hold;
};

static const struct cli_option OPTIONS[] = {
	CLI_CLIENT_OPTIONS(struct infer_options),
	CLI_JUDGE_OPTIONS(struct infer_options),
	CLI_OPT(struct infer_options, model, "--model", 0, CLI_TEXT, "NAME",
		"model to ask for (the attested one)"),
	CLI_OPT(struct infer_options, system, "--system", 0, CLI_TEXT, "TEXT", "system message"),
	CLI_OPT_RANGE(struct infer_options, max_tokens, "--max-tokens", CLI_COUNT, "N",
		      "longest answer", 1, 1u << 20),
	CLI_OPT(struct infer_options, temperature, "--temperature", 0, CLI_TEXT, "T",
		"sampling temperature, as 0.7"),
	CLI_OPT(struct infer_options, seed, "--seed", 0, CLI_TEXT, "N", "sampling seed"),
	CLI_OPT(struct infer_options, raw, "--raw", 0, CLI_FLAG, NULL,
		"plain completion instead of chat"),
	CLI_OPT(struct infer_options, receipt, "--receipt", 0, CLI_TEXT, "FILE",
		"save the receipt"),
	CLI_OPT(struct infer_options, evidence, "--evidence", 0, CLI_TEXT, "FILE",
		"save the evidence that it names"),
	CLI_OPT(struct infer_options, binding, "--binding", 0, CLI_TEXT, "FILE",
		"save the binding that came beside that (TDX, SNP)"),
	CLI_OPT(struct infer_options, hold, "--hold", 0, CLI_FLAG, NULL,
		"print the answer only once its receipt has checked"),
};

/* One question and what came of it. */
struct infer {
	const struct infer_options *options;
	const struct tacit_attested *attested;
	struct tacit_sse sse;
	struct infer_show show;
	unsigned status;
	bool stream;
	bool error_event;
	char model_error[256];
	uint8_t *whole; /* of an answer that is no stream: an error, most likely */
	size_t whole_len;
	struct tacit_error sse_error;
	struct infer_result result;
	int code;
};

#define WHOLE_MAX 65536

static void on_head(void *user, const struct tacit_answer_head *head)
{
	struct infer *in = user;

	in->status = head->status;
	in->stream = head->stream;
}

static void set_model_error(struct infer *in, struct tacit_slice message)
{
	tacit_escape(in->model_error, sizeof(in->model_error), message);
	in->error_event = true;
}

static void on_event(void *user, struct tacit_slice data)
{
	struct infer *in = user;
	struct tacit_sse_chunk chunk;

	if (!tacit_sse_chunk_parse(data, &chunk))
		return;
	if (chunk.error.ptr)
		set_model_error(in, chunk.error);
	infer_show_text(&in->show, chunk.text);
	tacit_sse_chunk_done(&chunk);
}

static void keep_whole(struct infer *in, struct tacit_slice bytes)
{
	if (!in->whole)
		in->whole = malloc(WHOLE_MAX);
	if (!in->whole || bytes.len > WHOLE_MAX - in->whole_len)
		return;
	memcpy(in->whole + in->whole_len, bytes.ptr, bytes.len);
	in->whole_len += bytes.len;
}

static void on_data(void *user, struct tacit_slice bytes)
{
	struct infer *in = user;

	if (!in->stream)
		keep_whole(in, bytes);
	else if (in->sse_error.status == TACIT_OK &&
		 tacit_sse_feed(&in->sse, bytes, on_event, in, &in->sse_error) != TACIT_OK)
		return; /* said at the end: the receipt is still worth checking */
}

static void read_whole_error(struct infer *in)
{
	struct tacit_sse_chunk chunk;

	if (!tacit_sse_chunk_parse(tacit_slice_of(in->whole, in->whole_len), &chunk))
		return;
	if (chunk.error.ptr)
		set_model_error(in, chunk.error);
	tacit_sse_chunk_done(&chunk);
}

/* The exit code of what came back, when its receipt is not the problem. */
static int answer_code(struct infer *in, struct tacit_error *err)
{
	if (!in->stream)
		read_whole_error(in);
	if (in->error_event)
		tacit_fail(err, TACIT_PEER, "model", 0, "the server says: %.140s", in->model_error);
	else if (in->status < 200 || in->status > 299)
		tacit_fail(err, TACIT_PEER, "model", 0, "the server answered %u", in->status);
	else if (!in->stream)
		tacit_fail(err, TACIT_PEER, "model", 0, "the server did not stream its answer");
	else if (in->sse_error.status != TACIT_OK)
		*err = in->sse_error;
	return tacit_status_exit(err->status);
}

static int save(const struct infer_options *o, const char *path, struct tacit_slice bytes,
		const char *what)
{
	struct tacit_error err = { 0 };

	if (!path || !bytes.ptr || cli_write_file(path, bytes, 0644, &err) == TACIT_OK)
		return 0;
	return cli_fail(&o->common, &err, "cannot save the %s to '%s'", what, path);
}

static void on_end(void *user, const struct tacit_answer_end *end)
{
	struct infer *in = user;
	struct infer_result *r = &in->result;

	r->attested = end->attested;
	r->end = end;
	r->error = *end->error;
	in->code = end->http_status ? tacit_status_exit(end->status) : 0;
	if (!end->http_status) { /* nothing came: the gate, or the network */
		in->code = cli_client_refused(&in->options->common, NULL, end->error);
		infer_show_json_end(&in->show, r);
		return;
	}
	if (in->code == 0)
		in->code = answer_code(in, &r->error);
	infer_show_end(&in->show, r);
	int saved = save(in->options, in->options->receipt, end->receipt, "receipt");
	if (in->code == 0)
		in->code = saved;
}

static const struct tacit_answer_calls CALLS = { on_head, on_data, on_end };

/* Decimal text goes into the request as it stands: no double on the way. */
static bool is_decimal(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (digits == 0 || digits > 3 || (digits > 1 && text[0] == '0'))
		return false;
	if (*rest == '\0')
		return true;
	size_t fraction = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
	return fraction > 0 && fraction <= 9 && rest[1 + fraction] == '\0';
}

static bool is_seed(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 18 && text[digits] == '\0' && (digits == 1 || *text != '0');
}

static void put_member(struct writer *w, const char *name, struct tacit_slice text)
{
	wr_text(w, ",\"");
	wr_text(w, name);
	wr_text(w, "\":");
	tacit_json_put_string(w, text);
}

static void put_messages(struct writer *w, const struct infer_options *o, struct tacit_slice prompt)
{
	wr_text(w, ",\"messages\":[");
	if (o->system) {
		wr_text(w, "{\"role\":\"system\"");
		put_member(w, "content", tacit_slice_str(o->system));
		wr_text(w, "},");
	}
	wr_text(w, "{\"role\":\"user\"");
	put_member(w, "content", prompt);
	wr_text(w, "}]");
}

static void put_body(struct writer *w, const struct infer_options *o, struct tacit_slice model,
		     struct tacit_slice prompt)
{
	char number[48];

	wr_text(w, "{\"model\":");
	tacit_json_put_string(w, model);
	if (o->raw)
		put_member(w, "prompt", prompt);
	else
		put_messages(w, o, prompt);
	if (o->max_tokens) {
		snprintf(number, sizeof(number), ",\"max_tokens\":%llu",
			 (unsigned long long)o->max_tokens);
		wr_text(w, number);
	}
	if (o->temperature) {
		wr_text(w, ",\"temperature\":");
		wr_text(w, o->temperature);
	}
	if (o->seed) {
		wr_text(w, ",\"seed\":");
		wr_text(w, o->seed);
	}
	wr_text(w, ",\"stream\":true}");
}

static int check_options(const struct infer_options *o)
{
	if (o->temperature && !is_decimal(o->temperature))
		return cli_usage("option '--temperature' wants a decimal number such as 0.7");
	if (o->seed && !is_seed(o->seed))
		return cli_usage("option '--seed' wants a whole number");
	if (o->raw && o->system)
		return cli_usage("'--raw' completes a plain text and has no '--system' message");
	if ((o->system && !tacit_utf8_valid(tacit_slice_str(o->system))) ||
	    (o->model && !tacit_utf8_valid(tacit_slice_str(o->model))))
		return cli_usage("'--system' and '--model' want UTF-8 text");
	return 0;
}

/* Asks once and waits for the whole answer. */
static int ask(struct infer *in, struct tacit_client *client, struct tacit_slice prompt)
{
	const struct infer_options *o = in->options;
	const struct cli_common *common = &o->common;
	size_t room = BODY_ROOM(prompt.len + (o->system ? strlen(o->system) : 0) +
				(o->model ? strlen(o->model) : 0));
	uint8_t *body = malloc(room);
	struct writer w = wr_of(tacit_mut_of(body, body ? room : 0));
	struct tacit_error err = { 0 };
	struct tacit_exchange *exchange = NULL;
	struct tacit_request request = {
		.method = "POST",
		.path = o->raw ? "/v1/completions" : "/v1/chat/completions",
		.only_now = true,
	};
	struct tacit_slice model =
		o->model ? tacit_slice_str(o->model) : in->attested->claims->binding.model_id;

	put_body(&w, o, model, prompt);
	enum tacit_status st = wr_finish(&w, "request", &request.body, &err);
	if (st == TACIT_OK)
		st = tacit_client_start(client, &request, &CALLS, in, &exchange, &err);
	free(body);
	if (st == TACIT_OK)
		st = tacit_client_wait(client, &err);
	return st == TACIT_OK ? in->code : cli_fail(common, &err, "cannot ask the server");
}

static int attest_and_ask(struct infer *in, struct cli_client *c, struct tacit_slice prompt)
{
	const struct infer_options *o = in->options;
	struct tacit_error err = { 0 };

	if (tacit_client_attest(c->client, &err) != TACIT_OK) {
		in->result.attested = tacit_client_last(c->client);
		in->result.error = err;
		int code = cli_client_refused(&o->common, in->result.attested, &err);

		infer_show_json_end(&in->show, &in->result);
		return code;
	}
	in->attested = tacit_client_current(c->client);
	if (!in->attested)
		return cli_usage("'--attest-max-age' is too short to ask anything");
	int code = save(o, o->evidence, in->attested->evidence, "evidence");
	if (code == 0)
		code = save(o, o->binding, in->attested->binding, "binding");
	return code ? code : ask(in, c->client, prompt);
}

static int run_with(const struct infer_options *o, struct tacit_slice prompt)
{
	struct cli_client client = { 0 };
	struct infer in = { .options = o };
	int code = cli_client_open(&o->common, &o->client, &o->judge, &client);

	if (code)
		return code;
	tacit_sse_init(&in.sse);
	infer_show_init(&in.show, &o->common, o->hold);
	code = attest_and_ask(&in, &client, prompt);
	infer_show_done(&in.show);
	tacit_sse_done(&in.sse);
	free(in.whole);
	cli_client_close(&client);
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct infer_options *o = options;
	struct tacit_error err = { 0 };
	struct tacit_slice prompt;
	int code = check_options(o);

	if (code)
		return code;
	bool from_stdin = argc == 0 || strcmp(argv[0], "-") == 0;
	if (from_stdin && cli_read_file("-", PROMPT_MAX, &prompt, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read the prompt");
	if (!from_stdin)
		prompt = tacit_slice_str(argv[0]);
	if (prompt.len == 0)
		code = cli_usage("the prompt is empty");
	else if (prompt.len > PROMPT_MAX || !tacit_utf8_valid(prompt))
		code = cli_usage("the prompt is not UTF-8 text of up to 4 MiB");
	else
		code = run_with(o, prompt);
	if (from_stdin)
		free((void *)(uintptr_t)prompt.ptr);
	return code;
}

const struct cli_verb cmd_infer = {
	.name = "infer",
	.args = "[PROMPT]",
	.summary = "verify a server, ask it, check the receipt of its answer",
	.group = "ask",
	.example = "tacit infer --server tcp:127.0.0.1:8443 --policy policy.json 'Hello'",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct infer_options),
	.run = run,
};
