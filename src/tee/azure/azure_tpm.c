/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/azure.h"

#include "base/compiler.h"
#include "base/reader.h"
#include "crypto/hash.h"

#define WHERE          "azure.quote"
#define TPM_GENERATED  0xff544347u /* [TPM2 6.2] */
#define TPM_ST_QUOTE   0x8018u     /* [TPM2 6.9] */
#define TPM_ALG_RSASSA 0x0014u     /* [TPM2 6.3] */
#define TPM_ALG_SHA256 0x000bu
#define SELECT_MAX     4  /* bytes of a selection */
#define NAME_MAX       66 /* an algorithm and a digest */
#define EXTRA_MAX      64

/* TPM2B: u16 length, then that many bytes. */
static struct tacit_slice take_2b(struct reader *r, size_t max)
{
	size_t len = rd_be16(r);

	if (len > max)
		r->bad = true;
	struct tacit_slice bytes = rd_take(r, len);
	if (!bytes.ptr && !r->bad)
		bytes.ptr = r->in.ptr + r->at; /* empty is not absent */
	return bytes;
}

/* TPML_PCR_SELECTION [TPM2 10.9.7] of one bank. */
static enum tacit_status read_selection(struct reader *r, struct tacit_tpm_quote *quote,
					struct tacit_error *err)
{
	uint32_t banks = rd_be32(r);
	uint16_t alg = rd_be16(r);
	uint8_t size = rd_u8(r);

	if (r->bad)
		return TACIT_OK; /* the caller's finish says so */
	if (banks != 1 || alg != TPM_ALG_SHA256)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, r->at,
				  "%u banks of PCRs, the first of algorithm %04x; one of SHA-256 "
				  "is read",
				  banks, alg);
	struct tacit_slice bits = rd_take(r, size);
	if (size > SELECT_MAX || r->bad)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "%u bytes of PCR selection",
				  size);
	for (size_t i = 0; i < bits.len; i++)
		quote->pcr_mask |= (uint32_t)bits.ptr[i] << (8 * i);
	if (quote->pcr_mask == 0 || quote->pcr_mask >> TACIT_TPM_PCRS)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "PCRs %08x are selected",
				  quote->pcr_mask);
	return TACIT_OK;
}

enum tacit_status tacit_tpm_quote_parse(struct tacit_slice in, struct tacit_tpm_quote *ret,
					struct tacit_error *err)
{
	struct reader r = rd_of(in);
	struct tacit_tpm_quote quote = { 0 };

	uint32_t magic = rd_be32(&r);
	uint16_t type = rd_be16(&r);
	if (!r.bad && (magic != TPM_GENERATED || type != TPM_ST_QUOTE))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "starts with %08x %04x, not as a quote of a TPM", magic, type);
	quote.signer = take_2b(&r, NAME_MAX);
	quote.nonce = take_2b(&r, EXTRA_MAX);
	quote.clock_ms = rd_be64(&r);
	quote.reset_count = rd_be32(&r);
	quote.restart_count = rd_be32(&r);
	uint8_t safe = rd_u8(&r);
	quote.clock_safe = safe == 1;
	quote.firmware = rd_be64(&r);
	enum tacit_status st = read_selection(&r, &quote, err);
	if (st != TACIT_OK)
		return st;
	quote.pcr_digest = take_2b(&r, TACIT_SHA256_LEN);
	st = rd_finish(&r, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (safe > 1 || quote.pcr_digest.len != TACIT_SHA256_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the clock's flag or the digest's length is none");
	*ret = quote;
	return TACIT_OK;
}

enum tacit_status tacit_tpm_signature(struct tacit_slice in, struct tacit_slice *ret,
				      struct tacit_error *err)
{
	struct reader r = rd_of(in);

	if (in.len == TACIT_AZURE_RSA_LEN) {
		*ret = in;
		return TACIT_OK;
	}
	uint16_t scheme = rd_be16(&r);
	uint16_t hash = rd_be16(&r);
	struct tacit_slice bytes = take_2b(&r, TACIT_AZURE_RSA_LEN);
	enum tacit_status st = rd_finish(&r, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (scheme != TPM_ALG_RSASSA || hash != TPM_ALG_SHA256 || bytes.len != TACIT_AZURE_RSA_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "signature of scheme %04x with hash %04x and %zu bytes", scheme,
				  hash, bytes.len);
	*ret = bytes;
	return TACIT_OK;
}

static size_t count_bits(uint32_t mask)
{
	size_t n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

enum tacit_status tacit_tpm_pcrs(const struct tacit_tpm_quote *quote,
				 const struct tacit_tpm_evidence *tpm,
				 struct tacit_slice *ret_values, struct tacit_error *err)
{
	struct tacit_slice values[TACIT_TPM_PCRS] = { 0 }, chosen[TACIT_TPM_PCRS];
	uint8_t digest[TACIT_SHA256_LEN];
	bool all = tpm->pcr_count == TACIT_TPM_PCRS;
	size_t n = 0;

	if (!all && tpm->pcr_count != count_bits(quote->pcr_mask))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%zu PCR values for %zu selected",
				  tpm->pcr_count, count_bits(quote->pcr_mask));
	for (size_t i = 0; i < TACIT_TPM_PCRS; i++) {
		if (!(quote->pcr_mask >> i & 1))
			continue;
		values[i] = tpm->pcrs[all ? i : n];
		chosen[n++] = values[i];
	}
	enum tacit_status st = tacit_hash_parts(TACIT_SHA256, chosen, n, digest, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_slice_eq(quote->pcr_digest, TACIT_SLICE_ARRAY(digest)))
		return tacit_fail(err, TACIT_BINDING, WHERE, 0,
				  "the PCR values are not those that the TPM quoted");
	memcpy(ret_values, values, sizeof(values));
	return TACIT_OK;
}
