/* SPDX-License-Identifier: Apache-2.0 */
#include "net/relay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/compiler.h"
#include "net/relay_inside.h"
#include "sys/clock.h"
#include "sys/process.h"

#define EVENTS_MAX 256
#define RETRY_MS   20 /* how often what has no event is tried again */

bool tacit_relay_watch(struct tacit_relay *relay, struct relay_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(relay->epoll, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

static enum tacit_status watch_signals(struct tacit_relay *r, struct tacit_error *err);

enum tacit_status tacit_relay_new(const struct tacit_relay_options *options,
				  struct tacit_relay **ret, struct tacit_error *err)
{
	struct tacit_relay *r = calloc(1, sizeof(*r));

	if (!r)
		return tacit_fail(err, TACIT_NOMEM, "relay", 0, "out of memory");
	r->options = *options;
	r->signals.fd = -1;
	r->epoll = -1;
	r->now = tacit_clock_ms();
	r->scratch = malloc(RELAY_SCRATCH);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	enum tacit_status st = TACIT_OK;
	if (!r->scratch || r->epoll < 0 || getrandom(&r->seed, sizeof(r->seed), 0) < 0)
		st = tacit_fail(err, TACIT_IO, "relay", 0, "cannot set up: %s", strerror(errno));
	if (st == TACIT_OK)
		st = tacit_relay_resolve_new(r, err);
	if (st == TACIT_OK && options->signals)
		st = watch_signals(r, err);
	if (st != TACIT_OK) {
		tacit_relay_free(r);
		return st;
	}
	*ret = r;
	return TACIT_OK;
}

/* ---- signals -------------------------------------------------------------------------------- */

static void reload(struct tacit_relay *r)
{
	struct tacit_relay_plan *plan = NULL;
	struct tacit_error err = { 0 };

	if (!r->options.reload || r->drain_end)
		return;
	tacit_process_notify("RELOADING=1");
	enum tacit_status st = r->options.reload(r->options.user, &plan, &err);
	if (st == TACIT_OK && plan)
		st = tacit_relay_apply(r, plan, &err);
	tacit_relay_plan_free(plan);
	if (st == TACIT_OK) {
		r->counts.reloads++;
		tacit_relay_say(r, "reloaded", NULL);
	} else {
		r->counts.bad_reloads++;
		tacit_relay_say(r, "reload-failed", "kept", "the former configuration", "error",
				err.detail, NULL);
	}
	tacit_process_notify("READY=1");
}

static void on_signal(struct tacit_relay *r, struct relay_source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(r);
		else
			tacit_relay_drain(r);
	}
}

static enum tacit_status watch_signals(struct tacit_relay *r, struct tacit_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	r->signals.ready = on_signal;
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		r->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (r->signals.fd < 0 || !tacit_relay_watch(r, &r->signals, EPOLLIN))
		return tacit_fail(err, TACIT_IO, "relay", 0, "cannot take signals: %s",
				  strerror(errno));
	return TACIT_OK;
}

/* ---- time ----------------------------------------------------------------------------------- */

void tacit_relay_drain(struct tacit_relay *relay)
{
	char count[24];

	if (relay->drain_end) {
		relay->drain_end = relay->now; /* asked twice: at once */
		return;
	}
	tacit_process_notify("STOPPING=1");
	relay->drain_end = tacit_clock_ms() + relay->limits.drain_ms;
	tacit_relay_listen_stop(relay);
	snprintf(count, sizeof(count), "%zu", relay->live);
	tacit_relay_say(relay, "draining", "connections", count, NULL);
}

struct timed {
	struct relay_queue *queue;
	uint64_t ms;
};

#define QUEUES 4

static void list_queues(struct tacit_relay *r, struct timed list[static QUEUES])
{
	list[0] = (struct timed){ &r->asking, RELAY_REQUEST_MS };
	list[1] = (struct timed){ &r->connecting, r->limits.connect_ms };
	list[2] = (struct timed){ &r->open, r->limits.idle_ms };
	list[3] = (struct timed){ &r->lingering, RELAY_LINGER_MS };
}

static void end_waiting(struct tacit_relay *r, struct relay_conn *conn)
{
	if (conn->queue == &r->connecting) {
		tacit_relay_connect_failed(r, conn, RELAY_REFUSED_CONNECT, 504);
		return;
	}
	if (conn->queue == &r->open)
		r->counts.idle++;
	if (conn->queue == &r->asking)
		r->counts.refused[RELAY_REFUSED_REQUEST]++;
	tacit_relay_say_of(r, conn, "timeout", NULL);
	tacit_relay_conn_close(r, conn, true);
}

static void end_all(struct tacit_relay *r)
{
	struct timed list[QUEUES];

	list_queues(r, list);
	for (size_t i = 0; i < QUEUES; i++) {
		while (list[i].queue->first)
			tacit_relay_conn_close(r, list[i].queue->first, true);
	}
}

/* Ends what has waited too long. */
static void expire(struct tacit_relay *r)
{
	struct timed list[QUEUES];

	list_queues(r, list);
	for (size_t i = 0; i < QUEUES; i++) {
		struct relay_conn *conn;

		while ((conn = list[i].queue->first) && r->now >= conn->since + list[i].ms)
			end_waiting(r, conn);
	}
	if (r->again > 0)
		tacit_relay_connect_retry(r);
	if (r->retry_at && r->now >= r->retry_at)
		r->retry_at = 0;
	if (r->drain_end && r->now >= r->drain_end)
		end_all(r);
}

/* Milliseconds until something is due; -1 for never. */
static int next_due(struct tacit_relay *r)
{
	struct timed list[QUEUES];
	uint64_t due = UINT64_MAX;

	if (r->turn_first)
		return 0;
	list_queues(r, list);
	for (size_t i = 0; i < QUEUES; i++) {
		if (list[i].queue->first && list[i].queue->first->since + list[i].ms < due)
			due = list[i].queue->first->since + list[i].ms;
	}
	if (r->again > 0 && r->now + RETRY_MS < due)
		due = r->now + RETRY_MS;
	if (r->retry_at && r->retry_at < due)
		due = r->retry_at;
	if (r->drain_end && r->drain_end < due)
		due = r->drain_end;
	if (due == UINT64_MAX)
		return -1;
	return due <= r->now ? 0 : due - r->now > 60000 ? 60000 : (int)(due - r->now);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static bool accept_waits(const struct tacit_relay *r)
{
	if (r->drain_end || r->retry_at || r->live >= r->limits.connections)
		return false;
	for (const struct relay_listener *l = r->listeners; l; l = l->next) {
		if (l->waiting && !l->retired)
			return true;
	}
	return false;
}

/* Everyone in line gets one turn; those who come in meanwhile wait for the next one. */
static void take_turns(struct tacit_relay *r)
{
	struct relay_conn *last = r->turn_last;

	while (last) {
		struct relay_conn *conn = r->turn_first;

		r->turn_first = conn->next_turn;
		if (!r->turn_first)
			r->turn_last = NULL;
		conn->in_line = false;
		conn->next_turn = NULL;
		bool was_last = conn == last;
		if (conn->state != RELAY_DEAD)
			tacit_relay_conn_turn(r, conn);
		if (was_last)
			break;
	}
}

enum tacit_status tacit_relay_run(struct tacit_relay *relay, struct tacit_error *err)
{
	struct tacit_relay *r = relay;
	struct epoll_event events[EVENTS_MAX];

	while (!(r->drain_end && r->live == 0)) {
		int n = epoll_wait(r->epoll, events, EVENTS_MAX, accept_waits(r) ? 0 : next_due(r));

		if (n < 0 && errno != EINTR)
			return tacit_fail(err, TACIT_IO, "relay", 0, "cannot wait: %s",
					  strerror(errno));
		r->now = tacit_clock_ms();
		bool signalled = false;
		for (int i = 0; i < n; i++) {
			struct relay_source *source = events[i].data.ptr;

			if (source == &r->signals)
				signalled = true;
			else
				source->ready(r, source, events[i].events);
		}
		/* Last: a new configuration ends sources that this turn may still have named. */
		if (signalled)
			r->signals.ready(r, &r->signals, EPOLLIN);
		tacit_relay_listen_all(r);
		take_turns(r);
		expire(r);
		tacit_relay_conn_bury(r);
	}
	tacit_relay_say(r, "drained", NULL);
	return TACIT_OK;
}

void tacit_relay_free(struct tacit_relay *relay)
{
	if (!relay)
		return;
	end_all(relay);
	relay->turn_first = relay->turn_last = NULL;
	tacit_relay_conn_bury(relay);
	tacit_relay_listen_stop(relay);
	tacit_relay_resolve_free(relay->resolver);
	tacit_relay_aws_free(relay->aws);
	tacit_relay_flow_free_pipes(relay);
	if (relay->signals.fd >= 0)
		close(relay->signals.fd);
	if (relay->epoll >= 0)
		close(relay->epoll);
	free(relay->scratch);
	free(relay);
}
