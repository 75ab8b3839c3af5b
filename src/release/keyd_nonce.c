/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_nonce.h"

#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define WHERE    "keyd.nonce"
#define SAID_LEN 16
#define MAC_LEN  16

enum tacit_status tacit_keyd_nonces_init(struct tacit_keyd_nonces *ret, struct tacit_error *err)
{
	return tacit_random(tacit_mut_of(ret->key, sizeof(ret->key)), err);
}

static enum tacit_status seal(const struct tacit_keyd_nonces *nonces, struct tacit_slice said,
			      uint8_t mac[TACIT_SHA256_LEN], struct tacit_error *err)
{
	return tacit_hmac(TACIT_SHA256, TACIT_SLICE_ARRAY(nonces->key), said, mac, err);
}

enum tacit_status tacit_keyd_nonce_make(const struct tacit_keyd_nonces *nonces, int64_t now,
					uint8_t ret[static TACIT_KEYD_NONCE_LEN],
					struct tacit_error *err)
{
	uint8_t said[SAID_LEN], mac[TACIT_SHA256_LEN];
	struct writer w = wr_of(tacit_mut_of(said, 8));

	wr_be64(&w, (uint64_t)now);
	enum tacit_status st = tacit_random(tacit_mut_of(said + 8, 8), err);
	if (st == TACIT_OK)
		st = seal(nonces, TACIT_SLICE_ARRAY(said), mac, err);
	if (st != TACIT_OK)
		return st;
	memcpy(ret, said, SAID_LEN);
	memcpy(ret + SAID_LEN, mac, MAC_LEN);
	return TACIT_OK;
}

enum tacit_status tacit_keyd_nonce_check(const struct tacit_keyd_nonces *nonces,
					 struct tacit_slice nonce, int64_t now,
					 struct tacit_error *err)
{
	uint8_t mac[TACIT_SHA256_LEN];

	if (nonce.len != TACIT_KEYD_NONCE_LEN)
		return tacit_fail(err, TACIT_BINDING, WHERE, 0, "a nonce of %zu bytes", nonce.len);
	enum tacit_status st = seal(nonces, tacit_slice_of(nonce.ptr, SAID_LEN), mac, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_equal_secret(tacit_slice_of(nonce.ptr + SAID_LEN, MAC_LEN),
				tacit_slice_of(mac, MAC_LEN)))
		return tacit_fail(err, TACIT_BINDING, WHERE, 0, "not a nonce of this broker");
	struct reader r = rd_of(tacit_slice_of(nonce.ptr, 8));
	int64_t made = (int64_t)rd_be64(&r);
	if (made > now + 1 || now - made > TACIT_KEYD_NONCE_LIFE)
		return tacit_fail(err, TACIT_EXPIRED, WHERE, 0, "the nonce is %lld seconds old",
				  (long long)(now - made));
	return TACIT_OK;
}
