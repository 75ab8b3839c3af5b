/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_COLLATERAL_H
#define TACIT_TEE_DCAP_COLLATERAL_H

/*
 * Judging a quote's platform by Intel's collateral: revocation, QE identity, TCB info, module
 * identity, and the status they converge to. The quote itself (its signatures, and the PCK chain
 * up to the pinned root) was verified before.
 */

#include "tacit/dcap.h"
#include "tee/check.h"
#include "trust/x509.h"

/*
 * The checks, in the order in which they are judged. X(row, name behind "tdx." or "sgx.", about).
 * TDX() holds what is TDX alone.
 */
#define TACIT_DCAP_COLLATERAL_MAP(X, TDX)                                                          \
	X(CRL_ROOT, "crl.root",                                                                    \
	  "the root's revocation list is there, signed by the root, and names neither the "        \
	  "intermediate nor the signer of the collateral")                                         \
	X(CRL_PCK, "crl.pck",                                                                      \
	  "the revocation list of the PCK's issuer is there, signed by it, and does not name the " \
	  "PCK certificate")                                                                       \
	X(CRL_VALIDITY, "crl.validity", "both revocation lists are current")                       \
	X(TCB_INFO_SIGNATURE, "tcb_info.signature",                                                \
	  "the TCB info is there and signed by Intel's TCB signer, whose chain ends in the "       \
	  "pinned "                                                                                \
	  "root")                                                                                  \
	X(TCB_INFO_VALIDITY, "tcb_info.validity", "the TCB info and its signer are current")       \
	X(TCB_INFO_PLATFORM, "tcb_info.platform",                                                  \
	  "the TCB info is for this technology, FMSPC and PCE id")                                 \
	X(QE_IDENTITY_SIGNATURE, "qe_identity.signature",                                          \
	  "the QE identity is there and signed by Intel's TCB signer, whose chain ends in the "    \
	  "pinned root")                                                                           \
	X(QE_IDENTITY_VALIDITY, "qe_identity.validity",                                            \
	  "the QE identity and its signer are current")                                            \
	X(QE_IDENTITY_MATCH, "qe_identity.match",                                                  \
	  "the quoting enclave's report has the identity's MRSIGNER, product, attributes and "     \
	  "miscselect under their masks")                                                          \
	TDX(MODULE_IDENTITY, "module.identity",                                                    \
	    "the TDX module has the MRSIGNERSEAM and SEAMATTRIBUTES of its identity in the TCB "   \
	    "info")                                                                                \
	X(TCB_LEVEL, "tcb.level", "the platform, the QE and the module each reach a listed level") \
	X(TCB_STATUS, "tcb.status", "the converged TCB status is known and not Revoked")

enum tacit_dcap_row {
#define TACIT_DCAP_ROW_ENUM(row, name, about) TACIT_DCAP_##row,
	TACIT_DCAP_COLLATERAL_MAP(TACIT_DCAP_ROW_ENUM, TACIT_DCAP_ROW_ENUM)
#undef TACIT_DCAP_ROW_ENUM
		TACIT_DCAP_ROWS
};

/* What is judged: facts from a quote whose signatures and chain hold. */
struct tacit_dcap_subject {
	enum tacit_tee tee;       /* TACIT_TEE_TDX or TACIT_TEE_SGX */
	const char *const *names; /* of the checks, by enum tacit_dcap_row; NULL: no such check */
	const struct tacit_cert *leaf, *intermediate, *root;
	const struct tacit_dcap_pck *pck; /* of `leaf` */
	struct tacit_slice qe_report;     /* the SGX report of the QE, 384 bytes */
	/* TDX alone; absent for SGX: */
	struct tacit_slice tee_tcb_svn;     /* 16 bytes */
	struct tacit_slice tee_tcb_svn2;    /* 16 bytes; absent in TD 1.0 bodies */
	struct tacit_slice mrsignerseam;    /* 48 bytes */
	struct tacit_slice seam_attributes; /* 8 bytes */
};

/*
 * Decides every row of `subject->names` in `list` as far as it gets. Without any piece that
 * could concern this platform (no TCB info, no QE identity, no list of its issuers) all rows are
 * skipped, `ret->judged` is false, and the answer is true: whether that will do is for the
 * policy. Once there is any, all of it must be there: what is missing or stale fails its row as
 * TACIT_UNDECIDED. True, with `ret` filled, when no row failed.
 *
 * Any status but Revoked passes: which of them are good enough is for the policy.
 */
bool tacit_dcap_collateral_judge(const struct tacit_dcap_subject *subject,
				 const struct tacit_context *cx, struct tacit_check_list *list,
				 struct tacit_dcap_tcb *ret);

#endif
