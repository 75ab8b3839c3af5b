/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_ADDRESS_H
#define TACIT_SYS_ADDRESS_H

/*
 * Where a server listens and a client connects, as text: tcp:HOST:PORT (an IPv6 host in
 * brackets), unix:PATH, vsock:CID:PORT, and plain HOST:PORT for tcp. Everything above works on
 * the descriptor, so that transports differ here alone.
 *
 * A kernel without vsock answers TACIT_UNSUPPORTED.
 */

#include "base/error.h"

enum tacit_transport {
	TACIT_TRANSPORT_TCP,
	TACIT_TRANSPORT_UNIX,
	TACIT_TRANSPORT_VSOCK,
};

#define TACIT_VSOCK_ANY 0xffffffffu /* "any" [vsock(7)]: listen whatever this machine's CID is */

#define TACIT_ADDRESS_HOST 254 /* a DNS name and a NUL */
#define TACIT_ADDRESS_PATH 108 /* sun_path, with its NUL */
#define TACIT_ADDRESS_TEXT 280 /* any address as text, with its NUL */

struct tacit_address {
	enum tacit_transport transport;
	char host[TACIT_ADDRESS_HOST]; /* tcp: name or literal, without brackets */
	char path[TACIT_ADDRESS_PATH]; /* unix */
	uint32_t cid;                  /* vsock */
	uint32_t port;                 /* tcp: 16 bits; 0 asks a listener for any */
};

/* Errors: TACIT_USAGE, with a sentence about what is wrong with the text. */
TACIT_MUST_CHECK enum tacit_status tacit_address_parse(const char *text, struct tacit_address *ret,
						       struct tacit_error *err);

/* Writes the full form ("tcp:[::1]:443") and returns `text`. */
char *tacit_address_format(const struct tacit_address *address,
			   char text[static TACIT_ADDRESS_TEXT]);

/*
 * Opens a listening, non-blocking, close-on-exec socket. `ret_bound` is the address with the
 * real port. A unix socket file of mode 0600 is made; one that nobody listens on any more is
 * replaced, a live one and anything that is not a socket are left alone. Errors: TACIT_IO
 * ("address in use"), TACIT_DENIED, TACIT_UNSUPPORTED. Owns: close *ret_fd, then call
 * tacit_address_release.
 */
TACIT_MUST_CHECK enum tacit_status tacit_address_listen(const struct tacit_address *address,
							int *ret_fd,
							struct tacit_address *ret_bound,
							struct tacit_error *err);

/* Removes the socket file of a unix listener; does nothing for the others. */
void tacit_address_release(const struct tacit_address *bound);

/*
 * Connects within `timeout_ms`; the socket is blocking, close-on-exec and has TCP_NODELAY.
 * Errors: TACIT_PEER when nobody answers there, TACIT_UNSUPPORTED. Owns: close *ret_fd.
 */
TACIT_MUST_CHECK enum tacit_status tacit_address_connect(const struct tacit_address *address,
							 unsigned timeout_ms, int *ret_fd,
							 struct tacit_error *err);

#endif
