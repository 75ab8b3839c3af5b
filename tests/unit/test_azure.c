/* SPDX-License-Identifier: Apache-2.0 */

/* Azure evidence under our own roots: every check of the paravisor's report and the TPM's quote. */

#include "tests/pki/azure.h"
#include "tests/unit/azure_util.h"

static struct azure_bench b;
static struct azure_spec a;
static struct tacit_slice root, quotes[2];

/* The context for `a`, with everything beside the HCL report in place. */
static void bench(void)
{
	azure_start(&b, AZURE_NOW);
	if (a.tdx) {
		root = dcap_world()->root->der;
		quotes[0] = a.td_quote;
		b.collateral.quotes = quotes;
		b.collateral.quote_count = 1;
	} else {
		root = a.snp.ark->der;
		azure_cert(&b, a.snp.vek->der);
		azure_cert(&b, a.snp.ica->der);
		azure_cert(&b, a.snp.ark->der);
	}
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
}

static void bench_quote(void)
{
	b.collateral.tpm.message = a.message;
	b.collateral.tpm.signature = a.signature;
	azure_pcrs(&b, a.pcr_values);
}

static void start(bool tdx)
{
	azure_init(&a, tdx);
	azure_make(&a);
	bench();
	bench_quote();
}

static enum tacit_status judge(void)
{
	return azure_judge(&b, a.tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP, a.hcl);
}

static void refused(enum tacit_status want, const char *check, const char *what)
{
	is_status(judge(), want, what);
	azure_failed(&b, check);
	ok(!tacit_verdict_genuine(&b.verdict), "  and there are no claims");
}

/* ---- the paravisor's report ---------------------------------------------------------------- */

/* TDX here is without Intel's collateral: no more than signatures can be said. */
static bool accepted(void)
{
	enum tacit_status st = judge();

	return st == TACIT_OK || (a.tdx && st == TACIT_UNDECIDED);
}

static void test_good(bool tdx)
{
	start(tdx);
	if (!ok(accepted(), "%s evidence is accepted", tdx ? "TDX" : "SNP"))
		azure_diag(&b);
	azure_passed(&b, "azure.hcl.format");
	azure_passed(&b, "azure.hcl.bound");
	azure_passed(&b, "azure.hcl.data");
	azure_passed(&b, "azure.quote.format");
	azure_passed(&b, "azure.quote.pcrs");
	azure_passed(&b, "azure.quote.signature");
	const struct tacit_claims *claims = tacit_verdict_genuine(&b.verdict);
	if (!ok(claims != NULL, "it is genuine"))
		return;
	ok(claims->tee == (tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP), "its platform");
	is_slice(claims->nonce, a.nonce, "the nonce is the quote's");
	is_slice(claims->user_data, TACIT_SLICE_ARRAY(a.user_data), "the guest's user data");
	is_slice(azure_measurement(claims, "pcr7"), TACIT_SLICE_ARRAY(a.pcrs[7]), "PCR 7");
	ok(azure_measurement(claims, tdx ? "mrtd" : "measurement").len == 48,
	   "the hardware's measurement is there too");
	const struct tacit_azure_claims *az = claims->azure;
	ok(az->secure_boot && az->tpm_enabled && az->console_enabled && !az->tpm_persisted,
	   "the VM's configuration");
	is_slice(az->vm_id, tacit_slice_str("00000000-1111-2222-3333-444444444444"), "its id");
	ok(az->quoted && az->has_pcrs && az->pcr_mask == 0xffffff && az->clock_ms == 1234567 &&
		   az->reset_count == 3 && az->restart_count == 2 && az->clock_safe,
	   "what the quote says");
}

static void test_hashes(void)
{
	for (unsigned type = 1; type <= 3; type++) {
		azure_init(&a, false);
		a.hash_type = type;
		azure_make(&a);
		bench();
		is_status(judge(), TACIT_OK, "a hash of each type");
		a.hash_type = type % 3 + 1;
		((uint8_t *)(uintptr_t)a.hcl.ptr)[1228] = (uint8_t)a.hash_type;
		refused(TACIT_BINDING, "azure.hcl.bound", "a report that lies about its hash");
	}
}

/* Any change of the runtime data breaks the hash. */
static void test_data_flips(void)
{
	size_t passed = 0;

	start(false);
	uint8_t *hcl = (uint8_t *)(uintptr_t)a.hcl.ptr;
	size_t len = azure_json(&a).len;
	for (size_t bit = 0; bit < len * 8; bit++) {
		hcl[AZURE_JSON_AT + bit / 8] ^= (uint8_t)(1u << bit % 8);
		tacit_arena_wipe(&b.arena);
		if (judge() != TACIT_BINDING || strcmp(b.err.where, "azure.hcl.bound") != 0)
			passed++;
		hcl[AZURE_JSON_AT + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(passed == 0, "each of %zu bits of the runtime data is covered by the hash", len * 8);
}

static void data_case(const char *json, const char *what)
{
	azure_init(&a, false);
	a.json = json;
	azure_make(&a);
	bench();
	refused(TACIT_FORMAT, "azure.hcl.data", what);
}

#define KEY_HEAD "{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":"

static void test_data(void)
{
	char text[2048], other[4096];

	data_case("{}", "runtime data without keys");
	data_case("{\"keys\":[]}", "without one");
	data_case("{\"keys\":{}}", "with an object for a list");
	data_case("[]", "that are no object");
	data_case("{\"keys\":[", "that end too early");
	data_case("{\"keys\":[" KEY_HEAD "\"AQAB\",\"n\":\"AAAA\"}]}", "with a short key");
	azure_init(&a, false);
	struct tacit_slice json = azure_json(&a);
	snprintf(text, sizeof(text), "%.*s", (int)json.len, (const char *)json.ptr);
	char *e = strstr(text, "AQAB");
	memcpy(e, "AQAC", 4);
	data_case(text, "with another exponent");
	memcpy(e, "AQAB", 4);
	char *kid = strstr(text, "HCLAkPub");
	memcpy(kid, "HCLAkPuc", 8);
	data_case(text, "with keys of other names");
	memcpy(kid, "HCLAkPub", 8);
	const char *one = strstr(text, "{\"kid\"");
	int length = (int)(strchr(one, '}') + 1 - one);
	snprintf(other, sizeof(other), "{\"keys\":[%.*s,%.*s]}", length, one, length, one);
	data_case(other, "with two attestation keys");
	char *kty = strstr(text, "\"RSA\"");
	memcpy(kty, "\"RSB\"", 5);
	data_case(text, "with a key of another type");
	memcpy(kty, "\"RSA\"", 5);
	char *user = strstr(text, "\"user-data\":\"");
	user[13] = 'x';
	data_case(text, "with user data that are not hex");
	user[13] = '0';
	snprintf(other, sizeof(other), "%s,\"keys\":[]}", "{\"keys\":[]");
	data_case(other, "with a member twice");
	snprintf(other, sizeof(other), "%s ", text);
	azure_init(&a, false);
	a.json = other;
	azure_make(&a);
	bench();
	is_status(judge(), TACIT_OK, "white space is no fault");
}

/* The modulus of the attestation key, changed in the runtime data that the report stands for. */
static void modulus_case(size_t at, char value, size_t cut, const char *what)
{
	static char text[2048], other[2048];

	azure_init(&a, false);
	struct tacit_slice json = azure_json(&a);
	snprintf(text, sizeof(text), "%.*s", (int)json.len, (const char *)json.ptr);
	char *n = strstr(text, "\"n\":\"") + 5, *end = strchr(n, '"');
	n[at] = value;
	snprintf(other, sizeof(other), "%.*s%s", (int)(end - text - (ptrdiff_t)cut), text, end);
	data_case(other, what);
}

static void test_modulus(void)
{
	modulus_case(0, 'A', 0, "with a modulus whose first bit is zero");
	modulus_case(341, 'A', 0, "with an even modulus");
	modulus_case(5, '!', 0, "with a modulus that is not base64");
	modulus_case(339, 'B', 2, "with a modulus of 255 bytes");
}

/* A key pair of the attacker's in runtime data of his own. */
static void test_swapped_key(void)
{
	start(false);
	struct azure_spec mine = a;
	mine.ak = pki_key(PKI_RSA2048);
	azure_make(&mine);
	uint8_t *hcl = (uint8_t *)(uintptr_t)a.hcl.ptr;
	struct tacit_slice json = azure_json(&mine);
	memcpy(hcl + AZURE_JSON_AT, json.ptr, json.len);
	b.collateral.tpm.message = mine.message;
	b.collateral.tpm.signature = mine.signature;
	refused(TACIT_BINDING, "azure.hcl.bound", "runtime data with another key");
}

static void test_truncations(void)
{
	size_t accepted_cuts = 0, formats = 0;

	start(false);
	struct tacit_slice whole = a.hcl;
	size_t end = AZURE_JSON_AT + azure_json(&a).len;
	for (size_t n = 0; n < whole.len; n++) {
		tacit_arena_wipe(&b.arena);
		a.hcl.len = n;
		enum tacit_status st = judge();
		formats += n < end && st == TACIT_FORMAT;
		accepted_cuts += n < end && st == TACIT_OK;
	}
	ok(accepted_cuts == 0 && formats == end, "every truncation is malformed, all %zu", end);
	a.hcl = tacit_slice_of(whole.ptr, end);
	is_status(judge(), TACIT_OK, "without the padding it is whole");
	a.hcl = whole;
}

/* ---- the TPM's quote ----------------------------------------------------------------------- */

static void test_no_quote(void)
{
	start(false);
	memset(&b.collateral.tpm, 0, sizeof(b.collateral.tpm));
	is_status(judge(), TACIT_OK, "without a quote of the TPM");
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "azure.quote.signature");
	ok(check && check->result == TACIT_CHECK_SKIP && check->why, "  the rows say so");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims && !claims->azure->quoted && !claims->nonce.ptr &&
		   !azure_measurement(claims, "pcr0").ptr,
	   "  there is neither nonce nor PCR");
	b.cx.expect.nonce = a.nonce;
	is_status(judge(), TACIT_BINDING, "  a nonce that is asked for is missing");
	azure_failed(&b, "evidence.nonce");
}

static void test_quote_parts(void)
{
	start(false);
	memset(&b.collateral.tpm.message, 0, sizeof(b.collateral.tpm.message));
	refused(TACIT_FORMAT, "azure.quote.format", "a signature without its message");
	start(false);
	memset(&b.collateral.tpm.signature, 0, sizeof(b.collateral.tpm.signature));
	refused(TACIT_FORMAT, "azure.quote.format", "a message without its signature");
	start(false);
	b.collateral.tpm.pcr_count = 0;
	is_status(judge(), TACIT_OK, "a quote without PCR values");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims && claims->azure->quoted && !claims->azure->has_pcrs &&
		   !azure_measurement(claims, "pcr0").ptr,
	   "  says their digest alone");
	start(false);
	b.collateral.tpm.pcr_count = 23;
	refused(TACIT_FORMAT, "azure.quote.pcrs", "23 values for 24 PCRs");
	start(false);
	a.pcrs[3][0] ^= 1;
	b.collateral.tpm.pcrs[3] = TACIT_SLICE_ARRAY(a.pcrs[3]);
	refused(TACIT_BINDING, "azure.quote.pcrs", "a PCR that differs");
	start(false);
	struct tacit_slice zero = b.collateral.tpm.pcrs[0];
	b.collateral.tpm.pcrs[0] = b.collateral.tpm.pcrs[1];
	b.collateral.tpm.pcrs[1] = zero;
	refused(TACIT_BINDING, "azure.quote.pcrs", "two PCRs swapped");
}

/* The TD's evidence is refused for its parts as SNP's is. */
static void test_td_parts(void)
{
	start(true);
	((uint8_t *)(uintptr_t)a.signature.ptr)[40] ^= 1;
	refused(TACIT_SIGNATURE, "azure.quote.signature", "a TD with a quote that nobody signed");
	start(true);
	((uint8_t *)(uintptr_t)a.td_quote.ptr)[48 + 584 + 4 + 10] ^= 1;
	refused(TACIT_SIGNATURE, "tdx.quote.signature", "a TD whose own quote nobody signed");
	start(true);
	quotes[0].len = 100;
	refused(TACIT_BINDING, "azure.tdx.report", "a quote of 100 bytes");
}

static void test_quote_key(void)
{
	azure_init(&a, false);
	a.quote_signer = pki_key(PKI_RSA2048);
	azure_make(&a);
	bench();
	bench_quote();
	refused(TACIT_SIGNATURE, "azure.quote.signature", "the quote of another key");
	start(false);
	b.cx.expect.nonce = tacit_slice_str("challengf");
	is_status(judge(), TACIT_BINDING, "another nonce than the one asked for");
	azure_failed(&b, "evidence.nonce");
	b.cx.expect.nonce = tacit_slice_str("challenge");
	tacit_arena_wipe(&b.arena);
	is_status(judge(), TACIT_OK, "the one asked for");
	start(false);
	a.nonce = tacit_slice_str("replayed!");
	b.collateral.tpm.message = azure_quote(&a);
	refused(TACIT_SIGNATURE, "azure.quote.signature", "a quote whose nonce was changed");
}

static void test_quote_flips(void)
{
	size_t kept = 0;

	start(false);
	uint8_t *message = (uint8_t *)(uintptr_t)a.message.ptr;
	uint8_t *signature = (uint8_t *)(uintptr_t)a.signature.ptr;
	for (size_t bit = 0; bit < (a.message.len + a.signature.len) * 8; bit++) {
		size_t at = bit / 8;
		uint8_t *byte = at < a.message.len ? &message[at] : &signature[at - a.message.len];
		*byte ^= (uint8_t)(1u << bit % 8);
		tacit_arena_wipe(&b.arena);
		kept += judge() == TACIT_OK;
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	ok(kept == 0, "each bit of the quote and of its signature counts");
}

/* A mask of few PCRs, with their values alone or with all. */
static void test_partial(void)
{
	azure_init(&a, false);
	a.pcr_mask = 1u << 4 | 1u << 7;
	azure_make(&a);
	bench();
	bench_quote();
	is_status(judge(), TACIT_OK, "a quote over two PCRs with all 24 values");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims && azure_measurement(claims, "pcr7").ptr &&
		   !azure_measurement(claims, "pcr8").ptr,
	   "  vouches for those two alone");
	bench();
	bench_quote();
	b.collateral.tpm.pcrs[0] = b.collateral.tpm.pcrs[4];
	b.collateral.tpm.pcrs[1] = b.collateral.tpm.pcrs[7];
	b.collateral.tpm.pcr_count = 2;
	is_status(judge(), TACIT_OK, "  or with those two values");
	claims = tacit_verdict_claims(&b.verdict);
	ok(claims &&
		   tacit_slice_eq(azure_measurement(claims, "pcr7"), TACIT_SLICE_ARRAY(a.pcrs[7])),
	   "  each under its own number");
}

/* ---- policy -------------------------------------------------------------------------------- */

static void policy_case(const char *member, enum tacit_status want, const char *what)
{
	static uint8_t room[65536];
	struct tacit_arena arena;
	char text[1024];

	tacit_arena_init(&arena, room, sizeof(room));
	snprintf(text, sizeof(text),
		 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"azure-snp\","
		 "\"measurements\":{%s}}]}",
		 member);
	b.cx.insecure_no_policy = false;
	is_status(tacit_policy_parse(tacit_slice_str(text), &arena, &b.cx.policy, &b.err), TACIT_OK,
		  "a policy is read");
	azure_diag(&b);
	b.cx.expect.nonce = a.nonce;
	is_status(judge(), want, what);
	if (want == TACIT_OK)
		azure_diag(&b);
}

static void test_policy(void)
{
	char members[512], pcr[65], digest[97];

	start(false);
	tacit_hex_encode(TACIT_SLICE_ARRAY(a.pcrs[4]), pcr);
	tacit_hex_encode(tacit_slice_of(a.snp.report + 0x90, 48), digest);
	snprintf(members, sizeof(members), "\"measurement\":\"%s\",\"pcr4\":\"%s\"", digest, pcr);
	policy_case(members, TACIT_OK, "a policy that names PCR 4");
	start(false);
	memset(&b.collateral.tpm, 0, sizeof(b.collateral.tpm));
	policy_case(members, TACIT_BINDING, "needs a quote of the TPM");
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "policy.measurements");
	ok(check && check->result == TACIT_CHECK_FAIL, "  for its measurements too");
	start(false);
	members[strlen(members) - 2] ^= 1;
	policy_case(members, TACIT_POLICY, "and the right value");
	azure_failed(&b, "policy.measurements");
}

/* ---- TDX ----------------------------------------------------------------------------------- */

static void test_td(void)
{
	start(true);
	b.collateral.quote_count = 0;
	refused(TACIT_UNDECIDED, "azure.tdx.quote", "a TDREPORT without a quote");
	start(true);
	struct azure_spec other = a;
	other.td.body[136] ^= 1; /* MRTD */
	azure_make(&other);
	quotes[0] = other.td_quote;
	refused(TACIT_BINDING, "azure.tdx.report", "the quote of another TD");
	start(true);
	quotes[1] = quotes[0];
	quotes[0] = other.td_quote;
	b.collateral.quote_count = 2;
	if (!ok(accepted(), "the one that fits is taken of two"))
		azure_diag(&b);
	start(true);
	other = a;
	other.user_data[0] ^= 1;
	azure_make(&other);
	quotes[0] = other.td_quote;
	refused(TACIT_BINDING, "azure.tdx.report", "a quote of another moment");
	start(true);
	((uint8_t *)(uintptr_t)a.hcl.ptr)[32 + 1024] = 1;
	refused(TACIT_FORMAT, "azure.hcl.format", "bytes behind the TDREPORT");
	start(true);
	((uint8_t *)(uintptr_t)a.hcl.ptr)[32 + 512] ^= 1;
	refused(TACIT_BINDING, "azure.tdx.report", "a TDREPORT that was changed");
}

/* Each kind judged as the other. */
static void test_kinds(void)
{
	start(true);
	is_status(azure_judge(&b, TACIT_TEE_AZURE_SNP, a.hcl), TACIT_FORMAT,
		  "a TD's report judged as SNP");
	start(false);
	is_status(azure_judge(&b, TACIT_TEE_AZURE_TDX, a.hcl), TACIT_FORMAT,
		  "an SNP report judged as a TD's");
	start(false);
	((uint8_t *)(uintptr_t)a.hcl.ptr)[32 + 0x90] ^= 1;
	is_status(judge(), TACIT_SIGNATURE, "a launch digest that was changed");
	azure_failed(&b, "snp.report.signature");
	start(false);
	b.cx.insecure_test_root_count = 0;
	is_status(judge(), TACIT_CHAIN, "a root that nobody pinned");
}

int main(void)
{
	test_good(false);
	test_good(true);
	test_hashes();
	test_data();
	test_modulus();
	test_data_flips();
	test_swapped_key();
	test_truncations();
	test_no_quote();
	test_quote_parts();
	test_td_parts();
	test_quote_key();
	test_quote_flips();
	test_partial();
	test_policy();
	test_td();
	test_kinds();
	pki_done();
	return done();
}
