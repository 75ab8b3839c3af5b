/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client_loop.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "sys/curl.h"

/* libcurl says which sockets to watch and when to be woken; we watch, wake, and tell. */
struct watched {
	LIST_ENTRY(watched) entry;
	struct tacit_client_loop *loop;
	struct event *event;
};

struct tacit_client_loop {
	struct tacit_client *client;
	CURLM *multi;
	struct event_base *base;
	struct event *timer;
	LIST_HEAD(, watched) all;
};

static void drive(struct tacit_client_loop *loop, curl_socket_t fd, int what)
{
	int running = 0;

	tacit_curl()->multi_socket_action(loop->multi, fd, what, &running);
	tacit_client_progress(loop->client);
}

static void on_socket(evutil_socket_t fd, short what, void *user)
{
	struct watched *w = user;
	int bits =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	drive(w->loop, fd, bits);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	drive(user, CURL_SOCKET_TIMEOUT, 0);
}

static void unwatch(struct tacit_client_loop *loop, curl_socket_t fd, struct watched *w)
{
	if (!w)
		return;
	tacit_curl()->multi_assign(loop->multi, fd, NULL);
	LIST_REMOVE(w, entry);
	event_free(w->event);
	free(w);
}

static int watch(struct tacit_client_loop *loop, curl_socket_t fd, int what, struct watched *w)
{
	short bits = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			     (what & CURL_POLL_OUT ? EV_WRITE : 0));

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return -1;
		w->loop = loop;
		LIST_INSERT_HEAD(&loop->all, w, entry);
		tacit_curl()->multi_assign(loop->multi, fd, w);
	}
	if (w->event)
		event_free(w->event);
	w->event = event_new(loop->base, fd, bits, on_socket, w);
	return w->event && event_add(w->event, NULL) == 0 ? 0 : -1;
}

static int change_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *assigned)
{
	(void)easy;
	if (what != CURL_POLL_REMOVE)
		return watch(user, fd, what, assigned);
	unwatch(user, fd, assigned);
	return 0;
}

static int change_timer(CURLM *multi, long ms, void *user)
{
	struct tacit_client_loop *loop = user;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	return ms < 0 ? event_del(loop->timer) : event_add(loop->timer, &tv);
}

static void set_calls(struct tacit_client_loop *loop, bool on)
{
	tacit_curl()->multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on ? change_socket : NULL);
	tacit_curl()->multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	tacit_curl()->multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on ? change_timer : NULL);
	tacit_curl()->multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
}

enum tacit_status tacit_client_loop_new(struct tacit_client *client, struct event_base *base,
					struct tacit_client_loop **ret, struct tacit_error *err)
{
	struct tacit_client_loop *loop = calloc(1, sizeof(*loop));

	if (loop)
		loop->timer = evtimer_new(base, on_timer, loop);
	if (!loop || !loop->timer) {
		free(loop);
		return tacit_fail(err, TACIT_NOMEM, "client.loop", 0, "out of memory");
	}
	loop->client = client;
	loop->multi = tacit_client_multi(client);
	loop->base = base;
	LIST_INIT(&loop->all);
	set_calls(loop, true);
	*ret = loop;
	return TACIT_OK;
}

void tacit_client_loop_free(struct tacit_client_loop *loop)
{
	struct watched *w;

	if (!loop)
		return;
	set_calls(loop, false);
	while ((w = LIST_FIRST(&loop->all))) {
		LIST_REMOVE(w, entry);
		event_free(w->event);
		free(w);
	}
	event_free(loop->timer);
	free(loop);
}
