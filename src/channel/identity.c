/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/identity.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/compiler.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "tee/binding.h"

#define WHERE       "channel.identity"
#define HPKE_KEY_ID 1

#define HOUR        3600
#define DAYS_10Y    3652

static void free_cert(X509 **cert)
{
	X509_free(*cert);
}

static void free_der(unsigned char **der)
{
	OPENSSL_free(*der);
}

static enum tacit_status fail_x509(struct tacit_error *err)
{
	ERR_clear_error();
	return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "cannot make a certificate");
}

/* A positive serial of at most 8 bytes [RFC 5280 4.1.2.2]. */
static bool set_serial(X509 *cert, struct tacit_error *err)
{
	uint64_t serial = 0;

	if (tacit_random(tacit_mut_of(&serial, sizeof(serial)), err) != TACIT_OK)
		return false;
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), (serial >> 1) | 1) == 1;
}

/*
 * Ten years, from an hour ago. The dates mean nothing to our clients: the key lives as long as
 * this process, and what limits trust in time is the evidence. They are wide because the clock
 * is the host's, and TLS libraries refuse a certificate that is not yet valid.
 */
static bool set_dates(X509 *cert, int64_t now)
{
	time_t seconds = (time_t)now;

	return X509_time_adj_ex(X509_getm_notBefore(cert), 0, -HOUR, &seconds) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), DAYS_10Y, 0, &seconds);
}

static bool set_name(X509 *cert)
{
	static const unsigned char CN[] = "tacit";
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, CN, sizeof(CN) - 1, -1, 0) &&
	       X509_set_issuer_name(cert, name);
}

static enum tacit_status make_certificate(struct tacit_identity *id, int64_t now,
					  struct tacit_error *err)
{
	X509 *cert TACIT_CLEANUP(free_cert) = X509_new();
	EVP_PKEY *key = tacit_key_native(id->tls_key);
	unsigned char *der TACIT_CLEANUP(free_der) = NULL;

	if (!cert || !X509_set_version(cert, X509_VERSION_3) || !set_serial(cert, err) ||
	    !set_dates(cert, now) || !set_name(cert) || !X509_set_pubkey(cert, key) ||
	    X509_sign(cert, key, EVP_sha256()) <= 0)
		return fail_x509(err);
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (len <= 0)
		return fail_x509(err);
	enum tacit_status st =
		tacit_hash(TACIT_SHA256, tacit_slice_of(der, (size_t)len), id->tls_spki, err);
	if (st != TACIT_OK)
		return st;
	id->certificate = cert;
	cert = NULL;
	return TACIT_OK;
}

static enum tacit_status make_hpke(struct tacit_identity *id, struct tacit_error *err)
{
	uint8_t public[TACIT_PUBLIC_MAX];
	size_t len;
	enum tacit_status st = tacit_key_generate(TACIT_X25519, &id->hpke_key, err);

	if (st == TACIT_OK)
		st = tacit_key_export_public(id->hpke_key, public, &len, err);
	if (st == TACIT_OK)
		tacit_binding_hpke_write(HPKE_KEY_ID, public, id->hpke_config);
	return st;
}

static enum tacit_status make_all(struct tacit_identity *id, int64_t now, struct tacit_error *err)
{
	enum tacit_status st = tacit_key_generate(TACIT_P256, &id->tls_key, err);

	if (st == TACIT_OK)
		st = make_certificate(id, now, err);
	if (st == TACIT_OK)
		st = tacit_receipt_key_new(tacit_slice_of(NULL, 0), &id->receipt_key, err);
	if (st == TACIT_OK) {
		tacit_receipt_key_public(id->receipt_key, id->receipt_public);
		st = make_hpke(id, err);
	}
	return st;
}

enum tacit_status tacit_identity_init(struct tacit_identity *ret, int64_t now,
				      struct tacit_error *err)
{
	struct tacit_identity id = { 0 };
	enum tacit_status st = make_all(&id, now, err);

	if (st == TACIT_OK)
		*ret = id;
	else
		tacit_identity_done(&id);
	return st;
}

void tacit_identity_done(struct tacit_identity *identity)
{
	X509_free(identity->certificate);
	tacit_key_free(identity->tls_key);
	tacit_key_free(identity->hpke_key);
	tacit_receipt_key_free(identity->receipt_key);
	memset(identity, 0, sizeof(*identity));
}

void tacit_identity_bind(const struct tacit_identity *identity, struct tacit_binding *ret)
{
	memcpy(ret->tls_spki, identity->tls_spki, sizeof(ret->tls_spki));
	memcpy(ret->receipt_key, identity->receipt_public, sizeof(ret->receipt_key));
	ret->hpke_config = TACIT_SLICE_ARRAY(identity->hpke_config);
}
