/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hpke_label.h"

#include "base/compiler.h"

void tacit_hpke_label_id(uint8_t at[static 2], int id)
{
	at[0] = (uint8_t)((unsigned int)id >> 8);
	at[1] = (uint8_t)((unsigned int)id & 0xff);
}

enum tacit_status tacit_hpke_label_extract(const struct tacit_hpke_labels *labels,
					   struct tacit_slice salt, const char *label,
					   struct tacit_slice ikm, struct tacit_secret *ret,
					   struct tacit_error *err)
{
	struct tacit_slice parts[] = {
		tacit_slice_str("HPKE-v1"),
		tacit_slice_of(labels->suite_id, labels->len),
		tacit_slice_str(label),
		ikm,
	};

	ret->len = tacit_hash_len(labels->hash);
	return tacit_hmac_parts(labels->hash, salt, parts, TACIT_ARRAY_LEN(parts), ret->bytes, err);
}

enum tacit_status tacit_hpke_label_expand(const struct tacit_hpke_labels *labels,
					  const struct tacit_secret *prk, const char *label,
					  struct tacit_slice info, struct tacit_mut out,
					  struct tacit_error *err)
{
	uint8_t len[2] = { (uint8_t)(out.len >> 8), (uint8_t)(out.len & 0xff) };
	struct tacit_slice parts[] = {
		TACIT_SLICE_ARRAY(len),
		tacit_slice_str("HPKE-v1"),
		tacit_slice_of(labels->suite_id, labels->len),
		tacit_slice_str(label),
		info,
	};

	return tacit_hkdf_expand_parts(labels->hash, tacit_secret_view(prk), parts,
				       TACIT_ARRAY_LEN(parts), out, err);
}

enum tacit_status tacit_hpke_label_secret(const struct tacit_hpke_labels *labels,
					  const struct tacit_secret *prk, const char *label,
					  struct tacit_slice info, struct tacit_secret *ret,
					  struct tacit_error *err)
{
	return tacit_hpke_label_expand(labels, prk, label, info, tacit_mut_of(ret->bytes, ret->len),
				       err);
}
