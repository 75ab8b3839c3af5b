/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KIND_BROKER_H
#define TACIT_RELEASE_KIND_BROKER_H

/*
 * File keys under a key of our own broker (tacit keyd): "broker:https://HOST:PORT/KEY", where KEY
 * is its id or its name, stanza "tacit-broker URL". Otherwise as under AWS KMS: the same
 * operations, the same encryption context (kind_aws_kms.h).
 */

#include "release/kind_aws_kms.h"

#define TACIT_KIND_BROKER_PREFIX "broker:"

/* As tacit_kind_aws_kms_env, for the broker at `endpoint`, "https://HOST:PORT". */
struct tacit_kind_broker_env {
	enum tacit_status (*client)(void *user, const char *endpoint, bool for_wrap,
				    struct tacit_kms **ret, struct tacit_error *err);
	void *user;
};

extern const struct tacit_recipient_kind tacit_kind_broker;

#endif
