/* SPDX-License-Identifier: Apache-2.0 */

/* Taking layers off evidence: every form, and forms that mean nothing or two things. */

#include "tests/pki/azure.h"
#include "tests/unit/azure_util.h"
#include "tests/unit/nitro_util.h"

#include "base/base64.h"
#include "base/bounds.h"
#include "base/writer.h"
#include "crypto/hash.h"

static uint8_t room[1 << 18], text_room[1 << 16];
static struct tacit_arena arena;
static struct tacit_error err;
static struct tacit_evidence ev;
static struct snp_evidence snp;
static struct tacit_slice report, table;

static enum tacit_status unwrap(struct tacit_slice in)
{
	struct tacit_evidence none = { 0 };

	ev = none;
	memset(&err, 0, sizeof(err));
	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_evidence_unwrap(in, &arena, &ev, &err);
}

static void gives(struct tacit_slice in, enum tacit_tee tee, struct tacit_slice raw,
		  const char *what)
{
	if (!ok(unwrap(in) == TACIT_OK && ev.tee == tee && tacit_slice_eq(ev.raw, raw), "%s", what))
		printf("# %s: %s (%s)\n", err.where, err.detail, tacit_tee_name(ev.tee));
}

static void refuses(struct tacit_slice in, enum tacit_status want, const char *what)
{
	is_status(unwrap(in), want, what);
	ok(!ev.raw.ptr && err.status == want, "  and gives nothing");
}

/* ---- text ---------------------------------------------------------------------------------- */

static struct tacit_slice as_hex(struct tacit_slice bytes, const char *head, bool upper)
{
	char *text = (char *)text_room;
	size_t at = strlen(head);

	memcpy(text, head, at);
	tacit_hex_encode(bytes, text + at);
	for (size_t i = at; upper && text[i]; i++)
		if (text[i] >= 'a')
			text[i] = (char)(text[i] - 'a' + 'A');
	return tacit_slice_str(text);
}

static struct tacit_slice as_base64(struct tacit_slice bytes, enum tacit_base64 form, size_t width)
{
	static char line[1 << 16];
	char *text = (char *)text_room;
	size_t at = 0;

	tacit_base64_encode(form, bytes, line);
	for (size_t i = 0; line[i]; i++) {
		if (width && i && i % width == 0)
			text[at++] = '\n';
		text[at++] = line[i];
	}
	text[at] = '\0';
	return tacit_slice_of(text, at);
}

static void test_text(void)
{
	gives(report, TACIT_TEE_SNP, report, "bare evidence stays as it is");
	ok(!ev.wrapper && !ev.received.ptr, "  with nothing around it");
	gives(as_hex(report, "", false), TACIT_TEE_SNP, report, "hex");
	ok(!ev.wrapper, "  says nothing of its own");
	ok(ev.received.len == 2 * report.len, "  and is kept as it was received");
	gives(as_hex(report, "", true), TACIT_TEE_SNP, report, "hex in capitals");
	gives(as_hex(report, " \n0x", false), TACIT_TEE_SNP, report, "hex behind 0x");
	gives(as_base64(report, TACIT_BASE64, 0), TACIT_TEE_SNP, report, "base64");
	gives(as_base64(report, TACIT_BASE64URL, 0), TACIT_TEE_SNP, report,
	      "base64 for URLs, without padding");
	gives(as_base64(report, TACIT_BASE64, 64), TACIT_TEE_SNP, report, "base64 in lines");
	struct tacit_slice whole = snp_evidence(&snp, table);
	for (size_t cut = 0; cut < 3; cut++) {
		struct tacit_slice part = tacit_slice_of(whole.ptr, whole.len - cut);
		struct tacit_slice text = as_base64(part, TACIT_BASE64, 76);
		gives(text, TACIT_TEE_SNP, part, "base64 with any padding");
		while (text.ptr[text.len - 1] == '=')
			text.len--;
		gives(text, TACIT_TEE_SNP, part, "  and without it");
	}
	struct tacit_slice hex = as_hex(report, "", false);
	refuses(tacit_slice_of(hex.ptr, hex.len - 1), TACIT_FORMAT, "half a byte of hex");
	text_room[100] = 'g';
	refuses(tacit_slice_of(text_room, hex.len), TACIT_FORMAT, "hex with another letter");
	struct tacit_slice b64 = as_base64(report, TACIT_BASE64, 0);
	text_room[4] = '-';
	text_room[5] = '+';
	refuses(b64, TACIT_FORMAT, "base64 of two alphabets");
	b64 = as_base64(report, TACIT_BASE64, 0);
	text_room[100] = '=';
	refuses(b64, TACIT_FORMAT, "padding in the middle");
	refuses(tacit_slice_str("===="), TACIT_FORMAT, "nothing but padding");
	refuses(tacit_slice_str(" \n"), TACIT_FORMAT, "nothing but space");
	refuses(tacit_slice_of(NULL, 0), TACIT_FORMAT, "nothing");
	refuses(tacit_slice_str("0x"), TACIT_FORMAT, "no digits");
}

static void test_layers(void)
{
	struct tacit_slice text = pki_copy(as_hex(report, "", false));

	text = as_base64(text, TACIT_BASE64, 0);
	gives(text, TACIT_TEE_SNP, report, "hex in base64");
	text = as_base64(pki_copy(text), TACIT_BASE64, 0);
	gives(text, TACIT_TEE_SNP, report, "three layers");
	text = as_base64(pki_copy(text), TACIT_BASE64, 0);
	refuses(text, TACIT_LIMIT, "four layers");
}

static void test_arena(void)
{
	struct tacit_slice text = as_base64(report, TACIT_BASE64, 0);
	bool limits = true, once = false;

	for (size_t size = 0; size < 8192 && !once; size += 8) {
		tacit_arena_init(&arena, room, size);
		enum tacit_status st = tacit_evidence_unwrap(text, &arena, &ev, NULL);
		once = st == TACIT_OK;
		limits &= once || st == TACIT_LIMIT;
	}
	ok(once && limits, "a full arena is a limit, and nothing else");
	static uint8_t big[TACIT_EVIDENCE_MAX + 1];
	refuses(TACIT_SLICE_ARRAY(big), TACIT_LIMIT, "over 1 MiB");
	/* Small evidence in it changes nothing. */
	char *hex = (char *)pki_alloc(2 * report.len + 1);
	tacit_hex_encode(report, hex);
	memset(big, ' ', sizeof(big));
	int len = snprintf((char *)big, sizeof(big), "{\"report\":\"%s\"}", hex);
	big[len] = ' ';
	gives(tacit_slice_of(big, TACIT_EVIDENCE_MAX), TACIT_TEE_SNP, report,
	      "1 MiB of mostly space");
	refuses(TACIT_SLICE_ARRAY(big), TACIT_LIMIT, "a space more");
}

/* ---- marked documents ---------------------------------------------------------------------- */

static struct tacit_slice marked(const char *mark, struct tacit_slice document,
				 const struct tacit_slice *certs)
{
	struct writer w = wr_of(tacit_mut_of(text_room, sizeof(text_room)));
	uint8_t le[4];

	wr_bytes(&w, tacit_slice_of(mark, 12));
	for (size_t i = 0; i < 4; i++)
		le[i] = (uint8_t)(document.len >> 8 * i);
	wr_bytes(&w, TACIT_SLICE_ARRAY(le));
	wr_bytes(&w, document);
	for (size_t i = 0; certs && i < 4; i++)
		le[i] = (uint8_t)(certs->len >> 8 * i);
	if (certs) {
		wr_bytes(&w, TACIT_SLICE_ARRAY(le));
		wr_bytes(&w, *certs);
	}
	return tacit_slice_of(text_room, w.at);
}

static void test_markers(void)
{
	static const char SNP[] = "SEV_SNP_V1\0\0", TDX[] = "TDX_V1\0\0\0\0\0\0",
			  MOCK[] = "MOCK_ATT_V1\0", AZ[] = "AZ_SNP_V1\0\0\0";
	const struct pki_cert *chain[3] = { snp.vek, snp.ica, snp.ark };
	struct tacit_slice pem = pki_pem(chain, 3, 0), none = { NULL, 0 };
	struct pki_buf der = { 0 };
	static struct dcap_quote_spec spec;

	for (size_t i = 0; i < 3; i++)
		pki_raw(&der, chain[i]->der);
	struct tacit_slice ders = pki_take(&der);
	gives(marked(SNP, report, &ders), TACIT_TEE_SNP, report, "a marked report");
	ok(ev.wrapper && ev.wrapper->cert_count == 3 && ev.wrapper->named == TACIT_TEE_SNP,
	   "  with certificates one behind the other");
	gives(marked(SNP, report, &pem), TACIT_TEE_SNP, report, "with certificates as PEM");
	ok(ev.wrapper && ev.wrapper->cert_count == 3 &&
		   tacit_slice_eq(ev.wrapper->certs[1], snp.ica->der),
	   "  all of them");
	gives(marked(SNP, report, &none), TACIT_TEE_SNP, report, "without certificates");
	refuses(marked(SNP, report, NULL), TACIT_FORMAT, "without even a place for them");
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	struct tacit_slice quote = dcap_quote(&spec);
	gives(marked(TDX, quote, NULL), TACIT_TEE_TDX, quote, "a marked quote");
	refuses(marked(TDX, quote, &none), TACIT_FORMAT, "bytes behind a quote");
	refuses(marked(MOCK, report, NULL), TACIT_UNSUPPORTED, "a mock");
	ders.len--;
	refuses(marked(SNP, report, &ders), TACIT_FORMAT, "a certificate that was cut");
	struct tacit_slice rubbish = tacit_slice_str("rubbish");
	refuses(marked(SNP, report, &rubbish), TACIT_FORMAT, "certificates that are none");
	struct tacit_slice doc = marked(SNP, report, &pem);
	size_t bad = 0;
	for (size_t n = 0; n < doc.len; n++)
		bad += unwrap(tacit_slice_of(text_room, n)) == TACIT_OK;
	ok(bad == 0, "every truncation of a marked document is refused");
	doc = marked(SNP, report, &pem);
	memset(text_room + 12, 0xff, 4);
	refuses(doc, TACIT_FORMAT, "a length that is too much");
	doc = marked(AZ, report, &none);
	is_status(unwrap(doc), TACIT_OK, "a marker for Azure around plain SNP is unwrapped");
	ok(ev.tee == TACIT_TEE_SNP && ev.wrapper->named == TACIT_TEE_AZURE_SNP,
	   "  and found out when it is judged");
}

/* ---- agents' JSON -------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static struct tacit_slice json(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf((char *)text_room, sizeof(text_room), fmt, args);
	va_end(args);
	return tacit_slice_str((const char *)text_room);
}

static void test_agent(void)
{
	static struct azure_spec a;

	azure_init(&a, false);
	azure_make(&a);
	gives(azure_agent_json(&a, ""), TACIT_TEE_AZURE_SNP, a.hcl, "an agent's evidence");
	ok(ev.wrapper && ev.wrapper->layers[0] == TACIT_WRAPPER_AGENT &&
		   ev.wrapper->cert_count == 1 && ev.wrapper->tpm.pcr_count == 24,
	   "  with its certificate and PCRs");
	is_slice(ev.wrapper->tpm.message, a.message, "  the TPM's message");
	is_slice(ev.wrapper->tpm.signature, a.signature, "  and signature");
	refuses(azure_agent_json(&a, "\"hcl_report\":\"SENMQQ\","), TACIT_FORMAT, "a member twice");
	refuses(azure_agent_json(&a, "\"td_quote\":\"AAAA\",\"quote\":\"AAAA\","), TACIT_FORMAT,
		"two quotes under two names");
	char *hex = (char *)pki_alloc(2 * report.len + 1);
	tacit_hex_encode(report, hex);
	char *both = (char *)pki_alloc(2 * report.len + 32);
	snprintf(both, 2 * report.len + 32, "\"report\":\"%s\",", hex);
	refuses(azure_agent_json(&a, both), TACIT_FORMAT, "a report beside an HCL report");
	refuses(azure_agent_json(&a, "\"quote\":{\"message\":\"00\",\"signature\":\"00\"},"),
		TACIT_FORMAT, "two quotes of a TPM");
	azure_init(&a, true);
	azure_make(&a);
	gives(azure_agent_json(&a, ""), TACIT_TEE_AZURE_TDX, a.hcl, "of a TD");
	is_slice(ev.wrapper->td_quote, a.td_quote, "  with its quote");
	gives(json("{\"report\":\"%s\"}", hex), TACIT_TEE_SNP, report, "a report in JSON");
	gives(json("  {\"attestation_report\" : \"%s\", \"x\": {\"y\": [1, null]}}\n", hex),
	      TACIT_TEE_SNP, report, "under another name, with members that mean nothing");
	struct tacit_slice inner = pki_copy(json("{\"report\":\"%s\"}", hex));
	char *nested = (char *)pki_alloc(2 * inner.len);
	tacit_base64_encode(TACIT_BASE64URL, inner, nested);
	gives(json("{\"tee\":\"snp\",\"evidence\":\"%s\"}", nested), TACIT_TEE_SNP, report,
	      "an object in base64 in an object");
	ok(ev.wrapper && ev.wrapper->named == TACIT_TEE_SNP && ev.wrapper->layer_count == 2,
	   "  of which the outer one names the platform");
	refuses(json("{\"report\":\"%s\",\"quote\":\"0000\"}", hex), TACIT_FORMAT,
		"two kinds of evidence");
	refuses(json("{\"report\":\"%s\"} x", hex), TACIT_FORMAT, "something behind it");
	refuses(json("{\"report\":\"%s\",\"report\":\"00\"}", hex), TACIT_FORMAT, "one name twice");
	refuses(json("{\"reports\":\"%s\"}", hex), TACIT_FORMAT, "no name that is known");
	refuses(json("{\"report\":\"%s?\"}", hex), TACIT_FORMAT, "text that is neither");
	refuses(json("{"), TACIT_FORMAT, "no object at all");
	refuses(json("{\"report\":[1,2,256]}"), TACIT_FORMAT, "numbers that are no bytes");
	refuses(json("{\"tee\":\"tdx\",\"report\":\"%s\",\"tee_type\":7}", "00"), TACIT_FORMAT,
		"evidence of no kind");
}

static void test_numbers(void)
{
	struct writer w = wr_of(tacit_mut_of(text_room, sizeof(text_room)));
	char number[8];

	wr_bytes(&w, tacit_slice_str("{\"report\":["));
	for (size_t i = 0; i < report.len; i++) {
		snprintf(number, sizeof(number), i ? ",%u" : "%u", report.ptr[i]);
		wr_bytes(&w, tacit_slice_str(number));
	}
	wr_bytes(&w, tacit_slice_str("]}"));
	gives(tacit_slice_of(text_room, w.at), TACIT_TEE_SNP, report, "bytes as numbers");
}

/* ---- Obol ---------------------------------------------------------------------------------- */

#define PUBKEY                                                             \
	"04"                                                               \
	"2f08750e0bb6b6cbf3d70fe80d7014edadebdbdad9399b5af31cb477913d1037" \
	"6f6cf42081a5460bf403a8d4d803d8a3d9f8d0b4ebb2c3b458df575eb8a6b2eb"
#define MODEL "4fb53885862e0f970d5063417cd343ab5f75c770897578ce0cf7b37cd04b5122"
/* SHA-256 of both */
#define BOUND "fe375fca8146fdf8de5d8f0874d724529c95cb9c1a9ee44afb3835ec69acf1bc"

static void obol_make(void)
{
	struct tacit_slice bound = pki_hex(BOUND);

	memset(snp.report + 0x50, 0, 64);
	memcpy(snp.report + 0x50, bound.ptr, bound.len);
	snp_sign(&snp);
}

static struct tacit_slice obol(const char *tee, const char *pubkey, const char *model)
{
	static char quote[8192], out[16384];
	struct tacit_slice all = snp_evidence(&snp, table);

	tacit_base64_encode(TACIT_BASE64, all, quote);
	snprintf(out, sizeof(out),
		 "{\"tee_type\":\"%s\",\"pubkey\":\"%s\",\"model_hash\":\"%s\",\"quote\":\"%s\","
		 "\"timestamp\":1767225606}\n",
		 tee, pubkey, model, quote);
	return tacit_slice_str(out);
}

static struct azure_bench b;

static enum tacit_status judge(struct tacit_slice in)
{
	static struct tacit_slice root;

	azure_start(&b, SNP_NOW);
	root = snp.ark->der;
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
	if (unwrap(in) != TACIT_OK)
		return err.status;
	return azure_judge_ev(&b, &ev);
}

static void test_obol(void)
{
	obol_make();
	is_status(judge(obol("snp", PUBKEY, MODEL)), TACIT_OK, "a report of Obol");
	azure_diag(&b);
	azure_passed(&b, "wrapper.platform");
	azure_passed(&b, "wrapper.obol.binding");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims && tacit_slice_eq(claims->public_key, pki_hex(PUBKEY)),
	   "  gives the key that the evidence stands for");
	is_status(judge(obol("tdx", PUBKEY, MODEL)), TACIT_BINDING, "another platform's name");
	azure_failed(&b, "wrapper.platform");
	char other[] = PUBKEY;
	other[5] ^= 1;
	is_status(judge(obol("snp", other, MODEL)), TACIT_BINDING, "another key");
	azure_failed(&b, "wrapper.obol.binding");
	char model[] = MODEL;
	model[0] ^= 1;
	is_status(judge(obol("snp", PUBKEY, model)), TACIT_BINDING, "another model");
	azure_failed(&b, "wrapper.obol.binding");
	ok(tacit_verdict_genuine(&b.verdict) && !tacit_verdict_claims(&b.verdict),
	   "  genuine, and not acceptable");
	is_status(judge(obol("snp", PUBKEY, "")), TACIT_BINDING, "no model");
	is_status(judge(obol("snp", PUBKEY MODEL, "")), TACIT_BINDING, "a key that holds the hash");
	azure_failed(&b, "wrapper.obol.binding");
	is_status(judge(obol("snp", "04", &PUBKEY MODEL[2])), TACIT_BINDING,
		  "a hash that holds most of the key");
	azure_failed(&b, "wrapper.obol.binding");
	refuses(obol("stub", PUBKEY, MODEL), TACIT_UNSUPPORTED, "a stub of Obol");
	refuses(obol("what", PUBKEY, MODEL), TACIT_FORMAT, "a platform that is none");
	refuses(obol("snp", PUBKEY "0", MODEL), TACIT_FORMAT, "half a byte of a key");
	refuses(tacit_slice_str("{\"timestamp\":1,\"type\":\"stub\",\"user_data\":\"00\"}"),
		TACIT_UNSUPPORTED, "a stub quote alone");
	snp.report[0x50 + 40] = 1;
	snp_sign(&snp);
	is_status(judge(obol("snp", PUBKEY, MODEL)), TACIT_BINDING,
		  "something behind the hash in REPORT_DATA");
	memset(snp.report + 0x50, 0, 64);
	snp_sign(&snp);
}

/* REPORT_DATA that stand for this key and this hash as they are, however they are cut. */
static enum tacit_status obol_bound(const char *pubkey, const char *model)
{
	const struct tacit_slice parts[] = { pki_hex(pubkey), pki_hex(model) };

	memset(snp.report + 0x50, 0, 64);
	is_status(tacit_hash_parts(TACIT_SHA256, parts, 2, snp.report + 0x50, NULL), TACIT_OK,
		  "hashed");
	snp_sign(&snp);
	return judge(obol("snp", pubkey, model));
}

static void test_obol_cut(void)
{
	static char outer[32768];
	char key[] = PUBKEY, model[] = MODEL;

	is_status(obol_bound(key, model), TACIT_OK, "a point and a hash");
	is_status(obol_bound(key, ""), TACIT_OK, "a point and no hash");
	key[1] = '2';
	is_status(obol_bound(key, model), TACIT_BINDING, "65 bytes that are no point");
	azure_failed(&b, "wrapper.obol.binding");
	model[62] = '\0';
	is_status(obol_bound(PUBKEY, model), TACIT_BINDING, "a hash of 31 bytes");
	azure_failed(&b, "wrapper.obol.binding");
	is_status(obol_bound(PUBKEY, MODEL), TACIT_OK, "and as it should be");
	struct tacit_slice inner = obol("snp", PUBKEY, MODEL);
	size_t len = (size_t)snprintf(outer, sizeof(outer),
				      "{\"tee_type\":\"snp\",\"pubkey\":\"" PUBKEY
				      "\",\"model_hash\":\"" MODEL "\",\"quote\":\"");
	tacit_base64_encode(TACIT_BASE64, inner, outer + len);
	len = strlen(outer);
	snprintf(outer + len, sizeof(outer) - len, "\",\"timestamp\":1}");
	refuses(tacit_slice_str(outer), TACIT_FORMAT, "a report of Obol within another");
	memset(snp.report + 0x50, 0, 64);
	snp_sign(&snp);
}

/* Around a Nitro document, which has user data of any length and no REPORT_DATA. */
static void test_obol_nitro(void)
{
	static struct nitro_bench n;
	static char quote[16384], out[32768];
	static struct tacit_slice root;
	uint8_t data[65] = { 0 };
	struct nitro_spec spec = { 0 };
	const size_t lens[] = { 0, 31, 32, 33, 63, 64, 65 };

	nitro_start(&n);
	root = n.pki.root;
	memcpy(data, pki_hex(BOUND).ptr, 32);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		bool right = lens[i] == 32 || lens[i] == 64;

		spec.user_data = tacit_slice_of(data, lens[i]);
		tacit_base64_encode(TACIT_BASE64, nitro_document(&n.pki, &spec), quote);
		snprintf(out, sizeof(out),
			 "{\"tee_type\":\"nitro\",\"pubkey\":\"" PUBKEY "\",\"model_hash\":\"" MODEL
			 "\",\"quote\":\"%s\",\"timestamp\":1}",
			 quote);
		azure_start(&b, NITRO_NOW);
		b.cx.insecure_test_roots = &root;
		b.cx.insecure_test_root_count = 1;
		is_status(unwrap(tacit_slice_str(out)), TACIT_OK, "Obol around a Nitro document");
		ok(azure_judge_ev(&b, &ev) == (right ? TACIT_OK : TACIT_BINDING),
		   "  with %zu bytes of user data", lens[i]);
		if (right)
			azure_passed(&b, "wrapper.obol.binding");
		else
			azure_failed(&b, "wrapper.obol.binding");
	}
}

/*
 * With too little room for what came along the judgement does not go on without it. The caller's
 * own certificates are so many here that what is judged next would fit.
 */
static void test_context_many(void)
{
	static const char SNP[] = "SEV_SNP_V1\0\0";
	static struct tacit_cert many[128];
	static uint8_t small[1 << 16];
	const struct pki_cert *chain[3] = { snp.vek, snp.ica, snp.ark };
	struct tacit_slice pem = pki_pem(chain, 3, 0);
	struct tacit_slice doc = pki_copy(marked(SNP, report, &pem));
	enum tacit_status st = TACIT_LIMIT;

	for (size_t i = 0; i < 128; i++)
		is_status(tacit_cert_parse(snp.ark->der, "t", &many[i], NULL), TACIT_OK, "a root");
	is_status(judge(doc), TACIT_OK, "what came along is used");
	b.collateral.certs = many;
	b.collateral.cert_count = 128;
	for (size_t size = 0; size <= sizeof(small) && st == TACIT_LIMIT; size += 64) {
		tacit_arena_init(&b.arena, small, size);
		st = azure_judge_ev(&b, &ev);
	}
	is_status(st, TACIT_OK, "all of it, or TACIT_LIMIT");
}

/* An event log that came along, at every size of the arena. */
static void test_context_log(void)
{
	static uint8_t small[1 << 16];
	static const char ZEROS[65] = "00000000000000000000000000000000"
				      "00000000000000000000000000000000";
	char *hex = (char *)pki_alloc(2 * report.len + 1);
	const struct pki_cert *chain[3] = { snp.vek, snp.ica, snp.ark };
	enum tacit_status st = TACIT_LIMIT;

	tacit_hex_encode(report, hex);
	is_status(judge(json("{\"report\":\"%s\",\"cc_eventlog\":\"%s\"}", hex, ZEROS)),
		  TACIT_UNDECIDED, "a report with a log, and no certificates");
	ok(ev.wrapper && ev.wrapper->event_log.len == 32, "the log is there");
	for (size_t i = 0; i < 3; i++)
		azure_cert(&b, chain[i]->der);
	for (size_t size = 0; size <= sizeof(small) && st == TACIT_LIMIT; size += 8) {
		tacit_arena_init(&b.arena, small, size);
		st = azure_judge_ev(&b, &ev);
	}
	is_status(st, TACIT_OK, "is TACIT_LIMIT with too little room, and else accepted");
}

/* What comes along needs room in the judgement's arena too. */
static void test_context_arena(void)
{
	static const char SNP[] = "SEV_SNP_V1\0\0";
	static uint8_t small[1 << 16];
	const struct pki_cert *chain[3] = { snp.vek, snp.ica, snp.ark };
	struct tacit_slice doc = pki_copy(marked(SNP, report, &(struct tacit_slice){ NULL, 0 }));
	struct tacit_slice pem = pki_pem(chain, 3, 0);
	size_t wrong = 0, size;

	doc = pki_copy(marked(SNP, report, &pem));
	is_status(judge(doc), TACIT_OK, "with room for all of it");
	enum tacit_status st = TACIT_LIMIT;
	for (size = 0; size <= sizeof(small) && st == TACIT_LIMIT; size += 16) {
		tacit_arena_init(&b.arena, small, size);
		st = azure_judge_ev(&b, &ev);
		wrong += st == TACIT_LIMIT && tacit_verdict_genuine(&b.verdict);
	}
	ok(st == TACIT_OK && wrong == 0, "less than %zu bytes is TACIT_LIMIT (%s)", size,
	   tacit_status_name(st));
}

/* Certificates that are too many, or of another kind, or broken. */
static void test_wrong_certs(void)
{
	static const char SNP[] = "SEV_SNP_V1\0\0", TDX[] = "TDX_V1\0\0\0\0\0\0";
	const struct pki_cert *many[TACIT_WRAPPER_CERTS + 1];
	struct pki_buf text = { 0 };

	for (size_t i = 0; i <= TACIT_WRAPPER_CERTS; i++)
		many[i] = snp.ark;
	struct tacit_slice pem = pki_pem(many, TACIT_WRAPPER_CERTS, 0);
	gives(marked(SNP, report, &pem), TACIT_TEE_SNP, report, "as many as may be");
	pem = pki_pem(many, TACIT_WRAPPER_CERTS + 1, 0);
	refuses(marked(SNP, report, &pem), TACIT_LIMIT, "one certificate more");
	pem = tacit_slice_str("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
	refuses(marked(SNP, report, &pem), TACIT_FORMAT, "a list for a certificate");
	pki_raw(&text, pki_pem(many, 1, 0));
	pki_raw(&text, tacit_slice_str("-----BEGIN CERTIFICATE-----\n!\n"));
	pem = pki_take(&text);
	refuses(marked(SNP, report, &pem), TACIT_FORMAT, "broken PEM behind a certificate");
	struct tacit_slice none = { NULL, 0 };
	struct tacit_slice inner = pki_copy(marked(SNP, report, &none));
	refuses(marked(TDX, inner, NULL), TACIT_FORMAT, "two markers that differ");
	tacit_arena_init(&arena, room, 0);
	is_status(tacit_evidence_unwrap(report, &arena, &ev, NULL), TACIT_LIMIT,
		  "no arena, and nothing to peel off");
}

/* A certificate in a wrapper is no anchor, and one that cannot be read is none at all. */
static void test_certs(void)
{
	static const char SNP[] = "SEV_SNP_V1\0\0";
	const struct pki_cert *chain[3] = { snp.vek, snp.ica, snp.ark };
	struct tacit_slice pem = pki_pem(chain, 3, 0), none = { NULL, 0 };

	struct tacit_slice doc = pki_copy(marked(SNP, report, &pem));
	is_status(judge(doc), TACIT_OK, "certificates that come along are used");
	azure_diag(&b);
	b.cx.insecure_test_root_count = 0;
	tacit_arena_wipe(&b.arena);
	is_status(azure_judge_ev(&b, &ev), TACIT_CHAIN, "and are no anchors");
	doc = pki_copy(marked(SNP, report, &none));
	is_status(judge(doc), TACIT_UNDECIDED, "without them nothing can be said");
	struct tacit_slice cut = tacit_slice_str("\x30\x03\x02\x01\x01");
	doc = pki_copy(marked(SNP, report, &cut));
	is_status(judge(doc), TACIT_UNDECIDED, "nor with something else in their place");
}

int main(void)
{
	snp_init(&snp, SNP_MAKE_MILAN, 3, false);
	snp_make(&snp);
	report = TACIT_SLICE_ARRAY(snp.report);
	table = snp_usual_table(&snp);
	test_text();
	test_layers();
	test_arena();
	test_markers();
	test_agent();
	test_numbers();
	test_certs();
	test_obol();
	test_obol_cut();
	test_obol_nitro();
	test_context_arena();
	test_context_many();
	test_context_log();
	test_wrong_certs();
	pki_done();
	return done();
}
