/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_AWS_METADATA_H
#define TACIT_RELEASE_AWS_METADATA_H

/*
 * The metadata service of an EC2 instance, version 2: the credentials of its role, and its region.
 * It speaks HTTP on a link-local address; only a host has it, never an enclave. Nothing that the
 * environment says about proxies is used.
 */

#include <stdatomic.h>

#include "release/aws_credentials.h"

/*
 * Asks for keys that hold now; gives up soon after `stop` becomes true. Errors:
 * TACIT_UNSUPPORTED without libcurl; TACIT_PEER when it does not answer, or has no role for this
 * instance; those of tacit_aws_keys_parse().
 */
TACIT_MUST_CHECK enum tacit_status tacit_aws_metadata_ask(const char *base, atomic_bool *stop,
							  struct tacit_aws_keys *ret,
							  struct tacit_error *err);

#endif
