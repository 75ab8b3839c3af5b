/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/unwrap.h"

enum tacit_status tacit_evidence_unwrap(struct tacit_slice in, struct tacit_arena *arena,
					struct tacit_evidence *ret_ev, struct tacit_error *err)
{
	(void)arena;
	return tacit_evidence_detect(in, ret_ev, err);
}
