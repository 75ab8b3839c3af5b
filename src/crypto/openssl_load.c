/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/compiler.h"
#include "crypto/openssl_key.h"

#define WHERE           "crypto.key"

#define KEY_FILE_MAX    65536

#define SPKI_PREFIX_MAX 26

/* All of a SubjectPublicKeyInfo before the key itself, which has a fixed length. */
struct spki_row {
	enum tacit_key_alg alg;
	size_t prefix_len;
	uint8_t prefix[SPKI_PREFIX_MAX];
};

static const struct spki_row SPKIS[] = {
	/* id-Ed25519 and id-X25519, parameters absent [RFC 8410 3] */
	{ TACIT_ED25519,
	  12,
	  { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 } },
	{ TACIT_X25519,
	  12,
	  { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00 } },
	/* id-ecPublicKey with a named curve [RFC 5480 2.1.1] */
	{ TACIT_P256, 26, { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
			    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
			    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 } },
	{ TACIT_P384, 23, { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
			    0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 } },
};

/* Only to say which of the two it is: a well-formed key that we do not use, or no key at all. */
static enum tacit_status refuse_spki(struct tacit_slice der, struct tacit_error *err)
{
	const uint8_t *at = der.ptr;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
	bool whole = pkey && at == der.ptr + der.len;

	EVP_PKEY_free(pkey);
	if (whole)
		return tacit_openssl_fail(err, TACIT_UNSUPPORTED, WHERE,
					  "no public key type or form we use");
	return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "not a public key");
}

/*
 * The keys we use have one DER form each, so that the structure is compared, not parsed: faster
 * than the library's decoders, and nothing that is not DER can pass.
 */
enum tacit_status tacit_key_spki(struct tacit_slice der, struct tacit_key **ret_key,
				 struct tacit_error *err)
{
	if (der.len > KEY_FILE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "key of %zu bytes", der.len);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SPKIS); i++) {
		const struct spki_row *row = &SPKIS[i];
		size_t key_len = tacit_key_public_len(row->alg);

		if (der.len == row->prefix_len + key_len &&
		    memcmp(der.ptr, row->prefix, row->prefix_len) == 0)
			return tacit_key_public(row->alg,
						tacit_slice_of(der.ptr + row->prefix_len, key_len),
						ret_key, err);
	}
	return refuse_spki(der, err);
}

/* The private key fits its public part and its curve; a file may hold any two numbers. */
static bool consistent(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool fits = ctx && EVP_PKEY_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return fits;
}

static enum tacit_status load_private(struct tacit_slice der, struct tacit_key **ret_key,
				      struct tacit_error *err)
{
	const uint8_t *at = der.ptr;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.len);

	if (pkey && (at != der.ptr + der.len || (EVP_PKEY_is_a(pkey, "EC") && !consistent(pkey)))) {
		EVP_PKEY_free(pkey);
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE,
					  "private key does not hold together");
	}
	return tacit_openssl_key_wrap(pkey, true, ret_key, err);
}

struct pem_block {
	char *name, *header;
	uint8_t *data;
	long len;
};

static void block_done(struct pem_block *block)
{
	OPENSSL_free(block->name);
	OPENSSL_free(block->header);
	OPENSSL_clear_free(block->data, (size_t)block->len);
	memset(block, 0, sizeof(*block));
}

/* The next block that is not the curve's name, which `openssl ecparam -genkey` puts in front. */
static bool next_block(BIO *bio, struct pem_block *ret)
{
	for (;;) {
		if (PEM_read_bio(bio, &ret->name, &ret->header, &ret->data, &ret->len) != 1)
			return false;
		if (strcmp(ret->name, PEM_STRING_ECPARAMETERS) != 0)
			return true;
		block_done(ret);
	}
}

static enum tacit_status load_block(const struct pem_block *block, struct tacit_key **ret_key,
				    struct tacit_error *err)
{
	struct tacit_slice der = tacit_slice_of(block->data, (size_t)block->len);

	/* Decrypting would ask a person for a passphrase. */
	if (block->header[0] != '\0' || strcmp(block->name, PEM_STRING_PKCS8) == 0)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "encrypted private key");
	if (strcmp(block->name, PEM_STRING_PUBLIC) == 0)
		return tacit_key_spki(der, ret_key, err);
	if (strcmp(block->name, PEM_STRING_PKCS8INF) == 0 ||
	    strcmp(block->name, PEM_STRING_ECPRIVATEKEY) == 0)
		return load_private(der, ret_key, err);
	return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "no kind of pem block we use");
}

static enum tacit_status load_only_block(BIO *bio, struct tacit_key **ret_key,
					 struct tacit_error *err)
{
	struct pem_block block = { 0 }, extra = { 0 };

	if (!next_block(bio, &block))
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "no pem block");

	/* Two keys in one file: somebody meant the other one. */
	bool alone = !next_block(bio, &extra);
	enum tacit_status st =
		alone ? load_block(&block, ret_key, err)
		      : tacit_fail(err, TACIT_FORMAT, WHERE, 0, "more than one pem block");

	block_done(&block);
	block_done(&extra);
	ERR_clear_error();
	return st;
}

enum tacit_status tacit_key_pem(struct tacit_slice pem, struct tacit_key **ret_key,
				struct tacit_error *err)
{
	if (pem.len > KEY_FILE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "key file of %zu bytes", pem.len);

	BIO *bio = BIO_new_mem_buf(pem.len ? (const void *)pem.ptr : "", (int)pem.len);
	if (!bio)
		return tacit_openssl_fail(err, TACIT_NOMEM, WHERE, "no memory for a key");

	enum tacit_status st = load_only_block(bio, ret_key, err);

	BIO_free(bio);
	return st;
}
