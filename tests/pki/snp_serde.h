/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_SNP_SERDE_H
#define TESTS_PKI_SNP_SERDE_H

/*
 * SNP evidence as guests of Confidential Containers send it: JSON of the structs of the Rust crate
 * `sev`, written as its versions 1 to 5 (`old`) or 6.3 and 7 do. It has offsets of its own [SNP-ABI
 * 7.3]: with the table of the reader (src/tee/unwrap_snp.c) a mistake in that would not be seen.
 */

#include "tests/pki/snp.h"

/* NUL-terminated; without entries the list of certificates is null. */
struct tacit_slice snp_serde(struct tacit_slice report, bool old, const struct snp_entry *entries,
			     size_t count);

/* With the certificates of the usual table. */
struct tacit_slice snp_serde_usual(const struct snp_evidence *s, bool old);

#endif
