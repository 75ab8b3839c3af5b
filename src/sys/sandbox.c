/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/fd.h"
#include "sys/sandbox_ioctl.h"

#define WHERE "sandbox"

/*
 * Landlock's rights by the version that brought them, since headers of older systems name only
 * the first thirteen [landlock(7)].
 */
#define FS_RIGHTS_1 ((1u << 13) - 1)
#define FS_READ (1u << 2 | 1u << 3)
#define FS_WRITE_FILE (1u << 1)
#define FS_REMOVE_FILE (1u << 5)
#define FS_MAKE_FOLDER (1u << 7)
#define FS_MAKE_FILE (1u << 8)
#define FS_RIGHT_REFER (1u << 13)
#define FS_RIGHT_TRUNCATE (1u << 14)
#define FS_RIGHT_IOCTL_DEV (1u << 15)
#define NET_BIND_AND_CONNECT 3u
#define FS_WRITE_FILES                                                                   \
	(FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_FOLDER | FS_MAKE_FILE | FS_RIGHT_TRUNCATE)

/* The kernel's struct since version 4; earlier kernels are given its first member alone. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
};

static enum tacit_status fail_errno(struct tacit_error *err, const char *what, int number)
{
	return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "%s: %s", what, strerror(number));
}

static uint64_t fs_rights(long version)
{
	uint64_t rights = FS_RIGHTS_1;

	if (version >= 2)
		rights |= FS_RIGHT_REFER;
	if (version >= 3)
		rights |= FS_RIGHT_TRUNCATE;
	if (version >= 5)
		rights |= FS_RIGHT_IOCTL_DEV;
	return rights;
}

/* What is taken away, and the folders where some of it is given back. */
struct places {
	uint64_t taken, net;
	uint64_t given;
	const char *const *folders;
	size_t count;
};

static enum tacit_status allow(int rules, const char *folder, uint64_t rights,
			       struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open(folder, O_PATH | O_CLOEXEC | O_DIRECTORY);
	struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };

	if (fd < 0)
		return fail_errno(err, "cannot open a folder that stays", errno);
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		return fail_errno(err, "Landlock refuses a rule", errno);
	return TACIT_OK;
}

static enum tacit_status enter_landlock(const struct places *places,
					struct tacit_sandbox_report *report,
					struct tacit_error *err)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return TACIT_OK; /* not in this kernel */

	struct ruleset want = { .fs = fs_rights(version) & places->taken, .net = places->net };
	size_t size = version >= 4 ? sizeof(want) : sizeof(want.fs);
	TACIT_CLEANUP(tacit_fd_close)
	int rules = (int)syscall(SYS_landlock_create_ruleset, &want, size, 0);
	if (rules < 0)
		return fail_errno(err, "Landlock refuses its rules", errno);
	for (size_t i = 0; i < places->count; i++) {
		enum tacit_status st =
			allow(rules, places->folders[i], places->given & want.fs, err);

		if (st != TACIT_OK)
			return st;
	}
	if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		return fail_errno(err, "Landlock cannot be entered", errno);
	report->files = true;
	report->outbound = version >= 4 && places->net != 0;
	return TACIT_OK;
}

/* All that judging needs; what is not here fails with EPERM. */
static const int JUDGE_CALLS[] = {
	SCMP_SYS(read),		  SCMP_SYS(write),	     SCMP_SYS(writev),
	SCMP_SYS(close),	  SCMP_SYS(lseek),	     SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),	  SCMP_SYS(brk),	     SCMP_SYS(mmap),
	SCMP_SYS(munmap),	  SCMP_SYS(mremap),	     SCMP_SYS(mprotect),
	SCMP_SYS(madvise),	  SCMP_SYS(futex),	     SCMP_SYS(clone),
	SCMP_SYS(clone3),	  SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),	  SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid),
	SCMP_SYS(getpid),	  SCMP_SYS(tgkill),	     SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),	  SCMP_SYS(rt_sigreturn),    SCMP_SYS(sigaltstack),
	SCMP_SYS(clock_gettime),  SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),	  SCMP_SYS(restart_syscall), SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/*
 * What a server never does once it serves. The rest stays allowed: the engine and its threads use
 * too much to list without breaking on the next release of a library.
 */
static const int NOT_FOR_SERVERS[] = {
	SCMP_SYS(execve),	    SCMP_SYS(execveat),		SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(mount),
	SCMP_SYS(umount2),	    SCMP_SYS(pivot_root),	SCMP_SYS(chroot),
	SCMP_SYS(setns),	    SCMP_SYS(unshare),		SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),  SCMP_SYS(userfaultfd),	SCMP_SYS(kexec_load),
	SCMP_SYS(init_module),	    SCMP_SYS(finit_module),	SCMP_SYS(delete_module),
	SCMP_SYS(add_key),	    SCMP_SYS(request_key),	SCMP_SYS(keyctl),
	SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at), SCMP_SYS(io_uring_setup),
	SCMP_SYS(reboot),	    SCMP_SYS(swapon),		SCMP_SYS(syslog),
};

static const struct scmp_arg_cmp ASKS_IF_TERMINAL = { .arg = 1,
						      .op = SCMP_CMP_EQ,
						      .datum_a = TCGETS };

static void release_filter(scmp_filter_ctx *filter)
{
	seccomp_release(*filter);
}

static enum tacit_status enter_seccomp(enum tacit_sandbox_profile profile,
				       struct tacit_sandbox_report *report, struct tacit_error *err)
{
	bool judge = profile == TACIT_SANDBOX_JUDGE;
	const int *calls = judge ? JUDGE_CALLS : NOT_FOR_SERVERS;
	size_t count = judge ? TACIT_ARRAY_LEN(JUDGE_CALLS) : TACIT_ARRAY_LEN(NOT_FOR_SERVERS);
	uint32_t listed = judge ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);

	TACIT_CLEANUP(release_filter)
	scmp_filter_ctx filter = seccomp_init(judge ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
	if (!filter)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	/* All threads of the process, those that run already too. */
	int code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < count && code == 0; i++)
		code = seccomp_rule_add(filter, listed, calls[i], 0);
	/* Whether standard output is a terminal decides buffering and colour. */
	if (code == 0 && judge)
		code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
					      &ASKS_IF_TERMINAL);
	if (code == 0)
		code = seccomp_load(filter);
	if (code == -EINVAL || code == -ENOSYS || code == -ECANCELED || code == -EOPNOTSUPP)
		return TACIT_OK; /* not in this kernel */
	if (code != 0)
		return fail_errno(err, "seccomp cannot be entered", -code);
	report->calls = true;
	return TACIT_OK;
}

static enum tacit_status enter(enum tacit_sandbox_profile profile, const struct places *places,
			       struct tacit_sandbox_report *ret, struct tacit_error *err)
{
	struct tacit_sandbox_report report = { false, false, false };

	/* Without it neither mechanism is open to a process that is not root. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_errno(err, "cannot give up privileges", errno);
	enum tacit_status st = enter_landlock(places, &report, err);
	if (st == TACIT_OK)
		st = enter_seccomp(profile, &report, err);
	if (st == TACIT_OK)
		*ret = report;
	return st;
}

enum tacit_status tacit_sandbox_enter(enum tacit_sandbox_profile profile,
				      const struct tacit_sandbox_keep *keep,
				      struct tacit_sandbox_report *ret, struct tacit_error *err)
{
	static const struct tacit_sandbox_keep NOTHING = { .tee = TACIT_TEE_NONE };
	struct tacit_sandbox_report report = { false, false, false };

	if (!keep)
		keep = &NOTHING;
	const struct places places = { .taken = UINT64_MAX,
				       .net = NET_BIND_AND_CONNECT,
				       .given = FS_REMOVE_FILE,
				       .folders = &keep->socket_folder,
				       .count = keep->socket_folder ? 1 : 0 };
	enum tacit_status st = enter(profile, &places, &report, err);
	if (st == TACIT_OK && report.calls && profile == TACIT_SANDBOX_SERVE)
		st = tacit_sandbox_ioctl(keep->tee, &report.calls, err);
	if (st == TACIT_OK)
		*ret = report;
	return st;
}

enum tacit_status tacit_sandbox_enter_fetch(const char *const *folders, size_t count,
					    struct tacit_sandbox_report *ret,
					    struct tacit_error *err)
{
	/* Files stay readable: the resolver and TLS read theirs when they are first needed. */
	const struct places places = { .taken = ~(uint64_t)FS_READ,
				       .given = FS_WRITE_FILES,
				       .folders = folders,
				       .count = count };

	return enter(TACIT_SANDBOX_SERVE, &places, ret, err);
}
