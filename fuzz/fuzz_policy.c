/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy.h"

#include "appraise/policy_platform.h"
#include "base/bounds.h"
#include "fuzz.h"

static void check_alternative(const struct tacit_policy_alternative *a)
{
	const struct tacit_policy_sections *s = &a->sections;
	bool names_code = false;

	FUZZ_ASSERT(a->tee != TACIT_TEE_NONE && a->name);
	FUZZ_ASSERT(a->measurement_count > 0 && a->measurement_count <= TACIT_MEASUREMENTS_MAX);
	for (size_t i = 0; i < a->measurement_count; i++) {
		const struct tacit_policy_name *row =
			tacit_policy_name_find(a->tee, a->measurements[i].name);

		FUZZ_ASSERT(row && row->len == a->measurements[i].value.len);
		for (size_t j = 0; row->code && j < row->len; j++)
			names_code |= a->measurements[i].value.ptr[j] != 0;
	}
	FUZZ_ASSERT(names_code);
	FUZZ_ASSERT(!!s->nitro + !!s->tdx + !!s->sgx + !!s->snp + !!s->nvidia + !!s->gcp <= 1);
}

static void check_policy(const struct tacit_policy *p)
{
	FUZZ_ASSERT(p->alternative_count > 0 && p->alternative_count <= TACIT_ALTERNATIVES_MAX);
	FUZZ_ASSERT(p->valid_from <= p->valid_until);
	FUZZ_ASSERT(p->name && p->comment);
	for (size_t i = 0; i < p->alternative_count; i++)
		check_alternative(&p->alternatives[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[1 << 20];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_arena arena;
	const struct tacit_policy *policy = NULL;
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_policy_parse(in, &arena, &policy, &err);
	FUZZ_ASSERT((st == TACIT_OK) == (policy != NULL) && err.status == st);
	size_t used = arena.used;
	if (st == TACIT_OK)
		check_policy(policy);
	/* Half of that memory is a limit, never a policy that lacks something. */
	tacit_arena_init(&arena, room, used / 2);
	policy = NULL;
	if (tacit_policy_parse(in, &arena, &policy, NULL) == TACIT_OK)
		FUZZ_ASSERT(st == TACIT_OK && used == 0);
	return 0;
}
