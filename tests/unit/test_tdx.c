/* SPDX-License-Identifier: Apache-2.0 */

/* TDX quotes of our own PKI, without collateral: what is genuine, and each way not to be. */

#include "tests/pki/dcap.h"
#include "tests/unit/dcap_util.h"

#include "tee/tdx/tdx.h"

#define DAY        86400
#define SUBJECT(x) "CN=" x "/O=Intel Corporation/L=Santa Clara/ST=CA/C=US"

/* Everything that a quote alone can show is good, and that is not enough. */
static bool is_genuine(enum tacit_status st, const char *name)
{
	return bench_is(st, TACIT_UNDECIDED, "policy.tdx.collateral", name);
}

static struct dcap_quote_spec usual(void)
{
	return dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
}

static enum tacit_status verify(const struct dcap_quote_spec *spec)
{
	return bench_fresh(TACIT_TEE_TDX, dcap_quote(spec));
}

/* ---- good ---------------------------------------------------------------------------------- */

static void test_forms(void)
{
	static const struct {
		unsigned version;
		enum tacit_dcap_body type;
	} FORMS[] = {
		{ 4, TACIT_DCAP_BODY_TD10 },
		{ 5, TACIT_DCAP_BODY_TD10 },
		{ 5, TACIT_DCAP_BODY_TD15 },
		{ 5, TACIT_DCAP_BODY_TD15EXT },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(FORMS); i++) {
		struct dcap_quote_spec spec = dcap_quote_spec(FORMS[i].version, FORMS[i].type);

		spec.padding = 3065;
		is_genuine(verify(&spec), "a good quote");
		const struct tacit_claims *claims = tacit_verdict_genuine(&bench.verdict);
		ok(claims && claims->tdx && claims->tdx->dcap.quote_version == FORMS[i].version &&
			   claims->tdx->body == (enum tacit_tdx_body)FORMS[i].type &&
			   claims->tdx->dcap.trailing == 3065 && claims->tdx->dcap.test_root,
		   "its form in the claims");
		ok(claims && claims->measurement_count ==
				     (FORMS[i].type == TACIT_DCAP_BODY_TD10 ? 10 : 11),
		   "its measurements");
		ok(claims && !claims->tcb_status && !claims->debug &&
			   !tacit_verdict_claims(&bench.verdict),
		   "no TCB status, and no claims to decide on");
	}
}

static void test_claims(void)
{
	struct dcap_quote_spec spec = usual();

	is_genuine(verify(&spec), "a good quote");
	const struct tacit_claims *claims = tacit_verdict_genuine(&bench.verdict);
	if (!ok(claims && claims->tdx, "claims"))
		return;
	is_slice(claims->report_data, tacit_slice_of(spec.body + 520, 64), "report data");
	is_slice(claims->measurements[0].value, tacit_slice_of(spec.body + 136, 48), "mrtd");
	is_slice(claims->measurements[4].value, tacit_slice_of(spec.body + 472, 48), "rtmr3");
	is_slice(claims->tdx->dcap.pck.fmspc, pki_hex(DCAP_FMSPC), "fmspc");
	is_slice(claims->tdx->dcap.pck.ppid, pki_hex(dcap_world()->platform.ppid), "ppid");
	ok(claims->tdx->dcap.pck.pcesvn == 13 && claims->tdx->dcap.pck.platform_ca,
	   "PCESVN and CA");
	ok(claims->valid_from == DCAP_NOW - 31536000 && claims->valid_until == DCAP_NOW + 31536000,
	   "dates of the chain");
	ok(claims->timestamp == 0, "no time of its own");
}

/* ---- signatures ---------------------------------------------------------------------------- */

static void test_signatures(void)
{
	struct dcap_quote_spec spec = usual();

	spec.quote_signer = pki_key(PKI_P256);
	bench_is(verify(&spec), TACIT_SIGNATURE, "tdx.quote.signature", "signed by another key");
	spec = usual();
	spec.qe_signer = pki_key(PKI_P256);
	bench_is(verify(&spec), TACIT_SIGNATURE, "tdx.qe.signature", "QE report by another key");
	spec = usual();
	spec.qe_signer = dcap_world()->platform_ca->key;
	bench_is(verify(&spec), TACIT_SIGNATURE, "tdx.qe.signature", "QE report by the PCK's CA");
	spec = usual();
	spec.qe_signer = spec.ak;
	bench_is(verify(&spec), TACIT_SIGNATURE, "tdx.qe.signature", "QE report by the AK itself");
}

static void test_binding(void)
{
	struct dcap_quote_spec spec = usual();
	EVP_PKEY *other = pki_key(PKI_P256);
	struct tacit_slice none = { NULL, 0 };

	spec.keep_qe_report_data = true;
	bench_is(verify(&spec), TACIT_BINDING, "tdx.qe.binding", "report data of something else");

	/* The report data of an honest quote, over an attestation key of our own. */
	spec = usual();
	struct tacit_slice honest = dcap_quote(&spec);
	memcpy(spec.qe, honest.ptr + 770, sizeof(spec.qe));
	spec.keep_qe_report_data = true;
	is_genuine(verify(&spec), "kept as it was");
	spec.ak = other;
	bench_is(verify(&spec), TACIT_BINDING, "tdx.qe.binding", "another attestation key");

	spec = usual();
	memcpy(spec.qe, honest.ptr + 770, sizeof(spec.qe));
	spec.auth = none;
	spec.keep_qe_report_data = true;
	bench_is(verify(&spec), TACIT_BINDING, "tdx.qe.binding", "other authentication data");

	spec = usual();
	spec.auth = none;
	is_genuine(verify(&spec), "no authentication data, and bound so");

	/* What stands behind the binding must be zero, whatever it is. */
	honest = dcap_quote(&spec);
	for (size_t at = 352; at < 384; at += 31) {
		memcpy(spec.qe, honest.ptr + 770, sizeof(spec.qe));
		spec.qe[at] = 1;
		spec.keep_qe_report_data = true;
		bench_is(verify(&spec), TACIT_BINDING, "tdx.qe.binding", "a tail that is not zero");
	}
}

static void test_types(void)
{
	static const struct {
		unsigned type;
		size_t len;
		enum tacit_status want;
	} TYPES[] = {
		{ 1, 36, TACIT_UNDECIDED },  { 1, 35, TACIT_FORMAT },
		{ 2, 276, TACIT_UNDECIDED }, { 2, 277, TACIT_FORMAT },
		{ 3, 404, TACIT_UNDECIDED }, { 3, 36, TACIT_FORMAT },
		{ 4, 1000, TACIT_FORMAT },   { 6, 1000, TACIT_FORMAT },
		{ 7, 1000, TACIT_FORMAT },   { 65535, 36, TACIT_FORMAT },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(TYPES); i++) {
		struct dcap_quote_spec spec = usual();

		spec.cert_type = TYPES[i].type;
		spec.chain = tacit_slice_of(pki_alloc(TYPES[i].len), TYPES[i].len);
		bench_is(verify(&spec), TYPES[i].want, "tdx.quote.certification",
			 "certification data of another type");
		spec.chain = usual().chain;
		bench_is(verify(&spec), TACIT_FORMAT, "tdx.quote.certification",
			 "a chain under another type");
	}
	struct dcap_quote_spec spec = usual();
	spec.vendor_xor = 1;
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.quote.vendor", "another vendor");
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_SGX);
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.quote.format", "an SGX quote taken for a TD's");
	bench_is(bench_fresh(TACIT_TEE_TDX, tacit_slice_str("")), TACIT_FORMAT, "tdx.quote.format",
		 "nothing");
}

/* ---- the chain ----------------------------------------------------------------------------- */

static struct tacit_slice chain_of(const struct pki_cert *a, const struct pki_cert *b,
				   const struct pki_cert *c)
{
	return dcap_chain(a, b, c);
}

static void test_order(void)
{
	const struct dcap_world *w = dcap_world();
	const struct pki_cert *const c[] = { w->pck, w->platform_ca, w->root };
	struct dcap_quote_spec spec = usual();

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++) {
			if (i == k)
				continue;
			spec.chain = chain_of(c[i], c[k], c[3 - i - k]);
			is_genuine(verify(&spec), "the chain in any order");
		}
	for (size_t i = 0; i < 3; i++) {
		spec.chain = chain_of(c[i], c[i], c[(i + 1) % 3]);
		bench_is(verify(&spec), TACIT_CHAIN, "tdx.pck.certificates", "one of them twice");
		const struct pki_cert *const pair[] = { c[i], c[(i + 1) % 3] };
		spec.chain = pki_pem(pair, 2, 1);
		bench_is(verify(&spec), TACIT_CHAIN, "tdx.pck.certificates", "two of three");
		const struct pki_cert *const four[] = { c[0], c[1], c[2], c[i] };
		spec.chain = pki_pem(four, 4, 1);
		bench_is(verify(&spec), TACIT_CHAIN, "tdx.pck.certificates", "four");
	}
	spec.chain = chain_of(w->pck, w->processor_ca, w->root);
	bench_is(verify(&spec), TACIT_CHAIN, "tdx.pck.certificates", "the other CA of the root");
	spec.chain = chain_of(w->pck_processor, w->processor_ca, w->root);
	bench_is(verify(&spec), TACIT_SIGNATURE, "tdx.qe.signature", "the chain of another PCK");
}

static void test_text(void)
{
	struct dcap_quote_spec spec = usual();
	struct tacit_slice chain = spec.chain;
	uint8_t *room = pki_alloc(chain.len + 16);

	memcpy(room, chain.ptr, chain.len);
	spec.chain = tacit_slice_of(room, chain.len - 1);
	is_genuine(verify(&spec), "no NUL at the end");
	spec.chain.len = chain.len + 7;
	is_genuine(verify(&spec), "eight of them");
	room[chain.len + 3] = 'x';
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.pck.certificates", "words behind the NUL");
	memcpy(room, "words\n", 6);
	memcpy(room + 6, chain.ptr, chain.len);
	spec.chain.len = chain.len + 6;
	is_genuine(verify(&spec), "words before the first certificate");
	memcpy(room, chain.ptr, chain.len);
	spec.chain.len = chain.len;
	for (size_t i = 0; i + 11 <= chain.len; i++)
		if (memcmp(room + i, "CERTIFICATE", 11) == 0)
			memcpy(room + i, "CERTIFICATA", 11);
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.pck.certificates", "blocks by another name");
	memcpy(room + 11, "X509 CRL---", 11);
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.pck.certificates", "a broken first line");
	spec.chain = tacit_slice_of("-----BEGIN X-----\nAAAA\n-----END X-----\n", 39);
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.pck.certificates", "a block of something else");
}

/* Makes the three with one part different and gives them to a quote. */
struct departure {
	struct pki_spec root, intermediate, leaf;
	bool own_root; /* trust the root that was made */
};

static struct pki_spec ca_spec(const char *subject)
{
	struct pki_spec spec = {
		.subject = subject,
		.not_before = DCAP_NOW - 365 * DAY,
		.not_after = DCAP_NOW + 365 * DAY,
		.ca = true,
		.key_usage = TACIT_KU_CERT_SIGN | TACIT_KU_CRL_SIGN,
	};

	spec.key = pki_key(PKI_P256);
	return spec;
}

static struct departure departure(void)
{
	struct departure d = { ca_spec(SUBJECT("Intel SGX Root CA")),
			       ca_spec(SUBJECT("Intel SGX PCK Platform CA")),
			       { 0 },
			       true };

	d.leaf.key = pki_key(PKI_P256);
	return d;
}

/* Made once more with its certificate's parts, and judged at `now`. */
static enum tacit_status depart(const struct departure *d, int64_t now)
{
	static struct tacit_slice root_der;
	struct pki_spec intermediate = d->intermediate;
	struct dcap_quote_spec spec = usual();
	struct dcap_platform platform = dcap_platform();

	const struct pki_cert *root = pki_cert(&d->root);
	if (!intermediate.issuer)
		intermediate.issuer = root;
	const struct pki_cert *ca = pki_cert(&intermediate);
	spec.pck = dcap_pck(ca, &platform, &d->leaf);
	spec.chain = dcap_chain(spec.pck, ca, root);
	bench_init();
	root_der = root->der;
	if (d->own_root)
		bench.root = root_der;
	bench.cx.now = now;
	return bench_run(TACIT_TEE_TDX, dcap_quote(&spec));
}

static void test_dates(void)
{
	for (int level = 0; level < 3; level++) {
		struct departure d = departure();
		struct pki_spec *const specs[] = { &d.root, &d.intermediate, &d.leaf };

		specs[level]->not_before = DCAP_NOW - 10 * DAY;
		specs[level]->not_after = DCAP_NOW + 10 * DAY;
		is_genuine(depart(&d, DCAP_NOW + 10 * DAY), "at its last second");
		bench_is(depart(&d, DCAP_NOW + 10 * DAY + 1), TACIT_EXPIRED, "tdx.pck.validity",
			 "a second later");
		is_genuine(depart(&d, DCAP_NOW - 10 * DAY - 60), "a minute before its first");
		bench_is(depart(&d, DCAP_NOW - 10 * DAY - 61), TACIT_EXPIRED, "tdx.pck.validity",
			 "a second beyond the skew");
	}
}

static void test_names(void)
{
	static const char *const LEAVES[] = {
		SUBJECT("Intel SGX PCK Certificat"),
		SUBJECT("Intel SGX PCK Certificate 2"),
		SUBJECT("Intel SGX TCB Signing"),
	};
	struct departure d = departure();

	is_genuine(depart(&d, DCAP_NOW), "three that we made");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(LEAVES); i++) {
		d.leaf.subject = LEAVES[i];
		bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.names", "leaf's name");
	}
	d = departure();
	d.intermediate.subject = SUBJECT("Intel SGX PCK Other CA");
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.names", "intermediate's name");
	d = departure();
	d.root.subject = SUBJECT("Intel SGX Root");
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.names", "root's name");
	d = departure();
	d.own_root = false;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.root", "a clone of the root by name");
}

static void test_path(void)
{
	struct departure d = departure();

	d.intermediate.ca = false;
	d.intermediate.basic = true;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.chain",
		 "an intermediate that is no CA");
	d = departure();
	d.intermediate.key_usage = TACIT_KU_CRL_SIGN;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.chain", "that may not sign");
	d = departure();
	d.leaf.ca = true;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.chain", "a leaf that is a CA");
	d = departure();
	d.leaf.key_usage = TACIT_KU_CRL_SIGN;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.chain", "a leaf that may not sign");
	d = departure();
	d.root.limited = true;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.chain",
		 "a root that allows no CA below");
	d = departure();
	d.leaf.aki = tacit_slice_str("01234567890123456789");
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.chain", "another key id");
	d = departure();
	d.intermediate.issuer_name = d.intermediate.subject;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.certificates",
		 "a self-issued intermediate");
	d = departure();
	d.leaf.signer = pki_key(PKI_P256);
	bench_is(depart(&d, DCAP_NOW), TACIT_SIGNATURE, "tdx.pck.signatures", "a forged leaf");
	d = departure();
	d.intermediate.signer = pki_key(PKI_P256);
	bench_is(depart(&d, DCAP_NOW), TACIT_SIGNATURE, "tdx.pck.signatures",
		 "a forged intermediate");
}

static void test_keys(void)
{
	static const struct {
		enum pki_kind kind;
		const char *name;
	} KINDS[] = {
		{ PKI_P384, "P-384" },       { PKI_P521, "P-521" },
		{ PKI_RSA2048, "RSA 2048" }, { PKI_RSA4096, "RSA 4096" },
		{ PKI_ED25519, "Ed25519" },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++) {
		/* Signatures stay ECDSA with P-256 where the key cannot sign as the format needs.
		 */
		struct departure d = departure();
		d.leaf.spki = pki_spki(pki_key(KINDS[i].kind));
		enum tacit_status st = depart(&d, DCAP_NOW);
		ok(st != TACIT_OK && st != TACIT_UNDECIDED &&
			   !tacit_verdict_genuine(&bench.verdict),
		   "%s as the PCK: %s by %s", KINDS[i].name, tacit_status_name(st),
		   bench.err.where);
		d = departure();
		d.intermediate.spki = pki_spki(pki_key(KINDS[i].kind));
		st = depart(&d, DCAP_NOW);
		ok(st != TACIT_OK && st != TACIT_UNDECIDED &&
			   !tacit_verdict_genuine(&bench.verdict),
		   "%s as the CA's: %s by %s", KINDS[i].name, tacit_status_name(st),
		   bench.err.where);
		d = departure();
		d.intermediate.key = pki_key(KINDS[i].kind);
		st = depart(&d, DCAP_NOW);
		ok(st != TACIT_OK && st != TACIT_UNDECIDED &&
			   !tacit_verdict_genuine(&bench.verdict),
		   "%s signing the PCK: %s by %s", KINDS[i].name, tacit_status_name(st),
		   bench.err.where);
	}
}

/* A key or an algorithm that is not Intel's is named as that, before anything is verified. */
static void test_key_names(void)
{
	struct departure d = departure();

	d.leaf.spki = pki_spki(pki_key(PKI_P384));
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.certificates", "a PCK with P-384");
	d = departure();
	d.leaf.sig = PKI_SIG_ECDSA_SHA384;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.certificates",
		 "a PCK signed with SHA-384");
	d = departure();
	d.root.sig = PKI_SIG_ECDSA_SHA384;
	bench_is(depart(&d, DCAP_NOW), TACIT_CHAIN, "tdx.pck.certificates",
		 "a root signed with SHA-384");
}

static void test_extension(void)
{
	struct dcap_quote_spec spec = usual();
	struct dcap_platform platform = dcap_platform();
	static const uint8_t ZERO[16] = { 0 };

	for (unsigned member = 1; member <= 7; member++) {
		platform.leave_out = 1u << member;
		spec.pck = dcap_pck(dcap_world()->platform_ca, &platform, NULL);
		spec.chain = dcap_chain(spec.pck, dcap_world()->platform_ca, dcap_world()->root);
		bench_is(verify(&spec), TACIT_FORMAT, "tdx.pck.extension", "a member is missing");
	}
	platform = dcap_platform();
	platform.cpusvn = ZERO;
	spec.pck = dcap_pck(dcap_world()->platform_ca, &platform, NULL);
	spec.chain = dcap_chain(spec.pck, dcap_world()->platform_ca, dcap_world()->root);
	bench_is(verify(&spec), TACIT_FORMAT, "tdx.pck.extension",
		 "CPUSVN contradicts its components");
}

/* ---- the body ------------------------------------------------------------------------------ */

static void test_attributes(void)
{
	struct dcap_quote_spec spec = usual();

	for (size_t i = 112; i < 120; i++) {
		spec = usual();
		spec.body[i] = 0x80;
		bench_is(verify(&spec), TACIT_POLICY, "tdx.body.seam_attributes", "SEAMATTRIBUTES");
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		spec = usual();
		spec.body[120 + bit / 8] |= (uint8_t)(1u << bit % 8);
		enum tacit_status st = verify(&spec);
		if (!tacit_tdx_attribute(bit))
			bench_is(st, TACIT_POLICY, "tdx.body.td_attributes", "a reserved bit");
		else if (bit < 8)
			bench_is(st, TACIT_POLICY, "policy.debug", tacit_tdx_attribute(bit));
		else if (bit == 29)
			bench_is(st, TACIT_POLICY, "policy.tdx.migratable", "MIGRATABLE");
		else
			is_genuine(st, tacit_tdx_attribute(bit));
	}
	ok(tacit_tdx_attribute(63) && !tacit_tdx_attribute(39) && !tacit_tdx_attribute(64),
	   "PERFMON is bit 63 and not the top of another byte");
	spec = usual();
	spec.body[120] = 1;
	bench_init();
	bench.cx.insecure_allow_debug = true;
	is_genuine(bench_run(TACIT_TEE_TDX, dcap_quote(&spec)), "DEBUG, allowed by name");
	ok(tacit_verdict_genuine(&bench.verdict)->debug, "and it is a claim");
}

static void test_service_td(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15);

	is_genuine(verify(&spec), "no service TD");
	for (size_t i = 600; i < 648; i += 47) {
		spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15);
		spec.body[i] = 1;
		bench_is(verify(&spec), TACIT_POLICY, "policy.tdx.service_td", "a service TD");
	}
}

/* ---- flips and small rooms ----------------------------------------------------------------- */

static bool same_claims(const struct tacit_claims *a, const struct tacit_claims *b)
{
	bool same = a->measurement_count == b->measurement_count && a->debug == b->debug &&
		    tacit_slice_eq(a->report_data, b->report_data) &&
		    tacit_slice_eq(a->tdx->tee_tcb_svn, b->tdx->tee_tcb_svn) &&
		    a->tdx->attributes == b->tdx->attributes &&
		    tacit_slice_eq(a->tdx->xfam, b->tdx->xfam) &&
		    tacit_slice_eq(a->tdx->dcap.user_data, b->tdx->dcap.user_data) &&
		    tacit_slice_eq(a->tdx->dcap.pck.serial, b->tdx->dcap.pck.serial) &&
		    tacit_slice_eq(a->tdx->dcap.pck.fmspc, b->tdx->dcap.pck.fmspc);

	for (size_t i = 0; same && i < a->measurement_count; i++)
		same = tacit_slice_eq(a->measurements[i].value, b->measurements[i].value);
	return same;
}

/*
 * Every bit of everything up to the chain and behind it, and one bit of each byte of the PEM
 * text, in turn (sixteen thousand verifications would take minutes). Nothing may be accepted but
 * what is listed: the padding, and the NUL that ends the text.
 */
static void test_flips(void)
{
	static uint8_t cache_room[TACIT_CACHE_TYPICAL] __attribute__((aligned(16)));
	static uint8_t keep_room[1 << 18];
	struct tacit_cache *cache = tacit_cache_init(cache_room, sizeof(cache_room));
	struct dcap_quote_spec spec = usual();
	struct tacit_arena keep;
	struct tacit_verdict good = { 0 };
	size_t wrong = 0, accepted = 0, differ = 0;

	spec.padding = 8;
	struct tacit_slice raw = dcap_quote(&spec);
	uint8_t *flipped = pki_alloc(raw.len);
	struct tacit_evidence ev = { .tee = TACIT_TEE_TDX, .raw = raw };
	size_t text = 1258, end = raw.len - spec.padding - 1;

	bench_init();
	bench.cx.cache = cache;
	tacit_arena_init(&keep, keep_room, sizeof(keep_room));
	bench.cx.arena = &keep;
	ok(tacit_verify(&ev, &bench.cx, &good, &bench.err) == TACIT_UNDECIDED &&
		   tacit_verdict_genuine(&good),
	   "genuine as it was made");
	memcpy(flipped, raw.ptr, raw.len);
	for (size_t bit = 0; bit < raw.len * 8; bit++) {
		size_t at = bit / 8;

		if (at >= text && at < end && bit % 8 != at % 8)
			continue;
		flipped[at] ^= (uint8_t)(1u << bit % 8);
		bench_init();
		bench.cx.cache = cache;
		enum tacit_status st = bench_run(TACIT_TEE_TDX, tacit_slice_of(flipped, raw.len));
		const struct tacit_claims *claims = tacit_verdict_genuine(&bench.verdict);
		if (claims) {
			accepted++;
			differ += !same_claims(claims, tacit_verdict_genuine(&good));
			if (at < end) {
				wrong++;
				printf("# bit %zu of byte %zu\n", bit % 8, at);
			}
		}
		wrong += st == TACIT_OK || st == TACIT_INTERNAL;
		flipped[at] ^= (uint8_t)(1u << bit % 8);
	}
	ok(wrong == 0, "every flip is refused, but for padding and the text's end");
	ok(differ == 0, "where one is not, the claims are the same");
	ok(accepted == 64 + 8 || accepted == 64, "all 64 bits of the padding are free (%zu)",
	   accepted);
}

static void test_small_rooms(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15EXT);
	struct tacit_slice raw = dcap_quote(&spec);
	size_t wrong = 0, size;

	for (size = 0; size < sizeof(bench.room); size += 397) {
		bench_init();
		bench.arena.size = size;
		enum tacit_status st = bench_run(TACIT_TEE_TDX, raw);
		if (st == TACIT_UNDECIDED)
			break;
		wrong += st != TACIT_LIMIT || tacit_verdict_genuine(&bench.verdict);
	}
	ok(wrong == 0 && size < 65536, "too small an arena is a limit, up to %zu bytes", size);
}

int main(void)
{
	test_forms();
	test_claims();
	test_signatures();
	test_binding();
	test_types();
	test_order();
	test_text();
	test_dates();
	test_names();
	test_path();
	test_keys();
	test_key_names();
	test_extension();
	test_attributes();
	test_service_td();
	test_flips();
	test_small_rooms();
	pki_done();
	return done();
}
