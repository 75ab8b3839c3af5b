/* SPDX-License-Identifier: Apache-2.0 */

/* tacit collateral show: what a folder of collateral holds, for what, until when, and what lacks.
 */

#include <stdlib.h>

#include "base/bounds.h"
#include "base/compiler.h"
#include "base/time.h"
#include "collateral_describe.h"
#include "crypto/hash.h"
#include "fields.h"
#include "net/fetch_judge.h"
#include "verbs.h"

#define ARENA_SIZE ((size_t)16 << 20)

struct options {
	struct cli_common common;
	const char *evidence;
	struct cli_time now;
	struct cli_list roots;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, evidence, "--for", 0, CLI_TEXT, "EVIDENCE",
		"also say what is missing to judge this"),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME", "tell dates as of this time"),
	CLI_OPT(struct options, roots, "--insecure-test-root", 0, CLI_LIST, "FILE",
		"know this root too, whose key anyone may have; may be repeated"),
};

struct show {
	const struct options *o;
	struct cli_pieces pieces, roots;
	struct tacit_slice in;
	void *room;
	struct tacit_arena arena;
	struct tacit_context cx;
	json_t *all;     /* the object that comes out */
	json_t *missing; /* part of it; NULL without --for */
};

static void free_show(struct show *s)
{
	json_decref(s->all);
	cli_pieces_free(&s->pieces);
	cli_pieces_free(&s->roots);
	free((void *)(uintptr_t)s->in.ptr);
	free(s->room);
}

static int read_inputs(struct show *s, const char *path)
{
	const struct cli_common *common = &s->o->common;
	const struct cli_list paths = { .count = 1, .items = { path } };
	struct tacit_error err = { 0 };
	int code = cli_pieces_read(common, &paths, true, &s->pieces);

	if (code == 0)
		code = cli_pieces_read(common, &s->o->roots, false, &s->roots);
	if (code)
		return code;
	if (s->o->evidence &&
	    cli_read_file(s->o->evidence, TACIT_EVIDENCE_MAX, &s->in, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read evidence '%s'", s->o->evidence);
	s->room = malloc(ARENA_SIZE);
	if (!s->room)
		return cli_no_memory(common);
	tacit_arena_init(&s->arena, s->room, ARENA_SIZE);
	s->cx.arena = &s->arena;
	s->cx.now = cli_now(&s->o->now);
	return 0;
}

/* ---- what is there -------------------------------------------------------------------------- */

static void put_digest(json_t *o, struct tacit_slice bytes)
{
	uint8_t digest[TACIT_SHA256_LEN];

	if (tacit_hash(TACIT_SHA256, bytes, digest, NULL) == TACIT_OK)
		cli_put_hex(o, "sha256", TACIT_SLICE_ARRAY(digest));
}

static int describe(struct show *s)
{
	json_t *list = json_array();
	char now[TACIT_TIME_TEXT], name[512];

	tacit_time_format(s->cx.now, now);
	s->all = json_pack("{s:s, s:s, s:o}", "schema", "tacit.collateral/1", "now", now, "pieces",
			   list);
	for (size_t i = 0; s->all && i < s->pieces.count; i++) {
		const struct cli_piece *piece = &s->pieces.items[i];
		struct tacit_arena scratch = s->arena;
		json_t *found = cli_collateral_describe(piece->bytes, &scratch, &s->cx), *o;
		size_t at;

		tacit_escape(name, sizeof(name), tacit_slice_str(piece->path));
		json_array_foreach(found, at, o)
		{
			json_object_set_new(o, "file", json_string(name));
			put_digest(o, piece->bytes);
			json_array_append(list, o);
		}
		json_decref(found);
	}
	return s->all ? 0 : cli_no_memory(&s->o->common);
}

/* ---- what is missing ------------------------------------------------------------------------ */

static int list_missing(struct show *s, const struct tacit_fetch_plan *plan)
{
	struct tacit_fetch_gap gaps[TACIT_FETCH_GAPS];
	struct tacit_error err = { 0 };
	size_t count = 0;

	s->missing = json_array();
	if (!s->missing || json_object_set_new(s->all, "missing", s->missing) != 0)
		return cli_no_memory(&s->o->common);
	if (plan->nothing)
		return 0;
	if (tacit_fetch_judge_gaps(plan, &s->cx, gaps, &count, &err) != TACIT_OK)
		return cli_fail(&s->o->common, &err, "cannot judge '%s' (%s)", s->o->evidence,
				err.where);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(s->missing, json_pack("{s:s, s:s}", "check", gaps[i].check,
							    "why", gaps[i].why));
	return 0;
}

static int find_missing(struct show *s)
{
	struct tacit_fetch_plan plan;
	struct tacit_evidence ev = { 0 };
	struct tacit_error err = { 0 };

	if (!s->o->evidence)
		return 0;
	int code = cli_pieces_collateral(&s->o->common, &s->pieces, &s->arena, &s->cx.collateral);
	if (code)
		return code;
	enum tacit_status st = tacit_evidence_unwrap(s->in, &s->arena, &ev, &err);
	if (st == TACIT_OK)
		st = tacit_fetch_plan_start(&ev, &plan, &err);
	if (st != TACIT_OK)
		return cli_fail(&s->o->common, &err, "cannot tell what '%s' needs", s->o->evidence);
	return list_missing(s, &plan);
}

/* ---- words ---------------------------------------------------------------------------------- */

static void print_text(const struct show *s)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(s->all, "pieces"), i, o)
	{
		json_t *fields = json_copy(o);

		printf("%s%s\n", i ? "\n" : "", json_string_value(json_object_get(o, "file")));
		json_object_del(fields, "file");
		cli_fields_print(fields);
		json_decref(fields);
	}
	if (!s->missing)
		return;
	if (json_array_size(s->missing))
		cli_hint(&s->o->common, "'tacit collateral fetch' gets what Intel and AMD publish");
	printf("%s%s for %s\n", s->pieces.count ? "\n" : "",
	       json_array_size(s->missing) ? "missing" : "nothing is missing", s->o->evidence);
	json_array_foreach(s->missing, i, o)
		printf("  %s: %s\n", json_string_value(json_object_get(o, "check")),
		       json_string_value(json_object_get(o, "why")));
}

static int print(const struct show *s)
{
	if (!s->o->common.json)
		print_text(s);
	else if (json_dumpf(s->all, stdout, JSON_COMPACT) != 0)
		return cli_no_memory(&s->o->common);
	else
		putchar('\n');
	return s->missing && json_array_size(s->missing) ? tacit_status_exit(TACIT_UNDECIDED) : 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	TACIT_CLEANUP(free_show) struct show s = { .o = o };

	if (argc != 1)
		return cli_usage("'collateral show' needs a file or folder");
	int code = read_inputs(&s, argv[0]);
	if (code == 0)
		code = cli_enter_sandbox(&o->common);
	if (code == 0)
		code = cli_pieces_certs(&o->common, &s.roots, &s.arena, &s.cx.insecure_test_roots,
					&s.cx.insecure_test_root_count);
	if (code == 0)
		code = describe(&s);
	if (code == 0)
		code = find_missing(&s);
	return code ? code : print(&s);
}

const struct cli_verb cmd_collateral_show = {
	.name = "collateral show",
	.args = "PATH",
	.summary = "what collateral is, for what and until when",
	.group = "verify",
	.example = "tacit collateral show collateral --for quote.bin",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
