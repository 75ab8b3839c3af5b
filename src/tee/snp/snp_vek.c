/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_vek.h"

#include "codec/der.h"
#include "trust/x509_parts.h"

#define WHERE "snp.vek"

/* 1.3.6.1.4.1.3704.1: what each extension adds stands below [VCEK table 8]. */
static const uint8_t AMD[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01 };

#define STRUCT_VERSION 1
#define SPL            3 /* .3.1 to .3.9 */
#define HWID           4
#define CSP_ID         5

bool tacit_snp_vek_kind(const struct tacit_cert *cert, enum tacit_snp_key *ret)
{
	if (tacit_slice_eq(cert->subject_cn, tacit_slice_str("SEV-VCEK")))
		*ret = TACIT_SNP_VCEK;
	else if (tacit_slice_eq(cert->subject_cn, tacit_slice_str("SEV-VLEK")))
		*ret = TACIT_SNP_VLEK;
	else
		return false;
	return true;
}

enum tacit_snp_product tacit_snp_vek_product(const struct tacit_cert *cert, enum tacit_snp_key kind)
{
	return tacit_snp_product_cn(kind == TACIT_SNP_VLEK ? "SEV-VLEK-" : "SEV-", cert->issuer_cn);
}

/* Where an extension with these last arcs goes; NULL for nowhere. */
static struct tacit_slice *field_of(struct tacit_snp_vek *vek, const uint8_t *arcs, size_t count)
{
	if (count == 2 && arcs[0] == SPL && arcs[1] >= 1 && arcs[1] <= TACIT_SNP_PARTS)
		return &vek->parts[arcs[1] - 1];
	if (count != 1)
		return NULL;
	switch (arcs[0]) {
	case STRUCT_VERSION:
		return &vek->version;
	case HWID:
		return &vek->hwid;
	case CSP_ID:
		return &vek->csp;
	default:
		return NULL;
	}
}

/* The certificate was parsed, so the list is sound and has nothing twice. */
void tacit_snp_vek_read(const struct tacit_cert *cert, struct tacit_snp_vek *ret)
{
	struct tacit_der list = tacit_der_of(cert->extensions);
	struct tacit_snp_vek vek = { 0 };

	while (tacit_der_more(&list)) {
		struct tacit_extension extension;

		tacit_extension_take(&list, &extension);
		if (list.r.bad || extension.oid.len <= sizeof(AMD) ||
		    memcmp(extension.oid.ptr, AMD, sizeof(AMD)) != 0)
			continue;
		struct tacit_slice *field = field_of(&vek, extension.oid.ptr + sizeof(AMD),
						     extension.oid.len - sizeof(AMD));
		if (field)
			*field = extension.value;
	}
	*ret = vek;
}

/* An extension that is one INTEGER from 0 to 255. */
static enum tacit_status read_number(struct tacit_slice value, uint8_t *ret,
				     struct tacit_error *err)
{
	struct tacit_der d = tacit_der_of(value);

	uint64_t number = tacit_der_uint(&d, 255);
	enum tacit_status st = tacit_der_finish(&d, WHERE, err);
	if (st == TACIT_OK)
		*ret = (uint8_t)number;
	return st;
}

enum tacit_status tacit_snp_vek_version(const struct tacit_snp_vek *vek, unsigned *ret,
					struct tacit_error *err)
{
	uint8_t number = 0;

	if (!vek->version.ptr)
		return tacit_fail(err, TACIT_CHAIN, WHERE, 0, "no extension structVersion");
	enum tacit_status st = read_number(vek->version, &number, err);
	if (st == TACIT_OK)
		*ret = number;
	return st;
}

/* ---- security versions --------------------------------------------------------------------- */

enum need {
	RESERVED, /* zero where it is there */
	ALWAYS,
	WITH_FMC, /* always, in products whose TCB has the FMC; reserved in the others */
};

struct part {
	const char *name;
	enum need need;
	size_t field;
};

/* In the order of their numbers; reserved ones have no field. */
static const struct part PARTS[TACIT_SNP_PARTS] = {
	{ "boot loader", ALWAYS, offsetof(struct tacit_snp_tcb, bootloader) },
	{ "TEE", ALWAYS, offsetof(struct tacit_snp_tcb, tee) },
	{ "SNP", ALWAYS, offsetof(struct tacit_snp_tcb, snp) },
	{ "spl4", RESERVED, 0 },
	{ "spl5", RESERVED, 0 },
	{ "spl6", RESERVED, 0 },
	{ "spl7", RESERVED, 0 },
	{ "microcode", ALWAYS, offsetof(struct tacit_snp_tcb, microcode) },
	{ "FMC", WITH_FMC, offsetof(struct tacit_snp_tcb, fmc) },
};

static enum tacit_status read_part(struct tacit_slice value, const struct part *part, bool has_fmc,
				   struct tacit_snp_tcb *tcb, struct tacit_error *err)
{
	bool wanted = part->need == ALWAYS || (part->need == WITH_FMC && has_fmc);
	uint8_t number = 0;

	if (!value.ptr && !wanted)
		return TACIT_OK;
	if (!value.ptr)
		return tacit_fail(err, TACIT_CHAIN, WHERE, 0,
				  "no extension for the security version of %s", part->name);
	enum tacit_status st = read_number(value, &number, err);
	if (st != TACIT_OK)
		return st;
	if (!wanted && number != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the reserved security version %s is %u", part->name, number);
	if (wanted)
		((uint8_t *)tcb)[part->field] = number;
	return TACIT_OK;
}

enum tacit_status tacit_snp_vek_tcb(const struct tacit_snp_vek *vek, bool has_fmc,
				    struct tacit_snp_tcb *ret, struct tacit_error *err)
{
	struct tacit_snp_tcb tcb = { 0 };
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < TACIT_SNP_PARTS && st == TACIT_OK; i++)
		st = read_part(vek->parts[i], &PARTS[i], has_fmc, &tcb, err);
	if (st == TACIT_OK)
		*ret = tcb;
	return st;
}

bool tacit_snp_tcb_equal(const struct tacit_snp_tcb *a, const struct tacit_snp_tcb *b)
{
	return a->fmc == b->fmc && a->bootloader == b->bootloader && a->tee == b->tee &&
	       a->snp == b->snp && a->microcode == b->microcode;
}

/* ---- chip and provider --------------------------------------------------------------------- */

/* AMD's certificates carry the bare bytes; an OCTET STRING around them was announced. */
struct tacit_slice tacit_snp_vek_hwid(const struct tacit_snp_vek *vek, size_t len)
{
	struct tacit_slice none = { NULL, 0 };

	if (vek->hwid.len == len)
		return vek->hwid;
	struct tacit_der d = tacit_der_of(vek->hwid);
	struct tacit_slice bytes = tacit_der_take(&d, TACIT_DER_OCTETS);
	return tacit_der_finish(&d, WHERE, NULL) == TACIT_OK && bytes.len == len ? bytes : none;
}

enum tacit_status tacit_snp_vek_csp(const struct tacit_snp_vek *vek, struct tacit_slice *ret,
				    struct tacit_error *err)
{
	if (!vek->csp.ptr) {
		*ret = vek->csp;
		return TACIT_OK;
	}
	struct tacit_der d = tacit_der_of(vek->csp);
	struct tacit_slice text = tacit_der_take(&d, TACIT_DER_IA5);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			tacit_der_reject(&d, "cspID is not printable");
	if (text.len == 0)
		tacit_der_reject(&d, "cspID is empty");
	enum tacit_status st = tacit_der_finish(&d, WHERE, err);
	if (st == TACIT_OK)
		*ret = text;
	return st;
}
