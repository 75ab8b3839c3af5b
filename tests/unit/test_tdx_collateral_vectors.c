/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hostile and broken collateral of the shared vectors: a genuine TD quote with one piece of its
 * collateral replaced, and documents that must fail by themselves.
 */

#include "tee/sgx/sgx.h"
#include "tee/tdx/tdx.h"
#include "trust/collateral.h"
#include "trust/qe_identity.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t collateral_room[1 << 20], verdict_room[1 << 20];

static struct tacit_slice load(const char *folder, const char *file)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/tdx/%s/%s", tap_vectors(), folder, file);
	return vector_file(path);
}

/* The pieces of one vector, by their names in its folder. */
static const char *const NAMES[] = {
	"tcbinfo.json", "qeidentity.json",          "tcb_signing_chain.pem",
	"pck_crl.der",  "pck_crl_issuer_chain.pem", "root_ca_crl.der"
};

/* The platform's checks alone, without any policy. */
static enum tacit_status verify(bool tdx, struct tacit_slice quote, const struct tacit_context *cx,
				struct tacit_error *err)
{
	struct tacit_evidence ev = { .tee = tdx ? TACIT_TEE_TDX : TACIT_TEE_SGX, .raw = quote };
	const struct tacit_check *first;
	struct tacit_check_list list;
	struct tacit_claims claims;

	tacit_check_init(&list, cx->arena, TACIT_TDX_CHECKS + TACIT_SGX_CHECKS);
	tacit_check_add(&list, tdx ? tacit_tdx_checks : tacit_sgx_checks,
			tdx ? TACIT_TDX_CHECKS : TACIT_SGX_CHECKS);
	bool genuine = (tdx ? tacit_tdx_verify : tacit_sgx_verify)(&ev, cx, &list, &claims);
	enum tacit_status st = tacit_check_judge(&list, &first);
	if (genuine != (st == TACIT_OK))
		ok(false, "claims are given exactly when every check passed");
	if (st == TACIT_OK)
		return st;
	return tacit_fail(err, st, first ? first->name : "list", 0, "%s",
			  first && first->why ? first->why : "full");
}

/* Status of the quote with its collateral, one piece replaced (or left out, when absent). */
static enum tacit_status judge(const char *folder, int64_t now, const char *replaced,
			       const struct tacit_slice *other, struct tacit_error *err)
{
	struct tacit_slice quote = load(folder, "quote.bin"), files[COUNT(NAMES)];
	struct tacit_slice pieces[COUNT(NAMES)];
	size_t count = 0;
	struct tacit_arena arena, verdict_arena;
	const struct tacit_collateral *collateral = NULL;

	for (size_t i = 0; i < COUNT(NAMES); i++) {
		files[i] = load(folder, NAMES[i]);
		bool own = !replaced || strcmp(replaced, NAMES[i]) != 0;

		if (own ? files[i].ptr != NULL : other != NULL)
			pieces[count++] = own ? files[i] : *other;
	}
	tacit_arena_init(&arena, collateral_room, sizeof(collateral_room));
	tacit_arena_init(&verdict_arena, verdict_room, sizeof(verdict_room));
	enum tacit_status st = tacit_collateral_parse(pieces, count, &arena, &collateral, err);
	if (st == TACIT_OK) {
		struct tacit_context cx = { .now = now,
					    .collateral = collateral,
					    .arena = &verdict_arena };

		st = verify(folder[0] == 't', quote, &cx, err);
	}
	for (size_t i = 0; i < COUNT(NAMES); i++)
		vector_done(files[i]);
	vector_done(quote);
	return st;
}

/* --- the set of hostile collateral ----------------------------------------------------------- */

/* What each file is refused as. Those marked policy, by our choice: white space is not signed. */
static const struct {
	const char *file;
	enum tacit_status want;
	const char *where; /* the check, or "collateral" when it was not even parsed */
} WANT[] = {
	{ "tcbinfo-status-upgrade.json", TACIT_SIGNATURE, "tdx.tcb_info.signature" },
	{ "tcbinfo-sig-flip.json", TACIT_SIGNATURE, "tdx.tcb_info.signature" },
	{ "tcbinfo-sig-zero.json", TACIT_SIGNATURE, "tdx.tcb_info.signature" },
	{ "tcbinfo-sig-short.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-nextupdate-extended.json", TACIT_SIGNATURE, "tdx.tcb_info.signature" },
	{ "tcbinfo-whitespace.json", TACIT_SIGNATURE, "tdx.tcb_info.signature" },
	{ "tcbinfo-dup-key.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-dup-inner.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-deep.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-truncated.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-empty.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-null.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-array.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-bignum.json", TACIT_FORMAT, "collateral" },
	{ "tcbinfo-is-qeidentity.json", TACIT_UNDECIDED, "tdx.tcb_info.signature" },
	{ "qeid-is-tcbinfo.json", TACIT_UNDECIDED, "tdx.qe_identity.signature" },
	{ "qeid-mrsigner-edit.json", TACIT_SIGNATURE, "tdx.qe_identity.signature" },
	{ "qeid-sig-flip.json", TACIT_SIGNATURE, "tdx.qe_identity.signature" },
	{ "qeid-empty.json", TACIT_FORMAT, "collateral" },
	{ "pckcrl-flip.der", TACIT_SIGNATURE, "tdx.crl.pck" },
	{ "pckcrl-truncated.der", TACIT_FORMAT, "collateral" },
	{ "pckcrl-is-rootcrl.der", TACIT_UNDECIDED, "tdx.crl.pck" },
	{ "pckcrl-empty.der", TACIT_FORMAT, "collateral" },
	{ "rootcrl-is-pckcrl.der", TACIT_UNDECIDED, "tdx.crl.root" },
	{ "rootcrl-empty.der", TACIT_FORMAT, "collateral" },
	{ "chain-only-root.pem", TACIT_UNDECIDED, "tdx.tcb_info.signature" },
	{ "chain-pck-as-signer.pem", TACIT_UNDECIDED, "tdx.tcb_info.signature" },
	{ "chain-sbx.pem", TACIT_CHAIN, "tdx.tcb_info.signature" },
};

static void check_case(const char *base, int64_t now, const json_t *c)
{
	const char *file = json_string_value(json_object_get(c, "file"));
	struct tacit_slice piece = load("hostile-collateral-v4", file);
	struct tacit_error err = { 0 };
	size_t i = 0;

	while (i < COUNT(WANT) && strcmp(WANT[i].file, file) != 0)
		i++;
	enum tacit_status st =
		judge(base, now, json_string_value(json_object_get(c, "replaces")), &piece, &err);
	ok(st != TACIT_OK, "%s is not accepted", file);
	if (!ok(i < COUNT(WANT) && st == WANT[i].want && strcmp(err.where, WANT[i].where) == 0,
		"%s: refused as it should be", file))
		printf("# %s at %s: %s\n", tacit_status_name(st), err.where, err.detail);
	vector_done(piece);
}

static void test_hostile(void)
{
	json_t *index = vector_json("tdx/hostile-collateral-v4/index.json"), *c;
	size_t i;

	if (!index)
		return;
	const char *base = json_string_value(json_object_get(index, "derived_from"));
	int64_t now = (int64_t)json_number_value(json_object_get(index, "verification_unix_time"));
	struct tacit_error err = { 0 };
	if (!is_status(judge(base, now, NULL, NULL, &err), TACIT_OK, "as it was, it verifies"))
		printf("# %s: %s\n", err.where, err.detail);
	json_array_foreach(json_object_get(index, "cases"), i, c) check_case(base, now, c);
	ok(i == COUNT(WANT), "every case is here");
	json_decref(index);
}

/* Each piece left out: the verdict stays open. The chain of the CRL is in the quote. */
static void test_missing(void)
{
	const char *base = "tdx-v4-gcp-00806f05-2026-01";

	if (!tap_vectors()) {
		skip("missing pieces", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	for (size_t i = 0; i < COUNT(NAMES); i++) {
		bool needed = strcmp(NAMES[i], "pck_crl_issuer_chain.pem") != 0;

		is_status(judge(base, 1770801952, NAMES[i], NULL, NULL),
			  needed ? TACIT_UNDECIDED : TACIT_OK, NAMES[i]);
	}
}

/* --- documents by themselves ----------------------------------------------------------------- */

static struct tacit_error signature_of(const char *folder, const char *file, const char *signer)
{
	struct tacit_slice text = load(folder, file), der = load("roots", signer);
	struct tacit_error err = { 0 };
	struct tacit_arena arena;
	const struct tacit_collateral *collateral;
	struct tacit_slice pieces[] = { text, der };

	tacit_arena_init(&arena, collateral_room, sizeof(collateral_room));
	enum tacit_status st = tacit_collateral_parse(pieces, 2, &arena, &collateral, &err);
	if (st == TACIT_OK)
		st = tacit_intel_check(&collateral->qe_identities[0].doc, collateral->certs[0].key,
				       NULL, &err);
	ok(st == err.status, "%s: status and error agree", file);
	vector_done(text);
	vector_done(der);
	return err;
}

static void test_documents(void)
{
	static const char SIGNER[] = "tcb_signing_cert_2018-2025.der";

	if (!tap_vectors()) {
		skip("documents by themselves", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	struct tacit_error err =
		signature_of("negative-collateral", "fortanix-qe3_identity.json", SIGNER);
	is_status(err.status, TACIT_OK, "an identity of 2020, signed");
	err = signature_of("negative-collateral", "fortanix-corrupt_qe3_identity.json", SIGNER);
	is_status(err.status, TACIT_SIGNATURE, "and edited");
	err = signature_of("negative-collateral", "fortanix-qe3_identity.json",
			   "tcb_signing_cert_2025-2032.der");
	is_status(err.status, TACIT_OK, "both certificates of the signer have one key");
}

/* A chain in which the PCK's CA stands where Intel's signer should. */
static void test_bad_chain(void)
{
	static const char BASE[] = "sgx-v3-icx-00606a-oasis-2022-12";
	struct tacit_error err = { 0 };

	if (!tap_vectors()) {
		skip("a chain without the signer", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	struct tacit_slice chain = load("negative-collateral", "oasis-certs_bad.pem");
	is_status(judge(BASE, 1672614773, "tcb_signing_chain.pem", &chain, &err), TACIT_UNDECIDED,
		  "a chain without the signer, and no revocation lists");
	vector_done(chain);
}

int main(void)
{
	test_hostile();
	test_missing();
	test_documents();
	test_bad_chain();
	return done();
}
