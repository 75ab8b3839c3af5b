/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_STATUS_H
#define TACIT_STATUS_H

/*
 * What went wrong, in two parts: a status to branch on and a sentence for a person.
 *
 * A status says what the caller can do next, not which line failed. Statuses map to the exit
 * codes of the tacit program (0 done, 1 refused, 2 usage, 3 malformed, 4 undecided, 5 I/O or
 * peer, 6 unsupported here, 70 bug), so that a script can tell "no" from "cannot tell".
 *
 * struct tacit_error is the caller's, may be NULL wherever it is asked for, and is never
 * allocated. The first failure wins: wrapping only prefixes `where`. `detail` never holds a
 * secret; text that came from evidence or the network is escaped and cut.
 */
#include <stddef.h>
#include <stdint.h>

#include "tacit/attr.h"

TACIT_BEGIN

/* X(name, exit code, text): the one table behind enum, names, texts and exit codes. */
#define TACIT_STATUS_MAP(X)                                                                        \
	X(OK, 0, "done")                                                                           \
	X(FORMAT, 3, "malformed")                                                                  \
	X(LIMIT, 3, "over a limit")                                                                \
	X(UNSUPPORTED, 6, "unsupported here")                                                      \
	X(SIGNATURE, 1, "signature does not verify")                                               \
	X(CHAIN, 1, "certificate chain is not trusted")                                            \
	X(REVOKED, 1, "revoked")                                                                   \
	X(EXPIRED, 1, "expired or not yet valid")                                                  \
	X(BINDING, 1, "not bound to what it was presented with")                                   \
	X(POLICY, 1, "refused by policy")                                                          \
	X(UNDECIDED, 4, "cannot be decided")                                                       \
	X(PEER, 5, "the other side failed")                                                        \
	X(DENIED, 5, "access denied")                                                              \
	X(IO, 5, "input or output failed")                                                         \
	X(NOMEM, 70, "out of memory")                                                              \
	X(USAGE, 2, "wrong usage")                                                                 \
	X(INTERNAL, 70, "internal error")

enum tacit_status {
#define TACIT_STATUS_ENUM(name, code, text) TACIT_##name,
	TACIT_STATUS_MAP(TACIT_STATUS_ENUM)
#undef TACIT_STATUS_ENUM
};

#define TACIT_ERROR_WHERE 48
#define TACIT_ERROR_DETAIL 160

struct tacit_error {
	enum tacit_status status;
	char where[TACIT_ERROR_WHERE];   /* dotted place, e.g. "stub.cose.payload" */
	uint64_t offset;                 /* byte offset in the input, where that means something */
	char detail[TACIT_ERROR_DETAIL]; /* lower case, no full stop, printable ASCII */
};

/* The stable upper-case name ("SIGNATURE"); "UNKNOWN" for a value outside the enum. */
TACIT_API const char *tacit_status_name(enum tacit_status status);

/* A short lower-case text for people. */
TACIT_API const char *tacit_status_text(enum tacit_status status);

/* The exit code of the tacit program for this status. */
TACIT_API int tacit_status_exit(enum tacit_status status);

TACIT_END

#endif
