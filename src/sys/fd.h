/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_FD_H
#define TACIT_SYS_FD_H

/* Descriptors that close themselves: TACIT_CLEANUP(tacit_fd_close) int fd = ... */

#include <unistd.h>

/* Closes one that is open, and forgets it; -1 is none. */
static inline void tacit_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
