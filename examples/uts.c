/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uts: work that nobody can foresee. Usage: uts [tree ...], trees are T1 (usual), T2, T3 and T5
 *
 * Counts the nodes of a tree that exists only while it is searched: how many children a node has comes out when it is
 * visited (uts_tree.h says how). A subtree may hold one node or a million, so no plan made beforehand divides the work
 * fairly. Work stealing needs no plan: who has nothing to do takes the oldest, probably largest, task of another.
 *
 * T1 and T5 are bushy, T2 is deeper, and T3 is 1572 levels deep, with 2000 children at the root: each level is a frame
 * on the stack, each waiting child one slot of 64 bytes.
 *
 * The arguments of a task are copied when it is spawned, and so `child` may change in the next turn of the loop.
 */
#include "uts_tree.h"

#include <skua/skua.h>
#include <stdio.h>

SKUA_TASK(int64_t, count, const uts_tree *, tree, uts_node, node)
{
	int children = uts_tree_children(tree, &node);
	for (int i = 0; i < children; i++) {
		uts_node child = uts_tree_child(&node, i);
		SKUA_SPAWN(count, tree, child);
	}
	int64_t nodes = 1;
	for (int i = 0; i < children; i++)
		nodes += SKUA_SYNC(count);
	return nodes;
}

/* Returns: 0 right, 1 wrong, 2 no such tree; as main does. */
static int search(const char *name)
{
	const uts_tree *tree = uts_tree_find(name);
	if (tree == NULL) {
		fprintf(stderr, "usage: uts [tree ...], where a tree is T1, T2, T3 or T5\n");
		return 2;
	}
	int64_t nodes = SKUA_RUN(count, tree, uts_tree_root(tree));
	printf("uts %s: %lld nodes\n", tree->name, (long long)nodes);
	if (nodes != tree->nodes) {
		fprintf(stderr, "uts: wrong, %s has %lld nodes\n", tree->name, (long long)tree->nodes);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return search("T1");
	for (int i = 1; i < argc; i++) {
		int verdict = search(argv[i]);
		if (verdict != 0)
			return verdict;
	}
	return 0;
}
