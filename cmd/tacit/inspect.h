/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_INSPECT_H
#define TACIT_CMD_INSPECT_H

/* What inspect shows: every value a string, so that text and JSON come from one list. */

#include <jansson.h>

#include "tacit/arena.h"
#include "tacit/evidence.h"

/* What was recognised; `fields` is NULL when nothing was. */
struct cli_finding {
	const char *kind;
	const char *platform;
	json_t *fields;
};

void cli_put_text(json_t *object, const char *name, const char *text);
void cli_put_hex(json_t *object, const char *name, struct tacit_slice bytes); /* null if absent */
void cli_put_time(json_t *object, const char *name, uint64_t seconds);

/* The fields of evidence of hardware (inspect_evidence.c); NULL when it does not decode. */
json_t *cli_inspect_evidence(const struct tacit_evidence *ev, struct tacit_arena *arena);

#endif
