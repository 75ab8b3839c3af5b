/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_ENCLAVE_H
#define TACIT_SYS_ENCLAVE_H

/*
 * A Nitro enclave, started by its parent instance: the ioctls of /dev/nitro_enclaves
 * [linux/nitro_enclaves.h], memory in huge pages, the image put into it. The enclave lives as long
 * as this process keeps it open.
 *
 * It proves nothing: the host that runs this is not trusted. What was started is what the
 * attestation document says.
 */

#include "base/error.h"

#define TACIT_ENCLAVE_DEVICE  "/dev/nitro_enclaves"
#define TACIT_ENCLAVE_REGIONS 1024
#define TACIT_ENCLAVE_FACTOR  4 /* what the hypervisor wants: memory over the image's size */

struct tacit_enclave_options {
	int image;       /* the EIF, open for reading */
	uint64_t memory; /* bytes, a multiple of 2 MiB */
	uint64_t cpus;
	uint32_t cid; /* 0: the hypervisor chooses */
	bool debug;
};

struct tacit_enclave;

/*
 * Errors: TACIT_UNSUPPORTED without the device, TACIT_DENIED, TACIT_USAGE for what the enclave
 * cannot have, TACIT_IO also when CPUs or huge pages are not there. The error says what
 * mends it.
 */
TACIT_MUST_CHECK enum tacit_status tacit_enclave_start(const struct tacit_enclave_options *options,
						       struct tacit_enclave **ret,
						       struct tacit_error *err);

uint32_t tacit_enclave_cid(const struct tacit_enclave *enclave);
/* For poll(2): POLLHUP when the enclave has ended. */
int tacit_enclave_fd(const struct tacit_enclave *enclave);
/* Ends it. NULL is fine. */
void tacit_enclave_free(struct tacit_enclave *enclave);

#endif
