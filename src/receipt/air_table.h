/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_AIR_TABLE_H
#define TACIT_RECEIPT_AIR_TABLE_H

/* AIR's claims in the order of their encoding [AIR-02 claims]: shared by both directions. */

#include "receipt/air.h"

enum tacit_air_kind {
	AIR_TEXT,
	AIR_BYTES,
	AIR_HASH,
	AIR_UINT,
	AIR_REGISTERS,
};

struct tacit_air_row {
	int64_t key;
	const char *name;
	enum tacit_air_kind kind;
	size_t least; /* length of a string, value of a number */
	size_t most;
	bool required;
};

extern const struct tacit_air_row tacit_air_table[TACIT_AIR_CLAIMS];

#endif
