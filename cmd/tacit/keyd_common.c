/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "keyd.h"
#include "sys/clock.h"

#define FILE_MAX_LEN 4096
#define SALT_LEN     16
#define LOG_N        15 /* 32 MiB and some 60 ms */

bool cli_keyd_path(const struct cli_keyd *keyd, const char *name, char ret[static CLI_KEYD_PATH])
{
	int n = snprintf(ret, CLI_KEYD_PATH, "%s/%s", keyd->dir, name);

	if (n > 0 && n < CLI_KEYD_PATH)
		return true;
	(void)cli_usage("'--dir' is too long");
	return false;
}

/* A store under a key that is not on disk yet would be lost with it; not every filesystem can. */
static void sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

int cli_keyd_put(const struct cli_common *common, const struct cli_keyd *keyd, const char *name,
		 struct tacit_slice bytes, unsigned mode)
{
	struct tacit_error err = { 0 };
	char path[CLI_KEYD_PATH];

	if (!cli_keyd_path(keyd, name, path))
		return tacit_status_exit(TACIT_USAGE);
	if (access(path, F_OK) == 0)
		return cli_usage("'%s' is there already, and nothing is replaced", path);
	if (cli_write_file(path, bytes, mode, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot write '%s'", path);
	sync_folder(keyd->dir);
	return 0;
}

int cli_keyd_put_salt(const struct cli_common *common, const struct cli_keyd *keyd)
{
	struct tacit_error err = { 0 };
	uint8_t salt[SALT_LEN];

	if (tacit_random(tacit_mut_of(salt, sizeof(salt)), &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot make a salt");
	return cli_keyd_put(common, keyd, CLI_KEYD_SALT, TACIT_SLICE_ARRAY(salt), 0600);
}

static void drop(struct tacit_slice *content)
{
	void *ptr = (void *)(uintptr_t)content->ptr;

	tacit_wipe(ptr, content->len);
	free(ptr);
}

static int read_secret(const struct cli_common *common, const char *path, struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };

	if (cli_read_file(path, FILE_MAX_LEN, ret, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read '%s'", path);
	return 0;
}

static int use(const struct cli_common *common, struct tacit_slice content, const char *path,
	       struct tacit_keyd_master *ret)
{
	struct tacit_error err = { 0 };

	if (tacit_keyd_master_read(content, ret, &err) != TACIT_OK)
		return cli_fail(common, &err, "'%s' is no master key", path);
	return 0;
}

static int from_file(const struct cli_common *common, const char *path,
		     struct tacit_keyd_master *ret)
{
	TACIT_CLEANUP(drop) struct tacit_slice content = { NULL, 0 };
	int code = read_secret(common, path, &content);

	return code ? code : use(common, content, path, ret);
}

static int from_credential(const struct cli_common *common, const char *name,
			   struct tacit_keyd_master *ret)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[CLI_KEYD_PATH];

	if (!folder || strchr(name, '/') || name[0] == '.')
		return cli_usage("'--master-credential' wants the name of a credential that the "
				 "service manager gave");
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return from_file(common, path, ret);
}

static int from_passphrase(const struct cli_common *common, const struct cli_keyd *keyd,
			   struct tacit_keyd_master *ret)
{
	TACIT_CLEANUP(drop) struct tacit_slice text = { NULL, 0 };
	TACIT_CLEANUP(drop) struct tacit_slice salt = { NULL, 0 };
	uint8_t key[TACIT_KEYD_MASTER_LEN];
	struct tacit_error err = { 0 };
	char path[CLI_KEYD_PATH];

	if (!cli_keyd_path(keyd, CLI_KEYD_SALT, path))
		return tacit_status_exit(TACIT_USAGE);
	int code = read_secret(common, path, &salt);
	if (code == 0)
		code = read_secret(common, keyd->passphrase_file, &text);
	if (code)
		return code;
	while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	if (salt.len != SALT_LEN || text.len == 0)
		return cli_usage("the passphrase is empty, or master.salt is not what was made");
	if (tacit_scrypt(text, salt, LOG_N, 8, tacit_mut_of(key, sizeof(key)), &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot use the passphrase");
	code = use(common, TACIT_SLICE_ARRAY(key), keyd->passphrase_file, ret);
	tacit_wipe(key, sizeof(key));
	return code;
}

int cli_keyd_master(const struct cli_common *common, const struct cli_keyd *keyd,
		    struct tacit_keyd_master *ret)
{
	char path[CLI_KEYD_PATH];

	if (!keyd->dir)
		return cli_usage("'--dir' is missing: the folder that 'tacit keyd init' made");
	if ((keyd->master_key != NULL) + (keyd->master_credential != NULL) +
		    (keyd->passphrase_file != NULL) >
	    1)
		return cli_usage("the master key comes from one place");
	if (keyd->master_credential)
		return from_credential(common, keyd->master_credential, ret);
	if (keyd->passphrase_file)
		return from_passphrase(common, keyd, ret);
	if (keyd->master_key)
		return from_file(common, keyd->master_key, ret);
	if (!cli_keyd_path(keyd, "master.key", path))
		return tacit_status_exit(TACIT_USAGE);
	return from_file(common, path, ret);
}

int cli_keyd_open(const struct cli_common *common, const struct cli_keyd *keyd,
		  enum tacit_keyd_mode mode, struct tacit_keyd_store **ret)
{
	TACIT_CLEANUP(tacit_keyd_master_done) struct tacit_keyd_master master = { 0 };
	struct tacit_error err = { 0 };
	char path[CLI_KEYD_PATH];
	int code = cli_keyd_master(common, keyd, &master);

	if (code)
		return code;
	if (!cli_keyd_path(keyd, "store.db", path))
		return tacit_status_exit(TACIT_USAGE);
	if (tacit_keyd_store_open(path, mode, &master, ret, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot open '%s'", path);
	return 0;
}

struct tacit_keyd_actor cli_keyd_actor(void)
{
	struct tacit_keyd_actor actor = { tacit_slice_str(TACIT_KEYD_OPERATOR),
					  tacit_clock_wall() };

	return actor;
}

void cli_keyd_close(struct tacit_keyd_store **store)
{
	tacit_keyd_store_close(*store);
}
