/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_DOCTOR_H
#define TACIT_SYS_DOCTOR_H

/*
 * What a machine can attest, and why not: findings with stable names, each with a sentence and
 * the command that mends it.
 *
 *     struct tacit_doctor_report report = { 0 };
 *     struct tacit_doctor_machine machine = tacit_doctor_this_machine();
 *     tacit_doctor_examine(&machine, &report);
 *
 * All that is looked at comes through `struct tacit_doctor_machine`: files below its root, and
 * calls for what files cannot tell. So any machine can be judged from a folder.
 *
 * Only making evidence proves that evidence can be made: a device that is there counts as
 * nothing until it has answered.
 */

#include "base/error.h"
#include "tacit/evidence.h"

enum tacit_doctor_level {
	TACIT_DOCTOR_OK,
	TACIT_DOCTOR_NOTE,    /* good to know; nothing to mend for what this machine is */
	TACIT_DOCTOR_MISSING, /* what this machine could have, and has not */
	TACIT_DOCTOR_BROKEN,  /* here, and of no use as it is */
};

/* "ok", "note", "missing", "broken". */
const char *tacit_doctor_level_name(enum tacit_doctor_level level);

struct tacit_doctor_finding {
	const char *name; /* "nitro.device" */
	enum tacit_doctor_level level;
	char text[240]; /* printable ASCII */
	char mend[240]; /* a command, or what to do; "" when there is nothing */
};

#define TACIT_DOCTOR_FINDINGS 48

struct tacit_doctor_report {
	const char *machine; /* "nitro-enclave", "tdx-guest", ..., "plain" */
	size_t count;
	struct tacit_doctor_finding items[TACIT_DOCTOR_FINDINGS];
	size_t tee_count;
	enum tacit_tee tees[4]; /* that gave evidence */
};

/* Calls return 0 or an errno value; one that is NULL leaves its findings out. */
struct tacit_doctor_machine {
	const char *root; /* "" for the machine itself */
	int64_t now;
	bool network; /* ask hosts too */
	void *user;
	/* Whether a device can be opened for reading and writing. `path` has no root before it. */
	int (*open_device)(void *user, const char *path);
	/* The provider's name of configfs-tsm. */
	enum tacit_status (*provider)(void *user, char ret[static 32], struct tacit_error *err);
	/* One piece of evidence of that platform. */
	enum tacit_status (*attest)(void *user, enum tacit_tee tee, struct tacit_mut room,
				    struct tacit_slice *ret, struct tacit_error *err);
	/* A command to the TPM and its answer; `*len` is the room, then the length. */
	int (*tpm)(void *user, const char *device, struct tacit_slice command, uint8_t *answer,
		   size_t *len);
	int (*local_cid)(void *user, uint32_t *ret);
	/* The text of a compressed file of the root; `*len` is the room, then the length. */
	int (*inflate)(void *user, const char *path, char *text, size_t *len);
	/* Whether the kernel's clock is disciplined by another: 1, 0, or -1 when it is not known.
	 */
	int (*synchronised)(void *user);
	/* Whether somebody answers at an address (sys/address.h); within seconds, always. */
	enum tacit_status (*reach)(void *user, const char *address, struct tacit_error *err);
};

/* The machine that this runs on, now, without network. */
struct tacit_doctor_machine tacit_doctor_this_machine(void);

/* Fills `report`, which is zeroed. Errors: TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_doctor_examine(const struct tacit_doctor_machine *machine,
							struct tacit_doctor_report *report,
							struct tacit_error *err);

#endif
