/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/dcap.h"
#include "tacit/tdx.h"

static const char *body_name(enum tacit_tdx_body body)
{
	switch (body) {
	case TACIT_TDX_TD10:
		return "TD 1.0";
	case TACIT_TDX_TD15:
		return "TD 1.5";
	case TACIT_TDX_TD15_EXTENDED:
		return "TD 1.5 extended";
	}
	return NULL;
}

static void put_attributes(struct tacit_json_out *j, const struct tacit_tdx_claims *tdx)
{
	tacit_json_out_hex(j, "td_attributes", tdx->attributes_bytes);
	tacit_json_out_open(j, "td_attribute_names", '[');
	for (unsigned bit = 0; bit < 64; bit++)
		if (tdx->attributes >> bit & 1)
			tacit_json_out_text(j, NULL, tacit_tdx_attribute(bit));
	tacit_json_out_close(j, ']');
}

static void put_extension(struct tacit_json_out *j, const struct tacit_tdx_claims *tdx)
{
	tacit_json_out_uint(j, "vm_id", tdx->vm_id);
	tacit_json_out_hex(j, "td_id", tdx->td_id);
	tacit_json_out_hex(j, "device_info", tdx->device_info);
	tacit_json_out_hex(j, "init_servtd_hash", tdx->init_servtd_hash);
	tacit_json_out_hex(j, "init_servtd_attributes", tdx->init_servtd_attributes);
	tacit_json_out_hex(j, "init_cpusvn", tdx->init_cpusvn);
	tacit_json_out_hex(j, "init_tee_tcb_svn", tdx->init_tee_tcb_svn);
	tacit_json_out_hex(j, "init_fmspc", tdx->init_fmspc);
	tacit_json_out_hex(j, "cur_servtd_hash", tdx->cur_servtd_hash);
	tacit_json_out_hex(j, "cur_servtd_attributes", tdx->cur_servtd_attributes);
}

static void put_events(struct tacit_json_out *j, const struct tacit_tdx_events *events)
{
	static const char *const NAMES[TACIT_EVENT_LOG_RTMR] = { "rtmr0", "rtmr1", "rtmr2",
								 "rtmr3" };

	if (!events->replayed) {
		tacit_json_out_null(j, "event_log");
		return;
	}
	tacit_json_out_open(j, "event_log", '{');
	tacit_json_out_uint(j, "events", events->log.events);
	for (size_t i = 0; i < TACIT_EVENT_LOG_RTMR; i++)
		tacit_json_out_hex(j, NAMES[i], TACIT_SLICE_ARRAY(events->log.rtmr[i]));
	tacit_json_out_bool(j, "rtmr3_matches", events->rtmr3_matches);
	tacit_json_out_close(j, '}');
}

void tacit_tdx_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	const struct tacit_tdx_claims *tdx = claims->tdx;

	tacit_json_out_open(j, "tdx", '{');
	tacit_json_out_text(j, "body", body_name(tdx->body));
	tacit_json_out_hex(j, "tee_tcb_svn", tdx->tee_tcb_svn);
	tacit_json_out_hex(j, "tee_tcb_svn2", tdx->tee_tcb_svn2);
	put_attributes(j, tdx);
	tacit_json_out_hex(j, "xfam", tdx->xfam);
	tacit_json_out_hex(j, "seam_attributes", tdx->seam_attributes);
	if (tdx->extended)
		put_extension(j, tdx);
	tacit_dcap_put_claims(j, &tdx->dcap);
	put_events(j, &tdx->events);
	tacit_json_out_close(j, '}');
}
