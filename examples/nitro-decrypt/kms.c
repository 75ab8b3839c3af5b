/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX   64
#define TEXT_MAX    16384
#define PATIENCE_MS 9000 /* below that of the client's connection */
#define ERROR       "tacit: error: "

/* ---- what the program is told --------------------------------------------------------------- */

/* Words for a process. Values are joined to their options, so that none can be an option itself. */
struct words {
	char *list[WORDS_MAX + 1];
	size_t count, used;
	bool full;
	char text[TEXT_MAX];
};

static void add(struct words *w, const char *option, const char *name, const char *value)
{
	size_t room = sizeof(w->text) - w->used;
	int n = snprintf(w->text + w->used, room, "%s%s%s%s", option, name, *name ? "=" : "",
			 value);

	if (n < 0 || (size_t)n >= room || w->count == WORDS_MAX) {
		w->full = true;
		return;
	}
	w->list[w->count++] = w->text + w->used;
	w->used += (size_t)n + 1;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool check(const struct kms_request *r, char *why)
{
	bool good = *r->key_id && is_plain(r->key_id) && is_plain(r->region) &&
		    is_plain(r->access_key_id) && is_plain(r->secret_access_key) &&
		    is_plain(r->session_token);

	for (size_t i = 0; i < r->context_count; i++)
		good = good && *r->names[i] && !strchr(r->names[i], '=');
	if (!good)
		snprintf(why, KMS_WHY_MAX,
			 "key, region, credentials or encryption context have "
			 "characters that none has");
	return good;
}

static void add_arguments(struct words *w, char *const *setup, const struct kms_request *r)
{
	add(w, setup[0], "", "");
	add(w, "kms", "", "");
	add(w, "decrypt", "", "");
	add(w, "--key-id=", "", r->key_id);
	if (*r->region)
		add(w, "--region=", "", r->region);
	for (size_t i = 0; i < r->context_count; i++)
		add(w, "--context=", r->names[i], r->values[i]);
	add(w, "--aws-credentials=env", "", "");
	add(w, "--timeout=8", "", "");
	for (size_t i = 1; setup[i]; i++)
		add(w, setup[i], "", "");
	add(w, "-", "", "");
}

static void add_environment(struct words *w, const struct kms_request *r)
{
	add(w, "AWS_ACCESS_KEY_ID=", "", r->access_key_id);
	add(w, "AWS_SECRET_ACCESS_KEY=", "", r->secret_access_key);
	add(w, "AWS_SESSION_TOKEN=", "", r->session_token);
}

/* ---- its process ---------------------------------------------------------------------------- */

enum { READ, WRITE };

struct process {
	pid_t pid;
	int in[2], out[2], err[2];
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct process *p)
{
	for (int end = READ; end <= WRITE; end++) {
		close_end(&p->in[end]);
		close_end(&p->out[end]);
		close_end(&p->err[end]);
	}
}

static bool spawn(struct process *p, struct words *arguments, struct words *environment)
{
	posix_spawn_file_actions_t actions;

	if (pipe2(p->in, O_CLOEXEC) != 0 || pipe2(p->out, O_CLOEXEC) != 0 ||
	    pipe2(p->err, O_CLOEXEC) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p->in[READ], 0);
	posix_spawn_file_actions_adddup2(&actions, p->out[WRITE], 1);
	posix_spawn_file_actions_adddup2(&actions, p->err[WRITE], 2);
	int failed = posix_spawn(&p->pid, arguments->list[0], &actions, NULL, arguments->list,
				 environment->list);
	posix_spawn_file_actions_destroy(&actions);
	close_end(&p->in[READ]);
	close_end(&p->out[WRITE]);
	close_end(&p->err[WRITE]);
	errno = failed;
	return failed == 0;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What comes on one end, until it closes: false when that is too much. */
static bool take(int *fd, char *room, size_t size, size_t *len)
{
	ssize_t n = read(*fd, room + *len, size - *len);

	if (n > 0)
		*len += (size_t)n;
	if (n == 0)
		close_end(fd);
	return n > 0 ? *len < size : n == 0 || errno == EINTR;
}

/* Both ends of it until they close, within the time. */
static bool listen_to(struct process *p, char *plain, size_t *plain_len, char *words, size_t *len)
{
	long end = now_ms() + PATIENCE_MS;

	while (p->out[READ] >= 0 || p->err[READ] >= 0) {
		struct pollfd ends[] = { { p->out[READ], POLLIN, 0 }, { p->err[READ], POLLIN, 0 } };
		long left = end - now_ms();

		if (left <= 0 || poll(ends, 2, (int)left) < 0)
			return false;
		if (ends[0].revents && !take(&p->out[READ], plain, KMS_PLAIN_MAX + 1, plain_len))
			return false;
		if (ends[1].revents && !take(&p->err[READ], words, TEXT_MAX - 1, len))
			return false;
	}
	return true;
}

/* The program's error, as far as it goes to whoever asked; the rest is for our own log. */
static void explain(const char *words, char *why)
{
	const char *error = strstr(words, ERROR);

	error = error ? error + strlen(ERROR) : "tacit kms decrypt failed";
	snprintf(why, KMS_WHY_MAX, "%.*s", (int)strcspn(error, "\n"), error);
}

static bool run(struct process *p, const struct kms_request *r, uint8_t *plain, size_t *ret_len,
		char *why)
{
	char words[TEXT_MAX] = "", out[KMS_PLAIN_MAX + 1];
	size_t words_len = 0, len = 0;
	int status = 0;

	/* Less than a pipe holds. */
	bool whole =
		write(p->in[WRITE], r->ciphertext, r->ciphertext_len) == (ssize_t)r->ciphertext_len;
	close_end(&p->in[WRITE]);
	whole = whole && listen_to(p, out, &len, words, &words_len);
	if (!whole)
		kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	words[words_len] = 0;
	fputs(words, stderr);
	bool good = whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (good) {
		memcpy(plain, out, len);
		*ret_len = len;
	} else if (whole) {
		explain(words, why);
	} else {
		snprintf(why, KMS_WHY_MAX, "no key in time");
	}
	explicit_bzero(out, sizeof(out));
	return good;
}

bool kms_decrypt(char *const *setup, const struct kms_request *request,
		 uint8_t plain[KMS_PLAIN_MAX], size_t *ret_len, char why[KMS_WHY_MAX])
{
	struct process p = { 0, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct words *arguments = calloc(1, sizeof(*arguments));
	struct words *environment = calloc(1, sizeof(*environment));
	bool good = arguments && environment && check(request, why);

	if (good) {
		add_arguments(arguments, setup, request);
		add_environment(environment, request);
		good = !arguments->full && !environment->full;
		if (!good)
			snprintf(why, KMS_WHY_MAX, "the request is too long");
	}
	if (good && !spawn(&p, arguments, environment)) {
		snprintf(why, KMS_WHY_MAX, "cannot start %s: %s", setup[0], strerror(errno));
		good = false;
	}
	if (good)
		good = run(&p, request, plain, ret_len, why);
	close_all(&p);
	if (environment)
		explicit_bzero(environment, sizeof(*environment));
	free(environment);
	free(arguments);
	return good;
}
