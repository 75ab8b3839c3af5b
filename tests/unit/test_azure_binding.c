/* SPDX-License-Identifier: Apache-2.0 */

/* What stands for a binding on Azure: the quote of the virtual TPM, and nothing else. */

#include "base/writer.h"
#include "crypto/hash.h"
#include "tee/binding.h"
#include "tests/pki/azure.h"
#include "tests/unit/azure_util.h"

static struct azure_bench b;
static struct azure_spec a;
static struct tacit_slice root, quotes[2];
static struct tacit_binding binding;
static uint8_t hpke[TACIT_HPKE_CONFIG_LEN], room[1024], extra[32];
static struct tacit_slice encoded;

static void make_binding(void)
{
	uint8_t x25519[32];

	memset(x25519, 0x11, sizeof(x25519));
	memset(&binding, 0, sizeof(binding));
	tacit_binding_hpke_write(1, x25519, hpke);
	binding.hpke_config = TACIT_SLICE_ARRAY(hpke);
	binding.model_id = tacit_slice_str("demo");
	memset(binding.nonce, 0x33, 32);
	memset(binding.tls_spki, 0x55, 32);
	memset(binding.receipt_key, 0x22, 32);
	if (tacit_binding_encode(&binding, tacit_mut_of(room, sizeof(room)), &encoded, NULL) !=
	    TACIT_OK)
		ok(false, "the binding of the test encodes");
}

static const char *name(void)
{
	return tacit_tee_name(a.tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP);
}

/* The context for `a`, as a client has it that asked with the binding's nonce. */
static void bench(void)
{
	azure_make(&a);
	azure_start(&b, AZURE_NOW);
	root = a.tdx ? dcap_world()->root->der : a.snp.ark->der;
	if (a.tdx) {
		quotes[0] = a.td_quote;
		b.collateral.quotes = quotes;
		b.collateral.quote_count = 1;
	} else {
		azure_cert(&b, a.snp.vek->der);
		azure_cert(&b, a.snp.ica->der);
		azure_cert(&b, a.snp.ark->der);
	}
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
	b.collateral.tpm.message = a.message;
	b.collateral.tpm.signature = a.signature;
	azure_pcrs(&b, a.pcr_values);
	b.cx.expect.binding = encoded;
	b.cx.expect.require_binding = true;
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(binding.nonce);
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(binding.tls_spki);
}

/* Evidence whose quote carries the hash of the binding. */
static void start(bool tdx)
{
	make_binding();
	azure_init(&a, tdx);
	if (tacit_binding_quote_data(name(), encoded, extra, NULL) != TACIT_OK)
		ok(false, "the hash of the binding");
	a.nonce = TACIT_SLICE_ARRAY(extra);
	bench();
}

static enum tacit_status judge(void)
{
	return azure_judge(&b, a.tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP, a.hcl);
}

static void refused(const char *check, const char *what)
{
	enum tacit_status st = judge();

	ok(st != TACIT_OK && st != TACIT_UNDECIDED, "%s", what);
	azure_failed(&b, check);
	ok(!tacit_verdict_claims(&b.verdict), "  and there are no claims");
}

static bool skipped(const char *check)
{
	const struct tacit_check *found = tacit_verdict_find(&b.verdict, check);

	return found && found->result == TACIT_CHECK_SKIP;
}

static void test_good(bool tdx)
{
	start(tdx);
	enum tacit_status st = judge();
	if (!ok(st == TACIT_OK || (tdx && st == TACIT_UNDECIDED), "%s: the quote stands for it",
		name()))
		azure_diag(&b);
	azure_passed(&b, "binding.report_data");
	azure_passed(&b, "binding.nonce");
	azure_passed(&b, "binding.tls_key");
	ok(skipped("evidence.nonce"), "the nonce is the binding's");
	const struct tacit_claims *claims = tacit_verdict_genuine(&b.verdict);
	ok(claims && claims->has_binding && !claims->nonce.ptr, "extraData are no nonce then");
	is_slice(claims->azure->quote_nonce, TACIT_SLICE_ARRAY(extra), "but are shown");
}

/* The formula of the document, by another hand. */
static void test_formula(void)
{
	uint8_t preimage[256], inner[64], want[32];
	struct writer w = wr_of(tacit_mut_of(preimage, sizeof(preimage)));
	struct tacit_slice all;
	uint8_t x25519[32];

	start(false);
	memset(x25519, 0x11, sizeof(x25519));
	wr_be32(&w, 25);
	wr_text(&w, "cyntrisec-tdx-envelope-v2");
	wr_be32(&w, 9);
	wr_text(&w, "azure-snp");
	wr_be32(&w, 1);
	wr_be32(&w, 32);
	wr_bytes(&w, TACIT_SLICE_ARRAY(x25519));
	wr_be32(&w, 32);
	wr_bytes(&w, TACIT_SLICE_ARRAY(binding.receipt_key));
	wr_be32(&w, 32);
	wr_bytes(&w, TACIT_SLICE_ARRAY(binding.nonce));
	wr_u8(&w, 1);
	(void)!tacit_hash(TACIT_SHA256, encoded, want, NULL);
	wr_bytes(&w, TACIT_SLICE_ARRAY(want));
	is_status(wr_finish(&w, "test", &all, NULL), TACIT_OK, "the preimage");
	(void)!tacit_hash(TACIT_SHA512, all, inner, NULL);
	(void)!tacit_hash(TACIT_SHA256, TACIT_SLICE_ARRAY(inner), want, NULL);
	is_slice(TACIT_SLICE_ARRAY(extra), TACIT_SLICE_ARRAY(want), "is what the quote carries");
}

static void test_other_binding(void)
{
	static uint8_t copy[1024];

	start(false);
	for (size_t i = 0; i < encoded.len; i += 7) {
		memcpy(copy, encoded.ptr, encoded.len);
		copy[i] ^= 1;
		b.cx.expect.binding = tacit_slice_of(copy, encoded.len);
		tacit_arena_wipe(&b.arena);
		if (judge() == TACIT_OK)
			ok(false, "byte %zu of the binding is not covered", i);
	}
	start(false);
	binding.receipt_key[0] ^= 1;
	(void)!tacit_binding_encode(&binding, tacit_mut_of(room, sizeof(room)), &encoded, NULL);
	b.cx.expect.binding = encoded;
	refused("binding.report_data", "a binding with another receipt key");
	start(false);
	b.cx.expect.binding = tacit_slice_of(encoded.ptr, encoded.len - 1);
	refused("binding.report_data", "a binding that is cut short");
	start(false);
	b.cx.expect.binding = tacit_slice_of(NULL, 0);
	refused("binding.purpose", "no binding beside the evidence");
}

static void test_nonces(void)
{
	static uint8_t other[32];

	start(false);
	memset(other, 0x44, sizeof(other));
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(other);
	refused("binding.nonce", "a binding for another nonce");
	start(false);
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(other);
	refused("binding.tls_key", "a binding for another connection");
	/* The nonce itself in the quote, as for verifiers that know no bindings. */
	start(false);
	a.nonce = TACIT_SLICE_ARRAY(binding.nonce);
	bench();
	refused("binding.report_data", "a quote over the bare nonce stands for no binding");
	start(false);
	a.nonce = tacit_slice_of(extra, sizeof(extra) - 1);
	bench();
	refused("binding.report_data", "a hash that is cut short");
	start(false);
	a.nonce = tacit_slice_of(NULL, 0);
	bench();
	refused("binding.report_data", "a quote that carries nothing");
	start(true);
	(void)!tacit_binding_quote_data("azure-snp", encoded, extra, NULL);
	bench();
	refused("binding.report_data", "a hash that was made for the other platform");
}

/* The paravisor's user data are anybody's in the guest: they never stand for a binding. */
static void test_user_data(void)
{
	start(false);
	memcpy(a.user_data, extra, sizeof(extra));
	a.nonce = tacit_slice_str("challenge");
	bench();
	refused("binding.report_data", "the hash in the user data alone");
	(void)!tacit_binding_report_data("snp", encoded, a.user_data, NULL);
	bench();
	refused("binding.report_data", "REPORTDATA of a bare guest in the user data");
}

static void test_quotes(void)
{
	start(false);
	memset(&b.collateral.tpm, 0, sizeof(b.collateral.tpm));
	refused("binding.report_data", "no quote at all");
	start(false);
	a.quote_signer = pki_key(PKI_RSA2048);
	bench();
	refused("azure.quote.signature", "a quote by another key");
	start(false);
	((uint8_t *)(uintptr_t)a.pcr_values.ptr)[32 * 8] ^= 1;
	refused("azure.quote.pcrs", "PCRs that were changed");
	start(false);
	a.signature = azure_sign(a.ak, tacit_slice_str("something else"));
	b.collateral.tpm.signature = a.signature;
	refused("azure.quote.signature", "a signature over something else");
}

static void test_function(void)
{
	struct tacit_slice none = { NULL, 0 };
	uint8_t snp[32], tdx[32], before[32];

	start(false);
	is_status(tacit_binding_quote_data("azure-snp", encoded, snp, NULL), TACIT_OK, "one");
	is_status(tacit_binding_quote_data("azure-tdx", encoded, tdx, NULL), TACIT_OK, "another");
	ok(memcmp(snp, tdx, 32) != 0, "platforms differ");
	memcpy(before, snp, 32);
	ok(tacit_binding_quote_data("azure-snp", none, snp, NULL) != TACIT_OK, "no binding");
	ok(tacit_binding_quote_data("azure-snp", tacit_slice_str("hello"), snp, NULL) != TACIT_OK,
	   "something else");
	is_slice(TACIT_SLICE_ARRAY(snp), TACIT_SLICE_ARRAY(before), "nothing was written");
}

int main(void)
{
	test_good(false);
	test_good(true);
	test_formula();
	test_other_binding();
	test_nonces();
	test_user_data();
	test_quotes();
	test_function();
	pki_done();
	return done();
}
