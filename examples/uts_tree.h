/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees of UTS, the Unbalanced Tree Search benchmark, for example uts and for perf.
 *
 * A node is 20 bytes of hash and its depth. The hash of child number i is the SHA-1 of its parent's hash and i; how
 * many children a node has follows from its own hash by a geometric or a binomial law. So the whole tree comes from a
 * seed, nobody can foresee how large a subtree is, and yet it is the same tree on every machine: the node counts are
 * known.
 *
 * All functions are pure and may be called by any thread at any time.
 * Source: Olivier, Huan, Liu, Prins, Dinan, Sadayappan, Tseng, "UTS: an unbalanced tree search benchmark" (LCPC 2006).
 */
#ifndef SKUA_EXAMPLES_UTS_TREE_H
#define SKUA_EXAMPLES_UTS_TREE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct uts_node {
	uint32_t hash[5]; /* the five big-endian words of a SHA-1 digest */
	int32_t depth;    /* the root's is 0 */
} uts_node;

/* How the expected number of children changes with the depth. */
typedef enum uts_shape {
	UTS_LINEAR,   /* falls to nothing at depth */
	UTS_CYCLIC,   /* goes up and down with period depth, ends at 5 times depth */
	UTS_FIXED,    /* stays, ends at depth */
	UTS_BINOMIAL, /* a node has bushy children with a fixed probability, else none */
} uts_shape;

typedef struct uts_tree {
	const char *name;
	uts_shape shape;
	double branching;   /* expected number of children of the root */
	int depth;          /* for the geometric shapes */
	double probability; /* binomial: that a node below the root has children */
	int bushy;          /* binomial: how many it has then */
	uint32_t seed;
	int64_t nodes;      /* the known number of nodes */
} uts_tree;

/* Returns: the tree called name ("T1", "T2", "T3" or "T5"), or NULL if there is none. */
const uts_tree *uts_tree_find(const char *name);

uts_node uts_tree_root(const uts_tree *tree);

/* Returns: how many children node has; the root of a binomial tree has thousands, other nodes at most 100. */
int uts_tree_children(const uts_tree *tree, const uts_node *node);

/* Child number index of parent, from 0 on. */
uts_node uts_tree_child(const uts_node *parent, int index);

#ifdef __cplusplus
}
#endif
#endif
