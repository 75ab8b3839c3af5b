/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_AWS_OPTION_H
#define TACIT_CMD_AWS_OPTION_H

/* Where credentials of AWS come from, as every verb that signs requests is told. */

#include "release/aws_credentials.h"

/*
 * "relay", "env", or a file; NULL is the relay where `reach` has one, and `otherwise` without.
 * Where that is "none" there may be none: *ret is NULL then. `reach` outlives what is made.
 */
TACIT_MUST_CHECK enum tacit_status
aws_option_open(const char *where, const char *profile, const struct tacit_reach *reach,
		const char *otherwise, struct tacit_aws_credentials **ret, struct tacit_error *err);

/* Whether that is the relay, and so the host. */
bool aws_option_is_relay(const char *where, bool relayed);

#endif
