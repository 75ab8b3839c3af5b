/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_VERIFY_H
#define TACIT_VERIFY_H

/*
 * Verification of evidence: bytes in, verdict out.
 *
 *     struct tacit_context cx = { .policy = policy, .now = now, .arena = &arena };
 *     struct tacit_verdict verdict = { 0 };
 *     if (tacit_verify(&ev, &cx, &verdict, &err) == TACIT_OK)
 *             claims = tacit_verdict_claims(&verdict);
 *
 * TACIT_OK comes back only when every required check passed, so a caller who tests the return
 * alone is safe. The verdict lists every check by its stable name whatever the outcome; a
 * zeroed verdict means "not verified". Claims can be had only from evidence that is genuine.
 *
 * Everything a verdict depends on is in the context: nothing is read from clocks, files or the
 * environment, so the same context gives the same verdict on any machine.
 *
 * Not checked here: that the peer one talks to holds the bound keys. Give what the connection
 * shows in `expect`, or use the channel of the tacit program.
 */
#include "tacit/arena.h"
#include "tacit/binding.h"
#include "tacit/cache.h"
#include "tacit/collateral.h"
#include "tacit/evidence.h"
#include "tacit/policy.h"

TACIT_BEGIN

enum tacit_result {
	TACIT_CHECK_SKIP, /* not evaluated */
	TACIT_CHECK_PASS,
	TACIT_CHECK_FAIL,
};

struct tacit_check {
	const char *name; /* stable and dotted, e.g. "stub.cose.signature" */
	enum tacit_result result;
	enum tacit_status status; /* why it failed, as a class; TACIT_OK otherwise */
	const char *expected;     /* NULL where it says nothing */
	const char *got;
	const char *why; /* a sentence for people; NULL when it passed */
};

enum tacit_outcome {
	TACIT_UNVERIFIED, /* nothing was judged */
	TACIT_VERIFIED,
	TACIT_REFUSED,
	TACIT_MALFORMED,
	TACIT_UNDECIDED_VERDICT,
};

struct tacit_measurement {
	const char *name; /* "pcr0", "mrtd", "measurement", ... */
	struct tacit_slice value;
};

/* What only one platform says: the header of that name describes it. */
struct tacit_nitro_claims; /* tacit/nitro.h */
struct tacit_tdx_claims;   /* tacit/tdx.h */
struct tacit_sgx_claims;   /* tacit/sgx.h */
struct tacit_snp_claims;   /* tacit/snp.h */
struct tacit_azure_claims; /* tacit/azure.h */

/* What genuine evidence says. Slices and texts live in the evidence or in the arena. */
struct tacit_claims {
	enum tacit_tee tee;
	bool debug;
	size_t measurement_count;
	const struct tacit_measurement *measurements;
	struct tacit_slice report_data; /* absent slices have a NULL ptr */
	struct tacit_slice user_data;
	struct tacit_slice nonce;
	struct tacit_slice public_key;
	const char *tcb_status; /* NULL where the platform has none */
	size_t advisory_count;
	const char *const *advisory_ids;
	int64_t timestamp;   /* seconds; 0 when the evidence has none */
	int64_t valid_from;  /* of the evidence and everything that vouches for it */
	int64_t valid_until; /* INT64_MAX when nothing expires */
	bool has_binding;
	struct tacit_binding binding;
	/* NULL but for the evidence's own platform; Azure's forms have two. */
	const struct tacit_nitro_claims *nitro;
	const struct tacit_tdx_claims *tdx;
	const struct tacit_sgx_claims *sgx;
	const struct tacit_snp_claims *snp;
	const struct tacit_azure_claims *azure;
};

/* Values the caller insists on beside the policy; an absent slice asks for nothing. */
struct tacit_expect {
	struct tacit_slice nonce;       /* in the evidence, and in the binding when there is one */
	/*
	 * How the evidence's nonce follows from this client's, where one piece of evidence answers
	 * many clients (src/tee/nonce_tree.h); absent when the evidence carries `nonce` itself.
	 */
	struct tacit_slice nonce_path;
	struct tacit_slice report_data;
	struct tacit_slice user_data;
	struct tacit_slice tls_spki;    /* SHA-256 of the key of this very connection */
	bool require_binding;           /* the evidence must carry a tacit/1 binding */
	/*
	 * A tacit/1 binding that came beside the evidence, as on platforms whose report data have
	 * room for its hash alone. It counts only when the report data stand for it.
	 */
	struct tacit_slice binding;
};

struct tacit_context {
	const struct tacit_policy *policy; /* NULL is refused unless insecure_no_policy */
	int64_t now;                       /* seconds since 1970 */
	struct tacit_expect expect;
	/*
	 * The evidence may be older than the policy's max_age_seconds, though not from the future:
	 * for evidence that a receipt names, which was fresh in the session that made the receipt.
	 */
	bool any_age;
	const struct tacit_collateral *collateral; /* NULL: none */
	struct tacit_cache *cache;                 /* NULL: every signature is checked anew */
	struct tacit_arena *arena; /* holds the verdict's texts and lists */
	/*
	 * Certificates (DER) that stand beside the pinned roots of every platform, for tests and
	 * emulators. A context with any is insecure, and every verdict says so.
	 */
	const struct tacit_slice *insecure_test_roots;
	size_t insecure_test_root_count;
	bool insecure_no_policy;   /* judge only that it is genuine and current */
	bool insecure_allow_debug;
	bool insecure_accept_stub; /* without it the stub's evidence is always refused */
};

/* Opaque in spirit: use the accessors. Zero-initialise. */
struct tacit_verdict {
	enum tacit_outcome outcome;
	enum tacit_tee tee;
	bool genuine;
	bool insecure_no_policy; /* what the context waived, whether it was needed or not */
	bool insecure_allow_debug;
	bool insecure_accept_stub;
	bool insecure_test_root;
	size_t check_count;
	struct tacit_check *checks;
	struct tacit_claims *claims;
};

/*
 * Parses, verifies and appraises. On refusal the status is that of the first check that failed
 * (one that could not be decided yields to one that says no), `err` names it in `where`, and
 * `verdict` is filled all the same. The verdict points into the evidence and the arena.
 * Errors: any of TACIT_FORMAT, TACIT_LIMIT (the arena too), TACIT_SIGNATURE, TACIT_CHAIN,
 * TACIT_REVOKED, TACIT_EXPIRED, TACIT_BINDING, TACIT_POLICY, TACIT_UNDECIDED,
 * TACIT_UNSUPPORTED, TACIT_USAGE without an arena.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status tacit_verify(const struct tacit_evidence *ev,
							  const struct tacit_context *cx,
							  struct tacit_verdict *verdict,
							  struct tacit_error *err);

/* "verified", "refused", "malformed", "undecided", or "unverified" for a zeroed verdict. */
TACIT_API const char *tacit_outcome_name(enum tacit_outcome outcome);

/* "pass", "fail" or "skip". */
TACIT_API const char *tacit_result_name(enum tacit_result result);

/* NULL unless every required check passed. */
TACIT_API const struct tacit_claims *tacit_verdict_claims(const struct tacit_verdict *verdict);

/*
 * Claims of evidence that is genuine though perhaps not acceptable, for showing to people; NULL
 * when it is not genuine. Never decide on these.
 */
TACIT_API const struct tacit_claims *tacit_verdict_genuine(const struct tacit_verdict *verdict);

/* The i-th check in order, or NULL past the end. */
TACIT_API const struct tacit_check *tacit_verdict_check(const struct tacit_verdict *verdict,
							size_t i);

/* The i-th waiver of the context ("insecure-accept-stub"), or NULL past the end. */
TACIT_API const char *tacit_verdict_insecure(const struct tacit_verdict *verdict, size_t i);

/* The check of that name, or NULL. */
TACIT_API const struct tacit_check *tacit_verdict_find(const struct tacit_verdict *verdict,
						       const char *name);

TACIT_END

#endif
