/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_log.h"

#include "appraise/json_out.h"
#include "base/hex.h"
#include "codec/json_read.h"
#include "crypto/hash.h"

#define WHERE      "keyd.log"
#define TEXT_MAX   160
#define HASH_LEN   32
#define HASH_FIELD ",\"hash\":\""
/* The member with its quotes and the brace that ends the line. */
#define TAIL_LEN (sizeof(HASH_FIELD) - 1 + 2 * HASH_LEN + 2)

static struct tacit_slice cut(struct tacit_slice text)
{
	if (text.len > TEXT_MAX)
		text.len = TEXT_MAX;
	return text;
}

static void put_hash(struct tacit_json_out *j, const char *name, struct tacit_slice hash)
{
	if (hash.ptr)
		tacit_json_out_hex(j, name, hash);
	else
		tacit_json_out_null(j, name);
}

static void put_insecure(struct tacit_json_out *j, const struct tacit_keyd_entry *entry)
{
	tacit_json_out_open(j, "insecure", '[');
	for (size_t i = 0; i < TACIT_KEYD_INSECURE_MAX && entry->insecure[i]; i++)
		tacit_json_out_text(j, NULL, entry->insecure[i]);
	tacit_json_out_close(j, ']');
}

enum tacit_status tacit_keyd_log_append(const struct tacit_keyd_entry *entry,
					struct tacit_keyd_chain *chain, struct tacit_mut room,
					struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_json_out j = { &w, -1, true };
	struct tacit_keyd_chain next = { .seq = chain->seq + 1 };
	struct tacit_slice line;

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_uint(&j, "seq", next.seq);
	tacit_json_out_time(&j, "at", entry->at);
	tacit_json_out_slice(&j, "who", cut(entry->who));
	tacit_json_out_slice(&j, "op", cut(entry->op));
	tacit_json_out_slice(&j, "key", cut(entry->key));
	tacit_json_out_uint(&j, "version", entry->version);
	tacit_json_out_text(&j, "platform", entry->platform);
	put_hash(&j, "evidence", entry->evidence);
	tacit_json_out_text(&j, "verdict", entry->verdict);
	tacit_json_out_slice(&j, "reason", cut(entry->reason));
	put_hash(&j, "policy", entry->policy);
	put_hash(&j, "appraisal", entry->appraisal);
	put_insecure(&j, entry);
	tacit_json_out_hex(&j, "prev", TACIT_SLICE_ARRAY(chain->hash));
	tacit_json_out_close(&j, '}');
	enum tacit_status st = wr_finish(&w, WHERE, &line, err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, line, next.hash, err);
	if (st != TACIT_OK)
		return st;
	*chain = next;
	*ret = line;
	return TACIT_OK;
}

void tacit_keyd_log_put(struct writer *w, struct tacit_slice line, const uint8_t hash[static 32])
{
	if (line.len == 0) {
		w->bad = true;
		return;
	}
	wr_bytes(w, tacit_slice_of(line.ptr, line.len - 1));
	wr_text(w, HASH_FIELD);
	tacit_json_out_digits(w, tacit_slice_of(hash, HASH_LEN));
	wr_text(w, "\"}");
}

/* Splits "...,"hash":"<hex>"}" into what was hashed, less its brace, and the hash. */
static bool split(struct tacit_slice line, struct tacit_slice *ret_body, uint8_t ret_hash[HASH_LEN])
{
	static const char FIELD[] = HASH_FIELD;
	size_t field_len = sizeof(FIELD) - 1, len = 0;

	if (line.len <= TAIL_LEN || line.len > TACIT_KEYD_LINE_MAX + TAIL_LEN)
		return false;
	struct tacit_slice tail = tacit_slice_of(line.ptr + line.len - TAIL_LEN, TAIL_LEN);
	if (memcmp(tail.ptr, FIELD, field_len) != 0 ||
	    memcmp(tail.ptr + TAIL_LEN - 2, "\"}", 2) != 0 ||
	    !tacit_hex_decode(tacit_slice_of(tail.ptr + field_len, 2 * HASH_LEN),
			      tacit_mut_of(ret_hash, HASH_LEN), &len))
		return false;
	*ret_body = tacit_slice_of(line.ptr, line.len - TAIL_LEN);
	return true;
}

static enum tacit_status read_links(struct tacit_slice line, uint64_t *ret_seq,
				    uint8_t ret_prev[HASH_LEN], struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(line);
	bool has_seq = false, has_prev = false;
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("seq"))) {
			*ret_seq = tacit_json_read_uint(&j, UINT64_MAX >> 1);
			has_seq = true;
		} else if (tacit_slice_eq(name, tacit_slice_str("prev"))) {
			tacit_json_read_hex(&j, ret_prev, HASH_LEN);
			has_prev = true;
		} else {
			tacit_json_read_skip(&j);
		}
	}
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st == TACIT_OK && !(has_seq && has_prev))
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no \"seq\" or no \"prev\"");
	return st;
}

enum tacit_status tacit_keyd_log_check(struct tacit_slice line, struct tacit_keyd_chain *chain,
				       struct tacit_error *err)
{
	uint8_t said[HASH_LEN], prev[HASH_LEN] = { 0 }, is[HASH_LEN];
	struct tacit_slice body;
	uint64_t seq = 0;

	if (!split(line, &body, said))
		return tacit_fail(err, TACIT_FORMAT, WHERE, chain->seq + 1,
				  "not a row that ends in its hash");
	const struct tacit_slice parts[] = { body, tacit_slice_str("}") };
	enum tacit_status st = tacit_hash_parts(TACIT_SHA256, parts, 2, is, err);
	if (st == TACIT_OK)
		st = read_links(line, &seq, prev, err);
	if (st != TACIT_OK)
		return st;
	if (memcmp(is, said, HASH_LEN) != 0)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, seq,
				  "row %llu is not what was hashed", (unsigned long long)seq);
	if (seq != chain->seq + 1 || memcmp(prev, chain->hash, HASH_LEN) != 0)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, seq,
				  "row %llu does not follow row %llu", (unsigned long long)seq,
				  (unsigned long long)chain->seq);
	chain->seq = seq;
	memcpy(chain->hash, said, HASH_LEN);
	return TACIT_OK;
}
