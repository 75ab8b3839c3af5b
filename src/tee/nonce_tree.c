/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nonce_tree.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

#define WHERE "nonce_path"

static enum tacit_status hash_leaf(const uint8_t *nonce, uint8_t *ret, struct tacit_error *err)
{
	static const uint8_t LEAF = 0x00;
	const struct tacit_slice parts[] = { tacit_slice_of(&LEAF, 1),
					     tacit_slice_str("tacit/nonce/1"),
					     tacit_slice_of(nonce, TACIT_NONCE_LEN) };

	return tacit_hash_parts(TACIT_SHA256, parts, TACIT_ARRAY_LEN(parts), ret, err);
}

static enum tacit_status hash_node(const uint8_t *left, const uint8_t *right, uint8_t *ret,
				   struct tacit_error *err)
{
	static const uint8_t NODE = 0x01;
	const struct tacit_slice parts[] = { tacit_slice_of(&NODE, 1), tacit_slice_of(left, 32),
					     tacit_slice_of(right, 32) };

	return tacit_hash_parts(TACIT_SHA256, parts, TACIT_ARRAY_LEN(parts), ret, err);
}

/*
 * Levels are built pair by pair, and a last one without a sibling moves up as it is: that gives
 * the split of RFC 6962, where the left part is the largest power of two.
 */
size_t tacit_nonce_tree_size(size_t count)
{
	size_t total = count;

	for (; count > 1; count = (count + 1) / 2)
		total += (count + 1) / 2;
	return total * 32;
}

static enum tacit_status build_level(const uint8_t *below, size_t count, uint8_t *above,
				     struct tacit_error *err)
{
	for (size_t i = 0; i + 1 < count; i += 2) {
		enum tacit_status st =
			hash_node(below + i * 32, below + (i + 1) * 32, above + i / 2 * 32, err);

		if (st != TACIT_OK)
			return st;
	}
	if (count % 2 == 1)
		memcpy(above + count / 2 * 32, below + (count - 1) * 32, 32);
	return TACIT_OK;
}

enum tacit_status tacit_nonce_tree_build(const uint8_t *nonces, size_t count, uint8_t *room,
					 struct tacit_nonce_tree *ret, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	if (count == 0 || count > TACIT_NONCE_LEAVES_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%zu nonces", count);
	if (count == 1)
		memcpy(room, nonces, TACIT_NONCE_LEN);
	for (size_t i = 0; count > 1 && i < count && st == TACIT_OK; i++)
		st = hash_leaf(nonces + i * TACIT_NONCE_LEN, room + i * 32, err);
	uint8_t *level = room;
	for (size_t n = count; n > 1 && st == TACIT_OK; n = (n + 1) / 2) {
		st = build_level(level, n, level + n * 32, err);
		level += n * 32;
	}
	if (st != TACIT_OK)
		return st;
	ret->count = count;
	ret->nodes = room;
	return TACIT_OK;
}

const uint8_t *tacit_nonce_tree_root(const struct tacit_nonce_tree *tree)
{
	return tree->nodes + tacit_nonce_tree_size(tree->count) - 32;
}

size_t tacit_nonce_tree_path(const struct tacit_nonce_tree *tree, size_t index,
			     uint8_t ret[static TACIT_NONCE_PATH_MAX])
{
	struct writer w = wr_of(tacit_mut_of(ret, TACIT_NONCE_PATH_MAX));
	const uint8_t *level = tree->nodes;
	struct tacit_slice path = { NULL, 0 };

	if (tree->count < 2 || index >= tree->count)
		return 0;
	wr_be32(&w, (uint32_t)index);
	wr_be32(&w, (uint32_t)tree->count);
	for (size_t n = tree->count; n > 1; n = (n + 1) / 2) {
		if ((index ^ 1) < n)
			wr_bytes(&w, tacit_slice_of(level + (index ^ 1) * 32, 32));
		level += n * 32;
		index /= 2;
	}
	return wr_finish(&w, WHERE, &path, NULL) == TACIT_OK ? path.len : 0;
}

/* Climbs from the leaf to the root; `r` holds the siblings. */
static enum tacit_status climb(struct reader *r, size_t index, size_t count, uint8_t *hash,
			       struct tacit_error *err)
{
	for (; count > 1; count = (count + 1) / 2) {
		if ((index ^ 1) < count) {
			struct tacit_slice sibling = rd_take(r, 32);

			if (r->bad)
				break;
			enum tacit_status st = index % 2 == 0
						       ? hash_node(hash, sibling.ptr, hash, err)
						       : hash_node(sibling.ptr, hash, hash, err);
			if (st != TACIT_OK)
				return st;
		}
		index /= 2;
	}
	return rd_finish(r, WHERE, err);
}

enum tacit_status tacit_nonce_path_root(struct tacit_slice nonce, struct tacit_slice path,
					uint8_t ret[static 32], struct tacit_error *err)
{
	struct reader r = rd_of(path);
	uint8_t hash[32];

	if (nonce.len != TACIT_NONCE_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the nonce is not 32 bytes");
	if (!path.ptr) {
		memcpy(ret, nonce.ptr, TACIT_NONCE_LEN);
		return TACIT_OK;
	}
	size_t index = rd_be32(&r), count = rd_be32(&r);
	if (r.bad || count < 2 || count > TACIT_NONCE_LEAVES_MAX || index >= count)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no such leaf");
	enum tacit_status st = hash_leaf(nonce.ptr, hash, err);
	if (st == TACIT_OK)
		st = climb(&r, index, count, hash, err);
	if (st == TACIT_OK)
		memcpy(ret, hash, sizeof(hash));
	return st;
}
