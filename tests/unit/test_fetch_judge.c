/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_judge.h"

#include "base/base64.h"
#include "net/fetch_amd.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/pki/snp.h"
#include "tests/unit/vectors.h"

#define ROOM (4u << 20)

static uint8_t room[ROOM];

struct scene {
	struct tacit_arena arena;
	struct tacit_context cx;
	struct tacit_slice root;
	struct tacit_fetch_plan plan;
	struct tacit_error err;
	struct tacit_fetched all[TACIT_FETCH_PIECES];
	size_t count;
};

static void scene_init(struct scene *s, struct tacit_slice evidence, struct tacit_slice root,
		       int64_t now)
{
	static const struct tacit_fetch_places usual;
	struct tacit_evidence ev = { 0 };

	memset(s, 0, sizeof(*s));
	tacit_arena_init(&s->arena, room, sizeof(room));
	s->root = root;
	s->cx.arena = &s->arena;
	s->cx.now = now;
	s->cx.insecure_test_roots = &s->root;
	s->cx.insecure_test_root_count = root.ptr != NULL;
	ok(tacit_evidence_unwrap(evidence, &s->arena, &ev, &s->err) == TACIT_OK &&
		   tacit_fetch_plan_make(&ev, &usual, &s->arena, &s->plan, &s->err) == TACIT_OK,
	   "there is a plan");
}

static const struct tacit_fetch_piece *piece_of(const struct scene *s, enum tacit_fetch_kind kind)
{
	for (size_t i = 0; i < s->plan.count; i++)
		if (s->plan.pieces[i].kind == kind)
			return &s->plan.pieces[i];
	return NULL;
}

static enum tacit_status read_piece(struct scene *s, enum tacit_fetch_kind kind,
				    struct tacit_slice body, const char *chain,
				    struct tacit_fetched *ret)
{
	tacit_error_clear(&s->err);
	return tacit_fetch_read(piece_of(s, kind), body, chain, &s->arena, ret, &s->err);
}

static void add(struct scene *s, enum tacit_fetch_kind kind, struct tacit_slice body,
		const char *chain)
{
	is_status(read_piece(s, kind, body, chain, &s->all[s->count]), TACIT_OK,
		  tacit_fetch_kind_name(kind));
	s->count++;
}

static enum tacit_status judge(struct scene *s, size_t which)
{
	struct tacit_arena scratch = s->arena;
	struct tacit_context cx = s->cx;

	cx.arena = &scratch;
	tacit_error_clear(&s->err);
	return tacit_fetch_judge(&s->plan, s->all, s->count, which, &cx, &s->err);
}

static void is(struct scene *s, size_t which, enum tacit_status want, const char *where,
	       const char *name)
{
	is_status(judge(s, which), want, name);
	if (!ok(want == TACIT_OK || strcmp(s->err.where, where) == 0, "%s: by %s", name, where))
		printf("# got %s: %s\n", s->err.where, s->err.detail);
}

/* A header's value: every byte escaped, or only those that must be. */
static const char *escape(struct tacit_slice pem, bool all)
{
	char *out = (char *)pki_alloc(3 * pem.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < pem.len && pem.ptr[i]; i++) {
		uint8_t c = pem.ptr[i];

		if (!all && c > ' ' && c != '%')
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, 4, i % 2 ? "%%%02x" : "%%%02X", c);
	}
	out[n] = 0;
	return out;
}

static struct tacit_slice chain_pem(const struct pki_cert *a, const struct pki_cert *b)
{
	const struct pki_cert *const certs[] = { a, b };

	return pki_pem(certs, 2, 0);
}

/* ---- Intel ---------------------------------------------------------------------------------- */

static struct tacit_slice tdx_quote(void)
{
	static struct tacit_slice quote;
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);

	if (!quote.ptr)
		quote = pki_copy(dcap_quote(&spec));
	return quote;
}

static void scene_tdx(struct scene *s)
{
	const struct dcap_world *w = dcap_world();
	struct dcap_collateral c = dcap_collateral(true);
	const char *chain = escape(chain_pem(w->tcb_signer, w->root), false);

	scene_init(s, tdx_quote(), w->root->der, DCAP_NOW);
	add(s, TACIT_FETCH_TCB_INFO, c.tcb_info, chain);
	add(s, TACIT_FETCH_QE_IDENTITY, c.qe_identity,
	    escape(chain_pem(w->tcb_signer, w->root), true));
	add(s, TACIT_FETCH_PCK_CRL, c.pck_crl, NULL);
	add(s, TACIT_FETCH_ROOT_CRL, c.root_crl, NULL);
}

static void test_intel(void)
{
	struct scene s;

	scene_tdx(&s);
	is_status(tacit_fetch_judge_evidence(&s.plan, &s.cx, &s.err), TACIT_OK, "the quote");
	for (size_t i = 0; i < s.count; i++)
		is(&s, i, TACIT_OK, "", tacit_fetch_kind_name(s.all[i].piece->kind));
	ok(s.all[0].number == 20 && s.all[0].issued == DCAP_ISSUED &&
		   s.all[0].until == DCAP_EXPIRES,
	   "its number and dates");
	ok(s.all[2].issued == DCAP_ISSUED && s.all[2].until == DCAP_EXPIRES && !s.all[2].chain.ptr,
	   "those of a list");
	is_status(tacit_fetch_judge(&s.plan, s.all, s.count, s.count, &s.cx, &s.err),
		  TACIT_INTERNAL, "no such piece");
	/* One second off at each end. */
	static const struct {
		int64_t now;
		enum tacit_status doc, list;
	} AT[] = {
		{ DCAP_ISSUED - 61, TACIT_EXPIRED, TACIT_EXPIRED },
		{ DCAP_ISSUED - 60, TACIT_OK, TACIT_OK },
		{ DCAP_EXPIRES, TACIT_OK, TACIT_OK },
		{ DCAP_EXPIRES + 1, TACIT_UNDECIDED, TACIT_UNDECIDED },
	};
	for (size_t i = 0; i < sizeof(AT) / sizeof(AT[0]); i++) {
		s.cx.now = AT[i].now;
		is(&s, 0, AT[i].doc, "tdx.tcb_info.validity", "TCB info in time");
		is(&s, 1, AT[i].doc, "tdx.qe_identity.validity", "QE identity in time");
		is(&s, 2, AT[i].list, "tdx.crl.validity", "the PCK's list in time");
		is(&s, 3, AT[i].list, "tdx.crl.validity", "the root's list in time");
	}
	s.cx.now = DCAP_NOW;
	s.cx.insecure_test_root_count = 0;
	is(&s, 0, TACIT_UNDECIDED, "tdx.tcb_info.signature", "without the root");
	tacit_error_clear(&s.err);
	is_status(tacit_fetch_judge_evidence(&s.plan, &s.cx, &s.err), TACIT_CHAIN,
		  "and so is the quote");
	ok(strcmp(s.err.where, "tdx.pck.root") == 0, "by its root");
}

/* What every changed byte of an answer leads to: never to a piece that is kept. */
static void test_flips(void)
{
	struct scene s;

	scene_tdx(&s);
	for (size_t i = 0; i < s.count; i++) {
		struct tacit_slice body = s.all[i].bytes;
		const struct tacit_fetched before = s.all[i];
		uint8_t *copy = malloc(body.len);
		size_t kept = 0, step = body.len > 600 ? 7 : 1;

		for (size_t at = 0; copy && at < body.len; at += step) {
			struct tacit_arena mark = s.arena;

			memcpy(copy, body.ptr, body.len);
			copy[at] ^= (uint8_t)(1u << at % 8);
			s.all[i] = before;
			if (read_piece(&s, before.piece->kind, tacit_slice_of(copy, body.len),
				       i < 2 ? escape(before.chain, false) : NULL,
				       &s.all[i]) == TACIT_OK &&
			    judge(&s, i) == TACIT_OK)
				kept++;
			s.arena = mark;
		}
		s.all[i] = before;
		free(copy);
		/* The hex of a document's signature means the same in either case. */
		size_t most = i < 2 ? 128 / step + 1 : 0;
		ok(kept <= most, "%s: %zu of %zu changes are kept, which change nothing",
		   tacit_fetch_kind_name(before.piece->kind), kept, body.len / step);
	}
}

static void test_truncations(void)
{
	struct scene s;
	struct tacit_fetched f;

	scene_tdx(&s);
	for (size_t i = 0; i < s.count; i++) {
		struct tacit_slice body = s.all[i].bytes;
		const char *chain = i < 2 ? escape(s.all[i].chain, false) : NULL;
		size_t taken = 0;

		for (size_t len = 0; len < body.len; len++) {
			struct tacit_arena mark = s.arena;
			uint8_t *cut = malloc(len ? len : 1);

			memcpy(cut, body.ptr, len);
			taken += read_piece(&s, s.all[i].piece->kind, tacit_slice_of(cut, len),
					    chain, &f) == TACIT_OK;
			free(cut);
			s.arena = mark;
		}
		ok(taken == 0, "%s: no cut is taken", tacit_fetch_kind_name(s.all[i].piece->kind));
	}
	struct tacit_slice pem = s.all[0].chain;
	size_t taken = 0;
	for (size_t len = 0; len + 1 < pem.len; len++) {
		struct tacit_arena mark = s.arena;

		taken += read_piece(&s, TACIT_FETCH_TCB_INFO, s.all[0].bytes,
				    escape(tacit_slice_of(pem.ptr, len), len % 2), &f) == TACIT_OK;
		s.arena = mark;
	}
	ok(taken == 0, "no cut of a chain is taken");
}

/* In every size of arena there is an answer or TACIT_LIMIT, and nothing else. */
static void test_arenas(void)
{
	struct scene s;
	struct tacit_fetched f;
	size_t other = 0, good = 0;

	scene_tdx(&s);
	const char *chain = escape(s.all[0].chain, false);
	size_t base = s.arena.used;
	for (size_t size = 0; size < 40000; size += 64) {
		s.arena.used = base;
		s.arena.size = base + size;
		enum tacit_status st =
			read_piece(&s, TACIT_FETCH_TCB_INFO, s.all[0].bytes, chain, &f);
		if (st == TACIT_OK)
			st = tacit_fetch_judge(&s.plan, s.all, s.count, 0, &s.cx, NULL);
		good += st == TACIT_OK;
		other += st != TACIT_OK && st != TACIT_LIMIT;
	}
	ok(good > 0 && other == 0, "in every size of arena: %zu good, %zu of another status", good,
	   other);
}

static void test_headers(void)
{
	const struct dcap_world *w = dcap_world();
	const char *chain = escape(chain_pem(w->tcb_signer, w->root), false);
	struct tacit_fetched f;
	struct scene s;

	scene_tdx(&s);
	struct tacit_slice info = s.all[0].bytes, list = s.all[2].bytes;
	is_status(read_piece(&s, TACIT_FETCH_TCB_INFO, info, NULL, &f), TACIT_FORMAT, "no chain");
	static const char *const BAD[] = { "",    "%",   "%4",
					   "%4g", "%g4", "abc",
					   "%00", "%ff", "-----BEGIN CERTIFICATE-----" };
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		is_status(read_piece(&s, TACIT_FETCH_TCB_INFO, info, BAD[i], &f), TACIT_FORMAT,
			  "no chain at all");
		is_status(read_piece(&s, TACIT_FETCH_PCK_CRL, list, BAD[i], &f), TACIT_FORMAT,
			  "nor beside a list");
	}
	is_status(read_piece(&s, TACIT_FETCH_PCK_CRL, list, chain, &f), TACIT_OK,
		  "a chain beside a list");
	ok(!f.chain.ptr, "is not kept");
	is_status(read_piece(&s, TACIT_FETCH_QE_IDENTITY, info, chain, &f), TACIT_FORMAT,
		  "TCB info is no QE identity");
	is_status(read_piece(&s, TACIT_FETCH_TCB_INFO, list, chain, &f), TACIT_FORMAT,
		  "a list is no TCB info");
	is_status(read_piece(&s, TACIT_FETCH_ROOT_CRL, w->root->der, NULL, &f), TACIT_FORMAT,
		  "a certificate is no list");
	is_status(read_piece(&s, TACIT_FETCH_ROOT_CRL, tdx_quote(), NULL, &f), TACIT_FORMAT,
		  "nor is a quote");
}

static struct tacit_slice join(const struct tacit_slice *parts, size_t count)
{
	struct pki_buf b = { 0 };

	for (size_t i = 0; i < count; i++)
		pki_raw(&b, parts[i]);
	return pki_take(&b);
}

static struct tacit_slice pem_list(struct tacit_slice der)
{
	char text[2048];
	struct pki_buf b = { 0 };

	tacit_base64_encode(TACIT_BASE64, der, text);
	pki_raw(&b, tacit_slice_str("-----BEGIN X509 CRL-----\n"));
	for (size_t at = 0; at < strlen(text); at += 64) {
		char line[66];

		snprintf(line, sizeof(line), "%.64s\n", text + at);
		pki_raw(&b, tacit_slice_str(line));
	}
	pki_raw(&b, tacit_slice_str("-----END X509 CRL-----\n"));
	return pki_take(&b);
}

/* Collateral may come in bundles; an answer may not. */
static void test_more_than_asked(void)
{
	const struct dcap_world *w = dcap_world();
	const struct pki_cert *root = w->root;
	const char *chain = escape(chain_pem(w->tcb_signer, w->root), false);
	struct tacit_fetched f;
	struct scene s;

	scene_tdx(&s);
	struct tacit_slice info = s.all[0].bytes, qe = s.all[1].bytes;
	const struct tacit_slice one[] = { tacit_slice_str("{\"tcb_info\":"), info,
					   tacit_slice_str("}") };
	const struct tacit_slice two[] = { tacit_slice_str("{\"tcb_info\":"), info,
					   tacit_slice_str(",\"qe_identity\":"), qe,
					   tacit_slice_str("}") };
	is_status(read_piece(&s, TACIT_FETCH_TCB_INFO, join(one, 3), chain, &f), TACIT_OK,
		  "TCB info in a bundle");
	is_status(read_piece(&s, TACIT_FETCH_TCB_INFO, join(two, 5), chain, &f), TACIT_FORMAT,
		  "TCB info and QE identity are not TCB info");
	is_status(read_piece(&s, TACIT_FETCH_QE_IDENTITY, join(two, 5), chain, &f), TACIT_FORMAT,
		  "nor QE identity");
	const struct tacit_slice list[] = { pem_list(s.all[3].bytes), pki_pem(&root, 1, 0) };
	is_status(read_piece(&s, TACIT_FETCH_ROOT_CRL, list[0], NULL, &f), TACIT_OK,
		  "a list in PEM");
	is_slice(f.bytes, s.all[3].bytes, "is kept as it is signed");
	is_status(read_piece(&s, TACIT_FETCH_ROOT_CRL, join(list, 2), NULL, &f), TACIT_FORMAT,
		  "not with a certificate behind it");
	const struct tacit_slice twice[] = { list[0], pem_list(s.all[2].bytes) };
	is_status(read_piece(&s, TACIT_FETCH_ROOT_CRL, join(twice, 2), NULL, &f), TACIT_FORMAT,
		  "nor with another list");
}

static void test_age(void)
{
	const struct tacit_fetched now = { .issued = 1000, .number = 5 };
	struct tacit_fetched before = now;
	struct tacit_error err = { 0 };

	is_status(tacit_fetch_read_age(&now, &before, &err), TACIT_OK, "the same age");
	before.issued = 1001;
	is_status(tacit_fetch_read_age(&now, &before, &err), TACIT_POLICY, "older by a second");
	before.issued = 999;
	is_status(tacit_fetch_read_age(&now, &before, NULL), TACIT_OK, "newer by a second");
	before.number = 6;
	is_status(tacit_fetch_read_age(&now, &before, NULL), TACIT_POLICY,
		  "newer by date, of a lower number");
	before.issued = 1001;
	before.number = 4;
	is_status(tacit_fetch_read_age(&now, &before, NULL), TACIT_POLICY,
		  "older by date, of a higher number");
}

static void test_gaps(void)
{
	struct tacit_fetch_gap gaps[TACIT_FETCH_GAPS];
	struct scene s;
	size_t count = 99;

	scene_tdx(&s);
	is_status(tacit_fetch_judge_gaps(&s.plan, &s.cx, gaps, &count, &s.err), TACIT_OK,
		  "no collateral");
	ok(count == 8, "everything is missing");
	struct tacit_slice pieces[5] = { s.all[0].bytes, s.all[0].chain, s.all[1].bytes,
					 s.all[2].bytes, s.all[3].bytes };
	is_status(tacit_collateral_parse(pieces, 5, &s.arena, &s.cx.collateral, &s.err), TACIT_OK,
		  "all of it");
	is_status(tacit_fetch_judge_gaps(&s.plan, &s.cx, gaps, &count, &s.err), TACIT_OK, "then");
	ok(count == 0, "nothing is missing");
	s.cx.insecure_test_root_count = 0;
	count = 99;
	is_status(tacit_fetch_judge_gaps(&s.plan, &s.cx, gaps, &count, &s.err), TACIT_CHAIN,
		  "a quote that is not genuine");
	ok(count == 99, "has no gaps");
}

/* ---- AMD ------------------------------------------------------------------------------------ */

static struct snp_evidence snp;

static struct tacit_slice amd_crl(EVP_PKEY *signer, const char *revoked, int64_t until)
{
	struct pki_crl_spec spec = { .issuer = snp.ark,
				     .this_update = SNP_NOW - 86400,
				     .next_update = until,
				     .serials = &revoked,
				     .serial_count = revoked != NULL,
				     .number = 1,
				     .signer = signer };

	return pki_crl(&spec);
}

static void scene_snp(struct scene *s)
{
	snp_init(&snp, SNP_MAKE_MILAN, 3, false);
	snp_make(&snp);
	scene_init(s, TACIT_SLICE_ARRAY(snp.report), snp.ark->der, SNP_NOW);
	add(s, TACIT_FETCH_AMD_CHAIN, chain_pem(snp.ica, snp.ark), NULL);
	add(s, TACIT_FETCH_VCEK, snp.vek->der, NULL);
	add(s, TACIT_FETCH_AMD_CRL, amd_crl(NULL, NULL, SNP_NOW + 86400), NULL);
}

static void test_amd(void)
{
	struct scene s;

	scene_snp(&s);
	is_status(tacit_fetch_judge_evidence(&s.plan, &s.cx, &s.err), TACIT_OK, "the report");
	for (size_t i = 0; i < s.count; i++)
		is(&s, i, TACIT_OK, "", tacit_fetch_kind_name(s.all[i].piece->kind));
	s.all[0].bytes = chain_pem(snp.ark, snp.ica);
	is(&s, 0, TACIT_OK, "", "the chain in the other order");
	s.all[2].bytes = amd_crl(NULL, "010001", SNP_NOW + 86400);
	is(&s, 2, TACIT_OK, "", "a list that revokes the ASK");
	s.all[2].bytes = amd_crl(snp.ica_spec.key, NULL, SNP_NOW + 86400);
	is(&s, 2, TACIT_SIGNATURE, "snp.chain.revocation", "a list by the ASK's key");
	s.all[0].bytes = chain_pem(snp.ica, snp.ica);
	is(&s, 0, TACIT_FORMAT, "snp.ca.found", "the ASK twice");
	is(&s, 2, TACIT_FORMAT, "snp.ca.found", "under which no list is");
	s.all[0].bytes = chain_pem(snp.ark, snp.ark);
	is(&s, 0, TACIT_FORMAT, "snp.ca.found", "the ARK twice");
	s.all[0].bytes = chain_pem(snp.vek, snp.ark);
	is(&s, 0, TACIT_CHAIN, "snp.chain.names", "the VCEK for the ASK");
	s.cx.insecure_test_root_count = 0;
	s.all[0].bytes = chain_pem(snp.ica, snp.ark);
	is(&s, 0, TACIT_CHAIN, "snp.ca.root", "a root of nobody's");
	is(&s, 1, TACIT_CHAIN, "snp.ca.root", "nor what hangs under it");
	s.cx.insecure_test_root_count = 1;
	s.cx.now = snp.ica_spec.not_after + 1;
	is(&s, 0, TACIT_EXPIRED, "snp.chain.validity", "a chain that has run out");
	s.cx.now = snp.ica_spec.not_before - 61;
	is(&s, 0, TACIT_EXPIRED, "snp.chain.validity", "or is not valid yet");
	s.cx.now = snp.vek_spec.not_after + 1;
	is(&s, 1, TACIT_EXPIRED, "snp.chain.validity", "a VCEK that has run out");
}

static void test_amd_alone(void)
{
	struct scene s;

	scene_snp(&s);
	s.all[1] = s.all[2];
	s.count = 2;
	is(&s, 0, TACIT_OK, "", "the chain without the VCEK");
	is(&s, 1, TACIT_OK, "", "and the list");
	struct pki_spec forged = snp.ica_spec;
	forged.signer = snp.ica_spec.key;
	s.all[0].bytes = chain_pem(pki_cert(&forged), snp.ark);
	is(&s, 0, TACIT_SIGNATURE, "snp.chain.signatures", "an ASK that the ARK did not sign");
	is(&s, 1, TACIT_SIGNATURE, "snp.chain.signatures", "under which no list is");
	s.all[0] = s.all[1];
	s.count = 1;
	is(&s, 0, TACIT_UNDECIDED, "snp.chain.revocation", "a list alone");
}

/* Each certificate of the chain has dates of its own. */
static void test_amd_dates(void)
{
	struct scene s;

	for (int shorter = 0; shorter < 2; shorter++) {
		snp_init(&snp, SNP_MAKE_MILAN, 3, false);
		struct pki_spec *spec = shorter ? &snp.ark_spec : &snp.ica_spec;
		spec->not_after -= 100;
		spec->not_before += 100;
		snp_make(&snp);
		scene_init(&s, TACIT_SLICE_ARRAY(snp.report), snp.ark->der, SNP_NOW);
		add(&s, TACIT_FETCH_AMD_CHAIN, chain_pem(snp.ica, snp.ark), NULL);
		const char *name = shorter ? "the ARK's dates" : "the ASK's dates";
		s.cx.now = spec->not_after;
		is(&s, 0, TACIT_OK, "", name);
		s.cx.now = spec->not_after + 1;
		is(&s, 0, TACIT_EXPIRED, "snp.chain.validity", name);
		s.cx.now = spec->not_before - 60;
		is(&s, 0, TACIT_OK, "", name);
		s.cx.now = spec->not_before - 61;
		is(&s, 0, TACIT_EXPIRED, "snp.chain.validity", name);
	}
}

/* ---- real evidence -------------------------------------------------------------------------- */

static struct tacit_slice load(const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/%s", tap_vectors(), folder, name);
	return vector_file(path);
}

static void test_real_amd(void)
{
	static const char *const FILES[] = { "milan_ask.der", "milan_ark.der", "genoa_ask.der",
					     "milan_asvk.der" };
	struct tacit_slice report = load("snp/reports", "milan-v3-tav.report.bin");
	struct tacit_slice vek = load("snp/reports", "milan-v3-tav.vek.der");
	struct tacit_slice crl = load("snp/ca", "milan_crl.der");
	struct pki_cert certs[4];
	struct scene s;

	for (size_t i = 0; i < 4; i++)
		certs[i].der = load("snp/ca", FILES[i]);
	scene_init(&s, report, tacit_slice_of(NULL, 0), 1777000000);
	add(&s, TACIT_FETCH_AMD_CHAIN, chain_pem(&certs[0], &certs[1]), NULL);
	add(&s, TACIT_FETCH_VCEK, vek, NULL);
	add(&s, TACIT_FETCH_AMD_CRL, crl, NULL);
	is(&s, 0, TACIT_OK, "", "AMD's chain for Milan");
	is(&s, 1, TACIT_OK, "", "a real VCEK");
	is(&s, 2, TACIT_OK, "", "AMD's list for Milan");
	s.cx.now = 1779000000;
	is(&s, 2, TACIT_UNDECIDED, "snp.chain.revocation", "when it has run out");
	s.cx.now = 1777000000;
	s.all[0].bytes = chain_pem(&certs[3], &certs[1]);
	is(&s, 0, TACIT_CHAIN, "snp.ca.intermediate", "the ASVK for the ASK");
	s.all[0].bytes = chain_pem(&certs[2], &certs[1]);
	is(&s, 0, TACIT_CHAIN, "snp.chain.names", "Genoa's ASK");
	s.plan.root = TACIT_ROOT_AMD_GENOA;
	s.all[0].bytes = chain_pem(&certs[0], &certs[1]);
	is(&s, 0, TACIT_CHAIN, "snp.ca.root", "Milan's root for a Genoa");
	for (size_t i = 0; i < 4; i++)
		vector_done(certs[i].der);
	vector_done(report);
	vector_done(vek);
	vector_done(crl);
}

static void test_real_intel(void)
{
	const char *folder = "tdx/tdx-v4-gcp-00806f05-2025-07";
	struct tacit_slice file[] = {
		load(folder, "quote.bin"),       load(folder, "tcbinfo.json"),
		load(folder, "qeidentity.json"), load(folder, "pck_crl.der"),
		load(folder, "root_ca_crl.der"), load(folder, "tcb_signing_chain.pem"),
	};
	struct scene s;

	scene_init(&s, file[0], tacit_slice_of(NULL, 0), 1753175614);
	const char *chain = escape(file[5], false);
	add(&s, TACIT_FETCH_TCB_INFO, file[1], chain);
	add(&s, TACIT_FETCH_QE_IDENTITY, file[2], chain);
	add(&s, TACIT_FETCH_PCK_CRL, file[3], NULL);
	add(&s, TACIT_FETCH_ROOT_CRL, file[4], NULL);
	is_status(tacit_fetch_judge_evidence(&s.plan, &s.cx, &s.err), TACIT_OK, "a real quote");
	for (size_t i = 0; i < s.count; i++)
		is(&s, i, TACIT_OK, "", tacit_fetch_kind_name(s.all[i].piece->kind));
	s.cx.now += 365 * 86400;
	for (size_t i = 0; i < s.count; i++)
		is_status(judge(&s, i), TACIT_UNDECIDED, "a year later");
	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++)
		vector_done(file[i]);
}

int main(void)
{
	test_intel();
	test_flips();
	test_truncations();
	test_arenas();
	test_headers();
	test_more_than_asked();
	test_age();
	test_gaps();
	test_amd();
	test_amd_alone();
	test_amd_dates();
	if (tap_vectors()) {
		test_real_amd();
		test_real_intel();
	} else {
		skip("real collateral", "no shared vectors (TACIT_VECTORS)");
	}
	pki_done();
	return done();
}
