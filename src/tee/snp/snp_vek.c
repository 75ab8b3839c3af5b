/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_vek.h"

#include "base/compiler.h"
#include "codec/der.h"

#define WHERE "snp.vek"

/* 1.3.6.1.4.1.3704.1, then what each extension adds [VCEK table 8]. */
#define AMD 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01

static const uint8_t STRUCT_VERSION[] = { AMD, 1 };
static const uint8_t HWID[] = { AMD, 4 };
static const uint8_t CSP_ID[] = { AMD, 5 };

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
	return tacit_snp_product_cn(kind == TACIT_SNP_VLEK ? "SEV-VLEK-" : "SEV-",
				    cert->issuer_cn);
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

enum tacit_status tacit_snp_vek_version(const struct tacit_cert *cert, unsigned *ret,
					struct tacit_error *err)
{
	struct tacit_slice value = tacit_cert_extension(cert, TACIT_SLICE_ARRAY(STRUCT_VERSION));
	uint8_t number = 0;

	if (!value.ptr)
		return tacit_fail(err, TACIT_CHAIN, WHERE, 0, "no extension structVersion");
	enum tacit_status st = read_number(value, &number, err);
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
	uint8_t last; /* of 1.3.6.1.4.1.3704.1.3.x */
	const char *name;
	enum need need;
	size_t field;
};

/* Reserved parts have no field. */
static const struct part PARTS[] = {
	{ 1, "boot loader", ALWAYS, offsetof(struct tacit_snp_tcb, bootloader) },
	{ 2, "TEE", ALWAYS, offsetof(struct tacit_snp_tcb, tee) },
	{ 3, "SNP", ALWAYS, offsetof(struct tacit_snp_tcb, snp) },
	{ 4, "spl4", RESERVED, 0 },
	{ 5, "spl5", RESERVED, 0 },
	{ 6, "spl6", RESERVED, 0 },
	{ 7, "spl7", RESERVED, 0 },
	{ 8, "microcode", ALWAYS, offsetof(struct tacit_snp_tcb, microcode) },
	{ 9, "FMC", WITH_FMC, offsetof(struct tacit_snp_tcb, fmc) },
};

static enum tacit_status read_part(const struct tacit_cert *cert, const struct part *part,
				   bool has_fmc, struct tacit_snp_tcb *tcb, struct tacit_error *err)
{
	const uint8_t oid[] = { AMD, 3, part->last };
	struct tacit_slice value = tacit_cert_extension(cert, TACIT_SLICE_ARRAY(oid));
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

enum tacit_status tacit_snp_vek_tcb(const struct tacit_cert *cert, bool has_fmc,
				    struct tacit_snp_tcb *ret, struct tacit_error *err)
{
	struct tacit_snp_tcb tcb = { 0 };
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(PARTS) && st == TACIT_OK; i++)
		st = read_part(cert, &PARTS[i], has_fmc, &tcb, err);
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

bool tacit_snp_vek_has_hwid(const struct tacit_cert *cert)
{
	return tacit_cert_extension(cert, TACIT_SLICE_ARRAY(HWID)).ptr != NULL;
}

/* AMD's certificates carry the bare bytes; an OCTET STRING around them was announced. */
struct tacit_slice tacit_snp_vek_hwid(const struct tacit_cert *cert, size_t len)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_slice value = tacit_cert_extension(cert, TACIT_SLICE_ARRAY(HWID));

	if (value.len == len)
		return value;
	struct tacit_der d = tacit_der_of(value);
	struct tacit_slice bytes = tacit_der_take(&d, TACIT_DER_OCTETS);
	return tacit_der_finish(&d, WHERE, NULL) == TACIT_OK && bytes.len == len ? bytes : none;
}

enum tacit_status tacit_snp_vek_csp(const struct tacit_cert *cert, struct tacit_slice *ret,
				    struct tacit_error *err)
{
	struct tacit_slice value = tacit_cert_extension(cert, TACIT_SLICE_ARRAY(CSP_ID));
	struct tacit_slice none = { NULL, 0 };

	if (!value.ptr) {
		*ret = none;
		return TACIT_OK;
	}
	struct tacit_der d = tacit_der_of(value);
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
