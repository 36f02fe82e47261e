// SPDX-License-Identifier: Apache-2.0
// uts under oneTBB. A task leaves its result in its own place of the parent's array; the array is on the stack, since a
// node has at most 100 children, but for the root of a binomial tree.
#include "problem.h"

#include "../../harness/arena.hpp"

#include <oneapi/tbb/task_group.h>

#include <vector>

KERNEL("tbb");

static int64_t count(const uts_node &node)
{
	constexpr int few = 100;
	int children = uts_tree_children(&the_tree, &node);
	if (children == 0)
		return 1;
	int64_t some[few];
	std::vector<int64_t> many;
	int64_t *part = some;
	if (children > few) {
		many.resize(static_cast<size_t>(children));
		part = many.data();
	}
	tbb::task_group group;
	for (int i = 0; i < children; i++) {
		uts_node child = uts_tree_child(&node, i);
		int64_t *result = &part[i];
		group.run([=] { *result = count(child); });
	}
	group.wait();
	int64_t nodes = 1;
	for (int i = 0; i < children; i++)
		nodes += part[i];
	return nodes;
}

uint64_t kernel_run(const kernel_params *)
{
	return static_cast<uint64_t>(arena().execute([] { return count(uts_tree_root(&the_tree)); }));
}
