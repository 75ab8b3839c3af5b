/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/enclave.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <linux/nitro_enclaves.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/fd.h"

#define WHERE "nitro_enclaves"
#define PAGE  (UINT64_C(2) << 20)

struct region {
	uint8_t *at;
	uint64_t len;
};

struct tacit_enclave {
	int fd;
	uint32_t cid;
	size_t region_count;
	struct region regions[TACIT_ENCLAVE_REGIONS];
};

/* ---- errors ---------------------------------------------------------------------------------- */

#define ALLOCATOR                                       \
	"see /etc/nitro_enclaves/allocator.yaml, then " \
	"'systemctl restart nitro-enclaves-allocator'"

/* The driver's own codes, which are no errno values of the system [linux/nitro_enclaves.h]. */
static const struct {
	int code;
	enum tacit_status status;
	const char *words;
} FAULTS[] = {
	{ NE_ERR_VCPU_ALREADY_USED, TACIT_IO, "the CPU is in use by an enclave" },
	{ NE_ERR_VCPU_NOT_IN_CPU_POOL, TACIT_IO, "the CPU is not reserved; " ALLOCATOR },
	{ NE_ERR_VCPU_INVALID_CPU_CORE, TACIT_IO, "the CPU's core is not reserved; " ALLOCATOR },
	{ NE_ERR_INVALID_MEM_REGION_SIZE, TACIT_USAGE, "memory comes in multiples of 2 MiB" },
	{ NE_ERR_INVALID_MEM_REGION_ADDR, TACIT_INTERNAL, "an address that is none" },
	{ NE_ERR_UNALIGNED_MEM_REGION_ADDR, TACIT_INTERNAL, "an address that is not aligned" },
	{ NE_ERR_MEM_REGION_ALREADY_USED, TACIT_INTERNAL, "memory that was given before" },
	{ NE_ERR_MEM_NOT_HUGE_PAGE, TACIT_IO, "memory is not in huge pages; " ALLOCATOR },
	{ NE_ERR_MEM_DIFFERENT_NUMA_NODE, TACIT_IO,
	  "memory and CPUs are on different NUMA nodes; " ALLOCATOR },
	{ NE_ERR_MEM_MAX_REGIONS, TACIT_IO,
	  "memory is in too many pieces; reserve it soon after the machine starts" },
	{ NE_ERR_NO_MEM_REGIONS_ADDED, TACIT_INTERNAL, "no memory was given" },
	{ NE_ERR_NO_VCPUS_ADDED, TACIT_INTERNAL, "no CPUs were given" },
	{ NE_ERR_ENCLAVE_MEM_MIN_SIZE, TACIT_USAGE, "an enclave wants 64 MiB at least" },
	{ NE_ERR_FULL_CORES_NOT_USED, TACIT_USAGE,
	  "CPUs come in whole cores: where a core has two, an even number" },
	{ NE_ERR_NOT_IN_INIT_STATE, TACIT_INTERNAL, "the enclave runs already" },
	{ NE_ERR_INVALID_VCPU, TACIT_IO, "there is no such CPU" },
	{ NE_ERR_NO_CPUS_AVAIL_IN_POOL, TACIT_IO, "not enough CPUs are reserved; " ALLOCATOR },
	{ NE_ERR_INVALID_PAGE_SIZE, TACIT_IO, "the huge pages are not of 2 MiB or more" },
	{ NE_ERR_INVALID_FLAG_VALUE, TACIT_UNSUPPORTED, "the driver does not know a flag" },
	{ NE_ERR_INVALID_ENCLAVE_CID, TACIT_USAGE, "the CID is reserved, or this machine's own" },
};

static enum tacit_status fail(struct tacit_error *err, const char *what)
{
	int code = errno;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(FAULTS); i++)
		if (FAULTS[i].code == code)
			return tacit_fail(err, FAULTS[i].status, WHERE, 0, "%s: %s", what,
					  FAULTS[i].words);
	if (code == EACCES || code == EPERM)
		return tacit_fail(err, TACIT_DENIED, WHERE, 0,
				  "%s: %s: be root, or in the group 'ne'", what, strerror(code));
	if (code == ENOMEM)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: not enough memory", what);
	return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", what, strerror(code));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool map_region(struct tacit_enclave *e, uint64_t len, int huge)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | huge, -1, 0);

	if (at == MAP_FAILED)
		return false;
	e->regions[e->region_count++] = (struct region){ at, len };
	return true;
}

/* Takes what there is of one size of pages, in as few pieces as go; gives what is still missing. */
static uint64_t map_pages(struct tacit_enclave *e, uint64_t want, uint64_t page, int huge)
{
	uint64_t piece = want / page * page;

	while (piece >= page && want >= page && e->region_count < TACIT_ENCLAVE_REGIONS) {
		if (piece > want)
			piece = want / page * page;
		if (map_region(e, piece, huge))
			want -= piece;
		else
			piece = piece / 2 / page * page;
	}
	return want;
}

static enum tacit_status map_memory(struct tacit_enclave *e, uint64_t memory,
				    struct tacit_error *err)
{
	uint64_t missing = map_pages(e, memory, UINT64_C(1) << 30, MAP_HUGE_1GB);

	missing = map_pages(e, missing, PAGE, MAP_HUGE_2MB);
	if (missing)
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "%llu of %llu MiB are not there in huge pages; " ALLOCATOR,
				  (unsigned long long)(missing >> 20),
				  (unsigned long long)(memory >> 20));
	return TACIT_OK;
}

/* `at` bytes into the enclave's memory, up to the end of the region that it is in. */
static struct tacit_mut place(const struct tacit_enclave *e, uint64_t at)
{
	for (size_t i = 0; i < e->region_count; i++) {
		const struct region *r = &e->regions[i];

		if (at < r->len)
			return tacit_mut_of(r->at + at, (size_t)(r->len - at));
		at -= r->len;
	}
	return tacit_mut_of(NULL, 0);
}

static enum tacit_status put_image(const struct tacit_enclave *e, int image, uint64_t offset,
				   uint64_t size, struct tacit_error *err)
{
	for (uint64_t at = 0; at < size;) {
		struct tacit_mut room = place(e, offset + at);
		size_t len = size - at < room.len ? (size_t)(size - at) : room.len;

		if (!len)
			return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the image has no room");
		ssize_t n = pread(image, room.ptr, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot read the image: %s",
					  n ? strerror(errno) : "it shrank");
		at += (uint64_t)n;
	}
	return TACIT_OK;
}

static enum tacit_status give_memory(const struct tacit_enclave *e, struct tacit_error *err)
{
	for (size_t i = 0; i < e->region_count; i++) {
		struct ne_user_memory_region region = {
			.flags = NE_DEFAULT_MEMORY_REGION,
			.memory_size = e->regions[i].len,
			.userspace_addr = (uintptr_t)e->regions[i].at,
		};

		if (ioctl(e->fd, NE_SET_USER_MEMORY_REGION, &region) < 0)
			return fail(err, "cannot give memory");
	}
	return TACIT_OK;
}

static enum tacit_status load(struct tacit_enclave *e, const struct tacit_enclave_options *o,
			      uint64_t size, struct tacit_error *err)
{
	struct ne_image_load_info info = { .flags = NE_EIF_IMAGE };

	if (ioctl(e->fd, NE_GET_IMAGE_LOAD_INFO, &info) < 0)
		return fail(err, "cannot ask where the image goes");
	if (info.memory_offset > o->memory || size > o->memory - info.memory_offset)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the image has no room");
	enum tacit_status st = map_memory(e, o->memory, err);
	if (st == TACIT_OK)
		st = put_image(e, o->image, info.memory_offset, size, err);
	return st == TACIT_OK ? give_memory(e, err) : st;
}

/* ---- starting -------------------------------------------------------------------------------- */

static enum tacit_status check(const struct tacit_enclave_options *o, uint64_t *ret_size,
			       struct tacit_error *err)
{
	struct stat st;

	if (fstat(o->image, &st) || !S_ISREG(st.st_mode))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the image is no file");
	*ret_size = (uint64_t)st.st_size;
	if (o->memory % PAGE)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "memory comes in multiples of 2 MiB");
	if (*ret_size > o->memory / TACIT_ENCLAVE_FACTOR)
		return tacit_fail(
			err, TACIT_USAGE, WHERE, 0,
			"an image of %llu MiB wants %u times that: --memory %llu or more",
			(unsigned long long)(*ret_size >> 20), TACIT_ENCLAVE_FACTOR,
			(unsigned long long)(*ret_size * TACIT_ENCLAVE_FACTOR / PAGE * 2 + 2));
	return TACIT_OK;
}

static enum tacit_status create(struct tacit_enclave *e, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int device = open(TACIT_ENCLAVE_DEVICE, O_RDWR | O_CLOEXEC);
	uint64_t slot = 0;

	if (device < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  TACIT_ENCLAVE_DEVICE
				  " is not there: an EC2 instance with enclaves "
				  "enabled and the driver nitro_enclaves have it");
	if (device < 0)
		return fail(err, TACIT_ENCLAVE_DEVICE);
	e->fd = ioctl(device, NE_CREATE_VM, &slot);
	if (e->fd < 0)
		return fail(err, "cannot make an enclave");
	(void)fcntl(e->fd, F_SETFD, FD_CLOEXEC);
	return TACIT_OK;
}

static enum tacit_status give_cpus(const struct tacit_enclave *e, uint64_t cpus,
				   struct tacit_error *err)
{
	for (uint64_t i = 0; i < cpus; i++) {
		uint32_t cpu = 0; /* one of the pool */

		if (ioctl(e->fd, NE_ADD_VCPU, &cpu) < 0)
			return fail(err, "cannot give a CPU");
	}
	return TACIT_OK;
}

static enum tacit_status go(struct tacit_enclave *e, const struct tacit_enclave_options *o,
			    struct tacit_error *err)
{
	struct ne_enclave_start_info info = {
		.flags = o->debug ? NE_ENCLAVE_DEBUG_MODE : NE_ENCLAVE_PRODUCTION_MODE,
		.enclave_cid = o->cid,
	};

	if (ioctl(e->fd, NE_START_ENCLAVE, &info) < 0)
		return fail(err, "cannot start the enclave");
	if (info.enclave_cid == 0 || info.enclave_cid > UINT32_MAX)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "the driver gave no CID");
	e->cid = (uint32_t)info.enclave_cid;
	return TACIT_OK;
}

enum tacit_status tacit_enclave_start(const struct tacit_enclave_options *options,
				      struct tacit_enclave **ret, struct tacit_error *err)
{
	uint64_t size = 0;
	enum tacit_status st = check(options, &size, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_enclave *e = calloc(1, sizeof(*e));
	if (!e)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	e->fd = -1;
	st = create(e, err);
	if (st == TACIT_OK)
		st = load(e, options, size, err);
	if (st == TACIT_OK)
		st = give_cpus(e, options->cpus, err);
	if (st == TACIT_OK)
		st = go(e, options, err);
	if (st == TACIT_OK)
		*ret = e;
	else
		tacit_enclave_free(e);
	return st;
}

uint32_t tacit_enclave_cid(const struct tacit_enclave *enclave)
{
	return enclave->cid;
}

int tacit_enclave_fd(const struct tacit_enclave *enclave)
{
	return enclave->fd;
}

void tacit_enclave_free(struct tacit_enclave *enclave)
{
	if (!enclave)
		return;
	if (enclave->fd >= 0)
		close(enclave->fd);
	for (size_t i = 0; i < enclave->region_count; i++)
		munmap(enclave->regions[i].at, enclave->regions[i].len);
	free(enclave);
}
