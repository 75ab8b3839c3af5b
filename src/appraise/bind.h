/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_BIND_H
#define TACIT_APPRAISE_BIND_H

/*
 * What other systems put into the report data, so that their evidence can be held against the
 * keys they show: each function computes the value that genuine evidence must carry. Compare by
 * struct tacit_expect. Our own convention is the binding (tacit/binding.h).
 */

#include "base/error.h"
#include "tacit/evidence.h"

#define TACIT_REPORT_DATA_LEN 64

/*
 * Obol: SHA-256(public key | model hash), then zeros; both are hashed as given. The key is a
 * SEC 1 point of P-256 (65 bytes), the hash 32 bytes or empty. Nitro documents carry the first
 * 32 bytes as user data. Errors: TACIT_USAGE for other lengths.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_bind_obol(struct tacit_slice public_key, struct tacit_slice model_hash,
		uint8_t ret[TACIT_AT_LEAST(TACIT_REPORT_DATA_LEN)], struct tacit_error *err);

/*
 * Tinfoil v2: SHA-256 of the TLS key's SubjectPublicKeyInfo | HPKE public key, 32 bytes each.
 * Errors: TACIT_USAGE for other lengths.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_bind_tinfoil(struct tacit_slice tls_spki, struct tacit_slice hpke_key,
		   uint8_t ret[TACIT_AT_LEAST(TACIT_REPORT_DATA_LEN)], struct tacit_error *err);

/*
 * Interoperable RA-TLS (CCC): the certificate's extension 2.23.133.5.4.9 holds evidence and
 * claims; the claims name the hash of the certificate's own key, and the report data are
 * SHA-256(claims), then zeros. Checks the first, computes the second, and gives the evidence and
 * the nonce (absent when there is none), which point into `cert_der`. The certificate's own
 * signature, names and dates mean nothing here and are not checked.
 * Errors: TACIT_FORMAT; TACIT_BINDING when the claims name another key; TACIT_UNSUPPORTED for a
 * kind of evidence or hash that is not ours.
 */
struct tacit_bind_ra_tls {
	struct tacit_slice evidence;
	struct tacit_slice nonce;
	uint8_t report_data[TACIT_REPORT_DATA_LEN];
};
TACIT_MUST_CHECK enum tacit_status tacit_bind_ra_tls(struct tacit_slice cert_der,
						     struct tacit_bind_ra_tls *ret,
						     struct tacit_error *err);

#endif
