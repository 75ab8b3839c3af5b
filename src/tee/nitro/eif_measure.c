/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/eif.h"

#define WHERE "eif.measure"

enum tacit_status tacit_eif_measure_init(struct tacit_eif_measure *m, struct tacit_error *err)
{
	struct tacit_eif_measure fresh = { .image = tacit_hasher_new(TACIT_SHA384),
					   .application = tacit_hasher_new(TACIT_SHA384) };

	*m = fresh;
	if (!m->image || !m->application)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory for a hash");
	return TACIT_OK;
}

void tacit_eif_measure_done(struct tacit_eif_measure *m)
{
	tacit_hasher_free(m->image);
	tacit_hasher_free(m->application);
	m->image = m->application = NULL;
}

static bool is_measured(uint16_t kind)
{
	return kind == TACIT_EIF_KERNEL || kind == TACIT_EIF_CMDLINE || kind == TACIT_EIF_RAMDISK;
}

static void note_boot(struct tacit_eif_measure *m)
{
	if (m->has_boot)
		return;
	m->has_boot = true;
	if (tacit_hasher_peek(m->image, m->boot, NULL) != TACIT_OK)
		m->failed = true;
}

void tacit_eif_measure_begin(struct tacit_eif_measure *m, uint16_t kind)
{
	if (kind != TACIT_EIF_RAMDISK)
		return;
	if (m->ramdisks > 0)
		note_boot(m);
	m->ramdisks++;
}

void tacit_eif_measure_add_image(struct tacit_eif_measure *m, uint16_t kind,
				 struct tacit_slice bytes)
{
	if (is_measured(kind))
		tacit_hasher_update(m->image, bytes);
}

void tacit_eif_measure_add_application(struct tacit_eif_measure *m, uint16_t kind,
				       struct tacit_slice bytes)
{
	if (kind == TACIT_EIF_RAMDISK && m->ramdisks > 1)
		tacit_hasher_update(m->application, bytes);
}

void tacit_eif_measure_add(struct tacit_eif_measure *m, uint16_t kind, struct tacit_slice bytes)
{
	tacit_eif_measure_add_image(m, kind, bytes);
	tacit_eif_measure_add_application(m, kind, bytes);
}

/* A register that is zero until it is extended with a digest, once. */
static enum tacit_status extend(const uint8_t digest[static TACIT_SHA384_LEN], uint8_t *ret,
				struct tacit_error *err)
{
	uint8_t zeros[TACIT_EIF_PCR_LEN] = { 0 };
	const struct tacit_slice parts[] = {
		TACIT_SLICE_ARRAY(zeros),
		tacit_slice_of(digest, TACIT_SHA384_LEN),
	};

	return tacit_hash_parts(TACIT_SHA384, parts, 2, ret, err);
}

enum tacit_status tacit_eif_measure_final(struct tacit_eif_measure *m, struct tacit_eif_pcrs *ret,
					  struct tacit_error *err)
{
	uint8_t digest[TACIT_EIF_PCRS][TACIT_SHA384_LEN];
	struct tacit_eif_pcrs pcrs;
	enum tacit_status st = TACIT_OK;

	note_boot(m);
	memcpy(digest[1], m->boot, sizeof(m->boot));
	if (m->failed || tacit_hasher_peek(m->image, digest[0], NULL) != TACIT_OK ||
	    tacit_hasher_peek(m->application, digest[2], NULL) != TACIT_OK)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "hashing failed");
	for (size_t i = 0; st == TACIT_OK && i < TACIT_EIF_PCRS; i++)
		st = extend(digest[i], pcrs.pcr[i], err);
	if (st == TACIT_OK)
		*ret = pcrs;
	return st;
}

enum tacit_status tacit_eif_measure_whole(struct tacit_slice der,
					  uint8_t ret[static TACIT_EIF_PCR_LEN],
					  struct tacit_error *err)
{
	uint8_t digest[TACIT_SHA384_LEN];
	enum tacit_status st = tacit_hash(TACIT_SHA384, der, digest, err);

	return st == TACIT_OK ? extend(digest, ret, err) : st;
}
