/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees of UTS: their table, SHA-1 of one block, and the laws by which a node has children.
 *
 * The messages hashed are 20 and 24 bytes, whole 32-bit words that fit one block of SHA-1 with its padding. So the hash
 * works on words, without a buffer and without regard to the machine's byte order. The formulas of the laws are
 * evaluated in UTS's own order of operations: a rounding that differs could grow another tree.
 * Source: FIPS 180-4, sections 4.1.1 and 6.1.2 (SHA-1).
 */
#include "uts_tree.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { MOST_CHILDREN = 100 };

static const uts_tree trees[] = {
	{ .name = "T1", .shape = UTS_FIXED, .branching = 4, .depth = 10, .seed = 19, .nodes = 4130071 },
	{ .name = "T2", .shape = UTS_CYCLIC, .branching = 6, .depth = 16, .seed = 502, .nodes = 4117769 },
	{ .name = "T3", .shape = UTS_BINOMIAL, .branching = 2000, .probability = 0.124875, .bushy = 8, .seed = 42,
	  .nodes = 4112897 },
	{ .name = "T5", .shape = UTS_LINEAR, .branching = 4, .depth = 20, .seed = 34, .nodes = 4147582 },
};

const uts_tree *uts_tree_find(const char *name)
{
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		if (strcmp(name, trees[i].name) == 0)
			return &trees[i];
	}
	return NULL;
}

static inline uint32_t rotate(uint32_t word, int bits)
{
	return word << bits | word >> (32 - bits);
}

/* The schedule's word of a round from 16 on, kept in a ring of the last 16. */
static inline uint32_t schedule(uint32_t ring[16], int round)
{
	uint32_t mixed = ring[(round - 3) & 15] ^ ring[(round - 8) & 15] ^ ring[(round - 14) & 15] ^ ring[round & 15];
	return ring[round & 15] = rotate(mixed, 1);
}

/* One round with the mixed word f of b, c and d, and the round constant k. */
static inline void turn(uint32_t v[5], uint32_t f, uint32_t k, uint32_t word)
{
	uint32_t a = rotate(v[0], 5) + f + v[4] + k + word;
	v[4] = v[3];
	v[3] = v[2];
	v[2] = rotate(v[1], 30);
	v[1] = v[0];
	v[0] = a;
}

/*
 * The digest of a message that is one padded block. The block is used up. Unrolled by 20, since then the moves in turn
 * and the ring's index cost nothing: a third less time.
 */
static void digest(uint32_t block[16], uint32_t out[5])
{
	static const uint32_t start[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint32_t v[5] = { start[0], start[1], start[2], start[3], start[4] };
	int round = 0;

#pragma GCC unroll 20
	for (; round < 16; round++)
		turn(v, (v[1] & v[2]) | (~v[1] & v[3]), 0x5a827999, block[round]);
#pragma GCC unroll 20
	for (; round < 20; round++)
		turn(v, (v[1] & v[2]) | (~v[1] & v[3]), 0x5a827999, schedule(block, round));
#pragma GCC unroll 20
	for (; round < 40; round++)
		turn(v, v[1] ^ v[2] ^ v[3], 0x6ed9eba1, schedule(block, round));
#pragma GCC unroll 20
	for (; round < 60; round++)
		turn(v, (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]), 0x8f1bbcdc, schedule(block, round));
#pragma GCC unroll 20
	for (; round < 80; round++)
		turn(v, v[1] ^ v[2] ^ v[3], 0xca62c1d6, schedule(block, round));
	for (int i = 0; i < 5; i++)
		out[i] = start[i] + v[i];
}

uts_node uts_tree_root(const uts_tree *tree)
{
	/* The message: 16 zero bytes and the seed. Behind it the padding: a one bit, zeroes, the length in bits. */
	uint32_t block[16] = { [4] = tree->seed, [5] = UINT32_C(1) << 31, [15] = 20 * 8 };
	uts_node root = { .depth = 0 };
	digest(block, root.hash);
	return root;
}

uts_node uts_tree_child(const uts_node *parent, int index)
{
	const uint32_t *hash = parent->hash;
	uint32_t block[16] = { hash[0], hash[1], hash[2], hash[3], hash[4], (uint32_t)index, UINT32_C(1) << 31,
			       [15] = 24 * 8 };
	uts_node child = { .depth = parent->depth + 1 };
	digest(block, child.hash);
	return child;
}

/* The expected number of children at a depth, for the geometric shapes. */
static double expected_children(const uts_tree *tree, int depth)
{
	if (depth == 0)
		return tree->branching;
	switch (tree->shape) {
	case UTS_CYCLIC:
		if (depth > 5 * tree->depth)
			return 0;
		return pow(tree->branching, sin(2.0 * 3.141592653589793 * (double)depth / (double)tree->depth));
	case UTS_FIXED:
		return depth < tree->depth ? tree->branching : 0;
	case UTS_LINEAR:
	case UTS_BINOMIAL:
		break;
	}
	return tree->branching * (1.0 - (double)depth / (double)tree->depth);
}

int uts_tree_children(const uts_tree *tree, const uts_node *node)
{
	/* Uniform in [0, 1): the low 31 bits of the digest. */
	double uniform = (double)(node->hash[4] & 0x7fffffff) / 2147483648.0;

	if (tree->shape == UTS_BINOMIAL) {
		if (node->depth == 0)
			return (int)tree->branching;
		return uniform < tree->probability ? tree->bushy : 0;
	}
	/* The geometric law with that mean, by the inverse of its cumulative distribution. */
	double stop = 1.0 / (1.0 + expected_children(tree, node->depth));
	double children = floor(log(1.0 - uniform) / log(1.0 - stop));
	return children < MOST_CHILDREN ? (int)children : MOST_CHILDREN;
}
