/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/report.h"

#include "receipt/profile.h"

static void put_registers(struct tacit_json_out *j, const struct tacit_receipt_claims *c)
{
	const struct tacit_profile *profile = tacit_profile_of(c->measurement_type);

	tacit_json_out_open(j, "enclave_measurements", '{');
	tacit_json_out_text(j, "measurement_type", tacit_profile_type_name(c->measurement_type));
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++) {
		if (c->measurements[i].ptr)
			tacit_json_out_hex(j, tacit_profile_key(profile, i), c->measurements[i]);
	}
	tacit_json_out_close(j, '}');
}

/* JSON readers commonly stop at int64: what is beyond goes as decimal text. */
static void put_number(struct tacit_json_out *j, const char *name, uint64_t value)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	if (value <= INT64_MAX) {
		tacit_json_out_uint(j, name, value);
		return;
	}
	digits[at] = '\0';
	for (; value; value /= 10)
		digits[--at] = (char)('0' + value % 10);
	tacit_json_out_text(j, name, digits + at);
}

static void put_iat(struct tacit_json_out *j, uint64_t iat)
{
	put_number(j, "iat", iat);
	if (iat <= INT64_MAX)
		tacit_json_out_time(j, "iat_time", (int64_t)iat);
	else
		tacit_json_out_null(j, "iat_time");
}

void tacit_report_claims(struct tacit_json_out *j, const char *name,
			 const struct tacit_receipt_claims *c)
{
	tacit_json_out_open(j, name, '{');
	tacit_json_out_slice(j, "iss", c->iss);
	put_iat(j, c->iat);
	tacit_json_out_hex(j, "cti", TACIT_SLICE_ARRAY(c->cti));
	tacit_json_out_hex(j, "eat_nonce", c->eat_nonce);
	tacit_json_out_text(j, "eat_profile", tacit_profile_of(c->measurement_type)->uri);
	tacit_json_out_slice(j, "model_id", c->model_id);
	tacit_json_out_slice(j, "model_version", c->model_version);
	tacit_json_out_hex(j, "model_hash", TACIT_SLICE_ARRAY(c->model_hash));
	tacit_json_out_hex(j, "request_hash", TACIT_SLICE_ARRAY(c->request_hash));
	tacit_json_out_hex(j, "response_hash", TACIT_SLICE_ARRAY(c->response_hash));
	tacit_json_out_hex(j, "attestation_doc_hash", TACIT_SLICE_ARRAY(c->attestation_doc_hash));
	put_registers(j, c);
	tacit_json_out_slice(j, "policy_version", c->policy_version);
	put_number(j, "sequence_number", c->sequence_number);
	put_number(j, "execution_time_ms", c->execution_time_ms);
	put_number(j, "memory_peak_mb", c->memory_peak_mb);
	tacit_json_out_text(j, "security_mode", c->production ? "production" : "evaluation");
	tacit_json_out_slice(j, "model_hash_scheme", c->model_hash_scheme);
	tacit_json_out_close(j, '}');
}

static void put_checks(struct tacit_json_out *j, const struct tacit_receipt_verdict *verdict,
		       enum tacit_report_checks which)
{
	tacit_json_out_open(j, "checks", '[');
	for (size_t i = 0; i < verdict->check_count; i++) {
		const struct tacit_receipt_check *check = &verdict->checks[i];

		if (which == TACIT_REPORT_FAILED && check->result != TACIT_CHECK_FAIL)
			continue;
		tacit_json_out_open(j, NULL, '{');
		tacit_json_out_text(j, "name", check->name);
		tacit_json_out_uint(j, "layer", check->layer);
		tacit_json_out_text(j, "result", tacit_result_name(check->result));
		tacit_json_out_text(j, "code", check->code);
		tacit_json_out_close(j, '}');
	}
	tacit_json_out_close(j, ']');
}

/* Code, layer and reason of the first failure; nulls when there is none. */
static void put_failure(struct tacit_json_out *j, const struct tacit_receipt_verdict *verdict,
			const struct tacit_error *err)
{
	size_t i = 0;

	while (i < verdict->check_count && verdict->checks[i].result != TACIT_CHECK_FAIL)
		i++;
	bool failed = i < verdict->check_count;
	tacit_json_out_text(j, "code", failed ? verdict->code : NULL);
	if (failed)
		tacit_json_out_uint(j, "layer", verdict->checks[i].layer);
	else
		tacit_json_out_null(j, "layer");
	tacit_json_out_text(j, "why", failed && err ? err->detail : NULL);
}

void tacit_report_verdict(struct tacit_json_out *j, const struct tacit_receipt_verdict *verdict,
			  const struct tacit_error *err, enum tacit_report_checks which)
{
	const char *assurance = verdict->end_to_end ? "end-to-end" : "AIR-local";

	tacit_json_out_text(j, "verdict", tacit_outcome_name(verdict->outcome));
	put_failure(j, verdict, err);
	tacit_json_out_text(j, "assurance", verdict->outcome == TACIT_VERIFIED ? assurance : NULL);
	tacit_json_out_open(j, "warnings", '[');
	if (verdict->warn_no_replay)
		tacit_json_out_text(j, NULL, "no-replay-check");
	tacit_json_out_close(j, ']');
	put_checks(j, verdict, which);
	if (verdict->signed_claims)
		tacit_report_claims(j, "claims", &verdict->claims);
	else
		tacit_json_out_null(j, "claims");
}
