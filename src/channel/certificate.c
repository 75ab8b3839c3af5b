/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "crypto/random.h"

#define WHERE     "channel.certificate"
#define SAN_MAX   2048
#define HOUR      3600
#define DAYS      3652
#define NAME_CHAR "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*"

static void free_cert(X509 **cert)
{
	X509_free(*cert);
}

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_extension(X509_EXTENSION **extension)
{
	X509_EXTENSION_free(*extension);
}

static enum tacit_status fail_library(struct tacit_error *err)
{
	ERR_clear_error();
	return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "cannot make a certificate");
}

static bool is_ip(const char *name)
{
	uint8_t room[16];

	return inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;
}

/* "DNS:a,IP:127.0.0.1", of names that cannot say anything else in that form. */
static bool write_names(const char *const *names, size_t count, char text[SAN_MAX])
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		bool ip = is_ip(names[i]);

		if (!ip && (!names[i][0] || names[i][strspn(names[i], NAME_CHAR)]))
			return false;
		int n = snprintf(text + at, SAN_MAX - at, "%s%s:%s", i ? "," : "",
				 ip ? "IP" : "DNS", names[i]);
		if (n < 0 || (size_t)n >= SAN_MAX - at)
			return false;
		at += (size_t)n;
	}
	return count > 0;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension TACIT_CLEANUP(free_extension) =
		X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	return extension && X509_add_ext(cert, extension, -1) == 1;
}

static bool set_identity(X509 *cert, EVP_PKEY *key, int64_t now)
{
	static const unsigned char CN[] = "tacit keyd";
	X509_NAME *name = X509_get_subject_name(cert);
	time_t seconds = (time_t)now;
	uint64_t serial = 0;

	return tacit_random(tacit_mut_of(&serial, sizeof(serial)), NULL) == TACIT_OK &&
	       X509_set_version(cert, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), (serial >> 1) | 1) == 1 &&
	       X509_time_adj_ex(X509_getm_notBefore(cert), 0, -HOUR, &seconds) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), DAYS, 0, &seconds) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, CN, sizeof(CN) - 1, -1, 0) &&
	       X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key);
}

static bool copy_out(BIO *bio, char *ret)
{
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);

	if (len <= 0 || len >= TACIT_CERTIFICATE_PEM)
		return false;
	memcpy(ret, text, (size_t)len);
	ret[len] = '\0';
	return true;
}

enum tacit_status tacit_certificate_make(const char *const *names, size_t count, int64_t now,
					 char ret_certificate[static TACIT_CERTIFICATE_PEM],
					 char ret_key[static TACIT_CERTIFICATE_PEM],
					 struct tacit_error *err)
{
	X509 *cert TACIT_CLEANUP(free_cert) = X509_new();
	EVP_PKEY *key TACIT_CLEANUP(free_pkey) = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BIO *shown TACIT_CLEANUP(free_bio) = BIO_new(BIO_s_mem());
	BIO *kept TACIT_CLEANUP(free_bio) = BIO_new(BIO_s_secmem());
	char san[SAN_MAX];

	if (!write_names(names, count, san))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "not a list of host names and addresses");
	if (!cert || !key || !shown || !kept || !set_identity(cert, key, now) ||
	    !add_extension(cert, NID_subject_alt_name, san) ||
	    !add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(cert, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(cert, NID_ext_key_usage, "serverAuth") ||
	    X509_sign(cert, key, EVP_sha256()) <= 0 || PEM_write_bio_X509(shown, cert) != 1 ||
	    PEM_write_bio_PKCS8PrivateKey(kept, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    !copy_out(shown, ret_certificate) || !copy_out(kept, ret_key))
		return fail_library(err);
	return TACIT_OK;
}
