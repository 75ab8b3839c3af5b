/* SPDX-License-Identifier: Apache-2.0 */

/* X25519 recipients and identities [AGE v1, X25519 recipient stanza]. */

#include <stdlib.h>

#include "base/arena.h"
#include "codec/bech32.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "release/kinds.h"

#define WHERE   "age.x25519"
#define LABEL   "age-encryption.org/v1/X25519"
#define PUBLIC  "age"
#define SECRET  "age-secret-key-"
#define KEY_LEN 32

struct x25519 {
	struct tacit_key *key; /* NULL for a recipient of whom only the public part is known */
	uint8_t public[KEY_LEN];
};

static void close_key(void *self)
{
	struct x25519 *x = self;

	if (x)
		tacit_key_free(x->key);
	free(x);
}

/* An identity knows its recipient. */
static enum tacit_status take_secret(struct x25519 *x, const uint8_t *secret,
				     struct tacit_error *err)
{
	uint8_t public[TACIT_PUBLIC_MAX];
	size_t len = 0;
	enum tacit_status st =
		tacit_key_private(TACIT_X25519, tacit_slice_of(secret, KEY_LEN), &x->key, err);

	if (st == TACIT_OK)
		st = tacit_key_export_public(x->key, public, &len, err);
	if (st == TACIT_OK)
		memcpy(x->public, public, KEY_LEN);
	return st;
}

static bool is_secret(struct tacit_slice line)
{
	return line.len > 4 && (line.ptr[3] == '-');
}

static enum tacit_status read_line(struct tacit_slice line, struct x25519 *x,
				   struct tacit_error *err)
{
	uint8_t bytes[TACIT_BECH32_BYTES];
	size_t len = 0;
	bool secret = is_secret(line);
	enum tacit_status st =
		tacit_bech32_decode(line, secret ? SECRET : PUBLIC, bytes, &len, err);

	if (st == TACIT_OK && len != KEY_LEN)
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a key of %zu bytes, not 32", len);
	if (st == TACIT_OK && secret)
		st = take_secret(x, bytes, err);
	else if (st == TACIT_OK)
		memcpy(x->public, bytes, KEY_LEN);
	tacit_wipe(bytes, sizeof(bytes));
	return st;
}

enum tacit_status tacit_kind_x25519_line(struct tacit_slice line, void **ret_self,
					 struct tacit_error *err)
{
	struct x25519 *x = calloc(1, sizeof(*x));
	enum tacit_status st =
		x ? read_line(line, x, err) : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");

	if (st == TACIT_OK)
		*ret_self = x;
	else
		close_key(x);
	return st;
}

static enum tacit_status open_text(struct tacit_slice text, bool for_wrap, void *env,
				   void **ret_self, struct tacit_error *err)
{
	char line[TACIT_BECH32_MAX] = PUBLIC "1";
	size_t at = sizeof(PUBLIC "1") - 1;

	(void)env;
	if (!for_wrap)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "a recipient opens nothing: name a file with the identity");
	if (text.len > sizeof(line) - at)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a recipient that is too long");
	memcpy(line + at, text.ptr, text.len);
	return tacit_kind_x25519_line(tacit_slice_of(line, at + text.len), ret_self, err);
}

/* HKDF of the shared secret, salted with both public keys. */
static enum tacit_status make_key(const struct tacit_key *own, struct tacit_slice peer,
				  struct tacit_slice share, struct tacit_slice recipient,
				  uint8_t ret[static TACIT_SHA256_LEN])
{
	uint8_t salt[2 * KEY_LEN], prk[TACIT_SHA256_LEN];
	struct tacit_secret shared = { 0 };
	enum tacit_status st = tacit_key_agree(own, peer, &shared, NULL);

	memcpy(salt, share.ptr, KEY_LEN);
	memcpy(salt + KEY_LEN, recipient.ptr, KEY_LEN);
	if (st == TACIT_OK)
		st = tacit_hkdf_extract(TACIT_SHA256, TACIT_SLICE_ARRAY(salt),
					tacit_secret_view(&shared), prk, NULL);
	if (st == TACIT_OK)
		st = tacit_hkdf_expand(TACIT_SHA256, TACIT_SLICE_ARRAY(prk), tacit_slice_str(LABEL),
				       tacit_mut_of(ret, TACIT_SHA256_LEN), NULL);
	tacit_secret_done(&shared);
	tacit_wipe(prk, sizeof(prk));
	return st;
}

static enum tacit_status wrap_under(const struct x25519 *x, const struct tacit_key *ephemeral,
				    const uint8_t *file_key, struct tacit_arena *arena,
				    struct tacit_age_stanza *ret, struct tacit_error *err)
{
	uint8_t share[TACIT_PUBLIC_MAX], key[TACIT_SHA256_LEN];
	size_t len = 0;
	enum tacit_status st = tacit_key_export_public(ephemeral, share, &len, err);

	if (st != TACIT_OK)
		return st;
	ret->args[1] = tacit_kind_argument(arena, tacit_slice_of(share, KEY_LEN));
	ret->arg_count = 2;
	if (!ret->args[1].ptr)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for a stanza");
	if (make_key(ephemeral, TACIT_SLICE_ARRAY(x->public), tacit_slice_of(share, KEY_LEN),
		     TACIT_SLICE_ARRAY(x->public), key) != TACIT_OK)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the recipient is no usable key");
	st = tacit_kind_seal_key(TACIT_SLICE_ARRAY(key), file_key, arena, &ret->body, err);
	tacit_wipe(key, sizeof(key));
	return st;
}

static enum tacit_status wrap(void *self, const struct tacit_key_use *use,
			      const uint8_t file_key[static TACIT_AGE_FILE_KEY],
			      struct tacit_arena *arena, struct tacit_age_stanza *ret,
			      struct tacit_error *err)
{
	struct tacit_key *ephemeral = NULL;
	enum tacit_status st = tacit_key_generate(TACIT_X25519, &ephemeral, err);

	(void)use;
	if (st == TACIT_OK)
		st = wrap_under(self, ephemeral, file_key, arena, ret, err);
	tacit_key_free(ephemeral);
	return st;
}

static enum tacit_status unwrap(void *self, const struct tacit_key_use *use,
				const struct tacit_age_stanza *stanza,
				uint8_t ret_file_key[static TACIT_AGE_FILE_KEY],
				struct tacit_error *err)
{
	const struct x25519 *x = self;
	uint8_t share[KEY_LEN], key[TACIT_SHA256_LEN];
	size_t len = 0;

	(void)use;
	if (!x->key)
		return tacit_fail(err, TACIT_DENIED, WHERE, 0, "a recipient opens nothing");
	if (stanza->arg_count != 2)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a stanza with %zu arguments",
				  stanza->arg_count);
	if (!tacit_age_base64(stanza->args[1], tacit_mut_of(share, sizeof(share)), &len) ||
	    len != sizeof(share))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a share that is not 32 bytes");
	if (make_key(x->key, TACIT_SLICE_ARRAY(share), TACIT_SLICE_ARRAY(share),
		     TACIT_SLICE_ARRAY(x->public), key) != TACIT_OK)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a share that is no usable key");
	enum tacit_status st =
		tacit_kind_open_key(TACIT_SLICE_ARRAY(key), stanza->body, ret_file_key, err);
	tacit_wipe(key, sizeof(key));
	return st;
}

const struct tacit_recipient_kind tacit_kind_x25519 = {
	.prefix = "age1",
	.stanza = "X25519",
	.open = open_text,
	.close = close_key,
	.wrap = wrap,
	.unwrap = unwrap,
};
