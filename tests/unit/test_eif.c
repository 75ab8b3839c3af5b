/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/eif.h"

#include "base/compiler.h"
#include "base/writer.h"
#include "tests/tap.h"

#define NOW      1795219200 /* 2026-11-21 */
#define FILE_MAX 65536

static uint8_t room[TACIT_EIF_ROOM];
static struct tacit_arena arena;
static struct tacit_eif_scan scan;
static struct tacit_eif_write image_writer;
static uint8_t file[FILE_MAX];

/* ---- images of our own ----------------------------------------------------------------------- */

struct part {
	enum tacit_eif_kind kind;
	const char *text;
};

static const struct part PLAIN[] = {
	{ TACIT_EIF_KERNEL, "kernel bytes" },    { TACIT_EIF_CMDLINE, "console=ttyS0" },
	{ TACIT_EIF_METADATA, "{\"a\":1}" },     { TACIT_EIF_RAMDISK, "first ramdisk" },
	{ TACIT_EIF_RAMDISK, "second ramdisk" },
};

static bool put(struct writer *out, enum tacit_eif_kind kind, struct tacit_slice content)
{
	uint8_t head[TACIT_EIF_SECTION_HEAD];

	if (tacit_eif_write_section(&image_writer, kind, content.len, head, NULL) != TACIT_OK ||
	    tacit_eif_write_content(&image_writer, content, NULL) != TACIT_OK)
		return false;
	wr_bytes(out, TACIT_SLICE_ARRAY(head));
	wr_bytes(out, content);
	return true;
}

/* The image of these parts, and a signature section behind them when it is given. */
static struct tacit_slice build(const struct part *parts, size_t count,
				struct tacit_slice signature)
{
	const struct tacit_eif_write_options options = { .memory = 1u << 28, .cpus = 2 };
	struct writer out = wr_of(tacit_mut_of(file, sizeof(file)));
	uint8_t header[TACIT_EIF_HEADER] = { 0 };
	bool good = tacit_eif_write_init(&image_writer, &options, NULL) == TACIT_OK;

	wr_bytes(&out, TACIT_SLICE_ARRAY(header));
	for (size_t i = 0; good && i < count; i++)
		good = put(&out, parts[i].kind, tacit_slice_str(parts[i].text));
	if (good && signature.ptr)
		good = put(&out, TACIT_EIF_SIGNATURE, signature);
	if (good)
		good = tacit_eif_write_header(&image_writer, header, NULL) == TACIT_OK;
	tacit_eif_write_done(&image_writer);
	if (!good || out.bad) {
		printf("Bail out! an image could not be made\n");
		exit(1);
	}
	memcpy(file, header, sizeof(header));
	return tacit_slice_of(file, out.at);
}

static struct tacit_slice build_plain(void)
{
	return build(PLAIN, TACIT_ARRAY_LEN(PLAIN), tacit_slice_of(NULL, 0));
}

/* Makes the CRC right again after a change that a forger would make. */
static void seal(size_t len)
{
	struct writer out = wr_of(tacit_mut_of(file + TACIT_EIF_HEADER_CRC, 4));
	static struct tacit_crc32 crc;

	tacit_crc32_init(&crc);
	tacit_crc32_update(&crc, tacit_slice_of(file, TACIT_EIF_HEADER_CRC));
	tacit_crc32_update(&crc, tacit_slice_of(file + TACIT_EIF_HEADER, len - TACIT_EIF_HEADER));
	wr_be32(&out, tacit_crc32_value(&crc));
}

static enum tacit_status read_image(struct tacit_slice in, struct tacit_eif *ret)
{
	enum tacit_status st;

	tacit_arena_init(&arena, room, sizeof(room));
	st = tacit_eif_scan_init(&scan, &arena, NULL, NULL, NULL);
	if (st == TACIT_OK)
		st = tacit_eif_scan_update(&scan, in, NULL);
	if (st == TACIT_OK)
		st = tacit_eif_scan_final(&scan, ret, NULL);
	tacit_eif_scan_done(&scan);
	return st;
}

/* The check that refuses it; "" when none does, and the status when it cannot even be read. */
static const char *refused_by(struct tacit_slice in, int64_t now)
{
	struct tacit_eif image;
	struct tacit_eif_signature signature;
	struct tacit_check_list list;
	const struct tacit_check *first = NULL;
	enum tacit_status st = read_image(in, &image);

	if (st != TACIT_OK)
		return tacit_status_name(st);
	tacit_check_init(&list, &arena, TACIT_EIF_CHECKS);
	tacit_check_add(&list, tacit_eif_checks, TACIT_EIF_CHECKS);
	(void)tacit_eif_judge(&image, now, &list, &signature);
	st = tacit_check_judge(&list, &first);
	return st == TACIT_OK ? "" : first ? first->name : tacit_status_name(st);
}

static void is_refused(struct tacit_slice in, const char *want, const char *name)
{
	const char *got = refused_by(in, NOW);

	if (!ok(strcmp(got, want) == 0, "%s: %s", name, *want ? want : "accepted"))
		printf("# got '%s'\n", got);
}

/* ---- good ones --------------------------------------------------------------------------------
 */

static void test_good(void)
{
	struct tacit_slice in = build_plain();
	struct tacit_eif image = { 0 }, one = { 0 };
	static const struct part SINGLE[] = {
		{ TACIT_EIF_KERNEL, "k" },
		{ TACIT_EIF_CMDLINE, "" },
		{ TACIT_EIF_RAMDISK, "" },
	};

	is_refused(in, "", "an image of our own");
	is_status(read_image(in, &image), TACIT_OK, "is read");
	is_slice(image.cmdline, tacit_slice_str("console=ttyS0"), "the command line");
	is_slice(image.metadata, tacit_slice_str("{\"a\":1}"), "the metadata");
	ok(image.memory == 1u << 28 && image.cpus == 2, "memory and CPUs");

	in = build(SINGLE, 3, tacit_slice_of(NULL, 0));
	is_refused(in, "", "one ramdisk and an empty command line");
	is_status(read_image(in, &one), TACIT_OK, "is read");
	ok(memcmp(one.pcrs.pcr[0], one.pcrs.pcr[1], TACIT_EIF_PCR_LEN) == 0, "PCR0 is PCR1");
	/* SHA-384(48 zeros | SHA-384("")), as real documents show it. */
	static const uint8_t EMPTY[] = { 0x21, 0xb9, 0xef, 0xbc, 0x18, 0x48, 0x07, 0x66 };
	ok(memcmp(one.pcrs.pcr[2], EMPTY, sizeof(EMPTY)) == 0, "PCR2 is that of nothing");
}

static void test_measured_alike(void)
{
	static const struct part MOVED[] = {
		{ TACIT_EIF_KERNEL, "kernel" },
		{ TACIT_EIF_CMDLINE, " bytesconsole=ttyS0" },
		{ TACIT_EIF_RAMDISK, "first ramdisk" },
		{ TACIT_EIF_RAMDISK, "second" },
		{ TACIT_EIF_RAMDISK, " ramdisk" },
	};
	struct tacit_eif a = { 0 }, b = { 0 };

	is_status(read_image(build_plain(), &a), TACIT_OK, "an image");
	is_status(read_image(build(MOVED, 5, tacit_slice_of(NULL, 0)), &b), TACIT_OK,
		  "the same bytes in other sections");
	ok(memcmp(&a.pcrs, &b.pcrs, sizeof(a.pcrs)) == 0, "measure the same");
}

/* ---- what is refused --------------------------------------------------------------------------
 */

static const struct {
	const char *name, *refused;
	size_t at;
	uint8_t xor ;
} BYTES[] = {
	{ "magic", "FORMAT", 0, 1 },
	{ "version 5", "eif.version", 5, 1 },
	{ "version 260", "eif.version", 4, 1 },
	{ "a flag that is not known", "eif.flags", 7, 2 },
	{ "aarch64", "", 7, 1 },
	{ "memory", "", 15, 1 },
	{ "reserved", "eif.reserved", 25, 1 },
	{ "133 sections", "LIMIT", 27, 0x80 },
	{ "a section less than there are", "eif.count", 27, 5 ^ 4 },
	{ "a section more than there are", "eif.count", 27, 5 ^ 6 },
	{ "the kernel's offset", "eif.offsets", 28 + 7, 1 },
	{ "a ramdisk's offset", "eif.offsets", 28 + 8 * 4 + 7, 1 },
	{ "an offset above 32 bits", "eif.offsets", 28 + 3, 1 },
	{ "an offset behind the last section", "eif.reserved", 28 + 8 * 5 + 7, 1 },
	{ "the kernel's size", "eif.sizes", 284 + 7, 1 },
	{ "the metadata's size", "eif.sizes", 284 + 8 * 2 + 7, 1 },
	{ "a size behind the last section", "eif.reserved", 284 + 8 * 31, 1 },
	{ "the unused field", "eif.reserved", 540, 1 },
	{ "type 0", "FORMAT", 549, 1 },
	{ "type 6", "FORMAT", 549, 1 ^ 6 },
	{ "type 257", "FORMAT", 548, 1 },
	{ "a section's flags", "eif.section_flags", 551, 1 },
	{ "a section's own size, longer", "FORMAT", 559, 64 },
	{ "a section's own size, beyond everything", "FORMAT", 552, 0x80 },
	{ "the kernel's content", "", 560, 1 },
};

static void test_bytes(void)
{
	struct tacit_eif image;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(BYTES); i++) {
		struct tacit_slice in = build_plain();
		const char *got;

		file[BYTES[i].at] ^= BYTES[i].xor ;
		if (read_image(in, &image) == TACIT_OK)
			ok(tacit_eif_judge_measured(&image, NULL) == TACIT_FORMAT,
			   "%s: damage is not measured", BYTES[i].name);
		seal(in.len);
		got = refused_by(in, NOW);
		/* A count that is wrong by one is trailing bytes, or a table that says too much. */
		if (!ok(strcmp(got, BYTES[i].refused) == 0 ||
				(strcmp(BYTES[i].refused, "eif.count") == 0 &&
				 (strcmp(got, "eif.trailing") == 0 ||
				  strcmp(got, "eif.reserved") == 0)),
			"%s: %s", BYTES[i].name, BYTES[i].refused))
			printf("# got '%s'\n", got);
	}
}

static const struct {
	const char *name, *refused;
	size_t count;
	struct part parts[6];
	bool measured; /* all the same, its measurements are sure */
} LAYOUTS[] = {
	{ "no kernel",
	  "eif.kernel",
	  2,
	  { { TACIT_EIF_CMDLINE, "c" }, { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "an empty kernel",
	  "eif.kernel",
	  3,
	  { { TACIT_EIF_KERNEL, "" }, { TACIT_EIF_CMDLINE, "c" }, { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "two kernels",
	  "eif.kernel",
	  4,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "no command line",
	  "eif.cmdline",
	  2,
	  { { TACIT_EIF_KERNEL, "k" }, { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "two command lines",
	  "eif.cmdline",
	  4,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "a command line of two lines",
	  "eif.cmdline",
	  3,
	  { { TACIT_EIF_KERNEL, "k" }, { TACIT_EIF_CMDLINE, "c\nd" }, { TACIT_EIF_RAMDISK, "r" } },
	  true },
	{ "no ramdisk",
	  "eif.ramdisks",
	  2,
	  { { TACIT_EIF_KERNEL, "k" }, { TACIT_EIF_CMDLINE, "c" } },
	  false },
	{ "the command line first",
	  "eif.order",
	  3,
	  { { TACIT_EIF_CMDLINE, "c" }, { TACIT_EIF_KERNEL, "k" }, { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "a ramdisk before the command line",
	  "eif.order",
	  4,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_RAMDISK, "r" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_RAMDISK, "r" } },
	  false },
	{ "metadata twice",
	  "eif.metadata",
	  5,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_METADATA, "{}" },
	    { TACIT_EIF_METADATA, "{}" },
	    { TACIT_EIF_RAMDISK, "r" } },
	  true },
	{ "metadata that is no text",
	  "eif.metadata",
	  4,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_METADATA, "\xff" },
	    { TACIT_EIF_RAMDISK, "r" } },
	  true },
	{ "a signature that is none",
	  "eif.signature",
	  4,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_RAMDISK, "r" },
	    { TACIT_EIF_SIGNATURE, "x" } },
	  true },
	{ "two signatures",
	  "eif.signature",
	  5,
	  { { TACIT_EIF_KERNEL, "k" },
	    { TACIT_EIF_CMDLINE, "c" },
	    { TACIT_EIF_RAMDISK, "r" },
	    { TACIT_EIF_SIGNATURE, "x" },
	    { TACIT_EIF_SIGNATURE, "x" } },
	  true },
	{ "nothing at all", "eif.kernel", 0, { { TACIT_EIF_KERNEL, "" } }, false },
};

static void test_layouts(void)
{
	struct tacit_eif image;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(LAYOUTS); i++) {
		struct tacit_slice in =
			build(LAYOUTS[i].parts, LAYOUTS[i].count, tacit_slice_of(NULL, 0));

		is_refused(in, LAYOUTS[i].refused, LAYOUTS[i].name);
		ok(read_image(in, &image) == TACIT_OK && (tacit_eif_judge_measured(&image, NULL) ==
							  TACIT_OK) == LAYOUTS[i].measured,
		   "and its measurements are %s", LAYOUTS[i].measured ? "sure" : "not sure");
	}
}

static void test_ends(void)
{
	struct tacit_slice in = build_plain();
	size_t accepted = 0, len = in.len;

	for (size_t cut = 0; cut < len; cut++)
		accepted += refused_by(tacit_slice_of(file, cut), NOW)[0] == '\0';
	ok(accepted == 0, "every truncation is refused");
	file[len] = 0;
	is_refused(tacit_slice_of(file, len + 1), "eif.crc", "a byte behind the end");
	seal(len + 1);
	is_refused(tacit_slice_of(file, len + 1), "eif.trailing", "the same with its CRC");
}

static void test_flips(void)
{
	struct tacit_slice in = build_plain();
	size_t accepted = 0, bits = 8 * in.len;

	for (size_t bit = 0; bit < bits; bit++) {
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		accepted += refused_by(in, NOW)[0] == '\0';
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(accepted == 0, "every one of %zu single bits is refused", bits);
}

static void test_limits(void)
{
	struct tacit_eif image;
	struct tacit_slice in = build_plain();
	size_t full = 0;

	for (size_t size = 0; size < 64; size++) {
		tacit_arena_init(&arena, room, size);
		if (tacit_eif_scan_init(&scan, &arena, NULL, NULL, NULL) != TACIT_OK ||
		    tacit_eif_scan_update(&scan, in, NULL) != TACIT_OK ||
		    tacit_eif_scan_final(&scan, &image, NULL) != TACIT_OK)
			full++;
		tacit_eif_scan_done(&scan);
	}
	ok(full > 0 && full < 64, "an arena that is too small is said, and enough is enough");

	/* A command line that claims more than is kept. */
	size_t at = TACIT_EIF_HEADER + TACIT_EIF_SECTION_HEAD + 12 + 4;
	file[at + 5] = 0x10;
	ok(read_image(in, &image) == TACIT_LIMIT, "a command line over its limit");
}

static void test_writer(void)
{
	const struct tacit_eif_write_options options = { 0 };
	uint8_t head[TACIT_EIF_SECTION_HEAD], header[TACIT_EIF_HEADER];
	struct tacit_slice two = tacit_slice_str("ab");

	is_status(tacit_eif_write_init(&image_writer, &options, NULL), TACIT_OK, "a writer");
	is_status(tacit_eif_write_content(&image_writer, two, NULL), TACIT_USAGE,
		  "content outside of a section");
	is_status(tacit_eif_write_section(&image_writer, TACIT_EIF_KERNEL, 3, head, NULL), TACIT_OK,
		  "a section");
	is_status(tacit_eif_write_content(&image_writer, two, NULL), TACIT_OK, "some of it");
	is_status(tacit_eif_write_section(&image_writer, TACIT_EIF_CMDLINE, 0, head, NULL),
		  TACIT_USAGE, "the next one too early");
	is_status(tacit_eif_write_header(&image_writer, header, NULL), TACIT_USAGE,
		  "the header too early");
	is_status(tacit_eif_write_content(&image_writer, two, NULL), TACIT_USAGE, "too much of it");
	is_status(tacit_eif_write_content(&image_writer, tacit_slice_of("c", 1), NULL), TACIT_OK,
		  "the rest");
	is_status(tacit_eif_write_section(&image_writer, TACIT_EIF_RAMDISK, UINT64_MAX - 4, head,
					  NULL),
		  TACIT_LIMIT, "a section beyond all files");
	for (int i = 1; i < TACIT_EIF_SECTIONS_MAX; i++)
		(void)!tacit_eif_write_section(&image_writer, TACIT_EIF_RAMDISK, 0, head, NULL);
	is_status(tacit_eif_write_header(&image_writer, header, NULL), TACIT_OK, "32 sections");
	is_status(tacit_eif_write_section(&image_writer, TACIT_EIF_RAMDISK, 0, head, NULL),
		  TACIT_LIMIT, "and not 33");
	tacit_eif_write_done(&image_writer);
}

int main(void)
{
	test_good();
	test_measured_alike();
	test_bytes();
	test_layouts();
	test_ends();
	test_flips();
	test_limits();
	test_writer();
	return done();
}
