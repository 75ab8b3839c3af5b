/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_COLLATERAL_DESCRIBE_H
#define TACIT_CMD_COLLATERAL_DESCRIBE_H

#include <jansson.h>

#include "pieces.h"
#include "tacit/verify.h"

/*
 * What is in one file of collateral: an array of objects, one for each piece in it, all with
 * "kind". What is no collateral is of kind "unknown" and says why. `cx` names time and test roots.
 * Nothing is verified. NULL when memory is out. Owns: json_decref().
 */
json_t *cli_collateral_describe(struct tacit_slice bytes, struct tacit_arena *arena,
				const struct tacit_context *cx);

#endif
