/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_EAR_H
#define TACIT_CMD_EAR_H

/* verify --ear: the verdict as a signed token for others (appraise/ear.h). */

#include "appraise/ear.h"
#include "cli.h"

struct cli_ear {
	const char *file, *key, *form, *names;
	uint64_t lifetime;
};

/* Rows for an option table whose struct has a `struct cli_ear ear`. */
#define CLI_EAR_OPTIONS(type)                                                                     \
	CLI_OPT(type, ear.file, "--ear", 0, CLI_TEXT, "FILE",                                     \
		"write the verdict as a signed EAR token, too"),                                  \
		CLI_OPT(type, ear.key, "--ear-key", 0, CLI_TEXT, "FILE",                          \
			"the private key that signs it: PEM; Ed25519, P-256 or P-384"),           \
		CLI_OPT(type, ear.form, "--ear-format", 0, CLI_TEXT, "FORM", "jwt or cwt (jwt)"), \
		CLI_OPT(type, ear.names, "--ear-names", 0, CLI_TEXT, "NAMES",                     \
			"those of the draft or of veraison (draft)"),                             \
	{                                                                                         \
		"--ear-lifetime", 0, CLI_COUNT, "SECONDS", "how long the token counts (no end)",  \
			offsetof(type, ear.lifetime), 1, 3155760000                               \
	}

/* Zero-initialise. */
struct cli_ear_out {
	bool wanted;
	enum tacit_ear_form form;
	enum tacit_ear_names names;
	struct tacit_key *key;
	int fd; /* of the process that writes the file; -1 for none */
};

/*
 * Reads the options and the key. To be called before the sandbox is entered. Returns 0, or an exit
 * code after saying why.
 */
int cli_ear_open(const struct cli_common *common, const struct cli_ear *ear,
		 struct cli_ear_out *out);

/* Signs the verdict and sends it off. As above. */
int cli_ear_send(const struct cli_common *common, const struct cli_ear *ear,
		 struct cli_ear_out *out, const struct tacit_verdict *verdict,
		 const struct tacit_context *cx, struct tacit_slice evidence);

void cli_ear_close(struct cli_ear_out *out);

#endif
