/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_EMULATION_CUSE_H
#define TESTS_EMULATION_CUSE_H

/*
 * A character device in user space that answers ioctl(2) alone: the kernel's CUSE by its own
 * messages [Linux fuse.h]. What an ioctl's argument points to, and what that points to, is asked
 * for in rounds: the kernel calls again with what was asked for.
 */

#include <stddef.h>
#include <stdint.h>

#define CUSE_PARTS 4

struct cuse_part {
	uint64_t address, len; /* of the caller's memory */
};

/* One round. */
struct cuse_round {
	uint32_t request;
	uint64_t argument;
	const uint8_t *in; /* what was asked for, one part behind the other */
	size_t in_len, out_len;

	/* For the handler to fill: either what it wants, or what comes of it. */
	struct cuse_part want_in[CUSE_PARTS], want_out[CUSE_PARTS];
	unsigned want_ins, want_outs; /* none: it is done */
	int result;                   /* of ioctl(2): 0, or a negative errno value */
	uint8_t out[16384];           /* goes to the parts that were asked for */
	size_t out_used;
};

typedef void cuse_handler(void *user, struct cuse_round *round);

/* Makes /dev/NAME and serves it; returns only when that fails. */
int cuse_serve(const char *name, cuse_handler *handler, void *user);

#endif
