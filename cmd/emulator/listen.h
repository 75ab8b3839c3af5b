/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EMULATOR_LISTEN_H
#define TACIT_EMULATOR_LISTEN_H

/* A unix socket for its owner, in place of what was there. Ends the program on failure. */
int listen_at(const char *path);

#endif
