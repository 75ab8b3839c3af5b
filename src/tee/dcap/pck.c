/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/pck.h"

#include "codec/der.h"

#define WHERE "pck.extension"

/* 1.2.840.113741.1.13.1, under which everything in the extension is named. */
static const uint8_t SGX[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

enum member {
	PPID = 1,
	TCB = 2,
	PCEID = 3,
	FMSPC = 4,
	SGX_TYPE = 5,
	INSTANCE_ID = 6,
	CONFIGURATION = 7,
};

/* What an OID adds to `head`: 0 unless that is one number, which Intel keeps below 128. */
static unsigned below(struct tacit_slice oid, const uint8_t *head, size_t len)
{
	if (oid.len != len + 1 || memcmp(oid.ptr, head, len) != 0 || oid.ptr[len] >= 0x80)
		return 0;
	return oid.ptr[len];
}

static struct tacit_slice take_octets(struct tacit_der *d, size_t len)
{
	struct tacit_slice octets = tacit_der_take(d, TACIT_DER_OCTETS);

	if (octets.len != len)
		tacit_der_reject(d, "an octet string of another length");
	return octets;
}

/* The next SEQUENCE { OID, value }: what the OID adds to `head`; the value is next in `ret`. */
static unsigned enter_member(struct tacit_der *d, const uint8_t *head, size_t len,
			     struct tacit_der *ret)
{
	*ret = tacit_der_enter(d, TACIT_DER_SEQUENCE);
	return below(tacit_der_oid(ret), head, len);
}

/* Marks the n-th member as seen; false when it was before, or there is no such. */
static bool mark(unsigned *seen, unsigned n, unsigned max)
{
	unsigned bit = n <= max ? 1u << n : 0;
	bool fresh = n > 0 && bit && !(*seen & bit);

	*seen |= bit;
	return fresh;
}

/* .2.1 to .2.16 are the components, .2.17 the PCE's SVN, .2.18 the components as octets. */
static void read_tcb(struct tacit_der *d, struct tacit_dcap_pck *pck)
{
	static const uint8_t HEAD[] = {
		0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x02
	};
	struct tacit_der list = tacit_der_enter(d, TACIT_DER_SEQUENCE);
	unsigned seen = 0;

	while (tacit_der_more(&list)) {
		struct tacit_der m;
		unsigned n = enter_member(&list, HEAD, sizeof(HEAD), &m);

		if (!mark(&seen, n, 18))
			tacit_der_reject(&m, "an unknown TCB member, or one twice");
		else if (n <= 16)
			pck->components[n - 1] = (uint8_t)tacit_der_uint(&m, UINT8_MAX);
		else if (n == 17)
			pck->pcesvn = (uint16_t)tacit_der_uint(&m, UINT16_MAX);
		else
			pck->cpusvn = take_octets(&m, 16);
		tacit_der_leave(&list, &m);
	}
	if (seen != 0x7fffe)
		tacit_der_reject(&list, "a TCB member is missing");
	/*
	 * One fact told twice. Intel's verifier takes the components, others the octets: a
	 * certificate in which they differ would mean two things.
	 */
	if (pck->cpusvn.len == 16 && memcmp(pck->cpusvn.ptr, pck->components, 16) != 0)
		tacit_der_reject(&list, "CPUSVN and its components differ");
	tacit_der_leave(d, &list);
}

static void read_configuration(struct tacit_der *d, struct tacit_dcap_pck *pck)
{
	static const uint8_t HEAD[] = {
		0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x07
	};
	bool *const FLAGS[] = { &pck->dynamic_platform, &pck->cached_keys, &pck->smt_enabled };
	struct tacit_der list = tacit_der_enter(d, TACIT_DER_SEQUENCE);
	unsigned seen = 0;

	while (tacit_der_more(&list)) {
		struct tacit_der m;
		unsigned n = enter_member(&list, HEAD, sizeof(HEAD), &m);

		if (mark(&seen, n, 3))
			*FLAGS[n - 1] = tacit_der_bool(&m);
		else
			tacit_der_reject(&m, "an unknown configuration member, or one twice");
		tacit_der_leave(&list, &m);
	}
	tacit_der_leave(d, &list);
}

static void read_member(struct tacit_der *d, unsigned n, struct tacit_dcap_pck *pck)
{
	switch ((enum member)n) {
	case PPID:
		pck->ppid = take_octets(d, 16);
		break;
	case TCB:
		read_tcb(d, pck);
		break;
	case PCEID:
		pck->pceid = take_octets(d, 2);
		break;
	case FMSPC:
		pck->fmspc = take_octets(d, 6);
		break;
	case SGX_TYPE:
		pck->sgx_type =
			(enum tacit_dcap_sgx_type)tacit_der_enum(d, TACIT_SGX_SCALABLE_INTEGRITY);
		break;
	case INSTANCE_ID:
		pck->instance_id = take_octets(d, 16);
		break;
	case CONFIGURATION:
		read_configuration(d, pck);
		break;
	}
}

static void read_extension(struct tacit_der *d, struct tacit_dcap_pck *pck)
{
	struct tacit_der list = tacit_der_enter(d, TACIT_DER_SEQUENCE);
	unsigned seen = 0;

	while (tacit_der_more(&list)) {
		struct tacit_der m;
		unsigned n = enter_member(&list, SGX, sizeof(SGX), &m);

		if (mark(&seen, n, CONFIGURATION))
			read_member(&m, n, pck);
		else
			tacit_der_reject(&m, "an unknown member, or one twice");
		tacit_der_leave(&list, &m);
	}
	/* Members 1 to 5 under the Processor CA, 1 to 7 under the Platform CA. */
	pck->platform_ca = seen == 0xfe;
	if (seen != 0x3e && seen != 0xfe)
		tacit_der_reject(&list, "a member is missing");
	tacit_der_leave(d, &list);
}

enum tacit_status tacit_dcap_pck_parse(const struct tacit_cert *cert, struct tacit_dcap_pck *ret,
				       struct tacit_error *err)
{
	struct tacit_slice value = tacit_cert_extension(cert, TACIT_SLICE_ARRAY(SGX));
	struct tacit_dcap_pck pck = { .serial = cert->serial };

	if (!value.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no SGX extension");
	struct tacit_der d = tacit_der_of(value);
	read_extension(&d, &pck);
	enum tacit_status st = tacit_der_finish(&d, WHERE, err);
	if (st == TACIT_OK)
		*ret = pck;
	return st;
}
