/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl.h"

#include "trust/x509_parts.h"

#define WHERE     "crl"

#define VERSION_2 1

#define CE_NUMBER 0x14
#define CE_AKI    0x23

/* Neither extensions of an entry nor an unknown one of the list may be critical. */
static void take_entry_extensions(struct tacit_der *entry)
{
	struct tacit_der list = tacit_der_enter(entry, TACIT_DER_SEQUENCE);
	struct tacit_extension_ids ids = { 0 };

	do {
		struct tacit_extension extension;

		tacit_extension_take(&list, &extension);
		if (tacit_extension_note(&ids, &list, extension.oid) && extension.critical)
			tacit_der_reject(&list, "unknown critical extension");
	} while (tacit_der_more(&list));
	tacit_der_leave(entry, &list);
}

/* One of revokedCertificates [RFC 5280 5.1.2.6]. */
static struct tacit_slice take_entry(struct tacit_der *list)
{
	struct tacit_der entry = tacit_der_enter(list, TACIT_DER_SEQUENCE);
	struct tacit_slice serial = tacit_serial_take(&entry);

	(void)tacit_der_time(&entry);
	if (tacit_der_more(&entry))
		take_entry_extensions(&entry);
	tacit_der_leave(list, &entry);
	return serial;
}

static void take_entries(struct tacit_der *tbs, struct tacit_crl *crl)
{
	struct tacit_der list = tacit_der_enter(tbs, TACIT_DER_SEQUENCE);

	crl->revoked = list.r.in;
	do {
		(void)take_entry(&list);
		crl->revoked_count++;
	} while (tacit_der_more(&list));
	tacit_der_leave(tbs, &list);
}

static void read_extension(struct tacit_der *list, const struct tacit_extension *extension,
			   struct tacit_crl *crl)
{
	struct tacit_der value = tacit_der_of(extension->value);
	uint8_t id = tacit_extension_ce(extension->oid);

	if (id == CE_AKI)
		crl->aki = tacit_aki_take(&value);
	else if (id == CE_NUMBER)
		crl->number = tacit_serial_take(&value);
	else if (extension->critical)
		/* Delta lists and lists of other issuers mark themselves so. */
		tacit_der_reject(list, "unknown critical extension");
	else
		return;
	if (value.r.bad || tacit_der_more(&value))
		tacit_der_reject(list, value.why ? value.why : "broken extension");
}

static void take_extensions(struct tacit_der *tbs, struct tacit_crl *crl)
{
	struct tacit_extension_ids ids = { 0 };
	struct tacit_der outer = tacit_der_enter(tbs, TACIT_DER_CONTEXT(0));
	struct tacit_der list = tacit_der_enter(&outer, TACIT_DER_SEQUENCE);

	do {
		struct tacit_extension extension;

		tacit_extension_take(&list, &extension);
		if (tacit_extension_note(&ids, &list, extension.oid))
			read_extension(&list, &extension, crl);
	} while (tacit_der_more(&list));
	tacit_der_leave(&outer, &list);
	tacit_der_leave(tbs, &outer);
}

/* TBSCertList [RFC 5280 5.1]; gives the algorithm's bytes. */
static struct tacit_slice take_tbs(struct tacit_der *d, struct tacit_crl *crl)
{
	struct tacit_der tbs = tacit_der_enter(d, TACIT_DER_SEQUENCE);

	if (tacit_der_uint(&tbs, VERSION_2) != VERSION_2)
		tacit_der_reject(&tbs, "not a revocation list of version 2");
	struct tacit_slice alg = tacit_der_element(&tbs);
	crl->issuer = tacit_name_take(&tbs, NULL);
	crl->this_update = tacit_der_time(&tbs);
	crl->next_update = tacit_der_time(&tbs);
	if (tacit_der_peek(&tbs) == TACIT_DER_SEQUENCE)
		take_entries(&tbs, crl);
	/* Number and AKI must be there, so the field must be [RFC 5280 5.2]. */
	take_extensions(&tbs, crl);
	tacit_der_leave(d, &tbs);
	return alg;
}

enum tacit_status tacit_crl_parse(struct tacit_slice der, const char *where, struct tacit_crl *ret,
				  struct tacit_error *err)
{
	struct tacit_crl crl = { .der = der };
	struct tacit_der d = tacit_der_of(der);
	struct tacit_der whole = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct tacit_der again = whole;
	struct tacit_slice inner = take_tbs(&whole, &crl);

	crl.tbs = tacit_der_element(&again);
	crl.sig_alg = tacit_signed_tail(&whole, inner, &crl.signature);
	tacit_der_leave(&d, &whole);

	enum tacit_status st = tacit_der_finish(&d, where, err);
	if (st == TACIT_OK)
		*ret = crl;
	return st;
}

enum tacit_status tacit_crl_check(const struct tacit_crl *crl, const struct tacit_cert *issuer,
				  struct tacit_cache *cache, struct tacit_error *err)
{
	if (!tacit_slice_eq(crl->issuer, issuer->subject))
		return tacit_fail(err, TACIT_CHAIN, WHERE, 0, "the list is of another issuer");
	if (crl->aki.ptr && issuer->ski.ptr && !tacit_slice_eq(crl->aki, issuer->ski))
		return tacit_fail(err, TACIT_CHAIN, WHERE, 0, "the list names another key");
	if (!issuer->ca || !issuer->has_key_usage || !(issuer->key_usage & TACIT_KU_CRL_SIGN))
		return tacit_fail(err, TACIT_CHAIN, WHERE, 0, "the issuer may not sign lists");
	return tacit_cert_signed(issuer, crl->sig_alg, crl->tbs, crl->signature, cache, err);
}

bool tacit_crl_revokes(const struct tacit_crl *crl, struct tacit_slice serial)
{
	struct tacit_der list = tacit_der_of(crl->revoked);

	while (tacit_der_more(&list)) {
		struct tacit_der entry = tacit_der_enter(&list, TACIT_DER_SEQUENCE);

		if (tacit_slice_eq(tacit_der_integer(&entry), serial))
			return true;
	}
	return false;
}
