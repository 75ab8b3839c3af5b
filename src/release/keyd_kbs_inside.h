/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_KBS_INSIDE_H
#define TACIT_RELEASE_KEYD_KBS_INSIDE_H

/* Sessions that are attested; for keyd_kbs*.c. */

#include "release/keyd_kbs.h"

#define TACIT_KBS_SESSION_LIFE 300 /* seconds */

struct tacit_kbs_session {
	char id[TACIT_KBS_SESSION_ID + 1];
	int64_t since, until;
	bool begun;                  /* its row is in the log */
	unsigned refused;            /* resources since then */
	uint64_t turn;               /* smaller than that of those put later */
	uint8_t bound[48];           /* what its evidence stands for */
	struct tacit_slice evidence; /* as sent: judged again for each resource */
	struct tacit_slice pubkey;   /* JWK, as sent */
	struct tacit_slice nonce;    /* base64; not kept once the token is made */
};

/* Keeps a copy, which has not begun; the oldest ends where there are too many. Errors: TACIT_POLICY
 * when there is one of this id, TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_kbs_session_put(struct tacit_kbs_sessions *sessions,
							 const struct tacit_kbs_session *session,
							 int64_t now, struct tacit_error *err);

/* A copy in the arena. False when there is none that has begun and not ended. */
bool tacit_kbs_session_get(struct tacit_kbs_sessions *sessions, const char *id, int64_t now,
			   struct tacit_arena *arena, struct tacit_kbs_session *ret);

/*
 * A token that stands for the session, in the arena: an EAR in Trustee's profile, whose submodule
 * "cpu0" has what `rated` says of the evidence, and nonce and key where Trustee has them.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_kbs_token_make(const struct tacit_kbs_sessions *sessions,
		     const struct tacit_kbs_session *session, const struct tacit_ear_submod *rated,
		     struct tacit_arena *arena, struct tacit_slice *ret, struct tacit_error *err);

/* Whose session a token is for. Errors: TACIT_SIGNATURE, TACIT_FORMAT, TACIT_EXPIRED. */
TACIT_MUST_CHECK enum tacit_status
tacit_kbs_token_read(const struct tacit_kbs_sessions *sessions, struct tacit_slice token,
		     int64_t now, struct tacit_arena *arena,
		     char ret_session[static TACIT_KBS_SESSION_ID + 1], struct tacit_error *err);

#endif
