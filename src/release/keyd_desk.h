/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_DESK_H
#define TACIT_RELEASE_KEYD_DESK_H

/*
 * Where the broker's requests are answered: one desk per thread, all under one configuration. An
 * answer is made whole before its row of the log is written, and is given out only afterwards
 * (net/keyd.h).
 */

#include "appraise/ear.h"
#include "release/keyd_nonce.h"
#include "release/keyd_store.h"
#include "tacit/verify.h"

/* Room for the longest evidence, and for the longest resource four times over, as a JWE is made. */
#define TACIT_KEYD_DESK_ROOM  (6 * 1024 * 1024)
#define TACIT_KEYD_REASON_MAX 200
#define TACIT_KEYD_AGE_MAX    86400 /* seconds: no max_age is longer */

/* How evidence is judged, for all keys. Zeros are the strict choice. */
struct tacit_keyd_config {
	const char *region, *account; /* of the ARNs */
	int64_t max_age;              /* seconds that evidence may be old */
	const struct tacit_collateral *collateral;
	const struct tacit_slice *insecure_test_roots;
	size_t insecure_test_root_count;
	bool insecure_accept_stub, insecure_allow_debug;
	struct tacit_cache *cache;
	struct tacit_keyd_nonces nonces;
};

struct tacit_keyd_desk {
	const struct tacit_keyd_config *config;
	struct tacit_keyd_store *store;
	struct tacit_arena arena; /* TACIT_KEYD_DESK_ROOM; wiped after each request */
};

/* What an answer holds on to until it is logged and sent. Zero-initialise. */
struct tacit_keyd_answer {
	unsigned status;
	const char *type;             /* Content-Type */
	struct tacit_keyd_bytes body; /* wiped when it is done */
	char cookie[80];              /* a Set-Cookie value; "" for none */
	bool logged;                  /* `release` is to be logged before it is sent */
	struct tacit_keyd_release release;
	/* What `release` points into. */
	char who[TACIT_KEYD_NAME_MAX + 1], key[TACIT_KEYD_ID_LEN + 1];
	char reason[TACIT_KEYD_REASON_MAX];
	uint8_t evidence[32], once[2][32];
	struct tacit_ear_submod rated; /* what the last verdict says about the evidence */
};

void tacit_keyd_answer_done(struct tacit_keyd_answer *answer);

/* The waivers in force, as the log names them. */
void tacit_keyd_insecure(const struct tacit_keyd_config *config,
			 const char *ret[static TACIT_KEYD_INSECURE_MAX]);

/* Fills the row of the log, whose texts are copied into the answer. */
void tacit_keyd_answer_log(struct tacit_keyd_answer *answer, const struct tacit_keyd_desk *desk,
			   int64_t now, struct tacit_slice who, const char *op);
void tacit_keyd_answer_key(struct tacit_keyd_answer *answer, struct tacit_slice id,
			   uint32_t version);
void tacit_keyd_answer_refuse(struct tacit_keyd_answer *answer, const char *reason);

/* A copy of `body` on the heap becomes the answer's. */
void tacit_keyd_answer_body(struct tacit_keyd_answer *answer, unsigned status, const char *type,
			    struct tacit_slice body);

/* ---- evidence (keyd_judge.c) ---------------------------------------------------------------- */

struct tacit_keyd_evidence {
	struct tacit_slice bytes;     /* as received */
	struct tacit_slice appraisal; /* policy of the key; absent: any that is genuine */
	struct tacit_slice bound;     /* 48 bytes that it must stand for; absent: none */
	bool need_nonce;              /* it answers a nonce that the caller has checked */
	struct tacit_slice nonce;     /* that one */
	bool for_key;                 /* a key hangs on it, and not a session alone */
};

/*
 * What a policy that says nothing demands of the platform, and the verifier leaves open without
 * one: for keys that have no appraisal policy. Errors: TACIT_POLICY.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_platform_check(const struct tacit_claims *claims,
							     struct tacit_error *err);

/*
 * Judges, and notes in the answer's row what was judged and what of it counts once. Claims live in
 * the desk's arena. Errors: those of tacit_verify(); TACIT_EXPIRED for evidence that is too old.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_judge(struct tacit_keyd_desk *desk, int64_t now,
						    const struct tacit_keyd_evidence *evidence,
						    struct tacit_keyd_answer *answer,
						    const struct tacit_claims **ret,
						    bool *ret_fresh_nonce, struct tacit_error *err);

#endif
