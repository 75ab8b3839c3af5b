/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "eif.h"

#define WHERE     "tree"
#define ITEMS_MAX (1u << 20)

static enum tacit_status no_memory(struct tacit_error *err)
{
	return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
}

/* No empty part, no "." and no "..": each path has one spelling. */
static bool is_path(const char *name)
{
	if (strlen(name) > TACIT_CPIO_NAME_MAX)
		return false;
	for (const char *part = name;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += len;
		if (!*part)
			return true;
	}
}

/* A new item of that name, zero but for its name. */
static enum tacit_status add_item(struct eif_tree *tree, const char *guest, struct eif_item **ret,
				  struct tacit_error *err)
{
	const char *name = guest[0] == '/' ? guest + 1 : guest;
	char shown[64];

	if (!is_path(name))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "'%s' is no path in an image",
				  tacit_escape(shown, sizeof(shown), tacit_slice_str(guest)));
	if (tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct eif_item *bigger =
			room > ITEMS_MAX ? NULL : realloc(tree->items, room * sizeof(*bigger));

		if (!bigger)
			return no_memory(err);
		tree->items = bigger;
		tree->room = room;
	}
	struct eif_item *item = &tree->items[tree->count];
	*item = (struct eif_item){ .name = strdup(name) };
	if (!item->name)
		return no_memory(err);
	tree->count++;
	*ret = item;
	return TACIT_OK;
}

enum tacit_status eif_tree_folder(struct eif_tree *tree, const char *guest, struct tacit_error *err)
{
	struct eif_item *item;
	enum tacit_status st = add_item(tree, guest, &item, err);

	if (st == TACIT_OK)
		item->mode = TACIT_CPIO_FOLDER | 0755;
	return st;
}

enum tacit_status eif_tree_file(struct eif_tree *tree, const char *guest, const char *host,
				uint32_t mode, struct tacit_error *err)
{
	struct eif_item *item;
	struct stat info;
	enum tacit_status st;

	if (stat(host, &info))
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", host, strerror(errno));
	if (!S_ISREG(info.st_mode))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%s: not a regular file", host);
	if ((uint64_t)info.st_size > TACIT_CPIO_SIZE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0,
				  "%s: over 4 GiB, which an initramfs cannot hold in one file",
				  host);
	st = add_item(tree, guest, &item, err);
	if (st != TACIT_OK)
		return st;
	item->mode = TACIT_CPIO_FILE | (mode ? mode : info.st_mode & 0100 ? 0755 : 0644);
	item->size = (uint64_t)info.st_size;
	item->host = strdup(host);
	return item->host ? TACIT_OK : no_memory(err);
}

enum tacit_status eif_tree_bytes(struct eif_tree *tree, const char *guest, struct tacit_slice bytes,
				 uint32_t mode, struct tacit_error *err)
{
	struct eif_item *item;
	enum tacit_status st = add_item(tree, guest, &item, err);

	if (st != TACIT_OK)
		return st;
	item->mode = TACIT_CPIO_FILE | mode;
	item->bytes = malloc(bytes.len ? bytes.len : 1);
	if (!item->bytes)
		return no_memory(err);
	if (bytes.len)
		memcpy(item->bytes, bytes.ptr, bytes.len);
	item->size = bytes.len;
	return TACIT_OK;
}

enum tacit_status eif_tree_device(struct eif_tree *tree, const char *guest, uint32_t major,
				  uint32_t minor, struct tacit_error *err)
{
	struct eif_item *item;
	enum tacit_status st = add_item(tree, guest, &item, err);

	if (st != TACIT_OK)
		return st;
	item->mode = TACIT_CPIO_CHAR | 0600;
	item->major = major;
	item->minor = minor;
	return TACIT_OK;
}

/* ---- order ------------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct eif_item *)a)->name, ((const struct eif_item *)b)->name);
}

static const struct eif_item *find_item(const struct eif_tree *tree, size_t count, const char *name)
{
	const struct eif_item key = { .name = (char *)(uintptr_t)name };

	return bsearch(&key, tree->items, count, sizeof(key), by_name);
}

/* The folders above an item, of which the first `sorted` items may have some. */
static enum tacit_status add_parents(struct eif_tree *tree, size_t sorted, const char *name,
				     struct tacit_error *err)
{
	char path[TACIT_CPIO_NAME_MAX + 1];
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; name[i] && st == TACIT_OK; i++) {
		path[i] = name[i];
		if (name[i] != '/')
			continue;
		path[i] = '\0';
		const struct eif_item *there = find_item(tree, sorted, path);
		if (there && (there->mode & TACIT_CPIO_TYPE_MASK) != TACIT_CPIO_FOLDER)
			return tacit_fail(err, TACIT_USAGE, WHERE, 0,
					  "'%s' would have to be a folder and a file", path);
		if (!there)
			st = eif_tree_folder(tree, path, err);
		path[i] = '/';
	}
	return st;
}

/* Folders may have come several times; nothing else may. */
static enum tacit_status drop_doubles(struct eif_tree *tree, struct tacit_error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->count; i++) {
		struct eif_item *item = &tree->items[i];
		const struct eif_item *last = kept ? &tree->items[kept - 1] : NULL;

		if (!last || strcmp(last->name, item->name) != 0) {
			tree->items[kept++] = *item;
			continue;
		}
		if ((last->mode & TACIT_CPIO_TYPE_MASK) != TACIT_CPIO_FOLDER ||
		    (item->mode & TACIT_CPIO_TYPE_MASK) != TACIT_CPIO_FOLDER)
			return tacit_fail(err, TACIT_USAGE, WHERE, 0, "'%s' is there twice",
					  item->name);
		free(item->name);
		item->name = NULL;
	}
	tree->count = kept;
	return TACIT_OK;
}

enum tacit_status eif_tree_finish(struct eif_tree *tree, struct tacit_error *err)
{
	size_t given = tree->count;
	enum tacit_status st = TACIT_OK;

	if (given == 0)
		return TACIT_OK;
	qsort(tree->items, given, sizeof(*tree->items), by_name);
	for (size_t i = 0; st == TACIT_OK && i < given; i++)
		st = add_parents(tree, given, tree->items[i].name, err);
	if (st != TACIT_OK)
		return st;
	qsort(tree->items, tree->count, sizeof(*tree->items), by_name);
	return drop_doubles(tree, err);
}

bool eif_tree_apart(const struct eif_tree *a, const struct eif_tree *b, const char **ret_name)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct eif_item *item = &a->items[i];
		const struct eif_item *other = find_item(b, b->count, item->name);

		if (!other || ((item->mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_FOLDER &&
			       (other->mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_FOLDER))
			continue;
		*ret_name = item->name;
		return false;
	}
	return true;
}

/* ---- the archive ------------------------------------------------------------------------------
 */

static struct tacit_cpio_entry entry_of(const struct eif_item *item)
{
	return (struct tacit_cpio_entry){ .name = tacit_slice_str(item->name),
					  .mode = item->mode,
					  .size = item->size,
					  .major = item->major,
					  .minor = item->minor };
}

uint64_t eif_tree_size(const struct eif_tree *tree)
{
	uint64_t size = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tacit_cpio_entry entry = entry_of(&tree->items[i]);

		size += tacit_cpio_entry_size(&entry);
	}
	return size + tacit_cpio_end_size(size);
}

static enum tacit_status write_content(const struct eif_item *item, eif_take *take, void *user,
				       struct tacit_error *err)
{
	if (item->host)
		return eif_each_exact(item->host, item->size, take, user, err);
	return take(user, tacit_slice_of(item->bytes, item->bytes ? item->size : 0), err);
}

static enum tacit_status write_item(const struct eif_item *item, uint32_t inode, eif_take *take,
				    void *user, struct tacit_error *err)
{
	static const uint8_t ZEROS[4];
	uint8_t room[TACIT_CPIO_HEAD + TACIT_CPIO_NAME_MAX + 8];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	const struct tacit_cpio_entry entry = entry_of(item);
	struct tacit_slice head;
	enum tacit_status st;

	tacit_cpio_put_head(&w, &entry, inode);
	st = wr_finish(&w, WHERE, &head, err);
	if (st == TACIT_OK)
		st = take(user, head, err);
	if (st == TACIT_OK)
		st = write_content(item, take, user, err);
	if (st == TACIT_OK)
		st = take(user, tacit_slice_of(ZEROS, tacit_cpio_padding(item->size)), err);
	return st;
}

enum tacit_status eif_tree_write(const struct eif_tree *tree, eif_take *take, void *user,
				 struct tacit_error *err)
{
	uint8_t room[2 * TACIT_CPIO_BLOCK];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice end;
	uint64_t at = 0;
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; st == TACIT_OK && i < tree->count; i++) {
		const struct tacit_cpio_entry entry = entry_of(&tree->items[i]);

		at += tacit_cpio_entry_size(&entry);
		st = write_item(&tree->items[i], (uint32_t)i + 1, take, user, err);
	}
	if (st != TACIT_OK)
		return st;
	tacit_cpio_put_end(&w, at);
	st = wr_finish(&w, WHERE, &end, err);
	return st == TACIT_OK ? take(user, end, err) : st;
}

void eif_tree_done(struct eif_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->items[i].name);
		free(tree->items[i].host);
		free(tree->items[i].bytes);
	}
	free(tree->items);
	*tree = (struct eif_tree){ 0 };
}
