/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLE_WIRE_H
#define EXAMPLE_WIRE_H

/*
 * Messages: 8 bytes of length, big-endian, then that many bytes. Who sends them is hostile: a
 * message has a limit, and a connection an end in time, however slowly its bytes come.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 65536
#define PATIENCE_MS 10000 /* for a whole request, and again for a whole answer */

struct wire {
	int fd;
	int64_t end; /* of what goes on now: milliseconds of a clock that nobody sets */
};

/* "vsock:PORT" for any CID of this machine, or "unix:PATH". Returns -1 and says why. */
int wire_listen(const char *address);

/* How long what follows may take. */
void wire_limit(struct wire *w, int64_t ms);

/* Its length, or 0 with `ret_why` saying what was wrong with it. */
size_t wire_read(const struct wire *w, char room[static MESSAGE_MAX], const char **ret_why);

bool wire_write(const struct wire *w, const char *bytes, size_t len);

/* Waits until the other end has closed too, for a moment: what we said is not to be reset. */
void wire_close(struct wire *w);

/*
 * Base64 in its one right spelling into `room`, which has 2 bytes more than `max`. False for
 * anything else.
 */
bool wire_base64(const char *text, uint8_t *room, size_t max, size_t *ret_len);

#endif
