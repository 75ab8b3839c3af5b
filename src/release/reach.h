/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_REACH_H
#define TACIT_RELEASE_REACH_H

/*
 * How this process gets to a store or a key service: straight, or through the egress of a relay
 * when there is no network [docs/relay.md "Out"]. TLS ends here in both cases; the relay only
 * carries bytes. Which authorities may vouch for a server is said by a file, which inside an
 * enclave is part of the measured image; without one it is those that the system trusts.
 *
 * The environment has no say: no proxy, certificate or key log that it names is used.
 */

#include "base/error.h"
#include "sys/address.h"
#include "sys/curl.h"

/* The zero value goes straight, with the system's authorities. Must outlive what it is given to. */
struct tacit_reach {
	bool relayed;
	struct tacit_address relay; /* its egress: "vsock:3:8001" */
	const char *ca_file;        /* PEM; NULL: the authorities that the system trusts */
	uint64_t connect_ms;        /* until TLS is up; 0: 10 s */
};

/*
 * Sets up a handle of libcurl: HTTPS alone, TLS 1.2 or later, the name checked, no redirects, no
 * proxy but the relay. `reach` must outlive the handle. False when this libcurl lacks a setting.
 */
TACIT_MUST_CHECK bool tacit_reach_apply(CURL *easy, const struct tacit_reach *reach);

/*
 * The same for what the relay itself answers (http://relay/...), over its own address and
 * without TLS: what comes is the host's word.
 */
TACIT_MUST_CHECK bool tacit_reach_apply_relay(CURL *easy, const struct tacit_reach *reach);

/*
 * The same for a metadata service, straight or through the relay: without TLS, so that what comes
 * is the host's word.
 */
TACIT_MUST_CHECK bool tacit_reach_apply_plain(CURL *easy, const struct tacit_reach *reach);

/*
 * Says why a transfer failed before there was an answer: `code` of libcurl, `message` its error
 * buffer. Returns TACIT_PEER, or TACIT_POLICY when the relay does not let us out to that name,
 * or TACIT_CHAIN when the server's certificate does not hold.
 */
enum tacit_status tacit_reach_failed(CURL *easy, CURLcode code, const char *message,
				     const char *where, struct tacit_error *err);

#endif
