/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "eif.h"

static enum tacit_status put_bytes(struct eif_building *b, enum tacit_eif_kind kind,
				   struct tacit_slice bytes, struct tacit_error *err)
{
	enum tacit_status st = eif_building_section(b, kind, bytes.len, err);

	return st == TACIT_OK ? eif_building_content(b, bytes, err) : st;
}

static enum tacit_status put_file(struct eif_building *b, enum tacit_eif_kind kind,
				  const char *path, struct tacit_error *err)
{
	struct stat info;

	if (stat(path, &info))
		return tacit_fail(err, TACIT_IO, "eif.build", 0, "%s: %s", path, strerror(errno));
	if (!S_ISREG(info.st_mode))
		return tacit_fail(err, TACIT_USAGE, "eif.build", 0, "%s: not a regular file", path);
	uint64_t size = (uint64_t)info.st_size;
	enum tacit_status st = eif_building_section(b, kind, size, err);
	return st == TACIT_OK ? eif_each_exact(path, size, eif_building_content, b, err) : st;
}

static enum tacit_status put_packed(struct eif_building *b, const struct eif_tree *tree,
				    struct tacit_error *err)
{
	struct tacit_slice packed;
	enum tacit_status st = eif_pack_tree(tree, &packed, err);

	if (st != TACIT_OK)
		return st;
	st = put_bytes(b, TACIT_EIF_RAMDISK, packed, err);
	free((void *)(uintptr_t)packed.ptr);
	return st;
}

static enum tacit_status put_ramdisk(struct eif_building *b, const struct eif_ramdisk *ramdisk,
				     struct tacit_error *err)
{
	if (ramdisk->path)
		return put_file(b, TACIT_EIF_RAMDISK, ramdisk->path, err);
	if (ramdisk->is_packed)
		return put_packed(b, &ramdisk->tree, err);
	enum tacit_status st =
		eif_building_section(b, TACIT_EIF_RAMDISK, eif_tree_size(&ramdisk->tree), err);
	return st == TACIT_OK ? eif_tree_write(&ramdisk->tree, eif_building_content, b, err) : st;
}

static enum tacit_status put_sections(struct eif_building *b, const struct eif_plan *plan,
				      struct tacit_error *err)
{
	enum tacit_status st = put_file(b, TACIT_EIF_KERNEL, plan->kernel, err);

	if (st == TACIT_OK)
		st = put_bytes(b, TACIT_EIF_CMDLINE, tacit_slice_str(plan->cmdline), err);
	if (st == TACIT_OK && plan->metadata.ptr)
		st = put_bytes(b, TACIT_EIF_METADATA, plan->metadata, err);
	for (size_t i = 0; st == TACIT_OK && i < plan->ramdisk_count; i++)
		st = put_ramdisk(b, &plan->ramdisk[i], err);
	return st;
}

enum tacit_status eif_plan_write(const struct eif_plan *plan, const char *output,
				 struct eif_registers *ret, struct tacit_error *err)
{
	struct eif_building *b = eif_building_new(output, &plan->header, err);

	if (!b)
		return err->status;
	enum tacit_status st = put_sections(b, plan, err);
	if (st == TACIT_OK)
		st = eif_building_finish(b, &plan->signer, &plan->expect, ret, err);
	eif_building_free(b);
	return st;
}

void eif_plan_done(struct eif_plan *plan)
{
	for (size_t i = 0; i < plan->ramdisk_count; i++)
		eif_tree_done(&plan->ramdisk[i].tree);
	free((void *)(uintptr_t)plan->metadata.ptr);
}
