/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The credentials of this instance for the enclaves on it. A thread asks the metadata service, well
 * before those it has end; the loop answers with what is there. Given out where only enclaves and
 * this user can ask: at vsock and unix sockets.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "net/http.h"
#include "net/relay_inside.h"
#include "release/aws_metadata.h"
#include "sys/clock.h"

#define WHERE      "relay.aws"
#define SPARE_S    900  /* enclaves want others five minutes before; AWS has them by then */
#define ROUND_S    60   /* while they are near their end */
#define LONGEST_S  3600 /* a role may get other rights */
#define FIRST_S    2    /* after a failure, doubled up to ROUND_S */
#define ANSWER_MAX (TACIT_AWS_ANSWER_MAX + 256)

struct relay_aws {
	struct relay_source source; /* an eventfd */
	pthread_t thread;
	bool running;
	atomic_bool stop;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t wake;
	char base[TACIT_AWS_METADATA_MAX];
	struct tacit_aws_keys keys; /* none while access_key is empty */
	struct tacit_error err;     /* of the last round */
};

/* ---- the thread ----------------------------------------------------------------------------- */

static unsigned next_round(const struct tacit_aws_keys *keys)
{
	int64_t left = keys->expires - tacit_clock_wall() - SPARE_S;

	if (keys->expires == 0 || left > LONGEST_S)
		return LONGEST_S;
	return left > ROUND_S ? (unsigned)left : ROUND_S;
}

/* With the lock held, until it is time or there is something else to do. */
static void wait_s(struct relay_aws *aws, unsigned seconds)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += (time_t)seconds;
	while (!atomic_load(&aws->stop) &&
	       pthread_cond_timedwait(&aws->wake, &aws->lock, &end) != ETIMEDOUT)
		;
}

static void tell(struct relay_aws *aws)
{
	uint64_t one = 1;

	if (write(aws->source.fd, &one, sizeof(one)) < 0)
		errno = 0; /* a full counter wakes as well */
}

static void *run(void *user)
{
	struct relay_aws *aws = user;
	unsigned pause = FIRST_S;

	pthread_mutex_lock(&aws->lock);
	while (!atomic_load(&aws->stop)) {
		struct tacit_aws_keys keys = { .expires = 0 };
		struct tacit_error err = { 0 };
		char base[sizeof(aws->base)];

		memcpy(base, aws->base, sizeof(base));
		pthread_mutex_unlock(&aws->lock);
		enum tacit_status st = tacit_aws_metadata_ask(base, &aws->stop, &keys, &err);
		pthread_mutex_lock(&aws->lock);
		aws->err = err;
		if (st == TACIT_OK)
			aws->keys = keys;
		tacit_aws_keys_wipe(&keys);
		pause = st == TACIT_OK        ? next_round(&aws->keys)
			: pause > ROUND_S / 2 ? ROUND_S
					      : pause;
		tell(aws);
		wait_s(aws, pause);
		pause = st == TACIT_OK ? FIRST_S : 2 * pause;
	}
	pthread_mutex_unlock(&aws->lock);
	return NULL;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void on_round(struct tacit_relay *r, struct relay_source *source, uint32_t events)
{
	struct relay_aws *aws = (struct relay_aws *)source; /* its first member */
	char until[TACIT_TIME_TEXT] = "";
	struct tacit_error err;
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&aws->lock);
	err = aws->err;
	if (aws->keys.expires)
		tacit_time_format(aws->keys.expires, until);
	pthread_mutex_unlock(&aws->lock);
	if (err.status == TACIT_OK)
		tacit_relay_say(r, "aws-credentials", "until", until[0] ? until : "ever", NULL);
	else
		tacit_relay_say(r, "aws-credentials-failed", "why", err.detail, NULL);
}

static enum tacit_status start(struct tacit_relay *r, struct relay_aws *aws,
			       struct tacit_error *err)
{
	sigset_t all, before;

	aws->source.ready = on_round;
	aws->source.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (aws->source.fd < 0 || !tacit_relay_watch(r, &aws->source, EPOLLIN))
		return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot set up: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	aws->running = pthread_create(&aws->thread, NULL, run, aws) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return aws->running ? TACIT_OK
			    : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot start a thread");
}

enum tacit_status tacit_relay_aws_start(struct tacit_relay *relay, const char *base,
					struct tacit_error *err)
{
	enum tacit_status st = tacit_aws_place_check(base, err);

	if (st == TACIT_OK)
		st = tacit_curl_load(err);
	if (st != TACIT_OK)
		return st;
	if (relay->aws && strcmp(relay->aws->base, base) == 0)
		return TACIT_OK;
	struct relay_aws *aws = calloc(1, sizeof(*aws));
	if (!aws)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	aws->source.fd = -1;
	pthread_mutex_init(&aws->lock, NULL);
	pthread_cond_init(&aws->wake, NULL);
	snprintf(aws->base, sizeof(aws->base), "%s", base);
	st = start(relay, aws, err);
	if (st != TACIT_OK) {
		tacit_relay_aws_free(aws);
		return st;
	}
	tacit_relay_aws_free(relay->aws);
	relay->aws = aws;
	return TACIT_OK;
}

void tacit_relay_aws_free(struct relay_aws *aws)
{
	if (!aws)
		return;
	atomic_store(&aws->stop, true);
	pthread_mutex_lock(&aws->lock);
	pthread_cond_signal(&aws->wake);
	pthread_mutex_unlock(&aws->lock);
	if (aws->running)
		pthread_join(aws->thread, NULL);
	if (aws->source.fd >= 0)
		close(aws->source.fd);
	pthread_cond_destroy(&aws->wake);
	pthread_mutex_destroy(&aws->lock);
	tacit_aws_keys_wipe(&aws->keys);
	free(aws);
}

/* ---- who asks ------------------------------------------------------------------------------- */

bool tacit_relay_aws_is_asked(struct tacit_slice head)
{
	return head.len >= 4 && memcmp(head.ptr, "GET ", 4) == 0;
}

static unsigned judge(const struct tacit_relay *r, const struct relay_conn *conn,
		      struct tacit_slice head)
{
	struct tacit_http_head request;
	unsigned status = tacit_http_head_parse(head, &request);

	if (status != 0)
		return status;
	if (!r->aws || !tacit_slice_eq(request.path, tacit_slice_str(TACIT_AWS_PATH)))
		return 404;
	/* Who can reach a port of TCP is anybody. */
	return conn->listener->bound.transport == TACIT_TRANSPORT_TCP ? 403 : 0;
}

/* The head of the answer is put in front of the body once its length is known. */
static void answer(struct tacit_relay *r, struct relay_conn *conn, struct tacit_mut room)
{
	struct tacit_slice body = { NULL, 0 };
	struct tacit_mut rest = tacit_mut_of(room.ptr + 256, room.len - 256);

	if (tacit_aws_keys_write(&r->aws->keys, rest, &body, NULL) != TACIT_OK) {
		tacit_relay_ask_refuse(r, conn, 500);
		return;
	}
	int n = snprintf((char *)room.ptr, 256,
			 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
			 "no-store\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
			 body.len);
	memmove(room.ptr + n, body.ptr, body.len);
	r->counts.credentials++;
	tacit_relay_say_of(r, conn, "aws-credentials-given", NULL);
	tacit_relay_ask_answer(r, conn, tacit_slice_of(room.ptr, (size_t)n + body.len));
}

/* What was written down is wiped; what the connection holds is with its bytes. */
unsigned tacit_relay_aws_answer(struct tacit_relay *relay, struct relay_conn *conn,
				struct tacit_slice head)
{
	unsigned status = judge(relay, conn, head);

	if (status != 0)
		return status;
	uint8_t *room = malloc(ANSWER_MAX);
	if (!room)
		return 500;
	pthread_mutex_lock(&relay->aws->lock);
	bool there = relay->aws->keys.access_key[0] != '\0';
	if (there)
		answer(relay, conn, tacit_mut_of(room, ANSWER_MAX));
	pthread_mutex_unlock(&relay->aws->lock);
	tacit_wipe(room, ANSWER_MAX);
	free(room);
	return there ? 0 : 503;
}
