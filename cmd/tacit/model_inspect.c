/* SPDX-License-Identifier: Apache-2.0 */

/* tacit model inspect: what a sealed model says about itself; nothing is judged, nothing opened. */

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/time.h"
#include "codec/json.h"
#include "model.h"
#include "verbs.h"

struct options {
	struct cli_common common;
};

/* NULL for a digest that is not said. */
static json_t *hex_of(struct tacit_slice bytes)
{
	char hex[2 * TACIT_SHA256_LEN + 1];

	if (bytes.len != TACIT_SHA256_LEN)
		return json_null();
	tacit_hex_encode(bytes, hex);
	return json_string(hex);
}

static json_t *time_of(int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	if (seconds == 0)
		return json_null();
	tacit_time_format(seconds, text);
	return json_string(text);
}

static json_t *text_of(struct tacit_slice text)
{
	return json_stringn((const char *)text.ptr, text.len);
}

/* The type, and of our own stanzas the key or the server that they name too. */
static json_t *recipient_of(const struct tacit_age_stanza *s)
{
	struct tacit_slice type = s->args[0];
	char text[1024];

	if (type.len < 6 || memcmp(type.ptr, "tacit-", 6) != 0 || s->arg_count < 2)
		return text_of(type);
	snprintf(text, sizeof(text), "%.*s %.*s", (int)type.len, (const char *)type.ptr,
		 (int)s->args[1].len, (const char *)s->args[1].ptr);
	return json_string(text);
}

static json_t *recipients_of(const struct model_dir *dir, const struct tacit_manifest_file *file)
{
	char path[MODEL_PATH];
	struct model_file from = { .fd = -1 };
	struct tacit_sealed_header h;
	json_t *list = json_array();

	if (!model_dir_file(dir, file->name, TACIT_SEALED_SUFFIX, path) ||
	    model_file_open(path, &from, NULL) != TACIT_OK)
		return list;
	struct tacit_sealed_in in = model_file_in(&from);
	if (tacit_sealed_header_read(&in, &h, NULL) == TACIT_OK) {
		for (size_t i = 0; i < h.header.stanza_count; i++) {
			const struct tacit_age_stanza *s = &h.header.stanzas[i];

			if (!tacit_age_stanza_is(s, "tacit-pad"))
				json_array_append_new(list, recipient_of(s));
		}
		tacit_sealed_header_done(&h);
	}
	model_file_close(&from);
	return list;
}

static json_t *files_of(const struct model_dir *dir)
{
	json_t *list = json_array();

	for (size_t i = 0; i < dir->manifest.file_count; i++) {
		const struct tacit_manifest_file *f = &dir->manifest.files[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:o, s:I, s:o}", "name",
						text_of(f->name), "size", (json_int_t)f->size,
						"sha256", hex_of(TACIT_SLICE_ARRAY(f->sha256)),
						"segments", (json_int_t)f->segment_count,
						"recipients", recipients_of(dir, f)));
	}
	return list;
}

static json_t *publishers_of(const struct model_dir *dir)
{
	json_t *list = json_array();

	for (size_t i = 0; i < dir->signatures.count; i++)
		json_array_append_new(list,
				      hex_of(TACIT_SLICE_ARRAY(dir->signatures.items[i].key)));
	return list;
}

static json_t *successions_of(const struct model_dir *dir)
{
	json_t *list = json_array();

	for (size_t i = 0; i < dir->signatures.succession_count; i++) {
		const struct tacit_model_succession *s = &dir->signatures.successions[i];

		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "from",
						      hex_of(TACIT_SLICE_ARRAY(s->from)), "to",
						      hex_of(TACIT_SLICE_ARRAY(s->to)), "until",
						      time_of(s->until)));
	}
	return list;
}

static json_t *describe(const struct model_dir *dir)
{
	const struct tacit_manifest *m = &dir->manifest;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "schema", "tacit.model-inspect/1", "model_sha256",
			 hex_of(TACIT_SLICE_ARRAY(dir->identity)), "model_id", text_of(m->model_id),
			 "version", text_of(m->version), "format", text_of(m->format), "created",
			 time_of(m->created), "expires", time_of(m->expires), "tokenizer_sha256",
			 hex_of(m->tokenizer), "template_sha256", hex_of(m->chat_template),
			 "policy_sha256", hex_of(m->policy), "publishers", publishers_of(dir),
			 "successions", successions_of(dir), "files", files_of(dir));
}

static void show_line(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	char room[512];

	if (text)
		printf("%-17s %s\n", name, tacit_escape(room, sizeof(room), tacit_slice_str(text)));
}

static void show_file(const json_t *file)
{
	size_t i;
	json_t *recipient;
	char room[256];

	printf("file              %s, %lld bytes\n",
	       json_string_value(json_object_get(file, "name")),
	       (long long)json_integer_value(json_object_get(file, "size")));
	printf("  sha256          %s\n", json_string_value(json_object_get(file, "sha256")));
	json_array_foreach(json_object_get(file, "recipients"), i, recipient) printf(
		"  sealed for      %s\n",
		tacit_escape(room, sizeof(room), tacit_slice_str(json_string_value(recipient))));
}

static void show(const json_t *object)
{
	static const char *const NAMES[] = {
		"model_sha256", "model_id",         "version",         "format",       "created",
		"expires",      "tokenizer_sha256", "template_sha256", "policy_sha256"
	};
	size_t i;
	json_t *item;

	for (i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		show_line(object, NAMES[i]);
	json_array_foreach(json_object_get(object, "publishers"), i, item)
		printf("signature of      %s (not judged)\n", json_string_value(item));
	json_array_foreach(json_object_get(object, "files"), i, item) show_file(item);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_error err = { 0 };
	struct model_dir dir = { 0 };

	if (argc == 0)
		return cli_usage("model inspect needs the folder of a sealed model");
	if (model_dir_read(argv[0], &dir, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read the sealed model '%s'", argv[0]);
	json_t *object = describe(&dir);
	model_dir_free(&dir);
	if (!object)
		return cli_no_memory(&o->common);
	if (o->common.json) {
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		show(object);
	}
	json_decref(object);
	return 0;
}

const struct cli_verb cmd_model_inspect = {
	.name = "model inspect",
	.args = "DIR",
	.summary = "show what a sealed model says about itself, judging nothing",
	.group = "tools",
	.example = "tacit model inspect llama.sealed",
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
