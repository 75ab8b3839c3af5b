/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kind_aws_kms.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/hex.h"

#define WHERE   "aws-kms"
#define ARN_MAX TACIT_KIND_KMS_TEXT

void tacit_kind_kms_close(void *self)
{
	free(self);
}

static enum tacit_status open_text(struct tacit_slice text, bool for_wrap, void *env,
				   void **ret_self, struct tacit_error *err)
{
	const struct tacit_kind_aws_kms_env *from = env;
	struct tacit_kms *kms = NULL;
	struct tacit_kind_kms *self;
	enum tacit_status st;

	/* An alias could be made to mean another key. */
	if (text.len > ARN_MAX || !tacit_kms_is_key_arn(text))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "not the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID");
	if (!from)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "there is no way to KMS here");
	st = from->client(from->user, for_wrap, &kms, err);
	if (st != TACIT_OK)
		return st;
	self = calloc(1, sizeof(*self));
	if (!self)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	self->kms = kms;
	memcpy(self->text, text.ptr, text.len);
	memcpy(self->key_id, text.ptr, text.len);
	*ret_self = self;
	return TACIT_OK;
}

/* ---- what binds a file key ------------------------------------------------------------------ */

#define HEX_MAX 128

struct context {
	struct tacit_kms_pair pairs[4];
	size_t count;
	char manifest[HEX_MAX + 1], policy[HEX_MAX + 1];
};

static void add_pair(struct context *c, const char *name, struct tacit_slice value)
{
	c->pairs[c->count].name = tacit_slice_str(name);
	c->pairs[c->count++].value = value;
}

/* Without all that says which key it is, no key is asked for. */
static enum tacit_status make_context(const struct tacit_key_use *use, struct context *c,
				      struct tacit_error *err)
{
	if (use->model_id.len == 0 || use->manifest.len == 0 || use->file.len == 0 ||
	    use->manifest.len > HEX_MAX / 2 || use->policy.len > HEX_MAX / 2)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "a key of KMS wraps nothing but keys of files of a model");
	c->count = 0;
	tacit_hex_encode(use->manifest, c->manifest);
	tacit_hex_encode(use->policy, c->policy);
	add_pair(c, "tacit-model", use->model_id);
	add_pair(c, "tacit-manifest", tacit_slice_str(c->manifest));
	add_pair(c, "tacit-file", use->file);
	if (use->policy.len)
		add_pair(c, "tacit-policy", tacit_slice_str(c->policy));
	return TACIT_OK;
}

/* ---- KMS ------------------------------------------------------------------------------------ */

/*
 * A refusal of KMS ends the opening, with its words; to the keyring TACIT_DENIED means that a
 * stanza is another's.
 */
static enum tacit_status ask(const struct tacit_kind_kms *self, struct tacit_kms_request *request,
			     struct tacit_arena *arena, struct tacit_kms_answer *ret,
			     struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	enum tacit_status st;

	request->key_id = tacit_slice_str(self->key_id);
	st = tacit_kms_call(self->kms, request, arena, ret, &why);
	if (st == TACIT_OK)
		return TACIT_OK;
	return tacit_fail(err, st == TACIT_DENIED ? TACIT_POLICY : st, why.where, why.offset, "%s",
			  why.detail);
}

static bool arena_new(struct tacit_arena *arena)
{
	void *room = malloc(TACIT_KMS_ARENA);

	tacit_arena_init(arena, room, room ? TACIT_KMS_ARENA : 0);
	return room != NULL;
}

static void arena_done(struct tacit_arena *arena)
{
	if (arena->base)
		tacit_arena_wipe(arena);
	free(arena->base);
}

static enum tacit_status wrap_with(const struct tacit_kind_kms *self,
				   struct tacit_kms_request *request, struct tacit_arena *work,
				   struct tacit_arena *arena, struct tacit_age_stanza *ret,
				   struct tacit_error *err)
{
	struct tacit_slice text = tacit_slice_str(self->text);
	struct tacit_kms_answer answer;
	enum tacit_status st = ask(self, request, work, &answer, err);

	if (st != TACIT_OK)
		return st;
	if (answer.ciphertext.len == 0)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "its answer has no ciphertext");
	ret->arg_count = 2;
	ret->args[1] = tacit_slice_of(tacit_arena_copy(arena, text), text.len);
	ret->body =
		tacit_slice_of(tacit_arena_copy(arena, answer.ciphertext), answer.ciphertext.len);
	if (!ret->args[1].ptr || !ret->body.ptr)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for a stanza");
	return TACIT_OK;
}

enum tacit_status tacit_kind_kms_wrap(void *self, const struct tacit_key_use *use,
				      const uint8_t file_key[static TACIT_AGE_FILE_KEY],
				      struct tacit_arena *arena, struct tacit_age_stanza *ret,
				      struct tacit_error *err)
{
	struct context context;
	struct tacit_arena work;
	enum tacit_status st = make_context(use, &context, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_kms_request request = {
		.operation = TACIT_KMS_ENCRYPT,
		.plaintext = tacit_slice_of(file_key, TACIT_AGE_FILE_KEY),
		.context = context.pairs,
		.context_count = context.count,
	};

	st = arena_new(&work) ? wrap_with(self, &request, &work, arena, ret, err)
			      : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	arena_done(&work);
	return st;
}

static enum tacit_status unwrap_with(const struct tacit_kind_kms *self,
				     struct tacit_kms_request *request, struct tacit_arena *work,
				     uint8_t ret_file_key[static TACIT_AGE_FILE_KEY],
				     struct tacit_error *err)
{
	struct tacit_kms_answer answer;
	enum tacit_status st = ask(self, request, work, &answer, err);

	if (st != TACIT_OK)
		return st;
	if (answer.plain.len != TACIT_AGE_FILE_KEY)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a file key of %zu bytes, not %d",
				  answer.plain.len, TACIT_AGE_FILE_KEY);
	memcpy(ret_file_key, answer.plain.ptr, TACIT_AGE_FILE_KEY);
	return TACIT_OK;
}

enum tacit_status tacit_kind_kms_unwrap(void *self, const struct tacit_key_use *use,
					const struct tacit_age_stanza *stanza,
					uint8_t ret_file_key[static TACIT_AGE_FILE_KEY],
					struct tacit_error *err)
{
	const struct tacit_kind_kms *own = self;
	struct context context;
	struct tacit_arena work;
	enum tacit_status st = make_context(use, &context, err);

	if (st != TACIT_OK)
		return st;
	if (stanza->arg_count != 2)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a stanza with %zu arguments",
				  stanza->arg_count);
	if (!tacit_slice_eq(stanza->args[1], tacit_slice_str(own->text)))
		return tacit_fail(err, TACIT_DENIED, WHERE, 0, "wrapped under another key of KMS");
	if (stanza->body.len == 0 || stanza->body.len > TACIT_KMS_CIPHER_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a wrapped key of %zu bytes",
				  stanza->body.len);
	struct tacit_kms_request request = { .operation = TACIT_KMS_DECRYPT,
					     .ciphertext = stanza->body,
					     .context = context.pairs,
					     .context_count = context.count };

	st = arena_new(&work) ? unwrap_with(own, &request, &work, ret_file_key, err)
			      : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	arena_done(&work);
	return st;
}

const struct tacit_recipient_kind tacit_kind_aws_kms = {
	.prefix = TACIT_KIND_AWS_KMS_PREFIX,
	.stanza = TACIT_KIND_AWS_KMS_STANZA,
	.open = open_text,
	.close = tacit_kind_kms_close,
	.wrap = tacit_kind_kms_wrap,
	.unwrap = tacit_kind_kms_unwrap,
};
