/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy.h"

#include "appraise/policy_platform.h"
#include "base/arena.h"
#include "base/bounds.h"
#include "base/compiler.h"
#include "crypto/hash.h"

#define SCHEMA     "tacit.policy/1"
#define AGE_MAX    31536000 /* a year */
#define SKEW_MAX   3600
#define SHA256_LEN 32

/* clang-format off */
#define TABLE(rows) { rows, TACIT_ARRAY_LEN(rows) }
#define SECTION(name) { name, read_section, 0, false, 0, 0, NULL }
/* clang-format on */

/* ---- models -------------------------------------------------------------------------------- */

static TACIT_LOAD_READER(read_model_id)
{
	struct tacit_slice *ret = field;
	const char *text = NULL;

	enum tacit_status st = tacit_load_text(load, value, member, &text);
	if (st == TACIT_OK)
		*ret = tacit_slice_str(text);
	return st;
}

static const struct tacit_load_member MODEL[] = {
	{ "id", read_model_id, offsetof(struct tacit_policy_model, id), false, 1,
	  TACIT_MODEL_ID_MAX, NULL },
	{ "sha256", tacit_load_hex, offsetof(struct tacit_policy_model, sha256), true, SHA256_LEN,
	  SHA256_LEN, NULL },
};
static const struct tacit_load_table MODEL_TABLE = TABLE(MODEL);

static TACIT_LOAD_READER(read_models)
{
	struct tacit_policy_models *ret = field;
	size_t count = json_array_size(value);
	void *room = NULL;

	(void)member;
	if (!json_is_array(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not a list");
	if (count == 0 || count > TACIT_LOAD_LIST_MAX)
		return tacit_load_fail(load, TACIT_FORMAT, "a list of 1 to 256 is wanted");
	enum tacit_status st =
		tacit_load_alloc(load, count, sizeof(struct tacit_policy_model), &room);
	struct tacit_policy_model *items = room;
	for (size_t i = 0; i < count && st == TACIT_OK; i++) {
		size_t mark = tacit_load_push_index(load, i);

		st = tacit_load_object(load, json_array_get(value, i), &MODEL_TABLE, &items[i]);
		tacit_load_pop(load, mark);
	}
	if (st == TACIT_OK) {
		ret->items = items;
		ret->count = count;
	}
	return st;
}

/* ---- alternatives -------------------------------------------------------------------------- */

static TACIT_LOAD_READER(read_platform)
{
	enum tacit_tee *ret = field;

	(void)member;
	enum tacit_tee tee =
		tacit_tee_find(tacit_slice_of(json_string_value(value), json_string_length(value)));
	if (tee == TACIT_TEE_NONE)
		return tacit_load_fail(load, TACIT_FORMAT, "not a platform's name");
	*ret = tee;
	return TACIT_OK;
}

/* There is no way to accept debug evidence by policy; the member may only say so. */
static TACIT_LOAD_READER(read_debug)
{
	(void)member;
	(void)field;
	if (!json_is_false(value))
		return tacit_load_fail(load, TACIT_FORMAT, "a policy cannot accept debug evidence");
	return TACIT_OK;
}

static bool is_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

static enum tacit_status read_measurement(struct tacit_load *load, json_t *value, const char *name,
					  enum tacit_tee tee, struct tacit_measurement *ret)
{
	const struct tacit_policy_name *row = tacit_policy_name_find(tee, name);

	if (!row)
		return tacit_load_fail(load, TACIT_FORMAT, "no measurement of this platform");
	struct tacit_load_member exact = { .min = row->len, .max = row->len };
	enum tacit_status st = tacit_load_hex(load, value, &exact, &ret->value);
	if (st != TACIT_OK)
		return st;
	ret->name = tacit_arena_text(load->arena, tacit_slice_str(name));
	return ret->name ? TACIT_OK : tacit_load_fail(load, TACIT_LIMIT, "the arena is full");
}

/* Without one, the alternative would accept any code at all on that machine or role. */
static bool names_code(const struct tacit_policy_alternative *alternative)
{
	for (size_t i = 0; i < alternative->measurement_count; i++) {
		const struct tacit_measurement *m = &alternative->measurements[i];

		if (tacit_policy_name_find(alternative->tee, m->name)->code && !is_zero(m->value))
			return true;
	}
	return false;
}

/* `field` is the whole alternative: which names are allowed depends on its platform. */
static TACIT_LOAD_READER(read_measurements)
{
	struct tacit_policy_alternative *alternative = field;
	void *room = NULL, *at;
	size_t n = 0;

	(void)member;
	if (!json_is_object(value) || json_object_size(value) == 0 ||
	    json_object_size(value) > TACIT_MEASUREMENTS_MAX)
		return tacit_load_fail(load, TACIT_FORMAT, "an object of 1 to 32 is wanted");
	enum tacit_status st = tacit_load_alloc(load, json_object_size(value),
						sizeof(struct tacit_measurement), &room);
	struct tacit_measurement *items = room;
	for (at = json_object_iter(value); at && st == TACIT_OK;
	     at = json_object_iter_next(value, at)) {
		const char *name = json_object_iter_key(at);
		size_t mark = tacit_load_push_name(load, name);

		st = read_measurement(load, json_object_iter_value(at), name, alternative->tee,
				      &items[n++]);
		tacit_load_pop(load, mark);
	}
	if (st != TACIT_OK)
		return st;
	alternative->measurements = items;
	alternative->measurement_count = n;
	return names_code(alternative)
		       ? TACIT_OK
		       : tacit_load_fail(load, TACIT_FORMAT, "none of them says what code runs");
}

/* Sections go by name to the tables of policy_platform.c; only the platform's own may appear. */
static TACIT_LOAD_READER(read_section)
{
	struct tacit_policy_alternative *alternative = field;
	const char *own = tacit_policy_section_of(alternative->tee);
	struct tacit_slice name = tacit_slice_str(member->name);

	if (!own || !tacit_slice_eq(tacit_slice_str(own), name))
		return tacit_load_fail(load, TACIT_FORMAT, "section of another platform");
	for (size_t i = 0; i < tacit_policy_section_table.count; i++) {
		const struct tacit_load_member *row = &tacit_policy_section_table.members[i];

		if (tacit_slice_eq(tacit_slice_str(row->name), name))
			return row->read(load, value, row,
					 (uint8_t *)&alternative->sections + row->offset);
	}
	return tacit_load_fail(load, TACIT_INTERNAL, "section without a table");
}

#define ALT(field) offsetof(struct tacit_policy_alternative, field)

/* "platform" comes first: the rest is read in its light. */
static const struct tacit_load_member ALTERNATIVE[] = {
	{ "platform", read_platform, ALT(tee), true, 0, 0, NULL },
	{ "name", tacit_load_text, ALT(name), false, 0, 128, NULL },
	{ "measurements", read_measurements, 0, true, 0, 0, NULL },
	{ "debug", read_debug, 0, false, 0, 0, NULL },
	{ "models", read_models, ALT(models), false, 0, 0, NULL },
	{ "configs", tacit_load_hex_list, ALT(configs), false, SHA256_LEN, SHA256_LEN, NULL },
	SECTION("nitro"),
	SECTION("tdx"),
	SECTION("sgx"),
	SECTION("snp"),
	SECTION("nvidia"),
	SECTION("gcp-token"),
};
static const struct tacit_load_table ALTERNATIVE_TABLE = TABLE(ALTERNATIVE);

/* MRSIGNER says who signed, not what: without product and version any of their enclaves passes. */
static enum tacit_status check_signer(struct tacit_load *load,
				      const struct tacit_policy_alternative *alternative)
{
	const struct tacit_policy_sgx *sgx = alternative->sections.sgx;

	if (alternative->tee != TACIT_TEE_SGX)
		return TACIT_OK;
	for (size_t i = 0; i < alternative->measurement_count; i++)
		if (tacit_slice_eq(tacit_slice_str(alternative->measurements[i].name),
				   tacit_slice_str("mrenclave")))
			return TACIT_OK;
	if (sgx && sgx->isv_prod_id.set && sgx->min_isv_svn.set)
		return TACIT_OK;
	return tacit_load_fail(load, TACIT_FORMAT,
			       "mrsigner alone needs sgx.isv_prod_id and sgx.min_isv_svn");
}

static TACIT_LOAD_READER(read_alternatives)
{
	struct tacit_policy *policy = field;
	size_t count = json_array_size(value);
	void *room = NULL;

	(void)member;
	if (!json_is_array(value))
		return tacit_load_fail(load, TACIT_FORMAT, "not a list");
	if (count == 0 || count > TACIT_ALTERNATIVES_MAX)
		return tacit_load_fail(load, TACIT_FORMAT, "a list of 1 to 256 is wanted");
	enum tacit_status st =
		tacit_load_alloc(load, count, sizeof(struct tacit_policy_alternative), &room);
	struct tacit_policy_alternative *items = room;
	for (size_t i = 0; i < count && st == TACIT_OK; i++) {
		size_t mark = tacit_load_push_index(load, i);

		items[i].name = "";
		st = tacit_load_object(load, json_array_get(value, i), &ALTERNATIVE_TABLE,
				       &items[i]);
		if (st == TACIT_OK)
			st = check_signer(load, &items[i]);
		tacit_load_pop(load, mark);
	}
	policy->alternatives = items;
	policy->alternative_count = st == TACIT_OK ? count : 0;
	return st;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static TACIT_LOAD_READER(read_schema)
{
	(void)member;
	(void)field;
	if (!tacit_slice_eq(tacit_slice_of(json_string_value(value), json_string_length(value)),
			    tacit_slice_str(SCHEMA)))
		return tacit_load_fail(load, TACIT_FORMAT, "not " SCHEMA);
	return TACIT_OK;
}

#define TOP(field) offsetof(struct tacit_policy, field)

static const struct tacit_load_member POLICY[] = {
	{ "schema", read_schema, 0, true, 0, 0, NULL },
	{ "name", tacit_load_text, TOP(name), false, 0, 128, NULL },
	{ "comment", tacit_load_text, TOP(comment), false, 0, 4096, NULL },
	{ "valid_from", tacit_load_time, TOP(valid_from), false, 0, 0, NULL },
	{ "valid_until", tacit_load_time, TOP(valid_until), false, 0, 0, NULL },
	{ "max_age_seconds", tacit_load_uint, TOP(max_age_seconds), false, 1, AGE_MAX, NULL },
	{ "clock_skew_seconds", tacit_load_uint, TOP(clock_skew_seconds), false, 0, SKEW_MAX,
	  NULL },
	{ "alternatives", read_alternatives, 0, true, 0, 0, NULL },
	{ "models", read_models, TOP(models), false, 0, 0, NULL },
	{ "configs", tacit_load_hex_list, TOP(configs), false, SHA256_LEN, SHA256_LEN, NULL },
};
static const struct tacit_load_table POLICY_TABLE = TABLE(POLICY);

static enum tacit_status load_policy(struct tacit_load *load, json_t *root,
				     struct tacit_policy *policy)
{
	policy->name = "";
	policy->comment = "";
	policy->valid_from = INT64_MIN;
	policy->valid_until = INT64_MAX;
	policy->clock_skew_seconds = TACIT_POLICY_SKEW;
	enum tacit_status st = tacit_load_object(load, root, &POLICY_TABLE, policy);
	if (st == TACIT_OK && policy->valid_until < policy->valid_from)
		return tacit_load_fail(load, TACIT_FORMAT, "valid_until is before valid_from");
	return st;
}

enum tacit_status tacit_policy_parse(struct tacit_slice json, struct tacit_arena *arena,
				     const struct tacit_policy **ret, struct tacit_error *err)
{
	struct tacit_load load = { .arena = arena, .err = err };
	json_t *root = NULL;
	void *room = NULL;

	if (json.len > TACIT_POLICY_MAX)
		return tacit_fail(err, TACIT_LIMIT, "policy", 0, "%zu bytes, at most %d", json.len,
				  TACIT_POLICY_MAX);
	enum tacit_status st = tacit_load_alloc(&load, 1, sizeof(struct tacit_policy), &room);
	if (st != TACIT_OK)
		return st;
	struct tacit_policy *policy = room;
	st = tacit_json_parse(json, &root, err);
	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, "policy");
	st = load_policy(&load, root, policy);
	json_decref(root);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, json, policy->digest, err);
	if (st == TACIT_OK)
		*ret = policy;
	return st;
}

const char *tacit_policy_name(const struct tacit_policy *policy)
{
	return policy->name;
}

const uint8_t *tacit_policy_digest(const struct tacit_policy *policy)
{
	return policy->digest;
}

size_t tacit_policy_alternatives(const struct tacit_policy *policy)
{
	return policy->alternative_count;
}

enum tacit_tee tacit_policy_platform(const struct tacit_policy *policy, size_t i)
{
	return i < policy->alternative_count ? policy->alternatives[i].tee : TACIT_TEE_NONE;
}
