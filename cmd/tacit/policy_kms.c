/* SPDX-License-Identifier: Apache-2.0 */

/* tacit policy kms: the part of an AWS KMS key policy by which one image alone gets the key. */

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "codec/json.h"
#include "verbs.h"

#define REGISTER_LEN 48 /* SHA-384 */
#define FILE_MAX     65536

/* Registers that key policies of ours name. */
static const struct {
	const char *name;
	bool image; /* follows from the image, so that measurements have it */
} REGISTERS[] = { { "PCR0", true },  { "PCR1", true },  { "PCR2", true },
		  { "PCR3", false }, { "PCR4", false }, { "PCR8", true } };

#define REGISTER_COUNT TACIT_ARRAY_LEN(REGISTERS)

struct options {
	struct cli_common common;
	struct cli_hex registers[REGISTER_COUNT];
	struct cli_list from, principals, admins, actions, context;
	const char *output, *sid;
};

#define REGISTER(i, name, help)                                                               \
	CLI_OPT_RANGE(struct options, registers[i], name, CLI_HEX, "HEX", help, REGISTER_LEN, \
		      REGISTER_LEN)
#define LIST(field, name, value, help) \
	CLI_OPT(struct options, field, name, 0, CLI_LIST, value, help)

static const struct cli_option OPTIONS[] = {
	LIST(from, "--from", "FILE",
	     "measurements of an image, as eif build prints them; may be repeated: any of them"),
	REGISTER(0, "--pcr0", "the image"),
	REGISTER(1, "--pcr1", "kernel, command line and first ramdisk"),
	REGISTER(2, "--pcr2", "the other ramdisks"),
	REGISTER(3, "--pcr3", "the parent's role"),
	REGISTER(4, "--pcr4", "the parent instance"),
	REGISTER(5, "--pcr8", "who signed the image"),
	LIST(principals, "--principal", "ARN", "the parent's role; may be repeated"),
	LIST(context, "--context", "NAME=VALUE",
	     "a pair of the encryption context; may be repeated"),
	LIST(actions, "--action", "NAME", "of KMS (default: Decrypt); may be repeated"),
	LIST(admins, "--admin", "ARN",
	     "write a whole policy, by which these manage the key; may be repeated"),
	CLI_OPT(struct options, sid, "--sid", 0, CLI_TEXT, "NAME", "the statement's Sid"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where it goes (default: standard output)"),
};

/* ---- registers ------------------------------------------------------------------------------ */

static bool is_zeros(const char *hex)
{
	return hex[strspn(hex, "0")] == 0;
}

static int add_value(json_t *values, const char *name, const char *hex)
{
	if (strlen(hex) != 2 * REGISTER_LEN || hex[strspn(hex, "0123456789abcdef")] != 0)
		return cli_usage("%s is not 96 hex digits in lower case", name);
	if (is_zeros(hex))
		return cli_usage("%s is zeros, which every enclave in debug mode has", name);
	for (size_t i = 0; i < json_array_size(values); i++)
		if (strcmp(json_string_value(json_array_get(values, i)), hex) == 0)
			return 0;
	json_array_append_new(values, json_string(hex));
	return 0;
}

static int read_measurements(const struct options *o, const char *path, json_t **ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice text;
	json_t *whole = NULL, *held = NULL;

	if (cli_read_file(path, FILE_MAX, &text, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read '%s'", path);
	if (tacit_json_parse(text, &whole, &err) == TACIT_OK &&
	    tacit_json_get_object(whole, "Measurements", TACIT_JSON_REQUIRED, &held, &err) ==
		    TACIT_OK)
		*ret = json_incref(held);
	json_decref(whole);
	free((void *)(uintptr_t)text.ptr);
	return *ret ? 0 : cli_fail(&o->common, &err, "no measurements in '%s'", path);
}

/*
 * What each register may be. Of several images PCR0 says it all: with lists for the others, too,
 * parts of different images would go together.
 */
static int take_file(const struct options *o, const char *path, json_t *values[REGISTER_COUNT])
{
	json_t *held = NULL;
	int code = read_measurements(o, path, &held);

	if (code == 0 && !json_string_value(json_object_get(held, "PCR0")))
		code = cli_usage("'%s' has no PCR0", path);
	for (size_t i = 0; i < REGISTER_COUNT && code == 0; i++) {
		const char *hex = json_string_value(json_object_get(held, REGISTERS[i].name));

		if (hex && REGISTERS[i].image && (i == 0 || o->from.count == 1))
			code = add_value(values[i], REGISTERS[i].name, hex);
	}
	json_decref(held);
	return code;
}

static int take_registers(const struct options *o, json_t *values[REGISTER_COUNT])
{
	char hex[2 * REGISTER_LEN + 1];
	int code = 0;

	for (size_t i = 0; i < o->from.count && code == 0; i++)
		code = take_file(o, o->from.items[i], values);
	for (size_t i = 0; i < REGISTER_COUNT && code == 0; i++) {
		if (!o->registers[i].given)
			continue;
		tacit_hex_encode(tacit_slice_of(o->registers[i].bytes, o->registers[i].len), hex);
		code = add_value(values[i], REGISTERS[i].name, hex);
	}
	if (code == 0 && !json_array_size(values[0]) &&
	    !(json_array_size(values[1]) && json_array_size(values[2])))
		code = cli_usage("which image? give --from FILE, --pcr0 HEX, or both --pcr1 and "
				 "--pcr2");
	return code;
}

/* ---- the policy ----------------------------------------------------------------------------- */

/* One value is itself, several are a list, as AWS writes them. */
static json_t *one_or_many(json_t *list)
{
	json_t *only = json_array_size(list) == 1 ? json_array_get(list, 0) : list;

	return json_incref(only);
}

static json_t *list_of(const struct cli_list *texts, const char *prefix, const char *otherwise)
{
	json_t *list = json_array();
	char text[512];

	for (size_t i = 0; i < texts->count; i++) {
		bool has = strncmp(texts->items[i], prefix, strlen(prefix)) == 0;

		snprintf(text, sizeof(text), "%s%s", has ? "" : prefix, texts->items[i]);
		json_array_append_new(list, json_string(text));
	}
	if (texts->count == 0)
		json_array_append_new(list, json_string(otherwise));
	json_t *value = one_or_many(list);

	json_decref(list);
	return value;
}

static int put_context(const struct options *o, json_t *condition)
{
	json_t *pairs = json_object();
	char key[512];
	int code = 0;

	for (size_t i = 0; i < o->context.count && code == 0; i++) {
		const char *text = o->context.items[i], *mark = strchr(text, '=');

		if (!mark || mark == text || mark - text > 400) {
			code = cli_usage("option '--context' takes NAME=VALUE, not '%s'", text);
			continue;
		}
		snprintf(key, sizeof(key), "kms:EncryptionContext:%.*s", (int)(mark - text), text);
		json_object_set_new(pairs, key, json_string(mark + 1));
	}
	if (json_object_size(pairs))
		json_object_set(condition, "StringEquals", pairs);
	json_decref(pairs);
	return code;
}

static json_t *make_condition(json_t *values[REGISTER_COUNT])
{
	json_t *registers = json_object();
	char key[64];

	for (size_t i = 0; i < REGISTER_COUNT; i++) {
		if (!json_array_size(values[i]))
			continue;
		snprintf(key, sizeof(key), "kms:RecipientAttestation:%s", REGISTERS[i].name);
		json_object_set_new(registers, key, one_or_many(values[i]));
	}
	return json_pack("{s:o}", "StringEqualsIgnoreCase", registers);
}

static json_t *make_statement(const struct options *o, json_t *condition)
{
	return json_pack("{s:s, s:s, s:{s:o}, s:o, s:s, s:O}", "Sid",
			 o->sid ? o->sid : "OnlyThisImage", "Effect", "Allow", "Principal", "AWS",
			 list_of(&o->principals, "", ""), "Action",
			 list_of(&o->actions, "kms:", "kms:Decrypt"), "Resource", "*", "Condition",
			 condition);
}

/* Managing a key is neither using it nor making others users. */
static json_t *make_admins(const struct options *o)
{
	return json_pack("{s:s, s:s, s:{s:o}, s:[s,s,s,s,s,s,s,s,s], s:s}", "Sid", "Administrators",
			 "Effect", "Allow", "Principal", "AWS", list_of(&o->admins, "", ""),
			 "Action", "kms:CancelKeyDeletion", "kms:DescribeKey", "kms:DisableKey",
			 "kms:EnableKey", "kms:GetKeyPolicy", "kms:ListResourceTags",
			 "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource",
			 "Resource", "*");
}

/* Whatever else allows it, IAM and grants included. */
static json_t *make_guard(json_t *values[REGISTER_COUNT])
{
	return json_pack("{s:s, s:s, s:s, s:[s,s,s,s], s:s, s:{s:{s:o}}}", "Sid",
			 "NobodyElseDecrypts", "Effect", "Deny", "Principal", "*", "Action",
			 "kms:CreateGrant", "kms:Decrypt", "kms:DeriveSharedSecret",
			 "kms:ReEncryptFrom", "Resource", "*", "Condition",
			 "StringNotEqualsIgnoreCase", "kms:RecipientAttestation:PCR0",
			 one_or_many(values[0]));
}

static json_t *make_policy(const struct options *o, json_t *values[REGISTER_COUNT],
			   json_t *condition)
{
	json_t *statements = json_array();

	json_array_append_new(statements, make_admins(o));
	json_array_append_new(statements, make_statement(o, condition));
	if (json_array_size(values[0]))
		json_array_append_new(statements, make_guard(values));
	return json_pack("{s:s, s:o}", "Version", "2012-10-17", "Statement", statements);
}

static int deliver(const struct options *o, json_t *policy)
{
	struct tacit_error err = { 0 };
	char *text = policy ? json_dumps(policy, JSON_INDENT(2)) : NULL;
	int code = 0;

	if (!text)
		return cli_no_memory(&o->common);
	/* Ends in a line, as text files do. */
	size_t len = strlen(text);

	text[len] = '\n';
	if (cli_write_file(o->output ? o->output : "-", tacit_slice_of(text, len + 1), 0644,
			   &err) != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot write '%s'", o->output);
	free(text);
	if (code == 0 && o->context.count == 0)
		cli_hint(&o->common,
			 "without --context any ciphertext of the key can be handed over in the "
			 "place of the right one");
	if (code == 0 && o->common.json && o->output)
		printf("{\"schema\":\"tacit.policy-kms/1\",\"written\":true}\n");
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	json_t *values[REGISTER_COUNT], *condition = NULL, *policy = NULL;
	int code = o->principals.count ? 0 : cli_usage("--principal is missing: the parent's role");

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < REGISTER_COUNT; i++)
		values[i] = json_array();
	if (code == 0)
		code = take_registers(o, values);
	if (code == 0) {
		condition = make_condition(values);
		code = put_context(o, condition);
	}
	if (code == 0) {
		policy = o->admins.count ? make_policy(o, values, condition)
					 : make_statement(o, condition);
		code = deliver(o, policy);
	}
	json_decref(policy);
	json_decref(condition);
	for (size_t i = 0; i < REGISTER_COUNT; i++)
		json_decref(values[i]);
	return code;
}

const struct cli_verb cmd_policy_kms = {
	.name = "policy kms",
	.args = "",
	.summary = "write an AWS KMS key policy for one image",
	.group = "verify",
	.example = "tacit policy kms --from measurements.json --principal "
		   "arn:aws:iam::111122223333:role/parent --context app=demo",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.struct_size = sizeof(struct options),
	.run = run,
};
