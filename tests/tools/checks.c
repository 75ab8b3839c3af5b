/* SPDX-License-Identifier: Apache-2.0 */

/*
 * checks: every check of every platform, in order, as the list in tacit-verdict(5); what the page
 * is made from when tables change.
 */

#include <stdio.h>
#include <string.h>

#include "appraise/appraise.h"
#include "appraise/platform.h"
#include "tee/tee.h"
#include "tee/unwrap.h"

static void put(const char *title, const struct tacit_check_row *rows, size_t count)
{
	printf(".Ss Checks of %s\n.Bl -tag -width Ds\n", title);
	for (size_t i = 0; i < count; i++)
		printf(".It Cm %s\n%s\n", rows[i].name, rows[i].about);
	printf(".El\n");
}

/* Platforms that share a table are one section, under the first one's name. */
static bool seen(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tacit_tee_row_at(i)->checks == tacit_tee_row_at(n)->checks)
			return true;
	return false;
}

static bool judged(int tee)
{
	for (int i = TACIT_TEE_NONE + 1; i < tee; i++) {
		const struct tacit_platform_row *before = tacit_platform_row((enum tacit_tee)i);

		if (before && before->checks == tacit_platform_row((enum tacit_tee)tee)->checks)
			return true;
	}
	return false;
}

int main(void)
{
	const struct tacit_tee_row *row;

	for (size_t i = 0; (row = tacit_tee_row_at(i)) != NULL; i++)
		if (!seen(i))
			put(tacit_tee_name(row->tee), row->checks, row->check_count);
	put("wrapped evidence", tacit_wrapper_checks, TACIT_WRAPPER_CHECKS);
	put("appraisal", tacit_appraise_checks, TACIT_APPRAISE_CHECKS);
	for (int tee = TACIT_TEE_NONE + 1; tee <= TACIT_TEE_STUB; tee++) {
		const struct tacit_platform_row *platform = tacit_platform_row((enum tacit_tee)tee);

		if (!platform || platform->check_count == 0 || judged(tee))
			continue;
		char title[64];
		snprintf(title, sizeof(title), "appraisal for %s",
			 tacit_tee_name(platform->tee));
		put(title, platform->checks, platform->check_count);
	}
	return 0;
}
