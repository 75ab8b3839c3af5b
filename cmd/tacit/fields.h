/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_FIELDS_H
#define TACIT_CMD_FIELDS_H

/* Showing what a document says, without judging it; for inspect and receipt show. */

#include <jansson.h>

#include "base/error.h"
#include "tacit/receipt.h"

/* One line a member, nested objects indented. */
void cli_fields_print(const json_t *object);

/*
 * The claims of a receipt that nobody verified. Slices point into `in`. Errors: TACIT_FORMAT when
 * it is not a receipt of the one form that AIR v1 allows.
 */
enum tacit_status cli_fields_receipt(struct tacit_slice in, struct tacit_receipt_claims *ret,
				     struct tacit_error *err);

/* The claims as a JSON object, in the form of src/receipt/report.h. Owns: json_decref. */
json_t *cli_fields_claims(const struct tacit_receipt_claims *claims);

#endif
