/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_blob.h"

#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define WHERE    "keyd.blob"
#define MAGIC    "tkd1"
#define HEAD_LEN 44 /* magic, id, version */
#define SALT_LEN 16

enum tacit_status tacit_keyd_blob_parse(struct tacit_slice in, struct tacit_keyd_blob *ret,
					struct tacit_error *err)
{
	struct reader r = rd_of(in);
	struct tacit_keyd_blob blob = { 0 };
	struct tacit_slice magic = rd_take(&r, sizeof(MAGIC) - 1);

	blob.id = rd_take(&r, TACIT_KEYD_ID_LEN);
	blob.version = rd_be32(&r);
	blob.head = tacit_slice_of(in.ptr, r.at);
	blob.salt = rd_take(&r, SALT_LEN);
	size_t left = rd_left(&r);
	blob.sealed = rd_take(&r, left < TACIT_AEAD_TAG_LEN ? TACIT_AEAD_TAG_LEN : left);
	enum tacit_status st = rd_finish(&r, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_slice_eq(magic, tacit_slice_str(MAGIC)))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not a ciphertext of this broker");
	*ret = blob;
	return TACIT_OK;
}

/* One hash over the head and the pairs, each part with its length before it. */
static enum tacit_status bind(const struct tacit_keyd_blob_key *key, struct tacit_slice head,
			      uint8_t ret[TACIT_SHA256_LEN], struct tacit_error *err)
{
	struct tacit_hasher *hasher = tacit_hasher_new(TACIT_SHA256);

	if (!hasher)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	tacit_hasher_update(hasher, head);
	for (size_t i = 0; i < key->context_count; i++) {
		uint8_t room[8];
		struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

		wr_be32(&w, (uint32_t)key->context[i].key.len);
		wr_be32(&w, (uint32_t)key->context[i].value.len);
		tacit_hasher_update(hasher, TACIT_SLICE_ARRAY(room));
		tacit_hasher_update(hasher, key->context[i].key);
		tacit_hasher_update(hasher, key->context[i].value);
	}
	enum tacit_status st = tacit_hasher_final(hasher, ret, err);
	tacit_hasher_free(hasher);
	return st;
}

struct cipher {
	uint8_t key[32], nonce[TACIT_AEAD_NONCE_LEN];
};

static enum tacit_status derive(const struct tacit_keyd_blob_key *key, struct tacit_slice salt,
				struct cipher *ret, struct tacit_error *err)
{
	static const char INFO[] = "tacit keyd blob/1";
	uint8_t prk[TACIT_SHA256_LEN], out[sizeof(ret->key) + sizeof(ret->nonce)];

	if (key->material.len != 32 || key->id.len != TACIT_KEYD_ID_LEN)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "a key of another size");
	enum tacit_status st = tacit_hkdf_extract(TACIT_SHA256, salt, key->material, prk, err);
	if (st == TACIT_OK)
		st = tacit_hkdf_expand(TACIT_SHA256, TACIT_SLICE_ARRAY(prk), tacit_slice_str(INFO),
				       tacit_mut_of(out, sizeof(out)), err);
	if (st == TACIT_OK) {
		memcpy(ret->key, out, sizeof(ret->key));
		memcpy(ret->nonce, out + sizeof(ret->key), sizeof(ret->nonce));
	}
	tacit_wipe(prk, sizeof(prk));
	tacit_wipe(out, sizeof(out));
	return st;
}

enum tacit_status tacit_keyd_blob_seal(const struct tacit_keyd_blob_key *key,
				       struct tacit_slice plain, struct tacit_mut out,
				       struct tacit_error *err)
{
	uint8_t bound[TACIT_SHA256_LEN];
	struct writer w = wr_of(out);
	struct cipher cipher;

	if (out.len != plain.len + TACIT_KEYD_BLOB_EXTRA || key->id.len != TACIT_KEYD_ID_LEN)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "room of another size");
	wr_text(&w, MAGIC);
	wr_bytes(&w, key->id);
	wr_be32(&w, key->version);
	struct tacit_slice salt = tacit_slice_of(out.ptr + HEAD_LEN, SALT_LEN);
	enum tacit_status st = tacit_random(tacit_mut_of(out.ptr + HEAD_LEN, SALT_LEN), err);
	if (st == TACIT_OK)
		st = bind(key, tacit_slice_of(out.ptr, HEAD_LEN), bound, err);
	if (st == TACIT_OK)
		st = derive(key, salt, &cipher, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_aead_seal(
		TACIT_AES_256_GCM, TACIT_SLICE_ARRAY(cipher.key), TACIT_SLICE_ARRAY(cipher.nonce),
		TACIT_SLICE_ARRAY(bound), plain,
		tacit_mut_of(out.ptr + HEAD_LEN + SALT_LEN, plain.len + TACIT_AEAD_TAG_LEN), err);
	tacit_wipe(&cipher, sizeof(cipher));
	return st;
}

enum tacit_status tacit_keyd_blob_open(const struct tacit_keyd_blob_key *key,
				       const struct tacit_keyd_blob *blob, struct tacit_mut out,
				       struct tacit_error *err)
{
	uint8_t bound[TACIT_SHA256_LEN];
	struct cipher cipher;
	enum tacit_status st = bind(key, blob->head, bound, err);

	if (st == TACIT_OK)
		st = derive(key, blob->salt, &cipher, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_aead_open(TACIT_AES_256_GCM, TACIT_SLICE_ARRAY(cipher.key),
			     TACIT_SLICE_ARRAY(cipher.nonce), TACIT_SLICE_ARRAY(bound),
			     blob->sealed, out, err);
	tacit_wipe(&cipher, sizeof(cipher));
	return st;
}
