/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"
#include "receipt/air_table.h"

static void put_registers(struct writer *w, const struct tacit_receipt_claims *claims)
{
	const struct tacit_profile *profile = tacit_profile_of(claims->measurement_type);
	uint64_t pairs = 1;

	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++)
		pairs += claims->measurements[i].ptr ? 1 : 0;
	tacit_cbor_put_map(w, pairs);
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++) {
		if (!claims->measurements[i].ptr)
			continue;
		tacit_cbor_put_text(w, tacit_slice_str(tacit_profile_key(profile, i)));
		tacit_cbor_put_bytes(w, claims->measurements[i]);
	}
	tacit_cbor_put_text(w, tacit_slice_str("measurement_type"));
	tacit_cbor_put_text(w, tacit_slice_str(tacit_profile_type_name(claims->measurement_type)));
}

static void fill_strings(const struct tacit_receipt_claims *claims,
			 struct tacit_slice ret[TACIT_AIR_CLAIMS])
{
	ret[TACIT_AIR_ISS] = claims->iss;
	ret[TACIT_AIR_CTI] = TACIT_SLICE_ARRAY(claims->cti);
	ret[TACIT_AIR_EAT_NONCE] = claims->eat_nonce;
	ret[TACIT_AIR_EAT_PROFILE] =
		tacit_slice_str(tacit_profile_of(claims->measurement_type)->uri);
	ret[TACIT_AIR_MODEL_ID] = claims->model_id;
	ret[TACIT_AIR_MODEL_VERSION] = claims->model_version;
	ret[TACIT_AIR_MODEL_HASH] = TACIT_SLICE_ARRAY(claims->model_hash);
	ret[TACIT_AIR_REQUEST_HASH] = TACIT_SLICE_ARRAY(claims->request_hash);
	ret[TACIT_AIR_RESPONSE_HASH] = TACIT_SLICE_ARRAY(claims->response_hash);
	ret[TACIT_AIR_DOC_HASH] = TACIT_SLICE_ARRAY(claims->attestation_doc_hash);
	ret[TACIT_AIR_POLICY_VERSION] = claims->policy_version;
	ret[TACIT_AIR_SECURITY_MODE] =
		tacit_slice_str(claims->production ? "production" : "evaluation");
	ret[TACIT_AIR_SCHEME] = claims->model_hash_scheme;
}

void tacit_air_encode(const struct tacit_receipt_claims *claims, struct writer *w)
{
	struct tacit_slice strings[TACIT_AIR_CLAIMS] = { { NULL, 0 } };
	uint64_t numbers[TACIT_AIR_CLAIMS] = { 0 };

	fill_strings(claims, strings);
	numbers[TACIT_AIR_IAT] = claims->iat;
	numbers[TACIT_AIR_SEQUENCE] = claims->sequence_number;
	numbers[TACIT_AIR_EXECUTION_MS] = claims->execution_time_ms;
	numbers[TACIT_AIR_MEMORY_MB] = claims->memory_peak_mb;

	tacit_cbor_put_map(w, 16u + (claims->eat_nonce.ptr ? 1u : 0u) +
				      (claims->model_hash_scheme.ptr ? 1u : 0u));
	for (size_t i = 0; i < TACIT_AIR_CLAIMS; i++) {
		const struct tacit_air_row *row = &tacit_air_table[i];

		if (!row->required && !strings[i].ptr)
			continue;
		tacit_cbor_put_int(w, row->key);
		if (row->kind == AIR_REGISTERS)
			put_registers(w, claims);
		else if (row->kind == AIR_UINT)
			tacit_cbor_put_uint(w, numbers[i]);
		else if (row->kind == AIR_TEXT)
			tacit_cbor_put_text(w, strings[i]);
		else
			tacit_cbor_put_bytes(w, strings[i]);
	}
}
