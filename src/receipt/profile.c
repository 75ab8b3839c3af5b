/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/profile.h"

#include "base/compiler.h"

/* [AIR-02 measurements] */
static const struct tacit_profile AIR_V1 = {
	.uri = TACIT_RECEIPT_PROFILE,
	.keys = { "pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr8" },
	.required = 3,
};

/* docs/receipts.md */
static const struct tacit_profile AIR_SNP_V1 = {
	.uri = TACIT_RECEIPT_PROFILE_SNP,
	.keys = { "measurement" },
	.required = 1,
};

static const struct tacit_profile *const PROFILES[] = { &AIR_V1, &AIR_SNP_V1 };

struct type_row {
	const char *name;
	const struct tacit_profile *profile;
	size_t slots; /* how many of the profile's, from the first on, it may fill */
};

static const struct type_row TYPES[] = {
	[TACIT_MTYPE_NITRO] = { "nitro-pcr", &AIR_V1, 6 },
	[TACIT_MTYPE_TDX] = { "tdx-mrtd-rtmr", &AIR_V1, 5 },
	[TACIT_MTYPE_SNP] = { "snp-launch-digest", &AIR_SNP_V1, 1 },
};

static const struct tacit_profile_platform PLATFORMS[] = {
	{ TACIT_TEE_NITRO, TACIT_MTYPE_NITRO, { "pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr8" } },
	{ TACIT_TEE_STUB, TACIT_MTYPE_NITRO, { "pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr8" } },
	{ TACIT_TEE_TDX, TACIT_MTYPE_TDX, { "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3" } },
	{ TACIT_TEE_SNP, TACIT_MTYPE_SNP, { "measurement" } },
	/* Of the paravisor; the guest is in the PCRs of the document that the receipt names. */
	{ TACIT_TEE_AZURE_TDX, TACIT_MTYPE_TDX, { "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3" } },
	{ TACIT_TEE_AZURE_SNP, TACIT_MTYPE_SNP, { "measurement" } },
};

const struct tacit_profile *tacit_profile_find(struct tacit_slice uri)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PROFILES); i++) {
		if (tacit_slice_eq(tacit_slice_str(PROFILES[i]->uri), uri))
			return PROFILES[i];
	}
	return NULL;
}

const struct tacit_profile *tacit_profile_of(enum tacit_mtype mtype)
{
	return (size_t)mtype < TACIT_ARRAY_LEN(TYPES) ? TYPES[mtype].profile : &AIR_V1;
}

const char *tacit_profile_key(const struct tacit_profile *profile, size_t slot)
{
	return slot < TACIT_RECEIPT_SLOTS ? profile->keys[slot] : NULL;
}

const char *tacit_profile_type_name(enum tacit_mtype mtype)
{
	return (size_t)mtype < TACIT_ARRAY_LEN(TYPES) ? TYPES[mtype].name : "none";
}

bool tacit_profile_type_find(const struct tacit_profile *profile, struct tacit_slice name,
			     enum tacit_mtype *ret)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(TYPES); i++) {
		if ((profile && TYPES[i].profile != profile) ||
		    !tacit_slice_eq(tacit_slice_str(TYPES[i].name), name))
			continue;
		*ret = (enum tacit_mtype)i;
		return true;
	}
	return false;
}

bool tacit_profile_type_has(enum tacit_mtype mtype, size_t slot)
{
	return (size_t)mtype < TACIT_ARRAY_LEN(TYPES) && slot < TYPES[mtype].slots;
}

const struct tacit_profile_platform *tacit_profile_platform(enum tacit_tee tee)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PLATFORMS); i++) {
		if (PLATFORMS[i].tee == tee)
			return &PLATFORMS[i];
	}
	return NULL;
}
