/* SPDX-License-Identifier: Apache-2.0 */
#include "vhost.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/fd.h"

#define FDS_MAX     8
#define REGIONS_MAX 8
#define PAYLOAD_MAX 512
#define RING_MAX    1024
#define ANSWER_MAX  16384
#define SETTLE_MS   100 /* without another message */

#define VERSION     1u
#define IS_REPLY    4u
#define FEATURES    (UINT64_C(1) << 32 /* VERSION_1 */ | UINT64_C(1) << 30 /* protocol features */)
#define NO_FD       (1u << 8) /* in the number of a queue: no descriptor comes along */
#define QUEUE_INDEX 0xffu

/* [vhost-user.rst "Front-end message types"] */
enum {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	SET_VRING_ERR = 14,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
};

struct head {
	uint32_t request, flags, size;
};

struct message {
	struct head head;
	union {
		uint64_t number;
		struct {
			uint32_t index, number;
		} state;
		struct {
			uint32_t index, flags;
			uint64_t descriptors, used, available, log;
		} address;
		struct {
			uint32_t count, padding;
			struct {
				uint64_t guest, size, user, offset;
			} region[REGIONS_MAX];
		} memory;
		uint8_t bytes[PAYLOAD_MAX];
	} payload;
	int fds[FDS_MAX];
	size_t fd_count;
};

struct region {
	uint64_t guest, user, size, offset;
	uint8_t *mapped;
};

struct device {
	int socket;
	vhost_answer *answer;
	void *user;
	struct region regions[REGIONS_MAX];
	size_t region_count;
	uint32_t ring_size;
	uint64_t descriptors, used, available; /* addresses of the front end */
	int kick, call;
	bool enabled, settled;
	uint16_t next; /* entry of the available ring */
	uint8_t request[VHOST_REQUEST_MAX];
	size_t request_len;
};

__attribute__((format(printf, 1, 2))) static bool complain(const char *fmt, ...)
{
	va_list args;

	fputs("vhost: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

/* ---- memory -------------------------------------------------------------------------------- */

static void forget_memory(struct device *d)
{
	for (size_t i = 0; i < d->region_count; i++)
		munmap(d->regions[i].mapped, d->regions[i].size + d->regions[i].offset);
	d->region_count = 0;
}

static bool take_memory(struct device *d, const struct message *m)
{
	uint32_t count = m->payload.memory.count;

	forget_memory(d);
	if (count > REGIONS_MAX || count != m->fd_count)
		return complain("%u regions of memory, %zu descriptors", count, m->fd_count);
	for (uint32_t i = 0; i < count; i++) {
		struct region r = {
			.guest = m->payload.memory.region[i].guest,
			.user = m->payload.memory.region[i].user,
			.size = m->payload.memory.region[i].size,
			.offset = m->payload.memory.region[i].offset,
		};

		r.mapped = mmap(NULL, r.size + r.offset, PROT_READ | PROT_WRITE, MAP_SHARED,
				m->fds[i], 0);
		if (r.mapped == MAP_FAILED)
			return complain("cannot map memory: %s", strerror(errno));
		d->regions[d->region_count++] = r;
	}
	return true;
}

/* `guest`: the address is the guest's, else the front end's. NULL outside of its memory. */
static uint8_t *find(const struct device *d, uint64_t address, uint64_t len, bool guest)
{
	for (size_t i = 0; i < d->region_count; i++) {
		const struct region *r = &d->regions[i];
		uint64_t start = guest ? r->guest : r->user;

		if (address >= start && address - start <= r->size &&
		    len <= r->size - (address - start))
			return r->mapped + r->offset + (address - start);
	}
	return NULL;
}

/* ---- the queue ----------------------------------------------------------------------------- */

struct ring {
	struct vring_desc *descriptors;
	struct vring_avail *available;
	struct vring_used *used;
	uint16_t size;
};

static bool open_ring(const struct device *d, struct ring *ret)
{
	uint64_t n = d->ring_size;

	if (n == 0 || n > RING_MAX)
		return complain("a queue of %llu", (unsigned long long)n);
	ret->size = (uint16_t)n;
	ret->descriptors = (void *)find(d, d->descriptors, n * sizeof(struct vring_desc), false);
	ret->available = (void *)find(d, d->available, 6 + 2 * n, false);
	ret->used = (void *)find(d, d->used, 6 + n * sizeof(struct vring_used_elem), false);
	return (ret->descriptors && ret->available && ret->used) ||
	       complain("a queue outside of memory");
}

/* One buffer of a chain: gathers what the guest wrote, fills what it left room for. */
static bool pass_buffer(struct device *d, const struct vring_desc *desc, struct tacit_slice *left)
{
	uint8_t *at = find(d, desc->addr, desc->len, true);

	if (!at)
		return complain("a buffer outside of memory");
	if (desc->flags & VRING_DESC_F_WRITE) {
		size_t n = left->len < desc->len ? left->len : desc->len;

		if (n)
			memcpy(at, left->ptr, n);
		*left = tacit_slice_of(left->ptr + n, left->len - n);
		return true;
	}
	if (desc->len > sizeof(d->request) - d->request_len)
		return complain("a request of more than %zu bytes", sizeof(d->request));
	memcpy(d->request + d->request_len, at, desc->len);
	d->request_len += desc->len;
	return true;
}

static struct tacit_slice make_answer(struct device *d)
{
	static uint8_t room[ANSWER_MAX];
	struct tacit_slice request = tacit_slice_of(d->request, d->request_len);

	d->request_len = 0;
	return d->answer(d->user, request, tacit_mut_of(room, sizeof(room)));
}

/* `*ret_written`: how much of an answer it took; `*ret_answered`: there was room for one. */
static bool pass_chain(struct device *d, const struct ring *ring, uint16_t first,
		       uint32_t *ret_written, bool *ret_answered)
{
	struct tacit_slice answer = { NULL, 0 }, left = { NULL, 0 };
	bool answered = false;
	uint16_t i = first;

	for (unsigned steps = 0; steps < ring->size; steps++) {
		if (i >= ring->size)
			return complain("descriptor %u of %u", i, ring->size);
		const struct vring_desc desc = ring->descriptors[i];

		if (desc.flags & VRING_DESC_F_WRITE && !answered) {
			answer = left = make_answer(d);
			answered = true;
		}
		if (!pass_buffer(d, &desc, &left))
			return false;
		if (!(desc.flags & VRING_DESC_F_NEXT)) {
			*ret_written = (uint32_t)(answer.len - left.len);
			*ret_answered = answered;
			return true;
		}
		i = desc.next;
	}
	return complain("a chain without an end");
}

static void give_back(struct ring *ring, uint16_t chain, uint32_t written)
{
	uint16_t at = ring->used->idx;

	ring->used->ring[at % ring->size] = (struct vring_used_elem){ chain, written };
	__atomic_store_n(&ring->used->idx, (uint16_t)(at + 1), __ATOMIC_RELEASE);
}

static bool serve_queue(struct device *d)
{
	const uint64_t one = 1;
	struct ring ring = { 0 };

	if (!open_ring(d, &ring))
		return false;
	while (d->next != __atomic_load_n(&ring.available->idx, __ATOMIC_ACQUIRE)) {
		uint16_t chain = ring.available->ring[d->next % ring.size];
		uint32_t written = 0;
		bool answered = false;

		if (!pass_chain(d, &ring, chain, &written, &answered))
			return false;
		give_back(&ring, chain, written);
		d->next++;
		if (answered && d->call >= 0 && write(d->call, &one, sizeof(one)) < 0)
			return complain("cannot interrupt: %s", strerror(errno));
	}
	return true;
}

/* ---- the front end ------------------------------------------------------------------------- */

static void take_fd(int *slot, struct message *m)
{
	tacit_fd_close(slot);
	if (m->payload.number & NO_FD || m->fd_count == 0)
		return;
	*slot = m->fds[0];
	m->fds[0] = -1;
}

static bool reply(struct device *d, struct message *m, uint32_t size)
{
	m->head.flags = VERSION | IS_REPLY;
	m->head.size = size;
	const struct iovec parts[] = { { &m->head, sizeof(m->head) }, { &m->payload, size } };
	return writev(d->socket, parts, 2) == (ssize_t)(sizeof(m->head) + size) ||
	       complain("cannot answer: %s", strerror(errno));
}

static bool stop_queue(struct device *d, struct message *m)
{
	tacit_fd_close(&d->kick);
	d->enabled = false;
	m->payload.state.number = d->next;
	return reply(d, m, sizeof(m->payload.state));
}

static bool obey(struct device *d, struct message *m)
{
	switch (m->head.request) {
	case GET_FEATURES:
		m->payload.number = FEATURES;
		return reply(d, m, 8);
	case GET_PROTOCOL_FEATURES:
		m->payload.number = 0;
		return reply(d, m, 8);
	case GET_QUEUE_NUM:
		m->payload.number = 1;
		return reply(d, m, 8);
	case SET_MEM_TABLE:
		return take_memory(d, m);
	case SET_VRING_NUM:
		d->ring_size = m->payload.state.number;
		return true;
	case SET_VRING_ADDR:
		d->descriptors = m->payload.address.descriptors;
		d->used = m->payload.address.used;
		d->available = m->payload.address.available;
		return true;
	case SET_VRING_BASE:
		d->next = (uint16_t)m->payload.state.number;
		return true;
	case GET_VRING_BASE:
		return stop_queue(d, m);
	case SET_VRING_KICK:
		take_fd(&d->kick, m);
		return true;
	case SET_VRING_CALL:
		take_fd(&d->call, m);
		return true;
	case SET_FEATURES:
	case SET_OWNER:
	case SET_VRING_ERR:
	case SET_PROTOCOL_FEATURES:
		return true;
	case SET_VRING_ENABLE:
		d->enabled = m->payload.state.number != 0;
		d->settled = false;
		return true;
	default:
		return complain("request %u is not known", m->head.request);
	}
}

static void take_fds(struct msghdr *from, struct message *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(from); c; c = CMSG_NXTHDR(from, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		m->fd_count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(m->fds, CMSG_DATA(c), m->fd_count * sizeof(int));
	}
}

/* 1: a message, 0: the end, -1: after a complaint. */
static int receive(struct device *d, struct message *m)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec part = { &m->head, sizeof(m->head) };
	struct msghdr how = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	memset(m, 0, sizeof(*m));
	ssize_t n = recvmsg(d->socket, &how, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	take_fds(&how, m);
	if (n != (ssize_t)sizeof(m->head) || m->head.size > sizeof(m->payload)) {
		complain("a message of %u bytes", m->head.size);
		return -1;
	}
	if (m->head.size &&
	    recv(d->socket, &m->payload, m->head.size, MSG_WAITALL) != (ssize_t)m->head.size) {
		complain("a message cut short");
		return -1;
	}
	return 1;
}

static int take_message(struct device *d)
{
	struct message m;
	int got = receive(d, &m);

	if (got > 0 && !obey(d, &m))
		got = -1;
	for (size_t i = 0; i < m.fd_count; i++)
		tacit_fd_close(&m.fds[i]);
	return got;
}

/*
 * QEMU enables the queue and says in its next message where interrupts go now: what is answered in
 * between interrupts nobody, and the driver waits for it for two minutes.
 */
static int settle(struct device *d)
{
	struct pollfd more = { .fd = d->socket, .events = POLLIN };
	int got = 1;

	while (got > 0 && poll(&more, 1, SETTLE_MS) > 0)
		got = take_message(d);
	d->settled = true;
	return got;
}

static bool take_kick(struct device *d)
{
	uint64_t count;

	if (read(d->kick, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return complain("cannot be kicked: %s", strerror(errno));
	return serve_queue(d);
}

bool vhost_serve(int socket, vhost_answer *answer, void *user)
{
	static struct device d;
	int got = 1;

	d = (struct device){
		.socket = socket, .answer = answer, .user = user, .kick = -1, .call = -1
	};
	while (got > 0) {
		/*
		 * A kick waits until the queue is enabled [vhost-user.rst "Ring states"]: drivers
		 * may kick before QEMU has said where interrupts go, and the answer to that kick
		 * would interrupt nobody.
		 */
		struct pollfd fds[] = { { .fd = socket, .events = POLLIN },
					{ .fd = d.enabled ? d.kick : -1, .events = POLLIN } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return complain("poll: %s", strerror(errno));
		if (fds[0].revents)
			got = take_message(&d);
		if (got > 0 && fds[1].revents && d.enabled && !d.settled)
			got = settle(&d);
		if (got > 0 && fds[1].revents && d.enabled && !take_kick(&d))
			got = -1;
	}
	tacit_fd_close(&d.kick);
	tacit_fd_close(&d.call);
	forget_memory(&d);
	return got == 0;
}
