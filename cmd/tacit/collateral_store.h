/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_COLLATERAL_STORE_H
#define TACIT_CMD_COLLATERAL_STORE_H

/*
 * Where collateral is kept: the folder that the user names, and a cache of what AMD's service
 * gives, since that service lets nobody ask often and what a VCEK says never changes.
 */

#include "cli.h"
#include "net/fetch_read.h"

/* What became of a piece that was to be kept. */
enum cli_kept {
	CLI_KEPT_NEW,   /* it was not there */
	CLI_KEPT_NEWER, /* it took the place of another */
	CLI_KEPT_SAME,  /* it was there, byte for byte */
};

/* Makes the folder when it is not there; `parents`: and those above it. Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status cli_store_open(const char *folder, bool parents, unsigned mode,
						  struct tacit_error *err);

/*
 * Writes a piece under its name in `folder`, and the chain of its signer before it. A file is whole
 * or not there at all, also when a signal ends the program. Errors: TACIT_POLICY when what is there
 * is newer; TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status cli_store_keep(const char *folder,
						  const struct tacit_fetched *piece,
						  struct tacit_arena *arena, enum cli_kept *ret,
						  struct tacit_error *err);

/* The folder of the cache in `ret`; false when the environment names no place for it. */
bool cli_cache_folder(char *ret, size_t size);

/*
 * The piece as the cache has it, unless its time is over at `now`. False when there is none, or
 * it is of no use. Owns: ret_bytes is malloc'ed.
 */
bool cli_cache_get(const char *folder, const struct tacit_fetch_piece *piece, int64_t now,
		   struct tacit_arena *arena, struct tacit_slice *ret_bytes,
		   struct tacit_fetched *ret);

/* Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status
cli_cache_put(const char *folder, const struct tacit_fetched *piece, struct tacit_error *err);

#endif
