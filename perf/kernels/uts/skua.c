/* SPDX-License-Identifier: Apache-2.0 */
/* uts under skua. */
#include "problem.h"

#include <skua/skua.h>

KERNEL("skua");

SKUA_TASK(int64_t, count, uts_node, node)
{
	int children = uts_tree_children(&the_tree, &node);
	for (int i = 0; i < children; i++)
		SKUA_SPAWN(count, uts_tree_child(&node, i));
	int64_t nodes = 1;
	for (int i = 0; i < children; i++)
		nodes += SKUA_SYNC(count);
	return nodes;
}

uint64_t kernel_run(const kernel_params *params)
{
	(void)params;
	return (uint64_t)SKUA_RUN(count, uts_tree_root(&the_tree));
}
