/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"
#include "eif.h"

#define WHERE    "eif.build"
#define LANE_MIN 65536 /* handing less over costs more than it saves */

struct eif_building *eif_building_new(const char *path,
				      const struct tacit_eif_write_options *header,
				      struct tacit_error *err)
{
	static const uint8_t LATER[TACIT_EIF_HEADER];
	struct eif_building *b = calloc(1, sizeof(*b));

	if (!b) {
		(void)tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
		return NULL;
	}
	if (eif_output_open(&b->out, path, err) == TACIT_OK &&
	    tacit_eif_write_init(&b->image, header, err) == TACIT_OK &&
	    eif_output_write(&b->out, TACIT_SLICE_ARRAY(LATER), err) == TACIT_OK)
		return b;
	eif_building_free(b);
	return NULL;
}

void eif_building_free(struct eif_building *b)
{
	if (!b)
		return;
	eif_lane_free(b->lane);
	tacit_eif_write_done(&b->image);
	eif_output_done(&b->out);
	free(b);
}

enum tacit_status eif_building_section(struct eif_building *b, enum tacit_eif_kind kind,
				       uint64_t len, struct tacit_error *err)
{
	uint8_t head[TACIT_EIF_SECTION_HEAD];
	enum tacit_status st = tacit_eif_write_section(&b->image, kind, len, head, err);

	return st == TACIT_OK ? eif_output_write(&b->out, TACIT_SLICE_ARRAY(head), err) : st;
}

static enum tacit_status content_alone(struct eif_building *b, struct tacit_slice bytes,
				       struct tacit_error *err)
{
	enum tacit_status st = tacit_eif_write_content(&b->image, bytes, err);

	return st == TACIT_OK ? eif_output_write(&b->out, bytes, err) : st;
}

enum tacit_status eif_building_content(void *user, struct tacit_slice bytes,
				       struct tacit_error *err)
{
	struct eif_building *b = user;

	if (bytes.len < LANE_MIN)
		return content_alone(b, bytes, err);
	if (!b->lane)
		b->lane = eif_lane_new(b);
	if (!b->lane)
		return content_alone(b, bytes, err);
	if (bytes.len > b->image.left)
		return tacit_fail(err, TACIT_USAGE, WHERE, b->image.at, "too much content");
	eif_lane_post(b->lane, bytes);
	enum tacit_status mine = tacit_eif_write_content_image(&b->image, bytes, err);
	enum tacit_status theirs = eif_lane_wait(b->lane, mine == TACIT_OK ? err : NULL);
	return mine != TACIT_OK ? mine : theirs;
}

static enum tacit_status put_signature(struct eif_building *b, const struct tacit_key *key,
				       struct tacit_slice pem, const struct tacit_eif_pcrs *pcrs,
				       struct tacit_error *err)
{
	struct tacit_slice section = { NULL, 0 };
	struct tacit_arena arena;
	void *room = malloc(TACIT_EIF_ROOM);

	tacit_arena_init(&arena, room, room ? TACIT_EIF_ROOM : 0);
	enum tacit_status st =
		tacit_eif_signature_make(key, pem, pcrs->pcr[0], &arena, &section, err);
	if (st == TACIT_OK)
		st = eif_building_section(b, TACIT_EIF_SIGNATURE, section.len, err);
	if (st == TACIT_OK)
		st = eif_building_content(b, section, err);
	free(room);
	return st;
}

/* PCR8 goes to *ret. */
static enum tacit_status sign(struct eif_building *b, const struct eif_signer *signer,
			      const struct tacit_eif_pcrs *pcrs, struct eif_registers *ret,
			      struct tacit_error *err)
{
	struct tacit_key *key = NULL;
	struct tacit_slice pem;
	enum tacit_status st = eif_key_read(signer->key, signer->certificate, &key, &pem, err);

	if (st != TACIT_OK)
		return st;
	st = put_signature(b, key, pem, pcrs, err);
	free((void *)(uintptr_t)pem.ptr);
	tacit_key_free(key);
	return st == TACIT_OK ? eif_registers_certificate(signer->certificate, ret, err) : st;
}

enum tacit_status eif_building_finish(struct eif_building *b, const struct eif_signer *signer,
				      const struct eif_registers *expect, struct eif_registers *ret,
				      struct tacit_error *err)
{
	uint8_t header[TACIT_EIF_HEADER];
	struct eif_registers got = { 0 };
	struct tacit_eif_pcrs pcrs;
	enum tacit_status st = tacit_eif_write_pcrs(&b->image, &pcrs, err);

	if (st != TACIT_OK)
		return st;
	eif_registers_set(&got, &pcrs);
	if (signer->key)
		st = sign(b, signer, &pcrs, &got, err);
	if (st == TACIT_OK)
		st = eif_registers_compare(&got, expect, err);
	if (st == TACIT_OK)
		st = tacit_eif_write_header(&b->image, header, err);
	if (st == TACIT_OK)
		st = eif_output_commit(&b->out, TACIT_SLICE_ARRAY(header), err);
	if (st == TACIT_OK)
		*ret = got;
	return st;
}
