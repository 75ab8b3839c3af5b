/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kms.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bounds.h"
#include "base/compiler.h"
#include "crypto/random.h"
#include "release/kms_inside.h"

#define WHERE  "kms"
#define TARGET "TrentService."

/* ---- the client ----------------------------------------------------------------------------- */

static bool is_endpoint(const char *url)
{
	size_t len = strlen(url);

	return strncmp(url, "https://", 8) == 0 && len > 8 && len < TACIT_KMS_URL_MAX - 1 &&
	       strcspn(url + 8, "/?#@ \t\r\n") == len - 8;
}

enum tacit_status tacit_kms_new(const struct tacit_kms_options *options, struct tacit_kms **ret,
				struct tacit_error *err)
{
	struct tacit_kms *kms;
	enum tacit_status st;

	if (options->endpoint && !is_endpoint(options->endpoint))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "the endpoint is not https://HOST or https://HOST:PORT");
	kms = calloc(1, sizeof(*kms));
	if (!kms)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	kms->options = *options;
	(void)pthread_mutex_init(&kms->lock, NULL);
	kms->answer = malloc(TACIT_KMS_BODY_MAX);
	st = kms->answer ? tacit_kms_send_start(kms, err)
			 : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	if (st == TACIT_OK)
		*ret = kms;
	else
		tacit_kms_free(kms);
	return st;
}

void tacit_kms_free(struct tacit_kms *kms)
{
	if (!kms)
		return;
	if (kms->easy)
		tacit_curl()->easy_cleanup(kms->easy);
	pthread_mutex_destroy(&kms->lock);
	free(kms->answer);
	free(kms);
}

const struct tacit_kms_refusal *tacit_kms_refusal(const struct tacit_kms *kms)
{
	return &kms->refusal;
}

struct tacit_slice tacit_kms_region(struct tacit_slice key_id)
{
	struct tacit_slice none = { NULL, 0 };
	size_t colons = 0, start = 0;

	/* arn:PARTITION:kms:REGION:ACCOUNT:... */
	if (key_id.len < 4 || memcmp(key_id.ptr, "arn:", 4) != 0)
		return none;
	for (size_t i = 0; i < key_id.len; i++) {
		if (key_id.ptr[i] != ':')
			continue;
		if (++colons == 4)
			return tacit_slice_of(key_id.ptr + start, i - start);
		start = i + 1;
	}
	return none;
}

static bool is_id_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-';
}

bool tacit_kms_is_key_arn(struct tacit_slice text)
{
	struct tacit_slice region = tacit_kms_region(text);
	const uint8_t *end = text.ptr + text.len, *at = region.ptr;

	if (region.len == 0 || memcmp(at - strlen(":kms:"), ":kms:", strlen(":kms:")) != 0)
		return false;
	at += region.len + 1;
	while (at < end && is_id_byte(*at)) /* the account */
		at++;
	if (end - at <= (ptrdiff_t)strlen(":key/") || memcmp(at, ":key/", strlen(":key/")) != 0)
		return false;
	at += strlen(":key/");
	while (at < end && is_id_byte(*at))
		at++;
	return at == end;
}

/* ---- passing on ----------------------------------------------------------------------------- */

enum tacit_status tacit_kms_document(struct tacit_kms *kms, struct tacit_slice nonce,
				     struct tacit_slice user_data, struct tacit_mut room,
				     struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_attest_request request = { .binding = user_data, .nonce = nonce };
	uint8_t fresh[TACIT_NONCE_LEN];
	enum tacit_status st = TACIT_OK;

	if (!kms->options.attester || !kms->options.recipient)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "nobody to attest for this");
	/* No two documents are the same, so that a broker can refuse one that it has seen. */
	if (nonce.len == 0) {
		st = tacit_random(tacit_mut_of(fresh, sizeof(fresh)), err);
		request.nonce = TACIT_SLICE_ARRAY(fresh);
	}
	if (st == TACIT_OK)
		st = tacit_recipient_spki(kms->options.recipient, &request.public_key, err);
	if (st == TACIT_OK)
		st = tacit_attester_attest(kms->options.attester, &request, room, ret, err);
	return st;
}

enum tacit_status tacit_kms_exchange(struct tacit_kms *kms, const struct tacit_kms_message *message,
				     struct tacit_arena *arena, unsigned *ret_status,
				     struct tacit_slice *ret_body, struct tacit_error *err)
{
	enum tacit_status st;

	pthread_mutex_lock(&kms->lock);
	kms->refusal = (struct tacit_kms_refusal){ 0 };
	st = tacit_kms_send(kms, message, err);
	if (st == TACIT_OK) {
		void *copy = tacit_arena_copy(arena, tacit_slice_of(kms->answer, kms->answer_len));

		if (!copy)
			st = tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the answer");
		*ret_body = tacit_slice_of(copy, kms->answer_len);
		*ret_status = kms->refusal.status ? kms->refusal.status : 200;
	}
	tacit_wipe(kms->answer, kms->answer_len);
	pthread_mutex_unlock(&kms->lock);
	return st;
}

/* ---- one operation -------------------------------------------------------------------------- */

/* KMS's own words, as far as an error holds them: all of them are in tacit_kms_refusal(). */
static enum tacit_status refuse(const struct tacit_kms_refusal *r, struct tacit_error *err)
{
	static const char *const DENIALS[] = { "AccessDeniedException",
					       "UnrecognizedClientException",
					       "InvalidSignatureException" };
	enum tacit_status st = TACIT_PEER;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(DENIALS); i++)
		if (strcmp(r->type, DENIALS[i]) == 0)
			st = TACIT_DENIED;
	if (!r->type[0])
		return tacit_fail(err, st, WHERE, 0, "it answers %u, and does not say why",
				  r->status);
	return tacit_fail(err, st, WHERE, 0, "%s: %s", r->type,
			  r->message[0] ? r->message : "no reason given");
}

/* KMS names the key that it used. One that was asked for by ARN or id is that one. */
static enum tacit_status check_key(const struct tacit_kms_request *request, struct tacit_slice used,
				   struct tacit_error *err)
{
	struct tacit_slice want = request->key_id;
	const char *shown = (const char *)used.ptr;
	bool is_alias = false;

	for (size_t i = 0; i + 6 <= want.len; i++)
		is_alias |= memcmp(want.ptr + i, "alias/", 6) == 0;
	if (want.len == 0 || is_alias)
		return TACIT_OK;
	if (used.len >= want.len &&
	    memcmp(used.ptr + used.len - want.len, want.ptr, want.len) == 0 &&
	    (used.len == want.len || used.ptr[used.len - want.len - 1] == '/'))
		return TACIT_OK;
	return tacit_fail(err, TACIT_BINDING, WHERE, 0, "it used another key than asked: %.*s",
			  (int)used.len, shown ? shown : "");
}

enum tacit_status tacit_kms_check_sealed(const struct tacit_kms_fields *fields,
					 struct tacit_error *err)
{
	if (fields->has_plaintext)
		return tacit_fail(err, TACIT_BINDING, WHERE, 0,
				  "it answers in plaintext: it took no notice of the document");
	return TACIT_OK;
}

static enum tacit_status open_fields(struct tacit_kms *kms, const struct tacit_kms_fields *f,
				     struct tacit_arena *arena, struct tacit_slice *ret,
				     struct tacit_error *err)
{
	struct tacit_mut room;
	enum tacit_status st = tacit_kms_check_sealed(f, err);

	if (st != TACIT_OK)
		return st;
	if (f->recipient.len == 0)
		return tacit_fail(err, TACIT_BINDING, WHERE, 0,
				  "its answer has no CiphertextForRecipient");
	room = tacit_mut_of(tacit_arena_alloc(arena, f->recipient.len), f->recipient.len);
	if (!room.ptr)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the answer");
	return tacit_recipient_open(kms->options.recipient, f->recipient, room, ret, err);
}

enum tacit_status tacit_kms_open(struct tacit_kms *kms, struct tacit_slice body,
				 struct tacit_arena *arena, struct tacit_slice *ret,
				 struct tacit_error *err)
{
	struct tacit_kms_fields f = { 0 };
	enum tacit_status st = tacit_kms_json_parse(body, arena, &f, err);

	return st == TACIT_OK ? open_fields(kms, &f, arena, ret, err) : st;
}

static enum tacit_status read_answer(struct tacit_kms *kms, const struct tacit_kms_request *request,
				     struct tacit_slice body, struct tacit_arena *arena,
				     struct tacit_kms_answer *ret, struct tacit_error *err)
{
	struct tacit_kms_fields f = { 0 };
	struct tacit_slice plain = { NULL, 0 };
	enum tacit_status st = tacit_kms_json_parse(body, arena, &f, err);

	if (st == TACIT_OK && tacit_kms_json_secret(request->operation)[0])
		st = open_fields(kms, &f, arena, &plain, err);
	if (st == TACIT_OK)
		st = check_key(request, f.key_id, err);
	if (st != TACIT_OK)
		return st;
	*ret = (struct tacit_kms_answer){ .plain = plain,
					  .ciphertext = f.ciphertext,
					  .public_key = f.public_key,
					  .key_id = f.key_id,
					  .spec = f.spec,
					  .algorithm = f.algorithm,
					  .origin = f.origin };
	return TACIT_OK;
}

/* The request's JSON, with a fresh document where there is a secret to seal. */
static enum tacit_status write_request(struct tacit_kms *kms,
				       const struct tacit_kms_request *request,
				       struct tacit_arena *arena, struct tacit_slice *ret,
				       struct tacit_error *err)
{
	struct tacit_mut document = { NULL, 0 };
	struct tacit_mut body =
		tacit_mut_of(tacit_arena_alloc(arena, TACIT_KMS_BODY_MAX), TACIT_KMS_BODY_MAX);
	struct tacit_slice evidence = { NULL, 0 };
	enum tacit_status st = TACIT_OK;

	document = tacit_mut_of(tacit_arena_alloc(arena, TACIT_ATTEST_ROOM), TACIT_ATTEST_ROOM);
	if (!body.ptr || !document.ptr)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the request");
	if (tacit_kms_json_secret(request->operation)[0])
		st = tacit_kms_document(kms, request->nonce, request->user_data, document,
					&evidence, err);
	if (st == TACIT_OK)
		st = tacit_kms_json_write(request, evidence, body, ret, err);
	return st;
}

enum tacit_status tacit_kms_call(struct tacit_kms *kms, const struct tacit_kms_request *request,
				 struct tacit_arena *arena, struct tacit_kms_answer *ret,
				 struct tacit_error *err)
{
	char target[64];
	struct tacit_kms_message message = { .region = tacit_kms_region(request->key_id) };
	struct tacit_slice body = { NULL, 0 };
	unsigned status = 0;
	enum tacit_status st = tacit_kms_json_check(request, err);

	if (st == TACIT_OK)
		st = write_request(kms, request, arena, &message.body, err);
	if (st != TACIT_OK)
		return st;
	snprintf(target, sizeof(target), TARGET "%s", tacit_kms_json_name(request->operation));
	message.target = tacit_slice_str(target);
	st = tacit_kms_exchange(kms, &message, arena, &status, &body, err);
	if (st != TACIT_OK)
		return st;
	if (status != 200) {
		/* Out of our copy: another thread may be asking by now. */
		struct tacit_kms_refusal refusal;

		tacit_kms_json_refusal(body, status, &refusal);
		return refuse(&refusal, err);
	}
	return read_answer(kms, request, body, arena, ret, err);
}
