/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_EGRESS_H
#define TACIT_NET_EGRESS_H

/*
 * What an enclave may reach through the host: a list of HOST:PORT, and nothing else.
 *
 * The enclave asks with HTTP CONNECT [RFC 9110 9.3.6] for one of them; the host resolves the name
 * and connects to what it found then and there, so that no second look-up can give another
 * address. A name on the list opens only the public Internet: whoever answers for it could
 * otherwise point it at the host itself, at its network, or at the metadata service of a cloud
 * (DNS rebinding). An entry that is an address is taken at its word.
 *
 * This protects the host and its network from the enclave. It protects the enclave from nothing:
 * the host can connect it to whatever it wants, and TLS inside the enclave is what finds out.
 */

#include <netinet/in.h>

#include "base/error.h"

#define TACIT_EGRESS_ENTRIES_MAX 256
#define TACIT_EGRESS_HOST        254  /* a DNS name and a NUL */
#define TACIT_EGRESS_REQUEST_MAX 4096 /* bytes of a CONNECT request */
#define TACIT_EGRESS_YAML_MAX    65536

struct tacit_egress_entry {
	char host[TACIT_EGRESS_HOST]; /* lower case; an address without brackets */
	uint16_t port;
	bool private; /* the name may resolve to addresses that are not public */
	bool literal; /* the host is an address */
};

struct tacit_egress {
	size_t count;
	struct tacit_egress_entry entries[TACIT_EGRESS_ENTRIES_MAX];
};

struct tacit_egress_target {
	char host[TACIT_EGRESS_HOST]; /* lower case, without brackets and final dot */
	uint16_t port;
};

/* Reads HOST:PORT (IPv6 in brackets). Errors: TACIT_USAGE. */
TACIT_MUST_CHECK enum tacit_status tacit_egress_target(struct tacit_slice text,
						       struct tacit_egress_target *ret,
						       struct tacit_error *err);

/* Adds an entry; one that is there already is fine. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_egress_allow(struct tacit_egress *egress,
						      const struct tacit_egress_target *target,
						      bool private, struct tacit_error *err);

/* The entry that allows the target, or NULL. */
const struct tacit_egress_entry *tacit_egress_find(const struct tacit_egress *egress,
						   const struct tacit_egress_target *target);

/* Whether an address that a name resolved to may be connected to. */
bool tacit_egress_permits(const struct tacit_egress_entry *entry, const struct sockaddr *address);

/* Whether it is on the public Internet, by the special-purpose registries [RFC 6890]. */
bool tacit_egress_is_public(const struct sockaddr *address);

/*
 * Reads a whole CONNECT request, `head` up to and with its empty line. Gives 0, or the HTTP
 * status to refuse it with.
 */
unsigned tacit_egress_request(struct tacit_slice head, struct tacit_egress_target *ret);

/*
 * Adds the entries of a vsock-proxy.yaml: "allowlist:" (or "allow-list:"), a list of mappings of
 * `address` and `port`. What YAML has beyond that is refused, not ignored. The error's offset is
 * the number of the line. Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_USAGE.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_egress_yaml(struct tacit_egress *egress, struct tacit_slice text, struct tacit_error *err);

#endif
