/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/measure.h"

#include "base/compiler.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "tee/snp/measure_parts.h"

#define WHERE     "snp.measure"
#define PAGE      4096
#define GPA_END   0x100000000u /* firmware ends at 4 GiB */
#define BSP_START 0xfffffff0u
#define BOOT_LEN  168 /* of the table, without its padding to 16 */

/* PAGE_TYPE [SNP-ABI 8.17.1]. */
enum page_type {
	PAGE_NORMAL = 1,
	PAGE_VMSA = 2,
	PAGE_ZERO = 3,
	PAGE_UNMEASURED = 4,
	PAGE_SECRETS = 5,
	PAGE_CPUID = 6,
};

struct digest {
	uint8_t ld[TACIT_SNP_DIGEST_LEN];
};

static void wr_le(struct writer *w, uint64_t value, size_t n)
{
	uint8_t b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(value >> 8 * i);
	wr_bytes(w, tacit_slice_of(b, n));
}

/* [SNP-ABI 8.17.2] table PAGE_INFO: the digest so far, and what this page adds to it. */
static enum tacit_status add_info(struct digest *d, enum page_type type, uint64_t gpa,
				  const uint8_t contents[TACIT_SNP_DIGEST_LEN],
				  struct tacit_error *err)
{
	uint8_t info[0x70];
	struct writer w = wr_of(tacit_mut_of(info, sizeof(info)));

	wr_bytes(&w, TACIT_SLICE_ARRAY(d->ld));
	wr_bytes(&w, tacit_slice_of(contents, TACIT_SNP_DIGEST_LEN));
	wr_le(&w, sizeof(info), 2);
	wr_u8(&w, (uint8_t)type);
	wr_u8(&w, 0);    /* IMI_PAGE */
	wr_le(&w, 0, 4); /* permissions of VMPL 3, 2, 1, and a reserved byte */
	wr_le(&w, gpa, 8);
	return tacit_hash(TACIT_SHA384, TACIT_SLICE_ARRAY(info), d->ld, err);
}

static enum tacit_status add_page(struct digest *d, enum page_type type, uint64_t gpa,
				  struct tacit_slice page, struct tacit_error *err)
{
	uint8_t contents[TACIT_SNP_DIGEST_LEN];

	enum tacit_status st = tacit_hash(TACIT_SHA384, page, contents, err);
	return st == TACIT_OK ? add_info(d, type, gpa, contents, err) : st;
}

/* Pages whose contents do not count. */
static enum tacit_status add_blank(struct digest *d, enum page_type type, uint64_t gpa,
				   uint32_t size, struct tacit_error *err)
{
	static const uint8_t ZEROS[TACIT_SNP_DIGEST_LEN];
	enum tacit_status st = TACIT_OK;

	for (uint32_t at = 0; at < size && st == TACIT_OK; at += PAGE)
		st = add_info(d, type, gpa + at, ZEROS, err);
	return st;
}

enum tacit_status tacit_snp_measure_firmware(struct tacit_slice firmware,
					     uint8_t ret[TACIT_AT_LEAST(48)],
					     struct tacit_error *err)
{
	struct digest d = { { 0 } };
	enum tacit_status st = TACIT_OK;

	if (firmware.len == 0 || firmware.len % PAGE != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, firmware.len,
				  "firmware of %zu bytes is no number of whole pages",
				  firmware.len);
	if (firmware.len > TACIT_SNP_FIRMWARE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, firmware.len,
				  "firmware of %zu bytes, at most %d", firmware.len,
				  TACIT_SNP_FIRMWARE_MAX);
	for (size_t at = 0; at < firmware.len && st == TACIT_OK; at += PAGE)
		st = add_page(&d, PAGE_NORMAL, GPA_END - firmware.len + at,
			      tacit_slice_of(firmware.ptr + at, PAGE), err);
	if (st == TACIT_OK)
		memcpy(ret, d.ld, sizeof(d.ld));
	return st;
}

/* ---- what is booted directly --------------------------------------------------------------- */

/* GUIDs as EFI writes them. */
static const uint8_t BOOT_TABLE[16] = { 0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
					0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21 };
static const uint8_t BOOT_CMDLINE[16] = { 0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
					  0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a };
static const uint8_t BOOT_INITRD[16] = { 0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
					 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d };
static const uint8_t BOOT_KERNEL[16] = { 0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
					 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b };

static void put_hash(struct writer *w, const uint8_t guid[16], const uint8_t hash[32])
{
	wr_bytes(w, tacit_slice_of(guid, 16));
	wr_le(w, 16 + 2 + 32, 2);
	wr_bytes(w, tacit_slice_of(hash, 32));
}

/* QEMU's table of hashes, which the firmware compares with what it loads. */
static enum tacit_status add_boot(struct digest *d, const struct tacit_snp_boot *boot,
				  const struct tacit_snp_metadata *meta, uint64_t gpa,
				  struct tacit_error *err)
{
	uint8_t page[PAGE] = { 0 };
	size_t at = meta->hashes & (PAGE - 1);

	if (at + BOOT_LEN > PAGE)
		return tacit_fail(err, TACIT_FORMAT, WHERE, at,
				  "the table of hashes crosses the end of its page");
	struct writer w = wr_of(tacit_mut_of(page + at, PAGE - at));
	wr_bytes(&w, TACIT_SLICE_ARRAY(BOOT_TABLE));
	wr_le(&w, BOOT_LEN, 2);
	put_hash(&w, BOOT_CMDLINE, boot->cmdline);
	put_hash(&w, BOOT_INITRD, boot->initrd);
	put_hash(&w, BOOT_KERNEL, boot->kernel);
	return add_page(d, PAGE_NORMAL, gpa, TACIT_SLICE_ARRAY(page), err);
}

/* ---- sections ------------------------------------------------------------------------------ */

static enum tacit_status add_section(struct digest *d, const struct tacit_snp_launch *launch,
				     const struct tacit_snp_metadata *meta,
				     const struct tacit_snp_section *section,
				     struct tacit_error *err)
{
	uint64_t gpa = section->gpa;

	switch (section->type) {
	case TACIT_SNP_SECTION_MEMORY:
		return add_blank(d, launch->vmm == TACIT_SNP_GCE ? PAGE_UNMEASURED : PAGE_ZERO, gpa,
				 section->size, err);
	case TACIT_SNP_SECTION_SECRETS:
		return add_blank(d, PAGE_SECRETS, gpa, PAGE, err);
	case TACIT_SNP_SECTION_CPUID:
		/* EC2 adds them behind all others. */
		return launch->vmm == TACIT_SNP_EC2 ? TACIT_OK
						    : add_blank(d, PAGE_CPUID, gpa, PAGE, err);
	case TACIT_SNP_SECTION_CAA:
		return add_blank(d, PAGE_ZERO, gpa, section->size, err);
	case TACIT_SNP_SECTION_HASHES:
		if (launch->boot)
			return add_boot(d, launch->boot, meta, gpa, err);
		return add_blank(d, PAGE_ZERO, gpa, section->size, err);
	}
	return tacit_fail(err, TACIT_FORMAT, WHERE, gpa, "a section of the unknown type %lu",
			  (unsigned long)section->type);
}

static enum tacit_status add_sections(struct digest *d, const struct tacit_snp_launch *launch,
				      const struct tacit_snp_metadata *meta,
				      struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;
	bool hashes = false;

	for (size_t i = 0; i < meta->count && st == TACIT_OK; i++) {
		st = add_section(d, launch, meta, &meta->sections[i], err);
		hashes |= meta->sections[i].type == TACIT_SNP_SECTION_HASHES;
	}
	for (size_t i = 0; i < meta->count && st == TACIT_OK && launch->vmm == TACIT_SNP_EC2; i++)
		if (meta->sections[i].type == TACIT_SNP_SECTION_CPUID)
			st = add_blank(d, PAGE_CPUID, meta->sections[i].gpa, PAGE, err);
	if (st == TACIT_OK && launch->boot && (!hashes || !meta->hashes))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the firmware has no place for hashes of kernel and initrd");
	return st;
}

/* ---- vCPUs --------------------------------------------------------------------------------- */

static void put_at(uint8_t *page, size_t at, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		page[at + i] = (uint8_t)(value >> 8 * i);
}

/* A segment register: selector, attributes, limit, base. */
static void put_segment(uint8_t *page, size_t at, uint16_t attributes)
{
	put_at(page, at + 2, attributes, 2);
	put_at(page, at + 4, 0xffff, 4);
}

static void put_segments(uint8_t *page, enum tacit_snp_vmm vmm, uint32_t start)
{
	bool ec2 = vmm == TACIT_SNP_EC2;

	put_segment(page, 0x00, 0x93); /* ES */
	put_segment(page, 0x10, ec2 && start == BSP_START ? 0x9a : 0x9b);
	put_at(page, 0x10, 0xf000, 2); /* CS: selector and base of the reset vector */
	put_at(page, 0x18, start & 0xffff0000u, 8);
	put_segment(page, 0x20, ec2 ? 0x92 : 0x93); /* SS */
	put_segment(page, 0x30, 0x93);
	put_segment(page, 0x40, 0x93);
	put_segment(page, 0x50, 0x93);
	put_segment(page, 0x60, 0);    /* GDTR */
	put_segment(page, 0x70, 0x82); /* LDTR */
	put_segment(page, 0x80, 0);    /* IDTR */
	put_segment(page, 0x90, ec2 ? 0x83 : 0x8b);
}

/* The registers a vCPU starts with [APM 2, table B-4]. */
static void fill_vmsa(uint8_t page[PAGE], const struct tacit_snp_launch *launch, uint32_t start)
{
	bool qemu = launch->vmm == TACIT_SNP_QEMU;

	memset(page, 0, PAGE);
	put_segments(page, launch->vmm, start);
	put_at(page, 0x0d0, 0x1000, 8);     /* EFER: SVME */
	put_at(page, 0x148, 0x40, 8);       /* CR4: MCE */
	put_at(page, 0x158, 0x10, 8);       /* CR0: ET */
	put_at(page, 0x160, 0x400, 8);      /* DR7 */
	put_at(page, 0x168, 0xffff0ff0, 8); /* DR6 */
	put_at(page, 0x170, 2, 8);          /* RFLAGS */
	put_at(page, 0x178, start & 0xffff, 8);
	put_at(page, 0x268, launch->vmm == TACIT_SNP_GCE ? 0x00070106 : 0x0007040600070406u, 8);
	put_at(page, 0x310, qemu ? launch->vcpu_signature : 0x600, 8); /* RDX */
	put_at(page, 0x3b0, launch->features, 8);
	put_at(page, 0x3e8, 1, 8); /* XCR0 */
	if (qemu && !launch->fpu_zero) {
		put_at(page, 0x408, 0x1f80, 4); /* MXCSR */
		put_at(page, 0x410, 0x37f, 2);  /* FCW */
	}
}

static enum tacit_status add_vcpus(struct digest *d, const struct tacit_snp_launch *launch,
				   const struct tacit_snp_metadata *meta, struct tacit_error *err)
{
	uint8_t page[PAGE];
	enum tacit_status st = TACIT_OK;

	if (launch->vcpus == 0 || launch->vcpus > TACIT_SNP_VCPUS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, launch->vcpus, "1 to %d vCPUs",
				  TACIT_SNP_VCPUS_MAX);
	if (launch->vcpus > 1 && !meta->has_reset)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the firmware does not say where a second vCPU starts");
	for (unsigned i = 0; i < launch->vcpus && st == TACIT_OK; i++) {
		if (i < 2)
			fill_vmsa(page, launch, i == 0 ? BSP_START : meta->reset);
		st = add_page(d, PAGE_VMSA, launch->vmsa_address, TACIT_SLICE_ARRAY(page), err);
	}
	return st;
}

enum tacit_status tacit_snp_measure(const struct tacit_snp_launch *launch,
				    uint8_t ret[TACIT_AT_LEAST(48)], struct tacit_error *err)
{
	struct tacit_snp_metadata meta;
	struct digest d;

	enum tacit_status st = tacit_snp_metadata_parse(launch->firmware, &meta, err);
	if (st != TACIT_OK)
		return st;
	if (launch->seed.len == sizeof(d.ld))
		memcpy(d.ld, launch->seed.ptr, sizeof(d.ld));
	else
		st = tacit_snp_measure_firmware(launch->firmware, d.ld, err);
	if (st == TACIT_OK)
		st = add_sections(&d, launch, &meta, err);
	if (st == TACIT_OK)
		st = add_vcpus(&d, launch, &meta, err);
	if (st == TACIT_OK)
		memcpy(ret, d.ld, sizeof(d.ld));
	return st;
}
