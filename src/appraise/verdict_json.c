/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/verdict_json.h"

#include "appraise/json_out.h"
#include "appraise/platform.h"

static void put_check(struct tacit_json_out *j, const struct tacit_check *check)
{
	tacit_json_out_open(j, NULL, '{');
	tacit_json_out_text(j, "name", check->name);
	tacit_json_out_text(j, "result", tacit_result_name(check->result));
	tacit_json_out_text(j, "expected", check->expected);
	tacit_json_out_text(j, "got", check->got);
	tacit_json_out_text(j, "why", check->why);
	tacit_json_out_close(j, '}');
}

static void put_checks(struct tacit_json_out *j, const struct tacit_verdict *verdict)
{
	tacit_json_out_open(j, "checks", '[');
	for (size_t i = 0; i < verdict->check_count; i++)
		put_check(j, &verdict->checks[i]);
	tacit_json_out_close(j, ']');
}

static void put_binding(struct tacit_json_out *j, const struct tacit_binding *b)
{
	tacit_json_out_open(j, "binding", '{');
	tacit_json_out_text(j, "purpose", TACIT_BINDING_PURPOSE);
	tacit_json_out_hex(j, "nonce", TACIT_SLICE_ARRAY(b->nonce));
	tacit_json_out_hex(j, "tls_spki_sha256", TACIT_SLICE_ARRAY(b->tls_spki));
	tacit_json_out_hex(j, "receipt_key", TACIT_SLICE_ARRAY(b->receipt_key));
	tacit_json_out_hex(j, "hpke_config", b->hpke_config);
	tacit_json_out_slice(j, "model_id", b->model_id);
	tacit_json_out_hex(j, "model_sha256", TACIT_SLICE_ARRAY(b->model_hash));
	tacit_json_out_hex(j, "config_sha256", TACIT_SLICE_ARRAY(b->config_hash));
	tacit_json_out_close(j, '}');
}

static void put_measurements(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	tacit_json_out_open(j, "measurements", '{');
	for (size_t i = 0; i < claims->measurement_count; i++)
		tacit_json_out_hex(j, claims->measurements[i].name, claims->measurements[i].value);
	tacit_json_out_close(j, '}');
}

static void put_advisories(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	tacit_json_out_open(j, "advisory_ids", '[');
	for (size_t i = 0; i < claims->advisory_count; i++)
		tacit_json_out_text(j, NULL, claims->advisory_ids[i]);
	tacit_json_out_close(j, ']');
}

/* A time, or null for the value that means "none". */
static void put_time(struct tacit_json_out *j, const char *name, int64_t seconds, int64_t none)
{
	if (seconds == none)
		tacit_json_out_null(j, name);
	else
		tacit_json_out_time(j, name, seconds);
}

static void put_claims(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	tacit_json_out_open(j, "claims", '{');
	tacit_json_out_bool(j, "debug", claims->debug);
	put_measurements(j, claims);
	if (claims->report_data.ptr)
		tacit_json_out_hex(j, "report_data", claims->report_data);
	else
		tacit_json_out_hex(j, "user_data", claims->user_data);
	tacit_json_out_hex(j, "nonce", claims->nonce);
	tacit_json_out_hex(j, "public_key", claims->public_key);
	tacit_json_out_text(j, "tcb_status", claims->tcb_status);
	put_advisories(j, claims);
	put_time(j, "timestamp", claims->timestamp, 0);
	put_time(j, "valid_from", claims->valid_from, 0);
	put_time(j, "valid_until", claims->valid_until, INT64_MAX);
	if (claims->has_binding)
		put_binding(j, &claims->binding);
	else
		tacit_json_out_null(j, "binding");
	const struct tacit_platform_row *platform = tacit_platform_row(claims->tee);
	if (platform)
		platform->put_claims(j, claims);
	tacit_json_out_close(j, '}');
}

void tacit_verdict_json_members(const struct tacit_verdict *verdict, struct writer *w)
{
	struct tacit_json_out j = { w, -1, true };
	const struct tacit_claims *claims = tacit_verdict_genuine(verdict);
	const char *name;

	tacit_json_out_text(&j, "schema", "tacit.verdict/1");
	tacit_json_out_text(&j, "verdict", tacit_outcome_name(verdict->outcome));
	tacit_json_out_text(&j, "platform", tacit_tee_name(verdict->tee));
	if (verdict->tee == TACIT_TEE_STUB)
		tacit_json_out_text(&j, "notice", tacit_tee_label(verdict->tee));
	put_checks(&j, verdict);
	if (claims)
		put_claims(&j, claims);
	tacit_json_out_open(&j, "insecure", '[');
	for (size_t i = 0; (name = tacit_verdict_insecure(verdict, i)) != NULL; i++)
		tacit_json_out_text(&j, NULL, name);
	tacit_json_out_close(&j, ']');
}

void tacit_verdict_json(const struct tacit_verdict *verdict, struct writer *w)
{
	wr_text(w, "{");
	tacit_verdict_json_members(verdict, w);
	wr_text(w, "}");
}
