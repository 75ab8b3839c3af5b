/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_SERVE_ROOTS_H
#define TACIT_CMD_SERVE_ROOTS_H

/*
 * --insecure-test-root of a server: it judges its own evidence once, to learn the measurements
 * that receipts repeat, and an emulated TEE's evidence stands under no root that is pinned. What
 * a client trusts is not touched by it.
 */

#include "pieces.h"

/* Zero-initialise; `certs` lives until serve_roots_free(). */
struct serve_roots {
	struct cli_pieces pieces;
	struct tacit_arena arena;
	void *room;
	const struct tacit_slice *certs;
	size_t count;
};

/* Warns of each, and reads them. Returns 0, or an exit code after saying why. */
int serve_roots_read(const struct cli_common *common, const struct cli_list *paths,
		     struct serve_roots *roots);

void serve_roots_free(struct serve_roots *roots);

#endif
