/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit, as people and scripts start it. Judging a file needs little of the program, and what it
 * needs is here: a process that maps no network library, no C++ and no engine, starts in a third
 * of the time, and is a smaller thing to trust. For everything else it becomes tacit-full, which
 * has all verbs.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tacit/verbs.h"

#define PATH_SIZE 4096

const struct cli_verb *const CLI_VERBS[] = {
	&cmd_verify,
	&cmd_inspect,
	&cmd_receipt_verify,
	&cmd_receipt_show,
};

const size_t CLI_VERB_COUNT = sizeof(CLI_VERBS) / sizeof(CLI_VERBS[0]);

/* Where the rest is, from the folder of this program: in its build tree, or installed. */
static const char *const PLACES[] = { "tacit-full", "../libexec/tacit/tacit-full" };

static bool is_called(const char *name, int argc, char **argv)
{
	size_t first = strcspn(name, " ");

	if (argc < 2 || strlen(argv[1]) != first || memcmp(argv[1], name, first) != 0)
		return false;
	return !name[first] || (argc > 2 && strcmp(argv[2], name + first + 1) == 0);
}

static bool is_here(int argc, char **argv)
{
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		if (is_called(CLI_VERBS[i]->name, argc, argv))
			return true;
	}
	return false;
}

/* Comes back only when there is none. */
static int become_full(char **argv)
{
	char folder[PATH_SIZE], path[PATH_SIZE + 64];
	ssize_t len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);

	folder[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[1] = '\0';
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", folder, PLACES[i]);
		execv(path, argv);
	}
	fprintf(stderr, "tacit: error: cannot start '%stacit-full': %s\n", folder, strerror(errno));
	return tacit_status_exit(TACIT_UNSUPPORTED);
}

int main(int argc, char **argv)
{
	/*
	 * What no verb here uses costs more than the judgement. Without the configuration file no
	 * environment variable chooses what the library computes with, either.
	 */
	static const uint64_t LESS = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
				     OPENSSL_INIT_NO_ADD_ALL_CIPHERS;

	if (!is_here(argc, argv))
		return become_full(argv);
	/* A reader that goes away is an ordinary write error, with its own exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (OPENSSL_init_crypto(LESS, NULL) != 1) {
		fprintf(stderr, "tacit: error: cannot start the cryptographic library\n");
		return tacit_status_exit(TACIT_INTERNAL);
	}
	return cli_main(argc, argv);
}
