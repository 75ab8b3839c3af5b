/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/platform.h"

/* In the order of enum tacit_tee. */
static const struct tacit_platform_row ROWS[] = {
	{ TACIT_TEE_NONE, NULL, 0, NULL, NULL },
};

const struct tacit_platform_row *tacit_platform_row(enum tacit_tee tee)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		if (tee != TACIT_TEE_NONE && ROWS[i].tee == tee)
			return &ROWS[i];
	return NULL;
}
