/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/snp_table.h"

#include "base/compiler.h"
#include "base/reader.h"
#include "codec/der.h"
#include "codec/pem.h"

#define ENTRY_LEN 24
#define GUID_LEN  16

/* GUIDs [GHCB 4.1.8] as their text reads; hosts write them so, or as EFI does. */
struct kind {
	uint8_t guid[GUID_LEN];
	size_t field; /* of struct tacit_snp_table */
};

static const struct kind KINDS[] = {
	{ { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8,
	    0xac, 0xcd },
	  offsetof(struct tacit_snp_table, vcek) },
	{ { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0,
	    0xb8, 0xa1 },
	  offsetof(struct tacit_snp_table, vlek) },
	{ { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27,
	    0xc7, 0x82 },
	  offsetof(struct tacit_snp_table, ask) },
	{ { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c,
	    0xd0, 0xae },
	  offsetof(struct tacit_snp_table, ark) },
	{ { 0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc,
	    0x67, 0xea },
	  offsetof(struct tacit_snp_table, crl) },
};

/* The first three groups of a GUID are little-endian numbers where EFI writes it. */
static bool same_guid(const uint8_t *text_order, const uint8_t *got)
{
	static const uint8_t EFI[GUID_LEN] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
	};
	bool efi = true;

	for (size_t i = 0; i < GUID_LEN; i++)
		efi &= text_order[EFI[i]] == got[i];
	return efi || memcmp(text_order, got, GUID_LEN) == 0;
}

static const struct kind *find_kind(struct tacit_slice guid)
{
	for (size_t i = 0; guid.len == GUID_LEN && i < TACIT_ARRAY_LEN(KINDS); i++)
		if (same_guid(KINDS[i].guid, guid.ptr))
			return &KINDS[i];
	return NULL;
}

static bool is_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

struct entry {
	struct tacit_slice guid;
	uint32_t offset, length;
};

static struct entry read_entry(struct reader *r)
{
	struct entry e;

	e.guid = rd_take(r, GUID_LEN);
	e.offset = rd_le32(r);
	e.length = rd_le32(r);
	return e;
}

/* How many entries stand before the one of zeros, which must be there. */
static enum tacit_status count_entries(struct tacit_slice in, size_t *ret, struct tacit_error *err)
{
	struct reader r = rd_of(in);

	for (size_t i = 0; i <= TACIT_SNP_TABLE_ENTRIES; i++) {
		size_t at = r.at;
		struct entry e = read_entry(&r);

		if (r.bad)
			return tacit_fail(err, TACIT_FORMAT, "snp.table", at,
					  "no entry of zeros ends the table");
		if (!is_zero(e.guid))
			continue;
		if (e.offset || e.length)
			return tacit_fail(err, TACIT_FORMAT, "snp.table", at,
					  "an entry without a GUID has content");
		*ret = i;
		return TACIT_OK;
	}
	return tacit_fail(err, TACIT_LIMIT, "snp.table", r.at, "more than %d entries",
			  TACIT_SNP_TABLE_ENTRIES);
}

static bool overlap(const struct entry *a, const struct entry *b)
{
	return a->length && b->length && a->offset < b->offset + b->length &&
	       b->offset < a->offset + a->length;
}

/* An entry lies within the table, behind its head, and over no earlier one. */
static enum tacit_status check_entry(struct tacit_slice in, const struct entry *entries, size_t i,
				     size_t head, struct tacit_error *err)
{
	const struct entry *e = &entries[i];
	size_t at = i * ENTRY_LEN;

	if (e->offset > in.len || e->length > in.len - e->offset)
		return tacit_fail(err, TACIT_FORMAT, "snp.table", at,
				  "%lu bytes at %lu in a table of %zu", (unsigned long)e->length,
				  (unsigned long)e->offset, in.len);
	if (e->length && e->offset < head)
		return tacit_fail(err, TACIT_FORMAT, "snp.table", at,
				  "content at %lu lies in the table's head",
				  (unsigned long)e->offset);
	/* Within the table, so offset + length fits; see above. */
	for (size_t k = 0; k < i; k++)
		if (overlap(e, &entries[k]))
			return tacit_fail(err, TACIT_FORMAT, "snp.table", at,
					  "entries %zu and %zu overlap", k, i);
	return TACIT_OK;
}

static enum tacit_status take_entry(struct tacit_slice in, const struct entry *e, size_t i,
				    struct tacit_snp_table *table, struct tacit_error *err)
{
	const struct kind *kind = find_kind(e->guid);

	if (!kind || e->length == 0)
		return TACIT_OK;
	struct tacit_slice *field = (struct tacit_slice *)(void *)((char *)table + kind->field);
	if (field->ptr)
		return tacit_fail(err, TACIT_FORMAT, "snp.table", i * ENTRY_LEN,
				  "two entries of one kind");
	*field = tacit_slice_of(in.ptr + e->offset, e->length);
	return TACIT_OK;
}

enum tacit_status tacit_snp_table_parse(struct tacit_slice in, struct tacit_snp_table *ret,
					struct tacit_error *err)
{
	struct entry entries[TACIT_SNP_TABLE_ENTRIES];
	struct tacit_snp_table table = { .entries = 0 };
	enum tacit_status st = TACIT_OK;

	if (in.len > UINT32_MAX)
		return tacit_fail(err, TACIT_LIMIT, "snp.table", 0, "%zu bytes", in.len);
	if (in.len)
		st = count_entries(in, &table.entries, err);
	struct reader r = rd_of(in);
	for (size_t i = 0; i < table.entries && st == TACIT_OK; i++) {
		entries[i] = read_entry(&r);
		st = check_entry(in, entries, i, (table.entries + 1) * ENTRY_LEN, err);
		if (st == TACIT_OK)
			st = take_entry(in, &entries[i], i, &table, err);
	}
	if (st == TACIT_OK)
		*ret = table;
	return st;
}

/* ---- writing ------------------------------------------------------------------------------- */

static struct tacit_slice content_of(const struct tacit_snp_table *table, const struct kind *kind)
{
	struct tacit_slice content;

	memcpy(&content, (const char *)table + kind->field, sizeof(content));
	return content;
}

/* Bytes of entries, the last one included, and of contents. */
static size_t head_size(const struct tacit_snp_table *table, size_t *ret_content)
{
	size_t entries = 0;

	*ret_content = 0;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++) {
		size_t len = content_of(table, &KINDS[i]).len;

		entries += len != 0;
		*ret_content += len;
	}
	return entries ? (entries + 1) * ENTRY_LEN : 0;
}

size_t tacit_snp_table_size(const struct tacit_snp_table *table)
{
	size_t content, head = head_size(table, &content);

	return head + content;
}

static void write_le32(struct writer *w, size_t value)
{
	for (size_t i = 0; i < 4; i++)
		wr_u8(w, (uint8_t)(value >> 8 * i));
}

void tacit_snp_table_write(const struct tacit_snp_table *table, struct writer *w)
{
	static const uint8_t END[ENTRY_LEN] = { 0 };
	size_t content, at = head_size(table, &content);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++) {
		size_t len = content_of(table, &KINDS[i]).len;

		if (len == 0)
			continue;
		wr_bytes(w, TACIT_SLICE_ARRAY(KINDS[i].guid));
		write_le32(w, at);
		write_le32(w, len);
		at += len;
	}
	if (at)
		wr_bytes(w, TACIT_SLICE_ARRAY(END));
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++)
		wr_bytes(w, content_of(table, &KINDS[i]));
}

bool tacit_snp_table_looks(struct tacit_slice in)
{
	struct reader r = rd_of(in);

	for (size_t i = 0; i <= TACIT_SNP_TABLE_ENTRIES; i++) {
		struct entry e = read_entry(&r);

		if (r.bad || is_zero(e.guid))
			return false;
		if (find_kind(e.guid))
			return true;
	}
	return false;
}

enum tacit_status tacit_snp_table_der(struct tacit_slice content, struct tacit_arena *arena,
				      struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_pem_block block, more;
	size_t at = 0;

	if (content.ptr[0] == TACIT_DER_SEQUENCE || !tacit_pem_looks(content)) {
		*ret = content;
		return TACIT_OK;
	}
	struct tacit_error local = { 0 };
	if (!tacit_pem_next(content, &at, arena, &block, &local) ||
	    tacit_pem_next(content, &at, arena, &more, &local)) {
		if (local.status != TACIT_OK)
			return tacit_fail(err, local.status, local.where, local.offset, "%s",
					  local.detail);
		return tacit_fail(err, TACIT_FORMAT, "snp.table", at,
				  "not one block of PEM text in one entry");
	}
	if (local.status != TACIT_OK)
		return tacit_fail(err, local.status, local.where, local.offset, "%s", local.detail);
	*ret = block.der;
	return TACIT_OK;
}
