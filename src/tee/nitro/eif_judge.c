/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/time.h"
#include "codec/utf8.h"
#include "tee/nitro/eif.h"

#define OLDEST 2 /* the first version with a CRC */

const struct tacit_check_row tacit_eif_checks[TACIT_EIF_CHECKS] = {
	{ "eif.version", "the version is one that has a CRC and that we know" },
	{ "eif.flags", "only the flag of the machine kind is set" },
	{ "eif.reserved", "what is reserved or unused is zero" },
	{ "eif.crc", "the file is not damaged" },
	{ "eif.count", "as many sections are there as the header says" },
	{ "eif.trailing", "nothing stands behind the last section" },
	{ "eif.offsets", "the header says where each section begins, one behind the other" },
	{ "eif.sizes", "header and section agree on each section's length" },
	{ "eif.section_flags", "no section has a flag" },
	{ "eif.kernel", "there is one kernel, and it is not empty" },
	{ "eif.cmdline", "there is one command line of one line of text" },
	{ "eif.ramdisks", "there is a ramdisk" },
	{ "eif.order", "kernel, command line and ramdisks come in this order" },
	{ "eif.metadata", "there is one piece of metadata at most, and it is text" },
	{ "eif.signature", "there is one signature at most, and it is well-formed" },
	{ "eif.signature.register", "the signature is over this image's PCR0" },
	{ "eif.signature.key", "the key of the certificate made the signature" },
	{ "eif.signature.dates", "the certificate is valid now" },
};

static void refuse(struct tacit_check_list *list, const char *name, const char *got,
		   const char *why)
{
	struct tacit_check_failure failure = { .status = TACIT_FORMAT, .got = got, .why = why };

	tacit_check_fail(list, name, &failure);
}

static void decide(struct tacit_check_list *list, const char *name, bool good, const char *why)
{
	if (good)
		tacit_check_pass(list, name, NULL);
	else
		refuse(list, name, NULL, why);
}

static size_t count_kind(const struct tacit_eif *image, uint16_t kind)
{
	size_t n = 0;

	for (size_t i = 0; i < image->sections_read; i++)
		n += image->section[i].kind == kind;
	return n;
}

static bool is_measured(uint16_t kind)
{
	return kind == TACIT_EIF_KERNEL || kind == TACIT_EIF_CMDLINE || kind == TACIT_EIF_RAMDISK;
}

/* What is measured comes in the order in which every reader hands it to the hash. */
static bool is_ordered(const struct tacit_eif *image)
{
	uint16_t last = 0;

	for (size_t i = 0; i < image->sections_read; i++) {
		uint16_t kind = image->section[i].kind;

		if (!is_measured(kind))
			continue;
		if (kind < last)
			return false;
		last = kind;
	}
	return true;
}

/* ---- the header ----------------------------------------------------------------------------- */

static void judge_header(const struct tacit_eif *image, struct tacit_check_list *list)
{
	struct tacit_check_failure crc = { .status = TACIT_FORMAT, .why = "the file is damaged" };

	decide(list, "eif.version", image->version >= OLDEST && image->version <= TACIT_EIF_VERSION,
	       tacit_check_printf(list, "version %u, want %d to %d", image->version, OLDEST,
				  TACIT_EIF_VERSION));
	decide(list, "eif.flags", (image->flags & ~TACIT_EIF_ARM64) == 0,
	       tacit_check_printf(list, "flags %#x, of which only bit 0 is known", image->flags));
	decide(list, "eif.reserved", !image->reserved && !image->unused && !image->spare_entries,
	       "a reserved field, or the table behind its last section, is not zero");
	if (image->crc == image->crc_computed) {
		tacit_check_pass(list, "eif.crc",
				 tacit_check_printf(list, "%08" PRIx32, image->crc));
	} else {
		crc.expected = tacit_check_printf(list, "%08" PRIx32, image->crc);
		crc.got = tacit_check_printf(list, "%08" PRIx32, image->crc_computed);
		tacit_check_fail(list, "eif.crc", &crc);
	}
}

/* ---- the table ------------------------------------------------------------------------------ */

static void refuse_offset(const struct tacit_eif_section *section, size_t i,
			  struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = tacit_check_printf(list, "%" PRIu64, section->at),
		.got = tacit_check_printf(list, "%" PRIu64, section->table_at),
		.why = tacit_check_printf(list,
					  "the header has section %zu (%s) elsewhere than it is: "
					  "readers that seek by the header see another image",
					  i, tacit_eif_kind_name(section->kind)),
	};

	tacit_check_fail(list, "eif.offsets", &failure);
}

static void refuse_size(const struct tacit_eif_section *section, size_t i,
			struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = tacit_check_printf(list, "%" PRIu64, section->len),
		.got = tacit_check_printf(list, "%" PRIu64, section->table_len),
		.why = tacit_check_printf(
			list,
			"the header has another length for section %zu (%s) than "
			"the section itself: some readers accept it, others refuse",
			i, tacit_eif_kind_name(section->kind)),
	};

	tacit_check_fail(list, "eif.sizes", &failure);
}

static void judge_table(const struct tacit_eif *image, struct tacit_check_list *list)
{
	uint16_t flags = 0;

	decide(list, "eif.count", image->sections_read == image->count,
	       tacit_check_printf(list, "%zu sections, and the header says %u",
				  image->sections_read, image->count));
	decide(list, "eif.trailing", image->trailing == 0,
	       tacit_check_printf(list,
				  "%" PRIu64 " bytes behind the last section, which a reader that "
				  "walks the file takes for more sections",
				  image->trailing));
	for (size_t i = 0; i < image->sections_read; i++) {
		const struct tacit_eif_section *section = &image->section[i];

		if (section->at != section->table_at)
			refuse_offset(section, i, list);
		if (section->len != section->table_len)
			refuse_size(section, i, list);
		flags |= section->flags;
	}
	/* A check that failed stays so. */
	tacit_check_pass(list, "eif.offsets", NULL);
	tacit_check_pass(list, "eif.sizes", NULL);
	decide(list, "eif.section_flags", flags == 0, "a section has flags, and none is known");
}

/* ---- the sections --------------------------------------------------------------------------- */

static bool is_one_line(struct tacit_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

static bool has_kernel(const struct tacit_eif *image)
{
	for (size_t i = 0; i < image->sections_read; i++) {
		if (image->section[i].kind == TACIT_EIF_KERNEL && image->section[i].len == 0)
			return false;
	}
	return count_kind(image, TACIT_EIF_KERNEL) == 1;
}

static void judge_sections(const struct tacit_eif *image, struct tacit_check_list *list)
{
	decide(list, "eif.kernel", has_kernel(image),
	       tacit_check_printf(list, "%zu kernels, or an empty one",
				  count_kind(image, TACIT_EIF_KERNEL)));
	if (count_kind(image, TACIT_EIF_CMDLINE) != 1)
		refuse(list, "eif.cmdline", NULL,
		       tacit_check_printf(list, "%zu command lines",
					  count_kind(image, TACIT_EIF_CMDLINE)));
	else
		decide(list, "eif.cmdline", is_one_line(image->cmdline),
		       "the command line has control characters: what follows a NUL is measured "
		       "and not used");
	decide(list, "eif.ramdisks", count_kind(image, TACIT_EIF_RAMDISK) != 0, "no ramdisk");
	decide(list, "eif.order", is_ordered(image),
	       "kernel, command line and ramdisks stand in another order, and readers differ in "
	       "how they measure that");
	if (!count_kind(image, TACIT_EIF_METADATA))
		tacit_check_skip(list, "eif.metadata", "there is none");
	else
		decide(list, "eif.metadata",
		       count_kind(image, TACIT_EIF_METADATA) == 1 &&
			       tacit_utf8_valid(image->metadata),
		       "more than one piece of metadata, or it is no text");
}

/* ---- the signature -------------------------------------------------------------------------- */

static void skip_signature(struct tacit_check_list *list, const char *why)
{
	tacit_check_skip(list, "eif.signature", why);
	tacit_check_skip(list, "eif.signature.register", why);
	tacit_check_skip(list, "eif.signature.key", why);
	tacit_check_skip(list, "eif.signature.dates", why);
}

static void judge_register(const struct tacit_eif *image, const struct tacit_eif_signature *s,
			   struct tacit_check_list *list)
{
	struct tacit_slice pcr0 = TACIT_SLICE_ARRAY(image->pcrs.pcr[0]);
	struct tacit_check_failure failure = {
		.status = TACIT_SIGNATURE,
		.expected = tacit_check_hex(list, pcr0),
		.got = tacit_check_hex(list, s->register_value),
		.why = "the signature is of another image",
	};

	if (s->register_index == 0 && tacit_slice_eq(s->register_value, pcr0)) {
		tacit_check_pass(list, "eif.signature.register", NULL);
		return;
	}
	if (s->register_index != 0)
		failure.why = tacit_check_printf(list, "the signature is over PCR%" PRIu64,
						 s->register_index);
	tacit_check_fail(list, "eif.signature.register", &failure);
}

static void judge_dates(const struct tacit_eif_signature *s, int64_t now,
			struct tacit_check_list *list)
{
	char from[TACIT_TIME_TEXT], until[TACIT_TIME_TEXT];

	if (now >= s->not_before && now <= s->not_after) {
		tacit_check_pass(list, "eif.signature.dates", NULL);
		return;
	}
	tacit_time_format(s->not_before, from);
	tacit_time_format(s->not_after, until);
	struct tacit_check_failure failure = {
		.status = TACIT_EXPIRED,
		.expected = tacit_check_printf(list, "%s to %s", from, until),
		.why = "the certificate is expired or not yet valid, and Nitro will not start the "
		       "image",
	};
	tacit_check_fail(list, "eif.signature.dates", &failure);
}

static bool judge_signature(const struct tacit_eif *image, int64_t now,
			    struct tacit_check_list *list, struct tacit_eif_signature *ret)
{
	struct tacit_error err = { 0 };

	if (!image->signature.ptr) {
		skip_signature(list, "the image is not signed");
		return false;
	}
	if (count_kind(image, TACIT_EIF_SIGNATURE) != 1) {
		refuse(list, "eif.signature", NULL, "more than one signature section");
		skip_signature(list, "which signature counts is not known");
		return false;
	}
	if (tacit_eif_signature_parse(image->signature, list->arena, ret, &err) != TACIT_OK) {
		tacit_check_fail_error(list, "eif.signature", &err);
		skip_signature(list, "the signature cannot be read");
		return false;
	}
	tacit_check_pass(list, "eif.signature", NULL);
	judge_register(image, ret, list);
	if (tacit_eif_signature_check(ret, list->arena, &err) == TACIT_OK)
		tacit_check_pass(list, "eif.signature.key", NULL);
	else
		tacit_check_fail_error(list, "eif.signature.key", &err);
	judge_dates(ret, now, list);
	return true;
}

bool tacit_eif_judge(const struct tacit_eif *image, int64_t now, struct tacit_check_list *list,
		     struct tacit_eif_signature *ret_signature)
{
	judge_header(image, list);
	judge_table(image, list);
	judge_sections(image, list);
	return judge_signature(image, now, list, ret_signature);
}

/* ---- what is measured ----------------------------------------------------------------------- */

static enum tacit_status judge_measured_table(const struct tacit_eif *image,
					      struct tacit_error *err)
{
	for (size_t i = 0; i < image->sections_read; i++) {
		const struct tacit_eif_section *section = &image->section[i];

		if (section->at != section->table_at ||
		    (is_measured(section->kind) && section->len != section->table_len))
			return tacit_fail(err, TACIT_FORMAT, "eif", section->at,
					  "header and section %zu (%s) disagree, so that readers "
					  "measure different images",
					  i, tacit_eif_kind_name(section->kind));
	}
	return TACIT_OK;
}

enum tacit_status tacit_eif_judge_measured(const struct tacit_eif *image, struct tacit_error *err)
{
	if (image->crc != image->crc_computed)
		return tacit_fail(err, TACIT_FORMAT, "eif", TACIT_EIF_HEADER_CRC,
				  "damaged: CRC %08" PRIx32 ", the header says %08" PRIx32,
				  image->crc_computed, image->crc);
	if (image->sections_read != image->count || image->trailing)
		return tacit_fail(err, TACIT_FORMAT, "eif", image->len - image->trailing,
				  "%zu sections and %" PRIu64
				  " bytes behind them, and the header says %u sections",
				  image->sections_read, image->trailing, image->count);
	if (!has_kernel(image) || count_kind(image, TACIT_EIF_CMDLINE) != 1 ||
	    count_kind(image, TACIT_EIF_RAMDISK) == 0 || !is_ordered(image))
		return tacit_fail(err, TACIT_FORMAT, "eif", TACIT_EIF_HEADER,
				  "not one kernel, one command line and ramdisks, in this order");
	return judge_measured_table(image, err);
}
