/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/collateral_parts.h"

#include "base/reader.h"
#include "codec/text_bytes.h"

#define WHERE           "collateral"
#define TPM_GENERATED   0xff544347u /* [TPM2 6.2] */
#define TPM_ST_QUOTE    0x8018u     /* [TPM2 6.9] */
#define TPM_ALG_RSASSA  0x0014u     /* [TPM2 6.3] */
#define RSA_LEN         256
#define RSA_WRAPPED_LEN (RSA_LEN + 6) /* in a TPMT_SIGNATURE [TPM2 11.3.4] */
#define QUOTE_MIN       (48 + 584)    /* header and the smallest body of a TD quote */

static void read_pcrs(struct tacit_json_read *j, struct tacit_arena *arena,
		      struct tacit_tpm_evidence *tpm)
{
	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		struct tacit_slice value = tacit_text_bytes_json(j, arena);

		if (tpm->pcr_count == TACIT_TPM_PCRS || value.len != TACIT_TPM_PCR_LEN)
			tacit_json_read_reject(j, "not up to 24 PCRs of 32 bytes");
		else
			tpm->pcrs[tpm->pcr_count++] = value;
	}
}

void tacit_tpm_evidence_read(struct tacit_json_read *j, struct tacit_arena *arena,
			     struct tacit_tpm_evidence *ret)
{
	struct tacit_tpm_evidence tpm = { 0 };
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("message")))
			tpm.message = tacit_text_bytes_json(j, arena);
		else if (tacit_slice_eq(name, tacit_slice_str("signature")))
			tpm.signature = tacit_text_bytes_json(j, arena);
		else if (tacit_slice_eq(name, tacit_slice_str("pcrs")))
			read_pcrs(j, arena, &tpm);
		else
			tacit_json_read_skip(j);
	}
	if (!tpm.message.ptr || !tpm.signature.ptr)
		tacit_json_read_reject(j, "a quote of a TPM without message or signature");
	*ret = tpm;
}

/* ---- recognition --------------------------------------------------------------------------- */

bool tacit_collateral_is_tpm_quote(struct tacit_slice piece)
{
	struct reader r = rd_of(piece);
	uint32_t magic = rd_be32(&r);

	return rd_be16(&r) == TPM_ST_QUOTE && magic == TPM_GENERATED;
}

/* Signatures and PCR values have no mark: their lengths must do, after everything else. */
bool tacit_collateral_is_tpm_part(struct tacit_slice piece)
{
	struct reader r = rd_of(piece);

	return piece.len == RSA_LEN || piece.len == TACIT_TPM_PCRS * TACIT_TPM_PCR_LEN ||
	       (piece.len == RSA_WRAPPED_LEN && rd_be16(&r) == TPM_ALG_RSASSA);
}

/* An object with the two members that every such quote has. */
bool tacit_collateral_is_tpm_json(struct tacit_slice piece)
{
	struct tacit_json_read j = tacit_json_read_of(tacit_collateral_trim(piece));
	struct tacit_slice name;
	bool message = false, signature = false;

	if (tacit_json_read_peek(&j) != TACIT_JSON_OBJECT)
		return false;
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		message |= tacit_slice_eq(name, tacit_slice_str("message"));
		signature |= tacit_slice_eq(name, tacit_slice_str("signature"));
		tacit_json_read_skip(&j);
	}
	return message && signature;
}

/* [TDX-QUOTE 3.1] a quote of a TD, which lies beside an HCL report. */
bool tacit_collateral_is_quote(struct tacit_slice piece)
{
	struct reader r = rd_of(piece);
	uint16_t version = rd_le16(&r);
	uint16_t key_type = rd_le16(&r);
	uint32_t tee_type = rd_le32(&r);

	return piece.len >= QUOTE_MIN && (version == 4 || version == 5) &&
	       (key_type == 2 || key_type == 3) && tee_type == 0x81;
}

/* ---- taking ------------------------------------------------------------------------------- */

static enum tacit_status twice(const char *what, struct tacit_error *err)
{
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%s came twice", what);
}

enum tacit_status tacit_collateral_tpm_quote(struct tacit_collateral_build *b,
					     struct tacit_slice piece, struct tacit_error *err)
{
	if (b->tpm.message.ptr)
		return twice("a quote of a TPM", err);
	b->tpm.message = piece;
	return TACIT_OK;
}

enum tacit_status tacit_collateral_tpm_part(struct tacit_collateral_build *b,
					    struct tacit_slice piece, struct tacit_error *err)
{
	if (piece.len != TACIT_TPM_PCRS * TACIT_TPM_PCR_LEN) {
		if (b->tpm.signature.ptr)
			return twice("the signature of a TPM's quote", err);
		b->tpm.signature = piece;
		return TACIT_OK;
	}
	if (b->tpm.pcr_count)
		return twice("the values of a TPM's PCRs", err);
	b->tpm.pcr_count = TACIT_TPM_PCRS;
	for (size_t i = 0; i < TACIT_TPM_PCRS; i++)
		b->tpm.pcrs[i] =
			tacit_slice_of(piece.ptr + i * TACIT_TPM_PCR_LEN, TACIT_TPM_PCR_LEN);
	return TACIT_OK;
}

enum tacit_status tacit_collateral_tpm_json(struct tacit_collateral_build *b,
					    struct tacit_slice piece, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(tacit_collateral_trim(piece));
	struct tacit_tpm_evidence tpm;

	if (b->tpm.message.ptr || b->tpm.signature.ptr || b->tpm.pcr_count)
		return twice("a quote of a TPM", err);
	tacit_tpm_evidence_read(&j, b->arena, &tpm);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st == TACIT_OK)
		b->tpm = tpm;
	return st;
}

enum tacit_status tacit_collateral_quote(struct tacit_collateral_build *b, struct tacit_slice piece,
					 struct tacit_error *err)
{
	return tacit_collateral_push(b, &b->quotes, tacit_slice_of(&piece, sizeof(piece)), err);
}
