/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_DCAP_EVIDENCE_H
#define TESTS_PKI_DCAP_EVIDENCE_H

#include "tacit/bytes.h"

/*
 * mkevidence tdx DIR [old|debug|td15|extended|answers], mkevidence sgx DIR [debug|answers]:
 * quote.bin, root.der, the collateral, an event log for TDX, and all in one file for the fuzz
 * target. With "answers" there are others beside each piece of collateral that a service may send
 * instead, such as pck_crl_stale.der.
 */
int mkevidence_tdx(int argc, char **argv);
int mkevidence_sgx(int argc, char **argv);

/* The same files around a quote of one's own. */
bool dcap_write_files(const char *dir, struct tacit_slice quote, bool tdx);

#endif
