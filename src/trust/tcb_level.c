/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tcb_level.h"

#include "base/arena.h"
#include "base/time.h"
#include "trust/cache.h"

#define ADVISORY_MAX 64

enum {
	SEEN_DATE = 1,
	SEEN_STATUS = 2,
	SEEN_TCB = 4,
};

static const char *const STATUS_TEXTS[] = {
#define STATUS_TEXT(name, text) text,
	TACIT_TCB_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
};

const char *tacit_tcb_status_text(enum tacit_tcb_status status)
{
	return (unsigned)status < TACIT_TCB_STATUSES ? STATUS_TEXTS[status] : "unknown";
}

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

enum tacit_status tacit_intel_open(struct tacit_slice text, const char *name,
				   struct tacit_intel_signed *ret, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(text);
	struct tacit_intel_signed doc = { 0 };
	struct tacit_slice member;
	bool has_signature = false;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &member)) {
		if (is(member, name)) {
			doc.body = tacit_json_read_skip(&j);
		} else if (is(member, "signature")) {
			tacit_json_read_hex(&j, doc.signature, sizeof(doc.signature));
			has_signature = true;
		} else {
			tacit_json_read_reject(&j, "a member that nobody signed");
		}
	}
	if (!doc.body.ptr || !has_signature)
		tacit_json_read_reject(&j, "no document with its signature");
	enum tacit_status st = tacit_json_read_finish(&j, name, err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, doc.body, doc.digest, err);
	if (st == TACIT_OK)
		*ret = doc;
	return st;
}

enum tacit_status tacit_intel_check(const struct tacit_intel_signed *doc, struct tacit_slice key,
				    struct tacit_cache *cache, struct tacit_error *err)
{
	/* Apart from every tag of x509_signed.c, whose entries name whole messages. */
	static const unsigned BY_DIGEST = 0x100;
	struct tacit_slice signature = TACIT_SLICE_ARRAY(doc->signature);
	struct tacit_cache_entry entry;
	bool keyed = cache && tacit_cache_key(BY_DIGEST, key, TACIT_SLICE_ARRAY(doc->digest),
					      signature, &entry);

	if (keyed && tacit_cache_has(cache, &entry))
		return TACIT_OK;
	enum tacit_status st = tacit_trust_signed(TACIT_P256, key, doc->body, signature, NULL, err);
	if (st == TACIT_OK && keyed)
		tacit_cache_add(cache, &entry);
	return st;
}

int64_t tacit_intel_time(struct tacit_json_read *j)
{
	struct tacit_slice text = tacit_json_read_string(j);
	int64_t seconds = 0;

	if (!j->why && (text.len != 20 || text.ptr[19] != 'Z' || text.ptr[10] != 'T' ||
			!tacit_time_parse(text, &seconds)))
		tacit_json_read_reject(j, "not a time of the form 2026-01-27T09:01:45Z");
	return j->why ? 0 : seconds;
}

bool tacit_intel_member(struct tacit_json_read *j, struct tacit_slice name,
			struct tacit_intel_signed *doc)
{
	if (is(name, "issueDate"))
		doc->issue_date = tacit_intel_time(j);
	else if (is(name, "nextUpdate"))
		doc->next_update = tacit_intel_time(j);
	else if (is(name, "tcbEvaluationDataNumber"))
		doc->evaluation_number = (uint32_t)tacit_json_read_uint(j, UINT32_MAX);
	else
		return false;
	return true;
}

static enum tacit_tcb_status read_status(struct tacit_json_read *j)
{
	struct tacit_slice text = tacit_json_read_string(j);

	for (unsigned i = 0; i <= TACIT_TCB_REVOKED; i++)
		if (is(text, STATUS_TEXTS[i]))
			return (enum tacit_tcb_status)i;
	tacit_json_read_reject(j, "an unknown TCB status");
	return TACIT_TCB_NOT_SUPPORTED;
}

/* An advisory's name is shown to people and compared with the policy's: plain text alone. */
static const char *read_advisory(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice text = tacit_json_read_string(j);

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e)
			tacit_json_read_reject(j, "an advisory's name with odd characters");
	if (!j->why && (text.len == 0 || text.len > ADVISORY_MAX))
		tacit_json_read_reject(j, "an advisory's name of odd length");
	const char *copy = j->why ? NULL : tacit_arena_text(arena, text);
	if (!copy)
		tacit_json_read_full(j);
	return copy;
}

static void read_advisories(struct tacit_json_read *j, struct tacit_arena *arena,
			    struct tacit_tcb_verdict *ret)
{
	size_t room = tacit_json_read_count(j), count = 0;
	const char **names = NULL;

	if (room > TACIT_TCB_ADVISORIES_MAX)
		tacit_json_read_reject(j, "too many advisories");
	else if (room > 0)
		names = tacit_arena_alloc(arena, room * sizeof(*names));
	if (room > 0 && !names)
		tacit_json_read_full(j);
	tacit_json_read_array(j);
	while (tacit_json_read_item(j) && count < room)
		names[count++] = read_advisory(j, arena);
	ret->advisories = names;
	ret->advisory_count = count;
}

bool tacit_tcb_member(struct tacit_json_read *j, struct tacit_slice name, struct tacit_arena *arena,
		      struct tacit_tcb_verdict *ret, unsigned *seen)
{
	if (is(name, "tcbDate")) {
		ret->date = tacit_intel_time(j);
		*seen |= SEEN_DATE;
	} else if (is(name, "tcbStatus")) {
		ret->status = read_status(j);
		*seen |= SEEN_STATUS;
	} else if (is(name, "advisoryIDs")) {
		read_advisories(j, arena, ret);
	} else {
		return false;
	}
	return true;
}

void tacit_tcb_complete(struct tacit_json_read *j, unsigned seen)
{
	if ((seen & (SEEN_DATE | SEEN_STATUS)) != (SEEN_DATE | SEEN_STATUS))
		tacit_json_read_reject(j, "a level without date or status");
}

static uint16_t read_isvsvn(struct tacit_json_read *j)
{
	struct tacit_slice name;
	uint16_t svn = 0;
	bool seen = false;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (!is(name, "isvsvn")) {
			tacit_json_read_skip(j);
			continue;
		}
		svn = (uint16_t)tacit_json_read_uint(j, UINT16_MAX);
		seen = true;
	}
	if (!seen)
		tacit_json_read_reject(j, "a level without isvsvn");
	return svn;
}

static void read_svn_level(struct tacit_json_read *j, struct tacit_arena *arena,
			   struct tacit_svn_level *ret)
{
	struct tacit_slice name;
	unsigned seen = 0;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "tcb")) {
			ret->isvsvn = read_isvsvn(j);
			seen |= SEEN_TCB;
		} else if (!tacit_tcb_member(j, name, arena, &ret->verdict, &seen)) {
			tacit_json_read_skip(j);
		}
	}
	tacit_tcb_complete(j, seen);
	if (!(seen & SEEN_TCB))
		tacit_json_read_reject(j, "a level without isvsvn");
	if (ret->verdict.status != TACIT_TCB_UP_TO_DATE &&
	    ret->verdict.status != TACIT_TCB_OUT_OF_DATE &&
	    ret->verdict.status != TACIT_TCB_REVOKED)
		tacit_json_read_reject(j, "a status that modules and enclaves do not have");
}

/* Puts the last of `count` levels in its place. */
static void sort_last(struct tacit_json_read *j, struct tacit_svn_level *items, size_t count)
{
	for (size_t i = count - 1; i > 0 && items[i].isvsvn >= items[i - 1].isvsvn; i--) {
		struct tacit_svn_level swap = items[i];

		if (items[i].isvsvn == items[i - 1].isvsvn) {
			tacit_json_read_reject(j, "a level twice");
			return;
		}
		items[i] = items[i - 1];
		items[i - 1] = swap;
	}
}

struct tacit_svn_levels tacit_svn_levels_read(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_svn_levels levels = { 0 };
	size_t room = tacit_json_read_count(j);
	struct tacit_svn_level *items = NULL;

	if (room == 0 || room > TACIT_TCB_LEVELS_MAX)
		tacit_json_read_reject(j, "no levels, or too many");
	else
		items = tacit_arena_alloc(arena, room * sizeof(*items));
	if (!items) {
		tacit_json_read_full(j);
		return levels;
	}
	tacit_json_read_array(j);
	while (tacit_json_read_item(j) && levels.count < room) {
		read_svn_level(j, arena, &items[levels.count++]);
		sort_last(j, items, levels.count);
	}
	levels.items = items;
	return levels;
}

const struct tacit_svn_level *tacit_svn_level_find(const struct tacit_svn_levels *levels,
						   uint16_t svn)
{
	for (size_t i = 0; i < levels->count; i++)
		if (levels->items[i].isvsvn <= svn)
			return &levels->items[i];
	return NULL;
}
