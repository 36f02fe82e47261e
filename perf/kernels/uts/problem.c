/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unbalanced tree search: counts the nodes of a tree whose shape is known only while it is searched, a task for every
 * node. A node costs one SHA-1, some 100 ns, which is what a task is worth here. T1 is bushy and 10 deep; T3 starts
 * with 2000 children and is 1572 deep.
 *
 * size is the depth of a geometric tree and the number of the root's children of a binomial one.
 */
#include "problem.h"

const char kernel_name[] = "uts";

uts_tree the_tree;
static uint64_t known_nodes; /* 0: not known for this size */

void kernel_setup(const kernel_params *params)
{
	if (the_tree.name)
		return;
	const uts_tree *tree = uts_tree_find(params->variant);
	if (!tree)
		kernel_fail("there is no tree %s", params->variant);
	the_tree = *tree;
	if (tree->shape == UTS_BINOMIAL)
		the_tree.branching = (double)params->size;
	else
		the_tree.depth = (int)params->size;
	if (the_tree.branching == tree->branching && the_tree.depth == tree->depth)
		known_nodes = (uint64_t)tree->nodes;
}

uint64_t kernel_check(const kernel_params *params, uint64_t result)
{
	if (known_nodes && result != known_nodes)
		kernel_fail("tree %s has %llu nodes", params->variant, (unsigned long long)result);
	return result;
}

uint64_t kernel_tasks(const kernel_params *params, uint64_t result)
{
	(void)params;
	return result - 1;
}
