/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A whole process from fork to exit, against /bin/true in alternating rounds.
 *
 *     spawn COMMAND ARGUMENT...
 */

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static void spawn(char **argv)
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "spawn: '%s' failed\n", argv[0]);
		exit(70);
	}
	posix_spawn_file_actions_destroy(&actions);
}

static void bare(void *user)
{
	static char path[] = "/bin/true";
	char *argv[] = { path, NULL };

	(void)user;
	spawn(argv);
}

static void ours(void *user)
{
	spawn(user);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: spawn COMMAND ARGUMENT...\n");
		return 2;
	}
	struct bench_pair p = bench_against(bare, ours, argv + 1, 30);
	printf("%.3f ms for the whole process (/bin/true: %.3f ms)\n", p.ours * 1e3, p.base * 1e3);
	return 0;
}
