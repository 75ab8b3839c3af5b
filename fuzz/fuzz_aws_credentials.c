/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys of AWS as the host hands them over, and as files have them; tokens of Google's. What is
 * taken for keys goes into headers: it has no character that could end one, and written again it
 * reads the same.
 */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "release/aws_credentials_parse.c"
#include "release/aws_place.c"
#undef WHERE
#include "release/gs_token_parse.c"

static void check_keys(const struct tacit_aws_keys *keys)
{
	static struct tacit_aws_keys again;
	static uint8_t room[2 * TACIT_AWS_ANSWER_MAX];
	struct tacit_slice text = { NULL, 0 };

	FUZZ_ASSERT(keys->access_key[0] && keys->secret_key.len);
	FUZZ_ASSERT(tacit_aws_keys_check(keys, NULL) == TACIT_OK);
	FUZZ_ASSERT(strcspn(keys->token, " \r\n") == strlen(keys->token));
	FUZZ_ASSERT(strcspn(keys->region, "./:@ \r\n") == strlen(keys->region));
	/* A quote in a secret or token is written escaped, which is not read. */
	if (memchr(keys->secret_key.bytes, '"', keys->secret_key.len) ||
	    memchr(keys->secret_key.bytes, '\\', keys->secret_key.len) ||
	    strpbrk(keys->token, "\"\\") || strpbrk(keys->access_key, "\"\\"))
		return;
	FUZZ_ASSERT(tacit_aws_keys_write(keys, tacit_mut_of(room, sizeof(room)), &text, NULL) ==
		    TACIT_OK);
	memset(&again, 0, sizeof(again));
	FUZZ_ASSERT(tacit_aws_keys_parse(text, &again, NULL) == TACIT_OK);
	FUZZ_ASSERT(strcmp(again.access_key, keys->access_key) == 0 &&
		    tacit_secret_eq(&again.secret_key, &keys->secret_key) &&
		    strcmp(again.token, keys->token) == 0 &&
		    strcmp(again.region, keys->region) == 0 && again.expires == keys->expires);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tacit_aws_keys keys;
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	char base[TACIT_AWS_METADATA_MAX + 8];

	memset(&keys, 0, sizeof(keys));
	enum tacit_status st = tacit_aws_keys_parse(in, &keys, &err);
	FUZZ_ASSERT(st == err.status);
	FUZZ_ASSERT(st == TACIT_OK || (!keys.access_key[0] && keys.secret_key.len == 0));
	if (st == TACIT_OK)
		check_keys(&keys);
	memset(&keys, 0, sizeof(keys));
	tacit_error_clear(&err);
	st = tacit_aws_keys_parse_file(in, "default", &keys, &err);
	FUZZ_ASSERT(st == err.status);
	if (st == TACIT_OK)
		check_keys(&keys);
	static char token[TACIT_GS_TOKEN_MAX + 1];
	uint64_t seconds = 0;
	if (tacit_gs_token_parse(in, token, &seconds, NULL) == TACIT_OK)
		FUZZ_ASSERT(seconds > 0 && token[0] && strcspn(token, " \r\n") == strlen(token));
	if (size < sizeof(base)) {
		if (size)
			memcpy(base, data, size);
		base[size] = '\0';
		if (tacit_aws_place_check(base, NULL) == TACIT_OK)
			FUZZ_ASSERT(strlen(base) < TACIT_AWS_METADATA_MAX &&
				    strcspn(base + 7, "/?#@ \r\n") == strlen(base + 7));
	}
	return 0;
}
