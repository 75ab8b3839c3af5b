/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NITRO_H
#define TACIT_NITRO_H

/*
 * What an attestation document of AWS Nitro says beside the claims that every platform has: a
 * document of an enclave (TACIT_TEE_NITRO), or of an instance with NitroTPM (TACIT_TEE_NITROTPM).
 *
 *     const struct tacit_nitro_claims *nitro = tacit_verdict_claims(&verdict)->nitro;
 *     if (nitro && nitro->region.ptr)
 *             ... the region that AWS's certificates name
 *
 * Measurements "pcr0" to "pcr31" stand among the common claims, those the document carries and no
 * others; unlike a policy, which wants a value, a claim may be all zero. user_data, nonce and
 * public_key are absent when the document says null, and empty (non-NULL, no bytes) when it
 * carries an empty string.
 *
 * Region, instance, enclave id and launch time are read out of the names and the serial number of
 * the certificates. They are absent when those do not follow AWS's pattern, as may be under a test
 * root; under AWS's own root an enclave's document without them is refused.
 */
#include "tacit/bytes.h"

TACIT_BEGIN

/* One certificate of the chain that vouched for the document. */
struct tacit_nitro_certificate {
	struct tacit_slice subject_cn; /* common name; absent when it has none */
	int64_t not_before, not_after; /* seconds since 1970 */
};

struct tacit_nitro_claims {
	struct tacit_slice module_id;   /* "i-<instance>-enc<id>", or "-tpm<id>" */
	struct tacit_slice digest;      /* "SHA384": of the measurements */
	uint64_t timestamp_ms;          /* when the hypervisor signed, milliseconds since 1970 */
	struct tacit_slice region;      /* "eu-central-1"; absent when not known, as below */
	struct tacit_slice instance_id; /* "i-...": the parent instance */
	struct tacit_slice enclave_id;  /* 16 hex digits; never of an instance's document */
	uint64_t launched_at_ms;        /* milliseconds since 1970; 0 when not known */
	uint64_t enclave_age_seconds;   /* from launch to timestamp_ms; 0 when not known */
	const char *root;               /* "aws-nitro-g1" and so on */
	size_t chain_count;             /* root first, leaf last */
	const struct tacit_nitro_certificate *chain;
};

TACIT_END

#endif
