/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/bundle.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "codec/cbor.h"

#define WHERE    "bundle"
#define SCHEMA   "tacit.bundle/1"
#define FAMILY   "tacit.bundle/"
#define ROOT_MAX 65536
#define DATA_MAX TACIT_BINDING_MAX /* one expected value */

/* Labels [docs/spec/bundle.md]; the encoding has them in this order. */
enum label {
	LABEL_SCHEMA,
	LABEL_EVIDENCE,
	LABEL_NOW,
	LABEL_POLICY,
	LABEL_PINS,
	LABEL_ANY_AGE,
	LABEL_PLATFORM,
	LABEL_EXPECT,
	LABEL_WAIVERS,
	LABEL_ROOTS,
	LABEL_COLLATERAL,
};

enum expect_label {
	EXPECT_NONCE = 1,
	EXPECT_REPORT_DATA,
	EXPECT_USER_DATA,
	EXPECT_TLS_SPKI,
	EXPECT_REQUIRE_BINDING,
	EXPECT_BINDING,
};

#define WAIVERS 3
static const char *const WAIVER_NAMES[WAIVERS] = { "insecure-no-policy", "insecure-allow-debug",
						   "insecure-accept-stub" };

/* ---- writing ------------------------------------------------------------------------------- */

static void put_true(struct writer *w, enum label label, bool value)
{
	if (!value)
		return;
	tacit_cbor_put_uint(w, label);
	tacit_cbor_put_bool(w, true);
}

static void put_value(struct writer *w, uint64_t label, struct tacit_slice bytes)
{
	if (!bytes.ptr)
		return;
	tacit_cbor_put_uint(w, label);
	tacit_cbor_put_bytes(w, bytes);
}

static size_t count_true(const bool *values, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += values[i] ? 1 : 0;
	return n;
}

static size_t expect_count(const struct tacit_expect *e)
{
	const bool there[] = { e->nonce.ptr != NULL,     e->report_data.ptr != NULL,
			       e->user_data.ptr != NULL, e->tls_spki.ptr != NULL,
			       e->require_binding,       e->binding.ptr != NULL };

	return count_true(there, TACIT_ARRAY_LEN(there));
}

static void put_expect(struct writer *w, const struct tacit_expect *e)
{
	size_t count = expect_count(e);

	if (count == 0)
		return;
	tacit_cbor_put_uint(w, LABEL_EXPECT);
	tacit_cbor_put_map(w, count);
	put_value(w, EXPECT_NONCE, e->nonce);
	put_value(w, EXPECT_REPORT_DATA, e->report_data);
	put_value(w, EXPECT_USER_DATA, e->user_data);
	put_value(w, EXPECT_TLS_SPKI, e->tls_spki);
	if (e->require_binding) {
		tacit_cbor_put_uint(w, EXPECT_REQUIRE_BINDING);
		tacit_cbor_put_bool(w, true);
	}
	put_value(w, EXPECT_BINDING, e->binding);
}

static size_t waiver_count(const struct tacit_bundle *b)
{
	const bool used[WAIVERS] = { b->insecure_no_policy, b->insecure_allow_debug,
				     b->insecure_accept_stub };

	return count_true(used, WAIVERS);
}

static void put_waivers(struct writer *w, const struct tacit_bundle *b)
{
	const bool used[WAIVERS] = { b->insecure_no_policy, b->insecure_allow_debug,
				     b->insecure_accept_stub };

	if (waiver_count(b) == 0)
		return;
	tacit_cbor_put_uint(w, LABEL_WAIVERS);
	tacit_cbor_put_array(w, waiver_count(b));
	for (size_t i = 0; i < WAIVERS; i++)
		if (used[i])
			tacit_cbor_put_text(w, tacit_slice_str(WAIVER_NAMES[i]));
}

static void put_list(struct writer *w, enum label label, const struct tacit_slice *items,
		     size_t count)
{
	if (count == 0)
		return;
	tacit_cbor_put_uint(w, label);
	tacit_cbor_put_array(w, count);
	for (size_t i = 0; i < count; i++)
		tacit_cbor_put_bytes(w, items[i]);
}

void tacit_bundle_encode(const struct tacit_bundle *b, struct writer *w)
{
	const bool there[] = { b->policy.ptr != NULL,
			       b->pins,
			       b->any_age,
			       b->platform != TACIT_TEE_NONE,
			       expect_count(&b->expect) != 0,
			       waiver_count(b) != 0,
			       b->root_count != 0,
			       b->collateral_count != 0 };

	tacit_cbor_put_map(w, 3 + count_true(there, TACIT_ARRAY_LEN(there)));
	tacit_cbor_put_uint(w, LABEL_SCHEMA);
	tacit_cbor_put_text(w, tacit_slice_str(SCHEMA));
	tacit_cbor_put_uint(w, LABEL_EVIDENCE);
	tacit_cbor_put_bytes(w, b->evidence);
	tacit_cbor_put_uint(w, LABEL_NOW);
	tacit_cbor_put_int(w, b->now);
	put_value(w, LABEL_POLICY, b->policy);
	put_true(w, LABEL_PINS, b->pins);
	put_true(w, LABEL_ANY_AGE, b->any_age);
	if (b->platform != TACIT_TEE_NONE) {
		tacit_cbor_put_uint(w, LABEL_PLATFORM);
		tacit_cbor_put_text(w, tacit_slice_str(tacit_tee_name(b->platform)));
	}
	put_expect(w, &b->expect);
	put_waivers(w, b);
	put_list(w, LABEL_ROOTS, b->roots, b->root_count);
	put_list(w, LABEL_COLLATERAL, b->collateral, b->collateral_count);
}

/* ---- reading ------------------------------------------------------------------------------- */

bool tacit_bundle_looks(struct tacit_slice in)
{
	/* A map of up to 23 pairs, label 0, a text of up to 23 bytes. */
	return in.len >= 3 + sizeof(FAMILY) - 1 && in.ptr[0] >= 0xa0 && in.ptr[0] <= 0xb7 &&
	       in.ptr[1] == 0x00 && in.ptr[2] >= 0x60 && in.ptr[2] <= 0x77 &&
	       memcmp(in.ptr + 3, FAMILY, sizeof(FAMILY) - 1) == 0;
}

static struct tacit_slice read_bytes(struct tacit_cbor *c, size_t max)
{
	struct tacit_slice bytes = tacit_cbor_bytes(c);

	if (bytes.len > max)
		tacit_cbor_reject(c, "value over its limit");
	return bytes;
}

static bool read_true(struct tacit_cbor *c)
{
	bool value = tacit_cbor_bool(c);

	if (!value)
		tacit_cbor_reject(c, "false is said by leaving it out");
	return value;
}

static enum tacit_tee read_platform(struct tacit_cbor *c)
{
	enum tacit_tee tee = tacit_tee_find(tacit_cbor_text(c));

	if (tee == TACIT_TEE_NONE)
		tacit_cbor_reject(c, "unknown platform");
	return tee;
}

/* A value that was asked for is never empty. */
static struct tacit_slice read_data(struct tacit_cbor *c)
{
	struct tacit_slice bytes = read_bytes(c, DATA_MAX);

	if (bytes.len == 0)
		tacit_cbor_reject(c, "an expectation that is empty");
	return bytes;
}

static void read_expectation(struct tacit_cbor *c, uint64_t label, struct tacit_expect *e)
{
	switch (label) {
	case EXPECT_NONCE:
		e->nonce = read_data(c);
		break;
	case EXPECT_REPORT_DATA:
		e->report_data = read_data(c);
		break;
	case EXPECT_USER_DATA:
		e->user_data = read_data(c);
		break;
	case EXPECT_TLS_SPKI:
		e->tls_spki = read_data(c);
		break;
	case EXPECT_REQUIRE_BINDING:
		e->require_binding = read_true(c);
		break;
	case EXPECT_BINDING:
		e->binding = read_data(c);
		break;
	default:
		tacit_cbor_reject(c, "unknown expectation");
	}
}

/* The next label of a map, which must be above the one before it. */
static uint64_t read_label(struct tacit_cbor *c, uint64_t last)
{
	uint64_t label = tacit_cbor_uint(c);

	if (label <= last)
		tacit_cbor_reject(c, "labels out of order");
	return label;
}

static void read_expect(struct tacit_cbor *c, struct tacit_expect *e)
{
	uint64_t pairs = tacit_cbor_map(c), last = 0;

	if (pairs == 0)
		tacit_cbor_reject(c, "an empty map is left out");
	for (uint64_t i = 0; i < pairs && !c->r.bad; i++) {
		last = read_label(c, last);
		read_expectation(c, last, e);
	}
}

static void read_waivers(struct tacit_cbor *c, struct tacit_bundle *b)
{
	bool *const used[WAIVERS] = { &b->insecure_no_policy, &b->insecure_allow_debug,
				      &b->insecure_accept_stub };
	uint64_t count = tacit_cbor_array(c);
	size_t at = 0;

	if (count == 0)
		tacit_cbor_reject(c, "an empty list is left out");
	for (uint64_t i = 0; i < count && !c->r.bad; i++) {
		struct tacit_slice name = tacit_cbor_text(c);

		while (at < WAIVERS && !tacit_slice_eq(name, tacit_slice_str(WAIVER_NAMES[at])))
			at++;
		if (at < WAIVERS)
			*used[at++] = true;
		else
			tacit_cbor_reject(c, "unknown waiver, or out of order");
	}
}

struct list_limits {
	size_t count, length;
};

static const struct tacit_slice *read_list(struct tacit_cbor *c, struct list_limits max,
					   struct tacit_arena *arena, size_t *ret_count)
{
	uint64_t count = tacit_cbor_array(c);

	if (count == 0 || count > max.count) {
		tacit_cbor_reject(c, "a list that is empty or too long");
		return NULL;
	}
	struct tacit_slice *items = tacit_arena_alloc(arena, (size_t)count * sizeof(*items));
	if (!items) {
		tacit_cbor_reject(c, "the arena is full");
		return NULL;
	}
	for (uint64_t i = 0; i < count && !c->r.bad; i++)
		items[i] = read_bytes(c, max.length);
	*ret_count = (size_t)count;
	return items;
}

static void read_member(struct tacit_cbor *c, uint64_t label, struct tacit_arena *arena,
			struct tacit_bundle *b)
{
	static const struct list_limits ROOTS = { TACIT_BUNDLE_ROOTS, ROOT_MAX };
	static const struct list_limits PIECES = { TACIT_COLLATERAL_MAX, TACIT_COLLATERAL_LENGTH };

	switch (label) {
	case LABEL_POLICY:
		b->policy = read_bytes(c, TACIT_POLICY_MAX);
		break;
	case LABEL_PINS:
		b->pins = read_true(c);
		break;
	case LABEL_ANY_AGE:
		b->any_age = read_true(c);
		break;
	case LABEL_PLATFORM:
		b->platform = read_platform(c);
		break;
	case LABEL_EXPECT:
		read_expect(c, &b->expect);
		break;
	case LABEL_WAIVERS:
		read_waivers(c, b);
		break;
	case LABEL_ROOTS:
		b->roots = read_list(c, ROOTS, arena, &b->root_count);
		break;
	case LABEL_COLLATERAL:
		b->collateral = read_list(c, PIECES, arena, &b->collateral_count);
		break;
	default:
		tacit_cbor_reject(c, "unknown label");
	}
}

static void need_label(struct tacit_cbor *c, enum label label)
{
	if (tacit_cbor_uint(c) != label)
		tacit_cbor_reject(c, "label missing or out of order");
}

static bool read_schema(struct tacit_cbor *c)
{
	need_label(c, LABEL_SCHEMA);
	return tacit_slice_eq(tacit_cbor_text(c), tacit_slice_str(SCHEMA));
}

enum tacit_status tacit_bundle_parse(struct tacit_slice in, struct tacit_arena *arena,
				     struct tacit_bundle *ret, struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_STRICT);
	struct tacit_bundle b = { 0 };
	uint64_t last = LABEL_NOW;

	if (in.len > TACIT_BUNDLE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %u", in.len,
				  TACIT_BUNDLE_MAX);
	if (!tacit_bundle_looks(in))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not a bundle");
	uint64_t pairs = tacit_cbor_map(&c);
	if (!read_schema(&c) && !c.r.bad)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "a bundle of another version than " SCHEMA);
	need_label(&c, LABEL_EVIDENCE);
	b.evidence = read_bytes(&c, TACIT_EVIDENCE_MAX);
	need_label(&c, LABEL_NOW);
	b.now = tacit_cbor_int(&c);
	for (uint64_t i = 3; i < pairs && !c.r.bad; i++) {
		last = read_label(&c, last);
		read_member(&c, last, arena, &b);
	}
	if (b.pins && !b.policy.ptr)
		tacit_cbor_reject(&c, "pins without the policy that they made");
	if (pairs < 3)
		tacit_cbor_reject(&c, "members are missing");
	enum tacit_status st = tacit_cbor_finish(&c, WHERE, err);
	if (st == TACIT_OK)
		*ret = b;
	return st;
}
