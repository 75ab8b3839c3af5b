/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sandbox.h"

#include <stdlib.h>

#include "base/secret.h"
#include "cli.h"
#include "codec/json.h"
#include "crypto/hash.h"

/* More than the libraries take while they start and while the filter is made. */
#define ROOM ((size_t)2 << 20)

/*
 * What the libraries open at first use, they open now. They do not survive running out of memory
 * on the way (libseccomp 2.5 frees twice), so there has to be enough before they begin.
 */
static enum tacit_status warm_up(struct tacit_error *err)
{
	uint8_t digest[TACIT_SHA256_LEN];
	void *room = malloc(ROOM);

	if (!room)
		return tacit_fail(err, TACIT_NOMEM, "sandbox", 0, "out of memory");
	tacit_wipe(room, 1); /* or the compiler drops the pair */
	free(room);
	json_object_seed(0);
	return tacit_hash(TACIT_SHA256, tacit_slice_of(NULL, 0), digest, err);
}

int cli_enter_sandbox(const struct cli_common *common)
{
	struct tacit_sandbox_report report;
	struct tacit_error err = { 0 };
	enum tacit_status status = warm_up(&err);

	if (status == TACIT_OK)
		status = tacit_sandbox_enter(TACIT_SANDBOX_JUDGE, NULL, &report, &err);
	if (status != TACIT_OK)
		return cli_fail(common, &err, "cannot enter the sandbox");
	if (common->verbose && !(report.files && report.calls))
		cli_say(common, "note: this kernel offers %s of the sandbox",
			report.files || report.calls ? "only a part" : "nothing");
	return 0;
}
