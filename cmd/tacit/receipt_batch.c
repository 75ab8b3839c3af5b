/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many receipts on all cores: one thread reads lines into a ring of chunks, workers judge chunks,
 * the caller's thread prints them in order. The ring bounds the memory whatever comes in, and a
 * chunk is whatever one read gave, so that it works in the middle of a pipe without delay.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "receipt.h"
#include "receipt/batch.h"

#define CHUNK_TEXT  (2 * TACIT_BATCH_LINE_MAX)
#define THREADS_MAX 256

enum chunk_state {
	CHUNK_FREE,
	CHUNK_READ, /* holds lines that nobody has taken */
	CHUNK_TAKEN,
	CHUNK_JUDGED,
};

struct chunk {
	enum chunk_state state;
	char *text;
	size_t len;
	uint8_t *out;
	size_t out_len, out_room;
	bool all_verified;
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
	bool live;                       /* the time goes on while lines come in */
	int read_error;
	int fd;
	const struct tacit_receipt_expect *expect;
	char carry[CHUNK_TEXT]; /* the beginning of a line whose end has not been read */
	size_t carry_len;
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

/*
 * Fills a chunk with whole lines; false at the end of the input. A line that outgrows the chunk
 * is too long for any receipt: its beginning is passed on to be refused, its rest is dropped, so
 * that a line in is a line out.
 */
static bool fill(struct ring *r, struct chunk *c)
{
	memcpy(c->text, r->carry, r->carry_len);
	c->len = r->carry_len;
	r->carry_len = 0;
	for (;;) {
		ssize_t n = read_some(r, c->text + c->len, CHUNK_TEXT - c->len);

		if (n <= 0)
			return c->len > 0;
		size_t more = drop_rest(r, c->text + c->len, (size_t)n);
		size_t end = last_break(c->text + c->len, more);
		size_t whole = end ? c->len + end : 0;
		c->len += more;
		if (!whole && c->len == CHUNK_TEXT) {
			r->dropping = true;
			return true;
		}
		if (!whole)
			continue;
		r->carry_len = c->len - whole;
		memcpy(r->carry, c->text + whole, r->carry_len);
		c->len = whole;
		return true;
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

static bool reserve(struct chunk *c)
{
	if (c->out_room - c->out_len >= TACIT_BATCH_ROOM)
		return true;
	size_t room = c->out_room * 2 + 4 * TACIT_BATCH_ROOM;
	uint8_t *bigger = realloc(c->out, room);
	if (!bigger)
		return false;
	c->out = bigger;
	c->out_room = room;
	return true;
}

static bool judge_chunk(struct tacit_batch *batch, struct chunk *c)
{
	size_t from = 0;

	c->out_len = 0;
	c->all_verified = true;
	while (from < c->len) {
		const char *found = memchr(c->text + from, '\n', c->len - from);
		size_t len = found ? (size_t)(found - c->text) - from : c->len - from;
		bool dos = len && c->text[from + len - 1] == '\r';
		struct tacit_slice line = tacit_slice_of(c->text + from, len - dos);

		from += len + (found ? 1 : 0);
		if (!reserve(c))
			return false;
		struct writer w =
			wr_of(tacit_mut_of(c->out + c->out_len, c->out_room - c->out_len));
		if (tacit_batch_line(batch, line, &w) != TACIT_VERIFIED)
			c->all_verified = false;
		if (w.bad)
			return false;
		c->out_len += w.at;
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
	struct tacit_batch *batch = malloc(sizeof(*batch));
	struct chunk *c;

	if (!batch || tacit_batch_init(batch, r->expect, TACIT_REPORT_FAILED, NULL) != TACIT_OK) {
		free(batch);
		fail(r);
		return NULL;
	}
	while ((c = take(r))) {
		if (r->live)
			batch->defaults.now = cli_now(&(struct cli_time){ 0 });
		if (!judge_chunk(batch, c)) {
			fail(r);
			break;
		}
		set_state(r, c, CHUNK_JUDGED);
	}
	tacit_batch_done(batch);
	free(batch);
	return NULL;
}

/* ---- printing ------------------------------------------------------------------------------ */

static int print_loop(struct ring *r)
{
	bool all_verified = true;
	struct chunk *c;

	while ((c = await(r, r->printed, CHUNK_JUDGED))) {
		if (fwrite(c->out, 1, c->out_len, stdout) != c->out_len || fflush(stdout))
			fail(r);
		all_verified = all_verified && c->all_verified;
		r->printed++;
		set_state(r, c, CHUNK_FREE);
	}
	return all_verified ? 0 : tacit_status_exit(TACIT_POLICY);
}

static bool allocate(struct ring *r, size_t workers)
{
	r->size = 2 * workers + 2;
	r->chunks = calloc(r->size, sizeof(*r->chunks));
	for (size_t i = 0; r->chunks && i < r->size; i++) {
		r->chunks[i].text = malloc(CHUNK_TEXT);
		if (!r->chunks[i].text)
			return false;
	}
	return r->chunks != NULL;
}

static void release(struct ring *r)
{
	for (size_t i = 0; r->chunks && i < r->size; i++) {
		free(r->chunks[i].text);
		free(r->chunks[i].out);
	}
	free(r->chunks);
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
	int code = print_loop(r);
	struct tacit_error err = { 0 };
	if (r->failed) {
		(void)tacit_fail(&err, TACIT_IO, "batch", 0, "out of memory, or output failed");
		/* The reader may wait for input for ever: nothing is left to do but to end. */
		_exit(cli_fail(common, &err, "cannot judge receipts"));
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	if (r->read_error) {
		(void)tacit_fail(&err, TACIT_IO, "batch", 0, "%s", strerror(r->read_error));
		return cli_fail(common, &err, "cannot read receipts");
	}
	return code;
}

/* A key that is none is told once, before anything is read. */
static int check_key(const struct cli_common *common, const struct tacit_receipt_expect *expect)
{
	struct tacit_batch *batch = malloc(sizeof(*batch));
	struct tacit_error err = { 0 };

	if (!batch)
		return cli_no_memory(common);
	enum tacit_status status = tacit_batch_init(batch, expect, TACIT_REPORT_FAILED, &err);
	if (status == TACIT_OK)
		tacit_batch_done(batch);
	free(batch);
	return status == TACIT_OK ? 0 : cli_fail(common, &err, "cannot use the receipt key");
}

int cli_receipt_batch_open(const struct cli_common *common, const char *path, int *ret_fd)
{
	struct tacit_error err = { 0 };
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		(void)tacit_fail(&err, TACIT_IO, "batch", 0, "%s", strerror(errno));
		return cli_fail(common, &err, "cannot read receipts '%s'", path);
	}
	*ret_fd = fd;
	return 0;
}

int cli_receipt_batch(const struct cli_common *common, const struct tacit_receipt_expect *expect,
		      bool live, int fd, unsigned jobs)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t workers = jobs ? jobs : cores > 0 ? (size_t)cores : 1;
	int code = check_key(common, expect);

	if (code)
		return code;
	if (workers > THREADS_MAX)
		workers = THREADS_MAX;
	struct ring *r = calloc(1, sizeof(*r));
	if (!r)
		return cli_no_memory(common);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->expect = expect;
	r->live = live;
	r->fd = fd;
	code = allocate(r, workers) ? run_threads(common, r, workers) : cli_no_memory(common);
	release(r);
	return code;
}
