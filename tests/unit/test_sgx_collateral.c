/* SPDX-License-Identifier: Apache-2.0 */

/* Each way in which an enclave's chain, collateral or platform is wrong, by the check it has. */

#include "tests/pki/dcap.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/unit/dcap_util.h"

#define DAY 86400

static struct dcap_quote_spec spec;
static struct dcap_collateral all;

static void start(void)
{
	spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);
	all = dcap_collateral(false);
	bench_init();
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* The chain of a PCK that is usual but for `leaf`, below the Platform CA. */
static void set_pck(const struct pki_spec *leaf, unsigned leave_out)
{
	const struct dcap_world *w = dcap_world();
	struct dcap_platform platform = dcap_platform();

	platform.leave_out = leave_out;
	start();
	spec.pck = dcap_pck(w->platform_ca, &platform, leaf);
	spec.chain = dcap_chain(spec.pck, w->platform_ca, w->root);
}

static void chain_is(enum tacit_status want, const char *check, const char *name)
{
	bench_is(bench_run(TACIT_TEE_SGX, dcap_quote(&spec)), want, check, name);
}

static void test_chain(void)
{
	const struct dcap_world *w = dcap_world();
	struct pki_spec leaf = { .subject = NULL };

	set_pck(&leaf, 0);
	chain_is(TACIT_UNDECIDED, "policy.sgx.collateral", "a PCK of ours");
	spec.chain = dcap_chain(spec.pck, w->processor_ca, w->root);
	bench_init();
	chain_is(TACIT_CHAIN, "sgx.pck.certificates", "the other CA of the root");
	leaf.subject = "CN=Intel SGX TCB Signing";
	set_pck(&leaf, 0);
	chain_is(TACIT_CHAIN, "sgx.pck.names", "a leaf of another name");
	leaf.subject = NULL;
	set_pck(&leaf, 1u << 4);
	chain_is(TACIT_FORMAT, "sgx.pck.extension", "an extension without its FMSPC");
	leaf.ca = true;
	set_pck(&leaf, 0);
	chain_is(TACIT_CHAIN, "sgx.pck.chain", "a leaf that is a CA");
	leaf.ca = false;
	leaf.not_before = DCAP_NOW - 10 * DAY;
	leaf.not_after = DCAP_NOW - 1;
	set_pck(&leaf, 0);
	chain_is(TACIT_EXPIRED, "sgx.pck.validity", "a leaf that ended a second ago");
	leaf.not_after = leaf.not_before = 0;
	leaf.signer = pki_key(PKI_P256);
	set_pck(&leaf, 0);
	chain_is(TACIT_SIGNATURE, "sgx.pck.signatures", "a leaf that its CA did not sign");
}

/* ---- the collateral ------------------------------------------------------------------------ */

static bool give(void)
{
	static struct tacit_slice pieces[DCAP_PIECES];
	static uint8_t room[1 << 17];
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_collateral_parse(pieces, dcap_pieces(&all, pieces), &arena,
				      &bench.cx.collateral, &bench.err) == TACIT_OK;
}

static void collateral_is(enum tacit_status want, const char *check, const char *name)
{
	bench_init();
	if (give())
		bench_is(bench_run(TACIT_TEE_SGX, dcap_quote(&spec)), want, check, name);
	else
		ok(false, "%s: %s", name, bench.err.detail);
	start();
}

static struct tacit_slice tcb_info(const char *from, const char *to)
{
	return dcap_document("tcbInfo", dcap_edit(dcap_tcb_info_body(false), from, to), NULL);
}

static struct tacit_slice stale(const char *name, struct tacit_slice body)
{
	return dcap_document(name, dcap_period(body, DCAP_ISSUED, DCAP_NOW - 1), NULL);
}

static void test_lists(void)
{
	const struct dcap_world *w = dcap_world();
	EVP_PKEY *evil = pki_key(PKI_P256);
	struct pki_crl_spec crl = { .issuer = w->root,
				    .this_update = DCAP_ISSUED,
				    .next_update = DCAP_EXPIRES,
				    .number = 7,
				    .signer = evil };

	start();
	collateral_is(TACIT_OK, NULL, "everything that is needed");
	all.root_crl.ptr = NULL;
	collateral_is(TACIT_UNDECIDED, "sgx.crl.root", "no list of the root");
	all.root_crl = pki_crl(&crl);
	collateral_is(TACIT_SIGNATURE, "sgx.crl.root", "a list that the root did not sign");
	crl.issuer = w->platform_ca;
	all.pck_crl = pki_crl(&crl);
	collateral_is(TACIT_SIGNATURE, "sgx.crl.pck", "a list that the CA did not sign");
	all.pck_crl = dcap_crl(w->platform_ca, NULL, DCAP_ISSUED, DCAP_NOW - 1);
	collateral_is(TACIT_UNDECIDED, "sgx.crl.validity", "a list that is stale");
}

static void test_documents(void)
{
	EVP_PKEY *evil = pki_key(PKI_P256);
	struct tacit_slice qe = dcap_qe_identity_body(false);

	start();
	all.tcb_info = dcap_document("tcbInfo", dcap_tcb_info_body(false), evil);
	collateral_is(TACIT_SIGNATURE, "sgx.tcb_info.signature", "TCB info of nobody");
	all.tcb_info = stale("tcbInfo", dcap_tcb_info_body(false));
	collateral_is(TACIT_UNDECIDED, "sgx.tcb_info.validity", "TCB info that is stale");
	all.tcb_info = tcb_info(DCAP_FMSPC, "60806f000000");
	collateral_is(TACIT_UNDECIDED, "sgx.tcb_info.platform", "TCB info of another FMSPC");
	all.qe_identity = dcap_document("enclaveIdentity", qe, evil);
	collateral_is(TACIT_SIGNATURE, "sgx.qe_identity.signature", "a QE identity of nobody");
	all.qe_identity = stale("enclaveIdentity", qe);
	collateral_is(TACIT_UNDECIDED, "sgx.qe_identity.validity", "a QE identity that is stale");
	all.qe_identity = dcap_document(
		"enclaveIdentity", dcap_edit(qe, "\"isvprodid\":1", "\"isvprodid\":2"), NULL);
	collateral_is(TACIT_CHAIN, "sgx.qe_identity.match", "another quoting enclave");
}

static void test_levels(void)
{
	start();
	all.tcb_info = dcap_document(
		"tcbInfo",
		dcap_edit(dcap_edit(dcap_tcb_info_body(false), "\"pcesvn\":13", "\"pcesvn\":9999"),
			  "\"pcesvn\":13", "\"pcesvn\":9999"),
		NULL);
	collateral_is(TACIT_POLICY, "sgx.tcb.level", "below every level");
	all.tcb_info = tcb_info("UpToDate", "Revoked");
	collateral_is(TACIT_REVOKED, "sgx.tcb.status", "a level that is revoked");
}

/* ---- the policy ---------------------------------------------------------------------------- */

static void policy_is(enum tacit_status want, const char *check, const char *section,
		      const char *name)
{
	bench_init();
	if (give())
		bench_is(bench_policy(TACIT_TEE_SGX, dcap_quote(&spec), "mrenclave", section), want,
			 check, name);
	else
		ok(false, "%s: %s", name, bench.err.detail);
}

static void test_policy(void)
{
	start();
	policy_is(TACIT_OK, NULL, "{\"fmspc\":[\"" DCAP_FMSPC "\"]}", "our FMSPC");
	policy_is(TACIT_POLICY, "policy.sgx.fmspc", "{\"fmspc\":[\"60806f000000\"]}",
		  "another FMSPC");
	policy_is(TACIT_OK, NULL, "{\"min_tcb_evaluation_data_number\":20}", "that very number");
	policy_is(TACIT_POLICY, "policy.sgx.tcb_evaluation_data_number",
		  "{\"min_tcb_evaluation_data_number\":21}", "an older number than demanded");
	all.tcb_info = tcb_info("\"tcbStatus\":\"UpToDate\"",
				"\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"INTEL-SA-00001\"]");
	policy_is(TACIT_OK, NULL, "{\"allow_advisories\":[\"INTEL-SA-00001\"]}",
		  "an advisory that is allowed");
	policy_is(TACIT_POLICY, "policy.sgx.advisories",
		  "{\"allow_advisories\":[\"INTEL-SA-00002\"]}", "one that is not");
}

int main(void)
{
	test_chain();
	test_lists();
	test_documents();
	test_levels();
	test_policy();
	pki_done();
	return done();
}
