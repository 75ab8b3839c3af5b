/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_QUOTE_H
#define TACIT_TEE_DCAP_QUOTE_H

/*
 * Quotes of SGX and TDX, versions 3 to 5 [TDX-QUOTE 3, SGX-QUOTE A]: the frame, cut into slices.
 * Structure only: nothing here is verified.
 */

#include "base/error.h"
#include "tacit/evidence.h"

#define TACIT_DCAP_SGX_LEN     384 /* an SGX report, as body and of the QE */
#define TACIT_DCAP_TD10_LEN    584
#define TACIT_DCAP_TD15_LEN    648
#define TACIT_DCAP_TD15EXT_LEN 885

#define TACIT_DCAP_AUTH_MAX    1024  /* bytes of QE authentication data; real ones have 32 */
#define TACIT_DCAP_CERT_MAX    16384 /* bytes of certification data; real chains have 4 KB */

enum tacit_dcap_body {
	TACIT_DCAP_BODY_NONE,
	TACIT_DCAP_BODY_SGX, /* the numbers are those of the descriptor in version 5 */
	TACIT_DCAP_BODY_TD10,
	TACIT_DCAP_BODY_TD15,
	TACIT_DCAP_BODY_TD15EXT,
};

/* Certification data types [TDX-QUOTE 3.9, SGX-QUOTE A.4]. */
enum tacit_dcap_cert_type {
	TACIT_DCAP_CERT_PPID = 1,
	TACIT_DCAP_CERT_PPID_RSA2048 = 2,
	TACIT_DCAP_CERT_PPID_RSA3072 = 3,
	TACIT_DCAP_CERT_PCK_CHAIN = 5,
	TACIT_DCAP_CERT_QE_REPORT = 6,
};

struct tacit_dcap_quote {
	uint16_t version;
	enum tacit_tee tee; /* TACIT_TEE_SGX or TACIT_TEE_TDX */
	enum tacit_dcap_body body_type;
	struct tacit_slice vendor;    /* 16 bytes */
	struct tacit_slice user_data; /* 20 bytes */
	struct tacit_slice covered;   /* what the attestation key signed */
	struct tacit_slice body;
	struct tacit_slice signature; /* by the attestation key, r | s */
	struct tacit_slice key;       /* attestation key, x | y */
	struct tacit_slice qe_report;
	struct tacit_slice qe_signature; /* by the PCK */
	struct tacit_slice qe_auth;      /* may be empty */
	uint16_t cert_type;
	struct tacit_slice cert_data;
	size_t trailing; /* bytes behind the quote, as carriers add them; nobody signed those */
};

/* True when the bytes start like a quote of that technology. */
bool tacit_dcap_quote_detect(struct tacit_slice in, enum tacit_tee tee);

/*
 * Cuts a quote. Errors: TACIT_FORMAT; TACIT_LIMIT for authentication or certification data
 * beyond what any QE makes; TACIT_UNSUPPORTED for attestation keys and formats that are defined
 * and not ours to judge (P-384, CWT).
 */
TACIT_MUST_CHECK enum tacit_status tacit_dcap_quote_parse(struct tacit_slice in,
							  struct tacit_dcap_quote *ret,
							  struct tacit_error *err);

#endif
