/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_FETCH_AMD_H
#define TACIT_NET_FETCH_AMD_H

/* What AMD publishes for all chips of a product, judged by itself: the checks of src/tee/snp. */

#include "net/fetch_plan.h"
#include "tacit/verify.h"
#include "trust/x509.h"

/*
 * ASK or ASVK and ARK, in either order: pinned, issued by each other, valid. The root goes to
 * `ret_ark`. Errors: as tacit_verify(); `where` is the check.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_amd_chain(const struct tacit_fetch_plan *plan,
							 struct tacit_slice chain,
							 const struct tacit_context *cx,
							 struct tacit_cert *ret_ark,
							 struct tacit_error *err);

/* The root's revocation list, by its signature; dates are not looked at. */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_amd_crl(struct tacit_slice crl,
						       const struct tacit_cert *ark,
						       const struct tacit_context *cx,
						       struct tacit_error *err);

#endif
