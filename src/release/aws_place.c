/* SPDX-License-Identifier: Apache-2.0 */

/* Where a metadata service may be; apart from what asks it, for who only reads configurations. */

#include "release/aws_credentials.h"

enum tacit_status tacit_aws_place_check(const char *base, struct tacit_error *err)
{
	static const char HTTP[] = "http://";
	size_t len = strlen(base), start = sizeof(HTTP) - 1;

	if (len >= TACIT_AWS_METADATA_MAX || strncmp(base, HTTP, start) != 0 || len == start ||
	    strspn(base + start, "0123456789abcdefghijklmnopqrstuvwxyz.-:[]") != len - start)
		return tacit_fail(err, TACIT_USAGE, "aws.metadata", 0,
				  "the metadata service is at http://HOST[:PORT]");
	return TACIT_OK;
}
