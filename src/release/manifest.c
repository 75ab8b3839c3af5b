/* SPDX-License-Identifier: Apache-2.0 */
#include "release/manifest.h"

#include <strings.h>

#include "appraise/json_out.h"
#include "base/arena.h"
#include "base/time.h"
#include "codec/json_read.h"
#include "codec/utf8.h"

#define WHERE         "model.manifest"
#define FILE_SIZE_MAX (UINT64_C(1) << 40)

uint64_t tacit_manifest_segments(uint64_t size)
{
	return size / TACIT_MANIFEST_SEGMENT + (size % TACIT_MANIFEST_SEGMENT ? 1 : 0);
}

size_t tacit_manifest_arena(size_t len)
{
	/* The text once more to compare with, and what it says in fewer bytes than its digits. */
	return 2 * len + TACIT_MANIFEST_FILES_MAX * sizeof(struct tacit_manifest_file) + 8192;
}

bool tacit_manifest_name_ok(struct tacit_slice name)
{
	if (name.len == 0 || name.len > TACIT_MANIFEST_NAME_MAX)
		return false;
	/* Neither hidden nor a folder, and no command takes it for an option. */
	if (name.ptr[0] == '.' || name.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '-' || c == '_'))
			return false;
	}
	return true;
}

enum tacit_status tacit_manifest_current(const struct tacit_manifest *manifest, int64_t now,
					 struct tacit_error *err)
{
	char when[TACIT_TIME_TEXT];

	if (manifest->expires == 0 || now < manifest->expires)
		return TACIT_OK;
	tacit_time_format(manifest->expires, when);
	return tacit_fail(err, TACIT_EXPIRED, WHERE, 0, "the model's manifest expired at %s", when);
}

/* On some filesystems two names are one when only the case of their letters differs. */
static bool same_name(struct tacit_slice a, struct tacit_slice b)
{
	return a.len == b.len && strncasecmp((const char *)a.ptr, (const char *)b.ptr, a.len) == 0;
}

/* ---- what a manifest must be --------------------------------------------------------------- */

static enum tacit_status check_text(const char *name, struct tacit_slice text,
				    struct tacit_error *err)
{
	uint32_t point = 0;

	if (text.len == 0 || text.len > TACIT_MANIFEST_TEXT_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" has %zu bytes", name,
				  text.len);
	for (size_t at = 0; at < text.len;) {
		size_t step = tacit_utf8_step(text, at, &point);

		if (step == 0 || tacit_utf8_is_control(point))
			return tacit_fail(err, TACIT_FORMAT, WHERE, at,
					  "\"%s\" has a character that it may not have", name);
		at += step;
	}
	return TACIT_OK;
}

static enum tacit_status check_digest(const char *name, struct tacit_slice digest,
				      struct tacit_error *err)
{
	if (digest.len == 0 || digest.len == TACIT_SHA256_LEN)
		return TACIT_OK;
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" is not a SHA-256", name);
}

/* What can be compared without reading the file is: nobody else looks at an empty one's hash. */
static enum tacit_status check_whole(const struct tacit_manifest_file *file, size_t i,
				     struct tacit_error *err)
{
	uint8_t empty[TACIT_SHA256_LEN];
	const uint8_t *whole = file->segments;

	if (file->segment_count > 1)
		return TACIT_OK;
	if (file->segment_count == 0) {
		enum tacit_status st =
			tacit_hash(TACIT_SHA256, tacit_slice_of(NULL, 0), empty, err);

		if (st != TACIT_OK)
			return st;
		whole = empty;
	}
	if (memcmp(whole, file->sha256, TACIT_SHA256_LEN) != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, i,
				  "file %zu has another hash than all that it is made of", i);
	return TACIT_OK;
}

static enum tacit_status check_file(const struct tacit_manifest *m, size_t i,
				    struct tacit_error *err)
{
	const struct tacit_manifest_file *file = &m->files[i];

	if (!tacit_manifest_name_ok(file->name))
		return tacit_fail(err, TACIT_FORMAT, WHERE, i, "file %zu has no usable name", i);
	for (size_t k = 0; k < i; k++)
		if (same_name(m->files[k].name, file->name))
			return tacit_fail(err, TACIT_FORMAT, WHERE, i,
					  "two files of the same name");
	if (file->size > FILE_SIZE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, i, "file %zu is over 1 TiB", i);
	if (file->segment_count != tacit_manifest_segments(file->size))
		return tacit_fail(err, TACIT_FORMAT, WHERE, i,
				  "file %zu has %zu segments and not %llu", i, file->segment_count,
				  (unsigned long long)tacit_manifest_segments(file->size));
	return check_whole(file, i, err);
}

static enum tacit_status check_times(const struct tacit_manifest *m, struct tacit_error *err)
{
	char text[TACIT_TIME_TEXT];

	if (m->created <= 0 || m->expires < 0 || (m->expires && m->expires <= m->created))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "expires before it was created");
	tacit_time_format(m->expires > m->created ? m->expires : m->created, text);
	if (text[0] == 'o')
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a time out of range");
	return TACIT_OK;
}

enum tacit_status tacit_manifest_check(const struct tacit_manifest *m, struct tacit_error *err)
{
	enum tacit_status st = check_text("model_id", m->model_id, err);

	if (st == TACIT_OK)
		st = check_text("version", m->version, err);
	if (st == TACIT_OK)
		st = check_text("format", m->format, err);
	if (st == TACIT_OK)
		st = check_digest("tokenizer_sha256", m->tokenizer, err);
	if (st == TACIT_OK)
		st = check_digest("template_sha256", m->chat_template, err);
	if (st == TACIT_OK)
		st = check_digest("policy_sha256", m->policy, err);
	if (st == TACIT_OK)
		st = check_times(m, err);
	if (st == TACIT_OK && (m->file_count == 0 || m->file_count > TACIT_MANIFEST_FILES_MAX))
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%zu files", m->file_count);
	for (size_t i = 0; i < m->file_count && st == TACIT_OK; i++)
		st = check_file(m, i, err);
	return st;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_file(struct tacit_json_out *j, const struct tacit_manifest_file *file)
{
	tacit_json_out_open(j, NULL, '{');
	tacit_json_out_slice(j, "name", file->name);
	tacit_json_out_uint(j, "size", file->size);
	tacit_json_out_hex(j, "sha256", TACIT_SLICE_ARRAY(file->sha256));
	tacit_json_out_open(j, "segments", '[');
	for (size_t i = 0; i < file->segment_count; i++)
		tacit_json_out_hex(
			j, NULL,
			tacit_slice_of(file->segments + i * TACIT_SHA256_LEN, TACIT_SHA256_LEN));
	tacit_json_out_close(j, ']');
	tacit_json_out_close(j, '}');
}

void tacit_manifest_write(const struct tacit_manifest *m, struct writer *w)
{
	struct tacit_json_out j = { w, -1, true };

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "schema", TACIT_MANIFEST_SCHEMA);
	tacit_json_out_slice(&j, "model_id", m->model_id);
	tacit_json_out_slice(&j, "version", m->version);
	tacit_json_out_slice(&j, "format", m->format);
	tacit_json_out_time(&j, "created", m->created);
	if (m->expires)
		tacit_json_out_time(&j, "expires", m->expires);
	if (m->tokenizer.len)
		tacit_json_out_hex(&j, "tokenizer_sha256", m->tokenizer);
	if (m->chat_template.len)
		tacit_json_out_hex(&j, "template_sha256", m->chat_template);
	if (m->policy.len)
		tacit_json_out_hex(&j, "policy_sha256", m->policy);
	tacit_json_out_uint(&j, "segment_size", TACIT_MANIFEST_SEGMENT);
	tacit_json_out_open(&j, "files", '[');
	for (size_t i = 0; i < m->file_count; i++)
		write_file(&j, &m->files[i]);
	tacit_json_out_close(&j, ']');
	tacit_json_out_close(&j, '}');
	wr_text(w, "\n");
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reading {
	struct tacit_json_read j;
	struct tacit_arena *arena;
	struct tacit_manifest *m;
};

static bool is(struct tacit_slice name, const char *what)
{
	return tacit_slice_eq(name, tacit_slice_str(what));
}

static struct tacit_slice read_digest(struct reading *r)
{
	uint8_t *digest = tacit_arena_alloc(r->arena, TACIT_SHA256_LEN);

	if (!digest) {
		tacit_json_read_full(&r->j);
		return tacit_slice_of(NULL, 0);
	}
	tacit_json_read_hex(&r->j, digest, TACIT_SHA256_LEN);
	return tacit_slice_of(digest, TACIT_SHA256_LEN);
}

static int64_t read_time(struct reading *r)
{
	int64_t seconds = 0;

	if (!tacit_time_parse(tacit_json_read_string(&r->j), &seconds))
		tacit_json_read_reject(&r->j, "not a time");
	return seconds;
}

static void read_segments(struct reading *r, struct tacit_manifest_file *file)
{
	size_t count = tacit_json_read_count(&r->j), i = 0;

	if (count > TACIT_MANIFEST_SEGMENTS_MAX) {
		tacit_json_read_reject(&r->j, "too many segments");
		return;
	}
	uint8_t *digests = tacit_arena_alloc(r->arena, count * TACIT_SHA256_LEN + 1);
	if (!digests) {
		tacit_json_read_full(&r->j);
		return;
	}
	tacit_json_read_array(&r->j);
	for (; tacit_json_read_item(&r->j) && i < count; i++)
		tacit_json_read_hex(&r->j, digests + i * TACIT_SHA256_LEN, TACIT_SHA256_LEN);
	file->segments = digests;
	file->segment_count = i;
}

static void read_file(struct reading *r, struct tacit_manifest_file *file)
{
	struct tacit_slice name;

	tacit_json_read_object(&r->j);
	while (tacit_json_read_member(&r->j, &name)) {
		if (is(name, "name"))
			file->name = tacit_json_read_string(&r->j);
		else if (is(name, "size"))
			file->size = tacit_json_read_uint(&r->j, FILE_SIZE_MAX);
		else if (is(name, "sha256"))
			tacit_json_read_hex(&r->j, file->sha256, TACIT_SHA256_LEN);
		else if (is(name, "segments"))
			read_segments(r, file);
		else
			tacit_json_read_reject(&r->j, "a member of a file that is not known");
	}
}

static void read_files(struct reading *r)
{
	size_t count = tacit_json_read_count(&r->j), i = 0;

	if (count == 0 || count > TACIT_MANIFEST_FILES_MAX) {
		tacit_json_read_reject(&r->j, "no files, or too many");
		return;
	}
	struct tacit_manifest_file *files = tacit_arena_alloc(r->arena, count * sizeof(*files));
	if (!files) {
		tacit_json_read_full(&r->j);
		return;
	}
	tacit_json_read_array(&r->j);
	for (; tacit_json_read_item(&r->j) && i < count; i++)
		read_file(r, &files[i]);
	r->m->files = files;
	r->m->file_count = i;
}

/* Texts and times, which most members are; false for a name that is neither. */
static bool read_plain(struct reading *r, struct tacit_slice name)
{
	struct tacit_manifest *m = r->m;

	if (is(name, "model_id"))
		m->model_id = tacit_json_read_text(&r->j, r->arena);
	else if (is(name, "version"))
		m->version = tacit_json_read_text(&r->j, r->arena);
	else if (is(name, "format"))
		m->format = tacit_json_read_text(&r->j, r->arena);
	else if (is(name, "created"))
		m->created = read_time(r);
	else if (is(name, "expires"))
		m->expires = read_time(r);
	else
		return false;
	return true;
}

static void read_member(struct reading *r, struct tacit_slice name)
{
	if (read_plain(r, name))
		return;
	if (is(name, "schema")) {
		if (!is(tacit_json_read_string(&r->j), TACIT_MANIFEST_SCHEMA))
			tacit_json_read_reject(&r->j, "not a " TACIT_MANIFEST_SCHEMA);
	} else if (is(name, "tokenizer_sha256")) {
		r->m->tokenizer = read_digest(r);
	} else if (is(name, "template_sha256")) {
		r->m->chat_template = read_digest(r);
	} else if (is(name, "policy_sha256")) {
		r->m->policy = read_digest(r);
	} else if (is(name, "segment_size")) {
		if (tacit_json_read_uint(&r->j, UINT32_MAX) != TACIT_MANIFEST_SEGMENT)
			tacit_json_read_reject(&r->j, "segments of another size");
	} else if (is(name, "files")) {
		read_files(r);
	} else {
		tacit_json_read_reject(&r->j, "a member that is not known");
	}
}

/* The same content has one text; so what was left out or ordered otherwise shows here too. */
static enum tacit_status compare_text(const struct tacit_manifest *m, struct tacit_slice text,
				      struct tacit_arena *arena, struct tacit_error *err)
{
	uint8_t *room = tacit_arena_alloc(arena, text.len);
	struct writer w = wr_of(tacit_mut_of(room, room ? text.len : 0));

	if (!room)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the manifest");
	tacit_manifest_write(m, &w);
	if (w.bad || w.at != text.len || memcmp(room, text.ptr, text.len) != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "not the one text that says what it says");
	return TACIT_OK;
}

enum tacit_status tacit_manifest_parse(struct tacit_slice text, struct tacit_arena *arena,
				       struct tacit_manifest *ret, struct tacit_error *err)
{
	struct tacit_manifest m = { 0 };
	struct reading r = { .arena = arena, .m = &m };
	struct tacit_slice name;

	if (text.len > TACIT_MANIFEST_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a manifest of %zu bytes", text.len);
	r.j = tacit_json_read_of(text);
	tacit_json_read_object(&r.j);
	while (tacit_json_read_member(&r.j, &name))
		read_member(&r, name);
	enum tacit_status st = tacit_json_read_finish(&r.j, WHERE, err);
	if (st == TACIT_OK)
		st = tacit_manifest_check(&m, err);
	if (st == TACIT_OK)
		st = compare_text(&m, text, arena, err);
	if (st == TACIT_OK)
		*ret = m;
	return st;
}
