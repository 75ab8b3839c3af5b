/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_read.h"
#include "release/gs_token.h"

#define WHERE    "gs.token"
#define LIFE_MAX 86400 /* seconds: longer than any that is given out */

bool tacit_gs_token_copy(struct tacit_slice text, char ret[static TACIT_GS_TOKEN_MAX + 1])
{
	bool good = text.len > 0 && text.len <= TACIT_GS_TOKEN_MAX;

	for (size_t i = 0; good && i < text.len; i++)
		good = text.ptr[i] > 0x20 && text.ptr[i] < 0x7f;
	if (!good)
		return false;
	memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return true;
}

enum tacit_status tacit_gs_token_parse(struct tacit_slice json,
				       char ret[static TACIT_GS_TOKEN_MAX + 1],
				       uint64_t *ret_seconds, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_slice name, token = { NULL, 0 }, type = { NULL, 0 };
	uint64_t seconds = 0;

	if (json.len > TACIT_GS_ANSWER_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "longer than %d bytes",
				  TACIT_GS_ANSWER_MAX);
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("access_token")))
			token = tacit_json_read_string(&j);
		else if (tacit_slice_eq(name, tacit_slice_str("token_type")))
			type = tacit_json_read_string(&j);
		else if (tacit_slice_eq(name, tacit_slice_str("expires_in")))
			seconds = tacit_json_read_uint(&j, LIFE_MAX);
		else
			(void)tacit_json_read_skip(&j);
	}
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_slice_eq(type, tacit_slice_str("Bearer")) || seconds == 0 ||
	    !tacit_gs_token_copy(token, ret))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "no bearer token in what the metadata service says");
	*ret_seconds = seconds;
	return TACIT_OK;
}
