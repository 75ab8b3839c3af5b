/* SPDX-License-Identifier: Apache-2.0 */
#include "release/recipient.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/secret.h"
#include "crypto/cbc.h"
#include "crypto/hash.h"
#include "crypto/oaep.h"
#include "crypto/random.h"

#define WHERE "recipient"

struct tacit_recipient {
	unsigned bits;
	pthread_t maker;
	pthread_mutex_t lock; /* over what follows */
	bool making;          /* the thread has not been joined */
	enum tacit_status status;
	struct tacit_error err; /* why there is no key */
	struct tacit_oaep_key *key;
	uint8_t id[TACIT_CMS_KEY_ID]; /* SHA-256 of its SubjectPublicKeyInfo */
};

static void *make_key(void *user)
{
	struct tacit_recipient *r = user;

	r->status = tacit_oaep_generate(r->bits, &r->key, &r->err);
	if (r->status == TACIT_OK)
		r->status = tacit_hash(TACIT_SHA256, tacit_oaep_spki(r->key), r->id, &r->err);
	return NULL;
}

enum tacit_status tacit_recipient_new(unsigned bits, struct tacit_recipient **ret,
				      struct tacit_error *err)
{
	if (bits != 2048 && bits != 3072 && bits != 4096)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "an RSA key for KMS has 2048, 3072 or 4096 bits, not %u", bits);
	struct tacit_recipient *r = calloc(1, sizeof(*r));

	if (!r)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	r->bits = bits;
	(void)pthread_mutex_init(&r->lock, NULL);
	r->making = pthread_create(&r->maker, NULL, make_key, r) == 0;
	if (!r->making)
		make_key(r); /* without a thread to spare it takes its time now */
	*ret = r;
	return TACIT_OK;
}

enum tacit_status tacit_recipient_with(struct tacit_oaep_key *key, struct tacit_recipient **ret,
				       struct tacit_error *err)
{
	struct tacit_recipient *r = calloc(1, sizeof(*r));
	enum tacit_status st = TACIT_NOMEM;

	if (!r) {
		tacit_oaep_free(key);
		return tacit_fail(err, st, WHERE, 0, "out of memory");
	}
	(void)pthread_mutex_init(&r->lock, NULL);
	r->key = key;
	st = tacit_hash(TACIT_SHA256, tacit_oaep_spki(key), r->id, err);
	if (st == TACIT_OK)
		*ret = r;
	else
		tacit_recipient_free(r);
	return st;
}

/* After this the key and its id change no more. */
static void await_key(struct tacit_recipient *r)
{
	pthread_mutex_lock(&r->lock);
	if (r->making)
		(void)pthread_join(r->maker, NULL);
	r->making = false;
	pthread_mutex_unlock(&r->lock);
}

static enum tacit_status get_key(struct tacit_recipient *r, struct tacit_error *err)
{
	await_key(r);
	if (r->status == TACIT_OK)
		return TACIT_OK;
	return tacit_fail(err, r->status, r->err.where, 0, "%s", r->err.detail);
}

enum tacit_status tacit_recipient_spki(struct tacit_recipient *recipient, struct tacit_slice *ret,
				       struct tacit_error *err)
{
	enum tacit_status st = get_key(recipient, err);

	if (st == TACIT_OK)
		*ret = tacit_oaep_spki(recipient->key);
	return st;
}

void tacit_recipient_free(struct tacit_recipient *recipient)
{
	if (!recipient)
		return;
	await_key(recipient);
	pthread_mutex_destroy(&recipient->lock);
	tacit_oaep_free(recipient->key);
	free(recipient);
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum tacit_status check_id(const struct tacit_recipient *r,
				  const struct tacit_cms_enveloped *cms, struct tacit_error *err)
{
	char got[2 * TACIT_CMS_KEY_ID + 1], own[2 * TACIT_CMS_KEY_ID + 1];

	if (tacit_slice_eq(cms->key_id, TACIT_SLICE_ARRAY(r->id)))
		return TACIT_OK;
	tacit_hex_encode(cms->key_id, got);
	tacit_hex_encode(TACIT_SLICE_ARRAY(r->id), own);
	return tacit_fail(err, TACIT_BINDING, WHERE, 0,
			  "sealed for the key %.16s..., ours is %.16s...", got, own);
}

/* `room` holds the ciphertext, in one piece, and then what was in it. */
static enum tacit_status open_content(const struct tacit_recipient *r,
				      const struct tacit_cms_enveloped *cms, struct tacit_mut room,
				      size_t *ret_len, struct tacit_error *err)
{
	uint8_t key[TACIT_CBC_KEY_LEN];
	struct tacit_slice content;
	enum tacit_status st =
		tacit_oaep_open(r->key, cms->wrapped_key, tacit_mut_of(key, sizeof(key)), err);

	if (st != TACIT_OK)
		return st;
	st = tacit_cms_content(cms, room, &content, err);
	if (st == TACIT_OK)
		st = tacit_cbc_open(TACIT_SLICE_ARRAY(key), cms->iv, content,
				    tacit_mut_of(room.ptr, content.len), ret_len, err);
	tacit_wipe(key, sizeof(key));
	return st;
}

enum tacit_status tacit_recipient_open(struct tacit_recipient *recipient, struct tacit_slice in,
				       struct tacit_mut room, struct tacit_slice *ret,
				       struct tacit_error *err)
{
	struct tacit_cms_enveloped cms;
	size_t len = 0;
	enum tacit_status st = get_key(recipient, err);

	if (st == TACIT_OK)
		st = tacit_cms_parse(in, &cms, err);
	if (st == TACIT_OK)
		st = check_id(recipient, &cms, err);
	if (st == TACIT_OK && room.len < cms.content_len)
		st = tacit_fail(err, TACIT_LIMIT, WHERE, 0, "room for %zu bytes, not %zu", room.len,
				cms.content_len);
	if (st == TACIT_OK)
		st = open_content(recipient, &cms, room, &len, err);
	if (st != TACIT_OK)
		tacit_wipe(room.ptr, room.len);
	else
		*ret = tacit_slice_of(room.ptr, len);
	return st;
}

/* ---- sealing -------------------------------------------------------------------------------- */

#define SEAL_MAX (TACIT_CMS_MAX - 1024) /* leaves room for all that is around it */

struct sealing {
	uint8_t key[TACIT_CBC_KEY_LEN];
	uint8_t iv[TACIT_CBC_BLOCK];
	uint8_t id[TACIT_CMS_KEY_ID];
	uint8_t wrapped[TACIT_OAEP_LEN_MAX];
	uint8_t content[SEAL_MAX + TACIT_CBC_BLOCK];
};

static enum tacit_status seal_under(const struct tacit_oaep_key *to, struct tacit_slice plain,
				    struct sealing *s, struct tacit_error *err)
{
	enum tacit_status st = tacit_random(tacit_mut_of(s->key, sizeof(s->key)), err);

	if (st == TACIT_OK)
		st = tacit_random(tacit_mut_of(s->iv, sizeof(s->iv)), err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, tacit_oaep_spki(to), s->id, err);
	if (st == TACIT_OK)
		st = tacit_oaep_seal(to, TACIT_SLICE_ARRAY(s->key), s->wrapped, err);
	if (st == TACIT_OK)
		st = tacit_cbc_seal(TACIT_SLICE_ARRAY(s->key), TACIT_SLICE_ARRAY(s->iv), plain,
				    tacit_mut_of(s->content, tacit_cbc_len(plain.len)), err);
	return st;
}

enum tacit_status tacit_recipient_seal(struct tacit_slice spki, struct tacit_slice plain,
				       bool in_pieces, struct tacit_mut room,
				       struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_oaep_key *to = NULL;
	struct sealing *s;
	enum tacit_status st;

	if (plain.len > SEAL_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %d", plain.len,
				  SEAL_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	st = tacit_oaep_public(spki, &to, err);
	if (st == TACIT_OK)
		st = seal_under(to, plain, s, err);
	if (st == TACIT_OK) {
		const struct tacit_cms_enveloped cms = {
			.key_id = TACIT_SLICE_ARRAY(s->id),
			.wrapped_key = tacit_slice_of(s->wrapped, tacit_oaep_len(to)),
			.iv = TACIT_SLICE_ARRAY(s->iv),
			.content = tacit_slice_of(s->content, tacit_cbc_len(plain.len)),
			.in_pieces = in_pieces,
		};

		st = tacit_cms_write(&cms, 0, room, ret, err);
	}
	tacit_oaep_free(to);
	tacit_wipe(s->key, sizeof(s->key));
	free(s);
	return st;
}
