/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/detect.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "codec/cbor.h"
#include "tee/tee.h"

#define MAP_KEYS_MAX 32 /* entries looked at in a foreign map */

/* ---- CBOR documents ------------------------------------------------------------------------ */

/* Whether the map `in` has the text key, with its value's bytes when asked for. */
static bool map_has(struct tacit_slice in, const char *key, struct tacit_slice *ret_value)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);
	uint64_t pairs = tacit_cbor_map(&c);

	for (uint64_t i = 0; i < pairs && i < MAP_KEYS_MAX && !c.r.bad; i++) {
		if (tacit_cbor_at_break(&c) || tacit_cbor_peek(&c) != TACIT_CBOR_TEXT)
			return false;
		struct tacit_slice name = tacit_cbor_text(&c);
		struct tacit_slice value = tacit_cbor_item(&c);
		if (c.r.bad || !tacit_slice_eq(name, tacit_slice_str(key)))
			continue;
		if (ret_value)
			*ret_value = value;
		return true;
	}
	return false;
}

/* EphemeralML's envelopes name the platform in a member of that name. */
static bool has_platform(struct tacit_slice in, const char *platform)
{
	struct tacit_slice value;

	if (!map_has(in, "platform", &value))
		return false;
	struct tacit_cbor c = tacit_cbor_of(value, TACIT_CBOR_LAX);
	return tacit_slice_eq(tacit_cbor_text(&c), tacit_slice_str(platform));
}

/* ---- text ---------------------------------------------------------------------------------- */

static bool is_base64url(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* A compact JWS [RFC 7515 7.1] whose header starts with {" as JSON objects do. */
static bool is_token(struct tacit_slice in)
{
	size_t dots = 0;

	while (in.len && in.ptr[in.len - 1] == '\n')
		in.len--;
	if (in.len < 3 || memcmp(in.ptr, "eyJ", 3) != 0)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] == '.')
			dots++;
		else if (!is_base64url(in.ptr[i]))
			return false;
	}
	return dots == 2;
}

static bool is_gcp_token(struct tacit_slice in)
{
	return is_token(in) || has_platform(in, "cs-tdx");
}

static bool contains(struct tacit_slice in, const char *text)
{
	struct tacit_slice want = tacit_slice_str(text);

	for (size_t at = 0; want.len <= in.len && at <= in.len - want.len; at++)
		if (memcmp(in.ptr + at, want.ptr, want.len) == 0)
			return true;
	return false;
}

/* nvtrust's JSON list of {arch, nonce, evidence, certificate}. */
static bool is_nvidia(struct tacit_slice in)
{
	struct tacit_slice start = { in.ptr, in.len < 4096 ? in.len : 4096 };

	return in.len && (in.ptr[0] == '[' || in.ptr[0] == '{') && contains(start, "\"arch\"") &&
	       (contains(start, "\"evidence\"") || contains(start, "\"evidence_list\"") ||
		contains(start, "\"device_evidence_list\""));
}

/* ---- the tables ---------------------------------------------------------------------------- */

struct shape {
	enum tacit_tee tee;
	bool (*fits)(struct tacit_slice in);
};

/* Formats that are recognised so that the answer can name them. */
static const struct shape SHAPES[] = {
	{ TACIT_TEE_GCP_TOKEN, is_gcp_token },
	{ TACIT_TEE_NVIDIA, is_nvidia },
};

enum tacit_tee tacit_detect_tee(struct tacit_slice in)
{
	const struct tacit_tee_row *row;

	for (size_t i = 0; (row = tacit_tee_row_at(i)) != NULL; i++)
		if (row->detect(in))
			return row->tee;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SHAPES); i++)
		if (SHAPES[i].fits(in))
			return SHAPES[i].tee;
	return TACIT_TEE_NONE;
}

enum tacit_status tacit_evidence_detect(struct tacit_slice in, struct tacit_evidence *ret_ev,
					struct tacit_error *err)
{
	char start[40];

	if (in.len > TACIT_EVIDENCE_MAX)
		return tacit_fail(err, TACIT_LIMIT, "evidence", 0, "%zu bytes, at most %d", in.len,
				  TACIT_EVIDENCE_MAX);
	enum tacit_tee tee = tacit_detect_tee(in);
	if (tee == TACIT_TEE_NONE) {
		struct tacit_slice head = { in.ptr, in.len < 8 ? in.len : 8 };

		return tacit_fail(err, TACIT_FORMAT, "evidence", 0,
				  "no known form of evidence: %zu bytes starting with '%s'", in.len,
				  tacit_escape(start, sizeof(start), head));
	}
	if (!tacit_tee_row(tee))
		return tacit_fail(err, TACIT_UNSUPPORTED, "evidence", 0,
				  "looks like %s evidence, which this build cannot judge",
				  tacit_tee_label(tee));
	struct tacit_evidence ev = { .tee = tee, .raw = in };
	*ret_ev = ev;
	return TACIT_OK;
}
