/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_CLIENT_COMMON_H
#define TACIT_CMD_CLIENT_COMMON_H

/* What infer, connect and policy init share: a server to verify, and how to tell what was found. */

#include <jansson.h>

#include "channel/client.h"
#include "cli.h"
#include "judge.h"

struct cli_client_options {
	const char *server;
	uint64_t attest_max_age;
	uint64_t timeout;
};

/* Rows for an option table whose struct has a `struct cli_client_options client`. */
#define CLI_SERVER_OPTION(type) \
	CLI_OPT(type, client.server, "--server", 0, CLI_TEXT, "ADDR", "tcp:HOST:PORT or unix:PATH")
#define CLI_CLIENT_OPTIONS(type)                                                                   \
	CLI_SERVER_OPTION(type),                                                                   \
		CLI_OPT_RANGE(type, client.attest_max_age, "--attest-max-age", CLI_COUNT,          \
			      "SECONDS", "how long a verified key is remembered (300)", 1, 86400), \
		CLI_OPT_RANGE(type, client.timeout, "--timeout", CLI_COUNT, "SECONDS",             \
			      "how long the server may stay silent (120)", 1, 86400)

/* A client with its policy and the memory behind it. Zero-initialise. */
struct cli_client {
	struct cli_judged judged;
	struct tacit_address server;
	struct tacit_context cx; /* policy and insecure flags */
	struct tacit_client *client;
};

/*
 * Returns 0, or an exit code after saying why. Without `judge` (NULL) what to accept is in
 * ret->cx already.
 */
int cli_client_open(const struct cli_common *common, const struct cli_client_options *options,
		    const struct cli_judge *judge, struct cli_client *ret);
void cli_client_close(struct cli_client *client);

/*
 * Says on stderr why a server was not accepted: the failed check by name, what was expected and
 * found. Returns the exit code.
 */
int cli_client_refused(const struct cli_common *common, const struct tacit_attested *attested,
		       const struct tacit_error *err);

/* The same for verbs that end with it: with --json the verdict, or the error, is the object. */
int cli_client_fail(const struct cli_common *common, const char *server,
		    const struct tacit_attested *attested, const struct tacit_error *err);

/* The name of the check that decided: of the verdict's first failed one, or of `err`. */
const char *cli_client_check(const struct tacit_attested *attested, const struct tacit_error *err);

/* The verdict on a server as a JSON object; null when nothing was judged. */
json_t *cli_client_verdict(const struct tacit_attested *attested);

/* The verdict's word for a failure before any verdict: "refused", "undecided", ... */
const char *cli_client_outcome(enum tacit_status status);

#endif
