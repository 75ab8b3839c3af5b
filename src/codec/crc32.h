/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_CRC32_H
#define TACIT_CODEC_CRC32_H

/* The CRC of IEEE 802.3 and gzip [RFC 1952 8]. It finds damage, never a forger. */

#include "tacit/bytes.h"

#define TACIT_CRC32_TABLES 16

/* 16 KiB of tables, made by _init: eight times as fast as a byte at a time. */
struct tacit_crc32 {
	uint32_t table[TACIT_CRC32_TABLES][256];
	uint32_t state;
};

void tacit_crc32_init(struct tacit_crc32 *crc);
void tacit_crc32_update(struct tacit_crc32 *crc, struct tacit_slice in);
/* Of everything so far. */
uint32_t tacit_crc32_value(const struct tacit_crc32 *crc);

/* The CRC of two texts one after the other, from that of each and the length of the second. */
uint32_t tacit_crc32_join(uint32_t first, uint32_t second, uint64_t second_len);

#endif
