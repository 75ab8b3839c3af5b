/* SPDX-License-Identifier: Apache-2.0 */

/* Looking: files below a root, and the signs by which a machine shows what it is. */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fd.h"

#include "sys/doctor_inside.h"

#define AZURE_ASSET_TAG "7783-7084-3265-9085-8269-3286-77" /* of every virtual machine there */
#define VIRTIO_NSM      "0x0021"                           /* [drivers/misc/nsm.c] */
#define VIRTIO_DEVICES  32

static bool join(const struct tacit_doctor *d, const char *path, char full[static PATH_MAX])
{
	int n = snprintf(full, PATH_MAX, "%s%s", d->machine->root, path);

	return n > 0 && n < PATH_MAX;
}

bool tacit_doctor_has(const struct tacit_doctor *d, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	return join(d, path, full) && stat(full, &st) == 0;
}

size_t tacit_doctor_read(const struct tacit_doctor *d, const char *path, char *room, size_t size)
{
	char full[PATH_MAX];
	size_t len = 0;

	room[0] = '\0';
	if (!join(d, path, full))
		return 0;
	/* Without waiting for the other end of a pipe that stands where a file should. */
	TACIT_CLEANUP(tacit_fd_close) int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && len < size - 1) {
		ssize_t n = read(fd, room + len, size - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	room[len] = '\0';
	return strlen(room);
}

void tacit_doctor_line(const struct tacit_doctor *d, const char *path, char *room, size_t size)
{
	size_t len;

	tacit_doctor_read(d, path, room, size);
	len = strcspn(room, "\r\n");
	while (len > 0 && (room[len - 1] == ' ' || room[len - 1] == '\t'))
		len--;
	room[len] = '\0';
}

bool tacit_doctor_number(const struct tacit_doctor *d, const char *path, uint64_t *ret)
{
	char line[32];
	uint64_t value = 0;

	tacit_doctor_line(d, path, line, sizeof(line));
	if (!line[0] || strlen(line) > 18 || line[strspn(line, "0123456789")])
		return false;
	for (const char *p = line; *p; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	*ret = value;
	return true;
}

bool tacit_doctor_flag(const struct tacit_doctor *d, const char *flag)
{
	char word[40];

	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(d->flags, word) != NULL;
}

/* The text behind `start` where a line begins with it; NULL when none does. */
static const char *find_line(const char *text, const char *start)
{
	size_t len = strlen(start);

	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (strncmp(p, start, len) == 0)
			return p + len;
	return NULL;
}

char tacit_doctor_option(const struct tacit_doctor *d, const char *option)
{
	char start[64];

	if (!d->config[0])
		return '?';
	snprintf(start, sizeof(start), "%s=", option);
	const char *value = find_line(d->config, start);
	return value && (*value == 'y' || *value == 'm') ? *value : 'n';
}

bool tacit_doctor_module(const struct tacit_doctor *d, const char *name)
{
	char start[64];

	snprintf(start, sizeof(start), "%s ", name);
	return find_line(d->modules, start) != NULL;
}

/* ---- signs ------------------------------------------------------------------------------------
 */

static void read_flags(struct tacit_doctor *d)
{
	/* The memory of the modules is not in use yet, and the flags stand in the first block. */
	tacit_doctor_read(d, "/proc/cpuinfo", d->modules, DOCTOR_CONFIG_MAX);
	const char *line = find_line(d->modules, "flags");

	if (!line)
		line = find_line(d->modules, "Features"); /* arm64 */
	const char *colon = line ? strchr(line, ':') : NULL;
	if (colon)
		snprintf(d->flags, sizeof(d->flags), "%.*s ", (int)strcspn(colon + 1, "\n"),
			 colon + 1);
}

static void read_config(struct tacit_doctor *d)
{
	char path[256];
	size_t len = DOCTOR_CONFIG_MAX - 1;

	snprintf(path, sizeof(path), "/boot/config-%s", d->release);
	if (d->release[0] && tacit_doctor_read(d, path, d->config, DOCTOR_CONFIG_MAX))
		return;
	snprintf(path, sizeof(path), "/lib/modules/%s/config", d->release);
	if (d->release[0] && tacit_doctor_read(d, path, d->config, DOCTOR_CONFIG_MAX))
		return;
	if (d->machine->inflate && tacit_doctor_has(d, "/proc/config.gz") &&
	    d->machine->inflate(d->machine->user, "/proc/config.gz", d->config, &len) == 0)
		d->config[len] = '\0';
	else
		d->config[0] = '\0';
}

static bool has_virtio(const struct tacit_doctor *d, const char *kind)
{
	for (unsigned i = 0; i < VIRTIO_DEVICES; i++) {
		char path[64], line[16];

		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/virtio%u/device", i);
		tacit_doctor_line(d, path, line, sizeof(line));
		if (strcmp(line, kind) == 0)
			return true;
	}
	return false;
}

static bool line_is(const struct tacit_doctor *d, const char *path, const char *text)
{
	char line[128];

	tacit_doctor_line(d, path, line, sizeof(line));
	return strcmp(line, text) == 0;
}

/* A module's parameter that is a bool reads "Y" or "1". */
static bool is_on(const struct tacit_doctor *d, const char *path)
{
	return line_is(d, path, "Y") || line_is(d, path, "1");
}

void tacit_doctor_look(struct tacit_doctor *d)
{
	struct tacit_doctor_signs *s = &d->signs;

	tacit_doctor_line(d, "/proc/sys/kernel/osrelease", d->release, sizeof(d->release));
	read_flags(d);
	read_config(d);
	tacit_doctor_read(d, "/proc/modules", d->modules, DOCTOR_CONFIG_MAX);
	s->virtual = tacit_doctor_flag(d, "hypervisor");
	s->enclave = tacit_doctor_has(d, "/dev/nsm") || has_virtio(d, VIRTIO_NSM);
	s->tdx = tacit_doctor_flag(d, "tdx_guest") || tacit_doctor_has(d, "/dev/tdx_guest");
	/* The flag alone is that of a host as well: below a hypervisor it is a guest's. */
	s->snp = (s->virtual && tacit_doctor_flag(d, "sev_snp")) ||
		 tacit_doctor_has(d, "/dev/sev-guest");
	s->ec2 = !s->enclave && line_is(d, "/sys/class/dmi/id/sys_vendor", "Amazon EC2");
	s->azure = line_is(d, "/sys/class/dmi/id/chassis_asset_tag", AZURE_ASSET_TAG);
	s->tdx_host = is_on(d, "/sys/module/kvm_intel/parameters/tdx");
	s->snp_host = is_on(d, "/sys/module/kvm_amd/parameters/sev_snp");
}
