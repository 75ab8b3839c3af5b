/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cpio.h"
#include "fuzz.h"
#include "tee/nitro/eif.h"

static uint8_t room[TACIT_EIF_ROOM];

struct seen {
	uint64_t content; /* bytes of all sections */
	uint64_t files;   /* bytes of all files of the ramdisks */
};

static void on_begin(void *user, const struct tacit_cpio_entry *entry)
{
	(void)user;
	FUZZ_ASSERT(entry->name.len <= TACIT_CPIO_NAME_MAX);
}

static void on_bytes(void *user, struct tacit_slice bytes)
{
	struct seen *seen = user;

	seen->files += bytes.len;
}

static void on_end(void *user)
{
	(void)user;
}

static void on_content(void *user, size_t index, uint16_t kind, struct tacit_slice bytes)
{
	struct seen *seen = user;

	FUZZ_ASSERT(index < TACIT_EIF_SECTIONS_MAX && kind <= TACIT_EIF_METADATA);
	seen->content += bytes.len;
}

/* What can be said of an image whatever is in it. */
static void check_image(const struct tacit_eif *image, struct tacit_arena *arena, size_t size,
			uint64_t content)
{
	struct tacit_check_list list;
	struct tacit_eif_signature signature;
	const struct tacit_check *first;
	uint64_t heads = TACIT_EIF_HEADER + TACIT_EIF_SECTION_HEAD * image->sections_read;

	FUZZ_ASSERT(image->len == size && heads + content + image->trailing == size);
	tacit_check_init(&list, arena, TACIT_EIF_CHECKS);
	tacit_check_add(&list, tacit_eif_checks, TACIT_EIF_CHECKS);
	(void)tacit_eif_judge(image, 1795219200, &list, &signature);
	enum tacit_status st = tacit_check_judge(&list, &first);
	FUZZ_ASSERT(st != TACIT_INTERNAL); /* every check was decided */
	/* What a strict reader accepts can be measured. */
	if (st == TACIT_OK)
		FUZZ_ASSERT(tacit_eif_judge_measured(image, NULL) == TACIT_OK);
}

static enum tacit_status scan_all(struct tacit_eif_scan *scan, struct tacit_slice in, size_t piece,
				  struct tacit_eif *ret)
{
	enum tacit_status st = TACIT_OK;

	for (size_t at = 0; st == TACIT_OK && at < in.len; at += piece)
		st = tacit_eif_scan_update(
			scan,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			NULL);
	return st == TACIT_OK ? tacit_eif_scan_final(scan, ret, NULL) : st;
}

static void scan_archive(struct tacit_slice in)
{
	static const struct tacit_cpio_calls CALLS = { on_begin, on_bytes, on_end };
	struct tacit_cpio_scan cpio;
	struct seen seen = { 0 };

	tacit_cpio_scan_init(&cpio, &CALLS, &seen);
	if (tacit_cpio_scan_update(&cpio, in, NULL) == TACIT_OK)
		(void)!tacit_cpio_scan_final(&cpio, NULL);
	FUZZ_ASSERT(seen.files <= in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tacit_eif_scan scan;
	static struct tacit_eif whole, pieces;
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_eif_signature signature;
	struct tacit_arena arena;
	struct seen seen = { 0 };

	/* Archives and signatures alone too, which need no image around them. */
	scan_archive(in);
	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_eif_signature_parse(in, &arena, &signature, NULL) == TACIT_OK)
		FUZZ_ASSERT(signature.register_value.len <= TACIT_EIF_PCR_LEN);

	tacit_arena_init(&arena, room, sizeof(room));
	FUZZ_ASSERT(tacit_eif_scan_init(&scan, &arena, on_content, &seen, NULL) == TACIT_OK);
	enum tacit_status a = scan_all(&scan, in, size ? size : 1, &whole);
	tacit_eif_scan_done(&scan);
	if (a == TACIT_OK)
		check_image(&whole, &arena, size, seen.content);

	/* Where it is cut into pieces changes nothing. */
	tacit_arena_init(&arena, room, sizeof(room));
	FUZZ_ASSERT(tacit_eif_scan_init(&scan, &arena, NULL, NULL, NULL) == TACIT_OK);
	FUZZ_ASSERT(scan_all(&scan, in, 13, &pieces) == a);
	tacit_eif_scan_done(&scan);
	if (a == TACIT_OK)
		FUZZ_ASSERT(memcmp(&whole.pcrs, &pieces.pcrs, sizeof(whole.pcrs)) == 0 &&
			    whole.crc_computed == pieces.crc_computed);
	return 0;
}
