/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_BRIDGE_H
#define TACIT_SYS_BRIDGE_H

/*
 * libcurl connects sockets itself, and to addresses of kinds that it knows: not to vsock, and 7.88
 * does not take a socket that is connected already [curl issue 10626]. So it is led to a nameless
 * socket of this process, from which a thread carries bytes to the address and back. The thread
 * ends with the connection.
 */

#include <sys/socket.h>

#include "sys/address.h"
#include "sys/curl.h"

/*
 * Connects to the address within `timeout_ms` and gives the name to connect to, once, for that.
 * Errors: those of tacit_address_connect(), TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status tacit_bridge_open(const struct tacit_address *to,
						     unsigned timeout_ms,
						     struct sockaddr_storage *ret,
						     socklen_t *ret_len, struct tacit_error *err);

/*
 * The same as libcurl's CURLOPT_OPENSOCKETFUNCTION wants it: a socket, and in `address` where it
 * is to be connected. CURL_SOCKET_BAD with `err` otherwise.
 */
curl_socket_t tacit_bridge_socket(const struct tacit_address *to, unsigned timeout_ms,
				  struct curl_sockaddr *address, struct tacit_error *err);

#endif
