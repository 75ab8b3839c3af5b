/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_IMAGE_H
#define TACIT_CMD_IMAGE_H

/* What `tacit image build` collects for the server that goes into an image. */

#include "eif.h"

/*
 * Adds a program under `guest`, without what is not loaded of it, the loader that it names and
 * every library that it and they name, each where the loader finds it. Nothing is run: what a
 * program opens by name while it runs has to be named as `opened` (NULL: nothing), with all that it
 * names in turn. Errors: TACIT_FORMAT, TACIT_IO, TACIT_USAGE.
 */
TACIT_MUST_CHECK enum tacit_status image_add_program(struct eif_tree *tree, const char *guest,
						     const char *host, const char *opened,
						     struct tacit_error *err);

/* The place of a library by its name, from the loader's cache, else from the usual folders. */
bool image_find_library(const char *name, uint16_t machine, char *ret, size_t size);

#endif
