/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/azure.h"

#include "base/reader.h"
#include "crypto/hash.h"

#define WHERE          "azure.hcl"
#define HEADER_LEN     32
#define DATA_HEAD_LEN  20
#define DATA_AT        (HEADER_LEN + TACIT_HCL_AREA_LEN + DATA_HEAD_LEN)
#define REQUEST_REPORT 2

/* Where REPORT_DATA lies in the hardware's reports: [SNP-ABI 7.3], [TDX-MODULE REPORTMACSTRUCT]. */
#define SNP_BOUND_AT      0x50
#define TDREPORT_BOUND_AT 128
#define BOUND_LEN         64

static bool all_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

uint32_t tacit_hcl_looks(struct tacit_slice in)
{
	struct reader r = rd_of(in);

	struct tacit_slice magic = rd_take(&r, 4);
	rd_skip(&r, HEADER_LEN - 4 + TACIT_HCL_AREA_LEN + 8);
	uint32_t kind = rd_le32(&r);
	if (r.bad || !tacit_slice_eq(magic, tacit_slice_str("HCLA")))
		return 0;
	return kind == TACIT_HCL_SNP || kind == TACIT_HCL_TDX ? kind : 0;
}

/* What the lengths in the report must add up to. */
struct lengths {
	uint32_t report, data, var;
};

static enum tacit_status read_header(struct reader *r, struct tacit_hcl *hcl, struct lengths *len,
				     struct tacit_error *err)
{
	struct tacit_slice magic = rd_take(r, 4);

	hcl->version = rd_le32(r);
	len->report = rd_le32(r);
	uint32_t request = rd_le32(r);
	uint32_t status = rd_le32(r);
	struct tacit_slice reserved = rd_take(r, 12);
	if (r->bad)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "input ends too early");
	if (!tacit_slice_eq(magic, tacit_slice_str("HCLA")))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no HCLA at the start");
	if (hcl->version != 1 && hcl->version != 2)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 4, "header version %u, not 1 or 2",
				  hcl->version);
	if (request != REQUEST_REPORT || status != 0 || !all_zero(reserved))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 12,
				  "not a finished report: request %u, status %u", request, status);
	return TACIT_OK;
}

static enum tacit_status read_data_head(struct reader *r, struct tacit_hcl *hcl,
					struct lengths *len, struct tacit_error *err)
{
	len->data = rd_le32(r);
	uint32_t version = rd_le32(r);
	uint32_t kind = rd_le32(r);
	hcl->hash_type = rd_le32(r);
	len->var = rd_le32(r);
	if (r->bad)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "input ends too early");
	if (version != 1)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 1220, "data version %u, not 1",
				  version);
	if (kind != TACIT_HCL_SNP && kind != TACIT_HCL_TDX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 1224,
				  "report type %u is neither SNP (2) nor TDX (4)", kind);
	hcl->kind = (enum tacit_hcl_kind)kind;
	if (!tacit_hcl_hash_name(hcl->hash_type))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 1228, "hash type %u, not 1 to 3",
				  hcl->hash_type);
	return TACIT_OK;
}

/* The three lengths say the same thing; what follows them is padding. */
static enum tacit_status read_data(struct reader *r, struct tacit_hcl *hcl,
				   const struct lengths *len, struct tacit_error *err)
{
	if (len->var == 0 || len->var > TACIT_HCL_MAX || len->data != len->var + DATA_HEAD_LEN ||
	    len->report != len->var + DATA_AT)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 1232,
				  "lengths %u, %u and %u of report, data and JSON disagree",
				  len->report, len->data, len->var);
	hcl->data = rd_take(r, len->var);
	if (r->bad)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "input ends too early");
	if (!all_zero(rd_take(r, rd_left(r))))
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "the padding is not zero");
	return TACIT_OK;
}

/* A TDREPORT does not fill the slot. */
static enum tacit_status read_area(struct tacit_hcl *hcl, struct tacit_error *err)
{
	size_t at = hcl->kind == TACIT_HCL_SNP ? SNP_BOUND_AT : TDREPORT_BOUND_AT;
	struct tacit_slice rest = tacit_slice_of(hcl->area.ptr + TACIT_TDREPORT_LEN,
						 TACIT_HCL_AREA_LEN - TACIT_TDREPORT_LEN);

	if (hcl->kind == TACIT_HCL_TDX && !all_zero(rest))
		return tacit_fail(err, TACIT_FORMAT, WHERE, HEADER_LEN + TACIT_TDREPORT_LEN,
				  "the slot behind the TDREPORT is not zero");
	hcl->bound = tacit_slice_of(hcl->area.ptr + at, BOUND_LEN);
	return TACIT_OK;
}

enum tacit_status tacit_hcl_parse(struct tacit_slice in, struct tacit_hcl *ret,
				  struct tacit_error *err)
{
	struct reader r = rd_of(in);
	struct tacit_hcl hcl = { 0 };
	struct lengths len;

	if (in.len > TACIT_HCL_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %d", in.len,
				  TACIT_HCL_MAX);
	enum tacit_status st = read_header(&r, &hcl, &len, err);
	if (st != TACIT_OK)
		return st;
	hcl.area = rd_take(&r, TACIT_HCL_AREA_LEN);
	st = read_data_head(&r, &hcl, &len, err);
	if (st == TACIT_OK)
		st = read_data(&r, &hcl, &len, err);
	if (st == TACIT_OK)
		st = read_area(&hcl, err);
	if (st == TACIT_OK)
		*ret = hcl;
	return st;
}

struct hash_row {
	uint32_t type;
	enum tacit_hash_alg alg;
	const char *name;
};

static const struct hash_row HASHES[] = {
	{ 1, TACIT_SHA256, "sha256" },
	{ 2, TACIT_SHA384, "sha384" },
	{ 3, TACIT_SHA512, "sha512" },
};

static const struct hash_row *hash_row(uint32_t type)
{
	return type >= 1 && type <= 3 ? &HASHES[type - 1] : NULL;
}

const char *tacit_hcl_hash_name(uint32_t hash_type)
{
	const struct hash_row *row = hash_row(hash_type);

	return row ? row->name : NULL;
}

enum tacit_status tacit_hcl_bound(const struct tacit_hcl *hcl, struct tacit_error *err)
{
	uint8_t digest[BOUND_LEN] = { 0 }; /* a shorter hash leaves zeros behind it */
	const struct hash_row *row = hash_row(hcl->hash_type);

	if (!row)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "hash type %u", hcl->hash_type);
	enum tacit_status st = tacit_hash(row->alg, hcl->data, digest, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_slice_eq(hcl->bound, TACIT_SLICE_ARRAY(digest)))
		return tacit_fail(err, TACIT_BINDING, WHERE, 0,
				  "the hardware report stands for other runtime data");
	return TACIT_OK;
}
