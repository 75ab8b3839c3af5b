/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/time.h"
#include "codec/json.h"
#include "keyd.h"
#include "release/keyd_kms.h"
#include "tacit/policy.h"
#include "verbs.h"

#define RESOURCE  "RESOURCE"
#define KEY_ROOM  (256 * 1024)
#define NAME_CHAR "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"

struct options {
	struct cli_common common;
	struct cli_keyd keyd;
	const char *spec, *policy, *appraisal, *resource;
};

static const struct cli_option OPTIONS[] = {
	CLI_KEYD_OPTIONS(struct options),
	CLI_OPT(struct options, spec, "--spec", 0, CLI_TEXT, "SPEC",
		"SYMMETRIC_DEFAULT (the default), ECC_NIST_P256 or ECC_NIST_P384"),
	CLI_OPT(struct options, policy, "--policy", 0, CLI_TEXT, "FILE",
		"the key's policy, as AWS KMS takes it"),
	CLI_OPT(struct options, appraisal, "--appraisal", 0, CLI_TEXT, "FILE",
		"policy for evidence (tacit.policy/1) that it must meet too"),
	CLI_OPT(struct options, resource, "--resource", 0, CLI_TEXT, "FILE",
		"a resource of Trustee's protocol with these bytes; its name is REPO/TYPE/TAG"),
};

/* What one action works on. */
struct work {
	const struct options *o;
	struct tacit_keyd_store *store;
	struct tacit_keyd_key key;
	struct tacit_arena arena;
	void *room;
	struct tacit_slice policy, appraisal, content; /* files */
};

static void drop_slice(struct tacit_slice *content)
{
	void *ptr = (void *)(uintptr_t)content->ptr;

	tacit_wipe(ptr, content->len);
	free(ptr);
}

static void drop(struct work *w)
{
	tacit_keyd_store_close(w->store);
	drop_slice(&w->policy);
	drop_slice(&w->appraisal);
	drop_slice(&w->content);
	free(w->room);
}

static int read_file(const struct work *w, const char *path, size_t max, struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };

	if (path && cli_read_file(path, max, ret, &err) != TACIT_OK)
		return cli_fail(&w->o->common, &err, "cannot read '%s'", path);
	return 0;
}

/* ---- policies ------------------------------------------------------------------------------- */

static int check_policy(const struct work *w, const char *path, struct tacit_slice text)
{
	struct tacit_error err = { 0 };

	if (text.ptr && tacit_keyd_policy_check(text, &err) != TACIT_OK)
		return cli_fail(&w->o->common, &err, "'%s' is no key policy", path);
	return 0;
}

static int check_appraisal(struct work *w, const char *path, struct tacit_slice text)
{
	const struct tacit_policy *policy;
	struct tacit_error err = { 0 };

	if (!text.ptr)
		return 0;
	tacit_arena_wipe(&w->arena);
	if (tacit_policy_parse(text, &w->arena, &policy, &err) != TACIT_OK)
		return cli_fail(&w->o->common, &err, "'%s' is no policy for evidence", path);
	return 0;
}

/* Which of the two a file is, by its content. */
static bool is_appraisal(struct tacit_slice text)
{
	static const char SCHEMA[] = "tacit.policy/";
	json_t *object = NULL;
	bool is = false;

	if (tacit_json_parse(text, &object, NULL) == TACIT_OK) {
		const char *schema = json_string_value(json_object_get(object, "schema"));

		is = schema && strncmp(schema, SCHEMA, sizeof(SCHEMA) - 1) == 0;
	}
	json_decref(object);
	return is;
}

/* ---- showing -------------------------------------------------------------------------------- */

static json_t *describe(const struct tacit_keyd_key *key)
{
	char when[TACIT_TIME_TEXT];
	json_t *object =
		json_pack("{s:s%, s:s%, s:b, s:I, s:b, s:b}", "id", key->id.ptr, key->id.len,
			  "spec", key->spec.ptr, key->spec.len, "enabled", key->enabled, "version",
			  (json_int_t)key->version, "policy", key->policy.ptr != NULL, "appraisal",
			  key->appraisal.ptr != NULL);

	tacit_time_format(key->created_at, when);
	if (!object)
		return NULL;
	json_object_set_new(object, "created_at", json_string(when));
	json_object_set_new(object, "name",
			    key->name.ptr ? json_stringn((const char *)key->name.ptr, key->name.len)
					  : json_null());
	return object;
}

static int print_json(const struct work *w, json_t *object)
{
	int code = object && json_dumpf(object, stdout, JSON_COMPACT) == 0
			   ? 0
			   : cli_no_memory(&w->o->common);

	if (code == 0)
		putchar('\n');
	json_decref(object);
	return code;
}

static int print_key(const struct work *w, const char *id)
{
	if (!w->o->common.json) {
		printf("%s\n", id);
		return 0;
	}
	return print_json(w, json_pack("{s:s, s:s}", "schema", "tacit.keyd-key/1", "id", id));
}

struct listing {
	json_t *keys; /* NULL: as text */
};

static bool list_key(void *user, const struct tacit_keyd_key *key)
{
	struct listing *l = user;

	if (l->keys)
		return json_array_append_new(l->keys, describe(key)) == 0;
	printf("%.*s  %-17.*s  v%-3u %-8s %-8s %.*s\n", (int)key->id.len, (const char *)key->id.ptr,
	       (int)key->spec.len, (const char *)key->spec.ptr, (unsigned)key->version,
	       key->enabled ? "enabled" : "disabled",
	       key->policy.ptr || key->appraisal.ptr ? "policy" : "closed", (int)key->name.len,
	       key->name.ptr ? (const char *)key->name.ptr : "");
	return true;
}

/* ---- actions -------------------------------------------------------------------------------- */

static int failed(const struct work *w, const struct tacit_error *err, const char *what)
{
	return cli_fail(&w->o->common, err, "cannot %s", what);
}

static int do_list(struct work *w, char **args)
{
	struct listing l = { w->o->common.json ? json_array() : NULL };
	struct tacit_error err = { 0 };

	(void)args;
	if (tacit_keyd_key_list(w->store, list_key, &l, &err) != TACIT_OK) {
		json_decref(l.keys);
		return failed(w, &err, "list the keys");
	}
	if (!l.keys)
		return 0;
	return print_json(w,
			  json_pack("{s:s, s:o}", "schema", "tacit.keyd-keys/1", "keys", l.keys));
}

/* REPO/TYPE/TAG of a resource, or a plain name. */
static bool good_name(const char *name, bool resource)
{
	size_t slashes = 0;

	for (const char *p = name; *p; p++) {
		if (*p == '/') {
			slashes++;
			if (p == name || p[1] == '/' || p[1] == '\0')
				return false;
		}
		if (*p == '.' && (p == name || p[-1] == '/'))
			return false;
	}
	return name[0] && !name[strspn(name, NAME_CHAR)] && strlen(name) < TACIT_KEYD_NAME_MAX &&
	       slashes == (resource ? 2 : 0);
}

static int make_material(const struct work *w, uint8_t room[static 64], struct tacit_slice *ret,
			 struct tacit_slice *ret_spec)
{
	const char *name = w->o->spec ? w->o->spec : "SYMMETRIC_DEFAULT";
	const struct tacit_kms_spec *spec = tacit_kms_spec_find(tacit_slice_str(name));
	struct tacit_error err = { 0 };

	if (w->o->resource) {
		*ret = w->content;
		*ret_spec = tacit_slice_str(RESOURCE);
		return 0;
	}
	if (!spec)
		return cli_usage("'--spec %s' is none that is offered", name);
	if (tacit_kms_material(spec, room, &err) != TACIT_OK)
		return failed(w, &err, "make a key");
	*ret = tacit_slice_of(room, spec->len);
	*ret_spec = tacit_slice_str(spec->name);
	return 0;
}

static int read_policies(struct work *w)
{
	const struct options *o = w->o;
	int code = read_file(w, o->policy, TACIT_KEYD_POLICY_MAX, &w->policy);

	if (code == 0)
		code = read_file(w, o->appraisal, TACIT_KEYD_POLICY_MAX, &w->appraisal);
	if (code == 0)
		code = read_file(w, o->resource, TACIT_KEYD_MATERIAL_MAX, &w->content);
	if (code == 0)
		code = check_policy(w, o->policy, w->policy);
	return code ? code : check_appraisal(w, o->appraisal, w->appraisal);
}

static int do_create(struct work *w, char **args)
{
	struct tacit_keyd_actor actor = cli_keyd_actor();
	struct tacit_keyd_key key = { .name = tacit_slice_str(args[0]) };
	char id[TACIT_KEYD_ID_LEN + 1];
	struct tacit_error err = { 0 };
	struct tacit_slice material;
	uint8_t room[64];

	if ((args[0] || w->o->resource) && !good_name(args[0] ? args[0] : "", w->o->resource))
		return cli_usage(w->o->resource ? "a resource is named REPO/TYPE/TAG"
						: "a name has letters, digits, '.', '_' and '-'");
	int code = read_policies(w);
	if (code == 0)
		code = make_material(w, room, &material, &key.spec);
	if (code)
		return code;
	key.policy = w->policy;
	key.appraisal = w->appraisal;
	enum tacit_status st = tacit_keyd_key_create(w->store, &actor, &key, material, id, &err);
	tacit_wipe(room, sizeof(room));
	if (st != TACIT_OK)
		return failed(w, &err, "create the key");
	if (!key.policy.ptr && !key.appraisal.ptr)
		cli_hint(&w->o->common, "without a policy the key is closed to everybody: "
					"'tacit keyd key policy set' opens it");
	return print_key(w, id);
}

static int do_rotate(struct work *w, char **args)
{
	struct tacit_keyd_actor actor = cli_keyd_actor();
	const struct tacit_kms_spec *spec = tacit_kms_spec_find(w->key.spec);
	struct tacit_error err = { 0 };
	struct tacit_slice material = w->content;
	uint8_t room[64];
	int code = read_file(w, w->o->resource, TACIT_KEYD_MATERIAL_MAX, &w->content);

	(void)args;
	if (code)
		return code;
	if (spec && spec->curve != 0)
		return cli_usage("only symmetric keys and resources have versions");
	if (!spec && !w->o->resource)
		return cli_usage("'--resource' is missing: what the next version holds");
	enum tacit_status st = TACIT_OK;
	material = w->content;
	if (spec) {
		st = tacit_kms_material(spec, room, &err);
		material = tacit_slice_of(room, spec->len);
	}
	if (st == TACIT_OK)
		st = tacit_keyd_key_rotate(w->store, &actor, &w->key, material, &err);
	tacit_wipe(room, sizeof(room));
	if (st != TACIT_OK)
		return failed(w, &err, "rotate the key");
	cli_say(&w->o->common, "version %u", (unsigned)w->key.version + 1);
	return 0;
}

static int set_enabled(struct work *w, bool enabled)
{
	struct tacit_keyd_actor actor = cli_keyd_actor();
	struct tacit_error err = { 0 };

	if (tacit_keyd_key_enable(w->store, &actor, w->key.id, enabled, &err) != TACIT_OK)
		return failed(w, &err, enabled ? "enable the key" : "disable the key");
	return 0;
}

static int do_enable(struct work *w, char **args)
{
	(void)args;
	return set_enabled(w, true);
}

static int do_disable(struct work *w, char **args)
{
	(void)args;
	return set_enabled(w, false);
}

static int do_policy_get(struct work *w, char **args)
{
	(void)args;
	if (w->key.policy.ptr)
		printf("%.*s\n", (int)w->key.policy.len, (const char *)w->key.policy.ptr);
	if (w->key.appraisal.ptr)
		printf("%.*s\n", (int)w->key.appraisal.len, (const char *)w->key.appraisal.ptr);
	return 0;
}

static int do_policy_set(struct work *w, char **args)
{
	struct tacit_keyd_actor actor = cli_keyd_actor();
	struct tacit_error err = { 0 };
	char id[TACIT_KEYD_ID_LEN + 1] = "";
	int code = read_file(w, args[1], TACIT_KEYD_POLICY_MAX, &w->policy);

	if (code)
		return code;
	bool appraisal = is_appraisal(w->policy);
	memcpy(id, w->key.id.ptr, w->key.id.len < sizeof(id) ? w->key.id.len : 0);
	code = appraisal ? check_appraisal(w, args[1], w->policy)
			 : check_policy(w, args[1], w->policy);
	if (code)
		return code;
	if (tacit_keyd_key_policy(w->store, &actor, tacit_slice_str(id), appraisal, w->policy,
				  &err) != TACIT_OK)
		return failed(w, &err, "set the policy");
	return 0;
}

static const struct action {
	const char *words[2];
	size_t min, max; /* arguments behind the words */
	bool about_key;  /* the first is a key that is there */
	enum tacit_keyd_mode mode;
	int (*run)(struct work *w, char **args);
} ACTIONS[] = {
	{ { "create", NULL }, 0, 1, false, TACIT_KEYD_WRITE, do_create },
	{ { "list", NULL }, 0, 0, false, TACIT_KEYD_READ, do_list },
	{ { "rotate", NULL }, 1, 1, true, TACIT_KEYD_WRITE, do_rotate },
	{ { "enable", NULL }, 1, 1, true, TACIT_KEYD_WRITE, do_enable },
	{ { "disable", NULL }, 1, 1, true, TACIT_KEYD_WRITE, do_disable },
	{ { "policy", "get" }, 1, 1, true, TACIT_KEYD_READ, do_policy_get },
	{ { "policy", "set" }, 2, 2, true, TACIT_KEYD_WRITE, do_policy_set },
};

static const struct action *find_action(int argc, char **argv, size_t *ret_words)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ACTIONS); i++) {
		const struct action *a = &ACTIONS[i];
		size_t words = a->words[1] ? 2 : 1;

		if ((size_t)argc < words || strcmp(argv[0], a->words[0]) != 0 ||
		    (a->words[1] && strcmp(argv[1], a->words[1]) != 0))
			continue;
		*ret_words = words;
		return a;
	}
	return NULL;
}

static int find_key(struct work *w, const char *name)
{
	struct tacit_error err = { 0 };
	bool found = false;

	if (tacit_keyd_key_find(w->store, tacit_slice_str(name), &w->arena, &w->key, &found,
				&err) != TACIT_OK)
		return failed(w, &err, "look up the key");
	if (found)
		return 0;
	(void)tacit_fail(&err, TACIT_POLICY, "keyd", 0, "there is no such key");
	return cli_fail(&w->o->common, &err, "cannot find '%s'", name);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	TACIT_CLEANUP(drop) struct work w = { .o = o };
	size_t words = 0;
	const struct action *action = find_action(argc, argv, &words);
	char *args[3] = { NULL, NULL, NULL };

	if (!action)
		return cli_usage("'keyd key' does one of create, list, rotate, enable, disable, "
				 "policy get, policy set");
	size_t count = (size_t)argc - words;
	if (count < action->min || count > action->max)
		return cli_usage("'keyd key %s' wants %zu to %zu arguments", action->words[0],
				 action->min, action->max);
	for (size_t i = 0; i < count; i++)
		args[i] = argv[words + i];
	w.room = malloc(KEY_ROOM);
	if (!w.room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&w.arena, w.room, KEY_ROOM);
	int code = cli_keyd_open(&o->common, &o->keyd, action->mode, &w.store);
	if (code == 0 && action->about_key)
		code = find_key(&w, args[0]);
	return code ? code : action->run(&w, args);
}

const struct cli_verb cmd_keyd_key = {
	.name = "keyd key",
	.args = "ACTION [KEY]",
	.summary = "create, list, rotate, disable keys and set who may have them",
	.group = "serve",
	.example = "tacit keyd key create model --dir keys --policy key-policy.json",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 4,
	.struct_size = sizeof(struct options),
	.run = run,
};
