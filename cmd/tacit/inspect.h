/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_INSPECT_H
#define TACIT_CMD_INSPECT_H

/* What inspect finds in a file. */

#include <jansson.h>

#include "tacit/arena.h"
#include "tacit/evidence.h"

/* What was recognised; `fields` is NULL when nothing was. */
struct cli_finding {
	const char *kind;
	const char *platform;
	json_t *fields;
};

/* The fields of evidence of hardware (inspect_evidence.c); NULL when it does not decode. */
json_t *cli_inspect_evidence(const struct tacit_evidence *ev, struct tacit_arena *arena);

#endif
