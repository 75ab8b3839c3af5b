/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include <limits.h>
#include <openssl/err.h>

#include "base/compiler.h"
#include "tests/tap.h"
#include "wycheproof.h"

#define GCM_TEXT                                                                                   \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24" \
	"49a6b525b16aedf5aa0de657ba637b39"
#define GCM_AAD   "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_NONCE "cafebabefacedbaddecaf888"

/* [GCM test cases 4 and 16; RFC 8439 2.8.2] */
static const struct known {
	enum tacit_aead_alg alg;
	const char *key, *nonce, *aad, *text, *sealed;
} KNOWN[] = {
	{ TACIT_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", GCM_NONCE, GCM_AAD, GCM_TEXT,
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5a"
	  "ac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47" },
	{ TACIT_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  GCM_NONCE, GCM_AAD, GCM_TEXT,
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
	  "56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b" },
	{ TACIT_CHACHA20_POLY1305,
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966"
	  "204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f72207468652066757475"
	  "72652c2073756e73637265656e20776f756c642062652069742e",
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69"
	  "da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594"
	  "5585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691" },
};

struct message {
	enum tacit_aead_alg alg;
	struct tacit_slice key, nonce, aad, text, sealed;
};

static struct message known_message(const struct known *known)
{
	struct message m = { known->alg,           pool_hex(known->key),  pool_hex(known->nonce),
			     pool_hex(known->aad), pool_hex(known->text), pool_hex(known->sealed) };

	return m;
}

static void test_known(const struct known *known)
{
	struct message m = known_message(known);
	struct tacit_mut sealed = pool_room(m.sealed.len), opened = pool_room(m.text.len);

	ok(tacit_aead_key_len(m.alg) == m.key.len, "key length");
	is_status(tacit_aead_seal(m.alg, m.key, m.nonce, m.aad, m.text, sealed, NULL), TACIT_OK,
		  "seals");
	is_slice(pool_view(sealed), m.sealed, "known ciphertext and tag");
	is_status(tacit_aead_open(m.alg, m.key, m.nonce, m.aad, m.sealed, opened, NULL), TACIT_OK,
		  "opens");
	is_slice(pool_view(opened), m.text, "to the text");
	pool_done();
}

/* Opens with one bit of `part` flipped. */
static bool refuses_flip(const struct message *m, const struct tacit_slice *part, size_t bit)
{
	struct message changed = *m;
	struct tacit_mut copy = pool_room(part->len), opened = pool_room(m->text.len);

	memcpy(copy.ptr, part->ptr, part->len);
	copy.ptr[bit / 8] = (uint8_t)(copy.ptr[bit / 8] ^ (1u << (bit % 8)));
	if (part == &m->key)
		changed.key = pool_view(copy);
	else if (part == &m->nonce)
		changed.nonce = pool_view(copy);
	else if (part == &m->aad)
		changed.aad = pool_view(copy);
	else
		changed.sealed = pool_view(copy);

	enum tacit_status st = tacit_aead_open(changed.alg, changed.key, changed.nonce, changed.aad,
					       changed.sealed, opened, NULL);
	bool wiped = all_bytes(pool_view(opened), 0);

	for (int i = 0; i < 2; i++)
		vector_done(pool[--pool_used]);
	return st == TACIT_SIGNATURE && wiped;
}

static void test_flips(const struct known *known)
{
	struct message m = known_message(known);
	const struct tacit_slice *const parts[] = { &m.key, &m.nonce, &m.aad, &m.sealed };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(parts); i++) {
		size_t refused = 0;

		for (size_t bit = 0; bit < 8 * parts[i]->len; bit++)
			refused += refuses_flip(&m, parts[i], bit);
		ok(refused == 8 * parts[i]->len, "every flipped bit of part %zu: refused and wiped",
		   i);
	}
	pool_done();
}

static void test_truncations(const struct known *known)
{
	struct message m = known_message(known);
	size_t refused = 0;

	for (size_t len = 0; len < m.sealed.len; len++) {
		size_t room = len < TACIT_AEAD_TAG_LEN ? 0 : len - TACIT_AEAD_TAG_LEN;
		uint8_t *cut = malloc(len ? len : 1), *out = malloc(room ? room : 1);
		enum tacit_status want = len < TACIT_AEAD_TAG_LEN ? TACIT_FORMAT : TACIT_SIGNATURE;

		memcpy(cut, m.sealed.ptr, len);
		refused += tacit_aead_open(m.alg, m.key, m.nonce, m.aad, tacit_slice_of(cut, len),
					   tacit_mut_of(out, room), NULL) == want;
		free(cut);
		free(out);
	}
	ok(refused == m.sealed.len, "every truncation is refused");
	pool_done();
}

static void test_empty(enum tacit_aead_alg alg)
{
	uint8_t key[32] = { 1 }, nonce[12] = { 2 }, tags[2][16];
	struct tacit_slice k = tacit_slice_of(key, tacit_aead_key_len(alg));
	struct tacit_slice none = { NULL, 0 }, aad = tacit_slice_str("aad");
	struct tacit_mut nowhere = { NULL, 0 };

	is_status(tacit_aead_seal(alg, k, TACIT_SLICE_ARRAY(nonce), none, none,
				  tacit_mut_of(tags[0], 16), NULL),
		  TACIT_OK, "nothing at all");
	is_status(tacit_aead_seal(alg, k, TACIT_SLICE_ARRAY(nonce), aad, none,
				  tacit_mut_of(tags[1], 16), NULL),
		  TACIT_OK, "aad alone");
	ok(memcmp(tags[0], tags[1], 16) != 0, "their tags differ");
	is_status(tacit_aead_open(alg, k, TACIT_SLICE_ARRAY(nonce), aad,
				  tacit_slice_of(tags[1], 16), nowhere, NULL),
		  TACIT_OK, "aad alone opens");
	is_status(tacit_aead_open(alg, k, TACIT_SLICE_ARRAY(nonce), none,
				  tacit_slice_of(tags[1], 16), nowhere, NULL),
		  TACIT_SIGNATURE, "but not without it");
}

static void test_lengths(enum tacit_aead_alg alg)
{
	uint8_t bytes[64] = { 0 };
	size_t key_len = tacit_aead_key_len(alg);
	struct tacit_slice key = tacit_slice_of(bytes, key_len), nonce = tacit_slice_of(bytes, 12);
	struct tacit_slice text = tacit_slice_of(bytes, 8), none = { NULL, 0 };
	struct tacit_mut room = pool_room(24), small = pool_room(8);
	size_t lengths[] = { 0, key_len - 1, key_len + 1, key_len == 16 ? 32 : 16 };
	struct tacit_error err = { 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(lengths); i++)
		is_status(tacit_aead_seal(alg, tacit_slice_of(bytes, lengths[i]), nonce, none, text,
					  room, NULL),
			  TACIT_FORMAT, "key of a wrong length");
	for (size_t len = 0; len <= 16; len++) {
		if (len != 12)
			is_status(tacit_aead_seal(alg, key, tacit_slice_of(bytes, len), none, text,
						  room, NULL),
				  TACIT_FORMAT, "nonce of a wrong length");
	}
	is_status(tacit_aead_seal(alg, key, nonce, none, text, tacit_mut_of(room.ptr, 23), NULL),
		  TACIT_USAGE, "room too small");
	is_status(tacit_aead_seal(alg, key, nonce, none, tacit_slice_of(bytes, 7), room, &err),
		  TACIT_USAGE, "room too large");
	ok(err.status == TACIT_USAGE && strcmp(err.where, "crypto.aead") == 0, "says where");
	ok(all_bytes(pool_view(room), 0xa5), "nothing written");
	is_status(tacit_aead_seal(alg, key, nonce, none, text, room, NULL), TACIT_OK, "seals");
	is_status(tacit_aead_open(alg, key, nonce, none, pool_view(room),
				  tacit_mut_of(small.ptr, 7), NULL),
		  TACIT_USAGE, "too little room to open");
	ok(all_bytes(tacit_slice_of(small.ptr, 7), 0) && small.ptr[7] == 0xa5, "only it is wiped");
	is_status(tacit_aead_open(alg, tacit_slice_of(bytes, key_len + 1), nonce, none,
				  pool_view(room), small, NULL),
		  TACIT_FORMAT, "opening with a wrong key length");
	ok(all_bytes(pool_view(small), 0), "wipes");
	pool_done();
}

static void test_limits(void)
{
	uint8_t bytes[32] = { 0 };
	struct tacit_slice key = TACIT_SLICE_ARRAY(bytes), nonce = tacit_slice_of(bytes, 12);
	/* Only the length is looked at. */
	struct tacit_slice huge = tacit_slice_of(bytes, (size_t)INT_MAX);
	struct tacit_mut room = pool_room(48);

	is_status(tacit_aead_seal(TACIT_AES_256_GCM, key, nonce, huge, key, room, NULL),
		  TACIT_LIMIT, "aad beyond the limit");
	is_status(tacit_aead_seal(TACIT_AES_256_GCM, key, nonce, key, huge, room, NULL),
		  TACIT_LIMIT, "text beyond the limit");
	is_status(tacit_aead_seal((enum tacit_aead_alg)99, key, nonce, key, key, room, NULL),
		  TACIT_UNSUPPORTED, "unknown cipher");
	ok(tacit_aead_key_len((enum tacit_aead_alg)99) == 0, "an unknown cipher has no key length");
	is_status(tacit_aead_open((enum tacit_aead_alg)99, key, nonce, key, pool_view(room),
				  tacit_mut_of(room.ptr, 32), NULL),
		  TACIT_UNSUPPORTED, "unknown cipher to open");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
	pool_done();
}

static bool run_case(enum tacit_aead_alg alg, const json_t *test)
{
	struct tacit_slice key = pool_member(test, "key"), iv = pool_member(test, "iv");
	struct tacit_slice aad = pool_member(test, "aad"), text = pool_member(test, "msg");
	struct tacit_slice ct = pool_member(test, "ct"), tag = pool_member(test, "tag");
	struct tacit_mut joined = pool_room(ct.len + tag.len);
	struct tacit_mut sealed = pool_room(text.len + TACIT_AEAD_TAG_LEN), out = pool_room(ct.len);

	memcpy(joined.ptr, ct.ptr, ct.len);
	memcpy(joined.ptr + ct.len, tag.ptr, tag.len);

	enum tacit_status sealing = tacit_aead_seal(alg, key, iv, aad, text, sealed, NULL);
	enum tacit_status opening =
		tacit_aead_open(alg, key, iv, aad, pool_view(joined), out, NULL);

	/* We take 12-byte nonces and keys of the algorithm's length only. */
	if (iv.len != TACIT_AEAD_NONCE_LEN || key.len != tacit_aead_key_len(alg))
		return sealing == TACIT_FORMAT && opening == TACIT_FORMAT;
	if (result_is(test, "valid"))
		return sealing == TACIT_OK && opening == TACIT_OK &&
		       tacit_slice_eq(pool_view(out), text) &&
		       tacit_slice_eq(pool_view(sealed), pool_view(joined));
	return result_is(test, "invalid") && opening == TACIT_SIGNATURE &&
	       all_bytes(pool_view(out), 0);
}

static bool run_gcm(const json_t *group, const json_t *test)
{
	bool small = number_member(group, "keySize") == 128;

	return run_case(small ? TACIT_AES_128_GCM : TACIT_AES_256_GCM, test);
}

static bool run_chacha(const json_t *group, const json_t *test)
{
	(void)group;
	return run_case(TACIT_CHACHA20_POLY1305, test);
}

int main(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KNOWN); i++) {
		test_known(&KNOWN[i]);
		test_flips(&KNOWN[i]);
		test_truncations(&KNOWN[i]);
		test_empty(KNOWN[i].alg);
		test_lengths(KNOWN[i].alg);
	}
	test_limits();
	wycheproof_run("wycheproof/aes_gcm_test.json", run_gcm);
	wycheproof_run("wycheproof/chacha20_poly1305_test.json", run_chacha);
	return done();
}
