/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_PROFILE_H
#define TACIT_RECEIPT_PROFILE_H

/*
 * The profiles of receipts (eat_profile): AIR v1, and ours for SEV-SNP (docs/receipts.md). They
 * differ in their closed sets of measurements and in nothing else, so that the tables of
 * profile.c are all that a further one would need.
 */

#include "tacit/receipt.h"

struct tacit_profile {
	const char *uri;
	/* The measurements' keys in the order of their encoding; NULL where there are no more. */
	const char *keys[TACIT_RECEIPT_SLOTS];
	size_t required; /* how many of them, from the first on, must be there */
};

/* The profile of that eat_profile; NULL for none of ours. */
const struct tacit_profile *tacit_profile_find(struct tacit_slice uri);

/* The profile that a type of measurements belongs to; AIR v1 for what is none. */
const struct tacit_profile *tacit_profile_of(enum tacit_mtype mtype);

/* The key of a slot in the profile; NULL where it has none. */
const char *tacit_profile_key(const struct tacit_profile *profile, size_t slot);

/* "nitro-pcr", "tdx-mrtd-rtmr" or "snp-launch-digest"; "none" for what is no type. */
const char *tacit_profile_type_name(enum tacit_mtype mtype);

/* The type of that name, in this profile or, with NULL, in any. */
bool tacit_profile_type_find(const struct tacit_profile *profile, struct tacit_slice name,
			     enum tacit_mtype *ret);

/* Whether measurements of that type may fill the slot. */
bool tacit_profile_type_has(enum tacit_mtype mtype, size_t slot);

/* Which register of a platform goes to which slot. */
struct tacit_profile_platform {
	enum tacit_tee tee;
	enum tacit_mtype mtype;
	const char *registers[TACIT_RECEIPT_SLOTS]; /* by the names that evidence gives them */
};

/* The platform's row; NULL where no profile has room for what it measures. */
const struct tacit_profile_platform *tacit_profile_platform(enum tacit_tee tee);

#endif
