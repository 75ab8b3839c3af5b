/* SPDX-License-Identifier: Apache-2.0 */
#include "client_common.h"

#include <stdlib.h>

#include "appraise/verdict_json.h"
#include "base/writer.h"

#define VERDICT_ROOM (1u << 20)

void cli_client_close(struct cli_client *c)
{
	tacit_client_free(c->client);
	cli_judge_free(&c->judged);
	memset(c, 0, sizeof(*c));
}

static enum tacit_status open_client(struct cli_client *c, const struct cli_client_options *options,
				     struct tacit_error *err)
{
	const struct tacit_client_options want = {
		.server = &c->server,
		.policy = c->cx.policy,
		.collateral = c->cx.collateral,
		.insecure_test_roots = c->cx.insecure_test_roots,
		.insecure_test_root_count = c->cx.insecure_test_root_count,
		.insecure_no_policy = c->cx.insecure_no_policy,
		.insecure_accept_stub = c->cx.insecure_accept_stub,
		.insecure_allow_debug = c->cx.insecure_allow_debug,
		.attest_max_age = options->attest_max_age,
		.timeout = options->timeout,
	};

	return tacit_client_new(&want, &c->client, err);
}

int cli_client_open(const struct cli_common *common, const struct cli_client_options *options,
		    const struct cli_judge *judge, struct cli_client *c)
{
	struct tacit_error err = { 0 };

	if (!options->server)
		return cli_usage("which server? give --server tcp:HOST:PORT or unix:PATH");
	if (tacit_address_parse(options->server, &c->server, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot use server '%s'", options->server);
	int code = judge ? cli_judge_load(common, judge, &c->judged, &c->cx) : 0;
	if (code == 0 && !c->cx.policy && !c->cx.insecure_no_policy)
		code = cli_usage("nothing says which servers to accept");
	if (code == 0 && open_client(c, options, &err) != TACIT_OK)
		code = cli_fail(common, &err, "cannot use server '%s'", options->server);
	if (code)
		cli_client_close(c);
	return code;
}

static const struct tacit_check *first_failed(const struct tacit_attested *attested)
{
	for (size_t i = 0; attested && i < attested->verdict.check_count; i++) {
		const struct tacit_check *check = tacit_verdict_check(&attested->verdict, i);

		if (check->result == TACIT_CHECK_FAIL)
			return check;
	}
	return NULL;
}

const char *cli_client_check(const struct tacit_attested *attested, const struct tacit_error *err)
{
	const struct tacit_check *failed = first_failed(attested);

	return failed ? failed->name : err->where;
}

const char *cli_client_outcome(enum tacit_status status)
{
	switch (tacit_status_exit(status)) {
	case 0:
		return "verified";
	case 1:
		return "refused";
	case 3:
		return "malformed";
	case 4:
		return "undecided";
	default:
		return "unverified";
	}
}

int cli_client_refused(const struct cli_common *common, const struct tacit_attested *attested,
		       const struct tacit_error *err)
{
	const struct tacit_check *failed = first_failed(attested);
	const char *color = cli_color(common, stderr, CLI_RED);
	const char *plain = cli_color(common, stderr, CLI_PLAIN);

	if (!failed) {
		fprintf(stderr, "tacit: error: %s%s%s: %s: %s; nothing was sent\n", color,
			cli_client_outcome(err->status), plain, err->where, err->detail);
		return tacit_status_exit(err->status);
	}
	fprintf(stderr, "tacit: error: %s%s%s: %s: %s; nothing was sent\n", color,
		tacit_outcome_name(attested->verdict.outcome), plain, failed->name,
		failed->why ? failed->why : tacit_status_text(failed->status));
	if (failed->expected)
		cli_say(common, "  expected %s", failed->expected);
	if (failed->got)
		cli_say(common, "  got      %s", failed->got);
	return tacit_status_exit(err->status);
}

json_t *cli_client_verdict(const struct tacit_attested *attested)
{
	uint8_t *room = attested && attested->verdict.outcome ? malloc(VERDICT_ROOM) : NULL;
	struct writer w = wr_of(tacit_mut_of(room, VERDICT_ROOM));

	if (!room)
		return json_null();
	tacit_verdict_json(&attested->verdict, &w);
	json_t *object = w.bad ? NULL : json_loadb((const char *)room, w.at, 0, NULL);
	free(room);
	return object ? object : json_null();
}

int cli_client_fail(const struct cli_common *common, const char *server,
		    const struct tacit_attested *attested, const struct tacit_error *err)
{
	if (common->json && !(attested && attested->verdict.outcome))
		return cli_fail(common, err, "cannot verify server '%s'", server);
	if (common->json) {
		json_t *verdict = cli_client_verdict(attested);

		json_dumpf(verdict, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(verdict);
	}
	return cli_client_refused(common, attested, err);
}
