/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uts under OpenMP. A task leaves its result in its own place of the parent's array; the array is on the stack, since a
 * node has at most 100 children, but for the root of a binomial tree.
 */
#include "problem.h"

#include <stdlib.h>

KERNEL("openmp");

enum {
	FEW = 100
};

static int64_t count(uts_node node)
{
	int children = uts_tree_children(&the_tree, &node);
	if (children == 0)
		return 1;
	int64_t few[FEW];
	int64_t *part = children <= FEW ? few : malloc((size_t)children * sizeof(*part));
	if (!part)
		kernel_fail("no memory for %d children", children);
	for (int i = 0; i < children; i++) {
		uts_node child = uts_tree_child(&node, i);
		int64_t *result = &part[i];
#pragma omp task firstprivate(child, result)
		*result = count(child);
	}
#pragma omp taskwait
	int64_t nodes = 1;
	for (int i = 0; i < children; i++)
		nodes += part[i];
	if (part != few)
		free(part);
	return nodes;
}

uint64_t kernel_run(const kernel_params *params)
{
	int64_t result = 0;
	(void)params;
#pragma omp parallel
#pragma omp single
	result = count(uts_tree_root(&the_tree));
	return (uint64_t)result;
}
