/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CACHE_H
#define TACIT_CACHE_H

/*
 * A memory of signatures that verified, so that certificates and collateral seen before cost no
 * public-key operation again.
 *
 * It remembers one thing: that this key signed these bytes with this signature. Everything else
 * about a certificate (names, dates, revocation, place in the chain) is judged anew each time, so
 * a cached ancestor expires like any other. Failures are never kept. The size is fixed by the
 * caller's block; an old entry gives way to a new one.
 *
 * One cache may serve several threads at once.
 */
#include <stddef.h>
#include <stdint.h>

#include "tacit/attr.h"

TACIT_BEGIN

/* Room for some thousand signatures. */
#define TACIT_CACHE_TYPICAL 131072

struct tacit_cache;

/*
 * Starts an empty cache in `size` bytes at `room`, aligned for any object, which stay the
 * caller's and must outlive every use. NULL when `size` is too small for one entry.
 */
TACIT_API struct tacit_cache *tacit_cache_init(void *room, size_t size);

TACIT_END

#endif
