/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/nitro.h"

#include "base/time.h"
#include "crypto/hash.h"

/*
 * What holds in every document that AWS has signed, and ties payload and certificates together:
 * names, serial number, times and two kinds of registers. Under AWS's root an enclave's document
 * must keep all of it. Elsewhere (a test root, an instance's document) what holds passes, and
 * what does not is left open with a reason; but a chain under a test root that has AWS's five
 * levels is taken at its word and must keep it too.
 */

#define CHAIN_LEVELS 5 /* root, region, zone, instance, module */
#define ID_DIGITS    16
#define LEAF_SUFFIX  ".aws"
#define CA_SUFFIX    ".aws.nitro-enclaves"
#define SKEW         60

static struct tacit_slice cut_front(struct tacit_slice s, size_t n)
{
	return tacit_slice_of(s.ptr + n, s.len - n);
}

/* Takes `prefix` off the front; false, and nothing done, when it is not there. */
static bool take_front(struct tacit_slice *s, struct tacit_slice prefix)
{
	if (s->len < prefix.len || !tacit_slice_eq(tacit_slice_of(s->ptr, prefix.len), prefix))
		return false;
	*s = cut_front(*s, prefix.len);
	return true;
}

static bool take_back(struct tacit_slice *s, struct tacit_slice suffix)
{
	if (s->len < suffix.len || !tacit_slice_eq(cut_front(*s, s->len - suffix.len), suffix))
		return false;
	s->len -= suffix.len;
	return true;
}

/* Lower-case, as AWS writes them; -1 for another character. */
static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t count_digits(struct tacit_slice s)
{
	size_t n = 0;

	while (n < s.len && digit(s.ptr[n]) >= 0)
		n++;
	return n;
}

static uint64_t number_of(struct tacit_slice digits)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits.len; i++)
		value = value << 4 | (uint64_t)digit(digits.ptr[i]);
	return value;
}

/* ---- names --------------------------------------------------------------------------------- */

/* "i-<hex>-enc<16 hex>", or "-tpm" for an instance's document. */
static bool read_module(const struct tacit_nitro_doc *doc, struct tacit_nitro_identity *ret)
{
	struct tacit_slice rest = doc->module_id;

	if (!take_front(&rest, tacit_slice_str("i-")))
		return false;
	size_t digits = count_digits(rest);
	ret->instance_id = tacit_slice_of(doc->module_id.ptr, 2 + digits);
	rest = cut_front(rest, digits);
	if (digits == 0 || !take_front(&rest, tacit_slice_str(doc->tpm ? "-tpm" : "-enc")) ||
	    rest.len != ID_DIGITS || count_digits(rest) != ID_DIGITS)
		return false;
	if (!doc->tpm) {
		ret->enclave_id = rest;
		ret->launched_at_ms = number_of(rest) >> 16;
	}
	return true;
}

/* Region names are of letters, digits and dashes: no dot, which would make them ambiguous. */
static bool is_region(struct tacit_slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return s.len != 0;
}

/* "<module_id>.<region>.aws" */
static bool read_leaf(const struct tacit_nitro_doc *doc, const struct tacit_cert *leaf,
		      struct tacit_slice *ret_region)
{
	struct tacit_slice rest = leaf->subject_cn;

	if (!take_front(&rest, doc->module_id) || !take_front(&rest, tacit_slice_str(".")) ||
	    !take_back(&rest, tacit_slice_str(LEAF_SUFFIX)) || !is_region(rest))
		return false;
	*ret_region = rest;
	return true;
}

/* "<label>.<region>.aws.nitro-enclaves", and "<label>.zonal.<region>..." for the zone's. */
static bool names_region(const struct tacit_cert *ca, struct tacit_slice region,
			 struct tacit_slice *ret_label)
{
	struct tacit_slice rest = ca->subject_cn;

	if (!take_back(&rest, tacit_slice_str(CA_SUFFIX)) || !take_back(&rest, region) ||
	    !take_back(&rest, tacit_slice_str(".")))
		return false;
	*ret_label = rest;
	return rest.len != 0;
}

/* Module, leaf, instance and every authority above speak of the same machine and region. */
static bool read_names(const struct tacit_nitro_doc *doc, const struct tacit_nitro_chain *chain,
		       struct tacit_nitro_identity *ret)
{
	struct tacit_slice label = { NULL, 0 };

	if (!read_module(doc, ret) ||
	    !read_leaf(doc, &chain->certs[chain->count - 1], &ret->region))
		return false;
	for (size_t i = 1; i + 1 < chain->count; i++)
		if (!names_region(&chain->certs[i], ret->region, &label))
			return false;
	return tacit_slice_eq(label, ret->instance_id);
}

/* ---- the rows ------------------------------------------------------------------------------ */

struct invariants {
	const struct tacit_nitro_doc *doc;
	const struct tacit_nitro_chain *chain;
	struct tacit_check_list *list;
	const char *waived; /* why what does not hold may be left open; NULL when it may not */
};

/* Passes what holds; fails what does not, unless it is waived. False when it failed. */
static bool settle(const struct invariants *v, const char *name, bool holds,
		   const struct tacit_check_failure *failure)
{
	if (holds)
		tacit_check_pass(v->list, name, NULL);
	else if (v->waived)
		tacit_check_skip(v->list, name, v->waived);
	else
		tacit_check_fail(v->list, name, failure);
	return holds || v->waived;
}

/* The hypervisor signed while its certificates were valid. */
static bool judge_timestamp(const struct invariants *v)
{
	const struct tacit_nitro_chain *chain = v->chain;
	int64_t seconds = (int64_t)(v->doc->timestamp_ms / 1000);
	char from[TACIT_TIME_TEXT], until[TACIT_TIME_TEXT], got[TACIT_TIME_TEXT];

	if (seconds >= chain->valid_from - SKEW && seconds <= chain->valid_until) {
		tacit_check_pass(v->list, "nitro.timestamp", NULL);
		return true;
	}
	tacit_time_format(chain->valid_from, from);
	tacit_time_format(chain->valid_until, until);
	tacit_time_format(seconds, got);
	struct tacit_check_failure failure = {
		.status = TACIT_EXPIRED,
		.expected = tacit_check_printf(v->list, "%s to %s", from, until),
		.got = tacit_check_printf(v->list, "%s", got),
		.why = "the document says it was made when its certificates were not valid",
	};
	tacit_check_fail(v->list, "nitro.timestamp", &failure);
	return false;
}

static bool judge_names(const struct invariants *v, struct tacit_nitro_identity *ret)
{
	static const struct tacit_nitro_identity NOBODY;
	const struct tacit_cert *leaf = &v->chain->certs[v->chain->count - 1];
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = "one instance and one region at every level",
		.why = "the names in the certificates do not belong to this module_id",
	};

	*ret = NOBODY;
	bool holds = read_names(v->doc, v->chain, ret);
	if (!holds) {
		*ret = NOBODY;
		failure.got = tacit_check_printf(v->list, "module_id %s, certificate for %s",
						 tacit_check_text(v->list, v->doc->module_id),
						 tacit_check_text(v->list, leaf->subject_cn));
	}
	return settle(v, "nitro.names", holds, &failure);
}

/* Leading zero octets of an INTEGER are not there; 16 are asked for. */
static bool split_serial(struct tacit_slice serial, uint64_t *ret_id, uint64_t *ret_issued)
{
	uint64_t words[2] = { 0, 0 };

	if (serial.len > 17 || (serial.len == 17 && serial.ptr[0] != 0))
		return false;
	for (size_t i = 0; i < serial.len; i++) {
		words[0] = words[0] << 8 | words[1] >> 56;
		words[1] = words[1] << 8 | serial.ptr[i];
	}
	*ret_id = words[0];
	*ret_issued = words[1];
	return true;
}

/* The leaf's serial number is the enclave's id, and the second in which it was issued. */
static bool judge_serial(const struct invariants *v, const struct tacit_nitro_identity *identity)
{
	const struct tacit_cert *leaf = &v->chain->certs[v->chain->count - 1];
	uint64_t id = 0, issued = 0;
	bool holds = identity->enclave_id.ptr && split_serial(leaf->serial, &id, &issued) &&
		     id == number_of(identity->enclave_id) && issued <= INT64_MAX &&
		     (int64_t)issued >= leaf->not_before && (int64_t)issued <= leaf->not_after;
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = "the enclave's id, and a time within the certificate's dates",
		.got = holds ? NULL : tacit_check_hex(v->list, leaf->serial),
		.why = "the certificate's serial number is not that of this enclave",
	};

	return settle(v, "nitro.serial", holds, &failure);
}

static bool judge_launch(const struct invariants *v, const struct tacit_nitro_identity *identity)
{
	bool holds = identity->enclave_id.ptr && identity->launched_at_ms <= v->doc->timestamp_ms;
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.why = "the enclave's id says that it was launched after the document was made",
	};

	return settle(v, "nitro.launch", holds, &failure);
}

/* [NITRO-DOC] PCR4 is extended once from zero, with the id's text itself and not its hash. */
static bool judge_pcr4(const struct invariants *v, const struct tacit_nitro_identity *identity)
{
	static const uint8_t ZEROS[TACIT_NITRO_PCR_LEN];
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(ZEROS), identity->instance_id };
	uint8_t want[TACIT_SHA384_LEN] = { 0 };

	if (!v->doc->pcr[4].ptr || v->doc->tpm) {
		tacit_check_skip(v->list, "nitro.pcr.instance",
				 v->doc->tpm ? "PCR4 of an instance measures its boot loader"
					     : "the document has no PCR4");
		return true;
	}
	bool holds = identity->instance_id.ptr &&
		     tacit_hash_parts(TACIT_SHA384, parts, 2, want, NULL) == TACIT_OK &&
		     tacit_slice_eq(v->doc->pcr[4], TACIT_SLICE_ARRAY(want));
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = holds ? NULL : tacit_check_hex(v->list, TACIT_SLICE_ARRAY(want)),
		.got = holds ? NULL : tacit_check_hex(v->list, v->doc->pcr[4]),
		.why = "PCR4 is not the measurement of the instance that module_id names",
	};

	return settle(v, "nitro.pcr.instance", holds, &failure);
}

/* Locked by the hypervisor before the enclave starts, and used for nothing. */
static bool judge_reserved(const struct invariants *v)
{
	static const uint32_t RESERVED = 0xfee0; /* 5 to 7 and 9 to 15 */
	struct tacit_check_failure failure = { .status = TACIT_CHAIN, .expected = "zeros" };
	bool holds = true;

	if (v->doc->tpm) {
		tacit_check_skip(v->list, "nitro.pcr.reserved",
				 "an instance has no reserved registers");
		return true;
	}
	for (size_t i = 0; i < TACIT_NITRO_PCRS && holds; i++) {
		holds = !(RESERVED & (uint32_t)1 << i) || tacit_nitro_is_zero(v->doc->pcr[i]);
		if (!holds)
			failure.why =
				tacit_check_printf(v->list, "PCR%zu is reserved and not zero", i);
	}
	return settle(v, "nitro.pcr.reserved", holds, &failure);
}

static const char *waiver(const struct tacit_nitro_doc *doc, const struct tacit_nitro_chain *chain)
{
	if (doc->tpm)
		return "not known to hold for documents of NitroTPM";
	if (chain->root == TACIT_ROOT_TEST && chain->count != CHAIN_LEVELS)
		return "a chain under a test root that is not like AWS's";
	return NULL;
}

bool tacit_nitro_invariants_judge(const struct tacit_nitro_doc *doc,
				  const struct tacit_nitro_chain *chain,
				  struct tacit_check_list *list, struct tacit_nitro_identity *ret)
{
	struct invariants v = { doc, chain, list, waiver(doc, chain) };

	return judge_timestamp(&v) && judge_names(&v, ret) && judge_serial(&v, ret) &&
	       judge_launch(&v, ret) && judge_pcr4(&v, ret) && judge_reserved(&v);
}
