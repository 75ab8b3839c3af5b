/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

/* Test Anything Protocol, for prove(1). One program per file under test; end main with done(). */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tacit/bytes.h"
#include "tacit/status.h"

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3))) static inline bool ok(bool pass, const char *fmt, ...)
{
	va_list args;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_run);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	if (!pass)
		tap_failed++;
	return pass;
}

static inline void tap_bytes(const char *label, struct tacit_slice s)
{
	printf("# %s ", label);
	for (size_t i = 0; i < s.len && i < 96; i++)
		printf("%02x", s.ptr[i]);
	printf(" (%zu bytes)\n", s.len);
}

static inline bool is_slice(struct tacit_slice got, struct tacit_slice want, const char *name)
{
	if (ok(tacit_slice_eq(got, want), "%s", name))
		return true;
	tap_bytes("got ", got);
	tap_bytes("want", want);
	return false;
}

static inline bool is_status(enum tacit_status got, enum tacit_status want, const char *name)
{
	if (ok(got == want, "%s", name))
		return true;
	printf("# got %s, want %s\n", tacit_status_name(got), tacit_status_name(want));
	return false;
}

static inline void skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_run, name, why);
}

/* The folder of shared vectors, or NULL when it is not there. */
static inline const char *tap_vectors(void)
{
	const char *dir = getenv("TACIT_VECTORS");
	const char *path = dir ? dir : "../shared/vectors";
	char probe[4096];

	snprintf(probe, sizeof(probe), "%s/cbor/README.md", path);
	FILE *f = fopen(probe, "r");
	if (!f)
		return NULL;
	fclose(f);
	return path;
}

static inline int done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed != 0;
}

#endif
