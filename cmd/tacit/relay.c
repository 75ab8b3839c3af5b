/* SPDX-License-Identifier: Apache-2.0 */
#include "net/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/process.h"
#include "verbs.h"

#define FILES_A_CONNECTION 6 /* two sockets and, while bytes are in flight, two pipes */
#define SPARE_FILES        64
#define DEFAULT_FILES      4096

struct options {
	struct cli_common common;
	struct cli_list listen, to, egress, allow, allow_private, allow_file, heartbeat;
	const char *metrics, *config, *spy, *aws_metadata;
	uint64_t max_connections, max_per_peer, connect_timeout, idle_timeout, drain_timeout;
	bool check, aws_credentials;
};

#define LIST(field, name, value, help) \
	CLI_OPT(struct options, field, name, 0, CLI_LIST, value, help)
#define NUMBER(field, name, value, help, max) \
	CLI_OPT_RANGE(struct options, field, name, CLI_COUNT, value, help, 1, max)

static const struct cli_option OPTIONS[] = {
	LIST(listen, "--listen", "ADDR",
	     "where peers connect: tcp:, unix:, vsock:, or fd:NAME of the service manager"),
	LIST(to, "--to", "ADDR", "where the --listen before it leads"),
	LIST(egress, "--egress", "ADDR", "where an enclave asks for a way out (HTTP CONNECT)"),
	LIST(allow, "--allow", "HOST:PORT", "what --egress may reach; a name only if public"),
	LIST(allow_private, "--allow-private", "HOST:PORT",
	     "the same, for a name in a private network"),
	LIST(allow_file, "--allow-file", "FILE", "the same, as a vsock-proxy.yaml"),
	CLI_OPT(struct options, aws_credentials, "--aws-credentials", 0, CLI_FLAG, NULL,
		"hand this instance's role to enclaves, at --egress addresses"),
	CLI_OPT(struct options, aws_metadata, "--aws-metadata", 0, CLI_TEXT, "URL",
		"where it comes from (default: " TACIT_AWS_METADATA ")"),
	LIST(heartbeat, "--heartbeat", "ADDR", "where an enclave says that it is up"),
	CLI_OPT(struct options, metrics, "--metrics", 0, CLI_TEXT, "ADDR",
		"where Prometheus looks: HTTP, /metrics"),
	CLI_OPT(struct options, config, "--config", 0, CLI_TEXT, "FILE",
		"more of all that, read again at SIGHUP"),
	CLI_OPT(struct options, check, "--check", 0, CLI_FLAG, NULL,
		"only say whether options and configuration are fine"),
	CLI_OPT(struct options, spy, "--spy", 0, CLI_TEXT, "FILE",
		"write down all that is relayed: what a host can see"),
	NUMBER(max_connections, "--max-connections", "N",
	       "connections at the same time (default: 4096)", 1u << 20),
	NUMBER(max_per_peer, "--max-per-peer", "N", "of one peer (default: 1024)", 1u << 20),
	NUMBER(connect_timeout, "--connect-timeout", "SECONDS",
	       "how long the other side may take to answer (default: 10)", 3600),
	NUMBER(idle_timeout, "--idle-timeout", "SECONDS",
	       "how long a connection may be silent (default: 900)", 604800),
	NUMBER(drain_timeout, "--drain-timeout", "SECONDS",
	       "how long connections may go on after SIGTERM (default: 30)", 86400),
};

/* ---- plans ---------------------------------------------------------------------------------- */

static enum tacit_status add_rules(struct tacit_relay_plan *plan, enum tacit_relay_kind kind,
				   const struct cli_list *list, const struct cli_list *to,
				   struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < list->count && st == TACIT_OK; i++)
		st = tacit_relay_plan_rule(plan, kind, list->items[i], to ? to->items[i] : NULL,
					   err);
	return st;
}

static enum tacit_status add_allowed(struct tacit_relay_plan *plan, const struct cli_list *list,
				     bool private, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < list->count && st == TACIT_OK; i++) {
		struct tacit_egress_target target;

		st = tacit_egress_target(tacit_slice_str(list->items[i]), &target, err);
		if (st == TACIT_OK)
			st = tacit_egress_allow(&plan->egress, &target, private, err);
	}
	return st;
}

static enum tacit_status add_file(struct tacit_relay_plan *plan, const char *path, bool yaml,
				  struct tacit_error *err)
{
	struct tacit_slice text = { NULL, 0 };
	enum tacit_status st = cli_read_file(path, TACIT_RELAY_CONFIG_MAX, &text, err);

	if (st != TACIT_OK)
		return st;
	st = yaml ? tacit_egress_yaml(&plan->egress, text, err)
		  : tacit_relay_plan_parse(plan, text, err);
	free((void *)(uintptr_t)text.ptr);
	return st;
}

static void set(uint64_t *field, uint64_t value, uint64_t factor)
{
	if (value)
		*field = value * factor;
}

static void add_limits(struct tacit_relay_plan *plan, const struct options *o)
{
	set(&plan->limits.connections, o->max_connections, 1);
	set(&plan->limits.per_peer, o->max_per_peer, 1);
	set(&plan->limits.connect_ms, o->connect_timeout, 1000);
	set(&plan->limits.idle_ms, o->idle_timeout, 1000);
	set(&plan->limits.drain_ms, o->drain_timeout, 1000);
}

static enum tacit_status add_aws(struct tacit_relay_plan *plan, const struct options *o,
				 struct tacit_error *err)
{
	const char *base = o->aws_metadata ? o->aws_metadata : TACIT_AWS_METADATA;

	if (!o->aws_credentials)
		return TACIT_OK;
	enum tacit_status st = tacit_aws_place_check(base, err);
	if (st == TACIT_OK)
		memcpy(plan->aws_metadata, base, strlen(base) + 1);
	return st;
}

static enum tacit_status fill_plan(struct tacit_relay_plan *plan, const struct options *o,
				   struct tacit_error *err)
{
	const struct cli_list metrics = { .count = o->metrics != NULL, .items = { o->metrics } };
	enum tacit_status st = add_rules(plan, TACIT_RELAY_FORWARD, &o->listen, &o->to, err);

	if (st == TACIT_OK)
		st = add_rules(plan, TACIT_RELAY_EGRESS, &o->egress, NULL, err);
	if (st == TACIT_OK)
		st = add_rules(plan, TACIT_RELAY_HEARTBEAT, &o->heartbeat, NULL, err);
	if (st == TACIT_OK)
		st = add_rules(plan, TACIT_RELAY_METRICS, &metrics, NULL, err);
	if (st == TACIT_OK && o->config)
		st = add_file(plan, o->config, false, err);
	if (st == TACIT_OK)
		st = add_allowed(plan, &o->allow, false, err);
	if (st == TACIT_OK)
		st = add_allowed(plan, &o->allow_private, true, err);
	for (size_t i = 0; i < o->allow_file.count && st == TACIT_OK; i++)
		st = add_file(plan, o->allow_file.items[i], true, err);
	if (st == TACIT_OK)
		st = add_aws(plan, o, err);
	add_limits(plan, o); /* the command line is stronger than the file */
	if (st == TACIT_OK && plan->rule_count == 0)
		st = tacit_fail(err, TACIT_USAGE, "relay", 0, "nothing to listen for");
	return st;
}

static enum tacit_status make_plan(void *user, struct tacit_relay_plan **ret,
				   struct tacit_error *err)
{
	struct tacit_relay_plan *plan = NULL;
	enum tacit_status st = tacit_relay_plan_new(&plan, err);

	if (st == TACIT_OK)
		st = fill_plan(plan, user, err);
	if (st == TACIT_OK)
		*ret = plan;
	else
		tacit_relay_plan_free(plan);
	return st;
}

/* ---- words ---------------------------------------------------------------------------------- */

static void say_json(const struct tacit_relay_event *event)
{
	json_t *object = json_pack("{s:s, s:s}", "schema", "tacit.relay/1", "event", event->name);

	for (size_t i = 0; object && i < event->count; i++)
		(void)json_object_set_new(object, event->fields[i].name,
					  json_string(event->fields[i].value));
	if (object && json_dumpf(object, stdout, JSON_COMPACT) == 0)
		putchar('\n');
	json_decref(object);
	fflush(stdout);
}

static void say(void *user, const struct tacit_relay_event *event)
{
	const struct options *o = user;
	char line[1024];
	size_t at = 0;

	if (o->common.json) {
		say_json(event);
		return;
	}
	line[0] = '\0';
	for (size_t i = 0; i < event->count; i++) {
		const char *value = event->fields[i].value;
		const char *quote = strchr(value, ' ') ? "\"" : "";
		int n = snprintf(line + at, sizeof(line) - at, " %s=%s%s%s", event->fields[i].name,
				 quote, value, quote);

		if (n < 0 || (size_t)n >= sizeof(line) - at)
			break;
		at += (size_t)n;
	}
	cli_say(&o->common, "event=%s%s", event->name, line);
}

static void announce(const struct options *o, const struct tacit_relay *relay,
		     const struct tacit_relay_plan *plan)
{
	static const char *const KINDS[] = {
		[TACIT_RELAY_FORWARD] = "forward",     [TACIT_RELAY_EGRESS] = "egress",
		[TACIT_RELAY_HEARTBEAT] = "heartbeat", [TACIT_RELAY_METRICS] = "metrics",
		[TACIT_RELAY_ECHO] = "echo",
	};

	for (size_t i = 0; i < plan->rule_count; i++) {
		const struct tacit_relay_rule *rule = &plan->rules[i];
		struct tacit_address bound = rule->listen;
		char listen[TACIT_ADDRESS_TEXT], to[TACIT_ADDRESS_TEXT] = "";

		tacit_relay_bound(relay, i, &bound);
		tacit_address_format(&bound, listen);
		if (rule->kind == TACIT_RELAY_FORWARD)
			tacit_address_format(&rule->to, to);
		const struct tacit_relay_field fields[] = { { "kind", KINDS[rule->kind] },
							    { "address", listen },
							    { "to", to } };
		const struct tacit_relay_event event = { .name = "listening",
							 .count = to[0] ? 3 : 2,
							 .fields = fields };
		say((void *)(uintptr_t)o, &event);
	}
	const struct tacit_relay_event ready = { .name = "ready" };
	say((void *)(uintptr_t)o, &ready);
	tacit_process_notify("READY=1");
}

/* ---- running -------------------------------------------------------------------------------- */

static int open_spy(const struct options *o, int *ret_fd)
{
	*ret_fd = -1;
	if (!o->spy)
		return 0;
	*ret_fd = open(o->spy, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd < 0) {
		struct tacit_error err = { 0 };

		(void)tacit_fail(&err, TACIT_IO, "relay.spy", 0, "%s", strerror(errno));
		return cli_fail(&o->common, &err, "cannot write '%s'", o->spy);
	}
	cli_warn("--spy writes all that is relayed to '%s', and is slower", o->spy);
	return 0;
}

static int relay(struct options *o, const struct tacit_relay_plan *plan, int spy_fd)
{
	const struct tacit_relay_options setup = {
		.say = say,
		.reload = make_plan,
		.user = o,
		.spy_fd = spy_fd,
		.verbose = o->common.verbose,
		.signals = true,
	};
	struct tacit_relay *relay = NULL;
	struct tacit_error err = { 0 };
	enum tacit_status st = tacit_relay_new(&setup, &relay, &err);

	if (st == TACIT_OK)
		st = tacit_relay_apply(relay, plan, &err);
	if (st == TACIT_OK) {
		announce(o, relay, plan);
		st = tacit_relay_run(relay, &err);
	}
	tacit_relay_free(relay);
	return st == TACIT_OK ? 0 : cli_fail(&o->common, &err, "cannot relay");
}

static int run(void *options, int argc, char **argv)
{
	struct options *o = options;
	struct tacit_relay_plan *plan = NULL;
	struct tacit_error err = { 0 };
	int spy_fd = -1;

	(void)argc;
	(void)argv;
	if (o->listen.count != o->to.count)
		return cli_usage("every '--listen' wants a '--to' and the other way round");
	if (make_plan(o, &plan, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot use this configuration");
	if (tacit_process_harden(&err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot harden this process");
	uint64_t most = plan->limits.connections ? plan->limits.connections : DEFAULT_FILES;
	tacit_process_raise_files(most * FILES_A_CONNECTION + SPARE_FILES);
	int code = o->check ? 0 : open_spy(o, &spy_fd);
	if (code == 0 && o->check)
		cli_say(&o->common, "%zu listeners, %zu places for egress", plan->rule_count,
			plan->egress.count);
	else if (code == 0)
		code = relay(o, plan, spy_fd);
	if (!o->check && spy_fd >= 0)
		close(spy_fd);
	tacit_relay_plan_free(plan);
	return code;
}

const struct cli_verb cmd_relay = {
	.name = "relay",
	.args = "",
	.summary = "the host's side of an enclave: passes bytes on, knows none",
	.group = "serve",
	.example = "tacit relay --listen tcp:0.0.0.0:8443 --to vsock:16:8443",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
