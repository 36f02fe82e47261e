/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of units that is run in pieces: what skua_for, skua_reduce and the others share. A unit is one iteration, or
 * a grain of them.
 *
 *   begin                                                     end
 *     |  leaf  | piece | piece    |  piece             | piece .......................... |
 *       runs     youngest spawn ...                      oldest spawn: what a thief takes
 *
 * A runner halves its range until a piece is short enough by its pace, spawning the far half each time, runs what is
 * left as one leaf, and then takes the spawned pieces back one by one, the nearest first. A private spawn costs a
 * nanosecond or two, so this is no dearer than asking between leaves whether anybody is hungry; and unlike that, what
 * is spawned can be taken while a leaf runs, however long it is (a forced publication, sched/task_stack.h).
 *
 * Invariants
 *   L1  a runner's own pieces are run in ascending order, so that one partial result takes them all.
 *   L2  a piece is run with its spawner's runner exactly if its fiber is the runner's fiber; a stolen one makes a
 *       runner of its own, and the partial result it hands back is joined behind what the spawner has so far.
 *
 * Where the order does not matter (no partial result) the range is first cut into a share for each worker, which is
 * brought to it (loop/team.h). Loops that follow each other over the same data then find most of it in the same caches.
 *
 * Call from: range_run: anywhere. Blocks: the thread (outside), the fiber (inside).
 */
#ifndef SK_LOOP_RANGE_H
#define SK_LOOP_RANGE_H

#include "loop/pace.h"

typedef struct sk_range {
	/* set by the caller, read by all runners */
	void (*leaf)(const struct sk_range *range, void *partial, size_t begin, size_t end); /* in units */
	size_t units;
	bool by_unit; /* each leaf is one unit, whatever it takes */
	const void *body; /* for the memory of paces; and of the loop: */
	void *arg;
	size_t first;   /* index of unit 0 */
	size_t last;    /* index behind the last unit */
	size_t grain;   /* indices in a unit */
	/* of a reduction; bytes 0: none */
	size_t bytes;
	const void *identity;
	void (*combine)(void *into, const void *from, void *arg);
	/* set by sk_range_run */
	void *total;
} sk_range;

/* Runs the whole range; total: where the partial result of the whole goes, holding the identity; or NULL. */
void sk_range_run(sk_range *range, void *total);

/* The index at which a unit begins. */
static inline size_t sk_range_index(const sk_range *range, size_t unit)
{
	return unit >= range->units ? range->last : range->first + unit * range->grain;
}

/* How many units of grain indices there are from begin to end. */
static inline size_t sk_range_units(size_t begin, size_t end, size_t grain)
{
	return end <= begin ? 0 : (end - begin - 1) / grain + 1;
}

#endif
