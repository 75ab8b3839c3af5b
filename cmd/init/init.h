/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INIT_INIT_H
#define TACIT_INIT_INIT_H

/*
 * The first process of an enclave or a small guest: sets the machine up, runs the one program that
 * the image holds, and switches the machine off when that ends. What it runs and loads stands in
 * files of the image, which are measured; of the kernel's command line it takes two things that
 * decide nothing, where the heartbeat goes and what time the host says it is.
 *
 *     /etc/tacit/argv      the program and its arguments, one a line
 *     /etc/tacit/env       NAME=VALUE, one a line (optional)
 *     /etc/tacit/modules   kernel modules to load, in order: a path and parameters (optional)
 *
 * The host answers every other question here, so each of its answers has a limit in time, and a
 * console that nobody reads stops nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define INIT_LINES_MAX 256
#define INIT_TEXT_MAX  65536

/* A text file in lines; `room` is part of it, so that nothing is allocated. */
struct init_lines {
	size_t count;
	char *line[INIT_LINES_MAX + 1]; /* with a NULL behind the last */
	char text[INIT_TEXT_MAX];
};

/* False when there is no such file, or it is too long (which is said). */
bool init_lines_read(const char *path, struct init_lines *ret);

/* ---- console.c ------------------------------------------------------------------------------- */

/* Opens the console without ever waiting for it; before that, words are dropped. */
void init_console_open(void);
/* "tacit-init: ..." with the time since boot; dropped when the console is full. */
void init_say(const char *fmt, ...) TACIT_PRINTF(1, 2);
/* Bytes of the program, passed on as they are. */
void init_console_pass(const char *bytes, size_t len);

/* ---- machine.c ------------------------------------------------------------------------------- */

void init_mount_all(void);
void init_load_modules(void);
/* Where the evidence of TDX and SNP comes from: not every kernel has it, and some in a module. */
void init_mount_config(void);
void init_network_up(void);
void init_raise_limits(void);
/* The value of name= in the kernel's command line, into `ret`; false when it is not there. */
bool init_option(const char *name, char *ret, size_t size);
/* Does not return. */
_Noreturn void init_power_off(void);

/* ---- nsm.c ----------------------------------------------------------------------------------- */

/* Entropy from /dev/nsm into the kernel's pool, and the time of its documents where ours is none.
 */
void init_use_nsm(void);
/* The host's word for the time (tacit.time=SECONDS), only while the clock shows none at all. */
void init_take_time_hint(void);

/* ---- heartbeat.c ----------------------------------------------------------------------------- */

/* Tells the parent that the enclave is up, from a process of its own. */
void init_start_heartbeat(void);

/* ---- program.c ------------------------------------------------------------------------------- */

/* Runs the program to its end; everything else that ends is reaped meanwhile. */
void init_run_program(void);

#endif
