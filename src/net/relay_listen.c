/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/relay_inside.h"
#include "sys/process.h"

#define ACCEPTS             64  /* a turn and listener */
#define FULL_WAIT_MS        100 /* after running out of descriptors */

#define DEFAULT_CONNECTIONS 4096
#define DEFAULT_PER_PEER    1024
#define DEFAULT_CONNECT_MS  10000
#define DEFAULT_IDLE_MS     900000
#define DEFAULT_DRAIN_MS    30000

static void on_listener(struct tacit_relay *r, struct relay_source *source, uint32_t events)
{
	(void)r;
	(void)events;
	((struct relay_listener *)source)->waiting = true;
}

/* ---- accepting ------------------------------------------------------------------------------ */

static void begin(struct tacit_relay *r, struct relay_conn *conn)
{
	switch (conn->listener->rule.kind) {
	case TACIT_RELAY_FORWARD:
		tacit_relay_connect_start(r, conn);
		return;
	case TACIT_RELAY_ECHO:
		conn->down.shut = true; /* there is one direction, from the peer to itself */
		tacit_relay_conn_open(r, conn);
		return;
	case TACIT_RELAY_EGRESS:
	case TACIT_RELAY_HEARTBEAT:
	case TACIT_RELAY_METRICS:
		conn->state = RELAY_ASKING;
		tacit_relay_conn_queue(r, conn, &r->asking);
		return;
	}
}

static void refuse_peer(struct tacit_relay *r, int fd, bool memory)
{
	r->counts.refused[memory ? RELAY_REFUSED_MEMORY : RELAY_REFUSED_PEER]++;
	if (!memory)
		tacit_relay_say(r, "refused", "why", "too many connections of one peer", NULL);
	close(fd);
}

static void take(struct tacit_relay *r, struct relay_listener *l, int fd,
		 const struct sockaddr_storage *name)
{
	bool memory;
	int on = 1;
	struct relay_peer *peer = tacit_relay_peer_take(r, name, fd, &memory);

	if (!peer) {
		refuse_peer(r, fd, memory);
		return;
	}
	if (l->inherited && (name->ss_family == AF_INET || name->ss_family == AF_INET6))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	struct relay_conn *conn = tacit_relay_conn_new(r, l, fd, peer);
	if (!conn) {
		tacit_relay_peer_drop(r, peer);
		refuse_peer(r, fd, true);
		return;
	}
	begin(r, conn);
}

void tacit_relay_pause(struct tacit_relay *relay)
{
	if (!relay->retry_at) {
		relay->counts.paused++;
		tacit_relay_say(relay, "full", "why", strerror(errno), NULL);
	}
	relay->retry_at = relay->now + FULL_WAIT_MS;
}

static void note_accept_error(struct tacit_relay *r, struct relay_listener *l)
{
	switch (errno) {
	case EAGAIN:
		l->waiting = false;
		break;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		tacit_relay_pause(r);
		break;
	default: /* of one connection that is gone already [accept(2)] */
		break;
	}
}

static void accept_some(struct tacit_relay *r, struct relay_listener *l)
{
	for (unsigned i = 0; i < ACCEPTS && l->waiting; i++) {
		struct sockaddr_storage name = { 0 };
		socklen_t len = sizeof(name);

		if (r->live >= r->limits.connections || r->retry_at)
			return;
		int fd = accept4(l->source.fd, (struct sockaddr *)&name, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			take(r, l, fd, &name);
		else
			note_accept_error(r, l);
	}
}

void tacit_relay_listen_all(struct tacit_relay *relay)
{
	if (relay->drain_end)
		return;
	for (struct relay_listener *l = relay->listeners; l; l = l->next) {
		if (!l->retired)
			accept_some(relay, l);
	}
}

/* ---- plans ---------------------------------------------------------------------------------- */

/* What the service manager gave stays open: a later plan may want it again. */
static void close_listener(struct tacit_relay *r, struct relay_listener *l)
{
	if (l->source.fd < 0)
		return;
	if (l->inherited) {
		(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, l->source.fd, NULL);
	} else {
		close(l->source.fd);
		tacit_address_release(&l->bound);
	}
	l->source.fd = -1;
}

void tacit_relay_listen_unref(struct relay_listener *listener)
{
	if (--listener->refs == 0)
		free(listener);
}

static void retire(struct tacit_relay *r, struct relay_listener *l)
{
	l->retired = true;
	close_listener(r, l);
	tacit_relay_listen_unref(l);
}

void tacit_relay_listen_stop(struct tacit_relay *relay)
{
	while (relay->listeners) {
		struct relay_listener *l = relay->listeners;

		relay->listeners = l->next;
		retire(relay, l);
	}
}

static bool same_place(const struct tacit_relay_rule *a, const struct tacit_relay_rule *b)
{
	char one[TACIT_ADDRESS_TEXT], other[TACIT_ADDRESS_TEXT];

	if (a->inherited[0] || b->inherited[0])
		return strcmp(a->inherited, b->inherited) == 0;
	return strcmp(tacit_address_format(&a->listen, one),
		      tacit_address_format(&b->listen, other)) == 0;
}

static struct relay_listener *find_listener(const struct tacit_relay *r,
					    const struct tacit_relay_rule *rule)
{
	struct relay_listener *l = r->listeners;

	while (l && (l->claimed || !same_place(&l->rule, rule)))
		l = l->next;
	return l;
}

static enum tacit_status open_socket(const struct tacit_relay_rule *rule, struct relay_listener *l,
				     struct tacit_error *err)
{
	if (!rule->inherited[0])
		return tacit_address_listen(&rule->listen, &l->source.fd, &l->bound, err);
	l->inherited = true;
	return tacit_relay_inherit(rule->inherited, &l->source.fd, &l->bound, err);
}

static enum tacit_status open_listener(struct tacit_relay *r, const struct tacit_relay_rule *rule,
				       struct relay_listener **ret, struct tacit_error *err)
{
	struct relay_listener *l = calloc(1, sizeof(*l));

	if (!l)
		return tacit_fail(err, TACIT_NOMEM, "relay.listen", 0, "out of memory");
	l->rule = *rule;
	l->refs = 1;
	l->claimed = true;
	l->source = (struct relay_source){ .fd = -1, .ready = on_listener };
	enum tacit_status st = open_socket(rule, l, err);
	if (st == TACIT_OK && !tacit_relay_watch(r, &l->source, EPOLLIN | EPOLLET))
		st = tacit_fail(err, TACIT_IO, "relay.listen", 0, "cannot watch: %s",
				strerror(errno));
	if (st != TACIT_OK) {
		retire(r, l);
		return st;
	}
	*ret = l;
	return TACIT_OK;
}

/* One listener a rule: one that is there already, or a new one. */
struct chosen {
	struct relay_listener *listener;
	bool fresh;
};

static enum tacit_status choose(struct tacit_relay *r, const struct tacit_relay_plan *plan,
				struct chosen *chosen, struct tacit_error *err)
{
	for (size_t i = 0; i < plan->rule_count; i++) {
		const struct tacit_relay_rule *rule = &plan->rules[i];
		struct tacit_error why = { 0 };
		char text[TACIT_ADDRESS_TEXT];

		chosen[i].listener = find_listener(r, rule);
		if (chosen[i].listener) {
			chosen[i].listener->claimed = true;
			continue;
		}
		enum tacit_status st = open_listener(r, rule, &chosen[i].listener, &why);
		if (st != TACIT_OK)
			return tacit_fail(err, st, "relay.listen", 0, "%s: %s",
					  rule->inherited[0]
						  ? rule->inherited
						  : tacit_address_format(&rule->listen, text),
					  why.detail);
		chosen[i].fresh = true;
	}
	return TACIT_OK;
}

static void undo(struct tacit_relay *r, const struct tacit_relay_plan *plan,
		 const struct chosen *chosen)
{
	for (size_t i = 0; i < plan->rule_count; i++) {
		if (chosen[i].fresh)
			retire(r, chosen[i].listener);
		else if (chosen[i].listener)
			chosen[i].listener->claimed = false;
	}
}

/* Brings listeners into the plan's order; those that it does not have are closed. */
static void adopt(struct tacit_relay *r, const struct tacit_relay_plan *plan,
		  const struct chosen *chosen)
{
	struct relay_listener *l, **link = &r->listeners;

	while ((l = *link)) {
		if (l->claimed) {
			link = &l->next;
			continue;
		}
		*link = l->next;
		retire(r, l);
	}
	link = &r->listeners;
	for (size_t i = 0; i < plan->rule_count; i++) {
		l = chosen[i].listener;
		l->rule = plan->rules[i];
		l->claimed = false;
		*link = l;
		link = &l->next;
	}
	*link = NULL;
}

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
	return value ? value : fallback;
}

static void adopt_limits(struct tacit_relay *r, const struct tacit_relay_limits *limits)
{
	r->limits.connections = or_default(limits->connections, DEFAULT_CONNECTIONS);
	r->limits.per_peer = or_default(limits->per_peer, DEFAULT_PER_PEER);
	r->limits.connect_ms = or_default(limits->connect_ms, DEFAULT_CONNECT_MS);
	r->limits.idle_ms = or_default(limits->idle_ms, DEFAULT_IDLE_MS);
	r->limits.drain_ms = or_default(limits->drain_ms, DEFAULT_DRAIN_MS);
}

static enum tacit_status refuse_twins(const struct tacit_relay_plan *plan, struct tacit_error *err)
{
	for (size_t i = 1; i < plan->rule_count; i++) {
		const struct tacit_relay_rule *rule = &plan->rules[i];
		bool any_port = !rule->inherited[0] && rule->listen.port == 0 &&
				rule->listen.transport != TACIT_TRANSPORT_UNIX;

		for (size_t j = 0; j < i && !any_port; j++) {
			if (same_place(rule, &plan->rules[j]))
				return tacit_fail(err, TACIT_USAGE, "relay.listen", 0,
						  "listeners %zu and %zu have the same address",
						  j + 1, i + 1);
		}
	}
	return TACIT_OK;
}

/* Who can reach a port of TCP is anybody. */
static enum tacit_status refuse_giveaway(const struct tacit_relay_plan *plan,
					 struct tacit_error *err)
{
	bool anywhere = false;

	if (!plan->aws_metadata[0])
		return TACIT_OK;
	for (size_t i = 0; i < plan->rule_count; i++) {
		const struct tacit_relay_rule *rule = &plan->rules[i];

		if (rule->kind != TACIT_RELAY_EGRESS)
			continue;
		anywhere = true;
		if (!rule->inherited[0] && rule->listen.transport == TACIT_TRANSPORT_TCP)
			return tacit_fail(err, TACIT_USAGE, "relay.aws", 0,
					  "credentials are handed out at vsock: and unix: alone, "
					  "and an egress is at tcp:");
	}
	return anywhere ? TACIT_OK
			: tacit_fail(err, TACIT_USAGE, "relay.aws", 0,
				     "credentials are handed out at an egress, and there is none");
}

enum tacit_status tacit_relay_apply(struct tacit_relay *relay, const struct tacit_relay_plan *plan,
				    struct tacit_error *err)
{
	struct chosen chosen[TACIT_RELAY_RULES_MAX] = { { NULL, false } };
	enum tacit_status st = refuse_twins(plan, err);

	if (st == TACIT_OK)
		st = refuse_giveaway(plan, err);
	if (st == TACIT_OK)
		st = choose(relay, plan, chosen, err);
	if (st == TACIT_OK && plan->aws_metadata[0])
		st = tacit_relay_aws_start(relay, plan->aws_metadata, err);
	if (st != TACIT_OK) {
		undo(relay, plan, chosen);
		return st;
	}
	adopt(relay, plan, chosen);
	if (!plan->aws_metadata[0]) {
		tacit_relay_aws_free(relay->aws);
		relay->aws = NULL;
	}
	relay->egress = plan->egress;
	adopt_limits(relay, &plan->limits);
	return TACIT_OK;
}

void tacit_relay_bound(const struct tacit_relay *relay, size_t i, struct tacit_address *ret)
{
	const struct relay_listener *l = relay->listeners;

	while (l && i-- > 0)
		l = l->next;
	if (l)
		*ret = l->bound;
}
