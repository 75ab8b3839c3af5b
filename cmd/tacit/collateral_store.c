/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral_store.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "crypto/hash.h"

#define WHERE    "collateral"
#define PATH_LEN 4096

static void free_slice(const struct tacit_slice *bytes)
{
	free((void *)(uintptr_t)bytes->ptr);
}

static enum tacit_status join(const char *folder, const char *name, char path[PATH_LEN],
			      struct tacit_error *err)
{
	int n = snprintf(path, PATH_LEN, "%s/%s", folder, name);

	if (n < 0 || n >= PATH_LEN)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the folder's name is too long");
	return TACIT_OK;
}

enum tacit_status cli_store_open(const char *path, bool parents, unsigned mode,
				 struct tacit_error *err)
{
	char part[PATH_LEN];
	struct stat there;
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the folder's name is too long");
	memcpy(part, path, len + 1);
	for (size_t i = 1; parents && i < len; i++) {
		if (part[i] != '/')
			continue;
		part[i] = 0;
		if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST)
			return tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(errno));
		part[i] = '/';
	}
	if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(errno));
	if (stat(part, &there) != 0 || !S_ISDIR(there.st_mode))
		return tacit_fail(err, TACIT_IO, WHERE, 0, "it is no folder");
	return TACIT_OK;
}

static void restore_signals(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* Whoever ends the program waits until the file has its name, so that no part is left behind. */
static enum tacit_status write_whole(const char *path, struct tacit_slice bytes, unsigned mode,
				     struct tacit_error *err)
{
	sigset_t ends;
	TACIT_CLEANUP(restore_signals) sigset_t before;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGQUIT);
	sigprocmask(SIG_BLOCK, &ends, &before);
	return cli_write_file(path, bytes, mode, err);
}

/* ---- the user's folder ---------------------------------------------------------------------- */

/* Signers are named by their content, so that the old ones of other documents stay. */
static enum tacit_status keep_chain(const char *folder, struct tacit_slice chain,
				    struct tacit_error *err)
{
	uint8_t digest[TACIT_SHA256_LEN];
	char hex[17], name[64], path[PATH_LEN];
	TACIT_CLEANUP(free_slice) struct tacit_slice there = { NULL, 0 };

	if (!chain.len)
		return TACIT_OK;
	enum tacit_status st = tacit_hash(TACIT_SHA256, chain, digest, err);
	if (st != TACIT_OK)
		return st;
	tacit_hex_encode(tacit_slice_of(digest, 8), hex);
	(void)snprintf(name, sizeof(name), "intel-tcb-signer-%s.pem", hex);
	st = join(folder, name, path, err);
	if (st != TACIT_OK)
		return st;
	if (cli_read_file(path, TACIT_COLLATERAL_LENGTH, &there, NULL) == TACIT_OK &&
	    tacit_slice_eq(there, chain))
		return TACIT_OK;
	return write_whole(path, chain, 0644, err);
}

/*
 * What is under the name now. What cannot be read as such a piece says nothing about age, and
 * gives way.
 */
static enum tacit_status compare(const char *path, const struct tacit_fetched *piece,
				 struct tacit_arena *arena, enum cli_kept *ret,
				 struct tacit_error *err)
{
	TACIT_CLEANUP(free_slice) struct tacit_slice there = { NULL, 0 };
	struct tacit_arena scratch = *arena;
	struct tacit_fetched before;

	*ret = CLI_KEPT_NEW;
	if (cli_read_file(path, TACIT_COLLATERAL_LENGTH, &there, NULL) != TACIT_OK)
		return TACIT_OK;
	*ret = tacit_slice_eq(there, piece->bytes) ? CLI_KEPT_SAME : CLI_KEPT_NEWER;
	/* Who signed it does not matter for its age: whoever writes here can do worse. */
	if (*ret == CLI_KEPT_SAME ||
	    tacit_fetch_read_kept(piece->piece, there, &scratch, &before, NULL) != TACIT_OK)
		return TACIT_OK;
	return tacit_fetch_read_age(piece, &before, err);
}

enum tacit_status cli_store_keep(const char *folder, const struct tacit_fetched *piece,
				 struct tacit_arena *arena, enum cli_kept *ret,
				 struct tacit_error *err)
{
	char path[PATH_LEN];
	enum cli_kept kept = CLI_KEPT_NEW;
	enum tacit_status st = join(folder, piece->piece->file, path, err);

	if (st == TACIT_OK)
		st = compare(path, piece, arena, &kept, err);
	if (st == TACIT_OK)
		st = keep_chain(folder, piece->chain, err);
	if (st == TACIT_OK && kept != CLI_KEPT_SAME)
		st = write_whole(path, piece->bytes, 0644, err);
	if (st == TACIT_OK)
		*ret = kept;
	return st;
}

/* ---- the cache ------------------------------------------------------------------------------ */

bool cli_cache_folder(char *ret, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = -1;

	/* [XDG base directories]: a path that is not absolute is to be ignored. */
	if (cache && cache[0] == '/')
		n = snprintf(ret, size, "%s/tacit/kds", cache);
	else if (home && home[0] == '/')
		n = snprintf(ret, size, "%s/.cache/tacit/kds", home);
	return n > 0 && (size_t)n < size;
}

bool cli_cache_get(const char *folder, const struct tacit_fetch_piece *piece, int64_t now,
		   struct tacit_arena *arena, struct tacit_slice *ret_bytes,
		   struct tacit_fetched *ret)
{
	char path[PATH_LEN];
	struct tacit_fetched found;
	struct tacit_slice bytes;

	if (!piece->cache[0] || join(folder, piece->cache, path, NULL) != TACIT_OK ||
	    cli_read_file(path, tacit_fetch_kind_max(piece->kind), &bytes, NULL) != TACIT_OK)
		return false;
	if (tacit_fetch_read(piece, bytes, NULL, arena, &found, NULL) != TACIT_OK ||
	    now > found.until) {
		free_slice(&bytes);
		return false;
	}
	*ret_bytes = bytes;
	*ret = found;
	return true;
}

enum tacit_status cli_cache_put(const char *folder, const struct tacit_fetched *piece,
				struct tacit_error *err)
{
	char path[PATH_LEN];
	enum tacit_status st = join(folder, piece->piece->cache, path, err);

	if (st != TACIT_OK)
		return st;
	char *slash = strrchr(path, '/');
	*slash = 0;
	st = cli_store_open(path, false, 0700, err);
	*slash = '/';
	return st == TACIT_OK ? write_whole(path, piece->bytes, 0644, err) : st;
}
