/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_UNWRAP_H
#define TACIT_TEE_UNWRAP_H

/*
 * What came around a platform's document. Everything here is the sender's word: it is used to
 * find certificates and quotes, which are checked like any other, and to be compared with what
 * genuine evidence says (tacit_wrapper_judge). Nothing is believed because it is here.
 */

#include "tacit/verify.h"
#include "tee/check.h"
#include "trust/tpm_evidence.h"

#define TACIT_WRAPPER_LAYERS 3
#define TACIT_WRAPPER_CERTS  8

enum tacit_wrapper_form {
	TACIT_WRAPPER_HEX,
	TACIT_WRAPPER_BASE64, /* either alphabet, padded or not, in lines or not */
	TACIT_WRAPPER_MARKER, /* EphemeralML's "TDX_V1", "SEV_SNP_V1", "AZ_SNP_V1" */
	TACIT_WRAPPER_EML,    /* EphemeralML's TeeAttestationEnvelope, CBOR */
	TACIT_WRAPPER_OBOL,   /* Obol's AttestationReport, JSON */
	TACIT_WRAPPER_AGENT,  /* JSON of attestation agents: quotes, HCL reports, vTPM quotes */
};

/* EphemeralML: TeeAttestationEnvelope and the user data in it. */
struct tacit_wrapper_eml {
	bool present;
	struct tacit_slice platform;
	struct tacit_slice handshake_key, nonce; /* 32 bytes each, or absent */
	struct tacit_slice receipt_key;          /* 32 bytes, or absent */
	struct tacit_slice evidence_hash;        /* 32 bytes, or absent */
};

struct tacit_wrapper_obol {
	bool present;
	struct tacit_slice public_key; /* SEC1; 65 bytes, or the evidence does not stand for it */
	struct tacit_slice model_hash; /* 32 bytes or none */
	int64_t timestamp;             /* unsigned: nobody vouches for it */
};

struct tacit_wrapper {
	size_t layer_count;
	enum tacit_wrapper_form layers[TACIT_WRAPPER_LAYERS]; /* outermost first */
	enum tacit_tee named; /* the platform that a layer names; NONE when none does */
	size_t cert_count;
	struct tacit_slice certs[TACIT_WRAPPER_CERTS]; /* DER */
	struct tacit_slice td_quote;                   /* beside an HCL report */
	struct tacit_slice event_log;                  /* CCEL */
	struct tacit_tpm_evidence tpm;
	struct tacit_wrapper_eml eml;
	struct tacit_wrapper_obol obol;
};

/* "hex", "obol" and so on. */
const char *tacit_wrapper_form_name(enum tacit_wrapper_form form);

/* Rows that a verdict has when the evidence came wrapped; after the platform's own. */
#define TACIT_WRAPPER_CHECKS 4
extern const struct tacit_check_row tacit_wrapper_checks[TACIT_WRAPPER_CHECKS];

/*
 * Compares what the wrapper says with genuine claims, and decides all its rows. Values that the
 * evidence turns out to stand for become claims: EphemeralML's nonce and handshake key, Obol's
 * public key.
 */
void tacit_wrapper_judge(const struct tacit_wrapper *wrapper, struct tacit_claims *claims,
			 struct tacit_check_list *list);

/*
 * The context that evidence is verified in: the caller's, with the wrapper's certificates beside
 * its collateral. `cx` itself when there is nothing to add, else `room` filled; NULL when the
 * arena is full. A certificate that cannot be read is left out.
 */
const struct tacit_context *tacit_wrapper_context(const struct tacit_evidence *ev,
						  const struct tacit_context *cx,
						  struct tacit_context *room);

#endif
