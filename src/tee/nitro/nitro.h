/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_NITRO_NITRO_H
#define TACIT_TEE_NITRO_NITRO_H

/* Attestation documents of AWS Nitro Enclaves and NitroTPM. See README.md in this folder. */

#include "tacit/nitro.h"
#include "tee/check.h"
#include "trust/chain.h"
#include "trust/roots.h"

#define TACIT_NITRO_MAX           16640 /* a payload, and more than its envelope needs */
#define TACIT_NITRO_PAYLOAD_MAX   16384
#define TACIT_NITRO_MODULE_MAX    256
#define TACIT_NITRO_CERT_MAX      1024
#define TACIT_NITRO_CABUNDLE_MAX  8
#define TACIT_NITRO_CERTS_MAX     (TACIT_NITRO_CABUNDLE_MAX + 1)
#define TACIT_NITRO_DATA_MAX      1024 /* user_data, nonce, public_key */
#define TACIT_NITRO_PCRS          32
#define TACIT_NITRO_PCR_LEN       48
#define TACIT_NITRO_SIGNATURE_LEN 96
#define TACIT_NITRO_TIME_MAX      253402300799999u /* 9999-12-31T23:59:59.999Z in ms */

/* The COSE_Sign1 around a document. Slices point into the evidence; nothing is verified. */
struct tacit_nitro_envelope {
	struct tacit_slice protected_bytes;
	struct tacit_slice unprotected; /* the whole map, head included */
	struct tacit_slice payload;
	struct tacit_slice signature;
};

/* The payload. Slices point into the evidence; nothing is verified. */
struct tacit_nitro_doc {
	bool tpm; /* "nitrotpm_pcrs" stands where an enclave has "pcrs" */
	struct tacit_slice module_id;
	struct tacit_slice digest;
	uint64_t timestamp_ms;
	struct tacit_slice pcr[TACIT_NITRO_PCRS]; /* absent ones have a NULL ptr */
	struct tacit_slice certificate;
	size_t cabundle_count;
	struct tacit_slice cabundle[TACIT_NITRO_CABUNDLE_MAX]; /* root first */
	struct tacit_slice public_key; /* absent for null; empty is not absent */
	struct tacit_slice user_data;
	struct tacit_slice nonce;
};

/* Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_nitro_envelope(struct tacit_slice raw,
							struct tacit_nitro_envelope *ret,
							struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_nitro_payload(struct tacit_slice payload,
						       struct tacit_nitro_doc *ret,
						       struct tacit_error *err);

/* Whether a register of a payload is zero, or not there. */
bool tacit_nitro_is_zero(struct tacit_slice pcr);

/* A document with its certificates read; the root is certs[0], the leaf certs[count - 1]. */
struct tacit_nitro_chain {
	enum tacit_root root;
	size_t count;
	struct tacit_cert certs[TACIT_NITRO_CERTS_MAX];
	int64_t valid_from, valid_until;
};

/* Root, certificates, links, dates: decides "nitro.root" to "nitro.chain.validity". */
bool tacit_nitro_chain_judge(const struct tacit_nitro_doc *doc, const struct tacit_context *cx,
			     struct tacit_check_list *list, struct tacit_nitro_chain *ret);

/* What names and serial number say, as far as they follow AWS's pattern. */
struct tacit_nitro_identity {
	struct tacit_slice region;
	struct tacit_slice instance_id;
	struct tacit_slice enclave_id;
	uint64_t launched_at_ms; /* 0: not known */
};

/* The invariants of AWS's documents: decides "nitro.timestamp" to "nitro.pcr.reserved". */
bool tacit_nitro_invariants_judge(const struct tacit_nitro_doc *doc,
				  const struct tacit_nitro_chain *chain,
				  struct tacit_check_list *list, struct tacit_nitro_identity *ret);

/* Every check of a document, in order. */
#define TACIT_NITRO_CHECKS 18
extern const struct tacit_check_row tacit_nitro_checks[TACIT_NITRO_CHECKS];

/* Shapes: broken documents count as an enclave's. */
bool tacit_nitro_detect(struct tacit_slice in);
bool tacit_nitrotpm_detect(struct tacit_slice in);

bool tacit_nitro_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			struct tacit_check_list *list, struct tacit_claims *ret_claims);

#endif
