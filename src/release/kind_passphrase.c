/* SPDX-License-Identifier: Apache-2.0 */

/* Passphrases [AGE v1, scrypt recipient stanza]: from a file, or typed; never from argv. */

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "release/kinds.h"

#define WHERE    "age.scrypt"
#define LABEL    "age-encryption.org/v1/scrypt"
#define SALT_LEN 16
#define R        8
#define LOG_N    18 /* what age writes: about a second, 256 MiB */
#define PASS_MAX 1024

struct passphrase {
	size_t len;
	char text[PASS_MAX];
};

static void close_it(void *self)
{
	if (self)
		tacit_wipe(self, sizeof(struct passphrase));
	free(self);
}

/* One line: a file made with an editor ends in a line end that nobody meant. */
static enum tacit_status take_text(struct passphrase *p, struct tacit_slice text,
				   struct tacit_error *err)
{
	if (text.len && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (text.len && text.ptr[text.len - 1] == '\r')
		text.len--;
	if (text.len == 0 || text.len > sizeof(p->text))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a passphrase of %zu bytes",
				  text.len);
	memcpy(p->text, text.ptr, text.len);
	p->len = text.len;
	return TACIT_OK;
}

static enum tacit_status from_file(struct passphrase *p, const char *path, struct tacit_error *err)
{
	struct tacit_mut file;
	enum tacit_status st = tacit_kind_file(path, &file, err);

	if (st != TACIT_OK)
		return st;
	st = take_text(p, tacit_slice_of(file.ptr, file.len), err);
	tacit_kind_file_done(&file);
	return st;
}

/* Without echo; the terminal is as it was afterwards. */
static ssize_t ask(int tty, const char *prompt, char *room, size_t size)
{
	struct termios before, quiet;

	if (tcgetattr(tty, &before) || write(tty, prompt, strlen(prompt)) < 0)
		return -1;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet))
		return -1;
	ssize_t n = read(tty, room, size);
	tcsetattr(tty, TCSAFLUSH, &before);
	return write(tty, "\n", 1) < 0 ? -1 : n;
}

static enum tacit_status from_terminal(struct passphrase *p, bool twice, struct tacit_error *err)
{
	char first[PASS_MAX + 2], again[PASS_MAX + 2];
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "no terminal to ask on: name a file, passphrase:FILE");
	ssize_t n = ask(tty, "Passphrase: ", first, sizeof(first));
	ssize_t m = twice && n > 0 ? ask(tty, "Again: ", again, sizeof(again)) : n;
	bool same = n > 0 && n == m && (!twice || memcmp(first, again, (size_t)n) == 0);
	enum tacit_status st =
		same ? take_text(p, tacit_slice_of(first, (size_t)n), err)
		     : tacit_fail(err, TACIT_USAGE, WHERE, 0, "not the same passphrase twice");

	close(tty);
	tacit_wipe(first, sizeof(first));
	tacit_wipe(again, sizeof(again));
	return st;
}

static enum tacit_status open_text(struct tacit_slice text, bool for_wrap, void *env,
				   void **ret_self, struct tacit_error *err)
{
	char path[4096];
	struct passphrase *p = NULL;

	(void)env;
	if (text.len >= sizeof(path) || (text.len && memchr(text.ptr, 0, text.len)))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "a file name that is too long");
	memcpy(path, text.ptr, text.len);
	path[text.len] = '\0';
	p = calloc(1, sizeof(*p));
	if (!p)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	enum tacit_status st = text.len ? from_file(p, path, err) : from_terminal(p, for_wrap, err);
	if (st == TACIT_OK)
		*ret_self = p;
	else
		close_it(p);
	return st;
}

static enum tacit_status make_key(const struct passphrase *p, const uint8_t *salt, unsigned log_n,
				  uint8_t ret[static TACIT_SHA256_LEN], struct tacit_error *err)
{
	uint8_t whole[sizeof(LABEL) - 1 + SALT_LEN];

	memcpy(whole, LABEL, sizeof(LABEL) - 1);
	memcpy(whole + sizeof(LABEL) - 1, salt, SALT_LEN);
	return tacit_scrypt(tacit_slice_of(p->text, p->len), TACIT_SLICE_ARRAY(whole), log_n, R,
			    tacit_mut_of(ret, TACIT_SHA256_LEN), err);
}

static enum tacit_status wrap(void *self, const struct tacit_key_use *use,
			      const uint8_t file_key[static TACIT_AGE_FILE_KEY],
			      struct tacit_arena *arena, struct tacit_age_stanza *ret,
			      struct tacit_error *err)
{
	uint8_t salt[SALT_LEN], key[TACIT_SHA256_LEN];
	enum tacit_status st = tacit_random(tacit_mut_of(salt, sizeof(salt)), err);

	(void)use;
	if (st == TACIT_OK)
		st = make_key(self, salt, LOG_N, key, err);
	if (st != TACIT_OK)
		return st;
	ret->args[1] = tacit_kind_argument(arena, TACIT_SLICE_ARRAY(salt));
	ret->args[2] = tacit_slice_str(tacit_arena_printf(arena, "%d", LOG_N));
	ret->arg_count = 3;
	st = ret->args[1].ptr && ret->args[2].ptr
		     ? tacit_kind_seal_key(TACIT_SLICE_ARRAY(key), file_key, arena, &ret->body, err)
		     : tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for a stanza");
	tacit_wipe(key, sizeof(key));
	return st;
}

/* Decimal without sign or leading zeros; 0 when it is none or more than we would work for. */
static unsigned work_factor(struct tacit_slice text)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 2 || text.ptr[0] == '0')
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(text.ptr[i] - '0');
	}
	return value <= TACIT_SCRYPT_LOG_N_MAX ? value : 0;
}

static enum tacit_status unwrap(void *self, const struct tacit_key_use *use,
				const struct tacit_age_stanza *stanza,
				uint8_t ret_file_key[static TACIT_AGE_FILE_KEY],
				struct tacit_error *err)
{
	uint8_t salt[SALT_LEN], key[TACIT_SHA256_LEN];
	size_t len = 0;

	(void)use;
	if (stanza->arg_count != 3)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a stanza with %zu arguments",
				  stanza->arg_count);
	if (!tacit_age_base64(stanza->args[1], tacit_mut_of(salt, sizeof(salt)), &len) ||
	    len != sizeof(salt))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a salt that is not 16 bytes");
	unsigned log_n = work_factor(stanza->args[2]);
	if (log_n == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "a work factor that is none, or over 2^%d",
				  TACIT_SCRYPT_LOG_N_MAX);
	enum tacit_status st = make_key(self, salt, log_n, key, err);
	if (st == TACIT_OK)
		st = tacit_kind_open_key(TACIT_SLICE_ARRAY(key), stanza->body, ret_file_key, err);
	tacit_wipe(key, sizeof(key));
	return st;
}

const struct tacit_recipient_kind tacit_kind_passphrase = {
	.prefix = "passphrase:",
	.stanza = "scrypt",
	.alone = true,
	.open = open_text,
	.close = close_it,
	.wrap = wrap,
	.unwrap = unwrap,
};
