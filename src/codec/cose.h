/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_COSE_H
#define TACIT_CODEC_COSE_H

/*
 * COSE_Sign1 [RFC 9052 4.2]: structure only. What signs, and which algorithm is acceptable, is
 * the caller's; this room splits the received bytes and rebuilds the Sig_structure from them.
 */

#include "codec/cbor.h"

enum tacit_cose_alg {
	TACIT_COSE_ES256 = -7,
	TACIT_COSE_EDDSA = -8,
	TACIT_COSE_ES384 = -35,
};

#define TACIT_COSE_SIGN1_TAG 18

struct tacit_cose_sign1 {
	bool tagged; /* tag 18 was there */
	/* Content of the protected bstr as received; no bytes for an empty map [RFC 9052 4.4]. */
	struct tacit_slice protected_bytes;
	struct tacit_slice unprotected; /* the unprotected map, as received, head included */
	struct tacit_slice payload;     /* content of the payload bstr; absent when null */
	struct tacit_slice signature;
	int64_t alg; /* label 1 of the protected map; 0 when absent */
	bool has_content_type;
	uint64_t content_type;  /* label 3 when an unsigned number */
	size_t protected_count; /* labels in the protected map */
	size_t unprotected_count;
};

/*
 * Splits one COSE_Sign1 and nothing after it. Refused: a label twice in either header or in
 * both, an algorithm that is not a number, and any "crit" parameter, since we know none. Under
 * TACIT_CBOR_LAX an untagged message, longer heads and an indefinite array or header are
 * accepted; strings in chunks never are.
 */
TACIT_MUST_CHECK enum tacit_status tacit_cose_sign1_parse(struct tacit_slice in,
							  enum tacit_cbor_rules rules,
							  struct tacit_cose_sign1 *ret,
							  struct tacit_error *err);

/* The Sig_structure ("Signature1") that is signed, written to `room`. */
TACIT_MUST_CHECK enum tacit_status
tacit_cose_sig_structure(struct tacit_slice protected_bytes, struct tacit_slice external_aad,
			 struct tacit_slice payload, struct tacit_mut room, struct tacit_slice *ret,
			 struct tacit_error *err);

/* Bytes that tacit_cose_sig_structure needs at most. */
size_t tacit_cose_sig_structure_max(struct tacit_slice protected_bytes,
				    struct tacit_slice external_aad, struct tacit_slice payload);

/* Writes a tagged COSE_Sign1 with an empty unprotected map. */
void tacit_cose_sign1_write(struct writer *w, struct tacit_slice protected_bytes,
			    struct tacit_slice payload, struct tacit_slice signature);

#endif
