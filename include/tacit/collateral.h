/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_COLLATERAL_H
#define TACIT_COLLATERAL_H

/*
 * Collateral: what vouches for evidence and does not travel in it. Certificates and chains (DER
 * or PEM), revocation lists, Intel TCB info and QE identity, answers of Intel's PCS, event logs,
 * TPM quotes. Each piece is recognised by its content, never by a name.
 *
 *     const struct tacit_collateral *collateral;
 *     if (tacit_collateral_parse(pieces, count, &arena, &collateral, &err) != TACIT_OK)
 *             ... err says which piece, and what it looks like
 *
 * Collateral may come from anyone: nothing is trusted because it is here. Signatures, chains and
 * dates are checked against pinned roots when evidence is judged.
 */
#include "tacit/arena.h"
#include "tacit/bytes.h"
#include "tacit/status.h"

TACIT_BEGIN

#define TACIT_COLLATERAL_MAX    64      /* pieces */
#define TACIT_COLLATERAL_LENGTH 4194304 /* bytes of one piece */

struct tacit_collateral;

/*
 * Recognises and parses `count` pieces, which must outlive the result; the result lives in the
 * arena. Errors: TACIT_FORMAT when a piece is nothing known or broken (`where` is
 * "collateral", the offset its index), TACIT_LIMIT for too many, too long, or a full arena.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_collateral_parse(const struct tacit_slice *pieces, size_t count, struct tacit_arena *arena,
		       const struct tacit_collateral **ret, struct tacit_error *err);

TACIT_END

#endif
