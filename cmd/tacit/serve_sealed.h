/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_SERVE_SEALED_H
#define TACIT_CMD_SERVE_SEALED_H

/* A sealed model for the server: opened into the memory that the engine reads, or refused. */

#include "infer/image.h"
#include "model.h"
#include "source_option.h"

struct serve_sealed_options {
	struct cli_list keys, publishers;
	struct kms_options kms;
	bool insecure_any_publisher;
	uint64_t threads;
	const struct source_options *source; /* for a folder in a store */
};

struct serve_sealed {
	struct model_dir dir; /* its model id is what clients call the model */
	char model_id[TACIT_MANIFEST_TEXT_MAX + 1];
	struct tacit_image *image; /* its hash is that of the manifest; the caller frees it */
};

/*
 * Checks publisher and expiry, then opens every file of the folder to its last byte: the weights
 * into the image, the others nowhere. Returns 0, or an exit code after saying why, and then holds
 * nothing. Starts threads and ends them.
 */
int serve_sealed_open(const struct cli_common *common, const char *path,
		      const struct serve_sealed_options *options, struct serve_sealed *ret);
/* All but the image. */
void serve_sealed_done(struct serve_sealed *sealed);

#endif
