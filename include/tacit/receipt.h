/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_H
#define TACIT_RECEIPT_H

/*
 * AIR v1 receipts (Attested Inference Receipt, draft-02 rules): a COSE_Sign1 over closed claims
 * that ties one request and one answer to a model and to the evidence of a TEE. AIR v1 has no
 * place for what SEV-SNP measures; receipts from there are of a profile of ours, which is AIR v1
 * with another set of measurements (docs/receipts.md).
 *
 * A receipt proves that the holder of the receipt key said these things. That the key lives in
 * a TEE is proved by the evidence whose hash the receipt names: verify that with tacit_verify()
 * and take the key from its binding. The result states which of the two was done
 * ("AIR-local" or "end-to-end").
 *
 *     struct tacit_receipt_expect want = { .key = tacit_slice_of(key, 32), .now = now,
 *                                          .max_age = 300 };
 *     struct tacit_receipt_verdict v = { 0 };
 *     if (tacit_receipt_verify(bytes, &want, &v, &err) == TACIT_OK) ... v.claims
 *
 * Not checked here: that `cti` was never seen before (give `seen` to check it), and that the
 * model named by its hash really ran: that is what the measured code promises.
 */
#include "tacit/bytes.h"
#include "tacit/status.h"
#include "tacit/verify.h"

TACIT_BEGIN

#define TACIT_RECEIPT_PROFILE "https://spec.cyntrisec.com/air/v1"
#define TACIT_RECEIPT_PROFILE_SNP "urn:x-tacit:air-snp/v1" /* ours, beside AIR v1 */
#define TACIT_RECEIPT_MAX_LEN 65536
#define TACIT_RECEIPT_CHECKS 40

enum tacit_mtype {
	TACIT_MTYPE_NITRO, /* "nitro-pcr" */
	TACIT_MTYPE_TDX,   /* "tdx-mrtd-rtmr" */
	TACIT_MTYPE_SNP,   /* "snp-launch-digest", of the profile for SNP alone */
};

/*
 * Slots pcr0, pcr1, pcr2, pcr3, pcr4, pcr8 of AIR v1, each 48 bytes; absent slices are left out.
 * On SNP the first is the launch digest ("measurement"), and there are no others.
 */
#define TACIT_RECEIPT_SLOTS 6

struct tacit_receipt_claims {
	struct tacit_slice iss;             /* 1..256 bytes of UTF-8 */
	uint64_t iat;                       /* seconds, not zero */
	uint8_t cti[16];
	struct tacit_slice eat_nonce;       /* absent, or 8..64 bytes */
	struct tacit_slice model_id;
	struct tacit_slice model_version;
	uint8_t model_hash[32];
	uint8_t request_hash[32];
	uint8_t response_hash[32];
	uint8_t attestation_doc_hash[32];
	enum tacit_mtype measurement_type; /* says which profile, too */
	struct tacit_slice measurements[TACIT_RECEIPT_SLOTS];
	struct tacit_slice policy_version;
	uint64_t sequence_number;
	uint64_t execution_time_ms;
	uint64_t memory_peak_mb;
	bool production;                       /* security_mode: production or evaluation */
	struct tacit_slice model_hash_scheme;  /* absent, or one of the three of AIR */
};

/* The private Ed25519 key that signs receipts. */
struct tacit_receipt_key;

/* A fresh key; or one from a 32-byte seed. Owns: free with tacit_receipt_key_free. */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_receipt_key_new(struct tacit_slice seed_or_absent, struct tacit_receipt_key **ret,
		      struct tacit_error *err);
TACIT_API void tacit_receipt_key_public(const struct tacit_receipt_key *key,
					uint8_t ret[TACIT_AT_LEAST(32)]);
TACIT_API void tacit_receipt_key_free(struct tacit_receipt_key *key);

/*
 * Signs; the receipt is written to `room` (at most about 1.5 KB with full text fields). Errors:
 * TACIT_FORMAT when a claim breaks AIR's rules (nothing invalid is ever signed), TACIT_LIMIT.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_receipt_issue(const struct tacit_receipt_claims *claims, const struct tacit_receipt_key *key,
		    struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/*
 * A public key made ready for many verifications, from any number of threads at once. Refuses
 * small-order and undecodable keys (TACIT_FORMAT). Owns: free with tacit_receipt_verifier_free.
 */
struct tacit_receipt_verifier;
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_receipt_verifier_new(struct tacit_slice public_key, struct tacit_receipt_verifier **ret,
			   struct tacit_error *err);
TACIT_API void tacit_receipt_verifier_free(struct tacit_receipt_verifier *verifier);

/* What the relying party insists on (layer 4); absent slices and zeros ask for nothing. */
struct tacit_receipt_expect {
	/*
	 * Whose signature: a prepared verifier, or else a raw 32-byte key, or else the receipt key
	 * in the binding of `evidence`. With none of them no receipt passes.
	 */
	const struct tacit_receipt_verifier *verifier;
	struct tacit_slice key;
	int64_t now;               /* seconds; 0 leaves time unjudged */
	uint64_t max_age;          /* seconds; 0 for no bound */
	uint64_t clock_skew;       /* seconds into the future; 0 means the default of 60 */
	struct tacit_slice nonce;
	struct tacit_slice model_id;
	struct tacit_slice model_hash;
	struct tacit_slice request_hash;
	struct tacit_slice response_hash;
	struct tacit_slice doc_hash;
	bool has_mtype;
	enum tacit_mtype mtype;
	bool require_production;
	/*
	 * Replay: returns true when the 16-byte cti was seen before. Asked only about a receipt
	 * that passed everything else of layers 1 to 4; it should look and not record. NULL leaves
	 * it unjudged.
	 */
	bool (*seen)(void *user, const uint8_t *cti);
	void *seen_user;
	/*
	 * End to end: claims of evidence that tacit_verify() accepted, and its exact bytes. When
	 * one of the two is given both must be.
	 */
	const struct tacit_claims *evidence;
	struct tacit_slice evidence_raw;
};

struct tacit_receipt_check {
	unsigned layer;   /* 1 envelope, 2 signature, 3 claims, 4 policy, 5 end to end */
	const char *name; /* AIR's: "SIZE", ..., "REPLAY"; ours: "CANONICAL" and "E2E_..." */
	enum tacit_result result;
	const char *code; /* AIR's failure code, e.g. "SIG_FAILED"; NULL unless it failed */
};

struct tacit_receipt_verdict {
	enum tacit_outcome outcome; /* TACIT_UNVERIFIED until judged */
	size_t check_count;
	struct tacit_receipt_check checks[TACIT_RECEIPT_CHECKS];
	char code[96];         /* the failure code with its value, e.g. "UNKNOWN_MTYPE:x" */
	bool signed_claims;    /* layers 1 to 3 passed: `claims` may be shown */
	bool end_to_end;       /* assurance: evidence judged too; otherwise AIR-local */
	bool warn_no_replay;   /* neither nonce nor replay store: freshness is not proved */
	struct tacit_receipt_claims claims;
};

/*
 * Judges one receipt in the order of draft-02 (envelope, signature, then claims, then policy,
 * then the evidence), stopping at the first failed layer; what was not judged is listed as
 * skipped. The payload is not decoded before its signature passed, so PAYLOAD_NOT_MAP and
 * WRONG_PROFILE belong to layer 3. `verdict` is always filled; its slices point into `in`.
 *
 * End to end means: the evidence hashes to attestation_doc_hash, its binding holds the signing
 * key, every register of the receipt equals the evidence's, the model is the bound one, and
 * "production" is claimed only by real hardware that is not in debug mode. The nonce of the
 * evidence is not compared with eat_nonce: the one proves that the session is fresh, the other
 * is chosen per request, long after the evidence was made.
 *
 * Errors: TACIT_FORMAT and TACIT_LIMIT (layer 1 and undecodable claims), TACIT_SIGNATURE
 * (layer 2), TACIT_POLICY (layers 3 and 4), TACIT_BINDING (end to end).
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_receipt_verify(struct tacit_slice in, const struct tacit_receipt_expect *expect,
		     struct tacit_receipt_verdict *verdict, struct tacit_error *err);

TACIT_END

#endif
