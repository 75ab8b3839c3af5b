/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/x509.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "codec/der.h"
#include "tests/pki/pki.h"
#include "tests/tap.h"

#define FROM  1700000000
#define UNTIL 1900000000

static struct pki_cert *root;
static EVP_PKEY *leaf_key;

static struct pki_spec leaf_spec(void)
{
	return (struct pki_spec){ .key = leaf_key,
				  .subject = "CN=Leaf/O=Test/C=US",
				  .issuer = root,
				  .not_before = FROM,
				  .not_after = UNTIL,
				  .basic = true,
				  .key_usage = TACIT_KU_DIGITAL_SIGNATURE };
}

static bool parses(struct tacit_slice der, struct tacit_cert *ret)
{
	struct tacit_cert cert = { .path_len = 77 };
	struct tacit_error err = { 0 };
	enum tacit_status st = tacit_cert_parse(der, "test", &cert, &err);

	if (st == TACIT_OK) {
		*ret = cert;
		return true;
	}
	if (st != TACIT_FORMAT || err.status != TACIT_FORMAT || cert.path_len != 77 ||
	    strcmp(err.where, "test") != 0)
		ok(false, "a refusal is FORMAT and leaves the output alone");
	return false;
}

static void test_fields(void)
{
	static const uint8_t VALUE[] = { 0x02, 0x01, 0x2a };
	static const uint8_t OID[] = { 0x2a, 0x03, 0x04 };
	static const uint8_t OTHER[] = { 0x2a, 0x03, 0x05 };
	struct pki_ext ext = { "1.2.3.4", false, TACIT_SLICE_ARRAY(VALUE) };
	struct pki_spec spec = leaf_spec();
	struct tacit_cert cert = { 0 };

	spec.exts = &ext;
	spec.ext_count = 1;
	spec.serial = "00f93175681b90afe11d46ccb4e4e7f856";
	struct pki_cert *made = pki_cert(&spec);
	ok(parses(made->der, &cert), "a leaf");
	is_slice(cert.der, made->der, "whole");
	is_slice(cert.tbs, pki_tbs_of(made->der), "signed part");
	is_slice(cert.serial, pki_hex(spec.serial), "serial");
	is_slice(cert.issuer, root->subject, "issuer");
	is_slice(cert.subject, made->subject, "subject");
	is_slice(cert.subject_cn, tacit_slice_str("Leaf"), "subject's common name");
	is_slice(cert.issuer_cn, tacit_slice_str("Root"), "issuer's common name");
	ok(cert.not_before == FROM && cert.not_after == UNTIL, "dates");
	is_slice(cert.spki, pki_spki(leaf_key), "key info");
	is_slice(cert.key, pki_point(leaf_key), "key");
	ok(cert.key_alg == TACIT_P256 && cert.sig_alg == TACIT_SIG_ECDSA_SHA384, "algorithms");
	ok(cert.has_basic && !cert.ca && cert.path_len == -1, "no CA");
	ok(cert.has_key_usage && cert.key_usage == TACIT_KU_DIGITAL_SIGNATURE, "key usage");
	is_slice(cert.ski, made->ski, "key id");
	is_slice(cert.aki, root->ski, "issuer's key id");
	is_slice(tacit_cert_extension(&cert, TACIT_SLICE_ARRAY(OID)), TACIT_SLICE_ARRAY(VALUE),
		 "an extension");
	ok(!tacit_cert_extension(&cert, TACIT_SLICE_ARRAY(OTHER)).ptr, "no other extension");
	is_status(tacit_cert_signed(&(struct tacit_cert){ .key_alg = TACIT_P384,
							  .key = pki_point(root->key) },
				    cert.sig_alg, cert.tbs, cert.signature, NULL, NULL),
		  TACIT_OK, "signature");
}

static void test_variants(void)
{
	struct pki_spec spec = leaf_spec();
	struct tacit_cert cert = { 0 };

	spec.ca = true;
	spec.limited = true;
	spec.path_len = 3;
	spec.key_usage = 0x1ff;
	ok(parses(pki_cert(&spec)->der, &cert) && cert.ca && cert.path_len == 3, "path length 3");
	ok(cert.key_usage == 0x1ff, "all nine key usages");

	spec = leaf_spec();
	spec.basic = false;
	spec.key_usage = 0;
	spec.no_ski = spec.no_aki = true;
	ok(parses(pki_cert(&spec)->der, &cert), "no extension at all");
	ok(!cert.has_basic && !cert.has_key_usage && !cert.ski.ptr && !cert.aki.ptr,
	   "and nothing of them");

	spec = leaf_spec();
	spec.serial = "00";
	ok(parses(pki_cert(&spec)->der, &cert) && cert.serial.len == 1, "serial 0");
	spec.not_after = 253402300799;
	ok(parses(pki_cert(&spec)->der, &cert) && cert.not_after == 253402300799,
	   "until the end of 9999");

	spec = leaf_spec();
	spec.key = root->key;
	ok(parses(pki_cert(&spec)->der, &cert) && cert.key_alg == TACIT_P384, "P-384 key");
	spec.key = spec.signer = pki_key(PKI_RSA4096);
	ok(parses(pki_cert(&spec)->der, &cert) && cert.key_alg == TACIT_KEY_NONE &&
		   cert.sig_alg == TACIT_SIG_PSS_SHA384,
	   "RSA key and PSS");
	spec.pss_trailer = true;
	ok(parses(pki_cert(&spec)->der, &cert) && cert.sig_alg == TACIT_SIG_PSS_SHA384,
	   "PSS with its trailer written out");
}

static void refused(const struct pki_spec *spec, const char *name)
{
	struct tacit_cert cert = { 0 };

	ok(!parses(pki_cert(spec)->der, &cert), "refused: %s", name);
}

static void test_keys_and_algorithms(void)
{
	static const struct {
		enum pki_kind kind;
		const char *name;
	} KEYS[] = { { PKI_P521, "P-521 key" },
		     { PKI_RSA2048, "RSA key of 2048 bits" },
		     { PKI_ED25519, "Ed25519 key" } };
	struct pki_spec spec = leaf_spec();

	for (size_t i = 0; i < TACIT_ARRAY_LEN(KEYS); i++) {
		spec.key = pki_key(KEYS[i].kind);
		refused(&spec, KEYS[i].name);
	}
	spec = leaf_spec();
	spec.signer = pki_key(PKI_P521);
	refused(&spec, "ecdsa-with-SHA512");
	spec.signer = pki_key(PKI_ED25519);
	refused(&spec, "Ed25519 signature");
	spec.signer = pki_key(PKI_RSA4096);
	spec.sig = PKI_SIG_RSA_SHA384;
	refused(&spec, "PKCS #1 signature");
	spec.sig = PKI_SIG_PSS_SHA256;
	refused(&spec, "PSS with SHA-256");

	/* A P-384 point named P-256, and the same point compressed. */
	struct tacit_slice spki = pki_copy(pki_spki(leaf_key));
	uint8_t *bytes = (uint8_t *)(uintptr_t)spki.ptr;
	spec = leaf_spec();
	spec.spki = spki;
	bytes[26] = 6;
	refused(&spec, "hybrid point");
	bytes[26] = 4;
	bytes[23]++;
	refused(&spec, "another object identifier of the curve");
}

static void test_extensions(void)
{
	static const uint8_t EMPTY[] = { 0x30, 0x00 };
	static const uint8_t PATH_ONLY[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
	static const uint8_t CA_FALSE[] = { 0x30, 0x03, 0x01, 0x01, 0x00 };
	static const uint8_t CA_ONE[] = { 0x30, 0x03, 0x01, 0x01, 0x01 };
	static const uint8_t PATH_BIG[] = { 0x30, 0x07, 0x01, 0x01, 0xff, 0x02, 0x02, 0x01, 0x00 };
	static const uint8_t PATH_NEG[] = { 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0xff };
	static const uint8_t TRAILING[] = { 0x30, 0x00, 0x00 };
	static const uint8_t NO_BITS[] = { 0x03, 0x01, 0x00 };
	static const uint8_t SPARE_SET[] = { 0x03, 0x02, 0x02, 0x06 };
	static const uint8_t SPARE_8[] = { 0x03, 0x02, 0x08, 0x00 };
	static const uint8_t TEN_BITS[] = { 0x03, 0x03, 0x06, 0x80, 0x40 };
	static const uint8_t SKI_BITS[] = { 0x03, 0x02, 0x00, 0x01 };
	static const struct {
		const char *name;
		struct pki_ext ext;
	} BAD[] = {
		{ "unknown critical extension", { "1.2.3.4", true, { EMPTY, 2 } } },
		{ "critical name constraints", { "2.5.29.30", true, { EMPTY, 2 } } },
		{ "path length without CA", { "2.5.29.19", true, { PATH_ONLY, 5 } } },
		{ "CA FALSE written out", { "2.5.29.19", true, { CA_FALSE, 5 } } },
		{ "CA 01", { "2.5.29.19", true, { CA_ONE, 5 } } },
		{ "path length 256", { "2.5.29.19", true, { PATH_BIG, 9 } } },
		{ "negative path length", { "2.5.29.19", true, { PATH_NEG, 8 } } },
		{ "bytes behind basicConstraints", { "2.5.29.19", true, { TRAILING, 3 } } },
		{ "no basicConstraints inside", { "2.5.29.19", true, { NULL, 0 } } },
		{ "empty key usage", { "2.5.29.15", true, { NO_BITS, 3 } } },
		{ "unused bits that are set", { "2.5.29.15", true, { SPARE_SET, 4 } } },
		{ "eight unused bits", { "2.5.29.15", true, { SPARE_8, 4 } } },
		{ "tenth key usage", { "2.5.29.15", true, { TEN_BITS, 5 } } },
		{ "key id of another type", { "2.5.29.14", false, { SKI_BITS, 4 } } },
		{ "issuer's key id of another type", { "2.5.29.35", false, { SKI_BITS, 4 } } },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(BAD); i++) {
		struct pki_spec spec = leaf_spec();

		spec.basic = false;
		spec.key_usage = 0;
		spec.no_ski = spec.no_aki = true;
		spec.exts = &BAD[i].ext;
		spec.ext_count = 1;
		refused(&spec, BAD[i].name);
	}

	struct pki_ext twice[] = { { "1.2.3.4", false, TACIT_SLICE_ARRAY(EMPTY) },
				   { "1.2.3.4", false, TACIT_SLICE_ARRAY(EMPTY) } };
	struct pki_spec spec = leaf_spec();
	spec.exts = twice;
	spec.ext_count = 2;
	refused(&spec, "extension twice");
	twice[1] = (struct pki_ext){ "2.5.29.19", false, TACIT_SLICE_ARRAY(EMPTY) };
	refused(&spec, "basicConstraints twice");

	struct pki_ext many[40];
	char oids[40][16];
	struct tacit_cert cert = { 0 };
	for (size_t i = 0; i < 40; i++) {
		snprintf(oids[i], sizeof(oids[i]), "1.2.3.%zu", i);
		many[i] = (struct pki_ext){ oids[i], false, TACIT_SLICE_ARRAY(EMPTY) };
	}
	spec.exts = many;
	spec.ext_count = 28;
	ok(parses(pki_cert(&spec)->der, &cert), "32 extensions");
	spec.ext_count = 29;
	refused(&spec, "33 extensions");
}

static void test_rest(void)
{
	static const struct {
		const char *serial, *name;
	} SERIALS[] = {
		{ "ff", "negative serial" },
		{ "0001", "serial that is not minimal" },
		{ "", "empty serial" },
		{ "0102030405060708090a0b0c0d0e0f101112131415", "serial of 21 bytes" },
		{ "0080030405060708090a0b0c0d0e0f10111213141516", "serial of 21 bytes and a zero" },
	};
	struct tacit_cert cert = { 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(SERIALS); i++) {
		struct pki_spec spec = leaf_spec();

		spec.serial = SERIALS[i].serial;
		refused(&spec, SERIALS[i].name);
	}
	struct pki_spec spec = leaf_spec();
	spec.serial = "0080030405060708090a0b0c0d0e0f101112131415";
	ok(parses(pki_cert(&spec)->der, &cert), "serial of 20 bytes and a zero");
	spec = leaf_spec();
	spec.version = 1;
	refused(&spec, "version 1 written out");
	spec.version = 2;
	refused(&spec, "version 2");
	spec.version = 4;
	refused(&spec, "version 4");
	spec = leaf_spec();
	spec.subject = "CN=a/CN=b";
	refused(&spec, "two common names");
	spec.subject = "";
	refused(&spec, "empty subject");
	spec = leaf_spec();
	spec.issuer_name = "";
	refused(&spec, "empty issuer");

	struct pki_buf b = { NULL, 0, 0 };
	pki_raw(&b, pki_cert(&(struct pki_spec){ .key = leaf_key, .subject = "CN=x" })->der);
	pki_raw(&b, tacit_slice_of("", 1));
	ok(!parses(pki_take(&b), &cert), "refused: a byte behind the certificate");
	ok(!parses(tacit_slice_of(NULL, 0), &cert), "refused: nothing");
}

/* TBSCertificates put together by hand from a good one's elements, and signed. */
static void test_structure(void)
{
	static const uint8_t UNIQUE[] = { 0x81, 0x02, 0x00, 0x01 };
	struct pki_spec spec = leaf_spec();
	struct tacit_slice parts[16], tbs = pki_tbs_of(pki_cert(&spec)->der);
	struct tacit_der d = tacit_der_of(tbs), inside = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct tacit_cert cert = { 0 };
	size_t count = 0;

	while (tacit_der_more(&inside))
		parts[count++] = tacit_der_element(&inside);
	ok(count == 8, "eight parts");
	for (size_t left_out = 0; left_out <= count; left_out++) {
		struct pki_buf b = { NULL, 0, 0 };

		for (size_t i = 0; i < count; i++) {
			if (i != left_out)
				pki_raw(&b, parts[i]);
		}
		pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
		/* The last, the extensions, may be missing. */
		ok(parses(pki_seal(pki_take(&b), root->key, PKI_SIG_OWN, false), &cert) ==
			   (left_out >= 7),
		   "without part %zu", left_out);
	}
	for (size_t before = 0; before <= count; before++) {
		struct pki_buf b = { NULL, 0, 0 };

		for (size_t i = 0; i < before; i++)
			pki_raw(&b, parts[i]);
		pki_raw(&b, TACIT_SLICE_ARRAY(UNIQUE));
		for (size_t i = before; i < count; i++)
			pki_raw(&b, parts[i]);
		pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
		ok(!parses(pki_seal(pki_take(&b), root->key, PKI_SIG_OWN, false), &cert),
		   "refused: a unique id before part %zu", before);
	}
	/* ecdsa-with-SHA256 outside, SHA384 inside. */
	struct tacit_slice sealed = pki_seal(tbs, leaf_key, PKI_SIG_ECDSA_SHA256, false);
	ok(!parses(sealed, &cert), "refused: algorithms that differ inside and outside");
}

/* A critical mark that says "no" is the default value written out [X.690 11.5]. */
static void test_default(void)
{
	static const uint8_t TRUE_MARK[] = { 0x01, 0x01, 0xff };
	struct pki_spec spec = leaf_spec();
	struct tacit_cert cert = { 0 };
	size_t changed = 0;

	spec.key_usage = TACIT_KU_DIGITAL_SIGNATURE;
	struct tacit_slice der = pki_cert(&spec)->der;
	uint8_t *copy = pki_alloc(der.len);
	memcpy(copy, der.ptr, der.len);
	for (size_t i = 0; i + 3 <= der.len && !changed; i++)
		if (memcmp(copy + i, TRUE_MARK, 3) == 0) {
			copy[i + 2] = 0x00;
			changed++;
		}
	ok(changed == 1 && !parses(tacit_slice_of(copy, der.len), &cert),
	   "refused: an extension that says it is not critical");
}

/* Every cut and every flipped bit is refused, or is no certificate of the signer any more. */
static void test_damage(void)
{
	struct pki_spec spec = leaf_spec();
	struct tacit_slice good = pki_cert(&spec)->der;
	struct tacit_cert cert = { 0 }, signer = { 0 };
	size_t parsed = 0, accepted = 0, cuts = 0;
	uint8_t *bytes = malloc(good.len);

	ok(bytes && parses(root->der, &signer), "the signer");
	for (size_t len = 0; bytes && len < good.len; len++) {
		memcpy(bytes, good.ptr, len);
		cuts += parses(tacit_slice_of(bytes, len), &cert);
	}
	ok(cuts == 0, "no cut certificate is read");
	for (size_t bit = 0; bytes && bit < good.len * 8; bit++) {
		memcpy(bytes, good.ptr, good.len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (!parses(tacit_slice_of(bytes, good.len), &cert))
			continue;
		parsed++;
		/* The signature of what stays readable: one in eight, each costs a P-384 check. */
		if (bit % 8 == bit / 8 % 8 &&
		    tacit_cert_signed(&signer, cert.sig_alg, cert.tbs, cert.signature, NULL,
				      NULL) == TACIT_OK)
			accepted++;
	}
	ok(parsed > 0 && accepted == 0, "no flipped bit is signed (%zu of %zu are readable)",
	   parsed, good.len * 8);
	free(bytes);
}

struct signer {
	const struct tacit_cert *cert;
	enum tacit_sig_alg alg;
	EVP_PKEY *key;
	const char *name;
};

/* A signature by `key`, and what it is of. */
static struct tacit_slice signature_by(EVP_PKEY *key, struct tacit_slice *ret_tbs)
{
	/* pki_seal() signs its argument; the signature is the last element. */
	struct tacit_slice sealed = pki_seal(pki_hex("0500"), key, PKI_SIG_OWN, false);
	struct tacit_der d = tacit_der_of(sealed);
	struct tacit_der whole = tacit_der_enter(&d, TACIT_DER_SEQUENCE);

	*ret_tbs = pki_tbs_of(sealed);
	(void)tacit_der_element(&whole);
	(void)tacit_der_element(&whole);
	return tacit_der_bits(&whole);
}

/* What `by` signed, with everything about it exchanged once; `all` are three, and `by` among them.
 */
static void signed_by(const struct signer *by, const struct signer *all)
{
	struct tacit_slice other = tacit_slice_str("Message"), tbs;
	struct tacit_slice sig = signature_by(by->key, &tbs);
	struct tacit_error err = { 0 };

	is_status(tacit_cert_signed(by->cert, by->alg, tbs, sig, NULL, NULL), TACIT_OK, by->name);
	is_status(tacit_cert_signed(by->cert, by->alg, other, sig, NULL, NULL), TACIT_SIGNATURE,
		  "another message");
	is_status(tacit_cert_signed(by->cert, by->alg, tbs, tacit_slice_of(sig.ptr, sig.len - 1),
				    NULL, NULL),
		  TACIT_SIGNATURE, "a byte short");
	for (const struct signer *s = all; s < all + 3; s++) {
		if (s == by)
			continue;
		is_status(tacit_cert_signed(by->cert, s->alg, tbs, sig, NULL, &err),
			  TACIT_SIGNATURE, "another algorithm");
		is_status(tacit_cert_signed(s->cert, by->alg, tbs, sig, NULL, NULL),
			  TACIT_SIGNATURE, "another kind of key");
	}
	is_status(tacit_cert_signed(by->cert, TACIT_SIG_NONE, tbs, sig, NULL, NULL),
		  TACIT_SIGNATURE, "no algorithm");
}

static void test_signed(void)
{
	struct tacit_cert p256 = { .key_alg = TACIT_P256, .key = pki_point(leaf_key) };
	struct tacit_cert p384 = { .key_alg = TACIT_P384, .key = pki_point(root->key) };
	EVP_PKEY *rsa_key = pki_key(PKI_RSA4096);
	struct pki_spec spec = { .key = rsa_key, .subject = "CN=R", .not_after = UNTIL };
	struct tacit_cert rsa = { 0 };
	const struct signer signers[] = {
		{ &p256, TACIT_SIG_ECDSA_SHA256, leaf_key, "ECDSA P-256" },
		{ &p384, TACIT_SIG_ECDSA_SHA384, root->key, "ECDSA P-384" },
		{ &rsa, TACIT_SIG_PSS_SHA384, rsa_key, "RSASSA-PSS" },
	};

	ok(parses(pki_cert(&spec)->der, &rsa), "an RSA certificate");
	for (size_t i = 0; i < 3; i++)
		signed_by(&signers[i], signers);
}

static void test_raw(void)
{
	struct tacit_slice point = pki_point(leaf_key);
	struct tacit_slice message = tacit_slice_str("message"), other = tacit_slice_str("Message");
	struct tacit_slice raw = pki_sign_raw(leaf_key, message);
	const struct {
		enum tacit_key_alg alg;
		struct tacit_slice message;
		enum tacit_status want;
		const char *name;
	} rows[] = {
		{ TACIT_P256, message, TACIT_OK, "raw signature" },
		{ TACIT_P256, other, TACIT_SIGNATURE, "raw signature of another message" },
		{ TACIT_P384, message, TACIT_SIGNATURE, "P-256 point as P-384 key" },
		{ TACIT_ED25519, message, TACIT_SIGNATURE, "Ed25519 is not for this" },
		{ TACIT_KEY_NONE, message, TACIT_SIGNATURE, "no kind of key" },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(rows); i++)
		is_status(tacit_trust_signed(rows[i].alg, point, rows[i].message, raw, NULL, NULL),
			  rows[i].want, rows[i].name);
}

static void test_points(void)
{
	struct tacit_slice good = pki_point(leaf_key), message = tacit_slice_str("message");
	struct tacit_slice raw = pki_sign_raw(leaf_key, message);
	uint8_t beside[65], zero[65] = { 4 }, over[65], hybrid[65], compressed[33];

	memcpy(beside, good.ptr, sizeof(beside));
	beside[64] ^= 1;
	memset(over, 0xff, sizeof(over));
	over[0] = 4;
	/* Other forms of the very point. */
	memcpy(hybrid, good.ptr, sizeof(hybrid));
	hybrid[0] = (uint8_t)(6 + (hybrid[64] & 1));
	memcpy(compressed, good.ptr, sizeof(compressed));
	compressed[0] = (uint8_t)(2 + (good.ptr[64] & 1));
	const struct {
		struct tacit_slice point;
		const char *name;
	} rows[] = {
		{ TACIT_SLICE_ARRAY(beside), "a point beside the curve" },
		{ TACIT_SLICE_ARRAY(zero), "0, 0" },
		{ TACIT_SLICE_ARRAY(over), "coordinates over the prime" },
		{ TACIT_SLICE_ARRAY(hybrid), "hybrid point" },
		{ TACIT_SLICE_ARRAY(compressed), "compressed point" },
		{ tacit_slice_of(NULL, 0), "no point" },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(rows); i++)
		is_status(tacit_trust_signed(TACIT_P256, rows[i].point, message, raw, NULL, NULL),
			  TACIT_SIGNATURE, rows[i].name);
}

/* ECDSA-Sig-Value has one form for one pair of numbers. */
static void test_ecdsa_form(void)
{
	struct tacit_cert signer = { .key_alg = TACIT_P256, .key = pki_point(leaf_key) };
	struct tacit_slice message = tacit_slice_str("message");
	struct tacit_slice raw = pki_sign_raw(leaf_key, message);
	uint8_t r[34] = { 0 }, s[34] = { 0 };

	/* One whose r needs a zero in front, to leave it out. */
	while (raw.ptr[0] < 0x80)
		raw = pki_sign_raw(leaf_key, message);

	memcpy(r + 2, raw.ptr, 32);
	memcpy(s + 2, raw.ptr + 32, 32);

	struct tacit_slice short_r = tacit_slice_of(r + 2 - (r[2] >> 7), 32u + (r[2] >> 7));
	struct tacit_slice short_s = tacit_slice_of(s + 2 - (s[2] >> 7), 32u + (s[2] >> 7));
	struct {
		struct tacit_slice r, s;
		size_t extra;
		const char *name;
	} rows[] = {
		{ short_r, short_s, 0, NULL },
		{ tacit_slice_of(r, 34), short_s, 0, "r with leading zeros" },
		{ short_r, tacit_slice_of(s, 34), 0, "s with leading zeros" },
		{ tacit_slice_of(s, 1), short_s, 0, "r = 0" },
		{ short_r, tacit_slice_of(s, 1), 0, "s = 0" },
		{ short_s, short_r, 0, "r and s swapped" },
		{ short_r, short_s, 1, "a byte inside the sequence" },
		{ short_r, short_s, 2, "a byte behind the sequence" },
		{ pki_hex("ff"), short_s, 0, "negative r" },
		{ tacit_slice_of(r + 2, 32), short_s, 0, "r without its leading zero" },
	};

	/* A number that begins with zero bytes would need shortening; such a pair is rare. */
	if (r[2] == 0 || s[2] == 0) {
		skip("forms of a signature", "a short number came out");
		return;
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(rows); i++) {
		struct pki_buf b = { NULL, 0, 0 };

		pki_put(&b, TACIT_DER_INTEGER, rows[i].r);
		pki_put(&b, TACIT_DER_INTEGER, rows[i].s);
		if (rows[i].extra == 1)
			pki_raw(&b, pki_hex("00"));
		pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
		if (rows[i].extra == 2)
			pki_raw(&b, pki_hex("00"));
		is_status(tacit_cert_signed(&signer, TACIT_SIG_ECDSA_SHA256, message, pki_take(&b),
					    NULL, NULL),
			  rows[i].name ? TACIT_SIGNATURE : TACIT_OK,
			  rows[i].name ? rows[i].name : "the one form");
	}
}

int main(void)
{
	root = pki_ca(pki_key(PKI_P384), "CN=Root/O=Test/C=US", NULL, FROM, UNTIL);
	leaf_key = pki_key(PKI_P256);
	test_fields();
	test_variants();
	test_keys_and_algorithms();
	test_extensions();
	test_rest();
	test_structure();
	test_default();
	test_damage();
	test_signed();
	test_raw();
	test_points();
	test_ecdsa_form();
	pki_done();
	return done();
}
