/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random task trees with known answers. Each node is one task call; it must be called exactly once, get its own
 * arguments, and return the sum of its subtree.
 *
 * A tree is an array of nodes in breadth-first order, so that siblings stand side by side. Its shape (deep, wide,
 * bushy) and each node's way of being called are random: spawned as a task with 1 to 8 arguments and one of several
 * result types, called, or run by SKUA_RUN from a plain function between spawns that are not yet synced. A node syncs
 * some of its children early, so that spawns and syncs alternate at every depth of the task stack. Beside the nodes,
 * tasks without arguments are spawned and counted. Sometimes several trees run at once, from as many outside threads.
 */
#include "stress.h"

enum way {
	WAY_1, /* spawned with so many arguments */
	WAY_2,
	WAY_3,
	WAY_4,
	WAY_5,
	WAY_6,
	WAY_7,
	WAY_8,
	WAY_CALL,
	WAY_RUN,
	WAYS
};

typedef struct node {
	/* set once */
	struct node *children;
	uint32_t child_count;
	uint32_t index;
	uint8_t way;
	uint8_t ticks;      /* tasks without arguments that it spawns */
	uint16_t sync_mask; /* after which children it syncs one */
	uint32_t steps;     /* of its own work */
	int64_t sum;        /* what its subtree gives */
	/* of one run */
	struct node *below; /* the sibling that was spawned before it; its parent's only */
	int64_t result;     /* of a task without result */
	atomic_uint visits;
	atomic_uint ticked;
} node;

typedef struct answer {
	int64_t sum;
	const node *of;
	int64_t padding[4];
} answer; /* 48 bytes: as large as a result may be */

static atomic_uint ticks_seen;

static int64_t weight(const node *n)
{
	return (int64_t)n->index * 7 + 1;
}

SKUA_TASK(void, tick)
{
	atomic_fetch_add_explicit(&ticks_seen, 1, memory_order_relaxed);
}

SKUA_TASK_FORWARD(int64_t, visit, node *, n);

SKUA_TASK(int64_t, visit_1, node *, n)
{
	return SKUA_CALL(visit, n);
}

SKUA_TASK(void, visit_2, node *, n, uint32_t, index)
{
	STRESS_REQUIRE(n->index == index, "node %u got index %u", n->index, index);
	n->result = SKUA_CALL(visit, n);
}

SKUA_TASK(answer, visit_3, node *, n, uint64_t, low, char, letter)
{
	STRESS_REQUIRE(low == n->index && letter == (char)n->index, "node %u got %" PRIu64, n->index, low);
	return (answer){ .sum = SKUA_CALL(visit, n), .of = n, .padding = { 1, 2, 3, 4 } };
}

SKUA_TASK(double, visit_4, node *, n, double, half, int8_t, a, int16_t, b)
{
	STRESS_REQUIRE(half == n->index / 2.0 && a == (int8_t)n->index && b == (int16_t)n->index, "node %u", n->index);
	return (double)SKUA_CALL(visit, n);
}

SKUA_TASK(int64_t, visit_5, uint32_t, index, node *, n, int, a, int, b, int64_t, c)
{
	int i = (int)n->index;
	STRESS_REQUIRE(index == n->index && a == i + 1 && b == -i && c == (int64_t)i << 33, "node %u", n->index);
	return SKUA_CALL(visit, n);
}

typedef struct pair {
	node *n;
	uint64_t number;
} pair;

SKUA_TASK(int64_t, visit_6, pair, p, int, a, int, b, int, c, float, d, char, e)
{
	int i = (int)p.n->index;
	STRESS_REQUIRE(p.number == ~(uint64_t)i && a == i && b == i + 2 && c == i + 3 && d == (float)i && e == (char)i,
		       "node %u", p.n->index);
	return SKUA_CALL(visit, p.n);
}

SKUA_TASK(node *, visit_7, int, a, int, b, int, c, int, d, int, e, node *const, n, int64_t, f)
{
	int i = (int)n->index;
	STRESS_REQUIRE(a == i && b == i + 1 && c == i + 2 && d == i + 3 && e == i + 4 && f == i - 1, "node %u",
		       n->index);
	n->result = SKUA_CALL(visit, n);
	return n;
}

SKUA_TASK(int64_t, visit_8, int, a, int, b, int, c, int, d, int, e, int, f, node *, n, int64_t, g)
{
	int i = (int)n->index;
	STRESS_REQUIRE(a == i && b == i + 1 && c == i + 2 && d == i + 3 && e == i + 4 && f == i + 5 && g == -i,
		       "node %u", n->index);
	return SKUA_CALL(visit, n);
}

/* A plain function: it knows nothing of the task that it is called in. */
static __attribute__((noinline)) int64_t plain(node *n)
{
	return SKUA_RUN(visit, n);
}

/* Macros, since spawn and sync need the hidden parameters of the task that they stand in. */
#define SPAWN_CHILD(child)                                                                                             \
	do {                                                                                                           \
		node *const m = (child);                                                                               \
		const int i = (int)m->index;                                                                           \
		switch ((enum way)m->way) {                                                                            \
		case WAY_1:                                                                                            \
			SKUA_SPAWN(visit_1, m);                                                                        \
			break;                                                                                         \
		case WAY_2:                                                                                            \
			SKUA_SPAWN(visit_2, m, m->index);                                                              \
			break;                                                                                         \
		case WAY_3:                                                                                            \
			SKUA_SPAWN(visit_3, m, m->index, (char)i);                                                     \
			break;                                                                                         \
		case WAY_4:                                                                                            \
			SKUA_SPAWN(visit_4, m, i / 2.0, (int8_t)i, (int16_t)i);                                        \
			break;                                                                                         \
		case WAY_5:                                                                                            \
			SKUA_SPAWN(visit_5, m->index, m, i + 1, -i, (int64_t)i << 33);                                 \
			break;                                                                                         \
		case WAY_6:                                                                                            \
			SKUA_SPAWN(visit_6, ((pair){ m, ~(uint64_t)i }), i, i + 2, i + 3, (float)i, (char)i);          \
			break;                                                                                         \
		case WAY_7:                                                                                            \
			SKUA_SPAWN(visit_7, i, i + 1, i + 2, i + 3, i + 4, m, i - 1);                                  \
			break;                                                                                         \
		default:                                                                                               \
			SKUA_SPAWN(visit_8, i, i + 1, i + 2, i + 3, i + 4, i + 5, m, -i);                              \
			break;                                                                                         \
		}                                                                                                      \
	} while (0)

#define SYNC_CHILD(child, sum)                                                                                         \
	do {                                                                                                           \
		const node *const m = (child);                                                                         \
		int64_t got;                                                                                           \
		switch ((enum way)m->way) {                                                                            \
		case WAY_1:                                                                                            \
			got = SKUA_SYNC(visit_1);                                                                      \
			break;                                                                                         \
		case WAY_2:                                                                                            \
			SKUA_SYNC(visit_2);                                                                            \
			got = m->result;                                                                               \
			break;                                                                                         \
		case WAY_3: {                                                                                          \
			answer whole = SKUA_SYNC(visit_3);                                                             \
			STRESS_REQUIRE(whole.of == m && whole.padding[3] == 4, "node %u", m->index);                   \
			got = whole.sum;                                                                               \
			break;                                                                                         \
		}                                                                                                      \
		case WAY_4:                                                                                            \
			got = (int64_t)SKUA_SYNC(visit_4);                                                             \
			break;                                                                                         \
		case WAY_5:                                                                                            \
			got = SKUA_SYNC(visit_5);                                                                      \
			break;                                                                                         \
		case WAY_6:                                                                                            \
			got = SKUA_SYNC(visit_6);                                                                      \
			break;                                                                                         \
		case WAY_7: {                                                                                          \
			const node *same = SKUA_SYNC(visit_7);                                                         \
			STRESS_REQUIRE(same == m, "node %u", m->index);                                                \
			got = m->result;                                                                               \
			break;                                                                                         \
		}                                                                                                      \
		default:                                                                                               \
			got = SKUA_SYNC(visit_8);                                                                      \
			break;                                                                                         \
		}                                                                                                      \
		STRESS_REQUIRE(got == m->sum, "node %u gave %" PRId64 ", not %" PRId64, m->index, got, m->sum);        \
		(sum) += got;                                                                                          \
	} while (0)

SKUA_TASK(int64_t, visit, node *, n)
{
	unsigned before = atomic_fetch_add_explicit(&n->visits, 1, memory_order_relaxed);
	STRESS_REQUIRE(before == 0, "node %u is called again", n->index);
	int64_t sum = weight(n);
	for (unsigned i = 0; i < n->ticks; i++)
		SKUA_SPAWN(tick);
	node *youngest = NULL;
	for (uint32_t at = 0; at < n->child_count; at++) {
		node *child = &n->children[at];
		if (child->way == WAY_CALL) {
			sum += SKUA_CALL(visit, child);
		} else if (child->way == WAY_RUN) {
			sum += plain(child);
		} else {
			child->below = youngest;
			youngest = child;
			SPAWN_CHILD(child);
		}
		if (youngest && n->sync_mask >> at % 16 & 1) {
			SYNC_CHILD(youngest, sum);
			youngest = youngest->below;
		}
	}
	if (n->steps)
		stress_work(n->index, n->steps);
	for (; youngest; youngest = youngest->below)
		SYNC_CHILD(youngest, sum);
	for (unsigned i = 0; i < n->ticks; i++)
		SKUA_SYNC(tick);
	return sum;
}

/* --- making trees --- */

enum shape { SHAPE_DEEP, SHAPE_WIDE, SHAPE_BUSHY, SHAPE_BINARY, SHAPES };
static const char *const shape_names[] = { "deep", "wide", "bushy", "binary" };

static uint32_t draw_child_count(enum shape shape)
{
	switch (shape) {
	case SHAPE_DEEP:
		return stress_random(50) == 0 ? 2 : 1;
	case SHAPE_WIDE:
		return stress_random(20) == 0 ? (uint32_t)stress_random(1500) : (uint32_t)stress_random(2);
	case SHAPE_BUSHY:
		return (uint32_t)stress_random(7);
	default:
		return 2;
	}
}

static uint32_t draw_steps(void)
{
	uint64_t fate = stress_random(1000);
	if (fate < 800)
		return 0;
	if (fate < 990)
		return (uint32_t)stress_random(200);
	return (uint32_t)stress_random(STRESS_SCALED(50000, 5000));
}

typedef struct tree {
	node *nodes;
	uint32_t count;
	unsigned ticks;
} tree;

static tree make_tree(enum shape shape, uint32_t count)
{
	tree t = { calloc(count, sizeof(node)), count, 0 };
	STRESS_REQUIRE(t.nodes, "no memory");
	uint32_t made = 1;
	for (uint32_t i = 0; i < count; i++) {
		node *n = &t.nodes[i];
		uint32_t want = draw_child_count(shape);
		if (want == 0 && made == i + 1)
			want = 1; /* the last leaf: the tree is not yet as large as it should be */
		n->index = i;
		n->children = t.nodes + made;
		n->child_count = want < count - made ? want : count - made;
		made += n->child_count;
		n->way = (uint8_t)stress_random(WAYS);
		n->ticks = stress_random(8) == 0 ? (uint8_t)stress_random(4) : 0;
		n->sync_mask = stress_random(2) ? (uint16_t)(stress_random(65536) & stress_random(65536)) : 0;
		n->steps = draw_steps();
		t.ticks += n->ticks;
	}
	for (uint32_t i = count; i-- > 0;) {
		node *n = &t.nodes[i];
		n->sum = weight(n);
		for (uint32_t c = 0; c < n->child_count; c++)
			n->sum += n->children[c].sum;
	}
	return t;
}

#define TREES 3u

static tree trees[TREES];

static void run_tree(unsigned index)
{
	node *root = trees[index].nodes;
	int64_t sum = SKUA_RUN(visit, root);
	STRESS_REQUIRE(sum == root->sum, "the tree gave %" PRId64 ", not %" PRId64, sum, root->sum);
}

static void forget_visits(const tree *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		atomic_store_explicit(&t->nodes[i].visits, 0, memory_order_relaxed);
}

static void check_visits(const tree *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		unsigned visits = atomic_load_explicit(&t->nodes[i].visits, memory_order_relaxed);
		STRESS_REQUIRE(visits == 1, "node %u was called %u times", i, visits);
	}
}

/* The first count trees: one by this thread, or several by as many others. */
static void run_trees(unsigned count)
{
	stress_thread threads[TREES];
	unsigned expected = 0;
	for (unsigned i = 0; i < count; i++) {
		forget_visits(&trees[i]);
		expected += trees[i].ticks;
	}
	atomic_store(&ticks_seen, 0);
	if (count == 1) {
		run_tree(0);
	} else {
		stress_threads_start(threads, count, run_tree);
		stress_threads_join(threads, count);
	}
	unsigned ticks = atomic_load(&ticks_seen);
	STRESS_REQUIRE(ticks == expected, "%u tasks without arguments ran, not %u", ticks, expected);
	for (unsigned i = 0; i < count; i++)
		check_visits(&trees[i]);
}

/* Some trees on one runtime, until its part of the time is over. */
static unsigned run_some(skua_config config, double until)
{
	unsigned runs = 0;
	stress_start(config);
	do {
		unsigned count = stress_random(3) ? 1 : TREES;
		uint32_t nodes = 0;
		enum shape shape = SHAPE_DEEP;
		for (unsigned i = 0; i < count; i++) {
			shape = (enum shape)stress_random(SHAPES);
			uint32_t most = shape == SHAPE_DEEP ? STRESS_SCALED(4000, 1000) : STRESS_SCALED(20000, 3000);
			trees[i] = make_tree(shape, 1 + (uint32_t)stress_random(most));
			nodes += trees[i].count;
		}
		stress_case("%u workers, membarrier %s, %u trees (the last %s) of %u nodes together", config.workers,
			    config.no_membarrier ? "not used" : "used", count, shape_names[shape], nodes);
		for (int again = 0; again < 3; again++, runs++)
			run_trees(count);
		for (unsigned i = 0; i < count; i++)
			free(trees[i].nodes);
	} while (stress_time_used() < until);
	stress_case("stop of %u workers", config.workers);
	skua_stop();
	return runs;
}

int main(int argc, char **argv)
{
	static const unsigned workers[] = { 1, 2, 3, 8 };
	enum { CONFIGS = 2 * sizeof workers / sizeof workers[0] };
	stress_begin(argc, argv);
	for (unsigned i = 0; i < CONFIGS; i++) {
		skua_config config = { .workers = workers[i / 2], .no_membarrier = i % 2, .bind = "none" };
		config.stack_bytes = (size_t)16 << 20;
		config.task_slots = stress_random(2) ? 4096 : 100000;
		unsigned runs = run_some(config, (i + 1.0) / CONFIGS);
		printf("%u workers, membarrier %s: %u runs\n", config.workers, i % 2 ? "not used" : "used", runs);
	}
	return stress_end();
}
