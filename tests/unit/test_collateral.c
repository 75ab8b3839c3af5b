/* SPDX-License-Identifier: Apache-2.0 */
#include "tacit/collateral.h"

#include <stdarg.h>

#include "base/base64.h"
#include "base/hex.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/tap.h"
#include "trust/collateral.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t room[1 << 20];

/* Certificates, lists, TCB infos, QE identities and logs that came of it. */
struct counts {
	size_t certs, crls, tcb_infos, qe_identities, logs;
};

static enum tacit_status parse(const struct tacit_slice *pieces, size_t count, struct counts *ret,
			       struct tacit_error *err)
{
	const struct tacit_collateral *all = NULL;
	struct tacit_arena arena;
	struct counts none = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_collateral_parse(pieces, count, &arena, &all, err);
	*ret = none;
	if (st == TACIT_OK)
		*ret = (struct counts){ all->cert_count, all->crl_count, all->tcb_info_count,
					all->qe_identity_count, all->event_log_count };
	return st;
}

static void gives(struct tacit_slice piece, struct counts want, const char *name)
{
	struct tacit_error err = { 0 };
	struct counts got;

	if (parse(&piece, 1, &got, &err) != TACIT_OK)
		ok(false, "%s: %s", name, err.detail);
	else
		ok(memcmp(&got, &want, sizeof(got)) == 0, "%s", name);
}

static void refused(struct tacit_slice piece, enum tacit_status want, const char *word,
		    const char *name)
{
	struct tacit_error err = { 0 };
	struct counts got;
	enum tacit_status st = parse(&piece, 1, &got, &err);

	if (!ok(st == want && strstr(err.detail, word) && strcmp(err.where, "collateral") == 0,
		"%s", name))
		printf("# %s: %s\n", tacit_status_name(st), err.detail);
}

static struct tacit_slice joined(const char *first, ...)
{
	struct pki_buf b = { 0 };
	va_list args;

	va_start(args, first);
	for (const char *text = first; text; text = va_arg(args, const char *))
		pki_raw(&b, tacit_slice_str(text));
	va_end(args);
	return pki_take(&b);
}

/* NUL-terminated text of a slice. */
static const char *text_of(struct tacit_slice s)
{
	uint8_t *copy = pki_alloc(s.len + 1);

	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return (const char *)copy;
}

static const char *hex_of(struct tacit_slice s)
{
	char *text = (char *)pki_alloc(2 * s.len + 1);

	tacit_hex_encode(s, text);
	return text;
}

static struct tacit_slice crl(void)
{
	return dcap_collateral(true).root_crl;
}

static struct tacit_slice chain(void)
{
	const struct dcap_world *w = dcap_world();
	const struct pki_cert *certs[] = { w->tcb_signer, w->root };

	return pki_pem(certs, 2, 0);
}

#define CERT  ((struct counts){ 1, 0, 0, 0, 0 })
#define CERTS ((struct counts){ 2, 0, 0, 0, 0 })
#define CRL   ((struct counts){ 0, 1, 0, 0, 0 })
#define TCB   ((struct counts){ 0, 0, 1, 0, 0 })
#define QE    ((struct counts){ 0, 0, 0, 1, 0 })
#define LOG   ((struct counts){ 0, 0, 0, 0, 1 })

/* --- single kinds ---------------------------------------------------------------------------- */

static struct tacit_slice pem_block(const char *label, struct tacit_slice der)
{
	size_t len = tacit_base64_size(TACIT_BASE64, der.len);
	char *text = (char *)pki_alloc(len + 1);
	struct pki_buf b = { 0 };

	tacit_base64_encode(TACIT_BASE64, der, text);
	pki_raw(&b, joined("-----BEGIN ", label, "-----\n", (char *)NULL));
	for (size_t at = 0; at < len; at += 64) {
		pki_raw(&b, tacit_slice_of(text + at, len - at < 64 ? len - at : 64));
		pki_raw(&b, tacit_slice_str("\n"));
	}
	pki_raw(&b, joined("-----END ", label, "-----\n", (char *)NULL));
	return pki_take(&b);
}

static struct tacit_slice base64_of(struct tacit_slice der)
{
	char *text = (char *)pki_alloc(2 * der.len);

	tacit_base64_encode(TACIT_BASE64, der, text);
	return tacit_slice_str(text);
}

static struct tacit_slice percent(struct tacit_slice text)
{
	struct pki_buf b = { 0 };

	for (size_t i = 0; i < text.len; i++) {
		char c[4];

		snprintf(c, sizeof(c), "%%%02X", text.ptr[i]);
		bool plain = (text.ptr[i] >= '0' && text.ptr[i] <= '9') || text.ptr[i] == '-' ||
			     (text.ptr[i] >= 'A' && text.ptr[i] <= 'z');
		pki_raw(&b, plain ? tacit_slice_of(text.ptr + i, 1) : tacit_slice_of(c, 3));
	}
	return pki_take(&b);
}

static void test_kinds(void)
{
	struct tacit_slice der = dcap_world()->root->der;
	struct dcap_collateral all = dcap_collateral(true);
	uint8_t rtmr[3][48];

	gives(der, CERT, "a DER certificate");
	gives(crl(), CRL, "a DER list");
	gives(chain(), CERTS, "a PEM chain");
	gives(pem_block("X509 CRL", crl()), CRL, "a PEM list");
	gives(percent(chain()), CERTS, "a chain as headers of the PCS have it");
	gives(all.tcb_info, TCB, "TCB info");
	gives(all.qe_identity, QE, "a QE identity");
	gives(dcap_document("tcbInfo", dcap_tcb_info_v2_body(), NULL), TCB, "TCB info, version 2");
	gives(dcap_event_log(2, rtmr), LOG, "an event log");
	gives(joined("\n ", text_of(all.tcb_info), "\r\n", (char *)NULL), TCB,
	      "white space around it");
}

static void test_text_forms(void)
{
	const char *hex = hex_of(crl());
	struct tacit_slice nul = tacit_slice_of(hex, strlen(hex) + 1);
	char flat[4096];

	gives(tacit_slice_str(hex), CRL, "a list in hex, as a PCCS answers");
	gives(nul, CRL, "with a NUL behind it");
	gives(joined("0x", hex, "\n", (char *)NULL), CRL, "with 0x before it");
	tacit_base64_encode(TACIT_BASE64, crl(), flat);
	gives(tacit_slice_str(flat), CRL, "a list in base64");
	tacit_base64_encode(TACIT_BASE64, tacit_slice_str(hex), flat);
	gives(tacit_slice_str(flat), CRL, "hex in base64");
	gives(tacit_slice_str(hex_of(dcap_collateral(true).tcb_info)), TCB, "JSON in hex");
	const char *wrapped = hex;
	for (int i = 0; i < 2; i++)
		wrapped = hex_of(tacit_slice_str(wrapped));
	gives(tacit_slice_str(wrapped), CRL, "wrapped three times");
	refused(tacit_slice_str(hex_of(tacit_slice_str(wrapped))), TACIT_LIMIT, "too often",
		"and once more");
}

static void test_unknown(void)
{
	static const uint8_t QUOTE[64] = { 4, 0, 2, 0, 0x81 };
	struct tacit_slice cut = crl();

	refused(tacit_slice_of(NULL, 0), TACIT_FORMAT, "empty", "nothing");
	refused(tacit_slice_str(" \n"), TACIT_FORMAT, "empty", "white space");
	refused(tacit_slice_str("<html>"), TACIT_FORMAT, "HTML", "a page");
	refused(tacit_slice_str("[1]"), TACIT_FORMAT, "array", "an array");
	refused(TACIT_SLICE_ARRAY(QUOTE), TACIT_FORMAT, "64 bytes of no known kind", "a quote");
	refused(tacit_slice_str("hello"), TACIT_FORMAT, "'hello'", "words");
	refused(tacit_slice_str("{}"), TACIT_FORMAT, "without a member we know", "an empty object");
	refused(tacit_slice_str("{\"fmspcs_json\":\"[]\"}"), TACIT_FORMAT,
		"without a member we know", "another answer");
	refused(pem_block("EC PRIVATE KEY", crl()), TACIT_FORMAT, "'EC PRIVATE KEY'",
		"a private key");
	refused(pem_block("CERTIFICATE", crl()), TACIT_FORMAT, "PEM",
		"a list that calls itself one");
	refused(tacit_slice_str("-----BEGIN CERTIFICATE-----\nMIIC\n"), TACIT_FORMAT, "PEM",
		"a block without end");
	refused(tacit_slice_str("-----BEGIN%20CERTIFICATE-----%0"), TACIT_FORMAT, "escape",
		"a broken escape");
	/* Whole but for its last line's end, which a reader could take for what it pleases. */
	struct tacit_slice escaped = percent(chain());
	uint8_t *wrong = pki_alloc(escaped.len);
	memcpy(wrong, escaped.ptr, escaped.len);
	wrong[escaped.len - 1] = 'z';
	refused(tacit_slice_of(wrong, escaped.len), TACIT_FORMAT, "escape",
		"a broken escape behind everything else");
	refused(tacit_slice_str("\x30\x04\x30\x02\x05\x01"), TACIT_FORMAT, "no known kind",
		"a SEQUENCE of neither");
	refused(tacit_slice_str("0123456789abcdef0123"), TACIT_FORMAT,
		"hex:", "hex of nothing known");
	refused(tacit_slice_str("QUJDREVGR0hJSktMTU5PUA=="), TACIT_FORMAT,
		"base64:", "base64 likewise");
	refused(tacit_slice_str("QUJDREVGR0hJSktMTU5PUB=="), TACIT_FORMAT, "broken base64",
		"stray bits");
	cut.len--;
	refused(cut, TACIT_FORMAT, "revocation list", "a cut list");
	refused(tacit_slice_str("{\"tcbInfo\":null,\"signature\":null}"), TACIT_FORMAT, "JSON",
		"null for a document");
	refused(dcap_edit(dcap_collateral(true).tcb_info, "\"tcbType\":0", "\"tcbType\":1"),
		TACIT_FORMAT, "tcbType", "TCB info of another type");
}

/* --- bundles --------------------------------------------------------------------------------- */

/* As JSON text, with what must be escaped. */
static const char *quoted(struct tacit_slice text)
{
	struct pki_buf b = { 0 };

	pki_raw(&b, tacit_slice_str("\""));
	for (size_t i = 0; i < text.len; i++) {
		char c[8];

		if (text.ptr[i] == '\n')
			pki_raw(&b, tacit_slice_str("\\n"));
		else if (text.ptr[i] == '"')
			pki_raw(&b, tacit_slice_str("\\\""));
		else
			pki_raw(&b, tacit_slice_of(
					    c, (size_t)snprintf(c, sizeof(c), "%c", text.ptr[i])));
	}
	pki_raw(&b, tacit_slice_str("\""));
	return text_of(pki_take(&b));
}

static const char *byte_array(struct tacit_slice bytes)
{
	struct pki_buf b = { 0 };

	for (size_t i = 0; i < bytes.len; i++) {
		char c[8];

		pki_raw(&b, tacit_slice_of(c, (size_t)snprintf(c, sizeof(c), "%s%u", i ? "," : "[",
							       bytes.ptr[i])));
	}
	pki_raw(&b, tacit_slice_str("]"));
	return text_of(pki_take(&b));
}

static const char *signature_of(struct tacit_slice body)
{
	return hex_of(pki_sign_raw(dcap_world()->tcb_signer->key, body));
}

#define ALL ((struct counts){ 2, 2, 1, 1, 0 })

static struct tacit_slice bundle(const char *tcb_info, const char *tcb_signature,
				 const char *pck_crl)
{
	struct tacit_slice qe = dcap_qe_identity_body(true);

	return joined("{\"version\":3,\"tcb_info_issuer_chain\":", quoted(chain()),
		      ",\"qe_identity_issuer_chain\":", quoted(chain()), ",\"root_ca_crl\":\"",
		      hex_of(crl()), "\",\"pck_crl\":", pck_crl, ",\"tcb_info\":", tcb_info,
		      tcb_signature ? ",\"tcb_info_signature\":\"" : "",
		      tcb_signature ? tcb_signature : "", tcb_signature ? "\"" : "",
		      ",\"qe_identity\":", quoted(qe), ",\"qe_identity_signature\":\"",
		      signature_of(qe), "\"}", (char *)NULL);
}

static void test_bundles(void)
{
	struct dcap_collateral all = dcap_collateral(true);
	struct tacit_slice body = dcap_tcb_info_body(true);
	const char *array = byte_array(all.pck_crl), *signature = signature_of(body);
	struct tacit_slice whole = bundle(quoted(body), signature, array);

	gives(whole, ALL, "documents apart from their signatures, lists in hex and as bytes");
	gives(joined("{\"quote_collateral\":", text_of(whole), "}", (char *)NULL), ALL,
	      "one level down");
	gives(bundle(quoted(all.tcb_info), NULL, array), ALL,
	      "a document as the PCS gives it, as text");
	gives(bundle(text_of(all.tcb_info), NULL, array), ALL, "and as an object");
	gives(bundle(byte_array(all.tcb_info), NULL, array), ALL, "and as bytes");
	gives(bundle(text_of(body), signature, array), ALL,
	      "and the object with its signature apart");
	gives(joined("{\"tcb_info_json\":", quoted(all.tcb_info),
		     ",\"issuer_chain\":", quoted(chain()), "}", (char *)NULL),
	      (struct counts){ 2, 0, 1, 0, 0 }, "an answer with the chain of its header");
	gives(joined("{\"tcbInfo\":", quoted(all.tcb_info),
		     ",\"pck_crl\":null,\"root_ca_crl\":\"\"}", (char *)NULL),
	      TCB, "members that are null or empty are not there");
	refused(bundle(quoted(body), NULL, array), TACIT_FORMAT, "without its signature",
		"a document without signature");
	refused(bundle(quoted(body), "00", array), TACIT_FORMAT, "without its signature",
		"with half of one");
	char *letters = (char *)pki_alloc(2 * TACIT_TCB_SIGNATURE + 1);
	memset(letters, 'z', 2 * TACIT_TCB_SIGNATURE);
	refused(bundle(quoted(body), letters, array), TACIT_FORMAT, "without its signature",
		"with one that is no hex");
	refused(bundle("\"\"", signature, array), TACIT_FORMAT, "without its signature",
		"a signature without document");
	refused(bundle(quoted(body), signature, "[1,2,256]"), TACIT_FORMAT, "range", "no byte");
	refused(bundle(quoted(body), signature, "\"zz\""), TACIT_FORMAT, "no known kind",
		"no list");
	refused(joined("{\"tcb_info\":", quoted(all.tcb_info),
		       ",\"tcb_info_json\":", quoted(all.tcb_info), "}", (char *)NULL),
		TACIT_FORMAT, "two names", "one document under two names");
	refused(dcap_edit(whole, "\"version\":3", "\"pck_crl\":\"\""), TACIT_FORMAT, "twice",
		"a member twice");
}

/* What a bundle's document says is what was signed, byte by byte. */
static void test_bundle_bytes(void)
{
	struct tacit_slice body = dcap_tcb_info_body(true);
	struct tacit_slice piece =
		bundle(quoted(body), signature_of(body), byte_array(dcap_collateral(true).pck_crl));
	struct tacit_slice key = pki_point(dcap_world()->tcb_signer->key);
	const struct tacit_collateral *all = NULL;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_collateral_parse(&piece, 1, &arena, &all, NULL), TACIT_OK, "a bundle");
	is_status(tacit_intel_check(&all->tcb_infos[0].doc, key, NULL, NULL), TACIT_OK,
		  "its TCB info is signed");
	is_status(tacit_intel_check(&all->qe_identities[0].doc, key, NULL, NULL), TACIT_OK,
		  "its QE identity is signed");
}

/* --- event logs ------------------------------------------------------------------------------ */

static void test_logs(void)
{
	uint8_t rtmr[3][48];
	struct tacit_slice log = dcap_event_log(2, rtmr);
	uint8_t *copy = pki_alloc(log.len + 64);
	struct tacit_arena arena;
	const struct tacit_collateral *all = NULL;

	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_collateral_parse(&log, 1, &arena, &all, NULL), TACIT_OK, "a log");
	ok(all->event_logs[0].ptr == log.ptr && all->event_logs[0].len == log.len, "as received");
	memcpy(copy, log.ptr, log.len);
	gives(tacit_slice_of(copy, log.len + 64), LOG, "with padding");
	copy[4] = 4;
	refused(tacit_slice_of(copy, log.len), TACIT_FORMAT, "no known kind", "no EV_NO_ACTION");
	copy[4] = 3, copy[32] = 'X';
	refused(tacit_slice_of(copy, log.len), TACIT_FORMAT, "no known kind", "no mark");
	copy[32] = 'S', copy[31] = 0xff;
	refused(tacit_slice_of(copy, log.len), TACIT_FORMAT, "no known kind", "a length of 4 GB");
	/* Another record of no action before the one that names the format. */
	uint8_t *before = pki_alloc(log.len + 36);
	before[4] = 3, before[28] = 4;
	memcpy(before + 36, log.ptr, log.len);
	gives(tacit_slice_of(before, log.len + 36), LOG, "a record before it");
}

/* --- limits ---------------------------------------------------------------------------------- */

static void test_many(void)
{
	struct tacit_slice pieces[TACIT_COLLATERAL_MAX + 1];
	const struct dcap_world *w = dcap_world();
	struct tacit_error err = { 0 };
	struct counts got;

	for (size_t i = 0; i < COUNT(pieces); i++)
		pieces[i] = chain();
	is_status(parse(pieces, TACIT_COLLATERAL_MAX, &got, &err), TACIT_OK, "as many as may be");
	ok(got.certs == 2, "and no certificate twice");
	is_status(parse(pieces, COUNT(pieces), &got, &err), TACIT_LIMIT, "one more");
	err = (struct tacit_error){ 0 };
	pieces[0] = w->root->der, pieces[1] = crl(), pieces[2] = tacit_slice_str("?");
	is_status(parse(pieces, 3, &got, &err), TACIT_FORMAT, "one of three is broken");
	ok(err.offset == 2, "and the error says which");
	pieces[0] = dcap_collateral(true).tcb_info;
	pieces[1] = pieces[2] = pieces[0];
	is_status(parse(pieces, 3, &got, NULL), TACIT_OK, "a document three times");
	ok(got.tcb_infos == 1, "is one");
	is_status(parse(NULL, 0, &got, NULL), TACIT_OK, "nothing at all is nothing");
	ok(got.certs == 0 && got.tcb_infos == 0, "indeed");
	struct tacit_slice huge = { room, TACIT_COLLATERAL_LENGTH + 1 };
	is_status(parse(&huge, 1, &got, NULL), TACIT_LIMIT, "a piece over 4 MiB");
}

static void test_too_many(void)
{
	struct pki_buf b = { 0 };
	struct counts got;

	for (int64_t i = 0; i < 65; i++)
		pki_raw(&b, pem_block("X509 CRL", dcap_crl(dcap_world()->root, NULL,
							   DCAP_ISSUED + i, DCAP_EXPIRES)));
	struct tacit_slice text = pki_take(&b);
	is_status(parse(&text, 1, &got, NULL), TACIT_LIMIT, "65 of one kind");
	size_t cut = text.len - 1;
	while (memcmp(text.ptr + cut, "-----BEGIN", 10) != 0)
		cut--;
	text.len = cut;
	is_status(parse(&text, 1, &got, NULL), TACIT_OK, "64 of one kind");
	ok(got.crls == 64, "all of them");
}

static void test_arena(void)
{
	struct dcap_collateral all = dcap_collateral(true);
	struct tacit_slice pieces[DCAP_PIECES + 1];
	size_t count = dcap_pieces(&all, pieces), size, wrong = 0;
	const struct tacit_collateral *ret = NULL;
	struct tacit_arena arena;

	pieces[count++] = tacit_slice_str(hex_of(all.pck_crl));
	for (size = 0; size < sizeof(room) && !ret; size += 16) {
		tacit_arena_init(&arena, room, size);
		enum tacit_status st = tacit_collateral_parse(pieces, count, &arena, &ret, NULL);

		wrong += st != (ret ? TACIT_OK : TACIT_LIMIT);
	}
	ok(ret && wrong == 0 && size < 16384, "%zu bytes will do, less is TACIT_LIMIT", size);
}

/* The forms of text need room of their own. */
static void test_text_arena(void)
{
	const struct tacit_slice forms[] = { percent(chain()), chain(),
					     tacit_slice_str(hex_of(crl())), base64_of(crl()) };
	const struct tacit_collateral *ret = NULL;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, 0);
	is_status(tacit_collateral_parse(NULL, 0, &arena, &ret, NULL), TACIT_LIMIT,
		  "no room, not even for nothing");
	for (size_t i = 0; i < COUNT(forms); i++) {
		size_t size, wrong = 0;

		ret = NULL;
		for (size = 0; size < sizeof(room) && !ret; size += 16) {
			tacit_arena_init(&arena, room, size);
			enum tacit_status st =
				tacit_collateral_parse(&forms[i], 1, &arena, &ret, NULL);
			wrong += st != (ret ? TACIT_OK : TACIT_LIMIT);
		}
		ok(ret && wrong == 0, "form %zu: less than %zu bytes is TACIT_LIMIT", i, size);
	}
}

/* Text that is nearly of a form. */
static void test_near_forms(void)
{
	static const char *const NEAR[] = { "-----BEGIN%20CERT%2",     "-----BEGIN%20CERT%",
					    "-----BEGIN%20CERT%zz%20", "0123456789abcdef0",
					    "QUJDREVGR0hJSktMT",       "-----BEGIN%20" };

	for (size_t i = 0; i < COUNT(NEAR); i++) {
		size_t len = strlen(NEAR[i]);
		char *exact = malloc(len);
		struct tacit_slice piece = tacit_slice_of(exact, len);
		struct counts got;

		memcpy(exact, NEAR[i], len);
		is_status(parse(&piece, 1, &got, NULL), TACIT_FORMAT, NEAR[i]);
		free(exact);
	}
	struct tacit_slice document = dcap_collateral(true).tcb_info;
	uint8_t *copy = pki_alloc(document.len);
	memcpy(copy, document.ptr, document.len);
	copy[document.len - 3 - 64] = 'z';
	refused(tacit_slice_of(copy, document.len), TACIT_FORMAT, "hex digits",
		"a signature that is not hex");
}

/* Every truncation of each piece, in a block of its exact size. */
static void test_truncations(void)
{
	struct dcap_collateral all = dcap_collateral(true);
	struct tacit_slice pieces[DCAP_PIECES];
	size_t count = dcap_pieces(&all, pieces), accepted = 0;
	struct counts got;

	for (size_t i = 0; i < count; i++)
		for (size_t len = 0; len < pieces[i].len; len++) {
			uint8_t *copy = malloc(len ? len : 1);

			memcpy(copy, pieces[i].ptr, len);
			struct tacit_slice cut = { copy, len };
			accepted += parse(&cut, 1, &got, NULL) == TACIT_OK;
			free(copy);
		}
	ok(accepted == 0, "no truncation is accepted");
}

int main(void)
{
	test_kinds();
	test_text_forms();
	test_unknown();
	test_bundles();
	test_bundle_bytes();
	test_logs();
	test_many();
	test_too_many();
	test_arena();
	test_text_arena();
	test_near_forms();
	test_truncations();
	pki_done();
	return done();
}
