/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_kbs.h"

#include <stdio.h>
#include <stdlib.h>

#include "appraise/json_out.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "codec/json_read.h"
#include "crypto/hash.h"
#include "release/jwe.h"
#include "release/keyd_kbs_inside.h"
#include "release/keyd_policy.h"

#define TYPE         "application/json"
#define ERRORS       "https://github.com/confidential-containers/kbs/errors/"
#define COOKIE       "kbs-session-id"
#define EVIDENCE_MAX (512 * 1024)
#define PUBKEY_MAX   2048
#define NONCE_TEXT   44 /* 32 bytes in base64 */

/* One request while it is answered. */
struct work {
	struct tacit_keyd_desk *desk;
	struct tacit_kbs_sessions *sessions;
	struct tacit_kbs_call *call;
	struct tacit_keyd_answer *answer;
};

/* ---- answers -------------------------------------------------------------------------------- */

void tacit_kbs_refuse(struct tacit_keyd_answer *answer, unsigned status, const char *name,
		      const char *detail)
{
	char room[1024], type[160];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &w, -1, true };
	struct tacit_slice body = tacit_slice_str("{}");

	snprintf(type, sizeof(type), "%s%s", ERRORS, name);
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "type", type);
	tacit_json_out_text(&j, "detail", detail);
	tacit_json_out_close(&j, '}');
	(void)wr_finish(&w, "kbs", &body, NULL);
	answer->cookie[0] = '\0';
	tacit_keyd_answer_body(answer, status, "application/problem+json", body);
}

static void refuse(struct work *w, unsigned status, const char *name, const char *detail)
{
	char reason[TACIT_KEYD_REASON_MAX];

	snprintf(reason, sizeof(reason), "%s: %.160s", name, detail);
	tacit_keyd_answer_refuse(w->answer, reason);
	tacit_kbs_refuse(w->answer, status, name, detail);
}

static void broken(struct work *w, const struct tacit_error *err)
{
	refuse(w, 500, "InternalError", err->detail);
}

static void reply(struct work *w, const struct writer *out)
{
	struct tacit_error err = { 0 };
	struct tacit_slice body;

	if (wr_finish(out, "kbs", &body, &err) != TACIT_OK)
		broken(w, &err);
	else
		tacit_keyd_answer_body(w->answer, 200, TYPE, body);
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool is(struct tacit_slice a, const char *b)
{
	return tacit_slice_eq(a, tacit_slice_str(b));
}

static struct tacit_slice behind(struct tacit_slice text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text.len < len || memcmp(text.ptr, prefix, len) != 0)
		return tacit_slice_of(NULL, 0);
	return tacit_slice_of(text.ptr + len, text.len - len);
}

/* REPO/TYPE/TAG: three parts of harmless characters, none of which is "." or "..". */
static bool take_name(struct tacit_slice text, char ret[static TACIT_KBS_NAME_MAX])
{
	size_t slashes = 0, start = 0;

	if (text.len == 0 || text.len >= TACIT_KBS_NAME_MAX)
		return false;
	for (size_t i = 0; i <= text.len; i++) {
		uint8_t c = i < text.len ? text.ptr[i] : '/';
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';

		if (c == '/') {
			if (i == start || text.ptr[start] == '.')
				return false;
			slashes++;
			start = i + 1;
		} else if (!plain) {
			return false;
		}
	}
	memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return slashes == 3;
}

/* The session of a Cookie field [RFC 6265 4.2.1]; "" when it has none. */
static void take_cookie(struct tacit_slice cookie, char ret[static TACIT_KBS_SESSION_ID + 1])
{
	size_t at = 0;

	ret[0] = '\0';
	while (at < cookie.len) {
		struct tacit_slice rest = tacit_slice_of(cookie.ptr + at, cookie.len - at);
		struct tacit_slice value = behind(rest, COOKIE "=");
		const uint8_t *end = memchr(rest.ptr, ';', rest.len);

		if (value.ptr && value.len >= TACIT_KBS_SESSION_ID &&
		    (value.len == TACIT_KBS_SESSION_ID || value.ptr[TACIT_KBS_SESSION_ID] == ';')) {
			memcpy(ret, value.ptr, TACIT_KBS_SESSION_ID);
			ret[TACIT_KBS_SESSION_ID] = '\0';
			return;
		}
		at = end ? (size_t)(end - cookie.ptr) + 1 : cookie.len;
		while (at < cookie.len && cookie.ptr[at] == ' ')
			at++;
	}
}

bool tacit_kbs_call_fill(struct tacit_slice method, struct tacit_slice path,
			 struct tacit_slice cookie, struct tacit_slice authorization,
			 struct tacit_kbs_call *ret)
{
	struct tacit_slice token = behind(authorization, "Bearer ");
	struct tacit_slice name = behind(path, "/kbs/v0/resource/");

	take_cookie(cookie, ret->session);
	if (token.len && token.len < sizeof(ret->token)) {
		memcpy(ret->token, token.ptr, token.len);
		ret->token[token.len] = '\0';
	}
	if (is(method, "POST") && is(path, "/kbs/v0/auth"))
		ret->step = TACIT_KBS_AUTH;
	else if (is(method, "POST") && is(path, "/kbs/v0/attest"))
		ret->step = TACIT_KBS_ATTEST;
	else if (is(method, "GET") && name.ptr && take_name(name, ret->name))
		ret->step = TACIT_KBS_RESOURCE;
	else
		return false;
	return true;
}

/* ---- POST /auth ----------------------------------------------------------------------------- */

static bool known_tee(struct tacit_slice name)
{
	static const char *const NAMES[] = { "snp",         "tdx",       "sgx",       "az-snp-vtpm",
					     "az-tdx-vtpm", "azsnpvtpm", "aztdxvtpm", "nitro",
					     "nitrotpm",    "stub" };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++)
		if (is(name, NAMES[i]))
			return true;
	return false;
}

/* Whether the list has SHA-384, the one that is offered; a guest without a list takes it. */
static bool wants_sha384(struct tacit_json_read *j)
{
	bool found = false;

	tacit_json_read_array(j);
	while (tacit_json_read_item(j))
		if (is(tacit_json_read_string(j), "sha384"))
			found = true;
	return found;
}

struct auth {
	struct tacit_slice version, tee;
	bool listed, sha384;
};

static void read_extra(struct tacit_json_read *j, struct auth *auth)
{
	struct tacit_slice name;

	if (tacit_json_read_peek(j) != TACIT_JSON_OBJECT) {
		tacit_json_read_skip(j);
		return;
	}
	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "supported-hash-algorithms")) {
			auth->listed = true;
			auth->sha384 = wants_sha384(j);
		} else {
			tacit_json_read_skip(j);
		}
	}
}

static enum tacit_status read_auth(struct tacit_slice body, struct auth *auth,
				   struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(body);
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (is(name, "version"))
			auth->version = tacit_json_read_string(&j);
		else if (is(name, "tee"))
			auth->tee = tacit_json_read_string(&j);
		else if (is(name, "extra-params"))
			read_extra(&j, auth);
		else
			tacit_json_read_skip(&j);
	}
	return tacit_json_read_finish(&j, "kbs.auth", err);
}

/* A session is known by its nonce, so that nothing has to be kept before there is evidence. */
static enum tacit_status session_of(struct tacit_slice nonce,
				    char ret[static TACIT_KBS_SESSION_ID + 1],
				    struct tacit_error *err)
{
	const struct tacit_slice parts[] = { tacit_slice_str("kbs session"), nonce };
	uint8_t hash[TACIT_SHA256_LEN];
	enum tacit_status st = tacit_hash_parts(TACIT_SHA256, parts, 2, hash, err);

	tacit_hex_encode(tacit_slice_of(hash, TACIT_KBS_SESSION_ID / 2), ret);
	return st;
}

static void answer_auth(struct work *w)
{
	char room[512], id[TACIT_KBS_SESSION_ID + 1], text[NONCE_TEXT + 1];
	struct writer out = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &out, -1, true };
	uint8_t nonce[TACIT_KEYD_NONCE_LEN];
	struct auth auth = { 0 };
	struct tacit_error err = { 0 };

	w->answer->logged = false;
	if (read_auth(w->call->body, &auth, &err) != TACIT_OK) {
		refuse(w, 400, "InvalidRequest", err.detail);
		return;
	}
	if (!is(auth.version, "0.4.0") || !known_tee(auth.tee) || (auth.listed && !auth.sha384)) {
		refuse(w, 401, "ProtocolVersion",
		       "version 0.4.0, SHA-384 and a TEE that is judged here are wanted");
		return;
	}
	enum tacit_status st =
		tacit_keyd_nonce_make(&w->desk->config->nonces, w->call->now, nonce, &err);
	if (st == TACIT_OK)
		st = session_of(TACIT_SLICE_ARRAY(nonce), id, &err);
	if (st != TACIT_OK) {
		broken(w, &err);
		return;
	}
	tacit_base64_encode(TACIT_BASE64, TACIT_SLICE_ARRAY(nonce), text);
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "nonce", text);
	if (auth.listed) {
		tacit_json_out_open(&j, "extra-params", '{');
		tacit_json_out_text(&j, "selected-hash-algorithm", "sha384");
		tacit_json_out_close(&j, '}');
	} else {
		tacit_json_out_text(&j, "extra-params", "");
	}
	tacit_json_out_close(&j, '}');
	reply(w, &out);
	snprintf(w->answer->cookie, sizeof(w->answer->cookie), COOKIE "=%s; HttpOnly; Path=/", id);
}

/* ---- POST /attest --------------------------------------------------------------------------- */

struct attest {
	struct tacit_slice nonce, pubkey, primary, additional;
};

static void read_runtime(struct tacit_json_read *j, struct attest *a, struct tacit_arena *arena)
{
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "nonce"))
			a->nonce = tacit_json_read_text(j, arena);
		else if (is(name, "tee-pubkey"))
			a->pubkey = tacit_json_read_skip(j);
		else
			tacit_json_read_reject(j, "runtime data that are not known");
	}
}

static void read_evidence(struct tacit_json_read *j, struct attest *a, struct tacit_arena *arena)
{
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "primary_evidence"))
			a->primary = tacit_json_read_skip(j);
		else if (is(name, "additional_evidence"))
			a->additional = tacit_json_read_text(j, arena);
		else
			tacit_json_read_skip(j);
	}
}

static enum tacit_status read_attest(struct work *w, struct attest *a, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(w->call->body);
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (is(name, "runtime-data"))
			read_runtime(&j, a, &w->desk->arena);
		else if (is(name, "tee-evidence"))
			read_evidence(&j, a, &w->desk->arena);
		else /* init-data is no claim of the evidence's that would be judged */
			tacit_json_read_skip(&j);
	}
	enum tacit_status st = tacit_json_read_finish(&j, "kbs.attest", err);
	if (st != TACIT_OK)
		return st;
	if (!a->nonce.ptr || !a->pubkey.ptr || !a->primary.ptr)
		return tacit_fail(err, TACIT_FORMAT, "kbs.attest", 0,
				  "nonce, tee-pubkey or primary_evidence is missing");
	if (a->primary.len > EVIDENCE_MAX || a->pubkey.len > PUBKEY_MAX)
		return tacit_fail(err, TACIT_LIMIT, "kbs.attest", 0, "evidence or key is too long");
	return TACIT_OK;
}

/* Whether the nonce is ours, young, and of the session that the cookie names. */
static enum tacit_status check_nonce(struct work *w, const struct attest *a,
				     uint8_t nonce[static TACIT_KEYD_NONCE_LEN],
				     struct tacit_error *err)
{
	char id[TACIT_KBS_SESSION_ID + 1];
	size_t len = 0;

	if (!tacit_base64_decode(TACIT_BASE64, a->nonce, tacit_mut_of(nonce, TACIT_KEYD_NONCE_LEN),
				 &len))
		return tacit_fail(err, TACIT_BINDING, "kbs.nonce", 0, "the nonce is not ours");
	enum tacit_status st = tacit_keyd_nonce_check(
		&w->desk->config->nonces, tacit_slice_of(nonce, len), w->call->now, err);
	if (st == TACIT_OK)
		st = session_of(tacit_slice_of(nonce, len), id, err);
	if (st == TACIT_OK && strcmp(id, w->call->session) != 0)
		st = tacit_fail(err, TACIT_BINDING, "kbs.nonce", 0,
				"the nonce is of another session than the cookie");
	return st;
}

/* Judges what a session sent; `nonce` is absent for a resource, as it was checked before. */
static enum tacit_status judge(struct work *w, const struct tacit_kbs_session *session,
			       struct tacit_slice appraisal, struct tacit_slice nonce,
			       const struct tacit_claims **ret, struct tacit_error *err)
{
	const struct tacit_keyd_evidence evidence = {
		.bytes = session->evidence,
		.appraisal = appraisal,
		.bound = TACIT_SLICE_ARRAY(session->bound),
		.need_nonce = true,
		.nonce = nonce,
		.for_key = !nonce.ptr,
	};
	bool fresh = false;

	return tacit_keyd_judge(w->desk, w->call->now, &evidence, w->answer, ret, &fresh, err);
}

static enum tacit_status attest(struct work *w, struct attest *a, struct tacit_slice *ret_token,
				struct tacit_error *err)
{
	struct tacit_kbs_session session = { .since = w->call->now,
					     .until = w->call->now + TACIT_KBS_SESSION_LIFE,
					     .nonce = a->nonce };
	uint8_t nonce[TACIT_KEYD_NONCE_LEN];
	const struct tacit_claims *claims = NULL;
	struct tacit_jwe_key key;
	enum tacit_status st = check_nonce(w, a, nonce, err);

	if (st == TACIT_OK)
		st = tacit_jwe_key_parse(a->pubkey, &w->desk->arena, &key, err);
	const struct tacit_kbs_runtime runtime = { .additional = a->additional,
						   .nonce = a->nonce,
						   .pubkey = a->pubkey };
	if (st == TACIT_OK)
		st = tacit_kbs_bound(&runtime, TACIT_SHA384, &w->desk->arena, session.bound, err);
	session.evidence = a->primary;
	session.pubkey = a->pubkey;
	memcpy(session.id, w->call->session, sizeof(session.id));
	if (st == TACIT_OK)
		st = judge(w, &session, tacit_slice_of(NULL, 0), TACIT_SLICE_ARRAY(nonce), &claims,
			   err);
	if (st == TACIT_OK)
		st = tacit_kbs_token_make(w->sessions, &session, &w->answer->rated, &w->desk->arena,
					  ret_token, err);
	if (st == TACIT_OK)
		st = tacit_kbs_session_put(w->sessions, &session, w->call->now, err);
	return st;
}

static void answer_attest(struct work *w)
{
	char room[TACIT_KBS_TOKEN_MAX + 64];
	struct writer out = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &out, -1, true };
	struct attest a = { .additional = tacit_slice_str("") };
	struct tacit_slice token;
	struct tacit_error err = { 0 };

	w->answer->logged = false; /* what is not understood asks for nothing */
	if (read_attest(w, &a, &err) != TACIT_OK) {
		refuse(w, 400, "InvalidRequest", err.detail);
		return;
	}
	w->answer->release.entry.verdict = "verified";
	enum tacit_status st = attest(w, &a, &token, &err);
	if (st != TACIT_OK) {
		refuse(w, 401, "AttestationError", err.detail);
		return;
	}
	w->answer->logged = true;
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_slice(&j, "token", token);
	tacit_json_out_close(&j, '}');
	reply(w, &out);
	snprintf(w->answer->cookie, sizeof(w->answer->cookie), COOKIE "=%s; HttpOnly; Path=/",
		 w->call->session);
}

/* ---- GET /resource -------------------------------------------------------------------------- */

static bool find_session(struct work *w, struct tacit_kbs_session *ret)
{
	struct tacit_kbs_call *call = w->call;

	if (call->token[0] &&
	    tacit_kbs_token_read(w->sessions, tacit_slice_str(call->token), call->now,
				 &w->desk->arena, call->session, NULL) != TACIT_OK)
		return false;
	return tacit_kbs_session_get(w->sessions, call->session, call->now, &w->desk->arena, ret);
}

/* The policies of the resource; one of the two it must have. */
static enum tacit_status may_have(struct work *w, const struct tacit_keyd_key *key,
				  const struct tacit_claims *claims, struct tacit_error *err)
{
	const struct tacit_keyd_config *config = w->desk->config;
	char arn[320], who[160];

	if (!key->enabled)
		return tacit_fail(err, TACIT_POLICY, "kbs", 0, "the resource is disabled");
	if (!key->policy.ptr)
		return key->appraisal.ptr ? TACIT_OK
					  : tacit_fail(err, TACIT_POLICY, "kbs", 0,
						       "the resource has no policy");
	snprintf(arn, sizeof(arn), "arn:aws:kms:%s:%s:key/%.*s", config->region, config->account,
		 (int)key->id.len, (const char *)key->id.ptr);
	snprintf(who, sizeof(who), "arn:aws:iam::%s:user/" TACIT_KEYD_KBS, config->account);
	const struct tacit_keyd_ask ask = { .action = "kbs:GetResource",
					    .principal = tacit_slice_str(who),
					    .resource = tacit_slice_str(arn),
					    .account = tacit_slice_str(config->account),
					    .claims = claims,
					    .fresh_nonce = true,
					    .now = w->call->now };
	return tacit_keyd_policy_allows(key->policy, &ask, err);
}

static enum tacit_status seal(struct work *w, const struct tacit_keyd_key *key,
			      const struct tacit_kbs_session *session, struct tacit_slice *ret,
			      struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes bytes = { 0 };
	struct tacit_jwe_key to;
	enum tacit_status st = tacit_jwe_key_parse(session->pubkey, &w->desk->arena, &to, err);

	if (st == TACIT_OK)
		st = tacit_keyd_key_material(w->desk->store, key->id, key->version, &bytes, err);
	if (st == TACIT_OK)
		st = tacit_jwe_seal(&to, tacit_slice_of(bytes.ptr, bytes.len), &w->desk->arena, ret,
				    err);
	return st;
}

static void give_resource(struct work *w, const struct tacit_kbs_session *session,
			  const struct tacit_keyd_key *key)
{
	const struct tacit_claims *claims = NULL;
	struct tacit_error err = { 0 };
	struct tacit_slice text;

	tacit_keyd_answer_key(w->answer, key->id, key->version);
	enum tacit_status st =
		judge(w, session, key->appraisal, tacit_slice_of(NULL, 0), &claims, &err);
	/* The session's evidence and nonce were used up when it was attested. */
	w->answer->release.once[0] = w->answer->release.once[1] = tacit_slice_of(NULL, 0);
	if (st == TACIT_OK)
		st = may_have(w, key, claims, &err);
	if (st != TACIT_OK) {
		refuse(w, 403, "PolicyDeny", err.detail);
		return;
	}
	if (seal(w, key, session, &text, &err) != TACIT_OK)
		broken(w, &err);
	else
		tacit_keyd_answer_body(w->answer, 200, TYPE, text);
}

static void answer_resource(struct work *w)
{
	struct tacit_kbs_session session;
	struct tacit_keyd_key key;
	struct tacit_error err = { 0 };
	bool found = false;

	w->answer->logged = false;
	if (!find_session(w, &session)) {
		refuse(w, 401, "Unauthenticated", "no session that is attested");
		return;
	}
	if (tacit_keyd_key_find(w->desk->store, tacit_slice_str(w->call->name), &w->desk->arena,
				&key, &found, &err) != TACIT_OK) {
		broken(w, &err);
		return;
	}
	if (!found || !is(key.spec, "RESOURCE")) {
		refuse(w, 404, "ResourceNotFound", "there is no such resource");
		return;
	}
	w->answer->logged = true;
	give_resource(w, &session, &key);
}

void tacit_kbs_answer(struct tacit_keyd_desk *desk, struct tacit_kbs_sessions *sessions,
		      struct tacit_kbs_call *call, struct tacit_keyd_answer *answer)
{
	static const char *const OPS[] = { "Auth", "Attest", "GetResource" };
	static void (*const RUN[])(struct work *) = { answer_auth, answer_attest, answer_resource };
	struct work w = { desk, sessions, call, answer };

	tacit_keyd_answer_log(answer, desk, call->now, tacit_slice_str(TACIT_KEYD_KBS),
			      OPS[call->step]);
	RUN[call->step](&w);
	tacit_arena_wipe(&desk->arena);
}
