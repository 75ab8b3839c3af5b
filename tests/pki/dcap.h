/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_DCAP_H
#define TESTS_PKI_DCAP_H

/*
 * Quotes of SGX and TDX under a root of our own, with every field free, right or wrong. Start
 * from dcap_world() and dcap_quote_spec(), change what the test is about, then dcap_quote().
 * What these return lives until pki_done().
 */

#include "tee/dcap/body.h"
#include "tests/pki/pki.h"

#define DCAP_NOW   1795248000 /* 2026-11-21T08:00:00Z */
#define DCAP_FMSPC "50806f000000"
#define DCAP_PCEID "0000"

/* What a PCK certificate says of its platform. */
struct dcap_platform {
	const char *fmspc, *pceid, *ppid, *piid; /* hex */
	uint8_t components[16];
	const uint8_t *cpusvn; /* 16 bytes; NULL: the components */
	unsigned pcesvn;
	unsigned sgx_type;
	bool processor;     /* the Processor CA's form: 5 members */
	unsigned leave_out; /* bits: members (1 to 7) that are not written */
};

/* Keys and certificates: root, both PCK CAs, a PCK and the TCB signer. */
struct dcap_world {
	struct pki_cert *root, *platform_ca, *processor_ca, *pck, *pck_processor, *tcb_signer;
	struct dcap_platform platform;
};

/* Valid for a year before and after DCAP_NOW. The same one at each call. */
const struct dcap_world *dcap_world(void);

struct dcap_platform dcap_platform(void);
/* The SGX extension of a PCK certificate. */
struct pki_ext dcap_pck_ext(const struct dcap_platform *platform);
/* A PCK certificate by `ca`; `spec` may be NULL, else its zero members get the usual values. */
struct pki_cert *dcap_pck(const struct pki_cert *ca, const struct dcap_platform *platform,
			  const struct pki_spec *spec);

struct dcap_quote_spec {
	unsigned version;
	enum tacit_dcap_body body_type;
	uint8_t body[TACIT_DCAP_TD15EXT_LEN]; /* as much as the type has */
	uint8_t qe[TACIT_DCAP_SGX_LEN];       /* report data are filled in, unless kept */
	EVP_PKEY *ak;                         /* attestation key */
	const struct pki_cert *pck;           /* signs the QE report */
	struct tacit_slice auth;
	struct tacit_slice chain; /* PEM */

	/* Departures; zero: as it should be. */
	unsigned key_type, tee_type_xor, vendor_xor;
	unsigned descriptor_type, descriptor_size;
	unsigned cert_type, outer_type;
	int signature_len_add, outer_len_add, cert_len_add;
	bool keep_qe_report_data;
	EVP_PKEY *quote_signer, *qe_signer; /* instead of the attestation key and the PCK */
	size_t padding;
	uint8_t padding_byte;
};

/* TDX of version 4 and a TD 1.0 body, or any other form. */
struct dcap_quote_spec dcap_quote_spec(unsigned version, enum tacit_dcap_body type);
struct tacit_slice dcap_quote(const struct dcap_quote_spec *spec);

/* PEM of leaf, intermediate and root in this order, and a NUL. */
struct tacit_slice dcap_chain(const struct pki_cert *leaf, const struct pki_cert *intermediate,
			      const struct pki_cert *root);

/* An event log with `count` measured events for each of RTMR0 to RTMR2, and their values. */
struct tacit_slice dcap_event_log(unsigned count, uint8_t rtmr[3][48]);

#endif
