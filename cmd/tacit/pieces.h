/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_PIECES_H
#define TACIT_CMD_PIECES_H

/*
 * Files that come along with evidence: collateral, of files and folders, and the roots of tests.
 * They are read before the sandbox is entered and parsed inside it.
 */

#include "cli.h"
#include "tacit/arena.h"
#include "tacit/collateral.h"

#define CLI_PIECES_MAX   256                /* files looked at */
#define CLI_PIECES_DEPTH 4                  /* folders below the one that was named */
#define CLI_PIECES_BYTES ((size_t)64 << 20) /* of all files */

struct cli_piece {
	char *path;
	bool named; /* by the user, and not found in a folder */
	struct tacit_slice bytes;
};

/* Zero-initialise. */
struct cli_pieces {
	size_t count, bytes;
	struct cli_piece items[CLI_PIECES_MAX];
};

/*
 * Reads every file that `paths` names, and with `folders` all that is below those that are
 * folders, in the order of their names. Returns 0, or an exit code after saying why.
 */
int cli_pieces_read(const struct cli_common *common, const struct cli_list *paths, bool folders,
		    struct cli_pieces *pieces);

/*
 * Recognises them; the result lives in the arena and points into the pieces. What was found in a
 * folder and is no collateral is dropped with a note; what was named and is none is an error.
 */
int cli_pieces_collateral(const struct cli_common *common, struct cli_pieces *pieces,
			  struct tacit_arena *arena, const struct tacit_collateral **ret);

/* Certificates of all pieces, DER or PEM, as DER in the arena or the pieces. */
int cli_pieces_certs(const struct cli_common *common, const struct cli_pieces *pieces,
		     struct tacit_arena *arena, const struct tacit_slice **ret, size_t *ret_count);

/* A list of their bytes in the arena; NULL when it is full. */
struct tacit_slice *cli_pieces_list(const struct cli_pieces *pieces, struct tacit_arena *arena);

void cli_pieces_free(struct cli_pieces *pieces);

#endif
