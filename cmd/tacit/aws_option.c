/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_option.h"

#include <string.h>

bool aws_option_is_relay(const char *where, bool relayed)
{
	return where ? strcmp(where, "relay") == 0 : relayed;
}

enum tacit_status aws_option_open(const char *where, const char *profile,
				  const struct tacit_reach *reach, const char *otherwise,
				  struct tacit_aws_credentials **ret, struct tacit_error *err)
{
	struct tacit_aws_options setup = { .profile = profile, .reach = reach };
	bool relay = aws_option_is_relay(where, reach->relayed);
	const char *from = where ? where : otherwise;

	if (!relay && strcmp(from, "none") == 0 && strcmp(otherwise, "none") == 0) {
		*ret = NULL;
		return TACIT_OK;
	}
	if (relay && !reach->relayed)
		return tacit_fail(err, TACIT_USAGE, "credentials", 0,
				  "those of the relay need the relay's address (--via)");
	if (relay) {
		setup.from = TACIT_AWS_RELAY;
	} else if (strcmp(from, "env") == 0) {
		setup.from = TACIT_AWS_ENVIRONMENT;
	} else {
		setup.from = TACIT_AWS_FILE;
		setup.file = from;
	}
	return tacit_aws_credentials_new(&setup, ret, err);
}
