/* SPDX-License-Identifier: Apache-2.0 */

/* Where AWS may be; apart from what asks it, for who only reads configurations. */

#include "release/aws_credentials.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

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

bool tacit_aws_is_region(struct tacit_slice text)
{
	char region[TACIT_AWS_REGION_MAX + 1] = "";
	const char *at = region;
	size_t words = 0, len;

	if (text.len == 0 || text.len > TACIT_AWS_REGION_MAX)
		return false;
	memcpy(region, text.ptr, text.len);
	for (; (len = strspn(at, LETTERS)) > 0 && at[len] == '-'; words++) {
		if (words == 0 && (len < 2 || len > 4))
			return false;
		at += len + 1;
	}
	len = strspn(at, DIGITS);
	return words >= 2 && len >= 1 && len <= 2 && at + len == region + text.len;
}

bool tacit_aws_is_scope(struct tacit_slice text)
{
	if (text.len == 0 || text.len > TACIT_AWS_REGION_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!text.ptr[i] || !strchr(LETTERS DIGITS "-", text.ptr[i]))
			return false;
	return true;
}
