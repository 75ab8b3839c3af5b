/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EMULATOR_PORT_H
#define TACIT_EMULATOR_PORT_H

/*
 * Ports of an emulated enclave as unix sockets of this host: what a Nitro host's kernel does with
 * AF_VSOCK. Each connection to PATH goes to the port through the socket of vhost-device-vsock, in
 * its words ("CONNECT 8443", "OK 8443").
 */

#include <stdbool.h>

#define PORTS_MAX       16
#define CONNECTIONS_MAX 256

/* `text` is NUMBER=PATH. Ends the program when it cannot listen there. */
void port_open(const char *vsock, const char *text);

#endif
