/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EMULATOR_ROOT_H
#define TACIT_EMULATOR_ROOT_H

/*
 * The root of emulated enclaves as two files, so that an image and a client can name it before the
 * machine starts: the certificate in DER, and its key beside it in FILE.key, for its owner alone.
 * Who has the key can forge any document under that root.
 */

#include "nsm.h"

/* Writes the root's certificate to a file that others may wait for. Ends the program on failure. */
void root_write(const struct nsm_module *m, const char *path);

/* Makes both files where neither is there, else takes them, and the module under that root. */
void root_keep(struct nsm_module *m, const char *path);

#endif
