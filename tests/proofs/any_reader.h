/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROOFS_ANY_READER_H
#define TESTS_PROOFS_ANY_READER_H

/*
 * For proofs of parsers: reading a number gives any number of its size instead of the one in the
 * input, which covers that one too. That reading it is safe is proved by reader.c.
 */

#include "base/reader.h"
#include "tests/proofs/proof.h"

static inline uint64_t any_number(struct reader *r, size_t n)
{
	struct tacit_slice bytes = rd_take(r, n);
	uint64_t number = nondet_number();

	if (bytes.ptr == NULL)
		return 0;
	ASSUME(n >= 8 || number >> 8 * n == 0);
	return number;
}

#define rd_be      any_number
#define rd_le      any_number
#define rd_u8(r)   ((uint8_t)any_number((r), 1))
#define rd_be16(r) ((uint16_t)any_number((r), 2))
#define rd_be32(r) ((uint32_t)any_number((r), 4))
#define rd_be64(r) any_number((r), 8)
#define rd_le16(r) ((uint16_t)any_number((r), 2))
#define rd_le32(r) ((uint32_t)any_number((r), 4))
#define rd_le64(r) any_number((r), 8)

#endif
