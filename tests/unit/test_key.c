/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>

#include "base/compiler.h"
#include "tests/tap.h"
#include "wycheproof.h"

/* Making, exporting and loading keys; what test_key_ed25519 and test_key_ec do not cover. */

static const enum tacit_key_alg ALGS[] = { TACIT_ED25519, TACIT_P256, TACIT_P384, TACIT_X25519 };

#define UNKNOWN ((enum tacit_key_alg)99)

/* orders of P-256 and P-384 [SP 800-186 3.2.1] */
#define P256_ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define P384_ORDER                                                                                 \
	"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196a" \
	"ccc52973"

static struct tacit_slice exported(const struct tacit_key *key, uint8_t room[TACIT_PUBLIC_MAX])
{
	size_t len = 0;

	if (tacit_key_export_public(key, room, &len, NULL) != TACIT_OK)
		return tacit_slice_of(NULL, 0);
	return tacit_slice_of(room, len);
}

static void test_sizes(void)
{
	ok(tacit_key_public_len(TACIT_ED25519) == 32 && tacit_key_public_len(TACIT_X25519) == 32 &&
		   tacit_key_public_len(TACIT_P256) == 65 && tacit_key_public_len(TACIT_P384) == 97,
	   "public lengths");
	ok(tacit_key_signature_len(TACIT_ED25519) == 64 &&
		   tacit_key_signature_len(TACIT_P256) == 64 &&
		   tacit_key_signature_len(TACIT_P384) == 96 &&
		   tacit_key_signature_len(TACIT_X25519) == 0,
	   "signature lengths");
	ok(tacit_key_public_len(UNKNOWN) == 0 && tacit_key_signature_len(UNKNOWN) == 0 &&
		   tacit_key_public_len(TACIT_KEY_NONE) == 0,
	   "no lengths for what is no key type");
}

static void test_generate(enum tacit_key_alg alg)
{
	uint8_t rooms[4][TACIT_PUBLIC_MAX];
	struct tacit_key *key = NULL, *other = NULL, *again = NULL, *public = NULL;
	struct tacit_secret secret = { 0 }, secret_again = { 0 };

	is_status(tacit_key_generate(alg, &key, NULL), TACIT_OK, "generate");
	is_status(tacit_key_generate(alg, &other, NULL), TACIT_OK, "generate another");
	struct tacit_slice raw = exported(key, rooms[0]);
	ok(tacit_key_alg_of(key) == alg && raw.len == tacit_key_public_len(alg), "its type");
	ok(!tacit_slice_eq(raw, exported(other, rooms[1])), "two keys differ");

	is_status(tacit_key_export_secret(key, &secret, NULL), TACIT_OK, "export secret");
	is_status(tacit_key_private(alg, tacit_secret_view(&secret), &again, NULL), TACIT_OK,
		  "import secret");
	is_slice(exported(again, rooms[2]), raw, "gives the same public key");
	is_status(tacit_key_export_secret(again, &secret_again, NULL), TACIT_OK, "export again");
	ok(tacit_secret_eq(&secret, &secret_again), "gives the same secret");

	is_status(tacit_key_public(alg, raw, &public, NULL), TACIT_OK, "import public");
	is_slice(exported(public, rooms[3]), raw, "gives the same public key");
	is_status(tacit_key_export_secret(public, &secret_again, NULL), TACIT_USAGE,
		  "which has no secret");
	ok(tacit_secret_eq(&secret, &secret_again), "output untouched");
	ok(tacit_key_native(key) != NULL, "native handle");

	tacit_secret_done(&secret);
	tacit_secret_done(&secret_again);
	tacit_key_free(key);
	tacit_key_free(other);
	tacit_key_free(again);
	tacit_key_free(public);
}

static void test_unknown(void)
{
	uint8_t bytes[32] = { 1 };
	struct tacit_key *key = NULL;
	struct tacit_error err = { 0 };

	is_status(tacit_key_generate(UNKNOWN, &key, &err), TACIT_UNSUPPORTED, "generate unknown");
	ok(err.status == TACIT_UNSUPPORTED && strcmp(err.where, "crypto.key") == 0, "says where");
	is_status(tacit_key_generate(TACIT_KEY_NONE, &key, NULL), TACIT_UNSUPPORTED, "none");
	is_status(tacit_key_private(UNKNOWN, TACIT_SLICE_ARRAY(bytes), &key, NULL),
		  TACIT_UNSUPPORTED, "unknown private");
	is_status(tacit_key_public(UNKNOWN, TACIT_SLICE_ARRAY(bytes), &key, NULL),
		  TACIT_UNSUPPORTED, "unknown public");
	ok(key == NULL, "output untouched");
	tacit_key_free(NULL);
}

static void test_lengths(enum tacit_key_alg alg)
{
	uint8_t bytes[TACIT_PUBLIC_MAX + 2] = { 4, 1 };
	size_t secret_len = alg == TACIT_P384 ? 48 : 32;
	size_t privates = 0, publics = 0, wrong = 0;
	struct tacit_key *key = NULL;

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct tacit_slice in = tacit_slice_of(len ? bytes : NULL, len);

		if (len != secret_len)
			privates += tacit_key_private(alg, in, &key, NULL) != TACIT_FORMAT;
		if (len != tacit_key_public_len(alg))
			publics += tacit_key_public(alg, in, &key, NULL) != TACIT_FORMAT;
		wrong++;
	}
	ok(wrong > 90 && privates == 0, "private keys of wrong lengths");
	ok(publics == 0 && key == NULL, "public keys of wrong lengths");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
}

/* Scalars of an EC key are 1 .. n - 1. */
static void test_scalars(enum tacit_key_alg alg, const char *order)
{
	struct tacit_slice n = pool_hex(order);
	struct tacit_mut scalar = pool_room(n.len);
	struct tacit_key *key = NULL;

	memset(scalar.ptr, 0, n.len);
	is_status(tacit_key_private(alg, pool_view(scalar), &key, NULL), TACIT_FORMAT, "0");
	is_status(tacit_key_private(alg, n, &key, NULL), TACIT_FORMAT, "n");
	memset(scalar.ptr, 0xff, n.len);
	is_status(tacit_key_private(alg, pool_view(scalar), &key, NULL), TACIT_FORMAT, "all ones");
	ok(key == NULL, "no key");
	memcpy(scalar.ptr, n.ptr, n.len);
	scalar.ptr[n.len - 1]--;
	is_status(tacit_key_private(alg, pool_view(scalar), &key, NULL), TACIT_OK, "n - 1");
	tacit_key_free(key);
	memset(scalar.ptr, 0, n.len);
	scalar.ptr[n.len - 1] = 1;
	is_status(tacit_key_private(alg, pool_view(scalar), &key, NULL), TACIT_OK, "1");

	struct tacit_secret secret = { 0 };
	is_status(tacit_key_export_secret(key, &secret, NULL), TACIT_OK, "export of 1");
	is_slice(tacit_secret_view(&secret), pool_view(scalar), "keeps its leading zeros");
	tacit_key_free(key);
	pool_done();
}

static void test_points(enum tacit_key_alg alg)
{
	uint8_t raw[TACIT_PUBLIC_MAX], bad[TACIT_PUBLIC_MAX];
	struct tacit_key *key = NULL, *none = NULL;

	is_status(tacit_key_generate(alg, &key, NULL), TACIT_OK, "generate");
	struct tacit_slice point = exported(key, raw);
	struct tacit_slice changed = tacit_slice_of(bad, point.len);
	size_t refused = 0;

	for (size_t bit = 0; bit < 8 * point.len; bit++) {
		memcpy(bad, raw, point.len);
		bad[bit / 8] = (uint8_t)(bad[bit / 8] ^ (1u << (bit % 8)));
		refused += tacit_key_public(alg, changed, &none, NULL) == TACIT_FORMAT;
	}
	ok(refused == 8 * point.len, "every flipped bit leaves the curve or the form");
	memcpy(bad, raw, point.len);
	bad[0] = (uint8_t)(6 + (raw[point.len - 1] & 1));
	is_status(tacit_key_public(alg, changed, &none, NULL), TACIT_FORMAT, "hybrid form");
	bad[0] = (uint8_t)(2 + (raw[point.len - 1] & 1));
	is_status(tacit_key_public(alg, tacit_slice_of(bad, 1 + point.len / 2), &none, NULL),
		  TACIT_FORMAT, "compressed form");
	memset(bad, 0, sizeof(bad));
	is_status(tacit_key_public(alg, changed, &none, NULL), TACIT_FORMAT, "zeros");
	bad[0] = 4;
	is_status(tacit_key_public(alg, changed, &none, NULL), TACIT_FORMAT, "the point 0, 0");
	memset(bad + 1, 0xff, sizeof(bad) - 1);
	is_status(tacit_key_public(alg, changed, &none, NULL), TACIT_FORMAT, "x and y above p");
	ok(none == NULL && ERR_peek_error() == 0, "nothing is left behind");
	tacit_key_free(key);
}

/* --- text and DER forms, written by OpenSSL itself --------------------------------------- */

static struct tacit_slice bio_bytes(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return tacit_slice_of(data, (size_t)len);
}

static BIO *write_pem(EVP_PKEY *pkey, bool private, const EVP_CIPHER *cipher)
{
	static char password[] = "password";
	BIO *bio = BIO_new(BIO_s_mem());

	if (private)
		PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, NULL, 0, NULL, password);
	else
		PEM_write_bio_PUBKEY(bio, pkey);
	return bio;
}

static enum tacit_status load_status(struct tacit_slice pem)
{
	struct tacit_key *key = NULL;
	enum tacit_status st = tacit_key_pem(pem, &key, NULL);

	if ((st == TACIT_OK) != (key != NULL))
		st = TACIT_INTERNAL;
	tacit_key_free(key);
	return st;
}

static void test_pem(enum tacit_key_alg alg)
{
	uint8_t rooms[3][TACIT_PUBLIC_MAX];
	struct tacit_key *key = NULL, *private = NULL, *public = NULL;
	struct tacit_secret secret;

	is_status(tacit_key_generate(alg, &key, NULL), TACIT_OK, "generate");
	BIO *texts[] = { write_pem(tacit_key_native(key), true, NULL),
			 write_pem(tacit_key_native(key), false, NULL),
			 write_pem(tacit_key_native(key), true, EVP_aes_256_cbc()) };

	is_status(tacit_key_pem(bio_bytes(texts[0]), &private, NULL), TACIT_OK, "PKCS #8");
	is_status(tacit_key_pem(bio_bytes(texts[1]), &public, NULL), TACIT_OK, "SPKI");
	is_slice(exported(private, rooms[1]), exported(key, rooms[0]), "the same key");
	is_slice(exported(public, rooms[2]), exported(key, rooms[0]), "the same public key");
	is_status(tacit_key_export_secret(private, &secret, NULL), TACIT_OK, "with its secret");
	is_status(tacit_key_export_secret(public, &secret, NULL), TACIT_USAGE, "without");
	is_status(load_status(bio_bytes(texts[2])), TACIT_UNSUPPORTED, "encrypted");

	size_t refused = 0, whole = bio_bytes(texts[0]).len;
	for (size_t len = 0; len + 2 < whole; len++)
		refused += load_status(tacit_slice_of(bio_bytes(texts[0]).ptr, len)) != TACIT_OK;
	ok(refused == whole - 2, "every truncation is refused");
	BIO_puts(texts[0], "trailing words are no second block\n");
	is_status(load_status(bio_bytes(texts[0])), TACIT_OK, "words after the block");
	BIO_write(texts[0], bio_bytes(texts[1]).ptr, (int)bio_bytes(texts[1]).len);
	is_status(load_status(bio_bytes(texts[0])), TACIT_FORMAT, "two blocks");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");

	for (size_t i = 0; i < TACIT_ARRAY_LEN(texts); i++)
		BIO_free(texts[i]);
	tacit_key_free(key);
	tacit_key_free(private);
	tacit_key_free(public);
}

/* SEC 1 with the parameters in front, as `openssl ecparam -genkey` writes it. */
static const char SEC1[] = "-----BEGIN EC PARAMETERS-----\n"
			   "BggqhkjOPQMBBw==\n"
			   "-----END EC PARAMETERS-----\n"
			   "-----BEGIN EC PRIVATE KEY-----\n"
			   "MHcCAQEEIBERERERERERERERERERERERERERERERERERERERERERoAoGCCqGSM49\n"
			   "AwEHoUQDQgAEAhfmF/C2RDkoJ4+WmZ5pojpPLBUr321s32bluAKC1O0ZSn3ry5dx\n"
			   "LS3aPKhaqHZaVvRfx1hZllLyiXxlMG5XlA==\n"
			   "-----END EC PRIVATE KEY-----\n";

/* The same, with the public part of another key. */
static const char MISMATCH[] = "-----BEGIN EC PRIVATE KEY-----\n"
			       "MHcCAQEEIBERERERERERERERERERERERERERERERERERERERERERoAoGCCqGSM49\n"
			       "AwEHoUQDQgAE1lqTl3yqPRsIGFL/V6eeRl8WYFdzBLrq1QXdOkhYnPNQGF6JU3Lf\n"
			       "YiHqOhN1V+Rz/dtnVfBb1QfDxTP86ckShQ==\n"
			       "-----END EC PRIVATE KEY-----\n";

/* The curve spelt out instead of named. */
static const char EXPLICIT_PUBLIC[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"
	"AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"
	"///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"
	"NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"
	"RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"
	"//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABAIX5hfwtkQ5KCePlpmeaaI6\n"
	"TywVK99tbN9m5bgCgtTtGUp968uXcS0t2jyoWqh2Wlb0X8dYWZZS8ol8ZTBuV5Q=\n"
	"-----END PUBLIC KEY-----\n";

static const char EXPLICIT_PRIVATE[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIBaAIBAQQgERERERERERERERERERERERERERERERERERERERERERGggfowgfcC\n"
	"AQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////\n"
	"MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57Pr\n"
	"vVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEE\n"
	"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W\n"
	"K84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8\n"
	"YyVRAgEBoUQDQgAEAhfmF/C2RDkoJ4+WmZ5pojpPLBUr321s32bluAKC1O0ZSn3r\n"
	"y5dxLS3aPKhaqHZaVvRfx1hZllLyiXxlMG5XlA==\n"
	"-----END PRIVATE KEY-----\n";

static void test_pem_kinds(void)
{
	static const char GARBAGE[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n"
				      "-----END PRIVATE KEY-----\n";
	static const char CERT[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	static const char BAD64[] = "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n";
	static const char OTHER_END[] = "-----BEGIN PUBLIC KEY-----\nAAAA\n"
					"-----END PRIVATE KEY-----\n";
	static const char ONLY_PARAMETERS[] = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
					      "-----END EC PARAMETERS-----\n";
	static char large[65537];

	is_status(load_status(tacit_slice_str(SEC1)), TACIT_OK, "SEC 1 with parameters");
	is_status(load_status(tacit_slice_str(MISMATCH)), TACIT_FORMAT, "another public part");
	is_status(load_status(tacit_slice_str(EXPLICIT_PUBLIC)), TACIT_UNSUPPORTED,
		  "explicit parameters, public");
	is_status(load_status(tacit_slice_str(EXPLICIT_PRIVATE)), TACIT_UNSUPPORTED,
		  "explicit parameters, private");
	is_status(load_status(tacit_slice_str(GARBAGE)), TACIT_FORMAT, "a block of no key");
	is_status(load_status(tacit_slice_str(CERT)), TACIT_UNSUPPORTED, "a certificate");
	is_status(load_status(tacit_slice_str(BAD64)), TACIT_FORMAT, "bad base64");
	is_status(load_status(tacit_slice_str(OTHER_END)), TACIT_FORMAT, "another end");
	is_status(load_status(tacit_slice_str(ONLY_PARAMETERS)), TACIT_FORMAT, "parameters alone");
	is_status(load_status(tacit_slice_str("")), TACIT_FORMAT, "empty text");
	is_status(load_status(tacit_slice_of(NULL, 0)), TACIT_FORMAT, "no text");
	memset(large, '\n', sizeof(large));
	is_status(load_status(TACIT_SLICE_ARRAY(large)), TACIT_LIMIT, "65,537 bytes");
	is_status(load_status(tacit_slice_of(large, 65536)), TACIT_FORMAT, "65,536 bytes");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
}

/* PKCS #8 with a byte after it, inside a block that is well-formed. */
static void test_trailing_der(void)
{
	static uint8_t text[1024];
	struct tacit_key *key = NULL;
	uint8_t der[256] = { 0 }, *end = der;
	int body;

	is_status(tacit_key_generate(TACIT_P256, &key, NULL), TACIT_OK, "generate");
	int len = i2d_PrivateKey(tacit_key_native(key), &end);
	for (int extra = 0; extra < 2; extra++) {
		BIO *bio = BIO_new(BIO_s_mem());

		PEM_write_bio(bio, PEM_STRING_ECPRIVATEKEY, "", der, len + extra);
		body = BIO_read(bio, text, (int)sizeof(text));
		is_status(load_status(tacit_slice_of(text, body > 0 ? (size_t)body : 0)),
			  extra ? TACIT_FORMAT : TACIT_OK, "a byte after the key");
		BIO_free(bio);
	}
	tacit_key_free(key);
}

static void refuses_encrypted(const char *pem, const char *name)
{
	struct tacit_error err = { 0 };
	struct tacit_key *key = NULL;

	is_status(tacit_key_pem(tacit_slice_str(pem), &key, &err), TACIT_UNSUPPORTED, name);
	ok(key == NULL && strstr(err.detail, "encrypted"), "and the reason is said");
}

static void test_encrypted(void)
{
	refuses_encrypted("-----BEGIN EC PRIVATE KEY-----\n"
			  "Proc-Type: 4,ENCRYPTED\n"
			  "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
			  "AAAA\n-----END EC PRIVATE KEY-----\n",
			  "encrypted in the old form");
	refuses_encrypted("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
			  "-----END ENCRYPTED PRIVATE KEY-----\n",
			  "encrypted PKCS #8");
}

static enum tacit_status spki_status(struct tacit_slice der)
{
	struct tacit_key *key = NULL;
	enum tacit_status st = tacit_key_spki(der, &key, NULL);

	tacit_key_free(key);
	return st;
}

static void test_spki(enum tacit_key_alg alg)
{
	uint8_t rooms[2][TACIT_PUBLIC_MAX], *der = NULL;
	struct tacit_key *key = NULL, *loaded = NULL;

	is_status(tacit_key_generate(alg, &key, NULL), TACIT_OK, "generate");
	int len = i2d_PUBKEY(tacit_key_native(key), &der);
	struct tacit_slice good = tacit_slice_of(der, len > 0 ? (size_t)len : 0);
	struct tacit_mut room = pool_room(good.len + 1);
	size_t prefix = good.len - tacit_key_public_len(alg);

	is_status(tacit_key_spki(good, &loaded, NULL), TACIT_OK, "SPKI");
	ok(tacit_key_alg_of(loaded) == alg, "its type");
	is_slice(exported(loaded, rooms[0]), exported(key, rooms[1]), "the same key");

	memcpy(room.ptr, good.ptr, good.len);
	room.ptr[good.len] = 0;
	is_status(spki_status(pool_view(room)), TACIT_FORMAT, "trailing byte");
	size_t refused = 0, flipped = 0;
	for (size_t at = 0; at < good.len; at++)
		refused += spki_status(tacit_slice_of(room.ptr, at)) == TACIT_FORMAT;
	ok(refused == good.len, "every truncation is malformed");
	for (size_t bit = 0; bit < 8 * prefix; bit++) {
		memcpy(room.ptr, good.ptr, good.len);
		room.ptr[bit / 8] = (uint8_t)(room.ptr[bit / 8] ^ (1u << (bit % 8)));
		/* X25519 and Ed25519 are two bits apart, so that no flip makes another key. */
		flipped += spki_status(tacit_slice_of(room.ptr, good.len)) != TACIT_OK;
	}
	ok(flipped == 8 * prefix, "every flipped bit before the key is refused");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");

	OPENSSL_free(der);
	tacit_key_free(key);
	tacit_key_free(loaded);
	pool_done();
}

static void spki_of(EVP_PKEY *pkey, const char *name, enum tacit_status want)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	BIO *pem = write_pem(pkey, true, NULL);

	ok(len > 0, "%s is made", name);
	is_status(spki_status(tacit_slice_of(der, len > 0 ? (size_t)len : 0)), want, name);
	is_status(load_status(bio_bytes(pem)), want, name);
	BIO_free(pem);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void test_spki_limit(void)
{
	static uint8_t large[65537];

	is_status(spki_status(TACIT_SLICE_ARRAY(large)), TACIT_LIMIT, "65,537 bytes");
	is_status(spki_status(tacit_slice_of(large, 65536)), TACIT_FORMAT, "65,536 bytes");
	is_status(spki_status(tacit_slice_of(NULL, 0)), TACIT_FORMAT, "no bytes");
}

static void test_other_types(void)
{
	spki_of(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), "RSA", TACIT_UNSUPPORTED);
	spki_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"), "P-521", TACIT_UNSUPPORTED);
	spki_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), "secp256k1", TACIT_UNSUPPORTED);
	spki_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "Ed448", TACIT_UNSUPPORTED);
	spki_of(EVP_PKEY_Q_keygen(NULL, NULL, "X448"), "X448", TACIT_UNSUPPORTED);
}

/* A private key in a file may carry a compressed public part; ours is uncompressed all the same. */
static void test_compressed(void)
{
	uint8_t rooms[2][TACIT_PUBLIC_MAX], *der = NULL;
	struct tacit_key *key = NULL, *loaded = NULL;

	is_status(tacit_key_generate(TACIT_P256, &key, NULL), TACIT_OK, "generate");
	EVP_PKEY *pkey = tacit_key_native(key);
	EVP_PKEY_set_utf8_string_param(pkey, "point-format", "compressed");
	BIO *pem = write_pem(pkey, true, NULL);
	int len = i2d_PUBKEY(pkey, &der);

	is_status(spki_status(tacit_slice_of(der, len > 0 ? (size_t)len : 0)), TACIT_UNSUPPORTED,
		  "compressed SPKI");
	is_status(tacit_key_pem(bio_bytes(pem), &loaded, NULL), TACIT_OK, "compressed PKCS #8");
	is_slice(exported(loaded, rooms[0]), exported(key, rooms[1]), "is exported uncompressed");
	BIO_free(pem);
	OPENSSL_free(der);
	tacit_key_free(key);
	tacit_key_free(loaded);
}

/* An Ed25519 key of small order is refused from every door. */
static void test_small_order_spki(void)
{
	struct tacit_slice der =
		pool_hex("302a300506032b6570032100"
			 "0100000000000000000000000000000000000000000000000000000000"
			 "000000");
	struct tacit_error err = { 0 };
	struct tacit_key *key = NULL;

	is_status(tacit_key_spki(der, &key, &err), TACIT_FORMAT, "small order in SPKI");
	ok(key == NULL && strstr(err.detail, "small order"), "and the reason is said");
	pool_done();
}

/* --- one key, several threads ------------------------------------------------------------ */

static void *use_key(void *arg)
{
	const struct tacit_key *key = arg;
	struct tacit_slice message = tacit_slice_str("shared");
	uint8_t signature[TACIT_SIGNATURE_MAX];
	size_t failures = 0;

	for (int i = 0; i < 100; i++) {
		size_t len = tacit_key_signature_len(tacit_key_alg_of(key));

		failures += tacit_key_sign(key, message, signature, NULL) != TACIT_OK;
		failures += tacit_key_verify(key, message, tacit_slice_of(signature, len), NULL) !=
			    TACIT_OK;
	}
	return failures ? arg : NULL;
}

static void test_threads(enum tacit_key_alg alg)
{
	pthread_t threads[4];
	struct tacit_key *key = NULL;
	size_t failed = 0;

	is_status(tacit_key_generate(alg, &key, NULL), TACIT_OK, "generate");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(threads); i++)
		failed += pthread_create(&threads[i], NULL, use_key, key) != 0;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(threads); i++) {
		void *result = key;

		failed += pthread_join(threads[i], &result) != 0 || result != NULL;
	}
	ok(failed == 0, "four threads sign and verify with one key");
	tacit_key_free(key);
}

int main(void)
{
	test_sizes();
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++) {
		test_generate(ALGS[i]);
		test_lengths(ALGS[i]);
		test_pem(ALGS[i]);
		test_spki(ALGS[i]);
		if (tacit_key_signature_len(ALGS[i]))
			test_threads(ALGS[i]);
	}
	test_scalars(TACIT_P256, P256_ORDER);
	test_scalars(TACIT_P384, P384_ORDER);
	test_points(TACIT_P256);
	test_points(TACIT_P384);
	test_unknown();
	test_pem_kinds();
	test_trailing_der();
	test_encrypted();
	test_spki_limit();
	test_other_types();
	test_compressed();
	test_small_order_spki();
	return done();
}
