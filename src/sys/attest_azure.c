/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The attester of Azure's confidential VMs, whose hardware knows the paravisor alone
 * [src/tee/azure/README.md]. What stays the same for a boot is fetched once: the paravisor's
 * report, and what belongs to it. What is made each time is a quote of that TPM, which carries the
 * nonce or the hash of the binding, over all PCRs. Both go to the verifier in one JSON object, and
 * with them what the metadata service has: certificates, or the TD's quote.
 *
 * The paravisor, the hypervisor below it and the metadata service are not trusted with the form of
 * anything: reports, quotes and certificates are read as a verifier would, so that evidence which
 * nobody can use is refused here, by name.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appraise/json_out.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "crypto/hash.h"
#include "crypto/rsa.h"
#include "sys/attest.h"
#include "sys/attest_quote.h"
#include "sys/clock.h"
#include "sys/imds.h"
#include "sys/tpm.h"
#include "tee/azure/azure.h"
#include "tee/binding.h"

#define WHERE         "attest.azure"
#define REPORT_AT     0x01400001u /* NV index of the paravisor's report */
#define KEY_AT        0x81000003u /* handle of the attestation key */
#define REPORT_MAX    8192        /* bytes of the report: real ones have 2,600 */
#define USER_DATA_AT  0x01400002u /* NV index that the paravisor takes user data from */
#define USER_DATA_LEN 64
#define TAKE_MS       15000 /* it takes about three seconds */
#define PAUSE_MS      250
#define IMDS_MAX      200
#define BESIDE_MAX    12288 /* of certificates, or of a TD's quote */
#define TRIES         5     /* of a quote whose PCRs somebody else extends meanwhile */

/* A report of the paravisor, and what belongs to it. */
struct azure_report {
	enum tacit_tee tee;
	size_t len;
	uint8_t bytes[REPORT_MAX];
	uint8_t key[TACIT_AZURE_RSA_LEN]; /* modulus of the TPM's key */
	bool has_user_data;
	uint8_t user_data[USER_DATA_LEN];
	const char *beside_name; /* "vcek" or "td_quote" */
	size_t beside_len;
	struct tacit_error no_certs; /* why there are none */
	uint8_t beside[BESIDE_MAX];
};

struct azure_attester {
	struct tacit_attester base;
	struct tacit_tpm *tpm;
	char imds[IMDS_MAX];
	struct azure_report report; /* of this boot; unchanged once it is open */
};

/* ---- one piece of evidence ----------------------------------------------------------------- */

struct quote_request {
	uint8_t bytes[TACIT_TPM_EXTRA_MAX];
	size_t len;
};

/* What the quote is to carry: the hash of the binding, or the nonce as it is. */
static enum tacit_status find_extra(const struct azure_attester *azure,
				    const struct tacit_attest_request *request,
				    struct quote_request *ret, struct tacit_error *err)
{
	const char *platform = tacit_tee_name(azure->base.ops->tee);

	if (request->public_key.ptr)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "evidence of Azure has no room for a public key");
	if (request->binding.ptr) {
		ret->len = TACIT_SHA256_LEN;
		return tacit_binding_quote_data(platform, request->binding, ret->bytes, err);
	}
	if (request->nonce.len > TACIT_TPM_EXTRA_MAX)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "a quote of Azure's TPM carries a nonce of %d bytes at most",
				  TACIT_TPM_EXTRA_MAX);
	if (request->nonce.len)
		memcpy(ret->bytes, request->nonce.ptr, request->nonce.len);
	ret->len = request->nonce.len;
	return TACIT_OK;
}

static struct tacit_tpm_evidence view(const struct tacit_tpm_quoted *quoted)
{
	struct tacit_tpm_evidence tpm = { .message = quoted->message,
					  .signature = quoted->signature,
					  .pcr_count = TACIT_TPM_PCRS };

	for (size_t i = 0; i < TACIT_TPM_PCRS; i++)
		tpm.pcrs[i] = TACIT_SLICE_ARRAY(quoted->bank.values[i]);
	return tpm;
}

/* As the verifier will; TACIT_BINDING when the PCRs have moved between reading and quoting. */
static enum tacit_status check_quote(const struct azure_report *report,
				     const struct tacit_tpm_evidence *tpm,
				     const struct quote_request *request, struct tacit_error *err)
{
	struct tacit_slice values[TACIT_TPM_PCRS], signature;
	struct tacit_tpm_quote quote;
	enum tacit_status st = tacit_tpm_quote_parse(tpm->message, &quote, err);

	if (st == TACIT_OK)
		st = tacit_tpm_signature(tpm->signature, &signature, err);
	if (st != TACIT_OK)
		return st;
	if (tacit_rsa_check_pkcs1(TACIT_SLICE_ARRAY(report->key), tpm->message, signature, NULL) !=
	    TACIT_OK)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the TPM's key at 0x%08x is not the one that the paravisor "
				  "reports",
				  KEY_AT);
	if (!tacit_slice_eq(quote.nonce, tacit_slice_of(request->bytes, request->len)))
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the TPM gave a quote over other data than were asked for");
	return tacit_tpm_pcrs(&quote, tpm, values, err);
}

static enum tacit_status get_quote(struct azure_attester *azure, const struct azure_report *report,
				   const struct quote_request *request,
				   struct tacit_tpm_quoted *quoted, struct tacit_error *err)
{
	struct tacit_slice extra = tacit_slice_of(request->bytes, request->len);

	for (int i = 0; i < TRIES; i++) {
		struct tacit_error why = { 0 };
		enum tacit_status st =
			tacit_tpm_make_quote(azure->tpm, KEY_AT, extra, quoted, &why);

		if (st == TACIT_OK) {
			struct tacit_tpm_evidence tpm = view(quoted);

			st = check_quote(report, &tpm, request, &why);
			if (st == TACIT_BINDING)
				continue;
		}
		if (st != TACIT_OK && err)
			*err = why;
		return st;
	}
	return tacit_fail(err, TACIT_PEER, WHERE, 0,
			  "the PCR values are never those that the TPM quotes");
}

static void put_base64(struct tacit_json_out *j, const char *name, struct tacit_slice bytes)
{
	static const char NONE[] = "";
	char *room = (char *)malloc(tacit_base64_size(TACIT_BASE64URL, bytes.len) + 1);

	if (room)
		tacit_base64_encode(TACIT_BASE64URL, bytes, room);
	else
		j->w->bad = true;
	tacit_json_out_text(j, name, room ? room : NONE);
	free(room);
}

/* As attestation agents write it [src/tee/unwrap_json.c]. */
static enum tacit_status write_evidence(const struct azure_report *report,
					const struct tacit_tpm_quoted *quoted,
					struct tacit_mut room, struct tacit_slice *ret,
					struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_json_out j = { &w, -1, true };

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "tee", tacit_tee_name(report->tee));
	put_base64(&j, "hcl_report", tacit_slice_of(report->bytes, report->len));
	if (report->beside_len)
		put_base64(&j, report->beside_name,
			   tacit_slice_of(report->beside, report->beside_len));
	tacit_json_out_open(&j, "tpm_quote", '{');
	tacit_json_out_hex(&j, "message", quoted->message);
	tacit_json_out_hex(&j, "signature", quoted->signature);
	tacit_json_out_open(&j, "pcrs", '[');
	for (size_t i = 0; i < TACIT_TPM_PCRS; i++)
		tacit_json_out_hex(&j, NULL, TACIT_SLICE_ARRAY(quoted->bank.values[i]));
	tacit_json_out_close(&j, ']');
	tacit_json_out_close(&j, '}');
	tacit_json_out_close(&j, '}');
	return wr_finish(&w, WHERE, ret, err);
}

/* ---- the report ---------------------------------------------------------------------------- */

/* The key and the user data in the report, of whichever platform the paravisor says. */
static enum tacit_status take_report(struct azure_report *report, struct tacit_error *err)
{
	struct tacit_hcl_data data;
	struct tacit_hcl hcl;
	uint8_t memory[REPORT_MAX];
	struct tacit_arena arena;
	enum tacit_status st =
		tacit_hcl_parse(tacit_slice_of(report->bytes, report->len), &hcl, err);

	tacit_arena_init(&arena, memory, sizeof(memory));
	if (st == TACIT_OK)
		st = tacit_hcl_bound(&hcl, err);
	if (st == TACIT_OK)
		st = tacit_hcl_data_parse(hcl.data, &arena, &data, err);
	if (st != TACIT_OK)
		return st;
	report->tee = hcl.kind == TACIT_HCL_SNP ? TACIT_TEE_AZURE_SNP : TACIT_TEE_AZURE_TDX;
	memcpy(report->key, data.ak_modulus.ptr, sizeof(report->key));
	report->has_user_data = data.user_data.len == USER_DATA_LEN;
	if (report->has_user_data)
		memcpy(report->user_data, data.user_data.ptr, USER_DATA_LEN);
	return TACIT_OK;
}

static enum tacit_status fail_report(const struct tacit_error *why, struct tacit_error *err)
{
	return tacit_fail(err, why->status, WHERE, why->offset,
			  "the TPM's index 0x%08x holds no report of a paravisor: %s",
			  (unsigned)REPORT_AT, why->detail);
}

static enum tacit_status read_report(struct tacit_tpm *tpm, struct azure_report *report,
				     struct tacit_error *err)
{
	struct tacit_slice bytes;
	struct tacit_error why = { 0 };
	enum tacit_status st = tacit_tpm_nv_read(
		tpm, REPORT_AT, tacit_mut_of(report->bytes, REPORT_MAX), &bytes, &why);

	if (st == TACIT_UNSUPPORTED)
		return tacit_fail(err, st, WHERE, 0,
				  "the TPM holds no report of a paravisor (%s): this is no "
				  "confidential VM of Azure",
				  why.detail);
	if (st != TACIT_OK) {
		if (err)
			*err = why;
		return st;
	}
	report->len = bytes.len;
	st = take_report(report, &why);
	return st == TACIT_OK ? st : fail_report(&why, err);
}

static enum tacit_status cut_quote(struct tacit_slice got, const uint8_t *data,
				   struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_error why = { 0 };

	if (tacit_attest_cut_quote(got, data, ret, &why) == TACIT_OK)
		return TACIT_OK;
	return tacit_fail(err, TACIT_PEER, WHERE, why.offset,
			  "the metadata service's quote is none of this TD: %s", why.detail);
}

/*
 * What the metadata service has beside the report. Whoever judges can get the certificates from
 * AMD as well, so that evidence goes without them when the service has none; a TD's quote comes
 * from nowhere else.
 */
static enum tacit_status get_beside(const char *imds, struct azure_report *report,
				    struct tacit_error *err)
{
	struct tacit_mut room = tacit_mut_of(report->beside, BESIDE_MAX);
	struct tacit_slice got = { NULL, 0 };
	struct tacit_hcl hcl;

	report->beside_len = 0;
	if (report->tee == TACIT_TEE_AZURE_SNP) {
		report->beside_name = "vcek";
		if (tacit_imds_certs(imds, room, &got, &report->no_certs) == TACIT_OK)
			report->beside_len = got.len;
		return TACIT_OK;
	}
	report->beside_name = "td_quote";
	enum tacit_status st =
		tacit_hcl_parse(tacit_slice_of(report->bytes, report->len), &hcl, err);
	if (st == TACIT_OK)
		st = tacit_imds_quote(imds, hcl.area.ptr, room, &got, err);
	if (st == TACIT_OK)
		st = cut_quote(got, hcl.bound.ptr, &got, err);
	if (st == TACIT_OK)
		report->beside_len = got.len;
	return st;
}

/* ---- user data ----------------------------------------------------------------------------- */

static bool has_data(const struct azure_report *report, struct tacit_slice data)
{
	return report->has_user_data && tacit_slice_eq(TACIT_SLICE_ARRAY(report->user_data), data);
}

/*
 * The paravisor takes its time to have the hardware report on other user data. Until then the
 * index has the old report, or while it is being written parts of both.
 */
static enum tacit_status await_data(struct azure_attester *azure, struct tacit_slice data,
				    struct azure_report *report, struct tacit_error *err)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	uint64_t deadline = tacit_clock_ms() + TAKE_MS;

	for (;;) {
		struct tacit_error why = { 0 };
		enum tacit_status st = read_report(azure->tpm, report, &why);

		if (st == TACIT_OK && has_data(report, data))
			return st;
		if (st != TACIT_OK && st != TACIT_FORMAT && st != TACIT_BINDING)
			return tacit_fail(err, st, why.where, why.offset, "%s", why.detail);
		if (tacit_clock_ms() > deadline)
			return tacit_fail(err, TACIT_PEER, WHERE, 0,
					  "the paravisor has not put the report data into its "
					  "report in %d s",
					  TAKE_MS / 1000);
		nanosleep(&pause, NULL);
	}
}

/* A report of its own that has these 64 bytes as user data. Owns: free. */
static enum tacit_status renew_report(struct azure_attester *azure, struct tacit_slice data,
				      struct azure_report **ret, struct tacit_error *err)
{
	struct azure_report *report = calloc(1, sizeof(*report));
	enum tacit_status st = TACIT_OK;

	if (!report)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	if (data.len != USER_DATA_LEN)
		st = tacit_fail(err, TACIT_USAGE, WHERE, 0, "report data are %d bytes",
				USER_DATA_LEN);
	if (st == TACIT_OK)
		st = tacit_tpm_nv_need(azure->tpm, USER_DATA_AT, USER_DATA_LEN, err);
	if (st == TACIT_OK)
		st = tacit_tpm_nv_write(azure->tpm, USER_DATA_AT, data, err);
	if (st == TACIT_OK)
		st = await_data(azure, data, report, err);
	if (st == TACIT_OK)
		st = get_beside(azure->imds, report, err);
	if (st == TACIT_OK)
		*ret = report;
	else
		free(report);
	return st;
}

static void free_report(struct azure_report **report)
{
	free(*report);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum tacit_status attest(struct tacit_attester *attester,
				const struct tacit_attest_request *request, struct tacit_mut room,
				struct tacit_slice *ret, struct tacit_error *err)
{
	struct azure_attester *azure = (struct azure_attester *)attester;
	TACIT_CLEANUP(free_report) struct azure_report *renewed = NULL;
	const struct azure_report *report = &azure->report;
	struct quote_request extra;
	struct tacit_tpm_quoted quoted;
	enum tacit_status st = find_extra(azure, request, &extra, err);

	if (st == TACIT_OK && request->report_data.ptr) {
		st = renew_report(azure, request->report_data, &renewed, err);
		report = renewed;
	}
	if (st == TACIT_OK)
		st = get_quote(azure, report, &extra, &quoted, err);
	return st == TACIT_OK ? write_evidence(report, &quoted, room, ret, err) : st;
}

static void close_azure(struct tacit_attester *attester)
{
	struct azure_attester *azure = (struct azure_attester *)attester;

	tacit_tpm_close(azure->tpm);
	free(azure);
}

static const struct tacit_attester_ops SNP = { TACIT_TEE_AZURE_SNP, attest, close_azure };
static const struct tacit_attester_ops TDX = { TACIT_TEE_AZURE_TDX, attest, close_azure };

static enum tacit_status prepare(struct azure_attester *azure, enum tacit_tee tee,
				 const struct tacit_attest_options *options,
				 struct tacit_error *err)
{
	int n = snprintf(azure->imds, sizeof(azure->imds), "%s",
			 options->imds ? options->imds : TACIT_IMDS_BASE);

	if (n < 0 || (size_t)n >= sizeof(azure->imds))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "the metadata service's address is too long");
	const char *tpm = options->tpm ? options->tpm : TACIT_TPM_DEVICE;
	snprintf(azure->base.found, sizeof(azure->base.found), "the paravisor's report in %s", tpm);
	enum tacit_status st = tacit_tpm_open(tpm, &azure->tpm, err);
	if (st == TACIT_OK)
		st = read_report(azure->tpm, &azure->report, err);
	if (st == TACIT_OK && azure->report.tee != tee)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "the paravisor's report is of %s, not of %s",
				  tacit_tee_name(azure->report.tee), tacit_tee_name(tee));
	return st == TACIT_OK ? get_beside(azure->imds, &azure->report, err) : st;
}

static enum tacit_status open_azure(const struct tacit_attester_ops *ops,
				    const struct tacit_attest_options *options,
				    struct tacit_attester **ret, struct tacit_error *err)
{
	struct azure_attester *azure = calloc(1, sizeof(*azure));

	if (!azure)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	azure->base.ops = ops;
	enum tacit_status st = prepare(azure, ops->tee, options, err);
	if (st == TACIT_OK && azure->report.no_certs.status != TACIT_OK)
		snprintf(azure->base.began, sizeof(azure->base.began),
			 "event=certificates state=none reason=\"%.140s\"",
			 azure->report.no_certs.detail);
	if (st == TACIT_OK)
		*ret = &azure->base;
	else
		close_azure(&azure->base);
	return st;
}

enum tacit_status tacit_attest_azure_snp_open(const struct tacit_attest_options *options,
					      struct tacit_attester **ret, struct tacit_error *err)
{
	return open_azure(&SNP, options, ret, err);
}

enum tacit_status tacit_attest_azure_tdx_open(const struct tacit_attest_options *options,
					      struct tacit_attester **ret, struct tacit_error *err)
{
	return open_azure(&TDX, options, ret, err);
}
