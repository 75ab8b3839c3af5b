/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/identity.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "../tap.h"
#include "crypto/hash.h"
#include "tee/binding.h"

#define NOW 1795000000

static void test_certificate(const struct tacit_identity *id)
{
	X509 *cert = id->certificate;
	unsigned char *der = NULL;
	uint8_t hash[32];
	char name[64];
	time_t now = NOW;

	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	ok(len == 91, "a P-256 key");
	is_status(tacit_hash(TACIT_SHA256, tacit_slice_of(der, (size_t)len), hash, NULL), TACIT_OK,
		  "hashed");
	is_slice(TACIT_SLICE_ARRAY(id->tls_spki), TACIT_SLICE_ARRAY(hash), "tls_spki");
	OPENSSL_free(der);
	ok(X509_verify(cert, X509_get0_pubkey(cert)) == 1, "signed by itself");
	X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof(name));
	ok(strcmp(name, "/CN=tacit") == 0, "its name tells nothing about the machine: %s", name);
	ok(X509_get_version(cert) == X509_VERSION_3, "version 3");
	ok(ASN1_INTEGER_get(X509_get_serialNumber(cert)) != 0, "a serial");
	ok(X509_cmp_time(X509_get0_notBefore(cert), &now) < 0, "valid already now");
	now -= 3700;
	ok(X509_cmp_time(X509_get0_notBefore(cert), &now) > 0, "but not long before");
	now = NOW + 9 * 365 * 86400L;
	ok(X509_cmp_time(X509_get0_notAfter(cert), &now) > 0, "and for years");
}

static void test_binding(const struct tacit_identity *id)
{
	struct tacit_binding binding = { .model_id = tacit_slice_str("m") }, again;
	uint8_t room[1024];
	struct tacit_slice encoded;

	tacit_identity_bind(id, &binding);
	is_slice(TACIT_SLICE_ARRAY(binding.tls_spki), TACIT_SLICE_ARRAY(id->tls_spki), "TLS key");
	is_slice(TACIT_SLICE_ARRAY(binding.receipt_key), TACIT_SLICE_ARRAY(id->receipt_public),
		 "receipt key");
	ok(tacit_binding_hpke_ok(binding.hpke_config), "HPKE key configuration");
	is_slice(binding.model_id, tacit_slice_str("m"), "the rest is left alone");
	is_status(tacit_binding_encode(&binding, tacit_mut_of(room, sizeof(room)), &encoded, NULL),
		  TACIT_OK, "a whole binding");
	is_status(tacit_binding_parse(encoded, &again, NULL), TACIT_OK, "reads back");
}

static void test_keys_speak(const struct tacit_identity *id)
{
	uint8_t public[TACIT_PUBLIC_MAX];
	size_t len = 0;

	is_status(tacit_key_export_public(id->hpke_key, public, &len, NULL), TACIT_OK, "HPKE key");
	is_slice(tacit_slice_of(id->hpke_config + 3, 32), tacit_slice_of(public, len),
		 "the configuration names it");
	uint8_t receipt_public[32];
	tacit_receipt_key_public(id->receipt_key, receipt_public);
	is_slice(TACIT_SLICE_ARRAY(id->receipt_public), TACIT_SLICE_ARRAY(receipt_public),
		 "the receipt key");
}

int main(void)
{
	struct tacit_identity one = { 0 }, two = { 0 };
	const struct tacit_identity zero = { 0 };
	struct tacit_error err = { 0 };

	if (!is_status(tacit_identity_init(&one, NOW, &err), TACIT_OK, "an identity") ||
	    !is_status(tacit_identity_init(&two, NOW, &err), TACIT_OK, "another one"))
		return done();
	test_certificate(&one);
	test_binding(&one);
	test_keys_speak(&one);
	ok(memcmp(one.tls_spki, two.tls_spki, 32) != 0, "TLS keys differ");
	ok(memcmp(one.receipt_public, two.receipt_public, 32) != 0, "receipt keys differ");
	ok(memcmp(one.hpke_config, two.hpke_config, TACIT_HPKE_CONFIG_LEN) != 0,
	   "HPKE keys differ");
	tacit_identity_done(&one);
	tacit_identity_done(&two);
	ok(memcmp(&one, &zero, sizeof(one)) == 0, "done leaves nothing");
	tacit_identity_done(&one);
	ok(true, "done twice is fine");
	return done();
}
