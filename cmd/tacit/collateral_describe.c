/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral_describe.h"

#include "fields.h"
#include "tee/dcap/collateral_choose.h"
#include "tee/dcap/pck.h"
#include "tee/snp/snp_vek.h"
#include "trust/roots.h"
#include "trust/x509_parts.h"

/* Its period, and where `now` lies. */
static void put_dates(json_t *o, int64_t from, int64_t until, int64_t now)
{
	static const char *const AGES[] = {
		[TACIT_DCAP_CURRENT] = "current",
		[TACIT_DCAP_STALE] = "expired",
		[TACIT_DCAP_FUTURE] = "not valid yet",
	};

	cli_put_time(o, "issued", from);
	cli_put_time(o, "until", until);
	cli_put_text(o, "state", AGES[tacit_dcap_age(now, from, until)]);
}

static json_t *start(json_t *list, const char *kind)
{
	json_t *o = json_object();

	cli_put_text(o, "kind", kind);
	return json_array_append_new(list, o) == 0 ? o : NULL;
}

/* ---- Intel ---------------------------------------------------------------------------------- */

static void put_doc(json_t *o, const struct tacit_intel_signed *doc, int64_t now)
{
	json_object_set_new(o, "evaluation_number", json_integer(doc->evaluation_number));
	put_dates(o, doc->issue_date, doc->next_update, now);
}

static void put_tcb_info(json_t *list, const struct tacit_tcb_info *info, int64_t now)
{
	json_t *o = start(list, "tcb-info");

	cli_put_text(o, "platform", info->tdx ? "tdx" : "sgx");
	cli_put_hex(o, "fmspc", TACIT_SLICE_ARRAY(info->fmspc));
	cli_put_hex(o, "pceid", TACIT_SLICE_ARRAY(info->pceid));
	put_doc(o, &info->doc, now);
}

static void put_qe_identity(json_t *list, const struct tacit_qe_identity *qe, int64_t now)
{
	json_t *o = start(list, "qe-identity");

	cli_put_text(o, "platform",
		     qe->id == TACIT_QE_TDX   ? "tdx"
		     : qe->id == TACIT_QE_SGX ? "sgx"
					      : "another enclave");
	put_doc(o, &qe->doc, now);
}

/* ---- certificates and lists ----------------------------------------------------------------- */

static void put_crl(json_t *list, const struct tacit_crl *crl, int64_t now)
{
	json_t *o = start(list, "revocation-list");
	struct tacit_der d = tacit_der_of(crl->issuer);
	struct tacit_slice cn = { NULL, 0 };

	(void)tacit_name_take(&d, &cn);
	cli_put_shown(o, "issuer", cn);
	cli_put_hex(o, "number", crl->number);
	json_object_set_new(o, "revoked", json_integer((json_int_t)crl->revoked_count));
	put_dates(o, crl->this_update, crl->next_update, now);
}

static void put_tcb(json_t *o, const struct tacit_snp_vek *vek, bool has_fmc)
{
	struct tacit_snp_tcb tcb;
	json_t *parts = json_object();

	if (tacit_snp_vek_tcb(vek, has_fmc, &tcb, NULL) == TACIT_OK) {
		if (has_fmc)
			json_object_set_new(parts, "fmc", json_integer(tcb.fmc));
		json_object_set_new(parts, "bootloader", json_integer(tcb.bootloader));
		json_object_set_new(parts, "tee", json_integer(tcb.tee));
		json_object_set_new(parts, "snp", json_integer(tcb.snp));
		json_object_set_new(parts, "microcode", json_integer(tcb.microcode));
	}
	json_object_set_new(o, "tcb", parts);
}

static void put_vek(json_t *o, const struct tacit_cert *cert)
{
	enum tacit_snp_key key;
	struct tacit_snp_vek vek;

	if (!tacit_snp_vek_kind(cert, &key))
		return;
	const struct tacit_snp_product_row *product =
		tacit_snp_product_row(tacit_snp_vek_product(cert, key));
	tacit_snp_vek_read(cert, &vek);
	cli_put_text(o, "product", product->name);
	if (key == TACIT_SNP_VCEK)
		cli_put_hex(o, "chip_id", tacit_snp_vek_hwid(&vek, product->chip_len));
	put_tcb(o, &vek, product->has_fmc);
}

static void put_cert(json_t *list, const struct tacit_cert *cert, const struct tacit_context *cx)
{
	json_t *o = start(list, "certificate");
	enum tacit_root root = tacit_root_find(cert, cx);
	struct tacit_dcap_pck pck;

	cli_put_shown(o, "subject", cert->subject_cn);
	cli_put_shown(o, "issuer", cert->issuer_cn);
	if (root != TACIT_ROOT_NONE)
		cli_put_text(o, "root", tacit_root_name(root));
	put_vek(o, cert);
	if (tacit_dcap_pck_parse(cert, &pck, NULL) == TACIT_OK)
		cli_put_hex(o, "fmspc", pck.fmspc);
	put_dates(o, cert->not_before, cert->not_after, cx->now);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void put_rest(json_t *list, const struct tacit_collateral *all)
{
	for (size_t i = 0; i < all->event_log_count; i++) {
		json_t *o = start(list, "event-log");

		json_object_set_new(o, "bytes", json_integer((json_int_t)all->event_logs[i].len));
	}
	for (size_t i = 0; i < all->quote_count; i++) {
		json_t *o = start(list, "td-quote");

		json_object_set_new(o, "bytes", json_integer((json_int_t)all->quotes[i].len));
	}
	if (all->tpm.message.ptr || all->tpm.signature.ptr || all->tpm.pcr_count) {
		json_t *o = start(list, "tpm-quote");

		json_object_set_new(o, "pcrs", json_integer((json_int_t)all->tpm.pcr_count));
	}
}

json_t *cli_collateral_describe(struct tacit_slice bytes, struct tacit_arena *arena,
				const struct tacit_context *cx)
{
	const struct tacit_collateral *all;
	struct tacit_error err = { 0 };
	json_t *list = json_array();

	if (tacit_collateral_parse(&bytes, 1, arena, &all, &err) != TACIT_OK) {
		cli_put_text(start(list, "unknown"), "why", err.detail); /* escaped already */
		return list;
	}
	for (size_t i = 0; i < all->tcb_info_count; i++)
		put_tcb_info(list, &all->tcb_infos[i], cx->now);
	for (size_t i = 0; i < all->qe_identity_count; i++)
		put_qe_identity(list, &all->qe_identities[i], cx->now);
	for (size_t i = 0; i < all->crl_count; i++)
		put_crl(list, &all->crls[i], cx->now);
	for (size_t i = 0; i < all->cert_count; i++)
		put_cert(list, &all->certs[i], cx);
	put_rest(list, all);
	return list;
}
