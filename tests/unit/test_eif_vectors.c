/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "tee/nitro/eif.h"
#include "tests/unit/vectors.h"

#define NOW 1795219200 /* 2026-11-21 */

static uint8_t room[TACIT_EIF_ROOM];
static struct tacit_arena arena;
static struct tacit_eif_scan scan;

/* What strict reading says of each image of the shared folder. */
static const struct {
	const char *name;
	const char *fails; /* the one check that refuses it; NULL when none does */
	bool is_signed;
} FILES[] = {
	{ "unsigned_2rd.eif", NULL, false },
	{ "unsigned_3rd_arm64.eif", NULL, false },
	{ "signed_p384.eif", NULL, true },
	{ "same_pcrs_other_layout.eif", NULL, false },
	{ "resigned_stale_size.eif", "eif.sizes", true },
};

static enum tacit_status read_image(struct tacit_slice in, size_t piece, struct tacit_eif *ret)
{
	enum tacit_status st;

	tacit_arena_init(&arena, room, sizeof(room));
	st = tacit_eif_scan_init(&scan, &arena, NULL, NULL, NULL);
	for (size_t at = 0; st == TACIT_OK && at < in.len; at += piece)
		st = tacit_eif_scan_update(
			&scan,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			NULL);
	if (st == TACIT_OK)
		st = tacit_eif_scan_final(&scan, ret, NULL);
	tacit_eif_scan_done(&scan);
	return st;
}

static void is_pcr(const json_t *want, const char *name, const uint8_t *got, const char *file)
{
	struct tacit_slice bytes = vector_hex(json_string_value(json_object_get(want, name)));
	char title[96];

	snprintf(title, sizeof(title), "%s %s", file, name);
	is_slice(tacit_slice_of(got, TACIT_EIF_PCR_LEN), bytes, title);
	vector_done(bytes);
}

static void check_judgement(const struct tacit_eif *image, size_t i, const json_t *pcrs)
{
	struct tacit_check_list list;
	struct tacit_eif_signature signature = { 0 };
	const struct tacit_check *first = NULL;
	uint8_t pcr8[TACIT_EIF_PCR_LEN];
	size_t failed = 0;

	tacit_check_init(&list, &arena, TACIT_EIF_CHECKS);
	tacit_check_add(&list, tacit_eif_checks, TACIT_EIF_CHECKS);
	bool is_signed = tacit_eif_judge(image, NOW, &list, &signature);
	enum tacit_status st = tacit_check_judge(&list, &first);
	for (size_t c = 0; c < list.count; c++)
		failed += list.checks[c].result == TACIT_CHECK_FAIL;
	is_status(st, FILES[i].fails ? TACIT_FORMAT : TACIT_OK, FILES[i].name);
	ok(failed == (FILES[i].fails ? 1 : 0) &&
		   (!FILES[i].fails || (first && strcmp(first->name, FILES[i].fails) == 0)),
	   "%s: refused by %s", FILES[i].name, FILES[i].fails ? FILES[i].fails : "nothing");
	ok(is_signed == FILES[i].is_signed, "%s: signed or not", FILES[i].name);
	if (is_signed && tacit_eif_measure_whole(signature.certificate_der, pcr8, NULL) == TACIT_OK)
		is_pcr(pcrs, "PCR8", pcr8, FILES[i].name);
}

static void test_file(size_t i, const json_t *row, const char *folder)
{
	char path[4096];
	const json_t *pcrs = json_object_get(row, "PCR0") ? row : json_object_get(row, "pcrs");
	struct tacit_eif image = { 0 }, again = { 0 };

	snprintf(path, sizeof(path), "%s/nitro/%s", folder, FILES[i].name);
	struct tacit_slice in = vector_file(path);
	is_status(read_image(in, 7, &again), TACIT_OK, "read seven bytes at a time");
	is_status(read_image(in, in.len, &image), TACIT_OK, "read at once");
	ok(memcmp(&image.pcrs, &again.pcrs, sizeof(image.pcrs)) == 0, "to the same measurements");
	ok(image.crc == image.crc_computed, "%s: CRC", FILES[i].name);
	ok(image.sections_read == json_array_size(json_object_get(row, "sections")), "sections");
	for (size_t s = 0; s < image.sections_read; s++)
		ok(image.section[s].kind ==
			   json_number_value(json_array_get(json_object_get(row, "sections"), s)),
		   "section %zu is a %s", s, tacit_eif_kind_name(image.section[s].kind));
	is_pcr(pcrs, "PCR0", image.pcrs.pcr[0], FILES[i].name);
	is_pcr(pcrs, "PCR1", image.pcrs.pcr[1], FILES[i].name);
	is_pcr(pcrs, "PCR2", image.pcrs.pcr[2], FILES[i].name);
	is_status(tacit_eif_judge_measured(&image, NULL), TACIT_OK, "its measurements are sure");
	check_judgement(&image, i, pcrs);
	vector_done(in);
}

/* The object that has `name` as a member, wherever in the file it is. */
static const json_t *find_row(json_t *top, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach(top, key, value)
	{
		if (json_object_get(value, name))
			return json_object_get(value, name);
	}
	return NULL;
}

int main(void)
{
	json_t *expected = vector_json("nitro/expected.json");

	for (size_t i = 0; expected && i < TACIT_ARRAY_LEN(FILES); i++)
		test_file(i, find_row(expected, FILES[i].name), tap_vectors());
	json_decref(expected);
	return done();
}
