/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/attest.h"

#include "base/compiler.h"

struct attester_row {
	enum tacit_tee tee;
	enum tacit_status (*open)(const struct tacit_attest_options *options,
				  struct tacit_attester **ret, struct tacit_error *err);
};

static const struct attester_row ROWS[] = {
	{ TACIT_TEE_STUB, tacit_attest_stub_open },
	{ TACIT_TEE_NITRO, tacit_attest_nitro_open },
	{ TACIT_TEE_TDX, tacit_attest_tdx_open },
	{ TACIT_TEE_SNP, tacit_attest_snp_open },
};

/* What the machine shows; one that turns out to be another's makes way. Never the stub. */
static enum tacit_status open_any(const struct tacit_attest_options *options,
				  struct tacit_attester **ret, struct tacit_error *err)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct tacit_error why = { 0 };

		if (!tacit_tee_is_real(ROWS[i].tee) || !tacit_attest_probe(ROWS[i].tee, ""))
			continue;
		enum tacit_status st = ROWS[i].open(options, ret, &why);
		if (st == TACIT_UNSUPPORTED)
			continue;
		if (st != TACIT_OK && err)
			*err = why;
		return st;
	}
	return tacit_attest_probe_refuse(TACIT_TEE_NONE, "", err);
}

enum tacit_status tacit_attester_open(enum tacit_tee tee,
				      const struct tacit_attest_options *options,
				      struct tacit_attester **ret, struct tacit_error *err)
{
	if (tee == TACIT_TEE_NONE)
		return open_any(options, ret, err);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++)
		if (ROWS[i].tee == tee && (!tacit_tee_is_real(tee) || tacit_attest_probe(tee, "")))
			return ROWS[i].open(options, ret, err);
	return tacit_attest_probe_refuse(tee, "", err);
}

enum tacit_tee tacit_attester_tee(const struct tacit_attester *attester)
{
	return attester->ops->tee;
}

enum tacit_status tacit_attester_attest(struct tacit_attester *attester,
					const struct tacit_attest_request *request,
					struct tacit_mut room, struct tacit_slice *ret,
					struct tacit_error *err)
{
	return attester->ops->attest(attester, request, room, ret, err);
}

void tacit_attester_close(struct tacit_attester *attester)
{
	if (attester)
		attester->ops->close(attester);
}
