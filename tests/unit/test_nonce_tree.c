/* SPDX-License-Identifier: Apache-2.0 */

/* The tree that lets one piece of evidence answer many nonces. */

#include "tests/tap.h"

#include <stdlib.h>

#include "base/bounds.h"
#include "crypto/hash.h"
#include "tee/nonce_tree.h"

static uint8_t nonces[TACIT_NONCE_LEAVES_MAX * 32];

static void fill(size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < 32; j++)
			nonces[i * 32 + j] = (uint8_t)(i * 7 + j + (i >> 8));
}

/* The definition of RFC 6962 2.1, by recursion, as the other implementation. */
static void define(size_t from, size_t count, uint8_t *ret)
{
	uint8_t room[1 + 64] = { 0 };
	size_t left = 1, len;

	if (count == 1) {
		memcpy(room + 1, "tacit/nonce/1", 13);
		memcpy(room + 14, nonces + from * 32, 32);
		len = 46;
	} else {
		while (left * 2 < count)
			left *= 2;
		room[0] = 1;
		define(from, left, room + 1);
		define(from + left, count - left, room + 33);
		len = 65;
	}
	if (tacit_hash(TACIT_SHA256, tacit_slice_of(room, len), ret, NULL) != TACIT_OK)
		abort();
}

static struct tacit_nonce_tree build(size_t count)
{
	struct tacit_nonce_tree tree = { 0 };
	uint8_t *room = malloc(tacit_nonce_tree_size(count));

	fill(count);
	if (!room || tacit_nonce_tree_build(nonces, count, room, &tree, NULL) != TACIT_OK)
		abort();
	return tree;
}

static bool leads(size_t i, struct tacit_slice path, const uint8_t *root)
{
	uint8_t got[32];

	return tacit_nonce_path_root(tacit_slice_of(nonces + i * 32, 32), path, got, NULL) ==
		       TACIT_OK &&
	       memcmp(got, root, 32) == 0;
}

static void test_shapes(void)
{
	uint8_t want[32], path[TACIT_NONCE_PATH_MAX];

	for (size_t count = 2; count <= 70; count++) {
		struct tacit_nonce_tree tree = build(count);
		size_t good = 0, others = 0;

		define(0, count, want);
		ok(memcmp(tacit_nonce_tree_root(&tree), want, 32) == 0, "the root over %zu", count);
		for (size_t i = 0; i < count; i++) {
			size_t len = tacit_nonce_tree_path(&tree, i, path);

			good += leads(i, tacit_slice_of(path, len), want);
			others += leads((i + 1) % count, tacit_slice_of(path, len), want);
		}
		ok(good == count && others == 0, "each path leads there, and from its nonce alone");
		free(tree.nodes);
	}
	struct tacit_nonce_tree tree = build(TACIT_NONCE_LEAVES_MAX);
	size_t len = tacit_nonce_tree_path(&tree, 40000, path);
	ok(len == TACIT_NONCE_PATH_MAX, "the longest path");
	ok(leads(40000, tacit_slice_of(path, len), tacit_nonce_tree_root(&tree)), "leads there");
	free(tree.nodes);
}

static void test_alone(void)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_nonce_tree tree = build(1);
	uint8_t path[TACIT_NONCE_PATH_MAX];

	ok(memcmp(tacit_nonce_tree_root(&tree), nonces, 32) == 0, "a lone nonce is its own root");
	ok(tacit_nonce_tree_path(&tree, 0, path) == 0, "and needs no path");
	ok(leads(0, none, nonces), "which leads to it");
	free(tree.nodes);
}

static enum tacit_status root_of(struct tacit_slice path)
{
	uint8_t got[32];

	return tacit_nonce_path_root(tacit_slice_of(nonces, 32), path, got, NULL);
}

static void test_refused(void)
{
	struct tacit_nonce_tree tree = build(6);
	uint8_t path[TACIT_NONCE_PATH_MAX + 32], bad[TACIT_NONCE_PATH_MAX + 32], got[32];
	const uint8_t *root = tacit_nonce_tree_root(&tree);
	size_t len = tacit_nonce_tree_path(&tree, 0, path);

	memset(path + len, 0, 32);
	for (size_t n = 0; n <= len + 32; n++)
		if (n != len)
			is_status(root_of(tacit_slice_of(path, n)), TACIT_FORMAT,
				  "a path of another length");
	/* A tree of 7 gives leaf 0 the same siblings as one of 6: the number guides, it proves
	 * nothing. */
	size_t passed = 0;
	for (size_t bit = 0; bit < len * 8; bit++) {
		memcpy(bad, path, len);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		passed += leads(0, tacit_slice_of(bad, len), root);
	}
	ok(passed == 1, "no other path with a bit flipped leads there (%zu)", passed);
	memcpy(bad, path, len);
	bad[3] = 6;
	is_status(root_of(tacit_slice_of(bad, len)), TACIT_FORMAT, "an index beyond the leaves");
	memcpy(bad, path, len);
	bad[7] = 1;
	bad[3] = 0;
	is_status(root_of(tacit_slice_of(bad, 8)), TACIT_FORMAT, "a tree of one");
	bad[7] = 0;
	is_status(root_of(tacit_slice_of(bad, 8)), TACIT_FORMAT, "a tree of none");
	memset(bad, 0xff, 8);
	is_status(root_of(tacit_slice_of(bad, len)), TACIT_FORMAT, "a tree beyond the bound");
	is_status(tacit_nonce_path_root(tacit_slice_of(nonces, 31), tacit_slice_of(path, len), got,
					NULL),
		  TACIT_FORMAT, "a short nonce");

	/* A node may not pass for a nonce: that is what the first byte is for. */
	uint8_t inner[40];
	memcpy(inner, path, 4);
	memset(inner, 0, 8);
	inner[7] = 2;
	memcpy(inner + 8, path + 8 + 2 * 32, 32);
	ok(tacit_nonce_path_root(tacit_slice_of(tree.nodes + 6 * 32, 32),
				 tacit_slice_of(inner, sizeof(inner)), got, NULL) != TACIT_OK ||
		   memcmp(got, root, 32) != 0,
	   "a node is no leaf");
	struct tacit_nonce_tree none;
	is_status(tacit_nonce_tree_build(nonces, 0, NULL, &none, NULL), TACIT_USAGE, "no nonces");
	is_status(tacit_nonce_tree_build(nonces, TACIT_NONCE_LEAVES_MAX + 1, NULL, &none, NULL),
		  TACIT_USAGE, "too many");
	free(tree.nodes);
}

int main(void)
{
	test_shapes();
	test_alone();
	test_refused();
	return done();
}
