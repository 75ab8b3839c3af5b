/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_CITES_H
#define TACIT_CMD_CITES_H

/*
 * Where each check is specified, for tacit explain: keys of docs/spec/BIBLIOGRAPHY.md with their
 * section. NULL for a check that nobody but us defines.
 */
const char *cli_cite(const char *check);

#endif
