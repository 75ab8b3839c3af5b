/* SPDX-License-Identifier: Apache-2.0 */
#include "image_facts.h"

#include <stdlib.h>
#include <string.h>

#include "appraise/policy_write.h"
#include "cli.h"
#include "serve_config.h"

#define TEXT_ROOM 65536
#define PINS      5 /* PCR0, 1, 2, 8 and 16 */

enum tacit_status image_facts_config(struct image_facts *f, uint64_t ctx, uint64_t parallel,
				     struct tacit_error *err)
{
	const struct serve_config config = {
		.model_id = f->model_id,
		.ctx = (uint32_t)ctx,
		.parallel = (uint32_t)parallel,
		.max_body = SERVE_MAX_BODY,
	};
	char text[SERVE_CONFIG_ROOM];
	uint8_t data[TACIT_NITRO_PCR_BYTES];
	enum tacit_status st = serve_config_write(&config, text, f->config_hash, err);

	if (st == TACIT_OK)
		st = tacit_nitro_runtime_data(TACIT_SLICE_ARRAY(f->model_hash),
					      tacit_slice_str(text), data, err);
	if (st == TACIT_OK)
		st = tacit_nitro_extended(data, f->pcr16, err);
	f->has_config = st == TACIT_OK;
	return st;
}

enum tacit_status image_facts_policy(const struct image_facts *f, const char *name,
				     const char *path, struct tacit_error *err)
{
	static const char *const NAMES[] = { "pcr0", "pcr1", "pcr2", "pcr8" };
	struct tacit_measurement pins[PINS];
	struct tacit_claims claims = { .tee = TACIT_TEE_NITRO,
				       .measurements = pins,
				       .has_binding = true };
	const struct tacit_policy_draft draft = {
		.name = name ? name : f->model_id,
		.comment = "written when the image was built, from its parts",
		.pin_model = true,
		.pin_config = f->has_config,
		.pin_all = true, /* with PCR16, which we work out and do not take from anybody */
	};
	struct tacit_slice text;

	for (size_t i = 0; i < EIF_REGISTERS; i++) {
		if (f->registers.has[i])
			pins[claims.measurement_count++] = (struct tacit_measurement){
				NAMES[i], TACIT_SLICE_ARRAY(f->registers.value[i])
			};
	}
	if (f->has_config)
		pins[claims.measurement_count++] =
			(struct tacit_measurement){ "pcr16", TACIT_SLICE_ARRAY(f->pcr16) };
	claims.binding.model_id = tacit_slice_str(f->model_id);
	memcpy(claims.binding.model_hash, f->model_hash, sizeof(f->model_hash));
	memcpy(claims.binding.config_hash, f->config_hash, sizeof(f->config_hash));
	uint8_t *room = malloc(TEXT_ROOM);
	enum tacit_status st = room ? tacit_policy_write(&claims, &draft,
							 tacit_mut_of(room, TEXT_ROOM), &text, err)
				    : tacit_fail(err, TACIT_NOMEM, "policy", 0, "out of memory");
	if (st == TACIT_OK)
		st = cli_write_file(path, text, 0644, err);
	free(room);
	return st;
}

/* nitro-cli's shape, with the register that the server will extend. */
json_t *image_facts_json(const struct image_facts *f)
{
	json_t *object = eif_registers_json(&f->registers);

	if (f->has_config)
		eif_put_hex(object, "PCR16", TACIT_SLICE_ARRAY(f->pcr16));
	return object;
}

enum tacit_status image_facts_measurements(const struct image_facts *f, const char *path,
					   struct tacit_error *err)
{
	json_t *top = json_pack("{s:o}", "Measurements", image_facts_json(f));
	char *text = top ? json_dumps(top, JSON_INDENT(2)) : NULL;
	enum tacit_status st =
		text ? cli_write_file(path, tacit_slice_str(text), 0644, err)
		     : tacit_fail(err, TACIT_NOMEM, "measurements", 0, "out of memory");

	free(text);
	json_decref(top);
	return st;
}
