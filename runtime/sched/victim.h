/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to steal from: the other workers in rings of distance (shared cache, same node, same package, the rest), each
 * ring visited from a random place on, so that thieves spread and a neighbour is asked first.
 *
 * Owner: the worker. Nothing blocks.
 */
#ifndef SK_SCHED_VICTIM_H
#define SK_SCHED_VICTIM_H

#include "base/rng.h"
#include "sys/topology.h"

typedef struct sk_victims {
	/* set once */
	uint16_t *order; /* the others, nearest first */
	unsigned count;
	unsigned ring_end[SK_RINGS];
} sk_victims;

/* One visit of every victim, once. */
typedef struct sk_victim_round {
	const sk_victims *victims;
	sk_rng *rng;
	unsigned ring, begin, length, start, step;
} sk_victim_round;

/* 0 or -ENOMEM. */
int sk_victims_init(sk_victims *victims, const sk_topology *topology, unsigned worker);
void sk_victims_destroy(sk_victims *victims);

sk_victim_round sk_victim_round_begin(const sk_victims *victims, sk_rng *rng);

/* The next worker to ask, or -1 at the end of the round. */
int sk_victim_next(sk_victim_round *round);

#endif
