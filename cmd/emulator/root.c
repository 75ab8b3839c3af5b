/* SPDX-License-Identifier: Apache-2.0 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "end.h"

#define ROOT_MAX 1024

/* Whole or not at all: who waits for the file takes what it finds. */
static void write_whole(const char *path, mode_t mode, struct tacit_slice bytes)
{
	char other[4096];
	int n = snprintf(other, sizeof(other), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(other)) {
		errno = ENAMETOOLONG;
		end("cannot write", path);
	}
	int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len || close(fd) ||
	    rename(other, path))
		end("cannot write", path);
}

void root_write(const struct nsm_module *m, const char *path)
{
	write_whole(path, 0644, m->pki.root);
}

static void write_key(const struct nsm_module *m, const char *path)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (!memory ||
	    !PEM_write_bio_PrivateKey(memory, m->pki.keys[NITRO_ROOT], NULL, NULL, 0, NULL, NULL))
		end("cannot write", path);
	long len = BIO_get_mem_data(memory, &text);
	write_whole(path, 0600, tacit_slice_of((const uint8_t *)text, (size_t)len));
	BIO_free(memory);
}

static EVP_PKEY *read_key(const char *path)
{
	BIO *file = BIO_new_file(path, "r");
	EVP_PKEY *key = file ? PEM_read_bio_PrivateKey(file, NULL, NULL, NULL) : NULL;

	BIO_free(file);
	if (!key || EVP_PKEY_get_bits(key) != 384) {
		errno = EINVAL;
		end("no P-384 key in", path);
	}
	return key;
}

/* The certificate as it was, since verifiers know it by its bytes; the key has to be its own. */
static void take_root(struct nsm_module *m, const char *path)
{
	static uint8_t der[ROOT_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, der, sizeof(der));
	const uint8_t *at = der;
	X509 *root = n > 0 ? d2i_X509(NULL, &at, n) : NULL;

	if (!root || X509_check_private_key(root, m->pki.keys[NITRO_ROOT]) != 1) {
		errno = EINVAL;
		end("no certificate of that key in", path);
	}
	X509_free(root);
	close(fd);
	m->pki.root = tacit_slice_of(der, (size_t)n);
	m->pki.anchor->der = m->pki.root;
}

void root_keep(struct nsm_module *m, const char *path)
{
	char key[4096];
	int n = snprintf(key, sizeof(key), "%s.key", path);

	if (n < 0 || (size_t)n >= sizeof(key)) {
		errno = ENAMETOOLONG;
		end("cannot use", path);
	}
	bool has_key = access(key, F_OK) == 0, has_root = access(path, F_OK) == 0;
	if (has_key != has_root) {
		errno = ENOENT;
		end("root and key go together:", has_key ? path : key);
	}
	nsm_module_init(m, has_key ? read_key(key) : NULL);
	if (has_key) {
		take_root(m, path);
		return;
	}
	write_key(m, key);
	root_write(m, path);
}
