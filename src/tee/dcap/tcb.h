/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_TCB_H
#define TACIT_TEE_DCAP_TCB_H

/*
 * Where a platform stands in Intel's lists: which levels it reaches, what they converge to, and
 * what it lacks to the newest. Computes only; the lists were verified before.
 */

#include "tacit/arena.h"
#include "tacit/dcap.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

struct tacit_dcap_platform {
	const struct tacit_tcb_info *info;
	const struct tacit_qe_identity *qe;
	const struct tacit_dcap_pck *pck;
	uint16_t qe_svn;
	/* TDX alone: */
	struct tacit_slice tee_tcb_svn;  /* 16 bytes: of the launch */
	struct tacit_slice tee_tcb_svn2; /* 16 bytes: of today; absent in TD 1.0 bodies */
};

/*
 * The module identity for a TEE_TCB_SVN: by its major, or the general one when that is 0. NULL
 * when the TCB info knows no such module.
 */
const struct tacit_tdx_module_identity *tacit_dcap_module(const struct tacit_tcb_info *info,
							  struct tacit_slice tee_tcb_svn);

/* One status of platform, module and QE together. */
enum tacit_tcb_status tacit_dcap_converge(enum tacit_tcb_status platform,
					  enum tacit_tcb_status module, enum tacit_tcb_status qe);

/*
 * One status of the TCB a TD was launched under and today's. Stricter than Intel's verifier in
 * two places: a state of today that is revoked, or out of date where the launch was not, stands.
 */
enum tacit_tcb_status tacit_dcap_relaunch(enum tacit_tcb_status launch,
					  enum tacit_tcb_status current);

/*
 * Fills statuses, advisories, date and gaps of `ret`, and leaves its other members. The
 * converged status, or TACIT_TCB_NOT_SUPPORTED with `ret_part` ("platform", "module" or "qe")
 * when a part reaches no level: `ret` then has the gaps alone. `ret_full` when the arena is full.
 */
enum tacit_tcb_status tacit_dcap_tcb_evaluate(const struct tacit_dcap_platform *p,
					      struct tacit_arena *arena, struct tacit_dcap_tcb *ret,
					      const char **ret_part, bool *ret_full);

#endif
