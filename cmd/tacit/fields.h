/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_FIELDS_H
#define TACIT_CMD_FIELDS_H

/* Showing what a document says, without judging it; for inspect and receipt show. */

#include <jansson.h>

#include "tacit/receipt.h"

/* One line a member, nested objects indented. */
void cli_fields_print(const json_t *object);

/* The claims as a JSON object, in the form of src/receipt/report.h. Owns: json_decref. */
json_t *cli_fields_claims(const struct tacit_receipt_claims *claims);

#endif
