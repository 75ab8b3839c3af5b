/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_HPKE_LABEL_H
#define TACIT_CRYPTO_HPKE_LABEL_H

/* The labelled HKDF that all of HPKE is made of [RFC 9180 4]. For hpke.c and hpke_kem.c alone. */

#include "base/secret.h"
#include "crypto/hash.h"

/* Which hash, and the suite_id that every label carries [RFC 9180 4.1, 5.1]. */
struct tacit_hpke_labels {
	enum tacit_hash_alg hash;
	size_t len;
	uint8_t suite_id[10];
};

/* Writes a two-byte algorithm number. */
void tacit_hpke_label_id(uint8_t at[static 2], int id);

/* LabeledExtract */
TACIT_MUST_CHECK enum tacit_status
tacit_hpke_label_extract(const struct tacit_hpke_labels *labels, struct tacit_slice salt,
			 const char *label, struct tacit_slice ikm, struct tacit_secret *ret,
			 struct tacit_error *err);

/* LabeledExpand, filling `out` */
TACIT_MUST_CHECK enum tacit_status
tacit_hpke_label_expand(const struct tacit_hpke_labels *labels, const struct tacit_secret *prk,
			const char *label, struct tacit_slice info, struct tacit_mut out,
			struct tacit_error *err);

/* LabeledExpand to as many bytes as ret->len says */
TACIT_MUST_CHECK enum tacit_status
tacit_hpke_label_secret(const struct tacit_hpke_labels *labels, const struct tacit_secret *prk,
			const char *label, struct tacit_slice info, struct tacit_secret *ret,
			struct tacit_error *err);

#endif
