/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_KILL_UTIL_H
#define TESTS_UNIT_KILL_UTIL_H

/* A writer that is killed at work, and what it had acknowledged until then. */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/tap.h"

#define KILL_ROUNDS  200u
#define KILL_NUMBERS (1 << 18)

/* Stores rows from `first` on and writes the number of each that was acknowledged to `report`. */
typedef void kill_writer(const char *path, uint32_t first, int report);

static bool acknowledged[KILL_NUMBERS];

/* One writer, killed after `rows` acknowledgements and a little; how many it reported. */
static inline uint32_t kill_round(kill_writer *writer, const char *path, uint32_t first)
{
	unsigned rows = (unsigned)random() % 3;
	struct timespec wait = { 0, random() % 300000 };
	uint32_t number, reported = 0;
	int pipes[2], state = 0;

	if (pipe(pipes) != 0)
		abort();
	pid_t child = fork();
	if (child < 0)
		abort(); /* kill() would take -1 for everybody */
	if (child == 0) {
		close(pipes[0]);
		writer(path, first, pipes[1]);
		_exit(1);
	}
	close(pipes[1]);
	for (;;) {
		if (reported == rows) {
			nanosleep(&wait, NULL);
			kill(child, SIGKILL);
		}
		if (read(pipes[0], &number, sizeof(number)) != sizeof(number))
			break;
		if (number >= KILL_NUMBERS - 1)
			abort();
		acknowledged[number] = true;
		reported++;
	}
	close(pipes[0]);
	waitpid(child, &state, 0);
	if (!WIFSIGNALED(state) || WTERMSIG(state) != SIGKILL)
		ok(false, "a writer ended by itself (%d)", state);
	return reported;
}

#endif
