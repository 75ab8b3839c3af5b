/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_RELAY_H
#define TACIT_NET_RELAY_H

/*
 * The untrusted host's side of an enclave: bytes that come in at one address go out at another,
 * and back. The relay understands none of them. It holds no key, so that all it could tell of a
 * session between a client and a TEE is ciphertext. When it is told to, it hands credentials of its
 * instance to enclaves, which have no other way to get any.
 *
 * One thread and one epoll loop. Bytes go from socket to socket through a pipe (splice(2)), which
 * is taken from a pool while bytes are in flight: an idle connection costs two descriptors and a
 * few hundred bytes. Each end of a direction is passed on by itself (half-close), a reset as a
 * reset, and a side that does not read stops the other from being read.
 *
 * A plan says what to listen for and how much is let through. It can be replaced while the relay
 * runs: either all of a new plan holds or nothing of it does, and connections that exist stay.
 */

#include "base/error.h"
#include "net/egress.h"
#include "release/aws_metadata.h"
#include "sys/address.h"

#define TACIT_RELAY_RULES_MAX 64
#define TACIT_RELAY_NAME      64 /* of an inherited socket, with its NUL */

enum tacit_relay_kind {
	TACIT_RELAY_FORWARD,   /* to one address */
	TACIT_RELAY_EGRESS,    /* HTTP CONNECT, to what the plan allows */
	TACIT_RELAY_HEARTBEAT, /* 0xB7 is answered with 0xB7, as an enclave's first sign of life */
	TACIT_RELAY_METRICS,   /* HTTP, Prometheus text */
	TACIT_RELAY_ECHO,      /* what comes in goes back */
};

struct tacit_relay_rule {
	enum tacit_relay_kind kind;
	char inherited[TACIT_RELAY_NAME]; /* of the service manager; "" to listen at `listen` */
	struct tacit_address listen;
	struct tacit_address to; /* TACIT_RELAY_FORWARD */
};

/* Times in milliseconds. The zero value of a limit stands for its default. */
struct tacit_relay_limits {
	uint64_t connections; /* at the same time, 4096 */
	uint64_t per_peer;    /* of one address, /64 network, CID or user; 1024 */
	uint64_t connect_ms;  /* until the other side answers, 10 s */
	uint64_t idle_ms;     /* without a byte in either direction, 15 min */
	uint64_t drain_ms;    /* from the signal to the end, 30 s */
};

struct tacit_relay_plan {
	size_t rule_count;
	struct tacit_relay_rule rules[TACIT_RELAY_RULES_MAX];
	struct tacit_egress egress;
	/* The metadata service whose credentials are handed out at egress addresses; "": none are.
	 */
	char aws_metadata[TACIT_AWS_METADATA_MAX];
	struct tacit_relay_limits limits;
};

/* One thing that happened: words of ours and addresses, never a byte that was relayed. */
struct tacit_relay_field {
	const char *name;
	const char *value; /* printable ASCII without quotes */
};

struct tacit_relay_event {
	const char *name; /* "refused" */
	bool detail;      /* of one connection: only when asked for */
	size_t count;
	const struct tacit_relay_field *fields;
};

struct tacit_relay_options {
	void (*say)(void *user, const struct tacit_relay_event *event);
	/*
	 * The new plan after SIGHUP; NULL in *ret keeps the old one. The relay frees it with
	 * tacit_relay_plan_free().
	 */
	enum tacit_status (*reload)(void *user, struct tacit_relay_plan **ret,
				    struct tacit_error *err);
	void *user;
	int spy_fd;   /* everything that is relayed is written here; -1 for nowhere */
	bool verbose; /* tell of each connection */
	bool signals; /* SIGTERM and SIGINT drain, SIGHUP reloads */
};

struct tacit_relay;

/* Errors: TACIT_NOMEM, TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status tacit_relay_new(const struct tacit_relay_options *options,
						   struct tacit_relay **ret,
						   struct tacit_error *err);

/*
 * Makes `plan` the one that holds; it stays the caller's. On failure the former one holds.
 * Errors: TACIT_IO, TACIT_DENIED, TACIT_UNSUPPORTED, TACIT_USAGE, TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_relay_apply(struct tacit_relay *relay,
						     const struct tacit_relay_plan *plan,
						     struct tacit_error *err);

/* Where rule `i` of the plan listens, with the real port. */
void tacit_relay_bound(const struct tacit_relay *relay, size_t i, struct tacit_address *ret);

/* Relays until it is drained. Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status tacit_relay_run(struct tacit_relay *relay,
						   struct tacit_error *err);

/* Accepts nothing more and ends when the last connection does, or at the deadline. */
void tacit_relay_drain(struct tacit_relay *relay);

/* NULL is fine. */
void tacit_relay_free(struct tacit_relay *relay);

/* ---- plans (relay_plan.c) ------------------------------------------------------------------- */

#define TACIT_RELAY_CONFIG_MAX 65536 /* bytes of a configuration file */

/* An empty plan. Errors: TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_relay_plan_new(struct tacit_relay_plan **ret,
							struct tacit_error *err);
void tacit_relay_plan_free(struct tacit_relay_plan *plan);

/*
 * Adds a rule; `listen` is an address or "fd:NAME", `to` NULL but for TACIT_RELAY_FORWARD.
 * Errors: TACIT_USAGE, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_relay_plan_rule(struct tacit_relay_plan *plan,
							 enum tacit_relay_kind kind,
							 const char *listen, const char *to,
							 struct tacit_error *err);

/*
 * Adds what a configuration file says, a word and its values a line (tacit-relay(1)). The error's
 * offset is the number of the line. Errors: TACIT_FORMAT, TACIT_USAGE, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_relay_plan_parse(struct tacit_relay_plan *plan,
							  struct tacit_slice text,
							  struct tacit_error *err);

#endif
