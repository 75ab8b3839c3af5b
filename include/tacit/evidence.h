/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EVIDENCE_H
#define TACIT_EVIDENCE_H

/*
 * Evidence as it arrived: a platform's name for it, and the bytes.
 *
 * Detection looks at the shape of the bytes only to pick a parser. It decides nothing about
 * trust: which platforms are acceptable is said by the policy, never by the evidence.
 *
 *     struct tacit_evidence ev;
 *     if (tacit_evidence_unwrap(bytes, &arena, &ev, &err) != TACIT_OK)
 *             ... err says what the bytes look like and why that is not evidence
 *
 * Evidence often travels wrapped: as hex or base64 text, in JSON of attestation agents or of
 * Obol, in EphemeralML's envelopes. Unwrapping takes such layers off and keeps what else they
 * carried (certificates, TPM quotes, keys, nonces) as claims of the sender. tacit_verify()
 * compares those with what the evidence says, in rows named "wrapper.".
 *
 * Not checked here: anything. An evidence object is untrusted until tacit_verify() says
 * otherwise.
 */
#include "tacit/arena.h"
#include "tacit/bytes.h"
#include "tacit/status.h"

TACIT_BEGIN

/* X(name, text, real): `real` is false for the software stand-in. */
#define TACIT_TEE_MAP(X)             \
	X(NITRO, "nitro", 1)         \
	X(NITROTPM, "nitrotpm", 1)   \
	X(TDX, "tdx", 1)             \
	X(SGX, "sgx", 1)             \
	X(SNP, "snp", 1)             \
	X(AZURE_SNP, "azure-snp", 1) \
	X(AZURE_TDX, "azure-tdx", 1) \
	X(NVIDIA, "nvidia", 1)       \
	X(GCP_TOKEN, "gcp-token", 1) \
	X(STUB, "stub", 0)

enum tacit_tee {
	TACIT_TEE_NONE, /* not known */
#define TACIT_TEE_ENUM(name, text, real) TACIT_TEE_##name,
	TACIT_TEE_MAP(TACIT_TEE_ENUM)
#undef TACIT_TEE_ENUM
};

struct tacit_wrapper;

/* Zero-initialise: members may be added. */
struct tacit_evidence {
	enum tacit_tee tee;
	struct tacit_slice raw; /* the platform's own document, exactly as received */
	/* What came around it, when anything did: all bytes as received, and what they said. */
	struct tacit_slice received;
	const struct tacit_wrapper *wrapper; /* NULL: `raw` is all there was */
};

/* The platform's name in JSON and policies ("tdx"); "none" for TACIT_TEE_NONE. */
TACIT_API const char *tacit_tee_name(enum tacit_tee tee);

/* The platform of that name, or TACIT_TEE_NONE. */
TACIT_API enum tacit_tee tacit_tee_find(struct tacit_slice name);

/* How output names it to people: "tdx", but "stub (NOT a TEE)" for the stand-in. */
TACIT_API const char *tacit_tee_label(enum tacit_tee tee);

/* True for hardware platforms, false for the stub and for TACIT_TEE_NONE. */
TACIT_API bool tacit_tee_is_real(enum tacit_tee tee);

/*
 * Picks the platform whose format the bytes have. `in` must outlive `ret_ev`.
 * Errors: TACIT_LIMIT over 1 MiB; TACIT_FORMAT when no known format fits; TACIT_UNSUPPORTED
 * when the format is known but this build cannot judge it.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status tacit_evidence_detect(struct tacit_slice in,
								   struct tacit_evidence *ret_ev,
								   struct tacit_error *err);

/*
 * The same for evidence that may be wrapped, in up to three layers. `in` and the arena must
 * outlive `ret_ev`; text forms are decoded into the arena. Never ambiguous: a layer has one
 * meaning or is refused. Errors: those of detection; TACIT_FORMAT, with `where` "wrapper", for a
 * broken layer or one that carries several kinds of evidence; TACIT_LIMIT for too many layers
 * and for a full arena (twice the size of `in` and 16 KiB suffice).
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status tacit_evidence_unwrap(struct tacit_slice in,
								   struct tacit_arena *arena,
								   struct tacit_evidence *ret_ev,
								   struct tacit_error *err);

TACIT_END

#endif
