/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_SOURCE_OPTION_H
#define TACIT_CMD_SOURCE_OPTION_H

/* The options of every verb that reads a model from wherever it is. */

#include "cli.h"
#include "release/source.h"

struct source_options {
	const char *via, *ca, *s3_region, *s3_endpoint, *gs_endpoint, *gs_token, *gs_metadata;
	const char *aws_credentials, *aws_profile;
	uint64_t timeout, connections;
};

/* The rows of an option table, for the member `field` of the verb's struct. */
#define SOURCE_OPTIONS(type, field)                                                             \
	CLI_OPT(type, field.via, "--via", 0, CLI_TEXT, "ADDR",                                  \
		"reach the network through this egress of a relay: vsock:3:8001"),              \
		CLI_OPT(type, field.ca, "--ca", 0, CLI_TEXT, "FILE",                            \
			"who may vouch for stores, PEM (default: those the system trusts)"),    \
		CLI_OPT(type, field.s3_region, "--s3-region", 0, CLI_TEXT, "NAME",              \
			"region of s3:// (default: the credentials', else us-east-1)"),         \
		CLI_OPT(type, field.s3_endpoint, "--s3-endpoint", 0, CLI_TEXT, "URL",           \
			"an S3-compatible store for s3://, https://HOST:PORT"),                 \
		CLI_OPT(type, field.gs_endpoint, "--gs-endpoint", 0, CLI_TEXT, "URL",           \
			"another place for gs://, https://HOST:PORT"),                          \
		CLI_OPT(type, field.aws_credentials, "--aws-credentials", 0, CLI_TEXT, "WHERE", \
			"for s3://: relay, env, none, or a file (default: relay with --via)"),  \
		CLI_OPT(type, field.aws_profile, "--aws-profile", 0, CLI_TEXT, "NAME",          \
			"in that file (default: default)"),                                     \
		CLI_OPT(type, field.gs_token, "--gs-token", 0, CLI_TEXT, "FILE",                \
			"a bearer token for gs://; metadata: that of this instance"),           \
		CLI_OPT(type, field.gs_metadata, "--gs-metadata", 0, CLI_TEXT, "URL",           \
			"where that is asked for (default: " TACIT_GS_METADATA ")"),            \
		CLI_OPT_RANGE(type, field.timeout, "--fetch-timeout", CLI_COUNT, "SECONDS",     \
			      "how long a fetch may take in all (default: 3600)", 1, 604800),   \
		CLI_OPT_RANGE(type, field.connections, "--fetch-connections", CLI_COUNT, "N",   \
			      "connections to the store at the same time (default: 4)", 1,      \
			      TACIT_SOURCE_CONNECTIONS_MAX)

/* A store and what it needs. Zero-initialise; _close is always fine. */
struct source_store {
	const struct cli_common *common;
	struct tacit_store *store;
	struct tacit_aws_credentials *aws;
	struct tacit_gs_token *gs;
	struct tacit_store_options setup;
};

/* Returns 0, or an exit code after saying why. `s` stays where it is until _close. */
int source_store_open(const struct cli_common *common, const struct source_options *options,
		      struct source_store *s);
void source_store_close(struct source_store *s);

/* Tells how far it is, a few times a second at most and at every tenth of the way. */
struct source_progress {
	const struct cli_common *common;
	uint64_t total, began_ms, said;
};

void source_progress_start(struct source_progress *p, const struct cli_common *common,
			   uint64_t total);
void source_progress_tell(struct source_progress *p, uint64_t done);

#endif
