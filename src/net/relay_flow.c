/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One direction of a connection. It reads only what it has room for and only once the last piece
 * is gone, so that a slow reader slows its writer and nobody else, and so that "nothing there"
 * can never mean that the pipe is full.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/relay_inside.h"

#define PIECE     1048576
#define ROUNDS    8  /* pieces a turn */
#define SPARE_MAX 64 /* pipes that are kept for the next one */
#define LARGE_MAX 32

/* ---- pipes ---------------------------------------------------------------------------------- */

static struct relay_pipe *take_pipe(struct tacit_relay *r)
{
	struct relay_pipe *pipe = r->spare;
	int fds[2];

	if (pipe) {
		r->spare = pipe->next;
		r->spare_count--;
		return pipe;
	}
	pipe = malloc(sizeof(*pipe));
	if (!pipe)
		return NULL;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) {
		free(pipe);
		return NULL;
	}
	*pipe = (struct relay_pipe){ .out = fds[0], .in = fds[1] };
	/*
	 * The first ones are large, which halves the time of a byte. Not all: a user may have 64
	 * MiB in pipes, and gets tiny ones beyond that [pipe(7)].
	 */
	if (r->large_pipes < LARGE_MAX && fcntl(fds[1], F_SETPIPE_SZ, PIECE) > 0) {
		pipe->large = true;
		r->large_pipes++;
	}
	r->pipes++;
	return pipe;
}

static void free_pipe(struct tacit_relay *r, struct relay_pipe *pipe)
{
	close(pipe->out);
	close(pipe->in);
	r->large_pipes -= pipe->large;
	r->pipes--;
	free(pipe);
}

/* Gives the flow's pipe back; one with somebody's bytes in it is of no use to others. */
static void leave_pipe(struct tacit_relay *r, struct relay_flow *flow)
{
	struct relay_pipe *pipe = flow->pipe;

	if (!pipe)
		return;
	flow->pipe = NULL;
	if (flow->held > 0 || r->spare_count >= SPARE_MAX) {
		free_pipe(r, pipe);
		return;
	}
	pipe->next = r->spare;
	r->spare = pipe;
	r->spare_count++;
}

void tacit_relay_flow_free_pipes(struct tacit_relay *relay)
{
	while (relay->spare) {
		struct relay_pipe *pipe = relay->spare;

		relay->spare = pipe->next;
		free_pipe(relay, pipe);
	}
	relay->spare_count = 0;
}

void tacit_relay_flow_done(struct tacit_relay *relay, struct relay_flow *flow)
{
	leave_pipe(relay, flow);
	free(flow->copy);
	flow->copy = NULL;
	flow->held = 0;
}

/* ---- out ------------------------------------------------------------------------------------ */

static void count_out(struct tacit_relay *r, const struct relay_flow *flow,
		      const struct relay_end *from, size_t n)
{
	if (flow == &from->conn->up)
		r->counts.up_bytes += n;
	else
		r->counts.down_bytes += n;
}

/* Nobody takes what this direction brings any more. */
static void turn_sink(struct tacit_relay *r, struct relay_flow *flow)
{
	tacit_relay_flow_done(r, flow);
	flow->sink = flow->shut = true;
}

/* A write failed. Who was reset before it had ended is known by this alone. */
static void refused(struct tacit_relay *r, struct relay_flow *flow, struct relay_end *to, int code)
{
	to->cut |= code == ECONNRESET;
	turn_sink(r, flow);
}

bool tacit_relay_flow_give(struct relay_flow *flow, struct tacit_slice bytes)
{
	if (bytes.len == 0)
		return true;
	flow->copy = malloc(bytes.len);
	if (!flow->copy)
		return false;
	memcpy(flow->copy, bytes.ptr, bytes.len);
	flow->at = 0;
	flow->held = bytes.len;
	return true;
}

/* Takes the bytes out of a pipe that turned out not to fit the socket. */
static bool unload(struct tacit_relay *r, struct relay_flow *flow)
{
	uint8_t *copy = malloc(flow->held);
	size_t len = 0;

	flow->plain = true;
	while (copy && len < flow->held) {
		ssize_t n = read(flow->pipe->out, copy + len, flow->held - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	bool whole = copy && len == flow->held;
	leave_pipe(r, flow);
	if (!whole) {
		free(copy);
		return false;
	}
	flow->copy = copy;
	flow->at = 0;
	return true;
}

static ssize_t write_some(const struct relay_flow *flow, int fd)
{
	if (flow->copy)
		return send(fd, flow->copy + flow->at, flow->held, MSG_NOSIGNAL | MSG_DONTWAIT);
	return splice(flow->pipe->out, NULL, fd, NULL, flow->held,
		      SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

/* True when nothing is held any more. */
static bool push(struct tacit_relay *r, struct relay_flow *flow, const struct relay_end *from,
		 struct relay_end *to)
{
	while (flow->held > 0 && to->writable) {
		ssize_t n = write_some(flow, to->source.fd);

		if (n > 0) {
			flow->held -= (size_t)n;
			flow->at += (size_t)n;
			count_out(r, flow, from, (size_t)n);
		} else if (n == 0 || errno == EAGAIN) {
			to->writable = false;
		} else if (errno == EINVAL && flow->pipe) {
			if (!unload(r, flow))
				turn_sink(r, flow);
		} else if (errno != EINTR) {
			refused(r, flow, to, errno);
		}
	}
	if (flow->held > 0)
		return false;
	free(flow->copy);
	flow->copy = NULL;
	return true;
}

/* ---- in ------------------------------------------------------------------------------------- */

/* What a read that gave no bytes means. */
static void note_end(struct relay_flow *flow, struct relay_end *from, ssize_t n)
{
	if (n == 0) {
		flow->ended = true;
		flow->reset = from->cut;
	} else if (errno == EAGAIN) {
		from->readable = false;
	} else if (errno != EINTR) {
		flow->ended = true;
		flow->reset = true;
	}
}

/* Through our own memory: what cannot be spliced, or is to be looked at. */
static void carry(struct tacit_relay *r, struct relay_flow *flow, struct relay_end *from,
		  struct relay_end *to)
{
	ssize_t n = recv(from->source.fd, r->scratch, RELAY_SCRATCH, MSG_DONTWAIT);

	if (n <= 0) {
		note_end(flow, from, n);
		return;
	}
	size_t len = (size_t)n;
	bool up = flow == &from->conn->up;
	if (r->options.spy_fd >= 0)
		tacit_relay_spy(r, from->conn, up, tacit_slice_of(r->scratch, len));
	r->counts.copied_bytes += len;
	ssize_t sent = send(to->source.fd, r->scratch, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		refused(r, flow, to, errno);
		return;
	}
	size_t gone = sent < 0 ? 0 : (size_t)sent;
	count_out(r, flow, from, gone);
	if (!tacit_relay_flow_give(flow, tacit_slice_of(r->scratch + gone, len - gone)))
		flow->ended = flow->reset = true;
}

static void pull(struct tacit_relay *r, struct relay_flow *flow, struct relay_end *from,
		 struct relay_end *to)
{
	if (!flow->pipe && !flow->plain && r->options.spy_fd < 0)
		flow->pipe = take_pipe(r);
	if (!flow->pipe) {
		carry(r, flow, from, to);
		return;
	}
	ssize_t n = splice(from->source.fd, NULL, flow->pipe->in, NULL, PIECE,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		flow->held = (size_t)n;
	else if (n < 0 && errno == EINVAL)
		flow->plain = true;
	else
		note_end(flow, from, n);
	if (flow->plain)
		leave_pipe(r, flow);
}

static void swallow(struct tacit_relay *r, struct relay_flow *flow, struct relay_end *from)
{
	ssize_t n = recv(from->source.fd, r->scratch, RELAY_SCRATCH, MSG_DONTWAIT);

	if (n > 0)
		return;
	note_end(flow, from, n);
	flow->reset = false; /* who is not listened to cannot interrupt */
}

/* False when there is nothing to do until something happens. */
static bool pump_once(struct tacit_relay *r, struct relay_flow *flow, struct relay_end *from,
		      struct relay_end *to)
{
	if (flow->held > 0 && !push(r, flow, from, to))
		return false;
	if (flow->sink) {
		if (flow->ended || !from->readable)
			return false;
		swallow(r, flow, from);
		return true;
	}
	if (flow->reset)
		return false;
	if (flow->ended) {
		if (!flow->shut)
			(void)shutdown(to->source.fd, SHUT_WR);
		flow->shut = true;
		return false;
	}
	if (!from->readable || !to->writable)
		return false;
	pull(r, flow, from, to);
	return true;
}

bool tacit_relay_flow_pump(struct tacit_relay *relay, struct relay_flow *flow,
			   struct relay_end *from, struct relay_end *to)
{
	bool more = true;

	for (unsigned i = 0; i < ROUNDS && more; i++)
		more = pump_once(relay, flow, from, to);
	if (flow->held == 0)
		leave_pipe(relay, flow);
	return more;
}
