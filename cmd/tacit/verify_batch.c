/* SPDX-License-Identifier: Apache-2.0 */

/* tacit verify --batch: much evidence, a JSON object a line, on the pipeline of batch.h. */

#include <stdlib.h>
#include <string.h>

#include "appraise/json_out.h"
#include "appraise/verdict_json.h"
#include "base/base64.h"
#include "base/bounds.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/time.h"
#include "batch.h"
#include "codec/json.h"
#include "verify.h"

#define LINE_MAX_LEN    ((size_t)8 << 20)
#define CHUNK           65536
#define ID_MAX          512
#define NONCE_MAX       64
#define ROOM            1048576 /* for one verdict */
#define COLLATERAL_ROOM 1048576
#define VERDICT_ROOM    65536
#define WHERE           "line"

/* What all lines have in common; read-only while threads judge. */
struct lines {
	const struct cli_verify *o;
	const struct cli_judged *judged;
	enum tacit_tee platform;
	struct tacit_context cx; /* without an arena, and with the cache of all threads */
};

/* Of one thread. */
struct judge {
	const struct lines *lines;
	int64_t now;
	struct tacit_arena arena;
	size_t room;
};

/* One line on its way. Everything decoded is in the arena. */
struct ask {
	json_t *id; /* borrowed; NULL when there is none */
	struct tacit_slice evidence;
	struct tacit_context cx;
};

static enum tacit_status bad(struct tacit_error *err, const char *name, const char *why)
{
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" %s", name, why);
}

static struct tacit_slice text_of(const json_t *value)
{
	return tacit_slice_of(json_string_value(value), json_string_length(value));
}

/* ---- members of a line --------------------------------------------------------------------- */

static enum tacit_status decode(struct judge *j, const json_t *value, const char *name,
				struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_slice text = text_of(value);
	uint8_t *room = json_is_string(value) ? tacit_arena_alloc(&j->arena, text.len + 1) : NULL;
	struct tacit_mut out = tacit_mut_of(room, text.len);
	size_t len = 0;

	if (!json_is_string(value))
		return bad(err, name, "is not a text");
	if (!room)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "\"%s\" is too long", name);
	if (!tacit_base64_decode(TACIT_BASE64, text, out, &len) &&
	    !tacit_base64_decode(TACIT_BASE64URL, text, out, &len))
		return bad(err, name, "is not base64");
	*ret = tacit_slice_of(room, len);
	return TACIT_OK;
}

static enum tacit_status read_id(json_t *value, struct ask *ask, struct tacit_error *err)
{
	bool text = json_is_string(value) && json_string_length(value) <= ID_MAX;

	if (!text && (!json_is_integer(value) || json_integer_value(value) < 0))
		return bad(err, "id", "is neither a short text nor a number");
	ask->id = value;
	return TACIT_OK;
}

static enum tacit_status read_now(const struct judge *j, const json_t *value, struct ask *ask,
				  struct tacit_error *err)
{
	int64_t now = json_integer_value(value);

	if (json_is_string(value) ? !tacit_time_parse(text_of(value), &now)
				  : !json_is_integer(value))
		return bad(err, "now", "is not a time");
	if (j->lines->o->now.given && now != ask->cx.now)
		return bad(err, "now", "differs from --now");
	ask->cx.now = now;
	return TACIT_OK;
}

/* A value that a line asks for beside, and never in place of, what all lines must carry. */
static enum tacit_status read_demand(struct judge *j, const json_t *value, const char *name,
				     struct tacit_slice *expect, struct tacit_error *err)
{
	size_t len = json_is_string(value) ? json_string_length(value) / 2 : 0;
	uint8_t *room = len <= CLI_HEX_MAX ? tacit_arena_alloc(&j->arena, len + 1) : NULL;

	if (!room || len == 0 || !tacit_hex_decode(text_of(value), tacit_mut_of(room, len), &len))
		return bad(err, name, "is not a text of hex digits");
	struct tacit_slice bytes = tacit_slice_of(room, len);
	if (expect->ptr && !tacit_slice_eq(*expect, bytes))
		return bad(err, name, "differs from what all lines must have");
	*expect = bytes;
	return TACIT_OK;
}

/* Pieces of the line, with those that all lines share. */
static enum tacit_status read_collateral(struct judge *j, const json_t *value, struct ask *ask,
					 struct tacit_error *err)
{
	const struct cli_pieces *common = &j->lines->judged->collateral;
	size_t own = json_array_size(value), count = common->count;

	if (!json_is_array(value))
		return bad(err, "collateral", "is not a list");
	if (own == 0)
		return TACIT_OK;
	if (own > TACIT_COLLATERAL_MAX - (count < TACIT_COLLATERAL_MAX ? count : 0))
		return bad(err, "collateral", "has too many pieces");
	struct tacit_slice *list =
		tacit_arena_alloc(&j->arena, (own + count) * sizeof(struct tacit_slice));
	if (!list)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "out of room");
	for (size_t i = 0; i < count; i++)
		list[i] = common->items[i].bytes;
	for (size_t i = 0; i < own; i++) {
		enum tacit_status status =
			decode(j, json_array_get(value, i), "collateral", &list[count + i], err);
		if (status != TACIT_OK)
			return status;
	}
	return tacit_collateral_parse(list, own + count, &j->arena, &ask->cx.collateral, err);
}

static enum tacit_status read_member(struct judge *j, const char *name, json_t *value,
				     struct ask *ask, struct tacit_error *err)
{
	struct tacit_expect *e = &ask->cx.expect;

	if (strcmp(name, "id") == 0)
		return TACIT_OK; /* read first of all */
	if (strcmp(name, "evidence") == 0)
		return decode(j, value, name, &ask->evidence, err);
	if (strcmp(name, "now") == 0)
		return read_now(j, value, ask, err);
	if (strcmp(name, "collateral") == 0)
		return read_collateral(j, value, ask, err);
	if (strcmp(name, "nonce") == 0)
		return read_demand(j, value, name, &e->nonce, err);
	if (strcmp(name, "report_data") == 0)
		return read_demand(j, value, name, &e->report_data, err);
	if (strcmp(name, "user_data") == 0)
		return read_demand(j, value, name, &e->user_data, err);
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "unknown member \"%.40s\"", name);
}

static enum tacit_status read_line(struct judge *j, struct tacit_slice line, struct ask *ask,
				   json_t **ret_doc, struct tacit_error *err)
{
	const char *name;
	json_t *value;

	if (line.len > LINE_MAX_LEN)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %zu bytes", LINE_MAX_LEN);
	enum tacit_status status = tacit_json_parse(line, ret_doc, err);
	if (status != TACIT_OK)
		return tacit_error_wrap(err, status, WHERE);
	if (!json_is_object(*ret_doc))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not a JSON object");
	/* So that a complaint about the rest comes back with it. */
	value = json_object_get(*ret_doc, "id");
	status = value ? read_id(value, ask, err) : TACIT_OK;
	if (status != TACIT_OK)
		return status;
	json_object_foreach(*ret_doc, name, value)
	{
		status = read_member(j, name, value, ask, err);
		if (status != TACIT_OK)
			return status;
	}
	return ask->evidence.ptr ? TACIT_OK : bad(err, "evidence", "is missing");
}

/* ---- judging ------------------------------------------------------------------------------- */

/* Arena enough for what the line can decode to and for the verdict on it. */
static bool make_room(struct judge *j, struct tacit_slice line)
{
	size_t len = line.len < LINE_MAX_LEN ? line.len : LINE_MAX_LEN;
	size_t need = ROOM + 4 * len + (len > CHUNK ? COLLATERAL_ROOM : 0);

	if (j->room < need) {
		free(j->arena.base);
		j->arena.base = malloc(need);
		j->room = j->arena.base ? need : 0;
	}
	tacit_arena_init(&j->arena, j->arena.base, j->room);
	return j->room != 0;
}

static enum tacit_outcome outcome_of(enum tacit_status status)
{
	return tacit_status_exit(status) == 3 ? TACIT_MALFORMED : TACIT_UNDECIDED_VERDICT;
}

static void judge_evidence(struct judge *j, struct ask *ask, struct tacit_check *check,
			   struct tacit_verdict *verdict)
{
	struct tacit_error err = { 0 };
	struct tacit_evidence ev = { 0 };
	enum tacit_tee platform = j->lines->platform;
	enum tacit_status status = tacit_evidence_unwrap(ask->evidence, &j->arena, &ev, &err);

	if (status == TACIT_OK && platform != TACIT_TEE_NONE && platform != ev.tee) {
		*check = (struct tacit_check){
			.name = "evidence.platform",
			.result = TACIT_CHECK_FAIL,
			.status = TACIT_POLICY,
			.expected = tacit_tee_name(platform),
			.got = tacit_tee_label(ev.tee),
			.why = "this is evidence of another platform than the one asked for",
		};
		*verdict = cli_verify_unread(&ask->cx, check, TACIT_REFUSED);
		verdict->tee = ev.tee;
		return;
	}
	if (status == TACIT_OK) {
		ask->cx.any_age |= cli_judge_any_age(j->lines->judged->pins, ev.tee);
		status = tacit_verify(&ev, &ask->cx, verdict, &err);
		if (verdict->outcome != TACIT_UNVERIFIED)
			return;
	}
	char *texts = tacit_arena_alloc(&j->arena, sizeof(err.where) + sizeof(err.detail));
	if (texts) {
		memcpy(texts, err.where, sizeof(err.where));
		memcpy(texts + sizeof(err.where), err.detail, sizeof(err.detail));
	}
	*check = (struct tacit_check){
		.name = texts ? texts : WHERE,
		.result = TACIT_CHECK_FAIL,
		.status = status,
		.why = texts ? texts + sizeof(err.where) : "out of room",
	};
	*verdict = cli_verify_unread(&ask->cx, check, outcome_of(status));
}

static void put_verdict(const struct ask *ask, const struct tacit_verdict *verdict,
			struct writer *w)
{
	struct tacit_json_out j = { w, -1, true };

	tacit_json_out_open(&j, NULL, '{');
	if (!ask->id)
		tacit_json_out_null(&j, "id");
	else if (json_is_string(ask->id))
		tacit_json_out_slice(&j, "id", text_of(ask->id));
	else
		tacit_json_out_uint(&j, "id", (uint64_t)json_integer_value(ask->id));
	wr_text(w, ",");
	tacit_verdict_json_members(verdict, w);
	wr_text(w, "}\n");
}

/* A verdict has no bound that is worth reserving: what it took is told by the first try. */
static bool add_verdict(const struct ask *ask, const struct tacit_verdict *verdict,
			struct cli_batch_out *out)
{
	size_t need = VERDICT_ROOM;

	for (int tries = 0; tries < 2; tries++) {
		if (!cli_batch_reserve(out, need))
			return false;
		struct writer w = wr_of(tacit_mut_of(out->bytes + out->len, out->room - out->len));
		put_verdict(ask, verdict, &w);
		if (!w.bad) {
			out->len += w.at;
			return true;
		}
		need = w.at;
	}
	return false;
}

static bool judge_line(void *user, struct tacit_slice line, struct cli_batch_out *out,
		       bool *ret_verified)
{
	struct judge *j = user;
	struct ask ask = { .cx = j->lines->cx };
	struct tacit_verdict verdict = { 0 };
	struct tacit_check check;
	struct tacit_error err = { 0 };
	json_t *doc = NULL;

	if (!make_room(j, line))
		return false;
	ask.cx.arena = &j->arena;
	ask.cx.now = j->now;
	enum tacit_status status = read_line(j, line, &ask, &doc, &err);
	if (status == TACIT_OK) {
		judge_evidence(j, &ask, &check, &verdict);
	} else {
		check = (struct tacit_check){ .name = err.where,
					      .result = TACIT_CHECK_FAIL,
					      .status = status,
					      .why = err.detail };
		verdict = cli_verify_unread(&ask.cx, &check, TACIT_MALFORMED);
	}
	*ret_verified = verdict.outcome == TACIT_VERIFIED;
	bool good = add_verdict(&ask, &verdict, out);
	json_decref(doc);
	return good;
}

static void *open_judge(const void *user)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j)
		j->lines = user;
	return j;
}

static void start_chunk(void *user)
{
	struct judge *j = user;

	j->now = cli_now(&j->lines->o->now);
}

static void close_judge(void *user)
{
	struct judge *j = user;

	free(j->arena.base);
	free(j);
}

/* ---- the verb ------------------------------------------------------------------------------ */

static int run_lines(struct lines *lines, struct cli_judged *judged, int fd)
{
	const struct cli_verify *o = lines->o;
	void *room = malloc(TACIT_CACHE_TYPICAL);
	const struct cli_batch batch = {
		.what = "evidence",
		.line_max = LINE_MAX_LEN,
		.chunk = CHUNK,
		.user = lines,
		.open = open_judge,
		.start = start_chunk,
		.line = judge_line,
		.close = close_judge,
	};
	int code = room ? cli_judge_parse(&o->common, &o->judge, judged, &lines->cx)
			: cli_no_memory(&o->common);

	if (code == 0) {
		lines->cx.cache = tacit_cache_init(room, TACIT_CACHE_TYPICAL);
		code = cli_batch_run(&o->common, &batch, fd, (unsigned)o->jobs);
	}
	free(room);
	return code;
}

int cli_verify_batch(const struct cli_verify *o, const char *path)
{
	struct cli_judged judged = { 0 };
	struct lines lines = { .o = o, .judged = &judged };
	int fd = -1;

	if (o->platform) {
		lines.platform = tacit_tee_find(tacit_slice_str(o->platform));
		if (lines.platform == TACIT_TEE_NONE)
			return cli_usage("no platform '%.32s'; see tacit-verify(1)", o->platform);
	}
	if (o->binding || o->bind)
		return cli_usage("'--%s' goes with one document, not with a batch",
				 o->bind ? "bind" : "binding");
	cli_verify_expect(o, tacit_slice_of(NULL, 0), &lines.cx);
	int code = cli_judge_read(&o->common, &o->judge, &judged);
	if (code == 0)
		code = cli_batch_open(&o->common, "evidence", path, &fd);
	if (code == 0)
		code = cli_enter_sandbox(&o->common);
	if (code == 0)
		code = run_lines(&lines, &judged, fd);
	cli_judge_free(&judged);
	return code;
}
