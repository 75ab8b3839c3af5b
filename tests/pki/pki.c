/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/pki.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/time.h"
#include "codec/der.h"
#include "tests/pki/rsa_keys.h"

/* Everything made, newest first. */
struct owned {
	struct owned *next;
	EVP_PKEY *key; /* or a block behind this head */
	max_align_t room[];
};

static struct owned *all;

static void give_up(const char *what)
{
	printf("Bail out! test pki: %s\n", what);
	exit(1);
}

static struct owned *own(size_t size)
{
	struct owned *o = calloc(1, sizeof(*o) + size);

	if (!o)
		give_up("no memory");
	o->next = all;
	all = o;
	return o;
}

uint8_t *pki_alloc(size_t size)
{
	return (uint8_t *)own(size ? size : 1)->room;
}

void *pki_mark(void)
{
	return all;
}

void pki_release(void *mark)
{
	while (all && all != mark) {
		struct owned *o = all;

		all = o->next;
		EVP_PKEY_free(o->key);
		free(o);
	}
}

void pki_done(void)
{
	pki_release(NULL);
}

struct tacit_slice pki_copy(struct tacit_slice bytes)
{
	uint8_t *copy = pki_alloc(bytes.len);

	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	return tacit_slice_of(copy, bytes.len);
}

struct tacit_slice pki_hex(const char *text)
{
	size_t len = strlen(text) / 2;
	uint8_t *bytes = pki_alloc(len);

	if (!tacit_hex_decode(tacit_slice_str(text), tacit_mut_of(bytes, len), &len))
		give_up("bad hex");
	return tacit_slice_of(bytes, len);
}

/* --- keys ------------------------------------------------------------------------------- */

static EVP_PKEY *keep(EVP_PKEY *key)
{
	if (!key)
		give_up("no key");
	own(0)->key = key;
	return key;
}

/* The private exponent and the rest of an RSA key, from its primes. */
static EVP_PKEY *rsa_from_primes(const char *const primes[2])
{
	BN_CTX *bn = BN_CTX_new();
	BIGNUM *p = NULL, *q = NULL, *e = BN_new(), *n = BN_new(), *phi = BN_new();
	BIGNUM *p1 = BN_new(), *q1 = BN_new(), *dp = BN_new(), *dq = BN_new();

	BN_hex2bn(&p, primes[0]);
	BN_hex2bn(&q, primes[1]);
	BN_set_word(e, 65537);
	BN_mul(n, p, q, bn);
	BN_sub(p1, p, BN_value_one());
	BN_sub(q1, q, BN_value_one());
	BN_mul(phi, p1, q1, bn);

	BIGNUM *d = BN_mod_inverse(NULL, e, phi, bn), *qi = BN_mod_inverse(NULL, q, p, bn);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	BN_mod(dp, d, p1, bn);
	BN_mod(dq, d, q1, bn);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_FACTOR1, p);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_FACTOR2, q);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qi);

	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);

	EVP_PKEY_fromdata_init(ctx);
	EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BIGNUM *numbers[] = { p, q, e, n, phi, p1, q1, dp, dq, d, qi };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		BN_free(numbers[i]);
	BN_CTX_free(bn);
	return key;
}

EVP_PKEY *pki_key(enum pki_kind kind)
{
	static unsigned turn;

	switch (kind) {
	case PKI_P256:
		return keep(EVP_EC_gen("P-256"));
	case PKI_P384:
		return keep(EVP_EC_gen("P-384"));
	case PKI_P521:
		return keep(EVP_EC_gen("P-521"));
	case PKI_RSA2048:
		return keep(EVP_RSA_gen(2048));
	case PKI_RSA4096:
		return keep(rsa_from_primes(RSA_PRIMES[turn++ % 3]));
	case PKI_ED25519:
		return keep(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	}
	give_up("no such kind of key");
	return NULL;
}

struct tacit_slice pki_spki(EVP_PKEY *key)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	if (len <= 0)
		give_up("no public key");
	struct tacit_slice copy = pki_copy(tacit_slice_of(der, (size_t)len));
	OPENSSL_free(der);
	return copy;
}

struct tacit_slice pki_point(EVP_PKEY *key)
{
	struct tacit_slice spki = pki_spki(key);
	size_t bits = (size_t)EVP_PKEY_get_bits(key), len = 1 + 2 * ((bits + 7) / 8);

	return tacit_slice_of(spki.ptr + spki.len - len, len);
}

static const EVP_MD *own_hash(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_sha384();
	return EVP_PKEY_get_bits(key) == 256   ? EVP_sha256()
	       : EVP_PKEY_get_bits(key) == 384 ? EVP_sha384()
					       : EVP_sha512();
}

/* As certificates carry it. */
static struct tacit_slice sign_native(EVP_PKEY *key, const EVP_MD *md, bool pss,
				      struct tacit_slice message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings;
	size_t len = 1024;
	uint8_t *out = pki_alloc(len);

	if (EVP_DigestSignInit(ctx, &settings, md, NULL, key) != 1 ||
	    (pss && (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) != 1 ||
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, EVP_MD_get_size(md)) != 1)) ||
	    EVP_DigestSign(ctx, out, &len, message.ptr, message.len) != 1)
		give_up("signing failed");
	EVP_MD_CTX_free(ctx);
	return tacit_slice_of(out, len);
}

struct tacit_slice pki_sign_raw(EVP_PKEY *key, struct tacit_slice message)
{
	struct tacit_slice der = sign_native(key, own_hash(key), false, message);

	if (!EVP_PKEY_is_a(key, "EC"))
		return der;

	size_t half = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	const uint8_t *at = der.ptr;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	uint8_t *raw = pki_alloc(2 * half);

	if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)half) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, (int)half) < 0)
		give_up("no raw signature");
	ECDSA_SIG_free(sig);
	return tacit_slice_of(raw, 2 * half);
}

/* --- DER ---------------------------------------------------------------------------------- */

void pki_raw(struct pki_buf *b, struct tacit_slice bytes)
{
	if (b->room - b->len < bytes.len) {
		size_t room = 2 * (b->len + bytes.len) + 256;
		uint8_t *grown = pki_alloc(room);

		if (b->len)
			memcpy(grown, b->bytes, b->len);
		b->bytes = grown;
		b->room = room;
	}
	if (bytes.len)
		memcpy(b->bytes + b->len, bytes.ptr, bytes.len);
	b->len += bytes.len;
}

void pki_put(struct pki_buf *b, uint8_t tag, struct tacit_slice content)
{
	size_t mark = b->len;

	pki_raw(b, content);
	pki_wrap(b, mark, tag);
}

void pki_wrap(struct pki_buf *b, size_t mark, uint8_t tag)
{
	uint8_t head[6] = { tag };
	size_t len = b->len - mark, count = 0, head_len = 2;

	if (len < 0x80) {
		head[1] = (uint8_t)len;
	} else {
		while (len >> 8 * count)
			count++;
		head[1] = (uint8_t)(0x80 | count);
		for (size_t i = 0; i < count; i++)
			head[2 + i] = (uint8_t)(len >> 8 * (count - 1 - i));
		head_len += count;
	}
	pki_raw(b, tacit_slice_of(head, head_len)); /* makes room; moved to its place next */
	memmove(b->bytes + mark + head_len, b->bytes + mark, len);
	memcpy(b->bytes + mark, head, head_len);
}

void pki_put_uint(struct pki_buf *b, uint8_t tag, uint64_t number)
{
	uint8_t bytes[9] = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)(number >> 8 * (7 - i));
	while (at < 8 && bytes[at] == 0 && bytes[at + 1] < 0x80)
		at++;
	pki_put(b, tag, tacit_slice_of(bytes + at, sizeof(bytes) - at));
}

void pki_put_oid(struct pki_buf *b, const char *dotted)
{
	ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);

	if (!object)
		give_up("no such object identifier");
	pki_put(b, TACIT_DER_OID, tacit_slice_of(OBJ_get0_data(object), OBJ_length(object)));
	ASN1_OBJECT_free(object);
}

void pki_put_time(struct pki_buf *b, int64_t seconds)
{
	char rfc[TACIT_TIME_TEXT], text[16];
	size_t len = 0;

	tacit_time_format(seconds, rfc);
	bool later = strncmp(rfc, "2050", 4) >= 0;
	for (const char *at = rfc + (later ? 0 : 2); *at; at++) {
		if (strchr("-:T", *at) == NULL)
			text[len++] = *at;
	}
	pki_put(b, later ? TACIT_DER_TIME : TACIT_DER_UTC_TIME, tacit_slice_of(text, len));
}

struct tacit_slice pki_take(struct pki_buf *b)
{
	struct tacit_slice bytes = tacit_slice_of(b->bytes, b->len);

	*b = (struct pki_buf){ NULL, 0, 0 };
	return bytes;
}

/* --- certificates --------------------------------------------------------------------------- */

static void put_attribute(struct pki_buf *b, struct tacit_slice type, struct tacit_slice text)
{
	static const struct {
		const char *type, *oid;
		uint8_t tag;
	} TYPES[] = {
		{ "CN", "2.5.4.3", TACIT_DER_UTF8 }, { "C", "2.5.4.6", TACIT_DER_PRINTABLE },
		{ "L", "2.5.4.7", TACIT_DER_UTF8 },  { "ST", "2.5.4.8", TACIT_DER_UTF8 },
		{ "O", "2.5.4.10", TACIT_DER_UTF8 }, { "OU", "2.5.4.11", TACIT_DER_UTF8 },
	};
	size_t mark = b->len;

	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		if (!tacit_slice_eq(type, tacit_slice_str(TYPES[i].type)))
			continue;
		pki_put_oid(b, TYPES[i].oid);
		pki_put(b, TYPES[i].tag, text);
		pki_wrap(b, mark, TACIT_DER_SEQUENCE);
		pki_wrap(b, mark, TACIT_DER_SET);
		return;
	}
	give_up("no such attribute");
}

static struct tacit_slice make_name(const char *text)
{
	struct pki_buf b = { NULL, 0, 0 };

	for (const char *at = text; *at;) {
		size_t type = strcspn(at, "="), value = strcspn(at + type + 1, "/");

		put_attribute(&b, tacit_slice_of(at, type), tacit_slice_of(at + type + 1, value));
		at += type + 1 + value;
		at += *at == '/';
	}
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	return pki_take(&b);
}

static void put_ext(struct pki_buf *b, const struct pki_ext *ext)
{
	static const uint8_t YES = 0xff;
	size_t mark = b->len;

	pki_put_oid(b, ext->oid);
	if (ext->critical)
		pki_put(b, TACIT_DER_BOOLEAN, tacit_slice_of(&YES, 1));
	pki_put(b, TACIT_DER_OCTETS, ext->value);
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
}

static void put_basic(struct pki_buf *b, const struct pki_spec *spec)
{
	static const uint8_t YES = 0xff;
	struct pki_buf v = { NULL, 0, 0 };

	if (spec->ca)
		pki_put(&v, TACIT_DER_BOOLEAN, tacit_slice_of(&YES, 1));
	if (spec->limited)
		pki_put_uint(&v, TACIT_DER_INTEGER, spec->path_len);
	pki_wrap(&v, 0, TACIT_DER_SEQUENCE);
	put_ext(b, &(struct pki_ext){ "2.5.29.19", !spec->basic_not_critical, pki_take(&v) });
}

static void put_key_usage(struct pki_buf *b, const struct pki_spec *spec)
{
	uint8_t bits[3] = { 0 };
	size_t last = 0;
	struct pki_buf v = { NULL, 0, 0 };

	for (size_t i = 0; i < 9; i++) {
		if (!(spec->key_usage & 1u << i))
			continue;
		bits[1 + i / 8] |= (uint8_t)(0x80 >> i % 8);
		last = i;
	}
	bits[0] = (uint8_t)(7 - last % 8);
	pki_put(&v, TACIT_DER_BITS, tacit_slice_of(bits, 2 + last / 8));
	put_ext(b, &(struct pki_ext){ "2.5.29.15", !spec->key_usage_not_critical, pki_take(&v) });
}

static void put_key_id(struct pki_buf *b, const char *oid, struct tacit_slice id, bool of_issuer)
{
	struct pki_buf v = { NULL, 0, 0 };

	pki_put(&v, of_issuer ? TACIT_DER_PRIMITIVE(0) : TACIT_DER_OCTETS, id);
	if (of_issuer)
		pki_wrap(&v, 0, TACIT_DER_SEQUENCE);
	put_ext(b, &(struct pki_ext){ oid, false, pki_take(&v) });
}

static struct tacit_slice key_id(struct tacit_slice spki)
{
	uint8_t *id = pki_alloc(SHA_DIGEST_LENGTH);

	if (EVP_Digest(spki.ptr, spki.len, id, NULL, EVP_sha1(), NULL) != 1)
		give_up("no key id");
	return tacit_slice_of(id, SHA_DIGEST_LENGTH);
}

static void put_exts(struct pki_buf *b, const struct pki_ext *exts, size_t count, uint8_t tag)
{
	size_t mark = b->len;

	for (size_t i = 0; i < count; i++)
		put_ext(b, &exts[i]);
	if (b->len == mark)
		return;
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
	if (tag)
		pki_wrap(b, mark, tag);
}

static void put_cert_exts(struct pki_buf *b, const struct pki_spec *spec, struct tacit_slice ski)
{
	size_t mark = b->len;
	struct tacit_slice aki = spec->aki.ptr ? spec->aki : spec->issuer ? spec->issuer->ski : ski;

	if (spec->basic || spec->ca)
		put_basic(b, spec);
	if (spec->key_usage)
		put_key_usage(b, spec);
	if (!spec->no_ski)
		put_key_id(b, "2.5.29.14", ski, false);
	if (!spec->no_aki)
		put_key_id(b, "2.5.29.35", aki, true);
	for (size_t i = 0; i < spec->ext_count; i++)
		put_ext(b, &spec->exts[i]);
	if (b->len == mark)
		return;
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
	pki_wrap(b, mark, TACIT_DER_CONTEXT(3));
}

struct alg_row {
	const char *oid, *hash_oid; /* hash_oid: PSS parameters with this hash */
	const char *md;
	bool null_params;
};

static const struct alg_row ALGS[] = {
	[PKI_SIG_ECDSA_SHA256] = { "1.2.840.10045.4.3.2", NULL, "SHA256", false },
	[PKI_SIG_ECDSA_SHA384] = { "1.2.840.10045.4.3.3", NULL, "SHA384", false },
	[PKI_SIG_PSS_SHA384] = { "1.2.840.113549.1.1.10", "2.16.840.1.101.3.4.2.2", "SHA384",
				 false },
	[PKI_SIG_PSS_SHA256] = { "1.2.840.113549.1.1.10", "2.16.840.1.101.3.4.2.1", "SHA256",
				 false },
	[PKI_SIG_RSA_SHA384] = { "1.2.840.113549.1.1.12", NULL, "SHA384", true },
};
static const struct alg_row ECDSA_SHA512 = { "1.2.840.10045.4.3.4", NULL, "SHA512", false };
static const struct alg_row ED25519 = { "1.3.101.112", NULL, NULL, false };

static const struct alg_row *alg_of(EVP_PKEY *signer, enum pki_sig sig)
{
	if (sig != PKI_SIG_OWN)
		return &ALGS[sig];
	if (EVP_PKEY_is_a(signer, "RSA"))
		return &ALGS[PKI_SIG_PSS_SHA384];
	if (EVP_PKEY_is_a(signer, "ED25519"))
		return &ED25519;
	return EVP_PKEY_get_bits(signer) == 256   ? &ALGS[PKI_SIG_ECDSA_SHA256]
	       : EVP_PKEY_get_bits(signer) == 384 ? &ALGS[PKI_SIG_ECDSA_SHA384]
						  : &ECDSA_SHA512;
}

static void put_hash_alg(struct pki_buf *b, const char *oid)
{
	size_t mark = b->len;

	pki_put_oid(b, oid);
	pki_put(b, TACIT_DER_NULL, tacit_slice_of(NULL, 0));
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
}

/* RSASSA-PSS-params [RFC 4055 3.1] */
static void put_pss(struct pki_buf *b, const struct alg_row *alg, bool trailer)
{
	size_t params = b->len, mark = params;

	put_hash_alg(b, alg->hash_oid);
	pki_wrap(b, mark, TACIT_DER_CONTEXT(0));
	mark = b->len;
	pki_put_oid(b, "1.2.840.113549.1.1.8");
	put_hash_alg(b, alg->hash_oid);
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
	pki_wrap(b, mark, TACIT_DER_CONTEXT(1));
	mark = b->len;
	pki_put_uint(b, TACIT_DER_INTEGER, strcmp(alg->md, "SHA384") == 0 ? 48 : 32);
	pki_wrap(b, mark, TACIT_DER_CONTEXT(2));
	if (trailer) {
		mark = b->len;
		pki_put_uint(b, TACIT_DER_INTEGER, 1);
		pki_wrap(b, mark, TACIT_DER_CONTEXT(3));
	}
	pki_wrap(b, params, TACIT_DER_SEQUENCE);
}

static void put_alg(struct pki_buf *b, const struct alg_row *alg, bool trailer)
{
	size_t mark = b->len;

	pki_put_oid(b, alg->oid);
	if (alg->hash_oid)
		put_pss(b, alg, trailer);
	else if (alg->null_params)
		pki_put(b, TACIT_DER_NULL, tacit_slice_of(NULL, 0));
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
}

struct tacit_slice pki_seal(struct tacit_slice tbs, EVP_PKEY *signer, enum pki_sig sig,
			    bool pss_trailer)
{
	static const uint8_t NONE_UNUSED = 0;
	const struct alg_row *alg = alg_of(signer, sig);
	EVP_MD *md = alg->md ? EVP_MD_fetch(NULL, alg->md, NULL) : NULL;
	struct pki_buf b = { NULL, 0, 0 };

	pki_raw(&b, tbs);
	put_alg(&b, alg, pss_trailer);
	size_t mark = b.len;
	pki_raw(&b, tacit_slice_of(&NONE_UNUSED, 1));
	pki_raw(&b, sign_native(signer, md, alg->hash_oid != NULL, tbs));
	pki_wrap(&b, mark, TACIT_DER_BITS);
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	EVP_MD_free(md);
	return pki_take(&b);
}

struct tacit_slice pki_tbs_of(struct tacit_slice der)
{
	struct tacit_der d = tacit_der_of(der);
	struct tacit_der whole = tacit_der_enter(&d, TACIT_DER_SEQUENCE);

	return tacit_der_element(&whole);
}

static void put_dates(struct pki_buf *b, int64_t from, int64_t until)
{
	size_t mark = b->len;

	pki_put_time(b, from);
	pki_put_time(b, until);
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
}

struct pki_cert *pki_cert(const struct pki_spec *spec)
{
	struct pki_cert *cert = (struct pki_cert *)(void *)pki_alloc(sizeof(*cert));
	EVP_PKEY *signer = spec->signer   ? spec->signer
			   : spec->issuer ? spec->issuer->key
					  : spec->key;
	struct tacit_slice spki = spec->spki.ptr ? spec->spki : pki_spki(spec->key);
	struct pki_buf b = { NULL, 0, 0 };

	cert->key = spec->key;
	cert->subject = make_name(spec->subject);
	cert->subject_text = spec->subject;
	cert->ski = spec->ski.ptr ? spec->ski : key_id(spki);
	pki_put_uint(&b, TACIT_DER_INTEGER, spec->version ? spec->version - 1 : 2);
	pki_wrap(&b, 0, TACIT_DER_CONTEXT(0));
	pki_put(&b, TACIT_DER_INTEGER, pki_hex(spec->serial ? spec->serial : "01"));
	put_alg(&b, alg_of(signer, spec->sig), spec->pss_trailer);
	pki_raw(&b, spec->issuer_name ? make_name(spec->issuer_name)
		    : spec->issuer    ? spec->issuer->subject
				      : cert->subject);
	put_dates(&b, spec->not_before, spec->not_after);
	pki_raw(&b, cert->subject);
	pki_raw(&b, spki);
	put_cert_exts(&b, spec, cert->ski);
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	cert->der = pki_seal(pki_take(&b), signer, spec->sig, spec->pss_trailer);
	return cert;
}

struct pki_cert *pki_ca(EVP_PKEY *key, const char *subject, const struct pki_cert *issuer,
			int64_t not_before, int64_t not_after)
{
	return pki_cert(&(struct pki_spec){ .key = key,
					    .subject = subject,
					    .issuer = issuer,
					    .not_before = not_before,
					    .not_after = not_after,
					    .ca = true,
					    .key_usage = TACIT_KU_CERT_SIGN | TACIT_KU_CRL_SIGN });
}

struct tacit_slice pki_pem(const struct pki_cert *const *certs, size_t count, size_t nuls)
{
	struct pki_buf b = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++) {
		size_t size = tacit_base64_size(TACIT_BASE64, certs[i]->der.len);
		char *text = (char *)pki_alloc(size + 1);

		tacit_base64_encode(TACIT_BASE64, certs[i]->der, text);
		pki_raw(&b, tacit_slice_str("-----BEGIN CERTIFICATE-----\n"));
		for (size_t at = 0; at < size; at += 64) {
			pki_raw(&b, tacit_slice_of(text + at, size - at < 64 ? size - at : 64));
			pki_raw(&b, tacit_slice_str("\n"));
		}
		pki_raw(&b, tacit_slice_str("-----END CERTIFICATE-----\n"));
	}
	pki_raw(&b, tacit_slice_of(pki_alloc(nuls), nuls));
	return pki_take(&b);
}

/* --- revocation lists ----------------------------------------------------------------------- */

static void put_entries(struct pki_buf *b, const struct pki_crl_spec *spec)
{
	size_t list = b->len;

	for (size_t i = 0; i < spec->serial_count; i++) {
		size_t mark = b->len;

		pki_put(b, TACIT_DER_INTEGER, pki_hex(spec->serials[i]));
		pki_put_time(b, spec->this_update);
		put_exts(b, spec->entry_exts, spec->entry_ext_count, 0);
		pki_wrap(b, mark, TACIT_DER_SEQUENCE);
	}
	if (b->len > list)
		pki_wrap(b, list, TACIT_DER_SEQUENCE);
}

static void put_crl_exts(struct pki_buf *b, const struct pki_crl_spec *spec)
{
	struct pki_buf number = { NULL, 0, 0 };
	size_t mark = b->len;

	if (!spec->no_aki)
		put_key_id(b, "2.5.29.35", spec->aki.ptr ? spec->aki : spec->issuer->ski, true);
	pki_put_uint(&number, TACIT_DER_INTEGER, spec->number);
	if (!spec->no_number)
		put_ext(b, &(struct pki_ext){ "2.5.29.20", false, pki_take(&number) });
	for (size_t i = 0; i < spec->ext_count; i++)
		put_ext(b, &spec->exts[i]);
	if (b->len == mark)
		return;
	pki_wrap(b, mark, TACIT_DER_SEQUENCE);
	pki_wrap(b, mark, TACIT_DER_CONTEXT(0));
}

struct tacit_slice pki_crl(const struct pki_crl_spec *spec)
{
	EVP_PKEY *signer = spec->signer ? spec->signer : spec->issuer->key;
	struct pki_buf b = { NULL, 0, 0 };

	pki_put_uint(&b, TACIT_DER_INTEGER, spec->version ? spec->version - 1 : 1);
	put_alg(&b, alg_of(signer, spec->sig), false);
	pki_raw(&b, spec->issuer_name ? make_name(spec->issuer_name) : spec->issuer->subject);
	pki_put_time(&b, spec->this_update);
	if (spec->next_update)
		pki_put_time(&b, spec->next_update);
	put_entries(&b, spec);
	put_crl_exts(&b, spec);
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	return pki_seal(pki_take(&b), signer, spec->sig, false);
}
