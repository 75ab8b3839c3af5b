/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/server_inside.h"

#define ACCEPT_BURST    64
#define ACCEPT_PAUSE_MS 100

static void set_default(unsigned *value, unsigned fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void set_default_size(size_t *value, size_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void fill_defaults(struct tacit_server_options *o)
{
	set_default_size(&o->max_connections, 4096);
	set_default_size(&o->max_body, 8 * 1024 * 1024);
	set_default_size(&o->max_bodies, 256 * 1024 * 1024);
	set_default_size(&o->max_output, 1024 * 1024);
	set_default(&o->handshake_ms, 10 * 1000);
	set_default(&o->request_ms, 30 * 1000);
	set_default(&o->idle_ms, 300 * 1000);
	set_default(&o->stall_ms, 30 * 1000);
}

/* Stops listening for a while, or until a connection closes. */
static void pause_accept(struct tacit_server *server, bool timed)
{
	struct timeval pause = { 0, ACCEPT_PAUSE_MS * 1000 };

	server->paused = true;
	for (size_t i = 0; i < server->listener_count; i++)
		event_del(server->listeners[i].event);
	if (timed)
		event_add(server->resume, &pause);
}

static void resume_accept(struct tacit_server *server)
{
	if (!server->paused || server->stopping)
		return;
	server->paused = false;
	event_del(server->resume);
	for (size_t i = 0; i < server->listener_count; i++)
		event_add(server->listeners[i].event, NULL);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	resume_accept(arg);
}

/* Makes room by closing the connection that is idle longest; false when none is. */
static bool evict_one(struct tacit_server *server)
{
	struct conn *oldest = TAILQ_FIRST(&server->idles);

	if (!oldest)
		return false;
	server->counts.evicted++;
	tacit_server_conn_kill(oldest);
	return true;
}

static bool out_of_room(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct tacit_server *server = listener->server;

	(void)what;
	/* Only the first round knows that somebody waits: nobody is evicted for no one. */
	for (int i = 0; i < ACCEPT_BURST; i++) {
		if (server->counts.open >= server->options.max_connections) {
			if (i == 0 && !evict_one(server))
				pause_accept(server, false);
			if (i > 0 || server->paused)
				return;
		}
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (peer >= 0) {
			tacit_server_conn_open(server, peer);
			continue;
		}
		/* The connection stays in the queue and would wake the loop at once again. */
		int code = errno;
		if (i == 0 && out_of_room(code) && !evict_one(server))
			pause_accept(server, true);
		if (code != EINTR && code != ECONNABORTED)
			return;
	}
}

void tacit_server_closed_one(struct tacit_server *server)
{
	server->counts.open--;
	resume_accept(server);
	if (server->stopping && server->counts.open == 0)
		event_base_loopbreak(server->base);
}

static void run_tasks(struct tacit_server *server)
{
	pthread_mutex_lock(&server->lock);
	struct tacit_server_task *task = server->first;
	server->first = NULL;
	server->last = NULL;
	pthread_mutex_unlock(&server->lock);

	while (task) {
		struct tacit_server_task *next = task->next;

		task->run(task); /* may post itself again, or be freed */
		task = next;
	}
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		return;
	run_tasks(arg);
}

void tacit_server_post(struct tacit_server *server, struct tacit_server_task *task)
{
	uint64_t one = 1;

	task->next = NULL;
	pthread_mutex_lock(&server->lock);
	bool first = server->first == NULL;
	if (first)
		server->first = task;
	else
		server->last->next = task;
	server->last = task;
	pthread_mutex_unlock(&server->lock);

	/* One wake-up per burst. The counter cannot overflow, so the write cannot block. */
	while (first && write(server->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

static void kill_all(struct tacit_server *server)
{
	struct conn *conn = LIST_FIRST(&server->conns);

	while (conn) {
		struct conn *next = LIST_NEXT(conn, all);

		tacit_server_conn_kill(conn);
		conn = next;
	}
}

static void on_grace(evutil_socket_t fd, short what, void *arg)
{
	struct tacit_server *server = arg;

	(void)fd;
	(void)what;
	kill_all(server);
	event_base_loopbreak(server->base);
}

static void close_listeners(struct tacit_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		event_free(server->listeners[i].event);
		close(server->listeners[i].fd);
	}
	server->listener_count = 0;
}

/* Ends every connection that no answer is being made for. */
static void kill_waiting(struct tacit_server *server)
{
	struct conn *conn = LIST_FIRST(&server->conns);

	while (conn) {
		struct conn *next = LIST_NEXT(conn, all);

		if (conn->state != CONN_BUSY && conn->state != CONN_FLUSH)
			tacit_server_conn_kill(conn);
		conn = next;
	}
}

void tacit_server_stop(struct tacit_server *server)
{
	unsigned ms = server->options.grace_ms;
	struct timeval grace = { ms / 1000, ms % 1000 * 1000 };

	if (server->stopping)
		return;
	server->stopping = true;
	close_listeners(server);
	if (server->options.on_stop)
		server->options.on_stop(server->options.user);
	kill_waiting(server);
	if (server->counts.open == 0)
		event_base_loopbreak(server->base);
	else
		event_add(server->grace, &grace);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct tacit_server *server = arg;

	(void)what;
	if (server->stopping) {
		signal((int)number, SIG_DFL);
		raise((int)number);
		return;
	}
	tacit_server_stop(server);
}

static bool make_events(struct tacit_server *s)
{
	struct event_config *config = event_config_new();

	if (!config)
		return false;
	/* Each thread that answers owns its loop: no locks inside libevent. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	s->base = event_base_new_with_config(config);
	event_config_free(config);
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!s->base || s->wake_fd < 0)
		return false;
	s->resume = evtimer_new(s->base, on_resume, s);
	s->grace = evtimer_new(s->base, on_grace, s);
	s->signals[0] = evsignal_new(s->base, SIGTERM, on_signal, s);
	s->signals[1] = evsignal_new(s->base, SIGINT, on_signal, s);
	s->wake = event_new(s->base, s->wake_fd, EV_READ | EV_PERSIST, on_wake, s);
	return s->resume && s->grace && s->signals[0] && s->signals[1] && s->wake &&
	       event_add(s->signals[0], NULL) == 0 && event_add(s->signals[1], NULL) == 0 &&
	       event_add(s->wake, NULL) == 0;
}

enum tacit_status tacit_server_new(const struct tacit_server_options *options,
				   struct tacit_server **ret, struct tacit_error *err)
{
	struct tacit_server *server = calloc(1, sizeof(*server));

	if (!server)
		return tacit_fail(err, TACIT_NOMEM, "server", 0, "out of memory");
	server->options = *options;
	server->wake_fd = -1;
	fill_defaults(&server->options);
	LIST_INIT(&server->conns);
	TAILQ_INIT(&server->idles);
	pthread_mutex_init(&server->lock, NULL);
	if (!make_events(server)) {
		tacit_server_free(server);
		return tacit_fail(err, TACIT_IO, "server", 0, "cannot make the event loop: %s",
				  strerror(errno));
	}
	*ret = server;
	return TACIT_OK;
}

enum tacit_status tacit_server_listen(struct tacit_server *server, int fd, struct tacit_error *err)
{
	if (server->listener_count == LISTENERS_MAX)
		return tacit_fail(err, TACIT_LIMIT, "server", 0, "more than %d listeners",
				  LISTENERS_MAX);
	struct listener *listener = &server->listeners[server->listener_count];
	struct event *event =
		event_new(server->base, fd, EV_READ | EV_PERSIST, on_accept, listener);
	if (!event || event_add(event, NULL) != 0) {
		if (event)
			event_free(event);
		return tacit_fail(err, TACIT_NOMEM, "server", 0, "cannot watch the listener");
	}
	*listener = (struct listener){ server, event, fd };
	server->listener_count++;
	return TACIT_OK;
}

enum tacit_status tacit_server_run(struct tacit_server *server, struct tacit_error *err)
{
	int rc = event_base_dispatch(server->base);

	if (rc < 0)
		return tacit_fail(err, TACIT_IO, "server", 0, "the event loop failed");
	return TACIT_OK;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void tacit_server_free(struct tacit_server *server)
{
	if (!server)
		return;
	server->stopping = true;
	kill_all(server);
	close_listeners(server);
	run_tasks(server); /* so that what they own is released */
	if (server->base)
		event_base_loop(server->base, EVLOOP_NONBLOCK); /* ends freed connections */
	free_event(server->resume);
	free_event(server->grace);
	free_event(server->signals[0]);
	free_event(server->signals[1]);
	free_event(server->wake);
	if (server->wake_fd >= 0)
		close(server->wake_fd);
	if (server->base)
		event_base_free(server->base);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

struct event_base *tacit_server_base(struct tacit_server *server)
{
	return server->base;
}

struct tacit_server_counts tacit_server_counts(const struct tacit_server *server)
{
	return server->counts;
}
