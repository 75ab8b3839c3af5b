/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_KEYD_UTIL_H
#define TESTS_UNIT_KEYD_UTIL_H

/* What tests of the broker's store begin with: a folder, and who acts. */

#include <stdio.h>

#include "release/keyd_store.h"

static char folder[128];
static const struct tacit_keyd_actor ACTOR = { { (const uint8_t *)"operator", 8 }, 1790000000 };

/* A file of the folder; good for three more. */
static inline const char *place(const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

#endif
