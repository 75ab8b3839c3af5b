/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_NONCE_TREE_H
#define TACIT_TEE_NONCE_TREE_H

/*
 * One piece of evidence for many clients: their nonces are the leaves of a Merkle tree of the
 * shape of RFC 6962 2.1 over SHA-256, and the evidence carries its root. Leaves are hashed as
 * SHA-256(0x00 | "tacit/nonce/1" | nonce), nodes as SHA-256(0x01 | left | right), so that neither
 * can pass for the other, nor for a nonce. A nonce that is alone is its own root: who knows
 * nothing of trees finds what they sent.
 *
 * A path, as it travels: index and number of leaves (32 bits each, big-endian), then the sibling
 * hashes from the leaf up [RFC 9162 2.1.3].
 */

#include "base/error.h"

#define TACIT_NONCE_LEN        32
#define TACIT_NONCE_LEAVES_MAX 65536
#define TACIT_NONCE_PATH_MAX   (8 + 16 * 32)

/* Bytes of scratch that tacit_nonce_tree_build needs for `count` nonces. */
size_t tacit_nonce_tree_size(size_t count);

struct tacit_nonce_tree {
	size_t count;
	uint8_t *nodes; /* level after level, the leaves first */
};

/*
 * Builds the tree over `count` nonces of 32 bytes, 1 to TACIT_NONCE_LEAVES_MAX, in `room` of
 * tacit_nonce_tree_size() bytes, which the tree goes on using.
 */
TACIT_MUST_CHECK enum tacit_status tacit_nonce_tree_build(const uint8_t *nonces, size_t count,
							  uint8_t *room,
							  struct tacit_nonce_tree *ret,
							  struct tacit_error *err);

/* The root; for a single nonce the nonce itself. */
const uint8_t *tacit_nonce_tree_root(const struct tacit_nonce_tree *tree);

/* The path of leaf `index`; its length, 0 for a single nonce, which needs none. */
size_t tacit_nonce_tree_path(const struct tacit_nonce_tree *tree, size_t index,
			     uint8_t ret[TACIT_AT_LEAST(TACIT_NONCE_PATH_MAX)]);

/*
 * The root that `path` leads to from `nonce`. An absent path leads to the nonce itself. Errors:
 * TACIT_FORMAT for a path that is none: another length than its numbers ask for, an index beyond
 * the leaves, fewer than two leaves.
 */
TACIT_MUST_CHECK enum tacit_status tacit_nonce_path_root(struct tacit_slice nonce,
							 struct tacit_slice path,
							 uint8_t ret[TACIT_AT_LEAST(32)],
							 struct tacit_error *err);

#endif
