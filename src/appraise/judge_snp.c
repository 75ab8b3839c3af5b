/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/snp.h"

#include "base/compiler.h"
#include "tacit/snp.h"

const struct tacit_check_row tacit_snp_policy_checks[TACIT_SNP_POLICY_CHECKS] = {
	{ "policy.snp.chip_mask", "the report names its chip, or the policy accepts that the host "
				  "masks it" },
	{ "policy.snp.vmpl", "the guest asked at the privilege level of the policy; 0 when it "
			     "says nothing, as software at 0 can read and change all others" },
	{ "policy.snp.migration", "no migration agent may move the guest, or the policy accepts "
				  "that" },
	{ "policy.snp.product", "the policy lists the product" },
	{ "policy.snp.signing_key", "the policy lists the kind of key that signed" },
	{ "policy.snp.chip", "the policy lists the chip" },
	{ "policy.snp.csp", "the policy lists the cloud provider of the VLEK" },
	{ "policy.snp.id_key", "the policy lists the key that signed the guest's ID block" },
	{ "policy.snp.author_key", "the policy lists the key that vouched for that key" },
	{ "policy.snp.guest_policy", "the guest's own policy, which the firmware enforces, is as "
				     "strict as asked [SNP-ABI 4.3]" },
	{ "policy.snp.tcb", "every reported security version is at least the policy's" },
	{ "policy.snp.tcb_current", "every current security version is at least the policy's" },
	{ "policy.snp.tcb_committed", "every security version that the platform can no longer go "
				      "behind is at least the policy's" },
	{ "policy.snp.tcb_launch", "every security version at the guest's launch was at least the "
				   "policy's" },
	{ "policy.snp.firmware", "the firmware that the platform can no longer go behind is at "
				 "least the policy's" },
	{ "policy.snp.guest_svn", "the guest's security version is at least the policy's" },
	{ "policy.snp.mitigations", "the mitigations that the policy names were on at launch and "
				    "are now" },
	{ "policy.snp.alias_check", "the firmware checked memory for aliases, against BadRAM" },
	{ "policy.snp.host_data", "HOST_DATA is the policy's" },
	{ "policy.snp.family_id", "FAMILY_ID is the policy's" },
	{ "policy.snp.image_id", "IMAGE_ID is the policy's" },
	{ "policy.snp.revocation", "AMD's revocation list was there and in force" },
};

static const struct tacit_policy_snp DEFAULTS;

struct job {
	const struct tacit_snp_claims *snp;
	const struct tacit_policy_snp *policy; /* never NULL */
	bool unpoliced;                        /* there is no policy at all */
	struct tacit_check_list *list;
};

static void fail_policy(struct job *j, const char *name, const char *expected, const char *got,
			const char *why)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = expected,
		.got = got,
		.why = why,
	};

	tacit_check_fail(j->list, name, &failure);
}

/* What the policy says nothing about. */
static void skip_unasked(struct job *j, const char *name, const char *why)
{
	tacit_check_skip(j->list, name, j->unpoliced ? "no policy" : why);
}

/* ---- strict defaults ----------------------------------------------------------------------- */

/* Judged without a policy too: which chip it is belongs to being genuine. */
static void judge_chip_mask(struct job *j)
{
	static const char NAME[] = "policy.snp.chip_mask";

	if (!j->snp->chip_id_masked)
		tacit_check_pass(j->list, NAME, NULL);
	else if (j->policy->allow_masked_chip_id)
		tacit_check_skip(j->list, NAME, "the policy accepts a masked CHIP_ID");
	else
		fail_policy(j, NAME, NULL, NULL,
			    "the host masks CHIP_ID, and allow_masked_chip_id is not set");
}

static void judge_vmpl(struct job *j)
{
	static const char NAME[] = "policy.snp.vmpl";
	uint64_t want = j->policy->vmpl.set ? j->policy->vmpl.value : 0;

	if (j->unpoliced)
		tacit_check_skip(j->list, NAME, "no policy");
	else if (j->snp->vmpl == want)
		tacit_check_pass(j->list, NAME, NULL);
	else
		fail_policy(j, NAME, tacit_check_printf(j->list, "%llu", (unsigned long long)want),
			    tacit_check_printf(j->list, "%lu", (unsigned long)j->snp->vmpl),
			    "the guest asked at another privilege level");
}

static void judge_migration(struct job *j)
{
	static const char NAME[] = "policy.snp.migration";

	if (!(j->snp->policy & TACIT_SNP_POLICY_MIGRATE_MA))
		tacit_check_pass(j->list, NAME, NULL);
	else if (j->unpoliced)
		tacit_check_skip(j->list, NAME, "no policy");
	else if (j->policy->allow_migration_agent)
		tacit_check_skip(j->list, NAME, "the policy accepts a migration agent");
	else
		fail_policy(j, NAME, NULL, NULL,
			    "the guest may have a migration agent, and allow_migration_agent is "
			    "not set");
}

/* ---- lists and values ---------------------------------------------------------------------- */

static bool listed(const struct tacit_policy_list *accepted, struct tacit_slice got)
{
	for (size_t i = 0; i < accepted->count; i++)
		if (got.ptr && tacit_slice_eq(accepted->items[i], got))
			return true;
	return false;
}

/* `text`: show values as text rather than hex. */
static void judge_listed(struct job *j, const char *name, const struct tacit_policy_list *accepted,
			 struct tacit_slice got, bool text)
{
	const char *shown = NULL;

	if (accepted->count == 0) {
		skip_unasked(j, name, "the policy lists none");
		return;
	}
	if (got.ptr)
		shown = text ? tacit_check_text(j->list, got) : tacit_check_hex(j->list, got);
	if (listed(accepted, got)) {
		tacit_check_pass(j->list, name, shown);
		return;
	}
	const char *first = text ? tacit_check_text(j->list, accepted->items[0])
				 : tacit_check_hex(j->list, accepted->items[0]);
	if (accepted->count > 1)
		first = tacit_check_printf(j->list, "%s, or one of %zu others", first,
					   accepted->count - 1);
	fail_policy(j, name, first, shown,
		    got.ptr ? "the policy does not list it"
			    : "the policy asks for it, and the report has none");
}

/* A chip is named by its 64 bytes, or from Turin on by 8, with or without the zeros behind. */
static void judge_chip(struct job *j)
{
	static const char NAME[] = "policy.snp.chip";
	struct tacit_slice chip = j->snp->chip_id;
	uint8_t padded[64] = { 0 };

	if (chip.ptr && chip.len < sizeof(padded)) {
		memcpy(padded, chip.ptr, chip.len);
		if (listed(&j->policy->chip_ids, TACIT_SLICE_ARRAY(padded))) {
			tacit_check_pass(j->list, NAME, tacit_check_hex(j->list, chip));
			return;
		}
	}
	judge_listed(j, NAME, &j->policy->chip_ids, chip, false);
}

static void judge_lists(struct job *j)
{
	const struct tacit_policy_snp *policy = j->policy;
	const struct tacit_snp_claims *snp = j->snp;
	struct tacit_slice none = { NULL, 0 };

	judge_listed(j, "policy.snp.product", &policy->products, tacit_slice_str(snp->product),
		     true);
	judge_listed(j, "policy.snp.signing_key", &policy->signing_keys,
		     tacit_slice_str(snp->signing_key), true);
	judge_chip(j);
	judge_listed(j, "policy.snp.csp", &policy->csp_ids, snp->csp_id, true);
	judge_listed(j, "policy.snp.id_key", &policy->id_key_digests, snp->id_key_digest, false);
	judge_listed(j, "policy.snp.author_key", &policy->author_key_digests,
		     snp->has_author_key ? snp->author_key_digest : none, false);
}

static void judge_value(struct job *j, const char *name, struct tacit_slice want,
			struct tacit_slice got)
{
	if (!want.ptr)
		skip_unasked(j, name, "the policy names none");
	else if (tacit_slice_eq(want, got))
		tacit_check_pass(j->list, name, NULL);
	else
		fail_policy(j, name, tacit_check_hex(j->list, want), tacit_check_hex(j->list, got),
			    "the value is not the policy's");
}

/* ---- bits ---------------------------------------------------------------------------------- */

/* Why the guest's policy is too lax; NULL when it is not. */
static const char *guest_policy_fault(const struct tacit_policy_snp_guest *want, uint64_t policy)
{
	uint64_t least = (want->min_abi_major.value << 8) + want->min_abi_minor.value;

	if ((policy & 0xffff) < least)
		return "it would run under an older firmware interface than the policy accepts";
	if (want->forbid_smt && (policy & TACIT_SNP_POLICY_SMT))
		return "it may run where SMT is on";
	if (want->require_single_socket && !(policy & TACIT_SNP_POLICY_SINGLE_SOCKET))
		return "it may run on more than one socket";
	if (want->require_ciphertext_hiding && !(policy & TACIT_SNP_POLICY_CIPHERTEXT_HIDING))
		return "it may run where the host reads ciphertext";
	return NULL;
}

static void judge_guest_policy(struct job *j)
{
	static const char NAME[] = "policy.snp.guest_policy";
	const struct tacit_policy_snp_guest *want = &j->policy->guest_policy;
	const char *fault = guest_policy_fault(want, j->snp->policy);

	if (!want->min_abi_major.set && !want->min_abi_minor.set && !want->forbid_smt &&
	    !want->require_single_socket && !want->require_ciphertext_hiding)
		skip_unasked(j, NAME, "the policy asks for nothing");
	else if (fault)
		fail_policy(
			j, NAME, NULL,
			tacit_check_printf(j->list, "0x%llx", (unsigned long long)j->snp->policy),
			fault);
	else
		tacit_check_pass(j->list, NAME, NULL);
}

static uint64_t number_of(struct tacit_slice bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | bytes.ptr[i];
	return value;
}

static void judge_mitigations(struct job *j)
{
	static const char NAME[] = "policy.snp.mitigations";
	uint64_t want = number_of(j->policy->require_mitigations);
	uint64_t got = j->snp->launch_mit_vector & j->snp->current_mit_vector;

	if (!j->policy->require_mitigations.ptr)
		skip_unasked(j, NAME, "the policy names none");
	else if (!j->snp->has_mit_vectors)
		fail_policy(j, NAME, tacit_check_hex(j->list, j->policy->require_mitigations), NULL,
			    "reports before version 5 do not say which mitigations are on");
	else if ((got & want) == want)
		tacit_check_pass(j->list, NAME, NULL);
	else
		fail_policy(j, NAME, tacit_check_hex(j->list, j->policy->require_mitigations),
			    tacit_check_printf(j->list, "%016llx at launch, %016llx now",
					       (unsigned long long)j->snp->launch_mit_vector,
					       (unsigned long long)j->snp->current_mit_vector),
			    "a mitigation is off that the policy names");
}

static void judge_alias_check(struct job *j)
{
	static const char NAME[] = "policy.snp.alias_check";

	if (!j->policy->require_alias_check)
		skip_unasked(j, NAME, "the policy does not ask for it");
	else if (j->snp->platform_info & TACIT_SNP_PLATFORM_ALIAS_CHECK)
		tacit_check_pass(j->list, NAME, NULL);
	else
		fail_policy(j, NAME, NULL, NULL,
			    "the firmware did not check memory for aliases, or is too old to say");
}

/* ---- versions ------------------------------------------------------------------------------ */

static bool reaches(const struct tacit_policy_number *least, uint64_t got)
{
	return !least->set || got >= least->value;
}

static void judge_tcb(struct job *j, const char *name, const struct tacit_policy_snp_tcb *least,
		      const struct tacit_snp_tcb *got)
{
	const struct {
		const char *name;
		const struct tacit_policy_number *least;
		uint8_t got;
	} parts[] = {
		{ "fmc", &least->fmc, got->fmc },
		{ "bootloader", &least->bootloader, got->bootloader },
		{ "tee", &least->tee, got->tee },
		{ "snp", &least->snp, got->snp },
		{ "microcode", &least->microcode, got->microcode },
	};
	bool asked = false;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(parts); i++) {
		asked |= parts[i].least->set;
		if (reaches(parts[i].least, parts[i].got))
			continue;
		fail_policy(j, name,
			    tacit_check_printf(j->list, "%s at least %llu", parts[i].name,
					       (unsigned long long)parts[i].least->value),
			    tacit_check_printf(j->list, "%s %u", parts[i].name, parts[i].got),
			    "a security version is below the policy's");
		return;
	}
	if (asked)
		tacit_check_pass(j->list, name, NULL);
	else
		skip_unasked(j, name, "the policy names none");
}

static void judge_firmware(struct job *j)
{
	static const char NAME[] = "policy.snp.firmware";
	const struct tacit_policy_snp_firmware *least = &j->policy->min_firmware;
	const struct tacit_snp_firmware *got = &j->snp->committed_firmware;
	uint64_t want = (least->major.value << 16) + (least->minor.value << 8) + least->build.value;

	if (!least->major.set && !least->minor.set && !least->build.set)
		skip_unasked(j, NAME, "the policy names none");
	else if (((uint64_t)got->major << 16) + ((uint64_t)got->minor << 8) + got->build >= want)
		tacit_check_pass(j->list, NAME, NULL);
	else
		fail_policy(
			j, NAME,
			tacit_check_printf(j->list, "at least %llu.%llu.%llu",
					   (unsigned long long)least->major.value,
					   (unsigned long long)least->minor.value,
					   (unsigned long long)least->build.value),
			tacit_check_printf(j->list, "%u.%u.%u", got->major, got->minor, got->build),
			"the platform could still go back to older firmware");
}

static void judge_guest_svn(struct job *j)
{
	static const char NAME[] = "policy.snp.guest_svn";
	const struct tacit_policy_number *least = &j->policy->min_guest_svn;

	if (!least->set)
		skip_unasked(j, NAME, "the policy names none");
	else if (reaches(least, j->snp->guest_svn))
		tacit_check_pass(j->list, NAME, NULL);
	else
		fail_policy(j, NAME,
			    tacit_check_printf(j->list, "at least %llu",
					       (unsigned long long)least->value),
			    tacit_check_printf(j->list, "%lu", (unsigned long)j->snp->guest_svn),
			    "the guest's security version is below the policy's");
}

static void judge_versions(struct job *j)
{
	const struct tacit_policy_snp *policy = j->policy;
	const struct tacit_snp_claims *snp = j->snp;

	judge_tcb(j, "policy.snp.tcb", &policy->min_tcb, &snp->reported);
	judge_tcb(j, "policy.snp.tcb_current", &policy->min_current_tcb, &snp->current);
	judge_tcb(j, "policy.snp.tcb_committed", &policy->min_committed_tcb, &snp->committed);
	judge_tcb(j, "policy.snp.tcb_launch", &policy->min_launch_tcb, &snp->launch);
	judge_firmware(j);
	judge_guest_svn(j);
}

static void judge_revocation(struct job *j)
{
	static const char NAME[] = "policy.snp.revocation";
	struct tacit_check_failure failure = {
		.status = TACIT_UNDECIDED,
		.why = "the policy asks for AMD's revocation list, and none was given",
	};

	if (j->snp->revocation_checked)
		tacit_check_pass(j->list, NAME, NULL);
	else if (!j->policy->require_crl)
		skip_unasked(j, NAME, "the policy does not ask for a list");
	else
		tacit_check_fail(j->list, NAME, &failure);
}

void tacit_snp_policy_judge(const struct tacit_claims *claims,
			    const struct tacit_policy_sections *sections,
			    struct tacit_check_list *list)
{
	struct job j = {
		.snp = claims->snp,
		.policy = sections && sections->snp ? sections->snp : &DEFAULTS,
		.unpoliced = !sections,
		.list = list,
	};

	judge_chip_mask(&j);
	judge_vmpl(&j);
	judge_migration(&j);
	judge_lists(&j);
	judge_guest_policy(&j);
	judge_versions(&j);
	judge_mitigations(&j);
	judge_alias_check(&j);
	judge_value(&j, "policy.snp.host_data", j.policy->host_data, j.snp->host_data);
	judge_value(&j, "policy.snp.family_id", j.policy->family_id, j.snp->family_id);
	judge_value(&j, "policy.snp.image_id", j.policy->image_id, j.snp->image_id);
	judge_revocation(&j);
}
