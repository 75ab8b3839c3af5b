/* SPDX-License-Identifier: Apache-2.0 */

/*
 * interrupt.so, for LD_PRELOAD: a signal every millisecond for every thread of the program that
 * does not block it. Its handler only counts and is installed without SA_RESTART, so that every
 * call that waits comes back with EINTR.
 *
 * INTERRUPT_COUNTS names a file that is given three counters of 64 bits in the machine's order:
 * signals that were handled, calls of the first thread that ended with EINTR for it, and those of
 * the other threads. It is mapped before the program starts, so that no sandbox keeps them back.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define STORM	    SIGUSR2
#define PERIOD_NS   1000000
#define THREADS_MAX 256

struct counts {
	_Atomic uint64_t signals;
	_Atomic uint64_t first;
	_Atomic uint64_t others;
};

typedef void *thread_main(void *arg);
typedef int thread_create(pthread_t *thread, const pthread_attr_t *attr, thread_main *run,
			  void *arg);

struct start {
	thread_main *run;
	void *arg;
};

static struct counts unnamed;
static struct counts *counts = &unnamed;
static pid_t process;
static _Atomic pid_t threads[THREADS_MAX];

/* Whether the signal ended a system call, by what the kernel left in the registers. */
static int ended_call(const ucontext_t *context)
{
#if defined(__x86_64__)
	const uint8_t *next = (const uint8_t *)(uintptr_t)context->uc_mcontext.gregs[REG_RIP];

	return context->uc_mcontext.gregs[REG_RAX] == -EINTR && next[-2] == 0x0f &&
	       next[-1] == 0x05;
#elif defined(__aarch64__)
	uint32_t instruction;

	memcpy(&instruction, (const void *)(uintptr_t)(context->uc_mcontext.pc - 4), 4);
	return (int64_t)context->uc_mcontext.regs[0] == -EINTR && instruction == 0xd4000001;
#else
#	error "this machine's system calls are not known here"
#endif
}

/* The kernel gives the timer's signal to one thread, nearly always the first: it passes it on. */
static void on_storm(int number, siginfo_t *info, void *context)
{
	pid_t self = gettid();
	int saved = errno;

	atomic_fetch_add(&counts->signals, 1);
	if (ended_call(context))
		atomic_fetch_add(self == process ? &counts->first : &counts->others, 1);
	if (info->si_code == SI_TIMER)
		for (size_t i = 0; i < THREADS_MAX; i++) {
			pid_t other = atomic_load(&threads[i]);

			if (other && other != self)
				tgkill(process, other, number);
		}
	errno = saved;
}

static void *run_thread(void *arg)
{
	struct start start = *(struct start *)arg;
	pid_t nobody = 0;
	size_t i = 0;

	free(arg);
	while (i < THREADS_MAX && !atomic_compare_exchange_strong(&threads[i], &nobody, gettid())) {
		nobody = 0;
		i++;
	}
	void *result = start.run(start.arg);
	if (i < THREADS_MAX)
		atomic_store(&threads[i], 0);
	return result;
}

__attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
							  const pthread_attr_t *attr,
							  thread_main *run, void *arg)
{
	void *symbol = dlsym(RTLD_NEXT, "pthread_create");
	struct start *start = malloc(sizeof(*start));
	thread_create *create;

	if (!symbol || !start)
		abort();
	memcpy(&create, &symbol, sizeof(create));
	*start = (struct start){ run, arg };
	int code = create(thread, attr, run_thread, start);
	if (code)
		free(start);
	return code;
}

static void map_counts(void)
{
	const char *path = getenv("INTERRUPT_COUNTS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || ftruncate(fd, sizeof(*counts)))
		abort();
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counts == MAP_FAILED)
		abort();
	close(fd);
}

__attribute__((constructor)) static void begin(void)
{
	struct sigaction action = { .sa_sigaction = on_storm, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = STORM };
	struct timespec period = { 0, PERIOD_NS };
	struct itimerspec every = { period, period };
	timer_t timer;

	process = getpid();
	map_counts();
	if (sigaction(STORM, &action, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &every, NULL))
		abort();
}
