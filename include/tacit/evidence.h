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
 *     if (tacit_evidence_detect(bytes, &ev, &err) != TACIT_OK)
 *             ... err says what the bytes look like and why that is not evidence
 *
 * Not checked here: anything. An evidence object is untrusted until tacit_verify() says
 * otherwise.
 */
#include "tacit/bytes.h"
#include "tacit/status.h"

TACIT_BEGIN

/* X(name, text, real): `real` is false for the software stand-in. */
#define TACIT_TEE_MAP(X)                                                                           \
	X(NITRO, "nitro", 1)                                                                       \
	X(NITROTPM, "nitrotpm", 1)                                                                 \
	X(TDX, "tdx", 1)                                                                           \
	X(SGX, "sgx", 1)                                                                           \
	X(SNP, "snp", 1)                                                                           \
	X(AZURE_SNP, "azure-snp", 1)                                                               \
	X(AZURE_TDX, "azure-tdx", 1)                                                               \
	X(NVIDIA, "nvidia", 1)                                                                     \
	X(GCP_TOKEN, "gcp-token", 1)                                                               \
	X(STUB, "stub", 0)

enum tacit_tee {
	TACIT_TEE_NONE, /* not known */
#define TACIT_TEE_ENUM(name, text, real) TACIT_TEE_##name,
	TACIT_TEE_MAP(TACIT_TEE_ENUM)
#undef TACIT_TEE_ENUM
};

struct tacit_evidence {
	enum tacit_tee tee;
	struct tacit_slice raw; /* the caller's bytes, exactly as received */
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

TACIT_END

#endif
