/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_SIGNATURE_H
#define TACIT_TEE_DCAP_SIGNATURE_H

/*
 * Whether a quote was made by a quoting enclave on a platform that Intel certified: from the
 * pinned root over the PCK and the QE report to the attestation key and the quote. Shared by
 * SGX and TDX. What the quote says, and how the platform stands today, is judged elsewhere.
 */

#include "tacit/dcap.h"
#include "tee/check.h"
#include "tee/dcap/body.h"
#include "trust/roots.h"

/*
 * The checks in the order in which they are judged, cheap ones first.
 * X(row, name behind "tdx." or "sgx.", about).
 */
#define TACIT_DCAP_QUOTE_MAP(X)                                                                    \
	X(FORMAT, "quote.format",                                                                  \
	  "a quote of version 3, 4 or 5 with an ECDSA P-256 attestation key, whose lengths add "   \
	  "up exactly; padding behind it is counted and never read")                               \
	X(VENDOR, "quote.vendor", "the quoting enclave's vendor is Intel")                         \
	X(CERTIFICATION, "quote.certification",                                                    \
	  "the QE report is certified by a PCK certificate chain in the quote (type 5)")           \
	X(PCK_CERTIFICATES, "pck.certificates",                                                    \
	  "the chain is exactly three certificates with P-256 keys that issue each other, in any " \
	  "order")                                                                                 \
	X(PCK_NAMES, "pck.names",                                                                  \
	  "leaf, intermediate and root have Intel's names for a PCK, its CA and the SGX root")     \
	X(PCK_ROOT, "pck.root", "the root has the key of Intel's SGX root CA")                     \
	X(PCK_EXTENSION, "pck.extension",                                                          \
	  "the PCK certificate describes its platform in a well-formed SGX extension")             \
	X(QE_BINDING, "qe.binding",                                                                \
	  "the QE report's data are SHA-256 of the attestation key and the authentication data, "  \
	  "then zeros")                                                                            \
	X(PCK_CHAIN, "pck.chain",                                                                  \
	  "issuers, key identifiers, basic constraints and key usages form a path")                \
	X(PCK_VALIDITY, "pck.validity", "all three certificates are valid at the chosen time")     \
	X(PCK_SIGNATURES, "pck.signatures", "each certificate is signed by the one above it")      \
	X(QE_SIGNATURE, "qe.signature", "the PCK signed the quoting enclave's report")             \
	X(QUOTE_SIGNATURE, "quote.signature",                                                      \
	  "the attestation key signed header, descriptor and body")

enum tacit_dcap_quote_row {
#define TACIT_DCAP_QUOTE_ENUM(row, name, about) TACIT_DCAP_QUOTE_##row,
	TACIT_DCAP_QUOTE_MAP(TACIT_DCAP_QUOTE_ENUM)
#undef TACIT_DCAP_QUOTE_ENUM
		TACIT_DCAP_QUOTE_ROWS
};

/* A quote whose signatures hold. Slices point into the evidence and the arena. */
struct tacit_dcap_signed {
	struct tacit_dcap_quote quote;
	struct tacit_dcap_sgx_report qe;
	struct tacit_cert root, intermediate, leaf;
	enum tacit_root anchor;
	struct tacit_dcap_pck pck;
	int64_t valid_from, valid_until; /* of the three certificates */
};

/*
 * Decides the rows of `names`, by enum tacit_dcap_quote_row, as far as it gets. The result in
 * the arena when all passed, else NULL.
 */
const struct tacit_dcap_signed *
tacit_dcap_signature_verify(struct tacit_slice raw, enum tacit_tee tee, const char *const *names,
			    const struct tacit_context *cx, struct tacit_check_list *list);

#endif
