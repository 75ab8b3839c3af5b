/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"
#include "tee/nitro/eif.h"

#define WHERE "eif.write"

enum tacit_status tacit_eif_write_init(struct tacit_eif_write *w,
				       const struct tacit_eif_write_options *options,
				       struct tacit_error *err)
{
	memset(w, 0, sizeof(*w));
	w->flags = options->flags;
	w->memory = options->memory;
	w->cpus = options->cpus;
	w->at = TACIT_EIF_HEADER;
	tacit_crc32_init(&w->crc);
	return tacit_eif_measure_init(&w->measure, err);
}

void tacit_eif_write_done(struct tacit_eif_write *w)
{
	tacit_eif_measure_done(&w->measure);
}

enum tacit_status tacit_eif_write_section(struct tacit_eif_write *w, enum tacit_eif_kind kind,
					  uint64_t len,
					  uint8_t ret_head[static TACIT_EIF_SECTION_HEAD],
					  struct tacit_error *err)
{
	uint8_t head[TACIT_EIF_SECTION_HEAD];
	struct writer out = wr_of(tacit_mut_of(head, sizeof(head)));
	uint64_t start, end;

	if (w->left)
		return tacit_fail(err, TACIT_USAGE, WHERE, w->at,
				  "the last section lacks %llu bytes", (unsigned long long)w->left);
	if (w->count == TACIT_EIF_SECTIONS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, w->at, "more than %d sections",
				  TACIT_EIF_SECTIONS_MAX);
	if (__builtin_add_overflow(w->at, TACIT_EIF_SECTION_HEAD, &start) ||
	    __builtin_add_overflow(start, len, &end) || end > INT64_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, w->at, "image is too long");
	w->section[w->count++] =
		(struct tacit_eif_section){ .kind = (uint16_t)kind, .at = w->at, .len = len };
	wr_be16(&out, (uint16_t)kind);
	wr_be16(&out, 0);
	wr_be64(&out, len);
	memcpy(ret_head, head, sizeof(head));
	tacit_crc32_update(&w->crc, TACIT_SLICE_ARRAY(head));
	tacit_eif_measure_begin(&w->measure, (uint16_t)kind);
	w->at = start;
	w->left = len;
	return TACIT_OK;
}

enum tacit_status tacit_eif_write_content_image(struct tacit_eif_write *w, struct tacit_slice bytes,
						struct tacit_error *err)
{
	if (bytes.len > w->left)
		return tacit_fail(err, TACIT_USAGE, WHERE, w->at, "%llu bytes too many",
				  (unsigned long long)(bytes.len - w->left));
	if (bytes.len == 0)
		return TACIT_OK;
	tacit_eif_measure_add_image(&w->measure, w->section[w->count - 1].kind, bytes);
	tacit_crc32_update(&w->crc, bytes);
	w->at += bytes.len;
	w->left -= bytes.len;
	return TACIT_OK;
}

void tacit_eif_write_content_rest(struct tacit_eif_write *w, struct tacit_slice bytes)
{
	if (w->count)
		tacit_eif_measure_add_application(&w->measure, w->section[w->count - 1].kind,
						  bytes);
}

enum tacit_status tacit_eif_write_content(struct tacit_eif_write *w, struct tacit_slice bytes,
					  struct tacit_error *err)
{
	enum tacit_status st = tacit_eif_write_content_image(w, bytes, err);

	if (st == TACIT_OK)
		tacit_eif_write_content_rest(w, bytes);
	return st;
}

enum tacit_status tacit_eif_write_pcrs(struct tacit_eif_write *w, struct tacit_eif_pcrs *ret,
				       struct tacit_error *err)
{
	return tacit_eif_measure_final(&w->measure, ret, err);
}

static void put_table(struct writer *out, const struct tacit_eif_write *w)
{
	for (size_t i = 0; i < TACIT_EIF_SECTIONS_MAX; i++)
		wr_be64(out, i < w->count ? w->section[i].at : 0);
	for (size_t i = 0; i < TACIT_EIF_SECTIONS_MAX; i++)
		wr_be64(out, i < w->count ? w->section[i].len : 0);
}

enum tacit_status tacit_eif_write_header(const struct tacit_eif_write *w,
					 uint8_t ret[static TACIT_EIF_HEADER],
					 struct tacit_error *err)
{
	uint8_t room[TACIT_EIF_HEADER];
	struct writer out = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_crc32 crc;
	struct tacit_slice header = { NULL, 0 };

	if (w->left)
		return tacit_fail(err, TACIT_USAGE, WHERE, w->at,
				  "the last section lacks %llu bytes", (unsigned long long)w->left);
	wr_text(&out, ".eif");
	wr_be16(&out, TACIT_EIF_VERSION);
	wr_be16(&out, w->flags);
	wr_be64(&out, w->memory);
	wr_be64(&out, w->cpus);
	wr_be16(&out, 0);
	wr_be16(&out, (uint16_t)w->count);
	put_table(&out, w);
	wr_be32(&out, 0);
	/* The header stands before what was summed up already. */
	tacit_crc32_init(&crc);
	tacit_crc32_update(&crc, tacit_slice_of(room, TACIT_EIF_HEADER_CRC));
	wr_be32(&out, tacit_crc32_join(tacit_crc32_value(&crc), tacit_crc32_value(&w->crc),
				       w->at - TACIT_EIF_HEADER));
	enum tacit_status st = wr_finish(&out, WHERE, &header, err);
	if (st == TACIT_OK)
		memcpy(ret, header.ptr, header.len);
	return st;
}
