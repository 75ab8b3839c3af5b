/* SPDX-License-Identifier: Apache-2.0 */

/* Real and synthetic reports of the shared folder, each with its stated outcome. */

#include "tests/unit/vectors.h"

#include "base/hex.h"
#include "base/time.h"
#include "tacit/verify.h"
#include "tee/snp/snp.h"
#include "trust/collateral.h"

#define PIECES 6

struct set {
	const char *dir;
	struct tacit_slice piece[PIECES];
	size_t pieces;
	struct tacit_slice root;
	uint8_t room[1 << 17];
	struct tacit_arena arena;
	struct tacit_context cx;
	struct tacit_verdict verdict;
	struct tacit_error err;
};

static struct tacit_slice load(const struct set *s, const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/snp/%s/%s", s->dir, folder, name);
	return vector_file(path);
}

static void add(struct set *s, const char *folder, const char *name)
{
	struct tacit_slice file = load(s, folder, name);

	if (!file.ptr || s->pieces == PIECES)
		ok(false, "%s is read", name);
	else
		s->piece[s->pieces++] = file;
}

static void set_init(struct set *s, const char *dir, int64_t now)
{
	memset(s, 0, sizeof(*s));
	s->dir = dir;
	tacit_arena_init(&s->arena, s->room, sizeof(s->room));
	s->cx.arena = &s->arena;
	s->cx.now = now;
}

static void set_done(struct set *s)
{
	for (size_t i = 0; i < s->pieces; i++)
		vector_done(s->piece[i]);
}

/* Judges a report with the pieces as collateral: certificates, or else a revocation list. */
static enum tacit_status judge(struct set *s, struct tacit_slice report)
{
	struct tacit_evidence ev = { .tee = TACIT_TEE_SNP, .raw = report };
	static struct tacit_cert certs[PIECES];
	static struct tacit_crl crls[PIECES];
	static struct tacit_collateral collateral;

	memset(&collateral, 0, sizeof(collateral));
	collateral.certs = certs;
	collateral.crls = crls;
	for (size_t i = 0; i < s->pieces; i++) {
		if (tacit_cert_parse(s->piece[i], "piece", &certs[collateral.cert_count], NULL) ==
		    TACIT_OK)
			collateral.cert_count++;
		else if (tacit_crl_parse(s->piece[i], "piece", &crls[collateral.crl_count],
					 &s->err) == TACIT_OK)
			collateral.crl_count++;
		else
			ok(false, "piece %zu: %s", i, s->err.detail);
	}
	s->cx.collateral = &collateral;
	s->cx.insecure_test_roots = s->root.ptr ? &s->root : NULL;
	s->cx.insecure_test_root_count = s->root.ptr ? 1 : 0;
	return tacit_verify(&ev, &s->cx, &s->verdict, &s->err);
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static int64_t time_of(const char *value)
{
	int64_t seconds = 0;

	(void)tacit_time_parse(tacit_slice_str(value), &seconds);
	return seconds;
}

/* ---- synthetic cases ----------------------------------------------------------------------- */

/* The check that stands for each stated reason. */
static const struct {
	const char *expect;
	const char *check;
} REASONS[] = {
	{ "reject:untrusted-root", "snp.ca.root" },
	{ "reject:chip-masked", "policy.snp.chip_mask" },
	{ "reject:not-signed", "snp.report.signer" },
	{ "reject:signer-kind", "snp.vek.kind" },
	{ "reject:tcb-mismatch", "snp.vek.tcb" },
	{ "reject:hwid-mismatch", "snp.vek.chip" },
	{ "reject:hwid-missing", "snp.vek.chip" },
	{ "reject:policy-debug", "policy.debug" },
	{ "reject:policy-vmpl", "policy.snp.vmpl" },
	{ "reject:policy-tcb", "policy.snp.tcb" },
	{ "reject:validity", "snp.chain.validity" },
	{ "reject:report-version", "snp.report.version" },
	{ "reject:product", "snp.product" },
	{ "reject:product-ca", "snp.vek.product" },
	{ "reject:sig-encoding", "snp.report.signature_form" },
	{ "reject", "snp.report.signature_form" },
	{ "reject:sig-range", "snp.report.signature_form" },
	{ "reject:signature", "snp.report.signature" },
	{ "reject:reserved", "snp.report.reserved" },
	{ "reject:sig-algo", "snp.report.algorithm" },
	{ "reject:revoked", "snp.chain.revocation" },
	{ "reject:crl-stale", "snp.chain.revocation" },
	{ "reject:crl-signature", "snp.chain.revocation" },
};

static const char *check_for(const char *expect)
{
	for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]); i++)
		if (strcmp(REASONS[i].expect, expect) == 0)
			return REASONS[i].check;
	return NULL;
}

/* A policy for exactly this report, with what the case asks for on top. */
static const struct tacit_policy *policy_for(struct set *s, struct tacit_slice report,
					     const json_t *one)
{
	const json_t *least = json_object_get(json_object_get(one, "policy"), "min_tcb");
	bool masked = json_is_true(json_object_get(one, "allow_masked_chip"));
	const struct tacit_policy *policy = NULL;
	char json[1024], hex[97], section[128] = "";

	tacit_hex_encode(tacit_slice_of(report.ptr + 0x90, 48), hex);
	if (least)
		snprintf(section, sizeof(section), ",\"snp\":{\"min_tcb\":{\"microcode\":%d}}",
			 (int)json_number_value(json_object_get(least, "ucode")));
	else if (masked)
		snprintf(section, sizeof(section), ",\"snp\":{\"allow_masked_chip_id\":true}");
	snprintf(json, sizeof(json),
		 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"snp\","
		 "\"measurements\":{\"measurement\":\"%s\"}%s}]}",
		 hex, section);
	struct tacit_error err = { 0 };
	if (tacit_policy_parse(tacit_slice_str(json), &s->arena, &policy, &err) != TACIT_OK)
		ok(false, "a policy for the case: %s", err.detail);
	return policy;
}

static void test_synthetic_case(const char *dir, const json_t *one)
{
	static struct set s;
	const char *id = text(one, "id"), *expect = text(one, "expect");
	const json_t *wanted = json_object_get(one, "policy");

	set_init(&s, dir, time_of(text(one, "verify_at")));
	struct tacit_slice report = load(&s, "synthetic", text(one, "report"));
	add(&s, "synthetic", text(one, "vek"));
	add(&s, "synthetic", text(one, "ica"));
	add(&s, "synthetic", text(one, "ark"));
	if (*text(one, "crl"))
		add(&s, "synthetic", text(one, "crl"));
	if (strcmp(text(one, "trust"), "amd-only") != 0)
		s.root = s.piece[2];
	s.cx.policy = policy_for(&s, report, one);
	s.cx.any_age = true;
	s.cx.insecure_allow_debug = json_is_true(json_object_get(wanted, "allow_debug"));
	enum tacit_status st = judge(&s, report);
	if (strcmp(expect, "accept") == 0) {
		if (!ok(st == TACIT_OK, "%s is accepted", id))
			printf("# %s: %s\n", s.err.where, s.err.detail);
	} else {
		const char *check = check_for(expect);

		if (!ok(st != TACIT_OK && check && strcmp(s.err.where, check) == 0,
			"%s is refused by %s", id, check ? check : expect))
			printf("# %s by %s: %s\n", tacit_status_name(st), s.err.where,
			       s.err.detail);
		ok(!tacit_verdict_claims(&s.verdict), "%s gives no claims", id);
	}
	vector_done(report);
	set_done(&s);
}

static void test_synthetic(const char *dir)
{
	json_t *file = vector_json("snp/synthetic/cases.json");
	const json_t *cases = json_is_array(file) ? file : json_object_get(file, "cases");
	json_t *one;
	size_t i;

	json_array_foreach(cases, i, one) test_synthetic_case(dir, one);
	ok(i >= 39, "%zu cases", i);
	json_decref(file);
}

/* ---- real reports -------------------------------------------------------------------------- */

static const char *lower(const char *product)
{
	return strcmp(product, "Milan") == 0   ? "milan"
	       : strcmp(product, "Genoa") == 0 ? "genoa"
					       : "turin";
}

static void is_hex_claim(struct tacit_slice got, const json_t *one, const char *name)
{
	struct tacit_slice want = vector_hex(text(one, name));

	is_slice(got, want, name);
	vector_done(want);
}

static void check_claims(const struct tacit_claims *claims, const json_t *one)
{
	const struct tacit_snp_claims *snp = claims->snp;

	is_hex_claim(claims->report_data, one, "report_data");
	is_hex_claim(claims->measurements[0].value, one, "measurement");
	is_hex_claim(snp->host_data, one, "host_data");
	ok(strcmp(snp->product, lower(text(one, "product"))) == 0, "product %s", snp->product);
	ok(snp->version == (uint32_t)json_number_value(json_object_get(one, "version")),
	   "version %u", snp->version);
	ok(snp->vmpl == (uint32_t)json_number_value(json_object_get(one, "vmpl")), "vmpl %u",
	   snp->vmpl);
	ok(snp->policy == strtoull(text(one, "policy"), NULL, 16), "policy");
	ok(snp->platform_info == strtoull(text(one, "platform_info"), NULL, 16), "platform info");
	ok(claims->debug == ((snp->policy & TACIT_SNP_POLICY_DEBUG) != 0), "debug");
	ok(strncmp(snp->kds_url, "https://kdsintf.amd.com/", 24) == 0, "%s", snp->kds_url);
}

static void test_report(const char *dir, const json_t *one)
{
	static struct set s;
	const char *id = text(one, "id"), *signer = text(one, "signing_key");
	bool vlek = strcmp(signer, "VLEK") == 0;
	char name[128], product[16];

	set_init(&s, dir, time_of(vlek ? "2025-06-01T00:00:00Z" : "2026-09-01T00:00:00Z"));
	snprintf(name, sizeof(name), "%s.report.bin", id);
	struct tacit_slice report = load(&s, "reports", name);
	snprintf(name, sizeof(name), "%s.vek.der", id);
	struct tacit_slice vek = load(&s, "reports", name);
	if (vek.ptr)
		s.piece[s.pieces++] = vek;
	snprintf(product, sizeof(product), "%s", lower(text(one, "product")));
	snprintf(name, sizeof(name), "%s_ark.der", product);
	add(&s, "ca", name);
	snprintf(name, sizeof(name), "%s_%s.der", product, vlek ? "asvk" : "ask");
	add(&s, "ca", name);
	s.cx.insecure_no_policy = true;
	s.cx.insecure_allow_debug = true;
	enum tacit_status st = judge(&s, report);
	if (!ok(st == (vek.ptr ? TACIT_OK : TACIT_UNDECIDED), "%s: %s", id, tacit_status_name(st)))
		printf("# %s: %s\n", s.err.where, s.err.detail);
	const struct tacit_claims *claims = tacit_verdict_claims(&s.verdict);
	if (claims)
		check_claims(claims, one);
	vector_done(report);
	set_done(&s);
}

static void test_reports(const char *dir)
{
	json_t *file = vector_json("snp/index.json");
	const json_t *all = json_is_array(file) ? file : json_object_get(file, "reports");
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one) test_report(dir, one);
	ok(i >= 20, "%zu reports", i);
	json_decref(file);
}

int main(void)
{
	const char *dir = tap_vectors();

	if (!dir) {
		skip("snp vectors", "no shared vectors (TACIT_VECTORS)");
		return done();
	}
	test_synthetic(dir);
	test_reports(dir);
	return done();
}
