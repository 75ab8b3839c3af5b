/* SPDX-License-Identifier: Apache-2.0 */

/* tacit explain: the verdict in words, a paragraph for each check. */

#include <string.h>

#include "appraise/appraise.h"
#include "appraise/platform.h"
#include "base/hex.h"
#include "cites.h"
#include "report.h"
#include "tee/tee.h"
#include "tee/unwrap.h"
#include "verbs.h"
#include "verify.h"

#define COLUMNS   78
#define SHOWN_MAX 4 /* alternatives that are compared in full */

/* ---- texts ----------------------------------------------------------------------------------- */

/* Words behind an indent, broken into lines. */
static void put_words(const char *indent, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		if (column == 0) {
			fputs(indent, stdout);
			column = strlen(indent);
		} else {
			putchar(' ');
			column++;
		}
		fwrite(text, 1, len, stdout);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

/* The table's sentence about a check; NULL for one of the program's own. */
static const char *find_about(const struct tacit_check_row *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].about;
	return NULL;
}

static const char *about(enum tacit_tee tee, const char *name)
{
	const struct tacit_tee_row *row = tacit_tee_row(tee);
	const struct tacit_platform_row *platform = tacit_platform_row(tee);
	const char *text = row ? find_about(row->checks, row->check_count, name) : NULL;

	if (!text)
		text = find_about(tacit_wrapper_checks, TACIT_WRAPPER_CHECKS, name);
	if (!text)
		text = find_about(tacit_appraise_checks, TACIT_APPRAISE_CHECKS, name);
	if (!text && platform)
		text = find_about(platform->checks, platform->check_count, name);
	return text;
}

static void put_sentence(const char *indent, const char *start, const char *text)
{
	char sentence[1024];

	snprintf(sentence, sizeof(sentence), "%s%s.", start, text);
	put_words(indent, sentence);
}

/* ---- measurements that differ ---------------------------------------------------------------- */

struct cause {
	enum tacit_tee tee;
	const char *name;
	const char *text;
};

/* What usually is behind a register that differs; a platform's first row with a NULL name is for
 * the others. */
static const struct cause CAUSES[] = {
	{ TACIT_TEE_NITRO, "pcr0",
	  "the whole image: it was rebuilt with other sources, base images or tools, or from the "
	  "same ones in a way that does not reproduce (times, file order)" },
	{ TACIT_TEE_NITRO, "pcr1",
	  "kernel and first ramdisk: another nitro-cli or kernel version" },
	{ TACIT_TEE_NITRO, "pcr2", "the application without kernel: it or its base image changed" },
	{ TACIT_TEE_NITRO, "pcr3", "the IAM role of the parent instance: another role, or none" },
	{ TACIT_TEE_NITRO, "pcr4",
	  "the parent instance: it differs on every instance, so it is "
	  "seldom worth pinning" },
	{ TACIT_TEE_NITRO, "pcr8",
	  "the certificate that signed the image: another key, or an "
	  "image that is not signed" },
	{ TACIT_TEE_TDX, "mrtd",
	  "the firmware of the guest (TDVF): another build of it, or "
	  "another machine type or provider release" },
	{ TACIT_TEE_TDX, "rtmr0",
	  "the virtual hardware: other numbers of vCPUs or memory, other "
	  "devices, ACPI tables or boot variables" },
	{ TACIT_TEE_TDX, "rtmr1", "boot loader and kernel: another version of either" },
	{ TACIT_TEE_TDX, "rtmr2", "kernel command line and initial ramdisk: either changed" },
	{ TACIT_TEE_TDX, "rtmr3",
	  "what the guest measured while it ran: another application or "
	  "another order of starts; of tacit serve, another model or configuration, or more than "
	  "one since the machine booted" },
	{ TACIT_TEE_SNP, "measurement",
	  "what the guest was launched with: another build of the firmware (OVMF), another number "
	  "or type of vCPUs, another hypervisor's register conventions, or, with measured direct "
	  "boot, another kernel, ramdisk or command line ('tacit measure snp' computes it)" },
	{ TACIT_TEE_SGX, "mrenclave",
	  "the enclave's code and layout: it was rebuilt, or its heap, "
	  "stack or thread settings changed" },
	{ TACIT_TEE_SGX, "mrsigner",
	  "the key that signed the enclave: a debug or development key, "
	  "or another vendor's" },
	{ TACIT_TEE_STUB, "pcr0", "the program: another version or build of it" },
	{ TACIT_TEE_STUB, "pcr1", "the configuration that the server was started with" },
	{ TACIT_TEE_STUB, "pcr2", "the model file: other weights, or another conversion of them" },
};

static enum tacit_tee family(enum tacit_tee tee)
{
	if (tee == TACIT_TEE_AZURE_SNP)
		return TACIT_TEE_SNP;
	return tee == TACIT_TEE_AZURE_TDX ? TACIT_TEE_TDX : tee;
}

static const char *cause_of(enum tacit_tee tee, const char *name)
{
	for (size_t i = 0; i < sizeof(CAUSES) / sizeof(CAUSES[0]); i++)
		if (CAUSES[i].tee == family(tee) && strcmp(CAUSES[i].name, name) == 0)
			return CAUSES[i].text;
	return NULL;
}

static struct tacit_slice measured(const struct tacit_claims *claims, const char *name)
{
	for (size_t i = 0; i < claims->measurement_count; i++)
		if (strcmp(claims->measurements[i].name, name) == 0)
			return claims->measurements[i].value;
	return tacit_slice_of(NULL, 0);
}

static bool all_zero(struct tacit_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.ptr[i])
			return false;
	return bytes.len != 0;
}

static void put_value(const char *label, struct tacit_slice bytes)
{
	char hex[2 * 64 + 1];

	if (!bytes.ptr || bytes.len > 64) {
		printf("      %s %s\n", label, bytes.ptr ? "(long)" : "(the evidence has none)");
		return;
	}
	tacit_hex_encode(bytes, hex);
	printf("      %s %s\n", label, hex);
}

static void compare(const struct tacit_policy_alternative *a, const struct tacit_claims *claims)
{
	for (size_t i = 0; i < a->measurement_count; i++) {
		const struct tacit_measurement *want = &a->measurements[i];
		struct tacit_slice got = measured(claims, want->name);
		const char *cause = cause_of(claims->tee, want->name);

		if (got.ptr && tacit_slice_eq(got, want->value)) {
			printf("    %s: equal\n", want->name);
			continue;
		}
		printf("    %s: differs\n", want->name);
		put_value("policy  ", want->value);
		put_value("evidence", got);
		if (all_zero(got))
			put_sentence("      ", "Usual cause: ",
				     "all zeros are what an enclave in debug mode shows, or a "
				     "register that was never extended");
		else if (cause)
			put_sentence("      ", "It measures ", cause);
	}
}

static void put_differences(const struct tacit_policy *policy, const struct tacit_claims *claims)
{
	size_t shown = 0;

	for (size_t i = 0; i < policy->alternative_count; i++) {
		const struct tacit_policy_alternative *a = &policy->alternatives[i];

		if (a->tee != claims->tee || ++shown > SHOWN_MAX)
			continue;
		printf("    against alternative %zu%s%s:\n", i, a->name[0] ? ", " : "", a->name);
		compare(a, claims);
	}
	if (shown > SHOWN_MAX)
		printf("    and against %zu more alternatives\n", shown - SHOWN_MAX);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void put_check(const struct cli_common *common, const struct tacit_verdict *verdict,
		      const struct tacit_check *check)
{
	static const enum cli_color COLORS[] = { [TACIT_CHECK_SKIP] = CLI_DIM,
						 [TACIT_CHECK_PASS] = CLI_GREEN,
						 [TACIT_CHECK_FAIL] = CLI_RED };
	const char *text = about(verdict->tee, check->name);
	const char *cite = cli_cite(check->name);

	printf("\n%s%s%s: %s\n", cli_color(common, stdout, COLORS[check->result]),
	       check->result == TACIT_CHECK_SKIP ? "not evaluated"
						 : tacit_result_name(check->result),
	       cli_color(common, stdout, CLI_PLAIN), check->name);
	if (text)
		put_sentence("    ", "It passes when ", text);
	if (cite)
		put_sentence("    ", "Specified in ", cite);
	if (check->why)
		put_sentence("    ",
			     check->result == TACIT_CHECK_FAIL ? "It failed: " : "Not evaluated: ",
			     check->why);
	if (check->expected)
		printf("    expected %s\n", check->expected);
	if (check->got)
		printf("    got      %s\n", check->got);
}

static void put_head(const struct cli_common *common, const struct tacit_verdict *verdict)
{
	bool good = verdict->outcome == TACIT_VERIFIED;
	const char *name;

	printf("%s%s%s: %s\n", cli_color(common, stdout, good ? CLI_GREEN : CLI_RED),
	       tacit_outcome_name(verdict->outcome), cli_color(common, stdout, CLI_PLAIN),
	       tacit_tee_label(verdict->tee));
	if (!verdict->genuine)
		put_words("", "It is not shown that this evidence is genuine, so nothing that it "
			      "says is worth anything.");
	else if (!good)
		put_words("", "The evidence is genuine: the platform's maker vouches for it. It "
			      "is not what was asked for.");
	for (size_t i = 0; (name = tacit_verdict_insecure(verdict, i)) != NULL; i++)
		printf("warning: judged with --%s\n", name);
}

/* What failed comes first: it is what one reads this for. */
static void put_checks(const struct cli_common *common, const struct tacit_verdict *verdict,
		       const struct tacit_context *cx, enum tacit_result result)
{
	const struct tacit_claims *claims = tacit_verdict_genuine(verdict);

	for (size_t i = 0; i < verdict->check_count; i++) {
		const struct tacit_check *check = &verdict->checks[i];

		if (check->result != result)
			continue;
		put_check(common, verdict, check);
		if (result == TACIT_CHECK_FAIL && claims && cx->policy &&
		    strcmp(check->name, "policy.measurements") == 0)
			put_differences(cx->policy, claims);
	}
}

static int show(const struct cli_common *common, const struct tacit_verdict *verdict,
		const struct tacit_context *cx, enum tacit_status status)
{
	if (common->json || common->quiet)
		return cli_report_verdict(common, verdict, status);
	put_head(common, verdict);
	put_checks(common, verdict, cx, TACIT_CHECK_FAIL);
	put_checks(common, verdict, cx, TACIT_CHECK_PASS);
	put_checks(common, verdict, cx, TACIT_CHECK_SKIP);
	return tacit_status_exit(status);
}

static const struct cli_option OPTIONS[] = { CLI_VERIFY_OPTIONS };

static int run(void *options, int argc, char **argv)
{
	return cli_verify_file(options, argc ? argv[0] : "-", show);
}

const struct cli_verb cmd_explain = {
	.name = "explain",
	.args = "[FILE]",
	.summary = "the verdict in words: what each check means, and why it failed",
	.group = "verify",
	.example = "tacit explain --policy policy.json evidence.bin",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct cli_verify),
	.run = run,
};
