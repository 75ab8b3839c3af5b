/* SPDX-License-Identifier: Apache-2.0 */

/*
 * enclaves.so, for LD_PRELOAD: a parent instance whose enclave is a thread. /dev/nitro_enclaves and
 * its ioctls behave as the driver says they do, memory in huge pages is ordinary, and AF_VSOCK
 * becomes unix sockets in the folder ENCLAVES.
 *
 * ENCLAVES_FAULT is "STEP NUMBER": this step (open create info memory cpu start) fails with that
 * errno. ENCLAVES_HUGE_MIB is how much there is in huge pages (1024).
 * ENCLAVES_BEAT is how the enclave says that it is up: "" as usual, "none", "wrong" for another
 * byte, "stranger" for another CID first. When a file ENCLAVES/end appears, it ends.
 * What it was given is written to ENCLAVES/given and its image to ENCLAVES/image.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nitro_enclaves.h>
#include <linux/vm_sockets.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORT  __attribute__((visibility("default")))
#define DEVICE  "/dev/nitro_enclaves"
#define OFFSET  (UINT64_C(8) << 20)
#define PAGE    (UINT64_C(2) << 20)
#define REGIONS 64

/* The system's headers declare these with a union for the address, which ISO C calls another type.
 */
EXPORT int our_bind(int fd, const struct sockaddr *name, socklen_t len) __asm__("bind");
EXPORT int our_connect(int fd, const struct sockaddr *name, socklen_t len) __asm__("connect");
EXPORT int our_getsockname(int fd, struct sockaddr *name, socklen_t *len) __asm__("getsockname");
EXPORT int our_accept4(int fd, struct sockaddr *name, socklen_t *len, int how) __asm__("accept4");

static int device = -1, enclave = -1, other_end = -1;
static uint64_t taken; /* of the huge pages */
static uint64_t region_at[REGIONS], region_len[REGIONS], memory, cpus, cid, flags;
static size_t regions;
static _Atomic unsigned peer;
static int vsock_fds[64];
static size_t vsock_count;

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

#define NEXT(type, name)          \
	__typeof__(type) real;    \
	void *found = next(name); \
	memcpy(&real, &found, sizeof(real))

static void name_file(char *room, size_t size, const char *name)
{
	snprintf(room, size, "%s/%s", getenv("ENCLAVES"), name);
}

static int fails(const char *step)
{
	const char *fault = getenv("ENCLAVES_FAULT");
	size_t len = strlen(step);

	if (!fault || strncmp(fault, step, len) != 0 || fault[len] != ' ')
		return 0;
	errno = (int)strtol(fault + len, NULL, 10);
	return 1;
}

static int fail_with(int code)
{
	errno = code;
	return -1;
}

/* ---- vsock ----------------------------------------------------------------------------------- */

static int is_vsock(int fd)
{
	for (size_t i = 0; i < vsock_count; i++)
		if (vsock_fds[i] == fd)
			return 1;
	return 0;
}

static struct sockaddr_un unix_of(const struct sockaddr_vm *from, int listening)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char name[40];

	if (listening)
		snprintf(name, sizeof(name), "port-%u", from->svm_port);
	else
		snprintf(name, sizeof(name), "cid-%u-%u", from->svm_cid, from->svm_port);
	name_file(to.sun_path, sizeof(to.sun_path), name);
	return to;
}

EXPORT int socket(int domain, int type, int protocol)
{
	NEXT(int (*)(int, int, int), "socket");
	int fd = real(domain == AF_VSOCK ? AF_UNIX : domain, type, protocol);

	if (domain == AF_VSOCK && fd >= 0 && !is_vsock(fd) && vsock_count < 64)
		vsock_fds[vsock_count++] = fd;
	return fd;
}

EXPORT int close(int fd)
{
	NEXT(int (*)(int), "close");
	for (size_t i = 0; i < vsock_count; i++)
		if (vsock_fds[i] == fd)
			vsock_fds[i] = -1;
	return real(fd);
}

int our_bind(int fd, const struct sockaddr *name, socklen_t len)
{
	NEXT(int (*)(int, const struct sockaddr *, socklen_t), "bind");
	if (name->sa_family != AF_VSOCK)
		return real(fd, name, len);
	struct sockaddr_vm from;
	memcpy(&from, name, sizeof(from));
	struct sockaddr_un to = unix_of(&from, 1);
	return real(fd, (struct sockaddr *)&to, sizeof(to));
}

int our_getsockname(int fd, struct sockaddr *name, socklen_t *len)
{
	NEXT(int (*)(int, struct sockaddr *, socklen_t *), "getsockname");
	if (!is_vsock(fd))
		return real(fd, name, len);
	const struct sockaddr_vm own = { .svm_family = AF_VSOCK,
					 .svm_cid = VMADDR_CID_ANY,
					 .svm_port = 9000 };
	memcpy(name, &own, sizeof(own));
	*len = sizeof(own);
	return 0;
}

int our_connect(int fd, const struct sockaddr *name, socklen_t len)
{
	NEXT(int (*)(int, const struct sockaddr *, socklen_t), "connect");
	if (name->sa_family != AF_VSOCK)
		return real(fd, name, len);
	struct sockaddr_vm from;
	memcpy(&from, name, sizeof(from));
	struct sockaddr_un to = unix_of(&from, 0);
	return real(fd, (struct sockaddr *)&to, sizeof(to));
}

int our_accept4(int fd, struct sockaddr *name, socklen_t *len, int how)
{
	NEXT(int (*)(int, struct sockaddr *, socklen_t *, int), "accept4");
	if (!is_vsock(fd) || !name)
		return real(fd, name, len, how);
	int got = real(fd, NULL, NULL, how);
	const struct sockaddr_vm from = { .svm_family = AF_VSOCK, .svm_cid = peer };
	memcpy(name, &from, sizeof(from));
	*len = sizeof(from);
	return got;
}

/* ---- the enclave ------------------------------------------------------------------------------
 */

/* Says a byte to the parent from a CID; what it answers, -1 for nothing. */
static int beat(unsigned from, uint8_t byte)
{
	const struct sockaddr_vm parent = { .svm_port = 9000 };
	struct sockaddr_un to = unix_of(&parent, 1);
	uint8_t answer = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), got = -1;

	peer = from;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && recv(fd, &answer, 1, 0) == 1)
		got = answer;
	close(fd);
	return got;
}

static void note(const char *name, const char *text)
{
	char path[4096];

	name_file(path, sizeof(path), name);
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static void *live(void *arg)
{
	const char *how = getenv("ENCLAVES_BEAT");
	char end[4096];

	(void)arg;
	if (how && strcmp(how, "stranger") == 0 && beat((unsigned)cid + 1, 0xb7) >= 0)
		note("stranger", "was answered\n");
	if (how && strcmp(how, "wrong") == 0 && beat((unsigned)cid, 0xb8) >= 0)
		note("wrong", "was answered\n");
	if ((!how || !*how || strcmp(how, "stranger") == 0) && beat((unsigned)cid, 0xb7) == 0xb7)
		note("beat", "was answered\n");
	name_file(end, sizeof(end), "end");
	while (access(end, F_OK))
		usleep(10000);
	close(other_end);
	return NULL;
}

static void give(void)
{
	char path[4096], text[256];
	uint64_t at = OFFSET, left = 0;

	name_file(path, sizeof(path), "image");
	FILE *f = fopen(path, "wb");
	for (size_t i = 0; f && i < regions; i++) {
		if (at < region_len[i]) {
			left = region_len[i] - at;
			if (fwrite((void *)(uintptr_t)(region_at[i] + at), 1, left, f) != left)
				abort();
			at = 0;
		} else {
			at -= region_len[i];
		}
	}
	if (!f || fclose(f))
		abort();
	snprintf(text, sizeof(text), "cpus %llu memory %llu regions %zu cid %llu flags %llu\n",
		 (unsigned long long)cpus, (unsigned long long)memory, regions,
		 (unsigned long long)cid, (unsigned long long)flags);
	note("given", text);
}

/* ---- the driver -------------------------------------------------------------------------------
 */

static int create(void)
{
	int ends[2];

	if (fails("create"))
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		abort();
	enclave = ends[0];
	other_end = ends[1];
	return enclave;
}

static int set_memory(const struct ne_user_memory_region *region)
{
	if (fails("memory"))
		return -1;
	if (region->flags)
		return fail_with(NE_ERR_INVALID_FLAG_VALUE);
	if (!region->memory_size || region->memory_size % PAGE)
		return fail_with(NE_ERR_INVALID_MEM_REGION_SIZE);
	if (regions == REGIONS)
		return fail_with(NE_ERR_MEM_MAX_REGIONS);
	region_at[regions] = region->userspace_addr;
	region_len[regions++] = region->memory_size;
	memory += region->memory_size;
	return 0;
}

static int start(struct ne_enclave_start_info *info)
{
	pthread_t thread;

	if (fails("start"))
		return -1;
	if (!regions)
		return fail_with(NE_ERR_NO_MEM_REGIONS_ADDED);
	if (!cpus)
		return fail_with(NE_ERR_NO_VCPUS_ADDED);
	if (cpus % 2)
		return fail_with(NE_ERR_FULL_CORES_NOT_USED);
	cid = info->enclave_cid ? info->enclave_cid : 42;
	flags = info->flags;
	info->enclave_cid = cid;
	give();
	return pthread_create(&thread, NULL, live, NULL);
}

static int load_info(struct ne_image_load_info *info)
{
	if (fails("info"))
		return -1;
	if (info->flags != NE_EIF_IMAGE)
		return fail_with(NE_ERR_INVALID_FLAG_VALUE);
	info->memory_offset = OFFSET;
	return 0;
}

static int add_cpu(uint32_t *cpu)
{
	if (fails("cpu"))
		return -1;
	if (cpus == 4)
		return fail_with(NE_ERR_NO_CPUS_AVAIL_IN_POOL);
	*cpu = (uint32_t)++cpus;
	return 0;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (fd == device && request == NE_CREATE_VM)
		return create();
	if (fd == enclave && enclave >= 0) {
		if (request == NE_SET_USER_MEMORY_REGION)
			return set_memory(arg);
		if (request == NE_GET_IMAGE_LOAD_INFO)
			return load_info(arg);
		if (request == NE_ADD_VCPU)
			return add_cpu(arg);
		return request == NE_START_ENCLAVE ? start(arg) : fail_with(ENOTTY);
	}
	NEXT(int (*)(int, unsigned long, ...), "ioctl");
	return real(fd, request, arg);
}

EXPORT int open(const char *path, int how, ...)
{
	va_list args;

	va_start(args, how);
	mode_t mode = how & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	NEXT(int (*)(const char *, int, ...), "open");
	if (strcmp(path, DEVICE) != 0)
		return real(path, how, mode);
	if (fails("open"))
		return -1;
	device = real("/dev/null", O_RDWR | O_CLOEXEC);
	return device;
}

EXPORT int access(const char *path, int how)
{
	NEXT(int (*)(const char *, int), "access");
	return strcmp(path, DEVICE) == 0 ? 0 : real(path, how);
}

EXPORT void *mmap(void *at, size_t len, int protection, int how, int fd, off_t offset)
{
	NEXT(void *(*)(void *, size_t, int, int, int, off_t), "mmap");
	const char *text = getenv("ENCLAVES_HUGE_MIB");
	uint64_t there = (text ? strtoull(text, NULL, 10) : 1024) << 20;

	if (!(how & MAP_HUGETLB))
		return real(at, len, protection, how, fd, offset);
	/* Pages of 2 MiB alone [linux/mman.h: the size's logarithm, from bit 26 on]. */
	if ((unsigned)how >> 26 != 21 || len % PAGE || len > there - taken) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	taken += len;
	return real(at, len, protection, how & (MAP_HUGETLB - 1), fd, offset);
}
