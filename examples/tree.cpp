// SPDX-License-Identifier: Apache-2.0
//
// tree: tasks in C++, with results that own memory. Usage: tree [nodes]
//
// Builds a balanced search tree over the numbers 0 to nodes - 1 and sums it up, both in parallel. The macros are those
// of C. The result of a task may be any type that moves and fits 48 bytes, such as the unique_ptr of a subtree: a
// stolen task leaves it in its slot, and the sync moves it out. Arguments are copied as bytes, so they have to be
// trivially copyable: numbers, plain structs, and pointers to everything else. An exception must not leave a task.
//
#include "example.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <skua/skua.h>

namespace
{

struct node {
	std::int64_t key;
	std::unique_ptr<node> below;
	std::unique_ptr<node> above;
};

using tree = std::unique_ptr<node>;

struct summary {
	std::int64_t sum;
	int depth;
};

// A tree of the keys from first to end - 1.
SKUA_TASK(tree, build, std::int64_t, first, std::int64_t, end)
{
	if (first == end)
		return nullptr;
	std::int64_t middle = first + (end - first) / 2;
	SKUA_SPAWN(build, first, middle);
	tree above = SKUA_CALL(build, middle + 1, end);
	tree below = SKUA_SYNC(build);
	return std::make_unique<node>(node{ middle, std::move(below), std::move(above) });
}

SKUA_TASK(summary, summarize, const node *, root)
{
	if (root == nullptr)
		return { 0, 0 };
	SKUA_SPAWN(summarize, root->below.get());
	auto [above_sum, above_depth] = SKUA_CALL(summarize, root->above.get());
	auto [below_sum, below_depth] = SKUA_SYNC(summarize);
	return { below_sum + root->key + above_sum, 1 + std::max(below_depth, above_depth) };
}

} // namespace

int main(int argc, char **argv)
{
	std::int64_t nodes = example_size(argc, argv, 1000000, 1, 100000000);
	tree root = SKUA_RUN(build, 0, nodes);
	auto [sum, depth] = SKUA_RUN(summarize, root.get());

	int levels = 0;
	for (std::int64_t rest = nodes; rest > 0; rest /= 2)
		levels++;
	std::printf("tree: %lld nodes in %d levels, sum %lld\n", (long long)nodes, depth, (long long)sum);
	if (sum != nodes * (nodes - 1) / 2 || depth != levels) {
		std::fprintf(stderr, "tree: wrong, it should be %d levels and %lld\n", levels,
			     (long long)(nodes * (nodes - 1) / 2));
		return 1;
	}
	return 0;
}
