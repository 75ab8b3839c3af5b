/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_CLIENT_LOOP_H
#define TACIT_NET_CLIENT_LOOP_H

/* Runs a client (channel/client.h) in an event loop, beside whatever else lives there. */

#include "channel/client.h"

struct event_base;
struct tacit_client_loop;

/* The client must outlive the loop object and be freed after it. Errors: TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_client_loop_new(struct tacit_client *client,
							 struct event_base *base,
							 struct tacit_client_loop **ret,
							 struct tacit_error *err);
void tacit_client_loop_free(struct tacit_client_loop *loop);

#endif
