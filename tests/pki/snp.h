/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_SNP_H
#define TESTS_PKI_SNP_H

/*
 * SEV-SNP reports under a root of our own, with the names, extensions and layouts that AMD's
 * have. snp_init() prepares everything as it should be; a test changes what it likes and then
 * calls snp_make(). What comes back lives until pki_done().
 */

#include "tests/pki/pki.h"

#define SNP_NOW        1795248000 /* 2026-11-21T08:00:00Z */
#define SNP_REPORT_LEN 1184
#define SNP_EXTS       16

enum snp_make_product {
	SNP_MAKE_MILAN,
	SNP_MAKE_GENOA,
	SNP_MAKE_TURIN,
};

struct snp_evidence {
	enum snp_make_product product;
	bool vlek;
	uint8_t report[SNP_REPORT_LEN];
	struct pki_spec ark_spec, ica_spec, vek_spec; /* issuers are filled in by snp_make() */
	struct pki_ext exts[SNP_EXTS];                /* of the VEK */
	size_t ext_count;
	EVP_PKEY *signer; /* of the report, instead of the VEK's key */

	/* Made by snp_make(). */
	struct pki_cert *ark, *ica, *vek;
};

/* Version 2 to 5. */
void snp_init(struct snp_evidence *s, enum snp_make_product product, uint32_t version, bool vlek);

/* Certificates and the report's signature. */
void snp_make(struct snp_evidence *s);

/* The report's signature alone, by the key of the VEK or `signer`. */
void snp_sign(struct snp_evidence *s);

/* Fields of the report, little-endian. */
void snp_put(struct snp_evidence *s, size_t at, uint64_t value, size_t len);

/* The extension 1.3.6.1.4.1.3704.1.<suffix>; NULL when there is none. And one less of them. */
struct pki_ext *snp_ext(struct snp_evidence *s, const char *suffix);
void snp_drop_ext(struct snp_evidence *s, const char *suffix);
void snp_add_ext(struct snp_evidence *s, const char *suffix, struct tacit_slice value);
/* A DER INTEGER. */
struct tacit_slice snp_integer(uint64_t value);

/* ---- certificate tables -------------------------------------------------------------------- */

enum snp_entry_kind {
	SNP_ENTRY_VCEK,
	SNP_ENTRY_VLEK,
	SNP_ENTRY_ASK,
	SNP_ENTRY_ARK,
	SNP_ENTRY_CRL,
	SNP_ENTRY_OTHER, /* some vendor's */
};

struct snp_entry {
	enum snp_entry_kind kind;
	struct tacit_slice content;
	bool efi;    /* GUID as EFI writes it */
	bool placed; /* offset and length as given, whatever they mean */
	uint32_t offset, length;
};

/* Contents one after the other behind the head; `pad` zeros at the end. */
struct tacit_slice snp_table(const struct snp_entry *entries, size_t count, size_t pad);

/* The table that a host gives: VEK, ASK or ASVK, ARK. */
struct tacit_slice snp_usual_table(const struct snp_evidence *s);

/* Report and table in one block. */
struct tacit_slice snp_evidence(const struct snp_evidence *s, struct tacit_slice table);

/* Writes evidence and root as files: mkevidence snp DIR. */
int mkevidence_snp(int argc, char **argv);

#endif
