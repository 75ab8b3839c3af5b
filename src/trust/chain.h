/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_CHAIN_H
#define TACIT_TRUST_CHAIN_H

/*
 * Certification paths [RFC 5280 6.1] as TEE vendors use them: given in order, root first, no
 * search, no fetching. The caller decides what the root is (trust/roots.h), which lists revoke
 * (trust/crl.h) and what the leaf must be.
 */

#include "trust/x509.h"

#define TACIT_CHAIN_MAX 8

struct tacit_chain_rules {
	int64_t now;
	int64_t skew; /* seconds by which not_before may lie ahead; not_after has none */
	struct tacit_cache *cache;
	bool pinned_root;    /* known byte for byte: its own signature adds nothing */
	bool require_ski;    /* AKI and SKI must be there on every link below the root */
	bool any_extensions; /* the leaf may lack basicConstraints and keyUsage (AMD's VEKs) */
};

/* What went wrong, so that platforms can give each step its own check. */
enum tacit_chain_step {
	TACIT_CHAIN_NAMES, /* issuer and subject, AKI and SKI, self-issued intermediates */
	TACIT_CHAIN_CA,    /* basicConstraints, keyUsage, path length; a leaf that is a CA */
	TACIT_CHAIN_SIGNATURES,
	TACIT_CHAIN_VALIDITY, /* every certificate's dates at `now` */
	TACIT_CHAIN_STEPS,
};

struct tacit_chain_result {
	struct tacit_error errors[TACIT_CHAIN_STEPS]; /* status TACIT_OK where the step held */
	bool judged[TACIT_CHAIN_STEPS];               /* a step after a failed one may not be */
	int64_t valid_from, valid_until;              /* intersection of all dates */
};

/*
 * certs[0] is the root, certs[count - 1] the leaf; two at least. The root's own signature is
 * checked too, unless it is pinned. True when all steps held. Signatures are checked only when
 * names and constraints hold; the dates are judged whatever else failed.
 */
bool tacit_chain_check(const struct tacit_cert *certs, size_t count,
		       const struct tacit_chain_rules *rules, struct tacit_chain_result *ret);

#endif
