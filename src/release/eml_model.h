/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_EML_MODEL_H
#define TACIT_RELEASE_EML_MODEL_H

/*
 * Models as EphemeralML packs them: one file, nonce | ChaCha20-Poly1305 | tag under a key of 32
 * bytes, and a manifest in JSON. Its signature is over the manifest written anew: compact, members
 * sorted, without the signature and without hashes that are absent.
 */

#include "crypto/hash.h"
#include "crypto/key.h"

#define TACIT_EML_MANIFEST_MAX (1024 * 1024)
#define TACIT_EML_KEY          32
#define TACIT_EML_NONCE        12

struct tacit_eml_manifest {
	char model_id[128], version[128];
	uint8_t model_hash[TACIT_SHA256_LEN]; /* of the plain weights */
};

/*
 * Reads a manifest that `signer`, an Ed25519 public key, signed. Errors: TACIT_FORMAT,
 * TACIT_LIMIT; TACIT_UNSUPPORTED for another hash; TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status tacit_eml_manifest_verify(struct tacit_slice json,
							     const struct tacit_key *signer,
							     struct tacit_eml_manifest *ret,
							     struct tacit_error *err);

#endif
