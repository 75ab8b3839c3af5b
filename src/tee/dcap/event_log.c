/* SPDX-License-Identifier: Apache-2.0 */
#include "tacit/event_log.h"

#include "base/compiler.h"
#include "base/reader.h"
#include "crypto/hash.h"

/*
 * A TCG event log as the confidential computing table has it [UEFI 38.2, TCG-PFP 10.2]: one
 * record in the old form that tells the digests' sizes, then records with a list of digests.
 */

#define WHERE        "event_log"

#define ALG_SHA384   0x000c /* TPM_ALG_SHA384 */
#define EV_NO_ACTION 3u
#define NO_INDEX     0xffffffffu

#define ALGS_MAX     8  /* in the head's table */
#define HEADS_MAX    16 /* records of the old form before the head */
#define SHA1_LEN     20

static const char SPEC_ID[16] = "Spec ID Event03";

struct alg {
	uint16_t id;
	uint16_t len;
};

struct log {
	struct reader r;
	struct alg algs[ALGS_MAX];
	size_t alg_count;
};

struct event {
	uint32_t index;
	uint32_t type;
	struct tacit_slice digest; /* SHA-384 */
};

/* [TCG-PFP 10.2.1] TCG_PCClientPCREvent; its digest is SHA-1 and means nothing here. */
static struct tacit_slice read_old(struct reader *r, uint32_t *ret_type)
{
	rd_skip(r, 4);
	*ret_type = rd_le32(r);
	rd_skip(r, SHA1_LEN);
	uint32_t len = rd_le32(r);
	return rd_take(r, len);
}

static bool is_spec_id(struct tacit_slice data)
{
	return data.len > sizeof(SPEC_ID) && memcmp(data.ptr, SPEC_ID, sizeof(SPEC_ID)) == 0;
}

/* [TCG-PFP 10.4.5.1] TCG_EfiSpecIdEvent: the table of digest sizes. */
static enum tacit_status read_spec_id(struct tacit_slice data, struct log *log,
				      struct tacit_error *err)
{
	struct reader r = rd_of(data);

	rd_skip(&r, sizeof(SPEC_ID) + 4 + 4); /* platform class, versions, size of UINTN */
	uint32_t count = rd_le32(&r);
	if (count == 0 || count > ALGS_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r.at, "%u digest algorithms",
				  (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		log->algs[i].id = rd_le16(&r);
		log->algs[i].len = rd_le16(&r);
		if (log->algs[i].id == ALG_SHA384 && log->algs[i].len != TACIT_SHA384_LEN)
			return tacit_fail(err, TACIT_FORMAT, WHERE, r.at, "%u bytes of SHA-384",
					  log->algs[i].len);
	}
	log->alg_count = count;
	rd_skip(&r, rd_u8(&r));
	return rd_finish(&r, WHERE ".spec_id", err);
}

/* The head: other records that measure nothing may come before it. */
static enum tacit_status read_head(struct log *log, struct tacit_error *err)
{
	for (unsigned i = 0; i < HEADS_MAX; i++) {
		uint32_t type = 0;
		struct tacit_slice data = read_old(&log->r, &type);

		if (log->r.bad || type != EV_NO_ACTION)
			break;
		if (is_spec_id(data))
			return read_spec_id(data, log, err);
	}
	return tacit_fail(err, TACIT_FORMAT, WHERE, log->r.at,
			  "no 'Spec ID Event03' at the start of the log");
}

static size_t digest_len(const struct log *log, uint16_t id)
{
	for (size_t i = 0; i < log->alg_count; i++)
		if (log->algs[i].id == id)
			return log->algs[i].len;
	return 0;
}

static bool is_padding(const struct reader *r)
{
	for (size_t i = r->at; i < r->in.len; i++)
		if (r->in.ptr[i] != r->in.ptr[r->at])
			return false;
	return r->at == r->in.len || r->in.ptr[r->at] == 0x00 || r->in.ptr[r->at] == 0xff;
}

/* The log ends with its bytes, or where index and type are both all zeros or all ones. */
static bool at_end(const struct reader *r)
{
	struct reader ahead = *r;

	if (rd_left(r) < 8)
		return is_padding(r);
	uint32_t index = rd_le32(&ahead);
	uint32_t type = rd_le32(&ahead);
	return index == type && (index == 0 || index == NO_INDEX);
}

/* [TCG-PFP 10.2.2] TCG_PCR_EVENT2. */
static enum tacit_status read_event(struct log *log, struct event *ret, struct tacit_error *err)
{
	struct reader *r = &log->r;
	struct event event = { 0 };

	event.index = rd_le32(r);
	event.type = rd_le32(r);
	uint32_t count = rd_le32(r);
	if (count > log->alg_count)
		return tacit_fail(err, TACIT_FORMAT, WHERE, r->at, "%u digests in one event",
				  (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		uint16_t id = rd_le16(r);
		size_t len = digest_len(log, id);

		if (len == 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, r->at,
					  "digest algorithm 0x%x is not in the log's table", id);
		struct tacit_slice digest = rd_take(r, len);
		if (id == ALG_SHA384)
			event.digest = digest;
	}
	uint32_t len = rd_le32(r);
	rd_skip(r, len);
	if (r->bad)
		return rd_finish(r, WHERE, err);
	*ret = event;
	return TACIT_OK;
}

static enum tacit_status extend(const struct event *event, size_t at, struct tacit_event_log *log,
				struct tacit_error *err)
{
	if (event->type == EV_NO_ACTION || event->index == 0) /* index 0 is MRTD's: not extended */
		return TACIT_OK;
	if (event->index > TACIT_EVENT_LOG_RTMR)
		return tacit_fail(err, TACIT_FORMAT, WHERE, at, "event for register %u",
				  (unsigned)event->index);
	if (!event->digest.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, at, "event without a SHA-384 digest");
	size_t i = event->index - 1;
	struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(log->rtmr[i]), event->digest };
	log->extends[i]++;
	return tacit_hash_parts(TACIT_SHA384, parts, TACIT_ARRAY_LEN(parts), log->rtmr[i], err);
}

bool tacit_event_log_looks(struct tacit_slice in)
{
	struct reader r = rd_of(in);
	uint32_t type;

	for (unsigned i = 0; i < HEADS_MAX; i++) {
		struct tacit_slice data = read_old(&r, &type);

		if (r.bad || type != EV_NO_ACTION)
			return false;
		if (is_spec_id(data))
			return true;
	}
	return false;
}

enum tacit_status tacit_event_log_replay(struct tacit_slice in, struct tacit_event_log *ret,
					 struct tacit_error *err)
{
	struct log log = { .r = rd_of(in) };
	struct tacit_event_log result = { 0 };
	struct event event = { 0 };

	if (in.len > TACIT_EVENT_LOG_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %d", in.len,
				  TACIT_EVENT_LOG_MAX);
	enum tacit_status st = read_head(&log, err);
	while (st == TACIT_OK && !at_end(&log.r)) {
		size_t at = log.r.at;

		st = read_event(&log, &event, err);
		if (st == TACIT_OK)
			st = extend(&event, at, &result, err);
		result.events++;
	}
	if (st != TACIT_OK)
		return st;
	result.length = log.r.at;
	*ret = result;
	return TACIT_OK;
}
