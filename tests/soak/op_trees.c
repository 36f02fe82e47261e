/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of fork-join tasks. A node stands for an interval of numbers: the first is its own, the rest is cut among its
 * children. So each node's answer is known in closed form, and each number must be marked once. How many children, how
 * large, and how they are called (three types of tasks, a call, SKUA_RUN from a plain function) the seed decides.
 */
#include "soak.h"

#include <stdlib.h>

#define CHILDREN_MAX 12u
#define DEPTH_MAX 150u

typedef struct tree {
	const soak_op *op;
	uint64_t row;
	unsigned char *marks;
} tree;

typedef struct interval {
	uint64_t begin, count;
	unsigned way;
} interval;

typedef struct answer {
	uint64_t sum, begin, count, padding[3];
} answer; /* 48 bytes: as large as a result may be */

enum way {
	WAY_SUM,
	WAY_INTO,
	WAY_ANSWER,
	WAY_CALL,
	WAY_RUN,
	WAYS
};

static uint64_t sum_of(uint64_t begin, uint64_t count)
{
	uint64_t end = begin + count;
	return 7 * (end * (end - 1) / 2 - begin * (begin - 1) / 2) + count;
}

SKUA_TASK_FORWARD(uint64_t, grow, tree *, t, uint64_t, begin, uint64_t, count, unsigned, depth);

SKUA_TASK(void, grow_into, tree *, t, uint64_t *, sum, uint64_t, begin, uint64_t, count, unsigned, depth)
{
	*sum = SKUA_CALL(grow, t, begin, count, depth);
}

SKUA_TASK(answer, grow_answer, char, letter, tree *, t, uint64_t, begin, uint64_t, count, unsigned, depth, float, half)
{
	SOAK_REQUIRE(letter == (char)begin && half == (float)count / 2, "arguments of %" PRIu64, begin);
	return (answer){ SKUA_CALL(grow, t, begin, count, depth), begin, count, { 1, 2, 3 } };
}

static __attribute__((noinline)) uint64_t grow_plain(tree *t, uint64_t begin, uint64_t count, unsigned depth)
{
	return SKUA_RUN(grow, t, begin, count, depth);
}

/* Cuts what is left of a node. Returns: how many children. */
static unsigned cut(uint64_t row, uint64_t begin, uint64_t count, unsigned depth, interval *children)
{
	unsigned most = row % 16 == 0 ? CHILDREN_MAX : row % 16 < 5 ? 1 : 3, made = 0;
	if (depth > DEPTH_MAX && most == 1)
		most = 2;
	while (count > 0) {
		uint64_t draw = soak_step(&row);
		uint64_t part = made + 1 == most ? count : most == 2 ? (count + 1) / 2 : 1 + draw % count;
		children[made++] = (interval){ begin, part, (unsigned)(draw >> 40) % WAYS };
		begin += part;
		count -= part;
	}
	return made;
}

SKUA_TASK(uint64_t, grow, tree *, t, uint64_t, begin, uint64_t, count, unsigned, depth)
{
	interval children[CHILDREN_MAX];
	uint64_t into[CHILDREN_MAX], row = soak_mix(t->row, begin), sum = sum_of(begin, 1);
	unsigned spawned[CHILDREN_MAX], spawns = 0, made = cut(row, begin + 1, count - 1, depth, children);
	t->marks[begin]++;
	if (row % 61 == 0)
		(void)soak_work(row, row / 64 % SOAK_SCALED(4000, 400));
	if (row % 127 == 0)
		soak_nested(t->op, begin);
	for (unsigned i = 0; i < made; i++) {
		interval *c = &children[i];
		if (c->way == WAY_CALL || depth > DEPTH_MAX) {
			sum += SKUA_CALL(grow, t, c->begin, c->count, depth + 1);
			continue;
		}
		if (c->way == WAY_RUN) {
			sum += grow_plain(t, c->begin, c->count, depth + 1);
			continue;
		}
		spawned[spawns++] = i;
		if (c->way == WAY_SUM)
			SKUA_SPAWN(grow, t, c->begin, c->count, depth + 1);
		else if (c->way == WAY_INTO)
			SKUA_SPAWN(grow_into, t, &into[i], c->begin, c->count, depth + 1);
		else
			SKUA_SPAWN(grow_answer, (char)c->begin, t, c->begin, c->count, depth + 1, (float)c->count / 2);
	}
	while (spawns > 0) {
		unsigned i = spawned[--spawns];
		interval *c = &children[i];
		uint64_t got;
		if (c->way == WAY_SUM) {
			got = SKUA_SYNC(grow);
		} else if (c->way == WAY_INTO) {
			SKUA_SYNC(grow_into);
			got = into[i];
		} else {
			answer whole = SKUA_SYNC(grow_answer);
			SOAK_REQUIRE(whole.begin == c->begin && whole.count == c->count && whole.padding[2] == 3,
			             "the answer of %" PRIu64, c->begin);
			got = whole.sum;
		}
		SOAK_REQUIRE(got == sum_of(c->begin, c->count), "%" PRIu64 " gave %" PRIu64, c->begin, got);
		sum += got;
	}
	return sum;
}

void soak_op_trees(soak_op *op)
{
	uint64_t count = 1 + soak_draw(op, op->size);
	tree t = { .op = op, .row = soak_step(&op->row), .marks = soak_zeroed(count, 1) };
	uint64_t sum = SKUA_RUN(grow, &t, 0, count, 0);
	SOAK_REQUIRE(sum == sum_of(0, count), "the tree of %" PRIu64 " gave %" PRIu64, count, sum);
	for (uint64_t i = 0; i < count; i++)
		SOAK_REQUIRE(t.marks[i] == 1, "node %" PRIu64 " ran %u times", i, t.marks[i]);
	free(t.marks);
}
