/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "tee/nitro/eif.h"

#define WHERE "eif"

static const uint8_t MAGIC[4] = { '.', 'e', 'i', 'f' };

const char *tacit_eif_kind_name(uint16_t kind)
{
	static const char *const NAMES[] = {
		[TACIT_EIF_KERNEL] = "kernel",     [TACIT_EIF_CMDLINE] = "cmdline",
		[TACIT_EIF_RAMDISK] = "ramdisk",   [TACIT_EIF_SIGNATURE] = "signature",
		[TACIT_EIF_METADATA] = "metadata",
	};

	return kind >= TACIT_EIF_KERNEL && kind <= TACIT_EIF_METADATA ? NAMES[kind] : "unknown";
}

enum tacit_status tacit_eif_scan_init(struct tacit_eif_scan *scan, struct tacit_arena *arena,
				      tacit_eif_content *content, void *user,
				      struct tacit_error *err)
{
	memset(scan, 0, sizeof(*scan));
	scan->arena = arena;
	scan->content = content;
	scan->user = user;
	tacit_crc32_init(&scan->crc);
	return tacit_eif_measure_init(&scan->measure, err);
}

void tacit_eif_scan_done(struct tacit_eif_scan *scan)
{
	tacit_eif_measure_done(&scan->measure);
}

/* Gathers `want` bytes of a head across pieces; true when they are all there. */
static bool gather(struct tacit_eif_scan *scan, size_t want, struct reader *r)
{
	size_t missing = want - scan->head_len;
	struct tacit_slice part = rd_take(r, missing < rd_left(r) ? missing : rd_left(r));

	if (part.len)
		memcpy(scan->head + scan->head_len, part.ptr, part.len);
	scan->head_len += part.len;
	return scan->head_len == want;
}

static void take_table(struct reader *r, struct tacit_eif *image)
{
	for (size_t i = 0; i < TACIT_EIF_SECTIONS_MAX; i++)
		image->section[i].table_at = rd_be64(r);
	for (size_t i = 0; i < TACIT_EIF_SECTIONS_MAX; i++)
		image->section[i].table_len = rd_be64(r);
	for (size_t i = image->count; i < TACIT_EIF_SECTIONS_MAX; i++) {
		if (image->section[i].table_at || image->section[i].table_len)
			image->spare_entries = true;
	}
}

static enum tacit_status take_header(struct tacit_eif_scan *scan, struct tacit_error *err)
{
	struct reader r = rd_of(TACIT_SLICE_ARRAY(scan->head));
	struct tacit_eif *image = &scan->image;

	if (memcmp(rd_take(&r, sizeof(MAGIC)).ptr, MAGIC, sizeof(MAGIC)) != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "does not begin with \".eif\"");
	image->version = rd_be16(&r);
	image->flags = rd_be16(&r);
	image->memory = rd_be64(&r);
	image->cpus = rd_be64(&r);
	image->reserved = rd_be16(&r);
	image->count = rd_be16(&r);
	if (image->count > TACIT_EIF_SECTIONS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 26, "%u sections, at most %d",
				  image->count, TACIT_EIF_SECTIONS_MAX);
	take_table(&r, image);
	image->unused = rd_be32(&r);
	tacit_crc32_update(&scan->crc, tacit_slice_of(scan->head, TACIT_EIF_HEADER_CRC));
	image->crc = rd_be32(&r);
	scan->has_header = true;
	scan->head_len = 0;
	return rd_finish(&r, WHERE, err);
}

/* The slice that keeps the content of this kind, and how long it may be; NULL for the others. */
static struct tacit_slice *kept_slice(struct tacit_eif *image, uint16_t kind, uint64_t *ret_max)
{
	switch (kind) {
	case TACIT_EIF_CMDLINE:
		*ret_max = TACIT_EIF_CMDLINE_MAX;
		return &image->cmdline;
	case TACIT_EIF_METADATA:
		*ret_max = TACIT_EIF_METADATA_MAX;
		return &image->metadata;
	case TACIT_EIF_SIGNATURE:
		*ret_max = TACIT_EIF_SIGNATURE_MAX;
		return &image->signature;
	default:
		return NULL;
	}
}

static enum tacit_status keep_section(struct tacit_eif_scan *scan,
				      const struct tacit_eif_section *section,
				      struct tacit_error *err)
{
	uint64_t max = 0;
	struct tacit_slice *kept = kept_slice(&scan->image, section->kind, &max);

	scan->keep = NULL;
	if (!kept)
		return TACIT_OK;
	if (section->len > max)
		return tacit_fail(err, TACIT_LIMIT, WHERE, section->at,
				  "%s of %llu bytes, at most %llu",
				  tacit_eif_kind_name(section->kind),
				  (unsigned long long)section->len, (unsigned long long)max);
	if (kept->ptr)
		return TACIT_OK; /* a second one, which is refused when the image is judged */
	scan->keep = tacit_arena_alloc(scan->arena, section->len ? (size_t)section->len : 1);
	if (!scan->keep)
		return tacit_fail(err, TACIT_LIMIT, WHERE, section->at, "no room for the %s",
				  tacit_eif_kind_name(section->kind));
	*kept = tacit_slice_of(scan->keep, (size_t)section->len);
	return TACIT_OK;
}

static enum tacit_status take_section_head(struct tacit_eif_scan *scan, uint64_t end,
					   struct tacit_error *err)
{
	struct reader r = rd_of(tacit_slice_of(scan->head, TACIT_EIF_SECTION_HEAD));
	struct tacit_eif *image = &scan->image;
	struct tacit_eif_section *section = &image->section[image->sections_read];

	section->at = end - TACIT_EIF_SECTION_HEAD;
	section->kind = rd_be16(&r);
	section->flags = rd_be16(&r);
	section->len = rd_be64(&r);
	if (section->kind == TACIT_EIF_INVALID || section->kind > TACIT_EIF_METADATA)
		return tacit_fail(err, TACIT_FORMAT, WHERE, section->at,
				  "section %zu is of unknown type %u", image->sections_read,
				  section->kind);
	image->sections_read++;
	scan->head_len = 0;
	scan->left = section->len;
	scan->in_section = section->len != 0;
	tacit_eif_measure_begin(&scan->measure, section->kind);
	if (scan->content)
		scan->content(scan->user, image->sections_read - 1, section->kind,
			      tacit_slice_of(NULL, 0));
	return keep_section(scan, section, err);
}

static void take_content(struct tacit_eif_scan *scan, struct reader *r)
{
	size_t index = scan->image.sections_read - 1;
	uint16_t kind = scan->image.section[index].kind;
	struct tacit_slice bytes =
		rd_take(r, scan->left < rd_left(r) ? (size_t)scan->left : rd_left(r));

	tacit_eif_measure_add(&scan->measure, kind, bytes);
	if (scan->keep && bytes.len) {
		memcpy(scan->keep, bytes.ptr, bytes.len);
		scan->keep += bytes.len;
	}
	if (scan->content)
		scan->content(scan->user, index, kind, bytes);
	scan->left -= bytes.len;
	scan->in_section = scan->left != 0;
}

/* One step: a head, a part of a section, or what stands behind the last one. */
static enum tacit_status step(struct tacit_eif_scan *scan, struct reader *r,
			      struct tacit_error *err)
{
	struct tacit_eif *image = &scan->image;

	if (!scan->has_header)
		return gather(scan, TACIT_EIF_HEADER, r) ? take_header(scan, err) : TACIT_OK;

	size_t start = r->at;
	enum tacit_status st = TACIT_OK;

	if (scan->in_section) {
		take_content(scan, r);
	} else if (image->sections_read == image->count) {
		image->trailing += rd_left(r);
		rd_skip(r, rd_left(r));
	} else if (gather(scan, TACIT_EIF_SECTION_HEAD, r)) {
		st = take_section_head(scan, image->len + r->at, err);
	}
	tacit_crc32_update(&scan->crc, tacit_slice_of(r->in.ptr + start, r->at - start));
	return st;
}

enum tacit_status tacit_eif_scan_update(struct tacit_eif_scan *scan, struct tacit_slice bytes,
					struct tacit_error *err)
{
	struct reader r = rd_of(bytes);
	enum tacit_status st = TACIT_OK;

	while (st == TACIT_OK && rd_left(&r) != 0)
		st = step(scan, &r, err);
	scan->image.len += bytes.len;
	return st;
}

enum tacit_status tacit_eif_scan_final(struct tacit_eif_scan *scan, struct tacit_eif *ret,
				       struct tacit_error *err)
{
	struct tacit_eif *image = &scan->image;

	if (!scan->has_header)
		return tacit_fail(err, TACIT_FORMAT, WHERE, image->len, "ends inside the header");
	if (scan->in_section)
		return tacit_fail(err, TACIT_FORMAT, WHERE, image->len,
				  "ends inside section %zu, %llu bytes early",
				  image->sections_read - 1, (unsigned long long)scan->left);
	if (scan->head_len)
		return tacit_fail(err, TACIT_FORMAT, WHERE, image->len,
				  "ends inside the head of section %zu", image->sections_read);
	image->crc_computed = tacit_crc32_value(&scan->crc);

	enum tacit_status st = tacit_eif_measure_final(&scan->measure, &image->pcrs, err);
	if (st == TACIT_OK)
		*ret = *image;
	return st;
}
