/* SPDX-License-Identifier: Apache-2.0 */
#include "end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void end(const char *what, const char *name)
{
	fprintf(stderr, "tacit-emulator: %s %s: %s\n", what, name, strerror(errno));
	exit(5);
}
