/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/process.h"

#define THREADS_MAX    256
#define PROGRESS_AFTER 300 /* milliseconds */
#define PROGRESS_EVERY 100

enum chunk_state {
	CHUNK_FREE,
	CHUNK_READ, /* holds lines that nobody has taken */
	CHUNK_TAKEN,
	CHUNK_JUDGED,
};

struct chunk {
	enum chunk_state state;
	char *text;
	size_t len, room;
	struct cli_batch_out out;
	uint64_t lines, verified;
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct chunk *chunks;
	size_t size;
	uint64_t filled, taken, printed; /* chunks so far; index is the value modulo size */
	bool ended;                      /* no chunk after `filled` */
	bool failed;                     /* out of memory, or the output went away */
	bool dropping;                   /* inside a line that was too long */
	int read_error;
	int fd;
	const struct cli_batch *batch;
	char *carry; /* the beginning of a line whose end has not been read */
	size_t carry_len, carry_room;
};

static struct chunk *at(struct ring *r, uint64_t number)
{
	return &r->chunks[number % r->size];
}

/* Waits until the chunk of that number is in that state; NULL when it never will be. */
static struct chunk *await(struct ring *r, uint64_t number, enum chunk_state state)
{
	pthread_mutex_lock(&r->lock);
	while (at(r, number)->state != state && !r->failed && !(r->ended && number >= r->filled))
		pthread_cond_wait(&r->changed, &r->lock);
	bool have = at(r, number)->state == state && !r->failed;
	pthread_mutex_unlock(&r->lock);
	return have ? at(r, number) : NULL;
}

static void set_state(struct ring *r, struct chunk *c, enum chunk_state state)
{
	pthread_mutex_lock(&r->lock);
	c->state = state;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void fail(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->failed = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* ---- reading ------------------------------------------------------------------------------- */

static ssize_t read_some(struct ring *r, char *room, size_t size)
{
	ssize_t n;

	do {
		n = read(r->fd, room, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		r->read_error = errno;
	return n;
}

/* Position after the last line break, or 0. */
static size_t last_break(const char *text, size_t len)
{
	const char *found = memrchr(text, '\n', len);

	return found ? (size_t)(found - text) + 1 : 0;
}

/* Drops what belongs to a line that was too long; returns how much is left, at the front. */
static size_t drop_rest(struct ring *r, char *text, size_t len)
{
	char *found = r->dropping ? memchr(text, '\n', len) : NULL;

	if (!r->dropping)
		return len;
	if (!found)
		return 0;
	size_t gone = (size_t)(found - text) + 1;
	memmove(text, text + gone, len - gone);
	r->dropping = false;
	return len - gone;
}

/* Room for more of a line; false when it is as long as a line may be, or memory is out. */
static bool grow(struct ring *r, struct chunk *c)
{
	size_t most = r->batch->line_max + r->batch->chunk;
	size_t room = c->room ? 2 * c->room : r->batch->chunk;

	if (c->room >= most)
		return false;
	char *bigger = realloc(c->text, room < most ? room : most);
	if (!bigger) {
		fail(r);
		return false;
	}
	c->text = bigger;
	c->room = room < most ? room : most;
	return true;
}

/* Takes what was left of the chunk before; false when memory is out. */
static bool take_carry(struct ring *r, struct chunk *c)
{
	while (c->room <= r->carry_len) {
		if (!grow(r, c))
			return false;
	}
	if (r->carry_len)
		memcpy(c->text, r->carry, r->carry_len);
	c->len = r->carry_len;
	r->carry_len = 0;
	return true;
}

static bool leave_carry(struct ring *r, struct chunk *c, size_t whole)
{
	size_t len = c->len - whole;

	if (len > r->carry_room) {
		char *bigger = realloc(r->carry, len);
		if (!bigger) {
			fail(r);
			return false;
		}
		r->carry = bigger;
		r->carry_room = len;
	}
	if (len)
		memcpy(r->carry, c->text + whole, len);
	r->carry_len = len;
	c->len = whole;
	return true;
}

/*
 * Fills a chunk with whole lines; false at the end of the input. A line that outgrows the chunk
 * is too long: its beginning is passed on to be refused, its rest is dropped, so that a line in
 * is a line out.
 */
static bool fill(struct ring *r, struct chunk *c)
{
	if (!take_carry(r, c))
		return false;
	for (;;) {
		if (c->len == c->room && !grow(r, c)) {
			r->dropping = true;
			return true;
		}
		ssize_t n = read_some(r, c->text + c->len, c->room - c->len);

		if (n <= 0)
			return c->len > 0;
		size_t more = drop_rest(r, c->text + c->len, (size_t)n);
		size_t end = last_break(c->text + c->len, more);
		size_t whole = end ? c->len + end : 0;
		c->len += more;
		if (whole)
			return leave_carry(r, c, whole);
	}
}

static void *read_loop(void *user)
{
	struct ring *r = user;

	for (uint64_t number = 0;; number++) {
		pthread_mutex_lock(&r->lock);
		while (at(r, number)->state != CHUNK_FREE && !r->failed)
			pthread_cond_wait(&r->changed, &r->lock);
		bool failed = r->failed;
		pthread_mutex_unlock(&r->lock);

		bool more = !failed && fill(r, at(r, number));
		pthread_mutex_lock(&r->lock);
		if (more) {
			at(r, number)->state = CHUNK_READ;
			r->filled++;
		} else {
			r->ended = true;
		}
		pthread_cond_broadcast(&r->changed);
		pthread_mutex_unlock(&r->lock);
		if (!more)
			return NULL;
	}
}

/* ---- judging ------------------------------------------------------------------------------- */

bool cli_batch_reserve(struct cli_batch_out *out, size_t more)
{
	if (out->room - out->len >= more)
		return true;
	size_t room = 2 * out->room + 2 * more;
	uint8_t *bigger = realloc(out->bytes, room);
	if (!bigger)
		return false;
	out->bytes = bigger;
	out->room = room;
	return true;
}

static bool judge_chunk(const struct ring *r, void *judge, struct chunk *c)
{
	size_t from = 0;

	c->out.len = 0;
	c->lines = c->verified = 0;
	r->batch->start(judge);
	while (from < c->len) {
		const char *found = memchr(c->text + from, '\n', c->len - from);
		size_t len = found ? (size_t)(found - c->text) - from : c->len - from;
		bool dos = len && c->text[from + len - 1] == '\r';
		struct tacit_slice line = tacit_slice_of(c->text + from, len - dos);
		bool verified = false;

		from += len + (found ? 1 : 0);
		if (!r->batch->line(judge, line, &c->out, &verified))
			return false;
		c->lines++;
		c->verified += verified ? 1 : 0;
	}
	return true;
}

/* The next chunk that nobody judges yet; NULL when there will be none. */
static struct chunk *take(struct ring *r)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->taken == r->filled && !r->ended && !r->failed)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->taken < r->filled && !r->failed) {
		c = at(r, r->taken++);
		c->state = CHUNK_TAKEN;
	}
	pthread_mutex_unlock(&r->lock);
	return c;
}

static void *judge_loop(void *user)
{
	struct ring *r = user;
	void *judge = r->batch->open(r->batch->user);
	struct chunk *c;

	if (!judge) {
		fail(r);
		return NULL;
	}
	while ((c = take(r))) {
		if (!judge_chunk(r, judge, c)) {
			fail(r);
			break;
		}
		set_state(r, c, CHUNK_JUDGED);
	}
	r->batch->close(judge);
	return NULL;
}

/* ---- printing ------------------------------------------------------------------------------ */

struct progress {
	bool wanted, shown;
	uint64_t started, last; /* milliseconds */
	uint64_t lines, verified;
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* On a terminal alone, and only when it takes long enough to wonder. */
static void show_progress(struct progress *p, bool end)
{
	uint64_t now = p->wanted ? clock_ms() : 0;

	if (!p->wanted || (end && !p->shown))
		return;
	if (!end && (now - p->started < PROGRESS_AFTER || now - p->last < PROGRESS_EVERY))
		return;
	p->last = now;
	p->shown = true;
	fprintf(stderr, "\r%llu lines, %llu not verified%s", (unsigned long long)p->lines,
		(unsigned long long)(p->lines - p->verified), end ? "\n" : "");
	fflush(stderr);
}

static int print_loop(const struct cli_common *common, struct ring *r)
{
	struct progress p = { .wanted = !common->quiet && isatty(STDERR_FILENO) == 1 &&
					isatty(STDOUT_FILENO) != 1 };
	struct chunk *c;

	p.started = p.wanted ? clock_ms() : 0;
	while ((c = await(r, r->printed, CHUNK_JUDGED))) {
		if (fwrite(c->out.bytes, 1, c->out.len, stdout) != c->out.len || fflush(stdout))
			fail(r);
		p.lines += c->lines;
		p.verified += c->verified;
		r->printed++;
		set_state(r, c, CHUNK_FREE);
		show_progress(&p, false);
	}
	show_progress(&p, true);
	return p.lines == p.verified ? 0 : tacit_status_exit(TACIT_POLICY);
}

static void release(struct ring *r)
{
	for (size_t i = 0; r->chunks && i < r->size; i++) {
		free(r->chunks[i].text);
		free(r->chunks[i].out.bytes);
	}
	free(r->chunks);
	free(r->carry);
	if (r->fd > STDIN_FILENO)
		close(r->fd);
	free(r);
}

static int run_threads(const struct cli_common *common, struct ring *r, size_t workers)
{
	pthread_t threads[THREADS_MAX + 1];
	size_t count = 0;

	if (pthread_create(&threads[count], NULL, read_loop, r) == 0)
		count++;
	for (size_t i = 0; count == i + 1 && i < workers; i++) {
		if (pthread_create(&threads[count], NULL, judge_loop, r) == 0)
			count++;
	}
	if (count < 2)
		fail(r);
	int code = print_loop(common, r);
	struct tacit_error err = { 0 };
	if (r->failed) {
		(void)tacit_fail(&err, TACIT_IO, "batch", 0, "out of memory, or output failed");
		/* The reader may wait for input for ever: nothing is left to do but to end. */
		_exit(cli_fail(common, &err, "cannot judge %s", r->batch->what));
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	if (r->read_error) {
		(void)tacit_fail(&err, TACIT_IO, "batch", 0, "%s", strerror(r->read_error));
		return cli_fail(common, &err, "cannot read %s", r->batch->what);
	}
	return code;
}

int cli_batch_open(const struct cli_common *common, const char *what, const char *path, int *ret_fd)
{
	struct tacit_error err = { 0 };
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		(void)tacit_fail(&err, TACIT_IO, "batch", 0, "%s", strerror(errno));
		return cli_fail(common, &err, "cannot read %s '%s'", what, path);
	}
	*ret_fd = fd;
	return 0;
}

int cli_batch_run(const struct cli_common *common, const struct cli_batch *batch, int fd,
		  unsigned jobs)
{
	size_t workers = jobs ? jobs : tacit_process_cores();

	if (workers > THREADS_MAX)
		workers = THREADS_MAX;
	struct ring *r = calloc(1, sizeof(*r));
	if (!r)
		return cli_no_memory(common);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->batch = batch;
	r->fd = fd;
	r->size = 2 * workers + 2;
	r->chunks = calloc(r->size, sizeof(*r->chunks));
	int code = r->chunks ? run_threads(common, r, workers) : cli_no_memory(common);
	release(r);
	return code;
}
