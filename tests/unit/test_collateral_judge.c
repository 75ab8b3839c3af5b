/* SPDX-License-Identifier: Apache-2.0 */

/* Quotes of our own PKI judged by collateral of our own, right and wrong in every piece. */

#include "tee/dcap/collateral.h"

#include <time.h>

#include "tee/check.h"
#include "tee/dcap/pck.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/tap.h"

#define COUNT(a)               (sizeof(a) / sizeof((a)[0]))

#define EXTRA                  56

#define NAME(row, name, about) "tdx." name,
#define ROW(row, name, about)  { "tdx." name, about },
static const char *const NAMES[TACIT_DCAP_ROWS] = { TACIT_DCAP_COLLATERAL_MAP(NAME, NAME) };
static const struct tacit_check_row ROWS[TACIT_DCAP_ROWS] = { TACIT_DCAP_COLLATERAL_MAP(ROW, ROW) };
#undef NAME
#undef ROW

static uint8_t collateral_room[1 << 20], room[1 << 17];

/* One judgement, and what it found. */
struct verdict {
	enum tacit_status status;
	const char *where, *got;
	bool answer;
	unsigned passed; /* bits, by row */
	struct tacit_dcap_tcb tcb;
};

struct scene {
	bool tdx;
	struct dcap_quote_spec quote;
	struct dcap_platform platform;
	const struct pki_cert *pck; /* NULL: one for the platform */
	struct dcap_collateral collateral;
	struct tacit_slice extra[EXTRA]; /* more pieces */
	int64_t now;
	struct tacit_cache *cache;
	size_t arena; /* 0: enough */
};

static struct scene scene(bool tdx)
{
	struct scene s = {
		.tdx = tdx,
		.quote = dcap_quote_spec(tdx ? 5 : 3,
					 tdx ? TACIT_DCAP_BODY_TD15 : TACIT_DCAP_BODY_SGX),
		.platform = dcap_world()->platform,
		.pck = dcap_world()->pck,
		.collateral = dcap_collateral(tdx),
		.now = DCAP_NOW,
	};

	return s;
}

static size_t gather(const struct scene *s, struct tacit_slice pieces[static TACIT_COLLATERAL_MAX])
{
	size_t count = dcap_pieces(&s->collateral, pieces);

	for (size_t i = 0; i < COUNT(s->extra); i++)
		if (s->extra[i].ptr)
			pieces[count++] = s->extra[i];
	return count;
}

static void take_certs(const struct scene *s, struct tacit_cert certs[static 3])
{
	const struct pki_cert *pck = s->pck;
	const struct dcap_world *w = dcap_world();

	if (!pck)
		pck = dcap_pck(w->platform_ca, &s->platform, NULL);
	if (tacit_cert_parse(pck->der, "pck", &certs[0], NULL) != TACIT_OK ||
	    tacit_cert_parse(w->platform_ca->der, "ca", &certs[1], NULL) != TACIT_OK ||
	    tacit_cert_parse(w->root->der, "root", &certs[2], NULL) != TACIT_OK)
		ok(false, "the certificates parse");
}

static struct tacit_dcap_subject subject_of(const struct scene *s, const struct tacit_cert *certs,
					    const struct tacit_dcap_pck *pck)
{
	const uint8_t *body = s->quote.body;
	struct tacit_dcap_subject subject = {
		.tee = s->tdx ? TACIT_TEE_TDX : TACIT_TEE_SGX,
		.names = NAMES,
		.leaf = &certs[0],
		.intermediate = &certs[1],
		.root = &certs[2],
		.pck = pck,
		.qe_report = TACIT_SLICE_ARRAY(s->quote.qe),
	};

	if (s->tdx) {
		subject.tee_tcb_svn = tacit_slice_of(body, 16);
		subject.tee_tcb_svn2 = tacit_slice_of(body + 584, 16);
		subject.mrsignerseam = tacit_slice_of(body + 64, 48);
		subject.seam_attributes = tacit_slice_of(body + 112, 8);
	}
	return subject;
}

static struct verdict judge(const struct scene *s)
{
	struct tacit_slice pieces[TACIT_COLLATERAL_MAX];
	struct tacit_cert certs[3] = { 0 };
	struct tacit_dcap_pck pck = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_arena arena, list_arena;
	const struct tacit_collateral *collateral = NULL;
	struct verdict v = { .where = "", .got = "" };
	struct tacit_check_list list;
	const struct tacit_check *first;

	take_certs(s, certs);
	if (tacit_dcap_pck_parse(&certs[0], &pck, &err) != TACIT_OK)
		ok(false, "the PCK extension parses: %s", err.detail);
	tacit_arena_init(&arena, collateral_room, sizeof(collateral_room));
	tacit_arena_init(&list_arena, room, s->arena ? s->arena : sizeof(room));
	v.status = tacit_collateral_parse(pieces, gather(s, pieces), &arena, &collateral, &err);
	v.where = "parse";
	if (v.status != TACIT_OK)
		return v;
	struct tacit_dcap_subject subject = subject_of(s, certs, &pck);
	struct tacit_context cx = {
		.now = s->now, .collateral = collateral, .arena = &list_arena, .cache = s->cache
	};
	tacit_check_init(&list, &list_arena, TACIT_DCAP_ROWS);
	for (unsigned i = 0; i < TACIT_DCAP_ROWS; i++)
		if (s->tdx || i != TACIT_DCAP_MODULE_IDENTITY)
			tacit_check_add(&list, &ROWS[i], 1);
	v.answer = tacit_dcap_collateral_judge(&subject, &cx, &list, &v.tcb);
	v.status = tacit_check_judge(&list, &first);
	for (size_t i = 0; i < list.count; i++)
		v.passed |= (unsigned)(list.checks[i].result == TACIT_CHECK_PASS) << i;
	v.where = first ? first->name + 4 : "";
	v.got = first && first->got ? first->got : "";
	return v;
}

static void is(const struct scene *s, enum tacit_status want, const char *where, const char *name)
{
	struct verdict v = judge(s);

	if (!ok(v.status == want && strcmp(v.where, where) == 0 && v.answer == (want == TACIT_OK),
		"%s", name))
		printf("# %s at %s (%s), want %s at %s\n", tacit_status_name(v.status), v.where,
		       v.got, tacit_status_name(want), where);
}

/* --- as it should be ------------------------------------------------------------------------- */

static void test_good(void)
{
	for (int tdx = 0; tdx < 2; tdx++) {
		struct scene s = scene(tdx);
		struct verdict v = judge(&s);

		is(&s, TACIT_OK, "", tdx ? "TDX: every row passes" : "SGX: every row passes");
		ok(v.tcb.judged && strcmp(v.tcb.status, "UpToDate") == 0, "up to date");
		ok(v.tcb.valid_from == DCAP_ISSUED && v.tcb.valid_until == DCAP_EXPIRES &&
			   v.tcb.earliest_issue == DCAP_ISSUED && v.tcb.latest_issue == DCAP_ISSUED,
		   "the time in which all of it is good");
		ok(v.tcb.evaluation_number == 20 && v.tcb.root_crl_number.len == 1 &&
			   v.tcb.pck_crl_number.ptr[0] == 7,
		   "numbers");
		ok(v.tcb.gap_count == 0 && v.tcb.advisory_count == 0, "nothing is lacking");
		ok((v.tcb.module_status != NULL) == (tdx == 1), "a module's status for TDX alone");
	}
}

static void test_none(void)
{
	struct scene s = scene(true);
	struct tacit_slice signer = s.collateral.signer;

	s.collateral = (struct dcap_collateral){ 0 };
	struct verdict v = judge(&s);
	ok(v.answer && v.status == TACIT_OK && !v.tcb.judged && !v.tcb.status,
	   "no collateral at all: skipped, and said so");
	s.collateral.signer = signer;
	v = judge(&s);
	ok(v.answer && !v.tcb.judged, "a certificate alone is none");
	s.collateral.signer = s.collateral.qe_identity;
	s.collateral.pck_crl =
		dcap_crl(dcap_world()->processor_ca, NULL, DCAP_ISSUED, DCAP_EXPIRES);
	v = judge(&s);
	ok(v.answer && !v.tcb.judged, "nor is the list of another CA");
}

static void test_missing(void)
{
	struct scene full = scene(true), s = full;

	s.collateral.root_crl.ptr = NULL;
	is(&s, TACIT_UNDECIDED, "crl.root", "no root CRL");
	ok(!(judge(&s).passed & 1u << TACIT_DCAP_CRL_VALIDITY), "whose dates are then not good");
	s = full, s.collateral.pck_crl.ptr = NULL;
	is(&s, TACIT_UNDECIDED, "crl.pck", "no PCK CRL");
	ok(!(judge(&s).passed & 1u << TACIT_DCAP_CRL_VALIDITY), "whose dates are then not good");
	s = full, s.collateral.tcb_info.ptr = NULL;
	is(&s, TACIT_UNDECIDED, "tcb_info.signature", "no TCB info");
	s = full, s.collateral.qe_identity.ptr = NULL;
	is(&s, TACIT_UNDECIDED, "qe_identity.signature", "no QE identity");
	s = full, s.collateral.signer.ptr = NULL;
	is(&s, TACIT_UNDECIDED, "tcb_info.signature", "no signer");
	for (size_t keep = 0; keep < 4; keep++) {
		struct dcap_collateral *c = &s.collateral, *f = &full.collateral;

		*c = (struct dcap_collateral){ 0 };
		c->root_crl = keep == 0 ? f->root_crl : c->root_crl;
		c->pck_crl = keep == 1 ? f->pck_crl : c->pck_crl;
		c->tcb_info = keep == 2 ? f->tcb_info : c->tcb_info;
		c->qe_identity = keep == 3 ? f->qe_identity : c->qe_identity;
		struct verdict v = judge(&s);
		ok(!v.answer && v.status == TACIT_UNDECIDED, "one piece alone decides nothing");
	}
}

/* --- dates ----------------------------------------------------------------------------------- */

static struct tacit_slice tcb_info_at(int64_t from, int64_t until)
{
	return dcap_document("tcbInfo", dcap_period(dcap_tcb_info_body(true), from, until), NULL);
}

static struct tacit_slice qe_identity_at(int64_t from, int64_t until)
{
	return dcap_document("enclaveIdentity",
			     dcap_period(dcap_qe_identity_body(true), from, until), NULL);
}

static struct tacit_slice signer_at(int64_t from, int64_t until)
{
	const struct dcap_world *w = dcap_world();
	const struct pki_spec spec = {
		.key = w->tcb_signer->key,
		.subject = w->tcb_signer->subject_text,
		.issuer = w->root,
		.not_before = from,
		.not_after = until,
		.basic = true,
		.key_usage = TACIT_KU_DIGITAL_SIGNATURE,
	};

	return pki_cert(&spec)->der;
}

static struct scene dated(unsigned piece, int64_t from, int64_t until)
{
	struct scene s = scene(true);
	const struct dcap_world *w = dcap_world();

	if (piece == 0)
		s.collateral.root_crl = dcap_crl(w->root, NULL, from, until);
	else if (piece == 1)
		s.collateral.pck_crl = dcap_crl(w->platform_ca, NULL, from, until);
	else if (piece == 2)
		s.collateral.tcb_info = tcb_info_at(from, until);
	else if (piece == 3)
		s.collateral.qe_identity = qe_identity_at(from, until);
	else
		s.collateral.signer = signer_at(from, until);
	return s;
}

/* Each piece at both ends of its period, and one second beyond. */
static void test_dates(void)
{
	static const char *const WHERE[] = { "crl.validity", "crl.validity", "tcb_info.validity",
					     "qe_identity.validity", "tcb_info.validity" };

	for (unsigned piece = 0; piece < COUNT(WHERE); piece++) {
		struct scene s = dated(piece, DCAP_NOW - 100, DCAP_NOW);

		is(&s, TACIT_OK, "", "the last second is good");
		s.now++;
		is(&s, TACIT_UNDECIDED, WHERE[piece], "the next is stale");
		s = dated(piece, DCAP_NOW + 60, DCAP_NOW + 100);
		is(&s, TACIT_OK, "", "a minute ahead is skew");
		s.now--;
		is(&s, TACIT_EXPIRED, WHERE[piece], "a second more is the future");
		s.now = INT64_MIN;
		is(&s, TACIT_EXPIRED, "crl.validity", "so is all of it at the beginning of time");
	}
}

/* --- revocation and signatures --------------------------------------------------------------- */

static void serial_text(const struct pki_cert *cert, char text[static 64])
{
	struct tacit_cert parsed;

	if (tacit_cert_parse(cert->der, "serial", &parsed, NULL) != TACIT_OK ||
	    parsed.serial.len > 31)
		ok(false, "the serial is had");
	else
		for (size_t i = 0; i <= parsed.serial.len; i++)
			snprintf(text + 2 * i, 3, i < parsed.serial.len ? "%02x" : "%c",
				 i < parsed.serial.len ? parsed.serial.ptr[i] : 0);
}

static void test_revoked(void)
{
	const struct dcap_world *w = dcap_world();
	struct scene full = scene(true), s = full;
	char serial[64];

	serial_text(w->pck, serial);
	s.collateral.pck_crl = dcap_crl(w->platform_ca, serial, DCAP_ISSUED, DCAP_EXPIRES);
	is(&s, TACIT_REVOKED, "crl.pck", "the PCK is revoked");
	s.extra[0] = dcap_crl(w->platform_ca, NULL, DCAP_ISSUED - 1, DCAP_EXPIRES);
	is(&s, TACIT_REVOKED, "crl.pck", "an older list does not free it");
	s.extra[0] = dcap_crl(w->platform_ca, NULL, DCAP_NOW + 3600, DCAP_EXPIRES);
	is(&s, TACIT_REVOKED, "crl.pck", "nor one of the future");
	s = full;
	serial_text(w->platform_ca, serial);
	s.collateral.root_crl = dcap_crl(w->root, serial, DCAP_ISSUED, DCAP_EXPIRES);
	is(&s, TACIT_REVOKED, "crl.root", "the PCK's CA is revoked");
	serial_text(w->tcb_signer, serial);
	s.collateral.root_crl = dcap_crl(w->root, serial, DCAP_ISSUED, DCAP_EXPIRES);
	is(&s, TACIT_REVOKED, "crl.root", "the TCB signer is revoked");
}

/* Two signers, one for each document, of which one is revoked. */
static void test_revoked_signer(void)
{
	const struct dcap_world *w = dcap_world();
	EVP_PKEY *key = pki_key(PKI_P256);
	const struct pki_spec spec = {
		.key = key,
		.subject = w->tcb_signer->subject_text,
		.issuer = w->root,
		.not_before = DCAP_ISSUED,
		.not_after = DCAP_EXPIRES,
		.serial = "7777",
		.basic = true,
		.key_usage = TACIT_KU_DIGITAL_SIGNATURE,
	};
	struct scene s = scene(true);
	struct tacit_slice tcb_info = dcap_document("tcbInfo", dcap_tcb_info_body(true), key);
	struct tacit_slice qe = dcap_document("enclaveIdentity", dcap_qe_identity_body(true), key);

	s.extra[0] = pki_cert(&spec)->der;
	s.collateral.qe_identity = qe;
	is(&s, TACIT_OK, "", "a signer for each document");
	s.collateral.root_crl = dcap_crl(w->root, "7777", DCAP_ISSUED, DCAP_EXPIRES);
	is(&s, TACIT_REVOKED, "crl.root", "the QE identity's is revoked");
	s.collateral.qe_identity = scene(true).collateral.qe_identity;
	is(&s, TACIT_OK, "", "which then signed neither");
	s.collateral.tcb_info = tcb_info;
	is(&s, TACIT_REVOKED, "crl.root", "the TCB info's is revoked");
}

static struct tacit_slice crl_by(const struct pki_cert *issuer, EVP_PKEY *signer, int64_t from)
{
	struct pki_crl_spec spec = { .issuer = issuer,
				     .this_update = from,
				     .next_update = DCAP_EXPIRES,
				     .number = 9,
				     .signer = signer };

	return pki_crl(&spec);
}

static void test_signatures(void)
{
	const struct dcap_world *w = dcap_world();
	EVP_PKEY *evil = pki_key(PKI_P256);
	struct scene full = scene(true), s = full;

	s.collateral.root_crl = crl_by(w->root, evil, DCAP_ISSUED);
	is(&s, TACIT_SIGNATURE, "crl.root", "a forged root CRL");
	s.extra[0] = full.collateral.root_crl;
	is(&s, TACIT_OK, "", "harms nobody beside a genuine one");
	s.collateral.root_crl = crl_by(w->root, evil, DCAP_NOW);
	is(&s, TACIT_OK, "", "though it be newer");
	s = full, s.collateral.pck_crl = crl_by(w->platform_ca, evil, DCAP_ISSUED);
	is(&s, TACIT_SIGNATURE, "crl.pck", "a forged PCK CRL");
	s = full, s.collateral.tcb_info = dcap_document("tcbInfo", dcap_tcb_info_body(true), evil);
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "forged TCB info");
	s.extra[0] = full.collateral.tcb_info;
	is(&s, TACIT_OK, "", "harms nobody beside a genuine one");
	s.extra[0] = dcap_collateral(false).tcb_info;
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "a genuine one for others excuses nothing");
	s = full;
	s.collateral.qe_identity =
		dcap_document("enclaveIdentity", dcap_qe_identity_body(true), evil);
	is(&s, TACIT_SIGNATURE, "qe_identity.signature", "a forged QE identity");
	s = full;
	s.collateral.tcb_info =
		dcap_edit(full.collateral.tcb_info, "\"tcbType\":0", "\"tcbType\": 0");
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "a space that nobody signed");
	s = full;
	s.collateral.qe_identity =
		dcap_edit(full.collateral.qe_identity, "\"isvsvn\":8", "\"isvsvn\":7");
	is(&s, TACIT_SIGNATURE, "qe_identity.signature", "an edited QE identity");
}

static struct tacit_slice signer_by(const char *subject, const struct pki_cert *issuer,
				    EVP_PKEY *key, EVP_PKEY *signer, unsigned usage, bool ca)
{
	const struct pki_spec spec = {
		.key = key,
		.subject = subject,
		.issuer = issuer,
		.signer = signer,
		.not_before = DCAP_ISSUED,
		.not_after = DCAP_EXPIRES,
		.basic = true,
		.ca = ca,
		.key_usage = usage,
	};

	return pki_cert(&spec)->der;
}

static void test_signer(void)
{
	const struct dcap_world *w = dcap_world();
	EVP_PKEY *key = w->tcb_signer->key, *evil = pki_key(PKI_P256);
	const char *name = w->tcb_signer->subject_text;
	unsigned usage = TACIT_KU_DIGITAL_SIGNATURE;
	struct scene s = scene(true);

	s.collateral.signer =
		signer_by("CN=Some Other Name/O=Intel", w->root, key, NULL, usage, false);
	is(&s, TACIT_CHAIN, "tcb_info.signature", "a signer of another name");
	s.collateral.signer = signer_by(name, w->root, key, evil, usage, false);
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "a signer that the root did not sign");
	s.collateral.signer = signer_by(name, w->platform_ca, key, NULL, usage, false);
	is(&s, TACIT_CHAIN, "tcb_info.signature", "a signer below another CA");
	s.collateral.signer = signer_by(name, w->root, key, NULL, TACIT_KU_CERT_SIGN, true);
	is(&s, TACIT_CHAIN, "tcb_info.signature", "a signer that is a CA");
	s.collateral.signer = signer_by(name, w->root, key, NULL, TACIT_KU_CRL_SIGN, false);
	is(&s, TACIT_CHAIN, "tcb_info.signature", "a signer whose key is not for signatures");
	s.collateral.signer = signer_by(name, w->root, evil, NULL, usage, false);
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "a signer with another key");
	s.extra[0] = w->tcb_signer->der;
	is(&s, TACIT_OK, "", "beside the one that did sign");
	s = scene(true);
	s.collateral.signer = signer_by(name, w->root, pki_key(PKI_P384), NULL, usage, false);
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "a signer on another curve");
	s = scene(true);
	s.extra[0] = signer_at(DCAP_NOW - 200, DCAP_NOW - 100);
	is(&s, TACIT_OK, "", "the certificate was issued twice: the current one counts");
}

#define SIGNERS 16
#define FORGED  40

/* The least of a few measurements, in clock ticks. */
static clock_t cost(const struct scene *s)
{
	clock_t least = 0;

	for (int i = 0; i < 5; i++) {
		clock_t start = clock();

		(void)judge(s);
		clock_t took = clock() - start;
		least = i == 0 || took < least ? took : least;
	}
	return least;
}

/* Each of many forged documents against each of many forged signers would be a product. */
static void test_many(const char *name, enum tacit_status status)
{
	const struct dcap_world *w = dcap_world();
	EVP_PKEY *evil = pki_key(PKI_P256);
	struct scene s = scene(true);
	char number[64];

	s.collateral.signer = tacit_slice_of(NULL, 0);
	for (size_t i = 0; i < SIGNERS; i++)
		s.extra[i] = signer_by(name, w->root, pki_key(PKI_P256), evil,
				       TACIT_KU_DIGITAL_SIGNATURE, false);
	is(&s, status, "tcb_info.signature", "many signers that are none");
	clock_t one = cost(&s);
	for (size_t i = 0; i < FORGED; i++) {
		snprintf(number, sizeof(number), "\"tcbEvaluationDataNumber\":%zu", 100 + i);
		s.extra[SIGNERS + i] =
			dcap_document("tcbInfo",
				      dcap_edit(dcap_tcb_info_body(true),
						"\"tcbEvaluationDataNumber\":20", number),
				      evil);
	}
	clock_t many = cost(&s);
	printf("# %ld and %ld ticks\n", (long)one, (long)many);
	ok(many < 10 * one, "and many documents that they did not sign");
}

/* --- which piece counts ---------------------------------------------------------------------- */

static struct tacit_slice tcb_info_with(const char *from, const char *to)
{
	return dcap_document("tcbInfo", dcap_edit(dcap_tcb_info_body(true), from, to), NULL);
}

static void test_platform(void)
{
	struct scene full = scene(true), s = full;

	s.collateral.tcb_info = tcb_info_with(DCAP_FMSPC, "60806f000000");
	is(&s, TACIT_UNDECIDED, "tcb_info.platform", "TCB info of another FMSPC");
	s.extra[0] = full.collateral.tcb_info;
	is(&s, TACIT_OK, "", "beside our own");
	s = full, s.collateral.tcb_info = tcb_info_with("\"pceId\":\"0000\"", "\"pceId\":\"0001\"");
	is(&s, TACIT_UNDECIDED, "tcb_info.platform", "TCB info of another PCE");
	s = full, s.collateral.tcb_info = dcap_collateral(false).tcb_info;
	is(&s, TACIT_UNDECIDED, "tcb_info.platform", "TCB info of SGX for a TD");
	s = full, s.collateral.qe_identity = dcap_collateral(false).qe_identity;
	is(&s, TACIT_UNDECIDED, "qe_identity.signature", "the QE of SGX for a TD");
	s = full, s.collateral.tcb_info = tcb_info_with(DCAP_FMSPC, "50806F000000");
	is(&s, TACIT_OK, "", "an FMSPC in upper case");
	s = scene(false), s.collateral.tcb_info = full.collateral.tcb_info;
	is(&s, TACIT_UNDECIDED, "tcb_info.platform", "TCB info of TDX for an enclave");
}

static void test_numbers(void)
{
	struct scene s = scene(true);
	struct tacit_slice qe = dcap_qe_identity_body(true);

	s.extra[0] = tcb_info_with("DataNumber\":20", "DataNumber\":19");
	ok(judge(&s).tcb.evaluation_number == 20, "the higher number is used");
	s.extra[1] = tcb_info_at(DCAP_ISSUED, DCAP_NOW - 1);
	s.collateral.tcb_info = dcap_document(
		"tcbInfo",
		dcap_edit(dcap_period(dcap_tcb_info_body(true), DCAP_ISSUED, DCAP_NOW - 1),
			  "DataNumber\":20", "DataNumber\":21"),
		NULL);
	struct verdict v = judge(&s);
	ok(v.status == TACIT_OK && v.tcb.evaluation_number == 19, "a current one before a higher");
	s = scene(true);
	s.collateral.qe_identity = dcap_document(
		"enclaveIdentity", dcap_edit(qe, "DataNumber\":20", "DataNumber\":21"), NULL);
	v = judge(&s);
	ok(v.status == TACIT_OK && v.tcb.evaluation_number == 20, "the lower of the two is told");
	s.collateral.qe_identity = dcap_document(
		"enclaveIdentity", dcap_edit(qe, "DataNumber\":20", "DataNumber\":18"), NULL);
	v = judge(&s);
	ok(v.status == TACIT_OK && v.tcb.evaluation_number == 18, "whichever it is");
	s.extra[0] = dcap_document("enclaveIdentity", dcap_edit(qe, "\"isvsvn\":8", "\"isvsvn\":9"),
				   NULL);
	v = judge(&s);
	ok(v.status == TACIT_OK && strcmp(v.tcb.qe_status, "OutOfDate") == 0,
	   "the QE identity of the TCB info's number is used");
}

/* --- enclave, module and levels -------------------------------------------------------------- */

static void test_qe(void)
{
	static const struct {
		size_t at;
		uint8_t xor ;
		const char *name;
	} WRONG[] = {
		{ 128, 1, "another MRSIGNER" },
		{ 159, 0x80, "another MRSIGNER, last bit" },
		{ 256, 1, "another product" },
		{ 257, 1, "another product, high byte" },
		{ 48, 2, "DEBUG" },
		{ 55, 0x80, "the last attribute under the mask" },
		{ 16, 1, "another miscselect" },
		{ 19, 0x80, "another miscselect, last bit" },
	};
	struct scene s = scene(true);

	for (size_t i = 0; i < COUNT(WRONG); i++) {
		s.quote.qe[WRONG[i].at] ^= WRONG[i].xor ;
		is(&s, TACIT_CHAIN, "qe_identity.match", WRONG[i].name);
		s.quote.qe[WRONG[i].at] ^= WRONG[i].xor ;
	}
	s.quote.qe[48] ^= 4;
	is(&s, TACIT_OK, "", "an attribute outside of the mask");
	s.quote.qe[56] ^= 1;
	is(&s, TACIT_OK, "", "and XFRM");
	s.quote.qe[258] = 0;
	is(&s, TACIT_POLICY, "tcb.level", "a QE below every level");
	s.quote.qe[258] = 4;
	is(&s, TACIT_REVOKED, "tcb.status", "a QE that is revoked");
}

static void test_module(void)
{
	struct scene full = scene(true), s = full;

	s.quote.body[64] = 1;
	is(&s, TACIT_CHAIN, "module.identity", "another MRSIGNERSEAM");
	s = full, s.quote.body[119] = 1;
	is(&s, TACIT_CHAIN, "module.identity", "SEAMATTRIBUTES not zero");
	s = full, s.quote.body[1] = 2;
	is(&s, TACIT_CHAIN, "module.identity", "a major without identity");
	s = full, s.quote.body[584 + 1] = 2;
	is(&s, TACIT_CHAIN, "module.identity", "today's major without identity");
	s = full, s.quote.body[1] = s.quote.body[585] = 10;
	is(&s, TACIT_OK, "", "the major is written in hex");
	s = full, s.quote.body[1] = s.quote.body[585] = 0;
	is(&s, TACIT_OK, "", "no major, no identity of its own");
	s.quote.body[0] = s.quote.body[584] = 4;
	is(&s, TACIT_POLICY, "tcb.level", "then component 0 counts");
	s = full, s.quote.body[0] = 0;
	is(&s, TACIT_POLICY, "tcb.level", "a module below every level");
	s = full, s.quote.body[0] = 2;
	is(&s, TACIT_REVOKED, "tcb.status", "a module that is revoked");
	s = full;
	s.collateral.tcb_info = tcb_info_with("\"attributes\":\"0000000000000000\"",
					      "\"attributes\":\"0000000000000001\"");
	is(&s, TACIT_OK, "", "attributes of the module of major 0, which this is not");
	s.quote.body[1] = s.quote.body[585] = 0;
	is(&s, TACIT_CHAIN, "module.identity", "and for which it counts");
}

static void test_cache(void)
{
	static uint8_t cache_room[TACIT_CACHE_TYPICAL];
	struct scene s = scene(true);

	s.cache = tacit_cache_init(cache_room, sizeof(cache_room));
	is(&s, TACIT_OK, "", "with a cold cache");
	is(&s, TACIT_OK, "", "with a warm one");
	struct tacit_slice good = s.collateral.tcb_info;
	s.collateral.tcb_info = dcap_edit(good, "\"svn\":3", "\"svn\":0");
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "which says nothing about other bytes");
	struct tacit_slice copy = pki_copy(good);
	uint8_t *bytes = pki_alloc(copy.len);
	memcpy(bytes, copy.ptr, copy.len);
	bytes[copy.len - 3] = bytes[copy.len - 3] == '0' ? '1' : '0';
	s.collateral.tcb_info = tacit_slice_of(bytes, copy.len);
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "nor about another signature");
	is(&s, TACIT_SIGNATURE, "tcb_info.signature", "now or when it is seen again");
	s.collateral.tcb_info = good;
	s.now = DCAP_EXPIRES + 1;
	struct verdict v = judge(&s);
	ok(v.status == TACIT_UNDECIDED, "and dates are judged anew");
}

static void test_arena(void)
{
	struct scene s = scene(true);
	size_t limits = 0;

	s.quote.body[2] = s.quote.body[586] = 1; /* gaps and advisories to tell */
	for (s.arena = 600; s.arena < 2048; s.arena += 16) {
		struct verdict v = judge(&s);

		limits += v.status == TACIT_LIMIT;
		if (v.answer && (v.tcb.gap_count != 1 || v.tcb.advisory_count != 2))
			ok(false, "%zu bytes of arena: something was left out", s.arena);
		if (v.answer != (v.status == TACIT_OK))
			ok(false, "%zu bytes of arena: %d", s.arena, (int)v.status);
	}
	ok(limits > 0, "an arena that is full ends in TACIT_LIMIT (%zu times)", limits);
}

int main(void)
{
	test_good();
	test_none();
	test_missing();
	test_dates();
	test_revoked();
	test_revoked_signer();
	test_signatures();
	test_signer();
	test_many(dcap_world()->tcb_signer->subject_text, TACIT_SIGNATURE);
	test_many("CN=Some Other Name/O=Intel", TACIT_UNDECIDED);
	test_platform();
	test_numbers();
	test_qe();
	test_module();
	test_cache();
	test_arena();
	pki_done();
	return done();
}
