/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/measure_parts.h"

#include "base/compiler.h"
#include "base/reader.h"
#include "tee/snp/measure.h"

#define WHERE     "snp.firmware"
#define PAGE      4096
#define TAIL      32 /* bytes between the table and the image's end */
#define ENTRY_LEN 18 /* size and GUID, which stand behind an entry's data */

/* GUIDs as EFI writes them. */
static const uint8_t FOOTER[16] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
				    0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d };
static const uint8_t METADATA[16] = { 0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
				      0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc };
static const uint8_t RESET[16] = { 0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
				   0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e };
static const uint8_t HASHES[16] = { 0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
				    0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54 };

/* Takes the last entry off `table`: its data, then its size, then its GUID. */
static bool take_last(struct tacit_slice *table, struct tacit_slice *ret_guid,
		      struct tacit_slice *ret_data)
{
	if (table->len < ENTRY_LEN)
		return false;
	struct reader r = rd_of(tacit_slice_of(table->ptr + table->len - ENTRY_LEN, ENTRY_LEN));
	size_t size = rd_le16(&r);
	*ret_guid = rd_take(&r, 16);
	if (size < ENTRY_LEN || size > table->len)
		return false;
	*ret_data = tacit_slice_of(table->ptr + table->len - size, size - ENTRY_LEN);
	table->len -= size;
	return true;
}

/* The table's content without the footer that gives its size. */
static enum tacit_status find_table(struct tacit_slice firmware, struct tacit_slice *ret,
				    struct tacit_error *err)
{
	struct tacit_slice guid, rest;

	if (firmware.len < TAIL + ENTRY_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "firmware of %zu bytes",
				  firmware.len);
	struct tacit_slice whole = tacit_slice_of(firmware.ptr, firmware.len - TAIL);
	if (!take_last(&whole, &guid, &rest) || !tacit_slice_eq(guid, TACIT_SLICE_ARRAY(FOOTER)))
		return tacit_fail(err, TACIT_FORMAT, WHERE, firmware.len - TAIL,
				  "no table of GUIDs at the image's end, as OVMF has it");
	*ret = rest;
	return TACIT_OK;
}

static enum tacit_status read_section(struct reader *r, struct tacit_snp_metadata *meta,
				      struct tacit_error *err)
{
	struct tacit_snp_section section;

	section.gpa = rd_le32(r);
	section.size = rd_le32(r);
	section.type = rd_le32(r);
	if (section.gpa % PAGE || section.size % PAGE || section.size == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at,
				  "a section that is not of whole pages");
	if (section.size > TACIT_SNP_SECTION_SIZE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, r->at, "a section of %lu bytes",
				  (unsigned long)section.size);
	bool single = section.type == TACIT_SNP_SECTION_SECRETS ||
		      section.type == TACIT_SNP_SECTION_CPUID ||
		      section.type == TACIT_SNP_SECTION_HASHES;
	if (single && section.size != PAGE)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at,
				  "a section that must be one page has %lu bytes",
				  (unsigned long)section.size);
	meta->sections[meta->count++] = section;
	return TACIT_OK;
}

/* "ASEV", size, version 1, count, then the sections. */
static enum tacit_status read_sections(struct tacit_slice firmware, uint32_t from_end,
				       struct tacit_snp_metadata *meta, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	if (from_end > firmware.len)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "metadata %lu bytes before the end of %zu",
				  (unsigned long)from_end, firmware.len);
	struct reader r = rd_of(tacit_slice_of(firmware.ptr + firmware.len - from_end, from_end));
	bool known = tacit_slice_eq(rd_take(&r, 4), tacit_slice_str("ASEV"));
	uint32_t size = rd_le32(&r);
	uint32_t version = rd_le32(&r);
	uint32_t count = rd_le32(&r);
	if (r.bad || !known || version != 1)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no metadata of version 1");
	if (count > TACIT_SNP_SECTIONS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%lu sections, at most %d",
				  (unsigned long)count, TACIT_SNP_SECTIONS_MAX);
	if (size != 16 + count * 12 || count * 12 > rd_left(&r))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "metadata of %lu bytes",
				  (unsigned long)size);
	for (uint32_t i = 0; i < count && st == TACIT_OK; i++)
		st = read_section(&r, meta, err);
	return st;
}

enum tacit_status tacit_snp_metadata_parse(struct tacit_slice firmware,
					   struct tacit_snp_metadata *ret, struct tacit_error *err)
{
	struct tacit_snp_metadata meta = { .count = 0 };
	struct tacit_slice table, guid, data;
	uint32_t from_end = 0;
	bool found = false;

	enum tacit_status st = find_table(firmware, &table, err);
	if (st != TACIT_OK)
		return st;
	while (table.len) {
		if (!take_last(&table, &guid, &data))
			return tacit_fail(err, TACIT_FORMAT, WHERE, table.len,
					  "a broken entry in the table of GUIDs");
		struct reader r = rd_of(data);
		uint32_t first = rd_le32(&r);
		if (tacit_slice_eq(guid, TACIT_SLICE_ARRAY(METADATA)) && !r.bad) {
			from_end = first;
			found = true;
		} else if (tacit_slice_eq(guid, TACIT_SLICE_ARRAY(RESET)) && !r.bad) {
			meta.reset = first;
			meta.has_reset = true;
		} else if (tacit_slice_eq(guid, TACIT_SLICE_ARRAY(HASHES)) && !r.bad) {
			meta.hashes = first;
		}
	}
	if (!found)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "firmware without metadata for SEV-SNP");
	st = read_sections(firmware, from_end, &meta, err);
	if (st == TACIT_OK)
		*ret = meta;
	return st;
}

/* ---- vCPU models --------------------------------------------------------------------------- */

/* QEMU's models, by their first name; versions ("-v2") and "-IBPB" do not change the signature. */
static const struct {
	const char *name;
	uint32_t signature; /* CPUID 1 EAX [APM 3, E.3.2] */
} MODELS[] = {
	{ "EPYC", 0x00800f12 },       { "EPYC-Rome", 0x00830f10 },  { "EPYC-Milan", 0x00a00f11 },
	{ "EPYC-Genoa", 0x00a10f10 }, { "EPYC-Turin", 0x00b00f00 },
};

/* "-v" and a number of one or two digits at the end. */
static struct tacit_slice without_version(struct tacit_slice name)
{
	size_t end = name.len;

	while (end > 0 && name.ptr[end - 1] >= '0' && name.ptr[end - 1] <= '9')
		end--;
	if (end == name.len || name.len - end > 2 || end < 2 || name.ptr[end - 1] != 'v' ||
	    name.ptr[end - 2] != '-')
		return name;
	return tacit_slice_of(name.ptr, end - 2);
}

uint32_t tacit_snp_measure_vcpu(struct tacit_slice model)
{
	struct tacit_slice name = without_version(model);

	if (tacit_slice_eq(name, tacit_slice_str("EPYC-IBPB")))
		name.len = strlen("EPYC");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MODELS); i++)
		if (tacit_slice_eq(name, tacit_slice_str(MODELS[i].name)))
			return MODELS[i].signature;
	return 0;
}
