/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/pck.h"

#include "codec/der.h"
#include "tests/pki/dcap.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum tacit_status parse(const struct pki_ext *ext, struct tacit_dcap_pck *ret)
{
	const struct dcap_world *w = dcap_world();
	const struct pki_spec spec = { .key = w->pck->key,
				       .subject = "CN=Intel SGX PCK Certificate",
				       .issuer = w->platform_ca,
				       .not_before = DCAP_NOW - 10,
				       .not_after = DCAP_NOW + 10,
				       .serial = "0102",
				       .exts = ext,
				       .ext_count = ext ? 1 : 0 };
	struct tacit_error err = { 0 };
	struct tacit_cert cert;

	if (tacit_cert_parse(pki_cert(&spec)->der, "pck", &cert, NULL) != TACIT_OK) {
		ok(false, "the certificate parses");
		return TACIT_INTERNAL;
	}
	enum tacit_status st = tacit_dcap_pck_parse(&cert, ret, &err);
	if (st != err.status)
		ok(false, "status and error agree");
	return st;
}

static enum tacit_status parse_platform(const struct dcap_platform *p, struct tacit_dcap_pck *ret)
{
	struct pki_ext ext = dcap_pck_ext(p);

	return parse(&ext, ret);
}

static void test_good(void)
{
	struct dcap_platform p = dcap_platform();
	struct tacit_dcap_pck pck = { 0 };

	p.components[4] = 255;
	p.pcesvn = 65535;
	is_status(parse_platform(&p, &pck), TACIT_OK, "of the Platform CA");
	is_slice(pck.fmspc, pki_hex(DCAP_FMSPC), "FMSPC");
	is_slice(pck.pceid, pki_hex(DCAP_PCEID), "PCE id");
	is_slice(pck.ppid, pki_hex(p.ppid), "PPID");
	is_slice(pck.instance_id, pki_hex(p.piid), "platform instance");
	is_slice(TACIT_SLICE_ARRAY(pck.components), TACIT_SLICE_ARRAY(p.components), "components");
	is_slice(pck.cpusvn, TACIT_SLICE_ARRAY(p.components), "CPUSVN");
	is_slice(pck.serial, pki_hex("0102"), "serial");
	ok(pck.pcesvn == 65535 && pck.platform_ca && pck.sgx_type == TACIT_SGX_SCALABLE,
	   "the rest");
	p.processor = true;
	is_status(parse_platform(&p, &pck), TACIT_OK, "of the Processor CA");
	ok(!pck.platform_ca && !pck.instance_id.ptr, "which names no instance");
}

static void test_values(void)
{
	struct dcap_platform good = dcap_platform(), p = good;
	struct tacit_dcap_pck pck;
	uint8_t other[16];

	p.pcesvn = 65536;
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a PCESVN over 16 bits");
	p = good, p.sgx_type = 2;
	is_status(parse_platform(&p, &pck), TACIT_OK, "the last SGX type");
	p.sgx_type = 3;
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "an SGX type that nobody knows");
	for (size_t i = 0; i < 16; i++) {
		memcpy(other, good.components, 16);
		other[i] ^= 1;
		p = good, p.cpusvn = other;
		is_status(parse_platform(&p, &pck), TACIT_FORMAT,
			  "CPUSVN that says something else");
	}
	p = good, p.fmspc = "50806f0000";
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a short FMSPC");
	p = good, p.fmspc = "50806f00000000";
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a long FMSPC");
	p = good, p.pceid = "00";
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a short PCE id");
	p = good, p.ppid = "0011";
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a short PPID");
	p = good, p.piid = "0011";
	is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a short instance id");
}

static void test_missing(void)
{
	struct tacit_dcap_pck pck = { .pcesvn = 777 };

	for (unsigned member = 1; member <= 7; member++) {
		struct dcap_platform p = dcap_platform();

		p.leave_out = 1u << member;
		is_status(parse_platform(&p, &pck), TACIT_FORMAT, "a member is missing");
		p.processor = true;
		is_status(parse_platform(&p, &pck), member > 5 ? TACIT_OK : TACIT_FORMAT,
			  "of the five");
		if (member <= 5)
			ok(pck.pcesvn == 777, "nothing is given");
	}
	is_status(parse(NULL, &pck), TACIT_FORMAT, "no extension at all");
}

/* Any byte of the extension changed, cut or added: refused, or another value of the same form. */
static void test_bytes(void)
{
	struct dcap_platform p = dcap_platform();
	struct pki_ext ext = dcap_pck_ext(&p);
	struct tacit_dcap_pck pck;
	size_t accepted = 0, refused = 0;

	for (size_t len = 0; len < ext.value.len; len++) {
		struct pki_ext cut = ext;

		cut.value.len = len;
		refused += parse(&cut, &pck) == TACIT_FORMAT;
	}
	ok(refused == ext.value.len, "every truncation is refused");
	uint8_t *copy = pki_alloc(ext.value.len + 1);
	memcpy(copy, ext.value.ptr, ext.value.len);
	struct pki_ext longer = ext;
	longer.value = tacit_slice_of(copy, ext.value.len + 1);
	is_status(parse(&longer, &pck), TACIT_FORMAT, "a byte too many");
	for (size_t at = 0; at < ext.value.len; at++) {
		struct pki_ext flipped = ext;

		copy[at] ^= 0x10;
		flipped.value = tacit_slice_of(copy, ext.value.len);
		accepted += parse(&flipped, &pck) == TACIT_OK;
		copy[at] ^= 0x10;
	}
	/* PPID 16, instance 16, FMSPC 6, PCE id 2, PCESVN 1: values that no form constrains. */
	ok(accepted == 16 + 16 + 6 + 2 + 1, "%zu bytes are free to have other values", accepted);
}

/* The members twice over, or one with another name. */
static void test_repeated(void)
{
	struct dcap_platform p = dcap_platform();
	struct pki_ext ext = dcap_pck_ext(&p);
	static const uint8_t FMSPC_OID[] = { 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x04 };
	static const uint8_t TCB1_OID[] = { 0x4d, 0x01, 0x0d, 0x01, 0x02, 0x01 };
	static const struct {
		const uint8_t *oid;
		size_t len;
		uint8_t to;
		const char *name;
	} CASES[] = {
		{ FMSPC_OID, sizeof(FMSPC_OID), 3, "two PCE ids, no FMSPC" },
		{ FMSPC_OID, sizeof(FMSPC_OID), 8, "a member that nobody knows" },
		{ FMSPC_OID, sizeof(FMSPC_OID), 0, "a member zero" },
		{ FMSPC_OID, sizeof(FMSPC_OID), 36, "a member beyond any bit" },
		{ TCB1_OID, sizeof(TCB1_OID), 2, "two components 2" },
		{ TCB1_OID, sizeof(TCB1_OID), 19, "a TCB member that nobody knows" },
		{ TCB1_OID, sizeof(TCB1_OID), 0, "a TCB member zero" },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		uint8_t *copy = pki_alloc(ext.value.len);
		struct pki_ext changed = ext;
		struct tacit_dcap_pck pck;
		bool found = false;

		memcpy(copy, ext.value.ptr, ext.value.len);
		for (size_t at = 0; at + CASES[i].len <= ext.value.len && !found; at++) {
			found = memcmp(copy + at, CASES[i].oid, CASES[i].len) == 0;
			if (found)
				copy[at + CASES[i].len - 1] = CASES[i].to;
		}
		changed.value = tacit_slice_of(copy, ext.value.len);
		ok(found, "the member is there");
		is_status(parse(&changed, &pck), TACIT_FORMAT, CASES[i].name);
	}
}

/* A SEQUENCE with its n-th element left out, or put in twice. */
static struct tacit_slice without(struct tacit_slice sequence, size_t n, bool twice)
{
	struct tacit_der d = tacit_der_of(sequence);
	struct tacit_der list = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct pki_buf b = { 0 };

	for (size_t i = 0; tacit_der_more(&list); i++) {
		struct tacit_slice element = tacit_der_element(&list);

		if (i != n || twice)
			pki_raw(&b, element);
		if (i == n && twice)
			pki_raw(&b, element);
	}
	pki_wrap(&b, 0, 0x30);
	return pki_take(&b);
}

/* The extension with its member 2, SEQUENCE { OID, TCB }, holding another TCB. */
static struct tacit_slice with_tcb(struct tacit_slice extension, size_t n, bool twice)
{
	struct tacit_der d = tacit_der_of(extension);
	struct tacit_der list = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct pki_buf b = { 0 };

	for (size_t i = 0; tacit_der_more(&list); i++) {
		struct tacit_slice element = tacit_der_element(&list);

		if (i != 1) {
			pki_raw(&b, element);
			continue;
		}
		size_t mark = b.len;
		struct tacit_der outer = tacit_der_of(element);
		struct tacit_der m = tacit_der_enter(&outer, TACIT_DER_SEQUENCE);
		pki_raw(&b, tacit_der_element(&m));
		pki_raw(&b, without(tacit_der_element(&m), n, twice));
		pki_wrap(&b, mark, 0x30);
	}
	pki_wrap(&b, 0, 0x30);
	return pki_take(&b);
}

static void test_counts(void)
{
	struct dcap_platform p = dcap_platform();
	struct pki_ext ext = dcap_pck_ext(&p), changed = ext;
	struct tacit_dcap_pck pck;
	size_t accepted = 0;

	changed.value = with_tcb(ext.value, 99, false);
	is_status(parse(&changed, &pck), TACIT_OK, "put together again");
	for (size_t n = 0; n < 7; n++) {
		changed.value = without(ext.value, n, true);
		accepted += parse(&changed, &pck) == TACIT_OK;
	}
	ok(accepted == 0, "no member may come twice");
	for (size_t n = 0; n < 18; n++)
		for (int twice = 0; twice < 2; twice++) {
			changed.value = with_tcb(ext.value, n, twice);
			accepted += parse(&changed, &pck) == TACIT_OK;
		}
	ok(accepted == 0, "nor any of the TCB, and none may be missing");
}

int main(void)
{
	test_good();
	test_values();
	test_missing();
	test_bytes();
	test_repeated();
	test_counts();
	pki_done();
	return done();
}
