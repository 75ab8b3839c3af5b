/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/dcap.h"

#include <stdio.h>

#include "base/compiler.h"
#include "crypto/hash.h"

#define YEAR       31536000
#define SGX_OID    "1.2.840.113741.1.13.1"
#define CA_NAME(x) "CN=" x "/O=Intel Corporation/L=Santa Clara/ST=CA/C=US"
#define ROOT_CRL   "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
#define PCK_CRL(x) \
	"https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=" x "&encoding=der"

static void put_le(struct pki_buf *b, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	pki_raw(b, tacit_slice_of(bytes, size));
}

/* ---- certificates -------------------------------------------------------------------------- */

static void end_member(struct pki_buf *b, size_t mark)
{
	pki_wrap(b, mark, 0x30);
}

static size_t start_member(struct pki_buf *b, const char *tail)
{
	char oid[64];
	size_t mark = b->len;

	snprintf(oid, sizeof(oid), SGX_OID ".%s", tail);
	pki_put_oid(b, oid);
	return mark;
}

static void put_octets(struct pki_buf *b, const char *tail, struct tacit_slice octets)
{
	size_t mark = start_member(b, tail);

	pki_put(b, 0x04, octets);
	end_member(b, mark);
}

static void put_number(struct pki_buf *b, const char *tail, uint8_t tag, uint64_t number)
{
	size_t mark = start_member(b, tail);

	pki_put_uint(b, tag, number);
	end_member(b, mark);
}

static void put_flag(struct pki_buf *b, const char *tail, bool value)
{
	uint8_t byte = value ? 0xff : 0x00;
	size_t mark = start_member(b, tail);

	pki_put(b, 0x01, tacit_slice_of(&byte, 1));
	end_member(b, mark);
}

static void put_tcb(struct pki_buf *b, const struct dcap_platform *p)
{
	char tail[8];
	size_t mark = start_member(b, "2"), list = b->len;

	for (unsigned i = 0; i < 16; i++) {
		snprintf(tail, sizeof(tail), "2.%u", i + 1);
		put_number(b, tail, 0x02, p->components[i]);
	}
	put_number(b, "2.17", 0x02, p->pcesvn);
	put_octets(b, "2.18", tacit_slice_of(p->cpusvn ? p->cpusvn : p->components, 16));
	pki_wrap(b, list, 0x30);
	end_member(b, mark);
}

static void put_configuration(struct pki_buf *b)
{
	size_t mark = start_member(b, "7"), list = b->len;

	put_flag(b, "7.1", true);
	put_flag(b, "7.2", false);
	put_flag(b, "7.3", true);
	pki_wrap(b, list, 0x30);
	end_member(b, mark);
}

struct pki_ext dcap_pck_ext(const struct dcap_platform *p)
{
	struct pki_buf b = { 0 };
	struct pki_ext ext = { .oid = SGX_OID };

	if (!(p->leave_out & 1u << 1))
		put_octets(&b, "1", pki_hex(p->ppid));
	if (!(p->leave_out & 1u << 2))
		put_tcb(&b, p);
	if (!(p->leave_out & 1u << 3))
		put_octets(&b, "3", pki_hex(p->pceid));
	if (!(p->leave_out & 1u << 4))
		put_octets(&b, "4", pki_hex(p->fmspc));
	if (!(p->leave_out & 1u << 5))
		put_number(&b, "5", 0x0a, p->sgx_type);
	if (!p->processor && !(p->leave_out & 1u << 6))
		put_octets(&b, "6", pki_hex(p->piid));
	if (!p->processor && !(p->leave_out & 1u << 7))
		put_configuration(&b);
	pki_wrap(&b, 0, 0x30);
	ext.value = pki_take(&b);
	return ext;
}

/* One place, as Intel's certificates have it [RFC 5280 4.2.1.13]; other verifiers count on it. */
static struct pki_ext crl_place(const char *url)
{
	struct pki_buf b = { 0 };

	pki_put(&b, 0x86, tacit_slice_str(url));
	pki_wrap(&b, 0, 0xa0);
	pki_wrap(&b, 0, 0xa0);
	pki_wrap(&b, 0, 0x30);
	pki_wrap(&b, 0, 0x30);
	return (struct pki_ext){ "2.5.29.31", false, pki_take(&b) };
}

struct dcap_platform dcap_platform(void)
{
	struct dcap_platform p = {
		.fmspc = DCAP_FMSPC,
		.pceid = DCAP_PCEID,
		.ppid = "00112233445566778899aabbccddeeff",
		.piid = "ffeeddccbbaa99887766554433221100",
		.components = { 5, 5, 2, 2, 3, 1, 0, 3 },
		.pcesvn = 13,
		.sgx_type = 1,
	};

	return p;
}

struct pki_cert *dcap_pck(const struct pki_cert *ca, const struct dcap_platform *platform,
			  const struct pki_spec *given)
{
	struct pki_spec spec = { 0 };
	const struct pki_ext exts[] = {
		crl_place(platform->processor ? PCK_CRL("processor") : PCK_CRL("platform")),
		dcap_pck_ext(platform),
	};

	if (given)
		spec = *given;
	if (!spec.key)
		spec.key = pki_key(PKI_P256);
	if (!spec.subject)
		spec.subject = CA_NAME("Intel SGX PCK Certificate");
	if (!spec.issuer)
		spec.issuer = ca;
	if (!spec.not_before)
		spec.not_before = DCAP_NOW - YEAR;
	if (!spec.not_after)
		spec.not_after = DCAP_NOW + YEAR;
	if (!spec.serial)
		spec.serial = "0bad";
	if (!spec.ext_count) {
		spec.exts = exts;
		spec.ext_count = TACIT_ARRAY_LEN(exts);
	}
	spec.basic = true;
	if (!spec.key_usage)
		spec.key_usage = TACIT_KU_DIGITAL_SIGNATURE;
	return pki_cert(&spec);
}

static struct pki_cert *make_ca(const char *subject, const struct pki_cert *issuer)
{
	const struct pki_ext place = crl_place(ROOT_CRL);

	return pki_cert(&(struct pki_spec){ .key = pki_key(PKI_P256),
					    .subject = subject,
					    .issuer = issuer,
					    .not_before = DCAP_NOW - YEAR,
					    .not_after = DCAP_NOW + YEAR,
					    .ca = true,
					    .key_usage = TACIT_KU_CERT_SIGN | TACIT_KU_CRL_SIGN,
					    .exts = &place,
					    .ext_count = 1 });
}

const struct dcap_world *dcap_world(void)
{
	static struct dcap_world world;

	if (world.root)
		return &world;
	world.platform = dcap_platform();
	world.root = make_ca(CA_NAME("Intel SGX Root CA"), NULL);
	world.platform_ca = make_ca(CA_NAME("Intel SGX PCK Platform CA"), world.root);
	world.processor_ca = make_ca(CA_NAME("Intel SGX PCK Processor CA"), world.root);
	world.pck = dcap_pck(world.platform_ca, &world.platform, NULL);

	struct dcap_platform processor = world.platform;
	processor.processor = true;
	world.pck_processor = dcap_pck(world.processor_ca, &processor, NULL);

	const struct pki_ext place = crl_place(ROOT_CRL);
	struct pki_spec signer = {
		.key = pki_key(PKI_P256),
		.subject = CA_NAME("Intel SGX TCB Signing"),
		.issuer = world.root,
		.not_before = DCAP_NOW - YEAR,
		.not_after = DCAP_NOW + YEAR,
		.serial = "7cb0",
		.basic = true,
		.key_usage = TACIT_KU_DIGITAL_SIGNATURE,
		.exts = &place,
		.ext_count = 1,
	};
	world.tcb_signer = pki_cert(&signer);
	return &world;
}

struct tacit_slice dcap_chain(const struct pki_cert *leaf, const struct pki_cert *intermediate,
			      const struct pki_cert *root)
{
	const struct pki_cert *const certs[] = { leaf, intermediate, root };

	return pki_pem(certs, TACIT_ARRAY_LEN(certs), 1);
}

/* ---- quotes -------------------------------------------------------------------------------- */

static bool is_td(enum tacit_dcap_body type)
{
	return type != TACIT_DCAP_BODY_SGX;
}

static size_t body_len(enum tacit_dcap_body type)
{
	switch (type) {
	case TACIT_DCAP_BODY_NONE:
		break;
	case TACIT_DCAP_BODY_SGX:
		return TACIT_DCAP_SGX_LEN;
	case TACIT_DCAP_BODY_TD10:
		return TACIT_DCAP_TD10_LEN;
	case TACIT_DCAP_BODY_TD15:
		return TACIT_DCAP_TD15_LEN;
	case TACIT_DCAP_BODY_TD15EXT:
		return TACIT_DCAP_TD15EXT_LEN;
	}
	return 0;
}

static void fill_td(uint8_t *body)
{
	for (size_t i = 136; i < 584; i++)
		body[i] = (uint8_t)(1 + i / 48); /* measurements and report data, told apart */
	memset(body, 0, 136);
	body[0] = 5; /* TEE_TCB_SVN: module 1.5, microcode 3 */
	body[1] = 1;
	body[2] = 3;
	memset(body + 16, 0xa5, 48); /* MRSEAM */
	body[123] = 0x10;            /* SEPT_VE_DISABLE */
	body[128] = 0xe7;            /* XFAM */
	body[130] = 0x06;
	memcpy(body + 584, body, 16); /* TEE_TCB_SVN2; MRSERVICETD stays zero */
}

static void fill_sgx(uint8_t *body)
{
	body[0] = 5;
	body[48] = 0x05; /* INIT, 64 bit */
	body[56] = 0xe7;
	memset(body + 64, 0xe1, 32);  /* MRENCLAVE */
	memset(body + 128, 0x51, 32); /* MRSIGNER */
	body[256] = 1;
	body[258] = 7;
	memset(body + 320, 0xda, 64);
}

struct dcap_quote_spec dcap_quote_spec(unsigned version, enum tacit_dcap_body type)
{
	static const uint8_t AUTH[32] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	const struct dcap_world *w = dcap_world();
	struct dcap_quote_spec spec = { .version = version, .body_type = type };

	if (is_td(type))
		fill_td(spec.body);
	else
		fill_sgx(spec.body);
	fill_sgx(spec.qe);
	/* The values that the QE identities of the collateral name. */
	memset(spec.qe + 64, 0x9e, 32);
	memset(spec.qe + 128, 0xdc, 32);
	spec.qe[48] = 0x15;
	spec.qe[256] = is_td(type) ? 2 : 1;
	spec.qe[258] = 8;
	spec.ak = pki_key(PKI_P256);
	spec.pck = w->pck;
	spec.auth = TACIT_SLICE_ARRAY(AUTH);
	spec.chain = dcap_chain(w->pck, w->platform_ca, w->root);
	return spec;
}

static void put_header(struct pki_buf *b, const struct dcap_quote_spec *spec)
{
	uint8_t vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
			       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
	static const uint8_t USER_DATA[20] = { 0xcc };

	vendor[15] ^= (uint8_t)spec->vendor_xor;
	put_le(b, spec->version, 2);
	put_le(b, spec->key_type ? spec->key_type : 2, 2);
	put_le(b, (is_td(spec->body_type) ? 0x81 : 0) ^ spec->tee_type_xor, 4);
	put_le(b, 0, 4);
	pki_raw(b, TACIT_SLICE_ARRAY(vendor));
	pki_raw(b, TACIT_SLICE_ARRAY(USER_DATA));
	if (spec->version != 5)
		return;
	put_le(b, spec->descriptor_type ? spec->descriptor_type : (unsigned)spec->body_type, 2);
	put_le(b, spec->descriptor_size ? spec->descriptor_size : body_len(spec->body_type), 4);
}

static struct tacit_slice raw_point(EVP_PKEY *key)
{
	struct tacit_slice point = pki_point(key);

	return tacit_slice_of(point.ptr + 1, 64);
}

/* From the QE report to the end of the certification data. */
static void put_qe(struct pki_buf *b, const struct dcap_quote_spec *spec)
{
	struct tacit_slice parts[] = { raw_point(spec->ak), spec->auth };
	uint8_t qe[TACIT_DCAP_SGX_LEN];

	memcpy(qe, spec->qe, sizeof(qe));
	if (!spec->keep_qe_report_data) {
		memset(qe + 320, 0, 64);
		if (tacit_hash_parts(TACIT_SHA256, parts, 2, qe + 320, NULL) != TACIT_OK)
			printf("Bail out! test pki: no SHA-256\n");
	}
	pki_raw(b, TACIT_SLICE_ARRAY(qe));
	pki_raw(b, pki_sign_raw(spec->qe_signer ? spec->qe_signer : spec->pck->key,
				TACIT_SLICE_ARRAY(qe)));
	put_le(b, spec->auth.len, 2);
	pki_raw(b, spec->auth);
	put_le(b, spec->cert_type ? spec->cert_type : 5, 2);
	put_le(b, spec->chain.len + (size_t)(ptrdiff_t)spec->cert_len_add, 4);
	pki_raw(b, spec->chain);
}

struct tacit_slice dcap_quote(const struct dcap_quote_spec *spec)
{
	struct pki_buf b = { 0 }, data = { 0 }, qe = { 0 };

	put_header(&b, spec);
	pki_raw(&b, tacit_slice_of(spec->body, body_len(spec->body_type)));
	pki_raw(&data, pki_sign_raw(spec->quote_signer ? spec->quote_signer : spec->ak,
				    tacit_slice_of(b.bytes, b.len)));
	pki_raw(&data, raw_point(spec->ak));
	put_qe(&qe, spec);
	if (spec->version != 3) {
		put_le(&data, spec->outer_type ? spec->outer_type : 6, 2);
		put_le(&data, qe.len + (size_t)(ptrdiff_t)spec->outer_len_add, 4);
	}
	pki_raw(&data, pki_take(&qe));
	put_le(&b, data.len + (size_t)(ptrdiff_t)spec->signature_len_add, 4);
	pki_raw(&b, pki_take(&data));
	for (size_t i = 0; i < spec->padding; i++)
		put_le(&b, spec->padding_byte, 1);
	return pki_take(&b);
}

/* ---- event logs ---------------------------------------------------------------------------- */

struct tacit_slice dcap_event_log(unsigned count, uint8_t rtmr[3][48])
{
	static const uint8_t SPEC_ID[] = "Spec ID Event03\0\0\0\0\0\0\2\0\2\1\0\0\0\x0c\0\x30\0";
	struct pki_buf b = { 0 };

	memset(rtmr, 0, 3 * 48);
	put_le(&b, 1, 4);
	put_le(&b, 3, 4);
	for (unsigned i = 0; i < 20; i++)
		put_le(&b, 0, 1);
	put_le(&b, sizeof(SPEC_ID), 4);
	pki_raw(&b, TACIT_SLICE_ARRAY(SPEC_ID));
	for (unsigned i = 0; i < 3 * count; i++) {
		uint8_t digest[48];
		struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(rtmr[i % 3]),
					       TACIT_SLICE_ARRAY(digest) };

		memset(digest, (int)(i + 1), sizeof(digest));
		put_le(&b, 1 + i % 3, 4);
		put_le(&b, 13, 4); /* EV_IPL */
		put_le(&b, 1, 4);
		put_le(&b, 0x0c, 2);
		pki_raw(&b, TACIT_SLICE_ARRAY(digest));
		put_le(&b, 4, 4);
		pki_raw(&b, tacit_slice_str("data"));
		if (tacit_hash_parts(TACIT_SHA384, parts, 2, rtmr[i % 3], NULL) != TACIT_OK)
			printf("Bail out! test pki: no SHA-384\n");
	}
	for (unsigned i = 0; i < 64; i++)
		put_le(&b, 0xff, 1);
	return pki_take(&b);
}
