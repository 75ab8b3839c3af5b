/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_ROOTS_H
#define TACIT_TRUST_ROOTS_H

/* The anchors: pinned in one const table, and the caller's test roots beside them. */

#include "tacit/verify.h"
#include "trust/x509.h"

enum tacit_root {
	TACIT_ROOT_NONE,
	TACIT_ROOT_AWS_NITRO_G1,
	TACIT_ROOT_INTEL_SGX, /* pinned by key: issued twice with other dates */
	TACIT_ROOT_AMD_MILAN,
	TACIT_ROOT_AMD_GENOA,
	TACIT_ROOT_AMD_TURIN,
	TACIT_ROOT_TEST, /* one of the caller's */
};

/* Which anchor the certificate is, byte for byte (Intel: by its key); TACIT_ROOT_NONE for none. */
enum tacit_root tacit_root_find(const struct tacit_cert *cert, const struct tacit_context *cx);

/*
 * Whether that anchor is known byte for byte, so that its own signature adds nothing: all but a
 * certificate of Intel's key that is neither of the two that Intel published.
 */
bool tacit_root_is_whole(const struct tacit_cert *cert, enum tacit_root root);

/* AMD's certificates between a root and the chips' keys. They are no anchors. */
enum tacit_intermediate {
	TACIT_INTERMEDIATE_NONE,
	TACIT_INTERMEDIATE_ASK,  /* vouches for VCEKs */
	TACIT_INTERMEDIATE_ASVK, /* vouches for VLEKs */
};

/* What the certificate is, byte for byte, below that root; NONE below test roots. */
enum tacit_intermediate tacit_root_intermediate(const struct tacit_cert *cert,
						enum tacit_root root);

/* "aws-nitro-g1" and so on, for the verdict's `got`. */
const char *tacit_root_name(enum tacit_root root);

#endif
