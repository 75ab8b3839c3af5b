/* SPDX-License-Identifier: Apache-2.0 */

/* The clock, against the dates of certificates; and, when asked for, the services of others. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sys/doctor_inside.h"

/*
 * The dates between which all pinned roots are valid [trust/roots.c]: no chain can be judged
 * outside of them. AMD's Turin root begins last, its Milan root ends first.
 */
#define ROOTS_FROM  1684180992 /* 2023-05-15T20:03:12Z */
#define ROOTS_UNTIL 2392305785 /* 2045-10-22T17:23:05Z */
#define SKEW        60         /* seconds that verifiers allow */

static void judge_clock(struct tacit_doctor *d)
{
	static const char SET[] = "sudo timedatectl set-ntp true";
	char now[TACIT_TIME_TEXT];
	int64_t t = d->machine->now;

	tacit_time_format(t, now);
	if (t < ROOTS_FROM)
		tacit_doctor_add(d, "clock.sane", TACIT_DOCTOR_BROKEN, SET,
				 "the clock says %s, before the certificates that are trusted",
				 now);
	else if (t > ROOTS_UNTIL)
		tacit_doctor_add(d, "clock.sane", TACIT_DOCTOR_BROKEN, SET,
				 "the clock says %s, after the certificates that are trusted", now);
	else
		tacit_doctor_add(d, "clock.sane", TACIT_DOCTOR_OK, NULL, "the clock says %s", now);
}

static void judge_sync(struct tacit_doctor *d)
{
	int state = d->machine->synchronised ? d->machine->synchronised(d->machine->user) : -1;

	if (state == 1)
		tacit_doctor_add(d, "clock.synchronised", TACIT_DOCTOR_OK, NULL,
				 "the clock is kept by another");
	else if (state == 0)
		tacit_doctor_add(d, "clock.synchronised", TACIT_DOCTOR_NOTE,
				 d->signs.enclave ? "set it from /dev/ptp0"
						  : "sudo timedatectl set-ntp true",
				 "nothing keeps the clock: it will drift");
}

void tacit_doctor_clock(struct tacit_doctor *d)
{
	judge_clock(d);
	judge_sync(d);
}

/* The hypervisor's time, which a host cannot set, against the clock, which it can. */
void tacit_doctor_compare_clock(struct tacit_doctor *d, struct tacit_slice evidence)
{
	int64_t then = 0;

	if (!tacit_doctor_document_time(evidence, &then))
		return;
	int64_t ahead = d->machine->now - then;
	long long by = (long long)(ahead < 0 ? -ahead : ahead);
	if (by <= SKEW)
		tacit_doctor_add(d, "clock.offset", TACIT_DOCTOR_OK, NULL,
				 "the clock is %lld s from the document's", by);
	else
		tacit_doctor_add(d, "clock.offset", TACIT_DOCTOR_BROKEN, "set it from /dev/ptp0",
				 "the clock is %lld s %s the document's", by,
				 ahead < 0 ? "behind" : "ahead of");
}

/* ---- network ----------------------------------------------------------------------------------
 */

static void ask(struct tacit_doctor *d, const char *name, const char *address, const char *mend)
{
	struct tacit_error err = { 0 };

	if (d->machine->reach(d->machine->user, address, &err) == TACIT_OK)
		tacit_doctor_add(d, name, TACIT_DOCTOR_OK, NULL, "%s answers", address);
	else
		tacit_doctor_add(d, name, TACIT_DOCTOR_BROKEN, mend, "%s does not answer: %s",
				 address, err.detail);
}

/* What stands behind `key` in a file, up to one of `ends`; false when it is not there. */
static bool find_value(const struct tacit_doctor *d, const char *path, const char *key,
		       const char *ends, char ret[static 256])
{
	char text[4096];

	tacit_doctor_read(d, path, text, sizeof(text));
	const char *at = strstr(text, key);
	if (!at)
		return false;
	at += strlen(key);
	at += strspn(at, " \t:=\"");
	size_t len = strcspn(at, ends);
	if (len == 0 || len > 255)
		return false;
	memcpy(ret, at, len);
	ret[len] = '\0';
	return true;
}

/* The quote service of the host, where the guest's file says that it is asked over vsock. */
static void ask_qgs(struct tacit_doctor *d)
{
	char value[256], address[64];

	if (!find_value(d, "/etc/tdx-attest.conf", "port", " \t\r\n#", value))
		return;
	unsigned long port = strtoul(value, NULL, 10);
	if (port == 0 || port > UINT32_MAX) {
		tacit_doctor_add(d, "network.qgs", TACIT_DOCTOR_BROKEN,
				 "echo port=4050 | sudo tee /etc/tdx-attest.conf",
				 "/etc/tdx-attest.conf names no port");
		return;
	}
	snprintf(address, sizeof(address), "vsock:2:%lu", port);
	ask(d, "network.qgs", address, "on the host: sudo systemctl start qgsd");
}

/* "https://localhost:8081/sgx/..." as an address. */
static bool find_host(const char *url, char *ret, size_t size)
{
	const char *host = strstr(url, "://");

	if (!host)
		return false;
	host += 3;
	size_t len = strcspn(host, "/");
	if (len == 0 || len > 200)
		return false;
	const char *bracket = memchr(host, ']', len);
	const char *from = bracket ? bracket : host;
	bool named = memchr(from, ':', len - (size_t)(from - host)) != NULL;
	int n = snprintf(ret, size, "tcp:%.*s%s", (int)len, host, named ? "" : ":443");
	return n > 0 && (size_t)n < size;
}

static void ask_pccs(struct tacit_doctor *d)
{
	char url[256], address[280];

	if (!find_value(d, "/etc/sgx_default_qcnl.conf", "\"pccs_url\"", "\"\r\n", url))
		snprintf(url, sizeof(url), "https://api.trustedservices.intel.com");
	if (find_host(url, address, sizeof(address)))
		ask(d, "network.pccs", address, "tacit verify --collateral FILE works without it");
	else
		tacit_doctor_add(d, "network.pccs", TACIT_DOCTOR_BROKEN,
				 "sudoedit /etc/sgx_default_qcnl.conf",
				 "/etc/sgx_default_qcnl.conf names no address: '%.100s'", url);
}

void tacit_doctor_network(struct tacit_doctor *d)
{
	if (!d->machine->network || !d->machine->reach)
		return;
	ask_qgs(d);
	ask_pccs(d);
	ask(d, "network.kds", "tcp:kdsintf.amd.com:443",
	    "tacit verify --collateral FILE works without it");
}
