/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_KBS_H
#define TACIT_RELEASE_KEYD_KBS_H

/*
 * Trustee's key broker protocol, version 0.4.0, for guests of Confidential Containers:
 *
 *     POST /kbs/v0/auth                      -> a nonce of the broker
 *     POST /kbs/v0/attest                    -> evidence over nonce and key, a token
 *     GET  /kbs/v0/resource/REPO/TYPE/TAG    -> the resource, as a JWE for that key
 *
 * The evidence is whatever our verifier judges; its report data are the SHA-384 of the canonical
 * JSON of additional evidence, nonce and key [RFC 8785], with zeros behind it where there is more
 * room; Nitro's user data are the digest itself. A nonce is used once and lives for two minutes,
 * a session that is attested for five.
 *
 * A resource is a key of the store with the spec RESOURCE. Its policy for evidence must hold, and
 * its key policy, if it has one, must allow kbs:GetResource; with neither it is closed. Sent
 * additional evidence (of devices) is bound and not judged.
 *
 * The token is an EAR in Trustee's profile, signed by a key of this process that nobody vouches
 * for: it is good here. What it says of the evidence is that it is genuine; no policy judged it
 * yet, as those are the resources'.
 *
 * Errors are Trustee's, in the form of RFC 7807.
 */

#include "crypto/hash.h"
#include "release/keyd_desk.h"

#define TACIT_KBS_SESSION_ID 32 /* hex digits */
#define TACIT_KBS_NAME_MAX   192
#define TACIT_KBS_TOKEN_MAX  8192

enum tacit_kbs_step { TACIT_KBS_AUTH, TACIT_KBS_ATTEST, TACIT_KBS_RESOURCE };

struct tacit_kbs_call {
	enum tacit_kbs_step step;
	char session[TACIT_KBS_SESSION_ID + 1]; /* from the cookie; "" without */
	char token[TACIT_KBS_TOKEN_MAX];        /* from the Authorization field; "" without */
	char name[TACIT_KBS_NAME_MAX];          /* REPO/TYPE/TAG */
	struct tacit_slice body;
	int64_t now;
};

/* Takes a request apart; false for what is none of the protocol's. */
bool tacit_kbs_call_fill(struct tacit_slice method, struct tacit_slice path,
			 struct tacit_slice cookie, struct tacit_slice authorization,
			 struct tacit_kbs_call *ret);

/* Sessions of one broker, for all its threads. */
struct tacit_kbs_sessions;
TACIT_MUST_CHECK enum tacit_status tacit_kbs_sessions_new(struct tacit_kbs_sessions **ret,
							  struct tacit_error *err);
void tacit_kbs_sessions_free(struct tacit_kbs_sessions *sessions);
/*
 * Always fills `answer`. The desk's arena is wiped. A session that is attested has its place from
 * here on, and opens nothing before tacit_kbs_settle().
 */
void tacit_kbs_answer(struct tacit_keyd_desk *desk, struct tacit_kbs_sessions *sessions,
		      struct tacit_kbs_call *call, struct tacit_keyd_answer *answer);

/*
 * Called for each logged answer, with what it is to be once it is in the log: the session that it
 * attested begins, or ends where it is refused after all. One that was refused 16 resources ends,
 * so that nobody fills the log without new evidence.
 */
void tacit_kbs_settle(struct tacit_kbs_sessions *sessions, const struct tacit_kbs_call *call,
		      const struct tacit_keyd_answer *answer);

/* {"type": "https://github.com/confidential-containers/kbs/errors/NAME", "detail": ...} */
void tacit_kbs_refuse(struct tacit_keyd_answer *answer, unsigned status, const char *name,
		      const char *detail);

/*
 * What the evidence stands for: the hash of {"additional-evidence", "nonce", "tee-pubkey"} in
 * canonical form [RFC 8785]. `pubkey` is an object of texts. Writes tacit_hash_len(alg) bytes.
 * Errors: TACIT_FORMAT, TACIT_LIMIT.
 */
struct tacit_kbs_runtime {
	struct tacit_slice additional, nonce, pubkey;
	bool device; /* without "additional-evidence", as devices have it */
};
TACIT_MUST_CHECK enum tacit_status tacit_kbs_bound(const struct tacit_kbs_runtime *runtime,
						   enum tacit_hash_alg alg,
						   struct tacit_arena *arena, uint8_t *ret,
						   struct tacit_error *err);

#endif
