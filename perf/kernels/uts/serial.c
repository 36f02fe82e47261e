/* SPDX-License-Identifier: Apache-2.0 */
/* uts, plain C. */
#include "problem.h"

KERNEL("serial");

static int64_t count(uts_node node)
{
	int children = uts_tree_children(&the_tree, &node);
	int64_t nodes = 1;
	for (int i = 0; i < children; i++)
		nodes += count(uts_tree_child(&node, i));
	return nodes;
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	return (uint64_t)count(uts_tree_root(&the_tree));
}
