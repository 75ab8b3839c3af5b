/* SPDX-License-Identifier: Apache-2.0 */

/* SGX quotes of our own PKI, with and without collateral, and under policies. */

#include "tests/pki/dcap.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/unit/dcap_util.h"

#include "tee/sgx/sgx.h"

static bool is_genuine(enum tacit_status st, const char *name)
{
	return bench_is(st, TACIT_UNDECIDED, "policy.sgx.collateral", name);
}

static enum tacit_status verify(const struct dcap_quote_spec *spec)
{
	return bench_fresh(TACIT_TEE_SGX, dcap_quote(spec));
}

static void give_collateral(void)
{
	static struct tacit_slice pieces[DCAP_PIECES];
	static uint8_t room[1 << 17];
	struct dcap_collateral all = dcap_collateral(false);
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	bench_init();
	if (tacit_collateral_parse(pieces, dcap_pieces(&all, pieces), &arena, &bench.cx.collateral,
				   &bench.err) != TACIT_OK)
		ok(false, "collateral: %s", bench.err.detail);
}

static enum tacit_status judged(const struct dcap_quote_spec *spec, const char *section)
{
	give_collateral();
	return bench_policy(TACIT_TEE_SGX, dcap_quote(spec), "mrenclave", section);
}

static void test_forms(void)
{
	for (unsigned version = 3; version <= 5; version++) {
		struct dcap_quote_spec spec = dcap_quote_spec(version, TACIT_DCAP_BODY_SGX);

		is_genuine(verify(&spec), "a good quote");
		const struct tacit_claims *claims = tacit_verdict_genuine(&bench.verdict);
		if (!ok(claims && claims->sgx, "its claims"))
			continue;
		ok(claims->sgx->dcap.quote_version == version && claims->sgx->isv_prod_id == 1 &&
			   claims->sgx->isv_svn == 7 && !claims->debug,
		   "version, product and SVN");
		is_slice(claims->measurements[0].value, tacit_slice_of(spec.body + 64, 32),
			 claims->measurements[0].name);
		is_slice(claims->measurements[1].value, tacit_slice_of(spec.body + 128, 32),
			 claims->measurements[1].name);
		is_slice(claims->report_data, tacit_slice_of(spec.body + 320, 64), "report data");
		is_slice(claims->sgx->config_id, tacit_slice_of(spec.body + 192, 64), "config id");
	}
}

static void test_refused(void)
{
	struct dcap_quote_spec good = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX), spec = good;

	spec.quote_signer = pki_key(PKI_P256);
	bench_is(verify(&spec), TACIT_SIGNATURE, "sgx.quote.signature", "signed by another key");
	spec = good;
	spec.qe_signer = pki_key(PKI_P256);
	bench_is(verify(&spec), TACIT_SIGNATURE, "sgx.qe.signature", "QE report by another key");
	spec = good;
	spec.keep_qe_report_data = true;
	bench_is(verify(&spec), TACIT_BINDING, "sgx.qe.binding", "report data of something else");
	spec = good;
	spec.vendor_xor = 0x80;
	bench_is(verify(&spec), TACIT_FORMAT, "sgx.quote.vendor", "another vendor");
	spec = good;
	spec.cert_type = 6;
	bench_is(verify(&spec), TACIT_FORMAT, "sgx.quote.certification", "nested type 6");
	spec = good;
	spec.body[48] = 0x04;
	bench_is(verify(&spec), TACIT_POLICY, "sgx.body.attributes", "INIT is not set");
	spec.body[48] = 0x07;
	bench_is(verify(&spec), TACIT_POLICY, "policy.debug", "DEBUG");
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	bench_is(verify(&spec), TACIT_FORMAT, "sgx.quote.format", "a TD's quote");
	bench_init();
	bench.root = dcap_world()->platform_ca->der;
	bench_is(bench_run(TACIT_TEE_SGX, dcap_quote(&good)), TACIT_CHAIN, "sgx.pck.root",
		 "another root");
}

static void test_processor(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);
	const struct dcap_world *w = dcap_world();

	spec.pck = w->pck_processor;
	spec.chain = dcap_chain(w->pck_processor, w->processor_ca, w->root);
	is_genuine(verify(&spec), "under the Processor CA");
	const struct tacit_claims *claims = tacit_verdict_genuine(&bench.verdict);
	ok(claims && !claims->sgx->dcap.pck.platform_ca, "and it says so");
}

static void test_collateral(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);

	give_collateral();
	bench_is(bench_run(TACIT_TEE_SGX, dcap_quote(&spec)), TACIT_OK, NULL, "all of it");
	const struct tacit_claims *claims = tacit_verdict_claims(&bench.verdict);
	ok(claims && claims->tcb_status && strcmp(claims->tcb_status, "UpToDate") == 0,
	   "and up to date");
	ok(!tacit_verdict_find(&bench.verdict, "sgx.module.identity"), "no module, no such check");
	bench_is(judged(&spec, "{\"tcb_status\":[\"OutOfDate\"]}"), TACIT_POLICY,
		 "policy.sgx.tcb_status", "only another status accepted");
}

static void test_policy(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_SGX);
	char section[256], hex[129];

	bench_is(judged(&spec, "{}"), TACIT_OK, NULL, "the strict defaults");
	bench_is(judged(&spec, "{\"isv_prod_id\":1,\"min_isv_svn\":7}"), TACIT_OK, NULL,
		 "product and SVN");
	bench_is(judged(&spec, "{\"isv_prod_id\":2}"), TACIT_POLICY, "policy.sgx.isv_prod_id",
		 "another product");
	bench_is(judged(&spec, "{\"min_isv_svn\":8}"), TACIT_POLICY, "policy.sgx.isv_svn",
		 "a newer enclave");
	memset(spec.body + 192, 0xcf, 64);
	tacit_hex_encode(tacit_slice_of(spec.body + 192, 64), hex);
	snprintf(section, sizeof(section), "{\"config_id\":\"%s\"}", hex);
	bench_is(judged(&spec, section), TACIT_OK, NULL, "CONFIGID");
	spec.body[255] ^= 1;
	bench_is(judged(&spec, section), TACIT_POLICY, "policy.sgx.config_id", "another CONFIGID");
	bench_init();
	bench_is(bench_policy(TACIT_TEE_SGX, dcap_quote(&spec), "mrenclave",
			      "{\"collateral\":\"signature-only\"}"),
		 TACIT_OK, NULL, "signature-only");
}

int main(void)
{
	test_forms();
	test_refused();
	test_processor();
	test_collateral();
	test_policy();
	pki_done();
	return done();
}
