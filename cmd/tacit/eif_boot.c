/* SPDX-License-Identifier: Apache-2.0 */

/* What an image of ours boots from: kernel, metadata, and the ramdisk of our init. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/time.h"
#include "eif.h"
#include "sys/fd.h"

#define WHERE       "boot"
#define HEAD_SIZE   65536 /* of a kernel: its version stands in here */
#define CUSTOM_MAX  4096  /* what AWS's tools take */
#define MODULES_MAX 64

/* ---- kernels ----------------------------------------------------------------------------------
 */

/* The start of the file; no bytes when it cannot be read, which is told when it is copied. */
static struct tacit_slice read_start(const char *path, uint8_t room[static HEAD_SIZE])
{
	TACIT_CLEANUP(tacit_fd_close)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, room, HEAD_SIZE);

	return tacit_slice_of(room, n < 0 ? 0 : (size_t)n);
}

static bool has_bytes(struct tacit_slice in, size_t at, const char *want, size_t len)
{
	return in.len >= at + len && memcmp(in.ptr + at, want, len) == 0;
}

bool eif_kernel_machine(const char *path, uint16_t *ret_flags)
{
	uint8_t room[HEAD_SIZE];
	struct tacit_slice start = read_start(path, room);

	/* Linux Documentation/arch/x86/boot.rst and arm64/booting.rst */
	if (has_bytes(start, 0x202, "HdrS", 4)) {
		*ret_flags = 0;
		return true;
	}
	if (has_bytes(start, 0x38, "ARM\x64", 4)) {
		*ret_flags = TACIT_EIF_ARM64;
		return true;
	}
	return false;
}

/* The release of an x86 kernel, "6.12.117"; "" when its header does not say. */
static void kernel_release(const char *path, char *ret, size_t size)
{
	uint8_t room[HEAD_SIZE];
	struct tacit_slice start = path ? read_start(path, room) : tacit_slice_of(room, 0);
	size_t len = 0;

	ret[0] = '\0';
	if (!has_bytes(start, 0x202, "HdrS", 4) || start.len < 0x210)
		return;
	size_t at = ((size_t)start.ptr[0x20e] | (size_t)start.ptr[0x20f] << 8) + 0x200;
	while (at + len < start.len && len + 1 < size && start.ptr[at + len] > ' ' &&
	       start.ptr[at + len] < 0x7f) {
		ret[len] = (char)start.ptr[at + len];
		len++;
	}
	ret[len] = '\0';
}

/* ---- metadata ---------------------------------------------------------------------------------
 */

static enum tacit_status read_custom(const char *path, json_t **ret, struct tacit_error *err)
{
	struct tacit_slice text;
	enum tacit_status st = eif_read_file(path, CUSTOM_MAX, &text, err);

	if (st != TACIT_OK)
		return st;
	st = tacit_json_parse(text, ret, err);
	free((void *)(uintptr_t)text.ptr);
	return st;
}

enum tacit_status eif_metadata(const struct eif_about *about, const char *kernel,
			       struct tacit_slice *ret, struct tacit_error *err)
{
	char when[TACIT_TIME_TEXT], release[128];
	json_t *custom = NULL;

	if (about->custom) {
		enum tacit_status st = read_custom(about->custom, &custom, err);

		if (st != TACIT_OK)
			return st;
	}
	tacit_time_format(about->built, when);
	kernel_release(kernel, release, sizeof(release));
	/* The members and their order are those of AWS's tools, which want all of them. */
	json_t *top = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}, s:n, s:o}", "ImageName",
				about->name ? about->name : "", "ImageVersion",
				about->version ? about->version : "", "BuildMetadata", "BuildTime",
				when, "BuildTool", "tacit", "BuildToolVersion", TACIT_VERSION,
				"OperatingSystem", "Linux", "KernelVersion", release, "DockerInfo",
				"CustomMetadata", custom ? custom : json_null());
	char *text = top ? json_dumps(top, JSON_COMPACT) : NULL;
	json_decref(top);
	if (!text)
		return tacit_fail(err, TACIT_USAGE, "metadata", 0,
				  "name or version is no UTF-8 text, or memory is out");
	*ret = tacit_slice_str(text);
	return TACIT_OK;
}

/* ---- files --------------------------------------------------------------------------------------
 */

/* HOST:GUEST or HOST:GUEST:MODE; a host path may hold colons, a guest path may not. */
enum tacit_status eif_tree_option(struct eif_tree *tree, const char *text, struct tacit_error *err)
{
	char host[4096];
	const char *colon = strstr(text, ":/");
	uint32_t mode = 0;

	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(host))
		return tacit_fail(err, TACIT_USAGE, "file", 0, "'%.80s' is not HOST:/GUEST[:MODE]",
				  text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	char guest[TACIT_CPIO_NAME_MAX + 2];
	const char *last = strchr(colon + 1, ':');
	size_t len = last ? (size_t)(last - colon - 1) : strlen(colon + 1);
	if (len >= sizeof(guest))
		return tacit_fail(err, TACIT_USAGE, "file", 0, "a name in the image is too long");
	memcpy(guest, colon + 1, len);
	guest[len] = '\0';
	if (last) {
		char *end = NULL;
		unsigned long value = strtoul(last + 1, &end, 8);

		if (!last[1] || *end || value > 07777)
			return tacit_fail(err, TACIT_USAGE, "file", 0,
					  "'%.16s' is no mode in octal", last + 1);
		mode = (uint32_t)value;
	}
	return eif_tree_file(tree, guest, host, mode, err);
}

/* ---- our init ---------------------------------------------------------------------------------
 */

enum tacit_status eif_boot_lines(struct eif_tree *tree, const char *guest, const char *const *lines,
				 size_t count, struct tacit_error *err)
{
	size_t size = 0, at = 0;

	for (size_t i = 0; i < count; i++) {
		if (strchr(lines[i], '\n'))
			return tacit_fail(err, TACIT_USAGE, WHERE, 0,
					  "an argument for %s holds a newline", guest);
		size += strlen(lines[i]) + 1;
	}
	uint8_t *text = malloc(size ? size : 1);
	if (!text)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(lines[i]);

		memcpy(text + at, lines[i], len);
		text[at + len] = '\n';
		at += len + 1;
	}
	enum tacit_status st = eif_tree_bytes(tree, guest, tacit_slice_of(text, size), 0644, err);
	free(text);
	return st;
}

/* The modules under names that tell their order, and the list that init goes through. */
static enum tacit_status add_modules(struct eif_tree *tree, const struct cli_list *modules,
				     struct tacit_error *err)
{
	char names[MODULES_MAX][256];
	const char *lines[MODULES_MAX];
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; st == TACIT_OK && i < modules->count; i++) {
		const char *slash = strrchr(modules->items[i], '/');
		int n = snprintf(names[i], sizeof(names[i]), "/lib/modules/%s",
				 slash ? slash + 1 : modules->items[i]);

		if (n < 0 || (size_t)n >= sizeof(names[i]))
			return tacit_fail(err, TACIT_USAGE, WHERE, 0,
					  "a module's name is too long");
		lines[i] = names[i];
		st = eif_tree_file(tree, names[i], modules->items[i], 0644, err);
	}
	return st == TACIT_OK
		       ? eif_boot_lines(tree, "/etc/tacit/modules", lines, modules->count, err)
		       : st;
}

enum tacit_status eif_boot_tree(const struct eif_boot *boot, struct eif_tree *tree,
				struct tacit_error *err)
{
	static const char *const FOLDERS[] = { "dev", "proc", "sys", "tmp", "run", "etc/tacit" };
	enum tacit_status st = eif_tree_file(tree, "/init", boot->init, 0755, err);

	for (size_t i = 0; st == TACIT_OK && i < TACIT_ARRAY_LEN(FOLDERS); i++)
		st = eif_tree_folder(tree, FOLDERS[i], err);
	/* Linux opens it for init before anything is mounted. */
	if (st == TACIT_OK)
		st = eif_tree_device(tree, "dev/console", 5, 1, err);
	if (st == TACIT_OK && boot->modules->count)
		st = add_modules(tree, boot->modules, err);
	return st == TACIT_OK ? eif_tree_finish(tree, err) : st;
}
