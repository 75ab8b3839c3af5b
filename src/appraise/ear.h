/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_EAR_H
#define TACIT_APPRAISE_EAR_H

/*
 * EAT Attestation Results [draft-ietf-rats-ear]: a verdict as a signed token that others read. As
 * JWT and as CWT; with the names of the draft or those of the profile that Veraison and Trustee
 * use. docs/ear.md says which checks drive which claim.
 *
 * What is written is exactly what is read. Read strictly: the profile says which names count, the
 * key says which algorithm, a status better than its vector is refused.
 */

#include "crypto/key.h"
#include "tacit/verify.h"

#define TACIT_EAR_CLAIMS      8 /* of a trustworthiness vector [AR4SI 2.3.4] */
#define TACIT_EAR_SUBMODS_MAX 32
#define TACIT_EAR_POLICIES    8  /* policy ids of one submodule */
#define TACIT_EAR_SKEW        60 /* seconds that a token may come from the future */

/* The four tiers with their numbers in CBOR; see tacit_ear_worse() for their order. */
enum tacit_ear_status {
	TACIT_EAR_NONE = 0,
	TACIT_EAR_AFFIRMING = 2,
	TACIT_EAR_WARNING = 32,
	TACIT_EAR_CONTRAINDICATED = 96,
};

enum tacit_ear_names {
	TACIT_EAR_DRAFT,    /* ear_status; numbers in CBOR */
	TACIT_EAR_VERAISON, /* ear.status; the same numbers in CBOR */
};

enum tacit_ear_form { TACIT_EAR_JWT, TACIT_EAR_CWT };

/* Claims by their number in CBOR. */
enum tacit_ear_claim {
	TACIT_EAR_INSTANCE_IDENTITY,
	TACIT_EAR_CONFIGURATION,
	TACIT_EAR_EXECUTABLES,
	TACIT_EAR_FILE_SYSTEM,
	TACIT_EAR_HARDWARE,
	TACIT_EAR_RUNTIME_OPAQUE,
	TACIT_EAR_STORAGE_OPAQUE,
	TACIT_EAR_SOURCED_DATA,
};

struct tacit_ear_vector {
	uint8_t given; /* bit n: claim n is there */
	int8_t value[TACIT_EAR_CLAIMS];
};

struct tacit_ear_submod {
	struct tacit_slice name;
	enum tacit_ear_status status;
	struct tacit_ear_vector vector;
	size_t policy_count;
	struct tacit_slice policies[TACIT_EAR_POLICIES];
	struct tacit_slice annotated; /* JSON, written as it is with Veraison's names; not read */
};

struct tacit_ear {
	enum tacit_ear_names names; /* which the profile asks for */
	struct tacit_slice profile; /* absent, or in CBOR: that of `names`, when written */
	int64_t issued;
	bool expires;
	int64_t expiry; /* the last second */
	bool starts;
	int64_t start;
	struct tacit_slice developer, build; /* of the verifier */
	struct tacit_slice raw_evidence;     /* absent when there is none; when read, still text */
	struct tacit_slice nonce;            /* written when present; not read */
	struct tacit_slice issuer, subject;  /* the same, in JSON alone */
	size_t submod_count;
	struct tacit_ear_submod *submods;
};

/* ---- words (ear.c) ------------------------------------------------------------------------- */

/* "affirming"; NULL for a number that is no status. */
const char *tacit_ear_status_name(int64_t status);
bool tacit_ear_status_find(struct tacit_slice name, enum tacit_ear_status *ret);
/* "instance-identity". */
const char *tacit_ear_claim_name(enum tacit_ear_claim claim);
bool tacit_ear_claim_find(struct tacit_slice name, enum tacit_ear_claim *ret);

/* The tier that a claim's value is in [AR4SI 2.3.2]. */
enum tacit_ear_status tacit_ear_tier(int8_t value);

/* The one that says less for the attester: affirming, none, warning, contraindicated. */
enum tacit_ear_status tacit_ear_worse(enum tacit_ear_status a, enum tacit_ear_status b);

/* Of all submodules; TACIT_EAR_NONE when there is none. */
enum tacit_ear_status tacit_ear_overall(const struct tacit_ear *ear);

/* Whether the vector bears the status out: it is no better than the worst that the vector says. */
bool tacit_ear_borne_out(enum tacit_ear_status status, const struct tacit_ear_vector *vector);

void tacit_ear_set(struct tacit_ear_vector *vector, enum tacit_ear_claim claim, int8_t value);

/* ---- from a verdict (ear_verdict.c) -------------------------------------------------------- */

/* What a verdict says about trustworthiness; one submodule, named after the platform. */
void tacit_ear_of_verdict(const struct tacit_verdict *verdict, struct tacit_ear_submod *ret);

/* ---- claims sets (ear_json.c, ear_cbor.c) -------------------------------------------------- */

/* Unsigned, so good for nothing but what checked a signature over it. Errors: TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_ear_parse_json(struct tacit_slice text,
							struct tacit_arena *arena,
							struct tacit_ear *ret,
							struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_ear_parse_cbor(struct tacit_slice bytes,
							struct tacit_arena *arena,
							struct tacit_ear *ret,
							struct tacit_error *err);
struct writer;
void tacit_ear_put_json(struct writer *w, const struct tacit_ear *ear);
void tacit_ear_put_cbor(struct writer *w, const struct tacit_ear *ear);

/* Whether the names of this profile are known, and which they are (ear.c). */
bool tacit_ear_profile_find(struct tacit_slice profile, enum tacit_ear_names *ret);
const char *tacit_ear_profile(enum tacit_ear_names names);

/* ---- tokens (ear_token.c) ------------------------------------------------------------------ */

/* Signs with an Ed25519, P-256 or P-384 key; the token is in the arena. */
TACIT_MUST_CHECK enum tacit_status
tacit_ear_sign(const struct tacit_ear *ear, enum tacit_ear_form form, const struct tacit_key *key,
	       struct tacit_arena *arena, struct tacit_slice *ret, struct tacit_error *err);

/*
 * Checks the signature of a token of either form, then reads it, then its times at `now`. What is
 * read lies in the arena or in the token. Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_SIGNATURE,
 * TACIT_EXPIRED, TACIT_USAGE for a key of another kind.
 */
TACIT_MUST_CHECK enum tacit_status tacit_ear_verify(struct tacit_slice token,
						    const struct tacit_key *key, int64_t now,
						    struct tacit_arena *arena,
						    struct tacit_ear *ret, struct tacit_error *err);

/* The form that a token has, by its first byte. */
enum tacit_ear_form tacit_ear_form_of(struct tacit_slice token);

#endif
