/* SPDX-License-Identifier: Apache-2.0 */

/* Quotes with their collateral as files. */

#include <stdio.h>
#include <string.h>

#include "tests/pki/dcap_collateral.h"
#include "tests/pki/dcap_evidence.h"

static bool write_file(const char *dir, const char *name, struct tacit_slice bytes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	if (!f)
		return false;
	bool good = fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
	return fclose(f) == 0 && good;
}

/* Pieces behind their lengths, as the fuzz target takes them. */
static struct tacit_slice join(struct tacit_slice quote, const struct tacit_slice *pieces,
			       size_t count)
{
	struct pki_buf b = { 0 };

	for (size_t i = 0; i <= count; i++) {
		struct tacit_slice piece = i ? pieces[i - 1] : quote;
		uint8_t len[4] = { (uint8_t)piece.len, (uint8_t)(piece.len >> 8),
				   (uint8_t)(piece.len >> 16), 0 };

		pki_raw(&b, TACIT_SLICE_ARRAY(len));
		pki_raw(&b, piece);
	}
	return pki_take(&b);
}

/* ---- what a service may answer instead ------------------------------------------------------ */

static bool write_doc(const char *dir, const char *file, const char *name, struct tacit_slice body,
		      EVP_PKEY *signer)
{
	return write_file(dir, file, dcap_document(name, body, signer));
}

static bool write_other_docs(const char *dir, bool tdx)
{
	struct tacit_slice info = dcap_tcb_info_body(tdx), qe = dcap_qe_identity_body(tdx);
	const char *number = "\"tcbEvaluationDataNumber\":20";

	return write_doc(dir, "tcb_info_fmspc.json", "tcbInfo",
			 dcap_edit(info, DCAP_FMSPC, "90c06f000000"), NULL) &&
	       write_doc(dir, "tcb_info_low.json", "tcbInfo",
			 dcap_edit(info, number, "\"tcbEvaluationDataNumber\":19"), NULL) &&
	       write_doc(dir, "tcb_info_newer.json", "tcbInfo",
			 dcap_period(dcap_edit(info, number, "\"tcbEvaluationDataNumber\":21"),
				     DCAP_NOW - 60, DCAP_EXPIRES),
			 NULL) &&
	       write_doc(dir, "tcb_info_older.json", "tcbInfo",
			 dcap_period(info, DCAP_ISSUED - 1, DCAP_EXPIRES), NULL) &&
	       write_doc(dir, "tcb_info_stale.json", "tcbInfo",
			 dcap_period(info, DCAP_ISSUED, DCAP_NOW - 1), NULL) &&
	       write_doc(dir, "tcb_info_future.json", "tcbInfo",
			 dcap_period(info, DCAP_NOW + 61, DCAP_EXPIRES), NULL) &&
	       write_doc(dir, "tcb_info_forged.json", "tcbInfo", info, pki_key(PKI_P256)) &&
	       write_doc(dir, "tcb_info_tee.json", "tcbInfo", dcap_tcb_info_body(!tdx), NULL) &&
	       write_doc(dir, "qe_identity_stale.json", "enclaveIdentity",
			 dcap_period(qe, DCAP_ISSUED, DCAP_NOW - 1), NULL) &&
	       write_doc(dir, "qe_identity_older.json", "enclaveIdentity",
			 dcap_period(qe, DCAP_ISSUED - 1, DCAP_EXPIRES), NULL) &&
	       write_doc(dir, "qe_identity_tee.json", "enclaveIdentity",
			 dcap_qe_identity_body(!tdx), NULL) &&
	       write_doc(dir, "qe_identity_forged.json", "enclaveIdentity", qe,
			 pki_key(PKI_P256));
}

static bool write_other_crls(const char *dir)
{
	const struct dcap_world *w = dcap_world();
	int64_t from = DCAP_ISSUED, until = DCAP_EXPIRES;

	return write_file(dir, "pck_crl_stale.der",
			  dcap_crl(w->platform_ca, NULL, from, DCAP_NOW - 1)) &&
	       write_file(dir, "pck_crl_future.der",
			  dcap_crl(w->platform_ca, NULL, DCAP_NOW + 61, until)) &&
	       write_file(dir, "pck_crl_older.der",
			  dcap_crl(w->platform_ca, NULL, from - 1, until)) &&
	       write_file(dir, "pck_crl_revokes.der",
			  dcap_crl(w->platform_ca, "0bad", from + 1, until)) &&
	       write_file(dir, "pck_crl_processor.der",
			  dcap_crl(w->processor_ca, NULL, from, until)) &&
	       write_file(dir, "root_crl_stale.der", dcap_crl(w->root, NULL, from, DCAP_NOW - 1)) &&
	       write_file(dir, "root_crl_older.der", dcap_crl(w->root, NULL, from - 1, until));
}

bool dcap_write_files(const char *dir, struct tacit_slice quote, bool tdx)
{
	struct dcap_collateral all = dcap_collateral(tdx);
	struct tacit_slice pieces[DCAP_PIECES];
	size_t count = dcap_pieces(&all, pieces);

	return write_file(dir, "quote.bin", quote) &&
	       write_file(dir, "root.der", dcap_world()->root->der) &&
	       write_file(dir, "tcb_info.json", all.tcb_info) &&
	       write_file(dir, "qe_identity.json", all.qe_identity) &&
	       write_file(dir, "tcb_signer.pem", all.signer) &&
	       write_file(dir, "root_crl.der", all.root_crl) &&
	       write_file(dir, "pck_crl.der", all.pck_crl) &&
	       write_file(dir, "all.bin", join(quote, pieces, count));
}

int mkevidence_tdx(int argc, char **argv)
{
	const char *which = argc > 2 ? argv[2] : "";
	enum tacit_dcap_body type = strcmp(which, "td15") == 0       ? TACIT_DCAP_BODY_TD15
				    : strcmp(which, "extended") == 0 ? TACIT_DCAP_BODY_TD15EXT
								     : TACIT_DCAP_BODY_TD10;
	struct dcap_quote_spec spec = dcap_quote_spec(type == TACIT_DCAP_BODY_TD10 ? 4 : 5, type);
	uint8_t rtmr[3][48];

	if (argc < 2)
		return 2;
	struct tacit_slice log = dcap_event_log(4, rtmr);
	memcpy(spec.body + 328, rtmr, sizeof(rtmr));
	if (strcmp(which, "old") == 0)
		spec.body[2] = 1; /* a component that is out of date */
	if (strcmp(which, "debug") == 0)
		spec.body[120] = 1;
	bool good = dcap_write_files(argv[1], dcap_quote(&spec), true) &&
		    write_file(argv[1], "event_log.bin", log);
	if (strcmp(which, "answers") == 0)
		good = good && write_other_docs(argv[1], true) && write_other_crls(argv[1]);
	pki_done();
	return good ? 0 : 1;
}

int mkevidence_sgx(int argc, char **argv)
{
	const char *which = argc > 2 ? argv[2] : "";
	struct dcap_quote_spec spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);

	if (argc < 2)
		return 2;
	if (strcmp(which, "debug") == 0)
		spec.body[48] |= TACIT_SGX_DEBUG;
	bool good = dcap_write_files(argv[1], dcap_quote(&spec), false);
	if (strcmp(which, "answers") == 0)
		good = good && write_other_docs(argv[1], false) && write_other_crls(argv[1]);
	pki_done();
	return good ? 0 : 1;
}
