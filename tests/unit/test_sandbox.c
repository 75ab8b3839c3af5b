/* SPDX-License-Identifier: Apache-2.0 */

/* What each profile takes away, tried in a child that has entered it. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/sandbox.h"
#include "tests/tap.h"

static struct tacit_sandbox_report report;

/* Runs `tries` in a child inside the profile; gives its exit code, 99 when it could not enter. */
static int inside(enum tacit_sandbox_profile profile, const char *folder, int (*tries)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		const struct tacit_sandbox_keep keep = { folder, TACIT_TEE_NITRO };

		if (tacit_sandbox_enter(profile, &keep, &report, NULL) != TACIT_OK)
			_exit(99);
		_exit(tries());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int what_holds(void)
{
	return (report.files ? 1 : 0) | (report.outbound ? 2 : 0) | (report.calls ? 4 : 0);
}

static int open_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static int make_file(void)
{
	return open("/tmp/tacit-sandbox-test", O_WRONLY | O_CREAT, 0600) >= 0;
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	errno = 0;
	return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 || errno != EACCES;
}

static int run_program(void)
{
	char path[] = "/bin/true";
	char *argv[] = { path, NULL };

	execv(path, argv);
	return 0; /* still here: refused */
}

static void *set_seven(void *user)
{
	*(int *)user = 7;
	return NULL;
}

static int work(void)
{
	pthread_t thread;
	int value = 0;
	void *memory = malloc(1 << 20);

	if (!memory || pthread_create(&thread, NULL, set_seven, &value))
		return 1;
	pthread_join(thread, NULL);
	free(memory);
	return value != 7 || write(STDERR_FILENO, "", 0) != 0;
}

/* 0: let through to the driver, which does not know it; 1: refused before. */
static int asks(int fd, unsigned long request)
{
	char room[4096] = { 0 };

	return syscall(SYS_ioctl, fd, request, room) != 0 && errno == EPERM;
}

/* One bit for each request that is refused. */
static int ask_all(void)
{
	static const unsigned long REQUESTS[] = {
		0xc0200a00,                     /* of /dev/nsm, its only one */
		0xc0200a01,                     /* another of the same device */
		0xc0200a00 | UINT64_C(1) << 32, /* the kernel takes the low half */
		0xc0200a01 | UINT64_C(1) << 32,
		0xc0205300, /* of another TEE's device */
		TIOCSTI,
	};
	int refused = 0, ends[2];

	if (pipe(ends) || dup2(ends[0], 77) != 77)
		return 99;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(REQUESTS); i++)
		refused |= asks(i % 2 ? 77 : ends[0], REQUESTS[i]) << i;
	return refused;
}

static int ask_usual(void)
{
	int ends[2], waiting = 0, on = 1;

	return pipe(ends) || write(ends[1], "abc", 3) != 3 || ioctl(ends[0], FIONREAD, &waiting) ||
	       waiting != 3 || ioctl(ends[0], FIONBIO, &on) || isatty(ends[0]) || errno == EPERM;
}

/* A thread that was there before. */
static int gate[2];

static void *ask_later(void *user)
{
	char go;

	*(int *)user = read(gate[0], &go, 1) == 1 && asks(gate[0], 0xc0200a01);
	return NULL;
}

static int ask_beside(void)
{
	const struct tacit_sandbox_keep keep = { NULL, TACIT_TEE_SNP };
	pthread_t thread;
	int refused = 0;

	if (pipe(gate) || pthread_create(&thread, NULL, ask_later, &refused) ||
	    tacit_sandbox_enter(TACIT_SANDBOX_SERVE, &keep, &report, NULL) != TACIT_OK ||
	    write(gate[1], "x", 1) != 1)
		return 99;
	pthread_join(thread, NULL);
	return refused | asks(gate[0], 0xc0205300) << 1 | asks(gate[0], 0xc0205302) << 2 |
	       asks(gate[0], 0xc0200a00) << 3;
}

static void test_ioctl(void)
{
	ok(inside(TACIT_SANDBOX_SERVE, NULL, ask_usual) == 0, "a server looks at its sockets");
	ok(inside(TACIT_SANDBOX_SERVE, NULL, ask_all) == 0x3a,
	   "and asks the NSM what there is to ask, and nothing else of anything");
	fflush(stdout);
	pid_t pid = fork();
	int status = 0;
	if (pid == 0)
		_exit(ask_beside());
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 9,
	   "each TEE has its own requests, and threads that were there before are held");
}

static char folder[] = "/tmp/tacit-sandbox-XXXXXX";
static char ours[sizeof(folder) + 2];

static int remove_ours(void)
{
	return unlink(ours) != 0;
}

/* Runs `tries` in a child that may write in `folder` alone. */
static int fetching(const char *const *folders, size_t count, int (*tries)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (tacit_sandbox_enter_fetch(folders, count, &report, NULL) != TACIT_OK)
			_exit(99);
		_exit(tries());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* As a file is replaced whole, and in a new folder below. */
static int write_ours(void)
{
	char temporary[sizeof(ours) + 8], below[sizeof(ours) + 8];

	snprintf(temporary, sizeof(temporary), "%s.new", ours);
	snprintf(below, sizeof(below), "%s.d", ours);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1 && rename(temporary, ours) == 0 &&
	       unlink(ours) == 0 && mkdir(below, 0700) == 0;
}

/* A link in the folder leads nowhere else. */
static int write_linked(void)
{
	char link[sizeof(ours) + 8];

	snprintf(link, sizeof(link), "%s.l", ours);
	return open(link, O_WRONLY | O_CLOEXEC) >= 0;
}

static void test_fetching(void)
{
	static char home[] = "/tmp/tacit-sandbox-XXXXXX";
	const char *const folders[] = { mkdtemp(home) }, *const nowhere[] = { "/nowhere" };
	char name[sizeof(ours) + 8];

	snprintf(ours, sizeof(ours), "%s/s", home);
	snprintf(name, sizeof(name), "%s.l", ours);
	ok(symlink("/dev/full", name) == 0, "a link out of the folder");
	ok(fetching(NULL, 0, write_ours) == 0, "a client that fetches writes nowhere");
	ok(fetching(folders, 1, write_ours) == 1, "but in its folder");
	ok(fetching(folders, 1, make_file) == 0, "and not beside it");
	ok(fetching(folders, 1, write_linked) == 0, "nor through a link in it");
	ok(fetching(folders, 1, open_file) == 1, "it reads files");
	ok(fetching(folders, 1, make_socket) == 1, "and makes sockets");
	ok(fetching(nowhere, 1, what_holds) == 99, "a folder that is not there is an error");
	unlink(name);
	snprintf(name, sizeof(name), "%s.d", ours);
	rmdir(name);
	rmdir(home);
}

static int try_exec(enum tacit_sandbox_profile profile)
{
	fflush(stdout);
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (tacit_sandbox_enter(profile, NULL, &report, NULL) != TACIT_OK)
			_exit(99);
		run_program();
		_exit(42);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(void)
{
	int holds = inside(TACIT_SANDBOX_JUDGE, NULL, what_holds);

	ok(holds != 99, "the profile can be entered");
	ok(inside(TACIT_SANDBOX_JUDGE, NULL, work) == 0,
	   "judging can allocate, write and use threads");
	ok(inside(TACIT_SANDBOX_SERVE, NULL, work) == 0, "serving can, too");
	if (holds & 1) {
		ok(inside(TACIT_SANDBOX_SERVE, NULL, open_file) == 0, "a server opens no file");
		ok(inside(TACIT_SANDBOX_SERVE, NULL, make_file) == 0, "and makes none");
		snprintf(ours, sizeof(ours), "%s/s", mkdtemp(folder));
		close(open(ours, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		ok(inside(TACIT_SANDBOX_SERVE, NULL, remove_ours) == 1, "and removes none");
		ok(inside(TACIT_SANDBOX_SERVE, folder, remove_ours) == 0, "but its own socket");
		rmdir(folder);
		test_fetching();
	} else {
		skip("files", "this kernel has no Landlock");
	}
	if (holds & 2)
		ok(inside(TACIT_SANDBOX_SERVE, NULL, dial) == 0, "a server dials nowhere");
	else
		skip("outbound TCP", "this kernel's Landlock knows no TCP");
	if (holds & 4) {
		ok(inside(TACIT_SANDBOX_JUDGE, NULL, open_file) == 0, "judging opens no file");
		ok(inside(TACIT_SANDBOX_JUDGE, NULL, make_socket) == 0, "and makes no socket");
		ok(try_exec(TACIT_SANDBOX_JUDGE) == 42, "and starts no program");
		ok(try_exec(TACIT_SANDBOX_SERVE) == 42, "nor does a server");
		ok(inside(TACIT_SANDBOX_SERVE, NULL, make_socket) == 1, "which can make sockets");
		test_ioctl();
	} else {
		skip("system calls", "this kernel has no seccomp filters");
	}
	return done();
}
