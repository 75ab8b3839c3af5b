/* SPDX-License-Identifier: Apache-2.0 */

/* The fields of each platform's evidence, as inspect shows them. Nothing here is verified. */

#include <inttypes.h>
#include <stdio.h>

#include "fields.h"
#include "inspect.h"
#include "tee/azure/azure.h"
#include "tee/dcap/body.h"
#include "tee/nitro/nitro.h"
#include "tee/snp/snp.h"

static void put_number(json_t *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	cli_put_text(object, name, text);
}

static void put_bits(json_t *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	cli_put_text(object, name, text);
}

static json_t *nitro(struct tacit_slice raw)
{
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;

	if (tacit_nitro_envelope(raw, &envelope, NULL) != TACIT_OK ||
	    tacit_nitro_payload(envelope.payload, &doc, NULL) != TACIT_OK)
		return NULL;
	json_t *object = json_object(), *pcrs = json_object();
	cli_put_shown(object, "module_id", doc.module_id);
	cli_put_time(object, "timestamp", (int64_t)(doc.timestamp_ms / 1000));
	for (unsigned i = 0; i < TACIT_NITRO_PCRS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "pcr%u", i);
		if (doc.pcr[i].ptr)
			cli_put_hex(pcrs, name, doc.pcr[i]);
	}
	json_object_set_new(object, "measurements", pcrs);
	cli_put_hex(object, "nonce", doc.nonce);
	cli_put_hex(object, "user_data", doc.user_data);
	cli_put_hex(object, "public_key", doc.public_key);
	put_number(object, "certificates", doc.cabundle_count + 1);
	return object;
}

static void put_td(json_t *object, const struct tacit_dcap_td_report *td)
{
	json_t *values = json_object();

	cli_put_hex(values, "mrtd", td->mrtd);
	for (unsigned i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "rtmr%u", i);
		cli_put_hex(values, name, td->rtmr[i]);
	}
	cli_put_hex(values, "mrconfigid", td->mrconfigid);
	cli_put_hex(values, "mrowner", td->mrowner);
	cli_put_hex(values, "mrownerconfig", td->mrownerconfig);
	cli_put_hex(values, "mrseam", td->mrseam);
	cli_put_hex(values, "mrsignerseam", td->mrsignerseam);
	json_object_set_new(object, "measurements", values);
	put_bits(object, "td_attributes", td->td_attributes);
	cli_put_hex(object, "xfam", td->xfam);
	cli_put_hex(object, "tee_tcb_svn", td->tee_tcb_svn);
	cli_put_hex(object, "report_data", td->report_data);
}

static void put_sgx(json_t *object, const struct tacit_dcap_sgx_report *sgx)
{
	json_t *values = json_object();

	cli_put_hex(values, "mrenclave", sgx->mrenclave);
	cli_put_hex(values, "mrsigner", sgx->mrsigner);
	json_object_set_new(object, "measurements", values);
	put_number(object, "isv_prod_id", sgx->prod_id);
	put_number(object, "isv_svn", sgx->svn);
	put_bits(object, "attributes", sgx->flags);
	cli_put_hex(object, "cpusvn", sgx->cpusvn);
	cli_put_hex(object, "report_data", sgx->report_data);
}

static json_t *quote(struct tacit_slice raw)
{
	struct tacit_dcap_quote q;
	struct tacit_dcap_td_report td;
	struct tacit_dcap_sgx_report sgx;

	if (tacit_dcap_quote_parse(raw, &q, NULL) != TACIT_OK)
		return NULL;
	bool is_sgx = q.tee == TACIT_TEE_SGX;
	if (is_sgx ? tacit_dcap_sgx_parse(q.body, &sgx, NULL) != TACIT_OK
		   : tacit_dcap_td_parse(q.body, q.body_type, &td, NULL) != TACIT_OK)
		return NULL;
	json_t *object = json_object();
	put_number(object, "version", q.version);
	put_number(object, "certification_data_type", q.cert_type);
	if (is_sgx)
		put_sgx(object, &sgx);
	else
		put_td(object, &td);
	return object;
}

static json_t *snp(struct tacit_slice raw)
{
	struct tacit_snp_report r;

	if (raw.len < TACIT_SNP_REPORT_LEN ||
	    tacit_snp_report_parse(tacit_slice_of(raw.ptr, TACIT_SNP_REPORT_LEN), &r, NULL) !=
		    TACIT_OK)
		return NULL;
	json_t *object = json_object(), *values = json_object();
	put_number(object, "version", r.version);
	cli_put_text(object, "product", tacit_snp_product_row(tacit_snp_product_guess(&r))->name);
	cli_put_hex(values, "measurement", r.measurement);
	json_object_set_new(object, "measurements", values);
	put_bits(object, "policy", r.policy);
	put_number(object, "guest_svn", r.guest_svn);
	put_number(object, "vmpl", r.vmpl);
	cli_put_hex(object, "report_data", r.report_data);
	cli_put_hex(object, "host_data", r.host_data);
	cli_put_hex(object, "id_key_digest", r.id_key_digest);
	cli_put_hex(object, "author_key_digest", r.author_key_digest);
	cli_put_hex(object, "reported_tcb", r.reported_tcb);
	cli_put_hex(object, "chip_id", r.chip_id);
	return object;
}

static json_t *azure(struct tacit_slice raw, struct tacit_arena *arena)
{
	struct tacit_hcl hcl;
	struct tacit_hcl_data data;

	if (tacit_hcl_parse(raw, &hcl, NULL) != TACIT_OK)
		return NULL;
	json_t *object = hcl.kind == TACIT_HCL_SNP ? snp(hcl.area) : json_object();
	if (!object || tacit_hcl_data_parse(hcl.data, arena, &data, NULL) != TACIT_OK)
		return object;
	cli_put_shown(object, "vm_id", data.vm_id);
	cli_put_hex(object, "vtpm_user_data", data.user_data);
	cli_put_hex(object, "vtpm_ak_modulus", data.ak_modulus);
	return object;
}

json_t *cli_inspect_evidence(const struct tacit_evidence *ev, struct tacit_arena *arena)
{
	switch (ev->tee) {
	case TACIT_TEE_NITRO:
	case TACIT_TEE_NITROTPM:
		return nitro(ev->raw);
	case TACIT_TEE_TDX:
	case TACIT_TEE_SGX:
		return quote(ev->raw);
	case TACIT_TEE_SNP:
		return snp(ev->raw);
	case TACIT_TEE_AZURE_SNP:
	case TACIT_TEE_AZURE_TDX:
		return azure(ev->raw, arena);
	case TACIT_TEE_NONE:
	case TACIT_TEE_NVIDIA:
	case TACIT_TEE_GCP_TOKEN:
	case TACIT_TEE_STUB:
		break;
	}
	return NULL;
}
