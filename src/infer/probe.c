/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trial: a child process loads the model and computes one token.
 *
 * llama.cpp aborts on some malformed hyperparameters and may crash on others. The structure
 * has been judged by then (gguf.h), the meaning cannot be without being llama.cpp. So the
 * first load happens where an abort costs nothing, and its outcome comes back over a pipe.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infer/engine_impl.h"

/* Generous: the largest models take a minute to fault in. */
#define TRIAL_SECONDS 600

/* What the child has to say; small enough for one atomic write to a pipe. */
struct outcome {
	enum tacit_status status;
	char where[TACIT_ERROR_WHERE];
	char detail[TACIT_ERROR_DETAIL];
};

static void report(const struct outcome *outcome)
{
	bool sent = write(STDOUT_FILENO, outcome, sizeof(*outcome)) == (ssize_t)sizeof(*outcome);

	_exit(sent ? 0 : 1);
}

/* What llama.cpp calls instead of dying: its message names the check that failed. */
static void take_abort(const char *message)
{
	struct outcome outcome = { .status = TACIT_FORMAT, .where = "engine.trial" };
	const char *name = strrchr(message, '/') ? strrchr(message, '/') + 1 : message;

	snprintf(outcome.detail, sizeof(outcome.detail), "the engine gave up: %s", name);
	report(&outcome);
}

static enum tacit_status compute_one(struct tacit_engine *engine, struct tacit_error *err)
{
	float *vector;
	int32_t token = 0;
	struct tacit_embed_input input = { &token, 1 };
	enum tacit_status st;

	if (engine->info.generates) {
		tacit_engine_step_start(engine);
		(void)tacit_engine_step_add(engine, token, 0, 0, true);
		if (tacit_engine_step_run(engine))
			return TACIT_OK;
		return tacit_fail(err, TACIT_FORMAT, "engine.trial", 0, "cannot compute a token");
	}
	vector = calloc(engine->info.embd, sizeof(*vector));
	if (!vector)
		return tacit_fail(err, TACIT_NOMEM, "engine.trial", 0, "vector");
	st = tacit_engine_embed(engine, &input, 1, vector, err);
	free(vector);
	return st;
}

/* Its standard output is the pipe: an abort has nothing else to go by. */
static void child(struct tacit_engine *engine, int out)
{
	struct rlimit none = { 0, 0 };
	struct tacit_error err = { 0 };
	struct outcome outcome = { 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)alarm(TRIAL_SECONDS);
	(void)dup2(out, STDOUT_FILENO);
	ggml_set_abort_callback(take_abort);
	engine->info.threads = 1;
	engine->options.log = NULL;
	outcome.status = tacit_engine_open(engine, true, &err);
	if (!outcome.status)
		outcome.status = compute_one(engine, &err);
	memcpy(outcome.where, err.where, sizeof(outcome.where));
	memcpy(outcome.detail, err.detail, sizeof(outcome.detail));
	report(&outcome);
}

/* The child wrote its outcome, or its way of dying is the outcome. */
static enum tacit_status judge(int in, pid_t pid, struct tacit_error *err)
{
	struct outcome outcome;
	ssize_t got;
	int how = 0;

	do
		got = read(in, &outcome, sizeof(outcome));
	while (got < 0 && errno == EINTR);
	while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	if (got == (ssize_t)sizeof(outcome)) {
		if (outcome.status == TACIT_OK)
			return TACIT_OK;
		return tacit_fail(err, outcome.status, outcome.where, 0, "%s", outcome.detail);
	}
	if (WIFSIGNALED(how) && WTERMSIG(how) == SIGALRM)
		return tacit_fail(err, TACIT_FORMAT, "engine.trial", 0,
				  "the model was not ready after %d seconds", TRIAL_SECONDS);
	if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
		return tacit_fail(err, TACIT_NOMEM, "engine.trial", 0, "killed, out of memory?");
	if (WIFSIGNALED(how))
		return tacit_fail(err, TACIT_FORMAT, "engine.trial", 0,
				  "the engine crashed on this model (signal %d)", WTERMSIG(how));
	return tacit_fail(err, TACIT_FORMAT, "engine.trial", 0, "the engine ended on this model");
}

enum tacit_status tacit_engine_try(struct tacit_engine *engine, struct tacit_error *err)
{
	enum tacit_status st;
	int pipes[2];
	pid_t pid;

	if (pipe(pipes))
		return tacit_fail(err, TACIT_IO, "engine.trial", 0, "%s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		child(engine, pipes[1]);
	}
	close(pipes[1]);
	if (pid < 0)
		st = tacit_fail(err, TACIT_NOMEM, "engine.trial", 0, "%s", strerror(errno));
	else
		st = judge(pipes[0], pid, err);
	close(pipes[0]);
	return st;
}
