/* SPDX-License-Identifier: Apache-2.0 */

/* tacit receipt verify --batch: many receipts, on the pipeline of batch.h. */

#include <stdlib.h>

#include "batch.h"
#include "receipt.h"
#include "receipt/batch.h"

struct lines {
	const struct tacit_receipt_expect *expect;
	bool live; /* the time goes on while lines come in */
};

struct judge {
	struct tacit_batch batch;
	bool live;
};

static void *open_judge(const void *user)
{
	const struct lines *lines = user;
	struct judge *judge = malloc(sizeof(*judge));

	if (judge &&
	    tacit_batch_init(&judge->batch, lines->expect, TACIT_REPORT_FAILED, NULL) != TACIT_OK) {
		free(judge);
		return NULL;
	}
	if (judge)
		judge->live = lines->live;
	return judge;
}

static void start_chunk(void *user)
{
	struct judge *judge = user;

	if (judge->live)
		judge->batch.defaults.now = cli_now(&(struct cli_time){ 0 });
}

static bool judge_line(void *user, struct tacit_slice line, struct cli_batch_out *out,
		       bool *ret_verified)
{
	struct judge *judge = user;

	if (!cli_batch_reserve(out, TACIT_BATCH_ROOM))
		return false;
	struct writer w = wr_of(tacit_mut_of(out->bytes + out->len, out->room - out->len));
	*ret_verified = tacit_batch_line(&judge->batch, line, &w) == TACIT_VERIFIED;
	out->len += w.at;
	return !w.bad;
}

static void close_judge(void *user)
{
	struct judge *judge = user;

	tacit_batch_done(&judge->batch);
	free(judge);
}

/* A key that is none is told once, before anything is read. */
static int check_key(const struct cli_common *common, const struct tacit_receipt_expect *expect)
{
	struct tacit_batch *batch = malloc(sizeof(*batch));
	struct tacit_error err = { 0 };

	if (!batch)
		return cli_no_memory(common);
	enum tacit_status status = tacit_batch_init(batch, expect, TACIT_REPORT_FAILED, &err);
	if (status == TACIT_OK)
		tacit_batch_done(batch);
	free(batch);
	return status == TACIT_OK ? 0 : cli_fail(common, &err, "cannot use the receipt key");
}

int cli_receipt_batch_open(const struct cli_common *common, const char *path, int *ret_fd)
{
	return cli_batch_open(common, "receipts", path, ret_fd);
}

int cli_receipt_batch(const struct cli_common *common, const struct tacit_receipt_expect *expect,
		      bool live, int fd, unsigned jobs)
{
	const struct lines lines = { expect, live };
	const struct cli_batch batch = {
		.what = "receipts",
		.line_max = TACIT_BATCH_LINE_MAX,
		.chunk = TACIT_BATCH_LINE_MAX,
		.user = &lines,
		.open = open_judge,
		.start = start_chunk,
		.line = judge_line,
		.close = close_judge,
	};
	int code = check_key(common, expect);

	return code ? code : cli_batch_run(common, &batch, fd, jobs);
}
