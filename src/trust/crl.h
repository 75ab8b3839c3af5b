/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_CRL_H
#define TACIT_TRUST_CRL_H

/* Certificate revocation lists [RFC 5280 5], read in place. */

#include "trust/x509.h"

struct tacit_crl {
	struct tacit_slice der, tbs;
	struct tacit_slice issuer;        /* whole Name */
	int64_t this_update, next_update; /* next_update is required */
	struct tacit_slice revoked;       /* content of revokedCertificates; absent when empty */
	size_t revoked_count;
	struct tacit_slice aki;
	struct tacit_slice number; /* content of the CRL number */
	enum tacit_sig_alg sig_alg;
	struct tacit_slice signature;
};

/* Errors: TACIT_FORMAT; unknown critical extensions (delta and indirect lists) too. */
TACIT_MUST_CHECK enum tacit_status tacit_crl_parse(struct tacit_slice der, const char *where,
						   struct tacit_crl *ret, struct tacit_error *err);

/*
 * Issuer name, AKI, keyUsage and signature by `issuer`. Dates are not looked at.
 * Errors: TACIT_CHAIN, TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status tacit_crl_check(const struct tacit_crl *crl,
						   const struct tacit_cert *issuer,
						   struct tacit_cache *cache,
						   struct tacit_error *err);

bool tacit_crl_revokes(const struct tacit_crl *crl, struct tacit_slice serial);

#endif
