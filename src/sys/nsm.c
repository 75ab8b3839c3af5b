/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/nsm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/secret.h"
#include "sys/sandbox_ioctl.h"

#define WHERE "nsm"

/* [linux/nsm.h]: request and response; the response's length goes in and comes out. */
struct message {
	struct iovec request, response;
};
#define NSM_IOCTL _IOWR(0x0a, 0, struct message)
_Static_assert(NSM_IOCTL == TACIT_IOCTL_NSM, "the sandbox lets this request through");

struct tacit_nsm {
	pthread_mutex_t lock;
	int fd;
	tacit_nsm_call *call;
	void *user;
	uint8_t request[TACIT_NSM_REQUEST_MAX];
	uint8_t response[TACIT_NSM_RESPONSE_MAX];
};

static int call_device(void *user, struct tacit_slice request, uint8_t *response, size_t *len)
{
	const struct tacit_nsm *nsm = user;

	for (;;) {
		struct message m = { { (void *)(uintptr_t)request.ptr, request.len },
				     { response, TACIT_NSM_RESPONSE_MAX } };

		if (ioctl(nsm->fd, NSM_IOCTL, &m) == 0) {
			*len = m.response.iov_len;
			return 0;
		}
		if (errno != EINTR)
			return errno;
	}
}

static enum tacit_status new_nsm(int fd, struct tacit_nsm **ret, struct tacit_error *err)
{
	struct tacit_nsm *nsm = calloc(1, sizeof(*nsm));

	if (!nsm)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	pthread_mutex_init(&nsm->lock, NULL);
	nsm->fd = fd;
	nsm->call = call_device;
	nsm->user = nsm;
	*ret = nsm;
	return TACIT_OK;
}

enum tacit_status tacit_nsm_open(const char *path, struct tacit_nsm **ret, struct tacit_error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		int code = errno;
		enum tacit_status st = code == ENOENT || code == ENXIO || code == ENODEV
					       ? TACIT_UNSUPPORTED
				       : code == EACCES || code == EPERM ? TACIT_DENIED
									 : TACIT_IO;

		return tacit_fail(err, st, WHERE, 0, "cannot open %s: %s", path, strerror(code));
	}
	enum tacit_status st = new_nsm(fd, ret, err);
	if (st != TACIT_OK)
		close(fd);
	return st;
}

enum tacit_status tacit_nsm_open_call(tacit_nsm_call *call, void *user, struct tacit_nsm **ret,
				      struct tacit_error *err)
{
	enum tacit_status st = new_nsm(-1, ret, err);

	if (st == TACIT_OK) {
		(*ret)->call = call;
		(*ret)->user = user;
	}
	return st;
}

void tacit_nsm_close(struct tacit_nsm *nsm)
{
	if (!nsm)
		return;
	if (nsm->fd >= 0)
		close(nsm->fd);
	pthread_mutex_destroy(&nsm->lock);
	tacit_wipe(nsm->response, sizeof(nsm->response));
	free(nsm);
}

static enum tacit_status fail_call(int code, struct tacit_error *err)
{
	switch (code) {
	case EMSGSIZE:
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the driver takes 4,096 bytes");
	case ETIMEDOUT:
		return tacit_fail(err, TACIT_IO, WHERE, 0, "the module has not answered in 120 s");
	case ENODATA:
		return tacit_fail(err, TACIT_IO, WHERE, 0, "the module answered nothing");
	case EINVAL:
	case ENOTTY:
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "the device does not know the call: is it an NSM?");
	default:
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(code));
	}
}

static struct writer start(struct tacit_nsm *nsm)
{
	pthread_mutex_lock(&nsm->lock);
	return wr_of(tacit_mut_of(nsm->request, sizeof(nsm->request)));
}

/* Sends what was written; the answer is valid until the lock is given back. */
static enum tacit_status ask(struct tacit_nsm *nsm, const struct writer *w, struct tacit_slice *ret,
			     struct tacit_error *err)
{
	struct tacit_slice request;
	size_t len = 0;
	enum tacit_status st = wr_finish(w, WHERE, &request, err);

	if (st != TACIT_OK)
		return st;
	int code = nsm->call(nsm->user, request, nsm->response, &len);
	if (code != 0)
		return fail_call(code, err);
	if (len > sizeof(nsm->response))
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "an answer longer than its room");
	*ret = tacit_slice_of(nsm->response, len);
	return TACIT_OK;
}

static void stop(struct tacit_nsm *nsm)
{
	pthread_mutex_unlock(&nsm->lock);
}

/* Sends, and copies the answer's byte string to `ret`. */
static enum tacit_status ask_bytes(struct tacit_nsm *nsm, const struct writer *w,
				   const struct tacit_nsm_member *want, struct tacit_mut ret,
				   size_t *ret_len, struct tacit_error *err)
{
	struct tacit_slice answer, bytes;
	enum tacit_status st = ask(nsm, w, &answer, err);

	if (st == TACIT_OK)
		st = tacit_nsm_read_bytes(answer, want, &bytes, err);
	if (st == TACIT_OK && bytes.len > ret.len)
		st = tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes do not fit", bytes.len);
	if (st == TACIT_OK) {
		memcpy(ret.ptr, bytes.ptr, bytes.len);
		*ret_len = bytes.len;
	}
	return st;
}

enum tacit_status tacit_nsm_attest(struct tacit_nsm *nsm, struct tacit_slice user_data,
				   struct tacit_slice nonce, struct tacit_slice public_key,
				   struct tacit_mut room, struct tacit_slice *ret,
				   struct tacit_error *err)
{
	static const struct tacit_nsm_member DOCUMENT = { "Attestation", "document", 1,
							  TACIT_NSM_RESPONSE_MAX };
	struct writer w = start(nsm);
	size_t len = 0;

	tacit_nsm_put_attestation(&w, user_data, nonce, public_key);
	enum tacit_status st = ask_bytes(nsm, &w, &DOCUMENT, room, &len, err);
	stop(nsm);
	if (st == TACIT_OK)
		*ret = tacit_slice_of(room.ptr, len);
	return st;
}

enum tacit_status tacit_nsm_describe(struct tacit_nsm *nsm, uint8_t *response,
				     struct tacit_nsm_description *ret, struct tacit_error *err)
{
	struct writer w = start(nsm);
	struct tacit_slice answer = { NULL, 0 };

	tacit_nsm_put_plain(&w, "DescribeNSM");
	enum tacit_status st = ask(nsm, &w, &answer, err);
	if (st == TACIT_OK && answer.len)
		memcpy(response, answer.ptr, answer.len);
	stop(nsm);
	if (st != TACIT_OK)
		return st;
	return tacit_nsm_read_description(tacit_slice_of(response, answer.len), ret, err);
}

enum tacit_status tacit_nsm_pcr(struct tacit_nsm *nsm, uint16_t index,
				uint8_t ret[static TACIT_NSM_PCR_LEN], bool *ret_locked,
				struct tacit_error *err)
{
	struct writer w = start(nsm);
	struct tacit_slice answer, data;

	tacit_nsm_put_index(&w, "DescribePCR", "index", index);
	enum tacit_status st = ask(nsm, &w, &answer, err);
	if (st == TACIT_OK)
		st = tacit_nsm_read_pcr(answer, ret_locked, &data, err);
	if (st == TACIT_OK)
		memcpy(ret, data.ptr, TACIT_NSM_PCR_LEN);
	stop(nsm);
	return st;
}

enum tacit_status tacit_nsm_extend(struct tacit_nsm *nsm, uint16_t index, struct tacit_slice data,
				   uint8_t ret[static TACIT_NSM_PCR_LEN], struct tacit_error *err)
{
	static const struct tacit_nsm_member DATA = { "ExtendPCR", "data", TACIT_NSM_PCR_LEN,
						      TACIT_NSM_PCR_LEN };
	struct writer w = start(nsm);
	size_t len = 0;

	tacit_nsm_put_extend(&w, index, data);
	enum tacit_status st =
		ask_bytes(nsm, &w, &DATA, tacit_mut_of(ret, TACIT_NSM_PCR_LEN), &len, err);
	stop(nsm);
	return st;
}

static enum tacit_status lock_some(struct tacit_nsm *nsm, const char *name, const char *member,
				   uint16_t value, struct tacit_error *err)
{
	struct writer w = start(nsm);
	struct tacit_slice answer;

	tacit_nsm_put_index(&w, name, member, value);
	enum tacit_status st = ask(nsm, &w, &answer, err);
	if (st == TACIT_OK)
		st = tacit_nsm_read_done(answer, name, err);
	stop(nsm);
	return st;
}

enum tacit_status tacit_nsm_lock(struct tacit_nsm *nsm, uint16_t index, struct tacit_error *err)
{
	return lock_some(nsm, "LockPCR", "index", index, err);
}

enum tacit_status tacit_nsm_lock_below(struct tacit_nsm *nsm, uint16_t count,
				       struct tacit_error *err)
{
	return lock_some(nsm, "LockPCRs", "range", count, err);
}

enum tacit_status tacit_nsm_random(struct tacit_nsm *nsm, uint8_t ret[static TACIT_NSM_RANDOM_MAX],
				   size_t *ret_len, struct tacit_error *err)
{
	static const struct tacit_nsm_member RANDOM = { "GetRandom", "random", 1,
							TACIT_NSM_RANDOM_MAX };
	struct writer w = start(nsm);

	tacit_nsm_put_plain(&w, "GetRandom");
	enum tacit_status st =
		ask_bytes(nsm, &w, &RANDOM, tacit_mut_of(ret, TACIT_NSM_RANDOM_MAX), ret_len, err);
	stop(nsm);
	return st;
}
