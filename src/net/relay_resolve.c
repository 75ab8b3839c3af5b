/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names, looked up on threads: getaddrinfo(3) may take as long as a name server likes. A
 * connection that ends forgets its look-up; the answer is dropped when it comes.
 */

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/relay_inside.h"
#include "sys/worker.h"

#define WORKERS     4
#define WAITING_MAX 256

struct relay_resolver {
	struct relay_source source; /* an eventfd */
	struct tacit_worker *workers[WORKERS];
	size_t turn, waiting;
	pthread_mutex_t lock;
	struct relay_lookup *done;
};

struct relay_lookup {
	struct tacit_worker_task task;
	struct relay_resolver *resolver;
	struct relay_lookup *next;
	struct relay_conn *conn; /* the loop's; NULL once forgotten */
	char host[TACIT_EGRESS_HOST];
	char port[8];
	struct addrinfo *found;
};

/* On a worker's thread. */
static void work(struct tacit_worker_task *task)
{
	struct relay_lookup *l = (struct relay_lookup *)task; /* its first member */
	struct relay_resolver *s = l->resolver;
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	uint64_t one = 1;

	if (getaddrinfo(l->host, l->port, &hints, &l->found) != 0)
		l->found = NULL;
	pthread_mutex_lock(&s->lock);
	l->next = s->done;
	s->done = l;
	/* Inside the lock: who sees the look-up done may free the resolver. */
	if (write(s->source.fd, &one, sizeof(one)) < 0)
		errno = 0; /* a full counter wakes as well */
	pthread_mutex_unlock(&s->lock);
}

static void take_names(struct relay_conn *conn, const struct tacit_egress_entry *entry,
		       const struct addrinfo *found)
{
	struct relay_opening *o = conn->opening;

	for (const struct addrinfo *a = found; a && o->names.count < RELAY_NAMES_MAX;
	     a = a->ai_next) {
		if (a->ai_addrlen > sizeof(o->names.names[0]))
			continue;
		if (o->target.host[0] && !(entry && tacit_egress_permits(entry, a->ai_addr)))
			continue;
		memcpy(&o->names.names[o->names.count], a->ai_addr, a->ai_addrlen);
		o->names.lens[o->names.count++] = a->ai_addrlen;
	}
}

static void finish(struct tacit_relay *r, struct relay_lookup *l)
{
	struct relay_conn *conn = l->conn;

	if (!conn)
		return;
	struct relay_opening *o = conn->opening;
	o->lookup = NULL;
	/* The list may have changed meanwhile: what it says now counts. */
	take_names(conn, o->target.host[0] ? tacit_egress_find(&r->egress, &o->target) : NULL,
		   l->found);
	if (o->names.count > 0)
		tacit_relay_connect_next(r, conn);
	else if (l->found)
		tacit_relay_connect_failed(r, conn, RELAY_REFUSED_TARGET, 403);
	else
		tacit_relay_connect_failed(r, conn, RELAY_REFUSED_NAME, 502);
}

static void on_done(struct tacit_relay *r, struct relay_source *source, uint32_t events)
{
	struct relay_resolver *s = (struct relay_resolver *)source; /* its first member */
	uint64_t count;

	(void)events;
	if (read(s->source.fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&s->lock);
	struct relay_lookup *l = s->done;
	s->done = NULL;
	pthread_mutex_unlock(&s->lock);
	while (l) {
		struct relay_lookup *next = l->next;

		s->waiting--;
		if (r)
			finish(r, l);
		if (l->found)
			freeaddrinfo(l->found);
		free(l);
		l = next;
	}
}

enum tacit_status tacit_relay_resolve_new(struct tacit_relay *relay, struct tacit_error *err)
{
	struct relay_resolver *s = calloc(1, sizeof(*s));

	if (!s)
		return tacit_fail(err, TACIT_NOMEM, "relay.resolve", 0, "out of memory");
	pthread_mutex_init(&s->lock, NULL);
	s->source.ready = on_done;
	s->source.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	relay->resolver = s;
	if (s->source.fd < 0 || !tacit_relay_watch(relay, &s->source, EPOLLIN))
		return tacit_fail(err, TACIT_IO, "relay.resolve", 0, "cannot set up: %s",
				  strerror(errno));
	return TACIT_OK;
}

/* A look-up that still runs keeps its thread and what it needs until the process ends. */
void tacit_relay_resolve_free(struct relay_resolver *resolver)
{
	if (!resolver)
		return;
	if (resolver->source.fd >= 0)
		on_done(NULL, &resolver->source, 0);
	if (resolver->waiting > 0)
		return;
	for (size_t i = 0; i < WORKERS; i++)
		tacit_worker_free(resolver->workers[i]);
	if (resolver->source.fd >= 0)
		close(resolver->source.fd);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

bool tacit_relay_resolve(struct tacit_relay *relay, struct relay_conn *conn, const char *host,
			 uint16_t port)
{
	struct relay_resolver *s = relay->resolver;
	size_t turn = s->turn++ % WORKERS;

	if (s->waiting >= WAITING_MAX)
		return false;
	/* Threads are made when the first name is: most relays have none. */
	if (!s->workers[turn] && tacit_worker_new(&s->workers[turn], NULL) != TACIT_OK)
		return false;
	struct relay_lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return false;
	l->task.run = work;
	l->resolver = s;
	l->conn = conn;
	snprintf(l->host, sizeof(l->host), "%s", host);
	snprintf(l->port, sizeof(l->port), "%u", (unsigned)port);
	conn->opening->lookup = l;
	s->waiting++;
	tacit_worker_give(s->workers[turn], &l->task);
	return true;
}

void tacit_relay_resolve_forget(struct relay_lookup *lookup)
{
	if (lookup)
		lookup->conn = NULL;
}
