/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_BATCH_H
#define TACIT_CMD_BATCH_H

/*
 * A line in, a line out, on all cores and in order: one thread reads lines into a ring of chunks,
 * workers judge chunks, the caller's thread prints them. The ring bounds the memory whatever
 * comes in, and a chunk is whatever one read gave, so that it works in the middle of a pipe
 * without delay. A line that is longer than `line_max` is passed on cut, but longer than that.
 */

#include "cli.h"

/* What the lines of one chunk have given so far. */
struct cli_batch_out {
	uint8_t *bytes;
	size_t len, room;
};

struct cli_batch {
	const char *what; /* "receipts", for messages */
	size_t line_max;  /* bytes */
	size_t chunk;     /* bytes that are read at once */
	const void *user;
	/* A judge for one thread; NULL when memory is out. */
	void *(*open)(const void *user);
	/* A chunk begins: time goes on while lines come in. */
	void (*start)(void *judge);
	/*
	 * Judges a line, without its line break, and adds a line with its own to `out`. False when
	 * memory is out. `ret_verified` is set when it was verified.
	 */
	bool (*line)(void *judge, struct tacit_slice line, struct cli_batch_out *out,
		     bool *ret_verified);
	void (*close)(void *judge);
};

/* Room for `more` bytes after `len`; false when memory is out. */
bool cli_batch_reserve(struct cli_batch_out *out, size_t more);

/* Opens the input ("-" is stdin). Returns 0, or an exit code after saying why. */
int cli_batch_open(const struct cli_common *common, const char *what, const char *path,
		   int *ret_fd);

/*
 * Judges every line of `fd` on `jobs` threads (0: one a core) and closes it. Exit code: 0 when
 * all were verified, 1 when some were not.
 */
int cli_batch_run(const struct cli_common *common, const struct cli_batch *batch, int fd,
		  unsigned jobs);

#endif
