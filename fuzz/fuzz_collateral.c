/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "trust/collateral.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

static bool in_room(struct tacit_slice part, struct tacit_slice in, struct tacit_slice room)
{
	return fuzz_inside(part, in) || fuzz_inside(part, room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[1 << 18];
	struct tacit_slice in = tacit_slice_of(data, size), memory = TACIT_SLICE_ARRAY(room);
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	const struct tacit_collateral *all = NULL;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_collateral_parse(&in, 1, &arena, &all, &err);
	FUZZ_ASSERT(st == err.status && (st == TACIT_OK) == (all != NULL));
	FUZZ_ASSERT(err.offset == 0); /* the piece's index */
	if (!all)
		return 0;
	for (size_t i = 0; i < all->cert_count; i++)
		FUZZ_ASSERT(in_room(all->certs[i].der, in, memory));
	for (size_t i = 0; i < all->crl_count; i++)
		FUZZ_ASSERT(in_room(all->crls[i].der, in, memory));
	for (size_t i = 0; i < all->tcb_info_count; i++)
		FUZZ_ASSERT(in_room(all->tcb_infos[i].doc.body, in, memory));
	for (size_t i = 0; i < all->qe_identity_count; i++)
		FUZZ_ASSERT(in_room(all->qe_identities[i].doc.body, in, memory));
	for (size_t i = 0; i < all->event_log_count; i++)
		FUZZ_ASSERT(in_room(all->event_logs[i], in, memory));
	return 0;
}
