/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"
#include "receipt/air.h"
#include "receipt/envelope.h"
#include "receipt/key.h"

const uint8_t tacit_envelope_protected[TACIT_ENVELOPE_PROTECTED_LEN] = { 0xa2, 0x01, 0x27,
									 0x03, 0x18, 0x3d };

static enum tacit_status refuse(const struct tacit_air_finding *f, struct tacit_error *err)
{
	char code[96];

	tacit_air_code_text(f, code, sizeof(code));
	return tacit_fail(err, TACIT_FORMAT, "receipt.claims", 0, "%s (%s)", f->why, code);
}

/* Encodes, and reads back under the verifier's own rules. */
static enum tacit_status encode_valid(const struct tacit_receipt_claims *claims,
				      struct tacit_mut room, struct tacit_slice *ret,
				      struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_air_payload p;

	tacit_air_encode(claims, &w);
	if (w.bad)
		return tacit_fail(err, TACIT_FORMAT, "receipt.claims", 0,
				  "claims need %zu bytes, more than any valid ones", w.at);
	struct tacit_slice payload = tacit_slice_of(room.ptr, w.at);
	struct tacit_air_finding f = tacit_air_decode(payload, &p, NULL);
	for (size_t i = 0; i < TACIT_AIR_RULES && f.result == TACIT_CHECK_PASS; i++)
		f = tacit_air_rules[i].judge(&p);
	if (f.result != TACIT_CHECK_PASS)
		return refuse(&f, err);
	*ret = payload;
	return TACIT_OK;
}

static enum tacit_status sign(struct tacit_slice payload, const struct tacit_receipt_key *key,
			      uint8_t ret[static 64], struct tacit_error *err)
{
	uint8_t room[TACIT_AIR_PAYLOAD_ROOM + TACIT_ENVELOPE_SIG_OVERHEAD];
	struct tacit_slice tbs;
	enum tacit_status status = tacit_cose_sig_structure(
		TACIT_SLICE_ARRAY(tacit_envelope_protected), tacit_slice_of(NULL, 0), payload,
		tacit_mut_of(room, sizeof(room)), &tbs, err);

	if (status != TACIT_OK)
		return status;
	return tacit_key_sign(tacit_receipt_key_signer(key), tbs, ret, err);
}

enum tacit_status tacit_receipt_issue(const struct tacit_receipt_claims *claims,
				      const struct tacit_receipt_key *key, struct tacit_mut room,
				      struct tacit_slice *ret, struct tacit_error *err)
{
	uint8_t payload_room[TACIT_AIR_PAYLOAD_ROOM];
	uint8_t signature[64];
	struct tacit_slice payload;
	enum tacit_status status = encode_valid(
		claims, tacit_mut_of(payload_room, sizeof(payload_room)), &payload, err);

	if (status != TACIT_OK)
		return status;
	status = sign(payload, key, signature, err);
	if (status != TACIT_OK)
		return tacit_error_wrap(err, status, "receipt");

	struct writer w = wr_of(room);
	tacit_cose_sign1_write(&w, TACIT_SLICE_ARRAY(tacit_envelope_protected), payload,
			       TACIT_SLICE_ARRAY(signature));
	return wr_finish(&w, "receipt", ret, err);
}
