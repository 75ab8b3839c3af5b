/* SPDX-License-Identifier: Apache-2.0 */

/* tacit eif diff: where two images differ, down to the files in their ramdisks. */

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "eif_show.h"
#include "verbs.h"

struct options {
	struct cli_common common;
};

struct diff {
	const struct cli_common *common;
	const struct eif_judged *a, *b;
	json_t *differences; /* [{"what", "a", "b"}] */
	json_t *files;       /* [{"name", "change", ...}] */
};

static void put(struct diff *d, const char *what, json_t *a, json_t *b)
{
	if (json_equal(a, b)) {
		json_decref(a);
		json_decref(b);
		return;
	}
	json_array_append_new(d->differences,
			      json_pack("{s:s, s:o, s:o}", "what", what, "a", a, "b", b));
}

/* ---- what inspect tells of each ---------------------------------------------------------------
 */

static void compare_members(struct diff *d)
{
	static const char *const NAMES[] = { "size",           "version",      "machine",
					     "default_memory", "default_cpus", "cmdline",
					     "metadata",       "Measurements", "signature" };
	json_t *a = eif_show(d->a), *b = eif_show(d->b);

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		put(d, NAMES[i], json_incref(json_object_get(a, NAMES[i])),
		    json_incref(json_object_get(b, NAMES[i])));
	json_decref(a);
	json_decref(b);
}

static json_t *section_value(const struct eif_file *file, size_t i)
{
	char hex[2 * TACIT_SHA256_LEN + 1];

	if (i >= file->image.sections_read)
		return json_null();
	tacit_hex_encode(TACIT_SLICE_ARRAY(file->digest[i]), hex);
	return json_pack("{s:s, s:I, s:s}", "type",
			 tacit_eif_kind_name(file->image.section[i].kind), "size",
			 (json_int_t)file->image.section[i].len, "sha256", hex);
}

static void compare_sections(struct diff *d)
{
	size_t na = d->a->file.image.sections_read, nb = d->b->file.image.sections_read;

	for (size_t i = 0; i < na || i < nb; i++) {
		char what[32];

		snprintf(what, sizeof(what), "section %zu", i);
		put(d, what, section_value(&d->a->file, i), section_value(&d->b->file, i));
	}
}

/* ---- files ------------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
	const struct eif_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->ramdisk > y->ramdisk) - (x->ramdisk < y->ramdisk);
}

static void sort_entries(const struct eif_file *file)
{
	if (file->entry_count)
		qsort(file->entries, file->entry_count, sizeof(*file->entries), by_name);
}

static bool same_entry(const struct eif_entry *a, const struct eif_entry *b)
{
	return a->ramdisk == b->ramdisk && a->mode == b->mode && a->size == b->size &&
	       memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

static json_t *entry_value(const struct eif_entry *e)
{
	char hex[2 * TACIT_SHA256_LEN + 1], mode[16];

	tacit_hex_encode(TACIT_SLICE_ARRAY(e->sha256), hex);
	snprintf(mode, sizeof(mode), "%06o", e->mode & 0177777u);
	return json_pack("{s:I, s:s, s:I, s:s}", "ramdisk", (json_int_t)e->ramdisk, "mode", mode,
			 "size", (json_int_t)e->size, "sha256", hex);
}

static void put_file(struct diff *d, const struct eif_entry *a, const struct eif_entry *b)
{
	char name[4 * TACIT_CPIO_NAME_MAX + 8];
	json_t *one = json_object();

	tacit_escape(name, sizeof(name), tacit_slice_str(a ? a->name : b->name));
	json_object_set_new(one, "name", json_string(name));
	json_object_set_new(one, "change", json_string(!a ? "added" : !b ? "removed" : "changed"));
	if (a)
		json_object_set_new(one, "a", entry_value(a));
	if (b)
		json_object_set_new(one, "b", entry_value(b));
	json_array_append_new(d->files, one);
}

static void compare_files(struct diff *d)
{
	const struct eif_file *a = &d->a->file, *b = &d->b->file;
	size_t i = 0, j = 0;

	sort_entries(a);
	sort_entries(b);
	while (i < a->entry_count || j < b->entry_count) {
		int order = i == a->entry_count   ? 1
			    : j == b->entry_count ? -1
						  : strcmp(a->entries[i].name, b->entries[j].name);

		if (order < 0)
			put_file(d, &a->entries[i++], NULL);
		else if (order > 0)
			put_file(d, NULL, &b->entries[j++]);
		else {
			if (!same_entry(&a->entries[i], &b->entries[j]))
				put_file(d, &a->entries[i], &b->entries[j]);
			i++;
			j++;
		}
	}
}

/* ---- output -----------------------------------------------------------------------------------
 */

static void print_value(const char *label, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	printf("  %s %s\n", label, text ? text : "?");
	free(text);
}

static void print(const struct diff *d)
{
	static const char SIGNS[] = "+-~";
	size_t i;
	json_t *one;

	json_array_foreach(d->differences, i, one)
	{
		printf("%s\n", json_string_value(json_object_get(one, "what")));
		print_value("a", json_object_get(one, "a"));
		print_value("b", json_object_get(one, "b"));
	}
	json_array_foreach(d->files, i, one)
	{
		const char *change = json_string_value(json_object_get(one, "change"));

		printf("%c %s\n",
		       SIGNS[strcmp(change, "added") == 0     ? 0
			     : strcmp(change, "removed") == 0 ? 1
							      : 2],
		       json_string_value(json_object_get(one, "name")));
	}
}

static bool same_measurements(const struct diff *d)
{
	return d->a->is_measured && d->b->is_measured &&
	       memcmp(d->a->registers.value, d->b->registers.value,
		      TACIT_EIF_PCRS * sizeof(d->a->registers.value[0])) == 0;
}

static int report(struct diff *d)
{
	bool same = json_array_size(d->differences) == 0 && json_array_size(d->files) == 0;
	bool measured = same_measurements(d);

	if (d->common->json) {
		json_t *top = json_pack("{s:s, s:b, s:b, s:O, s:O}", "schema", "tacit.eif-diff/1",
					"same", same, "same_measurements", measured, "differences",
					d->differences, "files", d->files);

		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
	} else if (!d->common->quiet) {
		print(d);
		if (!same)
			cli_say(d->common, measured ? "PCR0, PCR1 and PCR2 are the same"
						    : "the measurements differ");
	}
	return same ? 0 : 1;
}

static int compare(const struct options *o, const struct eif_judged *a, const struct eif_judged *b)
{
	struct diff d = { &o->common, a, b, json_array(), json_array() };

	compare_members(&d);
	compare_sections(&d);
	compare_files(&d);
	int code = report(&d);
	json_decref(d.differences);
	json_decref(d.files);
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_error err = { 0 };

	if (argc != 2)
		return cli_usage("'eif diff' wants two images");
	struct eif_judged *judged = calloc(2, sizeof(*judged));
	if (!judged)
		return cli_no_memory(&o->common);
	int code = -1;
	for (int i = 0; i < 2 && code < 0; i++) {
		if (eif_judge_file(argv[i], true, cli_now(&(struct cli_time){ 0 }), 0, &judged[i],
				   &err) != TACIT_OK)
			code = cli_fail(&o->common, &err, "cannot read '%s'", argv[i]);
	}
	if (code < 0)
		code = compare(o, &judged[0], &judged[1]);
	eif_file_done(&judged[0].file);
	eif_file_done(&judged[1].file);
	free(judged);
	return code;
}

const struct cli_verb cmd_eif_diff = {
	.name = "eif diff",
	.args = "A B",
	.summary = "show where two enclave images differ (exit 1 when they do)",
	.group = "serve",
	.example = "tacit eif diff old.eif new.eif",
	.max_args = 2,
	.struct_size = sizeof(struct options),
	.run = run,
};
