/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EMULATOR_VHOST_H
#define TACIT_EMULATOR_VHOST_H

/*
 * A virtio device with one queue of requests and answers, outside of QEMU: the back end of the
 * vhost-user protocol [QEMU docs/interop/vhost-user.rst], with split virtqueues [VIRTIO 1.2, 2.7]
 * in the guest's shared memory. Only what such a device needs; the guest is not trusted to stay
 * inside its memory.
 *
 * Linux's nsm driver queues a request and the room for its answer as two chains of descriptors,
 * and wants one interrupt after both are used.
 */

#include "tacit/bytes.h"

#define VHOST_REQUEST_MAX 8192

/* Answers `request` in `room`; what comes back is cut to what the guest has room for. */
typedef struct tacit_slice vhost_answer(void *user, struct tacit_slice request,
					struct tacit_mut room);

/* Serves one machine on a connected socket until it goes away. False after a complaint. */
bool vhost_serve(int socket, vhost_answer *answer, void *user);

#endif
