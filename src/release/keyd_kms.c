/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_kms.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "release/keyd_blob.h"
#include "release/keyd_kms_inside.h"
#include "release/recipient.h"

#define ANSWER_ROOM     32768
#define MESSAGE_MAX     400
#define RECIPIENT_EXTRA 1024

/* ---- errors --------------------------------------------------------------------------------- */

void tacit_kms_refuse(struct tacit_keyd_answer *answer, const char *type, const char *message)
{
	char room[1024];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &w, -1, true };
	bool ours = strcmp(type, "KMSInternalException") == 0;
	struct tacit_slice body = tacit_slice_str("{}");

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "__type", type);
	tacit_json_out_text(&j, "message", message);
	tacit_json_out_close(&j, '}');
	if (wr_finish(&w, "kms", &body, NULL) != TACIT_OK)
		body = tacit_slice_str("{\"__type\":\"KMSInternalException\"}");
	tacit_keyd_answer_body(answer, ours ? 500 : 400, TACIT_KMS_TYPE, body);
}

bool tacit_kms_fail(struct tacit_kms_work *work, const char *type, const char *fmt, ...)
{
	char message[MESSAGE_MAX], reason[TACIT_KEYD_REASON_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	snprintf(reason, sizeof(reason), "%s: %.*s", type, (int)sizeof(reason) - 40, message);
	tacit_keyd_answer_refuse(work->answer, reason);
	tacit_kms_refuse(work->answer, type, message);
	return false;
}

bool tacit_kms_broken(struct tacit_kms_work *work, const struct tacit_error *err)
{
	return tacit_kms_fail(work, "KMSInternalException", "%s", err->detail);
}

/* ---- writing -------------------------------------------------------------------------------- */

bool tacit_kms_room(struct tacit_kms_work *work, size_t len, struct tacit_mut *ret)
{
	uint8_t *room = tacit_arena_alloc(&work->desk->arena, len ? len : 1);

	if (!room)
		return tacit_kms_fail(work, "KMSInternalException", "the request is too large");
	*ret = tacit_mut_of(room, len);
	return true;
}

bool tacit_kms_put_base64(struct tacit_kms_work *work, const char *name, struct tacit_slice bytes)
{
	struct tacit_mut room = { 0 };

	if (!tacit_kms_room(work, tacit_base64_size(TACIT_BASE64, bytes.len) + 1, &room))
		return false;
	tacit_base64_encode(TACIT_BASE64, bytes, (char *)room.ptr);
	tacit_json_out_text(&work->json, name, (const char *)room.ptr);
	return true;
}

bool tacit_kms_put_secret(struct tacit_kms_work *work, const char *name, struct tacit_slice secret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice sealed;
	struct tacit_mut room = { 0 };

	if (!work->claims)
		return tacit_kms_put_base64(work, name, secret);
	if (!tacit_kms_room(work, secret.len + RECIPIENT_EXTRA, &room))
		return false;
	if (tacit_recipient_seal(work->claims->public_key, secret, true, room, &sealed, &err) !=
	    TACIT_OK)
		return tacit_kms_fail(work, "ValidationException",
				      "the attestation document's public key cannot be used: %s",
				      err.detail);
	return tacit_kms_put_base64(work, "CiphertextForRecipient", sealed);
}

/* ---- steps before the operation ------------------------------------------------------------- */

/* What a KeyId names: an id, an alias, or the ARN of either. Ours alone, when it is an ARN. */
static bool strip_arn(const struct tacit_kms_work *work, struct tacit_slice key_id,
		      struct tacit_slice *ret)
{
	static const char KEY[] = "key/", ALIAS[] = "alias/";
	const struct tacit_keyd_config *config = work->desk->config;
	char prefix[TACIT_KMS_ARN_MAX];
	size_t len = (size_t)snprintf(prefix, sizeof(prefix), "arn:aws:kms:%s:%s:", config->region,
				      config->account);
	bool arn = key_id.len > 4 && memcmp(key_id.ptr, "arn:", 4) == 0;

	if (arn && (len >= key_id.len || memcmp(key_id.ptr, prefix, len) != 0))
		return false;
	if (arn)
		key_id = tacit_slice_of(key_id.ptr + len, key_id.len - len);
	if (arn && key_id.len > sizeof(KEY) - 1 && memcmp(key_id.ptr, KEY, sizeof(KEY) - 1) == 0)
		key_id = tacit_slice_of(key_id.ptr + sizeof(KEY) - 1,
					key_id.len - (sizeof(KEY) - 1));
	else if (key_id.len > sizeof(ALIAS) - 1 &&
		 memcmp(key_id.ptr, ALIAS, sizeof(ALIAS) - 1) == 0)
		key_id = tacit_slice_of(key_id.ptr + sizeof(ALIAS) - 1,
					key_id.len - (sizeof(ALIAS) - 1));
	*ret = key_id;
	return true;
}

static bool look_up(struct tacit_kms_work *work, struct tacit_slice name,
		    struct tacit_keyd_key *ret, bool *ret_found)
{
	struct tacit_error err = { 0 };
	bool found = false;

	if (tacit_keyd_key_find(work->desk->store, name, &work->desk->arena, ret, &found, &err) !=
	    TACIT_OK)
		return tacit_kms_broken(work, &err);
	*ret_found = found && tacit_kms_spec_find(ret->spec) != NULL;
	return true;
}

/* For Decrypt the ciphertext names the key; a KeyId beside it must name the same one. */
static bool find_blob_key(struct tacit_kms_work *work)
{
	struct tacit_keyd_blob blob;
	struct tacit_keyd_key named;
	struct tacit_slice name;
	bool found = false;

	if (tacit_keyd_blob_parse(work->request.ciphertext, &blob, NULL) != TACIT_OK)
		return tacit_kms_fail(work, "InvalidCiphertextException",
				      "the ciphertext is none of this broker");
	if (!look_up(work, blob.id, &work->key, &found))
		return false;
	if (!found || !tacit_slice_eq(work->key.id, blob.id))
		return tacit_kms_fail(work, "InvalidCiphertextException",
				      "the ciphertext is of no key of this broker");
	if (!work->request.key_id.ptr)
		return true;
	if (!strip_arn(work, work->request.key_id, &name))
		return tacit_kms_fail(work, "NotFoundException", "that key is not of this broker");
	if (!look_up(work, name, &named, &found))
		return false;
	if (!found || !tacit_slice_eq(named.id, work->key.id))
		return tacit_kms_fail(work, "IncorrectKeyException",
				      "the ciphertext is of another key than KeyId names");
	return true;
}

static bool find_named_key(struct tacit_kms_work *work)
{
	struct tacit_slice name;
	bool found = false;
	char shown[80];

	if (strip_arn(work, work->request.key_id, &name) &&
	    !look_up(work, name, &work->key, &found))
		return false;
	if (!found)
		return tacit_kms_fail(work, "NotFoundException", "there is no key '%s'",
				      tacit_escape(shown, sizeof(shown), work->request.key_id));
	return true;
}

static bool find_key(struct tacit_kms_work *work)
{
	const struct tacit_keyd_config *config = work->desk->config;
	bool found =
		work->request.op == TACIT_KMS_DECRYPT ? find_blob_key(work) : find_named_key(work);

	if (!found)
		return false;
	snprintf(work->key_arn, sizeof(work->key_arn), "arn:aws:kms:%s:%s:key/%.*s", config->region,
		 config->account, (int)work->key.id.len, (const char *)work->key.id.ptr);
	tacit_keyd_answer_key(work->answer, work->key.id, work->key.version);
	return true;
}

/* Which of AWS's errors says it: what is no document of a TEE, or one that is not trusted. */
static const char *evidence_error(enum tacit_status st)
{
	static const enum tacit_status NO_DOCUMENT[] = { TACIT_FORMAT, TACIT_LIMIT, TACIT_SIGNATURE,
							 TACIT_CHAIN, TACIT_UNSUPPORTED };
	static const enum tacit_status OURS[] = { TACIT_NOMEM, TACIT_INTERNAL, TACIT_IO };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NO_DOCUMENT); i++)
		if (st == NO_DOCUMENT[i])
			return "ValidationException";
	for (size_t i = 0; i < TACIT_ARRAY_LEN(OURS); i++)
		if (st == OURS[i])
			return "KMSInternalException";
	return "AccessDeniedException";
}

static bool judge(struct tacit_kms_work *work)
{
	const struct tacit_keyd_evidence evidence = {
		.bytes = work->request.document,
		.appraisal = work->key.appraisal,
		.for_key = true,
	};
	struct tacit_error err = { 0 };

	if (!work->request.has_recipient)
		return true;
	enum tacit_status st =
		tacit_keyd_judge(work->desk, work->call->now, &evidence, work->answer,
				 &work->claims, &work->fresh_nonce, &err);
	if (st != TACIT_OK)
		return tacit_kms_fail(work, evidence_error(st),
				      "the attestation document is refused: %s: %s", err.where,
				      err.detail);
	if (!work->claims->public_key.len)
		return tacit_kms_fail(work, "ValidationException",
				      "the attestation document carries no public key");
	return true;
}

/* ---- may it --------------------------------------------------------------------------------- */

static bool is_admin(const struct tacit_kms_work *work)
{
	return work->call->credential->admin;
}

static bool may_administer(struct tacit_kms_work *work)
{
	if (is_admin(work))
		return true;
	return tacit_kms_fail(work, "AccessDeniedException",
			      "User: %s is not authorized to perform: kms:%s", work->principal,
			      tacit_kms_op_name(work->request.op));
}

/* AWS's sentence for the caller, and the reason alone for the log. */
static bool deny(struct tacit_kms_work *work, const char *action, const char *why)
{
	char reason[TACIT_KEYD_REASON_MAX];

	(void)tacit_kms_fail(work, "AccessDeniedException",
			     "User: %s is not authorized to perform: %s on resource: %s (%s)",
			     work->principal, action, work->key_arn, why);
	snprintf(reason, sizeof(reason), "AccessDeniedException: %s", why);
	tacit_keyd_answer_refuse(work->answer, reason);
	return false;
}

static bool may_use(struct tacit_kms_work *work)
{
	char action[64];
	const struct tacit_keyd_ask ask = {
		.action = action,
		.principal = tacit_slice_str(work->principal),
		.resource = tacit_slice_str(work->key_arn),
		.account = tacit_slice_str(work->desk->config->account),
		.claims = work->claims,
		.fresh_nonce = work->fresh_nonce,
		.context = work->request.context,
		.context_count = work->request.context_count,
		.now = work->call->now,
	};
	struct tacit_error err = { 0 };
	enum tacit_status st = TACIT_POLICY;

	snprintf(action, sizeof(action), "kms:%s", tacit_kms_op_name(work->request.op));
	if (!work->key.policy.ptr)
		(void)tacit_fail(&err, st, "keyd.policy", 0, "the key has no policy");
	else
		st = tacit_keyd_policy_allows(work->key.policy, &ask, &err);
	if (st != TACIT_OK)
		return deny(work, action, err.detail);
	if (!work->key.enabled)
		return tacit_kms_fail(work, "DisabledException", "%s is disabled.", work->key_arn);
	if (work->request.dry_run)
		return tacit_kms_fail(work, "DryRunOperationException",
				      "The request would have succeeded, but the DryRun option is "
				      "set.");
	return true;
}

/* Who created it, and who may use it, may see it. */
static bool may_look(struct tacit_kms_work *work)
{
	return is_admin(work) || may_use(work);
}

static bool may_all(struct tacit_kms_work *work)
{
	(void)work;
	return true;
}

static const struct row {
	bool about_key, logged;
	tacit_kms_step may, run;
} ROWS[TACIT_KMS_OPS] = {
	[TACIT_KMS_DECRYPT] = { true, true, may_use, tacit_kms_decrypt },
	[TACIT_KMS_ENCRYPT] = { true, true, may_use, tacit_kms_encrypt },
	[TACIT_KMS_DATA_KEY] = { true, true, may_use, tacit_kms_data_key },
	[TACIT_KMS_PAIR] = { true, true, may_use, tacit_kms_pair },
	[TACIT_KMS_RANDOM] = { false, true, may_all, tacit_kms_random },
	[TACIT_KMS_DERIVE] = { true, true, may_use, tacit_kms_derive },
	[TACIT_KMS_PUBLIC_KEY] = { true, false, may_look, tacit_kms_public_key },
	[TACIT_KMS_CREATE] = { false, false, may_administer, tacit_kms_create },
	[TACIT_KMS_DESCRIBE] = { true, false, may_look, tacit_kms_describe },
	[TACIT_KMS_LIST] = { false, false, may_administer, tacit_kms_list },
};

static bool parse(struct tacit_kms_work *work)
{
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_kms_request_parse(work->call->target, work->call->body,
						       &work->desk->arena, &work->request, &err);

	if (st == TACIT_OK)
		return true;
	return tacit_kms_fail(work,
			      st == TACIT_UNSUPPORTED ? "UnknownOperationException"
			      : st == TACIT_FORMAT    ? "SerializationException"
						      : "ValidationException",
			      "%s", err.detail);
}

static bool begin(struct tacit_kms_work *work)
{
	struct tacit_mut room = { 0 };

	if (!tacit_kms_room(work, ANSWER_ROOM, &room))
		return false;
	work->out = wr_of(room);
	work->json = (struct tacit_json_out){ &work->out, -1, true };
	tacit_json_out_open(&work->json, NULL, '{');
	return true;
}

static bool finish(struct tacit_kms_work *work)
{
	struct tacit_error err = { 0 };
	struct tacit_slice body;

	tacit_json_out_close(&work->json, '}');
	if (wr_finish(&work->out, "kms", &body, &err) != TACIT_OK)
		return tacit_kms_broken(work, &err);
	tacit_keyd_answer_body(work->answer, 200, TACIT_KMS_TYPE, body);
	return true;
}

static bool run(struct tacit_kms_work *work)
{
	const struct row *row = &ROWS[work->request.op];

	work->answer->logged = row->logged;
	work->answer->release.entry.op = tacit_slice_str(tacit_kms_op_name(work->request.op));
	return (!row->about_key || find_key(work)) && judge(work) && row->may(work) &&
	       begin(work) && row->run(work) && finish(work);
}

void tacit_kms_answer(struct tacit_keyd_desk *desk, const struct tacit_kms_call *call,
		      struct tacit_keyd_answer *answer)
{
	struct tacit_kms_work work = { .desk = desk, .call = call, .answer = answer };

	snprintf(work.principal, sizeof(work.principal), "arn:aws:iam::%s:user/%s",
		 desk->config->account, call->credential->name);
	tacit_keyd_answer_log(answer, desk, call->now, tacit_slice_str(call->credential->name),
			      "unknown");
	/* What could not be read asks for nothing that would be logged. */
	answer->logged = false;
	if (parse(&work))
		(void)run(&work);
	tacit_arena_wipe(&desk->arena);
}
