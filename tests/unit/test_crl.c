/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "codec/der.h"
#include "tests/pki/pki.h"
#include "tests/tap.h"

#define FROM  1700000000
#define UNTIL 1900000000

static struct pki_cert *root;
static struct tacit_cert issuer;
static const char *const SERIALS[] = { "01", "00ff", "0102030405" };

static struct pki_crl_spec usual(void)
{
	return (struct pki_crl_spec){ .issuer = root,
				      .this_update = FROM,
				      .next_update = UNTIL,
				      .serials = SERIALS,
				      .serial_count = TACIT_ARRAY_LEN(SERIALS),
				      .number = 44 };
}

static bool parses(struct tacit_slice der, struct tacit_crl *ret)
{
	struct tacit_crl crl = { .revoked_count = 77 };
	struct tacit_error err = { 0 };
	enum tacit_status st = tacit_crl_parse(der, "test", &crl, &err);

	if (st == TACIT_OK)
		*ret = crl;
	else if (st != TACIT_FORMAT || err.status != TACIT_FORMAT || crl.revoked_count != 77)
		ok(false, "a refusal is FORMAT and leaves the output alone");
	return st == TACIT_OK;
}

static void refused(const struct pki_crl_spec *spec, const char *name)
{
	struct tacit_crl crl;

	ok(!parses(pki_crl(spec), &crl), "refused: %s", name);
}

static void test_fields(void)
{
	struct pki_crl_spec spec = usual();
	struct tacit_slice der = pki_crl(&spec);
	struct tacit_crl crl = { 0 };

	ok(parses(der, &crl), "a list");
	is_slice(crl.der, der, "whole");
	is_slice(crl.tbs, pki_tbs_of(der), "signed part");
	is_slice(crl.issuer, root->subject, "issuer");
	is_slice(crl.aki, root->ski, "issuer's key id");
	is_slice(crl.number, pki_hex("2c"), "number");
	ok(crl.this_update == FROM && crl.next_update == UNTIL, "dates");
	ok(crl.revoked_count == 3 && crl.sig_alg == TACIT_SIG_ECDSA_SHA256, "entries, algorithm");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SERIALS); i++)
		ok(tacit_crl_revokes(&crl, pki_hex(SERIALS[i])), "revokes %s", SERIALS[i]);
	ok(!tacit_crl_revokes(&crl, pki_hex("02")), "not 02");
	ok(!tacit_crl_revokes(&crl, pki_hex("ff")), "not ff, which is negative");
	ok(!tacit_crl_revokes(&crl, pki_hex("01020304")), "not the beginning of one");
	ok(!tacit_crl_revokes(&crl, tacit_slice_of(NULL, 0)), "not nothing");
	is_status(tacit_crl_check(&crl, &issuer, NULL, NULL), TACIT_OK, "the issuer's");

	spec.serial_count = 0;
	ok(parses(pki_crl(&spec), &crl) && crl.revoked_count == 0 && !crl.revoked.ptr,
	   "an empty list");
	ok(!tacit_crl_revokes(&crl, pki_hex("01")), "revokes nothing");
	spec.no_number = true;
	ok(parses(pki_crl(&spec), &crl) && !crl.number.ptr, "no number");
}

static void test_refused(void)
{
	static const uint8_t REASON[] = { 0x0a, 0x01, 0x01 };
	static const uint8_t EMPTY[] = { 0x30, 0x00 };
	struct pki_ext ext = { "2.5.29.21", false, TACIT_SLICE_ARRAY(REASON) };
	struct pki_crl_spec spec = usual();
	struct tacit_crl crl = { 0 };

	spec.entry_exts = &ext;
	spec.entry_ext_count = 1;
	ok(parses(pki_crl(&spec), &crl) && tacit_crl_revokes(&crl, pki_hex("00ff")),
	   "entries with a reason");
	ext = (struct pki_ext){ "2.5.29.29", true, TACIT_SLICE_ARRAY(EMPTY) };
	refused(&spec, "an entry of another issuer");

	spec = usual();
	spec.exts = &ext;
	spec.ext_count = 1;
	ext = (struct pki_ext){ "2.5.29.28", true, TACIT_SLICE_ARRAY(EMPTY) };
	refused(&spec, "a list of some certificates only");
	ext = (struct pki_ext){ "2.5.29.27", true, TACIT_SLICE_ARRAY(REASON) };
	refused(&spec, "a delta list");
	ext = (struct pki_ext){ "1.2.3.4", true, TACIT_SLICE_ARRAY(EMPTY) };
	refused(&spec, "unknown critical extension");
	ext = (struct pki_ext){ "2.5.29.20", false, TACIT_SLICE_ARRAY(REASON) };
	refused(&spec, "number twice");
	spec.no_number = true;
	refused(&spec, "number of another type");
	ext = (struct pki_ext){ "2.5.29.35", false, TACIT_SLICE_ARRAY(EMPTY) };
	refused(&spec, "issuer's key id twice");
	static const uint8_t LONGER[] = { 0x02, 0x01, 0x2c, 0x00 };
	ext = (struct pki_ext){ "2.5.29.20", false, tacit_slice_of(LONGER, 3) };
	ok(parses(pki_crl(&spec), &crl), "a number by hand");
	ext.value.len = sizeof(LONGER);
	refused(&spec, "a byte behind the number");

	spec = usual();
	spec.next_update = 0;
	refused(&spec, "no next update");
	spec = usual();
	spec.version = 1;
	refused(&spec, "version 1 written out");
	spec.version = 3;
	refused(&spec, "version 3");
	spec = usual();
	spec.no_aki = spec.no_number = true;
	refused(&spec, "no extension");
	spec = usual();
	spec.issuer_name = "";
	refused(&spec, "empty issuer");
	spec = usual();
	spec.signer = pki_key(PKI_ED25519);
	refused(&spec, "signature algorithm that is not used");

	static const char *const NEGATIVE[] = { "ff" };
	spec = usual();
	spec.serials = NEGATIVE;
	spec.serial_count = 1;
	refused(&spec, "negative serial");
}

static void test_issuer(void)
{
	struct pki_crl_spec spec = usual();
	struct tacit_crl crl = { 0 };
	struct tacit_cert other = issuer;

	spec.issuer_name = "CN=Other";
	ok(parses(pki_crl(&spec), &crl), "a list of another issuer");
	is_status(tacit_crl_check(&crl, &issuer, NULL, NULL), TACIT_CHAIN, "is not this one's");
	spec = usual();
	spec.aki = pki_hex("00");
	ok(parses(pki_crl(&spec), &crl), "a list that names another key");
	is_status(tacit_crl_check(&crl, &issuer, NULL, NULL), TACIT_CHAIN, "is not this one's");
	spec = usual();
	spec.signer = pki_key(PKI_P256);
	ok(parses(pki_crl(&spec), &crl), "a list by another key");
	is_status(tacit_crl_check(&crl, &issuer, NULL, NULL), TACIT_SIGNATURE, "is not this one's");

	spec = usual();
	ok(parses(pki_crl(&spec), &crl), "a good list");
	other.key_usage = TACIT_KU_CERT_SIGN;
	is_status(tacit_crl_check(&crl, &other, NULL, NULL), TACIT_CHAIN, "may not sign lists");
	other = issuer;
	other.has_key_usage = false;
	is_status(tacit_crl_check(&crl, &other, NULL, NULL), TACIT_CHAIN, "has no key usage");
	other = issuer;
	other.ca = false;
	is_status(tacit_crl_check(&crl, &other, NULL, NULL), TACIT_CHAIN, "is no CA");
	spec.no_aki = true;
	ok(parses(pki_crl(&spec), &crl), "a list without a key id");
	is_status(tacit_crl_check(&crl, &issuer, NULL, NULL), TACIT_OK, "is its issuer's");
}

/* revokedCertificates that is there and empty. */
static void test_empty_entries(void)
{
	struct pki_crl_spec spec = usual();
	struct pki_buf b = { NULL, 0, 0 };
	struct tacit_crl crl;

	spec.serial_count = 0;
	struct tacit_der d = tacit_der_of(pki_tbs_of(pki_crl(&spec)));
	struct tacit_der tbs = tacit_der_enter(&d, TACIT_DER_SEQUENCE);

	for (size_t i = 0; tacit_der_more(&tbs); i++) {
		if (i == 5)
			pki_raw(&b, pki_hex("3000"));
		pki_raw(&b, tacit_der_element(&tbs));
	}
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	ok(!parses(pki_seal(pki_take(&b), root->key, PKI_SIG_OWN, false), &crl),
	   "refused: entries that are none");
}

static void test_damage(void)
{
	struct pki_crl_spec spec = usual();
	struct tacit_slice good = pki_crl(&spec);
	struct tacit_crl crl = { 0 };
	size_t cuts = 0, accepted = 0, parsed = 0;
	uint8_t *bytes = malloc(good.len);

	for (size_t len = 0; bytes && len < good.len; len++) {
		memcpy(bytes, good.ptr, len);
		cuts += parses(tacit_slice_of(bytes, len), &crl);
	}
	ok(cuts == 0, "no cut list is read");
	for (size_t bit = 0; bytes && bit < good.len * 8; bit++) {
		memcpy(bytes, good.ptr, good.len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (!parses(tacit_slice_of(bytes, good.len), &crl))
			continue;
		parsed++;
		accepted += tacit_crl_check(&crl, &issuer, NULL, NULL) == TACIT_OK;
	}
	ok(parsed > 0 && accepted == 0, "no flipped bit is signed (%zu of %zu are readable)",
	   parsed, good.len * 8);
	free(bytes);
}

int main(void)
{
	root = pki_ca(pki_key(PKI_P256), "CN=Root/O=Test", NULL, FROM, UNTIL);
	is_status(tacit_cert_parse(root->der, "t", &issuer, NULL), TACIT_OK, "the issuer");
	test_fields();
	test_refused();
	test_issuer();
	test_empty_entries();
	test_damage();
	pki_done();
	return done();
}
