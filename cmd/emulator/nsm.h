/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EMULATOR_NSM_H
#define TACIT_EMULATOR_NSM_H

/*
 * A Nitro Secure Module of our own: registers with locks, randomness, and attestation documents
 * under a root that it makes for itself and that nobody trusts unless told to. What carries its
 * messages is elsewhere: a vhost-user device for the kernel's own driver, CUSE for a guest whose
 * kernel has none.
 *
 * The guest can ask for faults, so that one boot tries them all: a request {"Fault": "OPERATION
 * FAULT"} is answered "Fault", and from then on that operation fails so (see nsm.c), until the
 * text is empty. The kernel's own requests, of randomness, are not in the way of others.
 */

#include "sys/nsm_message.h"
#include "tests/pki/nitro.h"

struct nsm_module {
	struct nitro_pki pki;
	uint8_t pcr[TACIT_NSM_PCRS][TACIT_NSM_PCR_LEN];
	uint32_t locked; /* bit n: PCR n */
	uint64_t started_ms;
	char module_id[64];
	char fault[64]; /* empty for none */
};

/* With new keys, but for the root's where there is one. */
void nsm_module_init(struct nsm_module *m, EVP_PKEY *root);
/* An enclave starts: PCR 0 to 15 are locked, and zero but for the parent's. */
void nsm_module_boot(struct nsm_module *m);

/* Answers one request in `room` (TACIT_NSM_RESPONSE_MAX bytes); an empty answer is a fault. */
struct tacit_slice nsm_module_answer(struct nsm_module *m, struct tacit_slice request,
				     struct tacit_mut room);

#endif
