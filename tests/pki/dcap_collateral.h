/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_DCAP_COLLATERAL_H
#define TESTS_PKI_DCAP_COLLATERAL_H

/*
 * Collateral for the quotes of tests/pki/dcap.h, under the same root. Documents are text: change
 * what the test is about with dcap_edit(), then sign it with dcap_document(). What these return
 * lives until pki_done().
 */

#include "tests/pki/dcap.h"

#define DCAP_ISSUED  (DCAP_NOW - 86400)
#define DCAP_EXPIRES (DCAP_NOW + 29 * 86400)

/*
 * The inner objects. The quotes of dcap_quote_spec() reach the first level of each: "UpToDate".
 * Below are OutOfDate (TDX component 2 or SGX component 0 at 1), with module SVN 3 and QE SVN 5
 * likewise, and Revoked with module SVN 1 and QE SVN 1.
 */
struct tacit_slice dcap_tcb_info_body(bool tdx);
struct tacit_slice dcap_tcb_info_v2_body(void); /* SGX */
struct tacit_slice dcap_qe_identity_body(bool tdx);

/* `text` with the first `from`, which must be there, as `to`. */
struct tacit_slice dcap_edit(struct tacit_slice text, const char *from, const char *to);
/* The same with both ends of a document's period. */
struct tacit_slice dcap_period(struct tacit_slice body, int64_t from, int64_t until);

/* {"tcbInfo":{..},"signature":".."} or with "enclaveIdentity"; NULL: the world's TCB signer. */
struct tacit_slice dcap_document(const char *name, struct tacit_slice body, EVP_PKEY *signer);

struct tacit_slice dcap_crl(const struct pki_cert *issuer, const char *revoked, int64_t from,
			    int64_t until);

/* One of everything that a quote needs. Absent pieces are left out. */
struct dcap_collateral {
	struct tacit_slice tcb_info, qe_identity, signer, root_crl, pck_crl;
};

#define DCAP_PIECES 5

struct dcap_collateral dcap_collateral(bool tdx);
size_t dcap_pieces(const struct dcap_collateral *all, struct tacit_slice ret[DCAP_PIECES]);

#endif
