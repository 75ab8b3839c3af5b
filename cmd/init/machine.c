/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES_LIMIT 65536

bool init_lines_read(const char *path, struct init_lines *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	ret->count = 0;
	ret->line[0] = NULL;
	if (fd < 0)
		return false;
	for (ssize_t n = 1; n > 0 && len<sizeof(ret->text) - 1; len += n> 0 ? (size_t)n : 0)
		n = read(fd, ret->text + len, sizeof(ret->text) - 1 - len);
	close(fd);
	ret->text[len] = '\0';
	for (char *at = ret->text; *at && ret->count < INIT_LINES_MAX;) {
		char *end = strchr(at, '\n');

		ret->line[ret->count++] = at;
		if (!end)
			break;
		*end = '\0';
		at = end + 1;
	}
	ret->line[ret->count] = NULL;
	if (len < sizeof(ret->text) - 1 && ret->count < INIT_LINES_MAX)
		return true;
	init_say("%s is too long", path);
	return false;
}

/* ---- file systems ---------------------------------------------------------------------------- */

static void mount_one(const char *type, const char *folder, unsigned long flags)
{
	mkdir(folder, 0755);
	if (mount(type, folder, type, flags, NULL) && errno != EBUSY)
		init_say("cannot mount %s on %s: %s", type, folder, strerror(errno));
}

void init_mount_all(void)
{
	const unsigned long data = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	/* The console is on devtmpfs: nothing can be said before. */
	mkdir("/dev", 0755);
	(void)mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");
	init_console_open();
	mount_one("proc", "/proc", data);
	mount_one("sysfs", "/sys", data);
	mount_one("tmpfs", "/tmp", data);
	mount_one("tmpfs", "/run", data);
}

void init_mount_config(void)
{
	if (access("/sys/kernel/config", F_OK) == 0)
		mount_one("configfs", "/sys/kernel/config", MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

/* ---- modules --------------------------------------------------------------------------------- */

static void load_module(char *line)
{
	char *parameters = strchr(line, ' ');

	if (parameters)
		*parameters++ = '\0';
	int fd = open(line, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, parameters ? parameters : "", 0))
		init_say("cannot load %s: %s", line, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void init_load_modules(void)
{
	static struct init_lines lines;

	if (!init_lines_read("/etc/tacit/modules", &lines))
		return;
	for (size_t i = 0; i < lines.count; i++)
		load_module(lines.line[i]);
	init_say("%zu modules", lines.count);
}

/* ---- the rest -------------------------------------------------------------------------------- */

void init_network_up(void)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return; /* a kernel without it: nobody there will miss the loopback */
	snprintf(request.ifr_name, sizeof(request.ifr_name), "lo");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		init_say("no loopback: %s", strerror(errno));
	close(fd);
}

void init_raise_limits(void)
{
	const struct rlimit files = { FILES_LIMIT, FILES_LIMIT };

	(void)setrlimit(RLIMIT_NOFILE, &files);
}

bool init_option(const char *name, char *ret, size_t size)
{
	static struct init_lines lines;
	size_t name_len = strlen(name);

	if (!init_lines_read("/proc/cmdline", &lines) || lines.count == 0)
		return false;
	for (const char *at = lines.line[0]; *at;) {
		size_t len = strcspn(at, " ");

		if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=' &&
		    len - name_len - 1 < size) {
			memcpy(ret, at + name_len + 1, len - name_len - 1);
			ret[len - name_len - 1] = '\0';
			return true;
		}
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

void init_power_off(void)
{
	init_say("powering off");
	sync();
	/* Without ACPI, as on Nitro, Linux can end a machine by a reset alone. */
	if (access("/sys/firmware/acpi", F_OK) == 0)
		reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
