/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "crypto/key.h"
#include "eif.h"

#define KEY_MAX 65536

/*
 * openssl ecparam -genkey, which Amazon's guide has people run, writes the curve in a block of its
 * own before the key; the key names its curve itself.
 */
static struct tacit_slice skip_parameters(struct tacit_slice pem)
{
	static const char BEGIN[] = "-----BEGIN EC PARAMETERS-----";
	static const char END[] = "-----END EC PARAMETERS-----";
	const uint8_t *end = NULL;

	if (pem.len >= sizeof(BEGIN) - 1 && memcmp(pem.ptr, BEGIN, sizeof(BEGIN) - 1) == 0)
		end = memmem(pem.ptr, pem.len, END, sizeof(END) - 1);
	if (!end)
		return pem;
	size_t at = (size_t)(end - pem.ptr) + sizeof(END) - 1;
	return tacit_slice_of(pem.ptr + at, pem.len - at);
}

static void warn_of_readers(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077))
		cli_warn("others may read the private key '%s'; chmod 600 it", path);
}

enum tacit_status eif_key_read(const char *key_path, const char *certificate_path,
			       struct tacit_key **ret_key, struct tacit_slice *ret_pem,
			       struct tacit_error *err)
{
	struct tacit_slice text, pem;
	struct tacit_key *key = NULL;
	enum tacit_status st = eif_read_file(key_path, KEY_MAX, &text, err);

	if (st != TACIT_OK)
		return st;
	warn_of_readers(key_path);
	st = tacit_key_pem(skip_parameters(text), &key, err);
	tacit_wipe((void *)(uintptr_t)text.ptr, text.len);
	free((void *)(uintptr_t)text.ptr);
	if (st != TACIT_OK)
		return st;
	st = eif_read_file(certificate_path, KEY_MAX, &pem, err);
	if (st != TACIT_OK) {
		tacit_key_free(key);
		return st;
	}
	*ret_key = key;
	*ret_pem = pem;
	return TACIT_OK;
}
