/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_REACH_BRIDGE_H
#define TACIT_RELEASE_REACH_BRIDGE_H

/*
 * libcurl connects sockets itself, and to addresses of kinds that it knows: not to vsock, and 7.88
 * does not take a socket that is connected already [curl issue 10626]. So it is led to a nameless
 * socket of this process, from which a thread carries bytes to the relay and back. The thread ends
 * with the connection.
 */

#include <sys/socket.h>

#include "sys/address.h"

/*
 * Connects to the relay within `timeout_ms` and gives the name to connect to, once, for that.
 * False when nobody answers.
 */
TACIT_MUST_CHECK bool tacit_reach_bridge(const struct tacit_address *relay, unsigned timeout_ms,
					 struct sockaddr_storage *ret, socklen_t *ret_len);

#endif
