/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_SERVE_FETCH_H
#define TACIT_CMD_SERVE_FETCH_H

/* A plain model for the server from wherever it is, hashed on its way into sealed memory. */

#include "infer/image.h"
#include "source_option.h"

/*
 * Fetches a file, checks it against `sha256` if that was given, and seals it. Returns 0, or an
 * exit code after saying why. Threads that it starts are gone when it returns. Owns: the caller
 * frees the image.
 */
int serve_fetch(const struct cli_common *common, const char *model,
		const struct source_options *options, const struct cli_hex *sha256,
		struct tacit_image **ret);

#endif
