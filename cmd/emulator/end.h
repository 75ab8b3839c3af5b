/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EMULATOR_END_H
#define TACIT_EMULATOR_END_H

/* Says what failed, with errno, and ends the program. */
_Noreturn void end(const char *what, const char *name);

#endif
