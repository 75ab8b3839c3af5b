/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "init.h"

int main(void)
{
	/* Anywhere else it would mount over somebody's file systems. */
	if (getpid() != 1) {
		fprintf(stderr,
			"tacit-init: the first process of an enclave, not to be run here\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	init_mount_all();
	init_say("up");
	init_load_modules();
	init_mount_config();
	init_network_up();
	init_raise_limits();
	init_use_nsm();
	init_take_time_hint();
	init_start_heartbeat();
	init_run_program();
	init_power_off();
}
