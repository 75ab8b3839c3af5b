/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROOFS_DER_ANY_H
#define TESTS_PROOFS_DER_ANY_H

#include "codec/der.h"
#include "tests/proofs/proof.h"

/* A cursor in any state that the functions can leave it in. */
static inline struct tacit_der any_der(struct tacit_slice in)
{
	static const char WHY[] = "why";
	struct tacit_der d = tacit_der_of(in);

	d.r.at = nondet_size();
	ASSUME(d.r.at <= in.len);
	d.r.bad = nondet_bool();
	d.why = d.r.bad ? WHY : NULL;
	return d;
}

/* What is proved of a calendar is only that it is asked for dates that there are. */
int64_t tacit_time_days(int64_t year, unsigned month, unsigned day)
{
	int64_t days = (int64_t)nondet_number();

	PROVE(year >= 1950 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 100);
	ASSUME(days >= -7305 && days <= 2932896);
	return days;
}

#endif
