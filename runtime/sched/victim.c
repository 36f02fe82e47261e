/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to steal from; see victim.h. */
#include "sched/victim.h"

#include <errno.h>
#include <stdlib.h>

int sk_victims_init(sk_victims *victims, const sk_topology *topology, unsigned worker)
{
	unsigned workers = sk_topology_workers(topology);
	*victims = (sk_victims){ .count = workers - 1 };
	victims->order = calloc(workers, sizeof victims->order[0]);
	if (!victims->order)
		return -ENOMEM;
	sk_topology_victims(topology, worker, victims->order, victims->ring_end);
	return 0;
}

void sk_victims_destroy(sk_victims *victims)
{
	free(victims->order);
	victims->order = NULL;
}

/* Goes to a ring that is not empty; false when there is none left. */
static bool enter_ring(sk_victim_round *round)
{
	for (; round->ring < SK_RINGS; round->ring++) {
		unsigned end = round->victims->ring_end[round->ring];
		round->begin = round->ring ? round->victims->ring_end[round->ring - 1] : 0;
		round->length = end - round->begin;
		if (round->length == 0)
			continue;
		round->start = round->length > 1 ? sk_rng_below(round->rng, round->length) : 0;
		round->step = 0;
		return true;
	}
	return false;
}

sk_victim_round sk_victim_round_begin(const sk_victims *victims, sk_rng *rng)
{
	sk_victim_round round = { .victims = victims, .rng = rng };
	enter_ring(&round);
	return round;
}

int sk_victim_next(sk_victim_round *round)
{
	if (round->ring >= SK_RINGS)
		return -1;
	if (round->step == round->length) {
		round->ring++;
		if (!enter_ring(round))
			return -1;
	}
	unsigned at = round->start + round->step++;
	if (at >= round->length)
		at -= round->length;
	return round->victims->order[round->begin + at];
}
