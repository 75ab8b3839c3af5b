/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/attest.h"
#include "sys/tpm.h"

#define ASSET_TAG   "/sys/class/dmi/id/chassis_asset_tag"
#define AZURE_ASSET "7783-7084-3265-9085-8269-3286-77" /* of every virtual machine there */

struct probe_row {
	enum tacit_tee tee;
	const char *path;
};

/*
 * In the order in which "auto" looks. The configfs directory serves several platforms, so it
 * only counts after the devices that belong to one.
 */
static const struct probe_row PATHS[] = {
	{ TACIT_TEE_NITRO, "/dev/nsm" },
	{ TACIT_TEE_TDX, "/dev/tdx_guest" },
	{ TACIT_TEE_SNP, "/dev/sev-guest" },
	{ TACIT_TEE_TDX, "/sys/kernel/config/tsm/report" },
	{ TACIT_TEE_SNP, "/sys/kernel/config/tsm/report" },
	{ TACIT_TEE_AZURE_SNP, TACIT_TPM_DEVICE },
	{ TACIT_TEE_AZURE_TDX, TACIT_TPM_DEVICE },
};

const char *tacit_attest_probe_path(enum tacit_tee tee, size_t i)
{
	for (size_t at = 0; at < TACIT_ARRAY_LEN(PATHS); at++)
		if (PATHS[at].tee == tee && i-- == 0)
			return PATHS[at].path;
	return NULL;
}

static bool is_there(const char *root, const char *path)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof(full), "%s%s", root, path);

	return n > 0 && (size_t)n < sizeof(full) && access(full, F_OK) == 0;
}

const char *tacit_attest_probe(enum tacit_tee tee, const char *root)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PATHS); i++)
		if (PATHS[i].tee == tee && is_there(root, PATHS[i].path))
			return PATHS[i].path;
	return NULL;
}

bool tacit_attest_probe_azure(const char *root)
{
	char full[PATH_MAX], line[64] = "";
	int n = snprintf(full, sizeof(full), "%s" ASSET_TAG, root);
	FILE *f = n > 0 && (size_t)n < sizeof(full) ? fopen(full, "re") : NULL;

	if (!f)
		return false;
	bool read = fgets(line, sizeof(line), f) != NULL;
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return read && strcmp(line, AZURE_ASSET) == 0;
}

static enum tacit_status refuse_present(enum tacit_tee tee, const char *path,
					struct tacit_error *err)
{
	return tacit_fail(err, TACIT_UNSUPPORTED, "attest", 0,
			  "%s is here, but this build has no attester for %s", path,
			  tacit_tee_name(tee));
}

static enum tacit_status refuse_auto(const char *root, struct tacit_error *err)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PATHS); i++)
		if (strcmp(PATHS[i].path, TACIT_TPM_DEVICE) != 0 && is_there(root, PATHS[i].path))
			return refuse_present(PATHS[i].tee, PATHS[i].path, err);
	return tacit_fail(err, TACIT_UNSUPPORTED, "attest", 0,
			  "no TEE found: no %s, %s, %s or %s (for a software stand-in: --tee stub)",
			  PATHS[0].path, PATHS[1].path, PATHS[2].path, PATHS[3].path);
}

static enum tacit_status refuse_absent(enum tacit_tee tee, struct tacit_error *err)
{
	const char *first = tacit_attest_probe_path(tee, 0);
	const char *second = tacit_attest_probe_path(tee, 1);

	return tacit_fail(err, TACIT_UNSUPPORTED, "attest", 0,
			  "this machine is no %s guest: there is no %s%s%s", tacit_tee_name(tee),
			  first, second ? " and no " : "", second ? second : "");
}

enum tacit_status tacit_attest_probe_refuse(enum tacit_tee tee, const char *root,
					    struct tacit_error *err)
{
	const char *found = tacit_attest_probe(tee, root);

	if (tee == TACIT_TEE_NONE)
		return refuse_auto(root, err);
	if (found)
		return refuse_present(tee, found, err);
	if (tacit_attest_probe_path(tee, 0))
		return refuse_absent(tee, err);
	return tacit_fail(err, TACIT_UNSUPPORTED, "attest", 0, "this build has no attester for %s",
			  tacit_tee_name(tee));
}
