/* SPDX-License-Identifier: Apache-2.0 */
#include "eif_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/time.h"

enum tacit_status eif_judge_file(const char *path, bool list, int64_t now, size_t extra,
				 struct eif_judged *ret, struct tacit_error *err)
{
	memset(ret, 0, sizeof(*ret));
	enum tacit_status st = eif_file_read(path, list, &ret->file, err);
	if (st != TACIT_OK)
		return st;
	tacit_check_init(&ret->list, &ret->file.arena, TACIT_EIF_CHECKS + extra);
	tacit_check_add(&ret->list, tacit_eif_checks, TACIT_EIF_CHECKS);
	ret->is_signed = tacit_eif_judge(&ret->file.image, now, &ret->list, &ret->signature);
	ret->is_measured = tacit_eif_judge_measured(&ret->file.image, &ret->unsure) == TACIT_OK;
	if (ret->is_measured)
		eif_registers_of(&ret->file, &ret->registers);
	return TACIT_OK;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static json_t *hex(struct tacit_slice bytes)
{
	char *text = malloc(2 * bytes.len + 1);

	if (!text)
		return json_null();
	tacit_hex_encode(bytes, text);
	json_t *value = json_string(text);
	free(text);
	return value;
}

/* Text of an image is shown escaped where it is not printable ASCII. */
static json_t *escaped(struct tacit_slice text)
{
	size_t size = 4 * text.len + 8;
	char *room = malloc(size);

	if (!room)
		return json_null();
	json_t *value = json_string(tacit_escape(room, size, text));
	free(room);
	return value;
}

static json_t *timestamp(int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	tacit_time_format(seconds, text);
	return json_string(text);
}

json_t *eif_show_checks(const struct tacit_check_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct tacit_check *c = &list->checks[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s*, s:s*, s:s*}", "name", c->name,
						"result", tacit_result_name(c->result), "expected",
						c->expected, "got", c->got, "why", c->why));
	}
	return array;
}

static json_t *show_sections(const struct eif_file *file)
{
	json_t *array = json_array();

	for (size_t i = 0; i < file->image.sections_read; i++) {
		const struct tacit_eif_section *s = &file->image.section[i];
		json_t *one = json_pack(
			"{s:s, s:I, s:I, s:I, s:I}", "type", tacit_eif_kind_name(s->kind), "offset",
			(json_int_t)s->at, "size", (json_int_t)s->len, "header_offset",
			(json_int_t)s->table_at, "header_size", (json_int_t)s->table_len);

		if (file->listed)
			json_object_set_new(one, "sha256", hex(TACIT_SLICE_ARRAY(file->digest[i])));
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *show_files(const struct eif_file *file)
{
	json_t *array = json_array();

	for (size_t i = 0; i < file->entry_count; i++) {
		const struct eif_entry *e = &file->entries[i];
		char mode[8];
		json_t *one = json_object();

		snprintf(mode, sizeof(mode), "%06o", e->mode & 0177777u);
		json_object_set_new(one, "name", escaped(tacit_slice_str(e->name)));
		json_object_set_new(one, "ramdisk", json_integer((json_int_t)e->ramdisk));
		json_object_set_new(one, "mode", json_string(mode));
		json_object_set_new(one, "size", json_integer((json_int_t)e->size));
		if ((e->mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_FILE)
			json_object_set_new(one, "sha256", hex(TACIT_SLICE_ARRAY(e->sha256)));
		if (e->target)
			json_object_set_new(one, "target", escaped(tacit_slice_str(e->target)));
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *show_unlisted(const struct eif_file *file)
{
	json_t *array = json_array();

	for (size_t i = 0; i < file->ramdisk_count; i++) {
		if (file->listing[i].status != TACIT_OK)
			json_array_append_new(array,
					      json_pack("{s:I, s:s}", "ramdisk", (json_int_t)i,
							"why", file->listing[i].detail));
	}
	return array;
}

static json_t *show_signature(const struct tacit_eif_signature *s)
{
	uint8_t digest[TACIT_SHA256_LEN] = { 0 };
	const char *alg = s->alg == -35   ? "ES384"
			  : s->alg == -7  ? "ES256"
			  : s->alg == -36 ? "ES512"
					  : "unknown";

	if (tacit_hash(TACIT_SHA256, s->certificate_der, digest, NULL) != TACIT_OK)
		return json_null();
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "algorithm", alg, "register_index",
			 (json_int_t)s->register_index, "register_value", hex(s->register_value),
			 "certificate_sha256", hex(TACIT_SLICE_ARRAY(digest)), "not_before",
			 timestamp(s->not_before), "not_after", timestamp(s->not_after));
}

/* As JSON where it is some, else as escaped text. */
static json_t *show_metadata(struct tacit_slice text)
{
	json_t *value = NULL;

	if (!text.ptr)
		return json_null();
	return tacit_json_parse(text, &value, NULL) == TACIT_OK ? value : escaped(text);
}

json_t *eif_show(const struct eif_judged *judged)
{
	const struct tacit_eif *image = &judged->file.image;
	json_t *top =
		json_pack("{s:I, s:i, s:s, s:I, s:I, s:o, s:o, s:o}", "size",
			  (json_int_t)image->len, "version", image->version, "machine",
			  image->flags & TACIT_EIF_ARM64 ? "aarch64" : "x86_64", "default_memory",
			  (json_int_t)image->memory, "default_cpus", (json_int_t)image->cpus,
			  "sections", show_sections(&judged->file), "cmdline",
			  escaped(image->cmdline), "metadata", show_metadata(image->metadata));

	json_object_set_new(top, "Measurements",
			    judged->is_measured ? eif_registers_json(&judged->registers)
						: json_null());
	if (!judged->is_measured)
		json_object_set_new(top, "not_measured", json_string(judged->unsure.detail));
	json_object_set_new(top, "signature",
			    judged->is_signed ? show_signature(&judged->signature) : json_null());
	json_object_set_new(top, "checks", eif_show_checks(&judged->list));
	if (judged->file.listed) {
		json_object_set_new(top, "files", show_files(&judged->file));
		json_object_set_new(top, "not_listed", show_unlisted(&judged->file));
	}
	return top;
}

/* ---- words ------------------------------------------------------------------------------------
 */

void eif_mode_text(uint32_t mode, char text[static 11])
{
	static const char LETTERS[] = "rwxrwxrwx";
	uint32_t type = mode & TACIT_CPIO_TYPE_MASK;

	text[0] = type == TACIT_CPIO_FOLDER ? 'd'
		  : type == TACIT_CPIO_LINK ? 'l'
		  : type == TACIT_CPIO_CHAR ? 'c'
		  : type == TACIT_CPIO_FILE ? '-'
					    : '?';
	for (unsigned i = 0; i < 9; i++)
		text[i + 1] = mode & 0400u >> i ? LETTERS[i] : '-';
	if (mode & 04000u)
		text[3] = 's';
	text[10] = '\0';
}

void eif_print_checks(const struct cli_common *common, const struct tacit_check_list *list,
		      bool all)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tacit_check *c = &list->checks[i];
		bool failed = c->result == TACIT_CHECK_FAIL;

		if (!failed && !all)
			continue;
		printf("  %s%-4s%s  %s%s%s\n",
		       cli_color(common, stdout, failed ? CLI_RED : CLI_GREEN),
		       tacit_result_name(c->result), cli_color(common, stdout, CLI_PLAIN), c->name,
		       c->why ? ": " : "", c->why ? c->why : "");
		if (failed && c->expected)
			printf("        expected %s\n", c->expected);
		if (failed && c->got)
			printf("        got      %s\n", c->got);
	}
}

static void print_sections(const struct tacit_eif *image)
{
	printf("  %-3s %-10s %12s %12s\n", "", "section", "offset", "size");
	for (size_t i = 0; i < image->sections_read; i++) {
		const struct tacit_eif_section *s = &image->section[i];

		printf("  %-3zu %-10s %12" PRIu64 " %12" PRIu64 "\n", i,
		       tacit_eif_kind_name(s->kind), s->at, s->len);
		if (s->at != s->table_at || s->len != s->table_len)
			printf("  %-3s %-10s %12" PRIu64 " %12" PRIu64 "\n", "", "(header)",
			       s->table_at, s->table_len);
	}
}

static void print_registers(const struct eif_judged *judged)
{
	if (!judged->is_measured)
		printf("measurements: not told: %s\n", judged->unsure.detail);
	for (size_t i = 0; i < EIF_REGISTERS; i++) {
		char text[2 * TACIT_EIF_PCR_LEN + 1];

		if (!judged->registers.has[i])
			continue;
		tacit_hex_encode(TACIT_SLICE_ARRAY(judged->registers.value[i]), text);
		printf("PCR%u %s\n", eif_register_number[i], text);
	}
}

static void print_files(const struct eif_file *file)
{
	for (size_t i = 0; i < file->ramdisk_count; i++) {
		if (file->listing[i].status != TACIT_OK)
			printf("ramdisk %zu: not listed: %s\n", i, file->listing[i].detail);
	}
	for (size_t i = 0; i < file->entry_count; i++) {
		const struct eif_entry *e = &file->entries[i];
		char mode[11], digest[2 * TACIT_SHA256_LEN + 1] = "-",
							     name[4 * TACIT_CPIO_NAME_MAX];

		eif_mode_text(e->mode, mode);
		if ((e->mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_FILE)
			tacit_hex_encode(TACIT_SLICE_ARRAY(e->sha256), digest);
		printf("%zu %s %12" PRIu64 " %-64s %s", e->ramdisk, mode, e->size, digest,
		       tacit_escape(name, sizeof(name), tacit_slice_str(e->name)));
		if (e->target)
			printf(" -> %s",
			       tacit_escape(name, sizeof(name), tacit_slice_str(e->target)));
		putchar('\n');
	}
}

void eif_print(const struct cli_common *common, const struct eif_judged *judged)
{
	const struct tacit_eif *image = &judged->file.image;
	char text[2048];

	printf("enclave image, version %u, for %s, %" PRIu64 " bytes, %" PRIu64 " MiB and %" PRIu64
	       " CPUs by default\n",
	       image->version, image->flags & TACIT_EIF_ARM64 ? "aarch64" : "x86_64", image->len,
	       image->memory >> 20, image->cpus);
	print_sections(image);
	printf("cmdline: %s\n", tacit_escape(text, sizeof(text), image->cmdline));
	if (image->metadata.ptr)
		printf("metadata (not measured): %s\n",
		       tacit_escape(text, sizeof(text), image->metadata));
	print_registers(judged);
	if (judged->file.listed)
		print_files(&judged->file);
	eif_print_checks(common, &judged->list, common->verbose);
}
