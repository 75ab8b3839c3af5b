/* SPDX-License-Identifier: Apache-2.0 */

/* tacit policy kms-lint: the known mistakes in an AWS KMS key policy. */

#include <stdlib.h>
#include <string.h>

#include "codec/json.h"
#include "release/kms_lint.h"
#include "verbs.h"

#define FILE_MAX 262144 /* a key policy has 32 KiB at most, the file of a command perhaps more */

struct options {
	struct cli_common common;
};

struct report {
	const struct options *o;
	json_t *list;
};

static void found(void *user, const struct tacit_kms_finding *f)
{
	struct report *r = user;
	json_t *row = json_pack("{s:s, s:i, s:s?, s:s}", "name", f->name, "statement",
				(int)f->statement, "sid", f->sid, "why", f->why);
	char sid[80];

	if (row)
		json_array_append_new(r->list, row);
	if (!r->o->common.json)
		printf("%s: statement %zu (%s): %s\n", f->name, f->statement + 1,
		       tacit_escape(sid, sizeof(sid), tacit_slice_str(f->sid ? f->sid : "no Sid")),
		       f->why);
}

/* The policy itself, or what `aws kms get-key-policy` prints: {"Policy": "..."}. */
static enum tacit_status take_policy(struct tacit_slice text, json_t **ret, struct tacit_error *err)
{
	json_t *whole = NULL;
	enum tacit_status st = tacit_json_parse(text, &whole, err);
	const json_t *inner = json_object_get(whole, "Policy");

	if (st != TACIT_OK || !json_is_string(inner)) {
		*ret = whole;
		return st;
	}
	st = tacit_json_parse(tacit_slice_of(json_string_value(inner), json_string_length(inner)),
			      ret, err);
	json_decref(whole);
	return st;
}

static int finish(const struct report *r)
{
	size_t count = json_array_size(r->list);

	if (r->o->common.json) {
		json_t *object =
			json_pack("{s:s, s:O}", "schema", "tacit.kms-lint/1", "findings", r->list);

		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
	} else if (count == 0 && !r->o->common.quiet) {
		puts("none of the known mistakes");
	}
	return count ? tacit_status_exit(TACIT_POLICY) : 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct report report = { .o = o };
	struct tacit_error err = { 0 };
	struct tacit_slice text;
	json_t *policy = NULL;
	int code;

	if (argc != 1)
		return cli_usage("one FILE with the key policy ('-': standard input)");
	if (cli_read_file(argv[0], FILE_MAX, &text, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read '%s'", argv[0]);
	report.list = json_array();
	if (take_policy(text, &policy, &err) != TACIT_OK ||
	    tacit_kms_lint(policy, found, &report, &err) != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot judge '%s'", argv[0]);
	else
		code = finish(&report);
	json_decref(policy);
	json_decref(report.list);
	free((void *)(uintptr_t)text.ptr);
	return code;
}

const struct cli_verb cmd_policy_kms_lint = {
	.name = "policy kms-lint",
	.args = "FILE",
	.summary = "find the known mistakes in an AWS KMS key policy",
	.group = "verify",
	.example = "tacit policy kms-lint key-policy.json",
	.options = NULL,
	.option_count = 0,
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
