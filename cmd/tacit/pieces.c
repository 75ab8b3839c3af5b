/* SPDX-License-Identifier: Apache-2.0 */
#include "pieces.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "codec/pem.h"
#include "trust/x509.h"

#define CERTS_MAX 64

static void free_piece(struct cli_piece *piece)
{
	free(piece->path);
	free((void *)(uintptr_t)piece->bytes.ptr);
}

void cli_pieces_free(struct cli_pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		free_piece(&pieces->items[i]);
	pieces->count = 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

static int add_file(const struct cli_common *common, const char *path, bool named,
		    struct cli_pieces *pieces)
{
	struct tacit_error err = { 0 };
	struct cli_piece piece = { .named = named };

	if (pieces->count == CLI_PIECES_MAX)
		return cli_usage("more than %d files of collateral", CLI_PIECES_MAX);
	enum tacit_status status = cli_read_file(path, TACIT_COLLATERAL_LENGTH, &piece.bytes, &err);
	if (status == TACIT_LIMIT && !named) {
		cli_say(common, "note: skipping '%s': %s", path, err.detail);
		return 0;
	}
	if (status != TACIT_OK)
		return cli_fail(common, &err, "cannot read '%s'", path);
	piece.path = strdup(path);
	pieces->bytes += piece.bytes.len;
	if (piece.path && pieces->bytes <= CLI_PIECES_BYTES) {
		pieces->items[pieces->count++] = piece;
		return 0;
	}
	free_piece(&piece);
	if (pieces->bytes > CLI_PIECES_BYTES)
		return cli_usage("more than %zu bytes of collateral", CLI_PIECES_BYTES);
	return cli_no_memory(common);
}

static int add_folder(const struct cli_common *common, const char *path, unsigned depth,
		      struct cli_pieces *pieces);

/* Links to files count; links to folders do not, since they may go round in circles. */
static int add_entry(const struct cli_common *common, const char *path, unsigned depth,
		     struct cli_pieces *pieces)
{
	struct stat at, behind;

	if (lstat(path, &at) == 0 && S_ISDIR(at.st_mode)) {
		if (depth < CLI_PIECES_DEPTH)
			return add_folder(common, path, depth + 1, pieces);
		cli_say(common, "note: skipping '%s': more than %d folders deep", path,
			CLI_PIECES_DEPTH);
		return 0;
	}
	if (stat(path, &behind) == 0 && S_ISREG(behind.st_mode))
		return add_file(common, path, false, pieces);
	cli_say(common, "note: skipping '%s': no regular file", path);
	return 0;
}

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int add_folder(const struct cli_common *common, const char *path, unsigned depth,
		      struct cli_pieces *pieces)
{
	struct dirent **entries = NULL;
	struct tacit_error err = { 0 };
	char inside[4096];
	int code = 0, count = scandir(path, &entries, is_entry, alphasort);

	if (count < 0) {
		(void)tacit_fail(&err, TACIT_IO, "folder", 0, "%s", strerror(errno));
		return cli_fail(common, &err, "cannot read '%s'", path);
	}
	for (int i = 0; i < count; i++) {
		int n = snprintf(inside, sizeof(inside), "%s/%s", path, entries[i]->d_name);

		if (code == 0 && n > 0 && (size_t)n < sizeof(inside))
			code = add_entry(common, inside, depth, pieces);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int cli_pieces_read(const struct cli_common *common, const struct cli_list *paths, bool folders,
		    struct cli_pieces *pieces)
{
	int code = 0;

	for (size_t i = 0; i < paths->count && code == 0; i++) {
		const char *path = paths->items[i];

		if (strcmp(path, "-") == 0)
			return cli_usage("evidence alone can come from standard input");
		code = folders && is_folder(path) ? add_folder(common, path, 0, pieces)
						  : add_file(common, path, true, pieces);
	}
	return code;
}

/* ---- recognising --------------------------------------------------------------------------- */

/* Whether the piece is collateral by itself; what that takes of the arena is given back. */
static bool is_collateral(const struct cli_piece *piece, const struct tacit_arena *arena,
			  struct tacit_error *err)
{
	struct tacit_arena scratch = *arena;
	const struct tacit_collateral *ignored;

	return tacit_collateral_parse(&piece->bytes, 1, &scratch, &ignored, err) != TACIT_FORMAT;
}

static void drop_strangers(const struct cli_common *common, struct cli_pieces *pieces,
			   const struct tacit_arena *arena)
{
	size_t kept = 0;

	for (size_t i = 0; i < pieces->count; i++) {
		struct cli_piece *piece = &pieces->items[i];
		struct tacit_error err = { 0 };

		if (piece->named || is_collateral(piece, arena, &err)) {
			pieces->items[kept++] = *piece;
			continue;
		}
		cli_say(common, "note: skipping '%s': %s", piece->path, err.detail);
		free_piece(piece);
	}
	pieces->count = kept;
}

struct tacit_slice *cli_pieces_list(const struct cli_pieces *pieces, struct tacit_arena *arena)
{
	struct tacit_slice *list = tacit_arena_alloc(arena, (pieces->count + 1) * sizeof(*list));

	for (size_t i = 0; list && i < pieces->count; i++)
		list[i] = pieces->items[i].bytes;
	return list;
}

int cli_pieces_collateral(const struct cli_common *common, struct cli_pieces *pieces,
			  struct tacit_arena *arena, const struct tacit_collateral **ret)
{
	struct tacit_error err = { 0 };

	drop_strangers(common, pieces, arena);
	struct tacit_slice *list = cli_pieces_list(pieces, arena);
	if (!list)
		return cli_no_memory(common);
	if (tacit_collateral_parse(list, pieces->count, arena, ret, &err) == TACIT_OK)
		return 0;
	if (err.status == TACIT_FORMAT && err.offset < pieces->count) {
		const char *path = pieces->items[err.offset].path;

		err.offset = 0; /* it was the index */
		return cli_fail(common, &err, "cannot use collateral '%s'", path);
	}
	return cli_fail(common, &err, "cannot use the collateral");
}

struct certs {
	struct tacit_slice *list;
	size_t count;
};

static enum tacit_status add_cert(struct certs *certs, struct tacit_slice der,
				  struct tacit_error *err)
{
	struct tacit_cert cert;

	if (certs->count == CERTS_MAX)
		return tacit_fail(err, TACIT_LIMIT, "root", 0, "more than %d certificates",
				  CERTS_MAX);
	enum tacit_status status = tacit_cert_parse(der, "root", &cert, err);
	if (status == TACIT_OK)
		certs->list[certs->count++] = der;
	return status;
}

static enum tacit_status add_pem(struct certs *certs, struct tacit_slice text,
				 struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_pem_block block;
	size_t at = 0, before = certs->count;

	while (tacit_pem_next(text, &at, arena, &block, err)) {
		if (!tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
			return tacit_fail(err, TACIT_FORMAT, "root", 0, "PEM of something else");
		enum tacit_status status = add_cert(certs, block.der, err);
		if (status != TACIT_OK)
			return status;
	}
	if (err->status != TACIT_OK)
		return err->status;
	return certs->count > before
		       ? TACIT_OK
		       : tacit_fail(err, TACIT_FORMAT, "root", 0, "no certificate in it");
}

int cli_pieces_certs(const struct cli_common *common, const struct cli_pieces *pieces,
		     struct tacit_arena *arena, const struct tacit_slice **ret, size_t *ret_count)
{
	struct certs certs = { tacit_arena_alloc(arena, CERTS_MAX * sizeof(*certs.list)), 0 };

	if (!certs.list)
		return cli_no_memory(common);
	for (size_t i = 0; i < pieces->count; i++) {
		const struct cli_piece *piece = &pieces->items[i];
		struct tacit_error err = { 0 };
		enum tacit_status status = tacit_pem_looks(piece->bytes)
						   ? add_pem(&certs, piece->bytes, arena, &err)
						   : add_cert(&certs, piece->bytes, &err);

		if (status != TACIT_OK)
			return cli_fail(common, &err, "cannot use test root '%s'", piece->path);
	}
	*ret = certs.list;
	*ret_count = certs.count;
	return 0;
}
