/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_MAP_H
#define TACIT_INFER_MAP_H

/*
 * Where a model lies in memory. The engine maps a model with mmap(2), and a kernel puts memory
 * that is shared where only small pages fit. Reading all weights for each token through small
 * pages costs a tenth of the speed, most of all in virtual machines. So the linker gives every
 * call of mmap in this program to the function below (--wrap=mmap in the Makefile).
 */

#include <stddef.h>
#include <sys/types.h>

#define TACIT_MAP_HUGE (2u << 20)

/* mmap(2); a large file that goes anywhere goes where huge pages fit, and gets them if it can. */
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t at);

/*
 * Addresses for `len` bytes, a whole number of pages, from a multiple of a huge page on, with
 * nothing there; NULL when there are none.
 */
void *tacit_map_reserve(size_t len);

/* Asks for a huge page at `at`, whether or not anything is there yet; a favour, not a need. */
void tacit_map_huge(void *at, size_t len);

#endif
