/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "enclave.h"

#define STEP_MS  20
#define STEPS    150 /* from SIGTERM to SIGKILL */
#define LOG_TAIL 4096

/* Between fork and exec: only what is safe there. */
static _Noreturn void become(const struct enclave_child *child, int log, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(child->out >= 0 ? child->out : log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		_exit(1);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(child->keep); i++)
		if (child->keep[i] > STDERR_FILENO)
			(void)fcntl(child->keep[i], F_SETFD, 0);
	execv(child->argv[0], child->argv);
	_exit(127);
}

enum tacit_status enclave_child_start(const struct enclave_child *child, pid_t *ret,
				      struct tacit_error *err)
{
	int log = open(child->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	pid_t parent = getpid(), pid = log < 0 ? -1 : fork();

	if (pid == 0)
		become(child, log, parent);
	int code = errno;
	if (log >= 0)
		close(log);
	if (pid < 0)
		return tacit_fail(err, TACIT_IO, "emulate", 0, "cannot start %s: %s", child->name,
				  strerror(code));
	*ret = pid;
	return TACIT_OK;
}

void enclave_child_stop(pid_t pid)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	if (pid <= 0)
		return;
	(void)kill(pid, SIGTERM);
	for (int i = 0; i < STEPS; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&step, NULL);
	}
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

void enclave_child_words(const char *log, char *ret, size_t size)
{
	char tail[LOG_TAIL + 1];
	int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = end <= 0 ? 0 : pread(fd, tail, LOG_TAIL, end > LOG_TAIL ? end - LOG_TAIL : 0);

	if (fd >= 0)
		close(fd);
	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
		n--;
	tail[n > 0 ? n : 0] = '\0';
	const char *line = strrchr(tail, '\n');
	snprintf(ret, size, "%s", line ? line + 1 : tail);
}

static bool try_path(const char *folder, size_t len, const char *name,
		     char ret[static ENCLAVE_PATH])
{
	int n = snprintf(ret, ENCLAVE_PATH, "%.*s/%s", (int)len, folder, name);

	return len > 0 && n > 0 && n < ENCLAVE_PATH && access(ret, X_OK) == 0;
}

static bool beside_us(const char *name, char ret[static ENCLAVE_PATH])
{
	static const char *const PLACES[] = { "", "/../libexec/tacit" };
	char self[ENCLAVE_PATH], folder[ENCLAVE_PATH + 32];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len <= 0)
		return false;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PLACES); i++) {
		int n = snprintf(folder, sizeof(folder), "%s%s", self, PLACES[i]);

		if (n > 0 && try_path(folder, (size_t)n, name, ret))
			return true;
	}
	return false;
}

bool enclave_program(const char *name, char ret[static ENCLAVE_PATH])
{
	const char *path = getenv("PATH");

	if (beside_us(name, ret))
		return true;
	while (path && *path) {
		size_t len = strcspn(path, ":");

		if (path[0] == '/' && try_path(path, len, name, ret))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}
