/* SPDX-License-Identifier: Apache-2.0 */

/* The frame of quotes and their bodies: what is cut, and what must be refused. */

#include "tests/tap.h"

#include "base/compiler.h"
#include "tests/pki/dcap.h"

static const struct form {
	unsigned version;
	enum tacit_dcap_body type;
	enum tacit_tee tee;
	size_t body_at, body_len;
	const char *name;
} FORMS[] = {
	{ 3, TACIT_DCAP_BODY_SGX, TACIT_TEE_SGX, 48, 384, "v3 SGX" },
	{ 4, TACIT_DCAP_BODY_SGX, TACIT_TEE_SGX, 48, 384, "v4 SGX" },
	{ 4, TACIT_DCAP_BODY_TD10, TACIT_TEE_TDX, 48, 584, "v4 TD 1.0" },
	{ 5, TACIT_DCAP_BODY_SGX, TACIT_TEE_SGX, 54, 384, "v5 SGX" },
	{ 5, TACIT_DCAP_BODY_TD10, TACIT_TEE_TDX, 54, 584, "v5 TD 1.0" },
	{ 5, TACIT_DCAP_BODY_TD15, TACIT_TEE_TDX, 54, 648, "v5 TD 1.5" },
	{ 5, TACIT_DCAP_BODY_TD15EXT, TACIT_TEE_TDX, 54, 885, "v5 TD 1.5 extended" },
};

/* A copy of exactly that size, so that valgrind and ASan see a read past it. */
static enum tacit_status parse(struct tacit_slice in, struct tacit_dcap_quote *ret)
{
	uint8_t *exact = malloc(in.len ? in.len : 1);
	struct tacit_error err = { 0 };

	if (in.len)
		memcpy(exact, in.ptr, in.len);
	enum tacit_status st = tacit_dcap_quote_parse(tacit_slice_of(exact, in.len), ret, &err);
	free(exact);
	return st;
}

static void refused(const struct dcap_quote_spec *spec, enum tacit_status want, const char *name)
{
	struct tacit_dcap_quote quote;

	memset(&quote, 0x5a, sizeof(quote));
	struct tacit_dcap_quote before = quote;
	is_status(parse(dcap_quote(spec), &quote), want, name);
	if (want != TACIT_OK)
		ok(memcmp(&before, &quote, sizeof(quote)) == 0, "%s: nothing is returned", name);
}

static void test_forms(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(FORMS); i++) {
		const struct form *f = &FORMS[i];
		struct dcap_quote_spec spec = dcap_quote_spec(f->version, f->type);
		struct tacit_dcap_quote q;
		struct tacit_slice raw;

		spec.padding = 70;
		raw = dcap_quote(&spec);
		is_status(tacit_dcap_quote_parse(raw, &q, NULL), TACIT_OK, f->name);
		ok(q.version == f->version && q.tee == f->tee && q.body_type == f->type,
		   "%s: version, TEE and body type", f->name);
		ok(q.body.ptr == raw.ptr + f->body_at && q.body.len == f->body_len &&
			   q.covered.ptr == raw.ptr && q.covered.len == f->body_at + f->body_len,
		   "%s: body, and what is signed", f->name);
		ok(q.signature.ptr == q.covered.ptr + q.covered.len + 4 && q.signature.len == 64 &&
			   q.key.ptr == q.signature.ptr + 64 && q.key.len == 64,
		   "%s: signature and key", f->name);
		ok(q.qe_report.ptr == q.key.ptr + 64 + (f->version == 3 ? 0 : 6) &&
			   q.qe_report.len == 384 && q.qe_signature.len == 64,
		   "%s: QE report", f->name);
		is_slice(q.qe_auth, spec.auth, "authentication data");
		is_slice(q.cert_data, spec.chain, "certification data");
		ok(q.cert_type == 5 && q.trailing == 70, "%s: type 5, 70 bytes behind", f->name);
		ok(tacit_dcap_quote_detect(raw, f->tee), "%s is detected", f->name);
		ok(!tacit_dcap_quote_detect(raw, f->tee == TACIT_TEE_TDX ? TACIT_TEE_SGX
									 : TACIT_TEE_TDX),
		   "%s is not taken for the other", f->name);
	}
}

static void test_truncations(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(FORMS); i++) {
		struct dcap_quote_spec spec = dcap_quote_spec(FORMS[i].version, FORMS[i].type);
		struct tacit_slice raw = dcap_quote(&spec);
		struct tacit_dcap_quote q;
		size_t wrong = 0;

		for (size_t len = 0; len < raw.len; len++)
			wrong += parse(tacit_slice_of(raw.ptr, len), &q) != TACIT_FORMAT;
		ok(wrong == 0, "%s: all %zu truncations are malformed", FORMS[i].name, raw.len);
	}
}

static void test_header(void)
{
	static const unsigned VERSIONS[] = { 0, 1, 2, 6, 7, 65535 };
	struct dcap_quote_spec good = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10), spec;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(VERSIONS); i++) {
		spec = good;
		spec.version = VERSIONS[i];
		refused(&spec, TACIT_FORMAT, "another version");
	}
	spec = good;
	spec.key_type = 1;
	refused(&spec, TACIT_FORMAT, "key type 1");
	spec.key_type = 3;
	refused(&spec, TACIT_UNSUPPORTED, "key type 3, P-384");
	spec.key_type = 65535;
	refused(&spec, TACIT_FORMAT, "key type 65535");
	spec = good;
	spec.tee_type_xor = 0x81 ^ 0x82;
	refused(&spec, TACIT_FORMAT, "TEE type 0x82");
	spec.tee_type_xor = 0x80000000;
	refused(&spec, TACIT_FORMAT, "TEE type 0x80000081");
	spec.tee_type_xor = 0x81;
	refused(&spec, TACIT_FORMAT, "SGX in the header over a TD's body");
	spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);
	spec.tee_type_xor = 0x81;
	refused(&spec, TACIT_FORMAT, "TDX in version 3");
	spec = dcap_quote_spec(3, TACIT_DCAP_BODY_TD10);
	refused(&spec, TACIT_FORMAT, "with a TD's body too");
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_SGX);
	spec.tee_type_xor = 0x82;
	refused(&spec, TACIT_FORMAT, "another TEE type over an SGX body");
}

static void test_descriptor(void)
{
	struct dcap_quote_spec good = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15), spec = good;

	spec.descriptor_type = TACIT_DCAP_BODY_SGX;
	refused(&spec, TACIT_FORMAT, "SGX body in a TDX quote");
	spec.descriptor_type = TACIT_DCAP_BODY_TD10;
	refused(&spec, TACIT_FORMAT, "TD 1.0 with the size of TD 1.5");
	spec.descriptor_type = 5;
	refused(&spec, TACIT_FORMAT, "body type 5");
	spec.descriptor_type = 65535;
	refused(&spec, TACIT_FORMAT, "body type 65535");
	spec = good;
	spec.descriptor_size = 647;
	refused(&spec, TACIT_FORMAT, "one byte short of the type's size");
	spec.descriptor_size = 649;
	refused(&spec, TACIT_FORMAT, "one byte over it");
	spec.descriptor_size = 0xffffffff;
	refused(&spec, TACIT_FORMAT, "4 GiB of body");
	spec = dcap_quote_spec(5, TACIT_DCAP_BODY_SGX);
	spec.descriptor_type = TACIT_DCAP_BODY_TD10;
	spec.descriptor_size = 584;
	refused(&spec, TACIT_FORMAT, "a TD's body in an SGX quote");
	spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD10);
	spec.tee_type_xor = 0x81;
	refused(&spec, TACIT_FORMAT, "a whole one");
	spec = dcap_quote_spec(5, TACIT_DCAP_BODY_SGX);
	spec.tee_type_xor = 0x81;
	refused(&spec, TACIT_FORMAT, "a whole SGX body in a TDX quote");
}

static void test_lengths(void)
{
	static const int OFF[] = { -1, 1, -4000, 1000000, -1000000 };
	struct dcap_quote_spec spec;

	for (size_t v = 3; v <= 5; v++) {
		enum tacit_dcap_body type = v == 3 ? TACIT_DCAP_BODY_SGX : TACIT_DCAP_BODY_TD10;
		struct dcap_quote_spec good = dcap_quote_spec((unsigned)v, type);

		for (size_t i = 0; i < TACIT_ARRAY_LEN(OFF); i++) {
			spec = good;
			spec.signature_len_add = OFF[i];
			spec.padding = 16;
			refused(&spec, TACIT_FORMAT, "length of the signature data");
			spec = good;
			spec.cert_len_add = OFF[i];
			spec.padding = 16;
			refused(&spec, TACIT_FORMAT, "length of the certification data");
			if (v == 3)
				continue;
			spec = good;
			spec.outer_len_add = OFF[i];
			spec.padding = 16;
			refused(&spec, TACIT_FORMAT, "length of the outer data");
		}
	}
}

static void test_limits(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	struct tacit_slice none = { NULL, 0 };

	spec.auth = none;
	refused(&spec, TACIT_OK, "no authentication data");
	spec.auth = tacit_slice_of(pki_alloc(2048), TACIT_DCAP_AUTH_MAX);
	refused(&spec, TACIT_OK, "as many as may be");
	spec.auth.len++;
	refused(&spec, TACIT_LIMIT, "and one more");
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	spec.chain = none;
	refused(&spec, TACIT_FORMAT, "no certification data");
	spec.chain = tacit_slice_of(pki_alloc(20000), TACIT_DCAP_CERT_MAX);
	refused(&spec, TACIT_OK, "as many as may be");
	spec.chain.len++;
	refused(&spec, TACIT_LIMIT, "and one more");
}

static void test_types(void)
{
	static const unsigned OUTER[] = { 1, 2, 3, 4, 5, 7, 65535 };
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(OUTER); i++) {
		spec.outer_type = OUTER[i];
		refused(&spec, TACIT_FORMAT, "outer type is not 6");
	}
}

static void test_cwt(void)
{
	static const uint8_t TAGGED[] = { 0xd8, 0x3d, 0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26 };
	static const uint8_t BARE[] = { 0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0x40 };
	struct tacit_dcap_quote q;
	struct tacit_error err = { 0 };

	ok(tacit_dcap_quote_detect(TACIT_SLICE_ARRAY(TAGGED), TACIT_TEE_TDX),
	   "a CWT is taken for a TD's");
	is_status(tacit_dcap_quote_parse(TACIT_SLICE_ARRAY(TAGGED), &q, &err), TACIT_UNSUPPORTED,
		  "and is unsupported");
	ok(strstr(err.detail, "CWT") != NULL, "by name");
	is_status(parse(TACIT_SLICE_ARRAY(BARE), &q), TACIT_UNSUPPORTED, "without its tag too");
}

static void test_td_report(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15EXT);
	struct tacit_slice body = TACIT_SLICE_ARRAY(spec.body);
	struct tacit_dcap_td_report td;

	for (size_t i = 0; i < sizeof(spec.body); i++)
		spec.body[i] = (uint8_t)(i * 7);
	is_status(tacit_dcap_td_parse(body, TACIT_DCAP_BODY_TD15EXT, &td, NULL), TACIT_OK,
		  "extended TD report");
	ok(td.mrseam.ptr == body.ptr + 16 && td.mrsignerseam.ptr == body.ptr + 64 &&
		   td.seam_attributes.ptr == body.ptr + 112 &&
		   td.td_attributes_bytes.ptr == body.ptr + 120 && td.xfam.ptr == body.ptr + 128,
	   "SEAM, attributes and XFAM");
	ok(td.mrtd.ptr == body.ptr + 136 && td.mrconfigid.ptr == body.ptr + 184 &&
		   td.mrowner.ptr == body.ptr + 232 && td.mrownerconfig.ptr == body.ptr + 280 &&
		   td.rtmr[0].ptr == body.ptr + 328 && td.rtmr[3].ptr == body.ptr + 472 &&
		   td.report_data.ptr == body.ptr + 520,
	   "measurements and report data");
	ok(td.tee_tcb_svn2.ptr == body.ptr + 584 && td.mrservicetd.ptr == body.ptr + 600, "TD 1.5");
	ok(td.extended && td.vm_id == body.ptr[648] && td.td_id.ptr == body.ptr + 649 &&
		   td.device_info.ptr == body.ptr + 681 &&
		   td.init_servtd_hash.ptr == body.ptr + 729 &&
		   td.init_servtd_attributes.ptr == body.ptr + 777 &&
		   td.init_cpusvn.ptr == body.ptr + 785 &&
		   td.init_tee_tcb_svn.ptr == body.ptr + 801 &&
		   td.init_fmspc.ptr == body.ptr + 817 &&
		   td.cur_servtd_hash.ptr == body.ptr + 829 &&
		   td.cur_servtd_attributes.ptr == body.ptr + 877,
	   "extension");
	is_status(tacit_dcap_td_parse(body, TACIT_DCAP_BODY_TD15, &td, NULL), TACIT_FORMAT,
		  "longer than its type");
	is_status(
		tacit_dcap_td_parse(tacit_slice_of(body.ptr, 583), TACIT_DCAP_BODY_TD10, &td, NULL),
		TACIT_FORMAT, "shorter than its type");
	is_status(
		tacit_dcap_td_parse(tacit_slice_of(body.ptr, 384), TACIT_DCAP_BODY_SGX, &td, NULL),
		TACIT_FORMAT, "no TD's type");
}

static void test_sgx_report(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);
	struct tacit_slice body = tacit_slice_of(spec.body, TACIT_DCAP_SGX_LEN);
	struct tacit_dcap_sgx_report report;

	for (size_t i = 0; i < body.len; i++)
		spec.body[i] = (uint8_t)i;
	is_status(tacit_dcap_sgx_parse(body, &report, NULL), TACIT_OK, "SGX report");
	ok(report.cpusvn.ptr == body.ptr && report.miscselect == 0x13121110 &&
		   report.ext_prod_id.ptr == body.ptr + 32 &&
		   report.attributes.ptr == body.ptr + 48 && report.flags == 0x3736353433323130 &&
		   report.xfrm == 0x3f3e3d3c3b3a3938,
	   "head");
	ok(report.mrenclave.ptr == body.ptr + 64 && report.mrsigner.ptr == body.ptr + 128 &&
		   report.config_id.ptr == body.ptr + 192 && report.prod_id == 0x0100 &&
		   report.svn == 0x0302 && report.config_svn == 0x0504 &&
		   report.family_id.ptr == body.ptr + 304 &&
		   report.report_data.ptr == body.ptr + 320,
	   "rest");
	body.len--;
	is_status(tacit_dcap_sgx_parse(body, &report, NULL), TACIT_FORMAT, "one byte short");
	body.len += 2;
	is_status(tacit_dcap_sgx_parse(body, &report, NULL), TACIT_FORMAT, "one byte over");
}

/* What is detected as whose: each word that decides it, changed. */
static void test_detect(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *name;
	} WRONG[] = {
		{ 0, 2, "version 2" },           { 0, 6, "version 6" },
		{ 2, 1, "another kind of key" }, { 4, 0x80, "another TEE" },
		{ 12, 0, "another vendor" },     { 27, 0, "another vendor, last byte" },
	};
	static const uint8_t CWT[4] = { 0xd8, 0x3d, 0xd2, 0x84 };

	for (int tdx = 0; tdx < 2; tdx++) {
		enum tacit_tee tee = tdx ? TACIT_TEE_TDX : TACIT_TEE_SGX;
		struct dcap_quote_spec spec =
			dcap_quote_spec(4, tdx ? TACIT_DCAP_BODY_TD10 : TACIT_DCAP_BODY_SGX);
		struct tacit_slice quote = dcap_quote(&spec);
		uint8_t *bytes = (uint8_t *)(uintptr_t)quote.ptr;

		ok(tacit_dcap_quote_detect(quote, tee) &&
			   !tacit_dcap_quote_detect(quote, tdx ? TACIT_TEE_SGX : TACIT_TEE_TDX) &&
			   !tacit_dcap_quote_detect(quote, TACIT_TEE_SNP),
		   "a quote is its own platform's");
		for (size_t i = 0; i < TACIT_ARRAY_LEN(WRONG); i++) {
			uint8_t was = bytes[WRONG[i].at];

			bytes[WRONG[i].at] = WRONG[i].value;
			ok(!tacit_dcap_quote_detect(quote, tee), "%s", WRONG[i].name);
			bytes[WRONG[i].at] = was;
		}
	}
	ok(tacit_dcap_quote_detect(TACIT_SLICE_ARRAY(CWT), TACIT_TEE_TDX), "a tagged CWT");
	for (size_t i = 0; i < sizeof(CWT); i++) {
		uint8_t other[4];

		memcpy(other, CWT, sizeof(CWT));
		other[i] ^= 1;
		ok(!tacit_dcap_quote_detect(TACIT_SLICE_ARRAY(other), TACIT_TEE_TDX),
		   "another byte %zu", i);
	}
	ok(!tacit_dcap_quote_detect(tacit_slice_of(CWT, 3), TACIT_TEE_TDX), "three bytes");
}

/* No bytes, and one: nothing behind them is looked at. */
static void test_nothing(void)
{
	struct tacit_dcap_quote quote;
	uint8_t tag = 0xd8;

	is_status(tacit_dcap_quote_parse(tacit_slice_of(NULL, 0), &quote, NULL), TACIT_FORMAT,
		  "nothing");
	is_status(parse(tacit_slice_of(&tag, 1), &quote), TACIT_FORMAT, "one byte");
}

/* A body that is no TD's is not read as one, though it has enough bytes. */
static void test_kinds(void)
{
	static const uint8_t BODY[TACIT_DCAP_TD15_LEN];
	struct tacit_dcap_td_report report;

	is_status(tacit_dcap_td_parse(TACIT_SLICE_ARRAY(BODY), TACIT_DCAP_BODY_SGX, &report, NULL),
		  TACIT_FORMAT, "an enclave's body");
	is_status(tacit_dcap_td_parse(TACIT_SLICE_ARRAY(BODY), TACIT_DCAP_BODY_NONE, &report, NULL),
		  TACIT_FORMAT, "no body");
	is_status(tacit_dcap_td_parse(TACIT_SLICE_ARRAY(BODY), TACIT_DCAP_BODY_TD15, &report, NULL),
		  TACIT_OK, "a TD's");
}

int main(void)
{
	test_forms();
	test_truncations();
	test_header();
	test_descriptor();
	test_lengths();
	test_limits();
	test_types();
	test_cwt();
	test_td_report();
	test_sgx_report();
	test_detect();
	test_nothing();
	test_kinds();
	pki_done();
	return done();
}
