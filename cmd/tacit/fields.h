/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_FIELDS_H
#define TACIT_CMD_FIELDS_H

/* Showing what a document says, without judging it; for inspect, collateral and receipt show. */

#include <jansson.h>
#include <stdint.h>

#include "tacit/bytes.h"
#include "tacit/receipt.h"

/* One line a member, nested objects indented. */
void cli_fields_print(const json_t *object);

/* Members of that object: each value a string, so that text and JSON come from one list. */
void cli_put_text(json_t *object, const char *name, const char *text);
void cli_put_time(json_t *object, const char *name, int64_t seconds);
/* Texts that nobody vouches for (escaped, cut at 511 bytes), and bytes; null when absent. */
void cli_put_shown(json_t *object, const char *name, struct tacit_slice text);
void cli_put_hex(json_t *object, const char *name, struct tacit_slice bytes);

/* The claims as a JSON object, in the form of src/receipt/report.h. Owns: json_decref. */
json_t *cli_fields_claims(const struct tacit_receipt_claims *claims);

#endif
