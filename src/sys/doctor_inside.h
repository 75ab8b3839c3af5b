/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_DOCTOR_INSIDE_H
#define TACIT_SYS_DOCTOR_INSIDE_H

/* What the examiners share: the signs by which a machine shows what it is, and ways to look. */

#include "base/compiler.h"
#include "sys/doctor.h"

#define DOCTOR_CONFIG_MAX ((size_t)1 << 20) /* of a kernel configuration as text */

/* Signs that a TEE is meant to be here, from what the hypervisor says; devices come on top. */
struct tacit_doctor_signs {
	bool virtual; /* below a hypervisor */
	bool enclave; /* a Nitro enclave */
	bool ec2;     /* an EC2 instance, which may be the parent of enclaves */
	bool tdx;
	bool snp;
	bool azure; /* a virtual machine of Azure, of any kind */
	bool tdx_host;
	bool snp_host;
};

struct tacit_doctor {
	const struct tacit_doctor_machine *machine;
	struct tacit_doctor_report *report;
	struct tacit_doctor_signs signs;
	char flags[8192];  /* of the first processor, a space around each */
	char release[128]; /* of the kernel */
	char *config;      /* of the kernel; "" when it cannot be read */
	char *modules;     /* /proc/modules */
};

/* Adds a finding. `mend` may be NULL. */
void tacit_doctor_add(struct tacit_doctor *d, const char *name, enum tacit_doctor_level level,
		      const char *mend, const char *fmt, ...) TACIT_PRINTF(5, 6);

/* Below the root. */
bool tacit_doctor_has(const struct tacit_doctor *d, const char *path);
/* At most size - 1 bytes and a NUL; the length, 0 when there is nothing to read. */
size_t tacit_doctor_read(const struct tacit_doctor *d, const char *path, char *room, size_t size);
/* The first line, without white space at its end; "" when there is none. */
void tacit_doctor_line(const struct tacit_doctor *d, const char *path, char *room, size_t size);
/* A whole decimal number; false when it is none. */
bool tacit_doctor_number(const struct tacit_doctor *d, const char *path, uint64_t *ret);

bool tacit_doctor_flag(const struct tacit_doctor *d, const char *flag);
/* 'y', 'm', or 'n'; '?' without a configuration. */
char tacit_doctor_option(const struct tacit_doctor *d, const char *option);
bool tacit_doctor_module(const struct tacit_doctor *d, const char *name);

/* Reads what all examiners use, and finds the signs. */
void tacit_doctor_look(struct tacit_doctor *d);

/* The examiners, in the order of the report. */
void tacit_doctor_devices(struct tacit_doctor *d);
void tacit_doctor_evidence(struct tacit_doctor *d);
void tacit_doctor_kernel(struct tacit_doctor *d);
void tacit_doctor_host(struct tacit_doctor *d);
void tacit_doctor_clock(struct tacit_doctor *d);
void tacit_doctor_network(struct tacit_doctor *d);

/* What a Nitro document says of the time, for the clock; false when it is none. */
bool tacit_doctor_document_time(struct tacit_slice evidence, int64_t *ret);
/* A finding about that time. */
void tacit_doctor_compare_clock(struct tacit_doctor *d, struct tacit_slice evidence);

#endif
