/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_master.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define WHERE     "keyd.master"
#define LABEL_MAX 512

static struct tacit_slice without_break(struct tacit_slice text)
{
	while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	return text;
}

static bool decode(struct tacit_slice content, uint8_t ret[TACIT_KEYD_MASTER_LEN])
{
	struct tacit_mut room = tacit_mut_of(ret, TACIT_KEYD_MASTER_LEN);
	struct tacit_slice text = without_break(content);
	size_t len = 0;

	if (content.len == TACIT_KEYD_MASTER_LEN) {
		memcpy(ret, content.ptr, TACIT_KEYD_MASTER_LEN);
		return true;
	}
	if (text.len == 2 * TACIT_KEYD_MASTER_LEN)
		return tacit_hex_decode(text, room, &len) && len == room.len;
	return tacit_base64_decode(TACIT_BASE64, text, room, &len) && len == room.len;
}

enum tacit_status tacit_keyd_master_read(struct tacit_slice content, struct tacit_keyd_master *ret,
					 struct tacit_error *err)
{
	static const char WRAP[] = "tacit keyd wrap/1", SEAL[] = "tacit keyd seal/1";
	uint8_t master[TACIT_KEYD_MASTER_LEN], prk[TACIT_SHA256_LEN];

	if (!decode(content, master)) {
		tacit_wipe(master, sizeof(master));
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "not 32 bytes, 64 hex digits or base64 of 32 bytes");
	}
	enum tacit_status st = tacit_hkdf_extract(TACIT_SHA256, tacit_slice_of(NULL, 0),
						  TACIT_SLICE_ARRAY(master), prk, err);
	if (st == TACIT_OK)
		st = tacit_hkdf_expand(TACIT_SHA256, TACIT_SLICE_ARRAY(prk), tacit_slice_str(WRAP),
				       tacit_mut_of(ret->wrap, sizeof(ret->wrap)), err);
	if (st == TACIT_OK)
		st = tacit_hkdf_expand(TACIT_SHA256, TACIT_SLICE_ARRAY(prk), tacit_slice_str(SEAL),
				       tacit_mut_of(ret->seal, sizeof(ret->seal)), err);
	tacit_wipe(master, sizeof(master));
	tacit_wipe(prk, sizeof(prk));
	return st;
}

void tacit_keyd_master_done(struct tacit_keyd_master *master)
{
	tacit_wipe(master, sizeof(*master));
}

/* What it is for, unambiguously: each part with its length before it. */
static enum tacit_status put_label(const struct tacit_keyd_label *label, struct tacit_mut room,
				   struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_slice kind = tacit_slice_str(label->kind);

	wr_text(&w, "tacit keyd/1");
	wr_be32(&w, (uint32_t)kind.len);
	wr_bytes(&w, kind);
	wr_be32(&w, (uint32_t)label->id.len);
	wr_bytes(&w, label->id);
	wr_be32(&w, label->version);
	return wr_finish(&w, WHERE, ret, err);
}

enum tacit_status tacit_keyd_wrap(const struct tacit_keyd_master *master,
				  const struct tacit_keyd_label *label, struct tacit_slice secret,
				  struct tacit_mut out, struct tacit_error *err)
{
	struct tacit_mut nonce = tacit_mut_of(out.ptr, TACIT_AEAD_NONCE_LEN);
	uint8_t room[LABEL_MAX];
	struct tacit_slice aad;

	if (out.len != secret.len + TACIT_KEYD_WRAP_EXTRA)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "room of another size");
	enum tacit_status st = put_label(label, tacit_mut_of(room, sizeof(room)), &aad, err);
	if (st == TACIT_OK)
		st = tacit_random(nonce, err);
	if (st == TACIT_OK)
		st = tacit_aead_seal(TACIT_AES_256_GCM, TACIT_SLICE_ARRAY(master->wrap),
				     tacit_slice_of(nonce.ptr, nonce.len), aad, secret,
				     tacit_mut_of(out.ptr + nonce.len, out.len - nonce.len), err);
	return st;
}

enum tacit_status tacit_keyd_unwrap(const struct tacit_keyd_master *master,
				    const struct tacit_keyd_label *label,
				    struct tacit_slice wrapped, struct tacit_mut out,
				    struct tacit_error *err)
{
	uint8_t room[LABEL_MAX];
	struct tacit_slice aad;

	if (wrapped.len < TACIT_KEYD_WRAP_EXTRA || wrapped.len - TACIT_KEYD_WRAP_EXTRA != out.len)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a wrapped secret of %zu bytes",
				  wrapped.len);
	enum tacit_status st = put_label(label, tacit_mut_of(room, sizeof(room)), &aad, err);
	if (st != TACIT_OK)
		return st;
	return tacit_aead_open(TACIT_AES_256_GCM, TACIT_SLICE_ARRAY(master->wrap),
			       tacit_slice_of(wrapped.ptr, TACIT_AEAD_NONCE_LEN), aad,
			       tacit_slice_of(wrapped.ptr + TACIT_AEAD_NONCE_LEN,
					      wrapped.len - TACIT_AEAD_NONCE_LEN),
			       out, err);
}
