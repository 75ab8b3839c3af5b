/* SPDX-License-Identifier: Apache-2.0 */
#include "source_option.h"

#include <string.h>

#include "aws_option.h"
#include "sys/clock.h"

static void say_retry(void *user, const struct tacit_source_retry *retry)
{
	const struct cli_common *common = user;

	cli_say(common, "event=fetch-retry at=%llu pause_ms=%llu why=\"%s\"",
		(unsigned long long)retry->at, (unsigned long long)retry->pause_ms, retry->why);
}

static int open_aws(struct source_store *s, const struct source_options *o)
{
	struct tacit_error err = { 0 };

	if (aws_option_open(o->aws_credentials, o->aws_profile, &s->setup.reach, "none", &s->aws,
			    &err) != TACIT_OK)
		return cli_fail(s->common, &err, "cannot use credentials");
	s->setup.aws = s->aws;
	return 0;
}

static int open_gs(struct source_store *s, const struct source_options *o)
{
	bool metadata = o->gs_token && strcmp(o->gs_token, "metadata") == 0;
	const struct tacit_gs_token_options setup = { .file = metadata ? NULL : o->gs_token,
						      .metadata = o->gs_metadata,
						      .reach = &s->setup.reach };
	struct tacit_error err = { 0 };

	if (!o->gs_token)
		return 0;
	if (tacit_gs_token_new(&setup, &s->gs, &err) != TACIT_OK)
		return cli_fail(s->common, &err, "cannot use a token");
	s->setup.gs = s->gs;
	return 0;
}

int source_store_open(const struct cli_common *common, const struct source_options *options,
		      struct source_store *s)
{
	struct tacit_error err = { 0 };

	s->common = common;
	s->setup = (struct tacit_store_options){
		.reach = { .relayed = options->via != NULL, .ca_file = options->ca },
		.connections = (unsigned)options->connections,
		.deadline_ms = options->timeout * 1000,
		.region = options->s3_region,
		.s3_endpoint = options->s3_endpoint,
		.gs_endpoint = options->gs_endpoint,
		.retries = say_retry,
		.user = (void *)(uintptr_t)common,
	};
	if (options->via &&
	    tacit_address_parse(options->via, &s->setup.reach.relay, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot go out by '%s'", options->via);
	int code = open_aws(s, options);
	if (code == 0)
		code = open_gs(s, options);
	if (code == 0 && tacit_store_new(&s->setup, &s->store, &err) != TACIT_OK)
		code = cli_fail(common, &err, "cannot reach stores");
	return code;
}

void source_store_close(struct source_store *s)
{
	tacit_store_free(s->store);
	tacit_aws_credentials_free(s->aws);
	tacit_gs_token_free(s->gs);
	s->store = NULL;
	s->aws = NULL;
	s->gs = NULL;
}

/* ---- progress ------------------------------------------------------------------------------- */

void source_progress_start(struct source_progress *p, const struct cli_common *common,
			   uint64_t total)
{
	const struct source_progress now = { .common = common,
					     .total = total,
					     .began_ms = tacit_clock_ms() };

	*p = now;
}

void source_progress_tell(struct source_progress *p, uint64_t done)
{
	uint64_t tenth = p->total ? (uint64_t)((double)done * 10.0 / (double)p->total) : 10;
	uint64_t ms = tacit_clock_ms() - p->began_ms;

	if (tenth <= p->said)
		return;
	p->said = tenth;
	cli_say(p->common, "event=fetch percent=%llu bytes=%llu ms=%llu",
		(unsigned long long)tenth * 10, (unsigned long long)done, (unsigned long long)ms);
}
