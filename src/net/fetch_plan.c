/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_plan.h"

#include <stdio.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "codec/pem.h"
#include "tee/azure/azure.h"
#include "tee/dcap/pck.h"
#include "tee/dcap/quote.h"
#include "tee/snp/snp.h"

#define WHERE     "fetch.plan"
#define BASE_MAX  200
#define PCCS_PATH "/sgx/certification/v4" /* as the configuration of Intel's clients has it */

const char *tacit_fetch_kind_name(enum tacit_fetch_kind kind)
{
	static const char *const NAMES[] = {
#define KIND_NAME(name, text, max) text,
		TACIT_FETCH_KIND_MAP(KIND_NAME)
#undef KIND_NAME
	};

	return (size_t)kind < TACIT_ARRAY_LEN(NAMES) ? NAMES[kind] : "unknown";
}

size_t tacit_fetch_kind_max(enum tacit_fetch_kind kind)
{
	static const size_t MOST[] = {
#define KIND_MAX(name, text, max) max,
		TACIT_FETCH_KIND_MAP(KIND_MAX)
#undef KIND_MAX
	};

	return (size_t)kind < TACIT_ARRAY_LEN(MOST) ? MOST[kind] : 0;
}

/* ---- places --------------------------------------------------------------------------------- */

/* A URL that more can be put behind: https, a host, no user, query or fragment. */
static enum tacit_status check_base(const char *what, const char *url, struct tacit_error *err)
{
	size_t len = url ? strlen(url) : 0;

	if (!url)
		return TACIT_OK;
	if (strncmp(url, "https://", 8) != 0 || len == 8 || url[8] == '/' || len > BASE_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%s is no https:// URL", what);
	for (size_t i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] > '~' || strchr("?#@\\\"<>", url[i]))
			return tacit_fail(err, TACIT_USAGE, WHERE, i,
					  "%s holds a character that it may not", what);
	return TACIT_OK;
}

static enum tacit_status check_places(const struct tacit_fetch_places *p, struct tacit_error *err)
{
	enum tacit_status st = check_base("--pcs", p->pcs, err);

	if (st == TACIT_OK)
		st = check_base("--pccs", p->pccs, err);
	if (st == TACIT_OK)
		st = check_base("--root-crl", p->root_crl, err);
	if (st == TACIT_OK)
		st = check_base("--kds", p->kds, err);
	if (st != TACIT_OK)
		return st;
	if (p->pccs && (p->pcs || p->root_crl))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "--pccs takes the place of --pcs and --root-crl");
	if (p->update && strcmp(p->update, "standard") != 0 && strcmp(p->update, "early") != 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "--update is standard or early");
	if (p->product && strcmp(p->product, "milan") != 0 && strcmp(p->product, "genoa") != 0 &&
	    strcmp(p->product, "turin") != 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "--product is milan, genoa or turin");
	if (p->update && p->evaluation_number)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "--update and --tcb-evaluation-number exclude each other");
	return TACIT_OK;
}

/* Its length without slashes, and without the path that PCCS addresses are written with. */
static int base_len(const char *url, const char *path)
{
	size_t len = strlen(url), tail = strlen(path);

	while (len > 8 && url[len - 1] == '/')
		len--;
	if (len > tail && strncmp(url + len - tail, path, tail) == 0)
		len -= tail;
	return (int)len;
}

static struct tacit_fetch_piece *add(struct tacit_fetch_plan *plan, enum tacit_fetch_kind kind)
{
	struct tacit_fetch_piece *piece = &plan->pieces[plan->count++];

	piece->kind = kind;
	return piece;
}

/* ---- Intel ---------------------------------------------------------------------------------- */

struct pck {
	const char *ca; /* "processor" or "platform" */
	char fmspc[13];
};

static bool contains(struct tacit_slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t at = 0; at + len <= text.len; at++)
		if (memcmp(text.ptr + at, word, len) == 0)
			return true;
	return false;
}

/* The platform that a quote's leaf certificate names [PCS v4]. */
static enum tacit_status read_pck(struct tacit_slice chain, struct tacit_arena *arena,
				  struct pck *ret, struct tacit_error *err)
{
	struct tacit_pem_block block;
	struct tacit_error broken = { 0 };
	size_t at = 0;

	while (tacit_pem_next(chain, &at, arena, &block, &broken)) {
		struct tacit_dcap_pck pck;
		struct tacit_cert cert;

		if (tacit_cert_parse(block.der, WHERE, &cert, NULL) != TACIT_OK ||
		    !contains(cert.subject_cn, "SGX PCK Certificate"))
			continue;
		enum tacit_status st = tacit_dcap_pck_parse(&cert, &pck, err);
		if (st != TACIT_OK)
			return st;
		tacit_hex_encode(pck.fmspc, ret->fmspc);
		ret->ca = contains(cert.issuer_cn, "PCK Platform CA") ? "platform" : "processor";
		if (!contains(cert.issuer_cn, "PCK Platform CA") &&
		    !contains(cert.issuer_cn, "PCK Processor CA"))
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "the PCK certificate's issuer is none of Intel's CAs");
		return TACIT_OK;
	}
	if (broken.status == TACIT_LIMIT)
		return tacit_fail(err, TACIT_LIMIT, WHERE, at, "%s", broken.detail);
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no PCK certificate in the quote");
}

static void put_option(const struct tacit_fetch_places *p, char join, char out[48])
{
	out[0] = 0;
	if (p->evaluation_number)
		(void)snprintf(out, 48, "%ctcbEvaluationDataNumber=%llu", join,
			       (unsigned long long)p->evaluation_number);
	else if (p->update)
		(void)snprintf(out, 48, "%cupdate=%s", join, p->update);
}

static void plan_intel(const struct tacit_fetch_places *p, bool tdx, const struct pck *pck,
		       struct tacit_fetch_plan *plan)
{
	const char *base = p->pccs ? p->pccs : p->pcs ? p->pcs : TACIT_FETCH_URL_PCS;
	const char *tee = tdx ? "tdx" : "sgx";
	const char *root_crl = p->root_crl ? p->root_crl : TACIT_FETCH_URL_ROOT_CRL;
	int len = base_len(base, PCCS_PATH);
	char option[48];

	struct tacit_fetch_piece *piece = add(plan, TACIT_FETCH_TCB_INFO);
	put_option(p, '&', option);
	(void)snprintf(piece->url, sizeof(piece->url), "%.*s/%s/certification/v4/tcb?fmspc=%s%s",
		       len, base, tee, pck->fmspc, option);
	(void)snprintf(piece->file, sizeof(piece->file), "intel-%s-tcb-info-%s.json", tee,
		       pck->fmspc);

	piece = add(plan, TACIT_FETCH_QE_IDENTITY);
	put_option(p, '?', option);
	(void)snprintf(piece->url, sizeof(piece->url), "%.*s/%s/certification/v4/qe/identity%s",
		       len, base, tee, option);
	(void)snprintf(piece->file, sizeof(piece->file), "intel-%s-qe-identity.json", tee);

	piece = add(plan, TACIT_FETCH_PCK_CRL);
	(void)snprintf(piece->url, sizeof(piece->url),
		       "%.*s" PCCS_PATH "/pckcrl?ca=%s&encoding=der", len, base, pck->ca);
	(void)snprintf(piece->file, sizeof(piece->file), "intel-pck-crl-%s.der", pck->ca);

	piece = add(plan, TACIT_FETCH_ROOT_CRL);
	if (p->pccs)
		(void)snprintf(piece->url, sizeof(piece->url), "%.*s" PCCS_PATH "/rootcacrl", len,
			       base);
	else
		(void)snprintf(piece->url, sizeof(piece->url), "%s", root_crl);
	(void)snprintf(piece->file, sizeof(piece->file), "intel-root-crl.der");
}

static enum tacit_status plan_quote(const struct tacit_fetch_places *p, struct tacit_arena *arena,
				    struct tacit_fetch_plan *plan, struct tacit_error *err)
{
	struct tacit_dcap_quote quote;
	struct pck pck;
	enum tacit_status st = tacit_dcap_quote_parse(plan->document.raw, &quote, err);

	if (st != TACIT_OK)
		return st;
	if (quote.cert_type != TACIT_DCAP_CERT_PCK_CHAIN)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "the quote names its platform by an encrypted id (certification "
				  "data type %u) and not by a PCK certificate",
				  quote.cert_type);
	st = read_pck(quote.cert_data, arena, &pck, err);
	if (st == TACIT_OK)
		plan_intel(p, quote.tee == TACIT_TEE_TDX, &pck, plan);
	return st;
}

/* ---- AMD ------------------------------------------------------------------------------------ */

struct snp {
	struct tacit_snp_report report;
	struct tacit_snp_table table;
	enum tacit_snp_key key;
	const struct tacit_snp_product_row *product;
};

static bool is_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

/* Reports of version 2 do not name their product: there the caller's word goes first. */
static enum tacit_snp_product choose_product(const struct tacit_snp_report *report,
					     const char *named)
{
	for (int i = TACIT_SNP_MILAN; named && report->version == 2 && i <= TACIT_SNP_VENICE; i++)
		if (strcmp(tacit_snp_product_row((enum tacit_snp_product)i)->name, named) == 0)
			return (enum tacit_snp_product)i;
	return tacit_snp_product_guess(report);
}

static enum tacit_status read_snp(struct tacit_slice raw, const char *product, struct snp *ret,
				  struct tacit_error *err)
{
	if (raw.len < TACIT_SNP_REPORT_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "shorter than a report");
	struct tacit_slice table = { raw.ptr + TACIT_SNP_REPORT_LEN,
				     raw.len - TACIT_SNP_REPORT_LEN };
	enum tacit_status st = tacit_snp_report_parse(tacit_slice_of(raw.ptr, TACIT_SNP_REPORT_LEN),
						      &ret->report, err);
	if (st == TACIT_OK)
		st = tacit_snp_table_parse(table, &ret->table, err);
	if (st != TACIT_OK)
		return st;
	ret->key = (enum tacit_snp_key)TACIT_SNP_SIGNING_KEY(ret->report.flags);
	ret->product = tacit_snp_product_row(choose_product(&ret->report, product));
	return TACIT_OK;
}

/* What no service has. */
static enum tacit_status check_snp(const struct snp *snp, struct tacit_error *err)
{
	struct tacit_snp_tcb tcb;

	if (snp->product->root == TACIT_ROOT_NONE)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "AMD has published no root for product '%s'", snp->product->name);
	if (snp->key == TACIT_SNP_VLEK && !snp->table.vlek.ptr)
		return tacit_fail(err, TACIT_UNDECIDED, WHERE, 0,
				  "a VLEK signed it, whose certificate AMD gives to the cloud "
				  "provider alone: take it from the host's certificate table");
	if (snp->key == TACIT_SNP_VLEK)
		return TACIT_OK;
	if (snp->key != TACIT_SNP_VCEK)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "neither a VCEK nor a VLEK signed it");
	if (snp->table.vcek.ptr)
		return TACIT_OK;
	if (is_zero(snp->report.chip_id))
		return tacit_fail(err, TACIT_UNDECIDED, WHERE, 0,
				  "the host masks the chip's id, so that AMD cannot be asked for "
				  "its certificate: take it from the host's certificate table");
	if (!tacit_snp_tcb_read(snp->report.reported_tcb, snp->product->has_fmc, &tcb))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the reported TCB has not the layout of product '%s'",
				  snp->product->name);
	return TACIT_OK;
}

/* What the core says where AMD has it, at another address if one is given. */
static void put_kds(const struct tacit_fetch_places *p, const char *url, const char *more,
		    char ret[TACIT_FETCH_URL])
{
	const char *base = p->kds ? p->kds : TACIT_FETCH_URL_KDS;

	(void)snprintf(ret, TACIT_FETCH_URL, "%.*s%s%s", base_len(base, "/"), base,
		       url + strlen(TACIT_FETCH_URL_KDS), more);
}

static void plan_vcek(const struct tacit_fetch_places *p, const struct snp *snp,
		      struct tacit_fetch_plan *plan)
{
	struct tacit_fetch_piece *piece = add(plan, TACIT_FETCH_VCEK);
	char url[TACIT_SNP_URL_MAX], chip[2 * TACIT_SNP_CHIP_LEN + 1], tcb[17];

	tacit_snp_url_vek(&snp->report, snp->product->product, url);
	put_kds(p, url, "", piece->url);
	tacit_hex_encode(tacit_slice_of(snp->report.chip_id.ptr, snp->product->chip_len), chip);
	tacit_hex_encode(snp->report.reported_tcb, tcb);
	(void)snprintf(piece->file, sizeof(piece->file), "amd-vcek-%s-%s-%s.der",
		       snp->product->name, chip, tcb);
	(void)snprintf(piece->cache, sizeof(piece->cache), "%s/%s-%s.der", snp->product->name, chip,
		       tcb);
}

static void plan_amd(const struct tacit_fetch_places *p, const struct snp *snp,
		     struct tacit_fetch_plan *plan)
{
	const char *key = snp->key == TACIT_SNP_VLEK ? "vlek" : "vcek";
	const char *name = snp->product->name;
	char url[TACIT_SNP_URL_MAX];

	plan->root = snp->product->root;
	plan->intermediate =
		snp->key == TACIT_SNP_VLEK ? TACIT_INTERMEDIATE_ASVK : TACIT_INTERMEDIATE_ASK;
	/* The chain comes first: what is asked for later may have to wait. */
	tacit_snp_url_chain(snp->key, snp->product->product, url);
	if (!snp->table.ask.ptr || !snp->table.ark.ptr) {
		struct tacit_fetch_piece *piece = add(plan, TACIT_FETCH_AMD_CHAIN);

		put_kds(p, url, "", piece->url);
		(void)snprintf(piece->file, sizeof(piece->file), "amd-%s-chain-%s.pem", key, name);
		(void)snprintf(piece->cache, sizeof(piece->cache), "%s/%s-chain.pem", name, key);
	}
	if (snp->key == TACIT_SNP_VCEK && !snp->table.vcek.ptr)
		plan_vcek(p, snp, plan);

	struct tacit_fetch_piece *piece = add(plan, TACIT_FETCH_AMD_CRL);
	url[strlen(url) - strlen("cert_chain")] = 0;
	put_kds(p, url, "crl", piece->url);
	(void)snprintf(piece->file, sizeof(piece->file), "amd-%s-crl-%s.der", key, name);
	(void)snprintf(piece->cache, sizeof(piece->cache), "%s/%s-crl.der", name, key);
}

static enum tacit_status plan_report(const struct tacit_fetch_places *p,
				     struct tacit_fetch_plan *plan, struct tacit_error *err)
{
	struct snp snp;
	enum tacit_status st = read_snp(plan->document.raw, p->product, &snp, err);

	if (st == TACIT_OK)
		st = check_snp(&snp, err);
	if (st == TACIT_OK)
		plan_amd(p, &snp, plan);
	return st;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Without what a paravisor put around it. */
static enum tacit_status open_document(const struct tacit_evidence *ev, struct tacit_evidence *ret,
				       struct tacit_error *err)
{
	struct tacit_hcl hcl;

	*ret = *ev;
	if (ev->tee == TACIT_TEE_AZURE_SNP) {
		enum tacit_status st = tacit_hcl_parse(ev->raw, &hcl, err);

		if (st != TACIT_OK)
			return st;
		ret->tee = TACIT_TEE_SNP;
		ret->raw = hcl.area;
	} else if (ev->tee == TACIT_TEE_AZURE_TDX) {
		if (!ev->wrapper || !ev->wrapper->td_quote.ptr)
			return tacit_fail(err, TACIT_UNDECIDED, WHERE, 0,
					  "a paravisor's report without the TD's quote names no "
					  "platform: give the quote");
		ret->tee = TACIT_TEE_TDX;
		ret->raw = ev->wrapper->td_quote;
	}
	if (ret->raw.ptr != ev->raw.ptr)
		ret->wrapper = NULL; /* spoke of the whole */
	return TACIT_OK;
}

enum tacit_status tacit_fetch_plan_start(const struct tacit_evidence *ev,
					 struct tacit_fetch_plan *ret, struct tacit_error *err)
{
	struct tacit_fetch_plan plan = { .count = 0 };
	enum tacit_status st = open_document(ev, &plan.document, err);

	if (st != TACIT_OK)
		return st;
	switch (plan.document.tee) {
	case TACIT_TEE_TDX:
	case TACIT_TEE_SGX:
	case TACIT_TEE_SNP:
		break;
	case TACIT_TEE_NITRO:
	case TACIT_TEE_NITROTPM:
		plan.nothing = "a Nitro document carries every certificate that it needs";
		break;
	case TACIT_TEE_STUB:
		plan.nothing = "the stand-in needs no collateral, and is no TEE";
		break;
	case TACIT_TEE_NONE:
	case TACIT_TEE_NVIDIA:
	case TACIT_TEE_GCP_TOKEN:
	case TACIT_TEE_AZURE_SNP:
	case TACIT_TEE_AZURE_TDX:
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "no collateral of '%s' is known",
				  tacit_tee_name(plan.document.tee));
	}
	*ret = plan;
	return TACIT_OK;
}

enum tacit_status tacit_fetch_plan_make(const struct tacit_evidence *ev,
					const struct tacit_fetch_places *places,
					struct tacit_arena *arena, struct tacit_fetch_plan *ret,
					struct tacit_error *err)
{
	struct tacit_fetch_plan plan;
	enum tacit_status st = check_places(places, err);

	if (st == TACIT_OK)
		st = tacit_fetch_plan_start(ev, &plan, err);
	if (st == TACIT_OK && !plan.nothing)
		st = plan.document.tee == TACIT_TEE_SNP ? plan_report(places, &plan, err)
							: plan_quote(places, arena, &plan, err);
	if (st == TACIT_OK)
		*ret = plan;
	return st;
}
