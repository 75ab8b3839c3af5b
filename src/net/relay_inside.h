/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_RELAY_INSIDE_H
#define TACIT_NET_RELAY_INSIDE_H

/*
 * What the files of the relay share.
 *
 * Events only note what a descriptor can do and put the connection in line; the work is done in
 * turns, a bounded piece a connection, so that none can keep the others waiting. A connection
 * that dies is freed at the end of the turn: events of the same turn may still point to it.
 */

#include <sys/socket.h>

#include "net/relay.h"

struct relay_conn;

/* Anything the loop watches. */
struct relay_source {
	int fd;
	void (*ready)(struct tacit_relay *relay, struct relay_source *source, uint32_t events);
};

struct relay_end {
	struct relay_source source;
	struct relay_conn *conn;
	bool readable, writable; /* until a call says otherwise: events come once */
	bool hung;               /* an error, or both directions are over */
	bool cut;                /* a write learned of its reset, which no read tells again */
};

struct relay_pipe {
	struct relay_pipe *next;
	int out, in;
	bool large;
};

/* One direction. */
struct relay_flow {
	struct relay_pipe *pipe; /* holds `held` bytes, unless `copy` or the scratch does */
	uint8_t *copy;
	size_t at; /* of the first byte in `copy` */
	size_t held;
	bool plain; /* these sockets do not splice */
	bool ended; /* nothing more comes in */
	bool shut;  /* and the other side was told, or is not there to be told */
	bool sink;  /* the other side takes nothing more: what comes in is thrown away */
	bool reset; /* the side that sends is gone */
};

enum relay_state {
	RELAY_ASKING,     /* a request is coming in */
	RELAY_RESOLVING,  /* a name is being looked up */
	RELAY_CONNECTING, /* until the other side is there */
	RELAY_OPEN,
	RELAY_LINGERING, /* all is said; what still comes in is thrown away for a moment */
	RELAY_DEAD,
};

/* Connections in the order in which they came to wait for the same length of time. */
struct relay_queue {
	struct relay_conn *first, *last;
};

#define RELAY_NAMES_MAX 8

/* Where to connect, tried in order. */
struct relay_names {
	size_t count, next;
	socklen_t lens[RELAY_NAMES_MAX];
	struct sockaddr_storage names[RELAY_NAMES_MAX];
};

struct relay_lookup;

/* What a connection needs before it is open, and not afterwards. */
struct relay_opening {
	struct relay_names names;
	struct relay_lookup *lookup;
	bool again;          /* a full backlog of a unix socket, or no descriptor: no event tells */
	const char *refused; /* why names that were found were not taken */
	size_t len;
	uint8_t request[TACIT_EGRESS_REQUEST_MAX];
	struct tacit_egress_target target;
};

struct relay_listener {
	struct relay_source source;
	struct relay_listener *next;
	struct tacit_relay_rule rule;
	struct tacit_address bound;
	bool inherited; /* not ours to close */
	bool waiting;   /* there may be connections to accept */
	bool claimed;   /* by a plan that is being looked at */
	bool retired;   /* no longer in the plan; kept for its connections */
	size_t refs;
	uint64_t accepted, failed;
};

struct relay_peer {
	struct relay_peer *next;
	uint8_t key[20];
	size_t count;
};

struct relay_conn {
	struct relay_end a, b; /* who connected, and whom we connected to */
	struct relay_flow up, down;
	enum relay_state state;
	struct relay_listener *listener;
	struct relay_peer *peer;
	struct relay_opening *opening;
	struct relay_queue *queue;
	struct relay_conn *prev, *next; /* in the queue; when dead, the next to free */
	uint64_t since;
	struct relay_conn *next_turn;
	bool in_line;
	uint64_t id;
};

enum relay_refusal {
	RELAY_REFUSED_PEER,    /* more than one peer may have */
	RELAY_REFUSED_TARGET,  /* not on the list, or a private address */
	RELAY_REFUSED_REQUEST, /* not a request */
	RELAY_REFUSED_CONNECT, /* the other side does not answer */
	RELAY_REFUSED_NAME,    /* no such name */
	RELAY_REFUSED_MEMORY,
	RELAY_REFUSAL_COUNT,
};

struct relay_counts {
	uint64_t accepted, up_bytes, down_bytes, copied_bytes;
	uint64_t refused[RELAY_REFUSAL_COUNT];
	uint64_t idle, reset, paused, reloads, bad_reloads, heartbeats, spy_errors, silenced;
	uint64_t credentials;
};

#define RELAY_PEER_BUCKETS 4096
#define RELAY_SCRATCH      65536
#define RELAY_REQUEST_MS   10000 /* for a request, a heartbeat, a look at the metrics */
#define RELAY_LINGER_MS    5000

struct relay_resolver;
struct relay_aws;

struct tacit_relay {
	struct tacit_relay_options options;
	int epoll;
	struct relay_source signals;
	struct relay_listener *listeners; /* of the plan, in its order, then retired ones */
	struct tacit_relay_limits limits;
	struct tacit_egress egress;
	struct relay_resolver *resolver;
	struct relay_aws *aws; /* NULL: credentials are not handed out */
	struct relay_queue asking, connecting, open, lingering;
	struct relay_conn *turn_first, *turn_last, *dead;
	size_t live, again;
	struct relay_pipe *spare;
	size_t spare_count, pipes, large_pipes;
	struct relay_peer *peers[RELAY_PEER_BUCKETS];
	uint64_t seed;
	uint64_t next_id;
	uint64_t now;       /* when this turn began */
	uint64_t retry_at;  /* to accept again, after running out of descriptors; 0: not waiting */
	uint64_t drain_end; /* 0: not draining */
	uint64_t said_second, said;
	struct relay_counts counts;
	uint8_t *scratch;
};

/* relay.c */
bool tacit_relay_watch(struct tacit_relay *relay, struct relay_source *source, uint32_t events);

/* relay_conn.c */
struct relay_conn *tacit_relay_conn_new(struct tacit_relay *relay, struct relay_listener *listener,
					int fd, struct relay_peer *peer);
void tacit_relay_conn_queue(struct tacit_relay *relay, struct relay_conn *conn,
			    struct relay_queue *queue);
void tacit_relay_conn_line_up(struct tacit_relay *relay, struct relay_conn *conn);
void tacit_relay_conn_event(struct tacit_relay *relay, struct relay_source *source,
			    uint32_t events);
void tacit_relay_conn_turn(struct tacit_relay *relay, struct relay_conn *conn);
void tacit_relay_conn_open(struct tacit_relay *relay, struct relay_conn *conn);
/* Without another side: what the peer says goes nowhere. */
void tacit_relay_conn_alone(struct tacit_relay *relay, struct relay_conn *conn);
/* Ends it; with `reset` the peers see that it did not end well. */
void tacit_relay_conn_close(struct tacit_relay *relay, struct relay_conn *conn, bool reset);
void tacit_relay_conn_bury(struct tacit_relay *relay);

/* relay_flow.c: true when there is more to do at once. */
bool tacit_relay_flow_pump(struct tacit_relay *relay, struct relay_flow *flow,
			   struct relay_end *from, struct relay_end *to);
void tacit_relay_flow_done(struct tacit_relay *relay, struct relay_flow *flow);
/* Puts bytes in front of what comes in; false when memory is out. */
bool tacit_relay_flow_give(struct relay_flow *flow, struct tacit_slice bytes);
void tacit_relay_flow_free_pipes(struct tacit_relay *relay);

/* relay_listen.c */
void tacit_relay_listen_all(struct tacit_relay *relay);
void tacit_relay_listen_stop(struct tacit_relay *relay);
/*
 * Without descriptors or memory (errno) nothing is accepted for a moment: who waits in the backlog
 * is served when others have gone, and the loop does not spin.
 */
void tacit_relay_pause(struct tacit_relay *relay);
void tacit_relay_listen_unref(struct relay_listener *listener);

/* relay_inherit.c: a listening socket that the service manager gave us by name */
enum tacit_status tacit_relay_inherit(const char *name, int *ret_fd, struct tacit_address *ret,
				      struct tacit_error *err);

/* relay_peer.c: NULL when the peer has too many, or memory is out (then *ret_memory). */
struct relay_peer *tacit_relay_peer_take(struct tacit_relay *relay,
					 const struct sockaddr_storage *name, int fd,
					 bool *ret_memory);
void tacit_relay_peer_drop(struct tacit_relay *relay, struct relay_peer *peer);

/* relay_connect.c */
void tacit_relay_connect_start(struct tacit_relay *relay, struct relay_conn *conn);
void tacit_relay_connect_turn(struct tacit_relay *relay, struct relay_conn *conn);
void tacit_relay_connect_retry(struct tacit_relay *relay);
/* The next of opening->names, or the end of the connection. */
void tacit_relay_connect_next(struct tacit_relay *relay, struct relay_conn *conn);
void tacit_relay_connect_failed(struct tacit_relay *relay, struct relay_conn *conn,
				enum relay_refusal why, unsigned status);

/* relay_resolve.c */
enum tacit_status tacit_relay_resolve_new(struct tacit_relay *relay, struct tacit_error *err);
void tacit_relay_resolve_free(struct relay_resolver *resolver);
/* Looks the name up for `conn`; false when too many wait already. */
bool tacit_relay_resolve(struct tacit_relay *relay, struct relay_conn *conn, const char *host,
			 uint16_t port);
void tacit_relay_resolve_forget(struct relay_lookup *lookup);

/* relay_aws.c */
enum tacit_status tacit_relay_aws_start(struct tacit_relay *relay, const char *base,
					struct tacit_error *err);
void tacit_relay_aws_free(struct relay_aws *aws);
/* Whether a request at the egress address is for us, not for a place outside. */
bool tacit_relay_aws_is_asked(struct tacit_slice head);
/* Answers; or gives the HTTP status to refuse with. */
unsigned tacit_relay_aws_answer(struct tacit_relay *relay, struct relay_conn *conn,
				struct tacit_slice head);

/* relay_ask.c: what small servers answer themselves */
void tacit_relay_ask_turn(struct tacit_relay *relay, struct relay_conn *conn);
void tacit_relay_ask_found(struct tacit_relay *relay, struct relay_conn *conn);
/* Says `bytes` and ends. */
void tacit_relay_ask_answer(struct tacit_relay *relay, struct relay_conn *conn,
			    struct tacit_slice bytes);
void tacit_relay_ask_refuse(struct tacit_relay *relay, struct relay_conn *conn, unsigned status);

/* relay_metrics.c: fills `room`, gives the length. */
size_t tacit_relay_metrics_write(const struct tacit_relay *relay, struct tacit_mut room);

/* relay_spy.c */
void tacit_relay_spy(struct tacit_relay *relay, const struct relay_conn *conn, bool up,
		     struct tacit_slice bytes);

/* relay_log.c: pairs of name and value, ended by NULL. */
void tacit_relay_say(struct tacit_relay *relay, const char *name, ...) __attribute__((sentinel));
void tacit_relay_say_of(struct tacit_relay *relay, const struct relay_conn *conn, const char *name,
			...) __attribute__((sentinel));

#endif
