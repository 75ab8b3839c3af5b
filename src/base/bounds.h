/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_BOUNDS_H
#define TACIT_BASE_BOUNDS_H

/*
 * Every limit on input from outside, in one place. Units are bytes unless the name says
 * otherwise. A limit is generous against what the formats really carry and small against what
 * a host could use to exhaust memory or time.
 */

#define TACIT_EVIDENCE_MAX     (1024 * 1024) /* Nitro documents are 5 KB, quotes up to 16 KB */
#define TACIT_RECEIPT_MAX      65536         /* [AIR-02 envelope] */
#define TACIT_POLICY_MAX       (1024 * 1024) /* a policy file */
#define TACIT_BINDING_MAX      1024          /* the deterministic CBOR map of binding.h */
#define TACIT_MODEL_ID_MAX     256           /* as AIR's text bound for model_id */
#define TACIT_NESTING_MAX      16            /* levels in CBOR */
#define TACIT_JSON_NESTING_MAX 64            /* levels in JSON: schemas nest deeper than claims */
#define TACIT_JSON_MAX         (16 * 1024 * 1024) /* one JSON text */
#define TACIT_JSON_VALUES_MAX  (256 * 1024) /* values in one JSON text: each costs ~200 bytes */
#define TACIT_COSE_LABELS_MAX  32           /* header labels of one COSE message */
#define TACIT_NONCE_LEN        32           /* client nonce of the evidence exchange */
#define TACIT_AIR_NONCE_MIN    8            /* eat_nonce [RFC 9711 4.1] */
#define TACIT_AIR_NONCE_MAX    64
#define TACIT_CHECKS_MAX       128 /* named checks in one verdict */
#define TACIT_MEASUREMENTS_MAX 32  /* Nitro has PCR0..31 */
#define TACIT_ALTERNATIVES_MAX 256 /* alternatives in one policy */

#endif
