/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/*
 * Timing for benchmarks. Each figure is the median of several rounds, and rounds of what is
 * compared take turns, so that a machine that slows down slows both.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"

#define BENCH_ROUNDS 15

static inline _Noreturn void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s failed\n", what);
	exit(70);
}

static inline void bench_need(enum tacit_status status, const struct tacit_error *err)
{
	if (status == TACIT_OK)
		return;
	fprintf(stderr, "bench: %s: %s\n", err->where, err->detail);
	exit(70);
}

/* A file of a folder into `room`; absent where there is none. */
static inline struct tacit_slice bench_file(const char *dir, const char *name,
					    struct tacit_mut room)
{
	struct tacit_slice none = { NULL, 0 };
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return none;
	size_t len = fread(room.ptr, 1, room.len, f);
	fclose(f);
	return tacit_slice_of(room.ptr, len);
}

static inline double bench_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double bench_now(void)
{
	return bench_clock(CLOCK_MONOTONIC);
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), bench_compare);
	return values[count / 2];
}

/* Seconds per call of `work(user)`, over `calls` calls. */
static inline double bench_time(void (*work)(void *user), void *user, size_t calls)
{
	double start = bench_now();

	for (size_t i = 0; i < calls; i++)
		work(user);
	return (bench_now() - start) / (double)calls;
}

/* The median of some rounds of that. */
static inline double bench_median_time(void (*work)(void *user), void *user, size_t calls)
{
	double rounds[BENCH_ROUNDS];

	for (size_t i = 0; i < BENCH_ROUNDS; i++)
		rounds[i] = bench_time(work, user, calls);
	return bench_median(rounds, BENCH_ROUNDS);
}

struct bench_pair {
	double base, ours; /* median seconds per call */
	double ratio;      /* median of the rounds' ratios */
};

/* Measures `ours` against `base` in alternating rounds. */
static inline struct bench_pair bench_against(void (*base)(void *), void (*ours)(void *),
					      void *user, size_t calls)
{
	double a[BENCH_ROUNDS], b[BENCH_ROUNDS], r[BENCH_ROUNDS];
	struct bench_pair pair;

	bench_time(base, user, calls / 4 + 1);
	bench_time(ours, user, calls / 4 + 1);
	for (size_t i = 0; i < BENCH_ROUNDS; i++) {
		a[i] = bench_time(base, user, calls);
		b[i] = bench_time(ours, user, calls);
		r[i] = b[i] / a[i];
	}
	pair.base = bench_median(a, BENCH_ROUNDS);
	pair.ours = bench_median(b, BENCH_ROUNDS);
	pair.ratio = bench_median(r, BENCH_ROUNDS);
	return pair;
}

static inline void bench_print(const char *name, struct bench_pair p, double target)
{
	printf("%-34s %9.2f us, bare %9.2f us, ratio %5.3f (target %.2f)%s\n", name, p.ours * 1e6,
	       p.base * 1e6, p.ratio, target, p.ratio <= target ? "" : "  MISSED");
}

#endif
