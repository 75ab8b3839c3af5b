/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/ear.h"

#include "base/compiler.h"

static const struct {
	enum tacit_ear_status status;
	const char *name;
} STATUSES[] = {
	/* From the best to the worst. */
	{ TACIT_EAR_AFFIRMING, "affirming" },
	{ TACIT_EAR_NONE, "none" },
	{ TACIT_EAR_WARNING, "warning" },
	{ TACIT_EAR_CONTRAINDICATED, "contraindicated" },
};

static const char *const CLAIMS[TACIT_EAR_CLAIMS] = {
	[TACIT_EAR_INSTANCE_IDENTITY] = "instance-identity",
	[TACIT_EAR_CONFIGURATION] = "configuration",
	[TACIT_EAR_EXECUTABLES] = "executables",
	[TACIT_EAR_FILE_SYSTEM] = "file-system",
	[TACIT_EAR_HARDWARE] = "hardware",
	[TACIT_EAR_RUNTIME_OPAQUE] = "runtime-opaque",
	[TACIT_EAR_STORAGE_OPAQUE] = "storage-opaque",
	[TACIT_EAR_SOURCED_DATA] = "sourced-data",
};

/* Trustee's profile has the names of Veraison's; the first of each kind is the one written. */
static const struct {
	enum tacit_ear_names names;
	const char *profile;
} PROFILES[] = {
	{ TACIT_EAR_DRAFT, "tag:ietf.org,2026:rats/ear#03" },
	{ TACIT_EAR_VERAISON, "tag:github.com,2023:veraison/ear" },
	{ TACIT_EAR_VERAISON, "tag:github.com,2024:confidential-containers/Trustee" },
};

const char *tacit_ear_status_name(int64_t status)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(STATUSES); i++)
		if ((int64_t)STATUSES[i].status == status)
			return STATUSES[i].name;
	return NULL;
}

bool tacit_ear_status_find(struct tacit_slice name, enum tacit_ear_status *ret)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(STATUSES); i++) {
		if (tacit_slice_eq(name, tacit_slice_str(STATUSES[i].name))) {
			*ret = STATUSES[i].status;
			return true;
		}
	}
	return false;
}

const char *tacit_ear_claim_name(enum tacit_ear_claim claim)
{
	return (size_t)claim < TACIT_EAR_CLAIMS ? CLAIMS[claim] : NULL;
}

bool tacit_ear_claim_find(struct tacit_slice name, enum tacit_ear_claim *ret)
{
	for (size_t i = 0; i < TACIT_EAR_CLAIMS; i++) {
		if (tacit_slice_eq(name, tacit_slice_str(CLAIMS[i]))) {
			*ret = (enum tacit_ear_claim)i;
			return true;
		}
	}
	return false;
}

bool tacit_ear_profile_find(struct tacit_slice profile, enum tacit_ear_names *ret)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PROFILES); i++) {
		if (tacit_slice_eq(profile, tacit_slice_str(PROFILES[i].profile))) {
			*ret = PROFILES[i].names;
			return true;
		}
	}
	return false;
}

const char *tacit_ear_profile(enum tacit_ear_names names)
{
	return PROFILES[names == TACIT_EAR_DRAFT ? 0 : 1].profile;
}

enum tacit_ear_status tacit_ear_tier(int8_t value)
{
	if (value >= -1 && value <= 1)
		return TACIT_EAR_NONE;
	if (value >= -32 && value <= 31)
		return TACIT_EAR_AFFIRMING;
	if (value >= -96 && value <= 95)
		return TACIT_EAR_WARNING;
	return TACIT_EAR_CONTRAINDICATED;
}

static size_t rank(enum tacit_ear_status status)
{
	size_t i = 0;

	while (i + 1 < TACIT_ARRAY_LEN(STATUSES) && STATUSES[i].status != status)
		i++;
	return i;
}

enum tacit_ear_status tacit_ear_worse(enum tacit_ear_status a, enum tacit_ear_status b)
{
	return rank(a) > rank(b) ? a : b;
}

enum tacit_ear_status tacit_ear_overall(const struct tacit_ear *ear)
{
	enum tacit_ear_status worst = TACIT_EAR_AFFIRMING;

	for (size_t i = 0; i < ear->submod_count; i++)
		worst = tacit_ear_worse(worst, ear->submods[i].status);
	return ear->submod_count ? worst : TACIT_EAR_NONE;
}

/*
 * A claim of 0 says nothing, as if it were not there, and takes nothing away; 1 and -1 say that
 * the evidence or the verifier went wrong, which no affirming status may hide.
 */
bool tacit_ear_borne_out(enum tacit_ear_status status, const struct tacit_ear_vector *vector)
{
	enum tacit_ear_status worst = TACIT_EAR_AFFIRMING;

	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
		if (vector->given >> i & 1 && vector->value[i] != 0)
			worst = tacit_ear_worse(worst, tacit_ear_tier(vector->value[i]));
	return rank(status) >= rank(worst);
}

void tacit_ear_set(struct tacit_ear_vector *vector, enum tacit_ear_claim claim, int8_t value)
{
	vector->given |= (uint8_t)(1u << claim);
	vector->value[claim] = value;
}
