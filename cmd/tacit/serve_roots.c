/* SPDX-License-Identifier: Apache-2.0 */
#include "serve_roots.h"

#include <stdlib.h>

#define ROOM 65536

int serve_roots_read(const struct cli_common *common, const struct cli_list *paths,
		     struct serve_roots *roots)
{
	if (!paths->count)
		return 0;
	for (size_t i = 0; i < paths->count; i++)
		cli_warn("--insecure-test-root: this server takes evidence under '%s' for its own, "
			 "which whoever has that key can forge",
			 paths->items[i]);
	roots->room = malloc(ROOM);
	if (!roots->room)
		return cli_no_memory(common);
	tacit_arena_init(&roots->arena, roots->room, ROOM);
	int code = cli_pieces_read(common, paths, false, &roots->pieces);
	return code ? code
		    : cli_pieces_certs(common, &roots->pieces, &roots->arena, &roots->certs,
				       &roots->count);
}

void serve_roots_free(struct serve_roots *roots)
{
	cli_pieces_free(&roots->pieces);
	free(roots->room);
}
