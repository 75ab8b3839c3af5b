/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kms_onward.h"

#include "release/kms_inside.h"
#include "release/kms_pass.h"

static struct tacit_mut take_room(struct tacit_arena *arena, size_t size)
{
	uint8_t *room = tacit_arena_alloc(arena, size);

	return tacit_mut_of(room, room ? size : 0);
}

static enum tacit_status add_recipient(struct tacit_kms *kms, struct tacit_slice body,
				       struct tacit_arena *arena, struct tacit_slice *ret,
				       struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, document;
	struct tacit_mut evidence = take_room(arena, TACIT_ATTEST_ROOM);
	enum tacit_status st = tacit_kms_document(kms, none, none, evidence, &document, err);

	return st == TACIT_OK
		       ? tacit_kms_pass_request(body, document,
						take_room(arena, TACIT_KMS_BODY_MAX), ret, err)
		       : st;
}

static enum tacit_status open_answer(struct tacit_kms *kms, const struct tacit_kms_pass *pass,
				     struct tacit_arena *arena, struct tacit_slice *body,
				     struct tacit_error *err)
{
	struct tacit_slice plain = { NULL, 0 };
	enum tacit_status st = tacit_kms_open(kms, *body, arena, &plain, err);

	return st == TACIT_OK
		       ? tacit_kms_pass_answer(pass->operation, *body, plain,
					       take_room(arena, TACIT_KMS_BODY_MAX), body, err)
		       : st;
}

/* One that is for the SDK to open, whose Recipient KMS may have taken no notice of. */
static enum tacit_status check_sealed(struct tacit_slice body, struct tacit_arena *arena,
				      struct tacit_error *err)
{
	struct tacit_kms_fields fields = { 0 };
	enum tacit_status st = tacit_kms_json_parse(body, arena, &fields, err);

	return st == TACIT_OK ? tacit_kms_check_sealed(&fields, err) : st;
}

enum tacit_status tacit_kms_onward(struct tacit_kms *kms, const struct tacit_kms_message *message,
				   struct tacit_arena *arena, unsigned *ret_status,
				   struct tacit_slice *ret_body, struct tacit_error *err)
{
	struct tacit_kms_message onward = *message;
	struct tacit_kms_pass pass;
	struct tacit_slice body = { NULL, 0 };
	unsigned status = 0;
	enum tacit_status st =
		tacit_kms_pass_look(message->target, message->body, arena, &pass, err);

	if (st == TACIT_OK && tacit_kms_region(pass.key_id).len)
		onward.region = tacit_kms_region(pass.key_id);
	if (st == TACIT_OK && pass.opens)
		st = add_recipient(kms, message->body, arena, &onward.body, err);
	if (st == TACIT_OK)
		st = tacit_kms_exchange(kms, &onward, arena, &status, &body, err);
	if (st == TACIT_OK && status == 200 && pass.opens)
		st = open_answer(kms, &pass, arena, &body, err);
	else if (st == TACIT_OK && status == 200 && pass.secret)
		st = check_sealed(body, arena, err);
	if (st != TACIT_OK)
		return st;
	*ret_status = status;
	*ret_body = body;
	return TACIT_OK;
}
