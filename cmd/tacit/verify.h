/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_VERIFY_H
#define TACIT_CMD_VERIFY_H

/* Judging evidence or a bundle, as verify and explain do; they differ in how they show it. */

#include "appraise/bundle.h"
#include "ear.h"
#include "judge.h"

struct cli_verify {
	struct cli_common common;
	struct cli_judge judge;
	const char *platform;
	struct cli_hex nonce, report_data, user_data;
	const char *binding;
	const char *bind;
	struct cli_time now;
	bool any_age;
	/* verify alone: */
	const char *save;
	struct cli_ear ear;
	bool batch;
	uint64_t jobs;
};

/* Rows for an option table whose struct is a struct cli_verify. */
#define CLI_VERIFY_OPTIONS                                                                     \
	CLI_JUDGE_OPTIONS(struct cli_verify),                                                  \
		CLI_OPT(struct cli_verify, platform, "--platform", 0, CLI_TEXT, "NAME",        \
			"it must be evidence of this platform"),                               \
		CLI_OPT_RANGE(struct cli_verify, nonce, "--nonce", CLI_HEX, "HEX",             \
			      "the nonce it must carry", 1, 512),                              \
		CLI_OPT_RANGE(struct cli_verify, report_data, "--report-data", CLI_HEX, "HEX", \
			      "the report data it must carry", 1, 64),                         \
		CLI_OPT_RANGE(struct cli_verify, user_data, "--user-data", CLI_HEX, "HEX",     \
			      "the user data it must carry", 1, CLI_HEX_MAX),                  \
		CLI_OPT(struct cli_verify, binding, "--binding", 0, CLI_TEXT, "FILE",          \
			"the tacit/1 binding that came beside it"),                            \
		CLI_OPT(struct cli_verify, bind, "--bind", 0, CLI_TEXT, "WHAT",                \
			"the key it stands for: obol:..., tinfoil:..., ra-tls:... or air"),    \
		CLI_OPT(struct cli_verify, now, "--now", 0, CLI_TIME, "TIME",                  \
			"judge as of this time (RFC 3339 or Unix seconds)"),                   \
		CLI_OPT(struct cli_verify, any_age, "--any-age", 0, CLI_FLAG, NULL,            \
			"however old it is, as long as it is still valid")

/* Shows a verdict and returns the exit code of `status`. */
typedef int (*cli_verify_show)(const struct cli_common *common, const struct tacit_verdict *verdict,
			       const struct tacit_context *cx, enum tacit_status status);

/* Reads `path` and what the options name, enters the sandbox, judges, shows. Exit code. */
int cli_verify_file(const struct cli_verify *options, const char *path, cli_verify_show show);

/* Judges a verdict's worth of evidence without printing; expectations as the options say. */
void cli_verify_expect(const struct cli_verify *options, struct tacit_slice binding,
		       struct tacit_context *cx);

/* A verdict for what could not be judged: one check that failed. `check` must outlive it. */
struct tacit_verdict cli_verify_unread(const struct tacit_context *cx, struct tacit_check *check,
				       enum tacit_outcome outcome);

/* verify --batch (verify_batch.c): FILE holds one JSON object a line. Exit code. */
int cli_verify_batch(const struct cli_verify *options, const char *path);

/* ---- --bind (bind_option.c) ---------------------------------------------------------------- */

#define CLI_BIND_PART 256

/* Zero-initialise. */
struct cli_bind {
	bool given; /* report_data are what evidence must carry */
	bool obol, air;
	struct tacit_slice cert; /* of ra-tls: the file, PEM or DER; freed by cli_bind_free */
	uint8_t report_data[64];
	uint8_t parts[2][CLI_BIND_PART];
};

/* Reads the option (NULL: none). Returns 0, or an exit code after saying why. */
int cli_bind_read(const struct cli_common *common, const char *option, struct cli_bind *bind);

/*
 * Adds what evidence of that platform must carry; `bind` must outlive it. Parses the certificate
 * of ra-tls, so it belongs into the sandbox. As above.
 */
int cli_bind_expect(const struct cli_common *common, struct cli_bind *bind, enum tacit_tee tee,
		    struct tacit_arena *arena, struct tacit_expect *expect);

void cli_bind_free(struct cli_bind *bind);

/* ---- bundles (replay.c) -------------------------------------------------------------------- */

/* What a bundle says, ready to be judged. Zero-initialise. */
struct cli_replay {
	struct tacit_bundle bundle;
	void *room;
	struct tacit_arena arena;
	char missing[256]; /* waivers that are recorded and were not given again; "" for none */
};

/*
 * Reads the bundle `in` and fills `cx` from it: everything but the time, when --now was given.
 * Options that contradict it are an error, those that repeat it are fine. The waivers of `cx`
 * are those of the command line; what the bundle had beyond them is named in `missing`. Returns
 * 0, or an exit code after saying why.
 */
int cli_replay_load(const struct cli_verify *options, const struct cli_judged *given,
		    struct tacit_slice in, struct cli_replay *replay, struct tacit_context *cx);
void cli_replay_free(struct cli_replay *replay);

/* ---- --save (save.c) ----------------------------------------------------------------------- */

#define CLI_SAVE_GO_ON (-1)

/*
 * Splits off a process that writes what comes through `ret_fd` to the file, so that the one that
 * judges can give up files before it parses anything. Returns CLI_SAVE_GO_ON in the process that
 * judges; in the other, once that has ended, the exit code.
 */
int cli_save_split(const struct cli_common *common, const char *path, int *ret_fd);

/* Sends the bundle through and closes `fd`. False when it could not be sent. */
bool cli_save_send(const struct tacit_bundle *bundle, int fd);

#endif
