/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_COLLATERAL_CHOOSE_H
#define TACIT_TEE_DCAP_COLLATERAL_CHOOSE_H

/*
 * Which of all collateral at hand speaks for one platform. A piece counts only when its signature
 * holds, so that one that anybody added does no harm beside a genuine one; among those the
 * current come first, then the higher evaluation number, then the newer.
 */

#include "tee/dcap/collateral.h"
#include "trust/collateral.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

#define TACIT_DCAP_SKEW 60 /* seconds by which a beginning may lie ahead */

/* Where `now` lies. The end is inclusive. */
enum tacit_dcap_age {
	TACIT_DCAP_CURRENT,
	TACIT_DCAP_STALE,
	TACIT_DCAP_FUTURE,
};

enum tacit_dcap_age tacit_dcap_age(int64_t now, int64_t from, int64_t until);

/* One piece, and what is wrong with it. NULL with status TACIT_OK: there is none. */
struct tacit_dcap_chosen_crl {
	const struct tacit_crl *crl;
	struct tacit_error err; /* of the best piece whose signature does not hold */
};

struct tacit_dcap_chosen_doc {
	const struct tacit_intel_signed *doc;
	const struct tacit_tcb_info *info; /* the one or the other */
	const struct tacit_qe_identity *qe;
	const struct tacit_cert *signer;
	struct tacit_error err;
};

struct tacit_dcap_chosen {
	bool any; /* some piece concerns this platform */
	struct tacit_dcap_chosen_crl root_crl, pck_crl;
	struct tacit_dcap_chosen_doc tcb_info, qe_identity;
};

/*
 * TCB info for another platform is chosen when there is none for this one, so that the verdict
 * can say so.
 */
void tacit_dcap_choose(const struct tacit_dcap_subject *subject, const struct tacit_context *cx,
		       struct tacit_dcap_chosen *ret);

/* Whether the TCB info is for the subject's technology, FMSPC and PCE id. */
bool tacit_dcap_fits(const struct tacit_tcb_info *info, const struct tacit_dcap_subject *subject);

#endif
