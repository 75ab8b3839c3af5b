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
	{ TACIT_TEE_AZURE_SNP, tacit_attest_azure_snp_open },
	{ TACIT_TEE_AZURE_TDX, tacit_attest_azure_tdx_open },
};

static bool is_azure(enum tacit_tee tee)
{
	return tee == TACIT_TEE_AZURE_SNP || tee == TACIT_TEE_AZURE_TDX;
}

/* A TPM that was named is there; one that was not means nothing by itself. */
static bool may_be(enum tacit_tee tee, const struct tacit_attest_options *options, bool named)
{
	if (is_azure(tee) && options->tpm)
		return true;
	return tacit_attest_probe(tee, "") &&
	       (named || !is_azure(tee) || tacit_attest_probe_azure(""));
}

/* What the machine shows; one that turns out to be another's makes way. Never the stub. */
static enum tacit_status open_any(const struct tacit_attest_options *options,
				  struct tacit_attester **ret, struct tacit_error *err)
{
	struct tacit_error why = { 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		if (!tacit_tee_is_real(ROWS[i].tee) || !may_be(ROWS[i].tee, options, false))
			continue;
		tacit_error_clear(&why);
		enum tacit_status st = ROWS[i].open(options, ret, &why);
		if (st == TACIT_OK)
			return st;
		if (st != TACIT_UNSUPPORTED)
			break;
	}
	if (why.status == TACIT_OK)
		return tacit_attest_probe_refuse(TACIT_TEE_NONE, "", err);
	return tacit_fail(err, why.status, why.where, why.offset, "%s", why.detail);
}

enum tacit_status tacit_attester_open(enum tacit_tee tee,
				      const struct tacit_attest_options *options,
				      struct tacit_attester **ret, struct tacit_error *err)
{
	if (tee == TACIT_TEE_NONE)
		return open_any(options, ret, err);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++)
		if (ROWS[i].tee == tee && (!tacit_tee_is_real(tee) || may_be(tee, options, true)))
			return ROWS[i].open(options, ret, err);
	return tacit_attest_probe_refuse(tee, "", err);
}

enum tacit_tee tacit_attester_tee(const struct tacit_attester *attester)
{
	return attester->ops->tee;
}

const char *tacit_attester_began(const struct tacit_attester *attester)
{
	return attester->began[0] ? attester->began : NULL;
}

const char *tacit_attester_found(const struct tacit_attester *attester)
{
	const char *path = tacit_attest_probe(attester->ops->tee, "");

	if (attester->found[0])
		return attester->found;
	return path ? path : "it was asked for";
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
