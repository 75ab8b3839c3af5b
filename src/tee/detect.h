/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DETECT_H
#define TACIT_TEE_DETECT_H

#include "tacit/evidence.h"

/* The platform whose format the bytes have, judged by shape alone; TACIT_TEE_NONE for none. */
enum tacit_tee tacit_detect_tee(struct tacit_slice in);

#endif
