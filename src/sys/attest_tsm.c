/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The attester of TDX and SNP guests, through configfs-tsm or, on kernels without it, the device
 * of the platform. Both carry 64 bytes of report data: what the caller gives, or the hash of its
 * binding, which then travels beside the evidence. What the kernel hands over came through the
 * host: it is parsed, cut to its own length and held against what was asked for before anybody
 * gets it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "sys/attest.h"
#include "sys/attest_quote.h"
#include "sys/rtmr.h"
#include "sys/sev_guest.h"
#include "sys/tdx_guest.h"
#include "sys/tsm.h"
#include "tacit/binding.h"
#include "tee/nitro/runtime.h"
#include "tee/snp/snp.h"

#define WHERE "attest.tsm"

struct tsm_attester {
	struct tacit_attester base;
	const char *platform; /* of the binding's preimage: "tdx", "snp" */
	const char *provider; /* what configfs-tsm calls it */
	const char *device;   /* where it is asked on kernels without configfs-tsm */
	bool by_device;
	enum tacit_status (*fetch)(const uint8_t *input, struct tacit_mut room,
				   struct tacit_tsm_report *ret, struct tacit_error *err);
	/* Cuts the evidence out of the report into `room`. */
	enum tacit_status (*cut)(const struct tacit_tsm_report *report, const uint8_t *input,
				 struct tacit_mut room, struct tacit_slice *ret,
				 struct tacit_error *err);
};

static enum tacit_status fail_mismatch(struct tacit_error *err)
{
	return tacit_fail(err, TACIT_PEER, WHERE, 0,
			  "the host gave a report over other data than were asked for");
}

static enum tacit_status copy(struct tacit_slice first, struct tacit_slice second,
			      struct tacit_mut room, struct tacit_slice *ret,
			      struct tacit_error *err)
{
	if (first.len > room.len || second.len > room.len - first.len)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the evidence does not fit");
	memcpy(room.ptr, first.ptr, first.len);
	if (second.len)
		memcpy(room.ptr + first.len, second.ptr, second.len);
	*ret = tacit_slice_of(room.ptr, first.len + second.len);
	return TACIT_OK;
}

static enum tacit_status cut_tdx(const struct tacit_tsm_report *report, const uint8_t *input,
				 struct tacit_mut room, struct tacit_slice *ret,
				 struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, quote;
	enum tacit_status st = tacit_attest_cut_quote(report->out, input, &quote, err);

	return st == TACIT_OK ? copy(quote, none, room, ret, err) : st;
}

/* The report, and the host's certificates behind it when it gave any. */
static enum tacit_status cut_snp(const struct tacit_tsm_report *report, const uint8_t *input,
				 struct tacit_mut room, struct tacit_slice *ret,
				 struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_snp_report snp;
	struct tacit_snp_table table;
	struct tacit_slice raw = report->out;

	if (raw.len < TACIT_SNP_REPORT_LEN)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "a report of %zu bytes", raw.len);
	raw.len = TACIT_SNP_REPORT_LEN;
	enum tacit_status st = tacit_snp_report_parse(raw, &snp, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_slice_eq(snp.report_data, tacit_slice_of(input, TACIT_TSM_INPUT)))
		return fail_mismatch(err);
	bool usable =
		report->aux.ptr && tacit_snp_table_parse(report->aux, &table, NULL) == TACIT_OK;
	return copy(raw, usable ? report->aux : none, room, ret, err);
}

static enum tacit_status find_input(const struct tsm_attester *tsm,
				    const struct tacit_attest_request *request,
				    uint8_t input[static TACIT_TSM_INPUT], struct tacit_error *err)
{
	if (request->public_key.ptr)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "report data have no room for a public key");
	if (!request->report_data.ptr)
		return tacit_binding_report_data(tsm->platform, request->binding, input, err);
	if (request->report_data.len != TACIT_TSM_INPUT)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "report data are %d bytes",
				  TACIT_TSM_INPUT);
	memcpy(input, request->report_data.ptr, TACIT_TSM_INPUT);
	return TACIT_OK;
}

static enum tacit_status fetch_tdx(const uint8_t *input, struct tacit_mut room,
				   struct tacit_tsm_report *ret, struct tacit_error *err)
{
	return tacit_tdx_guest_quote(TACIT_TDX_GUEST_DEVICE, TACIT_TDX_GUEST_SERVICE, input, room,
				     ret, err);
}

static enum tacit_status fetch_snp(const uint8_t *input, struct tacit_mut room,
				   struct tacit_tsm_report *ret, struct tacit_error *err)
{
	return tacit_sev_guest_report(TACIT_SEV_GUEST_DEVICE, input, room, ret, err);
}

static enum tacit_status fetch(const struct tsm_attester *tsm, const uint8_t *input,
			       struct tacit_mut room, struct tacit_tsm_report *ret,
			       struct tacit_error *err)
{
	return tsm->by_device ? tsm->fetch(input, room, ret, err)
			      : tacit_tsm_report(TACIT_TSM_FOLDER, input, room, ret, err);
}

static void free_block(uint8_t **block)
{
	free(*block);
}

static enum tacit_status attest(struct tacit_attester *attester,
				const struct tacit_attest_request *request, struct tacit_mut room,
				struct tacit_slice *ret, struct tacit_error *err)
{
	struct tsm_attester *tsm = (struct tsm_attester *)attester;
	TACIT_CLEANUP(free_block) uint8_t *block = malloc(2 * TACIT_TSM_OUTPUT_MAX);
	struct tacit_tsm_report report;
	uint8_t input[TACIT_TSM_INPUT];

	if (!block)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	enum tacit_status st = find_input(tsm, request, input, err);
	if (st == TACIT_OK)
		st = fetch(tsm, input, tacit_mut_of(block, 2 * TACIT_TSM_OUTPUT_MAX), &report, err);
	return st == TACIT_OK ? tsm->cut(&report, input, room, ret, err) : st;
}

static void close_tsm(struct tacit_attester *attester)
{
	free(attester);
}

static const struct tacit_attester_ops TDX = { TACIT_TEE_TDX, attest, close_tsm };
static const struct tacit_attester_ops SNP = { TACIT_TEE_SNP, attest, close_tsm };

/* configfs-tsm where there is a provider, whoever that is; the platform's own device elsewhere. */
static enum tacit_status choose_way(const struct tsm_attester *form, bool *ret_by_device,
				    struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	char found[32];
	enum tacit_status st = tacit_tsm_provider(TACIT_TSM_FOLDER, found, &why);

	*ret_by_device = st == TACIT_UNSUPPORTED && access(form->device, F_OK) == 0;
	if (*ret_by_device)
		return TACIT_OK;
	if (st != TACIT_OK && err)
		*err = why;
	if (st == TACIT_OK && strcmp(found, form->provider) != 0)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "this machine's reports come from '%.31s', not from '%s'", found,
				  form->provider);
	return st;
}

static enum tacit_status open_tsm(const struct tsm_attester *form, struct tacit_attester **ret,
				  struct tacit_error *err)
{
	bool by_device = false;
	enum tacit_status st = choose_way(form, &by_device, err);

	if (st != TACIT_OK)
		return st;
	struct tsm_attester *tsm = malloc(sizeof(*tsm));
	if (!tsm)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	*tsm = *form;
	tsm->by_device = by_device;
	*ret = &tsm->base;
	return TACIT_OK;
}

/*
 * What a server runs goes into RTMR3 before its first quote, where the kernel offers that: by the
 * rule of Nitro's PCR16, so that one value stands for a model and a configuration on both.
 */
static enum tacit_status fill_rtmr(const struct tacit_attest_options *options,
				   struct tacit_attester *tdx, struct tacit_error *err)
{
	uint8_t data[TACIT_NITRO_PCR_BYTES];
	char hex[2 * TACIT_RTMR_LEN + 1];
	struct tacit_rtmr_result result;
	struct tacit_error why = { 0 };
	enum tacit_status st =
		tacit_nitro_runtime_data(options->model, options->config, data, &why);

	if (st == TACIT_OK)
		st = tacit_rtmr_fill(TACIT_RTMR_FILE, TACIT_TDX_GUEST_DEVICE, data, &result, &why);
	if (st == TACIT_UNSUPPORTED) {
		snprintf(tdx->began, sizeof(tdx->began), "event=rtmr3 state=none reason=\"%s\"",
			 why.detail);
		return TACIT_OK;
	}
	if (st != TACIT_OK && err)
		*err = why;
	if (st != TACIT_OK)
		return st;
	tacit_hex_encode(TACIT_SLICE_ARRAY(result.value), hex);
	snprintf(tdx->began, sizeof(tdx->began), "event=rtmr3 state=%s value=%s",
		 tacit_rtmr_state_name(result.state), hex);
	return TACIT_OK;
}

enum tacit_status tacit_attest_tdx_open(const struct tacit_attest_options *options,
					struct tacit_attester **ret, struct tacit_error *err)
{
	static const struct tsm_attester FORM = {
		.base = { .ops = &TDX },
		.platform = "tdx",
		.provider = "tdx_guest",
		.device = TACIT_TDX_GUEST_DEVICE,
		.fetch = fetch_tdx,
		.cut = cut_tdx,
	};

	struct tacit_attester *tdx = NULL;
	enum tacit_status st = open_tsm(&FORM, &tdx, err);
	if (st == TACIT_OK && options->serving)
		st = fill_rtmr(options, tdx, err);
	if (st == TACIT_OK)
		*ret = tdx;
	else if (tdx)
		close_tsm(tdx);
	return st;
}

enum tacit_status tacit_attest_snp_open(const struct tacit_attest_options *options,
					struct tacit_attester **ret, struct tacit_error *err)
{
	static const struct tsm_attester FORM = {
		.base = { .ops = &SNP },
		.platform = "snp",
		.provider = "sev_guest",
		.device = TACIT_SEV_GUEST_DEVICE,
		.fetch = fetch_snp,
		.cut = cut_snp,
	};

	(void)options;
	return open_tsm(&FORM, ret, err);
}
