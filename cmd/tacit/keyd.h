/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_KEYD_H
#define TACIT_CMD_KEYD_H

/*
 * What the keyd verbs share: where the broker's things are, and what its master key comes from.
 *
 *     DIR/store.db     keys, credentials and log
 *     DIR/master.key   the master key, unless it is elsewhere
 *     DIR/master.salt  with a passphrase
 *     DIR/tls.pem, DIR/tls.key
 */

#include "cli.h"
#include "release/keyd_store.h"

struct cli_keyd {
	const char *dir, *master_key, *master_credential, *passphrase_file;
};

/* Rows for an option table whose struct has a `struct cli_keyd keyd`. */
#define CLI_KEYD_OPTIONS(type)                                                                    \
	CLI_OPT(type, keyd.dir, "--dir", 0, CLI_TEXT, "DIR", "the broker's folder"),              \
		CLI_OPT(type, keyd.master_key, "--master-key", 0, CLI_TEXT, "FILE",               \
			"its master key (default: master.key in it)"),                            \
		CLI_OPT(type, keyd.master_credential, "--master-credential", 0, CLI_TEXT, "NAME", \
			"the same, as a credential of the service manager"),                      \
		CLI_OPT(type, keyd.passphrase_file, "--passphrase-file", 0, CLI_TEXT, "FILE",     \
			"the same, from a passphrase in a file or pipe")

/* DIR/name. False, after saying why, when it is too long. */
#define CLI_KEYD_PATH 4096
#define CLI_KEYD_SALT "master.salt" /* in its folder: of a passphrase */
bool cli_keyd_path(const struct cli_keyd *keyd, const char *name, char ret[static CLI_KEYD_PATH]);

/* Writes DIR/name, which is not there yet. Returns 0, or an exit code after saying why. */
int cli_keyd_put(const struct cli_common *common, const struct cli_keyd *keyd, const char *name,
		 struct tacit_slice bytes, unsigned mode);

/* A fresh DIR/master.salt. As above. */
int cli_keyd_put_salt(const struct cli_common *common, const struct cli_keyd *keyd);

/* Reads the master key. Returns 0, or an exit code after saying why. */
int cli_keyd_master(const struct cli_common *common, const struct cli_keyd *keyd,
		    struct tacit_keyd_master *ret);

/* Opens the store of a folder that keyd init made. As above. */
int cli_keyd_open(const struct cli_common *common, const struct cli_keyd *keyd,
		  enum tacit_keyd_mode mode, struct tacit_keyd_store **ret);

/* The operator at this machine, now. */
struct tacit_keyd_actor cli_keyd_actor(void);

/* For TACIT_CLEANUP. */
void cli_keyd_close(struct tacit_keyd_store **store);

#endif
