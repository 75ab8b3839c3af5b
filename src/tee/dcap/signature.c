/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/signature.h"

#include "base/compiler.h"
#include "codec/pem.h"
#include "crypto/hash.h"
#include "tee/dcap/pck.h"
#include "trust/chain.h"

#define CLOCK_SKEW 60 /* seconds */
#define CERTS      3

struct judge {
	const char *const *names;
	const struct tacit_context *cx;
	struct tacit_check_list *list;
	struct tacit_dcap_signed *s;
};

static void pass(const struct judge *j, enum tacit_dcap_quote_row row, const char *got)
{
	tacit_check_pass(j->list, j->names[row], got);
}

static bool fail(const struct judge *j, enum tacit_dcap_quote_row row, enum tacit_status status,
		 const char *why)
{
	struct tacit_check_failure failure = { .status = status, .why = why };

	tacit_check_fail(j->list, j->names[row], &failure);
	return false;
}

static bool decide(const struct judge *j, enum tacit_dcap_quote_row row,
		   const struct tacit_error *err)
{
	if (err->status == TACIT_OK)
		pass(j, row, NULL);
	else
		tacit_check_fail_error(j->list, j->names[row], err);
	return err->status == TACIT_OK;
}

/* ---- the frame ----------------------------------------------------------------------------- */

static bool check_format(const struct judge *j, struct tacit_slice raw, enum tacit_tee tee)
{
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_dcap_quote_parse(raw, &j->s->quote, &err);
	if (st == TACIT_OK && j->s->quote.tee != tee)
		st = tacit_fail(&err, TACIT_FORMAT, "quote", 4, "a quote of another technology");
	if (st == TACIT_OK)
		st = tacit_dcap_sgx_parse(j->s->quote.qe_report, &j->s->qe, &err);
	return decide(j, TACIT_DCAP_QUOTE_FORMAT, &err) && st == TACIT_OK;
}

/* [TDX-QUOTE 3.1] the one vendor there is. */
static bool check_vendor(const struct judge *j)
{
	static const uint8_t INTEL[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
					   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = "939a7233f79c4ca9940a0db3957f0607",
		.why = "the quoting enclave's vendor is not Intel",
	};

	if (tacit_slice_eq(j->s->quote.vendor, TACIT_SLICE_ARRAY(INTEL))) {
		pass(j, TACIT_DCAP_QUOTE_VENDOR, "intel");
		return true;
	}
	failure.got = tacit_check_hex(j->list, j->s->quote.vendor);
	tacit_check_fail(j->list, j->names[TACIT_DCAP_QUOTE_VENDOR], &failure);
	return false;
}

/*
 * Data that only name the PCK: PPID, plain or encrypted with RSA, CPUSVN, PCESVN and PCE id
 * [SGX-QUOTE A.4.8]. Honest, but there is no certificate to check the QE report with.
 */
static bool names_pck(const struct tacit_dcap_quote *quote)
{
	size_t rest = 16 + 2 + 2;

	switch (quote->cert_type) {
	case TACIT_DCAP_CERT_PPID:
		return quote->cert_data.len == 16 + rest;
	case TACIT_DCAP_CERT_PPID_RSA2048:
		return quote->cert_data.len == 256 + rest;
	case TACIT_DCAP_CERT_PPID_RSA3072:
		return quote->cert_data.len == 384 + rest;
	default:
		return false;
	}
}

static bool check_certification(const struct judge *j)
{
	const struct tacit_dcap_quote *quote = &j->s->quote;
	struct tacit_check_failure failure = { .status = TACIT_FORMAT, .expected = "type 5" };

	if (quote->cert_type == TACIT_DCAP_CERT_PCK_CHAIN) {
		pass(j, TACIT_DCAP_QUOTE_CERTIFICATION, "type 5");
		return true;
	}
	failure.got = tacit_check_printf(j->list, "type %u", quote->cert_type);
	failure.why = "the certification data are of a type that certifies no QE report";
	if (names_pck(quote)) {
		failure.status = TACIT_UNDECIDED;
		failure.why = "the quote only names its PCK certificate and does not carry it; "
			      "have the platform's quoting library embed the chain";
	}
	tacit_check_fail(j->list, j->names[TACIT_DCAP_QUOTE_CERTIFICATION], &failure);
	return false;
}

/* ---- certificates -------------------------------------------------------------------------- */

/* Words after the NUL that ends the text would be read by nobody: there may be none. */
static bool ends_clean(struct tacit_slice text)
{
	const uint8_t *nul = memchr(text.ptr, 0, text.len);

	for (const uint8_t *at = nul; at && at < text.ptr + text.len; at++)
		if (*at != 0)
			return false;
	return true;
}

/* All certificates of the PEM text: exactly three. */
static enum tacit_status read_certs(const struct judge *j, struct tacit_cert certs[static CERTS],
				    struct tacit_error *err)
{
	struct tacit_slice text = j->s->quote.cert_data;
	struct tacit_pem_block block = { 0 };
	size_t at = 0, count = 0;

	if (!ends_clean(text))
		return tacit_fail(err, TACIT_FORMAT, "pck", 0, "bytes behind the end of the text");
	while (tacit_pem_next(text, &at, j->cx->arena, &block, err)) {
		if (!tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
			return tacit_fail(err, TACIT_FORMAT, "pck", at,
					  "a PEM block that is no certificate");
		if (count == CERTS)
			return tacit_fail(err, TACIT_CHAIN, "pck", at,
					  "more than three certificates");
		enum tacit_status st = tacit_cert_parse(block.der, "pck", &certs[count++], err);
		if (st != TACIT_OK)
			return st;
	}
	if (err->status != TACIT_OK)
		return err->status;
	if (count != CERTS)
		return tacit_fail(err, TACIT_CHAIN, "pck", at, "%zu certificates, want three",
				  count);
	return TACIT_OK;
}

static bool issued(const struct tacit_cert *issuer, const struct tacit_cert *cert)
{
	return tacit_slice_eq(issuer->subject, cert->issuer);
}

/*
 * Puts them in their places by who names whom: quotes carry them leaf first as a rule, and real
 * ones in other orders too. Only one place fits each, or none does.
 */
static bool place_certs(const struct tacit_cert certs[static CERTS], struct tacit_dcap_signed *s)
{
	for (size_t r = 0; r < CERTS; r++) {
		const struct tacit_cert *root = &certs[r];
		const struct tacit_cert *a = &certs[(r + 1) % CERTS], *b = &certs[(r + 2) % CERTS];

		if (!issued(root, root) || issued(a, a) || issued(b, b))
			continue;
		bool a_first = issued(root, a) && issued(a, b);
		if (!a_first && !(issued(root, b) && issued(b, a)))
			return false;
		s->root = *root;
		s->intermediate = a_first ? *a : *b;
		s->leaf = a_first ? *b : *a;
		return true;
	}
	return false;
}

/* [PCK-CERT 1.3] every key in Intel's PKI is P-256, and every signature ECDSA with SHA-256. */
static enum tacit_status check_keys(const struct tacit_cert certs[static CERTS],
				    struct tacit_error *err)
{
	for (size_t i = 0; i < CERTS; i++)
		if (certs[i].key_alg != TACIT_P256 || certs[i].sig_alg != TACIT_SIG_ECDSA_SHA256)
			return tacit_fail(err, TACIT_CHAIN, "pck", i,
					  "a key or signature that is not ECDSA with P-256");
	return TACIT_OK;
}

static bool check_certificates(const struct judge *j)
{
	struct tacit_cert certs[CERTS] = { 0 };
	struct tacit_error err = { 0 };

	enum tacit_status st = read_certs(j, certs, &err);
	if (st == TACIT_OK)
		st = check_keys(certs, &err);
	if (st == TACIT_OK && !place_certs(certs, j->s))
		st = tacit_fail(&err, TACIT_CHAIN, "pck", 0,
				"the three certificates are not root, intermediate and leaf");
	return decide(j, TACIT_DCAP_QUOTE_PCK_CERTIFICATES, &err) && st == TACIT_OK;
}

static bool is_named(const struct tacit_cert *cert, const char *name)
{
	return tacit_slice_eq(cert->subject_cn, tacit_slice_str(name));
}

/* [PCK-CERT 1.3.5] */
static bool check_names(const struct judge *j)
{
	const struct tacit_dcap_signed *s = j->s;

	if (!is_named(&s->root, "Intel SGX Root CA"))
		return fail(j, TACIT_DCAP_QUOTE_PCK_NAMES, TACIT_CHAIN,
			    "the root is not named Intel SGX Root CA");
	bool platform = is_named(&s->intermediate, "Intel SGX PCK Platform CA");
	if (!platform && !is_named(&s->intermediate, "Intel SGX PCK Processor CA"))
		return fail(j, TACIT_DCAP_QUOTE_PCK_NAMES, TACIT_CHAIN,
			    "the intermediate is neither the PCK Platform CA nor the Processor CA");
	if (!is_named(&s->leaf, "Intel SGX PCK Certificate"))
		return fail(j, TACIT_DCAP_QUOTE_PCK_NAMES, TACIT_CHAIN,
			    "the leaf is not named Intel SGX PCK Certificate");
	pass(j, TACIT_DCAP_QUOTE_PCK_NAMES, platform ? "Platform CA" : "Processor CA");
	return true;
}

static bool check_root(const struct judge *j)
{
	j->s->anchor = tacit_root_find(&j->s->root, j->cx);
	if (j->s->anchor != TACIT_ROOT_INTEL_SGX && j->s->anchor != TACIT_ROOT_TEST)
		return fail(j, TACIT_DCAP_QUOTE_PCK_ROOT, TACIT_CHAIN,
			    "the root has not the key of Intel's SGX root CA (a pre-production "
			    "platform, or a forgery)");
	pass(j, TACIT_DCAP_QUOTE_PCK_ROOT, tacit_root_name(j->s->anchor));
	return true;
}

static bool check_extension(const struct judge *j)
{
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_dcap_pck_parse(&j->s->leaf, &j->s->pck, &err);
	return decide(j, TACIT_DCAP_QUOTE_PCK_EXTENSION, &err) && st == TACIT_OK;
}

static const struct tacit_error *first_error(const struct tacit_chain_result *result,
					     enum tacit_chain_step a, enum tacit_chain_step b)
{
	return result->errors[a].status != TACIT_OK ? &result->errors[a] : &result->errors[b];
}

static bool check_chain(const struct judge *j)
{
	struct tacit_cert certs[CERTS] = { j->s->root, j->s->intermediate, j->s->leaf };
	struct tacit_chain_rules rules = {
		.now = j->cx->now,
		.skew = CLOCK_SKEW,
		.cache = j->cx->cache,
		.pinned_root = tacit_root_is_whole(&j->s->root, j->s->anchor),
	};
	struct tacit_chain_result result;

	bool held = tacit_chain_check(certs, CERTS, &rules, &result);
	decide(j, TACIT_DCAP_QUOTE_PCK_CHAIN,
	       first_error(&result, TACIT_CHAIN_NAMES, TACIT_CHAIN_CA));
	if (result.judged[TACIT_CHAIN_VALIDITY])
		decide(j, TACIT_DCAP_QUOTE_PCK_VALIDITY, &result.errors[TACIT_CHAIN_VALIDITY]);
	if (result.judged[TACIT_CHAIN_SIGNATURES])
		decide(j, TACIT_DCAP_QUOTE_PCK_SIGNATURES, &result.errors[TACIT_CHAIN_SIGNATURES]);
	j->s->valid_from = result.valid_from;
	j->s->valid_until = result.valid_until;
	return held;
}

/* ---- quoting enclave and quote ------------------------------------------------------------- */

/* [TDX-QUOTE 3.9] SHA-256(attestation key || authentication data), and nothing behind it. */
static bool check_binding(const struct judge *j)
{
	const struct tacit_dcap_quote *quote = &j->s->quote;
	struct tacit_slice parts[] = { quote->key, quote->qe_auth };
	struct tacit_error err = { 0 };
	uint8_t want[64] = { 0 };

	if (tacit_hash_parts(TACIT_SHA256, parts, TACIT_ARRAY_LEN(parts), want, &err) != TACIT_OK)
		return decide(j, TACIT_DCAP_QUOTE_QE_BINDING, &err);
	if (!tacit_slice_eq(j->s->qe.report_data, TACIT_SLICE_ARRAY(want))) {
		struct tacit_check_failure failure = {
			.status = TACIT_BINDING,
			.expected = tacit_check_hex(j->list, TACIT_SLICE_ARRAY(want)),
			.got = tacit_check_hex(j->list, j->s->qe.report_data),
			.why = "the QE report does not stand for this attestation key",
		};

		tacit_check_fail(j->list, j->names[TACIT_DCAP_QUOTE_QE_BINDING], &failure);
		return false;
	}
	pass(j, TACIT_DCAP_QUOTE_QE_BINDING, NULL);
	return true;
}

/* The QE's report is made once per boot of the platform: worth remembering, unlike the quote. */
static bool check_qe_signature(const struct judge *j)
{
	if (tacit_trust_signed(TACIT_P256, j->s->leaf.key, j->s->quote.qe_report,
			       j->s->quote.qe_signature, j->cx->cache, NULL) != TACIT_OK)
		return fail(j, TACIT_DCAP_QUOTE_QE_SIGNATURE, TACIT_SIGNATURE,
			    "the PCK did not sign this QE report");
	pass(j, TACIT_DCAP_QUOTE_QE_SIGNATURE, NULL);
	return true;
}

static bool check_quote_signature(const struct judge *j)
{
	uint8_t point[65] = { 0x04 }; /* uncompressed */

	memcpy(point + 1, j->s->quote.key.ptr, 64);
	if (tacit_trust_signed(TACIT_P256, TACIT_SLICE_ARRAY(point), j->s->quote.covered,
			       j->s->quote.signature, NULL, NULL) != TACIT_OK)
		return fail(j, TACIT_DCAP_QUOTE_QUOTE_SIGNATURE, TACIT_SIGNATURE,
			    "the attestation key did not sign this quote");
	pass(j, TACIT_DCAP_QUOTE_QUOTE_SIGNATURE, NULL);
	return true;
}

const struct tacit_dcap_signed *
tacit_dcap_signature_verify(struct tacit_slice raw, enum tacit_tee tee, const char *const *names,
			    const struct tacit_context *cx, struct tacit_check_list *list)
{
	struct judge j = { names, cx, list, tacit_arena_alloc(cx->arena, sizeof(*j.s)) };

	if (!j.s) {
		list->full = true;
		return NULL;
	}
	if (check_format(&j, raw, tee) && check_vendor(&j) && check_certification(&j) &&
	    check_certificates(&j) && check_names(&j) && check_root(&j) && check_extension(&j) &&
	    check_binding(&j) && check_chain(&j) && check_qe_signature(&j) &&
	    check_quote_signature(&j))
		return j.s;
	return NULL;
}
