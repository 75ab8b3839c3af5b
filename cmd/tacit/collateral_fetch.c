/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit collateral fetch: what evidence needs to be judged, from those who publish it. Nothing is
 * kept that a verdict would not take.
 */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/secret.h"
#include "base/time.h"
#include "collateral_store.h"
#include "crypto/hash.h"
#include "net/fetch.h"
#include "net/fetch_judge.h"
#include "pieces.h"
#include "sys/clock.h"
#include "sys/sandbox.h"
#include "verbs.h"

#define ARENA_SIZE      ((size_t)48 << 20) /* every piece is parsed a few times */
#define DEFAULT_TIMEOUT 120
#define DEFAULT_REQUEST 30
#define CONNECT_MS      10000u
#define KEY_MAX         256
#define KEY_NAME        "Ocp-Apim-Subscription-Key"
#define PATH_LEN        4096

struct options {
	struct cli_common common;
	const char *output, *pcs, *pccs, *root_crl, *kds, *update, *product, *ca, *key_file;
	uint64_t evaluation_number, timeout, request_timeout;
	bool no_cache;
	struct cli_time now;
	struct cli_list roots;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "DIR",
		"the folder to keep it in; made if it is not there"),
	CLI_OPT(struct options, pcs, "--pcs", 0, CLI_TEXT, "URL",
		"in the place of Intel's service"),
	CLI_OPT(struct options, pccs, "--pccs", 0, CLI_TEXT, "URL",
		"a cache of Intel's service, such as https://localhost:8081"),
	CLI_OPT(struct options, root_crl, "--root-crl", 0, CLI_TEXT, "URL",
		"where Intel's root keeps its revocation list"),
	CLI_OPT(struct options, key_file, "--pcs-key-file", 0, CLI_TEXT, "FILE",
		"holds a subscription key for --pcs"),
	CLI_OPT(struct options, update, "--update", 0, CLI_TEXT, "WHICH",
		"Intel's TCB recovery: standard or early"),
	CLI_OPT_RANGE(struct options, evaluation_number, "--tcb-evaluation-number", CLI_COUNT, "N",
		      "TCB info and QE identity of that number", 1, UINT32_MAX),
	CLI_OPT(struct options, kds, "--kds", 0, CLI_TEXT, "URL", "in the place of AMD's service"),
	CLI_OPT(struct options, product, "--product", 0, CLI_TEXT, "NAME",
		"of an SNP report that does not say: milan, genoa or turin"),
	CLI_OPT(struct options, no_cache, "--no-cache", 0, CLI_FLAG, NULL,
		"ask AMD also for what was fetched before"),
	CLI_OPT(struct options, ca, "--ca", 0, CLI_TEXT, "FILE",
		"PEM of the authorities that vouch for the servers"),
	CLI_OPT_RANGE(struct options, timeout, "--timeout", CLI_COUNT, "SECONDS",
		      "for everything (default: 120)", 1, 86400),
	CLI_OPT_RANGE(struct options, request_timeout, "--request-timeout", CLI_COUNT, "SECONDS",
		      "for one answer (default: 30)", 1, 3600),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME", "judge dates at this time"),
	CLI_OPT(struct options, roots, "--insecure-test-root", 0, CLI_LIST, "FILE",
		"trust this root too, whose key anyone may have; may be repeated"),
};

/* One piece on its way. */
struct item {
	struct tacit_slice bytes; /* malloc'ed */
	struct tacit_fetched fetched;
	bool have, cached, good;
	enum cli_kept kept;
	struct tacit_error err;
};

struct job {
	const struct options *o;
	const char *path;
	struct tacit_slice in, key;
	struct cli_pieces roots;
	void *room;
	struct tacit_arena arena;
	struct tacit_context cx;
	struct tacit_fetch_plan plan;
	struct tacit_fetch *fetch;
	bool has_cache;
	char cache[PATH_LEN];
	struct item items[TACIT_FETCH_PIECES];
};

static void free_slice(struct tacit_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

static void drop(struct item *item)
{
	const struct item none = { .have = false };

	free_slice(item->bytes);
	*item = none;
}

static void free_job(struct job *j)
{
	for (size_t i = 0; i < TACIT_FETCH_PIECES; i++)
		drop(&j->items[i]);
	if (j->key.ptr)
		tacit_wipe((void *)(uintptr_t)j->key.ptr, j->key.len);
	free_slice(j->key);
	free_slice(j->in);
	cli_pieces_free(&j->roots);
	tacit_fetch_free(j->fetch);
	free(j->room);
}

/* ---- asking --------------------------------------------------------------------------------- */

static void say_wait(void *user, const char *url, unsigned status, uint64_t seconds)
{
	const struct job *j = user;

	cli_say(&j->o->common, "note: %s answers %u: waiting %llu s", url, status,
		(unsigned long long)seconds);
}

static enum tacit_status start(struct job *j, struct tacit_error *err)
{
	uint64_t timeout = j->o->timeout ? j->o->timeout : DEFAULT_TIMEOUT;
	const struct tacit_fetch_options options = {
		.ca_file = j->o->ca,
		.connect_ms = CONNECT_MS,
		.request_ms =
			(j->o->request_timeout ? j->o->request_timeout : DEFAULT_REQUEST) * 1000,
		.deadline_ms = tacit_clock_ms() + timeout * 1000,
		.waits = say_wait,
		.user = j,
	};

	return j->fetch ? TACIT_OK : tacit_fetch_new(&options, &j->fetch, err);
}

/* The headers in which Intel's services, old and new, send the certificates of the signer. */
static const char *const *chain_header(enum tacit_fetch_kind kind)
{
	static const char *const TCB_INFO[] = { "TCB-Info-Issuer-Chain",
						"SGX-TCB-Info-Issuer-Chain", NULL };
	static const char *const QE_IDENTITY[] = { "SGX-Enclave-Identity-Issuer-Chain",
						   "Enclave-Identity-Issuer-Chain", NULL };
	static const char *const PCK_CRL[] = { "SGX-PCK-CRL-Issuer-Chain", "PCK-CRL-Issuer-Chain",
					       NULL };

	switch (kind) {
	case TACIT_FETCH_TCB_INFO:
		return TCB_INFO;
	case TACIT_FETCH_QE_IDENTITY:
		return QE_IDENTITY;
	case TACIT_FETCH_PCK_CRL:
		return PCK_CRL;
	case TACIT_FETCH_ROOT_CRL:
	case TACIT_FETCH_AMD_CHAIN:
	case TACIT_FETCH_VCEK:
	case TACIT_FETCH_AMD_CRL:
	case TACIT_FETCH_KINDS:
		break;
	}
	return NULL;
}

static enum tacit_status ask(struct job *j, const struct tacit_fetch_piece *piece,
			     struct item *item)
{
	bool amd = piece->cache[0] != 0;
	bool keyed = j->key.ptr && !amd && piece->kind != TACIT_FETCH_ROOT_CRL;
	const struct tacit_fetch_request request = {
		.url = piece->url,
		.max = tacit_fetch_kind_max(piece->kind),
		.pause_s = amd ? 10 : 1, /* AMD lets a client ask every ten seconds */
		.chain = chain_header(piece->kind),
		.key_name = KEY_NAME,
		.key = keyed ? (const char *)j->key.ptr : NULL,
	};
	struct tacit_fetch_answer answer = { 0 };

	cli_say(&j->o->common, "fetching %s", piece->url);
	enum tacit_status st = start(j, &item->err);
	if (st == TACIT_OK)
		st = tacit_fetch_get(j->fetch, &request, &answer, &item->err);
	if (st != TACIT_OK)
		return st;
	item->bytes = tacit_slice_of(answer.body, answer.len);
	answer.body = NULL;
	st = tacit_fetch_read(piece, item->bytes, answer.chain, &j->arena, &item->fetched,
			      &item->err);
	tacit_fetch_answer_free(&answer);
	return st;
}

static void obtain(struct job *j, size_t i, bool use_cache)
{
	const struct tacit_fetch_piece *piece = &j->plan.pieces[i];
	struct item *item = &j->items[i];

	if (use_cache &&
	    cli_cache_get(j->cache, piece, j->cx.now, &j->arena, &item->bytes, &item->fetched)) {
		item->have = item->cached = true;
		return;
	}
	item->have = ask(j, piece, item) == TACIT_OK;
}

/* ---- judging -------------------------------------------------------------------------------- */

/* Whether each is good is in its `err`. What one run takes of the arena the next has again. */
static void judge(struct job *j)
{
	struct tacit_fetched all[TACIT_FETCH_PIECES];
	size_t at[TACIT_FETCH_PIECES], count = 0;

	for (size_t i = 0; i < j->plan.count; i++) {
		if (!j->items[i].have)
			continue;
		at[count] = i;
		all[count++] = j->items[i].fetched;
	}
	for (size_t i = 0; i < count; i++) {
		struct tacit_arena scratch = j->arena;
		struct tacit_context cx = j->cx;

		cx.arena = &scratch;
		enum tacit_status st =
			tacit_fetch_judge(&j->plan, all, count, i, &cx, &j->items[at[i]].err);
		j->items[at[i]].good = st == TACIT_OK;
	}
}

static bool is_good(const struct item *item)
{
	return item->good && item->err.status == TACIT_OK;
}

/* What the cache holds was good once; when it is not any more, all of it is asked for anew. */
static bool is_cache_stale(const struct job *j)
{
	bool bad = false, cached = false;

	for (size_t i = 0; i < j->plan.count; i++) {
		bad |= j->items[i].have && !is_good(&j->items[i]);
		cached |= j->items[i].cached;
	}
	return bad && cached;
}

static void obtain_all(struct job *j)
{
	bool use_cache = j->has_cache && !j->o->no_cache;

	for (size_t i = 0; i < j->plan.count; i++)
		obtain(j, i, use_cache);
	judge(j);
	if (!is_cache_stale(j))
		return;
	for (size_t i = 0; i < j->plan.count; i++) {
		drop(&j->items[i]);
		obtain(j, i, false);
	}
	judge(j);
}

/* ---- keeping -------------------------------------------------------------------------------- */

static void keep_all(struct job *j)
{
	for (size_t i = 0; i < j->plan.count; i++) {
		struct item *item = &j->items[i];
		struct tacit_error err = { 0 };

		if (!is_good(item))
			continue;
		if (cli_store_keep(j->o->output, &item->fetched, &j->arena, &item->kept,
				   &item->err) != TACIT_OK)
			continue;
		if (!item->cached && j->has_cache && item->fetched.piece->cache[0] &&
		    cli_cache_put(j->cache, &item->fetched, &err) != TACIT_OK)
			cli_say(&j->o->common, "note: cannot keep it in the cache '%s': %s",
				j->cache, err.detail);
	}
}

/* ---- words ---------------------------------------------------------------------------------- */

static const char *outcome(const struct item *item)
{
	static const char *const KEPT[] = { "new", "newer", "unchanged" };

	if (is_good(item))
		return KEPT[item->kept];
	if (item->good && item->err.status == TACIT_IO)
		return "unwritten";
	return item->bytes.ptr ? "refused" : "missing";
}

static json_t *time_json(int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	if (seconds == INT64_MAX)
		return json_null();
	tacit_time_format(seconds, text);
	return json_string(text);
}

static json_t *item_json(const struct tacit_fetch_piece *piece, const struct item *item)
{
	uint8_t digest[TACIT_SHA256_LEN];
	char hex[2 * TACIT_SHA256_LEN + 1];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b}", "kind",
			      tacit_fetch_kind_name(piece->kind), "url", piece->url, "file",
			      piece->file, "result", outcome(item), "cached", item->cached);

	if (o && item->have &&
	    tacit_hash(TACIT_SHA256, item->fetched.bytes, digest, NULL) == TACIT_OK) {
		tacit_hex_encode(TACIT_SLICE_ARRAY(digest), hex);
		(void)json_object_set_new(o, "sha256", json_string(hex));
		(void)json_object_set_new(o, "issued", time_json(item->fetched.issued));
		(void)json_object_set_new(o, "until", time_json(item->fetched.until));
		if (item->fetched.number)
			(void)json_object_set_new(o, "evaluation_number",
						  json_integer(item->fetched.number));
	}
	if (o && item->err.status != TACIT_OK)
		(void)json_object_set_new(o, "error",
					  json_pack("{s:s, s:s, s:s}", "status",
						    tacit_status_name(item->err.status), "where",
						    item->err.where, "detail", item->err.detail));
	return o;
}

static int show_json(const struct job *j)
{
	json_t *pieces = json_array();
	json_t *o = json_pack("{s:s, s:s, s:s}", "schema", "tacit.collateral-fetch/1", "platform",
			      tacit_tee_name(j->plan.document.tee), "folder", j->o->output);

	for (size_t i = 0; pieces && i < j->plan.count; i++)
		(void)json_array_append_new(pieces, item_json(&j->plan.pieces[i], &j->items[i]));
	if (!o || !pieces || json_object_set_new(o, "pieces", pieces) != 0 ||
	    (j->plan.nothing &&
	     json_object_set_new(o, "nothing", json_string(j->plan.nothing)) != 0) ||
	    json_dumpf(o, stdout, JSON_COMPACT) != 0) {
		json_decref(o);
		return cli_no_memory(&j->o->common);
	}
	putchar('\n');
	json_decref(o);
	return 0;
}

static void show_text(const struct job *j)
{
	for (size_t i = 0; i < j->plan.count; i++) {
		const struct item *item = &j->items[i];
		char until[TACIT_TIME_TEXT];

		if (!is_good(item))
			continue;
		tacit_time_format(item->fetched.until, until);
		printf("%-11s %-9s until %s  %s%s\n", tacit_fetch_kind_name(j->plan.pieces[i].kind),
		       outcome(item), until, j->plan.pieces[i].file,
		       item->cached ? " (cached)" : "");
	}
}

/* What went wrong, one line each; the code of the first. */
static int show_failures(const struct job *j)
{
	int code = 0;

	for (size_t i = 0; i < j->plan.count; i++) {
		const struct item *item = &j->items[i];
		const char *where = item->bytes.ptr ? item->err.where : j->plan.pieces[i].url;

		if (is_good(item))
			continue;
		fprintf(stderr, "tacit: error: %s %s: %s: %s\n",
			tacit_fetch_kind_name(j->plan.pieces[i].kind), outcome(item), where,
			item->err.detail);
		if (code == 0)
			code = tacit_status_exit(item->err.status);
	}
	return code;
}

static int show(const struct job *j)
{
	if (j->o->common.json) {
		int code = show_json(j);

		if (code)
			return code;
	} else {
		show_text(j);
	}
	if (j->plan.nothing)
		cli_say(&j->o->common, "nothing to fetch: %s", j->plan.nothing);
	return show_failures(j);
}

/* ---- the verb ------------------------------------------------------------------------------- */

/* One line of printable ASCII; it goes into a header and nowhere else. */
static int read_key(struct job *j)
{
	struct tacit_error err = { 0 };

	if (!j->o->key_file)
		return 0;
	if (cli_read_file(j->o->key_file, KEY_MAX, &j->key, &err) != TACIT_OK)
		return cli_fail(&j->o->common, &err, "cannot read '%s'", j->o->key_file);
	uint8_t *text = (uint8_t *)(uintptr_t)j->key.ptr; /* has more room than KEY_MAX */
	size_t len = j->key.len;
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return cli_usage("'%s' holds no key", j->o->key_file);
	if (len == 0)
		return cli_usage("'%s' is empty", j->o->key_file);
	text[len] = 0;
	return 0;
}

static int read_inputs(struct job *j)
{
	const struct options *o = j->o;
	struct tacit_error err = { 0 };
	int code = read_key(j);

	if (code == 0)
		code = cli_pieces_read(&o->common, &o->roots, false, &j->roots);
	if (code)
		return code;
	for (size_t i = 0; i < o->roots.count; i++)
		cli_warn("--insecure-test-root: whoever has the key of '%s' can forge collateral",
			 o->roots.items[i]);
	if (cli_read_file(j->path, TACIT_EVIDENCE_MAX, &j->in, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read evidence '%s'", j->path);
	j->room = malloc(ARENA_SIZE);
	if (!j->room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&j->arena, j->room, ARENA_SIZE);
	j->cx.arena = &j->arena;
	j->cx.now = cli_now(&o->now);
	j->has_cache = cli_cache_folder(j->cache, sizeof(j->cache));
	return cli_pieces_certs(&o->common, &j->roots, &j->arena, &j->cx.insecure_test_roots,
				&j->cx.insecure_test_root_count);
}

static int make_plan(struct job *j)
{
	const struct options *o = j->o;
	const struct tacit_fetch_places places = {
		.pcs = o->pcs,
		.pccs = o->pccs,
		.root_crl = o->root_crl,
		.kds = o->kds,
		.update = o->update,
		.evaluation_number = o->evaluation_number,
		.product = o->product,
	};
	struct tacit_error err = { 0 };
	struct tacit_evidence ev = { 0 };

	enum tacit_status st = tacit_evidence_unwrap(j->in, &j->arena, &ev, &err);
	if (st == TACIT_OK)
		st = tacit_fetch_plan_make(&ev, &places, &j->arena, &j->plan, &err);
	if (st == TACIT_OK && !j->plan.nothing)
		st = tacit_fetch_judge_evidence(&j->plan, &j->cx, &err);
	if (st == TACIT_OK)
		return 0;
	if (st == TACIT_USAGE)
		return cli_usage("%s", err.detail);
	return cli_fail(&o->common, &err, "cannot fetch for '%s' (%s)", j->path, err.where);
}

/* From here on nothing is written but in the user's folder and in the cache. */
static int enter_sandbox(struct job *j)
{
	const char *folders[] = { j->o->output, j->cache };
	struct tacit_sandbox_report report;
	struct tacit_error err = { 0 };

	if (cli_store_open(j->o->output, false, 0755, &err) != TACIT_OK)
		return cli_fail(&j->o->common, &err, "cannot make '%s'", j->o->output);
	j->has_cache &= j->plan.document.tee == TACIT_TEE_SNP;
	if (j->has_cache && cli_store_open(j->cache, true, 0700, &err) != TACIT_OK) {
		cli_say(&j->o->common, "note: no cache at '%s': %s", j->cache, err.detail);
		j->has_cache = false;
	}
	tacit_error_clear(&err);
	if (tacit_sandbox_enter_fetch(folders, j->has_cache ? 2 : 1, &report, &err) != TACIT_OK)
		return cli_fail(&j->o->common, &err, "cannot enter the sandbox");
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	TACIT_CLEANUP(free_job) struct job j = { .o = o, .path = argc ? argv[0] : "-" };

	if (!o->output)
		return cli_usage("'collateral fetch' needs -o DIR");
	int code = read_inputs(&j);
	if (code == 0)
		code = make_plan(&j);
	if (code == 0 && !j.plan.nothing)
		code = enter_sandbox(&j);
	if (code)
		return code;
	obtain_all(&j);
	keep_all(&j);
	return show(&j);
}

const struct cli_verb cmd_collateral_fetch = {
	.name = "collateral fetch",
	.args = "[EVIDENCE]",
	.summary = "get what evidence needs to be judged from Intel or AMD",
	.group = "verify",
	.example = "tacit collateral fetch quote.bin -o collateral",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
