/* SPDX-License-Identifier: Apache-2.0 */

/* A TPM at the other end of a socket that is slow, silent, gone, busy or lying. */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/tpm.h"
#include "tests/tap.h"

#define INDEX 0x01400001u
#define LIMIT 200   /* ms, where it is to be let pass */
#define LONG  30000 /* elsewhere */

/* How it behaves. */
struct play {
	int fd;
	unsigned limit_ms;
	size_t pieces;   /* bytes at a time; 0: all at once */
	unsigned silent; /* so many commands are answered only `late_ms` later */
	unsigned late_ms;
	unsigned busy; /* so many are answered with `busy_code` first */
	uint32_t busy_code;
	size_t stated; /* the length that answers state, instead of the real one */
	size_t extra;  /* bytes behind the answer */
	size_t cut;    /* the answer ends after so many bytes, and so does the TPM */
	uint32_t nv_code, quote_code, pcr_code;
	size_t nv_size;
	size_t at_once;    /* PCRs in one answer */
	uint32_t pcr_mask; /* which it gives, instead of those that were asked for */
	unsigned commands; /* that it saw */
	uint8_t written[64];
};

static uint8_t reply[8192];

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* With a head of that tag, and the authorisation of a password where that says so. */
static size_t finish(const struct play *play, struct writer *w, bool session)
{
	static const uint8_t PASSWORD[] = { 0, 0, 1, 0, 0 };
	struct writer head = wr_of(tacit_mut_of(reply, 14));

	if (session)
		wr_bytes(w, TACIT_SLICE_ARRAY(PASSWORD));
	wr_be16(&head, session ? 0x8002 : 0x8001);
	wr_be32(&head, (uint32_t)(play->stated ? play->stated : w->at));
	wr_be32(&head, 0);
	if (session)
		wr_be32(&head, (uint32_t)(w->at - 14 - sizeof(PASSWORD)));
	return w->at;
}

static struct writer open_reply(bool session)
{
	struct writer w = wr_of(tacit_mut_of(reply, sizeof(reply)));

	for (int i = 0; i < (session ? 14 : 10); i++)
		wr_u8(&w, 0);
	return w;
}

static size_t put_code(uint32_t code)
{
	struct writer w = wr_of(tacit_mut_of(reply, sizeof(reply)));

	wr_be16(&w, 0x8001);
	wr_be32(&w, 10);
	wr_be32(&w, code);
	return w.at;
}

static size_t put_public(const struct play *play)
{
	struct writer w = open_reply(false);

	wr_be16(&w, 14);
	wr_be32(&w, INDEX);
	wr_be16(&w, 0x0b);
	wr_be32(&w, 0x20002);
	wr_be16(&w, 0);
	wr_be16(&w, (uint16_t)play->nv_size);
	wr_be16(&w, 0);
	return finish(play, &w, false);
}

static size_t put_nv(const struct play *play, const uint8_t *command)
{
	size_t size = (size_t)command[31] << 8 | command[32];
	size_t offset = (size_t)command[33] << 8 | command[34];
	struct writer w = open_reply(true);

	wr_be16(&w, (uint16_t)size);
	for (size_t i = 0; i < size; i++)
		wr_u8(&w, (uint8_t)((offset + i) % 251));
	return finish(play, &w, true);
}

/* The value of PCR n is n in every byte. */
static size_t put_pcrs(const struct play *play, const uint8_t *command)
{
	uint32_t asked =
		(uint32_t)command[17] | (uint32_t)command[18] << 8 | (uint32_t)command[19] << 16;
	uint32_t mask = 0;
	size_t count = 0;
	struct writer w = open_reply(false);

	for (unsigned i = 0; i < 24 && count < play->at_once; i++) {
		if (asked >> i & 1) {
			mask |= 1u << i;
			count++;
		}
	}
	if (play->pcr_mask)
		mask = play->pcr_mask;
	wr_be32(&w, 1);
	wr_be32(&w, 1);
	wr_be16(&w, 0x0b);
	wr_u8(&w, 3);
	for (int i = 0; i < 3; i++)
		wr_u8(&w, (uint8_t)(mask >> 8 * i));
	wr_be32(&w, (uint32_t)__builtin_popcount(mask));
	for (unsigned i = 0; i < 24; i++) {
		if (!(mask >> i & 1))
			continue;
		wr_be16(&w, 32);
		for (int n = 0; n < 32; n++)
			wr_u8(&w, (uint8_t)i);
	}
	return finish(play, &w, false);
}

/* Gives back what the quote was to carry. */
static size_t put_quote(const struct play *play, const uint8_t *command)
{
	size_t len = (size_t)command[27] << 8 | command[28];
	struct writer w = open_reply(true);

	wr_be16(&w, (uint16_t)len);
	wr_bytes(&w, tacit_slice_of(command + 29, len));
	wr_text(&w, "signature");
	return finish(play, &w, true);
}

static size_t answer(struct play *play, const uint8_t *command)
{
	if (play->busy) {
		play->busy--;
		return put_code(play->busy_code);
	}
	switch (be32(command + 6)) {
	case 0x169:
		return play->nv_code ? put_code(play->nv_code) : put_public(play);
	case 0x14e:
		return put_nv(play, command);
	case 0x137:
		memcpy(play->written, command + 33, sizeof(play->written));
		return play->nv_code
			       ? put_code(play->nv_code)
			       : finish(play,
					&(struct writer){ { reply, sizeof(reply) }, 14, false },
					true);
	case 0x12a:
		play->nv_code = 0;
		return finish(play, &(struct writer){ { reply, sizeof(reply) }, 14, false }, true);
	case 0x17e:
		return play->pcr_code ? put_code(play->pcr_code) : put_pcrs(play, command);
	default:
		return play->quote_code ? put_code(play->quote_code) : put_quote(play, command);
	}
}

static void send_all(const struct play *play, size_t len)
{
	memset(reply + len, 0xee, play->extra);
	len += play->extra;
	size_t step = play->pieces ? play->pieces : len;
	if (play->cut && play->cut < len)
		len = play->cut;
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;

		if (send(play->fd, reply + at, n, MSG_NOSIGNAL) < 0)
			return;
		if (play->pieces)
			usleep(200);
	}
}

static void *run(void *user)
{
	struct play *play = user;
	uint8_t command[4096];

	for (;;) {
		if (recv(play->fd, command, 10, MSG_WAITALL) != 10)
			break;
		size_t left = be32(command + 2) - 10;
		if (left > sizeof(command) - 10 ||
		    recv(play->fd, command + 10, left, MSG_WAITALL) != (ssize_t)left)
			break;
		play->commands++;
		if (play->silent) {
			play->silent--;
			usleep(play->late_ms * 1000);
		}
		send_all(play, answer(play, command));
		if (play->cut)
			break;
	}
	shutdown(play->fd, SHUT_RDWR);
	return NULL;
}

/* ---- the tests ----------------------------------------------------------------------------- */

static struct tacit_tpm *tpm;
static pthread_t thread;
static struct tacit_error err;

static struct play usual(void)
{
	return (struct play){ .limit_ms = LONG, .nv_size = 1300, .at_once = 8 };
}

static void begin(struct play *play)
{
	int pair[2];

	memset(&err, 0, sizeof(err));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
	    fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0)
		exit(2);
	play->fd = pair[1];
	if (tacit_tpm_open_fd(pair[0], play->limit_ms, &tpm, &err) != TACIT_OK ||
	    pthread_create(&thread, NULL, run, play) != 0)
		exit(2);
}

static void end(struct play *play)
{
	tacit_tpm_close(tpm);
	pthread_join(thread, NULL);
	close(play->fd);
}

static uint8_t room[8192];

static enum tacit_status read_index(struct tacit_slice *ret)
{
	memset(&err, 0, sizeof(err));
	return tacit_tpm_nv_read(tpm, INDEX, tacit_mut_of(room, sizeof(room)), ret, &err);
}

static struct tacit_tpm_quoted quoted;

static enum tacit_status get_quote(const char *extra)
{
	memset(&err, 0, sizeof(err));
	return tacit_tpm_make_quote(tpm, 0x81000003, tacit_slice_str(extra), &quoted, &err);
}

static void says(const char *text)
{
	if (!ok(strstr(err.detail, text) != NULL, "  and says '%s'", text))
		printf("# got %s\n", err.detail);
}

static void test_good(size_t pieces)
{
	struct play play = usual();
	struct tacit_slice got = { NULL, 0 };
	bool right = true;

	play.pieces = pieces;
	begin(&play);
	is_status(read_index(&got), TACIT_OK, "an index in three pieces");
	for (size_t i = 0; i < got.len; i++)
		right = right && got.ptr[i] == i % 251;
	ok(got.len == 1300 && right, "all bytes in their places");
	ok(play.commands == 4, "by four commands");
	is_status(get_quote("hello"), TACIT_OK, "a quote");
	is_slice(quoted.message, tacit_slice_str("hello"), "its message");
	is_slice(quoted.signature, tacit_slice_str("signature"), "its signature");
	right = quoted.bank.mask == 0xffffff;
	for (size_t i = 0; i < 24; i++)
		right = right && quoted.bank.values[i][31] == i;
	ok(right, "all PCRs in their places");
	end(&play);
}

static void test_nv(void)
{
	struct play play = usual();
	struct tacit_slice got = { NULL, 0 };

	begin(&play);
	play.nv_size = 0;
	is_status(read_index(&got), TACIT_LIMIT, "an empty index");
	play.nv_size = sizeof(room) + 1;
	is_status(read_index(&got), TACIT_LIMIT, "an index that does not fit");
	play.nv_size = sizeof(room);
	is_status(read_index(&got), TACIT_OK, "one that just fits");
	got.ptr = NULL;
	play.nv_code = 0x18b;
	is_status(read_index(&got), TACIT_UNSUPPORTED, "an index that is not there");
	says("no index 0x01400001");
	play.nv_code = 0x9a2;
	is_status(read_index(&got), TACIT_DENIED, "one that may not be read");
	says("TPM_RC_BAD_AUTH (session 1)");
	ok(!got.ptr, "nothing came out");
	end(&play);
}

static void test_write(void)
{
	struct play play = usual();
	static uint8_t data[TACIT_TPM_NV_PIECE + 1] = { 1, 2, 3 };

	begin(&play);
	is_status(tacit_tpm_nv_write(tpm, 0x01400002, tacit_slice_of(data, 64), &err), TACIT_OK,
		  "64 bytes into an index");
	ok(memcmp(play.written, data, 64) == 0, "are there");
	is_status(tacit_tpm_nv_write(tpm, 0x01400002, TACIT_SLICE_ARRAY(data), &err), TACIT_USAGE,
		  "513 bytes are too many");
	memset(&err, 0, sizeof(err));
	play.nv_code = 0x148;
	is_status(tacit_tpm_nv_write(tpm, 0x01400002, tacit_slice_of(data, 64), &err), TACIT_DENIED,
		  "an index that is locked");
	says("TPM_RC_NV_LOCKED");
	memset(&err, 0, sizeof(err));
	play.nv_code = 0x18b;
	is_status(tacit_tpm_nv_need(tpm, 0x01400002, 64, &err), TACIT_OK,
		  "an index that is not there is made");
	ok(play.nv_code == 0, "once");
	end(&play);
}

static void test_busy(void)
{
	static const uint32_t CODES[] = { 0x908, 0x90a, 0x920, 0x922 };
	struct tacit_slice got = { NULL, 0 };

	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++) {
		struct play play = usual();

		play.busy = 2;
		play.busy_code = CODES[i];
		begin(&play);
		is_status(read_index(&got), TACIT_OK, "a TPM that is busy is asked again");
		ok(play.commands == 6, "as often as it needs");
		end(&play);
	}
	struct play play = usual();
	play.busy = 1000;
	play.busy_code = 0x922;
	begin(&play);
	is_status(read_index(&got), TACIT_IO, "one that is always busy is given up");
	says("TPM_RC_RETRY");
	ok(play.commands == 20, "after twenty times");
	end(&play);
}

static void test_silence(void)
{
	struct play play = usual();
	struct tacit_slice got = { NULL, 0 };

	play.silent = 1;
	play.limit_ms = LIMIT;
	play.late_ms = 2 * LIMIT;
	begin(&play);
	uint64_t since = tacit_clock_ms();
	is_status(read_index(&got), TACIT_PEER, "a TPM that is silent");
	uint64_t took = tacit_clock_ms() - since;
	ok(took >= LIMIT && took < 20 * LIMIT, "is given up after the limit (%u ms)",
	   (unsigned)took);
	says("has not answered in 200 ms");
	/* The answer to the first command comes while the second waits. */
	enum tacit_status st = get_quote("next");
	for (int i = 0; i < 20 && st == TACIT_PEER; i++)
		st = get_quote("next");
	is_status(st, TACIT_OK, "the next command waits for the late answer");
	is_slice(quoted.message, tacit_slice_str("next"), "and does not take it for its own");
	end(&play);
}

static void test_never(void)
{
	struct play play = usual();
	struct tacit_slice got = { NULL, 0 };

	play.silent = 1;
	play.limit_ms = LIMIT;
	play.late_ms = 8 * LIMIT;
	begin(&play);
	for (int i = 0; i < 2; i++)
		is_status(read_index(&got), TACIT_PEER, "a TPM that stays silent");
	ok(play.commands <= 1, "is not sent more meanwhile");
	end(&play);
}

static void lies(struct play *play, const char *text, const char *name)
{
	struct tacit_slice got = { NULL, 0 };

	begin(play);
	is_status(read_index(&got), TACIT_PEER, name);
	says(text);
	is_status(read_index(&got), TACIT_PEER, "  and is asked no more");
	ok(play->commands == 1, "  really not");
	end(play);
}

static void test_lies(void)
{
	struct play play = usual();

	play.stated = 5;
	lies(&play, "a length that none has", "an answer that states 5 bytes");
	play = usual();
	play.stated = 4097;
	lies(&play, "a length that none has", "one that states 4,097");
	play = usual();
	play.stated = 0xfffffff0;
	lies(&play, "a length that none has", "one that states gigabytes");
	play = usual();
	play.stated = 4000;
	play.limit_ms = LIMIT;
	lies(&play, "has not answered", "one that states more than comes");
	play = usual();
	play.extra = 3;
	lies(&play, "longer than it states", "one with bytes behind it");
	for (size_t cut = 1; cut < 26; cut++) {
		struct tacit_slice got = { NULL, 0 };

		play = usual();
		play.cut = cut;
		begin(&play);
		if (read_index(&got) != TACIT_PEER || !strstr(err.detail, "too early"))
			ok(false, "an answer cut after %zu bytes: %s", cut, err.detail);
		end(&play);
	}
}

static void test_pcrs(void)
{
	struct play play = usual();

	play.at_once = 24;
	begin(&play);
	is_status(get_quote("x"), TACIT_OK, "all PCRs in one answer");
	ok(play.commands == 2, "two commands");
	play.at_once = 1;
	is_status(get_quote("x"), TACIT_OK, "one PCR in each answer");
	ok(play.commands == 2 + 25, "25 commands");
	play.at_once = 0;
	is_status(get_quote("x"), TACIT_PEER, "no PCR in an answer does not go on for ever");
	play.at_once = 8;
	play.pcr_mask = 0xff;
	is_status(get_quote("x"), TACIT_PEER, "nor the same ones again and again");
	play.pcr_mask = 0;
	play.pcr_code = 0x101;
	is_status(get_quote("x"), TACIT_IO, "a TPM that has failed");
	says("TPM_RC_FAILURE");
	play.pcr_code = 0;
	play.quote_code = 0x18b;
	is_status(get_quote("x"), TACIT_UNSUPPORTED, "a key that is not there");
	says("TPM_RC_HANDLE (handle 1)");
	char longest[TACIT_TPM_EXTRA_MAX + 2];
	memset(longest, 'x', sizeof(longest));
	longest[TACIT_TPM_EXTRA_MAX + 1] = '\0';
	is_status(get_quote(longest), TACIT_USAGE, "51 bytes to carry");
	end(&play);
}

static void test_open(void)
{
	char path[] = "/tmp/tacit-tpm-XXXXXX", text[64];
	struct tacit_tpm *none = NULL;
	struct tacit_slice got = { NULL, 0 };

	memset(&err, 0, sizeof(err));
	is_status(tacit_tpm_open("/dev/tacit-no-such-tpm", &none, &err), TACIT_UNSUPPORTED,
		  "no device");
	says("cannot open /dev/tacit-no-such-tpm");
	is_status(tacit_tpm_open("nonsense", &none, NULL), TACIT_USAGE, "no address");
	int fd = mkstemp(path);
	snprintf(text, sizeof(text), "unix:%s.none", path);
	is_status(tacit_tpm_open(text, &none, NULL), TACIT_PEER, "nobody at a socket");
	is_status(tacit_tpm_open("/tmp", &none, NULL), TACIT_IO, "a folder");
	if (geteuid() == 0) {
		skip("a device without the right to it", "root has every right");
	} else {
		fchmod(fd, 0);
		is_status(tacit_tpm_open(path, &none, NULL), TACIT_DENIED,
			  "a device without the right to it");
	}
	close(fd);
	unlink(path);
	ok(!none, "nothing was opened");
	is_status(tacit_tpm_open("/dev/null", &tpm, NULL), TACIT_OK, "a device that is no TPM");
	is_status(read_index(&got), TACIT_PEER, "answers nothing");
	says("ended its answer too early");
	tacit_tpm_close(tpm);
	memset(&err, 0, sizeof(err));
	is_status(tacit_tpm_open("/dev/zero", &tpm, NULL), TACIT_OK, "another one");
	is_status(read_index(&got), TACIT_PEER, "answers zeros");
	tacit_tpm_close(tpm);
	is_status(tacit_tpm_open("/dev/full", &tpm, NULL), TACIT_OK, "one that takes nothing");
	is_status(read_index(&got), TACIT_IO, "fails");
	says("No space left");
	tacit_tpm_close(tpm);
	tacit_tpm_close(NULL);
}

static void *ask_often(void *user)
{
	size_t *good = user;

	for (int i = 0; i < 20; i++) {
		struct tacit_tpm_quoted mine;
		char text[16];

		snprintf(text, sizeof(text), "%p %d", user, i);
		text[15] = '\0';
		if (tacit_tpm_make_quote(tpm, 1, tacit_slice_str(text), &mine, NULL) == TACIT_OK &&
		    tacit_slice_eq(mine.message, tacit_slice_str(text)))
			++*good;
	}
	return NULL;
}

static void test_threads(void)
{
	struct play play = usual();
	pthread_t threads[4];
	size_t good[4] = { 0 };

	begin(&play);
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, ask_often, &good[i]);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ok(good[0] + good[1] + good[2] + good[3] == 80, "four threads each get their own quotes");
	end(&play);
}

int main(void)
{
	test_good(0);
	test_good(1);
	test_good(3);
	test_nv();
	test_write();
	test_busy();
	test_silence();
	test_never();
	test_lies();
	test_pcrs();
	test_open();
	test_threads();
	return done();
}
