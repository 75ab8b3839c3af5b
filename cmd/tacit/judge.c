/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/hex.h"
#include "base/writer.h"

static int load_file(const struct cli_common *common, const char *path, struct tacit_arena *arena,
		     const struct tacit_policy **ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice text;

	if (cli_read_file(path, TACIT_POLICY_MAX, &text, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read policy '%s'", path);
	enum tacit_status status = tacit_policy_parse(text, arena, ret, &err);
	free((void *)(uintptr_t)text.ptr);
	if (status != TACIT_OK)
		return cli_fail(common, &err, "cannot use policy '%s'", path);
	return 0;
}

struct pin {
	const char *name;
	const struct cli_hex *value;
};

static void put_alternative(struct writer *w, const char *platform, const struct pin *pins,
			    size_t count, bool first)
{
	bool some = false;

	wr_text(w, first ? "{\"platform\":\"" : ",{\"platform\":\"");
	wr_text(w, platform);
	wr_text(w, "\",\"measurements\":{");
	for (size_t i = 0; i < count; i++) {
		char hex[2 * CLI_HEX_MAX + 1];

		if (!pins[i].value->given)
			continue;
		tacit_hex_encode(tacit_slice_of(pins[i].value->bytes, pins[i].value->len), hex);
		wr_text(w, some ? ",\"" : "\"");
		wr_text(w, pins[i].name);
		wr_text(w, "\":\"");
		wr_text(w, hex);
		wr_text(w, "\"");
		some = true;
	}
	wr_text(w, "}}");
}

/* Pins become a policy, so that there is one appraisal and not a second, weaker one. */
static int load_pins(const struct cli_common *common, const struct cli_judge *judge,
		     struct tacit_arena *arena, const struct tacit_policy **ret)
{
	const struct pin pcrs[] = { { "pcr0", &judge->pcr0 },
				    { "pcr1", &judge->pcr1 },
				    { "pcr2", &judge->pcr2 },
				    { "pcr8", &judge->pcr8 } };
	const struct pin mrtd = { "mrtd", &judge->mrtd };
	const struct pin measurement = { "measurement", &judge->measurement };
	bool nitro =
		judge->pcr0.given || judge->pcr1.given || judge->pcr2.given || judge->pcr8.given;
	uint8_t room[4096];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice text;
	struct tacit_error err = { 0 };

	if (nitro + judge->mrtd.given + judge->measurement.given > 1)
		return cli_usage("pins of different platforms exclude each other; use --policy");
	wr_text(&w, "{\"schema\":\"tacit.policy/1\",\"alternatives\":[");
	if (nitro) {
		put_alternative(&w, "nitro", pcrs, 4, true);
		if (!judge->pcr8.given)
			put_alternative(&w, "stub", pcrs, 3, false);
	} else if (judge->mrtd.given) {
		put_alternative(&w, "tdx", &mrtd, 1, true);
	} else {
		put_alternative(&w, "snp", &measurement, 1, true);
	}
	wr_text(&w, "]}");
	if (wr_finish(&w, "pins", &text, &err) != TACIT_OK ||
	    tacit_policy_parse(text, arena, ret, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot use the pinned measurements");
	return 0;
}

static void warn_insecure(const struct cli_judge *judge)
{
	if (judge->insecure_no_policy)
		cli_warn("--insecure-no-policy: any genuine TEE is accepted, whatever runs in it");
	if (judge->insecure_allow_debug)
		cli_warn("--insecure-allow-debug: a debug TEE keeps nothing secret from its host");
	if (judge->insecure_accept_stub)
		cli_warn("--insecure-accept-stub: the stub is NOT a TEE and protects nothing");
}

static bool has_pins(const struct cli_judge *judge)
{
	return judge->pcr0.given || judge->pcr1.given || judge->pcr2.given || judge->pcr8.given ||
	       judge->mrtd.given || judge->measurement.given;
}

bool cli_judge_given(const struct cli_judge *judge)
{
	return judge->policy || has_pins(judge) || judge->insecure_no_policy ||
	       judge->insecure_allow_debug || judge->insecure_accept_stub;
}

int cli_judge_load(const struct cli_common *common, const struct cli_judge *judge,
		   struct tacit_arena *arena, struct tacit_context *cx)
{
	bool pins = has_pins(judge);
	int code = 0;

	warn_insecure(judge);
	cx->insecure_no_policy = judge->insecure_no_policy;
	cx->insecure_allow_debug = judge->insecure_allow_debug;
	cx->insecure_accept_stub = judge->insecure_accept_stub;
	if (judge->policy && pins)
		return cli_usage("--policy and pinned measurements exclude each other");
	if (judge->policy)
		code = load_file(common, judge->policy, arena, &cx->policy);
	else if (pins)
		code = load_pins(common, judge, arena, &cx->policy);
	else if (!judge->insecure_no_policy)
		cli_hint(common, "say what to accept with --policy FILE ('tacit policy init' "
				 "writes one) or a pin such as --pcr0 HEX");
	return code;
}
