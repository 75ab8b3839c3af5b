/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/bind.h"

#include "base/bounds.h"
#include "crypto/hash.h"

#define OBOL_KEY_LEN 65 /* uncompressed point of P-256 */

enum tacit_status tacit_bind_obol(struct tacit_slice public_key, struct tacit_slice model_hash,
				  uint8_t ret[static TACIT_REPORT_DATA_LEN],
				  struct tacit_error *err)
{
	const struct tacit_slice parts[] = { public_key, model_hash };
	uint8_t data[TACIT_REPORT_DATA_LEN] = { 0 };

	if (public_key.len != OBOL_KEY_LEN || public_key.ptr[0] != 0x04)
		return tacit_fail(err, TACIT_USAGE, "bind.obol", 0,
				  "the public key is not an uncompressed point of 65 bytes");
	if (model_hash.len != 0 && model_hash.len != TACIT_SHA256_LEN)
		return tacit_fail(err, TACIT_USAGE, "bind.obol", 0,
				  "the model hash is not 32 bytes");
	enum tacit_status st = tacit_hash_parts(TACIT_SHA256, parts, 2, data, err);
	if (st == TACIT_OK)
		memcpy(ret, data, sizeof(data));
	return st;
}

enum tacit_status tacit_bind_tinfoil(struct tacit_slice tls_spki, struct tacit_slice hpke_key,
				     uint8_t ret[static TACIT_REPORT_DATA_LEN],
				     struct tacit_error *err)
{
	if (tls_spki.len != TACIT_SHA256_LEN || hpke_key.len != 32)
		return tacit_fail(err, TACIT_USAGE, "bind.tinfoil", 0,
				  "the hash of the TLS key and the HPKE key are 32 bytes each");
	memcpy(ret, tls_spki.ptr, tls_spki.len);
	memcpy(ret + tls_spki.len, hpke_key.ptr, hpke_key.len);
	return TACIT_OK;
}
