/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/address.h"
#include "sys/clock.h"
#include "sys/tpm_code.h"

#define WHERE      "tpm"
#define CONNECT_MS 5000
#define TRIES      20 /* of a command while the TPM is busy */
#define PAUSE_MS   50 /* before another one */
#define ALL_PCRS   ((1u << TACIT_TPM_PCRS) - 1)

struct tacit_tpm {
	pthread_mutex_t lock; /* for all below */
	int fd;
	unsigned limit_ms;
	bool late;   /* an answer to an earlier command may still come */
	bool broken; /* answers can no longer be told from each other */
	uint8_t command[TACIT_TPM_COMMAND_MAX];
	uint8_t answer[TACIT_TPM_ANSWER_MAX];
};

/* ---- opening ------------------------------------------------------------------------------- */

static enum tacit_status open_device(const char *path, int *ret, struct tacit_error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		int code = errno;
		enum tacit_status st = code == ENOENT || code == ENXIO || code == ENODEV
					       ? TACIT_UNSUPPORTED
				       : code == EACCES || code == EPERM ? TACIT_DENIED
									 : TACIT_IO;

		return tacit_fail(err, st, WHERE, 0, "cannot open %s: %s", path, strerror(code));
	}
	*ret = fd;
	return TACIT_OK;
}

static enum tacit_status open_socket(const char *text, int *ret, struct tacit_error *err)
{
	struct tacit_address address;
	enum tacit_status st = tacit_address_parse(text, &address, err);

	if (st == TACIT_OK)
		st = tacit_address_connect(&address, CONNECT_MS, ret, err);
	if (st == TACIT_OK && fcntl(*ret, F_SETFL, O_NONBLOCK) != 0) {
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(errno));
		close(*ret);
	}
	return st;
}

enum tacit_status tacit_tpm_open_fd(int fd, unsigned limit_ms, struct tacit_tpm **ret,
				    struct tacit_error *err)
{
	struct tacit_tpm *tpm = calloc(1, sizeof(*tpm));

	if (!tpm) {
		close(fd);
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	}
	pthread_mutex_init(&tpm->lock, NULL);
	tpm->fd = fd;
	tpm->limit_ms = limit_ms;
	*ret = tpm;
	return TACIT_OK;
}

enum tacit_status tacit_tpm_open(const char *address, struct tacit_tpm **ret,
				 struct tacit_error *err)
{
	int fd = -1;
	enum tacit_status st =
		address[0] == '/' ? open_device(address, &fd, err) : open_socket(address, &fd, err);

	return st == TACIT_OK ? tacit_tpm_open_fd(fd, TACIT_TPM_LIMIT_MS, ret, err) : st;
}

void tacit_tpm_close(struct tacit_tpm *tpm)
{
	if (!tpm)
		return;
	close(tpm->fd);
	pthread_mutex_destroy(&tpm->lock);
	free(tpm);
}

/* ---- one command --------------------------------------------------------------------------- */

static enum tacit_status fail_late(struct tacit_tpm *tpm, struct tacit_error *err)
{
	tpm->late = true;
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "the TPM has not answered in %u ms",
			  tpm->limit_ms);
}

/* Until the descriptor is ready, or the limit is over. */
static enum tacit_status wait_for(struct tacit_tpm *tpm, short events, uint64_t deadline,
				  struct tacit_error *err)
{
	for (;;) {
		struct pollfd p = { tpm->fd, events, 0 };
		uint64_t now = tacit_clock_ms();
		int n = now >= deadline ? 0 : poll(&p, 1, (int)(deadline - now));

		if (n > 0)
			return TACIT_OK; /* or broken, which reading and writing will say */
		if (n == 0)
			return fail_late(tpm, err);
		if (errno != EINTR)
			return tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(errno));
	}
}

static bool comes_again(int code)
{
	return code == EINTR || code == EAGAIN;
}

static enum tacit_status fail_broken(struct tacit_tpm *tpm, const char *why,
				     struct tacit_error *err)
{
	tpm->broken = true;
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "%s", why);
}

/* Without a signal when nobody is at the other end of a socket. */
static ssize_t write_some(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, bytes, len) : n;
}

/* The whole command at once, as the device wants it; a socket may take it in pieces. */
static enum tacit_status send_command(struct tacit_tpm *tpm, struct tacit_slice command,
				      uint64_t deadline, struct tacit_error *err)
{
	size_t at = 0;

	while (at < command.len) {
		ssize_t n = write_some(tpm->fd, command.ptr + at, command.len - at);

		if (n < 0 && !comes_again(errno)) {
			tpm->broken = at != 0;
			return tacit_fail(err, errno == EPIPE ? TACIT_PEER : TACIT_IO, WHERE, 0,
					  "cannot send to the TPM: %s", strerror(errno));
		}
		if (n > 0)
			at += (size_t)n;
		enum tacit_status st =
			at < command.len ? wait_for(tpm, POLLOUT, deadline, err) : TACIT_OK;
		if (st != TACIT_OK) {
			tpm->broken = at != 0;
			tpm->late = false;
			return st;
		}
	}
	return TACIT_OK;
}

/* Reads until there are `want` bytes; the device gives its whole answer, which may be more. */
static enum tacit_status read_until(struct tacit_tpm *tpm, size_t want, size_t *len,
				    uint64_t deadline, struct tacit_error *err)
{
	while (*len < want) {
		enum tacit_status st = wait_for(tpm, POLLIN, deadline, err);

		if (st != TACIT_OK) {
			tpm->broken |= *len != 0;
			return st;
		}
		ssize_t n = read(tpm->fd, tpm->answer + *len, sizeof(tpm->answer) - *len);
		if (n == 0)
			return fail_broken(tpm, "the TPM ended its answer too early", err);
		if (n > 0)
			*len += (size_t)n;
		else if (!comes_again(errno))
			return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot read from the TPM: %s",
					  strerror(errno));
	}
	return TACIT_OK;
}

static enum tacit_status read_answer(struct tacit_tpm *tpm, uint64_t deadline,
				     struct tacit_slice *ret, struct tacit_error *err)
{
	size_t len = 0;
	enum tacit_status st = read_until(tpm, TACIT_TPM_HEAD, &len, deadline, err);

	if (st != TACIT_OK)
		return st;
	size_t want = tacit_tpm_answer_len(tpm->answer);
	if (want == 0)
		return fail_broken(tpm, "the TPM's answer states a length that none has", err);
	st = read_until(tpm, want, &len, deadline, err);
	if (st != TACIT_OK)
		return st;
	if (len != want)
		return fail_broken(tpm, "the TPM's answer is longer than it states", err);
	*ret = tacit_slice_of(tpm->answer, len);
	return TACIT_OK;
}

/* Throws away what an earlier command was answered too late. */
static enum tacit_status catch_up(struct tacit_tpm *tpm, uint64_t deadline, struct tacit_error *err)
{
	struct tacit_slice old;

	if (tpm->broken)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the TPM has answered garbage before: start again");
	if (!tpm->late)
		return TACIT_OK;
	enum tacit_status st = read_answer(tpm, deadline, &old, err);
	if (st == TACIT_OK)
		tpm->late = false;
	return st;
}

static enum tacit_status exchange(struct tacit_tpm *tpm, struct tacit_slice command,
				  struct tacit_slice *ret, struct tacit_error *err)
{
	uint64_t deadline = tacit_clock_ms() + tpm->limit_ms;
	enum tacit_status st = catch_up(tpm, deadline, err);

	if (st == TACIT_OK)
		st = send_command(tpm, command, deadline, err);
	return st == TACIT_OK ? read_answer(tpm, deadline, ret, err) : st;
}

static struct writer start(struct tacit_tpm *tpm)
{
	return wr_of(tacit_mut_of(tpm->command, sizeof(tpm->command)));
}

/* Sends what was written, again while the TPM asks for patience. */
static enum tacit_status ask(struct tacit_tpm *tpm, struct writer *w, struct tacit_slice *ret,
			     struct tacit_error *err)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	struct tacit_slice command;
	uint32_t code = 0;
	enum tacit_status st = tacit_tpm_command(w, &command, err);

	for (int i = 0; i < TRIES && st == TACIT_OK; i++) {
		st = exchange(tpm, command, ret, err);
		if (st == TACIT_OK)
			st = tacit_tpm_read_code(*ret, &code, err);
		if (st != TACIT_OK || !tacit_tpm_code_is_busy(code))
			return st;
		nanosleep(&pause, NULL);
	}
	return st == TACIT_OK ? tacit_tpm_code_fail(code, err) : st;
}

/* ---- what is asked ------------------------------------------------------------------------- */

static enum tacit_status nv_size(struct tacit_tpm *tpm, uint32_t index, size_t *ret,
				 struct tacit_error *err)
{
	struct writer w = start(tpm);
	struct tacit_slice answer;
	uint32_t code = 0;

	tacit_tpm_put_nv_public(&w, index);
	enum tacit_status st = ask(tpm, &w, &answer, err);
	if (st == TACIT_OK)
		st = tacit_tpm_read_code(answer, &code, err);
	if (st == TACIT_OK && tacit_tpm_code_is_absent(code))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "the TPM has no index 0x%08x",
				  (unsigned)index);
	return st == TACIT_OK ? tacit_tpm_read_nv_public(answer, index, ret, err) : st;
}

static enum tacit_status nv_piece(struct tacit_tpm *tpm, uint32_t index, size_t offset,
				  struct tacit_mut room, struct tacit_error *err)
{
	struct writer w = start(tpm);
	struct tacit_slice answer, bytes;

	tacit_tpm_put_nv_read(&w, index, (uint16_t)room.len, (uint16_t)offset);
	enum tacit_status st = ask(tpm, &w, &answer, err);
	if (st == TACIT_OK)
		st = tacit_tpm_read_nv(answer, room.len, &bytes, err);
	if (st == TACIT_OK)
		memcpy(room.ptr, bytes.ptr, bytes.len);
	return st;
}

static enum tacit_status nv_read(struct tacit_tpm *tpm, uint32_t index, struct tacit_mut room,
				 struct tacit_slice *ret, struct tacit_error *err)
{
	size_t size = 0;
	enum tacit_status st = nv_size(tpm, index, &size, err);

	if (st == TACIT_OK && (size == 0 || size > room.len))
		st = tacit_fail(err, TACIT_LIMIT, WHERE, 0,
				"index 0x%08x has %zu bytes, at most %zu", (unsigned)index, size,
				room.len);
	for (size_t at = 0; st == TACIT_OK && at < size; at += TACIT_TPM_NV_PIECE) {
		size_t len = size - at < TACIT_TPM_NV_PIECE ? size - at : TACIT_TPM_NV_PIECE;

		st = nv_piece(tpm, index, at, tacit_mut_of(room.ptr + at, len), err);
	}
	if (st == TACIT_OK)
		*ret = tacit_slice_of(room.ptr, size);
	return st;
}

static enum tacit_status nv_need(struct tacit_tpm *tpm, uint32_t index, uint16_t size,
				 struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	struct tacit_slice answer;
	size_t found = 0;
	enum tacit_status st = nv_size(tpm, index, &found, &why);

	if (st == TACIT_OK && found == size)
		return st;
	if (st == TACIT_OK)
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "index 0x%08x has %zu bytes, where %u are needed",
				  (unsigned)index, found, size);
	if (st != TACIT_UNSUPPORTED)
		return tacit_fail(err, st, WHERE, 0, "%s", why.detail);
	struct writer w = start(tpm);
	tacit_tpm_put_nv_define(&w, index, size);
	st = ask(tpm, &w, &answer, err);
	return st == TACIT_OK ? tacit_tpm_read_done(answer, err) : st;
}

static enum tacit_status nv_write(struct tacit_tpm *tpm, uint32_t index, struct tacit_slice data,
				  struct tacit_error *err)
{
	struct writer w = start(tpm);
	struct tacit_slice answer;

	if (data.len > TACIT_TPM_NV_PIECE)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%zu bytes are too many to write",
				  data.len);
	tacit_tpm_put_nv_write(&w, index, data);
	enum tacit_status st = ask(tpm, &w, &answer, err);
	return st == TACIT_OK ? tacit_tpm_read_done(answer, err) : st;
}

/* Every answer brings at least one more, so that this ends. */
static enum tacit_status read_pcrs(struct tacit_tpm *tpm, struct tacit_tpm_bank *pcrs,
				   struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	memset(pcrs, 0, sizeof(*pcrs));
	while (st == TACIT_OK && pcrs->mask != ALL_PCRS) {
		struct writer w = start(tpm);
		struct tacit_slice answer;
		uint32_t left = ALL_PCRS & ~pcrs->mask;

		tacit_tpm_put_pcr_read(&w, left);
		st = ask(tpm, &w, &answer, err);
		if (st == TACIT_OK)
			st = tacit_tpm_read_bank(answer, left, pcrs, err);
	}
	return st;
}

static enum tacit_status quote(struct tacit_tpm *tpm, uint32_t key, struct tacit_slice extra,
			       struct tacit_tpm_quoted *ret, struct tacit_error *err)
{
	struct writer w = start(tpm);
	struct tacit_slice answer;

	tacit_tpm_put_quote(&w, key, extra, ALL_PCRS);
	enum tacit_status st = ask(tpm, &w, &answer, err);
	if (st != TACIT_OK)
		return st;
	memcpy(ret->room, answer.ptr, answer.len);
	return tacit_tpm_read_quote(tacit_slice_of(ret->room, answer.len), &ret->message,
				    &ret->signature, err);
}

enum tacit_status tacit_tpm_nv_read(struct tacit_tpm *tpm, uint32_t index, struct tacit_mut room,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	pthread_mutex_lock(&tpm->lock);
	enum tacit_status st = nv_read(tpm, index, room, ret, err);
	pthread_mutex_unlock(&tpm->lock);
	return st;
}

enum tacit_status tacit_tpm_nv_need(struct tacit_tpm *tpm, uint32_t index, uint16_t size,
				    struct tacit_error *err)
{
	pthread_mutex_lock(&tpm->lock);
	enum tacit_status st = nv_need(tpm, index, size, err);
	pthread_mutex_unlock(&tpm->lock);
	return st;
}

enum tacit_status tacit_tpm_nv_write(struct tacit_tpm *tpm, uint32_t index, struct tacit_slice data,
				     struct tacit_error *err)
{
	pthread_mutex_lock(&tpm->lock);
	enum tacit_status st = nv_write(tpm, index, data, err);
	pthread_mutex_unlock(&tpm->lock);
	return st;
}

enum tacit_status tacit_tpm_make_quote(struct tacit_tpm *tpm, uint32_t key,
				       struct tacit_slice extra, struct tacit_tpm_quoted *ret,
				       struct tacit_error *err)
{
	if (extra.len > TACIT_TPM_EXTRA_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "a quote carries %d bytes at most",
				  TACIT_TPM_EXTRA_MAX);
	pthread_mutex_lock(&tpm->lock);
	enum tacit_status st = read_pcrs(tpm, &ret->bank, err);
	if (st == TACIT_OK)
		st = quote(tpm, key, extra, ret, err);
	pthread_mutex_unlock(&tpm->lock);
	return st;
}
