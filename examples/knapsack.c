/* SPDX-License-Identifier: Apache-2.0 */
/*
 * knapsack: a parallel search that shares its best result. Usage: knapsack [items]
 *
 * Which items, within a weight limit, are worth most? For each item in turn the search branches: take it or leave it.
 * It gives up where filling all the room left at the rate of the next item, the best rate left, would not beat the best
 * result so far. That result is shared: what one task finds cuts the branches of the others. So how many branches are
 * searched differs from run to run, but not the result.
 *
 * The called child runs first, and the spawned one waits. So the promising branch, taking the item, is the call: good
 * results come early, and most of the spawned branches end as soon as they begin.
 */
#include "example.h"

#include <skua/skua.h>
#include <stdatomic.h>

struct item {
	int weight, value;
};

/* Relaxed order is enough: the number carries no other data, and one that is a little old merely cuts less. */
static _Atomic int best;

SKUA_TASK(void, search, const struct item *, next, int, items, int, room, int, value)
{
	int seen = atomic_load_explicit(&best, memory_order_relaxed);
	while (value > seen &&
	       !atomic_compare_exchange_weak_explicit(&best, &seen, value, memory_order_relaxed, memory_order_relaxed))
		;
	int64_t missing = seen > value ? seen - value : 0;
	if (items == 0 || (int64_t)room * next->value <= missing * next->weight)
		return; /* as value + room * rate <= best, but without dividing */
	SKUA_SPAWN(search, next + 1, items - 1, room, value);
	if (next->weight <= room)
		SKUA_CALL(search, next + 1, items - 1, room - next->weight, value + next->value);
	SKUA_SYNC(search);
}

/* The same by dynamic programming: the best value within each limit, item after item. */
static int best_by_table(const struct item *item, int items, int limit)
{
	int *value = example_memory((size_t)limit + 1, sizeof(int));
	for (int i = 0; i < items; i++) {
		for (int room = limit; room >= item[i].weight; room--) {
			int with = value[room - item[i].weight] + item[i].value;
			value[room] = with > value[room] ? with : value[room];
		}
	}
	int result = value[limit];
	free(value);
	return result;
}

static int better_rate_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	return y->value * x->weight - x->value * y->weight;
}

int main(int argc, char **argv)
{
	struct item item[100];
	int items = example_size(argc, argv, 60, 1, 100);
	uint64_t random = 1;
	int weight = 0;
	for (int i = 0; i < items; i++) {
		item[i].weight = 1 + example_random(&random, 1000);
		item[i].value = item[i].weight + example_random(&random, 20);
		weight += item[i].weight;
	}
	qsort(item, (size_t)items, sizeof(*item), better_rate_first);

	int limit = weight / 2;
	SKUA_RUN(search, item, items, limit, 0);
	int wrong = best != best_by_table(item, items, limit);
	printf("knapsack: the best of %d items within %d is worth %d%s\n", items, limit, best, wrong ? ", WRONG" : "");
	return wrong;
}
