/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/text_bytes.h"
#include "tee/unwrap_parts.h"

bool tacit_unwrap_text(struct tacit_unwrap *u, enum tacit_status *ret_st)
{
	struct tacit_slice bytes = { NULL, 0 };
	enum tacit_text_form form = tacit_text_bytes(u->in, u->arena, &bytes);

	if (form == TACIT_TEXT_NEITHER)
		return false;
	if (form == TACIT_TEXT_NO_ROOM) {
		*ret_st = tacit_fail(u->err, TACIT_LIMIT, TACIT_WRAPPER_WHERE, 0,
				     "the arena is full");
		return true;
	}
	*ret_st = tacit_unwrap_layer(u, form == TACIT_TEXT_HEX ? TACIT_WRAPPER_HEX
							       : TACIT_WRAPPER_BASE64);
	u->in = bytes;
	return true;
}
