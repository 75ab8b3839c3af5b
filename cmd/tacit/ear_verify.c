/* SPDX-License-Identifier: Apache-2.0 */

/* tacit ear verify: is this token signed by that key, and what does it say? */

#include <stdlib.h>
#include <string.h>

#include "appraise/ear.h"
#include "appraise/json_out.h"
#include "base/time.h"
#include "codec/jwt.h"
#include "crypto/jwk.h"
#include "verbs.h"

#define KEY_FILE_MAX 16384
#define ROOM         65536 /* beside what is decoded of the token */

struct ear_options {
	struct cli_common common;
	const char *key;
	struct cli_time now;
	bool any_status;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct ear_options, key, "--key", 0, CLI_TEXT, "FILE",
		"the verifier's public key: PEM or JWK"),
	CLI_OPT(struct ear_options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (RFC 3339 or Unix seconds)"),
	CLI_OPT(struct ear_options, any_status, "--any-status", 0, CLI_FLAG, NULL,
		"exit 0 for every genuine token, whatever it says"),
};

/* Anything but "affirming" is no reason to trust; "none" says nothing either way. */
static enum tacit_status judge(const struct ear_options *o, enum tacit_ear_status status)
{
	if (o->any_status || status == TACIT_EAR_AFFIRMING)
		return TACIT_OK;
	return status == TACIT_EAR_NONE ? TACIT_UNDECIDED : TACIT_POLICY;
}

/* ---- output -------------------------------------------------------------------------------- */

static void put_submod(struct tacit_json_out *j, const struct tacit_ear_submod *submod)
{
	tacit_json_out_open(j, NULL, '{');
	tacit_json_out_slice(j, "name", submod->name);
	tacit_json_out_text(j, "status", tacit_ear_status_name(submod->status));
	tacit_json_out_open(j, "vector", '{');
	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
		if (submod->vector.given >> i & 1)
			tacit_json_out_int(j, tacit_ear_claim_name(i), submod->vector.value[i]);
	tacit_json_out_close(j, '}');
	tacit_json_out_open(j, "policies", '[');
	for (size_t i = 0; i < submod->policy_count; i++)
		tacit_json_out_slice(j, NULL, submod->policies[i]);
	tacit_json_out_close(j, ']');
	tacit_json_out_close(j, '}');
}

static void put_all(struct writer *w, const struct tacit_ear *ear, enum tacit_ear_form form)
{
	struct tacit_json_out j = { w, -1, true };

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "schema", "tacit.ear/1");
	tacit_json_out_text(&j, "status", tacit_ear_status_name(tacit_ear_overall(ear)));
	tacit_json_out_text(&j, "form", form == TACIT_EAR_JWT ? "jwt" : "cwt");
	tacit_json_out_slice(&j, "profile", ear->profile);
	tacit_json_out_time(&j, "issued", ear->issued);
	if (ear->expires)
		tacit_json_out_time(&j, "expires", ear->expiry);
	tacit_json_out_open(&j, "verifier", '{');
	tacit_json_out_slice(&j, "developer", ear->developer);
	tacit_json_out_slice(&j, "build", ear->build);
	tacit_json_out_close(&j, '}');
	tacit_json_out_open(&j, "submods", '[');
	for (size_t i = 0; i < ear->submod_count; i++)
		put_submod(&j, &ear->submods[i]);
	tacit_json_out_close(&j, ']');
	tacit_json_out_close(&j, '}');
	wr_text(w, "\n");
}

static int show_json(const struct ear_options *o, const struct tacit_ear *ear,
		     enum tacit_ear_form form)
{
	struct writer count = wr_of(tacit_mut_of(NULL, 0));

	put_all(&count, ear, form);
	struct writer w = wr_of(tacit_mut_of(malloc(count.at), count.at));
	if (!w.out.ptr)
		return cli_no_memory(&o->common);
	put_all(&w, ear, form);
	fwrite(w.out.ptr, 1, w.at, stdout);
	free(w.out.ptr);
	return 0;
}

static void show_text(const struct tacit_ear *ear)
{
	char text[128], when[TACIT_TIME_TEXT];

	tacit_time_format(ear->issued, when);
	printf("%s\n", tacit_ear_status_name(tacit_ear_overall(ear)));
	printf("issued %s by %s,", when, tacit_escape(text, sizeof(text), ear->developer));
	printf(" %s\n", tacit_escape(text, sizeof(text), ear->build));
	for (size_t i = 0; i < ear->submod_count; i++) {
		const struct tacit_ear_submod *submod = &ear->submods[i];

		printf("%s: %s\n", tacit_escape(text, sizeof(text), submod->name),
		       tacit_ear_status_name(submod->status));
		for (unsigned k = 0; k < TACIT_EAR_CLAIMS; k++)
			if (submod->vector.given >> k & 1)
				printf("  %-17s %4d  %s\n", tacit_ear_claim_name(k),
				       submod->vector.value[k],
				       tacit_ear_status_name(
					       tacit_ear_tier(submod->vector.value[k])));
		for (size_t k = 0; k < submod->policy_count; k++)
			printf("  policy %s\n",
			       tacit_escape(text, sizeof(text), submod->policies[k]));
	}
}

/* ---- inputs -------------------------------------------------------------------------------- */

static void free_slice(struct tacit_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

static int read_key(const struct ear_options *o, struct tacit_key **ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice text;

	if (cli_read_file(o->key, KEY_FILE_MAX, &text, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read key '%s'", o->key);
	bool json = text.len && text.ptr[0] == '{';
	enum tacit_status status =
		json ? tacit_key_jwk(text, ret, &err) : tacit_key_pem(text, ret, &err);
	free_slice(text);
	return status == TACIT_OK ? 0 : cli_fail(&o->common, &err, "cannot use key '%s'", o->key);
}

/* Tokens as text come with the newline of whatever wrote them. */
static struct tacit_slice trim(struct tacit_slice token)
{
	while (tacit_ear_form_of(token) == TACIT_EAR_JWT && token.len &&
	       strchr(" \r\n", token.ptr[token.len - 1]))
		token.len--;
	return token;
}

static int verify(const struct ear_options *o, const char *path, struct tacit_slice token,
		  const struct tacit_key *key)
{
	struct tacit_error err = { 0 };
	struct tacit_ear ear = { 0 };
	struct tacit_arena arena;
	size_t size = ROOM + 2 * token.len;
	void *room = malloc(size);
	int code = 0;

	if (!room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&arena, room, size);
	enum tacit_status status =
		tacit_ear_verify(trim(token), key, cli_now(&o->now), &arena, &ear, &err);
	if (status != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot trust '%s'", path);
	else if (o->common.json)
		code = show_json(o, &ear, tacit_ear_form_of(token));
	else if (!o->common.quiet)
		show_text(&ear);
	if (status == TACIT_OK && code == 0)
		code = tacit_status_exit(judge(o, tacit_ear_overall(&ear)));
	free(room);
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct ear_options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct tacit_error err = { 0 };
	struct tacit_key *key = NULL;
	struct tacit_slice token;

	if (!o->key)
		return cli_usage("whose token should it be? give --key FILE");
	int code = read_key(o, &key);
	if (code)
		return code;
	if (cli_read_file(path, TACIT_JWT_MAX, &token, &err) != TACIT_OK) {
		tacit_key_free(key);
		return cli_fail(&o->common, &err, "cannot read '%s'", path);
	}
	code = cli_enter_sandbox(&o->common);
	if (code == 0)
		code = verify(o, path, token, key);
	free_slice(token);
	tacit_key_free(key);
	return code;
}

const struct cli_verb cmd_ear_verify = {
	.name = "ear verify",
	.args = "[FILE]",
	.summary = "whether an attestation result is signed by that key, and what it says",
	.group = "verify",
	.example = "tacit ear verify --key verifier.pem result.jwt",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct ear_options),
	.run = run,
};
