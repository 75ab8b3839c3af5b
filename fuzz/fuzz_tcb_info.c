/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "tee/dcap/tcb.h"

static void check_verdict(const struct tacit_tcb_verdict *v)
{
	FUZZ_ASSERT(v->status <= TACIT_TCB_REVOKED);
	for (size_t i = 0; i < v->advisory_count; i++)
		FUZZ_ASSERT(v->advisories[i] && v->advisories[i][0]);
}

static void check_levels(const struct tacit_svn_levels *levels)
{
	FUZZ_ASSERT(levels->count > 0);
	for (size_t i = 0; i < levels->count; i++) {
		check_verdict(&levels->items[i].verdict);
		FUZZ_ASSERT(i == 0 || levels->items[i].isvsvn < levels->items[i - 1].isvsvn);
		FUZZ_ASSERT(tacit_svn_level_find(levels, levels->items[i].isvsvn) ==
			    &levels->items[i]);
	}
}

static void check_info(const struct tacit_tcb_info *info)
{
	FUZZ_ASSERT(info->version == 3 || (info->version == 2 && !info->tdx));
	FUZZ_ASSERT(info->level_count > 0);
	for (size_t i = 0; i < info->level_count; i++)
		check_verdict(&info->levels[i].verdict);
	for (size_t i = 0; i < info->identity_count; i++)
		check_levels(&info->identities[i].levels);
}

/* Platforms that just reach each level, and one that reaches none. */
static void check_evaluation(const struct tacit_tcb_info *info)
{
	static const struct tacit_svn_level QE[] = { { 0, { TACIT_TCB_UP_TO_DATE, 0, 0, NULL } } };
	static uint8_t room[1 << 16];
	const struct tacit_qe_identity qe = { .levels = { 1, QE } };
	struct tacit_dcap_pck pck = { .pcesvn = 0 };

	for (size_t i = 0; i < info->level_count; i++) {
		const struct tacit_tcb_platform_level *level = &info->levels[i];
		struct tacit_dcap_platform p = { .info = info, .qe = &qe, .pck = &pck };
		struct tacit_dcap_tcb tcb = { .judged = true };
		struct tacit_arena arena;
		const char *part;
		bool full;

		memcpy(pck.components, level->sgx, 16);
		pck.pcesvn = level->pcesvn;
		if (info->tdx)
			p.tee_tcb_svn = p.tee_tcb_svn2 = TACIT_SLICE_ARRAY(level->tdx);
		tacit_arena_init(&arena, room, sizeof(room));
		enum tacit_tcb_status status =
			tacit_dcap_tcb_evaluate(&p, &arena, &tcb, &part, &full);
		FUZZ_ASSERT(!full && (status == TACIT_TCB_NOT_SUPPORTED) == (part != NULL));
		FUZZ_ASSERT(info->tdx || status <= TACIT_TCB_REVOKED);
		FUZZ_ASSERT(part || (tcb.status && tcb.platform_status));
		FUZZ_ASSERT(i > 0 || tcb.gap_count <= 1); /* at most the module's */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[1 << 18];
	struct tacit_intel_signed doc = { .body = tacit_slice_of(data, size) };
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_qe_identity qe;
	struct tacit_tcb_info info;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_tcb_info_parse(&doc, &arena, &info, &err);
	FUZZ_ASSERT(st == err.status && err.offset <= size);
	if (st == TACIT_OK) {
		check_info(&info);
		check_evaluation(&info);
	}
	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_qe_identity_parse(&doc, &arena, &qe, NULL) == TACIT_OK) {
		FUZZ_ASSERT(st != TACIT_OK && qe.id != TACIT_QE_NONE);
		check_levels(&qe.levels);
	}
	return 0;
}
