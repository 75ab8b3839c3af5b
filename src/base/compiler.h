/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_COMPILER_H
#define TACIT_BASE_COMPILER_H

/* Undoes what a local handle holds when it leaves scope; for rim code (sys, net, cmd, seams). */
#define TACIT_CLEANUP(fn)  __attribute__((cleanup(fn)))

#define TACIT_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
