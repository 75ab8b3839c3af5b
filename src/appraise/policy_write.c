/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy_write.h"

#include "appraise/json_out.h"
#include "appraise/policy_platform.h"
#include "base/writer.h"

/*
 * Of Nitro and TDX only what names the code: the other registers name an instance (PCR4), a role
 * (PCR3) or a version of the platform (MRSEAM), and a policy with them would refuse the same build
 * on the next machine.
 */
static bool belongs(enum tacit_tee tee, const char *name)
{
	const struct tacit_policy_name *row = tacit_policy_name_find(tee, name);

	if (tee == TACIT_TEE_NITRO || tee == TACIT_TEE_TDX)
		return row && row->code;
	return row != NULL;
}

static void put_measurements(struct tacit_json_out *j, const struct tacit_claims *claims,
			     const struct tacit_policy_draft *draft)
{
	tacit_json_out_open(j, "measurements", '{');
	for (size_t i = 0; i < claims->measurement_count; i++) {
		const struct tacit_measurement *m = &claims->measurements[i];

		if (draft->pin_all || belongs(claims->tee, m->name))
			tacit_json_out_hex(j, m->name, m->value);
	}
	tacit_json_out_close(j, '}');
}

static void put_model(struct tacit_json_out *j, const struct tacit_binding *b)
{
	tacit_json_out_open(j, "models", '[');
	tacit_json_out_open(j, NULL, '{');
	tacit_json_out_slice(j, "id", b->model_id);
	tacit_json_out_hex(j, "sha256", TACIT_SLICE_ARRAY(b->model_hash));
	tacit_json_out_close(j, '}');
	tacit_json_out_close(j, ']');
}

static void put_config(struct tacit_json_out *j, const struct tacit_binding *b)
{
	tacit_json_out_open(j, "configs", '[');
	tacit_json_out_hex(j, NULL, TACIT_SLICE_ARRAY(b->config_hash));
	tacit_json_out_close(j, ']');
}

static void put_alternative(struct tacit_json_out *j, const struct tacit_claims *claims,
			    const struct tacit_policy_draft *draft)
{
	tacit_json_out_open(j, NULL, '{');
	if (draft->name)
		tacit_json_out_text(j, "name", draft->name);
	tacit_json_out_text(j, "platform", tacit_tee_name(claims->tee));
	put_measurements(j, claims, draft);
	if (draft->pin_model)
		put_model(j, &claims->binding);
	if (draft->pin_config)
		put_config(j, &claims->binding);
	tacit_json_out_close(j, '}');
}

static bool pins_code(const struct tacit_claims *claims)
{
	for (size_t i = 0; i < claims->measurement_count; i++) {
		const struct tacit_measurement *m = &claims->measurements[i];
		const struct tacit_policy_name *row = tacit_policy_name_find(claims->tee, m->name);
		uint8_t any = 0;

		for (size_t at = 0; at < m->value.len; at++)
			any |= m->value.ptr[at];
		if (row && row->code && any != 0)
			return true;
	}
	return false;
}

enum tacit_status tacit_policy_write(const struct tacit_claims *claims,
				     const struct tacit_policy_draft *draft, struct tacit_mut room,
				     struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_json_out j = { &w, 0, true };

	if (!pins_code(claims))
		return tacit_fail(err, TACIT_FORMAT, "policy", 0,
				  "the evidence measures no code that a policy could pin");
	if ((draft->pin_model || draft->pin_config) && !claims->has_binding)
		return tacit_fail(err, TACIT_FORMAT, "policy", 0,
				  "the evidence binds no model and no configuration");
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "schema", "tacit.policy/1");
	if (draft->name)
		tacit_json_out_text(&j, "name", draft->name);
	if (draft->comment)
		tacit_json_out_text(&j, "comment", draft->comment);
	if (draft->valid_until)
		tacit_json_out_time(&j, "valid_until", draft->valid_until);
	tacit_json_out_open(&j, "alternatives", '[');
	put_alternative(&j, claims, draft);
	tacit_json_out_close(&j, ']');
	tacit_json_out_close(&j, '}');
	wr_text(&w, "\n");
	return wr_finish(&w, "policy", ret, err);
}
