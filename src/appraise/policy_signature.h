/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_POLICY_SIGNATURE_H
#define TACIT_APPRAISE_POLICY_SIGNATURE_H

/*
 * Signatures of a policy [docs/policy.md], in a file beside it, so that the policy stays the text
 * that its digest names. Each is Ed25519 over a fixed prefix and the SHA-256 of the text.
 *
 * One signature by one of the keys that the relying party gives is enough: keys are rotated by
 * signing with the old and the new one for a while. When a policy ends is said in the policy, by
 * valid_until; there is no other revocation.
 */

#include "base/error.h"
#include "base/writer.h"
#include "crypto/key.h"

#define TACIT_POLICY_KEY_LEN        32
#define TACIT_POLICY_SIGNATURE_LEN  64
#define TACIT_POLICY_SIGNATURES_MAX 16
#define TACIT_POLICY_SIGNATURE_FILE 65536 /* bytes */

struct tacit_policy_signature {
	uint8_t key[TACIT_POLICY_KEY_LEN];
	uint8_t signature[TACIT_POLICY_SIGNATURE_LEN];
};

struct tacit_policy_signatures {
	size_t count;
	struct tacit_policy_signature items[TACIT_POLICY_SIGNATURES_MAX];
};

/* Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status
tacit_policy_signatures_parse(struct tacit_slice json, struct tacit_policy_signatures *ret,
			      struct tacit_error *err);
void tacit_policy_signatures_write(const struct tacit_policy_signatures *signatures,
				   struct writer *w);

/* Signs with an Ed25519 key. Errors: TACIT_USAGE for another kind of key or a public one. */
TACIT_MUST_CHECK enum tacit_status tacit_policy_sign(struct tacit_slice policy,
						     const struct tacit_key *key,
						     struct tacit_policy_signature *ret,
						     struct tacit_error *err);

/* Whether the key that it names made it over this policy. Errors: TACIT_SIGNATURE. */
TACIT_MUST_CHECK enum tacit_status
tacit_policy_signature_verify(struct tacit_slice policy,
			      const struct tacit_policy_signature *signature,
			      struct tacit_error *err);

/*
 * Whether one of `keys` (32 bytes each) signed the policy. Signatures by others are passed over.
 * Errors: TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_policy_signed(struct tacit_slice policy, const struct tacit_policy_signatures *signatures,
		    const struct tacit_slice *keys, size_t key_count, struct tacit_error *err);

#endif
