/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_POLICY_PLATFORM_H
#define TACIT_APPRAISE_POLICY_PLATFORM_H

/* What a policy can say about each platform: names of measurements, and the sections. */

#include "appraise/policy_load.h"

struct tacit_policy_name {
	enum tacit_tee tee;
	const char *stem;
	unsigned numbers; /* 0: the stem is the name; otherwise stem0 .. stem<numbers - 1> */
	size_t len;       /* bytes of the value */
	bool code;        /* identifies what code runs, if it is not all zeros */
};

/* The row that `name` belongs to on that platform, or NULL. */
const struct tacit_policy_name *tacit_policy_name_find(enum tacit_tee tee, const char *name);

/* Members of struct tacit_policy_sections; offsets are into that struct. */
extern const struct tacit_load_table tacit_policy_section_table;

/* The name of the section that belongs to the platform; NULL when it has none. */
const char *tacit_policy_section_of(enum tacit_tee tee);

#endif
