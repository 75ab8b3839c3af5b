/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/doctor_inside.h"

static const char *const LEVELS[] = { "ok", "note", "missing", "broken" };

const char *tacit_doctor_level_name(enum tacit_doctor_level level)
{
	return (size_t)level < TACIT_ARRAY_LEN(LEVELS) ? LEVELS[level] : "?";
}

/* What a file or an error said may be anything: it goes to a terminal. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void tacit_doctor_add(struct tacit_doctor *d, const char *name, enum tacit_doctor_level level,
		      const char *mend, const char *fmt, ...)
{
	struct tacit_doctor_report *report = d->report;
	va_list args;

	if (report->count == TACIT_DOCTOR_FINDINGS)
		return;
	struct tacit_doctor_finding *f = &report->items[report->count++];
	f->name = name;
	f->level = level;
	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
	snprintf(f->mend, sizeof(f->mend), "%s", mend ? mend : "");
	make_printable(f->text);
	make_printable(f->mend);
}

/* ---- what the machine is ---------------------------------------------------------------------
 */

static void name_machine(struct tacit_doctor *d)
{
	const struct tacit_doctor_signs *s = &d->signs;
	const struct {
		bool is;
		const char *name, *text;
	} KINDS[] = {
		{ s->enclave, "nitro-enclave", "a Nitro enclave" },
		{ s->tdx, "tdx-guest", "a guest under Intel TDX" },
		{ s->snp, "snp-guest", "a guest under AMD SEV-SNP" },
		{ s->azure, "azure-vm", "a virtual machine of Azure" },
		{ s->ec2, "ec2-instance", "an EC2 instance: enclaves may run beside it" },
		{ s->tdx_host, "tdx-host", "a host of TDX guests: evidence comes from those" },
		{ s->snp_host, "snp-host", "a host of SNP guests: evidence comes from those" },
		{ s->virtual, "vm", "a virtual machine without signs of a TEE" },
		{ true, "plain", "a plain machine without signs of a TEE" },
	};
	size_t i = 0;

	while (!KINDS[i].is)
		i++;
	d->report->machine = KINDS[i].name;
	tacit_doctor_add(d, "machine.kind", TACIT_DOCTOR_NOTE, NULL, "this is %s", KINDS[i].text);
}

static void name_processor(struct tacit_doctor *d)
{
	static const char *const NAMES[] = { "sme",       "sev",       "sev_es",
					     "sev_snp",   "tdx_guest", "tdx_host_platform",
					     "hypervisor" };
	char list[160] = "";
	size_t at = 0;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++)
		if (tacit_doctor_flag(d, NAMES[i]))
			at += (size_t)snprintf(list + at, sizeof(list) - at, " %s", NAMES[i]);
	if (!d->flags[0])
		tacit_doctor_add(d, "cpu.flags", TACIT_DOCTOR_NOTE, NULL,
				 "/proc/cpuinfo names no flags");
	else
		tacit_doctor_add(d, "cpu.flags", TACIT_DOCTOR_NOTE, NULL,
				 "of the flags that matter the processor has%s",
				 at ? list : " none");
}

enum tacit_status tacit_doctor_examine(const struct tacit_doctor_machine *machine,
				       struct tacit_doctor_report *report, struct tacit_error *err)
{
	struct tacit_doctor *d = calloc(1, sizeof(*d));
	char *text = calloc(2, DOCTOR_CONFIG_MAX);

	if (d && text) {
		d->machine = machine;
		d->report = report;
		d->config = text;
		d->modules = text + DOCTOR_CONFIG_MAX;
		tacit_doctor_look(d);
		name_machine(d);
		name_processor(d);
		tacit_doctor_devices(d);
		tacit_doctor_evidence(d);
		tacit_doctor_kernel(d);
		tacit_doctor_host(d);
		tacit_doctor_clock(d);
		tacit_doctor_network(d);
	}
	enum tacit_status st =
		d && text ? TACIT_OK : tacit_fail(err, TACIT_NOMEM, "doctor", 0, "no memory");
	free(text);
	free(d);
	return st;
}
