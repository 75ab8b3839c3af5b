/* SPDX-License-Identifier: Apache-2.0 */

/* SNP reports as objects, as guests of Confidential Containers send them. */

#include "tests/pki/snp_serde.h"
#include "tests/unit/snp_util.h"
#include "tests/unit/vectors.h"

#include "tee/unwrap.h"

static uint8_t room[1 << 18];
static struct tacit_arena arena;
static struct tacit_error err;
static struct tacit_evidence ev;
static struct snp_bench b;

static enum tacit_status unwrap(struct tacit_slice in)
{
	struct tacit_evidence none = { 0 };

	ev = none;
	memset(&err, 0, sizeof(err));
	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_evidence_unwrap(in, &arena, &ev, &err);
}

static void gives(struct tacit_slice in, struct tacit_slice raw, const char *what)
{
	if (!ok(unwrap(in) == TACIT_OK && ev.tee == TACIT_TEE_SNP && tacit_slice_eq(ev.raw, raw),
		"%s", what))
		printf("# %s: %s\n", err.where, err.detail);
}

/* The text with one stretch of it changed. */
static struct tacit_slice edit(struct tacit_slice text, const char *from, const char *to)
{
	const char *at = strstr((const char *)text.ptr, from);
	struct pki_buf buf = { 0 };

	if (!ok(at != NULL, "there is %s", from))
		return text;
	size_t head = (size_t)(at - (const char *)text.ptr);
	pki_raw(&buf, tacit_slice_of(text.ptr, head));
	pki_raw(&buf, tacit_slice_str(to));
	pki_raw(&buf, tacit_slice_str(at + strlen(from)));
	pki_raw(&buf, tacit_slice_of("", 1));
	struct tacit_slice all = pki_take(&buf);
	return tacit_slice_of(all.ptr, all.len - 1);
}

/* Without one member of the report, which is not the last one. */
static struct tacit_slice without(struct tacit_slice text, const char *member)
{
	char name[64];

	snprintf(name, sizeof(name), "\"%s\":", member);
	const char *at = strstr((const char *)text.ptr, name);
	if (!at)
		return text;
	const char *end = at + strlen(name);
	int depth = 0;
	while (depth || *end != ',') {
		depth += (*end == '[' || *end == '{') - (*end == ']' || *end == '}');
		end++;
	}
	size_t len = (size_t)(end + 1 - at);
	char *cut = (char *)pki_alloc(len + 1);
	memcpy(cut, at, len);
	return edit(text, cut, "");
}

static void refuses(struct tacit_slice in, const char *why, const char *what)
{
	enum tacit_status st = unwrap(in);

	if (!ok(st == TACIT_FORMAT && !ev.raw.ptr && strstr(err.detail, why), "%s", what))
		printf("# %d %s: %s\n", st, err.where, err.detail);
}

/* ---- what it becomes ----------------------------------------------------------------------- */

static void same_again(enum snp_make_product product, uint32_t version, bool vlek)
{
	char what[96];

	snp_bench_init(&b, product, version, vlek);
	/* Values of their own, where there would be zeros. */
	snp_put(&b.s, 0x04, 7, 4);
	snp_put(&b.s, 0x10, 0x1112131415161718, 8);
	snp_make(&b.s);
	struct tacit_slice whole = snp_evidence(&b.s, snp_usual_table(&b.s));
	for (int old = 0; old < 2; old++) {
		snprintf(what, sizeof(what), "%d, version %u%s%s", product, version,
			 vlek ? ", VLEK" : "", old ? ", as old crates write it" : "");
		gives(snp_serde_usual(&b.s, old), whole, what);
		ok(ev.wrapper && ev.wrapper->named == TACIT_TEE_SNP &&
			   ev.wrapper->layers[0] == TACIT_WRAPPER_AGENT,
		   "  names its platform");
		gives(snp_serde(TACIT_SLICE_ARRAY(b.s.report), old, NULL, 0),
		      TACIT_SLICE_ARRAY(b.s.report), "  and without certificates");
		snp_bench_trust(&b);
		is_status(unwrap(snp_serde_usual(&b.s, old)), TACIT_OK, "  again");
		enum tacit_status st = tacit_verify(&ev, &b.cx, &b.verdict, &b.err);
		snp_accepted(&b, st, "  what it becomes");
		snp_result(&b, "wrapper.platform", TACIT_CHECK_PASS);
	}
}

static void test_same(void)
{
	same_again(SNP_MAKE_MILAN, 2, false);
	same_again(SNP_MAKE_MILAN, 3, true);
	same_again(SNP_MAKE_GENOA, 3, false);
	same_again(SNP_MAKE_GENOA, 4, false);
	same_again(SNP_MAKE_GENOA, 5, false);
	same_again(SNP_MAKE_TURIN, 3, false);
	same_again(SNP_MAKE_TURIN, 5, false);
}

/* Reports of real chips, whose signatures tell whether every byte is there again. */
static void test_real(void)
{
	json_t *all = vector_json("snp/index.json"), *row;
	size_t i, count = 0, same = 0;

	if (!all)
		return;
	json_array_foreach(all, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "file"));
		char path[512];

		snprintf(path, sizeof(path), "%s/snp/%s", tap_vectors(), name);
		struct tacit_slice raw = vector_file(path);
		for (int old = 0; old < 2 && raw.len == SNP_REPORT_LEN; old++) {
			count++;
			bool good = unwrap(snp_serde(raw, old, NULL, 0)) == TACIT_OK &&
				    tacit_slice_eq(ev.raw, raw);
			same += good;
			if (!good)
				printf("# %s: %s\n", name, err.detail);
		}
		vector_done(raw);
	}
	json_decref(all);
	ok(count > 10 && same == count, "%zu of %zu real reports are the same again", same, count);
}

/* The one that is changed in what follows; its image id begins with a zero. */
static void start(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_put(&b.s, 0x20, 0, 1);
	snp_make(&b.s);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void test_missing(bool old)
{
	static const char *const NEEDED[] = {
		"version",      "guest_svn",    "policy",      "family_id",     "image_id",
		"vmpl",         "sig_algo",     "current_tcb", "plat_info",     "report_data",
		"measurement",  "host_data",    "report_id",   "id_key_digest", "author_key_digest",
		"report_id_ma", "reported_tcb", "chip_id",     "committed_tcb", "launch_tcb",
	};
	static const char *const OF_OLD[] = { "_author_key_en",  "current_build",
					      "current_minor",   "current_major",
					      "committed_build", "committed_minor",
					      "committed_major" };
	static const char *const OF_NEW[] = { "key_info", "current", "committed" };
	struct tacit_slice text = snp_serde_usual(&b.s, old);
	size_t count =
		old ? sizeof(OF_OLD) / sizeof(OF_OLD[0]) : sizeof(OF_NEW) / sizeof(OF_NEW[0]);

	for (size_t i = 0; i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++)
		refuses(without(text, NEEDED[i]), NEEDED[i], "  and what lacks it is refused");
	for (size_t i = 0; i < count; i++)
		refuses(without(text, old ? OF_OLD[i] : OF_NEW[i]), "lacks",
			"  and what lacks it is refused");
	refuses(edit(text, "\"r\":[", "\"s\":["), "", "a signature with one half twice");
	refuses(edit(text, "\"signature\":{", "\"signature\":{},\"_s\":{"), "no known version",
		"an object of another name");
}

/* One value of the newer form changed. */
static void test_values(void)
{
	static const struct {
		const char *from, *to, *why;
	} rows[] = {
		{ "\"version\":5", "\"version\":\"5\"", "" },
		{ "\"version\":5", "\"version\":-5", "" },
		{ "\"version\":5", "\"version\":5.0", "" },
		{ "\"version\":5", "\"version\":4294967296", "" },
		{ "\"version\":5", "\"version\":null", "" },
		{ "\"vmpl\":0", "\"vmpl\":0,\"vmpl\":0", "" },
		{ "\"vmpl\":0", "\"vmpl\":0,\"vmpl2\":0", "no known version" },
		{ "\"vmpl\":0", "\"vmpl\":[0]", "" },
		{ "\"vmpl\":0", "\"vmpl\":0,\"_author_key_en\":0", "same bytes" },
		{ "\"vmpl\":0", "\"vmpl\":0,\"current_build\":0", "same bytes" },
		{ "\"cpuid_step\":",
		  "\"_reserved_1\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
		  "0,0,0],\"cpuid_step\":",
		  "same bytes" },
		{ "\"report_data\":[", "\"report_data\":[0,", "another length" },
		{ "\"image_id\":[0,", "\"image_id\":[", "another length" },
		{ "\"image_id\":[0,", "\"image_id\":[256,", "" },
		{ "\"image_id\":[0,", "\"image_id\":[\"0\",", "" },
		{ "\"image_id\":[0,", "\"image_id\":[null,", "" },
		{ "\"host_data\":[", "\"host_data\":\"00\",\"x\":[", "" },
		{ "\"bootloader\":", "\"boot\":", "no known version" },
		{ "\"tee\":", "\"fmc2\":", "no known version" },
		{ "\"current_tcb\":{\"fmc\":null", "\"current_tcb\":{\"fmc\":256", "" },
		{ "\"current_tcb\":{", "\"current_tcb\":{},\"x\":{", "lacks a member" },
		{ "\"vmpl\":0", "\"vmpl\":0,\"_reserved_0\":null", "" },
		{ "\"VCEK\",", "\"VCEK\"},{\"cert_type\":\"VLEK\",", "lacks its kind" },
		{ "\"current_tcb\":{\"fmc\":null,",
		  "\"current_tcb\":{\"fmc\":1,\"_reserved\":[0,0,0"
		  ",0],",
		  "two layouts" },
		{ "\"current_tcb\":{\"fmc\":null,", "\"current_tcb\":7,\"x\":{", "" },
		{ "\"current\":{\"major\":", "\"current\":{\"Major\":", "no known version" },
		{ "\"launch_mit_vector\":", "\"launch_mit_vector\":18446744073709551616,\"x\":",
		  "" },
		{ "\"attestation_report\":{", "\"attestation_report\":{}", "" },
		{ "\"cert_type\":\"VCEK\"", "\"cert_type\":\"VCEQ\"", "not known" },
		{ "\"cert_type\":\"VCEK\"", "\"cert_type\":null", "" },
		{ "\"cert_type\":\"VCEK\"", "\"cert_type\":{\"VCEK\":\"\"}", "not known" },
		{ "\"cert_type\":\"VCEK\"", "\"cert_type\":{\"OTHER\":7}", "" },
		{ "\"cert_type\":\"VCEK\"", "\"cert_type\":\"ASK\"", "two certificates" },
		{ "\"cert_type\":\"VCEK\",", "", "lacks" },
		{ "\"cert_type\":\"VCEK\",", "\"cert_type\":\"VCEK\",\"x\":1,", "not known" },
		{ "\"VCEK\",\"data\":[", "\"VCEK\",\"data\":\"3082\",\"x\":[", "no array" },
		{ "\"VCEK\",\"data\":[", "\"VCEK\",\"data\":null,\"x\":[", "no array" },
		{ "\"cert_chain\":[", "\"cert_chain\":[7,", "" },
		{ "\"cert_chain\":[", "\"cert_chain\":[{},", "lacks" },
		{ "{\"attestation_report\"", "{\"quote\":\"00\",\"attestation_report\"",
		  "several" },
		{ "{\"attestation_report\"", "{\"report\":\"00\",\"attestation_report\"",
		  "several" },
		{ "{\"attestation_report\"", "{\"hcl_report\":\"00\",\"attestation_report\"",
		  "several" },
		{ "{\"attestation_report\"", "{\"tee\":\"tdx\",\"attestation_report\"", "" },
	};
	struct tacit_slice text = snp_serde_usual(&b.s, false);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuses(edit(text, rows[i].from, rows[i].to), rows[i].why, rows[i].to);
}

/* A TCB without one of its members, which would be zero then. */
static void test_tcb_members(void)
{
	static const struct {
		const char *name, *members;
	} rows[] = {
		{ "bootloader", "{\"tee\":0,\"snp\":0,\"microcode\":0},\"_\":{" },
		{ "tee", "{\"bootloader\":0,\"snp\":0,\"microcode\":0},\"_\":{" },
		{ "snp", "{\"bootloader\":0,\"tee\":0,\"microcode\":0},\"_\":{" },
		{ "microcode", "{\"bootloader\":0,\"tee\":0,\"snp\":0},\"_\":{" },
	};
	struct tacit_slice text = snp_serde_usual(&b.s, false);
	char with[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(with, sizeof(with), "\"current_tcb\":%s", rows[i].members);
		refuses(edit(text, "\"current_tcb\":{", with), "lacks a member", rows[i].name);
	}
}

/* What says nothing changes nothing. */
static void test_harmless(void)
{
	struct tacit_slice text = snp_serde_usual(&b.s, false);
	struct tacit_slice whole = snp_evidence(&b.s, snp_usual_table(&b.s));
	struct snp_entry other[] = {
		{ .kind = SNP_ENTRY_OTHER, .content = tacit_slice_str("some vendor's") },
		{ .kind = SNP_ENTRY_VCEK, .content = b.s.vek->der },
		{ .kind = SNP_ENTRY_CRL, .content = tacit_slice_str("a list") },
		{ .kind = SNP_ENTRY_ARK, .content = { NULL, 0 } },
	};
	struct snp_entry kept[] = { other[1], other[2] };
	struct snp_entry many[TACIT_SNP_TABLE_ENTRIES + 1];

	gives(edit(text, "\"cert_chain\":[",
		   "\"cert_chain\":[{\"cert_type\":\"Empty\",\"data\":[]},"),
	      whole, "an entry that ends a table");
	gives(edit(text, "{\"attestation_report\"", "{\"tee\":\"snp\",\"attestation_report\""),
	      whole, "the right platform's name");
	gives(edit(text, "\"cert_chain\":", "\"other\":7,\"cert_chain\":"), whole,
	      "another member");
	struct tacit_slice report = TACIT_SLICE_ARRAY(b.s.report);
	gives(snp_serde(report, false, other, 4), snp_evidence(&b.s, snp_table(kept, 2, 0)),
	      "a vendor's entry and an empty one are left out, a revocation list is not");
	gives(snp_serde(report, false, other, 1), report, "nothing but a vendor's");
	for (size_t i = 0; i < TACIT_SNP_TABLE_ENTRIES + 1; i++)
		many[i] = other[0];
	gives(snp_serde(report, true, many, TACIT_SNP_TABLE_ENTRIES), report, "as many as may be");
	refuses(snp_serde(report, true, many, TACIT_SNP_TABLE_ENTRIES + 1), "too many",
		"one entry more");
}

/* Crate 6.2 knows no mitigation vectors: what it sends of a report that has some does not hold. */
static void test_lost(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_put(&b.s, 0x1f8, 1, 8);
	snp_make(&b.s);
	snp_bench_trust(&b);
	struct tacit_slice text = snp_serde_usual(&b.s, false);
	is_status(unwrap(text), TACIT_OK, "a report with a mitigation vector");
	snp_accepted(&b, tacit_verify(&ev, &b.cx, &b.verdict, &b.err), "with it it");
	is_status(unwrap(without(text, "launch_mit_vector")), TACIT_OK, "without it");
	snp_refused(&b, tacit_verify(&ev, &b.cx, &b.verdict, &b.err), TACIT_SIGNATURE,
		    "snp.report.signature", "the signature tells");
	start();
}

/* Cut anywhere, or with any byte changed: refused, or the same, or another report. */
static void test_bytes(bool old)
{
	struct tacit_slice text = snp_serde(TACIT_SLICE_ARRAY(b.s.report), old, NULL, 0);
	struct tacit_slice whole = TACIT_SLICE_ARRAY(b.s.report);
	uint8_t *copy = (uint8_t *)(uintptr_t)pki_copy(text).ptr;
	size_t cut = 0, changed = 0, same = 0;

	for (size_t n = 0; n < text.len; n++)
		cut += unwrap(tacit_slice_of(copy, n)) == TACIT_OK;
	ok(cut == 0, "every truncation is refused");
	for (size_t i = 0; i < text.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			copy[i] ^= (uint8_t)(1u << bit);
			if (unwrap(tacit_slice_of(copy, text.len)) == TACIT_OK) {
				changed += !tacit_slice_eq(ev.raw, whole);
				same += tacit_slice_eq(ev.raw, whole);
			}
			copy[i] ^= (uint8_t)(1u << bit);
		}
	}
	/* The name of "cert_chain" is the one place where a letter means nothing here. */
	ok(same <= 8 * strlen("cert_chain") + 4,
	   "a changed bit is refused or changes the report: %zu", same);
	ok(changed > 500, "  %zu of them change it", changed);
}

static void test_arena(void)
{
	struct tacit_slice text = snp_serde_usual(&b.s, false);
	bool limits = true, once = false;

	for (size_t size = 0; size < 32768 && !once; size += 8) {
		tacit_arena_init(&arena, room, size);
		enum tacit_status st = tacit_evidence_unwrap(text, &arena, &ev, NULL);
		once = st == TACIT_OK;
		limits &= once || st == TACIT_LIMIT;
	}
	ok(once && limits, "a full arena is a limit, and nothing else");
}

int main(void)
{
	test_same();
	test_real();
	start();
	test_missing(false);
	test_missing(true);
	test_values();
	test_tcb_members();
	test_harmless();
	test_lost();
	test_bytes(false);
	test_bytes(true);
	test_arena();
	pki_done();
	return done();
}
