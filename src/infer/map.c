/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/map.h"

#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#	define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

/* The linker's name for the C library's own. */
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t at);

static uint8_t *round_up(uint8_t *p, uintptr_t to)
{
	return p + (-(uintptr_t)p & (to - 1));
}

void *tacit_map_reserve(size_t len)
{
	uint8_t *all = __real_mmap(NULL, len + TACIT_MAP_HUGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	uint8_t *start = round_up(all, TACIT_MAP_HUGE);
	uint8_t *end = start + len;
	if (start > all)
		(void)munmap(all, (size_t)(start - all));
	if (all + len + TACIT_MAP_HUGE > end)
		(void)munmap(end, (size_t)(all + len + TACIT_MAP_HUGE - end));
	return start;
}

void tacit_map_huge(void *at, size_t len)
{
	(void)madvise(at, len, MADV_COLLAPSE);
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t at)
{
	size_t pages;

	if (addr || fd < 0 || at || len < TACIT_MAP_HUGE || prot != PROT_READ ||
	    __builtin_add_overflow(len, (size_t)4095, &pages))
		return __real_mmap(addr, len, prot, flags, fd, at);
	uint8_t *start = tacit_map_reserve(pages & ~(size_t)4095);
	if (!start)
		return __real_mmap(addr, len, prot, flags, fd, at);
	/* Filling it comes after the pages are large, not before. */
	void *map = __real_mmap(start, len, prot, (flags & ~MAP_POPULATE) | MAP_FIXED, fd, at);
	if (map != MAP_FAILED)
		tacit_map_huge(map, len);
	else
		(void)munmap(start, len);
	return map;
}
