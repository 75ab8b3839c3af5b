/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define DRAIN_MS 200 /* for the last words of what a program left running */

struct running {
	pid_t program;
	int signals; /* a signalfd */
	int words;   /* what the program says; -1 when it closed them */
	bool ended;
	int how;
};

static _Noreturn void become(const struct init_lines *argv, const struct init_lines *environment,
			     int words)
{
	static char path[] = "PATH=/usr/bin:/bin", home[] = "HOME=/";
	char *const plain[] = { path, home, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(words, STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	execve(argv->line[0], argv->line, environment->count ? environment->line : plain);
	init_say("cannot run %s: %s", argv->line[0], strerror(errno));
	_exit(127);
}

/* Everything that ended, since the first process inherits what others leave behind. */
static void reap(struct running *r)
{
	int how = 0;

	for (;;) {
		pid_t pid = waitpid(-1, &how, WNOHANG);

		if (pid <= 0)
			return;
		if (pid == r->program) {
			r->ended = true;
			r->how = how;
		}
	}
}

static void take_signals(struct running *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			kill(r->program, SIGTERM);
	}
	reap(r);
}

/* False at the end of what it says. */
static bool pass_words(int words)
{
	char bytes[4096];
	ssize_t n = read(words, bytes, sizeof(bytes));

	if (n > 0)
		init_console_pass(bytes, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void wait_for_end(struct running *r)
{
	while (!r->ended) {
		struct pollfd fds[] = { { .fd = r->signals, .events = POLLIN },
					{ .fd = r->words, .events = POLLIN } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			init_say("poll: %s", strerror(errno));
		if (fds[0].revents)
			take_signals(r);
		if (fds[1].revents && !pass_words(r->words)) {
			close(r->words);
			r->words = -1;
		}
	}
	for (struct pollfd fd = { .fd = r->words, .events = POLLIN };
	     r->words >= 0 && poll(&fd, 1, DRAIN_MS) > 0 && pass_words(r->words);)
		;
}

/* SIGTERM and SIGINT go to the program; a process that is the first gets no others. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void say_end(int how)
{
	if (WIFEXITED(how))
		init_say("the program ended: exit %d", WEXITSTATUS(how));
	else
		init_say("the program ended: signal %d", WTERMSIG(how));
}

void init_run_program(void)
{
	static struct init_lines argv, environment;
	struct running r = { .signals = open_signals() };
	int words[2];

	if (!init_lines_read("/etc/tacit/argv", &argv) || argv.count == 0) {
		init_say("nothing to run: /etc/tacit/argv is not in the image");
		return;
	}
	(void)init_lines_read("/etc/tacit/env", &environment);
	if (r.signals < 0 || pipe2(words, O_CLOEXEC | O_NONBLOCK)) {
		init_say("cannot start: %s", strerror(errno));
		return;
	}
	/* The program may wait for room in the pipe, which is always emptied; we never wait. */
	(void)fcntl(words[1], F_SETFL, 0);
	r.words = words[0];
	r.program = fork();
	if (r.program == 0)
		become(&argv, &environment, words[1]);
	close(words[1]);
	if (r.program < 0) {
		init_say("cannot start: %s", strerror(errno));
		return;
	}
	init_say("running %s", argv.line[0]);
	wait_for_end(&r);
	say_end(r.how);
}
