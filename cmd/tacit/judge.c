/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "appraise/policy.h"
#include "appraise/policy_signature.h"
#include "base/bounds.h"
#include "base/hex.h"
#include "base/writer.h"

#define PINS_ROOM       4096
#define SMALL_ROOM      262144  /* a policy of common size */
#define COLLATERAL_ROOM 1048576 /* lists of what is in the pieces, which stay where they are */

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

static bool has_nitro_pins(const struct cli_judge *j)
{
	return j->pcr0.given || j->pcr1.given || j->pcr2.given || j->pcr8.given;
}

static bool has_sgx_pins(const struct cli_judge *j)
{
	return j->mrenclave.given || j->mrsigner.given;
}

static bool has_pins(const struct cli_judge *j)
{
	return has_nitro_pins(j) || has_sgx_pins(j) || j->mrtd.given || j->measurement.given;
}

/* Pins become a policy, so that there is one appraisal and not a second, weaker one. */
static void put_pins(const struct cli_judge *j, struct writer *w)
{
	const struct pin pcrs[] = { { "pcr0", &j->pcr0 },
				    { "pcr1", &j->pcr1 },
				    { "pcr2", &j->pcr2 },
				    { "pcr8", &j->pcr8 } };
	const struct pin sgx[] = { { "mrenclave", &j->mrenclave }, { "mrsigner", &j->mrsigner } };
	const struct pin mrtd = { "mrtd", &j->mrtd };
	const struct pin measurement = { "measurement", &j->measurement };

	wr_text(w, "{\"schema\":\"tacit.policy/1\",\"alternatives\":[");
	if (has_nitro_pins(j)) {
		put_alternative(w, "nitro", pcrs, 4, true);
		if (!j->pcr8.given)
			put_alternative(w, "stub", pcrs, 3, false);
	} else if (j->mrtd.given) {
		put_alternative(w, "tdx", &mrtd, 1, true);
		put_alternative(w, "azure-tdx", &mrtd, 1, false);
	} else if (has_sgx_pins(j)) {
		put_alternative(w, "sgx", sgx, 2, true);
	} else {
		put_alternative(w, "snp", &measurement, 1, true);
		put_alternative(w, "azure-snp", &measurement, 1, false);
	}
	wr_text(w, "]}");
}

static int make_pins(const struct cli_common *common, const struct cli_judge *j,
		     struct cli_judged *in)
{
	uint8_t *room = malloc(PINS_ROOM);
	struct tacit_error err = { 0 };

	if (!room)
		return cli_no_memory(common);
	struct writer w = wr_of(tacit_mut_of(room, PINS_ROOM));
	put_pins(j, &w);
	if (wr_finish(&w, "pins", &in->policy, &err) == TACIT_OK)
		return 0;
	free(room);
	return cli_fail(common, &err, "cannot use the pinned measurements");
}

static int check_pins(const struct cli_judge *j)
{
	if (has_nitro_pins(j) + has_sgx_pins(j) + j->mrtd.given + j->measurement.given > 1)
		return cli_usage("pins of different platforms exclude each other; use --policy");
	if (j->mrsigner.given && !j->mrenclave.given)
		return cli_usage("--mrsigner alone accepts any enclave of that signer: pin "
				 "--mrenclave too, or use a policy with sgx.isv_prod_id and "
				 "sgx.min_isv_svn");
	if (j->policy && has_pins(j))
		return cli_usage("--policy and pinned measurements exclude each other");
	if (j->policy_keys.count && !j->policy)
		return cli_usage("'--policy-key' means nothing without '--policy'");
	if (j->policy_signature && !j->policy_keys.count)
		return cli_usage("'--policy-signature' means nothing without '--policy-key'");
	return 0;
}

bool cli_policy_signature_path(const char *policy, char *ret, size_t size)
{
	int n = snprintf(ret, size, "%s.sig", policy);

	return strcmp(policy, "-") != 0 && n > 0 && (size_t)n < size;
}

static int read_signatures(const struct cli_common *common, const struct cli_judge *j,
			   struct cli_judged *in)
{
	char beside[4096];
	const char *path = j->policy_signature ? j->policy_signature : beside;
	struct tacit_error err = { 0 };

	if (!j->policy_keys.count)
		return 0;
	if (!j->policy_signature && !cli_policy_signature_path(j->policy, beside, sizeof(beside)))
		return cli_usage("say where the signatures are with --policy-signature");
	if (cli_read_file(path, TACIT_POLICY_SIGNATURE_FILE, &in->signatures, &err) == TACIT_OK)
		return 0;
	return cli_fail(common, &err, "cannot read the policy's signatures '%s'", path);
}

int cli_judge_signed(const struct cli_common *common, const struct cli_judge *j,
		     const struct cli_judged *in)
{
	uint8_t bytes[CLI_LIST_MAX][TACIT_POLICY_KEY_LEN];
	struct tacit_slice keys[CLI_LIST_MAX];
	struct tacit_policy_signatures signatures;
	struct tacit_error err = { 0 };

	if (!j->policy_keys.count)
		return 0;
	for (size_t i = 0; i < j->policy_keys.count; i++) {
		size_t len = 0;

		if (!tacit_hex_decode(tacit_slice_str(j->policy_keys.items[i]),
				      tacit_mut_of(bytes[i], sizeof(bytes[i])), &len) ||
		    len != sizeof(bytes[i]))
			return cli_usage("option '--policy-key' wants exactly %d bytes as hex",
					 TACIT_POLICY_KEY_LEN);
		keys[i] = TACIT_SLICE_ARRAY(bytes[i]);
	}
	enum tacit_status status = tacit_policy_signatures_parse(in->signatures, &signatures, &err);
	if (status == TACIT_OK)
		status = tacit_policy_signed(in->policy, &signatures, keys, j->policy_keys.count,
					     &err);
	return status == TACIT_OK ? 0 : cli_fail(common, &err, "cannot use policy '%s'", j->policy);
}

static void warn_insecure(const struct cli_judge *judge)
{
	if (judge->insecure_no_policy)
		cli_warn("--insecure-no-policy: any genuine TEE is accepted, whatever runs in it");
	if (judge->insecure_allow_debug)
		cli_warn("--insecure-allow-debug: a debug TEE keeps nothing secret from its host");
	if (judge->insecure_accept_stub)
		cli_warn("--insecure-accept-stub: the stub is NOT a TEE and protects nothing");
	for (size_t i = 0; i < judge->insecure_test_roots.count; i++)
		cli_warn("--insecure-test-root: whoever has the key behind '%s' can forge any "
			 "evidence",
			 judge->insecure_test_roots.items[i]);
}

bool cli_judge_given(const struct cli_judge *judge)
{
	return judge->policy || has_pins(judge) || judge->collateral.count ||
	       judge->insecure_test_roots.count || judge->insecure_no_policy ||
	       judge->insecure_allow_debug || judge->insecure_accept_stub;
}

bool cli_judge_any_age(bool pins, enum tacit_tee tee)
{
	return pins && tacit_tee_is_real(tee);
}

int cli_judge_read(const struct cli_common *common, const struct cli_judge *judge,
		   struct cli_judged *in)
{
	struct tacit_error err = { 0 };
	int code = check_pins(judge);

	warn_insecure(judge);
	in->pins = has_pins(judge);
	if (code == 0 && in->pins)
		code = make_pins(common, judge, in);
	if (code == 0 && judge->policy &&
	    cli_read_file(judge->policy, TACIT_POLICY_MAX, &in->policy, &err) != TACIT_OK)
		code = cli_fail(common, &err, "cannot read policy '%s'", judge->policy);
	if (code == 0)
		code = read_signatures(common, judge, in);
	if (code == 0)
		code = cli_pieces_read(common, &judge->collateral, true, &in->collateral);
	if (code == 0)
		code = cli_pieces_read(common, &judge->insecure_test_roots, false, &in->roots);
	return code;
}

/* Room by need: most verdicts take a policy and little else. */
static bool make_room(struct cli_judged *in)
{
	size_t size = SMALL_ROOM + 4 * in->policy.len;

	if (in->collateral.count)
		size += COLLATERAL_ROOM + in->collateral.bytes;
	size += 2 * in->roots.bytes;
	in->room = malloc(size);
	tacit_arena_init(&in->arena, in->room, size);
	return in->room != NULL;
}

static bool names_guest(const struct tacit_policy_alternative *alternative)
{
	if (alternative->tee != TACIT_TEE_AZURE_SNP && alternative->tee != TACIT_TEE_AZURE_TDX)
		return true;
	for (size_t i = 0; i < alternative->measurement_count; i++)
		if (strncmp(alternative->measurements[i].name, "pcr", 3) == 0)
			return true;
	return false;
}

void cli_judge_warn_guest(const struct tacit_policy *policy)
{
	for (size_t i = 0; i < policy->alternative_count; i++)
		if (!names_guest(&policy->alternatives[i]))
			cli_warn("alternative %zu of the policy names no PCR: it accepts whatever "
				 "guest runs above that paravisor of Azure",
				 i);
}

static int parse_policy(const struct cli_common *common, const struct cli_judge *judge,
			struct cli_judged *in, struct tacit_context *cx)
{
	struct tacit_error err = { 0 };

	if (!in->policy.ptr && !judge->insecure_no_policy)
		cli_hint(common, "say what to accept with --policy FILE ('tacit policy init' "
				 "writes one) or a pin such as --pcr0 HEX");
	if (!in->policy.ptr)
		return 0;
	if (tacit_policy_parse(in->policy, &in->arena, &cx->policy, &err) == TACIT_OK) {
		if (!in->pins)
			cli_judge_warn_guest(cx->policy);
		return 0;
	}
	if (in->pins)
		return cli_fail(common, &err, "cannot use the pinned measurements");
	return cli_fail(common, &err, "cannot use policy '%s'", judge->policy);
}

int cli_judge_parse(const struct cli_common *common, const struct cli_judge *judge,
		    struct cli_judged *in, struct tacit_context *cx)
{
	cx->insecure_no_policy = judge->insecure_no_policy;
	cx->insecure_allow_debug = judge->insecure_allow_debug;
	cx->insecure_accept_stub = judge->insecure_accept_stub;
	if (!make_room(in))
		return cli_no_memory(common);
	int code = cli_judge_signed(common, judge, in);
	if (code == 0)
		code = parse_policy(common, judge, in, cx);
	if (code == 0 && in->collateral.count)
		code = cli_pieces_collateral(common, &in->collateral, &in->arena, &cx->collateral);
	if (code == 0 && in->roots.count)
		code = cli_pieces_certs(common, &in->roots, &in->arena, &cx->insecure_test_roots,
					&cx->insecure_test_root_count);
	return code;
}

int cli_judge_load(const struct cli_common *common, const struct cli_judge *judge,
		   struct cli_judged *in, struct tacit_context *cx)
{
	int code = cli_judge_read(common, judge, in);

	return code ? code : cli_judge_parse(common, judge, in, cx);
}

void cli_judge_free(struct cli_judged *in)
{
	free((void *)(uintptr_t)in->policy.ptr);
	free((void *)(uintptr_t)in->signatures.ptr);
	cli_pieces_free(&in->collateral);
	cli_pieces_free(&in->roots);
	free(in->room);
	memset(in, 0, sizeof(*in));
}
