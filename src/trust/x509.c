/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/x509.h"

#include "base/compiler.h"
#include "trust/x509_parts.h"

#define VERSION_3     2
#define PATH_LEN_MAX  255
#define KEY_USAGE_MAX 9 /* bits [RFC 5280 4.2.1.3] */

/* All of a SubjectPublicKeyInfo of an EC key before the point [RFC 5480 2.1.1]. */
static const uint8_t P256_PREFIX[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
				       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
static const uint8_t P384_PREFIX[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
				       0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
				       0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 };
/* The same of an RSA key of 4096 bits: rsaEncryption, NULL [RFC 3279 2.3.1]. */
static const uint8_t RSA_PREFIX[] = { 0x30, 0x82, 0x02, 0x22, 0x30, 0x0d, 0x06, 0x09,
				      0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
				      0x01, 0x05, 0x00, 0x03, 0x82, 0x02, 0x0f, 0x00 };
/* RSAPublicKey around a modulus of 4096 bits with its top bit set, and 65537 [RFC 8017 A.1.1]. */
static const uint8_t RSA_HEAD[] = { 0x30, 0x82, 0x02, 0x0a, 0x02, 0x82, 0x02, 0x01, 0x00 };
static const uint8_t RSA_TAIL[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };

static const uint8_t OID_CN[] = { 0x55, 0x04, 0x03 };

static bool begins(struct tacit_slice whole, struct tacit_slice part)
{
	return whole.len >= part.len && memcmp(whole.ptr, part.ptr, part.len) == 0;
}

struct tacit_slice tacit_rsa_modulus(struct tacit_slice key)
{
	struct tacit_slice none = { NULL, 0 };
	size_t len = key.len - sizeof(RSA_HEAD) - sizeof(RSA_TAIL);

	if (key.len != sizeof(RSA_HEAD) + TACIT_RSA4096_LEN + sizeof(RSA_TAIL) ||
	    !begins(key, TACIT_SLICE_ARRAY(RSA_HEAD)) || key.ptr[sizeof(RSA_HEAD)] < 0x80 ||
	    memcmp(key.ptr + sizeof(RSA_HEAD) + len, RSA_TAIL, sizeof(RSA_TAIL)) != 0)
		return none;
	return tacit_slice_of(key.ptr + sizeof(RSA_HEAD), len);
}

/* Each kind of key has one DER form, so that the structure is compared, not parsed. */
static bool read_key(struct tacit_cert *cert)
{
	static const struct {
		enum tacit_key_alg alg;
		size_t len;
		struct tacit_slice prefix;
	} FORMS[] = {
		{ TACIT_P256, 65, { P256_PREFIX, sizeof(P256_PREFIX) } },
		{ TACIT_P384, 97, { P384_PREFIX, sizeof(P384_PREFIX) } },
		{ TACIT_KEY_NONE, 526, { RSA_PREFIX, sizeof(RSA_PREFIX) } },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(FORMS); i++) {
		size_t head = FORMS[i].prefix.len;

		if (cert->spki.len != head + FORMS[i].len || !begins(cert->spki, FORMS[i].prefix))
			continue;
		cert->key_alg = FORMS[i].alg;
		cert->key = tacit_slice_of(cert->spki.ptr + head, FORMS[i].len);
		return FORMS[i].alg == TACIT_KEY_NONE ? tacit_rsa_modulus(cert->key).ptr != NULL
						      : cert->key.ptr[0] == 4;
	}
	return false;
}

/* AttributeTypeAndValue [RFC 5280 4.1.2.4]; a text of any type, of which only CN is looked at. */
static void take_attribute(struct tacit_der *set, struct tacit_slice *cn)
{
	struct tacit_der pair = tacit_der_enter(set, TACIT_DER_SEQUENCE);
	bool is_cn = tacit_slice_eq(tacit_der_oid(&pair), TACIT_SLICE_ARRAY(OID_CN));
	uint8_t tag = tacit_der_peek(&pair);

	if (!is_cn) {
		(void)tacit_der_element(&pair);
	} else if (cn->ptr) {
		tacit_der_reject(&pair, "common name twice");
	} else if (tag == TACIT_DER_PRINTABLE || tag == TACIT_DER_IA5) {
		*cn = tacit_der_take(&pair, tag);
	} else {
		*cn = tacit_der_take(&pair, TACIT_DER_UTF8);
	}
	tacit_der_leave(set, &pair);
}

/* SET, SEQUENCE, the OID 2.5.4.x and the value's tag and length. */
#define PLAIN_HEAD 11

/*
 * A RelativeDistinguishedName of one attribute under id-at [RFC 5280 A.1], a text, with lengths of
 * one byte: its size, or 0 for any other form, good or not. Half of parsing a chain is names, and
 * this form, which all have, needs no cursors.
 */
static size_t plain_attribute(struct tacit_slice in, struct tacit_slice *cn)
{
	static const uint8_t ID_AT[] = { TACIT_DER_OID, 3, 0x55, 0x04 };
	const uint8_t *p = in.ptr;

	if (in.len < PLAIN_HEAD || p[0] != TACIT_DER_SET || p[1] >= 0x80 ||
	    p[2] != TACIT_DER_SEQUENCE || p[3] + 2 != p[1] ||
	    memcmp(p + 4, ID_AT, sizeof(ID_AT)) != 0 || p[8] >= 0x80)
		return 0;
	uint8_t tag = p[9], len = p[10];
	if ((tag != TACIT_DER_UTF8 && tag != TACIT_DER_PRINTABLE && tag != TACIT_DER_IA5) ||
	    len + 7 != p[3] || in.len - PLAIN_HEAD < len)
		return 0;
	if (p[8] == OID_CN[2]) {
		if (cn->ptr)
			return 0;
		*cn = tacit_slice_of(p + PLAIN_HEAD, len);
	}
	return PLAIN_HEAD + (size_t)len;
}

/* The common name of a Name that is plain throughout; false when it is not. */
static bool read_plain_name(struct tacit_slice content, struct tacit_slice *ret_cn)
{
	struct tacit_slice cn = { NULL, 0 };

	while (content.len) {
		size_t size = plain_attribute(content, &cn);

		if (size == 0)
			return false;
		content = tacit_slice_of(content.ptr + size, content.len - size);
	}
	*ret_cn = cn;
	return true;
}

static void read_name(struct tacit_der *d, struct tacit_slice *ret_cn)
{
	struct tacit_der name = tacit_der_enter(d, TACIT_DER_SEQUENCE);

	if (!name.r.bad && !tacit_der_more(&name))
		tacit_der_reject(d, "empty name");
	if (!name.r.bad && read_plain_name(name.r.in, ret_cn))
		return;
	while (tacit_der_more(&name)) {
		struct tacit_der set = tacit_der_enter(&name, TACIT_DER_SET);

		do
			take_attribute(&set, ret_cn);
		while (tacit_der_more(&set));
		tacit_der_leave(&name, &set);
	}
	tacit_der_leave(d, &name);
}

struct tacit_slice tacit_name_take(struct tacit_der *d, struct tacit_slice *ret_cn)
{
	struct tacit_der whole = *d;
	struct tacit_slice cn = { NULL, 0 };

	read_name(d, &cn);
	if (ret_cn)
		*ret_cn = cn;
	return tacit_der_element(&whole);
}

struct tacit_slice tacit_serial_take(struct tacit_der *d)
{
	struct tacit_slice serial = tacit_der_integer(d);

	/* Not negative, and at most 20 bytes of number [RFC 5280 4.1.2.2]; AMD's is 0. */
	if (!d->r.bad &&
	    (serial.ptr[0] >= 0x80 || serial.len > 21 || (serial.len == 21 && serial.ptr[0] != 0)))
		tacit_der_reject(d, "serial number is negative or too long");
	return serial;
}

static void take_basic(struct tacit_der *d, struct tacit_cert *cert)
{
	struct tacit_der basic = tacit_der_enter(d, TACIT_DER_SEQUENCE);

	cert->has_basic = true;
	if (tacit_der_peek(&basic) == TACIT_DER_BOOLEAN) {
		cert->ca = tacit_der_bool(&basic);
		if (!cert->ca)
			tacit_der_reject(&basic, "default value written out");
	}
	/* Only a CA may have a path length [RFC 5280 4.2.1.9]. */
	if (cert->ca && tacit_der_more(&basic))
		cert->path_len = (int)tacit_der_uint(&basic, PATH_LEN_MAX);
	tacit_der_leave(d, &basic);
}

/*
 * The bits that are not used are zero [X.690 11.2.1]. A named bit that is zero may stand at the
 * end, against [X.690 11.2.2]: AMD's ASKs have one.
 */
static void take_key_usage(struct tacit_der *d, struct tacit_cert *cert)
{
	struct tacit_slice bits = tacit_der_take(d, TACIT_DER_BITS);
	unsigned spare = bits.len ? bits.ptr[0] : 0;
	size_t count = bits.len > 1 ? (bits.len - 1) * 8 - spare : 0;

	if (d->r.bad)
		return;
	if (spare > 7 || bits.len < 2 || count > KEY_USAGE_MAX ||
	    (bits.ptr[bits.len - 1] & ((1u << spare) - 1)) != 0) {
		tacit_der_reject(d, "not a list of key usages");
		return;
	}
	cert->has_key_usage = true;
	for (size_t i = 0; i < count; i++) {
		if (bits.ptr[1 + i / 8] & 0x80u >> i % 8)
			cert->key_usage |= 1u << i;
	}
}

static void take_ski(struct tacit_der *d, struct tacit_cert *cert)
{
	cert->ski = tacit_der_take(d, TACIT_DER_OCTETS);
}

struct tacit_slice tacit_aki_take(struct tacit_der *d)
{
	struct tacit_der aki = tacit_der_enter(d, TACIT_DER_SEQUENCE);
	struct tacit_slice id = { NULL, 0 };

	if (tacit_der_peek(&aki) == TACIT_DER_PRIMITIVE(0))
		id = tacit_der_take(&aki, TACIT_DER_PRIMITIVE(0));
	/* The issuer's name and serial, the other way to say the same [RFC 5280 4.2.1.1]. */
	if (tacit_der_peek(&aki) == TACIT_DER_CONTEXT(1))
		(void)tacit_der_take(&aki, TACIT_DER_CONTEXT(1));
	if (tacit_der_peek(&aki) == TACIT_DER_PRIMITIVE(2))
		(void)tacit_der_take(&aki, TACIT_DER_PRIMITIVE(2));
	tacit_der_leave(d, &aki);
	return id;
}

static void take_aki(struct tacit_der *d, struct tacit_cert *cert)
{
	cert->aki = tacit_aki_take(d);
}

/* The extensions that are understood, all under id-ce, 55 1d. */
static const struct {
	uint8_t id;
	void (*take)(struct tacit_der *d, struct tacit_cert *cert);
} KNOWN[] = {
	{ 0x0e, take_ski },
	{ 0x0f, take_key_usage },
	{ 0x13, take_basic },
	{ 0x23, take_aki },
};

void tacit_extension_take(struct tacit_der *list, struct tacit_extension *ret)
{
	static const struct tacit_extension NOTHING;
	struct tacit_der one = tacit_der_enter(list, TACIT_DER_SEQUENCE);

	*ret = NOTHING;
	ret->oid = tacit_der_oid(&one);
	if (tacit_der_peek(&one) == TACIT_DER_BOOLEAN) {
		ret->critical = tacit_der_bool(&one);
		if (!ret->critical)
			tacit_der_reject(&one, "default value written out");
	}
	ret->value = tacit_der_take(&one, TACIT_DER_OCTETS);
	tacit_der_leave(list, &one);
}

bool tacit_extension_note(struct tacit_extension_ids *ids, struct tacit_der *list,
			  struct tacit_slice oid)
{
	if (list->r.bad)
		return false;
	for (size_t i = 0; i < ids->count; i++) {
		struct tacit_slice seen = ids->seen[i];

		/* Their ends differ, mostly. */
		if (seen.len == oid.len && seen.ptr[seen.len - 1] == oid.ptr[oid.len - 1] &&
		    tacit_slice_eq(seen, oid)) {
			tacit_der_reject(list, "extension twice"); /* [RFC 5280 4.2] */
			return false;
		}
	}
	if (ids->count == TACIT_EXTENSIONS_MAX) {
		tacit_der_reject(list, "too many extensions");
		return false;
	}
	ids->seen[ids->count++] = oid;
	return true;
}

static void read_extension(struct tacit_der *list, const struct tacit_extension *extension,
			   struct tacit_cert *cert)
{
	uint8_t id = tacit_extension_ce(extension->oid);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(KNOWN); i++) {
		if (id != KNOWN[i].id)
			continue;
		struct tacit_der value = tacit_der_of(extension->value);

		KNOWN[i].take(&value, cert);
		if (value.r.bad || tacit_der_more(&value))
			tacit_der_reject(list, value.why ? value.why : "broken extension");
		return;
	}
	if (extension->critical)
		tacit_der_reject(list, "unknown critical extension");
}

uint8_t tacit_extension_ce(struct tacit_slice oid)
{
	return oid.len == 3 && oid.ptr[0] == 0x55 && oid.ptr[1] == 0x1d ? oid.ptr[2] : 0;
}

static void take_extensions(struct tacit_der *tbs, struct tacit_cert *cert)
{
	struct tacit_extension_ids ids = { 0 };
	struct tacit_der outer = tacit_der_enter(tbs, TACIT_DER_CONTEXT(3));
	struct tacit_der list = tacit_der_enter(&outer, TACIT_DER_SEQUENCE);

	cert->extensions = list.r.in;
	do {
		struct tacit_extension extension;

		tacit_extension_take(&list, &extension);
		if (tacit_extension_note(&ids, &list, extension.oid))
			read_extension(&list, &extension, cert);
	} while (tacit_der_more(&list));
	tacit_der_leave(&outer, &list);
	tacit_der_leave(tbs, &outer);
}

struct tacit_slice tacit_cert_extension(const struct tacit_cert *cert, struct tacit_slice oid)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_der list = tacit_der_of(cert->extensions);

	while (tacit_der_more(&list)) {
		struct tacit_extension extension;

		tacit_extension_take(&list, &extension);
		if (!list.r.bad && tacit_slice_eq(extension.oid, oid))
			return extension.value;
	}
	return none;
}

static void take_version(struct tacit_der *tbs)
{
	struct tacit_der version = tacit_der_enter(tbs, TACIT_DER_CONTEXT(0));

	if (tacit_der_uint(&version, VERSION_3) != VERSION_3)
		tacit_der_reject(&version, "not an X.509 v3 certificate");
	tacit_der_leave(tbs, &version);
}

/* TBSCertificate [RFC 5280 4.1]; gives the algorithm's bytes. */
static struct tacit_slice take_tbs(struct tacit_der *d, struct tacit_cert *cert)
{
	struct tacit_der tbs = tacit_der_enter(d, TACIT_DER_SEQUENCE);

	take_version(&tbs);
	cert->serial = tacit_serial_take(&tbs);
	struct tacit_slice alg = tacit_der_element(&tbs);
	cert->issuer = tacit_name_take(&tbs, &cert->issuer_cn);
	struct tacit_der dates = tacit_der_enter(&tbs, TACIT_DER_SEQUENCE);
	cert->not_before = tacit_der_time(&dates);
	cert->not_after = tacit_der_time(&dates);
	tacit_der_leave(&tbs, &dates);
	cert->subject = tacit_name_take(&tbs, &cert->subject_cn);
	cert->spki = tacit_der_element(&tbs);
	if (!tbs.r.bad && !read_key(cert))
		tacit_der_reject(&tbs, "a kind of key that is not used");
	if (tacit_der_more(&tbs))
		take_extensions(&tbs, cert);
	tacit_der_leave(d, &tbs);
	return alg;
}

enum tacit_status tacit_cert_parse(struct tacit_slice der, const char *where,
				   struct tacit_cert *ret, struct tacit_error *err)
{
	struct tacit_cert cert = { .der = der, .path_len = -1 };
	struct tacit_der d = tacit_der_of(der);
	struct tacit_der whole = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct tacit_der again = whole;
	struct tacit_slice inner = take_tbs(&whole, &cert);

	cert.tbs = tacit_der_element(&again);
	cert.sig_alg = tacit_signed_tail(&whole, inner, &cert.signature);
	tacit_der_leave(&d, &whole);

	enum tacit_status st = tacit_der_finish(&d, where, err);
	if (st == TACIT_OK)
		*ret = cert;
	return st;
}
