/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Descriptors 0 to 2 are /dev/null, so that nothing takes the console for its own. */
#define CONSOLE_FD 3

static void move_to(int fd, int place)
{
	if (fd >= 0 && fd != place) {
		dup2(fd, place);
		close(fd);
	}
}

void init_console_open(void)
{
	for (int i = 0; i < 3; i++)
		move_to(open("/dev/null", O_RDWR), i);
	/* What is full answers EAGAIN, and the words are lost. */
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fd != CONSOLE_FD) {
		dup3(fd, CONSOLE_FD, O_CLOEXEC);
		close(fd);
	}
}

void init_console_pass(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(CONSOLE_FD, bytes, len);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

void init_say(const char *fmt, ...)
{
	char text[512];
	struct timespec now = { 0 };
	va_list args;

	clock_gettime(CLOCK_BOOTTIME, &now);
	int at = snprintf(text, sizeof(text), "tacit-init: [%lld.%03ld] ", (long long)now.tv_sec,
			  now.tv_nsec / 1000000);
	va_start(args, fmt);
	int n = vsnprintf(text + at, sizeof(text) - (size_t)at - 1, fmt, args);
	va_end(args);
	size_t len = (size_t)at + (n < 0 ? 0 : (size_t)n);
	if (len > sizeof(text) - 2)
		len = sizeof(text) - 2;
	text[len] = '\n';
	init_console_pass(text, len + 1);
}
