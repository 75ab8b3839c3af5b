/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "eif.h"

#define ENTRIES_MAX (1u << 20)
#define TARGET_MAX  4096

static void close_fd(const int *fd)
{
	if (*fd > 2)
		close(*fd);
}

static void free_bytes(uint8_t **bytes)
{
	free(*bytes);
}

enum tacit_status eif_read_file(const char *path, size_t max, struct tacit_slice *ret,
				struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	enum tacit_status st = cli_read_file(path, max, ret, &why);

	if (st != TACIT_OK)
		return tacit_fail(err, st, why.where, why.offset, "%s: %s", path, why.detail);
	return st;
}

enum tacit_status eif_each_piece(const char *path, eif_take *take, void *user,
				 struct tacit_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	TACIT_CLEANUP(close_fd)
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	TACIT_CLEANUP(free_bytes) uint8_t *bytes = malloc(EIF_PIECE);
	enum tacit_status st = TACIT_OK;

	if (fd < 0)
		return tacit_fail(err, TACIT_IO, "file.open", 0, "%s: %s", path, strerror(errno));
	if (!bytes)
		return tacit_fail(err, TACIT_NOMEM, "file.read", 0, "out of memory");
	while (st == TACIT_OK) {
		ssize_t n = read(fd, bytes, EIF_PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tacit_fail(err, TACIT_IO, "file.read", 0, "%s: %s", path,
					  strerror(errno));
		if (n == 0)
			break;
		st = take(user, tacit_slice_of(bytes, (size_t)n), err);
	}
	return st;
}

/* Counts what a file gives, since an image says before how long it is. */
struct exact {
	eif_take *take;
	void *user;
	const char *path;
	uint64_t left;
};

static enum tacit_status take_exact(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct exact *exact = user;

	if (bytes.len > exact->left)
		return tacit_fail(err, TACIT_IO, "file.read", 0, "%s: grew while it was read",
				  exact->path);
	exact->left -= bytes.len;
	return exact->take(exact->user, bytes, err);
}

enum tacit_status eif_each_exact(const char *path, uint64_t size, eif_take *take, void *user,
				 struct tacit_error *err)
{
	struct exact exact = { take, user, path, size };
	enum tacit_status st = eif_each_piece(path, take_exact, &exact, err);

	if (st == TACIT_OK && exact.left)
		st = tacit_fail(err, TACIT_IO, "file.read", 0, "%s: shrank while it was read",
				path);
	return st;
}

/* ---- what passes by -------------------------------------------------------------------------- */

struct reading {
	struct eif_file *file;
	struct tacit_eif_scan scan;
	struct tacit_hasher *section, *content;
	size_t index; /* of the section that `section` hashes; SIZE_MAX before the first */
	struct tacit_initramfs_scan archives;
	size_t ramdisk; /* that `archives` reads, counted from 1 */
	struct eif_entry entry;
	char target[TARGET_MAX + 1];
	size_t target_len;
	bool no_memory;
};

static void begin_entry(void *user, const struct tacit_cpio_entry *entry)
{
	struct reading *r = user;

	r->entry = (struct eif_entry){ .ramdisk = r->ramdisk - 1,
				       .mode = entry->mode,
				       .size = entry->size };
	r->entry.name = strndup((const char *)entry->name.ptr, entry->name.len);
	r->target_len = 0;
}

static void entry_content(void *user, struct tacit_slice bytes)
{
	struct reading *r = user;
	size_t room = TARGET_MAX - r->target_len;

	tacit_hasher_update(r->content, bytes);
	if ((r->entry.mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_LINK && bytes.len <= room) {
		memcpy(r->target + r->target_len, bytes.ptr, bytes.len);
		r->target_len += bytes.len;
	}
}

static bool grow_entries(struct eif_file *file)
{
	if (file->entry_count < file->entry_room)
		return true;
	size_t room = file->entry_room ? 2 * file->entry_room : 256;
	struct eif_entry *bigger =
		room > ENTRIES_MAX ? NULL : realloc(file->entries, room * sizeof(*bigger));
	if (!bigger)
		return false;
	file->entries = bigger;
	file->entry_room = room;
	return true;
}

static void end_entry(void *user)
{
	struct reading *r = user;
	bool is_link = (r->entry.mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_LINK;

	if (is_link) {
		r->target[r->target_len] = '\0';
		r->entry.target = strdup(r->target);
	}
	if (tacit_hasher_final(r->content, r->entry.sha256, NULL) != TACIT_OK || !r->entry.name ||
	    (is_link && !r->entry.target) || !grow_entries(r->file)) {
		free(r->entry.name);
		free(r->entry.target);
		r->no_memory = true;
	} else {
		r->file->entries[r->file->entry_count++] = r->entry;
	}
	r->entry = (struct eif_entry){ 0 };
}

static const struct tacit_cpio_calls CALLS = { begin_entry, entry_content, end_entry };

static void end_ramdisk(struct reading *r)
{
	struct tacit_error *why = r->ramdisk ? &r->file->listing[r->ramdisk - 1] : NULL;

	if (why && why->status == TACIT_OK)
		why->status = tacit_initramfs_scan_final(&r->archives, why);
	free(r->entry.name);
	r->entry = (struct eif_entry){ 0 };
}

static void end_section(struct reading *r)
{
	if (r->index < TACIT_EIF_SECTIONS_MAX &&
	    tacit_hasher_final(r->section, r->file->digest[r->index], NULL) != TACIT_OK)
		r->no_memory = true;
}

static void begin_section(struct reading *r, size_t index, uint16_t kind)
{
	end_section(r);
	r->index = index;
	if (kind != TACIT_EIF_RAMDISK)
		return;
	end_ramdisk(r);
	r->ramdisk++;
	tacit_initramfs_scan_init(&r->archives, &CALLS, r);
}

static void on_content(void *user, size_t index, uint16_t kind, struct tacit_slice bytes)
{
	struct reading *r = user;

	if (index != r->index)
		begin_section(r, index, kind);
	tacit_hasher_update(r->section, bytes);
	if (kind != TACIT_EIF_RAMDISK)
		return;
	struct tacit_error *why = &r->file->listing[r->ramdisk - 1];
	if (why->status == TACIT_OK)
		why->status = tacit_initramfs_scan_update(&r->archives, bytes, why);
}

static enum tacit_status on_piece(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct reading *r = user;
	enum tacit_status st = tacit_eif_scan_update(&r->scan, bytes, err);

	if (st == TACIT_OK && r->no_memory)
		return tacit_fail(err, TACIT_NOMEM, "eif.files", 0, "out of memory");
	return st;
}

static void reading_done(struct reading *r)
{
	end_ramdisk(r);
	tacit_eif_scan_done(&r->scan);
	tacit_hasher_free(r->section);
	tacit_hasher_free(r->content);
	free(r);
}

enum tacit_status eif_file_read(const char *path, bool list, struct eif_file *ret,
				struct tacit_error *err)
{
	struct reading *r = calloc(1, sizeof(*r));

	*ret = (struct eif_file){ .path = path, .listed = list, .room = malloc(TACIT_EIF_ROOM) };
	tacit_arena_init(&ret->arena, ret->room, ret->room ? TACIT_EIF_ROOM : 0);
	if (!r || !ret->room) {
		free(r);
		return tacit_fail(err, TACIT_NOMEM, "eif", 0, "out of memory");
	}
	r->file = ret;
	r->index = SIZE_MAX;
	r->section = tacit_hasher_new(TACIT_SHA256);
	r->content = tacit_hasher_new(TACIT_SHA256);
	enum tacit_status st =
		tacit_eif_scan_init(&r->scan, &ret->arena, list ? on_content : NULL, r, err);
	if (st == TACIT_OK && (!r->section || !r->content))
		st = tacit_fail(err, TACIT_NOMEM, "eif", 0, "out of memory");
	if (st == TACIT_OK)
		st = eif_each_piece(path, on_piece, r, err);
	if (st == TACIT_OK)
		st = tacit_eif_scan_final(&r->scan, &ret->image, err);
	if (st == TACIT_OK && list)
		end_section(r);
	ret->ramdisk_count = r->ramdisk;
	reading_done(r);
	return st;
}

void eif_file_done(struct eif_file *file)
{
	for (size_t i = 0; i < file->entry_count; i++) {
		free(file->entries[i].name);
		free(file->entries[i].target);
	}
	free(file->entries);
	free(file->room);
	*file = (struct eif_file){ 0 };
}
