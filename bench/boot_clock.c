/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The first process of an image that bench/boot.py makes: what the processor's counter says, which
 * begins when the machine is switched on, and what the kernel's clock says, which begins when the
 * kernel has unpacked itself.
 */

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static unsigned long long counter(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

int main(void)
{
	struct timespec now = { 0 };

	if (getpid() != 1)
		return 2;
	clock_gettime(CLOCK_BOOTTIME, &now);
	unsigned long long ticks = counter();
	printf("\nboot-clock: %llu %llu\n", ticks,
	       (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec);
	fflush(stdout);
	for (;;)
		pause();
}
