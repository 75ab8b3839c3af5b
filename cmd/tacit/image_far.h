/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_IMAGE_FAR_H
#define TACIT_CMD_IMAGE_FAR_H

/* How the server in an image gets out: to a model that is not in it, or to who has its key. */

#include "cli.h"
#include "crypto/hash.h"

#define IMAGE_FAR_CA   "/etc/tacit/ca.pem"
#define IMAGE_FAR_VIA  "vsock:3:8001"
#define IMAGE_FAR_ARGS 6

struct image_far_options {
	const char *via, *ca, *manifest;
	struct cli_hex model_sha256;
};

#define IMAGE_FAR_OPTIONS(type, field)                                                           \
	CLI_OPT(type, field.via, "--via", 0, CLI_TEXT, "ADDR",                                   \
		"the relay's egress as the enclave sees it (" IMAGE_FAR_VIA ")"),                \
		CLI_OPT(type, field.ca, "--ca", 0, CLI_TEXT, "FILE",                             \
			"who may vouch for stores and key services, PEM; goes into the image"),  \
		CLI_OPT(type, field.manifest, "--manifest", 0, CLI_TEXT, "FILE",                 \
			"manifest.json of a sealed model that is not in the image"),             \
	{                                                                                        \
		"--model-sha256", 0, CLI_HEX, "HEX", "what a model that is not in the image is", \
			offsetof(type, field.model_sha256), TACIT_SHA256_LEN, TACIT_SHA256_LEN   \
	}

/* What is told to the server. */
struct image_far {
	size_t count;
	const char *args[IMAGE_FAR_ARGS];
	char hex[2 * TACIT_SHA256_LEN + 1];
};

/*
 * Whether the options fit a model: one that is far away is pinned by its hash or its manifest,
 * and needs authorities. Returns 0, or the exit code of a usage error.
 */
int image_far_check(const struct image_far_options *options, const char *model, bool sealed);

/* `ret` stays where it is while its arguments are used. */
void image_far_arguments(const struct image_far_options *options, const char *model, bool sealed,
			 struct image_far *ret);

/* Whether the server will go out at all. */
bool image_far_goes_out(const struct image_far_options *options, const char *model);

#endif
