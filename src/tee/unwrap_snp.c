/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "base/writer.h"
#include "codec/text_bytes.h"
#include "tee/snp/snp.h"
#include "tee/unwrap_parts.h"

/*
 * An SNP report as guests of Confidential Containers send it: the struct AttestationReport of the
 * Rust crate `sev`, member by member. Two shapes are known. Crates 1 to 5 write every byte, the
 * reserved ones as "_reserved_0" and so on. Crates 6 and 7 leave reserved bytes out, having seen
 * that they are zero, and write null for fields that the report's version has not.
 *
 * The bytes go where [SNP-ABI 7.3] has them; the signature tells whether they are the same again.
 */

#define WHERE     "wrapper.snp"
#define TCB_LEN   8
#define TCB_FMC   8 /* where a TCB's FMC waits until all members are known */
#define SIGNATURE 0x2a0

enum kind {
	NUMBER, /* little-endian */
	OPTION, /* the same, or null: zeros */
	BYTES,  /* an array of numbers */
	TCB,
	FIRMWARE,
	POINTS, /* the signature */
};

struct field {
	const char *name;
	uint16_t at, len;
	enum kind kind;
};

static const struct field REPORT[] = {
	{ "version", 0x000, 4, NUMBER },
	{ "guest_svn", 0x004, 4, NUMBER },
	{ "policy", 0x008, 8, NUMBER },
	{ "family_id", 0x010, 16, BYTES },
	{ "image_id", 0x020, 16, BYTES },
	{ "vmpl", 0x030, 4, NUMBER },
	{ "sig_algo", 0x034, 4, NUMBER },
	{ "current_tcb", 0x038, TCB_LEN, TCB },
	{ "plat_info", 0x040, 8, NUMBER },
	{ "key_info", 0x048, 4, NUMBER },
	{ "_author_key_en", 0x048, 4, NUMBER }, /* the same word under its older name */
	{ "_reserved_0", 0x04c, 4, NUMBER },
	{ "report_data", 0x050, 64, BYTES },
	{ "measurement", 0x090, 48, BYTES },
	{ "host_data", 0x0c0, 32, BYTES },
	{ "id_key_digest", 0x0e0, 48, BYTES },
	{ "author_key_digest", 0x110, 48, BYTES },
	{ "report_id", 0x140, 32, BYTES },
	{ "report_id_ma", 0x160, 32, BYTES },
	{ "reported_tcb", 0x180, TCB_LEN, TCB },
	{ "_reserved_1", 0x188, 24, BYTES },
	{ "cpuid_fam_id", 0x188, 1, OPTION },
	{ "cpuid_mod_id", 0x189, 1, OPTION },
	{ "cpuid_step", 0x18a, 1, OPTION },
	{ "chip_id", 0x1a0, TACIT_SNP_CHIP_LEN, BYTES },
	{ "committed_tcb", 0x1e0, TCB_LEN, TCB },
	{ "current", 0x1e8, 3, FIRMWARE },
	{ "current_build", 0x1e8, 1, NUMBER },
	{ "current_minor", 0x1e9, 1, NUMBER },
	{ "current_major", 0x1ea, 1, NUMBER },
	{ "_reserved_2", 0x1eb, 1, NUMBER },
	{ "committed", 0x1ec, 3, FIRMWARE },
	{ "committed_build", 0x1ec, 1, NUMBER },
	{ "committed_minor", 0x1ed, 1, NUMBER },
	{ "committed_major", 0x1ee, 1, NUMBER },
	{ "_reserved_3", 0x1ef, 1, NUMBER },
	{ "launch_tcb", 0x1f0, TCB_LEN, TCB },
	{ "_reserved_4", 0x1f8, 168, BYTES },
	{ "launch_mit_vector", 0x1f8, 8, OPTION },
	{ "current_mit_vector", 0x200, 8, OPTION },
	{ "signature", SIGNATURE, 2 * 72, POINTS },
};

/* Within their own object, at their places in the layout of Milan and Genoa. */
static const struct field TCB_FIELDS[] = {
	{ "fmc", TCB_FMC, 1, OPTION }, { "bootloader", 0, 1, NUMBER },
	{ "tee", 1, 1, NUMBER },       { "_reserved", 2, 4, BYTES },
	{ "snp", 6, 1, NUMBER },       { "microcode", 7, 1, NUMBER },
};

static const struct field FIRMWARE_FIELDS[] = {
	{ "build", 0, 1, NUMBER },
	{ "minor", 1, 1, NUMBER },
	{ "major", 2, 1, NUMBER },
};

static const struct field POINTS_FIELDS[] = {
	{ "r", 0, 72, BYTES },
	{ "s", 72, 72, BYTES },
	{ "_reserved", 144, 368, BYTES },
};

/* What the struct may leave out, as all of it is zero. */
static const struct {
	uint16_t start, end;
} MAY_LACK[] = {
	{ 0x04c, 0x050 }, { 0x188, 0x1a0 }, { 0x1eb, 0x1ec },
	{ 0x1ef, 0x1f0 }, { 0x1f8, 0x2a0 }, { 0x330, TACIT_SNP_REPORT_LEN },
};

/* Bytes and which of them some member has said. */
struct image {
	uint8_t bytes[TACIT_SNP_REPORT_LEN];
	bool said[TACIT_SNP_REPORT_LEN];
};

static void put(struct tacit_json_read *j, struct image *image, size_t at, uint8_t byte)
{
	if (image->said[at])
		tacit_json_read_reject(j, "two members say the same bytes of the report");
	image->bytes[at] = byte;
	image->said[at] = true;
}

static void read_number(struct tacit_json_read *j, const struct field *f, struct image *image,
			size_t base)
{
	uint64_t max = UINT64_MAX >> (64 - 8 * f->len);

	if (f->kind == OPTION && tacit_json_read_peek(j) == TACIT_JSON_NULL) {
		tacit_json_read_skip(j);
		return;
	}
	uint64_t value = tacit_json_read_uint(j, max);
	for (size_t i = 0; i < f->len; i++)
		put(j, image, base + f->at + i, (uint8_t)(value >> 8 * i));
}

static void read_bytes(struct tacit_json_read *j, const struct field *f, struct image *image,
		       size_t base)
{
	size_t n = 0;

	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		uint8_t byte = (uint8_t)tacit_json_read_uint(j, UINT8_MAX);

		if (n < f->len)
			put(j, image, base + f->at + n, byte);
		n++;
	}
	if (n != f->len)
		tacit_json_read_reject(j, "an array of bytes has another length than its field");
}

static const struct field *find(const struct field *fields, size_t count, struct tacit_slice name)
{
	for (size_t i = 0; i < count; i++)
		if (tacit_slice_eq(name, tacit_slice_str(fields[i].name)))
			return &fields[i];
	return NULL;
}

static void read_plain(struct tacit_json_read *j, const struct field *f, struct image *image,
		       size_t base)
{
	if (!f)
		tacit_json_read_reject(j, "a member that no known version of the report has");
	else if (f->kind == BYTES)
		read_bytes(j, f, image, base);
	else
		read_number(j, f, image, base);
}

static void read_inner(struct tacit_json_read *j, const struct field *fields, size_t count,
		       struct image *image, size_t base)
{
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name))
		read_plain(j, find(fields, count, name), image, base);
}

/* With an FMC it has the layout of Turin: FMC, boot loader, TEE, SNP, 3 reserved, microcode. */
static void read_tcb(struct tacit_json_read *j, const struct field *f, struct image *image)
{
	struct image tcb = { { 0 }, { false } };
	const uint8_t *b = tcb.bytes;

	read_inner(j, TCB_FIELDS, TACIT_ARRAY_LEN(TCB_FIELDS), &tcb, 0);
	if (!tcb.said[0] || !tcb.said[1] || !tcb.said[6] || !tcb.said[7])
		tacit_json_read_reject(j, "a TCB lacks a member");
	if (tcb.said[TCB_FMC] && tcb.said[2])
		tacit_json_read_reject(j, "a TCB of two layouts");
	const uint8_t turin[TCB_LEN] = { b[TCB_FMC], b[0], b[1], b[6], 0, 0, 0, b[7] };
	for (size_t i = 0; i < TCB_LEN; i++)
		put(j, image, f->at + i, tcb.said[TCB_FMC] ? turin[i] : b[i]);
}

static void read_field(struct tacit_json_read *j, const struct field *f, struct image *image)
{
	if (f && f->kind == TCB)
		read_tcb(j, f, image);
	else if (f && f->kind == FIRMWARE)
		read_inner(j, FIRMWARE_FIELDS, TACIT_ARRAY_LEN(FIRMWARE_FIELDS), image, f->at);
	else if (f && f->kind == POINTS)
		read_inner(j, POINTS_FIELDS, TACIT_ARRAY_LEN(POINTS_FIELDS), image, f->at);
	else
		read_plain(j, f, image, 0);
}

static bool may_lack(size_t at)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MAY_LACK); i++)
		if (at >= MAY_LACK[i].start && at < MAY_LACK[i].end)
			return true;
	return false;
}

static enum tacit_status check_whole(const struct image *image, struct tacit_error *err)
{
	size_t at = 0;

	while (at < TACIT_SNP_REPORT_LEN && (image->said[at] || may_lack(at)))
		at++;
	if (at == TACIT_SNP_REPORT_LEN)
		return TACIT_OK;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(REPORT); i++)
		if (at >= REPORT[i].at && at < (size_t)REPORT[i].at + REPORT[i].len)
			return tacit_fail(err, TACIT_FORMAT, WHERE, at,
					  "the report lacks all or some of \"%s\"", REPORT[i].name);
	return tacit_fail(err, TACIT_FORMAT, WHERE, at, "the report lacks a byte");
}

static enum tacit_status read_report(struct tacit_slice json, struct image *image,
				     struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name))
		read_field(&j, find(REPORT, TACIT_ARRAY_LEN(REPORT), name), image);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	return st == TACIT_OK ? check_whole(image, err) : st;
}

/* ---- certificates -------------------------------------------------------------------------- */

/* CertTableEntry: its kind, an enum, and its contents. */
struct entry {
	struct tacit_slice kind, data;
	bool has_kind;
};

/* A kind that has a name; {"OTHER": GUID} is some vendor's. */
static void read_kind(struct tacit_json_read *j, struct entry *e)
{
	struct tacit_slice name;

	e->has_kind = true;
	if (tacit_json_read_peek(j) != TACIT_JSON_OBJECT) {
		e->kind = tacit_json_read_string(j);
		return;
	}
	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (!tacit_slice_eq(name, tacit_slice_str("OTHER")))
			tacit_json_read_reject(j, "a kind of certificate that is not known");
		tacit_json_read_string(j);
	}
}

static struct entry read_entry(struct tacit_unwrap *u, struct tacit_json_read *j)
{
	struct entry e = { 0 };
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("cert_type")))
			read_kind(j, &e);
		else if (!tacit_slice_eq(name, tacit_slice_str("data")))
			tacit_json_read_reject(j, "a certificate has a member that is not known");
		else if (tacit_json_read_peek(j) != TACIT_JSON_ARRAY)
			tacit_json_read_reject(j, "a certificate is no array of bytes");
		else
			e.data = tacit_text_bytes_json(j, u->arena);
	}
	if (!e.has_kind || !e.data.ptr)
		tacit_json_read_reject(j, "a certificate lacks its kind or its bytes");
	return e;
}

/* Where contents of this kind go; NULL for those that say nothing here. */
static struct tacit_slice *place(struct tacit_json_read *j, struct tacit_snp_table *table,
				 struct tacit_slice kind)
{
	struct {
		const char *name;
		struct tacit_slice *field;
	} const kinds[] = {
		{ "VCEK", &table->vcek }, { "VLEK", &table->vlek }, { "ASK", &table->ask },
		{ "ARK", &table->ark },   { "CRL", &table->crl },   { "Empty", NULL },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(kinds); i++)
		if (tacit_slice_eq(kind, tacit_slice_str(kinds[i].name)))
			return kinds[i].field;
	if (kind.ptr)
		tacit_json_read_reject(j, "a kind of certificate that is not known");
	return NULL;
}

static enum tacit_status read_chain(struct tacit_unwrap *u, struct tacit_slice json,
				    struct tacit_snp_table *table)
{
	struct tacit_json_read j = tacit_json_read_of(json);

	tacit_json_read_array(&j);
	while (tacit_json_read_item(&j)) {
		struct entry e = read_entry(u, &j);
		struct tacit_slice *field = place(&j, table, e.kind);

		if (table->entries++ == TACIT_SNP_TABLE_ENTRIES)
			tacit_json_read_reject(&j, "too many certificates");
		if (field && field->ptr)
			tacit_json_read_reject(&j, "two certificates of one kind");
		if (field && e.data.len)
			*field = e.data;
	}
	return tacit_json_read_finish(&j, WHERE ".cert_chain", u->err);
}

/* ---- together ------------------------------------------------------------------------------ */

enum tacit_status tacit_unwrap_snp(struct tacit_unwrap *u, struct tacit_slice report,
				   struct tacit_slice chain)
{
	struct image *image = tacit_arena_alloc(u->arena, sizeof(*image));
	struct tacit_snp_table table = { 0 };
	enum tacit_status st = TACIT_OK;

	if (!image)
		return tacit_fail(u->err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	st = read_report(report, image, u->err);
	if (st == TACIT_OK && chain.ptr)
		st = read_chain(u, chain, &table);
	if (st != TACIT_OK)
		return st;
	size_t size = TACIT_SNP_REPORT_LEN + tacit_snp_table_size(&table);
	uint8_t *room = tacit_arena_alloc(u->arena, size);
	if (!room)
		return tacit_fail(u->err, TACIT_LIMIT, WHERE, 0, "the arena is full");
	struct writer w = wr_of(tacit_mut_of(room, size));
	wr_bytes(&w, TACIT_SLICE_ARRAY(image->bytes));
	tacit_snp_table_write(&table, &w);
	return wr_finish(&w, WHERE, &u->in, u->err);
}
