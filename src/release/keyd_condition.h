/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_CONDITION_H
#define TACIT_RELEASE_KEYD_CONDITION_H

/* One condition of a key policy; for keyd_policy.c alone. */

#include "release/keyd_policy.h"

struct tacit_keyd_why {
	char text[150];
};

/* Whether op, key and values are understood and, to `allow`, sensible. Errors: TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_condition_check(const char *op, const char *key,
							      const json_t *values, bool allow,
							      struct tacit_error *err);

/* Whether it holds; if not, `why` says so. What is not understood does not. */
bool tacit_keyd_condition_holds(const char *op, const char *key, const json_t *values,
				const struct tacit_keyd_ask *ask, struct tacit_keyd_why *why);

/* Wildcards: "*" for any characters, "?" for one. `fold` ignores case. */
bool tacit_keyd_like(struct tacit_slice pattern, struct tacit_slice text, bool fold);

#endif
