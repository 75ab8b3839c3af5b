/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "appraise/json_out.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "keyd.h"
#include "release/keyd_log.h"
#include "verbs.h"

#define LOG_MAX ((size_t)1 << 30)

struct options {
	struct cli_common common;
	struct cli_keyd keyd;
	struct cli_hex head;
	uint64_t after;
	bool verify;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, keyd.dir, "--dir", 0, CLI_TEXT, "DIR", "the broker's folder"),
	CLI_OPT(struct options, verify, "--verify", 0, CLI_FLAG, NULL,
		"whether every row follows the one before it, of the store or of FILE"),
	CLI_OPT_RANGE(struct options, head, "--head", CLI_HEX, "HEX",
		      "it must have a row of this hash, noted before: nothing was cut off", 32, 32),
	CLI_OPT(struct options, after, "--after", 0, CLI_COUNT, "SEQ", "only rows after this one"),
};

struct walk {
	const struct options *o;
	struct tacit_keyd_chain chain;
	bool head_seen;
	enum tacit_status status;
	struct tacit_error err;
};

static bool check_line(struct walk *w, struct tacit_slice line)
{
	w->status = tacit_keyd_log_check(line, &w->chain, &w->err);
	if (w->status == TACIT_OK && w->o->head.given &&
	    memcmp(w->chain.hash, w->o->head.bytes, sizeof(w->chain.hash)) == 0)
		w->head_seen = true;
	return w->status == TACIT_OK;
}

static bool visit(void *user, struct tacit_slice line, const uint8_t *hash)
{
	char room[TACIT_KEYD_LINE_MAX + 128];
	struct walk *w = user;
	struct writer out = wr_of(tacit_mut_of(room, sizeof(room)));

	tacit_keyd_log_put(&out, line, hash);
	if (out.bad) {
		w->status = tacit_fail(&w->err, TACIT_FORMAT, "keyd.log", 0, "a row is too long");
		return false;
	}
	if (w->o->verify)
		return check_line(w, tacit_slice_of(room, out.at));
	printf("%.*s\n", (int)out.at, room);
	return true;
}

static int from_store(struct walk *w)
{
	TACIT_CLEANUP(cli_keyd_close) struct tacit_keyd_store *store = NULL;
	char path[CLI_KEYD_PATH];

	if (!w->o->keyd.dir)
		return cli_usage("'--dir' is missing: the folder that 'tacit keyd init' made");
	if (!cli_keyd_path(&w->o->keyd, "store.db", path))
		return tacit_status_exit(TACIT_USAGE);
	/* No master key: the log holds no secret. */
	if (tacit_keyd_store_open(path, TACIT_KEYD_READ, NULL, &store, &w->err) != TACIT_OK)
		return cli_fail(&w->o->common, &w->err, "cannot open '%s'", path);
	if (tacit_keyd_log_walk(store, w->o->verify ? 0 : w->o->after, visit, w, &w->err) !=
	    TACIT_OK)
		return cli_fail(&w->o->common, &w->err, "cannot read the log");
	return 0;
}

static int from_file(struct walk *w, const char *path)
{
	struct tacit_slice text = { NULL, 0 };
	size_t at = 0;

	if (cli_read_file(path, LOG_MAX, &text, &w->err) != TACIT_OK)
		return cli_fail(&w->o->common, &w->err, "cannot read '%s'", path);
	while (at < text.len) {
		const uint8_t *end = memchr(text.ptr + at, '\n', text.len - at);
		size_t len = end ? (size_t)(end - text.ptr) - at : text.len - at;

		if (!check_line(w, tacit_slice_of(text.ptr + at, len)))
			break;
		at += len + 1;
	}
	free((void *)(uintptr_t)text.ptr);
	return 0;
}

static int report(struct walk *w)
{
	char hex[65];

	if (w->status == TACIT_OK && w->o->head.given && !w->head_seen)
		w->status = tacit_fail(&w->err, TACIT_SIGNATURE, "keyd.log", w->chain.seq,
				       "no row has the hash of --head: rows were cut off");
	if (w->status != TACIT_OK)
		return cli_fail(&w->o->common, &w->err, "the log is not whole");
	if (!w->o->verify)
		return 0;
	tacit_hex_encode(TACIT_SLICE_ARRAY(w->chain.hash), hex);
	if (w->o->common.json)
		printf("{\"schema\":\"tacit.keyd-log/1\",\"rows\":%llu,\"head\":\"%s\"}\n",
		       (unsigned long long)w->chain.seq, hex);
	else
		printf("whole: %llu rows, head %s\n", (unsigned long long)w->chain.seq, hex);
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct walk w = { .o = o, .status = TACIT_OK };

	if (argc == 1 && !o->verify)
		return cli_usage("a file is for '--verify'");
	if (o->head.given && !o->verify)
		return cli_usage("'--head' goes with '--verify'");
	int code = argc == 1 ? from_file(&w, argv[0]) : from_store(&w);
	return code ? code : report(&w);
}

const struct cli_verb cmd_keyd_log = {
	.name = "keyd log",
	.args = "[FILE]",
	.summary = "who was given which key on what evidence, as JSON lines",
	.group = "serve",
	.example = "tacit keyd log --dir keys --verify",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
