/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_SANDBOX_H
#define TACIT_SYS_SANDBOX_H

/*
 * Giving up what a process no longer needs, once its inputs are open: Landlock takes away files
 * and outbound TCP, seccomp takes away system calls. Neither can be undone.
 *
 * This bounds what a fault in a parser is worth to whoever wrote the input. It is a second line:
 * nothing else relies on it, and a kernel without one of the two is told and not refused.
 */

#include "base/error.h"
#include "tacit/evidence.h"

enum tacit_sandbox_profile {
	/* Judging what has been read: compute, write to what is open, threads. Nothing else. */
	TACIT_SANDBOX_JUDGE,
	/*
	 * Serving on sockets that listen already: no new program, no file, no outbound TCP, and of
	 * a device nothing but what its attester asks.
	 */
	TACIT_SANDBOX_SERVE,
};

struct tacit_sandbox_report {
	bool files;    /* Landlock holds */
	bool outbound; /* and so it does for TCP */
	bool calls;    /* seccomp holds */
};

/* What a server goes on doing. */
struct tacit_sandbox_keep {
	const char *socket_folder; /* where a unix socket of ours is removed at the end, or NULL */
	enum tacit_tee tee;        /* whose attester asks its device; no other ioctl is left */
};

/*
 * Enters the profile. Landlock holds the calling thread and those it makes later; seccomp holds
 * every thread. `keep` may be NULL. Errors: TACIT_INTERNAL when the kernel offers a mechanism and
 * then refuses to apply it.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sandbox_enter(enum tacit_sandbox_profile profile,
						       const struct tacit_sandbox_keep *keep,
						       struct tacit_sandbox_report *ret,
						       struct tacit_error *err);

/*
 * For a client that keeps what it fetched: no new program, nothing written outside the `folders`,
 * which must be there. It may still read files and use the network. Errors: as above.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sandbox_enter_fetch(const char *const *folders,
							     size_t count,
							     struct tacit_sandbox_report *ret,
							     struct tacit_error *err);

#endif
