/* SPDX-License-Identifier: Apache-2.0 */

/*
 * compromised.so, for LD_PRELOAD: code of an attacker who took over the process while it judges.
 * It stands in for the library's check of a signature, which happens after all parsing of what
 * came from outside has begun. It tries what such code would want, by system calls alone, and
 * says on standard error what each gave: "compromised: open 1" for a call that ended with EPERM
 * (1) or EACCES (13), 0 for one that worked.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ecdsa.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

typedef int verify_call(const unsigned char *digest, int len, const ECDSA_SIG *sig, EC_KEY *key);

static void tell(const char *what, long result)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "compromised: %s %d\n", what,
			 result < 0 ? errno : 0);

	if (n > 0)
		(void)!write(STDERR_FILENO, line, (size_t)n);
}

static void attack(void)
{
	char program[] = "/bin/true";
	char *const argv[] = { program, NULL };
	char buffer[8];
	struct iovec here = { buffer, sizeof(buffer) };

	tell("open", syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
	tell("openat2", syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", "\0\0\0\0\0\0\0\0", 24));
	tell("create", syscall(SYS_openat, AT_FDCWD, "compromised", O_WRONLY | O_CREAT, 0600));
	tell("unlink", syscall(SYS_unlinkat, AT_FDCWD, "document.cose", 0));
	tell("rename", syscall(SYS_renameat2, AT_FDCWD, "document.cose", AT_FDCWD, "x", 0));
	tell("socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	tell("unix", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
	tell("vsock", syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0));
	tell("execve", syscall(SYS_execve, argv[0], argv, NULL));
	tell("ptrace", syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0));
	tell("kill", syscall(SYS_kill, getppid(), 0));
	tell("read_parent",
	     syscall(SYS_process_vm_readv, getppid(), &here, 1ul, &here, 1ul, 0ul));
	tell("io_uring", syscall(SYS_io_uring_setup, 1, "\0"));
}

static void attack_thread_once(void)
{
	static __thread int done;

	if (!done)
		attack();
	done = 1;
}

__attribute__((visibility("default"))) int ECDSA_do_verify(const unsigned char *digest, int len,
							   const ECDSA_SIG *sig, EC_KEY *key)
{
	void *found = dlsym(RTLD_NEXT, "ECDSA_do_verify");
	verify_call *real;

	memcpy(&real, &found, sizeof(real));
	attack_thread_once();
	return real(digest, len, sig, key);
}
