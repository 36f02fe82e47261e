/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds over victims: everybody once, near ones first, from a place of its own each time. */
#include "sched/victim.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#define BIG "package:2 numa:2 l3:2 core:4 pu:1" /* 32 cores: 4 at an L3, 8 on a node, 16 in a package */

static sk_topology *topology;

static void load(const char *machine)
{
	char problem[SK_TOPOLOGY_PROBLEM_BYTES];
	sk_topology_request request = { .synthetic = machine, .cgroup_root = "/nonexistent" };
	cr_assert_eq(sk_topology_load(&request, &topology, problem, sizeof problem), 0, "%s", problem);
}

/* The ring in which an order of visits has its i-th victim. */
static unsigned ring_of(const sk_victims *victims, unsigned i)
{
	unsigned ring = 0;
	while (i >= victims->ring_end[ring])
		ring++;
	return ring;
}

/* One round: who came, in which order; checks that each of the others came once, ring by ring. */
static void visit(const sk_victims *victims, sk_rng *rng, unsigned worker, int *order)
{
	unsigned position[64] = { 0 };
	bool seen[64] = { false };
	for (unsigned i = 0; i < victims->count; i++)
		position[victims->order[i]] = i;
	sk_victim_round round = sk_victim_round_begin(victims, rng);
	unsigned ring = 0;
	for (unsigned i = 0; i < victims->count; i++) {
		int victim = sk_victim_next(&round);
		cr_assert(victim >= 0 && (unsigned)victim <= victims->count, "victim %d", victim);
		cr_assert_neq((unsigned)victim, worker, "a worker does not rob itself");
		cr_assert_not(seen[victim], "%d comes twice", victim);
		seen[victim] = true;
		unsigned its_ring = ring_of(victims, position[victim]);
		cr_assert_geq(its_ring, ring, "%d is nearer than those before", victim);
		ring = its_ring;
		order[i] = victim;
	}
	cr_assert_eq(sk_victim_next(&round), -1, "all were asked");
	cr_assert_eq(sk_victim_next(&round), -1, "and it stays so");
}

Test(victim, a_round_visits_each_of_the_others_once_and_the_near_ones_first)
{
	int order[64];
	load(BIG);
	for (unsigned worker = 0; worker < 32; worker++) {
		sk_victims victims;
		sk_rng rng;
		sk_rng_seed(&rng, worker);
		cr_assert_eq(sk_victims_init(&victims, topology, worker), 0);
		cr_assert_eq(victims.count, 31);
		cr_assert_eq(victims.ring_end[SK_RING_CACHE], 3, "four cores share an L3");
		cr_assert_eq(victims.ring_end[SK_RING_FAR], 31);
		for (int i = 0; i < 10; i++)
			visit(&victims, &rng, worker, order);
		for (int i = 0; i < 3; i++)
			cr_assert_eq((unsigned)order[i] / 4, worker / 4, "%d does not share an L3 with %u", order[i],
				     worker);
		sk_victims_destroy(&victims);
	}
	sk_topology_free(topology);
}

Test(victim, each_victim_of_a_ring_is_the_first_at_some_time)
{
	sk_victims victims;
	sk_rng rng;
	int order[64];
	bool first[4][64] = { { false } };
	load(BIG);
	sk_rng_seed(&rng, 1);
	cr_assert_eq(sk_victims_init(&victims, topology, 9), 0);
	for (int i = 0; i < 2000; i++) {
		visit(&victims, &rng, 9, order);
		for (unsigned ring = 0, at = 0; ring < SK_RINGS; at = victims.ring_end[ring++])
			if (at < victims.ring_end[ring])
				first[ring][order[at]] = true;
	}
	for (unsigned ring = 0, at = 0; ring < SK_RINGS; ring++)
		for (; at < victims.ring_end[ring]; at++)
			cr_expect(first[ring][victims.order[at]], "worker %u never came first in ring %u",
				  victims.order[at], ring);
	sk_victims_destroy(&victims);
	sk_topology_free(topology);
}

Test(victim, two_thieves_of_one_ring_visit_it_in_different_orders)
{
	sk_victims a, b;
	sk_rng rng_a, rng_b;
	int order_a[64], order_b[64], same = 0;
	load("core:32 pu:1");
	sk_rng_seed(&rng_a, 1);
	sk_rng_seed(&rng_b, 2);
	cr_assert_eq(sk_victims_init(&a, topology, 0), 0);
	cr_assert_eq(sk_victims_init(&b, topology, 0), 0);
	for (int i = 0; i < 100; i++) {
		visit(&a, &rng_a, 0, order_a);
		visit(&b, &rng_b, 0, order_b);
		same += memcmp(order_a, order_b, sizeof(int) * a.count) == 0;
	}
	cr_assert_lt(same, 20, "%d of 100 rounds began at the same place", same);
	sk_victims_destroy(&a);
	sk_victims_destroy(&b);
	sk_topology_free(topology);
}

Test(victim, a_worker_that_is_alone_has_nobody_to_ask)
{
	sk_victims victims;
	sk_rng rng;
	load("core:1 pu:1");
	sk_rng_seed(&rng, 1);
	cr_assert_eq(sk_victims_init(&victims, topology, 0), 0);
	cr_assert_eq(victims.count, 0);
	sk_victim_round round = sk_victim_round_begin(&victims, &rng);
	cr_assert_eq(sk_victim_next(&round), -1);
	cr_assert_eq(sk_victim_next(&round), -1);
	sk_victims_destroy(&victims);
	sk_topology_free(topology);
}
