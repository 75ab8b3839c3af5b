/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "appraise/ear.h"
#include "appraise/json_out.h"
#include "base/arena.h"
#include "base/writer.h"
#include "codec/json_read.h"
#include "codec/jwt.h"
#include "crypto/key.h"
#include "release/keyd_kbs_inside.h"

#define WHERE         "kbs.session"
#define SESSIONS_MAX  1024
#define BYTES_MAX     ((size_t)64 << 20) /* of all evidence that is kept */
#define REFUSALS_MAX  16                 /* rows of the log that one session may have */
#define ANNOTATED_MAX 4096
#define PROFILE       "tag:github.com,2024:confidential-containers/Trustee"

struct tacit_kbs_sessions {
	struct tacit_key *key; /* signs tokens; of this process */
	pthread_mutex_t lock;  /* over what follows */
	size_t count, bytes;
	uint64_t turn; /* of the next */
	struct tacit_kbs_session items[SESSIONS_MAX];
};

enum tacit_status tacit_kbs_sessions_new(struct tacit_kbs_sessions **ret, struct tacit_error *err)
{
	struct tacit_kbs_sessions *s = calloc(1, sizeof(*s));

	if (!s)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	pthread_mutex_init(&s->lock, NULL);
	enum tacit_status st = tacit_key_generate(TACIT_P256, &s->key, err);
	if (st != TACIT_OK) {
		tacit_kbs_sessions_free(s);
		return st;
	}
	*ret = s;
	return TACIT_OK;
}

/* Takes the last one's place for it. */
static void remove_at(struct tacit_kbs_sessions *s, size_t i)
{
	s->bytes -= s->items[i].evidence.len;
	free((void *)(uintptr_t)s->items[i].evidence.ptr);
	free((void *)(uintptr_t)s->items[i].pubkey.ptr);
	s->items[i] = s->items[--s->count];
}

void tacit_kbs_sessions_free(struct tacit_kbs_sessions *s)
{
	if (!s)
		return;
	while (s->count)
		remove_at(s, s->count - 1);
	pthread_mutex_destroy(&s->lock);
	tacit_key_free(s->key);
	free(s);
}

static size_t find(const struct tacit_kbs_sessions *s, const char *id)
{
	size_t i = 0;

	while (i < s->count && strcmp(s->items[i].id, id) != 0)
		i++;
	return i;
}

static void forget_old(struct tacit_kbs_sessions *s, int64_t now)
{
	for (size_t i = s->count; i > 0; i--)
		if (s->items[i - 1].until < now)
			remove_at(s, i - 1);
}

/* Whoever has genuine evidence may begin sessions: the oldest ends where there are too many. */
static void make_room(struct tacit_kbs_sessions *s, size_t bytes)
{
	while (s->count == SESSIONS_MAX || (s->count && s->bytes + bytes > BYTES_MAX)) {
		size_t oldest = 0;

		for (size_t i = 1; i < s->count; i++)
			if (s->items[i].turn < s->items[oldest].turn)
				oldest = i;
		remove_at(s, oldest);
	}
}

static bool copy(struct tacit_slice from, struct tacit_slice *ret)
{
	uint8_t *bytes = malloc(from.len ? from.len : 1);

	if (bytes && from.len)
		memcpy(bytes, from.ptr, from.len);
	*ret = tacit_slice_of(bytes, bytes ? from.len : 0);
	return bytes != NULL;
}

static enum tacit_status put(struct tacit_kbs_sessions *s, const struct tacit_kbs_session *session,
			     int64_t now, struct tacit_error *err)
{
	struct tacit_kbs_session kept = *session;

	forget_old(s, now);
	if (find(s, session->id) < s->count)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0, "the nonce was used already");
	make_room(s, session->evidence.len);
	bool copied = copy(session->evidence, &kept.evidence);
	copied = copy(session->pubkey, &kept.pubkey) && copied;
	if (!copied) {
		free((void *)(uintptr_t)kept.evidence.ptr);
		free((void *)(uintptr_t)kept.pubkey.ptr);
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	}
	kept.begun = false;
	kept.refused = 0;
	kept.turn = s->turn++;
	s->bytes += kept.evidence.len;
	s->items[s->count++] = kept;
	return TACIT_OK;
}

enum tacit_status tacit_kbs_session_put(struct tacit_kbs_sessions *sessions,
					const struct tacit_kbs_session *session, int64_t now,
					struct tacit_error *err)
{
	pthread_mutex_lock(&sessions->lock);
	enum tacit_status st = put(sessions, session, now, err);
	pthread_mutex_unlock(&sessions->lock);
	return st;
}

bool tacit_kbs_session_get(struct tacit_kbs_sessions *sessions, const char *id, int64_t now,
			   struct tacit_arena *arena, struct tacit_kbs_session *ret)
{
	bool found = false;

	pthread_mutex_lock(&sessions->lock);
	size_t i = find(sessions, id);
	if (i < sessions->count && sessions->items[i].begun && sessions->items[i].until >= now) {
		struct tacit_kbs_session session = sessions->items[i];

		session.evidence.ptr = tacit_arena_copy(arena, session.evidence);
		session.pubkey.ptr = tacit_arena_copy(arena, session.pubkey);
		found = session.evidence.ptr && session.pubkey.ptr;
		if (found)
			*ret = session;
	}
	pthread_mutex_unlock(&sessions->lock);
	return found;
}

void tacit_kbs_settle(struct tacit_kbs_sessions *sessions, const struct tacit_kbs_call *call,
		      const struct tacit_keyd_answer *answer)
{
	bool attested = call->step == TACIT_KBS_ATTEST, good = answer->status == 200;

	pthread_mutex_lock(&sessions->lock);
	size_t i = find(sessions, call->session);
	if (i < sessions->count && good)
		sessions->items[i].begun |= attested;
	else if (i < sessions->count && (attested || ++sessions->items[i].refused == REFUSALS_MAX))
		remove_at(sessions, i);
	pthread_mutex_unlock(&sessions->lock);
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* What was judged, where Trustee's readers look for it. */
static struct tacit_slice annotate(const struct tacit_kbs_session *session,
				   const struct tacit_ear_submod *rated, struct writer *w)
{
	struct tacit_json_out j = { w, -1, true };

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_slice(&j, "tee", rated->name);
	tacit_json_out_hex(&j, "report_data", TACIT_SLICE_ARRAY(session->bound));
	tacit_json_out_open(&j, "runtime_data_claims", '{');
	tacit_json_out_slice(&j, "nonce", session->nonce);
	wr_text(w, ",\"tee-pubkey\":");
	wr_bytes(w, session->pubkey);
	tacit_json_out_close(&j, '}');
	tacit_json_out_close(&j, '}');
	return tacit_slice_of(w->out.ptr, w->bad ? 0 : w->at);
}

enum tacit_status tacit_kbs_token_make(const struct tacit_kbs_sessions *sessions,
				       const struct tacit_kbs_session *session,
				       const struct tacit_ear_submod *rated,
				       struct tacit_arena *arena, struct tacit_slice *ret,
				       struct tacit_error *err)
{
	uint8_t room[ANNOTATED_MAX];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_ear_submod cpu = *rated;
	struct tacit_ear ear = {
		.names = TACIT_EAR_VERAISON,
		.profile = tacit_slice_str(PROFILE),
		.issuer = tacit_slice_str("tacit keyd"),
		.subject = tacit_slice_str(session->id),
		.issued = session->since,
		.expires = true,
		.expiry = session->until,
		.developer = tacit_slice_str("Tacit"),
		.build = tacit_slice_str("tacit " TACIT_VERSION),
		.submod_count = 1,
		.submods = &cpu,
	};

	cpu.annotated = annotate(session, rated, &w);
	if (cpu.annotated.len == 0)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for what was judged");
	cpu.name = tacit_slice_str("cpu0"); /* the only one: devices are not judged */
	return tacit_ear_sign(&ear, TACIT_EAR_JWT, sessions->key, arena, ret, err);
}

enum tacit_status tacit_kbs_token_read(const struct tacit_kbs_sessions *sessions,
				       struct tacit_slice token, int64_t now,
				       struct tacit_arena *arena,
				       char ret_session[static TACIT_KBS_SESSION_ID + 1],
				       struct tacit_error *err)
{
	struct tacit_jwt jwt;
	struct tacit_slice name, session = { NULL, 0 };
	int64_t until = 0;
	enum tacit_status st = tacit_jwt_parse(token, "ES256", arena, &jwt, err);

	if (st == TACIT_OK)
		st = tacit_key_verify(sessions->key, jwt.message, jwt.signature, err);
	if (st != TACIT_OK)
		return st;
	struct tacit_json_read json = tacit_json_read_of(jwt.payload);
	tacit_json_read_object(&json);
	while (tacit_json_read_member(&json, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("sub")))
			session = tacit_json_read_string(&json);
		else if (tacit_slice_eq(name, tacit_slice_str("exp")))
			until = (int64_t)tacit_json_read_uint(&json, INT64_MAX);
		else
			tacit_json_read_skip(&json);
	}
	st = tacit_json_read_finish(&json, WHERE, err);
	if (st == TACIT_OK && until < now)
		st = tacit_fail(err, TACIT_EXPIRED, WHERE, 0, "the token has ended");
	if (st == TACIT_OK && session.len != TACIT_KBS_SESSION_ID)
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a token without a session");
	if (st != TACIT_OK)
		return st;
	memcpy(ret_session, session.ptr, session.len);
	ret_session[session.len] = '\0';
	return TACIT_OK;
}
