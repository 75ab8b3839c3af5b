/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SOURCE_URL_H
#define TACIT_RELEASE_SOURCE_URL_H

/* Where a model is, as text, and the one URL that it stands for. */

#include "base/error.h"
#include "release/source.h"

enum source_kind { SOURCE_FILE, SOURCE_HTTPS, SOURCE_S3, SOURCE_GS };

struct source_url {
	enum source_kind kind;
	char url[4 * TACIT_SOURCE_URL_MAX]; /* a key's bytes become %XX */
	char region[TACIT_AWS_REGION_MAX + 1];
};

/* Where buckets are. NULL stands for the clouds' own places. */
struct source_places {
	const char *region, *s3_endpoint, *gs_endpoint;
};

/* A file's path leaves `url` empty. Errors: TACIT_USAGE with a sentence about the text. */
TACIT_MUST_CHECK enum tacit_status tacit_source_url_parse(const char *text,
							  const struct source_places *places,
							  struct source_url *ret,
							  struct tacit_error *err);

/* Whether it is https://HOST[:PORT] and nothing behind. */
TACIT_MUST_CHECK enum tacit_status tacit_source_url_endpoint(const char *text,
							     struct tacit_error *err);

#endif
