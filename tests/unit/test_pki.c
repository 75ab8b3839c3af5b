/* SPDX-License-Identifier: Apache-2.0 */
/* The test kit itself, against OpenSSL's own reading: what it makes is what it says. */
#include "tests/pki/pki.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/tap.h"
#include "trust/crl.h"

#define FROM  1700000000
#define UNTIL 1900000000

static X509 *read_x509(struct tacit_slice der)
{
	const uint8_t *at = der.ptr;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);

	ok(x509 && at == der.ptr + der.len, "openssl reads it to the end");
	return x509;
}

static void test_chain(enum pki_kind kind, const char *name)
{
	struct pki_cert *root = pki_ca(pki_key(kind), "CN=Root/O=Test/C=US", NULL, FROM, UNTIL);
	struct pki_cert *leaf =
		pki_cert(&(struct pki_spec){ .key = pki_key(PKI_P384),
					     .subject = "CN=Leaf",
					     .issuer = root,
					     .not_before = FROM,
					     .not_after = 4102444800, /* 2100 */
					     .serial = "00ff00ff",
					     .key_usage = TACIT_KU_DIGITAL_SIGNATURE });
	X509 *up = read_x509(root->der), *down = read_x509(leaf->der);

	ok(X509_verify(up, X509_get0_pubkey(up)) == 1, "%s: signs itself", name);
	ok(X509_verify(down, X509_get0_pubkey(up)) == 1, "%s: signs another", name);
	ok(X509_check_issued(up, down) == X509_V_OK, "%s: names and key ids", name);
	ok(X509_check_ca(up) == 1 && X509_check_ca(down) == 0, "%s: one is a CA", name);
	ok(X509_get_key_usage(up) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN), "%s: key usage", name);

	struct tm tm;
	ok(ASN1_TIME_to_tm(X509_get0_notAfter(down), &tm) == 1 && tm.tm_year == 200,
	   "%s: a late date", name);
	X509_free(up);
	X509_free(down);
}

static void test_crl(void)
{
	static const char *const SERIALS[] = { "0f", "00aabb" };
	struct pki_cert *root = pki_ca(pki_key(PKI_P256), "CN=Root", NULL, FROM, UNTIL);
	struct tacit_slice der = pki_crl(&(struct pki_crl_spec){ .issuer = root,
								 .this_update = FROM,
								 .next_update = UNTIL,
								 .serials = SERIALS,
								 .serial_count = 2,
								 .number = 300 });
	const uint8_t *at = der.ptr;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.len);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	X509_REVOKED *entry;

	ok(crl && at == der.ptr + der.len, "openssl reads the list to the end");
	ok(X509_CRL_verify(crl, root->key) == 1, "the list's signature");
	ASN1_INTEGER_set(serial, 0xaabb);
	ok(X509_CRL_get0_by_serial(crl, &entry, serial) == 1, "an entry");
	ASN1_INTEGER_set(serial, 0xaabc);
	ok(X509_CRL_get0_by_serial(crl, &entry, serial) == 0, "no entry");
	ASN1_INTEGER_free(serial);
	X509_CRL_free(crl);
}

int main(void)
{
	test_chain(PKI_P256, "P-256");
	test_chain(PKI_P384, "P-384");
	test_chain(PKI_P521, "P-521");
	test_chain(PKI_RSA2048, "RSA-2048");
	test_chain(PKI_RSA4096, "RSA-4096");
	test_chain(PKI_ED25519, "Ed25519");
	test_crl();
	pki_done();
	return done();
}
