/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The trustworthiness vector of a verdict [AR4SI 2.3.4]; docs/ear.md has the same table for people.
 * Nothing is affirmed that no check affirmed: claims about files, storage and data sources are
 * never made.
 */

#include "appraise/ear.h"

#include "base/compiler.h"

/* Values with a meaning of their own. */
#define UNEXPECTED    1  /* evidence that cannot be read */
#define GOOD          2  /* of every claim, the best */
#define BOOT_APPROVED 3  /* executables: what was loaded at boot */
#define UNSAFE        32 /* known not to be as good as it could be */
#define UNRECOGNISED  33 /* executables */
#define UNAVAILABLE   36 /* configuration: nothing to compare with */
#define BAD           96
#define UNKNOWN       97 /* hardware and instances that should be known */
#define CRYPTO_FAILED 99

/*
 * Which claim a check drives: the first row that is a prefix of its name. Checks of platforms,
 * which are all about what the hardware vouches for, come last.
 */
static const struct {
	const char *prefix;
	enum tacit_ear_claim claim;
	int8_t failed; /* when it failed for another reason than cryptography or form */
} ROWS[] = {
	{ "binding.", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "evidence.", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "expect.", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "wrapper.", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "policy.freshness", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "policy.nitro.", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "policy.snp.chip", TACIT_EAR_INSTANCE_IDENTITY, UNKNOWN },
	{ "policy.present", TACIT_EAR_CONFIGURATION, UNAVAILABLE },
	{ "policy.validity", TACIT_EAR_CONFIGURATION, UNAVAILABLE },
	{ "bundle.", TACIT_EAR_CONFIGURATION, UNAVAILABLE },
	{ "policy.config", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.snp.guest_policy", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.snp.migration", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.snp.vmpl", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.snp.host_data", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.sgx.config_id", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.tdx.xfam", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.tdx.sept_ve", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.tdx.migratable", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.tdx.service_td", TACIT_EAR_CONFIGURATION, BAD },
	{ "policy.measurements", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.model", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.snp.id_key", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.snp.author_key", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.snp.family_id", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.snp.image_id", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.snp.guest_svn", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.sgx.isv_", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "tdx.event_log.", TACIT_EAR_EXECUTABLES, UNRECOGNISED },
	{ "policy.debug", TACIT_EAR_RUNTIME_OPAQUE, BAD },
	{ "policy.hardware", TACIT_EAR_HARDWARE, UNKNOWN },
	{ "policy.platform", TACIT_EAR_HARDWARE, UNKNOWN },
	{ "policy.", TACIT_EAR_HARDWARE, BAD },
	{ "", TACIT_EAR_HARDWARE, CRYPTO_FAILED },
};

static size_t find_row(const char *name)
{
	size_t i = 0;

	while (strncmp(name, ROWS[i].prefix, strlen(ROWS[i].prefix)) != 0)
		i++;
	return i;
}

static void unset(struct tacit_ear_vector *vector, enum tacit_ear_claim claim)
{
	vector->given &= (uint8_t) ~(1u << claim);
	vector->value[claim] = 0;
}

static void worsen(struct tacit_ear_vector *vector, enum tacit_ear_claim claim, int8_t value)
{
	if (!(vector->given >> claim & 1) || value > vector->value[claim])
		tacit_ear_set(vector, claim, value);
}

static bool passed(const struct tacit_verdict *verdict, const char *name)
{
	const struct tacit_check *check = tacit_verdict_find(verdict, name);

	return check && check->result == TACIT_CHECK_PASS;
}

static bool waived(const struct tacit_verdict *verdict)
{
	return tacit_verdict_insecure(verdict, 0) != NULL;
}

/* ---- what genuine evidence affirms --------------------------------------------------------- */

/* Anybody can make evidence under these roots, so nothing that it says is worth repeating. */
static bool is_pretence(const struct tacit_verdict *verdict)
{
	return verdict->tee == TACIT_TEE_STUB || verdict->insecure_test_root;
}

/* Intel's platforms have a status, which is absent when only signatures were judged. */
static int8_t hardware(const struct tacit_verdict *verdict, const struct tacit_claims *claims)
{
	bool rated = claims->tdx || claims->sgx || claims->tcb_status;

	if (waived(verdict))
		return UNSAFE;
	if (rated && (!claims->tcb_status || strcmp(claims->tcb_status, "UpToDate") != 0))
		return UNSAFE;
	return GOOD;
}

static void affirm(const struct tacit_verdict *verdict, struct tacit_ear_vector *vector)
{
	const struct tacit_claims *claims = tacit_verdict_genuine(verdict);

	if (!claims)
		return;
	if (is_pretence(verdict)) {
		tacit_ear_set(vector, TACIT_EAR_HARDWARE, UNKNOWN);
		return;
	}
	tacit_ear_set(vector, TACIT_EAR_HARDWARE, hardware(verdict, claims));
	if (passed(verdict, "policy.snp.chip") || passed(verdict, "policy.nitro.instance"))
		tacit_ear_set(vector, TACIT_EAR_INSTANCE_IDENTITY, GOOD);
	if (passed(verdict, "policy.measurements"))
		tacit_ear_set(vector, TACIT_EAR_EXECUTABLES, BOOT_APPROVED);
	if (passed(verdict, "policy.present") && passed(verdict, "policy.debug"))
		tacit_ear_set(vector, TACIT_EAR_CONFIGURATION, waived(verdict) ? UNSAFE : GOOD);
	/* Nitro's evidence says nothing about encryption of memory. */
	if (claims->debug)
		tacit_ear_set(vector, TACIT_EAR_RUNTIME_OPAQUE, BAD);
	else if (claims->tdx || claims->sgx || claims->snp)
		tacit_ear_set(vector, TACIT_EAR_RUNTIME_OPAQUE, GOOD);
}

/* ---- what failures take away --------------------------------------------------------------- */

static int8_t failure_value(const struct tacit_check *check, size_t row)
{
	if (check->status == TACIT_SIGNATURE || check->status == TACIT_CHAIN)
		return CRYPTO_FAILED;
	if (check->status == TACIT_FORMAT || check->status == TACIT_LIMIT)
		return UNEXPECTED;
	if (check->status == TACIT_REVOKED)
		return BAD;
	if (check->status == TACIT_UNSUPPORTED)
		return ROWS[row].claim == TACIT_EAR_HARDWARE ? UNKNOWN : ROWS[row].failed;
	return ROWS[row].failed;
}

static void take_away(const struct tacit_verdict *verdict, struct tacit_ear_vector *vector)
{
	for (size_t i = 0; i < verdict->check_count; i++) {
		const struct tacit_check *check = &verdict->checks[i];

		if (check->result == TACIT_CHECK_FAIL && check->status == TACIT_UNDECIDED)
			unset(vector, ROWS[find_row(check->name)].claim);
	}
	for (size_t i = 0; i < verdict->check_count; i++) {
		const struct tacit_check *check = &verdict->checks[i];
		size_t row = find_row(check->name);

		if (check->result != TACIT_CHECK_FAIL || check->status == TACIT_UNDECIDED)
			continue;
		int8_t value = failure_value(check, row);
		/* What could not be read may have come after what could. */
		if (value == UNEXPECTED)
			unset(vector, ROWS[row].claim);
		worsen(vector, ROWS[row].claim, value);
	}
}

/* ---- the whole ----------------------------------------------------------------------------- */

static enum tacit_ear_status status_of(const struct tacit_verdict *verdict)
{
	if (tacit_verdict_claims(verdict))
		return waived(verdict) ? TACIT_EAR_WARNING : TACIT_EAR_AFFIRMING;
	if (verdict->outcome == TACIT_REFUSED || verdict->outcome == TACIT_MALFORMED)
		return TACIT_EAR_CONTRAINDICATED;
	return TACIT_EAR_NONE;
}

void tacit_ear_of_verdict(const struct tacit_verdict *verdict, struct tacit_ear_submod *ret)
{
	struct tacit_ear_submod submod = { .name = tacit_slice_str(tacit_tee_name(verdict->tee)) };

	affirm(verdict, &submod.vector);
	take_away(verdict, &submod.vector);
	submod.status = status_of(verdict);
	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
		if (submod.vector.given >> i & 1)
			submod.status = tacit_ear_worse(submod.status,
							tacit_ear_tier(submod.vector.value[i]));
	*ret = submod;
}
