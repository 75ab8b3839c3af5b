/* SPDX-License-Identifier: Apache-2.0 */

/* Certificate tables: hostile bounds, then reports that travel with one. */

#include "tests/pki/snp.h"
#include "tests/unit/snp_util.h"
#include "tests/unit/vectors.h"

static struct snp_bench b;

static void is_table(struct tacit_slice in, enum tacit_status want, const char *name)
{
	struct tacit_snp_table table;
	struct tacit_error err = { 0 };

	if (!is_status(tacit_snp_table_parse(in, &table, &err), want, name))
		printf("# %s\n", err.detail);
}

/* One entry of 8 bytes behind a head of 48 in a table of 56. */
static void place(uint32_t offset, uint32_t length, enum tacit_status want, const char *name)
{
	uint8_t content[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct snp_entry entry = {
		.kind = SNP_ENTRY_VCEK,
		.content = TACIT_SLICE_ARRAY(content),
		.placed = true,
		.offset = offset,
		.length = length,
	};

	is_table(snp_table(&entry, 1, 0), want, name);
}

static void test_bounds(void)
{
	place(48, 8, TACIT_OK, "as it should be");
	place(48, 7, TACIT_OK, "one byte less");
	place(55, 1, TACIT_OK, "the last byte");
	place(48, 0, TACIT_OK, "nothing");
	place(0, 0, TACIT_OK, "nothing at 0");
	place(56, 0, TACIT_OK, "nothing at the end");
	place(57, 0, TACIT_FORMAT, "nothing beyond the end");
	place(48, 9, TACIT_FORMAT, "one byte more");
	place(49, 8, TACIT_FORMAT, "one byte further");
	place(47, 8, TACIT_FORMAT, "in the head by one byte");
	place(0, 56, TACIT_FORMAT, "the whole table");
	place(24, 24, TACIT_FORMAT, "the last entry");
	place(48, 0xffffffff, TACIT_FORMAT, "all length");
	place(0xffffffff, 1, TACIT_FORMAT, "all offset");
	place(0xffffffff, 0xffffffff, TACIT_FORMAT, "both");
	place(0xfffffff0, 0x40, TACIT_FORMAT, "a sum that wraps to 48");
	place(0x80000000, 0x80000000, TACIT_FORMAT, "a sum that wraps to 0");
}

static void test_end(void)
{
	uint8_t bytes[(TACIT_SNP_TABLE_ENTRIES + 2) * 24];
	struct snp_entry none = { .kind = SNP_ENTRY_ASK, .placed = true };

	is_table(tacit_slice_of(NULL, 0), TACIT_OK, "nothing at all");
	struct tacit_slice one = snp_table(&none, 1, 0);
	for (size_t len = 1; len < one.len; len++)
		is_table(tacit_slice_of(one.ptr, len), TACIT_FORMAT, "cut");
	is_table(one, TACIT_OK, "whole");
	memset(bytes, 0, sizeof(bytes));
	is_table(tacit_slice_of(bytes, 24), TACIT_OK, "empty");
	is_table(TACIT_SLICE_ARRAY(bytes), TACIT_OK, "empty and padded");
	bytes[23] = 1;
	is_table(tacit_slice_of(bytes, 24), TACIT_FORMAT, "an end with a length");
	bytes[23] = 0;
	bytes[16] = 1;
	is_table(tacit_slice_of(bytes, 24), TACIT_FORMAT, "an end with an offset");
	memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i <= TACIT_SNP_TABLE_ENTRIES; i++)
		bytes[i * 24] = 0x77;
	is_table(TACIT_SLICE_ARRAY(bytes), TACIT_LIMIT, "one entry too many");
	memset(bytes + (size_t)TACIT_SNP_TABLE_ENTRIES * 24, 0, 24);
	is_table(TACIT_SLICE_ARRAY(bytes), TACIT_OK, "as many as may be");
}

static void test_pairs(void)
{
	uint8_t content[16] = { 9 };
	struct tacit_slice bytes = TACIT_SLICE_ARRAY(content);
	struct snp_entry pair[2] = {
		{ .kind = SNP_ENTRY_ASK,
		  .content = bytes,
		  .placed = true,
		  .offset = 72,
		  .length = 16 },
		{ .kind = SNP_ENTRY_ARK,
		  .content = bytes,
		  .placed = true,
		  .offset = 88,
		  .length = 16 },
	};

	is_table(snp_table(pair, 2, 0), TACIT_OK, "side by side");
	pair[1].offset = 87;
	is_table(snp_table(pair, 2, 0), TACIT_FORMAT, "one byte of overlap");
	pair[1].offset = 72;
	is_table(snp_table(pair, 2, 0), TACIT_FORMAT, "the same bytes");
	pair[0].offset = 88;
	is_table(snp_table(pair, 2, 0), TACIT_OK, "in the other order");
	pair[0].offset = 80;
	is_table(snp_table(pair, 2, 0), TACIT_FORMAT, "overlap from behind");
	pair[0].kind = SNP_ENTRY_OTHER;
	is_table(snp_table(pair, 2, 0), TACIT_FORMAT, "overlap with a vendor's");
	pair[0].offset = 88;
	is_table(snp_table(pair, 2, 0), TACIT_OK, "beside a vendor's");
	pair[0].kind = SNP_ENTRY_ARK;
	is_table(snp_table(pair, 2, 0), TACIT_FORMAT, "two of a kind");
	pair[0].efi = true;
	is_table(snp_table(pair, 2, 0), TACIT_FORMAT, "two of a kind in two byte orders");
	pair[0].length = 0;
	is_table(snp_table(pair, 2, 0), TACIT_OK, "of which one is empty");
	pair[0].kind = SNP_ENTRY_OTHER;
	pair[0].offset = 80;
	is_table(snp_table(pair, 2, 0), TACIT_OK, "an empty one within the other");
	struct snp_entry first = pair[0];
	pair[0] = pair[1];
	pair[1] = first;
	is_table(snp_table(pair, 2, 0), TACIT_OK, "and behind it");
}

static void test_looks(void)
{
	uint8_t zeros[48] = { 0 };
	struct snp_entry entries[2] = { { .kind = SNP_ENTRY_OTHER }, { .kind = SNP_ENTRY_VLEK } };

	ok(tacit_snp_table_looks(snp_table(entries, 2, 0)), "a table is recognised");
	ok(!tacit_snp_table_looks(snp_table(entries, 1, 0)), "a vendor's alone is not");
	ok(!tacit_snp_table_looks(TACIT_SLICE_ARRAY(zeros)), "zeros are not");
	ok(!tacit_snp_table_looks(tacit_slice_of(NULL, 0)), "nothing is not");
	struct pki_buf late = { 0 };
	pki_raw(&late, tacit_slice_of(zeros, 24));
	pki_raw(&late, snp_table(&entries[1], 1, 0));
	ok(!tacit_snp_table_looks(pki_take(&late)), "one behind its end is not");
}

/* ---- reports with a table ------------------------------------------------------------------ */

static struct tacit_slice pem_of(const struct pki_cert *cert)
{
	return pki_pem(&cert, 1, 1);
}

static void test_evidence(void)
{
	for (int vlek = 0; vlek < 2; vlek++) {
		snp_bench_init(&b, SNP_MAKE_TURIN, 5, vlek);
		snp_make(&b.s);
		snp_bench_trust(&b);
		struct tacit_slice table = snp_usual_table(&b.s);
		snp_accepted(&b, snp_bench_raw(&b, snp_evidence(&b.s, table)), "report and table");
		snp_result(&b, "snp.table", TACIT_CHECK_PASS);
		struct snp_entry entries[3] = {
			{ .kind = SNP_ENTRY_ARK, .content = pem_of(b.s.ark), .efi = true },
			{ .kind = vlek ? SNP_ENTRY_VLEK : SNP_ENTRY_VCEK,
			  .content = pem_of(b.s.vek),
			  .efi = true },
			{ .kind = SNP_ENTRY_ASK, .content = pem_of(b.s.ica), .efi = true },
		};
		table = snp_table(entries, 3, 4096);
		snp_accepted(&b, snp_bench_raw(&b, snp_evidence(&b.s, table)),
			     "as PEM, GUIDs as EFI writes them, padded");
		table = snp_table(entries, 2, 0);
		snp_refused(&b, snp_bench_raw(&b, snp_evidence(&b.s, table)), TACIT_UNDECIDED,
			    "snp.ca.found", "without the ASK");
		table = snp_table(NULL, 0, 0);
		snp_refused(&b, snp_bench_raw(&b, snp_evidence(&b.s, table)), TACIT_UNDECIDED,
			    "snp.vek.found", "with an empty table");
	}
}

static void refuse_content(enum snp_entry_kind kind, struct tacit_slice content,
			   enum tacit_status want, const char *check, const char *name)
{
	struct snp_entry entry = { .kind = kind, .content = content };

	tacit_arena_wipe(&b.arena);
	snp_refused(&b, snp_bench_raw(&b, snp_evidence(&b.s, snp_table(&entry, 1, 0))), want, check,
		    name);
}

static void test_contents(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_accepted(&b, snp_bench_judge(&b), "with collateral");
	const struct pki_cert *two[2] = { b.s.ica, b.s.ark };
	struct tacit_slice der = b.s.vek->der, both = pki_pem(two, 2, 0);

	refuse_content(SNP_ENTRY_VCEK, tacit_slice_of(der.ptr, der.len - 1), TACIT_FORMAT,
		       "snp.table", "a certificate cut short");
	refuse_content(SNP_ENTRY_ASK, both, TACIT_FORMAT, "snp.table", "two in one entry");
	refuse_content(SNP_ENTRY_ARK, tacit_slice_str("-----BEGIN CERTIFICATE-----\n!\n"),
		       TACIT_FORMAT, "snp.table", "broken PEM");
	struct pki_buf twice = { 0 };
	pki_raw(&twice, pki_pem(two, 1, 0));
	pki_raw(&twice, tacit_slice_str("-----BEGIN CERTIFICATE-----\n!\n"));
	refuse_content(SNP_ENTRY_ASK, pki_take(&twice), TACIT_FORMAT, "snp.table",
		       "broken PEM behind a certificate");
	refuse_content(SNP_ENTRY_CRL, der, TACIT_FORMAT, "snp.table", "a certificate for a list");
	struct snp_entry ask = { .kind = SNP_ENTRY_VCEK, .content = b.s.ica->der };
	struct tacit_slice raw = snp_evidence(&b.s, snp_table(&ask, 1, 0));
	tacit_arena_wipe(&b.arena);
	snp_accepted(&b, snp_bench_raw(&b, raw), "an ASK in the VCEK's place, beside the VCEK");
	b.collateral.cert_count = 0;
	tacit_arena_wipe(&b.arena);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_CHAIN, "snp.vek.kind",
		    "an ASK in the VCEK's place, alone");
}

/* A host's table as a file of its own, as configfs-tsm gives it in auxblob. */
static void test_collateral(void)
{
	const struct tacit_collateral *collateral = NULL;

	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	snp_make(&b.s);
	snp_bench_trust(&b);
	struct snp_entry entries[3] = {
		{ .kind = SNP_ENTRY_VCEK, .content = b.s.vek->der },
		{ .kind = SNP_ENTRY_ASK, .content = pem_of(b.s.ica) },
		{ .kind = SNP_ENTRY_ARK, .content = b.s.ark->der },
	};
	struct tacit_slice table = snp_table(entries, 3, 100);
	is_status(tacit_collateral_parse(&table, 1, &b.arena, &collateral, &b.err), TACIT_OK,
		  "a table is collateral");
	ok(collateral && collateral->cert_count == 3, "of three certificates");
	b.cx.collateral = collateral;
	snp_accepted(&b, snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report)), "a report beside it");
	entries[2].placed = true;
	entries[2].offset = 1;
	entries[2].length = 1;
	table = snp_table(entries, 3, 0);
	is_status(tacit_collateral_parse(&table, 1, &b.arena, &collateral, NULL), TACIT_FORMAT,
		  "a broken one is not");
}

/* The host's certificates give way to better ones, and cannot take the place of the root. */
static void test_choice(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_accepted(&b, snp_bench_judge(&b), "with collateral");
	struct tacit_slice report = pki_copy(TACIT_SLICE_ARRAY(b.s.report));
	struct pki_cert *right = b.s.vek, *ica = b.s.ica, *ark = b.s.ark;

	/* A stale VEK in the table: of older security versions, by the same ASK. */
	snp_ext(&b.s, "3.8")->value = snp_integer(218);
	b.s.vek_spec.exts = b.s.exts;
	struct pki_cert *stale = pki_cert(&b.s.vek_spec);
	struct snp_entry entry = { .kind = SNP_ENTRY_VCEK, .content = stale->der };
	struct pki_buf whole = { 0 };
	pki_raw(&whole, report);
	pki_raw(&whole, snp_table(&entry, 1, 0));
	struct tacit_slice raw = pki_take(&whole);
	b.collateral.cert_count = 0;
	snp_bench_cert(&b, right->der);
	snp_bench_cert(&b, ica->der);
	snp_bench_cert(&b, ark->der);
	snp_accepted(&b, snp_bench_raw(&b, raw), "the right VEK in collateral");
	b.collateral.cert_count = 0;
	snp_bench_cert(&b, ica->der);
	snp_bench_cert(&b, ark->der);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_BINDING, "snp.vek.tcb",
		    "the stale one alone");

	/* A whole forged chain in the table, beside the true root in collateral. */
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ark_spec.serial = "020000";
	snp_make(&b.s);
	b.root = ark->der;
	b.cx.insecure_test_roots = &b.root;
	b.cx.insecure_test_root_count = 1;
	ok(snp_bench_raw(&b, snp_evidence(&b.s, snp_usual_table(&b.s))) == TACIT_CHAIN,
	   "a forged chain in the table");
	ok(strcmp(b.err.where, "snp.ca.root") == 0, "is refused at its root");
}

/* ---- shared vectors ------------------------------------------------------------------------ */

static struct tacit_slice load(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/snp/%s", dir, name);
	return vector_file(path);
}

/* A real report with a table of the shared folder. */
static void judge_pair(const char *dir, const char *report_name, const char *table_name,
		       int64_t now, const char *ca)
{
	struct tacit_slice report = load(dir, report_name), table = load(dir, table_name);
	struct pki_buf whole = { 0 };
	char name[64];

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	b.cx.now = now;
	pki_raw(&whole, report);
	pki_raw(&whole, table);
	struct tacit_slice ark = { NULL, 0 }, ica = { NULL, 0 };
	if (ca) {
		ark = load(dir, "ca/milan_ark.der");
		snprintf(name, sizeof(name), "ca/%s", ca);
		ica = load(dir, name);
		snp_bench_cert(&b, ark);
		snp_bench_cert(&b, ica);
	}
	snp_accepted(&b, snp_bench_raw(&b, pki_take(&whole)), table_name);
	vector_done(report);
	vector_done(table);
	vector_done(ark);
	vector_done(ica);
}

static void test_vectors(const char *dir)
{
	json_t *index = vector_json("snp/certtable/index.json"), *one;
	const char *key;
	char path[256];

	json_object_foreach(index, key, one)
	{
		const char *expect = json_string_value(json_object_get(one, "expect"));

		snprintf(path, sizeof(path), "certtable/%s.bin", key);
		struct tacit_slice table = load(dir, path);
		is_table(table, strncmp(expect, "ok", 2) == 0 ? TACIT_OK : TACIT_FORMAT, key);
		vector_done(table);
	}
	json_decref(index);
	judge_pair(dir, "reports/genoa-v3-veraison.report.bin",
		   "certtable/genoa-v3-veraison.aux.bin", 1788220800, NULL);
	judge_pair(dir, "reports/milan-v2-virtee.report.bin", "certtable/der-be.bin", 1788220800,
		   NULL);
	judge_pair(dir, "reports/milan-v2-virtee.report.bin", "certtable/der-mixed-endian.bin",
		   1788220800, NULL);
	judge_pair(dir, "reports/milan-v3-aws-vlek.report.bin", "certtable/vlek-only.bin",
		   1748736000, "milan_asvk.der");
}

int main(void)
{
	const char *dir = tap_vectors();

	test_bounds();
	test_end();
	test_pairs();
	test_looks();
	test_evidence();
	test_contents();
	test_collateral();
	test_choice();
	if (dir)
		test_vectors(dir);
	else
		skip("tables", "no shared vectors (TACIT_VECTORS)");
	pki_done();
	return done();
}
