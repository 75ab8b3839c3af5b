/* SPDX-License-Identifier: Apache-2.0 */
/* Recognising formats by shape: real documents where the shared vectors are, our own always. */
#include "tests/unit/appraise_util.h"

#include "base/writer.h"
#include "codec/cbor.h"
#include "codec/cose.h"
#include "tee/detect.h"
#include "tee/tee.h"

static struct bench b;
static uint8_t file[TACIT_EVIDENCE_MAX];

static void test_names(void)
{
	ok(tacit_tee_find(tacit_slice_str("stub")) == TACIT_TEE_STUB, "stub has its name");
	ok(tacit_tee_find(tacit_slice_str("gcp-token")) == TACIT_TEE_GCP_TOKEN, "gcp-token too");
	ok(tacit_tee_find(tacit_slice_str("none")) == TACIT_TEE_NONE, "none is no platform");
	ok(tacit_tee_find(tacit_slice_str("STUB")) == TACIT_TEE_NONE, "names are in small letters");
	ok(tacit_tee_find(tacit_slice_str("stu")) == TACIT_TEE_NONE, "and whole");
	ok(tacit_tee_find(tacit_slice_of(NULL, 0)) == TACIT_TEE_NONE, "and not empty");
	ok(strcmp(tacit_tee_label(TACIT_TEE_STUB), "stub (NOT a TEE)") == 0,
	   "the stub's label warns");
	ok(strcmp(tacit_tee_label(TACIT_TEE_TDX), "tdx") == 0, "others are plain");
	ok(!tacit_tee_is_real(TACIT_TEE_STUB) && !tacit_tee_is_real(TACIT_TEE_NONE) &&
		   tacit_tee_is_real(TACIT_TEE_NITRO) && tacit_tee_is_real(TACIT_TEE_GCP_TOKEN),
	   "only the stub is not real");
	ok(strcmp(tacit_tee_name((enum tacit_tee)99), "none") == 0, "values outside are none");
	ok(!tacit_tee_is_real((enum tacit_tee)99), "and not real");
	for (int i = TACIT_TEE_NONE + 1; i <= TACIT_TEE_STUB; i++)
		if (tacit_tee_find(tacit_slice_str(tacit_tee_name((enum tacit_tee)i))) !=
		    (enum tacit_tee)i)
			ok(false, "%s is found", tacit_tee_name((enum tacit_tee)i));
	ok(tacit_tee_row(TACIT_TEE_STUB) && tacit_tee_row(TACIT_TEE_NITRO) &&
		   !tacit_tee_row(TACIT_TEE_NONE),
	   "this build judges these, and not nothing");
}

static void is_shape(struct tacit_slice in, enum tacit_tee want, const char *name)
{
	struct tacit_evidence ev = { .tee = TACIT_TEE_NONE };
	struct tacit_error err = { 0 };
	enum tacit_status expected = want == TACIT_TEE_NONE ? TACIT_FORMAT
				     : tacit_tee_row(want)  ? TACIT_OK
							    : TACIT_UNSUPPORTED;

	ok(tacit_detect_tee(in) == want, "%s is %s", name, tacit_tee_name(want));
	is_status(tacit_evidence_detect(in, &ev, &err), expected, "  and answered so");
	if (expected != TACIT_OK)
		ok(!ev.raw.ptr, "  without evidence");
	if (expected == TACIT_UNSUPPORTED)
		ok(strstr(err.detail, tacit_tee_name(want)) != NULL, "  naming it");
}

static void test_stub(void)
{
	bench_init(&b);
	bench_bind(&b);
	struct tacit_slice raw = bench_evidence(&b);
	struct tacit_evidence ev;

	is_shape(raw, TACIT_TEE_STUB, "stub evidence");
	is_status(tacit_evidence_detect(raw, &ev, NULL), TACIT_OK, "detected");
	is_slice(ev.raw, raw, "the bytes are kept as they came");
	is_shape(tacit_slice_of(raw.ptr, 12), TACIT_TEE_NONE, "its beginning");
}

static void test_nothing(void)
{
	static uint8_t zeros[1184];
	static uint8_t big[TACIT_EVIDENCE_MAX + 1];
	struct tacit_evidence ev;

	is_shape(tacit_slice_of(NULL, 0), TACIT_TEE_NONE, "nothing");
	is_shape(TACIT_SLICE_ARRAY(zeros), TACIT_TEE_NONE, "zeros as long as a report");
	is_shape(tacit_slice_str("hello\n"), TACIT_TEE_NONE, "text");
	is_shape(tacit_slice_str("{}"), TACIT_TEE_NONE, "an empty object");
	is_shape(tacit_slice_str("eyJ.x"), TACIT_TEE_NONE, "a token with one dot");
	is_shape(tacit_slice_str("abc.def.ghi"), TACIT_TEE_NONE, "three words with dots");
	is_shape(tacit_slice_str("ey"), TACIT_TEE_NONE, "two letters");
	is_shape(tacit_slice_str("\xa2\x01\x02\x68platform\x63tdx"), TACIT_TEE_NONE,
		 "a map with a number for a key");
	is_shape(tacit_slice_str("eyJh.e30.a b"), TACIT_TEE_NONE, "a token with a space");
	is_status(tacit_evidence_detect(TACIT_SLICE_ARRAY(big), &ev, NULL), TACIT_LIMIT,
		  "over 1 MiB is a limit");
}

/* A quote's 48-byte header before zeros. */
static struct tacit_slice quote(uint16_t version, uint16_t key_type, uint32_t tee_type)
{
	static const uint8_t vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
					    0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
	static uint8_t bytes[1024];

	memset(bytes, 0, sizeof(bytes));
	bytes[0] = (uint8_t)version;
	bytes[2] = (uint8_t)key_type;
	bytes[4] = (uint8_t)tee_type;
	memcpy(bytes + 12, vendor, sizeof(vendor));
	return TACIT_SLICE_ARRAY(bytes);
}

static void test_quotes(void)
{
	is_shape(quote(4, 2, 0x81), TACIT_TEE_TDX, "a quote of version 4");
	is_shape(quote(5, 2, 0x81), TACIT_TEE_TDX, "a quote of version 5");
	is_shape(quote(3, 2, 0), TACIT_TEE_SGX, "a quote of version 3");
	is_shape(quote(4, 2, 0), TACIT_TEE_SGX, "a quote of version 4 of SGX");
	is_shape(quote(3, 2, 0x81), TACIT_TEE_NONE, "version 3 of TDX");
	is_shape(quote(6, 2, 0x81), TACIT_TEE_NONE, "version 6");
	is_shape(quote(4, 1, 0x81), TACIT_TEE_NONE, "key type 1");
	is_shape(quote(4, 2, 0x82), TACIT_TEE_NONE, "another type of TEE");
	/* A head is enough, so that the verdict can say what is broken behind it. */
	is_shape(tacit_slice_of(quote(4, 2, 0x81).ptr, 300), TACIT_TEE_TDX, "a cut quote");
	is_shape(tacit_slice_of(quote(4, 2, 0x81).ptr, 47), TACIT_TEE_NONE, "a cut head");
}

static void test_reports(void)
{
	static uint8_t report[1184], hcl[2600];

	report[0] = 2;
	report[0x34] = 1;
	is_shape(TACIT_SLICE_ARRAY(report), TACIT_TEE_NONE, "a policy without its fixed bit");
	report[0x0a] = 2;
	is_shape(TACIT_SLICE_ARRAY(report), TACIT_TEE_SNP, "a report of version 2");
	is_shape(tacit_slice_of(report, 1183), TACIT_TEE_NONE, "a cut report");
	report[0] = 6;
	is_shape(TACIT_SLICE_ARRAY(report), TACIT_TEE_SNP, "a report of version 6, to be named");
	report[0] = 0;
	is_shape(TACIT_SLICE_ARRAY(report), TACIT_TEE_NONE, "a report of version 0");
	report[0] = 5;
	is_shape(TACIT_SLICE_ARRAY(report), TACIT_TEE_SNP, "a report of version 5");
	report[0x36] = 1;
	is_shape(TACIT_SLICE_ARRAY(report), TACIT_TEE_NONE, "an algorithm that is no number");
	memcpy(hcl, "HCLA", 4);
	hcl[1224] = 2;
	is_shape(TACIT_SLICE_ARRAY(hcl), TACIT_TEE_AZURE_SNP, "HCL over SNP");
	hcl[1224] = 4;
	is_shape(TACIT_SLICE_ARRAY(hcl), TACIT_TEE_AZURE_TDX, "HCL over TDX");
	hcl[1224] = 3;
	is_shape(TACIT_SLICE_ARRAY(hcl), TACIT_TEE_NONE, "HCL over something else");
	is_shape(tacit_slice_of(hcl, 1227), TACIT_TEE_NONE, "a cut HCL report");
}

/* A Nitro document's outline: only what detection looks at. */
static struct tacit_slice nsm(const char *registers, bool cabundle)
{
	static uint8_t room[512], payload_room[256];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct writer p = wr_of(tacit_mut_of(payload_room, sizeof(payload_room)));
	static const uint8_t es384[] = { 0xa1, 0x01, 0x38, 0x22 };

	tacit_cbor_put_map(&p, cabundle ? 3 : 2);
	tacit_cbor_put_text(&p, tacit_slice_str("module_id"));
	tacit_cbor_put_text(&p, tacit_slice_str("i-1"));
	tacit_cbor_put_text(&p, tacit_slice_str(registers));
	tacit_cbor_put_map(&p, 0);
	if (cabundle) {
		tacit_cbor_put_text(&p, tacit_slice_str("cabundle"));
		tacit_cbor_put_array(&p, 0);
	}
	tacit_cose_sign1_write(&w, TACIT_SLICE_ARRAY(es384), tacit_slice_of(payload_room, p.at),
			       tacit_slice_str("signature"));
	return tacit_slice_of(room, w.at);
}

static void test_documents(void)
{
	struct tacit_slice doc = nsm("pcrs", true);

	is_shape(doc, TACIT_TEE_NITRO, "a tagged document");
	is_shape(tacit_slice_of(doc.ptr + 1, doc.len - 1), TACIT_TEE_NITRO, "an untagged one");
	is_shape(nsm("nitrotpm_pcrs", true), TACIT_TEE_NITROTPM, "one of a TPM");
	is_shape(nsm("pcrz", true), TACIT_TEE_NITRO, "one without registers, broken");
	is_shape(nsm("pcrs", false), TACIT_TEE_NITRO, "one without certificates, too");
	is_shape(tacit_slice_of(doc.ptr, 16), TACIT_TEE_NONE, "not one cut so short");
}

static void test_envelopes(void)
{
	is_shape(tacit_slice_str("\xa1\x68platform\x63tdx"), TACIT_TEE_NONE,
		 "EphemeralML's for tdx, which must be unwrapped");
	is_shape(tacit_slice_str("\xa2\x65nonce\x41z\x68platform\x66\x63s-tdx"),
		 TACIT_TEE_GCP_TOKEN, "EphemeralML's for Confidential Space");
	is_shape(tacit_slice_str("\xa1\x68platform\x63tdy"), TACIT_TEE_NONE, "another platform");
	is_shape(tacit_slice_str("\xa1\x68platform"), TACIT_TEE_NONE, "a cut envelope");
	is_shape(tacit_slice_str("\xbf\x68platform\x66\x63s-tdx"), TACIT_TEE_GCP_TOKEN,
		 "an open one is looked into");
	is_shape(tacit_slice_str("eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n"), TACIT_TEE_GCP_TOKEN,
		 "a token");
	is_shape(tacit_slice_str("[{\"arch\":\"HOPPER\",\"evidence\":\"\"}]"), TACIT_TEE_NVIDIA,
		 "evidence of a GPU");
	is_shape(tacit_slice_str("[{\"arch\":\"HOPPER\"}]"), TACIT_TEE_NONE, "a GPU without any");
}

static void vector(const char *dir, const char *path, enum tacit_tee want)
{
	char full[4096];

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	FILE *f = fopen(full, "rb");
	if (!f) {
		skip(path, "not among the vectors here");
		return;
	}
	size_t n = fread(file, 1, sizeof(file), f);
	fclose(f);
	ok(tacit_detect_tee(tacit_slice_of(file, n)) == want, "%s is %s", path,
	   tacit_tee_name(want));
}

static void test_vectors(void)
{
	const char *dir = tap_vectors();

	if (!dir) {
		skip("real evidence of every platform", "no shared vectors");
		return;
	}
	vector(dir, "nitro/doc_2023_09_apse1.cose", TACIT_TEE_NITRO);
	vector(dir, "nitro/doc_2025_08_indef.cose", TACIT_TEE_NITRO);
	vector(dir, "nitro/doc_2026_01_indef.cose", TACIT_TEE_NITRO);
	vector(dir, "nitro/synthetic_nitrotpm_key.cose", TACIT_TEE_NITROTPM);
	vector(dir, "nitro/derived_tag17.cose", TACIT_TEE_NITRO);
	vector(dir, "nitro/signed_p384.eif", TACIT_TEE_NONE);
	vector(dir, "nitro/cms_awssdk_primitive.ber", TACIT_TEE_NONE);
	vector(dir, "tdx/tdx-v4-sbx-root/quote.bin", TACIT_TEE_TDX);
	vector(dir, "tdx/sgx-v3-swhardening-tcbv2-2023-05/quote.bin", TACIT_TEE_SGX);
	vector(dir, "tdx/hostile-v4/version-65535.bin", TACIT_TEE_NONE);
	vector(dir, "tdx/hostile-v4/trunc-after-header.bin", TACIT_TEE_TDX);
	vector(dir, "snp/synthetic/ok-siena-a0.report.bin", TACIT_TEE_SNP);
	vector(dir, "snp/synthetic/ok-turin-v5-vlek.report.bin", TACIT_TEE_SNP);
	vector(dir, "snp/synthetic/turin_ask.der", TACIT_TEE_NONE);
	vector(dir, "nvidia/rim-malformed/success_valid_rim.xml", TACIT_TEE_NONE);
}

int main(void)
{
	test_names();
	test_stub();
	test_nothing();
	test_quotes();
	test_reports();
	test_documents();
	test_envelopes();
	test_vectors();
	return done();
}
