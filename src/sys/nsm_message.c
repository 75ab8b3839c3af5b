/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/nsm_message.h"

#include "base/compiler.h"
#include "codec/cbor.h"

#define WHERE "nsm"

/* ---- requests ------------------------------------------------------------------------------ */

static void put_text(struct writer *w, const char *text)
{
	tacit_cbor_put_text(w, tacit_slice_str(text));
}

static void open_map(struct writer *w, const char *name, uint64_t members)
{
	tacit_cbor_put_map(w, 1);
	put_text(w, name);
	tacit_cbor_put_map(w, members);
}

static void put_optional(struct writer *w, const char *name, struct tacit_slice bytes)
{
	put_text(w, name);
	if (bytes.ptr)
		tacit_cbor_put_bytes(w, bytes);
	else
		tacit_cbor_put_null(w);
}

void tacit_nsm_put_plain(struct writer *w, const char *name)
{
	put_text(w, name);
}

void tacit_nsm_put_index(struct writer *w, const char *name, const char *member, uint16_t index)
{
	open_map(w, name, 1);
	put_text(w, member);
	tacit_cbor_put_uint(w, index);
}

void tacit_nsm_put_extend(struct writer *w, uint16_t index, struct tacit_slice data)
{
	open_map(w, "ExtendPCR", 2);
	put_text(w, "index");
	tacit_cbor_put_uint(w, index);
	put_text(w, "data");
	tacit_cbor_put_bytes(w, data);
}

void tacit_nsm_put_attestation(struct writer *w, struct tacit_slice user_data,
			       struct tacit_slice nonce, struct tacit_slice public_key)
{
	open_map(w, "Attestation", 3);
	put_optional(w, "user_data", user_data);
	put_optional(w, "nonce", nonce);
	put_optional(w, "public_key", public_key);
}

/* ---- answers ------------------------------------------------------------------------------- */

struct complaint {
	const char *code;
	enum tacit_status status;
	const char *meaning;
};

/* Every code that the module knows [nsm-api ErrorCode]. */
static const struct complaint COMPLAINTS[] = {
	{ "Success", TACIT_PEER, "an error that says success" },
	{ "InvalidArgument", TACIT_USAGE, "an argument is not acceptable" },
	{ "InvalidIndex", TACIT_USAGE, "there is no PCR of that index" },
	{ "InvalidResponse", TACIT_PEER, "the module cannot form its answer" },
	{ "ReadOnlyIndex", TACIT_DENIED, "the PCR is locked" },
	{ "InvalidOperation", TACIT_USAGE, "the operation is not known to the module" },
	{ "BufferTooSmall", TACIT_LIMIT, "the answer does not fit" },
	{ "InputTooLarge", TACIT_LIMIT, "the request is too large" },
	{ "InternalError", TACIT_IO, "the module failed" },
};

static enum tacit_status complain(struct tacit_slice code, struct tacit_error *err)
{
	char room[64];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(COMPLAINTS); i++)
		if (tacit_slice_eq(code, tacit_slice_str(COMPLAINTS[i].code)))
			return tacit_fail(err, COMPLAINTS[i].status, WHERE, 0, "%s: %s",
					  COMPLAINTS[i].code, COMPLAINTS[i].meaning);
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "unknown error '%s'",
			  tacit_escape(room, sizeof(room), code));
}

static enum tacit_status garbled(struct tacit_error *err, const char *name)
{
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "no answer to %s", name);
}

/*
 * A cursor at the members of {name: {...}}; the count goes to `ret_pairs`. An error answer ends
 * here, with the module's own words.
 */
static enum tacit_status open_answer(struct tacit_slice in, const char *name,
				     struct tacit_cbor *ret, uint64_t *ret_pairs,
				     struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);
	uint64_t pairs = tacit_cbor_map(&c);
	struct tacit_slice key = tacit_cbor_text(&c);

	if ((pairs != 1 && pairs != TACIT_CBOR_INDEFINITE) || c.r.bad ||
	    tacit_cbor_check(in, TACIT_CBOR_LAX, NULL) != TACIT_OK)
		return garbled(err, name);
	if (tacit_slice_eq(key, tacit_slice_str("Error")))
		return complain(tacit_cbor_text(&c), err);
	if (!tacit_slice_eq(key, tacit_slice_str(name)))
		return garbled(err, name);
	*ret_pairs = tacit_cbor_map(&c);
	*ret = c;
	return c.r.bad ? garbled(err, name) : TACIT_OK;
}

/* Moves to the next member; false at the end of the map. */
static bool next_member(struct tacit_cbor *c, uint64_t *pairs, struct tacit_slice *ret_name)
{
	if (c->r.bad || *pairs == 0)
		return false;
	if (*pairs == TACIT_CBOR_INDEFINITE) {
		if (tacit_cbor_at_break(c))
			return false;
	} else {
		--*pairs;
	}
	*ret_name = tacit_cbor_text(c);
	return !c->r.bad;
}

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

enum tacit_status tacit_nsm_read_done(struct tacit_slice in, const char *name,
				      struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);
	uint64_t pairs;

	if (tacit_cbor_peek(&c) != TACIT_CBOR_TEXT) {
		enum tacit_status st = open_answer(in, name, &c, &pairs, err);

		return st == TACIT_OK ? garbled(err, name) : st;
	}
	if (!is(tacit_cbor_text(&c), name) || tacit_cbor_finish(&c, WHERE, NULL) != TACIT_OK)
		return garbled(err, name);
	return TACIT_OK;
}

enum tacit_status tacit_nsm_read_bytes(struct tacit_slice in, const struct tacit_nsm_member *want,
				       struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_slice name, found = { NULL, 0 };
	struct tacit_cbor c;
	uint64_t pairs;
	enum tacit_status st = open_answer(in, want->name, &c, &pairs, err);

	if (st != TACIT_OK)
		return st;
	while (next_member(&c, &pairs, &name)) {
		if (!is(name, want->member))
			(void)tacit_cbor_item(&c);
		else if (found.ptr)
			return garbled(err, want->name);
		else
			found = tacit_cbor_bytes(&c);
	}
	if (c.r.bad || !found.ptr || found.len < want->min || found.len > want->max)
		return garbled(err, want->name);
	*ret = found;
	return TACIT_OK;
}

enum tacit_status tacit_nsm_read_pcr(struct tacit_slice in, bool *ret_locked,
				     struct tacit_slice *ret_data, struct tacit_error *err)
{
	static const struct tacit_nsm_member DATA = { "DescribePCR", "data", TACIT_NSM_PCR_LEN,
						      TACIT_NSM_PCR_LEN };
	struct tacit_slice name, data = { NULL, 0 };
	bool locked = false, said = false;
	struct tacit_cbor c;
	uint64_t pairs;
	enum tacit_status st = tacit_nsm_read_bytes(in, &DATA, &data, err);

	if (st == TACIT_OK)
		st = open_answer(in, DATA.name, &c, &pairs, err);
	if (st != TACIT_OK)
		return st;
	while (next_member(&c, &pairs, &name)) {
		if (!is(name, "lock")) {
			(void)tacit_cbor_item(&c);
			continue;
		}
		if (said)
			return garbled(err, DATA.name);
		locked = tacit_cbor_bool(&c);
		said = true;
	}
	if (c.r.bad || !said)
		return garbled(err, DATA.name);
	*ret_locked = locked;
	*ret_data = data;
	return TACIT_OK;
}

static uint32_t read_locked(struct tacit_cbor *c)
{
	uint64_t count = tacit_cbor_array(c);
	uint32_t bits = 0;

	while (!c->r.bad && count != 0) {
		if (count == TACIT_CBOR_INDEFINITE ? tacit_cbor_at_break(c) : count-- == 0)
			break;
		uint64_t index = tacit_cbor_uint(c);
		if (index >= TACIT_NSM_PCRS)
			tacit_cbor_reject(c, "no such PCR");
		else
			bits |= UINT32_C(1) << index;
	}
	return bits;
}

static uint16_t read_u16(struct tacit_cbor *c)
{
	uint64_t value = tacit_cbor_uint(c);

	if (value > UINT16_MAX)
		tacit_cbor_reject(c, "out of range");
	return (uint16_t)value;
}

/* Which member it was, as a bit; 0 for one that is not known. */
static unsigned read_description(struct tacit_cbor *c, struct tacit_slice name,
				 struct tacit_nsm_description *d)
{
	if (is(name, "version_major"))
		return d->version_major = read_u16(c), 1;
	if (is(name, "version_minor"))
		return d->version_minor = read_u16(c), 2;
	if (is(name, "version_patch"))
		return d->version_patch = read_u16(c), 4;
	if (is(name, "module_id"))
		return d->module_id = tacit_cbor_text(c), 8;
	if (is(name, "max_pcrs"))
		return d->max_pcrs = read_u16(c), 16;
	if (is(name, "locked_pcrs"))
		return d->locked_pcrs = read_locked(c), 32;
	if (is(name, "digest"))
		return d->digest = tacit_cbor_text(c), 64;
	(void)tacit_cbor_item(c);
	return 0;
}

enum tacit_status tacit_nsm_read_description(struct tacit_slice in,
					     struct tacit_nsm_description *ret,
					     struct tacit_error *err)
{
	struct tacit_nsm_description out = { 0 };
	struct tacit_slice name;
	unsigned seen = 0;
	struct tacit_cbor c;
	uint64_t pairs;
	enum tacit_status st = open_answer(in, "DescribeNSM", &c, &pairs, err);

	if (st != TACIT_OK)
		return st;
	while (next_member(&c, &pairs, &name)) {
		unsigned bit = read_description(&c, name, &out);

		if (seen & bit)
			return garbled(err, "DescribeNSM");
		seen |= bit;
	}
	if (c.r.bad || seen != 127)
		return garbled(err, "DescribeNSM");
	*ret = out;
	return TACIT_OK;
}
