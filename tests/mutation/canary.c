/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mutation run on itself: checks of which one is watched by a test, one is reached but not
 * watched, and one is not even reached. tools/mutate puts this file and its test into its copy of
 * the tree, and stops when it does not find exactly that.
 */

#include "tee/check.h"

bool canary_judge(unsigned byte, struct tacit_check_list *list);

bool canary_judge(unsigned byte, struct tacit_check_list *list)
{
	static const struct tacit_check_failure FAILURE = { .status = TACIT_POLICY };

	if (byte == 1)
		return false;
	if (byte == 2)
		return false;
	if (byte == 3)
		return false;
	if (byte == 4)
		tacit_check_fail(list, "canary.watched", &FAILURE);
	if (byte == 5)
		tacit_check_fail(list, "canary.unwatched", &FAILURE);
	if (byte == 6)
		tacit_check_fail(list, "canary.unreached", &FAILURE);
	return byte < 9 && byte != 7;
}
