/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DOCTOR_UTIL_H
#define TESTS_UNIT_DOCTOR_UTIL_H

/* Machines that are made of files, for the doctor to look at, and what it finds there. */

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/doctor.h"
#include "tests/tap.h"

#define NOW 1795248000 /* 2026-11-21 */

static char root[64];

/* ---- machines ---------------------------------------------------------------------------------
 */

static inline void put(const char *path, const char *text)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	FILE *f = fopen(full, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(full);
		exit(99);
	}
}

static inline int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void remove_machine(void)
{
	if (root[0])
		nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void start_machine(const char *flags)
{
	char cpuinfo[512];

	remove_machine();
	snprintf(root, sizeof(root), "/tmp/tacit-doctor.XXXXXX");
	if (!mkdtemp(root))
		exit(99);
	snprintf(cpuinfo, sizeof(cpuinfo), "processor\t: 0\nflags\t\t: fpu %s sse\nbugs\t\t:\n",
		 flags);
	put("/proc/cpuinfo", cpuinfo);
	put("/proc/sys/kernel/osrelease", "6.12.1-test\n");
	put("/proc/modules", "");
}

/* What the calls of the machine answer. */
static struct answers {
	int open_code;
	enum tacit_status provider_status;
	const char *provider;
	enum tacit_tee tee; /* the one that gives evidence */
	enum tacit_status refusal;
	struct tacit_slice evidence;
	int tpm_code;
	uint32_t tpm_response;
	size_t tpm_len;
	int cid_code;
	uint32_t cid;
	int sync;
	int64_t now;
	bool network, reachable;
	const char *config; /* that inflates */
	char asked[512];    /* addresses */
} a;

static inline int open_device(void *user, const char *path)
{
	(void)user;
	(void)path;
	return a.open_code;
}

static inline enum tacit_status provider(void *user, char ret[static 32], struct tacit_error *err)
{
	(void)user;
	if (a.provider_status != TACIT_OK)
		return tacit_fail(err, a.provider_status, "tsm", 0, "fake refusal");
	snprintf(ret, 32, "%s", a.provider);
	return TACIT_OK;
}

static inline enum tacit_status attest(void *user, enum tacit_tee tee, struct tacit_mut room,
				       struct tacit_slice *ret, struct tacit_error *err)
{
	(void)user;
	if (tee != a.tee)
		return tacit_fail(err, a.refusal ? a.refusal : TACIT_UNSUPPORTED, "attest", 0,
				  "fake refusal of %s", tacit_tee_name(tee));
	if (a.evidence.len > room.len)
		return tacit_fail(err, TACIT_LIMIT, "attest", 0, "room");
	if (a.evidence.len)
		memcpy(room.ptr, a.evidence.ptr, a.evidence.len);
	*ret = tacit_slice_of(room.ptr, a.evidence.len);
	return TACIT_OK;
}

static inline int tpm(void *user, const char *device, struct tacit_slice command, uint8_t *answer,
		      size_t *len)
{
	static const uint8_t READ_PUBLIC[] = { 0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x69, 1, 0x40, 0, 1 };
	/* TPM2B_NV_PUBLIC of 2,600 bytes, TPM2B_NAME */
	static const uint8_t PUBLIC[] = { 0x80, 1, 0,    0,    0, 32, 0,    0,    0,    0,   0,
					  14,   1, 0x40, 0,    1, 0,  0x0b, 0,    2,    0,   2,
					  0,    0, 0x0a, 0x28, 0, 4,  0,    0x0b, 0xaa, 0xbb };

	(void)user;
	is_slice(command, TACIT_SLICE_ARRAY(READ_PUBLIC), "the TPM is asked for the index");
	ok(strncmp(device, "/dev/tpm", 8) == 0, "at %s", device);
	if (a.tpm_code)
		return a.tpm_code;
	memcpy(answer, PUBLIC, sizeof(PUBLIC));
	for (int i = 0; i < 4; i++)
		answer[6 + i] = (uint8_t)(a.tpm_response >> (24 - 8 * i));
	*len = a.tpm_len;
	return 0;
}

static inline int local_cid(void *user, uint32_t *ret)
{
	(void)user;
	*ret = a.cid;
	return a.cid_code;
}

static inline int inflate(void *user, const char *path, char *text, size_t *len)
{
	(void)user;
	ok(strcmp(path, "/proc/config.gz") == 0, "what is inflated is the configuration");
	if (!a.config)
		return ENOENT;
	*len = strlen(a.config);
	memcpy(text, a.config, *len);
	return 0;
}

static inline int synchronised(void *user)
{
	(void)user;
	return a.sync;
}

static inline enum tacit_status reach(void *user, const char *address, struct tacit_error *err)
{
	size_t at = strlen(a.asked);

	(void)user;
	snprintf(a.asked + at, sizeof(a.asked) - at, "%s ", address);
	return a.reachable ? TACIT_OK : tacit_fail(err, TACIT_PEER, "address", 0, "refused");
}

static struct tacit_doctor_report report;

static inline struct tacit_doctor_machine fake(void)
{
	return (struct tacit_doctor_machine){
		.root = root,
		.now = a.now ? a.now : NOW,
		.network = a.network,
		.open_device = open_device,
		.provider = provider,
		.attest = attest,
		.tpm = tpm,
		.local_cid = local_cid,
		.inflate = inflate,
		.synchronised = synchronised,
		.reach = reach,
	};
}

static inline const struct tacit_doctor_finding *find(const char *name)
{
	for (size_t i = 0; i < report.count; i++)
		if (strcmp(report.items[i].name, name) == 0)
			return &report.items[i];
	return NULL;
}

static inline void examine(const char *machine)
{
	struct tacit_doctor_machine m = fake();
	struct tacit_error err = { 0 };

	memset(&report, 0, sizeof(report));
	is_status(tacit_doctor_examine(&m, &report, &err), TACIT_OK, machine);
	ok(strcmp(report.machine, machine) == 0, "the machine is '%s' (%s)", machine,
	   report.machine);
	for (size_t i = 0; i < report.count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(report.items[i].name, report.items[j].name) == 0)
				ok(false, "%s stands there once", report.items[i].name);
}

/* The finding has this level, its text has `part`, and what mends it has `mend` (NULL: nothing). */
static inline void finds(const char *name, const char *level, const char *part, const char *mend)
{
	const struct tacit_doctor_finding *f = find(name);

	if (!ok(f != NULL, "%s is judged", name))
		return;
	ok(strcmp(tacit_doctor_level_name(f->level), level) == 0, "%s is %s (%s)", name, level,
	   tacit_doctor_level_name(f->level));
	ok(strstr(f->text, part) != NULL, "%s says '%s' (%s)", name, part, f->text);
	if (mend)
		ok(strstr(f->mend, mend) != NULL, "%s is mended by '%s' (%s)", name, mend, f->mend);
	else
		ok(!f->mend[0], "%s needs no mending (%s)", name, f->mend);
}

static inline void attests(enum tacit_tee tee)
{
	if (tee == TACIT_TEE_NONE)
		ok(report.tee_count == 0, "nothing can be attested");
	else
		ok(report.tee_count == 1 && report.tees[0] == tee, "%s can be attested",
		   tacit_tee_name(tee));
}

#endif
